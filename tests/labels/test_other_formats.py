"""JAMS, Sonic Visualiser, MusicNet and MusicXML: the notes that others wrote are read, or refused with what to do."""

import json
import sys
import tomllib
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pianolab.labels import FOREIGN_LABELS, LabelError, LabelWarning, read_labels, write_labels
from pianolab.roll import Notes

pytestmark = pytest.mark.filterwarnings("error::pianolab.labels.LabelWarning")


def triples(path):
    notes = read_labels(path)
    return list(zip(notes.onset.tolist(), notes.offset.tolist(), notes.midi.tolist(), strict=True))


# JAMS


def jams(*annotations):
    return json.dumps({"annotations": [{"namespace": name, "data": data} for name, data in annotations], "sandbox": {}})


def note(time, duration, value):
    return {"time": time, "duration": duration, "value": value, "confidence": None}


@pytest.mark.parametrize(
    "text",
    [
        jams(("note_midi", [note(0.5, 0.75, 69.0), note(1, 1, 60)])),
        jams(("note_midi", [note(0.5, 0.75, 69.3), note(1, 1, 59.8)])),  # between two keys: the nearest
        jams(("note_hz", [note(0.5, 0.75, 441.5), note(1, 1, 261.6)])),
        jams(("beat", []), ("note_midi", {"time": [0.5, 1], "duration": [0.75, 1], "value": [69, 60]})),
        jams(("note_hz", [note(9, 1, 100.0)]), ("note_midi", [note(0.5, 0.75, 69), note(1, 1, 60)])),  # MIDI first
    ],
)
def test_the_notes_of_a_jams_file(tmp_path, text):
    (tmp_path / "song.jams").write_text(text)
    assert triples(tmp_path / "song.jams") == [(0.5, 1.25, 69), (1.0, 2.0, 60)]
    assert np.all(np.isnan(read_labels(tmp_path / "song.jams").velocity))


FILLED = [note(0.5, 0.75, 60)]
NOTHING = {"time": [], "duration": [], "value": []}


@pytest.mark.parametrize(
    ("text", "midi", "message"),
    [
        (
            jams(("note_midi", []), ("note_hz", [note(0.5, 0.75, 262)])),
            60,
            "note_midi is empty, and the notes of note_hz",
        ),
        (jams(("note_midi", NOTHING), ("note_midi", FILLED)), 60, "note_midi is empty, and the notes of note_midi"),
    ],
)
def test_an_empty_annotation_of_a_jams_file_hides_no_notes(tmp_path, text, midi, message):
    (tmp_path / "song.jams").write_text(text)
    with pytest.warns(LabelWarning, match=rf"song.jams: an annotation {message} are read"):
        assert triples(tmp_path / "song.jams") == [(0.5, 1.25, midi)]


def test_a_jams_file_of_silence(tmp_path):
    (tmp_path / "rest.jams").write_text(jams(("note_midi", [])))
    assert triples(tmp_path / "rest.jams") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("these are words", "song.jams is no JAMS file: export it again, or write the notes as .tsv"),
        ("[" * 100_000, "is no JAMS file"),
        ("[]", "is no JAMS file"),
        ('{"annotations": 3}', "is no JAMS file"),
        ('{"annotations": [3]}', "is no JAMS file"),
        (jams(), "holds no notes but nothing: it needs an annotation note_midi or note_hz"),
        (jams(("beat", []), ("chord", [])), "holds no notes but beat, chord: it needs an annotation"),
        (jams(("note_midi", []), ("note_midi", [])), "holds 2 annotations note_midi: keep one in the file"),
        (jams(("note_midi", {"time": [1]})), "note 1 of note_midi: time, duration .* must be numbers"),
        (jams(("note_midi", {"time": [1], "duration": [], "value": []})), "note 1 of note_midi"),
        (jams(("note_midi", [note(0, 1, 60), note(0, 1, "C4")])), "note 2 of note_midi: .*; mend or drop it"),
        (jams(("note_midi", [note(0, 1, None)])), "note 1 of note_midi"),
        (jams(("note_midi", [note(0, 1, float("nan"))])), "note 1 of note_midi"),
        (jams(("note_hz", [note(0, 1, 0)])), "note 1 of note_hz"),
        (jams(("note_midi", [note(10**400, 1, 60)])), "note 1 of note_midi"),
        (jams(("note_midi", [note(-1, 1, 60)])), "note 1: time -1 s is negative"),
        (jams(("note_midi", [note(1, -0.5, 60)])), "note 1: offset 0.5 s lies before its onset"),
        (jams(("note_midi", [note(0, 1, 440)])), "note 1: MIDI number 440 is outside"),
    ],
)
def test_a_jams_file_that_cannot_be_true_is_refused(tmp_path, text, message):
    (tmp_path / "song.jams").write_text(text)
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "song.jams")


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["time", "duration", "value"]), inner),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(namespace=st.sampled_from(["note_midi", "note_hz"]) | VALUES, data=VALUES)
def test_any_json_is_read_or_refused(tmp_path, namespace, data):
    (tmp_path / "any.jams").write_text(json.dumps({"annotations": [{"namespace": namespace, "data": data}]}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)
        with suppress(LabelError):
            notes = read_labels(tmp_path / "any.jams")
            assert np.all((notes.midi >= 21) & (notes.midi <= 108) & (notes.onset <= notes.offset))


def test_what_is_written_as_jams_has_all_that_its_schema_asks_for(tmp_path):
    """The required fields of jams_schema.json 0.3.4; other programs refuse files that lack one."""
    write_labels(tmp_path / "song.jams", Notes([0.5, 1.0], [1.25, 2.0], [69, 60]))
    written = json.loads((tmp_path / "song.jams").read_text())
    assert {"annotations", "file_metadata", "sandbox"} <= written.keys()
    assert {"duration", "jams_version", "identifiers"} <= written["file_metadata"].keys()
    (annotation,) = written["annotations"]
    assert {"namespace", "data", "annotation_metadata", "sandbox", "time", "duration"} <= annotation.keys()
    assert annotation["data"][0] == {"time": 0.5, "duration": 0.75, "value": 69.0, "confidence": None}
    assert written["file_metadata"]["duration"] == annotation["duration"] == 2.0


# Sonic Visualiser


def layer(*points, model='subtype="note" units="MIDI Pitch"', sr='sampleRate="22050"'):
    """A layer as Sonic Visualiser exports it."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv>
  <data>
    <model id="8" name="song" {sr} start="11025" end="44100" type="sparse" dimensions="3" resolution="1"
      notifyOnAdd="true" dataset="7" {model} valueQuantization="0" minimum="60" maximum="69" />
    <dataset id="7" dimensions="3">{"".join(points)}</dataset>
  </data>
  <display><layer id="9" type="notes" name="Notes" model="8" verticalScale="0" /></display>
</sv>"""


def point(frame, duration, value, level=0.5):
    return f'<point frame="{frame}" value="{value}" duration="{duration}" level="{level}" label="" />'


@pytest.mark.parametrize(
    ("values", "units"), [((69, 60), "MIDI Pitch"), ((69.2, 59.9), ""), ((441.5, 261.6), "Hz"), ((440, 262), "hz")]
)
def test_the_notes_of_a_layer_of_sonic_visualiser(tmp_path, values, units):
    points = point(11025, 16537.5, values[0], 1.0), point(22050, 22050, values[1])
    (tmp_path / "song.svl").write_text(layer(*points, model=f'subtype="note" units="{units}"'))
    assert triples(tmp_path / "song.svl") == [(0.5, 1.25, 69), (1.0, 2.0, 60)]
    np.testing.assert_allclose(read_labels(tmp_path / "song.svl").velocity, [127, 63.5])


def test_levels_that_nobody_set_are_no_velocity(tmp_path):
    (tmp_path / "song.svl").write_text(layer(point(0, 9, 60, 1.0), point(9, 9, 62, 1.0)))
    assert np.all(np.isnan(read_labels(tmp_path / "song.svl").velocity))


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><sv>&j;</sv>"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("these are words", "song.svl is no layer of Sonic Visualiser: export it again, or as .csv"),
        (layer()[:300], "is no layer of Sonic Visualiser"),
        (BOMB, "is no layer of Sonic Visualiser"),
        ("<sv/>", "holds no layer of notes but nothing: export a layer of notes"),
        (layer(model='subtype="region"'), "holds no layer of notes but region"),
        (layer(model=""), "holds no layer of notes but 3-d"),
        (layer().replace("<data>", "<data>" + layer().split("<data>")[1].split("<dataset")[0]), "holds 2 layers of n"),
        (layer(point(0, 9, 60), sr=""), "names no sample rate"),
        (layer(point(0, 9, 60), sr='sampleRate="0"'), "names no sample rate"),
        (layer(point(0, 9, 60), point(0, "nine", 60)), "note 2: frame, duration and value must be numbers"),
        (layer(point(0, 9, "inf")), "note 1: frame, duration and value must be numbers"),
        (layer(point(0, 9, 0), model='subtype="note" units="Hz"'), "note 1: frame, duration and value must be num"),
        (layer(point(0, -9, 60)), "note 1: .* negative|note 1: offset"),
        (layer(point(0, 9, 440)), "note 1: MIDI number 440 is outside"),
    ],
)
def test_a_layer_that_cannot_be_true_is_refused(tmp_path, text, message):
    (tmp_path / "song.svl").write_text(text)
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "song.svl")


def test_a_layer_without_notes_is_silence(tmp_path):
    (tmp_path / "song.svl").write_text(layer())
    assert triples(tmp_path / "song.svl") == []


# MusicNet


def test_of_the_labels_of_musicnet_only_the_piano_counts(tmp_path):
    head = "start_time,end_time,instrument,note,start_beat,end_beat,note_value\n"
    (tmp_path / "trio.csv").write_text(head + "22050,55125,1,69,0,1,Quarter\n44100,88200,41,76,1,2,Quarter\n")
    with pytest.warns(LabelWarning, match=r"trio\.csv: 1 of 2 notes are of other instruments than the piano"):
        assert triples(tmp_path / "trio.csv") == [(0.5, 1.25, 69)]


# MusicXML

SCORE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1">
<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>
<part id="P1">
<measure number="1">
<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<direction><sound tempo="60"/></direction>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note>
<note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>4</duration><tie type="start"/></note>
<direction><sound tempo="120"/></direction>
<note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>2</duration><tie type="stop"/></note>
</measure>
<measure number="2">
<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note>
<note><chord/><pitch><step>E</step><octave>5</octave></pitch><duration>4</duration></note>
<note><rest/><duration>4</duration></note>
<barline location="right"><repeat direction="backward"/></barline>
</measure>
</part></score-partwise>"""


@pytest.mark.parametrize("suffix", [".musicxml", ".xml", ".mxl"])
def test_without_partitura_a_score_is_refused_with_how_to_install_it(tmp_path, suffix, monkeypatch):
    monkeypatch.setitem(sys.modules, "partitura", None)
    (tmp_path / f"song{suffix}").write_text(SCORE)
    with pytest.raises(
        LabelError, match=r"needs partitura.*: pip install .pianolab\[musicxml\]. in an environment with"
    ):
        read_labels(tmp_path / f"song{suffix}")


def test_what_reads_scores_is_installed_by_nobody_who_did_not_ask_for_it():
    """partitura brings lark-parser, which overwrites the files of lark, which JupyterLab imports."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert any("partitura" in wanted for wanted in extras.pop("musicxml"))
    assert "partitura" not in str([project["dependencies"], extras])


def test_a_small_archive_of_a_huge_score_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.xml", b" " * 60_000_000)
    with pytest.raises(LabelError, match=r"bomb\.mxl holds 60 MB of XML: no score is so long"):
        read_labels(tmp_path / "bomb.mxl")


def test_a_damaged_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "song.mxl", "w") as archive:
        archive.writestr("score.xml", SCORE)
    data = (tmp_path / "song.mxl").read_bytes()
    for length in (len(data) - 30, len(data) // 2, 10):
        (tmp_path / "song.mxl").write_bytes(data[:length] + data[-22:])
        with pytest.raises(LabelError, match=r"needs partitura|is not readable MusicXML"):
            read_labels(tmp_path / "song.mxl")


def test_a_score_is_played_at_its_tempos_with_ties_and_repeats(tmp_path):
    """At 60 C4 takes 1 s and two of three tied quarters 2 s; from there on a quarter takes half a second."""
    pytest.importorskip("partitura")
    (tmp_path / "song.musicxml").write_text(SCORE)
    with zipfile.ZipFile(tmp_path / "song.mxl", "w") as archive:
        container = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("score.xml", SCORE)
    once = [(0.0, 1.0, 60), (1.0, 3.5, 58), (3.5, 4.5, 72), (3.5, 4.5, 76)]
    again = [(onset + 5.5, offset + 5.5, midi) for onset, offset, midi in once]
    assert triples(tmp_path / "song.musicxml") == triples(tmp_path / "song.mxl") == [*once, *again]


def test_a_score_without_a_tempo_says_so(tmp_path):
    pytest.importorskip("partitura")
    text = SCORE.replace('<sound tempo="60"/>', "").replace('<sound tempo="120"/>', "")
    (tmp_path / "song.xml").write_text(text)
    with pytest.warns(LabelWarning, match="names no tempo: 120 quarter notes a minute are taken"):
        assert triples(tmp_path / "song.xml")[1] == (0.5, 2.0, 58)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SCORE[:400], "is not readable MusicXML"),
        ("<html/>", "is not readable MusicXML"),
        (SCORE.replace("60", "0", 1), "has a tempo of 0 quarter notes a minute"),
    ],
)
def test_a_broken_score_is_refused(tmp_path, text, message):
    pytest.importorskip("partitura")
    (tmp_path / "song.musicxml").write_text(text)
    with pytest.raises(LabelError, match=message):
        read_labels(tmp_path / "song.musicxml")


# Formats that are not read


@pytest.mark.parametrize("suffix", FOREIGN_LABELS)
def test_a_file_of_another_program_is_refused_with_what_to_do(tmp_path, suffix):
    with pytest.raises(LabelError, match=rf"song\{suffix.upper()} is not read: (export|save|write)"):
        read_labels(tmp_path / f"song{suffix.upper()}")
