"""A player reads plain words: what programmers call things stands on no page."""

import re

import pytest

from pianolab.texts.catalogue import LANGUAGES, catalogue

# The files whose texts a live page can show: its own, and what the program that listens words for it.
SHOWN = ("page", "live", "prompts", "chords", "my_piano", "detectors")
REFUSED = {
    "en": re.compile(r"\b(kernels?|blocks?|onsets?|F1)\b", re.IGNORECASE),
    "ko": re.compile(r"커널|블록|온셋|F1|\b(kernels?|blocks?|onsets?)\b", re.IGNORECASE),
}


def forms(text):
    """A text, or each form of a pair, without the places for values, whose names no player reads."""
    return [re.sub(r"\{.*?\}", "…", form) for form in ([text] if isinstance(text, str) else text.values())]


def refused(texts, language):
    """The keys of texts that hold a word no player should have to know."""
    return [key for key, text in texts.items() if any(REFUSED[language].search(form) for form in forms(text))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_says_kernel_block_onset_or_f1(language):
    shown = {key: text for key, text in catalogue(language).items() if key.split(".")[0] in SHOWN}
    assert {key.split(".")[0] for key in shown} == set(SHOWN)
    assert refused(shown, language) == []


def test_a_programmers_word_is_noticed():
    assert refused(
        {"a": "The kernel is busy.", "b": {"one": "1 block", "other": "2 blocks"}, "c": "blocked"}, "en"
    ) == ["a", "b"]
    assert refused({"a": "커널이 바쁩니다.", "b": "블록 2개", "c": "음 F1", "d": "온셋", "e": "소리"}, "ko") == [
        "a",
        "b",
        "c",
        "d",
    ]
