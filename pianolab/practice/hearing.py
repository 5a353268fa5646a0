"""A take that is there as a whole, heard as if it were played now: a recording, or the notes of a file."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from pianolab import sound
from pianolab.detector import Detector
from pianolab.errors import printable
from pianolab.labels import LABEL_SUFFIXES, read_labels
from pianolab.live.takes import AUDIO
from pianolab.practice.checking import Checker, Verdict, check
from pianolab.practice.part import Part, PartError
from pianolab.practice.score import Score
from pianolab.session import Session
from pianolab.tracking import Event, NoteEvent

BLOCK_S = 0.05  # A recording is heard in blocks of so many seconds, as from a microphone.
_NOTES_SURE = 1.0  # A file of notes says what was played, and no detector guessed it.


class Heard(NamedTuple):
    """A take as it was heard.

    Attributes
    ----------
    verdicts : list of Verdict
    events : list of NoteEvent and PedalEvent
        What the Checker was given.
    """

    verdicts: list[Verdict]
    events: list[Event]


def passage(score: Score, *, bars: tuple[int, int] | None = None) -> Part:
    """The part of a score, or some bars of it.

    Parameters
    ----------
    score : Score
    bars : (int, int), optional
        First and last bar by the numbers on the page. Of a repeated passage it is the first time.

    Returns
    -------
    Part
        Its bars keep their numbers in the order of playing.

    Raises
    ------
    PartError
        If the score has no such bars, or there is no note in them.
    """
    part = score.part()
    if bars is None:
        return part
    names = [bar.number for bar in score.bars]
    first, last = (str(bar) for bar in bars)
    begin = names.index(first) if first in names else -1
    if begin < 0 or last not in names[begin:]:
        raise PartError(f"there are no bars {first} to {last}: the score has {names[0]} to {names[-1]}")
    end = names.index(last, begin)
    inside = (part.bar >= begin) & (part.bar <= end)
    columns = (part.beat, part.length, part.midi, part.bar, part.hand)
    return Part.of(*(column[inside] for column in columns))


def hear_take(
    part: Part,
    source: str | Path,
    *,
    detector: str | Detector,
    beats_a_minute: float,
    certainty: float,
    watched: Callable[[Iterable, int], Iterable] = lambda blocks, n_samples: blocks,
) -> Heard:
    """Check a recording or a file of notes against a part.

    Parameters
    ----------
    part : Part
    source : path
        Sound, the folder of a take, or a file of notes, which is not heard but taken as it is.
    detector : str or Detector
        As for Session.
    beats_a_minute, certainty : float
        As for Checker.
    watched : callable
        Gets the blocks of the sound and the number of its samples, and gives the blocks back, as progress does.

    Returns
    -------
    Heard

    Raises
    ------
    AudioError, LabelError, DetectorError
        If the file or the detector cannot be used.
    """
    if Path(source).suffix.lower() in LABEL_SUFFIXES:
        return _from_notes(part, Path(source), beats_a_minute=beats_a_minute, certainty=certainty)
    source = Path(source) / AUDIO if Path(source).is_dir() else source
    n_samples = sound.info(source).n_samples
    with sound.blocks(source) as blocks:
        checker = Checker(part, beats_a_minute=beats_a_minute, certainty=certainty)
        session = Session(detector, sr=blocks.sr, listen=checker.hear)
        heard, length = Heard([], []), max(1, round(BLOCK_S * blocks.sr))
        for block in watched(blocks, n_samples):
            for at in range(0, len(block), length):
                heard.events.extend(new := session.push(block[at : at + length]))
                heard.verdicts.extend(checker.push(new, now_s=session.heard_s))
    heard.events.extend(new := session.flush())
    heard.verdicts.extend([*checker.push(new, now_s=session.heard_s), *checker.flush()])
    return heard


def _from_notes(part: Part, path: Path, *, beats_a_minute: float, certainty: float) -> Heard:
    notes = read_labels(path).on_keyboard()
    if not len(notes):
        raise PartError(f"{printable(path)} holds no note of the 88 keys: name a file of piano music")
    rows = enumerate(zip(notes.onset.tolist(), notes.midi.tolist(), notes.velocity.tolist(), strict=True))
    events: list[Event] = [
        NoteEvent("on", i, t, t, midi, loud, _NOTES_SURE, float("nan")) for i, (t, midi, loud) in rows
    ]
    return Heard(check(part, events, beats_a_minute=beats_a_minute, certainty=certainty), events)
