"""How late a detector hears: what to write into its class as ``onset_delay_s``.

Every detector's evidence rises a little before or after the true onset, by the length of its window and the shape of
its evidence. The tracker subtracts the delay that the detector declares. Here the detector hears labelled recordings,
each note that it finds is compared with the played one, and the median lateness that is left is added to the delay.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianolab.compare.errors import CompareError
from pianolab.compare.participants import find_participants
from pianolab.compare.run import CACHE, compare
from pianolab.data import Dataset
from pianolab.detector import Detector
from pianolab.errors import PianolabWarning
from pianolab.roll import Notes
from pianolab.scores import Protocol, match
from pianolab.texts.choices import Split

WITHIN_S = 0.2  # A heard note of the same key that is nearer than this is the played one, however late it comes.


@dataclass(frozen=True)
class DelayFit:
    """How late one detector is on one data set.

    Attributes
    ----------
    dataset, source : str
        Name of the data set; real, rendered or unknown.
    n_played, n_matched : int
        Notes that were played, and those of them that were heard within `WITHIN_S`.
    declared_s : float
        The delay that the tracker has subtracted, seconds.
    late_s : float
        Median lateness that is left after that, seconds; below 0 is early.
    quartiles_s : tuple of float
        Half of the notes are between these two latenesses, seconds.
    told_s, told_late_s : float
        So long after its played onset a note is told: the median, and what 95 % of the notes keep, seconds.
    lookahead_s : float
        So much of that is sound that a row of evidence needs behind its own time.
    compute_s : float
        Mean processor time here for a block of `pianolab.compare.delays.BLOCK` samples; NaN if it cannot be measured.
    """

    dataset: str
    source: str
    n_played: int
    n_matched: int
    declared_s: float
    late_s: float
    quartiles_s: tuple[float, float]
    told_s: float
    told_late_s: float
    lookahead_s: float
    compute_s: float

    @property
    def onset_delay_s(self) -> float:
        """What to declare, seconds, rounded to milliseconds."""
        return round(self.declared_s + self.late_s, 3)


def fit_delay(
    detector: str | Detector,
    data: str | Path | Dataset = "builtin",
    *,
    split: Split = "tune",
    jobs: int | None = None,
    cache: str | Path = CACHE,
    progress: bool = True,
) -> list[DelayFit]:
    """Measure how late a detector is.

    Parameters
    ----------
    detector : str or Detector
        Such as ``"yin"`` or ``"mine.py:Mine"``.
    data : str, Path or Dataset
        ``"builtin"``, ``"real"`` or a folder of labelled recordings.
    split : {'tune', 'test', 'all'}
        Which recordings. A delay that is fitted on `test` makes the scores there too good.
    jobs, cache, progress
        As for `pianolab.compare.compare`.

    Returns
    -------
    list of DelayFit
        One for each source of recordings that the data has: real, rendered, unknown.

    Raises
    ------
    CompareError
        If the detector cannot run, or heard none of the notes.
    DatasetError, DetectorError
        If the data or the detector does not exist.
    """
    protocol = Protocol(onset_tolerance_s=WITHIN_S)
    asked = {"protocol": protocol, "split": split, "jobs": jobs, "cache": cache, "progress": progress}
    result = compare(data, [detector], delays=True, **asked)
    failed = [f"{row['recording'] or 'all recordings'}: {row['error']}" for _, row in result.failures.iterrows()]
    if not result.heard:
        raise CompareError(f"{detector} failed everywhere, first on {failed[0]}")
    if failed:
        warnings.warn(f"{detector} failed on {len(failed)} recordings, first on {failed[0]}", PianolabWarning, 2)
    declared_s = find_participants([detector], {})[0][0].onset_delay_s
    fits = []
    for dataset, source in result.sources.items():
        pairs = [
            (played, heard)
            for (name, recording, _), heard in result.heard.items()
            if name == dataset and isinstance(played := result.truths[name, recording], Notes)
        ]
        late_s = np.concatenate([*_lateness(pairs, protocol), np.zeros(0)])
        n_played = sum(len(played) for played, _ in pairs)
        if not len(late_s):
            raise CompareError(
                f"{detector} heard none of the {n_played} notes of {dataset} within {WITHIN_S:g} s: "
                "see what it hears with pianolab detect"
            )
        low_s, median_s, high_s = np.percentile(late_s, [25, 50, 75]).tolist()
        (parts,) = result.delay_parts.loc[result.delay_parts.dataset == dataset].to_dict("records")
        told_s = [parts[f"{name}_ms"] / 1000 for name in ("told", "told_p95", "lookahead", "compute")]
        fits.append(DelayFit(dataset, source, n_played, len(late_s), declared_s, median_s, (low_s, high_s), *told_s))
    return fits


def _lateness(pairs: list[tuple[Notes, Notes]], protocol: Protocol) -> Iterator[np.ndarray]:
    """Heard minus played onsets of the notes that match, seconds, recording by recording."""
    for played, heard in pairs:
        found = match(played, heard, protocol=protocol)
        yield heard.onset[found[:, 1]] - played.onset[found[:, 0]]
