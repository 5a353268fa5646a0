"""A full recogniser for the lessons: PocketSphinx, with a grammar that says which words can come.

What comes in: samples, and the words that may be said. What goes out: the word that was heard, or "". The package
`pocketsphinx` brings its own model of American English; nothing leaves the machine.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab import sound
from pianolab.errors import PianolabError
from pianolab.lessons import speech

SR = 16000  # What its model was learnt from.
COMMANDS = ("again", "slower", "faster", "stop", "play")
AROUND_S = 0.3  # It waits for silence before and after a word.


class SphinxError(PianolabError):
    """A recogniser that cannot be used; the message is one line with the remedy."""


def is_installed() -> bool:
    """Whether the package is here.

    Returns
    -------
    bool
    """
    return find_spec("pocketsphinx") is not None


def grammar(words: Sequence[str]) -> str:
    """A JSGF grammar in which one of some words is said.

    Parameters
    ----------
    words : sequence of str
        Of letters only.

    Returns
    -------
    str

    Raises
    ------
    SphinxError
        If there is no word, or one has other signs than letters.

    Examples
    --------
    >>> print(grammar(["again", "slower"]))
    #JSGF V1.0;
    grammar spoken;
    public <word> = again | slower;
    """
    wrong = [word for word in words if not re.fullmatch("[a-z]+", word)]
    if wrong or not words:
        raise SphinxError(f"{wrong[0]!r} is no word of small letters" if wrong else "a grammar needs a word")
    return f"#JSGF V1.0;\ngrammar spoken;\npublic <word> = {' | '.join(words)};"


@lru_cache(maxsize=4)
def _decoder(words: tuple[str, ...]) -> Any:
    if not is_installed():
        raise SphinxError("pocketsphinx is not installed: pip install 'pianolab[speech]'")
    from pocketsphinx import Decoder  # pyright: ignore[reportMissingImports]  (the extra [speech] has it)

    decoder = Decoder(lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("spoken", grammar(words))
    decoder.activate_search("spoken")
    return decoder


def heard(y: npt.ArrayLike, *, sr: int, words: Sequence[str]) -> str:
    """Which of some English words was said.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.
    words : sequence of str
        What may be said.

    Returns
    -------
    str
        "" if it heard none.

    Raises
    ------
    SphinxError
        If pocketsphinx is not installed, or a word is none.
    """
    decoder = _decoder(tuple(words))
    silence = np.zeros(round(AROUND_S * SR), np.float32)
    y = np.concatenate([silence, sound.resample(np.asarray(y, np.float32), sr=sr, target_sr=SR), silence])
    decoder.start_utt()
    decoder.process_raw((np.clip(y, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    hypothesis = decoder.hyp()
    return hypothesis.hypstr if hypothesis is not None else ""


def on_clips(*, again: bool = False) -> list[str]:
    """What it hears in the English commands of the clips' test voices.

    Parameters
    ----------
    again : bool
        Ask it even if it is missing, which raises.

    Returns
    -------
    list of str
        A word for each, or "". Where the package is missing, what it heard elsewhere, from ``trained.json``.

    Raises
    ------
    SphinxError
        If it is missing and asked again.
    """
    if not (again or is_installed()):
        return json.loads((speech.clips_dir() / "trained.json").read_text(encoding="utf-8"))["sphinx"]
    return [heard(clip.y, sr=SR, words=COMMANDS) for clip in commands()]


def commands() -> list[speech.Spoken]:
    """The clips that `on_clips` is asked about.

    Returns
    -------
    list of Spoken
        At 16 kHz.
    """
    return [clip for clip in speech.clips(SR) if clip.part == "test" and clip.word in COMMANDS]
