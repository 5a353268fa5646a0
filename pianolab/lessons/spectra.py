"""What notebooks 02, 03 and 05 draw and measure of spectra: one frequency, leakage, frames, and what MFCCs keep.

What comes in: samples in [-1, 1]. What goes out: magnitudes in which a full-scale sine reads 1 (0 dB), and figures.
"""

from collections.abc import Sequence
from typing import Any, Literal

import librosa
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from scipy import signal
from scipy.signal.windows import hann
from scipy.spatial.distance import cdist

from pianolab import plots
from pianolab.lessons.playing import note
from pianolab.lessons.showing import Picture, figure, grid, label_once, legend_above
from pianolab.lessons.waves import zoom
from pianolab.piano import PIANOS

Window = Literal["hann", "none"]
Floats = npt.NDArray[np.floating]


def magnitudes(
    x: npt.ArrayLike, *, sr: float, window: Window = "hann", n_fft: int | None = None
) -> tuple[Floats, Floats]:
    """Magnitude of each frequency of one frame.

    Parameters
    ----------
    x : (n,) array
        One frame.
    sr : float
        Hz.
    window : {'hann', 'none'}
    n_fft : int, optional
        Length after zero padding; n if not given.

    Returns
    -------
    hz, magnitude : (n_fft // 2 + 1,) float64

    Raises
    ------
    ValueError
        If the window is unknown.
    """
    if window not in ("hann", "none"):
        raise ValueError(f"window {window!r} is unknown: use 'hann' or 'none'")
    x = np.asarray(x, dtype=float)
    weights = hann(len(x), sym=False) if window == "hann" else np.ones(len(x))
    n_fft = n_fft or len(x)
    return np.fft.rfftfreq(n_fft, 1 / sr), np.abs(np.fft.rfft(x * weights, n_fft)) * 2 / weights.sum()


def spectrum_db(
    x: npt.ArrayLike, *, sr: float, window: Window = "hann", n_fft: int | None = None
) -> tuple[Floats, Floats]:
    """Level of each frequency of one frame, not below -100 dB.

    Parameters
    ----------
    x, sr, window, n_fft
        As for `magnitudes`.

    Returns
    -------
    hz, level_db : (n_fft // 2 + 1,) float64
    """
    hz, magnitude = magnitudes(x, sr=sr, window=window, n_fft=n_fft)
    return hz, 20 * np.log10(np.maximum(magnitude, 1e-5))


def draw_spectrum(
    ax: Axes,
    x: npt.ArrayLike,
    *,
    sr: float,
    low_hz: float = 0.0,
    high_hz: float = 4000.0,
    window: Window = "hann",
    n_fft: int | None = None,
    **style: Any,
) -> Axes:
    """Draw the level of each frequency of one frame.

    Parameters
    ----------
    ax : Axes
    x, sr, window, n_fft
        As for `magnitudes`.
    low_hz, high_hz : float
        What is shown.
    **style
        For ``Axes.plot``, such as ``label`` or ``marker``.
    """
    ax.plot(*spectrum_db(x, sr=sr, window=window, n_fft=n_fft), **{"linewidth": 1.0, **style})
    ax.set(xlabel="frequency (Hz)", ylabel="level (dB, full-scale sine = 0)", xlim=(low_hz, high_hz))
    grid(ax)
    return ax


def mark(ax: Axes, hz: npt.ArrayLike, *, label: str) -> None:
    """Draw dotted lines into a spectrum, where partials are expected.

    Parameters
    ----------
    ax : Axes
    hz : (k,) array
    label : str
        What lies there.
    """
    ax.vlines(hz, -100, 0, color=plots.ORANGE, linestyle=":", linewidth=1.2, label=label)
    ax.set_ylim(-100, 0)
    legend_above(ax)


def product_figure(y: npt.ArrayLike, *, sr: float, hz: float) -> Picture:
    """A sound and a sine above, their product and its mean below.

    Parameters
    ----------
    y : (n,) array
        Samples; their peak is made 1.
    sr, hz : float
        Rate of the samples and frequency of the sine, Hz.
    """
    length_s = 0.02
    part = np.asarray(y, dtype=float)[: int(length_s * sr)]
    part = part / np.max(np.abs(part))
    sine = np.sin(2 * np.pi * hz * np.arange(len(part)) / sr)
    mean = np.mean(part * sine)
    fig, (above, below) = figure(9, 4, rows=2, sharex=True)
    zoom(above, part, sr=sr, length_s=length_s, label="the sound")
    zoom(above, sine, sr=sr, length_s=length_s, color=plots.ORANGE, linestyle="--", label=f"a sine of {hz:g} Hz")
    zoom(below, part * sine, sr=sr, length_s=length_s, color=plots.GREEN, label="their product")
    below.axhline(mean, color="black", label=f"its mean: {mean:+.2f}")
    for ax in (above, below):
        ax.set(ylim=(-1.3, 1.3), ylabel="amplitude (peak = 1)")
        legend_above(ax)
    label_once((above, below))
    return fig


def leakage_figure(between_bins: float = 0.5, window: Window = "none") -> Picture:
    """The spectrum of one sine that lies so far between two bins of 512 samples at 22050 Hz; dots are the bins.

    Parameters
    ----------
    between_bins : float
        How far above bin 40, in bins.
    window : {'hann', 'none'}
    """
    n, sr = 512, 22050
    hz = (40 + between_bins) * sr / n
    y = np.sin(2 * np.pi * hz * np.arange(n) / sr + 0.3)
    fig, ax = figure(9, 2.8)
    draw_spectrum(ax, y, sr=sr, window=window, n_fft=16 * n)
    bins = f"bins, {sr / n:.0f} Hz apart"
    ax.plot(*spectrum_db(y, sr=sr, window=window), "o", color=plots.ORANGE, markersize=4, label=bins)
    ax.axvline(hz, color=plots.GREY, linestyle="--", linewidth=1, label=f"the sine, {hz:.0f} Hz")
    ax.set(xlim=(800, 2700), ylim=(-90, 5), title=f"window: {window}, the sine lies {between_bins:g} bins above bin 40")
    ax.legend(loc="upper right")
    return fig


def stft_figure(
    y: npt.ArrayLike,
    *,
    sr: int,
    frame_length: int = 2048,
) -> Picture:
    """1900 to 2300 Hz and 260 to 345 Hz of a spectrogram, with frames of so many samples, in ms and in Hz.

    Parameters
    ----------
    y : (n,) array
    sr : int
        Hz.
    frame_length : int
        Samples.
    """
    stft = signal.ShortTimeFFT(hann(frame_length, sym=False), 256, sr, mfft=max(frame_length, 16384))
    y = np.asarray(y, dtype=float)
    bins, seconds = stft.stft(y), stft.t(len(y))
    fig, axes = figure(9, 4, rows=2, sharex=True)
    for ax, (low, high) in zip(axes, ((1900, 2300), (260, 345)), strict=True):
        rows = (stft.f >= low) & (stft.f <= high)
        level = 20 * np.log10(np.maximum(np.abs(bins[rows]), 1e-12))
        half_s, half_hz = 128 / sr, sr / stft.mfft / 2
        extent = (seconds[0] - half_s, seconds[-1] + half_s, stft.f[rows][0] - half_hz, stft.f[rows][-1] + half_hz)
        look = {"cmap": "magma", "origin": "lower", "aspect": "auto", "extent": extent}
        drawn = ax.imshow(level - level.max(), vmin=-50, vmax=0, **look)
        ax.set(xlabel="time (s)", ylabel="frequency (Hz)", xlim=(0, len(y) / sr))
    fig.colorbar(drawn, ax=list(axes), label="level (dB, strongest of each = 0)")
    label_once(axes)
    ms, bin_hz = 1000 * frame_length / sr, sr / frame_length
    fig.suptitle(f"{frame_length} samples: frames of {ms:.0f} ms, bins {bin_hz:.1f} Hz apart")
    return fig


def piano_mfccs(keys: Sequence[int], *, n_mels: int = 32) -> pd.DataFrame:
    """MFCCs of the same keys on every piano of the package, the mean over half a second of each note.

    Parameters
    ----------
    keys : sequence of int
        MIDI numbers.
    n_mels : int
        Mel bands, and as many coefficients.

    Returns
    -------
    pandas.DataFrame
        One row a note, indexed by ``piano`` and ``key``; one column a coefficient, 0 first.
    """
    rows, sr = {}, 22050
    for piano in PIANOS:
        for key in keys:
            y = note(key, sr=sr, n=sr // 2, start_s=0.05, piano=piano)
            mfcc = librosa.feature.mfcc(y=y, sr=sr, n_mfcc=n_mels, n_mels=n_mels, htk=True)
            rows[piano, key] = mfcc.mean(axis=1)
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index = pd.MultiIndex.from_tuples(list(rows), names=["piano", "key"])
    return table


def share_named(table: pd.DataFrame, what: Literal["piano", "key"], *, n: int = 12) -> float:
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
    pianos, keys = (np.array(table.index.get_level_values(name)) for name in ("piano", "key"))
    known, names = (keys % 2 == 0, pianos) if what == "piano" else (pianos == "grand", keys)
    values = table.loc[:, 1:n].to_numpy()
    nearest = np.argmin(cdist(values[~known], values[known]), axis=1)
    return float(np.mean(names[known][nearest] == names[~known]))
