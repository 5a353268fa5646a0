"""Keep the Korean notebooks true to the English ones, and say which cells of them are out of date.

    .venv/bin/python notebooks/ko/translate.py                       after a change in English
    .venv/bin/python notebooks/ko/translate.py --done 03_mel_and_mfcc    after its cells were translated
    .venv/bin/python notebooks/ko/translate.py --begin 06_compare_detectors

A notebook in this folder holds the Korean words of the English notebook of the same name one folder above, cell by
cell; each cell keeps a short sum of the English that it translates. All else is copied: the code and what it showed, so
both languages run the same. Texts of the catalogue (hints, sliders) are said in Korean in what was shown, and one more
cell in front of all code sets the language, so that a kernel says them in Korean too. Nothing is run here;
`make test-all` runs the Korean notebooks and compares.
"""

import argparse
import copy
import hashlib
import re
import string
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from pianolab.files import replacing
from pianolab.texts.catalogue import catalogue, say

KOREAN = Path(__file__).parent
ENGLISH = KOREAN.parent
MARK = "translates"  # In the metadata of a cell: the sum of the English that its words translate.
LANGUAGE_ID = "language"
LANGUAGE = "# 힌트와 슬라이더와 단추를 한국어로 보여 줍니다.\n%env PIANOLAB_LANGUAGE=ko"
ANSWER = re.compile(r"([✗✓] \w+: )(.+)", re.DOTALL)
WIDGETS = "application/vnd.jupyter.widget-state+json"


def main() -> int:
    """Bring all Korean notebooks up to date; 1 if words are left to translate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--begin", metavar="NAME", help="begin a Korean notebook, with all words still English")
    parser.add_argument("--done", metavar="NAME", help="the words of this notebook (solutions/NAME too) are translated")
    args = parser.parse_args()
    names = {path.relative_to(KOREAN).with_suffix("").as_posix() for path in korean_notebooks()}
    if args.done is not None and args.done not in names:
        parser.error(f"there is no {args.done} in {KOREAN}: name one of {', '.join(sorted(names))}")
    if args.begin is not None and not (ENGLISH / f"{args.begin}.ipynb").is_file():
        parser.error(f"there is no {args.begin}.ipynb in {ENGLISH}")
    left = []
    for name in sorted(names | ({args.begin} - {None})):
        path = KOREAN / f"{name}.ipynb"
        built = build(english_of(path), read(path) if path.exists() else None, done=name == args.done)
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary:
            nbformat.write(built, temporary)
        left += behind(path)
    print("\n".join(left) if left else f"{len(names)} notebooks, every cell translated")
    return int(bool(left))


def korean_notebooks() -> list[Path]:
    """The Korean lessons, then their solutions."""
    return [*sorted(KOREAN.glob("[0-9]*.ipynb")), *sorted(KOREAN.glob("solutions/[0-9]*.ipynb"))]


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def english_of(path: Path) -> NotebookNode:
    """The English notebook that a Korean one translates."""
    return read(ENGLISH / path.relative_to(KOREAN))


def sum_of(words: str) -> str:
    """A short sum of the words of a cell."""
    return hashlib.sha256(words.encode()).hexdigest()[:12]


def behind(path: Path) -> list[str]:
    """One line for each cell of a Korean notebook whose English was changed since it was translated."""
    sums = {cell.id: sum_of(cell.source) for cell in english_of(path).cells if cell.cell_type == "markdown"}
    known = {cell.id: cell.metadata.get(MARK) for cell in read(path).cells if cell.cell_type == "markdown"}
    name = path.relative_to(ENGLISH)
    return [f"{name}: cell {id_} is not today's English" for id_, sum_ in sums.items() if known.get(id_) != sum_]


def build(english: NotebookNode, korean: NotebookNode | None, *, done: bool = False) -> NotebookNode:
    """The Korean notebook: its own words, and the code and outputs of the English one.

    Parameters
    ----------
    english : NotebookNode
    korean : NotebookNode, optional
        As it was; where it has no words for a cell the English ones stand.
    done : bool
        Whether its words are a translation of today's English.

    Returns
    -------
    NotebookNode
    """
    theirs = {cell.id: cell for cell in korean.cells} if korean else {}
    made = copy.deepcopy(english)
    for cell in made.cells:
        cell.metadata = NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = [_said_in_korean(output) for output in cell.outputs]
            cell.execution_count = cell.execution_count and cell.execution_count + 1
        elif cell.id in theirs:
            old = theirs[cell.id]
            mark = sum_of(cell.source) if done else old.metadata.get(MARK)
            cell.source, cell.metadata = old.source, NotebookNode({MARK: mark} if mark else {})
    first = next(i for i, cell in enumerate(made.cells) if cell.cell_type == "code")
    made.cells.insert(first, _language_cell())
    for model in made.metadata.get("widgets", {}).get(WIDGETS, {}).get("state", {}).values():
        label = f"widgets.label_{str(model['state'].get('description')).replace(' ', '_')}"
        if label in catalogue("ko"):
            model["state"]["description"] = say(label, "ko")
    return made


def _language_cell() -> NotebookNode:
    shown = new_output("stream", name="stdout", text="env: PIANOLAB_LANGUAGE=ko\n")
    return new_code_cell(LANGUAGE, id=LANGUAGE_ID, execution_count=1, outputs=[shown])


def _said_in_korean(output: NotebookNode) -> NotebookNode:
    """An output whose text stands in the catalogue, in Korean; any other as it is."""
    data = output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data:
        data["text/plain"] = _translated(data["text/plain"], ["widgets.sliders", "widgets.sliders_without"])
    elif answer := ANSWER.fullmatch(data.get("text/plain", "")):
        data["text/plain"] = answer[1] + _answer(answer[2])
    return output


def _answer(message: str) -> str:
    """What a check says, in Korean."""
    keys = [key for key, text in catalogue("en").items() if key.startswith("hints.") and text == message]
    return say(keys[0], "ko") if keys else _translated(message, ["hints.any.nothing"])


def _translated(text: str, keys: list[str]) -> str:
    """A text that is made of texts of the catalogue, joined by a full stop and a space, in Korean."""
    found = re.fullmatch(r"\. ".join(_pattern(str(catalogue("en")[key]), n) for n, key in enumerate(keys)), text)
    if not found:
        raise ValueError(f"{text!r} is not what {' and '.join(keys)} say in English: run the English notebook anew")
    of = {n: {} for n in range(len(keys))}
    for group, value in found.groupdict().items():
        of[int(group.rpartition("_")[2])][group.rpartition("_")[0]] = value
    return ". ".join(say(key, "ko", **of[n]) for n, key in enumerate(keys))


def _pattern(text: str, number: int) -> str:
    """A text with a group for each of its places."""
    parts = string.Formatter().parse(text)
    return "".join(re.escape(words) + (f"(?P<{name}_{number}>.+)" if name else "") for words, name, *_ in parts)


if __name__ == "__main__":
    sys.exit(main())
