"""What happens to sound on its way to the file: tone, noise, detuning, level, compression.

What comes in: a clean recording. What comes out: the same notes as another microphone and recorder would have kept
them. Nothing here moves a note, except ``detuned``, which says by how much. Rooms are in `rooms`. Training hears
recordings so changed, and anyone can ask how far a detector's score falls.
"""

import io

import numpy as np
import numpy.typing as npt
import soundfile as sf
from scipy.signal import oaconvolve

from pianolab import sound
from pianolab.piano.instruments import PianoError
from pianolab.piano.rendering import PEAK_LIMIT

TONE_POINTS_HZ = (40.0, 100.0, 250.0, 630.0, 1600.0, 4000.0, 8000.0)  # Gains drawn at these are joined by lines.


def toned(y: npt.NDArray[np.float32], *, sr: int, gains_db: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The sound through a linear-phase filter with the given gains at ``TONE_POINTS_HZ``.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    gains_db : (7,) array
        dB.

    Returns
    -------
    (n,) float32
    """
    n_taps = 257
    hz = np.fft.rfftfreq(n_taps - 1, 1.0 / sr)
    gain_db = np.interp(np.log(np.maximum(hz, 1.0)), np.log(TONE_POINTS_HZ), np.asarray(gains_db, dtype=float))
    taps = np.roll(np.fft.irfft(10.0 ** (gain_db / 20.0)), n_taps // 2) * np.hanning(n_taps - 1)
    half = n_taps // 2
    return oaconvolve(y, taps)[half : half + len(y)].astype(np.float32)


def noisy(
    y: npt.NDArray[np.float32], *, snr_db: float, rng: np.random.Generator, slope: float = 0.0
) -> npt.NDArray[np.float32]:
    """The sound with noise under it.

    Parameters
    ----------
    y : (n,) float32
    snr_db : float
        Power of the sound against that of the noise, dB.
    rng : numpy.random.Generator
    slope : float
        0 for white noise, 1 for pink (power falls as 1 / f).

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the level is not a number within -100 to 200 dB.

    Examples
    --------
    >>> y = np.ones(16000, np.float32)
    >>> noise = noisy(y, snr_db=20.0, rng=np.random.default_rng(0)) - y
    >>> round(float(np.sqrt(np.mean(noise**2))), 3)
    0.1
    """
    _refuse_outside("snr_db", snr_db, -100.0, 200.0)
    if not len(y):
        return y
    spectrum = np.fft.rfft(rng.standard_normal(len(y)).astype(np.float32))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** (slope / 2.0)
    noise = np.fft.irfft(spectrum, len(y))
    power, noise_power = np.mean(np.square(y), dtype=float), np.mean(np.square(noise))
    return (y + noise * np.sqrt(power / max(noise_power, 1e-20) * 10.0 ** (-snr_db / 10.0))).astype(np.float32)


def detuned(y: npt.NDArray[np.float32], *, sr: int, ratio: float) -> tuple[npt.NDArray[np.float32], float]:
    """The sound at another speed, and so at another pitch: a note at time t comes at t / ratio.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    ratio : float
        Of the pitch; rounded so that ``sr / ratio`` is a whole number.

    Returns
    -------
    y : (m,) float32
    ratio : float
        What it is exactly.

    Raises
    ------
    PianoError
        If the ratio is not within 0.25 to 4, two octaves down and up.

    Examples
    --------
    >>> y, ratio = detuned(np.zeros(16000, np.float32), sr=16000, ratio=1.25)
    >>> len(y), ratio
    (12800, 1.25)
    """
    _refuse_outside("ratio", ratio, 0.25, 4.0)
    rate = round(sr / ratio)
    return sound.resample(y, sr=sr, target_sr=rate), sr / rate


def compressed(y: npt.NDArray[np.float32], *, sr: int, quality: float) -> npt.NDArray[np.float32]:
    """The sound after lossy compression (Ogg Vorbis).

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    quality : float
        0 (worst) to 1.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the quality is not within 0 to 1.
    """
    _refuse_outside("quality", quality, 0.0, 1.0)
    if not len(y):
        return y
    file = io.BytesIO()
    with sf.SoundFile(file, "w", sr, 1, format="OGG", subtype="VORBIS", compression_level=1.0 - quality) as out:
        for start in range(0, len(y), 65536):
            # libsndfile's Vorbis encoder crashes on one long write.
            out.write(y[start : start + 65536])
    file.seek(0)
    decoded, _ = sound.load(file)
    return np.pad(decoded, (0, max(len(y) - len(decoded), 0)))[: len(y)]


def levelled(y: npt.NDArray[np.float32], *, peak: float) -> npt.NDArray[np.float32]:
    """The sound with this greatest magnitude; silence stays silence.

    Parameters
    ----------
    y : (n,) float32
    peak : float
        At most `PEAK_LIMIT` is used.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the peak is negative or NaN.

    Examples
    --------
    >>> levelled(np.array([0.1, -0.2], np.float32), peak=0.5)
    array([ 0.25, -0.5 ], dtype=float32)
    """
    _refuse_outside("peak", peak, 0.0, np.inf)
    loudest = np.max(np.abs(y), initial=0.0)
    return y if loudest == 0 else (y * np.float32(min(peak, PEAK_LIMIT) / loudest)).astype(np.float32)


def _refuse_outside(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # This is so for NaN, too.
        raise PianoError(f"{name} {value} is out of range: use {low:g} to {high:g}")
