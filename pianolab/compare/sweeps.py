"""Sweeps: what `--degrade` asks for, as text, and the conditions under which recordings are heard because of it.

In goes text such as ``noise:snr=0..30,room:t60=0.3|1``; out come sweeps, each a kind of step with its strengths, and
for each recording the conditions under which it shall be heard. Every sweep stands alone; with ``cross`` two of them
are also combined, each strength of one with each of the other.
"""

import itertools
import math
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pianolab.compare.errors import CompareError, caught_warnings
from pianolab.compare.hearing import Place
from pianolab.data import Recording
from pianolab.errors import PianolabError, nearest, printable, reason
from pianolab.roll import Notes
from pianolab.sound import AudioError, readable_suffixes
from pianolab.texts.degradations import KINDS, Step

MOST_CONDITIONS = 100  # Each is a hearing of every recording by every detector.
POINTS = 4  # So many strengths has a range without a step.
_RATE = 16000  # At which the response of a room is looked at, Hz.
_FORM = "write KIND[:SOURCE]:SETTING=LOW..HIGH:STEP or =A|B|C, for example noise:snr=0..30:10"


@dataclass(frozen=True)
class Sweep:
    """A kind of step at several strengths.

    Attributes
    ----------
    name : str
        As in the tables: ``noise:pink:snr``.
    kind : str
        One of `pianolab.texts.degradations.KINDS`.
    steps : tuple of tuple of Step
        For each strength the step; of a folder of noises one for each file, of which a recording draws one. The mildest
        strength comes first.
    """

    name: str
    kind: str
    steps: tuple[tuple[Step, ...], ...]

    @property
    def unit(self) -> str:
        """Of its strengths."""
        return KINDS[self.kind].unit

    @property
    def neutral(self) -> float | None:
        """The strength that changes nothing; None where it lies beyond all others."""
        return KINDS[self.kind].neutral


@dataclass(frozen=True)
class Condition:
    """How one recording is heard.

    Attributes
    ----------
    place : (data set, id)
        Of the recording.
    sweeps : tuple of Sweep
        One, or two that are crossed.
    steps : tuple of Step
        One of each sweep.
    number : int
        Among conditions that are called alike: two rooms of one file name, in two folders, may ring equally long.
    """

    place: Place
    sweeps: tuple[Sweep, ...]
    steps: tuple[Step, ...]
    number: int = 1

    @property
    def text(self) -> str:
        """In words of the grammar, without the folders of files."""
        return self._numbered(
            _text(sweep, step, with_file=step.is_file) for sweep, step in zip(self.sweeps, self.steps, strict=True)
        )

    @property
    def point(self) -> str:
        """The point of a curve to which it belongs: the noise that a recording drew from a folder is not told apart."""
        return self._numbered(
            _text(sweep, step, with_file=step.is_file and step.kind == "room")
            for sweep, step in zip(self.sweeps, self.steps, strict=True)
        )

    def _numbered(self, texts: Iterable[str]) -> str:
        return ",".join(texts) + (f" #{self.number}" if self.number > 1 else "")


def _text(sweep: Sweep, step: Step, *, with_file: bool) -> str:
    file = f" ({printable(Path(step.source).name)})" if with_file else ""
    return f"{sweep.name}={step.strength:g}{file}"


def find_sweeps(degrade: str | Iterable[str] | None, *, cross: bool = False) -> list[Sweep]:
    """Read what `--degrade` asks for.

    Parameters
    ----------
    degrade : str or iterable of str, optional
        Each may hold several, with commas between.
    cross : bool
        Whether they shall be crossed.

    Returns
    -------
    list of Sweep

    Raises
    ------
    CompareError
        If there is no such kind, source or setting, a strength is out of range, a file cannot be read, or they cannot
        be crossed.

    Examples
    --------
    >>> [sweep] = find_sweeps("noise:snr=0..20:10")
    >>> sweep.name, [step.strength for (step,) in sweep.steps]
    ('noise:pink:snr', [20.0, 10.0, 0.0])
    """
    texts = [degrade] if isinstance(degrade, str) else list(degrade or ())
    if bad := [text for text in texts if not isinstance(text, str)]:
        raise CompareError(f"degrade {bad[0]!r} is no text: {_FORM}")
    sweeps = [_sweep(text) for whole in texts for text in re.split(r",(?=[a-z]+(?::|,|$))", whole)]
    names = [sweep.name for sweep in sweeps]
    if twice := [name for name in names if names.count(name) > 1]:
        remedy = "name all strengths of one at once with |, or rename one folder"
        raise CompareError(f"--degrade: two sweeps are called {twice[0]}: {remedy}")
    if cross and (len(sweeps) != 2 or sweeps[0].kind == sweeps[1].kind):
        raise CompareError(f"--cross needs two sweeps of different kinds, and --degrade names {len(sweeps)}")
    n = sum(len(sweep.steps) for sweep in sweeps) + (math.prod(len(s.steps) for s in sweeps) if cross else 0)
    if n > MOST_CONDITIONS:
        raise CompareError(f"--degrade asks for {n} conditions: use at most {MOST_CONDITIONS}, by fewer strengths")
    return sweeps


def conditions(
    recordings: Mapping[Place, Recording], truths: Mapping[Place, Notes | str], sweeps: Iterable[Sweep], *, cross: bool
) -> dict[Place, Condition]:
    """Under which conditions each recording is heard besides the one in which it is.

    Parameters
    ----------
    recordings : mapping of (data set, id) to Recording
    truths : mapping of (data set, id) to Notes or str
        Recordings whose labels cannot be used, or whose sound cannot be read, are left out: they have failed already.
    sweeps : iterable of Sweep
    cross : bool
        Whether two sweeps are combined as well.

    Returns
    -------
    dict of (data set, id) to Condition
        The id is that of the recording, with the condition behind it.
    """
    sweeps = list(sweeps)
    groups = [(sweep,) for sweep in sweeps] + ([tuple(sweeps)] if cross else [])
    found: dict[Place, Condition] = {}
    for place, recording in recordings.items() if sweeps else ():
        try:
            checksum = recording.checksum
        except (AudioError, OSError):
            continue
        if isinstance(truths[place], str):
            continue
        for group in groups:
            for combined in itertools.product(*(sweep.steps for sweep in group)):
                condition = Condition(place, group, tuple(_drawn(steps, checksum) for steps in combined))
                while (here := (place[0], f"{place[1]} [{condition.text}]")) in found:
                    condition = replace(condition, number=condition.number + 1)
                found[here] = condition
    return found


def _drawn(steps: tuple[Step, ...], checksum: str) -> Step:
    """The same file at each strength, whatever else is heard."""
    return steps[int(checksum[:16], 16) % len(steps)]


def _sweep(text: str) -> Sweep:
    found = re.fullmatch(r"([a-z]+)(?::(.*?))??(?::([a-z0-9]+)=([^=]*))?", text, re.DOTALL)
    kind = found[1] if found else re.split("[:=]", text)[0]
    if kind not in KINDS:
        raise CompareError(f"--degrade {printable(text)!r}: there is no {printable(kind)!r}{nearest(kind, KINDS)}")
    if found is None:
        raise CompareError(f"--degrade {printable(text)!r} cannot be read: {_FORM}")
    of = KINDS[kind]
    source, setting, values = found[2] or "", found[3], found[4]
    if kind == "room" and source not in ("", *of.sources):
        return _measured_rooms(text, source, _number_of_rooms(text, setting, values))
    if setting != of.setting:
        raise CompareError(f"--degrade {printable(text)!r}: the strength of {kind} is {of.setting}: {_FORM}")
    strengths = sorted(set(_strengths(text, kind, values)), key=lambda strength: _mildness(kind, strength))
    sources = _sources(text, kind, source)
    shown = printable(Path(source).name) if source not in ("", *of.sources) else sources[0]
    name = ":".join(filter(None, [kind, shown, of.setting]))
    return Sweep(name, kind, tuple(tuple(Step(kind, one, strength) for one in sources) for strength in strengths))


def _mildness(kind: str, strength: float) -> tuple[float, float]:
    neutral = KINDS[kind].neutral
    return (-strength, 0.0) if neutral is None else (abs(strength - neutral), strength)


def _sources(text: str, kind: str, source: str) -> list[str]:
    of = KINDS[kind]
    if source in ("", *of.sources):
        if (kind, source) == ("speech", "espeak") and shutil.which("espeak-ng") is None:
            raise CompareError("espeak-ng is not installed: apt-get install espeak-ng, or write speech:rule:snr=...")
        return [source or (of.sources[0] if of.sources else "")]
    files = _sound_files(source) if of.takes_files else []
    if not files:
        known = ", ".join(of.sources) or "nothing"
        more = " or a sound file or folder" if of.takes_files else ""
        hint = nearest(source, of.sources)
        raise CompareError(
            f"--degrade {printable(text)!r}: {printable(source)!r} is no source of {kind}{hint}: use {known}{more}"
        )
    return [str(file) for file in files]


def _strengths(text: str, kind: str, values: str) -> list[float]:
    of = KINDS[kind]
    try:
        low, dots, rest = values.partition("..")
        high, colon, step = rest.partition(":")
        numbers = _range(float(low), float(high), float(step) if colon else None) if dots else None
        numbers = numbers or [float(value) for value in values.split("|")]
    except ValueError as error:
        raise CompareError(f"--degrade {printable(text)!r}: {printable(values)!r} is no range: {_FORM}") from error
    outside = [number for number in numbers if not (of.low <= number <= of.high or number == of.neutral)]
    if outside:
        raise CompareError(
            f"--degrade {printable(text)!r}: {of.setting} {outside[0]:g} is out of range: use {of.low:g} to {of.high:g}"
        )
    if not (numbers := [number for number in numbers if number != of.neutral]):
        raise CompareError(f"--degrade {printable(text)!r}: {of.setting} {of.neutral:g} changes nothing: name others")
    return numbers


def _range(low: float, high: float, step: float | None) -> list[float]:
    """Strengths from low to high, both included where the step leads there."""
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError("low before high")
    if step is None:
        return [float(number) for number in np.linspace(low, high, POINTS if high > low else 1)]
    if not 0 < step < math.inf or (high - low) / step > MOST_CONDITIONS:
        raise ValueError("a step above 0")
    return [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]


def _number_of_rooms(text: str, setting: str | None, values: str) -> int | None:
    if setting is None:
        return None
    if setting != "rooms":
        raise CompareError(
            f"--degrade {printable(text)!r}: a measured room rings as it does: leave {setting} out, or write rooms=8"
        )
    if not (values.isascii() and values.isdigit() and len(values) < 4 and 1 <= int(values) <= MOST_CONDITIONS):
        raise CompareError(
            f"--degrade {printable(text)!r}: {printable(values)!r} is no number of rooms: use 1 to {MOST_CONDITIONS}"
        )
    return int(values)


def _measured_rooms(text: str, source: str, n_rooms: int | None) -> Sweep:
    """Each response is a room of its own; its strength is how long it rings. Of many some are taken, short to long."""
    from pianolab.piano import read_response, reverberation_time_s  # Filters take time to load.

    if not (files := _sound_files(source)):
        raise CompareError(
            f"--degrade {printable(text)!r}: {printable(source)!r} is no source of room"
            f"{nearest(source, KINDS['room'].sources)}: use rule or a recorded impulse response, or a folder of them"
        )
    if n_rooms is None and len(files) > MOST_CONDITIONS:
        raise CompareError(
            f"--degrade {printable(text)!r}: there are {len(files)} rooms: put :rooms=8 behind them to take 8"
        )
    found = []
    for file in files:
        try:
            with caught_warnings():  # What is odd about a recording of music is usual for a response.
                t60_s = reverberation_time_s(read_response(file, sr=_RATE), sr=_RATE)
        except (PianolabError, OSError) as error:
            raise CompareError(f"--degrade {printable(text)!r}: {reason(error)}") from error
        found.append(Step("room", str(file), round(t60_s, 3)))
    found.sort(key=lambda step: (step.strength, step.source))
    if n_rooms is not None and n_rooms < len(found):
        found = [found[i] for i in ((np.arange(n_rooms) + 0.5) * len(found) / n_rooms).astype(int)]
    return Sweep(f"room:{printable(Path(source).name)}:t60", "room", tuple((step,) for step in found))


def _sound_files(place: str) -> list[Path]:
    """The sound files at a place: that file, or those of that folder, by name; none where there is nothing."""
    path = Path(place).expanduser()
    if path.is_dir():
        suffixes = readable_suffixes()
        return sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    return [path] if path.is_file() else []
