"""MusicNet: classical music of which 156 recordings are piano alone; its labels were aligned to the sound by machine.

Told by its four folders train_data, train_labels, test_data and test_labels. musicnet_metadata.csv, beside them or in
the folder above, says composer, piece and ensemble. Without it the labels say which recordings hold other instruments.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from pianolab.data.sets.finding import Entry, Files, Found, gathered, piece_of, read_rows
from pianolab.errors import printable
from pianolab.labels.columns import MUSICNET_PIANO

_INDEX = "musicnet_metadata.csv"
_NEEDED = ("id", "composer", "composition", "movement", "ensemble")
_SOLO = "Solo Piano"


def find(files: Files) -> Iterator[Found]:
    """MusicNet in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found

    Raises
    ------
    DatasetError
        If its index is damaged.

    References
    ----------
    Thickstun, Harchaoui and Kakade, "Learning Features of Music from Scratch", ICLR 2017; zenodo.org/records/5120004.
    """
    folders = {path.parent for path in files.paths}
    roots = {folder.parent for folder in folders if folder.name in ("train_labels", "test_labels")}
    for root in sorted(roots):
        if not {root / "train_data", root / "test_data"} & folders:
            continue
        index = next((path for path in files.named(_INDEX) if path.parent in (root, root.parent)), None)
        rows = {row["id"]: row for row in (read_rows(index, _NEEDED, sure=True) or [])} if index else {}
        yield _found(root, index, rows, files)


def _found(root: Path, index: Path | None, rows: dict[str, dict[str, str]], files: Files) -> Found:
    entries, others = [], []
    for sound in files.sounds:
        split = {root / "train_data": "train", root / "test_data": "test"}.get(sound.parent)
        if not split:
            continue
        row = rows.get(sound.stem, {})
        labels = root / f"{split}_labels" / f"{sound.stem}.csv"
        ensemble = row.get("ensemble") or _ensemble(files.labels(labels))
        if ensemble != _SOLO:
            others.append((sound, ensemble))
            continue
        title = " - ".join(filter(None, (row.get("composition"), row.get("movement"))))
        composer = row.get("composer", "")
        about = {
            "piece": piece_of(composer, title) or sound.stem,
            "composer": composer,
            "title": title,
            "kind": "piece",
            "licence": "CC BY 4.0",
            "split": split,
            "source": "real",
        }
        entries.append(Entry(sound, labels, about))
    found = gathered("MusicNet", index or root, entries, files)
    left_out = list(found.left_out)
    if others:
        sound, ensemble = others[0]
        n = len(others) + len(entries)
        shown = f"{printable(sound.name)} ({printable(ensemble)})"
        left_out.append((root, f"of {n} recordings {len(others)} are not of a piano alone, such as {shown}"))
    if index is None:
        left_out.append((root, f"{_INDEX} is not here: composers and pieces are unknown; download it"))
    told_by = "train_data, train_labels, test_data, test_labels"
    claimed = found.claimed | {sound for sound, _ in others}
    return Found("MusicNet", told_by, found.recordings, tuple(left_out), frozenset(claimed))


def _ensemble(labels: Path | None) -> str:
    """What the labels say of the ensemble."""
    try:
        with open(labels or "", encoding="utf-8", newline="") as lines:
            instruments = {row.get("instrument") for row in csv.DictReader(lines)}
    except (OSError, ValueError, csv.Error):
        return "labels that cannot be read"
    return _SOLO if instruments == {MUSICNET_PIANO} else "other instruments"
