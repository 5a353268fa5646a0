"""Peers: their notes and pitches pass through our tracker unchanged; missing ones say what to install."""

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare.participants import find_participants
from pianolab.detectors.peers.base import NoteWriter, needed, pitch_salience
from pianolab.detectors.peers.mel_filters import torchaudio_or_mel_filters
from pianolab.piano import render
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes
from pianolab.session import Session, analyse, transcribe
from pianolab.units import key_hz

PEERS = {name: cls for name, cls in load_all()[0].items() if cls.peer}
SCALE = Notes([0.3, 0.9, 1.5, 2.1], [0.8, 1.4, 2.0, 2.6], [60, 62, 64, 65])
# torch takes a minute or more for a second of sound where cores are few
QUICK = ("aubio", "aubio_notes", "swift_f0", "swift_f0_notes", "basic_pitch")


class Writes(NoteWriter):
    """A peer that writes the notes it is given."""

    sr, hop_length = 16000, 160

    def __init__(self, *, notes):
        self.notes = notes
        self.reset()

    def write(self, y):
        self.length = len(y)
        return self.notes


def test_the_peers_are_those_of_the_documentation():
    assert set(PEERS) == {
        "aubio",
        "aubio_notes",
        "basic_pitch",
        "crepe",
        "pyin",
        "swift_f0",
        "swift_f0_notes",
        "transkun",
    }


@pytest.mark.parametrize("block", [1000, 100000])
def test_notes_that_a_peer_writes_come_out_of_the_tracker_as_written(block):
    notes = Notes(
        [0.0312, 0.5, 0.5049, 1.0077, 1.2501],
        [0.9, 0.7, 1.93, 1.2239, 2.0],
        [21, 60, 64, 60, 60],
        [20, 64, 90, 100, 127],
    )
    session = Session(Writes(notes=notes), sr=16000)
    y = np.zeros(32000, np.float32)
    for start in range(0, len(y), block):
        assert session.push(y[start : start + block]) == []
    session.flush()
    heard = session.notes
    assert np.array_equal(heard.midi, notes.midi)
    assert np.allclose(heard.onset, notes.onset, atol=1e-6)
    assert np.allclose(heard.offset, notes.offset, atol=1e-6)
    assert np.array_equal(heard.velocity, notes.velocity)


def test_a_peer_that_writes_nothing_is_silent():
    session = Session(Writes(notes=Notes.empty()), sr=16000)
    session.push(np.zeros(16000, np.float32))
    session.flush()
    assert len(session.notes) == 0
    assert session.detector.length == 16000  # it had the whole recording


def test_a_pitch_track_lights_the_nearest_key_and_nothing_off_the_keyboard():
    hz = np.array([440.0, 0.0, np.nan, 20.0, 9000.0, 27.5])
    salience = pitch_salience(np.arange(6) / 100, hz, np.full(6, 0.9), np.zeros(6))
    assert salience.best_key.tolist() == [48, -1, -1, -1, -1, 0]
    assert salience.hz[0, 48] == 440.0


def test_the_stand_in_for_torchaudio_has_htk_triangles_and_leaves_no_trace(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio", None)  # as if it could not be imported
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(from_numpy=lambda array: array))
    with torchaudio_or_mel_filters():
        import torchaudio

        filters = torchaudio.functional.melscale_fbanks(
            n_freqs=2049, f_min=30.0, f_max=8000.0, n_mels=229, sample_rate=44100
        )
    assert sys.modules["torchaudio"] is None
    mel = 2595.0 * np.log10(1.0 + np.array([30.0, 8000.0]) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(*mel, 231) / 2595.0) - 1.0)
    hz = np.arange(2049) * 44100 / 4096
    low, centre, high = edges[200:203]
    triangle = np.maximum(np.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)), 0.0)
    assert np.allclose(filters[:, 200], triangle, atol=1e-5)


def test_a_missing_library_is_named_with_what_to_install():
    with pytest.raises(ImportError, match=r"pip install no-such-wheel \(docs/peers.md\)"):
        needed("no_such_library", install="no-such-wheel")


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_peer_without_its_libraries_says_all_that_it_needs(name, monkeypatch):
    for library in ("aubio", "librosa", "torch", "swift_f0", "onnxruntime"):
        monkeypatch.setitem(sys.modules, library, None)  # as if it could not be imported
    with pytest.raises(ImportError, match=re.escape(f"pip install {PEERS[name].install} (docs/peers.md)")):
        PEERS[name]()


@pytest.mark.parametrize("name", sorted(set(PEERS) - {"pyin"}))  # which comes with pianolab
def test_what_a_peer_says_it_needs_stands_in_the_documentation(name):
    root = Path(__file__).parents[2]
    told = "\n".join((root / page).read_text(encoding="utf-8") for page in ("README.md", "docs/peers.md"))
    assert f"pip install {PEERS[name].install} " in told


def test_a_comparison_shows_each_method_also_as_textbooks_have_it():
    everyone, _ = find_participants(None, {})
    labels = {who.label for who in everyone}
    for name in ("yin", "fft_peak", "cqt"):
        assert {name, f"{name}:preset=textbook"} <= labels


def test_peers_are_compared_only_when_asked_for():
    everyone, left_out = find_participants(None, {})
    assert everyone
    assert not {who.detector for who in everyone} & set(PEERS)
    assert not set(left_out) & set(PEERS)
    asked, _ = find_participants(["pyin"], {})
    assert [who.detector for who in asked] == ["pyin"]


@pytest.mark.parametrize("name", sorted(PEERS))
def test_a_peer_can_be_made_or_says_why_not(name):
    reason = missing(PEERS[name])
    assert reason == "" or reason.startswith("ImportError: ")
    assert reason == "" or "pip install" in reason


@pytest.mark.parametrize("name", QUICK)
def test_a_scale_is_heard_by_each_peer(name):
    reason = missing(PEERS[name])
    if reason:
        pytest.skip(reason)
    heard = transcribe(render(SCALE, sr=44100, seed=1), sr=44100, detector=name)
    in_time = [
        np.any((heard.midi == m) & (np.abs(heard.onset - o) < 0.1))
        for m, o in zip(SCALE.midi, SCALE.onset, strict=True)
    ]
    assert sum(in_time) >= 3


def test_swift_f0_hears_live_what_its_library_hears_in_the_whole_sound():
    if missing(PEERS["swift_f0"]):
        pytest.skip(missing(PEERS["swift_f0"]))
    import swift_f0

    y = sound.resample(render(SCALE, sr=44100, seed=1), sr=44100, target_sr=16000)
    whole = swift_f0.SwiftF0(threads=1).detect(y, 16000)
    rows = analyse(y, sr=16000, detector="swift_f0")
    n = len(whole.pitch_hz)
    voiced = whole.confidence >= 0.5
    assert voiced.sum() > 50
    assert np.allclose(rows.f0_hz[:n][voiced], whole.pitch_hz[voiced], rtol=1e-4)
    assert np.allclose(rows.strength.max(axis=1)[:n][voiced], whole.confidence[voiced], atol=1e-4)


def test_aubio_hears_the_same_in_any_blocks():
    if missing(PEERS["aubio"]):
        pytest.skip(missing(PEERS["aubio"]))
    y = (0.3 * np.sin(2 * np.pi * key_hz()[48] * np.arange(22050) / 44100)).astype(np.float32)
    heard = []
    for block in (128, 5000, 22050):
        parts = []
        session = Session(create("aubio:method=yin"), sr=44100, listen=parts.append)
        for start in range(0, len(y), block):
            session.push(y[start : start + block])
        session.flush()
        heard.append(np.concatenate([part.f0_hz for part in parts]))
    assert np.nanmedian(heard[0]) == pytest.approx(440.0, rel=1e-3)
    assert np.array_equal(heard[0], heard[1])
    assert np.array_equal(heard[0], heard[2])
