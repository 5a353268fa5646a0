"""The command that a report names gives the same numbers again."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.cli.parser import make_parser
from pianolab.compare import compare
from pianolab.compare.csv_files import read_table
from pianolab.data import load_dataset
from pianolab.detectors.yin import Yin
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"

# Every option of `pianolab compare`: a value that is not its default ("" if it takes none), or None if it changes no
# number.
VALUES = {
    "--data": "my songs",
    "--detector": "mine.py:Loudest:scale=0.9",
    "--estimates": "other system=their notes",
    "--command": f"third={sys.executable} third.py {{audio}} {{out}}",
    "--unconfirmed": "",
    "--seconds": "0.75",
    "--split": "all",
    "--pedal": "extended",
    "--protocols": "mirex2024,over_notes",
    "--my-piano": None,
    "--degrade": "noise:snr=10,level:db=-10",
    "--cross": "",
    "--delays": "",
    "--timeout": "33.5",
    "--cache": "kept here",
    "--jobs": None,
    "--dask": None,
    "--shard": "1/2",
    "--merge": None,
    "--moments": None,
    "--errors-of": None,
    "--against": None,
    "--out": None,
}

bash = pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell there")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with recordings, a detector and the notes of another system."""
    monkeypatch.chdir(tmp_path)
    t = np.arange(8000) / 8000
    for number, midi in enumerate((69, 72)):
        Path("my songs").mkdir(exist_ok=True)
        Path("their notes").mkdir(exist_ok=True)
        y = 0.5 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * t)
        sound.write(f"my songs/{number}.wav", y.astype(np.float32), sr=8000)
        write_labels(f"my songs/{number}.tsv", Notes([0.0], [0.9], [midi]))
        write_labels(f"their notes/{number}.tsv", Notes([0.1], [0.9], [69]))
    shutil.copy(TOYS, "mine.py")
    third = "import sys; open(sys.argv[2], 'w').write('onset\\toffset\\tmidi\\n0\\t1\\t69\\n')"
    Path("third.py").write_text(third, encoding="utf-8")
    return tmp_path


def options():
    """The options of `pianolab compare` but --help."""
    (commands,) = (action for action in make_parser()._actions if action.dest == "command")
    return [action.option_strings[-1] for action in commands.choices["compare"]._actions if action.dest != "help"]


def test_every_option_is_known_to_these_tests():
    """Whoever adds one says here whether it changes a number; `command_line` must repeat it then."""
    assert sorted(options()) == sorted(VALUES)


@bash
@pytest.mark.slow
def test_the_command_of_a_report_repeats_every_option_and_gives_the_same_numbers(place):
    words = [word for option, value in VALUES.items() if value is not None for word in (option, value) if word]
    assert main(["compare", *words, "--out", "first"]) == 0
    command = json.loads(Path("first/run.json").read_text(encoding="utf-8"))["command"]
    assert command in Path("first/report.html").read_text(encoding="utf-8").replace("&#39;", "'").replace("&#34;", '"')
    read = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True, text=True)
    typed = read.stdout.split("\0")[1:-1]
    assert sorted(typed) == sorted(["compare", *words])
    assert main([*typed, "--out", "second"]) == 0
    scores = [read_table(f"{name}/scores.csv") for name in ("first", "second")]
    assert len(scores[0]) > 20
    assert scores[0].equals(scores[1])
    assert json.loads(Path("second/run.json").read_text(encoding="utf-8"))["command"] == command


@bash
@pytest.mark.slow
def test_it_can_be_typed_in_the_same_folder_although_no_private_folder_stands_in_it(place, monkeypatch):
    """What was given with whole paths in a home folder; a shell and a process of its own repeat it."""
    monkeypatch.setenv("HOME", str(place))
    (place / "desk").mkdir()
    monkeypatch.chdir(place / "desk")
    words = ["--data", f"{place}/my songs", "--detector", f"{place}/mine.py:Loudest:log={place}/log"]
    words += ["--estimates", f"other={place}/their notes", "--cache", f"{place}/desk/kept"]
    assert main(["compare", *words, "--out", "first"]) == 0
    command = json.loads(Path("first/run.json").read_text(encoding="utf-8"))["command"]
    assert str(place) not in command
    assert "--cache ./kept" in command
    bin_folder = place / "bin"
    bin_folder.mkdir()
    (bin_folder / "pianolab").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pianolab "$@"\n')
    (bin_folder / "pianolab").chmod(0o755)
    env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", f"{command} --out second"], env=env, check=True, capture_output=True)
    first, second = (read_table(f"{name}/scores.csv").drop(columns="seconds_cpu") for name in ("first", "second"))
    assert first.equals(second)


def test_what_cannot_be_typed_is_named(place):
    class Typed(Yin):
        name = "typed"

    data = load_dataset("my songs")
    result = compare(data, [Typed()], jobs=1, cache="kept", progress=False)
    command, _, cannot = result.about["command"].partition("  # cannot be typed: ")
    assert command == "pianolab compare --split test --pedal release --cache kept"
    assert cannot == "the data set my songs; typed"
