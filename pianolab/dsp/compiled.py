"""Compiled code: numba's njit with its cache, and the parabola of ``pianolab.dsp.peaks`` made known to numba.

What is compiled is kept, because compiling takes half a minute. numba keeps it beside the source or in the user's
cache folder. Where neither can be written it would refuse to compile at all, so it is shown a place here, once, before
the first function is compiled. librosa compiles in the same way; it lies beside numba.
"""

import functools
import os
from pathlib import Path

import numba
import platformdirs
from numba.core import config
from numba.extending import register_jitable

from pianolab.dsp import peaks
from pianolab.files import refuse_unwritable
from pianolab.places import cache_dir

VARIABLE = "NUMBA_CACHE_DIR"


def give_numba_a_place() -> None:
    """Set NUMBA_CACHE_DIR to a folder that can be written, if numba would find none of its own.

    Raises
    ------
    PlaceError
        If no folder can be written.
    """
    beside_source = all(_writable(Path(file).with_name("__pycache__")) for file in (__file__, numba.__file__))
    if not (os.environ.get(VARIABLE) or beside_source or _users_cache_is_writable()):
        os.environ[VARIABLE] = str(cache_dir() / "numba")
        config.reload_config()


def _users_cache_is_writable() -> bool:
    try:
        return _writable(platformdirs.user_cache_path("numba", appauthor=False))
    except RuntimeError:  # The system knows no home folder of this user.
        return False


def _writable(folder: Path) -> bool:
    try:
        refuse_unwritable(folder)
    except OSError:
        return False
    return True


give_numba_a_place()
njit = functools.partial(numba.njit, cache=True)

parabola_shift = register_jitable(peaks.parabola_shift)
parabola_top = register_jitable(peaks.parabola_top)
