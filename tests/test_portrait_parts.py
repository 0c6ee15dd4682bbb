"""The portrait tab's parts without a browser: what each sends and takes back, files made when asked."""

from __future__ import annotations

import threading
import time

import pytest
from page_driver import STANDINS

from generators import registry
from studio.ui import portrait_controls, portrait_photo, portrait_preview, portrait_tab, said


@pytest.fixture(autouse=True)
def standins(monkeypatch):
    for name, target in STANDINS.items():
        monkeypatch.setitem(registry.BACKENDS, name, target)


def built(add, *given):
    import gradio as gr

    with gr.Blocks():
        return add(*given)


def any_file(path):
    """Takes every file for one that was uploaded."""
    return path or None


def test_what_means_nothing_is_not_sent():
    given = {"image": "a.png", "nose_width": 2.0, "material": "clay", "driving": "b.mp4", "blink_rate": 3.0}
    assert portrait_tab.settle(given, 1.0) == {"image": "a.png", "blink_rate": 3.0}
    given = {**given, "image": "", "pose_from": "driving"}
    assert portrait_tab.settle(given, 1.0) == given


@pytest.mark.parametrize(
    ("text", "size"),
    [("512 × 512", (512, 512)), ("640x480", (640, 480)), ("576 × 1024 (upright)", (576, 1024))],
)
def test_a_size_is_read(text, size):
    assert portrait_photo.size_of(text) == size


@pytest.mark.parametrize("text", ["", None, "512", "wide", "-2 x 4", "99999 x 512", "10 x 512", "2 x 2 x 3"])
def test_another_size_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        portrait_photo.size_of(text)


def test_a_size_comes_back():
    size = portrait_photo.Size(None)
    assert size.write({"width": 576, "height": 1024}, any_file) == ["576 × 1024 (upright)"]
    assert size.write({"width": 640}, any_file) == ["640 × 512"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["keep?", None, None], {}),
        (["Colour", "#203040", None], {"background": "#203040"}),
        (["Colour", "rgba(32, 48.4, 64, 0.5)", None], {"background": "#203040"}),
        (["Colour", "white", None], {"background": "#ffffff"}),
        (["Picture", "", "a.png"], {"background_image": "a.png"}),
    ],
)
def test_a_background_is_read(given, read):
    assert built(portrait_controls.add_background, "portrait").read(given) == read


@pytest.mark.parametrize(("way", "colour"), [("Colour", "mauvish"), ("Colour", "rgba(a,b)"), ("Picture", "")])
def test_another_background_is_refused(way, colour):
    with pytest.raises(ValueError, match="expected"):
        built(portrait_controls.add_background, "portrait").read([way, colour, None])


def test_a_background_comes_back():
    part = built(portrait_controls.add_background, "portrait")
    kept = {"Keep": {}, "Colour": {"background": "white"}, "Picture": {"background_image": "a.png"}}
    for way, arguments in kept.items():
        assert part.write(arguments, any_file)[0] == way
        assert part.read(part.write(arguments, any_file)).keys() == arguments.keys()


def test_a_gaze_is_read_and_comes_back():
    part = built(portrait_controls.add_gaze, "portrait")
    assert part.read([{"yaw": 10, "pitch": 0}]) == {"gaze_yaw": 10.0}
    assert part.read(part.write({"gaze_pitch": -5.0}, any_file)) == {"gaze_pitch": -5.0}
    assert part.read(part.write({"gaze_pitch": "up"}, any_file)) == part.read([None]) == {}
    for wrong in ({"yaw": 31}, {"pitch": "up"}, {"yaw": None}):
        with pytest.raises(ValueError, match="expected a number"):
            part.read([wrong])


def test_only_what_is_chosen_is_said():
    part = built(said.add_said, "portrait")
    both = ["a.wav", "Hello.", "kerstin"]
    assert part.read([said.RECORDING, *both]) == {"audio": "a.wav"}
    assert part.read([said.TEXT, *both]) == {"text": "Hello.", "voice": "kerstin"}
    for arguments in ({"audio": "a.wav"}, {"text": "Hello.", "voice": "kerstin"}):
        assert part.read(part.write(arguments, any_file)) == arguments
    assert part.write({"audio": "made.wav", "text": "Hello."}, lambda path: None)[0] == said.TEXT


def test_the_face_of_a_recipe_comes_back():
    (part, *_), _ = built(portrait_photo.add_photo, "portrait")
    assert part.write({"image": "a.png", "face": 2}, any_file) == ["a.png", 2]
    assert part.read(["a.png", 2]) == {"image": "a.png", "face": 2} and part.read([None, 2]) == {}
    for arguments in ({"image": "a.png", "face": "left"}, {"image": "a.png", "face": 0}, {"face": 2}):
        assert part.write(arguments, any_file)[1] is None
    with pytest.raises(ValueError, match="for face"):
        part.read(["a.png", 100])


def test_a_preview_says_what_is_wrong(tmp_path):
    missing = portrait_preview.shown(str(tmp_path / "none.png"), None, "face", (512, 512))
    assert "expected a photo, got no file" in missing["told"] and missing["numbers"] == []
    named = tmp_path / "<b>.png"
    named.write_bytes(b"no picture")
    assert "<b>.png" not in portrait_preview.shown(str(named), 3, "face", (512, 512))["told"]


def test_a_slow_file_holds_up_nothing_else(tmp_path, monkeypatch):
    """While one file is written others are; two who ask for the same one get it once."""
    from types import SimpleNamespace

    from studio.ui import served

    released, begun, written = threading.Event(), threading.Event(), []

    def write(media, path, recipe):
        if path.suffix == ".webm":
            begun.set()
            assert released.wait(20)
        written.append(path.suffix)
        path.write_bytes(b"x")

    monkeypatch.setattr(served, "save", write)
    monkeypatch.setattr(served, "formats_of", lambda entry: [".webm", ".json"])
    monkeypatch.setattr(served, "media_of", lambda entry: None)
    folder = served.ServedFolder(SimpleNamespace(folder=tmp_path))
    entry = SimpleNamespace(id="a", emotion="joy", modality="portrait", path=tmp_path / "a.mp4", recipe={})
    slow = [threading.Thread(target=folder.file, args=(entry, ".webm")) for _ in range(2)]
    for thread in slow:
        thread.start()
    assert begun.wait(20)
    assert folder.file(entry, ".json").is_file() and folder.made(entry, ".webm") is None
    time.sleep(0.05)
    released.set()
    for thread in slow:
        thread.join(20)
    assert written == [".json", ".webm"] and folder.made(entry, ".webm") is not None
