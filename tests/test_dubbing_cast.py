"""Around a script: its voices, files that it names, suggested feelings, and what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from script_material import SRT, error_of, script_in

from conditioning import EmotionCurve, load_space
from conditioning.curve_parts import stretch
from studio.dubbing.line import Line, Script, Speaker
from studio.dubbing.script import read_script
from studio.dubbing.suggest import suggested
from studio.dubbing.voices import read_voices, speaker_of
from studio.dubbing.write import write_script, write_subtitles


@pytest.fixture
def script(tmp_path):
    return script_in(tmp_path)


@pytest.mark.parametrize(
    ("emotion", "complaint"),
    [
        ('"../a.wav"', "inside of the script's folder"),
        ('"60% a.wav, 40% /etc/b.wav"', "inside of the script's folder"),
        ('{"a.wav": 0.5, "link.wav": 0.5}', "inside of the script's folder"),
        ('{"text": "Oh.", "audio": "/etc/b.wav"}', "inside of the script's folder"),
        ('[[0, "a.wav"], [1, {"text": "Oh.", "audio": "/etc/passwd"}]]', "expected"),
        ('[[0, "a.wav"], [1, "/etc/b.wav "]]', "expected"),
        ('"none.wav"', "an existing file"),
        ('"other.json"', "an existing file"),
    ],
)
def test_references_stay_in_the_scripts_folder(script, tmp_path, emotion, complaint):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "link.wav").symlink_to("/etc/hostname")
    found = script(f'[{{"start": 0, "end": 1, "text": "Oh.", "emotion": {emotion}}}]', ".json").lines[0]
    assert complaint in found.error and found.emotion is None


def test_references_are_read_and_written_from_the_scripts_folder(script, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "mix.json").write_text('{"a.wav": 0.5, "sad": 0.5}')
    fine = '[{"start": 0, "end": 1, "text": "Oh.", "emotion": {"text": "Oh.", "audio": "a.wav"}}]'
    assert script(fine, ".json").lines[0].emotion == {"text": "Oh.", "audio": str(tmp_path / "a.wav")}
    assert script(SRT.format("[emotion: mix.json] Oh.")).lines[0].emotion == {
        str(tmp_path / "a.wav"): 0.5,
        "sad": 0.5,
    }
    again = write_script(script(SRT.format("[60% a.wav, 40% sad] Oh.")), tmp_path / "again.srt")
    assert (
        '[emotion: {"a.wav": 0.6, "sad": 0.4}]' in again.read_text() and not read_script(again).lines[0].error
    )


def test_voices_beside_a_script_win(script, tmp_path):
    (tmp_path / "film.voices.yaml").write_text(
        "voices:\n  ANNA: {voice: emodb_03, speed: 1.1}\n  Carl: take.wav\n"
    )
    (tmp_path / "take.wav").write_bytes(b"RIFF")
    found = script("# Anna: kathleen\n# Bob: kathleen\n" + SRT.format("<v anna>Oh."))
    assert {name: one.voice for name, one in found.cast.items()} == {
        "Bob": "kathleen", "ANNA": "emodb_03", "Carl": str(tmp_path / "take.wav")
    }  # fmt: skip
    assert found.lines[0].speaker == "ANNA"
    assert set(script("# Bob: kathleen\n" + SRT.format("Oh."), sidecar=False).cast) == {"Bob"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "voices by name"),
        ("- a\n- b\n", "voices by name"),
        ("Anna: katleen", "such as kathleen"),
        ("Anna: {gain_db: 3}", "a voice for Anna"),
        ("Anna: {voice: kathleen, gain: 3}", "nearest: gain_db"),
        ("Anna: {voice: kathleen, gain_db: .nan}", "-60 to 24"),
        ("Anna: {voice: kathleen, language: fr}", "auto, en-US"),
        ("Anna: {voice: kathleen, image: a.exe}", "a photo of Anna"),
        ("Anna: ../other.wav", "inside of the script's folder"),
        ("Anna: link.wav", "inside of the script's folder"),
        ("Anna: none.wav", "an existing file"),
        ("Anna: kathleen\nAnna: emodb_03", "twice"),
        ("Anna: kathleen\nANNA: emodb_03", "twice"),
        ("a: &a [x, x]\nb: *a", "alias"),
        ("Anna: !!python/object/apply:os.system [ls]", "voices by name"),
        ("[" * 1200, "voices by name"),
        ("x" * 140_000, "at most 131,072"),
    ],
)
def test_bad_voices_are_refused_in_one_line(tmp_path, text, complaint):
    (tmp_path / "other.wav").write_bytes(b"RIFF")
    folder = tmp_path / "film"
    folder.mkdir()
    (folder / "link.wav").symlink_to(tmp_path / "other.wav")
    (folder / "cast.yaml").write_text(text)
    assert complaint in error_of(read_voices, folder / "cast.yaml", kind=(ValueError, FileNotFoundError))


def test_who_speaks():
    default = Speaker("narrator", "kerstin")
    cast = {"Anna": Speaker("Anna", "kathleen", gain_db=-3.0)}
    said = Line(1, 0, 1, "Oh.")
    assert speaker_of(said, cast, default) == default
    assert speaker_of(Line(1, 0, 1, "Oh.", speaker="ANNA"), cast, default) == cast["Anna"]
    assert speaker_of(Line(1, 0, 1, "Oh.", speaker="Carl"), {}, default) == Speaker("Carl", "kerstin")
    assert speaker_of(Line(1, 0, 1, "Oh.", speaker="Anna", voice="emodb_03"), cast, default).gain_db == -3.0
    assert "nearest: Anna" in error_of(speaker_of, Line(1, 0, 1, "Oh.", speaker="Ana"), cast, default)


def test_lines_that_say_nothing_of_a_feeling_get_one_from_their_words():
    texts = ["I miss her so much.", "The train leaves at nine.", "I miss her so much.", "I miss her so much."]
    lines = [Line(number, number - 1.0, number, text) for number, text in enumerate(texts, 1)]
    lines[2] = replace(lines[2], emotion="joyful")
    lines[3] = replace(lines[3], intensity=0.2)
    lines.append(Line(5, 0.0, 0.0, "", error="expected"))
    told = []
    found = suggested(
        Script(tuple(lines)), None, on_step=lambda step, total: told.append((step, total))
    ).lines
    assert (found[0].emotion, found[0].suggested) == ("sadness", True) and 0 < found[0].intensity <= 1
    assert (found[1].emotion, found[1].suggested) == ("neutral", False)
    assert (found[2], found[4]) == (lines[2], lines[4])
    assert (found[3].emotion, found[3].intensity) == ("sadness", 0.2) and told[-1] == (3, 3)


def test_a_feeling_that_was_asked_for_is_that_of_lines_that_say_none():
    lines = (Line(1, 0.0, 1.0, "I miss her so much."), Line(2, 2.5, 4.0, "Yes.", intensity=0.5))
    found = suggested(Script(lines), EmotionCurve.parse([(0, "calm"), (2, "angry")])).lines
    assert not any(line.suggested for line in found) and found[1].intensity == 0.5
    assert len(EmotionCurve.parse(found[0].emotion).keyframes) == 2
    assert EmotionCurve.parse(found[1].emotion) == EmotionCurve.parse("angry")


def test_other_languages_are_neutral_with_a_warning():
    found = suggested(Script((Line(1, 0, 1, "Ich vermisse sie so sehr."),)), None)
    assert found.lines[0].emotion == "neutral" and "de-DE" in found.warnings[0]
    assert suggested(Script(()), None) == Script(())


def test_a_stretch_of_a_curve_is_the_curve():
    curve = EmotionCurve.parse([(0, "sad"), (4, "joyful"), (10, "calm")])
    space, part = load_space(), stretch(curve, 3.0, 6.0)
    assert (space.embed_curve(curve, [3, 4, 5, 6]) - space.embed_curve(part, [0, 1, 2, 3])).abs().max() < 1e-5


def test_scripts_are_whole_or_not_there(tmp_path):
    good = Script((Line(1, 0.0, 1.0, "Oh.", voice=str(tmp_path / "voices" / "a.wav")),))
    path = write_script(good, tmp_path / "a.json")
    assert '"voice": "voices/a.wav"' in path.read_text()
    before = path.read_bytes()
    outside = Script((Line(1, 0.0, 1.0, "Oh.", voice=str(tmp_path.parent / "a.wav")),))
    assert "copy it there" in error_of(write_script, outside, path)
    late = Script((Line(1, 36_000.0, 36_001.0, "Oh."),))
    assert ".ass" in error_of(write_script, late, tmp_path / "late.ass")
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_script(Script((Line(1, 0.0, 1.0, "Oh."),)), tmp_path / "a.srt")
    before = path.read_bytes()

    def full(file, text, **named):
        file.write_bytes(text.encode()[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_script(Script((Line(1, 0.0, 1.0, "No."),)), path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["a.srt"]


def test_subtitles_for_people(tmp_path):
    rows = [
        (3.0, 4.5, "", "See {K AE1 T}, *not* this."),
        (0.5, 2.0, "Anna", "A tomato{t ə}[pause 0.2s] & <b> " + "so " * 20),
    ]
    text = write_subtitles(rows, tmp_path / "a.srt").read_text()
    assert text.startswith("1\n00:00:00,500 --> 00:00:02,000\nA tomato & <b> so so")
    assert text.endswith("00:00:03,000 --> 00:00:04,500\nSee K AE1 T, not this.\n\n")
    assert max(map(len, text.splitlines())) <= 42
    assert "<v Anna>A tomato &amp; &lt;b&gt; so" in write_subtitles(rows, tmp_path / "a.vtt").read_text()
    assert ",Anna,0,0,0,,A tomato & <b> so" in write_subtitles(rows, tmp_path / "a.ass").read_text()
    assert "an end after the start" in error_of(write_subtitles, [(2.0, 1.0, "", "x")], tmp_path / "a.srt")
    assert "times from 0" in error_of(write_subtitles, [(float("nan"), 1.0, "", "x")], tmp_path / "a.srt")
    assert write_subtitles([], tmp_path / "none.vtt").read_text().startswith("WEBVTT")
