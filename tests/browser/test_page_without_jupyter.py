"""The page without Jupyter: the view knows its kernel by one interface only, so a responder in this process will do.

Needs Chromium and Playwright (`make test-browser`). A recording is heard, so no microphone is needed.
"""

import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from browser.harness import browser, widget_on

from pianolab import sound
from pianolab.live.chords import describe
from pianolab.live.responder import Responder
from pianolab.live.sources import file_sources
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
KEYS = [64, 67, 72]  # C major, first inversion
HELD = Notes(np.full(3, 0.5), np.full(3, 8.0), KEYS)


@pytest.fixture
def page(tmp_path):
    with opened(tmp_path, "neural") as page:
        yield page


@contextmanager
def opened(tmp_path, detector):
    """The page of a detector that can hear a chord; at the end nothing may have gone wrong in it."""
    from playwright.sync_api import sync_playwright

    y = 0.1 * render(HELD, sr=SR, piano="grand", tail_s=1.0)  # soft: no octave of a key is heard with it
    sound.write(tmp_path / "chord.wav", y, sr=SR)
    responder = Responder(detector, sources=file_sources([tmp_path / "chord.wav"]), folder=tmp_path / "takes")
    with sync_playwright() as playwright, browser(playwright) as chromium:
        page = chromium.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        widget_on(page, responder)
        yield page
        assert complaints == []


def test_a_chord_that_sounds_is_named_anew_in_the_language_that_was_chosen(page):
    page.locator(".pl-source").select_option("Recording: chord.wav")
    page.locator(".pl-start").click()
    page.wait_for_function("document.querySelector('.pl-cents').textContent === 'C major, first inversion'")
    page.locator(".pl-language").select_option("ko")
    spoken = describe(KEYS, language="ko")["texts"]["C4"]["spoken"]
    assert re.search("[가-힣]", spoken)
    page.wait_for_function("(spoken) => document.querySelector('.pl-cents').textContent === spoken", arg=spoken)
    assert page.locator(".pl-note").inner_text() == "C/E"
    assert page.locator(".pl-log li").first.inner_text().startswith("E4 G4 C5 · ")  # the name was told in English
    assert page.locator(".pl-source").input_value() == "Recording: chord.wav"
    page.locator(".pl-start").click()
    page.wait_for_selector(".pianolab[data-state=ready]")


def test_the_pedal_is_told_by_a_word_and_a_sign_in_both_languages(tmp_path):
    """The toy takes it for down while the chord sounds, which is the first second."""
    says = "(words) => document.querySelector('.pl-pedal').innerText.split(/\\s*\\n\\s*/).join(' ').trim() === words"
    with opened(tmp_path, f"{Path(__file__).parents[1] / 'live_toy.py'}:Pedalled") as page:
        assert not page.locator(".pl-pedal").is_visible()  # Nothing is heard yet.
        page.locator(".pl-source").select_option("Recording: chord.wav")
        page.locator(".pl-start").click()
        page.wait_for_function(says, arg="▼ sustain pedal: down, confidence 90 %")
        page.locator(".pl-language").select_option("ko")
        page.wait_for_function(says, arg="△ 서스테인 페달: 놓음, 신뢰도 90%")
        assert page.locator(".pl-pedal").evaluate("(node) => node.scrollWidth <= node.clientWidth")


def test_a_page_that_is_taken_away_ends_its_stream(page):
    page.locator(".pl-source").select_option("Recording: chord.wav")
    page.locator(".pl-start").click()
    page.wait_for_selector(".pianolab[data-state=running]")
    sent = page.evaluate("""() => {
      const sent = [];
      const answer = window.answer;
      window.answer = (message) => { sent.push(message.type); return answer(message); };
      window.close();
      return sent;
    }""")
    assert sent == ["stop"]


FOCUSED = """() => {
  const { className, classList } = document.activeElement;
  return `${className} ${[...document.querySelectorAll(`.${classList[0]}`)].indexOf(document.activeElement)}`;
}"""


def take(page):
    """Listen to the chord and stop, with the keyboard alone."""
    page.locator(".pl-source").select_option("Recording: chord.wav")
    page.locator(".pl-start").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.pl-chips li').length === 3")
    assert page.evaluate(FOCUSED) == "pl-start 0"
    page.keyboard.press("Space")
    page.wait_for_selector(".pianolab[data-state=ready] .pl-takes button")
    assert page.evaluate(FOCUSED) == "pl-start 0"


def test_the_keyboard_stays_on_the_button_that_was_pressed_or_on_what_comes_in_its_place(page):
    take(page)
    assert page.locator(".pl-status").inner_text() == "Stopped."  # No microphone was on.
    page.locator(".pl-labels").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".pl-editor tbody tr")
    assert page.evaluate(FOCUSED) == "pl-labels 0"
    first, last = page.locator(".pl-editor tbody tr").first, page.locator(".pl-editor tbody tr").last
    name, begins = first.locator("td").all_inner_texts()[:2]
    page.locator(".pl-shift").nth(3).focus()  # +100 ms
    page.keyboard.press("Enter")
    later = f"{float(begins) + 0.1:.3f}"
    last.get_by_text(later, exact=True).wait_for()
    assert last.locator("td").first.inner_text() == name  # The keys of a chord begin together, so now it is the last.
    assert page.evaluate(FOCUSED) == "pl-shift 11"  # of the same label
    page.locator(".pl-delete").nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.pl-editor tbody tr').length === 2")
    assert page.evaluate(FOCUSED) == "pl-delete 1"  # the last that is left
    page.locator(".pl-confirm").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.pl-take-name').textContent.includes('labels confirmed')")
    assert page.evaluate(FOCUSED) == "pl-confirm 0"
    page.locator(".pl-save").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.pl-take-name').textContent.includes('kept in')")
    assert page.evaluate(FOCUSED) == "pl-play 0"  # The button is gone: the first of its take.


def test_the_keyboard_goes_to_start_when_the_last_take_is_forgotten(page):
    take(page)
    page.locator(".pl-forget").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".pl-after", state="hidden")
    assert page.evaluate(FOCUSED) == "pl-start 0"


def test_labels_have_the_note_names_of_the_player(page):
    take(page)
    page.locator(".pl-labels").click()
    page.wait_for_selector(".pl-editor tbody tr")
    notes = page.locator(".pl-editor tbody tr td:first-child")
    assert sorted(notes.all_inner_texts()) == ["C5", "E4", "G4"]
    page.locator(".pl-style").select_option("도")
    assert sorted(notes.all_inner_texts()) == ["도5", "미4", "솔4"]
    assert re.match(" [도미솔][45] ", page.locator(".pl-editor .pl-unseen").first.text_content())


def test_a_value_that_is_refused_is_taken_back_and_the_next_is_accepted(page):
    page.locator(".pl-how > summary").click()
    page.locator(".pl-detector-a").locator("xpath=../..").locator("summary").click()
    tuning = page.get_by_label("Tuning: A4 in Hz")
    tuning.fill("600")
    tuning.press("Enter")
    page.wait_for_function("document.querySelector('.pl-status').textContent.startsWith('⚠')")
    assert tuning.input_value() == "440"
    assert page.locator(".pl-choices details").first.get_attribute("open") is not None
    page.locator(".pl-language").select_option("ko")  # The kernel's words for it were English.
    page.wait_for_function("document.querySelector('.pl-status').textContent === '화음과 양손을 듣습니다.'")
    page.locator(".pl-language").select_option("en")
    tuning.fill("442")
    tuning.press("Enter")
    page.wait_for_function("document.querySelector('.pl-status').textContent === 'Listens for chords, both hands.'")
    page.wait_for_timeout(500)
    assert tuning.input_value() == "442"
