"""The one catalogue of what a player or student reads: every text has a key, and stands there in every language.

The texts lie beside this file, ``en/page.json`` and ``ko/page.json``; a key is the name of the file and the name in it,
``page.start``. A text may have places for values, ``"{seconds} s heard"``. Where its form depends on a number ``n`` it
is a pair, ``{"one": "{n} note", "other": "{n} notes"}``. The page reads the same files.

Python's own messages are English: errors, log lines, the command line. A message that also reaches a player is a
`Told`: it is the English text, and can be said in the player's language when it is shown.
"""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from pianolab.errors import PianolabError, first_line, nearest

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "ko": "한국어"})
DEFAULT_LANGUAGE = "en"
LANGUAGE_VARIABLE = "PIANOLAB_LANGUAGE"

Text = str | Mapping[str, str]


class TextError(PianolabError):
    """A language or text that is not in the catalogue."""


def language_of(given: str | None = None) -> str:
    """The language to speak.

    Parameters
    ----------
    given : str, optional
        A key of ``LANGUAGES``. If left out, what the environment variable PIANOLAB_LANGUAGE says, else English.

    Returns
    -------
    str

    Raises
    ------
    TextError
        If there is no such language.

    Examples
    --------
    >>> language_of("ko")
    'ko'
    """
    language = given or os.environ.get(LANGUAGE_VARIABLE) or DEFAULT_LANGUAGE
    if language not in LANGUAGES:
        raise TextError(f"language {language!r} is unknown: use {' or '.join(LANGUAGES)}{nearest(language, LANGUAGES)}")
    return language


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Mapping[str, Text]:
    """Every text of one language.

    Parameters
    ----------
    language : str
        A key of ``LANGUAGES``.

    Returns
    -------
    mapping of str to (str or mapping)
        From keys such as ``page.start`` to texts; a mapping has the forms ``one`` and ``other``.
    """
    texts: dict[str, Text] = {}
    for path in sorted(Path(__file__).with_name(language_of(language)).glob("*.json")):
        texts |= {f"{path.stem}.{name}": text for name, text in json.loads(path.read_text(encoding="utf-8")).items()}
    return MappingProxyType(texts)


def say(key: str, /, language: str | None = None, **values: Any) -> str:
    """A text of the catalogue with its values filled in.

    Parameters
    ----------
    key : str
        Such as ``page.start``.
    language : str, optional
        As for `language_of`.
    **values
        What stands in its places. ``n`` also chooses between the forms for one and for several.

    Returns
    -------
    str

    Raises
    ------
    TextError
        If there is no such text or language, or a value is missing.
    """
    texts = catalogue(language_of(language))
    if key not in texts:
        raise TextError(f"the catalogue of texts has no {key!r}{nearest(key, texts)}")
    text = texts[key]
    if not isinstance(text, str):
        text = text["one" if values.get("n") == 1 and "one" in text else "other"]
    try:
        return text.format(**values)
    except (KeyError, IndexError) as error:
        raise TextError(f"the text {key!r} needs a value for {error}") from error


class Told(str):
    """A text of the catalogue in English that can be said in the other languages too.

    Errors and faults that a player reads are made of it: a log has the English, a page the player's language.

    Parameters
    ----------
    key : str
        Such as ``live.too_many``.
    **values
        What stands in its places. Values that are Told are said in the same language.

    Raises
    ------
    TextError
        If there is no such text, or a value is missing.

    Examples
    --------
    >>> told = Told("page.start")
    >>> told, told.said("ko")
    ('Start', '시작')
    """

    key: str
    values: dict[str, Any]

    def __new__(cls, key: str, /, **values: Any) -> Self:
        told = super().__new__(cls, _filled(key, values, "en"))
        told.key, told.values = key, values
        return told

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.key,), self.values  # Copies and pickles are made from these.

    def said(self, language: str | None = None) -> str:
        """The text in a language.

        Parameters
        ----------
        language : str, optional
            As for `language_of`.

        Returns
        -------
        str
        """
        return _filled(self.key, self.values, language)


def _filled(key: str, values: Mapping[str, Any], language: str | None) -> str:
    spoken = {name: value.said(language) if isinstance(value, Told) else value for name, value in values.items()}
    return say(key, language, **spoken)


def said(what: Any, language: str | None = None) -> Any:
    """The same in a language if it is `Told`; lists and dictionaries with all that they hold; anything else as it is.

    Parameters
    ----------
    what : Told, list, dict or anything
    language : str, optional
        As for `language_of`.

    Returns
    -------
    what was given, with plain strings for Told

    Examples
    --------
    >>> said({"name": Told("page.stop"), "values": ["yin", 440.0]}, "ko")
    {'name': '정지', 'values': ['yin', 440.0]}
    """
    if isinstance(what, dict):
        return {name: said(value, language) for name, value in what.items()}
    if isinstance(what, list):
        return [said(value, language) for value in what]
    return what.said(language) if isinstance(what, Told) else what


def told_by(error: BaseException) -> str:
    """What an error says: `Told` where it is made of one, else its first line.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    str

    Examples
    --------
    >>> told_by(ValueError(Told("page.start"))).said("ko")
    '시작'
    """
    told = error.args[0] if error.args else None
    return told if isinstance(told, Told) else first_line(error)
