"""What happens to sound on its way to the file: tone, noise, detuning, level, compression, cheap microphones.

What comes in: a clean recording. What comes out: the same notes as another microphone and recorder would have kept
them. Nothing here moves a note, except ``detuned``, which says by how much. Rooms are in `rooms`. Training hears
recordings so changed, and anyone can ask how far a detector's score falls.
"""

import io

import numpy as np
import numpy.typing as npt
import soundfile as sf
from scipy.signal import butter, iirpeak, lfilter, oaconvolve, sosfilt

from pianolab import sound
from pianolab.piano.instruments import PianoError
from pianolab.piano.rendering import PEAK_LIMIT

TONE_POINTS_HZ = (40.0, 100.0, 250.0, 630.0, 1600.0, 4000.0, 8000.0)  # Gains drawn at these are joined by lines.
_CODECS = {"vorbis": ("OGG", "VORBIS"), "mp3": ("MP3", "MPEG_LAYER_III")}
_WORST_LEVEL = 0.99  # libsndfile's MP3 encoder refuses 1.
SOFTEST_POWER = 1e-4  # An automatic gain turns nothing up that lies more than 40 dB below the mean.


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


def with_noise(y: npt.NDArray[np.float32], noise: npt.NDArray[np.float32], *, snr_db: float) -> npt.NDArray[np.float32]:
    """The sound with a recorded or rendered noise under it, which is repeated where it is too short.

    Parameters
    ----------
    y : (n,) float32
    noise : (m,) float32
        At the same rate.
    snr_db : float
        Power of the sound against that of the noise, dB.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the level is not a number within -100 to 200 dB, or there is no noise.

    Examples
    --------
    >>> y = with_noise(np.ones(4, np.float32), np.array([1.0, -1.0], np.float32), snr_db=20.0)
    >>> y.round(2)
    array([1.1, 0.9, 1.1, 0.9], dtype=float32)
    """
    _refuse_outside("snr_db", snr_db, -100.0, 200.0)
    if not np.any(noise):
        raise PianoError("the noise is silent: pass a recording of it")
    if not len(y):
        return y
    under = np.resize(noise, len(y))
    power, noise_power = np.mean(np.square(y), dtype=float), np.mean(np.square(under), dtype=float)
    return (y + under * np.float32(np.sqrt(power / noise_power * 10.0 ** (-snr_db / 10.0)))).astype(np.float32)


def automatic_gain(
    y: npt.NDArray[np.float32], *, sr: int, share: float, release_s: float = 0.3
) -> npt.NDArray[np.float32]:
    """The sound after a recorder that turns soft passages up and loud ones down.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    share : float
        By how much of their difference in dB loud and soft are brought together: 0 not at all, 1 altogether.
    release_s : float
        It follows the level with this time constant.

    Returns
    -------
    (n,) float32
        The mean power is kept.

    Raises
    ------
    PianoError
        If the share is not within 0 to 1.
    """
    _refuse_outside("share", share, 0.0, 1.0)
    power = np.mean(np.square(y), dtype=float) if len(y) else 0.0
    if power == 0.0:
        return y
    pole = float(np.exp(-1.0 / (release_s * sr)))
    level, _ = lfilter([1.0 - pole], [1.0, -pole], np.square(y, dtype=float), zi=[pole * power])
    evened = y * (np.maximum(level, power * SOFTEST_POWER) / power) ** (-share / 2.0)
    return (evened * np.sqrt(power / np.mean(np.square(evened)))).astype(np.float32)


def overloaded(y: npt.NDArray[np.float32], *, clipped_db: float) -> npt.NDArray[np.float32]:
    """The sound after an input that is turned up too far: its peaks are rounded off.

    Parameters
    ----------
    y : (n,) float32
    clipped_db : float
        So far below its peak the sound is cut, 0 to 40 dB.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the level is out of range.
    """
    _refuse_outside("clipped_db", clipped_db, 0.0, 40.0)
    limit = np.max(np.abs(y), initial=0.0) * 10.0 ** (-clipped_db / 20.0)
    return y if limit == 0.0 or clipped_db == 0.0 else (limit * np.tanh(y / limit)).astype(np.float32)


def cheap_microphone(y: npt.NDArray[np.float32], *, sr: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The sound as a small microphone and its recorder keep it: no bass, no brilliance, a case that rings, a level that
    is turned up and down, peaks that are cut, hiss.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    rng : numpy.random.Generator
        Draws which microphone it is.

    Returns
    -------
    (n,) float32
        As loud in the mean as it was. No note is moved by more than 2 ms.
    """
    low_hz, high_hz = rng.uniform(70.0, 300.0), min(float(rng.uniform(3500.0, 9000.0)), 0.45 * sr)
    heard = sosfilt(butter(int(rng.integers(1, 3)), [low_hz, high_hz], "bandpass", fs=sr, output="sos"), y)
    b, a = iirpeak(rng.uniform(800.0, 3000.0), rng.uniform(2.0, 6.0), fs=sr)
    heard = np.asarray(heard + rng.uniform(0.0, 1.5) * np.asarray(lfilter(b, a, heard)), np.float32)
    if rng.random() < 0.5:
        heard = automatic_gain(heard, sr=sr, share=rng.uniform(0.1, 0.6), release_s=rng.uniform(0.1, 1.0))
    if rng.random() < 0.3:
        heard = overloaded(heard, clipped_db=rng.uniform(3.0, 15.0))
    heard = noisy(heard, snr_db=rng.uniform(30.0, 60.0), rng=rng, slope=rng.uniform(0.0, 1.0))
    power = np.mean(np.square(heard), dtype=float) if len(y) else 0.0
    return heard if power == 0.0 else heard * np.float32(np.sqrt(np.mean(np.square(y), dtype=float) / power))


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


def compressed(
    y: npt.NDArray[np.float32], *, sr: int, quality: float, codec: str = "vorbis"
) -> npt.NDArray[np.float32]:
    """The sound after lossy compression, in its own time: what the encoder adds in front is taken off.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    quality : float
        0 (worst) to 1.
    codec : {'vorbis', 'mp3'}

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianoError
        If the quality is not within 0 to 1, or the codec does not take this rate.
    """
    _refuse_outside("quality", quality, 0.0, 1.0)
    if not len(y):
        return y
    file = io.BytesIO()
    container, subtype = _CODECS[codec]
    level = min(1.0 - quality, _WORST_LEVEL)
    try:
        with sf.SoundFile(file, "w", sr, 1, format=container, subtype=subtype, compression_level=level) as out:
            for start in range(0, len(y), 65536):
                # libsndfile's Vorbis encoder crashes on one long write.
                out.write(y[start : start + 65536])
    except sf.LibsndfileError as error:
        raise PianoError(f"{codec} does not take sound at {sr} Hz: resample it to 44100 Hz") from error
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
