"""The public call and the Studio that keeps backends warm."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any

from generators import base, registry
from generators.weights import pinned

from . import recipe as recipes
from .composed import Composed

if TYPE_CHECKING:
    from .library import Library
    from .result import Result


AUTO = "auto"  # the emotion that is read off the text


def resolve_device(device: str) -> str:
    """Gives "cpu" or a CUDA device; "auto" takes a GPU when there is one.

    Raises:
        ValueError: not a device, or one that this machine has not.
    """
    if not isinstance(device, str) or not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", device):
        raise ValueError(f"expected a device out of auto, cpu, cuda, cuda:N, got {base.shorten(device)}")
    if device == "cpu":
        return device
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    count = torch.cuda.device_count()
    if int(device.partition(":")[2] or 0) >= count:
        raise ValueError(f"expected one of {count} CUDA devices of this machine, got {device!r}")
    return device


class Studio:
    """Opens a backend when first asked for, keeps it warm, and moves it off the GPU for another.

    Safe to call from several threads: generations on one Studio run one after the other.

    Args:
        device: "auto", "cpu", "cuda" or "cuda:N".
        library: a `Library`, or the folder of one; every result is added to it. None keeps nothing.
    """

    def __init__(self, device: str = "auto", library: Library | str | os.PathLike[str] | None = None) -> None:
        self.device = resolve_device(device)
        self._backends: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._closed = False
        self._owns_library = isinstance(library, (str, os.PathLike))
        if isinstance(library, (str, os.PathLike)):
            from .library import Library

            library = Library(library)
        self.library = library

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of every backend; a later call is refused. Waits for a generation that is under way."""
        with self._lock:
            self._closed = True
            self._backends.clear()
            if self.library is not None and self._owns_library:
                self.library.close()
            if self.device != "cpu":
                import torch

                torch.cuda.empty_cache()

    def backend(self, modality: str) -> Any:
        """Gives the warm backend of a medium, on this Studio's device."""
        with self._lock:
            if self._closed:
                raise ValueError("expected an open Studio, got one that was closed")
            cls = registry.backend_class(modality)
            if self.device != "cpu":
                # One at a time on the GPU: the media's models together may not fit.
                for name, other in self._backends.items():
                    if name != modality:
                        other.to("cpu")
            if modality not in self._backends:
                # What is composed of other media gets them here.
                own = {"studio": self} if issubclass(cls, Composed) else {}
                self._backends[modality] = cls(device=self.device, **own)
            elif self.device != "cpu":
                self._backends[modality].to(self.device)
            return self._backends[modality]

    def check(self, modality: str, /, **arguments: Any) -> tuple[Any, Any, Any]:
        """Checks a call's arguments without loading weights; gives (prompt, options, emotion curve).

        The options name the weights that "auto" stands for.

        Raises:
            ValueError: anything that `generate` would refuse before it starts.
        """
        from conditioning import EmotionCurve

        emotion = arguments.pop("emotion", "neutral")
        intensity = arguments.pop("intensity", 1.0)
        backend = registry.backend_class(modality)
        if emotion == AUTO:
            arguments["emotions"] = read_off(backend, arguments, intensity)
            emotion, intensity = "neutral", 1.0
        prompt, options = recipes.split_arguments(backend, arguments)
        options = pinned(backend, options)
        backend.check(prompt, options)
        return prompt, options, EmotionCurve.parse(emotion, intensity)

    def generate(
        self,
        modality: str,
        /,
        *,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        on_step: base.StepCallback | None = None,
        on_part: base.PartCallback | None = None,
        **prompt_and_options: Any,
    ) -> Result:
        """Makes one result; see `generate`, which has the same arguments."""
        result = self.make(
            modality,
            emotion=emotion,
            intensity=intensity,
            on_step=on_step,
            on_part=on_part,
            **prompt_and_options,
        )
        if self.library is not None:
            self.library.add(result)
        return result

    def make(
        self,
        modality: str,
        /,
        *,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        on_step: base.StepCallback | None = None,
        on_part: base.PartCallback | None = None,
        **prompt_and_options: Any,
    ) -> Result:
        """Makes a part of another result: as `generate`, but no library keeps it."""
        from .result import Result
        from .spoken import with_voice

        self.check(modality, emotion=emotion, intensity=intensity, **prompt_and_options)
        with self._lock:
            arguments = with_voice(self, modality, prompt_and_options, emotion, intensity, on_step)
            prompt, options, curve = self.check(modality, emotion=emotion, intensity=intensity, **arguments)
            media = self.backend(modality).generate(prompt, curve, options, on_step=on_step, on_part=on_part)
        return Result(media=media, recipe=recipes.make_recipe(modality, prompt, options, curve, media))

    def from_recipe(
        self,
        recipe: Mapping[str, Any] | str | os.PathLike[str],
        /,
        *,
        on_step: base.StepCallback | None = None,
        on_part: base.PartCallback | None = None,
    ) -> Result:
        """Makes a result again; see `generate.from_recipe`."""
        found = recipes.read_recipe(recipe)
        recipes.check_reproducible(found)
        arguments = recipes.recipe_arguments(found)
        return self.generate(found["modality"], on_step=on_step, on_part=on_part, **arguments)


def read_off(backend: type[base.Backend], arguments: Mapping[str, Any], intensity: float) -> str:
    """Gives the feeling of every sentence of a call's text, as its prompt takes them.

    Raises:
        ValueError: a medium without text, or text that cannot be read.
    """
    from .sentence_emotions import as_prompt, read_sentences

    names = {field.name for field in fields(backend.Prompt)}
    if not {"text", "emotions"} <= names:
        raise ValueError(f"expected an emotion for {backend.name}, got {AUTO!r}, which reads it off a text")
    text = arguments.get("text")
    if not isinstance(text, str):
        raise ValueError(f"expected text to read the emotion off, got {type(text).__name__}")
    return as_prompt(read_sentences(text, arguments.get("language", "auto")), intensity)


class Generate:
    """The public call, `generate(...)`, with `generate.from_recipe(...)` beside it."""

    def __init__(self) -> None:
        self._studios: dict[str, Studio] = {}
        self._lock = threading.Lock()

    def studio(self, device: str) -> Studio:
        """Gives the process's own Studio for a device, so that a second call finds the weights loaded."""
        name = resolve_device(device)
        with self._lock:
            if name not in self._studios:
                self._studios[name] = Studio(name)
            return self._studios[name]

    def __call__(
        self,
        modality: str,
        /,
        *,
        emotion: Any = "neutral",
        intensity: float = 1.0,
        device: str = "auto",
        on_step: base.StepCallback | None = None,
        on_part: base.PartCallback | None = None,
        **prompt_and_options: Any,
    ) -> Result:
        """Makes one result of a medium with a feeling.

        Args:
            modality: a medium of `generators.registry.BACKENDS`, such as "music".
            emotion: "auto" (speech: read off the text, sentence by sentence), or anything that
                `EmotionCurve.parse` takes: a name, a mixture, a phrase, (valence, arousal,
                dominance), or keyframes [(seconds, emotion), ...].
            intensity: 0 (neutral) to 1.5 (exaggerated); multiplies the keyframes' own.
            device: "auto", "cpu", "cuda" or "cuda:N".
            on_step: called as `on_step(step, total)` at every sampling step; may raise `Cancelled`.
            on_part: called with each piece of the media as soon as it is finished, where a medium has pieces
                (a sentence of speech); joined they are the result.
            **prompt_and_options: fields of the medium's Prompt and Options.

        Returns:
            A `Result` with `.media`, `.recipe`, `.save(path)` and `.show()`.

        Raises:
            ValueError: an unknown medium or argument, a wrong type, or a value out of range.
            Cancelled: `on_step` asked for it.
        """
        studio = self.studio(device)
        return studio.generate(
            modality,
            emotion=emotion,
            intensity=intensity,
            on_step=on_step,
            on_part=on_part,
            **prompt_and_options,
        )

    def from_recipe(
        self,
        recipe: Mapping[str, Any] | str | os.PathLike[str],
        /,
        *,
        device: str = "auto",
        on_step: base.StepCallback | None = None,
        on_part: base.PartCallback | None = None,
    ) -> Result:
        """Makes a result again, byte for byte (same machine and libraries).

        Args:
            recipe: a recipe, a `.json` file with one, or a file that was saved here (its recipe is inside).
            device: as in `generate`.
            on_step, on_part: as in `generate`.

        Raises:
            ValueError: no recipe there, or the weights or input files differ from the recipe's.
            FileNotFoundError: the file, or an input file that the recipe names, is gone.
        """
        return self.studio(device).from_recipe(recipe, on_step=on_step, on_part=on_part)


generate = Generate()
