"""From channels to one: their mean, or the loudest of them where they cancel each other.

A cable with two wires exchanged, or an effect of width, makes one channel the other with its sign changed: their mean
is silence. Share of energy here: the energy of the mean against that which channels without any relation would have.
It is 1 for those, above 1 for channels in step, 0 where they cancel. Of 240 stereo recordings of pianos the least was
0.31 (one treble note between two microphones far apart).
"""

import numpy as np
import numpy.typing as npt

LEAST_SHARE = 0.1
LEAD_S = 20.0  # So much from the beginning decides what is heard, wherever the reading begins.
_LEAD_VALUES = 2**22  # Of many channels less, so that 16 MB hold it.
_SEGMENT_S = 1.0
# One second is more easily the worst of many than ten: of 1559 seconds of real stereo the least was 0.051.
_LEAST_SHARES = {1: 0.02, 10: LEAST_SHARE}
_MOST_NAMED = 3
_AUDIBLE_POWER = 1e-6  # -60 dBFS; of what is softer the channels say nothing.


def mono(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mean of the channels, summed in float64 so that many loud channels neither overflow nor lose bits.

    Parameters
    ----------
    samples : (n, channels) float32

    Returns
    -------
    (n,) float32
    """
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0])
    return samples.mean(axis=1, dtype=np.float64).astype(np.float32)


def share_of_energy(samples: npt.NDArray[np.float32]) -> float:
    """How much energy the mean of the channels has, against the mean of channels without any relation.

    Parameters
    ----------
    samples : (n, channels) float32

    Returns
    -------
    float
        0 where the channels cancel, 1 where they have nothing to do with each other, their number where they are equal;
        1 for silence.

    Examples
    --------
    >>> y = np.sin(np.arange(1000)).astype(np.float32)
    >>> share_of_energy(np.column_stack([y, -y])), round(share_of_energy(np.column_stack([y, 0 * y])), 6)
    (0.0, 1.0)
    """
    with np.errstate(over="ignore", invalid="ignore"):  # What is not finite is refused elsewhere.
        return _share(_energy(mono(samples)), _energy(samples), samples.shape[1])


def _energy(samples: npt.NDArray[np.float32]) -> float:
    return float(np.sum(np.square(samples, dtype=np.float64)))


def _share(energy_of_mean: float, energy: float, channels: int) -> float:
    return channels**2 * energy_of_mean / energy if energy > 0 else 1.0


class ChannelMix:
    """Channels in, one signal out: their mean, or one channel if the beginning shows that they cancel.

    What comes out does not depend on the blocks: the choice is made once, from the beginning of the recording.

    Parameters
    ----------
    lead : (n, channels) float32
        The beginning of the recording, `lead_length` samples of it.
    sr : int
        Hz.

    Attributes
    ----------
    heard : int or None
        The channel that is heard alone; None for the mean of all.
    """

    def __init__(self, lead: npt.NDArray[np.float32], *, sr: int):
        self.sr = sr
        self.lead_share = share_of_energy(lead)
        cancels = self.lead_share < LEAST_SHARE
        self.heard = int(np.argmax([_energy(channel) for channel in lead.T])) if cancels else None
        self._length = round(_SEGMENT_S * sr)
        self._segments: dict[int, list[float]] = {}

    def mix(self, block: npt.NDArray[np.float32], n_before: int) -> npt.NDArray[np.float32]:
        """One signal of the next block, (n, channels), which begins at sample ``n_before`` of the recording."""
        if block.shape[1] == 1:
            return mono(block)
        if self.heard is not None:
            return np.ascontiguousarray(block[:, self.heard])
        mixed, start = mono(block), 0
        while start < len(block):
            number, within = divmod(n_before + start, self._length)
            stop = min(len(block), start + self._length - within)
            sums = self._segments.setdefault(number, [0.0, 0.0, 0.0])
            sums[0] += float(np.vdot(mixed[start:stop], mixed[start:stop]))
            sums[1] += float(np.vdot(block[start:stop], block[start:stop])) / block.shape[1]
            sums[2] += stop - start
            start = stop
        return mixed

    def remark(self, n_channels: int) -> str:
        """What is to be said of the channels, to be put behind the name of the file; '' if all is well."""
        if self.heard is not None:
            lost = f"their mean has {self.lead_share / n_channels:.1%} of their energy"
            return (
                f"has channels that cancel each other ({lost}): channel {self.heard + 1}, the loudest, is heard alone"
            )
        spans = self._cancelled(n_channels)
        if not spans:
            return ""
        places = ", ".join(f"{start} to {stop} s" for start, stop in spans[:_MOST_NAMED])
        more = f" and {len(spans) - _MOST_NAMED} more places" if len(spans) > _MOST_NAMED else ""
        return f"has channels that cancel each other at {places}{more}: little is heard there; use one of them alone"

    def _cancelled(self, n_channels: int) -> list[list[int]]:
        """From where to where the channels cancel, in seconds; those that touch as one."""
        bad: set[int] = set()
        for n_seconds, least in _LEAST_SHARES.items():
            for first in {number // n_seconds * n_seconds for number in self._segments}:
                numbers = [number for number in range(first, first + n_seconds) if number in self._segments]
                mixed, energy, n = np.sum([self._segments[number] for number in numbers], axis=0)
                is_long = n >= n_seconds * self._length / 2
                is_known = bool(bad.intersection(numbers))
                if is_long and not is_known and energy > n * _AUDIBLE_POWER and n_channels * mixed < least * energy:
                    bad.update(numbers)
        spans: list[list[int]] = []
        for number in sorted(bad):
            if spans and spans[-1][1] == number:
                spans[-1][1] = number + 1
            else:
                spans.append([number, number + 1])
        return spans


def lead_length(channels: int, sr: int) -> int:
    """How many samples from the beginning decide what is heard of the channels.

    Parameters
    ----------
    channels : int
    sr : int
        Hz.

    Returns
    -------
    int
        0 for one channel.
    """
    return 0 if channels == 1 else min(round(LEAD_S * sr), _LEAD_VALUES // channels)
