"""The simplest detector there is, to copy and to beat: the loudest frequency of each frame is the note.

Compare it with `pianolab compare --detector notebooks/loudest.py:Loudest --detector yin`.
"""

from pianolab import spectrum
from pianolab.detector import Detector
from pianolab.frames import frames_of
from pianolab.roll import Salience


class Loudest(Detector):
    """The strongest frequency of the spectrum, one key a frame."""

    name = "loudest"
    summary = "the strongest frequency"
    frame_length = 8192  # 0.19 s at 44.1 kHz

    def process(self, span):
        frames = frames_of(span)
        size = spectrum.magnitudes(frames, spectrum.hann(self.frame_length))
        hz = size.argmax(axis=1) * self.sr / self.frame_length
        strength, hz = spectrum.one_key_a_row(spectrum.nearest_key(hz), 0 * hz + 1, hz)
        return Salience(span.times, strength, hz, spectrum.level_db(frames))
