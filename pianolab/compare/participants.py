"""Who takes part in a comparison: detectors by name, with settings, from a file, ready made; note files of others.

A detector is made once here, so that a misspelt name or setting is refused before anything is heard. One that exists
but cannot run is not refused: it takes part with its reason, and becomes a row of the table.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pianolab.compare.errors import CompareError
from pianolab.compare.fingerprints import detector_facts, estimate_key, source_of
from pianolab.compare.note_files import NoteFiles, find_note_files
from pianolab.compare.shareable import shareable
from pianolab.compare.tables import label
from pianolab.detector import Detector, DetectorError, parameters, spec_text
from pianolab.errors import printable, reason
from pianolab.registry import create, load_all, parse_spec

TEXTBOOK = "textbook"  # This preset of a detector shows it without our mends.


@dataclass(frozen=True, eq=False)
class Participant:
    """One way of hearing that takes part: a detector with its settings, or the note files of another system.

    Attributes
    ----------
    detector, params : str
        Its name and its settings, as in the result rows.
    instance : Detector or None
        Made once to check that it can be; workers make their own from `spec`.
    spec : str
        Text that makes the detector in a worker; '' for note files, and for a detector that only this process has.
    source : str
        Checksum of the code that it depends on; '' where that cannot be told, or the detector was changed after it was
        made: what it hears is not kept.
    note_files : mapping of str to sequence of Path, or None
        Note files by stem.
    error : str
        Why it cannot run; '' if it can.
    """

    detector: str
    params: str = ""
    instance: Detector | None = None
    spec: str = ""
    source: str = ""
    note_files: NoteFiles | None = None
    error: str = ""

    @property
    def label(self) -> str:
        """Name with settings."""
        return label(self.detector, self.params)

    @functools.cached_property
    def facts(self) -> dict[str, Any]:
        """What the detector is, besides its code; empty for note files."""
        return detector_facts(self.instance) if self.instance is not None else {}

    def key(self, audio_checksum: str, seconds: float | None) -> str:
        """Under which the cache keeps what it hears in a sound; '' if it is not to be kept."""
        if self.instance is None or not self.source:
            return ""
        return estimate_key(audio_checksum=audio_checksum, seconds=seconds, facts=self.facts, source=self.source)


def find_participants(
    detectors: Iterable[str | Detector] | None, estimates: Mapping[str, str | Path]
) -> tuple[list[Participant], dict[str, str]]:
    """Everyone who takes part.

    Parameters
    ----------
    detectors : iterable of str or Detector, or None
        Spec texts or detectors; None for every registered detector but the peers, each also as textbooks have it where
        it offers that preset, unless there are estimates.
    estimates : mapping of str to path
        Folders of note files by name.

    Returns
    -------
    participants : list of Participant
    left_out : dict of str to str
        Registered detectors that lack a library here, with the reason.

    Raises
    ------
    CompareError, DetectorError
        If one asked for does not exist, or two would have one name.
    """
    left_out = {}
    if detectors is None and not estimates:
        found, left_out = _registered()
    else:
        found = [_participant(detector) for detector in detectors or ()]
    # Whoever was asked for twice takes part once.
    once = {(p.label, p.key("", None) or p.error or id(p.instance)): p for p in found}
    others = (
        Participant(printable(name), note_files=find_note_files(name, folder)) for name, folder in estimates.items()
    )
    found = [*once.values(), *others]
    twice = [name for name, count in Counter(participant.label for participant in found).items() if count > 1]
    if twice:
        raise CompareError(f"two who take part are called {twice[0]!r}: rename one")
    if not found:
        why = "can run here" if detectors is None else "is named: name one, or pass None for all"
        raise CompareError(f"no detector {why}; `pianolab detectors` lists them")
    return found, left_out


def _registered() -> tuple[list[Participant], dict[str, str]]:
    """All of the registry but the peers, and those that lack a library."""
    classes, broken = load_all()
    own = {name: cls for name, cls in classes.items() if not cls.peer}
    preset = {name: parameters(cls).get("preset") for name, cls in own.items()}
    textbook = [name for name, parameter in preset.items() if parameter and TEXTBOOK in parameter.choices]
    found = [_participant(spec) for spec in [*own, *(f"{name}:preset={TEXTBOOK}" for name in textbook)]]
    left_out = {p.detector: p.error for p in found if p.error.startswith(("ImportError", "ModuleNotFoundError"))}
    found = [participant for participant in found if participant.detector not in left_out]
    return found + [Participant(name, error=f"cannot be imported: {why}") for name, why in broken.items()], left_out


def _participant(given: str | Detector) -> Participant:
    try:
        detector = create(given)
    except DetectorError:
        raise
    except Exception as error:  # A constructor that fails becomes a row that says so.
        name, texts = parse_spec(str(given))
        return Participant(_shown(name), params=shareable(spec_text("", texts)[1:]), error=reason(error))
    spec, changed = (given, False) if isinstance(given, str) else _spec(detector)
    name = _shown(parse_spec(spec)[0] if spec else vars(type(detector)).get("name") or type(detector).__name__)
    params = shareable(spec_text("", detector.params)[1:])
    return Participant(name, params=params, instance=detector, spec=spec, source="" if changed else source_of(detector))


def _spec(detector: Detector) -> tuple[str, bool]:
    """Text that makes a detector again, '' if there is none; whether it was changed by hand after it was made."""
    try:
        spec = detector.spec
        twin = create(spec)
    except Exception:  # Whatever hinders a second one from text, the first is here and can hear.
        spec = ""
    try:
        twin = twin if spec else type(detector)(**detector.params)
        changed = not _alike(detector, twin)
        if changed:  # It may only have heard something already.
            detector.reset()
            twin.reset()
            changed = not _alike(detector, twin)
    except Exception:
        changed = True
    return "" if changed else spec, changed


def _alike(detector: Detector, twin: Detector) -> bool:
    # How their settings were given may differ. Everything else tells of their values.
    one, other = ({**vars(d), "_given": None} for d in (detector, twin))
    return _same(one, other)


def _same(one: Any, other: Any) -> bool:
    """Whether two attributes are equal, as far as they are plain values and arrays; others need the same type."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")
    if isinstance(one, Path):  # A detector made from text may have it as text.
        one, other = str(one), str(other)
    if isinstance(one, int | float | complex | str | bytes | set | frozenset | np.generic | None):
        return one == other or (one != one and other != other)  # NaN is unlike itself.
    if type(one) is not type(other):
        return False
    if dataclasses.is_dataclass(one):
        return _same(vars(one), vars(other))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_same, one, other))
    return True


def _shown(name: str) -> str:
    """A detector in a file is shown without the folders."""
    path, from_file, class_name = name.rpartition(".py:")
    return printable(f"{Path(path).name}.py:{class_name}" if from_file else name)
