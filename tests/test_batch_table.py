"""`affect batch` over tables and folders: how they are read, what rows ask for, what results are called."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import soundfile
import tiny_backend
from cli_driver import complaint
from standin_conversion import StandinConversion

from generators import registry
from studio.batch import Defaults, read_requests
from studio.batch_names import Names
from studio.batch_request import read_request
from studio.batch_table import read_table
from studio.cli import main


@pytest.fixture(autouse=True)
def standins(monkeypatch, tmp_path):
    monkeypatch.setitem(registry.BACKENDS, "tiny", "tiny_backend:TinyBackend")
    monkeypatch.setitem(registry.BACKENDS, "conversion", "standin_conversion:StandinConversion")
    monkeypatch.setattr(tiny_backend.TinyBackend, "opened", 0)
    monkeypatch.setattr(StandinConversion, "ran", [])
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))


@pytest.fixture
def takes(tmp_path):
    """A folder with a mono and a stereo recording, and things that are none."""
    folder = tmp_path / "takes"
    folder.mkdir()
    record(folder / "take.wav")
    record(folder / "two.WAV", channels=2)
    (folder / "notes.txt").write_text("none")
    (folder / ".hidden.wav").write_text("none")
    (folder / "more.wav").mkdir()
    return folder


def record(path, channels=1, seed=0):
    noise = np.random.default_rng(seed).normal(0, 0.1, (4000, channels))
    with open(path, "wb") as file:
        soundfile.write(file, noise, 16000, format="WAV")


def table(path, *rows, encoding="utf-8"):
    path.write_bytes("\r\n".join(rows).encode(encoding))
    return path


def batch(capsys, requests, out_dir, *flags):
    arguments = ["--out-dir", out_dir, "--device", "cpu", "--quiet", "--no-library", *flags]
    code = main(["batch", str(requests), *map(str, arguments)])
    shown = capsys.readouterr()
    assert shown.err == ""
    return code, [json.loads(line) for line in shown.out.splitlines()]


def refused(capsys, requests, *flags):
    """Gives the one line with which a command is refused before anything is made."""
    out_dir = requests.parent / "refused"
    assert main(["batch", str(requests), "--out-dir", str(out_dir), *map(str, flags)]) == 2
    assert not out_dir.exists()
    return complaint(capsys)


def drafts_of(path, **defaults):
    return read_requests(path, path.parent / "out", defaults=Defaults(**defaults))


def test_a_table_of_recordings(takes, tmp_path, capsys):
    rows = [
        "audio,emotion,intensity,keep timing,seed,id,out",
        'take.wav,"60% sad, 40% angry",0.5,yes,3,first,named.wav',
        "take.wav,angry,,,,,",
        "two.WAV,angry,1.2,no,,,sub/two.flac",
        "",
        "gone.wav,angry,,,,,",
        "take.wav,angry,,maybe,,,",
        "take.wav,angry,much,,,wrong,",
        "take.wav,angry,1,no,1,long,a.wav,more",
        "take.wav,angry,,,,up,../up.wav",
        "take.txt,angry,,,,,",
    ]
    requests = table(takes / "requests.csv", *rows)
    code, made = batch(capsys, requests, tmp_path / "out", "--modality", "conversion")
    assert code == 2
    assert [row["id"] for row in made] == ["first", "3", "4", "6", "7", "wrong", "long", "up", "11"]
    assert [row.get("out") for row in made if row["state"] == "done"] == [
        "named.wav",
        "take-angry.wav",
        "sub/two.flac",
    ]
    assert [row["warnings"] for row in made if "warnings" in row] == [["2 channels were mixed into one"]]
    errors = {row["id"]: row["error"] for row in made if row["state"] == "failed"}
    assert all(error.startswith("expected ") for error in errors.values())
    assert "existing file for audio" in errors["6"] and str(takes / "gone.wav") in errors["6"]
    assert "true or false for keep_timing, got 'maybe'" in errors["7"]
    assert "got 'much'" in errors["wrong"] and "at most 7 cells" in errors["long"]
    assert "inside of the output folder" in errors["up"] and "ending in .wav" in errors["11"]
    assert {path.name for path in tmp_path.iterdir()} == {"takes", "out"}
    recipe = made_recipe(tmp_path / "out" / "named.wav")
    assert recipe["prompt"]["audio"] == str(takes / "take.wav") and recipe["prompt"]["keep_timing"] is True
    assert recipe["options"]["seed"] == 3 and recipe["emotion"]["intensity"] == 0.5
    assert "warnings" not in recipe
    assert made_recipe(tmp_path / "out" / "sub" / "two.flac")["warnings"] == made[2]["warnings"]


def made_recipe(path):
    from studio.export import recipe_of

    return recipe_of(path)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_write(separator, encoding, tmp_path):
    number = "0.5" if separator == "," else "0,5"
    rows = [["Bars", "register", "emotion", "delay", ""], ["4", number, "über “ja, nein”; so", "1", ""]]
    rows = [separator.join(f'"{cell}"' for cell in row) for row in rows]
    path = table(tmp_path / "a.csv", *rows, "", 2 * separator, encoding=encoding)
    (draft,) = drafts_of(path, modality="tiny")
    assert draft.error == "" and draft.id == "2"
    assert draft.values == {
        "modality": "tiny", "bars": 4, "register": 0.5, "emotion": "über “ja, nein”; so", "delay_s": 1.0,
        "out": "2.mid",
    }  # fmt: skip


def test_a_cell_may_have_lines_and_rows_keep_their_number(tmp_path):
    path = table(tmp_path / "a.csv", "text,id", '"one', 'more",', "", "two,", "three,x")
    drafts = drafts_of(path, modality="speech")
    assert [(draft.id, draft.values["out"]) for draft in drafts] == [
        ("2", "2.wav"), ("5", "5.wav"), ("x", "x.wav"),
    ]  # fmt: skip
    assert drafts[0].values["text"].split() == ["one", "more"]


def test_rows_say_their_medium_or_the_flag_does(takes):
    path = table(takes / "a.csv", "modality,audio,bars,emotion", "tiny,,2,", "conversion,take.wav,,sad",
                 ",take.wav,,", "conversion,take.wav,2,", "smell,,,")  # fmt: skip
    drafts = drafts_of(path, modality="conversion", emotion="happy", intensity=0.5)
    feelings = [(draft.values.get("emotion"), draft.values.get("intensity")) for draft in drafts[:3]]
    assert feelings == [("happy", 0.5), ("sad", 0.5), ("happy", 0.5)]
    assert [draft.values.get("modality") for draft in drafts[:3]] == ["tiny", "conversion", "conversion"]
    assert "argument of conversion" in drafts[3].error and "got 'bars'" in drafts[3].error
    assert "expected a medium out of" in drafts[4].error
    (first, *_) = drafts_of(path)
    assert first.error == "" and drafts_of(path)[2].error == "expected a modality, got none"


def test_tables_that_are_none(takes, capsys):
    def error(*rows, encoding="utf-8", flags=("--modality", "conversion")):
        return refused(capsys, table(takes / "bad.csv", *rows, encoding=encoding), *flags)

    assert "a header row of column names" in error("take.wav,angry", "two.wav,sad")
    assert "got 'emotoin' (nearest: emotion)" in error("audio,emotoin", "take.wav,sad")
    assert "got 'bars'" in error("audio,bars", "take.wav,2"), "a column of another medium"
    assert "every column once, got 'audio' 2 times" in error("audio,Audio", "take.wav,take.wav")
    assert "a name for column 2" in error("audio,,emotion", "take.wav,,sad")
    assert "as UTF-8 text" in error("audio,emotion", "täke.wav,sad", encoding="latin-1")
    assert "as UTF-8 text" in error("audio,emotion", "take.wav,sad", encoding="utf-16")
    assert "empty table" in error("", " , ") and "empty table" in error()
    assert "rows under the header" in error("audio,emotion", ",")
    assert "from line 2 on" in error("audio,emotion", 'take.wav,"sad', "take.wav,sad")
    assert "a medium for the rows" in error("audio", "take.wav", flags=())
    assert "a medium out of" in error("audio", "take.wav", flags=("--modality", "smell"))
    assert "existing file or folder" in refused(capsys, takes / "none.csv")
    good = table(takes / "good.csv", "audio", "take.wav")
    for flags, message in (
        (("--intensity", "much"), "got 'much'"),
        (("--intensity", "2"), "intensity as a number from 0 to 1.5"),
        (("--emotion", "{"), "expected JSON"),
        (("--in-dir", takes / "none"), "an existing folder of inputs"),
    ):
        assert message in refused(capsys, good, "--modality", "conversion", *flags)
    lines = table(takes / "a.jsonl", '{"modality": "tiny", "out": "a.mid"}')
    for flags in (("--emotion", "sad"), ("--in-dir", takes), ("--modality", "tiny")):
        assert "expected a table (.csv)" in refused(capsys, lines, *flags)


def test_files_of_a_table_lie_in_its_folder_or_where_it_is_said(takes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()
    rows = ("audio,emotion", "take.wav,take.wav", f"{takes / 'take.wav'},curve.json",
            'take.wav,"0:calm, 2:take.wav"', 'take.wav,"60% take.wav, 40% sad"')  # fmt: skip
    (takes / "curve.json").write_text('[[0, "calm"], [2, {"phrase": "so", "intensity": 0.5}]]')
    path = table(tmp_path / "lists" / "a.csv", *rows)
    drafts = read_requests(path, tmp_path / "out", in_dir="takes", defaults=Defaults("conversion"))
    assert {draft.values["audio"] for draft in drafts} == {str(takes / "take.wav")}
    assert [draft.values["emotion"] for draft in drafts] == [
        str(takes / "take.wav"),
        [[0, "calm"], [2, {"phrase": "so", "intensity": 0.5}]],
        [(0.0, "calm"), (2.0, str(takes / "take.wav"))],
        {str(takes / "take.wav"): 0.6, "sad": 0.4},
    ]
    (first, *_) = drafts_of(path, modality="conversion")
    assert first.values["audio"] == str(tmp_path / "lists" / "take.wav")
    with pytest.raises(FileNotFoundError, match="expected an existing file for audio"):
        read_request(first, tmp_path)


def test_a_field_that_holds_a_name_is_no_path(takes):
    from studio.batch_request import input_files, names_file

    assert names_file("Take.WAV", (".wav",)) and not names_file("kathleen", (".wav",))
    assert input_files("conversion", {"audio": "kathleen"}) == {}


def test_results_without_a_name(takes):
    record(takes / "take.flac")
    rows = ("audio,emotion,intensity,out", "take.wav,Angry!,,", "take.flac,angry,,", "take.wav,angry,0.3,",
            "take.wav,angry,0.3,", "take.wav,,,", "take.wav,angry,,TAKE-angry.wav",
            'take.wav,"0:calm, 2:joyful 0.9",,')  # fmt: skip
    outs = [draft.values["out"] for draft in drafts_of(table(takes / "a.csv", *rows), modality="conversion")]
    assert outs == [
        "take-angry-2.wav", "take-angry-3.wav", "take-angry-0.3.wav", "take-angry-0.3-2.wav",
        "take-neutral.wav", "TAKE-angry.wav", "take-0-calm-2-joyful-0.9.wav",
    ]  # fmt: skip
    names = Names()
    assert names.name("Scene 1/../Über", {"modality": "tiny"}, None) == "Scene-1-..-Über.mid"
    assert names.name("???", {"modality": "tiny"}, None) == "result.mid"
    assert names.name("a", {"modality": "speech"}, None) == "a.wav", "the library keeps sounds as .flac"
    assert names.name("1", {"modality": "conversion", "audio": "x.wav"}, "refs/mine.wav") == "x-mine.wav"


def test_a_folder_is_converted_alike(takes, tmp_path, capsys):
    flags = ("--modality", "conversion", "--emotion", "angry", "--intensity", "0.6")
    code, rows = batch(capsys, takes, takes / "out", *flags)
    assert code == 0
    assert [(row["id"], row["out"]) for row in rows] == [
        ("take.wav", "take-angry.wav"), ("two.WAV", "two-angry.wav"),
    ]  # fmt: skip
    assert rows[1]["warnings"] == ["2 channels were mixed into one"] and "warnings" not in rows[0]
    emotion = made_recipe(takes / "out" / "take-angry.wav")["emotion"]
    assert emotion["intensity"] == 0.6 and emotion["weights"] == {"anger": 1.0}
    _, rows = batch(capsys, takes, takes / "out", *flags)
    assert [row["state"] for row in rows] == ["skipped"] * 2, "what was made is no recording of the folder"
    _, rows = batch(capsys, takes, takes / "out", *flags[:-1], "0.7")
    assert [row["state"] for row in rows] == ["done"] * 2


def test_folders_that_cannot_be_converted(takes, tmp_path, capsys):
    assert "a medium for the files" in refused(capsys, takes)
    assert "makes each result from a file, got 'tiny'" in refused(capsys, takes, "--modality", "tiny")
    assert "expected a table" in refused(capsys, takes, "--modality", "conversion", "--in-dir", takes)
    (tmp_path / "empty").mkdir()
    assert "files ending in .wav" in refused(capsys, tmp_path / "empty", "--modality", "conversion")
    same = ["batch", takes, "--out-dir", takes / "out" / "..", "--modality", "conversion"]
    (takes / "out").mkdir()
    assert main([str(one) for one in same]) == 2
    assert "other than the input folder" in complaint(capsys)


def test_what_is_done_is_skipped_until_its_files_change(takes, tmp_path, capsys, monkeypatch):
    path = table(takes / "a.csv", "audio,emotion", "take.wav,sad", "two.WAV,sad")
    flags = ("--modality", "conversion")
    states = [row["state"] for row in batch(capsys, path, tmp_path / "out", *flags)[1]]
    assert states == ["done", "done"]
    monkeypatch.chdir(takes)
    states = [row["state"] for row in batch(capsys, "a.csv", "../out", *flags)[1]]
    assert states == ["skipped", "skipped"], "from wherever it is called"
    record(takes / "take.wav", seed=1)
    table(path, "audio;emotion", "take.wav;sad", "two.WAV;sad", "two.WAV;happy")
    rows = batch(capsys, path, tmp_path / "out", *flags)[1]
    assert [row["state"] for row in rows] == ["done", "skipped", "done"]
    (takes / "two.WAV").unlink()
    code, rows = batch(capsys, path, tmp_path / "out", *flags)
    assert code == 2 and [row["state"] for row in rows] == ["skipped", "failed", "failed"]


def test_files_of_lines_count_too(takes, tmp_path, capsys):
    ask = {"modality": "conversion", "audio": str(takes / "take.wav"), "out": "a.wav"}
    heard = {"modality": "tiny", "emotion": str(takes / "curve.json"), "out": "a.mid"}
    (takes / "curve.json").write_text('[[0, "sad"]]')
    lines = table(tmp_path / "a.jsonl", json.dumps(ask), json.dumps(heard))

    def states():
        return [row["state"] for row in batch(capsys, lines, tmp_path / "out")[1]]

    assert states() == ["done", "done"] and states() == ["skipped", "skipped"]
    record(takes / "take.wav", seed=1)
    assert states() == ["done", "skipped"]
    (takes / "curve.json").write_text('[[0, "happy"]]')
    assert states() == ["skipped", "done"]


def test_a_reference_counts_by_its_content(takes, tmp_path):
    def mark(emotion):
        path = table(
            tmp_path / "a.jsonl", json.dumps({"modality": "tiny", "out": "a.mid", "emotion": emotion})
        )
        (draft,) = read_requests(path, tmp_path)
        return read_request(draft, tmp_path).fingerprint

    take = str(takes / "take.wav")
    forms = (
        take,
        f"0:calm, 2:{take}",
        f"60% {take}, 40% sad",
        [take, 0.5],
        {take: 0.7, "sad": 0.3},
        {"text": "So.", "audio": take},
        {"keyframes": [[0, "calm"], [2, take]]},
        "sad",
        {"phrase": take},
    )
    before = [mark(form) for form in forms]
    assert len(set(before)) == len(forms) and before == [mark(form) for form in forms]
    shutil.copy(takes / "two.WAV", take)
    changed = [one != other for one, other in zip(before, map(mark, forms), strict=True)]
    assert changed == [True] * 7 + [False] * 2


def test_marks_of_requests_without_files_stay_as_they_were(tmp_path):
    """So that a batch of an earlier version is not made again."""
    path = table(tmp_path / "a.jsonl", '{"modality": "tiny", "emotion": "joyful 0.9", "out": "a.mid"}')
    (draft,) = read_requests(path, tmp_path)
    mark = "3b193a1aa586fb4eaf647bfafa7dc421a2bb0fb5b897a1da2f45086e5f7473c1"
    assert read_request(draft, tmp_path).fingerprint == mark


def test_an_input_is_never_written_over(takes, capsys):
    before = (takes / "take.wav").read_bytes()
    path = table(takes / "a.csv", "audio,out", "take.wav,take.wav", "take.wav,")
    code, rows = batch(capsys, path, takes, "--modality", "conversion")
    assert code == 2 and [row["state"] for row in rows] == ["failed", "done"]
    assert "not the input file" in rows[0]["error"] and (takes / "take.wav").read_bytes() == before


def test_ctrl_c_ends_a_table_too(takes, monkeypatch, capsys):
    from generators.base import Cancelled

    def generate(self, *args, **kwargs):
        raise Cancelled

    monkeypatch.setattr(StandinConversion, "generate", generate)
    out = takes.parent / "out"
    code = main(["batch", str(takes), "--modality", "conversion", "--out-dir", str(out), "--device", "cpu"])
    assert code == 130 and capsys.readouterr().err == "affect: cancelled\n" and list(out.iterdir()) == []


def test_a_voice_of_a_recording_is_taken_from_beside_the_table(tmp_path):
    for name in ("take.wav", "clip.wav"):
        (tmp_path / name).write_bytes(b"sound")
    table = tmp_path / "rows.csv"
    table.write_text("audio,voice,emotion\ntake.wav,clip.wav,sad\ntake.wav,kathleen,sad\n", encoding="utf-8")
    clip, named = read_table(table, tmp_path, Defaults("conversion"))
    assert clip.values["voice_clip"] == str(tmp_path / "clip.wav") and "voice" not in clip.values
    assert named.values["voice"] == "kathleen"
    before = read_request(clip, tmp_path / "out").fingerprint
    (tmp_path / "clip.wav").write_bytes(b"other")
    assert read_request(clip, tmp_path / "out").fingerprint != before
