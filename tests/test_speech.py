"""What the speech backend promises beyond the contract of all backends, on small random weights."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from speech_material import NAME, QUICK, say, small_backend

from conditioning import Emotion, EmotionCurve, load_space
from generators.base import Cancelled, build
from generators.media import join
from generators.speech.backend import SpeechBackend
from generators.speech.delivery import Planner
from generators.speech.options import VOCODER, SpeechOptions, SpeechPrompt, check_prompt, sentence_emotions
from generators.speech.render import FIRST_WINDOW, WINDOW
from generators.speech.speak import Speaking
from generators.speech.text import read_text
from generators.voice.features import FRAME_RATE, HOP_LENGTH, SAMPLE_RATE
from studio.session import Studio

TEXT = "It rained all day. Nobody came, not even the cat! Who would?"
FRAME_S = 1 / FRAME_RATE


@pytest.fixture(scope="module")
def backend():
    return small_backend()


@pytest.fixture(scope="module")
def natural(backend):
    return say(backend, TEXT)


# Lengths


@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.37, 1.6])
def test_a_length_is_met_to_the_sample(backend, natural, ratio):
    duration_s = round(ratio * natural.duration_s, 4)
    audio = say(backend, TEXT, prompt={"duration_s": duration_s})
    assert audio.samples.shape == (1, round(duration_s * SAMPLE_RATE))
    assert audio.samples.dtype == np.float32 and np.abs(audio.samples).max() <= 1
    assert max(mark.end_s for mark in audio.marks) <= audio.duration_s + 1e-9
    assert len(audio.marks_of("sentence")) == 3


def test_an_impossible_length_names_the_possible_ones(backend):
    for asked in (0.2, 500.0):
        with pytest.raises(ValueError, match=r"expected a duration from .* s for this text, got") as refused:
            say(backend, "It rained all day.", prompt={"duration_s": asked})
    low, high = map(float, re.findall(r"\d+\.\d\d", str(refused.value))[:2])
    for asked in (low, high):
        audio = say(backend, "It rained all day.", prompt={"duration_s": asked})
        assert audio.samples.shape[1] == round(asked * SAMPLE_RATE)


def test_speed_changes_the_length(backend, natural):
    for speed in (0.5, 2.0):
        ratio = say(backend, TEXT, speed=speed).duration_s / natural.duration_s
        assert (ratio < 0.8) if speed > 1 else (ratio > 1.4)


def test_a_length_and_a_speed_contradict(backend):
    prompt = {"text": TEXT, "duration_s": 4.0}
    with pytest.raises(ValueError, match=r"expected duration_s or speed, got both \(4 s and 1.2\)"):
        check_prompt(build(SpeechPrompt, prompt), build(SpeechOptions, {"speed": 1.2}))
    check_prompt(build(SpeechPrompt, prompt), build(SpeechOptions, {"speed": 1.0}))


# Refusals


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({"voice": "kathlen"}, r"expected a voice such as kathleen.*got 'kathlen'"),
        ({"voice": "EMODB_3"}, r"expected a voice such as .*emodb_03"),
        ({"voice": ""}, r"expected a voice such as kathleen, kerstin"),
        ({"text": "?!"}, r"expected text with letters or digits"),
        ({"text": "привет"}, r"expected"),
        ({"text": "x" * 200_001}, r"expected at most 200,000 characters"),
        ({"emotions": "sad"}, r"expected emotions like .*got 'sad'"),
        ({"emotions": '{"sad": 1}'}, r"expected emotions like"),
        ({"emotions": '[["sad"]]'}, r"expected emotions like"),
        ({"emotions": '[["sad", "very"]]'}, r"expected emotions like"),
        ({"emotions": f'[["sad", 1{"0" * 400}]]'}, r"expected emotions like"),
        ({"emotions": "[" * 20_000}, r"expected emotions like"),
    ],
)
def test_what_cannot_be_said_is_refused_before_weights_are_loaded(prompt, message):
    backend = SpeechBackend()
    with pytest.raises(ValueError, match=message) as refused:
        backend.generate(
            build(SpeechPrompt, {"text": TEXT, **prompt}), EmotionCurve.parse("joy"), build(SpeechOptions, {})
        )
    assert not backend.weights.models and "\n" not in str(refused.value) and len(str(refused.value)) < 300


def test_a_voice_that_the_weights_never_heard_is_refused():
    backend = small_backend()
    model = backend.weights.models[NAME]
    model.register_to_config(speakers=("kathleen",))
    with pytest.raises(ValueError, match="expected a voice out of kathleen, got 'kerstin'"):
        say(backend, TEXT, prompt={"voice": "kerstin"})


def test_auto_is_for_english_text_only():
    with Studio("cpu") as studio:
        with pytest.raises(ValueError, match=r"expected an emotion for music, got 'auto'"):
            studio.check("music", emotion="auto", bars=2)
        with pytest.raises(ValueError, match=r'expected English text for emotion "auto", got de-DE'):
            studio.check("speech", emotion="auto", text="Das ist nicht so gut, wie ich dachte.")
        with pytest.raises(ValueError, match="expected text to read the emotion off"):
            studio.check("speech", emotion="auto")


# Parts


def test_parts_come_as_they_are_made(backend, natural):
    parts, steps = [], []
    audio = say(
        backend, TEXT, on_part=parts.append, on_step=lambda step, total: steps.append((step, len(parts)))
    )
    assert len(parts) >= 3 and join(parts).samples.tobytes() == audio.samples.tobytes()
    assert audio.samples.tobytes() == natural.samples.tobytes() and audio.marks == natural.marks
    assert join(parts).marks == audio.marks and join(parts).emotion_track == audio.emotion_track
    assert max(part.samples.shape[1] for part in parts) <= (WINDOW + FIRST_WINDOW) * HOP_LENGTH
    assert {count for _, count in steps} >= set(range(len(parts))), (
        "a part is given out before the next is begun"
    )
    assert all(part.provenance == audio.provenance for part in parts)
    assert set(audio.provenance["weights"]) == {NAME, VOCODER}


def test_a_sentence_knows_nothing_of_those_after_it(backend):
    short, long = (say(backend, text) for text in ("It rained all day.", TEXT))
    assert np.array_equal(short.samples, long.samples[:, : short.samples.shape[1]])


# Marks


def test_marks_are_ordered_inside_and_say_what_is_written(backend):
    text = 'Dr. Lee paid $3.50 for "two" books, didn\'t he? Yes!'
    audio = say(backend, text)
    starts = [mark.start_s for mark in audio.marks]
    assert starts == sorted(starts)
    assert all(0 <= m.start_s <= m.end_s <= audio.duration_s + 1e-9 for m in audio.marks)
    sentences = read_text(text)
    words = [word.text for sentence in sentences for word in sentence.words if word.text]
    assert [mark.text for mark in audio.marks_of("word")] == words
    assert {"$3.50", "Lee", "paid"} <= set(words) and all(word in text for word in words)
    assert [mark.text for mark in audio.marks_of("sentence")] == [sentence.text for sentence in sentences]
    for inner, outer in (("word", "sentence"), ("phone", "word")):
        spans = audio.marks_of(outer)
        for mark in audio.marks_of(inner):
            held = [s for s in spans if s.start_s - 1e-9 <= mark.start_s and mark.end_s <= s.end_s + 1e-9]
            assert held or mark.text == "_", mark
    assert audio.marks_of("viseme")[0].text == "sil"


@pytest.mark.parametrize("given", [{}, {"duration_s": 4.2}])
def test_asked_pauses_are_exact(backend, given):
    audio = say(backend, "We went [pause 1.2s] home and [pause 300ms] slept.", prompt=given, pause_scale=3.0)
    went, home, _and, slept = (mark for mark in audio.marks_of("word") if mark.text != "We")
    assert home.start_s - went.end_s == pytest.approx(1.2, abs=FRAME_S)
    assert slept.start_s - _and.end_s == pytest.approx(0.3, abs=FRAME_S)
    hurried = say(backend, "We went [pause 1.2s] home and [pause 300ms] slept.", speed=2.0)
    _, went, home, *_ = hurried.marks_of("word")
    assert home.start_s - went.end_s == pytest.approx(1.2, abs=FRAME_S)


# Emotions


def test_every_sentence_has_its_own_emotion(backend):
    def told(*rows):
        return say(backend, TEXT, prompt={"emotions": json.dumps(rows)})

    one = told(["joy", 1.0], ["sadness", 0.7], ["anger", 1])
    other = told(["joy", 1.0], ["anger", 1.2], ["anger", 1])
    first = next(mark for mark in one.marks_of("sentence")).end_s
    cut = int(first * SAMPLE_RATE)
    assert np.array_equal(one.samples[:, :cut], other.samples[:, :cut]), "what is said before stays"
    assert one.samples.tobytes() != other.samples.tobytes()
    last_rules = told(["joy", 1.0], ["anger", 1.2])
    assert last_rules.samples.tobytes() != one.samples.tobytes()
    assert (
        told(["joy", 1.0], ["anger", 1.2], ["anger", 1.2]).samples.tobytes() == last_rules.samples.tobytes()
    )
    places = [place for _, *place in one.emotion_track]
    assert places[0][0] > 0 > min(valence for valence, _ in places)
    same = say(backend, TEXT, emotion=("joy", 1.0))
    assert told(["joy", 1.0]).samples.tobytes() == same.samples.tobytes()


@pytest.mark.parametrize(
    "row", [["?!", 1.0], [5, 1.0], ["sad", 2.0], ["sad", float("nan")], ["take.wav", 1.0]]
)
def test_an_emotion_of_a_sentence_that_is_none_is_refused(backend, row):
    with pytest.raises(ValueError, match=r"^expected"):
        say(backend, TEXT, prompt={"emotions": json.dumps([row])})


def test_no_emotions_of_sentences_leave_the_calls_own():
    for empty in ("", "  ", "[]"):
        assert sentence_emotions(build(SpeechPrompt, {"text": TEXT, "emotions": empty})) == []


def test_an_emotion_may_change_on_the_way(backend):
    steady = say(backend, TEXT)
    early_s = steady.marks_of("sentence")[0].end_s
    turn_s = early_s + 0.6
    assert turn_s + 0.5 < steady.duration_s
    turning = say(backend, TEXT, emotion=[(0.0, "joy"), (turn_s, "joy"), (turn_s + 0.01, "anger")])
    early = int(early_s * SAMPLE_RATE)
    assert np.array_equal(steady.samples[:, :early], turning.samples[:, :early])
    assert not np.array_equal(steady.samples[:, -early:], turning.samples[:, -early:])
    times = [time_s for time_s, *_ in turning.emotion_track]
    assert times[0] == 0 and times == sorted(times) and times[-1] < turning.duration_s
    places = {time_s: tuple(place) for time_s, *place in turning.emotion_track}
    before = {place for time_s, place in places.items() if time_s <= turn_s}
    after = {place for time_s, place in places.items() if time_s > turn_s + 0.01}
    assert after and not before & after


def test_an_emotion_over_time_is_felt_when_the_words_are_said(backend, natural, monkeypatch):
    """Also where the whole is stretched: plans are made for the times at which they are heard."""
    planned, plan = [], Planner.plan

    def heard(self, sentence, start_s, pace, generator):
        planned.append(start_s)
        return plan(self, sentence, start_s, pace, generator)

    monkeypatch.setattr(Planner, "plan", heard)
    duration_s = 1.5 * natural.duration_s
    for emotion, times in (("joy", 1), ([(0.0, "joy"), (duration_s, "anger")], 2)):
        planned.clear()
        audio = say(backend, TEXT, emotion=emotion, prompt={"duration_s": duration_s})
        assert len(planned) == 3 * times
    starts = [mark.start_s for mark in audio.marks_of("sentence")]
    assert planned[3:] == pytest.approx(starts, abs=0.15)
    assert abs(planned[2] - starts[2]) > 0.3, "at natural speed it would have been felt too early"


# Options


def test_faders_move_the_plan_exactly(backend):
    from generators.speech.tokens import tokens_of

    sentence = read_text("It *rained* all day.")[0]
    row = tokens_of(sentence)
    model = backend.weights.models[NAME].prosody
    values = np.random.default_rng(0).normal(0, 1, (len(row), 7)).astype(np.float32)
    scale, phones = model.statistics.scale, ~row.is_pause

    def moved(**options):
        planner = Planner(model, 0, None, None, build(SpeechOptions, {**QUICK, **options}))
        return planner.with_options(values, sentence, row)

    plain = moved()
    octave = (moved(f0_shift=12.0) - plain) * scale
    assert np.allclose(octave[:, 1:4], np.log(2), atol=1e-5) and not octave[:, [0, 4, 5, 6]].any()
    assert np.allclose((moved(energy=6.0) - plain)[:, 4] * scale[4], 6.0, atol=1e-4)
    assert (moved(breathiness=1.0)[:, 6] < plain[:, 6]).all()
    flat = moved(f0_range=0.0)[phones & (row.word != 1), 1:4]
    assert np.ptp(flat) < 1e-5
    emphasised = row.word == 1
    assert (plain[emphasised & phones, 4] > values[emphasised & phones, 4]).all()
    assert np.allclose(plain[~emphasised], values[~emphasised], atol=1e-6)


def test_emotion_shapes_melody_and_rhythm_but_not_which_phones_are_loud(backend):
    from generators.speech.tokens import tokens_of

    row, space = tokens_of(read_text("It rained all day.")[0]), load_space()
    planner = Planner(
        backend.weights.models[NAME].prosody, 0, None, space.neutral, build(SpeechOptions, QUICK)
    )
    draws = []
    for name in ("neutral", "anger"):
        point = space.embed(Emotion.parse(name)).detach()
        wanted = np.full(8, name == "anger", np.float32)
        generator = torch.Generator().manual_seed(0)
        draws.append(planner.draw(row, point.expand(len(row), -1), wanted, generator))
    calm, angry = draws
    assert np.array_equal(calm[:, 4], angry[:, 4])
    assert not np.allclose(calm[:, [0, 1, 2, 3, 5, 6]], angry[:, [0, 1, 2, 3, 5, 6]], atol=1e-3)


# Long texts


def test_a_long_text_streams_is_read_as_it_goes_and_stops_at_once():
    backend = small_backend(phone_frames=2.0)
    line = "He had seen it all before and so he said no more of it to them that day. "
    text = (line * (20_000 // len(line) + 1))[:20_000]
    prompt, curve = build(SpeechPrompt, {"text": text}), EmotionCurve.parse("joy")
    options = build(SpeechOptions, {**QUICK, "num_inference_steps": 1, "temperature": 0.0})
    speaking = Speaking(backend.weights, prompt, curve, options)
    planned, longest, sounded = [], 0, 0
    deliveries = speaking.deliveries

    def counted(progress):
        for delivery in deliveries(progress):
            planned.append(delivery.sentence.text)
            yield delivery

    speaking.deliveries = counted
    spoken = 0
    for part in speaking.parts(None):
        sounded += part.samples.shape[1]
        longest = max(longest, part.samples.shape[1])
        spoken += len(part.marks_of("sentence"))
        assert len(planned) <= spoken, "nothing is planned ahead of what is heard"
        if spoken > 12:
            break
    assert spoken > 12 and longest <= (WINDOW + FIRST_WINDOW) * HOP_LENGTH

    for given in ({}, {"duration_s": 600.0}):
        calls, heard = [], []
        prosody = backend.weights.models[NAME].prosody
        hook = prosody.register_forward_pre_hook(lambda *_, calls=calls: calls.append(1))

        def stop(step, total, heard=heard):
            heard.append((step, total))
            raise Cancelled

        try:
            with pytest.raises(Cancelled):
                say(backend, text, prompt=given, on_step=stop, num_inference_steps=1)
        finally:
            hook.remove()
        assert len(heard) == 1 and len(calls) <= 36, "stopped after the first sentence's plan"
