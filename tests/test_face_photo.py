"""Photos of every kind and every bad one: pixels upright in RGB, or one line that says what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import face_material as material
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from conditioning.face.photo import BEHIND, open_photo

PLAIN = material.gradient()


def close(one: np.ndarray, two: np.ndarray, most: float = 6.0) -> bool:
    return one.shape == two.shape and float(np.abs(one.astype(float) - two).mean()) < most


def test_a_plain_photo(tmp_path: Path) -> None:
    photo = open_photo(material.write_jpeg(tmp_path / "a.jpg", PLAIN, quality=95))
    assert photo.size == (160, 120) and photo.alpha is None and photo.warnings == ()
    assert close(photo.pixels, PLAIN) and photo.name == "a.jpg"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    upright = Image.fromarray(PLAIN)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(back[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.jpg", exif=exif, quality=95)
    assert close(open_photo(tmp_path / "a.jpg").pixels, PLAIN)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1", "CMYK", "LAB", "I;16"])
def test_other_kinds_of_pixels(tmp_path: Path, mode: str) -> None:
    grey = np.asarray(Image.fromarray(PLAIN).convert("L"))
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(PLAIN).convert("RGB" if mode == "LAB" else mode)
    suffix = "tif" if mode == "CMYK" else "png"
    if mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image, suffix = ImageCms.profileToProfile(image, *profiles, outputMode="LAB"), "tif"
    image.save(tmp_path / f"a.{suffix}")
    photo = open_photo(tmp_path / f"a.{suffix}")
    wanted = np.repeat(grey[..., None], 3, 2) if mode in ("L", "LA", "1", "I;16") else PLAIN
    assert photo.pixels.dtype == np.uint8 and close(photo.pixels, wanted, 110 if mode in ("1", "P") else 12)


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.fromarray(PLAIN).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert close(open_photo(tmp_path / "a.jpg").pixels, PLAIN, 8)


def test_opacity_is_kept_and_what_it_hides_is_grey(tmp_path: Path) -> None:
    alpha = np.zeros(PLAIN.shape[:2], np.uint8)
    alpha[30:] = 200
    Image.fromarray(np.dstack([PLAIN, alpha])).save(tmp_path / "a.png")
    photo = open_photo(tmp_path / "a.png")
    assert photo.alpha is not None and (photo.alpha == alpha).all()
    assert (photo.pixels[:30] == BEHIND).all() and (photo.pixels[30:] == PLAIN[30:]).all()
    Image.fromarray(np.dstack([PLAIN, np.full_like(alpha, 255)])).save(tmp_path / "b.png")
    assert open_photo(tmp_path / "b.png").alpha is None
    Image.fromarray(np.dstack([PLAIN, np.zeros_like(alpha)])).save(tmp_path / "c.png")
    with pytest.raises(ValueError, match="all transparent"):
        open_photo(tmp_path / "c.png")


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "tiff"])
def test_of_several_frames_the_first_is_taken_with_a_warning(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(PLAIN), Image.fromarray(255 - PLAIN), Image.fromarray(PLAIN // 2)]
    path = tmp_path / f"a.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    photo = open_photo(path)
    assert close(photo.pixels, PLAIN, 40)
    assert photo.warnings == (f"a.{kind} has 3 frames: only the first is used",)


def test_a_printer_s_or_a_broken_profile(tmp_path: Path) -> None:
    Image.fromarray(PLAIN).save(tmp_path / "a.png", icc_profile=b"no profile at all" * 20)
    assert close(open_photo(tmp_path / "a.png").pixels, PLAIN, 1)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jpg", b"hello, I am a text", "which is none"),
        ("a.png", b"", "1 to"),
        ("a.png", material.png_claiming(100_000, 100_000), "megapixels"),
        ("a.png", material.png_claiming(8000, 7000), "at most 50 megapixels, got 8000 x 7000"),
        ("a.png", material.png_claiming(300, 300), "readable"),
        ("a.png", material.png_claiming(95, 300), "at least 96 pixels a side, got 95 x 300"),
        ("a.heic", b"\0\0\0\x18ftypheic" + b"\0" * 400, "a.heic"),
        ("a.jpg", material.encoded(material.gradient(400, 400), "JPEG")[:3000], "truncated"),
        ("a.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\n", "which is none"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='200'/>", "which is none"),
    ],
)
def test_what_is_no_photo_is_refused_in_one_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError) as error:
        open_photo(tmp_path / name)
    assert said in str(error.value) and str(error.value).startswith("expected ")
    assert "\n" not in str(error.value)
    assert error.value.__context__ is None or error.value.__suppress_context__


@pytest.mark.parametrize("quarter_turns", [0, 1])
def test_heic_as_telephones_write_it(tmp_path: Path, quarter_turns: int) -> None:
    pytest.importorskip("pi_heif")
    av = pytest.importorskip("av")
    if "libx265" not in av.codecs_available:
        pytest.skip("no encoder for HEIC")
    (tmp_path / "a.heic").write_bytes(material.heic(PLAIN, quarter_turns))
    assert close(open_photo(tmp_path / "a.heic").pixels, np.rot90(PLAIN, quarter_turns))


def test_heic_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 400)
    with pytest.raises(ValueError, match="pip install pi_heif"):
        open_photo(tmp_path / "a.heic")


def test_nothing_there_and_folders(tmp_path: Path) -> None:
    for name in ("no.jpg", "a" * 5000, "a\0b.jpg"):
        with pytest.raises(FileNotFoundError, match="expected a photo, got no file"):
            open_photo(tmp_path / name)
    with pytest.raises(ValueError, match="a folder"):
        open_photo(tmp_path)


def test_opening_leaves_pil_as_it_was(tmp_path: Path) -> None:
    before = (Image.MAX_IMAGE_PIXELS, dict(Image.OPEN))
    open_photo(material.write_jpeg(tmp_path / "a.jpg", PLAIN))
    assert before[0] == Image.MAX_IMAGE_PIXELS and set(before[1]) <= set(Image.OPEN)


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(
    data=st.binary(min_size=1, max_size=300),
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"RIFF"]),
)
def test_any_bytes_are_refused(tmp_path: Path, data: bytes, start: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(start + data)
    with pytest.raises(ValueError, match=r"^expected "):
        open_photo(tmp_path / "a.jpg")


@QUICK
@given(
    kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"]),
    at=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
    keep=st.floats(0.02, 1),
)
def test_broken_files_give_a_photo_or_one_line(
    tmp_path: Path, kind: str, at: float, value: int, keep: float
) -> None:
    data = bytearray(material.encoded(PLAIN, kind))
    data[int(at * len(data))] = value
    (tmp_path / "a").write_bytes(bytes(data[: max(1, int(keep * len(data)))]))
    try:
        photo = open_photo(tmp_path / "a")
    except ValueError as error:
        assert str(error).startswith("expected ") and "\n" not in str(error)
    else:
        assert photo.pixels.dtype == np.uint8 and photo.pixels.shape[2] == 3
