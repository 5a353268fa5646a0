"""How true sampled pianos are: `python benchmarks/sampled_pianos.py DIR...`, folders of recorded single notes.

For each piano: the keys that can be played, the layers, whether its own levels are kept, how late 200 rendered strokes
begin against their labels, how the level rises with velocity, and how fast it renders. A stroke begins where the sound
first comes within 30 dB of its loudest, in windows of 2 ms, so that 2 ms is as fine as this can tell.

For pianos with layers at true levels: how far each layer, made as bright and as loud as the next softer one, is from
that one in octave bands, with and without the filter (`pianolab.piano.loudness.tilt`).
"""

import argparse
import time
from collections import defaultdict
from itertools import pairwise

import numpy as np
from scipy.signal import sosfilt

from pianolab.piano.loudness import level_curve, tilt
from pianolab.piano.sampled import LOUDNESS_S, SampledPiano
from pianolab.piano.samples import list_single_notes
from pianolab.roll import Notes
from pianolab.sound import first_onset_s
from pianolab.units import midi_to_hz

SR = 44100
N_STROKES = 200
ONSET_S = 0.5
STEPS = range(1, 128, 3)
BAND_FLOOR_DB = 50.0  # Bands that lie farther below the loudest hold noise.
LAYER_DB = (1.0, 12.0)  # Layers whose loudness differs by so much are compared.


def stroke(piano: SampledPiano, midi: int, velocity: float, rng, onset_s: float = ONSET_S) -> np.ndarray:
    """One note of the piano."""
    return piano.render(Notes([onset_s], [onset_s + 0.5], [midi], [velocity]), rng=rng, tail_s=0.0)


def lateness_ms(piano: SampledPiano, rng) -> np.ndarray:
    """How late strokes of random keys begin."""
    late = []
    for midi, velocity in zip(rng.choice(piano.keys, N_STROKES), rng.uniform(10, 127, N_STROKES), strict=True):
        onset_s = ONSET_S + rng.uniform(0.0, 0.01)
        late.append(1000 * (first_onset_s(stroke(piano, midi, velocity, rng, onset_s), sr=SR) - onset_s))
    return np.array(late)


def least_step_db(piano: SampledPiano, rng) -> float:
    """The smallest rise of level between velocities three apart, over eight keys."""
    first = round(ONSET_S * SR)
    least = np.inf
    for midi in piano.keys[:: len(piano.keys) // 8]:
        sounds = [stroke(piano, midi, v, rng)[first : first + round(LOUDNESS_S * SR)] for v in STEPS]
        least = min(least, np.diff([10 * np.log10(np.mean(y**2)) for y in sounds]).min())
    return float(least)


def seconds_an_hour(piano: SampledPiano, rng) -> float:
    """Processor time for an hour of 400 notes a minute under the pedal, when all its notes have been read."""
    n = 800
    onsets = np.sort(rng.uniform(0, 120, n))
    notes = Notes(onsets, onsets + 0.3, rng.choice(piano.keys, n), rng.uniform(30, 110, n))
    pedal = [(start, start + 1.8) for start in range(0, 120, 2)]
    took = []
    for _ in range(2):
        start = time.process_time()
        y = piano.render(notes, rng=rng, pedal=pedal)
        took.append((time.process_time() - start) / (len(y) / SR) * 3600)
    return took[-1]


def bands_db(y: np.ndarray, f0_hz: float) -> np.ndarray:
    """Level in the octaves from just below the first partial to 9 kHz."""
    power = np.abs(np.fft.rfft(y * np.hanning(2 * len(y))[len(y) :])) ** 2
    hz = np.fft.rfftfreq(len(y), 1 / SR)
    edges = [edge for edge in 0.7 * f0_hz * 2.0 ** np.arange(10) if edge < 9000]
    return np.array([10 * np.log10(power[(hz >= low) & (hz < high)].sum() + 1e-9) for low, high in pairwise(edges)])


def layers_off_db(folder: str) -> tuple[float, float]:
    """RMS difference of neighbouring layers in octave bands: made equally loud, and made equally bright as well."""
    layers = defaultdict(list)
    for note in list_single_notes(folder):
        if note.dynamic is not None:
            layers[note.midi].append(note)
    plain, bright = [], []
    for midi, notes in layers.items():
        cut = []
        for note in sorted(notes, key=lambda note: note.dynamic):
            y, onset_s = note.load(sr=SR, duration_s=1.0)
            cut.append(y[round(onset_s * SR) :][: round(0.3 * SR)])
        for softer, louder in pairwise(cut):
            less_db = 10 * np.log10(np.mean(softer**2) / np.mean(louder**2))
            if not LAYER_DB[0] < -less_db < LAYER_DB[1]:
                continue
            sections = tilt(midi, less_db, sr=SR)
            wanted = bands_db(softer, midi_to_hz(midi))
            heard = wanted > wanted.max() - BAND_FLOOR_DB
            for kept, y in ((plain, louder), (bright, louder if sections is None else sosfilt(sections, louder))):
                same = y * np.sqrt(np.mean(softer**2) / np.mean(y**2))
                kept += list((bands_db(same, midi_to_hz(midi)) - wanted)[heard])
    return tuple(float(np.sqrt(np.mean(np.square(kept)))) if kept else np.nan for kept in (plain, bright))


def row(folder: str) -> str:
    """What is found of one piano."""
    rng = np.random.default_rng(1)
    notes = list_single_notes(folder)
    piano = SampledPiano(folder, sr=SR, second_share=0.0)
    late = lateness_ms(piano, rng)
    n_layers = len({note.dynamic for note in notes})
    keys = [note.midi for note in notes]
    unknown = np.ones(len(keys))
    evened = np.allclose(piano.level_db, level_curve(np.array(keys), unknown, unknown, levels="smooth"))
    cells = [
        folder.rstrip("/").rpartition("/")[2],
        f"{len(piano.keys)}",
        f"{len(set(keys))} x {n_layers}",
        "smooth" if evened else "its own",
        f"{np.median(late):+.1f} ({np.percentile(late, 2.5):+.1f} to {np.percentile(late, 97.5):+.1f})",
        f"{100 * np.mean(np.abs(late) <= 2.0):.0f}",
        f"{least_step_db(piano, rng):.2f}",
        f"{seconds_an_hour(piano, rng):.0f}",
    ]
    plain, bright = layers_off_db(folder)
    cells.append("-" if evened or np.isnan(plain) else f"{plain:.1f} to {bright:.1f}")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="DIR", help="a folder of recorded single notes")
    heads = ("piano", "keys played", "recorded", "levels", "late, ms (95 %)", "within 2 ms, %", "least step, dB")
    print(f"| {' | '.join((*heads, 's an hour', 'layers off, dB'))} |\n{'|---' * 9}|")
    for folder in parser.parse_args().folders:
        print(row(folder), flush=True)


if __name__ == "__main__":
    main()
