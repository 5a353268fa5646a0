"""``heard_s`` of an event is the time up to which its detector needed the sound: not sooner, and not much later."""

import numpy as np
import pytest

from pianolab.live.choices import Choice
from pianolab.live.stream import Stream
from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import Session

DETECTORS = ["yin", "fft_peak", "cqt", "nmf", "neural", "neural:lookahead_ms=30"]
PLAYED = Notes([0.3, 0.8], [0.6, 1.2], [60, 67])


def told(session, y, *, block):
    """Each event with the number of samples that had been given when it was told."""
    found = []
    for i in range(0, len(y), block):
        found += [(event, min(i + block, len(y))) for event in session.push(y[i : i + block])]
    return found


@pytest.mark.parametrize("name", DETECTORS)
def test_up_to_heard_s_the_sound_makes_an_event_certain_and_a_sample_less_does_not(name):
    detector = create(name)
    sr = int(detector.sr)
    y = render(PLAYED, sr=sr, tail_s=0.6)
    events = told(Session(detector, sr=sr), y, block=64)
    assert {60, 67} <= {event.midi for event, _ in events if event.kind == "on"}
    first = events[0][0]
    n_needed = round(first.heard_s * sr)
    session = Session(create(name), sr=sr)
    assert session.push(y[: n_needed - 1]) == []
    assert session.push(y[n_needed - 1 : n_needed])[0] == first
    for event, n_given in events:
        assert n_given - 64 < round(event.heard_s * sr) <= n_given


@pytest.mark.parametrize("sr", [44100, 48000])
@pytest.mark.parametrize("name", ["fft_peak", "neural"])
def test_at_another_rate_heard_s_is_late_by_no_more_than_the_resampler(name, sr):
    block, session = 240, Session(name, sr=sr)
    latency_s = session._ear._resampler.latency_s
    events = told(session, render(PLAYED, sr=sr, tail_s=0.6), block=block)
    assert len(events) >= 4
    for event, n_given in events:
        assert n_given / sr - block / sr <= event.heard_s <= n_given / sr + latency_s + 1e-9


def test_neural_needs_its_lookahead_behind_the_frame_that_tells():
    """90 ms behind its frame of 20 ms, and as much as the resampler holds back."""
    session, rows = Session("neural", sr=16000), []
    session._listen = lambda salience: rows.append((float(salience.times[-1]), session.heard_s))
    for block in np.split(render(PLAYED, sr=16000, tail_s=0.6)[:16000], 100):
        session.push(block)
    assert len(rows) > 40
    assert {round(heard_s - time_s, 6) for time_s, heard_s in rows} == {0.09}


@pytest.mark.parametrize("name", ["fft_peak", "neural"])
def test_events_of_a_stream_say_it_too_and_do_not_depend_on_the_blocks(name):
    sr = int(create(name).sr)
    y = render(PLAYED, sr=sr, tail_s=0.6)
    heard = []
    for block in (512, 4096):
        stream, events = Stream([Choice(name)], sr=sr), []
        for i in range(0, len(y), block):
            new = stream.feed(i, y[i : i + block], sr=sr)
            given_s = min(i + block, len(y)) / sr
            assert all(given_s - block / sr - 1e-6 < e["heard_s"] <= given_s + 1e-6 for e in new if e["kind"] == "on")
            events += new
        told_of = [(e["kind"], e["midi"], e["time_s"], e["heard_s"]) for e in events + stream.stop()]
        heard.append(sorted(told_of, key=str))
    assert heard[0] == heard[1]
