"""A small network that hears several notes at once: strokes, held keys, releases and loudness.

What comes in: spans at 16 kHz. What comes out: for each of the 88 keys how probably it is held, struck or let go at a
frame's moment, and how hard; and, if the network has learnt it, how surely the sustain pedal is down. The network looks
backwards only; how long it may wait after a moment before it answers is its lookahead, and it has learnt an answer for
each of five. With 90 ms, a frame of 20 ms and a frame for the tracker to see a peak, a note is known within about
130 ms of the key's stroke; 240 ms is for recordings.

It was trained by ``pianolab train`` (docs/model_card.md). There are two networks, which are no code and are run by
onnxruntime. Each carries the licence of what it learnt from: ``maps``, the default, is CC BY-NC-SA (research and
teaching), ``free`` is CC BY (any use, commerce too).
"""

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from pianolab.detector import Detector, DetectorError, refuse_unheard
from pianolab.dsp.network_input import FRAME_LENGTH, HOP, SR, NeuralInput
from pianolab.errors import printable
from pianolab.frames import Span, frames_of, levels_db
from pianolab.roll import Salience
from pianolab.tracking.settings import Tracking
from pianolab.units import N_KEYS

DEFAULT: Literal["maps", "free"] = "maps"
WEIGHTS = {name: Path(__file__).with_name(f"neural_{name}.onnx") for name in ("maps", "free")}
LICENCES = {name: path.with_name(f"WEIGHTS_LICENSE_{name.upper()}") for name, path in WEIGHTS.items()}
DELAYS_MS = (0, 30, 60, 90, 240)
# The level of a frame is that of its newest 64 ms: so many samples.
NEWEST_LENGTH = 1024
VELOCITY_MAX = 127.0
# Name of the second output of networks that have learnt to hear the pedal.
PEDAL = "pedal"
# A third: for how long it has been down.
PEDAL_AGE = "pedal_age"
# Evidence of a struck string from which a note is told: at it hardly a note of the two tuning pianos is lost.
STRUCK_THRESHOLD = 0.5
# So few frames stay in the processor's cache; more at once are slower.
FRAMES_AT_ONCE = 16


class Neural(Detector):
    """Onset, frame, offset and velocity posteriors of a causal convolutional network.

    Parameters
    ----------
    lookahead_ms : {0, 30, 60, 90, 240}
        How long after a moment it may listen before it answers for it: longer is surer.
    weights : {'maps', 'free'}
        Which of the package's networks: the one learnt from MAPS and from what is free, for research and teaching (CC
        BY-NC-SA 4.0), or the one learnt only from what is free, for any use (CC BY 4.0). Their licences:
        WEIGHTS_LICENSE_MAPS and WEIGHTS_LICENSE_FREE.
    weights_file : str, optional
        Another network of `pianolab train` (an .onnx file with its .json beside it), in place of the package's.

    Raises
    ------
    DetectorError
        If the file is not such a network, if both it and ``weights`` are given, or if onnxruntime is missing.

    Examples
    --------
    Two keys struck together, as MIDI numbers.

    >>> from pianolab.piano import render
    >>> from pianolab.roll import Notes
    >>> from pianolab.session import transcribe
    >>> y = render(Notes([0.3, 0.3], [1.0, 1.0], [60, 64]), sr=16000)
    >>> sorted(transcribe(y, sr=16000, detector="neural").midi.tolist())
    [60, 64]
    """

    name = "neural"
    summary = (
        "a small causal network (strokes, sounding keys, ends, velocity), several notes at once; weights=maps "
        "(CC BY-NC-SA) or free (CC BY)"
    )
    polyphonic = True
    sr = SR
    frame_length = FRAME_LENGTH
    hop_length = HOP

    def __init__(
        self,
        *,
        lookahead_ms: Literal[0, 30, 60, 90, 240] = 90,
        weights: Literal["maps", "free"] = DEFAULT,
        weights_file: str | None = None,
    ):
        self.lookahead_ms = lookahead_ms
        if weights_file is not None:
            refuse_unheard(self, ("weights",), beside="weights_file")
        self.weights = WEIGHTS[weights] if weights_file is None else Path(weights_file)
        self._network = _Network(self.weights)
        told = _description(self.weights).get("tracking", {}).get(str(lookahead_ms), {})
        self.tracking = {"struck_threshold": STRUCK_THRESHOLD, **told}
        self._head = DELAYS_MS.index(lookahead_ms)
        self._ear = NeuralInput()
        self.reset()

    @property
    def lookahead(self) -> int:
        return max(1, self.lookahead_ms * SR // 1000)

    def reset(self) -> None:
        self._network.reset()

    def _answer(self, heard):
        """(T, 4, 88) answers of this lookahead's heads, (T,) of the pedal's and its age; the states go on."""
        return self._network.answers(heard, self._head)

    def _hear_the_beginning(self, span):
        """Hear what came within the lookahead of the first frame as it came, frame by frame; nothing is asked of it."""
        n_before = (self.lookahead - 1) // HOP
        if n_before:
            samples = np.concatenate([np.zeros(n_before * HOP, np.float32), span.samples[: FRAME_LENGTH - HOP]])
            self._answer(self._ear(replace(span, samples=samples, first_frame=-n_before)))

    def process(self, span: Span) -> Salience:
        if span.first_frame == 0:
            self._hear_the_beginning(span)
        heard = self._ear(span)
        parts = [self._answer(heard[i : i + FRAMES_AT_ONCE]) for i in range(0, len(heard), FRAMES_AT_ONCE)]
        answers, pedal, pedal_age = zip(*parts, strict=True)
        onset, frame, offset, velocity = np.concatenate(answers).transpose(1, 0, 2)
        unknown = np.full(frame.shape, np.nan, np.float32)
        return Salience(
            span.times,
            frame,
            unknown,
            levels_db(frames_of(span, length=NEWEST_LENGTH, end=span.frame_length)),
            onset=onset,
            offset=offset,
            velocity=velocity * np.float32(VELOCITY_MAX),
            pedal=_joined(pedal),
            pedal_age=_joined(pedal_age),
        )


def _joined(parts):
    """What was said in each part, one after the other; None if the network does not say it."""
    return None if parts[0] is None else np.concatenate(parts)


class _Network:
    """One network, ready to run on one thread; its states go on from frame to frame."""

    def __init__(self, path):
        self._run = _loaded(path)
        self.reset()

    def reset(self):
        self._states = _no_states(self._run)

    def answers(self, heard, head):
        """(T, 4, 88) answers of one head, and (T,) of its pedal's and for how long that is down, or None."""
        answers, of_pedal, self._states = _answers(self._run, heard, self._states)
        pedal, age = (np.asarray(of_pedal[name])[:, head] if name in of_pedal else None for name in (PEDAL, PEDAL_AGE))
        return np.asarray(answers)[:, head], pedal, age


def _loaded(path):
    """The network, ready to run on one thread."""
    try:
        import onnxruntime
    except ImportError as error:
        raise DetectorError("neural needs onnxruntime: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A network that keeps memory for the longest stretch that it heard takes 30 MB more, and no less time.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    with _refusing(path):
        run = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        _refuse_other_network(run)
    return run


def _description(path):
    """What is said of the network or networks: settings of the tracker among it."""
    with _refusing(path):
        description = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        _refuse_description(description)
    return description


@contextmanager
def _refusing(path):
    """Whatever goes wrong within: this is no network. onnxruntime raises a class of its own for each fault."""
    try:
        yield
    except Exception as error:
        reason = printable(str(error).partition("\n")[0][:120])
        raise DetectorError(
            f"{printable(path)} is no network of `pianolab train` ({reason}): name its .onnx file, with the .json "
            "beside it"
        ) from error


def _refuse_description(description):
    if not isinstance(description, dict) or description.get("delays_ms") != list(DELAYS_MS):
        raise ValueError(f"its description does not say delays_ms {list(DELAYS_MS)}")
    # A network that was not tuned yet has no settings of the tracker.
    tracking = description.get("tracking", {})
    if not (isinstance(tracking, dict) and all(isinstance(settings, dict) for settings in tracking.values())):
        raise ValueError("tracking in its description is not settings by lookahead")
    for settings in tracking.values():
        if "policy" in settings:
            raise ValueError("its description tells the tracker a policy, which a network does not choose")
        Tracking.of(settings)


def _refuse_other_network(run):
    """Raise an error of some kind where a network has other inputs, or answers a silent frame in another shape."""
    names, states = [given.name for given in run.get_inputs()], _no_states(run)
    if names != ["heard", *(f"state_{i}" for i in range(len(states)))]:
        raise ValueError(f"it has inputs {', '.join(names)}")
    answers, of_pedal, new = _answers(run, np.zeros((1, *NeuralInput.shape), np.float32), states)
    if answers.shape != (1, len(DELAYS_MS), 4, N_KEYS) or [s.shape for s in new] != [s.shape for s in states]:
        raise ValueError(f"it answers one frame in shape {answers.shape}")
    for said in of_pedal.values():
        if said.shape != (1, len(DELAYS_MS)):
            raise ValueError(f"it answers about the pedal in shape {said.shape}")


def _no_states(run):
    """The states at the beginning of a stream."""
    return [np.zeros(given.shape, np.float32) for given in run.get_inputs()[1:]]


def _answers(run, heard, states):
    """(T, 5, 4, 88) answers for (T, 3, 294) input, what it says of the pedal, (T, 5) each, and the new states."""
    names = [given.name for given in run.get_inputs()]
    answers, *states = run.run(None, dict(zip(names, [heard, *states], strict=True)))
    said = [given.name for given in run.get_outputs()]
    of_pedal = {name: states.pop(0) for name in (PEDAL, PEDAL_AGE) if name in said}
    return answers, of_pedal, states
