"""Do the labels belong to the sound? A check before hours are spent on scores that mean nothing.

What comes in: notes as a label file has them (seconds), and the strokes of a sound: how much of it is new every 12 ms.
What goes out: '' if the notes begin where something is struck, else one line that says what is wrong and what to do. A
file may hold milliseconds or samples, belong to another take, begin before the sound, or go on after it.

The fit of notes is the evidence of a stroke at their onsets, as a part of what the strongest strokes of the sound have:
1 if the notes stand on those. Notes that belong to their sound reach 0.43 or more in every recording that was tried,
those of other pieces 0.31 or less in 99 of 100 (``benchmarks/belonging.py``).
"""

import itertools
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.data.pairing import labels_by_sound
from pianolab.dsp.onsets import FLUX_DELAY_S, FLUX_LENGTH, onset_flux
from pianolab.dsp.peaks import correlated, is_local_maximum, widened
from pianolab.frames import Framer, Span
from pianolab.roll import Notes

Array = npt.NDArray[np.floating]

CHECKED_S = 60.0  # So much of the beginning is compared: enough for a hundred notes, and quick where a file is long.
LEAST_FIT = 0.3  # Notes that fit less are of something else.
# A mend that makes notes fit so well is told as a remedy. Those of other pieces reach 0.47 somewhere if they are few,
# 0.37 if they are many; notes of a real piano in a room may reach no more than 0.45 where they belong.
SURE_FIT, SURE_FIT_OF_MANY, MANY = 0.5, 0.4, 32
BETTER = 1.25  # Notes that fit so much better at another time are shifted.
NEAR_S = 0.1  # Labels that are off by less are labels of this sound: encoders and hands are so late.
FAR_S = 30.0  # Shifts up to here are looked for.
AS_GOOD = 0.95  # Of shifts that fit so nearly as well as the best, as in an even beat, the smallest is told.
# A note that ends later after the sound has a wrong end: a quarter of the sound, within so many seconds.
ENDS_LATE, ENDS_LATE_S = 0.25, (3.0, 30.0)
POOR_F1 = 0.5  # An estimate with a lower F1 of key and onset may be in another unit.
FEW = 3  # Where fewer notes begin one knock could be the strongest stroke, so they must fit much worse.
LEAST_FIT_OF_FEW = 0.2
# A sound with so many strokes more, and so many times as many as the labels have, is not described by them. Pieces have
# at most 1.3 times as many, whatever knocks and rooms add; a single note has up to four.
MANY_MORE, MORE_THAN_NOTES = 10, 3.0

_SR, _HOP = 44100, 512
_HOP_S = _HOP / _SR
_TOGETHER_S = 0.03  # Notes of a chord are one stroke.
_FAINTEST = 0.1  # Where even the strongest strokes are fainter than this, nothing can be compared.
_TEMPO_S, _TEMPO_STEP, _TEMPO_NOTES = 30.0, 0.003, 16
_TEMPI = (0.4, 2.5)
_SMEAR = 7  # Frames: so far a note may be off when a tempo is tried.
_UNITS = {"milliseconds": 1e3, "microseconds": 1e6, "minutes": 1 / 60}
_AS_STRONG, _STROKE, _APART = 0.7, 0.3, 4  # Of the notes' own strength; evidence of any stroke; frames between two.
_RISE_FRAMES, _RISES = 4, 0.1  # A stroke whose power rises less than so much of that of others is 10 dB softer.
_OTHER_LENGTH = 2.0  # Notes that end so many times later are in another unit.
_FILLED = 0.2  # In its right unit a label file fills more than this part of the sound.
_RATES = (44100, 48000, 22050, 16000)


@dataclass(frozen=True, eq=False)
class Strokes:
    """Where something is struck in a sound.

    Attributes
    ----------
    strength : (T,) float
        Evidence of a stroke in [0, 1], 86 values a second, from the beginning of the sound.
    length_s : float
        Of the whole sound; the strength may hold its beginning only.
    sr : int
        Rate of the sound, Hz.
    rise : (T,) float or None
        How much more power there is in the 46 ms after than in those before; None where it is not known.
    """

    strength: Array
    length_s: float
    sr: int
    rise: Array | None = None

    def louder(self, n: int) -> "Strokes":
        """The same, but what rises much less than the n largest rises is weaker: noise in a pause is no stroke."""
        if self.rise is None or not n:
            return self
        rise = widened(self.rise, 3)
        full = max(_RISES * float(np.sum(_strongest(self.rise, n))) / n, np.finfo(float).tiny)
        return replace(self, strength=self.strength * np.minimum(1.0, np.sqrt(rise / full)))


def read_strokes(source: str | os.PathLike[str], *, duration_s: float = CHECKED_S) -> Strokes:
    """Read from a sound file where something is struck; it costs a thousandth of the sound's time.

    Parameters
    ----------
    source : str or Path
    duration_s : float
        How much of the beginning is looked at.

    Returns
    -------
    Strokes

    Raises
    ------
    AudioError
        If this is no sound. What is merely poor about it is not said here: whoever hears it says so.
    """
    return read_strokes_and_remarks(source, duration_s=duration_s)[0]


def read_strokes_and_remarks(
    source: str | os.PathLike[str], *, duration_s: float | None = CHECKED_S
) -> tuple[Strokes, list[str]]:
    """As `read_strokes`, and what is poor about the sound.

    Parameters
    ----------
    source : str or Path
    duration_s : float, optional
        How much of the beginning is looked at; all if None.

    Returns
    -------
    strokes : Strokes
    remarks : list of str
        One line each; empty if nothing is.

    Raises
    ------
    AudioError
        If this is no sound.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        claimed_s = sound.info(source).seconds
        parts: list[tuple[Array, Array]] = []
        read_s = 0.0
        with sound.blocks(source, duration_s=duration_s) as stream:
            sr = stream.sr
            resampler = sound.Resampler(sr_in=sr, sr_out=_SR)
            framer = Framer(frame_length=FLUX_LENGTH + _HOP, hop_length=_HOP, sr=_SR, lookahead=FLUX_LENGTH)
            for y in stream:
                read_s += len(y) / sr
                parts.extend(_evidence(framer.push(resampler.push(y))))
        parts.extend(_evidence(itertools.chain(framer.push(resampler.flush()), framer.flush())))
    strength, power = (np.concatenate(column) for column in zip((np.zeros(0), np.zeros(0)), *parts, strict=True))
    remarks = [str(warning.message) for warning in caught if issubclass(warning.category, sound.AudioWarning)]
    return Strokes(strength, max(claimed_s, read_s), sr, _rise(power)), list(dict.fromkeys(remarks))


def _evidence(spans: Iterable[Span]) -> Iterator[tuple[Array, Array]]:
    """Strength of strokes and power, frame by frame; the newest samples of a frame begin at its time."""
    for span in spans:
        hops = span.samples[_HOP : (span.n_frames + 1) * _HOP].reshape(span.n_frames, _HOP)
        strength = onset_flux(span.samples, n_frames=span.n_frames, hop_length=_HOP)[:, 0]
        yield strength, np.mean(np.square(hops, dtype=np.float64), axis=1)


def _rise(power: Array) -> Array:
    """How much more there is in the frames after each frame than in those before."""
    padded = np.pad(power, (_RISE_FRAMES, _RISE_FRAMES + 1))
    mean = np.convolve(padded, np.full(_RISE_FRAMES, 1.0 / _RISE_FRAMES), mode="valid")
    return np.maximum(mean[_RISE_FRAMES + 1 :][: len(power)] - mean[: len(power)], 0.0)


def misfit(notes: Notes, strokes: Strokes) -> str:
    """Why notes cannot be those of a sound.

    Parameters
    ----------
    notes : Notes
        All that a label file holds.
    strokes : Strokes
        Of the sound, from `read_strokes`.

    Returns
    -------
    str
        One line with the remedy; '' if nothing speaks against it.

    Examples
    --------
    Strokes at 1, 2 and 4 s; notes at the same times in milliseconds, notes 0.5 s early, and notes that are right.

    >>> strength = np.zeros(431)
    >>> strength[[86, 172, 344]] = 1.0
    >>> heard = Strokes(strength, length_s=5.0, sr=44100)
    >>> misfit(Notes([1000, 2000, 4000], [1500, 2500, 4500], [60, 62, 64]), heard)
    'no note begins within the 5.0 s of sound: the times look like milliseconds, divide them by 1000'
    >>> misfit(Notes([0.5, 1.5, 3.5], [1, 2, 4], [60, 62, 64]), heard)
    'the notes begin 0.51 s before the strokes of the sound: add 0.51 s to their times'
    >>> misfit(Notes([1, 2, 4], [1.5, 2.5, 4.5], [60, 62, 64]), heard)
    ''
    """
    if not len(notes):
        return ""
    length_s = strokes.length_s
    n_late = int(np.sum(notes.onset > length_s + NEAR_S))
    fit = Fit(strokes, notes.onset)
    # Noise in a pause may be as new as a stroke, but it is not as loud: labels that fit in one way are not suspected.
    among_loud = Fit(strokes.louder(fit.n), notes.onset)
    is_other = (fit.is_bad and among_loud.is_bad) or n_late == len(notes)
    unit = _unit(notes, strokes) if is_other else ""
    if fit.is_shifted and among_loud.there > among_loud.here and not unit:
        return _shift(fit.shift_s)
    late = f"{n_late} of {len(notes)} notes begin after the end of the sound ({length_s:.1f} s)"
    if is_other:
        where = late if n_late else "the notes do not begin where something is struck in the sound"
        where = where if n_late < len(notes) else f"no note begins within the {length_s:.1f} s of sound"
        return f"{where}: {unit or _tempo(notes, strokes) or 'name the labels of this take'}"
    if n_late:
        return f"{late}: it is cut short, or of another take"
    n_more = _unexplained(strokes, notes.onset)
    if n_more >= max(MANY_MORE, MORE_THAN_NOTES * fit.n):
        return f"{n_more} strokes of the sound are no note of the labels: they are of another take, or of a part of it"
    over_s = float(np.max(notes.offset)) - length_s
    if over_s > np.clip(ENDS_LATE * length_s, *ENDS_LATE_S):
        return f"a note ends {over_s:.0f} s after the sound ({length_s:.1f} s): look at its end in the labels"
    return ""


def beside(path: str | os.PathLike[str], suffixes: Iterable[str]) -> Path | None:
    """The file of the same name with another suffix, such as the labels beside a sound.

    Names that differ in accents and capitals only are the same, as `pianolab.data.pairing` says.

    Parameters
    ----------
    path : str or Path
    suffixes : iterable of str
        Such as ``.mid``, in the order in which they are looked for.

    Returns
    -------
    Path or None
        None if there is none.

    Examples
    --------
    >>> from pianolab.data import data_dir
    >>> beside(data_dir() / "clips" / "C4.flac", [".tsv", ".mid"]).name
    'C4.mid'
    """
    path, suffixes = Path(path), tuple(suffixes)
    found = (path.with_suffix(suffix) for suffix in suffixes)
    if file := next((file for file in found if file.is_file()), None):
        return file
    try:
        names = sorted(entry.name for entry in os.scandir(path.parent) if entry.is_file())
    except OSError:
        return None
    there = [path.with_name(name) for name in names]
    candidates = [file for file in there if file.suffix.lower() in suffixes]
    rivals = [file for file in there if file.suffix.lower() == path.suffix.lower()]
    alike = labels_by_sound({path, *rivals}, candidates)[path]
    return min(alike, key=lambda file: suffixes.index(file.suffix.lower()), default=None)


def other_unit(estimate: Notes, labels: Notes) -> str:
    """In which unit an estimate or its labels seem to be, where one ends long after the other.

    Parameters
    ----------
    estimate, labels : Notes
        Of which no two begin together.

    Returns
    -------
    str
        One line; '' if their lengths are alike.

    Examples
    --------
    >>> other_unit(Notes([500], [1000], [60]), Notes([0.5], [1.0], [60]))
    'the estimate ends at 1000 s, the labels at 1 s: the estimate looks like milliseconds, divide its times by 1000'
    """
    if not (len(estimate) and len(labels)):
        return ""
    estimate_s, labels_s = float(np.max(estimate.offset)), float(np.max(labels.offset))
    ratio = max(estimate_s, labels_s) / max(min(estimate_s, labels_s), _HOP_S)
    if ratio < _OTHER_LENGTH:
        return ""
    longer = "the estimate looks" if estimate_s > labels_s else "the labels look"
    units = {"milliseconds": 1e3, "microseconds": 1e6} | {f"samples at {rate} Hz": float(rate) for rate in _RATES}
    name = min(units, key=lambda name: abs(np.log(units[name] / ratio)))
    likely = "is one of another take, or in another unit?"
    if abs(np.log(units[name] / ratio)) < np.log(_OTHER_LENGTH) / 2:
        whose = "its" if estimate_s > labels_s else "their"
        likely = f"{longer} like {name}, divide {whose} times by {units[name]:g}"
    return f"the estimate ends at {estimate_s:g} s, the labels at {labels_s:g} s: {likely}"


class Fit:
    """How well notes fit to strokes, at their times and at others; without strokes nothing speaks against notes.

    Parameters
    ----------
    strokes : Strokes
    onset_s : (n,) array
        When the notes begin, in order, seconds.
    smear : int
        In so many frames (12 ms) a stroke counts.

    Attributes
    ----------
    n : int
        Strokes that the notes ask for in the part that is compared.
    here : float
        The fit at the times of the notes: 1 where they stand on the strongest strokes, about 0 where they do not
        belong.
    there, shift_s : float
        The best fit at other times, and how much later that is, seconds; the smallest of shifts that fit as well.
    """

    def __init__(self, strokes: Strokes, onset_s: Array, *, smear: int = 1):
        strength = strokes.strength
        onset_s = onset_s[np.diff(onset_s, prepend=-np.inf) > _TOGETHER_S]
        frames = np.round((onset_s + FLUX_DELAY_S) / _HOP_S)
        frames = np.maximum(frames[frames < len(strength)], 0).astype(np.int64)
        self.n, self.here, self.there, self.shift_s = len(frames), 1.0, 0.0, 0.0
        if not self.n:
            return
        top = np.sum(_strongest(strength - np.mean(strength), self.n))
        if top <= _FAINTEST * self.n:
            return
        strength = widened(strength, smear)
        struck = np.bincount(frames, minlength=len(strength))
        fit = correlated(strength - np.mean(strength), struck) / top
        shift_s = np.arange(1 - len(strength), len(strength)) * _HOP_S
        self.here = float(np.max(fit[np.abs(shift_s) <= NEAR_S]))
        ends_in_time = onset_s[-1] + shift_s <= strokes.length_s + NEAR_S
        is_peak = fit >= widened(fit, 3)
        far = (np.abs(shift_s) > NEAR_S) & (np.abs(shift_s) <= FAR_S) & ends_in_time & is_peak & (fit > 0)
        if np.any(far):
            self.there = float(np.max(fit[far]))
            as_good = shift_s[far & (fit >= AS_GOOD * self.there)]
            self.shift_s = float(as_good[np.argmin(np.abs(as_good))])

    @property
    def sure(self) -> float:
        """How well notes must fit to be told a remedy."""
        return SURE_FIT if self.n < MANY else SURE_FIT_OF_MANY

    @property
    def is_bad(self) -> bool:
        """Whether the notes are of something else."""
        return self.here < (LEAST_FIT if self.n >= FEW else LEAST_FIT_OF_FEW)

    @property
    def is_shifted(self) -> bool:
        """Whether the notes belong to the sound, but at another time."""
        return self.there >= self.sure and self.there > BETTER * self.here and (self.n >= FEW or self.is_bad)


def _unexplained(strokes: Strokes, onset_s: Array) -> int:
    """How many strokes about as strong as those of the notes, and not much softer, stand where no note begins."""
    n = len(strokes.strength)
    frames = np.maximum(np.round((onset_s + FLUX_DELAY_S) / _HOP_S), 0).astype(np.int64)
    is_note = np.bincount(frames[frames < n], minlength=n) > 0
    if not np.any(is_note):
        return 0
    near = widened(is_note.astype(np.uint8), 2 * round(NEAR_S / _HOP_S) + 1) > 0

    def of_notes(values: Array) -> float:
        return float(np.median(widened(values, 2 * round(NEAR_S / _HOP_S) + 1)[is_note]))

    as_strong = strokes.strength >= max(_AS_STRONG * of_notes(strokes.strength), _STROKE)
    if strokes.rise is not None:
        as_strong &= widened(strokes.rise, 3) >= _RISES * of_notes(strokes.rise)
    peaks = is_local_maximum(strokes.strength, apart=_APART)
    return int(np.sum(as_strong[peaks] & ~near[peaks]))


def _strongest(strength: Array, n: int) -> Array:
    """The n strongest strokes; a stroke is larger than its neighbours."""
    return np.sort(strength[is_local_maximum(strength, in_a_circle=True)])[::-1][:n]


def _shift(shift_s: float) -> str:
    when, what = ("before", "add {} s to") if shift_s > 0 else ("after", "take {} s from")
    seconds = f"{abs(shift_s):.2f}"
    return f"the notes begin {seconds} s {when} the strokes of the sound: {what.format(seconds)} their times"


def _unit(notes: Notes, strokes: Strokes) -> str:
    """In which unit the times fit, and what to do; '' if there is none."""
    rates = dict.fromkeys((strokes.sr, *_RATES))
    units = _UNITS | {f"samples at {rate} Hz": float(rate) for rate in rates}
    best, found = 0.0, ""
    for name, per_second in units.items():
        fit = Fit(strokes, notes.onset / per_second)
        fills = _FILLED * strokes.length_s < np.max(notes.offset) / per_second
        inside = notes.onset[-1] / per_second <= strokes.length_s + NEAR_S
        if fills and inside and fit.n and fit.here > max(best, fit.sure):
            how = f"divide them by {per_second:g}" if per_second > 1 else f"multiply them by {1 / per_second:g}"
            best, found = fit.here, f"the times look like {name}, {how}"
    return found


def _tempo(notes: Notes, strokes: Strokes) -> str:
    """By what all times must be multiplied to fit the first half minute; '' if nothing makes them fit."""
    beginning = Strokes(strokes.strength[: int(_TEMPO_S / _HOP_S)], strokes.length_s, strokes.sr)
    whole = strokes.length_s / max(float(notes.onset[-1]), _HOP_S)  # The last note then begins where the sound ends.
    rough, fit = 0.0, SURE_FIT
    for low, high in (_TEMPI, (0.5 * whole, whole)):
        factors = np.geomspace(low, high, int(np.log(high / low) / _TEMPO_STEP))
        rough, fit = max((rough, fit), _best_factor(notes, beginning, factors, smear=_SMEAR), key=lambda pair: pair[1])
    if not rough:
        return ""
    factor, _ = _best_factor(notes, strokes, rough * np.linspace(1 - _TEMPO_STEP, 1 + _TEMPO_STEP, 25), smear=1)
    return f"the times fit if they are multiplied by {factor:.4g}, as beats or a take in another tempo"


def _best_factor(notes: Notes, strokes: Strokes, factors: Array, *, smear: int) -> tuple[float, float]:
    """The factor with which notes fit best, and how well they fit; 0 where too few of them begin within the strokes."""
    tried = ((float(factor), Fit(strokes, notes.onset * factor, smear=smear)) for factor in factors)
    found = [(factor, fit.here) for factor, fit in tried if fit.n >= _TEMPO_NOTES]
    return max(found, key=lambda pair: pair[1], default=(0.0, 0.0))
