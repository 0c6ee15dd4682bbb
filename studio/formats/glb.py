"""Talking portraits as glTF models: the head with ARKit's 52 morph targets, and its movement as an animation.

The skin is bound to two joints, so that the shoulders stay when the head turns; eyeballs are nodes of their own.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .format import PREFIX
from .gltf import INDICES, VERTICES, Model, finite, quaternions, read_json

if TYPE_CHECKING:
    import numpy as np

    from conditioning.face.motion import FaceMotion
    from generators.media import Portrait
    from generators.portrait.head_likeness import Portrayed

KEY = PREFIX.rstrip(":")
METRES = 0.01
# Skin and what moves with it, one mesh: name, its number among the head's parts.
FACE_PARTS = (("skin", 0), ("socket", 1), ("mouth", 2), ("teeth", 3), ("lashes", 5))
EYE_PARTS = (("eyes", 4), ("corneas", 6))
TEXTURED = (0, 4)
# How rough each is; smaller is glossier. What each material adds.
ROUGH = {
    "skin": 0.52,
    "socket": 0.7,
    "mouth": 0.32,
    "teeth": 0.22,
    "lashes": 0.9,
    "eyes": 0.35,
    "corneas": 0.03,
}
ROUGHER = {"skin": 0.0, "clay": 0.38, "marble": -0.2, "stylised": 0.1}
CLEAR = 0.07
# How much darker what little light reaches is painted, as viewers know no more of it.
SHADE = 0.55
JPEG_QUALITY = 92


def write_glb(portrait: Portrait, path: Path, document: str) -> None:
    """Writes a portrait's head and movement.

    Args:
        portrait: with its motion; the head is its identity's, or its photo's while that can be found.
        document: JSON text, which `text_of_glb` gives back.

    Raises:
        ValueError: a motion without frames or with numbers that are not finite.
    """
    motion = portrait.motion
    if not len(motion):
        raise ValueError("expected a motion of at least one frame, got none")
    names = ("expression", "head pose", "gaze")
    finite(names, motion.expression, motion.head_pose, motion.gaze)
    from generators.portrait.head_likeness import portrayed

    shown = portrayed(portrait)
    model = Model()
    add_asset(model, document, shown)
    nodes = add_scene(model, shown)
    add_animation(model, motion, nodes)
    model.write(path)


def text_of_glb(path: Path) -> str:
    """Gives the text in which the document of a GLB file stands; empty when there is none.

    Raises:
        ValueError: no GLB file.
    """
    asset = read_json(path).get("asset")
    extras = asset.get("extras") if isinstance(asset, dict) else None
    if not isinstance(extras, dict) or KEY not in extras:
        return ""
    return f"{PREFIX} {json.dumps(extras[KEY], ensure_ascii=False)}"


def add_asset(model: Model, document: str, shown: Portrayed) -> None:
    extras: dict[str, Any] = {
        KEY: json.loads(document),
        "head": {"of": shown.whose, "identity": [round(float(x), 4) for x in shown.identity[0]]},
    }
    if shown.note:
        extras["head"]["note"] = shown.note
    model.json["asset"] = {
        "version": "2.0",
        "generator": "Affect Studio",
        "copyright": "Head derived from ICT-FaceKit (c) 2020 USC Institute for Creative Technologies, MIT",
        "extras": extras,
    }


def add_scene(model: Model, shown: Portrayed) -> dict[str, int]:
    """Adds the nodes, meshes and materials; gives the nodes that move by name."""
    from conditioning.face.arkit import NAMES

    surfaces = add_materials(model, shown)
    eyes = [add_eye(model, shown, surfaces, number) for number in (1, 2)]
    head = model.add("nodes", {"name": "head", "children": eyes})
    neck = model.add("nodes", {"name": "neck", "children": [head]})
    primitives = [
        {**skinned(model, shown, part), "material": surfaces[name]}
        for name, part in FACE_PARTS
        if name in surfaces
    ]
    extras = {"targetNames": list(NAMES)}
    mesh = {"name": "face", "primitives": primitives, "weights": [0.0] * len(NAMES), "extras": extras}
    skin = model.add("skins", {"name": "bust", "joints": [neck, head], "skeleton": neck})
    face = model.add("nodes", {"name": "face", "mesh": model.add("meshes", mesh), "skin": skin})
    model.json["scene"] = model.add("scenes", {"name": "portrait", "nodes": [neck, face]})
    return {"head": head, "face": face, "eye_left": eyes[0], "eye_right": eyes[1]}


def add_materials(model: Model, shown: Portrayed) -> dict[str, int]:
    """Adds what the parts are made of; gives the materials' numbers by the parts' names."""
    from generators.portrait.head_materials import material_of

    kind = material_of(shown.material)
    texture = {"baseColorTexture": {"index": model.image(picture(shown.texture), "image/jpeg")}}
    found = {}
    for name, _ in (*FACE_PARTS, *EYE_PARTS):
        if (name == "lashes" and not kind.lashes) or (name == "corneas" and not kind.wet):
            continue
        surface: dict[str, Any] = texture
        if name == "corneas":
            surface = {"baseColorFactor": [1.0, 1.0, 1.0, CLEAR]}
        elif name not in ("skin", "eyes"):
            colour = [round(((x + 0.055) / 1.055) ** 2.4, 4) for x in kind.parts[name]]
            surface = {"baseColorFactor": [*colour, 1.0]}
        rough = min(max(ROUGH[name] + (ROUGHER[shown.material] if name == "skin" else 0.0), 0.03), 1.0)
        material: dict[str, Any] = {
            "name": name,
            "pbrMetallicRoughness": {**surface, "metallicFactor": 0.0, "roughnessFactor": rough},
        }
        if name in ("lashes", "corneas"):
            material |= {"alphaMode": "BLEND", "doubleSided": name == "lashes"}
        found[name] = model.add("materials", material)
    return found


def picture(texture: np.ndarray) -> bytes:
    """Gives a texture as a JPEG."""
    import numpy as np
    from PIL import Image

    out = io.BytesIO()
    rows = texture.shape[0]
    # Sides that are powers of two, which every engine takes.
    square = Image.fromarray(np.ascontiguousarray(texture[..., :3])).resize(
        (2 * rows, rows), Image.Resampling.BICUBIC
    )
    square.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def corners_of(shown: Portrayed, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gives a vertex for each pair of a place on the head and a place in its texture.

    Args:
        chosen: (N,) True for the triangles that are meant.

    Returns:
        The pairs, (V,) and (V,), and the triangles' corners among them, (N * 3,) uint16.
    """
    import numpy as np

    triangles, places = shown.head.triangles.numpy()[chosen], shown.head.uv_triangles.numpy()[chosen]
    both = np.stack([triangles.ravel(), places.ravel()], axis=1)
    pairs, index = np.unique(both, axis=0, return_inverse=True)
    return pairs[:, 0], pairs[:, 1], index.reshape(-1).astype(np.uint16)


def solid(
    model: Model, shown: Portrayed, part: int, chosen: np.ndarray, middle: np.ndarray | float = 0.0
) -> tuple[dict[str, Any], np.ndarray]:
    """Adds triangles of a part with places and directions; gives the primitive and its vertices of the head."""
    import numpy as np

    own, at, index = corners_of(shown, chosen)
    rest = shown.vertices()[0].numpy()
    attributes = {
        "POSITION": model.accessor(scaled(rest[own] - middle), target=VERTICES, bounds=True),
        "NORMAL": model.accessor(normals(shown, rest)[own], target=VERTICES),
    }
    if part in TEXTURED:
        places = shown.head.uv.numpy()[at].astype(np.float32)
        attributes["TEXCOORD_0"] = model.accessor(places, target=VERTICES)
    indices = model.accessor(index, target=INDICES)
    return {"attributes": attributes, "indices": indices, "mode": 4}, own


def skinned(model: Model, shown: Portrayed, part: int) -> dict[str, Any]:
    """Adds a part of the face: bound to neck and head, with the morph targets."""
    head = shown.head
    primitive, own = solid(model, shown, part, (head.part == part).numpy())
    colours = model.accessor(shade(head, own), target=VERTICES, normalized=True)
    primitive["attributes"] |= {"COLOR_0": colours, **bound(model, head.head_weight.numpy()[own])}
    moves = head.scaled("expressions").numpy()
    primitive["targets"] = [{"POSITION": model.moves(scaled(move[own]))} for move in moves]
    return primitive


def add_eye(model: Model, shown: Portrayed, surfaces: dict[str, int], number: int) -> int:
    """Adds an eyeball (1 left, 2 right) as a node that turns about its middle."""
    head, middle = shown.head, shown.eye_middles().numpy()[number - 1]
    mine = (head.eye_of[head.triangles[:, 0]] == number).numpy()
    primitives = []
    for name, part in EYE_PARTS:
        if name in surfaces:
            primitive, _ = solid(model, shown, part, mine & (head.part == part).numpy(), middle)
            primitives.append({**primitive, "material": surfaces[name]})
    name = ("eye_left", "eye_right")[number - 1]
    mesh = model.add("meshes", {"name": name, "primitives": primitives})
    return model.add("nodes", {"name": name, "mesh": mesh, "translation": [float(x) for x in scaled(middle)]})


def scaled(points: np.ndarray) -> np.ndarray:
    """Gives metres, in which glTF has all lengths, for cm."""
    import numpy as np

    return np.ascontiguousarray(points * METRES, dtype=np.float32)


def normals(shown: Portrayed, rest: np.ndarray) -> np.ndarray:
    """Gives unit normals (V, 3) of the head at rest."""
    import numpy as np

    triangles = shown.head.triangles.numpy()
    at = rest[triangles].astype(np.float64)
    across = np.cross(at[:, 1] - at[:, 0], at[:, 2] - at[:, 0])
    summed = np.zeros((len(rest), 3))
    for corner in range(3):
        np.add.at(summed, triangles[:, corner], across)
    unit = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)
    unit = unit + shown.head.normal_fix.numpy()
    return (unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def shade(head: Any, own: np.ndarray) -> np.ndarray:
    """Gives vertex colours (N, 4) uint8: the light that gets there, and the opacity of lashes."""
    import numpy as np

    light = head.openness.numpy()[own] ** SHADE
    colours = np.stack([light, light, light, head.thickness.numpy()[own]], axis=1)
    return np.round(255 * colours).astype(np.uint8)


def bound(model: Model, share: np.ndarray) -> dict[str, int]:
    """Adds how vertices follow the neck and the head."""
    import numpy as np

    joints = np.zeros((len(share), 4), np.uint8)
    weights = np.zeros((len(share), 4), np.float32)
    weights[:, 1] = share
    weights[:, 0] = 1 - weights[:, 1]
    # An influence of weight 0 has to name joint 0.
    joints[:, 1] = weights[:, 1] > 0
    return {
        "JOINTS_0": model.accessor(joints, target=VERTICES),
        "WEIGHTS_0": model.accessor(weights, target=VERTICES),
    }


def add_animation(model: Model, motion: FaceMotion, nodes: dict[str, int]) -> None:
    """Adds the movement, a keyframe for every frame."""
    import numpy as np

    from conditioning.face.pose import rotations

    frames = len(motion)
    times = model.accessor((np.arange(frames) / motion.frame_rate).astype(np.float32), bounds=True)
    animation: dict[str, Any] = {"name": "speech", "samplers": [], "channels": []}
    seen = motion.with_gaze_shapes().expression.clip(0, 1).astype(np.float32)
    model.animate(animation, nodes["face"], "weights", times, model.accessor(seen.ravel()))
    turned = quaternions(matrices(motion.head_pose[:, :3], rotations))
    model.animate(animation, nodes["head"], "rotation", times, model.accessor(turned))
    model.animate(
        animation, nodes["head"], "translation", times, model.accessor(scaled(motion.head_pose[:, 3:]))
    )
    look = np.concatenate([motion.gaze, np.zeros((frames, 1), np.float32)], axis=1)
    looked = model.accessor(quaternions(matrices(look, rotations)))
    for name in ("eye_left", "eye_right"):
        model.animate(animation, nodes[name], "rotation", times, looked)
    model.add("animations", animation)


def matrices(angles: np.ndarray, rotations: Any) -> np.ndarray:
    """Gives rotations (T, 3, 3) of yaw, pitch, roll in radians."""
    import numpy as np
    import torch

    return np.asarray(rotations(torch.from_numpy(np.asarray(angles, np.float64))).numpy())
