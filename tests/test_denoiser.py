"""The shared transformer, the doors, the music denoiser, and how weights are saved and loaded."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from music_material import NAME, small_model

import checkpoints
from conditioning import SPACE_VERSION
from conditioning.adapters import LearnedNull, PooledDoor, SequenceDoor, draw_present, rotate
from generators.denoiser import Block, Denoiser, time_embedding
from generators.music.model import MusicDenoiser
from generators.music.tokens import MASK, NOT_HERE, SIZES


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


# Blocks and doors


def test_an_untrained_block_is_the_identity():
    block = Block(32, 4, 32, context_size=16)
    x, cond, context = torch.randn(2, 5, 32), torch.randn(2, 32), torch.randn(2, 3, 16)
    positions, bars = torch.arange(5).expand(2, -1), torch.arange(3).expand(2, -1)
    mask = torch.ones(2, 3, dtype=torch.bool)
    assert torch.equal(block(x, cond, positions, None, (context, positions // 2, bars, mask)), x)
    torch.nn.init.normal_(block.door.up.weight)
    assert not torch.allclose(block(x, cond, positions, None, (context, positions // 2, bars, mask)), x)


def test_an_untrained_denoiser_only_normalises():
    denoiser = Denoiser(32, depth=2, num_heads=4, context_size=16)
    x = torch.randn(1, 4, 32)
    positions, mask = torch.arange(4)[None], torch.ones(1, 4, dtype=torch.bool)
    out = denoiser(x, torch.randn(1, 32), positions, mask, torch.randn(1, 4, 16), positions, mask, positions)
    assert torch.allclose(out, torch.nn.functional.layer_norm(x, (32,)), atol=1e-6)


def test_the_doors_open_from_zero():
    assert all(not vector.any() for vector in PooledDoor(8, 16)(torch.randn(3, 8)))
    door, x = SequenceDoor(16, 8, 4), torch.randn(2, 5, 16)
    places, mask = torch.arange(5).expand(2, -1), torch.ones(2, 5, dtype=torch.bool)
    assert torch.equal(door(x, torch.randn(2, 5, 8), places, places, mask), x)


def test_a_masked_context_frame_is_not_heard():
    door, x, context = SequenceDoor(16, 8, 4), torch.randn(1, 5, 16), torch.randn(1, 3, 8)
    torch.nn.init.ones_(door.gate)
    places, frames = torch.arange(5)[None], torch.arange(3)[None]
    mask = torch.tensor([[True, True, False]])
    other = context.clone()
    other[:, 2] += 10
    assert torch.equal(door(x, context, places, frames, mask), door(x, other, places, frames, mask))
    other[:, 1] += 10
    assert not torch.allclose(door(x, context, places, frames, mask), door(x, other, places, frames, mask))


def test_rotation_keeps_lengths_and_depends_on_the_difference_alone():
    x, y = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    at = [torch.tensor([[float(place)]]) for place in (0, 3, 40, 43)]
    assert torch.allclose(rotate(x, at[2]).norm(), x.norm(), atol=1e-5)
    near = [(rotate(x, at[i]) * rotate(y, at[i + 1])).sum() for i in (0, 2)]
    assert torch.allclose(near[0], near[1], atol=1e-4)


def test_time_embedding_tells_times_apart():
    rows = time_embedding(torch.tensor([0.0, 0.5, 1.0]), 64)
    assert rows.shape == (3, 64) and torch.cdist(rows, rows).fill_diagonal_(9).min() > 1


# Null


def test_null_stands_only_where_the_condition_is_absent():
    null, cond = LearnedNull(4), torch.randn(2, 3, 4)
    out = null(cond, torch.tensor([True, False]))
    assert torch.equal(out[0], cond[0]) and torch.equal(out[1], null.value.expand(3, 4))


def test_the_drop_rule_is_independent():
    drop = {"content": 0.2, "emotion": 0.5}
    present = draw_present(20_000, drop, torch.Generator().manual_seed(0))
    for name, chance in drop.items():
        assert float(present[name].float().mean()) == pytest.approx(1 - chance, abs=0.01)
    both = (present["content"] & present["emotion"]).float().mean()
    assert float(both) == pytest.approx(0.8 * 0.5, abs=0.012)


# The music denoiser


def example(length: int, bars: int, seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    bar = torch.arange(length) * bars // length
    place = torch.arange(length) - torch.searchsorted(bar, bar)
    values = torch.stack([torch.randint(0, size, (length,), generator=generator) for size in SIZES], -1)
    values[torch.rand(values.shape, generator=generator) < 0.4] = MASK
    values[:, :7][place > 0] = NOT_HERE
    values[:, 7:][place == 0] = NOT_HERE
    return {
        "values": values[None],
        "bar": bar[None],
        "place": place[None],
        "mask": None,
        "attributes": torch.randn(1, bars, 5, generator=generator),
        "style": torch.tensor([seed % 4]),
        "emotion": torch.randn(1, bars, 64, generator=generator),
        "present": {name: torch.ones(1, dtype=torch.bool) for name in ("content", "identity", "emotion")},
    }


def padded(one: dict, length: int, bars: int) -> dict:
    """The same example with rubbish behind its end."""
    rows, count = one["values"].shape[1], one["emotion"].shape[1]
    tail = length - rows
    return {
        **one,
        "values": torch.cat([one["values"], torch.ones(1, tail, 12, dtype=torch.long)], 1),
        "bar": torch.cat([one["bar"], torch.full((1, tail), bars - 1)], 1),
        "place": torch.cat([one["place"], torch.full((1, tail), 3)], 1),
        "mask": (torch.arange(length) < rows)[None],
        "attributes": torch.cat([one["attributes"], torch.randn(1, bars - count, 5)], 1),
        "emotion": torch.cat([one["emotion"], torch.randn(1, bars - count, 64)], 1),
    }


def test_a_batch_of_two_is_two_singles():
    model = small_model()
    long, short = example(30, 6, seed=1), example(17, 4, seed=2)
    one, two = padded(long, 30, 6), padded(short, 30, 6)
    batch = {key: torch.cat([one[key], two[key]]) for key in one if key != "present"}
    batch["present"] = {key: torch.ones(2, dtype=torch.bool) for key in long["present"]}
    both = model(**batch)
    assert torch.allclose(both[0], model(**long)[0], atol=1e-5)
    assert torch.allclose(both[1, :17], model(**short)[0], atol=1e-5)
    assert not torch.allclose(model(**long)[0, :17], model(**short)[0], atol=1e-2)


@pytest.mark.parametrize(
    ("name", "key"), [("content", "attributes"), ("identity", "style"), ("emotion", "emotion")]
)
def test_an_absent_condition_is_not_heard(name, key):
    model, one = small_model(), example(12, 3)
    other = {**one, key: (one[key] + 1) % 4 if key == "style" else one[key] + 1}
    assert not torch.allclose(model(**one), model(**other))
    absent = {**one["present"], name: torch.zeros(1, dtype=torch.bool)}
    assert torch.equal(model(**{**one, "present": absent}), model(**{**other, "present": absent}))
    assert not torch.allclose(model(**{**one, "present": absent}), model(**one)), "the null is not the value"


def test_an_attribute_that_is_not_asked_for_is_nan():
    model, one = small_model(), example(12, 3)
    free = {**one, "attributes": torch.full_like(one["attributes"], torch.nan)}
    assert model(**free).isfinite().all()
    assert not torch.allclose(model(**free), model(**{**one, "attributes": torch.zeros(1, 3, 5)}))


def test_a_masked_field_hides_its_value():
    model, one = small_model(), example(12, 3)
    changed = one["values"].clone()
    changed[0, 1, 8] = (changed[0, 1, 8] + 1) % SIZES[8] if changed[0, 1, 8] >= 0 else 5
    assert not torch.allclose(model(**one), model(**{**one, "values": changed}))


def test_implied_attributes_are_the_regression():
    model = small_model()
    model.attribute_of_emotion.copy_(torch.randn(5, 6))
    v, a = 0.3, -0.6
    features = torch.tensor([1.0, v, a, v * a, v * v, a * a])
    got = model.implied_attributes(torch.tensor([[v, a, 0.1]]))
    assert torch.allclose(got[0], model.attribute_of_emotion @ features, atol=1e-6)


# Saving and loading


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of checkpoints with one small model in it."""
    monkeypatch.setattr(checkpoints, "ROOT", tmp_path)
    model = small_model()
    del model.checkpoint
    checkpoints.save(
        NAME,
        model,
        licence="Apache-2.0",
        data="none",
        command="none",
        date="2026-01-01",
        space_version=SPACE_VERSION,
        extra={"calibration": None},
    )
    return tmp_path


def test_save_pretrained_round_trip(tmp_path):
    model, one = small_model(), example(12, 3)
    model.save_pretrained(tmp_path)
    assert not list(tmp_path.glob("*.bin"))
    again = MusicDenoiser.from_pretrained(tmp_path)
    assert dict(again.config)["hidden_size"] == 32
    assert all(
        torch.equal(a, b)
        for a, b in zip(again.state_dict().values(), model.state_dict().values(), strict=True)
    )
    assert torch.allclose(again(**one), model(**one), atol=1e-5)


def test_checkpoint_round_trip(shipped):
    loaded, one = checkpoints.load(NAME, space_version=SPACE_VERSION), example(12, 3)
    assert torch.allclose(loaded(**one), small_model()(**one), atol=2e-2), "float16 on disk"
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    assert next(loaded.parameters()).dtype == torch.float32
    assert loaded.checkpoint == checkpoints.describe(NAME) and loaded.checkpoint.extra == {
        "calibration": None
    }
    assert [path for path in shipped.rglob("*partial*")] == []


def test_a_corrupted_file_is_refused(shipped):
    path = shipped / NAME / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(checkpoints.CheckpointError, match=r"expected sha256 .* the file is corrupted"):
        checkpoints.load(NAME)


def test_a_missing_or_unknown_checkpoint_is_refused(shipped):
    with pytest.raises(checkpoints.CheckpointError, match="expected a checkpoint out of music-base, got 'x'"):
        checkpoints.load("x")
    (shipped / NAME / "model.safetensors").unlink()
    with pytest.raises(checkpoints.CheckpointError, match=r"expected weights at .*, got no file"):
        checkpoints.load(NAME)


def test_a_wrong_hash_shape_or_version_is_refused(shipped):
    entry = dataclasses.asdict(checkpoints.describe(NAME))
    with pytest.raises(
        checkpoints.CheckpointError, match="expected weights for emotion space version 2, got"
    ):
        checkpoints.load(NAME, space_version=2)
    checkpoints.update_manifest(NAME, {"config": {**entry["config"], "hidden_size": 48}})
    with pytest.raises(checkpoints.CheckpointError, match="expected weights that fit"):
        checkpoints.load(NAME)
    checkpoints.update_manifest(NAME, {"config": entry["config"], "sha256": "0" * 64})
    with pytest.raises(checkpoints.CheckpointError, match="expected sha256 000000000000"):
        checkpoints.load(NAME)


def test_a_broken_manifest_is_refused(shipped):
    (shipped / "manifest.json").write_text("{")
    with pytest.raises(checkpoints.CheckpointError, match="expected a readable manifest"):
        checkpoints.manifest()
    (shipped / "manifest.json").write_text(json.dumps({"a": {"colour": 1}}))
    with pytest.raises(checkpoints.CheckpointError, match="expected a readable manifest"):
        checkpoints.manifest()


def test_a_file_beyond_the_limit_is_not_written(shipped, monkeypatch):
    monkeypatch.setattr(checkpoints, "MAX_FILE_BYTES", 1000)
    with pytest.raises(checkpoints.CheckpointError, match="expected at most 1000 bytes a file"):
        checkpoints.save("big", small_model(), licence="x", data="x", command="x", date="x")
    assert not (shipped / "big").exists()
