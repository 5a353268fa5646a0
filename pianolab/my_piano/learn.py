"""From a played scale to a profile of the piano, and what that profile brings.

What comes in: the sound of a scale whose notes were asked for in a known order. What comes out: a PianoProfile with the
parts that bring something, and how many notes each detector finds with it and without it.

What a part brings is always counted on notes from which it was not learnt: it is learnt on every second note, the
others are looked for with it, and then the other way round. Only then is it learnt on all. Each detector is asked for
itself: one that gains nothing, or loses a single note, hears the piano as before. So the sound of a piano in tune is
heard as it is. Only a tuning that lies far off is followed without a gain where nothing is lost: the few notes of a
scale cannot show that other keys lie near the edge to their neighbours.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.piano_profile import MEDIUM, TYPICAL_CENTS, Gain, Loudness, PianoProfile, named_anew
from pianolab.errors import PianolabError
from pianolab.my_piano.plan import PLAN, Asked
from pianolab.my_piano.strokes import HeardScale, Stroke, find_strokes
from pianolab.registry import create
from pianolab.roll import Notes, Salience
from pianolab.session import analyse, default_tracker
from pianolab.texts.catalogue import Told
from pianolab.units import A4_HZ, A4_RANGE_HZ, MIDI_LOW, N_KEYS

DETECTORS = ("yin", "fft_peak", "cqt", "nmf", "neural")
LEAST_HEARD = 5  # Fewer notes tell nothing.
IN_TUNE_CENTS = 8.0  # No detector hears a difference as small as this; what fewer cents bring is chance.
FAR_CENTS = 20.0  # Keys of such a piano that lie as far from the others once more reach the edge to a neighbour.
_WHOLE_CENTS = 2.0  # The tuning is told to this: two halves of the notes that say nearly the same are heard once.
_MIDDLE = (48, 84)  # Of these keys tuners stretch the octaves least.
_LEAST_OF_MIDDLE = 3
_QUIET_DB, _USUAL_DB, _MOST_DB = 10.0, -22.0, 50.0  # Strokes that are this much softer than usual are made louder.
_PRIOR = 36.0  # As if, on either side, one note whose octaves are stretched by 6 cents said "as on a typical piano".
_STRETCH_CENTS = 15.0  # A note that lies further from the curve counts less.
_MOST_STRETCH = 40.0  # No key of a tuned piano lies further from a typical one, cents.
_NEAR_S = 0.1  # A note that is heard this near to its stroke is found.
_LEAST_GAIN = 0.02  # Of F1: a note of 25, or one wrong note fewer where few are wrong.
_LEAST_VELOCITY_GAIN = 5.0  # Velocities must be so much nearer to what was asked.
_LOUDER_DB = 4.0  # Loud strokes must be so much louder than soft ones, or nobody can tell them apart.
_ABOVE_NOISE_DB = 10.0  # What is less loud than the room and this is no note.


class LearnError(PianolabError):
    """A scale from which nothing can be learnt; the message is one line with the remedy."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a scale told.

    Attributes
    ----------
    profile : PianoProfile
        With the parts that bring something.
    cents : float
        How far the piano lies above A4 = 440 Hz, kept or not.
    plan : tuple of Asked
        What was asked.
    scale : HeardScale
        What was heard of it.
    """

    profile: PianoProfile
    cents: float
    plan: tuple[Asked, ...]
    scale: HeardScale

    @property
    def has_gain(self) -> bool:
        """Whether anything is kept."""
        return bool(self.profile.parts)

    def report(self) -> list[str]:
        """What a player reads: what was heard, which parts are kept, and what they bring each detector.

        Returns
        -------
        list of Told
        """
        heard = {stroke.asked for stroke in self.scale.strokes}
        missing = [asked.name for i, asked in enumerate(self.plan) if i not in heard]
        lines: list[str] = [Told("my_piano.heard", n=len(heard), asked=len(self.plan))]
        if missing:
            lines.append(Told("my_piano.missing", names=", ".join(dict.fromkeys(missing))))
        side = Told("my_piano.above" if self.cents > 0 else "my_piano.below")
        lines.append(Told("my_piano.tuned", cents=f"{abs(self.cents):.0f}", side=side))
        for part in ("tuning", "stretch", "level", "loudness", "thresholds"):
            name = Told(f"my_piano.part_{part}")
            without = {one for one, parts in self.profile.left_out.items() if part in parts}
            if part not in self.profile.parts:
                lines.append(Told("my_piano.left_out", part=name))
            elif without:
                others = [one for one in self.profile.gains if create(one).name not in without]
                lines.append(Told("my_piano.kept_for", part=name, detectors=", ".join(others)))
            else:
                lines.append(Told("my_piano.kept", part=name))
        for detector, gain in self.profile.gains.items():
            better = gain.found_after > gain.found_before or gain.wrong_after < gain.wrong_before
            lines.append(Told("my_piano.gain" if better else "my_piano.no_gain", detector=detector, **vars(gain)))
        if not self.has_gain:
            lines.append(Told("my_piano.as_it_is"))
        return lines


def learn(
    y: NDArray[np.float32],
    *,
    sr: float,
    plan: tuple[Asked, ...] = PLAN,
    detectors: Sequence[str] = DETECTORS,
    progress: Callable[[int, int], object] = lambda done, of: None,
) -> Learnt:
    """Learn a piano from a scale played on it.

    Parameters
    ----------
    y : (n,) float32
        Samples in [-1, 1]: silence, then the notes.
    sr : float
        Rate in Hz.
    plan : tuple of Asked
        The notes in the order in which they were asked for; some may be missing.
    detectors : sequence of str
        For these the gain is measured.
    progress : callable
        Called with the number of steps done and of all.

    Returns
    -------
    Learnt

    Raises
    ------
    LearnError
        If too few of the notes are heard.
    DetectorError
        If there is no such detector.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from pianolab.my_piano.plan import as_notes
    >>> from pianolab.piano import PIANOS, render
    >>> y = render(as_notes(), sr=22050, piano=replace(PIANOS["grand"], a4_hz=431.0))
    >>> learnt = learn(y, sr=22050, detectors=["cqt"])
    >>> learnt.profile.parts[0], round(learnt.profile.a4_hz)
    ('tuning', 431)
    """
    for name in detectors:
        create(name)
    scale = find_strokes(y, sr=sr, plan=plan)
    if len(scale.strokes) < LEAST_HEARD:
        heard = {"heard": len(scale.strokes), "asked": len(plan), "least": LEAST_HEARD}
        raise LearnError(Told("my_piano.too_few", **heard))
    bench = _Bench(y, sr, scale, plan, detectors, progress)
    profile = bench.learn()
    return Learnt(profile, _tuning_cents(scale.strokes, plan), plan, scale)


class Counts(NamedTuple):
    """Notes of a scale that were found, heard and not played, played and not heard."""

    found: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2.0 * self.found / max(2 * self.found + self.wrong + self.missed, 1)


Fit = Callable[[PianoProfile, Sequence[Stroke]], PianoProfile]


class _Bench:
    """Tries parts of a profile on a scale, each on the notes from which it was not learnt."""

    def __init__(
        self,
        y: NDArray[np.float32],
        sr: float,
        scale: HeardScale,
        plan: tuple[Asked, ...],
        detectors: Sequence[str],
        progress: Callable[[int, int], object],
    ):
        self._y, self._sr, self._scale, self._plan, self._detectors = y, sr, scale, plan, list(detectors)
        self._progress, self._done = progress, 0
        self._fold = np.arange(len(scale.strokes)) % 2
        self._onset = np.array([stroke.onset_s for stroke in scale.strokes])
        self._midi = np.array([plan[stroke.asked].midi for stroke in scale.strokes])
        self._known: dict[tuple[str, float | None, float], Salience] = {}
        # As it is, made louder, and in the tuning that each half of the notes tells.
        self._steps = len(self._detectors) * 4

    def learn(self) -> PianoProfile:
        empty = PianoProfile(noise_db=float(np.clip(self._scale.noise_db, -200.0, 0.0)))
        fits = (self._level, self._tuning, self._stretch)
        kept: dict[str, list[Fit]] = {}
        gains: dict[str, Gain] = {}
        tracking: dict[str, dict[str, float]] = {}
        for name in self._detectors:
            before = self._count(name, [empty, empty])
            kept[name], now = self._parts(name, empty, fits, before)
            settings, now = self._thresholds(name, self._folds(empty, kept[name]), now)
            if settings:
                tracking[create(name).name] = settings
            gains[name] = Gain(len(self._onset), before.found, now.found, before.wrong, now.wrong)
        useful = [fit for fit in fits if any(fit in of_one for of_one in kept.values())]
        profile = self._with(empty, useful, self._scale.strokes)
        left_out = {}
        for name in self._detectors:
            own = self._with(empty, kept[name], self._scale.strokes)
            if own.parts != profile.parts:
                left_out[create(name).name] = tuple(part for part in profile.parts if part not in own.parts)
        self._progress(self._steps, self._steps)
        loudness = _loudness(self._scale.strokes, self._plan)
        return replace(profile, tracking=tracking, left_out=left_out, loudness=loudness, gains=gains)

    def _parts(self, name: str, empty: PianoProfile, fits: Iterable[Fit], now: Counts) -> tuple[list[Fit], Counts]:
        """The parts that bring one detector something, and what it finds with them."""
        kept: list[Fit] = []
        for fit in fits:
            tried = self._folds(empty, [*kept, fit])
            if all(one.parts == two.parts for one, two in zip(tried, self._folds(empty, kept), strict=True)):
                continue  # There is nothing to put right.
            heard = self._count(name, tried)
            is_far = fit == self._tuning and abs(_tuning_cents(self._scale.strokes, self._plan)) >= FAR_CENTS
            if heard.found >= now.found and heard.f1 >= now.f1 + (0.0 if is_far else _LEAST_GAIN):
                kept, now = [*kept, fit], heard
        return kept, now

    def _with(self, profile: PianoProfile, fits: Iterable[Fit], strokes: Sequence[Stroke]) -> PianoProfile:
        for fit in fits:
            profile = fit(profile, strokes)
        return profile

    def _folds(self, profile: PianoProfile, fits: Sequence[Fit]) -> list[PianoProfile]:
        """For each half of the notes what the other half teaches."""
        halves = ([s for s, f in zip(self._scale.strokes, self._fold, strict=True) if f != fold] for fold in (0, 1))
        return [self._with(profile, fits, half) for half in halves]

    def _notes(self, name: str, profile: PianoProfile) -> Notes:
        tracker = default_tracker(create(name), my_piano=profile)
        tracker.push(self._evidence(name, profile))
        tracker.flush(end_s=len(self._y) / self._sr)
        return tracker.notes()

    def _evidence(self, name: str, profile: PianoProfile) -> Salience:
        """What a detector hears; only another tuning or level lets it hear the sound once more."""
        known = (name, profile.a4_hz, profile.gain_db)
        if known not in self._known:
            as_heard = PianoProfile(a4_hz=profile.a4_hz, gain_db=profile.gain_db)
            self._known[known] = analyse(self._y, sr=self._sr, detector=name, my_piano=as_heard, asks_if_struck=True)
            self._done = min(self._done + 1, self._steps - 1)
            self._progress(self._done, self._steps)
        evidence = self._known[known]
        return evidence if profile.stretch is None else named_anew(evidence, profile.key_hz)

    def _count(self, name: str, profiles: Sequence[PianoProfile]) -> Counts:
        """What a detector finds; each half of the strokes is heard with its own profile, and counted in that."""
        found = wrong = 0
        for fold, notes in enumerate(self._notes(name, profile) for profile in profiles):
            right = np.zeros(len(notes), bool)
            for i in np.flatnonzero(self._fold == fold):
                near = np.abs(notes.onset - self._onset[i]) < _NEAR_S
                hits = np.flatnonzero(near & (notes.midi == self._midi[i]) & ~right)
                if len(hits):
                    right[hits[0]] = True
                    found += 1
            # A wrong note belongs to the stroke before it; those before the first to the first half.
            of = np.searchsorted(self._onset - _NEAR_S, notes.onset) - 1
            ours = np.where(of < 0, 0, self._fold[np.maximum(of, 0)]) == fold
            wrong += int(np.sum(ours & ~right))
        return Counts(found, wrong, len(self._onset) - found)

    # ---- the parts

    def _level(self, profile: PianoProfile, _strokes: Sequence[Stroke]) -> PianoProfile:
        """How much softer than usual the piano is; every half of the notes would tell the same."""
        usual = np.median([stroke.level_db for stroke in self._scale.strokes])
        softer = float(np.clip(_USUAL_DB - usual, 0.0, _MOST_DB))
        return replace(profile, gain_db=round(softer, 1)) if softer >= _QUIET_DB else profile

    def _tuning(self, profile: PianoProfile, strokes: Sequence[Stroke]) -> PianoProfile:
        cents = _WHOLE_CENTS * round(_tuning_cents(strokes, self._plan) / _WHOLE_CENTS)
        hz = float(np.clip(A4_HZ * 2.0 ** (cents / 1200.0), *A4_RANGE_HZ))
        # All the notes say whether there is anything to follow, so that both halves do the same.
        all_cents = _tuning_cents(self._scale.strokes, self._plan)
        return replace(profile, a4_hz=round(hz, 2)) if abs(all_cents) >= IN_TUNE_CENTS else profile

    def _stretch(self, profile: PianoProfile, strokes: Sequence[Stroke]) -> PianoProfile:
        off = _off_typical(strokes, self._plan) - _tuning_cents(strokes, self._plan)
        return replace(profile, stretch=fit_stretch([self._plan[stroke.asked].midi for stroke in strokes], off))

    def _thresholds(self, name: str, profiles: Sequence[PianoProfile], now: Counts) -> tuple[dict[str, float], Counts]:
        """The level of silence above the noise of the room, if the detector hears better with it."""
        silence_db = round(self._scale.noise_db + _ABOVE_NOISE_DB, 1)
        detector = create(name)
        if silence_db <= default_tracker(detector, my_piano=profiles[0]).tracking.silence_db:
            return {}, now
        settings = {"silence_db": silence_db}
        heard = self._count(name, [replace(one, tracking={detector.name: settings}) for one in profiles])
        is_better = heard.found >= now.found and heard.f1 >= now.f1 + _LEAST_GAIN
        return (settings, heard) if is_better else ({}, now)


def fit_stretch(midi: Sequence[int], cents: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """How much less stretched a piano is than a typical one, below and above A4.

    A robust fit of two numbers (Huber's weights, by iterated least squares), which stays near 0 where few notes speak.

    Parameters
    ----------
    midi : sequence of int
        Keys.
    cents : (n,) array
        How far each lies from where it would lie on a typical piano of the same A4.

    Returns
    -------
    bass, treble : float
        As for `pianolab.dsp.piano_profile.stretched_cents`.

    Examples
    --------
    >>> from pianolab.dsp.piano_profile import stretched_cents
    >>> keys = list(range(24, 108, 6))
    >>> far = stretched_cents(-1.0, 0.5) - TYPICAL_CENTS
    >>> [round(share, 1) for share in fit_stretch(keys, [far[key - MIDI_LOW] for key in keys])]
    [-0.9, 0.5]
    """
    typical = TYPICAL_CENTS[np.asarray(midi, dtype=int) - MIDI_LOW]
    off = np.asarray(cents, dtype=float)
    slopes = -np.stack([np.where(typical < 0, typical, 0.0), np.where(typical > 0, typical, 0.0)], axis=1)
    weight, shares = np.ones(len(off)), np.zeros(2)
    for _ in range(20):
        shares = np.linalg.solve(slopes.T @ (weight[:, None] * slopes) + _PRIOR * np.eye(2), slopes.T @ (weight * off))
        left = np.abs(off - slopes @ shares)
        weight = 1.0 / np.maximum(1.0, left / _STRETCH_CENTS)
    sides = np.array([-TYPICAL_CENTS[0], TYPICAL_CENTS[N_KEYS - 1]])
    shares = np.clip(shares, -_MOST_STRETCH / sides, _MOST_STRETCH / sides)
    return round(float(shares[0]), 3), round(float(shares[1]), 3)


def _off_typical(strokes: Sequence[Stroke], plan: Sequence[Asked]) -> NDArray[np.float64]:
    """How far each stroke lies from where a typical piano at 440 Hz has it, cents."""
    return np.array([stroke.cents - TYPICAL_CENTS[plan[stroke.asked].midi - MIDI_LOW] for stroke in strokes])


def _tuning_cents(strokes: Sequence[Stroke], plan: Sequence[Asked]) -> float:
    """The median of the middle keys, or of all where too few of these were heard."""
    off = _off_typical(strokes, plan)
    middle = np.array([_MIDDLE[0] <= plan[stroke.asked].midi <= _MIDDLE[1] for stroke in strokes])
    return float(np.median(off[middle] if np.sum(middle) >= _LEAST_OF_MIDDLE else off))


def _loudness(strokes: Sequence[Stroke], plan: Sequence[Asked]) -> Loudness | None:
    """How level goes with key and stroke; None where soft and loud strokes cannot be told apart."""
    told = [stroke for stroke in strokes if plan[stroke.asked].dynamic != "plain"]
    fitted = _fit_loudness(strokes, plan)
    if fitted is None or {plan[stroke.asked].dynamic for stroke in told} != {"soft", "loud"}:
        return None
    off, as_usual = [], []
    for stroke in told:  # Each by what the strokes of the other keys say.
        key, asked = plan[stroke.asked].midi, plan[stroke.asked].velocity
        others = _fit_loudness([s for s in strokes if plan[s.asked].midi != key], plan)
        if others is None:
            return None
        heard = float(others.velocity(np.array([stroke.level_db]))[0, key - MIDI_LOW])
        off.append(abs(heard - asked))
        as_usual.append(abs(MEDIUM - asked))
    return fitted if np.mean(off) <= np.mean(as_usual) - _LEAST_VELOCITY_GAIN else None


def _fit_loudness(strokes: Sequence[Stroke], plan: Sequence[Asked]) -> Loudness | None:
    if len(strokes) < LEAST_HEARD:
        return None
    asked = [plan[stroke.asked] for stroke in strokes]
    octaves = np.array([(one.midi - 60) / 12.0 for one in asked])
    velocity = np.array([one.velocity - MEDIUM for one in asked])
    level_db = np.array([stroke.level_db for stroke in strokes])
    if not np.ptp(velocity) > 0:
        return None
    columns = np.stack([np.ones(len(octaves)), octaves, velocity], axis=1)
    middle, octave, slope = (float(value) for value in np.linalg.lstsq(columns, level_db, rcond=None)[0])
    if slope * np.ptp(velocity) < _LOUDER_DB:
        return None
    return Loudness(round(middle, 2), round(float(np.clip(octave, -20.0, 20.0)), 2), round(min(slope, 2.0), 4))
