"""The widgets: a keyboard on the page that lights up with what the microphone hears.

``Microphone`` listens; ``Trial`` also asks for something to play. Nothing is captured before the player presses Start,
and the sound goes nowhere but from the page to this kernel. All traffic is plain messages (see ``responder``); answers
are sent from within the handler of the message that asked, which keeps JupyterLab's routing to a free thread while a
cell runs.
"""

from pathlib import Path

import anywidget

from pianolab.live.listener import Choice
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder, device_source, file_sources
from pianolab.live.verdicts import judge

_STATIC = Path(__file__).with_name("static")
_STILL = "<p>Here is the live view: run this cell in JupyterLab, or the whole page with <code>make live</code>.</p>"


class Microphone(anywidget.AnyWidget):
    """A keyboard that shows what is played into the browser's microphone.

    Parameters
    ----------
    *detectors : str or Choice
        One or two detectors to listen with; the best monophonic one if left out.
    keep : bool
        Whether *Keep takes* is on at first.
    folder : path, optional
        Where takes are kept; data/takes if left out.
    files : iterable of path
        Recordings that can be played instead of the microphone.
    device : bool
        Offer the microphone of the kernel's machine (needs ``sounddevice``).
    block_length : int
        Samples in a block that the page sends; below 1024 there are more messages than a notebook can carry.

    Attributes
    ----------
    responder : Responder
        Holds the stream and the takes; works without a browser.

    Raises
    ------
    ChoiceError
        If there is no such detector.

    Examples
    --------
    >>> from pianolab.live import Microphone
    >>> Microphone("yin")
    <Microphone: listens with yin>
    """

    _esm = _STATIC / "microphone.js"
    _css = _STATIC / "microphone.css"

    def __init__(self, *detectors, keep=False, folder=None, files=(), device=False, prompt=None, block_length=1024):
        super().__init__()
        choices = [one if isinstance(one, Choice) else Choice(one) for one in detectors] or None
        sources = {**file_sources(files), **(device_source() if device else {})}
        self.responder = Responder(
            choices, keep=keep, folder=folder, sources=sources, prompt=prompt, block_length=block_length
        )
        self.on_msg(self._answer)

    def _answer(self, _widget, content, buffers):
        for reply, data in self.responder.handle(content, buffers):
            self.send(reply, buffers=data)

    def __repr__(self):
        return f"<Microphone: listens with {self._detectors}>"

    def _repr_mimebundle_(self, **kwargs):
        bundle, metadata = super()._repr_mimebundle_(**kwargs)
        return {**bundle, "text/html": _STILL}, metadata  # what is seen where no widget can run

    @property
    def _detectors(self):
        return " and ".join(choice.detector for choice in self.responder.choices)

    def close(self):
        """Take the widget off the page and stop listening."""
        self.responder.close()
        super().close()

    @property
    def takes(self):
        """The last takes, newest last."""
        return list(self.responder.takes)

    @property
    def notes(self):
        """What the first detector has heard since Start, as Notes."""
        from pianolab.roll import Notes

        return Notes.empty() if self.responder.stream is None else self.responder.stream.notes()


class Trial(Microphone):
    """Shows what to play, records it, and says what was right.

    Parameters
    ----------
    prompt : str, path, Notes or Prompt
        ``"C4"``, ``"C4 E4 G4"``, ``"C4+E4+G4"``, ``"C4 major scale"``, a recording of the built-in set, or a MIDI file.
    *detectors, **options
        As for Microphone.
    bpm : float
        Tempo of a prompt given as text, notes in a minute.

    Examples
    --------
    >>> from pianolab.live import Trial
    >>> Trial("C4 E4 G4", "yin")
    <Trial: C4 E4 G4, listens with yin>
    """

    def __init__(self, prompt, *detectors, bpm=80.0, **options):
        super().__init__(*detectors, prompt=Prompt.of(prompt, bpm=bpm), **options)

    def __repr__(self):
        return f"<Trial: {self.responder.prompt.title}, listens with {self._detectors}>"

    def verdicts(self, take=None):
        """What became of every note of a take (the newest if left out): list of Verdict."""
        take = self.takes[-1] if take is None else take
        return judge(self.responder.prompt.notes, take.notes())
