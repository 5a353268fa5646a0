"""Whether our own detectors are right in the plainest cases; tests/detectors asks more of each."""

import numpy as np
import pytest

from pianolab.piano import render
from pianolab.registry import load_all
from pianolab.roll import Notes
from pianolab.session import analyse, transcribe
from pianolab.units import midi_to_key

OWN = [name for name, cls in load_all()[0].items() if not cls.peer]
MELODY = Notes([0.05, 0.35, 0.70], [0.30, 0.65, 0.95], [45, 64, 93])


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000])
def test_a4_is_a4_at_every_rate(name, sr):
    y = render(Notes([0.1], [0.6], [69]), sr=sr, tail_s=0.1)
    sounding = analyse(y, sr=sr, detector=name).between(0.2, 0.5).best_key
    assert len(sounding) > 5
    assert np.median(sounding) == midi_to_key(69)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("sr", [16000, 44100, 48000])
def test_three_notes_of_a_melody_are_heard_within_30_ms(name, sr):
    notes = transcribe(render(MELODY, sr=sr, tail_s=0.2), sr=sr, detector=name)
    for midi, onset in zip(MELODY.midi, MELODY.onset, strict=True):
        late_s = notes.onset[notes.midi == midi] - onset
        assert len(late_s) > 0
        assert np.min(np.abs(late_s)) < 0.03


@pytest.mark.parametrize("name", OWN)
def test_one_sample_of_sound_is_no_note(name):
    assert len(transcribe(np.ones(1, np.float32), sr=16000, detector=name)) == 0
