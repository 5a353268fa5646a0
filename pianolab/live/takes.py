"""Takes: what was played live, kept with everything that was decided about it.

A take is a folder: ``audio.flac`` (the 16-bit samples as they came), ``events.jsonl`` (what was heard, one event a
line), ``settings.json`` (detectors, tuning, prompt, holes), ``heard.mid`` (the notes and the sustain pedal that the
first detector heard) and, once somebody has said what was played, ``audio.mid`` (labels). So a folder of takes is a
data set: ``pianolab compare --data data/takes``. A take that is kept is written while it is played: a crash costs at
most the last second. One that is not kept stays in memory, as FLAC, until it is saved or forgotten.
"""

import io
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf

from pianolab import sound
from pianolab.errors import PianolabError, first_line, printable
from pianolab.files import replacing
from pianolab.labels import LabelError, read_labels, write_labels
from pianolab.live.messages import Event, NoteRow, TakeFields
from pianolab.places import user_dir
from pianolab.roll import Notes
from pianolab.texts.catalogue import Told

MAX_KEPT_S = 3600.0  # A take on disk ends after so many seconds.
MAX_MEMORY_S = 900.0  # A take in memory ends after so many seconds, which are 30 to 80 MB.
MAX_SR = 655_350  # FLAC has no higher rate, in Hz.
AUDIO, LABELS, EVENTS, SETTINGS, HEARD = "audio.flac", "audio.mid", "events.jsonl", "settings.json", "heard.mid"


class TakeError(PianolabError):
    """A take that cannot be written or read; the message is one line with the remedy."""


def takes_dir() -> Path:
    """Where takes are kept: takes/ in the data folder of a clone, or in the user's own folder."""
    from pianolab.data import BuiltinError, kept_dir

    try:
        return kept_dir("takes")
    except BuiltinError:
        return user_dir() / "takes"


class Recorder:
    """Writes a take while it is played. A fault of the disk does not stop the music: ``problem`` tells of it.

    Parameters
    ----------
    sr : int
        Rate of the samples, Hz.
    folder : path, optional
        Folder to keep takes in; without one the take stays in memory.
    settings : mapping, optional
        What goes to settings.json.

    Attributes
    ----------
    take : Take
        As far as it has been written.
    problem : str
        Why nothing more is recorded, or ''.

    Raises
    ------
    TakeError
        If the folder cannot be written to, or the rate is too high for FLAC.
    AudioError
        If the rate cannot be used.
    """

    def __init__(
        self, *, sr: int, folder: str | PathLike[str] | None = None, settings: Mapping[str, Any] | None = None
    ):
        if sound.checked_rate(sr) > MAX_SR:
            raise TakeError(Told("live.take_rate", sr=sr, most=MAX_SR))
        self.take = Take(sr=sr, name=_name_of_now(), settings=settings or {})
        self.problem = ""
        self._max_samples = int((MAX_MEMORY_S if folder is None else MAX_KEPT_S) * sr)
        self._lines = None
        if folder is None:
            self._file = _flac(self.take.flac, sr)
            return
        home = None
        try:
            home = _new_folder(Path(folder), self.take.name)
            self.take.folder, self.take.name = home, home.name
            self.take.write_settings()
            self._lines = open(home / EVENTS, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
            self._file = _flac(str(home / AUDIO), sr)
        except (OSError, sf.LibsndfileError) as error:
            if home is not None:
                shutil.rmtree(home, ignore_errors=True)
            raise TakeError(Told("live.cannot_keep", reason=first_line(error))) from error

    def write(self, samples: npt.NDArray[np.int16] | None, events: Sequence[Event]):
        """Write what was heard.

        Parameters
        ----------
        samples : (n,) int16, optional
            Samples that follow the last ones.
        events : sequence of NoteHeard, ChordHeard, PedalHeard and Gap
            What they made certain.
        """
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
            self.problem = Told("live.recording_stopped", reason=first_line(error))

    def _write_audio(self, samples: npt.NDArray[np.int16]):
        if self.take.n_samples + len(samples) > self._max_samples:
            self.problem = Told("live.take_is_full", minutes=round(self._max_samples / self.take.sr / 60))
            return
        self._file.write(samples)
        self.take.n_samples += len(samples)

    def close(self, **settings: Any) -> "Take":
        """End the take.

        Parameters
        ----------
        **settings
            Added to settings.json.

        Returns
        -------
        Take
            One without a sample is only in memory, and its folder is gone.
        """
        self._file.close()
        if self._lines is not None:
            self._lines.close()
        self.take.settings.update(settings)
        if self.take.folder is not None and not self.take.n_samples:
            shutil.rmtree(self.take.folder, ignore_errors=True)  # The recorder made it for this take alone.
            self.take.folder = None
        if self.take.folder is not None:
            self.take.write_settings()
            try:
                self.take.write_heard()
            except LabelError as error:  # The sound and the events, from which it is made, are kept.
                self.problem = self.problem or Told("live.cannot_keep", reason=first_line(error))
        return self.take


class Take:
    """What was played once.

    Attributes
    ----------
    name : str
        When it was played, such as '2026-05-01T18-30-00'.
    sr, n_samples : int
        Rate in Hz, and length.
    folder : Path or None
        Where it is kept; None while it is only in memory.
    events : list of NoteHeard, ChordHeard, PedalHeard and Gap
        What was heard.
    settings : dict
        What settings.json holds.
    labels : Notes or None
        What was played, if anybody said so.
    """

    def __init__(self, *, sr: int, name: str, settings: Mapping[str, Any] | None = None, folder: Path | None = None):
        self.sr, self.name, self.folder = sr, name, folder
        self.settings: dict[str, Any] = dict(settings or {})
        self.n_samples = 0
        self.events: list[Event] = []
        self.labels: Notes | None = None
        self.flac = io.BytesIO()

    def __repr__(self):
        kept = "kept" if self.folder else "in memory"
        return f"<Take {self.name}: {self.seconds:.1f} s, {kept}>"

    @property
    def seconds(self) -> float:
        """Length."""
        return self.n_samples / self.sr

    @property
    def missing_s(self) -> float:
        """Seconds of the sound that never came: holes, which the take has as silence, and what was lost at its end."""
        counts = self.settings.get("counts") or {}
        page = counts.get("page") or {}
        captured, heard = page.get("frames"), counts.get("samples", 0)
        at_the_end = max(0, captured - heard) if isinstance(captured, int) else 0
        return round((counts.get("missing", 0) + at_the_end) / self.sr, 3)

    @classmethod
    def open(cls, folder: str | PathLike[str]) -> "Take":
        """Read a take that was kept; also one whose recording was cut off by a crash.

        Parameters
        ----------
        folder : path
            The take's own.

        Returns
        -------
        Take

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
            raise TakeError(Told("live.no_take_here", folder=printable(folder), reason=first_line(error))) from error
        take = cls(sr=info.sr, name=folder.name, settings=settings, folder=folder)
        take.n_samples = info.n_samples
        take.events = [event for line in lines if (event := _event(line)) is not None]
        if (folder / LABELS).exists():
            take.labels = read_labels(folder / LABELS)
        return take

    def load(self) -> tuple[npt.NDArray[np.float32], int]:
        """The sound: samples in [-1, 1] and their rate in Hz."""
        return sound.load(io.BytesIO(self.flac_bytes()))

    def flac_bytes(self) -> bytes:
        """The sound as a FLAC file."""
        return self.flac.getvalue() if self.folder is None else (self.folder / AUDIO).read_bytes()

    def notes(self, number: int = 0) -> Notes:
        """What a listener heard, from the events.

        Parameters
        ----------
        number : int
            Which one.

        Returns
        -------
        Notes
            A note that does not end lasts until the end of the take.
        """
        struck, ends = {}, {}
        for event in self.events:
            if event["kind"] == "chord" or event["kind"] == "gap" or event["kind"] == "pedal":
                continue
            if event["listener"] != number:
                continue
            if event["kind"] == "off":
                ends[event["note"]] = event["time_s"]
            else:
                struck[event["note"]] = event
        strokes = list(struck.values())
        onset = np.array([event["time_s"] for event in strokes])
        offset = np.maximum(onset, [ends.get(note, self.seconds) for note in struck])
        confidence = np.array([event["confidence"] for event in strokes])
        # A velocity that is unknown is None in the event and becomes NaN here.
        velocity = np.array([event["velocity"] for event in strokes], dtype=float)
        return Notes(onset, offset, np.array([event["midi"] for event in strokes]), velocity, confidence)

    def pedal(self, number: int = 0) -> npt.NDArray[np.float64]:
        """When a listener heard the sustain pedal down, from the events.

        Parameters
        ----------
        number : int
            Which one.

        Returns
        -------
        (n, 2) float64
            Seconds down and up; a pedal that does not go up is down until the end of the take.
        """
        changes = [event for event in self.events if event["kind"] == "pedal" and event["listener"] == number]
        times = [event["time_s"] for event in changes]
        if changes and changes[-1]["down"]:
            times.append(max(self.seconds, times[-1]))
        return np.array(times).reshape(-1, 2)

    def write_heard(self):
        """Write what the first listener heard, notes and sustain pedal, as MIDI into the folder of a kept take.

        Raises
        ------
        LabelError
            If it cannot be written.
        """
        if self.folder is not None:
            write_labels(self.folder / HEARD, self.notes(), pedal=self.pedal())

    def save(self, folder: str | PathLike[str]) -> Path:
        """Write a take that was only in memory into a new folder.

        Parameters
        ----------
        folder : path
            The folder of takes, in which the new one is made.

        Returns
        -------
        Path
            The take's own folder; also where it was kept already.

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
            self.write_heard()
            if self.labels is not None:
                self.set_labels(self.labels)
        except (OSError, LabelError) as error:
            raise TakeError(Told("live.cannot_save", reason=first_line(error))) from error
        return target

    def set_labels(self, notes: Notes, *, confirmed: bool | None = None):
        """Say what was played. A take that is kept has it written beside the sound.

        Parameters
        ----------
        notes : Notes
        confirmed : bool, optional
            Whether a player has confirmed it; left out, that stays as it was.
        """
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
        """Write settings.json into the folder of a take that is kept."""
        if self.folder is not None:
            with replacing(self.folder / SETTINGS) as temporary:
                temporary.write_text(json.dumps(self.settings, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def as_message(self) -> TakeFields:
        """What the page shows of it in its list."""
        confirmed = "confirmed" if self.settings.get("labels_confirmed") else "proposed"
        return {
            "name": self.name,
            "seconds": round(self.seconds, 2),
            "n_notes": len(self.notes()),
            "folder": printable(self.folder) if self.folder else "",
            "labels": "none" if self.labels is None else confirmed,
            "missing_s": self.missing_s,
            "cut": self.settings.get("cut") is True,
        }


def _name_of_now() -> str:
    return time.strftime("%Y-%m-%dT%H-%M-%S")


def _flac(target: str | io.BytesIO, sr: int) -> sf.SoundFile:
    return sf.SoundFile(target, "w", sr, 1, subtype="PCM_16", format="FLAC")


def _new_folder(parent: Path, name: str) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 1000):
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            continue
    raise FileExistsError(f"{name} is there a thousand times")


def _event(line: str) -> Event | None:
    """One line of events.jsonl; None for the half line that a crash left."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if "lane" in event:  # Earlier takes have this word for the listener.
        event["listener"] = event.pop("lane")
    return event


def note_rows(notes: Notes) -> list[NoteRow]:
    """Notes as rows for a page.

    Parameters
    ----------
    notes : Notes

    Returns
    -------
    list of NoteRow

    Examples
    --------
    >>> note_rows(Notes([0.5], [1.0], [60]))
    [{'midi': 60, 'name': 'C4', 'onset_s': 0.5, 'offset_s': 1.0}]
    """
    columns = zip(notes.midi, notes.names, np.round(notes.onset, 4), np.round(notes.offset, 4), strict=True)
    return [
        {"midi": int(m), "name": name, "onset_s": float(on), "offset_s": float(off)} for m, name, on, off in columns
    ]
