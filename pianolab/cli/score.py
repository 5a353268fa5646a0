"""`pianolab score`: notes that were heard and notes that were played in, how right they are out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pianolab.cli.command import Command, add_pedal
from pianolab.cli.messages import DONE, warn
from pianolab.errors import PianolabError, printable

if TYPE_CHECKING:
    from pianolab.roll import Notes

_EXAMPLES = """\
pianolab score notes/song.tsv song.mid
pianolab score notes/song.tsv song.mid --audio song.flac
pianolab score notes/song.tsv song.mid --json"""
_ROWS = {
    "onset": "key and onset",
    "note": "key, onset and offset",
    "velocity": "key, onset, offset and velocity",
    "onset_only": "onset of any key",
    "frame": "keys down, frame by frame",
}
_PEDAL_ROWS = {
    "pedal_onset": "sustain pedal going down",
    "pedal_offset": "sustain pedal going up",
    "pedal_frame": "sustain pedal down, by frames",
}


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("estimate", metavar="ESTIMATE", help="notes that were heard: .mid, .tsv, .csv, .txt or .jams")
    parser.add_argument("labels", metavar="LABELS", help="notes that were played, in one of the same formats")
    parser.add_argument(
        "--audio",
        metavar="SOUND",
        help="do the labels belong to its first minute? (default: a sound of their name beside them)",
    )
    add_pedal(parser)
    parser.add_argument("--json", action="store_true", help="write one JSON object: metric name to value, and protocol")


def _run(args: argparse.Namespace) -> int:
    from pianolab.data.belonging import POOR_F1, other_unit
    from pianolab.labels import read_labels, read_pedal
    from pianolab.scores import PedalProtocol, Protocol, score_notes, score_pedal

    protocol = Protocol(pedal=args.pedal)
    reference, estimate = read_labels(args.labels, pedal=protocol.pedal), read_labels(args.estimate)
    if misfit := _misfit(args, reference):
        warn(f"{printable(args.labels)}: {misfit}")
    played, heard, of_pedal = read_pedal(args.labels), read_pedal(args.estimate), PedalProtocol()
    try:
        scores = score_notes(reference, estimate, protocol=protocol)
        # Labels without any pedal may be of somebody who did not write it down.
        pedal = score_pedal(played, heard, protocol=of_pedal) if len(played) else {}
    except PianolabError as error:
        raise PianolabError(f"{printable(args.estimate)} against {printable(args.labels)}: {error}") from error
    if scores.get("onset_f1", 1.0) < POOR_F1 and (unit := other_unit(estimate, reference)):
        warn(unit)
    if args.json:
        stamps = {"protocol": str(protocol), **({"pedal_protocol": str(of_pedal)} if pedal else {})}
        print(json.dumps({**scores, **pedal, **stamps}, indent=2, allow_nan=False))
        return DONE
    lines = [*_table(scores), *_odd(estimate, reference), f"protocol: {protocol}"]
    if pedal:
        lines += [*_pedal_table(pedal), f"protocol: {of_pedal}"]
    print("\n".join(lines))
    return DONE


def _misfit(args: argparse.Namespace, reference: Notes) -> str:
    """Why the labels cannot be those of the sound; '' if nothing speaks against them."""
    from pianolab.data.belonging import beside, misfit, read_strokes
    from pianolab.sound import AUDIO_SUFFIXES, AudioError

    if args.audio is not None:
        return misfit(reference, read_strokes(args.audio))
    audio = beside(args.labels, AUDIO_SUFFIXES)
    try:
        return misfit(reference, read_strokes(audio)) if audio else ""
    except AudioError:  # Nobody asked for this file.
        return ""


def _table(scores: Mapping[str, float]) -> Iterator[str]:
    yield f"notes: {scores['n_estimate']:.0f} heard, {scores['n_reference']:.0f} played"
    yield from _ratio_table(scores, _ROWS)
    if "onset_bias_ms" in scores:
        yield f"{'onset later than played, median':33}{scores['onset_bias_ms']:10.1f} ms"
        yield f"{'onset away from played, median':33}{scores['onset_deviation_ms']:10.1f} ms"


def _pedal_table(scores: Mapping[str, float]) -> Iterator[str]:
    yield f"sustain pedal: {scores['n_pedal_estimate']:.0f} heard, {scores['n_pedal_reference']:.0f} played"
    yield from _ratio_table(scores, _PEDAL_ROWS)


def _ratio_table(scores: Mapping[str, float], meanings: Mapping[str, str]) -> Iterator[str]:
    yield f"{'':33}{'precision':>10}{'recall':>10}{'F1':>10}"
    for name, meaning in meanings.items():
        if f"{name}_f1" in scores:
            values = (scores[f"{name}_{part}"] for part in ("precision", "recall", "f1"))
            yield f"{meaning:33}" + "".join(f"{value:10.4f}" for value in values)


def _odd(estimate: Notes, reference: Notes) -> Iterator[str]:
    """How notes are scored where it is not plain."""
    if not len(estimate) and not len(reference):
        yield "no note was heard and none played: all scores are 1"
    elif not len(estimate) or not len(reference):
        yield f"no note was {'played' if len(estimate) else 'heard'}, so none is right: scores of notes are 0"
    heard, played = (sum(notes.offset == notes.onset) for notes in (estimate, reference))
    if heard or played:
        yield f"notes without length: {heard} heard, {played} played; scored as others, but down in no frame"


COMMAND = Command("score", "score a note file against labels", _EXAMPLES, _add_arguments, _run)
