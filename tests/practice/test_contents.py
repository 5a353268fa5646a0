"""What a file is, is told by its content; archives and XML that attack whoever reads them are refused."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
import soundfile as sf

from pianolab.places import comes_with
from pianolab.practice import ContentError, content_of
from pianolab.practice.contents import score_xml

DORAJI = (comes_with("data") / "pieces" / "doraji.musicxml").read_bytes()
CONTAINER = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'


def mxl(files=None, compression=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in ({"META-INF/container.xml": CONTAINER, "score.xml": DORAJI} | (files or {})).items():
            archive.writestr(name, data)
    return stream.getvalue()


def image(format_, size=(4, 3)):
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", size).save(stream, format_)
    return stream.getvalue()


def sound(format_):
    stream = io.BytesIO()
    sf.write(stream, np.zeros(800), 8000, format=format_)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "kind", "format_", "suffix"),
    [
        (DORAJI, "score", "musicxml", ".musicxml"),
        (mxl(), "score", "mxl", ".mxl"),
        (DORAJI.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "score", "musicxml", ".musicxml"),
        (
            DORAJI.decode().replace("UTF-8", "windows-1252").encode("cp1252", "xmlcharrefreplace"),
            "score",
            "musicxml",
            ".musicxml",
        ),
        (b'<mei xmlns="http://www.music-encoding.org/ns/mei"/>', "score", "mei", ".mei"),
        (b"MThd\0\0\0\x06", "score", "midi", ".mid"),
        (image("PNG"), "image", "PNG", ".png"),
        (image("JPEG"), "image", "JPEG", ".jpg"),
        (image("WEBP"), "image", "WEBP", ".webp"),
        (sound("WAV"), "recording", "WAV", ".wav"),
        (sound("FLAC"), "recording", "FLAC", ".flac"),
        (sound("OGG"), "recording", "OGG", ".ogg"),
    ],
)
def test_the_content_tells_not_the_name(tmp_path, data, kind, format_, suffix):
    (tmp_path / "song.exe").write_bytes(data)
    found = content_of(tmp_path / "song.exe")
    assert (found.kind, found.format, found.suffix) == (kind, format_, suffix)


def test_an_archive_gives_the_score_that_its_container_names():
    assert score_xml(mxl({"other.xml": b"<x/>"}), "a.mxl") == score_xml(DORAJI, "a.musicxml")


def png_of(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><score-partwise>&b;</score-partwise>'
FILE = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><score-partwise>&a;</score-partwise>'
PARAMETER = b'<!DOCTYPE l [<!ENTITY % a SYSTEM "http://x/y.dtd"> %a;]><score-partwise/>'


HIDDEN = b'--><!DOCTYPE l [<!ENTITY a "ha">]><score-partwise>&a;</score-partwise><!--'
# A parser takes it for Latin-1, in which there is but a comment; Python does not.
ESCAPED = b'<?xml version="1.0" encoding="raw_unicode_escape"?><!--%s--><score-partwise/>' % b"".join(
    b"\\u%04x" % byte for byte in HIDDEN
)
SURROGATE = b'<?xml version="1.0" encoding="raw_unicode_escape"?><score-partwise>\\ud800</score-partwise>'


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (ESCAPED, "declares entities"),
        (SURROGATE, "not whole XML"),
        (LAUGHS, "declares entities"),
        (FILE, "declares entities"),
        (PARAMETER, "declares entities"),
        (mxl({"score.xml": LAUGHS}), "declares entities"),
        (mxl({"META-INF/container.xml": FILE}), "declares entities"),
        (mxl({"score.xml": b" " * 30_000_000}), "unpacks to more than 20 MB"),
        (mxl({"META-INF/container.xml": b" " * 30_000_000}), "unpacks to more than 20 MB"),
        (mxl({f"{i}.xml": b"" for i in range(300)}), "an archive of 302 files"),
        (mxl({"META-INF/container.xml": b"<container/>"}), "does not say which"),
        (mxl({"META-INF/container.xml": CONTAINER.replace(b"score.xml", b"../../etc/passwd")}), "no whole compressed"),
        (mxl({"score.xml": mxl()}), "not whole XML"),
        (mxl(compression=zipfile.ZIP_LZMA), "compressed in a way"),
        (mxl()[:-40], "no whole compressed"),
        (b"PK\x03\x04" + b"\0" * 60, "no whole compressed"),
        (b"<a>" * 200, "more elements than a score"),
        (b"<score-partwise>\xff\xfe</score-partwise>", "not whole XML"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "XML of another kind"),
        (image("PNG")[:40], "damaged image"),
        (image("JPEG")[:200], "damaged image"),
        (png_of(20_000, 20_000), "20000 x 20000 pixels|damaged image"),
        (b"#!/bin/sh\nrm -rf /\n", "cannot be read as a score"),
        (b"", "cannot be read as a score"),
        (b"%PDF-1.7", "cannot be read as a score"),
    ],
)
def test_what_attacks_or_is_broken_is_refused_in_one_line(tmp_path, data, text):
    (tmp_path / "a.musicxml").write_bytes(data)
    with pytest.raises(ContentError, match=text) as refused:
        content_of(tmp_path / "a.musicxml")
    assert len(str(refused.value).splitlines()) == 1


def test_a_document_type_without_entities_is_what_notation_programs_write():
    doctype = b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://x.org/p.dtd">'
    head, rest = DORAJI.split(b"?>", 1)
    assert score_xml(head + b"?>" + doctype + rest, "a.xml")[1] == "musicxml"


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    from pianolab.practice import contents

    monkeypatch.setitem(contents.MOST_BYTES, "score", 1000)
    (tmp_path / "a.xml").write_bytes(DORAJI)
    with pytest.raises(ContentError, match="0 MB is the most for a score"):
        content_of(tmp_path / "a.xml")
