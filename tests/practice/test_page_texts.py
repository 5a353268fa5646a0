"""The practice page, its texts and its docs belong together: nothing said is missing, nothing is left over."""

import re
from pathlib import Path

import pytest

from pianolab.texts.catalogue import catalogue

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "pianolab" / "practice" / "page" / "static"
OF_THE_PICTURES = ("falling.", "felt.", "keys.", "metronome.", "pictures.", "tryout.")  # texts.test.mjs holds these.
KEPT = {key.partition(".")[2] for key in catalogue("en") if key.startswith("practice_page.")}
OWN = {key for key in KEPT if not key.startswith(OF_THE_PICTURES)}
HTML = (STATIC / "practice.html").read_text(encoding="utf-8")
MODULES = {path.stem: path.read_text(encoding="utf-8") for path in (STATIC / "js").glob("*.js")}
# What a module says is a text in quotes that is a key, or begins one: `state.${phase}`.
QUOTED = re.compile(r'"([a-z_]+(?:\.[a-z_]+)*)"')
BEGUN = re.compile(r"`([a-z_]+\.)\$\{")


def test_the_page_says_only_what_the_catalogue_has():
    said = re.findall(r'data-(?:text|label)="([^"]+)"', HTML)
    assert len(said) > 50
    assert [key for key in said if key not in KEPT] == []
    called = [key for code in MODULES.values() for key in re.findall(r'\bsay\("([^"]+)"', code)]
    assert len(called) > 20
    assert [key for key in called if key not in KEPT] == []


def test_no_text_of_the_page_is_left_over():
    said = set(re.findall(r'data-(?:text|label)="([^"]+)"', HTML))
    said |= {key for code in MODULES.values() for key in QUOTED.findall(code)}
    begun = tuple(key for code in MODULES.values() for key in BEGUN.findall(code))
    assert [key for key in sorted(OWN) if key not in said and not key.startswith(begun)] == []


def test_the_page_holds_no_program_and_no_style_of_its_own():
    """The server forbids them, and a browser would say so on its console only."""
    for page in STATIC.glob("*.html"):
        html = page.read_text(encoding="utf-8")
        scripts = re.findall(r"<script[^>]*>", html)
        assert scripts
        assert [tag for tag in scripts if "src=" not in tag and "application/json" not in tag] == []
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|https?:", html)


@pytest.mark.parametrize("name", ["practice.html"])
def test_what_a_page_loads_is_there(name):
    html = (STATIC / name).read_text(encoding="utf-8")
    loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', html)
    assert len(loaded) >= 3
    assert [file for file in loaded if not (STATIC / file).is_file()] == []
    imported = [file for code in MODULES.values() for file in re.findall(r'from "\./([^"]+)"', code)]
    assert len(imported) > 50
    assert [file for file in imported if file.removesuffix(".js") not in MODULES] == []


def test_the_docs_name_every_module_of_the_page_once():
    text = (ROOT / "docs" / "practice.md").read_text(encoding="utf-8")
    table = text.split("| module | what it does |")[1].split("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(MODULES)
