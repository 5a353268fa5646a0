"""`pianolab train`: folders of labelled recordings in, a network for the detector `neural` out."""

from pianolab.cli.messages import DONE, UsageError


def run(args):
    """Answer `pianolab train`; returns the exit code."""
    try:
        from pianolab.training import course
    except ImportError as error:
        raise UsageError(
            f"training needs PyTorch ({error}): make setup-train, or in an environment of your own "
            "pip install -e '.[train]'"
        ) from error
    settings = course.settings_from(args.config, steps=args.steps, seed=args.seed)
    course.train_network(
        args.data,
        args.out,
        settings,
        hold_out=tuple(args.hold_out),
        like=args.like,
        notes_dir=args.notes,
        jobs=args.jobs or 2,
        say=lambda line: print(line, flush=True),
    )
    return DONE
