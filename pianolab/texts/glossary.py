"""The words of the project, each with one sentence that says what it means, in every language of the catalogue.

The terms stand in ``en/glossary.json`` and ``ko/glossary.json``: ``onset`` is the word, ``onset_means`` the sentence.
The page docs/glossary.md is printed by ``python -m pianolab.texts.glossary``.
"""

import sys
from typing import NamedTuple

from pianolab.texts.catalogue import LANGUAGES, catalogue, language_of

_ROOM, _MEANS = "glossary.", "_means"
_HEAD = """# Glossary

A word here means the same in the code, in these pages, in the notebooks and on the live page. Some words have a second
meaning elsewhere, which the sentence around them shows: an **interval** is also a range in which a mean or a share is
likely to lie, **tuning** also the choice of a detector's settings, and a **kernel** also a function that is compiled or
a wave of the constant-Q transform. A **room** is where a piano sounds, and also a folder of the package.
The texts of the page and of the exercises are in English and Korean, and a test holds their words to these.
This page is made by `make glossary` from `pianolab/texts/*/glossary.json`: change the words there.
"""


class Term(NamedTuple):
    """A word and what it means.

    Attributes
    ----------
    word : str
    means : str
        One sentence.
    """

    word: str
    means: str


def glossary(language: str | None = None) -> dict[str, Term]:
    """The terms of one language.

    Parameters
    ----------
    language : str, optional
        As for `pianolab.texts.catalogue.language_of`.

    Returns
    -------
    dict of str to Term
        The keys are the same in every language.

    Raises
    ------
    TextError
        If there is no such language.

    Examples
    --------
    >>> glossary("en")["hop"]
    Term(word='hop', means='The number of samples from one frame to the next.')
    >>> glossary("ko")["hop"].word
    '홉'
    """
    texts = catalogue(language_of(language))
    keys = [key.removeprefix(_ROOM) for key in texts if key.startswith(_ROOM) and not key.endswith(_MEANS)]
    return {key: Term(str(texts[_ROOM + key]), str(texts[_ROOM + key + _MEANS])) for key in keys}


def page() -> str:
    """The glossary as a Markdown page with a column for each language, in the order of the English words.

    Returns
    -------
    str
    """
    columns = [glossary(language) for language in LANGUAGES]
    order = sorted(columns[0], key=lambda key: columns[0][key].word.casefold())
    rows = [[f"**{terms[key].word}**: {terms[key].means}" for terms in columns] for key in order]
    table = [list(LANGUAGES.values()), ["---"] * len(columns), *rows]
    return "\n".join([_HEAD, *(f"| {' | '.join(row)} |" for row in table), ""])


if __name__ == "__main__":
    sys.stdout.buffer.write(page().encode())
