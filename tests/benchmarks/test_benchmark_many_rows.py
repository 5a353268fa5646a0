"""The report of ten thousand recordings stays within the time and the memory that are promised."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "many_rows.py"
BOUND_S, BOUND_MB = 60, 1000


@pytest.mark.slow
def test_ten_thousand_recordings_are_reported_in_a_minute_and_a_gigabyte():
    said = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True).stdout
    words = said.replace(",", " ").split()
    assert words[:2] == ["10000", "recordings"]
    assert float(words[words.index("processor") - 3]) < BOUND_S
    assert float(words[words.index("MB") - 1]) < BOUND_MB
