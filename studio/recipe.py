"""The recipe: plain JSON that says what a result was made from, enough to make it again, byte for byte."""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
import secrets
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checkpoints
from conditioning.encoders import TEXT_WEIGHTS, encoder_of
from generators import base

from . import __version__

if TYPE_CHECKING:
    from conditioning import Emotion, EmotionCurve
    from generators.media import Media


def split_arguments(backend: Any, values: Mapping[str, Any]) -> tuple[Any, Any]:
    """Sorts keyword arguments into a backend's Prompt and Options.

    Args:
        backend: a backend class.
        values: any of its Prompt and Options fields. A field that takes a file may be given a `Path`, or a
            result made here.

    Returns:
        (prompt, options), checked and complete; a `seed` of None becomes a random one, so that the recipe can
        say it.

    Raises:
        ValueError: an unknown name (the message gives the nearest one), a wrong type or a value out of range.
    """
    from .inputs import file_of

    values = base.files_in_place(backend.Prompt, values)
    parts: list[dict[str, Any]] = [{}, {}]
    files = {**base.files_of(backend.Prompt), **base.files_of(backend.Options)}
    names = [[field.name for field in dataclasses.fields(cls)] for cls in (backend.Prompt, backend.Options)]
    for name, value in values.items():
        part = next((part for part, known in zip(parts, names, strict=True) if name in known), None)
        if part is None:
            raise ValueError(unknown_name(backend.name, name, names[0] + names[1]))
        if name != "seed" or value is not None:
            part[name] = file_of(value, files[name]) if name in files else value
    prompt = base.build(backend.Prompt, parts[0])
    options = base.build(backend.Options, parts[1])
    if "seed" in names[1] and values.get("seed", options.seed) is None:
        options = dataclasses.replace(options, seed=random_seed(backend.Options))
    return prompt, options


def unknown_name(modality: str, name: str, known: list[str]) -> str:
    return f"expected an argument of {modality} out of {', '.join(known)}, got {name!r}{nearest(name, known)}"


def nearest(name: str, known: list[str]) -> str:
    """Gives a hint at the name that was meant, to stand behind an error; empty when none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (nearest: {near[0]})" if near else ""


def random_seed(options: type) -> int:
    """Draws a seed within the range that the option allows."""
    field = next(field for field in dataclasses.fields(options) if field.name == "seed")
    return secrets.randbelow(int(field.metadata.get("maximum") or base.MAX_SEED) + 1)


def make_recipe(
    modality: str, prompt: Any, options: Any, emotion: EmotionCurve, media: Media
) -> dict[str, Any]:
    """Gives the recipe of a result that has just been made.

    The emotion holds the call's intensity already. `inputs` has the hash of every file that the prompt names:
    another file under the same name would make another result. `warnings` is there when there are any; it is
    for people and makes nothing.
    """
    recipe = {
        "affect_studio": __version__,
        "modality": modality,
        "prompt": dataclasses.asdict(prompt),
        "options": dataclasses.asdict(options),
        "emotion": emotion.to_json(),
        "weights": {**emotion_weights(emotion), **weights_of(media)},
        "inputs": hash_inputs(prompt),
    }
    return {**recipe, "warnings": list(media.warnings)} if media.warnings else recipe


def weights_of(media: Media) -> dict[str, str]:
    """Gives checkpoint name -> sha256 from a result's provenance."""
    weights = media.provenance.get("weights", {})
    return (
        {str(name): str(digest) for name, digest in weights.items()} if isinstance(weights, Mapping) else {}
    )


def emotion_weights(emotion: EmotionCurve) -> dict[str, str]:
    """Gives the weights through which an emotion was read: the space, and the encoders of words and files."""
    names = ["emotion-space"]
    for _, value in emotion.keyframes:
        names += readers_of(value)
    entries = checkpoints.manifest()
    return {name: entries[name].fingerprint for name in names if name in entries}


def readers_of(emotion: Emotion) -> list[str]:
    """Gives the names of the weights that read one emotion, beside the space."""
    if emotion.phrase is not None:
        return [TEXT_WEIGHTS]
    # Recipes from before `read_by` hold the name of one file alone.
    reader = encoder_of(emotion.source) if emotion.code is not None and not emotion.read_by else None
    return [reader.checkpoint] if reader else list(emotion.read_by)


def hash_inputs(prompt: Any) -> dict[str, str]:
    """Gives the hash of every file that a prompt names."""
    files = {name: getattr(prompt, name) for name in base.files_of(type(prompt))}
    return {name: checkpoints.sha256_of(Path(value)) for name, value in files.items() if value}


def is_file(text: str) -> bool:
    """Says whether a text names an existing file; texts that no file system takes are no file."""
    try:
        return bool(text) and len(text) < 4096 and Path(text).is_file()
    except (OSError, ValueError):
        return False


def read_recipe(source: Mapping[str, Any] | str | os.PathLike[str]) -> dict[str, Any]:
    """Gives a recipe from itself, from a `.json` file, or from inside a file that was saved here.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file or the mapping holds no recipe.
    """
    if isinstance(source, Mapping):
        return check_recipe(dict(source), "the mapping")
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"expected an existing file with a recipe, got {str(path)!r}")
    if path.suffix.lower() == ".json":
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"expected a JSON recipe in {path.name}, got: {error}") from None
    else:
        from .export import recipe_of

        found = recipe_of(path)
    return check_recipe(found, path.name)


def check_recipe(recipe: Any, where: str) -> dict[str, Any]:
    if isinstance(recipe, Mapping) and isinstance(recipe.get("recipe"), Mapping):
        recipe = recipe["recipe"]
    if not isinstance(recipe, Mapping) or not isinstance(recipe.get("modality"), str):
        raise ValueError(f"expected a recipe with a modality in {where}, got {base.shorten(recipe)}")
    for part in ("prompt", "options", "weights", "inputs"):
        if not isinstance(recipe.get(part) or {}, Mapping):
            raise ValueError(f"expected a mapping for {part} of the recipe, got {base.shorten(recipe[part])}")
    return dict(recipe)


def recipe_arguments(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the keyword arguments of `generate` that a recipe stands for."""
    arguments = {**(recipe.get("prompt") or {}), **(recipe.get("options") or {})}
    emotion = recipe.get("emotion")
    return {
        **arguments,
        "emotion": "neutral" if emotion is None else emotion,
        "intensity": recipe.get("intensity", 1.0),
    }


def check_reproducible(recipe: Mapping[str, Any]) -> None:
    """Refuses a recipe whose weights or input files are no longer the same.

    Raises:
        ValueError: other weights or another input file than the recipe's; the result would differ.
    """
    if recipe.get("affect_studio", __version__) != __version__:
        warnings.warn(
            f"the recipe was made by version {recipe['affect_studio']}, not {__version__}: bytes may differ",
            stacklevel=3,
        )
    entries = checkpoints.manifest()
    for name, digest in (recipe.get("weights") or {}).items():
        got = entries[name].fingerprint if name in entries else None
        # Recipes from before calibrations were pinned hold the file's hash alone.
        if got is None or digest not in (got, entries[name].sha256):
            raise ValueError(
                f"expected weights {name} {str(digest)[:12]}..., got {got[:12] + '...' if got else 'none'}"
            )
    for name, digest in (recipe.get("inputs") or {}).items():
        value = (recipe.get("prompt") or {}).get(name, "")
        if not is_file(str(value)):
            raise FileNotFoundError(f"expected the recipe's {name} file, got no file {value!r}")
        if checkpoints.sha256_of(Path(value)) != digest:
            raise ValueError(f"expected {name} {value!r} with sha256 {digest[:12]}..., got another content")
