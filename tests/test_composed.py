"""What every composed medium promises, as any backend does, and that its parts are made once; parts by stand-ins."""

from __future__ import annotations

import dataclasses
import os
from typing import Any
from unittest.mock import patch

import pytest
from scene_material import QUICK, STANDINS, TEXT

from conditioning import EmotionCurve
from generators import registry
from generators.base import Cancelled, build
from generators.media import Media
from studio import Library, Studio
from studio.composed import COMPOSED
from studio.formats import format_of

SCRIPT = """1
00:00:00,500 --> 00:00:02,500
[sad 0.7] I can't believe you came.

2
00:00:03,000 --> 00:00:05,000
Nor can I.
"""
# Medium -> its prompt and options; the dub's script becomes a file.
REQUESTS: dict[str, dict[str, Any]] = {
    "dubbing": {"script": SCRIPT, "workers": 1},
    "scene": {"text": TEXT, **QUICK},
}
VOICES = {"dubbing": {"speech": "standin_lines:HummingBackend"}, "scene": STANDINS}


@pytest.fixture(params=sorted(COMPOSED))
def medium(request, tmp_path):
    with (
        patch.dict(registry.BACKENDS, VOICES[request.param]),
        patch.dict(os.environ, {"AFFECT_HOME": str(tmp_path / "home")}),
        patch("time.sleep", lambda seconds: None),
    ):
        yield request.param


@pytest.fixture
def asked(medium, tmp_path):
    found = dict(REQUESTS[medium])
    if "script" in found:
        path = tmp_path / "script.srt"
        path.write_text(found["script"])
        found["script"] = str(path)
    return found


def dump(media: Media, folder) -> bytes:
    """Gives the file that the library would keep."""
    path = folder / f"kept{format_of(media).kept}"
    format_of(media).writers[path.suffix](media, path, "{}")
    return path.read_bytes()


def test_it_is_a_backend(medium):
    cls = registry.backend_class(medium)
    assert cls.name == medium and issubclass(cls.media, Media) and cls.checkpoints
    for owner in (cls.Prompt, cls.Options):
        assert owner.__dataclass_params__.frozen
        assert all(field.metadata["help"].endswith(".") for field in dataclasses.fields(owner))


def test_same_seed_same_bytes_and_the_parts_are_made_once(medium, asked, tmp_path):
    with Studio("cpu") as studio:
        studio.backend(medium).parts = tmp_path / "one"
        first = studio.generate(medium, **asked, seed=3)
        kept = [studio.generate(medium, **asked, seed=3)]
        studio.backend(medium).parts = tmp_path / "two"
        kept.append(studio.generate(medium, **asked, seed=3))
        other = studio.generate(medium, **asked, seed=4)
    wanted = dump(first.media, tmp_path)
    assert [dump(result.media, tmp_path) for result in kept] == [wanted, wanted]
    assert dump(other.media, tmp_path) != wanted
    assert first.recipe == kept[0].recipe


def test_steps_never_fall_and_a_cancel_is_heard_and_leaves_nothing_half_made(medium, asked, tmp_path):
    with Studio("cpu") as studio:
        studio.backend(medium).parts = tmp_path / "one"
        for at in (1, 3):
            heard: list[tuple[int, int]] = []

            def stop(step: int, total: int, heard=heard, at=at) -> None:
                heard.append((step, total))
                if len(heard) == at:
                    raise Cancelled

            with pytest.raises(Cancelled):
                studio.generate(medium, **asked, on_step=stop)
            assert len(heard) == at
        steps: list[tuple[int, int]] = []
        done = studio.generate(medium, **asked, on_step=lambda *step: steps.append(step))
        studio.backend(medium).parts = tmp_path / "two"
        undisturbed = studio.generate(medium, **asked)
    assert dump(done.media, tmp_path) == dump(undisturbed.media, tmp_path)
    assert [step for step, _ in steps] == sorted(step for step, _ in steps)
    assert len({total for _, total in steps}) == 1 and steps[-1][0] == steps[-1][1]


def test_provenance_is_complete_and_nothing_is_printed(medium, asked, capfd):
    curve = EmotionCurve.parse([(0.0, "calm"), (2.0, ("joy", 0.7))])
    with Studio("cpu") as studio:
        media = studio.generate(medium, **asked, emotion=curve, seed=5).media
    cls = registry.backend_class(medium)
    found = media.provenance
    assert found["modality"] == medium and found["options"]["seed"] == 5
    assert EmotionCurve.parse(found["emotion"]) == curve
    assert {"weights", "licence", "non_commercial", "space_version"} <= set(found)
    build(cls.Options, found["options"])
    build(cls.Prompt, found["prompt"])
    assert capfd.readouterr() == ("", "")


def test_the_library_keeps_it_and_its_recipe_makes_it_again(medium, asked, tmp_path):
    with Library(tmp_path / "library") as library, Studio("cpu", library) as studio:
        made = studio.generate(medium, **asked, emotion="sad")
        entry = library.search("")[0]
        again = format_of(medium).read(entry.path, entry.recipe)
        assert type(again) is type(made.media) and again.duration_s == pytest.approx(made.duration_s, abs=0.1)
        remade = studio.from_recipe(made.recipe)
    assert dump(remade.media, tmp_path) == dump(made.media, tmp_path)
