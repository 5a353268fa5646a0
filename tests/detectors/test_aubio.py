"""``preset=aubio`` against the real aubio."""

import numpy as np
import pytest

from pianolab.data import make_phrases
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import analyse

aubio = pytest.importorskip("aubio", reason="the aubio library is not installed (pip install aubio-ledfx)")

SR, FRAME, HOP = 44100, 2048, 512


def aubio_pitch(y, method):
    """aubio's answer every hop, Hz, 0 for none."""
    pitch = aubio.pitch(method, FRAME, HOP, SR)
    blocks = np.pad(y, (0, -len(y) % HOP)).reshape(-1, HOP).astype(np.float32)
    return np.array([pitch(block)[0] for block in blocks], dtype=float)


def agreement(sounds, method):
    """Part of aubio's voiced frames within 1 cent, and how many of its unvoiced frames are voiced here."""
    agree = voiced = invented = 0
    for y in sounds:
        theirs = aubio_pitch(y, method)
        ours = analyse(y, sr=SR, detector=f"yin:preset=aubio,method={method}").f0_hz
        assert len(ours) == len(theirs)
        sounds_there = theirs > 0
        both = sounds_there & (ours > 0)
        agree += np.sum(np.abs(1200 * np.log2(ours[both] / theirs[both])) < 1.0)
        voiced += np.sum(sounds_there)
        invented += np.sum(~sounds_there & (ours > 0))
    assert voiced > 100
    return agree / voiced, invented


@pytest.mark.parametrize("method", ["yin", "yinfast", "yinfft"])
def test_rendered_notes_get_aubios_answer(method):
    midi = list(range(23, 107, 7))
    onsets = 0.1 + 0.4 * np.arange(len(midi))
    share, invented = agreement([render(Notes(onsets, onsets + 0.3, midi), sr=SR, piano="upright")], method)
    assert share >= 0.99
    assert invented == 0


@pytest.mark.external
@pytest.mark.parametrize("method", ["yin", "yinfast", "yinfft"])
def test_real_notes_and_phrases_get_aubios_answer(method, recordings):
    phrases = [phrase.y for phrase in make_phrases(recordings / "isolated", n_phrases=6)]
    share, invented = agreement(phrases, method)
    assert share >= 0.99
    assert invented == 0
