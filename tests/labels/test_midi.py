"""MIDI files as people have them: what can be read is read and said, what cannot is refused with its place.

Files are made byte by byte, so that they can be broken at will. 500 ticks a beat at 120 beats a minute make a tick one
millisecond, and times below are in milliseconds.
"""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.labels import LabelError, LabelWarning, read_labels, read_pedal
from pianolab.labels.midi import midi_bytes, read_midi
from pianolab.roll import Notes

END = b"\xff\x2f\x00"


def vlq(number):
    """A number as MIDI writes it: seven bits a byte."""
    parts = [number & 127]
    while number := number >> 7:
        parts.append(number & 127 | 128)
    return bytes(reversed(parts))


def body(*events, end=END):
    """The bytes of a track from (ms, bytes of an event)."""
    last, parts = 0, []
    for ms, event in events:
        parts.append(vlq(ms - last) + event)
        last = ms
    return b"".join(parts) + (b"\0" + end if end else b"")


def chunk(content, name=b"MTrk", length=None):
    return name + (len(content) if length is None else length).to_bytes(4, "big") + content


def header(n_tracks=1, kind=1, division=500, length=6, more=b""):
    numbers = (kind, n_tracks, division)
    return b"MThd" + length.to_bytes(4, "big") + b"".join(n.to_bytes(2, "big") for n in numbers) + more


def midi(*tracks, **options):
    """A whole file from tracks of events."""
    return header(len(tracks), **options) + b"".join(chunk(body(*events)) for events in tracks)


def on(key, velocity=64, channel=1):
    return bytes([0x90 + channel - 1, key, velocity])


def off(key, channel=1):
    return bytes([0x80 + channel - 1, key, 64])


def control(number, value=0, channel=1):
    return bytes([0xB0 + channel - 1, number, value])


def program(number, channel=1):
    """A program as musicians count it, from 1."""
    return bytes([0xC0 + channel - 1, number - 1])


def meta(kind, content=b"", length=None):
    return bytes([0xFF, kind]) + (vlq(len(content)) if length is None else length) + content


def spans(song):
    """(key, onset, offset) of each note in milliseconds."""
    notes = song.notes
    return [
        (int(m), round(a * 1000, 6), round(b * 1000, 6)) for m, a, b in zip(notes.midi, *notes.intervals.T, strict=True)
    ]


def heard(data, **options):
    return spans(read_midi(data, "song.mid", **options))


TWO = [(0, on(60)), (1000, off(60)), (1000, on(64)), (2000, off(64))]
TWO_SPANS = [(60, 0, 1000), (64, 1000, 2000)]


def test_a_whole_file_is_read_without_a_remark():
    song = read_midi(midi(TWO), "song.mid")
    assert (spans(song), song.remarks) == (TWO_SPANS, ())


# Which release belongs to which start

C4 = 60
PERFORMANCES = {
    "a lost release ends at the next stroke, and later ones keep their own": (
        [
            (0, on(C4)),
            (1000, on(C4)),
            (1500, off(C4)),
            (5000, on(C4)),
            (5500, off(C4)),
            (9000, on(C4)),
            (9500, off(C4)),
        ],
        [(0, 1000), (1000, 1500), (5000, 5500), (9000, 9500)],
    ),
    "a release lost in the middle": (
        [(0, on(C4)), (500, off(C4)), (1000, on(C4)), (2000, on(C4)), (2500, off(C4)), (3000, on(C4)), (3500, off(C4))],
        [(0, 500), (1000, 2000), (2000, 2500), (3000, 3500)],
    ),
    "two releases lost in a row": (
        [(0, on(C4)), (1000, on(C4)), (2000, on(C4)), (2500, off(C4)), (3000, on(C4)), (3100, off(C4))],
        [(0, 1000), (1000, 2000), (2000, 2500), (3000, 3100)],
    ),
    "two notes that overlap on one key": (
        [(0, on(C4)), (500, on(C4)), (1000, off(C4)), (1500, off(C4))],
        [(0, 1000), (500, 1500)],
    ),
    "three notes that overlap on one key": (
        [(0, on(C4)), (100, on(C4)), (200, on(C4)), (1000, off(C4)), (1100, off(C4)), (1200, off(C4))],
        [(0, 1000), (100, 1100), (200, 1200)],
    ),
    "notes that hand over with an overlap each": (
        [(0, on(C4)), (500, on(C4)), (600, off(C4)), (1000, on(C4)), (1100, off(C4)), (1500, off(C4))],
        [(0, 600), (500, 1100), (1000, 1500)],
    ),
    "an overlap behind a lost release": (
        [
            (0, on(C4)),
            (1000, on(C4)),
            (1500, off(C4)),
            (3000, on(C4)),
            (3500, on(C4)),
            (4000, off(C4)),
            (4500, off(C4)),
        ],
        [(0, 1000), (1000, 1500), (3000, 4000), (3500, 4500)],
    ),
    "a release of nothing long after a lost one": (
        [(0, on(C4)), (1000, on(C4)), (1500, off(C4)), (5000, on(C4)), (5500, off(C4)), (100_000, off(C4))],
        [(0, 1000), (1000, 1500), (5000, 5500)],
    ),
    "a release of nothing soon after a lost one": (
        [(0, on(C4)), (1000, on(C4)), (1500, off(C4)), (5000, on(C4)), (5500, off(C4)), (7000, off(C4))],
        [(0, 1000), (1000, 1500), (5000, 5500)],
    ),
    "two releases lost in a row and two of nothing": (
        [
            *((0, on(C4)), (1000, on(C4)), (2000, on(C4)), (2500, off(C4)), (3000, on(C4)), (3100, off(C4))),
            *((90_000, off(C4)), (90_000, off(C4))),
        ],
        [(0, 1000), (1000, 2000), (2000, 2500), (3000, 3100)],
    ),
    "a release lost, one stroke more, and a release of nothing after minutes": (
        [(0, on(C4)), (1000, on(C4)), (1500, off(C4)), (100_000, off(C4))],
        [(0, 1000), (1000, 1500)],
    ),
    "long strokes of one length that overlap by half": (
        [(0, on(C4)), (1000, on(C4)), (2000, off(C4)), (2000, on(C4)), (3000, off(C4)), (4000, off(C4))],
        [(0, 2000), (1000, 3000), (2000, 4000)],
    ),
    "short strokes that hand over and a last one that is held": (
        [(0, on(C4)), (500, on(C4)), (600, off(C4)), (1000, on(C4)), (1100, off(C4)), (6000, off(C4))],
        [(0, 600), (500, 1100), (1000, 6000)],
    ),
    "struck again at the tick of its release, release first": (
        [(0, on(C4)), (500, off(C4)), (500, on(C4)), (900, off(C4))],
        [(0, 500), (500, 900)],
    ),
    "struck again at the tick of its release, stroke first": (
        [(0, on(C4)), (500, on(C4)), (500, off(C4)), (900, off(C4))],
        [(0, 500), (500, 900)],
    ),
    "stroke first each time, and the last release lost": (
        [(0, on(C4)), (500, on(C4)), (500, off(C4)), (900, on(C4)), (900, off(C4)), (2000, on(60, 0)), (3000, on(C4))],
        [(0, 500), (500, 900), (900, 2000), (3000, 3000)],
    ),
    "a note without length": ([(100, on(C4)), (100, off(C4)), (200, on(C4)), (300, off(C4))], [(100, 100), (200, 300)]),
    "each release twice": (
        [(0, on(C4)), (100, off(C4)), (100, off(C4)), (200, on(C4)), (300, off(C4)), (310, off(C4))],
        [(0, 100), (200, 300)],
    ),
    "one stroke written twice, one release": ([(0, on(C4)), (0, on(C4)), (700, off(C4))], [(0, 700), (0, 700)]),
    "all notes off": ([(0, on(C4)), (1000, control(123)), (2000, off(C4)), (3000, on(C4)), (3100, off(C4))], None),
    "all sound off": ([(0, on(C4)), (1000, control(120)), (2000, off(C4)), (3000, on(C4)), (3100, off(C4))], None),
    "omni mode off": ([(0, on(C4)), (1000, control(124)), (3000, on(C4)), (3100, off(C4))], None),
    "poly mode": ([(0, on(C4)), (1000, control(127)), (3000, on(C4)), (3100, off(C4))], None),
    "a lost release before all notes off": (
        [(0, on(C4)), (400, on(C4)), (1000, control(123)), (3000, on(C4)), (3100, off(C4))],
        [(0, 400), (400, 1000), (3000, 3100)],
    ),
    "all notes off at the tick of a new stroke": (
        [(0, on(C4)), (1000, on(C4)), (1000, control(123)), (1500, off(C4))],
        [(0, 1000), (1000, 1500)],
    ),
}


@pytest.mark.parametrize("what", PERFORMANCES)
def test_each_stroke_gets_its_own_end(what):
    events, want = PERFORMANCES[what]
    assert [span[1:] for span in heard(midi(events))] == (want or [(0, 1000), (3000, 3100)])


def test_all_notes_off_ends_only_the_notes_of_its_channel():
    events = [(0, on(60)), (0, on(64, channel=2)), (500, control(123, channel=2)), (900, off(60))]
    assert heard(midi(events)) == [(60, 0, 900), (64, 0, 500)]


def test_releases_of_all_keys_at_once_end_what_sounds_and_shift_nothing():
    strokes = [(0, on(60)), (1000, on(60)), (1500, off(60)), (3000, on(60)), (3500, off(60)), (4000, on(62))]
    song = read_midi(midi([*strokes, *((5000, off(key)) for key in range(128))]), "song.mid")
    assert spans(song) == [(60, 0, 1000), (60, 1000, 1500), (60, 3000, 3500), (62, 4000, 5000)]


def test_all_notes_off_ends_its_channel_on_every_track():
    assert heard(midi([(0, on(60)), (900, off(60))], [(500, control(123))])) == [(60, 0, 500)]


def test_a_release_on_another_track_of_the_channel_ends_the_note():
    starts = [(0, on(60)), (1000, on(60)), (1000, on(64))]
    ends = [(700, off(60)), (1000, off(62)), (1500, off(60)), (1600, off(64))]
    assert heard(midi(starts, ends)) == [(60, 0, 700), (60, 1000, 1500), (64, 1000, 1600)]
    assert heard(midi(ends, starts)) == [(60, 0, 700), (60, 1000, 1500), (64, 1000, 1600)]


def test_a_release_on_another_track_at_the_tick_of_a_new_stroke_ends_the_old_note():
    starts, ends = [(0, on(60)), (500, on(60))], [(500, off(60)), (800, off(60))]
    for tracks in ((starts, ends), (ends, starts)):
        assert heard(midi(*tracks)) == [(60, 0, 500), (60, 500, 800)]


def test_two_hands_on_one_key_of_one_channel_end_their_own_notes():
    tracks = [(0, on(60)), (900, off(60))], [(300, on(60)), (500, off(60))]
    assert heard(midi(*tracks)) == [(60, 0, 900), (60, 300, 500)]


def test_a_key_struck_by_the_other_hand_ends_a_note_that_lost_its_release():
    tracks = [(0, on(60)), (100, on(64)), (2000, off(64))], [(300, on(60)), (500, off(60))]
    song = read_midi(midi(*tracks), "song.mid")
    assert spans(song) == [(60, 0, 300), (64, 100, 2000), (60, 300, 500)]
    assert song.remarks == ("1 note has no release and is ended where its key is struck again",)


def test_releases_of_nothing_at_the_end_are_said_with_the_strokes_that_lost_theirs():
    strokes = [(0, on(60)), (1000, on(60)), (1500, off(60)), (5000, on(60)), (5500, off(60))]
    song = read_midi(midi([*strokes, *((100_000, off(key)) for key in range(50, 70))]), "song.mid")
    assert spans(song) == [(60, 0, 1000), (60, 1000, 1500), (60, 5000, 5500)]
    assert song.remarks == ("1 note has no release and is ended where its key is struck again",)


def test_channels_keep_their_releases_apart():
    events = [(0, on(60)), (100, on(60, channel=2)), (500, off(60, channel=2)), (900, off(60))]
    assert heard(midi(events)) == [(60, 0, 900), (60, 100, 500)]


@pytest.mark.parametrize("name", ["song.kar", "song.smf", "song.rmi", "SONG.RMI"])
def test_karaoke_and_wrapped_midi_is_midi(name, tmp_path):
    data = midi(TWO)
    wrapped = b"RIFF" + (len(data) + 12).to_bytes(4, "little") + b"RMIDdata" + len(data).to_bytes(4, "little") + data
    (tmp_path / name).write_bytes(wrapped if name.lower().endswith(".rmi") else data)
    assert read_labels(tmp_path / name).midi.tolist() == [60, 64]


def test_the_same_channel_of_two_ports_is_two_channels():
    first = [(0, on(60)), (900, off(60))]
    second = [(0, meta(0x21, b"\x01")), (100, on(60)), (200, control(123)), (300, on(62)), (400, off(62))]
    assert heard(midi(first, second)) == [(60, 0, 900), (60, 100, 200), (62, 300, 400)]


KEYS = st.sampled_from([60, 61])


@settings(max_examples=200, deadline=None)
@given(
    strokes=st.lists(st.tuples(KEYS, st.integers(1, 50), st.integers(1, 50), st.booleans()), max_size=20),
    tracks=st.sampled_from(["one", "releases apart"]),
)
def test_of_notes_that_do_not_overlap_any_releases_may_be_lost(strokes, tracks):
    """The truth is known: a note whose release is lost ends at the next stroke of its key, or with the file."""
    now, starts, ends, want = {60: 0, 61: 0}, [], [], []
    following = {}
    for key, pause, length, is_lost in strokes:
        onset = now[key] + pause
        if key in following:
            want[following.pop(key)][2] = onset
        now[key] = onset + length
        starts.append((onset, on(key)))
        want.append([key, onset, now[key]])
        if is_lost:
            following[key] = len(want) - 1
        else:
            ends.append((now[key], off(key)))
    last = 5000
    for i in following.values():
        want[i][2] = last
    both = [sorted(starts + ends, key=lambda event: event[0])] if tracks == "one" else [sorted(starts), sorted(ends)]
    both[0].append((last, control(7, 100)))
    assert sorted(heard(midi(*both))) == sorted(map(tuple, want))


@settings(max_examples=200, deadline=None)
@given(notes=st.lists(st.tuples(KEYS, st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_where_every_release_is_there_the_first_ends_the_first(notes):
    """Every overlap on one key, with starts and ends in any order, against a queue for each key."""
    events = [(onset, 1, on(key)) for key, onset, _ in notes] + [(a + n, 0 if n else 2, off(k)) for k, a, n in notes]
    want = []
    for key in (60, 61):
        starts = sorted(onset for k, onset, _ in notes if k == key)
        want += zip([key] * len(starts), starts, sorted(a + n for k, a, n in notes if k == key), strict=True)
    assert sorted(heard(midi([(ms, event) for ms, _, event in sorted(events)]))) == sorted(want)


def test_what_we_write_comes_back_with_the_ends_of_inner_notes():
    notes = Notes([0, 1, 2, 2], [9, 3, 2, 4], [60, 60, 60, 60], [10, 20, 30, 40])
    song = read_midi(midi_bytes(notes, np.array([[0.5, 5.0]]), "song.mid"), "song.mid")
    got = song.notes
    assert sorted(zip(got.velocity, got.onset, got.offset, strict=True)) == [
        (10, 0, 9),
        (20, 1, 3),
        (30, 2, 2),
        (40, 2, 4),
    ]
    assert (song.pedal.tolist(), song.remarks) == ([[0.5, 5.0]], ())


# The structure of the file

TRACK = chunk(body(*TWO))
OTHER = chunk(body((0, on(67)), (500, off(67))))
LONG = [*TWO, (2000, meta(0x01, b"x" * 300)), (2000, on(67)), (2500, off(67))]
READABLE = {
    "header counts more tracks": (header(3) + TRACK, TWO_SPANS, "its header counts 3 tracks and 1 are there"),
    "header counts fewer tracks": (header(1) + OTHER + TRACK, None, "its header counts 1 tracks and 2 are there"),
    "header counts no track": (header(0) + TRACK, TWO_SPANS, "its header counts 0 tracks and 1 are there"),
    "a longer header": (header(length=8, more=b"ab") + TRACK, TWO_SPANS, ""),
    "a header's length is wrong": (header(length=99) + TRACK, TWO_SPANS, r"its header has a wrong length \(99\)"),
    "a header's length is 0": (header(length=0) + TRACK, TWO_SPANS, r"its header has a wrong length \(0\)"),
    "a header's length is huge": (header(length=2**32 - 1) + TRACK, TWO_SPANS, "its header has a wrong length"),
    "an unknown chunk before the tracks": (header() + chunk(b"\0" + END, b"XFIH") + TRACK, TWO_SPANS, ""),
    "an unknown chunk between the tracks": (header(2) + TRACK + chunk(b"abc", b"junk") + OTHER, None, ""),
    "an unknown chunk behind the tracks": (header() + TRACK + chunk(b"abc", b"xxxx"), TWO_SPANS, ""),
    "an unknown chunk that hides a track": (
        header() + chunk(b"abc", b"XFIH", 3 + len(TRACK)) + TRACK,
        TWO_SPANS,
        r"what stands between its chunks is passed over \(at byte 14\)",
    ),
    "bytes before the header": (b"\0" * 128 + midi(TWO), TWO_SPANS, "what stands before its header is passed over"),
    "bytes between the tracks": (
        header(2) + TRACK + b"\0\0\0" + OTHER,
        None,
        r"what stands between its chunks .*\(at byte 44\)",
    ),
    "bytes behind the end": (midi(TWO) + b"\0" * 50, TWO_SPANS, "what stands behind its last chunk is passed over"),
    "bytes behind the end of a track": (
        header(2) + chunk(body(*TWO) + b"\0\0\0\0") + OTHER,
        None,
        "what stands behind the end of a track is passed over",
    ),
    "in a RIFF wrapper": (
        b"RIFF"
        + (len(midi(TWO)) + 12).to_bytes(4, "little")
        + b"RMIDdata"
        + len(midi(TWO)).to_bytes(4, "little")
        + midi(TWO),
        TWO_SPANS,
        "",
    ),
    "in a RIFF wrapper with a name behind": (
        b"RIFF\xff\0\0\0RMIDdata" + len(midi(TWO)).to_bytes(4, "little") + midi(TWO) + b"LIST\4\0\0\0abcd",
        TWO_SPANS,
        "",
    ),
    "in a RIFF wrapper of size 0": (b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + midi(TWO), TWO_SPANS, ""),
    "a track is longer than it says": (
        header(2) + chunk(body(*TWO), length=7) + OTHER,
        None,
        "a track has a wrong length",
    ),
    "a track says that it is empty": (
        header(2) + chunk(body(*TWO), length=0) + OTHER,
        None,
        "a track has a wrong length",
    ),
    "a track is shorter than it says": (
        header(2) + chunk(body(*TWO), length=len(body(*TWO)) + 9) + OTHER,
        None,
        "a track has a wrong length",
    ),
    "a track says that it holds the next": (
        header(2) + chunk(body(*TWO), length=len(body(*TWO)) + len(OTHER)) + OTHER,
        None,
        "a track has a wrong length",
    ),
    "a track of unknown length": (
        header(2) + chunk(body(*TWO), length=2**32 - 1) + OTHER,
        None,
        "a track has a wrong length",
    ),
    "a system exclusive message longer than its track, before another track": (
        header(2) + chunk(body(*TWO, (2000, b"\xf0\x7f\x01\x02\x03"))) + OTHER,
        None,
        r"track 1 holds an event longer than the track, and what came behind in it is lost \(at byte 40\)",
    ),
    "a system exclusive message longer than the last track": (
        header(2) + OTHER + chunk(body(*TWO, (2000, b"\xf0\x7f\x01\x02\x03"))),
        None,
        "track 2 holds an event longer than the track",
    ),
    "no end of the track": (header() + chunk(body(*TWO, end=b"")), TWO_SPANS, "a track has no end-of-track event"),
    "no end of the first track": (
        header(2) + chunk(body(*TWO, end=b"")) + OTHER,
        None,
        "a track has no end-of-track event",
    ),
    "no end and a wrong length": (
        header(2) + chunk(body(*TWO, end=b""), length=2**32 - 1) + OTHER,
        None,
        "a track has no end-of-track event",
    ),
    "cut in the middle of an event": ((header() + chunk(body(*LONG)))[:-200], TWO_SPANS, "track 1 breaks off"),
    "cut between events": ((header() + chunk(body(*TWO)))[:-4], TWO_SPANS, "track 1 breaks off"),
    "type 0 with two tracks": (header(2, kind=0) + TRACK + OTHER, None, "it is of type 0 and is read as type 1"),
    "an unknown type": (header(kind=7) + TRACK, TWO_SPANS, "it is of type 7 and is read as type 1"),
}


@pytest.mark.parametrize("what", READABLE)
def test_a_file_of_odd_structure_is_read_and_said(what):
    data, want, remark = READABLE[what]
    song = read_midi(data, "song.mid")
    assert spans(song) == (want or [(60, 0, 1000), (67, 0, 500), (64, 1000, 2000)])
    assert re.search(remark, "; ".join(song.remarks)) if remark else song.remarks == ()


def test_whatever_length_a_track_states_the_same_notes_are_read():
    content = body(*TWO)
    lengths = {*range(200), len(content) + len(OTHER), 2**16 - 1, 2**31, 2**32 - 1} - {len(content)}
    for length in lengths:
        song = read_midi(header(2) + chunk(content, length=length) + OTHER, "song.mid")
        assert spans(song) == [(60, 0, 1000), (67, 0, 500), (64, 1000, 2000)]
        assert song.remarks == ("a track has a wrong length (at byte 18)",)


def test_a_file_cut_at_any_byte_keeps_its_first_notes_and_says_so_or_is_refused():
    whole = header(2) + TRACK + OTHER
    n_notes = []
    for n in range(len(whole)):
        try:
            song = read_midi(whole[:n], "song.mid")
        except LabelError:
            n_notes.append(0)
            continue
        assert song.remarks
        assert {span[:2] for span in spans(song)} <= {(60, 0), (67, 0), (64, 1000)}
        n_notes.append(len(song.notes))
    assert n_notes == sorted(n_notes)
    assert n_notes[-1] == 3


def events(*between):
    """C4 for a second, these events at its end, and E4 for a second."""
    return midi([(0, on(60)), (1000, off(60)), *((1000, event) for event in between), (1000, on(64)), (2000, off(64))])


NEEDLESS = {
    "18 flats": meta(0x59, b"\xee\x01"),
    "mode 255": meta(0x59, b"\x02\xff"),
    "a key signature without content": meta(0x59),
    "a key signature that is too long": meta(0x59, b"\0\0\0\0\0"),
    "a time signature of 0/1": meta(0x58, b"\0\0\0\0"),
    "a short time signature": meta(0x58, b"\4"),
    "a time signature of 4 over 2 to the 255th": meta(0x58, b"\4\xff\x18\x08"),
    "an SMPTE offset out of range": meta(0x54, b"\xff\xff\xff\xff\xff"),
    "a short SMPTE offset": meta(0x54, b"\0"),
    "a sequence number of wrong length": meta(0x00, b"\0\0\0"),
    "an empty channel prefix": meta(0x20),
    "an empty port": meta(0x21),
    "text that is not UTF-8": meta(0x03, "피아노".encode("euc-kr")),
    "text with zeros": meta(0x05, b"\0\xff\0"),
    "text that looks like a track": meta(0x01, b"MTrk\0\0\0\4\0\xff\x2f\0"),
    "a sequencer's own data": meta(0x7F, b"\x00\x00\x41" + bytes(range(256))),
    "an unknown meta event": meta(0x60, b"abc"),
    "a meta type over 127": meta(0xF0, b"abc"),
    "a length with leading zeros": meta(0x01, b"abc", length=b"\x80\x80\x03"),
    "a system exclusive message": b"\xf0" + vlq(5) + b"\x7e\x7f\x09\x01\xf7",
    "a system exclusive message in parts": b"\xf0\x02\x7e\x7f\x00\xf7\x02\x09\xf7",
    "pitch bend, aftertouch and volume": b"\xe0\x00\x40\x00\xd0\x40\x00\xa0\x3c\x40\x00\xb0\x07\x64",
}


@pytest.mark.parametrize("what", NEEDLESS)
def test_events_that_notes_do_not_need_are_passed_over_unread(what):
    song = read_midi(events(NEEDLESS[what]), "song.mid")
    assert (spans(song), song.remarks) == (TWO_SPANS, ())


def test_a_system_exclusive_message_whose_length_takes_in_notes_is_said():
    song = read_midi(midi([*TWO[:2], (1000, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), *TWO[2:]]), "song.mid")
    assert song.remarks == ()
    song = read_midi(midi([*TWO[:2], (1000, b"\xf0\x09\x7e\x7f\x09\x01\xf7"), *TWO[2:]]), "song.mid")
    assert song.remarks[0].startswith("a system exclusive message has a wrong length, and notes may be lost behind it")


@pytest.mark.parametrize("content", [b"\0\0\0", b"\0\0\5", b"\0\x27\x0f", b"", b"\x07\xa1", b"\x00\x07\xa1\x20"])
def test_a_tempo_that_cannot_be_is_passed_over_with_a_remark(content):
    song = read_midi(midi([(0, meta(0x51, content)), *TWO]), "song.mid")
    assert spans(song) == TWO_SPANS
    assert song.remarks == ("a tempo that cannot be is passed over, so times may be wrong (at byte 23)",)


def test_a_tempo_of_any_track_counts_for_all():
    slow = [(0, meta(0x51, (1_000_000).to_bytes(3, "big")))]
    assert heard(midi(TWO, slow)) == [(60, 0, 2000), (64, 2000, 4000)]


@pytest.mark.parametrize("byte", [0xF8, 0xFA, 0xFC, 0xFE, 0xF6, 0xF4])
def test_system_bytes_between_events_are_passed_over_with_a_remark(byte):
    song = read_midi(events(bytes([byte])), "song.mid")
    assert spans(song) == TWO_SPANS
    assert song.remarks == ("a system byte is passed over (at byte 32)",)


def test_a_realtime_byte_within_an_event_is_passed_over_with_a_remark():
    song = read_midi(midi([(0, b"\x90\x3c\xf8\x40"), (1000, off(60)), *TWO[2:]]), "song.mid")
    assert spans(song) == TWO_SPANS
    assert song.remarks == ("a system byte is passed over (at byte 25)",)


@pytest.mark.parametrize("velocity", [128, 200, 255])
def test_a_velocity_over_127_is_127_with_a_remark(velocity):
    song = read_midi(midi([(0, on(60, velocity)), *TWO[1:]]), "song.mid")
    assert (spans(song), song.notes.velocity[0]) == (TWO_SPANS, 127)
    assert song.remarks == ("a data byte over 127 is taken as 127 (at byte 25)",)


def test_remarks_of_one_kind_are_one_line_with_their_number():
    song = read_midi(midi([(0, on(60, 200)), (1000, off(60)), (1000, on(64, 255)), (2000, off(64))]), "song.mid")
    assert song.remarks == ("a data byte over 127 is taken as 127 (2 times, first at byte 25)",)


@pytest.mark.parametrize("between", [meta(0x06, b"verse"), b"\xf0\x01\xf7", b""])
def test_a_status_byte_may_be_left_out_also_behind_other_events(between):
    data = [(0, on(60)), (1000, between), (1000, b"\x3c\x00"), (1000, b"\x40\x50"), (2000, b"\x40\x00")]
    assert heard(midi([event for event in data if event[1]])) == TWO_SPANS


UNREADABLE = {
    "no MIDI at all": (b"these are words", "it has no header MThd"),
    "half a header": (b"MThd\0\0\0\6\0\1", "its header breaks off at byte 10"),
    "no track": (header(0), "it holds no track MTrk"),
    "a track of another name": (header() + b"MTrx" + TRACK[4:], "it holds no track MTrk"),
    "a delta of many bytes": (
        header() + chunk(b"\xff" * 2000 + b"\x7f\x90\x3c\x40"),
        r"track 1, byte 22: a number of more than 4 bytes",
    ),
    "a delta of five bytes": (
        midi(TWO) + chunk(b"\x80\x80\x80\x80\x05" + on(60)),
        "track 2, byte 52: a number of more than",
    ),
    "a negative length": (events(b"\xff\x01\x8f\xff\xff\xff\x7f"), "track 1, byte 34: a number of more than 4 bytes"),
    "a text longer than its track": (
        events(b"\xff\x01\xff\xff\x7f"),
        "track 1, byte 31: an event reaches beyond the end",
    ),
    "an exclusive message longer than its track": (events(b"\xf0\x7f"), "track 1, byte 31: an event reaches beyond"),
    "data before any status": (header() + chunk(b"\0\x3c\x40" + body()), "track 1, byte 23: data before any status"),
    "a data byte over 127 that leads astray": (
        header() + chunk(b"\0\x90\x3c\x90\x80\x80\x80\x80\x80"),
        "track 1, byte 25: a data byte over 127",
    ),
    "cut before a note is whole": (
        header() + chunk(body(*TWO))[:14],
        "track 1 breaks off, and what came behind is lost .at byte 26.; no note is whole",
    ),
    "all tracks with notes missing": (
        header(2) + chunk(body((0, meta(0x03, b"tempo")))),
        "its header counts 2 tracks and 1 are there; no note is whole",
    ),
    "a division of no kind": (midi(TWO, division=0x9C28), "its header has no such division of time: 0x9c28"),
    "film frames of no ticks": (midi(TWO, division=0xE800), "its header has no such division of time: 0xe800"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_in_one_line_with_its_place(what):
    data, message = UNREADABLE[what]
    with pytest.raises(LabelError, match=rf"^song.mid is not a readable MIDI file \({message}.*\): export it again$"):
        read_midi(data, "song.mid")


@pytest.mark.parametrize(
    ("division", "tick_ms"), [(0xE728, 1.0), (0xE250, 1 / 2.4), (0xE350, 1.001 / 2.4), (0xE864, 1 / 2.4)]
)
def test_ticks_of_film_frames_need_no_tempo(division, tick_ms):
    song = read_midi(midi([(0, meta(0x51, b"\x01\0\0")), *TWO], division=division), "song.mid")
    np.testing.assert_allclose(song.notes.onset, [0, 1000 * tick_ms / 1000], rtol=1e-12)


# Times that no recording has


def test_a_note_later_than_any_recording_is_refused_with_its_place():
    long = [(0, on(60)), (2**28 - 1, off(60)), (2**28, on(64)), (2**28 + 1, off(64))]
    data = midi([(0, meta(0x51, b"\xff\xff\xff")), *long], division=1)
    with pytest.raises(
        LabelError, match=r"song.mid, track 1, byte 31: a note ends at 4.5036e\+09 s, later than any rec"
    ):
        read_midi(data, "song.mid")


def test_a_pedal_later_than_any_recording_is_refused():
    data = midi([*TWO, (2000, control(64, 127)), (2**28, control(64))], division=1)
    with pytest.raises(LabelError, match=r"song.mid: the pedal goes up at 1.34218e\+08 s, later than any recording"):
        read_midi(data, "song.mid")


def test_empty_ticks_without_end_before_the_end_of_the_track_say_nothing():
    content = body(*TWO, end=b"") + b"".join(vlq(2**28 - 1) + meta(0x01) for _ in range(5000)) + b"\0" + END
    song = read_midi(header() + chunk(content), "song.mid")
    assert (spans(song), song.remarks) == (TWO_SPANS, ())


# Pedal, programs, drums


@pytest.mark.parametrize("channel", [10, 4])
def test_a_pedal_on_a_channel_without_notes_of_the_piano_holds_no_note(channel):
    data = midi(TWO, [(500, control(64, 127, channel)), (1900, control(64, 0, channel))])
    song = read_midi(data, "song.mid", pedal="extended")
    assert spans(song) == TWO_SPANS
    assert song.pedal.shape == (0, 2)
    assert song.remarks == (f"its pedal is on channel {channel}, which holds no note of a piano: it lengthens no note",)


def test_each_channel_has_its_own_pedal():
    left = [(0, on(48, channel=2)), (500, off(48, channel=2)), (900, control(64, 0, channel=2))]
    right = [(0, on(72)), (100, control(64, 127)), (500, off(72)), (700, control(64))]
    data = midi(right, [(0, control(64, 127, channel=2)), *left])
    song = read_midi(data, "song.mid", pedal="extended")
    assert spans(song) == [(48, 0, 900), (72, 0, 700)]
    np.testing.assert_allclose(song.pedal, [[0.0, 0.9]], rtol=1e-12)  # one piano: down from the first to the last


def test_a_pedal_on_another_track_of_the_channel_holds_its_notes():
    data = midi(TWO, [(500, control(64, 127)), (1900, control(64))])
    assert heard(data, pedal="extended") == [(60, 0, 1900), (64, 1000, 2000)]


def test_a_key_struck_on_another_channel_ends_the_sound_that_the_pedal_holds():
    data = midi(
        [
            (0, control(64, 127)),
            (0, on(60)),
            (100, off(60)),
            (400, on(60, channel=2)),
            (500, off(60, channel=2)),
            (900, control(64)),
        ]
    )
    assert heard(data, pedal="extended") == [(60, 0, 400), (60, 400, 500)]


def test_all_sound_off_silences_what_the_pedal_holds_and_all_notes_off_does_not():
    def data(number):
        return midi(
            [
                (0, control(64, 127)),
                (0, on(60)),
                (500, control(number)),
                (800, on(62)),
                (850, off(62)),
                (900, control(64)),
            ]
        )

    assert heard(data(120), pedal="extended") == [(60, 0, 500), (62, 800, 900)]
    assert heard(data(123), pedal="extended") == [(60, 0, 900), (62, 800, 900)]


def test_resetting_the_controllers_lifts_the_pedal():
    data = midi([(0, control(64, 127)), *TWO[:2], (1400, control(121)), (2000, control(64))])
    assert heard(data, pedal="extended") == [(60, 0, 1400)]


def test_of_a_band_the_piano_is_taken_and_the_others_are_said(tmp_path):
    guitar = [(0, program(25, 2)), (0, on(52, channel=2)), (100, on(55, channel=2)), (500, control(123, channel=2))]
    drums = [(0, on(36, channel=10)), (100, off(36, channel=10))]
    (tmp_path / "band.mid").write_bytes(midi([(0, program(1)), *TWO], guitar, drums))
    with pytest.warns(LabelWarning) as said:
        notes = read_labels(tmp_path / "band.mid")
    assert notes.names == ["C4", "E4"]
    assert [str(warning.message) for warning in said] == [
        f"{tmp_path / 'band.mid'}: 1 drum notes (channel 10) are ignored",
        f"{tmp_path / 'band.mid'}: 2 notes of other instruments (General MIDI programs 25 (guitar)) are left out: "
        "to have them too, export them as a piano (program 1)",
    ]


def test_where_no_channel_is_a_piano_all_are_taken_and_said():
    song = read_midi(
        midi([(0, program(20)), *TWO], [(0, program(49, 2)), (0, on(67, channel=2)), (500, off(67, 2))]), "s"
    )
    assert spans(song) == [(60, 0, 1000), (67, 0, 500), (64, 1000, 2000)]
    others = "General MIDI programs 20 (organ), 49 (ensemble)"
    assert song.remarks == (f"no channel is a piano: 3 notes of other instruments ({others}) are taken",)


@pytest.mark.parametrize("number", range(1, 9))
def test_all_eight_pianos_of_general_midi_are_pianos(number):
    song = read_midi(midi([(0, program(number)), *TWO]), "song.mid")
    assert (spans(song), song.remarks) == (TWO_SPANS, ())


def test_a_program_counts_from_when_it_is_chosen():
    song = read_midi(midi([(0, program(1)), *TWO[:2], (1000, program(74)), *TWO[2:]]), "song.mid")
    assert spans(song) == TWO_SPANS[:1]
    assert "1 notes of other instruments (General MIDI programs 74 (pipe))" in song.remarks[0]


def test_a_program_on_another_track_counts_for_its_channel_but_a_tracks_own_comes_first():
    other = [(0, on(67)), (500, off(67))]
    assert heard(midi([(0, program(41))], [(0, on(48, channel=2)), (9, off(48, 2))], other)) == [(48, 0, 9)]
    assert heard(midi([(0, program(41)), *TWO], [(0, program(1)), *other])) == [(67, 0, 500)]


def test_the_pedal_of_an_instrument_that_is_left_out_is_not_the_pianos():
    strings = [(0, program(49, 2)), (0, control(64, 127, 2)), (0, on(50, channel=2)), (9000, off(50, channel=2))]
    assert read_midi(midi(TWO, strings), "song.mid").pedal.shape == (0, 2)


def test_a_file_of_drums_only_is_not_silent_about_it():
    song = read_midi(midi([(0, on(36, channel=10)), (100, off(36, channel=10))]), "song.mid")
    assert song.remarks == ("1 drum notes (channel 10) are ignored", "it holds no note of a piano")


def test_a_file_without_a_note_says_so_unless_it_says_that_it_is_silence(tmp_path):
    assert read_midi(midi([(0, meta(0x03, b"lyrics"))]), "song.mid").remarks == ("it holds no note of a piano",)
    assert read_midi(midi_bytes(Notes.empty(), np.zeros((0, 2)), "rest.mid"), "rest.mid").remarks == ()


# Anything at all


@settings(max_examples=400, deadline=None)
@given(
    data=st.sampled_from(
        [
            midi(TWO, LONG),
            events(meta(1, b"x"), b"\xf0\x01\xf7"),
            midi_bytes(Notes([0, 1], [3, 2], [60, 60]), np.array([[0, 2]]), ""),
        ]
    ),
    wounds=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 4),
            st.one_of(st.binary(max_size=6), st.sampled_from([b"MTrk", b"\xff\xff\xff\xff", b"\xff\x51\x03"])),
        ),
        max_size=6,
    ),
    cut=st.floats(0, 1),
)
def test_a_file_with_wounds_is_read_or_refused_in_one_line_and_nothing_else(data, wounds, cut):
    data = bytearray(data)
    for place, removed, inserted in wounds:
        place = int(place * len(data))
        data[place : place + removed] = inserted
    data = bytes(data[: int(cut * len(data)) + 1] if cut < 0.5 else data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            song = read_midi(data, "song.mid", pedal="extended")
        except LabelError as error:
            refusal = str(error)
            song = None
    if song is None:
        assert re.fullmatch(r"song\.mid.*: export .*", refusal)
        return
    assert len(song.notes) <= len(data)
    assert len(song.notes) or song.remarks or b"no notes" in data
    assert np.all(song.notes.offset <= 1e6)


@pytest.mark.slow
def test_a_million_notes_are_read_in_20_seconds():
    import time

    note = b"\0\x90\x3c\x40\x28\x80\x3c\x40"
    data = header() + chunk(note * 1_000_000 + b"\0" + END)
    before = time.process_time()
    notes = read_midi(data, "long.mid", pedal="extended").notes
    assert time.process_time() - before < 20
    assert len(notes) == 1_000_000
    np.testing.assert_allclose(notes.offset[-1], 40_000, rtol=1e-9)


def test_read_pedal_is_the_pedal_of_the_piano(tmp_path):
    (tmp_path / "song.mid").write_bytes(midi([(100, control(64, 127)), *TWO[1:], (2500, control(64))]))
    np.testing.assert_allclose(read_pedal(tmp_path / "song.mid"), [[0.1, 2.5]], rtol=1e-12)
