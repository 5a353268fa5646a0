"""Sound files and arrays in, one mono signal out."""

from pianolab.sound.checks import MAX_CHANNELS, MAX_SR, MIN_SR, AudioError, AudioWarning, check_signal, checked_rate
from pianolab.sound.foreign import AUDIO_SUFFIXES, FOREIGN_SUFFIXES, readable_suffixes
from pianolab.sound.onsets import ONSET_BELOW_PEAK_DB, ONSET_WINDOW_S, first_onset_s
from pianolab.sound.opening import AudioSource
from pianolab.sound.reading import AudioInfo, Blocks, blocks, checksum, info, load
from pianolab.sound.resampling import Resampler, resample
from pianolab.sound.writing import WRITTEN_SUFFIXES, write

__all__ = [
    "AUDIO_SUFFIXES",
    "AudioError",
    "AudioInfo",
    "AudioSource",
    "AudioWarning",
    "Blocks",
    "FOREIGN_SUFFIXES",
    "MAX_CHANNELS",
    "MAX_SR",
    "MIN_SR",
    "ONSET_BELOW_PEAK_DB",
    "ONSET_WINDOW_S",
    "Resampler",
    "blocks",
    "check_signal",
    "checked_rate",
    "checksum",
    "WRITTEN_SUFFIXES",
    "first_onset_s",
    "info",
    "load",
    "readable_suffixes",
    "resample",
    "write",
]
