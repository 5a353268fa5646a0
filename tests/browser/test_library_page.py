"""The page of the library in a real browser: files accepted and refused, found, shown, changed and removed.

Needs Chromium and Playwright (`make test-browser`). The server is a process of its own, as a user starts it.
"""

import re
import subprocess
import sys

import pytest

from pianolab.places import comes_with

pytest.importorskip("playwright", reason="playwright is not installed: make setup")
pytest.importorskip("verovio", reason="verovio is not installed: make setup")

from browser.harness import browser, free_port
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser

PIECES = comes_with("data") / "pieces"


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright, browser(playwright) as chromium:
        yield chromium


@pytest.fixture
def address(tmp_path):
    """The address of a server on an empty library."""
    command = [
        sys.executable,
        "-m",
        "pianolab",
        "library",
        "page",
        "--no-browser",
        "--library",
        str(tmp_path / "shelf"),
    ]
    with subprocess.Popen([*command, "--port", str(free_port())], stdout=subprocess.PIPE, text=True) as server:
        yield re.search(r"http\S+", server.stdout.readline())[0]
        server.terminate()


@pytest.fixture
def page(chromium, address):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, accept_downloads=True)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(address)
    page.get_by_text("Nothing is in your library yet.").wait_for()
    yield page
    assert page.faults == []
    context.close()


def test_a_score_goes_in_is_found_shown_changed_fetched_and_removed(page):
    page.set_input_files("#file", [PIECES / "arirang.musicxml", PIECES / "doraji.musicxml"])
    page.get_by_text("Added: Arirang, one of its variants, Doraji").wait_for(timeout=30_000)
    page.fill("#words", "도라지")
    expect(page.locator("#items h2")).to_have_count(1)
    assert page.locator("#items h2").inner_text() == "Doraji (도라지)"
    page.get_by_role("button", name="Open: Doraji").click()
    page.locator("#shown svg").first.wait_for()
    assert page.locator("#shown [data-class=note]").count() > 100
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Change: Doraji").click()
    page.fill("#change [name=title]", "My Doraji")
    page.fill("#change [name=grade]", "2")
    page.keyboard.press("Enter")
    page.get_by_text("Changed: My Doraji").wait_for()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download: My Doraji").click()
    assert fetched.value.path().read_bytes() == (PIECES / "doraji.musicxml").read_bytes()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove: My Doraji").click()
    page.get_by_text("Removed: My Doraji").wait_for()
    page.fill("#words", "")
    expect(page.locator("#items h2")).to_have_text(["Arirang, one of its variants (아리랑)"])


def test_what_is_refused_or_there_already_is_said_and_is_not_in_the_list(page, tmp_path):
    (tmp_path / "evil.mid").write_bytes(b'<!DOCTYPE a [<!ENTITY b "c">]><score-partwise/>')
    page.set_input_files("#file", [tmp_path / "evil.mid", PIECES / "twinkle.musicxml", PIECES / "twinkle.musicxml"])
    page.get_by_text("Added: Ah, vous").wait_for(timeout=30_000)
    wrong = page.locator("#wrong").inner_text()
    assert "This file was not taken. evil.mid declares entities" in wrong
    assert page.locator("#items h2").count() == 1
    page.set_input_files("#file", PIECES / "twinkle.musicxml")
    page.get_by_text("This file is there already.").first.wait_for(timeout=30_000)


def test_the_page_speaks_korean_is_usable_and_fits_a_phone(page):
    from axe_playwright_python.sync_playwright import Axe

    page.set_input_files("#file", PIECES / "twinkle.musicxml")
    page.locator("#items h2").wait_for(timeout=30_000)
    page.select_option("#language", "ko")
    page.get_by_role("heading", name="내 자료실").wait_for()
    page.locator("#items h2").wait_for()
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert page.evaluate("document.documentElement.scrollWidth <= 390")
    serious = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert serious == []


def test_without_the_token_nothing_is_shown(chromium, address):
    page = chromium.new_page()
    answer = page.goto(address.partition("?")[0])
    assert answer.status == 403
    assert "token" in page.inner_text("body")
    page.close()
