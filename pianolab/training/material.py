"""The material that the network learns from: recordings as they are or augmented, rendered music, and whole scenes.

What comes in: labelled recordings and perhaps a folder of single notes, or a shelf of pianos, performances, rooms and
noises; and a seed. What comes out: a folder of pieces, each the network's input (``recorded_0_0001.npy``, float16) and
its labels: the same name with ``.mid`` where the pedal is known, with ``.tsv`` where it is not. A piece that is there
is not made again, so that the work can be stopped and resumed, and more hours can be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf
from tqdm.auto import tqdm

from pianolab import sound, workers
from pianolab.data import Recording
from pianolab.dsp.network_input import SR, NeuralInput
from pianolab.labels import LabelError, read_labels, read_pedal, write_labels
from pianolab.piano import render
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.training.augment import PIECE_S, augment, draw_drill, draw_piano, vary_excerpt
from pianolab.training.errors import unwritable, writing
from pianolab.training.scenes import draw_scene
from pianolab.training.sources import MIDI_SUFFIXES, Shelf

SAMPLED_SHARE = 0.35  # Where there are recorded notes, this share of the rendered pieces is played with them.
LEARNT_SEED, HELD_OUT_SEED = 6, 7  # Scenes to learn from and held-out ones are drawn from streams of their own.
HELD_OUT_KINDS = ("performance", "nobody", "performance", "melody", "performance", "nobody", "performance", "drill")
HELD_OUT_ROUNDS = 4
# The pedal is learnt alone from what pianists do with it: drills have one that goes down and up by chance.
PEDAL_KINDS = ("performance", "performance", "octaves", "performance", "octaves", "performance", "melody", "nobody")
DRILL_SHARE = 0.3  # This share of the rendered pieces is random notes.


@dataclass(frozen=True)
class Recipe:
    """How one piece is made: of a recording (``audio`` and ``labels``), or of music rendered after ``labels``.

    Attributes
    ----------
    path : Path
        Where the network's input is written; the labels get the same name with ``.tsv``.
    seed : tuple of int
        Fixes everything that is drawn for this piece.
    audio : Path or None
        The recording; None for rendered music.
    labels : Path or None
        What is played; None for a drill.
    augmented : bool
        Whether it is heard at another pitch, in another room, through another microphone.
    notes_dir : Path or None
        Single notes to play rendered music with; None for a rendered piano.
    shelf : Shelf or None
        What a scene is drawn from; then nothing else but `path` and `seed` counts.
    kind : str or None
        What happens in the scene; drawn if it is None.
    as_recording : bool
        Whether a scene is written as a recording (``.flac`` and ``.mid``) instead of a piece.
    """

    path: Path
    seed: tuple[int, ...]
    audio: Path | None = None
    labels: Path | None = None
    augmented: bool = True
    notes_dir: Path | None = None
    shelf: Shelf | None = None
    kind: str | None = None
    as_recording: bool = False


def list_scenes(
    shelf: Shelf, folder: Path, *, hours: float, seed: int, kinds: Sequence[str | None] = (None,)
) -> list[Recipe]:
    """The scenes to learn from; with more hours the first ones stay the same.

    Parameters
    ----------
    shelf : Shelf
    folder : Path
        Where the pieces go.
    hours : float
        Rounded to whole minutes.
    seed : int
    kinds : sequence of str or None
        What happens in them, one after the other and then again from the first; drawn where it is None.

    Returns
    -------
    list of Recipe

    Examples
    --------
    >>> few, more = (list_scenes(Shelf((), ()), Path("material"), hours=h, seed=1) for h in (0.05, 0.1))
    >>> len(few), len(more), few == more[:3]
    (3, 6, True)
    """
    count = round(hours * 3600 / PIECE_S)
    return [
        Recipe(folder / f"scene_{i:04d}.npy", (seed, LEARNT_SEED, i), shelf=shelf, kind=kinds[i % len(kinds)])
        for i in range(count)
    ]


def list_held_out(shelf: Shelf, folder: Path, *, seed: int) -> list[Recipe]:
    """The scenes to validate and to choose thresholds by, as recordings: `HELD_OUT_ROUNDS` times `HELD_OUT_KINDS`.

    Parameters
    ----------
    shelf : Shelf
        Of which nothing was learnt.
    folder : Path
    seed : int

    Returns
    -------
    list of Recipe
    """
    return [
        Recipe(folder / f"held_out_{i:02d}.flac", (seed, HELD_OUT_SEED, i), shelf=shelf, kind=kind, as_recording=True)
        for i, kind in enumerate(HELD_OUT_KINDS * HELD_OUT_ROUNDS)
    ]


def list_recipes(
    recordings: Sequence[Recording],
    folder: Path,
    *,
    versions: int = 1,
    rendered_hours: float = 0.0,
    seed: int,
    notes_dir: Path | None = None,
) -> list[Recipe]:
    """The pieces to make of these recordings.

    Parameters
    ----------
    recordings : sequence of Recording
        With label files.
    folder : Path
        Where the pieces go.
    versions : int
        How often each recording is used: the first time as it is, then augmented.
    rendered_hours : float
        How much music is rendered after the recordings' labels.
    seed : int
    notes_dir : Path, optional
        Single notes of a real piano, to play some of the rendered music with.

    Returns
    -------
    list of Recipe

    Examples
    --------
    >>> recording = Recording("etude", Path("etude.wav"), Path("etude.mid"))
    >>> for recipe in list_recipes([recording], Path("material"), versions=2, seed=1):
    ...     print(recipe.path.name, recipe.augmented)
    recorded_0_0000.npy False
    recorded_1_0000.npy True
    """
    recipes = []
    for version in range(versions):
        for i, recording in enumerate(recordings):
            path = folder / f"recorded_{version}_{i:04d}.npy"
            recipes.append(Recipe(path, (seed, 1, version, i), recording.audio, recording.labels, version > 0))
    rng = np.random.default_rng([seed, 2])
    for i in range(round(rendered_hours * 3600 / PIECE_S)):
        labels = None if rng.random() < DRILL_SHARE else recordings[int(rng.integers(len(recordings)))].labels
        played = notes_dir if rng.random() < SAMPLED_SHARE else None
        recipes.append(Recipe(folder / f"rendered_{i:04d}.npy", (seed, 3, i), labels=labels, notes_dir=played))
    return recipes


def make_pieces(recipes: Sequence[Recipe], *, jobs: int = 2) -> None:
    """Make the pieces that are missing, with a progress bar; each appears whole or not at all.

    Parameters
    ----------
    recipes : sequence of Recipe
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
    missing = [recipe for recipe in recipes if not recipe.path.exists()]
    if not missing:
        return
    folder = missing[0].path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    work = workers.run(make_piece, missing, n_workers=jobs)
    for _, _, error in tqdm(work, total=len(missing), desc="material", unit="piece"):
        if error is not None:
            raise error


def make_piece(recipe: Recipe) -> None:
    """Make one piece: sound, perhaps augmented, then the network's input and the labels.

    Parameters
    ----------
    recipe : Recipe

    Raises
    ------
    TrainingError
        If it cannot be written.
    AudioError, LabelError
        If the recording or its labels cannot be read.
    """
    rng = np.random.default_rng(recipe.seed)
    pedal = None
    if recipe.shelf is not None:
        y, notes, pedal = draw_scene(recipe.shelf, rng, kind=recipe.kind)
    elif recipe.audio is not None and recipe.labels is not None:
        y, sr = sound.load(recipe.audio)
        y, notes = sound.resample(y, sr=sr, target_sr=SR), read_labels(recipe.labels).on_keyboard()
        pedal = read_pedal(recipe.labels) if recipe.labels.suffix.lower() in MIDI_SUFFIXES else None
    else:
        y, notes = _rendered(recipe, rng)
    if recipe.augmented and recipe.shelf is None:
        y, notes = augment(y, notes, rng)
        pedal = None  # Its times are not augmented.
    labels = recipe.path.with_suffix(".tsv" if pedal is None else ".mid")
    try:
        write_labels(labels, notes, pedal=pedal)
    except LabelError as error:
        raise unwritable(labels, error.__cause__ or error) from error
    with writing(recipe.path) as temporary, temporary.open("wb") as file:
        if recipe.as_recording:
            sf.write(file, y, SR, format="FLAC", subtype="PCM_16")
        else:
            np.save(file, NeuralInput().of(y).astype(np.float16))


def _rendered(recipe: Recipe, rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], Notes]:
    """A drill or an excerpt on a random piano, half of the time with pedal, or on recorded notes."""
    notes = draw_drill(rng) if recipe.labels is None else vary_excerpt(read_labels(recipe.labels), rng)
    if recipe.notes_dir is not None:
        return _sampled_piano(recipe.notes_dir).render(notes, rng=rng), notes
    pedal = None
    if rng.random() < 0.5:
        changes = np.cumsum(rng.uniform(0.5, 2.5, 40))
        pedal = np.column_stack([changes[:-1] + 0.08, changes[1:]])
    return render(notes, sr=SR, piano=draw_piano(rng), pedal=pedal, seed=int(rng.integers(2**31))), notes


@lru_cache(maxsize=1)  # A worker reads the thirty files once.
def _sampled_piano(folder: Path) -> SampledPiano:
    return SampledPiano(folder, sr=SR)
