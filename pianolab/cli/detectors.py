"""`pianolab detectors`: what there is, one line each, and what it lacks to run here."""

import argparse

from pianolab.cli.command import Command
from pianolab.cli.messages import DONE


def _run(args: argparse.Namespace) -> int:
    from pianolab.registry import load_all, missing

    found, failures = load_all()
    rows = {name: _describe(cls, missing(cls)) for name, cls in found.items()}
    rows |= {name: f"cannot be imported: {' '.join(why.split())}" for name, why in failures.items()}
    width = max(map(len, rows), default=0)
    for name, text in sorted(rows.items()):
        print(f"{name:{width}}  {text}")
    return DONE


def _describe(cls, lacks: str) -> str:
    voices = "several notes at once" if cls.polyphonic else "one note at a time"
    return f"{cls.summary} [{voices}]" + (f"; cannot run here: {lacks}" if lacks else "")


_ABOUT = "list the detectors and what they lack to run here"
COMMAND = Command("detectors", _ABOUT, "pianolab detectors", lambda parser: None, _run)
