"""A search for settings: what is tried follows from what was tried, on tune alone, and nothing of it is lost."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import tuning
from pianolab.compare.errors import CompareError
from pianolab.compare.search import METHODS, Range, Trial, grid_size, propose, ranges
from pianolab.compare.tuned import Question, Tuned, with_settings
from pianolab.compare.tuning import read_trials, search, shared_with
from pianolab.compare.tuning_report import history, write_page
from pianolab.data import Dataset, DatasetError, Recording
from pianolab.labels import write_labels
from pianolab.roll import Notes

OVER = [
    Range("gate", low=0.0, high=1.0, start=0.9),
    Range("n_partials", low=1, high=100, whole=True, log=True, start=60),
    Range("method", choices=("yin", "yinfft"), start="yin"),
]
AS_GIVEN = {one.name: one.start for one in OVER}


def quality(params):
    """Best at gate 0.3, seven partials and yinfft, where it is 1."""
    lost = abs(params["gate"] - 0.3) / 2 + abs(np.log(params["n_partials"] / 7)) / 20
    return 1 - lost - (0.1 if params["method"] == "yin" else 0)


def score(spec):
    """Of two recordings of one piece and one of another, from spec text."""
    given = dict(part.split("=") for part in spec.partition(":")[2].split(",") if part)
    value = quality({**AS_GIVEN, **given, **{key: float(given[key]) for key in ("gate", "n_partials") if given}})
    return {"a": value + 0.02, "b": value - 0.02, "c": value}, ""


def question(method="tpe", **more):
    known = {"detector": "toy", "data": "mine", "metric": "onset_f1", "seed": 3, "steps": 4, "seconds": None}
    known |= {"over": tuple(map(str, OVER)), "code": "1", "recordings": {"a": "", "b": "", "c": ""}, "method": method}
    return Question(**{**known, **more})


def tried(method, n, log, *, known=()):
    trials = list(known)
    search(question(method), OVER, score, log, trials, trials=n)
    return trials


@pytest.mark.parametrize("method", METHODS)
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(method, tmp_path):
    whole = tried(method, 16, tmp_path / "whole.jsonl")
    begun = tried(method, 7, tmp_path / "begun.jsonl")
    kept = read_trials(tmp_path / "begun.jsonl", OVER)
    assert kept == begun == whole[:8]
    assert tried(method, 16, tmp_path / "begun.jsonl", known=kept) == whole
    assert read_trials(tmp_path / "begun.jsonl", OVER) == whole
    assert len({json.dumps(dict(trial.params)) for trial in whole}) > 12  # It does not try the same all the time.


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_better_settings_than_those_given(method, tmp_path):
    trials = tried(method, 32, tmp_path / "log.jsonl")
    assert trials[0].params == {}
    assert trials[0].value == pytest.approx(quality(AS_GIVEN))
    assert all(one.holds(trial.params[one.name]) for trial in trials[1:] for one in OVER)
    assert max(trial.value for trial in trials) > quality(AS_GIVEN) + 0.2


def test_annealing_ends_nearer_than_chance(tmp_path):
    """From the same start, the mean of the last ten of forty trials."""
    late = {m: np.mean([t.value for t in tried(m, 40, tmp_path / m)[-10:]]) for m in ("anneal", "random")}
    assert late["anneal"] > late["random"] + 0.1


@pytest.mark.parametrize(("spec", "text", "says"), [
    ("yin", "treshold=0.1..0.4", "no parameter 'treshold'.*threshold"),
    ("yin:threshold=0.2", "threshold=0.1..0.4", "is fixed by"),
    ("yin", "threshold=0.4..0.1", "is no range: write threshold=LOW..HIGH"),
    ("yin", "threshold=a..b", "is no range"),
    ("yin", "threshold=0.1..7000", "stay within"),
    ("yin", "method=1..2", "is no number: name values"),
    ("yin", "method=yinn,yin", "method=yinn is not a choice"),
    ("yin", "threshold=low,0.2", "give a value of type float"),
    ("nmf", "colour=1..2", "is no number"),
])  # fmt: skip
def test_a_range_that_makes_no_sense_is_named_with_the_remedy(spec, text, says):
    with pytest.raises(CompareError, match=says):
        ranges(spec, [text])


def test_ranges_are_as_typed_or_as_the_detector_declares_them():
    typed = ranges("yin", ["threshold=0.05..0.4", "method=yin,yinfft"])
    assert [str(one) for one in typed] == ["threshold=0.05..0.4", "method=yin,yinfft"]
    assert [one.choices for one in typed] == [(), ("yin", "yinfft")]
    (weights,) = ranges("neural", ["weights="])
    assert weights.choices == ("maps", "free")
    declared = ranges("yin")
    assert "threshold" in [one.name for one in declared]
    assert all(one.low < one.high for one in declared)


def test_a_grid_is_tried_once_and_ends(tmp_path):
    trials = tried("grid", 1000, tmp_path / "log.jsonl")[1:]
    assert len(trials) == grid_size(OVER, 4) == 4 * 4 * 2
    assert len({tuple(trial.params.values()) for trial in trials}) == 32
    assert sorted({trial.params["n_partials"] for trial in trials}) == [1, 5, 22, 100]
    assert propose("grid", OVER, trials, steps=4) is None


def test_a_proposal_can_be_pasted_as_it_is():
    params = propose("random", OVER, []).params
    assert len(str(params["gate"])) <= 7
    assert with_settings("toy:mode=fast", {"gate": 0.1234}) == "toy:mode=fast,gate=0.1234"


def test_settings_that_fail_are_a_trial_that_failed(tmp_path):
    def fails_above_half(spec):
        scores, _ = score(spec)
        return ({}, "a: too hot") if float(spec.partition("gate=")[2].split(",")[0] or 0) > 0.5 else (scores, "")

    trials = []
    search(question("tpe"), OVER, fails_above_half, tmp_path / "log", trials, trials=20)
    failed = [trial for trial in trials if trial.why]
    assert failed
    assert {trial.value for trial in failed} == {None}
    assert all(trial.params["gate"] > 0.5 for trial in failed)
    assert read_trials(tmp_path / "log", OVER) == trials
    with pytest.raises(CompareError, match="toy cannot be tuned: a: no sound"):
        search(question(), OVER, lambda spec: ({}, "a: no sound"), tmp_path / "none", [], trials=3)
    assert not (tmp_path / "none").exists()


def test_a_line_that_was_cut_off_is_tried_again_and_a_strange_one_is_refused(tmp_path):
    log = tmp_path / "log.jsonl"
    trials = tried("random", 3, log)
    text = log.read_text()
    log.write_text(text[:-9])
    assert read_trials(log, OVER) == trials[:-1]
    for strange in ('{"params": {}}', "[1]", '"a"', "", "{" * 50_000, text.splitlines()[2].replace('"gate"', '"gait"')):
        log.write_text("\n".join([*text.splitlines()[:2], strange, ""]))
        with pytest.raises(CompareError, match=r"log\.jsonl, line 3 is no trial"):
            read_trials(log, OVER)


def test_the_page_has_what_to_paste_and_the_score_beside_it(tmp_path):
    trials = tried("tpe", 12, tmp_path / "trials.jsonl")
    found = Tuned(question(), trials, {"a": "waltz", "b": "waltz"}, ["the same <sound> is in both"], 12, tmp_path)
    assert (found.gain.n, found.gain.pieces) == (3, 2)
    assert found.gain.mean == pytest.approx(found.best.value - found.default.value)
    html = write_page(found, OVER).read_text(encoding="utf-8")
    assert f"<code>{found.spec}</code>" in html
    assert f"{found.best.value:.3f}" in html
    assert f"{found.default.value:.3f}" in html
    assert "the same &lt;sound&gt; is in both" in html
    assert html.count("<circle") == 13
    assert "http" not in html
    assert "<script" not in html


def test_the_line_of_the_figure_only_rises():
    figure = history([Trial({}, value) for value in (0.5, 0.4, None, 0.7, 0.6)])
    heights = [float(corner.split(",")[1]) for corner in figure["line"].split()]
    assert heights == sorted(heights, reverse=True)  # y grows downwards
    assert [number for _, _, number, _ in figure["points"]] == [0, 1, 3, 4]
    assert [text for _, text in figure["ticks"]] == ["0.400", "0.550", "0.700"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    there = tmp_path_factory.mktemp("data")
    for number, name in enumerate(("waltz_tune", "waltz_test", "fugue_tune", "copy_test")):
        sound.write(there / f"{name}.wav", np.full(100, 0.1 * number + 0.1, np.float32), sr=8000)
    shutil.copy(there / "fugue_tune.wav", there / "copy_test.wav")
    return there


def recordings(folder, *names):
    of = {name: name.split("_") for name in names}
    return [Recording(n, folder / f"{n}.wav", key=69, piece=piece, split=split) for n, (piece, split) in of.items()]


def test_what_tune_and_test_share_is_said(folder):
    tuned = Dataset("mine", tuple(recordings(folder, "waltz_tune", "fugue_tune")), split="tune")
    judging = Dataset("mine", tuple(recordings(folder, "waltz_test", "copy_test")), split="test")
    assert shared_with(tuned, judging) == [
        "the same sound is in tune and in test: fugue_tune and copy_test",
        "pieces are in tune and in test: waltz",
    ]
    assert shared_with(tuned, None) == []
    apart = Dataset("mine", tuple(recordings(folder, "copy_test")))
    assert shared_with(Dataset("mine", tuned[:1]), apart) == []
    undeclared = Dataset("mine", (Recording("x", folder / "waltz_tune.wav", key=69),))
    assert shared_with(undeclared, undeclared)[0].startswith("1 recordings declare no split, so they are tuned on")


def test_another_search_in_the_folder_is_refused_and_the_same_goes_on(tmp_path):
    with tuning._opened(tmp_path / "run", question(), OVER) as (log, trials):
        search(question(), OVER, score, log, trials, trials=3)
        with (
            pytest.raises(CompareError, match="another search is being written there"),
            tuning._opened(tmp_path / "run", question(), OVER),
        ):
            pass
    with tuning._opened(tmp_path / "run", question(), OVER) as (_, there):
        assert there == trials
    with (
        pytest.raises(CompareError, match=r"another seed \(3, now 4\): give the same again"),
        tuning._opened(tmp_path / "run", question(seed=4), OVER),
    ):
        pass
    (tmp_path / "run" / "mine.txt").write_text("my own")
    with (
        pytest.raises(CompareError, match=r"not of a search, such as mine\.txt: choose another --out"),
        tuning._opened(tmp_path / "run", question(), OVER),
    ):
        pass
    assert (tmp_path / "run" / "mine.txt").read_text() == "my own"


def heard(*, dataset, spec, asked):
    """What a comparison would give of a detector that is better with a low threshold."""
    asked.append((spec, {recording.split for recording in dataset}))
    threshold = float(spec.partition("threshold=")[2] or 0.95)
    rows = [("onset_f1", recording.id, 1 - threshold) for recording in dataset]
    scores = pd.DataFrame(rows, columns=["metric", "recording", "value"]).assign(protocol="any")
    return SimpleNamespace(failures=[], scores=scores, protocol="any")


def test_only_tune_recordings_are_heard_and_the_report_is_there_when_it_is_stopped(folder, tmp_path, monkeypatch):
    data = Dataset("mine", tuple(recordings(folder, "waltz_tune", "waltz_test", "fugue_tune")))
    asked, most = [], 4

    def compared(dataset, spec, **_):
        if len(asked) == most:
            raise KeyboardInterrupt
        return heard(dataset=dataset, spec=spec, asked=asked)

    monkeypatch.setattr("pianolab.compare.run.compare", compared)
    settings = {"over": ["threshold=0.1..0.9"], "trials": 6, "out": tmp_path / "run", "progress": False}
    with pytest.raises(KeyboardInterrupt):
        tuning.tune("yin", data, **settings)
    assert "To paste: <code>yin:threshold=" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    most = 100
    found = tuning.tune("yin", data, **settings)
    assert len(asked) == len(found.trials) == 7  # Nothing was heard twice.
    assert asked[0] == ("yin", {"tune"})
    assert {split for _, splits in asked for split in splits} == {"tune"}
    assert len({spec for spec, _ in asked}) == 7
    assert found.best.value == max(trial.value for trial in found.trials) == 1 - found.best.params["threshold"]
    assert found.spec == f"yin:threshold={found.best.params['threshold']}"
    assert (found.gain.n, found.gain.pieces) == (2, 2)
    assert found.shared == ["pieces are in tune and in test: waltz"]
    mixed = Dataset("mixed", (replace(data[0], source="real"), replace(data[2], source="rendered")))
    with pytest.raises(CompareError, match="mixed holds real and rendered recordings, which have no mean"):
        tuning.tune("yin", mixed, over=["threshold=0.1..0.9"], out=tmp_path / "other", progress=False)
    with pytest.raises(DatasetError, match="has no tune recordings"):
        tuning.tune("yin", Dataset("mine", (data[1],)), over=["threshold=0.1..0.9"], out=tmp_path / "other")


def test_a_search_from_the_command_line(tmp_path, capsys):
    """A toy that is late by rows: none is best, and the second time the lines of the first are kept."""
    folder = tmp_path / "mine"
    folder.mkdir()
    t = np.arange(16000) / 8000
    tone = 0.5 * np.cos(2 * np.pi * 261.6 * t) * ((t > 0.2) & (t < 0.6))
    sound.write(folder / "one.wav", tone.astype(np.float32), sr=8000)
    write_labels(folder / "one.tsv", Notes([0.2], [0.6], [60]))
    late = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Late"
    where = ["--data", str(folder), "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "run"), "--jobs", "1"]
    for _ in range(2):
        assert main(["tune", late, *where, "--method", "grid", "--over", "n_rows=0,12", "--trials", "2"]) == 0
        told = capsys.readouterr()
        assert "nothing that was tried is better" in told.out
        assert "declare no split" in told.err
        given, *others = map(json.loads, (tmp_path / "run" / "trials.jsonl").read_text().splitlines())
        assert given["params"] == {}
        assert sorted(trial["params"]["n_rows"] for trial in others) == [0, 12]
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--split", "test"], "settings that are chosen on test look too good there"),
        (["--metric", "onset_f2"], "metric 'onset_f2' is none to raise: did you mean onset_f1"),
        (["--method", "anealing"], "method 'anealing' is unknown: use grid, random, tpe, anneal, genetic"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(words, said, capsys):
    assert main(["tune", "yin", *words]) == 2
    assert said in capsys.readouterr().err
