"""A student opens a lesson in JupyterLab, runs all of it, moves a slider, and the picture changes.

Needs Chromium and Playwright (`make test-browser`). The kernel, the server and the browser are real; the microphone is
not used. No request may leave the machine and nothing may be complained of on the console.
"""

import base64
import shutil
from pathlib import Path

import pytest
from browser.harness import Page, browser, server

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = ("02_fourier_and_stft", "04_yin_step_by_step")
RUN_S = 120

pytestmark = pytest.mark.browser

# The cell with the first slider, and how far the notebook has been run.
STATE = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const cells = [...panel.content.widgets].filter((cell) => cell.model.type === 'code');
  const outputs = (cell) => cell.model.outputs.toJSON();
  return {
    waiting: cells.filter((cell) => cell.model.executionCount === null).length,
    errors: cells.flatMap(outputs).filter((o) => o.output_type === 'error').map((o) => o.evalue),
    pictures: cells.flatMap(outputs).filter((o) => o.data && 'image/png' in o.data).length,
    slider: panel.content.widgets.findIndex((cell) => cell.model.type === 'code' &&
      outputs(cell).some((o) => o.data && 'application/vnd.jupyter.widget-view+json' in o.data)),
    idle: panel.sessionContext.session?.kernel?.status === 'idle',
  };
}"""
CLEAR = (
    "() => { for (const cell of window.jupyterapp.shell.currentWidget.content.widgets) cell.model.clearExecution?.(); }"
)
SCROLL = """(i) => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = i;
  return notebook.scrollToItem(i, 'center');
}"""
BYTES = """async (image) => {
  const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}"""


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, browser(playwright) as chromium:
        yield chromium


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    for name in LESSONS:
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", folder)
    with server("lab", folder) as address:
        yield address


def state_when(page, what, is_so):
    """The notebook's state once it is so; fails with the last one after RUN_S."""
    for _ in range(4 * RUN_S):
        state = page.page.evaluate(STATE)
        assert state["errors"] == []
        if is_so(state):
            return state
        page.page.wait_for_timeout(250)
    pytest.fail(f"not {what} after {RUN_S} s: {state}")


def picture(image):
    """What a picture shows, as the bytes of its PNG."""
    data = base64.b64decode(image.evaluate(BYTES))
    assert data.startswith(b"\x89PNG")
    return data


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_moved_slider_changes_the_picture(chromium, lab, lesson):
    page = Page(chromium, lab, "lab")
    try:
        page.load(f"{lesson}.ipynb")
        page.page.evaluate(CLEAR)
        state_when(page, "cleared", lambda s: s["waiting"] > 5 and s["pictures"] == 0)
        page.command("notebook:run-all-cells")
        state = state_when(page, "run", lambda s: s["waiting"] == 0 and s["idle"])
        assert state["pictures"] >= 5
        assert state["slider"] >= 0

        page.page.evaluate(SCROLL, state["slider"])
        cell = page.page.locator(".jp-Cell.jp-mod-active")
        image, handle = cell.locator(".widget-image"), cell.locator(".noUi-handle").first
        image.wait_for(state="visible")
        before, looked = picture(image), image.screenshot()
        handle.focus()
        handle.press("ArrowRight")
        for _ in range(40):
            page.page.wait_for_timeout(250)
            if picture(image) != before:
                break
        assert picture(image) != before
        page.page.wait_for_timeout(250)
        assert image.screenshot() != looked

        stills = cell.locator(".jp-OutputArea-child > .jp-RenderedImage")
        assert stills.count() == 1
        assert not stills.first.is_visible()
        assert page.console == []
        assert page.outside == []
    finally:
        page.close()
