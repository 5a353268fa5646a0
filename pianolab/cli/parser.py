"""The command line: what is typed after `pianolab`, which function answers, and what is said when it goes wrong.

In goes a list of words; out comes text on standard output, one line "pianolab: ..." on standard error for each thing
that is wrong, and an exit code: 0 all is well, 1 the work was done and something in it failed, 2 what was asked cannot
be done. Each command has a file of its own. It loads libraries only when it runs, so that `pianolab --help` answers at
once.
"""

import argparse
import io
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any, NoReturn, TextIO, cast

from pianolab import __version__
from pianolab.cli import (
    compare,
    data,
    detect,
    detectors,
    explain,
    fit_delay,
    grade,
    learn_piano,
    library,
    live,
    mistakes,
    notebooks,
    practice,
    render,
    score,
    stream,
    train,
    tune,
)
from pianolab.cli.command import is_number
from pianolab.cli.memory import refuse_little_memory
from pianolab.cli.messages import DONE, FAILED, PIPE_CLOSED, REFUSED, UsageError, complain, warn
from pianolab.cli.signals import stoppable, told_stop
from pianolab.errors import nearest

_MODULES = (
    compare,
    detect,
    score,
    render,
    detectors,
    fit_delay,
    tune,
    explain,
    learn_piano,
    data,
    library,
    mistakes,
    practice,
    notebooks,
    grade,
    live,
    stream,
    train,
)
COMMANDS = [module.COMMAND for module in _MODULES]
_ABOUT = "Hear which piano keys were played, and compare the ways of hearing them."
EXAMPLES = """\
pianolab compare                               score every detector on the recordings that come with it
pianolab detect song.wav                       print the notes in a recording
pianolab score mine.tsv truth.mid              score notes that you have
pianolab COMMAND --help                        all options of a command, with examples"""
_HELP_COLUMN = 28


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after `pianolab`; those of this process by default.

    Returns
    -------
    int
        The exit code.
    """
    _open_closed_streams()
    _write_any_name()
    out, err = _Watched(sys.stdout, raises=True), _Watched(sys.stderr, raises=False)
    with warnings.catch_warnings(), redirect_stdout(cast(TextIO, out)), redirect_stderr(cast(TextIO, err)):
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        try:
            with stoppable():
                code = _run(argv, out)
                with suppress(OSError):
                    out.flush()
            return code if out.lost is None else _say_lost(out.lost)
        except KeyboardInterrupt as stopped:
            return told_stop(stopped)


def _run(argv: Sequence[str] | None, out: "_Watched") -> int:
    try:
        args = make_parser().parse_args(argv)
        refuse_little_memory()
        return args.run(args)
    except SystemExit as finished:  # This is how --help and --version end.
        return int(finished.code or DONE)
    except (ValueError, OSError) as error:
        if error is not out.lost:
            complain(error)
        return REFUSED
    except MemoryError:
        complain("there is not enough memory: close other programs, or use fewer processes (--jobs 1)")
        return REFUSED


def _say_lost(error: OSError) -> int:
    """The exit code where nobody can read what was printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # The rest would fail when Python ends.
    if isinstance(error, BrokenPipeError):  # Whoever read our output has seen enough, as `head` does.
        return PIPE_CLOSED
    complain(f"standard output cannot be written ({error.strerror}): name another file, or make room")
    return FAILED


def _open_closed_streams() -> None:
    """Where a stream was closed (`pianolab compare >&-`), whatever file is opened next would become it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            device = os.open(os.devnull, os.O_RDWR)
            os.dup2(device, number)
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


class _Watched:
    """Standard output or error, which remembers that it could not be written.

    Parameters
    ----------
    stream : TextIO
    raises : bool
        Whether the writer is told. A full disk behind `2> log` should end no hearing.
    """

    def __init__(self, stream: TextIO, *, raises: bool):
        self.lost: OSError | None = None
        self._stream, self._raises = stream, raises

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            self.lost = error
            if self._raises:
                raise


def _show_warning(message, category, filename, lineno, file=None, line=None):
    """Warnings of ours on one line; remarks of libraries are for programmers."""
    if category.__module__.startswith("pianolab"):
        warn(str(message))


def _write_any_name() -> None:
    """Whatever the terminal cannot show (Korean where it knows ASCII only) is written as \\uXXXX, not an error."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")


def make_parser() -> "Parser":
    """The parser of all commands; what it parses has ``run``, the function that answers."""
    parser = Parser(prog="pianolab", description=_ABOUT, epilog=_examples(EXAMPLES))
    parser.add_argument("--version", action="version", version=f"pianolab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for command in COMMANDS:
        text = f"{command.about[0].upper()}{command.about[1:]}."
        epilog = _examples(command.examples)
        added = commands.add_parser(command.name, help=command.about, description=text, epilog=epilog)
        added.set_defaults(run=command.run)
        command.add_arguments(added)
    return parser


def _examples(lines: str) -> str:
    return "examples:\n" + "".join(f"  {line}\n" for line in lines.splitlines())


class Parser(argparse.ArgumentParser):
    """argparse, but errors are ours: one line, and near names for what is not known."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, formatter_class=_HelpFormatter, **settings)

    def parse_known_args(self, args=None, namespace=None):
        words = sys.argv[1:] if args is None else list(args)
        for word in words:
            is_option = word.startswith("-") and word != "-" and not is_number(word)
            if word == "--" or (self._subparsers is not None and not is_option):
                break
            name = word.partition("=")[0]
            if is_option and name not in self._option_string_actions:
                as_file = f": for the file of that name write ./{word}" if os.path.exists(word) else ""
                self.error(f"unknown option {name!r}{as_file or nearest(name, self._option_string_actions)}")
        return super().parse_known_args(words, namespace)

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            what = "command" if action.dest in ("command", "action") else "value"
            known = nearest(value, action.choices, otherwise=f": use one of {', '.join(action.choices)}")
            raise argparse.ArgumentError(None if what == "command" else action, f"unknown {what} {value!r}{known}")

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Examples as they are written; all explanations begin in one column."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=_HELP_COLUMN)
        self._action_max_length = _HELP_COLUMN - 12  # argparse forgets that names of commands are indented.
