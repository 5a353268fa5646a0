"""`pianolab train`: folders of labelled recordings, or of pianos and performances, in; a network for `neural` out."""

import argparse
from dataclasses import replace
from pathlib import Path

from pianolab.cli.command import Command, number_of
from pianolab.cli.messages import DONE, UsageError

_EXAMPLES = """\
pianolab train --data ~/maps_virtual --hold-out AkPnCGdD --out training
pianolab train --data ~/recordings --notes ~/single_notes --config training.json --out training
pianolab train --pianos ~/pianos --midi ~/midi --rooms ~/rooms --hold-out upright --hours 30 --out training
pianolab train --data ~/maps_virtual --pianos ~/pianos --midi ~/midi --begin-with best.safetensors --out more"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", action="append", metavar="DIR", default=[], help="labelled recordings to learn from")
    add("--pianos", action="append", metavar="DIR", default=[], help="single notes of pianos, to render scenes with")
    add("--midi", action="append", metavar="DIR", default=[], help="performances to render (with --pianos)")
    add("--rooms", action="append", metavar="DIR", default=[], help="impulse responses of rooms (with --pianos)")
    add("--noise", action="append", metavar="DIR", default=[], help="noises without a piano (with --pianos)")
    add("--out", metavar="DIR", required=True, help="everything that is made; a training that stopped goes on there")
    add("--hold-out", action="append", metavar="PIANO", default=[], help="validate on this piano (else every sixth)")
    add("--leave-out", action="append", metavar="PIANO", default=[], help="neither learn from this one of --pianos")
    add("--like", metavar="FILE", help="plan.json of a training: the same recordings, learnt from and held out")
    add("--notes", metavar="DIR", help="single notes of a real piano, to render music with")
    add("--begin-with", metavar="FILE", help="weights to begin with: best.safetensors of a training of the same sizes")
    add("--config", metavar="FILE", help="settings as a JSON object (see docs/model_card.md)")
    add("--hours", type=float, metavar="N", help="how much is rendered (setting rendered_hours)")
    add("--steps", type=number_of("steps", most=10**9), metavar="N", help="how long (setting steps)")
    add("--seed", type=int, metavar="N", help="fixes all that is drawn (setting seed)")
    add("--jobs", type=number_of("processes"), metavar="N", default=2, help="processes that make material (default: 2)")


def _run(args: argparse.Namespace) -> int:
    try:
        from pianolab.training.plan import make_plan, plan_both, plan_scenes
        from pianolab.training.settings import read_settings
        from pianolab.training.train import train_network
    except ImportError as error:
        raise UsageError(
            f"training needs PyTorch ({error}): make setup-train, or in an environment of your own "
            "pip install -e '.[train]'"
        ) from error
    settings = read_settings(args.config, steps=args.steps, seed=args.seed, rendered_hours=args.hours)
    of_scenes = {"rooms": args.rooms, "noise": args.noise, "hold_out": args.hold_out, "leave_out": args.leave_out}
    if args.data and args.pianos:
        if args.notes:
            raise UsageError("--notes renders music after --data alone: with --pianos leave it out")
        plan = plan_both(args.data, args.pianos, args.midi, like=args.like, say=_say, **of_scenes)
    elif args.pianos:
        plan = plan_scenes(args.pianos, args.midi, **of_scenes)
    elif args.data:
        plan = make_plan(args.data, hold_out=args.hold_out, like=args.like, notes_dir=args.notes, say=_say)
    else:
        raise UsageError("give --data (labelled recordings), --pianos and --midi (to render scenes), or all three")
    if args.begin_with is not None:
        plan = replace(plan, begin_with=Path(args.begin_with))
    train_network(plan, args.out, settings, jobs=args.jobs, say=_say)
    return DONE


def _say(line: str) -> None:
    print(line, flush=True)


COMMAND = Command("train", "train the network of the detector neural (needs PyTorch)", _EXAMPLES, _add_arguments, _run)
