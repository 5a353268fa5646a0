"""The page of `make live`: what a player who does not hear sees of it, on a phone, at 200 % zoom, in light and dark.

Needs Chromium and Playwright (`make test-browser`). The first tests open the page that Voila serves; the others put the
widget on an empty page over a responder of this process, which hears a recording, so they need no server.
"""

import re
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest
from browser.harness import TOKEN, browser, server, widget_on

from pianolab import sound
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder
from pianolab.live.sources import file_sources
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.texts.catalogue import LANGUAGES, say

pytestmark = pytest.mark.browser

SR = 44100
KEYS = [60, 66, 72, 79, 84]  # C4, F#4, C5, G5, C6
MELODY = Notes(0.8 + 1.3 * np.arange(5), 2.0 + 1.3 * np.arange(5), KEYS)
MIDDLE_C = Notes([2.0, 4.0], [3.5, 5.5], [60, 60])
# A page of 1280 x 800 at 200 % zoom has 640 x 400 pixels of the style sheet.
SIZES = {"wide": (1280, 800), "phone": (390, 844), "zoomed": (640, 400)}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
LEAST_CONTRAST = 3.0  # WCAG 1.4.11: what one must see to understand a picture


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("player")
    for name, notes in (("melody", MELODY), ("middle_c", MIDDLE_C)):
        sound.write(folder / f"{name}.wav", 0.7 * render(notes, sr=SR, tail_s=3.0), sr=SR)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with server("player", folder) as address:
        yield f"{address}/?token={TOKEN}"


@pytest.fixture(scope="module")
def chromium(playwright, folder):
    with browser(playwright, wav=folder / "middle_c.wav") as chromium:
        yield chromium


@contextmanager
def opened(chromium, *, size="wide", dark=False):
    """An empty page; in the end nothing may have left the machine, and no error may have come up."""
    width, height = SIZES[size]
    scheme = "dark" if dark else "light"
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page, complaints = context.new_page(), []
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    ours = ("http://127.0.0.1", "data:", "blob:", "about:")
    page.on("request", lambda request: None if request.url.startswith(ours) else complaints.append(request.url))
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


@contextmanager
def listening(chromium, folder, *, prompt=None, asks=(), **how):
    """The widget with a recording as its input, ready."""
    sources = file_sources([folder / "melody.wav"])
    asked = None if prompt is None else Prompt.of(prompt)
    options = {
        "sources": sources,
        "folder": folder / "takes",
        "prompt": asked,
        "asks": [Prompt.of(one) for one in asks],
    }
    responder = Responder("fft_peak", **options, language="en")
    with opened(chromium, **how) as page:
        widget_on(page, responder)
        page.locator(".pl-source").select_option("Recording: melody.wav")
        yield page
    responder.close()


def start(page, heard="C4"):
    """Start, and wait until this key stands in the list of notes."""
    page.locator(".pl-start").click()
    page.wait_for_selector(f".pl-log li:has-text('{heard} ')")


def stop(page):
    page.locator(".pl-start").click()
    page.wait_for_selector(".pianolab[data-state=ready]")


def box(page, selector):
    """Left, top, right and bottom of what a selector names first."""
    at = page.locator(selector).first.evaluate("(node) => node.getBoundingClientRect().toJSON()")
    return [at[side] for side in ("left", "top", "right", "bottom")]


# Where things stand and how they look at the moment at which a key is lit; false before it.
LOOK = """([name, selectors]) => {
  const pins = [...document.querySelectorAll('.pl-pin:not(.pl-asked)')].map((pin) => pin.textContent);
  const nodes = selectors.map((selector) => document.querySelector(selector));
  if (!pins.includes(name) || nodes.includes(null)) return false;
  return Object.fromEntries(nodes.map((node, i) => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    const { fill, fontSize } = getComputedStyle(node);
    return [selectors[i], { left, top, right, bottom, fill, size: parseFloat(fontSize), text: node.textContent }];
  }));
}"""


def lit(page, name, selectors):
    """What LOOK sees as soon as this key is lit."""
    return page.wait_for_function(LOOK, arg=[name, selectors]).json_value()


def luminance(colour):
    """Relative luminance of 'rgb(r, g, b)', as WCAG 2 defines it."""
    parts = np.array([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def style(page, selector, name):
    return page.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name)


def serious(page, place=".pianolab"):
    """What axe-core finds wrong there: 'rule: element' for all that is serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found = page.evaluate("([place, options]) => axe.run(place, options)", [place, options])
    assert len(found["passes"]) > 5
    wrong = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in wrong for node in rule["nodes"]]


# ---- the page of `make live`


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_it_loads_the_page_says_what_it_waits_for_and_then_shows_the_view_alone(chromium, address, language):
    with opened(chromium, dark=language == "ko") as page:
        page.add_init_script(f"localStorage.setItem('pianolab-language', '{language}')")
        page.goto(address, wait_until="commit")
        page.wait_for_selector("#loading h1:visible")
        assert serious(page, "#loading") == []
        waits = page.locator("#loading").inner_text()
        assert waits.startswith(say("live.loading.title", language))
        assert any(say(f"live.loading.{step}", language) in waits for step in ("page", "program", "browser"))
        page.wait_for_selector(".pianolab[data-state=ready]")
        assert page.locator("#loading").count() == 0
        assert page.locator("html").get_attribute("lang") == page.locator(".pianolab").get_attribute("lang") == language
        assert page.locator("[role=main]").inner_text().strip() == page.locator(".pianolab").inner_text().strip()
        assert page.title() == "pianolab"
        assert serious(page, "html") == []


def test_the_page_is_dark_where_the_system_is_and_changes_with_it(chromium, address):
    with opened(chromium, dark=True) as page:
        page.goto(address)
        page.wait_for_selector(".pianolab[data-state=ready]")
        for scheme in ("dark", "light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for place in ("body", ".pianolab"):
                back = style(page, place, "backgroundColor")
                assert (luminance(back) < 0.1) == (scheme == "dark"), place
                assert contrast(back, style(page, place, "color")) > 7


def test_the_set_up_check_hears_middle_c_judges_the_loudness_and_leaves_no_take(chromium, address):
    with opened(chromium, size="phone") as page:
        page.goto(address)
        page.wait_for_selector(".pianolab[data-state=ready]")
        text = page.locator(".pl-check-text")
        assert text.inner_text() == say("page.check.offer")
        page.locator(".pl-check-begin").click()
        page.wait_for_selector(".pianolab[data-state=running]")
        assert text.inner_text() == say("page.check.play", name="C4")
        assert page.locator(".pl-asked").inner_text() == "C4"
        page.wait_for_selector(".pl-check[data-check=heard]")
        assert re.fullmatch(r"✓ I hear you: C4, \d+ % sure. The loudness is good.", text.inner_text())
        page.locator(".pl-check-done").click()
        page.wait_for_selector(".pianolab[data-state=ready]")
        assert page.locator(".pl-check").is_hidden()
        assert page.locator(".pl-check-again").is_visible()
        assert page.locator(".pl-takes li").count() == 0
        assert page.locator(".pl-alert").count() == 0


# ---- the widget, wherever it stands


@pytest.mark.parametrize("prompt", [None, "D4 F#4 C5"], ids=["free", "trial"])
@pytest.mark.parametrize("size", ["phone", "zoomed"])
def test_the_note_its_certainty_and_the_keys_stand_in_the_first_screen(chromium, folder, size, prompt):
    with listening(chromium, folder, size=size, prompt=prompt) as page:
        page.locator(".pl-start").click()
        seen = lit(page, "C4", [".pl-start", ".pl-note", ".pl-sure-text", ".pl-keyboard svg", ".pl-octaves"])
        width, height = SIZES[size]
        for selector, one in seen.items():
            assert 0 <= one["left"] < one["right"] <= width, selector
            assert 0 <= one["top"] < one["bottom"] <= height, selector
        assert seen[".pl-note"]["text"] == "C4"
        assert seen[".pl-note"]["size"] > 40  # pixels: large enough to be read from the piano's bench
        assert re.fullmatch(r"\d+ %", seen[".pl-sure-text"]["text"])
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("size", SIZES)
def test_after_stop_the_verdict_comes_first(chromium, folder, size):
    with listening(chromium, folder, size=size, prompt="C4 F#4 C5 G5 C6") as page:
        start(page, "C6")
        assert page.locator(".pl-report").is_hidden()
        stop(page)
        page.wait_for_selector(".pl-result")
        bottom = box(page, ".pl-result")[3]
        assert bottom <= SIZES[size][1]
        for later in (".pl-prompt", ".pl-listener", ".pl-tools", ".pl-takes"):
            assert bottom <= box(page, later)[1], later
        start(page)
        assert page.locator(".pl-report").is_hidden()  # What is over is not shown beside what sounds.


def test_the_player_chooses_what_to_play_and_is_judged_by_it(chromium, folder):
    with listening(chromium, folder, asks=["C4 F#4 C5", "C4 F#4 C5 G5 C6"]) as page:
        assert page.locator(".pl-prompt").is_hidden()
        page.locator(".pl-ask").select_option("C4 F#4 C5 G5 C6")
        page.wait_for_selector(".pl-prompt h3:text-is('Play: C4 F#4 C5 G5 C6')")
        start(page, "C6")
        assert page.locator(".pl-ask").is_disabled()
        stop(page)
        page.wait_for_selector(".pl-result")
        assert page.locator(".pl-result").inner_text().startswith("5 of 5 keys right")
        page.locator(".pl-ask").select_option("")
        page.wait_for_selector(".pl-prompt", state="hidden")
        assert page.locator(".pl-report").is_hidden()  # It was about what was asked before.


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_lit_key_is_told_from_white_and_black_ones_and_nothing_covers_it(chromium, folder, dark):
    with listening(chromium, folder, size="phone", dark=dark) as page:
        page.locator(".pl-start").click()
        for name, kind in (("C4", "white"), ("F#4", "black")):
            key, white, black = (f"rect.{kind}.lit", "rect.white:not(.lit)", "rect.black:not(.lit)")
            seen = lit(page, name, [key, white, black, "rect.level:not([height='0'])"])
            bar = seen.pop("rect.level:not([height='0'])")
            for other in (white, black):
                assert contrast(seen[key]["fill"], seen[other]["fill"]) > LEAST_CONTRAST, (kind, other)
            assert bar["top"] >= seen[white]["bottom"]  # in front of the keys, never on them
            if kind == "black":
                wide, narrow = (seen[one]["right"] - seen[one]["left"] for one in (key, black))
                assert wide > 1.5 * narrow


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_state_of_the_page_stands_in_anybody_s_way(chromium, folder, size, dark):
    """Idle, listening, after Stop, and with an alert: a page without an address may not have a microphone."""
    with listening(chromium, folder, size=size, dark=dark, prompt="C4 F#4 C5 G5 C6") as page:
        assert serious(page) == [], "idle"
        start(page)
        assert serious(page) == [], "listening"
        stop(page)
        page.wait_for_selector(".pl-result")
        assert serious(page) == [], "after Stop"
        page.locator(".pl-source").select_option("")
        page.locator(".pl-start").click()
        page.wait_for_selector(".pl-alert")
        assert serious(page) == [], "alert"
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
