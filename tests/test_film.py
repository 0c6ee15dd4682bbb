"""A medium that is large, silent in parts and made from two files needs a row in each table, and no more."""

from __future__ import annotations

import gc
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile
import standin_film
from PIL import Image
from standin_film import FORMAT, PREFIX, Film

from generators import registry
from generators.media import Audio
from generators.on_disk import ScratchFile
from studio import JobQueue, Library, Studio
from studio.batch_names import Names
from studio.batch_request import Defaults
from studio.batch_table import read_folder
from studio.export import recipe_of
from studio.formats import FORMATS
from studio.library_entry import media_of
from studio.ui import looks
from studio.ui.api import generate as generate_outside
from studio.ui.live import Heard
from studio.ui.making import Workshop
from studio.ui.served import ServedFolder
from studio.ui.stage import add_stage


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(registry.BACKENDS, "film", "standin_film:StandinFilm")
    monkeypatch.setitem(FORMATS, Film, FORMAT)
    monkeypatch.setitem(looks.LOOKS, "Film", "film_look")
    monkeypatch.setitem(looks.NAMES, ".mp4", "MP4")
    monkeypatch.setitem(looks.NAMES, ".csv", "CSV")
    monkeypatch.setitem(sys.modules, "studio.ui.film_look", standin_film)


@pytest.fixture
def request_for(tmp_path):
    photo, take = tmp_path / "me.jpg", tmp_path / "take.wav"
    Image.new("RGB", (8, 8)).save(photo)
    soundfile.write(take, np.zeros(800, np.float32), 8000)
    return {"image": photo, "audio": take, "seed": 1}


@pytest.fixture
def workshop(tmp_path):
    library = Library(tmp_path / "library")
    with library, Studio("cpu") as studio, JobQueue(studio, library) as queue:
        yield Workshop(queue, library, ServedFolder(library))


def made(workshop, request):
    """Gives the entry of a request, and the last that was known of its job."""
    told = {name: str(value) if isinstance(value, Path) else value for name, value in request.items()}
    *_, job = workshop.follow({"modality": "film", **told, "emotion": "joy"})
    return workshop.entry_of(job), job


def test_a_scratch_file_is_there_as_long_as_it_is_held():
    file = ScratchFile(".mp4")
    path = Path(file)
    path.write_bytes(b"x")
    film = Film(file, 1, 25.0)
    del file
    gc.collect()
    assert path.is_file() and path.suffix == ".mp4"
    del film
    gc.collect()
    assert not path.exists()


def test_a_result_is_saved_and_kept_and_leaves_no_scratch(request_for, tmp_path):
    with Studio("cpu", library=tmp_path / "library") as studio:
        result = studio.generate("film", emotion="joy", **request_for)
        scratch = Path(result.media.file)
        assert recipe_of(result.save(tmp_path / "out.csv")) == result.recipe
        assert set(result.recipe["inputs"]) == {"image", "audio"}
        entry = studio.library.list()[0]
        del result
        gc.collect()
        assert not scratch.exists()
        again = media_of(entry)
        assert again.file == entry.path and Path(again.file).read_bytes().startswith(PREFIX)
        assert recipe_of(entry.path) == entry.recipe


def test_a_sound_that_was_made_here_moves_the_photo(request_for, tmp_path, monkeypatch):
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    line = Audio(np.zeros((1, 800), np.float32), 8000)
    with Studio("cpu") as studio:
        prompt, _, _ = studio.check("film", **{**request_for, "audio": line})
    assert Path(prompt.audio).suffix == ".flac" and Path(prompt.audio).is_file()


def test_the_stage_shows_a_film_and_no_sound(workshop, request_for):
    import gradio as gr

    with gr.Blocks():
        stage = add_stage("library", looks.all_downloads(), "")
    entry, _ = made(workshop, request_for)
    first, files = stage.show(workshop, entry)
    assert 'class="film"' in first[stage.picture] and ".mp4" in first[stage.picture]
    assert first[stage.sound]["visible"] is False and first[stage.sound]["value"] is None
    assert "50 frames" in first[stage.title] and "The face is small" in first[stage.title]
    # The film has a second name there; it is on the disk once.
    assert Path(files[stage.downloads[".mp4"]]["value"]).samefile(entry.path)


def test_parts_without_a_sound_are_not_heard(workshop, request_for):
    _, job = made(workshop, request_for)
    heard = Heard(workshop, "player")
    assert job.num_parts == 1 and heard.take(job)["player"]["parts"] == [] and not heard.paths


def test_other_programs_get_the_film(workshop, request_for):
    told = {name: str(request_for[name]) for name in ("image", "audio")}
    played, exact, recipe = generate_outside(
        workshop, "film", {**told, "emotion": "joy", "intensity": 1.0, "options": {}}
    )
    assert Path(played).suffix == ".mp4" and played == exact and recipe["modality"] == "film"


def test_the_page_keeps_no_more_than_it_may(workshop, request_for, monkeypatch):
    monkeypatch.setattr("studio.ui.served.MOST_BYTES", 10)
    first, second = (made(workshop, {**request_for, "seed": seed})[0] for seed in (1, 2))
    paths = [workshop.served.file(entry, ".mp4") for entry in (first, second)]
    assert [path.is_file() for path in paths] == [False, True]
    assert workshop.served.file(first, ".mp4").is_file() and first.path.is_file()


def test_a_batch_names_results_by_both_files(request_for, tmp_path):
    values = {"modality": "film", "image": "me.jpg", "audio": "take.wav"}
    assert Names().name("1", values, "sad") == "me-take-sad.mp4"
    with pytest.raises(ValueError, match=r"expected a table with image and audio for film"):
        read_folder(tmp_path, tmp_path / "out", Defaults(modality="film"))


def test_a_notebook_shows_the_film(request_for, monkeypatch):
    shown = []
    display = types.SimpleNamespace(display=shown.append, Video=lambda **words: words["filename"])
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(display=display))
    with Studio("cpu") as studio:
        studio.generate("film", **request_for).show_in_notebook()
    assert [Path(path).suffix for path in shown] == [".mp4"]
