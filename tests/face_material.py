"""Faces and photos for tests: a drawn face, as no portrait lies in the repository, and files of any kind."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from conditioning.face import mesh
from conditioning.face.arkit import INDEX, NAMES
from conditioning.face.drawing import drawn, normals, shaded
from conditioning.face.landmarks import Face, face_of
from conditioning.face.model import FaceModel, load_face_model
from conditioning.face.pose import rotation

SIZE = 320


def expression_of(**values: float) -> np.ndarray:
    """(52,) with some coefficients."""
    out = np.zeros(len(NAMES), np.float32)
    for name, value in values.items():
        out[INDEX[name]] = value
    return out


def points_of(
    expression: np.ndarray | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    identity: np.ndarray | None = None,
) -> np.ndarray:
    """(478, 3) as MediaPipe sees a person from the front, cm; the average person when no other is given."""
    return seen_points(expression, gaze, identity)


def seen_points(
    expression: np.ndarray | None = None,
    gaze: tuple[float, float] = (0.0, 0.0),
    identity: np.ndarray | None = None,
    angles: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
    """As `points_of`, with what slides on the skin when the head is turned by yaw and pitch."""
    model = load_face_model()
    expression = np.zeros(len(NAMES), np.float32) if expression is None else expression
    values = (
        torch.zeros(1, model.config["num_identities"]) if identity is None else torch.tensor(identity)[None]
    )
    points = model.seen(values, torch.tensor(expression)[None], torch.tensor([angles], dtype=torch.float32))[
        0
    ].clone()
    points[mesh.NUM_SKIN :] += model.iris_shift(torch.tensor([gaze], dtype=torch.float32))[0]
    return points.numpy().astype(np.float64)


def seen_face(
    points: np.ndarray, head_pose: tuple[float, float, float] = (0.0, 0.0, 0.0), scale: float = 20.0
) -> Face:
    """Landmarks, in a picture of 600 pixels, of points of a head."""
    turned = points @ rotation(np.array(head_pose)).T
    return face_of((turned * (scale, -scale, -scale) + (300, 300, 0)).astype(np.float32))


def portrait(
    expression: np.ndarray | None = None,
    head_pose: tuple[float, float, float] = (0.0, 0.0, 0.0),
    size: int = SIZE,
) -> np.ndarray:
    """(size, size, 3) uint8 drawing of the average person that MediaPipe takes for a face."""
    model = load_face_model()
    values = torch.tensor(np.zeros(len(NAMES), np.float32) if expression is None else expression)[None]
    points = (
        model.points(torch.zeros(1, model.config["num_identities"]), values)[0].numpy().astype(np.float64)
    )
    scale = size / 23
    turned = points @ rotation(np.array(head_pose)).T
    at = turned * (scale, -scale, scale) + (0.5 * size, 0.5 * size, 0)
    picture = behind(at, scale, size, model)
    triangles = model.triangles.numpy()
    colours = np.full((mesh.NUM_POINTS, 3), (0.8, 0.58, 0.48))
    colours[[*mesh.LIPS_OUTER, *mesh.LIPS_INNER]] = (0.7, 0.3, 0.28)
    colours[[*mesh.BROW_LEFT, *mesh.BROW_RIGHT]] = (0.2, 0.12, 0.08)
    skin = drawn(at, triangles, size)
    light = np.array([-0.2, 0.4, 0.9])
    shown = shaded(skin, triangles, colours, normals(turned, triangles), light)
    return np.where((skin.triangle >= 0)[..., None], shown, picture)


def behind(at: np.ndarray, scale: float, size: int, model: FaceModel) -> np.ndarray:
    """What is seen around and through the holes of the skin: hair, neck, the mouth's inside, eyes."""
    image = Image.new("RGB", (size, size), (150, 160, 170))
    draw = ImageDraw.Draw(image)
    x, y = at[[10, 152, 234, 454], :2].mean(0)
    draw.rectangle([x - 4.5 * scale, y + 4 * scale, x + 4.5 * scale, size], fill=(150, 110, 92))
    draw.ellipse([x - 8.2 * scale, y - 12 * scale, x + 8.2 * scale, y + 8 * scale], fill=(70, 50, 40))
    for ring, colour in (
        (model.lips_inner, (70, 20, 20)),
        (model.eye_left, (235,) * 3),
        (model.eye_right, (235,) * 3),
    ):
        draw.polygon([tuple(at[place, :2]) for place in ring], fill=colour)
    for iris in (mesh.IRIS_LEFT[0], mesh.IRIS_RIGHT[0]):
        for radius, colour in ((0.6, (60, 40, 25)), (0.25, (0, 0, 0))):
            low, high = at[iris, :2] - radius * scale, at[iris, :2] + radius * scale
            draw.ellipse([*low, *high], fill=colour)
    return np.asarray(image)


def write_jpeg(path: Path, pixels: np.ndarray, **options: object) -> Path:
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return path


def gradient(width: int = 160, height: int = 120) -> np.ndarray:
    """(H, W, 3) uint8 whose upper left is black, lower left green and upper right red."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, np.zeros_like(x)], -1).astype(np.uint8)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a picture of any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def heic(pixels: np.ndarray, quarter_turns: int = 0) -> bytes:
    """A HEIC file as telephones write it, to be turned against the clock when it is shown."""
    import av

    buffer = io.BytesIO()
    options = {"x265-params": "log-level=none:keyint=1", "crf": "10", "preset": "ultrafast"}
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx265", rate=1, options=options)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv420p"
        stream.codec_context.codec_tag = "hvc1"
        for frame in (av.VideoFrame.from_ndarray(pixels, format="rgb24"), None):
            container.mux(stream.encode(frame))
    film = buffer.getvalue()
    at, start = film.index(b"hvcC") - 4, film.index(b"mdat") - 4
    setup = film[at : at + struct.unpack(">I", film[at : at + 4])[0]]
    sample = film[start + 8 : start + struct.unpack(">I", film[start : start + 4])[0]]

    def box(kind: bytes, *parts: bytes, version: int | None = None) -> bytes:
        data = (b"" if version is None else struct.pack(">I", version << 24)) + b"".join(parts)
        return struct.pack(">I", 8 + len(data)) + kind + data

    def meta(offset: int) -> bytes:
        size = box(b"ispe", struct.pack(">II", pixels.shape[1], pixels.shape[0]), version=0)
        properties = box(b"ipco", setup, size, box(b"irot", bytes([quarter_turns])))
        owners = box(b"ipma", struct.pack(">IHB", 1, 1, 3), bytes([0x81, 0x02, 0x83]), version=0)
        item = box(b"infe", struct.pack(">HH4s", 1, 0, b"hvc1"), b"\0", version=2)
        place = struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, offset, len(sample))
        return box(
            b"meta",
            box(b"hdlr", struct.pack(">I4s12s", 0, b"pict", b""), b"\0", version=0),
            box(b"pitm", struct.pack(">H", 1), version=0),
            box(b"iloc", place, version=0),
            box(b"iinf", struct.pack(">H", 1), item, version=0),
            box(b"iprp", properties, owners),
            version=0,
        )

    kind = box(b"ftyp", b"heic", struct.pack(">I", 0), b"mif1heic")
    return kind + meta(len(kind) + len(meta(0)) + 8) + box(b"mdat", sample)
