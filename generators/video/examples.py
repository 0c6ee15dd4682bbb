"""What the small model learns from: animations seen in many ways, said in many words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from checkpoints.files import replace_file, write_json
from conditioning.emotion import Emotion

from .animations import BACKGROUNDS, Animation, Drawer, View
from .attributes import CONTROL_OF, measured
from .model import Latents, read_words

if TYPE_CHECKING:
    from conditioning.space import EmotionSpace

KINDS = {
    "face": ("a face", "an emoji", "an emoji face", "a round yellow face"),
    "cat": ("a cat", "a cat face", "a kitten"),
    "character": ("a character", "a cartoon character"),
    "gesture": ("a hand", "a hand gesture", "hands"),
    "symbol": ("a symbol", "an icon", "a sign"),
}
NAMED_SHARE = 0.45  # of prompts that name the animation itself, not only its kind
BACKGROUND_SHARE = (
    0.85  # of prompts that name the colour behind; of white, a third: it is what nobody asks for
)
WHITE_SHARE = 0.55
SLOWEST, FASTEST = 0.5, 1.6
VAD_SHARE = 0.2  # of feelings that are places, not states


def caption(animation: Animation, background: str, random: np.random.Generator) -> str:
    """Says what is to be seen, but not how it feels unless the animation's own name does."""
    kinds = KINDS[animation.kind]
    said = kinds[random.integers(len(kinds))]
    if random.random() < NAMED_SHARE:
        said = f"a {animation.words} {animation.kind}" if random.random() < 0.5 else animation.words
    chance = BACKGROUND_SHARE if background != "white" else BACKGROUND_SHARE / 3
    return f"{said} on a {background} background" if random.random() < chance else said


def view_of(animation: Animation, random: np.random.Generator) -> tuple[View, str]:
    """Draws a way of looking at an animation, and the name of the colour behind."""
    names = list(BACKGROUNDS)
    background = "white" if random.random() < WHITE_SHARE else names[random.integers(len(names))]
    speed = float(np.exp(random.uniform(np.log(SLOWEST), np.log(FASTEST))))
    view = View(
        start_s=float(random.random() * animation.duration_s),
        speed=speed,
        background=BACKGROUNDS[background],
        scale=float(random.uniform(0.86, 0.94)),
        shift=(float(random.normal(0, 0.01)), float(random.normal(0, 0.01))),
        mirrored=bool(animation.kind in ("gesture", "cat") and random.random() < 0.5),
    )
    return view, background


def intensity_of(animation: Animation, speed: float, strengths: Mapping[str, float]) -> float:
    """How strongly it is felt: what the drawing shows, and how fast it moves."""
    return float(np.clip(strengths.get(animation.tag, strengths["usual"]) * speed**0.5, 0.15, 1.5))


def prepared(
    animations: list[Animation],
    config: dict[str, Any],
    part: str,
    latents: Latents,
    fingerprint: str,
    on_step: Callable[[int, int, dict[str, float]], None] | None = None,
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Gives latents (N, C, F, h, w) float16 and a row of facts for each, out of the cache where it is.

    Args:
        part: of the config: "stills" or "films", with its views, num_frames and batch_size.
        fingerprint: of the autoencoder: latents of another one mean nothing to this one's decoder.
    """
    cache = Path(config["cache"]) / f"{part}.npy"
    views, num_frames = config[part]["views"], config[part]["num_frames"]
    wanted = {"views": views, "num_frames": num_frames, "frame_rate": config["frame_rate"]}
    wanted |= {"seed": config["train"].get("seed", 0)}
    wanted |= {"autoencoder": fingerprint, "animations": [animation.tag for animation in animations]}
    facts = cache.with_suffix(".json")
    if cache.is_file() and facts.is_file():
        known = json.loads(facts.read_text(encoding="utf-8"))
        if known["recipe"] == wanted:
            return np.load(cache), known["rows"]
    drawer, times_s = Drawer(), np.arange(num_frames) / config["frame_rate"]
    found, rows = [], []
    total = views * len(animations)
    for number in range(total):
        index = number % len(animations)
        random = np.random.default_rng([config["train"].get("seed", 0), number])
        view, background = view_of(animations[index], random)
        frames = drawer.draw(animations[index], times_s, view)
        pictures = torch.from_numpy(frames.copy()).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        found.append(latents.encode(pictures)[0].half().numpy())
        looks = measured(frames, config["frame_rate"]).row()
        facts_of = {"animation": index, "speed": view.speed, "background": background}
        rows.append({**facts_of, "looks": [round(float(value), 4) for value in looks]})
        if on_step:
            on_step(number + 1, total, {})
    cache.parent.mkdir(parents=True, exist_ok=True)
    facts.unlink(missing_ok=True)  # what it says of is about to go
    with replace_file(cache) as partial, open(partial, "wb") as file:
        np.save(file, np.stack(found))
    write_json(facts, {"recipe": wanted, "rows": rows})
    return np.stack(found), rows


class Examples:
    """Batches of latents with words and feelings, a pure function of the step."""

    def __init__(
        self,
        animations: list[Animation],
        latents: np.ndarray,
        rows: list[dict[str, Any]],
        space: EmotionSpace,
        config: dict[str, Any],
        batch_size: int,
    ) -> None:
        self.animations, self.latents, self.rows = animations, latents, rows
        self.space, self.config, self.batch_size = space, config, batch_size
        counts = Counter(animation.emotion for animation in animations)
        # Rare feelings are seen more often than their share.
        chances = np.array([counts[animations[row["animation"]].emotion] ** -0.6 for row in rows])
        self.chances = chances / chances.sum()
        self.words: dict[str, Tensor] = {}

    def batch_at(self, step: int, rank: int) -> dict[str, Tensor]:
        """Gives clean (B, C, F, h, w), text (B, 24, 384), picture (B, C, 1, h, w), emotion (B, 1, 64), attributes."""
        random = np.random.default_rng([self.config["train"].get("seed", 0), 1, step, rank])
        chosen = random.choice(len(self.rows), self.batch_size, p=self.chances)
        clean = torch.from_numpy(self.latents[chosen].astype(np.float32))
        texts, points, looks = [], [], []
        for number in chosen:
            row = self.rows[number]
            animation = self.animations[row["animation"]]
            texts.append(caption(animation, row["background"], random))
            points.append(self.point_of(animation, row["speed"], random))
            said = random.random(3) < self.config["said"]
            looks.append(np.where(said[list(CONTROL_OF)], row["looks"], np.nan))
        return {
            "clean": clean,
            "text": self.read(texts),
            "picture": clean[:, :, :1],
            "emotion": torch.stack(points)[:, None],
            "attributes": torch.from_numpy(np.array(looks, np.float32)),
        }

    def point_of(self, animation: Animation, speed: float, random: np.random.Generator) -> Tensor:
        """Gives the point (64,) of what it shows, a little off it: phrases and mixtures fall between states."""
        intensity = intensity_of(animation, speed, self.config["strengths"])
        if random.random() < VAD_SHARE:
            place = Emotion.parse((animation.valence, animation.arousal, 0.0))
            point = self.space.embed(replace(place, intensity=min(1.0, intensity)))
        else:
            state = Emotion.parse(self.config["states"].get(animation.emotion, animation.emotion))
            point = self.space.embed(replace(state, intensity=intensity))
        noise = torch.from_numpy(random.normal(0, 1, len(point)).astype(np.float32))
        return point + self.config["blur"] * noise

    def read(self, texts: list[str]) -> Tensor:
        """Gives (N, 24, 384); prompts that came before are kept."""
        new = sorted({text for text in texts if text not in self.words})
        if new:
            self.words.update(zip(new, read_words(new), strict=True))
        return torch.stack([self.words[text] for text in texts])
