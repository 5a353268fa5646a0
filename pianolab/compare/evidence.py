"""What a detector says of every key around a moment, as a picture of a few kilobytes.

In goes a passage of a recording and a detector; out comes how strongly it holds each key sounding, frame by frame. A
comparison keeps notes only, so the passage is heard afresh, in a worker process, with two seconds before it: what a
detector makes of the minutes before is not in it. What ours and the peers say is kept like everything that was heard.
"""

import base64
import io
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pianolab import sound, workers
from pianolab.compare.cache import Cache
from pianolab.compare.fingerprints import fingerprint
from pianolab.compare.hearing import default_timeout_s
from pianolab.compare.participants import Participant, why_not
from pianolab.compare.sending import receive
from pianolab.data import Recording
from pianolab.detectors.peers.base import AS_WRITTEN
from pianolab.errors import reason
from pianolab.registry import is_of_file
from pianolab.session import analyse
from pianolab.units import MIDI_LOW, N_KEYS

BEFORE_S = 2.0  # So much is heard before a passage: levels and sounding notes are known when it begins.
AFTER_S = 1.0  # And so much behind it, for frames reach ahead.
ITS_NOTES = "it writes notes and tells nothing of single frames"
_FORMAT = 1  # Raise it when this file says otherwise what was heard.
_LEVELS = 32  # Of strength in a picture: finer ones cannot be told apart, and coarse ones pack well.
_COLOURS = ((68, 33, 253), (1, 145, 231), (84, 140, 37))  # Red, green and blue of nothing, one half and sure.
_A_WORKER = 8  # Passages for which a worker process is worth its start.


class Passage(NamedTuple):
    """What `hear` is asked for.

    Attributes
    ----------
    audio : str
        The sound file.
    detector : str or bytes
        Spec text, or what `pianolab.compare.sending.send` wrote.
    start_s, stop_s : float
        Seconds.
    """

    audio: str
    detector: str | bytes
    start_s: float
    stop_s: float


class Evidence(NamedTuple):
    """What was said in a passage.

    Attributes
    ----------
    levels : (88, T) uint8
        Strength of each key in 0..31, A0 first; empty where nothing is known.
    why : str
        Why nothing is known; '' if it is.
    """

    levels: npt.NDArray[np.uint8]
    why: str = ""


def hear(passage: Passage) -> list[str]:
    """Ask a detector again; made to run in a worker process.

    Parameters
    ----------
    passage : Passage

    Returns
    -------
    list of str
        The strengths, packed, and why there are none; one of them is ''.
    """
    try:
        detector = receive(passage.detector)
        if dict(detector.tracking) == dict(AS_WRITTEN):
            return ["", ITS_NOTES]
        from_s = max(0.0, passage.start_s - BEFORE_S)
        y, sr = sound.load(passage.audio, start_s=from_s, duration_s=passage.stop_s + AFTER_S - from_s)
        said = analyse(y, sr=sr, detector=detector)
        times = said.times + from_s
        strength = said.strength[(times >= passage.start_s) & (times < passage.stop_s)]
        levels = np.round(strength.T * (_LEVELS - 1)).astype(np.uint8)
        return [base64.b64encode(zlib.compress(levels.tobytes())).decode("ascii"), ""]
    except (Exception, SystemExit) as error:  # A moment without evidence is better than no moment.
        return ["", reason(error)]


def evidence(
    who: Participant | None, passages: Sequence[tuple[Recording, float, float]], *, cache: Cache | None, jobs: int = 1
) -> list[Evidence]:
    """What a detector says in some passages.

    Parameters
    ----------
    who : Participant or None
        None if it is not known any more.
    passages : list of (Recording, start, stop)
        Seconds.
    cache : Cache or None
        Where it is kept.
    jobs : int
        Worker processes at most.

    Returns
    -------
    list of Evidence
        In the order of the passages.
    """
    nothing = np.zeros((N_KEYS, 0), dtype=np.uint8)
    if who is None or not (who.spec or who.sent):
        return [Evidence(nothing, ITS_NOTES)] * len(passages)
    asked = [Passage(str(recording.audio), who.spec or who.sent, start, stop) for recording, start, stop in passages]
    kept: dict[Passage, str] = {}
    if cache is not None and who.spec and not is_of_file(who.spec):
        kept = {one: _key(who, recording, one) for one, (recording, _, _) in zip(asked, passages, strict=True)}
    said = {one: found for one, key in kept.items() if key and (found := cache.known(key)) is not None} if cache else {}
    todo = [one for one in dict.fromkeys(asked) if one not in said]
    for one, answer, error in workers.run(
        hear,
        todo,
        n_workers=max(1, min(jobs, len(todo) // _A_WORKER)),
        limit_s=lambda one: default_timeout_s(one.stop_s - one.start_s + BEFORE_S + AFTER_S),
    ):
        said[one] = answer if error is None else ["", why_not(error)]
        if cache is not None and kept.get(one) and not said[one][1]:
            cache.kept(kept[one], lambda one=one: said[one])
    return [_unpacked(*said[one]) for one in asked]


def _key(who: Participant, recording: Recording, passage: Passage) -> str:
    of = who.key(recording.checksum, None)
    return of and fingerprint(evidence=_FORMAT, of=of, passage=[passage.start_s, passage.stop_s])


def _unpacked(packed: str, why: str) -> Evidence:
    levels = np.frombuffer(zlib.decompress(base64.b64decode(packed)) if packed else b"", dtype=np.uint8)
    return Evidence(levels.reshape(N_KEYS, -1), why)


def picture(found: Evidence, *, low: int, high: int) -> str:
    """Strengths of some keys over time: dark is nothing, light is sure.

    Parameters
    ----------
    found : Evidence
    low, high : int
        MIDI numbers of the lowest and the highest key that is shown; the highest is on top.

    Returns
    -------
    str
        Data URI of a PNG with a pixel for each key and frame; '' where nothing is known.
    """
    if not found.levels.size:
        return ""
    from PIL import Image

    shown = np.zeros((high - low + 1, found.levels.shape[1]), dtype=np.uint8)
    first, last = max(low, MIDI_LOW), min(high, MIDI_LOW + N_KEYS - 1)
    if first <= last:
        shown[first - low : last - low + 1] = found.levels[first - MIDI_LOW : last - MIDI_LOW + 1]
    image = Image.fromarray(np.ascontiguousarray(shown[::-1]), mode="P")
    at = np.linspace(0, 2, _LEVELS)
    image.putpalette(np.stack([np.interp(at, range(3), one) for one in _COLOURS], axis=1).astype(np.uint8).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
