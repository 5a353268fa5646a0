"""The live view over a long time, in a tab that is hidden, and at other rates of the microphone, in Chromium.

Needs Chromium, and Xvfb for the tab that is really hidden (`make test-browser`). Playwright tells every page that it is
seen, so that one is driven over DevTools alone. The ten minutes are marked slow:
`.venv/bin/python -m pytest -m "browser and slow" tests/browser`.
"""

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import websocket
from browser.driven import Driven, ended, until
from browser.harness import CHROMIUM, FLAGS, TOKEN, WATCH, Page, browser, free_port, server, write_notebook

from pianolab import sound
from pianolab.piano import render
from pianolab.roll import Notes

pytestmark = pytest.mark.browser

SR = 44100
NAMES = ["C4", "E4", "G4", "C5", "A4", "F4", "D4", "B3"]
MELODY = Notes(0.9 + 0.5 * np.arange(8), 1.35 + 0.5 * np.arange(8), [60, 64, 67, 72, 69, 65, 62, 59])
WIDGET = (
    "import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\n"
    "from pianolab.live import Microphone\nm = Microphone('fft_peak', folder='takes', keep=True)\nm"
)
# The page asks for no rate, so it gets the microphone's: this one.
RATE = """
window.AudioContext = class extends AudioContext {
  constructor(given = {}) { super({ sampleRate: window.rate, ...given }); }
};
"""


@pytest.fixture(scope="module")
def playwright():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("long")
    melody = 0.7 * render(MELODY, sr=SR, tail_s=2.0)
    room = 3e-4 * np.random.default_rng(0).standard_normal(40 * SR, np.float32)  # nobody plays; zeros would be an alert
    sound.write(folder / "melody.wav", np.concatenate([melody, room]), sr=SR)
    sound.write(folder / "long.wav", np.tile(melody, 1 + 700 * SR // len(melody)), sr=SR)
    write_notebook(folder / "widget.ipynb", WIDGET)
    return folder


@pytest.fixture(scope="module")
def voila(folder):
    with server("voila", folder) as address:
        yield address


def test_a_microphone_of_any_usual_rate_is_heard(playwright, folder, voila):
    with browser(playwright, wav=folder / "melody.wav") as chromium:
        page = Page(chromium, voila, "voila")
        page.page.set_default_timeout(180_000)
        page.page.add_init_script(RATE)
        page.open("widget.ipynb")
        for sr in (16000, 44100, 48000, 96000):
            page.page.evaluate("(sr) => { window.rate = sr; window.seen.lines = []; }", sr)
            page.start()
            assert f"at {sr} Hz" in page.page.locator(".pl-rate").text_content()
            page.page.wait_for_function("(n) => window.seen.lines.length >= n", arg=len(NAMES))
            page.page.wait_for_timeout(500)
            stopped = page.stop()
            assert (sr, page.notes()) == (sr, NAMES)
            lit = [list(filter(None, line["lit"])) for line in page.seen("lines")]  # when a note came into the list
            assert (sr, lit) == (sr, [[name] for name in NAMES])
            assert stopped["missing"] == 0
            assert page.trouble() == []
        assert page.outside == []


class Tab(Driven):
    """A tab of a Chromium with windows, over DevTools."""

    def __init__(self, port):
        self.port = port
        (self.target,) = until(lambda: [t for t in self.ask("list") if t["type"] == "page"], what="a tab")
        self.socket = websocket.create_connection(self.target["webSocketDebuggerUrl"], timeout=60, suppress_origin=True)
        self.sent = 0
        self.command("Page.enable")
        self.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    def ask(self, what, method="GET"):
        """A request to the browser, outside of its tabs."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/{what}", method=method)
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read().decode()
            return json.loads(text) if text.startswith(("[", "{")) else text
        return []

    def command(self, method, **params):
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.sent:
                return message["result"]

    def evaluate(self, expression):
        code = f"(async () => (await ({expression})) ?? null)()"
        answer = self.command("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"]["value"]

    def click(self, selector):
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@contextlib.contextmanager
def screen(folder):
    """An X server without a screen; yields its DISPLAY."""
    if shutil.which("Xvfb") is None:
        missing = "no Xvfb on the PATH: install xvfb"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    number = folder / "display"
    # The shell hands the descriptor on that Xvfb writes its number to.
    command = ["sh", "-c", 'exec Xvfb -displayfd 3 -nolisten tcp -screen 0 1280x900x24 3>"$0"', str(number)]
    with ended(command, env=dict(os.environ), output=folder / "xvfb.out"):
        yield ":" + until(lambda: number.exists() and number.read_text().strip(), what="Xvfb")


@contextlib.contextmanager
def tab_of_a_window(wav):
    """Chromium with a window, as a player has it, whose fake microphone plays a file."""
    if CHROMIUM is None:
        missing = "no Chromium on the PATH: install chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        with screen(folder) as display:
            command = [CHROMIUM, *(flag for flag in FLAGS if not flag.startswith("--headless"))]
            command += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
            command += [f"--use-file-for-fake-audio-capture={wav}%noloop", f"--user-data-dir={folder / 'profile'}"]
            command += [f"--remote-debugging-port={port}", "about:blank"]
            env = {**os.environ, "DISPLAY": display, "HOME": name}
            with ended(command, env=env, output=folder / "chromium.out"):
                yield Tab(port)


def test_a_hidden_tab_says_so_hears_all_or_counts_what_it_lost_and_shows_no_old_key(folder, voila):
    with tab_of_a_window(folder / "melody.wav") as tab:
        tab.command("Page.navigate", url=f"{voila}/voila/render/widget.ipynb?token={TOKEN}")
        tab.wait("document.readyState === 'complete' && !!window.seen")
        tab.wait_ready()
        tab.start()
        tab.wait("window.seen.frames.at(-1).lit.some(Boolean)")
        assert tab.evaluate("document.visibilityState") == "visible"
        tab.ask(f"new?{urllib.parse.quote('about:blank')}", "PUT")  # another tab, in front of it
        tab.wait("document.visibilityState === 'hidden'")
        time.sleep(9)  # The melody ends meanwhile.
        tab.evaluate("void document.addEventListener('visibilitychange', () => { window.back = performance.now(); })")
        tab.ask(f"activate/{tab.target['id']}")
        tab.wait("document.visibilityState === 'visible'")
        assert "hidden" in tab.trouble()
        time.sleep(0.5)
        frames = tab.evaluate("window.seen.frames.filter(({ at }) => at > window.back + 100)")
        assert [key for frame in frames for key in frame["lit"] if key] == []  # it has been silent for seconds
        counts = list(map(int, re.findall(r"\d+", tab.text(".pl-counts"))))
        heard = [name for name in tab.notes() if name in NAMES]
        assert heard == NAMES or counts[2] > 0, (heard, counts)
        tab.wait("!document.querySelector('.pl-alert')")  # and says so no longer than it matters
        tab.stop()


def memory_mb(devtools, folder):
    """Of the page, after its garbage is collected, and of the kernel, MB; and the page's number of nodes."""
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")
    page = sum(heap.get(part, 0) for part in ("usedSize", "embedderHeapUsedSize", "backingStorageSize"))
    status = Path(f"/proc/{(folder / 'pid').read_text()}/status").read_text()
    kernel = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000
    return page / 1e6, kernel, devtools.send("Memory.getDOMCounters")["nodes"]


@pytest.mark.parametrize("seconds", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_the_memory_of_page_and_kernel_stays_while_it_listens(playwright, folder, voila, seconds):
    if not Path("/proc/self/status").exists():
        pytest.skip("memory of a process is read from /proc")
    with browser(playwright, wav=folder / "long.wav") as chromium:
        page = Page(chromium, voila, "voila")
        page.page.set_default_timeout(180_000)
        page.open("widget.ipynb")
        devtools = page.context.new_cdp_session(page.page)
        page.start()
        began, seen = time.monotonic(), []
        for share in (1 / 3, 2 / 3, 1):
            page.page.wait_for_timeout(1000 * max(0, began + share * seconds - time.monotonic()))
            page.page.evaluate("() => { for (const kept of Object.values(window.seen)) kept.length = 0; }")
            seen.append(memory_mb(devtools, folder))
            print(
                f"{share * seconds:.0f} s: page {seen[-1][0]:.1f} MB, {seen[-1][2]} nodes, kernel {seen[-1][1]:.0f} MB"
            )
        listed = page.page.locator(".pl-log li").count()
        page.stop()
        assert listed > 10
        assert page.trouble() == []
        assert page.outside == []
        pages, kernels, nodes = zip(*seen, strict=True)
        # 40 s of sound are 3.5 MB: whoever keeps it, or a node for each note of ten minutes, is found out.
        assert pages[2] - pages[0] < 2
        assert kernels[2] - kernels[0] < 8
        assert nodes[2] - nodes[0] < 1500
