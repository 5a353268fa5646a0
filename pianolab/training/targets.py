"""What the network should answer: labels as numbers between 0 and 1 on its grid of frames and keys.

What comes in: notes and the moments at which frames end. What comes out, for a delay d: at frame k how near an onset
(a release) of each key is to d before the frame's end (1 at the onset, 0 from 50 ms away: Kong et al., IEEE/ACM TASLP
29, 2021, section III.A), whether the key is held then, and how hard it was struck.
"""

import numpy as np

from pianolab.units import MIDI_LOW, N_KEYS

REACH_S = 0.05


def rolls(notes, ends_s, delay_s):
    """Targets of one delay.

    Parameters
    ----------
    notes : Notes
        On the keyboard.
    ends_s : (T,) array
        When each frame's newest sample sounds, evenly spaced.
    delay_s : float
        How long before a frame's end the moment lies that it answers for.

    Returns
    -------
    (4, T, 88) float32
        onset, frame, offset, velocity (0..1 around onsets, 0 elsewhere).
    """
    times = ends_s - delay_s
    out = np.zeros((4, len(times), N_KEYS), np.float32)
    near = (notes.offset > times[0] - REACH_S) & (notes.onset < times[-1] + REACH_S)
    for onset, offset, key, velocity in zip(
        notes.onset[near], notes.offset[near], notes.midi[near] - MIDI_LOW, notes.velocity[near], strict=True
    ):
        _bump(out[0, :, key], times, onset)
        _bump(out[2, :, key], times, offset)
        out[1, np.searchsorted(times, onset) : np.searchsorted(times, offset), key] = 1.0
        first, last = np.searchsorted(times, (onset - REACH_S, onset + REACH_S))
        out[3, first:last, key] = np.nan_to_num(velocity, nan=64.0) / 127.0
    return out


def _bump(row, times, at):
    first, last = np.searchsorted(times, (at - REACH_S, at + REACH_S))
    row[first:last] = np.maximum(row[first:last], 1.0 - np.abs(times[first:last] - at) / REACH_S)
