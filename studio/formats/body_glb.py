"""Moving bodies as glTF models: a skinned mannequin on the skeleton, and its movement as an animation.

Source: Khronos Group, "glTF 2.0 Specification", sections 3.7.3 (skins) and 3.11 (animations).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .format import PREFIX
from .gltf import INDICES, VERTICES, Model, finite

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.motion import BodyMotion
    from generators.media import Motion

KEY = PREFIX.rstrip(":")
METRES = 0.01
ROUGHNESS = 0.62
NAME = "mannequin"


def write_glb(motion: Motion, path: Path, document: str) -> None:
    """Writes a body and its movement.

    Args:
        document: JSON text, which `glb.text_of_glb` gives back.

    Raises:
        ValueError: a motion without frames or with numbers that are not finite.
    """
    body = motion.motion
    if not len(body):
        raise ValueError("expected a motion of at least one frame, got none")
    finite(("rotations", "root"), body.rotations, body.root)
    model = Model()
    model.json["asset"] = {
        "version": "2.0",
        "generator": "Affect Studio",
        "extras": {KEY: json.loads(document), "frame_rate": float(body.frame_rate)},
    }
    joints = add_joints(model)
    add_body(model, joints)
    add_animation(model, body, joints)
    model.write(path)


def add_joints(model: Model) -> list[int]:
    """Adds the skeleton in its T-pose; gives the node of every joint."""
    from conditioning.body.skeleton import JOINTS, OFFSETS, PARENTS

    nodes = [
        model.add("nodes", {"name": name, "translation": [round(METRES * x, 6) for x in offset]})
        for name, offset in zip(JOINTS, OFFSETS, strict=True)
    ]
    for node, parent in zip(nodes, PARENTS, strict=True):
        if parent >= 0:
            model.json["nodes"][nodes[parent]].setdefault("children", []).append(node)
    return nodes


def add_body(model: Model, joints: list[int]) -> None:
    """Adds the mannequin, bound to the joints, and the scene."""
    import numpy as np

    from conditioning.body.mannequin import mannequin
    from conditioning.body.rotations import placed
    from conditioning.body.skeleton import NUM_JOINTS, OFFSETS

    body = mannequin()
    colours = np.ones((len(body.colours), 4), np.uint8) * 255
    # Vertex colours are light, not sRGB.
    colours[:, :3] = np.round(255 * body.colours**2.2)
    attributes = {
        "POSITION": model.accessor(scaled(body.points), target=VERTICES, bounds=True),
        "NORMAL": model.accessor(unit(body.normals), target=VERTICES),
        "COLOR_0": model.accessor(colours, target=VERTICES, normalized=True),
        "JOINTS_0": model.accessor(body.joints, target=VERTICES),
        "WEIGHTS_0": model.accessor(body.weights, target=VERTICES),
    }
    surface = {"baseColorFactor": [1.0, 1.0, 1.0, 1.0], "metallicFactor": 0.0, "roughnessFactor": ROUGHNESS}
    primitive = {
        "attributes": attributes,
        "indices": model.accessor(body.triangles.astype(np.uint16).ravel(), target=INDICES),
        "material": model.add("materials", {"name": "clay", "pbrMetallicRoughness": surface}),
        "mode": 4,
    }
    still = np.zeros((1, NUM_JOINTS, 4))
    still[..., 0] = 1
    rest, _ = placed(still, np.array([OFFSETS[0]]))
    # Column by column: back from where each joint is at rest.
    inverse = np.tile(np.eye(4, dtype=np.float32), (NUM_JOINTS, 1, 1))
    inverse[:, 3, :3] = -scaled(rest[0])
    matrices = model.accessor(inverse.reshape(NUM_JOINTS, 16))
    skin = {"name": NAME, "joints": joints, "skeleton": joints[0], "inverseBindMatrices": matrices}
    mesh = model.add("meshes", {"name": NAME, "primitives": [primitive]})
    node = model.add("nodes", {"name": NAME, "mesh": mesh, "skin": model.add("skins", skin)})
    model.json["scene"] = model.add("scenes", {"name": "gesture", "nodes": [joints[0], node]})


def add_animation(model: Model, body: BodyMotion, joints: list[int]) -> None:
    """Adds the movement, a keyframe for every frame."""
    import numpy as np

    times = model.accessor((np.arange(len(body)) / body.frame_rate).astype(np.float32), bounds=True)
    animation: dict[str, Any] = {"name": "gesture", "samplers": [], "channels": []}
    model.animate(animation, joints[0], "translation", times, model.accessor(scaled(body.root)))
    # glTF has w last.
    turned = unit(np.roll(body.rotations, -1, axis=-1))
    for number, joint in enumerate(joints):
        values = model.accessor(np.ascontiguousarray(turned[:, number]))
        model.animate(animation, joint, "rotation", times, values)
    model.add("animations", animation)


def scaled(points: np.ndarray) -> np.ndarray:
    """Gives metres, in which glTF has all lengths, for cm."""
    import numpy as np

    return np.ascontiguousarray(points * METRES, dtype=np.float32)


def unit(values: np.ndarray) -> np.ndarray:
    """Gives rows of length 1 in float32."""
    import numpy as np

    exact = np.asarray(values, np.float64)
    return (exact / np.linalg.norm(exact, axis=-1, keepdims=True)).astype(np.float32)
