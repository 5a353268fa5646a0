"""Settings of a detector that raise a score, searched on recordings that are there for it.

In go a detector, recordings of the split `tune`, a score and a number of trials; out comes a folder that holds every
trial (one line of JSON each), and a page that shows the way and the best settings as text to paste. A search that was
stopped goes on when the same is asked again. Settings that were chosen on some recordings look too good there, so
nothing of the split `test` is heard; what the two splits share is said.
"""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from tqdm.auto import tqdm

from pianolab import __version__
from pianolab.compare.cache import CACHE
from pianolab.compare.errors import CompareError
from pianolab.compare.participants import find_participants
from pianolab.compare.provenance import provenance
from pianolab.compare.search import METHODS, STEPS, Method, Range, Trial, grid_size, propose, ranges
from pianolab.compare.tuned import REPORT, Question, Tuned, with_settings
from pianolab.compare.tuning_report import write_page
from pianolab.data import Dataset, DatasetError, load_dataset
from pianolab.errors import nearest, printable, reason
from pianolab.files import replacing
from pianolab.registry import parse_spec

ABOUT, TRIALS, LOCK = "tune.json", "trials.jsonl", ".lock"
MADE_BY = "pianolab tune"
METRICS = ("onset_f1", "onset_precision", "onset_recall", "note_f1", "frame_f1", "melody_rpa")
MOST_TRIALS = 10_000
MOST_POINTS = 100_000  # Of a grid.

Score = Callable[[str], tuple[dict[str, float], str]]


def tune(
    detector: str,
    data: str | Path | Dataset = "builtin",
    *,
    metric: str = "onset_f1",
    method: Method = "tpe",
    trials: int = 40,
    seed: int = 0,
    over: Sequence[str] = (),
    steps: int = STEPS,
    seconds: float | None = None,
    test: str | Path | None = None,
    jobs: int | None = None,
    timeout_s: float | None = None,
    cache: str | Path = CACHE,
    out: str | Path | None = None,
    progress: bool = True,
) -> Tuned:
    """Search settings of a detector that raise a score.

    Parameters
    ----------
    detector : str
        Such as ``"yin"`` or ``"mine.py:Mine:gate=0.2"``; settings that are given stay.
    data : str, Path or Dataset
        Of which the split `tune` is heard. All of one source: real and rendered recordings have no mean.
    metric : str
        One of `METRICS`; its mean over recordings is raised.
    method : {'tpe', 'random', 'grid', 'anneal', 'genetic'}
    trials : int
        How many settings are tried, beside those given. More can be asked for later.
    seed : int
    over : sequence of str
        As for `pianolab.compare.search.ranges`.
    steps : int
        Values of each number that a grid tries.
    seconds : float, optional
        Hear only the beginning of each recording.
    test : str or Path, optional
        Data on which the result will be judged; those of ``data`` if not given. It is not heard: what it shares with
        the recordings that are tuned on is remarked.
    jobs, timeout_s, cache
        As for `pianolab.compare.compare`.
    out : str or Path, optional
        A new or empty folder, or that of an earlier search for the same. Default: one in results that is named after
        the detector.
    progress : bool
        Show a bar.

    Returns
    -------
    Tuned

    Raises
    ------
    CompareError, DatasetError, DetectorError
        If what is asked for makes no sense, the detector fails as it was given, or the folder holds something else.
    """
    _refuse(metric, method, trials, steps)
    chosen = ranges(detector, over)
    dataset, others = _datasets(data, test)
    question = Question(
        detector,
        printable(dataset.name),
        metric,
        method,
        seed,
        steps if method == "grid" else 0,
        tuple(map(str, chosen)),
        seconds,
        f"{__version__} {find_participants([detector], {})[0][0].source[:16]}",
        {recording.id: f"{recording.checksum}-{recording.labels_checksum}" for recording in dataset},
    )

    def score(spec: str) -> tuple[dict[str, float], str]:
        from pianolab.compare.run import compare

        heard = compare(dataset, spec, seconds=seconds, jobs=jobs, timeout_s=timeout_s, cache=cache, progress=False)
        if len(heard.failures):
            first = heard.failures.iloc[0]
            return {}, f"{first.recording or 'all recordings'}: {first.error}"
        rows = heard.scores.loc[(heard.scores.metric == metric) & (heard.scores.protocol == str(heard.protocol))]
        return dict(zip(rows.recording, rows.value.astype(float), strict=True)), ""

    folder = Path(out) if out is not None else Path("results") / ("tune_" + _plain(detector))
    pieces = {recording.id: recording.piece for recording in dataset}
    with _opened(folder, question, chosen) as (log, tried):
        known = Tuned(question, tried, pieces, shared_with(dataset, others), trials, folder)
        try:
            search(question, chosen, score, log, tried, trials=trials, progress=progress)
        finally:  # Also when it is stopped: what was found by then can be read.
            if tried:
                write_page(known, chosen)
    return known


def _refuse(metric: str, method: str, trials: int, steps: int) -> None:
    if metric not in METRICS:
        raise CompareError(f"metric {metric!r} is none to raise{nearest(metric, METRICS)}: use {', '.join(METRICS)}")
    if method not in METHODS:
        raise CompareError(f"method {method!r} is unknown: use {', '.join(METHODS)}")
    if not 1 <= trials <= MOST_TRIALS:
        raise CompareError(f"trials {trials}: use 1 to {MOST_TRIALS}")
    if not 2 <= steps <= 100:
        raise CompareError(f"steps {steps}: a grid has 2 to 100 values of a number")


def _plain(spec: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in Path(parse_spec(spec)[0]).name)[:40]


def _datasets(data: str | Path | Dataset, test: str | Path | None) -> tuple[Dataset, Dataset | None]:
    """The recordings that are tuned on, and those that will judge (None where there are none)."""
    whole = data if isinstance(data, Dataset) else load_dataset(data)
    chosen = tuple(recording for recording in whole if recording.split in ("", "tune"))
    if not chosen:
        raise DatasetError(f"{whole.name} has no tune recordings: settings that are chosen on test look too good there")
    sources = sorted({recording.source for recording in chosen})
    if len(sources) > 1:
        raise CompareError(
            f"{whole.name} holds {' and '.join(sources)} recordings, which have no mean: name one folder"
        )
    if test is None:
        judging = tuple(recording for recording in whole if recording.split in ("", "test"))
        others = replace(whole, recordings=judging, split="test") if judging else None
    else:
        others = load_dataset(test, split="test")
    return replace(whole, recordings=chosen, split="tune"), others


def shared_with(tuned: Dataset, judging: Dataset | None) -> list[str]:
    """What recordings that are tuned on have in common with those that judge.

    Parameters
    ----------
    tuned, judging : Dataset
        None where nothing is known that judges.

    Returns
    -------
    list of str
        A line for each thing: the same sound, the same piece, no declared split.
    """
    if judging is None:
        return []
    said = []
    undeclared = {recording.audio for recording in judging if not recording.split}
    alike = [recording.id for recording in tuned if recording.audio in undeclared]
    if alike:
        said.append(
            f"{len(alike)} recordings declare no split, so they are tuned on and would be tested on: "
            "keep some apart in a folder of their own, and name it with --test"
        )
    here = {recording.checksum: recording.id for recording in tuned if recording.audio not in undeclared}
    same = [f"{here[r.checksum]} and {r.id}" for r in judging if r.audio not in undeclared and r.checksum in here]
    if same:
        said.append(f"the same sound is in tune and in test: {', '.join(map(printable, same))}")
    pieces = {r.piece for r in tuned if r.piece and r.audio not in undeclared} & {r.piece for r in judging}
    if pieces:
        said.append(f"pieces are in tune and in test: {', '.join(map(printable, sorted(pieces)))}")
    return said


def search(
    question: Question,
    over: Sequence[Range],
    score: Score,
    log: Path,
    tried: list[Trial],
    *,
    trials: int,
    progress: bool = False,
) -> None:
    """Try the settings as they are given, then others, and write each trial down as soon as it is done.

    Parameters
    ----------
    question : Question
    over : sequence of Range
    score : callable
        Spec text in; scores by recording, and why it failed or '', out.
    log : Path
        One line is added for each trial.
    tried : list of Trial
        Those of the log; new ones are added.
    trials : int
        How many there shall be, beside the first.
    progress : bool

    Raises
    ------
    CompareError
        If the detector fails as it was given, or has no such score.
    """
    size = min(trials, grid_size(over, question.steps)) if question.method == "grid" else trials
    with tqdm(total=size + 1, initial=len(tried), desc="tune", unit="trial", disable=not progress) as bar:
        while len(tried) <= size:
            nxt = Trial({})
            if tried:
                proposed = propose(
                    question.method,  # type: ignore[arg-type]
                    over,
                    tried[1:],
                    seed=question.seed,
                    steps=question.steps,
                )
                if proposed is None:
                    break
                nxt = proposed
            scores, why = score(with_settings(question.detector, nxt.params))
            values = [value for value in scores.values() if not math.isnan(value)]
            if not why and not values:
                why = f"it gives no {question.metric} here"
            if why and not tried:
                raise CompareError(f"{question.detector} cannot be tuned: {why}")
            done = replace(nxt, value=None if why else float(np.mean(values)), scores=scores, why=why)
            with log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(done), ensure_ascii=False) + "\n")
            tried.append(done)
            known = [trial.value for trial in tried if trial.value is not None]
            bar.set_postfix_str(f"{question.metric} {max(known):.3f}, as given {tried[0].value:.3f}", refresh=False)
            bar.update()


@contextmanager
def _opened(folder: Path, question: Question, over: Sequence[Range]) -> Iterator[tuple[Path, list[Trial]]]:
    """The log of a folder and the trials in it; nobody else writes there meanwhile."""
    asked = {"made_by": MADE_BY, "question": json.loads(json.dumps(asdict(question))), **provenance()}
    shown = printable(folder)
    try:
        strange = [] if not folder.exists() else _strangers(folder)
        if strange:
            raise CompareError(
                f"{shown} holds files that are not of a search, such as {strange[0]}: choose another --out"
            )
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise CompareError(f"{shown}: another search is being written there: wait, or choose another --out") from None
    except OSError as error:
        raise CompareError(f"{shown} cannot be written ({error.strerror}): choose another --out") from error
    try:
        about, log = folder / ABOUT, folder / TRIALS
        if about.exists():
            _refuse_other(about, asked["question"])
        else:
            with replacing(about) as new:
                new.write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        tried = read_trials(log, over) if log.exists() else []
        if tried:  # A line that was cut off when the last search was killed is gone now.
            with replacing(log) as new:
                lines = [json.dumps(asdict(trial), ensure_ascii=False) for trial in tried]
                new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        elif log.exists():
            log.unlink()
        yield log, tried
    finally:
        lock.release()


def _strangers(folder: Path) -> list[str]:
    ours = (ABOUT, TRIALS, REPORT, LOCK)
    there = [printable(name) for name in sorted(os.listdir(folder)) if name not in ours]
    return there if there or (folder / ABOUT).exists() else [name for name in ours[:3] if (folder / name).exists()]


def _refuse_other(about: Path, asked: Mapping[str, Any]) -> None:
    """Refuse to go on with a search for something else."""
    again = "give the same again, or choose another --out"
    try:
        there = json.loads(about.read_text(encoding="utf-8"))["question"]
        other = [name for name in asked if there[name] != asked[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CompareError(f"{printable(about)} cannot be read ({reason(error)}): choose another --out") from error
    if other:
        name = other[0]
        was = "" if name == "recordings" else f" ({there[name]}, now {asked[name]})"
        raise CompareError(f"{printable(about.parent)} holds a search with another {name}{was}: {again}")


def read_trials(log: str | Path, over: Sequence[Range]) -> list[Trial]:
    """The trials of a log.

    Parameters
    ----------
    log : str or Path
    over : sequence of Range
        What was searched; a line with anything else is refused.

    Returns
    -------
    list of Trial
        Without a last line that was cut off.

    Raises
    ------
    CompareError
        Names the first line that is none of ours.
    """
    path = Path(log)
    *lines, _ = path.read_text(encoding="utf-8", errors="replace").split("\n")
    found = []
    for number, line in enumerate(lines):
        try:
            found.append(_trial(json.loads(line), over if number else ()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            why = f"{printable(path)}, line {number + 1} is no trial ({reason(error)})"
            raise CompareError(f"{why}: remove what stands from there on, or choose another --out") from error
    return found


def _trial(said: Mapping[str, Any], over: Sequence[Range]) -> Trial:
    trial = Trial(**{name: said[name] for name in ("params", "value", "scores", "why", "attrs")})
    if set(trial.params) != {one.name for one in over} or not all(one.holds(trial.params[one.name]) for one in over):
        raise ValueError("its settings are not those that are searched")
    numbers = [*trial.scores.values(), 0.0 if trial.value is None else trial.value]
    if not all(isinstance(number, int | float) for number in numbers) or not math.isfinite(numbers[-1]):
        raise ValueError("its scores are no numbers")
    if not all(isinstance(value, bool | int | float | str) for value in trial.attrs.values()):
        raise ValueError("what it notes is no plain value")
    return trial
