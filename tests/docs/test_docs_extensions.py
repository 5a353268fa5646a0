"""What the docs site does to notebooks, formulas and links before a reader sees them."""

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

pytest.importorskip("sphinx", reason="the docs are built with Sphinx: make test-docs")

import links
from docutils import nodes
from docutils.utils import new_document
from extensions import languages, maths, notebooks, offline, rooms, types_in_words
from numpy.typing import ArrayLike, NDArray
from sphinx.util.typing import stringify_annotation

from pianolab.cli.parser import COMMANDS
from pianolab.live import messages

LESSON = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"


def test_a_page_of_a_notebook_has_no_widget_and_every_picture_has_its_words():
    lesson = nbformat.read(LESSON, as_version=4)
    pictures = [cell for cell in lesson.cells if any("image/png" in o.get("data", {}) for o in cell.get("outputs", []))]
    assert "widgets" in lesson.metadata
    page = notebooks.as_page(lesson)
    assert notebooks.WIDGET not in nbformat.writes(page)
    assert "widgets" not in page.metadata
    assert len(pictures) > 3
    assert all(len(cell.metadata.mystnb.image.alt) > 10 for cell in pictures)


def test_a_badge_of_another_machine_becomes_its_words():
    document = new_document("README")
    badge = nodes.image(uri="https://elsewhere.org/badge.svg", alt="Binder")
    own = nodes.image(uri="docs/figures/compare.png", alt="the table")
    document += nodes.paragraph("", "", badge, own)
    offline.in_words(None, document)
    assert [image["uri"] for image in document.findall(nodes.image)] == ["docs/figures/compare.png"]
    assert document.astext().startswith("Binder")


def test_a_formula_is_mathml_and_the_number_of_an_equation_keeps_its_distance():
    written = maths.as_block(r"d(\tau) = \sum_j x_j^2 \tag{6}")
    assert written.startswith('<div class="math-block"><math')
    assert "<munderover>" in written or "<msub>" in written or "<munder>" in written
    assert "\\" not in written
    assert 'width="2em"' in written


def test_every_module_stands_in_the_api_and_on_one_shelf(tmp_path):
    names = rooms.modules()
    assert {"pianolab.session", "pianolab.sound.reading", "pianolab.lessons.checks.pitch"} < set(names)
    top = [name.partition(".")[2] for name in names if name.count(".") == 1]
    shelves = rooms.shelved(top)
    assert sorted(room for shelf in shelves.values() for room in shelf) == sorted(top)
    assert all(set(rooms.SHELVES[shelf]) <= set(top) for shelf in rooms.SHELVES)


def test_the_page_of_a_room_lists_what_it_offers_and_the_modules_in_it():
    page = rooms.page("pianolab.sound", ["pianolab.sound.reading"])
    assert ":py:func:`load <pianolab.sound.reading.load>`" in page
    assert ":doc:`pianolab.sound.reading`" in page
    assert "``MAX_CHANNELS``" in page


def test_types_stand_as_the_source_writes_them():
    given = ArrayLike | NDArray[np.float64] | NDArray[np.floating[Any]]
    spelt = stringify_annotation(given, "smart")
    assert "_NestedSequence" in spelt
    short = types_in_words.short(spelt).replace("~numpy.typing.", "").replace("~numpy.", "").replace("~typing.", "")
    assert short == "ArrayLike | NDArray[float64] | NDArray[floating[Any]]"


def test_a_message_shows_its_fields():
    lines = types_in_words.fields(messages.NoteHeard)
    assert "- ``note``: ``int``" in lines
    assert "- ``kind``: ``Literal['on', 'off', 'revised']``" in lines


def test_the_page_of_the_command_line_has_every_command_with_its_options():
    page = rooms.commands()
    assert all(f"\npianolab {command.name}\n---" in page for command in COMMANDS)
    assert "--pedal release|extended" in page
    assert len(COMMANDS) > 5


def test_links_that_lead_nowhere_and_what_would_be_fetched_are_found(tmp_path):
    (tmp_path / "there.html").write_text('<h1 id="here">Here</h1>')
    (tmp_path / "index.html").write_text(
        '<a href="there.html#here">good</a> <a href="there.html#gone">no place</a> <a href="gone.html">no page</a>'
        '<a href="https://elsewhere.org">others</a> <a href="#x">x</a>'
        '<script src="https://cdn.elsewhere.org/a.js"></script>'
    )
    found = [line.partition(": ")[2] for line in links.missing(links.read(tmp_path))]
    assert sorted(found) == [
        "fetches https://cdn.elsewhere.org/a.js",
        "there is no gone.html",
        "there is no place #x",
        "there is no place there.html#gone",
    ]
    assert links.main(str(tmp_path)) == 1


@pytest.mark.parametrize(
    "fetching",
    [
        '<img srcset="own.png 1x, https://elsewhere.org/x 2x">',
        '<video poster="https://elsewhere.org/x"></video>',
        '<object data="https://elsewhere.org/x"></object>',
        '<embed src="https://elsewhere.org/x">',
        '<p style="background: url(https://elsewhere.org/x)">',
        "<style>@import 'https://elsewhere.org/x';</style>",
    ],
)
def test_every_way_to_fetch_something_is_seen(tmp_path, fetching):
    (tmp_path / "own.png").touch()
    (tmp_path / "index.html").write_text(fetching)
    found = [line.partition(": ")[2] for line in links.missing(links.read(tmp_path))]
    assert found == ["fetches https://elsewhere.org/x"]


def test_what_a_style_sheet_would_fetch_is_found(tmp_path):
    (tmp_path / "index.html").touch()
    (tmp_path / "site.css").write_text('p { background: url("https://elsewhere.org/x") } q { background: url(#own) }')
    found = [line.partition(": ")[2] for line in links.missing(links.styles(tmp_path))]
    assert found == ["fetches https://elsewhere.org/x"]
    assert links.main(str(tmp_path)) == 1


def test_korean_words_are_marked_for_a_screen_reader_and_code_is_left():
    document = new_document("page")
    cells = [
        nodes.entry("", nodes.paragraph("", text))
        for text in ("hop: from frame to frame", "MIDI: 건반에 매긴 번호입니다.")
    ]
    sentence = nodes.paragraph("", "names can be Do4 or 도4, in Korean (한국어)", nodes.literal("", "도4"))
    document += [*cells, sentence]
    languages.mark_korean(None, document)
    assert [cell["classes"] for cell in cells] == [[], ["language-ko"]]
    assert [node.astext() for node in document.findall(nodes.inline)] == ["도", "한국어"]
    assert document.astext().endswith("names can be Do4 or 도4, in Korean (한국어)도4")


def test_a_site_without_pages_is_no_site(tmp_path):
    assert links.main(str(tmp_path)) == 1
