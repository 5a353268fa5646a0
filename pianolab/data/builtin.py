"""The data set that comes with pianolab: note lists in the repository, sound made from them on first use.

What comes in: data/builtin/index.json (what each recording is) and data/builtin/notes (which keys are played when).
What comes out: data/builtin/audio/<id>.flac at 44.1 kHz, rendered by piano.py and kept until the notes or the piano
change. index.json also holds a fingerprint of the sound, its energy in eight octaves in every second, so that anyone
can check that their machine renders what ours did.
"""

import hashlib
import inspect
import json
import os
from pathlib import Path

import numpy as np
import soundfile as sf
from tqdm.auto import tqdm

from pianolab import sound
from pianolab.data.recording import MONOPHONIC_KINDS
from pianolab.errors import PianolabError, printable
from pianolab.files import replacing
from pianolab.labels import LabelError, read_labels, read_pedal
from pianolab.piano import PIANOS, ROOMS, render
from pianolab.units import MIDI_HIGH, MIDI_LOW

SR = 44100
TAIL_S = 0.6  # sound after the last release
BAND_EDGES_HZ = (40, 80, 160, 320, 640, 1280, 2560, 5120, 10240)
FINGERPRINT_FLOOR_DB = -90.0
FINGERPRINT_TOLERANCE_DB = 0.5  # in bands above -60 dBFS; other machines differ by rounding only
FINGERPRINT_HEARD_DB = -60.0


class BuiltinError(PianolabError):
    """The built-in data set cannot be found or used; the message is one line with the remedy."""


def data_dir():
    """Folder of the data sets: the environment variable PIANOLAB_DATA, else data/ of the clone.

    Raises
    ------
    BuiltinError
        If neither holds builtin/index.json.
    """
    given = os.environ.get("PIANOLAB_DATA")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "data"
    if not (folder / "builtin" / "index.json").is_file():
        where = f"PIANOLAB_DATA is {printable(given)!r}, which" if given else "this installation"
        raise BuiltinError(f"{where} has no builtin/index.json: set PIANOLAB_DATA to the data folder of a clone")
    return folder


def builtin_index():
    """The entries of index.json: a list of dicts, one a recording, in the order of the file.

    Each has id, piece, title, composer, kind, split ("tune" or "test"), piano, room, licence, seed, seconds and
    fingerprint_db (seconds x octave bands of ``BAND_EDGES_HZ``).

    Raises
    ------
    BuiltinError
        If the folder or a whole index is not there.
    """
    path = data_dir() / "builtin" / "index.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["recordings"]
    except (ValueError, KeyError, TypeError) as error:
        raise BuiltinError(f"{printable(path)} is damaged ({error}): restore it with git checkout") from error


def write_index(entries, folder):
    """Write index.json: what holds for all, then one recording after the other, a fingerprint on one line."""
    head = {
        "about": "The built-in data set of pianolab; written by compose.py, see data/README.md",
        "sr": SR,
        "band_edges_hz": BAND_EDGES_HZ,
        "fingerprint_tolerance_db": FINGERPRINT_TOLERANCE_DB,
    }
    lines = [f'"{key}": {json.dumps(value)},' for key, value in head.items()]
    blocks = []
    for entry in entries:
        fields = [f'  "{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in entry.items()]
        blocks.append("{\n" + ",\n".join(fields) + "\n}")
    with replacing(Path(folder) / "index.json") as temporary:
        text = "{\n" + "\n".join(lines) + '\n"recordings": [\n' + ",\n".join(blocks) + "\n]}\n"
        temporary.write_text(text, encoding="utf-8")


def notes_path(entry):
    """Where the note list of an index entry is."""
    return data_dir() / "builtin" / "notes" / f"{entry['id']}.mid"


def audio_path(entry):
    """Where the sound of an index entry is, or will be."""
    return data_dir() / "builtin" / "audio" / f"{entry['id']}.flac"


def render_notes(notes, *, piano, room, seed, pedal=None):
    """Notes as sound, the way the whole set is rendered: float32 mono at 44.1 kHz."""
    return render(notes, sr=SR, piano=piano, room=room, pedal=pedal, seed=seed, tail_s=TAIL_S)


def render_builtin(*, progress=True, force=False, ids=None):
    """Render the recordings that are missing or older than their notes or than piano.py.

    Safe to interrupt and to run twice at once: a file appears when it is whole.

    Parameters
    ----------
    progress : bool
        Show a progress bar.
    force : bool
        Render also what is there and up to date.
    ids : collection of str, optional
        Only these recordings; all by default.

    Returns
    -------
    list of str
        The ids that were rendered.

    Raises
    ------
    BuiltinError
        If the data folder is missing or cannot be written to.
    """
    wanted = [entry for entry in builtin_index() if ids is None or entry["id"] in ids]
    source = piano_source()
    todo = [entry for entry in wanted if force or _stored_key(audio_path(entry)) != render_key(entry, source)]
    if not todo:
        return []
    folder = data_dir() / "builtin" / "audio"
    try:
        folder.mkdir(exist_ok=True)
        for entry in tqdm(todo, desc="rendering the built-in set", unit="recording", disable=not progress):
            _render_one(entry, source)
    except OSError as error:
        raise BuiltinError(
            f"{printable(folder)} cannot be written ({error.strerror or error}): free some space, or set "
            "PIANOLAB_DATA to a copy of data/ that is yours"
        ) from error
    return [entry["id"] for entry in todo]


def _render_one(entry, source):
    path = notes_path(entry)
    y = render_notes(
        read_labels(path), piano=entry["piano"], room=entry["room"], seed=entry["seed"], pedal=read_pedal(path)
    )
    with (
        replacing(audio_path(entry)) as temporary,
        sf.SoundFile(temporary, "w", SR, 1, subtype="PCM_16", format="FLAC") as file,
    ):
        file.comment = render_key(entry, source)  # the sound carries what it was made from: no second file to lose
        file.write(y)


def piano_source() -> str:
    """SHA-256 of the code that renders: of all files of the piano's folder, whatever it is split into."""
    files = sorted(Path(inspect.getfile(render)).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def render_key(entry, source):
    """What a rendered file depends on, as one line: notes, piano, room, seed, tail and the code that renders."""
    try:
        notes = hashlib.sha256(notes_path(entry).read_bytes()).hexdigest()
    except FileNotFoundError:
        raise BuiltinError(f"{printable(notes_path(entry))} is missing: restore it with git checkout") from None
    parts = (notes, entry["piano"], entry["room"], entry["seed"], TAIL_S, SR, source)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _stored_key(path):
    try:
        with sf.SoundFile(path) as file:
            return file.comment
    except (sf.LibsndfileError, OSError):
        return None


def fingerprint(y, *, sr):
    """Energy in each octave band in each second, dB (0 dB: mean square 1), rounded to 0.1.

    Parameters
    ----------
    y : (n,) array
        Mono signal.
    sr : int
        Hz.

    Returns
    -------
    (ceil(n / sr), 8) float64 array
        Not below -90 dB.
    """
    rows = []
    for start in range(0, len(y), sr):
        power = np.abs(np.fft.rfft(y[start : start + sr], sr)) ** 2 * 2.0 / sr**2
        energy = np.add.reduceat(power[: BAND_EDGES_HZ[-1]], BAND_EDGES_HZ[:-1])
        rows.append(10.0 * np.log10(np.maximum(energy, 10.0 ** (FINGERPRINT_FLOOR_DB / 10.0))))
    return np.round(np.array(rows).reshape(-1, len(BAND_EDGES_HZ) - 1), 1)


def check_builtin(*, progress=False):
    """Verify the set: index, files, labels, splits, fingerprints. Renders what is missing first.

    Returns
    -------
    list of str
        One line a problem; empty when all is well.
    """
    entries = builtin_index()
    problems, sound = _index_problems(entries), []
    for entry in entries:
        try:
            found = _label_problems(entry, read_labels(notes_path(entry)))
        except LabelError as error:
            found = [f"{entry['id']}: {error}"]
        problems += found
        if not found:
            sound.append(entry)
    problems += _coverage_problems(sound)
    render_builtin(progress=progress, ids={entry["id"] for entry in sound})
    return problems + [problem for entry in sound for problem in _sound_problems(entry)]


def _index_problems(entries):
    ids = [entry["id"] for entry in entries]
    stems = {path.stem for path in (data_dir() / "builtin" / "notes").glob("*.mid")}
    problems = [f"{name}: more than once in index.json" for name in sorted({i for i in ids if ids.count(i) > 1})]
    problems += [f"{name}: in index.json without notes/{name}.mid" for name in sorted(set(ids) - stems)]
    problems += [f"{name}: notes/{name}.mid is not in index.json" for name in sorted(stems - set(ids))]
    splits = {}
    for entry in entries:
        splits.setdefault(entry["piece"], set()).add(entry["split"])
        if entry["split"] not in ("tune", "test"):
            problems.append(f"{entry['id']}: split {entry['split']!r} is neither tune nor test")
        if entry["piano"] not in PIANOS or entry["room"] not in ROOMS:
            problems.append(f"{entry['id']}: piano {entry['piano']!r} or room {entry['room']!r} is unknown")
    return problems + [f"piece {piece}: both tune and test" for piece, both in sorted(splits.items()) if len(both) > 1]


def _label_problems(entry, notes):
    if not len(notes):
        return [f"{entry['id']}: no notes"]
    problems = []
    if entry["kind"] in MONOPHONIC_KINDS and np.any(notes.onset[1:] < notes.offset[:-1]):
        problems.append(f"{entry['id']}: kind {entry['kind']}, but notes overlap")
    if notes.offset.max() > entry["seconds"]:
        problems.append(f"{entry['id']}: a note ends after the {entry['seconds']} s of sound")
    for key in np.unique(notes.midi):
        mine = notes[notes.midi == key]
        if np.any(mine.onset[1:] < mine.offset[:-1]):
            problems.append(f"{entry['id']}: key {key} is struck while it is down")
    return problems


def _coverage_problems(entries):
    """Every key at three loudnesses among the single notes of the test split."""
    notes = [read_labels(notes_path(e)) for e in entries if e["kind"] == "notes" and e["split"] == "test"]
    midi, velocity = (np.concatenate([getattr(n, name) for n in notes] or [[]]) for name in ("midi", "velocity"))
    layers = {key: len(np.unique(np.round(velocity[midi == key] / 20))) for key in range(MIDI_LOW, MIDI_HIGH + 1)}
    return [f"test notes: key {key} has {n} loudnesses, not 3" for key, n in layers.items() if n != 3]


def _sound_problems(entry):
    y, sr = sound.load(audio_path(entry))
    want, got = np.array(entry["fingerprint_db"]), fingerprint(y, sr=sr)
    if want.shape != got.shape:
        return [f"{entry['id']}: {len(got)} s of sound where the fingerprint has {len(want)} s"]
    heard = np.maximum(want, got) > FINGERPRINT_HEARD_DB
    off = np.abs(want - got)[heard].max(initial=0.0)
    if off > FINGERPRINT_TOLERANCE_DB:
        remedy = "if piano.py was changed on purpose, run data/builtin/compose.py"
        return [f"{entry['id']}: sounds up to {off:.1f} dB unlike its fingerprint: {remedy}"]
    return []
