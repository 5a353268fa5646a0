"""Which chord sounds now: note events in, an event for every new state of the keys out.

Keys of one chord are never struck or heard at the very same moment, nor let go at once. So a change is told only when
the keys have settled: a little after the first stroke or, where no stroke follows it so soon, a little longer after the
first release. Times are those of the stream and not of a clock, so what is told does not depend on the blocks in which
the sound came.

The name is that of all keys that sound. Where they have none, as when a melody goes over a held chord or the pedal
keeps an old chord beneath a new one, it is that of the last three or more keys that were struck together and still
sound. Keys of a chord fade at different times: until another key is struck, its name stays while one of them sounds.
"""

from pianolab.live.chords import name_chord, name_interval
from pianolab.units import NOTE_STYLES, note_name

CHORD_S = 0.06  # onsets closer than this are struck together
SETTLE_ON_S = 0.08  # from the first stroke heard: a soft key of a chord is heard some frames after the loud ones
SETTLE_OFF_S = 0.15  # from the first release heard: hands leave the keys one after the other


class ChordTracker:
    """Follows the keys that sound and names what they make.

    Parameters
    ----------
    number : int
        Number of the listener, carried by its events.
    """

    def __init__(self, *, number=0):
        self.number = number
        self._sounding = {}  # note number -> (MIDI number, onset in seconds)
        self._due_s = None  # when the keys will have settled
        self._struck = False  # since the last state told
        self._told = ()
        self._named = []  # what the last name was about

    def push(self, events, now_s):
        """Take note events in the order in which they were heard.

        Parameters
        ----------
        events : list of dict
            As pianolab.live.listener.Listener makes them.
        now_s : float
            How far the stream has been heard, seconds.

        Returns
        -------
        list of dict
            kind 'chord', listener, midi (the keys that sound, rising), struck (whether a key was struck since the last
            one), time_s (when the youngest of the keys was struck), heard_s, and what ``describe`` says of them.
        """
        told = []
        for event in events:
            told += self._settled(event["heard_s"])
            self._take(event)
        return told + self._settled(now_s)

    def end(self, now_s):
        """The stream pauses: nothing sounds any more. Return events as ``push`` does."""
        self._sounding.clear()
        return self._tell(now_s) if self._told or self._struck else []

    def _take(self, event):
        kind, number = event["kind"], event["note"]
        if kind == "off":
            self._sounding.pop(number, None)
        else:
            self._sounding[number] = event["midi"], event["time_s"]
        due_s = event["heard_s"] + (SETTLE_OFF_S if kind == "off" else SETTLE_ON_S)
        first_stroke = kind == "on" and not self._struck
        if self._due_s is not None and not first_stroke:  # a release before it must not cut its chord in two
            due_s = min(self._due_s, due_s)
        self._due_s = due_s
        self._struck |= kind == "on"

    def _settled(self, now_s):
        if self._due_s is None or now_s < self._due_s:
            return []
        return self._tell(self._due_s) if self._struck or self._midi != self._told else self._rest()

    def _rest(self):
        self._due_s, self._struck = None, False
        return []

    def _tell(self, heard_s):
        midi, struck = self._midi, self._struck
        self._rest()
        fading = [] if struck or not set(self._named) & set(midi) else [self._named]
        said = describe(midi, groups=[*self._groups(), *fading])
        self._told, self._named = midi, said["named"]
        last_s = max((onset_s for _, onset_s in self._sounding.values()), default=heard_s)
        times = {"time_s": round(last_s, 6), "heard_s": round(heard_s, 6)}
        event = {"kind": "chord", "listener": self.number, "midi": list(midi), "struck": struck, **times}
        return [event | said]

    @property
    def _midi(self):
        return tuple(sorted({midi for midi, _ in self._sounding.values()}))

    def _groups(self):
        """The keys that were struck together, the last first: list of list of int."""
        groups, before_s = [], float("-inf")
        for onset_s, midi in sorted((onset_s, midi) for midi, onset_s in self._sounding.values()):
            if onset_s - before_s > CHORD_S:
                groups.append([])
            groups[-1].append(midi)
            before_s = onset_s
        return groups[::-1]


def describe(midi, *, groups=()):
    """What keys that sound together are called, in every style of note names.

    Parameters
    ----------
    midi : iterable of int
        All of them.
    groups : iterable of list of int
        Other keys to try in this order where all of them make no chord; fewer than three are passed over.

    Returns
    -------
    dict
        named : list of int, the keys that the name is about; others : how else they may be called, list of str;
        texts : for each of pianolab.units.NOTE_STYLES, symbol ('C/E', 'perfect fifth' for two notes, '' where there
        is no name), spoken, and keys (the name of each of ``midi``, spelt as in the chord).
    """
    midi = sorted({int(m) for m in midi})
    parts = [midi, *(sorted(group) for group in groups if len(group) >= 3)]
    chord = next((chord for chord in map(name_chord, parts) if chord is not None), None)
    interval = name_interval(midi) if chord is None else None
    named = list(chord.midi) if chord else midi if interval else []
    texts = {style: _texts(midi, chord, interval, style) for style in NOTE_STYLES}
    return {"named": named, "others": [other.symbol() for other in chord.others] if chord else [], "texts": texts}


def _texts(midi, chord, interval, style):
    keys = [chord.member_name(m, style=style) if chord and m in chord.midi else note_name(m, style=style) for m in midi]
    symbol = chord.symbol(style=style) if chord else interval or ""
    spoken = chord.spoken(style=style) if chord else interval or ""
    return {"symbol": symbol, "spoken": spoken, "keys": keys}
