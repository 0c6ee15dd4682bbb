"""Fine-tuning of tiny Wan2.1 models: the cache, the loss, resuming, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cli_driver import complaint
from PIL import Image
from safetensors.torch import load_file
from tune_material import recipe, write_films
from wan_video_material import save_tiny_i2v, save_tiny_t2v

from conditioning import EmotionCurve, load_space
from generators.hub_weights import silent
from generators.sampling import shifted_time
from generators.video import tune, tune_encode, tune_record
from generators.video.adapter import EmotionAdapter, attach
from generators.video.tune_buckets import Shapes
from generators.video.tune_clips import as_video, frames_of
from generators.video.tune_model import (
    flow_error,
    looks_said,
    loss_of,
    open_tuned,
    with_picture,
)
from generators.video.tune_table import read_table
from generators.video.wan_adapter import find_adapter
from generators.video.wan_fit import put_on
from generators.video.wan_guidance import without_picture
from generators.video.wan_open import open_parts
from generators.video.wan_weights import NEEDED, find_base
from studio.cli import main


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch):
    """Curves of losses are drawn by the loop's own tests."""
    monkeypatch.setattr("training.loop.plot_losses", lambda out_dir: None)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with films, a base of each kind, and a cache that all tests share."""
    folder = tmp_path_factory.mktemp("tune")
    write_films(folder / "films")
    with silent():
        save_tiny_t2v(folder / "text")
        save_tiny_i2v(folder / "image")
    return folder


def config_in(place, **changes):
    return recipe(cache=str(place / "cache"), **changes)


def run_in(place, out, kind="text", *, resume=False, **changes):
    out.mkdir(exist_ok=True)
    return tune.run(config_in(place, **changes), place / "films", out, resume, base=str(place / kind))


def examples_of(place, kind, **changes):
    """Gives the base, the recipe and what is learned from."""
    base, config = find_base(str(place / kind)), config_in(place, **changes)
    shapes = Shapes.of(config)
    pieces = [piece for row in read_table(place / "films") for piece in shapes.pieces(row)]

    class Alone:
        device, process_index, num_processes, wait_for_everyone = "cpu", 0, 1, lambda self: None

    return base, config, tune.encoded(config, base, pieces, place / "cache", Alone(), None)[0]


@pytest.mark.parametrize("kind", ["text", "image"])
def test_what_is_kept_is_what_diffusers_makes(place, kind):
    base, _, examples = examples_of(place, kind)
    batch = examples.batch([0])
    pipeline = open_parts(base, torch.float32, NEEDED[kind])
    piece = examples.pieces[0]
    with torch.no_grad():
        text, _ = pipeline.encode_prompt(
            piece.row.prompt, do_classifier_free_guidance=False, max_sequence_length=512
        )
        assert torch.equal(batch["text"], text)
        frames = frames_of(piece)
        if kind == "image":
            image = Image.fromarray(frames[0])
            assert torch.allclose(batch["image"], pipeline.encode_image(image), atol=2e-3)
            first = pipeline.video_processor.preprocess(image, height=48, width=64)
            noise = torch.randn_like(batch["latents"])
            _, condition = pipeline.prepare_latents(
                first, 1, height=48, width=64, num_frames=9, dtype=torch.float32, device="cpu", latents=noise
            )
            shown = with_picture(noise, batch["condition"], torch.tensor([True]), 4)
            assert torch.allclose(shown, torch.cat([noise, condition], 1), atol=2e-3)
            unseen = with_picture(noise, batch["condition"], torch.tensor([False]), 4)
            assert torch.equal(unseen, without_picture(shown, 16))
        back = pipeline.vae.encode(as_video(frames)).latent_dist.mode()[0]
        assert (
            torch.corrcoef(torch.stack([back[0].flatten(), batch["latents"][0, 0].flatten()]))[0, 1] > 0.999
        )


def test_the_cache_is_used_again(place, monkeypatch):
    _, _, examples = examples_of(place, "text")

    def unwanted(*_):
        raise AssertionError("opened again")

    monkeypatch.setattr(tune_encode, "open_parts", unwanted)
    _, _, again = examples_of(place, "text")
    assert again.kept == examples.kept
    # What is broken is made anew, and so is what another base would make.
    whole = examples.kept[0].read_bytes()
    examples.kept[0].write_bytes(whole[:100])
    with pytest.raises(AssertionError):
        examples_of(place, "text")
    examples.kept[0].write_bytes(whole)
    with pytest.raises(AssertionError):
        examples_of(place, "text", lengths=[5])


def test_broken_films_are_told_together_and_the_others_are_kept(place, tmp_path, monkeypatch):
    base, config, _ = examples_of(place, "text")

    def broken(piece):
        if piece.row.line == 3:
            return frames_of(piece)
        raise ValueError("expected a readable film, got noise")

    monkeypatch.setattr(tune_encode, "frames_of", broken)
    pieces = [piece for row in read_table(place / "films") for piece in Shapes.of(config).pieces(row)]
    encoder = tune_encode.Encoder(base, tune.Cache(tmp_path), "cpu")
    with pytest.raises(ValueError) as error:
        encoder.pieces(pieces)
    assert [line.strip()[:12] for line in str(error.value).splitlines()[1:]] == ["line 2, file"] * 2 + [
        "line 4, file"
    ]
    assert len(list((tmp_path / "films").rglob("*.safetensors"))) == 2


def test_processes_share_the_encoding(place, tmp_path):
    base, config, _ = examples_of(place, "text")
    pieces = [piece for row in read_table(place / "films") for piece in Shapes.of(config).pieces(row)]
    counts = []
    for rank in (0, 1):  # one after the other: the second sees what the first has made
        encoder = tune_encode.Encoder(base, tune.Cache(tmp_path), "cpu", rank=rank, num_processes=2)
        paths = encoder.pieces(pieces)
        counts.append(sum(path.is_file() for path in paths))
    assert 0 < counts[0] < counts[1] == len(pieces)


@pytest.mark.parametrize("kind", ["text", "image"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_one_step_lowers_the_loss_of_a_repeated_batch(place, kind, checkpointing):
    torch.manual_seed(0)
    base, config, examples = examples_of(place, kind, gradient_checkpointing=checkpointing)
    tuned = open_tuned(base, config, "cpu", torch.float32)
    before = {name: value.clone() for name, value in tuned.frozen.transformer.state_dict().items()}
    batch = examples.batch_at(0, 0)
    noise, share = torch.randn_like(batch["latents"]), torch.tensor([0.6])
    present = dict.fromkeys(("content", "identity", "emotion"), torch.tensor([True]))

    def error():
        return flow_error(tuned, batch, tuned.frozen, noise, share, present)

    optimizer = torch.optim.AdamW(tuned.parameters(), lr=1e-2)
    first = error()
    first.backward()
    optimizer.step()
    assert error() < first - 1e-3
    trained = [
        name for name, value in tuned.frozen.transformer.state_dict().items() if not value.equal(before[name])
    ]
    assert trained and all(".lora_" in name for name in trained)
    assert not tuned.adapter.to_modulation.weight.eq(0).all()


def test_gradient_checkpointing_changes_no_gradient(place):
    found = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        base, config, examples = examples_of(place, "text", gradient_checkpointing=checkpointing)
        tuned = open_tuned(base, config, "cpu", torch.float32)
        torch.manual_seed(1)
        loss_of(tuned, examples.batch_at(0, 0), tuned.frozen, config["drop"])["loss"].backward()
        found.append([value.grad for value in tuned.parameters()])
    assert all(torch.allclose(one, two, atol=1e-7) for one, two in zip(*found, strict=True))


def test_a_resumed_run_is_the_one_that_was_never_stopped(place, tmp_path):
    changes = {"train": {"max_steps": 4, "accumulate": 2, "ema_decay": 0.5}, "held_out": 0.34}
    whole = run_in(place, tmp_path / "whole", **changes)
    run_in(place, tmp_path / "parts", **{**changes, "train": {**changes["train"], "max_minutes": 0.0}})
    assert len((tmp_path / "parts" / "log.jsonl").read_text().splitlines()) < 4
    resumed = run_in(place, tmp_path / "parts", resume=True, **changes)
    for (name, wanted), got in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(wanted, got), name
    log = [json.loads(line) for line in (tmp_path / "parts" / "log.jsonl").read_text().splitlines()]
    assert {"held_out_loss", "emotion_helps"} < log[-1].keys()
    state = tmp_path / "parts" / "state.safetensors"
    assert state.is_file()
    tune_record.Record({"train": {}}, {}, {}).check(tmp_path / "parts", resume=False)
    assert (
        not state.is_file()
    )  # of a run that is not gone on with, for one that may stop before it has its own
    run_in(place, tmp_path / "parts", **changes)
    with pytest.raises(ValueError, match=r"expected lora \{.*'rank': 4.*\} to go on with the run in 'parts'"):
        run_in(place, tmp_path / "parts", resume=True, **changes, lora={"rank": 2})
    with pytest.raises(ValueError, match=r"expected base '.*' to go on with"):
        run_in(place, tmp_path / "parts", "image", resume=True, **changes)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_plain_diffusers_loads_what_is_left(place, tmp_path, kind):
    tuned = run_in(place, tmp_path / "out", kind, train={"max_steps": 1}, licence="cc-by-4.0")
    out, base = tmp_path / "out", find_base(str(place / kind))
    with torch.no_grad():  # gates begin at 0: let the tokens count
        tuned.adapter.gates.fill_(0.5)
    tune.save_tuned(tuned, out)
    tuned.take_place()
    torch.manual_seed(0)
    channels = base.config["in_channels"]
    call = {
        "hidden_states": torch.randn(1, channels, 3, 6, 8),
        "timestep": torch.tensor([700]),
        "encoder_hidden_states": torch.randn(1, 512, 32),
        "encoder_hidden_states_image": torch.randn(1, 17, 4) if kind == "image" else None,
        "return_dict": False,
    }
    feeling = load_space().embed_curve(EmotionCurve.parse("awe", 0.8), [0.0])[None], torch.tensor([True])
    with torch.no_grad():
        tuned.frozen.attachment.feel(tuned.adapter(*feeling))
        wanted = tuned.frozen.transformer(**call)[0]
        for weights in ("pytorch_lora_weights.safetensors", "lora_for_other_tools.safetensors"):
            pipeline = open_parts(base, torch.float32, NEEDED[kind])
            plain = pipeline.transformer(**call)[0]
            pipeline.load_lora_weights(str(out), weight_name=weights)
            adapter = EmotionAdapter.from_pretrained(str(out / "adapter"))
            attach(pipeline.transformer, adapter).feel(adapter(*feeling))
            assert torch.equal(pipeline.transformer(**call)[0], wanted), weights
            assert not torch.equal(plain, wanted)
        found = find_adapter(str(out))
        pipeline = open_parts(base, torch.float32, NEEDED[kind])
        attachment = put_on(pipeline, found)
        attachment.feel(attachment.adapter(*feeling))
        assert torch.equal(pipeline.transformer(**call)[0], wanted)
    assert found.lora is not None and found.licence == "CC-BY-4.0"
    card = (out / "README.md").read_text()
    assert "base_model: " in card and "joy (0.8) (1)" in card
    assert json.loads((out / "training_args.json").read_text())["config"]["lora"]["rank"] == 4


def test_training_from_the_command_line(place, tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(json.dumps(config_in(place, train={"max_steps": 1})))
    arguments = ["train", "video", "--config", str(tmp_path / "small.yaml"), "--data", str(place / "films")]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--base", str(place / "text"), "-q"]) == 0
    assert (tmp_path / "out" / "adapter" / "config.json").is_file()
    capsys.readouterr()
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert "expected --base" in complaint(capsys)
    assert main([*arguments, "--out", str(tmp_path / "out"), "--base", str(tmp_path)]) == 2
    assert "model_index.json" in complaint(capsys)
    assert (
        main(["train", "music-base", "--base", "x", "--data", str(tmp_path), "--out", str(tmp_path / "m")])
        == 2
    )
    assert "expected no --base for music-base" in complaint(capsys)
    assert (
        main(["train", "music-base", "--download", "--data", str(tmp_path), "--out", str(tmp_path / "m")])
        == 2
    )
    assert "expected no --download for music-base" in complaint(capsys)
    assert not (tmp_path / "m").exists()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "films.csv").write_text("file,prompt,emotion\na.mp4,a,joy\nb.mp4,b,joy\n")
    arguments[5] = str(tmp_path / "bad")
    assert main([*arguments, "--out", str(tmp_path / "out"), "--base", str(place / "text")]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line[:21] for line in told[:2]] == ["warning: line 2, file", "warning: line 3, file"]
    assert told[2:] == ["affect: expected 2 good rows in 'films.csv', got 2 problems"]


def test_too_little_memory_says_what_helps(place, tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(tune, "train", full)
    with pytest.raises(
        ValueError, match="expected enough memory for training text, got none left: try gradient"
    ):
        run_in(place, tmp_path / "out")
    assert not (tmp_path / "out" / "README.md").exists()


def test_bad_targets_are_refused(place, tmp_path):
    with pytest.raises(ValueError, match=r"expected targets of the LoRA out of attn1\.to_k, .*, got 'to_x'"):
        run_in(place, tmp_path / "out", lora={"targets": ["to_q", "to_x"]})
    with pytest.raises(
        ValueError, match=r"expected an optimizer out of adamw, muon, adamw8bit, got 'adamw9bit'"
    ):
        run_in(place, tmp_path / "out", train={"optimizer": "adamw9bit"})


def test_looks_are_left_out_together_or_one_by_one():
    torch.manual_seed(0)
    said = ~looks_said(torch.ones(4000, 4), 0.5).isnan()
    assert torch.equal(said[:, 2], said[:, 3])
    assert abs(said[:, 0].float().mean() - 0.25) < 0.03
    assert abs((~said).all(1).float().mean() - (0.5 + 0.5 / 8)) < 0.03
    assert looks_said(torch.ones(9, 4), 1.0).isnan().all()


def test_the_flow_shift_moves_shares_towards_noise():
    assert torch.allclose(
        1 - shifted_time(torch.tensor([1.0, 0.5, 0.0]), 3.0), torch.tensor([0.0, 0.75, 1.0])
    )


ON_TWO = """
import json, sys
from pathlib import Path
from accelerate import PartialState
from safetensors.torch import save_file
from generators.video import tune

config, films, base, out = sys.argv[1:]
tuned = tune.run(json.loads(Path(config).read_text()), films, out, base=base)
save_file(tuned.state_dict(), f"{out}/rank{PartialState().process_index}.safetensors")
"""


@pytest.mark.slow
def test_two_processes_learn_the_same(place, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config_in(place, train={"accumulate": 2})))
    (tmp_path / "on_two.py").write_text(ON_TWO)
    (tmp_path / "out").mkdir()
    script = [str(tmp_path / name) for name in ("on_two.py", "config.json")]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    paths = [str(place / "films"), str(place / "text"), str(tmp_path / "out")]
    root = Path(tune.__file__).parents[2]
    subprocess.run(
        [*launch, *script, *paths], check=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    )
    first, second = (load_file(tmp_path / "out" / f"rank{rank}.safetensors") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    alone = run_in(place, tmp_path / "alone", train={"accumulate": 2}).state_dict()
    assert any(not torch.equal(first[name], alone[name]) for name in first)


class EightBit(torch.optim.AdamW):
    """In the place of bitsandbytes: counts its steps by a plain number, as that does."""

    def step(self, closure=None):
        for state in self.state.values():
            state["step"] = torch.tensor(float(state["step"]))
        super().step(closure)
        for state in self.state.values():
            state["step"] = int(state["step"])


def test_the_8_bit_optimiser_is_optional(place, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ValueError, match="expected bitsandbytes for adamw8bit"):
        run_in(place, tmp_path / "out", train={"optimizer": "adamw8bit"})


def test_runs_of_optimisers_that_count_plainly_are_resumed(place, tmp_path, monkeypatch):
    monkeypatch.setattr("training.loop.new_optimizer", lambda groups, config: EightBit(groups))
    run_in(place, tmp_path / "out", train={"max_minutes": 0.0})
    resumed = run_in(place, tmp_path / "out", resume=True).state_dict()
    whole = run_in(place, tmp_path / "whole").state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
