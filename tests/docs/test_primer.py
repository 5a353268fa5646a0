"""The page of Python and NumPy says what Python says."""

import doctest
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "primer.md"


def test_every_example_of_the_primer_answers_as_it_says():
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```pycon\n(.*?)```", text, re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 20
    told = []
    failed = doctest.DocTestRunner(verbose=False).run(examples, out=told.append)
    assert not failed.failed, "".join(told)


def test_the_primer_fits_a_page():
    words = re.sub(r"```.*?```", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL).split()
    assert len(words) < 450
