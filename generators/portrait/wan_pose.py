"""What Wan-Animate is shown of a movement: a skeleton's film and a film of the face, both from our landmarks.

Source: the preprocessing of Wan-Animate (Cheng et al., "Wan-Animate: Unified Character Animation and
Replacement with Holistic Replication", 2025; github.com/Wan-Video/Wan2.2, wan/modules/animate/preprocess):
limbs on black as OpenPose colours them, and face crops of 1.3 times the landmarks' area.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from conditioning.face import mesh

from .head import SKIN
from .head_renderer import HeadRenderer

if TYPE_CHECKING:
    from conditioning.face.model import FaceModel

# (B, 52), (B, 6) -> (B, 478, 3) pixels: x right, y down, z towards us.
Landmarks = Callable[[Tensor, Tensor], Tensor]

# The skeleton's joints that a portrait can have, by OpenPose's numbers less one.
NOSE, NECK, SHOULDER_RIGHT, SHOULDER_LEFT = 0, 1, 2, 5
EYE_RIGHT, EYE_LEFT, EAR_RIGHT, EAR_LEFT = 14, 15, 16, 17
COLOURS = {
    NOSE: (255, 0, 0), NECK: (255, 85, 0), SHOULDER_RIGHT: (255, 170, 0), SHOULDER_LEFT: (85, 255, 0),
    EYE_RIGHT: (170, 0, 255), EYE_LEFT: (255, 0, 255), EAR_RIGHT: (255, 0, 170), EAR_LEFT: (255, 0, 85),
}  # fmt: skip
LIMBS = (
    (NECK, SHOULDER_RIGHT, (255, 0, 0)), (NECK, SHOULDER_LEFT, (255, 85, 0)), (NECK, NOSE, (0, 0, 255)),
    (NOSE, EYE_RIGHT, (85, 0, 255)), (EYE_RIGHT, EAR_RIGHT, (170, 0, 255)), (NOSE, EYE_LEFT, (255, 0, 255)),
    (EYE_LEFT, EAR_LEFT, (255, 0, 170)),
)  # fmt: skip
LIMB_SHADE, STICK = 0.6, 200
NOSE_TIP = 1
# Where people have what no landmark marks, in the head's coordinates, cm.
EARS = ((-8.3, 1.6, 0.4), (8.3, 1.6, 0.4))
SHOULDERS = ((-16.5, -16.5, -2.0), (16.5, -16.5, -2.0))
# Landmarks that hardly move with expressions: from them it is told how a head is turned.
STEADY = (10, 9, 8, 168, 6, 197, 195, 33, 133, 263, 362, 127, 356, 234, 454, 54, 284, 103, 332)
# What stands for the 68 points of a face: jaw, brows, eyes, nose, lips.
FACE = (
    *mesh.OUTLINE[8:29], *mesh.BROW_LEFT, *mesh.BROW_RIGHT, *mesh.EYE_LEFT, *mesh.EYE_RIGHT, *mesh.LIPS_OUTER,
    NOSE_TIP,
)  # fmt: skip
CROP_AREA = 1.3


def landmarks_of(renderer: Any, model: FaceModel) -> Landmarks:
    """Gives what tells where the landmarks are in a renderer's pictures.

    Args:
        renderer: a `PortraitRenderer` or a `HeadRenderer`.
    """
    if not isinstance(renderer, HeadRenderer):
        return lambda expression, head_pose: renderer.placed(expression, head_pose)[1]
    head, mean = renderer.head, model.mean.float().to(renderer.device)
    own = torch.unique(head.triangles[head.part == SKIN])
    # A landmark keeps its place beside the vertex that is nearest to it in the average person.
    anchor = own[torch.cdist(mean, head.rest[own]).argmin(1)]
    beside = mean - head.rest[anchor]

    def landmarks(expression: Tensor, head_pose: Tensor) -> Tensor:
        still = head.vertices(renderer.identity, expression.to(renderer.device))
        off = torch.zeros_like(still)
        off[:, anchor] = beside
        points = head.posed(still + off, head_pose.to(renderer.device).float())[:, anchor]
        place, _ = renderer.projected(points)
        return torch.cat([place, points[..., 2:] * renderer.scale], dim=-1).cpu()

    return landmarks


def joints(landmarks: np.ndarray, rest: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Gives the skeleton of each frame.

    Args:
        landmarks: (T, 478, 3) pixels. rest: (478, 3) the same when nothing moves: the shoulders stay there.
        mean: (478, 3) the average person's, cm.

    Returns:
        (T, 18, 2) pixels; NaN for what a portrait has not.
    """
    out = np.full((len(landmarks), 18, 2), np.nan)
    out[:, NOSE] = landmarks[:, NOSE_TIP, :2]
    out[:, EYE_RIGHT] = landmarks[:, mesh.IRIS_RIGHT[0], :2]
    out[:, EYE_LEFT] = landmarks[:, mesh.IRIS_LEFT[0], :2]
    for frame, points in enumerate(landmarks):
        out[frame, [EAR_RIGHT, EAR_LEFT]] = placed(np.array(EARS), mean, points)[:, :2]
    shoulders = placed(np.array(SHOULDERS), mean, rest)[:, :2]
    out[:, [SHOULDER_RIGHT, SHOULDER_LEFT]] = shoulders
    out[:, NECK] = shoulders.mean(0)
    return out


def placed(points: np.ndarray, mean: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Carries points (P, 3), in cm, of the average head to where landmarks (478, 3), in pixels, put it.

    Source: Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
    """
    steady = list(STEADY)
    source, target = mean[steady] * (1, -1, 1), landmarks[steady]
    one, two = source - source.mean(0), target - target.mean(0)
    u, spread, vt = np.linalg.svd(two.T @ one / len(one))
    sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = np.trace(np.diag(spread) @ sign) / (one**2).sum(1).mean()
    turned = (points * (1, -1, 1) - source.mean(0)) @ (scale * u @ sign @ vt).T
    return np.asarray(turned + target.mean(0))


def skeleton(joints: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Draws one frame's joints, (18, 2), and the limbs between those that are in the picture."""
    width, height = size
    picture = Image.new("RGB", size)
    pencil = ImageDraw.Draw(picture)
    thick = max(min(width, height) // STICK - 1, 1)
    shown = {
        number: joints[number]
        for number in COLOURS
        if np.isfinite(joints[number]).all() and (joints[number] >= 0).all() and (joints[number] < size).all()
    }
    for one, two, colour in LIMBS:
        if one in shown and two in shown:
            outline = ellipse(shown[one], shown[two], thick)
            pencil.polygon([tuple(point) for point in outline], fill=shaded(colour))
    for number, (x, y) in shown.items():
        pencil.ellipse((x - thick, y - thick, x + thick, y + thick), fill=COLOURS[number])
    return picture


def shaded(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (int(LIMB_SHADE * part) for part in colour)
    return red, green, blue


def ellipse(one: np.ndarray, two: np.ndarray, thick: float) -> np.ndarray:
    """Gives the outline of a limb, (K, 2): an ellipse from one joint to the other."""
    along = (two - one) / 2
    length = max(float(np.linalg.norm(along)), 1e-6)
    across = np.array([-along[1], along[0]]) / length * thick
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)[:, None]
    return np.asarray((one + two) / 2 + np.cos(turn) * along + np.sin(turn) * across)


def face_box(landmarks: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Gives left, top, right, bottom of a frame's face, (478, 3), within the picture: more room above it.

    Raises:
        ValueError: a face outside the picture.
    """
    width, height = size
    points = landmarks[list(FACE), :2]
    low, high = points.min(0), points.max(0)
    extent = np.maximum(high - low, 1.0)
    grown = extent * np.sqrt(CROP_AREA) - extent
    left, right = low[0] - grown[0] / 2, high[0] + grown[0] / 2
    top, bottom = low[1] - 3 * grown[1] / 4, high[1] + grown[1] / 4
    box = (max(int(left), 0), max(int(top), 0), min(int(right), width), min(int(bottom), height))
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        raise ValueError("expected a face within the picture, got one that left it")
    return box


def cropped(frame: np.ndarray, box: tuple[int, int, int, int], side: int) -> Image.Image:
    """Gives the face of a frame (H, W, 3) uint8 as a square picture."""
    left, top, right, bottom = box
    part = Image.fromarray(np.ascontiguousarray(frame[top:bottom, left:right]))
    return part.resize((side, side), Image.Resampling.BICUBIC)
