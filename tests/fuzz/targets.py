"""What is done with a damaged input, and what may come of it: an answer or one refusal of ours, and nothing else."""

import base64
import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random

import mutation
import numpy as np
import seeds

from pianolab import labels, sound
from pianolab.errors import PianolabError, PianolabWarning, first_line
from pianolab.labels import LabelError, LabelWarning
from pianolab.sound import AudioError, AudioWarning

READING_MB = 300  # Reading a small file, however damaged, never needs more memory than this.
HEARING_MB = 900  # Detectors and their libraries are in memory as well.
MOST_WORDS = 1000  # A refusal that is longer than so many characters says too much.


class FoundError(AssertionError):
    """Something that a damaged input must not do."""


@dataclass(frozen=True)
class Target:
    """One kind of input: how it is made, how it is damaged, what reads it, and what that may raise and warn of."""

    seeds: Callable[[], list[bytes]]
    mutate: Callable[..., bytes]
    use: Callable[[bytes], object]
    tokens: Sequence[bytes] = ()
    refusals: tuple[type[Exception], ...] = (PianolabError,)
    remarks: tuple[type[Warning], ...] = (PianolabWarning,)
    shown: Callable[[BaseException], str] = str  # How a refusal reaches the user.
    memory_mb: int = READING_MB
    work: int = 1  # How many times as much work a case is as reading a file; so many times fewer are tried.

    @property
    def files(self) -> list[bytes]:
        """The whole inputs."""
        return _made(self.seeds)

    def case(self, seed: int, number: int) -> bytes:
        """A damaged input by its number."""
        rng = Random(f"{seed} {number}")
        return self.mutate(rng.choice(self.files), rng, others=self.files, tokens=self.tokens)

    def check(self, data: bytes) -> str:
        """Use an input: 'read' or 'refused'; FoundError, or whatever was raised, for all that is not allowed."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                self.use(data)
                outcome = "read"
            except self.refusals as error:
                _refuse_bad_text(self.shown(error))
                outcome = "refused"
        for one in said:
            if not issubclass(one.category, self.remarks):
                place = f"{Path(one.filename).name}, line {one.lineno}"
                raise FoundError(f"a warning of others: {one.category.__name__}: {one.message} ({place})")
            _refuse_bad_text(str(one.message))
        return outcome


@cache
def _made(make: Callable[[], list[bytes]]) -> list[bytes]:
    return make()


def _refuse_bad_text(text: str) -> None:
    if not (text.strip() and text.isprintable() and len(text) <= MOST_WORDS):
        raise FoundError(f"no printable line of at most {MOST_WORDS} characters: {text[:200]!r}")


def _use_audio(data: bytes) -> None:
    """Everything that a file goes through: what it says of itself, all of it, in blocks, and a part of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "song.wav")
        path.write_bytes(data)
        info = sound.info(path)
        blocks = []
        for block in sound.blocks(io.BytesIO(data), block_length=5000):
            if block.dtype != np.float32 or block.ndim != 1 or not np.all(np.isfinite(block)):
                raise FoundError(f"a block of {block.dtype}, shape {block.shape}")
            blocks.append(block)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            y, _ = sound.load(io.BytesIO(data))
        if not np.array_equal(np.concatenate(blocks), y):
            raise FoundError(f"{sum(map(len, blocks))} samples in blocks, {len(y)} at once")
        if not said and len(y) != info.n_samples:  # What is damaged in the middle says so when it is read.
            raise FoundError(f"{len(y)} samples where {info.n_samples} were promised")
        sound.load(path, start_s=min(0.1, info.seconds / 2), duration_s=0.05)


def _use_labels(data: bytes, *, suffixes: Sequence[str], pedal: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "song" + suffixes[len(data) % len(suffixes)])
        path.write_bytes(data)
        for rule in ("release", "extended") if pedal else ("release",):
            notes = labels.read_labels(path, pedal=rule)
            if not (np.all(np.isfinite(notes.intervals)) and np.all(notes.offset >= notes.onset)):
                raise FoundError("times that cannot be")
        labels.read_pedal(path)


def _use_notation(data: bytes) -> None:
    """A score that can be read has notes with times that can be, and pages."""
    from pianolab.practice import score_of

    score = score_of(data, "song")
    times = [(note.onset_s, note.offset_s) for note in score.notes]
    if not (np.all(np.isfinite(times)) and all(0 <= onset < offset for onset, offset in times)):
        raise FoundError(f"times that cannot be: {times[:5]}")
    if not all(page.startswith("<svg") for page in score.pages()):
        raise FoundError("a page that is no SVG")
    score.part()


def _use_scores(data: bytes) -> None:
    """Labels that could be read are scored against others in bounded time and memory."""
    from pianolab.scores import score_notes

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "song.tsv")
        path.write_bytes(data)
        notes = labels.read_labels(path)
    for one, other in ((notes, seeds.NOTES), (seeds.NOTES, notes)):
        scores = score_notes(one, other)
        if not all(np.isfinite(value) for value in scores.values()):
            raise FoundError(f"scores that are no numbers: {scores}")


def _use_spec(data: bytes) -> None:
    from pianolab import registry

    text = data.decode("utf-8", "replace")
    detector = registry.create(text)
    if registry.create(detector.spec).params != detector.params:
        raise FoundError(f"{detector.spec!r} makes another detector than {text!r}")


def _use_piano(data: bytes) -> None:
    """What an index names is there, and is a key."""
    from pianolab.piano.samples import list_single_notes

    with tempfile.TemporaryDirectory() as folder:
        for name in ("60_0.wav", "60_1.wav"):
            Path(folder, name).touch()
        Path(folder, "index.json").write_bytes(data)
        for note in list_single_notes(folder):
            if not (note.path.is_file() and 21 <= note.midi <= 108 and np.isfinite(note.onset_s or 0.0)):
                raise FoundError(f"a note that cannot be: {note}")


def _use_messages(data: bytes) -> None:
    """A page may say anything; every message has an answer that can be sent."""
    from pianolab.live.responder import Responder

    try:
        asked = json.loads(data)
    except ValueError:
        return
    with tempfile.TemporaryDirectory() as folder:
        responder = Responder("yin", folder=folder)
        for message in asked if isinstance(asked, list) else [asked]:
            if isinstance(message, dict) and message.get("take") == "take" and responder.takes:
                message["take"] = responder.takes[-1].name
            answer, _ = responder.handle(message, [_noise(1024)])
            sent = json.dumps(answer, allow_nan=False)  # What a browser's JSON.parse refuses must not be sent.
            if answer["type"] == "refused":
                _refuse_bad_text(answer["text"])
            if len(sent) > 200_000:
                raise FoundError(f"an answer of {len(sent)} characters")
        responder.close()


def _use_stream(data: bytes) -> None:
    """A client of the stream may say anything."""
    from pianolab.practice.streaming.messages import read_message

    try:
        text = data.decode()
    except UnicodeDecodeError:  # The websocket itself refuses such a message.
        return
    read_message(text)


def _use_practice(data: bytes) -> None:
    """The practice page may say anything."""
    from pianolab.practice.page.messages import read_asked

    with suppress(UnicodeDecodeError):  # The websocket itself refuses such a message.
        read_asked(data.decode())


@cache
def _noise(n: int) -> bytes:
    return np.random.default_rng(0).integers(-3000, 3000, n).astype("<i2").tobytes()


def _cache_files() -> list[bytes]:
    from pianolab.compare.cache import Cache, Heard
    from pianolab.session import Transcription

    with tempfile.TemporaryDirectory() as folder:
        times = np.arange(5.0)
        Cache(folder).put("bare", Heard(Transcription(seeds.NOTES, 1.0, 0.5)))
        Cache(folder).put(
            "full", Heard(Transcription(seeds.NOTES, 1.0, 0.5, times, times + 440, times / 10), ("a remark",))
        )
        return [path.read_bytes() for path in sorted(Path(folder).iterdir())]


def _use_cache(data: bytes) -> None:
    """A damaged file of the cache is not there; one that is believed is one of those that were written."""
    from pianolab.compare.cache import Cache

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "key.notes").write_bytes(data)
        if Cache(folder).get("key") is not None and data not in _made(_cache_files):
            raise FoundError(f"a damaged file was believed: {base64.b85encode(data[:40])!r}")


def _use_fault(data: bytes) -> None:
    """What the watcher must find out: an error of others, a crash, a hang, too much memory."""
    fault = data[:1]
    if fault == b"k":
        raise KeyError(data)
    if fault == b"a":
        os.abort()
    if fault == b"h":
        time.sleep(1000.0)
    if fault == b"m":
        np.ones(2**26)
    if fault == b"w":
        warnings.warn("of others", DeprecationWarning, stacklevel=1)


MIDI_SUFFIXES = (".mid", ".midi", ".rmi", ".kar", ".smf")
TARGETS = {
    "audio": Target(seeds.audio, mutation.mutate_bytes, _use_audio, seeds.AUDIO_TOKENS, (AudioError,), (AudioWarning,)),
    "midi": Target(
        seeds.midi,
        mutation.mutate_bytes,
        partial(_use_labels, suffixes=MIDI_SUFFIXES, pedal=True),
        seeds.MIDI_TOKENS,
        (LabelError,),
        (LabelWarning,),
    ),
    "labels": Target(
        seeds.labels,
        mutation.mutate_text,
        partial(_use_labels, suffixes=[s for s in labels.LABEL_SUFFIXES if s not in MIDI_SUFFIXES], pedal=False),
        seeds.LABEL_TOKENS,
        (LabelError,),
        (LabelWarning,),
    ),
    "notation": Target(
        seeds.notation, mutation.mutate_text, _use_notation, seeds.NOTATION_TOKENS, memory_mb=HEARING_MB, work=5
    ),
    "scores": Target(seeds.labels, mutation.mutate_text, _use_scores, seeds.LABEL_TOKENS, memory_mb=HEARING_MB),
    "spec": Target(
        seeds.specs,
        mutation.mutate_text,
        _use_spec,
        (b":", b",", b"=", b".py:"),
        shown=first_line,
        memory_mb=HEARING_MB,
    ),
    "pianos": Target(seeds.pianos, mutation.mutate_json, _use_piano),
    "messages": Target(seeds.messages, mutation.mutate_json, _use_messages, memory_mb=HEARING_MB, work=20),
    "stream": Target(seeds.stream, mutation.mutate_json, _use_stream),
    "practice": Target(seeds.practice, mutation.mutate_json, _use_practice),
    "cache": Target(_cache_files, mutation.mutate_bytes, _use_cache, memory_mb=HEARING_MB),
}


def target_of(name: str) -> Target:
    """A kind of input by name; also the one with which the watcher itself is tested."""
    return {**TARGETS, "faults": Target(lambda: list(b"kahmwxx"), _as_it_is, _use_fault)}[name]


def _as_it_is(data, rng, *, others, tokens):
    return bytes([data])
