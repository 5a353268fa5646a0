"""Non-negative decomposition: which keys, struck or sounding, add up to this piece of sound?

What comes in: frames of samples. What comes out: for every key in every frame how strongly it sounds and how likely
it was struck just there. A sound is taken as a sum of known sounds: for each key a template of its attack, of its
decay and of its late sound, learnt from single notes; flat templates take up noise. The amounts are found by the
multiplicative rule for the Kullback-Leibler divergence (Lee & Seung, NIPS 2000).

A template is no single spectrum but three, of what is heard 80 ms before, at and 80 ms after the frame. So an attack,
silent before and loud after, is not easily mistaken for a note that goes on sounding, and its amount says where a key
was struck, and how hard. But partials look like other keys, and people who talk look like keys, too. So a small network
judges the amounts of each key beside those of the keys it may be mistaken for, those of the moments before and the
spectrum at its partials: was it struck, is it held, was it let go? (`pianolab.dsp.key_judge`)

``preset=rules`` judges by rules in its place: the amount of attack is the evidence of a stroke, a little of each
attack is taken off the keys that it may be mistaken for, and a key sounds while its amount is not far below its latest.
``preset=textbook`` decomposes single spectra and reads strokes from the rise of the amounts.

Templates and network are learnt by ``pianolab.training.templates``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from pianolab.detector import Between, Detector, DetectorError, chosen
from pianolab.dsp.colour import Colour
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS, Comb, log_bins
from pianolab.dsp.compiled import njit
from pianolab.dsp.fitted import certainty_of
from pianolab.dsp.ghosts import strongest_below
from pianolab.dsp.key_judge import (
    ATTACK,
    DECAY,
    HOLE,
    LATE,
    MARGIN,
    N_PLANES,
    SOUND,
    SOUND_LATELY,
    SPECTRUM,
    WEIGHTS,
    WIDTH,
    KeyJudge,
    Weights,
    WithoutGhosts,
    holes_of,
)
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
# By rule, amounts of attack and of all stages that give evidence 0.5, as shares of the loudest moment.
HALF_ATTACK, HALF_SOUND = 0.022, 0.012
# Amounts are judged on a logarithmic scale: this share of the loudest moment is its foot, and 4 is the loudest moment.
FOOT, LOUDEST = 1e-3, 4.0
# The same for single bins of the spectrum, which hold less: the foot, and what a factor of e adds.
BIN_FOOT, BIN_SCALE = 1e-4, 0.6
# What is left over of the sound is judged up to this share of all of it.
MOST_LEFT_OVER = 1.0
# The most of all sound, and of attack, is forgotten at half of its logarithm in these times.
SOUND_FORGET_S, ATTACK_FORGET_S = (0.2, 1.0, 4.0), (0.1, 0.3, 1.0)
# The network knows a stroke this many rows late. A velocity is that of the hardest of so many rows and the one after.
JUDGE_ROWS = 3
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
    templates : str
        Name of its templates in the file.
    hardest_rows : int
        A velocity is that of the hardest of so many rows, the last that the tracker has heard when it reads it.
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
    templates: str
    hardest_rows: int = 2
    tracking: Mapping[str, float] = field(default_factory=dict)

    def ear(self) -> Ear:
        """A new Ear of this preset."""
        return Ear(windows=self.windows, moments=self.moments, exponent=self.exponent)


_PIANO = Preset(
    windows=WINDOWS,
    moments=MOMENTS,
    exponent=EXPONENT,
    stages_s=((0.03, 0.05), (0.10, 0.45), (0.60, 1.50)),
    hop_length=320,
    onset_delay_s=0.06,
    power=1.5,
    least=1e-4,
    templates="piano",
    hardest_rows=JUDGE_ROWS + 2,
    tracking={
        "threshold": 0.32,
        # A stroke lies anywhere between two rows; the mean of three hardly depends on where.
        "onset_threshold": 0.18,
        "onset_rows": 3,
        "offset_threshold": 0.15,
        "sure_onset_threshold": 0.5,
        "n_wait": 4,
        "n_release": 2,
        "offset_delay_s": 0.06,
        # In rooms a key begins late, where the evidence of a struck string is low already.
        "struck_threshold": 0.2,
        **certainty_of("nmf"),
    },
)
PRESETS = {
    "piano": _PIANO,
    # A frame sees 80 ms ahead and back, so by rule a key fades late. In rooms its keys begin late as well, where the
    # evidence of a struck string is low already.
    "rules": replace(
        _PIANO,
        onset_delay_s=0.04,
        hardest_rows=2,
        tracking={"n_release": 2, "offset_delay_s": 0.08, "struck_threshold": 0.2},
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
        templates="textbook",
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


@njit(fastmath=True)
def left_over(
    spectra: NDArray[np.float32], amounts: NDArray[np.float32], templates: NDArray[np.float32]
) -> NDArray[np.float32]:
    """What the templates do not explain: the divergence of each spectrum from its model, as a share of its sum.

    Parameters
    ----------
    spectra : (T, n) float32
    amounts : (T, K) float32
        As ``decompose`` finds them.
    templates : (K, n) float32

    Returns
    -------
    (T,) float32, 0 where all is explained
    """
    n_rows, n_bins = spectra.shape
    found = np.empty(n_rows, np.float32)
    model = np.empty(n_bins, np.float32)
    for t in range(n_rows):
        model[:] = TINY
        for i in range(len(templates)):
            amount = amounts[t, i]
            if amount > 0.0:
                for b in range(n_bins):
                    model[b] += amount * templates[i, b]
        divergence, total = np.float32(0.0), np.float32(TINY)
        for b in range(n_bins):
            v = spectra[t, b] + np.float32(TINY)
            divergence += v * np.log(v / model[b]) - v + model[b]
            total += v
        found[t] = divergence / total
    return found


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


# ------------------------------------------------------------------------------------------------- what is judged


def on_scale(share: ArrayLike) -> NDArray[np.float32]:
    """Shares of the loudest moment on the scale that the network judges: 0 for nothing, 4 for all.

    Parameters
    ----------
    share : array
        Not below 0.

    Returns
    -------
    array of the same shape
    """
    return np.log1p(np.asarray(share, np.float32) / np.float32(FOOT)) * np.float32(LOUDEST / np.log1p(1.0 / FOOT))


class Amounts:
    """The planes of numbers that `pianolab.dsp.key_judge` looks at, row after row.

    Parameters
    ----------
    hop_s : float
        Seconds from row to row.
    """

    def __init__(self, *, hop_s: float):
        halves_s = (*SOUND_FORGET_S, *ATTACK_FORGET_S)
        self._keep = np.array([0.5 ** (hop_s / half_s) for half_s in halves_s], np.float32)[:, None]
        self._lately = np.zeros((len(halves_s), N_KEYS), np.float32)

    def planes(self, shares: NDArray[np.float32], spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """The planes of the rows that follow.

        Parameters
        ----------
        shares : (T, 88, 3) float32
            Amounts of attack, decay and late sound, shares of the loudest moment.
        spectra : (T, 3 * N_BINS) float32
            What was decomposed, as shares of the same.

        Returns
        -------
        (T, N_PLANES, WIDTH) float32
        """
        planes = np.zeros((len(shares), N_PLANES, WIDTH), np.float32)
        keys = planes[:, :, MARGIN:][:, :, :N_KEYS]
        keys[:, ATTACK], keys[:, DECAY], keys[:, LATE] = np.moveaxis(on_scale(shares), 2, 0)
        keys[:, SOUND] = on_scale(shares.sum(axis=2))
        now = [SOUND] * len(SOUND_FORGET_S) + [ATTACK] * len(ATTACK_FORGET_S)
        for row in keys:
            self._lately = np.maximum(row[now], self._keep * self._lately)
            row[SOUND_LATELY:SPECTRUM] = self._lately
        by_bin = np.log1p(spectra / np.float32(BIN_FOOT)) * np.float32(BIN_SCALE)
        semitones = by_bin.reshape(len(by_bin), 3, -1, BINS_PER_KEY).max(axis=3)
        planes[:, SPECTRUM:HOLE, MARGIN : MARGIN + semitones.shape[2]] = semitones
        # At the frame and after it.
        keys[:, HOLE:] = holes_of(planes[:, SPECTRUM + 1 : HOLE].mean(axis=1))
        return planes


def whole_of(
    shares: NDArray[np.float32], noise: NDArray[np.float32], rest: NDArray[np.float32], level: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The numbers of all keys together that `pianolab.dsp.key_judge` looks at.

    Parameters
    ----------
    shares : (T, 88, 3) float32
    noise : (T, 3) float32
        Amounts of the flat templates, shares of the loudest moment.
    rest : (T,) float32
        What is left over, see ``left_over``.
    level : (T,) float32
        Of all, a share of the loudest moment.

    Returns
    -------
    (T, N_WHOLE) float32
    """
    attack, sound = shares[:, :, 0], shares.sum(axis=2)
    loudness = [attack.sum(axis=1), attack.max(axis=1), sound.sum(axis=1), sound.max(axis=1), *noise.T]
    scaled = [on_scale(values) for values in loudness]
    scaled += [LOUDEST * np.minimum(rest, MOST_LEFT_OVER), on_scale(level)]
    return np.stack(scaled, axis=1).astype(np.float32)


# ----------------------------------------------------------------------------------------------------- detector


class _Apart(NamedTuple):
    """Frames as sums: spectra, amounts of all templates, shares of the keys' and the flat ones', loudest moments."""

    spectra: NDArray[np.float32]
    amounts: NDArray[np.float32]
    shares: NDArray[np.float32]
    noise: NDArray[np.float32]
    loudest: NDArray[np.float32]


class Nmf(Detector):
    """Sums of known sounds, many keys a frame.

    Parameters
    ----------
    preset : {'piano', 'rules', 'textbook'}
        Three spectra a template, and a network that judges the amounts; the same with the amount of attack as evidence
        of a stroke; or one spectrum, and the rise of the amounts.
    n_iterations : int
        Steps of the multiplicative rule.
    colour : {'follow', 'ignore'}
        Whether what the piano at hand, its room and microphone lack of the templates' colour is brought back
        (`pianolab.dsp.colour`). More notes of real pianos are found so. The presets 'rules' and 'textbook' never do.

    Raises
    ------
    DetectorError
        If a number is of no use.

    Examples
    --------
    E4 struck once, as a MIDI number.

    >>> from pianolab.piano import render
    >>> from pianolab.roll import Notes
    >>> from pianolab.session import transcribe
    >>> y = render(Notes([0.3], [1.0], [64]), sr=16000)
    >>> transcribe(y, sr=16000, detector="nmf").midi.tolist()
    [64]
    """

    name = "nmf"
    summary = "sums of attack and decay templates (KL-NMF), several notes at once"
    polyphonic = True
    sr = SR
    weights = TEMPLATES

    def __init__(
        self,
        *,
        preset: Literal["piano", "rules", "textbook"] = "piano",
        n_iterations: Annotated[int, Between(1, 1000)] = 30,
        colour: Literal["follow", "ignore"] = "follow",
    ):
        use = chosen(PRESETS, preset)
        if colour not in ("follow", "ignore"):
            raise DetectorError(f"colour {colour!r} is not a choice: use follow or ignore")
        self.preset, self.n_iterations, self.colour = preset, n_iterations, colour
        self._ear, self._power, self._least = use.ear(), use.power, use.least
        self.frame_length, self.hop_length = self._ear.frame_length, use.hop_length
        self.onset_delay_s = use.onset_delay_s
        self.tracking = {"threshold": 0.5, "onset_threshold": 0.5, "silence_db": -70.0, "release_db": 60.0}
        self.tracking |= use.tracking
        with np.load(TEMPLATES, allow_pickle=False) as learnt:
            self._templates = with_noise(learnt[use.templates].astype(np.float32))
            self._judge = KeyJudge(Weights(*(learnt[name] for name in WEIGHTS))) if preset == "piano" else None
        self._without_ghosts = WithoutGhosts()
        follows = preset == "piano" and colour == "follow"
        self._colour = Colour(hop_s=self.hop_length / self.sr) if follows else None
        self._quiet = len(self._ear.moments) * 10.0 ** (QUIET_DB / 20.0 * self._ear.exponent)
        self._hardest_rows = use.hardest_rows
        self.reset()

    def reset(self) -> None:
        self._loudest = self._quiet
        self._held = np.zeros(N_KEYS, np.float32)
        self._attacks_before = np.zeros((self._hardest_rows - 1, N_KEYS), np.float32)
        self._levels_before = np.zeros((round(RISE_S * self.sr / self.hop_length), N_KEYS), np.float32)
        self._amounts = Amounts(hop_s=self.hop_length / self.sr)
        self._without_ghosts.reset()
        if self._judge is not None:
            self._judge.reset()
        if self._colour is not None:
            self._colour.reset()

    def process(self, span: Span) -> Salience:
        found = self._taken_apart(span)
        sound = found.shares.sum(axis=2)
        offset, velocity = None, None
        if self._judge is not None:
            planes, whole = self._to_judge(found)
            onset, strength, offset = np.moveaxis(self._judge(planes, whole), 2, 0)
            onset = self._without_ghosts(onset, planes)
        elif self.preset == "rules":
            strength = _evidence(sound, np.maximum(HALF_SOUND, HELD_SHARE * self._lately(sound)))
            onset = _evidence(without_ghosts(found.shares[:, :, 0]), HALF_ATTACK)
        else:
            strength = _evidence(sound, HALF_SOUND)
            onset = _evidence(self._rise(sound), RISE_LEAST)
        if self.preset != "textbook":
            attack = found.shares[:, :, 0] * found.loudest[:, None]
            velocity = velocity_of(self._hardest(attack), self._ear.exponent)
        level_db = levels_db(frames_of(span, length=WINDOWS[0][0]))
        unknown = np.full(sound.shape, np.nan, np.float32)
        return Salience(span.times, strength, unknown, level_db, onset=onset, offset=offset, velocity=velocity)

    def to_judge(self, span: Span, learnt: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the network that judges is given of the frames that follow, to learn it.

        Parameters
        ----------
        span : Span
        learnt : (88, n_stages, n_moments * N_BINS) float32
            Templates to take in place of the detector's own.

        Returns
        -------
        planes : (T, N_PLANES, WIDTH) float32
        whole : (T, N_WHOLE) float32
        """
        self._templates = with_noise(learnt)
        return self._to_judge(self._taken_apart(span))

    def _taken_apart(self, span):
        """The frames of a span as sums of templates."""
        spectra = self._ear(span)
        loudest = self._loudest_so_far(spectra)
        if self._colour is None:
            amounts = self._decomposed(spectra)
        else:
            spectra, amounts = self._without_colour(spectra, loudest, self._colour)
        # The flat templates come last.
        n_learnt = len(self._templates) - len(self._ear.moments)
        shares = amounts[:, :n_learnt].reshape(len(amounts), N_KEYS, -1) / loudest[:, None, None]
        return _Apart(spectra, amounts, shares, amounts[:, n_learnt:] / loudest[:, None], loudest)

    def _decomposed(self, spectra):
        return decompose(spectra, self._templates, self.n_iterations, self._power, self._least)

    def _without_colour(self, spectra, loudest, colour):
        """Spectra without the colour of the rows before them, and their amounts."""
        plain, amounts = np.empty_like(spectra), np.empty((len(spectra), len(self._templates)), np.float32)
        n_learnt = len(self._templates) - len(self._ear.moments)
        for row, spectrum in enumerate(spectra):
            plain[row] = (spectrum.reshape(-1, N_BINS) / colour.gain).ravel()
            amounts[row] = amount = self._decomposed(plain[row : row + 1])[0]
            piano = _all_moments(amount[:n_learnt] @ self._templates[:n_learnt])
            noise = _all_moments(amount[n_learnt:] @ self._templates[n_learnt:])
            heard = np.maximum(_all_moments(plain[row]) - noise, 0.0) * colour.gain
            colour.hear(heard / loudest[row], piano / loudest[row])
        return plain, amounts

    def _to_judge(self, found):
        rest = left_over(found.spectra, found.amounts, self._templates)
        planes = self._amounts.planes(found.shares, found.spectra / found.loudest[:, None])
        return planes, whole_of(found.shares, found.noise, rest, _most(found.spectra) / found.loudest)

    def _hardest(self, attack):
        """The largest amount of each row and those before, (T, 88).

        A stroke is largest in its own row, but the tracker knows it, and reads how hard it was, later.
        """
        attack = np.concatenate([self._attacks_before, attack])
        n = len(self._attacks_before)
        self._attacks_before = attack[len(attack) - n :]
        return sliding_window_view(attack, n + 1, axis=0).max(axis=-1)

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
        totals = _most(spectra)
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


def _most(spectra):
    """Sum of each row if all its moments were as loud as the loudest, (T,)."""
    moments = spectra.reshape(len(spectra), -1, N_BINS)
    return moments.shape[1] * moments.sum(axis=2).max(axis=1)


def _all_moments(spectrum):
    """Sum of one row over its moments, (N_BINS,)."""
    return spectrum.reshape(-1, N_BINS).sum(axis=0)


def _evidence(amount, half):
    """Amounts from 0 up to evidence in [0, 1): 0.5 at ``half``."""
    return (amount / (amount + half)).astype(np.float32)
