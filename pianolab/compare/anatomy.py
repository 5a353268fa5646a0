"""The errors of the best detector to be seen and heard: of each reason one moment, and where in the music they lie.

In goes a Result; out come moments of two and a half seconds, each with a piano roll of what was played and heard, and a
clip whose left side is the sound and whose right side is a tone for each heard note. A page with many of them stays
small: clips are short, of a low rate, and left out where all together would be too much.
"""

import base64
import io
import wave
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pianolab.compare.result import Result
from pianolab.compare.tables import labels
from pianolab.roll import Notes
from pianolab.scores import EXTRA_REASONS, MISSED_REASONS, REGISTERS, errors
from pianolab.sound import resample
from pianolab.units import midi_to_hz

BEFORE_S, AFTER_S = 1.0, 1.5  # Of a moment, around the error.
CLIP_SR = 11025
MOST_BYTES = 8_000_000  # Of all clips of a page, as they stand in it: a report stays under 20 MB.
MOST_RECORDINGS = 300  # Of so many, spread over all, errors are looked at: a page shows no more for it.
FEWEST = 5  # Notes from which a share is told.

_LOUDNESS = {"soft": (0, 40), "medium": (40, 80), "loud": (80, 128)}  # MIDI velocity.
_POLYPHONY = {"one key": (1, 2), "2 or 3 keys": (2, 4), "4 or more": (4, 89)}
_TONE_FADE_S = 0.01
_TONE_HALF_LIFE_S = 0.4


class Moment(NamedTuple):
    """An error of one reason.

    Attributes
    ----------
    result, reason, name, recording : str
        Missed or extra, why, which key, and where.
    onset : float
        Seconds.
    count : int
        Errors of this reason in the recordings that were looked at.
    roll : dict
        What the figure shows, from `roll`.
    clip : str
        Data URI of a WAV file; '' where there is none.
    """

    result: str
    reason: str
    name: str
    recording: str
    onset: float
    count: int
    roll: dict[str, Any]
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
        With the columns of `pianolab.scores.errors`, the recording, and polyphony (keys that are down at the onset).
    """
    of = {place[1]: notes for place, notes in result.truths.items() if place[0] == dataset}
    names = [name for name in of if isinstance(of[name], Notes) and (dataset, name, detector) in result.heard]
    every = -(-len(names) // MOST_RECORDINGS) or 1
    tables = []
    for name in names[::every]:
        truth, heard = of[name], result.heard[dataset, name, detector]
        assert isinstance(truth, Notes)
        table = errors(truth, heard, protocol=result.protocol)
        near_s = table.onset.to_numpy() + result.protocol.onset_tolerance_s
        begun = np.searchsorted(np.sort(truth.onset), near_s, side="right")
        ended = np.searchsorted(np.sort(truth.offset), table.onset.to_numpy(), side="right")
        tables.append(table.assign(recording=name, polyphony=begun - ended))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def moments(result: Result, dataset: str, table: pd.DataFrame, detector: str, *, most_bytes: int) -> list[Moment]:
    """Of each reason the error that is hardest to excuse: the loudest, and of equally loud ones the longest note.

    Parameters
    ----------
    result : Result
    dataset, detector : str
    table : DataFrame
        From `all_errors`.
    most_bytes : int
        Of all clips together.

    Returns
    -------
    list of Moment
        The most frequent reason first.
    """
    found = []
    for kind, reason, rows in _by_reason(table):
        loud = rows.velocity.fillna(0.0)
        worst = rows.assign(loud=loud, length=rows.offset - rows.onset).sort_values(
            ["loud", "length", "recording", "onset"], ascending=[False, False, True, True]
        )
        row = worst.iloc[0]
        place = dataset, str(row.recording)
        truth, heard = result.truths[place], result.heard[(*place, detector)]
        assert isinstance(truth, Notes)
        start_s = max(0.0, float(row.onset) - BEFORE_S)
        shown = roll(truth, heard, row, start_s=start_s)
        clip = clip_of(result, place, heard, start_s=start_s)
        most_bytes -= len(clip)
        said = kind, reason, str(row["name"]), str(row.recording), float(row.onset), len(rows)
        found.append(Moment(*said, shown, clip if most_bytes >= 0 else ""))
    return found


def _by_reason(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    kinds = [("missed", reason) for reason in MISSED_REASONS] + [("extra", reason) for reason in EXTRA_REASONS]
    parts = [(*kind, table.loc[(table.result == kind[0]) & (table.reason == kind[1])]) for kind in kinds]
    yield from sorted((part for part in parts if len(part[2])), key=lambda part: -len(part[2]))


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
        ``keys``, their number; ``seconds``, the length.
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


def anatomy(result: Result, dataset: str, *, most_bytes: int = MOST_BYTES) -> Mapping[str, Any] | None:
    """What the page shows of the errors of the best detector of a data set.

    Parameters
    ----------
    result : Result
    dataset : str
    most_bytes : int
        Of all clips together.

    Returns
    -------
    mapping or None
        ``detector``, ``moments``, ``places`` and ``recordings``, their number; None where nothing was heard.
    """
    ranking = result.ranking.loc[(result.ranking.dataset == dataset) & (result.ranking.n > 0)]
    if ranking.empty:
        return None
    detector = labels(ranking)[0]
    table = all_errors(result, dataset, detector)
    if table.empty:
        return None
    found = moments(result, dataset, table, detector, most_bytes=most_bytes)
    looked_at = table.recording.nunique()
    return {"detector": detector, "moments": found, "places": found_by_place(table), "recordings": looked_at}
