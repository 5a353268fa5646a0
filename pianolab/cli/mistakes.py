"""`pianolab mistakes`: notes are played with mistakes whose labels are exact, as sound and tables."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import Command, number_of, tempo
from pianolab.cli.messages import DONE, UsageError
from pianolab.errors import nearest, printable
from pianolab.files import refuse_unwritable

if TYPE_CHECKING:
    from pianolab.practice.part import Part

_EXAMPLES = """\
pianolab mistakes song.mid --out corpus
pianolab mistakes song.mid minuet.musicxml --out corpus --piano ~/my_piano --takes 3
pianolab mistakes song.mid --out corpus --kind wrong --kind missing"""
_MOST_HZ = 192_000
_SHOWN_AFTER_S = 2.0
_SLOWEST, _FASTEST = 5.0, 600.0
_USUAL_BPM = 120.0  # Beats of 0.5 s.
_SCORES = (".musicxml", ".xml", ".mxl", ".mei")


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "notes",
        nargs="+",
        metavar="NOTES",
        help="what is to be played: scores (MusicXML, MEI), MIDI, other files of notes",
    )
    add("--out", required=True, metavar="DIR", help="for sound and tables; takes that are there are left as they are")
    piano = "grand, upright, bright, felt, or a folder of recorded single notes"
    add("--piano", metavar="NAME|DIR", default="grand", help=f"{piano}; default: grand")
    add("--kind", action="append", metavar="KIND", help="a kind of mistake; may be repeated (default: all)")
    add("--takes", type=number_of("takes"), metavar="N", default=1, help="of each, with mistakes (default: 1)")
    add(
        "--tempo",
        type=tempo(slowest=_SLOWEST, fastest=_FASTEST),
        metavar="BPM",
        help="beats a minute (default: as written, if a beat lasts 0.5 s)",
    )
    add(
        "--bar",
        type=number_of("beats", most=32),
        metavar="N",
        default=4,
        help="beats of 0.5 s in a bar, where no score says it (4)",
    )
    add("--sr", type=number_of("samples a second", most=_MOST_HZ), metavar="HZ", default=44100, help="default: 44100")
    add("--seed", type=number_of("seed"), metavar="N", default=1, help="draws all that is free")


def _run(args: argparse.Namespace) -> int:
    from pianolab.practice.corpus import write_corpus
    from pianolab.practice.mistakes import KINDS
    from pianolab.practice.part import PartError

    for kind in args.kind or []:
        if kind not in KINDS:
            raise UsageError(f"mistake {kind!r} is unknown{nearest(kind, KINDS)} (all: {', '.join(KINDS)})")
    parts, written_bpm = _parts(args)
    sound_of = _player(args)
    try:
        refuse_unwritable(args.out)
        written = list(
            write_corpus(
                args.out,
                parts,
                sound_of=sound_of,
                sr=args.sr,
                kinds=args.kind or KINDS,
                takes=args.takes,
                beats_a_minute=args.tempo or (written_bpm if set(written_bpm.values()) != {_USUAL_BPM} else _USUAL_BPM),
                seed=args.seed,
                about={"piano": Path(args.piano).name, "parts": sorted(parts)},
                watched=_watched,
            )
        )
    except OSError as error:
        why = f"{printable(args.out)} cannot be written ({error.strerror}): choose a folder that is yours"
        raise UsageError(why) from error
    except PartError as error:
        raise UsageError(str(error)) from error
    n = len(written)
    print(f"{printable(args.out)}: {n} take{'' if n == 1 else 's'}, on {printable(args.piano)}")
    return DONE


def _parts(args: argparse.Namespace) -> tuple[dict[str, Part], dict[str, float]]:
    """The part in each file, and its written tempo in beats a minute."""
    parts, tempos = {}, {}
    for path in map(Path, args.notes):
        if path.stem in parts:
            raise UsageError(f"two files are called {printable(path.stem)!r}: name them differently")
        read = _from_score if path.suffix.lower() in _SCORES else _from_notes
        parts[path.stem], tempos[path.stem] = read(path, args.bar)
    return parts, tempos


def _from_score(path: Path, _bar: int) -> tuple[Part, float]:
    """With the bars, hands and repeats that the score has, at its mean tempo."""
    from pianolab.practice.score import read_score

    score = read_score(path)
    return score.part(), min(max(60 * score.beats / score.seconds, _SLOWEST), _FASTEST)


def _from_notes(path: Path, bar: int) -> tuple[Part, float]:
    from pianolab.labels import read_labels
    from pianolab.practice.part import Part

    notes = read_labels(path).on_keyboard()
    if not len(notes):
        raise UsageError(f"{printable(path)} holds no note of the 88 keys: name a file of piano music")
    return Part.of_notes(notes, bar_beats=bar), _USUAL_BPM


def _player(args: argparse.Namespace) -> Callable:
    import numpy as np

    from pianolab.piano import PIANOS, SampledPiano, render

    if args.piano in PIANOS:
        return lambda notes, seed: render(notes, sr=args.sr, piano=args.piano, seed=seed)
    if not Path(args.piano).is_dir():
        known = ", ".join(PIANOS)
        hint = nearest(args.piano, PIANOS) or f": use {known}, or a folder of single notes"
        raise UsageError(f"piano {printable(args.piano)!r} is neither rendered nor a folder{hint}")
    piano = SampledPiano(args.piano, sr=args.sr)
    return lambda notes, seed: piano.render(notes, rng=np.random.default_rng(seed))


def _watched(takes: list) -> Iterable:
    from tqdm import tqdm

    return tqdm(takes, desc="playing", unit="take", disable=None, delay=_SHOWN_AFTER_S)


COMMAND = Command("mistakes", "play notes with mistakes, as sound with exact labels", _EXAMPLES, _add_arguments, _run)
