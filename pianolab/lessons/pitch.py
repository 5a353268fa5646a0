"""What notebooks 04 to 06 put around the package: pictures of YIN, combs and constant-Q, and a chooser for comparisons.

What comes in: one frame of a sound, or names to choose from. What goes out: figures, each a plain function of its
arguments that also stands behind a slider (`pianolab.lessons.teaching.explore`). The maths in them is the package's
own.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

from pianolab import plots
from pianolab.detectors.yin import first_below
from pianolab.dsp import periods
from pianolab.dsp.peaks import parabola_top
from pianolab.lessons.teaching import figure
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import analyse
from pianolab.units import (
    MIDI_HIGH,
    MIDI_LOW,
    N_KEYS,
    cents_between,
    hz_to_midi,
    key_hz,
    midi_to_hz,
    note_name,
)

YIN_SR = 22050
YIN_FRAME = 2048  # 93 ms at YIN_SR: two periods of every key
HIGHEST_HZ = 4700.0  # no key sounds higher: shorter lags are not tried
NOTE_S, GAP_S, ASKED_S = 0.3, 0.05, 0.2  # each key sounds so long, so much silence before it, asked so long after it
MARKED_PERIODS = 12  # more dotted lines would hide the curve
FARTHEST = 36  # semitones; larger errors are drawn there


# ---------------------------------------------------------------------------------------------- single frames


def note_frame(midi, *, sr=YIN_SR, n=YIN_FRAME, start_s=0.1, piano="grand", velocity=80):
    """Samples of one rendered note.

    Parameters
    ----------
    midi : int
        MIDI number of the key, 21..108.
    sr : int
        Hz.
    n : int
        Samples.
    start_s : float
        Seconds after the hammer's blow.
    piano : str
        A name in `pianolab.piano.PIANOS`.
    velocity : float
        How hard the key is struck, 1..127.

    Returns
    -------
    (n,) float32
    """
    start = int(start_s * sr)
    y = render(
        Notes([0.0], [(start + n) / sr], [midi], [velocity]),
        sr=sr,
        piano=piano,
        tail_s=0.01,
    )
    return y[start : start + n]


@dataclass(frozen=True, eq=False)
class Keyboard:
    """All 88 keys of a piano, one after the other, each alone.

    Attributes
    ----------
    piano : str
    y : (n,) float32
    sr : int
        Hz.
    asked_s : (88,) float64
        When to ask which key sounds, seconds.
    """

    piano: str
    y: np.ndarray
    sr: int
    asked_s: np.ndarray


def keyboard(piano="grand", *, sr=44100):
    """Play all 88 keys of a rendered piano; nothing of one rings into the next.

    Returns
    -------
    Keyboard
    """
    gap = np.zeros(round(GAP_S * sr), np.float32)
    notes = [
        note_frame(midi, sr=sr, n=round(NOTE_S * sr), start_s=0.0, piano=piano)
        for midi in range(MIDI_LOW, MIDI_HIGH + 1)
    ]
    y = np.concatenate([part for note in notes for part in (gap, note)])
    return Keyboard(piano, y, sr, GAP_S + ASKED_S + np.arange(N_KEYS) * (GAP_S + NOTE_S))


def key_errors(keys, detector):
    """How many keys a detector is off on each key, a fifth of a second after the blow.

    Parameters
    ----------
    keys : Keyboard
    detector : str or Detector
        Such as ``"yin:preset=textbook"``.

    Returns
    -------
    (88,) float64
        Semitones, positive where the answer is too high; NaN where it hears nothing.
    """
    evidence = analyse(keys.y, sr=keys.sr, detector=detector)
    heard = evidence.best_key[np.searchsorted(evidence.times, keys.asked_s)]
    return np.where(heard >= 0, heard - np.arange(N_KEYS), np.nan)


# ------------------------------------------------------------------------------------------------------ 04 YIN


def d_and_d_prime(x):
    """YIN's difference function and its normalised form for one frame: eq. 6 and 8 of the paper, (W,) and (W,)."""
    x = np.asarray(x, np.float32)
    d = periods.difference(x, n_frames=1, length=len(x), hop_length=len(x) // 2)
    return d[0], periods.cumulative_mean_normalised(d)[0]


def yin_lag(d_prime, threshold, *, sr):
    """Lag of the dip that YIN takes (step 4 of the paper), samples; periods above 4700 Hz are not tried."""
    return int(first_below(d_prime, threshold, max(2, int(sr / HIGHEST_HZ))))


def yin_hz(x, *, sr, threshold=0.1, interpolate=True):
    """Pitch of one frame by steps 1 to 5 of YIN.

    Parameters
    ----------
    x : (n,) array
        A frame; lags up to n / 2 are tried.
    sr : float
        Hz.
    threshold : float
        Of d'.
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


def draw_lags(ax, values, *, sr, name, period_s=None, lag=None):
    """Draw a function of the lag; ``period_s`` marks the true periods, ``lag`` (samples) the choice."""
    ms = 1000 / sr
    ax.plot(np.arange(len(values)) * ms, values, color=plots.BLUE, linewidth=1.2)
    if period_s is not None:
        n_periods = min(int(len(values) / sr / period_s), MARKED_PERIODS)
        for k in range(1, n_periods + 1):
            label = "periods" if k == 1 else None
            ax.axvline(
                1000 * k * period_s,
                color=plots.GREY,
                linestyle=":",
                linewidth=1,
                label=label,
            )
    if lag is not None:
        at = values[min(round(lag), len(values) - 1)]
        ax.plot(
            lag * ms,
            at,
            "o",
            color=plots.ORANGE,
            markersize=8,
            label=f"chosen: {sr / lag:.0f} Hz",
        )
    if period_s is not None or lag is not None:
        _legend_above(ax)
    ax.set(xlabel="lag (ms)", ylabel=name, xlim=(0, len(values) * ms))
    return ax


def shift_figure(x, *, sr, lag):
    """A frame and the same frame shifted by ``lag`` samples; the area between is what YIN squares and adds up."""
    w = len(x) // 2
    ms = 1000 * np.arange(w) / sr
    difference = float(np.sum((x[:w] - x[lag : lag + w]) ** 2))
    fig, ax = figure(9, 2.6)
    ax.plot(ms, x[:w], color=plots.BLUE, label="the sound")
    ax.plot(
        ms,
        x[lag : lag + w],
        color=plots.ORANGE,
        linestyle="--",
        label=f"shifted by {lag} samples",
    )
    ax.fill_between(ms, x[:w], x[lag : lag + w], color=plots.GREY, alpha=0.4, linewidth=0)
    ax.set(xlabel="time (ms)", ylabel="amplitude (full scale = 1)", xlim=(0, 25))
    ax.set_title(
        f"{1000 * lag / sr:.2f} ms: sum of squared differences {difference:.2f}",
        loc="left",
    )
    _legend_above(ax)
    return fig


def dip_figure(x, *, sr, midi, threshold=0.1):
    """d' of a frame, the threshold, and the dip that YIN takes."""
    d_prime = d_and_d_prime(x)[1]
    lag = yin_lag(d_prime, threshold, sr=sr)
    fig, ax = figure(9, 2.8)
    draw_lags(ax, d_prime, sr=sr, name="d' (no unit)", period_s=1 / midi_to_hz(midi), lag=lag)
    ax.axhline(threshold, color=plots.PURPLE, linestyle="--", linewidth=1)
    ax.set(ylim=(-0.1, 2))
    ax.set_title(
        f"{note_name(midi)} played, {note_name(hz_to_midi(sr / lag))} heard; threshold {threshold:g}",
        loc="left",
    )
    return fig


def parabola_figure(x, *, sr, midi):
    """The samples of d around the chosen lag, and the parabola through three of them."""
    d, d_prime = d_and_d_prime(x)
    lag = yin_lag(d_prime, 0.1, sr=sr)
    near = np.arange(max(lag - 4, 0), lag + 5)
    best = parabola_top(d, lag)[0]
    fine = np.linspace(lag - 1.3, lag + 1.3, 100)
    fig, ax = figure(9, 2.8)
    ax.plot(near, d[near], "o", color=plots.BLUE, label="d at whole lags")
    ax.plot(
        fine,
        np.polyval(np.polyfit([lag - 1, lag, lag + 1], d[lag - 1 : lag + 2], 2), fine),
        color=plots.ORANGE,
    )
    ax.axvline(
        best,
        color=plots.ORANGE,
        linestyle="--",
        label=f"bottom: {best:.2f} samples = {sr / best:.0f} Hz",
    )
    ax.axvline(
        sr / midi_to_hz(midi),
        color=plots.GREY,
        linestyle=":",
        label=f"{note_name(midi)}: {midi_to_hz(midi):.0f} Hz",
    )
    ax.set(
        xlabel="lag (samples)",
        ylabel="d (full scale squared)",
        title=f"{note_name(midi)}: between two samples",
    )
    ax.legend(loc="upper right")
    return fig


def errors_figure(errors, title=""):
    """One mark a key: right ones on the line, wrong ones as far away as they are, in semitones.

    Parameters
    ----------
    errors : (88,) array
        From `key_errors`; NaN where nothing was heard.
    """
    midi = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    silent, right = np.isnan(errors), np.abs(errors) < 0.5
    wrong = ~silent & ~right
    shown = np.clip(np.nan_to_num(errors), -FARTHEST, FARTHEST)
    fig, ax = figure(9, 2.8)
    ax.plot(midi[right], shown[right], "o", color=plots.BLUE, markersize=4, label=f"right ({np.sum(right)})")
    ax.plot(midi[wrong], shown[wrong], "x", color=plots.ORANGE, markeredgewidth=2, label=f"wrong ({np.sum(wrong)})")
    ax.plot(midi[silent], shown[silent], "|", color=plots.GREY, label=f"nothing heard ({np.sum(silent)})")
    octave_ticks(ax)
    ax.set_yticks(range(-36, 37, 12))
    ax.set(xlabel="key that was played", ylabel="error (semitones)", ylim=(-FARTHEST - 3, FARTHEST + 3), xlim=(19, 110))
    ax.grid(color="#dddddd", linewidth=0.6)
    _legend_above(ax)
    ax.set_title(title, loc="left")
    return fig


def _legend_above(ax):
    ax.legend(
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=3,
        frameon=False,
        borderaxespad=0.2,
    )


# ------------------------------------------------------------------------------------ 05 peaks, combs, constant-Q


def magnitudes(x, *, sr, n_fft=None):
    """Magnitude of each frequency of one Hann-windowed frame; a full-scale sine reads 1.

    Parameters
    ----------
    x : (n,) array
    sr : float
        Hz.
    n_fft : int, optional
        Length after zero padding; n if not given.

    Returns
    -------
    hz, magnitude : (n_fft // 2 + 1,) float64
    """
    window = np.hanning(len(x))
    magnitude = np.abs(np.fft.rfft(x * window, n_fft)) * 2 / window.sum()
    return np.arange(len(magnitude)) * sr / (n_fft or len(x)), magnitude


def draw_partials(ax, x, *, sr, hz, label, high_hz=2000.0):
    """Draw the spectrum of a frame in dB, with dotted lines at ``hz`` (the array of expected partials)."""
    bins, magnitude = magnitudes(x, sr=sr, n_fft=4 * len(x))
    ax.plot(bins, 20 * np.log10(np.maximum(magnitude, 1e-5)), color=plots.BLUE, linewidth=1)
    for k, line in enumerate(np.asarray(hz)[np.asarray(hz) < high_hz]):
        ax.axvline(
            line,
            color=plots.ORANGE,
            linestyle=":",
            linewidth=1.2,
            label=None if k else label,
        )
    ax.set(
        xlabel="frequency (Hz)",
        ylabel="level (dB, full-scale sine = 0)",
        xlim=(0, high_hz),
        ylim=(-100, 0),
    )
    _legend_above(ax)
    return ax


def loudest_hz(x, *, sr):
    """Frequency of the highest peak of one frame's spectrum, between A0 and C8, Hz."""
    hz, magnitude = magnitudes(x, sr=sr, n_fft=4 * len(x))
    on_keyboard = (hz > 0.97 * key_hz()[0]) & (hz < 1.03 * key_hz()[-1])
    return float(hz[np.argmax(np.where(on_keyboard, magnitude, 0))])


def comb_strengths(x, *, sr, n_harmonics=8, gaps=False):
    """How well a comb with its first tooth on each key fits a frame: sum over n of |X(n f0)| / n.

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


def comb_figure(x, *, sr, midi, n_harmonics=8, gaps=False):
    """The strength of every key's comb as bars; the played key and the strongest are marked."""
    strengths = comb_strengths(x, sr=sr, n_harmonics=n_harmonics, gaps=gaps)
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    best = int(keys[np.argmax(strengths)])
    fig, ax = figure(9, 2.8)
    ax.bar(keys, strengths / np.max(strengths), width=0.8, color=plots.GREY, alpha=0.7)
    ax.plot(
        midi,
        1.08,
        "v",
        color=plots.BLUE,
        markersize=8,
        label=f"played: {note_name(midi)}",
    )
    ax.plot(
        best,
        1.2,
        "v",
        color=plots.ORANGE,
        markersize=8,
        label=f"strongest: {note_name(best)}",
    )
    octave_ticks(ax)
    ax.set(
        xlabel="key",
        ylabel="fit of its comb (largest = 1)",
        ylim=(min(0, ax.get_ylim()[0]), 1.3),
    )
    ax.axhline(0, color=plots.GREY, linewidth=0.5)
    _legend_above(ax)
    ax.set_title(f"{n_harmonics} teeth{', with gaps' if gaps else ''}", loc="left")
    return fig


def measure_partials(y, *, sr, f1_hz, n_partials=16):
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
    bins, magnitude = magnitudes(y, sr=sr, n_fft=2 * len(y))
    step_hz = bins[1]
    found, next_hz, spacing_hz = [], f1_hz, f1_hz
    for n in range(1, n_partials + 1):
        low, high = (int((next_hz + side * 0.3 * f1_hz) / step_hz) for side in (-1, 1))
        if high >= len(magnitude) - 1:
            break
        at = low + int(np.argmax(magnitude[low:high]))
        if magnitude[at] > 4 * np.median(magnitude[low:high]):
            hz = parabola_top(np.log(magnitude), at)[0] * step_hz
            spacing_hz = hz - found[-1][1] if found and found[-1][0] == n - 1 else spacing_hz
            found.append((n, hz))
            next_hz = hz
        next_hz += spacing_hz
    n, hz = np.array(found).T
    return n.astype(int), hz


def fit_stiffness(n, hz):
    """Inharmonicity B and the flexible string's f0 from a straight line: (f_n / n)^2 = f0^2 + f0^2 B n^2.

    Returns
    -------
    b, f0_hz : float
    """
    slope, f0_squared = np.polyfit(np.square(n, dtype=float), (np.asarray(hz) / n) ** 2, 1)
    return float(slope / f0_squared), float(np.sqrt(f0_squared))


def stiffness_figure(n, hz):
    """Left, how sharp each partial is; right, the straight line whose slope tells the stiffness."""
    b, f0 = fit_stiffness(n, hz)
    fig, (left, right) = figure(9, 2.8, ncols=2)
    left.plot(n, cents_between(hz, n * f0), "o", color=plots.BLUE)
    left.set(xlabel="number of the partial", ylabel="above n times f0 (cents)")
    right.plot(n**2, (hz / n) ** 2, "o", color=plots.BLUE, label="measured")
    right.plot(n**2, f0**2 * (1 + b * n**2), color=plots.ORANGE, label=f"line: B = {b:.2g}")
    right.set(xlabel="n squared", ylabel="(frequency / n) squared (Hz²)")
    _legend_above(right)
    for ax in (left, right):
        ax.grid(color="#dddddd", linewidth=0.6)
    return fig


def draw_log_spectrum(ax, x, *, sr, label):
    """Draw the spectrum of a frame over the keys instead of Hz: an octave is the same step everywhere."""
    hz, magnitude = magnitudes(x, sr=sr, n_fft=4 * len(x))
    heard = (hz > 0.9 * key_hz()[0]) & (hz < 1.1 * key_hz()[-1])
    ax.plot(
        hz_to_midi(hz[heard]),
        20 * np.log10(np.maximum(magnitude[heard], 1e-5)),
        linewidth=1,
        label=label,
    )
    octave_ticks(ax)
    ax.set(
        xlabel="key at this frequency",
        ylabel="level (dB, full-scale sine = 0)",
        ylim=(-90, -10),
    )
    _legend_above(ax)
    return ax


def draw_cqt(ax, y, *, sr, bins_per_octave=36):
    """Draw a constant-Q transform (librosa's) over time and keys, dB below the strongest."""
    import librosa

    cq = np.abs(
        librosa.cqt(
            y,
            sr=sr,
            fmin=key_hz()[0],
            n_bins=N_KEYS * bins_per_octave // 12,
            bins_per_octave=bins_per_octave,
        )
    )
    level = 20 * np.log10(np.maximum(cq / cq.max(), 1e-4))
    keys = MIDI_LOW + 12 * np.arange(len(cq)) / bins_per_octave
    times = np.arange(cq.shape[1]) * 512 / sr
    mesh = ax.pcolormesh(times, keys, level, cmap="magma", shading="nearest", rasterized=True)
    octave_ticks(ax, vertical=True)
    ax.set(xlabel="time (s)", ylabel="key at this frequency")
    ax.figure.colorbar(mesh, ax=ax, label="level (dB below the strongest)")
    return ax


def octave_ticks(ax, *, vertical=False):
    """Name every C on an axis of MIDI numbers."""
    octaves = list(range(24, 109, 12))
    set_ticks = ax.set_yticks if vertical else ax.set_xticks
    set_ticks(octaves, [note_name(m) for m in octaves])


# ---------------------------------------------------------------------------------------- 06 a choice and a table


class Chooser:
    """Lists to choose from and a button; a press calls a plain function and shows the table that it returns.

    Attributes
    ----------
    controls : dict
        Name -> ipywidgets.SelectMultiple, or IntSlider for a pair of numbers.
    button : ipywidgets.Button
    answer : ipywidgets.HTML
        The table, or why there is none.
    """

    def __init__(self, call, choices):
        import ipywidgets as widgets

        self.call = call
        self.controls = {name: _control(widgets, name, *choice) for name, choice in choices.items()}
        self.button = widgets.Button(description="Run", button_style="primary", tooltip=f"call {call.__name__}")
        self.answer = widgets.HTML("Nothing has run yet.")
        self._box = widgets.VBox([*self.controls.values(), self.button, self.answer])
        self.button.on_click(self._run)

    def __repr__(self):
        return f"Choices and a button for {self.call.__name__}: {', '.join(self.controls)}"

    def _run(self, button):
        self.answer.value, button.disabled = "Running ...", True
        try:
            values = {name: _plain(control.value) for name, control in self.controls.items()}
            self.answer.value = self.call(**values).to_html(index=False, border=0)
        except ValueError as error:
            self.answer.value = f"<b>{escape(str(error))}</b>"
        finally:
            button.disabled = False

    def _ipython_display_(self):
        from IPython.display import HTML, display

        arguments = ", ".join(f"{name}=..." for name in self.controls)
        sentence = f"Where there is no button, call {self.call.__name__}({arguments})."
        view = {key: value for key, value in self._box._repr_mimebundle_().items() if key != "text/plain"}
        display({**view, "text/plain": f"{self!r}. {sentence}"}, raw=True)
        display(HTML(f"<i>{escape(sentence)}</i>"))


def choose(call, **choices):
    """Lists to choose from and a button for a function that returns a table.

    Parameters
    ----------
    call : callable
        Takes the choices by name and returns a pandas DataFrame; what it refuses with a ValueError is shown.
    **choices
        For each argument (all values, chosen values), or for a number ((lowest, highest), chosen).

    Returns
    -------
    Chooser
        Shows itself at the end of a cell; nothing runs before the button is pressed.
    """
    return Chooser(call, choices)


def _control(widgets, name, options, chosen):
    look = {
        "description": name.replace("_", " "),
        "style": {"description_width": "9em"},
    }
    if isinstance(chosen, int):
        low, high = options
        return widgets.IntSlider(chosen, low, high, layout={"width": "34em", "max_width": "100%"}, **look)
    rows = min(len(options), 8)
    return widgets.SelectMultiple(options=options, value=chosen, rows=rows, layout={"width": "34em"}, **look)


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
