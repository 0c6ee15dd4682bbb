"""Sound from a score, offline: a sample player, a light room and a limiter, in bounded memory.

The loudness of the notes is kept: one fixed gain for every piece, so that a tender piece stays softer than an
angry one. The same score gives the same samples. Pitch bends, vibrato and expression pedals are not followed;
volume and panorama of a track are read once; the sustain pedal is followed.
"""

from __future__ import annotations

import functools
import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from generators.media import Audio, Score

from .soundfont import Region, SoundFont, default_font

if TYPE_CHECKING:
    import numpy as np
    import symusic

SAMPLE_RATE = 44100
BLOCK_S = 10.0
# Time after the last note in which strings ring out and the room falls silent.
TAIL_S = 2.5
FADE_S = 0.3
# A single voice stops here, whatever the score says; a piano has long fallen silent by then.
MAX_VOICE_S = 30.0
MAX_SECONDS = 4 * 3600.0
SILENT_DB = -80.0
# Leaves a dense fortissimo piano piece just at the limiter and a typical one 3 to 6 dB below it.
GAIN_DB = 2.0
CEILING = 10 ** (-1.5 / 20)
LIMITER_S = 0.06
CACHE_BYTES = 96 * 2**20
VELOCITY_STEPS = 8
HALF_SECOND = SAMPLE_RATE // 2
VELOCITY_TO_CUTOFF_CENTS = 2400
ROOM_SEED = 20240607
ROOM_S = 1.6


class Voice(NamedTuple):
    """One note as it sounds.

    Attributes:
        onset, duration: samples.
        key, velocity, program: MIDI numbers.
        is_drum: True for percussion.
        gain: of the track, linear.
        pan: of the track, -1..1.
    """

    onset: int
    duration: int
    key: int
    velocity: int
    program: int
    is_drum: bool
    gain: float
    pan: float


def render(score: Score, *, room: float = 0.16) -> Audio:
    """Gives the sound of a score: stereo, 44.1 kHz, peaks below -1 dBFS, 21 MB a minute.

    Args:
        score: at most 4 hours; `render_blocks` gives the same in bounded memory.
        room: level of the reverberation, 0 (none) to 1.

    Raises:
        ValueError: no notes, or too long.
        FileNotFoundError: the sound font is not installed.
    """
    import numpy as np

    total = num_samples(score.midi)
    samples = np.zeros((2, total), dtype=np.float32)
    position = 0
    for block in render_blocks(score.midi, room=room):
        samples[:, position : position + block.shape[1]] = block
        position += block.shape[1]
    return Audio(
        samples, SAMPLE_RATE, provenance={**score.provenance, "sound_font": default_font().path.name}
    )


def render_blocks(midi: symusic.Score, *, room: float = 0.16) -> Iterator[np.ndarray]:
    """Gives the sound of a score in pieces of (2, at most 10 s) float32, one after the other.

    Args:
        midi: symusic score in any unit.
        room: level of the reverberation, 0 (none) to 1.
    """
    if not 0.0 <= room <= 1.0:
        raise ValueError(f"expected a number from 0 to 1 for room, got {room!r}")
    total = num_samples(midi)
    blocks = mix_blocks(voices_of(midi), total, default_font())
    if room > 0.0:
        blocks = add_room(blocks, room)
    return fade_out(limit(blocks), total)


def num_samples(midi: symusic.Score) -> int:
    """Gives the length of a rendering in samples, its tail included."""
    ends = [voice.onset + voice.duration for voice in voices_of(midi)]
    if not ends:
        raise ValueError("expected a score with at least one note, got none")
    if max(ends) > MAX_SECONDS * SAMPLE_RATE:
        raise ValueError(f"expected at most {MAX_SECONDS:g} s of music, got {max(ends) / SAMPLE_RATE:.0f} s")
    return max(ends) + int(TAIL_S * SAMPLE_RATE)


def voices_of(midi: symusic.Score) -> list[Voice]:
    """Gives the notes of all tracks by onset, with the sustain pedal written into their durations."""
    voices = []
    for track in midi.to("second").tracks:
        first = {control.number: control.value for control in reversed(track.controls)}
        gain = (first.get(7, 100) / 100.0) ** 2
        pan = (first.get(10, 64) - 64) / 64.0
        pedals = [(float(pedal.time), float(pedal.time + pedal.duration)) for pedal in track.pedals]
        for note in track.notes:
            end = float(note.time + note.duration)
            end = next((up for down, up in pedals if down <= end < up), end) if pedals else end
            onset = round(float(note.time) * SAMPLE_RATE)
            duration = max(1, round(end * SAMPLE_RATE) - onset)
            program = int(track.program)
            voices.append(
                Voice(onset, duration, int(note.pitch), int(note.velocity), program, track.is_drum, gain, pan)
            )
    return sorted(voices)


def mix_blocks(voices: list[Voice], total: int, font: SoundFont) -> Iterator[np.ndarray]:
    """Adds the voices up, block by block; a voice that outlasts its block waits in the part not yet given."""
    import numpy as np

    block = int(BLOCK_S * SAMPLE_RATE)
    buffer = np.zeros((2, block + int((MAX_VOICE_S + 5.0) * SAMPLE_RATE)), dtype=np.float32)
    player = Player(font)
    upcoming = 0
    for start in range(0, total, block):
        while upcoming < len(voices) and voices[upcoming].onset < start + block:
            player.add(voices[upcoming], buffer, start)
            upcoming += 1
        yield buffer[:, : min(block, total - start)].copy()
        buffer[:, :-block] = buffer[:, block:]
        buffer[:, -block:] = 0.0


class Player:
    """Plays single voices of a sound font; tones that return often are kept, up to a bound."""

    def __init__(self, font: SoundFont) -> None:
        self.font = font
        self.tones: OrderedDict[tuple[int, int, int], tuple[int, np.ndarray]] = OrderedDict()
        self.kept_bytes = 0

    def add(self, voice: Voice, buffer: np.ndarray, start: int) -> None:
        """Adds one voice to a buffer whose first sample is at `start`."""
        for region in self.font.regions(voice.program, voice.is_drum):
            low, high = region.velocities
            if region.keys[0] <= voice.key <= region.keys[1] and low <= voice.velocity <= high:
                sound = self.sound(voice, region)
                left, right = stereo_gains(voice, region)
                at = voice.onset - start
                sound = sound[: buffer.shape[1] - at]
                buffer[0, at : at + len(sound)] += left * sound
                buffer[1, at : at + len(sound)] += right * sound

    def sound(self, voice: Voice, region: Region) -> np.ndarray:
        """Gives one voice as (S,) float32, its envelope applied."""
        held = min(voice.duration / SAMPLE_RATE, MAX_VOICE_S)
        if voice.is_drum and not region.looped:
            # A struck drum rings for its own time.
            held = max(held, (region.end - region.start) / region.sample_rate)
        envelope = volume_envelope(region, voice.key, held)
        tone = self.tone(region, voice.key, voice.velocity * VELOCITY_STEPS // 128, len(envelope))
        length = min(len(tone), len(envelope))
        return tone[:length] * envelope[:length]

    def tone(self, region: Region, key: int, step: int, length: int) -> np.ndarray:
        """Gives the unenveloped sound of a key, at least `length` samples unless the sample ends before."""
        slot = (id(region), key, step)
        kept = self.tones.get(slot)
        if kept is not None and kept[0] >= length:
            self.tones.move_to_end(slot)
            return kept[1]
        # Half seconds, so that a slightly longer note does not make the same tone again.
        length = (length // HALF_SECOND + 1) * HALF_SECOND
        made = sweep_filter(
            pitched(self.font.samples, region, key, length), region, (step + 0.5) / VELOCITY_STEPS
        )
        self.kept_bytes += made.nbytes - (kept[1].nbytes if kept is not None else 0)
        self.tones[slot] = (length, made)
        self.tones.move_to_end(slot)
        while self.kept_bytes > CACHE_BYTES:
            self.kept_bytes -= self.tones.popitem(last=False)[1][1].nbytes
        return made


def pitched(samples: np.ndarray, region: Region, key: int, length: int) -> np.ndarray:
    """Plays a sample at the speed that gives the key, its loop repeated, by four-point cubic interpolation.

    Source: Niemitalo, "Polynomial interpolators for high-quality resampling of oversampled audio" (2001),
        Hermite.
    """
    import numpy as np

    cents = (key - region.root_key) * region.cents_per_key
    speed = 2.0 ** (cents / 1200.0) * region.sample_rate / SAMPLE_RATE
    needed = int(length * speed) + 4
    raw = samples[region.start : region.end].astype(np.float32) / 32768.0
    if region.looped:
        loop = raw[region.loop_start - region.start : region.loop_end - region.start]
        raw = raw[: region.loop_end - region.start]
        if needed > len(raw):
            raw = np.concatenate([raw, np.resize(loop, needed - len(raw))])
    else:
        length = min(length, int(len(raw) / speed))
    padded = np.concatenate([raw[:1], raw, np.zeros(4, dtype=np.float32)])
    positions = np.arange(length) * speed
    index = positions.astype(np.int64)
    t = (positions - index).astype(np.float32)
    before, here, after, later = (padded[index + offset] for offset in range(4))
    slope = 0.5 * (after - before)
    curve = before - 2.5 * here + 2.0 * after - 0.5 * later
    cubic = 0.5 * (later - before) + 1.5 * (here - after)
    return ((cubic * t + curve) * t + slope) * t + here


def sweep_filter(sound: np.ndarray, region: Region, strength: float) -> np.ndarray:
    """Applies the region's low-pass filter, moved by its envelope and opened further by a harder touch.

    The filter works on short overlapping spectra (Hann windows of 23 ms), each multiplied by the response
    that belongs to its time. A fixed second-order filter would need a sample-by-sample loop to move.

    Args:
        sound: (S,).
        strength: touch, 0..1.
    """
    import numpy as np
    from scipy.fft import irfft, rfft

    size, hop = 1024, 512
    touch = VELOCITY_TO_CUTOFF_CENTS * (strength - 0.5)
    if region.cutoff_cents + min(0, region.sweep_cents) + touch >= 13500 or not len(sound):
        return sound
    padded = np.concatenate([np.zeros(hop, np.float32), sound, np.zeros(size, np.float32)])
    count = (len(padded) - size) // hop + 1
    times = np.maximum(0.0, np.arange(count) * hop / SAMPLE_RATE)
    cents = region.cutoff_cents + touch + region.sweep_cents * sweep_envelope(region, times)
    cutoff = 8.176 * 2.0 ** (np.clip(cents, 1500, 14000) / 1200.0)
    frequency = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    # Magnitude of a second-order Butterworth low-pass.
    response = (1.0 / np.sqrt(1.0 + (frequency[None, :] / cutoff[:, None]) ** 4)).astype(np.float32)
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    filtered = irfft(rfft(frames * window, axis=1) * response, n=size, axis=1) * window
    halves = filtered.astype(np.float32).reshape(count, 2, hop)
    joined = np.zeros((count + 1, hop), dtype=np.float32)
    joined[:-1] += halves[:, 0]
    joined[1:] += halves[:, 1]
    return joined.reshape(-1)[hop : hop + len(sound)]


def sweep_envelope(region: Region, times: np.ndarray) -> np.ndarray:
    """Gives the filter's envelope, 0..1, at times in s."""
    import numpy as np

    rise = (
        np.minimum(1.0, times / region.sweep_attack_s) if region.sweep_attack_s > 0 else np.ones_like(times)
    )
    since = np.maximum(0.0, times - region.sweep_attack_s - region.sweep_hold_s)
    fall = since / region.sweep_decay_s if region.sweep_decay_s > 0 else np.sign(since)
    return np.minimum(rise, np.maximum(region.sweep_sustain, 1.0 - fall))


def volume_envelope(region: Region, key: int, held_s: float) -> np.ndarray:
    """Gives delay, attack, hold, decay, sustain and release of a note as (S,) float32, until it is silent."""
    import numpy as np

    hold = region.hold_s * 2.0 ** ((60 - key) * region.hold_cents_per_key / 1200.0)
    decay = region.decay_s * 2.0 ** ((60 - key) * region.decay_cents_per_key / 1200.0)
    # A release of nothing clicks.
    release = max(0.02, min(region.release_s, 5.0))
    held = max(1, int(held_s * SAMPLE_RATE))
    times = np.arange(held + int(release * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE
    body = times[:held] - region.delay_s
    fall = np.maximum(0.0, body - region.attack_s - hold)
    level = -np.minimum(region.sustain_db, fall * (100.0 / max(decay, 1e-3)))
    release_level = float(level[-1]) - np.arange(1, len(times) - held + 1, dtype=np.float32) * (
        100.0 / (release * SAMPLE_RATE)
    )
    level = np.concatenate([level, release_level])
    envelope = np.exp(level * (math.log(10.0) / 20.0)).astype(np.float32)
    attack = max(region.attack_s, 0.001)
    rise = np.clip((times - region.delay_s) / attack, 0.0, float(np.clip(body[-1] / attack, 0.0, 1.0)))
    envelope *= rise.astype(np.float32)
    loud = np.flatnonzero(level > SILENT_DB)
    return envelope[: loud[-1] + 1] if len(loud) else envelope[:1]


def stereo_gains(voice: Voice, region: Region) -> tuple[float, float]:
    """Gives (left, right), of constant power; the keys of a piano lie a little from left to right."""
    # Keyboards: the first eight programs.
    spread = 0.3 * (voice.key - 64) / 64.0 if voice.program < 8 and not voice.is_drum else 0.0
    pan = min(1.0, max(-1.0, region.pan + voice.pan + spread))
    # Notes grow with the square of their velocity (section 8.4.1: 40 log10).
    level = (voice.velocity / 127.0) ** 2 * voice.gain * 10 ** ((GAIN_DB - region.attenuation_db) / 20)
    angle = (pan + 1.0) * math.pi / 4.0
    return level * math.sqrt(2.0) * math.cos(angle), level * math.sqrt(2.0) * math.sin(angle)


@functools.lru_cache(maxsize=1)
def room_response() -> np.ndarray:
    """Gives a small room as (2, S) float32: fading noise, darker than the sound, different on each side."""
    import numpy as np
    from scipy.signal import butter, sosfilt

    length = int(ROOM_S * SAMPLE_RATE)
    times = np.arange(length) / SAMPLE_RATE
    noise = np.random.default_rng(ROOM_SEED).standard_normal((2, length))
    # 60 dB in 1.4 s, and 12 ms before the first wall answers.
    noise *= 10.0 ** (-3.0 * times / 1.4) * np.clip((times - 0.012) / 0.02, 0.0, 1.0)
    noise = sosfilt(butter(2, (180.0, 5000.0), "band", fs=SAMPLE_RATE, output="sos"), noise, axis=1)
    noise *= np.clip((ROOM_S - times) / 0.1, 0.0, 1.0)
    return (noise / np.sqrt((noise**2).sum(axis=1, keepdims=True))).astype(np.float32)


def add_room(blocks: Iterator[np.ndarray], level: float) -> Iterator[np.ndarray]:
    """Adds the room's answer to each block and carries what rings on into the next."""
    import numpy as np
    from scipy.signal import fftconvolve

    response = level * room_response()
    carry = np.zeros((2, response.shape[1] - 1), dtype=np.float32)
    for block in blocks:
        wet = fftconvolve(block, response, axes=1).astype(np.float32)
        wet[:, : carry.shape[1]] += carry[:, : wet.shape[1]]
        carry = wet[:, block.shape[1] :]
        yield block + wet[:, : block.shape[1]]


def limit(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Turns the level down around peaks above -1.5 dBFS, smoothly and ahead of them.

    The gain is the smallest that any sample within `LIMITER_S` needs, averaged over the same span, so that no
    sample passes the ceiling and none is bent.
    """
    import numpy as np
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    reach = int(LIMITER_S * SAMPLE_RATE)
    span, context = 2 * reach + 1, 2 * reach
    pending = np.zeros((2, context), dtype=np.float32)

    def limited(samples: np.ndarray) -> np.ndarray:
        peak = np.abs(samples).max(axis=0)
        needed = np.minimum(1.0, CEILING / np.maximum(peak, 1e-9))
        gain = uniform_filter1d(minimum_filter1d(needed, span), span)
        return (samples * gain)[:, context : samples.shape[1] - context].astype(np.float32)

    for block in blocks:
        pending = np.concatenate([pending, block], axis=1)
        if pending.shape[1] > 2 * context:
            yield limited(pending)
            pending = pending[:, -2 * context :]
    yield limited(np.concatenate([pending, np.zeros((2, context), dtype=np.float32)], axis=1))


def fade_out(blocks: Iterator[np.ndarray], total: int) -> Iterator[np.ndarray]:
    """Lets the last moments fall to silence, so that a cut tail does not click."""
    import numpy as np

    fade = int(FADE_S * SAMPLE_RATE)
    position = 0
    for block in blocks:
        left = total - position - np.arange(block.shape[1])
        yield block * np.clip(left / fade, 0.0, 1.0).astype(np.float32)
        position += block.shape[1]
