"""Scenes to files: the film, its storyboard, subtitles, sound, what it is made of, and all parts to work on."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..audio_file import CODECS
from ..scene.scene import Scene, Shot
from ..subtitles import vtt
from . import video
from .audio import described, timed
from .format import picture_text
from .frames import EPOCH, RECIPE, text_of_frames
from .video import opened

# What of a part goes into the archive beside the file itself: forms that other programs open.
OTHERS = {"gesture": (".bvh",), "score": (".wav",)}
MEDIUM = {"score": "music"}
# Forms of the whole that go in too.
WHOLE = ("scene.mp4", "storyboard.png", "mix.wav", "scene.srt")


def write_storyboard(scene: Scene, path: Path, document: str) -> None:
    from ..scene.storyboard import draw

    draw(scene, path, text=picture_text(document))


def write_srt(scene: Scene, path: Path, document: str) -> None:
    """Writes SubRip of the lines as they are written, which has no place for a document."""
    from ..dubbing.write import shown_text, subtitle_text

    rows = [(shot.speech_s, shot.silent_s, shot.speaker, shown_text(shot.text)) for shot in scene.shots]
    path.write_text(subtitle_text(rows, ".srt", spoken=False), encoding="utf-8")


def write_vtt(scene: Scene, path: Path, document: str) -> None:
    path.write_text(vtt(scene.marks, note=document), encoding="utf-8")


def write_json(scene: Scene, path: Path, document: str) -> None:
    """Writes the document, the timings, the emotion over time, the shots with their parts and the script."""
    found = described(scene, document)
    found["shots"] = [shot.to_json() for shot in scene.shots]
    found |= {"score": scene.score, "script": scene.script}
    path.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_parts(scene: Scene, path: Path, document: str) -> None:
    """Writes an archive of everything: the film, the script, and each part as it is and as other programs open it.

    A part whose file is gone is named in "missing" of scene.json.
    """
    from ..export import save

    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(RECIPE, EPOCH), document)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as made:
            folder = Path(made)
            rows = list(files_of(scene, folder))
            for suffix, name in (
                (".mp4", "scene.mp4"),
                (".png", "storyboard.png"),
                (".wav", "mix.wav"),
                (".srt", "scene.srt"),
            ):
                rows.append((name, save(scene, folder / f"whole{suffix}")))
            for name, file in rows:
                add_file(archive, name, file)
        present = {name for name, _ in rows}
        about = {
            **described(scene, document),
            "shots": [replace(shot, parts=named_parts(shot)).to_json() for shot in scene.shots],
            "missing": [name for name, own in archive_names(scene) if own not in present],
        }
        text = json.dumps(about, indent=2, ensure_ascii=False)
        archive.writestr(zipfile.ZipInfo("scene.json", EPOCH), text)
        if scene.script:
            archive.writestr(zipfile.ZipInfo("script.json", EPOCH), scene.script)


def add_file(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    """Copies a file into an archive, piece by piece, with nothing of the moment."""
    with (
        open(file, "rb") as source,
        archive.open(zipfile.ZipInfo(name, EPOCH), "w", force_zip64=True) as target,
    ):
        shutil.copyfileobj(source, target, 2**20)


def archive_names(scene: Scene) -> list[tuple[str, str]]:
    """Gives (name of the part, name in the archive)."""
    rows = [
        (f"{shot.number} {part}", name) for shot in scene.shots for part, name in named_parts(shot).items()
    ]
    return [*rows, *([("score", f"score/score{Path(scene.score).suffix}")] if scene.score else [])]


def named_parts(shot: Shot) -> dict[str, str]:
    """Gives the name in the archive of each part of a shot."""
    who = re.sub(r"[^\w-]+", "-", shot.speaker.lower()).strip("-") or "line"
    return {name: f"{name}/{shot.number:03d}-{who}{Path(path).suffix}" for name, path in shot.parts.items()}


def files_of(scene: Scene, folder: Path) -> Iterator[tuple[str, Path]]:
    """Gives (name in the archive, file) of all parts that are there, with what lies beside and other forms."""
    paths = scene.parts
    for part, name in archive_names(scene):
        path = Path(paths[part])
        if not path.is_file():
            continue
        yield name, path
        for beside in sorted(path.parent.glob(f"{path.stem}.*")):
            if beside != path:
                yield f"{name.removesuffix(path.suffix)}{beside.suffix}", beside
        kind = part.rpartition(" ")[2]
        for suffix in OTHERS.get(kind, ()):
            yield f"{name.removesuffix(path.suffix)}{suffix}", other_form(kind, path, suffix, folder)


def other_form(kind: str, path: Path, suffix: str, folder: Path) -> Path:
    """Writes a part in another form."""
    from ..export import save
    from . import format_of

    media = format_of(MEDIUM.get(kind, kind)).read(path, {})
    return save(media, folder / f"{kind}-{path.stem[:40]}{suffix}")


def read(path: Path, recipe: dict[str, Any]) -> Scene:
    """Reads a scene back: the film, and from the JSON beside it all else.

    Raises:
        ValueError: no film, or no shots beside it.
    """
    beside = path.with_suffix(".json")
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
        shots = tuple(Shot(**shot) for shot in found["shots"])
        score, script = str(found.get("score", "")), str(found.get("script", ""))
    except OSError:
        raise ValueError(f"expected the scene's shots beside {path.name!r}, got no {beside.name!r}") from None
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"expected a scene's shots in {beside.name!r}, got something else") from None
    marks, track = timed(found, beside.name)
    return Scene(**opened(path, recipe, track), marks=marks, shots=shots, score=score, script=script)


WRITERS = {
    ".mp4": video.write_mp4,
    ".webm": video.write_webm,
    ".png": write_storyboard,
    ".srt": write_srt,
    ".vtt": write_vtt,
    ".json": write_json,
    ".zip": write_parts,
    **{suffix: video.FORMAT.writers[suffix] for suffix in CODECS},
}
FORMAT = replace(
    video.FORMAT,
    writers=WRITERS,
    texts={
        **{suffix: read for suffix, read in video.FORMAT.texts.items() if suffix in WRITERS},
        ".zip": text_of_frames,
    },
    beside=lambda scene: (".json",),
    read=read,
)
