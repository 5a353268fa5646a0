"""What is felt, in a real browser: on the page to try it, and while one practises with the beat.

Needs Chromium and Playwright (`make test-browser`). The server is a process of its own, as a user starts it; instead of
a motor there is a list of what the page asked for.
"""

import re
import subprocess
import sys
from itertools import pairwise

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make setup")
pytest.importorskip("verovio", reason="verovio is not installed: make setup")

from browser.harness import browser, free_port
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser

MOTOR = """
window.felt = [];
Object.defineProperty(navigator, 'vibrate', { value: (pattern) => { window.felt.push(pattern); return true; } });
window.lights = [];
new MutationObserver((changes) => changes.forEach(({ target, oldValue }) => {
  const lit = target.className === 'flash-frame lit';
  if (lit && oldValue === 'flash-frame') window.lights.push(performance.now());
})).observe(document, { subtree: true, attributes: true, attributeFilter: ['class'], attributeOldValue: true });
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of the page on a new library."""
    library = str(tmp_path_factory.mktemp("tryout") / "library")
    command = [sys.executable, "-m", "pianolab.practice", "--no-browser", "--library", library]
    with subprocess.Popen([*command, "--port", str(free_port())], stdout=subprocess.PIPE, text=True) as server:
        lines = iter(server.stdout.readline, "")
        found = next(filter(None, (re.search(r"http\S+", line) for line in lines)))
        yield found[0]
        server.terminate()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright, browser(playwright) as chromium:
        yield chromium


@pytest.fixture
def opened(chromium, address):
    """Opens the page, with what is asked of the browser; no error may come."""
    contexts, faults = [], []

    def open_page(language="en", *, path="/tryout", **settings):
        contexts.append(chromium.new_context(**{"viewport": {"width": 390, "height": 844}} | settings))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.add_init_script(MOTOR)
        page.goto(f"{address.replace('/?', path + '?')}&language={language}")
        page.locator("h2").first.wait_for()
        return page

    yield open_page
    assert faults == []
    for context in contexts:
        context.close()


def test_registers_are_felt_drawn_and_said_and_differ(opened):
    page = opened()
    for button in page.locator("#registers button").all():
        button.press("Enter")
        page.wait_for_timeout(400)  # So that no pattern runs into the next one.
    felt = page.evaluate("window.felt.map((pattern) => pattern.reduce((sum, ms) => sum + ms, 0))")
    assert len(felt) == 5
    assert felt == sorted(felt)  # From the highest register, the shortest, to the lowest.
    assert page.locator(".trail .trail-note").count() == 5
    expect(page.locator("#felt-words")).to_have_text(re.compile("Felt: very low: A0 to B1"))


def test_wishes_change_what_is_felt_and_are_kept(opened):
    page = opened()
    page.get_by_text("How it feels").click()
    page.get_by_label("Low and high notes differ by").select_option("count")
    page.get_by_label(re.compile("Strength")).press("End")
    page.locator("#registers button").first.click()
    assert page.evaluate("window.felt.at(-1).length") == 9  # Five pulses and the pauses between them.
    page.reload()
    page.get_by_text("How it feels").click()
    expect(page.get_by_label("Low and high notes differ by")).to_have_value("count")
    expect(page.get_by_text("Strength: 5 of 5")).to_be_visible()


def test_the_test_shows_no_register_before_the_answer(opened):
    page = opened()
    page.locator("#test-start").click()
    assert page.evaluate("window.felt.length") == 2  # What ran was stopped; then the first note.
    assert page.locator(".trail > *").count() == 0
    assert page.locator("#felt-words").inner_text() == page.locator("#test-said").inner_text() == ""
    for _ in range(10):
        page.locator("#test-answers button").nth(2).click()
    expect(page.locator("#test-now")).to_have_text("2 of 10 right; 4 were one register off.")
    expect(page.locator("#test-said")).to_have_text(re.compile("Guessing may give as many"))


def test_the_beat_is_felt_and_light_only_where_it_is_wished(opened):
    page = opened()
    page.locator("#beat").click()
    page.wait_for_timeout(1500)
    assert page.locator(".metronome-words").inner_text().startswith("Get ready: 2")
    assert page.evaluate("window.felt.length") == 2
    assert page.evaluate("window.lights.length") == 0
    page.locator("#flash input").check()
    page.wait_for_timeout(2200)
    lights = page.evaluate("window.lights")
    assert len(lights) in (2, 3)
    assert min(b - a for a, b in pairwise(lights)) > 333


def test_who_wants_little_motion_gets_no_ball_and_no_light(opened):
    page = opened(reduced_motion="reduce")
    page.locator("#beat").click()
    page.wait_for_timeout(300)
    assert page.locator("#flash input").is_disabled()
    assert not page.locator(".metronome-ball").is_visible()
    assert page.locator(".metronome-ring.now").count() == 1


def test_with_the_beat_notes_fall_and_both_hands_are_felt_in_their_places(opened):
    """Mary Had a Little Lamb, the first bar: the right hand has four notes, the left one note under them."""
    page = opened(path="/", viewport={"width": 1280, "height": 800})
    page.locator("#score .pages > svg").first.wait_for(timeout=30_000)
    page.select_option("#piece", label=page.locator("#piece option", has_text="Mary").inner_text())
    page.locator("#score .pages > svg[aria-label*=Mary]").first.wait_for(timeout=30_000)
    page.get_by_label("right", exact=True).check()
    page.locator("[name=mode][value=beat]").check()
    page.select_option("#last", "0")
    page.locator("#tempo").fill("30")
    page.get_by_text("More", exact=True).click()
    page.locator("#view-falling").check()
    page.get_by_label("Feel notes and beats").check()
    page.locator("#felt summary").click()
    page.get_by_label("Feel the other hand").check()
    page.get_by_role("button", name="Start").click()
    page.locator("[data-phase=playing]").wait_for(timeout=60_000)
    page.locator(".metronome-words", has_text="Bar 1: 1 of 4").wait_for(timeout=30_000)
    assert page.locator("canvas.falling").get_attribute("aria-label") == "Falling notes. Now: E4."
    page.locator(".metronome-words", has_text="Bar 1: 4 of 4").wait_for(timeout=30_000)
    assert page.locator(".trail .trail-note").count() == 4
    assert page.locator(".trail .trail-other").count() == 1
    assert page.evaluate("window.felt.length") >= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_speaks_korean_fits_a_phone_and_has_no_serious_fault(opened, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened("ko", color_scheme=scheme)
    page.get_by_role("heading", name="진동 시험해 보기").wait_for()
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.get_by_text("느끼는 방법").click()
    assert page.evaluate("document.documentElement.scrollWidth <= 390")
    serious = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert serious == []
