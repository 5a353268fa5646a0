"""How an exercise answers: it tries a student's function on fresh cases and says what it heard.

A check is a plain function ``check(answer, rng)`` that makes cases with a random generator, asks the student's
function, and raises ``Hint`` with one sentence where the answer is wrong. The decorator ``exercise`` turns it into
``check(answer, *, seed=0) -> Result``. Nothing is remembered between checks and nothing leaves the machine, so a
teacher can write exercises of their own with the same four names::

    from pianolab.lessons.checks.grading import Hint, ask_number, exercise

    @exercise
    def check_octave_up(answer, rng):
        '''``octave_up(hz)``: the frequency an octave higher.'''
        for hz in rng.uniform(50, 2000, 3):
            if abs(ask_number(answer, hz, about=f"{hz:.0f} Hz") - 2 * hz) > 0.01:
                raise Hint(f"an octave above {hz:.0f} Hz is {2 * hz:.0f} Hz: twice the frequency")
        return "an octave is a factor of two"
"""

import functools
import inspect
from dataclasses import dataclass

import numpy as np


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

    def __bool__(self):
        return self.passed

    def __repr__(self):
        return f"{'✓' if self.passed else '✗'} {self.exercise}: {self.message}"


def exercise(check):
    """Turn ``check(answer, rng) -> str`` into ``check(answer, *, seed=0) -> Result``.

    Parameters
    ----------
    check : callable
        Named ``check_<exercise>``. Returns what is now known; raises Hint where the answer is wrong.

    Returns
    -------
    callable
        Another seed makes other cases.
    """

    @functools.wraps(check)
    def graded(answer, *, seed=0):
        name = check.__name__.removeprefix("check_")
        if not callable(answer):
            text = f"pass your function itself, without brackets: {check.__name__}(your_function)"
            return Result(name, False, text)
        try:
            return Result(name, True, check(answer, np.random.default_rng(seed)))
        except Hint as hint:
            return Result(name, False, str(hint))

    del graded.__wrapped__  # help() shows the signature that is called
    graded.__signature__ = inspect.Signature(
        [
            inspect.Parameter("answer", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            inspect.Parameter("seed", inspect.Parameter.KEYWORD_ONLY, default=0),
        ]
    )
    return graded


def ask(answer, *args, about):
    """Call a student's function on copies of the arguments; an empty answer or an error becomes a Hint.

    Parameters
    ----------
    answer : callable
    *args
        What it is asked.
    about : str
        The case in words, for the hint.
    """
    name = getattr(answer, "__name__", "your function")
    copies = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
    try:
        got = answer(*copies)
    except NotImplementedError:
        got = None
    except Exception as error:
        raise Hint(f"for {about}, {name} stopped with {type(error).__name__}: {error}") from error
    if got is None or got is Ellipsis:
        raise Hint(f"not answered yet: {name} returned nothing; replace the ... and end with a `return`")
    return got


def ask_number(answer, *args, about):
    """One finite number as an answer; see ask.

    Returns
    -------
    float
    """
    values = ask_array(answer, *args, about=about, ndim=None)
    if values.size != 1:
        raise Hint(f"for {about}, one number was expected and {values.size} came back")
    return float(values.reshape(()))


def ask_array(answer, *args, about, shape=None, ndim=1):
    """An array of finite numbers as an answer; see ask.

    Parameters
    ----------
    shape : tuple, optional
        The shape it must have.
    ndim : int or None
        The number of axes it must have where no shape is given; None for any.

    Returns
    -------
    array of float64
    """
    got = ask(answer, *args, about=about)
    if np.iscomplexobj(got):
        raise Hint(f"for {about}, complex numbers came back: take their magnitude, np.abs")
    try:
        values = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        raise Hint(f"for {about}, numbers were expected and {type(got).__name__} came back") from None
    wanted = shape if shape is not None else values.shape
    if values.shape != wanted or (shape is None and ndim is not None and values.ndim != ndim):
        expected = f"shape {shape}" if shape is not None else f"{ndim} axis" if ndim == 1 else f"{ndim} axes"
        raise Hint(f"for {about}, an array of {expected} was expected and shape {values.shape} came back")
    if not np.all(np.isfinite(values)):
        raise Hint(f"for {about}, the answer holds NaN or infinity: look for a division by zero or a log of zero")
    return values
