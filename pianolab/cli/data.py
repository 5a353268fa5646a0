"""`pianolab data`: the built-in recordings, listed, made again, or checked."""

import argparse

from pianolab.cli.command import Command
from pianolab.cli.messages import DONE, FAILED, complain
from pianolab.errors import printable

_EXAMPLES = """\
pianolab data list
pianolab data render
pianolab data check"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, answer, about in (
        ("list", _list, "what the built-in recordings are"),
        ("render", _render, "make the sound of all of them again"),
        ("check", _check, "verify the labels, and the sound against its fingerprints"),
    ):
        action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        action.set_defaults(answer=answer)


def _run(args: argparse.Namespace) -> int:
    return args.answer()


def _list() -> int:
    from pianolab.data import builtin_index

    recordings = builtin_index()
    print(f"{'id':28}{'kind':9}{'split':7}{'piano':9}{'room':6}{'seconds':>8}  title")
    for one in recordings:
        print("{id:28}{kind:9}{split:7}{piano:9}{room:6}{seconds:8.1f}  {title}".format(**one))
    minutes = sum(one["seconds"] for one in recordings) / 60
    n_test = sum(one["split"] == "test" for one in recordings)
    print(f"{len(recordings)} recordings ({n_test} test, {len(recordings) - n_test} tune), {minutes:.1f} minutes")
    return DONE


def _render() -> int:
    from pianolab.data import made_dir, render_builtin

    n = len(render_builtin(progress=True, force=True))
    print(f"rendered {n} recording{'s' if n != 1 else ''} in {printable(made_dir('builtin/audio'))}")
    return DONE


def _check() -> int:
    from pianolab.data import builtin_index, check_builtin

    problems = check_builtin(progress=True)
    for problem in problems:
        complain(problem)
    if not problems:
        print(f"all {len(builtin_index())} recordings are as they should be")
    return FAILED if problems else DONE


COMMAND = Command("data", "list, render or check the built-in recordings", _EXAMPLES, _add_arguments, _run)
