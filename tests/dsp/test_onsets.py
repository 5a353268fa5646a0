"""Strokes stand out of the noise."""

import numpy as np
import pytest

from pianolab.dsp.onsets import FLOOR_S, Strokes
from pianolab.piano.degrade import noisy
from pianolab.tracking import Tracking

SR, HOP = 44100, 512
N_FRAMES = 250


def struck(*at_s, hz=440.0, length_s=3.0):
    """Tones that begin at once and fade, at these seconds."""
    t = np.arange(round(length_s * SR)) / SR
    tones = [np.where(t >= at, np.exp(-4.0 * (t - at)) * np.sin(2.0 * np.pi * hz * (t - at)), 0.0) for at in at_s]
    return (0.1 * sum(tones)).astype(np.float32)


def evidence(y, n_frames=N_FRAMES):
    return Strokes(hop_length=HOP)(y, n_frames)[:, 0]


def frame_at(y, at_s, n_frames=N_FRAMES):
    """The frame whose newest 23 ms begin with this moment."""
    return round((at_s * SR + 1024 - len(y)) / HOP) + n_frames - 1


@pytest.mark.parametrize("slope", [0.0, 1.0])
@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_a_stroke_in_noise_has_more_evidence_than_all_the_noise_before(slope, snr_db):
    y = noisy(struck(2.0), snr_db=snr_db, slope=slope, rng=np.random.default_rng(1))
    found = evidence(y)
    stroke = frame_at(y, 2.0)
    assert np.max(found[stroke - 2 : stroke + 1]) > 0.5
    assert np.max(found[stroke - 100 : stroke - 3]) < 0.45


def test_a_stroke_is_one_at_any_level():
    for gain in (1.0, 0.1, 0.05):  # Peaks at -20, -40 and -46 dBFS.
        y = gain * struck(2.0)
        stroke = frame_at(y, 2.0)
        assert np.max(evidence(y)[stroke - 2 : stroke + 1]) > 0.5


def test_the_noise_is_remembered_between_calls_as_if_all_came_at_once():
    y = noisy(struck(1.0, 2.0), snr_db=15.0, rng=np.random.default_rng(2))
    whole, strokes = evidence(y), Strokes(hop_length=HOP)
    first = strokes(y[: len(y) - 100 * HOP], N_FRAMES - 100)
    second = strokes(y, 100)
    assert np.array_equal(np.concatenate([first, second])[:, 0], whole)


def test_what_was_heard_before_a_reset_leaves_no_trace():
    y, strokes = noisy(struck(2.0), snr_db=15.0, rng=np.random.default_rng(3)), Strokes(hop_length=HOP)
    strokes(np.ones(len(y), np.float32) * np.resize([0.5, -0.5], len(y)).astype(np.float32), N_FRAMES)
    strokes.reset()
    assert np.array_equal(strokes(y, N_FRAMES)[:, 0], evidence(y))


def test_hiss_after_digital_silence_makes_one_stroke_and_is_known_as_noise_afterwards():
    hiss = np.random.default_rng(4).normal(0.0, 0.01, 3 * SR).astype(np.float32)
    hiss[: SR // 2] = 0.0
    found = evidence(hiss)
    # Where hiss begins is a stroke. Soon it makes no other, and later it is as usual as anywhere.
    assert np.max(found[frame_at(hiss, 1.0) :]) < Tracking().onset_threshold
    assert np.max(found[frame_at(hiss, 0.5 + FLOOR_S) :]) < 0.45
