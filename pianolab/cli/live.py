"""`pianolab live`: the live view as a web page on this machine, until it is stopped with Ctrl-C."""

import argparse
import os
from importlib.util import find_spec

from pianolab.cli.command import Command, add_my_piano, port
from pianolab.cli.messages import DONE, UsageError
from pianolab.texts.catalogue import LANGUAGES

_EXAMPLES = """\
pianolab live
pianolab live --language ko
pianolab live --port 8866 --no-browser"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=port, metavar="N", help="1024 to 65535 (default: 8866, or a free one near it)")
    parser.add_argument(
        "--language",
        choices=list(LANGUAGES),
        help="what the page speaks until one is chosen on it (default: PIANOLAB_LANGUAGE or en)",
    )
    add_my_piano(parser)
    parser.add_argument("--no-browser", action="store_true", help="open no browser; the address is printed")


def _run(args: argparse.Namespace) -> int:
    if find_spec("voila") is None:
        raise UsageError("the live page needs Voila: pip install 'pianolab[live]'")
    from pianolab.live.__main__ import main

    if args.my_piano is not None:
        from pianolab.dsp.piano_profile import read_profile
        from pianolab.live.learning import FILE_VARIABLE

        read_profile(args.my_piano)  # What cannot be used is said before the page is there.
        os.environ[FILE_VARIABLE] = os.path.abspath(args.my_piano)  # The notebook's kernel takes it from there.

    given = {"--port": args.port, "--language": args.language}
    options = [f"{option}={value}" for option, value in given.items() if value]
    main([*options, *(["--no-browser"] if args.no_browser else [])])
    return DONE


COMMAND = Command("live", "show what is played into the microphone, as a web page", _EXAMPLES, _add_arguments, _run)
