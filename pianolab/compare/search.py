"""Which settings of a detector are worth trying next.

In go the ranges of some settings and what was tried so far with its score; out come the settings of the next trial.
That depends on nothing else: a search that was stopped goes on as if it had not been. Optuna proposes (at random, by
tree-structured Parzen estimators, or by a genetic algorithm), in memory only; so there is no data base, and no file
that would have to be unpickled. The ranges are those that the detector's class declares.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from pianolab.compare.errors import CompareError
from pianolab.detector import Parameter, parameters
from pianolab.errors import nearest
from pianolab.registry import create, find, parse_spec

Method = Literal["grid", "random", "tpe", "anneal", "genetic"]
METHODS: tuple[Method, ...] = get_args(Method)
STEPS = 5  # Values of a number that a grid tries.
NEEDS_OPTUNA = "tune needs Optuna: pip install 'pianolab[tune]'"

_WIDE = 10.0  # Ten times the value in use and a tenth of it are looked at where much more is allowed.
_DIGITS = 4  # Of a number that is tried, so that a proposal can be pasted.
_COST_TIME = ("frame_length", "hop_length")  # They decide how long one waits, so they are tried only when asked for.
_POPULATION = 10


@dataclass(frozen=True)
class Range:
    """What a setting can be in a search.

    Attributes
    ----------
    name : str
    choices : tuple
        All values; empty for numbers.
    low, high : float
        Both may be tried.
    whole : bool
        Whether only whole numbers are.
    log : bool
        Whether the logarithm is searched evenly.
    start : object
        The value in use; None where that is not known.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan
    whole: bool = False
    log: bool = False
    start: Any = None

    def grid(self, steps: int = STEPS) -> list[Any]:
        """Evenly spaced values from the lowest to the highest, or all choices.

        Parameters
        ----------
        steps : int

        Returns
        -------
        list
        """
        if self.choices:
            return list(self.choices)
        space = np.geomspace if self.log else np.linspace
        return list(dict.fromkeys(self.fitted(value) for value in space(self.low, self.high, steps).tolist()))

    def fitted(self, value: Any) -> Any:
        """A number with few digits, inside the range; a choice as it is."""
        if self.choices:
            return value
        if self.whole:
            return int(np.clip(round(value), math.ceil(self.low), math.floor(self.high)))
        return float(np.clip(float(f"{value:.{_DIGITS}g}"), self.low, self.high))

    def holds(self, value: Any) -> bool:
        """Whether a value may be tried."""
        if self.choices:
            return any(value == choice and type(value) is type(choice) for choice in self.choices)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and self.low <= value <= self.high and (not self.whole or float(value).is_integer())

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name}={','.join(map(str, self.choices))}"
        return f"{self.name}={self.low:g}..{self.high:g}" + (" (log)" if self.log else "")


@dataclass(frozen=True)
class Trial:
    """What was tried and what came of it.

    Attributes
    ----------
    params : mapping of str to object
        Settings by name; none for the detector as it was given.
    value : float or None
        What is raised; None where the detector failed.
    scores : mapping of str to float
        The same by recording.
    why : str
        Why it failed.
    attrs : mapping of str to object
        What the search notes of it, such as its generation.
    """

    params: Mapping[str, Any]
    value: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    why: str = ""
    attrs: Mapping[str, Any] = field(default_factory=dict)


def ranges(spec: str, over: Sequence[str] = ()) -> list[Range]:
    """The settings of a detector that a search changes.

    Parameters
    ----------
    spec : str
        Such as ``"yin"`` or ``"yin:method=yinfft"``; settings that are given stay as they are.
    over : sequence of str
        Only these settings: ``"threshold"``, ``"threshold=0.05..0.4"`` or ``"method=yin,yinfft"``. If none are named,
        every number with a declared range, but for the lengths of frames and hops.

    Returns
    -------
    list of Range

    Raises
    ------
    CompareError, DetectorError
        If there is no such detector or setting, or a range is none.

    Examples
    --------
    >>> [str(one) for one in ranges("yin:threshold=0.2")]
    ['octave_cost=0.1..10 (log)', 'silence_db=-200..0']
    >>> [str(one) for one in ranges("yin", ["threshold=0.05..0.4", "method=yin,yinfft"])]
    ['threshold=0.05..0.4', 'method=yin,yinfft']
    """
    name, given = parse_spec(spec)
    declared = parameters(find(name))
    detector = create(spec)
    if over:
        asked = dict(_asked(text) for text in over)
        for key in asked:
            if key not in declared:
                raise CompareError(f"detector {name!r} has no parameter {key!r}{nearest(key, declared)}")
            if key in given:
                raise CompareError(f"{key} is fixed by {spec!r} and searched by --over: leave one out")
        return [_range(declared[key], getattr(detector, key, None), text) for key, text in asked.items()]
    numbers = [key for key, one in declared.items() if one.between is not None and key not in (*given, *_COST_TIME)]
    if not numbers:
        able = [key for key, one in declared.items() if one.choices or one.kind in (bool, int, float)]
        which = f"name some with --over: there are {', '.join(able)}" if able else "it has nothing to tune"
        raise CompareError(f"{spec!r} declares no number with a range: {which}")
    return [_range(declared[key], getattr(detector, key, None), "") for key in numbers]


def _asked(text: str) -> tuple[str, str]:
    key, _, values = text.partition("=")
    return key.strip(), values.strip()


def _range(parameter: Parameter, now: Any, text: str) -> Range:
    """The range of a setting: as it was typed, else as it is declared."""
    name = parameter.name
    start = next((v for v in (now, parameter.default) if isinstance(v, bool | int | float | str)), None)
    if ".." in text:
        return _numbers(parameter, start, *_limits(name, text))
    if text:
        values = [part.strip() for part in text.split(",")]
        return Range(name, tuple(_value(parameter, value) for value in values), start=start)
    if parameter.choices or parameter.kind is bool:
        return Range(name, parameter.choices or (False, True), start=start)
    if parameter.between is None:
        raise CompareError(f"{name} declares no range: give one, --over {name}=LOW..HIGH, or values, --over {name}=A,B")
    low, high = parameter.between.least, parameter.between.most
    if isinstance(start, int | float) and start > 0 and high > _WIDE * start and low >= 0:
        return _numbers(parameter, start, max(low, start / _WIDE), min(high, _WIDE * start), log=True)
    return _numbers(parameter, start, low, high)


def _limits(name: str, text: str) -> tuple[float, float]:
    low, _, high = text.partition("..")
    try:
        limits = float(low), float(high)
    except ValueError:
        limits = math.nan, math.nan
    if not (math.isfinite(limits[0]) and math.isfinite(limits[1]) and limits[0] < limits[1]):
        raise CompareError(f"{name}={text} is no range: write {name}=LOW..HIGH, such as {name}=0.1..0.4")
    return limits


def _numbers(parameter: Parameter, start: Any, low: float, high: float, *, log: bool = False) -> Range:
    if parameter.kind not in (int, float) or parameter.choices:
        raise CompareError(f"{parameter.name} is no number: name values, --over {parameter.name}=A,B")
    allowed = parameter.between
    if allowed is not None and not (allowed.least <= low and high <= allowed.most):
        beyond = f"{parameter.name}={low:g}..{high:g} goes beyond what the detector allows"
        raise CompareError(f"{beyond}: stay within {allowed.least:g}..{allowed.most:g}")
    whole = parameter.kind is int
    if whole:
        low, high = max(math.ceil(low), 1) if log else math.ceil(low), math.floor(high)
    return Range(parameter.name, low=low, high=high, whole=whole, log=log and low > 0, start=start)


def _value(parameter: Parameter, text: str) -> Any:
    """A value that was typed, in the type that the parameter declares."""
    if parameter.kind is bool:
        if text.lower() not in ("true", "false"):
            raise CompareError(f"{parameter.name}={text}: write True or False")
        return text.lower() == "true"
    known = {str(choice): choice for choice in parameter.choices}
    if known:
        if text not in known:
            raise CompareError(f"{parameter.name}={text} is not a choice{nearest(text, known)}")
        return known[text]
    try:
        return parameter.kind(text)
    except (TypeError, ValueError):
        raise CompareError(f"{parameter.name}={text}: give a value of type {parameter.kind.__name__}") from None


def grid_points(over: Sequence[Range], steps: int, seed: int) -> list[dict[str, Any]]:
    """All points of a grid in an order drawn by chance, so that the first ones are spread over it.

    Parameters
    ----------
    over : sequence of Range
    steps : int
        Values of each number.
    seed : int

    Returns
    -------
    list of dict
    """
    points = [
        dict(zip([r.name for r in over], p, strict=True)) for p in itertools.product(*(r.grid(steps) for r in over))
    ]
    return [points[i] for i in np.random.default_rng(seed).permutation(len(points))]


def grid_size(over: Sequence[Range], steps: int) -> int:
    """How many points a grid has.

    Parameters
    ----------
    over : sequence of Range
    steps : int
        Values of each number.

    Returns
    -------
    int
    """
    return math.prod(len(one.grid(steps)) for one in over)


def propose(
    method: Method, over: Sequence[Range], tried: Sequence[Trial], *, seed: int = 0, steps: int = STEPS
) -> Trial | None:
    """The settings that are tried next.

    Parameters
    ----------
    method : {'grid', 'random', 'tpe', 'anneal', 'genetic'}
    over : sequence of Range
    tried : sequence of Trial
        All trials so far, in order.
    seed : int
    steps : int
        Values of each number in a grid.

    Returns
    -------
    Trial or None
        Without value; None where a grid has no more points.

    Raises
    ------
    CompareError
        If Optuna is not installed.

    References
    ----------
    Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011 (tpe). Kirkpatrick et al., "Optimization
    by simulated annealing", Science 220, 1983 (anneal). Deb et al., "A fast and elitist multiobjective genetic
    algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6, 2002 (genetic, with one objective).
    """
    number = len(tried)
    if method == "grid":
        points = grid_points(over, steps, seed)
        return Trial(points[number]) if number < len(points) else None
    try:
        import optuna
    except ImportError as error:
        raise CompareError(NEEDS_OPTUNA) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    drawn = int(np.random.default_rng((seed, number)).integers(2**31))
    distributions = {one.name: _distribution(one) for one in over}
    study = optuna.create_study(direction="maximize", sampler=_sampler(method, over, seed, drawn))
    for trial in tried:
        state = optuna.trial.TrialState.FAIL if trial.value is None else optuna.trial.TrialState.COMPLETE
        known: dict[str, Any] = {"params": dict(trial.params), "system_attrs": dict(trial.attrs), "value": trial.value}
        study.add_trial(optuna.trial.create_trial(state=state, distributions=distributions, **known))
    asked = study.ask(distributions)
    attrs = study.trials[number].system_attrs
    noted = {key: value for key, value in attrs.items() if isinstance(value, bool | int | float | str)}
    return Trial({one.name: one.fitted(asked.params[one.name]) for one in over}, attrs=noted)


def _distribution(one: Range) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.choices:
        return CategoricalDistribution(one.choices)
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _sampler(method: Method, over: Sequence[Range], seed: int, drawn: int) -> Any:
    from optuna.samplers import NSGAIISampler, RandomSampler, TPESampler

    if method == "random":
        return RandomSampler(seed=drawn)
    if method == "tpe":
        return TPESampler(seed=drawn)
    if method == "genetic":
        return NSGAIISampler(population_size=_POPULATION, seed=drawn)
    from pianolab.compare.annealing import Annealing

    return Annealing({one.name: one.start for one in over if one.holds(one.start)}, seed=seed)
