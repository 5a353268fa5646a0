"""Chords live: keys that sound together get their name once they have settled, whatever the blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianolab.live.choices import Choice, ChoiceError, menu, modes
from pianolab.live.chord_tracker import SETTLE_OFF_S, SETTLE_ON_S, ChordTracker
from pianolab.live.chords import describe
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder
from pianolab.live.stream import Stream, pcm16
from pianolab.live.verdicts import judge
from pianolab.piano import render
from pianolab.roll import Notes

SR = 44100


def on(note, midi, time_s, heard_s=None):
    return {"kind": "on", "note": note, "midi": midi, "time_s": time_s, "heard_s": heard_s or time_s}


def off(note, midi, time_s):
    return {"kind": "off", "note": note, "midi": midi, "time_s": time_s, "heard_s": time_s}


def symbols(events):
    return [event["texts"]["C4"]["symbol"] for event in events]


# ---- settling, in closed form


def test_keys_struck_within_some_frames_are_told_once_as_a_chord():
    follower = ChordTracker(number=1)
    strokes = [on(0, 60, 1.0), on(1, 67, 1.02, 1.04), on(2, 64, 1.03, 1.06)]
    assert follower.push(strokes, 1.06) == []
    (event,) = follower.push([], 1.0 + SETTLE_ON_S)
    assert event["midi"] == event["named"] == [60, 64, 67]
    assert (event["kind"], event["listener"], event["struck"]) == ("chord", 1, True)
    assert (event["time_s"], event["heard_s"]) == (1.03, 1.0 + SETTLE_ON_S)
    assert event["texts"]["C4"] == {"symbol": "C", "spoken": "C major", "keys": ["C4", "E4", "G4"]}
    assert follower.push([], 2.0) == []  # nothing new, nothing told


def test_keys_let_go_one_after_the_other_are_told_once():
    follower = ChordTracker()
    follower.push([on(0, 60, 1.0), on(1, 64, 1.0), on(2, 67, 1.0)], 1.2)
    releases = [off(0, 60, 2.0), off(1, 64, 2.05), off(2, 67, 2.1)]
    (event,) = follower.push(releases, 2.0 + SETTLE_OFF_S)
    assert (event["midi"], event["struck"], symbols([event])) == ([], False, [""])


def test_a_release_just_before_a_chord_does_not_cut_its_settling_short():
    """C E G let go at 2.00 are due at 2.15, between the strokes of A C E: no third is told on the way to Am."""
    follower = ChordTracker()
    follower.push([on(0, 60, 1.0), on(1, 64, 1.0), on(2, 67, 1.0)], 1.5)
    between = [off(0, 60, 2.0), off(1, 64, 2.0), off(2, 67, 2.0), on(3, 57, 2.13), on(4, 60, 2.14), on(5, 64, 2.16)]
    (event,) = follower.push(between, 2.5)
    assert (symbols([event]), event["midi"], event["struck"]) == (["Am"], [57, 60, 64], True)
    assert event["heard_s"] == pytest.approx(2.13 + SETTLE_ON_S)


@given(st.lists(st.tuples(st.sampled_from(["on", "off", "revised"]), st.integers(0, 50)), min_size=1, max_size=30))
def test_strokes_are_told_just_the_settling_time_after_the_first_of_them(steps):
    """Whatever else is struck, let go or corrected meanwhile, at any hundredth of a second."""
    follower, told, first_s, now_s = ChordTracker(), [], None, 1.0
    for number, (kind, hundredths) in enumerate(steps):
        now_s = round(now_s + hundredths / 100, 2)
        for event in follower.push([], now_s):  # what was due before
            told.append((event, first_s))
            first_s = None
        assert follower.push([{**on(number, 48 + number, now_s), "kind": kind}], now_s) == []
        first_s = now_s if kind == "on" and first_s is None else first_s
    told += [(event, first_s) for event in follower.push([], now_s + 1.0)]
    assert sum(event["struck"] for event, _ in told) == sum(first_s is not None for _, first_s in told)
    for event, first_s in told:
        if event["struck"]:
            assert event["heard_s"] == pytest.approx(first_s + SETTLE_ON_S)


def test_a_chord_struck_again_is_told_again_and_a_key_that_comes_back_in_time_is_not():
    follower = ChordTracker()
    assert symbols(follower.push([on(0, 60, 1.0), on(1, 64, 1.0), on(2, 67, 1.0)], 1.5)) == ["C"]
    again = [event for n, m in enumerate((60, 64, 67)) for event in (off(n, m, 2.0), on(n + 3, m, 2.0))]
    assert symbols(follower.push(again, 2.5)) == ["C"]
    slip = [off(3, 60, 3.0), {**on(6, 60, 3.05), "kind": "revised"}]
    assert follower.push(slip, 3.5) == []


def test_a_melody_over_a_held_chord_does_not_take_its_name_away():
    follower = ChordTracker()
    told = follower.push([on(0, 48, 1.0), on(1, 52, 1.01), on(2, 55, 1.02), on(3, 74, 1.5), on(4, 77, 1.9)], 2.5)
    assert symbols(told) == ["C", "C", "C"]
    assert told[-1]["midi"] == [48, 52, 55, 74, 77]
    assert told[-1]["named"] == [48, 52, 55]


def test_a_new_chord_over_one_that_the_pedal_holds_has_its_own_name():
    follower = ChordTracker()
    held = [on(0, 48, 1.0), on(1, 52, 1.0), on(2, 55, 1.0)]
    new = [on(3, 65, 2.0), on(4, 69, 2.02), on(5, 72, 2.04)]
    assert symbols(follower.push(held + new, 3.0)) == ["C", "F"]


def test_a_chord_keeps_its_name_while_its_keys_fade_one_by_one():
    follower = ChordTracker()
    told = follower.push([on(0, 60, 1.0), on(1, 64, 1.0), on(2, 67, 1.0), off(1, 64, 2.0), off(0, 60, 2.5)], 2.9)
    assert symbols(told) == ["C", "C", "C"]
    assert [event["midi"] for event in told] == [[60, 64, 67], [60, 67], [67]]
    assert symbols(follower.push([on(3, 76, 3.0)], 3.5)) == ["major sixth"]  # a new stroke ends it


def test_a_cluster_has_no_name_and_two_keys_have_their_interval():
    assert describe([60, 61, 62])["named"] == []
    assert describe([60, 61, 62])["texts"]["Do"] == {"symbol": "", "spoken": "", "keys": ["Do4", "Do#4", "Re4"]}
    assert describe([60, 64])["texts"]["C4"]["symbol"] == "major third"
    assert describe([60, 64, 67, 69])["others"] == ["Am7/C"]
    assert describe([56, 60, 63])["texts"]["C4"]["keys"] == ["Ab3", "C4", "Eb4"]


def test_the_end_of_the_stream_clears_the_keys():
    follower = ChordTracker()
    follower.push([on(0, 60, 1.0)], 2.0)
    (event,) = follower.end(3.0)
    assert event["midi"] == []
    assert follower.end(3.0) == []


# ---- a real detector on a rendered piano

CHORDS = ([60, 64, 67], [57, 60, 64], [55, 59, 62, 65], [64, 67, 72])
NAMES = ["C", "Am", "G7", "C/E"]
PLAYED = Notes(*np.transpose([(0.5 + i, 1.3 + i, m) for i, chord in enumerate(CHORDS) for m in chord]))


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.7 * render(PLAYED, sr=SR, piano="felt", tail_s=1.0))


def told(pcm, length):
    stream = Stream(Choice("nmf"), sr=SR)
    events = []
    for seq, start in enumerate(range(0, len(pcm), length)):
        events += stream.feed(start, pcm[start : start + length], sr=SR, seq=seq)
    return [event for event in events + stream.stop() if event["kind"] == "chord"]


def test_four_chords_are_heard_named_and_spelt(pcm):
    events = [event for event in told(pcm, 1024) if event["struck"]]
    assert symbols(events) == NAMES
    assert [event["midi"] for event in events] == [sorted(chord) for chord in CHORDS]
    np.testing.assert_allclose([event["time_s"] for event in events], [0.5, 1.5, 2.5, 3.5], atol=0.05)


def test_what_is_told_of_chords_does_not_depend_on_the_blocks(pcm):
    want = told(pcm, 1024)
    assert len(want) >= 8
    for length in (441, 4096):
        got = told(pcm, length)
        assert [event["midi"] for event in got] == [event["midi"] for event in want]
        assert symbols(got) == symbols(want)
        np.testing.assert_allclose([e["heard_s"] for e in got], [e["heard_s"] for e in want], atol=1e-6)


def test_a_single_voice_tells_nothing_of_chords(pcm):
    stream = Stream(Choice("yin"), sr=SR)
    events = stream.feed(0, pcm[:SR], sr=SR) + stream.stop()
    assert "on" in {event["kind"] for event in events}
    assert "chord" not in {event["kind"] for event in events}


# ---- the responder: two ways to listen, a prompt of chords


def ask(responder, kind, **content):
    return responder.handle({"type": kind, **content})[0]


def test_the_page_is_told_which_detector_hears_chords():
    ready = ask(Responder(Choice("yin")), "hello", view="v")
    assert ready["modes"]["single"] == "fft_peak"
    chords = next(entry for entry in ready["menu"] if entry["name"] == ready["modes"]["chords"])
    assert chords["polyphonic"]
    assert chords["reason"] == ""
    assert 0 < chords["onset_threshold"] <= 1


def test_the_best_detector_that_can_run_is_offered_and_a_way_without_one_is_not():
    entry = {"name": "neural", "polyphonic": True, "reason": ""}
    others = [{"name": "nmf", "polyphonic": True, "reason": ""}, {"name": "mine", "polyphonic": True, "reason": ""}]
    assert modes([*others, entry]) == {"chords": "neural"}
    assert modes([*others, {**entry, "reason": "no onnxruntime"}]) == {"chords": "nmf"}
    assert modes(others[1:]) == {"chords": "mine"}


def test_a_polyphonic_detector_is_chosen_with_its_own_settings_while_playing(pcm):
    responder = Responder(Choice("yin"))
    assert ask(responder, "start", session="one", sr=SR)["type"] == "started"
    wanted = {"detector": "nmf", "params": {"n_iterations": 20}, "tracking": {"onset_threshold": 0.25}}
    chosen = ask(responder, "choose", choices=[wanted])
    assert chosen["type"] == "chosen"
    sounding = []
    for k, block in enumerate(np.split(pcm[: 4096 * 11], 11)):
        message = {"type": "block", "session": "one", "seq": k, "frame": k * 4096, "sr": SR}
        answer, _ = responder.handle(message, [block.tobytes()])
        sounding += answer["now"][0]
    assert {state["midi"] for state in sounding} == set(CHORDS[0])
    assert all(0 < state["confidence"] <= 1 for state in sounding)


def test_an_onset_threshold_that_cannot_be_says_why():
    with pytest.raises(ChoiceError, match=r"onset_threshold 7 cannot be used: give a number from 0.01 to 1"):
        Choice("nmf", tracking={"onset_threshold": 7})


def test_every_polyphonic_detector_of_the_menu_says_what_suits_it():
    entries = [entry for entry in menu() if entry["polyphonic"] and not entry["reason"]]
    assert "nmf" in [entry["name"] for entry in entries]
    assert all(0 < entry["onset_threshold"] <= 1 for entry in entries)


def test_a_prompt_names_its_chords():
    prompt = Prompt.of("C4+E4+G4 B3+F4 C4")
    assert [(c["first"], c["n"], c["texts"]["C4"]["symbol"]) for c in prompt.chords()] == [
        (0, 3, "C"),
        (3, 2, "tritone"),
        (5, 1, ""),
    ]
    assert Prompt.of("G3 dominant seventh chord").notes.names == ["G3", "B3", "D4", "F4"]
    assert Prompt.of("B3 half-diminished seventh chord").chords()[0]["texts"]["C4"]["symbol"] == "Bm7b5"


def test_a_trial_of_chords_says_which_keys_were_right_missing_and_extra(pcm):
    asked = Prompt.of("C4+E4+G4 A3+C4+F4 G3+D4+F4 E4+G4+A4+C5", bpm=60).notes
    stream = Stream(Choice("nmf"), sr=SR)
    for seq, start in enumerate(range(0, len(pcm), 4096)):
        stream.feed(start, pcm[start : start + 4096], sr=SR, seq=seq)
    stream.stop()
    verdicts = judge(asked, stream.notes())
    assert [(v.what, v.asked, v.heard) for v in verdicts if v.what != "right"] == [
        ("wrong", 65, 64),
        ("extra", None, 59),
        ("missing", 69, None),
    ]
    assert sum(v.what == "right" for v in verdicts) == 11
