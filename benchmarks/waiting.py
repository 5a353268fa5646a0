"""Does the page that waits go on with the player, and whom does it blame?

    python benchmarks/waiting.py
    python benchmarks/waiting.py --pianos "$PIANOS" --rooms "$ROOMS" --every 4

The pieces that come with pianolab are played rightly, with human timing and dynamics, by turns dry and in a room, and
a detector hears them as if they came from a microphone. `pianolab.practice.modes.Waiting` gets what it heard. A step is
stuck if one of its keys was not heard before the player is at the next one; then the key counts as struck again. Each
wrong key that is shown is a false blame, since none was struck; a doubt ("perhaps ... was struck") blames nobody.

Nothing is tuned on the pianos that are played by default. Without --pianos the rendered grand is played. Prints a row a
piano.
"""

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd
from practice import Heard, takes

from pianolab.practice.modes import Waiting
from pianolab.tracking import NoteEvent

EARLY_S = 0.1  # A key that is heard so long before the next step is due belongs to this one.
_AGAIN = 10**8  # Numbers of strokes that are made up begin here.


def waited(one: Heard) -> Counter:
    """How often a take was stuck, blamed and doubted."""
    take, part = one.take, one.take.part
    waiting, counts = Waiting(part), Counter(steps=part.n_steps)
    due_s = {}
    for time_s, note in zip(take.notes.onset.tolist(), take.of.tolist(), strict=True):
        due_s.setdefault(int(part.step[note]), time_s)
    blamed, doubted = set(), set()
    for event in one.events:
        if not isinstance(event, NoteEvent) or event.kind not in ("on", "revised"):
            continue
        while not waiting.shown.ended and event.time_s > due_s.get(waiting.shown.step + 1, float("inf")) - EARLY_S:
            counts["stuck"] += 1
            for key in waiting.shown.due:
                number = _AGAIN + counts["stuck"] * 128 + key
                again_s = event.time_s - 2 * EARLY_S
                waiting.process(NoteEvent("on", number, again_s, again_s, key, 64.0, 1.0, 0.0))
        shown = waiting.process(event)
        blamed |= {(shown.step, wrong.midi) for wrong in shown.wrong}
        doubted |= {(shown.step, midi) for midi in shown.unsure}
    return counts + Counter(blamed=len(blamed), doubted=len(doubted), seconds=round(float(take.notes.offset[-1])))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pianos", type=Path, help="a folder of folders of single notes")
    parser.add_argument("--piano", action="append", help="which of them; may be repeated (default: the report pianos)")
    parser.add_argument("--rooms", type=Path, help="measured rooms, in which every other take is heard")
    parser.add_argument("--every", type=int, default=1, help="only every so many pieces (default: 1)")
    parser.add_argument("--detector", default="neural", help="spec text (default: neural)")
    given = parser.parse_args()
    given.takes = 0  # With mistakes.
    found: dict[str, Counter] = {}
    for one in takes(given, given.detector):
        found.setdefault(one.name.split("/")[0], Counter()).update(waited(one))
    columns = ["steps", "seconds", "stuck", "blamed", "doubted"]
    rows = [{"piano": name, **{column: counts[column] for column in columns}} for name, counts in found.items()]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    main()
