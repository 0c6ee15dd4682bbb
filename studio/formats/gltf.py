"""The container of a glTF 2.0 model in one file: numbers packed and aligned, described, joined with the scene.

Source: Khronos Group, "glTF 2.0 Specification", sections 3.6 (accessors, sparse, alignment) and 4 (GLB).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MAGIC, VERSION, JSON_CHUNK, BINARY_CHUNK = 0x46546C67, 2, 0x4E4F534A, 0x004E4942
COMPONENTS = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "uint32": 5125, "float32": 5126}
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
VERTICES, INDICES = 34962, 34963
ALIGNMENT = 4
# A move by less than this is none, metres.
STILL = 2e-6


@dataclass
class Model:
    """A model that grows: everything that the specification has lists of.

    Attributes:
        json: of the whole, without the buffer.
        parts: the buffer's bytes in order, each a multiple of four long.
    """

    json: dict[str, Any] = field(default_factory=dict)
    parts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, kind: str, item: dict[str, Any]) -> int:
        """Adds an item to one of the lists ("nodes", "meshes"...); gives its number."""
        items = self.json.setdefault(kind, [])
        items.append(item)
        return len(items) - 1

    def view(self, data: bytes, target: int | None = None) -> int:
        """Adds bytes to the buffer; gives the number of their view."""
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self.size, "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        padded = data + b"\0" * (-len(data) % ALIGNMENT)
        self.parts.append(padded)
        self.size += len(padded)
        return self.add("bufferViews", view)

    def accessor(
        self, values: np.ndarray, *, target: int | None = None, bounds: bool = False, normalized: bool = False
    ) -> int:
        """Adds numbers.

        Args:
            values: (N,) or (N, C) of a type in `COMPONENTS`; rows of vertices have to be a multiple of four
                bytes long.
            target: `VERTICES` or `INDICES`, of what a mesh takes.
            bounds: whether to say the least and the largest, as positions and times have to.
            normalized: whether whole numbers stand for 0..1.
        """
        import numpy as np

        values = np.ascontiguousarray(values)
        found: dict[str, Any] = {
            "bufferView": self.view(values.tobytes(), target),
            **described(values),
            **(extent(values) if bounds else {}),
        }
        if normalized:
            found["normalized"] = True
        return self.add("accessors", found)

    def moves(self, values: np.ndarray) -> int:
        """Adds what a morph target adds to positions, (N, 3): only the rows that move, or nothing at all."""
        import numpy as np

        values = np.ascontiguousarray(values, dtype=np.float32)
        moved = np.flatnonzero(np.abs(values).max(1) > STILL)
        kept = np.zeros_like(values)
        kept[moved] = values[moved]
        found: dict[str, Any] = {**described(values), **extent(kept)}
        if len(moved) * 2 > len(values):
            found["bufferView"] = self.view(kept.tobytes(), VERTICES)
        elif len(moved):
            index = moved.astype(np.uint16 if len(values) <= 65535 else np.uint32)
            found["sparse"] = {
                "count": len(moved),
                "indices": {
                    "bufferView": self.view(index.tobytes()),
                    "componentType": COMPONENTS[index.dtype.name],
                },
                "values": {"bufferView": self.view(kept[moved].tobytes())},
            }
        return self.add("accessors", found)

    def image(self, data: bytes, kind: str) -> int:
        """Adds a picture's file ("image/png" or "image/jpeg"); gives the number of its texture."""
        source = self.add("images", {"bufferView": self.view(data), "mimeType": kind})
        if "samplers" not in self.json:
            self.add("samplers", {"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071})
        return self.add("textures", {"sampler": 0, "source": source})

    def animate(self, animation: dict[str, Any], node: int, path: str, times: int, values: int) -> None:
        """Adds a channel of straight lines between keyframes to an animation."""
        animation["samplers"].append({"input": times, "output": values, "interpolation": "LINEAR"})
        target = {"node": node, "path": path}
        animation["channels"].append({"sampler": len(animation["samplers"]) - 1, "target": target})

    def write(self, path: Path) -> None:
        """Writes the file."""
        whole = {**self.json, "buffers": [{"byteLength": self.size}]}
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % ALIGNMENT)
        length = 12 + 8 + len(text) + 8 + self.size
        with open(path, "wb") as file:
            file.write(struct.pack("<III", MAGIC, VERSION, length))
            file.write(struct.pack("<II", len(text), JSON_CHUNK) + text)
            file.write(struct.pack("<II", self.size, BINARY_CHUNK))
            file.writelines(self.parts)


def described(values: np.ndarray) -> dict[str, Any]:
    width = values.shape[1] if values.ndim > 1 else 1
    return {"componentType": COMPONENTS[values.dtype.name], "count": len(values), "type": TYPES[width]}


def extent(values: np.ndarray) -> dict[str, Any]:
    """Gives the least and largest as they stand in the file, not rounded."""
    rows = values.reshape(len(values), -1)
    return {"min": [float(value) for value in rows.min(0)], "max": [float(value) for value in rows.max(0)]}


def read_json(path: Path) -> dict[str, Any]:
    """Gives the scene's description from a file.

    Raises:
        ValueError: no GLB file, or a broken one.
    """
    wrong = f"expected a GLB file, got {path.name!r}"
    with open(path, "rb") as file:
        head = file.read(20)
        if len(head) < 20:
            raise ValueError(wrong)
        magic, version, length, size, kind = struct.unpack("<IIIII", head)
        if (magic, version, kind) != (MAGIC, VERSION, JSON_CHUNK) or size > length:
            raise ValueError(wrong)
        try:
            found = json.loads(file.read(size))
        except ValueError:
            raise ValueError(wrong) from None
    if not isinstance(found, dict):
        raise ValueError(wrong)
    return found


def read_binary(path: Path) -> bytes:
    """Gives the buffer of a file that `read_json` could read.

    Raises:
        ValueError: a file without one, or one that breaks off.
    """
    with open(path, "rb") as file:
        size = struct.unpack("<IIIII", file.read(20))[3]
        file.seek(size, 1)
        head = file.read(8)
        length, kind = struct.unpack("<II", head) if len(head) == 8 else (0, 0)
        data = file.read(length) if kind == BINARY_CHUNK and length <= path.stat().st_size else b""
    if not data or len(data) < length:
        raise ValueError(f"expected a whole GLB file, got {path.name!r}, which breaks off")
    return data


def quaternions(matrices: np.ndarray) -> np.ndarray:
    """Gives rotations (T, 3, 3) as x, y, z, w (T, 4) float32, each the nearer of its two signs to the last.

    Source: Shoemake 1987, "Quaternion calculus and fast animation".
    """
    import numpy as np
    from scipy.spatial.transform import Rotation

    found = Rotation.from_matrix(matrices).as_quat()
    turned = np.cumprod(np.where((found[1:] * found[:-1]).sum(1) < 0, -1.0, 1.0))
    found[1:] *= turned[:, None]
    return np.ascontiguousarray(found, dtype=np.float32)


def finite(names: Sequence[str], *values: np.ndarray) -> None:
    """Refuses numbers that no file can hold.

    Raises:
        ValueError: a value that is not finite.
    """
    import numpy as np

    for name, array in zip(names, values, strict=True):
        if not np.isfinite(array).all():
            raise ValueError(f"expected finite numbers for the {name}, got some that are not")
