"""The live view never shows what no longer holds, and is never silent about how it stands: in a real browser.

Needs Chromium and Playwright (`make test-browser`). What fails here is made to fail: kernels are stopped, killed or
slowed, the server is ended, the microphone gives zeros, the browser does not answer.
"""

import contextlib
import os
import re
import shutil
import signal
import time
from pathlib import Path

import nbclient
import nbformat
import numpy as np
import pytest
from browser.harness import TOKEN, Page, alert_of, browser, server, write_notebook
from nbformat.sign import NotebookNotary

from pianolab import sound
from pianolab.piano import render
from pianolab.places import comes_with
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
# A melody that goes on and on, and a note that is held while answers stop.
PLAYED = Notes(0.9 + 0.5 * np.arange(40), 1.35 + 0.5 * np.arange(40), [60, 64, 67, 72] * 10)
PID = "import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\n"
WIDGET = "from pianolab.live import Microphone\nm = Microphone(folder='takes')\nm"
SLOW = """
import time
from pianolab.detectors.yin import Yin
class Slow(Yin):
    name = "slow"
    def process(self, span):
        time.sleep(0.024 * span.n_frames)  # twice as long as the sound lasts
        return super().process(span)
"""
NOTEBOOKS = {
    "widget": [PID + WIDGET],
    "kept": [PID + WIDGET.replace("folder='takes'", "folder='takes', keep=True")],
    "two": [WIDGET, "from pianolab.live import Microphone\nMicrophone()"],
    "slow": [PID + WIDGET.replace("folder", "'slow.py:Slow', folder")],
    "blocked": [PID + WIDGET, "import time\ntime.sleep(3)"],
}
PLACES = [("lab", "frozen", "run the cell again"), ("voila", "frozen_page", "Reload the page")]
# A microphone for which the browser asks without end, and a sound that does not start.
ASKS = """
const media = navigator.mediaDevices;
const ask = media.getUserMedia.bind(media);
media.getUserMedia = (given) => new Promise((resolve) => { window.allow = () => ask(given).then(resolve); });
"""
NO_SOUND = "AudioContext.prototype.resume = () => new Promise(() => {});"
# From when on no key is lit, if it was so at that time or after it.
CLEARED = """(at) => {
  const clear = ({ lit, keys }) => !lit.some(Boolean) && !keys.length;
  const before = window.seen.frames.filter((frame) => frame.at <= at).at(-1);
  return before && clear(before) ? at : window.seen.frames.find((frame) => frame.at > at && clear(frame))?.at;
}"""
# Every cell has run: all have their number, and none its star.
RUN = """() => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets.filter(({ model }) => model.type === 'code');
  return cells.every(({ model }) => model.sharedModel.execution_count) && window.jupyterapp.shell.currentWidget
    .sessionContext.session.kernel.status === 'idle';
}"""
# When each alert came up and went away, looked at before every frame is painted.
ALERTS = """
window.alerts = [];
let before = '';
const watch = () => {
  requestAnimationFrame(watch);
  const now = [...document.querySelectorAll('.pl-alert strong')].map((alert) => alert.textContent).join('|');
  if (now !== before) window.alerts.push({ at: performance.now(), now });
  before = now;
};
requestAnimationFrame(watch);
"""


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    (folder / ".data").mkdir()
    sound.write(folder / "melody.wav", 0.7 * render(PLAYED, sr=SR, tail_s=3.0), sr=SR)
    tone = 0.3 * render(Notes([0.0], [2.0], [60]), sr=SR, tail_s=1.0)
    sound.write(folder / "zeros.wav", np.concatenate([np.zeros(7 * SR, np.float32), tone]), sr=SR)
    (folder / "slow.py").write_text(SLOW)
    for name, cells in NOTEBOOKS.items():
        write_notebook(folder / f"{name}.ipynb", *cells)
    return folder


@pytest.fixture(scope="module")
def lab(folder):
    with server("lab", folder, env={"JUPYTER_DATA_DIR": str(folder / ".data")}) as address:
        yield address


@pytest.fixture(scope="module")
def voila(folder):
    with server("voila", folder) as address:
        yield address


@pytest.fixture
def page(playwright, folder):
    """Opens a page with a microphone that plays a file."""
    with contextlib.ExitStack() as stack:

        def open_page(address, kind, *, wav="melody.wav", scripts=(), **options):
            chromium = stack.enter_context(browser(playwright, wav=folder / wav, **options))
            page = Page(chromium, address, kind)
            for script in (ALERTS, *scripts):
                page.page.add_init_script(script)
            return page

        yield open_page


def notes_seen(page, n):
    page.page.wait_for_function("(n) => window.seen.lines.length >= n", arg=n, timeout=20_000)


def lit(page):
    """The names on the pins of lit keys."""
    return list(filter(None, page.page.locator(".pl-pin").all_inner_texts()))


def now_ms(page):
    return page.page.evaluate("performance.now()")


def kernel_of(folder):
    return int((folder / "pid").read_text())


def microphone_is_off(page, timeout_s=10):
    page.page.wait_for_function("window.tracks.every((t) => t.readyState === 'ended')", timeout=1000 * timeout_s)


def alert_came(page, code, since_ms):
    """Seconds until the alert was painted."""
    (what,) = [text.removeprefix("⚠ ") for text in [page.page.locator(f"{alert_of(code)} strong").inner_text()]]
    at = page.page.evaluate(
        "([since, what]) => window.alerts.find(({ at, now }) => at > since && now.includes(what)).at", [since_ms, what]
    )
    return (at - since_ms) / 1000


def runs(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def gone_within(pid, seconds):
    end = time.monotonic() + seconds
    while runs(pid) and time.monotonic() < end:
        time.sleep(0.2)
    return not runs(pid)


# ---- answers stop


@pytest.mark.parametrize(("kind", "code", "remedy"), PLACES)
def test_answers_stop_keys_are_cleared_the_cause_is_named_and_the_take_is_listed(
    request, page, folder, kind, code, remedy
):
    here = page(request.getfixturevalue(kind), kind).open("widget.ipynb")
    here.start()
    notes_seen(here, 3)
    here.page.wait_for_function("[...document.querySelectorAll('.pl-pin')].some((pin) => pin.textContent)")
    pid = kernel_of(folder)
    stopped_ms = now_ms(here)
    os.kill(pid, signal.SIGSTOP)
    try:
        here.page.wait_for_selector(alert_of("silent"), timeout=3000)
        said_s = alert_came(here, "silent", stopped_ms)
        cleared_s = (here.page.evaluate(CLEARED, stopped_ms) - stopped_ms) / 1000
        assert max(said_s, cleared_s) < 1.0
        assert remedy in here.wait_trouble(code)
        assert alert_came(here, code, stopped_ms) < 5.0
        assert len(here.trouble()) == 1
        microphone_is_off(here, 1)
        assert "cut off" in here.page.locator(".pl-take-name").first.inner_text()
        assert lit(here) == []
    finally:
        os.kill(pid, signal.SIGCONT)
    here.page.wait_for_selector(".pl-alert", state="detached")  # The cause is past.
    here.page.wait_for_selector(".pl-takes .pl-play")
    row = here.page.locator(".pl-take-name").first.inner_text()
    assert here.page.locator(".pl-take-name").count() == 1
    assert "cut off" in row
    assert int(re.search(r" · (\d+) notes? · ", row)[1]) >= 3
    assert lit(here) == []  # What was answered late lights nothing.
    here.start()
    here.stop()


@pytest.mark.parametrize(("kind", "remedy"), [("lab", "Run the cell again"), ("voila", "Reload the page")])
def test_a_kernel_that_is_killed_is_named_and_what_was_kept_is_on_disk(request, page, folder, kind, remedy):
    here = page(request.getfixturevalue(kind), kind).open("kept.ipynb")
    before = set((folder / "takes").glob("*"))
    here.start()
    notes_seen(here, 3)
    os.kill(kernel_of(folder), signal.SIGKILL)
    microphone_is_off(here, 6)
    assert set(here.trouble()) & {"frozen", "frozen_page", "restarted", "restarted_page"}
    assert "cut off" in here.page.locator(".pl-take-name").first.inner_text()
    code = "restarted" if kind == "lab" else "restarted_page"
    assert remedy in here.wait_trouble(code)
    assert here.page.locator(".pianolab").get_attribute("data-state") == "lost"
    (take,) = set((folder / "takes").glob("*")) - before
    assert (take / "events.jsonl").read_text().count('"on"') >= 2


def test_a_server_that_is_gone_is_named_and_the_microphone_goes_off(page, folder):
    with server("voila", folder) as address:
        here = page(address, "voila").open("widget.ipynb")
        here.start()
        notes_seen(here, 2)
        gone_ms = now_ms(here)
    assert "start it again" in here.wait_trouble("offline")
    assert alert_came(here, "offline", gone_ms) < 15  # Servers take their time to end.
    microphone_is_off(here, 2)
    assert lit(here) == []


def test_a_pause_of_two_seconds_clears_the_keys_and_the_take_goes_on(page, folder, voila):
    here = page(voila, "voila").open("widget.ipynb")
    here.start()
    notes_seen(here, 2)
    pid = kernel_of(folder)
    os.kill(pid, signal.SIGSTOP)
    here.page.wait_for_selector(alert_of("silent"), timeout=3000)
    here.page.wait_for_timeout(800)
    os.kill(pid, signal.SIGCONT)
    here.page.wait_for_selector(alert_of("silent"), state="detached")
    assert "were left out" in here.wait_trouble("slow")  # How much was lost.
    here.page.wait_for_selector(alert_of("slow"), state="detached", timeout=15_000)
    n = len(here.seen("lines"))
    notes_seen(here, n + 2)
    here.stop()
    row = here.page.locator(".pl-take-name").first.inner_text()
    assert re.search(r"\d\.\d s of sound are missing", row)


# ---- a slow kernel


def test_a_slow_kernel_is_never_far_behind_and_what_it_lost_is_shown_and_marked(page, voila):
    here = page(voila, "voila").open("slow.ipynb")
    here.start()
    here.wait_trouble("slow")
    here.page.wait_for_timeout(8000)
    captured = np.array([(block["frame"] + block["n"], block["at"]) for block in here.seen("blocks")])
    counts = [(re.match(r"(\d+\.\d) s heard", shown["text"]), shown["at"]) for shown in here.seen("counts")]
    heard = np.array([(float(seconds[1]) * SR, at) for seconds, at in counts if seconds])
    stopped = here.stop()
    assert len(heard) > 8
    lag_s = (heard[:, 1] - np.interp(heard[:, 0], captured[:, 0], captured[:, 1])) / 1000
    assert np.max(lag_s) < 0.7  # 0.5 s; the seconds are rounded to 0.1, and a frame must be painted
    assert stopped["dropped"] > 0
    assert re.search(r"\d\.\d s of sound are missing", here.page.locator(".pl-take-name").first.inner_text())


# ---- the microphone and the browser


def test_a_microphone_that_gives_zeros_is_an_alert_until_it_gives_sound(page, voila):
    here = page(voila, "voila", wav="zeros.wav").open("widget.ipynb")
    here.start()
    assert "not even noise" in here.wait_trouble("zeros", timeout_s=8)
    here.page.wait_for_selector(alert_of("zeros"), state="detached", timeout=8000)
    notes_seen(here, 1)
    here.stop()


def test_a_permission_that_nobody_gives_is_named_within_eight_seconds_and_start_works_again(page, voila):
    here = page(voila, "voila", scripts=[ASKS]).open("widget.ipynb")
    here.page.locator(".pl-start").click()
    assert "waits for your answer" in here.wait_trouble("unanswered", timeout_s=8)
    here.page.wait_for_selector(".pianolab[data-state=ready]")
    here.page.evaluate("window.allow()")  # too late: that microphone is let go
    here.page.wait_for_selector(".pl-alert", state="detached")
    here.page.evaluate("Object.assign(navigator.mediaDevices, { getUserMedia: MediaDevices.prototype.getUserMedia })")
    here.start()
    notes_seen(here, 1)
    here.stop()


def test_a_sound_that_does_not_start_is_named_within_eight_seconds_and_start_works_again(page, voila):
    """As in a Firefox without a sound output."""
    script = "window.resume = AudioContext.prototype.resume;" + NO_SOUND
    here = page(voila, "voila", scripts=[script]).open("widget.ipynb")
    here.page.locator(".pl-start").click()
    assert "no loudspeaker" in here.wait_trouble("nosound", timeout_s=8)
    here.page.wait_for_selector(".pianolab[data-state=ready]")
    assert here.tracks() == []
    here.page.evaluate("() => { AudioContext.prototype.resume = window.resume; }")
    here.start()
    assert here.trouble() == []
    notes_seen(here, 1)
    here.stop()


def test_of_two_keyboards_on_a_page_the_second_says_that_the_first_holds_the_microphone(page, voila):
    here = page(voila, "voila").open("two.ipynb")
    here.page.wait_for_function("document.querySelectorAll('.pianolab[data-state=ready]').length === 2")
    starts = here.page.locator(".pl-start")
    starts.nth(0).click()
    here.page.wait_for_selector(".pianolab[data-state=running]")
    starts.nth(1).click()
    assert "Press Stop there" in here.wait_trouble("held")
    assert here.tracks() == ["live"]
    starts.nth(0).click()
    here.page.wait_for_selector(".pl-alert", state="detached")
    starts.nth(1).click()
    here.page.wait_for_selector(".pianolab[data-state=running]")
    starts.nth(1).click()


# ---- kernels end with their pages


def test_a_page_that_is_closed_ends_its_kernel(page, folder, voila):
    here = page(voila, "voila").open("widget.ipynb")
    here.start()
    pid = kernel_of(folder)
    assert runs(pid)
    here.page.close(run_before_unload=True)
    assert gone_within(pid, 10)


def test_a_kernel_whose_browser_crashed_is_ended_too(playwright, folder):
    soon = ["--MappingKernelManager.cull_idle_timeout=3", "--MappingKernelManager.cull_interval=1"]
    with server("voila", folder, more=soon) as address:
        with browser(playwright) as chromium:
            here = Page(chromium, address, "voila")
            here.page.add_init_script("navigator.sendBeacon = () => true;")
            here.open("widget.ipynb")
            pid = kernel_of(folder)
            here.page.wait_for_timeout(4000)
            assert runs(pid)  # As long as its page is there, it may be idle.
        assert gone_within(pid, 20)


def test_only_a_page_of_this_server_can_end_a_kernel(page, folder, voila):
    import urllib.error
    import urllib.request

    here = page(voila, "voila").open("widget.ipynb")
    address = f"{voila}/voila/api/shutdown/00000000-0000-0000-0000-000000000000?token={TOKEN}"
    for headers in ({}, {"Origin": "http://elsewhere.example"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(address, data=b"", headers=headers), timeout=10)
        assert refused.value.code in (403, 404)
    assert runs(kernel_of(folder))
    here.close()


# ---- JupyterLab


def test_a_saved_notebook_that_is_opened_again_says_what_to_do(page, folder, lab):
    """Its widget is gone: a line stands there. A widget whose state was saved, too, says it itself."""
    notary = NotebookNotary(data_dir=str(folder / ".data"))  # of a notebook that was run here, JupyterLab shows all
    for name, states in (("saved", False), ("states", True)):
        nb = nbformat.read(folder / "widget.ipynb", as_version=4)
        resources = {"metadata": {"path": str(folder)}}
        nbclient.NotebookClient(nb, store_widget_state=states, resources=resources).execute()
        nbformat.write(nb, folder / f"{name}.ipynb")
        notary.sign(nbformat.read(folder / f"{name}.ipynb", as_version=4))
    here = page(lab, "lab")
    here.load("saved.ipynb")
    here.page.wait_for_selector(".pl-saved")
    assert "run this cell again" in here.page.locator(".pl-saved").inner_text()
    here.command("notebook:run-all-cells")
    here.wait_ready()
    assert not here.page.locator(".pl-saved").is_visible()
    assert here.trouble() == []
    here.load("states.ipynb")
    assert "Run its cell again" in here.wait_trouble("reopened", timeout_s=20)
    here.command("notebook:run-all-cells")
    here.wait_ready()
    assert here.trouble() == []


def test_run_all_of_the_live_notebook_leaves_no_alert(page, folder, lab):
    shutil.copy(comes_with("notebooks") / "07_live_trial.ipynb", folder / "lesson.ipynb")
    here = page(lab, "lab")
    here.load("lesson.ipynb")
    here.command("notebook:run-all-cells")
    here.page.wait_for_function(RUN, timeout=120_000)
    here.page.wait_for_timeout(3000)
    views = here.page.locator(".pianolab")
    assert [view.get_attribute("data-state") for view in views.all()] == ["ready"] * views.count()
    assert views.count() >= 1  # JupyterLab draws what is in view
    assert here.trouble() == []
