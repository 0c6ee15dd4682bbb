"""A face in numbers: who somebody is and what the face does -> MediaPipe's 478 points in space.

Made by `conditioning.train_face_model` from ICT-FaceKit ((c) 2020 USC Institute for Creative Technologies,
MIT).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from . import mesh
from .arkit import INDEX, NAMES

CHECKPOINT = "face-model"
LIDS = {"eyeBlinkLeft": mesh.LIDS_LEFT, "eyeBlinkRight": mesh.LIDS_RIGHT}
NUM_VIEWS = 6
# Where lids meet between the upper one's place at a blink of 1 (0) and the lower one's (1).
MEETING = 0.75


class FaceModel(ModelMixin, ConfigMixin):
    """Linear in identity and expression; lids meet at a blink of 1, lips at equal jawOpen and mouthClose.

    Head coordinates in cm: x to the right of the picture when the face looks at us, y up, z towards us; the
    origin is what the head turns about, at the top of the neck. Points 468 to 477 are the irises at a gaze
    straight ahead; expressions do not move them, `iris_shift` does.

    Args:
        num_identities: K modes of identity.
        num_triangles: of the skin, which has holes at the eyes and the mouth.
        eyeball_radius: from an eyeball's middle to its iris, cm.
        pivot: the origin in the coordinates of ICT-FaceKit, cm.
        num_noises: R, modes of what MediaPipe errs.

    Attributes:
        mean: (478, 3) the average person at rest, eyes open, lips shut.
        identities: (K, 478, 3) per coefficient, which is N(0, 1) among people.
        expressions: (52, 478, 3) at coefficient 1, in the order of `arkit.NAMES`.
        triangles: (N, 3) of the skin, counter-clockwise from the front.
        mirror: (478,) which point is which in a mirror.
        ict_identities: (K, 100) ICT-FaceKit's coefficients of each mode, for meshes of the whole head.
        seen_views, seen_identities, seen_expressions: (6, 478, 3), (K, 478, 3), (52, 478, 3) the same as
            MediaPipe sees it, which is not quite where the points are: lips that are shut a little apart,
            brows that move less; `seen` puts them together.
        noise: (R, 478, 2) in which ways MediaPipe errs, cm in the picture; noise_std: what it errs besides.
    """

    eye_left, eye_right = mesh.EYE_LEFT, mesh.EYE_RIGHT
    lips_inner, lips_outer = mesh.LIPS_INNER, mesh.LIPS_OUTER

    mean: Tensor
    identities: Tensor
    expressions: Tensor
    triangles: Tensor
    mirror: Tensor
    ict_identities: Tensor
    seen_views: Tensor
    seen_identities: Tensor
    seen_expressions: Tensor
    noise: Tensor
    noise_std: Tensor

    @register_to_config
    def __init__(
        self,
        num_identities: int = 40,
        num_triangles: int = 852,
        eyeball_radius: float = 1.5,
        pivot: tuple[float, float, float] = (0.0, -1.0, -1.0),
        num_noises: int = 30,
    ) -> None:
        super().__init__()
        count = mesh.NUM_POINTS
        self.register_buffer("mean", torch.zeros(count, 3))
        self.register_buffer("identities", torch.zeros(num_identities, count, 3))
        self.register_buffer("expressions", torch.zeros(len(NAMES), count, 3))
        self.register_buffer("triangles", torch.zeros(num_triangles, 3, dtype=torch.long))
        self.register_buffer("mirror", torch.zeros(count, dtype=torch.long))
        self.register_buffer("ict_identities", torch.zeros(num_identities, 100))
        self.register_buffer("seen_views", torch.zeros(NUM_VIEWS, count, 3))
        self.register_buffer("seen_identities", torch.zeros(num_identities, count, 3))
        self.register_buffer("seen_expressions", torch.zeros(len(NAMES), count, 3))
        self.register_buffer("noise", torch.zeros(num_noises, count, 2))
        self.register_buffer("noise_std", torch.ones(()))

    def forward(self, identity: Tensor, expression: Tensor) -> Tensor:
        return self.points(identity, expression)

    def points(self, identity: Tensor, expression: Tensor) -> Tensor:
        """(B, K) and (B, 52) -> (B, 478, 3) in cm."""
        return self.rest(identity) + torch.einsum("be,epc->bpc", expression, self.expressions)

    def rest(self, identity: Tensor) -> Tensor:
        """(B, K) -> (B, 478, 3): somebody who does nothing."""
        return self.mean + torch.einsum("bk,kpc->bpc", identity, self.identities)

    def seen(self, identity: Tensor, expression: Tensor, angles: Tensor | None = None) -> Tensor:
        """As `points`, where MediaPipe sees them.

        Args:
            identity: (B, K). expression: (B, 52).
            angles: (B, 2) yaw and pitch of the head in radians, as what is seen slides on the skin when a
                head turns; straight ahead when None.

        Returns:
            (B, 478, 3) in head coordinates, cm.
        """
        angles = identity.new_zeros(len(identity), 2) if angles is None else angles
        rest = torch.einsum("bx,xpc->bpc", views_of(angles), self.seen_views)
        rest = rest + torch.einsum("bk,kpc->bpc", identity, self.seen_identities)
        return rest + torch.einsum("be,epc->bpc", expression, self.seen_expressions)

    def personal(self, rest: Tensor) -> Tensor:
        """Expressions of somebody whose lids and lips meet where they should, not where the average's do.

        Args:
            rest: (478, 3) the person at rest, cm.

        Returns:
            (52, 478, 3) displacements at coefficient 1.
        """
        return meeting(rest, self.expressions)

    def iris_shift(self, gaze: Tensor) -> Tensor:
        """(B, 2) yaw and pitch in radians -> (B, 3) how far each iris is from straight ahead, cm."""
        yaw, pitch = gaze.unbind(-1)
        to = torch.stack([yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos() - 1], -1)
        return self.config["eyeball_radius"] * to


def views_of(angles: Tensor) -> Tensor:
    """(..., 2) yaw and pitch -> (..., 6): one, both, their squares and their product."""
    yaw, pitch = angles.unbind(-1)
    return torch.stack([torch.ones_like(yaw), yaw, pitch, yaw * yaw, pitch * pitch, yaw * pitch], -1)


def meeting(rest: Tensor, expressions: Tensor) -> Tensor:
    """Corrects (52, 478, 3) so that lids meet at a blink of 1, and lips at a jawOpen and mouthClose of 1."""
    corrected = expressions.clone()
    for name, pairs in LIDS.items():
        upper, lower = torch.tensor(pairs).T
        blink = corrected[INDEX[name]]
        place = torch.lerp(rest[upper] + blink[upper], rest[lower] + blink[lower], MEETING)
        blink[upper], blink[lower] = place - rest[upper], place - rest[lower]
    upper, lower = torch.tensor(mesh.LIPS).T
    shut, jaw = corrected[INDEX["mouthClose"]], corrected[INDEX["jawOpen"]]
    opened = rest + jaw
    place = torch.lerp(opened[upper] + shut[upper], opened[lower] + shut[lower], 0.5)
    shut[upper], shut[lower] = place - opened[upper], place - opened[lower]
    return corrected


def uncrossed(points: Tensor) -> Tensor:
    """Stops lids and lips from passing through one another when expressions add up. (..., 478, 3)"""
    upper, lower = torch.tensor((*mesh.LIDS_LEFT, *mesh.LIDS_RIGHT, *mesh.LIPS)).T.to(points.device)
    excess = (points[..., lower, 1] - points[..., upper, 1]).clamp_min(0) / 2
    free = points.clone()
    free[..., upper, 1] += excess
    free[..., lower, 1] -= excess
    return free


@lru_cache(maxsize=1)
def load_face_model() -> Any:
    """Gives the shipped model on the CPU."""
    import checkpoints

    return checkpoints.load(CHECKPOINT)
