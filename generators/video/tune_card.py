"""The model card of a fine-tuning: what it is, what it learned from, how it is used, what was measured."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checkpoints.files import replace_file

from .tune_record import Record
from .tune_save import ADAPTER, OTHER_LORA
from .tune_table import Row
from .wan_adapter import LORA

PIPELINES = {"text": ("WanPipeline", "text-to-video"), "image": ("WanImageToVideoPipeline", "image-to-video")}
MOST_FEELINGS = 12


def write_card(folder: Path, record: Record, rows: Sequence[Row]) -> None:
    """Writes README.md with the figures of the folder's log."""
    with replace_file(folder / "README.md") as partial:
        partial.write_text(card(record, rows, figures_of(folder)), encoding="utf-8")


def figures_of(folder: Path) -> dict[str, Any]:
    """Gives the last value of everything that was logged."""
    figures: dict[str, Any] = {}
    for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines():
        figures |= json.loads(line)
    return {name: value for name, value in figures.items() if name != "final"}


def card(record: Record, rows: Sequence[Row], figures: dict[str, Any]) -> str:
    """Gives the card as Markdown with the hub's front matter."""
    config, base = record.config, record.base
    pipeline, tag = PIPELINES[base["kind"]]
    feelings = Counter(row.emotion.label for row in rows).most_common(MOST_FEELINGS)
    data = config["data"] or "a folder of films that nothing is said of"
    lora = config["lora"]
    picture = 'image=load_image("first.png"), ' if base["kind"] == "image" else ""
    load_image = "from diffusers.utils import load_image\n" if picture else ""
    with_image = " --image first.png" if picture else ""
    return f"""---
license: {config["licence"]}
base_model: {base["name"]}
library_name: diffusers
pipeline_tag: {tag}
tags: [lora, emotion, wan, affect-studio]
---
# An emotion dial for {base["name"]}

A LoRA (rank {lora["rank"]}, on {", ".join(lora["targets"])} of every block) and an emotion adapter, which
takes points of Affect Studio's emotion space (version {record.space_version}): mixtures, any intensity, a
curve over the film.

- `{LORA}`: the LoRA as diffusers loads it
- `{OTHER_LORA}`: the same by the names of Wan's own code, for other tools
- `{ADAPTER}/`: the emotion adapter; without it the LoRA alone has no dial
- `training_args.json`: the recipe and what it was run on

## Use

```bash
affect generate video --base {base["name"]} --adapter THIS_FOLDER{with_image} \\
  --prompt "a harbour at dusk" --emotion awe --intensity 0.8
```

With plain diffusers, and Affect Studio for the adapter and the emotion space:

```python
from diffusers import {pipeline}
{load_image}from conditioning import EmotionCurve, load_space
from generators.video.adapter import EmotionAdapter, attach
import torch

pipe = {pipeline}.from_pretrained("{base["name"]}")
pipe.load_lora_weights("THIS_FOLDER")
adapter = EmotionAdapter.from_pretrained("THIS_FOLDER/{ADAPTER}")
attachment = attach(pipe.transformer, adapter)
emotion = load_space().embed_curve(EmotionCurve.parse("awe", 0.8), [0.0])[None]
attachment.feel(adapter(emotion, torch.tensor([True])))
frames = pipe({picture}prompt="a harbour at dusk", guidance_scale=1.0).frames[0]
```

## Training

- Base: {base["name"]}, weights {base["weights"]}; not changed
- Films: {data}; {record.examples["films"]} films, {record.examples["pieces"]} pieces
- Feelings: {", ".join(f"{name} ({count})" for name, count in feelings)}
- Flow matching at the base's own flow shift; prompt, picture, feeling and looks each left out at random

```json
{json.dumps(figures, indent=1)}
```

`emotion_helps` is by how much the error of held-out films is larger without their feeling; where it is not above 0 the
dial has learned nothing that shows there.
"""
