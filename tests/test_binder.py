"""postBuild, which mybinder.org runs once: it is executable, and what it names exists and works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
POST_BUILD = ROOT / "postBuild"
NEEDS_BASH = pytest.mark.skipif(not shutil.which("bash"), reason="postBuild needs bash")


@NEEDS_BASH
def test_post_build_can_be_executed_and_is_bash():
    assert os.access(POST_BUILD, os.X_OK)
    assert POST_BUILD.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", POST_BUILD], check=True)


@pytest.mark.slow
@NEEDS_BASH
def test_post_build_installs_the_clone_renders_all_recordings_and_hears_with_every_detector(tmp_path):
    """All but pip is real: what it was asked for stands in a file, and the environment of the tests stays as it is."""
    clone, bin_ = tmp_path / "clone", tmp_path / "bin"
    for folder in ("pianolab", "data"):
        shutil.copytree(ROOT / folder, clone / folder, ignore=shutil.ignore_patterns("audio", "__pycache__"))
    bin_.mkdir()
    for name, command in (
        ("pip", 'echo "$@" > pip.asked'),
        ("pianolab", f'"{sys.executable}" -m pianolab "$@"'),
        ("python", f'"{sys.executable}" "$@"'),
    ):
        (bin_ / name).write_text(f"#!/bin/sh\n{command}\n")
        (bin_ / name).chmod(0o755)
    env = os.environ | {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(clone)}
    env.pop("PIANOLAB_DATA", None)
    subprocess.run([POST_BUILD], check=True, cwd=clone, env=env, timeout=300)
    assert (clone / "pip.asked").read_text().split() == ["install", "--no-deps", "--no-cache-dir", "--editable", "."]
    assert len(list((clone / "data" / "builtin" / "audio").glob("*.flac"))) == 49
    assert list((clone / "pianolab" / "detectors" / "__pycache__").glob("yin.*.nbi"))  # compiled, and kept
