"""A whole training: from a plan to a network that the detector can run.

What comes in: a Plan and Settings. What comes out, in one folder: plan, material, checkpoint, log, best weights, and
``neural.onnx`` with ``neural.json``. Whatever is there already is used; a training that was stopped goes on.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from pianolab.data import Recording
from pianolab.errors import printable
from pianolab.files import refuse_unwritable
from pianolab.training.batches import Pieces
from pianolab.training.export import export_network
from pianolab.training.loop import TrainingLoop, refuse_beginning
from pianolab.training.material import PEDAL_KINDS, list_held_out, list_recipes, list_scenes, make_pieces
from pianolab.training.plan import Plan, keep_plan
from pianolab.training.settings import Settings
from pianolab.training.tuning import tune_tracking


def train_network(
    plan: Plan, out: str | Path, settings: Settings, *, jobs: int = 2, say: Callable[[str], object] = print
) -> None:
    """Make material, train, export and choose the tracker's settings.

    Parameters
    ----------
    plan : Plan
        From `pianolab.training.plan.make_plan`.
    out : str or Path
        Folder to write to or to go on in.
    settings : Settings
    jobs : int
        Processes that make material.
    say : callable
        Told what happens, a line at a time.

    Raises
    ------
    TrainingError
        If ``out`` holds a training of other data or settings, or cannot be written to.
    """
    out = Path(out)
    refuse_unwritable(out)
    refuse_beginning(settings, plan.begin_with)
    out.mkdir(parents=True, exist_ok=True)
    keep_plan(plan, settings, out)
    loop = TrainingLoop(out, settings, begin_with=plan.begin_with)
    hours, seed = settings.rendered_hours, settings.seed
    rendered = "rendered music" if plan.sources is None else "scenes"
    say(f"{len(plan.learnt)} recordings to learn from, {len(plan.held_out)} held out, {hours:g} hours of {rendered}")
    recipes = list_recipes(
        plan.learnt,
        out / "material",
        versions=settings.versions,
        rendered_hours=hours if plan.sources is None else 0.0,
        seed=seed,
        notes_dir=plan.notes_dir,
    )
    scenes: list[Recording] = []
    if plan.sources is not None:
        held_out = list_held_out(plan.sources.held_out, out / "held_out", seed=seed)
        make_pieces(held_out, jobs=jobs)
        scenes = [Recording(one.path.stem, one.path, one.path.with_suffix(".mid")) for one in held_out]
        kinds = PEDAL_KINDS if settings.pedal else (None,)
        recipes += list_scenes(plan.sources.learnt, out / "material", hours=hours, seed=seed, kinds=kinds)
        say(f"{len(scenes)} scenes of a minute held out")
    make_pieces(list_recipes([*plan.held_out, *scenes], out / "validation", seed=seed), jobs=jobs)
    make_pieces(recipes, jobs=jobs)
    if loop.step:
        say(f"goes on at step {loop.step}")
    loop.train(Pieces(out / "material"), Pieces(out / "validation"))
    finish(out, plan.held_out, scenes, seconds=settings.validation_s, say=say)


def finish(
    out: str | Path,
    held_out: Sequence[Recording],
    scenes: Sequence[Recording] = (),
    *,
    seconds: float,
    say: Callable[[str], object] = print,
) -> None:
    """Export the best weights and choose the tracker's settings for them.

    Parameters
    ----------
    out : str or Path
        Holds ``best.safetensors``; ``neural.onnx`` and ``neural.json`` are written there.
    held_out : sequence of Recording
        To choose by, as they are and in rooms drawn by chance.
    scenes : sequence of Recording
        To choose by as they are, because they have rooms already.
    seconds : float
        How much of each of them is heard.
    say : callable
        Told the scores, and how to use the network.
    """
    weights = Path(out) / "neural.onnx"
    export_network(Path(out) / "best.safetensors", weights)
    tune_tracking(weights, held_out, scenes, seconds=seconds, say=say)
    say(f"{printable(weights)}: use it with --detector neural:weights_file={printable(weights)}")
