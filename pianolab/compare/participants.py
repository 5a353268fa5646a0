"""Who takes part in a comparison: detectors by name, with settings, from a file, ready made; systems of others.

A detector is made once, so that a misspelt name or setting is refused before anything is heard. One that exists but
cannot run is not refused: it takes part with its reason, and becomes a row of the table. One of a file is made in a
worker process only: what its file does when it is imported must not reach the others, nor the scores.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pianolab import workers
from pianolab.compare.commands import CommandLine, find_command
from pianolab.compare.commands import __file__ as _COMMANDS_FILE
from pianolab.compare.errors import CompareError
from pianolab.compare.fingerprints import estimate_key, portable_key, source_checksum
from pianolab.compare.note_files import NoteFiles, find_note_files
from pianolab.compare.sending import send
from pianolab.compare.shareable import shareable
from pianolab.compare.tables import label
from pianolab.compare.worker import Description, describe
from pianolab.detector import Detector, DetectorError, parameters, spec_text
from pianolab.errors import printable, reason
from pianolab.registry import create, find, is_of_file, load_all, parse_spec
from pianolab.sound import AudioError, checksum

LOADING_S = 120.0  # A detector may take so long to be made: some load a network, or compile.
TEXTBOOK = "textbook"  # This preset of a detector shows it without our mends.


@dataclass(frozen=True, eq=False)
class Participant:
    """One way of hearing that takes part: a detector with its settings, or another system by its files or its command.

    Attributes
    ----------
    detector, params : str
        Its name and its settings, as in the result rows.
    spec : str
        Text that makes the detector in a worker; '' for note files, and for a detector of which there is no such text.
    sent : bytes
        That detector, as `pianolab.compare.sending.send` wrote it down for a worker.
    source : str
        Checksum of the code that it depends on; '' where that cannot be told, or the detector was changed after it was
        made: what it hears is not kept.
    facts : mapping of str to object
        What it is besides its code, as of `pianolab.compare.fingerprints.detector_facts`.
    files : mapping of str to str
        Those of the user's that it depends on, with their checksums.
    onset_delay_s : float
        What the tracker takes off its onsets, seconds.
    room : str
        Only detectors of the same room are heard in the same process: ours have one, every other one its own.
    note_files : NoteFiles or None
        What another system wrote.
    command : CommandLine or None
        What another system is run by.
    error : str
        Why it cannot run; '' if it can.
    """

    detector: str
    params: str = ""
    spec: str = ""
    sent: bytes = b""
    source: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    onset_delay_s: float = 0.0
    room: str = ""
    note_files: NoteFiles | None = None
    command: CommandLine | None = None
    error: str = ""

    @property
    def label(self) -> str:
        """Name with settings."""
        return label(self.detector, self.params)

    def key(self, audio_checksum: str, seconds: float | None) -> str:
        """Under which the cache keeps what it hears in a sound; '' if it is not to be kept."""
        if not self.source:
            return ""
        return estimate_key(audio_checksum=audio_checksum, seconds=seconds, facts=self.facts, source=self.source)

    @property
    def portable(self) -> str:
        """What it is, wherever it is heard; '' if that cannot be told."""
        return portable_key(self.facts, self.source)

    @property
    def changed(self) -> str:
        """The first of its files that is not what it was when the detector was looked at; '' if all are."""
        return next((path for path, before in self.files.items() if _checksum(path) != before), "")


def find_participants(
    detectors: Iterable[str | Detector] | None,
    estimates: Mapping[str, str | Path],
    *,
    commands: Mapping[str, str] | None = None,
    jobs: int = 1,
    timeout_s: float = LOADING_S,
    my_piano: str | Path | None = None,
) -> tuple[list[Participant], dict[str, str]]:
    """Everyone who takes part.

    Parameters
    ----------
    detectors : iterable of str or Detector, or None
        Spec texts or detectors; None for every registered detector but the peers, each also as textbooks have it where
        it offers that preset, unless there are estimates or commands.
    estimates : mapping of str to path
        Folders of note files by name.
    commands : mapping of str to str, optional
        Command lines by name, as for `pianolab.compare.commands.find_command`.
    jobs : int
        Worker processes that look at detectors of files.
    timeout_s : float
        How long each of them may take to be made, seconds.
    my_piano : path, optional
        What was learnt of the piano, for all that are given by name.

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
    if detectors is None and not estimates and not commands:
        found, left_out = _registered(my_piano)
    else:
        asked_for = [_told(one, my_piano) if isinstance(one, str) else one for one in detectors or ()]
        found = _asked_for(asked_for, jobs, timeout_s)
    # Whoever was asked for twice takes part once.
    once = {(p.label, p.key("", None) or p.error or p.spec or p.sent): p for p in found}
    others = (
        Participant(printable(name), note_files=find_note_files(name, folder)) for name, folder in estimates.items()
    )
    found = [*once.values(), *others, *(_of_command(name, line) for name, line in (commands or {}).items())]
    twice = [name for name, count in Counter(participant.label for participant in found).items() if count > 1]
    if twice:
        raise CompareError(f"two who take part are called {twice[0]!r}: rename one")
    if not found:
        why = "can run here" if detectors is None else "is named: name one, or pass None for all"
        raise CompareError(f"no detector {why}; `pianolab detectors` lists them")
    return found, left_out


def _told(spec: str, my_piano: str | Path | None) -> str:
    """Spec text with what was learnt of the piano."""
    if my_piano is None:
        return spec
    name, given = parse_spec(spec)
    return spec_text(name, {**given, "my_piano": my_piano})


def _registered(my_piano: str | Path | None) -> tuple[list[Participant], dict[str, str]]:
    """All of the registry but the peers, and those that lack a library."""
    classes, broken = load_all()
    own = {name: cls for name, cls in classes.items() if not cls.peer}
    preset = {name: parameters(cls).get("preset") for name, cls in own.items()}
    textbook = [name for name, parameter in preset.items() if parameter and TEXTBOOK in parameter.choices]
    specs = [_told(spec, my_piano) for spec in [*own, *(f"{name}:preset={TEXTBOOK}" for name in textbook)]]
    found = [_of_text(spec, describe(spec)) for spec in specs]
    left_out = {p.detector: p.error for p in found if p.error.startswith(("ImportError", "ModuleNotFoundError"))}
    found = [participant for participant in found if participant.detector not in left_out]
    return found + [Participant(name, error=f"cannot be imported: {why}") for name, why in broken.items()], left_out


def _asked_for(detectors: list[str | Detector], jobs: int, timeout_s: float) -> list[Participant]:
    """Those asked for, in order; files are looked at side by side, each in a process of its own."""
    files = [given for given in detectors if isinstance(given, str) and is_of_file(given)]
    looked_at = {}
    for spec, description, error in workers.run(
        describe, dict.fromkeys(files), n_workers=jobs, room=lambda spec: spec, limit_s=lambda spec: timeout_s
    ):
        looked_at[spec] = description if error is None else Description(error=why_not(error))
    found = []
    for given in detectors:
        if isinstance(given, Detector):
            found.append(_of_instance(given))
        else:
            found.append(_of_text(given, looked_at[given] if given in files else describe(given)))
    return found


def why_not(error: BaseException) -> str:
    """Why a worker gave no answer, in one line.

    Parameters
    ----------
    error : BaseException
        From `pianolab.workers.run`.

    Returns
    -------
    str
    """
    remedy = " (--timeout, in Python timeout_s)" if isinstance(error, workers.WorkerTimeout) else ""
    return reason(error) + remedy


def _of_text(spec: str, description: Description) -> Participant:
    if description.refusal:
        raise DetectorError(description.refusal)
    name, texts = parse_spec(spec)
    if description.error:
        return Participant(_shown(name), params=shareable(spec_text("", texts)[1:]), error=description.error)
    is_ours = not is_of_file(spec) and not find(name).peer
    return Participant(
        _shown(name),
        params=shareable(description.params),
        spec=spec,
        source=description.source,
        facts=description.facts,
        files=description.files,
        onset_delay_s=description.onset_delay_s,
        room="" if is_ours else spec,
    )


def _of_instance(detector: Detector) -> Participant:
    """One that was made by hand; workers make their own where there is text that makes an equal one."""
    spec, changes = _spec(detector)
    description = describe(detector)
    if spec:
        return _of_text(spec, description)
    name = printable(str(vars(type(detector)).get("name") or type(detector).__name__))
    params = shareable(description.params)
    try:
        if why := description.refusal or description.error:
            return Participant(name, params=params, error=why)
        sent = send(detector, changes)
    except CompareError as error:
        return Participant(name, params=params, error=reason(error))
    return Participant(
        name,
        params=params,
        sent=sent,
        source="" if changes != {} else description.source,
        facts=description.facts,
        files=description.files,
        onset_delay_s=description.onset_delay_s,
        room=f"{name} {id(detector)}",
    )


def _spec(detector: Detector) -> tuple[str, dict[str, Any] | None]:
    """Text that makes a detector again, '' if there is none; and what was changed by hand after it was made.

    The changes are attributes by name; None if they cannot be told.
    """
    try:
        spec = detector.spec
        twin = create(spec)
    except Exception:  # Whatever hinders a second one from text, the first is here and can hear.
        spec = ""
    try:
        twin = twin if spec else type(detector)(**detector.params)
        changes = _changes(detector, twin)
        if changes != {}:  # It may only have heard something already.
            detector.reset()
            twin.reset()
            changes = _changes(detector, twin)
    except Exception:
        changes = None
    return spec if changes == {} else "", changes


def _of_command(name: str, line: str) -> Participant:
    command = find_command(name, line)
    shown = printable(name)
    return Participant(
        shown,
        command=command,
        source=source_checksum(_COMMANDS_FILE),
        facts=command.facts,
        files=dict(command.files),
        room=f"command {shown}",
    )


def _changes(detector: Detector, twin: Detector) -> dict[str, Any] | None:
    # How their settings were given may differ. Everything else tells of their values.
    one, other = ({**vars(d), "_given": None} for d in (detector, twin))
    if other.keys() - one.keys():
        return None
    return {name: value for name, value in one.items() if name not in other or not _same(value, other[name])}


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


def _checksum(path: str) -> str:
    """Of a file; '' if it cannot be read now."""
    try:
        return checksum(path)
    except AudioError:
        return ""


def _shown(name: str) -> str:
    """A detector in a file is shown without the folders."""
    path, from_file, class_name = name.rpartition(".py:")
    return printable(f"{Path(path).name}.py:{class_name}" if from_file else name)
