"""BVH: read whatever its writer made of it, write what every reader understands.

Source: Meredith and Maddock 2001, "Motion capture file formats explained", section 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from .clips import Clip, Skeleton, as_clip, at_rest, our_skeleton, world
from .euler import from_angles, to_angles
from .rotations import inverted, multiplied, smooth_signs, turned

if TYPE_CHECKING:
    import numpy as np

    from .motion import BodyMotion

# Of one file: 400 MB of numbers, a million frames of a hundred channels.
MOST_NUMBERS = 100_000_000
MOST_JOINTS = 2000
FRAMES_AT_ONCE = 20_000
# Joints of a human skeleton keep their length to about this share; beyond it they slide, and that is kept.
SLIDES = 1e-3
POSITIONS = {"xposition": 0, "yposition": 1, "zposition": 2}
ROTATIONS = {"xrotation": "X", "yrotation": "Y", "zrotation": "Z"}
ORDER = "ZXY"
SITE = -2  # stands for the braces of an End Site


@dataclass
class Header:
    """The part above the frames, while it is read: joints in the file's order."""

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[tuple[float, float, float]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)
    ends: dict[int, tuple[float, float, float]] = field(default_factory=dict)


def read(path: str | Path) -> tuple[Skeleton, Clip]:
    """Reads one BVH, any hierarchy of one root, any channels in any order.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is no BVH; it has several roots, no frames, numbers that are missing or none, two joints of
            one name, or more than `MOST_NUMBERS` numbers.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a BVH file, got {path}, which does not exist")
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = header_of(words_of(file, path.name), path.name)
        count, rate = frames_of(file, path.name)
        width = sum(map(len, header.channels))
        if count * width > MOST_NUMBERS:
            raise ValueError(
                f"expected at most {MOST_NUMBERS:,} numbers, got {path.name} with {count:,} frames of {width}"
            )
        values = numbers_of(file, count, width, path.name)
    return assembled(header, values, rate)


def words_of(file: TextIO, name: str) -> Iterator[str]:
    """Gives the header's words up to MOTION."""
    for _ in range(MOST_JOINTS * 10):
        line = file.readline(10_000)
        if not line:
            raise ValueError(f"expected HIERARCHY and MOTION, got {name} without MOTION")
        words = line.split()
        if words and words[0].upper() == "MOTION":
            return
        # A name may hold spaces: what follows JOINT or ROOT is one word.
        if len(words) > 1 and words[0].upper() in ("JOINT", "ROOT"):
            brace = words[-1] == "{" and len(words) > 2
            yield from (words[0], " ".join(words[1:-1] if brace else words[1:]), *(["{"] if brace else []))
        elif words and words[0].upper() == "END":
            yield from ("END", *(["{"] if words[-1] == "{" else []))
        else:
            yield from words
    raise ValueError(f"expected a skeleton of at most {MOST_JOINTS} joints, got {name} with more")


def header_of(words: Iterator[str], name: str) -> Header:
    """Reads the tree of joints."""
    header, stack, ending = Header(), [-1], False
    if next(words, "").upper() != "HIERARCHY":
        raise ValueError(f"expected a BVH that begins with HIERARCHY, got {name}")
    for word in words:
        upper = word.upper()
        if upper in ("ROOT", "JOINT"):
            if upper == "ROOT" and header.names:
                raise ValueError(f"expected one skeleton, got {name} with a second root {next(words, '')!r}")
            add_joint(header, next(words, ""), stack[-1], name)
        elif upper == "END":
            ending = True
        elif word == "{":
            stack.append(SITE if ending else len(header.names) - 1)
        elif word == "}":
            if len(stack) < 2:
                raise ValueError(f"expected braces in pairs, got one too many in {name}")
            ending = ending and stack[-1] != SITE
            stack.pop()
        elif upper == "OFFSET" and stack[-1] == SITE:
            header.ends.setdefault(stack[-2], triple(words, name))
        elif upper == "OFFSET" and stack[-1] >= 0:
            header.offsets[stack[-1]] = triple(words, name)
        elif upper == "CHANNELS" and stack[-1] >= 0:
            header.channels[stack[-1]] = channels(words, header.names[stack[-1]], name)
        else:
            raise ValueError(f"expected ROOT, JOINT, OFFSET or CHANNELS, got {word[:40]!r} in {name}")
    if not header.names or len(stack) != 1:
        raise ValueError(f"expected a tree of joints in closed braces, got {name} without")
    return header


def add_joint(header: Header, joint: str, parent: int, name: str) -> None:
    if joint in header.names or not joint:
        raise ValueError(f"expected every joint to have its own name, got {joint!r} again in {name}")
    if parent == SITE or (parent < 0 and header.names):
        raise ValueError(f"expected joints below one root, got {joint!r} beside it in {name}")
    header.names.append(joint)
    header.parents.append(parent)
    header.offsets.append((0.0, 0.0, 0.0))
    header.channels.append([])


def triple(words: Iterator[str], name: str) -> tuple[float, float, float]:
    texts = [next(words, "") for _ in range(3)]
    try:
        x, y, z = map(float, texts)
    except ValueError:
        raise ValueError(f"expected three numbers after OFFSET, got {' '.join(texts)!r} in {name}") from None
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(f"expected numbers after OFFSET, got {' '.join(texts)!r} in {name}")
    return x, y, z


def channels(words: Iterator[str], joint: str, name: str) -> list[str]:
    text = next(words, "")
    if not text.isdigit() or int(text) > 6:
        raise ValueError(f"expected 0 to 6 channels, got {text[:20]!r} at {joint} in {name}")
    found = [next(words, "").lower() for _ in range(int(text))]
    for channel in found:
        if channel not in POSITIONS and channel not in ROTATIONS:
            raise ValueError(
                f"expected channels such as Xposition, Zrotation, got {channel!r} at {joint} in {name}"
            )
    if len(set(found)) < len(found):
        raise ValueError(f"expected each channel once, got one twice at {joint} in {name}")
    return found


def frames_of(file: TextIO, name: str) -> tuple[int, float]:
    """Reads how many frames follow, and their rate in Hz."""
    lines: list[str] = []
    while len(lines) < 2:
        line = file.readline(10_000)
        if not line:
            raise ValueError(f"expected Frames and Frame Time, got {name} without")
        lines += [line] if line.strip() else []
    try:
        key, count = lines[0].split(":")
        other, step = lines[1].split(":")
        frames, seconds = int(count), float(step)
    except ValueError:
        raise ValueError(
            f"expected 'Frames: N' and 'Frame Time: s', got {lines[0].strip()!r} in {name}"
        ) from None
    if key.strip().lower() != "frames" or other.strip().lower() != "frame time":
        raise ValueError(f"expected 'Frames: N' and 'Frame Time: s', got {key!r} and {other!r} in {name}")
    if frames < 1:
        raise ValueError(f"expected at least one frame, got {frames} in {name}")
    if not 1e-4 <= seconds <= 10:
        raise ValueError(f"expected a frame time of 0.0001 to 10 s, got {step.strip()} in {name}")
    rate = 1 / seconds
    # 0.033333 means 30 frames a second.
    return frames, float(round(rate)) if abs(rate - round(rate)) < 2e-4 * rate else rate


def numbers_of(file: TextIO, count: int, width: int, name: str) -> np.ndarray:
    """Reads the frames, some at a time: (count, width) float32."""
    import numpy as np

    if not width:
        return np.zeros((count, 0), np.float32)
    values, at = np.empty((count, width), np.float32), 0
    lines = (line for line in file if not line.isspace())
    while at < count:
        piece = list(islice(lines, min(FRAMES_AT_ONCE, count - at)))
        if not piece:
            raise ValueError(f"expected {count} frames, got {at} in {name}")
        try:
            read = np.loadtxt(piece, np.float32, comments=None, ndmin=2)
        except ValueError as error:
            raise ValueError(f"expected frames of {width} numbers, got {name}: {error}") from None
        if read.shape[1] != width:
            raise ValueError(f"expected frames of {width} numbers, got {read.shape[1]} in {name}")
        good = np.isfinite(read).all(1)
        if not good.all():
            raise ValueError(
                f"expected finite numbers, got NaN or infinity in frame {at + int(good.argmin()) + 1} of {name}"
            )
        values[at : at + len(read)] = read
        at += len(read)
    if next(lines, None) is not None:
        raise ValueError(f"expected {count} frames, got more in {name}")
    return values


def assembled(header: Header, values: np.ndarray, rate: float) -> tuple[Skeleton, Clip]:
    """Makes skeleton and clip of what was read."""
    import numpy as np

    count, joints = len(values), len(header.names)
    offsets = np.array(header.offsets, np.float64)
    rotations = np.zeros((count, joints, 4), np.float32)
    rotations[..., 0] = 1
    moves: dict[int, np.ndarray] = {}
    size = max(float(np.linalg.norm(offsets, axis=1).max()), 1e-9)
    at = 0
    for joint, names in enumerate(header.channels):
        columns = values[:, at : at + len(names)]
        at += len(names)
        turning = [place for place, name in enumerate(names) if name in ROTATIONS]
        if turning:
            order = "".join(ROTATIONS[names[place]] for place in turning)
            rotations[:, joint] = smooth_signs(from_angles(columns[:, turning], order))
        sliding = {POSITIONS[name]: place for place, name in enumerate(names) if name in POSITIONS}
        if sliding:
            place = np.tile(offsets[joint], (count, 1))
            for axis, column in sliding.items():
                place[:, axis] = columns[:, column]
            if joint == 0 or np.ptp(place, axis=0).max() > SLIDES * size:
                moves[joint] = place
            else:
                offsets[joint] = place.mean(0)
    root = moves.pop(0, np.tile(offsets[0], (count, 1)))
    rest = np.zeros((joints, 4))
    rest[:, 0] = 1
    skeleton = Skeleton(tuple(header.names), tuple(header.parents), offsets, rest, dict(header.ends))
    return skeleton, Clip(rotations, root.astype(np.float32), rate, moves)


def write(path: str | Path, motion: BodyMotion) -> None:
    """Writes a motion on our skeleton: centimetres, y up, a T-pose at rest, no jumps of angles."""
    write_clip(path, our_skeleton(), as_clip(motion))


def write_clip(path: str | Path, skeleton: Skeleton, clip: Clip) -> None:
    """Writes a clip on any skeleton."""
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines_of(skeleton, clip))


def text_of(motion: BodyMotion) -> str:
    """Gives what `write` writes."""
    return "".join(lines_of(our_skeleton(), as_clip(motion)))


def lines_of(skeleton: Skeleton, clip: Clip) -> Iterator[str]:
    """Gives a file line by line."""
    import numpy as np

    skeleton, clip = without_rest(skeleton, clip)
    order = depth_first(skeleton)
    yield "HIERARCHY\n"
    yield from tree_lines(skeleton, order, set(clip.moves))
    yield f"MOTION\nFrames: {len(clip)}\nFrame Time: {1 / clip.frame_rate:.10f}\n"
    columns: list[np.ndarray] = []
    for joint in order:
        if joint == order[0] or joint in clip.moves:
            columns.append(clip.root if joint == order[0] else clip.moves[joint])
        columns.append(to_angles(clip.rotations[:, joint], ORDER))
    for start in range(0, len(clip), FRAMES_AT_ONCE):
        rows = np.concatenate([column[start : start + FRAMES_AT_ONCE] for column in columns], 1)
        layout = " ".join(["%.5f"] * rows.shape[1]) + "\n"
        for row in rows + 0.0:  # no minus zeros
            yield layout % tuple(row)


def depth_first(skeleton: Skeleton) -> list[int]:
    """Gives the joints in the order in which a BVH nests them."""
    children: dict[int, list[int]] = {}
    for joint, parent in enumerate(skeleton.parents):
        children.setdefault(parent, []).append(joint)
    order, todo = [], list(children.get(-1, []))
    while todo:
        joint = todo.pop()
        order.append(joint)
        todo += reversed(children.get(joint, []))
    return order


def tree_lines(skeleton: Skeleton, order: list[int], sliding: set[int]) -> Iterator[str]:
    """Gives the lines of the tree."""
    depths: list[int] = []
    turns = " ".join(f"{letter}rotation" for letter in ORDER)
    above: dict[int, int] = {-1: 0}
    for at, joint in enumerate(order):
        depth = above[skeleton.parents[joint]]
        while len(depths) > depth:
            yield "\t" * depths.pop() + "}\n"
        tab = "\t" * depth
        x, y, z = skeleton.offsets[joint]
        name = skeleton.names[joint]
        yield f"{tab}{'JOINT' if at else 'ROOT'} {name}\n{tab}{{\n{tab}\tOFFSET {x:.6f} {y:.6f} {z:.6f}\n"
        places = not at or joint in sliding
        yield (
            f"{tab}\tCHANNELS {6 if places else 3} "
            + "Xposition Yposition Zposition " * places
            + turns
            + "\n"
        )
        depths.append(depth)
        above[joint] = depth + 1
        if joint not in skeleton.parents:
            x, y, z = skeleton.ends.get(joint, (0.0, 0.0, 0.0))
            yield f"{tab}\tEnd Site\n{tab}\t{{\n{tab}\t\tOFFSET {x:.6f} {y:.6f} {z:.6f}\n{tab}\t}}\n"
    while depths:
        yield "\t" * depths.pop() + "}\n"


def without_rest(skeleton: Skeleton, clip: Clip) -> tuple[Skeleton, Clip]:
    """The same motion on a skeleton whose joints are not turned at rest, as a BVH's are not."""
    import numpy as np

    rest = np.zeros_like(skeleton.rest)
    rest[:, 0] = 1
    if np.allclose(np.abs(skeleton.rest[:, 0]), 1, atol=1e-9):
        return skeleton, clip
    places, still = world(skeleton, at_rest(skeleton))
    _, turns = world(skeleton, clip)
    turns = multiplied(turns, inverted(still))
    parents = np.array(skeleton.parents)
    inner = parents >= 0
    local = turns.copy()
    local[:, inner] = multiplied(inverted(turns[:, parents[inner]]), turns[:, inner])
    offsets = skeleton.offsets.copy()
    offsets[inner] = places[0, inner] - places[0, parents[inner]]
    ends = {j: tuple(turned(still[0, j], np.array(end, np.float64))) for j, end in skeleton.ends.items()}
    moves = {j: turned(still[0, skeleton.parents[j]], place) for j, place in clip.moves.items()}
    return (
        Skeleton(skeleton.names, skeleton.parents, offsets, rest, ends),
        Clip(smooth_signs(local), clip.root, clip.frame_rate, moves),
    )
