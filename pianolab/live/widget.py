"""The widgets: a keyboard on the page that lights up with what the microphone hears.

``Microphone`` listens; ``Trial`` also asks for something to play. Nothing is captured before the player presses Start,
and the sound goes nowhere but from the page to this kernel. All traffic is plain messages (pianolab.live.messages).
Each is answered from within the handler of the message that asked, because JupyterLab keeps a thread free for these
while a cell runs.
"""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import anywidget

from pianolab.live.choices import Choice, choices_of
from pianolab.live.prompts import Prompt
from pianolab.live.responder import Responder
from pianolab.live.sources import BLOCK_LENGTH, device_source, file_sources
from pianolab.live.takes import Take, TakeError
from pianolab.live.verdicts import Verdict, judge
from pianolab.roll import Notes
from pianolab.texts.catalogue import Told, say

_STATIC = Path(__file__).with_name("static")


class Microphone(anywidget.AnyWidget):
    """A keyboard that shows what is played into the browser's microphone.

    Parameters
    ----------
    *detectors : str or Choice
        One or two detectors to listen with; ``fft_peak``, the best for one note at a time, if left out.
    keep : bool
        Whether *Keep takes* is on at first.
    folder : path, optional
        Where takes are kept; data/takes if left out.
    files : iterable of path
        Recordings that can be played instead of the microphone.
    device : bool
        Offer the microphone of the kernel's machine (needs ``sounddevice``).
    prompt : Prompt, optional
        What to play; ``Trial`` makes it from a text.
    asks : iterable of str
        What the player can choose to play, each as ``Trial`` takes it.
    block_length : int
        Samples in a block that the page sends; below 1024 there are more messages than a notebook can carry.
    language : str, optional
        'en' or 'ko', until the player chooses another on the page, which the browser remembers for the next time; if
        left out, what the environment variable PIANOLAB_LANGUAGE says, else English.

    Attributes
    ----------
    responder : Responder
        Holds the stream and the takes; works without a browser.

    Raises
    ------
    ChoiceError
        If there is no such detector.
    TextError
        If there is no such language.

    Examples
    --------
    >>> Microphone()
    <Microphone: listens with fft_peak>
    """

    _esm = _STATIC / "microphone.js"
    _css = _STATIC / "microphone.css"

    def __init__(
        self,
        *detectors: str | Choice,
        keep: bool = False,
        folder: str | PathLike[str] | None = None,
        files: Iterable[str | PathLike[str]] = (),
        device: bool = False,
        prompt: Prompt | None = None,
        asks: Iterable[str] = (),
        block_length: int = BLOCK_LENGTH,
        language: str | None = None,
    ):
        self.responder = Responder(
            choices_of(detectors),
            keep=keep,
            folder=folder,
            sources={**file_sources(files), **(device_source() if device else {})},
            prompt=prompt,
            asks=[Prompt.of(one) for one in asks],
            block_length=block_length,
            language=language,
        )
        super().__init__()  # What is refused above leaves nothing on the page.
        self.on_msg(self._answer)

    def _answer(self, _widget: object, content: object, buffers: Sequence[memoryview]):
        answer, data = self.responder.handle(content, buffers)
        self.send(answer, buffers=data)

    def __repr__(self):
        return f"<Microphone: listens with {self._detectors}>"

    def _repr_mimebundle_(self, **kwargs: Any):
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None:
            return None
        bundle, metadata = shown
        still = f"<p>{say('live.still', self.responder.language)}</p>"
        return {**bundle, "text/html": still}, metadata  # The text is seen where no widget can run.

    def _ipython_display_(self):
        from IPython.display import HTML, display

        bundle, metadata = self._repr_mimebundle_() or ({"text/plain": repr(self)}, {})
        display(bundle, metadata=metadata, raw=True)
        # A notebook that is opened again has no widget; only this stands there. The widget's style sheet hides it.
        display(HTML(f'<p class="pl-saved">{say("live.saved", self.responder.language)}</p>'))

    @property
    def _detectors(self) -> str:
        return " and ".join(choice.detector for choice in self.responder.choices)

    def close(self):
        """Take the widget off the page and stop listening."""
        if "responder" in vars(self):  # It is not there when a widget that was refused is thrown away.
            self.responder.close()
            super().close()

    @property
    def takes(self) -> list[Take]:
        """The last takes, newest last."""
        return list(self.responder.takes)

    @property
    def notes(self) -> Notes:
        """What the first detector has heard since Start."""
        stream = self.responder.stream
        return Notes.empty() if stream is None else stream.notes()


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

    Attributes
    ----------
    prompt : Prompt
        What to play.

    Examples
    --------
    >>> Trial("C4 E4 G4")
    <Trial: C4 E4 G4, listens with fft_peak>
    """

    def __init__(
        self,
        prompt: str | PathLike[str] | Notes | Prompt,
        *detectors: str | Choice,
        bpm: float = 80.0,
        **options: Any,
    ):
        self.prompt = Prompt.of(prompt, bpm=bpm)
        super().__init__(*detectors, prompt=self.prompt, **options)

    def __repr__(self):
        return f"<Trial: {self.prompt.title}, listens with {self._detectors}>"

    def verdicts(self, take: Take | None = None) -> list[Verdict]:
        """What became of every note of a take.

        Parameters
        ----------
        take : Take, optional
            The newest one if left out.

        Returns
        -------
        list of Verdict

        Raises
        ------
        TakeError
            If nothing has been played yet.
        """
        if take is None and not self.takes:
            raise TakeError(Told("live.no_take_yet"))
        return judge(self.prompt.notes, (self.takes[-1] if take is None else take).notes())
