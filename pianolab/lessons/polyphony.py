"""What notebook 08 puts around the package: columns of known sounds, harmonic stacks, and pieces that are hard to hear.

What comes in: a few keys struck together, or what a detector made of them. What goes out: spectra on the axis of a
keyboard, figures that also stand behind sliders, and small pieces of music, each with one difficulty that can be turned
up. The decomposition, the detectors and the scores are the package's own.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from scipy.special import kl_div

from pianolab import plots, scores
from pianolab.detectors import nmf
from pianolab.dsp import combs, network_input
from pianolab.frames import Framer
from pianolab.lessons.playing import chords
from pianolab.lessons.showing import Picture, figure, grid, legend_above, octave_ticks
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, parse_note

HOP = 160  # Samples between columns: 10 ms.
HARMONIC_OFFSETS = (-19, -12, 0, 7, 12, 19, 24, 28, 31, 34, 36)  # The network's own semitones; a test compares them.
LOUD, START_S, BEAT_S, HELD_S = 100, 0.2, 0.5, 0.45  # Velocity and seconds of the hard pieces.
N_CHORDS = 10  # A hard piece has ten chords, so that one note more or less is a tenth of its score.
CLIP_DB = -40.0  # Weaker partials are drawn at the bottom.

Array32 = npt.NDArray[np.float32]


# --------------------------------------------------------------------------------------------- columns and sums


def columns(y: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], Array32]:
    """The spectrogram that nmf's textbook preset decomposes: one column of 294 bins, three a semitone, every 10 ms.

    Parameters
    ----------
    y : (n,) float32
        Samples at 16 kHz.

    Returns
    -------
    times : (T,) float64
        Seconds.
    spectra : (T, 294) float32
        A full-scale sine reads 1 to 1.5.
    """
    ear = nmf.PRESETS["textbook"].ear()
    framer = Framer(frame_length=ear.frame_length, hop_length=HOP, sr=nmf.SR)
    spans = [*framer.push(np.asarray(y, np.float32)), *framer.flush()]
    return np.concatenate([span.times for span in spans]), np.concatenate([ear(span) for span in spans])


def column(keys: str) -> Array32:
    """One column of the spectrogram of keys struck together, 0.3 s after the blow.

    Parameters
    ----------
    keys : str
        Such as ``"C4 E4 G4"``.

    Returns
    -------
    (294,) float32
    """
    times, spectra = columns(render(chords([keys], start_s=0.1, held_s=0.6), sr=nmf.SR))
    return spectra[np.searchsorted(times, 0.4)]


def draw_column(ax: Axes, v: npt.ArrayLike, **style: Any) -> Axes:
    """Draw one column over the keys at whose frequencies its bins lie.

    Parameters
    ----------
    ax : Axes
    v : (n,) array
        Magnitudes, three bins a semitone from A0 on.
    **style
        For ``Axes.plot``, such as ``color`` and ``label``.
    """
    keys = MIDI_LOW + (np.arange(np.size(v)) - 1) / combs.BINS_PER_KEY
    ax.plot(keys, v, **{"color": plots.BLUE, "linewidth": 1.2, **style})
    octave_ticks(ax)
    ax.set(xlabel="key at this frequency", ylabel="magnitude (linear)", xlim=(40, 112))
    return ax


def sum_figure(v: npt.NDArray, templates: npt.NDArray, *, n_iterations: int, played: str = "") -> Picture:
    """Above, one column and the sum that comes nearest; below, how much of each key is in it.

    Parameters
    ----------
    v : (n,) array
        Not negative.
    templates : (88, n) array
        Rows of unit sum.
    n_iterations : int
        Steps of the multiplicative rule; before the first all amounts are alike.
    played : str
        Keys to mark.
    """
    amounts = np.full(N_KEYS, v.sum() / N_KEYS, np.float32)
    if n_iterations:
        amounts = nmf.decompose(v[None], templates, n_iterations, 1.0, 0.0)[0]
    model = amounts @ templates
    fig, (above, below) = figure(9, 4.4, rows=2)
    draw_column(above, v, label="what is there")
    draw_column(above, model, color=plots.ORANGE, linestyle="--", label="sum of the keys below")
    above.legend(loc="upper right")
    below.bar(np.arange(MIDI_LOW, MIDI_HIGH + 1), amounts / v.sum(), width=0.8, color=plots.ORANGE)
    for name in played.split():
        below.plot(parse_note(name), 0.46, "v", color=plots.BLUE, markersize=8)
    octave_ticks(below)
    below.set(xlabel="key (triangles: played)", ylabel="amount (share of the column)", xlim=(40, 112), ylim=(0, 0.5))
    share = kl_div(v, model).sum() / v.sum()
    above.set_title(f"after {n_iterations} steps: divergence {share:.2f} of the column's sum", loc="left")
    return fig


def key_map(
    ax: Axes,
    times: npt.NDArray,
    values: npt.ArrayLike,
    *,
    label: str,
    played: Notes | None = None,
    most: float | None = None,
) -> Axes:
    """Draw a value for every key in every frame; white frames mark what was played.

    Parameters
    ----------
    ax : Axes
    times : (T,) array
        Seconds.
    values : (T, 88) array
    label : str
        What the colour means, with its unit.
    played : Notes, optional
    most : float, optional
        Value of the brightest colour; the largest if not given.
    """
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    style: dict[str, Any] = {"cmap": "viridis", "vmin": 0, "vmax": most, "shading": "nearest", "rasterized": True}
    mesh = ax.pcolormesh(times, keys, np.asarray(values).T, **style)
    ax.figure.colorbar(mesh, ax=ax, label=label)
    if played is not None:
        for onset, offset, midi in zip(played.onset, played.offset, played.midi, strict=True):
            low, high = midi - 0.5, midi + 0.5
            ax.plot([onset, onset, offset, offset, onset], [low, high, high, low, low], color="white", linewidth=0.9)
    octave_ticks(ax, vertical=True)
    ax.set(xlabel="time (s)", ylabel="key", xlim=(times[0], times[-1]))
    return ax


# ---------------------------------------------------------------------------------------------- what a network hears


def semitones(keys: str) -> npt.NDArray[np.float32]:
    """What the network is given 0.3 s after keys were struck together: the loudest of three bins for each semitone.

    Parameters
    ----------
    keys : str
        Such as ``"C3"``.

    Returns
    -------
    (98,) float32
        A0 to 7.6 kHz, dB below the strongest.
    """
    y = render(chords([keys], start_s=0.1, held_s=0.6), sr=nmf.SR)
    heard = network_input.NeuralInput().of(y, lookahead=HOP)[round(0.4 / network_input.HOP_S), 1]
    level = 20.0 * heard.reshape(-1, combs.BINS_PER_KEY).max(axis=1)
    return level - level.max()


def harmonic_stack(x: npt.ArrayLike, offsets: Sequence[int]) -> npt.NDArray:
    """Copies of a spectrum, each shifted so that what lies ``offset`` columns above a key comes to stand at the key.

    Parameters
    ----------
    x : (n,) array
    offsets : sequence of int
        Columns; negative ones look below the key.

    Returns
    -------
    (len(offsets), n) array
        Row i at column k is ``x[k + offsets[i]]``, and 0 beyond the ends.

    References
    ----------
    Bittner, Bosch, Rubinstein, Meseguer-Brocal & Ewert, ICASSP 2022, section 3.1.

    Examples
    --------
    >>> harmonic_stack([1, 2, 3], [-1, 0, 1]).tolist()
    [[0, 1, 2], [1, 2, 3], [2, 3, 0]]
    """
    x = np.asarray(x)
    wide = max(map(abs, offsets))
    padded = np.pad(x, wide)
    return np.array([padded[wide + offset : wide + offset + len(x)] for offset in offsets])


def stack_figure(keys: str, *, asked: str) -> Picture:
    """Above, the spectrum of some keys by semitones; below, its harmonic stack, with the column of one key marked.

    Parameters
    ----------
    keys, asked : str
        Played, such as ``"C3"`` or ``"C3 G3"``, and the key to look at.
    """
    level = np.maximum(semitones(keys), CLIP_DB)
    stack = harmonic_stack(level - CLIP_DB, HARMONIC_OFFSETS)[:, :N_KEYS]
    column_keys, rows = MIDI_LOW + np.arange(len(level)), np.arange(len(HARMONIC_OFFSETS))
    fig, (above, below) = figure(9, 5, rows=2, sharex=True, height_ratios=(2, 3))
    above.bar(column_keys, level - CLIP_DB, bottom=CLIP_DB, width=0.8, color=plots.BLUE)
    above.set(ylabel="level (dB below the strongest)", ylim=(CLIP_DB, 0))
    above.set_title(f"{keys} played, {asked} asked", loc="left")
    mesh = below.pcolormesh(column_keys[:N_KEYS], rows, stack + CLIP_DB, cmap="magma", shading="nearest")
    fig.colorbar(mesh, ax=below, label="level (dB)")
    for side in (-0.5, 0.5):
        below.axvline(parse_note(asked) + side, color="white", linewidth=1)
    below.set_yticks(rows, [f"{offset:+d}" for offset in HARMONIC_OFFSETS])
    octave_ticks(below)
    below.set(xlabel="key", ylabel="shift (semitones)", xlim=(MIDI_LOW - 0.5, MIDI_HIGH + 0.5))
    return fig


# ------------------------------------------------------------------------------------------------- hard pieces


class HardPiece(NamedTuple):
    """A small piece with one difficulty: what is played, and which of its notes are hard, (n,) bool."""

    notes: Notes
    asked: npt.NDArray[np.bool_]


def soft_notes(velocity: float) -> HardPiece:
    """Loud thirds in the left hand and above each, struck together with it, one note this soft; that one is asked.

    Parameters
    ----------
    velocity : float
        1..127; the left hand has 100.
    """
    rng = np.random.default_rng(8)
    bass = rng.integers(40, 52, N_CHORDS)
    soft = bass + rng.choice([14, 17, 21, 22, 26], N_CHORDS)  # Octaves and twelfths are another difficulty.
    return _top_asked(_struck_together([bass, bass + 4, soft], [LOUD, LOUD, velocity]))


def repeated_notes(per_second: float) -> HardPiece:
    """C4 E4 G4 struck ten times; all but the first strokes are asked.

    Parameters
    ----------
    per_second : float
        Strokes a second.
    """
    triad = np.tile([[60], [64], [67]], N_CHORDS)
    notes = _struck_together(triad, [LOUD] * 3, beat_s=1.0 / per_second, held_s=0.8 / per_second)
    return HardPiece(notes, notes.onset > START_S)


def intervals(semitones_apart: int) -> HardPiece:
    """Two keys struck together, each pair on other keys; the upper ones are asked.

    Parameters
    ----------
    semitones_apart : int
    """
    low = 40 + 3 * np.arange(N_CHORDS)
    return _top_asked(_struck_together([low, low + semitones_apart], [LOUD] * 2))


def _struck_together(keys, velocities, *, beat_s=BEAT_S, held_s=HELD_S):
    """Notes of keys (n_voices, N_CHORDS), the lowest voice first."""
    onset = np.tile(START_S + beat_s * np.arange(N_CHORDS), len(keys))
    return Notes(onset, onset + held_s, np.ravel(keys), np.repeat(velocities, N_CHORDS))


def _top_asked(notes: Notes) -> HardPiece:
    """The highest note of each chord is asked; Notes are sorted by onset, then by key."""
    n_voices = len(notes) // N_CHORDS
    return HardPiece(notes, np.arange(len(notes)) % n_voices == n_voices - 1)


def share_found(piece: HardPiece, heard: Notes) -> float:
    """Share of the hard notes of a piece that are heard, key and onset within 50 ms.

    Parameters
    ----------
    piece : HardPiece
    heard : Notes

    Returns
    -------
    float
        0..1.
    """
    found = np.zeros(len(piece.notes), bool)
    found[scores.match(piece.notes, heard)[:, 0]] = True
    return float(np.mean(found[piece.asked]))


def sweep(
    make: Callable[[Any], HardPiece], values: Sequence[float], detectors: Sequence[str]
) -> dict[str, list[float]]:
    """Share of hard notes found, for every detector and every setting of a difficulty.

    Parameters
    ----------
    make : callable
        `soft_notes`, `repeated_notes` or `intervals`.
    values : sequence
        What it is called with.
    detectors : sequence of str

    Returns
    -------
    dict of str to list of float
        Detector -> share (0..1) at each value.
    """
    pieces = [make(value) for value in values]
    sounds = [(piece, render(piece.notes, sr=nmf.SR, tail_s=0.3)) for piece in pieces]
    return {
        detector: [share_found(piece, transcribe(y, sr=nmf.SR, detector=detector)) for piece, y in sounds]
        for detector in detectors
    }


def sweep_figure(values: Sequence[float], shares: dict[str, list[float]], *, xlabel: str) -> Picture:
    """One line a detector: share of the hard notes found over the difficulty.

    Parameters
    ----------
    values : sequence of float
        Settings of the difficulty.
    shares : dict of str to list of float
        What `sweep` returned for them.
    xlabel : str
        What the difficulty is, with its unit.
    """
    fig, ax = figure(9, 2.8)
    for (detector, share), style in zip(shares.items(), ("s--", "o-", "^:", "d-."), strict=False):
        ax.plot(values, share, style, label=detector)
    ax.set(xlabel=xlabel, ylabel="hard notes found (0..1)", ylim=(-0.03, 1.05))
    ax.set_xticks(list(values))
    grid(ax)
    legend_above(ax, ncols=4)
    return fig
