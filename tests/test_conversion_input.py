"""Recordings that are no good: one line that says so, or a result with a warning, and never anything else."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_driver import complaint
from conversion_material import NAME, convert, small_backend, voice_like

from generators import registry
from generators.conversion.backend import ConversionBackend
from generators.voice.features import SAMPLE_RATE
from studio.cli import main

HARDLY = "hardly any speech was found: music and noise come out changed, but not as a feeling"
CLIPPED = "the recording is clipped: what is cut off cannot be restored"
SEVERAL = "several people seem to speak: the result treats them as one"
CUT_SHORT = "the file breaks off before its end: what it holds was converted"

REFUSED = {
    "silence": "expected speech, got silence in 'silence.wav'",
    "offset_alone": "expected speech, got silence in 'offset_alone.wav'",
    "no_samples": "expected at least 0.25 s of speech, got 0 s in 'no_samples.wav'",
    "one_sample": "expected at least 0.25 s of speech, got .* in 'one_sample.wav'",
    "too_short": "expected at least 0.25 s of speech, got 0.246 s in 'too_short.wav'",
    "text": "expected a readable sound file, got 'text.wav'",
    "empty": "expected a readable sound file, got 'empty.wav'",
    "half_a_header": "expected a readable sound file, got 'half_a_header.wav'",
    "half_a_flac": "expected a readable sound file, got 'half_a_flac.flac'",
    "nan": "expected finite samples, got others in 'nan.wav'",
    "faint_nan": "expected finite samples, got others in 'faint_nan.wav'",
    "infinite": "expected finite samples, got others in 'infinite.wav'",
    "folder": "expected a sound file, got a folder",
    "missing": "expected a sound file, got no file",
    "too_slow": "expected a rate of 2000 to 768000 Hz, got 1000 in 'too_slow.wav'",
    "choir": "expected at most 32 channels, got 33 in 'choir.wav'",
}
WARNED = {
    "8_channels": ["8 channels were mixed into one"],
    "192_khz": [],
    "2_khz": [],
    "shortest": [],
    "cut_short": [CUT_SHORT],
    "clipped": [CLIPPED],
    "beyond_full_scale": [CLIPPED],
    "faint": [],
    "offset": [],
    "noise": [HARDLY],
    "sine": [HARDLY],
    "chords": [HARDLY],
    "click": [HARDLY],
    "one_word": [HARDLY],
    "phases_apart": ["2 channels were mixed into one", HARDLY],
}


def sounds() -> dict[str, tuple]:
    """What is written with soundfile: samples, and the rate and subtype where they are not the usual ones."""
    voice, rng = voice_like(2.0), np.random.default_rng(0)
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    word = np.zeros(20 * SAMPLE_RATE)
    word[10 * SAMPLE_RATE :][:14_400] = voice[:14_400]
    faint = np.concatenate([0.01 * np.tile(voice, 3), np.tile(voice, 8)])
    faint[100] = np.nan
    nan, infinite = voice.copy(), voice.copy()
    nan[1000], infinite[1000] = np.nan, np.inf
    chords = [
        sum(np.sin(2 * np.pi * hertz * 2 ** (step / 12) * k * time[:24_000]) / k
            for hertz in (110, 138.6, 164.8) for k in range(1, 8)) * np.exp(-2 * time[:24_000])
        for step in (0, 5, 7, 0)
    ]  # fmt: skip
    return {
        "silence": (np.zeros(SAMPLE_RATE),),
        "offset_alone": (np.full(SAMPLE_RATE, 0.5),),
        "no_samples": (np.zeros(0),),
        "one_sample": (np.full(1, 0.5),),
        "too_short": (voice[:5900],),
        "nan": (nan, SAMPLE_RATE, "FLOAT"),
        "faint_nan": (faint, SAMPLE_RATE, "FLOAT"),
        "infinite": (infinite, SAMPLE_RATE, "FLOAT"),
        "too_slow": (voice_like(2.0, 1000), 1000),
        "choir": (np.tile(voice[:9000, None], 33),),
        "8_channels": (np.tile(voice[:, None], 8),),
        "192_khz": (voice_like(1.0, 192_000), 192_000),
        "2_khz": (voice_like(2.0, 2000), 2000),
        "shortest": (voice[:6000],),
        "clipped": ((6 * voice).clip(-1, 1),),
        "beyond_full_scale": (1e30 * voice, SAMPLE_RATE, "FLOAT"),
        "faint": (1e-4 * voice, SAMPLE_RATE, "FLOAT"),
        "offset": (voice + 0.2, SAMPLE_RATE, "FLOAT"),
        "noise": (rng.normal(0, 0.1, 48_000),),
        "sine": (0.3 * np.sin(2 * np.pi * 220 * time),),
        "chords": (0.05 * np.concatenate(chords),),
        "click": (0.9 * np.eye(1, 48_000, 24_000)[0],),
        "one_word": (word,),
        "phases_apart": (np.stack([voice, -voice], 1),),
        "usual": (voice, SAMPLE_RATE, "FLOAT"),
    }


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    """Gives the path of a recording by its name."""
    folder = tmp_path_factory.mktemp("takes")
    for name, (samples, *how) in sounds().items():
        rate, subtype = [*how, *(SAMPLE_RATE, "PCM_16")[len(how) :]]
        soundfile.write(folder / f"{name}.wav", samples, rate, subtype=subtype)
    (folder / "text.wav").write_text("It rained all day. " * 50)
    (folder / "empty.wav").touch()
    (folder / "folder.wav").mkdir()
    soundfile.write(folder / "half_a_flac.flac", voice_like(2.0), SAMPLE_RATE)
    whole = (folder / "usual.wav").read_bytes()
    (folder / "cut_short.wav").write_bytes(whole[: len(whole) // 2])
    (folder / "half_a_header.wav").write_bytes(whole[:30])
    flac = folder / "half_a_flac.flac"
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
    return lambda name: str(flac if name == flac.stem else folder / f"{name}.wav")


@pytest.fixture(scope="module")
def backend():
    return small_backend()


class Small(ConversionBackend):
    def __init__(self, device: str = "cpu") -> None:
        self.weights = small_backend().weights


@pytest.fixture
def command(monkeypatch, tmp_path):
    """Runs `affect generate conversion` with small weights; gives its exit code and what it wrote."""
    monkeypatch.setitem(registry.BACKENDS, "conversion", f"{__name__}:Small")
    monkeypatch.setenv("AFFECT_HOME", str(tmp_path / "home"))
    (tmp_path / "out").mkdir()

    def run(path, *flags):
        given = ["--audio", path, "--checkpoint", NAME, "--num-inference-steps", "2", "--emotion", "angry"]
        code = main(["generate", "conversion", "--quiet", "--device", "cpu", *given, *flags])
        return code, sorted(file.name for file in (tmp_path / "out").rglob("*"))

    return run, str(tmp_path / "out" / "made.wav"), tmp_path / "home"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_speech_is_refused_in_one_line_and_nothing_is_written(name, takes, command, capsys):
    run, out, home = command
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        code, written = run(takes(name), "--out", out)
    assert code == 2 and written == []
    assert not list(home.rglob("*.flac")) and not list(home.rglob("*.wav"))
    message = complaint(capsys).removeprefix("affect: ")
    kind = FileNotFoundError if name == "missing" else ValueError
    with pytest.raises(kind, match=f"^{REFUSED[name]}") as refused:
        convert(Small(), takes(name))
    assert message == f"{refused.value}\n"


@pytest.mark.parametrize("name", WARNED)
@pytest.mark.parametrize("keep_timing", [True, False])
def test_what_is_hardly_speech_is_converted_with_a_warning(name, keep_timing, takes, backend):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        made = convert(backend, takes(name), prompt={"keep_timing": keep_timing})
    assert list(made.warnings) == WARNED[name]
    assert made.samples.dtype == np.float32 and made.sample_rate == SAMPLE_RATE
    assert np.isfinite(made.samples).all() and 0 < np.abs(made.samples).max() <= 1


def test_warnings_reach_the_command_line(takes, command, capsys):
    run, out, _ = command
    code, written = run(takes("cut_short"), "--out", out, "--no-library")
    shown = capsys.readouterr()
    assert (code, written) == (0, ["made.wav"])
    assert shown.err == f"warning: {CUT_SHORT}\n" and shown.out == ""


def test_an_offset_is_no_sound(takes, backend):
    usual, offset = (convert(backend, takes(name)).samples for name in ("usual", "offset"))
    assert usual.shape == offset.shape
    assert np.linalg.norm(offset - usual) < 0.05 * np.linalg.norm(usual)


def test_what_is_silent_stays_silent(takes, backend):
    made = convert(backend, takes("one_word"), prompt={"keep_timing": True}).samples[0]
    for silent in (made[: int(5.9 * SAMPLE_RATE)], made[-8 * SAMPLE_RATE :]):
        assert np.abs(silent).max() < 1e-6
    assert np.abs(made[10 * SAMPLE_RATE :][:14_400]).max() > 0.05


@pytest.mark.parametrize(("other_hz", "wanted"), [(330.0, [SEVERAL]), (90.0, [])])
def test_several_people_are_noticed(other_hz, wanted, tmp_path):
    backend = small_backend()
    backend.weights.get("speaker-encoder").least_alike.fill_(0.6)
    voices = [voice_like(6, f0_hz=hertz) for hertz in (90.0, other_hz)]
    soundfile.write(tmp_path / "two.wav", np.concatenate(voices), SAMPLE_RATE)
    assert list(convert(backend, str(tmp_path / "two.wav")).warnings) == wanted


@pytest.mark.parametrize("name", ["silence", "too_short", "text", "missing", "nan", "noise", "click"])
def test_a_clip_without_a_voice_is_refused(name, takes, backend):
    message = REFUSED.get(name, f"expected a voice, got .* hardly anything voiced in '{name}.wav'")
    with pytest.raises((ValueError, FileNotFoundError), match=f"^{message}"):
        convert(backend, takes("usual"), prompt={"voice_clip": takes(name)})


@pytest.mark.parametrize("name", ["noise", "click"])
def test_nobody_in_the_recording_can_have_another_voice(name, takes, backend):
    with pytest.raises(ValueError, match=r"^expected a voice, got a recording with hardly anything voiced"):
        convert(backend, takes(name), prompt={"voice": "kathleen"})


def test_broken_bytes_break_nothing_else(takes, backend, tmp_path):
    rng = np.random.default_rng(0)
    content = Path(takes("usual")).read_bytes()[: 44 + 4 * 12_000]
    outcomes = set()
    for _ in range(25):
        broken = bytearray(content)
        broken[rng.integers(64)] = rng.integers(256)
        broken[rng.integers(len(broken))] = rng.integers(256)
        (tmp_path / "broken.wav").write_bytes(broken)
        try:
            made = convert(backend, str(tmp_path / "broken.wav"))
        except ValueError as error:
            assert str(error).startswith("expected ") and "\n" not in str(error)
            outcomes.add("refused")
        else:
            assert np.isfinite(made.samples).all() and np.abs(made.samples).max() <= 1
            outcomes.add("made")
    assert outcomes == {"refused", "made"}
