"""The lessons can be copied to where a player may change them, and the live page starts with one word."""

import re
from pathlib import Path

import nbformat
import pytest

import pianolab.live.__main__ as page
from pianolab.cli import live, main
from pianolab.places import comes_with


def copied(folder):
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def test_lessons_and_solutions_are_copied_and_nothing_else(tmp_path, capsys):
    source = comes_with("notebooks")
    assert main(["notebooks", str(tmp_path / "new" / "lessons")]) == 0
    names = copied(tmp_path / "new" / "lessons")
    is_copied = re.compile(r"(ko/)?(solutions/)?\d\d_\w+\.ipynb|loudest\.py")
    assert names == {name for name in copied(source) if is_copied.fullmatch(name)}
    assert len(names) > 24
    changed = {name for name in names if (tmp_path / "new/lessons" / name).read_bytes() != (source / name).read_bytes()}
    linked = {"07_live_trial.ipynb", "08_polyphony.ipynb", "11_practice.ipynb"}
    assert changed == {"00_start_here.ipynb", "ko/00_start_here.ipynb", *linked}
    assert f"copied {len(names)} of {len(names)} files; open them with: jupyter lab " in capsys.readouterr().out


def test_a_copy_names_the_pages_of_the_docs_and_links_to_none(tmp_path):
    assert main(["notebooks", str(tmp_path)]) == 0
    for name in copied(tmp_path):
        assert not re.search(r"\]\((\.\./)+docs", (tmp_path / name).read_text(encoding="utf-8")), name
    assert "저장소의 docs/primer.md(영어)에 있습니다." in (tmp_path / "ko/00_start_here.ipynb").read_text("utf-8")
    live, chords = (
        "".join(cell.source for cell in nbformat.read(tmp_path / name, as_version=4).cells)
        for name in ("07_live_trial.ipynb", "08_polyphony.ipynb")
    )
    assert "is measured in docs/live.md of the repository." in live
    links = (comes_with("notebooks") / "08_polyphony.ipynb").read_text(encoding="utf-8").count("](../docs/results.md")
    assert chords.count("docs/results.md of the repository") == links > 0


def test_what_is_there_is_left_as_it_is_and_named(tmp_path, capsys):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "00_start_here.ipynb").write_text("mine")
    (tmp_path / "loudest.py").symlink_to(tmp_path / "nowhere")
    (tmp_path / "solutions" / "01_sound_and_sampling.ipynb").mkdir()
    assert main(["notebooks", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    n = len([path for path in tmp_path.rglob("*") if path.suffix in (".ipynb", ".py")])
    assert out.startswith(
        "left as they were: 00_start_here.ipynb, loudest.py, solutions/01_sound_and_sampling.ipynb\n"
        f"copied {n - 3} of {n} "
    )
    assert (tmp_path / "00_start_here.ipynb").read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert main(["notebooks", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"left as they were: {n} files\ncopied 0 of {n} files")


@pytest.mark.parametrize("name", ["", " "])
def test_lessons_are_not_copied_to_a_folder_without_a_name(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    assert main(["notebooks", name]) == 2
    assert "is no name: name a folder, or . for this one" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["lessons", "lessons/solutions", "file"])
def test_a_file_where_a_folder_must_be_is_refused_and_nothing_is_copied(tmp_path, capsys, file):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    folder = tmp_path / ("file/below" if file == "file" else "lessons")
    assert main(["notebooks", str(folder)]) == 2
    message = capsys.readouterr().err
    assert message.startswith(f"pianolab: {folder}")
    assert message.endswith("): name another folder\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / file]


def test_the_page_is_started_as_it_was_asked_for(monkeypatch):
    given = []
    monkeypatch.setattr(page, "main", given.append)
    assert main(["live", "--port", "8866", "--no-browser"]) == 0
    assert main(["live"]) == 0
    assert given == [["--port=8866", "--no-browser"], []]
    assert page.PLAYER.is_file()


@pytest.mark.parametrize("port", ["0", "1023", "65536", "-1", "x", "٣"])
def test_what_is_no_port_is_refused(capsys, port):
    assert main(["live", "--port", port]) == 2
    assert "is no port: use a number from 1024 to 65535" in capsys.readouterr().err


def test_without_voila_the_remedy_is_named(monkeypatch, capsys):
    monkeypatch.setattr(live, "find_spec", lambda name: None)
    assert main(["live"]) == 2
    assert capsys.readouterr().err == "pianolab: the live page needs Voila: pip install 'pianolab[live]'\n"
