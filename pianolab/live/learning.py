"""The player's own piano in the live view: it is learnt note by note, remembered, and heard as it is from then on.

What is asked and what was heard is told with every answer to a block. When the last note was played the piano is learnt
beside the stream, because that takes some seconds. A profile that brings something is kept in a file beside the takes.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianolab.dsp.piano_profile import PianoProfile, read_profile
from pianolab.errors import PianolabError
from pianolab.live.messages import LearningFields
from pianolab.my_piano import DETECTORS, GuidedScale, Learnt, learn
from pianolab.texts.catalogue import Told, told_by
from pianolab.units import note_name

FILE_VARIABLE = "PIANOLAB_MY_PIANO"  # `pianolab live --my-piano FILE` names the file here.
NAME = "my_piano.json"


class Learning:
    """Asks for the scale, learns the piano from it and remembers the profile.

    Parameters
    ----------
    folder : path
        The profile is kept here, unless the environment variable PIANOLAB_MY_PIANO names a file.

    Attributes
    ----------
    profile : PianoProfile or None
        What was learnt of the piano that is heard; None before, or where nothing was gained.
    problem : str
        Why a profile that was kept cannot be used, or nothing could be learnt; '' otherwise.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self._folder = Path(folder)
        self.profile: PianoProfile | None = None
        self.problem = ""
        self._guide: GuidedScale | None = None
        self._asks = False
        self._learnt: Learnt | None = None
        self._thread: threading.Thread | None = None
        self._remember()

    @property
    def path(self) -> Path:
        """The file of the profile."""
        given = os.environ.get(FILE_VARIABLE)
        return Path(given) if given else self._folder / NAME

    @property
    def is_busy(self) -> bool:
        """Whether the piano is being learnt at this moment."""
        return self._thread is not None and self._thread.is_alive()

    def _remember(self) -> None:
        if self.path.is_file() or os.environ.get(FILE_VARIABLE):
            try:
                self.profile = read_profile(self.path)
            except PianolabError as error:
                self.problem = told_by(error)

    def begin(self) -> None:
        """Ask for the scale from the beginning."""
        self._guide, self._asks, self._learnt, self.problem = None, True, None, ""

    def push(self, y: npt.NDArray[np.float32], *, sr: int) -> None:
        """Hear a block of the stream; nothing happens unless a scale is asked for.

        Parameters
        ----------
        y : (n,) float32
        sr : int
            Hz.
        """
        if not self._asks:
            return
        self._guide = self._guide or GuidedScale(sr=sr)
        if self._guide.push(y).state == "done":
            self.finish()

    def skip(self) -> None:
        """Ask for the next note."""
        if self._asks and self._guide is not None and self._guide.skip().state == "done":
            self.finish()

    def repeat(self) -> None:
        """Ask for the note before again."""
        if self._asks and self._guide is not None:
            self._guide.repeat()

    def finish(self) -> None:
        """Ask for nothing more, and learn from what was played."""
        guide, self._asks, self._guide = self._guide, False, None
        if guide is None or self.is_busy:
            return
        self._thread = threading.Thread(target=self._learn, args=(guide,), daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """Ask for nothing more; what was played is forgotten."""
        self._asks, self._guide = False, None

    def forget(self) -> None:
        """Hear the piano as any other again."""
        self.profile, self._learnt, self.problem = None, None, ""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def wait(self, seconds: float) -> None:
        """Wait until the piano is learnt.

        Parameters
        ----------
        seconds : float
            At most.
        """
        if self._thread is not None:
            self._thread.join(seconds)

    def _learn(self, guide: GuidedScale) -> None:
        try:
            learnt = learn(guide.y, sr=guide.sr, plan=guide.played, detectors=DETECTORS)
            if learnt.has_gain:
                learnt.profile.write(self.path)
            self.profile = learnt.profile if learnt.has_gain else None
            self._learnt = learnt
        except PianolabError as error:
            self.problem = told_by(error)
        except Exception as error:  # A full disk must not end the thread in silence.
            self.problem = Told("live.other_reason", reason=told_by(error))

    def as_message(self) -> LearningFields:
        """How things stand, as a dictionary for JSON; texts are Told."""
        now = None if self._guide is None else self._guide.now
        state = "learning" if self.is_busy else "idle"
        if self._asks:
            state = "quiet" if now is None else now.state
        prompt = heard = ""
        if state == "quiet":
            prompt = Told("my_piano.be_silent")
        elif now is not None and now.asked is not None:
            prompt = Told(f"my_piano.play_{now.asked.dynamic}", note=now.asked.name)
        if now is not None and now.heard is not None:
            is_right = "my_piano.heard_right" if now.was_right else "my_piano.heard_other"
            heard = Told(is_right, note=note_name(now.heard))
        return {
            "state": state,
            "number": 0 if now is None else now.number,
            "of": 0 if now is None else now.of,
            "prompt": prompt,
            "heard": heard,
            "report": [] if self._learnt is None else self._learnt.report(),
            "in_use": self.profile is not None,
            "problem": self.problem,
        }
