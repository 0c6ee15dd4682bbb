"""The mannequin in a pose: points and normals that go with the joints."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from conditioning.body.mannequin import Mannequin
from conditioning.body.motion import BodyMotion
from conditioning.body.rotations import matrices, placed
from conditioning.body.skeleton import OFFSETS


class Skin:
    """Follows the joints of a motion.

    Args:
        mesh: at rest.

    Source: Lewis et al. 2000, "Pose space deformation", section 2 (linear blend skinning).
    """

    def __init__(self, mesh: Mannequin) -> None:
        rest, _ = placed(np.array([[[1.0, 0, 0, 0]] * len(OFFSETS)]), np.array([OFFSETS[0]]))
        self.rest = torch.from_numpy(rest[0].astype(np.float32))
        self.points = torch.from_numpy(mesh.points)
        self.normals = torch.from_numpy(mesh.normals)
        # (V, J): a product with it is quicker than to gather four matrices for each point.
        self.shares = torch.zeros(len(mesh.points), len(OFFSETS))
        self.shares.scatter_add_(1, torch.from_numpy(mesh.joints).long(), torch.from_numpy(mesh.weights))

    def posed(self, motion: BodyMotion) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Gives a body in every frame of a motion.

        Returns:
            points (T, V, 3) in cm, normals (T, V, 3), joints' places (T, J, 3) and matrices (T, J, 3, 3)
        """
        at, turns = placed(motion.rotations, motion.root)
        places = torch.from_numpy(at.astype(np.float32))
        turned = torch.from_numpy(matrices(turns).astype(np.float32))
        moved = places - torch.einsum("tjik,jk->tji", turned, self.rest)
        both = torch.cat([turned, moved[..., None]], -1).flatten(2)  # (T, J, 12)
        blended = (self.shares @ both).unflatten(2, (3, 4))  # (T, V, 3, 4)
        points = (blended[..., :3] @ self.points[..., None])[..., 0] + blended[..., 3]
        normals = (blended[..., :3] @ self.normals[..., None])[..., 0]
        return points, torch.nn.functional.normalize(normals, dim=-1), places, turned
