"""A larger model moves the photo instead of our renderer: Wan-Animate of diffusers, driven by our motion.

The motion is drawn as the two films that the model was trained to follow, a skeleton's and a face's; what the
face shows, and how strongly, stays ours. Films of any length are made segment by segment in flat memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers import WanAnimatePipeline
from PIL import Image
from torch import Tensor

from conditioning.face.model import load_face_model
from conditioning.face.motion import FaceMotion, resampled
from generators.base import StepCallback
from generators.hub_weights import is_repository, silent
from generators.wan_text import read_prompt

from .wan_pose import cropped, face_box, joints, landmarks_of, skeleton

if TYPE_CHECKING:
    from conditioning.face.model import FaceModel

HUB_ID = "Wan-AI/Wan2.2-Animate-14B-Diffusers"
# The rate at which the model knows people to move.
FRAME_RATE = 30.0
PROMPT = "A person is talking."
OFFLOADS = ("none", "model", "sequential")
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
DIVISOR = 16
DRAWN_AT_ONCE = 8


@dataclass(frozen=True)
class WanAnimateSettings:
    """How the larger model is run.

    Attributes:
        weights: a folder in diffusers' form, or a repository of the hub.
        download: fetch a repository that is not in the hub's cache (tens of gigabytes); else it is an error.
        device: "cpu" or a CUDA device. dtype: of the weights; the decoder of pictures stays in float32.
        offload: "none" keeps all of it on the device, "model" one network at a time, "sequential" one layer
            at a time (slow).
        prompt, negative_prompt: what the film shows, and what it should not.
        num_inference_steps: per segment. guidance_scale: 1 does without the second pass, as the model usually
            does.
        segment_frames: frames made at once, 4 n + 1. overlap: frames, 1 or 5, that a segment takes over from
            the one before.
        seed: of the noise.

    Raises:
        ValueError: a value that there is not.
    """

    weights: str = HUB_ID
    download: bool = False
    device: str = "cpu"
    dtype: str = "bfloat16"
    offload: str = "none"
    prompt: str = PROMPT
    negative_prompt: str = ""
    num_inference_steps: int = 20
    guidance_scale: float = 1.0
    segment_frames: int = 77
    overlap: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (("offload", OFFLOADS), ("dtype", tuple(DTYPES)), ("overlap", (1, 5))):
            if getattr(self, name) not in allowed:
                wanted = ", ".join(str(value) for value in allowed)
                raise ValueError(f"expected {name} out of {wanted}, got {getattr(self, name)!r}")
        least = 2 * self.overlap
        if self.segment_frames % 4 != 1 or self.segment_frames <= least:
            raise ValueError(f"expected segment_frames of 4 n + 1 above {least}, got {self.segment_frames}")
        if self.num_inference_steps < 1:
            raise ValueError(f"expected at least 1 of num_inference_steps, got {self.num_inference_steps}")
        if not self.guidance_scale >= 1:
            raise ValueError(f"expected a guidance_scale of at least 1, got {self.guidance_scale:g}")
        if self.offload != "none" and self.device == "cpu":
            raise ValueError(f"expected a CUDA device for offload {self.offload!r}, got 'cpu'")


class ContinuedPipeline(WanAnimatePipeline):
    """Diffusers' pipeline, with a first segment that may go on from frames made before.

    Attributes:
        carried: (1, 3, overlap, H, W) in -1..1, or None at the start of a film.
    """

    carried: Tensor | None = None

    def prepare_prev_segment_cond_latents(
        self, prev_segment_cond_video: Tensor | None = None, *args: Any, start_frame: int = 0, **kwargs: Any
    ) -> Tensor:
        if prev_segment_cond_video is None and self.carried is not None:
            # Any start above 0 marks these frames as given.
            prev_segment_cond_video, start_frame = self.carried, 1
        return super().prepare_prev_segment_cond_latents(  # type: ignore[misc]
            prev_segment_cond_video, *args, start_frame=start_frame, **kwargs
        )


def open_wan_animate(settings: WanAnimateSettings) -> Any:
    """Loads the model, a `ContinuedPipeline`.

    Raises:
        FileNotFoundError: no folder there, and no repository of that name in the hub's cache.
        ValueError: something else than Wan-Animate.
        OSError: weights that are broken, or cannot be fetched.
    """
    folder = Path(settings.weights).expanduser()
    looks_local = folder.exists() or not is_repository(settings.weights)
    if looks_local and not (folder / "model_index.json").is_file():
        raise FileNotFoundError(
            f"expected Wan-Animate's weights in diffusers' form (model_index.json), got none at {folder.name!r}"
        )
    dtype = DTYPES[settings.dtype]
    try:
        with silent():
            pipeline: Any = ContinuedPipeline.from_pretrained(
                str(folder) if looks_local else settings.weights,
                torch_dtype=dtype,
                local_files_only=looks_local or not settings.download,
            )
            # Half precision costs the decoder visible quality.
            pipeline.vae.to(torch.float32)
    except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise explained(error, settings, looks_local) from None
    if not isinstance(pipeline.transformer, torch.nn.Module):
        raise ValueError(f"expected Wan-Animate's weights, got {settings.weights!r}")
    pipeline.set_progress_bar_config(disable=True)
    pipeline.vae.enable_tiling()
    placed_on(pipeline, settings)
    return pipeline


def explained(error: Exception, settings: WanAnimateSettings, looks_local: bool) -> Exception:
    """Gives the error in one line that says what to do."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
    if looks_local:
        return ValueError(f"expected Wan-Animate's weights at {settings.weights!r}, got: {first}")
    if not settings.download:
        return FileNotFoundError(
            f"expected {settings.weights} in the hub's cache, got none: "
            "set download to fetch it (tens of gigabytes)"
        )
    return OSError(f"expected to fetch {settings.weights} from the hub, got: {first}")


def placed_on(pipeline: Any, settings: WanAnimateSettings) -> None:
    if settings.offload == "model":
        pipeline.enable_model_cpu_offload(device=settings.device)
    elif settings.offload == "sequential":
        pipeline.enable_sequential_cpu_offload(device=settings.device)
    else:
        pipeline.to(settings.device)


@dataclass(frozen=True)
class Segment:
    """What the model is shown of a stretch of the film.

    Attributes:
        pose, face: as many pictures each; the first `overlap` were made with the segment before.
    """

    pose: list[Image.Image]
    face: list[Image.Image]


class WanAnimate:
    """Films of a renderer's person by the larger model.

    Args:
        renderer: a `PortraitRenderer` of the photo, or a `HeadRenderer`; its picture at rest is the reference.
        settings: how.
        pipeline: the loaded `ContinuedPipeline`; loaded by the settings when None.
        model: the face model; the shipped one when None.

    Raises:
        ValueError: a size that 16 does not divide.
    """

    def __init__(
        self,
        renderer: Any,
        settings: WanAnimateSettings,
        pipeline: Any = None,
        model: FaceModel | None = None,
    ) -> None:
        self.size: tuple[int, int] = renderer.size
        if self.size[0] % DIVISOR or self.size[1] % DIVISOR:
            raise ValueError(f"expected sides that {DIVISOR} divides, got {self.size[0]} x {self.size[1]}")
        self.renderer, self.settings = renderer, settings
        face = model or load_face_model()
        self.mean = face.mean.float().cpu().numpy().astype(np.float64)
        self.landmarks = landmarks_of(renderer, face)
        self.pipeline: Any = pipeline if pipeline is not None else open_wan_animate(settings)

    def reference(self) -> Image.Image:
        """Gives the person at rest, as the model shall keep them."""
        still = (torch.zeros(1, 52), torch.zeros(1, 6), torch.zeros(1, 2))
        return Image.fromarray(self.renderer.render(*still)[0].cpu().numpy())

    def shown(self, motion: FaceMotion) -> Iterator[tuple[Image.Image, Image.Image]]:
        """Gives skeleton and face of every frame of a motion at the model's rate."""
        side = int(self.pipeline.transformer.config.motion_encoder_size)
        rest = numbers(self.landmarks(torch.zeros(1, 52), torch.zeros(1, 6)))[0]
        for start in range(0, len(motion), DRAWN_AT_ONCE):
            piece = motion.between(start, start + DRAWN_AT_ONCE)
            expression, head_pose, gaze = (
                torch.from_numpy(np.ascontiguousarray(part))
                for part in (piece.expression, piece.head_pose, piece.gaze)
            )
            frames = self.renderer.render(expression, head_pose, gaze).cpu().numpy()
            points = numbers(self.landmarks(expression, head_pose))
            for frame, marks, body in zip(frames, points, joints(points, rest, self.mean), strict=True):
                yield skeleton(body, self.size), cropped(frame, face_box(marks, self.size), side)

    def segments(self, motion: FaceMotion) -> Iterator[Segment]:
        """Gives what the model is shown, a segment's worth at a time."""
        pose: list[Image.Image] = []
        face: list[Image.Image] = []
        fresh = 0
        for one, two in self.shown(motion):
            pose.append(one)
            face.append(two)
            fresh += 1
            if len(pose) == self.settings.segment_frames:
                yield Segment(pose, face)
                pose, face = pose[-self.settings.overlap :], face[-self.settings.overlap :]
                fresh = 0
        if fresh:
            yield Segment(pose, face)

    @torch.no_grad()
    def frames(self, motion: FaceMotion, on_step: StepCallback | None = None) -> Iterator[Tensor]:
        """Makes the film.

        Args:
            motion: of any rate; the film has 30 frames a second.
            on_step: called after every step with how many are done and how many there are; may raise
                `Cancelled`.

        Yields:
            (T, H, W, 3) uint8, one segment after another; together as many frames as the motion has at 30 Hz.
        """
        motion = resampled(motion, FRAME_RATE)
        settings, pipeline = self.settings, self.pipeline
        generator = torch.Generator().manual_seed(settings.seed)
        fixed = {**self.embedded(), "image": self.reference()}
        total = settings.num_inference_steps * num_segments(len(motion), settings)
        done = 0

        def step(_: Any, number: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            if on_step is not None:
                on_step(done + number + 1, total)
            return tensors

        pipeline.carried = None
        try:
            for number, segment in enumerate(self.segments(motion)):
                length = len(segment.pose)
                with silent():
                    found = pipeline(
                        **fixed,
                        pose_video=filled(segment.pose, settings.segment_frames),
                        face_video=filled(segment.face, settings.segment_frames),
                        width=self.size[0],
                        height=self.size[1],
                        segment_frame_length=settings.segment_frames,
                        prev_segment_conditioning_frames=settings.overlap,
                        num_inference_steps=settings.num_inference_steps,
                        guidance_scale=settings.guidance_scale,
                        generator=generator,
                        output_type="pt",
                        callback_on_step_end=step,
                    ).frames[0]  # (T, 3, H, W) in 0..1
                done += settings.num_inference_steps
                last = found[length - settings.overlap : length].permute(1, 0, 2, 3)[None]
                pipeline.carried = last.to(pipeline._execution_device) * 2 - 1
                fresh = found[settings.overlap if number else 0 : length]
                yield (fresh * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu()
        finally:
            pipeline.carried = None

    def embedded(self) -> dict[str, Tensor | None]:
        """Reads the prompts once for all segments."""
        guided = self.settings.guidance_scale > 1
        return {
            "prompt_embeds": read(self.pipeline, self.settings.prompt),
            "negative_prompt_embeds": read(self.pipeline, self.settings.negative_prompt) if guided else None,
        }


def numbers(tensor: Tensor) -> np.ndarray:
    return np.asarray(tensor.cpu().numpy(), np.float64)


def read(pipeline: Any, prompt: str) -> Tensor:
    """Gives what the text encoder makes of a prompt, (1, 512, D), 0 after its end."""
    return read_prompt(pipeline.tokenizer, pipeline.text_encoder, prompt, pipeline._execution_device)


def filled(pictures: list[Image.Image], count: int) -> list[Image.Image]:
    """Gives a segment's worth of pictures: the last one stands still at the end."""
    return pictures + pictures[-1:] * (count - len(pictures))


def num_segments(num_frames: int, settings: WanAnimateSettings) -> int:
    """Gives how many segments a film of so many frames takes."""
    if not num_frames:
        return 0
    fresh = settings.segment_frames - settings.overlap
    return max(1, -(-(num_frames - settings.overlap) // fresh))
