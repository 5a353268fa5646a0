"""What comes with the package is found, and what it makes again has a place wherever it was installed."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path

import pytest

import pianolab
from pianolab import places
from pianolab.data import builtin
from pianolab.errors import PianolabWarning
from pianolab.live.takes import takes_dir
from pianolab.places import PlaceError, cache_dir, comes_with, give_libraries_a_home, user_dir

PACKAGE = Path(pianolab.__file__).parent


def no_home(test):
    """Windows tells where the home folder is, whatever the environment says."""
    return pytest.mark.skipif(os.name == "nt", reason="Windows names the home folder itself")(test)


@pytest.fixture
def homeless(tmp_path, monkeypatch):
    """The home folder is below a file, so that nobody, not even root, can write there."""
    (tmp_path / "file").touch()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "home"))
    for name in (places.CACHE_VARIABLE, "NUMBA_CACHE_DIR", "PIANOLAB_DATA", *places._OTHERS):
        monkeypatch.setenv(name, "")  # so that what the package sets is taken back after the test
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def wheel(tmp_path):
    """A package as a wheel installs it: data and notebooks are inside it."""
    root = tmp_path / "installed"
    shutil.copytree(PACKAGE, root / "pianolab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("builtin/index.json", "builtin/notes/arirang.mid"):
        there = root / "pianolab" / "shipped" / "data" / name
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE.parent / "data" / name, there)
    return root


def python(root, code):
    """What a fresh interpreter says that imports the package of a folder: (standard output, standard error)."""
    env = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def files_below(folder):
    return sorted(path for path in Path(folder).rglob("*") if path.is_file())


def test_a_clone_has_its_data_and_notebooks_at_its_root():
    assert comes_with("data") == PACKAGE.parent / "data"
    assert comes_with("notebooks") == PACKAGE.parent / "notebooks"


def test_the_cache_folder_is_the_one_that_was_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIANOLAB_CACHE", str(tmp_path / "mine"))
    assert cache_dir() == tmp_path / "mine"


def test_a_named_cache_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PIANOLAB_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(PlaceError, match=r"below cannot be written \(.*\): set PIANOLAB_CACHE to a folder of"):
        cache_dir()


@no_home
def test_without_a_home_a_temporary_folder_is_used_and_said_once(homeless, monkeypatch):
    monkeypatch.setattr(places.tempfile, "tempdir", str(homeless))
    with pytest.warns(PianolabWarning, match="kept until the program ends; set PIANOLAB_CACHE"):
        folder = cache_dir()
    assert folder.parent == homeless
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache_dir() == folder  # also in processes that this one starts: it is named in the environment


@no_home
def test_where_the_system_knows_no_home_a_temporary_folder_is_used(homeless, monkeypatch):
    import pwd

    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(places.tempfile, "tempdir", str(homeless))
    with pytest.warns(PianolabWarning, match="the system knows no home folder of this user: what is rendered"):
        give_libraries_a_home()
    assert Path(os.environ["MPLCONFIGDIR"]).parent == cache_dir()
    with pytest.raises(PlaceError, match="knows no home folder of this user: set HOME to a folder of yours"):
        user_dir()


@no_home
def test_without_any_folder_to_write_the_remedy_is_named(homeless, monkeypatch):
    monkeypatch.setattr(places.tempfile, "tempdir", str(homeless / "file"))
    with pytest.raises(PlaceError, match="and no temporary folder can: set PIANOLAB_CACHE to a folder of yours"):
        cache_dir()


@no_home
def test_libraries_get_a_home_in_the_named_cache_folder_where_they_have_none(homeless, monkeypatch):
    monkeypatch.setenv("PIANOLAB_CACHE", str(homeless / "mine"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        give_libraries_a_home()
    assert {Path(os.environ[name]).parent for name in places._OTHERS} == {homeless / "mine"}


def test_libraries_keep_their_home_where_it_can_be_written(homeless, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(homeless))
    give_libraries_a_home()
    assert not set(places._OTHERS) & set(os.environ)


@no_home
def test_compare_has_nothing_to_say_of_a_missing_home_where_a_cache_folder_was_named(homeless, monkeypatch):
    monkeypatch.setenv("PIANOLAB_CACHE", str(homeless / "mine"))
    words = ["compare", "--data", str(comes_with("data") / "clips"), "--detector", "fft_peak", "--seconds", "1"]
    command = [sys.executable, "-m", "pianolab", *words, "--jobs", "1", "--out", str(homeless / "run")]
    done = subprocess.run([*command, "--cache", str(homeless / "heard")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(homeless / "file") not in done.stderr
    assert "PIANOLAB_CACHE" not in done.stderr
    assert files_below(homeless / "mine" / "mplconfigdir")


@no_home
@pytest.mark.slow
def test_the_live_page_is_served_without_a_home_where_a_cache_folder_was_named(homeless, monkeypatch):
    pytest.importorskip("voila")
    monkeypatch.setenv("PIANOLAB_CACHE", str(homeless / "mine"))
    command = [sys.executable, "-m", "pianolab", "live", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as page:
        try:
            address = next(found[0] for line in page.stdout if (found := re.search(r"http://\S+token=\w+", line)))
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert "application/vnd.jupyter.widget-view+json" in answer.read().decode()
        finally:
            page.terminate()


@no_home
def test_nothing_is_rendered_into_a_folder_that_goes_at_once(homeless, wheel):
    code = "import sys; from pianolab.cli import main; sys.argv[0] = 'pianolab'; print(main(['data', 'render']))"
    printed, error = python(wheel, code)
    assert printed == "2"
    assert error.splitlines()[-1] == (
        "pianolab: no folder keeps what is rendered: set PIANOLAB_CACHE to a folder of yours"
    )


@no_home
def test_a_temporary_cache_goes_when_the_program_ends(homeless):
    code = "from pianolab.places import cache_dir; folder = cache_dir(); (folder / 'x').touch(); print(folder)"
    folder, error = python(PACKAGE.parent, code)
    assert folder
    assert not Path(folder).exists()
    assert error.count("PianolabWarning") == 1


def test_what_an_installed_package_renders_goes_into_the_users_cache(wheel, tmp_path, monkeypatch):
    monkeypatch.setenv("PIANOLAB_CACHE", str(tmp_path / "cache"))
    before = files_below(wheel)
    code = "from pianolab.data import builtin as b; b.render_builtin(progress=False, ids={'arirang'}); "
    code += "print(b.audio_path(next(e for e in b.builtin_index() if e['id'] == 'arirang')))"
    sound = tmp_path / "cache" / "builtin" / "audio" / "arirang.flac"
    assert python(wheel, code)[0] == str(sound)
    assert files_below(tmp_path / "cache") == [sound]
    assert files_below(wheel) == before


def test_takes_of_an_installed_package_are_the_users(wheel):
    code = "from pianolab.live.takes import takes_dir; from pianolab.places import user_dir; "
    assert python(wheel, code + "print(takes_dir() == user_dir() / 'takes')")[0] == "True"
    assert takes_dir() == PACKAGE.parent / "data" / "takes"


def test_sound_that_somebody_rendered_into_a_folder_that_can_only_be_read_is_used(tmp_path, monkeypatch):
    entry = min(builtin.builtin_index(), key=lambda entry: entry["seconds"])
    folder = tmp_path / "data" / "builtin"
    (folder / "notes").mkdir(parents=True)
    shutil.copy(builtin.notes_path(entry), folder / "notes")
    builtin.write_index([entry], folder)
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PIANOLAB_CACHE", str(tmp_path / "cache"))
    builtin.render_builtin(progress=False)

    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(builtin, "refuse_unwritable", refuse)
    assert takes_dir() == user_dir() / "takes"
    assert builtin.render_builtin(progress=False) == []
    rendered = builtin.audio_path(entry)
    assert rendered.parent == folder / "audio"
    rendered.write_bytes(rendered.read_bytes()[:100])  # what is there is no longer whole: another is made
    assert builtin.render_builtin(progress=False) == [entry["id"]]
    assert builtin.audio_path(entry).parent == tmp_path / "cache" / "builtin" / "audio"


@no_home
def test_compiled_code_is_kept_elsewhere_where_numba_finds_no_place(homeless, wheel):
    """A file stands where the folder beside the source belongs, so numba alone would refuse to compile."""
    for folder in ("dsp", "detectors"):
        (wheel / "pianolab" / folder / "__pycache__").touch()
    code = (
        "import numpy as np; from pianolab.dsp.rates import halve; assert len(halve(np.ones(99, np.float32))) == 35; "
    )
    code += "import os; from pathlib import Path; print(len(list(Path(os.environ['NUMBA_CACHE_DIR']).rglob('*.nbi'))))"
    printed, error = python(wheel, code)
    assert printed == "1"
    assert error.count("PianolabWarning") == 1


def test_compiled_code_stays_beside_its_source_where_it_can(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    printed, error = python(PACKAGE.parent, "import pianolab.dsp.rates, os; print(os.environ.get('NUMBA_CACHE_DIR'))")
    assert (printed, error) == ("None", "")
