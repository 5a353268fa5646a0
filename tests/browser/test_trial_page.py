"""A trial on the page: what is said while playing, what is said of the take, and the labels that a player corrects.

Needs Chromium and Playwright (`make test-browser`). A recording is heard, so no microphone is needed.
"""

from contextlib import contextmanager

import numpy as np
import pytest
from browser.harness import browser, widget_on

from pianolab import sound
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder
from pianolab.live.sources import file_sources
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
ASKED = "C4 D4 E4 F4 G4"
PLAYED = [60, 63, 64, 65, 79, 79]  # D#4 for D4, G5 for G4, and that one twice
TIMES = 0.5 + np.array([0, 0.75, 1.5, 2.25, 3.0, 3.35])


class Losing(Responder):
    """A kernel that lost some of the sound."""

    lost_s = 0.0

    def handle(self, content, buffers=()):
        answer, parts = super().handle(content, buffers)
        if isinstance(answer.get("take"), dict) and self.lost_s:
            answer["take"]["missing_s"] = self.lost_s
        return answer, parts


@contextmanager
def opened(tmp_path, lost_s=0.0):
    """The page of a trial, whose kernel lost so much of the sound; at the end nothing may have gone wrong in it."""
    from playwright.sync_api import sync_playwright

    y = 0.3 * render(Notes(TIMES, TIMES + np.array([0.6] * 4 + [0.3, 0.6]), PLAYED), sr=SR, tail_s=0.5)
    sound.write(tmp_path / "scale.wav", y, sr=SR)
    sources = file_sources([tmp_path / "scale.wav"])
    responder = Losing("fft_peak", prompt=Prompt.of(ASKED), sources=sources, folder=tmp_path / "takes")
    responder.lost_s = lost_s
    with sync_playwright() as playwright, browser(playwright) as chromium:
        page = chromium.new_page()
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        widget_on(page, responder)
        page.locator(".pl-source").select_option("Recording: scale.wav")
        yield page
        assert complaints == []


def told(page, words):
    page.wait_for_function(
        "(words) => document.querySelector('.pl-prompt-told').textContent.includes(words)", arg=words
    )


def stopped(page):
    page.wait_for_selector(".pianolab[data-state=ready] .pl-result", timeout=60_000)


def test_a_wrong_key_is_said_at_once_with_the_asked_one_and_the_prompt_goes_on(tmp_path):
    with opened(tmp_path) as page:
        page.locator(".pl-start").click()
        told(page, "D#4 was played, D4 was asked for")
        assert page.locator(".pl-prompt li.pl-next").inner_text() == "E4"
        told(page, "G5 was played, G4 was asked for: the right name in another octave")
        assert page.locator(".pl-prompt .pl-wrong").all_inner_texts() == ["✗ D4", "✗ G4"]
        assert page.locator(".pl-prompt .pl-done").all_inner_texts()[-1] == "✓ F4"
        stopped(page)
        page.locator(".pl-start").click()  # At Start the prompt begins anew.
        page.wait_for_function("document.querySelectorAll('.pl-prompt .pl-wrong').length === 0")
        assert page.locator(".pl-prompt-told").inner_text() == ""
        page.locator(".pl-start").click()
        page.wait_for_selector(".pianolab[data-state=ready]")


def test_the_heading_counts_extra_keys_and_each_mistake_has_its_name(tmp_path):
    with opened(tmp_path) as page:
        page.locator(".pl-start").click()
        stopped(page)
        assert page.locator(".pl-result").inner_text() == "3 of 5 keys right, 3 of them in time · 1 key too many"
        said = page.locator(".pl-report tbody tr td:first-child").all_inner_texts()[:6]
        assert said == ["✓ right", "✗ wrong", "✓ right", "✓ right", "✗ another octave", "+ struck twice"]
        assert page.locator(".pl-lost").count() == 0


def test_of_a_take_with_lost_sound_that_is_said_before_its_verdict(tmp_path):
    with opened(tmp_path, lost_s=1.5) as page:
        page.locator(".pl-start").click()
        stopped(page)
        first = page.locator(".pl-report > *").first
        assert first.inner_text().startswith("⚠ 1.5 s of the sound were lost")


def test_a_label_gets_another_key_and_a_note_is_added_with_the_keyboard_alone(tmp_path):
    with opened(tmp_path) as page:
        page.locator(".pl-start").click()
        stopped(page)
        page.locator(".pl-labels").first.click()
        rows = page.locator(".pl-editor tbody tr")
        rows.first.wait_for()
        assert [row.split()[0] for row in rows.all_inner_texts()] == ASKED.split()
        rows.nth(1).locator(".pl-pitch").nth(2).focus()  # one key higher
        page.keyboard.press("Enter")
        rows.nth(1).get_by_text("D#4", exact=True).wait_for()
        assert page.evaluate("document.activeElement.className") == "pl-pitch"
        page.locator(".pl-add-key").select_option("79")
        page.locator(".pl-add-at").fill("3.85")
        page.locator(".pl-add").focus()
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelectorAll('.pl-editor tbody tr').length === 6")
        assert rows.nth(5).inner_text().split()[:2] == ["G5", "3.850"]
        page.locator(".pl-confirm").click()
        page.wait_for_function("document.querySelector('.pl-take-name').textContent.includes('labels confirmed')")
