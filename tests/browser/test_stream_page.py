"""The sample page of `pianolab stream`: what a real page hears, on a phone and on a desk, in light and dark."""

import re
import subprocess
import sys
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest
from browser.harness import OURS, browser, free_port

from pianolab import sound
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
NAMES = ["C4", "F#4", "C5"]
MELODY = Notes(1.5 + 0.9 * np.arange(3), 2.3 + 0.9 * np.arange(3), [60, 66, 72])
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    path = tmp_path_factory.mktemp("stream") / "melody.wav"
    sound.write(path, 0.7 * render(MELODY, sr=SR, tail_s=3.0), sr=SR)
    return path


@pytest.fixture(scope="module")
def address():
    command = [sys.executable, "-m", "pianolab", "stream", "--port", str(free_port()), "--token", "browser-test"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        yield next(line.split()[-1] for line in program.stdout if line.startswith("page:"))
        program.terminate()


@pytest.fixture
def opened(playwright, wav, address):
    """A page at a size, and all that it asked or complained about."""
    with browser(playwright, wav=wav) as chromium:

        def open_at(width, height, scheme, *, at=address):
            context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page, told = context.new_page(), []
            page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: told.append(str(error)))
            page.on("request", lambda request: None if request.url.startswith(OURS) else told.append(request.url))
            page.goto(at)
            return page, told

        yield open_at


def faults(page):
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("width", "height", "scheme"), [(1280, 800, "light"), (390, 844, "dark")])
def test_what_is_played_is_shown_and_stop_ends_it(opened, width, height, scheme):
    page, told = opened(width, height, scheme)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Start is the first thing that a keyboard reaches.
    for name in NAMES:
        page.locator("#note", has_text=re.compile(f"^{name}$")).wait_for()
        lit = page.locator("#keys i.lit")
        assert lit.count() == 1
        box = lit.bounding_box()
        assert 0 <= box["x"] <= width - box["width"]
    page.get_by_role("button", name="Stop").click()
    page.locator("#state", has_text=re.compile(r"^3 notes in \d")).wait_for()
    log = [line.split() for line in page.locator("#log").inner_text().splitlines() if line.strip()]
    assert [words[3] for words in reversed(log) if words[2] == "on"] == NAMES
    assert page.locator("#keys i.lit").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.get_by_role("button", name="Start").is_enabled()
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_serious_fault_of_access(playwright, address, scheme):
    with browser(playwright) as chromium:
        context = chromium.new_context(bypass_csp=True, color_scheme=scheme, viewport={"width": 390, "height": 844})
        page = context.new_page()
        page.goto(address)
        assert faults(page) == []


def test_a_wrong_token_is_said(opened, address):
    page, _ = opened(1280, 800, "light", at=re.sub("token=.*", "token=another-one", address))
    page.get_by_role("button", name="Start").click()
    page.locator("#state", has_text="token in the address is wrong").wait_for()
    assert page.get_by_role("button", name="Start").is_enabled()
