"""benchmarks/calibrate.py finds the numbers by which evidence was made, and writes them where detectors read them."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def calibrate():
    spec = importlib.util.spec_from_file_location("calibrate", BENCHMARKS / "calibrate.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(BENCHMARKS))  # where it finds its neighbours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


@pytest.fixture(scope="module")
def drawn():
    """Evidence of 20,000 notes that were struck with the chance that these weights say."""
    rng = np.random.default_rng(0)
    odds = np.column_stack([np.ones(20000), rng.normal(0.0, 2.0, (20000, 3)), -rng.uniform(0.0, 3.0, 20000)])
    weights = np.array([-0.7, 0.6, 1.2, 0.0, 0.8])
    return odds, rng.random(20000) < 1 / (1 + np.exp(-odds @ weights)), weights


def test_the_weights_by_which_notes_were_drawn_are_found_within_a_tenth(calibrate, drawn):
    odds, right, weights = drawn
    assert calibrate.fitted(odds, right) == pytest.approx(weights, abs=0.1)


def test_no_evidence_makes_a_note_less_sure_even_where_it_was_so_by_chance(calibrate, drawn):
    odds, right, _ = drawn
    assert calibrate.fitted(odds * [1, 1, 1, -1, 1], right ^ (odds[:, 3] > 1))[1:].min() >= 0.0


def test_each_piano_is_judged_by_weights_of_the_other(calibrate, drawn):
    odds, right, weights = drawn
    odds, right = odds[:2000], right[:2000]
    rows = np.where(np.arange(2000) < 1000, "a: noise", "b: noise")
    right[1000:] = ~right[1000:]  # On the second piano all is the other way round.
    chance = calibrate.left_out(odds, right, rows)
    assert chance[1000:] == pytest.approx(calibrate.chances(odds[1000:], calibrate.fitted(odds[:1000], right[:1000])))
    assert np.corrcoef(chance[1000:], calibrate.chances(odds[1000:], weights))[0, 1] > 0.9


def told(struck, imagined):
    """Chances of notes that were struck, and of those that were not."""
    chance = np.concatenate([struck, imagined])
    return chance, np.arange(len(chance)) < len(struck)


@pytest.mark.parametrize(("struck", "threshold"), [
    ([0.9] * 90, 0.4),  # All that is unsure was imagined.
    ([0.9] * 80 + [0.35] * 10, 0.3),  # Ten that were struck are unsure, too: more than that would lose them ...
    ([0.9] * 80 + [0.05] * 10, 0.4),  # ... unless so many more were imagined.
])  # fmt: skip
def test_notes_are_told_from_the_confidence_that_costs_nothing(calibrate, struck, threshold):
    chance, right = told(struck, [0.25] * 40)
    rows = np.full(len(chance), "a: phrases")
    assert calibrate.least_told(chance, right, rows, {"a: phrases": 100}) == threshold


def test_no_row_pays_for_the_others(calibrate):
    """Beside speech all unsure notes are imagined, but in noise they were struck."""
    of_speech, of_noise = told([0.9] * 50, [0.2] * 50), told([0.9] * 80 + [0.2] * 10, [])
    chance, right = (np.concatenate(both) for both in zip(of_speech, of_noise, strict=True))
    rows = np.repeat(["a: beside speech", "a: noise"], [100, 90])
    assert calibrate.least_told(chance, right, rows, {"a: beside speech": 100, "a: noise": 100}) == 0.2


def test_weights_are_written_for_their_detector_and_all_others_are_kept(calibrate, tmp_path, monkeypatch):
    path = tmp_path / "fitted.json"
    path.write_text(json.dumps({"cqt": {"sure_base": 1.0}}))
    monkeypatch.setattr(calibrate, "FITTED", path)
    calibrate.keep("yin", np.array([0.12341, 0.5, 0.25, 0.0, 1.0]), 0.3)
    written = json.loads(path.read_text())
    weights = dict(zip(calibrate.NAMES, (0.1234, 0.5, 0.25, 0.0, 1.0), strict=True))
    assert written["yin"] == {**weights, "sure_threshold": 0.3}
    assert written["cqt"] == {"sure_base": 1.0}


def test_weights_of_a_network_are_written_beside_it_at_its_own_delay(calibrate, tmp_path, monkeypatch):
    description = {"tracking": {"30": {"threshold": 0.5}, "90": {"threshold": 0.4}}}
    (tmp_path / "neural_free.json").write_text(json.dumps(description))
    chosen = SimpleNamespace(name="neural", weights=tmp_path / "neural_free.onnx", lookahead_ms=90)
    monkeypatch.setattr(calibrate, "create", lambda spec: chosen)
    calibrate.keep("neural:weights=free", np.array([0.1, 0.2, 0.3, 0.4, 0.5]), 0.0)
    written = json.loads((tmp_path / "neural_free.json").read_text())["tracking"]
    assert written["30"] == {"threshold": 0.5}
    assert written["90"]["threshold"] == 0.4
    assert written["90"]["sure_prompt"] == 0.5


def test_every_detector_is_fitted_and_each_network_at_each_delay(calibrate):
    assert {"yin", "cqt", "fft_peak", "nmf"} < set(calibrate.DETECTORS)
    assert len([spec for spec in calibrate.DETECTORS if spec.startswith("neural")]) == 10
    assert [spec for spec in calibrate.NETWORKS if calibrate.is_drawn(spec)] == [
        "neural:weights=maps,lookahead_ms=90",
        "neural:weights=free,lookahead_ms=90",
    ]


def test_the_curve_says_which_share_of_the_notes_was_struck_and_is_drawn(calibrate, tmp_path):
    right = np.arange(100) % 10 < 8
    points = calibrate.curve("fft_peak", right, np.full(100, 0.75))
    assert points["said with"].tolist() == ["0.7-0.8"]
    assert points.share.tolist() == [0.8]
    odds = np.column_stack([np.ones(100), np.where(right, 2.0, -2.0)])
    table = calibrate.pd.DataFrame([calibrate.sums("fft_peak", "report", odds, right, np.full(100, 0.75))])
    text = calibrate.page(table, points)
    assert "| fft_peak | report | 100 | 80.0 | 0.119 | 1.000 | 0.050 | 0.500 |" in text
    assert "| 0.7-0.8 | 80 (71-87) of 100 |" in text
    calibrate.draw(points, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5000
