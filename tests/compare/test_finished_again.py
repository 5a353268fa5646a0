"""A finished comparison that is asked for again: the bound that its users wait for."""

import time

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import compare, write_report
from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 44100
N = 1000
BOUND_S = 2.0  # Processor time over start-up; a finished comparison has one thread.


@pytest.mark.slow
def test_a_thousand_short_recordings_that_are_finished_take_two_seconds_with_the_report(tmp_path):
    t = np.arange(SR // 2) / SR
    (tmp_path / "data").mkdir()
    for number in range(N):
        notes = Notes([0.05], [0.45], [48 + number % 24])
        y = (0.2 + number / (4 * N)) * np.sin(2 * np.pi * notes.hz[0] * (t - 0.05)) * (t >= 0.05)
        sound.write(tmp_path / "data" / f"{number:04}.wav", y.astype(np.float32), sr=SR)
        write_labels(tmp_path / "data" / f"{number:04}.{'mid' if number % 2 else 'tsv'}", notes)

    def run(out):
        before = time.process_time()
        found = compare(tmp_path / "data", "fft_peak", cache=tmp_path / "cache", progress=False)
        return write_report(found, tmp_path / out), time.process_time() - before

    first, _ = run("first")
    again, seconds = run("again")
    assert len(again.heard) == N
    pd.testing.assert_frame_equal(first.scores, again.scores)
    assert seconds < BOUND_S
