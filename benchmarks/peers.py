"""Pitch detectors to compare with: ours by spec text, and those of other libraries that can be imported here.

A peer is a function (y, sr) -> (times_s, f0_hz, needs_s): the time of each frame, its pitch in Hz (0 for none) and how
much sound after that time the frame needs, all in seconds. Frames of aubio end at their newest sample; librosa's are
centred. It is a module for the other benchmarks; started by itself it says who can take part here:

    python benchmarks/peers.py
"""

import argparse
import importlib

import numpy as np

from pianolab import sound
from pianolab.registry import create
from pianolab.session import analyse

HOP = 512
OURS = ("fft_peak", "cqt", "yin", "fft_peak:preset=textbook", "cqt:preset=textbook", "yin:preset=textbook")
OURS += tuple(f"yin:preset=aubio,method={method}" for method in ("yin", "yinfast", "yinfft"))
LOWEST_HZ, HIGHEST_HZ = 26.0, 4700.0


def ours(spec):
    """One of our detectors as a peer; a frame in which any key is stronger than 0 counts as voiced."""
    detector = create(spec)

    def listen(y, sr):
        rows = analyse(y, sr=sr, detector=detector)
        return rows.times, rows.f0_hz, detector.lookahead / detector.sr

    return listen


def aubio_pitch(method, frame_length):
    """aubio's pitch detector with its own tolerance and silence."""
    aubio = importlib.import_module("aubio")

    def listen(y, sr):
        pitch = aubio.pitch(method, frame_length, HOP, int(sr))
        blocks = np.pad(y, (0, -len(y) % HOP)).reshape(-1, HOP).astype(np.float32)
        hz = np.array([pitch(block)[0] for block in blocks], dtype=float)
        return np.arange(len(hz)) * HOP / sr, hz, HOP / sr

    return listen


def librosa_yin(y, sr):
    """librosa.yin, 4096 samples."""
    librosa = importlib.import_module("librosa")
    hz = librosa.yin(y, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=sr, frame_length=4096, hop_length=HOP)
    return np.arange(len(hz)) * HOP / sr, hz, 2048 / sr


def librosa_pyin(y, sr):
    """librosa.pyin, 4096 samples."""
    librosa = importlib.import_module("librosa")
    hz, _, _ = librosa.pyin(y, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, sr=sr, frame_length=4096, hop_length=HOP)
    return np.arange(len(hz)) * HOP / sr, np.nan_to_num(hz), 2048 / sr


def swift_f0(y, sr):
    """SwiftF0, at its own 16 kHz."""
    module = importlib.import_module("swift_f0")
    result = module.SwiftF0(threads=1).detect(sound.resample(y, sr=sr, target_sr=16000), 16000)
    return np.asarray(result.timestamps), np.where(result.confidence >= 0.5, result.pitch_hz, 0.0), 0.176


def peers(*, slow=True):
    """Every detector that can be imported, by name, and the reasons of those that cannot.

    Returns
    -------
    listeners : dict of str -> function
    missing : dict of str -> str
    """
    wanted = {
        f"aubio {method} {length}": ("aubio", lambda m=method, n=length: aubio_pitch(m, n))
        for method in ("yin", "yinfast", "yinfft")
        for length in (2048, 4096)
    }
    wanted["librosa.yin 4096"] = ("librosa", lambda: librosa_yin)
    if slow:
        wanted["librosa.pyin 4096"] = ("librosa", lambda: librosa_pyin)
    wanted["swift_f0"] = ("swift_f0", lambda: swift_f0)
    listeners, missing = {}, {}
    for name, (library, make) in wanted.items():
        try:
            importlib.import_module(library)
        except ImportError as error:
            missing[name] = str(error)
            continue
        listeners[name] = make()
    return listeners, missing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    listeners, missing = peers()
    print("ours:", ", ".join(OURS))
    print("others:", ", ".join(listeners))
    for name, why in missing.items():
        print(f"left out: {name} ({why})")


if __name__ == "__main__":
    main()
