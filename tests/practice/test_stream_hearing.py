"""The sound of one client is heard in order, and what comes too late is dropped, counted and told."""

from pathlib import Path

import numpy as np
import pytest

from pianolab import transcribe
from pianolab.live.choices import Choice
from pianolab.live.stream import pcm16
from pianolab.piano import render
from pianolab.practice.streaming.hearing import Hearing
from pianolab.practice.streaming.limits import Limits
from pianolab.practice.streaming.messages import ProtocolError
from pianolab.roll import Notes

SR = 44100
PEDALLED = f"{Path(__file__).parents[1] / 'live_toy.py'}:Pedalled"
MELODY = Notes(0.2 + 0.4 * np.arange(4), 0.55 + 0.4 * np.arange(4), [60, 64, 67, 72])


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.8 * render(MELODY, sr=SR, tail_s=0.5))


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def hearing(detector="fft_peak", **options):
    return Hearing(Choice(detector), sr=SR, **options)


def told(messages):
    return [event for message in messages if message is not None for event in message["events"]]


@pytest.mark.parametrize(("block", "together"), [(128, 40), (441, 1), (1024, 5), (8192, 2)])
def test_notes_do_not_depend_on_how_many_blocks_are_heard_together(pcm, block, together):
    one, messages = hearing(), []
    for number, start in enumerate(range(0, len(pcm), block)):
        one.put(pcm[start : start + block].tobytes())
        if number % together == 0:
            messages.append(one.hear())
    messages += [one.hear(), one.stop()[0]]
    offline = transcribe(pcm, sr=SR)
    assert offline.names == ["C4", "E4", "G4", "C5"]
    for kind, times in (("on", offline.onset), ("off", offline.offset)):
        events = [event for event in told(messages) if event["kind"] == kind]
        assert [event["name"] for event in events] == offline.names
        np.testing.assert_allclose([event["time_s"] for event in events], times, atol=1e-6)
    assert one.dropped_s == 0


def test_sound_that_waits_for_too_long_is_dropped_and_a_gap_says_where(pcm):
    clock = Clock()
    one = hearing(clock=clock, limits=Limits(waiting_s=0.5))
    half, quarter = pcm[: SR // 2], pcm[: SR // 4].tobytes()
    one.put(half[: SR // 4].tobytes())
    one.hear()
    one.put(quarter)
    clock.now = 0.6
    one.put(quarter)
    gaps = [event for event in told([one.hear()]) if event["kind"] == "gap"]
    assert gaps == [{"kind": "gap", "time_s": 0.25, "seconds": 0.25}]
    assert one.dropped_s == 0.25


def test_no_more_than_waiting_s_is_kept_however_much_comes(pcm):
    one = hearing()
    for _ in range(2000):
        one.put(bytes(2 * 1024))
    assert one._n_waiting <= 0.5 * SR
    assert one._n_waiting == sum(len(block) // 2 for _, block, _ in one._waiting)
    assert one.dropped_s == pytest.approx((2000 * 1024 - one._n_waiting) / SR)


def test_samples_that_the_client_lost_are_told_as_a_gap_and_time_goes_on(pcm):
    one = hearing()
    one.put(pcm[:4096].tobytes())
    one.skip(SR)
    one.put(pcm[:4096].tobytes())
    message = one.hear()
    assert message["time_s"] == pytest.approx(1 + 8192 / SR, abs=1e-6)
    assert message["events"][0] == {"kind": "gap", "time_s": round(4096 / SR, 6), "seconds": 1.0}
    assert one.stop()[1]["missing_s"] == 1.0


@pytest.mark.parametrize("pcm", [b"", b"x", bytes(2 * 11026)], ids=["none", "odd", "too long"])
def test_what_is_no_block_of_sound_is_refused_and_changes_nothing(pcm):
    one = hearing()
    with pytest.raises(ProtocolError, match=r"are no sound|send at most 11025 \(0.25 s\)") as error:
        one.put(pcm)
    assert (error.value.code, error.value.closes) == ("bad_sound", None)
    assert not one.waits


def test_a_hole_and_a_stream_have_a_longest_length():
    one = hearing(limits=Limits(seconds=2))
    with pytest.raises(ProtocolError, match="begin a new stream"):
        one.skip(61 * SR)
    one.skip(2 * SR - 100)
    one.put(bytes(200))
    with pytest.raises(ProtocolError, match="at most 2 s") as error:
        one.put(bytes(2))
    assert error.value.code == "too_long"


def test_a_detector_that_fails_is_told_and_one_that_hangs_takes_no_memory(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "from pianolab.detector import Detector\n\n\nclass Broken(Detector):\n    name = 'broken'\n"
        "    summary = 'fails'\n    frame_length = 1024\n\n"
        "    def process(self, span):\n        raise RuntimeError('no ears')\n"
    )
    one = hearing(f"{file}:Broken")
    one.put(bytes(2 * 4096))
    with pytest.raises(ProtocolError, match="no ears") as error:
        one.hear()
    assert error.value.code == "detector_failed"
    with pytest.raises(ProtocolError, match="heard nothing for 60 s"):
        [one.put(bytes(2 * 8192)) for _ in range(1000)]


def test_the_pedal_is_told_where_the_detector_hears_it(pcm):
    one, messages = hearing(PEDALLED), []
    for start in range(0, len(pcm), 8192):
        one.put(pcm[start : start + 8192].tobytes())
        messages.append(one.hear())
    pedal = [event for event in told([*messages, one.stop()[0]]) if event["kind"] == "pedal"]
    assert [event["down"] for event in pedal[:2]] == [True, False]
    assert set(pedal[0]) == {"kind", "down", "time_s", "heard_s", "confidence"}


def test_chords_are_left_to_the_front_end(tmp_path):
    file = tmp_path / "two.py"
    file.write_text(
        "import numpy as np\nfrom pianolab.detector import Detector\nfrom pianolab.frames import frames_of, levels_db\n"
        "from pianolab.roll import Salience\n\n\nclass Two(Detector):\n    name = 'two'\n    summary = 'C4 and G4'\n"
        "    polyphonic = True\n    frame_length = 1024\n\n    def process(self, span):\n"
        "        level_db = levels_db(frames_of(span))\n        strength = np.zeros((len(level_db), 88))\n"
        "        strength[:, [39, 46]] = (level_db > -50)[:, None]\n"
        "        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)\n"
    )
    both = pcm16(0.5 * render(Notes([0.1, 0.1], [0.9, 0.9], [60, 67]), sr=SR))
    one, messages = hearing(f"{file}:Two"), []
    for start in range(0, len(both), 8192):
        one.put(both[start : start + 8192].tobytes())
        messages.append(one.hear())
    events = told(messages)
    assert {event["midi"] for event in events if event["kind"] == "on"} == {60, 67}
    assert not any("listener" in event or event["kind"] == "chord" for event in events)
