"""Pictures of the head: three lights, skin that lets light in, eyes that shine; the same code on CPU and GPU."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, normalize

import checkpoints
from conditioning.face.arkit import INDEX, NAMES

from . import spans
from .head import (
    CHECKPOINT,
    CORNEAS,
    EYES,
    LASHES,
    MOUTH,
    PARTS,
    SKIN,
    SOCKET,
    TEETH,
    Head,
    rotation,
    with_gaze_shapes,
)
from .head_backdrop import backdrop
from .head_edges import Drawn, neighbours, smoothed
from .head_light import FILL, KEY, KEY_LIGHT, SHINE, Lamps, Lit, displayed, linear
from .head_materials import material_of, texture_of

# What a picture shows of the world, cm: half its height, half its width at least, and its middle.
HALF_HEIGHT, HALF_WIDTH, MIDDLE = 15.8, 11.5, (0.0, 1.5, 1.0)
# How far away the camera is, cm, as portraits are taken.
DISTANCE = 110.0
NEAR, FAR = 24.0, -24.0
# Depth between two pixels that makes an outline, in widths of a pixel and cm.
GAP_PIXELS, LEAST_GAP = 6.0, 0.2
# How far beyond lips and lids what is inside may show, cm.
OPENING = 0.45
# Rows of the texture for each of the picture's, and how many at least and at most.
TEXTURE_ROWS, LEAST_ROWS, MOST_ROWS = 1.1, 256, 1024
# Room above a head, cm.
ABOVE = 1.2
# What sets different parts apart where they touch, cm.
LAYER = 1000.0
# The reflections on a wet eye: how fine, how strong.
GLINTS = ((KEY, 900.0, 5.0), (KEY, 60.0, 0.16), (FILL, 300.0, 0.5))
# A tenth of a centimetre: what is as deep as the surface lies upon it.
UPON = 0.1


class HeadRenderer:
    """Draws one person's head.

    Args:
        head: the mesh; the shipped one when None.
        identity: (1, K) coefficients, values of sliders by name, or None for the average person.
        seed: of a random person, shape and colours; sliders that are given count more. None: the average.
        material: "skin", "clay", "marble" or "stylised".
        size: width and height in pixels.
        background: a colour such as "#203040" or "white", a picture (H, W, 3) uint8 of that size, or None for
            a studio's.
        device: "cpu" or a CUDA device.

    Raises:
        ValueError: a material, slider or colour that there is not, or a picture of another size.
    """

    def __init__(
        self,
        head: Head | None = None,
        identity: Tensor | Mapping[str, float] | None = None,
        *,
        seed: int | None = None,
        material: str = "skin",
        size: tuple[int, int] = (512, 512),
        background: Any = None,
        device: str = "cpu",
    ) -> None:
        self.material = material_of(material)
        self.background = backdrop(background, size).to(device)
        found: Any = head if head is not None else checkpoints.load(CHECKPOINT, device=device)
        self.head: Head = torch.nn.Module.to(found, device)
        self.device = device
        self.size = size
        given = identity if isinstance(identity, Tensor) else self.head.identity(identity, seed)
        self.identity = given
        painted = torch.from_numpy(texture_of(self.head, material, seed, rows_for(size[1]))).to(device) / 255
        light = torch.cat([linear(painted[..., :3]), painted[..., 3:]], dim=-1)
        self.texture = light.permute(2, 0, 1)[None].contiguous()

    @property
    def scale(self) -> float:
        """Pixels per cm at the depth of the ears."""
        return min(self.size[1] / self.shown, self.size[0] / (2 * HALF_WIDTH))

    @property
    def identity(self) -> Tensor:
        """(1, K) who is drawn; may be set."""
        return self._identity

    @identity.setter
    def identity(self, value: Tensor) -> None:
        self._identity = value.to(self.device).float()
        self.__dict__.pop("shown", None)

    @cached_property
    def shown(self) -> float:
        """Cm from the lower edge of a picture to the upper: more for a person with a high head."""
        still = self.head.vertices(self.identity, torch.zeros(1, len(NAMES), device=self.device))
        high = float(still[0, :, 1].max()) * DISTANCE / (DISTANCE + MIDDLE[2]) + ABOVE
        return max(2 * HALF_HEIGHT, high - (MIDDLE[1] - HALF_HEIGHT))

    @cached_property
    def solid(self) -> Tensor:
        """Triangles, by number, that nothing is seen through."""
        part = self.head.part
        return ((part != LASHES) & (part != CORNEAS)).nonzero()[:, 0]

    @cached_property
    def within(self) -> tuple[Tensor, Tensor, list[Tensor]]:
        """What is inside: which of the solid triangles, (M,), their corners, (I, 3), and the rings to look through."""
        inside = self.head.part[self.solid] != SKIN
        tongue = self.head.triangles[self.head.part == MOUTH].unique()
        tip = tongue[self.head.scaled("expressions")[INDEX["tongueOut"], tongue, 2] > 0.5]
        marks = self.head.landmarks
        # A tongue that is out opens the way to itself.
        rings = [torch.cat([marks[60:68], tip]), marks[36:42], marks[42:48]]
        return inside, self.head.triangles[self.solid[inside]], rings

    @cached_property
    def thin(self) -> tuple[Tensor, Tensor]:
        """(M, 3) triangles of what something is seen through, and (M,) True for lashes."""
        part = self.head.part
        shown = (part == LASHES) & bool(self.material.lashes) | (part == CORNEAS) & bool(self.material.wet)
        return self.head.triangles[shown], part[shown] == LASHES

    @cached_property
    def lamps(self) -> Lamps:
        return Lamps(self.head, self.material)

    @cached_property
    def beyond(self) -> Tensor:
        return neighbours(self.head.triangles)

    @cached_property
    def around(self) -> Tensor:
        """(V, N) sparse: which triangles meet at each vertex."""
        triangles = self.head.triangles
        rows = triangles.flatten()
        columns = torch.arange(len(triangles), device=rows.device).repeat_interleave(3)
        ones = torch.ones(len(rows), device=rows.device)
        size = (len(self.head.rest), len(triangles))
        index = torch.stack([rows, columns])
        return torch.sparse_coo_tensor(index, ones, size, check_invariants=False).coalesce()

    @cached_property
    def corner_uv(self) -> Tensor:
        """(N, 3, 2) in -1..1, as `grid_sample` takes places."""
        return self.head.uv[self.head.uv_triangles] * 2 - 1

    @cached_property
    def part_colours(self) -> tuple[Tensor, Tensor]:
        """(parts, 4) linear colours and shine, and (parts,) True where the texture counts instead."""
        colours = torch.full((len(PARTS), 4), 0.5)
        names = {SOCKET: "socket", MOUTH: "mouth", TEETH: "teeth", LASHES: "lashes"}
        for part, name in names.items():
            colours[part, :3] = linear(torch.tensor(self.material.parts[name]))
        textured = torch.zeros(len(PARTS), dtype=torch.bool)
        textured[SKIN] = textured[EYES] = True
        return colours.to(self.device), textured.to(self.device)

    def normals(self, points: Tensor) -> Tensor:
        """Gives unit normals (B, V, 3) of heads that do not turn, from the mean of the triangles around."""
        at = points[:, self.head.triangles]  # (B, N, 3, 3)
        across = torch.linalg.cross(at[:, :, 1] - at[:, :, 0], at[:, :, 2] - at[:, :, 0])
        flat = across.permute(1, 0, 2).flatten(1)  # (N, B * 3)
        summed = torch.sparse.mm(self.around, flat).view(points.shape[1], len(points), 3).permute(1, 0, 2)
        return normalize(normalize(summed, dim=-1) + self.head.normal_fix, dim=-1)

    def projected(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Gives (B, V, 2) places in pixels and (B, V) depths of 0..1, larger nearer."""
        middle = (MIDDLE[0], MIDDLE[1] - HALF_HEIGHT + self.shown / 2, MIDDLE[2])
        off = points - points.new_tensor(middle)
        grow = self.scale * DISTANCE / (DISTANCE - off[..., 2])
        across, down = self.size[0] / 2 + grow * off[..., 0], self.size[1] / 2 - grow * off[..., 1]
        return torch.stack([across, down], dim=-1), (off[..., 2] - FAR) / (NEAR - FAR)

    @torch.no_grad()
    def render(self, expression: Tensor, head_pose: Tensor, gaze: Tensor) -> Tensor:
        """Draws faces.

        Args:
            expression: (B, 52) in 0..1; its eyeLook coefficients are those of the gaze, whatever they say.
            head_pose: (B, 6) yaw, pitch, roll in radians, x, y, z in cm.
            gaze: (B, 2) yaw, pitch in radians.

        Returns:
            (B, H, W, 3) uint8 RGB.
        """
        expression, head_pose, gaze = (x.to(self.device).float() for x in (expression, head_pose, gaze))
        still = self.head.vertices(self.identity, with_gaze_shapes(expression, gaze), gaze)
        points, turned = self.head.posed(still, head_pose), rotation(head_pose[:, :3])
        normal = self.normals(still)
        moved = torch.einsum("bij,bvj->bvi", turned, normal)
        normal = normalize(normal + self.head.head_weight[:, None] * (moved - normal), dim=-1)
        light = self.lamps.lit(normal, turned)
        place, depth = self.projected(points)
        # On a CPU the pixels of one frame fit into its caches, those of several do not.
        many = 1 if self.device == "cpu" else len(points)
        width, height = self.size
        out = torch.empty(len(points), height, width, 3, dtype=torch.uint8, device=self.device)
        for at in range(0, len(points), many):
            some = slice(at, at + many)
            frames = self.background.repeat(len(points[some]), 1)
            drawn = self.draw_solid(
                frames, place[some], depth[some], Lit(light.diffuse[some], light.shine[some])
            )
            self.draw_thin(frames, place[some], depth[some], normal[some], drawn)
            smoothed(frames, drawn, max(LEAST_GAP, GAP_PIXELS / self.scale))
            out[some] = (frames * 255 + 0.5).clamp_(0, 255).to(torch.uint8).view(-1, height, width, 3)
        return out

    def draw_solid(self, frames: Tensor, place: Tensor, depth: Tensor, light: Lit) -> Drawn:
        """Draws all that is solid into frames (B * H * W, 3)."""
        shown = facing_us(place, self.head.triangles[self.solid]) & self.in_openings(place)
        chosen = self.solid[shown]
        corners = self.head.triangles[chosen]
        seen = spans.seen(place, depth, corners, self.size)
        values = torch.cat([light.diffuse, light.shine], dim=-1)[:, corners]
        uv = self.corner_uv[chosen].expand(len(place), -1, -1, -1)
        spread = spans.carried(seen, torch.cat([values, uv], dim=-1).flatten(0, 1), self.size)
        part = self.head.part[chosen].long()[seen.ids % len(chosen)]
        colours, textured = self.part_colours
        flat = grid_sample(self.texture, spread[None, None, :, 4:], align_corners=False)[0, :, 0].T
        other = (~textured)[part].nonzero()[:, 0]
        flat[other] = colours[part[other]]
        diffuse = banded(spread[:, :3], self.material.bands) if self.material.bands else spread[:, :3]
        shine = flat[:, 3:] * spread[:, 3:4] * (2 * spread.new_tensor(SHINE))
        frames[seen.pixel] = displayed(torch.addcmul(shine, flat[:, :3], diffuse), self.material.exposure)
        ids = torch.full((len(frames),), -1, device=frames.device)
        near = torch.full((len(frames),), 2 * FAR, device=frames.device)
        ids[seen.pixel] = seen.ids
        near[seen.pixel] = seen.depth * (NEAR - FAR) + FAR
        layer = near.clone()
        layer[seen.pixel] += LAYER * part
        box = window(place, self.size)
        # One more place, which -1 stands for.
        number = torch.full((len(self.head.triangles) + 1,), -1, device=ids.device)
        number[chosen] = torch.arange(len(chosen), device=ids.device)
        return Drawn(ids, seen.weights, near, layer, number[self.beyond[chosen]], self.size, box)

    def in_openings(self, place: Tensor) -> Tensor:
        """Says of the solid triangles whether they may be seen, (M,): skin, or near the mouth's or an eye's opening.

        Most of what is inside a head lies behind skin in every picture; this saves drawing it.
        """
        inside, corners, rings = self.within
        at = place[:, corners]  # (B, I, 3, 2)
        low, high = at.amin(2), at.amax(2)
        near = torch.zeros(len(corners), dtype=torch.bool, device=place.device)
        margin = OPENING * self.scale
        for ring in rings:
            edge = place[:, ring]
            first, last = edge.amin(1, keepdim=True) - margin, edge.amax(1, keepdim=True) + margin
            near |= ((high > first) & (low < last)).all(-1).any(0)
        out = ~inside
        out[inside] = near
        return out

    def draw_thin(self, frames: Tensor, place: Tensor, depth: Tensor, normal: Tensor, behind: Drawn) -> None:
        """Draws the reflections on the eyes and the lashes upon what is there."""
        corners, lash = self.thin
        box = window(place[:, corners.flatten()], self.size) if len(corners) else (0, 0, 0, 0)
        left, top, width, height = box
        if not width * height:
            return
        seen = spans.seen(place - place.new_tensor((left, top)), depth, corners, (width, height))
        thick = self.head.thickness[None, :, None].expand(len(place), -1, -1)
        values = torch.cat([normal, thick], dim=-1)[:, corners].flatten(0, 1)
        spread = spans.carried(seen, values, (width, height))
        row = torch.div(seen.pixel, width, rounding_mode="floor")
        frame = torch.div(row, height, rounding_mode="floor")
        line = frame * self.size[1] + top + row - frame * height
        pixel = line * self.size[0] + left + seen.pixel - row * width
        upon = seen.depth * (NEAR - FAR) + FAR > behind.depth[pixel] - UPON
        of_lash = lash[seen.ids % len(corners)]
        for chosen, draw in ((upon & ~of_lash, self.glinting), (upon & of_lash, self.lashed)):
            at = pixel[chosen]
            frames[at] = draw(frames[at], spread[chosen])

    def glinting(self, under: Tensor, spread: Tensor) -> Tensor:
        """Adds what a cornea reflects to (P, 3) colours."""
        normal = normalize(spread[:, :3], dim=-1)
        view = normal.new_tensor((0.0, 0.0, 1.0))
        out = under
        for light, fineness, strength in GLINTS:
            half = normalize(normalize(normal.new_tensor(light), dim=0) + view, dim=0)
            shine = strength * self.material.wet * (normal @ half).clamp(min=0) ** fineness
            out = out + (1 - out) * shine.clamp(0, 1)[:, None]
        return out

    def lashed(self, under: Tensor, spread: Tensor) -> Tensor:
        """Darkens (P, 3) colours by lashes."""
        share = (self.material.lashes * spread[:, 3:4]).clamp(0, 1)
        dark = displayed(self.part_colours[0][LASHES, :3] * under.new_tensor(KEY_LIGHT) * 0.3, 1.0)
        return under + share * (dark - under)


def rows_for(height: int) -> int:
    """Gives how many rows a texture needs for pictures of some height."""
    return int(min(max(TEXTURE_ROWS * height, LEAST_ROWS), MOST_ROWS))


def facing_us(place: Tensor, triangles: Tensor) -> Tensor:
    """Says which triangles show their front in any frame, (N,), by their places in pixels (B, V, 2)."""
    at = place[:, triangles]
    one, two = at[:, :, 1] - at[:, :, 0], at[:, :, 2] - at[:, :, 0]
    # y points down in a picture, so fronts turn the other way.
    return ((one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]) < 0).any(0)


def window(places: Tensor, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Gives left, top, width and height of the pixels around places (B, P, 2), within the picture."""
    limit = places.new_tensor(size)
    low = torch.minimum(places.flatten(0, 1).amin(0).floor().clamp(min=0), limit)
    high = torch.minimum(places.flatten(0, 1).amax(0).ceil().clamp(min=0), limit)
    left, top, right, bottom = (int(value) for value in (*low, *high))
    return left, top, right - left, bottom - top


def banded(light: Tensor, bands: int) -> Tensor:
    """Gives light in soft steps, as in drawings; (P, 3) linear."""
    strength = light.mean(-1, keepdim=True).clamp(min=1e-4)
    level = strength.sqrt() * bands / 1.35
    step = level.floor()
    soft = ((level - step - 0.5) / 0.16 + 0.5).clamp(0, 1)
    wanted = (step + soft * soft * (3 - 2 * soft)) * 1.35 / bands
    mixed = 0.35 * strength.sqrt() + 0.65 * wanted
    return light * (mixed**2 / strength)
