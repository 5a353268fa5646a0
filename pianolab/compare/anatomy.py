"""The errors of a detector to be seen and heard: of each reason the worst moments, and where in the music they lie.

In goes a Result; out come moments of two and a half seconds, each with a piano roll of what was played and heard, with
what the detector said of each key, and a clip whose left side is the sound and whose right side is a tone for each
heard note. A page with many of them stays small: clips are short, of a low rate, and left out where all together would
be too much.
"""

import base64
import io
import wave
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab.compare import evidence
from pianolab.compare.errors import CompareError
from pianolab.compare.participants import Participant
from pianolab.compare.result import Result
from pianolab.compare.shareable import shareable
from pianolab.compare.tables import labels
from pianolab.errors import nearest, printable
from pianolab.roll import Notes
from pianolab.scores import REGISTERS, Protocol, error_columns
from pianolab.sound import resample
from pianolab.units import midi_to_hz

BEFORE_S, AFTER_S = 1.0, 1.5  # Of a moment, around the error.
CLIP_SR = 11025
MOST_BYTES = 8_000_000  # Of all clips of a page, as they stand in it: a report stays under 20 MB.
MOST_RECORDINGS = 300  # Of so many, spread over all, errors are looked at: a page shows no more for it.
MOST_MOMENTS = 300  # Of a page, for each has a picture: with many data sets fewer of each reason are shown.
FEWEST = 5  # Notes from which a share is told.
WRONG_END = "wrong end"  # A hit that ended too early or too late.

_LOUDNESS = {"soft": (0, 40), "medium": (40, 80), "loud": (80, 128)}  # MIDI velocity.
_POLYPHONY = {"one key": (1, 2), "2 or 3 keys": (2, 4), "4 or more": (4, 89)}
_TONE_FADE_S = 0.01
_TONE_HALF_LIFE_S = 0.4
_FAR_S = 1e6  # Longer than any recording, so that a key and a time are one number in order.
_ROUNDING_S = 1e-4  # To so much mir_eval rounds differences of time.


class Moment(NamedTuple):
    """An error of one reason.

    Attributes
    ----------
    result, reason, name, recording : str
        Missed, extra or wrong end, why, which key, and where.
    onset : float
        Seconds; of a wrong end the earlier one of both ends.
    count : int
        Errors of this reason in the recordings that were looked at.
    off_ms : float
        How much too late (below 0: too early) the note or its end was heard; NaN where it was not.
    roll : dict
        What the figure shows, from `roll`.
    evidence : str
        What the detector said of the keys of the roll, from `pianolab.compare.evidence.picture`; '' where it said
        nothing.
    clip : str
        Data URI of a WAV file; '' where there is none.
    """

    result: str
    reason: str
    name: str
    recording: str
    onset: float
    count: int
    off_ms: float
    roll: dict[str, Any]
    evidence: str
    clip: str


def all_errors(result: Result, dataset: str, detector: str) -> pd.DataFrame:
    """Every note of a data set, right or wrong, as one detector heard it; of `MOST_RECORDINGS` at most.

    Parameters
    ----------
    result : Result
    dataset, detector : str
        The detector by its label.

    Returns
    -------
    DataFrame
        With the columns of `pianolab.scores.errors`, the recording, polyphony (keys that are down at the onset) and
        ``off_ms``. A missed note that was heard at another time is ``early`` or ``late``, and a hit with a wrong
        end has a second row.
    """
    of = {place[1]: notes for place, notes in result.truths.items() if place[0] == dataset}
    names = [name for name in of if isinstance(of[name], Notes) and (dataset, name, detector) in result.heard]
    every = -(-len(names) // MOST_RECORDINGS) or 1
    tables = []
    for name in names[::every]:
        truth, heard = of[name], result.heard[dataset, name, detector]
        assert isinstance(truth, Notes)
        table = error_columns(truth, heard, protocol=result.protocol)
        begun = np.searchsorted(truth.onset, table["onset"] + result.protocol.onset_tolerance_s, side="right")
        ended = np.searchsorted(np.sort(truth.offset), table["onset"], side="right")
        more = {"recording": [name] * len(begun), "polyphony": begun - ended, "late_end_s": _late_ends(table, heard)}
        tables.append({**table, **more})
    if not tables:
        return pd.DataFrame()
    joined = pd.DataFrame({name: [value for table in tables for value in table[name]] for name in tables[0]})
    joined = _with_sides(joined.assign(off_ms=np.nan))
    wrong_ends = _wrong_ends(joined, result.protocol)
    joined = pd.concat([joined, wrong_ends], ignore_index=True) if len(wrong_ends) else joined
    return joined.drop(columns="late_end_s")


def _with_sides(table: pd.DataFrame) -> pd.DataFrame:
    """Say of missed notes that were heard at another time whether that was too early or too late."""
    aside = table.reason == "time off"
    heard = table.loc[aside & (table.result == "extra")]
    at_s = {of: onset.to_numpy() for of, onset in heard.groupby(["recording", "midi"]).onset}
    missed = table.loc[aside & (table.result == "missed")]
    for index, recording, midi, onset in zip(missed.index, missed.recording, missed.midi, missed.onset, strict=True):
        off_s = at_s.get((recording, midi), np.zeros(0)) - onset
        if len(off_s):
            nearest_s = off_s[np.argmin(np.abs(off_s))]
            table.loc[index, ["reason", "off_ms"]] = "early" if nearest_s < 0 else "late", 1000 * nearest_s
    return table


def _late_ends(table: Mapping[str, Any], heard: Notes) -> npt.NDArray[np.float64]:
    """How much later than played the end of each hit was heard, seconds; NaN for other notes."""
    hit = np.array(table["result"], dtype=str) == "hit"
    late_s = np.full(len(hit), np.nan)
    if hit.any():
        order = np.lexsort((heard.onset, heard.midi))
        key_and_time = heard.midi[order] * _FAR_S + heard.onset[order]
        sought = table["midi"][hit] * _FAR_S + table["onset"][hit] + table["late_ms"][hit] / 1000
        found = order[np.clip(np.searchsorted(key_and_time, sought - _ROUNDING_S), 0, len(order) - 1)]
        late_s[hit] = heard.offset[found] - table["offset"][hit]
    return late_s


def _wrong_ends(table: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """The hits that ended too early or too late, as rows of their own."""
    hits = table.loc[table.result == "hit"]
    off_s = hits.late_end_s.to_numpy(dtype=float)
    allowed_s = np.maximum(protocol.offset_ratio * (hits.offset - hits.onset), protocol.offset_min_tolerance_s)
    wrong = np.abs(off_s) > allowed_s.to_numpy() + _ROUNDING_S
    reasons = np.where(off_s < 0, "early", "late")[wrong]
    return hits.loc[wrong].assign(result=WRONG_END, reason=reasons, off_ms=1000 * off_s[wrong])


class _Chosen(NamedTuple):
    """A row of `all_errors` that is shown."""

    row: pd.Series
    rank: int  # Among those of its reason, 0 the worst.
    count: int

    @property
    def when_s(self) -> float:
        """Where to look: at the onset, or at the earlier one of both ends."""
        if self.row.result != WRONG_END:
            return float(self.row.onset)
        return float(self.row.offset) + min(0.0, float(self.row.off_ms) / 1000)

    @property
    def start_s(self) -> float:
        return max(0.0, self.when_s - BEFORE_S)


def moments(
    result: Result, dataset: str, table: pd.DataFrame, detector: str, *, n: int = 1, most_bytes: int = MOST_BYTES
) -> tuple[list[Moment], str]:
    """Of each reason the errors that are hardest to excuse.

    Those are the ones farthest off in time, else the loudest, and of equally loud ones the longest note. No two of them
    lie within a second and a half of each other.

    Parameters
    ----------
    result : Result
    dataset, detector : str
    table : DataFrame
        From `all_errors`.
    n : int
        Moments of each reason.
    most_bytes : int
        Of all clips together.

    Returns
    -------
    moments : list of Moment
        The most frequent reason first.
    unknown : str
        Why the evidence of some is not known; '' if all is.
    """
    chosen = [one for _, _, rows in _by_reason(table) for one in _worst(rows, n)]
    recordings = [result.recordings.get((dataset, str(one.row.recording))) for one in chosen]
    passages = [
        (recording, one.start_s, one.start_s + BEFORE_S + AFTER_S)
        for one, recording in zip(chosen, recordings, strict=True)
        if recording is not None
    ]
    who, jobs = result.participants.get(detector), result.about.get("settings", {}).get("jobs") or 1
    said = iter(evidence.evidence(who, passages, cache=result.kept, jobs=jobs) if passages else ())
    found, unknown = [], ""
    for one, recording in zip(chosen, recordings, strict=True):
        of_keys = None if recording is None else next(said)
        unknown = unknown or (of_keys.why if of_keys else "")
        found.append(_moment(result, (dataset, str(one.row.recording)), detector, one, of_keys))
    for i in sorted(range(len(found)), key=lambda i: chosen[i].rank):  # The worst of every reason are heard first.
        clip = clip_of(
            result,
            (dataset, found[i].recording),
            result.heard[dataset, found[i].recording, detector],
            start_s=chosen[i].start_s,
        )
        most_bytes -= len(clip)
        found[i] = found[i]._replace(clip=clip if most_bytes >= 0 else "")
    return found, unknown


def _moment(
    result: Result, place: tuple[str, str], detector: str, chosen: _Chosen, of_keys: evidence.Evidence | None
) -> Moment:
    """A moment without its clip."""
    row, truth, heard = chosen.row, result.truths[place], result.heard[(*place, detector)]
    assert isinstance(truth, Notes)
    shown = roll(truth, heard, row, start_s=chosen.start_s)
    said = "" if of_keys is None else evidence.picture(of_keys, low=shown["low"], high=shown["low"] + shown["keys"] - 1)
    words = str(row.result), str(row.reason), str(row["name"]), place[1]
    return Moment(*words, chosen.when_s, chosen.count, float(row.off_ms), shown, said, "")


def _worst(rows: pd.DataFrame, n: int) -> list[_Chosen]:
    columns = {"away": rows.off_ms.abs().fillna(0.0), "loud": rows.velocity.fillna(0.0)}
    worst = rows.assign(**columns, length=rows.offset - rows.onset).sort_values(
        ["away", "loud", "length", "recording", "onset"], ascending=[False, False, False, True, True]
    )
    found: list[_Chosen] = []
    for _, row in worst.iterrows():
        if len(found) == n:
            break
        one = _Chosen(row, len(found), len(rows))
        beside = (other for other in found if other.row.recording == row.recording)
        if all(abs(other.when_s - one.when_s) >= AFTER_S for other in beside):
            found.append(one)
    return found


def _by_reason(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """The rows of each reason, most frequent first; an extra note beside its time is its missed note seen again."""
    wrong = table.loc[(table.result != "hit") & ~((table.result == "extra") & (table.reason == "time off"))]
    parts = [(str(kind), str(reason), rows) for (kind, reason), rows in wrong.groupby(["result", "reason"], sort=True)]
    yield from sorted(parts, key=lambda part: -len(part[2]))


def roll(truth: Notes, heard: Notes, row: pd.Series, *, start_s: float) -> dict[str, Any]:
    """What the piano roll of a moment shows, in seconds from its beginning and in keys.

    Parameters
    ----------
    truth, heard : Notes
    row : Series
        Of `all_errors`: the error.
    start_s : float
        Where the moment begins.

    Returns
    -------
    dict
        ``played`` and ``heard``, lists of (x, y, width), and ``error``, one; y is counted down from the highest key;
        ``keys``, their number, and ``low``, the MIDI number of the lowest; ``seconds``, the length.
    """
    stop_s = start_s + BEFORE_S + AFTER_S
    there = [_between(notes, start_s, stop_s) for notes in (truth, heard)]
    midi = [int(m) for notes in there for _, _, m in notes] + [int(row.midi)]
    top, low = max(midi) + 1, min(midi) - 1

    def bars(notes: list[tuple[float, float, int]]) -> list[tuple[float, int, float]]:
        return [(round(on - start_s, 3), top - m, round(max(off - on, 0.02), 3)) for on, off, m in notes]

    error = (max(float(row.onset), start_s), min(float(row.offset), stop_s), int(row.midi))
    played, listened = map(bars, there)
    return {
        "played": played,
        "heard": listened,
        "error": bars([error])[0],
        "keys": top - low + 1,
        "low": low,
        "seconds": BEFORE_S + AFTER_S,
    }


def _between(notes: Notes, start_s: float, stop_s: float) -> list[tuple[float, float, int]]:
    """Onset, offset and key of the notes that sound between two times, cut there."""
    inside = (notes.onset < stop_s) & (notes.offset > start_s)
    cut = np.maximum(notes.onset[inside], start_s), np.minimum(notes.offset[inside], stop_s)
    return [(float(on), float(off), int(m)) for on, off, m in zip(*cut, notes.midi[inside], strict=True)]


def clip_of(result: Result, place: tuple[str, str], heard: Notes, *, start_s: float) -> str:
    """A moment as sound: left the recording, right a tone for each heard note.

    Parameters
    ----------
    result : Result
    place : (data set, id)
    heard : Notes
    start_s : float

    Returns
    -------
    str
        Data URI; '' where the recording cannot be read any more.
    """
    try:
        y, sr = result.recordings[place].load(start_s + BEFORE_S + AFTER_S)
        left = resample(y[round(start_s * sr) :], sr=sr, target_sr=CLIP_SR)
    except (KeyError, ValueError, OSError):
        return ""
    right = tones(heard, start_s=start_s, n_samples=len(left))
    loudest = float(np.max(np.abs(left), initial=1e-6))
    both = np.stack([0.8 * left / loudest, right], axis=1)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(CLIP_SR)
        out.writeframes((32767 * np.clip(both, -1, 1)).astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def tones(heard: Notes, *, start_s: float, n_samples: int) -> npt.NDArray[np.float64]:
    """A decaying sine for each heard note.

    Parameters
    ----------
    heard : Notes
    start_s : float
        Where the first sample lies.
    n_samples : int

    Returns
    -------
    (n_samples,) float64
        At `CLIP_SR`, in [-1, 1].
    """
    t = start_s + np.arange(n_samples) / CLIP_SR
    y = np.zeros(n_samples)
    for onset, offset, midi in _between(heard, start_s, start_s + n_samples / CLIP_SR):
        struck = heard.onset[(heard.midi == midi) & (heard.onset <= onset)].max()
        since, left = t - struck, offset - t
        shape = np.clip(np.minimum(since, left) / _TONE_FADE_S, 0, 1)
        shape *= 0.5 ** (np.maximum(since, 0) / _TONE_HALF_LIFE_S)
        y += 0.3 * shape * np.sin(2 * np.pi * float(midi_to_hz(midi)) * since)
    return y / max(1.0, float(np.max(np.abs(y), initial=0.0)))


def found_by_place(table: pd.DataFrame) -> dict[str, Any] | None:
    """Which share of the played notes was found, by register, loudness and how many keys are down.

    Parameters
    ----------
    table : DataFrame
        From `all_errors`.

    Returns
    -------
    dict or None
        ``columns``, and ``rows`` of (register and loudness, shares); NaN for fewer than `FEWEST` notes. None where
        labels have no velocity.
    """
    if table.empty:
        return None
    played = table.loc[table.result.isin(["hit", "missed"])]
    if played.velocity.isna().all():
        return None
    rows = []
    for register in REGISTERS:
        for loudness, (softest, louder) in _LOUDNESS.items():
            loud = (played.register == register) & (played.velocity >= softest) & (played.velocity < louder)
            shares = [_share(played.loc[loud], fewest, more) for fewest, more in _POLYPHONY.values()]
            if not np.isnan(shares).all():
                rows.append((f"{register}, {loudness}", shares))
    return {"columns": list(_POLYPHONY), "rows": rows} if rows else None


def _share(played: pd.DataFrame, fewest: int, more: int) -> float:
    there = played.loc[(played.polyphony.clip(lower=1) >= fewest) & (played.polyphony < more)]
    return float((there.result == "hit").mean()) if len(there) >= FEWEST else np.nan


def anatomy(
    result: Result, dataset: str, *, detector: str | None = None, n: int = 1, most_bytes: int = MOST_BYTES
) -> Mapping[str, Any] | None:
    """What the page shows of the errors that a detector made on a data set.

    Parameters
    ----------
    result : Result
    dataset : str
    detector : str, optional
        Its label; the best one if not given.
    n : int
        Moments of each reason.
    most_bytes : int
        Of all clips together.

    Returns
    -------
    mapping or None
        ``detector``, ``moments``, ``unknown`` (as from `moments`), ``n``, ``places`` and ``recordings``, their number;
        None where nothing was heard.
    """
    ranking = result.ranking.loc[(result.ranking.dataset == dataset) & (result.ranking.n > 0)]
    heard = labels(ranking)
    if not heard or (detector or heard[0]) not in heard:
        return None
    detector = detector or heard[0]
    table = all_errors(result, dataset, detector)
    if table.empty:
        return None
    found, unknown = moments(result, dataset, table, detector, n=n, most_bytes=most_bytes)
    looked_at = table.recording.nunique()
    places = found_by_place(table)
    said = {"detector": detector, "moments": found, "unknown": shareable(unknown), "n": n}
    return {**said, "places": places, "recordings": looked_at}


def label_of(text: str, participants: Iterable[Participant]) -> str:
    """Who is meant by what somebody typed.

    Parameters
    ----------
    text : str
        A label of the tables, or the spec text that was given.
    participants : iterable of Participant

    Returns
    -------
    str
        The label.

    Raises
    ------
    CompareError
        If that one does not take part; names those who do.
    """
    known = {who.spec: who.label for who in participants if who.spec} | {who.label: who.label for who in participants}
    if text not in known:
        hint = nearest(text, known, otherwise=f": use {', '.join(dict.fromkeys(map(printable, known.values())))}")
        raise CompareError(f"the errors of {text!r} cannot be shown, for it does not take part{hint}")
    return known[text]
