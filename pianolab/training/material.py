"""What the network learns from: recordings as they are and as elsewhere, and music rendered for the purpose.

What comes in: labelled recordings, perhaps a folder of single notes, and a seed. What comes out: a folder of pieces,
each the network's input (``0001.npy``, float16) and its labels (``0001.tsv``). A piece that is there is not made
again, so that the work can be stopped and resumed.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from pianolab import sound, workers
from pianolab.dsp.network_input import SR, NeuralInput
from pianolab.errors import printable
from pianolab.files import replacing
from pianolab.labels import LabelError, read_labels, write_labels
from pianolab.piano import PIANOS, degrade, in_random_room, render
from pianolab.roll import Notes
from pianolab.training.sampled import SampledPiano
from pianolab.training.settings import TrainingError
from pianolab.units import MIDI_HIGH, MIDI_LOW

RENDERED_S = 60.0  # length of a rendered piece
SAMPLED_SHARE = 0.35  # of the rendered pieces, played with recorded notes where there are any
DRILL_SHARE = 0.3  # of the rendered pieces, random notes: bass, soft, repeated, octaves


@dataclass(frozen=True)
class Task:
    """One piece to make: a recording (``audio`` and ``labels``), or music rendered after ``labels`` (None: a drill).

    Attributes
    ----------
    path : Path
        Of the network's input; the labels get the same name with ``.tsv``.
    seed : tuple of int
        Fixes everything that is drawn for this piece.
    audio, labels : Path or None
    changed : bool
        Whether it is heard as elsewhere.
    notes_dir : Path or None
        Single notes to play rendered music with; None for a rendered piano.
    """

    path: Path
    seed: tuple
    audio: Path | None = None
    labels: Path | None = None
    changed: bool = True
    notes_dir: Path | None = None


def tasks(recordings, folder, *, takes, rendered_hours, seed, notes_dir=None):
    """The pieces to make of these recordings.

    Parameters
    ----------
    recordings : sequence of Recording
        With label files.
    folder : Path
        Where the pieces go.
    takes : int
        Of each recording: the first as it is, the others as elsewhere.
    rendered_hours : float
        Of music rendered after the recordings' labels.
    seed : int
    notes_dir : Path, optional
        Single notes of a real piano, to play some of the rendered music with.

    Returns
    -------
    list of Task
    """
    found = []
    for take in range(takes):
        for i, recording in enumerate(recordings):
            path = folder / f"recorded_{take}_{i:04d}.npy"
            found.append(Task(path, (seed, 1, take, i), recording.audio, recording.labels, take > 0))
    rng = np.random.default_rng([seed, 2])
    for i in range(round(rendered_hours * 3600 / RENDERED_S)):
        labels = None if rng.random() < DRILL_SHARE else recordings[rng.integers(len(recordings))].labels
        played = notes_dir if rng.random() < SAMPLED_SHARE else None
        found.append(Task(folder / f"rendered_{i:04d}.npy", (seed, 3, i), labels=labels, notes_dir=played))
    return found


def make(todo, *, jobs=2):
    """Make the pieces that are missing, with a progress bar; each appears whole or not at all.

    Parameters
    ----------
    todo : list of Task
        All in one folder, which is made if it is missing.
    jobs : int
        Processes at the same time.

    Raises
    ------
    TrainingError
        If a piece cannot be written; what was made stays.
    AudioError, LabelError
        If a recording or its labels cannot be read.
    """
    missing = [task for task in todo if not task.path.exists()]
    if not missing:
        return
    folder = missing[0].path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    work = workers.run(make_one, missing, n_workers=jobs)
    for _, _, error in tqdm(work, total=len(missing), desc="material", unit="piece"):
        if error is not None:
            raise error


def make_one(task):
    """Make one piece: sound, perhaps changed, then the network's input and the labels.

    Parameters
    ----------
    task : Task

    Raises
    ------
    TrainingError
        If it cannot be written.
    AudioError, LabelError
        If the recording or its labels cannot be read.
    """
    rng = np.random.default_rng(task.seed)
    if task.audio is not None:
        y, sr = sound.load(task.audio)
        y, notes = sound.resample(y, sr=sr, target_sr=SR), read_labels(task.labels).on_keyboard()
    else:
        notes = drill(rng) if task.labels is None else rearranged(read_labels(task.labels), rng)
        y = _played(notes, rng, task.notes_dir)
    if task.changed:
        y, notes = elsewhere(y, notes, rng)
    heard = NeuralInput().of(y).astype(np.float16)
    labels = task.path.with_suffix(".tsv")
    try:
        write_labels(labels, notes)
    except LabelError as error:
        raise _unwritable(labels, error.__cause__ or error) from error
    with writing(task.path) as temporary, temporary.open("wb") as file:
        np.save(file, heard)


@contextmanager
def writing(path):
    """Like `pianolab.files.replacing`, but what cannot be written is said in one line with the remedy.

    Parameters
    ----------
    path : path
        The file to write or to replace.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    TrainingError
        If that fails; a file that was at ``path`` is still there.
    """
    try:
        with replacing(path) as temporary:
            yield temporary
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path, error):
    reason = getattr(error, "strerror", None) or error
    return TrainingError(
        f"{printable(path)} cannot be written ({reason}): what was written before is kept; see that the disk has space "
        "and the folder is yours, then give the same command to go on"
    )


def elsewhere(y, notes, rng):
    """The same notes at another pitch and speed, in another room, through another microphone.

    Parameters
    ----------
    y : (n,) float32
        At `pianolab.dsp.network_input.SR`.
    notes : Notes
        What sounds in it.
    rng : numpy.random.Generator
        Draws up to 2.25 semitones up or down, room, distance, tone, noise, compression and level.

    Returns
    -------
    y : (m,) float32
        Shorter where the pitch rises.
    notes : Notes
        Those that are still on the keyboard, at their new times; the delay of a far microphone is not in them.
    """
    semitones = int(rng.integers(-2, 3))
    y, ratio = degrade.detuned(y, sr=SR, ratio=2.0 ** ((semitones + rng.uniform(-0.25, 0.25)) / 12.0))
    midi = notes.midi + semitones
    kept = (midi >= MIDI_LOW) & (midi <= MIDI_HIGH)
    notes = Notes(notes.onset / ratio, notes.offset / ratio, np.clip(midi, 0, 127), notes.velocity)[kept]
    if rng.random() < 0.75:
        y = in_random_room(y, sr=SR, rng=rng)
    if rng.random() < 0.7:
        y = degrade.toned(y, sr=SR, gains_db=rng.uniform(-7.0, 7.0, len(degrade.TONE_POINTS_HZ)))
    if rng.random() < 0.5:
        y = degrade.noisy(y, snr_db=rng.uniform(20.0, 50.0), rng=rng, slope=rng.uniform(0.0, 1.5))
    if rng.random() < 0.15:
        y = degrade.compressed(y, sr=SR, quality=rng.uniform(0.0, 0.6))
    return degrade.levelled(y, peak=10.0 ** (rng.uniform(-24.0, 0.0) / 20.0)), notes


def rearranged(notes, rng):
    """A minute of a piece in another key, tempo and dynamic, with an imprecise player's timing.

    Parameters
    ----------
    notes : Notes
        The whole piece.
    rng : numpy.random.Generator
        Draws where the minute begins, up to 9 semitones up or down, 0.75 to 1.35 times the speed, and the velocities.

    Returns
    -------
    Notes
        On the keyboard, from 0.2 s; an unknown velocity is taken for 64.
    """
    start_s = rng.uniform(0.0, max(notes.onset.max(initial=0.0) - 0.5 * RENDERED_S, 0.01))
    speed = np.exp(rng.uniform(np.log(0.75), np.log(1.35)))
    part = notes[(notes.onset >= start_s) & (notes.onset < start_s + RENDERED_S * speed)]
    loose = np.abs(rng.normal(0.0, rng.uniform(0.0, 0.012), len(part)))
    onset = (part.onset - start_s) / speed + 0.2 + loose
    offset = np.maximum((part.offset - start_s) / speed + 0.2, onset + 0.03)
    midi = part.midi + int(rng.integers(-9, 10))
    velocity = np.nan_to_num(part.velocity, nan=64.0)
    mean, spread = rng.uniform(35.0, 90.0), rng.uniform(0.6, 1.5)
    velocity = mean + spread * (velocity - velocity.mean() if len(part) else 0.0) + rng.normal(0.0, 4.0, len(part))
    kept = (midi >= MIDI_LOW) & (midi <= MIDI_HIGH)
    return Notes(onset[kept], offset[kept], midi[kept], np.clip(velocity[kept], 5, 127))


def drill(rng):
    """A minute of random notes: what music has too little of to learn from, one habit after the other.

    Parameters
    ----------
    rng : numpy.random.Generator

    Returns
    -------
    Notes
        No key is held longer than to its next stroke.
    """
    parts, now = [], 0.3
    while now < RENDERED_S - 4.0:
        habit, low = rng.integers(5), int(rng.integers(MIDI_LOW, 97))
        count, step_s = int(rng.integers(4, 12)), float(np.exp(rng.uniform(np.log(0.08), np.log(0.6))))
        loud = rng.uniform(15.0, 115.0)
        for _ in range(count):
            if habit == 0:  # one key again and again
                keys, step_s = [low], max(step_s, 0.1)
            elif habit == 1:  # bass
                keys = rng.integers(MIDI_LOW, 52, int(rng.integers(1, 3)))
            elif habit == 2:  # octaves among single keys
                keys = [low, low + 12] if rng.random() < 0.35 else [low]
            elif habit == 3:  # chords
                keys = low // 2 + 20 + rng.choice(36, int(rng.integers(2, 7)), replace=False)
            else:  # anywhere
                keys = rng.integers(MIDI_LOW, MIDI_HIGH + 1, int(rng.integers(1, 4)))
            for key in np.unique(np.clip(keys, MIDI_LOW, MIDI_HIGH)):
                at = now + abs(rng.normal(0.0, 0.008))
                off = at + step_s * rng.uniform(0.3, 0.95 if habit == 0 else 2.5)
                parts.append((at, off, key, loud + rng.normal(0.0, 12.0)))
            now += step_s
            loud = np.clip(loud + rng.normal(0.0, 8.0), 8.0, 125.0)
        now += rng.uniform(0.0, 0.6)
    onset, offset, midi, velocity = (np.array(column) for column in zip(*parts, strict=True))
    return Notes(onset, _before_next(onset, offset, midi), midi, np.clip(velocity, 5, 127))


def _before_next(onset, offset, midi):
    """Offsets no later than the next stroke of the same key."""
    offset = offset.copy()
    for key in np.unique(midi):
        here = np.flatnonzero(midi == key)
        here = here[np.argsort(onset[here])]
        offset[here[:-1]] = np.maximum(np.minimum(offset[here[:-1]], onset[here[1:]] - 0.01), onset[here[:-1]])
    return offset


def _played(notes, rng, notes_dir):
    """Notes on a random piano, half of the time with pedal."""
    if notes_dir is not None:
        return _sampled(notes_dir).render(notes, rng=rng)
    pedal = None
    if rng.random() < 0.5:
        changes = np.cumsum(rng.uniform(0.5, 2.5, 40))
        pedal = np.column_stack([changes[:-1] + 0.08, changes[1:]])
    return render(notes, sr=SR, piano=_random_piano(rng), pedal=pedal, seed=int(rng.integers(2**31)))


@lru_cache(maxsize=1)  # once a worker: thirty files to read
def _sampled(folder):
    return SampledPiano(folder, sr=SR)


def _random_piano(rng):
    """An instrument near one of the four, but like none of them."""
    base = PIANOS[rng.choice(sorted(PIANOS))]

    def times(values, low, high):
        return tuple(np.array(values) * np.exp(rng.uniform(np.log(low), np.log(high))))

    def plus(values, low, high):
        return tuple(np.array(values) + rng.uniform(low, high))

    return replace(
        base,
        name="random",
        brightness_hz=times(base.brightness_hz, 0.6, 1.7),
        prompt_db_per_s=times(base.prompt_db_per_s, 0.6, 1.6),
        after_db_per_s=times(base.after_db_per_s, 0.6, 1.6),
        after_db=plus(base.after_db, -6.0, 6.0),
        knock_db=plus(base.knock_db, -6.0, 8.0),
        damper_db_per_s=times(base.damper_db_per_s, 0.4, 1.4),
        ripple_db=float(rng.uniform(2.5, 7.0)),
        tuning_scatter_cents=float(rng.uniform(0.3, 4.0)),
        unison_cents=float(rng.uniform(0.2, 2.5)),
        a4_hz=float(rng.uniform(436.0, 445.0)),
        seed=int(rng.integers(2**31)),
    )
