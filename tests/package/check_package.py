"""What a user does who has no clone: install the wheel, compare, detect, copy the notebooks, start the live page.

`make test-package` runs it; it is no part of `make test`, for it installs everything anew. What comes in: this clone.
What comes out: one line a step with its seconds, and exit code 1 at the first step that fails. The wheel is built from
the source archive, installed with each other Python that is found (3.12, 3.13, 3.14), and used in an empty folder with
an empty home folder, so that nothing of the clone or of this user's settings can help.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHER_PYTHONS = ("3.12", "3.13", "3.14")
MOST_BYTES = 25_000_000
START_S = 120
WIDGET = "application/vnd.jupyter.widget-view+json"
# What a user meets, as folder of the clone, pattern, and folder of the wheel.
SHIPPED = (
    ("data", "README.md", "pianolab/shipped/data"),
    ("data/builtin", "index.json", "pianolab/shipped/data/builtin"),
    ("data/builtin/notes", "*.mid", "pianolab/shipped/data/builtin/notes"),
    ("data/clips", "*", "pianolab/shipped/data/clips"),
    ("data/real", "index.json", "pianolab/shipped/data/real"),
    ("data/real", "*.md", "pianolab/shipped/data/real"),
    ("data/real/recordings", "*", "pianolab/shipped/data/real/recordings"),
    ("data/neural", "*.csv", "pianolab/shipped/data/neural"),
    ("data/pieces", "*.musicxml", "pianolab/shipped/data/pieces"),
    ("notebooks", "[0-9]*.ipynb", "pianolab/shipped/notebooks"),
    ("notebooks", "loudest.py", "pianolab/shipped/notebooks"),
    ("notebooks/solutions", "*.ipynb", "pianolab/shipped/notebooks/solutions"),
    ("notebooks/ko", "**/*.ipynb", "pianolab/shipped/notebooks/ko"),
    ("pianolab", "**/*.py", "pianolab"),
    ("pianolab/detectors", "*.onnx", "pianolab/detectors"),
    ("pianolab/detectors", "*.npz", "pianolab/detectors"),
    ("pianolab/lessons", "*.onnx", "pianolab/lessons"),
    ("pianolab/lessons", "*.json", "pianolab/lessons"),
    ("pianolab/detectors", "*.json", "pianolab/detectors"),
    ("pianolab/detectors", "WEIGHTS_LICENSE_*", "pianolab/detectors"),
    ("pianolab/compare", "*.html", "pianolab/compare"),
    ("pianolab/compare", "*.js", "pianolab/compare"),
    ("pianolab/texts", "*/*.json", "pianolab/texts"),
    ("pianolab/live/static", "**/*.*", "pianolab/live/static"),
    ("pianolab/practice/shelf/static", "*.*", "pianolab/practice/shelf/static"),
    ("pianolab/practice/streaming/static", "*.*", "pianolab/practice/streaming/static"),
    ("pianolab/practice/page/static", "*.*", "pianolab/practice/page/static"),
    ("pianolab/practice/page/static/js", "*.js", "pianolab/practice/page/static/js"),
)
LEFT_OUT = re.compile(
    r"checkpoint|pieces/(engrave|.*txt)|builtin/(scores|audio)|real/(make|scores)|compose|conftest|ko/translate|node_modules|__pycache__|/tests?/|live/js/"
)


def main() -> int:
    """Check the package; 0 if all is well."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="package-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        wheel = build(work / "dist")
        check_contents(wheel)
        for number, python in enumerate(pythons()):
            use(wheel, python, work / f"user_{number}")
    say("all is well", started)
    return 0


def say(text: str, started: float | None = None) -> None:
    print(f"{text}: {time.monotonic() - started:.0f} s" if started is not None else text, flush=True)


def fail(text: str) -> None:
    raise SystemExit(f"test-package: {text}")


def build(folder: Path) -> Path:
    """The wheel, made from the source archive, as `pip` would make it for a user."""
    started = time.monotonic()
    call([sys.executable, "-m", "build", "--outdir", folder, ROOT])
    (wheel,) = folder.glob("*.whl")
    say(f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, built from its source archive", started)
    return wheel


def check_contents(wheel: Path) -> None:
    """The wheel is small, and holds what users meet and nothing else."""
    if wheel.stat().st_size > MOST_BYTES:
        fail(f"{wheel.name} has {wheel.stat().st_size} bytes; at most {MOST_BYTES} are allowed")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    tracked = {ROOT / name for name in call(["git", "-C", ROOT, "ls-files"]).splitlines()}
    for folder, pattern, there in SHIPPED:
        here = [path for path in (ROOT / folder).glob(pattern) if path in tracked]
        if not here:
            fail(f"the clone has no {folder}/{pattern}")
        for path in here:
            name = f"{there}/{path.relative_to(ROOT / folder).as_posix()}"
            if name not in inside:
                fail(f"the wheel has no {name}")
    if extra := sorted(name for name in inside if LEFT_OUT.search(name)):
        fail(f"the wheel has {extra[0]}, which belongs to the clone only")
    ours = {path.relative_to(ROOT).as_posix() for path in tracked}
    packed = {name: name.removeprefix("pianolab/shipped/") for name in inside if ".dist-info/" not in name}
    if extra := sorted(name for name, here in packed.items() if here not in ours):
        fail(f"the wheel has {extra[0]}, which is not in the repository")
    say(f"{len(inside)} files in the wheel, none missing and none too many")


def pythons() -> list[str]:
    """Other Pythons than this one, as many as are found; this one if there is none."""
    found = []
    for version in OTHER_PYTHONS:
        candidates = [shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
        found += [str(path) for path in candidates if path and version_of(path) == version][:1]
    if not found:
        say(f"no other Python than {sys.executable} was found: it is used itself")
    return found or [sys.executable]


def version_of(python: str | Path) -> str:
    """Such as 3.12; nothing where the program does not run (pyenv has such stand-ins)."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


def use(wheel: Path, python: str, folder: Path) -> None:
    """Install the wheel into an empty environment and use it."""
    here, venv = folder / "here", folder / "venv"
    here.mkdir(parents=True)
    say(f"\nPython {version_of(python)} ({python})")
    started = time.monotonic()
    bin_folder = install(wheel, python, venv)
    say("installed", started)
    user = User(bin_folder / "pianolab", here, environment(folder / "home"))
    code = "import pianolab, pathlib; print(pathlib.Path(pianolab.__file__).parent)"
    package = Path(call([bin_folder / "python", "-c", code], cwd=here, env=user.env).strip())
    before = files_of(package)

    table = user.runs("compare", "--seconds", "5")
    if "neural" not in table or not list(here.glob("results/*/report.html")):
        fail(f"compare printed no table, or wrote no report:\n{table}")
    say("from pip install to the first table", started)
    print(table)
    check_detect(user, package / "shipped" / "data" / "clips" / "ode_to_joy.flac")
    check_notebooks(user)
    check_live_page(user)

    if made := sorted({path.name for path in here.iterdir()} - {"results", "lessons", "ode_to_joy.tsv"}):
        fail(f"the working folder holds {made[0]}, for which nobody asked")
    if ROOT in package.parents or (made := sorted(files_of(package) - before)):
        fail(f"{made[0] if made else package} was written into the installed package")


def install(wheel: Path, python: str, venv: Path) -> Path:
    """The folder of programs of a new environment that has the wheel."""
    call([python, "-m", "venv", "--without-pip", venv])
    programs = venv / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"]
    call([*pip, "--constraint", ROOT / "constraints.txt", f"{wheel}[live]"])
    return programs


def environment(home: Path) -> dict[str, str]:
    """What programs are told of this machine: a home that is empty, and no settings of this user."""
    home.mkdir()
    taken = re.compile("PIANOLAB_|PYTHON|XDG_|NUMBA_|MPL|JUPYTER|IPYTHON|VIRTUAL_ENV")
    own = {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home)}
    return {name: value for name, value in os.environ.items() if not taken.match(name)} | own


def files_of(package: Path) -> set[str]:
    """The files of an installed package without what Python and numba compile."""
    return {str(path) for path in package.rglob("*") if "__pycache__" not in path.parts}


@dataclass
class User:
    """Somebody who types commands in a folder."""

    pianolab: Path
    here: Path
    env: dict[str, str]

    def runs(self, *words: str | Path) -> str:
        """What `pianolab` prints."""
        return call([self.pianolab, *words], cwd=self.here, env=self.env)


def check_detect(user: User, clip: Path) -> None:
    started = time.monotonic()
    user.runs("detect", clip, "--out", user.here)
    notes = (user.here / "ode_to_joy.tsv").read_text(encoding="utf-8")
    if not 10 < len(notes.splitlines()) < 40:
        fail(f"detect found these notes in Ode to Joy:\n{notes}")
    say(f"detect: {len(notes.splitlines()) - 1} notes of Ode to Joy", started)


def check_notebooks(user: User) -> None:
    first, second = user.runs("notebooks", "lessons"), user.runs("notebooks", "lessons")
    all_copied = re.match(r"copied (\d+) of \1 files", first)
    if not all_copied or f"copied 0 of {all_copied[1]} files" not in second or "left as they were" not in second:
        fail(f"notebooks said {first!r}, then {second!r}")
    say(f"notebooks: {len(list((user.here / 'lessons').rglob('*.ipynb')))} copied, none overwritten the second time")


def check_live_page(user: User) -> None:
    """The page is served with its token only, and holds the widget."""
    started = time.monotonic()
    with page(user) as address:
        stranger, ours = content(address.partition("?")[0]), content(address)
        if WIDGET in stranger:
            fail("the live page was served without its token")
        if WIDGET not in ours or "anywidget" not in ours:
            fail(f"the live page holds no widget:\n{ours[:2000]}")
    say("the live page holds its widget, and asks for its token", started)


def content(address: str) -> str:
    """What a page holds; urlopen raises an error where its status is not 200."""
    with urllib.request.urlopen(address, timeout=START_S) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def page(user: User) -> Iterator[str]:
    """The address of the live page, token and all; it is stopped in the end."""
    command = [user.pianolab, "live", "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
    process = subprocess.Popen(command, cwd=user.here, env=user.env, **pipes)
    watch = threading.Timer(START_S, process.kill)
    watch.start()
    said = []
    try:
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://\S+token=\w+", line):
                yield found[0]
                break
        else:
            fail(f"the live page did not start:\n{''.join(said)}")
    finally:
        watch.cancel()
        process.terminate()
        process.communicate(timeout=20)


def call(words, **settings) -> str:
    """What a program prints; what it says in the end where it fails."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, encoding="utf-8", **settings)
    if done.returncode:
        fail(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
