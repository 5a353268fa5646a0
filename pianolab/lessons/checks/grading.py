"""How an exercise answers: it tries a student's function on fresh cases and says what it heard.

A check is a plain function ``check(answer, rng)`` that makes cases with a random generator, asks the student's
function, and raises ``Hint`` with one sentence where the answer is wrong. The decorator ``exercise`` turns it into
``check(answer, *, seed=0, language=None) -> Result``. Nothing is remembered between checks and nothing leaves the
machine, so a teacher can write exercises of their own with the same names::

    from pianolab.lessons.checks.grading import ask_number, exercise, judge

    @exercise
    def check_octave_up(answer, rng):
        '''``octave_up(hz)``: the frequency an octave higher.'''
        for hz in rng.uniform(50, 2000, 3):
            got = ask_number(answer, hz, about=f"{hz:.0f} Hz")
            said = f"you say {got:.0f} Hz for the octave above {hz:.0f} Hz"
            judge(got, 2 * hz, said, [(hz + 12, "twelve keys are not 12 Hz")], otherwise="twice the frequency")
        return "an octave is a factor of two"

The package's own exercises say ``Told("hints.octave_up.twelve")`` where a teacher writes a sentence. It stands in
``pianolab/texts/en/hints.json`` and, in Korean, in ``ko/hints.json``. Which of them is told is decided when the check
is called: by its argument, else by the environment variable PIANOLAB_LANGUAGE (``%env PIANOLAB_LANGUAGE=ko``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pianolab.errors import one_line
from pianolab.texts.catalogue import Told, language_of
from pianolab.texts.catalogue import said as worded

CLOSE = 1e-6  # How near a value must be that a formula gives exactly.

Answer = Callable[..., Any]
Mistake = tuple[npt.ArrayLike, str]


class Hint(Exception):
    """What to tell a student whose answer is not right yet, one sentence."""


@dataclass(frozen=True)
class Result:
    """What a check found; it shows itself as one line and is true when the answer was right.

    Attributes
    ----------
    exercise : str
        Name of the exercise.
    passed : bool
    message : str
        What is now known, or a hint.
    """

    exercise: str
    passed: bool
    message: str

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return f"{'✓' if self.passed else '✗'} {self.exercise}: {self.message}"


class Check(Protocol):
    """What `exercise` returns: call it with a student's function and, for other cases, another seed."""

    def __call__(self, answer: Answer, *, seed: int = 0, language: str | None = None) -> Result: ...


def exercise(check: Callable[[Answer, np.random.Generator], str]) -> Check:
    """Turn ``check(answer, rng) -> str`` into ``check(answer, *, seed=0, language=None) -> Result``.

    Parameters
    ----------
    check : callable
        Named ``check_<exercise>``. Returns what is now known; raises Hint where the answer is wrong.

    Returns
    -------
    callable
        Another seed makes other cases. Its docstring says so below that of ``check``.
    """
    name = check.__name__.removeprefix("check_")

    def graded(answer: Answer, *, seed: int = 0, language: str | None = None) -> Result:
        language = language_of(language)
        if not callable(answer):
            return Result(name, False, Told("hints.any.brackets", exercise=name).said(language))
        try:
            return Result(name, True, worded(check(answer, np.random.default_rng(seed)), language))
        except Hint as hint:
            return Result(name, False, one_line(worded(hint.args[0], language)))  # It may say what came back.

    graded.__name__ = graded.__qualname__ = check.__name__
    graded.__module__ = check.__module__
    graded.__doc__ = f"{(check.__doc__ or '').rstrip()}{_PARAMETERS}"
    return graded


_PARAMETERS = """

    Parameters
    ----------
    answer : callable
        Your function.
    seed : int
        Another seed makes other cases.
    language : {'en', 'ko'}, optional
        Of the answer; if left out, what the environment variable PIANOLAB_LANGUAGE says, else English.

    Returns
    -------
    Result
        True where the answer was right; it reads as one line.
    """


def ask(answer: Answer, *args: Any, about: str) -> Any:
    """Call a student's function on copies of the arguments; an empty answer or an error becomes a Hint.

    Parameters
    ----------
    answer : callable
    *args
        What it is asked.
    about : str
        The case in words, for the hint.

    Returns
    -------
    object
        What it returned, not None.
    """
    name = getattr(answer, "__name__", Told("hints.any.your_function"))
    copies = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
    try:
        got = answer(*copies)
    except NotImplementedError:
        got = None
    except Exception as error:
        kind, why = type(error).__name__, str(error)
        raise Hint(Told("hints.any.stopped", about=about, name=name, kind=kind, error=why)) from error
    if got is None or got is Ellipsis:
        raise Hint(Told("hints.any.nothing", name=name))
    return got


def ask_number(answer: Answer, *args: Any, about: str) -> float:
    """One finite number as an answer.

    Parameters
    ----------
    answer, *args, about
        As for `ask`.

    Returns
    -------
    float
    """
    values = ask_array(answer, *args, about=about, ndim=None)
    if values.size != 1:
        raise Hint(Told("hints.any.not_one_number", about=about, size=values.size))
    return float(values.reshape(()))


def ask_array(
    answer: Answer, *args: Any, about: str, shape: tuple[int, ...] | None = None, ndim: int | None = 1
) -> npt.NDArray[np.float64]:
    """An array of finite numbers as an answer.

    Parameters
    ----------
    answer, *args, about
        As for `ask`.
    shape : tuple, optional
        The shape it must have.
    ndim : int or None
        The number of axes it must have where no shape is given; None for any.

    Returns
    -------
    array of float64
    """
    got = ask(answer, *args, about=about)
    try:
        if np.iscomplexobj(got):
            raise Hint(Told("hints.any.complex", about=about))
        values = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise Hint(Told("hints.any.no_numbers", about=about, kind=type(got).__name__)) from None
    wanted = shape if shape is not None else values.shape
    if values.shape != wanted or (shape is None and ndim is not None and values.ndim != ndim):
        expected = Told("hints.any.axes", n=ndim) if shape is None else Told("hints.any.shape", shape=shape)
        raise Hint(Told("hints.any.wrong_shape", about=about, expected=expected, shape=values.shape))
    if not np.all(np.isfinite(values)):
        raise Hint(Told("hints.any.not_finite", about=about))
    return values


def ask_pairs(answer: Answer, *args: Any, about: str) -> list[tuple[int, int]]:
    """A list of pairs (frame, key) as an answer.

    Parameters
    ----------
    answer, *args, about
        As for `ask`.

    Returns
    -------
    list of (int, int)
    """
    try:
        return [(int(frame), int(key)) for frame, key in ask(answer, *args, about=about)]
    except (TypeError, ValueError, OverflowError):
        raise Hint(Told("hints.any.no_pairs", about=about)) from None


def near(got: npt.ArrayLike, want: npt.ArrayLike, within: float = CLOSE) -> bool:
    """Whether an answer has the right shape and no value is farther off than it may be.

    Parameters
    ----------
    got, want : array
    within : float
        The largest difference.

    Returns
    -------
    bool
    """
    got, want = np.asarray(got), np.asarray(want)
    return got.shape == want.shape and bool(np.all(np.abs(got - want) <= within))


def judge(
    got: npt.ArrayLike,
    want: npt.ArrayLike,
    said: str,
    mistakes: Sequence[Mistake],
    *,
    otherwise: str,
    within: float = CLOSE,
) -> None:
    """Nothing where an answer is near what is right; else a Hint that calls a known mistake by its name.

    Parameters
    ----------
    got, want : array
        The answer, and what is right.
    said : str
        The case and the answer in words: the beginning of the hint.
    mistakes : sequence of (array or bool, str)
        What a mistake would have given, or whether it was made, and what to say of it; the first that fits is told.
    otherwise : str
        What to say where none fits.
    within : float
        How near is near enough.

    Raises
    ------
    Hint
        If the answer is wrong.
    """
    if near(got, want, within):
        return
    for wrong, why in mistakes:
        if wrong if isinstance(wrong, bool | np.bool_) else near(got, wrong, within):
            raise Hint(Told("hints.any.because", said=said, why=why))
    raise Hint(Told("hints.any.because", said=said, why=otherwise))
