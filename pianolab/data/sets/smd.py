"""SMD: fifty performances of students on a Disklavier, with what the piano recorded of keys and pedals.

Told by its names, such as Bach_BWV849-01_001_20090916-SMD: composer, work and movement, performer, day. The first
version has .mp3 and .mid files; the second has the folders midi, wav_44100_stereo and wav_22050_mono, of which the
first counts, and midi_wav_22050_mono, which a synthesizer made of the MIDI files.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pianolab.data.recording import Recording
from pianolab.data.sets.finding import Files, Found, piece_of

_NAME = re.compile(r"([A-Za-z]+)_(.+)_(\d{3})_(\d{8})-SMD", re.IGNORECASE)
_BEST = ("wav_44100_stereo", "wav_22050_mono")
_SYNTHETIC = "midi_wav_22050_mono"


def find(files: Files) -> Iterator[Found]:
    """SMD in a folder.

    Parameters
    ----------
    files : Files

    Yields
    ------
    Found

    References
    ----------
    Müller, Konz, Bogler and Arifi-Müller, "Saarland Music Data (SMD)", late-breaking session of ISMIR 2011;
    audiolabs-erlangen.de/resources/MIR/SMD/midi; zenodo.org/records/13753319 (version 2).
    """
    labels = {path.stem: path for path in files.named(rf"{_NAME.pattern}\.midi?")}
    sounds: dict[str, list[Path]] = {}
    for path in files.sounds:
        if _NAME.fullmatch(path.stem):
            sounds.setdefault(path.stem, []).append(path)
    if not sounds:
        return
    recordings, missing = [], []
    for stem, paths in sounds.items():
        real = [path for path in paths if path.parent.name != _SYNTHETIC]
        if real and stem in labels:
            recordings.append(_recording(min(real, key=_rank), labels[stem]))
        elif real:
            missing.append((real[0], f"no labels: put {stem}.mid in the folder midi"))
    claimed = frozenset(path for paths in sounds.values() for path in paths)
    yield Found("SMD", "the names of its files", tuple(recordings), tuple(missing), claimed)


def _rank(path: Path) -> int:
    return _BEST.index(path.parent.name) if path.parent.name in _BEST else len(_BEST)


def _recording(sound: Path, labels: Path) -> Recording:
    composer, work = re.findall(_NAME, sound.stem)[0][:2]
    about = {"piece": piece_of(composer, work), "composer": composer, "title": work, "kind": "piece"}
    return Recording("", sound, labels, piano="Yamaha Disklavier", source="real", **about)
