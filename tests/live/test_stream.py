"""A live stream hears what the offline path hears, whatever happens to its blocks on the way."""

from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab import transcribe
from pianolab.live.choices import Choice, ChoiceError, menu
from pianolab.live.reordering import Reorderer
from pianolab.live.stream import FILL_S, MAX_BLOCK, Stream, pcm16
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import Session

TOY, PEDALLED = (f"{Path(__file__).parents[1] / 'live_toy.py'}:{name}" for name in ("Toy", "Pedalled"))
SR = 44100
MELODY = Notes(0.2 + 0.4 * np.arange(5), 0.55 + 0.4 * np.arange(5), [60, 64, 67, 72, 69])


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.8 * render(MELODY, sr=SR, tail_s=0.5))


def stream(**options):
    return Stream(Choice(TOY), sr=SR, session="now", **options)


def blocks_of(pcm, length=1024):
    return [(seq, seq * length, pcm[seq * length :][:length]) for seq in range(-(-len(pcm) // length))]


def hear(stream, blocks):
    events = []
    for seq, frame, pcm in blocks:
        events += stream.feed(frame, pcm, sr=SR, seq=seq, session="now")
    return events + stream.stop()


@pytest.mark.parametrize("length", [128, 441, 1024, 4096])
def test_live_notes_are_the_offline_notes(pcm, length):
    live = stream()
    hear(live, blocks_of(pcm, length))
    offline = transcribe(pcm, sr=SR, detector=TOY)
    assert offline.names == ["C4", "E4", "G4", "C5", "A4"]
    assert live.notes().names == offline.names
    np.testing.assert_allclose(live.notes().onset, offline.onset, atol=1e-9)
    np.testing.assert_allclose(live.notes().offset, offline.offset, atol=1e-9)


@pytest.mark.parametrize("a4_hz", [440.0, 452.0])
def test_the_live_pedal_is_the_offline_pedal_in_the_time_of_the_stream(pcm, a4_hz):
    live = Stream(Choice(PEDALLED, a4_hz=a4_hz), sr=SR, session="now")
    assert live.pedals() == [None]  # Nothing is heard yet.
    events = hear(live, blocks_of(pcm))
    offline = Session(PEDALLED, sr=SR, a4_hz=a4_hz)
    offline.push(pcm)
    offline.flush()
    changes = [event for event in events if event["kind"] == "pedal"]
    assert len(offline.pedal) > 0
    assert [event["down"] for event in changes] == [True, False] * len(offline.pedal)
    times = np.reshape([event["time_s"] for event in changes], (-1, 2))
    np.testing.assert_allclose(times, offline.pedal, atol=1e-6 if a4_hz == 440 else 1e-5)


def test_a_pedal_that_is_down_is_told_with_how_sure_that_is_and_goes_up_at_a_long_hole(pcm):
    live = Stream([Choice(PEDALLED), Choice(TOY)], sr=SR, session="now")
    live.feed(0, pcm[: round(0.5 * SR)], sr=SR, seq=0, session="now")
    assert live.pedals() == [{"down": True, "sure": 0.9}, None]
    hole = round(2 * FILL_S * SR)
    behind = live.feed(round(0.5 * SR) + hole, np.zeros(2048, np.int16), sr=SR, seq=1, session="now")
    (up,) = [event for event in behind if event["kind"] == "pedal"]
    assert (up["down"], up["listener"], up["time_s"]) == (False, 0, pytest.approx(0.5, abs=0.001))
    assert live.pedals() == [None, None]  # Nothing is heard behind the hole yet.


def test_a_detector_that_fails_lets_the_pedal_go(pcm):
    live = Stream(Choice(PEDALLED), sr=SR, session="now")
    live.feed(0, pcm[: round(0.5 * SR)], sr=SR, seq=0, session="now")
    live.listeners[0]._session.detector.process = lambda span: 1 / 0
    events = live.feed(round(0.5 * SR), pcm[round(0.5 * SR) :][:4096], sr=SR, seq=1, session="now")
    assert [event["down"] for event in events if event["kind"] == "pedal"] == [False]
    assert live.pedals() == [None]


def test_bytes_from_a_page_and_an_array_are_the_same_sound(pcm):
    page, kernel = stream(), stream()
    hear(page, [(seq, frame, block.astype("<i2").tobytes()) for seq, frame, block in blocks_of(pcm)])
    hear(kernel, blocks_of(pcm))
    assert len(page.notes()) == 5
    assert page.notes() == kernel.notes()


def test_events_tell_time_level_and_certainty_of_every_note(pcm):
    events = hear(stream(), blocks_of(pcm))
    ons = [event for event in events if event["kind"] == "on"]
    assert [event["name"] for event in ons] == ["C4", "E4", "G4", "C5", "A4"]
    assert [event["note"] for event in ons] == [0, 1, 2, 3, 4]
    assert [event["note"] for event in events if event["kind"] == "off"] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose([event["time_s"] for event in ons], MELODY.onset, atol=0.1)
    for event in ons:
        assert event["heard_s"] >= event["time_s"]
        assert 0 < event["confidence"] <= 1
        assert -60 < event["level_db"] < 0


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_blocks_that_overtake_each_other_or_come_twice_change_nothing(pcm_cache, random, reach):
    pcm, want = pcm_cache
    shuffled = sorted(blocks_of(pcm), key=lambda block: block[0] + random.uniform(0, reach))
    twice = [block for block in shuffled for _ in range(1 + (random.random() < 0.2))]
    live = stream()
    hear(live, twice)
    assert live.notes() == want
    assert live.counts["missing"] == 0
    assert live.counts["samples"] == len(pcm)
    assert live.counts["late"] == len(twice) - len(shuffled)


@pytest.fixture(scope="module")
def pcm_cache():
    pcm = pcm16(0.8 * render(MELODY[:2], sr=SR, tail_s=0.2))
    live = stream()
    hear(live, blocks_of(pcm))
    assert len(live.notes()) == 2
    return pcm, live.notes()


BAD_BLOCKS = {
    "stale": lambda s, y: s.feed(s.counts["samples"], y, sr=SR, session="yesterday"),
    "oversized": lambda s, y: s.feed(s.counts["samples"], np.zeros(MAX_BLOCK + 1, np.int16), sr=SR, session="now"),
    "not_finite": lambda s, y: s.feed(s.counts["samples"], np.full(1024, np.nan, np.float32), sr=SR, session="now"),
    "wrong_rate": lambda s, y: s.feed(s.counts["samples"], y, sr=48000, session="now"),
    "ahead": lambda s, y: s.feed(2**50, y, sr=SR, session="now"),
    "late": lambda s, y: s.feed(0, y, sr=SR, session="now"),
}
MALFORMED = [b"odd", b"", "text", None, [0, 0], np.zeros((2, 512)), np.zeros(8, complex), np.zeros(8, np.int64)]


@pytest.mark.parametrize("reason", BAD_BLOCKS)
def test_a_bad_block_is_counted_and_the_music_goes_on(pcm, reason):
    live, clean = stream(), stream()
    for seq, frame, block in blocks_of(pcm):
        live.feed(frame, block, sr=SR, seq=seq, session="now")
        assert BAD_BLOCKS[reason](live, block) == []
        clean.feed(frame, block, sr=SR, seq=seq, session="now")
    live.stop(), clean.stop()
    assert len(clean.notes()) == 5
    assert live.notes() == clean.notes()
    assert live.counts[reason] == live.refused == len(blocks_of(pcm))


@pytest.mark.parametrize("block", MALFORMED, ids=lambda block: type(block).__name__)
def test_what_is_no_block_is_refused(block):
    live = stream()
    assert live.feed(0, block, sr=SR, seq=0, session="now") == []
    assert live.counts["malformed"] == 1


@pytest.mark.parametrize("frame", [-1, 1.5, None, "0", True, 2**60])
def test_what_is_no_frame_number_is_refused(frame):
    live = stream()
    assert live.feed(frame, np.zeros(64, np.int16), sr=SR) == []
    assert live.counts["malformed"] == 1


def test_a_short_hole_becomes_silence_and_time_goes_on(pcm):
    blocks = blocks_of(pcm)
    live = stream()
    events = hear(live, [block for block in blocks if block[0] not in (30, 31)])
    assert live.counts["gaps"] == 1
    assert live.counts["missing"] == 2 * 1024
    assert live.counts["samples"] == len(pcm)
    hole = next(event for event in events if event["kind"] == "gap")
    assert hole["time_s"] == pytest.approx(30 * 1024 / SR, abs=1e-6)
    np.testing.assert_allclose(live.notes().onset[-2:], MELODY.onset[-2:], atol=0.1)


def test_a_long_hole_ends_all_notes_and_the_next_ones_are_in_time(pcm):
    lost = range(20, 20 + int(0.5 * SR / 1024))  # half a second from 0.46 s: within E4 to G4
    assert len(lost) * 1024 > FILL_S * SR
    blocks = [block for block in blocks_of(pcm) if block[0] not in lost]
    renumbered = [(seq, frame, block) for seq, (_, frame, block) in enumerate(blocks)]  # the page dropped them itself
    live = stream()
    hear(live, renumbered)
    assert live.counts["gaps"] == 1
    assert live.notes().names[-2:] == ["C5", "A4"]
    np.testing.assert_allclose(live.notes().onset[-2:], MELODY.onset[-2:], atol=0.1)


def test_a_missing_block_is_waited_for_only_a_little():
    reorderer = Reorderer(patience=3)
    y = np.zeros(10, np.float32)
    assert len(reorderer.put(0, y, seq=0)) == 1
    assert [reorderer.put(10 * k, y, seq=k) for k in (2, 3, 4)] == [[], [], []]
    pieces = reorderer.put(50, y, seq=5)
    assert [(piece.frame, piece.gap) for piece in pieces] == [(20, 10), (30, 0), (40, 0), (50, 0)]
    assert reorderer.put(10, y, seq=1) == []
    assert reorderer.late == 1


def test_blocks_that_overlap_are_heard_once():
    reorderer = Reorderer()
    ramp = np.arange(30, dtype=np.float32)
    heard = reorderer.put(0, ramp[:20]) + reorderer.put(10, ramp[10:30])
    np.testing.assert_array_equal(np.concatenate([piece.y for piece in heard]), ramp)


@pytest.mark.parametrize(("block", "level_db", "peak"), [([0, 0], -120.0, 0.0), ([-32768, -32768], 0.0, 1.0)])
def test_silence_is_at_120_dB_below_and_a_square_of_full_scale_at_0(block, level_db, peak):
    live = stream()
    live.feed(0, np.array(512 * block, np.int16), sr=SR)
    assert (live.level_db, live.peak) == (level_db, peak)


def test_nothing_is_heard_after_stop(pcm):
    live = stream()
    hear(live, blocks_of(pcm))
    assert live.feed(len(pcm), pcm[:1024], sr=SR, session="now") == []
    assert live.counts["stale"] == 1
    assert live.stop() == []


def test_choices_change_in_the_middle_and_no_note_is_lost(pcm):
    live, events = stream(), []
    for seq, frame, block in blocks_of(pcm):
        if seq == 40:  # 0.93 s, between two notes
            events += live.change([Choice(TOY, {"window": "blackman"}, {"n_confirm": 5}), Choice(TOY)])
        events += live.feed(frame, block, sr=SR, seq=seq, session="now")
    events += live.stop()
    assert live.listeners[0].choice.tracking == {"n_confirm": 5}
    assert live.notes(0).names[:2] == ["C4", "E4"]
    assert live.notes(0).names[-3:] == ["G4", "C5", "A4"]
    assert live.notes(1).names[-3:] == ["G4", "C5", "A4"]
    numbers = [event["note"] for event in events if event["kind"] == "on" and event["listener"] == 0]
    assert numbers == list(range(len(numbers)))


def test_an_old_piano_tuned_to_415_hz_sounds_a_semitone_lower_unless_we_say_so(pcm):
    low = pcm16(np.interp(np.arange(0, len(pcm), 415.3 / 440), np.arange(len(pcm)), pcm / 32768.0))
    plain, told = Stream(Choice(TOY), sr=SR), Stream(Choice(TOY, a4_hz=415.3), sr=SR)
    for live in (plain, told):
        for seq, frame, block in blocks_of(low):
            live.feed(frame, block, sr=SR, seq=seq)
        live.stop()
    assert told.notes().names == ["C4", "E4", "G4", "C5", "A4"]
    assert plain.notes().names[0] == "B3"
    np.testing.assert_allclose(told.notes().onset, MELODY.onset * 440 / 415.3, atol=0.1)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"detector": "no such"}, "unknown detector"),
        ({"detector": TOY, "params": {"windw": "hann"}}, "did you mean window"),
        ({"detector": TOY, "params": {"window": "flat"}}, "not a choice"),
        ({"detector": TOY, "tracking": {"threshold": float("nan")}}, "threshold nan cannot be used"),
        ({"detector": TOY, "tracking": {"n_confirm": 0}}, "n_confirm 0 cannot be used"),
        ({"detector": TOY, "tracking": {"policy": "poly"}}, "tracking has no 'policy'"),
        ({"detector": TOY, "tracking": {"n_confirm": 2.7}}, "n_confirm 2.7 cannot be used: give a whole number"),
        ({"detector": TOY, "tracking": ["threshold"]}, r"tracking \['threshold'\] cannot be used: give a dictionary"),
        ({"detector": TOY, "params": [1]}, r"params \[1\] cannot be used: give a dictionary"),
        ({"detector": TOY, "a4_hz": 4400}, "A4 4400 cannot be used"),
    ],
)
def test_a_choice_that_cannot_be_says_why(choice, message):
    with pytest.raises(ChoiceError, match=message):
        Choice(**choice)


def test_detectors_are_given_by_name_or_as_choices():
    assert [one.choice.detector for one in Stream(["yin", Choice(TOY)], sr=SR).listeners] == ["yin", TOY]
    assert Stream("yin", sr=SR).listeners[0].choice == Choice("yin")
    assert Stream(sr=SR).listeners[0].choice == Choice() == Choice("fft_peak")
    for wrong in (5, [5]):
        with pytest.raises(ChoiceError, match="5 names no detector: pass a name"):
            Stream(wrong, sr=SR)


@pytest.mark.parametrize("sr", [0, -3, "CD", 44100.5])
def test_a_rate_that_cannot_be_is_refused(sr):
    with pytest.raises(ValueError, match=r"sampling rate .*: (use|resample)"):
        Stream(sr=sr)


def test_the_menu_holds_what_a_detector_declares():
    entry = next(entry for entry in menu(extra=[TOY]) if entry["name"] == TOY)
    assert [p["name"] for p in entry["parameters"]] == ["floor_db", "window", "weigh"]
    assert entry["parameters"][1]["choices"] == ["hann", "blackman"]
    assert entry["threshold"] == 0.3
    assert entry["reason"] == ""


@pytest.mark.slow
def test_ten_minutes_lose_no_sample_and_need_no_more_memory():
    second = pcm16(0.5 * render(Notes([0.1], [0.7], [60]), sr=SR, tail_s=0.3)[:SR])
    live, process, sizes = stream(), psutil.Process(), []
    n_blocks = 600 * SR // 1024
    for seq in range(n_blocks):
        start = seq * 1024 % (SR - 1024)
        live.feed(seq * 1024, second[start : start + 1024], sr=SR, seq=seq, session="now")
        if seq % (n_blocks // 10) == 0:
            sizes.append(process.memory_info().rss)
    live.stop()
    assert live.counts["samples"] == n_blocks * 1024
    assert live.counts["missing"] == live.refused == 0
    assert live.seconds == pytest.approx(600, abs=0.05)
    assert max(sizes[3:]) - sizes[2] < 4e6  # bytes, over eight minutes
