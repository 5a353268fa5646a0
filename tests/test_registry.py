"""Detectors are found by name or file and made from text; what does not exist is refused with a hint."""

import shutil
from pathlib import Path

import pytest

from pianolab.detector import DetectorError
from pianolab.errors import reason
from pianolab.registry import create, find, load_all, names, parse_spec

TOYS = Path(__file__).with_name("toy_detectors.py")


def test_every_module_of_the_registry_is_found_with_those_of_others():
    assert load_all()[1] == {}
    assert {"yin", "fft_peak", "cqt", "nmf", "neural", "aubio", "transkun"} <= set(names())


@pytest.mark.parametrize(
    ("text", "name", "given"),
    [
        ("yin", "yin", {}),
        ("yin:", "yin", {}),
        (" yin: threshold = 0.1 , hop_length=256 ", "yin", {"threshold": "0.1", "hop_length": "256"}),
        ("here/mine.py:Mine", "here/mine.py:Mine", {}),
        ("here/mine.py:Mine:low=1", "here/mine.py:Mine", {"low": "1"}),
        ("neural:weights_file=C:/mine.onnx", "neural", {"weights_file": "C:/mine.onnx"}),
    ],
)
def test_spec_text_is_a_name_and_settings(text, name, given):
    assert parse_spec(text) == (name, given)


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(DetectorError, match=r"'0\.2' in 'yin:0.2,stretched=no' is not key=value"):
        parse_spec("yin:0.2,stretched=no")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("yni", "unknown detector 'yni': did you mean yin"),
        ("yin:treshold=1", "detector 'yin' has no parameter 'treshold': did you mean threshold"),
        ("yin:preset=pianno", "yin:preset=pianno is not a choice: did you mean piano?"),
        ("yin:threshold=much", "yin:threshold=much: give a value of type float"),
        ("yin:hop_length=None", "yin:hop_length=None: give a value of type int"),
        ("no such file.py:Mine", "detector file 'no such file.py' does not exist: give FILE.py:Class"),
        (f"{TOYS}:Quietest", "has no detector class 'Quietest': subclass pianolab.detector.Detector"),
        (f"{TOYS}:Path", "has no detector class 'Path'"),
        (3, "3 names no detector: pass a name such as 'yin', or a Detector"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_remedy(spec, said):
    with pytest.raises(DetectorError) as caught:
        create(spec)
    assert said in str(caught.value)


def test_a_detector_comes_back_as_it_is_and_takes_no_more_settings():
    yin = create("yin", threshold=0.2)
    assert create(yin) is yin
    with pytest.raises(DetectorError, match=r"yin:threshold=0\.2 is made already"):
        create(yin, threshold=0.3)


def test_a_file_loaded_twice_is_one_class_until_the_file_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TOYS, "mine.py")
    first = find("mine.py:Loudest")
    assert find(f"{tmp_path}/mine.py:Loudest") is first
    Path("mine.py").write_text(Path("mine.py").read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    assert find("mine.py:Loudest") is not first


def test_a_file_with_a_fault_is_refused_each_time(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("import no_such_library_at_all\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(DetectorError, match="cannot be imported: ModuleNotFoundError"):
            find(f"{file}:Mine")


def test_a_file_may_hold_dataclasses_with_annotations_as_text(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from typing import Literal\n"
        "from pianolab.detector import Detector\n"
        "@dataclass\nclass Settings:\n    width: int = 1\n"
        "class Mine(Detector):\n"
        "    def __init__(self, *, size: float | None = None, mode: Literal['a', 'b'] = 'a'):\n"
        "        self.size = size\n",
        encoding="utf-8",
    )
    assert create(f"{file}:Mine:size=2").size == 2.0
    with pytest.raises(DetectorError, match="mode=c is not a choice"):
        create(f"{file}:Mine:mode=c")


def test_a_library_that_is_missing_is_named_without_the_line_that_asked_for_it():
    with pytest.raises(ImportError) as caught:
        raise ImportError("No module named 'swift_f0': pip install swift-f0")
    assert reason(caught.value) == "ImportError: No module named 'swift_f0': pip install swift-f0"
    with pytest.raises(ZeroDivisionError) as other:
        1 / 0  # noqa: B018
    assert "line" in reason(other.value)
