"""Whether the built-in set is whole: its index, note lists, splits and the sound that this machine makes of them."""

import numpy as np

from pianolab import sound
from pianolab.data.builtin import (
    FINGERPRINT_TOLERANCE_DB,
    IndexEntry,
    audio_path,
    builtin_index,
    data_dir,
    fingerprint,
    notes_path,
    render_builtin,
)
from pianolab.data.recording import MONOPHONIC_KINDS
from pianolab.labels import LabelError, read_labels
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

HEARD_DB = -60.0  # In bands weaker than this (dBFS) the fingerprint is not compared.


def check_builtin(*, progress: bool = False) -> list[str]:
    """Verify the set: index, files, labels, splits, fingerprints. Renders what is missing first.

    Parameters
    ----------
    progress : bool
        Show a progress bar where sound has to be made.

    Returns
    -------
    list of str
        One line a problem; empty when all is well.
    """
    from pianolab.piano import PIANOS, ROOMS  # A second to load: as in builtin.py.

    entries = builtin_index()
    problems, readable = _index_problems(entries), []
    for entry in entries:
        try:
            found = _label_problems(entry, read_labels(notes_path(entry)))
        except LabelError as error:
            found = [f"{entry['id']}: {error}"]
        if entry["piano"] not in PIANOS or entry["room"] not in ROOMS:
            found.append(f"{entry['id']}: piano {entry['piano']!r} or room {entry['room']!r} is unknown")
        problems += found
        if not found:
            readable.append(entry)
    problems += _coverage_problems(readable)
    render_builtin(progress=progress, ids={entry["id"] for entry in readable})
    return problems + [problem for entry in readable for problem in _sound_problems(entry)]


def _index_problems(entries: list[IndexEntry]) -> list[str]:
    ids = [entry["id"] for entry in entries]
    stems = {path.stem for path in (data_dir() / "builtin" / "notes").glob("*.mid")}
    problems = [f"{name}: more than once in index.json" for name in sorted({i for i in ids if ids.count(i) > 1})]
    problems += [f"{name}: in index.json without notes/{name}.mid" for name in sorted(set(ids) - stems)]
    problems += [f"{name}: notes/{name}.mid is not in index.json" for name in sorted(stems - set(ids))]
    splits = {}
    for entry in entries:
        splits.setdefault(entry["piece"], set()).add(entry["split"])
        if entry["split"] not in ("tune", "test"):
            problems.append(f"{entry['id']}: split {entry['split']!r} is neither tune nor test")
    return problems + [f"piece {piece}: both tune and test" for piece, both in sorted(splits.items()) if len(both) > 1]


def _label_problems(entry: IndexEntry, notes: Notes) -> list[str]:
    if not len(notes):
        return [f"{entry['id']}: no notes"]
    problems = []
    if entry["kind"] in MONOPHONIC_KINDS and np.any(notes.onset[1:] < notes.offset[:-1]):
        problems.append(f"{entry['id']}: kind {entry['kind']}, but notes overlap")
    if notes.offset.max() > entry["seconds"]:
        problems.append(f"{entry['id']}: a note ends after the {entry['seconds']} s of sound")
    for key in np.unique(notes.midi):
        mine = notes[notes.midi == key]
        if np.any(mine.onset[1:] < mine.offset[:-1]):
            problems.append(f"{entry['id']}: key {key} is struck while it is down")
    return problems


def _coverage_problems(entries: list[IndexEntry]) -> list[str]:
    """Every key at three loudnesses among the single notes of the test split."""
    notes = [read_labels(notes_path(e)) for e in entries if e["kind"] == "notes" and e["split"] == "test"]
    midi, velocity = (np.concatenate([getattr(n, name) for n in notes] or [[]]) for name in ("midi", "velocity"))
    layers = {key: len(np.unique(np.round(velocity[midi == key] / 20))) for key in range(MIDI_LOW, MIDI_HIGH + 1)}
    return [f"test notes: key {key} has {n} loudnesses, not 3" for key, n in layers.items() if n != 3]


def _sound_problems(entry: IndexEntry) -> list[str]:
    y, sr = sound.load(audio_path(entry))
    want, got = np.array(entry["fingerprint_db"]), fingerprint(y, sr=sr)
    if want.shape != got.shape:
        return [f"{entry['id']}: {len(got)} s of sound where the fingerprint has {len(want)} s"]
    heard = np.maximum(want, got) > HEARD_DB
    off = np.abs(want - got)[heard].max(initial=0.0)
    if off > FINGERPRINT_TOLERANCE_DB:
        remedy = "if pianolab/piano was changed on purpose, run data/builtin/compose.py"
        return [f"{entry['id']}: sounds up to {off:.1f} dB unlike its fingerprint: {remedy}"]
    return []
