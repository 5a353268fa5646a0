"""`pianolab compare`: labelled recordings and detectors in, a ranked table and a report out.

Remarks come before the table, one line each on standard error; what failed comes after it, and is a row of the report.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pianolab.cli.command import (
    RUNS_CODE,
    SPEC,
    Command,
    add_jobs_and_cache,
    add_my_piano,
    add_pedal,
    add_split,
    number_of,
    seconds,
)
from pianolab.cli.messages import DONE, FAILED, UsageError, complain, tell, warn
from pianolab.errors import printable

if TYPE_CHECKING:
    from pianolab.compare import Result

_EXAMPLES = """\
pianolab compare
pianolab compare --detector yin --detector yin:method=yinfft --seconds 30
pianolab compare --data builtin --data ~/piano --split all --jobs 4 --out results/mine
pianolab compare --data ~/piano --detector mine.py:Mine --estimates basic_pitch=notes/
pianolab compare --data ~/piano --command "transkun=peers/bin/transkun {audio} {out}.mid"
pianolab compare --data ~/midi --pedal extended --cache ~/heard
pianolab compare --data real --detector yin --protocols all
pianolab compare --against results/2026-11-29_09-00-00
pianolab compare --data real --moments 5 --errors-of nmf
pianolab compare --data real --detector yin --degrade noise:snr=0..30:10 --degrade room:t60=0.3..3"""
_SHOWN_FAILURES = 10


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data", action="append", metavar="NAME|DIR", help="builtin, real (default: both) or a labelled folder")
    add(
        "--detector",
        action="append",
        metavar=SPEC,
        help=f"default: all of pianolab's, also preset=textbook; {RUNS_CODE}",
    )
    add("--estimates", action="append", metavar="NAME=DIR", default=[], help="note files that another system wrote")
    runs = "a program that writes the notes of a sound; it is run once for each recording, without a shell"
    add("--command", action="append", metavar="NAME=LINE", dest="commands", default=[], help=runs)
    add(
        "--unconfirmed",
        action="store_true",
        help="score takes of the live page, too, whose labels nobody has confirmed",
    )
    add("--seconds", type=seconds, metavar="S", help="hear only the beginning of each recording")
    add_split(parser, default="test")
    add_pedal(parser)
    add(
        "--protocols",
        metavar="all|NAME,...",
        help="score the same answers under these protocols, too (docs/protocols.md lists them)",
    )
    add(
        "--degrade",
        action="append",
        metavar="KIND:SETTING=A..B",
        default=[],
        help="hear all also with noise, speech, room, codec, detune, level or clip, for example "
        "noise:snr=0..30:10,room:t60=0.3|1,speech:snr=10 (docs/robustness.md)",
    )
    add("--delays", action="store_true", help="how late notes are told, and how right they are if they must be quick")
    add("--cross", action="store_true", help="combine the strengths of two sweeps of --degrade")
    add_my_piano(parser)
    add_jobs_and_cache(parser)
    add("--dask", metavar="ADDRESS|local", help="hear on a Dask cluster (docs/cluster.md); local: --jobs workers here")
    add("--shard", metavar="K/N", help="only this part of the recordings, as 1/4; the parts can go to several machines")
    taken = "take over what a shard heard, from its --cache; then the command without --shard has the whole table"
    add("--merge", action="append", metavar="DIR", default=[], help=taken)
    late = "stop a detector that takes longer for a recording (default: 120 s and 20 times its length)"
    add("--timeout", type=seconds, metavar="S", help=late)
    add(
        "--moments",
        type=number_of("moments", most=20),
        default=1,
        metavar="N",
        help="errors of each reason in the report (fewer where there are several data sets)",
    )
    add("--errors-of", metavar=SPEC, help="whose errors the report shows (default: those of the best)")
    add("--against", metavar="RUN", help="folder of an earlier run: mark what changed beyond its interval")
    add("--out", metavar="DIR", help="where the report goes (default: results/ and the date and time)")


def _run(args: argparse.Namespace) -> int:
    from pianolab.places import give_libraries_a_home

    give_libraries_a_home()  # matplotlib is loaded with what follows
    from pianolab.compare import CACHE, CompareError, compare
    from pianolab.compare.anatomy import label_of
    from pianolab.compare.participants import find_participants
    from pianolab.compare.report import write_report
    from pianolab.compare.run_folder import claimed
    from pianolab.scores import Protocol

    cache = args.cache or CACHE
    estimates = _named(args.estimates, "--estimates", "NAME=DIR: write for example basic_pitch=notes")
    form = "NAME=PROGRAM {audio} {out}: write for example mine=./hear {audio} {out}.mid"
    commands = _named(args.commands, "--command", form)
    if args.errors_of is not None:  # Refused before anything is heard.
        who = find_participants(args.detector, estimates, commands=commands, my_piano=args.my_piano)[0]
        label_of(args.errors_of, who)
    with claimed(args.out, cache=cache) as folder:
        found = compare(
            args.data,
            args.detector,
            estimates=estimates,
            commands=commands,
            seconds=args.seconds,
            split=args.split,
            jobs=args.jobs,
            timeout_s=args.timeout,
            protocol=Protocol(pedal=args.pedal),
            protocols=args.protocols,
            cache=cache,
            my_piano=args.my_piano,
            unconfirmed=args.unconfirmed,
            degrade=args.degrade,
            cross=args.cross,
            against=args.against,
            dask=args.dask,
            shard=args.shard,
            merge=args.merge,
            delays=args.delays,
        )
        try:
            result = write_report(found, folder, moments=args.moments, errors_of=args.errors_of)
        except CompareError:  # What was found is said at least.
            print(found.console_table(), flush=True)
            raise
    _tell_oddities(result.about)
    print(found.console_table())  # Its tables are there already; those of the other would be made anew.
    return _tell_failures(result, folder.shown)


def _tell_failures(result: "Result", asked: Path) -> int:
    failures = result.failures
    for _, row in failures.head(_SHOWN_FAILURES).iterrows():
        complain(f"{row['dataset']} {row['recording']}: {row['detector']} failed: {row['error']}")
    if len(failures) > _SHOWN_FAILURES:
        complain(f"{len(failures) - _SHOWN_FAILURES} more failed: see the rows with status error in scores.csv")
    unwritten = result.about["unwritten"]
    for name, why in unwritten:
        complain(f"{name} could not be made: {why}")
    folder = result.folder or asked
    if folder != asked:
        warn(f"{printable(asked)} was changed while this run went on: the report is in {printable(folder)}")
    print(f"\nprotocol: {result.protocol}\nreport:   {printable(folder / 'report.html')}")
    return FAILED if len(failures) or unwritten else DONE


def _named(texts: Sequence[str], option: str, form: str) -> dict[str, str]:
    """What was given as NAME=VALUE, by name."""
    named = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} {text!r} is not {form}")
        if name in named:
            raise UsageError(f"{option} {name} is given twice: give each its own name")
        named[name] = value
    return named


def _tell_oddities(about: dict[str, Any]) -> None:
    """What a reader of the table should know, one line each."""
    for name, why in about["left_out"].items():
        warn(f"detector {name} is left out: {why}")
    for dataset, known in about["taken_for"]:
        tell(f"{dataset} is taken for {known}")
    for dataset, path, why in about["skipped"]:
        warn(f"{dataset}: {path} is left out: {why}")
    for dataset, ids in about["duplicates"]:
        warn(f"{dataset}: the same sound more than once: {', '.join(map(printable, ids))}")
    for remark in about["remarks"]:
        warn(": ".join(remark))


COMMAND = Command(
    "compare", "score detectors on labelled recordings and write a report", _EXAMPLES, _add_arguments, _run
)
