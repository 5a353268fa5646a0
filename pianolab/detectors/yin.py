"""YIN: how far must a sound be shifted in time to match itself? That shift is one period of the note.

What comes in: frames of samples. What comes out: in each frame at most one key, its frequency in Hz and how
certain it is: 1 for a perfectly periodic frame, 0 where nothing repeats. The method is de Cheveigné and
Kawahara's (J. Acoust. Soc. Am. 111, 2002); ``preset=aubio`` answers as the aubio library does.
"""

from typing import Literal

import numpy as np
from numba import njit

from pianolab import spectrum
from pianolab.detector import Detector, DetectorError
from pianolab.frames import frames_of
from pianolab.roll import Salience
from pianolab.units import key_hz

NO_PERIOD = 0.0


@njit(cache=True)
def first_near_deepest(row, shortest, tolerance):
    """Lag of the first local minimum within ``tolerance`` of the deepest one, from lag ``shortest`` on."""
    deepest = row[shortest:].min()
    for tau in range(shortest, len(row) - 1):
        if row[tau] <= deepest + tolerance and row[tau] <= row[tau - 1] and row[tau] < row[tau + 1]:
            return tau
    return shortest + int(np.argmin(row[shortest:]))


@njit(cache=True)
def first_below(row, shortest, threshold):
    """Lag of the first local minimum below ``threshold`` (step 4 of the paper), else of the deepest one."""
    for tau in range(shortest, len(row) - 1):
        if row[tau] < threshold and row[tau] < row[tau + 1]:
            return tau
    return shortest + int(np.argmin(row[shortest:]))


@njit(cache=True)
def periods(dips, shortest, tolerance, near_deepest):
    """Period in samples and depth of the chosen dip of each row of d', (T,) and (T,)."""
    n = len(dips)
    period, depth = np.zeros(n), np.ones(n)
    for t in range(n):
        if near_deepest:
            at = first_near_deepest(dips[t], shortest, tolerance)
        else:
            at = first_below(dips[t], shortest, tolerance)
        period[t], depth[t] = spectrum.parabola(dips[t], at)
    return period, depth


class Yin(Detector):
    """Period of the waveform, one key a frame.

    Parameters
    ----------
    preset : {'piano', 'textbook', 'aubio'}
        Where the other settings start from.
    method : {'yin', 'yinfast', 'yinfft'}
        As in aubio.
    frame_length, hop_length : int
        Samples at 44.1 kHz.
    tolerance : float
        How much shallower than the deepest dip the first one may be (piano), or its absolute threshold.
    """

    name = "yin"
    summary = "YIN: the period of the waveform (de Cheveigné & Kawahara 2002)"
    onset_delay_s = 0.0

    def __init__(
        self,
        *,
        preset: Literal["piano", "textbook", "aubio"] = "piano",
        method: Literal["yin", "yinfast", "yinfft"] = "yin",
        frame_length: int = 4096,
        hop_length: int = 512,
        tolerance: float = 0.1,
    ):
        needed = int(np.ceil(2 * self.sr / key_hz()[0]))
        if frame_length < needed:
            raise DetectorError(
                f"frame_length {frame_length} cannot hold two periods of {key_hz()[0]:g} Hz at {self.sr} Hz: "
                f"use at least {needed}"
            )
        self.frame_length, self.hop_length = frame_length, hop_length
        self.preset, self.method, self.tolerance = preset, method, tolerance
        self._short = spectrum.hann(spectrum.FLUX_LENGTH)

    def process(self, span):
        frames = frames_of(span)
        dips = spectrum.cumulative_mean_normalised(spectrum.difference(frames))
        period, depth = periods(dips, int(self.sr / 4700), self.tolerance, self.preset == "piano")
        hz = self.sr / np.maximum(period, 1.0)
        level_db = spectrum.level_db(frames)
        key = np.where(np.isfinite(level_db), spectrum.nearest_key(hz), -1)
        strength, key_hz_ = spectrum.one_key_a_row(key, np.clip(1.0 - depth, 0.0, 1.0), hz)
        return Salience(span.times, strength, key_hz_, level_db, onset=spectrum.centre_flux(span, self._short))
