"""The plan of a training: what is learnt from, and what is held out to choose by.

What comes in: folders of labelled recordings, and the pianos to hold out or the plan of another training; or sources to
render from. What comes out: a Plan. It is written into the training's folder as ``plan.json``, so that the folder
belongs to one training.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pianolab.data import Recording, data_dir, load_dataset
from pianolab.data.pairing import labels_by_sound
from pianolab.errors import first_line, nearest, printable
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.piano import espeak
from pianolab.training.errors import TrainingError, writing
from pianolab.training.settings import Settings, by_present_names
from pianolab.training.sources import Sources, find_sources, piano_folders

EVERY_NTH_HELD_OUT = 6  # Where no piano is named, every sixth recording is held out.
PLAN, FORMER_PLAN = "plan.json", "course.json"  # Earlier trainings wrote theirs under the second name.
MAY_CHANGE = (
    "steps",
    "fall",
    "every",
    "validation_s",
    "rendered_hours",
)  # These settings may be others when a training goes on.


@dataclass(frozen=True)
class Plan:
    """What a training learns from and what it is judged by.

    Attributes
    ----------
    learnt, held_out : tuple of Recording
        With label files; no recording is in both.
    notes_dir : Path or None
        Single notes of a real piano, to render music with.
    sources : Sources or None
        What scenes are made of.
    begin_with : Path or None
        Weights that the training begins with, in place of weights drawn by the seed.
    """

    learnt: tuple[Recording, ...] = ()
    held_out: tuple[Recording, ...] = ()
    notes_dir: Path | None = None
    sources: Sources | None = None
    begin_with: Path | None = None


def make_plan(
    data: Iterable[str | Path],
    *,
    hold_out: Sequence[str] = (),
    like: str | Path | None = None,
    notes_dir: str | Path | None = None,
    say: Callable[[str], object] = print,
) -> Plan:
    """Divide recordings into those to learn from and those held out.

    Parameters
    ----------
    data : iterable of str or Path
        Folders of labelled recordings; those of a `test` split are left out.
    hold_out : sequence of str
        Pianos (as the recordings name them) to hold out; if none, every sixth recording.
    like : str or Path, optional
        ``plan.json`` of another training: learn from and hold out the recordings of the same ids.
    notes_dir : str or Path, optional
        Single notes of a real piano, to render music with.
    say : callable
        Told what is left out, a line each.

    Returns
    -------
    Plan

    Raises
    ------
    TrainingError, DatasetError
        If the data are empty or hold recordings of data/real, or a piano or a recording is unknown.
    LabelError
        If labels cannot be read: now, not after an hour.
    """
    if like is not None and hold_out:
        raise TrainingError("--like names what is held out already: leave --hold-out out")
    recordings = _labelled(data, say)
    learnt, held_out = _by_piano(recordings, hold_out) if like is None else _as_before(recordings, like)
    if notes_dir is not None:
        notes = load_dataset(notes_dir)
        _refuse_judging(notes, notes_dir)
        if not any(recording.key is not None for recording in notes):
            raise TrainingError(
                f"{printable(notes_dir)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)"
            )
    return Plan(tuple(learnt), tuple(held_out), None if notes_dir is None else Path(notes_dir))


def plan_scenes(pianos: Iterable[str | Path], midi: Iterable[str | Path], **options: Any) -> Plan:
    """A plan that renders all it learns from.

    Parameters
    ----------
    pianos, midi : iterable of str or Path
        Folders of single notes and of performances.
    **options : folders and names
        See `pianolab.training.sources.find_sources`.

    Returns
    -------
    Plan

    Raises
    ------
    TrainingError
        If a folder holds nothing of its kind, a piano is unknown, or espeak-ng, which speaks in the scenes, is not
        installed.
    """
    if not espeak.is_installed():
        raise TrainingError("espeak-ng is not installed, but speaks in what is rendered: apt-get install espeak-ng")
    return Plan(sources=find_sources(list(pianos), list(midi), **options))


def plan_both(
    data: Iterable[str | Path],
    pianos: Iterable[str | Path],
    midi: Iterable[str | Path],
    *,
    hold_out: Sequence[str] = (),
    like: str | Path | None = None,
    say: Callable[[str], object] = print,
    **of_scenes: Any,
) -> Plan:
    """A plan that learns from recordings and from scenes alike.

    Parameters
    ----------
    data : iterable of str or Path
        See `make_plan`.
    pianos, midi : iterable of str or Path
        See `plan_scenes`.
    hold_out : sequence of str
        Pianos to hold out, of ``pianos`` and of the recordings.
    like : str or Path, optional
    say : callable
        See `make_plan`.
    **of_scenes : folders and names
        See `plan_scenes`.

    Returns
    -------
    Plan

    Raises
    ------
    TrainingError, DatasetError, LabelError
        As `make_plan` and `plan_scenes` do.
    """
    pianos = list(pianos)
    shelved = piano_folders(pianos)
    scenes = plan_scenes(pianos, midi, hold_out=[name for name in hold_out if name in shelved], **of_scenes)
    recordings = make_plan(data, hold_out=[name for name in hold_out if name not in shelved], like=like, say=say)
    return replace(recordings, sources=scenes.sources)


def _refuse_judging(found: Iterable[Recording], folder: str | Path):
    """Refuse the recorded notes that come with pianolab."""
    real = (data_dir() / "real").resolve()
    if any(recording.audio.resolve().is_relative_to(real) for recording in found):
        raise TrainingError(
            f"{printable(folder)} holds recordings of data/real, which judge and never teach: leave it out"
        )


def _labelled(data: Iterable[str | Path], say: Callable[[str], object]) -> list[Recording]:
    """Recordings with notes, at least two."""
    recordings = []
    for folder in data:
        found = load_dataset(folder, split="tune")
        _refuse_judging(found, folder)
        for path, why in found.skipped:
            say(f"{printable(path)} is left out: {why}")
        for path in _lonely_labels(folder):
            say(f"{printable(path)} is left out: no sound of that name lies beside it")
        recordings += [recording for recording in found if recording.labels is not None]
    recordings = [recording for recording in recordings if len(read_labels(recording.labels).on_keyboard())]
    if len(recordings) < 2:
        raise TrainingError(
            f"{len(recordings)} labelled recordings are too few to train on: give --data a folder with at least two"
        )
    return recordings


def _lonely_labels(folder: str | Path) -> list[Path]:
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    labels = [path for path in files if path.suffix.lower() in LABEL_SUFFIXES]
    found = labels_by_sound([path for path in files if path.suffix.lower() not in LABEL_SUFFIXES], labels)
    return sorted(set(labels).difference(*found.values()))


def _by_piano(recordings: Sequence[Recording], hold_out: Sequence[str]) -> tuple[list[Recording], list[Recording]]:
    pianos = sorted({recording.piano for recording in recordings} - {""})
    for name in hold_out:
        if name not in pianos:
            hint = nearest(name, pianos, otherwise=f": there are {', '.join(pianos)}" if pianos else "")
            raise TrainingError(f"no recording is of piano {name!r}{hint}")
    if hold_out:
        held_out = [recording for recording in recordings if recording.piano in hold_out]
    else:
        held_out = list(recordings[::EVERY_NTH_HELD_OUT])
    learnt = [recording for recording in recordings if recording not in held_out]
    if not learnt:
        raise TrainingError("every recording is held out: name fewer pianos with --hold-out")
    return learnt, held_out


def _as_before(recordings: Sequence[Recording], like: str | Path) -> list[list[Recording]]:
    """Recordings to learn from and held out, by the ids that another training wrote down."""
    try:
        about = json.loads(Path(like).read_text(encoding="utf-8"))
        wanted = [[str(name) for name in about[part]] for part in ("learnt", "held_out")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{printable(like)} is no plan.json of a training: name the one in its --out") from error
    by_id = {recording.id: recording for recording in recordings}
    missing = [name for names in wanted for name in names if name not in by_id]
    if missing:
        raise TrainingError(
            f"{len(missing)} recordings of {printable(like)} are not in --data ({missing[0]} ...): add their folder"
        )
    return [[by_id[name] for name in names] for names in wanted]


def keep_plan(plan: Plan, settings: Settings, out: Path) -> None:
    """Write a plan and its settings into the training's folder, or make sure that they are those of its training.

    Parameters
    ----------
    plan : Plan
    settings : Settings
    out : Path
        Where ``plan.json`` is or will be.

    Raises
    ------
    TrainingError
        If the folder holds a training of other recordings, labels, single notes or settings.
    """
    about = {
        "learnt": [recording.id for recording in plan.learnt],
        "held_out": [recording.id for recording in plan.held_out],
        "sounds": _fingerprint([*plan.learnt, *plan.held_out]),
        "notes": None if plan.notes_dir is None else _fingerprint(load_dataset(plan.notes_dir)),
        "sources": None if plan.sources is None else plan.sources.about,
        "begins_with": None if plan.begin_with is None else _checksum(plan.begin_with),
        "settings": json.loads(json.dumps(asdict(settings))),
    }
    for before in (out / PLAN, out / FORMER_PLAN):
        if before.exists():
            _refuse_another(before, about)
            break
    with writing(out / PLAN) as temporary:
        temporary.write_text(json.dumps(about, indent=1), encoding="utf-8")


def _refuse_another(path: Path, about: dict[str, Any]) -> None:
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        same = all(before[name] == about[name] for name in ("learnt", "held_out", "sounds", "notes"))
        # Earlier plans know neither of these.
        same = same and all(before.get(name) == about[name] for name in ("sources", "begins_with"))
        settings = {"pedal": 0} | by_present_names(before["settings"])  # Earlier ones know no pedal.
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"{printable(path)} is damaged: name another --out") from error
    if not same:
        raise TrainingError(
            f"{printable(path.parent)} holds a training on other recordings, labels or single notes, or one that began "
            "with other weights: name another --out"
        )
    for name, value in about["settings"].items():
        if settings.get(name) != value and name not in MAY_CHANGE:
            raise TrainingError(f"{printable(path.parent)} holds a training with another {name}: name another --out")


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise TrainingError(f"{printable(path)} cannot be read ({first_line(error)}): name weights that can") from error


def _fingerprint(recordings: Iterable[Recording]) -> str:
    """One checksum of sounds and labels."""
    sums = "".join(recording.checksum + recording.labels_checksum for recording in recordings)
    return hashlib.sha256(sums.encode()).hexdigest()
