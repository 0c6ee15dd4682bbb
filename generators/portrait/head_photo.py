"""A photo's face on the 3D head: its shape from the fit, its skin from the pixels, the rest painted to match."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from conditioning.face import mesh

from . import spans
from .head import EYES, SKIN, Head
from .head_paint import Colour, Look, Surface, closed_curve, inside, painted, smooth, surface_of

if TYPE_CHECKING:
    from conditioning.face.fit import FaceFit
    from conditioning.face.model import FaceModel
    from conditioning.face.photo import Photo

# How far around a landmark the shape follows it, and how far beyond the face it stops to, cm.
REACH, FOLLOWS_TO = 0.9, 4.5
# How much of what a fit leaves over in depth, which a single photo hardly shows, is believed, and how much at all.
DEPTH_TRUST, MOST_MOVED = 0.25, 0.8
# The largest side of the photo that is looked at; a face has no more pixels in the texture.
MOST_SIDE = 1600
# Cosines between the skin and the line of sight from which a photo shows it, and shows it well.
GRAZING, FACING = 0.12, 0.45
# How deep the photo fades out at the edge of the face and at lids, cm.
FADE, LID_FADE = 1.1, 0.10
HIDDEN_BY = 0.25
DARK_HAIR = (0.20, 0.16, 0.13)
# How far from the photo painted skin forgets its light, cm.
FORGETS = 6.0
# Radius of an iris that shows its colour, pixels.
LEAST_IRIS = 3.0


@dataclass(frozen=True)
class Likeness:
    """What makes the head somebody's.

    Attributes:
        identity: (1, K). moved: (V, 3) cm added to the vertices.
        texture: (height, 1.5 height, 4) uint8: sRGB and shine.
    """

    identity: Tensor
    moved: Tensor
    texture: np.ndarray


def likeness(photo: Photo, fit: FaceFit, model: FaceModel, head: Head, height: int = 1024) -> Likeness:
    """Makes the head a photo's.

    Args:
        photo: with the face. fit: of that face by `model`. head: on the CPU. height: rows of the texture.
    """
    source = torch.from_numpy(fit.identity)[None].float() @ model.ict_identities.float().cpu()
    identity = head.identity_of(source)
    moved = moves(fit, model, head, identity)
    expression = torch.from_numpy(fit.expression)[None]
    shown = head.vertices(identity, expression, torch.from_numpy(fit.gaze)[None]) + moved
    texture = textured(photo, fit, model, head, shown[0], height)
    return Likeness(identity, moved, texture)


def moves(fit: FaceFit, model: FaceModel, head: Head, identity: Tensor) -> Tensor:
    """Gives what puts the head's face where the photo's landmarks are, (V, 3) cm, fading out around the face."""
    mean = model.mean[: mesh.NUM_SKIN].float().cpu()
    still = head.vertices(identity, torch.zeros(1, 52))[0]
    own = torch.unique(head.triangles[head.part == SKIN])
    near = torch.cdist(mean, head.rest[own]).argmin(1)
    anchor = own[near]
    # A landmark keeps its place beside the vertex that is nearest to it in the average person.
    expected = still[anchor] + mean - head.rest[anchor]
    wanted = torch.from_numpy(fit.rest(model)[: mesh.NUM_SKIN]).float()
    left_over = (wanted - expected) * torch.tensor([1.0, 1.0, DEPTH_TRUST])
    left_over = left_over * (MOST_MOVED / left_over.norm(dim=1, keepdim=True).clamp(min=1e-6)).clamp(max=1)
    far = torch.cdist(head.rest, mean)
    weight = torch.softmax(-0.5 * (far / REACH) ** 2, dim=1)
    fade = 1 - (far.amin(1, keepdim=True) / FOLLOWS_TO).clamp(0, 1)
    moved = weight @ left_over * fade**2 * (3 - 2 * fade)
    for eye in (1, 2):
        lids = moved[head.lid_of == eye].mean(0)
        moved[head.eye_of == eye] = lids
    inner = torch.unique(head.triangles[(head.part > SKIN) & (head.part < EYES)])
    inner = inner[head.lid_of[inner] == 0]
    mouth = head.landmarks[60:68]
    behind = inner[(head.rest[inner] - head.rest[mouth].mean(0)).norm(dim=1) < 7]
    only = torch.ones(len(moved), dtype=torch.bool)
    only[own] = False
    moved[behind[only[behind]]] = moved[mouth].mean(0)
    return moved


def textured(
    photo: Photo, fit: FaceFit, model: FaceModel, head: Head, shown: Tensor, height: int
) -> np.ndarray:
    """Gives the texture: the photo where it shows the face well, painted skin of its tone elsewhere.

    Args:
        shown: (V, 3) the head with the expression of the photo, in its own coordinates.
    """
    pixels, scale = looked_at(photo)
    places = torch.from_numpy(fit.project(shown.numpy().astype(np.float64))).float()
    places = places * torch.tensor([scale, scale, scale])
    surface = surface_of(head, height)
    at = in_texture(head, torch.cat([places, normals_of(shown, places, head)], dim=1), height)[surface.index]
    size = (pixels.shape[1], pixels.shape[0])
    shows = smooth(at[:, 3], GRAZING, FACING) * unhidden(places, at, head, size, fit.scale * scale)
    cm = fit.scale * scale
    sure, features = within(at, places, head, cm)
    colours, rough = sampled(pixels, at[:, :2]), sampled(blurred(pixels, 0.35 * cm), at[:, :2])
    skin_tone = cheeks(surface, head, colours, shows * sure)
    shows = shows * sure * np.maximum(features, like_skin(rough, skin_tone))
    base = painted(head, look_in(pixels, fit, model, skin_tone, scale), height)
    flat = base.reshape(-1, 4)[surface.index].astype(np.float64) / 255
    ratio = carried_on((rough + 0.02) / (flat[:, :3] + 0.02), shows, surface)
    skin = np.clip(flat[:, :3] * ratio, 0, 1)
    mixed = skin + shows[:, None] * (colours - skin)
    out = np.zeros((height * surface.size[0], 3))
    out[surface.index] = mixed
    result = base.copy()
    # The eye's disc stays as it is painted.
    eye = eye_mask((base.shape[0], base.shape[1]))
    filled = out[surface.fill].reshape(*base.shape[:2], 3)
    result[..., :3] = np.where(
        eye[..., None], base[..., :3], (255 * filled + 0.5).clip(0, 255).astype(np.uint8)
    )
    return result


def looked_at(photo: Photo) -> tuple[np.ndarray, float]:
    """Gives the photo as (H, W, 3) in 0..1, not larger than is of use, and by how much it shrank."""
    from PIL import Image

    most = max(photo.pixels.shape[:2])
    if most <= MOST_SIDE:
        return photo.pixels.astype(np.float32) / 255, 1.0
    scale = MOST_SIDE / most
    size = (round(photo.pixels.shape[1] * scale), round(photo.pixels.shape[0] * scale))
    smaller = Image.fromarray(photo.pixels).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(smaller, np.float32) / 255, scale


def normals_of(shown: Tensor, places: Tensor, head: Head) -> Tensor:
    """Gives how much each vertex faces the camera, (V, 1): the cosine."""
    at = places[head.triangles[head.part == SKIN]]
    across = torch.linalg.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    summed = torch.zeros_like(shown)
    for corner in range(3):
        summed.index_add_(0, head.triangles[head.part == SKIN][:, corner], across)
    # y points down in a picture, so fronts turn the other way.
    return -torch.nn.functional.normalize(summed, dim=1)[:, 2:]


def in_texture(head: Head, values: Tensor, height: int) -> np.ndarray:
    """Spreads what vertices of the skin carry, (V, C), over the texture, (height * 1.5 height, C)."""
    own = (head.part == SKIN).nonzero()[:, 0]
    corners, at = head.triangles[own], head.uv_triangles[own]
    size = (round(height * 1.5), height)
    uv = head.uv * torch.tensor(size).float()
    seen = spans.seen(uv[None], torch.zeros(1, len(uv)), at, size)
    out = np.zeros((size[0] * size[1], values.shape[1]))
    out[seen.pixel.numpy()] = spans.carried(seen, values[corners], size).numpy()
    return out


def unhidden(places: Tensor, at: np.ndarray, head: Head, size: tuple[int, int], scale: float) -> np.ndarray:
    """Says which texels nothing of the head hides in the photo, 0 or 1.

    Args:
        places: (V, 3) pixels. at: (P, 4) x, y, z and facing of texels. scale: pixels per cm.
    """
    own = head.triangles[(head.part == SKIN) | (head.part == EYES)]
    low, high = places[:, 2].min(), places[:, 2].max()
    depth = (places[:, 2] - low) / (high - low)
    seen = spans.seen(places[None, :, :2], depth[None], own, size)
    nearest = np.full(size[0] * size[1], -1.0)
    nearest[seen.pixel.numpy()] = seen.depth.numpy()
    column = at[:, 0].astype(int).clip(0, size[0] - 1)
    row = at[:, 1].astype(int).clip(0, size[1] - 1)
    own_depth = (at[:, 2] - float(low)) / float(high - low)
    free = nearest[row * size[0] + column] < own_depth + HIDDEN_BY * scale / float(high - low)
    within_picture = (at[:, 0] >= 0) & (at[:, 0] < size[0]) & (at[:, 1] >= 0) & (at[:, 1] < size[1])
    return (free & within_picture).astype(np.float64)


def within(at: np.ndarray, places: Tensor, head: Head, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Gives how surely texels show the face, 0..1, and whether they are of its features.

    It fades at the outline and at the rims of the lids. Features are what lies between brows and chin's top.
    """
    marks = places[head.landmarks].numpy().astype(np.float64)
    marks[:, 2] = 0
    flat = np.c_[at[:, :2], np.zeros(len(at))]
    outline = np.concatenate([marks[:17], brow_line(marks)])
    middle = outline.mean(0)
    reach = np.linalg.norm(outline - middle, axis=1).mean()
    fade = FADE * scale / 2
    out = inside(flat, closed_curve(middle + (outline - middle) * (1 - fade / reach)), fade)
    for first in (36, 42):
        out = out * (1 - inside(flat, closed_curve(marks[first : first + 6]), LID_FADE * scale))
    around = marks[[17, 19, 21, 22, 24, 26, 45, 54, 56, 57, 58, 48, 36]]
    grown = around.mean(0) + (around - around.mean(0)) * 1.12
    return out, inside(flat, closed_curve(grown), 0.3 * scale)


def cheeks(surface: Surface, head: Head, colours: np.ndarray, shows: np.ndarray) -> np.ndarray:
    """Gives the usual colour of the skin, from the cheeks, which have no features."""
    p = surface.points + np.array(head.config["pivot"])
    own = (shows > 0.6) & (np.abs(p[:, 1] + 0.5) < 2) & (np.abs(p[:, 0]) > 2.6)
    chosen = colours[own if own.sum() > 50 else shows > 0.3]
    return np.median(chosen, axis=0) if len(chosen) else np.array(Look().skin)


def like_skin(colours: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Gives how much colours look like skin in some light rather than hair or cloth, 0..1."""
    light, usual = colours.sum(1, keepdims=True) + 0.03, skin.sum() + 0.03
    hue = np.abs(colours / light - skin / usual).sum(1)
    brightness = light[:, 0] / usual
    return (1 - smooth(hue, 0.07, 0.16)) * smooth(brightness, 0.35, 0.62)


def blurred(pixels: np.ndarray, radius: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(pixels, (max(radius, 0.5), max(radius, 0.5), 0)))


def brow_line(marks: np.ndarray) -> np.ndarray:
    """Gives points of the forehead, from the person's left to the right, above the brows by a third of the face."""
    up = (marks[27] - marks[8]) / np.linalg.norm(marks[27] - marks[8])
    height = np.linalg.norm(marks[27] - marks[8])
    brows = marks[[26, 24, 22, 21, 19, 17]]
    lift = np.array([0.12, 0.25, 0.31, 0.31, 0.25, 0.12])
    return brows + lift[:, None] * height * up


def sampled(pixels: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Gives the photo's colours at places in pixels, (P, 3), between pixels straight."""
    height, width = pixels.shape[:2]
    picture = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None]
    place = torch.from_numpy(at / (width, height) * 2 - 1).float()
    found = torch.nn.functional.grid_sample(
        picture, place[None, None], align_corners=False, padding_mode="border"
    )
    return found[0, :, 0].T.numpy().astype(np.float64)


def look_in(pixels: np.ndarray, fit: FaceFit, model: FaceModel, skin: np.ndarray, scale: float) -> Look:
    """Gives the colours of a person as a photo shows them."""
    centre, size, turned = fit.centre * scale, fit.scale * scale, fit.head_pose[2]
    up = np.array([-np.sin(turned), -np.cos(turned)])
    hair = patch(pixels, centre + up * 14.5 * size, 1.2 * size)
    return replace(
        Look(),
        skin=as_colour(skin),
        lips=as_colour(skin * (0.88, 0.66, 0.68)),
        brows=as_colour(0.2 * skin + 0.6 * np.array(DARK_HAIR)),
        hair=as_colour(0.5 * hair + 0.5 * np.array(DARK_HAIR)),
        iris=as_colour(iris_in(pixels, fit.landmarks(model)[:, :2] * scale)),
        blush=0.25,
        mottle=0.8,
    )


def iris_in(pixels: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """Gives the colour of the irises, of which lids shade the upper halves; the usual one of small pictures."""
    found = []
    for ring in (mesh.IRIS_LEFT, mesh.IRIS_RIGHT):
        middle, radius = marks[ring[0]], np.linalg.norm(marks[list(ring[1:])] - marks[ring[0]], axis=1).mean()
        if radius < LEAST_IRIS:
            return np.array(Look().iris)
        angle, off = np.meshgrid(np.radians(np.arange(-20, 201, 10)), np.linspace(0.5, 0.8, 4) * radius)
        places = middle + np.stack([np.cos(angle), np.sin(angle)], -1).reshape(-1, 2) * off.reshape(-1, 1)
        found.append(sampled(pixels, places))
    return np.asarray(np.median(np.concatenate(found), axis=0) * 1.15)


def patch(pixels: np.ndarray, middle: np.ndarray, radius: float) -> np.ndarray:
    """Gives the median colour around a place; dark hair's where there is nothing."""
    x, y = (int(value) for value in middle)
    r = max(1, int(radius))
    part = pixels[max(0, y - r) : max(0, y + r), max(0, x - r) : max(0, x + r)].reshape(-1, 3)
    return np.median(part, axis=0) if len(part) else np.array(DARK_HAIR)


def as_colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in np.clip(values, 0.02, 0.98))
    return red, green, blue


def carried_on(ratio: np.ndarray, shows: np.ndarray, surface: Surface) -> np.ndarray:
    """Gives what the photo's light does to painted skin, also where it does not show it, (P, 3).

    Near what is shown it is as there, far away the usual.
    """
    from scipy.spatial import cKDTree

    known = np.flatnonzero(shows > 0.5)[::7]
    if not len(known):
        return np.ones_like(ratio)
    usual = np.median(ratio[known], axis=0)
    asked = np.flatnonzero(shows < 0.999)
    far, nearest = cKDTree(surface.points[known]).query(surface.points[asked[::3]], k=24)
    weight = 1 / (far + 0.3) ** 2
    mean = (ratio[known][nearest] * weight[..., None]).sum(1) / weight.sum(1)[:, None]
    fade = smooth(far[:, 0], 0.3, FORGETS)[:, None]
    out = ratio.copy()
    # A third of the texels is asked, the next two take the same.
    out[asked] = np.repeat(mean + fade * (usual - mean), 3, axis=0)[: len(asked)]
    return out.clip(0.2, 3)


def eye_mask(shape: tuple[int, int]) -> np.ndarray:
    """Says which texels are the eye's, (H, W)."""
    from .head_paint import eye_disc

    rows, columns, _, _ = eye_disc(shape)
    return rows[:, None] & columns[None]
