"""A piano made of physics: play Notes on it and hear when each key was struck, exactly.

What comes in: notes (when each key goes down and up, how hard), the sustain pedal, a piano and a room. What
comes out: audio, float32 mono in [-1, 1]. Because the sound is made from the notes, the labels are true to the
sample: this is what detectors are first tested on. A key is a set of decaying sine waves (the strings' partials,
slightly sharp because steel is stiff, each dying in two stages) and a thump (the hammer's knock on the soundboard).
Every number that shapes the sound is a named constant; docs/piano.md says where it comes from and how near it
comes to a real grand piano.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from numbers import Real

import numpy as np
from scipy.signal import oaconvolve
from threadpoolctl import threadpool_limits

from pianolab.errors import PianolabError, nearest
from pianolab.roll import Notes
from pianolab.units import A4_HZ, A4_MIDI, MIDI_HIGH, MIDI_LOW

SR_LOW, SR_HIGH = 8000, 192000
DEFAULT_VELOCITY = 64  # where a note has none; also the strength at which the constants were fitted
VELOCITY_RANGE_DB = 45.0  # velocity 1 to 127: agrees with a Disklavier's 0.23 dB a step (docs/piano.md)
CONTACT_EXPONENT = 0.25  # contact at C4 about 4 ms soft, 2 ms loud, 24 dB apart (Askenfelt & Jansson, JASA 93, 1993)
ANCHOR_KEYS = (21, 40, 60, 84, 108)  # A0 E2 C4 C6 C8: curves along the keyboard are given at these keys
UNDAMPED_MIDI = 91  # from G6 up grand pianos have no dampers
TOP_HZ = 16000.0  # no partial above this is audible in any measured note
LEAST_PARTIAL_DB = -80.0  # weaker partials, against the strongest, are left out
SILENCE = 2.0**-18  # a mode below this amplitude (-108 dBFS, under 16 bits) is over
PEAK_LIMIT = 0.99
BLOCK, FIRST_STRETCH = 256, 4096  # samples; only speed depends on them
HIGHEST_PART_OF_NYQUIST = 0.98
RISE_S = 0.0005  # the sound comes in over half a millisecond, less than any hammer's contact
STROKE_DB = 0.5  # how much a partial's level differs from one stroke of a key to the next
KNOCK_MODES = 48
KNOCK_HZ = (70.0, 5000.0)
KNOCK_FLAT_HZ = 1500.0  # equal energy per octave up to here, fitted to C6..C8
KNOCK_T60_S = 1.1  # of soundboard modes at 100 Hz, falling as the root of frequency: fitted to C6..C8
STRIKE_FLOOR = 0.18  # a hammer is wide and a string stiff: partial 8 is weak (-15 dB), not missing (fitted)


class PianoError(PianolabError):
    """A piano, room, note or setting that cannot be rendered."""


@dataclass(frozen=True)
class Partials:
    """What rings when a key is struck: one entry a partial, arrays of shape (n,).

    Attributes
    ----------
    hz : frequency, f_n = n f0 sqrt(1 + B n^2).
    level_db : level at the onset against the strongest partial, dB.
    prompt_db_per_s, after_db_per_s : decay of the first and the second stage, dB/s, positive.
    """

    hz: np.ndarray
    level_db: np.ndarray
    prompt_db_per_s: np.ndarray
    after_db_per_s: np.ndarray


@dataclass(frozen=True)
class Piano:
    """One instrument. Tuples of five are values at A0 E2 C4 C6 C8, joined by straight lines.

    Attributes
    ----------
    name, summary : what it is called and what it is.
    bass_stiffness, treble_stiffness : slope per key and intercept of ln B on the two bridges
        (Rigaud, David & Daudet, JASA 133(5), 2013).
    octave_type : (kappa, m0, alpha) of the tuner's octaves (the same paper).
    tuning_scatter_cents : standard deviation of each key around that tuning.
    unison_cents : standard deviation of the strings of one key around each other.
    strike_ratio : where the hammer hits, as a part of the string's length, at the anchor keys.
    brightness_hz : the hammer's spectrum falls as exp(-sqrt(f / brightness_hz)) at velocity 64.
    radiation_hz, radiation_order : below this the soundboard hardly radiates, and how steeply.
    ripple_db : standard deviation of single partials around the smooth curve (soundboard resonances).
    level_db : RMS of the strings at the onset, dBFS at velocity 64, before ``gain_db``.
    prompt_db_per_s, after_db_per_s : decay of the first partial, early and late; between the anchors in proportion.
    decay_order : how fast either decay grows with partial frequency: (f_n / f_1) ** decay_order.
    after_db : level of the second stage at the onset, against the first.
    knock_db : level of the knock under the strings at the onset.
    damper_db_per_s : extra decay once the damper lies on the string.
    gain_db : of the whole instrument; a single fortissimo note stays below full scale.
    a4_hz : frequency of A4's first partial.
    seed : fixes what is particular to this instrument (scatter of tuning, unisons, ripple).
    """

    name: str
    summary: str
    bass_stiffness: tuple = (-0.110, -6.03)
    treble_stiffness: tuple = (0.0874, -13.42)
    octave_type: tuple = (3.5, 73.3, 40.0)
    tuning_scatter_cents: float = 0.7
    unison_cents: float = 0.4
    strike_ratio: tuple = (0.119, 0.120, 0.118, 0.08, 0.05)
    brightness_hz: tuple = (65.0, 48.0, 72.0, 43.0, 32.0)
    radiation_hz: float = 76.0
    radiation_order: float = 5.2
    ripple_db: float = 3.7
    level_db: tuple = (-17.5, -17.5, -19.5, -22.0, -25.0)
    prompt_db_per_s: tuple = (2.2, 6.0, 18.0, 40.0, 220.0)
    after_db_per_s: tuple = (1.1, 1.1, 2.4, 5.6, 34.0)
    decay_order: tuple = (0.24, 0.25)
    after_db: tuple = (-18.5, -14.0, -25.5, -24.0, -18.5)
    knock_db: tuple = (-20.0, -20.0, -18.0, -15.0, -8.0)
    damper_db_per_s: tuple = (110.0, 180.0, 300.0, 400.0, 400.0)
    gain_db: float = -8.0
    a4_hz: float = A4_HZ
    seed: int = field(default=0, repr=False)

    def inharmonicity(self, midi):
        """Inharmonicity coefficient B of a key (fractional numbers allowed).

        ``B = exp(s_B m + y_B) + exp(s_T m + y_T)``: wrapped bass strings and plain treble strings
        (Rigaud, David & Daudet 2013).

        Parameters
        ----------
        midi : float or array
            MIDI number.

        Returns
        -------
        float or array

        Raises
        ------
        PianoError
            If a key is off the keyboard.
        """
        return _two_bridges(self, _keys(midi))[()]

    def f0_hz(self, midi):
        """Frequency f0 of a key's ideal (perfectly flexible) string, Hz; its first partial is f0 sqrt(1 + B).

        The octave m to m + 12 is tuned so that partial 2 rho of the lower meets partial rho of the upper key; A4's
        first partial is ``a4_hz``; each key is off by its own small scatter.

        Parameters
        ----------
        midi : int or array
            MIDI number, 21..108.

        Returns
        -------
        float or array

        Raises
        ------
        PianoError
            If a key is off the keyboard or between two keys.
        """
        return _tuning(self)[_whole_keys(midi) - MIDI_LOW][()]

    def partials(self, midi, velocity=DEFAULT_VELOCITY):
        """The partials of a key struck at a MIDI velocity, up to 16 kHz and down to -80 dB.

        Parameters
        ----------
        midi : int
            MIDI number, 21..108.
        velocity : float
            MIDI velocity, 0..127: harder is brighter.

        Returns
        -------
        Partials
        """
        midi = int(_whole_keys(midi))
        b, f0 = self.inharmonicity(midi), self.f0_hz(midi)
        n = np.arange(1, int(TOP_HZ / f0) + 1)
        hz = n * f0 * np.sqrt(1.0 + b * n**2)
        n, hz = n[hz < TOP_HZ], hz[hz < TOP_HZ]
        level_db = _partial_levels(self, midi, velocity, n, hz)
        heard = level_db > LEAST_PARTIAL_DB
        prompt = _rate_at_key(self.prompt_db_per_s, midi) * (hz / hz[0]) ** self.decay_order[0]
        after = _rate_at_key(self.after_db_per_s, midi) * (hz / hz[0]) ** self.decay_order[1]
        return Partials(hz[heard], level_db[heard], prompt[heard], after[heard])


@dataclass(frozen=True)
class Room:
    """A room around the piano: direct sound, early reflections, a decaying tail.

    Attributes
    ----------
    name, summary : what it is called and what it is.
    t60_s : reverberation time at 125 Hz and at 8 kHz, s; straight in the logarithm of frequency between.
    reverb_db : energy of everything after the direct sound, against the direct sound; None for no room.
    reflections_s : times of the first and of the last early reflection.
    seed : fixes the reflections.
    """

    name: str
    summary: str
    t60_s: tuple = (0.0, 0.0)
    reverb_db: float | None = None
    reflections_s: tuple = (0.004, 0.03)
    seed: int = 1


PIANOS = {
    piano.name: piano
    for piano in (
        Piano("grand", "a well-kept concert grand, fitted to recordings of a Yamaha C5"),
        Piano(
            "upright",
            "an old upright: stiff short strings, out of tune, short decay, a loud action",
            bass_stiffness=(-0.100, -5.40),
            treble_stiffness=(0.0874, -13.10),
            tuning_scatter_cents=5.0,
            unison_cents=3.0,
            brightness_hz=(95.0, 75.0, 75.0, 46.0, 42.0),
            radiation_hz=105.0,
            ripple_db=6.0,
            prompt_db_per_s=(5.0, 10.0, 26.0, 75.0, 260.0),
            after_db_per_s=(2.5, 3.5, 7.0, 20.0, 50.0),
            after_db=(-4.0, -4.0, -9.0, -8.0, -12.0),
            knock_db=(-15.0, -15.0, -13.0, -7.0, 2.0),
            damper_db_per_s=(70.0, 110.0, 180.0, 250.0, 250.0),
            seed=2,
        ),
        Piano(
            "bright",
            "a hard-hammered stage grand, tuned to 442 Hz",
            strike_ratio=(0.115, 0.115, 0.11, 0.08, 0.05),
            brightness_hz=(150.0, 125.0, 150.0, 95.0, 80.0),
            ripple_db=4.0,
            knock_db=(-19.0, -19.0, -17.0, -10.0, 0.0),
            a4_hz=442.0,
            seed=3,
        ),
        Piano(
            "felt",
            "a grand with a strip of felt before the hammers: soft and dull",
            brightness_hz=(38.0, 30.0, 33.0, 24.0, 24.0),
            knock_db=(-18.0, -18.0, -16.0, -10.0, -1.0),
            seed=4,
        ),
    )
}

ROOMS = {
    room.name: room
    for room in (
        Room("dry", "no room at all"),
        Room("room", "a living room, microphone at two metres", (0.5, 0.3), -6.0, (0.003, 0.025), 11),
        Room("hall", "a concert hall, microphone above the stage", (2.2, 0.9), -7.0, (0.012, 0.08), 12),
    )
}


def render(notes, *, sr=44100, piano="grand", room="dry", pedal=None, seed=0, tail_s=1.0):
    """Play notes on a piano in a room.

    A note starts on the sample nearest to its onset: nothing of it sounds before. The result is the sum of the
    notes, each the same whatever else is played, and is turned down as a whole only if it would exceed full scale.

    Parameters
    ----------
    notes : Notes
        Offsets are key releases; a missing velocity counts as 64.
    sr : int
        Sampling rate, 8000..192000 Hz; partials above sr / 2 are left out.
    piano : str or Piano
        A name in ``PIANOS`` or an instrument of your own.
    room : str or Room
        A name in ``ROOMS`` or a room of your own.
    pedal : (n, 2) array, optional
        Seconds when the sustain pedal goes down and up; keys released between ring until it is up.
    seed : int
        Fixes the small differences from one stroke to the next.
    tail_s : float
        Seconds of sound after the last key (or pedal) is released.

    Returns
    -------
    (n,) float32 array
        Mono audio, peak at most 1.

    Raises
    ------
    PianoError
        If a piano or room is unknown, notes are not Notes, a key is off the keyboard, or a number is out of range.
    """
    piano, room = _named(piano, PIANOS, Piano, "piano"), _named(room, ROOMS, Room, "room")
    sr, pedal = _checked(notes, sr, pedal, seed, tail_s)
    released = _pedalled(notes.offset, pedal)
    y = np.zeros(int(np.ceil((released.max(initial=0.0) + tail_s) * sr)), np.float32)
    velocities = np.where(np.isnan(notes.velocity), DEFAULT_VELOCITY, notes.velocity)
    strokes = zip(notes.onset, released, notes.midi.tolist(), velocities, strict=True)
    with threadpool_limits(1, user_api="blas"):  # the products are small: a second thread mostly waits
        for onset_s, release_s, midi, velocity in strokes:
            start = round(onset_s * sr)
            held = max(round(release_s * sr) - start, 0) if midi < UNDAMPED_MIDI else None
            rng = np.random.default_rng([seed, midi, start])
            tone = _tone(piano, midi, velocity, held, len(y) - start, sr, rng)
            y[start : start + len(tone)] += tone
    if room.reverb_db is not None and len(y):
        y = oaconvolve(y, impulse_response(room, sr=sr))[: len(y)].astype(np.float32)
    peak = np.max(np.abs(y), initial=0.0)
    return y * np.float32(PEAK_LIMIT / peak) if peak > PEAK_LIMIT else y


def velocity_gain(velocity):
    """Amplitude of a MIDI velocity against velocity 127: (m v + b)^2 (Dannenberg, ICMC 2006, 45 dB from 1 to 127).

    Parameters
    ----------
    velocity : float or array
        0..127.

    Returns
    -------
    float or array
        Linear amplitude, 1 at 127.
    """
    root = 10.0 ** (VELOCITY_RANGE_DB / 40.0)
    b = 127.0 / (126.0 * root) - 1.0 / 126.0
    return ((1.0 - b) / 127.0 * np.asarray(velocity, dtype=float) + b)[()] ** 2


def impulse_response(room, *, sr):
    """Impulse response of a room, shape (n,): 1 at sample 0 (the direct sound), then reflections and tail.

    The tail is noise in octave bands, each decaying with its own T60 (Moorer, Computer Music Journal 3(2), 1979).
    """
    if room.reverb_db is None:
        return np.ones(1)
    rng = np.random.default_rng(room.seed)
    n = int(max(room.t60_s) * sr)
    spectrum = np.fft.rfft(rng.standard_normal(n))
    octave = np.log2(np.maximum(np.fft.rfftfreq(n, 1.0 / sr), 1.0) / 125.0)
    t = np.arange(n) / sr
    tail = np.zeros(n)
    for band in range(7):  # 125 Hz .. 8 kHz; the outer bands take all below and above
        weight = np.clip(1.0 - np.abs(np.clip(octave, 0, 6) - band), 0.0, 1.0)
        t60 = np.interp(band, (0, 6), room.t60_s)
        tail += np.fft.irfft(spectrum * weight, n) * 10.0 ** (-3.0 * t / t60)
    first, last = room.reflections_s
    tail *= np.clip((t - first) / (last - first), 0.0, 1.0)
    tail /= np.sqrt(np.sum(tail**2))
    arrivals = np.sort(rng.uniform(first, last, 8))
    early = np.zeros(n)
    early[np.round(arrivals * sr).astype(int)] = rng.choice([-1.0, 1.0], 8) * first / arrivals
    early /= np.sqrt(np.sum(early**2))
    response = 10.0 ** (room.reverb_db / 20.0) * np.sqrt(0.5) * (early + tail)
    response[0] = 1.0
    return response


def _tone(piano, midi, velocity, held, n_left, sr, rng):
    """One note, float32, at most n_left samples; ``held`` samples until the damper falls, None for undamped keys."""
    amplitude, rate = _modes(piano, midi, velocity, sr, rng)
    n = min(n_left, _samples_until_silence(amplitude, rate, sr))
    if held is None or held >= n:
        tone = _ring(amplitude, rate, n, sr)
    else:
        damper = _at_key(piano.damper_db_per_s, midi) * _NEPER
        later, damped = amplitude * np.exp(rate * (held / sr)), rate - damper
        n_damped = min(n_left - held, _samples_until_silence(later, damped, sr))
        tone = np.concatenate([_ring(amplitude, rate, held, sr), _ring(later, damped, n_damped, sr)])
    rise = min(len(tone), int(RISE_S * sr))
    tone[:rise] *= np.sin(np.pi / 2 * np.arange(1, rise + 1) / (rise + 1)).astype(np.float32)
    return tone


_NEPER = np.log(10.0) / 20.0  # dB to natural logarithm of amplitude


def _modes(piano, midi, velocity, sr, rng):
    """Complex amplitude and complex rate (1/s) of every decaying sine of a note: sum of Re(a exp(r t))."""
    partials = piano.partials(midi, velocity)
    key = _key_character(piano, midi)
    level = 10.0 ** (partials.level_db / 20.0)
    level *= 10.0 ** ((_at_key(piano.level_db, midi) + piano.gain_db) / 20.0) / np.sqrt(0.5 * np.sum(level**2))
    level *= velocity_gain(velocity) / velocity_gain(DEFAULT_VELOCITY)
    knock = np.sqrt(np.sum(level**2)) * 10.0 ** (_at_key(piano.knock_db, midi) / 20.0) * key.knock_level
    level *= 10.0 ** (rng.normal(0.0, STROKE_DB, len(level)) / 20.0)

    # Weinreich (JASA 62, 1977): the strings first move together and lose energy fast, then against each other.
    detuned = 2.0 ** (key.unison_cents[:, None] / 1200.0)
    share = 10.0 ** (_at_key(piano.after_db, midi) / 20.0) / np.sqrt(len(detuned))
    after_level = np.tile(level * share, len(detuned))
    after_hz = (detuned * partials.hz).ravel()
    hz = np.concatenate([partials.hz, after_hz, key.knock_hz])
    amplitude = np.concatenate([level, after_level, knock])
    after_decay = np.tile(partials.after_db_per_s, len(detuned))
    decay = np.concatenate([partials.prompt_db_per_s, after_decay, key.knock_db_per_s])
    phase = np.concatenate([key.phase[:, : len(level)].ravel(), rng.uniform(0.0, 2.0 * np.pi, KNOCK_MODES)])
    rate = 2j * np.pi * hz - decay * _NEPER
    heard = hz < HIGHEST_PART_OF_NYQUIST * sr / 2.0
    return (amplitude * np.exp(1j * phase))[heard], rate[heard]


@dataclass(frozen=True)
class _Character:
    """What is particular to one key of one piano."""

    unison_cents: np.ndarray
    phase: np.ndarray
    knock_hz: np.ndarray
    knock_level: np.ndarray
    knock_db_per_s: np.ndarray


@lru_cache(maxsize=1024)
def _key_character(piano, midi):
    rng = np.random.default_rng([piano.seed, midi])
    n_after = 1 if midi < 33 else 2  # one or two strings in the bass (the second: its other polarization), three above
    unison = rng.normal(0.0, piano.unison_cents, n_after)
    phase = rng.uniform(0.0, 2.0 * np.pi, (1 + n_after, 1024))
    low, high = KNOCK_HZ
    hz = low * (high / low) ** rng.uniform(0.0, 1.0, KNOCK_MODES)
    level = rng.rayleigh(1.0, KNOCK_MODES) / (1.0 + hz / KNOCK_FLAT_HZ)
    level /= np.sqrt(np.sum(level**2))
    return _Character(unison, phase, hz, level, 60.0 / KNOCK_T60_S * np.sqrt(hz / 100.0))


def _ring(amplitude, rate, n, sr):
    """Sum of n samples of decaying sines, float32.

    exp(r t) at t = (block * BLOCK + k) / sr is a product of two short tables, so that a stretch of sound is one
    matrix product. Stretches double in length; the modes that have died away are left out of the next one.
    """
    y = np.empty(n, np.float32)
    within = _powers(rate / sr, BLOCK)
    start, stretch = 0, FIRST_STRETCH
    while start < n:
        alive = np.abs(amplitude) > SILENCE
        amplitude, rate, within = amplitude[alive], rate[alive], within[alive]
        length = min(stretch, n - start)
        blocks = amplitude[:, None] * _powers(rate * (BLOCK / sr), -(-length // BLOCK))
        left = np.concatenate([blocks.real, -blocks.imag]).astype(np.float32)
        right = np.concatenate([within.real, within.imag]).astype(np.float32)
        y[start : start + length] = (left.T @ right).ravel()[:length]
        amplitude = amplitude * np.exp(rate * (length / sr))
        start, stretch = start + length, 2 * stretch
    return y


def _powers(exponent, n):
    """exp(exponent * k) for k = 0..n - 1, shape (len(exponent), n): sixteen exponentials give 256 by products."""
    fine = np.exp(exponent[:, None] * np.arange(16))
    coarse = np.exp(exponent[:, None] * np.arange(0, n, 16))
    return (coarse[:, :, None] * fine[:, None, :]).reshape(len(exponent), -1)[:, :n]


def _samples_until_silence(amplitude, rate, sr):
    seconds = np.log(np.maximum(np.abs(amplitude), SILENCE) / SILENCE) / -rate.real
    return int(np.ceil(np.max(seconds, initial=0.0) * sr))


def _partial_levels(piano, midi, velocity, n, hz):
    strike = np.abs(np.sin(np.pi * n * _at_key(piano.strike_ratio, midi)))
    hammer_hz = _at_key(piano.brightness_hz, midi)
    hammer_hz *= (velocity_gain(velocity) / velocity_gain(DEFAULT_VELOCITY)) ** CONTACT_EXPONENT
    radiation_db = -10.0 * np.log10(1.0 + (piano.radiation_hz / hz) ** (2.0 * piano.radiation_order))
    ripple_db = np.random.default_rng([piano.seed, midi, 1]).normal(0.0, piano.ripple_db, len(n))
    comb_db = 10.0 * np.log10(strike**2 + STRIKE_FLOOR**2)
    level_db = comb_db - np.sqrt(hz / hammer_hz) / _NEPER + radiation_db + ripple_db
    return level_db - level_db.max()


def _at_key(curve, midi):
    return float(np.interp(midi, ANCHOR_KEYS, curve))


def _rate_at_key(curve, midi):
    return float(np.exp(np.interp(midi, ANCHOR_KEYS, np.log(curve))))


def _two_bridges(piano, midi):
    bass, treble = (np.exp(slope * midi + start) for slope, start in (piano.bass_stiffness, piano.treble_stiffness))
    return bass + treble


@lru_cache(maxsize=64)
def _tuning(piano):
    """f0 of the 88 keys, Hz. The stretch of an octave is spread evenly over its twelve semitones."""
    middle = np.arange(MIDI_LOW, MIDI_HIGH) + 0.5
    kappa, m0, alpha = piano.octave_type
    rho = 1.0 + kappa / 2.0 * (1.0 - np.tanh((middle - m0) / alpha))
    lower, upper = _two_bridges(piano, middle - 6.0), _two_bridges(piano, middle + 6.0)
    octave = 2.0 * np.sqrt((1.0 + lower * (2.0 * rho) ** 2) / (1.0 + upper * rho**2))
    f0 = np.exp(np.concatenate([[0.0], np.cumsum(np.log(octave) / 12.0)]))
    f0 *= piano.a4_hz / (f0[A4_MIDI - MIDI_LOW] * np.sqrt(1.0 + _two_bridges(piano, float(A4_MIDI))))
    cents = np.random.default_rng([piano.seed, 0]).normal(0.0, piano.tuning_scatter_cents, len(f0))
    cents[A4_MIDI - MIDI_LOW] = 0.0
    f0 *= 2.0 ** (cents / 1200.0)
    f0.setflags(write=False)
    return f0


def _pedalled(offsets, pedal):
    """When the dampers fall: at the key's release, or when the pedal that is down then comes up."""
    ends = np.array(offsets, dtype=float)
    for down, up in pedal[np.argsort(pedal[:, 0])]:
        ends = np.where((ends >= down) & (ends < up), up, ends)
    return ends


def _keys(midi):
    keys = np.asarray(midi, dtype=float)
    if not np.all((keys >= MIDI_LOW) & (keys <= MIDI_HIGH)):
        raise PianoError(f"MIDI {midi} is off the keyboard: use {MIDI_LOW} (A0) to {MIDI_HIGH} (C8)")
    return keys


def _whole_keys(midi):
    keys = _keys(midi)
    if np.any(keys != np.round(keys)):
        raise PianoError(f"MIDI {midi} lies between two keys: use a whole number")
    return keys.astype(int)


def _named(value, known, kind, noun):
    if isinstance(value, kind):
        return value
    if value in known:
        return known[value]
    raise PianoError(f"{noun} {value!r} is unknown{nearest(str(value), known)} (all: {', '.join(known)})")


def _checked(notes, sr, pedal, seed, tail_s):
    if not isinstance(notes, Notes):
        raise PianoError(f"{type(notes).__name__} cannot be played: pass Notes(onset, offset, midi)")
    if not (isinstance(sr, Real) and SR_LOW <= sr <= SR_HIGH and sr == int(sr)):
        raise PianoError(f"sr {sr} cannot be rendered: use a whole number from {SR_LOW} to {SR_HIGH} Hz")
    if not (isinstance(tail_s, Real) and np.isfinite(tail_s) and tail_s >= 0):
        raise PianoError(f"tail_s {tail_s} is not a length of time: use 0 s or more")
    if not (isinstance(seed, (int, np.integer)) and seed >= 0):
        raise PianoError(f"seed {seed!r} cannot start a generator: use a whole number from 0")
    off = notes.midi[(notes.midi < MIDI_LOW) | (notes.midi > MIDI_HIGH)]
    if len(off):
        raise PianoError(f"MIDI {off[0]} is off the keyboard: render notes.on_keyboard() ({MIDI_LOW}..{MIDI_HIGH})")
    pedal = np.zeros((0, 2)) if pedal is None else np.asarray(pedal, dtype=float)
    if pedal.ndim != 2 or pedal.shape[1] != 2:
        raise PianoError(f"pedal has shape {pedal.shape}: pass (n, 2) seconds, pedal down and pedal up")
    if not np.all(np.isfinite(pedal)) or np.any(pedal < 0) or np.any(pedal[:, 1] < pedal[:, 0]):
        bad = pedal[~np.isfinite(pedal).all(1) | (pedal < 0).any(1) | (pedal[:, 1] < pedal[:, 0])][0]
        raise PianoError(f"pedal from {bad[0]:g} to {bad[1]:g} s cannot be: use finite times from 0 on, down before up")
    return int(sr), pedal
