"""Write the note lists, index.json and clips of the built-in data set: `python data/builtin/compose.py`.

The same command gives the same files, bit for bit: everything that is drawn comes from a generator seeded with the
name of the recording. Run it after a change of a score, a drill or the piano, and commit what it wrote.
`--check` writes nothing and says whether the committed note lists are what it would write; the sound is checked by
`pianolab data check`.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
from drills import LOUDNESSES, chords, key_deal, passages, run, single_notes, there_and_back
from score import exact, play, playable, read_score

from pianolab import labels, sound
from pianolab.data import builtin, check_builtin
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

HERE = Path(__file__).resolve().parent
OURS = "written for pianolab"
LICENCE = "CC0-1.0"
# Each loudness of the test notes has four recordings, on this piano in this room. Test alone has bright in the hall.
TEST_NOTES = {
    "p": [("grand", "dry"), ("upright", "room"), ("bright", "hall"), ("grand", "room")],
    "mf": [("upright", "dry"), ("bright", "room"), ("grand", "hall"), ("upright", "room")],
    "ff": [("bright", "dry"), ("grand", "room"), ("upright", "hall"), ("bright", "dry")],
}
TUNE_NOTES = [("grand", "room"), ("upright", "hall"), ("bright", "room")]
# Each clip is a recording from one second to another.
CLIPS = {
    "c_major_arpeggio": ("arpeggios", 0.0, 6.0),
    "ode_to_joy": ("ode_to_joy", 0.0, 7.0),
    "fur_elise": ("beethoven_fur_elise", 0.0, 9.0),
    "chords": ("chords_1", 0.0, 6.0),
}


def seed_of(name):
    """A whole number that only the name decides."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def recordings():
    """Everything in the set: pairs of an index entry (without what needs rendering) and (notes, pedal)."""
    yield from _single_notes()
    yield from _drills()
    for path in sorted((HERE / "scores").glob("*.txt")):
        score = read_score(path)
        about = {key: score.fields[key] for key in ("title", "composer", "kind", "split", "piano", "room")}
        yield _entry(score.name, **about), play(score, np.random.default_rng(seed_of(score.name)))


def _entry(name, *, title, kind, split, piano, room, composer=OURS):
    return {
        "id": name,
        "piece": name,
        "title": title,
        "composer": composer,
        "kind": kind,
        "split": split,
        "piano": piano,
        "room": room,
        "licence": LICENCE,
        "seed": seed_of(name) % 2**31,
    }


def _single_notes():
    for loudness, places in TEST_NOTES.items():
        rng = np.random.default_rng(seed_of(f"test notes {loudness}"))
        for number, (keys, (piano, room)) in enumerate(zip(key_deal(len(places), rng), places, strict=True), start=1):
            velocities = LOUDNESSES[loudness] + rng.integers(-3, 4, len(keys))
            about = {"kind": "notes", "split": "test", "piano": piano, "room": room}
            entry = _entry(f"notes_{loudness}_{number}", title=f"Single notes, {loudness}, part {number} of 4", **about)
            yield entry, (exact(single_notes(keys, velocities, rng)), None)
    rng = np.random.default_rng(seed_of("tune notes"))
    for number, (keys, (piano, room)) in enumerate(zip(key_deal(3, rng), TUNE_NOTES, strict=True), start=1):
        velocities = rng.integers(30, 112, len(keys))
        about = {"kind": "notes", "split": "tune", "piano": piano, "room": room}
        entry = _entry(f"notes_any_{number}", title=f"Single notes of any loudness, part {number} of 3", **about)
        yield entry, (exact(single_notes(keys, velocities, rng)), None)


def _drills():
    for name, title, split, piano, room, make in DRILLS:
        kind = "chords" if name.startswith("chords") else "scale"
        rows = make(np.random.default_rng(seed_of(name)))
        notes = exact(playable(rows) if kind == "chords" else rows)
        yield _entry(name, title=title, kind=kind, split=split, piano=piano, room=room), (notes, None)


def _keys(names):
    return [parse_note(name) for name in names.split()]


def _chromatic(rng):
    return run(list(range(MIDI_LOW, MIDI_HIGH + 1)), 0.13, 70, rng)


def _arpeggios(rng):
    up_and_down = there_and_back(parse_note("C1"), parse_note("C8"), (4, 3, 5))
    minor = there_and_back(parse_note("F#2"), parse_note("F#6"), (3, 4, 5))
    return passages([(up_and_down, 0.19, 72, 0.95), (minor, 0.13, 60, 0.8)], rng)


def _repeated(rng):
    """Four strokes and more on one key: 4, 6, 8 and 10 a second."""
    parts = []
    for key in _keys("D#2 A3 B4 F5 C7"):
        parts += [([key] * (2 + round(0.3 * rate)), 1.0 / rate, 74, 0.6) for rate in (4, 6, 8, 10)]
    return passages(parts, rng, pause_s=0.15)


def _trills(rng):
    parts = [([a, b] * n, 1.0 / rate, 66, 0.9) for a, b, n, rate in (
        (*_keys("F#2 G2"), 7, 8), (*_keys("C4 D4"), 9, 10), (*_keys("G#4 A4"), 11, 12), (*_keys("E6 F6"), 10, 11),
        (*_keys("A7 B7"), 8, 9),
    )]  # fmt: skip
    return passages(parts, rng)


def _major_scales(rng):
    parts = [(there_and_back(parse_note(low), parse_note(low) + 24, (2, 2, 1, 2, 2, 2, 1)), step, loudness, 0.95)
             for low, step, loudness in (("A0", 0.2, 72), ("E3", 0.12, 56), ("Bb5", 0.15, 84))]  # fmt: skip
    return passages(parts, rng)


def _diminished(rng):
    return passages([(there_and_back(23, 107, (3,)), 0.16, 68, 0.95)], rng)


def _stammered(rng):
    """A scale in fourths, every key struck three times, faster and faster."""
    parts = [([key] * 3, 0.24 - 0.007 * place, 70, 0.6) for place, key in enumerate(range(26, 106, 5))]
    return passages(parts, rng, pause_s=0.08)


def _mordents(rng):
    parts = [([a, b, a, b, a, b, a], 0.1, 72, 0.9) for a, b in (
        _keys("B0 C#1"), _keys("E2 F2"), _keys("A3 B3"), _keys("D5 Eb5"), _keys("G5 A5"), _keys("C7 Db7")
    )]  # fmt: skip
    return passages(parts, rng, pause_s=0.3)


# Each drill has a name, title, split, piano and room, and what makes it.
DRILLS = [
    ("chromatic_scale", "Chromatic scale, A0 to C8", "test", "grand", "dry", _chromatic),
    ("arpeggios", "Arpeggios of C major and F sharp minor", "test", "grand", "hall", _arpeggios),
    ("repeated_notes", "Repeated notes, 4 to 10 a second", "test", "upright", "room", _repeated),
    ("trills", "Trills, 8 to 12 notes a second", "test", "bright", "hall", _trills),
    ("major_scales", "Major scales of A, E and B flat", "tune", "upright", "dry", _major_scales),
    ("diminished_arpeggio", "Diminished seventh, B0 to B7", "tune", "grand", "room", _diminished),
    ("stammered_fourths", "Fourths, every key three times", "tune", "bright", "dry", _stammered),
    ("mordents", "Mordents in six registers", "tune", "felt", "room", _mordents),
    ("chords_1", "Chords of 2 to 6 notes, first set", "test", "grand", "room", lambda rng: chords(18, rng)),
    ("chords_2", "Chords of 2 to 6 notes, second set", "test", "bright", "hall", lambda rng: chords(18, rng)),
    ("chords_3", "Chords of 2 to 6 notes, third set", "tune", "upright", "room", lambda rng: chords(18, rng)),
    ("chords_4", "Chords of 2 to 6 notes, fourth set", "tune", "bright", "dry", lambda rng: chords(18, rng)),
]


def write_all():
    """Write notes/*.mid, render them, write index.json; returns its entries."""
    notes_folder = HERE / "notes"
    notes_folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for entry, (notes, pedal) in recordings():
        labels.write_labels(notes_folder / f"{entry['id']}.mid", notes, pedal=pedal)
        entries.append(entry)
    for stale in {path.stem for path in notes_folder.glob("*.mid")} - {entry["id"] for entry in entries}:
        (notes_folder / f"{stale}.mid").unlink()
    # Rendering reads the index: it is written before, and again with what was rendered.
    builtin.write_index(entries, HERE)
    builtin.render_builtin()
    for entry in entries:
        y, sr = sound.load(HERE / "audio" / f"{entry['id']}.flac")
        entry["seconds"] = round(len(y) / sr, 3)
        entry["fingerprint_db"] = builtin.fingerprint(y, sr=sr).tolist()
    builtin.write_index(entries, HERE)
    return entries


def write_clips(folder):
    """Short excerpts with their labels, for notebooks and tests that should not wait for rendering."""
    folder.mkdir(parents=True, exist_ok=True)
    note = Notes([0.1], [1.4], [60], [70])
    _write_clip(folder / "C4", note, builtin.render_notes(note, piano="grand", room="dry", seed=0)[: 2 * builtin.SR])
    for name, (source, start_s, stop_s) in CLIPS.items():
        y, sr = sound.load(HERE / "audio" / f"{source}.flac", start_s=start_s, duration_s=stop_s - start_s)
        notes = labels.read_labels(HERE / "notes" / f"{source}.mid").between(start_s, stop_s - 0.05)
        fade = np.linspace(1.0, 0.0, int(0.03 * sr), dtype=np.float32)
        y[-len(fade) :] *= fade
        _write_clip(folder / name, notes.shifted(-start_s), y)


def _write_clip(path, notes, y):
    sound.write(path.with_suffix(".flac"), y, sr=builtin.SR)
    labels.write_labels(path.with_suffix(".mid"), notes)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the committed files differ")
    if parser.parse_args().check:
        problems = differences()
        print("\n".join(problems) or "The committed note lists are what compose.py writes.")
        return 1 if problems else 0
    # The data of this clone are written, whatever is set outside.
    os.environ["PIANOLAB_DATA"] = str(HERE.parent)
    entries = write_all()
    write_clips(HERE.parent / "clips")
    minutes = sum(entry["seconds"] for entry in entries) / 60
    n_test = sum(entry["split"] == "test" for entry in entries)
    print(f"{len(entries)} recordings ({n_test} test), {minutes:.1f} minutes; index.json, notes/ and clips/ written")
    problems = check_builtin()
    print("\n".join(problems) or "check: no problems")
    return 1 if problems else 0


def differences():
    """What differs between the committed note lists and index and what the generator makes now, as lines of text."""
    index = {entry["id"]: entry for entry in json.loads((HERE / "index.json").read_text("utf-8"))["recordings"]}
    found = []
    for entry, (notes, pedal) in recordings():
        name = entry["id"]
        committed = index.pop(name, {})
        if any(committed.get(key) != value for key, value in entry.items()):
            found.append(f"{name}: index.json does not hold what compose.py says of it")
            continue
        path = HERE / "notes" / f"{name}.mid"
        pedal = np.zeros((0, 2)) if pedal is None else pedal
        same_pedal = np.allclose(labels.read_pedal(path), pedal, atol=1e-9) if len(pedal) else True
        if not same_pedal or not _same(labels.read_labels(path), notes):
            found.append(f"{name}: notes/{name}.mid is not what compose.py writes")
    return found + [f"{name}: in index.json, but compose.py does not know it" for name in index]


def _same(a, b):
    return len(a) == len(b) and all(
        np.allclose(getattr(a, name), getattr(b, name), atol=1e-9) for name in ("onset", "offset", "midi", "velocity")
    )


if __name__ == "__main__":
    sys.exit(main())
