"""The simplest detector there is, to copy and to beat: the loudest frequency of each frame is the note.

Compare it with `pianolab compare --detector notebooks/loudest.py:Loudest --detector yin`.
"""

import numpy as np

from pianolab.detector import Detector
from pianolab.dsp.one_key import nearest_key, one_key_a_row
from pianolab.frames import Span, frames_of, levels_db
from pianolab.roll import Salience


class Loudest(Detector):
    """The strongest frequency of the spectrum, one key a frame."""

    name = "loudest"
    summary = "the strongest frequency"
    frame_length = 8192  # 0.19 s at 44.1 kHz

    def process(self, span: Span) -> Salience:
        frames = frames_of(span)
        size = np.abs(np.fft.rfft(frames * np.hanning(self.frame_length)))
        hz = size.argmax(axis=1) * self.sr / self.frame_length
        strength, hz = one_key_a_row(nearest_key(hz), np.ones(len(hz)), hz)
        return Salience(span.times, strength, hz, levels_db(frames))
