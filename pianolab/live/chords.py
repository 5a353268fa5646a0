"""What musicians call the keys that sound together: C, Am7, C/E, or for two notes the interval between them.

MIDI numbers come in. A Chord comes out, or None where no name fits: no name is invented for a cluster. The name does
not change when a key is doubled or moved by an octave, unless another key becomes the lowest. The lowest key decides on
the inversion: C E G with E lowest is C/E, the first inversion of C major. Known are four kinds of triad, the two
suspended ones, seventh chords and sixth chords. A seventh chord may lack its perfect fifth, which players often omit.

Some sets of keys have two names. C E G A is C6 and also A minor seventh on C. The name whose root is lowest comes
first, and ``Chord.others`` has the rest. In diminished sevenths and augmented triads all members are equally far apart,
so they are always named after their lowest key.

The shorthand of the kinds follows Harte, Sandler, Abdallah and Gomez, "Symbolic representation of musical chords: a
proposed syntax for text annotations", ISMIR 2005, which mir_eval reads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real

from pianolab.errors import PianolabError
from pianolab.live.messages import ChordNames, ChordText
from pianolab.texts.catalogue import Told, say
from pianolab.units import NOTE_STYLES, note_name

CHORD_S = 0.06  # Keys whose onsets are fewer seconds apart count as struck together.

# From semitones above the root to letters above it: the third of C is some E, its seventh some B.
_LETTERS = {0: 0, 2: 1, 3: 2, 4: 2, 5: 3, 6: 4, 7: 4, 8: 4, 9: 5, 10: 6, 11: 6}
# From semitones above the root to the degree in Harte's syntax.
_DEGREES = {2: "2", 3: "b3", 4: "3", 5: "4", 6: "b5", 7: "5", 8: "#5", 9: "6", 10: "b7", 11: "7"}
_NATURALS = (0, 2, 4, 5, 7, 9, 11)  # C D E F G A B lie so many semitones above C.
_MAX_MIDI = 127


@dataclass(frozen=True)
class ChordKind:
    """A kind of chord.

    Attributes
    ----------
    suffix : str
        Written after the root: 'm7' in Cm7.
    harte : str
        Harte's shorthand: 'min7'.
    intervals : tuple of int
        Semitones of its members above the root, rising from 0.
    minor : bool
        Whether roots are spelt as those of minor keys: C#m, but Db.
    """

    suffix: str
    harte: str
    intervals: tuple[int, ...]
    minor: bool = False

    @property
    def spoken(self) -> Told:
        """As it is said: 'minor seventh'."""
        return Told(f"chords.kind_{self.harte}")


# Where the lowest key does not decide between two names, the earlier kind in this list wins.
KINDS = (
    ChordKind("", "maj", (0, 4, 7)),
    ChordKind("m", "min", (0, 3, 7), minor=True),
    ChordKind("dim", "dim", (0, 3, 6), minor=True),
    ChordKind("aug", "aug", (0, 4, 8)),
    ChordKind("sus4", "sus4", (0, 5, 7)),
    ChordKind("sus2", "sus2", (0, 2, 7)),
    ChordKind("7", "7", (0, 4, 7, 10)),
    ChordKind("maj7", "maj7", (0, 4, 7, 11)),
    ChordKind("m7", "min7", (0, 3, 7, 10), minor=True),
    ChordKind("m7b5", "hdim7", (0, 3, 6, 10), minor=True),
    ChordKind("dim7", "dim7", (0, 3, 6, 9), minor=True),
    ChordKind("mMaj7", "minmaj7", (0, 3, 7, 11), minor=True),
    ChordKind("6", "maj6", (0, 4, 7, 9)),
    ChordKind("m6", "min6", (0, 3, 7, 9), minor=True),
)
_SIXTHS = ("6", "m6")  # These are named only on their root: their inversions are those of seventh chords.
_WITHOUT_FIFTH = ("7", "maj7", "m7", "mMaj7")

# The twelve roots are spelt as the key with fewer signs.
_MAJOR_ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
# Diminished chords are spelt with sharps, because they lead up to the next key.
_DIMINISHED_ROOTS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

_COMPOUND = (13, 14, 15, 16, 17, 19, 20, 21, 24)  # Intervals beyond the octave that have a name, in semitones.


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
    midi: tuple[int, ...]

    @property
    def inversion(self) -> int:
        """0 in root position, 1 with the second member lowest (the third of a triad), and so on."""
        return self.kind.intervals.index((self.midi[0] - self.root) % 12)

    @property
    def complete(self) -> bool:
        """Whether all members sound: a seventh chord may lack its fifth."""
        return len({m % 12 for m in self.midi}) == len(self.kind.intervals)

    @property
    def others(self) -> "tuple[Chord, ...]":
        """Other chords of the same keys, such as Am7/C for C6."""
        return tuple(chord for chord in _chords_of(self.midi) if chord.kind != self.kind)

    @property
    def harte(self) -> str:
        """The label in Harte's syntax, which mir_eval reads: 'C:maj/3'."""
        interval = (self.midi[0] - self.root) % 12
        root = _spelt(self.root, 0, self._root_letter, NOTE_STYLES["C4"])
        kind = self.kind.harte + ("" if self.complete else "(*5)")
        return f"{root}:{kind}" + (f"/{_DEGREES[interval]}" if interval else "")

    def symbol(self, *, style: str = "C4") -> str:
        """The written name: 'Am7', 'C/E'; in solfège 'La m7', 'Do/Mi'.

        Parameters
        ----------
        style : str
            One of pianolab.units.NOTE_STYLES.

        Raises
        ------
        PianolabError
            If the style is unknown.

        Examples
        --------
        >>> chord = name_chord([64, 67, 72])
        >>> chord.symbol(), chord.symbol(style="Do"), chord.spoken()
        ('C/E', 'Do/Mi', 'C major, first inversion')
        """
        suffix = self.kind.suffix + ("" if self.complete else "(no5)")
        # Without the space C minor seventh would be 'Dom7', which reads as dominant.
        space = " " if style != "C4" and suffix[:1].isalpha() else ""
        bass = f"/{self.member(self.midi[0], style=style)}" if self.inversion else ""
        return f"{self._root_name(style)}{space}{suffix}{bass}"

    def spoken(self, *, style: str = "C4", language: str | None = None) -> str:
        """The name as it is said: 'C major, first inversion', 'B flat minor seventh'.

        Parameters
        ----------
        style : str
            As in ``symbol``; only the root is said in it.
        language : str, optional
            As for pianolab.texts.catalogue.language_of.

        Examples
        --------
        >>> name_chord([64, 67, 72]).spoken(language="ko")
        'C 장3화음, 첫째 자리바꿈'
        """
        root = self._root_name(style)
        if root.endswith("#"):
            root = say("chords.sharp", language, name=root[:-1])
        elif root.endswith("b"):
            root = say("chords.flat", language, name=root[:-1])
        name = say("chords.name", language, root=root, kind=self.kind.spoken.said(language))
        if not self.complete:
            name = say("chords.without_fifth", language, chord=name)
        if self.inversion:
            name = say(f"chords.inversion_{self.inversion}", language, chord=name)
        return name

    def member(self, midi: int, *, style: str = "C4") -> str:
        """How this chord spells one of its keys, without the octave: Ab in F minor, G# in E major.

        A name that would take a double sharp or flat is replaced by the usual one: A in Cdim7.

        Parameters
        ----------
        midi : int
            MIDI number of the key.
        style : str
            As in ``symbol``.

        Returns
        -------
        str

        Raises
        ------
        PianolabError
            If the key is no member of the chord, or the style is unknown.
        """
        interval = (_checked([midi])[0] - self.root) % 12
        if interval not in self.kind.intervals:
            raise PianolabError(f"MIDI {midi} is no member of {self.symbol()}: pass one of {self.midi}")
        # Nine semitones are a sixth, but the seventh in a diminished seventh chord: Eb in F#dim7.
        letters = 6 if (self.kind.suffix, interval) == ("dim7", 9) else _LETTERS[interval]
        return _spelt(self.root, interval, self._root_letter + letters, _names(style))

    def member_name(self, midi: int, *, style: str = "C4") -> str:
        """As ``member``, followed by the octave number that belongs to the spelling: 'Ab4', 'B#3' for C4.

        Parameters
        ----------
        midi, style
            As in ``member``.

        Examples
        --------
        >>> f_minor = name_chord([60, 65, 68])
        >>> [f_minor.member_name(key) for key in f_minor.midi]
        ['C4', 'F4', 'Ab4']
        """
        name = self.member(midi, style=style)
        accidental = name.count("#") - name.count("b")
        return f"{name}{(int(midi) - accidental) // 12 - 1}"

    @property
    def _root_letter(self) -> int:
        return "CDEFGAB".index(self._root_text[0])

    @property
    def _root_text(self) -> str:
        if 6 in self.kind.intervals:
            return _DIMINISHED_ROOTS[self.root]
        return (_MINOR_ROOTS if self.kind.minor else _MAJOR_ROOTS)[self.root]

    def _root_name(self, style: str) -> str:
        return _spelt(self.root, 0, self._root_letter, _names(style))


def name_chord(midi: Iterable[int]) -> Chord | None:
    """The chord that a set of keys makes.

    Parameters
    ----------
    midi : iterable of int
        MIDI numbers in any order, doublings allowed.

    Returns
    -------
    Chord or None
        None where no name fits. Fewer than three different notes make no chord: see ``name_interval``.

    Raises
    ------
    PianolabError
        If a number is no MIDI number.

    Examples
    --------
    >>> name_chord([64, 67, 72]).symbol()
    'C/E'
    >>> name_chord([55, 59, 62, 65]).symbol()
    'G7'
    >>> name_chord([60, 61, 62]) is None
    True
    """
    return next(iter(_chords_of(_checked(midi))), None)


def name_interval(midi: Iterable[int], *, language: str | None = None) -> str | None:
    """The interval between two notes.

    Parameters
    ----------
    midi : iterable of int
        MIDI numbers in any order. Three keys and more have a name too, if they are two notes doubled in octaves; then
        the octaves between them are left out of the name.
    language : str, optional
        As for pianolab.texts.catalogue.language_of.

    Returns
    -------
    str or None
        'major third', 'major tenth', 'perfect fifth and 3 octaves'. None for fewer than two keys, and for more than two
        different notes.

    Raises
    ------
    PianolabError
        If a number is no MIDI number.

    Examples
    --------
    >>> name_interval([60, 64]), name_interval([60, 76])
    ('major third', 'major tenth')
    >>> name_interval([60, 67], language="ko")
    '완전5도'
    """
    midi = _checked(midi)
    others = {m % 12 for m in midi} - {midi[0] % 12} if midi else set()
    if len(midi) < 2 or len(others) > 1:
        return None
    semitones = midi[1] - midi[0]
    if len(midi) > 2:
        semitones = min((m - midi[0]) % 12 for m in midi if m % 12 in others) if others else 12
    octaves, rest = divmod(semitones, 12)
    if semitones <= 12 or semitones in _COMPOUND:
        return say(f"chords.interval_{semitones}", language)
    apart = say("chords.octaves", language, n=octaves)
    if not rest:
        return apart
    return say(
        "chords.interval_and_octaves", language, interval=say(f"chords.interval_{rest}", language), octaves=apart
    )


def describe(midi: Iterable[int], *, groups: Iterable[Sequence[int]] = (), language: str | None = None) -> ChordNames:
    """What keys that sound together are called, in every style of note names.

    Parameters
    ----------
    midi : iterable of int
        All of them, MIDI numbers.
    groups : iterable of sequence of int
        Some of the keys, to be tried in this order where all keys together make no chord. Groups of fewer than three
        are passed over.
    language : str, optional
        As for pianolab.texts.catalogue.language_of.

    Returns
    -------
    ChordNames
        Where no chord fits, the name is that of the interval, or ''.

    Raises
    ------
    PianolabError
        If a number is no MIDI number.

    Examples
    --------
    >>> describe([60, 64, 67])["texts"]["C4"]
    {'symbol': 'C', 'spoken': 'C major', 'keys': ['C4', 'E4', 'G4']}
    """
    keys = list(_checked(midi))
    attempts = [keys, *(group for group in groups if len(group) >= 3)]
    chord = next((chord for chord in map(name_chord, attempts) if chord is not None), None)
    interval = name_interval(keys, language=language) if chord is None else None
    named = list(chord.midi) if chord else keys if interval else []
    texts = {style: _text(keys, chord, interval or "", style, language) for style in NOTE_STYLES}
    return {"named": named, "others": [other.symbol() for other in chord.others] if chord else [], "texts": texts}


def _text(midi: list[int], chord: Chord | None, interval: str, style: str, language: str | None) -> ChordText:
    if chord is None:
        return {"symbol": interval, "spoken": interval, "keys": [note_name(m, style=style) for m in midi]}
    keys = [chord.member_name(m, style=style) if m in chord.midi else note_name(m, style=style) for m in midi]
    return {"symbol": chord.symbol(style=style), "spoken": chord.spoken(style=style, language=language), "keys": keys}


def _checked(midi: Iterable[int]) -> tuple[int, ...]:
    """The different keys, rising."""
    keys = list(midi)
    for key in keys:
        if not isinstance(key, Real) or not 0 <= key <= _MAX_MIDI or key != int(key):
            raise PianolabError(f"{key!r} is no MIDI number: use whole numbers from 0 to {_MAX_MIDI}, 60 is C4")
    return tuple(sorted({int(key) for key in keys}))


def _names(style: str) -> Sequence[str]:
    if style not in NOTE_STYLES:
        raise PianolabError(f"note style {style!r} is unknown: use one of {', '.join(NOTE_STYLES)}")
    return NOTE_STYLES[style]


def _chords_of(midi: tuple[int, ...]) -> tuple[Chord, ...]:
    """All chords that these keys may be called, the best first: a root that is lowest, then the order of KINDS."""
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
    return tuple(chord for _, _, chord in sorted(found, key=lambda place: place[:2]))


def _spelt(root: int, interval: int, letter: int, names: Sequence[str]) -> str:
    """Name of the note so many semitones above a root, on a given letter if one sharp or flat is enough for it."""
    natural = _NATURALS[letter % 7]
    accidental = (root + interval - natural + 6) % 12 - 6
    if abs(accidental) > 1:  # A beginner finds A on the keyboard, but not Bbb.
        return names[(root + interval) % 12]
    return names[natural] + ("", "#", "b")[accidental]
