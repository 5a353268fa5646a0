"""What the page knows for itself agrees with Python: a table that Python makes, which twins.test.mjs reads.

`python tests/practice/test_page_twins.py` writes the table anew.
"""

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from pianolab.practice.modes import FLASH_EVERY_S, Metronome
from pianolab.units import MIDI_HIGH, MIDI_LOW, NOTE_STYLES, note_name

TABLE = Path(__file__).parents[2] / "pianolab/practice/page/static/js/tests/twins.json"
FIELDS = ("time_s", "beat", "bar", "count", "share", "counting_in", "flash", "rounds", "ended")
FAST = {"bars": [0, 3, 6], "end": 9, "beatsAMinute": 200, "tempo": 2, "beat": 0.5, "loop": True}
PASSAGES = [
    {"bars": [0, 4, 8], "end": 12, "beatsAMinute": 90, "tempo": 0.5},
    {"bars": [0, 1, 5, 9], "end": 12, "beatsAMinute": 120, "loop": True},  # a pickup
    FAST,
    {"bars": [0, 4, 8, 10], "end": 14, "beatsAMinute": 73, "tempo": 0.3, "firstBar": 1, "lastBar": 2, "loop": True},
]
PYTHON = {"beatsAMinute": "beats_a_minute", "firstBar": "first_bar", "lastBar": "last_bar"}


def metronome(passage):
    given = {PYTHON.get(name, name): value for name, value in passage.items()}
    return Metronome(given.pop("bars"), given.pop("end"), **given)


def answers(passage):
    """Places at times that are drawn by chance, and at each beat of the first round to the digit."""
    one = metronome(passage)
    drawn = np.random.default_rng(7).uniform(0, one.count_in_s + 3.5 * one.round_s, 14).round(3).tolist()
    beats = [one.time_of(beat) for beat in np.arange(passage["bars"][passage.get("firstBar", 0)], 6.0)]
    return [[time_s, *astuple(one.at(time_s))] for time_s in [0.0, -1.0, *drawn, *beats, one.count_in_s + one.round_s]]


def table():
    names = {style: [note_name(midi, style=style) for midi in range(MIDI_LOW, MIDI_HIGH + 1)] for style in NOTE_STYLES}
    return {"names": names, "metronome": [{"passage": each, "answers": answers(each)} for each in PASSAGES]}


def test_the_table_that_node_reads_is_what_python_says():
    kept, now = json.loads(TABLE.read_text(encoding="utf-8")), table()
    assert kept["names"] == now["names"]
    assert [asked["passage"] for asked in kept["metronome"]] == PASSAGES
    for old, new in zip(kept["metronome"], now["metronome"], strict=True):
        assert len(old["answers"]) > 15
        for was, row in zip(old["answers"], new["answers"], strict=True):
            assert was == pytest.approx(row, abs=1e-9)


def test_the_table_asks_for_what_is_easily_done_wrong():
    rows = [dict(zip(FIELDS, row, strict=True)) for passage in PASSAGES for row in answers(passage)]
    for field in ("ended", "counting_in", "flash"):
        assert {row[field] for row in rows} == {True, False}
    assert max(row["rounds"] for row in rows) > 1
    assert FAST["beat"] * 60 / (FAST["beatsAMinute"] * FAST["tempo"]) < FLASH_EVERY_S


def write():
    made = table()
    passages = [
        f'{{"passage": {json.dumps(asked["passage"])}, "answers": [\n{",".join(map(json.dumps, asked["answers"]))}\n]}}'
        for asked in made["metronome"]
    ]
    names, rows = json.dumps(made["names"], ensure_ascii=False), ",\n".join(passages)
    TABLE.write_text(f'{{"names": {names},\n"metronome": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    write()
