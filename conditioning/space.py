"""The shared emotion space: one Gaussian a state, a linear reading of valence, arousal and dominance.

Version 1 is frozen: encoders of other media are trained to it and backends on it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import nn
from torch.nn import functional as F

from . import SPACE_VERSION
from .bank import EmotionBank
from .curve import EmotionCurve
from .emotion import CODE_WIDTH, Emotion
from .names import NEUTRAL
from .pool import PointPool

# A mixture of opposites is lengthened to the strength of its parts, but not more than this many times.
MAX_LENGTHENING = 3.0
# Length at which a phrase's offset counts as two thirds of full strength.
DOUBT = 1.5


class EmotionSpace(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """64 dimensions in which every emotion, from any medium, has a place.

    A state's mean is neutral + its offset from the bank, moved by the shortest step that makes it read
    exactly as its place. Reading is linear and neutral reads (0, 0, 0), so along a state's direction
    intensity scales the reading.

    Args:
        places: state name -> (valence, arousal, dominance) in -1..1; contains "neutral".
        num_labels: how many of the states, from the first, are labels that `label_logits` scores.
        num_codes: size of the bank.
        dim: width D.
    """

    @register_to_config
    def __init__(
        self,
        places: Mapping[str, Sequence[float]],
        num_labels: int = 28,
        num_codes: int = 28,
        dim: int = CODE_WIDTH,
    ) -> None:
        super().__init__()
        self.version = SPACE_VERSION
        self.state_names = tuple(places)
        self.label_names = self.state_names[:num_labels]
        self.bank = EmotionBank(len(places), num_codes, dim)
        self.origin = nn.Parameter(torch.randn(dim) * 0.3)
        self.log_scale = nn.Parameter(torch.full((len(places), dim), -0.7))
        self.vad_weight = nn.Parameter(nn.init.orthogonal_(torch.empty(3, dim)) * 0.3)
        self.label_gain = nn.Parameter(torch.full((num_labels,), -1.5))
        self.label_bias = nn.Parameter(torch.full((num_labels,), -6.0))
        # Plain tensors, not buffers: 16-bit weights on disk must not round the places.
        self._anchors = torch.tensor([list(place) for place in places.values()], dtype=torch.float32)
        self._pool: PointPool | None = None

    @property
    def neutral(self) -> torch.Tensor:
        """The neutral point, (D,)."""
        return self.origin

    def raw_offsets(self) -> torch.Tensor:
        """Offsets from neutral before they are moved to their places, (K, D)."""
        moving = torch.tensor([float(name != NEUTRAL) for name in self.state_names]).to(self.origin)
        return self.bank() * moving[:, None]

    def offsets(self) -> torch.Tensor:
        """Every state's offset from neutral, (K, D): its direction, as long as intensity 1."""
        raw = self.raw_offsets()
        return raw + self.shortest_step(self._anchors.to(raw) - raw @ self.vad_weight.T)

    def means(self) -> torch.Tensor:
        """Every state's mean, (K, D)."""
        return self.neutral + self.offsets()

    def scales(self) -> torch.Tensor:
        """Every state's standard deviation along each axis, (K, D)."""
        return self.log_scale.exp()

    def shortest_step(self, change: torch.Tensor) -> torch.Tensor:
        """The shortest step in the space that changes the reading by this much, (..., 3) -> (..., D)."""
        weight = self.vad_weight
        return change @ torch.linalg.solve(weight @ weight.T, weight)

    def linear_vad(self, z: torch.Tensor) -> torch.Tensor:
        """Valence, arousal and dominance without limits, (..., D) -> (..., 3)."""
        return (z - self.neutral) @ self.vad_weight.T

    def vad(self, z: torch.Tensor) -> torch.Tensor:
        """Valence, arousal and dominance in -1..1, (..., D) -> (..., 3)."""
        return self.linear_vad(z).clamp(-1.0, 1.0)

    def distances(self, z: torch.Tensor) -> torch.Tensor:
        """Minus the log-density of z under each state's Gaussian, up to a constant, (..., D) -> (..., K)."""
        scales = self.scales()
        far = ((z[..., None, :] - self.means()) / scales).square().sum(-1)  # (..., K)
        return 0.5 * far + scales.log().sum(-1)

    def label_logits(self, z: torch.Tensor) -> torch.Tensor:
        """Logit of each label, (..., D) -> (..., 28): its Gaussian's log-density with a gain and a bias."""
        precision = self.scales()[: len(self.label_names)].square().reciprocal()
        means = self.means()[: len(self.label_names)]
        # |z - mu|^2 / s^2 expanded, so that no (..., 28, D) tensor is needed.
        far = z.square() @ precision.T - 2 * z @ (means * precision).T + (means.square() * precision).sum(-1)
        distances = 0.5 * far - 0.5 * precision.log().sum(-1)
        return self.label_bias - F.softplus(self.label_gain) * distances

    def index(self, name: str) -> int:
        return self.state_names.index(name)

    def mix(self, shares: torch.Tensor) -> torch.Tensor:
        """Offset of a mixture, (..., K) shares that sum to 1 -> (..., D).

        The weighted sum of the states' offsets, made as long as their weighted mean length: what the parts
        disagree on cancels, what is left keeps its strength. Parts so opposed that less than a third is
        left stay weaker.
        """
        offsets = self.offsets()
        total = shares @ offsets  # (..., D)
        length = (shares @ offsets.norm(dim=-1))[..., None]
        return total * (length / total.norm(dim=-1, keepdim=True).clamp_min(1e-6)).clamp(max=MAX_LENGTHENING)

    def places_near(self, vad: torch.Tensor, count: int) -> torch.Tensor:
        """How near the first `count` states are placed, (..., 3) -> (..., count); sums to 1."""
        distance = (vad[..., None, :] - self._anchors[:count].to(vad)).square().sum(-1)  # (..., count)
        return (-distance / (2 * 0.2**2)).softmax(-1)

    def at_vad(self, vad: torch.Tensor) -> torch.Tensor:
        """The point that reads exactly as asked, (..., 3) in -1..1 -> (..., D).

        The mean of the states near that place, moved by the shortest step to it; (0, 0, 0) is neutral.
        """
        vad = torch.as_tensor(vad).to(self.origin)
        offset = self.places_near(vad, len(self.state_names)) @ self.offsets()  # (..., D)
        # Fades out towards the middle, where nearby states pull in every direction.
        offset = offset * (1 - (-vad.square().sum(-1, keepdim=True) / (2 * 0.2**2)).exp())
        return self.neutral + offset + self.shortest_step(vad - offset @ self.vad_weight.T)

    def sample_near(self, vad: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Random points that read near each place, (B, 3) -> (B, D), on the CPU; for training backends."""
        if self._pool is None:
            self._pool = PointPool(self)
        return self._pool.sample(self, vad, generator)

    @torch.no_grad()
    def embed(self, emotion: Emotion) -> torch.Tensor:
        """The point of an emotion, (D,): neutral + intensity x its offset.

        Raises:
            ValueError: not an Emotion, or a state that this space does not have.
        """
        if not isinstance(emotion, Emotion):
            raise ValueError(f"expected an Emotion, got {type(emotion).__name__}")
        return self.neutral + emotion.intensity * self.offset_of(emotion)

    def offset_of(self, emotion: Emotion) -> torch.Tensor:
        """The offset from neutral at intensity 1, (D,)."""
        if emotion.weights:
            unknown = [name for name, _ in emotion.weights if name not in self.state_names]
            if unknown:
                raise ValueError(f"expected a state of space version {self.version}, got {unknown[0]!r}")
            shares = torch.zeros(len(self.state_names)).to(self.origin)
            for name, share in emotion.weights:
                shares[self.index(name)] += share
            return self.mix(shares) if len(emotion.weights) > 1 else self.offsets()[int(shares.argmax())]
        if emotion.vad is not None:
            return self.at_vad(torch.tensor(emotion.vad)) - self.neutral
        if emotion.phrase is not None:
            from .encoders.text import load_text_encoder

            return self.meant(
                load_text_encoder().encode([emotion.phrase]).z[0].to(self.origin) - self.neutral
            )
        return self.within(torch.tensor(emotion.code).to(self.origin) - self.neutral)

    def meant(self, offset: torch.Tensor) -> torch.Tensor:
        """The offset of a phrase that is given as an emotion.

        An encoder unsure of a text reads it near neutral; a phrase that somebody asks for is meant, so its
        offset is lengthened, the short ones most, and never beyond the longest state's.
        """
        length = offset.norm()
        longest = self.offsets().norm(dim=-1).max()
        return offset * (longest * (1 - (-length / DOUBT).exp()) / length.clamp_min(1e-6))

    def within(self, offset: torch.Tensor) -> torch.Tensor:
        """An offset no longer than the longest state's, so that what encoders give stays in the space."""
        longest = self.offsets().norm(dim=-1).max()
        return offset * (longest / offset.norm().clamp_min(1e-6)).clamp(max=1.0)

    @torch.no_grad()
    def embed_curve(self, curve: EmotionCurve, times_s: Sequence[float] | torch.Tensor) -> torch.Tensor:
        """The points of a curve at T times in seconds, (T, D): straight lines between keyframes."""
        points = {emotion: self.embed(emotion) for _, emotion in curve.keyframes}
        rows = []
        for time_s in torch.as_tensor(times_s, dtype=torch.float64).tolist():
            before, after, share = curve.around(time_s)
            rows.append(points[before] if share == 0 else torch.lerp(points[before], points[after], share))
        return torch.stack(rows) if rows else self.neutral.new_zeros(0, self.neutral.shape[0])

    @torch.no_grad()
    def track(self, curve: EmotionCurve, times_s: Sequence[float]) -> tuple[tuple[float, float, float], ...]:
        """Rows (time in s, valence, arousal) of a curve at T times, as `Media.emotion_track` has them."""
        places = self.vad(self.embed_curve(curve, times_s)).tolist()
        return tuple((time_s, place[0], place[1]) for time_s, place in zip(times_s, places, strict=True))

    @torch.no_grad()
    def nearest_states(self, z: torch.Tensor, count: int = 5) -> list[tuple[str, float]]:
        """States whose means lie nearest to a point (D,), with the distance, nearest first."""
        distance = (self.means() - z).norm(dim=-1)
        order = distance.argsort()[:count]
        return [(self.state_names[int(row)], float(distance[row])) for row in order]


@functools.lru_cache(maxsize=1)
def load_space() -> EmotionSpace:
    """Gives the shipped space, frozen, on the CPU; read once."""
    import checkpoints

    return checkpoints.load("emotion-space", space_version=SPACE_VERSION)
