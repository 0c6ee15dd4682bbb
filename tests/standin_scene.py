"""A stand-in for the scene backend: the real script, prompt and options; the parts are those of other stand-ins."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from standin_speech import hum

from generators.base import PartCallback, StepCallback
from generators.media import Audio
from studio.composed import Composed
from studio.scene.options import CHECKPOINTS, SceneOptions, ScenePrompt, check_prompt, takes_of
from studio.scene.scene import Scene, Shot
from studio.scene.screenplay import read_screenplay

SIZE, RATE = (256, 144), 10.0
STEPS = 12
PICTURE = 128


class StandinScene(Composed):
    name: ClassVar[str] = "scene"
    media: ClassVar[type] = Scene
    Prompt: ClassVar[type] = ScenePrompt
    Options: ClassVar[type] = SceneOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def generate(
        self,
        prompt: ScenePrompt,
        emotion: Any,
        options: SceneOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Scene:
        """Gives every line a colour for a second; a step takes 20 ms."""
        from conditioning import EmotionCurve, load_space
        from generators.moving_picture import VideoWriter

        play = read_screenplay(prompt)
        for step in range(STEPS):
            time.sleep(0.02)
            if on_step is not None:
                on_step(step + 1, STEPS)
        takes, space = takes_of(options.takes), load_space()
        shots = []
        for at, line in enumerate(play.lines):
            felt = (
                emotion if line.emotion is None else EmotionCurve.parse(line.emotion, line.intensity or 1.0)
            )
            valence, arousal, _ = space.vad(space.embed_curve(felt, [float(at)]))[0].tolist()
            parts = {
                name: self.part(name, takes.get(f"{line.number} {name}", 0)) for name in ("speech", "gesture")
            }
            parts["portrait"] = self.part("portrait", takes.get(f"{line.number} portrait", 0))
            speaker = play.cast[line.speaker]
            shots.append(
                Shot(
                    line.number, line.speaker, line.text, float(at), at + 1.0, at + 0.1, at + 0.9, felt.label, valence,
                    arousal, felt.to_json(), line.emotion is not None, speaker.voice, Path(speaker.image).name, parts,
                )
            )  # fmt: skip
        score = self.part("music", takes.get("score", 0)) if options.score else ""
        track = tuple((shot.start_s, shot.valence, shot.arousal) for shot in shots)
        provenance = {
            "modality": self.name,
            "prompt": asdict(prompt),
            "options": asdict(options),
            "emotion": emotion.to_json(),
            "weights": {},
        }
        with VideoWriter(SIZE, RATE, sound_of(len(shots))) as writer:
            writer.write(np.concatenate([frames_of(shot) for shot in shots]))
            return writer.finish(
                Scene, shots=tuple(shots), score=score, script=json.dumps({"lines": []}), emotion_track=track,
                provenance=provenance,
            )  # fmt: skip

    def part(self, name: str, take: int) -> str:
        """Gives the path of a part, made by another stand-in and kept."""
        arguments: dict[str, Any] = {"seed": take}
        suffix = {"speech": ".wav", "portrait": ".mp4", "gesture": ".npz", "music": ".mid"}[name]
        if name == "music":
            arguments |= {"bars": 1, "num_inference_steps": 2}
        elif name == "gesture":
            arguments |= {"text": "so you came"}
        else:
            arguments |= {"text": "so you came"}
        if name == "portrait":
            arguments |= {"width": PICTURE, "height": PICTURE}
        return str(self.store.made(self.studio, name, arguments, suffix))


def sound_of(seconds: int) -> Audio:
    whole = hum("so you came back", 140.0, (0.0, 0.0))
    return Audio(np.tile(whole.samples, seconds)[:, : seconds * whole.sample_rate], whole.sample_rate)


def frames_of(shot: Shot) -> np.ndarray:
    """Gives a second of one colour with a moving stripe, (T, H, W, 3) uint8."""
    frames = np.full((int(RATE), SIZE[1], SIZE[0], 3), (60 + 40 * shot.number % 160, 90, 120), np.uint8)
    for number in range(len(frames)):
        frames[number, :, 20 * number : 20 * number + 20] = 220
    return frames
