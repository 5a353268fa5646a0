"""Bass, tenor, middle and treble, each through a window of its own: long where keys lie close, short where they do not.

What comes in: samples in [-1, 1] of several frames. What comes out: for each register the power spectrum of each frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianolab.dsp.levels import LEVEL_LENGTH
from pianolab.dsp.rates import halved, length_at_full_rate
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.windows import amplitude_window, hann, newest
from pianolab.units import N_KEYS


@dataclass(frozen=True)
class Register:
    """A part of the keyboard and the window through which it is heard.

    Attributes
    ----------
    first_key : int
        Key index of its lowest key; it reaches to the next register.
    divisor : int
        1, 2, 4 or 8: the rate is divided by it.
    length : int
        Window, samples at the divided rate.
    peak_at : float
        Where in the window its weight is highest: 0.5 in the middle, 1 at the newest sample.
    top_hz : float
        Highest frequency looked at.
    slope : float
        Emphasis: magnitudes are multiplied by (f / 1 kHz) ** slope.
    floor : float
        How many times the typical magnitude counts as noise.
    """

    first_key: int
    divisor: int
    length: int
    peak_at: float
    top_hz: float
    slope: float
    floor: float


# From A0, C2, C4 and C6 up, through 186, 93, 46 and 23 ms. Chosen on the built-in tune notes, rendered pianos of random
# character with and without noise, and the isolated notes.
PIANO_REGISTERS = (
    Register(0, 8, 1024, 0.83, 1800.0, 0.1, 1.2),
    Register(15, 4, 1024, 0.80, 4000.0, 0.5, 1.6),
    Register(39, 2, 1024, 0.65, 8900.0, 0.75, 1.6),
    Register(63, 2, 512, 0.65, 8900.0, 0.75, 1.6),
)


class Registers:
    """Spectra of each frame through the windows of several registers, all ending at the newest sample.

    Parameters
    ----------
    registers : sequence of Register
    sr : int
        Hz.
    hop_length : int
        Samples at the full rate, a multiple of every divisor.

    Attributes
    ----------
    frame_length : int
        Samples that one frame needs.
    bin_step_hz : list of float
        Width of a bin of each register.
    n_bins : list of int
        Bins of each register.
    """

    def __init__(self, registers: Sequence[Register], *, sr: int, hop_length: int):
        self.registers, self.hop_length = tuple(registers), hop_length
        self.bin_step_hz = [sr / r.divisor / r.length for r in registers]
        self.n_bins = [
            int(min(r.top_hz / step, r.length // 2)) + 1 for r, step in zip(registers, self.bin_step_hz, strict=True)
        ]
        self._windows = [amplitude_window(hann(r.length, peak_at=r.peak_at)) for r in registers]
        self.frame_length = LEVEL_LENGTH + 2 * hop_length
        for register in registers:
            self.frame_length = max(self.frame_length, length_at_full_rate(register.length, register.divisor))

    def powers(self, samples: NDArray[np.float32], n_frames: int) -> list[NDArray[np.float32]]:
        """Squared magnitudes of each frame, for each register.

        Parameters
        ----------
        samples : (n,) float32
            The last frame ends with the last sample.
        n_frames : int

        Returns
        -------
        list of (n_frames, n_bins) float32
        """
        rates, powers = halved(samples, (r.divisor for r in self.registers)), []
        for r, window, n_bins in zip(self.registers, self._windows, self.n_bins, strict=True):
            hop_length = self.hop_length // r.divisor
            frames = newest(rates[r.divisor], n_frames=n_frames, length=r.length, hop_length=hop_length)
            powers.append(power_spectra(frames, window, n_bins=n_bins))
        return powers

    def keys(self, index: int) -> range:
        """Key indices of a register.

        Parameters
        ----------
        index : int
            Of the register, from the bass.

        Returns
        -------
        range
        """
        first_keys = [register.first_key for register in self.registers] + [N_KEYS]
        return range(first_keys[index], first_keys[index + 1])
