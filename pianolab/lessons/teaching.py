"""What the notebooks put around the package: hear a sound and see it, move a slider and see the picture change.

What comes in: samples, or a function that draws. What goes out: a player with a picture beside it (nobody has to hear
to follow), or sliders above a picture. Every slider moves the arguments of a plain function that returns a figure; call
that function where there are no widgets. Nothing is recorded and nothing leaves the machine.
"""

import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import soundfile as sf
from scipy import signal
from scipy.fft import dct, idct
from scipy.signal.windows import hann

from pianolab import plots, sound
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.units import midi_to_hz

PLAYER_SR = 22050
PLAYER_SECONDS = 2.0
DPI = 80  # of pictures: a notebook stays well under 1.5 MB
FADE_S = 0.01  # a cut sound would click
FLOOR_DB = -100.0
_HIDE_STILL = (  # of the cell that holds a living widget: JupyterLab's and nbconvert's names for its parts
    ".jp-OutputArea:has(.widget-image) > .jp-OutputArea-child:has(> .jp-RenderedImage) {display: none}"
)
SILENT = 1e-3  # sounds with a lower peak are not turned up to full scale
FORMATS = {  # shown name -> suffix, libsndfile's format, subtype and how hard it squeezes (0..1)
    "WAV, 16 bits": (".wav", "WAV", "PCM_16", None),
    "WAV, 8 bits": (".wav", "WAV", "PCM_U8", None),
    "FLAC, 16 bits": (".flac", "FLAC", "PCM_16", None),
    "OGG Vorbis": (".ogg", "OGG", "VORBIS", 0.4),
    "MP3": (".mp3", "MP3", "MPEG_LAYER_III", 0.4),
    "MP3, small": (".mp3", "MP3", "MPEG_LAYER_III", 0.9),
}


# ------------------------------------------------------------------------------------------------ hear and see


class Picture(plots.Figure):
    """A figure that shows itself at the end of a cell, as a small PNG."""

    def _ipython_display_(self):
        from IPython.display import Image, display

        display(Image(png(self), alt=in_words(self)))


def in_words(fig):
    """What a figure shows, for readers who cannot see it: its titles, and what is drawn over what."""
    titles = [fig.get_suptitle(), *(ax.get_title() or ax.get_title(loc="left") for ax in fig.axes)]
    drawn = [f"{ax.get_ylabel()} over {ax.get_xlabel()}" for ax in fig.axes if ax.get_ylabel() and ax.get_xlabel()]
    return ". ".join([title for title in titles if title] + drawn)


def figure(width=9.0, height=2.6, *, rows=1, **settings):
    """A small figure for a notebook.

    Parameters
    ----------
    width, height : float
        Inches; 80 pixels each.
    rows : int
        Axes above each other.
    **settings
        For ``Figure.subplots``, such as ``ncols``.

    Returns
    -------
    fig : Picture
    axes : Axes or array of Axes
    """
    fig = Picture(figsize=(width, height), layout="constrained", dpi=DPI)
    return fig, fig.subplots(rows, **settings)


def player(y, *, sr, seconds=PLAYER_SECONDS):
    """A player for the beginning of a sound, kept small so that a notebook stays small.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1], played as loud as they are; louder ones are turned down.
    sr : int
        Rate in Hz; rates above 22050 Hz are resampled to it, lower ones are played as they are.
    seconds : float
        Length, at most.

    Returns
    -------
    IPython.display.Audio
    """
    from IPython.display import Audio

    y = sound.check_signal(y, sr=sr)[: int(seconds * sr)]
    if sr > PLAYER_SR:
        y, sr = sound.resample(y, sr=sr, target_sr=PLAYER_SR), PLAYER_SR
    y = y / max(1.0, float(np.max(np.abs(y), initial=0.0)))
    n_fade = min(len(y), int(FADE_S * sr))
    y[len(y) - n_fade :] *= np.linspace(1.0, 0.0, n_fade)
    encoded = io.BytesIO()
    sf.write(encoded, y, sr, format="FLAC", subtype="PCM_16")
    made = Audio(encoded.getvalue())
    made.mimetype = "audio/flac"  # exact, and half as large as the WAV that Audio would make
    return made


def hear(y, *, sr, title="", seconds=PLAYER_SECONDS):
    """Show a sound (its waveform and its spectrogram) and a player for it below, turned up to full scale.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.
    title : str
        What it is, above the picture.
    seconds : float
        Length, at most.
    """
    from IPython.display import display

    y = np.asarray(y)[: int(seconds * sr)]
    display(sound_figure(y, sr=sr, title=title))
    display(player(y / max(float(np.max(np.abs(y), initial=0.0)), SILENT), sr=sr, seconds=seconds))


def sound_figure(y, *, sr, title=""):
    """Waveform and spectrogram side by side, a Figure."""
    fig, (left, right) = figure(10, 2.8, ncols=2)
    plots.waveform(left, y, sr=sr)
    peak = float(np.max(np.abs(y), initial=0.0))
    left.set_ylim(-1.1 * max(peak, 0.01), 1.1 * max(peak, 0.01))
    plots.spectrogram(right, y, sr=sr, frame_length=2048 if sr > 16000 else 1024, hop_length=256)
    fig.suptitle(title)
    return fig


class Explorer:
    """Sliders above a picture that is drawn again whenever one is moved; made by `explore`.

    Where there are no widgets (a page on the web, a printed notebook) a sentence and the first picture stand there;
    a living widget hides that picture.

    Attributes
    ----------
    controls : dict
        Name -> ipywidgets.SelectionSlider.
    image : ipywidgets.Image
    message : ipywidgets.Label
        Why a picture could not be drawn; empty otherwise.
    """

    def __init__(self, draw, choices):
        import ipywidgets as widgets

        self.draw = draw
        self.controls = {name: _slider(widgets, name, values) for name, values in choices.items()}
        self.image = widgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
        self.message = widgets.Label()
        hide_still = widgets.HTML(f"<style>{_HIDE_STILL}</style>", layout={"display": "none"})
        self._box = widgets.VBox([*self.controls.values(), self.image, self.message, hide_still])
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        self._redraw()

    def __repr__(self):
        return f"Sliders for {self.draw.__name__}: {', '.join(self.controls)}"

    def _redraw(self, change=None):
        try:
            values = {name: control.value for name, control in self.controls.items()}
            fig = self.draw(**values)
            self.image.value, self._words = png(fig), in_words(fig)
            self.message.value = ""
        except ValueError as error:
            self.message.value = str(error)

    def _ipython_display_(self):
        from IPython.display import Image, display

        name = self.draw.__name__
        sentence = f"{self!r}. Where nothing moves, call {name}({', '.join(f'{c}=...' for c in self.controls)})."
        view = {key: value for key, value in self._box._repr_mimebundle_().items() if key != "text/plain"}
        display({**view, "text/plain": sentence}, raw=True)
        display(Image(self.image.value, alt=self._words))


def explore(draw, **choices):
    """Sliders for a function that returns a figure.

    Parameters
    ----------
    draw : callable
        Takes the choices by name and returns a matplotlib Figure.
    **choices
        For each argument the values to choose from, the first to be shown first; numbers are sorted on the slider.

    Returns
    -------
    Explorer
        Shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If an argument has no values to choose from.
    """
    for name, values in choices.items():
        if len(values) == 0:
            raise ValueError(f"slider {name!r} has nothing to choose from: give it a list of values")
    return Explorer(draw, choices)


def _slider(widgets, name, values):
    options = sorted(values) if all(isinstance(v, int | float) for v in values) else list(values)
    return widgets.SelectionSlider(
        options=[(f"{v:g}" if isinstance(v, float) else str(v), v) for v in options],
        value=values[0],
        description=name.replace("_", " "),
        style={"description_width": "9em"},
        layout={"width": "34em", "max_width": "100%"},
    )


def png(fig):
    """A figure as the bytes of a small PNG (of at most 128 colours)."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        fig.savefig(buffer, format="png", dpi=fig.get_dpi())
    small = io.BytesIO()
    PIL.Image.open(buffer).convert("RGB").quantize(128, dither=PIL.Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


# ------------------------------------------------------------------------------------- 01 sound and sampling


def tone(hz, seconds, sr, *, amplitudes=(1.0,), phases=None):
    """A sum of harmonics: amplitude k times sin(2 pi k f t + phase k), peak as it comes.

    Parameters
    ----------
    hz : float
        Frequency of the first harmonic.
    seconds : float
    sr : int
        Hz.
    amplitudes : sequence
        Of harmonics 1, 2, 3, ...
    phases : sequence, optional
        Radians; 0 if not given.

    Returns
    -------
    (n,) float64
    """
    t = np.arange(round(seconds * sr)) / sr
    phases = np.zeros(len(amplitudes)) if phases is None else phases
    parts = [a * np.sin(2 * np.pi * k * hz * t + p) for k, (a, p) in enumerate(zip(amplitudes, phases, strict=True), 1)]
    return np.sum(parts, axis=0)


def zoom(ax, y, *, sr, start_s=0.0, length_s=0.02, dots=False, **style):
    """Draw a few milliseconds of a waveform; with ``dots`` every sample is marked."""
    first, last = int(start_s * sr), int((start_s + length_s) * sr)
    part = np.asarray(y)[first:last]
    ms = 1000 * np.arange(first, first + len(part)) / sr
    ax.plot(ms, part, **{"color": plots.BLUE, "linewidth": 1.2, "marker": "." if dots else None, **style})
    ax.axhline(0, color=plots.GREY, linewidth=0.5)
    ax.set(xlabel="time (ms)", ylabel="amplitude (full scale = 1)", xlim=(1000 * start_s, 1000 * (start_s + length_s)))
    return ax


def level_curve(ax, y, *, sr, frame_length=1024, label=None):
    """Draw the level of consecutive frames in dBFS over time."""
    n = len(y) // frame_length
    power = np.mean(np.square(np.asarray(y, dtype=float)[: n * frame_length].reshape(n, frame_length)), axis=1)
    times = (np.arange(n) + 0.5) * frame_length / sr
    ax.plot(times, 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))), label=label)
    ax.set(xlabel="time (s)", ylabel="level (dBFS)", xlim=(0, len(y) / sr))
    ax.grid(color="#dddddd", linewidth=0.6)
    return ax


def harmonics_figure(n_harmonics=1, hz=262.0):
    """The waveform of a tone with harmonics 1..n of strength 1 / n, and beside it the harmonics."""
    amplitudes = 1 / np.arange(1, n_harmonics + 1)
    fig, (left, right) = figure(9, 2.6, ncols=2)
    zoom(left, tone(hz, 0.02, 44100, amplitudes=amplitudes), sr=44100, length_s=0.015)
    left.set(ylim=(-2.1, 2.1), title=f"{n_harmonics} harmonic{'s' * (n_harmonics > 1)} of {hz:g} Hz")
    right.stem(hz * np.arange(1, n_harmonics + 1), amplitudes, basefmt=" ")
    right.set(xlabel="frequency (Hz)", ylabel="amplitude", xlim=(0, hz * 17), ylim=(0, 1.1), title="what it is made of")
    return fig


def aliasing_figure(hz=5000, sr=8000):
    """A sine, its samples, and the lowest sine that passes through the same samples."""
    folded = hz - sr * round(hz / sr)
    t = np.linspace(0, 0.002, 2000)
    n = np.arange(int(0.002 * sr) + 1)
    fig, ax = figure(9, 2.8)
    ax.plot(1000 * t, np.sin(2 * np.pi * hz * t), color=plots.GREY, linewidth=0.9, label=f"what is there: {hz:g} Hz")
    ax.plot(1000 * t, np.sin(2 * np.pi * folded * t), color=plots.ORANGE, label=f"what is heard: {abs(folded):g} Hz")
    ax.plot(1000 * n / sr, np.sin(2 * np.pi * hz * n / sr), "o", color=plots.BLUE, label=f"samples, {sr} a second")
    ax.set(xlabel="time (ms)", ylabel="amplitude", xlim=(0, 2), ylim=(-1.2, 1.2))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return fig


def quantise(y, bits):
    """Samples moved to the nearest of the 2**bits steps between -1 and 1."""
    step = 2.0 ** (1 - bits)
    return np.round(np.asarray(y, dtype=float) / step) * step


def quantise_figure(y, *, sr, bits=4, start_s=0.02):
    """A few milliseconds of a sound before and after rounding to so many bits."""
    fig, ax = figure(9, 2.6)
    zoom(ax, y, sr=sr, start_s=start_s, length_s=0.012, color=plots.GREY, label="before")
    zoom(ax, quantise(y, bits), sr=sr, start_s=start_s, length_s=0.012, drawstyle="steps-mid", label=f"{bits} bits")
    ax.legend(loc="upper right")
    return fig


def error_db(y, changed):
    """Level of what a change did to a sound, against the sound itself, in dB; -inf if nothing changed."""
    y, changed = np.asarray(y, dtype=float), np.asarray(changed, dtype=float)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.sum((changed - y) ** 2) / np.sum(y**2)))


def format_table(y, *, sr):
    """Save a sound in each file format and read it back: how large the file is, and what came back.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.

    Returns
    -------
    pandas.DataFrame
        ``kilobytes``; ``error_db``: level of the error against the sound.
    """
    import pandas as pd

    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, container, subtype, squeeze) in FORMATS.items():
            path = Path(folder) / f"sound{suffix}"
            settings = {} if squeeze is None else {"compression_level": squeeze}
            sf.write(path, y, sr, format=container, subtype=subtype, **settings)
            back = sound.load(path)[0][: len(y)]
            rows[name] = (round(path.stat().st_size / 1000), np.round(error_db(y[: len(back)], back)))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["kilobytes", "error_db"])


# ----------------------------------------------------------------------------------------- 02 Fourier and STFT


def spectrum_db(y, *, sr, window="hann", n_fft=None):
    """Level of each frequency of one frame; a full-scale sine reads 0 dB.

    Parameters
    ----------
    y : (n,) array
        One frame.
    sr : int
        Hz.
    window : {'hann', 'none'}
    n_fft : int, optional
        Length after zero padding; n if not given.

    Returns
    -------
    hz, level_db : (n_fft // 2 + 1,) arrays
    """
    if window not in ("hann", "none"):
        raise ValueError(f"window {window!r} is unknown: use 'hann' or 'none'")
    y = np.asarray(y, dtype=float)
    w = hann(len(y), sym=False) if window == "hann" else np.ones(len(y))
    n_fft = n_fft or len(y)
    magnitude = np.abs(np.fft.rfft(y * w, n_fft)) * 2 / w.sum()
    return np.arange(len(magnitude)) * sr / n_fft, 20 * np.log10(np.maximum(magnitude, 10 ** (FLOOR_DB / 20)))


def draw_spectrum(ax, y, *, sr, low_hz=0.0, high_hz=4000.0, dots=False, **settings):
    """Draw the level of each frequency of one frame; settings as for `spectrum_db`, ``label`` for a legend."""
    label = settings.pop("label", None)
    hz, level = spectrum_db(y, sr=sr, **settings)
    ax.plot(hz, level, linewidth=1.0, marker="." if dots else None, label=label)
    ax.set(xlabel="frequency (Hz)", ylabel="level (dB, full-scale sine = 0)", xlim=(low_hz, high_hz))
    ax.grid(color="#dddddd", linewidth=0.6)
    return ax


def product_figure(y, *, sr, hz=262.0, length_s=0.02):
    """A sound and a sine of ``hz`` above, their product and its mean below."""
    part = np.asarray(y, dtype=float)[: int(length_s * sr)]
    part = part / max(float(np.max(np.abs(part), initial=0.0)), SILENT)
    sine = np.sin(2 * np.pi * hz * np.arange(len(part)) / sr)
    fig, (above, below) = figure(9, 4, rows=2, sharex=True)
    zoom(above, part, sr=sr, length_s=length_s, label="the sound")
    zoom(above, sine, sr=sr, length_s=length_s, color=plots.ORANGE, linestyle="--", label=f"a sine of {hz:g} Hz")
    zoom(below, part * sine, sr=sr, length_s=length_s, color=plots.GREEN, label="their product")
    below.axhline(np.mean(part * sine), color="black", label=f"its mean: {np.mean(part * sine):+.2f}")
    for ax in (above, below):
        ax.set(ylim=(-1.3, 1.3), ylabel="amplitude (peak = 1)")
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, borderaxespad=0.1)
    above.set_xlabel("")
    return fig


def leakage_figure(between_bins=0.5, window="none", n=512, sr=22050):
    """The spectrum of one sine that lies so far between two bins; dots are the bins."""
    hz = (40 + between_bins) * sr / n
    y = np.sin(2 * np.pi * hz * np.arange(n) / sr + 0.3)
    fig, ax = figure(9, 2.8)
    draw_spectrum(ax, y, sr=sr, window=window, n_fft=16 * n)
    bins, level = spectrum_db(y, sr=sr, window=window)
    ax.plot(bins, level, "o", color=plots.ORANGE, markersize=4, label=f"bins, {sr / n:.0f} Hz apart")
    ax.axvline(hz, color=plots.GREY, linestyle="--", linewidth=1, label=f"the sine, {hz:.0f} Hz")
    ax.set(xlim=(800, 2700), ylim=(-90, 5), title=f"window: {window}, the sine lies {between_bins:g} bins above bin 40")
    ax.legend(loc="upper right")
    return fig


def stft_figure(y, *, sr, frame_length=2048, hop_length=256, bands=((1900, 2300), (260, 345))):
    """Two bands of the spectrogram of a sound, with frames of so many samples, and what that means in ms and in Hz."""
    stft = signal.ShortTimeFFT(hann(frame_length, sym=False), hop_length, sr, mfft=max(frame_length, 16384))
    level = 20 * np.log10(np.maximum(np.abs(stft.stft(np.asarray(y, dtype=float))), 1e-12))
    fig, axes = figure(9, 4, rows=len(bands), sharex=True)
    for ax, (low, high) in zip(axes, bands, strict=True):
        rows = (stft.f >= low) & (stft.f <= high)
        part = level[rows] - level[rows].max()
        times = stft.t(len(y))
        mesh = ax.pcolormesh(times, stft.f[rows], part, vmin=-50, cmap="magma", shading="nearest", rasterized=True)
        fig.colorbar(mesh, ax=ax, label="level (dB)")
        ax.set(ylabel="frequency (Hz)", xlim=(0, len(y) / sr))
    axes[-1].set_xlabel("time (s)")
    ms, bin_hz = 1000 * frame_length / sr, sr / frame_length
    fig.suptitle(f"{frame_length} samples: frames of {ms:.0f} ms, bins {bin_hz:.1f} Hz apart")
    return fig


# --------------------------------------------------------------------------------------------- 03 mel and MFCC


def filter_bank_figure(n_mels=10, high_hz=4000):
    """The triangles of a mel filter bank."""
    import librosa

    sr, n_fft = 2 * high_hz, 8192
    bank = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, htk=True, norm=None)
    fig, ax = figure()
    ax.plot(np.arange(bank.shape[1]) * sr / n_fft, bank.T, linewidth=1.2)
    ax.set(xlabel="frequency (Hz)", ylabel="weight", xlim=(0, high_hz), ylim=(0, 1.1), title=f"{n_mels} mel bands")
    return fig


def mfcc_figure(band_level_db, n_mfcc=13):
    """The levels of the mel bands of one moment, and the curve that the first n_mfcc coefficients keep of them."""
    level = np.asarray(band_level_db, dtype=float)
    kept = dct(level, norm="ortho")
    kept[n_mfcc:] = 0.0
    fig, ax = figure()
    ax.plot(level, ".-", color=plots.GREY, linewidth=0.8, label=f"levels of {len(level)} mel bands")
    ax.plot(idct(kept, norm="ortho"), color=plots.ORANGE, linewidth=2, label=f"what {n_mfcc} MFCCs keep")
    ax.set(xlabel="mel band (number, low to high)", ylabel="level (dB)", xlim=(0, len(level) - 1))
    ax.legend(loc="upper right")
    return fig


def piano_mfccs(keys, *, n_mels=32, sr=22050):
    """MFCCs of the same keys on every piano of the package, the mean over half a second of each note.

    Parameters
    ----------
    keys : sequence of int
        MIDI numbers.
    n_mels : int
        Mel bands, and as many coefficients.
    sr : int
        Hz.

    Returns
    -------
    pandas.DataFrame
        One row a note, indexed by ``piano`` and ``key``; one column a coefficient, 0 first.
    """
    import librosa
    import pandas as pd

    rows = {}
    for piano in PIANOS:
        for key in keys:
            y = render(Notes([0.0], [0.6], [key], [80]), sr=sr, piano=piano, tail_s=0.0)[sr // 20 : sr * 11 // 20]
            mfcc = librosa.feature.mfcc(y=y, sr=sr, n_mfcc=n_mels, n_mels=n_mels, htk=True)
            rows[piano, key] = mfcc.mean(axis=1)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["piano", "key"])
    return table


def nearest(known, asked):
    """For each row asked, the index of the most similar row known (least sum of squared differences)."""
    distance = np.sum((asked.to_numpy()[:, None] - known.to_numpy()[None]) ** 2, axis=2)
    return [known.index[i] for i in np.argmin(distance, axis=1)]


def share_named(table, what, *, n=12):
    """Share of notes named right by the nearest other note, in coefficients 1 to n.

    Parameters
    ----------
    table : DataFrame
        From `piano_mfccs`.
    what : {'piano', 'key'}
        The piano: even keys are known, odd ones asked. The key: the grand is known, the other pianos asked.
    n : int
        Coefficients used, without coefficient 0.

    Returns
    -------
    float
        0..1.
    """
    known = table.index.get_level_values("key") % 2 == 0 if what == "piano" else _is_grand(table)
    table = table.loc[:, 1:n]
    guesses, truths = nearest(table[known], table[~known]), table[~known].index
    part = list(table.index.names).index(what)
    return float(np.mean([guess[part] == truth[part] for guess, truth in zip(guesses, truths, strict=True)]))


def _is_grand(table):
    return table.index.get_level_values("piano") == "grand"


def naming_figure(table):
    """Share of pianos and of keys named right, for every number of coefficients."""
    numbers = np.arange(1, table.shape[1])
    fig, ax = figure(9, 3)
    for what, style in (("piano", "s--"), ("key", "o-")):
        ax.plot(numbers, [share_named(table, what, n=n) for n in numbers], style, label=f"{what} named right")
    ax.set(xlabel="MFCCs used (number, without coefficient 0)", ylabel="share of notes (0..1)", ylim=(0, 1))
    ax.legend(loc="lower right")
    return fig


def share_on_keys(y, keys, *, sr, low_hz, high_hz):
    """Share of the energy between two frequencies that lies within half a semitone of some keys, 0..1."""
    n_fft = 2 ** int(np.ceil(np.log2(4 * len(y))))
    power = np.abs(np.fft.rfft(y, n_fft)) ** 2
    hz = np.arange(len(power)) * sr / n_fft
    here = (hz > low_hz) & (hz < high_hz)
    octaves = np.abs(np.log2(hz[here, None] / midi_to_hz(np.asarray(keys))))
    return float(power[here][octaves.min(axis=1) < 0.5 / 12].sum() / power[here].sum())
