"""What notebook 09 puts around a network that it builds itself: music with its answers, training, scores, pictures.

What comes in: names of built-in pieces and of rendered pianos, or a network written in PyTorch that takes features of
shape (batch, frames, 264) and returns logits of shape (2, batch, frames, 88), held keys first, struck keys second. What
goes out: examples (features beside a piano roll), training curves, notes with the package's scores, and figures. The
network itself, its layers and the step that trains it stand in the notebook. PyTorch is an extra: it is imported inside
the functions that need it, so that everything else here works without it.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pianolab import plots
from pianolab.data.builtin import builtin_index, notes_path
from pianolab.errors import printable
from pianolab.labels import read_labels
from pianolab.lessons.pitch import octave_ticks
from pianolab.lessons.teaching import figure
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes, Salience
from pianolab.scores import score_notes
from pianolab.session import transcribe
from pianolab.tracking import Tracker, Tracking
from pianolab.units import MIDI_LOW, N_KEYS, key_hz, note_name

SR = 16000
FRAME = 2048  # samples, 128 ms: half of it lies after the frame's own time
HOP = 512  # samples, 32 ms
BINS_PER_KEY = 3
N_BINS = BINS_PER_KEY * N_KEYS
FLOOR_DB = -90.0
MEAN_DB, SD_DB = -73.0, 17.0  # of the levels in the training examples: features have about mean 0 and deviation 1
SOFT_S = 0.05  # a struck key's target falls from 1 to 0 over this time on both sides of the onset
SEGMENT = 64  # frames in a row that training looks at, 2 s
BATCH = 6  # such segments a step
STRUCK_WEIGHT = 3.0  # strokes are rare: a missed one costs as much as three false ones
GRADIENT_LIMIT = 1.0
THRESHOLD, ONSET_THRESHOLD = 0.4, 0.4
TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
LOG_COLUMNS = ("minutes", "loss", "validation_onset_f1")


class TorchMissing(ImportError):
    """PyTorch is not installed. Jupyter shows its sentence without a traceback."""

    def _render_traceback_(self):
        return [str(self)]


def need_torch():
    """Stop with one clear sentence where PyTorch is missing.

    Raises
    ------
    TorchMissing
        With the command that installs it.
    """
    if find_spec("torch") is None:
        raise TorchMissing(
            "This notebook trains a network with PyTorch, which is not installed here: it is large, and so an extra. "
            "In the folder of pianolab run make setup-train (or, in your own environment, pip install -e '.[train]') "
            "and restart the kernel. Every other notebook works without it."
        )


# ----------------------------------------------------------------------------------------------------- features


def _frames(y):
    """Overlapping frames centred on samples 0, HOP, 2 HOP ..., (T, FRAME); there are ceil(n / HOP)."""
    n_frames = -(-len(y) // HOP)
    padded = np.pad(np.asarray(y, dtype=float), (FRAME // 2, FRAME))
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:n_frames]


@lru_cache(maxsize=1)
def _log_filters():
    """Weights of the FFT's bins in each of the 264 bins, (264, FRAME // 2 + 1): triangles that sum to 1."""
    offsets = np.arange(N_BINS) - BINS_PER_KEY // 2
    centre_hz = key_hz()[0] * 2.0 ** (offsets / (12 * BINS_PER_KEY))
    fft_hz = np.arange(FRAME // 2 + 1) * SR / FRAME
    # In the bass a third of a semitone is narrower than one bin of the FFT; a triangle must touch at least one.
    half_hz = np.maximum(centre_hz * (2.0 ** (1 / (12 * BINS_PER_KEY)) - 1.0), SR / FRAME)
    weights = np.maximum(0.0, 1.0 - np.abs(fft_hz - centre_hz[:, None]) / half_hz[:, None])
    return weights / weights.sum(axis=1, keepdims=True)


def log_frequency(y):
    """Levels in three bins for each of the 88 keys, the middle one on the key.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1] at 16 kHz.

    Returns
    -------
    (T, 264) float32
        T = ceil(n / 512). Decibels, shifted and scaled by fixed numbers so that their mean is about 0 and their
        standard deviation about 1; nothing is below -1.
    """
    window = np.hanning(FRAME)
    magnitude = np.abs(np.fft.rfft(_frames(y) * window)) * 2.0 / window.sum()
    level_db = 20.0 * np.log10(np.maximum(magnitude @ _log_filters().T, 10.0 ** (FLOOR_DB / 20.0)))
    return ((level_db - MEAN_DB) / SD_DB).astype(np.float32)


def mel_levels(y, n_mels=40):
    """Levels of mel bands up to 8 kHz, from the frames that `log_frequency` looks at.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1] at 16 kHz.
    n_mels : int
        Bands.

    Returns
    -------
    (T, n_mels) float64
        dB, T = ceil(n / 512).
    """
    power = np.abs(np.fft.rfft(_frames(y) * np.hanning(FRAME))) ** 2
    return 10.0 * np.log10(np.maximum(power @ _mel_filters(n_mels).T, 1e-9))


@lru_cache(maxsize=4)
def _mel_filters(n_mels):
    import librosa

    return librosa.filters.mel(sr=SR, n_fft=FRAME, n_mels=n_mels, htk=True)


def mfccs(y, n_mfcc=13):
    """The first coefficients of the cosine transform of 40 mel levels.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1] at 16 kHz.
    n_mfcc : int
        Coefficients, at most 40.

    Returns
    -------
    (T, n_mfcc) float64
        T = ceil(n / 512).
    """
    from scipy.fft import dct

    return dct(mel_levels(y), norm="ortho")[:, :n_mfcc]


FEATURES = {"13 MFCCs": mfccs, "40 mel bands": mel_levels, "log-frequency": log_frequency}


@lru_cache(maxsize=256)
def chord(keys, piano="grand"):
    """Half a second of keys struck together, from shortly after the blow.

    Parameters
    ----------
    keys : tuple of int
        MIDI numbers.
    piano : str
        A name in `pianolab.piano.PIANOS`.

    Returns
    -------
    (8000,) float32
        At 16 kHz.
    """
    n = len(keys)
    y = render(Notes([0.0] * n, [0.7] * n, list(keys), [80] * n), sr=SR, piano=piano, tail_s=0.0)
    return y[SR // 10 :][: SR // 2]


def triads(low=48):
    """The 12 major and the 12 minor triads whose roots lie in one octave.

    Parameters
    ----------
    low : int
        MIDI number of the lowest root.

    Returns
    -------
    dict of str to tuple of int
        Name, such as ``"C3 major"`` -> MIDI numbers.
    """
    roots = range(low, low + 12)
    return {f"{note_name(r)} {kind}": tuple(r + k for k in steps) for kind, steps in TRIADS.items() for r in roots}


def share_of_chords_named(feature, *, known="grand"):
    """Share of 24 triads on other pianos that are named right by the most alike triad of a known piano.

    Parameters
    ----------
    feature : callable
        Samples -> (T, n); its mean over half a second stands for the chord.
    known : str
        The piano whose chords have names; those of all other pianos are asked for.

    Returns
    -------
    float
        0..1; guessing gives 1/24.
    """
    chords = list(triads().values())
    table = {piano: np.array([feature(chord(keys, piano)).mean(axis=0) for keys in chords]) for piano in PIANOS}
    others = np.concatenate([rows for piano, rows in table.items() if piano != known])
    # Without the mean over the bands: how loud a piano is must not count as another chord.
    others, names = _centred(others), _centred(table[known])
    nearest = np.argmin(np.sum((others[:, None] - names[None]) ** 2, axis=2), axis=1)
    return float(np.mean(nearest == np.tile(np.arange(len(chords)), len(PIANOS) - 1)))


def _centred(rows):
    return rows - rows.mean(axis=1, keepdims=True)


def features_figure(keys, piano="grand"):
    """What each kind of features keeps of one chord, and of the same chord a semitone higher (dashed).

    Parameters
    ----------
    keys : tuple of int
        MIDI numbers.
    piano : str
        A name in `pianolab.piano.PIANOS`.

    Returns
    -------
    Picture
    """
    fig, axes = figure(10, 2.8, ncols=len(FEATURES))
    for ax, (name, feature) in zip(axes, FEATURES.items(), strict=True):
        for up, style in ((0, "-"), (1, "--")):
            values = feature(chord(tuple(k + up for k in keys), piano)).mean(axis=0)
            label = "a semitone higher" if up else "chord"
            ax.plot(values, style, linewidth=1.1, color=plots.ORANGE if up else plots.BLUE, label=label)
        unit = {"13 MFCCs": "coefficient", "40 mel bands": "level (dB)"}.get(name, "level (scaled dB)")
        ax.set(xlabel="number, low to high", ylabel=unit, title=f"{name}: {len(values)} numbers")
    axes[-1].set_xlim(60, 220)
    axes[-1].set_title("log-frequency: part of 264")
    axes[0].legend(loc="upper right")
    return fig


# ------------------------------------------------------------------------------------------------------ examples


def held_keys(notes, n_frames):
    """A piano roll: 1 where a key is down at a frame's time, else 0.

    Parameters
    ----------
    notes : Notes
        On the keyboard, A0..C8.
    n_frames : int
        Frames, 32 ms apart.

    Returns
    -------
    (n_frames, 88) float32
    """
    times = np.arange(n_frames) * HOP / SR
    roll = np.zeros((n_frames, N_KEYS), np.float32)
    for onset, offset, midi in zip(notes.onset, notes.offset, notes.midi, strict=True):
        roll[(times >= onset) & (times < offset), midi - MIDI_LOW] = 1.0
    return roll


def struck_keys(notes, n_frames):
    """Strokes as soft targets: 1 at an onset, down to 0 at 50 ms before and after it.

    Parameters
    ----------
    notes : Notes
        On the keyboard, A0..C8.
    n_frames : int
        Frames, 32 ms apart.

    Returns
    -------
    (n_frames, 88) float32
    """
    times = np.arange(n_frames) * HOP / SR
    roll = np.zeros((n_frames, N_KEYS), np.float32)
    for onset, midi in zip(notes.onset, notes.midi, strict=True):
        column = roll[:, midi - MIDI_LOW]
        np.maximum(column, np.maximum(0.0, 1.0 - np.abs(times - onset) / SOFT_S), out=column)
    return roll


@dataclass(frozen=True, eq=False)
class Example:
    """A few seconds of one piece on one piano, and what a network should say about them.

    Attributes
    ----------
    piece, piano : str
    y : (n,) float32
        Sound at 16 kHz.
    notes : Notes
        What is played.
    features : (T, 264) float32
        See `log_frequency`.
    held, struck : (T, 88) float32
        See `held_keys` and `struck_keys`.
    """

    piece: str
    piano: str
    y: np.ndarray
    notes: Notes
    features: np.ndarray
    held: np.ndarray
    struck: np.ndarray

    def __repr__(self):
        return f"<Example: {self.piece} on {self.piano}, {len(self.features)} frames, {len(self.notes)} notes>"


def example(piece, piano, *, seconds=8.0):
    """Render the beginning of a built-in piece on one of the pianos, in a dry room.

    Parameters
    ----------
    piece : str
        Id of a recording of the built-in set, such as "ode_to_joy".
    piano : str
        A name in `pianolab.piano.PIANOS`.
    seconds : float
        Length, at most.

    Returns
    -------
    Example

    Raises
    ------
    ValueError
        If the piece is unknown.
    """
    entries = {entry["id"]: entry for entry in builtin_index()}
    if piece not in entries:
        raise ValueError(f"piece {piece!r} is not built in: choose one such as {', '.join(sorted(entries)[:4])}")
    notes = read_labels(notes_path(entries[piece])).between(0.0, seconds)
    y = render(notes, sr=SR, piano=piano, tail_s=0.5)[: int(seconds * SR)]
    features = log_frequency(y)
    n = len(features)
    return Example(piece, piano, y, notes, features, held_keys(notes, n), struck_keys(notes, n))


def targets_figure(example, stop_s=None):
    """Features above, held keys in the middle, struck keys below, over time.

    Parameters
    ----------
    example : Example
    stop_s : float, optional
        Show so much, seconds; all of it if not given.

    Returns
    -------
    Picture
    """
    times = np.arange(len(example.features)) * HOP / SR
    fig, axes = figure(9, 6, rows=3, sharex=True)
    bins = MIDI_LOW + (np.arange(N_BINS) - BINS_PER_KEY // 2) / BINS_PER_KEY
    keys = MIDI_LOW + np.arange(N_KEYS)
    parts = (("features", bins, example.features), ("held", keys, example.held), ("struck", keys, example.struck))
    for ax, (name, rows, values) in zip(axes, parts, strict=True):
        label = "level (scaled dB)" if name == "features" else "target (0..1)"
        mesh = ax.pcolormesh(times, rows, values.T, cmap="magma", shading="nearest", rasterized=True)
        fig.colorbar(mesh, ax=ax, label=label)
        octave_ticks(ax, vertical=True)
        ax.set(ylabel="key", title=name, xlim=(0, stop_s or times[-1]))
    axes[-1].set_xlabel("time (s)")
    return fig


# ------------------------------------------------------------------------------------------------------ training


def tensors(examples):
    """Features, held and struck keys of some examples as three tensors.

    Parameters
    ----------
    examples : list of Example
        All of T frames.

    Returns
    -------
    list of tensor
        Float32 of shapes (n, T, 264), (n, T, 88) and (n, T, 88).

    Raises
    ------
    ValueError
        If their lengths differ.
    """
    import torch

    rolls = ([getattr(e, name) for e in examples] for name in ("features", "held", "struck"))
    return [torch.tensor(np.stack(values)) for values in rolls]


def segments(examples, rng, n=BATCH):
    """Pieces of 64 frames, each from a random place of a random example, as three tensors; see `tensors`.

    Parameters
    ----------
    examples : list of Example
        Each of at least 64 frames.
    rng : numpy.random.Generator
    n : int
        Pieces.

    Returns
    -------
    list of tensor
        Float32 of shapes (n, 64, 264), (n, 64, 88) and (n, 64, 88).

    Raises
    ------
    ValueError
        If an example is too short.
    """
    import torch

    cuts = []
    for example in (examples[i] for i in rng.integers(len(examples), size=n)):
        if len(example.features) < SEGMENT:
            raise ValueError(f"{example!r} is shorter than {SEGMENT} frames: ask `example` for more seconds")
        start = rng.integers(len(example.features) - SEGMENT + 1)
        cut = slice(start, start + SEGMENT)
        cuts.append((example.features[cut], example.held[cut], example.struck[cut]))
    return [torch.tensor(np.stack(values)) for values in zip(*cuts, strict=True)]


def loss(logits, held, struck):
    """Binary cross-entropy of held and of struck keys, added; a missed stroke weighs three times.

    Parameters
    ----------
    logits : (2, batch, frames, 88) tensor
        Held keys first, struck keys second, before the sigmoid.
    held, struck : (batch, frames, 88) tensors
        Targets.

    Returns
    -------
    tensor with one number
    """
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    weight = torch.tensor(STRUCK_WEIGHT)
    return binary_cross_entropy_with_logits(logits[0], held) + binary_cross_entropy_with_logits(
        logits[1], struck, pos_weight=weight
    )


def loss_of(net, examples):
    """The mean loss of a network over whole examples; nothing is learnt from them.

    Parameters
    ----------
    net : torch.nn.Module
    examples : list of Example

    Returns
    -------
    float
    """
    import torch

    net.eval()
    with torch.no_grad():
        losses = [loss(net(features), held, struck).item() for features, held, struck in map(tensors, _ones(examples))]
    net.train()
    return float(np.mean(losses))


def _ones(examples):
    return [[example] for example in examples]


def guessing_loss(train, examples):
    """The loss of saying for every key in every frame how often the training examples hold or strike one.

    Parameters
    ----------
    train, examples : list of Example
        Where the two rates come from, and what the guess is tried on.

    Returns
    -------
    float
    """
    import torch

    rates = [np.mean(np.concatenate([getattr(e, name) for e in train])) for name in ("held", "struck")]
    rates[1] = STRUCK_WEIGHT * rates[1] / (1.0 + (STRUCK_WEIGHT - 1.0) * rates[1])  # the best guess for this loss
    logits = torch.tensor([np.log(rate / (1.0 - rate)) for rate in rates], dtype=torch.float32)
    losses = []
    for _, held, struck in map(tensors, _ones(examples)):
        losses.append(loss(logits[:, None, None, None].expand(2, *held.shape), held, struck).item())
    return float(np.mean(losses))


def fit(net, train, validation, *, n_steps=200, learning_rate=0.01, seed=0, every=20, batch=BATCH):
    """Train a network with AdamW and a learning rate that rises and falls in one cycle.

    Parameters
    ----------
    net : torch.nn.Module
        Changed in place.
    train, validation : list of Example
        What is learnt from, and what is only looked at.
    n_steps : int
        Steps, each of ``batch`` segments of 64 frames.
    learning_rate : float
        The highest of the cycle.
    seed : int
        Fixes which segments are drawn; the network's own first weights are the caller's.
    every : int
        Steps between two looks at the validation examples.
    batch : int
        Segments a step.

    Returns
    -------
    pandas.DataFrame
        Columns ``step``, ``train`` (mean loss since the last look) and ``validation`` (loss on whole examples).

    References
    ----------
    Loshchilov & Hutter, *Decoupled weight decay regularization*, ICLR 2019; Smith & Topin, *Super-convergence*, 2019.
    """
    import pandas as pd
    import torch

    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=n_steps)
    rows, recent = [], []
    for step in range(1, n_steps + 1):
        features, held, struck = segments(train, rng, batch)
        optimiser.zero_grad()
        error = loss(net(features), held, struck)
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), GRADIENT_LIMIT)
        optimiser.step()
        schedule.step()
        recent.append(error.item())
        if step % every == 0 or step == n_steps:
            rows.append((step, float(np.mean(recent)), loss_of(net, validation)))
            recent = []
    return pd.DataFrame(rows, columns=["step", "train", "validation"])


def curves_figure(curves, guess=None):
    """Training and validation loss over the steps, one picture for each network.

    Parameters
    ----------
    curves : dict of str to DataFrame
        Title -> what `fit` returned.
    guess : float, optional
        Loss of `guessing_loss`, drawn as a line.

    Returns
    -------
    Picture
    """
    fig, axes = figure(3.4 * len(curves) + 2.0, 3.0, ncols=len(curves), sharey=True, squeeze=False)
    for ax, (title, curve) in zip(axes[0], curves.items(), strict=True):
        ax.plot(curve.step, curve.train, "o-", markersize=3, color=plots.BLUE, label="training")
        ax.plot(curve.step, curve.validation, "s--", markersize=3, color=plots.ORANGE, label="validation")
        if guess is not None:
            ax.axhline(guess, color=plots.GREY, linestyle=":", label="guessing")
        ax.set(xlabel="step", title=title)
        ax.grid(color="#dddddd", linewidth=0.6)
    axes[0, 0].set(ylabel="loss (cross-entropy)", ylim=(0, None))
    axes[0, 0].legend(loc="lower left")
    return fig


# --------------------------------------------------------------------------------------------- tuning two settings


def grid(make, train, validation, *, learning_rates, harmonics, n_steps=60, seed=0):
    """Train one network for each pair of settings, all with the same first seed and the same few steps.

    Parameters
    ----------
    make : callable
        ``make(seed, semitones)`` returns a new network that stacks these semitones.
    train, validation : list of Example
    learning_rates : list of float
    harmonics : dict of str to tuple
        Name -> semitones.
    n_steps, seed : int

    Returns
    -------
    pandas.DataFrame
        Validation loss; a row for each learning rate, a column for each name.
    """
    import pandas as pd

    settings = {"n_steps": n_steps, "every": n_steps, "seed": seed}
    table = pd.DataFrame(index=pd.Index(learning_rates, name="learning rate"), columns=list(harmonics), dtype=float)
    for name, semitones in harmonics.items():
        for rate in learning_rates:
            curve = fit(make(seed, semitones), train, validation, learning_rate=rate, **settings)
            table.loc[rate, name] = curve.validation.iloc[-1]
    return table


def grid_figure(table, guess):
    """The table of `grid` as a picture: a cell for each pair of settings, the lowest loss in bold.

    Parameters
    ----------
    table : DataFrame
        From `grid`.
    guess : float
        Loss of `guessing_loss`, where the colours end.

    Returns
    -------
    Picture
    """
    values = table.to_numpy()
    fig, ax = figure(5.5, 2.6)
    mesh = ax.imshow(values, cmap="viridis_r", vmin=0.0, vmax=guess, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        best = value == values.min()
        ax.text(
            column,
            row,
            f"{value:.3f}{' (lowest)' if best else ''}",
            ha="center",
            va="center",
            color="white" if value > 0.4 * guess else "black",
            fontweight="bold" if best else "normal",
        )
    ax.set_xticks(range(len(table.columns)), table.columns)
    ax.set_yticks(range(len(table)), [f"{rate:g}" for rate in table.index])
    ax.set(xlabel="what a key can look at", ylabel="learning rate")
    fig.colorbar(mesh, ax=ax, label="validation loss")
    return fig


# ------------------------------------------------------------------------------------------------ notes and scores


def evidence(net, example):
    """What a network says about an example, as a detector would.

    Parameters
    ----------
    net : torch.nn.Module
    example : Example

    Returns
    -------
    Salience
        With strength and onset in [0, 1], 32 ms a row.
    """
    import torch

    net.eval()
    with torch.no_grad():
        held, struck = torch.sigmoid(net(tensors([example])[0]))[:, 0].numpy()
    net.train()
    times = np.arange(len(held)) * HOP / SR
    return Salience(times, held, np.full(held.shape, np.nan), np.zeros(len(held)), onset=struck)


def heard_notes(salience, *, threshold=THRESHOLD, onset_threshold=ONSET_THRESHOLD):
    """The notes that the package's tracker makes of a network's evidence.

    Parameters
    ----------
    salience : Salience
        From `evidence`.
    threshold, onset_threshold : float
        Probabilities from which a key counts as held and as struck.

    Returns
    -------
    Notes
    """
    tracker = Tracker(Tracking(policy="poly", threshold=threshold, onset_threshold=onset_threshold))
    tracker.push(salience)
    tracker.flush()
    return tracker.notes()


def scores(net, examples):
    """Mean scores of a network over examples.

    Parameters
    ----------
    net : torch.nn.Module
    examples : list of Example

    Returns
    -------
    dict of str to float
        F1 in [0, 1] of ``onset``, ``note`` and ``frame``.
    """
    rows = [score_notes(e.notes, heard_notes(evidence(net, e))) for e in examples]
    return {name: float(np.mean([row[f"{name}_f1"] for row in rows])) for name in ("onset", "note", "frame")}


def detector_scores(detector, examples):
    """The same as `scores` for a detector of the package.

    Parameters
    ----------
    detector : str
        Such as ``"nmf"``.
    examples : list of Example

    Returns
    -------
    dict of str to float
        F1 in [0, 1] of ``onset``, ``note`` and ``frame``.

    Raises
    ------
    DetectorError
        If there is no such detector.
    """
    rows = [score_notes(e.notes, transcribe(e.y, sr=SR, detector=detector)) for e in examples]
    return {name: float(np.mean([row[f"{name}_f1"] for row in rows])) for name in ("onset", "note", "frame")}


def score_table(rows):
    """Scores of several names as a table, rounded to two digits.

    Parameters
    ----------
    rows : dict of str to dict
        Name -> what `scores` returned.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    return pd.DataFrame.from_dict(rows, orient="index").add_suffix(" F1").round(2)


def heard_figure(salience, example, *, threshold=THRESHOLD, onset_threshold=ONSET_THRESHOLD):
    """How sure a network is of each held key above; played against heard notes below.

    Parameters
    ----------
    salience : Salience
        From `evidence`.
    example : Example
        What it is about.
    threshold, onset_threshold : float
        As for `heard_notes`.

    Returns
    -------
    Picture
    """
    notes = heard_notes(salience, threshold=threshold, onset_threshold=onset_threshold)
    fig, (above, below) = figure(9, 5.4, rows=2, sharex=True)
    plots.salience(above, salience)
    plots.piano_roll(below, example.notes, notes)
    above.set_ylim(below.get_ylim())
    above.set_title(f"{example.piece} on {example.piano}", loc="left")
    above.set_xlabel("")
    f1 = score_notes(example.notes, notes)["onset_f1"]
    below.set_title(f"thresholds {threshold:g}, {onset_threshold:g}: onset F1 {f1:.2f}", loc="left")
    return fig


# ------------------------------------------------------------------------------------- how the package's was trained


def training_log(path):
    """The log of a long training: what it had learnt after so many minutes.

    Parameters
    ----------
    path : str or Path
        A CSV file with columns ``minutes``, ``loss`` and ``validation_onset_f1`` and perhaps others; fields may be
        empty, because not every row was validated.

    Returns
    -------
    pandas.DataFrame
        The three columns as numbers, NaN where a field is empty, sorted by minutes.

    Raises
    ------
    ValueError
        If there is no such file, a column is missing, or nothing was validated twice.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise ValueError(f"training log {printable(path)} is not there: `pianolab train` writes one")
    table = pd.read_csv(path, comment="#")
    missing = [name for name in LOG_COLUMNS if name not in table]
    if missing:
        raise ValueError(f"training log {printable(path)} has no column {missing[0]!r}: it needs {LOG_COLUMNS}")
    log = table[list(LOG_COLUMNS)].apply(pd.to_numeric, errors="coerce").dropna(subset="minutes")
    if log.validation_onset_f1.count() < 2:
        raise ValueError(f"training log {printable(path)} holds fewer than two validation scores: train for longer")
    return log.sort_values("minutes", kind="stable", ignore_index=True)


def training_log_figure(log):
    """Loss and validation F1 over the minutes of a long training, two pictures side by side.

    Parameters
    ----------
    log : DataFrame
        From `training_log`.

    Returns
    -------
    Picture
    """
    fig, (left, right) = figure(9, 3, ncols=2)
    losses, f1 = log.dropna(subset="loss"), log.dropna(subset="validation_onset_f1")
    left.plot(losses.minutes, losses.loss, color=plots.BLUE, linewidth=1)
    right.plot(f1.minutes, f1.validation_onset_f1, "s-", markersize=3, color=plots.ORANGE)
    left.set(xlabel="time of training (minutes)", ylabel="training loss", xlim=(0, None), ylim=(0, None))
    right.set(xlabel="time of training (minutes)", ylabel="validation onset F1 (0..1)", xlim=(0, None))
    for ax in (left, right):
        ax.grid(color="#dddddd", linewidth=0.6)
    return fig
