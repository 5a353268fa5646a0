"""CONTRIBUTING's "Add a detector" and "Add a data set", followed to the letter: snippets and the commands they name."""

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from runpy import run_path

import pytest

import pianolab.detectors
from pianolab import sound
from pianolab.cli import main
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.registry import find
from pianolab.roll import Notes

ROOT = Path(__file__).parents[1]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def section(title):
    """What a section shows: its file, and its commands."""
    text = CONTRIBUTING.partition(f"## {title}\n")[2].partition("\n## ")[0]
    snippet = textwrap.dedent(text.partition("```python\n")[2].partition("```")[0])
    return snippet, re.findall(r"^ {7}((?:python|pianolab) .*)$", text, re.MULTILINE)


SNIPPET, COMMANDS = section("Add a detector")
CONTRACT, *HEARING, LISTING = COMMANDS


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """The working folder, with mine.py, as step 1 says, and recordings of a melody to try it on."""
    folder = tmp_path_factory.mktemp("carry_on")
    (folder / "mine.py").write_text(SNIPPET, encoding="utf-8")
    for name, piano in (("one", "upright"), ("two", "grand")):
        melody = Notes([0.2, 0.8, 1.4, 2.0], [0.7, 1.3, 1.9, 2.5], [60, 64, 67, 72])
        sound.write(folder / f"{name}.wav", render(melody, sr=44100, piano=piano), sr=44100)
        write_labels(folder / f"{name}.tsv", melody)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def test_the_guide_names_what_ci_runs_in_its_order():
    run = re.findall(r"^make ([\w-]+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    (sentence,) = re.findall(r"^CI \(`\.ci/run`\) runs (.*)\.$", CONTRIBUTING, re.MULTILINE)
    assert re.findall(r"`make ([\w-]+)`", sentence) == run
    listed = re.findall(r"^    make ([\w-]+) ", CONTRIBUTING, re.MULTILINE)
    assert set(run) - set(listed) <= {"covered"}  # `make coverage` runs it


def test_the_section_names_each_kind_of_command():
    assert CONTRACT.startswith("python -m pytest tests/contract ")
    assert {command.split()[1] for command in HEARING} == {"compare", "fit-delay"}
    assert LISTING == "pianolab detectors"


@pytest.mark.parametrize("command", HEARING)
def test_a_command_of_the_section_hears_the_notes(here, capsys, command):
    assert main([*shlex.split(command)[1:], "--data", str(here), "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "mine.py:HarmonicSum" in said
    if "fit-delay" in command:
        assert "8 of 8 heard" in said
        assert re.search(r"to declare +onset_delay_s = -?0\.0\d\d$", said, re.MULTILINE)


@pytest.mark.slow
def test_the_snippet_keeps_the_contract(here):
    words = shlex.split(CONTRACT.replace("mine.py", str(here / "mine.py")))[1:]
    done = subprocess.run([sys.executable, *words, "-q"], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)


def test_moved_to_the_registry_it_is_listed_by_its_name(here, monkeypatch, capsys):
    monkeypatch.setattr(pianolab.detectors, "__path__", [*pianolab.detectors.__path__, str(here)])
    monkeypatch.delitem(sys.modules, "pianolab.detectors.mine", raising=False)
    assert main(shlex.split(LISTING)[1:]) == 0
    listed = "harmonic_sum the key whose first partials hold most of the power [one note at a time]"
    assert listed in [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert find("harmonic_sum")().spec == "harmonic_sum"
    monkeypatch.delitem(sys.modules, "pianolab.detectors.mine")


def test_the_data_set_of_the_section_is_compared_from_its_two_folders(tmp_path):
    snippet, (command,) = section("Add a data set")
    (tmp_path / "two_folders.py").write_text(snippet, encoding="utf-8")
    melody = Notes([0.2, 0.8, 1.4, 2.0], [0.7, 1.3, 1.9, 2.5], [60, 64, 67, 72])
    for folder in ("audio", "midi"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
    for name in ("with_labels", "without"):
        sound.write(tmp_path / "mine" / "audio" / f"{name}.wav", render(melody, sr=44100), sr=44100)
    write_labels(tmp_path / "mine" / "midi" / "with_labels.mid", melody)
    words = shlex.split(command.replace("FOLDER", "mine"))[1:]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"(\w+) +1 +1\.0", done.stdout)) == {"yin", "fft_peak"}  # of one recording, all notes right
    found = run_path(str(tmp_path / "two_folders.py"))["read_two_folders"](tmp_path / "mine")
    assert [(path.name, why) for path, why in found.skipped] == [("without.wav", "no labels: without.mid is missing")]
