"""A head of our own: who it is and what its face shows, as the vertices of one mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import Tensor

from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.motion import FULL_PITCH, FULL_YAW

CHECKPOINT = "head"
PARTS = ("skin", "socket", "mouth", "teeth", "eyes", "lashes", "corneas")
SKIN, SOCKET, MOUTH, TEETH, EYES, LASHES, CORNEAS = range(len(PARTS))
# How far any slider goes, in spreads of people.
MOST = 3.0
# What stands between a lid and the eyeball, cm.
LID_GAP = 0.035
NUM_LANDMARKS = 68
# Whole numbers of 16 bits: a shape fills the range, a place in the texture 0..1 does.
FULL = 32767
SEES_SCALE = 8.0


class Head(ModelMixin, ConfigMixin):
    """A mesh with identities and the expressions of ARKit; all lengths in cm.

    x points to the right of the picture (the person's left), y up, z towards who looks; the origin is the
    pivot of the head's rotation, between the ears. Every number is kept in whole numbers, so that no dtype of
    a device makes the shape coarse; all is computed in float32.

    Args:
        num_vertices, num_triangles, num_uv: of the mesh; triangles have vertices of the shape and, apart from
            them, of the texture.
        num_identities: modes of identity, N(0, 1) among people.
        sliders: names of the first modes, each of which one measure of the face follows.
        scales: cm of the largest whole number: "rest", "expressions", "identities".
        eye_radius, cornea_radius, cornea_middle: of an eyeball, cm; the cornea's middle lies in front of it.
        pivot: the origin in the coordinates of ICT-FaceKit, cm; that of the face model.
        num_source_identities: of ICT-FaceKit.
    """

    @register_to_config
    def __init__(
        self,
        num_vertices: int,
        num_triangles: int,
        num_uv: int,
        num_identities: int,
        sliders: Sequence[str],
        scales: Mapping[str, float],
        eye_radius: float = 1.445,
        cornea_radius: float = 0.92,
        cornea_middle: float = 0.6,
        pivot: tuple[float, float, float] = (0.0, -1.0, -1.0),
        num_source_identities: int = 100,
    ) -> None:
        super().__init__()
        v, k = num_vertices, num_identities
        shapes: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
            "rest_q": ((v, 3), torch.int16),
            "expressions_q": ((len(NAMES), v, 3), torch.int16),
            "identities_q": ((k, v, 3), torch.int16),
            "directions_q": ((k, num_source_identities), torch.int16),
            "triangles_q": ((num_triangles, 3), torch.int16),
            "uv_q": ((num_uv, 2), torch.int16),
            "uv_triangles_q": ((num_triangles, 3), torch.int16),
            "part": ((num_triangles,), torch.uint8),
            "open_q": ((v,), torch.uint8),
            "normal_fix_q": ((v, 3), torch.int8),
            "sees_q": ((v, 16), torch.int16),
            "head_weight_q": ((v,), torch.uint8),
            "thickness_q": ((v,), torch.uint8),
            "landmarks_q": ((NUM_LANDMARKS,), torch.int16),
            "eyes_q": ((2, 3), torch.int16),
            "eye_moves_q": ((k, 2, 3), torch.int16),
            "eye_growth_q": ((k, 2), torch.int16),
            "eye_of": ((v,), torch.uint8),
            "lid_of": ((v,), torch.uint8),
            "follows_q": ((v,), torch.int16),
        }
        for name, (shape, dtype) in shapes.items():
            self.register_buffer(name, torch.zeros(shape, dtype=dtype))

    def scaled(self, name: str) -> Tensor:
        """Gives a shape in cm: "rest", "expressions" or "identities"."""
        return getattr(self, f"{name}_q").float() * (self.config["scales"][name] / FULL)

    @cached_property
    def shapes(self) -> Tensor:
        """(52 + K, V * 3) what coefficients add, cm."""
        return torch.cat([self.scaled("expressions"), self.scaled("identities")]).flatten(1)

    @cached_property
    def rest(self) -> Tensor:
        """(V, 3) the mean person at rest, cm."""
        return self.scaled("rest")

    @cached_property
    def triangles(self) -> Tensor:
        """(N, 3) long; counter-clockwise seen from outside."""
        return self.triangles_q.long()

    @cached_property
    def uv(self) -> Tensor:
        """(U, 2) in 0..1, v down."""
        return self.uv_q.float() / FULL

    @cached_property
    def uv_triangles(self) -> Tensor:
        """(N, 3) long."""
        return self.uv_triangles_q.long()

    @cached_property
    def openness(self) -> Tensor:
        """(V,) share of the light from all around that reaches each vertex, 0..1."""
        return self.open_q.float() / 255

    @cached_property
    def sees(self) -> Tensor:
        """(V, 16) spherical harmonics of what light from each direction above its surface reaches a vertex.

        Summed with those of a direction they give about 1 where nothing of the head is in between, else 0.
        """
        return self.sees_q.float() * (SEES_SCALE / FULL)

    @cached_property
    def normal_fix(self) -> Tensor:
        """(V, 3) what to add to a unit normal of the mesh, for that of the finer shape which it stands for."""
        return self.normal_fix_q.float() / 127

    @cached_property
    def head_weight(self) -> Tensor:
        """(V,) how much each vertex turns with the head: 1 above the neck, 0 at the shoulders."""
        return self.head_weight_q.float() / 255

    @cached_property
    def thickness(self) -> Tensor:
        """(V,) opacity of the lashes, 1 at their roots; 1 elsewhere."""
        return self.thickness_q.float() / 255

    @cached_property
    def landmarks(self) -> Tensor:
        """(68,) long, vertices of the Multi-PIE landmarks."""
        return self.landmarks_q.long()

    @property
    def num_identities(self) -> int:
        return int(self.config["num_identities"])

    @property
    def sliders(self) -> tuple[str, ...]:
        """Names of the first modes of identity."""
        return tuple(self.config["sliders"])

    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        # What was worked out from the buffers would stay on the old device.
        for name in list(vars(self)):
            if isinstance(getattr(type(self), name, None), cached_property):
                delattr(self, name)
        return super()._apply(fn, recurse)  # type: ignore[misc]

    def identity(self, values: Mapping[str, float] | None = None, seed: int | None = None) -> Tensor:
        """Gives the coefficients of a person, (1, K).

        Args:
            values: of sliders by name, each -3..3; the others are those of the seed, or 0.
            seed: of a random person; None is the mean of people.

        Raises:
            ValueError: a slider that there is not, or a value beyond its range.
        """
        out = torch.zeros(1, self.num_identities)
        if seed is not None:
            drawn = torch.randn(1, self.num_identities, generator=torch.Generator().manual_seed(seed))
            out = drawn.clamp(-2.2, 2.2)
        for name, value in (values or {}).items():
            if name not in self.sliders:
                raise ValueError(f"expected a slider out of {', '.join(self.sliders)}, got {name!r}")
            if not -MOST <= float(value) <= MOST:
                raise ValueError(f"expected a number from {-MOST:g} to {MOST:g} for {name}, got {value:g}")
            out[0, self.sliders.index(name)] = float(value)
        return out.to(self.rest_q.device)

    def identity_of(self, source: Tensor) -> Tensor:
        """Gives the coefficients, (B, K), nearest to a person in ICT-FaceKit's own, (B, 100).

        A `FaceModel` tells these of its own: identity @ model.ict_identities.
        """
        return source.float() @ (self.directions_q.float() / FULL).T

    def eye_middles(self, identity: Tensor) -> tuple[Tensor, Tensor]:
        """Gives where the eyeballs are, (B, 2, 3), and how large against the mean, (B, 2); left first."""
        scales = self.config["scales"]
        middles = self.eyes_q.float() * (scales["rest"] / FULL)
        moves = self.eye_moves_q.float() * (scales["identities"] / FULL)
        growth = self.eye_growth_q.float() / FULL
        return middles + torch.einsum("bk,kec->bec", identity, moves), 1 + identity @ growth

    def vertices(self, identity: Tensor, expression: Tensor, gaze: Tensor | None = None) -> Tensor:
        """Gives the mesh of people that show expressions.

        Args:
            identity: (B, K) or (1, K). expression: (B, 52) in 0..1.
            gaze: (B, 2) yaw and pitch of both eyes in radians; what the eyeLook coefficients say when None.

        Returns:
            (B, V, 3) in cm, in coordinates of the head.
        """
        expression = expression.float()
        identity = identity.float().expand(len(expression), -1)
        moved = torch.cat([expression, identity], dim=1) @ self.shapes
        points = self.rest + moved.view(len(expression), -1, 3)  # (B, V, 3)
        turns = eye_turns(expression, gaze)  # (B, 2, 3, 3)
        middles, sizes = self.eye_middles(identity)
        out = points
        for eye in range(2):
            middle = middles[:, eye, None]
            ball, lid = (self.eye_of == eye + 1), (self.lid_of == eye + 1)
            turned = torch.einsum("bij,bvj->bvi", turns[:, eye], points[:, ball] - middle) + middle
            out = out.index_copy(1, ball.nonzero()[:, 0], turned)
            where = lid.nonzero()[:, 0]
            kept = self.kept_out(points[:, where] - middle, turns[:, eye, :, 2], sizes[:, eye])
            out = out.index_add(1, where, kept)
        # Lashes go with the skin that they grow from.
        lash = (self.follows_q >= 0).nonzero()[:, 0]
        root = self.follows_q[lash].long()
        return out.index_add(1, lash, out[:, root] - points[:, root])

    def kept_out(self, offsets: Tensor, gaze: Tensor, size: Tensor) -> Tensor:
        """Gives what lifts lids out of the eyeball, which their straight way would lead them through.

        Args:
            offsets: (B, L, 3) from the eyeball's middle. gaze: (B, 3) where it looks. size: (B,).
        """
        config, length = self.config, offsets.norm(dim=-1)
        along = torch.einsum("blc,bc->bl", offsets, gaze) / length.clamp(min=1e-6)
        middle, cap = config["cornea_middle"], config["cornea_radius"]
        reach = middle * along + (cap**2 - middle**2 * (1 - along**2)).clamp(min=0).sqrt()
        least = torch.where(along > 0, reach, torch.zeros_like(reach)).clamp(min=config["eye_radius"])
        lift = (least * size[:, None] + LID_GAP - length).clamp(min=0)
        return offsets * (lift / length.clamp(min=1e-6))[..., None]

    def posed(self, vertices: Tensor, head_pose: Tensor) -> Tensor:
        """Turns heads upon their necks; the shoulders stay.

        Args:
            vertices: (B, V, 3). head_pose: (B, 6) yaw, pitch, roll in radians, x, y, z in cm.
        """
        turned = torch.einsum("bij,bvj->bvi", rotation(head_pose[:, :3].float()), vertices)
        turned = turned + head_pose[:, None, 3:].float()
        return vertices + self.head_weight[:, None] * (turned - vertices)


def rotation(angles: Tensor) -> Tensor:
    """Gives R = Ry(yaw) Rx(-pitch) Rz(roll), (B, 3, 3), of (B, 3) angles in radians."""
    yaw, pitch, roll = angles.unbind(-1)
    zero, one = torch.zeros_like(yaw), torch.ones_like(yaw)

    def matrix(*rows: Tensor) -> Tensor:
        return torch.stack(rows, dim=-1).view(-1, 3, 3)

    cy, sy, cp, sp = yaw.cos(), yaw.sin(), pitch.cos(), -pitch.sin()
    cr, sr = roll.cos(), roll.sin()
    about_y = matrix(cy, zero, sy, zero, one, zero, -sy, zero, cy)
    about_x = matrix(one, zero, zero, zero, cp, -sp, zero, sp, cp)
    about_z = matrix(cr, -sr, zero, sr, cr, zero, zero, zero, one)
    return about_y @ about_x @ about_z


def eye_turns(expression: Tensor, gaze: Tensor | None = None) -> Tensor:
    """Gives the rotation of the left and the right eyeball, (B, 2, 3, 3); see `Head.vertices`."""
    if gaze is not None:
        angles = gaze.float()[:, None].expand(-1, 2, -1)
    else:

        def look(name: str, side: str) -> Tensor:
            return expression[:, INDEX[f"eyeLook{name}{side}"]]

        yaw = [look("Out", "Left") - look("In", "Left"), look("In", "Right") - look("Out", "Right")]
        pitch = [look("Up", side) - look("Down", side) for side in ("Left", "Right")]
        angles = torch.stack([torch.stack(yaw, 1) * FULL_YAW, torch.stack(pitch, 1) * FULL_PITCH], dim=-1)
    flat = torch.cat([angles, torch.zeros_like(angles[..., :1])], dim=-1).flatten(0, 1)
    return rotation(flat).view(-1, 2, 3, 3)


def with_gaze_shapes(expression: Tensor, gaze: Tensor) -> Tensor:
    """Gives expressions (B, 52) with the eyeLook coefficients that gazes (B, 2) imply, as `FaceMotion` does."""
    out = expression.clone()
    yaw, pitch = gaze[:, 0] / FULL_YAW, gaze[:, 1] / FULL_PITCH
    for side, out_of_it in (("Left", yaw), ("Right", -yaw)):
        for name, value in (("Out", out_of_it), ("In", -out_of_it), ("Up", pitch), ("Down", -pitch)):
            out[:, INDEX[f"eyeLook{name}{side}"]] = value.clamp(0, 1)
    return out
