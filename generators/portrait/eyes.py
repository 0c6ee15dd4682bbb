"""Eyes behind the lids: the photo's own eyeball, its iris cut out, moved and put back where the eye looks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from conditioning.face import mesh

from .backdrop import filled
from .layers import Patch, Windows, patch_of, sampled, windows_at, windows_of
from .openings import Lines, Opening, coverage, lines_of, opening_of
from .warp import Turn, smooth_step

# Parts of an eye's length: what the patch shows, and the window in which the eye is drawn.
PATCH = (0.85, 0.7)
WINDOW = (1.35, 1.0)
# What moves with an iris, in its radii: all of it to here, nothing from there on.
IRIS_IN, IRIS_OUT = 1.02, 1.4
# How far a lid goes, in lengths of the eye, until its lashes and their shadow are no longer where they were.
LASHES_LEAVE = 0.05
# The lid's shadow: how dark, and how far down in lengths of the eye.
SHADOW, SHADOW_REACH = 0.42, 0.07
# Beside the lids the photo shows lashes and not the eyeball, in heights of the opening.
LASHES_ABOVE, LASHES_BELOW = 0.16, 0.10
# What is this far in front of the lids hides the eye, in its lengths.
IN_FRONT = 0.35
# How light the white of an eye is, and how much lighter than bright skin a white thing surely is.
WHITE_OF_EYE, SKIN_TO_WHITE = 0.80, 1.05
# The line of lashes between closed lids: how opaque, how dark beside the lid's skin, how wide in lengths of the
# eye, and how far closed an eye is when it begins to show.
LASHES, LASHES_DARK, LASHES_WIDTH, LASHES_FROM = 0.8, 0.42, 0.022, 0.55
# The row of points above each upper lid.
ABOVE_LIDS = ((30, 29, 27, 28, 56), (260, 259, 257, 258, 286))
ARCS = ((mesh.UPPER_LID_RIGHT, mesh.LOWER_LID_RIGHT), (mesh.UPPER_LID_LEFT, mesh.LOWER_LID_LEFT))
IRISES = (mesh.IRIS_RIGHT, mesh.IRIS_LEFT)


@dataclass(frozen=True, eq=False)
class Eye:
    """One eye of a photo.

    Attributes:
        opening: its lids' lines.
        white: patch of the eyeball without iris (3), what the photo shows beyond both (3), how far below the
            upper and above the lower lid it is in the photo, in pixels (2), and the lid's shadow there (1).
        iris: patch of the iris, premultiplied (3), and its opacity (1).
        lashes: (3,) their colour.
        gap: (COLUMNS,) how far open it is in the photo, in pixels.
        depth: z of the eyeball's front in the photo; length: from corner to corner, in pixels.
    """

    opening: Opening
    white: Patch
    iris: Patch
    lashes: torch.Tensor
    gap: torch.Tensor
    depth: torch.Tensor
    length: float

    def window(self, lines: Lines, frame: tuple[int, int]) -> Windows:
        """Gives the windows in which the eye is drawn."""
        centre = lines.corner + lines.along * lines.length[:, None] / 2
        size = tuple(2 * round(self.length * part / 2 + 2) for part in WINDOW)
        return windows_at(centre, (size[0], size[1]), frame)

    def draw(
        self,
        pictures: torch.Tensor,
        depth: torch.Tensor,
        points: torch.Tensor,
        turn: Turn,
        look: torch.Tensor,
    ) -> None:
        """Draws the eye into pictures.

        Args:
            pictures: (B, 3, H, W), changed in place.
            depth: (B, 1, H, W) z of what is drawn already, in pixels.
            points: (B, 478, 2+) where the face is.
            turn: the head's movement.
            look: (B, 2) how far the iris is from where the photo shows it, in pixels of the photo.
        """
        lines = lines_of(self.opening, points[..., :2])
        window = self.window(lines, (pictures.shape[3], pictures.shape[2]))
        shut = smooth_step(1 - lines.gap() / self.gap, LASHES_FROM, 1.0) * (self.gap / self.gap.amax()).sqrt()
        below, above, shut = lines.at(window, shut)
        seen = coverage(above, below, 1.2)
        source = turn.back(self.depth)
        white = self.white.sample(window, source)
        iris = self.iris.sample(window, source.less(look))
        apart = torch.maximum((below - white[:, 6]).clamp(min=0), (above - white[:, 7]).clamp(min=0))
        stay = torch.exp(apart / (-LASHES_LEAVE * self.length))
        colour = white[:, :3] * (1 - iris[:, 3:]) + iris[:, :3] + white[:, 3:6] * stay[:, None]
        colour = colour * (shadow(below, self.length) / (1 - stay * (1 - white[:, 8])))[:, None]
        # A nose may stand before an eye.
        front = points[:, self.opening.upper, 2].amax(1)[:, None, None]
        ahead = (window.read(depth)[:, 0] - front) / self.length
        unhidden = 1 - smooth_step(ahead, IN_FRONT, 1.5 * IN_FRONT)
        seen = seen * unhidden
        picture = torch.lerp(window.read(pictures), colour, seen[:, None])
        # Where lids meet there is a line of lashes.
        far = (below - above) / 2 / (LASHES_WIDTH * self.length + 0.5)
        line = LASHES * shut * torch.exp(-far.square()) * unhidden
        window.write(pictures, torch.lerp(picture, self.lashes[:, None, None], line[:, None]))


def shadow(below: torch.Tensor, length: float) -> torch.Tensor:
    """Gives how light an eyeball is, `below` pixels under its upper lid."""
    return 1 - SHADOW * torch.exp(-below.clamp(min=0) / (SHADOW_REACH * length))


def eye_of(fine: torch.Tensor, margin: int, points: torch.Tensor, side: int) -> Eye:
    """Takes an eye out of a photo.

    Args:
        fine: (3, h, w) the frame with `margin` pixels around it, twice as fine.
        points: (478, 3) landmarks in pixels of the frame.
        side: 0 for the person's right eye, 1 for the left one.
    """
    opening = opening_of(points, *ARCS[side])
    lines = lines_of(opening, points[None, :, :2])
    length = float(lines.length)
    middle = (lines.corner + lines.along * lines.length[:, None] / 2)[0]
    reach = middle.new_tensor(PATCH) * length
    box = (*(middle - reach).tolist(), *(middle + reach).tolist())
    photo = patch_of(fine, margin, box)
    places = photo.centres()
    below, above = (each[0] for each in lines.at(windows_of(photo)))
    height = lines.gap().amax()
    eyeball = torch.minimum(
        smooth_step(below / height, LASHES_ABOVE / 2, LASHES_ABOVE),
        smooth_step(above / height, 0.0, LASHES_BELOW),
    )
    centre = points[IRISES[side][0], :2]
    radius = (points[list(IRISES[side][1:]), :2] - centre).norm(dim=1).mean()
    away = (places - centre).norm(dim=-1) / radius
    opacity = 1 - smooth_step(away, IRIS_IN, IRIS_OUT)
    white = white_of(photo.values, eyeball * smooth_step(away, IRIS_OUT - 0.15, IRIS_OUT), eyeball)
    iris = iris_of(photo, eyeball, away < IRIS_OUT + 0.2, centre)
    premultiplied = torch.where(opacity > 0, iris - (1 - opacity) * white, 0.0)
    # Lashes and the lids' own shadow stay where they are.
    inside = coverage(above + 2, below + 2, 2.0)
    beyond = (photo.values - premultiplied - (1 - opacity) * white) * inside
    shade = 1 - inside * (1 - shadow(below, length))
    whole = torch.cat([white, beyond, below[None], above[None], shade[None]])
    return Eye(
        opening,
        replace(photo, values=whole),
        replace(photo, values=torch.cat([premultiplied, opacity[None]])),
        lashes_of(fine, margin, points, side),
        lines.gap()[0].clamp(min=0.1),
        points[list(IRISES[side]), 2].mean(),
        length,
    )


def lashes_of(fine: torch.Tensor, margin: int, points: torch.Tensor, side: int) -> torch.Tensor:
    """Gives the colour of the line of closed lashes, (3,): dark skin of the lid above."""
    size = points.new_tensor([fine.shape[2], fine.shape[1]])[:, None, None]
    places = (points[list(ABOVE_LIDS[side]), :2].T[:, None] + margin) * 2 - 0.5
    skin = sampled(fine, (places / size * 2 - 1)[None], "border")[0, :, 0]
    return skin.mean(1) * LASHES_DARK


def white_of(photo: torch.Tensor, known: torch.Tensor, eyeball: torch.Tensor) -> torch.Tensor:
    """Gives the eyeball without its iris, (3, h, w), smooth where it was not seen; the weights are (h, w)."""
    if int((known > 0.9).sum()) < 12:
        # Nothing white is seen: a light grey of the eye's own tone.
        seen = photo[:, eyeball > 0.5] if (eyeball > 0.5).any() else photo.flatten(1)
        return seen.quantile(0.9, dim=1)[:, None, None].expand_as(photo)
    sure = (known > 0.9)[None].float()
    return torch.lerp(filled(photo, sure), photo, known)


def iris_of(photo: Patch, eyeball: torch.Tensor, near: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
    """Gives the whole iris, (3, h, w): what a lid hides is taken from the other sides of it.

    Args:
        eyeball: (h, w) 0..1 what of the photo is eyeball; near: (h, w) what may be iris.
    """
    known = eyeball * near
    if not known.any():
        return photo.values
    seen = replace(photo, values=torch.cat([photo.values * known, known[None]]))
    whole, have = seen.values[:3], seen.values[3:]
    for mirror in ((1, -1), (-1, -1), (-1, 1)):
        other = seen.at(centre + (photo.centres() - centre) * centre.new_tensor(mirror))
        whole, have = whole + (1 - have) * other[:3], have + (1 - have) * other[3:]
    surely = (have > 0.9).float()
    rest = filled(whole / have.clamp(min=0.5), surely)
    return torch.where(known > 0.999, photo.values, whole + (1 - have) * rest)


def white_light(
    eyes: tuple[Eye, ...], canvas: torch.Tensor, margin: int, points: torch.Tensor
) -> torch.Tensor:
    """Gives the colour of a white thing in the photo, (3,): what its eyes and its skin say of the light."""
    size = points.new_tensor([canvas.shape[2], canvas.shape[1]])
    grid = (points[None, None, : mesh.NUM_SKIN, :2] + margin) / size * 2 - 1
    skin = F.grid_sample(canvas[None], grid, align_corners=False)[0, :, 0]
    brightness = skin.mean(0)
    bright = skin[:, brightness >= brightness.quantile(0.8)].mean(1)
    whites = torch.cat([eye.white.values[:3].flatten(1) for eye in eyes], 1)
    level = whites.mean(0)
    white = whites[:, level >= level.quantile(0.6)].mean(1)
    return torch.maximum(white / WHITE_OF_EYE, bright * SKIN_TO_WHITE).clamp(0.2, 1.1)
