"""What a file is, told by what is in it and never by its name: a score, a recording or an image.

Files come from anywhere. So sizes are limited, archives are unpacked in memory and only as far as a score can be long,
and XML that declares entities is refused before anything reads it: a few lines of them can grow to gigabytes, or name
files of this machine.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree
from xml.parsers import expat

from pianolab.errors import PianolabError, first_line, printable

Kind = Literal["score", "recording", "image"]
KINDS: tuple[Kind, ...] = ("score", "recording", "image")
MOST_BYTES: dict[Kind, int] = {"score": 20_000_000, "recording": 1_000_000_000, "image": 30_000_000}
_MOST_XML_BYTES = 20_000_000  # The longest scores for piano have 5 MB of XML.
_MOST_ELEMENTS = 1_000_000
_MOST_DEPTH = 100
_MOST_ENTRIES = 200  # A compressed MusicXML file holds the score, perhaps its parts and some pictures.
_MOST_PIXELS = 60_000_000  # A page of A4 at 600 dots an inch has 35 million.
_ROOTS = {"score-partwise": "musicxml", "mei": "mei", "{http://www.music-encoding.org/ns/mei}mei": "mei"}
_IMAGES = {b"\x89PNG\r\n\x1a\n": ("PNG", ".png"), b"\xff\xd8\xff": ("JPEG", ".jpg")}
_SOUNDS = {"OGG": ".ogg", "FLAC": ".flac", "MPEG": ".mp3", "AIFF": ".aiff", "MP4": ".m4a"}
_READABLE = "a score (MusicXML, MEI or MIDI), a recording, or an image (PNG, JPEG or WebP)"
_EXPORT = "export it again from the notation program"


class ContentError(PianolabError):
    """A file that is none of what a library holds, or is not safe to read; the message is one line with the remedy."""


@dataclass(frozen=True)
class Content:
    """What is in a file.

    Attributes
    ----------
    kind : str
        "score", "recording" or "image".
    format : str
        "musicxml", "mxl", "mei" or "midi"; as libsndfile names it ("WAV"); "PNG", "JPEG" or "WEBP".
    suffix : str
        The ending that files of this format have.
    """

    kind: Kind
    format: str
    suffix: str


def content_of(path: str | Path, *, name: str | None = None) -> Content:
    """Tell what a file is by what is in it.

    Parameters
    ----------
    path : str or Path
    name : str, optional
        The file in messages, if not its own name.

    Returns
    -------
    Content

    Raises
    ------
    ContentError
        If it is none of what can be read, too large, damaged, or not safe to read.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    name, size = printable(name or path.name), path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
    found = _by_head(head)
    if found is None:
        found = _sound(path, name)
    if size > MOST_BYTES[found.kind]:
        most = f"{MOST_BYTES[found.kind] // 10**6} MB is the most for a {found.kind}"
        raise ContentError(f"{name} has {size / 1e6:.0f} MB: {most}")
    if found.kind == "image":
        _check_image(path, name, found.format)
    elif found.format != "midi" and found.kind == "score":
        format_ = score_xml(path.read_bytes(), name)[1]
        found = Content("score", "mxl", ".mxl") if found.format == "mxl" else Content("score", format_, f".{format_}")
    return found


def _by_head(head: bytes) -> Content | None:
    for magic, (format_, suffix) in _IMAGES.items():
        if head.startswith(magic):
            return Content("image", format_, suffix)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Content("image", "WEBP", ".webp")
    if head[:4] == b"MThd" or (head[:4] == b"RIFF" and head[8:12] == b"RMID"):
        return Content("score", "midi", ".mid")
    if head[:4] == b"PK\x03\x04":
        return Content("score", "mxl", ".mxl")
    if head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] == b"<":
        return Content("score", "xml", ".xml")
    return None


def _sound(path: Path, name: str) -> Content:
    from pianolab.sound import AudioError, info

    try:
        found = info(path)
    except AudioError as error:
        raise ContentError(f"{name} cannot be read as {_READABLE}") from error
    return Content("recording", found.format, _SOUNDS.get(found.format, ".wav"))


def _check_image(path: Path, name: str, format_: str) -> None:
    from PIL import Image

    try:
        with Image.open(path, formats=[format_]) as image:
            width, height = image.size
            if width * height > _MOST_PIXELS:
                raise ContentError(f"{name} has {width} x {height} pixels: make it smaller")
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, ContentError):
            raise
        raise ContentError(f"{name} is a damaged image ({first_line(error)[:80]}): save it again") from error


def score_xml(data: bytes, name: str) -> tuple[str, str]:
    """The XML of a score, after it was found safe to read.

    Parameters
    ----------
    data : bytes
        A MusicXML file, compressed or not, or an MEI file.
    name : str
        The file in messages.

    Returns
    -------
    text, format : str
        The XML, and "musicxml" or "mei".

    Raises
    ------
    ContentError
        If it is another kind of XML, damaged, too large, or declares entities.
    """
    if data[:4] == b"PK\x03\x04":
        data = _unpacked(data, name)
    if len(data) > _MOST_XML_BYTES:
        raise ContentError(f"{name} holds {len(data) / 1e6:.0f} MB of XML: no score is so long; {_EXPORT}")
    text = _text(data, _checked(data, name)[1])
    root, _ = _checked(text.encode("utf-8", "surrogatepass"), name, told="utf-8")  # What is handed on.
    if root == "score-timewise":
        raise ContentError(f"{name} is MusicXML by time: export it by parts (score-partwise)")
    if root not in _ROOTS:
        raise ContentError(f"{name} is XML of another kind (<{printable(root)[:40]}>): use MusicXML or MEI")
    return text, _ROOTS[root]


def _text(data: bytes, encoding: str) -> str:
    text = data.decode(encoding).lstrip("\ufeff")
    if text.startswith("<?xml"):  # It may name an encoding that is past.
        text = text.partition("?>")[2].lstrip()
    return text


def _unpacked(data: bytes, name: str) -> bytes:
    """The score in a compressed MusicXML file, read no further than a score can be long."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > _MOST_ENTRIES:
                raise ContentError(f"{name} is an archive of {len(archive.infolist())} files and no score: {_EXPORT}")
            container = _entry(archive, "META-INF/container.xml", name)
            _checked(container, name)
            tree = ElementTree.fromstring(container)
            paths = [one.get("full-path") for one in tree.iter() if one.tag.rpartition("}")[2] == "rootfile"]
            if not paths or not paths[0]:
                raise ContentError(f"{name} does not say which of its files is the score: {_EXPORT}")
            return _entry(archive, paths[0], name)
    except ContentError:
        raise
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, LookupError, OSError, ValueError) as error:
        raise ContentError(f"{name} is no whole compressed MusicXML file: {_EXPORT}") from error


def _entry(archive: zipfile.ZipFile, path: str, name: str) -> bytes:
    entry = archive.getinfo(path)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ContentError(f"{name} is compressed in a way that MusicXML does not know: {_EXPORT}")
    with archive.open(entry) as file:  # What the archive states of its sizes may be a lie.
        data = file.read(_MOST_XML_BYTES + 1)
    if len(data) > _MOST_XML_BYTES:
        raise ContentError(f"{name} unpacks to more than {_MOST_XML_BYTES // 10**6} MB: no score is so long; {_EXPORT}")
    return data


def _checked(data: bytes, name: str, *, told: str | None = None) -> tuple[str, str]:
    """The root's name and the encoding of XML that is whole, of sane size, and without entities of its own.

    A parser and Python read some encodings differently, so who decodes it has to have the text checked too.
    """
    seen: dict[str, Any] = {"root": None, "encoding": None, "depth": 0, "elements": 0}

    def refuse_entities(*_: object) -> None:
        raise ContentError(f"{name} declares entities, which no score needs: {_EXPORT}")

    def doctype(_name: str, _system: str | None, _public: str | None, has_subset: bool) -> None:
        if has_subset:
            refuse_entities()

    def start(tag: str, _attributes: object) -> None:
        seen["root"] = seen["root"] or tag
        seen["depth"] += 1
        seen["elements"] += 1
        if seen["depth"] > _MOST_DEPTH or seen["elements"] > _MOST_ELEMENTS:
            raise ContentError(f"{name} has more elements than a score can have: {_EXPORT}")

    def end(_tag: str) -> None:
        seen["depth"] -= 1

    parser = expat.ParserCreate(told, "}")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.XmlDeclHandler = lambda _version, encoding, _standalone: seen.update(encoding=encoding)
    parser.StartDoctypeDeclHandler = doctype
    parser.EntityDeclHandler = refuse_entities
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else seen["encoding"] or "utf-8"
        data.decode(encoding)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        if isinstance(error, ContentError):
            raise
        raise ContentError(f"{name} is not whole XML ({first_line(error)[:80]}): {_EXPORT}") from error
    root = seen["root"]
    return f"{{{root}" if "}" in root else root, encoding
