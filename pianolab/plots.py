"""Pictures: sound, evidence, notes and scores, each drawn into axes that are handed in.

Every function takes matplotlib axes and returns them, so that a picture can stand alone, beside others, or in a
notebook. Time runs to the right in seconds, pitch upwards by key. Colours are those of Okabe and Ito, which
colour-blind readers can tell apart; where colour matters, shape says the same. Text from outside (names of
detectors and files) is drawn as it is, never read as a formula.
"""

import os
import warnings
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike

from pianolab.roll import Notes, Salience
from pianolab.scores import Protocol, match
from pianolab.units import MIDI_HIGH, MIDI_LOW, midi_to_hz, note_name

FEW = 40  # So many recordings have dots that are seen one by one.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#777777"
_DPI = 120
_DYNAMIC_RANGE_DB = 80


def figure(width: float = 8.0, height: float = 4.0, *, rows: int = 1, **settings: Any) -> tuple[Figure, Any]:
    """A figure that belongs to no window, and its axes.

    Parameters
    ----------
    width, height : float
        Inches.
    rows : int
        Axes above each other.
    **settings
        For ``Figure.subplots``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : Axes or array of Axes

    Examples
    --------
    >>> fig, axes = figure(8, 6, rows=2)
    >>> [waveform(ax, [0.0, 0.5, -0.5], sr=44100).get_xlabel() for ax in axes]
    ['time (s)', 'time (s)']
    """
    fig = Figure(figsize=(width, height), layout="constrained", dpi=_DPI)
    return fig, fig.subplots(rows, **settings)


def save(fig: Figure, path: str | os.PathLike | BinaryIO) -> None:
    """Write a figure as PNG; characters that the font lacks become boxes, without a warning.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    path : path or binary file
        Where it is written.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        fig.savefig(path, format="png")


def waveform(ax: Axes, y: ArrayLike, *, sr: float, start_s: float = 0.0, max_points: int = 4000) -> Axes:
    """Draw samples; of long sounds the lowest and highest of each stretch.

    Parameters
    ----------
    ax : Axes
    y : (n,) array
        Mono samples in [-1, 1].
    sr : float
        Rate in Hz.
    start_s : float
        Time of the first sample, seconds.
    max_points : int
        About this many points are drawn.

    Returns
    -------
    Axes
    """
    y = np.asarray(y)
    step = max(1, len(y) // max_points)
    if step == 1:
        ax.plot(start_s + np.arange(len(y)) / sr, y, color=BLUE, linewidth=0.8)
    else:
        stretches = y[: len(y) // step * step].reshape(-1, step)
        times = start_s + (np.arange(len(stretches)) + 0.5) * step / sr
        ax.fill_between(times, stretches.min(axis=1), stretches.max(axis=1), color=BLUE, linewidth=0.3)
    ax.set(xlabel="time (s)", ylabel="amplitude (full scale = 1)", xlim=(start_s, start_s + max(len(y), 1) / sr))
    ax.axhline(0, color=GREY, linewidth=0.5)
    return ax


def spectrogram(
    ax: Axes, y: ArrayLike, *, sr: float, start_s: float = 0.0, frame_length: int = 4096, hop_length: int = 512
) -> Axes:
    """Draw the level of each frequency over time, in dB below the strongest; the frequency axis goes by octaves.

    Parameters
    ----------
    ax : Axes
    y : (n,) array
        Mono samples.
    sr : float
        Rate in Hz.
    start_s : float
        Time of the first sample, seconds.
    frame_length, hop_length : int
        Hann window and step, samples.

    Returns
    -------
    Axes
    """
    from scipy.signal import ShortTimeFFT  # It takes a second to load, and other pictures need none.
    from scipy.signal.windows import hann

    y = np.asarray(y, dtype=float)
    y = np.pad(y, (0, max(0, frame_length - len(y))))
    stft = ShortTimeFFT(hann(frame_length, sym=False), hop_length, sr)
    level_db = 20 * np.log10(np.maximum(np.abs(stft.stft(y)), 1e-12))
    level_db = np.maximum(level_db - level_db.max(), -_DYNAMIC_RANGE_DB)
    audible = (stft.f > 20) & (stft.f <= 10_000)
    mesh = ax.pcolormesh(
        start_s + stft.t(len(y)), stft.f[audible], level_db[audible], cmap="magma", shading="nearest", rasterized=True
    )
    octaves = range(24, 121, 12)  # C1 to C9
    ax.set_yscale("log")
    ax.set_yticks([midi_to_hz(m) for m in octaves], [f"{note_name(m)} = {midi_to_hz(m):.0f}" for m in octaves])
    ax.minorticks_off()
    ax.set(xlabel="time (s)", ylabel="frequency (Hz)", ylim=(25, min(10_000, sr / 2)))
    ax.set_xlim(start_s, start_s + len(y) / sr)
    ax.figure.colorbar(mesh, ax=ax, label="level (dB below the strongest)")
    return ax


def salience(ax: Axes, evidence: Salience, *, colorbar: bool = True) -> Axes:
    """Draw how strongly each key sounds in each frame.

    Parameters
    ----------
    ax : Axes
    evidence : Salience
    colorbar : bool
        Say beside the axes what the colours mean; where axes stand above each other, once is enough.

    Returns
    -------
    Axes
    """
    if len(evidence):
        keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
        places = _edges(evidence.times), _edges(keys)
        drawn = ax.pcolorfast(*places, evidence.strength.T, cmap="viridis", vmin=0, vmax=1)
        drawn.set_zorder(1)  # Above the lines of the keys.
        if colorbar:
            ax.figure.colorbar(drawn, ax=ax, label="strength (0..1)")
        used = keys[evidence.strength.max(axis=0) > 0]
        _name_keys(ax, used if len(used) else keys)
        ax.set_xlim(evidence.times[0], max(evidence.times[-1], evidence.times[0] + 0.01))
    ax.set(xlabel="time (s)", ylabel="key")
    return ax


def _edges(centres):
    """Borders halfway between the middles of cells; a single cell is a hundredth wide."""
    if len(centres) == 1:
        return centres[0] + np.array([-0.005, 0.005])
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])


def piano_roll(
    ax: Axes,
    reference: Notes,
    estimate: Notes | None = None,
    *,
    protocol: Protocol | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
    legend: bool = True,
) -> Axes:
    """Draw played notes, or played against heard: hits, misses and extras differ by colour and by shape.

    A hit is a filled bar over the played length, a miss a hollow dashed bar, an extra a thin bar that begins with a
    cross. Right means right in key and onset, as the protocol says.

    Parameters
    ----------
    ax : Axes
    reference : Notes
        What was played.
    estimate : Notes, optional
        What was heard.
    protocol : Protocol, optional
        Tolerances; the default Protocol if not given.
    start_s, stop_s : float
        Part to show, seconds; to the last note if not given.
    legend : bool
        Explain the shapes above the axes.

    Returns
    -------
    Axes

    Examples
    --------
    >>> _, ax = figure()
    >>> played, heard = Notes([0.0, 1.0], [0.9, 1.9], [60, 64]), Notes([0.01, 1.0], [0.9, 1.9], [60, 76])
    >>> [text.get_text() for text in piano_roll(ax, played, heard).get_legend().get_texts()]
    ['right (1)', 'missed (1)', 'extra (1)']
    """
    sets = [reference] if estimate is None else [reference, estimate]
    last_s = max((np.max(notes.offset, initial=0.0) for notes in sets), default=0.0)
    stop_s = max(last_s, start_s + 0.1) if stop_s is None else stop_s
    if estimate is None:
        hits, missed, extra = reference, reference[:0], reference[:0]
    else:
        pairs = match(reference, estimate, protocol=protocol)
        hits = reference[pairs[:, 0]]
        missed = reference[np.setdiff1d(np.arange(len(reference)), pairs[:, 0])]
        extra = estimate[np.setdiff1d(np.arange(len(estimate)), pairs[:, 1])]
    hits, missed, extra = (_within(notes, start_s, stop_s) for notes in (hits, missed, extra))
    _bars(ax, hits, 0.8, facecolor=BLUE, edgecolor="white", linewidth=0.4)
    _bars(ax, missed, 0.8, facecolor="none", edgecolor=ORANGE, linewidth=1.3, linestyle="--")
    _bars(ax, extra, 0.3, facecolor=PURPLE, edgecolor="none")
    ax.plot(extra.onset, extra.midi, "x", color=PURPLE, markersize=6, markeredgewidth=1.6)
    ax.set(xlabel="time (s)", xlim=(start_s, stop_s))
    _name_keys(ax, np.concatenate([hits.midi, missed.midi, extra.midi]))
    if legend and estimate is not None:
        handles = [
            Patch(facecolor=BLUE, label=f"right ({len(hits)})"),
            Patch(facecolor="none", edgecolor=ORANGE, linestyle="--", linewidth=1.3, label=f"missed ({len(missed)})"),
            Line2D([], [], color=PURPLE, marker="x", linewidth=2.5, label=f"extra ({len(extra)})"),
        ]
        ax.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, borderaxespad=0.2)
    return ax


def _within(notes, start_s, stop_s):
    return notes[(notes.offset > start_s) & (notes.onset < stop_s)]


def _bars(ax, notes, height, **style):
    lengths = np.maximum(notes.offset - notes.onset, 0.01)  # A note without length still shows.
    bars = [
        Rectangle((onset, midi - height / 2), length, height)
        for onset, midi, length in zip(notes.onset, notes.midi, lengths, strict=True)
    ]
    ax.add_collection(PatchCollection(bars, **style))


def _name_keys(ax, midi, margin=2):
    """Name the keys: every C when the range is wide, else also the E and G sharp."""
    low, high = (min(midi) - margin, max(midi) + margin) if len(midi) else (58, 74)
    step = 12 if high - low > 30 else 4
    ticks = [m for m in range(0, 128, step) if low <= m <= high]
    ax.set_yticks(ticks, [note_name(m) for m in ticks])
    ax.set(ylim=(low, high), ylabel="key")
    ax.grid(axis="y", color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)


def ranked_bars(
    ax: Axes,
    labels: Sequence[str],
    means: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    spread: Sequence[ArrayLike] | None = None,
    xlabel: str = "onset F1 (0..1)",
) -> Axes:
    """Draw one bar a detector, the best on top, with its interval and a dot for each recording.

    Parameters
    ----------
    ax : Axes
    labels : list of str
        Detectors in the order of rank.
    means : (n,) array
        Length of the bars.
    low, high : (n,) arrays, optional
        Interval of each mean, both or neither; NaN draws none.
    spread : list of arrays, optional
        Scores of the recordings behind each mean.
    xlabel : str
        What is measured, with its unit.

    Returns
    -------
    Axes
    """
    means, rows = np.asarray(means, dtype=float), np.arange(len(labels))
    ax.barh(rows, means, height=0.62, color=BLUE, alpha=0.35, edgecolor=BLUE)
    for row, values in zip(rows, spread or [], strict=False):
        values = np.asarray(values)
        jitter = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(len(values))
        look = {"markersize": 6, "markeredgecolor": "white"} if len(values) <= FEW else {"markersize": 2, "alpha": 0.7}
        ax.plot(values, row + jitter, "o", color=GREY, clip_on=False, zorder=4, **look)
    top = np.nanmax(means, initial=0.0)
    if low is not None and high is not None:
        low, high = np.asarray(low), np.asarray(high)
        intervals = [[(lo, row), (hi, row)] for row, lo, hi in zip(rows, low, high, strict=True) if np.isfinite(lo)]
        ax.add_collection(LineCollection(intervals, color="black", linewidth=2, zorder=3))
        top = np.nanmax(high, initial=top)
    for row, mean in zip(rows, means, strict=True):
        ax.annotate(f"{mean:.3f}", (1.0, row), xytext=(9, 0), textcoords="offset points", va="center")
    ax.set_yticks(rows, labels, parse_math=False)
    ax.set(xlabel=xlabel, xlim=(0, max(1.0, top)), ylim=(len(labels) - 0.5, -0.5))
    return ax


def heat_map(
    ax: Axes,
    values: ArrayLike,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    label: str = "F1 (0..1)",
    xlabel: str = "register",
) -> Axes:
    """Draw a table of scores as colours with the numbers on them; cells without a score stay white.

    Parameters
    ----------
    ax : Axes
    values : (n, m) array
        Scores in [0, 1], NaN for none.
    rows, columns : list of str
        Names of rows and columns.
    label, xlabel : str
        What the colour means and what the columns are.

    Returns
    -------
    Axes
    """
    values = np.asarray(values, dtype=float)
    image = ax.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "black" if value > 0.55 else "white"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
        else:
            ax.text(column, row, "no notes", ha="center", va="center", color=GREY)
    ax.set_yticks(range(len(rows)), rows, parse_math=False)
    ax.set_xticks(range(len(columns)), columns, parse_math=False)
    ax.set(xlabel=xlabel)
    ax.figure.colorbar(image, ax=ax, label=label)
    return ax


def speed_accuracy(
    ax: Axes,
    labels: Sequence[str],
    speed: ArrayLike,
    accuracy: ArrayLike,
    *,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    ylabel: str = "onset F1 (0..1)",
) -> Axes:
    """Draw how right against how fast; right of the dashed line one core keeps up with live sound.

    Parameters
    ----------
    ax : Axes
    labels : list of str
        Detectors.
    speed : (n,) array
        Seconds of sound per second of processor time, above 0; NaN is left out.
    accuracy : (n,) array
        Scores.
    low, high : (n,) arrays, optional
        Interval of each score, both or neither; NaN draws none.
    ylabel : str
        What is measured, with its unit.

    Returns
    -------
    Axes
    """
    speed, none = np.asarray(speed, dtype=float), np.full(len(labels), np.nan)
    lows, highs = (none if ends is None else np.asarray(ends, dtype=float) for ends in (low, high))
    markers, colours = "osD^vP*X", (BLUE, ORANGE, GREEN, PURPLE, GREY, "black")
    points = zip(labels, speed, np.asarray(accuracy, dtype=float), lows, highs, strict=True)
    for i, (label, x, y, lowest, highest) in enumerate(points):
        if not np.isfinite(x):
            continue
        colour, marker = colours[i % len(colours)], markers[i % len(markers)]
        if np.isfinite(lowest):
            ax.plot([x, x], [lowest, highest], color=colour, linewidth=1.5, alpha=0.6, zorder=1)
        ax.plot(x, y, color=colour, marker=marker, linestyle="", markersize=8, zorder=2, label=label)
    if np.isfinite(speed).any():  # The names stand beside the axes, because points of similar detectors lie close.
        for text in ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False).get_texts():
            text.set_parse_math(False)
    ax.set_xscale("log")
    shown = speed[np.isfinite(speed)]
    ax.set_xlim(min(0.5, *(shown / 2)) if len(shown) else 0.5, max(10.0, *(shown * 4)) if len(shown) else 10.0)
    ax.axvline(1, color=GREY, linestyle="--", linewidth=1)
    ax.annotate("as fast as it sounds", (1, 0.03), xytext=(4, 0), textcoords="offset points", color=GREY)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ax.yaxis.set_major_locator(MultipleLocator(0.2))
    ax.set(xlabel="speed (seconds of sound per second on one core)", ylabel=ylabel, ylim=(0, 1.02))
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def lines(
    ax: Axes,
    labels: Sequence[str],
    x: ArrayLike,
    values: ArrayLike,
    *,
    xlabel: str,
    ylabel: str,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> Axes:
    """Draw one line a detector, named beside the axes.

    Parameters
    ----------
    ax : Axes
    labels : list of str
        Detectors.
    x : (n,) array
        What changes along the lines.
    values : (n_detectors, n) array
        Scores in [0, 1].
    xlabel, ylabel : str
        With their units.
    low, high : (n_detectors, n) arrays, optional
        Between them a band is drawn around each line.

    Returns
    -------
    Axes
    """
    markers, colours = "osD^vP*X", (BLUE, ORANGE, GREEN, PURPLE, GREY, "black")
    for i, (name, row) in enumerate(zip(labels, np.asarray(values, dtype=float), strict=True)):
        ax.plot(x, row, color=colours[i % len(colours)], marker=markers[i % len(markers)], markersize=5, label=name)
        if low is not None and high is not None:
            edges = (np.asarray(side, dtype=float)[i] for side in (low, high))
            ax.fill_between(x, *edges, color=colours[i % len(colours)], alpha=0.15, linewidth=0)
    for text in ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False).get_texts():
        text.set_parse_math(False)
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1.02))
    ax.yaxis.set_major_locator(MultipleLocator(0.2))
    ax.grid(alpha=0.3)
    return ax
