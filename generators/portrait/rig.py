"""How the points of a photo's face move with expression: the model's basis in its pixels, made to fit.

Lids meet at a blink of 1 and never pass through one another, nor do lips, whoever the face belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from conditioning.face import mesh
from conditioning.face.arkit import BLINKS, INDEX, indices

from .glasses import under_glasses
from .layers import combined
from .openings import contact_of
from .warp import smooth_step, upright

if TYPE_CHECKING:
    from conditioning.face.fit import FaceFit
    from conditioning.face.model import FaceModel

REGIONS = ("face", "mouth", "eyes")
MOUTHS = ("photo", "closed")
# What parts lips, and goes when a photo's open mouth is to be shut.
PARTING = indices("jawOpen", "mouthClose", "mouthLowerDown", "mouthUpperUp", "mouthFunnel", "mouthShrugUpper")
JAW = indices("jaw")
CHIN = (152, 148, 377, 175, 199)
# What part of the chin's way the lower teeth make.
TEETH_FOLLOW = 0.93
# The upper lid makes this part of a blink, the upper lip this part of closing a mouth.
LID_SHARE, LIP_SHARE = 0.88, 0.3
# How far skin moves along above and beneath: in lengths of an eye, in widths of the mouth.
LID_REACH, LIP_REACH = (0.30, 0.16), (0.22, 0.42)
MOST = 1.5


@dataclass(frozen=True, eq=False)
class Rig:
    """Expression -> movement, linear but for lids and lips that stop where they meet.

    Attributes:
        points: (478, 3) the face in the photo, in pixels of the frame: x right, y down, z towards us.
        rows: (R, 478, 3) how the points move with each share: expressions, pairs that are kept apart, and
            what is always added: a part of the own expression taken off, an open mouth shut.
        kept: (52,) what stays of the photo's own expression, without blinks.
        jaw_rows: (4, 3) how the lower teeth move; kept_jaw: (4,) what stays of the photo's own of that.
        gaps: (53, P) how far pairs of points are apart at each expression, and beyond their least distance
            at none.
    """

    points: torch.Tensor
    rows: torch.Tensor
    kept: torch.Tensor
    jaw_rows: torch.Tensor
    kept_jaw: torch.Tensor
    gaps: torch.Tensor

    def shares(self, expression: torch.Tensor) -> torch.Tensor:
        """(B, 52) -> (B, R) what part each row takes."""
        added = self.added(expression)
        apart = self.gaps[-1] + combined(added, self.gaps[:-1])
        return torch.cat([added, apart.clamp(max=0), torch.ones_like(added[:, :1])], 1)

    def moved(self, shares: torch.Tensor) -> torch.Tensor:
        """(B, R) -> (B, 478, 3) how far each point is from where it is in the photo, in pixels."""
        return combined(shares, self.rows.flatten(1)).unflatten(1, self.rows.shape[1:])

    def added(self, expression: torch.Tensor) -> torch.Tensor:
        """Takes from (B, 52) what would go beyond a full movement on top of the photo's own expression."""
        value = expression.clamp(-MOST, MOST)
        return torch.minimum(value, (value.clamp(min=1.0) - self.kept).clamp(min=0.0))

    def jaw(self, expression: torch.Tensor) -> torch.Tensor:
        """(B, 52) -> (B, 3) how far the lower teeth are from where a shut jaw has them, in pixels."""
        value = (self.kept_jaw + self.added(expression)[:, JAW]).clamp(0, MOST)
        return combined(value, self.jaw_rows)


def jaw_rows_of(basis: torch.Tensor) -> torch.Tensor:
    """Gives (4, 3) how far the lower teeth go for each movement of the jaw."""
    return basis[JAW][:, list(CHIN)].mean(1) * TEETH_FOLLOW


def rig_of(
    fit: FaceFit,
    model: FaceModel,
    points: torch.Tensor,
    axes: torch.Tensor,
    region: str,
    identity_strength: float,
    mouth: str,
    glasses: bool,
) -> Rig:
    """Builds the rig of a photo.

    Args:
        points: (478, 3) in pixels of the frame.
        axes: (3, 3) columns: pixels for one cm along the head's x, y, z.
        region: "face", "mouth" or "eyes": what may move.
        identity_strength: what part of the photo's own expression stays, 0..1.
        mouth: "photo" as it is there, or "closed".
        glasses: whether what is under glasses keeps its shape.
    """
    basis = model.expressions.float().cpu() @ axes.T
    basis = basis * region_weight(points, region)[:, None]
    basis = basis * under_glasses(points)[:, None] if glasses else basis
    own = torch.from_numpy(fit.expression).float()
    eyes = [
        contact_of(points, upper, lower, LID_SHARE, LID_REACH)
        for upper, lower in (
            (mesh.UPPER_LID_LEFT, mesh.LOWER_LID_LEFT),
            (mesh.UPPER_LID_RIGHT, mesh.LOWER_LID_RIGHT),
        )
    ]
    lips = contact_of(points, mesh.UPPER_LIP_INNER, mesh.LOWER_LIP_INNER, LIP_SHARE, LIP_REACH)
    for name, contact in zip(("eyeBlinkLeft", "eyeBlinkRight"), eyes, strict=True):
        shut = basis[INDEX[name]]
        shut += contact.closing(contact.gap((points + shut)[None]))[0] * float(region != "mouth")
    kept = own * identity_strength
    if mouth == "closed":
        kept[PARTING] = 0
    start = torch.einsum("e,epc->pc", kept - own, basis)
    if mouth == "closed":
        gap = lips.gap((points + start)[None])
        start = start + lips.closing(gap.clamp(min=0))[0] * float(region != "eyes")
    kept_jaw = kept[JAW].clone()
    # Lids are made to meet from where the photo has them.
    kept[indices(*BLINKS, "eyeLook")] = 0
    contacts = (*eyes, lips)
    rows = torch.cat([basis, *(contact.rows() for contact in contacts), start[None]])
    gaps = torch.cat([contact.gaps(points, basis, start) for contact in contacts], 1)
    return Rig(points, rows, kept, jaw_rows_of(basis), kept_jaw, gaps)


def region_weight(points: torch.Tensor, region: str) -> torch.Tensor:
    """Gives how much each point may move, (478,): all, or smoothly only beneath or above the cheeks."""
    _, up, _ = upright(points)
    high = points[:, :2] @ up
    lids = high[[mesh.LOWER_LID_LEFT[4], mesh.LOWER_LID_RIGHT[4]]].mean()
    nose = high[2]  # where the nose meets the upper lip
    lower = smooth_step(-high, float(-(lids + 0.15 * (nose - lids))), float(-nose))
    return {"face": torch.ones_like(lower), "mouth": lower, "eyes": 1 - lower}[region]
