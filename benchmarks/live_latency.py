"""How long a key takes from its onset in the microphone to being lit on the page, in JupyterLab and in Voila.

A headless Chromium plays a rendered recording of single notes into its fake microphone. It is noted when every
block comes out of the recording code and, frame by frame, which keys are lit. An onset is counted from the moment
at which its sample came out of the capture (the earliest arrival of any block fixes the clock), so the capture
buffer of the sound card is not in it: real ones add 5 to 30 ms. Also reported: samples lost and how far the sound
card's clock drifts from the page's.

    .venv/bin/python benchmarks/live_latency.py            all four cases, about five minutes
    .venv/bin/python benchmarks/live_latency.py --kind voila --block 1024
    .venv/bin/python benchmarks/live_latency.py --kind stream --detector nmf
    .venv/bin/python benchmarks/live_latency.py --kind voila --block 1024 --detector neural --load 4

``--kind stream`` needs no browser: it says how much of the sound a detector must have been given before a key is
announced. That part of the latency is the same on every machine. ``--load N`` keeps N programs busy meanwhile: sound
whose answer would come too late is dropped then, and what is lit must still not be old.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright
from scipy.signal import correlate

from pianolab import sound
from pianolab.live.choices import Choice
from pianolab.live.stream import Stream, pcm16
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.units import note_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser.harness import Page, browser, server, write_notebook

SR = 44100
STEP_S = 0.55
REGISTERS = {"A0-B2": (21, 47), "C3-B4": (48, 71), "C5-C7": (72, 96), "C#7-C8": (97, 108)}
NEAR_S = 0.2  # a lit key belongs to an onset if its note begins this near to it
LONGEST_S = 3.0  # so long after its onset a key is still looked for; each is struck once
SEED = 5


def recording(folder):
    """All 88 keys once, in random order, as a WAV and the notes in it."""
    midi = np.random.default_rng(SEED).permutation(np.arange(21, 109))
    onset = 1.5 + STEP_S * np.arange(len(midi))
    notes = Notes(onset, onset + 0.4, midi)
    sound.write(folder / "keys.wav", 0.7 * render(notes, sr=SR, tail_s=2.0), sr=SR)
    return notes


def measure(playwright, folder, notes, *, kind, block, detector):
    """One run.

    Returns
    -------
    dict
        latency_ms (n_notes,) NaN where the key was not lit; missing samples and dropped blocks; drift in parts per
        million.
    """
    options = f"{detector!r}, folder='takes', keep=True, block_length={block}"
    cell = f"from pianolab.live import Microphone\nMicrophone({options})"
    write_notebook(folder / "live.ipynb", cell)
    before = set(folder.glob("takes/*"))
    with server(kind, folder) as address, browser(playwright, wav=folder / "keys.wav") as chromium:
        page = Page(chromium, address, kind).open("live.ipynb")
        page.start()
        page.page.wait_for_timeout(1000 * (notes.offset[-1] + 1.5))
        counts = page.stop()
        blocks, frames = page.seen("blocks"), page.seen("frames")
        page.close()
    (take,) = set(folder.glob("takes/*")) - before
    late = _lateness(folder / "keys.wav", take / "audio.flac")
    captured_s = np.array([b["frame"] + b["n"] for b in blocks]) / SR
    zero_ms, drift = _clock(captured_s, np.array([b["at"] for b in blocks]))
    lit = _first_lit(frames)
    onset_ms = zero_ms + 1000 * (notes.onset - late / SR)
    latency = [_lit_after(lit, note_name(midi), at) for midi, at in zip(notes.midi, onset_ms, strict=True)]
    lost = {name: counts[name] for name in ("missing", "dropped")}
    return {"latency_ms": np.array(latency), **lost, "drift_ppm": drift, "n": len(blocks)}


@contextlib.contextmanager
def busy(n):
    """So many programs that do nothing but work."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(n)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def measure_stream(folder, notes, *, block, detector):
    """As ``measure``, on samples instead of a clock: nothing but the detector takes time."""
    y, _ = sound.load(folder / "keys.wav")
    pcm = pcm16(y)
    stream, events = Stream(Choice(detector), sr=SR), []
    for start in range(0, len(pcm), block):
        given_ms = 1000 * (start + block) / SR
        heard = stream.feed(start, pcm[start : start + block], sr=SR)
        events += [(event["midi"], event["time_s"], given_ms) for event in heard if event["kind"] == "on"]
    latency = [_latency(events, m, t, 0.0) for m, t in zip(notes.midi, notes.onset, strict=True)]
    return {"latency_ms": np.array(latency), "missing": stream.counts["missing"], "dropped": 0, "drift_ppm": 0.0}


def _lateness(played, take):
    """Samples of the recording that had gone by when the take began."""
    y, _ = sound.load(played)
    x, _ = sound.load(take)
    return int(np.argmax(correlate(y, x, method="fft"))) - (len(x) - 1)


def _clock(heard_s, arrived_ms):
    """Page time of sample 0 (by the earliest arrival) and drift of the two clocks, parts per million."""
    offset = arrived_ms - 1000 * heard_s
    part = np.array_split(np.arange(len(offset)), 10)
    earliest = [indices[np.argmin(offset[indices])] for indices in part]
    slope = np.polyfit(heard_s[earliest], offset[earliest], 1)[0]  # ms a second
    return float(offset.min()), 1000 * slope


def _first_lit(frames):
    """Whenever a key becomes lit: its name, and when in milliseconds."""
    before = [set(), *(set(frame["lit"]) for frame in frames)]
    return [(name, frame["at"]) for frame, was in zip(frames, before, strict=False) for name in set(frame["lit"]) - was]


def _lit_after(lit, name, onset_ms):
    waits = [at - onset_ms for key, at in lit if key == name and 0 <= at - onset_ms < 1000 * LONGEST_S]
    return min(waits, default=np.nan)


def _latency(events, midi, onset_s, zero_ms):
    near = [at for m, time_s, at in events if m == midi and abs(time_s - onset_s) < NEAR_S]
    return min(near) - (zero_ms + 1000 * onset_s) if near else np.nan


def row(kind, block, detector, notes, result):
    """One row of the table for each register."""
    lines = []
    for name, (low, high) in REGISTERS.items():
        ms = result["latency_ms"][(notes.midi >= low) & (notes.midi <= high)]
        lit = ms[~np.isnan(ms)]
        shown = np.percentile(lit, [50, 95, 100]) if len(lit) else np.full(3, np.nan)
        lines.append(
            " | ".join(
                [f"| {kind} | {block} | {detector} | {name} | {len(lit)} of {len(ms)}", *(f"{t:.0f}" for t in shown)]
            )
            + " |"
        )
    return lines


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = "which page, or stream for none; may be repeated (default: both pages)"
    parser.add_argument("--kind", choices=("lab", "voila", "stream"), action="append", help=kinds)
    parser.add_argument("--block", type=int, action="append", help="samples; may be repeated (default: 1024 and 2048)")
    parser.add_argument("--detector", default="yin", help="spec text (default: yin)")
    parser.add_argument("--load", type=int, default=0, help="programs that keep the machine busy (default: 0)")
    given = parser.parse_args()
    print("| page | block | detector | register | keys lit | p50 ms | p95 ms | longest ms |")
    print("|---|---|---|---|---|---|---|---|")
    notices = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, busy(given.load):
        notes = recording(Path(folder))
        for kind in given.kind or ("lab", "voila"):
            for block in given.block or (1024, 2048):
                given_to = {"block": block, "detector": given.detector}
                if kind == "stream":
                    result = measure_stream(Path(folder), notes, **given_to)
                else:
                    result = measure(playwright, Path(folder), notes, kind=kind, **given_to)
                print("\n".join(row(kind, block, given.detector, notes, result)), flush=True)
                notices.append(
                    f"{kind} {block}: {result['missing']} samples missing, {result['dropped']} blocks dropped, "
                    f"clocks drift {result['drift_ppm']:+.0f} ppm, "
                    f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
                )
    print("\n" + "\n".join(notices))


if __name__ == "__main__":
    main()
