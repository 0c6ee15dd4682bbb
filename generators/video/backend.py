"""The video backend: a film from words or a picture with a feeling in it, or the feeling of a film changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from generators.base import PartCallback, StepCallback
from generators.media import Video
from generators.weights import Weights, pinned

from .options import CHECKPOINTS, VideoOptions, VideoPrompt, check_prompt

if TYPE_CHECKING:
    from conditioning import EmotionCurve

    from .wan_open import Held


class VideoBackend:
    """Makes and grades films; see `generators.base.Backend`."""

    name: ClassVar[str] = "video"
    media: ClassVar[type] = Video
    Prompt: ClassVar[type] = VideoPrompt
    Options: ClassVar[type] = VideoOptions
    checkpoints: ClassVar[tuple[str, ...]] = CHECKPOINTS
    check = staticmethod(check_prompt)

    def __init__(self, device: str = "cpu") -> None:
        self.weights = Weights(device)
        self.held: Held | None = None  # a base stays open from one film to the next

    def to(self, device: str) -> None:
        """Moves the loaded weights."""
        self.weights.to(device)
        if self.held is not None:
            self.held.to(device)

    def generate(
        self,
        prompt: VideoPrompt,
        emotion: EmotionCurve,
        options: VideoOptions,
        *,
        on_step: StepCallback | None = None,
        on_part: PartCallback | None = None,
    ) -> Video:
        """Makes a film.

        Args:
            prompt: what is to be seen, or what is graded. emotion: over seconds of the result. options: how.
            on_step: called after every sampling step, or every block of frames that is graded; may raise `Cancelled`.
            on_part: not called: a film is finished as a whole.

        Returns:
            The film, silent unless it was graded from one with sound.

        Raises:
            ValueError: what contradicts itself, cannot be read, does not fit the base, or wants more memory than the
                device has (then it says which switch helps).
            FileNotFoundError: a file or weights that are not there.
            OSError: weights that cannot be fetched.
        """
        check_prompt(prompt, options)
        # From here: the command line reads the options above without waiting for torch.
        if options.task == "grade":
            from .grade import grade

            return grade(prompt, emotion, options, on_step)
        if options.base:
            return self._by_base(prompt, emotion, options, on_step)
        from .small import film as small_film

        return small_film(self.weights, prompt, emotion, pinned(self, options), on_step)

    def _by_base(
        self, prompt: VideoPrompt, emotion: EmotionCurve, options: VideoOptions, on_step: StepCallback | None
    ) -> Video:
        """Has Wan2.1 make it."""
        from conditioning import load_space
        from generators.media import track_times
        from generators.moving_picture import VideoWriter
        from generators.weights import provenance

        from .wan import doubts, generate, settled
        from .wan_open import Held

        self.held = self.held or Held()
        blocks, rate, made = generate(prompt, emotion, options, on_step, self.weights.device, self.held)
        options = settled(options, prompt.image)
        with VideoWriter((options.width, options.height), rate) as writer:
            for block in blocks:
                writer.write(block)
            return writer.finish(
                emotion_track=load_space().track(emotion, track_times(writer.num_frames / rate)),
                warnings=doubts(options),
                provenance={**provenance("video", [], prompt, emotion, options), **made},
            )
