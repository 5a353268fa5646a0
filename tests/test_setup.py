"""The three files that name our libraries agree, and the project's paths are where its users fixed them."""

import re
import tomllib
from pathlib import Path
from runpy import run_path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"matplotlib-base": "matplotlib", "pysoundfile": "soundfile", "soxr-python": "soxr"}


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def declared(*extras):
    project = pyproject()
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {canonicalize_name((r := Requirement(line)).name): r.specifier for line in lines}


def conda():
    wanted = {}
    for entry in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]:
        for line in entry["pip"] if isinstance(entry, dict) else [entry]:
            if not line.startswith("python=") and line != "pip":
                requirement = Requirement(line)
                wanted[canonicalize_name(CONDA_NAMES.get(requirement.name, requirement.name))] = requirement.specifier
    return wanted


def pinned():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    return {canonicalize_name(name): Version(version) for name, version in (line.split("==") for line in lines)}


def test_conda_users_get_what_pip_users_get():
    assert conda() == declared("test")


@pytest.mark.parametrize("name", sorted(declared("test")))
def test_every_library_is_pinned_to_a_version_that_is_allowed(name):
    assert pinned()[name] in declared("test")[name]


def test_constraints_hold_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        assert line.startswith("#") or (line.count("==") == 1 and not set(line) & set("@/; "))


def test_conda_gets_python_3_11_which_the_package_allows():
    assert "python=3.11" in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert Version("3.11.0") in Requirement(f"python{pyproject()['requires-python']}").specifier


def test_make_and_the_package_index_name_the_pythons_that_the_package_allows():
    allowed = Requirement(f"python{pyproject()['requires-python']}").specifier
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(pyproject()["classifiers"]))
    assert [version for version in (f"3.{minor}" for minor in range(30)) if version in allowed] == named
    assert re.findall(r"command -v python(3\.\d+)", (ROOT / "Makefile").read_text(encoding="utf-8")) == named


@pytest.mark.parametrize("place", ["notebooks", "pianolab", "data", "results", "tests", "environment.yml", "README.md"])
def test_the_top_level_is_as_its_users_fixed_it(place):
    assert (ROOT / place).exists()


def test_versions_agree_between_package_and_citation():
    import pianolab

    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == pianolab.__version__


def test_a_commit_is_checked_by_the_same_ruff_as_make_lint():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    asked = [line for hook in hooks for line in hook.get("additional_dependencies", [])]
    assert asked == [f"ruff=={pinned()['ruff']}"] * 2


def test_setup_counts_what_pip_looks_up_fetches_and_installs():
    progress = run_path(str(ROOT / ".ci" / "install.py"))["Progress"]()
    for line in (
        "Collecting numpy>=2.0 (from pianolab==0.2.0)",
        "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (6.6 kB)",
        "Requirement already satisfied: pip in .venv/lib",
        "Collecting ncls (from -r x)",
        "Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.9 MB)",
        "Using cached ncls-0.0.70.tar.gz (512 kB)",
        "Installing collected packages: numpy, ncls",
    ):
        progress.take(line)
    assert (progress.looked_up, progress.fetched, progress.installing) == (2, 2, 2)
    assert progress.megabytes == pytest.approx(17.412)
