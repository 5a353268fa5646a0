"""Small sound files that the tests of sound make themselves, and how to read them with what is said of them."""

import io
import struct
import warnings

import numpy as np
import soundfile as sf

from pianolab import sound
from pianolab.sound import AudioWarning

SR = 44100


def tone(seconds=0.5, hz=440.0, sr=SR):
    """A tone that swells and fades, so that every place in it is another."""
    t = np.arange(round(seconds * sr)) / sr
    return (0.4 * np.sin(2 * np.pi * hz * t) * np.sin(np.pi * t / seconds)).astype(np.float32)


def file_bytes(y, container="WAV", subtype="PCM_16", sr=SR):
    """A signal, (n,) or (n, channels), as the bytes of a file."""
    buffer = io.BytesIO()
    channels = 1 if np.ndim(y) == 1 else y.shape[1]
    with sf.SoundFile(buffer, "w", sr, channels, subtype, format=container) as file:
        for start in range(0, len(y), 20000):  # libsndfile's Vorbis encoder crashes on one long write
            file.write(y[start : start + 20000])
    return buffer.getvalue()


def chunk(name, body):
    """A chunk of a WAV, at an even length."""
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def patched(data, mark, offset, code, value):
    """The bytes of a file with another number so far behind the first place of a mark."""
    data = bytearray(data)
    struct.pack_into(code, data, data.index(mark) + offset, value)
    return bytes(data)


def heard(data, **options):
    """Samples, rate and what was said; the blocks and the length that `info` states must be those of the whole."""
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        y, sr = sound.load(source, **options)
    said = [str(warning.message) for warning in caught]
    assert all(warning.category is AudioWarning for warning in caught), said
    assert len(set(said)) == len(said)
    if not options:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AudioWarning)
            pieces = list(sound.blocks(source, block_length=1000))
            n = sound.info(source).n_samples
        np.testing.assert_array_equal(np.concatenate(pieces), y)
        assert {len(piece) for piece in pieces[:-1]} <= {1000}
        assert n == len(y)
    return y, sr, said
