"""`pianolab compare`: labelled recordings and detectors in, a ranked table and a report out.

Remarks come before the table, one line each on standard error; what failed comes after it, and is a row of the report.
"""

from pianolab.cli.messages import DONE, FAILED, UsageError, complain, warn
from pianolab.compare import report
from pianolab.errors import printable
from pianolab.scores import Protocol

_SHOWN_FAILURES = 10


def run(args):
    """Answer `pianolab compare`; returns the exit code."""
    result = report.run(
        args.data or "builtin",
        args.detector,
        estimates=_estimates(args.estimates),
        out=args.out,
        seconds=args.seconds,
        split=args.split,
        jobs=args.jobs,
        protocol=Protocol(pedal=args.pedal),
    )
    _tell_oddities(result.about)
    print(result.console_table())
    failures = result.failures
    for row in failures.head(_SHOWN_FAILURES).itertuples():
        complain(f"{row.dataset} {row.recording}: {row.detector} failed: {row.error}")
    if len(failures) > _SHOWN_FAILURES:
        complain(f"{len(failures) - _SHOWN_FAILURES} more failed: see the rows with status error in scores.csv")
    print(f"\nprotocol: {result.protocol}\nreport:   {printable(result.folder / 'report.html')}")
    return FAILED if len(failures) else DONE


def _estimates(texts):
    folders = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"--estimates {text!r} is not NAME=DIR: write for example basic_pitch=notes")
        if name in folders:
            raise UsageError(f"--estimates {name} is given twice: give each folder its own name")
        folders[name] = folder
    return folders


def _tell_oddities(about):
    """What a reader of the table should know, one line each."""
    for name, why in about["left_out"].items():
        warn(f"detector {name} is left out: {why}")
    for dataset, path, why in about["skipped"]:
        warn(f"{dataset}: {path} is left out: {why}")
    for dataset, ids in about["duplicates"]:
        warn(f"{dataset}: the same sound more than once: {', '.join(map(printable, ids))}")
    for remark in about["remarks"]:
        warn(": ".join(remark))
