"""Put pianolab and the libraries of an extra into .venv, and say what is going on: `python .ci/install.py test`.

The Makefile calls it where pip alone would be silent for minutes, or would print hundreds of lines. On a terminal one
line is written over and over; elsewhere (CI) a line comes every ten seconds. Where pip fails its last lines follow.
"""

import os
import re
import subprocess
import sys
import threading
import time

VENV_PYTHON = os.path.join(".venv", "Scripts" if os.name == "nt" else "bin", "python")
FETCHED = re.compile(r"(?:Downloading|Using cached) \S+?\.(?:whl|tar\.gz) \((?P<size>[\d.]+) (?P<unit>[kMG]?B)\)")
MB = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
LAST_LINES = 30  # of pip's output, shown where it fails


class Progress:
    """What pip has done so far, told by its lines."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.looked_up = self.fetched = self.installing = 0
        self.megabytes = 0.0

    def take(self, line: str) -> None:
        self.looked_up += line.startswith("Collecting ")
        if found := FETCHED.search(line):
            self.fetched += 1
            self.megabytes += float(found["size"]) * MB[found["unit"]]
        if line.startswith("Installing collected packages:"):
            self.installing = line.count(",") + 1

    def tell_until(self, done: threading.Event) -> None:
        """Tell it every second on a terminal; elsewhere every ten."""
        while not done.wait(1.0 if sys.stdout.isatty() else 10.0):
            self._tell()

    def _tell(self) -> None:
        if self.installing:
            doing = f"installing {self.installing} packages"
        elif self.fetched:
            doing = f"{self.fetched} packages fetched, {self.megabytes:.0f} MB"
        else:
            doing = f"{self.looked_up} packages looked up"
        line = f"  {doing} ({time.monotonic() - self.started:.0f} s) ..."
        print(f"\r{line:<70}" if sys.stdout.isatty() else line, end="" if sys.stdout.isatty() else "\n", flush=True)


def main(extra: str) -> int:
    command = [sys.executable, "-m", "pip", "--python", VENV_PYTHON, "install", "--progress-bar", "off"]
    command += ["--constraint", "constraints.txt", "pip", "--editable", f".[{extra}]"]
    progress, lines, done = Progress(), [], threading.Event()
    teller = threading.Thread(target=progress.tell_until, args=(done,))
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    teller.start()
    try:
        with subprocess.Popen(command, **output) as pip:
            for line in pip.stdout or ():
                lines.append(line)
                progress.take(line)
    except KeyboardInterrupt:
        print("\nStopped. The same command begins again; what was fetched is kept.")
        return 130
    finally:  # However it ends, the telling ends, too.
        done.set()
        teller.join()
    if sys.stdout.isatty():
        print("\r" + " " * 70, end="\r")
    if pip.returncode:
        print("".join(lines[-LAST_LINES:]), end="")
        return pip.returncode
    seconds = time.monotonic() - progress.started
    print(f"  {progress.installing} packages installed ({progress.megabytes:.0f} MB) in {seconds:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
