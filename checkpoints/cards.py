"""Model cards, written from the manifest so that they cannot disagree with it."""

from __future__ import annotations

import json
from pathlib import Path

from . import ROOT, Checkpoint, manifest


def card(entry: Checkpoint) -> str:
    """Gives the model card of one checkpoint as Markdown with the hub's front matter."""
    mark = " (non-commercial)" if entry.non_commercial else ""
    version = "" if entry.space_version is None else f"- Emotion space: version {entry.space_version}\n"
    return f"""---
license: {entry.licence.lower()}
library_name: affect-studio
---
# {entry.name}{mark}

{entry.purpose}

- Class: `{entry.cls}`
- Licence of the weights: {entry.licence}{mark}
- Training data: {entry.data}
{version}- Made on {entry.date} by `{entry.command}`
- sha256: `{entry.sha256}`

Measured figures:

```json
{json.dumps(entry.figures, indent=1)}
```
"""


def write_cards(root: Path = ROOT) -> None:
    """Writes README.md beside every checkpoint."""
    for entry in manifest(root).values():
        (root / entry.name / "README.md").write_text(card(entry), encoding="utf-8")
