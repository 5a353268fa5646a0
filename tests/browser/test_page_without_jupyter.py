"""The page without Jupyter: the view knows its kernel by one interface only, so a responder in this process will do.

Needs Chromium and Playwright (`make test-browser`). A recording is heard, so no microphone is needed.
"""

import base64
import re

import numpy as np
import pytest
from browser.harness import browser

from pianolab import sound
from pianolab.live.chords import describe
from pianolab.live.responder import Responder
from pianolab.live.sources import file_sources
from pianolab.live.widget import Microphone
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
KEYS = [64, 67, 72]  # C major, first inversion
HELD = Notes(np.full(3, 0.5), np.full(3, 8.0), KEYS)
# What anywidget gives a page, over a function of this process instead of a comm.
START = """async ([code, css]) => {
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
  let handler;
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const model = {
    on: (name, given) => { handler = given; },
    off: () => { handler = null; },
    send: (message) => { window.answer(message).then(([content, buffers]) => handler?.(content, buffers.map(bytes))); },
  };
  window.close = module.default.render({ model, el: document.body });
}"""


@pytest.fixture
def page(tmp_path):
    from playwright.sync_api import sync_playwright

    y = 0.2 * render(HELD, sr=SR, piano="felt", tail_s=1.0)  # soft: no octave of a key is heard with it
    sound.write(tmp_path / "chord.wav", y, sr=SR)
    responder = Responder("neural", sources=file_sources([tmp_path / "chord.wav"]))

    def answer(message):
        content, buffers = responder.handle(message)
        return [content, [base64.b64encode(bytes(buffer)).decode() for buffer in buffers]]

    with sync_playwright() as playwright, browser(playwright) as chromium:
        page = chromium.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.expose_function("answer", answer)
        page.set_content("<!DOCTYPE html><title>live</title>")
        page.evaluate(START, [str(Microphone._esm), str(Microphone._css)])
        page.wait_for_selector(".pianolab[data-state=ready]")
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
