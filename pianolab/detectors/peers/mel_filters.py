"""A stand-in for torchaudio where it cannot be loaded: crepe and transkun use very little of it."""

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torchaudio_or_mel_filters() -> Iterator[None]:
    """Let a library import torchaudio for the little that the peers use of it: mel filters after HTK's formula.

    torchaudio's usual wheels want CUDA and the same release of PyTorch. Where torchaudio cannot be loaded, a stand-in
    takes its place inside this context. It has ``functional.melscale_fbanks``, made by librosa with the same formula.
    """
    try:
        importlib.import_module("torchaudio")
        yield
        return
    except (ImportError, OSError):
        stand_in = types.ModuleType("torchaudio")
        vars(stand_in)["functional"] = types.SimpleNamespace(melscale_fbanks=_melscale_fbanks)
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
