"""What the reader of notebook 06 chooses: data, detectors that can run, and what is said of those that cannot."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pianolab import registry, sound
from pianolab.data import Dataset, DatasetError, Recording
from pianolab.detectors.yin import Yin
from pianolab.labels import write_labels
from pianolab.lessons import choosing
from pianolab.roll import Notes

COLUMNS = ["detector", "rank", "n", "onset_f1", "low", "high"]


@pytest.fixture
def folder(tmp_path):
    t = np.arange(8000) / 8000
    for number, midi in enumerate((69, 72)):
        y = 0.5 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * t) * (t >= 0.2)
        sound.write(tmp_path / f"{number}.wav", y.astype(np.float32), sr=8000)
        write_labels(tmp_path / f"{number}.tsv", Notes([0.2], [1.0], [midi]))
    return tmp_path


def test_every_detector_is_offered_and_those_that_cannot_run_say_why(monkeypatch):
    class Lacking(Yin):
        name = "lacking"

        def __init__(self):
            raise ImportError("no such library: pip install it")

    monkeypatch.setattr(registry, "load_all", lambda: ({"yin": Yin, "lacking": Lacking}, {"broken": "SyntaxError"}))
    assert choosing.detectors() == {
        "yin": "",
        "lacking": "ImportError: no such library: pip install it",
        "broken": "SyntaxError",
    }


def test_six_recordings_are_of_all_kinds(monkeypatch):
    """Of ten recordings of one kind, three of another and one of a third."""
    asked = []
    kinds = ["piece"] * 10 + ["notes"] * 3 + ["scale"]
    found = Dataset("builtin", tuple(Recording(f"{i}", Path("x"), kind=kind) for i, kind in enumerate(kinds)), ())
    monkeypatch.setattr(choosing.data, "load_dataset", lambda *args, **options: asked.append((args, options)) or found)
    assert [recording.kind for recording in choosing.pick("builtin tune", n=6)] == [
        *("piece", "notes", "scale"),
        *("piece", "notes"),
        "piece",
    ]
    assert len(choosing.pick("builtin test", n=99)) == 14
    assert asked == [(("builtin",), {"split": "tune"}), (("builtin",), {"split": "test"})]


def test_a_folder_is_found_and_what_is_none_is_said(folder, monkeypatch, tmp_path):
    assert [recording.id for recording in choosing.pick("folder", folder=folder, n=9)] == ["0", "1"]
    with pytest.raises(choosing.ChoiceError, match=r"^No folder is named: type"):
        choosing.pick("folder", folder=" ")
    with pytest.raises(choosing.ChoiceError, match=r"^There is no data 'buildin': choose one of builtin test"):
        choosing.pick("buildin")
    monkeypatch.setattr(choosing, "takes_dir", lambda: tmp_path / "no takes yet")
    with pytest.raises(choosing.ChoiceError, match=r"^No take is kept yet: play some in notebook 07"):
        choosing.pick("takes")
    monkeypatch.setattr(choosing, "takes_dir", lambda: folder)
    assert len(choosing.pick("takes")) == 2
    with pytest.raises(DatasetError, match="not there"):
        choosing.pick("folder", folder=tmp_path / "not there")
    with pytest.raises(choosing.ChoiceError, match=r"^No detector is chosen: tick at least one"):
        choosing.run(choosing.pick("takes"), [], seconds=1, folder=tmp_path)


def test_who_heard_nothing_has_no_rank_and_is_a_line_instead(folder, tmp_path, monkeypatch):
    chosen = choosing.pick("folder", folder=folder)
    broken = tmp_path / "broken.py"
    broken.write_text(
        "from pianolab.detectors.yin import Yin\n\n\nclass Broken(Yin):\n    name = 'broken'\n\n"
        "    def __init__(self):\n        raise ImportError('pip install it')\n"
    )
    found = choosing.run(chosen, [f"{broken}:Broken", "fft_peak"], seconds=1, folder=tmp_path / "out")
    table, lines = choosing.ranks(found)
    assert table[["rank", "detector", "n"]].to_numpy().tolist() == [[1, "fft_peak", 2]]
    assert lines == ["broken.py:Broken cannot run here: ImportError: pip install it"]
    assert not (tmp_path / "out" / "run").exists()


def test_a_detector_that_alone_was_chosen_and_cannot_run_is_not_the_first():
    ranking = pd.DataFrame([["toy", 1, 0] + [np.nan] * 3], columns=COLUMNS)
    failures = pd.DataFrame({"recording": [""], "detector": ["toy"], "error": ["no library"]})
    table, lines = choosing.ranks(SimpleNamespace(failures=failures, ranking=ranking))
    assert len(table) == 0
    assert lines == ["toy cannot run here: no library"]


def test_failures_name_three_recordings_and_count_the_rest():
    """Five recordings for one reason and one for another."""
    whys = ["it hung"] * 5 + ["no memory"]
    failures = pd.DataFrame({"recording": list("abcdef"), "detector": "toy", "error": whys})
    ranking = pd.DataFrame([["toy", 1, 1, 0.12345, 0.1, 0.2]], columns=COLUMNS)
    table, lines = choosing.ranks(SimpleNamespace(failures=failures, ranking=ranking))
    assert table.onset_f1.tolist() == [0.123]
    assert lines == ["toy failed on a, b, c (+ 2): it hung", "toy failed on f: no memory"]
