"""What README and the first page of the docs show runs as it stands, with the recordings that come with pianolab."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

import pianolab
from pianolab.cli import main
from pianolab.cli.parser import make_parser
from pianolab.scores import score_notes
from pianolab.texts.catalogue import LANGUAGES, catalogue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
DETECT, SCORE = (
    re.search(rf"^pianolab ({command} .*?) {{2,}}", README, re.MULTILINE) for command in ("detect", "score")
)


def played(name):
    return pianolab.read_labels(pianolab.example(name).with_suffix(".mid"))


@pytest.mark.parametrize("source", PYTHON, ids=range(1, len(PYTHON) + 1))
def test_readmes_python_hears_the_notes_that_were_played(source, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    made = {}
    exec(compile(source, "README.md", "exec"), made)
    assert score_notes(played("ode_to_joy"), made["notes"])["onset_f1"] > 0.9
    assert score_notes(played("fur_elise"), made["both_hands"])["onset_f1"] > 0.9
    assert made["salience"].strength.max() > 0.5


def test_the_first_page_of_the_docs_hears_the_notes_that_were_played(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/index.md").read_text(encoding="utf-8"), re.DOTALL)
    made = {}
    exec(compile(source, "index.md", "exec"), made)
    assert score_notes(played("fur_elise"), made["notes"])["onset_f1"] > 0.9


def test_readmes_commands_write_the_files_that_it_names_and_score_them(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "data" / "clips", "data/clips")
    assert main(shlex.split(DETECT[1])) == 0
    named = re.findall(r"notes/\S+", README[DETECT.end() : README.index("\n", DETECT.end())])
    assert len(named) == 2
    assert {path.as_posix() for path in Path("notes").iterdir()} == set(named)
    capsys.readouterr()
    assert main([*shlex.split(SCORE[1]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["onset_f1"] > 0.9


def test_the_korean_readme_names_what_is_there():
    """Its bold words in the steps are buttons and choices of the pages; its targets of make and its commands exist."""
    text = (ROOT / "README.ko.md").read_text(encoding="utf-8")
    steps = "\n".join(re.findall(r"^\d\. .*|^자기 피아노.*", text, re.MULTILINE))
    said = set(map(str, catalogue("ko").values())) | set(LANGUAGES.values())
    named = re.findall(r"\*\*(.+?)\*\*", steps)
    assert len(named) > 8
    assert [one for one in named if one not in said] == []
    targets = set(re.findall(r"^ {4}make ([\w-]+)", text, re.MULTILINE))
    assert targets == {"setup", "live", "practice"}
    assert all(re.search(rf"^{one}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE) for one in targets)
    for command in re.findall(r"^ {4}pianolab (?:library|practice) .*?(?= {2,}#|$)", text, re.MULTILINE):
        make_parser().parse_args(shlex.split(command)[1:])
