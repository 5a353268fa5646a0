"""A recording that is changed, goes away or cannot be read while it is compared is a row, and the rest is scored."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare import compare
from pianolab.compare.worker import Job, hear
from pianolab.data import load_dataset
from pianolab.labels import write_labels
from pianolab.roll import Notes

SR = 8000
CHANGES = """
import shutil
from pathlib import Path

from bad_detectors import Honest


class Changes(Honest):
    \"""Does something to the recording while it hears it.\"""

    def __init__(self, *, file: str = "", other: str = ""):
        self.file, self.other = Path(file), Path(other)

    def process(self, span):
        if self.file.name == "gone.wav":
            self.file.unlink(missing_ok=True)
        elif self.file.is_file() and self.file.read_bytes() != self.other.read_bytes():
            shutil.copy(self.other, self.file)
        return super().process(span)
"""


def tone(hz, level=0.5):
    t = np.arange(SR) / SR
    return (level * np.sin(2 * np.pi * hz * t) * (t < 0.6)).astype(np.float32)


@pytest.fixture
def data(tmp_path):
    """Three recordings of A4: the first and the second will not stay."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number, name in enumerate(("changed", "gone", "there")):  # No two are alike: those would be heard once.
        sound.write(folder / f"{name}.wav", tone(440, level=0.5 + 0.1 * number), sr=SR)
        write_labels(folder / f"{name}.tsv", Notes([0.0], [0.6], [69], [80]))
    return folder


def run(data, detectors, tmp_path):
    return compare(data, detectors, jobs=1, cache=tmp_path / "cache", progress=False)


@pytest.mark.parametrize(("name", "why"), [("changed", "was changed while it was compared"), ("gone", "is not there")])
def test_what_was_heard_of_a_sound_that_changed_meanwhile_is_neither_scored_nor_kept(name, why, data, tmp_path):
    shutil.copy(Path(__file__).with_name("bad_detectors.py"), tmp_path)
    (tmp_path / "changes.py").write_text(f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{CHANGES}")
    other = tmp_path / "other.wav"
    sound.write(other, tone(220), sr=SR)
    result = run(data, f"{tmp_path / 'changes.py'}:Changes:file={data / name}.wav,other={other}", tmp_path)
    assert list(result.failures.recording) == [name]
    assert why in result.failures.error.iloc[0]
    assert set(result.scores[result.scores.status == "ok"].recording) == {"changed", "gone", "there"} - {name}
    assert len(list((tmp_path / "cache").glob("*.notes"))) == 2


def test_a_sound_that_changed_after_it_was_looked_at_is_not_heard_as_that(data):
    job = Job(str(data / "there.wav"), "fft_peak", checksum=sound.checksum(data / "there.wav"))
    assert not isinstance(hear(job), str)
    sound.write(data / "there.wav", tone(220), sr=SR)
    assert hear(job) == f"{data / 'there.wav'} was changed while it was compared: let it be, and run this again"


def test_a_recording_that_went_away_before_it_was_heard_is_a_row(data, tmp_path):
    dataset = load_dataset(data)
    (data / "gone.wav").unlink()
    result = run(dataset, "fft_peak", tmp_path)
    assert list(result.failures.recording) == ["gone"]
    assert "gone.wav cannot be read (No such file or directory)" in result.failures.error.iloc[0]
    assert set(result.scores[result.scores.status == "ok"].recording) == {"changed", "there"}


def test_a_recording_that_is_a_folder_is_a_row(data, tmp_path):
    dataset = load_dataset(data)
    moved = tuple(replace(recording, audio=tmp_path) if recording.id == "gone" else recording for recording in dataset)
    result = run(replace(dataset, recordings=moved), "fft_peak", tmp_path)
    assert list(result.failures.recording) == ["gone"]
    assert "Is a directory" in result.failures.error.iloc[0]
