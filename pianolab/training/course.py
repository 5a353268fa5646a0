"""A whole training, from folders of recordings to a network that the detector can run.

What comes in: folders of labelled recordings, which of their pianos are held out, Settings. What comes out, in one
folder: material, checkpoint, log, best weights, and ``neural.onnx`` with ``neural.json``. Whatever is there already is
used; a training that was stopped goes on.
"""

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path

from pianolab.data import load_dataset
from pianolab.errors import printable
from pianolab.files import refuse_unwritable
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.training import export, material, tuning
from pianolab.training.batches import Pieces
from pianolab.training.loss import SKIPPED
from pianolab.training.settings import Settings, TrainingError
from pianolab.training.train import Run

EVERY_NTH_HELD_OUT = 6  # where no piano is named
LEAST = dict.fromkeys(("steps", "batch", "every", "takes", "ear", "width", "rivals", "warm_up"), 1)
LEAST |= {"frames": SKIPPED + 1, "validation_s": 1.0, "learning_rate": 1e-9}
MOST = {"average": 0.99999, "fall": 1.0, "learning_rate": 1.0}
MAY_CHANGE = ("steps", "fall", "every", "validation_s")  # when a training goes on


def settings_from(config=None, **given):
    """Settings of a JSON file, then of keyword arguments that are not None.

    Raises
    ------
    TrainingError
        For a file that is no JSON object, an unknown name or an unusable value.
    """
    values = {}
    if config is not None:
        try:
            values = dict(json.loads(Path(config).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise TrainingError(f"config {printable(config)} is no JSON object of settings: {error}") from error
    values |= {name: value for name, value in given.items() if value is not None}
    known = {field.name: field.default for field in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise TrainingError(f"setting {name!r} is unknown: use {', '.join(known)}")
        values[name] = _like(known[name], value)
        if values[name] is None:
            raise TrainingError(f"setting {name} is {value!r}: give a value like {known[name]!r}")
    settings = Settings(**values)
    for name, least in LEAST.items():
        if getattr(settings, name) < least:
            raise TrainingError(f"setting {name} is {getattr(settings, name)}: use at least {least}")
    for name, most in MOST.items():
        if getattr(settings, name) > most:
            raise TrainingError(f"setting {name} is {getattr(settings, name)}: use at most {most}")
    if not sum(settings.delay_weights):
        raise TrainingError("setting delay_weights is 0 for every delay: nothing would be learnt")
    return settings


def _like(default, value):
    """A value of the kind of a default (whole number, number, or so many of them), not below 0; None if it is not."""
    if isinstance(default, tuple):
        if not isinstance(value, (list, tuple)) or len(value) != len(default):
            return None
        numbers = tuple(_like(one, number) for one, number in zip(default, value, strict=True))
        return None if None in numbers else numbers
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        return None
    if isinstance(default, int):
        return int(value) if value == int(value) else None
    return float(value)


def train_network(data, out, settings, *, hold_out=(), like=None, notes_dir=None, jobs=2, say=print):
    """Make material, train, export and choose the tracker's settings.

    Parameters
    ----------
    data : list of str or Path
        Folders of labelled recordings; those of a `test` split are left out.
    out : path
        Folder to write to or to go on in.
    settings : Settings
    hold_out : tuple of str
        Pianos (as the recordings name them) to validate on; if none, every sixth recording.
    like : path, optional
        ``course.json`` of another training: learn from and hold out the recordings of the same ids.
    notes_dir : path, optional
        Single notes of a real piano, to render music with.
    jobs : int
        Processes that make material.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    TrainingError, DatasetError
        If the data are empty, a piano or a recording is unknown, or ``out`` holds a training of other data or settings.
    """
    out = Path(out)
    if like is not None and hold_out:
        raise TrainingError("--like names what is held out already: leave --hold-out out")
    recordings = _labelled(data, say)
    learnt, held_out = _divided(recordings, hold_out) if like is None else _as_before(recordings, like)
    if notes_dir is not None and not any(recording.key is not None for recording in load_dataset(notes_dir)):
        raise TrainingError(f"{printable(notes_dir)} holds no single notes: name them by their keys (A0.ogg, C#4.wav)")
    refuse_unwritable(out)
    out.mkdir(parents=True, exist_ok=True)
    _refuse_other(out, learnt, held_out, settings, notes_dir)
    run = Run(out, settings)
    hours = settings.rendered_hours
    say(f"{len(learnt)} recordings to learn from, {len(held_out)} held out, {hours:g} hours of rendered music")
    todo = material.tasks(
        learnt, out / "material", takes=settings.takes, rendered_hours=hours, seed=settings.seed, notes_dir=notes_dir
    )
    material.make(todo, jobs=jobs)
    checks = material.tasks(held_out, out / "validation", takes=1, rendered_hours=0.0, seed=settings.seed)
    material.make(checks, jobs=jobs)
    if run.step:
        say(f"goes on at step {run.step}")
    run.train(Pieces(out / "material"), Pieces(out / "validation"))
    finish(out, held_out, seconds=settings.validation_s, say=say)


def finish(out, held_out, *, seconds, say=print):
    """Export the best weights and choose the tracker's settings for them."""
    weights = Path(out) / "neural.onnx"
    export.export(Path(out) / "best.safetensors", weights)
    tuning.tune(weights, held_out, seconds=seconds, progress=say)
    say(f"{printable(weights)}: use it with --detector neural:weights_file={printable(weights)}")


def _labelled(data, say):
    """Recordings with notes, at least two."""
    recordings = []
    for folder in data:
        found = load_dataset(folder, split="tune")
        for path, why in found.skipped:
            say(f"{printable(path)} is left out: {why}")
        _tell_lonely_labels(folder, say)
        recordings += [recording for recording in found if recording.labels is not None]
    recordings = [recording for recording in recordings if _has_notes(recording)]
    if len(recordings) < 2:
        raise TrainingError(
            f"{len(recordings)} labelled recordings are too few to train on: give --data a folder with at least two"
        )
    return recordings


def _divided(recordings, hold_out):
    """Recordings to learn from and held out, by piano."""
    pianos = sorted({recording.piano for recording in recordings})
    unknown = [name for name in hold_out if name not in pianos]
    if unknown:
        raise TrainingError(f"no recording is of piano {unknown[0]!r}: there are {', '.join(filter(None, pianos))}")
    if hold_out:
        held_out = [recording for recording in recordings if recording.piano in hold_out]
    else:
        held_out = recordings[::EVERY_NTH_HELD_OUT]
    learnt = [recording for recording in recordings if recording not in held_out]
    if not learnt:
        raise TrainingError("every recording is held out: name fewer pianos with --hold-out")
    return learnt, held_out


def _as_before(recordings, like):
    """Recordings to learn from and held out, by the ids that another training wrote down."""
    try:
        about = json.loads(Path(like).read_text(encoding="utf-8"))
        wanted = [[str(name) for name in about[part]] for part in ("learnt", "held_out")]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{printable(like)} is no course.json of a training: name the one in its --out") from error
    by_id = {recording.id: recording for recording in recordings}
    missing = [name for names in wanted for name in names if name not in by_id]
    if missing:
        raise TrainingError(
            f"{len(missing)} recordings of {printable(like)} are not in --data ({missing[0]} ...): add their folder"
        )
    return tuple([by_id[name] for name in names] for names in wanted)


def _has_notes(recording):
    """Whether there is anything to learn; labels that cannot be read are an error now, not after an hour."""
    return len(read_labels(recording.labels).on_keyboard()) > 0


def _tell_lonely_labels(folder, say):
    if not Path(folder).is_dir():
        return
    with_sound = {recording.labels.with_suffix("") for recording in load_dataset(folder) if recording.labels}
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() in LABEL_SUFFIXES and path.with_suffix("") not in with_sound:
            say(f"{printable(path)} is left out: no sound of that name lies beside it")


def _refuse_other(out, learnt, held_out, settings, notes_dir):
    """A folder belongs to one training: write down which, or compare."""
    about = {
        "learnt": [recording.id for recording in learnt],
        "held_out": [recording.id for recording in held_out],
        "sounds": _fingerprint([*learnt, *held_out]),
        "notes": None if notes_dir is None else _fingerprint(load_dataset(notes_dir)),
        "settings": json.loads(json.dumps(asdict(settings))),
    }
    path = out / "course.json"
    if path.exists():
        try:
            before = json.loads(path.read_text(encoding="utf-8"))
            same = all(before[name] == about[name] for name in ("learnt", "held_out", "sounds", "notes"))
            changed = [
                n for n, v in about["settings"].items() if before["settings"].get(n) != v and n not in MAY_CHANGE
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrainingError(f"{printable(path)} is damaged: name another --out") from error
        if not same:
            raise TrainingError(
                f"{printable(out)} holds a training on other recordings, labels or single notes: name another --out"
            )
        if changed:
            raise TrainingError(f"{printable(out)} holds a training with another {changed[0]}: name another --out")
    with material.writing(path) as temporary:
        temporary.write_text(json.dumps(about, indent=1), encoding="utf-8")


def _fingerprint(recordings):
    """One checksum of sounds and labels."""
    sums = "".join(recording.checksum + recording.labels_checksum for recording in recordings)
    return hashlib.sha256(sums.encode()).hexdigest()
