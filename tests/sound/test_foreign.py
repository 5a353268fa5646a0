"""m4a, webm and others come through ffmpeg where it is installed; elsewhere the remedy is told."""

import io
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import pytest
from made_sounds import SR, heard, tone

from pianolab import sound
from pianolab.sound import AudioError

HEADS = {
    "MP4": b"\0\0\0\x20ftypM4A ",
    "WEBM": b"\x1a\x45\xdf\xa3",
    "WMA": b"\x30\x26\xb2\x75",
    "AAC": b"\xff\xf1\x50\x80",
    "AMR": b"#!AMR\n",
}
READERS = {"MP4": "mov", "WEBM": "matroska", "WMA": "asf", "AAC": "aac", "AMR": "amr"}
IN_PLACE_OF_FFMPEG = """#!{python}
import os, sys, time
with open({log!r}, "w") as log:
    log.write("\\0".join(sys.argv[1:]))
way = {way!r}
if way == "refuses":
    sys.exit("first line\\nmoov atom not found")
open({pid!r}, "w").write(str(os.getpid()))
sys.stdout.buffer.write(open({sound!r}, "rb").read())
sys.stdout.flush()
if way == "complains":
    print("partial file", file=sys.stderr)
if way == "is_mono_and_hangs":
    time.sleep(600)
"""


@pytest.fixture
def in_place_of_ffmpeg(tmp_path, monkeypatch):
    """Puts a program named ffmpeg first on the PATH that gives two channels of a tone and behaves as it is told."""
    if os.name != "posix":
        pytest.skip("a script cannot stand in for a program here")
    folder = tmp_path / "programs"
    folder.mkdir()
    header = struct.pack(">4s5I", b".snd", 32, 0xFFFFFFFF, 6, SR, 2) + bytes(8)
    samples = np.column_stack([tone(), np.roll(tone(), 25)])
    (folder / "sound").write_bytes(header + samples.astype(">f4").tobytes())

    def put(way=""):
        names = {name: str(folder / name) for name in ("log", "pid", "sound")}
        program = folder / "ffmpeg"
        program.write_text(IN_PLACE_OF_FFMPEG.format(python=f"{sys.executable} -S", way=way, **names))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return folder

    return put


@pytest.mark.parametrize("kind", HEADS)
def test_what_libsndfile_does_not_read_comes_through_ffmpeg(tmp_path, in_place_of_ffmpeg, kind):
    folder = in_place_of_ffmpeg()
    path = tmp_path / "-i concat:song.m4a"
    path.write_bytes(HEADS[kind] + bytes(100))
    y, sr, said = heard(path)
    assert sr == SR
    np.testing.assert_array_equal(y, (tone() + np.roll(tone(), 25)) / 2)
    assert [text.partition(" does not state")[0] for text in said] == ([str(path)] if kind in ("AAC", "WMA") else [])
    given = (folder / "log").read_text().split("\0")
    assert given[given.index("-i") + 1] == f"file:{path}"
    assert given[given.index("-f") + 1] == READERS[kind]
    assert given[given.index("-protocol_whitelist") + 1] == "file,pipe"
    info = sound.info(path)
    assert (info.format, info.subtype, info.channels, info.n_samples) == (kind, "FFMPEG", 2, len(tone()))


def test_bytes_without_a_name_are_decoded_too(in_place_of_ffmpeg):
    in_place_of_ffmpeg()
    y, _, said = heard(HEADS["MP4"] + bytes(100))
    assert said == []
    assert len(y) == len(tone())


@pytest.mark.parametrize("start_s", [0.1, 0.3])
def test_a_part_is_that_part_of_the_whole(in_place_of_ffmpeg, start_s):
    in_place_of_ffmpeg()
    whole, _, _ = heard(HEADS["WEBM"] + bytes(100))
    part, _, _ = heard(HEADS["WEBM"] + bytes(100), start_s=start_s, duration_s=0.1)
    np.testing.assert_array_equal(part, whole[round(start_s * SR) :][: round(0.1 * SR)])


def test_what_ffmpeg_cannot_read_is_refused_in_one_line_with_its_reason(tmp_path, in_place_of_ffmpeg):
    in_place_of_ffmpeg("refuses")
    (tmp_path / "song.m4a").write_bytes(HEADS["MP4"] + bytes(100))
    with pytest.raises(
        AudioError, match=r"song.m4a is MPEG-4 .* that ffmpeg cannot read \(moov atom not found\): try"
    ) as e:
        sound.load(tmp_path / "song.m4a")
    assert "\n" not in str(e.value)


def test_what_ffmpeg_complains_of_is_a_warning(in_place_of_ffmpeg):
    in_place_of_ffmpeg("complains")
    y, _, said = heard(HEADS["MP4"] + bytes(100))
    assert len(y) == len(tone())
    assert said == ["the stream is cut short: the 0.500 s it holds are used (ffmpeg: partial file)"]


def test_ffmpeg_is_stopped_when_nobody_reads_on(in_place_of_ffmpeg):
    folder = in_place_of_ffmpeg("is_mono_and_hangs")
    sound_file = folder / "sound"
    sound_file.write_bytes(struct.pack(">4s5I", b".snd", 24, 0xFFFFFFFF, 6, SR, 1) + tone(3.0).astype(">f4").tobytes())
    with sound.blocks(io.BytesIO(HEADS["MP4"] + bytes(100)), block_length=100) as stream:
        assert len(next(stream)) == 100
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "pid").read_text()), 0)


def test_without_ffmpeg_the_remedy_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "my song.m4a").write_bytes(HEADS["MP4"] + bytes(100))
    with pytest.raises(
        AudioError, match=r"read where ffmpeg is installed: install it, or convert .*`ffmpeg -i 'my song.m4a'"
    ):
        sound.load(tmp_path / "my song.m4a")


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
@pytest.mark.parametrize("name", ["song.m4a", "song.webm", "song.aac", "-song.m4a", "Für 엘리제.m4a"])
def test_a_tone_is_that_tone_through_ffmpeg(tmp_path, name):
    sound.write(tmp_path / "tone.wav", tone(), sr=48000)
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(tmp_path / "tone.wav"), f"file:{tmp_path / name}"],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    y, sr, _ = heard(tmp_path / name)
    assert sr == 48000
    middle = slice(3000, len(tone()) - 3000)
    lag = 1024 if name.endswith("aac") else 0  # samples of delay that its encoder has and does not state there
    np.testing.assert_allclose(y[lag:][middle], tone()[middle], atol=0.1)
