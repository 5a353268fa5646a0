"""Which chord sounds now: notes come in as they are heard, and a named chord goes out when the keys have settled.

The keys of a chord are not struck, heard or let go at the very same moment. So the tracker waits: 80 ms after the first
stroke, or 150 ms after the first release if no stroke follows it before then. Times are those of the stream, not of a
clock. So the chords do not depend on the blocks in which the sound came.

The name is that of all keys that sound. These may have no name: a melody goes over a held chord, or the pedal keeps an
old chord beneath a new one. Then the name is that of the last three or more keys which were struck together and still
sound. The keys of a chord also fade one by one. Its name stays while one of them sounds, until another key is struck.
"""

from collections.abc import Iterable

from pianolab.live.chords import CHORD_S, describe
from pianolab.live.messages import ChordHeard, NoteHeard

SETTLE_ON_S = 0.08  # A soft key of a chord is heard some frames after the loud ones.
SETTLE_OFF_S = 0.15  # Hands leave the keys of a chord one after the other.


class ChordTracker:
    """Follows the keys that sound and names what they make.

    Parameters
    ----------
    number : int
        Number of the listener, which the chords carry.

    Examples
    --------
    >>> tracker = ChordTracker()
    >>> stroke = {"kind": "on", "time_s": 1.0, "heard_s": 1.0}
    >>> tracker.push([{**stroke, "note": key, "midi": key} for key in (60, 64, 67)], 1.05)
    []
    >>> tracker.push([], 1.10)[0]["texts"]["C4"]["symbol"]
    'C'
    """

    def __init__(self, *, number: int = 0):
        self.number = number
        self._sounding: dict[int, tuple[int, float]] = {}  # note number -> MIDI number and onset in seconds
        self._due_s: float | None = None  # when the keys will have settled; None while nothing is new
        self._struck = False  # whether a key was struck since the last chord
        self._told: tuple[int, ...] = ()  # the keys of the last chord
        self._named: list[int] = []  # the keys that its name was about

    def push(self, events: Iterable[NoteHeard], now_s: float) -> list[ChordHeard]:
        """Take notes in the order in which they were heard.

        Parameters
        ----------
        events : iterable of NoteHeard
        now_s : float
            How far the stream has been heard, seconds.

        Returns
        -------
        list of ChordHeard
            One for each time that the keys settled.
        """
        chords: list[ChordHeard] = []
        for event in events:
            chords += self._settled(event["heard_s"])
            self._take(event)
        return chords + self._settled(now_s)

    def end(self, now_s: float) -> list[ChordHeard]:
        """The stream pauses: nothing sounds any more.

        Parameters
        ----------
        now_s : float
            How far the stream has been heard, seconds.

        Returns
        -------
        list of ChordHeard
            One without keys, if the last one had some.
        """
        self._sounding.clear()
        return [self._chord(now_s)] if self._told or self._struck else []

    def _take(self, event: NoteHeard):
        kind = event["kind"]
        if kind == "off":
            self._sounding.pop(event["note"], None)
        else:
            self._sounding[event["note"]] = event["midi"], event["time_s"]
        due_s = event["heard_s"] + (SETTLE_OFF_S if kind == "off" else SETTLE_ON_S)
        first_stroke = kind == "on" and not self._struck
        # A first stroke sets the time anew: a release shortly before it would cut its chord in two.
        self._due_s = due_s if self._due_s is None or first_stroke else min(self._due_s, due_s)
        self._struck |= kind == "on"

    def _settled(self, now_s: float) -> list[ChordHeard]:
        if self._due_s is None or now_s < self._due_s:
            return []
        if self._struck or self._midi != self._told:
            return [self._chord(self._due_s)]
        self._due_s = None
        return []

    def _chord(self, heard_s: float) -> ChordHeard:
        midi, struck = self._midi, self._struck
        fades = not struck and bool(set(self._named) & set(midi))
        names = describe(midi, groups=[*self._groups(), *([self._named] if fades else [])], language="en")
        self._due_s, self._struck, self._told, self._named = None, False, midi, names["named"]
        last_s = max((onset_s for _, onset_s in self._sounding.values()), default=heard_s)
        return {
            "kind": "chord",
            "listener": self.number,
            "midi": list(midi),
            "struck": struck,
            "time_s": round(last_s, 6),
            "heard_s": round(heard_s, 6),
            **names,
        }

    @property
    def _midi(self) -> tuple[int, ...]:
        return tuple(sorted({midi for midi, _ in self._sounding.values()}))

    def _groups(self) -> list[list[int]]:
        """The keys that were struck together, the last ones first."""
        groups, before_s = [], float("-inf")
        for onset_s, midi in sorted((onset_s, midi) for midi, onset_s in self._sounding.values()):
            if onset_s - before_s > CHORD_S:
                groups.append([])
            groups[-1].append(midi)
            before_s = onset_s
        return groups[::-1]
