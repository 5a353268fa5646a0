"""CONTRIBUTING's "Add a detector", followed to the letter: its snippet and every command that it names."""

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

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
SECTION = CONTRIBUTING.partition("## Add a detector\n")[2].partition("\n## ")[0]
SNIPPET = textwrap.dedent(SECTION.partition("```python\n")[2].partition("```")[0])
COMMANDS = re.findall(r"^ {7}((?:python|pianolab) .*)$", SECTION, re.MULTILINE)
CONTRACT, *HEARING, LISTING = COMMANDS


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with mine.py, as step 1 says, and recordings of a melody to try it on."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(SNIPPET, encoding="utf-8")
    for name, piano in (("one", "upright"), ("two", "grand")):
        melody = Notes([0.2, 0.8, 1.4, 2.0], [0.7, 1.3, 1.9, 2.5], [60, 64, 67, 72])
        sound.write(f"{name}.wav", render(melody, sr=44100, piano=piano), sr=44100)
        write_labels(f"{name}.tsv", melody)
    return tmp_path


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


def test_the_snippet_keeps_the_contract(here):
    words = shlex.split(CONTRACT.replace("mine.py", str(here / "mine.py")))[1:]
    done = subprocess.run([sys.executable, *words, "-q"], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)


def test_moved_to_the_registry_it_is_listed_by_its_name(here, monkeypatch, capsys):
    monkeypatch.setattr(pianolab.detectors, "__path__", [*pianolab.detectors.__path__, str(here)])
    monkeypatch.delitem(sys.modules, "pianolab.detectors.mine", raising=False)
    assert main(shlex.split(LISTING)[1:]) == 0
    listed = "harmonic_sum  the key whose first partials hold most of the power [one note at a time]"
    assert listed in capsys.readouterr().out.splitlines()
    assert find("harmonic_sum")().spec == "harmonic_sum"
    monkeypatch.delitem(sys.modules, "pianolab.detectors.mine")
