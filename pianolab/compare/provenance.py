"""Where a result comes from: what a reader needs to get the same numbers again.

The command, the versions of the program and its libraries, the commit of the source, and checksums of the sound and
the labels.
"""

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pianolab
from pianolab.compare.cache import CACHE
from pianolab.compare.fingerprints import versions
from pianolab.compare.hearing import Place
from pianolab.compare.run_folder import MADE_BY
from pianolab.compare.shareable import to_type
from pianolab.data import Dataset, Recording
from pianolab.detector import Detector, DetectorError
from pianolab.errors import printable, reason
from pianolab.scores import Protocol

NAMED = ("builtin", "real")  # Data sets that have no folder of the user's.


def checksums_of(place: Place, recording: Recording) -> dict[str, str]:
    """The checksums of a recording.

    Parameters
    ----------
    place : (data set, id)
    recording : Recording

    Returns
    -------
    dict of str to str
        dataset, id, and the checksums of sound and labels; why there is none in their place.
    """
    checksums = {}
    for name in ("checksum", "labels_checksum"):
        try:
            checksums[name] = getattr(recording, name)
        except (ValueError, OSError) as error:
            checksums[name] = f"none: {reason(error)}"
    return {"dataset": place[0], "id": place[1], **checksums}


def command_line(
    data: Iterable[str | Path | Dataset],
    detectors: Iterable[str | Detector] | None,
    estimates: Mapping[str, str | Path],
    seconds: float | None,
    split: str,
    protocol: Protocol,
    cache: str | Path,
    timeout_s: float | None = None,
    my_piano: str | Path | None = None,
    unconfirmed: bool = False,
    protocols: str | Iterable[str] | Mapping[str, Protocol] | None = None,
    commands: Mapping[str, str] | None = None,
    degrade: Iterable[str] = (),
    cross: bool = False,
    shard: str | None = None,
    delays: bool = False,
    against: str | Path | None = None,
) -> str:
    """The command line that makes a comparison again.

    Parameters
    ----------
    data, detectors, estimates, seconds, split, protocol, cache, timeout_s, my_piano, unconfirmed, protocols, commands
        As for `pianolab.compare.compare`, the first two as lists.
    degrade, cross, shard, delays, against
        As for it, the first as a list.

    Returns
    -------
    str
        For a shell such as bash or zsh, with all options that change the result. What cannot be typed, a data set or a
        class that stands in no file, or a tolerance other than the usual one, is named in a comment behind it.

    Examples
    --------
    >>> command_line(["builtin"], ["yin"], {}, 30, "test", Protocol(), "kept")
    'pianolab compare --data builtin --detector yin --seconds 30 --split test --pedal release --cache kept'
    """
    options, cannot = [], []
    for dataset in data:
        if not isinstance(dataset, Dataset):
            options.append(("--data", os.fspath(dataset)))
        elif dataset.name in NAMED:
            options.append(("--data", dataset.name))
        else:
            cannot.append(f"the data set {dataset.name}")
    for detector in detectors or ():
        try:
            options.append(("--detector", detector if isinstance(detector, str) else detector.spec))
        except DetectorError:
            cannot.append(repr(detector))
    options += [("--estimates", f"{name}={os.fspath(folder)}") for name, folder in estimates.items()]
    options += [("--command", f"{name}={line}") for name, line in (commands or {}).items()]
    options += [("--seconds", _number(seconds))] if seconds is not None else []
    options += [("--split", split), ("--pedal", protocol.pedal)]
    options += [("--timeout", _number(timeout_s))] if timeout_s is not None else []
    options += [("--cache", os.fspath(cache))] if Path(cache) != CACHE else []
    options += [("--my-piano", os.fspath(my_piano))] if my_piano is not None else []
    options += [("--shard", shard)] if shard is not None else []
    options += [("--against", os.fspath(against))] if against is not None else []
    if isinstance(protocols, Mapping):
        cannot.append(f"protocols {', '.join(protocols)}")
    elif protocols is not None:
        options.append(("--protocols", protocols if isinstance(protocols, str) else ",".join(protocols)))
    options += [("--degrade", text) for text in degrade]
    typed_alone = [*(["--unconfirmed"] if unconfirmed else []), *(["--cross"] if cross else [])]
    typed_alone += ["--delays"] if delays else []
    if protocol != Protocol(pedal=protocol.pedal):
        cannot.append(str(protocol))
    typed = " ".join([MADE_BY, *(to_type(option, value) for option, value in options), *typed_alone])
    return typed + (f"  # cannot be typed: {printable('; '.join(cannot))}" if cannot else "")


def _number(value: float) -> str:
    """All digits of a number, without a fraction that is none."""
    return str(value).removesuffix(".0")


def provenance() -> dict[str, Any]:
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


def _commit(folder: Path) -> str:
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
