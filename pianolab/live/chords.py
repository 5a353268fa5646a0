"""What musicians call the keys that sound together: C, Am7, C/E, or for two notes the interval between them.

A set of MIDI numbers comes in, a Chord comes out, or None where no name fits: a name is never forced on a cluster. In
which octave a key lies, and whether it is doubled, does not change the name; only the lowest key does, for it makes
the inversion. C E G with E lowest is C/E, the first inversion of C major. Four kinds of triad, the two suspended ones,
seventh and sixth chords are known; a seventh chord may lack its perfect fifth, as players often leave it out.

Some sets have two readings. C E G A is C6 and also A minor seventh on C: the reading on the lowest key comes first, and
``Chord.others`` holds the rest. The members of diminished sevenths and augmented triads are equally far apart, so these
are always named after their lowest key.

Names of the kinds follow Harte, Sandler, Abdallah and Gomez, "Symbolic representation of musical chords: a proposed
syntax for text annotations", ISMIR 2005, which mir_eval reads.
"""

from dataclasses import dataclass

import numpy as np

from pianolab.units import NOTE_STYLES

# How far each member of a chord is from its root, as letters: the third of C is some E, its seventh some B.
_LETTERS = {0: 0, 2: 1, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4, 8: 4, 9: 5, 10: 6, 11: 6}
_DEGREES = {2: "2", 3: "b3", 4: "3", 5: "4", 6: "b5", 7: "5", 8: "#5", 9: "6", 10: "b7", 11: "7"}  # as Harte writes
_NATURALS = (0, 2, 4, 5, 7, 9, 11)  # semitones of C D E F G A B
_MAX_MIDI = 127


@dataclass(frozen=True)
class ChordKind:
    """A kind of chord.

    Attributes
    ----------
    suffix : str
        Written after the root: 'm7' in Cm7.
    spoken : str
        As it is said: 'minor seventh'.
    harte : str
        Harte's shorthand: 'min7'.
    intervals : tuple of int
        Semitones of its members above the root, rising from 0.
    minor : bool
        Whether roots are spelt as those of minor keys: C#m, but Db.
    """

    suffix: str
    spoken: str
    harte: str
    intervals: tuple
    minor: bool = False


# Where the lowest key does not decide between two readings, the earlier kind wins.
KINDS = (
    ChordKind("", "major", "maj", (0, 4, 7)),
    ChordKind("m", "minor", "min", (0, 3, 7), minor=True),
    ChordKind("dim", "diminished", "dim", (0, 3, 6), minor=True),
    ChordKind("aug", "augmented", "aug", (0, 4, 8)),
    ChordKind("sus4", "suspended fourth", "sus4", (0, 5, 7)),
    ChordKind("sus2", "suspended second", "sus2", (0, 2, 7)),
    ChordKind("7", "dominant seventh", "7", (0, 4, 7, 10)),
    ChordKind("maj7", "major seventh", "maj7", (0, 4, 7, 11)),
    ChordKind("m7", "minor seventh", "min7", (0, 3, 7, 10), minor=True),
    ChordKind("m7b5", "half-diminished seventh", "hdim7", (0, 3, 6, 10), minor=True),
    ChordKind("dim7", "diminished seventh", "dim7", (0, 3, 6, 9), minor=True),
    ChordKind("mMaj7", "minor major seventh", "minmaj7", (0, 3, 7, 11), minor=True),
    ChordKind("6", "sixth", "maj6", (0, 4, 7, 9)),
    ChordKind("m6", "minor sixth", "min6", (0, 3, 7, 9), minor=True),
)
_SIXTHS = ("6", "m6")  # only on their root: any other member lowest makes them inversions of a seventh chord
_WITHOUT_FIFTH = ("7", "maj7", "m7", "mMaj7")
_ORDINALS = ("", "first", "second", "third")

# Letter and accidental of the twelve roots: the side of the circle of fifths with fewer signs.
_MAJOR_ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_DIMINISHED_ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")  # they lead up to the next key

_INTERVALS = (
    "unison",
    "minor second",
    "major second",
    "minor third",
    "major third",
    "perfect fourth",
    "tritone",
    "perfect fifth",
    "minor sixth",
    "major sixth",
    "minor seventh",
    "major seventh",
    "octave",
)
_COMPOUND = {
    13: "minor ninth",
    14: "major ninth",
    15: "minor tenth",
    16: "major tenth",
    17: "perfect eleventh",
    19: "perfect twelfth",
    20: "minor thirteenth",
    21: "major thirteenth",
    24: "double octave",
}


@dataclass(frozen=True)
class Chord:
    """A chord that has a name.

    Attributes
    ----------
    root : int
        Pitch class, 0 = C to 11 = B.
    kind : ChordKind
    midi : tuple of int
        The keys, rising.
    """

    root: int
    kind: ChordKind
    midi: tuple

    @property
    def inversion(self):
        """0 in root position, 1 with the second member lowest (the third of a triad), and so on."""
        return self.kind.intervals.index((self.midi[0] - self.root) % 12)

    @property
    def complete(self):
        """Whether all members sound; a seventh chord may lack its fifth."""
        return len({m % 12 for m in self.midi}) == len(self.kind.intervals)

    @property
    def others(self):
        """Other chords of the same keys, such as Am7/C for C6: tuple of Chord."""
        return tuple(chord for chord in _readings(self.midi) if chord.kind != self.kind)

    @property
    def harte(self):
        """The label in Harte's syntax, 'C:maj/3': it says the same to mir_eval."""
        interval = (self.midi[0] - self.root) % 12
        root = _spelt(self.root, 0, self._root_letter, NOTE_STYLES["C4"])
        kind = self.kind.harte + ("" if self.complete else "(*5)")
        return f"{root}:{kind}" + (f"/{_DEGREES[interval]}" if interval else "")

    def symbol(self, *, style="C4"):
        """The written name: 'Am7', 'C/E'; in solfège 'La m7', 'Do/Mi'.

        Parameters
        ----------
        style : str
            One of pianolab.units.NOTE_STYLES.
        """
        suffix = self.kind.suffix + ("" if self.complete else "(no5)")
        space = " " if style != "C4" and suffix[:1].isalpha() else ""  # 'Dom7' would be read as dominant
        bass = f"/{self.member(self.midi[0], style=style)}" if self.inversion else ""
        return f"{self._root_name(style)}{space}{suffix}{bass}"

    def spoken(self, *, style="C4"):
        """The name as it is said: 'C major, first inversion', 'B flat minor seventh'."""
        root = self._root_name(style)
        name = root.rstrip("#b") + {"": "", "#": " sharp", "b": " flat"}[root[len(root.rstrip("#b")) :]]
        parts = [f"{name} {self.kind.spoken}"]
        if not self.complete:
            parts.append("without the fifth")
        if self.inversion:
            parts.append(f"{_ORDINALS[self.inversion]} inversion")
        return ", ".join(parts)

    def member(self, midi, *, style="C4"):
        """How this chord spells one of its keys, without the octave: Ab in F minor, G# in E major.

        What would take a double sharp or flat has its plain name: A in Cdim7.

        Raises
        ------
        ValueError
            If the key is no member of the chord.
        """
        interval = (int(midi) - self.root) % 12
        if interval not in self.kind.intervals:
            raise ValueError(f"MIDI {midi} is no member of {self.symbol()}: pass one of {self.midi}")
        # nine semitones up is a sixth, but in a diminished seventh chord it is written as a seventh: Eb in F#dim7
        letters = 6 if (self.kind.suffix, interval) == ("dim7", 9) else _LETTERS[interval]
        return _spelt(self.root, interval, self._root_letter + letters, NOTE_STYLES[style])

    def member_name(self, midi, *, style="C4"):
        """As ``member``, with the scientific octave number of the key as it is spelt: 'Ab4', 'B#3'."""
        name = self.member(midi, style=style)
        accidental = name.count("#") - name.count("b")
        return f"{name}{(int(midi) - accidental) // 12 - 1}"

    @property
    def _root_letter(self):
        return "CDEFGAB".index(self._root_text[0])

    @property
    def _root_text(self):
        if 6 in self.kind.intervals:
            return _DIMINISHED_ROOTS[self.root]
        return (_MINOR_ROOTS if self.kind.minor else _MAJOR_ROOTS)[self.root]

    def _root_name(self, style):
        return _spelt(self.root, 0, self._root_letter, NOTE_STYLES[style])


def name_chord(midi):
    """The chord that a set of keys makes.

    Parameters
    ----------
    midi : iterable of int
        MIDI numbers in any order, doublings allowed.

    Returns
    -------
    Chord or None
        None where no name fits, also for fewer than three different notes (see ``name_interval``).

    Raises
    ------
    ValueError
        If a number is no MIDI number.

    Examples
    --------
    >>> name_chord([64, 67, 72]).symbol(), name_chord([64, 67, 72]).spoken()
    ('C/E', 'C major, first inversion')
    """
    return next(iter(_readings(_checked(midi))), None)


def name_interval(midi):
    """The interval between two notes.

    Parameters
    ----------
    midi : iterable of int
        MIDI numbers in any order. More than two keys are named if they are two notes doubled in octaves; octaves do
        not count then.

    Returns
    -------
    str or None
        'major third', 'major tenth', 'perfect fifth and 3 octaves'; None unless there are two different keys and at
        most two different notes.

    Raises
    ------
    ValueError
        If a number is no MIDI number.

    Examples
    --------
    >>> name_interval([60, 64])
    'major third'
    """
    midi = _checked(midi)
    others = {m % 12 for m in midi} - {midi[0] % 12} if midi else set()
    if len(midi) < 2 or len(others) > 1:
        return None
    if len(midi) > 2:
        return _INTERVALS[min((m - midi[0]) % 12 for m in midi if m % 12 in others)] if others else _INTERVALS[12]
    octaves, rest = divmod(midi[1] - midi[0], 12)
    semitones = midi[1] - midi[0]
    if semitones <= 12 or semitones in _COMPOUND:
        return _COMPOUND.get(semitones) or _INTERVALS[semitones]
    if not rest:
        return f"{octaves} octaves"
    return f"{_INTERVALS[rest]} and {'an octave' if octaves == 1 else f'{octaves} octaves'}"


def _checked(midi):
    """The different keys, rising."""
    given = np.asarray(list(midi), dtype=float)
    wrong = ~((given >= 0) & (given <= _MAX_MIDI) & (given == np.round(given)))
    if np.any(wrong):
        raise ValueError(f"{given[wrong][0]:g} is no MIDI number: use whole numbers from 0 to {_MAX_MIDI}, 60 is C4")
    return tuple(sorted({int(m) for m in given}))


def _readings(midi):
    """All chords that these keys may be called, the best first."""
    classes = {m % 12 for m in midi}
    found = []
    for place, kind in enumerate(KINDS):
        for root in classes:
            on_bass = root == midi[0] % 12
            above = {(c - root) % 12 for c in classes}
            whole = above == set(kind.intervals)
            without_fifth = kind.suffix in _WITHOUT_FIFTH and above == set(kind.intervals) - {7}
            if (whole or without_fifth) and (on_bass or kind.suffix not in _SIXTHS):
                found.append((not on_bass, place, Chord(root, kind, midi)))
    return tuple(chord for _, _, chord in sorted(found, key=lambda reading: reading[:2]))


def _spelt(root, interval, letter, names):
    """Name of the note so many semitones above a root, on a given letter if one sharp or flat is enough for it."""
    natural = _NATURALS[letter % 7]
    accidental = (root + interval - natural + 6) % 12 - 6
    if abs(accidental) > 1:  # a beginner finds A on the keyboard, but not Bbb
        return names[(root + interval) % 12]
    return names[natural] + ("", "#", "b")[accidental]
