"""How near the rendered grand comes to a real one: the same measurements on real and on rendered single notes.

    python benchmarks/piano_fit.py "$ISOLATED" [--out results/piano_fit] [--figure docs/figures/piano_fit.png]
                                   [--fit] [--velocity "$MAPS"]

ISOLATED is a folder of recordings named by their key (A0.ogg, Ds1.ogg, C#4.wav). Writes notes.csv (one row a note and
source), partials.csv (one row a partial) and the figure, and prints the median differences and the renderer's speed.
With --fit it also prints the constants of ``pianolab.piano.Piano`` that fit the folder best; with --velocity, how much
louder a step of MIDI velocity is in a folder of labelled pieces (audio and labels with the same stem).
"""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile as sf
from scipy.optimize import least_squares
from threadpoolctl import threadpool_limits

from pianolab.dsp.peaks import parabola_shift
from pianolab.files import replacing
from pianolab.labels import read_labels
from pianolab.piano import ANCHOR_KEYS, PIANOS, render, velocity_gain
from pianolab.roll import Notes
from pianolab.scores import register_of
from pianolab.sound import AUDIO_SUFFIXES
from pianolab.units import MIDI_HIGH, MIDI_LOW, cents_between, midi_to_hz, note_name, parse_note

N_PARTIALS = 30
ATTACK_S = 0.02  # Spectra begin this much after the onset, without the knock.
AUDIBLE_DB = 55.0  # Partials weaker than this, against the strongest, do not count for B.
TITLES = ("stiffness", "stretch", "brightness", "first stage of decay", "second stage of decay")
SHOWN_KEYS = ("A0", "C2", "C4", "C6")


def read_notes(folder):
    """(midi, y, sr) of each recording, lowest key first; one channel, so that no two microphones cancel."""
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        if path.suffix.lower() in AUDIO_SUFFIXES:
            y, sr = sf.read(path, always_2d=True)
            yield parse_note(path.stem), y[:, 0], sr


def onset_sample(y):
    """First sample above a twentieth of the peak."""
    return int(np.argmax(np.abs(y) > 0.05 * np.max(np.abs(y))))


def spectrum(y, sr, start, seconds):
    """Amplitude spectrum of a Hann window, its frequencies in Hz."""
    part = y[start : start + int(seconds * sr)]
    window = np.hanning(len(part))
    size = 2 ** int(np.ceil(np.log2(8 * len(part))))
    return 2.0 * np.abs(np.fft.rfft(part * window, size)) / window.sum(), np.fft.rfftfreq(size, 1.0 / sr)


def strongest_near(amplitude, hz, target, cents):
    """Frequency and level (dB) of the strongest peak within some cents of a target, by a parabola through log bins."""
    low, high = np.searchsorted(hz, target * 2.0 ** (np.array([-cents, cents]) / 1200.0))
    k = low + int(np.argmax(amplitude[low : max(high, low + 3)]))
    left, middle, right = 20.0 * np.log10(amplitude[k - 1 : k + 2] + 1e-12)
    shift = float(np.clip(parabola_shift(left, middle, right), -0.5, 0.5))
    return (k + shift) * hz[1], middle - 0.25 * (left - right) * shift


def measure_partials(y, sr, midi):
    """f0, B (NaN below 3 partials), and hz and level_db of the partials: each one found foretells the next."""
    f_et = midi_to_hz(midi)
    piano = PIANOS["grand"]
    f0, b = f_et, piano.inharmonicity(midi)
    amplitude, hz = spectrum(y, sr, onset_sample(y) + int(ATTACK_S * sr), min(max(40.0 / f_et, 0.12), 1.2))
    found_hz, found_db, fitted = [], [], False
    for n in range(1, N_PARTIALS + 1):
        target = n * f0 * np.sqrt(1.0 + b * n**2)
        if target > min(0.47 * sr, 14000.0):
            break
        peak_hz, peak_db = strongest_near(amplitude, hz, target, 60.0 if n <= 2 else 12.0 + 300.0 / n)
        found_hz.append(peak_hz)
        found_db.append(peak_db)
        heard = np.array(found_db) > max(found_db) - AUDIBLE_DB
        if heard.sum() >= 3:
            ranks = np.arange(1, n + 1)[heard]
            slope, start = np.polyfit(ranks**2.0, (np.array(found_hz)[heard] / ranks) ** 2, 1)
            if slope > 0 and start > 0:
                f0, b, fitted = np.sqrt(start), slope / start, True
    level_db = np.array(found_db) - max(found_db)
    return f0, (b if fitted else np.nan), np.array(found_hz), level_db


def partial_track(y, sr, hz, period_s):
    """Power of one partial over time: times (s, from the onset) and power, windows of four periods of the key."""
    length = int(sr * max(4.0 * period_s, 0.025))
    start, hop = onset_sample(y), max(length // 4, 1)
    rows = np.lib.stride_tricks.sliding_window_view(y[start:], length)[::hop]
    window = np.hanning(length)
    probe = 2.0 * window / window.sum() * np.exp(-2j * np.pi * hz * np.arange(length) / sr)
    return np.arange(len(rows)) * hop / sr, np.abs(rows @ probe) ** 2


def decay_rates(times, power):
    """Early and late decay in dB/s: slopes of the backward integrated power from 0 to -10 and from -20 to -35 dB."""
    remaining = np.cumsum(power[::-1])[::-1]
    level = 10.0 * np.log10(remaining / remaining[0] + 1e-12)

    def slope(high, low):
        part = (level <= high) & (level >= low)
        return -np.polyfit(times[part], level[part], 1)[0] if part.sum() >= 3 else np.nan

    return slope(-0.5, -10.0), slope(-20.0, -35.0)


def measure(y, sr, midi):
    """All measurements of one note: a dict of numbers and a table of its partials."""
    f0, b, hz, level_db = measure_partials(y, sr, midi)
    start = onset_sample(y)
    amplitude, bins = spectrum(y, sr, start + int(0.3 * sr), 0.3)
    power = np.where((bins > 20.0) & (bins < 10000.0), amplitude**2, 0.0)
    tracks = [partial_track(y, sr, f, 1.0 / f0) for f in hz[level_db > -30.0][:8]]
    early, late = decay_rates(tracks[0][0], np.sum([p for _, p in tracks], axis=0))
    ends = start + (np.array([0.0, 0.1]) * sr).astype(int)
    row = {
        "key": note_name(midi),
        "midi": midi,
        "inharmonicity": b,
        "tuning_cents": cents_between(hz[0] if level_db[0] > -AUDIBLE_DB and midi >= 40 else f0, midi_to_hz(midi)),
        "centroid_hz": np.sum(power * bins) / np.sum(power),
        "early_db_per_s": early,
        "late_db_per_s": late,
        "noise_db": knock_level(y[ends[0] : ends[1]], sr, f0, b),
        "rms_db": 10.0 * np.log10(np.mean(y[ends[0] : ends[1]] ** 2)),
    }
    table = {"midi": midi, "partial": np.arange(1, len(hz) + 1), "hz": hz, "level_db": level_db}
    return row, pd.DataFrame(table)


def knock_level(y, sr, f0, b):
    """Level of what lies between and below the partials in the attack, against all of it, dB."""
    amplitude, hz = spectrum(y, sr, 0, len(y) / sr)
    b = 0.0 if np.isnan(b) else b
    n = np.arange(1, int(12000.0 / f0) + 1)
    partials = n * f0 * np.sqrt(1.0 + b * n**2)
    width = max(0.25 * f0, 2.5 * sr / len(y))
    near = np.min(np.abs(hz[:, None] - partials), axis=1) < width if len(n) < 60 else np.ones(len(hz), bool)
    use = (hz > 30.0) & (hz < 12000.0)
    if near[use].all() or f0 < 100.0:
        return np.nan
    return 10.0 * np.log10(np.sum(amplitude[use & ~near] ** 2) / np.sum(amplitude[use] ** 2))


def rendered_note(midi, sr, seconds):
    """The rendered counterpart of a recording."""
    return render(Notes([0.0], [seconds], [midi]), sr=sr, piano="grand", tail_s=0.0).astype(float)


def measure_all(folder):
    """Tables of notes and of partials, real and rendered."""
    rows, tables = [], []
    for midi, y, sr in read_notes(folder):
        for source, sound in (("real", y), ("rendered", rendered_note(midi, sr, len(y) / sr))):
            row, table = measure(sound, sr, midi)
            rows.append({"source": source, **row})
            tables.append(table.assign(source=source))
    return pd.DataFrame(rows).sort_values(["source", "midi"]), pd.concat(tables)


# ---------------------------------------------------------------- the constants that fit best


def fitted_constants(folder, notes, partials):
    """Constants of Piano (a dict) from the real notes, each group by least squares that forgive outliers."""
    real = notes[notes.source == "real"]
    stiff = fit_inharmonicity(real)
    return {
        "bass_stiffness": stiff[:2],
        "treble_stiffness": stiff[2:],
        "octave_type": fit_octaves(real, stiff),
        **fit_levels(partials[(partials.source == "real") & (partials.level_db > -75.0)]),
        **fit_decay(folder),
    }


def at_anchors(midi):
    """Weights (n, 5) of the anchor keys at each key: a straight line between them."""
    return np.stack([np.interp(midi, ANCHOR_KEYS, row) for row in np.eye(len(ANCHOR_KEYS))], axis=1)


def fit_inharmonicity(real):
    known = real[real.inharmonicity.notna() & (real.midi < 103)]
    midi, log_b = known.midi.to_numpy(float), np.log(known.inharmonicity.to_numpy())

    def error(x):
        return np.log(np.exp(x[0] * midi + x[1]) + np.exp(x[2] * midi + x[3])) - log_b

    return least_squares(error, [-0.1, -6.0, 0.09, -13.5], loss="soft_l1", f_scale=0.05).x


def fit_octaves(real, stiff):
    def error(octave_type):
        piano = replace(
            PIANOS["grand"],
            bass_stiffness=tuple(stiff[:2]),
            treble_stiffness=tuple(stiff[2:]),
            octave_type=tuple(octave_type),
            tuning_scatter_cents=0.0,
        )
        return stretch_cents(piano)[real.midi - MIDI_LOW] - real.tuning_cents

    bounds = ([0.0, 40.0, 8.0], [8.0, 80.0, 40.0])
    return least_squares(error, [3.5, 60.0, 24.0], bounds=bounds, loss="soft_l1", f_scale=3.0).x


def fit_levels(table):
    """Strike position, hammer spectrum and radiation from the partials' levels; each key has its own offset."""
    midi, n, hz, level = (table[c].to_numpy(float) for c in ("midi", "partial", "hz", "level_db"))
    keys, which = np.unique(midi, return_inverse=True)
    weight = np.sqrt(10.0 ** (np.maximum(level, -60.0) / 60.0))
    # In the treble there are too few partials to tell the strike from the hammer: its places are kept.
    treble = PIANOS["grand"].strike_ratio[3:]

    def error(x):
        strike = np.sin(np.pi * n * (at_anchors(midi) @ np.append(x[:3], treble)))
        model = 10.0 * np.log10(strike**2 + x[10] ** 2) - 8.686 * np.sqrt(hz / np.exp(at_anchors(midi) @ x[3:8]))
        off = level - model + 10.0 * np.log10(1.0 + (x[8] / hz) ** (2.0 * x[9]))
        return (off - np.array([np.median(off[which == i]) for i in range(len(keys))])[which]) * weight

    start = np.array([0.12, 0.12, 0.118, *np.log([80.0, 65.0, 80.0, 50.0, 45.0]), 75.0, 5.0, 0.15])
    x = least_squares(error, start, loss="soft_l1", f_scale=5.0).x
    return {
        "strike_ratio": (*x[:3], *treble),
        "brightness_hz": np.exp(x[3:8]),
        "radiation_hz": x[8],
        "radiation_order": x[9],
        "STRIKE_FLOOR": x[10],
        "ripple_db": 1.4826 * np.median(np.abs(error(x))),
    }


def fit_decay(folder):
    """Two-stage decay of every strong partial, then a curve along the keyboard through them."""
    rows = []
    for midi, y, sr in read_notes(folder):
        f0, _, hz, level_db = measure_partials(y, sr, midi)
        for n in np.flatnonzero(level_db[:10] > -35.0) + 1:
            stages = fit_two_stages(*partial_track(y, sr, hz[n - 1], 1.0 / f0))
            if stages is not None and stages[0] > 1.3 * stages[1]:
                rows.append((midi, n, *stages))
    midi, n, prompt, after, after_db = np.array(rows).T
    design = np.column_stack([at_anchors(midi), np.log(n)])

    def along_keyboard(design, values, scale):
        zero = np.zeros(design.shape[1])
        return least_squares(lambda x: design @ x - values, zero, loss="soft_l1", f_scale=scale).x

    p, a = (along_keyboard(design, np.log(rate), 0.3) for rate in (prompt, after))
    return {
        "prompt_db_per_s": np.exp(p[:5]),
        "after_db_per_s": np.exp(a[:5]),
        "decay_order": (p[5], a[5]),
        "after_db": along_keyboard(design[:, :5], after_db, 3.0),
    }


def fit_two_stages(times, power):
    """Decay of one partial (prompt dB/s, after dB/s, level of the second stage in dB); None where it is too short."""
    level = 10.0 * np.log10(power + 1e-16)
    floor = np.mean(level[-max(len(level) // 10, 5) :])
    use = (np.cumsum(level < floor + 8.0) == 0) & (times < 10.0)
    times, level = times[use], level[use]
    if len(times) < 8:
        return None

    def error(x):
        first, second = np.exp(-np.exp(x[1]) * times / 8.686), np.exp((x[3] - np.exp(x[2]) * times) / 8.686)
        return (20.0 * np.log10(first + second + 1e-9) + x[0] - level) / np.sqrt(times + 0.1)

    early = len(times) // 4 + 3
    rate = float(np.clip(-np.polyfit(times[:early], level[:early], 1)[0], 1.0, 400.0))
    start = [np.mean(level[:3]), np.log(1.3 * rate), np.log(max(0.3 * rate, 1.1)), -12.0]
    bounds = ([-200.0, -1.0, 0.0, -45.0], [20.0, 7.0, 6.0, -3.0])
    _, prompt, after, after_db = least_squares(error, start, bounds=bounds, loss="soft_l1", f_scale=3.0).x
    return np.exp(prompt), np.exp(after), after_db


# ---------------------------------------------------------------- the figure and the numbers


def stretch_cents(piano):
    """Deviation of each key's first partial from equal temperament at the piano's A4, (88,) cents."""
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    first = piano.f0_hz(keys) * np.sqrt(1.0 + piano.inharmonicity(keys))
    return cents_between(first, midi_to_hz(keys, a4_hz=piano.a4_hz))


def differences(notes, partials):
    """Median absolute difference of rendered from real, by register and over all keys: a table."""
    both = notes.pivot(index="midi", columns="source")

    def gap(column, transform=lambda x: x):
        values = transform(both[column].astype(float))
        return (values["rendered"] - values["real"]).abs()

    level = partials[partials.level_db.notna()].pivot(index=["midi", "partial"], columns="source", values="level_db")
    level = level[(level.index.get_level_values("partial") <= 8) & (level.real > -40.0)]
    columns = {
        "B, %": gap("inharmonicity", np.log).pipe(np.expm1) * 100.0,
        "tuning, cents": gap("tuning_cents"),
        "levels of partials 1-8, dB": (level.rendered - level.real).abs().groupby("midi").median(),
        "centroid, %": gap("centroid_hz", np.log).pipe(np.expm1) * 100.0,
        "early decay, factor": np.exp(gap("early_db_per_s", np.log)),
        "late decay, factor": np.exp(gap("late_db_per_s", np.log)),
        "knock, dB": gap("noise_db"),
    }
    table = pd.DataFrame(columns)
    rows = table.groupby(table.index.map(register_of)).median()
    rows.loc["all"] = table.median()
    return rows


def draw(notes, partials, path):
    """Nine panels: the same measurement on recordings and on rendered notes, and the model's own curve."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(3, 3, figsize=(11, 9), layout="constrained")
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    grand = PIANOS["grand"]
    real, ours = (notes[notes.source == s] for s in ("real", "rendered"))

    def points(ax, column, ylabel, log=True):
        ax.plot(real.midi, real[column], "o", ms=4, color="#c44e52", label="real")
        ax.plot(ours.midi, ours[column], "x", ms=4, color="#4c72b0", label="rendered")
        ax.set(xlabel="key", ylabel=ylabel, yscale="log" if log else "linear")
        ax.set_xticks(range(24, 109, 12), [note_name(m) for m in range(24, 109, 12)])

    points(axes[0, 0], "inharmonicity", "inharmonicity B")
    axes[0, 0].plot(keys, grand.inharmonicity(keys), "k-", lw=1, label="model")
    points(axes[0, 1], "tuning_cents", "partial 1 off equal temperament, cents", log=False)
    axes[0, 1].plot(keys, stretch_cents(replace(grand, tuning_scatter_cents=0.0)), "k-", lw=1, label="model")
    points(axes[0, 2], "centroid_hz", "spectral centroid 0.3-0.6 s, Hz")
    points(axes[1, 0], "early_db_per_s", "early decay, dB/s")
    points(axes[1, 1], "late_db_per_s", "late decay, dB/s")
    for ax, curve in ((axes[1, 0], grand.prompt_db_per_s), (axes[1, 1], grand.after_db_per_s)):
        ax.plot(ANCHOR_KEYS, curve, "k-", lw=1, label="model, partial 1")
    for ax, title in zip(axes.flat, TITLES, strict=False):
        ax.set_title(title)
        ax.legend(frameon=False, fontsize=8)
    for ax, name in zip(axes.flat[5:], SHOWN_KEYS, strict=True):
        for source, mark, color in (("real", "o-", "#c44e52"), ("rendered", "x--", "#4c72b0")):
            one = partials[(partials.source == source) & (partials.midi == parse_note(name)) & (partials.partial <= 16)]
            ax.plot(one.partial, one.level_db, mark, ms=4, lw=0.8, color=color, label=source)
        ax.set(title=f"partials of {name}", xlabel="partial number", ylabel="level, dB", ylim=(-75, 3))
        ax.set_xticks(range(1, 17, 3))
        ax.legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format=path.suffix[1:])


def db_per_velocity_step(folder):
    """Slope of onset level over MIDI velocity 40..100 (dB a step) and the number of notes it rests on.

    Level is the power of the 100 ms after an onset less that of the 50 ms before; only notes struck alone (no other
    within 90 ms) that at least double the power count; half-octave groups of keys have their own offset.
    """
    rows = []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in AUDIO_SUFFIXES):
        labels = next((p for p in map(path.with_suffix, (".tsv", ".mid", ".txt")) if p.exists()), None)
        if labels is None:
            continue
        y, sr = sf.read(path, frames=120 * sf.info(path).samplerate, always_2d=True)
        power = np.concatenate([[0.0], np.cumsum(np.mean(y, axis=1) ** 2)])
        notes = read_labels(labels).between(0.2, len(y) / sr - 0.5)
        for onset, midi, velocity in zip(notes.onset, notes.midi, notes.velocity, strict=True):
            if 40 <= velocity <= 100 and np.sum(np.abs(notes.onset - onset) < 0.09) == 1:
                edges = ((onset + np.array([-0.06, -0.01, 0.0, 0.1])) * sr).astype(int)
                before, after = np.diff(power[edges])[[0, 2]] / np.diff(edges)[[0, 2]]
                if after > 2.0 * before:
                    rows.append((midi, velocity, 10.0 * np.log10(after - before)))
    midi, velocity, level = np.array(rows).T
    design = np.column_stack([np.eye(15)[((midi - MIDI_LOW) // 6).astype(int)], velocity])
    fit = least_squares(lambda x: design @ x - level, np.zeros(16), loss="soft_l1", f_scale=3.0)
    return fit.x[-1], len(rows)


def speed():
    """Seconds of music rendered in a second of one core: a dense minute (400 notes, half of it pedalled), best of 3."""
    random = np.random.default_rng(0)
    onset = np.sort(random.uniform(0.0, 60.0, 400))
    length, midi, velocity = random.uniform(0.1, 0.8, 400), random.integers(36, 90, 400), random.integers(30, 110, 400)
    notes = Notes(onset, onset + length, midi, velocity)
    pedal = [(start, start + 1.0) for start in range(0, 60, 2)]
    seconds = []
    with threadpool_limits(1):
        for _ in range(3):
            start = time.perf_counter()
            y = render(notes, pedal=pedal, room="room")
            seconds.append(time.perf_counter() - start)
    return len(y) / 44100 / min(seconds)


def write_csv(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        table.round(6).to_csv(temporary, index=False)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="recordings of single notes, named by their key")
    parser.add_argument("--out", type=Path, default=Path("results/piano_fit"), help="where the tables go")
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/piano_fit.png"), help="the figure's file")
    parser.add_argument("--fit", action="store_true", help="also print the constants that fit this folder best")
    parser.add_argument(
        "--velocity", type=Path, metavar="DIR", help="labelled pieces to measure velocity against level"
    )
    options = parser.parse_args(arguments)
    if not options.folder.is_dir() or not any(read_notes(options.folder)):
        print(f"{options.folder} holds no notes: name a folder with files like A0.ogg or Ds1.wav", file=sys.stderr)
        return 2
    notes, partials = measure_all(options.folder)
    write_csv(notes, options.out / "notes.csv")
    write_csv(partials, options.out / "partials.csv")
    draw(notes, partials, options.figure)
    print(f"{notes.midi.nunique()} keys, median differences between rendered and real:")
    print(differences(notes, partials).round(2).to_string())
    print(f"\nspeed: {speed():.0f} times real time on one core (400 notes a minute, pedal, room)")
    if options.velocity:
        slope, n = db_per_velocity_step(options.velocity)
        ours = 20.0 * np.log10(velocity_gain(100) / velocity_gain(40)) / 60.0
        print(f"velocity 40-100: {slope:.3f} dB a step in {n} notes of the folder, {ours:.3f} rendered")
    if options.fit:
        print("\nconstants of Piano that fit these notes:")
        for name, value in fitted_constants(options.folder, notes, partials).items():
            print(f"    {name} = {np.round(value, 4).tolist()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
