"""Detectors that were made by hand take part in a comparison: those of files, those of notebook cells, changed ones."""

import linecache
import os
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare import CompareError, compare
from pianolab.compare.fingerprints import source_of
from pianolab.compare.participants import find_participants
from pianolab.detectors.yin import Yin
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.registry import create, find, load_all
from pianolab.roll import Notes
from pianolab.session import transcribe

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
Loudest = find(f"{TOYS}:Loudest")
SR = 8000

CELL = """
import os

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frames_of, levels_db
from pianolab.roll import Salience


class Typed(Detector):
    name = "typed"
    sr, frame_length, hop_length = 8000, 2048, 128

    def __init__(self, *, key=48, log="", table=None):
        self.key, self.log = key, log

    def reset(self):
        if self.log:
            with open(self.log, "a", encoding="utf-8") as file:
                print(os.getpid(), file=file)

    def process(self, span):
        level_db = levels_db(frames_of(span))
        strength = np.zeros((span.n_frames, 88), dtype=np.float32)
        strength[:, self.key] = level_db > -50
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)
"""


@pytest.fixture
def data(tmp_path):
    """One recording of A4, struck and let go after 0.6 s: detectors of ours ask whether it is a piano."""
    folder = tmp_path / "data"
    folder.mkdir()
    notes = Notes([0.0], [0.6], [69], [80])
    sound.write(folder / "a4.wav", render(notes, sr=SR), sr=SR)
    write_labels(folder / "a4.tsv", notes)
    return folder


def run(data, detectors, tmp_path, **settings):
    return compare(data, detectors, jobs=1, cache=tmp_path / "cache", progress=False, **settings)


def typed(text=CELL, name="<cell 1>"):
    """The class Typed as a notebook cell makes it: in __main__, which has no file."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {"__name__": "a notebook"}
    exec(compile(text, name, "exec"), namespace)
    return namespace["Typed"]


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").glob("*.notes"))


def test_instances_and_texts_take_part_side_by_side(data, tmp_path):
    result = run(data, [Loudest(scale=0.9), f"{TOYS}:Loudest", Yin(threshold=0.2), typed()()], tmp_path)
    assert result.failures.empty
    # The loudest frequency is the octave for a moment, and A4 from then on.
    heard = {label: int(notes.midi[-1]) for (_, _, label), notes in result.heard.items()}
    assert heard == {
        "toy_detectors.py:Loudest:scale=0.9": 69,
        "toy_detectors.py:Loudest": 69,
        "yin:threshold=0.2": 69,
        "typed": 69,
    }


@pytest.mark.parametrize("alone", [Yin(threshold=0.2), "yin:threshold=0.2"])
def test_one_detector_needs_no_list(data, tmp_path, alone):
    assert list(run(data, alone, tmp_path).ranking.params) == ["threshold=0.2"]


def test_an_instance_and_its_text_are_the_same_and_heard_once(data, tmp_path):
    result = run(data, [Yin(threshold=0.2), "yin:threshold=0.2", create("yin", threshold=0.2)], tmp_path)
    assert len(result.ranking) == len(kept(tmp_path)) == 1


def test_two_instances_with_different_settings_are_two(data, tmp_path):
    result = run(data, [Yin(threshold=0.2), Yin(threshold=0.3), Yin()], tmp_path)
    assert sorted(result.ranking.params) == ["", "threshold=0.2", "threshold=0.3"]
    assert len(kept(tmp_path)) == 3


def test_a_detector_that_was_changed_by_hand_is_heard_as_it_is_and_not_kept(data, tmp_path):
    late, asked = Yin(), Yin()
    late.onset_delay_s = asked.onset_delay_s - 0.25
    onsets = [next(iter(run(data, d, tmp_path).heard.values())).onset[0] for d in (asked, late)]
    assert onsets[1] - onsets[0] == pytest.approx(0.25, abs=0.05)
    assert len(kept(tmp_path)) == 1
    with pytest.raises(CompareError, match="two who take part are called 'yin': rename one"):
        run(data, [late, asked], tmp_path)


@pytest.mark.parametrize("change", [{"key": 50}, {"more": np.zeros(3)}, {"log": None}])
def test_a_change_of_what_is_in_no_key_is_heard(data, tmp_path, change):
    changed = typed()()
    run(data, typed()(), tmp_path)
    vars(changed).update(change)
    (participant,), _ = find_participants([changed], {})
    assert (participant.spec, participant.key("ab", None)) == ("", "")
    assert next(iter(run(data, changed, tmp_path).heard.values())).midi == [change.get("key", 48) + 21]
    assert len(kept(tmp_path)) == 1


@pytest.mark.parametrize("name", [name for name, cls in load_all()[0].items() if not cls.peer])
def test_a_detector_that_has_heard_something_is_not_changed(name):
    detector = create(name)
    transcribe(np.sin(np.arange(22050) / 20).astype(np.float32), sr=44100, detector=detector)
    (participant,), _ = find_participants([detector], {})
    assert participant.spec == name
    assert participant.key("ab", None) == find_participants([name], {})[0][0].key("ab", None) != ""


def test_a_class_of_a_notebook_is_heard_in_a_process_of_its_own_and_kept(data, tmp_path):
    log = tmp_path / "log"
    first = run(data, typed()(log=str(log)), tmp_path)
    assert len(set(log.read_text().split())) == 1
    assert str(os.getpid()) not in log.read_text().split()
    log.unlink()
    again = run(data, typed()(log=str(log)), tmp_path)
    assert not log.exists()
    assert list(again.scores.value) == list(first.scores.value)


HEARS = "        level_db = levels_db(frames_of(span))\n"


def test_a_class_of_a_notebook_that_changes_a_library_changes_nobody_else(data, tmp_path):
    spoil = "        import mir_eval; mir_eval.transcription.match_note_onsets = lambda *a, **k: []\n"
    together = run(data, [typed(CELL.replace(HEARS, spoil + HEARS), "<spoils>")(), "yin"], tmp_path)
    assert together.failures.empty
    assert list(together.ranking.onset_f1) == [1.0, 1.0]


def test_a_class_of_a_notebook_that_hangs_is_stopped(data, tmp_path):
    hangs = typed(CELL.replace(HEARS, "        import time; time.sleep(600)\n" + HEARS), "<hangs>")()
    failures = run(data, hangs, tmp_path, timeout_s=2).failures
    assert list(failures.error) == [
        "it was stopped after 2 s without an answer: give it more time if it is slow (--timeout, in Python timeout_s)"
    ]


def test_what_cannot_be_sent_is_a_row_with_the_remedy(data, tmp_path):
    with open(tmp_path / "open", "w", encoding="utf-8") as file:
        holds = typed()()
        holds.table = file
        result = run(data, [holds, "yin"], tmp_path)
    assert list(result.failures.detector) == ["typed"]
    assert result.failures.error[0].startswith(
        "it cannot be sent to a process of its own (PicklingError: Cannot pickle files"
    )
    assert result.failures.error[0].endswith("write the class into a file and name it as FILE.py:Class")


def test_what_holds_a_loaded_network_is_made_again_in_the_worker_with_its_changes(data, tmp_path):
    late, asked = create("neural"), create("neural")
    late.tracking = {**asked.tracking, "onset_delay_s": -0.25}
    onsets = [next(iter(run(data, d, tmp_path).heard.values())).onset[0] for d in (asked, late)]
    assert onsets[1] - onsets[0] == pytest.approx(0.25, abs=0.05)


def test_a_detector_of_a_file_that_was_changed_by_hand_is_heard_as_it_is(data, tmp_path):
    changed = Loudest()
    changed.onset_delay_s = -0.25
    onsets = [next(iter(run(data, d, tmp_path).heard.values())).onset[0] for d in (Loudest(), changed)]
    assert onsets[1] - onsets[0] == pytest.approx(0.25, abs=0.05)


def test_a_detector_that_is_equal_by_value_and_has_no_hash_takes_part(data, tmp_path):
    text = CELL.replace("class Typed(Detector):", "class Typed(Detector):\n    __hash__ = None")
    assert run(data, typed(text, "<no hash>")(), tmp_path).failures.empty


def test_a_cell_that_was_changed_and_run_again_is_heard_again(data, tmp_path):
    assert next(iter(run(data, typed()(), tmp_path).heard.values())).midi == [69]
    higher = typed(CELL.replace("self.key] =", "self.key + 1] ="))
    assert next(iter(run(data, higher(), tmp_path).heard.values())).midi == [70]
    assert next(iter(run(data, typed(CELL.replace("key=48", "key=50"))(), tmp_path).heard.values())).midi == [71]
    assert len(kept(tmp_path)) == 3


@pytest.mark.parametrize(
    ("change", "more", "settings"),
    [
        (("level_db > -50", "level_db > LIMIT"), "LIMIT = -50", {}),
        (("level_db > -50", "loud(level_db)"), "def loud(level_db): return level_db > -50", {}),
        (('name = "typed"', 'name = "typed"; table = np.zeros(3)'), "", {}),
        (("", ""), "", {"table": np.zeros(3)}),
    ],
)
def test_what_hangs_on_other_cells_or_on_arrays_is_heard_and_not_kept(data, tmp_path, change, more, settings):
    detector = typed(CELL.replace(*change) + more, name=f"<cell {change}>")(**settings)
    assert source_of(detector) == ""
    result = run(data, detector, tmp_path)
    assert result.failures.empty
    assert next(iter(result.heard.values())).midi == [69]
    assert kept(tmp_path) == []


def test_a_module_that_a_detector_of_a_file_imports_is_part_of_the_key(data, tmp_path, monkeypatch):
    (tmp_path / "keys_of_mine.py").write_text("KEY = 48\n")
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "mine.py"
    file.write_text("import keys_of_mine\n" + CELL.replace("key=48", "key=keys_of_mine.KEY"))

    def heard():
        return next(iter(run(data, f"{file}:Typed", tmp_path).heard.values())).midi.tolist()

    assert heard() == heard() == [69]
    assert len(kept(tmp_path)) == 1
    (tmp_path / "keys_of_mine.py").write_text("KEY = 50\n")
    assert heard() == [71]
    assert len(kept(tmp_path)) == 2


def test_the_command_for_the_same_again_names_what_cannot_be_typed(data, tmp_path):
    about = run(data, [Yin(threshold=0.2), typed()(key=50)], tmp_path, seconds=0.5).about
    assert about["command"] == (
        f"pianolab compare --data {data} --detector yin:threshold=0.2 --seconds 0.5 --split test --pedal release "
        f"--cache {tmp_path / 'cache'}  # cannot be typed: typed:key=50"
    )
