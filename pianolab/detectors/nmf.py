"""Non-negative decomposition: which keys, struck or sounding, add up to this piece of sound?

What comes in: frames of samples. What comes out: for every key in every frame how strongly it sounds and how likely
it was struck just there. A sound is taken as a sum of known sounds: for each key a template of its attack, of its
decay and of its late sound, learnt from single notes of the rendered pianos; flat templates take up noise. The
amounts are found by the multiplicative rule for the Kullback-Leibler divergence (Lee & Seung, NIPS 2000).

A template is no single spectrum but three, of what is heard 80 ms before, at and 80 ms after the frame. So an attack,
silent before and loud after, cannot be mistaken for a note that goes on sounding, and its amount alone says where a
key was struck, and how hard. A key counts as sounding while its amount is not far below what it lately was, so that a
damped string in a room that goes on ringing is released. A little of each attack is taken off the keys that it may be
mistaken for. ``preset=textbook`` decomposes single spectra and reads strokes from the rise of the amounts.

The templates in the package are made by ``python -m pianolab.detectors.nmf --notes DIR`` in half a minute, from the
rendered pianos and, for a third, from the 30 notes in DIR: a Yamaha C5, the Salamander Grand Piano V2 by Alexander
Holm (CC BY 3.0), one note A0, C1, Ds1, Fs1 ... C8 a file. Without
``--notes`` they come from the rendered pianos alone.
"""

import argparse
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import scipy.fft
from numba import njit

from pianolab import sound
from pianolab.detector import Detector, DetectorError
from pianolab.dsp import spectrum
from pianolab.dsp.spectrum import BINS_PER_KEY, N_BINS
from pianolab.errors import printable
from pianolab.files import replacing
from pianolab.frames import Framer, frames_of
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes, Salience
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_to_midi, midi_to_key, note_name, parse_note

SR = 16000
WINDOWS = ((4096, 0.0), (2048, 500.0), (1024, 2000.0))  # samples, and the frequency (Hz) from which it is used
MOMENTS = (-1280, 0, 1280)  # samples: 80 ms before, at and after the frame's own
EXPONENT = 1.3  # of the magnitudes that are decomposed: the strong partials count more
PIANO_EAR = {"windows": WINDOWS, "moments": MOMENTS, "exponent": EXPONENT}
TEXTBOOK_EAR = {"windows": WINDOWS[:1], "moments": (0,), "exponent": 1.0}
STAGES_S = ((0.03, 0.05), (0.10, 0.45), (0.60, 1.50))  # frames of attack, decay, late sound: seconds after the stroke
TEXTBOOK_STAGES_S = ((-0.02, 0.06), (0.10, 0.45), (0.60, 1.50))
LEARN_VELOCITIES = (36, 64, 100)
RECORDED_SHARE = 1.0 / 3.0  # of recorded notes in the templates, where there are any
TINY = 1e-9  # keeps divisions finite; far below the quantisation of 16-bit audio
QUIET_DB = -75.0  # nothing weaker, in dBFS, counts as the loudest moment
FORGET_S = 6.0  # the loudest moment is forgotten at half its magnitude in this time
RISE_S = 0.08  # textbook: over this time
RISE_FLOOR = 0.03  # share of the loudest moment below which a rise means little
RISE_LEAST = 0.8  # rise of the logarithm that gives evidence 0.5
GHOSTS = (12, 19, 24)  # semitones from a key up to keys that its partials 2, 3 and 4 may be taken for
GHOST_SHARE = 0.1  # of a key's attack, taken off each of those keys
NEIGHBOUR_SHARE = 0.1  # ... and off the keys beside it
CROWD_SHARE = 0.01  # of the attacks of all keys, taken off each
HELD_SHARE = 0.3  # of a key's own loudest moment not yet forgotten: that much gives strength 0.5
HELD_FORGET_S = 0.4  # a string's own decay: its loudest moment is forgotten at half in this time
VELOCITY = (101.3, 2.53, 0.40)  # of C4 at 0 dB of attack, a dB, a semitone: a plane through the tune split's notes
TEMPLATES = Path(__file__).with_name("nmf_templates.npz")


# ------------------------------------------------------------------------------------------------------ spectra


class Ear:
    """Turns frames into the spectra that templates are made of: one for each of ``moments``, N_BINS values each.

    Parameters
    ----------
    windows : tuple of (int, float)
        As for pianolab.dsp.spectrum.log_bins.
    moments : tuple of int
        Samples from the frame's own.
    exponent : float
        Of the magnitudes.
    """

    def __init__(self, *, windows, moments, exponent):
        self.moments, self.exponent = moments, exponent
        self.frame_length = max(n for n, _ in windows) + max(moments) - min(moments)
        self._windows = [np.float32(4.0 / n) * spectrum.hann(n) for n, _ in windows]  # a full-scale sine reads 1
        self._bins = spectrum.Comb(spectrum.log_bins(windows, sr=SR))

    def __call__(self, span):
        """(T, len(moments) * N_BINS) float32 of a Span; a full-scale sine reads about 1."""
        heard = np.concatenate([self._heard_at(span, moment) for moment in self.moments], axis=1)
        return heard if self.exponent == 1.0 else heard**self.exponent

    def _heard_at(self, span, moment):
        middle = self.frame_length // 2 + moment
        parts = []
        for window in self._windows:
            frames = frames_of(span, length=len(window), end=middle + len(window) // 2)
            parts.append(np.abs(scipy.fft.rfft(frames * window, axis=1)))
        return self._bins(np.concatenate(parts, axis=1))


# ------------------------------------------------------------------------------------------------ decomposition


@njit(cache=True, fastmath=True)
def decompose(spectra, templates, n_iterations, power, least):
    """How much of each template is in each spectrum: minimal Kullback-Leibler divergence, all amounts >= 0.

    Every iteration multiplies the amounts h by W' (v / W h), for templates of unit sum (Lee & Seung 2000, eq. 5).
    ``power`` above 1 takes longer steps (Badeau, Bertin & Vincent, IEEE Trans. Neural Networks 21, 2010, section V).
    Templates that have come below the share ``least`` of the sound are left out of the following iterations.
    Each row is computed alone.

    Parameters
    ----------
    spectra : (T, n) float32
    templates : (K, n) float32
        Rows of unit sum.
    n_iterations : int
    power, least : float

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
                if amount > least * total or iteration < 3:
                    h[kept], active[kept] = amount, active[i]
                    kept += 1
            n_active = kept
        for i in range(n_active):
            amounts[t, active[i]] = h[i]
    return amounts


def with_noise(learnt):
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


def without_ghosts(attack):
    """Amounts of attack less what other keys struck in the same frame explain.

    Parameters
    ----------
    attack : (T, 88) float32

    Returns
    -------
    (T, 88) float32, not below 0
    """
    around = np.pad(attack, ((0, 0), (max(GHOSTS), 1)))  # column 0 is max(GHOSTS) keys below A0

    def from_key(semitones):  # the attack of the key so far away
        start = max(GHOSTS) + semitones
        return around[:, start : start + N_KEYS]

    below = np.max([from_key(-interval) for interval in GHOSTS], axis=0)
    beside = from_key(-1) + from_key(1)
    crowd = attack.sum(axis=1, keepdims=True)
    return np.maximum(attack - GHOST_SHARE * below - NEIGHBOUR_SHARE * beside - CROWD_SHARE * crowd, 0.0)


def velocity_of(attack, exponent):
    """MIDI velocity from the amount of attack, linear in its level and in the key: right in order, rough in size.

    Parameters
    ----------
    attack : (T, 88) float32
        Amounts, not yet a share of the loudest moment.
    exponent : float
        Of the magnitudes that were decomposed.

    Returns
    -------
    (T, 88) float32, 1..127
    """
    level_db = 20.0 / exponent * np.log10(np.maximum(attack, TINY))
    at_c4, a_db, a_semitone = VELOCITY
    semitones = np.arange(N_KEYS) - midi_to_key(60)
    return np.clip(at_c4 + a_db * level_db + a_semitone * semitones, 1.0, 127.0).astype(np.float32)


# ----------------------------------------------------------------------------------------------------- learning


def rendered_notes(*, pianos=tuple(PIANOS), velocities=LEARN_VELOCITIES):
    """Single notes of all keys, rendered.

    Parameters
    ----------
    pianos : iterable of str
        Names in pianolab.piano.PIANOS.
    velocities : iterable of int
        1..127; each key is struck with each of them.

    Yields
    ------
    (int, (n,) float32, float)
        Key index, samples at SR, seconds of the stroke.
    """
    onset_s, held_s = 0.3, 1.8
    for piano in pianos:
        for velocity in velocities:
            for midi in range(MIDI_LOW, MIDI_HIGH + 1):
                note = Notes([onset_s], [onset_s + held_s], [midi], [velocity])
                yield midi - MIDI_LOW, render(note, sr=SR, piano=piano, seed=velocity, tail_s=0.1), onset_s


def learn_templates(notes, ear, stages_s, *, hop_length=160):
    """Mean spectra of each key's stages, each note counting alike.

    Parameters
    ----------
    notes : iterable of (int, (n,) float32, float)
        Key index, samples at SR and seconds of the stroke.
    ear : Ear
    stages_s : tuple of (float, float)
        From and to, seconds after the stroke.
    hop_length : int
        Samples.

    Returns
    -------
    (88, len(stages_s), n) float32, each template of unit sum; zeros for keys without notes

    Raises
    ------
    DetectorError
        If a note is silent in a stage, or ends before it.
    """
    sums = np.zeros((N_KEYS, len(stages_s), len(ear.moments) * N_BINS))
    for key, y, onset_s in notes:
        framer = Framer(frame_length=ear.frame_length, hop_length=hop_length, sr=SR)
        spans = [*framer.push(y), *framer.flush()]
        heard = np.concatenate([ear(span) for span in spans])
        since_s = np.concatenate([span.times for span in spans]) - onset_s
        for stage, (start, stop) in enumerate(stages_s):
            total = heard[(since_s >= start) & (since_s < stop)].sum(axis=0)
            if not total.sum() > 0:
                lasts_s, needed_s = len(y) / SR - onset_s, max(stop for _, stop in stages_s)
                raise DetectorError(
                    f"the note {note_name(key_to_midi(key))}, which lasts {lasts_s:.2f} s from its stroke, has no "
                    f"sound {start:g} to {stop:g} s after it: record it for {needed_s:g} s"
                )
            sums[key, stage] += total / total.sum()
    return (sums / np.maximum(sums.sum(axis=-1, keepdims=True), TINY)).astype(np.float32)


def recorded_notes(folder):
    """Single notes in files named by their key: A0.ogg, Ds1.wav, C#4.flac and so on.

    Parameters
    ----------
    folder : str or Path

    Yields
    ------
    (int, (n,) float32, float)
        Key index, samples at SR after half a second of silence, and seconds of the stroke: see sound.first_onset_s.

    Raises
    ------
    DetectorError
        If there are no such files, or one is not named by a key.
    OSError, AudioError
        If the folder or a file cannot be read.
    """
    paths = [path for path in sorted(Path(folder).iterdir()) if path.suffix.lower() in (".ogg", ".wav", ".flac")]
    if not paths:
        raise DetectorError(
            f"{printable(folder)} holds no notes: give a folder with A0.ogg, C1.wav, Ds1.flac and so on"
        )
    silence = np.zeros(SR // 2, np.float32)
    for path in paths:
        try:
            key = midi_to_key(parse_note(path.stem))
        except ValueError as error:
            raise DetectorError(f"{printable(path)} is not named by a key ({error})") from error
        y, sr = sound.load(path)
        y = sound.resample(y, sr=sr, target_sr=SR)[: 4 * SR]
        yield key, np.concatenate([silence, y]), 0.5 + sound.first_onset_s(y, sr=SR)


def spread(templates, known):
    """Give every key the templates of the nearest known one, shifted by the semitones between them.

    Parameters
    ----------
    templates : (88, n_stages, n_moments * N_BINS) float32
    known : iterable of int
        Key indices that have templates.

    Returns
    -------
    (88, n_stages, n_moments * N_BINS) float32
    """
    spread_out = []
    for key in range(N_KEYS):
        nearest = min(known, key=lambda other: abs(other - key))
        bins = templates[nearest].reshape(-1, N_BINS)
        by = BINS_PER_KEY * (key - nearest)
        shifted = np.pad(bins, ((0, 0), (max(by, 0), max(-by, 0))))[:, max(-by, 0) :][:, :N_BINS]
        shifted = shifted.reshape(templates.shape[1], -1)
        spread_out.append(shifted / shifted.sum(axis=1, keepdims=True))
    return np.array(spread_out, np.float32)


def learn(out, *, notes_dir=None):
    """Learn the templates of both presets and write them; nothing is written if a note cannot be used.

    Parameters
    ----------
    out : Path
        File to write.
    notes_dir : Path, optional
        Folder of recorded notes, see recorded_notes; else they come from the rendered pianos alone.

    Returns
    -------
    int, int
        How many rendered and recorded notes they come from.

    Raises
    ------
    DetectorError, AudioError, OSError
        If a note cannot be used, or the file cannot be written.
    """
    ears = {"piano": (Ear(**PIANO_EAR), STAGES_S), "textbook": (Ear(**TEXTBOOK_EAR), TEXTBOOK_STAGES_S)}
    recorded = list(recorded_notes(notes_dir)) if notes_dir else []
    real = {preset: learn_templates(recorded, *ear) for preset, ear in ears.items()}  # first: some may be unfit
    rendered = list(rendered_notes())
    learnt = {preset: learn_templates(rendered, *ear) for preset, ear in ears.items()}
    if recorded:
        known = {key for key, _, _ in recorded}
        for preset in ears:
            learnt[preset] = (1.0 - RECORDED_SHARE) * learnt[preset] + RECORDED_SHARE * spread(real[preset], known)
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **{name: values.astype(np.float16) for name, values in learnt.items()})
    return len(rendered), len(recorded)


def main(argv=None):
    """Learn the templates of both presets from the rendered pianos, and from recorded notes if given; write them."""
    parser = argparse.ArgumentParser(prog="python -m pianolab.detectors.nmf", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=TEMPLATES, help="file to write (default: the package's own)")
    parser.add_argument("--notes", type=Path, help="folder of recorded single notes named by their keys")
    given = parser.parse_args(argv)
    try:
        n_rendered, n_recorded = learn(given.out, notes_dir=given.notes)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    size_kb = given.out.stat().st_size / 1000
    print(f"{given.out.name}: {size_kb:.0f} kB, from {n_rendered} rendered and {n_recorded} recorded notes")
    return 0


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
        Amount of attack (all stages), as a share of the loudest moment, that gives evidence 0.5; for a key that was
        louder lately, more of all stages is asked.
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
        n_iterations: int = 30,
        half_attack: float = 0.022,
        half_sound: float = 0.012,
    ):
        if n_iterations < 1:
            raise DetectorError(f"n_iterations {n_iterations} decomposes nothing: use at least 1")
        if not (half_attack > 0 and half_sound > 0):
            raise DetectorError(f"half_attack {half_attack} and half_sound {half_sound} must be above 0")
        self.preset, self.n_iterations = preset, n_iterations
        self.half_attack, self.half_sound = half_attack, half_sound
        textbook = preset == "textbook"
        self._ear = Ear(**(TEXTBOOK_EAR if textbook else PIANO_EAR))
        self.frame_length = self._ear.frame_length
        self.hop_length = 160 if textbook else 320
        self.onset_delay_s = 0.01 if textbook else 0.04
        self.tracking = {"threshold": 0.5, "onset_threshold": 0.5, "silence_db": -70.0, "release_db": 60.0}
        if not textbook:  # a frame sees 80 ms ahead and back, so a key fades late
            self.tracking |= {"n_release": 2, "offset_delay_s": 0.08}
        self._power, self._least = (1.0, 0.0) if textbook else (1.5, 1e-4)
        with np.load(TEMPLATES, allow_pickle=False) as learnt:
            self._templates = with_noise(learnt[preset].astype(np.float32))
        self._quiet = len(self._ear.moments) * 10.0 ** (QUIET_DB / 20.0 * self._ear.exponent)
        self.reset()

    def reset(self):
        self._loudest = self._quiet
        self._held = np.zeros(N_KEYS, np.float32)
        self._attack = np.zeros((1, N_KEYS), np.float32)  # amounts of the row before
        self._before = np.zeros((round(RISE_S * self.sr / self.hop_length), N_KEYS), np.float32)

    def process(self, span):
        spectra = self._ear(span)
        amounts = decompose(spectra, self._templates, self.n_iterations, self._power, self._least)
        n_learnt = len(self._templates) - len(self._ear.moments)  # after these come the flat ones
        stages = amounts[:, :n_learnt].reshape(len(amounts), N_KEYS, -1)
        shares = stages / self._loudest_so_far(spectra)[:, None, None]
        sound = shares.sum(axis=2)
        unknown = np.full(sound.shape, np.nan, np.float32)
        if self.preset == "textbook":
            strength, onset, velocity = (
                _evidence(sound, self.half_sound),
                _evidence(self._rise(sound), RISE_LEAST),
                None,
            )
        else:
            strength = _evidence(sound, np.maximum(self.half_sound, HELD_SHARE * self._lately(sound)))
            onset = _evidence(without_ghosts(shares[:, :, 0]), self.half_attack)
            velocity = velocity_of(self._hardest(stages[:, :, 0]), self._ear.exponent)
        return Salience(span.times, strength, unknown, _level_db(span), onset=onset, velocity=velocity)

    def _hardest(self, attack):
        """The larger amount of each row and the one before, (T, 88).

        A stroke is largest in its own row, but the tracker knows it, and reads how hard it was, in the next.
        """
        attack = np.concatenate([self._attack, attack])
        self._attack = attack[-1:]
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
        level = np.concatenate([self._before, np.log1p(sound / RISE_FLOOR)])
        n = len(self._before)
        self._before = level[len(level) - n :]
        return np.maximum(level[n:] - level[:-n], 0.0)


def _level_db(span):
    """RMS of the window around each frame in dBFS, (T,)."""
    power = np.mean(np.square(frames_of(span, length=WINDOWS[0][0]), dtype=np.float64), axis=1)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(power)


def _evidence(amount, half):
    """Amounts from 0 up to evidence in [0, 1): 0.5 at ``half``."""
    return (amount / (amount + half)).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
