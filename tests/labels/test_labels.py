"""The notes that were written are the notes that are read; what no pianist played is refused by file and line."""

import codecs
import warnings

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pianolab import labels
from pianolab.data import load_dataset
from pianolab.labels import LabelError, LabelWarning, read_labels, read_pedal, sustain, write_labels
from pianolab.labels.pedal import merged
from pianolab.roll import Notes

pytestmark = pytest.mark.filterwarnings("error::pianolab.labels.LabelWarning")

TOLERANCE_S = {
    ".mid": 25.001e-6,
    ".midi": 25.001e-6,
    ".tsv": 0.501e-6,
    ".txt": 0.501e-6,
    ".csv": 0.501e-6,
    ".jams": 0.501e-6,
}
CHORD = Notes([0.1, 0.1, 0.75], [0.5, 0.123456, 2.0], [60, 64, 21], [10, 64, 127])


def rows(notes):
    """Onset, offset and key, sorted by all three (two notes on one key may begin together)."""
    return sorted(zip(notes.onset.tolist(), notes.offset.tolist(), notes.midi.tolist(), strict=True))


def assert_same(got, want, tolerance_s=0.0):
    assert len(got) == len(want)
    for mine, yours in zip(_by_key(got), _by_key(want), strict=True):
        np.testing.assert_allclose(mine, yours, rtol=0, atol=tolerance_s)


def _by_key(notes):
    """Per key: sorted onsets and sorted offsets, which rounding cannot swap."""
    return [np.sort(column[notes.midi == m]) for m in range(128) for column in (notes.onset, notes.offset)]


def midi_file(path, *tracks, ticks_per_beat=500, type=1):
    """Write tracks of (tick, message); 500 ticks a beat at 120 beats a minute make a tick one millisecond."""
    file = mido.MidiFile(type=type, ticks_per_beat=ticks_per_beat)
    for events in tracks:
        track, last = mido.MidiTrack(), 0
        for tick, message in events:
            track.append(message.copy(time=tick - last))
            last = tick
        file.tracks.append(track)
    file.save(path)
    return path


def on(midi, velocity=64, channel=0):
    return mido.Message("note_on", note=midi, velocity=velocity, channel=channel)


def off(midi, channel=0):
    return mido.Message("note_off", note=midi, channel=channel)


def pedal(value, channel=0):
    return mido.Message("control_change", control=64, value=value, channel=channel)


def tempo(bpm):
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))


# Round trips


@pytest.mark.parametrize("suffix", labels.WRITTEN_SUFFIXES)
def test_a_chord_and_a0_are_read_as_they_were_written(tmp_path, suffix):
    write_labels(tmp_path / f"chord{suffix}", CHORD)
    got = read_labels(tmp_path / f"chord{suffix}")
    assert got.names == ["C4", "E4", "A0"]
    np.testing.assert_allclose(got.intervals, CHORD.intervals, rtol=0, atol=TOLERANCE_S[suffix])
    if suffix in (".txt", ".jams"):  # which have no velocity
        assert np.all(np.isnan(got.velocity))
    else:
        np.testing.assert_array_equal(got.velocity, CHORD.velocity)


NOTE = st.tuples(st.floats(0, 12_000), st.floats(0, 1000), st.integers(21, 108), st.integers(1, 127))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=st.lists(NOTE, max_size=40), suffix=st.sampled_from(labels.WRITTEN_SUFFIXES))
def test_any_notes_survive_a_round_trip(tmp_path, notes, suffix):
    want = Notes(*[[n[0] for n in notes], [n[0] + n[1] for n in notes], [n[2] for n in notes], [n[3] for n in notes]])
    write_labels(tmp_path / f"any{suffix}", want)
    got = read_labels(tmp_path / f"any{suffix}")
    assert_same(got, want, TOLERANCE_S[suffix])
    if suffix not in (".txt", ".jams"):
        np.testing.assert_array_equal(np.sort(got.velocity), np.sort(want.velocity))


ON_A_GRID = st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from([60, 61]))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(notes=st.lists(ON_A_GRID, max_size=12), suffix=st.sampled_from(labels.WRITTEN_SUFFIXES))
def test_notes_that_overlap_touch_and_nest_on_one_key_are_all_kept_with_their_own_ends(tmp_path, notes, suffix):
    want = Notes([n[0] for n in notes], [n[0] + n[1] for n in notes], [n[2] for n in notes])
    write_labels(tmp_path / f"grid{suffix}", want)
    assert rows(read_labels(tmp_path / f"grid{suffix}")) == rows(want)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pedals=st.lists(st.tuples(st.integers(0, 500), st.integers(1, 50)), max_size=10))
def test_the_pedal_survives_a_round_trip(tmp_path, pedals):
    want = merged([(down / 10, (down + length) / 10) for down, length in pedals])
    write_labels(tmp_path / "pedal.mid", CHORD, pedal=want)
    np.testing.assert_allclose(read_pedal(tmp_path / "pedal.mid"), want, rtol=0, atol=1e-9)
    np.testing.assert_allclose(read_labels(tmp_path / "pedal.mid").intervals, CHORD.intervals, atol=TOLERANCE_S[".mid"])


def test_an_unknown_velocity_stays_unknown_in_text_and_becomes_64_in_midi(tmp_path):
    notes = Notes([0, 1, 2], [1, 2, 3], [60, 61, 62], [np.nan, 0, 12.25])
    for suffix, velocity in ((".tsv", [np.nan, 0, 12.25]), (".csv", [np.nan, 0, 12.25]), (".mid", [64, 1, 12])):
        write_labels(tmp_path / f"v{suffix}", notes)
        np.testing.assert_array_equal(read_labels(tmp_path / f"v{suffix}").velocity, velocity)


@pytest.mark.parametrize("suffix", labels.WRITTEN_SUFFIXES)
def test_silence_is_a_valid_label_file(tmp_path, suffix):
    write_labels(tmp_path / f"rest{suffix}", Notes.empty())
    assert len(read_labels(tmp_path / f"rest{suffix}")) == 0
    assert read_pedal(tmp_path / f"rest{suffix}").shape == (0, 2)


@pytest.mark.parametrize("name", ["Für Elise.tsv", "나비야 (느리게).mid", "<script>alert(1)<script>.csv"])
def test_any_name_can_be_written_and_read(tmp_path, name):
    write_labels(tmp_path / name, CHORD)
    assert read_labels(tmp_path / name).names == CHORD.names
    assert [p.name for p in tmp_path.iterdir()] == [name]


# Text files


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("maps.txt", "OnsetTime\tOffsetTime\tMidiPitch\n0.5\t1.25\t69\n"),
        ("maps-blanks.txt", "OnsetTime OffsetTime  MidiPitch\n\n0.5   1.25 69\n\n"),
        ("maps.tsv", "# onset,offset,note,velocity\n0.500000\t1.250000\t69.000000\t50.000000\n"),
        ("plain.csv", "onset,offset,midi,velocity\n0.5,1.25,69,50\n"),
        ("bom.csv", "\ufeffonset,offset,midi\r\n0.5,1.25,69\r\n"),
        ("names.csv", "start, end, note name\n0.5, 1.25, A4\n"),
        ("solfege.csv", "Onset_Time;Duration;Pitch\n0.5;0.75;라4\n"),
        ("order.csv", "velocity,midi,duration,onset\n50,69,0.75,0.5\n"),
        ("more.csv", 'id,onset,offset,midi,comment\n1,0.5,1.25,69,"loud, high"\n'),
        ("table.csv", ",name,onset,offset,midi\n0,ignored,0.5,1.25,69\n"),
        ("comments.tsv", "# made by hand\n# onset\toffset\tmidi\n# first\n0.5\t1.25\t69\n"),
        ("trailing.csv", "onset,offset,midi\n0.5,1.25,69,,\n"),
        ("short.csv", "onset,offset,midi,velocity\n0.5,1.25,69\n"),
        ("UPPER.CSV", "ONSET,OFFSET,MIDI\n5e-1,1.25,69.0\n"),
        ("utf16.csv", "onset,offset,midi\n0.5,1.25,69\n".encode("utf-16")),
        ("utf16-be.csv", codecs.BOM_UTF16_BE + "onset;offset;midi\n0,5;1,25;69\n".encode("utf-16-be")),
        ("utf32.tsv", "onset\toffset\tmidi\n0.5\t1.25\t69\n".encode("utf-32")),
        ("decimal-comma.csv", 'onset;offset;note;velocity\n"0,5";1,25;69,0;50\n'),
        ("excel.csv", "sep=;\r\nonset;offset;midi\r\n0,5;1,25;69\r\n"),
        ("old-mac.csv", "onset,offset,midi\r0.5,1.25,69\r"),
        ("quoted.csv", '"onset","offset","midi"\n"0.5","1.25","69"\n'),
        ("units.csv", "Onset (s),Offset [sec],MIDI pitch\n0.5,1.25,69\n"),
        ("hz.csv", "onset,offset,frequency\n0.5,1.25,437.1\n"),
        ("mirex.txt", "# onset offset f0_hz\n0.5\t1.25\t440.0\n"),
        # Basic Pitch: as many cells for the bend as the note has frames, or none.
        ("basic_pitch.csv", "start_time_s,end_time_s,pitch_midi,velocity,pitch_bend\n0.5,1.25,69,90,0,0,1,1,0\n"),
        ("no-bend.csv", "start_time_s,end_time_s,pitch_midi,velocity,pitch_bend\n0.5,1.25,69,90\n"),
        ("loudness.csv", "start_time_s,end_time_s,pitch_midi,amplitude,pitch_bend\n0.5,1.25,69,0.7,0,1\n"),
        ("frames.tsv", "onset\toffset\tnote\tvelocity\n0.5\t1.25\t69\t90\n"),  # Onsets and Frames
        ("audacity.txt", "0.500000\t1.250000\tA4\n"),
        ("audacity-band.txt", "0.500000\t1.250000\ta4\n\\\t430.000000\t450.000000\n"),
        ("sonic-visualiser.csv", "onset,frequency,duration,level,label\n0.5,440.1,0.75,0.8,\n"),
        ("sonic-visualiser-midi.csv", "TIME,VALUE,DURATION,LEVEL,LABEL\n0.5,69,0.75,0.8,A4\n"),
        ("sonic-visualiser-hz.csv", "TIME,VALUE,DURATION,LEVEL,LABEL\n0.5,440.1,0.75,0.8,\n"),
        # Samples at 44.1 kHz, and programs of General MIDI from 1.
        (
            "musicnet.csv",
            "start_time,end_time,instrument,note,start_beat,end_beat,note_value\n22050,55125,1,69,0,1,Q\n",
        ),
    ],
)
def test_one_a4_in_every_dialect(tmp_path, name, text):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert rows(read_labels(tmp_path / name)) == [(0.5, 1.25, 69)]


@pytest.mark.parametrize(
    ("keys", "midi"),
    [
        (["B-3", "E-4"], [58, 63]),
        (["E--4", "B♭3", "B♭♭3", "C♮4"], [62, 58, 57, 60]),
        (["B-1", "E-4"], [34, 63]),  # the other name tells that a minus is a flat
        (["B-1", "C--3"], [34, 46]),
        (["C4", "A-0", "B-0"], [60, 20, 22]),
    ],
)
def test_flats_are_read_as_music21_writes_them(tmp_path, keys, midi):
    lines = [f"{onset},{onset + 1},{key}" for onset, key in enumerate(keys)]
    (tmp_path / "flats.csv").write_text("\n".join(["onset,offset,note", *lines]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)  # A flat 0 lies below the keyboard.
        notes = read_labels(tmp_path / "flats.csv")
    assert notes.midi.tolist() == [key for key in midi if key >= 21]


@pytest.mark.parametrize("keys", [["B-1", "C4"], ["B-1", "Bb3"], ["B-1"], ["B-1", "B-3", "C#-1"]])
def test_a_name_that_is_a_flat_or_a_low_octave_is_refused_where_no_other_tells(tmp_path, keys):
    lines = [f"{onset},{onset + 1},{key}" for onset, key in enumerate(keys)]
    (tmp_path / "flats.csv").write_text("\n".join(["onset,offset,note", *lines]))
    message = "flats.csv, line 2: 'B-1' may be Bb1, as music21 writes it, or B of octave -1: write Bb1 or a MIDI number"
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "flats.csv")


def test_a_low_octave_is_below_the_keyboard_where_other_names_tell(tmp_path):
    (tmp_path / "low.csv").write_text("onset,offset,note\n0,1,B-1\n1,2,C#-1\n2,3,C4\n")
    with pytest.warns(LabelWarning, match="2 of 3 notes lie off the keyboard"):
        assert read_labels(tmp_path / "low.csv").names == ["C4"]


def test_a_note_without_length_is_a_note(tmp_path):
    (tmp_path / "tap.csv").write_text("onset,offset,midi\n1.0,1.0,60\n")
    assert rows(read_labels(tmp_path / "tap.csv")) == [(1.0, 1.0, 60)]


def test_notes_off_the_keyboard_are_dropped_and_counted(tmp_path):
    (tmp_path / "organ.csv").write_text("onset,offset,midi\n0,1,20\n0,1,21\n0,1,108\n0,1,109\n0,1,127\n")
    with pytest.warns(LabelWarning, match=r"organ.csv: 3 of 5 notes lie off the keyboard \(21..108\)"):
        notes = read_labels(tmp_path / "organ.csv")
    assert notes.names == ["A0", "C8"]


HEADER = "onset,offset,midi,velocity\n0,1,60,64\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "-0.5,1,60,64", "line 3: time -0.5 s is negative: times start at 0"),
        (HEADER + "2,1,60,64", "line 3: offset 1 s lies before its onset 2 s: swap or mend"),
        (HEADER + "0,1,128,64", r"line 3: MIDI number 128 is outside 0\.\.127"),
        (HEADER + "0,1,-1,64", "line 3: MIDI number -1 is outside"),
        (HEADER + "0,1,440,64", "line 3: MIDI number 440 .* give no Hz"),
        (HEADER + "0,1,60.5,64", "line 3: MIDI number 60.5 is not whole"),
        (HEADER + "0,1,nan,64", "line 3: the MIDI number is NaN"),
        (HEADER + "0,1,inf,64", "line 3: MIDI number inf is outside"),
        (HEADER + "0,1,H4,64", "line 3: 'H4' is not a note name"),
        (HEADER + "0,1,C99,64", "line 3: MIDI number 1200 is outside"),
        (HEADER + "0,1,,64", "line 3: '' is not a note name"),
        (HEADER + "nan,1,60,64", "line 3: a time is NaN"),
        (HEADER + "0,inf,60,64", "line 3: a time is NaN or infinite"),
        (
            HEADER + "0,441000000,60,64",
            "line 3: offset 4.41e.08 s is longer than any recording: write times in seconds",
        ),
        (HEADER + "soon,1,60,64", "line 3: onset 'soon' is not a number"),
        (HEADER + '"0,5",1,60,64', "line 3: onset '0,5' is not a number: write it like 1.25"),
        (HEADER + "0,1,60,200", "line 3: velocity 200 is outside"),
        (HEADER + "0,1,60,loud", "line 3: velocity 'loud' is not a number"),
        (HEADER + "0,1", "line 3: 2 columns where the header names 4"),
        (HEADER + "0,1,60,64,5", "line 3: 5 columns where the header names 4"),
        ("onset,duration,midi\n0,-1,60", "line 2: duration -1 s is negative"),
        (HEADER + "1_0,20,60,64", "line 3: onset '1_0' is not a number"),
        (HEADER + "0:01.5,2,60,64", "line 3: onset '0:01.5' is not a number: write seconds, 90.5 for one and a half"),
        ("onset;offset;midi\n0,5;1.25;60", "line 2: onset '0,5' is not a number: write it like 1.25"),
        ("onset;offset;midi\n1,000,5;2;60", "line 2: onset '1,000,5' is not a number"),
        ("onset,offset,hz\n0,1,0", "line 2: frequency 0 Hz has no pitch: write what the note sounds at, 440 for A4"),
        ("onset,offset,hz\n0,1,nan", "line 2: frequency nan Hz has no pitch"),
        ("onset,offset,hz\n0,1,20000", "line 2: MIDI number 135 is outside"),
        ("0,1,60\n", "line 1: no header .*write one, such as 'onset,offset,midi,velocity'"),
        ("0.1\t1.0\t220.0\n", "line 1: no header .*'onset,offset,frequency' above Hz as MIREX"),
        ("0.1,60,0.5,0.8,C4\n", "line 1: no header .*'onset,midi,duration,level,label' above a note layer of Sonic V"),
        ("0.1 440.0 0.5 0.8\n", "line 1: no header .*'onset,midi,duration,level' above a note layer of Sonic V"),
        ("0.5\t1.0\tverse\n", "line 1: no header .*in a label track of Audacity each label must be the name of a note"),
        ("0.5\t1.0\t\n", "line 1: no header .*in a label track of Audacity each label"),
        ("0.5\t1.0\n", "line 1: no header .*in a label track of Audacity each label"),
        (
            "TIME,VALUE,DURATION,LEVEL,LABEL\n0.1,60.3,0.5,0.8,C4\n",
            "the values may be Hz or MIDI numbers: call VALUE midi, or frequency where it is in Hz$",
        ),
        ("TIME,VALUE,DURATION\n0.1,60,0.5\n0.2,C4,0.5\n", "line 3: value 'C4' is not a number"),
        ("onset,offset,pitch\n0,1,55\n1,2,110.0\n", "line 3: the pitch 110.0 may be Hz .*call the column frequency"),
        ("onset,offset,pitch\n0,1,98.5\n", "line 2: the pitch 98.5 may be Hz or a MIDI number: call the column freq"),
        ("0.5\t1.0\tC4\n1.0\t2.0\tverse\n", "line 2: 'verse' is not a note name"),
        ("0.5\t1.0\tC4\n1.0\t0.2\tC4\n", "line 2: offset 0.2 s lies before its onset 1 s"),
        ("onset_ms,offset_ms,midi\n500,900,60\n", "line 1: no header .*; times must be seconds, so divide those"),
        ("time,frequency\n0,440\n", "line 1: no header"),
        ("onset,midi\n0,60\n", r"line 1: no header .*offset \(or duration\)"),
        ("onset,offset\n0,1\n", "line 1: no header"),
        ("\n\n", "line 2: no header"),
        ("", r"is empty \(0 bytes\)"),
        (b"onset,offset,midi\n\xff\xfe", r"not UTF-8 text \(byte 18\): save it as UTF-8"),
        ("onset,offset,midi\n".encode("utf-16") + b"0", r"not UTF-16 text \(byte 38\): save it as UTF-8"),
        ("onset,offset,midi\n".encode("utf-16-le"), "zero byte"),
        ("# Étude\nonset,offset,midi\n".encode("latin-1"), r"not UTF-8 text \(byte 2\): save it as UTF-8"),
        ("onset\0,offset,midi\n", "zero byte"),
        ("onset,offset,midi\n" + '"' + "9" * 200_000 + ",1,60", "line 2: field larger than .*: mend the line"),
    ],
)
def test_what_cannot_be_true_is_refused_by_line(tmp_path, text, message):
    (tmp_path / "bad.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LabelError, match=message) as caught:
        read_labels(tmp_path / "bad.csv")
    assert "bad.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.mid", "missing.mid is not there"),
        ("missing.csv", "missing.csv is not there"),
        ("notes.doc", r"notes.doc is no label file: use a name that ends in \.mid, .*\.csv"),
        ("none", "is no label file"),
        ("folder.csv", "is a folder"),
        ("nul\0.csv", "cannot be read"),
    ],
)
def test_what_is_no_label_file_is_refused(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    for read in (read_labels, read_pedal):
        with pytest.raises(LabelError, match=message):
            read(tmp_path / name)


# What decides how a text file is read: names of columns, separators, names of notes, odd numbers.
TOKENS = [
    *("onset", "offset", "end_time_s", "duration", "midi", "note", "hz", "velocity", "pitch_bend", "ms", "sep="),
    *("#", ",", ";", "\\", "\t", " ", "\n", "\r", '"', "\ufeff", "0", "1", "0.5", "0,5", "60", "-1", "nan"),
    *("1e999", "1_0", "0:01", "C4", "B-3", "B-1", "E--4", "C#-1", "B♭3", "𝄫", "도"),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: ("onset,offset,midi\n" + text).encode("utf-8", "replace")),
        st.lists(st.sampled_from(["0", "1", "60", ",", "\n", "-", "nan", "1e999", "C4", '"', ";", "\t", " "])).map(
            lambda cells: ("onset,offset,midi\n" + "".join(cells)).encode()
        ),
        st.lists(st.sampled_from(TOKENS), max_size=40).map("".join).map(str.encode),
        st.binary(max_size=200).map(lambda tail: b"MThd\0\0\0\6\0\1\0\1\1\xf4MTrk\0\0\0" + tail),
    ),
    suffix=st.sampled_from(labels.LABEL_SUFFIXES),
)
def test_garbage_is_read_or_refused_and_nothing_else_happens(tmp_path, data, suffix):
    path = tmp_path / f"garbage{suffix}"
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)
        for read in (read_labels, read_pedal):
            try:
                got = read(path)
            except LabelError:
                continue
            assert len(got) <= len(data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wounds=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_midi_file_is_read_or_refused(tmp_path, wounds):
    write_labels(tmp_path / "whole.mid", CHORD, pedal=[(0.2, 0.6)])
    data = bytearray((tmp_path / "whole.mid").read_bytes())
    for place, value in wounds:
        data[place % len(data)] = value
    (tmp_path / "hurt.mid").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)
        try:
            notes = read_labels(tmp_path / "hurt.mid", pedal="extended")
        except LabelError:
            return
    assert np.all(notes.offset >= notes.onset)


# MIDI files


def test_a_change_of_tempo_on_one_track_moves_the_notes_of_another(tmp_path):
    path = midi_file(
        tmp_path / "rit.mid",
        [(0, tempo(120)), (1000, tempo(60)), (1500, tempo(240))],
        [(0, on(60)), (1000, off(60)), (1000, on(62)), (1250, off(62)), (1500, on(64)), (2000, off(64))],
    )
    # two beats at 120 (1 s); half a beat at 60 (0.5 s), another half; one beat at 240 (0.25 s)
    np.testing.assert_allclose(read_labels(path).intervals, [[0, 1], [1, 1.5], [2, 2.25]], atol=1e-12)


def test_a_file_in_film_frames_needs_no_tempo(tmp_path):
    path = midi_file(tmp_path / "film.mid", [(0, tempo(30)), (1000, on(60)), (2500, off(60))], ticks_per_beat=1)
    data = bytearray(path.read_bytes())
    data[12:14] = bytes([256 - 25, 40])  # 25 frames a second, 40 ticks a frame: a tick is a millisecond
    path.write_bytes(data)
    assert rows(read_labels(path)) == [(1.0, 2.5, 60)]


def test_a_start_with_velocity_zero_is_an_end(tmp_path):
    path = midi_file(tmp_path / "v0.mid", [(0, on(60)), (500, on(60, velocity=0)), (600, on(60)), (900, off(60))])
    np.testing.assert_allclose(read_labels(path).intervals, [[0, 0.5], [0.6, 0.9]])


def test_on_one_track_the_first_end_belongs_to_the_first_start(tmp_path):
    path = midi_file(tmp_path / "fifo.mid", [(0, on(60)), (500, on(60)), (500, off(60)), (800, off(60))])
    np.testing.assert_allclose(read_labels(path).intervals, [[0, 0.5], [0.5, 0.8]])


def test_two_hands_on_one_key_end_their_own_notes(tmp_path):
    path = midi_file(tmp_path / "hands.mid", [(0, on(60)), (900, off(60))], [(300, on(60)), (500, off(60))])
    np.testing.assert_allclose(read_labels(path).intervals, [[0, 0.9], [0.3, 0.5]])


def test_a_note_that_never_ends_ends_with_the_file(tmp_path):
    path = midi_file(tmp_path / "hang.mid", [(0, on(60)), (100, on(62)), (700, off(62))])
    with pytest.warns(LabelWarning, match=r"hang.mid: 1 note never ends"):
        notes = read_labels(path)
    np.testing.assert_allclose(notes.intervals, [[0, 0.7], [0.1, 0.7]])


def test_an_end_without_a_start_is_nothing(tmp_path):
    path = midi_file(tmp_path / "off.mid", [(0, off(60)), (100, on(60)), (200, off(60)), (300, off(60))])
    np.testing.assert_allclose(read_labels(path).intervals, [[0.1, 0.2]])


def test_drums_are_ignored_and_counted(tmp_path):
    drums = [(0, on(36, channel=9)), (0, on(60)), (200, off(36, channel=9)), (300, off(60))]
    with pytest.warns(LabelWarning, match=r"1 drum notes \(channel 10\) are ignored"):
        assert read_labels(midi_file(tmp_path / "band.mid", drums)).names == ["C4"]


@pytest.mark.parametrize(
    ("events", "extended_s"),
    [
        ([(0, on(60)), (200, pedal(127)), (500, off(60)), (900, pedal(0))], 0.9),  # released under the pedal
        ([(0, pedal(127)), (0, on(60)), (500, off(60)), (900, pedal(0))], 0.9),  # the pedal was down before
        ([(0, on(60)), (500, off(60)), (600, pedal(127)), (900, pedal(0))], 0.5),  # too late to catch it
        ([(0, on(60)), (200, pedal(127)), (400, pedal(0)), (500, off(60))], 0.5),  # up again before the release
        ([(0, on(60)), (200, pedal(63)), (500, off(60)), (900, pedal(0))], 0.5),  # not far enough down
        ([(0, on(60)), (200, pedal(64)), (500, off(60)), (600, pedal(100)), (900, pedal(63))], 0.9),
        ([(0, on(60)), (200, pedal(127)), (500, off(60)), (900, on(62)), (950, off(62))], 0.95),  # never lifted
    ],
)
def test_the_pedal_holds_what_is_released_while_it_is_down(tmp_path, events, extended_s):
    path = midi_file(tmp_path / "pedal.mid", events)
    release, extended = read_labels(path), read_labels(path, pedal="extended")
    assert release.offset[0] == pytest.approx(0.5)
    assert extended.offset[0] == pytest.approx(extended_s)
    np.testing.assert_array_equal(release.onset, extended.onset)


def test_under_the_pedal_a_note_ends_when_its_key_is_struck_again(tmp_path):
    events = [
        (0, pedal(127)),
        (0, on(60)),
        (100, off(60)),
        (400, on(60)),
        (500, off(60)),
        (600, on(61)),
        (700, off(61)),
    ]
    notes = read_labels(midi_file(tmp_path / "again.mid", [*events, (900, pedal(0))]), pedal="extended")
    np.testing.assert_allclose(notes.intervals, [[0, 0.4], [0.4, 0.9], [0.6, 0.9]])


def test_the_pedal_never_shortens_notes_that_overlap_on_one_key():
    notes = Notes([0, 0.5, 0.5], [1.0, 0.8, 0.6], [60, 60, 60])
    got = sustain(notes, [[0.7, 2.0]])
    assert rows(got) == [(0.0, 1.0, 60), (0.5, 0.6, 60), (0.5, 2.0, 60)]


@settings(max_examples=200, deadline=None)
@given(
    notes=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10), st.integers(60, 62)), min_size=1, max_size=15),
    pedals=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=5),
)
def test_sustain_is_the_rule_said_in_words(notes, pedals):
    notes = Notes([n[0] for n in notes], [n[0] + n[1] for n in notes], [n[2] for n in notes])
    pedals = [(down, down + length) for down, length in pedals]
    got = sustain(notes, pedals)
    held = merged(pedals)
    for i in range(len(notes)):
        end = notes.offset[i]
        for down, up in held:
            if down <= notes.offset[i] < up:
                later = notes.onset[(notes.midi == notes.midi[i]) & (notes.onset > notes.onset[i])]
                end = max(end, min([up, *later]))
        assert got.offset[i] == end


def test_one_tick_orders_end_before_start_before_the_end_of_a_note_without_length(tmp_path):
    notes = Notes([0, 1, 1, 1], [1, 1, 1, 2], [60, 60, 60, 60])
    write_labels(tmp_path / "tick.mid", notes)
    assert rows(read_labels(tmp_path / "tick.mid")) == rows(notes)
    assert len(mido.MidiFile(tmp_path / "tick.mid").tracks) == 4  # tempo and pedal, and three that begin together


def test_a_note_without_length_leaves_the_long_one_that_begins_with_it_whole(tmp_path):
    notes = Notes([0.0, 0.0], [0.0, 21.0], [21, 21])
    write_labels(tmp_path / "both.mid", notes)
    assert rows(read_labels(tmp_path / "both.mid")) == rows(notes)


def test_others_read_our_midi_as_we_do(tmp_path):
    write_labels(tmp_path / "a.mid", CHORD)
    now, starts = 0.0, {}
    for message in mido.MidiFile(tmp_path / "a.mid"):  # mido's own clock
        now += message.time
        if message.type == "note_on":
            starts[message.note] = now
    assert starts == pytest.approx({60: 0.1, 64: 0.1, 21: 0.75}, abs=TOLERANCE_S[".mid"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"these are words", "not a readable MIDI file"),
        (b"MThd", "not a readable MIDI file"),
        (
            b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk\0\0\0\3\0\x3c\x40",
            "not a readable MIDI file .track 1, byte 23: data before",
        ),
        (b"MThd\0\0\0\6\0\1\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "0 ticks per beat"),
        (b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "type 2 .*export it as type 0 or 1"),
    ],
)
def test_broken_midi_is_refused(tmp_path, data, message):
    (tmp_path / "bad.mid").write_bytes(data)
    with pytest.raises(LabelError, match=message) as caught:
        read_labels(tmp_path / "bad.mid")
    assert "bad.mid" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_pedal_rule_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"pedal rule 'half' is unknown: use one of release, extended"):
        read_labels(tmp_path / "any.mid", pedal="half")


# Writing what cannot be written


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.xml", {}, "no label file"),
        ("missing/a.csv", {}, "cannot be written .*choose a folder"),
        ("a.mid", {"pedal": [[1, 0]]}, "pedal from 1 to 0 s cannot be: .*, down before up"),
        ("a.mid", {"pedal": [[-1, 0]]}, "pedal from -1 to 0 s cannot be: use finite times from 0 on"),
        ("a.mid", {"pedal": [[0, np.nan]]}, "pedal from 0 to nan s cannot be: use finite times"),
        ("a.mid", {"pedal": [0, 1]}, r"shape \(2,\): pass shape \(n, 2\)"),
        ("a.mid", {"pedal": [["down", "up"]]}, "no list of times"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, name, options, message):
    with pytest.raises(LabelError, match=message):
        write_labels(tmp_path / name, CHORD, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_pause_longer_than_midi_can_hold_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"no pause over 3\.7 h; write \.tsv"):
        write_labels(tmp_path / "a.mid", Notes([0, 20_000], [1, 20_001], [60, 60]))


def test_a_text_file_says_that_it_cannot_hold_the_pedal(tmp_path):
    with pytest.warns(LabelWarning, match=r"a\.tsv cannot hold the pedal: write a \.mid"):
        write_labels(tmp_path / "a.tsv", CHORD, pedal=[[0, 1]])
    assert read_labels(tmp_path / "a.tsv").names == CHORD.names


def test_a_write_that_fails_leaves_the_old_labels(tmp_path, monkeypatch):
    write_labels(tmp_path / "a.tsv", CHORD)

    def disk_full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", disk_full)
    with pytest.raises(LabelError, match="No space left"):
        write_labels(tmp_path / "a.tsv", Notes.empty())
    monkeypatch.undo()
    assert read_labels(tmp_path / "a.tsv").names == CHORD.names
    assert [p.name for p in tmp_path.iterdir()] == ["a.tsv"]


@pytest.mark.external
def test_the_labels_of_maps_are_read_as_numpy_reads_them(recordings):
    paths = [recording.labels for recording in list(load_dataset(recordings / "maps"))[::20]]
    paths = [next(p for p in (path.with_suffix(".txt"), path) if p.exists()) for path in paths]  # text, not MIDI
    assert paths
    for path in paths:
        table = np.genfromtxt(path)[:, :3]
        assert rows(read_labels(path)) == sorted(map(tuple, table[~np.isnan(table[:, 0])].tolist()))  # but its header
