"""Who takes part in a comparison: detectors by name, with parameters or from a file, and note files of other systems.

A detector is made once here, so that a misspelt name or parameter is refused before anything is heard. One that
exists but cannot run is not refused: it takes part with its reason, and becomes a row of the table.
"""

import inspect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pianolab.compare.cache import source_checksum
from pianolab.compare.tables import label
from pianolab.detector import Detector, DetectorError, parameters, spec_text
from pianolab.errors import PianolabError, printable, reason
from pianolab.labels import LABEL_SUFFIXES
from pianolab.registry import create, load_all, parse_spec

TEXTBOOK = "textbook"  # the preset that shows what our mends bring


class CompareError(PianolabError):
    """A comparison that makes no sense; the message is one line with the remedy."""


@dataclass(frozen=True)
class Entry:
    """One way of hearing that takes part: a detector with its parameters, or the note files of another system.

    Attributes
    ----------
    detector, params : str
        As in the result rows.
    spec : str
        Text that makes the detector in a worker; '' for note files.
    source : str
        Checksum of the code that it depends on.
    files : dict of str to list of Path, or None
        Note files by stem.
    error : str
        Why it cannot run; '' if it can.
    instance : Detector or None
        Made once to check that it can be; workers make their own.
    """

    detector: str
    params: str = ""
    spec: str = field(default="", compare=False)
    source: str = ""
    files: Mapping | None = field(default=None, compare=False, repr=False)
    error: str = ""
    instance: Detector | None = field(default=None, compare=False, repr=False)

    @property
    def label(self):
        """Name with parameters."""
        return label(self.detector, self.params)


def find_entries(detectors, estimates):
    """Everyone who takes part.

    Parameters
    ----------
    detectors : list of str or None
        Spec texts; None for every registered detector but the peers, each also as textbooks have it where it offers
        that preset, unless there are estimates.
    estimates : dict of str to path
        Folders of note files by name.

    Returns
    -------
    entries : list of Entry
    left_out : dict of str to str
        Registered detectors that lack a library here, with the reason.

    Raises
    ------
    CompareError, DetectorError
        If one asked for does not exist, or two would have one name.
    """
    left_out = {}
    if detectors is None and not estimates:
        found, broken = load_all()
        own = {name: cls for name, cls in found.items() if not cls.peer}
        entries = [_entry(name) for name in own]
        entries += [_entry(f"{name}:preset={TEXTBOOK}") for name, cls in own.items() if _has_textbook(cls)]
        left_out = {e.detector: e.error for e in entries if e.error.startswith(("ImportError", "ModuleNotFoundError"))}
        entries = [entry for entry in entries if entry.detector not in left_out]
        entries += [Entry(name, error=f"cannot be imported: {why}") for name, why in broken.items()]
    else:
        entries = [_entry(spec) for spec in ([detectors] if isinstance(detectors, str) else detectors or [])]
    entries = list(dict.fromkeys(entries))  # asked for twice
    entries += [Entry(name, files=_note_files(name, folder)) for name, folder in estimates.items()]
    twice = [name for name, count in Counter(entry.label for entry in entries).items() if count > 1]
    if twice:
        raise CompareError(f"two entries are called {twice[0]!r}: rename one")
    if not entries:
        raise CompareError("no detector can run here: see `pianolab detectors`")
    return entries, left_out


def _has_textbook(cls):
    preset = parameters(cls).get("preset")
    return preset is not None and TEXTBOOK in preset.choices


def _entry(spec):
    name, texts = parse_spec(spec)
    path, from_file, class_name = name.rpartition(".py:")
    shown = f"{Path(path).name}.py:{class_name}" if from_file else name
    try:
        detector = create(spec)
    except DetectorError:
        raise
    except Exception as error:  # its constructor failed: a row that says so
        return Entry(shown, params=spec_text("", texts)[1:], spec=spec, error=reason(error))
    params = {key: detector.params[key] for key in parameters(type(detector)) if key in detector.params}
    source = source_checksum(f"{path}.py" if from_file else inspect.getsourcefile(type(detector)))
    return Entry(shown, params=spec_text("", params)[1:], spec=spec, source=source, instance=detector)


def _note_files(name, folder):
    folder = Path(folder)
    if not name or ":" in name:
        raise CompareError(f"{name!r} is no name for estimates: use a word without colons")
    if not folder.is_dir():
        raise CompareError(f"estimates {name}: {printable(folder)} is not a folder: give NAME=DIR with note files")
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in LABEL_SUFFIXES and path.is_file():
            files.setdefault(path.stem, []).append(path)
    if not files:
        raise CompareError(f"estimates {name}: {printable(folder)} holds no note files ({', '.join(LABEL_SUFFIXES)})")
    return files
