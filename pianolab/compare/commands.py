"""A system that lives in an environment of its own: any command line that reads a sound and writes notes.

In goes a command such as ``transkun {audio} {out}.mid``; it is run once a recording, without a shell. ``{audio}`` is
the sound as WAV (mono, 16 bits, at its own rate), ``{out}`` a name without suffix, by which the program writes its
notes in any form that pianolab reads, ``{folder}`` the empty folder of that name, for programs that choose the name
themselves. All of it is removed afterwards. What comes out is scored as it stands, as note files are. A program that
takes longer than a detector may is stopped with all that it started, by the worker that it runs in.
"""

import math
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from pianolab.compare.cache import Heard
from pianolab.compare.degraded_sound import degraded_file
from pianolab.compare.errors import CompareError, caught_warnings
from pianolab.errors import PianolabError, printable, reason
from pianolab.labels import LABEL_SUFFIXES, read_labels, read_pedal
from pianolab.session import Transcription
from pianolab.sound import AudioError, checksum, load, write

AUDIO, OUT, FOLDER = "{audio}", "{out}", "{folder}"
_NAME = "notes"  # What {out} is called.
_LAST_BYTES = 4000  # So much of what a program complains of is kept: its end, which mostly says why.


@dataclass(frozen=True)
class CommandLine:
    """A command that writes the notes of a sound.

    Attributes
    ----------
    words : tuple of str
        The program as it was found, and what is typed behind it, with the places for paths.
    files : tuple of (str, str)
        The program, and every word that is a file, with their checksums: what it hears depends on them.
    """

    words: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What it is, as plain values for a fingerprint."""
        return {"command": self.words, "files": self.files}


@dataclass(frozen=True)
class CommandJob:
    """What `hear_by_command` is asked for.

    Attributes
    ----------
    audio : str
        The sound file.
    words : tuple of str
        Of a `CommandLine`.
    seconds : float or None
        How much of the beginning; None for all.
    checksum : str
        Of the sound file when it was looked at.
    folder : str
        Where the files between us and the program may lie.
    steps : str
        What makes the sound worse before it is heard, from `pianolab.compare.degraded_sound.written`; '' for nothing.
    """

    audio: str
    words: tuple[str, ...]
    seconds: float | None
    checksum: str
    folder: str
    steps: str = ""


def find_command(name: str, line: str) -> CommandLine:
    """Take a command line apart and find its program.

    Parameters
    ----------
    name : str
        What the system is called.
    line : str
        As it is typed into a shell, with ``{audio}``, and ``{out}`` or ``{folder}``. No shell reads it: there are no
        pipes, variables or wildcards.

    Returns
    -------
    CommandLine

    Raises
    ------
    CompareError
        If the name or the line cannot be used, or there is no such program.

    Examples
    --------
    >>> find_command("mine", "python").words
    Traceback (most recent call last):
    pianolab.compare.errors.CompareError: command mine: 'python' has no {audio}: write PROGRAM {audio} {out}
    """
    if not name or ":" in name:
        raise CompareError(f"{name!r} is no name for a command: use a word without colons")
    asked = f"command {name}: {printable(line)!r}"
    try:
        words = _words(line)
    except ValueError as error:
        raise CompareError(f"{asked} cannot be taken apart ({reason(error)}): close what is quoted") from error
    for place, alternatives in ((AUDIO, (AUDIO,)), (OUT, (OUT, FOLDER))):
        if not any(one in word for word in words[1:] for one in alternatives):
            raise CompareError(f"{asked} has no {place}: write PROGRAM {AUDIO} {OUT}")
    program = shutil.which(words[0])
    if program is None:
        raise CompareError(f"command {name}: there is no program {printable(words[0])!r} here: give its path")
    words = [os.path.abspath(program), *words[1:]]
    try:
        files = tuple((word, checksum(word)) for word in dict.fromkeys(words) if os.path.isfile(word))
    except AudioError as error:
        raise CompareError(f"command {name}: {reason(error)}") from error
    return CommandLine(tuple(words), files)


def _words(line: str) -> list[str]:
    if os.name == "nt":  # There a backslash is part of a path.
        return [word.strip('"') for word in shlex.split(line, posix=False)] or [""]
    return [os.path.expanduser(word) for word in shlex.split(line)] or [""]


def hear_by_command(job: CommandJob) -> Heard | str:
    """Run a command on one recording; made to run in a worker process.

    Parameters
    ----------
    job : CommandJob

    Returns
    -------
    Heard or str
        The reason in one line if the sound cannot be read, or the program failed.
    """
    with TemporaryDirectory(dir=os.path.abspath(job.folder)) as folder:
        try:
            return _heard(job, Path(folder))
        except (PianolabError, OSError) as error:
            return reason(error).replace(f"{printable(folder)}{os.sep}", "")


def _heard(job: CommandJob, folder: Path) -> Heard:
    with caught_warnings() as remarks:
        audio: str | BinaryIO = job.audio
        if job.steps:
            audio = degraded_file(job.audio, job.steps, seconds=job.seconds, seed=job.checksum)
        y, sr = load(audio, duration_s=None if job.steps else job.seconds)
    if checksum(job.audio) != job.checksum:
        raise CompareError(f"{printable(job.audio)} was changed while it was compared: let it be, and run this again")
    with caught_warnings():  # What is beyond full scale was said already.
        write(folder / "sound.wav", y, sr=sr)
    into = folder / "out"
    into.mkdir()
    places = {AUDIO: str(folder / "sound.wav"), OUT: str(into / _NAME), FOLDER: str(into)}
    seconds_cpu = _run([_filled(word, places) for word in job.words])
    path = _written(into)
    try:
        with caught_warnings() as said:
            notes, pedal = read_labels(path), read_pedal(path)
    except (PianolabError, OSError) as error:
        raise CompareError(f"what the command wrote cannot be read: {reason(error)}") from error
    heard = Transcription(notes, len(y) / sr, seconds_cpu, pedal=pedal if len(pedal) else None)
    return Heard(heard, (*remarks, *said))


def _filled(word: str, places: dict[str, str]) -> str:
    for place, path in places.items():
        word = word.replace(place, path)
    return word


def _run(words: list[str]) -> float:
    """Run a program to its end; gives the processor time that it took, seconds."""
    before = _children_s()
    complaint = b""
    try:
        # It stays in the process group of this worker, which is killed as a whole when the time is up.
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            said: Any = process.stderr
            while part := said.read1(1 << 16):
                complaint = (complaint + part)[-_LAST_BYTES:]
    except OSError as error:
        raise CompareError(f"the command cannot be started: {error.strerror or reason(error)}") from error
    if process.returncode:
        lines = complaint.decode("utf-8", "replace").strip().splitlines()
        why = f": {printable(lines[-1].strip())}" if lines else ", and it said nothing"
        raise CompareError(f"{_ended(process.returncode)}{why}")
    return _children_s() - before


def _ended(code: int) -> str:
    return f"the command ended by signal {-code}" if code < 0 else f"the command ended with exit code {code}"


def _children_s() -> float:
    """Processor time of the programs that this process has run so far; NaN where it is not known."""
    try:
        import resource
    except ImportError:  # Windows has none.
        return math.nan
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # os.times counts in hundredths of a second.
    return used.ru_utime + used.ru_stime


def _written(into: Path) -> Path:
    """The file of notes that a program wrote; one without suffix gets that of its content."""
    bare = into / _NAME
    if bare.is_file():
        with bare.open("rb") as file:
            start = file.read(64).lstrip()
        suffix = ".mid" if start.startswith(b"MThd") else ".jams" if start.startswith(b"{") else ".tsv"
        bare = bare.rename(bare.with_suffix(suffix))
        return bare
    found = [path for path in sorted(into.rglob("*")) if path.suffix.lower() in LABEL_SUFFIXES and path.is_file()]
    if not found:
        others = ", ".join(printable(path.name) for path in sorted(into.rglob("*")) if path.is_file())
        there = f", but {others}" if others else ""
        raise CompareError(f"the command wrote no notes{there}: let it write {OUT}.mid or {OUT}.tsv")
    if len({path.with_suffix("") for path in found}) > 1:
        raise CompareError(f"the command wrote {len(found)} files of notes: {', '.join(p.name for p in found)}")
    return min(found, key=lambda path: LABEL_SUFFIXES.index(path.suffix.lower()))
