"""A body that moves by a voice: the same twice, whatever the pieces; edited, filled, in parts; and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from gesture_motion_material import RATE, TinyWeights, library, talk, tiny_model, voice

from conditioning import EmotionCurve, load_space
from conditioning.body.motion import BodyMotion, joined
from conditioning.body.rotations import placed
from conditioning.body.skeleton import INDEX
from generators.base import Cancelled, build
from generators.gesture import windows
from generators.gesture.backend import GestureBackend
from generators.gesture.edit import edited
from generators.gesture.examples import Examples, mirrored
from generators.gesture.features import FEET, contacts_of, frames_of, motion_of
from generators.gesture.infill import infilled
from generators.gesture.model import KNOWN_PARTS
from generators.gesture.options import (
    CHECKPOINTS,
    STYLES,
    STYLES_OF,
    GestureOptions,
    GesturePrompt,
    check_prompt,
)
from generators.gesture.parts import BODY_PARTS, keeping
from generators.gesture.perform import clip_row
from generators.gesture.physics import skate_cm_s
from generators.gesture.speak import GestureSettings, motions, unheard
from generators.gesture.takes import Clip, kept_clips, talk_clips
from generators.gesture.train import loss_of

ANGRY = EmotionCurve.parse("angry", 1.0)
NEUTRAL = EmotionCurve.parse("neutral", 1.0)
FAST = GestureSettings(num_inference_steps=2)


def moved(seconds=3.0, emotion=ANGRY, settings=FAST, **more):
    return joined(list(motions(TinyWeights(), voice(seconds), RATE, emotion, settings, **more)))


def head_height(motion):
    places, _ = placed(motion.rotations, motion.root)
    return float(places[:, INDEX["head"], 1].mean())


def test_a_body_moves_as_long_as_the_sound_and_the_same_twice():
    one, other = moved(), moved()
    assert len(one) == 90 and one.frame_rate == 30.0
    assert np.array_equal(one.rotations, other.rotations) and np.array_equal(one.root, other.root)
    assert np.allclose(np.linalg.norm(one.rotations, axis=-1), 1, atol=1e-5)
    assert not np.array_equal(one.rotations, moved(settings=dataclasses.replace(FAST, seed=1)).rotations)


def test_pieces_do_not_show(monkeypatch):
    sound = voice(14.0)
    whole = list(motions(TinyWeights(), sound, RATE, ANGRY, FAST))
    monkeypatch.setattr(windows, "TOGETHER", 2)
    pieces = list(motions(TinyWeights(), sound, RATE, ANGRY, FAST))
    assert len(pieces) > len(whole)
    assert np.abs(joined(pieces).rotations - joined(whole).rotations).max() < 2e-3
    assert np.abs(joined(pieces).root - joined(whole).root).max() < 0.05


def test_feet_stand_still_while_it_talks():
    motion = moved(4.0)
    assert skate_cm_s(motion, contacts_of(motion), FEET) < 0.5


def test_every_step_is_told_and_may_stop_it():
    told = []
    moved(on_step=lambda step, total: told.append((step, total)))
    assert told == [(1, 2), (2, 2)]

    def stop(step, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        moved(on_step=stop)


def test_guidance_of_one_skips_the_null_and_more_is_something_else():
    model, seen = tiny_model(), []
    hook = model.denoiser.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    try:
        plain = moved(2.0)
        assert set(seen) == {1}
        guided = moved(2.0, settings=dataclasses.replace(FAST, content_guidance_scale=2.0))
        assert max(seen) == 3
    finally:
        hook.remove()
    assert not np.array_equal(plain.rotations, guided.rotations)


def test_a_sad_body_is_lower_and_moves_less_the_stronger_the_more():
    heights, speeds = [], []
    for intensity in (0.0, 0.5, 1.0, 1.5):
        motion = moved(4.0, EmotionCurve.parse("sad", intensity))
        heights.append(head_height(motion))
        places, _ = placed(motion.rotations, motion.root)
        speeds.append(float(np.abs(np.diff(places[:, INDEX["right_wrist"]], axis=0)).mean()))
    assert (np.diff(heights) < 0).all()
    assert speeds[-1] < speeds[0]


def test_a_feeling_that_changes_changes_the_body():
    curve = EmotionCurve.parse([(0.0, "proud"), (8.0, "ashamed")], 1.0)
    motion = moved(8.0, curve)
    assert head_height(motion.between(0, 60)) > head_height(motion.between(180, 240)) + 1


def test_scales_and_styles_do_what_they_say():
    still = moved(
        settings=dataclasses.replace(FAST, hand_scale=0.0, head_scale=0.0, body_scale=0.0), emotion=NEUTRAL
    )
    places, _ = placed(still.rotations, still.root)
    assert np.ptp(places[:, INDEX["right_wrist"]], axis=0).max() < 1.0
    slow = moved(settings=dataclasses.replace(FAST, style="slow"))
    assert head_height(slow) < head_height(moved()) - 1


def test_parts_that_do_not_move_rest_or_do_what_the_source_does():
    arms = moved(settings=dataclasses.replace(FAST, parts="arms"), emotion=NEUTRAL)
    head = arms.rotations[:, INDEX["head"]]
    assert np.abs(head - head[:1]).max() < 1e-4
    source = talk(40)
    mixed = moved(settings=dataclasses.replace(FAST, parts="arms"), source=source)
    assert np.allclose(mixed.rotations[:40, INDEX["head"]], source.rotations[:, INDEX["head"]], atol=1e-5)
    assert np.allclose(mixed.root[39], source.root[39]) and np.allclose(mixed.root[40], source.root[38])


def test_without_sound_it_talks_all_the_same():
    motion = joined(list(unheard(TinyWeights(), 75, ANGRY, FAST)))
    assert len(motion) == 75


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_inference_steps": 0}, "at least 1 sampling step"),
        ({"parts": "tail"}, "expected parts out of"),
        ({"hand_scale": 3.0}, "expected hand_scale from 0 to 2"),
        ({"style": "clown"}, "expected a style out of normal, slow"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        moved(1.0, settings=dataclasses.replace(FAST, **changes))


def test_sounds_that_are_none_are_refused():
    for samples, rate in ((np.zeros(0), RATE), (np.zeros((2, 9)), RATE), (np.zeros(9), 100)):
        with pytest.raises(ValueError, match="expected"):
            next(motions(TinyWeights(), samples, rate, ANGRY, FAST))


def test_an_edit_keeps_what_is_done_and_changes_how():
    source = talk(150)
    same = edited(TinyWeights(), source, NEUTRAL, dataclasses.replace(FAST, seed=3))
    places, others = (placed(motion.rotations, motion.root)[0] for motion in (same, source))
    assert len(same) == 150 and np.abs(places - others).max() < 1.0
    sad = edited(TinyWeights(), source, EmotionCurve.parse("sad", 1.0), FAST)
    assert len(sad) > 150 and head_height(sad) < head_height(source) - 3
    timed = edited(TinyWeights(), source, EmotionCurve.parse("sad", 1.0), FAST, keep_speed=True)
    assert len(timed) == 150
    assert skate_cm_s(sad, contacts_of(sad), FEET) < 2


def test_what_a_source_expresses_is_taken_out():
    source = talk(90)
    sad = EmotionCurve.parse("sad", 1.0)
    shown = edited(TinyWeights(), source, sad, FAST, keep_speed=True)
    back = edited(TinyWeights(), shown, NEUTRAL, FAST, source_emotion=sad, keep_speed=True)
    assert abs(head_height(back) - head_height(source)) < 2


@pytest.mark.parametrize("length", [0, 1])
def test_a_movement_without_frames_is_not_edited(length):
    with pytest.raises(ValueError, match="at least 2 frames"):
        edited(TinyWeights(), talk(9).between(0, length), ANGRY, FAST)


def test_a_movement_with_numbers_that_are_none_is_not_edited():
    source = talk(9)
    source.rotations[3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        edited(TinyWeights(), source, ANGRY, FAST)


def test_filling_goes_through_the_poses():
    source = talk(150)
    kept = [0, 40, 90, 149]
    made = infilled(TinyWeights(), source, kept, ANGRY, FAST)
    assert len(made) == 150
    one, other = (placed(motion.rotations[kept], motion.root[kept])[0] for motion in (made, source))
    assert np.abs(one - other).max() < 1.5
    assert np.abs(made.rotations[60] - source.rotations[60]).max() > 1e-3
    with pytest.raises(ValueError, match="expected two or more frames"):
        infilled(TinyWeights(), source, [5], ANGRY, FAST)


def test_parts_of_two_movements_are_put_together():
    one, other = talk(30, 1), talk(20, 2)
    mixed = keeping(one, other, BODY_PARTS["upper body"])
    assert np.allclose(mixed.rotations[:20, INDEX["left_knee"]], other.rotations[:, INDEX["left_knee"]])
    assert np.allclose(np.abs(mixed.rotations[:, INDEX["head"]]), np.abs(one.rotations[:, INDEX["head"]]))
    assert keeping(one, other, BODY_PARTS["whole body"]) is one


def test_the_manner_of_a_clip_is_a_row():
    row = np.array(
        clip_row(tiny_model(), edited(TinyWeights(), talk(120), EmotionCurve.parse("sad", 1.0), FAST))
    )
    assert row.shape == (73,) and row[3 * INDEX["head"]] > 0.05


def test_mirrored_rows_are_the_mirrored_movement():
    rows = frames_of(talk(30))
    one, _ = motion_of(rows)
    other, _ = motion_of(mirrored(rows))
    places, flipped = (placed(motion.rotations, motion.root)[0] for motion in (one, other))
    assert np.allclose(
        places[:, INDEX["left_wrist"]] * [-1, 1, 1], flipped[:, INDEX["right_wrist"]], atol=0.05
    )
    assert np.allclose(mirrored(mirrored(rows)), rows)


def test_clips_are_a_pure_function_of_the_step_and_train(tmp_path):
    from generators.gesture.concepts import Library

    clips = talk_clips(2, 140, Library(library()), 0)
    walk = Clip(clips[0].frames, clips[0].rhythm, clips[0].keys, "anger", "")
    clips = [*clips, walk, dataclasses.replace(walk, state="", style="slow")]
    kept = kept_clips(tmp_path / "clips.npz", lambda: clips)
    again = kept_clips(tmp_path / "clips.npz", lambda: pytest.fail("made twice"))
    assert len(kept_clips(tmp_path / "clips.npz", lambda: clips[:1], "another")) == 1
    assert [clip.style for clip in again] == ["", "", "", "slow"]
    assert np.array_equal(again[1].frames, clips[1].frames) and np.array_equal(again[3].keys, kept[3].keys)
    model = tiny_model()
    config = {"batch_size": 3, "num_frames": 60, "drop": {"content": 0.5, "identity": 0.5, "emotion": 0.5}}
    source = Examples(again, model, load_space(), config)
    one, other = source.batch_at(4, 0), source.batch_at(4, 0)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert one["clean"].shape == (3, 60, 140) and one["given"].shape == (3, 60, len(KNOWN_PARTS))
    torch.manual_seed(0)
    assert torch.isfinite(loss_of(model, one, config)["loss"])


def test_the_network_sees_only_what_is_given():
    model, generator = tiny_model(), torch.Generator().manual_seed(0)
    rows = {
        "rhythm": torch.zeros(1, 20, 5),
        "known": torch.randn(1, 20, 140, generator=generator),
        "given": torch.zeros(1, 20, 5, dtype=torch.bool),
        "style": torch.tensor([-1]),
        "emotion": torch.randn(1, 2, 64, generator=generator),
        "present": {name: torch.tensor([True]) for name in ("content", "identity", "emotion")},
    }
    noisy, t = torch.randn(1, 20, 140, generator=generator), torch.tensor([0.5])
    first, _ = model(noisy, t, **rows)
    hidden, _ = model(noisy, t, **{**rows, "known": rows["known"] + 1})
    shown, _ = model(noisy, t, **{**rows, "given": ~rows["given"]})
    unfelt, _ = model(noisy, t, **{**rows, "present": {**rows["present"], "emotion": torch.tensor([False])}})
    assert torch.equal(first, hidden) and not torch.equal(first, shown) and not torch.equal(first, unfelt)


def test_options_say_what_they_expect():
    assert all(set(STYLES_OF[name]) <= set(STYLES) for name in CHECKPOINTS)
    with pytest.raises(ValueError, match="expected a source"):
        check_prompt(GesturePrompt(), build(GestureOptions, {"task": "edit"}))
    with pytest.raises(FileNotFoundError, match="expected a file for source"):
        check_prompt(GesturePrompt(source="nowhere.bvh"), GestureOptions())
    with pytest.raises(ValueError, match="expected a style out of normal, reserved"):
        check_prompt(GesturePrompt(), build(GestureOptions, {"style": "giant", "checkpoint": "gesture-base"}))
    with pytest.raises(ValueError, match="hand_scale"):
        build(GestureOptions, {"hand_scale": 7})


def test_the_backend_gives_a_motion_with_its_provenance():
    backend = GestureBackend()
    backend.weights = TinyWeights()
    options = build(GestureOptions, {"duration_s": 1.5, "num_inference_steps": 1, "frame_rate": 60.0})
    made = backend.generate(GesturePrompt(), ANGRY, options)
    assert isinstance(made.motion, BodyMotion) and made.motion.frame_rate == 60.0 and made.audio is None
    assert made.provenance["options"]["checkpoint"] == "gesture-nc" and made.emotion_track
    with pytest.raises(ValueError, match="text alone"):
        backend.generate(GesturePrompt(text="hello"), ANGRY, options)


def test_the_encoder_reads_movement_of_any_rate():
    from conditioning.body.timing import resampled
    from conditioning.encoders.motion import NUM_FEATURES, MotionEncoder, features_of, stretches

    motion = talk(200)
    assert features_of(motion).shape == (NUM_FEATURES,) and np.isfinite(features_of(motion)).all()
    assert [len(part) for part in stretches(motion)] == [90, 110]
    encoder = MotionEncoder().eval()
    one, other = encoder.encode(motion), encoder.encode(resampled(motion, 60.0))
    assert one.shape == (64,) and (one - other).norm() < 0.2 * (1 + one.norm())
    with pytest.raises(ValueError, match="at least 8 frames"):
        encoder.encode(motion.between(0, 5))


def test_recordings_of_other_people_are_learned_from_too(tmp_path):
    import soundfile
    from body_material import stepping

    from conditioning.body import bvh
    from generators.gesture.takes import recorded_clips, recorded_takes

    bvh.write(tmp_path / "010_Sad_3_x_1_0.bvh", stepping(60))
    soundfile.write(tmp_path / "010_Sad_3_x_1_0.wav", voice(2.0), RATE)
    config = {"recordings": [], "held_contents": [], "last_take": 12, "folders": {"zeroeggs": "."}}
    one, other = recorded_clips(recorded_takes(config, tmp_path), {})
    assert one.state == other.state == "sadness" and one.style == "sad"
    assert np.array_equal(one.frames, other.frames) and not np.array_equal(one.rhythm, other.rhythm)
