"""A movement on somebody's own body: the skeleton of a BVH or GLB file, and their model with the movement in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .format import PREFIX
from .gltf import Model, finite, read_binary, read_json

if TYPE_CHECKING:
    import numpy as np

    from conditioning.body.clips import Clip, Skeleton
    from generators.media import Motion

KEY = PREFIX.rstrip(":")
MOST_NODES, MOST_DEPTH = 20_000, 500
# Lets a turn of this many radians at most count as none.
STILL = 1e-4


def skeleton_file(motion: Motion) -> Path | None:
    """Gives the file of the body that a result is for; None when it is for ours.

    Raises:
        ValueError: the file is gone.
    """
    named = str((motion.provenance.get("prompt") or {}).get("skeleton") or "")
    if not named:
        return None
    path = Path(named)
    if not path.is_file():
        raise ValueError(f"expected the file of the skeleton, got none at {named[:200]!r}")
    return path


def skeleton_of(path: Path) -> Skeleton:
    """Gives the skeleton of a BVH or GLB file.

    Raises:
        ValueError: neither, or a model without a skeleton of one root.
    """
    from conditioning.body import bvh

    if path.suffix.lower() == ".bvh":
        return bvh.read(path)[0]
    return joints_of(read_json(path), path.name)[0]


def on_their_body(motion: Motion, skeleton: Skeleton) -> Clip:
    """Gives the movement on somebody's skeleton; raises ValueError as `to_theirs`, and numbers that are not finite."""
    from conditioning.body.retarget import to_theirs

    finite(("rotations", "root"), motion.motion.rotations, motion.motion.root)
    return to_theirs(motion.motion, skeleton)


def write_bvh(motion: Motion, their_file: Path, path: Path) -> None:
    """Writes a BVH of their skeleton."""
    from conditioning.body.bvh import write_clip

    skeleton = skeleton_of(their_file)
    write_clip(path, skeleton, on_their_body(motion, skeleton))


def write_glb(motion: Motion, their_file: Path, path: Path, document: str) -> None:
    """Writes their model with the movement in place of its own animations.

    Raises:
        ValueError: a model that keeps parts of itself in other files, or without a skeleton.
    """
    found = read_json(their_file)
    buffers = found.get("buffers")
    if not isinstance(buffers, list) or len(buffers) != 1 or "uri" in buffers[0]:
        raise ValueError(f"expected a GLB file that holds all of its model, got {their_file.name!r}")
    skeleton, nodes = joints_of(found, their_file.name)
    clip = on_their_body(motion, skeleton)
    data = read_binary(their_file)
    data += b"\0" * (-len(data) % 4)
    found.pop("animations", None)
    asset = found["asset"] = dict(found.get("asset") or {"version": "2.0"})
    extras = asset.get("extras")
    asset["extras"] = {**(extras if isinstance(extras, dict) else {}), KEY: json.loads(document)}
    model = Model(json=found, parts=[data], size=len(data))
    animate(model, skeleton, clip, nodes)
    model.write(path)


def animate(model: Model, skeleton: Skeleton, clip: Clip, nodes: list[int]) -> None:
    """Adds a keyframe for every frame to the joints that move."""
    import numpy as np

    times = model.accessor((np.arange(len(clip)) / clip.frame_rate).astype(np.float32), bounds=True)
    animation: dict[str, Any] = {"name": "gesture", "samplers": [], "channels": []}
    for joint, node in enumerate(nodes):
        turns = clip.rotations[:, joint].astype(np.float64)
        turns /= np.linalg.norm(turns, axis=1, keepdims=True)
        place = clip.root if joint == 0 else clip.moves.get(joint)
        moved = place is not None and bool(np.abs(place - skeleton.offsets[joint]).max() > 0)
        away = np.abs(turns @ skeleton.rest[joint]).clip(0, 1)
        if not moved and float(2 * np.arccos(away).max()) < STILL:
            continue
        as_parts(model.json["nodes"][node], skeleton, joint)
        values = np.ascontiguousarray(np.roll(turns, -1, axis=1), np.float32)
        model.animate(animation, node, "rotation", times, model.accessor(values))
        if moved:
            places = model.accessor(np.ascontiguousarray(place, np.float32))
            model.animate(animation, node, "translation", times, places)
    model.add("animations", animation)


def as_parts(node: dict[str, Any], skeleton: Skeleton, joint: int) -> None:
    """Says a node's place in parts, which an animation needs, where it was said as a matrix."""
    import numpy as np

    if node.pop("matrix", None) is not None:
        node["translation"] = [float(x) for x in skeleton.offsets[joint]]
        node["rotation"] = [float(x) for x in np.roll(skeleton.rest[joint], -1)]


def joints_of(found: dict[str, Any], name: str) -> tuple[Skeleton, list[int]]:
    """Gives the skeleton of the skin with the most joints, and the node of each joint.

    Args:
        found: the JSON of a glTF file. name: of the file, for errors.

    Raises:
        ValueError: there is none, or one of several roots.
    """
    import numpy as np

    from conditioning.body.clips import Skeleton

    wrong = f"expected a model with a skeleton of one root in {name!r}, got none"
    try:
        nodes = found["nodes"]
        joints = max((skin["joints"] for skin in found["skins"]), key=len)
        parent_of = {child: at for at, node in enumerate(nodes) for child in node.get("children", ())}
        order = tree(parent_of, joints, len(nodes))
        placed = [parts_of(nodes[node]) for node in order]
    except (KeyError, TypeError, IndexError, ValueError, AttributeError):
        raise ValueError(wrong) from None
    index = {node: at for at, node in enumerate(order)}
    parents = tuple(index.get(parent_of.get(node, -1), -1) for node in order)
    if not order or parents.count(-1) != 1:
        raise ValueError(wrong)
    offsets, rest = np.array([place for place, _ in placed]), np.array([turn for _, turn in placed])
    if not (np.isfinite(offsets).all() and np.isfinite(rest).all()):
        raise ValueError(wrong)
    names = [str(nodes[node].get("name") or f"joint {node}") for node in order]
    seen: dict[str, int] = {}
    for at, each in enumerate(names):
        seen[each] = seen.get(each, 0) + 1
        if seen[each] > 1:
            names[at] = f"{each}.{seen[each]}"
    return Skeleton(tuple(names), parents, offsets, rest), order


def tree(parent_of: dict[int, int], joints: list[int], count: int) -> list[int]:
    """Gives the joints and what lies between them and where they meet, parents first."""
    if count > MOST_NODES or not joints:
        raise ValueError
    ways = []
    for joint in joints:
        way = [joint]
        while way[-1] in parent_of:
            way.append(parent_of[way[-1]])
            if len(way) > MOST_DEPTH:
                raise ValueError
        ways.append(way[::-1])
    shared = 0
    while all(len(way) > shared and way[shared] == ways[0][shared] for way in ways):
        shared += 1
    # They meet at the last node that all have above them.
    found: dict[int, None] = {}
    for way in sorted(ways, key=len):
        found.update(dict.fromkeys(way[max(0, shared - 1) :]))
    return list(found)


def parts_of(node: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Gives a node's place (3,) and rotation (4,), w first."""
    import numpy as np
    from scipy.spatial.transform import Rotation

    if "matrix" in node:
        matrix = np.array(node["matrix"], np.float64).reshape(4, 4).T
        turn = Rotation.from_matrix(matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)).as_quat()
        return matrix[:3, 3], np.roll(turn, 1)
    place = np.array(node.get("translation", (0, 0, 0)), np.float64).reshape(3)
    turn = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64).reshape(4)
    size = np.linalg.norm(turn)
    if not size > 0:
        raise ValueError
    return place, np.roll(turn, 1) / size
