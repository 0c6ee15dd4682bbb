"""Bad input of Wan2.1: one line each, before gigabytes are loaded."""

from __future__ import annotations

import json
import os
import shutil
import struct

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from wan_adapter_material import save_adapter
from wan_video_material import save_tiny_i2v, save_tiny_t2v

from conditioning import EmotionCurve
from generators.hub_weights import shapes_of
from generators.video import wan, wan_memory
from generators.video.options import VideoOptions, VideoPrompt
from generators.video.wan_open import TEXT_PARTS, Held, open_parts
from generators.video.wan_weights import find_base
from generators.wan_text import read_prompt

PUBLISHED = "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
ADAPTER = "adapter/diffusion_pytorch_model.safetensors"
LORA = "pytorch_lora_weights.safetensors"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    save_tiny_t2v(root / "t2v")
    save_tiny_i2v(root / "i2v")
    save_adapter(root / "feeling", root / "t2v", trained=True)
    Image.new("RGB", (128, 96), "teal").save(root / "picture.png")
    return root


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """To collect garbage takes longer than these models."""
    for module in ("wan_memory", "wan_open"):
        monkeypatch.setattr(f"generators.video.{module}.freed", lambda: None)


@pytest.fixture
def copy(models, tmp_path):
    """A copy of a model or adapter that a test may break; large files are links."""

    def made(name):
        return shutil.copytree(models / name, tmp_path / name, copy_function=os.link)

    return made


def rewrite(path, text):
    """Replaces a file without touching what it is linked to."""
    path.unlink()
    path.write_text(text) if isinstance(text, str) else path.write_bytes(text)


def edit(path, **changes):
    rewrite(path, json.dumps(json.loads(path.read_text()) | changes))


def retensor(path, change):
    tensors = change(load_file(path))
    path.unlink()
    save_file(tensors, path)


def refused(match, base, prompt="a lamp", image="", error=ValueError, **changes):
    with pytest.raises(error, match=match) as caught:
        wan.check(VideoPrompt(prompt, image=str(image)), VideoOptions(base=str(base), **changes))
    line = str(caught.value)
    assert "\n" not in line and line.startswith("expected ") and ", got" in line


def test_a_repository_that_is_not_here_says_what_to_fetch(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    refused(
        r"expected Wan-AI/.* in the hub's cache, got none: set download .*about 29 GB, Apache-2.0",
        PUBLISHED,
        error=FileNotFoundError,
    )
    refused("set download to fetch it$", "somebody/other", error=FileNotFoundError)
    chosen = VideoOptions(base=PUBLISHED, download=True)
    wan.precheck(VideoPrompt("a lamp"), chosen)  # what is to be fetched cannot be looked at
    with pytest.raises(FileNotFoundError):
        wan.precheck(VideoPrompt("a lamp"), VideoOptions(base=PUBLISHED))
    refused("expected a folder with a Wan2.1 model", "no such folder", error=FileNotFoundError)


def test_a_repository_of_which_only_a_part_is_here(tmp_path, models, monkeypatch):
    folder = tmp_path / f"models--{PUBLISHED.replace('/', '--')}"
    shutil.copytree(models / "t2v", folder / "snapshots" / "abc", copy_function=os.link)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    base = find_base(PUBLISHED)
    assert (base.name, base.kind, base.licence) == (PUBLISHED, "text", "Apache-2.0")
    (folder / "snapshots" / "abc" / WEIGHTS).unlink()
    refused(f"got {PUBLISHED} without {WEIGHTS}: set download .*29 GB", PUBLISHED, error=FileNotFoundError)


@pytest.mark.parametrize(
    "file",
    ["model_index.json", "text_encoder/model.safetensors", "text_encoder/config.json", "vae/config.json", WEIGHTS,
     "tokenizer/tokenizer.json", "scheduler/scheduler_config.json", "transformer/config.json"],
)  # fmt: skip
def test_a_folder_that_lacks_a_file(copy, file):
    folder = copy("t2v")
    (folder / file).unlink()
    refused(f"got t2v without {file}", folder, error=FileNotFoundError)


def test_all_pieces_of_an_index_must_be_there(copy):
    folder = copy("t2v")
    whole = folder / WEIGHTS
    names = [f"diffusion_pytorch_model-{number:05}-of-00005.safetensors" for number in range(1, 6)]
    whole.rename(whole.with_name(names[0]))
    index = {"weight_map": {str(number): name for number, name in enumerate(names)}}
    (folder / "transformer" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    refused(r"without .*-00002-of.*-00003-of.*-00004-of.* and 1 more", folder, error=FileNotFoundError)


def test_a_file_that_is_cut_off_or_a_pointer(copy):
    folder = copy("t2v")
    data = (folder / WEIGHTS).read_bytes()
    rewrite(folder / WEIGHTS, data[: len(data) // 2])
    refused(f"expected {len(data):,} bytes in {WEIGHTS} of t2v, got {len(data) // 2:,}", folder)
    rewrite(folder / WEIGHTS, data[:5])
    refused("expected whole safetensors", folder)
    rewrite(folder / WEIGHTS, struct.pack("<Q", 40) + b"x" * 60)
    refused("expected whole safetensors", folder)
    rewrite(folder / WEIGHTS, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    refused("got a pointer of Git LFS", folder)


def test_other_models_are_refused_by_name(copy, models):
    folder = copy("t2v")
    edit(folder / "model_index.json", _class_name="WanVACEPipeline")
    refused("text-to-video or image-to-video model of Wan2.1 .* got WanVACEPipeline", folder)
    edit(folder / "model_index.json", _class_name="WanPipeline", boundary_ratio=0.9)
    refused("got one of Wan2.2", folder)
    edit(folder / "model_index.json", _class_name="WanImageToVideoPipeline", boundary_ratio=None)
    refused("expected a transformer of image-to-video", folder, image=models / "picture.png")
    rewrite(folder / "model_index.json", "{")
    refused("expected a readable model_index.json", folder)
    folder = copy("i2v")
    edit(folder / "transformer" / "config.json", pos_embed_seq_len=514)
    refused("got one of a first and a last", folder, image=models / "picture.png")
    edit(folder / "transformer" / "config.json", num_layers="many")
    refused("expected num_layers", folder, image=models / "picture.png")


def test_pictures_and_scales_are_for_bases_that_see(models):
    refused("expected an image for i2v", models / "i2v")
    refused("expected no image for t2v", models / "t2v", image=models / "picture.png")
    refused("identity_guidance_scale of 1 for t2v", models / "t2v", identity_guidance_scale=2.0)


def test_frames_and_sides(models):
    refused("4 n . 1 frames", models / "t2v", num_frames=80)
    refused("a width that 16 divides, got 100", models / "t2v", width=100)


def test_controls_need_an_adapter(models):
    for name, value in {"negative_emotion": "sadness", "brightness": 0.5, "hue": 0.0}.items():
        refused(
            f"expected an adapter for {name}", models / "t2v", emotion_guidance_scale=2.0, **{name: value}
        )
    refused("expected an adapter for emotion guidance", models / "t2v", emotion_guidance_scale=2.0)


def test_adapters_of_other_bases_spaces_and_classes(models, copy, tmp_path):
    folder = copy("feeling")
    config = folder / "adapter" / "config.json"

    def told(match, **changes):
        refused(match, models / "t2v", adapter=str(folder), **changes)

    edit(config, hidden_size=1536, num_layers=30)
    told("width 24 and 2 blocks for t2v, got 1536 and 30")
    edit(config, space_version=99)
    told("space version 1, got 99")
    edit(config, _class_name="UNet")
    told("expected an EmotionAdapter, got UNet")
    (folder / ADAPTER).unlink()
    told("diffusion_pytorch_model.safetensors of an emotion adapter in 'feeling'", error=FileNotFoundError)
    refused(
        "expected the folder of an emotion adapter",
        models / "t2v",
        adapter="nowhere",
        error=FileNotFoundError,
    )


@pytest.mark.parametrize(
    ("file", "change", "match"),
    [
        (ADAPTER, lambda t: {k: v for k, v in t.items() if k != "gates"}, "expected 2 x 24 for gates .* got nothing"),
        (ADAPTER, lambda t: t | {"gates": torch.zeros(3, 3)}, "expected 2 x 24 for gates .* got 3 x 3"),
        (LORA, lambda t: {f"x{k}": v for k, v in t.items()}, "expected a LoRA of this base in diffusers' form"),
        (LORA, lambda t: {k.replace("to_q", "to_z"): v for k, v in t.items()}, "got 'transformer.blocks.0.attn1.to_z"),
        (LORA, lambda t: {k: v for k, v in t.items() if "lora_A" in k}, r"expected 24 x 4 for .*lora_B.* got nothing"),
        (LORA, lambda t: {k: v.repeat(2, 2) for k, v in t.items()}, "expected 8 x 24 for"),
    ],
    ids=["lost", "shape", "form", "layer", "half", "size"],
)  # fmt: skip
def test_adapters_whose_weights_do_not_fit(models, copy, file, change, match):
    folder = copy("feeling")
    retensor(folder / file, change)
    chosen = VideoOptions(base=str(models / "t2v"), adapter=str(folder))
    base, adapter = wan.check(VideoPrompt("a lamp"), chosen)
    with pytest.raises(ValueError, match=match):
        Held().model(base, adapter, "cpu", False)


def test_a_transformer_that_lacks_weights(copy):
    folder = copy("t2v")
    retensor(folder / WEIGHTS, lambda t: {k: v for k, v in t.items() if k != "proj_out.bias"})
    with pytest.raises(
        ValueError, match=r"for proj_out\.bias in the files of the transformer of t2v, got nothing"
    ):
        Held().model(find_base(str(folder)), None, "cpu", False)


def test_shapes_are_read_from_headers(models):
    shapes = shapes_of(models / "t2v" / WEIGHTS, "a file")
    assert shapes == {name: tuple(value.shape) for name, value in load_file(models / "t2v" / WEIGHTS).items()}


def test_no_room_says_which_switch_helps(models, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(wan, "sampled", full)
    for low_vram, switch in ((False, "set low_vram"), (True, "ask for fewer frames or a smaller picture")):
        chosen = VideoOptions(base=str(models / "t2v"), low_vram=low_vram)
        with pytest.raises(
            ValueError, match=f"memory on cpu for 81 frames of 832 x 480, got none left: {switch}"
        ):
            wan.generate(VideoPrompt("a lamp"), EmotionCurve.parse("awe"), chosen)
    with pytest.raises(RuntimeError, match="else"), wan_memory.room_for("a film", "cpu", False):
        raise RuntimeError("something else")


def test_networks_that_fit_move_whole_and_others_by_layers(models):
    held = Held()
    pipeline = held.model(find_base(str(models / "t2v")), None, "cpu", False).pipeline
    need = wan_memory.bytes_of(pipeline.transformer) + wan_memory.SPARE
    assert wan_memory.offload_for(pipeline, need) == "model"
    assert wan_memory.offload_for(pipeline, need - 1) == "sequential"
    reader = open_parts(find_base(str(models / "t2v")), torch.float32, TEXT_PARTS)
    with torch.no_grad():
        plain = read_prompt(reader.tokenizer, reader.text_encoder, "a lamp")
        wan_memory.by_layers(reader.text_encoder, "cpu")
        moved = read_prompt(reader.tokenizer, reader.text_encoder, "a lamp", "cpu")
    assert {value.device.type for value in reader.text_encoder.parameters()} == {"meta"}
    assert torch.equal(moved, plain)
    assert wan_memory.dtype_on("cuda:0") == torch.bfloat16 and wan_memory.dtype_on("cpu") == torch.float32


def test_doubts_are_told():
    assert len(wan.doubts(VideoOptions(base="x", content_guidance_scale=1.0))) == 2
    assert not wan.doubts(VideoOptions(base="x", adapter="y"))
