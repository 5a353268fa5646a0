"""Non-negative decomposition: which keys, struck or sounding, add up to this piece of sound?

What comes in: frames of samples. What comes out: for every key in every frame how strongly it sounds and how likely
it was struck just there. A sound is taken as a sum of known sounds: for each key a template of its attack, of its
decay and of its late sound, learnt from single notes; flat templates take up noise. The amounts are found by the
multiplicative rule for the Kullback-Leibler divergence (Lee & Seung, NIPS 2000).

A template is no single spectrum but three, of what is heard 80 ms before, at and 80 ms after the frame. So an attack,
silent before and loud after, cannot be mistaken for a note that goes on sounding, and its amount alone says where a
key was struck, and how hard. A key counts as sounding while its amount is not far below what it lately was, so that a
damped string in a room that goes on ringing is released. A little of each attack is taken off the keys that it may be
mistaken for. ``preset=textbook`` decomposes single spectra and reads strokes from the rise of the amounts.

The templates are made by ``pianolab.training.templates``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pianolab.detector import Between, Detector, chosen
from pianolab.dsp.combs import N_BINS, Comb, log_bins
from pianolab.dsp.compiled import njit
from pianolab.dsp.fitted import certainty_of
from pianolab.dsp.ghosts import strongest_below
from pianolab.dsp.windows import amplitude_window, hann
from pianolab.frames import Span, frames_of, levels_db
from pianolab.roll import Salience
from pianolab.units import N_KEYS, midi_to_key

SR = 16000
# Samples of each window, and the frequency (Hz) from which it is used.
WINDOWS = ((4096, 0.0), (2048, 500.0), (1024, 2000.0))
# Samples from the frame's own: a template shows the sound 80 ms before it, at it and 80 ms after it.
MOMENTS = (-1280, 0, 1280)
# Magnitudes are decomposed to this power, so that strong partials count more.
EXPONENT = 1.3
# Keeps divisions finite; far below the quantisation of 16-bit audio.
TINY = 1e-9
# Nothing weaker, in dBFS, counts as the loudest moment.
QUIET_DB = -75.0
# The loudest moment is forgotten at half its magnitude in this time.
FORGET_S = 6.0
# The textbook reads a stroke from the rise of the logarithm of an amount over this time.
RISE_S = 0.08
# Amounts below this share of the loudest moment hardly count in a rise.
RISE_FLOOR = 0.03
# A rise of this much gives evidence 0.5.
RISE_LEAST = 0.8
# The keys at partials 2, 3 and 4 of a key lose this share of its attack.
GHOST_SHARE = 0.1
# The keys beside a key lose this share of its attack.
NEIGHBOUR_SHARE = 0.1
# Every key loses this share of the attacks of all keys.
CROWD_SHARE = 0.01
# Strength is 0.5 where a key has this share of its own loudest recent moment.
HELD_SHARE = 0.3
# A key's loudest moment is forgotten at half in this time, as a string decays.
HELD_FORGET_S = 0.4
# Velocity of C4 at 0 dB of attack, and its rise for a dB and for a semitone: a plane through the tune split's notes.
VELOCITY = (101.3, 2.53, 0.40)
TEMPLATES = Path(__file__).with_name("nmf_templates.npz")


# ------------------------------------------------------------------------------------------------------ spectra


class Ear:
    """Turns frames into the spectra that templates are made of: one for each moment, N_BINS values each.

    Parameters
    ----------
    windows : tuple of (int, float)
        As for pianolab.dsp.combs.log_bins.
    moments : tuple of int
        Samples from the frame's own.
    exponent : float
        Power to which the magnitudes are raised.

    Attributes
    ----------
    frame_length : int
        Samples that one frame needs.
    """

    def __init__(self, *, windows: tuple[tuple[int, float], ...], moments: tuple[int, ...], exponent: float):
        self.moments, self.exponent = moments, exponent
        self.frame_length = max(n for n, _ in windows) + max(moments) - min(moments)
        self._windows = [amplitude_window(hann(n)) for n, _ in windows]
        self._bins = Comb(log_bins(windows, sr=SR))

    def __call__(self, span: Span) -> NDArray[np.float32]:
        """The spectra of each frame of a span.

        Parameters
        ----------
        span : Span
            At SR, with frames of ``frame_length``.

        Returns
        -------
        (T, len(moments) * N_BINS) float32
            A full-scale sine reads about 1.
        """
        heard = np.concatenate([self._heard_at(span, moment) for moment in self.moments], axis=1)
        return heard if self.exponent == 1.0 else heard**self.exponent

    def _heard_at(self, span, moment):
        middle = self.frame_length // 2 + moment
        parts = []
        for window in self._windows:
            frames = frames_of(span, length=len(window), end=middle + len(window) // 2)
            parts.append(np.abs(np.asarray(scipy.fft.rfft(frames * window, axis=1))))
        return self._bins(np.concatenate(parts, axis=1))


@dataclass(frozen=True)
class Preset:
    """What a preset stands for: how it hears, and how it decomposes what it hears.

    Attributes
    ----------
    windows, moments, exponent
        Of its Ear.
    stages_s : tuple of (float, float)
        Frames of attack, decay and late sound: from and to, seconds after the stroke.
    hop_length : int
        Samples.
    onset_delay_s : float
        How much later than the stroke its evidence rises, fitted on tune recordings.
    power, least : float
        As for ``decompose``.
    tracking : mapping
        Settings of the tracker beside those that all presets have.
    """

    windows: tuple[tuple[int, float], ...]
    moments: tuple[int, ...]
    exponent: float
    stages_s: tuple[tuple[float, float], ...]
    hop_length: int
    onset_delay_s: float
    power: float
    least: float
    tracking: Mapping[str, float] = field(default_factory=dict)

    def ear(self) -> Ear:
        """A new Ear of this preset."""
        return Ear(windows=self.windows, moments=self.moments, exponent=self.exponent)


PRESETS = {
    "piano": Preset(
        windows=WINDOWS,
        moments=MOMENTS,
        exponent=EXPONENT,
        stages_s=((0.03, 0.05), (0.10, 0.45), (0.60, 1.50)),
        hop_length=320,
        onset_delay_s=0.04,
        power=1.5,
        least=1e-4,
        # A frame sees 80 ms ahead and back, so a key fades late. In rooms its keys begin late as well, where the
        # evidence of a struck string is low already.
        tracking={"n_release": 2, "offset_delay_s": 0.08, "struck_threshold": 0.3, **certainty_of("nmf")},
    ),
    "textbook": Preset(
        windows=WINDOWS[:1],
        moments=(0,),
        exponent=1.0,
        stages_s=((-0.02, 0.06), (0.10, 0.45), (0.60, 1.50)),
        hop_length=160,
        onset_delay_s=0.01,
        power=1.0,
        least=0.0,
    ),
}


# ------------------------------------------------------------------------------------------------ decomposition


# Each row is computed alone: fastmath gives the same bits for any number of rows.
@njit(fastmath=True)
def decompose(
    spectra: NDArray[np.float32], templates: NDArray[np.float32], n_iterations: int, power: float, least: float
) -> NDArray[np.float32]:
    """How much of each template is in each spectrum: minimal Kullback-Leibler divergence, all amounts >= 0.

    Every iteration multiplies the amounts h by W' (v / W h), for templates of unit sum (Lee & Seung 2000, eq. 5).

    Parameters
    ----------
    spectra : (T, n) float32
    templates : (K, n) float32
        Rows of unit sum.
    n_iterations : int
    power : float
        Above 1 it takes longer steps (Badeau, Bertin & Vincent, IEEE Trans. Neural Networks 21, 2010, section V).
    least : float
        Templates that have come below this share of the sound are left out of the iterations that follow.

    Returns
    -------
    (T, K) float32
    """
    n_rows, n_bins = spectra.shape
    n_templates = len(templates)
    amounts = np.zeros((n_rows, n_templates), np.float32)
    model = np.empty(n_bins, np.float32)
    ratio = np.empty(n_bins, np.float32)
    active = np.empty(n_templates, np.int64)
    h = np.empty(n_templates, np.float32)
    for t in range(n_rows):
        v = spectra[t]
        total = v.sum()
        if total < n_bins * TINY:
            continue
        n_active = n_templates
        active[:] = np.arange(n_templates)
        h[:] = total / n_templates
        for iteration in range(n_iterations):
            model[:] = TINY
            for i in range(n_active):
                template, amount = templates[active[i]], h[i]
                for b in range(n_bins):
                    model[b] += amount * template[b]
            for b in range(n_bins):
                ratio[b] = v[b] / model[b]
            kept = 0
            for i in range(n_active):
                template, gain = templates[active[i]], np.float32(0.0)
                for b in range(n_bins):
                    gain += template[b] * ratio[b]
                amount = h[i] * gain**power
                # No template is left out of the first three iterations: the amounts have hardly moved by then.
                if amount > least * total or iteration < 3:
                    h[kept], active[kept] = amount, active[i]
                    kept += 1
            n_active = kept
        for i in range(n_active):
            amounts[t, active[i]] = h[i]
    return amounts


def with_noise(learnt: NDArray[np.float32]) -> NDArray[np.float32]:
    """Templates as rows of unit sum, with a flat one for noise at all moments and at each but the first.

    Parameters
    ----------
    learnt : (88, n_stages, n_moments * N_BINS) float32

    Returns
    -------
    (88 * n_stages + n_moments, n_moments * N_BINS) float32
    """
    rows = learnt.reshape(-1, learnt.shape[-1])
    moment = np.arange(rows.shape[1]) // N_BINS
    flat = [moment >= 0, *(moment == m for m in range(1, moment[-1] + 1))]
    rows = np.concatenate([rows, np.array(flat, np.float32)])
    return (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)


def without_ghosts(attack: NDArray[np.float32]) -> NDArray[np.float32]:
    """Amounts of attack less what other keys struck in the same frame explain.

    Parameters
    ----------
    attack : (T, 88) float32

    Returns
    -------
    (T, 88) float32, not below 0
    """
    around = np.pad(attack, ((0, 0), (1, 1)))
    below = strongest_below(attack)
    beside = around[:, :-2] + around[:, 2:]
    crowd = attack.sum(axis=1, keepdims=True)
    return np.maximum(attack - GHOST_SHARE * below - NEIGHBOUR_SHARE * beside - CROWD_SHARE * crowd, 0.0)


def velocity_of(attack: NDArray[np.float32], exponent: float) -> NDArray[np.float32]:
    """MIDI velocity from the amount of attack, linear in its level and in the key: right in order, rough in size.

    Parameters
    ----------
    attack : (T, 88) float32
        Amounts, not yet a share of the loudest moment.
    exponent : float
        Power to which the magnitudes were raised that were decomposed.

    Returns
    -------
    (T, 88) float32, 1..127
    """
    level_db = 20.0 / exponent * np.log10(np.maximum(attack, TINY))
    at_c4, a_db, a_semitone = VELOCITY
    semitones = np.arange(N_KEYS) - midi_to_key(60)
    return np.clip(at_c4 + a_db * level_db + a_semitone * semitones, 1.0, 127.0).astype(np.float32)


# ----------------------------------------------------------------------------------------------------- detector


class Nmf(Detector):
    """Sums of known sounds, many keys a frame.

    Parameters
    ----------
    preset : {'piano', 'textbook'}
        Three spectra a template and the amount of attack as evidence of a stroke, or one spectrum and the rise of the
        amounts.
    n_iterations : int
        Steps of the multiplicative rule.
    half_attack, half_sound : float
        Amount of attack, and of all stages, that gives evidence 0.5: shares of the loudest moment. Of a key that was
        louder lately, more of all stages is asked.

    Raises
    ------
    DetectorError
        If a number is of no use.

    Examples
    --------
    C4 struck once, as a MIDI number.

    >>> from pianolab.piano import render
    >>> from pianolab.roll import Notes
    >>> from pianolab.session import transcribe
    >>> y = render(Notes([0.3], [1.0], [60]), sr=16000)
    >>> transcribe(y, sr=16000, detector="nmf").midi.tolist()
    [60]
    """

    name = "nmf"
    summary = "sums of attack and decay templates (KL-NMF), several notes at once"
    polyphonic = True
    sr = SR
    weights = TEMPLATES

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook"] = "piano",
        n_iterations: Annotated[int, Between(1, 1000)] = 30,
        half_attack: Annotated[float, Between(1e-4, 100)] = 0.022,
        half_sound: Annotated[float, Between(1e-4, 100)] = 0.012,
    ):
        use = chosen(PRESETS, preset)
        self.preset, self.n_iterations = preset, n_iterations
        self.half_attack, self.half_sound = half_attack, half_sound
        self._ear, self._power, self._least = use.ear(), use.power, use.least
        self.frame_length, self.hop_length = self._ear.frame_length, use.hop_length
        self.onset_delay_s = use.onset_delay_s
        self.tracking = {"threshold": 0.5, "onset_threshold": 0.5, "silence_db": -70.0, "release_db": 60.0}
        self.tracking |= use.tracking
        with np.load(TEMPLATES, allow_pickle=False) as learnt:
            self._templates = with_noise(learnt[preset].astype(np.float32))
        self._quiet = len(self._ear.moments) * 10.0 ** (QUIET_DB / 20.0 * self._ear.exponent)
        self.reset()

    def reset(self) -> None:
        self._loudest = self._quiet
        self._held = np.zeros(N_KEYS, np.float32)
        self._attack_before = np.zeros((1, N_KEYS), np.float32)
        self._levels_before = np.zeros((round(RISE_S * self.sr / self.hop_length), N_KEYS), np.float32)

    def process(self, span: Span) -> Salience:
        spectra = self._ear(span)
        amounts = decompose(spectra, self._templates, self.n_iterations, self._power, self._least)
        # The flat templates come last.
        n_learnt = len(self._templates) - len(self._ear.moments)
        stages = amounts[:, :n_learnt].reshape(len(amounts), N_KEYS, -1)
        shares = stages / self._loudest_so_far(spectra)[:, None, None]
        sound = shares.sum(axis=2)
        unknown = np.full(sound.shape, np.nan, np.float32)
        if self.preset == "textbook":
            strength, velocity = _evidence(sound, self.half_sound), None
            onset = _evidence(self._rise(sound), RISE_LEAST)
        else:
            strength = _evidence(sound, np.maximum(self.half_sound, HELD_SHARE * self._lately(sound)))
            onset = _evidence(without_ghosts(shares[:, :, 0]), self.half_attack)
            velocity = velocity_of(self._hardest(stages[:, :, 0]), self._ear.exponent)
        level_db = levels_db(frames_of(span, length=WINDOWS[0][0]))
        return Salience(span.times, strength, unknown, level_db, onset=onset, velocity=velocity)

    def _hardest(self, attack):
        """The larger amount of each row and the one before, (T, 88).

        A stroke is largest in its own row, but the tracker knows it, and reads how hard it was, in the next.
        """
        attack = np.concatenate([self._attack_before, attack])
        self._attack_before = attack[-1:]
        return np.maximum(attack[1:], attack[:-1])

    def _lately(self, sound):
        """Each key's loudest amount not yet forgotten, (T, 88)."""
        keep = np.float32(0.5 ** (self.hop_length / self.sr / HELD_FORGET_S))
        lately = np.empty_like(sound)
        for row, amount in enumerate(sound):
            lately[row] = self._held = np.maximum(amount, keep * self._held)
        return lately

    def _loudest_so_far(self, spectra):
        """Sum of the spectra at the loudest moment not yet forgotten, (T,): makes soft recordings like loud ones.

        A frame counts as loud as the loudest of its moments, lest what comes 80 ms later seem large against silence.
        """
        n_moments = len(self._ear.moments)
        totals = n_moments * spectra.reshape(len(spectra), n_moments, N_BINS).sum(axis=2).max(axis=1)
        loudest = np.empty(len(totals), np.float32)
        keep = 0.5 ** (self.hop_length / self.sr / FORGET_S)
        for row, total in enumerate(totals):
            self._loudest = max(float(total), self._loudest * keep, self._quiet)
            loudest[row] = self._loudest
        return loudest

    def _rise(self, sound):
        """How much the logarithm of each amount has risen in RISE_S, (T, 88), not below 0."""
        level = np.concatenate([self._levels_before, np.log1p(sound / RISE_FLOOR)])
        n = len(self._levels_before)
        self._levels_before = level[len(level) - n :]
        return np.maximum(level[n:] - level[:-n], 0.0)


def _evidence(amount, half):
    """Amounts from 0 up to evidence in [0, 1): 0.5 at ``half``."""
    return (amount / (amount + half)).astype(np.float32)
