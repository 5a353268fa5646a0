"""What notebooks 04 to 06 put around the package: pictures of YIN, combs and constant-Q, and a chooser for comparisons.

What comes in: one frame of a sound, or names to choose from. What goes out: figures, each a plain function of its
arguments that also stands behind a slider (`pianolab.teaching.explore`). The maths in them is the package's own.
"""

from html import escape

import numpy as np

from pianolab import plots, spectrum
from pianolab.detectors.yin import first_below, first_near_deepest
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.teaching import figure
from pianolab.units import MIDI_HIGH, MIDI_LOW, cents_between, hz_to_midi, midi_to_hz, note_name

YIN_SR = 22050
YIN_FRAME = 2048  # 93 ms at YIN_SR: two periods of every key
HIGHEST_HZ = 4700.0  # no key sounds higher: shorter lags are not tried
TREBLE_HZ = 800.0  # above it a quarter of the long window holds twenty periods
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
    y = render(Notes([0.0], [(start + n) / sr], [midi], [velocity]), sr=sr, piano=piano, tail_s=0.01)
    return y[start : start + n]


def keyboard(*, sr=44100, n=4096, piano="grand", **settings):
    """The same moment of all 88 keys, (88, n) float32; settings as for `note_frame`."""
    return np.array([note_frame(midi, sr=sr, n=n, piano=piano, **settings) for midi in range(MIDI_LOW, MIDI_HIGH + 1)])


# ------------------------------------------------------------------------------------------------------ 04 YIN


def d_and_d_prime(x):
    """YIN's difference function and its normalised form for one frame: eq. 6 and 8 of the paper, (W,) and (W,)."""
    d = spectrum.difference(np.asarray(x, np.float32)[None])
    return d[0], spectrum.cumulative_mean_normalised(d)[0]


def brighten(x):
    """Each sample minus the one before: 6 dB more for every octave up, so that a low knock fades from view."""
    return np.diff(x, prepend=x[:1])


def yin_hz(x, *, sr, near_deepest=False, tolerance=0.1, interpolate=True):
    """Pitch of one frame by YIN, with or without its refinements.

    Parameters
    ----------
    x : (n,) array
        A frame; lags up to n / 2 are tried.
    sr : float
        Hz.
    near_deepest : bool
        Take the first dip within ``tolerance`` of the deepest one, instead of the first below ``tolerance`` (step 4).
    tolerance : float
        In units of d'.
    interpolate : bool
        Read the bottom of the dip from a parabola through d (step 5).

    Returns
    -------
    float
        Hz.
    """
    d, d_prime = d_and_d_prime(x)
    pick = first_near_deepest if near_deepest else first_below
    lag = pick(d_prime, max(2, int(sr / HIGHEST_HZ)), tolerance)
    return float(sr / (spectrum.parabola(d, lag)[0] if interpolate else lag))


def yin_of_88_keys(x, *, sr=44100, long_window=True, near_deepest=True, treble_window=True):
    """Pitch of one frame by YIN with the mends that a piano asks for, each of which can be switched off.

    Parameters
    ----------
    x : (n,) array
        A frame of 93 ms (4096 samples at 44.1 kHz).
    sr : float
        Hz.
    long_window : bool
        Use all of it, which holds two periods of A0; else the middle half.
    near_deepest : bool
        As for `yin_hz`.
    treble_window : bool
        Listen again to a brightened quarter of the frame, and believe it where it says more than 800 Hz.

    Returns
    -------
    float
        Hz.
    """
    n = len(x)
    hz = yin_hz(x if long_window else x[n // 4 : -n // 4], sr=sr, near_deepest=near_deepest)
    if treble_window:
        short = yin_hz(brighten(x[3 * n // 8 : -3 * n // 8]), sr=sr, near_deepest=near_deepest)
        hz = short if short > TREBLE_HZ else hz
    return hz


def key_errors(frames, *, sr=44100, piano="grand", stretched=True, **mends):
    """How many semitones YIN is off on each key.

    Parameters
    ----------
    frames : (88, n) array
        From `keyboard`.
    sr : float
        Hz.
    piano : str
        Which piano they are of.
    stretched : bool
        Measure against that piano's own stretched tuning, or else against equal temperament.
    **mends
        As for `yin_of_88_keys`.

    Returns
    -------
    (88,) float64
        Semitones, positive where the answer is too high.
    """
    midi = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    tuned = (
        PIANOS[piano].f0_hz(midi) * np.sqrt(1 + PIANOS[piano].inharmonicity(midi)) if stretched else midi_to_hz(midi)
    )
    heard = np.array([yin_of_88_keys(x, sr=sr, **mends) for x in frames])
    return cents_between(heard, tuned) / 100


def draw_lags(ax, values, *, sr, name, period_s=None, lag=None):
    """Draw a function of the lag; ``period_s`` marks the true periods, ``lag`` (samples) the choice."""
    ms = 1000 / sr
    ax.plot(np.arange(len(values)) * ms, values, color=plots.BLUE, linewidth=1.2)
    if period_s is not None:
        n_periods = min(int(len(values) / sr / period_s), MARKED_PERIODS)
        for k in range(1, n_periods + 1):
            label = "periods" if k == 1 else None
            ax.axvline(1000 * k * period_s, color=plots.GREY, linestyle=":", linewidth=1, label=label)
    if lag is not None:
        at = values[min(round(lag), len(values) - 1)]
        ax.plot(lag * ms, at, "o", color=plots.ORANGE, markersize=8, label=f"chosen: {sr / lag:.0f} Hz")
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
    ax.plot(ms, x[lag : lag + w], color=plots.ORANGE, linestyle="--", label=f"shifted by {lag} samples")
    ax.fill_between(ms, x[:w], x[lag : lag + w], color=plots.GREY, alpha=0.4, linewidth=0)
    ax.set(xlabel="time (ms)", ylabel="amplitude (full scale = 1)", xlim=(0, 25))
    ax.set_title(f"{1000 * lag / sr:.2f} ms: sum of squared differences {difference:.2f}", loc="left")
    _legend_above(ax)
    return fig


def dip_figure(x, *, sr, midi, threshold=0.1):
    """d' of a frame, the threshold, and the dip that YIN takes."""
    d_prime = d_and_d_prime(x)[1]
    lag = first_below(d_prime, max(2, int(sr / HIGHEST_HZ)), threshold)
    fig, ax = figure(9, 2.8)
    draw_lags(ax, d_prime, sr=sr, name="d' (no unit)", period_s=1 / midi_to_hz(midi), lag=lag)
    ax.axhline(threshold, color=plots.PURPLE, linestyle="--", linewidth=1)
    ax.set(ylim=(-0.1, 2))
    ax.set_title(
        f"{note_name(midi)} played, {note_name(hz_to_midi(sr / lag))} heard; threshold {threshold:g}", loc="left"
    )
    return fig


def parabola_figure(x, *, sr, midi):
    """The samples of d around the chosen lag, and the parabola through three of them."""
    d, d_prime = d_and_d_prime(x)
    lag = first_below(d_prime, max(2, int(sr / HIGHEST_HZ)), 0.1)
    near = np.arange(max(lag - 4, 0), lag + 5)
    best = spectrum.parabola(d, lag)[0]
    fine = np.linspace(lag - 1.3, lag + 1.3, 100)
    fig, ax = figure(9, 2.8)
    ax.plot(near, d[near], "o", color=plots.BLUE, label="d at whole lags")
    ax.plot(fine, np.polyval(np.polyfit([lag - 1, lag, lag + 1], d[lag - 1 : lag + 2], 2), fine), color=plots.ORANGE)
    ax.axvline(best, color=plots.ORANGE, linestyle="--", label=f"bottom: {best:.2f} samples = {sr / best:.0f} Hz")
    ax.axvline(
        sr / midi_to_hz(midi), color=plots.GREY, linestyle=":", label=f"{note_name(midi)}: {midi_to_hz(midi):.0f} Hz"
    )
    ax.set(xlabel="lag (samples)", ylabel="d (full scale squared)", title=f"{note_name(midi)}: between two samples")
    ax.legend(loc="upper right")
    return fig


def errors_figure(errors, title=""):
    """One dot a key: right ones on the line, wrong ones as far away as they are, in semitones.

    Parameters
    ----------
    errors : (88,) array
        From `key_errors`.
    """
    midi = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    right = np.abs(errors) < 0.5
    shown = np.clip(errors, -FARTHEST, FARTHEST)
    fig, ax = figure(9, 2.8)
    ax.plot(midi[right], shown[right], "o", color=plots.BLUE, markersize=4, label=f"right ({np.sum(right)})")
    ax.plot(midi[~right], shown[~right], "x", color=plots.ORANGE, markeredgewidth=2, label=f"wrong ({np.sum(~right)})")
    octaves = list(range(24, 109, 12))
    ax.set_xticks(octaves, [note_name(m) for m in octaves])
    ax.set_yticks(range(-36, 37, 12))
    ax.set(xlabel="key that was played", ylabel="error (semitones)", ylim=(-FARTHEST - 3, FARTHEST + 3), xlim=(19, 110))
    ax.grid(color="#dddddd", linewidth=0.6)
    _legend_above(ax)
    ax.set_title(title, loc="left")
    return fig


def _legend_above(ax):
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, borderaxespad=0.2)


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

    def _repr_mimebundle_(self, include=None, exclude=None):
        arguments = ", ".join(f"{name}=..." for name in self.controls)
        bundle = dict(self._box._repr_mimebundle_() or {})
        return {
            **bundle,
            "text/plain": f"{self!r}. Where there are no buttons, call {self.call.__name__}({arguments}).",
        }


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
    look = {"description": name.replace("_", " "), "style": {"description_width": "9em"}}
    if isinstance(chosen, int):
        low, high = options
        return widgets.IntSlider(chosen, low, high, layout={"width": "34em", "max_width": "100%"}, **look)
    rows = min(len(options), 8)
    return widgets.SelectMultiple(options=options, value=chosen, rows=rows, layout={"width": "34em"}, **look)


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
