"""Make the recordings of data/real: `python data/real/make.py --pianos DIR --rooms DIR`.

What comes in: two free sets of single notes and a collection of free room responses (README.md says where they come
from and in which form this script reads them). What comes out: single notes, phrases and pieces under recordings/ with
their labels, and index.json. All that is drawn comes from generators seeded with the name of a recording.
`--check` writes nothing and says whether the committed recordings are what the script would write: Ogg Vorbis loses a
little, so the sounds are compared by the power of their difference.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf
from scipy.signal import oaconvolve

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "builtin"))  # The scores are written and played as those of the built-in set.

from first_sampled import SampledPiano  # noqa: E402
from score import play, read_score  # noqa: E402

from pianolab import sound  # noqa: E402
from pianolab.data import Dataset, Recording, make_phrases  # noqa: E402
from pianolab.files import replacing  # noqa: E402
from pianolab.labels import read_labels, read_pedal, write_labels  # noqa: E402
from pianolab.roll import Notes  # noqa: E402
from pianolab.units import note_name  # noqa: E402

SR = 44100
START_S = 0.3  # So long it is silent before a single note, as before phrases and pieces.
HELD_S = 4.0  # A single note is held so long at most,
RELEASE_S = 0.1  # then it is faded like the notes of a phrase.
SOURCE_FADE_S = 0.3  # The source sets fade their notes out over so long before the end of the file.
REST_S = 0.3  # So long it is silent after a single note or a phrase.
N_PHRASES, N_NOTES = 20, 12
TAIL_S = 1.5  # A piece sounds so long after its last release, because the room does.
DIRECT_S = 0.005  # The direct sound stands so late in the room responses.
PEAK = 0.7  # Of phrases and pieces; single notes keep the levels of their set.
VORBIS_QUALITY = 0.4
BLOCK = 65536  # libsndfile encodes long Ogg files safely only in blocks.
WORST_DIFFERENCE_DB = -15.0  # Power of what differs against the sound: what Vorbis loses lies below (`--check`).


@dataclass(frozen=True)
class Piano:
    """A set of single notes and what is made of it: split, levels of the keys in pieces, licence."""

    folder: str
    short: str
    split: str
    levels: str
    licence: str


PIANOS = (
    # Its levels are those of the recording; the other set was evened by its authors, every note to full scale.
    Piano("yamaha_ydp", "ydp", "test", "recorded", "CC-BY-3.0"),
    Piano("kawai_upright_kw", "kawai", "tune", "smooth", "CC0-1.0"),
)


@dataclass(frozen=True)
class Made:
    """One recording: what index.json says of it, its sound, its labels and the pedal."""

    about: dict[str, Any]
    y: npt.NDArray[np.float32]
    notes: Notes
    pedal: npt.NDArray[np.float64] | None = None

    @property
    def path(self) -> Path:
        """Where its files are, without the suffix."""
        return HERE / "recordings" / self.about["id"]

    @property
    def labels(self) -> Path:
        """MIDI, or text where no velocity is known, which MIDI cannot say."""
        return self.path.with_suffix(".mid" if self.pedal is not None else ".tsv")


def recordings(pianos: Path, rooms: Path) -> Iterator[Made]:
    """Everything in the set, in the order of index.json."""
    responses = {entry["file"]: entry for entry in json.loads((rooms / "index.json").read_text("utf-8"))}
    for piano in PIANOS:
        singles = list(_single_notes(piano, pianos / piano.folder))
        yield from singles
        yield from _phrases(piano, singles)
        sampled = SampledPiano(pianos / piano.folder, sr=SR, levels=piano.levels, second_share=0.0)
        for path in sorted((HERE / "scores").glob("*.txt")):
            score = read_score(path)
            if score.fields["split"] == piano.split:
                room = f"{score.fields['room']}.flac"
                yield _piece(piano, score, sampled, rooms / room, responses[room])


def _about(piano: Piano, name: str, kind: str, *, title: str, composer: str, room: str = "as recorded", **more):
    return {
        "id": f"{piano.short}_{name}",
        "piece": name if kind == "piece" else f"{piano.short}_{name}",
        "title": title,
        "composer": composer,
        "kind": kind,
        "split": piano.split,
        "piano": piano.folder,
        "room": room,
        "licence": piano.licence,
        **more,
    }


def _rng(*words: str) -> np.random.Generator:
    """A generator that only these words decide."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(" ".join(words).encode()).digest()[:4], "big"))


def _single_notes(piano: Piano, folder: Path) -> Iterator[Made]:
    """Each recorded key once; where it was recorded softly and loudly, the keys take turns."""
    entries: dict[int, list[dict[str, Any]]] = {}
    for entry in json.loads((folder / "index.json").read_text("utf-8")):
        entries.setdefault(entry["midi"], []).append(entry)
    for number, (midi, layers) in enumerate(sorted(entries.items())):
        entry = layers[number % len(layers)]
        recorded, sr = sound.load(folder / entry["file"])
        recorded = sound.resample(recorded, sr=sr, target_sr=SR)
        onset = round(entry["onset_s"] * SR)
        held = min(round(HELD_S * SR), len(recorded) - onset - round(SOURCE_FADE_S * SR))
        tone = recorded[: onset + held + round(RELEASE_S * SR)].copy()
        fade = tone[onset + held :]
        fade *= 1.0 - np.arange(1, len(fade) + 1) / (len(fade) + 1)
        start = round(START_S * SR)
        y = np.concatenate([np.zeros(start - onset), tone, np.zeros(round(REST_S * SR))]).astype(np.float32)
        loudness = "" if entry["dynamic"] is None else ", softly" if entry["dynamic"] < 0.5 else ", loudly"
        name = note_name(midi)
        about = _about(piano, name.replace("#", "s"), "notes", title=f"{name}{loudness}", composer="")
        yield Made(about, y, Notes([start / SR], [(start + held) / SR], [midi]))


def _phrases(piano: Piano, singles: list[Made]) -> Iterator[Made]:
    with TemporaryDirectory() as folder:
        known = []
        for made in singles:
            path = Path(folder) / made.about["id"]
            sound.write(path.with_suffix(".wav"), made.y, sr=SR, subtype="FLOAT")
            write_labels(path.with_suffix(".tsv"), made.notes)
            known.append(Recording(path.name, path.with_suffix(".wav"), path.with_suffix(".tsv"), kind="notes"))
        seed = int(_rng(piano.short, "phrases").integers(2**31))
        phrases = make_phrases(
            Dataset(piano.short, tuple(known)),
            n_phrases=N_PHRASES,
            n_notes=N_NOTES,
            seed=seed,
            release_s=RELEASE_S,
            sr=SR,
        )
        for number, phrase in enumerate(phrases, start=1):
            title = f"Phrase {number} of {N_PHRASES}, keys at random"
            about = _about(piano, f"phrase_{number:02d}", "phrases", title=title, composer="written for pianolab")
            yield Made(
                about, np.concatenate([_at_peak(phrase.y), np.zeros(round(REST_S * SR), np.float32)]), phrase.notes
            )


def _piece(piano: Piano, score: Any, sampled: SampledPiano, room: Path, measured: dict[str, Any]) -> Made:
    """A score, played as a person would, on the sampled piano, in a measured room."""
    notes, pedal = play(score, _rng("real", score.name))
    y = sampled.render(notes, pedal=pedal, rng=_rng("real", score.name, "strokes"), tail_s=TAIL_S)
    response, sr = sound.load(room)
    response = sound.resample(response, sr=sr, target_sr=SR)
    late = round(DIRECT_S * SR)
    about = _about(
        piano,
        score.name,
        "piece",
        title=score.fields["title"],
        composer=score.fields["composer"],
        room=score.fields["room"],
        room_t20_s=measured["t20_s"],
        room_drr_db=measured["drr_db"],
    )
    return Made(about, _at_peak(oaconvolve(y, response)[late : late + len(y)]), notes, pedal)


def _at_peak(y: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return np.asarray(y * (PEAK / np.max(np.abs(y))), np.float32)


def write(made: Made) -> dict[str, Any]:
    """Write the files of a recording; returns its entry in index.json."""
    path = made.path.with_suffix(".ogg")
    path.parent.mkdir(exist_ok=True)
    settings = {"subtype": "VORBIS", "format": "OGG", "compression_level": 1.0 - VORBIS_QUALITY}
    with replacing(path) as temporary, sf.SoundFile(temporary, "w", SR, 1, **settings) as file:
        for start in range(0, len(made.y), BLOCK):
            file.write(made.y[start : start + BLOCK])
    write_labels(made.labels, made.notes, pedal=made.pedal)
    about = made.about | {"seconds": round(len(made.y) / SR, 3), "labels": made.labels.name}
    return about | {"sha256": sound.checksum(path)}


def write_index(entries: list[dict[str, Any]]) -> None:
    """Write index.json, one recording a line."""
    about = "Recorded notes of two real pianos, and what is made of them; written by make.py, see README.md"
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    with replacing(HERE / "index.json") as temporary:
        text = f'{{"about": {json.dumps(about)},\n"sr": {SR},\n"recordings": [\n{lines}\n]}}\n'
        temporary.write_text(text, encoding="utf-8")


def difference(made: Made, entry: dict[str, Any] | None) -> str | None:
    """How a committed recording differs from what would be written; None if it does not."""
    name = made.about["id"]
    if entry is None or any(entry.get(key) != value for key, value in made.about.items()):
        return f"{name}: index.json does not hold what make.py says of it"
    pedal = np.zeros((0, 2)) if made.pedal is None else made.pedal
    notes = read_labels(made.labels)
    times = [(notes.intervals, made.notes.intervals), (read_pedal(made.labels), pedal)]
    if len(notes) != len(made.notes) or not all(a.shape == b.shape and np.allclose(a, b, atol=5e-5) for a, b in times):
        return f"{name}: {made.labels.name} is not what make.py writes"
    y, _ = sound.load(made.path.with_suffix(".ogg"))
    if len(y) != len(made.y):
        return f"{name}: {len(y)} samples of sound where make.py makes {len(made.y)}"
    off_db = 10.0 * np.log10(np.mean((y - made.y) ** 2) / np.mean(made.y**2))
    return f"{name}: differs by {off_db:.1f} dB" if off_db > WORST_DIFFERENCE_DB else None


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--pianos", type=Path, required=True, metavar="DIR", help="holds yamaha_ydp/ and kawai_upright_kw/"
    )
    parser.add_argument("--rooms", type=Path, required=True, metavar="DIR", help="room responses with their index.json")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the committed files differ")
    args = parser.parse_args()
    if args.check:
        known = {entry["id"]: entry for entry in json.loads((HERE / "index.json").read_text("utf-8"))["recordings"]}
        problems = [difference(made, known.pop(made.about["id"], None)) for made in recordings(args.pianos, args.rooms)]
        problems = [text for text in problems if text] + [f"{name}: make.py does not know it" for name in known]
        print("\n".join(problems) or "The committed recordings are what make.py writes.")
        return 1 if problems else 0
    entries = [write(made) for made in recordings(args.pianos, args.rooms)]
    write_index(entries)
    named = {Path(entry["labels"]).stem for entry in entries}
    for stale in [path for path in (HERE / "recordings").iterdir() if path.stem not in named]:
        stale.unlink()
    megabytes = sum(path.stat().st_size for path in HERE.rglob("*") if path.is_file()) / 1e6
    print(f"{len(entries)} recordings, {sum(e['seconds'] for e in entries) / 60:.1f} minutes, {megabytes:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
