"""What a command is, and what several commands have in common: numbers that make sense, options of the same name."""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

from pianolab.texts.choices import PEDAL_RULES, SPLITS

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
        Seconds, above 0.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is no such number.

    Examples
    --------
    >>> seconds("2.5")
    2.5
    """
    if not (is_number(text) and 0 < float(text) < math.inf):
        raise argparse.ArgumentTypeError(f"{text!r} is no length in seconds: use a number above 0")
    return float(text)


def number_of(things: str) -> Callable[[str], int]:
    """Make the reader of a whole number above 0.

    Parameters
    ----------
    things : str
        What is counted; refusals name it.

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
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise argparse.ArgumentTypeError(f"{text!r} is no number of {things}: use 1 or more")
        return int(text)

    return read


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
