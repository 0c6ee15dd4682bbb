"""Tiny Wan2.1 pipelines of the real classes with random weights, saved as people would have them.

Sides are those of the real model: 8 pixels a latent, 16 a token, 4 frames a latent frame; any script is read.
"""

from __future__ import annotations

import torch
from diffusers import (
    UniPCMultistepScheduler,
    WanImageToVideoPipeline,
    WanPipeline,
    WanTransformer3DModel,
)
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel
from wan_material import tiny_pipeline as tiny_wan_animate

HIDDEN_SIZE = 24
NUM_LAYERS = 2
TEXT_DIM = 32
LATENT_CHANNELS = 16
IMAGE_DIM = 4
# What the smaller models were published with: 3 at 480 lines, 5 at 720.
FLOW_SHIFT = 3.0


def save_tiny_t2v(folder):
    """Writes a text-to-video model; gives its folder."""
    tiny_t2v().save_pretrained(folder)
    return folder


def save_tiny_i2v(folder):
    """Writes an image-to-video model; gives its folder."""
    tiny_i2v().save_pretrained(folder)
    return folder


def tiny_t2v(seed: int = 0) -> WanPipeline:
    """The same weights for the same seed."""
    torch.manual_seed(seed)
    return WanPipeline(**common_parts(), transformer=tiny_transformer())


def tiny_i2v(seed: int = 0) -> WanImageToVideoPipeline:
    """As `tiny_t2v`, with the 20 further channels and the reader of pictures of Wan2.1's image-to-video."""
    torch.manual_seed(seed)
    animate = tiny_wan_animate()
    return WanImageToVideoPipeline(
        **common_parts(),
        image_encoder=animate.image_encoder,
        image_processor=animate.image_processor,
        transformer=tiny_transformer(
            in_channels=2 * LATENT_CHANNELS + 4, image_dim=IMAGE_DIM, added_kv_proj_dim=HIDDEN_SIZE
        ),
    )


def tiny_transformer(**changes) -> WanTransformer3DModel:
    config = dict(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=HIDDEN_SIZE // 2, in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS, text_dim=TEXT_DIM, freq_dim=32, ffn_dim=32, num_layers=NUM_LAYERS,
        cross_attn_norm=True, qk_norm="rms_norm_across_heads", rope_max_seq_len=32,
    )  # fmt: skip
    return WanTransformer3DModel(**config | changes).eval()


def common_parts() -> dict:
    tokenizer = bytes_tokenizer()
    text = UMT5Config(
        vocab_size=len(tokenizer),
        d_model=TEXT_DIM,
        d_kv=8,
        d_ff=37,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": UMT5EncoderModel(text).eval(),
        "vae": tiny_wan_animate().vae,
        "scheduler": UniPCMultistepScheduler(
            prediction_type="flow_prediction",
            use_flow_sigmas=True,
            num_train_timesteps=1000,
            flow_shift=FLOW_SHIFT,
        ),
    }


def bytes_tokenizer() -> PreTrainedTokenizerFast:
    """Every byte a token, so that no script is unknown; ends a text as UMT5's does."""
    special = ["<pad>", "</s>", "<unk>"]
    words = special + sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
