"""`pianolab render`: note files in, sound out, on a piano by rule or on one that somebody recorded note by note."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import Command, is_number, number_of
from pianolab.cli.messages import DONE, UsageError
from pianolab.errors import nearest, printable
from pianolab.files import refuse_unwritable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pianolab.roll import Notes

_EXAMPLES = """\
pianolab render song.mid
pianolab render song.mid --piano upright --room hall --out hall.flac
pianolab render song.mid --piano ~/my_piano --room kitchen.wav --cheap-microphone"""
_MOST_HZ = 192_000
_SHOWN_AFTER_S = 2.0  # Shorter work needs no progress bar.


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("notes", metavar="NOTES", help="a MIDI file, with its sustain pedal, or another file of notes")
    piano = "grand, upright, bright, felt, or a folder of recorded single notes (A0.wav, C#4.wav or an index.json)"
    add("--piano", metavar="NAME|DIR", default="grand", help=f"{piano}; default: grand")
    add("--out", metavar="FILE", help="a .wav or .flac, replacing what is there (default: the notes' name, .wav, here)")
    add("--room", metavar="NAME|FILE", default="dry", help="dry (the default), room, hall, or a recorded response")
    add("--cheap-microphone", action="store_true", help="no bass, no brilliance, hiss; another one with each --seed")
    add("--velocity", type=_velocity, metavar="V", help="strike every key so hard, 1 to 127, whatever the file says")
    add("--microphone", metavar="NAME", help="of the recorded notes, where their index names several")
    add("--sr", type=number_of("samples a second", most=_MOST_HZ), metavar="HZ", default=44100, help="default: 44100")
    add("--seed", type=number_of("seed"), metavar="N", default=1, help="draws what differs from time to time")


def _velocity(text: str) -> float:
    if not (is_number(text) and 1.0 <= float(text) <= 127.0):
        raise argparse.ArgumentTypeError(f"{text[:30]!r} is no velocity: use 1 to 127")
    return float(text)


def _run(args: argparse.Namespace) -> int:
    import numpy as np

    from pianolab import sound
    from pianolab.piano.degrade import cheap_microphone

    out = _target(args)
    notes, pedal = _read(args)
    play, in_room = _player(args), _room(args)
    y = in_room(play(notes, pedal))
    if args.cheap_microphone:
        y = cheap_microphone(y, sr=args.sr, rng=np.random.default_rng(args.seed))
    peak = float(np.max(np.abs(y), initial=0.0))
    sound.write(out, y / max(peak, 1.0), sr=args.sr)
    n = len(notes)
    print(f"{printable(out)}: {n} note{'' if n == 1 else 's'}, {len(y) / args.sr:.1f} s, on {printable(args.piano)}")
    return DONE


def _target(args: argparse.Namespace) -> Path:
    """The file to be written, refused before any work if it cannot be."""
    from pianolab.sound import WRITTEN_SUFFIXES

    out = Path(args.out or f"{Path(args.notes).stem}.wav")
    if out.suffix.lower() not in WRITTEN_SUFFIXES:
        raise UsageError(f"{printable(out)} cannot be written: use a name that ends in {' or '.join(WRITTEN_SUFFIXES)}")
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"{printable(out)} cannot be written: name a file in a folder that exists")
    try:
        refuse_unwritable(out.parent)
    except OSError as error:
        why = f"{printable(out)} cannot be written ({error.strerror}): choose a folder that is yours"
        raise UsageError(why) from error
    return out


def _read(args: argparse.Namespace) -> tuple[Notes, npt.NDArray[np.float64]]:
    """The notes to be played, and when the pedal is down."""
    import numpy as np

    from pianolab.labels import read_labels, read_pedal
    from pianolab.roll import Notes

    notes = read_labels(args.notes)
    if not len(notes):
        raise UsageError(f"{printable(args.notes)} holds no note of the 88 keys: name a file of piano music")
    if args.velocity is not None:
        notes = Notes(notes.onset, notes.offset, notes.midi, np.full(len(notes), args.velocity))
    return notes, read_pedal(args.notes)


def _player(args: argparse.Namespace) -> Callable:
    """What turns notes and pedal into sound."""
    import numpy as np

    from pianolab.piano import PIANOS, SampledPiano, render

    if args.piano in PIANOS:
        if args.microphone is not None:
            raise UsageError(f"--microphone is for recorded notes: {args.piano} is rendered, leave it out")
        return lambda notes, pedal: render(
            notes, sr=args.sr, piano=args.piano, pedal=pedal, seed=args.seed, watched=_watched
        )
    if not Path(args.piano).is_dir():
        known = ", ".join(PIANOS)
        hint = nearest(args.piano, PIANOS) or f": use {known}, or a folder of single notes"
        raise UsageError(f"piano {printable(args.piano)!r} is neither rendered nor a folder{hint}")
    piano = SampledPiano(args.piano, sr=args.sr, microphone=args.microphone, second_share=0.0)
    rng = np.random.default_rng(args.seed)
    return lambda notes, pedal: piano.render(notes, pedal=pedal, rng=rng, watched=_watched)


def _watched(strokes: Iterable) -> Iterable:
    """The strokes with a progress bar, where somebody looks on and it takes a while."""
    from tqdm import tqdm

    return tqdm(strokes, desc="playing", unit="note", disable=None, delay=_SHOWN_AFTER_S)


def _room(args: argparse.Namespace) -> Callable:
    """What puts the sound into the room."""
    from pianolab.piano import ROOMS, in_room, measured_room, read_response

    if args.room in ROOMS:
        return lambda y: in_room(y, sr=args.sr, room=ROOMS[args.room])
    if not Path(args.room).is_file():
        hint = nearest(args.room, ROOMS) or f": use {', '.join(ROOMS)}, or a recorded response (a sound file)"
        raise UsageError(f"room {printable(args.room)!r} is neither made by rule nor a file{hint}")
    response = read_response(args.room, sr=args.sr)
    return lambda y: measured_room(y, sr=args.sr, response=response)


COMMAND = Command("render", "play a file of notes on a piano, as sound", _EXAMPLES, _add_arguments, _run)
