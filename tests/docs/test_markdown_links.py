"""The links of the Markdown files and notebooks, looked at without building the site."""

import json
import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^()\s]+)\)")
CODE = re.compile(r"^ *```.*?^ *```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{1,4} +(.+?) *$", re.MULTILINE)
BUILT = ("docs/api/", "docs/_build/")
PAGES = [
    page.relative_to(REPOSITORY).as_posix()
    for pattern in ("*.md", "docs/*.md", "data/*.md", "data/*/*.md", "results/*.md", "notebooks/**/*.ipynb")
    for page in sorted(REPOSITORY.glob(pattern))
]


def text_of(path):
    """The Markdown of a file without its code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return CODE.sub(lambda found: re.sub(r"[^\n`]", "x", found[0]) if "\n" in found[0] else found[0], text)


def anchors(text):
    """The names that GitHub and the site give to headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def broken(page):
    """Links of a page to files and headings that are not there."""
    for link in LINK.findall(text_of(page)):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if ":" in link or target.relative_to(REPOSITORY).as_posix().startswith(BUILT):
            continue
        if not target.exists():
            yield f"there is no {link}"
        elif heading and heading not in anchors(text_of(target)):
            yield f"there is no heading {link}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page):
    assert list(broken(REPOSITORY / page)) == []


def test_links_are_found_and_broken_ones_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.REPOSITORY", tmp_path)
    assert len(PAGES) > 25
    (tmp_path / "other.md").write_text("# Other\n\n## Add a `thing`, now\n")
    (tmp_path / "page.md").write_text(
        "# Page\n[a](other.md#add-a-thing-now) [b](other.md#gone) [c](gone.md) [d](#page) [e](https://elsewhere.org)\n"
        "```\n[f](nowhere.md)\n# no heading\n```\n[g](#no-heading)\n"
    )
    assert list(broken(tmp_path / "page.md")) == [
        "there is no heading other.md#gone",
        "there is no gone.md",
        "there is no heading #no-heading",
    ]
