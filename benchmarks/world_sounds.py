"""The sounds that world.py judges detectors by: those in which nobody plays, melodies, single notes and performances.

python benchmarks/world_sounds.py FOLDER --row nobody      writes the sounds of a row, to listen to

Each is a Case: what it is for, and a function that makes its sound and says what was played. All is drawn from fixed
seeds. What a user's folders hold is used where they are given; without them there are the recordings that come with
pianolab, and voices and noises by rule.
"""

import argparse
import json
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from reliability_sounds import SR, at_level, joined, some

from pianolab import sound
from pianolab.data import DatasetError, load_dataset
from pianolab.data.phrases import make_phrases
from pianolab.data.recording import Dataset, Recording
from pianolab.labels.midi import read_midi
from pianolab.piano import espeak, in_random_room, noises, voices
from pianolab.piano.degrade import cheap_microphone, noisy
from pianolab.piano.rooms import measured_room
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes
from pianolab.training.sources import held_out_pieces, held_out_responses

REPORT_PIANOS = ("yamaha_ydp", "petrof_school")  # Nothing is trained or tuned on these.
BESIDE_DB = 15.0  # A melody is so much louder than the speech beside it.
SPEECH_DB = -26.0  # RMS of speech where nobody plays, dBFS.
HUM_DB, KNOCKS_PEAK_DB, NOISE_DB = -45.0, -6.0, -35.0
CHEAP_NOISE_DB = 30.0


class Sounding(NamedTuple):
    """A sound, and what is played in it.

    Attributes
    ----------
    y : (n,) float32
    sr : int
    notes : Notes
        Empty where nobody plays; ends at the releases of the keys.
    pedal : (n, 2) array or None
        When the sustain pedal was down, seconds; None where it is not known.
    """

    y: np.ndarray
    sr: int
    notes: Notes
    pedal: np.ndarray | None = None


@dataclass(frozen=True)
class Case:
    """A sound to be heard: its row of the table, its part of the row, its name, and what makes it."""

    row: str
    part: str
    name: str
    make: Callable[[], Sounding]


@dataclass(frozen=True)
class Material:
    """What is there to make sounds of, and how much of it is wanted.

    Attributes
    ----------
    maps, speech, pianos, rooms, noise, midi : Path or None
        Folders of the user's.
    report : tuple of str
        Folders in ``pianos`` whose pianos are judged on.
    seconds : float
        Length of a sound in which nobody plays, and of an excerpt.
    each : int
        Phrases or performances of each kind.
    """

    maps: Path | None = None
    speech: Path | None = None
    pianos: Path | None = None
    rooms: Path | None = None
    noise: Path | None = None
    midi: Path | None = None
    report: tuple[str, ...] = REPORT_PIANOS
    seconds: float = 30.0
    each: int = 6
    out: Path = field(default=Path("results/world"))

    def piano_folders(self) -> list[Path]:
        """Folders of the pianos that are judged on."""
        found = [self.pianos / name for name in self.report if self.pianos and (self.pianos / name).is_dir()]
        if self.pianos and not found:
            raise DatasetError(f"{self.pianos} has none of the pianos {', '.join(self.report)}: name one with --report")
        return found


def seeded(*names: object) -> np.random.Generator:
    """A generator of its own for each name."""
    return np.random.default_rng(zlib.crc32(repr(names).encode()))


# ------------------------------------------------------------------------------------------------- nobody plays


def nobody(material: Material) -> Iterator[Case]:
    """Speech, knocks, hum, noises, silence: whatever is heard in them is wrong."""
    length_s, silent = material.seconds, Notes.empty()

    def case(part: str, name: str, make: Callable[[], np.ndarray]) -> Case:
        return Case("nobody", part, name, lambda: Sounding(make(), SR, silent))

    def made(part: str, what: Callable, level: Callable, number: int = 0, **settings: Any) -> Case:
        rng = seeded("nobody", part, what.__name__, number)
        return case(part, f"{what.__name__} {number}", lambda: level(what(length_s, sr=SR, rng=rng, **settings)))

    def spoken(y: np.ndarray) -> np.ndarray:
        return at_level(y, SPEECH_DB)

    def peak(y: np.ndarray) -> np.ndarray:
        return y / np.abs(y).max() * np.float32(10.0 ** (KNOCKS_PEAK_DB / 20.0))

    for number in range(3):
        yield made("speech by rule", voices.speech, spoken, number)
        if espeak.is_installed():
            yield made("speech of espeak-ng", espeak.spoken, spoken, number)
    if material.speech:
        talk = sounds_in(material.speech, material.out)
        yield case("speech, recorded", "talk", lambda: spoken(joined(talk, 2 * length_s)))
    for number in range(2):
        yield made("knocks", noises.knocks, peak, number)
        yield made("hum", noises.hum, lambda y: at_level(y, HUM_DB), number)
        yield made("steps and clinks", noises.steps, peak, number)
        yield made("steps and clinks", noises.clinks, peak, number)
        yield made("singing and humming", voices.singing, spoken, number)
        yield made("singing and humming", voices.humming, spoken, number)
        yield made("mixed noises by rule", noises.mixed, lambda y: at_level(y, NOISE_DB), number)
    for path in sorted(material.noise.glob("*.ogg")) if material.noise else ():
        if not path.stem.startswith(("white", "pink", "roomtone")):  # Room tones hold ends of piano notes.
            yield case("mixed noises, recorded", path.stem, lambda path=path: joined_once(path, length_s))
    for slope in (0.0, 1.0):
        yield made("pink, white, silence", noises.coloured, lambda y: at_level(y, NOISE_DB), int(slope), slope=slope)
    yield case("pink, white, silence", "silence", lambda: np.zeros(round(length_s * SR), np.float32))


def joined_once(path: Path, length_s: float) -> np.ndarray:
    """The beginning of a sound file, as loud as it is."""
    y, sr = sound.load(path)
    return sound.resample(y[: round(length_s * sr)], sr=sr, target_sr=SR)


def sounds_in(folder: Path, out: Path) -> Path:
    """The folder itself, or where the sounds of the archives in it are unpacked."""
    unpacked = out / "unpacked" / folder.name
    for archive in sorted(folder.glob("*.tar.*")):
        if not (unpacked / archive.name).is_dir():
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked / archive.name, filter="data")
    return unpacked if unpacked.is_dir() else folder


# ------------------------------------------------------------------------------------------- melodies and notes


@cache
def melodies(material: Material) -> tuple[tuple[str, Sounding], ...]:
    """Phrases of single notes of real pianos, one note at a time."""
    found = []
    for folder in material.piano_folders():
        made = make_phrases(singles(folder), n_phrases=material.each, n_notes=12, seed=1)
        found += [(f"{folder.name} {phrase.id}", Sounding(phrase.y, phrase.sr, phrase.notes)) for phrase in made]
    if not found:
        shipped = load_dataset("real", split="test").recordings
        for recording in [one for one in shipped if one.kind == "phrases"][: material.each]:
            found.append((recording.id, Sounding(*recording.load(), recording.notes())))
    return tuple(found)


def singles(folder: Path) -> Dataset:
    """The single notes of a folder with an index.json as a data set; the loudest layer and one microphone."""
    entries = {}
    for entry in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        known = entries.get(entry["midi"])
        if known is None or entry["layer"] > known["layer"]:
            entries[entry["midi"]] = entry
    found = (
        Recording(f"{midi}", folder / entry["file"], kind="notes", key=midi, source="real")
        for midi, entry in sorted(entries.items())
    )
    return Dataset(folder.name, tuple(found))


def phrases(material: Material) -> Iterator[Case]:
    """The melodies as they are."""
    for name, melody in melodies(material):
        yield Case("phrases", "clean", name, lambda melody=melody: melody)


def isolated(material: Material) -> Iterator[Case]:
    """Single notes, one a case."""
    recordings = [one for folder in material.piano_folders() for one in singles(folder).recordings]
    if not recordings:
        recordings = [one for one in load_dataset("real", split="test").recordings if one.kind == "notes"]
    for recording in recordings:
        name = f"{recording.audio.parent.name} {recording.id}"
        yield Case("isolated", "single notes", name, lambda one=recording: Sounding(*one.load(), one.notes()))


def beside(material: Material) -> Iterator[Case]:
    """The melodies while somebody talks, 15 dB below."""
    for number, (name, melody) in enumerate(melodies(material)):
        talkers = [voices.speech] + [espeak.spoken] * espeak.is_installed()
        talk = talkers[number % len(talkers)]
        yield Case("beside speech", "talk by rule and of espeak-ng", name, mixer(melody, talk, name))
    if material.speech:
        talk = sounds_in(material.speech, material.out)
        for name, melody in melodies(material):
            yield Case("beside speech", "recorded talk", name, mixer(melody, lambda s, sr, rng: joined(talk, s), name))


def mixer(melody: Sounding, talk: Callable, name: str) -> Callable[[], Sounding]:
    """What makes a melody with something beside it."""

    def make() -> Sounding:
        y = sound.resample(melody.y, sr=melody.sr, target_sr=SR)
        other = talk(len(y) / SR, sr=SR, rng=seeded("beside", name))
        other = np.resize(other, len(y))
        other *= np.sqrt(np.mean(y**2) / max(np.mean(other**2), 1e-12)) * 10.0 ** (-BESIDE_DB / 20.0)
        return Sounding((y + other) / max(1.0, np.abs(y + other).max()), SR, melody.notes)

    return make


def in_noise(material: Material) -> Iterator[Case]:
    """The melodies in noise, quiet, and through a cheap microphone."""
    changes = {
        "pink noise 20 dB below": lambda y, sr, rng: noisy(y, snr_db=20.0, rng=rng, slope=1.0),
        "pink noise 10 dB below": lambda y, sr, rng: noisy(y, snr_db=10.0, rng=rng, slope=1.0),
        "white noise 10 dB below": lambda y, sr, rng: noisy(y, snr_db=10.0, rng=rng),
        "quiet: -45 dBFS over noise at -75": lambda y, sr, rng: noisy(at_level(y, -45.0), snr_db=30.0, rng=rng),
        "cheap microphone, noise at 30 dB": lambda y, sr, rng: cheap(y, sr=sr, rng=rng, rooms=material.rooms),
    }
    for part, change in changes.items():
        for name, melody in melodies(material):

            def make(melody=melody, change=change, name=name) -> Sounding:
                y = change(melody.y, melody.sr, seeded("noise", name))
                return melody._replace(y=y / np.float32(max(1.0, np.abs(y).max())))

            yield Case("noise", part, name, make)


def cheap(y: np.ndarray, *, sr: int, rng: np.random.Generator, rooms: Path | None) -> np.ndarray:
    """The sound through a small microphone or speaker, measured where there are any, with its noise."""
    if rooms is None:
        y = cheap_microphone(y, sr=sr, rng=rng)
    else:
        y = measured_room(y, sr=sr, response=rng.choice(responses(rooms, "speaker")))
    return noisy(y, snr_db=CHEAP_NOISE_DB, rng=rng)


@cache
def responses(rooms: Path, *kinds: str) -> list[Path]:
    """Measured responses of these kinds, of those that a training holds out (if there are any)."""
    entries = json.loads((rooms / "index.json").read_text(encoding="utf-8"))
    found = [rooms / entry["file"] for entry in entries if entry["kind"] in kinds]
    held_out = set(held_out_responses(rooms))
    return [path for path in found if path in held_out] or found


# ------------------------------------------------------------------------------------------------- performances


def maps(material: Material) -> Iterator[Case]:
    """The beginning of each recording of a real piano that a user has labelled."""
    for recording in load_dataset(material.maps, split="all").recordings if material.maps else ():

        def make(recording=recording) -> Sounding:
            y, sr = recording.load(duration_s=material.seconds)
            length_s = len(y) / sr
            return Sounding(y, sr, recording.notes().between(0.0, length_s), pedal_of(recording, length_s))

        yield Case("real recordings", "all", recording.id, make)


def performances(material: Material) -> Iterator[Case]:
    """Performances rendered on pianos that nothing was trained on: dry, in rooms, by cheap microphones."""
    if material.midi is None or material.pianos is None:
        yield from shipped_pieces(material)
        return
    for folder in material.piano_folders():
        for number, (name, data) in enumerate(pieces(material.midi, material.each)):
            for part in ("dry", "in rooms", "cheap microphone"):

                def make(folder=folder, name=name, data=data, part=part) -> Sounding:
                    return performed(material, folder, name, data, part)

                yield Case("performances", part, f"{folder.name} {number} {name}", make)


def shipped_pieces(material: Material) -> Iterator[Case]:
    """Pieces of the recordings that come with pianolab."""
    whole = load_dataset("real", split="test")
    chosen = some(replace(whole, recordings=tuple(r for r in whole.recordings if r.kind == "piece")), material.each)
    for recording in chosen.recordings:

        def make(recording=recording) -> Sounding:
            y, sr = recording.load(duration_s=material.seconds)
            length_s = len(y) / sr
            return Sounding(y, sr, recording.notes().between(0.0, length_s), pedal_of(recording, length_s))

        yield Case("performances", "in rooms", recording.id, make)


def pedal_of(recording, seconds: float) -> np.ndarray | None:
    """When the pedal was down in the beginning of a recording; None where its labels know of none."""
    pedal = recording.pedal()
    return np.minimum(pedal[pedal[:, 0] < seconds], seconds) if len(pedal) else None


@cache
def pieces(midi: Path, n: int) -> list[tuple[str, bytes]]:
    """The last pieces of each archive of MIDI files, by name, of those that a training holds out (if there are any)."""
    of_archive = {}
    for archive in sorted(midi.glob("*.tar.*")):
        with tarfile.open(archive) as tar:
            of_archive[archive] = sorted(name for name in tar.getnames() if name.endswith(".mid"))
    held_out = set(held_out_pieces(name for names in of_archive.values() for name in names))
    found = []
    for archive, names in of_archive.items():
        with tarfile.open(archive) as tar:
            for name in ([name for name in names if name in held_out] or names)[-((n + 1) // 2) :]:
                found.append((Path(name).stem[:40], tar.extractfile(name).read()))
    return found


def performed(material: Material, folder: Path, name: str, data: bytes, part: str) -> Sounding:
    """Half a minute of a piece on a sampled piano, somewhere."""
    rng = seeded("performance", folder.name, name, part)
    song = read_midi(data, name)
    start_s = float(song.notes.onset[len(song.notes) // 4]) - 0.3
    end_s = start_s + material.seconds
    within = (song.notes.onset >= start_s) & (song.notes.onset < end_s - 1.0)
    notes, pedal = merged_strokes(song.notes[within], start_s), song.pedal - start_s
    pedal = np.clip(pedal[(pedal[:, 1] > 0) & (pedal[:, 0] < material.seconds)], 0.0, material.seconds)
    y = piano(folder).render(notes, rng=rng, pedal=pedal)[: round(material.seconds * SR)]
    if part == "in rooms" and material.rooms is None:
        y = in_random_room(y, sr=SR, rng=rng)
    elif part == "in rooms":
        y = measured_room(y, sr=SR, response=rng.choice(responses(material.rooms, "house", "room", "hall")))
    elif part == "cheap microphone":
        y = cheap(y, sr=SR, rng=rng, rooms=material.rooms)
    loudest = max(np.abs(y).max(), 1e-9)
    return Sounding(y * np.float32(rng.uniform(0.1, 0.7) / loudest), SR, notes.between(0.0, len(y) / SR), pedal)


def merged_strokes(notes: Notes, start_s: float) -> Notes:
    """The notes from a moment on. Of two strokes of one key within 30 ms only the first is one."""
    order = np.lexsort((notes.onset, notes.midi))
    notes = notes[order]
    again = (np.diff(notes.midi, prepend=-1) == 0) & (np.diff(notes.onset, prepend=-1.0) < 0.03)
    notes = notes[~again]
    notes = notes[np.argsort(notes.onset, kind="stable")]
    return Notes(notes.onset - start_s, notes.offset - start_s, notes.midi, notes.velocity).on_keyboard()


@cache
def piano(folder: Path) -> SampledPiano:
    """The piano whose single notes stand in a folder."""
    return SampledPiano(folder, sr=SR)


ROWS = {
    "nobody": nobody,
    "beside speech": beside,
    "noise": in_noise,
    "isolated": isolated,
    "phrases": phrases,
    "real recordings": maps,
    "performances": performances,
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to; it is made if it is not there")
    parser.add_argument("--row", choices=[name for name in ROWS if name != "real recordings"], default="nobody")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each sound (default: 30)")
    args = parser.parse_args(argv)
    args.folder.mkdir(parents=True, exist_ok=True)
    for case in ROWS[args.row](Material(seconds=args.seconds, out=args.folder)):
        heard = case.make()
        sound.write(args.folder / f"{case.part}, {case.name}.wav".replace("/", "_"), heard.y, sr=heard.sr)


if __name__ == "__main__":
    sys.exit(main())
