"""JupyterLab or Voila with a real kernel, and a real browser whose microphone plays a WAV file."""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from pianolab.live.widget import Microphone
from pianolab.texts.catalogue import catalogue, say

TOKEN = "browser-test"
START_S = 60
CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
)
OURS = ("http://127.0.0.1", "ws://127.0.0.1", "http://localhost", "ws://localhost", "data:", "blob:", "about:")
# What a player sees, looked at before every frame is painted: how the page stands, each new line of the list of notes,
# each new text of the counts. Beside it the tracks of microphones and the blocks that come out of the recording code.
WATCH = """
window.seen = { frames: [], lines: [], counts: [], blocks: [] };
const known = new WeakSet();
let last = '';
const look = () => {
  requestAnimationFrame(look);
  const view = document.querySelector('.pianolab');
  if (!view) return;
  const at = performance.now();
  const text = (name) => view.querySelector(name)?.textContent ?? '';
  const first = view.querySelector('.pl-listener');
  const all = (name) => [...first.querySelectorAll(name)];
  const frame = {
    state: view.dataset.state, note: text('.pl-note'), cents: text('.pl-cents'),
    lit: all('.pl-pin').map((pin) => pin.textContent).filter(Boolean),
    keys: all('.pl-chips li').map((key) => key.textContent),
  };
  const now = JSON.stringify(frame);
  if (now !== last) window.seen.frames.push({ at, ...frame });
  last = now;
  for (const line of view.querySelectorAll('.pl-log li')) {
    if (known.has(line)) continue;
    known.add(line);
    window.seen.lines.push({ at, text: line.textContent, lit: frame.lit });
  }
  if (text('.pl-counts') !== window.seen.counts.at(-1)?.text) window.seen.counts.push({ at, text: text('.pl-counts') });
};
requestAnimationFrame(look);
if (window.AudioWorkletNode) {
  window.AudioWorkletNode = class extends AudioWorkletNode {
    constructor(...given) {
      super(...given);
      this.port.addEventListener('message', ({ data: { frame, n } }) => {
        if (n) window.seen.blocks.push({ at: performance.now(), frame, n });
      });
    }
  };
}
window.tracks = [];
const media = navigator.mediaDevices;
if (media) {
  const ask = media.getUserMedia.bind(media);
  media.getUserMedia = async (...given) => {
    const stream = await ask(...given);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
"""
STOPPED = """document.querySelector('.pianolab').dataset.state === 'ready'
  && document.querySelector('.pl-counts').textContent.includes('samples missing')"""
# Every trouble by what its alert says.
TROUBLES = {
    f"⚠ {text}": key.split(".")[2]
    for key, text in catalogue("en").items()
    if key.startswith("page.trouble.") and key.endswith(".what")
}
SELECT = {"start": ".pl-start", "note": ".pl-note", "alert": ".pl-alert"}


def alert_of(code):
    """The selector of an alert."""
    return f'{SELECT["alert"]}:has-text("{say(f"page.trouble.{code}.what")}")'


def write_notebook(path, *cells):
    """A notebook with these code cells."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, path)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def server(kind, folder, *, env=None, more=()):
    """A running JupyterLab ('lab'), Voila ('voila') or the player's page ('player'); yields its address.

    It has its own process group. The folder is where it runs; 'player' has its own notebook.
    """
    port = free_port()
    common = [f"--port={port}", "--no-browser"]
    folder = Path(folder)
    if kind == "lab":
        command = ["pianolab.live.lab", *common, "--allow-root", f"--IdentityProvider.token={TOKEN}"]
        command += ["--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={folder}"]
    else:
        shown = [str(folder)] if kind == "voila" else []
        command = ["pianolab.live", *shown, *common, f"--Voila.token={TOKEN}", *more]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_CONFIG_DIR": str(folder / ".config"), **(env or {})},
        stdout=open(folder / f"{kind}.out", "w"),  # noqa: SIM115
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=folder,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + ("/api" if kind == "lab" else "/"), process, folder / f"{kind}.out")
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(address, process, output):
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=2).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start: {output.read_text()[-2000:]}")


@contextlib.contextmanager
def browser(playwright, *, wav=None, allow=True, device=True):
    """Chromium whose fake microphone plays ``wav`` once; ``allow=False`` denies it, ``device=False`` has none."""
    flags = [*FLAGS, "--use-fake-device-for-media-stream"] if device else [*FLAGS]
    if allow is not None:
        flags.append("--use-fake-ui-for-media-stream" if allow else "--use-fake-ui-for-media-stream=deny")
    if wav:
        flags.append(f"--use-file-for-fake-audio-capture={wav}%noloop")
    if CHROMIUM is None:
        missing = "no Chromium on the PATH: install chromium"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=30_000)
    try:
        yield chromium
    finally:
        chromium.close()


class Page:
    """A page with the widget on it, and everything suspicious that happened there."""

    def __init__(self, chromium, address, kind, *, viewport=None, dark=False):
        self.kind = kind
        self.context = chromium.new_context(
            viewport=viewport or {"width": 1280, "height": 800}, color_scheme="dark" if dark else "light"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)
        self.console, self.outside = [], []
        self.page.on("console", lambda m: self.console.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.console.append(str(e)))
        self.page.on("request", self._see)
        self.page.add_init_script(WATCH)
        self.address = address

    def _see(self, request):
        if not request.url.startswith(OURS):
            self.outside.append(request.url)

    def open(self, notebook, *, dark=False):
        """Show the notebook and run it; returns when the widget has been answered by its kernel."""
        self.load(notebook, dark=dark)
        if self.kind == "lab":
            self.command("notebook:run-all-cells")
        self.wait_ready()
        return self

    def load(self, notebook, *, dark=False):
        if self.kind == "voila":
            theme = "dark" if dark else "light"
            self.page.goto(f"{self.address}/voila/render/{notebook}?theme={theme}&token={TOKEN}")
            return
        self.page.goto(f"{self.address}/lab/tree/{notebook}?token={TOKEN}&reset")
        self.page.wait_for_function("window.jupyterapp && window.jupyterapp.shell.currentWidget?.sessionContext")
        self.page.evaluate(
            """async () => {
              const context = window.jupyterapp.shell.currentWidget.sessionContext;
              await context.ready;
              for (let i = 0; i < 300 && context.session?.kernel?.status !== 'idle'; i++)
                await new Promise((resolve) => setTimeout(resolve, 100));
            }"""
        )

    def command(self, name):
        # Not awaited in the page: a cell that runs long must not hold up the test.
        self.page.evaluate("(name) => { window.jupyterapp.commands.execute(name); }", name)

    def wait_ready(self):
        self.page.wait_for_selector(".pianolab[data-state=ready]")

    def start(self):
        self.page.locator(SELECT["start"]).click()
        self.page.wait_for_selector(".pianolab[data-state=running]")

    def stop(self):
        self.page.locator(SELECT["start"]).click()
        return self.stopped()

    def stopped(self):
        """Waits for the end of the take; returns its counts, {'blocks', 'missing', 'dropped'}."""
        self.page.wait_for_function(STOPPED)
        blocks, missing, dropped = map(int, re.findall(r"\d+", self.page.locator(".pl-counts").inner_text()))
        return {"blocks": blocks, "missing": missing, "dropped": dropped}

    def tracks(self):
        """The state of every track of a microphone that the page was given: 'live' or 'ended'."""
        return self.page.evaluate("() => window.tracks.map((t) => t.readyState)")

    def seen(self, what):
        """All 'frames', 'lines', 'counts' or 'blocks' so far; see WATCH."""
        return self.page.evaluate("(what) => window.seen[what]", what)

    def notes(self):
        """What the list of notes says of the first detector: the name of each."""
        lines = [line["text"].removeprefix("A ") for line in self.seen("lines")]
        return [line.split(" ")[0] for line in lines if not line.startswith("B ") and "missing" not in line]

    def status(self):
        return self.page.locator(".pl-status").inner_text()

    def trouble(self):
        """The codes of the alerts, by what they say in English."""
        return [TROUBLES[what] for what in self.page.locator(SELECT["alert"] + " strong").all_inner_texts()]

    def wait_trouble(self, code, timeout_s=30):
        alert = self.page.locator(alert_of(code))
        alert.wait_for(timeout=1000 * timeout_s)
        return alert.inner_text()

    def close(self):
        self.context.close()


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


def widget_on(page, responder):
    """Put the widget on an empty page, over a responder of this process; returns when it is ready."""

    def answer(message):
        content, buffers = responder.handle(message)
        return [content, [base64.b64encode(bytes(buffer)).decode() for buffer in buffers]]

    page.expose_function("answer", answer)
    page.set_content("<!DOCTYPE html><html lang='en'><title>live</title><body></body></html>")
    page.evaluate(START, [str(Microphone._esm), str(Microphone._css)])
    page.wait_for_selector(".pianolab[data-state=ready]")


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
