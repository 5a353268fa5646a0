"""`pianolab notebooks`: the lessons copied to a folder where they can be changed. What is there is left as it is."""

import argparse
import re
from pathlib import Path

from pianolab.cli.command import Command
from pianolab.cli.messages import DONE, UsageError
from pianolab.errors import printable
from pianolab.files import refuse_unwritable, replacing
from pianolab.places import comes_with

_EXAMPLES = """\
pianolab notebooks lessons
pianolab notebooks ~/pianolab"""
_SHOWN = 5  # So many files that are kept are named; of more their number is told.
# Notebooks, their solutions, both in Korean, and the detector that notebook 06 shows.
_COPIED = ("[0-9]*.ipynb", "solutions/[0-9]*.ipynb", "ko/[0-9]*.ipynb", "ko/solutions/[0-9]*.ipynb", "loudest.py")
# A link to a page of the docs leads nowhere beside a copy, so the copy has the page's name.
_LINK_TO_DOCS = re.compile(rb"\[[^][]*\]\((?:\.\./)+(docs/[^()#]*)[^()]*\)")
_IN_KOREAN, _IN_ENGLISH = "저장소의 \\1".encode(), rb"\1 of the repository"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=_folder, help="where to; it is made if it is not there")


def _folder(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no name: name a folder, or . for this one")
    return Path(text)


def _run(args: argparse.Namespace) -> int:
    source, folder = comes_with("notebooks"), args.folder
    names = sorted(path.relative_to(source) for pattern in _COPIED for path in source.glob(pattern))
    for place in sorted({(folder / name).parent for name in names}):
        try:
            refuse_unwritable(place)
        except OSError as error:
            why = f"{printable(place)} cannot be written ({error.strerror or error})"
            raise UsageError(f"{why}: name another folder") from error
    there = [name for name in names if (folder / name).exists() or (folder / name).is_symlink()]
    for name in names:
        if name not in there:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with replacing(folder / name) as temporary:
                said = _IN_KOREAN if name.parts[0] == "ko" else _IN_ENGLISH
                temporary.write_bytes(_LINK_TO_DOCS.sub(said, (source / name).read_bytes()))
    if there:
        few = len(there) <= _SHOWN
        print("left as they were:", ", ".join(name.as_posix() for name in there) if few else f"{len(there)} files")
    print(f"copied {len(names) - len(there)} of {len(names)} files; open them with: jupyter lab {printable(folder)}")
    print("in Korean: the folder ko in it")
    return DONE


COMMAND = Command("notebooks", "copy the lessons to a folder of yours", _EXAMPLES, _add_arguments, _run)
