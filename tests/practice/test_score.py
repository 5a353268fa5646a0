"""Scores are read as they are played: closed forms for times, ties, repeats, hands and fingers, names on the page."""

import io
import re
from concurrent.futures import ThreadPoolExecutor

import mido
import numpy as np
import pytest

from pianolab.places import comes_with
from pianolab.practice import ContentError, ScoreError, read_score, score_of

pytest.importorskip("verovio", reason='scores need verovio: pip install "pianolab[practice]"')

PIECES = comes_with("data") / "pieces"
HEAD = """<score-partwise version="4.0"><work><work-title>Two bars</work-title></work>
<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list><part id="P1"><measure number="1">
<attributes><divisions>2</divisions><time><beats>2</beats><beat-type>4</beat-type></time><staves>2</staves>
<clef number="1"><sign>G</sign><line>2</line></clef><clef number="2"><sign>F</sign><line>4</line></clef></attributes>"""
BACK = "<backup><duration>4</duration></backup>"


def note(id_, name, length, staff=1, inside="", chord=False, finger=None):
    step, octave = name
    tied = "".join(f'<tied type="{way}"/>' for way in re.findall(r'tie type="(\w+)"', inside))
    technical = f"<technical><fingering>{finger}</fingering></technical>" if finger else ""
    kind = {1: "eighth", 2: "quarter", 4: "half"}[length]
    return (
        f'<note id="{id_}">{"<chord/>" if chord else ""}<pitch><step>{step}</step><octave>{octave}</octave></pitch>'
        f"<duration>{length}</duration>{inside}<voice>{1 if staff == 1 else 5}</voice><type>{kind}</type>"
        f"<staff>{staff}</staff><notations>{tied}{technical}</notations></note>"
    )


def two_bars(first, second, before="", between=""):
    text = f'{HEAD}{before}{first}</measure><measure number="2">{between}{second}</measure></part></score-partwise>'
    return text.encode()


def plain(score):
    return [(one.element, one.midi, one.onset_beats, one.offset_beats, one.hand) for one in score.notes]


def test_a_tied_note_is_one_note_and_a_chord_is_several():
    first = note("a", "C5", 2) + note("b", "E5", 2, inside='<tie type="start"/>') + BACK
    first += note("c", "C3", 4, 2, finger=5) + note("d", "E3", 4, 2, chord=True, finger=3)
    second = note("e", "E5", 2, inside='<tie type="stop"/>') + note("f", "E5", 2) + BACK + note("g", "G3", 4, 2)
    score = score_of(two_bars(first, second), "two.musicxml")
    assert plain(score) == [
        ("c", 48, 0, 2, "left"),
        ("d", 52, 0, 2, "left"),
        ("a", 72, 0, 1, "right"),
        ("b", 76, 1, 3, "right"),
        ("g", 55, 2, 4, "left"),
        ("f", 76, 3, 4, "right"),
    ]
    assert [one.finger for one in score.notes] == [5, 3, None, None, None, None]
    assert [one.bar for one in score.notes] == ["1", "1", "1", "1", "2", "2"]
    assert (score.title, score.beats, score.seconds) == ("Two bars", 4, 2.0)


def test_seconds_follow_the_tempos_that_are_written():
    bar = [note(f"{i}", "C5", 4) + BACK + note(f"l{i}", "C3", 4, 2) for i in range(2)]
    words = "<direction><direction-type><words>x</words></direction-type>"
    slow, quick = (f'{words}<sound tempo="{bpm}"/></direction>' for bpm in (60, 240))
    score = score_of(two_bars(*bar, before=slow, between=quick), "two.musicxml")
    right = [one for one in score.notes if one.hand == "right"]
    assert [(one.onset_s, one.offset_s) for one in right] == [(0.0, 2.0), (2.0, 2.5)]
    played = score.performance(tempo=0.5, hand="right")
    np.testing.assert_allclose([played.onset, played.offset], [[0.0, 4.0], [4.0, 5.0]])
    with pytest.raises(ScoreError, match="use a number above 0"):
        score.performance(tempo=0)


def test_endings_are_played_in_their_turn_under_the_names_of_the_first_time():
    score = read_score(PIECES / "greensleeves.musicxml")
    order = [(bar.number, bar.passage) for bar in score.bars]
    assert order[:9] == [("0", 1), *((str(i), 1) for i in (1, 2, 3, 4)), ("1", 2), ("2", 2), ("5", 1), ("6", 1)]
    first, again = ([one for one in score.notes if one.bar == "1" and one.passage == n] for n in (1, 2))
    assert [one.element for one in first] == [one.element for one in again] != []
    assert {b.onset_beats - a.onset_beats for a, b in zip(first, again, strict=True)} == {12.0}
    assert score.beats == 48


def test_a_score_can_be_followed_with_its_repeats():
    score = read_score(PIECES / "doraji.musicxml")
    part = score.part()
    assert part.midi.tolist() == [one.midi for one in score.notes]
    assert part.bar.max() == 27  # 20 bars, of which eight come twice
    np.testing.assert_allclose(part.beat % 3, [(one.onset_beats % 3) for one in score.notes])
    assert part.bar.tolist() == [int(one.onset_beats // 3) for one in score.notes]
    assert {1: "right", 2: "left"}[int(part.hand[0])] == score.notes[0].hand


def test_the_pedal_is_down_in_each_bar():
    score = read_score(PIECES / "arirang.musicxml")
    assert len(score.pedal) == 16
    for (down, up), bar in zip(score.pedal, score.bars, strict=True):
        assert down == bar.onset_beats
        assert 2.5 < up - down < 3


@pytest.mark.parametrize("name", ["doraji", "mary_had_a_little_lamb"])
def test_each_note_stands_on_the_page_under_its_name(name):
    score = read_score(PIECES / f"{name}.musicxml")
    shown = set(re.findall(r'data-id="([^"]+)" data-class="note"', "".join(score.pages(width=1400, height=1200))))
    assert shown == {one.element for one in score.notes}
    assert score.hands == ("right", "left")
    assert score.licence == "CC0-1.0"
    assert score.facts["grade"] == {"doraji": "4", "mary_had_a_little_lamb": "1"}[name]


def test_a_score_can_be_read_in_any_thread():
    with ThreadPoolExecutor(1) as pool:
        again = pool.submit(read_score, PIECES / "doraji.musicxml").result()
    assert plain(again) == plain(read_score(PIECES / "doraji.musicxml"))


def test_mei_gives_what_musicxml_gives():
    from pianolab.practice.score import _loaded

    score = read_score(PIECES / "frere_jacques.musicxml")
    mei = _loaded(score.xml, "x").getMEI({})
    again = score_of(mei.encode(), "x.mei")
    assert plain(again) == plain(score)
    assert [one.finger for one in again.notes] == [one.finger for one in score.notes]
    assert (again.title, again.composer) == (score.title, score.composer)


def midi(tracks, *, metre=(3, 4), tempo=1_000_000):
    """A MIDI file of tracks of (start, length, key) in quarter notes."""
    file = mido.MidiFile(ticks_per_beat=480)
    for number, track in enumerate(tracks):
        events = [(s, 1, k) for s, _, k in track] + [(s + n, 0, k) for s, n, k in track]
        made, now = mido.MidiTrack(), 0
        if number == 0:
            made.append(mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1]))
            made.append(mido.MetaMessage("set_tempo", tempo=tempo))
        for beat, on, key in sorted(events):
            tick = round(beat * 480)
            made.append(mido.Message("note_on", note=key, velocity=64 * on, time=tick - now))
            now = tick
        file.tracks.append(made)
    stream = io.BytesIO()
    file.save(file=stream)
    return stream.getvalue()


def test_a_midi_file_of_two_tracks_keeps_its_notes_hands_and_bars():
    right = [(0, 1, 72), (1, 0.5, 74), (1.5, 0.5, 76), (2, 2.5, 77), (4.5, 1.5, 79)]
    left = [(0, 3, 48), (0, 3, 55), (3, 3, 50)]
    score = score_of(midi([left, right]), "two.mid")
    want = sorted((s, s + n, key) for s, n, key in right + left)
    assert sorted((one.onset_beats, one.offset_beats, one.midi) for one in score.notes) == want
    assert {one.midi for one in score.notes if one.hand == "left"} == {48, 50, 55}
    assert [bar.onset_beats for bar in score.bars] == [0, 3]
    assert score.seconds == pytest.approx(6.0)


def test_one_track_is_split_at_middle_c_and_times_move_to_sixteenths():
    score = score_of(midi([[(0.02, 0.9, 60), (0.98, 1.1, 59)]], metre=(4, 4)), "one.mid")
    assert [(one.midi, one.onset_beats, one.offset_beats, one.hand) for one in score.notes] == [
        (60, 0, 1, "right"),
        (59, 1, 2, "left"),
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"MThd\0\0\0\x06\0\x01\0\x01", "no whole MIDI file"),
        (midi([[]]), "no notes of a piano"),
        (two_bars("", "").replace(b"score-partwise", b"score-timewise"), "export it by parts"),
        (b"<html><body/></html>", "XML of another kind"),
        (two_bars("", "")[:-30], "not whole XML"),
        (two_bars("<forward><duration>4</duration></forward>", ""), "no notes of a piano|cannot be engraved"),
        (b"X:1\nK:C\nCDEF|", "not whole XML"),
        (two_bars("", "").replace(b"beat-type>4", b"beat-type>0"), "a beat-type of '0', which no music has"),
        (two_bars("", "").replace(b"divisions>2", b"divisions>x"), "a divisions of 'x', which no music has"),
    ],
)
def test_what_is_no_score_is_refused_in_one_line(data, text):
    with pytest.raises((ScoreError, ContentError), match=text) as refused:
        score_of(data, "it")
    assert len(str(refused.value).splitlines()) == 1


def test_a_score_for_three_instruments_is_refused():
    part = '<part id="{}"><measure number="1"><attributes><divisions>2</divisions></attributes>{}</measure></part>'
    listed = "".join(f'<score-part id="{i}"><part-name>{i}</part-name></score-part>' for i in "ABC")
    parts = "".join(part.format(i, note(f"n{i}", "C4", 4)) for i in "ABC")
    text = f'<score-partwise version="4.0"><part-list>{listed}</part-list>{parts}</score-partwise>'
    with pytest.raises(ScoreError, match="3 staves and no pair for a piano"):
        score_of(text.encode(), "trio.musicxml")


def test_verovio_that_is_missing_is_named_with_the_remedy(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "verovio", None)
    with pytest.raises(ScoreError, match=r'pip install "pianolab\[practice\]"'):
        read_score(PIECES / "doraji.musicxml")


def test_verovio_is_asked_once_for_what_is_written_alike(monkeypatch):
    """It looks through the whole score each time, which took minutes for the notes of a long one."""
    import verovio

    def note(step, octave, alter=0):
        pitch = f"<step>{step}</step><alter>{alter}</alter><octave>{octave}</octave>"
        return f"<note><pitch>{pitch}</pitch><duration>1</duration><type>quarter</type></note>"

    def shift(kind):
        return f'<direction><direction-type><octave-shift type="{kind}" size="8"/></direction-type></direction>'

    first = "<attributes><divisions>1</divisions><key><fifths>-3</fifths></key></attributes>"
    first += note("E", 5, -1) + note("E", 5) + shift("down") + note("E", 5, -1) + note("C", 6) + shift("stop")
    second = note("E", 5, -1) + note("C", 6) + note("E", 5) + note("A", 4, -1)
    bars = f'<measure number="1">{first}</measure><measure number="2">{second}</measure>'
    listed = '<part-list><score-part id="P"><part-name/></score-part></part-list>'
    text = f'<score-partwise version="4.0">{listed}<part id="P">{bars}</part></score-partwise>'
    asked, ask = [], verovio.toolkit.getMIDIValuesForElement

    def counted(toolkit, element):
        asked.append(element)
        return ask(toolkit, element)

    monkeypatch.setattr(verovio.toolkit, "getMIDIValuesForElement", counted)
    notes = score_of(text.encode(), "octaves.musicxml").notes
    assert [one.midi for one in notes] == [75, 76, 75, 84, 75, 84, 76, 68]
    assert len(asked) < len(notes)
