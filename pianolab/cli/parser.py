"""The command line: what is typed after `pianolab`, which function answers, and what is said when it goes wrong.

In goes a list of words; out comes text on standard output, one line "pianolab: ..." on standard error for each thing
that is wrong, and an exit code: 0 all is well, 1 the work was done and something in it failed, 2 what was asked cannot
be done. Libraries are loaded inside the commands, so that `pianolab --help` answers at once.
"""

import argparse
import math
import os
import sys
import warnings

from pianolab import DEFAULT_DETECTOR, NOTE_FORMATS, PEDAL_RULES, SPLITS, __version__
from pianolab.cli.messages import DONE, FAILED, INTERRUPTED, PIPE_CLOSED, REFUSED, UsageError, complain, warn
from pianolab.errors import nearest, printable

_HELP_COLUMN = 28
_SPEC = "NAME[:key=value,...]|FILE.py:Class"

_ABOUT = "Hear which piano keys were played, and compare the ways of hearing them."
_EXAMPLES = {
    None: """\
pianolab compare                               score every detector on the built-in recordings
pianolab detect song.wav                       print the notes in a recording
pianolab score mine.tsv truth.mid              score notes that you have
pianolab COMMAND --help                        all options of a command, with examples""",
    "compare": """\
pianolab compare
pianolab compare --detector yin --detector yin:method=yinfft --seconds 30
pianolab compare --data builtin --data ~/piano --split all --jobs 4 --out results/mine
pianolab compare --data ~/piano --detector mine.py:Mine --estimates basic_pitch=notes/
pianolab compare --data ~/midi --pedal extended""",
    "detect": """\
pianolab detect song.wav
pianolab detect *.flac --detector cqt --out notes --track
pianolab detect song.mp3 --out notes --format mid
ffmpeg -loglevel error -i talk.m4a -f wav - | pianolab detect -""",
    "score": """\
pianolab score notes/song.tsv song.mid
pianolab score notes/song.tsv song.mid --json""",
    "detectors": "pianolab detectors",
    "train": """\
pianolab train --data ~/maps_virtual --hold-out AkPnCGdD --out training
pianolab train --data ~/recordings --notes ~/single_notes --config training.json --out training""",
    "data": """\
pianolab data list
pianolab data render
pianolab data check""",
}


def main(argv=None):
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after `pianolab`; those of this process by default.

    Returns
    -------
    int
        The exit code.
    """
    _write_any_name()
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        try:
            code = _run(argv)
            sys.stdout.flush()
            return code
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:  # whoever read our output has seen enough, as `head` has
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE_CLOSED


def _run(argv):
    try:
        args = _parser().parse_args(argv)
        return args.run(args)
    except SystemExit as finished:  # --help, --version
        return finished.code or DONE
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        complain(error)
        return REFUSED


def _show_warning(message, category, filename, lineno, file=None, line=None):
    """Warnings of ours on one line; remarks of libraries are for programmers."""
    if category.__module__.startswith("pianolab"):
        warn(str(message))


def _write_any_name():
    """Whatever the terminal cannot show (Korean where it knows ASCII only) is written as \\uXXXX, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


# What can be typed


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Examples as they are written; all explanations begin in one column."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=_HELP_COLUMN)
        self._action_max_length = _HELP_COLUMN - 12  # argparse forgets that names of commands are indented


class _Parser(argparse.ArgumentParser):
    """argparse, but errors are ours: one line, and near names for what is not known."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, formatter_class=_HelpFormatter, **settings)

    def parse_known_args(self, args=None, namespace=None):
        words = sys.argv[1:] if args is None else list(args)
        for word in words:
            is_option = word.startswith("-") and word != "-" and not _is_number(word)
            if word == "--" or (self._subparsers is not None and not is_option):
                break
            name = word.partition("=")[0]
            if is_option and name not in self._option_string_actions:
                as_file = f": for the file of that name write ./{word}" if os.path.exists(word) else ""
                self.error(f"unknown option {name!r}{as_file or nearest(name, self._option_string_actions)}")
        return super().parse_known_args(words, namespace)

    def _check_value(self, action, value):
        if action.choices is not None and value not in action.choices:
            what = "command" if action.dest in ("command", "action") else "value"
            known = nearest(value, action.choices) or f": use one of {', '.join(action.choices)}"
            raise argparse.ArgumentError(None if what == "command" else action, f"unknown {what} {value!r}{known}")

    def error(self, message):
        raise UsageError(f"{message} (see `{self.prog} --help`)")


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def _parser():
    parser = _Parser(prog="pianolab", description=_ABOUT, epilog=_examples(None))
    parser.add_argument("--version", action="version", version=f"pianolab {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    _add_compare(commands)
    _add_detect(commands)
    _add_score(commands)
    _add(commands, "detectors", _detectors, "list the detectors and what they lack to run here")
    _add_data(commands)
    _add_train(commands)
    return parser


def _add(commands, name, run, about):
    text = about[0].upper() + about[1:] + "."
    parser = commands.add_parser(name, help=about, description=text, epilog=_examples(name))
    parser.set_defaults(run=run)
    return parser


def _examples(name):
    return "examples:\n" + "".join(f"  {line}\n" for line in _EXAMPLES[name].splitlines())


_PEDAL = {
    "choices": PEDAL_RULES,
    "default": "release",
    "metavar": "|".join(PEDAL_RULES),
    "help": "a played note ends with its key, or with the sustain pedal (MIDI labels; default: release)",
}


def _add_compare(commands):
    parser = _add(commands, "compare", _compare, "score detectors on labelled recordings and write a report")
    add = parser.add_argument
    add("--data", action="append", metavar="NAME|DIR", help="builtin (the default) or a folder of labelled recordings")
    add(
        "--detector",
        action="append",
        metavar=_SPEC,
        help="default: all of pianolab's, also preset=textbook",
    )
    add("--estimates", action="append", metavar="NAME=DIR", default=[], help="note files that another system wrote")
    add("--seconds", type=_seconds, metavar="S", help="hear only the beginning of each recording")
    add("--split", choices=SPLITS, default="test", metavar="|".join(SPLITS), help="which recordings (default: test)")
    add("--pedal", **_PEDAL)
    add("--jobs", type=_count, metavar="N", help="processes at once (default: one a core, at most 8)")
    add("--out", metavar="DIR", help="where the report goes (default: results/ and the date and time)")


def _add_detect(commands):
    parser = _add(commands, "detect", _detect, "write down the notes in recordings")
    add = parser.add_argument
    add("audio", nargs="+", metavar="AUDIO", help="sound files; - reads a WAV on standard input")
    add(
        "--detector",
        default=DEFAULT_DETECTOR,
        metavar=_SPEC,
        help=f"default: {DEFAULT_DETECTOR}",
    )
    add("--out", metavar="DIR", help="write DIR/<stem>.tsv (onset, offset, midi, velocity), replacing what is there")
    add("--format", choices=NOTE_FORMATS, metavar="|".join(NOTE_FORMATS), help="of the note files (default: tsv)")
    add("--track", action="store_true", help="also write DIR/<stem>.f0.csv (time, frequency, confidence)")


def _add_score(commands):
    parser = _add(commands, "score", _score, "score a note file against labels")
    parser.add_argument("estimate", metavar="ESTIMATE", help="notes that were heard: .mid, .tsv, .csv or .txt (MAPS)")
    parser.add_argument("labels", metavar="LABELS", help="notes that were played, in one of the same formats")
    parser.add_argument("--pedal", **_PEDAL)
    parser.add_argument("--json", action="store_true", help="write one JSON object: metric name to value, and protocol")


def _add_data(commands):
    parser = _add(commands, "data", None, "list, render or check the built-in recordings")
    actions = parser.add_subparsers(metavar="ACTION", dest="action", required=True)
    for name, run, about in (
        ("list", _data_list, "what the built-in recordings are"),
        ("render", _data_render, "make the sound of all of them again"),
        ("check", _data_check, "verify the labels, and the sound against its fingerprints"),
    ):
        action = actions.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        action.set_defaults(run=run)


def _add_train(commands):
    parser = _add(commands, "train", _train, "train the network of the detector neural (needs PyTorch)")
    add = parser.add_argument
    add("--data", action="append", metavar="DIR", required=True, help="labelled recordings to learn from")
    add("--out", metavar="DIR", required=True, help="everything that is made; a training that stopped goes on there")
    add("--hold-out", action="append", metavar="PIANO", default=[], help="validate on this piano (else every sixth)")
    add("--like", metavar="FILE", help="course.json of a training: the same recordings, learnt from and held out")
    add("--notes", metavar="DIR", help="single notes of a real piano, to render music with")
    add("--config", metavar="FILE", help="settings as a JSON object (see docs/model_card.md)")
    add("--steps", type=_steps, metavar="N", help="how long (setting steps)")
    add("--seed", type=int, metavar="N", help="fixes all that is drawn (setting seed)")
    add("--jobs", type=_count, metavar="N", help="processes that make material (default: 2)")


def _seconds(text):
    if not (_is_number(text) and 0 < float(text) < math.inf):
        raise argparse.ArgumentTypeError(f"{text!r} is no length in seconds: use a number above 0")
    return float(text)


def _count(text):
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes: use 1 or more")
    return int(text)


def _steps(text):
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of steps: use 1 or more")
    return int(text)


# What answers


def _compare(args):
    from pianolab.cli.compare import run

    return run(args)


def _detect(args):
    from pianolab.cli.detect import run

    return run(args)


def _train(args):
    from pianolab.cli.train import run

    return run(args)


def _score(args):
    from pianolab.labels import read_labels
    from pianolab.scores import Protocol, score_notes

    protocol = Protocol(pedal=args.pedal)
    reference, estimate = read_labels(args.labels, pedal=protocol.pedal), read_labels(args.estimate)
    scores = score_notes(reference, estimate, protocol=protocol)
    if args.json:
        import json

        print(json.dumps({**scores, "protocol": str(protocol)}, indent=2, allow_nan=False))
    else:
        print(_score_table(scores, protocol))
    return DONE


def _score_table(scores, protocol):
    rows = {
        "onset": "key and onset",
        "note": "key, onset and offset",
        "velocity": "key, onset, offset and velocity",
        "onset_only": "onset of any key",
        "frame": "keys down, frame by frame",
    }
    lines = [f"notes: {scores['n_estimate']:.0f} heard, {scores['n_reference']:.0f} played"]
    lines.append(f"{'':33}{'precision':>10}{'recall':>10}{'F1':>10}")
    for name, meaning in rows.items():
        if f"{name}_f1" in scores:
            values = (scores[f"{name}_{part}"] for part in ("precision", "recall", "f1"))
            lines.append(f"{meaning:33}" + "".join(f"{value:10.4f}" for value in values))
    if "onset_bias_ms" in scores:
        lines.append(f"{'onset later than played, median':33}{scores['onset_bias_ms']:10.1f} ms")
        lines.append(f"{'onset away from played, median':33}{scores['onset_deviation_ms']:10.1f} ms")
    return "\n".join([*lines, f"protocol: {protocol}"])


def _detectors(args):
    from pianolab.registry import load_all, missing

    found, failures = load_all()
    rows = {name: _describe(cls, missing(cls)) for name, cls in found.items()}
    rows |= {name: f"cannot be imported: {' '.join(why.split())}" for name, why in failures.items()}
    width = max(map(len, rows), default=0)
    for name, text in sorted(rows.items()):
        print(f"{name:{width}}  {text}")
    return DONE


def _describe(cls, lacks):
    voices = "several notes at once" if cls.polyphonic else "one note at a time"
    return f"{cls.summary} [{voices}]" + (f"; cannot run here: {lacks}" if lacks else "")


def _data_list(args):
    from pianolab.data import builtin_index

    entries = builtin_index()
    print(f"{'id':28}{'kind':9}{'split':7}{'piano':9}{'room':6}{'seconds':>8}  title")
    for entry in entries:
        print("{id:28}{kind:9}{split:7}{piano:9}{room:6}{seconds:8.1f}  {title}".format(**entry))
    minutes = sum(entry["seconds"] for entry in entries) / 60
    n_test = sum(entry["split"] == "test" for entry in entries)
    print(f"{len(entries)} recordings ({n_test} test, {len(entries) - n_test} tune), {minutes:.1f} minutes")
    return DONE


def _data_render(args):
    from pianolab.data import data_dir, render_builtin

    n = len(render_builtin(progress=True, force=True))
    print(f"rendered {n} recording{'s' if n != 1 else ''} in {printable(data_dir() / 'builtin' / 'audio')}")
    return DONE


def _data_check(args):
    from pianolab.data import builtin_index, check_builtin

    problems = check_builtin(progress=True)
    for problem in problems:
        complain(problem)
    if not problems:
        print(f"all {len(builtin_index())} recordings are as they should be")
    return FAILED if problems else DONE
