"""The practice page in a real browser: a fake microphone plays, and the page shows what was right.

Needs Chromium and Playwright (`make test-browser`). The server is a process of its own, as a player starts it.
"""

import contextlib
import re
import signal
import subprocess
import sys
from pathlib import Path

import axe_playwright_python
import numpy as np
import pytest
from browser.harness import OURS, browser, free_port

from pianolab import sound
from pianolab.piano import render
from pianolab.practice.library import Library
from pianolab.roll import Notes

pytest.importorskip("playwright", reason="playwright is not installed: make setup")
pytest.importorskip("verovio", reason="verovio is not installed: make setup")

from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.browser

SR = 44100
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
START_S, APART_S = 4.0, 0.8  # The first note sounds so long after the microphone was opened; then one after the other.
RIGHT = [("C", 4, 1, 1), ("D", 4, 1, 2), ("E", 4, 1, 3), ("G", 4, 1, 5)]  # Step, octave, quarter notes, finger.
LEFT = [("C", 3, 2, 5), ("G", 3, 2, 1)]


def note(step, octave, quarters, finger, staff):
    kind = {1: "quarter", 2: "half", 4: "whole"}[quarters]
    return (
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{quarters}</duration>"
        f"<type>{kind}</type><staff>{staff}</staff>"
        f"<notations><technical><fingering>{finger}</fingering></technical></notations></note>"
    )


def bar(number, right, left, more=""):
    """A bar of four quarter notes for both hands; an empty hand rests."""
    rest = '<note><rest measure="yes"/><duration>4</duration><staff>{}</staff></note>'
    written = ["".join(note(*one, staff) for one in notes) for staff, notes in ((1, right), (2, left))]
    hands = [notes or rest.format(staff) for staff, notes in enumerate(written, 1)]
    return f'<measure number="{number}">{more}{hands[0]}<backup><duration>4</duration></backup>{hands[1]}</measure>'


def score(title, *bars):
    first = (
        "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time><staves>2</staves>"
        '<clef number="1"><sign>G</sign><line>2</line></clef><clef number="2"><sign>F</sign><line>4</line></clef>'
        "</attributes>"
    )
    measures = "".join(bar(i + 1, *hands, first if i == 0 else "") for i, hands in enumerate(bars))
    return (
        f'<score-partwise version="4.0"><work><work-title>{title}</work-title></work><part-list><score-part id="P">'
        f'<part-name/></score-part></part-list><part id="P">{measures}</part></score-partwise>'
    )


@contextlib.contextmanager
def serving(library):
    """A server on a library: its program, and its address."""
    command = [sys.executable, "-m", "pianolab.practice", "--no-browser", "--detector", "fft_peak"]
    command += ["--library", str(library), "--port", str(free_port())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        yield program, next(re.search(r"http\S+", line)[0] for line in program.stdout if line.startswith("page:"))
        program.terminate()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The address of a server on a library of two tiny pieces: one hand after the other, and both at once."""
    folder = tmp_path_factory.mktemp("practice")
    library = Library(folder / "library")
    for title, bars in {"Turns": [(RIGHT, []), ([], LEFT)], "Both": [(RIGHT, LEFT), (RIGHT, LEFT)]}.items():
        (folder / f"{title}.musicxml").write_text(score(title, *bars))
        library.add(folder / f"{title}.musicxml")
    with serving(folder / "library") as (_, at):
        yield at


@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def opened(playwright, address, tmp_path):
    """Open the page in a browser whose microphone plays these keys, one after the other; no page may complain."""
    told, open_ones = [], []

    def open_at(keys=(), *, viewport=DESK, more="", piece="Turns"):
        onsets = START_S + APART_S * np.arange(len(keys))
        wav, silence = tmp_path / "played.wav", np.zeros(20 * SR, np.float32)
        played = render(Notes(onsets, onsets + 0.9 * APART_S, list(keys)), sr=SR, tail_s=20.0) if keys else silence
        sound.write(wav, 0.7 * played, sr=SR)
        chromium = browser(playwright, wav=wav)
        open_ones.append(chromium)
        page = chromium.__enter__().new_context(viewport=viewport, bypass_csp=more.endswith("axe")).new_page()
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(OURS) else told.append(request.url))
        page.goto(address + more)
        page.locator("#score .pages > svg").wait_for()
        page.select_option("#piece", label=piece)
        page.locator(f"#score .pages > svg[aria-label*={piece}]").wait_for()
        return page

    yield open_at
    for chromium in open_ones:
        chromium.__exit__(None, None, None)
    assert told == []


def start(page):
    page.get_by_role("button", name="Start").click()
    page.locator("[data-phase=playing]").wait_for(timeout=60_000)


def shapes(page, kind):
    return page.locator(f"#score .marks b.{kind}").all_inner_texts()


def faults(page):
    page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    found = page.evaluate("(rules) => axe.run({ runOnly: rules })", RULES)["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


def test_the_page_waits_through_a_whole_piece_and_a_report_ends_it(opened):
    page = opened([60, 62, 64, 67, 48, 55])
    assert shapes(page, "now") == ["▼"]
    start(page)
    page.locator("#words .next", has_text="Left hand: G3 (finger 1)").wait_for()
    assert shapes(page, "right") == ["✓"] * 5
    page.locator("#report .tile").first.wait_for()
    assert page.locator("#report .tile b").all_inner_texts() == ["✓", "✓"]
    assert "in all 6 of 6 notes were right" in page.locator("#report").inner_text()
    assert page.evaluate("document.activeElement.textContent") == "How it was"
    assert shapes(page, "right") == ["✓"] * 6
    page.get_by_role("button", name="Microphone off").click()
    page.locator("[data-phase=idle]").wait_for()


def test_a_wrong_note_is_named_with_the_way_to_the_right_one(opened):
    page = opened([60, 64, 62])
    start(page)
    page.locator("#words .heard", has_text="✗ You played E4, the score has D4").wait_for()
    assert "2 keys to the left" in page.locator("#words .heard").inner_text()
    assert shapes(page, "now") == ["✗"]
    assert page.locator("#keys .wrong").count() > 0
    page.locator("#words .next", has_text="E4 (finger 3)").wait_for()
    assert (shapes(page, "right"), shapes(page, "after")) == (["✓"], ["✗✓"])
    page.get_by_role("button", name="Stop").click()
    page.locator("#report .tile").first.wait_for()
    assert page.locator("#report .tile b").all_inner_texts() == ["✗", "–"]
    page.get_by_role("button", name="Practise bar 1 next").click()
    assert (page.input_value("#first"), page.input_value("#last"), page.is_checked("#loop")) == ("0", "0", True)


def test_a_passage_that_is_dragged_over_is_played_again_and_again(opened):
    page = opened([48, 55, 48, 55])
    box = page.locator("#score [data-class=measure]").nth(1).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], middle, steps=4)
    page.mouse.up()
    assert (page.input_value("#first"), page.input_value("#last"), page.is_checked("#loop")) == ("1", "1", True)
    assert page.locator("#score .passage").count() == 1
    start(page)
    page.locator("#words .heard", has_text="Played through 2 times").wait_for()
    page.locator("#words .next", has_text="C3").wait_for()


def test_with_the_beat_a_bar_is_counted_in_and_the_end_brings_the_report(opened):
    page = opened()
    page.get_by_role("radio", name="With the beat").check()
    start(page)
    page.locator("#metronome", has_text="Bar 2: 3 of 4").wait_for()
    assert page.locator("#metronome svg").is_visible()
    page.locator("#report .tile").first.wait_for()
    assert page.locator("#report .tile b").all_inner_texts() == ["–", "–"]
    assert "No note of this passage was heard." in page.locator("#report").inner_text()
    assert not page.locator("#metronome").is_visible()


def test_hands_are_practised_apart_and_the_other_one_is_shown(opened):
    page = opened(piece="Both")
    page.get_by_label("right", exact=True).check()
    start(page)
    page.locator("#words .next", has_text="Now: Right hand: C4 (finger 1).").wait_for()
    assert "Left hand" not in page.locator("#words").inner_text()
    assert (shapes(page, "now"), shapes(page, "beside")) == (["▼"], ["◇"])
    assert "The other hand: C3." in page.locator("#keys .keys").get_attribute("aria-label")


def test_the_keyboard_alone_is_enough_on_a_phone(opened):
    page = opened(viewport=PHONE)
    page.focus("#score")
    page.keyboard.press("ArrowRight")
    assert (page.input_value("#first"), page.input_value("#last")) == ("0", "0")
    page.keyboard.press("Shift+ArrowRight")
    assert (page.input_value("#first"), page.input_value("#last")) == ("0", "1")
    page.keyboard.press("End")
    assert (page.input_value("#first"), page.input_value("#last")) == ("1", "1")
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.id") == "start":
            break
    page.keyboard.press("Enter")
    page.locator("#words .next", has_text="C3").wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keys, view = page.locator("#keys").bounding_box(), page.locator("#words").bounding_box()
    assert view["y"] < keys["y"]
    page.locator("#stop").focus()
    page.keyboard.press("Enter")
    page.locator("[data-phase=resting]").wait_for()


def test_the_page_speaks_korean_and_has_no_serious_fault_of_access(opened):
    page = opened([60, 64], viewport=PHONE, more="&language=ko&as=axe")
    page.get_by_role("heading", name="피아노 연습").wait_for()
    page.locator("summary").first.click()
    assert faults(page) == []
    page.get_by_role("button", name="시작").click()
    page.locator("#words .heard", has_text="미4").wait_for(timeout=60_000)
    assert "레4" in page.locator("#words .heard").inner_text()
    assert faults(page) == []
    page.get_by_role("button", name="멈춤").click()
    page.get_by_role("heading", name="이렇게 연주했습니다").wait_for()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_microphone_that_is_refused_is_said_with_what_to_do(playwright, address):
    with browser(playwright, allow=False) as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.locator("#score .pages > svg").wait_for()
        page.get_by_role("button", name="Start").click()
        page.locator("#wrong", has_text="allow it in the address bar").wait_for()
        expect(page.get_by_role("button", name="Start")).to_be_enabled()


MARKED = """async () => {
  const [{ mount }, { Piece }] = await Promise.all([import("/static/js/score.js"), import("/static/js/piece.js")]);
  const Authorization = `Bearer ${new URLSearchParams(location.search).get("token")}`;
  const got = await (await fetch("/library/1/score?width=1600", { headers: { Authorization } })).json();
  const score = mount(document.getElementById("score"), (key) => key);
  score.open(new Piece(got), got.pages);
  const looked = [];
  const look = Element.prototype.getBoundingClientRect;
  Element.prototype.getBoundingClientRect = function () { looked[looked.length - 1] += 1; return look.call(this); };
  for (const n of [2, 6, 6]) {
    looked.push(0);
    score.mark(got.notes.slice(0, n).map(({ element }) => [element, "right", "✓"]));
  }
  Element.prototype.getBoundingClientRect = look;
  return looked;
}"""


def test_a_mark_that_stays_is_not_looked_up_again(opened):
    """Of a long piece hundreds of marks stay, and each look makes the browser lay out the page."""
    first, more, again = opened().evaluate(MARKED)
    assert first > 0
    assert more > again == 0


def test_who_plays_is_told_that_the_program_was_ended(playwright, tmp_path):
    library = Library(tmp_path / "library")
    (tmp_path / "Both.musicxml").write_text(score("Both", (RIGHT, LEFT)))
    library.add(tmp_path / "Both.musicxml")
    with serving(library.folder) as (program, at), browser(playwright) as chromium:
        page = chromium.new_page()
        page.goto(f"{at}&language=ko")
        page.locator("#score .pages > svg").wait_for()
        page.locator("#start").click()
        page.locator("[data-phase=playing]").wait_for(timeout=60_000)
        program.send_signal(signal.SIGINT)  # As Ctrl-C does.
        expect(page.locator("#wrong")).to_have_text("프로그램이 끝났습니다. 다시 시작하고, 보여 주는 주소를 여세요")
        assert page.get_attribute("body", "data-phase") == "idle"


def test_a_library_without_scores_is_told_again_by_start(playwright, tmp_path):
    with serving(Library(tmp_path / "library").folder) as (_, at), browser(playwright) as chromium:
        page = chromium.new_page(viewport=DESK)
        page.goto(at)
        page.locator("#about", has_text="No score is in your library yet").wait_for()
        page.locator("#start").click()
        expect(page.locator("#wrong")).to_contain_text("No score is in your library yet")
