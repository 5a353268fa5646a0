"""What the network is given: three log-frequency spectra a frame, of windows that all end at the newest sample.

What comes in: spans of frames at 16 kHz. What comes out: for each frame the compressed magnitudes of 294 bins, three a
semitone from A0 to 7.6 kHz, seen through a short window (when?), a longer one (which key?) and a long one (which key
in the bass?). A window's peak lies near its end, so that a new note is heard soon; how long the network may wait
after a note is therefore a matter of the detector's lookahead alone. The detector and the training share this module.
"""

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from pianolab.dsp.combs import N_BINS, Comb, log_bins
from pianolab.dsp.windows import amplitude_window, hann
from pianolab.frames import Framer, Span, frames_of

SR = 16000
# 20 ms.
HOP = 320
HOP_S = HOP / SR
# Samples of each window, and the part of it at which its peak lies: 32, 64 and 100 ms before the end.
WINDOWS = ((1024, 0.5), (4096, 0.75), (8192, 0.805))
FRAME_LENGTH = max(length for length, _ in WINDOWS)
# Magnitudes far below this count as silence; a full-scale sine has 1.
FLOOR = 10.0 ** (-85.0 / 20.0)


class NeuralInput:
    """Turns spans into the network's input.

    Attributes
    ----------
    shape : tuple of int
        (3, 294): windows, bins. Bin 3 k + 1 is key k's equal-tempered frequency.
    """

    shape: tuple[int, int] = (len(WINDOWS), N_BINS)

    def __init__(self):
        self._windows = [amplitude_window(hann(length, peak_at=peak_at)) for length, peak_at in WINDOWS]
        self._combs = [Comb(log_bins(((length, 0.0),), sr=SR)) for length, _ in WINDOWS]

    def __call__(self, span: Span) -> NDArray[np.float32]:
        """The input for each frame of a span.

        Parameters
        ----------
        span : pianolab.frames.Span
            At 16 kHz, with frames of at least 8192 samples.

        Returns
        -------
        (T, 3, 294) float32
            log10(1 + magnitude / FLOOR): 0 for silence, about 4.3 for a full-scale sine.
        """
        out = np.empty((span.n_frames, *self.shape), np.float32)
        for channel, (window, comb) in enumerate(zip(self._windows, self._combs, strict=True)):
            frames = frames_of(span, length=len(window), end=span.frame_length)
            out[:, channel] = comb(np.abs(np.asarray(scipy.fft.rfft(frames * window, axis=1))))
        return np.log10(1.0 + out * np.float32(1.0 / FLOOR))

    def of(self, y: ArrayLike, *, lookahead: int = 1) -> NDArray[np.float32]:
        """The input for a whole sound at 16 kHz, as a detector with that lookahead would hear it.

        Parameters
        ----------
        y : (n,) float32
        lookahead : int
            Samples after a frame's own that its windows reach.

        Returns
        -------
        (ceil(n / 320), 3, 294) float32
        """
        framer = Framer(frame_length=FRAME_LENGTH, hop_length=HOP, sr=SR, lookahead=lookahead)
        spans = [*framer.push(np.asarray(y, np.float32)), *framer.flush()]
        return np.concatenate([self(span) for span in spans]) if spans else np.empty((0, *self.shape), np.float32)
