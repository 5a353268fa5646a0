"""What a detector says of each key around a moment: the right keys at the right time, asked once, never in the way."""

import base64
import io

import numpy as np
import PIL.Image
import pytest

from pianolab import sound, workers
from pianolab.compare import evidence
from pianolab.compare.cache import Cache
from pianolab.compare.participants import Participant, find_participants
from pianolab.data import Recording
from pianolab.units import MIDI_LOW

SR = 44100


@pytest.fixture
def recording(tmp_path):
    """Silence until 4 s, then A4."""
    t = np.arange(7 * SR) / SR
    y = 0.3 * np.sin(2 * np.pi * 440 * t) * (t >= 4)
    sound.write(tmp_path / "a4.wav", y.astype(np.float32), sr=SR)
    return Recording("a4", tmp_path / "a4.wav", None, "made", kind="note", key=69)


def shown(found, **keys):
    """The picture as an array of (keys, frames) and its colours."""
    uri = evidence.picture(found, **keys)
    image = PIL.Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    return np.asarray(image), np.asarray(image.convert("RGB"))


def test_the_key_is_said_from_its_stroke_on_and_nobody_is_asked_twice(recording, tmp_path, monkeypatch):
    (yin,), _ = find_participants(["yin"], {})
    cache = Cache(tmp_path / "cache")
    (found,) = evidence.evidence(yin, [(recording, 3.0, 5.5)], cache=cache)
    a4 = found.levels[69 - MIDI_LOW] / 31
    frames_a_second = len(a4) / 2.5
    assert not a4[: int(0.9 * frames_a_second)].any()
    assert a4[int(1.2 * frames_a_second) :].min() > 0.5
    monkeypatch.setattr(workers, "run", lambda *args, **options: iter([]))
    (again,) = evidence.evidence(yin, [(recording, 3.0, 5.5)], cache=cache)
    assert np.array_equal(found.levels, again.levels)


def test_what_fails_and_what_has_only_notes_says_why(recording, monkeypatch):
    note_files = Participant("their notes")
    (found,) = evidence.evidence(note_files, [(recording, 3.0, 5.5)], cache=None)
    assert (found.levels.shape, found.why) == ((88, 0), evidence.ITS_NOTES)
    assert evidence.picture(found, low=60, high=72) == ""
    passage = evidence.Passage(str(recording.audio.with_name("gone.wav")), "yin", 0.0, 1.0)
    packed, why = evidence.hear(passage)
    assert packed == ""
    assert "gone.wav" in why
    monkeypatch.setattr(workers, "run", lambda *args, **options: [(args[1][0], None, workers.WorkerDied("it died"))])
    (found,) = evidence.evidence(Participant("yin", spec="yin"), [(recording, 3.0, 5.5)], cache=None)
    assert (found.levels.size, found.why) == (0, "it died")


def test_the_highest_key_is_on_top_and_what_is_beyond_the_keyboard_is_dark():
    levels = np.zeros((88, 4), dtype=np.uint8)
    levels[0, 1], levels[2, 3] = 31, 16
    index, colours = shown(evidence.Evidence(levels), low=MIDI_LOW - 1, high=MIDI_LOW + 2)
    assert index.tolist() == [[0, 0, 0, 16], [0, 0, 0, 0], [0, 31, 0, 0], [0, 0, 0, 0]]
    light = colours.astype(int).sum(axis=2)
    assert light[2, 1] > light[0, 3] > light[0, 0]
