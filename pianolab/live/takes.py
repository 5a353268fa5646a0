"""Takes: what was played live, kept with everything that was decided about it.

A take is a folder: ``audio.flac`` (the 16-bit samples as they came), ``events.jsonl`` (what was heard, one event a
line), ``settings.json`` (detectors, tuning, prompt, holes) and, once somebody has said what was played, ``audio.mid``
(labels). So a folder of takes is a data set: ``pianolab compare --data data/takes``. A take that is kept is written
while it is played: a crash costs at most the last second. One that is not kept stays in memory, as FLAC, until it
is saved or forgotten.
"""

import io
import json
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from pianolab import sound
from pianolab.errors import PianolabError, printable
from pianolab.files import replacing
from pianolab.labels import read_labels, write_labels
from pianolab.roll import Notes

MAX_KEPT_S = 3600.0  # on disk
MAX_MEMORY_S = 900.0  # in memory: 15 minutes are 30 to 80 MB
AUDIO, LABELS, EVENTS, SETTINGS = "audio.flac", "audio.mid", "events.jsonl", "settings.json"


class TakeError(PianolabError):
    """A take that cannot be written or read; the message is one line with the remedy."""


def takes_dir():
    """Where takes are kept: takes/ in the data folder, or here if there is none."""
    from pianolab.data.builtin import BuiltinError, data_dir

    try:
        return data_dir() / "takes"
    except BuiltinError:
        return Path.cwd() / "takes"


class Recorder:
    """Writes a take while it is played. A fault of the disk never stops the music: it is kept in ``problem``.

    Parameters
    ----------
    sr : int
        Hz.
    folder : Path or None
        Folder to keep takes in; None keeps this one in memory.
    settings : dict
        What goes to settings.json.

    Attributes
    ----------
    problem : str
        Why nothing more is recorded, or ''.
    """

    def __init__(self, sr, *, folder=None, settings=None):
        self.take = Take(sr=sr, name=_name_of_now(), settings=settings or {})
        self.problem = ""
        self._max_samples = int((MAX_MEMORY_S if folder is None else MAX_KEPT_S) * sr)
        self._lines = None
        try:
            if folder is not None:
                self.take.folder = _new_folder(Path(folder), self.take.name)
                self.take.name = self.take.folder.name
                self.take.write_settings()
                self._lines = open(self.take.folder / EVENTS, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
            target = self.take.flac if folder is None else str(self.take.folder / AUDIO)
            self._file = sf.SoundFile(target, "w", sr, 1, subtype="PCM_16", format="FLAC")
        except (OSError, sf.LibsndfileError) as error:
            raise TakeError(f"takes cannot be kept in {printable(folder)} ({_reason(error)}): switch it off") from error

    def write(self, samples, events):
        """Take (n,) int16 samples or None, and a list of events."""
        self.take.events.extend(events)
        if self.problem:
            return
        try:
            for event in events:
                if self._lines is not None:
                    self._lines.write(json.dumps(event, ensure_ascii=False) + "\n")
            if samples is not None:
                self._write_audio(samples)
        except (OSError, sf.LibsndfileError) as error:
            self.problem = f"the take is no longer recorded ({_reason(error)}): free some space"

    def _write_audio(self, samples):
        if self.take.n_samples + len(samples) > self._max_samples:
            self.problem = f"the take is full after {self._max_samples / self.take.sr / 60:.0f} minutes"
            return
        self._file.write(samples)
        self.take.n_samples += len(samples)

    def close(self, **settings):
        """End the take and return it; ``settings`` are added to it."""
        self._file.close()
        if self._lines is not None:
            self._lines.close()
        self.take.settings.update(settings)
        if self.take.folder is not None:
            self.take.write_settings()
        return self.take


class Take:
    """What was played once.

    Attributes
    ----------
    name : str
        When it was played, such as '2026-05-01T18-30-00'.
    sr, n_samples : int
    folder : Path or None
        Where it is kept; None while it is only in memory.
    events : list of dict
    settings : dict
    labels : Notes or None
        What was played, if anybody said so.
    """

    def __init__(self, *, sr, name, settings=None, folder=None):
        self.sr, self.name, self.folder = sr, name, folder
        self.settings = dict(settings or {})
        self.n_samples, self.events, self.labels = 0, [], None
        self.flac = io.BytesIO()

    def __repr__(self):
        kept = "kept" if self.folder else "in memory"
        return f"<Take {self.name}: {self.seconds:.1f} s, {kept}>"

    @property
    def seconds(self):
        return self.n_samples / self.sr

    @classmethod
    def open(cls, folder):
        """Read a take that was kept; also one whose recording was cut off by a crash.

        Raises
        ------
        TakeError
            If the folder holds no take.
        """
        folder = Path(folder)
        try:
            settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            lines = (folder / EVENTS).read_text(encoding="utf-8").splitlines()
            info = sound.info(folder / AUDIO)
        except (OSError, ValueError) as error:
            raise TakeError(f"{printable(folder)} is no take ({error}): choose a folder within takes") from error
        take = cls(sr=info.sr, name=folder.name, settings=settings, folder=folder)
        take.n_samples = info.n_samples
        take.events = [event for line in lines if (event := _event(line)) is not None]
        if (folder / LABELS).exists():
            take.labels = read_labels(folder / LABELS)
        return take

    def load(self):
        """The sound, (y float32 (n,), sr)."""
        return sound.load(io.BytesIO(self.flac_bytes()))

    def flac_bytes(self):
        """The sound as a FLAC file."""
        return self.flac.getvalue() if self.folder is None else (self.folder / AUDIO).read_bytes()

    def notes(self, number=0):
        """What one listener heard, as Notes, from the events."""
        on, ends = {}, {}
        for event in self.events:
            if event.get("listener") == number and "note" in event:
                (ends if event["kind"] == "off" else on)[event["note"]] = event
        rows = [(e["time_s"], max(e["time_s"], _end(ends, n, self.seconds)), e["midi"]) for n, e in on.items()]
        struck = {
            "confidence": [event["confidence"] for event in on.values()],
            "velocity": [np.nan if event.get("velocity") is None else event["velocity"] for event in on.values()],
        }
        return Notes(*zip(*rows, strict=True), **struck) if rows else Notes.empty()

    def save(self, folder):
        """Write a take that was only in memory into a new folder within ``folder``; return it.

        Raises
        ------
        TakeError
            If it cannot be written.
        """
        if self.folder is not None:
            return self.folder
        try:
            target = _new_folder(Path(folder), self.name)
            with replacing(target / AUDIO) as temporary:
                temporary.write_bytes(self.flac.getvalue())
            with replacing(target / EVENTS) as temporary:
                lines = [json.dumps(event, ensure_ascii=False) + "\n" for event in self.events]
                temporary.write_text("".join(lines), encoding="utf-8")
            self.folder, self.name, self.flac = target, target.name, io.BytesIO()
            self.write_settings()
            if self.labels is not None:
                self.set_labels(self.labels)
        except OSError as error:
            raise TakeError(f"the take cannot be saved in {printable(folder)} ({_reason(error)})") from error
        return target

    def set_labels(self, notes, *, confirmed=None):
        """Say what was played; written beside the sound if the take is kept."""
        self.labels = notes
        if confirmed is not None:
            self.settings["labels_confirmed"] = bool(confirmed)
        if self.folder is not None:
            if len(notes):
                write_labels(self.folder / LABELS, notes)
            else:
                (self.folder / LABELS).unlink(missing_ok=True)
            self.write_settings()

    def write_settings(self):
        """Write settings.json."""
        with replacing(self.folder / SETTINGS) as temporary:
            temporary.write_text(json.dumps(self.settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def takes_in(folder):
    """The takes kept in a folder, oldest first; what is no take is passed over."""
    found = []
    for path in sorted(Path(folder).glob("*/" + SETTINGS)):
        try:
            found.append(Take.open(path.parent))
        except TakeError:
            continue
    return found


def _name_of_now():
    return time.strftime("%Y-%m-%dT%H-%M-%S")


def _new_folder(parent, name):
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue
    raise FileExistsError(f"{name} is there a thousand times")


def _end(ends, note, default_s):
    return ends[note]["time_s"] if note in ends else default_s


def _event(line):
    """One line of events.jsonl; None for the half line that a crash left."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _reason(error):
    return getattr(error, "strerror", None) or str(error).splitlines()[0]


def as_rows(notes):
    """Notes as plain rows for a page: list of dict with midi, name, onset_s, offset_s."""
    columns = zip(notes.midi, notes.names, np.round(notes.onset, 4), np.round(notes.offset, 4), strict=True)
    return [
        {"midi": int(m), "name": name, "onset_s": float(on), "offset_s": float(off)} for m, name, on, off in columns
    ]
