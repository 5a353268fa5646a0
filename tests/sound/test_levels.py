"""A recording may be so quiet that notes are lost: a warning says its level and how to raise it."""

import numpy as np
import pytest
from made_sounds import SR, file_bytes, heard, tone

Y = tone() / np.max(np.abs(tone()))


@pytest.mark.parametrize(("peak_db", "gain"), [(-46, 46), (-60, 60), (-79, 79)])
def test_a_very_quiet_recording_is_told_its_level_and_what_raises_it(peak_db, gain):
    _, _, said = heard(file_bytes(Y * 10 ** (peak_db / 20), "WAV", "PCM_24"))
    assert len(said) == 1
    assert f"is very quiet (peak {peak_db} dBFS): not every note can be found at this level; raise it first" in said[0]
    assert f"volume={gain - 1}dB" in said[0] or f"volume={gain}dB" in said[0]


@pytest.mark.parametrize("peak_db", [0, -20, -40, -44])
def test_a_recording_that_is_loud_enough_is_not_told_its_level(peak_db):
    assert heard(file_bytes(Y * 10 ** (peak_db / 20), "WAV", "PCM_24"))[2] == []


def test_what_is_all_but_silent_is_told_both():
    _, _, said = heard(file_bytes(Y * 1e-5, "WAV", "PCM_24"))
    assert len(said) == 1
    assert "is silent (peak -100 dBFS): no note can be found at this level; raise it first" in said[0]


def test_silence_cannot_be_raised():
    assert heard(file_bytes(np.zeros(SR)))[2] == ["the stream is silent (all samples are 0): no note can be found"]
