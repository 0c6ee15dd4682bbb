"""The mix: loudness, peaks, lines at their samples, the film's own sound below them, stems."""

from __future__ import annotations

import os
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from dubbing_sound import CUES, ONSET_S, RATE, film, hum, level_db, line_file, tone_db, write_sound
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.base import Cancelled
from studio.dubbing.duck import Gate, merged
from studio.dubbing.limit import limited
from studio.dubbing.loudness import LoudnessMeter, loudness_of
from studio.dubbing.mix import BED, VOICES, Mix, mix
from studio.dubbing.options import DUCK, REPLACE, SILENCE, DubbingOptions
from studio.dubbing.room_tone import RoomTone
from studio.dubbing.voices_track import Piece


def pieces(folder, cues=CUES, **about):
    """Gives the lines of a mix."""
    return [
        Piece(cue_s, line_file(folder / f"{at}.wav", seed=at), ONSET_S, cue_s + 0.8, number=at + 1, **about)
        for at, cue_s in enumerate(cues)
    ]


def asked(original=DUCK, **about):
    return replace(DubbingOptions(), original=original, **about)


@pytest.fixture(scope="module")
def humming(tmp_path_factory):
    """A film of four seconds that hums over the noise of a room."""
    return film(tmp_path_factory.mktemp("film") / "film.mkv", hum(), codec="flac")


def test_the_meter_reads_what_the_standard_says():
    # EBU Tech 3341, cases 1 and 15: a stereo tone of -23 dBFS, and a tone whose samples miss its peaks.
    times = np.arange(RATE * 4) / RATE
    tone = np.tile(10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * times), (2, 1)).astype(np.float32)
    lufs, _ = loudness_of(tone, RATE)
    assert lufs == pytest.approx(-23.0, abs=0.1)
    quarter = (0.5 * np.sin(2 * np.pi * RATE / 4 * times + np.pi / 4))[None].astype(np.float32)
    quarter *= np.minimum(1, times * 100).astype(np.float32)
    assert loudness_of(quarter, RATE)[1] == pytest.approx(-6.0, abs=0.4)
    silent = LoudnessMeter(RATE, 1)
    silent.finish()
    assert silent.lufs == -70.0


@pytest.mark.parametrize("wanted", [-14.0, -23.0, -31.0])
@pytest.mark.parametrize("original", [DUCK, REPLACE, SILENCE])
def test_loudness_and_peaks_are_as_asked(tmp_path, humming, wanted, original):
    made = mix(pieces(tmp_path), humming, 4.0, asked(original, loudness_lufs=wanted, peak_dbtp=-2.0))
    lufs, peak = loudness_of(made.samples, RATE)
    assert lufs == pytest.approx(wanted, abs=0.5)
    assert peak <= -1.95
    assert made.samples.shape == (1 if original == SILENCE else 2, 4 * RATE)
    assert made.provenance["mix"]["loudness_lufs"] == pytest.approx(lufs, abs=0.05)


@pytest.mark.parametrize("rate", [22_050, 24_000, 44_100, 48_000])
def test_every_line_starts_on_its_sample(tmp_path, rate):
    cues = (0.02, 0.731, 1.98765, 3.3)  # the head of the first is cut off
    lines = [
        Piece(cue_s, line_file(tmp_path / f"{at}.wav", rate=rate, level=0.01), round(ONSET_S * rate) / rate)
        for at, cue_s in enumerate(cues)
    ]
    made = mix(lines, None, None, asked())
    for cue_s in cues:
        place = round(cue_s * RATE)
        around = np.abs(made.samples[0, max(0, place - 400) : place + 400])
        assert int(around.argmax()) == min(place, 400)
    assert made.duration_s == pytest.approx(3.3 - ONSET_S + 0.6, abs=1e-4)


def test_the_film_goes_down_under_a_line_and_up_again(tmp_path, humming):
    whole = Mix(pieces(tmp_path, cues=(1.5,)), humming, 4.0, asked(duck_db=-20.0))
    bed = np.concatenate(list(whole.blocks(BED)), axis=1)
    before, under, after = (bed[:, round(s * RATE) : round((s + 0.25) * RATE)] for s in (0.5, 1.75, 3.5))
    assert tone_db(under) - tone_db(before) == pytest.approx(-20.0, abs=0.5)
    assert tone_db(after) == pytest.approx(tone_db(before), abs=0.2)
    # All the way down when the line begins, and never with a step that clicks.
    assert tone_db(bed[:, round(1.5 * RATE) : round(1.55 * RATE)]) - tone_db(before) < -19
    assert np.abs(np.diff(bed, axis=1)).max() < 1.2 * np.abs(np.diff(hum(0.5), axis=1)).max()


def test_a_film_of_another_rate_keeps_its_time(tmp_path):
    samples = np.zeros((2, 44_100 * 3), np.float32)
    samples[:, 44_100] = 0.9
    path = write_sound(tmp_path / "film.wav", samples, rate=44_100)
    bed = np.concatenate(list(Mix([], path, 3.0, asked()).blocks(BED)), axis=1)
    assert int(np.abs(bed[0]).argmax()) == RATE


def test_what_is_replaced_leaves_its_room_behind(tmp_path, humming):
    whole = Mix(pieces(tmp_path, cues=(1.0, 2.5)), humming, 4.0, asked(REPLACE))
    whole.prepare(lambda: None)
    bed = np.concatenate(list(whole.blocks(BED)), axis=1)
    under, free = bed[:, round(1.2 * RATE) : round(1.6 * RATE)], bed[:, : round(0.8 * RATE)]
    assert tone_db(free) == pytest.approx(tone_db(hum(0.5)), abs=0.5)
    # The hum goes on where nobody speaks, so it belongs to this room; what is its own is noise and cannot beat.
    assert level_db(under) == pytest.approx(level_db(free), abs=3)
    crossed = np.concatenate(list(whole.blocks(BED)), axis=1)
    np.testing.assert_array_equal(crossed, bed)


def test_speech_is_cut_out_and_the_noise_of_the_room_stays(tmp_path):
    samples = hum(6.0, level=0.0, noise=0.003)
    spoken = slice(round(2.0 * RATE), round(3.0 * RATE))
    samples[:, spoken] += hum(1.0, hertz=220.0, level=0.2, noise=0)
    path = write_sound(tmp_path / "film.wav", samples)
    line = Piece(2.0, line_file(tmp_path / "line.wav"), ONSET_S, 3.0)
    whole = Mix([line], path, 6.0, asked(REPLACE))
    whole.prepare(lambda: None)
    bed = np.concatenate(list(whole.blocks(BED)), axis=1)
    inside = bed[:, spoken.start + 2000 : spoken.stop - 2000]
    assert tone_db(inside, 220.0) < tone_db(samples[:, spoken], 220.0) - 40
    assert level_db(inside) == pytest.approx(level_db(samples[:, :RATE]), abs=1.0)
    correlation = np.corrcoef(inside)[0, 1]
    assert abs(correlation - np.corrcoef(samples[:, :RATE])[0, 1]) < 0.15


def test_a_converted_line_stands_in_its_own_place(tmp_path, humming):
    line = replace(pieces(tmp_path, cues=(1.5,))[0], replaces=True)
    whole = Mix([line], humming, 4.0, asked(DUCK, duck_db=0.0))
    whole.prepare(lambda: None)
    assert whole.bed.cut.stretches == [(1.5, 2.3)]
    # At the level that it had: only new voices are brought to that of the film's people.
    both = [line, *pieces(tmp_path, cues=(2.9,))]
    for original in (DUCK, SILENCE):
        whole = Mix(both, humming, 4.0, asked(original))
        voice_db, dialogue = whole.prepare(lambda: None)
        assert abs(voice_db) > 0.5
        assert dialogue > -40
        voices = np.concatenate(list(whole.blocks(VOICES)), axis=1)
        said, _ = soundfile.read(line.path, dtype="float32")
        own = voices[0, round(1.5 * RATE) :][: RATE // 2]
        assert level_db(own) == pytest.approx(level_db(said[round(ONSET_S * 24_000) :]), abs=0.5)


def test_the_room_is_the_same_however_it_is_asked_for():
    room = RoomTone(RATE, 2, [(1.0, 2.0)], seed=3)
    room.hear(iter([hum(4.0, level=0.0, noise=0.01)]))
    whole = room.at(0, RATE)
    np.testing.assert_array_equal(room.at(5000, 777), whole[:, 5000:5777])
    assert level_db(whole) == pytest.approx(level_db(hum(1.0, level=0.0, noise=0.01)), abs=0.7)
    assert not room.doubtful


def test_a_film_that_is_never_quiet_has_a_room_too_and_it_is_said(tmp_path, humming):
    line = replace(pieces(tmp_path, cues=(0.1,))[0], end_s=4.0)
    made = mix([line], humming, 4.0, asked(REPLACE))
    assert any("nowhere quiet" in text for text in made.warnings)


def test_lines_take_the_level_of_the_people_they_stand_in_for(tmp_path):
    for db in (-30.0, -18.0):
        path = write_sound(tmp_path / "film.wav", hum(4.0, level=10 ** (db / 20), noise=0))
        made = mix(pieces(tmp_path), path, 4.0, asked())
        found = made.provenance["mix"]
        assert found["dialogue_lufs"] == pytest.approx(db, abs=1.5)


def test_each_speaker_has_a_gain_and_the_parts_are_the_whole(tmp_path, humming):
    lines = [
        replace(one, speaker="AB"[at % 2], gain_db=-6.0 * (at % 2)) for at, one in enumerate(pieces(tmp_path))
    ]
    whole = Mix(lines, humming, 4.0, asked())
    whole.prepare(lambda: None)
    every = np.concatenate(list(whole.blocks()), axis=1)
    parts = [np.concatenate(list(whole.blocks(VOICES, who)), axis=1) for who in "AB"]
    parts.append(np.concatenate(list(whole.blocks(BED)), axis=1))
    np.testing.assert_allclose(sum(parts), every, atol=1e-5)
    levels = [
        level_db(part[:, round(s * RATE) :][:, : RATE // 2]) for part, s in zip(parts, CUES[:2], strict=False)
    ]
    assert levels[0] - levels[1] == pytest.approx(6.0, abs=0.5)


def test_a_line_that_is_gone_does_not_stop_the_others(tmp_path):
    lines = pieces(tmp_path)
    lines[1].path.unlink()
    lines[2].path.write_bytes(b"RIFF")
    made = mix(lines, None, 4.0, asked())
    assert [text.partition(" is not heard")[0] for text in made.warnings] == ["line 2", "line 3"]
    assert np.abs(made.samples[0, round(CUES[0] * RATE) :]).max() > 0.01


def test_a_tail_that_the_end_cuts_off_is_said(tmp_path):
    made = mix(pieces(tmp_path, cues=(0.5, 3.8)), None, 4.0, asked())
    assert made.warnings == ("line 2 loses its end: it is heard until 4.30 s and the dub ends at 4.00 s",)


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(blocks):
        next(iter(blocks))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generators.on_disk.concatenated", full)
    with pytest.raises(
        OSError, match=r"expected room for the mix in the temporary folder, got:.*No space left"
    ):
        mix(pieces(tmp_path), None, None, asked())


def test_nothing_to_hear_is_silence_and_said(tmp_path):
    made = mix([], None, 1.0, asked())
    assert not made.samples.any()
    assert made.warnings == ("the dub is silent",)
    with pytest.raises(ValueError, match="expected a dub of"):
        mix([], None, None, asked())


def test_a_mix_can_be_stopped(tmp_path, humming):
    def stop(at, total):
        assert 0 < at <= total
        raise Cancelled

    with pytest.raises(Cancelled):
        mix(pieces(tmp_path), humming, 4.0, asked(), on_step=stop)


def test_the_same_mix_twice_is_the_same(tmp_path, humming):
    lines = pieces(tmp_path)
    first = mix(lines, humming, 4.0, asked(REPLACE))
    again = mix(list(reversed(lines)), humming, 4.0, asked(REPLACE))
    np.testing.assert_array_equal(first.samples, again.samples)


stretches = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0.01, 5)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(stretches, st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0, 1))
def test_a_gate_is_open_within_and_closed_away(found, attack_s, release_s, hold_s):
    gate = Gate(found, 1000, attack_s, release_s, hold_s)
    curve = gate.at(0, 70_000)
    curve = np.zeros(70_000) if curve is None else curve
    assert (curve >= 0).all() and (curve <= 1).all()
    for start, end in found:
        assert (curve[int(np.ceil(start * 1000)) : int(end * 1000) + 1] > 0.999).all()
    near = np.zeros(70_000, bool)
    for start, end in merged(found, attack_s + release_s + hold_s):
        near[max(0, int((start - attack_s) * 1000) - 1) : int((end + release_s) * 1000) + 2] = True
    assert not curve[~near].any()
    # Never steeper than asked.
    assert np.abs(np.diff(curve)).max(initial=0) <= 1.01 / (1000 * min(attack_s, release_s))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.2, 0.9), st.lists(st.integers(200, 9000), min_size=1, max_size=4))
def test_the_limiter_holds_its_ceiling_and_leaves_the_rest(seed, ceiling, sizes):
    rng = np.random.default_rng(seed)
    sound = (
        (0.15 * ceiling * rng.standard_normal((2, 30_000)))
        .clip(-0.9 * ceiling, 0.9 * ceiling)
        .astype(np.float32)
    )
    sound[:, 15_000:15_500] *= 20

    def blocks():
        at, turn = 0, 0
        while at < sound.shape[1]:
            yield sound[:, at : at + sizes[turn % len(sizes)]]
            at, turn = at + sizes[turn % len(sizes)], turn + 1

    made = np.concatenate(list(limited(blocks(), RATE, ceiling)), axis=1)
    assert made.shape == sound.shape
    assert loudness_of(made, RATE)[1] <= 20 * np.log10(ceiling) + 0.02
    whole = np.concatenate(list(limited([sound], RATE, ceiling)), axis=1)
    np.testing.assert_allclose(made, whole, atol=1e-6)  # sums of other lengths end in another last bit


@pytest.mark.slow
def test_memory_does_not_grow_with_length(tmp_path):
    peaks = []
    for seconds in (120, 480):
        samples = np.tile(hum(1.0, noise=0.01), (1, seconds))
        path = write_sound(tmp_path / "film.wav", samples)
        del samples
        lines = pieces(tmp_path, cues=np.arange(0.5, seconds - 2, 1.0).tolist())
        tracemalloc.start()
        made = mix(lines, path, float(seconds), asked(REPLACE))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert loudness_of(made.samples, RATE)[0] == pytest.approx(-23.0, abs=0.5)
        os.unlink(path)
    assert peaks[1] < 1.3 * peaks[0] + 4e6
