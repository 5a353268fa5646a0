"""Behind a hole a listener hears as one that was made anew: its detector is kept, because making it takes time."""

import numpy as np
import pytest

from pianolab.live.choices import Choice
from pianolab.live.listener import Listener
from pianolab.piano import render
from pianolab.roll import Notes

SR = 44100


def told(listener, y):
    events = [event for block in np.split(y, len(y) // 1024) for event in listener.push(block)]
    return [{**event, "note": 0} for event in [*events, *listener.pause()] if event["kind"] in ("on", "off")]


@pytest.mark.parametrize("name", ["fft_peak", "yin", "neural", "nmf"])
def test_what_comes_behind_a_hole_is_heard_as_if_nothing_had_been_before(name):
    y = render(Notes([0.2, 0.7], [0.6, 1.1], [60, 67]), sr=SR, tail_s=0.6).astype(np.float32)
    y = y[: len(y) // 1024 * 1024]
    kept, anew = Listener(Choice(name), sr=SR), Listener(Choice(name), sr=SR)
    kept.push(y[: 40 * 1024])  # in the middle of a note
    detector = kept._detector
    kept.pause()
    for listener in (kept, anew):
        listener.resume(100_000)
    assert kept._detector is detector
    behind = told(kept, y)
    assert len(behind) >= 4
    assert behind == told(anew, y)
