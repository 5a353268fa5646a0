"""`pianolab stream`: note events for any front end, over a websocket on this machine, until Ctrl-C."""

import argparse
from importlib.util import find_spec

from pianolab.cli.command import RUNS_CODE, SPEC, Command, add_my_piano, number_of, port, seconds
from pianolab.cli.messages import DONE, UsageError
from pianolab.cli.signals import serving
from pianolab.texts.choices import DEFAULT_DETECTOR

_EXAMPLES = """\
pianolab stream
pianolab stream --detector neural --clients 2
pianolab stream --port 9000 --origin http://localhost:3000"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=port, metavar="N", help="1024 to 65535 (default: 8867)")
    listens = f"which detector listens (default: {DEFAULT_DETECTOR}); {RUNS_CODE}"
    parser.add_argument("--detector", default=DEFAULT_DETECTOR, metavar=SPEC, help=listens)
    pages = "web pages from there may connect, too; may be repeated (default: this server's own)"
    parser.add_argument("--origin", action="append", default=[], metavar="http://HOST:PORT", help=pages)
    known = (
        "what clients must know (default: a new one, printed in the address); other users of this machine may see what "
        "stands on a command line"
    )
    parser.add_argument("--token", metavar="TEXT", help=known)
    parser.add_argument("--clients", type=number_of("clients", most=1000), metavar="N", help="at once (default: 20)")
    longest = "longest stream of a client (default: 14400, four hours)"
    parser.add_argument("--seconds", type=seconds, metavar="S", help=longest)
    add_my_piano(parser)


def _run(args: argparse.Namespace) -> int:
    if find_spec("tornado") is None:
        raise UsageError("the stream needs tornado, which comes with Jupyter: pip install tornado")
    from pianolab.dsp.piano_profile import profile_of
    from pianolab.live.choices import Choice
    from pianolab.practice.streaming.limits import Limits
    from pianolab.practice.streaming.server import PORT, StreamServer
    from pianolab.practice.streaming.serving import serve

    given = {"clients": args.clients, "seconds": args.seconds}
    limits = Limits(**{name: value for name, value in given.items() if value is not None})
    how = {"token": args.token, "origins": args.origin, "limits": limits, "my_piano": profile_of(args.my_piano)}
    server = StreamServer(Choice(args.detector), **how)
    with serving():
        serve(server, port=args.port or PORT, started=_tell)
    return DONE


def _tell(server) -> None:
    print(f"{server.detector} listens; at most {server.limits.clients} clients; Ctrl-C ends it")
    print(f"page:      {server.address}")
    print(f"websocket: ws://127.0.0.1:{server.port}/stream?token={server.token}", flush=True)


COMMAND = Command("stream", "send note events to any front end, over a websocket", _EXAMPLES, _add_arguments, _run)
