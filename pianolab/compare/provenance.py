"""Where a result comes from: what a reader needs to get the same numbers again.

The command, the versions of the program and its libraries, the commit of the source, and checksums of the sound and
the labels.
"""

import importlib.metadata
import os
import platform
import shlex
import subprocess
from pathlib import Path

import pianolab
from pianolab.compare.cache import versions
from pianolab.data import Dataset
from pianolab.errors import reason


def checksums_of(key, recording):
    """Data set, id and the checksums of sound and labels of a recording, as a dict."""
    checksums = {}
    for name in ("checksum", "labels_checksum"):
        try:
            checksums[name] = getattr(recording, name)
        except (ValueError, OSError) as error:
            checksums[name] = f"none: {reason(error)}"
    return {"dataset": key[0], "id": key[1], **checksums}


def command_line(data, detectors, estimates, seconds, split):
    """The command line that makes this comparison again."""
    data = [data] if isinstance(data, str | Path | Dataset) else data
    detectors = [detectors] if isinstance(detectors, str) else detectors or []
    words = ["pianolab", "compare"]
    for dataset in data:
        words += ["--data", dataset.name if isinstance(dataset, Dataset) else os.fspath(dataset)]
    for spec in detectors:
        words += ["--detector", spec]
    for name, folder in (estimates or {}).items():
        words += ["--estimates", f"{name}={os.fspath(folder)}"]
    words += ["--seconds", f"{seconds:g}"] if seconds is not None else []
    return shlex.join([*words, "--split", split])


def provenance():
    """Versions of everything that takes part, and the commit of the source where there is one.

    Returns
    -------
    dict
        pianolab, commit ('' if unknown; ends in '+' if files were changed since), python, platform, libraries.
    """
    libraries = {name: importlib.metadata.version(name) for name in ("mir_eval", "pandas", "matplotlib")}
    return {
        "pianolab": pianolab.__version__,
        "commit": _commit(Path(pianolab.__file__).resolve().parents[1]),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {**versions(), **libraries},
    }


def _commit(folder):
    if not (folder / ".git").exists():
        return ""
    git = ["git", "-C", str(folder)]
    try:
        head, changed = (
            subprocess.run([*git, *words], capture_output=True, text=True, timeout=10, check=True).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return head + ("+" if changed else "")
