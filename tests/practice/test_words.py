"""A verdict is said with a shape and the names of keys, in both languages."""

from typing import get_args

import pytest

from pianolab.practice.checking import Verdict, VerdictKind
from pianolab.practice.words import words_of

KINDS = get_args(VerdictKind)


def verdict(what: str, perhaps: str | None = None) -> Verdict:
    return Verdict(what, 0, 65, 64, 3, 12.0, 8.2, None, 0.97, 8.4, perhaps, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "not sure"])
def test_each_kind_has_words_and_a_shape_of_its_own(kind):
    for language in ("en", "ko"):
        said = words_of(verdict(kind)).said(language)
        assert "{" not in said
        shape = said.split(": ", 1)[1][0]
        others = {words_of(verdict(other)).said(language).split(": ", 1)[1][0] for other in KINDS[:-1] if other != kind}
        assert not shape.isalnum()
        assert shape not in others or kind in ("extra", "doubled", "wrong", "octave")


def test_a_doubt_says_that_it_is_one():
    told = words_of(verdict("not sure", "missing"), bar="7", style="도")
    assert told == "bar 7: ? Not sure: ○ 파4 is missing."
    assert told.said("ko") == "7마디: ? 확실하지 않음: ○ 파4 음이 빠졌습니다."
