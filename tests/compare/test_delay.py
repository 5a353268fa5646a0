"""How late a detector is: the known delay of a toy is found, and data that cannot tell are refused."""

from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError
from pianolab.compare.delay import fit_delay
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
LATE = f"{TOYS}:Late"
SR = 8000
ONSETS_S = np.array([0.2, 0.9, 1.5, 2.3])  # on the toy's frames of 10 ms


def write_tones(folder, midi):
    """Two recordings of four sines with silence between them; ``midi`` is what the labels say."""
    notes = Notes(ONSETS_S, ONSETS_S + 0.4, np.full(4, midi))
    t = np.arange(3 * SR) / SR
    sounds = np.any((t[:, None] >= notes.onset) & (t[:, None] < notes.offset), axis=1)
    for name in ("one", "two"):
        sound.write(folder / f"{name}.wav", (0.5 * sounds * np.cos(2 * np.pi * 261.6 * t)).astype(np.float32), sr=SR)
        write_labels(folder / f"{name}.tsv", notes)
    return folder


@pytest.mark.parametrize("n_rows", [0, 3, 12])
def test_the_delay_of_a_toy_that_is_late_by_whole_frames_is_found_exactly(tmp_path, n_rows):
    data = write_tones(tmp_path, 60)
    (fit,) = fit_delay(f"{LATE}:n_rows={n_rows}", data, jobs=1, cache=tmp_path / "cache", progress=False)
    assert (fit.n_matched, fit.n_played) == (8, 8)
    assert fit.declared_s == 0.02
    assert fit.late_s == pytest.approx(0.01 * n_rows - 0.02, abs=1e-6)
    assert fit.quartiles_s == pytest.approx((fit.late_s, fit.late_s), abs=1e-6)
    assert fit.onset_delay_s == pytest.approx(0.01 * n_rows)


def test_the_command_prints_what_to_declare(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = write_tones(tmp_path, 60)
    assert main(["fit-delay", f"{LATE}:n_rows=5", "--data", str(data), "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "8 of 8 heard within 200 ms" in said
    assert "median 30.0 ms, half of the notes 30.0 to 30.0 ms" in said
    assert "are look-ahead" in said
    assert "of processor time here for a block of 1024 samples" in said
    assert "nan" not in said
    assert "declared now    onset_delay_s = 0.020" in said
    assert "to declare      onset_delay_s = 0.050" in said


def test_data_without_a_match_are_refused_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = write_tones(tmp_path, 72)
    with pytest.raises(CompareError, match=r"heard none of the 8 notes of .* within 0\.2 s: see what it hears"):
        fit_delay(LATE, data, jobs=1, cache=tmp_path / "cache", progress=False)
    assert main(["fit-delay", LATE, "--data", str(data), "--jobs", "1"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()[-1]) < 400


@pytest.mark.parametrize("name", ["Raises", "CannotStart"])
def test_a_detector_that_cannot_hear_is_refused_with_its_reason(tmp_path, name):
    data = write_tones(tmp_path, 60)
    with pytest.raises(CompareError, match=r"failed everywhere, first on .*(no frames today|the model file is gone)"):
        fit_delay(f"{TOYS}:{name}", data, jobs=1, cache=tmp_path / "cache", progress=False)
