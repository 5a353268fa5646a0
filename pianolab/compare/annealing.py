"""Simulated annealing as a sampler of Optuna: steps from where one stands, at first wide and often down, later neither.

Optuna has none of its own. Where one stands follows from the trials alone, so a search can be taken up again.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

WARM = 0.03  # So much of a score is given away once in e times, at first.
COOLING = 0.93  # From trial to trial.
REACH, LEAST_REACH = 0.25, 0.03  # Standard deviation of a step, as a share of the range: at first, and in the end.
_OTHER_CHOICE = 0.3  # So often a choice is left.


class Annealing(BaseSampler):
    """Simulated annealing for a score that is raised.

    Parameters
    ----------
    start : mapping of str to object
        Where the search begins; a setting that is not named begins in the middle of its range.
    seed : int
    """

    def __init__(self, start: Mapping[str, Any], *, seed: int):
        self._start, self._seed = dict(start), seed
        self._now: dict[str, Any] = {}
        self._rng = np.random.default_rng(seed)
        self._reach = REACH

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Nothing: each setting takes its own step."""
        return {}

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        """Nothing."""
        return {}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Go the way of the trials so far."""
        self._now, value = dict(self._start), -math.inf
        for done in study.get_trials(deepcopy=False):
            if done.number >= trial.number or done.value is None:
                continue
            lost = value - done.value
            luck = np.random.default_rng((self._seed, done.number, 1)).random()
            if lost <= 0 or luck < math.exp(-lost / (WARM * COOLING**done.number)):
                self._now, value = dict(done.params), done.value
        self._rng = np.random.default_rng((self._seed, trial.number))
        self._reach = max(LEAST_REACH, REACH * COOLING**trial.number)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A step of one setting."""
        now = self._now.get(param_name)
        if isinstance(param_distribution, CategoricalDistribution):
            others = [choice for choice in param_distribution.choices if choice != now]
            leaves = now is None or (bool(others) and self._rng.random() < _OTHER_CHOICE)
            return others[self._rng.integers(len(others))] if leaves else now
        assert isinstance(param_distribution, FloatDistribution | IntDistribution)
        low, high = float(param_distribution.low), float(param_distribution.high)
        to, back = (math.log, math.exp) if param_distribution.log else (float, float)
        width = to(high) - to(low)
        place = 0.5 if now is None or width == 0 else (to(now) - to(low)) / width
        place = abs(place + self._rng.normal(0, self._reach)) % 2
        value = back(to(low) + width * min(place, 2 - place))  # A step beyond an end comes back from it.
        value = min(max(value, low), high)
        return round(value) if isinstance(param_distribution, IntDistribution) else value
