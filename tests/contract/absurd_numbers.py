"""Hear half a second with one setting at a time at each of some values; print the most memory it took, in megabytes.

    python absurd_numbers.py SPEC NAME=VALUE...

A process of its own (on Linux), because its memory is limited: what asks for too much ends with MemoryError.
"""

import ast
import resource
import sys
from pathlib import Path

import numpy as np

from pianolab.detector import DetectorError
from pianolab.registry import create
from pianolab.session import analyse

ADDRESS_MB = 6000


def main(spec: str, *settings: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_MB * 2**20, ADDRESS_MB * 2**20))
    hiss = np.random.default_rng(0).normal(scale=0.1, size=22050).astype(np.float32)
    for name, _, value in (setting.partition("=") for setting in settings):
        try:
            analyse(hiss, sr=44100, detector=create(spec, **{name: ast.literal_eval(value)}))
        except DetectorError:
            continue
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 2**10)


if __name__ == "__main__":
    main(*sys.argv[1:])
