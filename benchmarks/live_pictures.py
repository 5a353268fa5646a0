"""Pictures of the live view, as docs/live.md and docs/player.md show them, and of all its states, to be looked at.

The view stands on an empty page over a responder of this process and hears a rendered recording in real time.

    .venv/bin/python benchmarks/live_pictures.py docs/figures          those of the docs
    .venv/bin/python benchmarks/live_pictures.py DIR --all             every size, theme and state

A picture of a moment is taken as soon as the last key of its recording is lit, so it differs a little each time.
"""

import argparse
import itertools
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from pianolab import sound
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder
from pianolab.live.sources import file_sources
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.units import note_name

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser.harness import browser, widget_on

SR = 44100
SIZES = {"wide": (1280, 800, 1), "phone": (390, 844, 2), "zoomed": (640, 400, 2)}  # 1280 x 800 at 200 % is 640 x 400
STATES = ("idle", "listening", "stopped", "alert")
TUNE = [60, 62, 64, 67, 66]
CHORDS = [[60, 64, 67], [57, 60, 64], [53, 57, 60, 64]]


@dataclass(frozen=True)
class Shot:
    """One picture: how large, in which theme and language, with what, and when."""

    size: str = "wide"
    dark: bool = False
    language: str = "en"
    detectors: tuple[str, ...] = ("fft_peak",)
    keys: tuple[tuple[int, ...], ...] = tuple((midi,) for midi in TUNE)
    prompt: str | None = None
    state: str = "listening"


ASKED = "C4 D4 E4 F4 G4"
DOCS = {
    "live_light": Shot(),
    "live_phone_light": Shot(size="phone"),
    "live_zoomed_dark": Shot(size="zoomed", dark=True),
    "live_chords_dark": Shot(dark=True, detectors=("neural",), keys=tuple(map(tuple, CHORDS))),
    "live_trial_dark": Shot(dark=True, detectors=("fft_peak", "yin"), prompt=ASKED, state="stopped"),
    "live_korean": Shot(language="ko", prompt=ASKED, state="stopped"),
}


def recording(path, keys):
    """The keys one group after the other, the last one held."""
    rows = [
        (0.8 + 0.8 * i, 0.8 + 0.8 * i + (4 if i == len(keys) - 1 else 0.7), m) for i, ms in enumerate(keys) for m in ms
    ]
    level, piano = (0.7, "grand") if len(rows) == len(keys) else (0.2, "felt")
    sound.write(path, level * render(Notes(*np.transpose(rows)), sr=SR, piano=piano, tail_s=1.0), sr=SR)


def take(chromium, shot, path):
    """Bring the view into its state and take the picture."""
    width, height, ratio = SIZES[shot.size]
    scheme = "dark" if shot.dark else "light"
    viewport = {"width": width, "height": height}
    context = chromium.new_context(viewport=viewport, device_scale_factor=ratio, color_scheme=scheme)
    with tempfile.TemporaryDirectory() as folder:
        tune = Path(folder) / "tune.wav"
        recording(tune, shot.keys)
        prompt = None if shot.prompt is None else Prompt.of(shot.prompt)
        how = {"sources": file_sources([tune]), "prompt": prompt, "folder": folder, "language": shot.language}
        responder = Responder(shot.detectors, **how)
        page = context.new_page()
        widget_on(page, responder)
        page.locator(".pl-source").select_option("" if shot.state == "alert" else "Recording: tune.wav")
        if shot.state != "idle":
            page.locator(".pl-start").click()
        if shot.state == "alert":  # A page without an address may not have a microphone.
            page.wait_for_selector(".pl-alert")
        if shot.state in ("listening", "stopped"):
            last = [note_name(midi) for midi in shot.keys[-1]]
            for name in last:
                page.wait_for_selector(f".pl-pin:text-is('{name}')", timeout=120_000)
            page.wait_for_timeout(500)
        if shot.state == "stopped":
            page.locator(".pl-start").click()
            page.wait_for_selector(".pianolab[data-state=ready]")
            page.wait_for_timeout(500)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=path)
        responder.close()
    context.close()


def every_state():
    """Each size, theme and state of a trial."""
    for size, dark, state in itertools.product(SIZES, (False, True), STATES):
        yield (
            f"{size}_{'dark' if dark else 'light'}_{state}",
            replace(Shot(prompt=ASKED), size=size, dark=dark, state=state),
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--all", action="store_true", help="every size, theme and state, instead of those of the docs")
    parser.add_argument("--only", nargs="*", help="names of pictures, without .png")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    shots = dict(every_state()) if args.all else DOCS
    with sync_playwright() as playwright, browser(playwright) as chromium:
        for name, shot in shots.items():
            if args.only is None or name in args.only:
                take(chromium, shot, args.folder / f"{name}.png")
                print(name)


if __name__ == "__main__":
    main()
