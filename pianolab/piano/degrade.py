"""What happens to sound between the strings and the file: rooms, tone, noise, detuning, level, compression.

What comes in: a clean recording. What comes out: the same notes as another microphone in another place would have kept
them. Nothing here moves a note, except ``detuned``, which says by how much, and distance (``farther`` and what
uses it): 3 ms a metre. Training hears recordings so changed, and anyone can ask how far a detector's score falls.
"""

import io

import numpy as np
import soundfile as sf
from scipy.signal import oaconvolve

from pianolab import sound
from pianolab.piano import Room, impulse_response

PEAK_LIMIT = 0.99
SPEED_OF_SOUND = 343.0  # m/s
TONE_POINTS_HZ = (40.0, 100.0, 250.0, 630.0, 1600.0, 4000.0, 8000.0)  # a gain is drawn at each; straight between


def in_room(y, *, sr, room):
    """The sound in a room: direct sound, early reflections, tail; cut to the length it had.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    room : pianolab.piano.Room

    Returns
    -------
    (n,) float32
    """
    return oaconvolve(y, impulse_response(room, sr=sr))[: len(y)].astype(np.float32)


def farther(y, *, sr, metres):
    """The sound as it arrives at a microphone this far away: later, and cut to the length it had.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    metres : float

    Returns
    -------
    (n,) float32
    """
    late = round(metres / SPEED_OF_SOUND * sr)
    return np.pad(y, (late, 0))[: len(y)]


def random_room(rng):
    """A room that might be anywhere, from a curtained study to a church, and the microphone near or far.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    room : pianolab.piano.Room
    metres : float
        How far the microphone is. Reverberation is as loud as the direct sound at the critical distance, about
        0.057 sqrt(V / T60): 0.6 m in a room of 40 m3 and 0.35 s, 2.5 m in one of 2000 m3 and 1 s.
    """
    low_s = float(np.exp(rng.uniform(np.log(0.2), np.log(2.0))))
    first_s = float(rng.uniform(0.001, 0.015))
    reverb_db = float(rng.uniform(-12.0, 8.0))
    room = Room(
        "random",
        "drawn at random",
        t60_s=(low_s, low_s * float(rng.uniform(0.3, 0.9))),
        reverb_db=reverb_db,
        reflections_s=(first_s, first_s + float(rng.uniform(0.01, 0.06))),
        seed=int(rng.integers(2**31)),
    )
    return room, float(np.exp(rng.uniform(np.log(0.6), np.log(2.5)))) * 10.0 ** (reverb_db / 20.0)


def in_random_room(y, *, sr, rng):
    """The sound as a microphone somewhere in a `random_room` hears it: with the room, and later.

    Parameters
    ----------
    y : (n,) float32
    sr : int
        Hz.
    rng : numpy.random.Generator

    Returns
    -------
    (n,) float32
    """
    room, metres = random_room(rng)
    return farther(in_room(y, sr=sr, room=room), sr=sr, metres=metres)


def toned(y, *, sr, gains_db):
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
    gain_db = np.interp(np.log(np.maximum(hz, 1.0)), np.log(TONE_POINTS_HZ), gains_db)
    taps = np.roll(np.fft.irfft(10.0 ** (gain_db / 20.0)), n_taps // 2) * np.hanning(n_taps - 1)
    half = n_taps // 2
    return oaconvolve(y, taps)[half : half + len(y)].astype(np.float32)


def noisy(y, *, snr_db, rng, slope=0.0):
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
    """
    spectrum = np.fft.rfft(rng.standard_normal(len(y)).astype(np.float32))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** (slope / 2.0)
    noise = np.fft.irfft(spectrum, len(y))
    power, noise_power = np.mean(np.square(y), dtype=float), np.mean(np.square(noise))
    return (y + noise * np.sqrt(power / max(noise_power, 1e-20) * 10.0 ** (-snr_db / 10.0))).astype(np.float32)


def detuned(y, *, sr, ratio):
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
    """
    rate = round(sr / ratio)
    return sound.resample(y, sr=sr, target_sr=rate), sr / rate


def compressed(y, *, sr, quality):
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
    """
    file = io.BytesIO()
    with sf.SoundFile(file, "w", sr, 1, format="OGG", subtype="VORBIS", compression_level=1.0 - quality) as out:
        for start in range(0, len(y), 65536):  # libsndfile cannot take a long signal at once
            out.write(y[start : start + 65536])
    file.seek(0)
    decoded, _ = sound.load(file)
    return np.pad(decoded, (0, max(len(y) - len(decoded), 0)))[: len(y)]


def levelled(y, *, peak):
    """The sound with this greatest magnitude; silence stays silence.

    Parameters
    ----------
    y : (n,) float32
    peak : float
        At most `PEAK_LIMIT` is used.

    Returns
    -------
    (n,) float32
    """
    loudest = np.max(np.abs(y), initial=0.0)
    return y if loudest == 0 else (y * np.float32(min(peak, PEAK_LIMIT) / loudest)).astype(np.float32)
