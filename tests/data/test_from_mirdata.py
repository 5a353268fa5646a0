"""Tracks of mirdata's loaders are recordings; a made-up mirdata stands for the library, which need not be installed."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from pianolab.data import DatasetError, load_dataset
from pianolab.labels import write_labels
from pianolab.roll import Notes


class Loader:
    """As mirdata.core.Dataset: ids of tracks, and a track for each."""

    def __init__(self, tracks):
        self._tracks = tracks
        self.track_ids = list(tracks)

    def track(self, track_id):
        return self._tracks[track_id]


def notes(pitches, pitch_unit, *, interval_unit="s"):
    """As mirdata.annotations.NoteData."""
    intervals = np.array([[0.5, 1.0], [1.0, 2.0]]) * (1000 if interval_unit == "ms" else 1)
    return SimpleNamespace(intervals=intervals, interval_unit=interval_unit, pitches=pitches, pitch_unit=pitch_unit)


@pytest.fixture
def mirdata(tmp_path, monkeypatch):
    """A library with one loader, "little", whose tracks the test gives."""
    monkeypatch.setattr("pianolab.data.from_mirdata.made_dir", lambda name: tmp_path / "made" / name)
    sf.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    write_labels(tmp_path / "a.mid", Notes([0.5], [1.0], [60]))
    asked = []

    def install(**tracks):
        library = ModuleType("mirdata")

        def initialize(name, data_home=None):
            asked.append((name, data_home))
            return Loader(tracks)

        library.list_datasets = lambda: ["little", "maestro"]
        library.initialize = initialize
        monkeypatch.setitem(sys.modules, "mirdata", library)
        return asked

    return install


def test_a_track_with_midi_is_a_recording(mirdata, tmp_path):
    asked = mirdata(
        take=SimpleNamespace(
            audio_path=str(tmp_path / "a.wav"),
            midi_path=str(tmp_path / "a.mid"),
            canonical_composer="Berg",
            canonical_title="Sonata",
            split="validation",
        )
    )
    (recording,) = load_dataset("mirdata:little@/some/where", split="validation")
    assert asked == [("little", "/some/where")]
    assert (recording.id, recording.piece, recording.split) == ("take", "Berg: Sonata", "validation")
    assert recording.notes().midi.tolist() == [60]


@pytest.mark.parametrize(
    ("pitches", "unit", "interval_unit"),
    [((60.0, 64.0), "midi", "s"), ((261.6, 329.6), "hz", "ms"), (("C4", "E4"), "note_name", "s")],
)
def test_notes_without_midi_are_written_down(mirdata, tmp_path, pitches, unit, interval_unit):
    mirdata(
        take=SimpleNamespace(
            audio_path=str(tmp_path / "a.wav"), notes=notes(pitches, unit, interval_unit=interval_unit)
        )
    )
    (recording,) = load_dataset("mirdata:little")
    heard = recording.notes()
    assert (heard.midi.tolist(), heard.onset.tolist(), heard.offset.tolist()) == ([60, 64], [0.5, 1.0], [1.0, 2.0])


def test_tracks_that_are_of_no_use_are_named(mirdata, tmp_path):
    there = {"audio_path": str(tmp_path / "a.wav")}
    mirdata(
        good=SimpleNamespace(**there, midi_path=str(tmp_path / "a.mid")),
        silent=SimpleNamespace(audio_path=str(tmp_path / "no.wav"), midi_path=str(tmp_path / "a.mid")),
        beats=SimpleNamespace(**there),
        ticks=SimpleNamespace(**there, notes=notes((60.0, 61.0), "midi", interval_unit="ticks")),
    )
    found = load_dataset("mirdata:little")
    assert [recording.id for recording in found] == ["good"]
    assert [why for _, why in found.skipped] == [
        "its sound is not here",
        "holds neither MIDI nor notes",
        "its notes cannot be used: their times are ticks",
    ]


def test_without_mirdata_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(DatasetError, match="mirdata is not installed: pip install mirdata"):
        load_dataset("mirdata:maestro")


def test_an_unknown_loader_and_a_set_that_is_not_there_are_refused(mirdata):
    mirdata()
    with pytest.raises(DatasetError, match=r"no loader 'mastro': did you mean maestro\?"):
        load_dataset("mirdata:mastro")
    with pytest.raises(
        DatasetError, match="mirdata's little gives no recording: name the folder, as in mirdata:little@"
    ):
        load_dataset("mirdata:little")
