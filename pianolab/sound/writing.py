"""A signal as a sound file, written whole or not at all."""

import os
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile as sf

from pianolab.errors import printable
from pianolab.files import replacing
from pianolab.sound.checks import AudioError, AudioWarning, checked_rate, columns

_CONTAINERS = {".wav": "WAV", ".flac": "FLAC"}
WRITTEN_SUFFIXES = tuple(_CONTAINERS)


def write(path: str | os.PathLike[str], y: npt.ArrayLike, *, sr: float, subtype: str | None = None) -> None:
    """Write a signal as WAV or FLAC; the file appears when it is complete.

    Parameters
    ----------
    path : str or Path
        Ends in .wav or .flac.
    y : (n,) or (n, channels) array
        Samples in [-1, 1]; what is beyond is clipped, with a warning, unless the subtype is floating point.
    sr : int
        Hz.
    subtype : str, optional
        libsndfile's name, such as 'PCM_24' or 'FLOAT' (WAV only, exact); 16 bits by default.

    Raises
    ------
    AudioError
        If the suffix or subtype is unknown, the signal is empty or not finite, or the file cannot be written.

    Warns
    -----
    AudioWarning
        If the signal is clipped.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from pianolab.sound import load
    >>> with TemporaryDirectory() as folder:
    ...     write(f"{folder}/steps.wav", [0.0, 0.25, -0.5], sr=44100)
    ...     load(f"{folder}/steps.wav")
    (array([ 0.  ,  0.25, -0.5 ], dtype=float32), 44100)
    """
    path = Path(path)
    name = printable(path)
    container = _CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise AudioError(f"{name} cannot be written: use a name that ends in {' or '.join(_CONTAINERS)}")
    subtype = subtype or "PCM_16"
    if not sf.check_format(container, subtype):
        choices = ", ".join(sf.available_subtypes(container))
        raise AudioError(f"{name} cannot hold subtype {subtype!r}: use one of {choices}")
    samples, rate = columns(y), checked_rate(sr)
    if not len(samples):
        raise AudioError(f"{name} cannot be written: the signal has no samples")
    peak = float(np.max(np.abs(samples)))
    if peak > 1.0 and subtype not in ("FLOAT", "DOUBLE"):
        warnings.warn(f"{name}: peak {peak:.3g} is clipped at full scale: divide y by it", AudioWarning, stacklevel=2)
    try:
        with replacing(path) as temporary:
            sf.write(temporary, samples, rate, format=container, subtype=subtype)
    except (OSError, sf.LibsndfileError) as error:
        why = getattr(error, "strerror", None) or error
        raise AudioError(f"{name} cannot be written ({why}): choose a folder that exists and is yours") from error
