"""`pianolab learn-piano`: a scale that is played once in, a profile of the piano out.

The scale comes from recordings, or from the microphone of this machine, note by note as it is asked for. The profile
appears when it is whole; whoever stops before leaves nothing behind.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from pianolab.cli.command import SPEC, Command
from pianolab.cli.messages import DONE, UsageError
from pianolab.errors import printable
from pianolab.files import refuse_unwritable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pianolab.my_piano import Asked, Prompted

_EXAMPLES = """\
pianolab learn-piano --plan
pianolab learn-piano --keys C2 C7
pianolab learn-piano
pianolab learn-piano scale.wav --out mine.json"""
_OUT = "my_piano.json"
_WAITS_S = 20.0  # A key for which nobody strikes anything so long is left out.
_POLL_S = 0.02
_FULL_SCALE = 32768.0  # The largest 16-bit sample is one less.


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("audio", nargs="*", metavar="AUDIO", help="the scale, recorded; several files are one after the other")
    add("--out", default=_OUT, metavar="FILE", help=f"where the profile goes (default: {_OUT})")
    add("--detector", action="append", metavar=SPEC, help="the gain is measured for these (default: all of pianolab's)")
    add("--keys", nargs=2, metavar=("LOWEST", "HIGHEST"), help="the ends of a small keyboard, such as C2 C7")
    add("--plan", action="store_true", help="print what is to be played, and do nothing else")


def _run(args: argparse.Namespace) -> int:
    from pianolab.my_piano import DETECTORS, PLAN, QUIET_S, learn, plan_for
    from pianolab.registry import create

    plan = plan_for(_keys(*args.keys)) if args.keys else PLAN
    if args.plan:
        print(f"{QUIET_S:.0f} seconds of silence, then one note after the other, each for about a second:")
        print(", ".join(_shown(asked) for asked in plan))
        return DONE
    detectors = args.detector or list(DETECTORS)
    for detector in detectors:
        create(detector)
    out = _writable(Path(args.out))
    if args.audio:
        y, sr = _read(args.audio)
    else:
        y, sr, plan = _listen(plan)
    learnt = learn(y, sr=sr, plan=plan, detectors=detectors, progress=_show_progress)
    learnt.profile.write(out)
    for line in learnt.report():
        print(line)
    print(f"the profile is in {printable(out)}: use it with --my-piano {printable(out)}")
    return DONE


def _shown(asked: Asked) -> str:
    return asked.name if asked.dynamic == "plain" else f"{asked.name} {asked.dynamic}ly"


def _keys(lowest: str, highest: str) -> range:
    """The keys of a keyboard that is smaller than a piano's."""
    from pianolab.units import MIDI_HIGH, MIDI_LOW, parse_note

    said = f"--keys {printable(lowest)} {printable(highest)}"
    try:
        low, high = parse_note(lowest), parse_note(highest)
    except ValueError as error:
        raise UsageError(f"{said}: {error}") from error
    if not MIDI_LOW <= low < high <= MIDI_HIGH:
        raise UsageError(f"{said}: name the lowest key, then the highest, from A0 to C8, such as --keys C2 C7")
    return range(low, high + 1)


def _writable(out: Path) -> Path:
    if out.is_dir():
        raise UsageError(f"--out {printable(out)} is a folder: name a file in it, such as {printable(out / _OUT)}")
    try:
        refuse_unwritable(out.parent)
    except OSError as error:
        why = f"--out {printable(out)} cannot be written ({error.strerror}): choose a folder that is yours"
        raise UsageError(why) from error
    return out


def _read(paths: list[str]) -> tuple[NDArray[np.float32], int]:
    """The recordings one after the other, at the rate of the first."""
    import numpy as np

    from pianolab import sound
    from pianolab.my_piano.guide import LONGEST_S

    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always", sound.AudioWarning)
        loaded = [sound.load(path, duration_s=LONGEST_S) for path in paths]
    if not any(np.any(y) for y, _ in loaded):
        what = f"{printable(paths[0])} is silent" if len(paths) == 1 else "the recordings are silent"
        raise UsageError(f"{what} (all samples are 0): record the scale once more, with the microphone on")
    for remark in remarks:
        warnings.warn(remark.message, stacklevel=2)
    sr = loaded[0][1]
    y = np.concatenate([sound.resample(y, sr=rate, target_sr=sr) for y, rate in loaded])
    return y[: int(LONGEST_S * sr)], sr


def _listen(plan: tuple[Asked, ...]) -> tuple[NDArray[np.float32], int, tuple[Asked, ...]]:
    """Ask for the notes while the microphone of this machine listens."""
    import numpy as np

    from pianolab.live.sources import DeviceSource
    from pianolab.my_piano import GuidedScale

    source = DeviceSource()
    guide = GuidedScale(sr=source.sr, plan=plan)
    shown, waiting_since = None, 0.0
    source.start()
    try:
        while (now := guide.now).state != "done":
            if now != shown:
                _prompt(now, shown)
                shown, waiting_since = now, time.monotonic()
            elif now.state == "asking" and time.monotonic() > waiting_since + _WAITS_S:
                print(f"  nothing is heard: {_shown(now.asked) if now.asked else ''} is left out", flush=True)
                guide.skip()
            for _, block in source.read():
                guide.push(np.asarray(block, np.float32) / np.float32(_FULL_SCALE))
            time.sleep(_POLL_S)
    finally:
        source.close()
    return guide.y, source.sr, guide.played


def _prompt(now: Prompted, before: Prompted | None) -> None:
    from pianolab.units import note_name

    if now.state == "quiet":
        print("be silent for a moment: the room is heard", flush=True)
        return
    if before is not None and now.heard is not None and before.number == now.number and not now.was_right:
        print(f"  {note_name(now.heard)} was heard", flush=True)
    if now.asked is not None:
        print(f"play {_shown(now.asked)} ({now.number + 1} of {now.of}) and let it sound for a second", flush=True)


def _show_progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == of else ""
        print(f"\rlearning: {100 * done // of} %", end=end, file=sys.stderr, flush=True)


COMMAND = Command("learn-piano", "learn a piano from a scale played on it", _EXAMPLES, _add_arguments, _run)
