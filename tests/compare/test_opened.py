"""What a detector reads by path is part of what it hears: a changed file is heard with again."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare import compare
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.opened import Opened, are_unchanged
from pianolab.labels import write_labels
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import Transcription

SR = 8000
DETECTOR = """
import ctypes, importlib.machinery, os, runpy, sqlite3, subprocess, sys, tempfile
from pathlib import Path
import numpy as np
from pianolab.detector import Detector
from pianolab.frames import frames_of, levels_db
from pianolab.roll import Salience

HERE = Path(__file__).parent

class Mine(Detector):
    sr, frame_length, hop_length = 8000, 512, 128
    key, table = 48, None

    def __init__(self):
        AT_START

    def process(self, span):
        LATER
        level_db = levels_db(frames_of(span))
        strength = np.zeros((len(level_db), 88))
        strength[:, self.key] = level_db > -50
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)
"""
LOADED = "importlib.machinery.SourceFileLoader('helper', str(HERE / 'helper.py')).load_module().KEY"
READINGS = {
    "text": ("key.txt", b"48", b"50", "self.key = int(open(HERE / 'key.txt').read())"),
    "text below Python": (
        "key.txt",
        b"48",
        b"50",
        "fd = os.open(HERE / 'key.txt', os.O_RDONLY); self.key = int(os.read(fd, 9)); os.close(fd)",
    ),
    "code of a loader": ("helper.py", b"KEY = 48", b"KEY = 50", f"self.key = {LOADED}"),
    "code that is run": (
        "helper.py",
        b"KEY = 48",
        b"KEY = 50",
        "names = {}; exec((HERE / 'helper.py').read_text(), names); self.key = names['KEY']",
    ),
    "code of another name": (
        "helper.py",
        b"KEY = 48",
        b"KEY = 50",
        "sys.path.insert(0, str(HERE)); from importlib import import_module as im; self.key = im('helper').KEY",
    ),
    "in the working folder": ("key.txt", b"48", b"50", "self.key = int(open('key.txt').read())"),
    "where it is looked for": ("key.txt", None, b"50", "self.key = 50 if os.path.exists(TRY('key.txt')) else 48"),
    "a table of numpy": ("key.npy", 48, 50, "self.key = int(np.load(HERE / 'key.npy'))"),
}
TRY = """
def TRY(name):
    try:
        open(HERE / name).close()
    except OSError:
        pass
    return HERE / name
"""


@pytest.fixture
def data(tmp_path):
    t = np.arange(SR) / SR
    y = np.sin(2 * np.pi * 440 * t) * (t < 0.6)
    (tmp_path / "songs").mkdir()
    for name, level in (("one", 0.5), ("two", 0.4)):
        sound.write(tmp_path / "songs" / f"{name}.wav", (level * y).astype(np.float32), sr=SR)
        write_labels(tmp_path / "songs" / f"{name}.tsv", Notes([0.0], [0.6], [69]))
    return tmp_path / "songs"


@pytest.fixture
def keys(data, tmp_path, monkeypatch):
    """The rows that are heard with the detector, and whether nothing was heard anew."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(file="mine.py"):
        before = times(tmp_path)
        result = compare(data, f"{file}:Mine", jobs=1, cache=tmp_path / "cache", progress=False)
        assert result.failures.empty, result.failures.error.tolist()
        found = {int(midi) - 21 for notes in result.heard.values() for midi in notes.midi}
        return found, times(tmp_path) == before != {}

    return run


def times(tmp_path):
    return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("*.notes")}


def write(file, content):
    if isinstance(content, bytes):
        Path(file).write_bytes(content)
    elif content is not None:
        np.save(file, content)


def detector(at_start="pass", later="pass", file="mine.py"):
    Path(file).write_text(DETECTOR.replace("AT_START", at_start).replace("LATER", later) + TRY)


@pytest.mark.parametrize("what", READINGS)
def test_a_file_that_is_read_by_its_path_is_noticed_however_it_is_read(tmp_path, monkeypatch, what):
    file, before, after, line = READINGS[what]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    detector(line)
    write(file, before)
    opened = Opened()
    with opened.watching():
        assert create("mine.py:Mine").key == 48
    read = opened.files()
    assert file in {Path(path).name for path in read}
    assert are_unchanged(read)
    write(file, after)
    assert not are_unchanged(read)


@pytest.mark.parametrize("when", ["at_start", "later"])
def test_a_file_that_a_detector_reads_is_heard_with_again_when_it_changes(keys, when):
    file, before, after, line = READINGS["code of a loader"]
    detector(**{when: line})
    write(file, before)
    assert [keys(), keys()] == [({48}, False), ({48}, True)]
    write(file, after)
    assert keys() == ({50}, False)


def test_the_same_code_beside_another_file_is_another_detector(keys):
    for place, key in (("a", b"48"), ("b", b"50")):
        Path(place).mkdir()
        detector("self.key = int((HERE / 'key.txt').read_text())", file=f"{place}/mine.py")
        write(f"{place}/key.txt", key)
    assert [keys(f"{place}/mine.py") for place in "aba"] == [({48}, False), ({50}, False), ({48}, True)]


@pytest.mark.skipif(os.name == "nt", reason="these programs are not there")
@pytest.mark.parametrize("line", ["subprocess.run(['cat', 'key.txt'])", "os.system('cat key.txt')"])
def test_what_another_program_says_cannot_be_told_so_it_is_not_kept(tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    detector(line)
    opened = Opened()
    with opened.watching():
        create("mine.py:Mine")
    assert opened.files() is None
    Cache("kept").put("key", Heard(Transcription(Notes.empty(), 1.0, 0.1), read=opened.files()))
    assert Cache("kept").get("key") is None


def test_what_a_detector_writes_itself_does_not_hinder(keys):
    own = "with tempfile.NamedTemporaryFile('w+') as f: f.write('48'); f.seek(0); self.key = int(open(f.name).read())"
    detector(later=f"open('log', 'a').write('heard')\n        {own}")
    assert keys() == ({48}, False)
    assert keys() == ({48}, True)


def test_a_file_that_changes_between_two_looks_cannot_be_told(tmp_path):
    opened, file = Opened(), tmp_path / "key.txt"
    file.write_text("48")
    with opened.watching():
        file.read_text()
    assert are_unchanged(opened.files())
    file.write_text("no more")
    assert opened.files() is None
