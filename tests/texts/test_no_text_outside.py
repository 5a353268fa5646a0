"""What a player reads stands in the catalogue: code of these rooms holds keys, and every key is there and is used."""

import ast
import re
from pathlib import Path

import pytest

from pianolab.texts.catalogue import catalogue

PACKAGE = Path(__file__).parents[2] / "pianolab"
ROOMS = ("lessons/checks", "live")  # Folders whose texts a player or student reads.
SPOKEN_BY = ("say", "Told")  # These take a key.

WORDS = re.compile(r"[^\W\d_]{2,}\s|\s[^\W\d_]{2,}|[가-힣]")  # Two words, a word beside a place, or Korean.
PLACE = "…"  # Stands for the places of an f-string.

# Beginnings of texts that need not be in the catalogue, with the reason. A text ends with a line feed here.
LET_OFF = {
    "module 'pianolab.live' has no attribute": "a programmer mistyped a name",
    "python -m pianolab.live": "a command",
    "Voila is not installed": "the terminal speaks English, as every command does",
    "… is no MIDI number": "a programmer gave the number; a player's keys come from a detector",
    "MIDI … is no member of": "a programmer gave the key",
    "note style … is unknown": "a programmer gave the style; the page offers those there are",
    "… is there a thousand times": "it reaches the player as the reason within a text of the catalogue",
    " and \n": "it joins the names of detectors in reprs, which programmers read",
    "<p class=": "an element around a text of the catalogue",
    "\n\n    Parameters\n": "a part of docstrings",
}


def modules():
    return [path for room in ROOMS for path in sorted((PACKAGE / room).rglob("*.py"))]


def shape(node):
    """The text of a string or f-string, with its places marked; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else PLACE for part in node.values)
    return None


def is_key(call):
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return name in SPOKEN_BY and bool(call.args)


class Reader(ast.NodeVisitor):
    """Collects the keys and the other texts of a module."""

    def __init__(self):
        self.keys, self.texts, self.inside = [], [], ""

    def visit_FunctionDef(self, node):
        outer, self.inside = self.inside, node.name
        for part in (node.args, *node.decorator_list, *node.body):
            self.visit(part)
        self.inside = outer

    def visit_arg(self, node):
        pass  # A type is no text.

    def visit_Expr(self, node):
        if shape(node.value) is None:  # A string that stands alone is a docstring.
            self.generic_visit(node)

    def visit_Call(self, node):
        if is_key(node) and shape(node.args[0]) is not None:
            self.keys.append(shape(node.args[0]))
            node.args = node.args[1:]
        self.generic_visit(node)

    def visit_Constant(self, node):
        self.take(node)

    def visit_JoinedStr(self, node):
        self.take(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)  # Its format is no text.

    def visit_Raise(self, node):
        for said in getattr(node.exc, "args", []):
            if shape(said) is not None:
                self.texts.append(shape(said))
        self.generic_visit(node)

    def take(self, node):
        text = shape(node)
        if text is not None and self.inside != "__repr__" and WORDS.search(text.replace(PLACE, "")):
            self.texts.append(text)


def read(source):
    reader = Reader()
    reader.visit(ast.parse(source))
    return reader


def named(path):
    return path.relative_to(PACKAGE).as_posix()


def fits(key, known):
    """Whether a key, or one with places, is among those of the catalogue."""
    return re.fullmatch(re.escape(key).replace(re.escape(PLACE), ".+"), known) is not None


SAID = {key for path in PACKAGE.rglob("*.py") for key in read(path.read_text(encoding="utf-8")).keys}
READ = {named(path): read(path.read_text(encoding="utf-8")) for path in modules()}


@pytest.mark.parametrize("module", READ)
def test_a_player_s_text_stands_in_the_catalogue(module):
    outside = [text for text in READ[module].texts if not f"{text}\n".startswith(tuple(LET_OFF))]
    assert not outside, f"pianolab/{module}: put {outside[0]!r} into texts/en and texts/ko and say its key"


@pytest.mark.parametrize("module", READ)
def test_every_key_that_is_said_is_in_the_catalogue(module):
    unknown = [key for key in READ[module].keys if not any(fits(key, known) for known in catalogue("en"))]
    assert not unknown, f"pianolab/{module} says {unknown[0]!r}, which the catalogue does not have"


@pytest.mark.parametrize("room", ["chords", "detectors", "live", "prompts", "recordings", "scores"])
def test_no_text_of_these_rooms_is_left_over(room):
    said = {key for key in SAID if key.startswith(f"{room}.")}
    kept = [known for known in catalogue("en") if known.startswith(f"{room}.")]
    assert kept
    unused = [known for known in kept if not any(fits(key, known) for key in said)]
    assert not unused, f"nothing says {unused[0]!r}: take it out of texts/en and texts/ko"


def test_what_is_let_off_is_there():
    texts = [text for reader in READ.values() for text in reader.texts]
    unused = [beginning for beginning in LET_OFF if not any(f"{text}\n".startswith(beginning) for text in texts)]
    assert not unused, f"no text begins with {unused[0]!r}: take it off the list"


def test_the_search_finds_what_is_said_outside():
    reader = read(
        '''
"""A docstring may say anything."""

def f(x: "int | None", names) -> "list of str":
    """This too."""
    if "kind" in names:
        raise ValueError(f"{x} is bad")
    say("live.start", n=f"{x} frames")
    return Told(f"live.{x}"), names["live"], "none", "no note", "음", f"{x:.2f} s"
'''
    )
    assert reader.keys == ["live.start", "live.…"]
    assert set(reader.texts) == {"… is bad", "… frames", "no note", "음"}
