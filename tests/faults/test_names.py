"""Names and texts that no terminal, table or file format is ready for: nothing is lost, nothing private is shown."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare import compare, write_report
from pianolab.compare.shareable import distinct, shareable, to_type
from pianolab.errors import MAX_FOREIGN, MAX_LENGTH, PianolabError, reason
from pianolab.labels import write_labels
from pianolab.roll import Notes

TOYS = Path(__file__).parents[1] / "toy_detectors.py"
NOT_UTF_8 = os.fsdecode(b"r\xff")
STRANGE = [
    NOT_UTF_8,
    os.fsdecode(b"r\xfe"),
    "r?",
    "two\nlines",
    "tab\tand \x1b[31mred\x1b[0m",
    "\u202egnos",
    "🎹 \U0010ffff",
    "n" * 251,
    "  ",
    "-x",
]
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")


@pytest.fixture(scope="module")
def a4(tmp_path_factory):
    """A recording and its labels."""
    folder = tmp_path_factory.mktemp("a4")
    t = np.arange(8000) / 8000
    sound.write(folder / "a4.wav", (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32), sr=8000)
    write_labels(folder / "a4.tsv", Notes([0.0], [0.9], [69]))
    return folder / "a4"


def copy_recording(a4: Path, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in (".wav", ".tsv"):
        shutil.copy(f"{a4}{suffix}", folder / f"{name}{suffix}")


def texts_of(folder: Path) -> str:
    """All text that a report consists of; it is UTF-8. Its notes are numbers."""
    paths = sorted(path for path in folder.glob("*.*") if path.suffix != ".npz")
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@linux_only
def test_names_that_are_no_text_are_heard_and_reported_under_names_that_can_be_printed(a4, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data, detector = tmp_path / NOT_UTF_8, tmp_path / os.fsdecode(b"mine\xff.py")
    for name in STRANGE:
        copy_recording(a4, data, name)
    detector.write_bytes(TOYS.read_bytes())
    cache = tmp_path / os.fsdecode(b"kept\xff")
    result = compare(data, f"{detector}:Loudest", jobs=1, cache=cache, progress=False)
    assert not len(result.failures)
    written = write_report(result, tmp_path / os.fsdecode(b"run\xff")).folder
    shown = set(result.scores.recording)
    assert len(shown) == len(STRANGE)
    assert {"r?", "r? #2", "r? #3", "two?lines", "tab?and ?[31mred?[0m", "?gnos", "-x"} <= shown
    assert set(result.scores.dataset) == {"r?"}
    assert set(result.scores.detector) == {"mine?.py:Loudest"}
    everything = texts_of(written)
    assert {c for c in everything if not c.isprintable()} <= {"\n"}
    assert len(list((written / "figures").iterdir())) == 4


@linux_only
def test_such_a_run_can_be_typed_again(a4, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copy_recording(a4, tmp_path / NOT_UTF_8, "a song")
    result = compare(NOT_UTF_8, f"{TOYS}:Loudest", jobs=1, cache="kept", progress=False)
    words = ["bash", "-c", f"printf '%s\\0' {result.about['command']}"]
    typed = subprocess.run(words, capture_output=True, check=True).stdout.split(b"\0")
    assert typed[typed.index(b"--data") + 1] == b"r\xff"


def test_names_that_look_alike_are_numbered_and_plain_ones_stay_as_they_are():
    assert distinct(["a\tb", "a?b", "a\nb", "plain"]) == ["a?b #2", "a?b", "a?b #3", "plain"]


# What a detector says when it fails


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("not even that")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("\x1b[31mred\x1b[0m\x00\udcff"), "RuntimeError: ?[31mred?[0m??"),
        (RuntimeError("first\nsecond"), "RuntimeError: first"),
        (RuntimeError("\n \t"), "RuntimeError: RuntimeError"),
        (Speechless(), "Speechless: Speechless"),
        (PianolabError("tab\there"), "tab here"),
    ],
)
def test_what_an_error_says_is_one_printable_line(error, said):
    assert reason(error) == said


def test_a_megabyte_of_error_is_cut_and_its_remedy_is_kept():
    said = reason(PianolabError("x" * 1_000_000 + ": use less"))
    assert len(said) == MAX_LENGTH
    assert said.startswith("xxx")
    assert said.endswith("xxx: use less")
    assert len(reason(RuntimeError("y" * 1_000_000))) == len("RuntimeError: ") + MAX_FOREIGN


# What is private


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A home folder with a working folder in it."""
    (tmp_path / "ann a" / "desk").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "ann a"))
    monkeypatch.setenv("USER", "anna")
    monkeypatch.chdir(tmp_path / "ann a" / "desk")
    return tmp_path / "ann a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{home}/x.wav: gone", "~/x.wav: gone"),
        ("cannot read {home}.", "cannot read ~."),
        ("{home}/desk/songs/x.wav", "songs/x.wav"),
        ("in {home}/desk: nothing", "in .: nothing"),
        ("{home}-2/x.wav", "{home}-2/x.wav"),
        ("/media/anna/stick/anna.wav", "/media/$USER/stick/anna.wav"),
        ("weights={home}/net.npz,key=2", "weights=~/net.npz,key=2"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="HOME is not read there")
def test_no_text_of_a_report_names_a_home_folder_or_a_user(at_home, text, said):
    assert shareable(text.format(home=at_home)) == said.format(home=at_home)


@pytest.mark.parametrize(
    "value",
    [
        "builtin",
        "my songs",
        "-x",
        "it's",
        "$HOME",
        "~literal",
        "!history",
        "{home}",
        "{home}/my songs",
        "{home}/~x",
        "{home}/desk/-x",
        "name={home}/notes of others",
        "phrases:{home}/x",
        "mine.py:Mine:weights={home}/net.npz",
        "/media/anna/stick",
        "two\nlines\\and'more\t",
        NOT_UTF_8,
        f"{{home}}/{NOT_UTF_8}1",
        "",
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell there")
def test_a_shell_reads_back_what_was_typed_although_no_private_folder_stands_in_it(at_home, value):
    value = value.format(home=at_home)
    typed = to_type("--data", value)
    assert typed.isprintable()
    assert str(at_home) not in typed
    words = subprocess.run(["bash", "-c", f"printf '%s\\0' {typed}"], capture_output=True, check=True).stdout
    read = os.fsdecode(words.removesuffix(b"\0").partition(b"=" if value.startswith("-") else b"\0")[2])
    assert read == value.replace(f"{at_home}/desk/", "./")


@pytest.mark.parametrize("variables", [{"USER": "anna"}, {"LOGNAME": "anna"}, {"LNAME": "anna", "USER": ""}, {}])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell there")
def test_the_name_of_the_user_is_known_where_the_usual_variable_is_not_set(monkeypatch, variables):
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    user = (
        "anna" if variables else subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout[:-1]
    )
    path = f"/media/{user}/stick/x.wav"
    assert shareable(path) == "/media/$USER/stick/x.wav"
    typed = to_type("--data", path)
    assert f"/{user}/" not in typed
    assert (
        subprocess.run(["bash", "-c", f"printf %s {typed}"], capture_output=True, text=True).stdout == f"--data{path}"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="HOME is not read there")
def test_a_report_names_no_home_folder(a4, at_home):
    """Data, detector, its setting, its error and what was left out all lie in a home folder."""
    copy_recording(a4, at_home / "songs", "one")
    (at_home / "songs" / "unlabelled.wav").write_bytes((at_home / "songs" / "one.wav").read_bytes())
    (at_home / "mine.py").write_text(
        "from toy_detectors import Loudest\n"
        "class Mine(Loudest):\n"
        "    def process(self, span):\n"
        "        open(__file__ + '.gone')\n"
    )
    toys = f"import sys; sys.path.insert(0, {str(TOYS.parent)!r})\n"
    (at_home / "mine.py").write_text(toys + (at_home / "mine.py").read_text())
    detectors = [f"{at_home}/mine.py:Mine:log={at_home}/log", f"{TOYS}:Loudest"]
    result = compare(at_home / "songs", detectors, jobs=1, cache=at_home / "kept", progress=False)
    assert list(result.failures.params) == ["log=~/log"]
    written = write_report(result, at_home / "run").folder
    everything = texts_of(written)
    assert str(at_home) not in everything
    assert "~/mine.py.gone: No such file or directory" in everything
    assert json.loads((written / "run.json").read_text())["skipped"][0][1] == "~/songs/unlabelled.wav"
