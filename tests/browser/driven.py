"""Pages in browsers that Playwright does not drive, or drives too kindly: what a test asks of them."""

import contextlib
import os
import signal
import subprocess
import time

from browser.harness import SELECT, TROUBLES

LOAD_S = 180  # a kernel begins, and its detector is compiled where it never was


@contextlib.contextmanager
def ended(command, *, env, output):
    """A process of a group of its own, which is ended with it."""
    with open(output, "w") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield process
        finally:
            for how in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def until(look, good=bool, *, timeout_s=30.0, what="it"):
    """Look again and again until it is good; returns what was seen."""
    end = time.monotonic() + timeout_s
    while True:
        seen = look()
        if good(seen):
            return seen
        if time.monotonic() > end:
            raise TimeoutError(f"waited {timeout_s} s for {what}; last seen: {seen!r}")
        time.sleep(0.1)


class Driven:
    """A page with the widget on it; it reads like `browser.harness.Page`. Others add ``evaluate`` and ``click``."""

    def evaluate(self, expression):
        """What an expression of JavaScript is worth, or what its promise becomes."""
        raise NotImplementedError

    def click(self, selector):
        raise NotImplementedError

    def wait_ready(self):
        self.wait_state("ready", timeout_s=LOAD_S)

    def wait(self, expression, *, timeout_s=30.0):
        return until(lambda: self.evaluate(expression), timeout_s=timeout_s, what=expression)

    def wait_state(self, state, *, timeout_s=30.0):
        self.wait(f"!!document.querySelector('.pianolab[data-state={state}]')", timeout_s=timeout_s)

    def middle(self, selector):
        """Where an element is to be clicked."""
        self.evaluate(f"document.querySelector('{selector}').scrollIntoView({{ block: 'center' }})")
        box = self.evaluate(f"document.querySelector('{selector}').getBoundingClientRect().toJSON()")
        return [round(box[side] + box[size] / 2) for side, size in (("x", "width"), ("y", "height"))]

    def start(self):
        self.click(SELECT["start"])
        self.wait_state("running")

    def stop(self):
        self.click(SELECT["start"])
        self.wait_state("ready")

    def text(self, selector):
        return self.evaluate(f"document.querySelector('{selector}')?.innerText")

    def seen(self, what):
        """All 'frames', 'lines', 'counts' or 'blocks' so far; see WATCH."""
        return self.evaluate(f"window.seen.{what}")

    def notes(self):
        """The names in the list of notes, first to last."""
        return [line["text"].split(" ")[0] for line in self.seen("lines") if "missing" not in line["text"]]

    def lit(self):
        """The keys that were lit when each note came into the list."""
        return [[key for key in line["lit"] if key] for line in self.seen("lines")]

    def tracks(self):
        return self.evaluate("window.tracks.map((t) => t.readyState)")

    def trouble(self):
        """The codes of the alerts, by what they say in English."""
        shown = self.evaluate(f"[...document.querySelectorAll('{SELECT['alert']} strong')].map((s) => s.textContent)")
        return [TROUBLES[what] for what in shown]
