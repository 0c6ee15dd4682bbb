"""The evaluators of speech and the report: closed forms, invariances, bad input, all on made-up voices."""

from __future__ import annotations

import numpy as np
import pytest
from made_up_voice import RATE, make_voice, needs_resemblyzer

from studio.evaluation import speech_audio as audio
from studio.evaluation import speech_trials as trials
from studio.evaluation.speech_evaluator import LABELS, SpeechEvaluator, strength_of
from studio.evaluation.speech_features import feature_names, features_of, named_features
from studio.evaluation.speech_judging import figures_of


def test_features_are_finite_named_and_do_not_hear_what_they_should_not():
    names = feature_names()
    voice = make_voice()
    features = features_of(voice, RATE)
    assert features.shape == (len(names),) and np.isfinite(features).all() and features.dtype == np.float32
    smooth = [at for at, name in enumerate(names) if not name.startswith("bumps")]  # counts may tip over
    assert np.allclose(features_of(voice * 0.25, RATE)[smooth], features[smooth], atol=0.1)
    noise = np.random.default_rng(0).normal(0, 0.05, RATE)  # a whisper has features too
    assert np.isfinite(features_of(noise, RATE)).all()
    silence = np.zeros(RATE // 2, dtype=np.float32)
    padded = named_features(np.concatenate([silence, voice, silence]), RATE)
    assert padded["f0_mean"] == pytest.approx(named_features(voice, RATE)["f0_mean"], abs=0.2)
    stereo = np.stack([voice, voice])
    assert np.allclose(features_of(stereo, RATE), features, atol=1e-4)


def test_features_hear_pitch_speed_and_brightness():
    low, high = named_features(make_voice(120), RATE), named_features(make_voice(240), RATE)
    assert high["f0_mean"] - low["f0_mean"] == pytest.approx(12, abs=0.5)
    slow, fast = (
        named_features(make_voice(syllables_per_s=2.5), RATE),
        named_features(make_voice(syllables_per_s=6), RATE),
    )
    assert fast["bumps_per_s"] > 1.5 * slow["bumps_per_s"]
    dull, bright = named_features(make_voice(tilt=1.8), RATE), named_features(make_voice(tilt=0.6), RATE)
    assert bright["alpha_mean"] < dull["alpha_mean"] - 3
    assert bright["hnr_mean"] > 5
    other_rate = named_features(make_voice(rate=24_000), 24_000)
    assert other_rate["f0_mean"] == pytest.approx(named_features(make_voice(), RATE)["f0_mean"], abs=0.3)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(RATE), "silence"),
        (make_voice(seconds=0.1), "at least 0.3 s"),
        (np.full(RATE, np.nan), "finite"),
        (np.zeros((2, 3, 4)), "shape"),
        (np.zeros(0), "shape"),
    ],
)
def test_features_refuse_what_is_no_speech(samples, message):
    with pytest.raises(ValueError, match=message):
        features_of(samples, RATE)


def made_up(speakers: str = "abcd"):
    """Acted clips in which anger is high, sadness low, and each speaker has a level of his own."""
    told = [("neutral", ""), ("neutral", ""), *((name, grade) for name in LABELS[:4] for grade in GRADES)]
    sets = {speaker: ("one", "other")[at % 2] for at, speaker in enumerate(speakers)}
    rows = [row(emotion, grade, speaker, sets[speaker]) for speaker in speakers for emotion, grade in told]
    rng = np.random.default_rng(0)
    features = rng.normal(0, 0.1, (len(rows), 1, 6)).astype(np.float32)
    for at, entry in enumerate(rows):
        features[at] += 3 * speakers.index(entry.speaker)
        if entry.emotion != "neutral":
            features[at, 0, LABELS.index(entry.emotion)] += 2 if entry.intensity == "strong" else 1
    return rows, features


GRADES = ("normal", "strong")
GRADED = {"normal": 0.3, "strong": 1.7, "unknown": 1.0}
RECIPE = {"sharpness": 0.5, "linear": 1.0, "penalty": 0.1, "num_folds": 2, "grades": GRADED}


def test_evaluator_learns_what_emotions_do_to_any_speaker():
    from studio.evaluation import train_speech_evaluator as recipe

    rows, features = made_up()
    inputs = recipe.compared(rows, features[:, 0])[:, None]
    assert recipe.pairs_of(rows).tolist()[:2] == [[3, 2], [5, 4]]
    found, temperature = recipe.figures(rows, features, inputs, RECIPE)
    # Two speakers teach and two others, far from them, are judged: what is absolute misleads a little.
    assert found["only_relative"]["accuracy"] > 0.9
    assert found["cross_validation"]["accuracy"] > 0.7 > 0.5 > found["without_reference"]["accuracy"]
    assert found["cross_validation"]["strong_above_normal"] == 1.0
    assert temperature > 0
    evaluator = recipe.fit(rows, inputs, RECIPE, temperature)
    reference = features[:2, 0].mean(0)
    scores = evaluator.scores(features[:10, 0], reference)
    assert scores.shape == (10, 5) and np.isfinite(scores).all()
    assert np.allclose(evaluator.scores(features[3, 0], reference), scores[3:4], atol=1e-4)
    strong, normal = evaluator.strength(features[[3, 2], 0], reference)[:, 0]
    assert strong > normal > evaluator.strength(features[0, 0], reference)[0, 0]


def test_a_reference_is_the_mean_of_neutral_clips():
    evaluator = SpeechEvaluator(num_inputs=2 * len(feature_names()))
    clips = [(make_voice(seed=seed), RATE) for seed in range(2)]
    features = np.stack([evaluator.features(*clip) for clip in clips])
    assert np.allclose(evaluator.reference(clips), features.mean(0), atol=1e-3)
    with pytest.raises(ValueError, match="at least one neutral clip"):
        evaluator.reference([])


def test_strength_is_the_way_from_neutral():
    far = strength_of(np.array([[1.7, 0.0, -1, -1, -1.7], [-1, -1, -1, -0.5, 1.0]]))
    assert far[0, 0] == pytest.approx(3.4) and far[0, 4] == pytest.approx(-3.4)
    assert far[1, 4] == pytest.approx(1.5)


def row(emotion="angry", intensity="normal", speaker="a", corpus="ravdess-speech-en-NC", **rest):
    return audio.Recording(rest.pop("path", None), corpus, speaker, emotion, intensity, prompt="x", **rest)


def test_figures_count_recall_and_pairs():
    rows = [row(), row(intensity="strong"), row("sad"), row("neutral", corpus="emodb-de"), row("calm")]
    logits = np.eye(5)[[0, 0, 4, 4, 0]] * np.array([[1.0], [3.0], [1.0], [1.0], [9.0]])
    found = figures_of(rows, logits, logits, np.array([[1, 0]]))
    assert found["accuracy"] == 0.75 and found["clips"] == 4
    assert found["recall"] == {"angry": 1.0, "sad": 0.0, "neutral": 1.0}
    assert found["parts"]["ravdess strong"]["accuracy"] == 1.0
    assert found["strong_above_normal"] == 1.0
    assert found["confusion"][2][4] == 1


def test_no_clip_is_compared_with_itself():
    from studio.evaluation.train_speech_evaluator import compared

    rows, features = made_up()
    inputs = compared(rows, features[:, 0])
    assert inputs.shape == (len(rows), 12)
    # Two neutral clips each: a neutral one can only be compared with the other.
    assert np.allclose(inputs[0, :6], features[0, 0] - features[1, 0], atol=1e-5)
    assert np.allclose(inputs[2, :6], features[2, 0] - features[:2, 0].mean(0), atol=1e-5)
    with pytest.raises(ValueError, match="two or more neutral clips"):
        compared(rows[1:], features[1:, 0])


def test_variants_keep_what_a_speaker_shares():
    from studio.evaluation.speech_variants import vary

    voice = make_voice(200, 2.5)
    one, two = (
        named_features(vary(voice, "a", 1, np.random.default_rng(seed)), RATE)["f0_p50"] for seed in (1, 2)
    )
    other = named_features(vary(voice, "b", 1, np.random.default_rng(1)), RATE)["f0_p50"]
    assert abs(one - two) < 0.8 and abs(one - other) > 0.1


def test_held_out_lines_go_by_prompt_or_file(tmp_path):
    takes = [
        audio.Recording(
            tmp_path / f"{k}.ogg", "kathleen-arctic-en", "kathleen", "neutral", prompt="arctic_a0012"
        )
        for k in range(3)
    ]
    assert len({audio.is_held_out(take) for take in takes}) == 1
    many = [audio.Recording(tmp_path / f"de_{k}.ogg", "kerstin-de", "kerstin", "neutral") for k in range(400)]
    assert 8 <= sum(map(audio.is_held_out, many)) <= 35


def test_a_missing_package_names_the_extra():
    with pytest.raises(ImportError, match=r"affect-studio\[evaluation\]"):
        audio.need("no_such_package_at_all")


def test_words_are_compared_without_marks():
    from studio.evaluation.speech_words import spell, word_errors, words_of

    assert words_of("“Don’t,” he said - TWICE.") == ["don't", "he", "said", "twice"]
    assert word_errors(["One two, three."], ["one three three"]) == (1, 3)
    assert word_errors(["one two"], [""]) == (2, 2)
    nouns = {"jack": ["JH AE K"], "rose": ["R OW Z"], "tom": ["T AA M"]}
    assert [spell(f"{noun}'s", nouns)[0].split(" ", 3)[3] for noun in ("jack", "tom")] == ["S", "Z"]
    assert spell("rose's", nouns) == ["R OW Z IH Z"] and spell("zzz", nouns) == []


def test_recogniser_hears_only_its_vocabulary():
    from studio.evaluation.speech_words import WordRecogniser, words_of

    texts = ["The dog sat by the door.", "A cat ran to the door.", "The cat sat."]
    recogniser = WordRecogniser(texts, ["The dog ran."])
    heard = recogniser.hear(make_voice(), RATE)
    assert (
        set(words_of(heard)) <= recogniser.vocabulary == {word for text in texts for word in words_of(text)}
    )
    assert heard == recogniser.hear(make_voice(), RATE)


@needs_resemblyzer
def test_speaker_encoder_tells_voices_apart():
    from studio.evaluation.speech_similarity import load_speaker_encoder, mel_bank, partial_starts, similarity

    assert mel_bank().shape == (201, 40) and (mel_bank() >= 0).all()
    assert partial_starts(100) == [0] and partial_starts(330) == [0, 77, 154]
    encoder = load_speaker_encoder()
    one, same, other = (
        encoder.embed(make_voice(hz, seed=seed), RATE) for hz, seed in ((110, 0), (112, 1), (300, 2))
    )
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)
    assert similarity(one, same) > similarity(one, other)


def test_a_perfect_copy_is_perfect_and_a_shift_is_undone():
    from studio.evaluation.speech_copy import copy_figures, in_step

    voice = make_voice(seconds=2.5)
    found = copy_figures(
        [(voice, RATE)], {"copy": lambda samples, rate: np.concatenate([np.zeros(160, "f4"), samples])}
    )
    assert found["copy"]["pesq_wb"] > 4.5 and found["copy"]["stoi"] > 0.99
    assert 1 < found["world"]["pesq_wb"] < 4.6
    one, other = in_step(voice[300:], voice)
    assert len(one) == len(other) and np.allclose(one, other)


def test_world_moves_a_voice_as_told():
    from studio.evaluation.speech_world import NUM_BANDS, Residual, move, residuals_of, take_apart, world_copy

    voice = make_voice(150, 1.2)
    assert len(world_copy(voice, RATE)) == len(voice)
    residual = Residual(6.0, 1.0, 1.25, np.zeros(NUM_BANDS))
    parts = take_apart(voice, RATE)
    still, moved = move(parts, residual, 0.0), move(parts, residual, 1.0)
    rise = named_features(moved, RATE)["f0_p50"] - named_features(still, RATE)["f0_p50"]
    assert rise == pytest.approx(6, abs=0.5)
    assert len(moved) == pytest.approx(len(still) / 1.25, rel=0.05)
    assert residuals_of([], ()) == {}


def test_a_rising_dial_is_in_order():
    odds = np.array([[0.0, 1], [1, 2], [2, 3], [3, 4], [4, 2]])
    found = trials.dial_figures(trials.LEVELS, odds)
    assert found["in_order"] == 7 / 8 and found["ends_in_order"] == 1.0
    assert found["rho"] == pytest.approx(0.9)  # the means: 0.5, 1.5, 2.5, 3.5, 3.0
    assert trials.dial_figures(trials.LEVELS, np.ones((5, 2)))["rho"] == 0.0


def test_probe_finds_what_leaks_and_only_that():
    rng = np.random.default_rng(0)
    labels = ["a", "b", "c", "d"] * 50
    codes = rng.normal(size=(200, 8))
    assert trials.probe(codes, labels)["accuracy"] < 0.4
    codes[:, :4] += 5 * np.tile(np.eye(4), (50, 1))
    assert trials.probe(codes, labels)["accuracy"] > 0.9
    with pytest.raises(ValueError, match="two or more labels"):
        trials.probe(codes, ["a"] * 200)
