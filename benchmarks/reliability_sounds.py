"""The sounds that reliability.py makes: those in which nobody plays, and recordings as another microphone has them.

python benchmarks/reliability_sounds.py FOLDER      writes a minute of each sound without a piano, to listen to
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from pianolab import sound
from pianolab.data import Dataset
from pianolab.errors import PianolabError
from pianolab.piano import noises
from pianolab.piano.degrade import compressed, noisy

SR = 44100
NOBODY_S = 60.0


def nothing_played(length_s):
    """Sounds in which nobody plays, by name: silence, noises of a room, hum, knocks."""
    rngs = (np.random.default_rng(seed) for seed in range(10))
    white, pink, louder, hum, knocks = (
        make(length_s, sr=SR, rng=next(rngs), **settings)
        for make, settings in (
            (noises.coloured, {"slope": 0.0}),
            (noises.coloured, {"slope": 1.0}),
            (noises.coloured, {"slope": 1.0}),
            (noises.hum, {}),
            (noises.knocks, {}),
        )
    )
    return {
        "digital silence": np.zeros(len(white), np.float32),
        "white noise, -60 dBFS": at_level(white, -60),
        "pink noise, -60 dBFS": at_level(pink, -60),
        "pink noise, -35 dBFS": at_level(louder, -35),
        "mains hum, -45 dBFS": at_level(hum, -45),
        "knocks": knocks,
    }


def at_level(y, level_db):
    """The sound with this RMS, dBFS; silence stays silent."""
    rms = max(np.sqrt(np.mean(np.square(y))), 1e-12)
    return (y * 10 ** (level_db / 20) / rms).astype(np.float32)


def joined(folder, length_s):
    """Sound files of a folder one after the other, in an order drawn once, up to a length."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".wav", ".flac", ".ogg", ".aiff"))
    parts, n = [], 0
    for i in np.random.default_rng(0).permutation(len(paths)):
        if n >= length_s * SR:
            break
        y, sr = sound.load(paths[i])
        parts.append(sound.resample(y, sr=sr, target_sr=SR))
        n += len(parts[-1])
    if not parts:
        raise PianolabError(f"{folder} holds no sound files: name a folder with .wav, .flac, .ogg or .aiff files")
    return np.concatenate(parts)[: round(length_s * SR)]


def clipped(y: np.ndarray, gain_db: float) -> np.ndarray:
    """The sound too loud by this much for full scale."""
    return np.clip(y * 10 ** (gain_db / 20) / np.abs(y).max(initial=1e-9), -1.0, 1.0)


CONDITIONS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "as it is": lambda y, sr, rng: y,
    "quiet: -45 dBFS over white noise at -75": lambda y, sr, rng: noisy(at_level(y, -45), snr_db=30.0, rng=rng),
    "clipped: 12 dB too loud": lambda y, sr, rng: clipped(y, 12.0),
    "pink noise 20 dB below": lambda y, sr, rng: noisy(y, snr_db=20.0, rng=rng, slope=1.0),
    "pink noise 10 dB below": lambda y, sr, rng: noisy(y, snr_db=10.0, rng=rng, slope=1.0),
    "white noise 10 dB below": lambda y, sr, rng: noisy(y, snr_db=10.0, rng=rng),
    "Ogg Vorbis, worst quality": lambda y, sr, rng: compressed(y, sr=sr, quality=0.0),
}


def some(dataset, n):
    """So many recordings of each kind, evenly over their list."""
    by_kind = {}
    for recording in dataset.recordings:
        by_kind.setdefault(recording.kind, []).append(recording)
    places = [(found, np.linspace(0, len(found) - 1, min(n, len(found))).round()) for found in by_kind.values()]
    return replace(dataset, recordings=tuple(found[int(i)] for found, which in places for i in which))


def degraded(dataset, folder, part_s):
    """The beginning of each recording as each condition makes it: data sets named by their condition."""
    for number, (condition, change) in enumerate(tqdm(CONDITIONS.items(), desc=f"changing {dataset.name}")):
        recordings = []
        for i, recording in enumerate(dataset.recordings):
            y, sr = recording.load(duration_s=part_s)
            path = folder / f"{dataset.name}_{number}_{i}.flac"
            changed = change(y, sr, np.random.default_rng([number, i]))
            # Noise may pass full scale. The whole is made lower then, so that nothing is clipped by accident.
            sound.write(path, changed / max(1.0, np.abs(changed).max(initial=0.0)), sr=sr)
            recordings.append(replace(recording, audio=path))
        yield Dataset(f"{dataset.name}: {condition}", tuple(recordings))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to; it is made if it is not there")
    folder = parser.parse_args(argv).folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, y in nothing_played(NOBODY_S).items():
        sound.write(folder / f"{name}.wav", y, sr=SR)


if __name__ == "__main__":
    sys.exit(main())
