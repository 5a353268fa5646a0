"""Detectors of a user's file that do to their process, and to what they are asked, whatever can be done.

Each is named ``bad_detectors.py:Class``. Whoever is to be hurt by them is beside them: `Honest`.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from pianolab.detector import Detector
from pianolab.frames import frames_of, levels_db
from pianolab.roll import Salience
from pianolab.sound import AudioWarning
from pianolab.units import N_KEYS


class Honest(Detector):
    """Hears A4 whenever there is sound."""

    sr, frame_length, hop_length = 8000, 512, 128

    def process(self, span):
        level_db = levels_db(frames_of(span))
        strength = np.zeros((len(level_db), N_KEYS))
        strength[:, 48] = level_db > -50
        return Salience(span.times, strength, np.full_like(strength, np.nan), level_db)


class Patches(Honest):
    """Changes what everybody shares: numpy, the tracker, warnings, the environment, the folder, random numbers."""

    def process(self, span):
        from pianolab.tracking.tracker import Tracker

        np.sqrt = np.log10 = np.hanning = lambda *args, **kwargs: np.zeros(1)
        Tracker.push = Tracker.flush = lambda *args, **kwargs: []
        np.random.seed(0)  # noqa: NPY002
        np.seterr(all="raise")
        warnings.simplefilter("error")
        os.environ["OMP_NUM_THREADS"] = "64"
        os.chdir("/")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super().process(span)


class Hangs(Honest):
    """Waits in compiled code that holds the interpreter and hears no signal but the one that cannot be ignored."""

    def process(self, span):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        ctypes.PyDLL(None).sleep(600)


class CannotBeMade(Honest):
    """Never comes out of its constructor."""

    def __init__(self):
        time.sleep(600)


class Aborts(Honest):
    def process(self, span):
        os.abort()


class Crashes(Honest):
    def process(self, span):
        ctypes.string_at(0)


class Exits(Honest):
    def process(self, span):
        sys.exit("enough")


class Interrupts(Honest):
    def process(self, span):
        raise KeyboardInterrupt


class EndsItself(Honest):
    def process(self, span):
        os._exit(0)


class TakesAllMemory(Honest):
    """Fills its memory, which is made small first, so that the machine is spared."""

    def process(self, span):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
        return [bytearray(2**28) for _ in range(100)]


class RaisesSomethingOdd(Honest):
    """An exception that only this file knows, that cannot be made again, and whose text is long."""

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} \udcff and {two}")

    def process(self, span):
        raise self.Odd("this" * 1000, "that")


class Forks(Honest):
    """Is two processes from here on, and both go on."""

    def process(self, span):
        os.fork()
        return super().process(span)


class ForksAndDies(Honest):
    """Leaves a child that holds everything open."""

    def process(self, span):
        if os.fork() == 0:
            time.sleep(600)
        os._exit(3)


class LeavesAProgram(Honest):
    """Starts a program that outlives it, and writes down which."""

    def __init__(self, *, note: str = ""):
        self.note = note

    def process(self, span):
        if self.note and not Path(self.note).exists():
            program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(self.note).write_text(str(program.pid))
        return super().process(span)


class WaitsForAProgram(LeavesAProgram):
    """Does not end before that program does."""

    def process(self, span):
        salience = super().process(span)
        time.sleep(600)
        return salience


class LeavesADaemon(Honest):
    """Dies, and leaves a program that left its process group and holds everything open."""

    def __init__(self, *, note: str = ""):
        self.note = note

    def process(self, span):
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.setsid()
            with open(self.note, "a", encoding="ascii") as file:
                print(os.getpid(), file=file)
            os.write(writer, b"1")
            time.sleep(60)
        os.read(reader, 1)  # Not before the other has left the group: it would end with it.
        os._exit(3)


class LeavesAThread(Honest):
    def process(self, span):
        threading.Thread(target=time.sleep, args=(600,)).start()
        return super().process(span)


class Prints(Honest):
    """Writes megabytes to standard output, in Python and below it, and then closes it."""

    def process(self, span):
        if not sys.stdout.closed:
            print("noise " * 500_000)
            with open(1, "wb", closefd=False) as out:
                out.write(b"noise " * 500_000)
            sys.stdout.close()
        return super().process(span)


class Warns(Honest):
    """It has much to say about the sound."""

    def process(self, span):
        for number in range(50):
            warnings.warn(f"number {number}: " + "long\n" * 1000, AudioWarning, stacklevel=2)
        return super().process(span)


class ClosesEverything(Honest):
    def process(self, span):
        os.closerange(0, 256)
        return super().process(span)


class Nonsense(Honest):
    """Gives rows that break one promise, which ``what`` names."""

    def __init__(self, *, what: str = ""):
        self.what, self.owed = what, Salience.empty()

    def process(self, span):
        good = super().process(span)
        with_nan = good.strength.copy()
        with_nan[-1, 0] = np.nan
        hz = np.full_like(good.hz, -1.0)
        match self.what:
            case "list":
                return [1, 2, 3]
            case "nothing":
                return None
            case "shape":
                return Salience(good.times, good.strength[:, :87], good.hz, good.level_db)
            case "text":
                return Salience(good.times, np.full(good.strength.shape, "loud"), good.hz, good.level_db)
            case "nan":
                return replace(good, strength=with_nan)
            case "infinite":
                return replace(good, strength=np.full_like(good.strength, np.inf))
            case "percent":
                return replace(good, strength=good.strength * 100)
            case "hz":
                return replace(good, hz=hz)
            case "level":
                return replace(good, level_db=np.full(len(good), np.nan))
            case "time nan":
                return replace(good, times=np.full(len(good), np.nan))
            case "backward":
                return replace(good, times=good.times[::-1])
            case "again":
                return replace(good, times=good.times - good.times[0])
            case "future":
                return replace(good, times=good.times + 3600)
            case "past":
                return replace(good, times=good.times - 3600)
            case "fewer":
                return good.between(0, good.times[-1])
            case "more":
                return replace(good, **{name: np.concatenate([getattr(good, name)] * 2) for name in ROWS})
            case "onset":
                return replace(good, onset=np.full((len(good), 1), -0.5))
            case "velocity":
                return replace(good, velocity=np.full(good.strength.shape, 1000.0))
        return good

    def flush(self):
        return "the end" if self.what == "flush" else Salience.empty()


ROWS = ("times", "strength", "hz", "level_db")
