"""What the page asks and what the kernel answers, as plain messages.

The page sends dictionaries with a ``type`` (and, with a block of sound, its bytes); each gets its answers at once.
Nothing here knows a browser: the widget only carries the messages, and the tests talk to the responder directly. No
message, however broken, raises.

Types that the page sends: hello, start, block, poll, choose, stop, play, save, label, forget.
Types that it gets: ready, started, heard, chosen, stopped, audio, saved, labels, forgotten, refused, stale.
"""

import numpy as np

from pianolab.errors import printable
from pianolab.live.listener import Choice, ChoiceError, Listener, menu, modes
from pianolab.live.sources import BLOCK_LENGTH, DeviceSource, FileSource, SourceError, feed_from
from pianolab.live.stream import Stream, pcm16
from pianolab.live.takes import Recorder, TakeError, as_rows, takes_dir
from pianolab.live.verdicts import judge, propose_labels, score_choices
from pianolab.roll import Notes
from pianolab.scores import Protocol
from pianolab.units import NOTE_STYLES

_WARM_UP_SR = 44100
MAX_LANES = 2
MAX_SHIFT_S = 10.0
TAKES_IN_MEMORY = 5
SHOWN_SCORES = ("onset_precision", "onset_recall", "onset_f1", "note_f1", "onset_bias_ms")


class Responder:
    """Answers the messages of one widget.

    Parameters
    ----------
    choices : Choice or list of Choice, optional
        How to listen at first; at most two.
    prompt : Prompt, optional
        What to play.
    keep : bool
        Whether *Keep takes* is on at first.
    folder : path, optional
        Where takes are kept.
    sources : dict of str -> callable, optional
        Other sources than the browser: label -> function that opens one.
    extra : iterable of str
        Detectors from outside the package, ``FILE.py:Class``.
    block_length : int
        Samples in a block that the page sends.

    Attributes
    ----------
    stream : Stream or None
        The one that runs, or ran last.
    takes : list of Take
        The last takes, newest last.
    """

    def __init__(
        self, choices=None, *, prompt=None, keep=False, folder=None, sources=None, extra=(), block_length=BLOCK_LENGTH
    ):
        choices = list(choices) if isinstance(choices, list | tuple) else [choices or Choice()]
        if len(choices) > MAX_LANES:
            raise ChoiceError(f"{len(choices)} detectors cannot be shown side by side: choose at most {MAX_LANES}")
        outside = [choice.detector for choice in choices if ".py:" in choice.detector]
        self.choices, self.prompt, self.keep = choices, prompt, keep
        self.extra = list(dict.fromkeys([*extra, *outside]))
        self.sources = dict(sources or {})
        self.block_length = block_length
        self.stream, self.takes, self.warnings = None, [], []
        self._folder = folder
        self._source = self._recorder = None

    @property
    def folder(self):
        """Where takes are kept."""
        return takes_dir() if self._folder is None else self._folder

    def handle(self, content, buffers=()):
        """Answer a message.

        Parameters
        ----------
        content : dict
        buffers : sequence of bytes-like

        Returns
        -------
        list of (dict, list of bytes)
            Messages to send back, in order.
        """
        kind = content.get("type") if isinstance(content, dict) else None
        answer = _ANSWERS.get(kind) if isinstance(kind, str) else None
        if answer is None:
            return [
                ({"type": "refused", "asked": str(kind), "text": f"message {kind!r} is unknown: reload the page"}, [])
            ]
        try:
            replies = answer(self, content, buffers)
        except (
            Exception
        ) as error:  # also a fault of a detector: the player must see it, and the page must get an answer
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            replies = {"type": "refused", "asked": kind, "text": text, "seq": content.get("seq")}
        return [reply if isinstance(reply, tuple) else (reply, []) for reply in _as_list(replies)]

    def _hello(self, content, _buffers):
        prompt = None
        if self.prompt is not None:
            prompt = {"title": self.prompt.title, "notes": as_rows(self.prompt.notes), "chords": self.prompt.chords()}
        offered = menu(self.extra)
        return {
            "type": "ready",
            "view": content.get("view"),
            "menu": offered,
            "modes": modes(offered),
            "choices": [choice.plain() for choice in self.choices],
            "names": {style: list(names) for style, names in NOTE_STYLES.items()},
            "sources": list(self.sources),
            "block": self.block_length,
            "keep": self.keep,
            "folder": printable(self.folder),
            "prompt": prompt,
            "takes": [_summary(take) for take in self.takes],
            "problem": _warm_up(self.choices),
        }

    def _start(self, content, _buffers):
        self._end()
        source = content.get("source", "browser")
        self._source = None if source == "browser" else self._opened(source)
        sr = content["sr"] if self._source is None else self._source.sr
        settings = {
            "choices": [choice.plain() for choice in self.choices],
            "sr": sr,
            "source": source,
            "capture": content.get("capture"),
            "prompt": self.prompt and {"title": self.prompt.title, "notes": as_rows(self.prompt.notes)},
        }
        folder = self.folder if content.get("keep") else None
        self._recorder = Recorder(sr, folder=folder, settings=settings)
        self.stream = Stream(self.choices, sr=sr, session=str(content["session"]), recorder=self._recorder)
        if self._source is not None:
            self._source.start()
        return {"type": "started", "session": self.stream.session, "sr": sr, "name": source}

    def _opened(self, label):
        if label not in self.sources:
            raise SourceError(f"source {label!r} is not offered: choose one from the list")
        return self.sources[label]()

    def _block(self, content, buffers):
        if not self._is_current(content):
            return {"type": "stale", "session": content.get("session"), "seq": content.get("seq")}
        pcm = bytes(buffers[0]) if len(buffers) else b""
        frame, seq, sr = content.get("frame"), content.get("seq"), content.get("sr")
        events = self.stream.feed(frame, pcm, sr, seq=seq, session=self.stream.session)
        return self._heard(content, events)

    def _poll(self, content, _buffers):
        if not self._is_current(content) or self._source is None:
            return {"type": "stale", "session": content.get("session"), "seq": content.get("seq")}
        reply = self._heard(content, feed_from(self._source, self.stream))
        reply |= {"done": self._source.done, "lost": self._source.dropped}
        return reply, [pcm16(self.stream.recent).tobytes()]  # the page has no samples of its own to draw

    def _heard(self, content, events):
        stream = self.stream
        return {
            "type": "heard",
            "session": stream.session,
            "seq": content.get("seq"),
            "events": events,
            "now": stream.now(),
            "level_db": round(stream.level_db, 1),
            "peak": round(stream.peak, 4),
            "seconds": round(stream.seconds, 4),
            "missing_s": round(stream.counts["missing"] / stream.sr, 3),
            "refused": stream.refused,
            "problem": stream.fault or self._recorder.problem,
        }

    def _choose(self, content, _buffers):
        wanted = content["choices"]
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_LANES:
            raise ChoiceError(f"choose 1 to {MAX_LANES} detectors")
        choices = [self._choice(one) for one in wanted]
        known = {choice.detector for choice in self.choices}
        problem = _warm_up([choice for choice in choices if choice.detector not in known])
        if problem:
            raise ChoiceError(problem)
        self.choices = choices
        events = [] if self.stream is None else self.stream.change(choices)
        return {"type": "chosen", "choices": [choice.plain() for choice in choices], "events": events}

    def _choice(self, wanted):
        allowed = {entry["name"] for entry in menu(self.extra)}
        if wanted.get("detector") not in allowed:
            raise ChoiceError(f"detector {wanted.get('detector')!r} is not offered: choose one from the list")
        return Choice(**{name: wanted[name] for name in ("detector", "params", "tracking", "a4_hz") if name in wanted})

    def _stop(self, content, _buffers):
        if not self._is_current(content):
            return {"type": "stale", "session": content.get("session")}
        events = self._end(page={name: content.get(name) for name in ("frames", "dropped")})
        take = self.takes[-1] if self.takes else None
        reply = {"type": "stopped", "session": content["session"], "events": events, "counts": self.stream.counts}
        return {**reply, "take": take and _summary(take), **self._report(take)}

    def close(self):
        """Stop listening; a take that is being written is ended."""
        self._end()

    def _end(self, page=None):
        """Stop the stream that runs and put its take with the others; return its last events."""
        if self._recorder is None:
            return []
        events = self.stream.stop()
        if self._source is not None:
            self._source.close()
        recorder, self._recorder, self._source = self._recorder, None, None
        counts = {**self.stream.counts, "page": page}
        take = recorder.close(counts=counts, problem=recorder.problem, seconds=round(self.stream.seconds, 4))
        if take.n_samples:
            self._add(take)
        return events

    def _add(self, take):
        heard = [take.notes(number) for number in range(len(self.choices))]
        if self.prompt is not None and any(len(notes) for notes in heard):
            y, sr = take.load()
            take.set_labels(propose_labels(self.prompt.notes, heard, y, sr=sr), confirmed=False)
        self.takes.append(take)
        in_memory = [take for take in self.takes if take.folder is None]
        for old in in_memory[:-TAKES_IN_MEMORY]:
            self.takes.remove(old)

    def _is_current(self, content):
        return self._recorder is not None and content.get("session") == self.stream.session

    def _take(self, content):
        for take in self.takes:
            if take.name == content.get("take"):
                return take
        raise TakeError(f"take {content.get('take')!r} is no longer here: only the last ones stay in memory")

    def _play(self, content, _buffers):
        take = self._take(content)
        return ({"type": "audio", "take": take.name, "mime": "audio/flac"}, [take.flac_bytes()])

    def _save(self, content, _buffers):
        take = self._take(content)
        asked = take.name
        take.save(self.folder)
        return {"type": "saved", "asked": asked, "take": _summary(take)}

    def _forget(self, content, _buffers):
        take = self._take(content)
        self.takes.remove(take)
        return {"type": "forgotten", "take": take.name}

    def _label(self, content, _buffers):
        take = self._take(content)
        notes = take.notes() if take.labels is None else take.labels
        edit = content.get("edit")
        if edit == "shift":
            notes = _shifted(notes, _index(notes, content), content["seconds"])
        elif edit == "delete":
            notes = _without(notes, _index(notes, content))
        elif edit not in ("show", "confirm"):
            raise TakeError(f"edit {edit!r} is unknown: use show, shift, delete or confirm")
        if edit != "show":
            take.set_labels(notes, confirmed=edit == "confirm")
        return {"type": "labels", "take": _summary(take), "notes": as_rows(notes), **self._report(take)}

    def _report(self, take):
        """What was right and wrong in a take, and how every detector would score on it."""
        if take is None or take.labels is None:
            return {"verdicts": [], "scores": [], "protocol": ""}
        verdicts = []
        if self.prompt is not None:
            verdicts = [verdict.plain() for verdict in judge(self.prompt.notes, take.notes())]
        protocol = Protocol()
        y, sr = take.load()
        rows = score_choices(y, sr=sr, labels=take.labels, choices=self.choices, protocol=protocol)
        scores = [{name: _rounded(row.get(name)) for name in ("detector", "n_notes", *SHOWN_SCORES)} for row in rows]
        return {"verdicts": verdicts, "scores": scores, "protocol": str(protocol)}


_ANSWERS = {
    "hello": Responder._hello,
    "start": Responder._start,
    "block": Responder._block,
    "poll": Responder._poll,
    "choose": Responder._choose,
    "stop": Responder._stop,
    "play": Responder._play,
    "save": Responder._save,
    "forget": Responder._forget,
    "label": Responder._label,
}


def _warm_up(choices):
    """Let every detector hear half a second: what is made on first use is made before the player begins.

    Returns the fault of a detector, or ''.
    """
    hiss = np.random.default_rng(0).normal(scale=0.01, size=_WARM_UP_SR // 2).astype(np.float32)
    for choice in choices:
        try:
            Listener(choice, sr=_WARM_UP_SR).push(hiss)
        except Exception as error:  # of any kind: another detector may be chosen
            return f"detector {choice.detector} fails: {type(error).__name__}: {error}".splitlines()[0]
    return ""


def file_sources(paths):
    """Sources that play recordings in real time: label -> function that opens one."""
    return {f"Recording: {printable(path).rpartition('/')[2]}": (lambda path=path: FileSource(path)) for path in paths}


def device_source():
    """The microphone of the kernel's machine as a source."""
    return {"Microphone of the kernel's machine": DeviceSource}


def _as_list(replies):
    return replies if isinstance(replies, list) else [replies]


def _rounded(value):
    return round(value, 3) if isinstance(value, float) else value


def _summary(take):
    labels = "none"
    if take.labels is not None:
        labels = "confirmed" if take.settings.get("labels_confirmed") else "proposed"
    return {
        "name": take.name,
        "seconds": round(take.seconds, 2),
        "n_notes": len(take.notes()),
        "folder": printable(take.folder) if take.folder else "",
        "labels": labels,
    }


def _index(notes, content):
    index = content.get("index")
    if not isinstance(index, int) or not 0 <= index < len(notes):
        raise TakeError(f"label {index!r} is not there: show the labels again")
    return index


def _shifted(notes, index, seconds):
    if not isinstance(seconds, int | float) or not abs(seconds) <= MAX_SHIFT_S:
        raise TakeError(f"a shift of {seconds!r} s is too far: use at most {MAX_SHIFT_S:g} s")
    onset, offset = notes.onset.copy(), notes.offset.copy()
    onset[index], offset[index] = max(0.0, onset[index] + seconds), max(0.0, offset[index] + seconds)
    return Notes(onset, offset, notes.midi, notes.velocity, notes.confidence)


def _without(notes, index):
    keep = [i for i in range(len(notes)) if i != index]
    return notes[keep] if keep else Notes.empty()
