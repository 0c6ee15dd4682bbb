"""Speed, memory and exactness of the mix of a dub, and of writing it into its film.

Seconds depend on the machine and on what else it does; processor seconds, which stand beside them, far less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from studio.evaluation.benchmark import ROOT, machine, write_benchmark
from studio.evaluation.report import Targets

SHORT_S, LONG_S = 300, 1800
LINE_EVERY_S = 0.72  # 10,000 lines in two hours
ONSET_S, LINE_S, CUE_S = 0.1, 0.65, 0.6
RATE, LINE_RATE, FRAME_RATE = 48_000, 24_000, 2
ORIGINALS = ("duck", "replace")
LOUDNESS = -23.0


def run(out_dir: str | Path | None = None, short_s: int = SHORT_S, long_s: int = LONG_S) -> dict[str, Any]:
    """Measures the mix on one thread, in processes of its own.

    Args:
        out_dir: gets bench-dubbing_mix.json and bench-dubbing_mix.md.
        short_s, long_s: lengths of two films, for the growth of memory; the times are of the long one.

    Returns:
        "by_original": for each of what becomes of the film's own sound the "real_time_factor" (seconds of mixing for
        a second of film), "processor_factor", the same in processor seconds, and "loudness_lufs"; "mux_factor" of
        writing an MP4; "onset_error_samples", the largest of all lines; "memory_mb" and "memory_growth_mb", of what
        a process holds itself; "targets".
    """
    with tempfile.TemporaryDirectory() as name:
        short, long = (measured(Path(name), seconds) for seconds in (short_s, long_s))
    figures: dict[str, Any] = {
        **long,
        "memory_growth_mb": round(long["memory_mb"] - short["memory_mb"], 1),
        "seconds_of_film": long_s,
        "lines": lines_in(long_s),
        "machine": machine(),
    }
    targets = Targets()
    for original, found in figures["by_original"].items():
        targets.at_most(f"processor seconds a second of film, {original}", found["processor_factor"], 0.1)
        targets.at_most(f"distance from -23 LUFS, {original}", abs(found["loudness_lufs"] - LOUDNESS), 0.5)
    targets.at_most("largest error of an onset, samples", figures["onset_error_samples"], 0)
    targets.at_most("growth of memory with length, MB", figures["memory_growth_mb"], 40)
    figures["targets"] = targets
    if out_dir is not None:
        write_benchmark(figures, out_dir, "dubbing_mix")
    return figures


def lines_in(seconds: int) -> int:
    return int((seconds - 2) / LINE_EVERY_S)


def measured(folder: Path, seconds: int) -> dict[str, Any]:
    """Mixes a film of so many seconds in a new process; see `run`."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    out = folder / f"{seconds}.json"
    command = [sys.executable, str(Path(__file__).resolve()), str(folder), str(seconds), str(out)]
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return dict(json.loads(out.read_text(encoding="utf-8")))


def write_film(path: Path, seconds: int) -> None:
    """Writes a film whose sound is louder and softer by turns."""
    import av
    import numpy as np

    noise = (0.05 * np.random.default_rng(0).standard_normal((2, RATE))).astype(np.float32)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=FRAME_RATE, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = out.add_stream("flac", rate=RATE, layout="stereo")
        audio.codec_context.open()
        even = av.AudioResampler("s16", "stereo", RATE, audio.codec_context.frame_size)
        for second in range(seconds):
            for at in range(FRAME_RATE):
                grey = np.full((48, 64, 3), (7 * second + 99 * at) % 255, np.uint8)
                picture = av.VideoFrame.from_ndarray(grey, format="rgb24")
                picture.pts = FRAME_RATE * second + at
                out.mux(video.encode(picture))
            level = np.float32(1.0 if second // 3 % 2 else 0.3)
            frame = av.AudioFrame.from_ndarray(noise * level, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, second * RATE, Fraction(1, RATE)
            for piece in even.resample(frame):
                out.mux(audio.encode(piece))
        for stream in (video, audio):
            out.mux(stream.encode(None))


def write_line(path: Path) -> None:
    """Writes a line: silence, a click at its onset, a little silence, noise."""
    import numpy as np
    import soundfile

    samples = np.zeros(round(LINE_S * LINE_RATE), np.float32)
    onset = round(ONSET_S * LINE_RATE)
    samples[onset:] = 0.05 * np.random.default_rng(1).standard_normal(len(samples) - onset)
    # Nothing beside it, so that the room below cannot move the highest sample.
    samples[onset : onset + LINE_RATE // 200] = 0
    samples[onset] = 0.99
    soundfile.write(path, samples, LINE_RATE)


def cues(seconds: int) -> Iterator[float]:
    """Gives when each line begins, nowhere on a whole sample."""
    for number in range(lines_in(seconds)):
        yield 0.3 + number * LINE_EVERY_S + 1e-5 * (number % 7)


def measure(folder: Path, seconds: int, out: Path) -> None:
    """What the process does: mixes, looks, writes the film, and says how much memory it held."""
    from studio.dubbing.mix import Mix, finish
    from studio.dubbing.mux import mux
    from studio.dubbing.options import DubbingOptions
    from studio.dubbing.voices_track import Piece
    from studio.formats.audio import sound

    film, line = folder / f"{seconds}.mkv", folder / "line.wav"
    write_film(film, seconds)
    write_line(line)
    pieces = [Piece(at, line, ONSET_S, at + CUE_S, number=number) for number, at in enumerate(cues(seconds))]
    watch = Watch()
    found: dict[str, Any] = {"by_original": {}}
    for original in ORIGINALS:
        began, worked = time.perf_counter(), time.process_time()
        made = finish(Mix(pieces, film, float(seconds), DubbingOptions(original=original)))
        found["by_original"][original] = {
            "real_time_factor": round((time.perf_counter() - began) / seconds, 5),
            "processor_factor": round((time.process_time() - worked) / seconds, 5),
            "loudness_lufs": made.provenance["mix"]["loudness_lufs"],
        }
    found["onset_error_samples"] = onset_error(made.samples, seconds)
    began = time.perf_counter()
    rows = [(at, at + CUE_S, "Anna", "Words of a line.") for at in cues(seconds)]
    mux(film, sound(made)[0], RATE, folder / "out.mp4", subtitles=rows)
    found["mux_factor"] = round((time.perf_counter() - began) / seconds, 5)
    found["memory_mb"] = round(watch.stop(), 1)
    out.write_text(json.dumps(found), encoding="utf-8")


def onset_error(samples: Any, seconds: int) -> int:
    """Gives the largest distance, in samples, of a line's click from where its cue is."""
    import numpy as np

    worst = 0
    for at in cues(seconds):
        place = round(at * RATE)
        around = np.abs(samples[0, max(0, place - 2000) : place + 2000])
        worst = max(worst, abs(int(around.argmax()) - min(place, 2000)))
    return worst


class Watch:
    """Looks again and again how much memory this process holds itself: pages of files are the system's to take back."""

    def __init__(self) -> None:
        self.most, self.stopped = 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self) -> None:
        while not self.stopped.wait(0.1):
            self.most = max(self.most, held_mb())

    def stop(self) -> float:
        """Gives the most in MB."""
        self.stopped.set()
        self.thread.join()
        return self.most


def held_mb() -> float:
    """Gives the memory of this process that no file stands behind, in MB; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    rows = [line.split() for line in status.splitlines() if line.startswith("RssAnon:")]
    return float(rows[0][1]) / 1024 if rows else 0.0


if __name__ == "__main__":
    measure(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
