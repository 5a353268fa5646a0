"""The contract that every note detector keeps.

A detector takes spans of frames and answers with Salience: how strongly each of the 88 keys sounds in each
frame. It gives evidence only; the tracker decides what is a note. Settings are keyword-only constructor arguments
with defaults, so that the command line, the comparison and the live view can offer them without knowing the
detector.
"""

import inspect
import typing
from dataclasses import dataclass

from pianolab.errors import PianolabError
from pianolab.roll import Salience


class DetectorError(PianolabError):
    """An unknown detector, parameter or value; the message names what would be right."""


class Detector:
    """Base class: say what you are, then turn spans into Salience.

    Attributes
    ----------
    name, summary : str
        Registered name and one line of description.
    polyphonic : bool
        Whether several keys may be strong in one frame.
    sr : int
        The rate it wants, Hz; the session resamples to it.
    frame_length, hop_length : int
        Longest window and step in samples at ``sr``.
    lookahead : int
        Samples at ``sr`` that a frame needs from its own sample on; half a frame unless stated.
    onset_delay_s : float
        How much later than the true onset this detector's evidence rises; the tracker subtracts it.
        Fitted on `tune` recordings.
    tracking : dict
        Settings of the tracker that suit this detector (chosen on `tune` recordings).
    weights : Path or None
        File of learnt weights, part of the cache key of estimates.
    peer : bool
        Whether it wraps a system of others: a comparison then has it only when it is asked for by name.
    whole_recording : bool
        Whether it answers only at the end of the stream, so that it is of no use live.
    """

    name = ""
    summary = ""
    polyphonic = False
    sr = 44100
    frame_length = 2048
    hop_length = 512
    onset_delay_s = 0.0
    tracking: typing.ClassVar[dict] = {}
    weights = None
    peer = False
    whole_recording = False

    @property
    def lookahead(self):
        return self.frame_length - self.frame_length // 2

    def reset(self):
        """Forget the stream heard so far."""

    def process(self, span):
        """Salience of the frames in ``span`` (a detector with its own delay may answer later rows later).

        Parameters
        ----------
        span : pianolab.frames.Span

        Returns
        -------
        Salience
        """
        raise NotImplementedError(f"{type(self).__name__} must implement process(span) -> Salience")

    def flush(self):
        """The rows still owed at the end of the stream."""
        return Salience.empty()

    @property
    def params(self):
        """The parameters that differ from their defaults, as a dict."""
        given = getattr(self, "_given", {})
        defaults = parameters(type(self))
        return {key: value for key, value in given.items() if value != defaults[key].default}

    def __repr__(self):
        return spec_text(self.name or type(self).__name__, self.params)


@dataclass(frozen=True)
class Parameter:
    """One setting of a detector: its name, default, type, and for a choice the allowed values."""

    name: str
    default: object
    kind: type
    choices: tuple = ()


def parameters(cls):
    """The settings that a detector class declares, in order.

    Returns
    -------
    dict of str -> Parameter
    """
    found = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            choices = typing.get_args(parameter.annotation) if _is_literal(parameter.annotation) else ()
            kind = type(choices[0]) if choices else _kind(parameter)
            found[name] = Parameter(name, parameter.default, kind, choices)
    return found


def _is_literal(annotation):
    return typing.get_origin(annotation) is typing.Literal


def _kind(parameter):
    known = [kind for kind in (parameter.annotation, *typing.get_args(parameter.annotation)) if kind in _KINDS]
    return known[0] if known else type(parameter.default)


_KINDS = (bool, int, float, str)


def spec_text(name, given):
    """The inverse of parse_spec, with keys in the given order."""
    settings = ",".join(f"{key}={value}" for key, value in given.items())
    return f"{name}:{settings}" if settings else name
