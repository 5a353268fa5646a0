"""Chords have the names that musicians give them, in every key, every inversion, every octave."""

import mir_eval
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.live.chords import KINDS, describe, name_chord, name_interval
from pianolab.units import NOTE_STYLES, parse_note

# The closed form: members in semitones above the root, from any book of harmony.
BOOK = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "mMaj7": (0, 3, 7, 11),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
}
# Where the lowest key makes another reading of an inversion: kind, inversion -> kind, root above ours, inversion.
OTHERWISE = {
    ("aug", 1): ("aug", 4, 0),
    ("aug", 2): ("aug", 8, 0),
    ("dim7", 1): ("dim7", 3, 0),
    ("dim7", 2): ("dim7", 6, 0),
    ("dim7", 3): ("dim7", 9, 0),
    ("sus2", 1): ("sus4", 7, 2),
    ("sus2", 2): ("sus4", 7, 0),
    ("sus4", 1): ("sus2", 5, 0),
    ("m7", 1): ("6", 3, 0),
    ("m7b5", 1): ("m6", 3, 0),
    ("6", 1): ("m7", 9, 2),
    ("6", 2): ("m7", 9, 3),
    ("6", 3): ("m7", 9, 0),
    ("m6", 1): ("m7b5", 9, 2),
    ("m6", 2): ("m7b5", 9, 3),
    ("m6", 3): ("m7b5", 9, 0),
}
ROOTS = range(48, 60)
PIANO = st.integers(21, 108)


def inverted(midi, n):
    """The chord with its n lowest keys an octave higher."""
    return [*midi[n:], *(m + 12 for m in midi[:n])]


def notes(text):
    return [parse_note(name) for name in text.split()]


def test_the_kinds_are_those_of_the_book():
    assert {kind.suffix: kind.intervals for kind in KINDS} == BOOK


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("suffix", "inversion"), [(s, n) for s, members in BOOK.items() for n in range(len(members))])
def test_every_kind_is_named_in_every_key_and_inversion(suffix, inversion, root):
    chord = name_chord(inverted([root + i for i in BOOK[suffix]], inversion))
    want, shift, position = OTHERWISE.get((suffix, inversion), (suffix, 0, inversion))
    assert (chord.kind.suffix, chord.root, chord.inversion) == (want, (root + shift) % 12, position)
    assert chord.complete


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("suffix", ["7", "maj7", "m7", "mMaj7"])
@pytest.mark.parametrize("inversion", [0, 1, 2])
def test_a_seventh_chord_may_lack_its_fifth(suffix, root, inversion):
    chord = name_chord(inverted([root + i for i in BOOK[suffix] if i != 7], inversion))
    assert (chord.kind.suffix, chord.root) == (suffix, root % 12)
    assert not chord.complete
    assert "(no5)" in chord.symbol()
    assert "without the fifth" in chord.spoken()


@pytest.mark.parametrize(
    ("played", "symbol", "spoken"),
    [
        ("C4 E4 G4", "C", "C major"),
        ("E4 G4 C5", "C/E", "C major, first inversion"),
        ("G3 C4 E4", "C/G", "C major, second inversion"),
        ("A3 C4 E4 G4", "Am7", "A minor seventh"),
        ("F4 G3 B3 D4", "G7", "G dominant seventh"),
        ("F3 G3 B3 D4", "G7/F", "G dominant seventh, third inversion"),
        ("D#4 A#4 G4", "Eb", "E flat major"),
        ("F#3 A3 D4", "D/F#", "D major, first inversion"),
        ("D4 A#3 G3", "Gm", "G minor"),
        ("C#4 F4 G#3", "Db/Ab", "D flat major, second inversion"),
        ("C#4 E4 G#4", "C#m", "C sharp minor"),
        ("E4 G#4 C#5", "C#m/E", "C sharp minor, first inversion"),
        ("B3 D4 F4 A4", "Bm7b5", "B half-diminished seventh"),
        ("G#3 B3 D4 F4", "G#dim7", "G sharp diminished seventh"),
        ("F4 F#3 A#3 C#4", "F#maj7", "F sharp major seventh"),
        ("F3 F#3 A#3 C#4", "F#maj7/E#", "F sharp major seventh, third inversion"),
        ("C4 E4 A#4", "C7(no5)", "C dominant seventh, without the fifth"),
    ],
)
def test_names_as_they_stand_in_a_song_book(played, symbol, spoken):
    chord = name_chord(notes(played))
    assert chord.symbol() == symbol
    assert chord.spoken() == spoken


@pytest.mark.parametrize(
    ("played", "names"),
    [
        ("C4 G#4 F4", ["C4", "F4", "Ab4"]),
        ("E4 G#4 B4", ["E4", "G#4", "B4"]),
        ("G#3 B3 D#4", ["G#3", "B3", "D#4"]),
        ("G#3 C4 D#4", ["Ab3", "C4", "Eb4"]),
        ("F4 G#4 B4 D#5", ["F4", "Ab4", "Cb5", "Eb5"]),
        ("C#4 E4 G#4 C5", ["C#4", "E4", "G#4", "B#4"]),
        ("C4 D#4 F#4 A4", ["C4", "Eb4", "Gb4", "A4"]),  # Bbb4 in a book of harmony
        ("F#3 A#3 D4", ["F#3", "A#3", "D4"]),  # C##4
    ],
)
def test_members_are_spelt_as_in_the_chord(played, names):
    chord = name_chord(notes(played))
    assert [chord.member_name(m) for m in chord.midi] == names
    assert [parse_note(name) for name in names] == list(chord.midi)


def test_a_key_that_is_no_member_has_no_spelling():
    with pytest.raises(ValueError, match="MIDI 62 is no member of C"):
        name_chord([60, 64, 67]).member(62)


def test_every_spelling_means_the_key_it_stands_for():
    for root in ROOTS:
        for members in BOOK.values():
            for n in range(len(members)):
                chord = name_chord(inverted([root + i for i in members], n))
                for style in NOTE_STYLES:
                    assert [parse_note(chord.member_name(m, style=style)) for m in chord.midi] == list(chord.midi)


def test_names_in_other_languages():
    assert name_chord(notes("E4 G4 C5")).symbol(style="Do") == "Do/Mi"
    assert name_chord(notes("C4 D#4 G4 A#4")).symbol(style="Do") == "Do m7"  # Dom7 would be read as dominant
    assert name_chord(notes("A#3 D4 F4 G#4")).symbol(style="도") == "시b7"
    assert name_chord(notes("C#4 E4 G#4")).spoken(style="Do") == "Do sharp minor"


def test_a_second_reading_is_not_hidden():
    assert [other.symbol() for other in name_chord(notes("C4 E4 G4 A4")).others] == ["Am7/C"]
    assert [other.symbol() for other in name_chord(notes("D4 G4 C5")).others] == ["Csus2/D"]
    assert name_chord(notes("C4 E4 G4")).others == ()
    assert name_chord(notes("C4 D#4 F#4 A4")).others == ()


@pytest.mark.parametrize("played", ["", "C4", "C4 E4", "C4 C5 C6", "C4 D4 E4", "C4 C#4 D4 D#4", "C4 D4 E4 G4 B4"])
def test_a_name_is_not_invented(played):
    assert name_chord(notes(played)) is None


@pytest.mark.parametrize("midi", [[60.5, 64, 67], [60, 64, 128], [-1, 3, 6], [60, float("nan")], ["C4"], [None]])
def test_what_is_no_key_is_refused(midi):
    with pytest.raises(ValueError, match="is no MIDI number"):
        name_chord(midi)
    with pytest.raises(ValueError, match="is no MIDI number"):
        name_interval(midi)
    with pytest.raises(ValueError, match="is no MIDI number: use whole numbers"):
        describe(midi)


def test_a_style_that_is_unknown_is_refused():
    chord = name_chord([60, 64, 67])
    for said in (chord.symbol, chord.spoken, lambda style: chord.member(64, style=style)):
        with pytest.raises(ValueError, match="note style 'H' is unknown: use one of C4, Do"):
            said(style="H")


def test_mir_eval_reads_the_same_notes_and_the_same_bass():
    n = 0
    for root in ROOTS:
        for members in BOOK.values():
            for position in range(len(members)):
                midi = inverted([root + i for i in members], position)
                root_class, semitones, bass = mir_eval.chord.encode(name_chord(midi).harte)
                assert {(root_class + i) % 12 for i in np.flatnonzero(semitones)} == {m % 12 for m in midi}
                assert (root_class + bass) % 12 == midi[0] % 12
                n += 1
    assert n == 12 * sum(map(len, BOOK.values()))


@given(st.lists(PIANO, max_size=6), st.integers(-21, 19))
def test_a_chord_moved_is_the_same_chord_on_another_root(midi, by):
    moved = [m + by for m in midi]
    here, there = name_chord(midi), name_chord(moved)
    assert (here is None) == (there is None)
    if here is not None:
        assert there.kind == here.kind
        assert there.inversion == here.inversion
        assert there.root == (here.root + by) % 12
    assert name_interval(moved) == name_interval(midi)


@given(st.sampled_from(list(BOOK)), st.integers(21, 40), st.data())
def test_octaves_and_doublings_above_the_bass_change_nothing(suffix, root, data):
    members = [root + i for i in BOOK[suffix]]
    spread = [members[0], *(m + 12 * data.draw(st.integers(0, 5)) for m in members)]
    assert name_chord(spread).symbol() == name_chord(members).symbol()


@given(st.lists(PIANO, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_keys_is_no_matter(midi, random):
    shuffled = list(midi)
    random.shuffle(shuffled)
    assert name_chord(shuffled) == name_chord(midi)
    assert name_interval(shuffled) == name_interval(midi)


FITTING = [set(members) for members in BOOK.values()] + [set(BOOK[s]) - {7} for s in ("7", "maj7", "m7", "mMaj7")]


@given(st.lists(st.sampled_from([48, 50, 52, 55, 57, 58, 59, 60, 63, 64, 67]), min_size=3, max_size=6))
def test_there_is_a_name_just_when_some_root_accounts_for_every_key(midi):
    fits = any({(m - root) % 12 for m in midi} in FITTING for root in midi)
    chord = name_chord(midi)
    assert (chord is not None) == fits
    if chord is not None:
        assert {(m - chord.root) % 12 for m in midi} <= set(chord.kind.intervals)


INTERVALS = [None, "minor second", "major second", "minor third", "major third", "perfect fourth", "tritone"]
INTERVALS += ["perfect fifth", "minor sixth", "major sixth", "minor seventh", "major seventh", "octave", "minor ninth"]
INTERVALS += [
    "major ninth",
    "minor tenth",
    "major tenth",
    "perfect eleventh",
    "tritone and an octave",
    "perfect twelfth",
]


@pytest.mark.parametrize(("semitones", "name"), [*enumerate(INTERVALS), (24, "double octave"), (36, "3 octaves")])
def test_two_keys_make_an_interval(semitones, name):
    for low in (21, 60, 71):
        assert name_interval([low, low + semitones]) == name


@pytest.mark.parametrize(
    ("played", "name"),
    [
        ("C3 G3 C4", "perfect fifth"),
        ("E3 C4 C5 E5", "minor sixth"),
        ("C3 C4 C5", "octave"),
        ("C2 G4", "perfect fifth and 2 octaves"),
        ("C4 E4 G4", None),
        ("", None),
    ],
)
def test_two_notes_doubled_are_still_that_interval(played, name):
    assert name_interval(notes(played)) == name
