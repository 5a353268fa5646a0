"""What was heard is kept: found again if nothing changed, heard again if anything did, never believed if damaged."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from pianolab.compare import fingerprints, imports
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.fingerprints import detector_facts, estimate_key, source_checksum
from pianolab.compare.worker import Job, hear
from pianolab.errors import reason
from pianolab.labels import LabelError
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import Transcription

TOYS = Path(__file__).parents[1] / "toy_detectors.py"


def something_heard():
    notes = Notes([0.1, 0.5], [0.4, 0.9], [60, 64], [np.nan, 80], [0.5, 1])
    track = np.arange(5) * 0.01, np.array([0, 261.6, 261.6, 0, 329.6]), np.array([0, 0.9, 0.8, 0, 0.7])
    said = Transcription(notes, 1.25, 0.031, *track, pedal=np.array([[0.2, 0.8], [0.9, 1.25]]), n_revised=3)
    return Heard(said, ("the recording is silent", "한글 <b>"))


def assert_same(a, b):
    assert a.transcription.notes == b.transcription.notes
    assert a.transcription.seconds_audio == b.transcription.seconds_audio
    assert a.transcription.n_revised == b.transcription.n_revised
    assert a.transcription.seconds_cpu == b.transcription.seconds_cpu
    for name in ("f0_times", "f0_hz", "f0_confidence", "pedal"):
        np.testing.assert_array_equal(getattr(a.transcription, name), getattr(b.transcription, name))
    assert a.remarks == b.remarks


def test_what_is_kept_comes_back_as_it_was(tmp_path):
    kept = Cache(tmp_path / "kept")
    assert kept.get("some-key") is None
    kept.put("some-key", something_heard())
    assert_same(kept.get("some-key"), something_heard())
    assert [path.name for path in kept.folder.iterdir()] == ["some-key.notes"]


def test_something_heard_without_notes_and_track_is_kept_too(tmp_path):
    cache = Cache(tmp_path)
    cache.put("empty", Heard(Transcription(Notes.empty(), 2.0, 0.1)))
    kept = cache.get("empty")
    assert kept.transcription.notes == Notes.empty()
    assert kept.transcription.f0_times is None
    assert kept.transcription.pedal is None
    assert kept.remarks == ()


def test_a_pedal_that_was_never_down_is_kept_as_heard(tmp_path):
    cache = Cache(tmp_path)
    cache.put("up", Heard(Transcription(Notes.empty(), 2.0, 0.1, pedal=np.zeros((0, 2)))))
    assert cache.get("up").transcription.pedal.shape == (0, 2)


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped bit", "text", "another archive", "folder"])
def test_a_damaged_file_is_not_believed(tmp_path, damage):
    cache = Cache(tmp_path)
    cache.put("key", something_heard())
    path = tmp_path / "key.notes"
    content = path.read_bytes()
    if damage == "another archive":
        np.savez(tmp_path / "other.npz", onset=np.zeros(3))
        (tmp_path / "other.npz").replace(path)
    elif damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        middle = len(content) // 3
        flipped = content[:middle] + bytes([content[middle] ^ 16]) + content[middle + 1 :]
        path.write_bytes({"cut": content[:-50], "empty": b"", "flipped bit": flipped, "text": b"hello"}[damage])
    assert cache.get("key") is None


def test_any_changed_byte_is_noticed(tmp_path):
    cache = Cache(tmp_path)
    cache.put("key", something_heard())
    path = tmp_path / "key.notes"
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :])
        assert cache.get("key") is None, f"byte {place}"
    path.write_bytes(content)
    assert_same(cache.get("key"), something_heard())


def test_a_small_value_is_made_once_and_comes_back_as_json_has_it(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"onsets": (0.1, 0.25), "level": float("inf"), "name": "한글 \udcff"}

    first = Cache(tmp_path).kept("key", make)
    again = Cache(tmp_path).kept("key", make)
    assert first == again == {"onsets": [0.1, 0.25], "level": float("inf"), "name": "한글 \udcff"}
    assert len(made) == 1
    assert Cache(tmp_path).kept("another", lambda: None) is None


def test_a_damaged_value_is_made_again(tmp_path):
    cache = Cache(tmp_path)
    cache.kept("key", lambda: [1])
    path = tmp_path / "key.json"
    path.write_bytes(path.read_bytes().replace(b"[1]", b"[2]"))
    assert cache.kept("key", lambda: [3]) == [3]
    assert cache.kept("key", lambda: [4]) == [3]


def test_a_value_whose_making_fails_is_not_kept(tmp_path):
    cache = Cache(tmp_path)
    with pytest.raises(ZeroDivisionError):
        cache.kept("key", lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []
    assert cache.kept("key", lambda: "well") == "well"


KEY = {"audio_checksum": "ab", "seconds": None, "source": "cd"}


def toy(text="Loudest"):
    return create(f"{TOYS}:{text}")


def key_of(detector, **of_sound):
    return estimate_key(facts=detector_facts(detector), **of_sound)


def test_the_key_changes_with_everything_that_the_estimate_depends_on(monkeypatch, tmp_path):
    key = key_of(toy(), **KEY)
    others = [
        key_of(toy(), **KEY | {"audio_checksum": "ac"}),
        key_of(toy(), **KEY | {"seconds": 5}),
        key_of(toy(), **KEY | {"source": "ce"}),
        key_of(toy("Loudest:scale=0.9"), **KEY),
        key_of(toy("Chords"), **KEY),
    ]
    for name, value in (("tracking", {"n_confirm": 5}), ("onset_delay_s", 0.01)):
        changed = toy()
        setattr(changed, name, value)
        others.append(key_of(changed, **KEY))
    weights = tmp_path / "weights"
    for content in (b"one", b"two"):
        weights.write_bytes(content)
        changed = toy()
        changed.weights = weights
        others.append(key_of(changed, **KEY))
    monkeypatch.setattr(fingerprints, "versions", lambda: {"numpy": "1"})
    others.append(key_of(toy(), **KEY))
    assert len({key, *others}) == len(others) + 1
    assert key_of(toy(), **KEY) == others[-1]


def test_a_default_written_out_is_the_same_detector():
    assert key_of(toy("Loudest:scale=1"), **KEY) == key_of(toy(), **KEY)
    assert key_of(toy(), **KEY | {"seconds": 5}) == key_of(toy(), **KEY | {"seconds": 5.0})


def test_code_on_the_way_from_sound_to_notes_counts_and_other_code_does_not(monkeypatch, tmp_path):
    package = tmp_path / "pianolab"
    shutil.copytree(imports._PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprints, "_PACKAGE", package)
    monkeypatch.setattr(imports, "_PACKAGE", package)
    detector = package / "detectors" / "fft_peak.py"
    before = source_checksum(detector)

    def changes(name):
        path = package / name
        content = path.read_bytes()
        path.write_bytes(content + b"\n# changed\n")
        changed = source_checksum(detector) != before
        path.write_bytes(content)
        return changed

    for name in (
        "sound/reading.py",
        "frames.py",
        "roll.py",
        "units.py",
        "tracking/tracker.py",
        "session.py",
        "detector.py",
        "registry.py",
        "dsp/spectra.py",
    ):
        assert changes(name), name
    assert changes("detectors/fft_peak.py")
    for name in ("scores/notes.py", "plots.py", "compare/run.py", "labels/files.py", "detectors/yin.py"):
        assert not changes(name), name
    assert source_checksum(detector) == before


def test_a_failure_is_one_line_that_says_where():
    job = Job(str(TOYS.with_name("no such file.wav")), f"{TOYS}:Loudest")
    assert "no such file.wav" in hear(job)
    assert hear(Job("x.wav", f"{TOYS}:Raises")).startswith(
        "ZeroDivisionError: no frames today (toy_detectors.py, line "
    )
    assert reason(LabelError("bad labels")) == "bad labels"
    assert reason(ValueError("first\nsecond")) == "ValueError: first"
    assert reason(KeyError()) == "KeyError: KeyError"
