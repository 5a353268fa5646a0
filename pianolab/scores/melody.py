"""One pitch at a time against a one-voice melody."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.roll import Notes
from pianolab.scores.frames import first_frame, n_frames_down
from pianolab.scores.protocol import Protocol


def melody_track(notes: Notes, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Pitch of the one note sounding at each time: the latest begun, as on a one-voice instrument.

    Parameters
    ----------
    notes : Notes
        One voice; where notes overlap, the later one counts.
    times : (T,) array
        Seconds, rising.

    Returns
    -------
    (T,) float array
        Equal-tempered pitch in Hz, 0 where no note sounds.

    Examples
    --------
    >>> melody_track(Notes([0.1], [0.3], [69]), [0.0, 0.1, 0.2, 0.3]).tolist()
    [0.0, 440.0, 440.0, 0.0]
    """
    times = np.asarray(times, dtype=float)
    f0_hz = np.zeros(len(times))
    start, stop = (np.searchsorted(times, edge, side="left") for edge in (notes.onset, notes.offset))
    for first, last, hz in zip(start, stop, notes.hz, strict=True):
        f0_hz[first:last] = hz
    return f0_hz


def score_melody(
    reference: Notes, times: npt.ArrayLike, f0_hz: npt.ArrayLike, *, protocol: Protocol | None = None
) -> dict[str, float]:
    """Score a pitch track against the one-voice melody that was played, frame by frame (`mir_eval.melody`).

    After its last frame a track hears nothing.

    Parameters
    ----------
    reference : Notes
        What was played, one voice.
    times : (T,) array
        Frame times of the track, seconds, rising.
    f0_hz : (T,) array
        Heard pitch in Hz, 0 where none.
    protocol : Protocol, optional
        Gives the pitch tolerance and the frame grid.

    Returns
    -------
    dict of str to float
        ``melody_rpa`` raw pitch accuracy, ``melody_rca`` the same with octave errors forgiven, ``melody_overall``
        overall accuracy with silence, ``melody_voicing_recall``, ``melody_voicing_false_alarm``.

    Raises
    ------
    ValueError
        If times and pitches do not belong together, or are not what they should be.

    Examples
    --------
    >>> played = Notes([0.0], [1.0], [69])
    >>> an_octave_high = score_melody(played, np.arange(100) / 100, np.full(100, 880.0))
    >>> an_octave_high["melody_rpa"], an_octave_high["melody_rca"]
    (0.0, 1.0)
    """
    import mir_eval  # As in matching: it is loaded when something is scored.

    protocol = protocol or Protocol()
    times, f0_hz = _track(times, f0_hz, protocol.frame_hop_s)
    grid = np.arange(int(first_frame(times[-1], protocol.frame_hop_s)) + 1) * protocol.frame_hop_s
    truth_hz = melody_track(reference, grid)
    tolerance: dict[str, Any] = {"cent_tolerance": protocol.pitch_tolerance_cents}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*no voiced frames", category=UserWarning)
        tracks = mir_eval.melody.to_cent_voicing(grid, truth_hz, times, f0_hz)
        recall, false_alarm = mir_eval.melody.voicing_measures(tracks[0], tracks[2])
        scores = {
            "melody_rpa": mir_eval.melody.raw_pitch_accuracy(*tracks, **tolerance),
            "melody_rca": mir_eval.melody.raw_chroma_accuracy(*tracks, **tolerance),
            "melody_overall": mir_eval.melody.overall_accuracy(*tracks, **tolerance),
            "melody_voicing_recall": recall,
            "melody_voicing_false_alarm": false_alarm,
        }
    scores = _with_silence_behind(scores, truth_hz, reference, protocol.frame_hop_s)
    if not len(reference) or not n_frames_down(reference, protocol.frame_hop_s):
        # mir_eval has no rule of its own where nothing was played.
        found = not f0_hz.any()
        scores |= dict.fromkeys(("melody_rpa", "melody_rca", "melody_voicing_recall"), found)
    return {name: float(value) for name, value in scores.items()}


def _with_silence_behind(
    scores: dict[str, float], truth_hz: npt.NDArray[np.float64], reference: Notes, hop_s: float
) -> dict[str, float]:
    """Scores of a track that hears nothing after its last frame, where the notes go on.

    Parameters
    ----------
    scores : dict of str to float
        Over the frames of the track.
    truth_hz : (T,) float64
        What was played in those frames, 0 where nothing was.
    reference : Notes
        All notes. Frames behind the track are only counted, because there may be a week of them.
    hop_s : float

    Returns
    -------
    dict of str to float
        Over the frames of track and notes.
    """
    n_frames = 1 + int(first_frame(np.max(reference.offset, initial=0.0), hop_s))
    if n_frames <= len(truth_hz):
        return scores
    n_voiced, n_voiced_in_track = n_frames_down(reference, hop_s), np.count_nonzero(truth_hz)
    n_silent, n_silent_in_track = n_frames - n_voiced, len(truth_hz) - n_voiced_in_track
    n_right = scores["melody_overall"] * len(truth_hz) + n_silent - n_silent_in_track
    missed = dict.fromkeys(("melody_rpa", "melody_rca", "melody_voicing_recall"), n_voiced_in_track / max(n_voiced, 1))
    parts = {**missed, "melody_voicing_false_alarm": n_silent_in_track / n_silent}
    return {name: scores[name] * part for name, part in parts.items()} | {"melody_overall": n_right / n_frames}


def _track(
    times: npt.ArrayLike, f0_hz: npt.ArrayLike, hop_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times and pitches as arrays that belong together, of at least two frames."""
    times, f0_hz = np.asarray(times, dtype=float), np.asarray(f0_hz, dtype=float)
    if times.shape != f0_hz.shape or times.ndim != 1:
        raise ValueError(f"times {times.shape} and f0_hz {f0_hz.shape} differ: pass one pitch for each frame time")
    if not (np.all(np.isfinite(times)) and np.all(np.diff(times) > 0)):
        raise ValueError("times hold NaN, infinite or falling values: pass seconds, each later than the one before")
    if not (np.all(np.isfinite(f0_hz)) and np.all(f0_hz >= 0)):
        raise ValueError("f0_hz holds NaN or negative values: write 0 where no note sounds")
    if len(times) < 2:
        # mir_eval's resampling needs two frames: silence is added after a single one.
        times = np.append(times, [0.0, hop_s] if not len(times) else times[-1] + hop_s)
        f0_hz = np.append(f0_hz, np.zeros(len(times) - len(f0_hz)))
    return times, f0_hz
