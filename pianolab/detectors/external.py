"""Note detectors of others behind the same interface, so that they stand in one table with ours.

What comes in: the same frames that our own detectors get. What comes out: for a pitch tracker one key a frame, which
our tracker makes notes of; for a program that writes notes itself those notes, spelled as evidence so that the
tracker gives back the same ones. None of these libraries is needed by the package: each is imported when its detector
is made, and where it is missing the detector is listed with the reason. docs/peers.md says how to install each.

They are peers (``peer = True``): a comparison has them only when they are asked for by name. Each says in ``install``
all that it needs. Those that hear a recording as a whole (``whole_recording = True``) keep it and answer at the end:
their look-ahead is all of it.
"""

import importlib
import io
import sys
import types
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frame_times, frames_of
from pianolab.roll import Notes, Salience
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, hz_to_midi, midi_to_key

LOWEST_HZ, HIGHEST_HZ = 26.7, 4310.0  # half a semitone below A0, half above C8

# For the tracker: take the spelled notes as they are.
_AS_WRITTEN = MappingProxyType(
    {
        "policy": "poly",
        "threshold": 0.5,
        "n_release": 1,
        "onset_threshold": 0.9,
        "min_gap_s": 0.0,
        "silence_db": -200.0,
        "release_db": 200.0,
    }
)


def needed(module, *, install):
    """Import a library that a peer needs.

    Parameters
    ----------
    module : str
    install : str
        What to give to ``pip install``.

    Raises
    ------
    ImportError
        In one line, with the remedy.
    """
    said = io.StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):  # some greet, or complain of other missing libraries
            return importlib.import_module(module)
    except (ImportError, OSError) as error:  # OSError: a compiled part that cannot be loaded
        raise ImportError(f"{error}: pip install {install} (docs/peers.md)".replace("\n", " ")) from error


@contextmanager
def torchaudio_or_mel_filters():
    """Let a library import torchaudio for the little that the peers use of it: HTK mel filters.

    torchaudio's usual wheels want the same release of PyTorch, with CUDA. Where it cannot be loaded, a stand-in with
    ``functional.melscale_fbanks`` (by librosa: the same formula) takes its place inside this context.
    """
    try:
        importlib.import_module("torchaudio")
        yield
        return
    except (ImportError, OSError):
        stand_in = types.ModuleType("torchaudio")
        stand_in.functional = types.SimpleNamespace(melscale_fbanks=_melscale_fbanks)
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "torchaudio"}
    sys.modules["torchaudio"] = stand_in
    try:
        yield
    finally:
        del sys.modules["torchaudio"]
        sys.modules.update(hidden)


def _melscale_fbanks(n_freqs, f_min, f_max, n_mels, sample_rate):
    torch, librosa = importlib.import_module("torch"), importlib.import_module("librosa")
    filters = librosa.filters.mel(
        sr=sample_rate, n_fft=2 * (n_freqs - 1), n_mels=n_mels, fmin=f_min, fmax=f_max, htk=True, norm=None
    )
    return torch.from_numpy(filters.T.copy())


def pitch_salience(times, hz, confidence, level_db):
    """One key a frame from a pitch track; 0 or NaN Hz, or a pitch off the keyboard, is no key.

    Parameters
    ----------
    times, hz, confidence, level_db : (T,) arrays
        Seconds, Hz, [0, 1], dBFS.

    Returns
    -------
    Salience
    """
    hz = np.where(np.isfinite(hz) & (hz > 0), hz, 1.0)
    midi = np.round(hz_to_midi(hz)).astype(int)
    rows = np.flatnonzero((midi >= MIDI_LOW) & (midi <= MIDI_HIGH))
    strength = np.zeros((len(times), N_KEYS), np.float32)
    frequencies = np.full((len(times), N_KEYS), np.nan, np.float32)
    strength[rows, midi[rows] - MIDI_LOW] = np.clip(np.nan_to_num(confidence[rows]), 0.0, 1.0)
    frequencies[rows, midi[rows] - MIDI_LOW] = hz[rows]
    return Salience(times, strength, frequencies, level_db)


def note_salience(notes, times, level_db):
    """Notes spelled as evidence: the tracker, set to take notes as written, gives them back.

    A note is strong in the frames from its onset to its offset, and its onset evidence peaks at the nearest frame; the
    neighbours' values place the top of the parabola through all three exactly on the onset, and the last strengths
    place their fall through 0.5 exactly on the offset, but not within a frame and a half of the onset, nor of the
    key's next one.

    Parameters
    ----------
    notes : Notes
        On the keyboard; of two notes of a key less than three frames apart the second is lost.
    times : (T,) array
        Seconds, evenly spaced from 0.
    level_db : (T,) array
        dBFS.

    Returns
    -------
    Salience
    """
    n_rows = len(times)
    strength, onset = np.zeros((2, n_rows, N_KEYS), np.float32)
    velocity = np.full((n_rows, N_KEYS), np.nan, np.float32)
    hop_s = times[1] - times[0] if n_rows > 1 else 1.0
    for note in range(len(notes)):
        at = notes.onset[note] / hop_s
        row = int(np.clip(round(at), 1, n_rows - 2))
        if not (0 < row < n_rows - 1):
            continue
        key, shift = midi_to_key(notes.midi[note]), np.clip(at - row, -0.5, 0.5)
        end = max(row + 1.5, notes.offset[note] / hop_s)
        last, part = int(end), end % 1.0
        strength[row:last, key] = 1.0
        fall = (1.0, 1.0 - 0.5 / part) if part >= 0.5 else (0.5 / (1.0 - part), 0.0)
        strength[last : last + 2, key] = fall[: max(n_rows - last, 0)]
        onset[row - 1 : row + 2, key] = 0.5 - shift, 1.0, 0.5 + shift
        velocity[row - 1 : row + 2, key] = notes.velocity[note]
    unknown = np.full((n_rows, N_KEYS), np.nan, np.float32)
    velocity = None if np.any(np.isnan(notes.velocity)) else np.nan_to_num(velocity)
    return Salience(times, strength, unknown, level_db, onset=onset, velocity=velocity)


def _hop_levels(y, hop_length):
    """RMS level of consecutive hops, dBFS; -inf for digital silence."""
    power = np.mean(np.square(y.reshape(-1, hop_length), dtype=np.float64), axis=1)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(power)


class WholeRecording(Detector):
    """Base of the peers that hear a recording as a whole: keeps it, answers at the end."""

    peer = True
    whole_recording = True

    @property
    def lookahead(self):
        """One hop, for the framer; in truth the whole recording."""
        return self.hop_length

    @property
    def frame_length(self):
        """One hop: the frames are the sound itself."""
        return self.hop_length

    def reset(self):
        self._heard = []

    def process(self, span):
        self._heard.append(span.samples)
        return Salience.empty()

    def flush(self):
        if not self._heard:
            return Salience.empty()
        y = np.concatenate(self._heard)
        self.reset()
        n_rows = len(y) // self.hop_length
        times = frame_times(0, n_rows, hop_length=self.hop_length, sr=self.sr)
        return self.hear(y, times, _hop_levels(y, self.hop_length))

    def hear(self, y, times, level_db):
        """Salience of the whole recording.

        Parameters
        ----------
        y : (T * hop_length,) float32
        times, level_db : (T,) arrays
            Seconds, dBFS.

        Returns
        -------
        Salience
        """
        raise NotImplementedError(f"{type(self).__name__} must implement hear(y, times, level_db) -> Salience")


def _on_grid(values, n_rows, fill):
    """The first n_rows of a track, filled up at its end."""
    values = np.asarray(values, dtype=float)[:n_rows]
    return np.concatenate([values, np.full(n_rows - len(values), fill)])


# --------------------------------------------------------------------------------------------------------- aubio


class _Aubio(Detector):
    """Feeds aubio hop by hop, so that its buffer always holds the frame."""

    peer = True
    install = "aubio-ledfx"
    hop_length = 256

    def __init__(self):
        self._aubio = needed("aubio", install=self.install)
        self.weights = Path(self._aubio._aubio.__file__)  # its code decides what is heard

    def process(self, span):
        frames = frames_of(span)
        if span.first_frame == 0:  # what the first frame holds besides its newest hop
            for start in range(0, self.frame_length - self.hop_length, self.hop_length):
                self._feed(frames[0, start : start + self.hop_length])
        answers = [self._feed(frame[-self.hop_length :]) for frame in frames]
        power = np.mean(np.square(frames, dtype=np.float64), axis=1)
        with np.errstate(divide="ignore"):
            return self._salience(span, answers, 10.0 * np.log10(power))


class AubioPitch(_Aubio):
    """aubio's pitch detection (Brossier 2006), one key a frame.

    Parameters
    ----------
    method : {'yinfft', 'yin', 'yinfast', 'mcomb', 'fcomb', 'schmitt', 'specacf'}
        aubio's names.
    frame_length : int
        Samples at 44.1 kHz; aubio's own default of 2048 does not hold two periods below 43 Hz.
    """

    name = "aubio"
    summary = "aubio's pitch methods (peer)"

    def __init__(
        self,
        *,
        method: Literal["yinfft", "yin", "yinfast", "mcomb", "fcomb", "schmitt", "specacf"] = "yinfft",
        frame_length: int = 4096,
    ):
        super().__init__()
        self.method, self.frame_length = method, frame_length
        self.reset()

    def reset(self):
        self._pitch = self._aubio.pitch(self.method, self.frame_length, self.hop_length, self.sr)
        self._pitch.set_unit("Hz")
        self._pitch.set_silence(-90.0)

    def _feed(self, hop):
        return float(self._pitch(np.ascontiguousarray(hop, np.float32))[0]), self._pitch.get_confidence()

    def _salience(self, span, answers, level_db):
        hz, confidence = np.array(answers).T
        if self.method not in ("yin", "yinfast"):  # the others tell no confidence
            confidence = np.ones(len(hz))
        return pitch_salience(span.times, hz, confidence, level_db)


class AubioNotes(_Aubio):
    """aubionotes: aubio's onset detector and pitch median as notes, with the settings of that program."""

    name = "aubio_notes"
    summary = "aubionotes (peer)"
    frame_length = 512
    onset_delay_s = 0.055  # fitted on MAPS' virtual pianos: it answers after the median of some pitches
    tracking = _AS_WRITTEN

    def __init__(self):
        super().__init__()
        self.reset()

    def reset(self):
        self._notes = self._aubio.notes("default", self.frame_length, self.hop_length, self.sr)
        self._sounding, self._velocity = None, 0.0

    def _feed(self, hop):
        on, velocity, off = (float(value) for value in self._notes(np.ascontiguousarray(hop, np.float32)))
        return on, velocity, off

    def _salience(self, span, answers, level_db):
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
        return Salience(span.times, strength, unknown, level_db, onset=onset, velocity=velocities)


# ------------------------------------------------------------------------------------------------ pitch trackers


class Pyin(WholeRecording):
    """librosa's probabilistic YIN (Mauch & Dixon, ICASSP 2014) with its Viterbi path through the whole recording."""

    name = "pyin"
    summary = "pYIN of librosa; hears the whole recording (peer)"
    install = "librosa"
    sr = 22050
    hop_length = 512

    def __init__(self, *, window_length: int = 2048):
        self._librosa = needed("librosa", install=self.install)
        self.window_length = window_length
        self.reset()

    def hear(self, y, times, level_db):
        hz, voiced, probability = self._librosa.pyin(
            y,
            fmin=LOWEST_HZ,
            fmax=HIGHEST_HZ,
            sr=self.sr,
            frame_length=self.window_length,
            hop_length=self.hop_length,
            fill_na=np.nan,
        )
        confidence = np.where(voiced, np.maximum(probability, 0.5), 0.0)  # its own decision, as our tracker reads it
        return pitch_salience(times, _on_grid(hz, len(times), np.nan), _on_grid(confidence, len(times), 0.0), level_db)


class TorchCrepe(WholeRecording):
    """CREPE (Kim et al., ICASSP 2018) by torchcrepe; hears 32.7 to 1975 Hz.

    Parameters
    ----------
    model : {'full', 'tiny'}
        Size of the network.
    """

    name = "crepe"
    summary = "CREPE by torchcrepe; hears the whole recording (peer)"
    install = "torch resampy tqdm && pip install --no-deps torchcrepe"
    sr = 16000
    hop_length = 160

    def __init__(self, *, model: Literal["full", "tiny"] = "full"):
        self._torch = needed("torch", install=self.install)
        needed("resampy", install=self.install)
        with torchaudio_or_mel_filters():
            self._crepe = needed("torchcrepe", install=self.install)
        self.model = model
        self.weights = Path(self._crepe.__file__).parent / "assets" / f"{model}.pth"
        self.reset()

    def hear(self, y, times, level_db):
        with self._torch.no_grad():
            hz, confidence = self._crepe.predict(
                self._torch.from_numpy(y[None, :]),
                self.sr,
                hop_length=self.hop_length,
                fmin=32.7,
                fmax=1975.5,
                model=self.model,
                batch_size=256,
                device="cpu",
                return_periodicity=True,
            )
        hz, confidence = _on_grid(hz[0], len(times), np.nan), _on_grid(confidence[0], len(times), 0.0)
        return pitch_salience(times, hz, confidence, level_db)


class SwiftF0(WholeRecording):
    """SwiftF0 (Nieradzik 2025), a small network by onnxruntime; hears 46.9 to 2094 Hz."""

    name = "swift_f0"
    summary = "SwiftF0; hears the whole recording (peer)"
    install = "swift-f0"
    sr = 16000
    hop_length = 256

    def __init__(self):
        library = needed("swift_f0", install=self.install)
        self.weights = Path(library.__file__).with_name("model.onnx")
        self._detector = library.SwiftF0(threads=1, spin=False)
        self.reset()

    def hear(self, y, times, level_db):
        found = self._detector.detect(y, self.sr)
        n_rows = len(times)
        hz, confidence = _on_grid(found.pitch_hz, n_rows, np.nan), _on_grid(found.confidence, n_rows, 0.0)
        return pitch_salience(times, hz, confidence, level_db)


# --------------------------------------------------------------------------------------------------- note writers


class _Writer(WholeRecording):
    """Base of the peers that write notes themselves."""

    polyphonic = True
    tracking = _AS_WRITTEN

    def hear(self, y, times, level_db):
        audible = np.maximum(level_db, -100.0)  # a note written into digital silence is kept, too
        return note_salience(self.write(y).on_keyboard(), times, audible)

    def write(self, y):
        """Notes of the whole recording at ``self.sr``, (n,) float32."""
        raise NotImplementedError(f"{type(self).__name__} must implement write(y) -> Notes")


class BasicPitch(_Writer):
    """Basic Pitch (Bittner et al., ICASSP 2022): its network under onnxruntime, its own decoding and defaults.

    Parameters
    ----------
    onset_threshold, frame_threshold : float
        As in basic_pitch.
    """

    name = "basic_pitch"
    summary = "Basic Pitch by onnxruntime; hears the whole recording (peer)"
    install = "onnxruntime pretty_midi && pip install --no-deps basic-pitch"
    sr = 22050
    hop_length = 256
    _overlap = 30  # frames, as in basic_pitch.inference.run_inference

    def __init__(self, *, onset_threshold: float = 0.5, frame_threshold: float = 0.3):
        needed("onnxruntime", install=self.install)
        self._inference = needed("basic_pitch.inference", install=self.install)
        self._decoding = needed("basic_pitch.note_creation", install=self.install)
        self.onset_threshold, self.frame_threshold = onset_threshold, frame_threshold
        self.weights = Path(self._inference.__file__).parent / "saved_models" / "icassp_2022" / "nmp.onnx"
        self._model = self._inference.Model(self.weights)
        self.reset()

    def write(self, y):
        hop, frame_hop = self._inference.AUDIO_N_SAMPLES, self._inference.FFT_HOP
        padded = np.concatenate([np.zeros(self._overlap * frame_hop // 2, np.float32), y])
        windows = self._inference.window_audio_file(padded, hop - self._overlap * frame_hop)
        heard = [self._model.predict(window[None]) for window, _ in windows]
        note, onset = (
            self._inference.unwrap_output(np.concatenate([h[name] for h in heard]), len(y), self._overlap)
            for name in ("note", "onset")
        )
        found = self._decoding.output_to_notes_polyphonic(
            note,
            onset,
            onset_thresh=self.onset_threshold,
            frame_thresh=self.frame_threshold,
            min_note_len=11,
            infer_onsets=True,
            max_freq=None,
            min_freq=None,
        )
        if not found:
            return Notes.empty()
        start, stop, midi, amplitude = (np.array(column) for column in zip(*found, strict=True))
        times = np.maximum(self._decoding.model_frames_to_time(len(note)), 0.0)
        return Notes(times[start], times[stop], midi, np.clip(np.round(127 * amplitude), 1, 127))


class Transkun(_Writer):
    """Transkun V2 (Yan & Duan, ISMIR 2024), a transformer with a semi-Markov decoder; 13.6 million parameters."""

    name = "transkun"
    summary = "Transkun V2 by PyTorch; hears the whole recording (peer)"
    install = "torch torch-optimizer pytorch_ranger ncls pretty_midi moduleconf soxr && pip install --no-deps transkun"
    sr = 44100
    hop_length = 441

    def __init__(self):
        self._torch = needed("torch", install=self.install)
        folder = Path(needed("transkun", install=self.install).__file__).parent / "pretrained"
        library = needed("moduleconf", install=self.install).parseFromFile(str(folder / "2.0.conf"))["Model"]
        self.weights = folder / "2.0.pt"
        checkpoint = self._torch.load(self.weights, map_location="cpu", weights_only=True)
        with torchaudio_or_mel_filters():
            self._model = library.module.TransKun(conf=library.config)
        self._model.load_state_dict(checkpoint.get("best_state_dict") or checkpoint["state_dict"], strict=False)
        self._model.eval()
        self.reset()

    def write(self, y):
        with self._torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of torch about checkpoints, which only training uses
            found = self._model.transcribe(self._torch.from_numpy(y[:, None]), discardSecondHalf=False)
        found = [note for note in found if note.pitch > 0]  # it writes the pedal as negative pitches
        return Notes(
            [max(note.start, 0.0) for note in found],
            [max(note.end, note.start, 0.0) for note in found],
            [note.pitch for note in found],
            [float(note.velocity) for note in found],
        )
