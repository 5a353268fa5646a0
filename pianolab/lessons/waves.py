"""What notebooks 00 and 01 draw and measure: waves from nearby, harmonics, aliasing, rounding and file formats."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import soundfile as sf
from matplotlib.axes import Axes

from pianolab import plots, sound
from pianolab.lessons.playing import tone
from pianolab.lessons.showing import Picture, figure

FORMATS = {  # What is shown -> suffix, libsndfile's format and subtype, and how hard it squeezes (0..1).
    "WAV, 16 bits": (".wav", "WAV", "PCM_16", None),
    "WAV, 8 bits": (".wav", "WAV", "PCM_U8", None),
    "FLAC, 16 bits": (".flac", "FLAC", "PCM_16", None),
    "OGG Vorbis": (".ogg", "OGG", "VORBIS", 0.4),
    "MP3": (".mp3", "MP3", "MPEG_LAYER_III", 0.4),
    "MP3, small": (".mp3", "MP3", "MPEG_LAYER_III", 0.9),
}


def zoom(
    ax: Axes,
    y: npt.ArrayLike,
    *,
    sr: float,
    start_s: float = 0.0,
    length_s: float = 0.02,
    dots: bool = False,
    **style: Any,
) -> Axes:
    """Draw a few milliseconds of a waveform.

    Parameters
    ----------
    ax : Axes
    y : (n,) array
        Samples.
    sr : float
        Hz.
    start_s, length_s : float
        Which part, seconds.
    dots : bool
        Mark every sample.
    **style
        For ``Axes.plot``.
    """
    first, last = int(start_s * sr), int((start_s + length_s) * sr)
    part = np.asarray(y)[first:last]
    ms = 1000 * np.arange(first, first + len(part)) / sr
    ax.plot(ms, part, **{"color": plots.BLUE, "linewidth": 1.2, "marker": "." if dots else None, **style})
    ax.axhline(0, color=plots.GREY, linewidth=0.5)
    ax.set(xlabel="time (ms)", ylabel="amplitude (full scale = 1)", xlim=(1000 * start_s, 1000 * (start_s + length_s)))
    return ax


def harmonics_figure(n_harmonics: int = 1, hz: float = 262.0) -> Picture:
    """The waveform of a tone with harmonics 1..n of strength 1 / n, and beside it the harmonics.

    Parameters
    ----------
    n_harmonics : int
    hz : float
        Frequency of the first.
    """
    n = np.arange(1, n_harmonics + 1)
    fig, (left, right) = figure(9, 2.6, ncols=2)
    zoom(left, tone(hz, 0.02, sr=44100, amplitudes=1 / n), sr=44100, length_s=0.015)
    left.set(ylim=(-2.1, 2.1), title=f"{n_harmonics} harmonic{'s' * (n_harmonics > 1)} of {hz:g} Hz")
    right.stem(hz * n, 1 / n, basefmt=" ")
    right.set(xlabel="frequency (Hz)", ylabel="amplitude", xlim=(0, hz * 17), ylim=(0, 1.1), title="what it is made of")
    return fig


def aliasing_figure(hz: float = 5000, sr: int = 8000) -> Picture:
    """A sine, its samples, and the lowest sine that passes through the same samples.

    Parameters
    ----------
    hz : float
        Of the sine.
    sr : int
        Samples a second.
    """
    folded = hz - sr * round(hz / sr)
    t, n = np.linspace(0, 0.002, 2000), np.arange(int(0.002 * sr) + 1)
    fig, ax = figure(9, 2.8)
    ax.plot(1000 * t, np.sin(2 * np.pi * hz * t), color=plots.GREY, linewidth=0.9, label=f"what is there: {hz:g} Hz")
    ax.plot(1000 * t, np.sin(2 * np.pi * folded * t), color=plots.ORANGE, label=f"what is heard: {abs(folded):g} Hz")
    ax.plot(1000 * n / sr, np.sin(2 * np.pi * hz * n / sr), "o", color=plots.BLUE, label=f"samples, {sr} a second")
    ax.set(xlabel="time (ms)", ylabel="amplitude", xlim=(0, 2), ylim=(-1.2, 1.2))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    return fig


def quantise(y: npt.ArrayLike, bits: int) -> npt.NDArray[np.float64]:
    """Samples moved to the nearest of the 2**bits steps between -1 and 1.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    bits : int

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> print(quantise([0.1, 0.2, 0.6], 3))
    [0.   0.25 0.5 ]
    """
    step = 2.0 ** (1 - bits)
    return np.round(np.asarray(y, dtype=float) / step) * step


def error_db(y: npt.ArrayLike, changed: npt.ArrayLike) -> float:
    """Level of what a change did to a sound, against the sound itself.

    Parameters
    ----------
    y, changed : (n,) array
        Before and after.

    Returns
    -------
    float
        dB; -inf if nothing changed.

    Examples
    --------
    >>> round(error_db([1.0, -1.0], [0.9, -0.9]), 6)
    -20.0
    """
    y, changed = np.asarray(y, dtype=float), np.asarray(changed, dtype=float)
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(np.sum((changed - y) ** 2) / np.sum(y**2)))


def format_table(y: npt.NDArray, *, sr: int) -> pd.DataFrame:
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
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, container, subtype, squeeze) in FORMATS.items():
            path = Path(folder) / f"sound{suffix}"
            settings = {} if squeeze is None else {"compression_level": squeeze}
            sf.write(path, y, sr, format=container, subtype=subtype, **settings)
            back = sound.load(path)[0][: len(y)]
            rows[name] = (round(path.stat().st_size / 1000), np.round(error_db(y[: len(back)], back)))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["kilobytes", "error_db"])
