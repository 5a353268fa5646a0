"""A limit of memory that is too low (``ulimit -v`` or ``-d``, a job of a cluster) is said before anything is loaded.

Numerical libraries do not survive it: they crash, or wait for ever, while they are loaded.
"""

import os

from pianolab.cli.messages import UsageError

LEAST_BYTES = 10**9  # `pianolab compare` runs in this; at 0.7e9 no thread can be started.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def refuse_little_memory() -> None:
    """Refuse a limit under which the libraries cannot be loaded; under any other they get along with one thread.

    Raises
    ------
    UsageError
        Names the limit and what to do.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits.
        return
    limits = {"v": resource.getrlimit(resource.RLIMIT_AS)[0], "d": resource.getrlimit(resource.RLIMIT_DATA)[0]}
    limits = {letter: limit for letter, limit in limits.items() if limit != resource.RLIM_INFINITY}
    for letter, limit in limits.items():
        if limit < LEAST_BYTES:
            least = f"at least {LEAST_BYTES // 10**6} MB are needed: raise it (ulimit -{letter} {LEAST_BYTES // 1000})"
            raise UsageError(f"memory is limited to {limit // 10**6} MB here, and {least}")
    if not limits:
        return
    for name in _THREADS:  # Each thread reserves memory, and some machines have many cores.
        os.environ.setdefault(name, "1")
