"""What notebooks 04 and 05 draw and measure: the steps of YIN, combs, and the stiffness of a string.

What comes in: one frame of a sound, or a whole keyboard. What goes out: lags, frequencies, errors key by key, and
figures, each a plain function of its arguments. The maths in them is the package's own.
"""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pianolab import plots
from pianolab.detector import Detector
from pianolab.detectors.yin import first_below
from pianolab.dsp import periods
from pianolab.dsp.peaks import parabola_top
from pianolab.lessons.playing import GAP_S, KEYBOARD_SR, NOTE_S
from pianolab.lessons.showing import Picture, figure, grid, legend_above, octave_ticks
from pianolab.lessons.spectra import magnitudes
from pianolab.session import analyse
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, hz_to_midi, key_hz, midi_to_hz, note_name

HIGHEST_HZ = 4700.0  # No key sounds higher, so shorter lags are not tried.
ASKED_S = 0.2  # A detector is asked so long after the blow which key sounds.
MARKED_PERIODS = 12  # More dotted lines would hide the curve.
FARTHEST = 36  # Errors of more semitones are drawn there.

Floats = npt.NDArray[np.float64]


# ----------------------------------------------------------------------------------------------------------- YIN


def d_and_d_prime(x: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """YIN's difference function and its normalised form for one frame, eq. 6 and 8 of the paper.

    Parameters
    ----------
    x : (2 W,) array
        A frame.

    Returns
    -------
    d, d_prime : (W,) float32
    """
    x = np.asarray(x, np.float32)
    d = periods.difference(x, n_frames=1, length=len(x), hop_length=len(x) // 2)
    return d[0], periods.cumulative_mean_normalised(d)[0]


def yin_lag(d_prime: npt.NDArray[np.float32], threshold: float, *, sr: float) -> int:
    """Lag of the dip that YIN takes (step 4 of the paper); periods above 4700 Hz are not tried.

    Parameters
    ----------
    d_prime : (W,) array
    threshold : float
        The first dip of d' below it is taken (no unit).
    sr : float
        Hz.

    Returns
    -------
    int
        Samples.
    """
    return int(first_below(d_prime, threshold, max(2, int(sr / HIGHEST_HZ))))


def yin_hz(x: npt.ArrayLike, *, sr: float, threshold: float = 0.1, interpolate: bool = True) -> float:
    """Pitch of one frame by steps 1 to 5 of YIN.

    Parameters
    ----------
    x : (n,) array
        A frame; lags up to n / 2 are tried.
    sr : float
        Hz.
    threshold : float
        The first dip of d' below it is taken (no unit).
    interpolate : bool
        Read the bottom of the dip from a parabola through d (step 5).

    Returns
    -------
    float
        Hz.
    """
    d, d_prime = d_and_d_prime(x)
    lag = yin_lag(d_prime, threshold, sr=sr)
    return float(sr / (parabola_top(d, lag)[0] if interpolate else lag))


def draw_lags(
    ax: Axes, values: npt.NDArray, *, sr: float, name: str, period_s: float | None = None, lag: int | None = None
) -> Axes:
    """Draw a function of the lag.

    Parameters
    ----------
    ax : Axes
    values : (W,) array
        For lags 0, 1, 2, ...
    sr : float
        Hz.
    name : str
        What is drawn, with its unit.
    period_s : float, optional
        The true period in seconds: its multiples are marked.
    lag : int, optional
        What was chosen, samples.
    """
    ms = 1000 / sr
    ax.plot(np.arange(len(values)) * ms, values, color=plots.BLUE, linewidth=1.2)
    if period_s is not None:
        n_periods = min(int(len(values) / sr / period_s), MARKED_PERIODS)
        for k in range(1, n_periods + 1):
            label = "periods" if k == 1 else None
            ax.axvline(1000 * k * period_s, color=plots.GREY, linestyle=":", linewidth=1, label=label)
    if lag is not None:
        chosen = f"chosen: {sr / lag:.0f} Hz"
        ax.plot(lag * ms, values[lag], "o", color=plots.ORANGE, markersize=8, label=chosen)
    if ax.get_legend_handles_labels()[0]:
        legend_above(ax)
    ax.set(xlabel="lag (ms)", ylabel=name, xlim=(0, len(values) * ms))
    return ax


def shift_figure(x: npt.NDArray, *, sr: float, lag: int) -> Picture:
    """A frame and the same frame shifted; the area between is what YIN squares and adds up.

    Parameters
    ----------
    x : (n,) array
    sr : float
        Hz.
    lag : int
        Samples.
    """
    w = len(x) // 2
    here, there, ms = x[:w], x[lag : lag + w], 1000 * np.arange(w) / sr
    fig, ax = figure(9, 2.6)
    ax.plot(ms, here, color=plots.BLUE, label="the sound")
    ax.plot(ms, there, color=plots.ORANGE, linestyle="--", label=f"shifted by {lag} samples")
    ax.fill_between(ms, here, there, color=plots.GREY, alpha=0.4, linewidth=0)
    ax.set(xlabel="time (ms)", ylabel="amplitude (full scale = 1)", xlim=(0, 25))
    difference = float(np.sum((here - there) ** 2))
    ax.set_title(f"{1000 * lag / sr:.2f} ms: sum of squared differences {difference:.2f}", loc="left")
    legend_above(ax)
    return fig


def dip_figure(x: npt.ArrayLike, *, sr: float, midi: int, threshold: float = 0.1) -> Picture:
    """d' of a frame, the threshold, and the dip that YIN takes.

    Parameters
    ----------
    x : (n,) array
    sr : float
        Hz.
    midi : int
        The key whose periods are marked.
    threshold : float
        The first dip of d' below it is taken (no unit).
    """
    d_prime = d_and_d_prime(x)[1]
    lag = yin_lag(d_prime, threshold, sr=sr)
    fig, ax = figure(9, 2.8)
    draw_lags(ax, d_prime, sr=sr, name="d' (no unit)", period_s=1 / midi_to_hz(midi), lag=lag)
    ax.axhline(threshold, color=plots.PURPLE, linestyle="--", linewidth=1)
    ax.set(ylim=(-0.1, 2))
    heard = note_name(hz_to_midi(sr / lag))
    ax.set_title(f"{note_name(midi)} played, {heard} heard; threshold {threshold:g}", loc="left")
    return fig


def parabola_figure(x: npt.ArrayLike, *, sr: float, midi: int) -> Picture:
    """The samples of d around the chosen lag, and the parabola through three of them.

    Parameters
    ----------
    x : (n,) array
    sr : float
        Hz.
    midi : int
        The key that was played.
    """
    d, d_prime = d_and_d_prime(x)
    lag = yin_lag(d_prime, 0.1, sr=sr)
    three, around = np.arange(lag - 1, lag + 2), np.arange(max(lag - 4, 0), lag + 5)
    fine, best = np.linspace(lag - 1.3, lag + 1.3, 100), parabola_top(d, lag)[0]
    name, hz = note_name(midi), midi_to_hz(midi)
    fig, ax = figure(9, 2.8)
    ax.plot(around, d[around], "o", color=plots.BLUE, label="d at whole lags")
    ax.plot(fine, np.polyval(np.polyfit(three, d[three], 2), fine), color=plots.ORANGE)
    ax.axvline(best, color=plots.ORANGE, linestyle="--", label=f"bottom: {best:.2f} samples = {sr / best:.0f} Hz")
    ax.axvline(sr / hz, color=plots.GREY, linestyle=":", label=f"{name}: {hz:.0f} Hz")
    ax.set(xlabel="lag (samples)", ylabel="d (full scale squared)", title=f"{name}: between two samples")
    ax.legend(loc="upper right")
    return fig


# -------------------------------------------------------------------------------------------- the whole keyboard


def key_errors(y: npt.NDArray[np.float32], detector: str | Detector, *, sr: int = KEYBOARD_SR) -> Floats:
    """How many keys a detector is off on each key, a fifth of a second after the blow.

    Parameters
    ----------
    y : (n,) float32
        From `pianolab.lessons.playing.keyboard`.
    detector : str or Detector
        Such as ``"yin:preset=textbook"``.
    sr : int
        Hz.

    Returns
    -------
    (88,) float64
        Semitones, positive where the answer is too high; NaN where it hears nothing.
    """
    asked_s = GAP_S + ASKED_S + np.arange(N_KEYS) * (GAP_S + NOTE_S)
    evidence = analyse(y, sr=sr, detector=detector)
    heard = evidence.best_key[np.searchsorted(evidence.times, asked_s)]
    return np.where(heard >= 0, heard - np.arange(N_KEYS), np.nan)


def errors_figure(errors: Floats, title: str = "") -> Picture:
    """One mark a key: right ones on the line, wrong ones as far away as they are, in semitones.

    Parameters
    ----------
    errors : (88,) array
        From `key_errors`; NaN where nothing was heard.
    title : str
        Whose they are.
    """
    midi = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    silent, right = np.isnan(errors), np.abs(errors) < 0.5
    shown = np.clip(np.nan_to_num(errors), -FARTHEST, FARTHEST)
    marks = (
        ("right", right, {"marker": "o", "color": plots.BLUE, "markersize": 4}),
        ("wrong", ~silent & ~right, {"marker": "x", "color": plots.ORANGE, "markeredgewidth": 2}),
        ("nothing heard", silent, {"marker": "|", "color": plots.GREY}),
    )
    fig, ax = figure(9, 2.8)
    for name, which, style in marks:
        ax.plot(midi[which], shown[which], linestyle="", label=f"{name} ({np.sum(which)})", **style)
    octave_ticks(ax)
    ax.set_yticks(range(-36, 37, 12))
    ax.set(xlabel="key that was played", ylabel="error (semitones)", ylim=(-FARTHEST - 3, FARTHEST + 3), xlim=(19, 110))
    grid(ax)
    legend_above(ax)
    ax.set_title(title, loc="left")
    return fig


# --------------------------------------------------------------------------------------------- combs and strings


def comb_strengths(x: npt.NDArray, *, sr: float, n_harmonics: int = 8, gaps: bool = False) -> Floats:
    """How well a comb with its first tooth on each key fits a frame: sum over n of ``|X(n f0)|`` / n.

    Parameters
    ----------
    x : (n,) array
        A frame.
    sr : float
        Hz.
    n_harmonics : int
        Teeth.
    gaps : bool
        Take off what lies halfway between two teeth, with the same weights.

    Returns
    -------
    (88,) float64
    """
    hz, magnitude = magnitudes(x, sr=sr, n_fft=4 * len(x))
    n = np.arange(1, n_harmonics + 1)
    teeth = np.interp(key_hz()[:, None] * n, hz, magnitude, right=0.0)
    between = np.interp(key_hz()[:, None] * (n - 0.5), hz, magnitude, right=0.0)
    return np.sum((teeth - between if gaps else teeth) / n, axis=1)


def comb_figure(x: npt.NDArray, *, sr: float, midi: int, n_harmonics: int = 8, gaps: bool = False) -> Picture:
    """The strength of every key's comb as bars; the played key and the strongest are marked.

    Parameters
    ----------
    x, sr, n_harmonics, gaps
        As for `comb_strengths`.
    midi : int
        The key that was played.
    """
    strengths = comb_strengths(x, sr=sr, n_harmonics=n_harmonics, gaps=gaps)
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    best = int(keys[np.argmax(strengths)])
    fig, ax = figure(9, 2.8)
    ax.bar(keys, strengths / np.max(strengths), width=0.8, color=plots.GREY, alpha=0.7)
    ax.plot(midi, 1.08, "v", color=plots.BLUE, markersize=8, label=f"played: {note_name(midi)}")
    ax.plot(best, 1.2, "v", color=plots.ORANGE, markersize=8, label=f"strongest: {note_name(best)}")
    octave_ticks(ax)
    ax.set(xlabel="key", ylabel="fit of its comb (largest = 1)", ylim=(min(0, ax.get_ylim()[0]), 1.3))
    ax.axhline(0, color=plots.GREY, linewidth=0.5)
    legend_above(ax)
    ax.set_title(f"{n_harmonics} teeth{', with gaps' if gaps else ''}", loc="left")
    return fig


def measure_partials(
    y: npt.ArrayLike, *, sr: float, f1_hz: float, n_partials: int = 16
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Frequencies of the partials of one note, each searched near where the ones before it point.

    Parameters
    ----------
    y : (n,) array
        A note, from shortly after its onset; half a second or more.
    sr : float
        Hz.
    f1_hz : float
        About where its first partial lies, within a quarter tone.
    n_partials : int

    Returns
    -------
    n : (k,) int64
        Numbers of the partials that stand 12 dB or more above their surroundings.
    hz : (k,) float64
    """
    bins, magnitude = magnitudes(y, sr=sr, n_fft=2 * np.size(y))
    step_hz, spacing_hz, next_hz = bins[1], f1_hz, f1_hz
    found: dict[int, float] = {}
    for n in range(1, n_partials + 1):
        low, high = (int((next_hz + side * 0.3 * f1_hz) / step_hz) for side in (-1, 1))
        if high >= len(magnitude) - 1:
            break
        at = low + int(np.argmax(magnitude[low:high]))
        if magnitude[at] > 4 * np.median(magnitude[low:high]):
            next_hz = found[n] = parabola_top(np.log(magnitude), at)[0] * step_hz
            spacing_hz = next_hz - found[n - 1] if n - 1 in found else spacing_hz
        next_hz += spacing_hz
    return np.array(list(found), np.int64), np.array(list(found.values()))


def fit_stiffness(n: npt.NDArray, hz: npt.NDArray) -> tuple[float, float]:
    """Inharmonicity B and the flexible string's f0 from a straight line: (f_n / n)^2 = f0^2 + f0^2 B n^2.

    Parameters
    ----------
    n : (k,) array
        Numbers of the partials.
    hz : (k,) array
        Their frequencies.

    Returns
    -------
    b, f0_hz : float

    Examples
    --------
    >>> n = np.arange(1, 6)
    >>> b, f0_hz = fit_stiffness(n, n * 55 * np.sqrt(1 + 0.0003 * n**2))
    >>> round(b, 6), round(f0_hz, 3)
    (0.0003, 55.0)
    """
    slope, f0_squared = np.polyfit(np.square(n, dtype=float), (hz / n) ** 2, 1)
    return float(slope / f0_squared), float(np.sqrt(f0_squared))
