"""A scale that is asked for note by note while somebody plays it.

What comes in: blocks of sound as they arrive. What goes out: which key is asked for now, and what was heard last. A
player who hears nothing can see both. A key counts when its own partials sound, however the piano is tuned; another key
is named, and the asked one waits for two more tries. It can be skipped, and the one before can be asked for again.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pianolab import sound
from pianolab.dsp.piano_profile import TYPICAL_CENTS
from pianolab.my_piano.plan import PLAN, QUIET_S, Asked
from pianolab.my_piano.strokes import SR, Spectrum, levels, onsets_of
from pianolab.units import MIDI_HIGH, MIDI_LOW

State = Literal["quiet", "asking", "done"]

LOOKS_EVERY_S = 0.2  # Strokes are looked for so often.
SETTLES_S = 0.8  # So much of a stroke is heard before its key is named.
LONGEST_S = 600.0  # Nobody needs longer for a scale; older sound would fill the memory.
_RISE_DB = 15.0  # A stroke in a quiet room makes three bands louder by so much.
_UNKNOWN_CENTS = 120.0  # So far from 440 Hz a piano may be before anything is known of it ...
_KNOWN_CENTS = 60.0  # ... and so far a key from the others.
_STEP_CENTS = 10.0
_SURE_AFTER = 3  # So many keys tell how the piano is tuned.
_AS_GOOD = 0.6  # The asked key need not fit better than others, which share its partials, only nearly as well.
_HIGHEST = 0.85  # Of the best fit.
_MOST_TRIES = 3  # After so many strokes that are not heard as the asked key it is left out.
_LEAST_FIT = 0.12  # What fits no key at least so well was no string.


@dataclass(frozen=True)
class Prompted:
    """What the player should do now.

    Attributes
    ----------
    state : {'quiet', 'asking', 'done'}
        The room alone is listened to; a key is asked for; nothing more is asked.
    number, of : int
        The how manyth note is asked for, from 0, and how many there are.
    asked : Asked or None
        That note.
    heard : int or None
        The key that was heard last, MIDI; None before the first.
    was_right : bool
        Whether that was the one that was asked for.
    """

    state: State
    number: int
    of: int
    asked: Asked | None
    heard: int | None
    was_right: bool


class GuidedScale:
    """Asks for the notes of a plan, one after the other.

    Parameters
    ----------
    sr : float
        Rate of the blocks in Hz.
    plan : tuple of Asked
        What is asked for.

    Examples
    --------
    >>> from pianolab.my_piano.plan import as_notes
    >>> from pianolab.piano import render
    >>> guide = GuidedScale(sr=22050, plan=PLAN[:2])
    >>> guide.now.state
    'quiet'
    >>> for block in np.array_split(render(as_notes(PLAN[:2]), sr=22050), 40):
    ...     now = guide.push(block)
    >>> now.state, [asked.name for asked in guide.played]
    ('done', ['C4', 'G4'])
    """

    def __init__(self, *, sr: float, plan: tuple[Asked, ...] = PLAN):
        self.sr, self.plan = sr, plan
        self._resampler = sound.Resampler(sr_in=round(sr), sr_out=SR)
        self._blocks: list[NDArray[np.float32]] = []
        self._heard_s = 0.0
        self._recent = np.zeros(0, np.float32)  # since the note was asked for, at ``SR``
        self._quiet = np.zeros(0, np.float32)
        self._since_look = 0
        self._noise_db = -200.0
        self._number = 0
        self._is_right: dict[int, float] = {}  # number of a note that was played -> its cents
        self._heard: int | None = None
        self._was_right = False
        self._tries = 0

    @property
    def now(self) -> Prompted:
        """What is asked for at this moment."""
        is_done = self._number >= len(self.plan) or self._heard_s >= LONGEST_S
        quiet = len(self._quiet) < QUIET_S * SR
        state: State = "quiet" if quiet else "done" if is_done else "asking"
        asked = self.plan[self._number] if state == "asking" else None
        return Prompted(state, min(self._number, len(self.plan)), len(self.plan), asked, self._heard, self._was_right)

    @property
    def played(self) -> tuple[Asked, ...]:
        """The notes that were played as they were asked for, in order."""
        return tuple(self.plan[number] for number in sorted(self._is_right))

    @property
    def y(self) -> NDArray[np.float32]:
        """All that was heard, (n,) float32 at ``sr``."""
        return np.concatenate([*self._blocks, np.zeros(0, np.float32)])

    def skip(self) -> Prompted:
        """Ask for the next note: this piano has no such key, or it does not sound."""
        self._turn(self._number + 1)
        return self.now

    def repeat(self) -> Prompted:
        """Ask for the note before once more."""
        self._turn(max(0, self._number - 1))
        self._is_right.pop(self._number, None)
        return self.now

    def push(self, y: NDArray[np.float32]) -> Prompted:
        """Hear a block.

        Parameters
        ----------
        y : (n,) float32
            Samples in [-1, 1] at ``sr``.

        Returns
        -------
        Prompted
            What is asked for after it.
        """
        y = sound.check_signal(y, sr=self.sr)
        if self._heard_s >= LONGEST_S:
            return self.now
        self._blocks.append(y)
        self._heard_s += len(y) / self.sr
        fresh = self._resampler.push(y)
        missing = max(0, round(QUIET_S * SR) - len(self._quiet))
        if missing:
            self._quiet = np.concatenate([self._quiet, fresh[:missing]])
            level_db = levels(self._quiet)
            self._noise_db = float(np.median(level_db)) if len(level_db) else self._noise_db
        # The last moment of silence is kept, because a stroke is what is louder than the moment before.
        self._recent = np.concatenate([self._recent, fresh])
        self._since_look += len(fresh)
        if missing > len(fresh):
            self._recent = self._recent[-SR:]
        elif self._since_look >= LOOKS_EVERY_S * SR and self.now.state == "asking":
            self._since_look = 0
            self._look()
        return self.now

    def _look(self) -> None:
        onsets, rises_db = onsets_of(self._recent, levels(self._recent), noise_db=self._noise_db)
        strokes = [onset for onset, rise in zip(onsets, rises_db, strict=True) if rise >= _RISE_DB]
        settled = [onset for onset in strokes if onset + SETTLES_S * SR <= len(self._recent)]
        if not settled:
            self._recent = self._recent[-10 * SR :]
            return
        first = settled[0]
        after = next((onset for onset in strokes if onset > first), len(self._recent))
        self._name(Spectrum(self._recent, first, after))
        self._recent = self._recent[first + round(SETTLES_S * SR) - SR // 10 :]

    def _name(self, spectrum: Spectrum) -> None:
        """Is it the asked key? If another fits much better, that was played."""
        asked = self.plan[self._number].midi
        known = len(self._is_right) >= _SURE_AFTER
        centre = float(np.median(list(self._is_right.values()))) if known else 0.0
        reach = _KNOWN_CENTS if known else _UNKNOWN_CENTS
        cents = centre + np.arange(-reach, reach + 1.0, _STEP_CENTS)
        fits = {
            midi: spectrum.fits(midi, cents + TYPICAL_CENTS[midi - MIDI_LOW]) for midi in range(MIDI_LOW, MIDI_HIGH + 1)
        }
        # Before the tuning is known a neighbour may be the asked key of a piano that is out of tune.
        apart = 1 if known else 2
        near = np.abs(cents - centre) <= _KNOWN_CENTS
        others = {midi: float(np.max(fit[near])) for midi, fit in fits.items() if abs(midi - asked) >= apart}
        best = max(others.values())
        own = float(np.max(fits[asked]))
        if max(own, best) < _LEAST_FIT:
            return
        self._was_right = own >= _AS_GOOD * best and own >= _LEAST_FIT
        # Keys an octave or a twelfth below have all partials of a key, so the highest one that fits was struck.
        struck = max(midi for midi, fit in others.items() if fit >= _HIGHEST * best)
        self._heard = asked if self._was_right else struck
        if self._was_right:
            self._is_right[self._number] = float(cents[int(np.argmax(fits[asked]))])
            self._turn(self._number + 1)
            return
        self._tries += 1
        if self._tries >= _MOST_TRIES:
            self._turn(self._number + 1)

    def _turn(self, number: int) -> None:
        self._number, self._tries = min(number, len(self.plan)), 0
