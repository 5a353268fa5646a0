"""Run every detector once on a second of sound, and judge a trial: compiled kernels are cached before anyone waits."""

import numpy as np

from pianolab.live.verdicts import judge
from pianolab.piano import render
from pianolab.registry import load_all
from pianolab.roll import Notes
from pianolab.session import transcribe

SR = 44100


def warm_up() -> None:
    """Compile and cache what is compiled on first use; peers and detectors that cannot run here are passed over."""
    note = Notes([0.1], [0.6], [60])
    judge(note, note)
    y = render(note, sr=SR)
    for name, cls in load_all()[0].items():
        try:
            if not cls.peer:
                transcribe(np.asarray(y), sr=SR, detector=name)
        except ImportError:
            continue


if __name__ == "__main__":
    warm_up()
