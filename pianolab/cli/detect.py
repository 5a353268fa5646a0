"""`pianolab detect`: recordings in, note files out.

Everything that can be refused is refused before the first recording is heard. Then each recording is heard by itself:
one that cannot be read is named on standard error, and the others are still written. A file appears when it is whole.

What a detector hears of the sustain pedal goes into the MIDI file, as controller 64. Text files of notes stay as they
are, for programs that read them; a file of its own beside them, <stem>.pedal.tsv, has the pedal's times down and up.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import warnings
from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import RUNS_CODE, SPEC, Command, add_my_piano
from pianolab.cli.messages import DONE, REFUSED, UsageError, complain, warn
from pianolab.errors import printable, reason
from pianolab.files import refuse_unwritable, replacing
from pianolab.texts.choices import DEFAULT_DETECTOR, NOTE_FORMATS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pianolab.detector import Detector
    from pianolab.session import Transcription

_EXAMPLES = """\
pianolab detect song.wav
pianolab detect *.flac --detector cqt --out notes --track
pianolab detect song.mp3 --out notes --format mid
ffmpeg -loglevel error -i talk.m4a -f wav - | pianolab detect -"""
_TRACK = ".f0.csv"
_PEDAL = ".pedal."  # The suffix of the notes follows.
STDIN = "-"
STDIN_STEM = "stdin"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("audio", nargs="+", metavar="AUDIO", help="sound files; - reads a WAV on standard input")
    add("--detector", default=DEFAULT_DETECTOR, metavar=SPEC, help=f"default: {DEFAULT_DETECTOR}; {RUNS_CODE}")
    add("--out", metavar="DIR", help="write DIR/<stem>.tsv (onset, offset, midi, velocity), replacing what is there")
    add("--format", choices=NOTE_FORMATS, metavar="|".join(NOTE_FORMATS), help="of the note files (default: tsv)")
    add("--track", action="store_true", help="also write DIR/<stem>.f0.csv (time, frequency, confidence)")
    add_my_piano(parser)


def _run(args: argparse.Namespace) -> int:
    detector = _ready(args.detector, args.my_piano)
    if args.track and detector.polyphonic:
        remedy = "use fft_peak, or no --track"
        raise UsageError(f"--track needs one note at a time, but {args.detector} hears several: {remedy}")
    if args.track and args.out is None:
        raise UsageError("--track writes a file: say where with --out DIR")
    targets = [_targets(source, args) for source in args.audio]
    _refuse_equal_names(args.audio, targets)
    out = None if args.out is None else _writable(Path(args.out))
    if args.format and args.out is None:
        warn(f"--format {args.format} is for files: the notes are printed; to write them add --out DIR")
    written = frozenset() if out is None else {os.path.realpath(out / name) for names in targets for name in names}
    good = [_one(source, detector, out, names, written) for source, names in zip(args.audio, targets, strict=True)]
    return DONE if all(good) else REFUSED


def _ready(spec: str, my_piano: str | None) -> Detector:
    """The detector, or why there is none."""
    from pianolab.detector import DetectorError
    from pianolab.dsp.piano_profile import ProfileError
    from pianolab.registry import create

    try:
        return create(spec, **({} if my_piano is None else {"my_piano": my_piano}))
    except (DetectorError, ProfileError):
        raise
    except Exception as error:  # A constructor may do anything, perhaps it is the user's own.
        raise DetectorError(f"detector {spec} cannot run here: {reason(error)}") from error


def _stem(source: str) -> str:
    return STDIN_STEM if source == STDIN else Path(source).stem


def _targets(source: str, args: argparse.Namespace) -> list[str]:
    """Names of the files that a recording gives: notes first, then perhaps the track and the pedal."""
    stem, suffix = _stem(source), args.format or "tsv"
    names = [f"{stem}.{suffix}"]
    if args.track:
        names.append(f"{stem}{_TRACK}")
    return names if suffix == "mid" else [*names, f"{stem}{_PEDAL}{suffix}"]


def _refuse_equal_names(sources: Sequence[str], targets: Sequence[Sequence[str]]) -> None:
    counts = Counter(os.path.normcase(name) for names in targets for name in names)
    for name, count in counts.items():
        if count > 1:
            both = [
                printable(s) for s, names in zip(sources, targets, strict=True) if name in map(os.path.normcase, names)
            ]
            raise UsageError(
                f"{' and '.join(both)} would both give {printable(name)}: rename one, or run them apart with two --out"
            )


def _writable(out: Path) -> Path:
    try:
        refuse_unwritable(out)
    except OSError as error:
        why = f"--out {printable(out)} cannot be written to ({error.strerror}): choose a folder that is yours"
        raise UsageError(why) from error
    return out


def _one(source: str, detector: Detector, out: Path | None, names: Sequence[str], written: Set[str]) -> bool:
    """Hear one recording and write or print it; False if that cannot be done."""
    from pianolab.labels import LabelError
    from pianolab.session import transcribe_file
    from pianolab.sound import AudioError

    shown = "standard input" if source == STDIN else printable(source)
    try:
        misfit = "" if source == STDIN else _misfit(source, written)
        heard = transcribe_file(sys.stdin.buffer if source == STDIN else source, detector=detector)
        if out is None:
            _print_notes(shown, detector, heard)
        else:
            _write(out, names, heard)
            print(f"{shown}: {_count(detector, heard)}, written to {printable(out / names[0])}", flush=True)
        if misfit:
            warn(misfit)
        return True
    except BrokenPipeError:
        raise
    except (AudioError, LabelError, OSError) as error:
        complain(error)
    except Exception as error:  # A fault of the detector is named, and the other recordings are heard.
        complain(f"{shown}: detector {detector} failed: {reason(error)}")
    return False


def _misfit(source: str, written: Set[str]) -> str:
    """Why labels of the same name beside a sound cannot be its own; '' if nothing speaks against them.

    Files that this call writes are no labels: one that is there already is what was heard the last time.
    """
    from pianolab.data.belonging import beside, misfit, read_strokes
    from pianolab.labels import LABEL_SUFFIXES, LabelError, read_labels
    from pianolab.sound import AudioError

    labels = beside(source, LABEL_SUFFIXES)
    if labels is None or os.path.realpath(labels) in written:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = misfit(read_labels(labels), read_strokes(source))
    except (LabelError, AudioError, OSError):  # Not every .txt holds notes; whoever hears the sound says what it lacks.
        return ""
    return f"{printable(labels)}: {text}" if text else ""


def _count(detector: Detector, heard: Transcription) -> str:
    from pianolab.session import tuning_taken

    n = len(heard.notes)
    found = f"{n or 'no'} note{'' if n == 1 else 's'} in {heard.seconds_audio:.1f} s"
    times = 0 if heard.pedal is None else len(heard.pedal)
    pedal = f"sustain pedal {times} time{'' if times == 1 else 's'}" if times else ""
    away = f"{heard.n_turned_away} turned away as no piano" if heard.n_turned_away else ""
    unsure = f"{heard.n_unsure} too unsure to tell" if heard.n_unsure else ""
    return ", ".join(filter(None, [found, away, unsure, pedal, tuning_taken(detector, heard)]))


def _print_notes(shown: str, detector: Detector, heard: Transcription) -> None:
    notes = heard.notes
    print(f"{shown}: {_count(detector, heard)}")
    if len(notes):
        print(f"{'onset s':>10}{'offset s':>10}  key   midi  velocity")
    for name, onset, offset, midi, velocity in zip(
        notes.names, notes.onset, notes.offset, notes.midi, notes.velocity, strict=True
    ):
        loudness = "-" if math.isnan(velocity) else f"{velocity:.0f}"
        print(f"{onset:10.3f}{offset:10.3f}  {name:4}{midi:6}{loudness:>10}")
    if heard.pedal is not None and len(heard.pedal):
        print(f"{'down s':>10}{'up s':>10}  sustain pedal")
        for down, up in heard.pedal:
            print(f"{down:10.3f}{up:10.3f}")


def _write(out: Path, names: Sequence[str], heard: Transcription) -> None:
    from pianolab.labels import write_labels

    out.mkdir(parents=True, exist_ok=True)
    in_midi = not any(_PEDAL in name for name in names)
    write_labels(out / names[0], heard.notes, pedal=heard.pedal if in_midi else None)
    for name in names[1:]:
        if name.endswith(_TRACK):
            _write_track(out / name, heard)
        elif heard.pedal is not None:
            _write_pedal(out / name, heard.pedal)


def _write_pedal(path: Path, pedal: npt.NDArray[np.float64]) -> None:
    """When the sustain pedal goes down and up: a line for each time, in seconds."""
    separator = "," if path.suffix == ".csv" else "\t"
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"down{separator}up\n")
        file.writelines(f"{down:.6f}{separator}{up:.6f}\n" for down, up in pedal)


def _write_track(path: Path, heard: Transcription) -> None:
    """Pitch of the sounding note in each frame: a CSV of seconds, Hz (0 where none) and confidence in [0, 1]."""
    if heard.f0_times is None or heard.f0_hz is None or heard.f0_confidence is None:
        raise UsageError("this detector gives no track: leave out --track")
    rows = zip(heard.f0_times, heard.f0_hz, heard.f0_confidence, strict=True)
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        file.write("time,frequency,confidence\n")
        file.writelines(f"{time_s:.6f},{hz:.4f},{confidence:.4f}\n" for time_s, hz, confidence in rows)


COMMAND = Command("detect", "write down the notes in recordings", _EXAMPLES, _add_arguments, _run)
