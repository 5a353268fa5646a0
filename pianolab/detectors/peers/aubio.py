"""aubio (Brossier 2006): its pitch methods, and its program aubionotes. Both answer while they hear."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from pianolab.detector import Between, Detector
from pianolab.detectors.peers.base import AS_WRITTEN, needed, pitch_salience
from pianolab.frames import Span, frames_of, levels_db
from pianolab.roll import Salience
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS

SILENCE_DB = -90.0  # Below this level aubio's pitch methods do not answer.


class _Aubio(Detector):
    """Feeds aubio one hop at a time, so that the buffer inside aubio always holds the frame.

    A subclass says what one hop gives (`_feed`) and makes Salience of the answers to all hops (`_salience`).
    """

    peer = True
    install = "aubio-ledfx"
    hop_length = 256

    def __init__(self) -> None:
        self._aubio: Any = needed("aubio", install=self.install)
        self.weights = Path(self._aubio._aubio.__file__)  # Its compiled code decides what is heard.

    def process(self, span: Span) -> Salience:
        frames = frames_of(span)
        if span.first_frame == 0:  # The first frame reaches further back than its newest hop.
            for start in range(0, self.frame_length - self.hop_length, self.hop_length):
                self._feed(frames[0, start : start + self.hop_length])
        answers = [self._feed(frame[-self.hop_length :]) for frame in frames]
        return self._salience(span.times, answers, levels_db(frames))

    def _feed(self, hop: npt.NDArray[np.float32]) -> tuple[float, ...]:
        raise NotImplementedError

    def _salience(self, times, answers: list[tuple[float, ...]], level_db) -> Salience:
        raise NotImplementedError


class AubioPitch(_Aubio):
    """aubio's pitch methods, one key a frame.

    Parameters
    ----------
    method : {'yinfft', 'yin', 'yinfast', 'mcomb', 'fcomb', 'schmitt', 'specacf'}
        aubio's names. Only yin and yinfast tell how sure they are; what the others answer counts as sure.
    frame_length : int
        Samples at 44.1 kHz; aubio's own default of 2048 does not hold two periods below 43 Hz.
    """

    name = "aubio"
    summary = "aubio's pitch methods (peer)"

    def __init__(
        self,
        *,
        method: Literal["yinfft", "yin", "yinfast", "mcomb", "fcomb", "schmitt", "specacf"] = "yinfft",
        frame_length: Annotated[int, Between(256, 32768)] = 4096,
    ):
        super().__init__()
        self.method, self.frame_length = method, frame_length
        self.reset()

    def reset(self) -> None:
        self._pitch = self._aubio.pitch(self.method, self.frame_length, self.hop_length, self.sr)
        self._pitch.set_unit("Hz")
        self._pitch.set_silence(SILENCE_DB)

    def _feed(self, hop):
        return float(self._pitch(np.ascontiguousarray(hop, np.float32))[0]), self._pitch.get_confidence()

    def _salience(self, times, answers, level_db):
        hz, confidence = np.array(answers).T
        if self.method not in ("yin", "yinfast"):
            confidence = np.ones(len(hz))
        return pitch_salience(times, hz, confidence, level_db)


class AubioNotes(_Aubio):
    """The program aubionotes with its own settings: aubio's onsets, each with the median of the pitches after it."""

    name = "aubio_notes"
    summary = "aubionotes (peer)"
    frame_length = 512
    # It answers only when it has the pitches for its median. Fitted on the virtual pianos of MAPS.
    onset_delay_s = 0.055
    tracking = AS_WRITTEN

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        self._notes = self._aubio.notes("default", self.frame_length, self.hop_length, self.sr)
        self._sounding: int | None = None
        self._velocity = 0.0

    def _feed(self, hop):
        on, velocity, off = (float(value) for value in self._notes(np.ascontiguousarray(hop, np.float32)))
        return on, velocity, off

    def _salience(self, times, answers, level_db):
        strength, onset, velocities = np.zeros((3, len(answers), N_KEYS), np.float32)
        for row, (on, velocity, off) in enumerate(answers):
            if off > 0:
                self._sounding = None
            if MIDI_LOW <= round(on) <= MIDI_HIGH:
                self._sounding, self._velocity = round(on) - MIDI_LOW, velocity
                onset[row, self._sounding] = 1.0
            if self._sounding is not None:
                strength[row, self._sounding] = 1.0
                velocities[row, self._sounding] = self._velocity
        unknown = np.full(strength.shape, np.nan, np.float32)
        return Salience(times, strength, unknown, level_db, onset=onset, velocity=velocities)
