"""A photo that moves: expression, head pose and gaze -> pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from conditioning.face import mesh
from conditioning.face.arkit import INDEX
from conditioning.face.pose import rotations

from . import raster, warp
from .backdrop import Backdrop, backdrop_of, fine
from .eyes import Eye, eye_of, white_light
from .far_side import FarSide, far_side_of
from .folds import Folds, folds_of
from .framing import cut, frame_of
from .glasses import has_glasses
from .layers import combined, on_device
from .mouth import Mouth, load_interior, mouth_of
from .rig import JAW, MOUTHS, REGIONS, Rig, rig_of

if TYPE_CHECKING:
    from conditioning.face.fit import FaceFit
    from conditioning.face.model import FaceModel
    from conditioning.face.photo import Photo

# Pixels of the picture for each of the map of what is where; between them it is interpolated.
STEP = 2
# How far the depth buffer reaches on either side of the head's pivot, in heights of the face.
DEPTH = 2.5
# Pixels drawn at once.
BLOCK_CPU, BLOCK_GPU = 2**20, 2**23
# From y up to y down.
FLIP = (1.0, -1.0, 1.0)
# Cm from the camera, for how much larger a head is that comes nearer.
CAMERA = 70.0
# From the outer corner of one eye to that of the other in the mean face, cm: the measure of the teeth.
EYES_APART = (mesh.UPPER_LID_RIGHT[0], mesh.UPPER_LID_LEFT[0])


class PortraitRenderer:
    """Draws a photo's face with other expressions, turned and looking elsewhere.

    At no movement a picture is the photo. Everything is batched; nothing is kept between calls.

    Args:
        photo: the photo.
        fit: its face in numbers.
        model: the face model.
        size: width and height of the pictures; even, 64 to 2048.
        device: "cpu" or a CUDA device.
        crop: "face" for head and shoulders, "full" for as much of the photo as fits the shape.
        background: "keep", or (3,) RGB in 0..1, or (H, W, 3) uint8 pixels that take the photo's place behind
            the person.
        region: "face", "mouth" or "eyes": what may move; the head does so only with "face".
        identity_strength: how much of the photo's own expression and gaze stays underneath, 0..1.
        mouth: "photo" as it is at rest, or "closed" at rest for one that is open in the photo.
        glasses: whether glasses are to keep their shape; looked for when None.

    Attributes:
        warnings: what somebody should know, one sentence each.

    Raises:
        ValueError: a size, crop, background, region, mouth or share that is not possible.
    """

    def __init__(
        self,
        photo: Photo,
        fit: FaceFit,
        model: FaceModel,
        size: tuple[int, int] = (512, 512),
        device: str = "cpu",
        *,
        crop: str = "face",
        background: object = "keep",
        region: str = "face",
        identity_strength: float = 1.0,
        mouth: str = "photo",
        glasses: bool | None = None,
    ) -> None:
        check(region, identity_strength, mouth)
        landmarks = torch.from_numpy(fit.landmarks(model)).float()
        self.frame = frame_of(photo.size, landmarks, size, crop)
        self.size, self.device, self.region = size, device, region
        self.fit, self.identity_strength = fit, identity_strength
        self.eyeball = float(model.config["eyeball_radius"])
        margin = self.frame.margin
        points = self.in_frame(landmarks)
        neutral = self.in_frame(torch.from_numpy(fit.project(fit.rest(model))).float())
        pivot = torch.cat([self.frame.place(torch.from_numpy(fit.centre).float()), torch.zeros(1)])
        turned = rotations(torch.from_numpy(fit.head_pose[:3]).float())
        axes = torch.diag(torch.tensor(FLIP)) @ turned * (fit.scale * self.frame.scale)
        skin, mirror = model.triangles.cpu(), model.mirror.cpu()
        canvas = cut(photo.pixels, self.frame)
        twice = fine(canvas)

        backdrop = backdrop_of(photo, self.frame, canvas, points, background)
        if glasses is None:
            glasses = has_glasses(canvas, margin, points)
        rig = rig_of(fit, model, points, axes, region, identity_strength, mouth, glasses)
        sheet = warp.sheet_of(points, skin, pivot)
        far_side = far_side_of(canvas, backdrop.person, margin, points, sheet, skin, mirror)
        eyes = tuple(eye_of(twice, margin, points, side) for side in (0, 1))
        light = white_light(eyes, canvas, margin, points)
        folds = folds_of(canvas, margin, points, mirror)
        own_jaw = torch.from_numpy(fit.expression[JAW]).float() @ rig.jaw_rows
        teeth = axes * teeth_size(model, neutral, axes)
        inside = mouth_of(twice, margin, points, neutral, teeth, own_jaw, light, load_interior())

        self.warnings = backdrop.warnings
        self.axes: torch.Tensor = axes.to(device)
        self.backdrop: Backdrop = on_device(backdrop, device)
        self.rig: Rig = on_device(rig, device)
        self.sheet: warp.Sheet = on_device(sheet, device)
        self.sheet_rows: torch.Tensor = torch.einsum("vp,rpc->rvc", sheet.follow, rig.rows).to(device)
        self.far_side: FarSide | None = on_device(far_side, device)
        self.folds: Folds = on_device(folds, device)
        self.eyes: tuple[Eye, ...] = on_device(eyes, device)
        self.mouth: Mouth = on_device(inside, device)
        self.coarse_grid = F.avg_pool2d(self.backdrop.grid[None], STEP)[0]
        self.reach = DEPTH * float(warp.upright(points)[2])

    def in_frame(self, points: torch.Tensor) -> torch.Tensor:
        """Turns (478, 3) photo pixels into the picture's."""
        return torch.cat([self.frame.place(points[:, :2]), points[:, 2:] * self.frame.scale], 1)

    @torch.inference_mode()
    def render(self, expression: torch.Tensor, head_pose: torch.Tensor, gaze: torch.Tensor) -> torch.Tensor:
        """Draws B pictures.

        Args:
            expression: (B, 52) in 0..1 (up to 1.5 exaggerates), on top of the photo's own.
            head_pose: (B, 6) radians and cm, on top of the photo's own.
            gaze: (B, 2) radians, on top of the photo's own.

        Returns:
            (B, H, W, 3) uint8.
        """
        inputs = [each.to(self.device, torch.float32) for each in (expression, head_pose, gaze)]
        # A few at a time: on a CPU that is faster, and memory stays small whatever B is.
        pixels = BLOCK_CPU if self.device == "cpu" else BLOCK_GPU
        most = max(1, pixels // (self.size[0] * self.size[1]))
        blocks = zip(*(each.split(most) for each in inputs), strict=True)
        return torch.cat([self.drawn(*block) for block in blocks])

    def projected_points(
        self, expression: torch.Tensor, head_pose: torch.Tensor, gaze: torch.Tensor
    ) -> torch.Tensor:
        """Gives (B, 478, 2) where the pictures have the points of the face, in pixels; see `render`."""
        inputs = [each.to(self.device, torch.float32) for each in (expression, head_pose, gaze)]
        turn = self.turn(inputs[1] * float(self.region == "face"))
        points = self.rig.points + self.rig.moved(self.rig.shares(inputs[0]))
        points[:, mesh.NUM_SKIN :, :2] += self.look(inputs[2])[:, None]
        return turn(points)[..., :2]

    def drawn(self, expression: torch.Tensor, head_pose: torch.Tensor, gaze: torch.Tensor) -> torch.Tensor:
        """As `render`, all at once."""
        sheet, face, turn = self.placed(expression, head_pose)
        other = None if self.far_side is None else self.far_side.texture
        offsets, depth, light = self.offsets(sheet, turn, self.folds.drawn(self.rig.added(expression)))
        pictures = self.backdrop.draw(offsets, light, other)
        look = self.look(gaze)
        for eye in self.eyes:
            eye.draw(pictures, depth, face, turn, look)
        out = expression[:, INDEX["tongueOut"]].clamp(0, 1)
        self.mouth.draw(pictures, face, turn, self.rig.jaw(expression), out)
        return pictures.mul_(255).add_(0.5).clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def placed(
        self, expression: torch.Tensor, head_pose: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, warp.Turn]:
        """Gives where the sheet is (B, V, 3), where the face's points are (B, 478, 3), and the turn."""
        turn = self.turn(head_pose * float(self.region == "face"))
        shares = self.rig.shares(expression)
        moved = combined(shares, self.sheet_rows.flatten(1)).unflatten(1, self.sheet_rows.shape[1:])
        return warp.posed(self.sheet, moved, turn), turn(self.rig.points + self.rig.moved(shares)), turn

    def turn(self, head_pose: torch.Tensor) -> warp.Turn:
        """Gives the head's movement in pixels for (B, 6) radians and cm beside the photo's own pose."""
        own = torch.from_numpy(self.fit.head_pose).to(head_pose)
        turned = rotations(own[:3] + head_pose[:, :3]) @ rotations(own[:3]).T
        flip = head_pose.new_tensor(FLIP)
        nearer = CAMERA / (CAMERA - head_pose[:, 5]).clamp(min=CAMERA / 4)
        shift = head_pose[:, 3:] * flip * (self.fit.scale * self.frame.scale)
        linear = turned * flip * flip[:, None] * nearer[:, None, None]
        return warp.Turn(linear, F.pad(shift[:, :2], (0, 1)), self.sheet.pivot)

    def offsets(
        self, sheet: torch.Tensor, turn: warp.Turn, folds: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Gives how far from each pixel its colour lies, as `Backdrop.draw` takes it, and what is how near.

        Args:
            folds: (B, 1, h, w) how much lighter or darker folds make the canvas.

        Returns:
            (B, 2 or 5, H, W), (B, 1, H, W) z in pixels, and (B, 1, H, W) how much lighter or darker it is.
        """
        size = (self.size[0] // STEP, self.size[1] // STEP)
        depth = (sheet[..., 2] - self.sheet.pivot[2]) / (2 * self.reach) + 0.5
        ids, weights = raster.seen(sheet[..., :2] / STEP, depth, self.sheet.triangles, size)
        units = sheet.new_tensor([2 / (side - 1) for side in self.frame.canvas])
        carried = [(self.sheet.rest[:, :2] - sheet[..., :2]) * units]
        if self.far_side is not None:
            there = (self.far_side.source - sheet[..., :2]) * units
            carried += [there, self.far_side.share(turn)[..., None]]
        carried.append(sheet[..., 2:])
        coarse = softened(raster.spread(ids, weights, torch.cat(carried, 2), self.sheet.triangles, size))
        places = (coarse[:, :2] + self.coarse_grid).permute(0, 2, 3, 1)
        light = F.grid_sample(folds, places, align_corners=True)
        full = F.interpolate(
            torch.cat([coarse, light], 1), scale_factor=STEP, mode="bilinear", align_corners=False
        )
        return full[:, :-2], full[:, -2:-1], full[:, -1:]

    def look(self, gaze: torch.Tensor) -> torch.Tensor:
        """(B, 2) radians -> (B, 2) how far the irises are from where the photo has them, in its pixels."""
        own = torch.from_numpy(self.fit.gaze).to(gaze)
        wanted = own * self.identity_strength + gaze * float(self.region != "mouth")
        way = toward(wanted) - toward(own[None])
        return combined(way, self.axes[:2].T * self.eyeball)


def softened(values: torch.Tensor) -> torch.Tensor:
    """Smooths (B, C, h, w) over neighbours: edges of what is in front are less jagged, even slopes stay."""
    padded = F.pad(values, (1, 1, 1, 1), mode="replicate")
    rows = padded[:, :, 1:-1] * 2 + padded[:, :, :-2] + padded[:, :, 2:]
    return (rows[..., 1:-1] * 2 + rows[..., :-2] + rows[..., 2:]) / 16


def toward(gaze: torch.Tensor) -> torch.Tensor:
    """(B, 2) yaw and pitch -> (B, 3) the direction of the look."""
    yaw, pitch = gaze.unbind(-1)
    return torch.stack([yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos()], -1)


def check(region: str, identity_strength: float, mouth: str) -> None:
    if region not in REGIONS:
        raise ValueError(f"expected a region out of {', '.join(REGIONS)}, got {region!r}")
    if mouth not in MOUTHS:
        raise ValueError(f"expected a mouth out of {', '.join(MOUTHS)}, got {mouth!r}")
    if not 0 <= identity_strength <= 1:
        raise ValueError(f"expected an identity strength of 0 to 1, got {identity_strength:g}")


def teeth_size(model: FaceModel, neutral: torch.Tensor, axes: torch.Tensor) -> float:
    """Gives how large this face is beside the mean one, by what lies between the corners of its eyes."""
    one, two = EYES_APART
    mean = (model.mean[one] - model.mean[two]).norm().float().cpu()
    return float((neutral[one] - neutral[two]).norm() / axes[:, 0].norm() / mean)
