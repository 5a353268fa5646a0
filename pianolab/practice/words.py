"""What a player reads of a verdict: a shape, the names of the keys, and where; in his language."""

from pianolab.practice.checking import Verdict
from pianolab.texts.catalogue import Told
from pianolab.units import note_name

_TEXTS = {
    "right": "practice.verdict.right",
    "early": "practice.verdict.early",
    "late": "practice.verdict.late",
    "wrong": "practice.verdict.wrong",
    "octave": "practice.verdict.octave",
    "missing": "practice.verdict.missing",
    "extra": "practice.verdict.extra",
    "doubled": "practice.verdict.doubled",
    "restart": "practice.verdict.restart",
    "skip": "practice.verdict.skip",
    "uneven": "practice.verdict.uneven",
}


def words_of(verdict: Verdict, *, bar: str | None = None, to_bar: str | None = None, style: str = "C4") -> Told:
    """Say a verdict in plain words.

    Parameters
    ----------
    verdict : Verdict
    bar, to_bar : str, optional
        The bars as the score numbers them; by default they are counted from 1 in the order of playing.
    style : {'C4', 'Do', '도'}
        How keys are named.

    Returns
    -------
    Told
        English text; ``said(language)`` is the player's.

    Examples
    --------
    >>> print(words_of(Verdict("wrong", 7, 65, 64, 3, 12.0, 8.2, None, 0.97, 8.4)))
    bar 4: ✗ You played E4, the score has F4.
    """
    kind = verdict.what if verdict.perhaps is None else verdict.perhaps
    values = {
        "asked": "" if verdict.asked is None else note_name(verdict.asked, style=style),
        "heard": "" if verdict.heard is None else note_name(verdict.heard, style=style),
        "to_bar": to_bar or ("" if verdict.to_bar is None else str(verdict.to_bar + 1)),
    }
    said = Told(_TEXTS[kind], **values)
    if verdict.what == "not sure":
        said = Told("practice.verdict.not_sure", perhaps=said)
    return Told("practice.bar", bar=bar or str(verdict.bar + 1), said=said)
