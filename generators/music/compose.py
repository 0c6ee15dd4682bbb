"""From a prompt to a filled canvas to a score: what the music backend does with its weights."""

from __future__ import annotations

import numpy as np
import torch

from conditioning import EmotionCurve, load_space
from conditioning.calibration import calibrated
from conditioning.encoders.midi import read_midi
from generators.base import StepCallback
from generators.media import Score
from generators.weights import provenance

from .assemble import assemble
from .canvas import Canvas, blank, finish, from_piece
from .features import ATTRIBUTES, TIME_SIGNATURES, attributes_of, piece_from_score
from .fill import CONTEXT, WINDOW, Filler, Request
from .harmony import MODES, TONICS
from .model import MusicDenoiser
from .options import DEFAULT_BARS, STYLES, MusicOptions, MusicPrompt, bar_range, elements_of
from .tokens import DURATION, ELEMENTS, MODE, PITCH, POSITION, TEMPO, TIME_SIGNATURE, VELOCITY

FADER_STEP = 0.6  # spreads of an attribute that one step of its fader is worth
DRIFT = 0.25  # share of the spread left by the emotion that the seed draws from
DEFAULT_STYLE = {"music-emopia-nc": "performance", "music-base": "pop"}


def compose(
    model: MusicDenoiser,
    prompt: MusicPrompt,
    emotion: EmotionCurve,
    options: MusicOptions,
    on_step: StepCallback | None,
) -> Score:
    """Makes one score; see `MusicBackend.generate`."""
    generator = torch.Generator().manual_seed(options.seed)
    canvas, kept, tonic = prepare(prompt, options, generator)
    canvas.tempo_range = (
        options.tempo_min or canvas.tempo_range[0],
        options.tempo_max or canvas.tempo_range[1],
    )
    filler = Filler(model, make_request(model, canvas, kept, prompt, emotion, options, generator))
    filler.fill(canvas, on_step)
    return write(prompt, emotion, options, canvas, kept, tonic, filler, model)


def make_request(
    model: MusicDenoiser,
    canvas: Canvas,
    kept: frozenset[int],
    prompt: MusicPrompt,
    emotion: EmotionCurve,
    options: MusicOptions,
    generator: torch.Generator,
) -> Request:
    """Turns emotion and faders into the conditions of every bar."""
    space = load_space()
    curve = calibrated(emotion, model.checkpoint.extra.get("calibration"))
    faders = FADER_STEP * torch.tensor([getattr(options, name) for name in ATTRIBUTES])
    drift = (
        DRIFT
        * options.temperature
        * model.attribute_residual.cpu()
        * torch.randn(5, generator=generator).clamp(-2, 2)
    )
    given = given_attributes(model, canvas, kept) if prompt.task == "edit" else torch.full((5,), torch.nan)

    def attributes_at(points: torch.Tensor) -> torch.Tensor:
        wanted = model.implied_attributes(space.vad(points)).cpu() + drift + faders
        return torch.where(given.isnan(), wanted.clamp(-3.5, 3.5), given)

    style = DEFAULT_STYLE[model.checkpoint.name] if options.style == "auto" else options.style
    return Request(
        emotion_at=lambda times_s: space.embed_curve(curve, times_s.tolist()).cpu(),
        attributes_at=attributes_at,
        style=STYLES.index(style),
        options=options,
        generator=generator,
        first=int(canvas.todo.argmax()),
        duration_s=prompt.duration_s,
    )


def prepare(
    prompt: MusicPrompt, options: MusicOptions, generator: torch.Generator
) -> tuple[Canvas, frozenset[int], int]:
    """Gives the canvas to fill, the note fields that given notes keep, and the tonic that sounds."""
    drawn_tonic = int(torch.randint(12, (), generator=generator))
    tonic = drawn_tonic if options.key == "auto" else TONICS.index(options.key)
    every = frozenset(field for fields in ELEMENTS.values() for field in fields)
    if prompt.task == "generate":
        canvas = blank(WINDOW if prompt.duration_s else prompt.bars or DEFAULT_BARS)
    else:
        piece = piece_from_score(read_midi(str(prompt.source)))
        canvas = from_piece(piece)
        tonic = piece.tonic if options.key == "auto" else tonic
        if prompt.task == "continue":
            canvas.extend(
                WINDOW - CONTEXT if prompt.duration_s else prompt.bars or DEFAULT_BARS, like_last=True
            )
        elif prompt.task == "infill":
            canvas.clear(*bar_range(prompt.infill_bars, canvas.num_bars))
        else:
            kept = frozenset(field for name in elements_of(prompt.keep) for field in ELEMENTS[name])
            canvas.forget(sorted(every - kept))
            canvas.keeps_tempo = TEMPO in kept
            return canvas, kept, tonic
    canvas.keeps_tempo = True
    new = canvas.todo
    if options.time_signature != "auto" or prompt.task == "generate":
        metre = "4/4" if options.time_signature == "auto" else options.time_signature
        canvas.bars[new, TIME_SIGNATURE] = TIME_SIGNATURES.index(metre)
    if options.mode != "auto":
        canvas.bars[new, MODE] = MODES.index(options.mode)
    return canvas, every, tonic


def given_attributes(model: MusicDenoiser, canvas: Canvas, kept: frozenset[int]) -> torch.Tensor:
    """(5,) standardised attributes that what an edit keeps fixes; NaN where the emotion decides."""
    assert canvas.source is not None
    measured = torch.from_numpy(attributes_of(canvas.source))
    standard = (measured - model.attribute_mean.cpu()) / model.attribute_std.cpu()
    fixed_by = {"rhythm_density": POSITION, "polyphony": DURATION, "register": PITCH, "loudness": VELOCITY}
    for index, name in enumerate(ATTRIBUTES):
        if name in fixed_by and fixed_by[name] not in kept:
            standard[index] = torch.nan
    return standard.clamp(-3.5, 3.5)


def write(
    prompt: MusicPrompt,
    emotion: EmotionCurve,
    options: MusicOptions,
    canvas: Canvas,
    kept: frozenset[int],
    tonic: int,
    filler: Filler,
    model: MusicDenoiser,
) -> Score:
    """Turns the filled canvas into a score with markers and provenance."""
    first, source = filler.request.first, canvas.source
    tempo = canvas.tempo
    if prompt.duration_s is not None:  # the last fraction of a bar
        tempo[first:] *= canvas.bar_seconds[first:].sum() / prompt.duration_s
    midi = assemble(
        finish(canvas, tonic - 12 if tonic > 5 else tonic, kept),
        time_signature=canvas.bars[:, TIME_SIGNATURE],
        tempo_map=tempo_map(canvas, tempo),
        tonic=tonic,
        mode=int(canvas.bars[first, MODE]),
        programs=(options.melody_instrument, options.accompaniment_instrument),
        markers=markers_of(emotion, canvas, tempo, first),
        origin_beats=source.origin_beats if source is not None else 0.0,
        ticks_per_quarter=source.ticks_per_quarter if source is not None else None,
    )
    starts = np.concatenate([[0.0], np.cumsum(canvas.bar_steps / 4 * 60 / tempo)])
    vad = load_space().vad(filler.emotion[: canvas.num_bars])
    track = tuple(
        (float(t), float(v), float(a)) for t, (v, a, _) in zip(starts[:-1], vad.tolist(), strict=True)
    )
    made_from = provenance("music", [model.checkpoint], prompt, emotion, options)
    return Score(midi, emotion_track=track, provenance=made_from)


def tempo_map(canvas: Canvas, tempo: np.ndarray) -> np.ndarray:
    """(E, 2) quarter note and bpm of every change: as the source is played where that is kept."""
    starts = np.concatenate([[0], np.cumsum(canvas.bar_steps)])[:-1] / 4
    by_bar = np.column_stack([starts, tempo])
    source = canvas.source
    if source is None or not canvas.keeps_tempo or not len(source.tempo_map):
        return by_bar
    end = source.bar_lines[-1] / 4
    played = source.tempo_map[source.tempo_map[:, 0] < end - 1e-6]
    return np.concatenate([played, by_bar[source.num_bars :]])


def markers_of(emotion: EmotionCurve, canvas: Canvas, tempo: np.ndarray, first: int) -> list[tuple[int, str]]:
    """Gives (bar, text) for each keyframe, at the bar that is sounding then."""
    ends = np.cumsum((canvas.bar_steps / 4 * 60 / tempo)[first:])
    found = {}
    for time_s, value in emotion.keyframes:
        bar = first + int(np.searchsorted(ends, time_s, side="right"))
        if bar < canvas.num_bars:
            found[bar] = f"emotion: {value.label}"
    return sorted(found.items())
