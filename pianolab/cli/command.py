"""What a command is, and what several commands have in common: numbers that make sense, options of the same name."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from pianolab.texts.choices import LONGEST_S, MOST_PROCESSES, PEDAL_RULES, SHORTEST_S, SPLITS

_MOST_DIGITS = 30  # Longer text is no number that anybody means.
SPEC = "NAME[:key=value,...]|FILE.py:Class"
RUNS_CODE = "FILE.py:Class runs that file, so name only files that you trust"


@dataclass(frozen=True)
class Command:
    """One word after `pianolab` and what belongs to it.

    Attributes
    ----------
    name, about : str
        The word, and what it does in a few words.
    examples : str
        Lines that can be typed.
    add_arguments : callable
        Tells an argparse.ArgumentParser what else can be typed.
    run : callable
        Takes what was typed (argparse.Namespace), does it and returns the exit code. It loads the libraries it needs.
    """

    name: str
    about: str
    examples: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def is_number(word: str) -> bool:
    """Whether a word is a number, as -3 or 1e-2, and no option.

    Parameters
    ----------
    word : str

    Returns
    -------
    bool
    """
    try:
        float(word)
    except ValueError:
        return False
    return True


def seconds(text: str) -> float:
    """A length of sound.

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    float
        Seconds, from 0.001 to a million.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no such number.

    Examples
    --------
    >>> seconds("2.5")
    2.5
    """
    if not (is_number(text) and SHORTEST_S <= float(text) <= LONGEST_S):
        what = f"use a number from {SHORTEST_S:g} to {LONGEST_S:.0f}"
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is no length in seconds: {what}")
    return float(text)


def _quoted(text: str) -> str:
    return repr(text if len(text) < _MOST_DIGITS else f"{text[:_MOST_DIGITS]}...")


def number_of(things: str, *, most: int = MOST_PROCESSES) -> Callable[[str], int]:
    """Make the reader of a whole number above 0.

    Parameters
    ----------
    things : str
        What is counted; refusals name it.
    most : int
        The highest that makes sense.

    Returns
    -------
    callable
        Text in, number out; raises argparse.ArgumentTypeError.

    Examples
    --------
    >>> number_of("processes")("4")
    4
    """

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and 1 <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is no number of {things}: use 1 to {most}")
        return int(text)

    return read


def tempo(*, slowest: float, fastest: float) -> Callable[[str], float]:
    """Make the reader of a tempo.

    Parameters
    ----------
    slowest, fastest : float
        Beats a minute.

    Returns
    -------
    callable
        Text in, number out; raises argparse.ArgumentTypeError.

    Examples
    --------
    >>> tempo(slowest=10, fastest=400)("62.5")
    62.5
    """

    def read(text: str) -> float:
        if not (is_number(text) and slowest <= float(text) <= fastest):
            remedy = f"use {slowest:g} to {fastest:g} beats a minute"
            raise argparse.ArgumentTypeError(f"{_quoted(text)} is no tempo: {remedy}")
        return float(text)

    return read


def port(text: str) -> int:
    """A port that programs of users may have.

    Parameters
    ----------
    text : str
        As it was typed.

    Returns
    -------
    int
        1024 to 65535.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no such number.

    Examples
    --------
    >>> port("8866")
    8866
    """
    if not (text.isascii() and text.isdigit() and len(text) < _MOST_DIGITS and 1024 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{_quoted(text)} is no port: use a number from 1024 to 65535")
    return int(text)


def add_pedal(parser: argparse.ArgumentParser) -> None:
    """Give a command the option --pedal.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument(
        "--pedal",
        choices=PEDAL_RULES,
        default="release",
        metavar="|".join(PEDAL_RULES),
        help="a played note ends with its key, or with the sustain pedal (MIDI labels; default: release)",
    )


def add_my_piano(parser: argparse.ArgumentParser) -> None:
    """Give a command the option --my-piano.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--my-piano", metavar="FILE", help="what `pianolab learn-piano` wrote of the piano")


def add_jobs_and_cache(parser: argparse.ArgumentParser) -> None:
    """Give a command that hears many recordings the options --jobs and --cache.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    processes = "processes at once (default: one a core, at most 8)"
    parser.add_argument("--jobs", type=number_of("processes"), metavar="N", help=processes)
    kept = "what was heard is kept here and found again (default: results/.cache)"
    parser.add_argument("--cache", metavar="DIR", help=kept)


def add_split(parser: argparse.ArgumentParser, *, default: str) -> None:
    """Give a command the option --split.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    default : str
        The split that is meant where none is given.
    """
    shown = "|".join(SPLITS)
    words = f"which recordings (default: {default})"
    parser.add_argument("--split", choices=SPLITS, default=default, metavar=shown, help=words)
