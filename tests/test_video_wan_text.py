"""Prompts as Wan's training read them: repaired, in any script."""

from __future__ import annotations

import pytest
import torch
from wan_video_material import TEXT_DIM, common_parts

from generators.wan_text import WORDS, cleaned, read_prompt

PAIRS = {
    "  a lamp\n in  the\train ": "a lamp in the rain",
    "cafÃ© crÃ¨me": "café crème",
    "â€œstormyâ€\x9d": '"stormy"',
    "Ã\x98re Ð´Ð¾Ð¼": "Øre дом",
    "cafe\u0301": "café",
    "tea &amp;amp; cake": "tea & cake",
    "“quoted” ‘words’": "\"quoted\" 'words'",
    "eﬃcient ﬂight": "efficient flight",
    "ＷＡＮ２．１　ｆｉｌｍ！": "WAN2.1 film!",
    "one\x00two\x07": "onetwo",
    "雨中的灯笼，忧郁": "雨中的灯笼,忧郁",
    "фонарь под дождём": "фонарь под дождём",
    "مصباح تحت المطر": "مصباح تحت المطر",
    "बारिश में एक दीपक": "बारिश में एक दीपक",
    "가을 비": "가을 비",
    "👩‍👧 dancing": "👩‍👧 dancing",
    "Ã": "Ã",
    "naïve Ölçü": "naïve Ölçü",
}


@pytest.mark.parametrize(("prompt", "wanted"), PAIRS.items(), ids=range(len(PAIRS)))
def test_prompts_are_cleaned(prompt, wanted):
    assert cleaned(prompt) == wanted
    assert cleaned(wanted) == wanted


@pytest.mark.parametrize("prompt", PAIRS, ids=range(len(PAIRS)))
def test_the_rules_are_those_of_diffusers(prompt):
    pytest.importorskip("ftfy")
    from diffusers.pipelines.wan.pipeline_wan import prompt_clean

    assert cleaned(prompt) == prompt_clean(prompt)


def test_what_is_read_is_zero_after_its_end():
    parts = common_parts()
    with torch.no_grad():
        long, short, other = (
            read_prompt(parts["tokenizer"], parts["text_encoder"], text)
            for text in ("雨" * 400, "rain", "雨")
        )
    assert long.shape == short.shape == (1, WORDS, TEXT_DIM)
    assert short[0, 4].any() and not short[0, 5:].any()  # four letters and the end
    assert long[0, -1].any()
    assert not torch.equal(short, other)
