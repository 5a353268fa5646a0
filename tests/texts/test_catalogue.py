"""Every text stands in every language, with the same places for values."""

import copy
import json
import pickle
import re
import string

import pytest

from pianolab.texts import catalogue as texts
from pianolab.texts.catalogue import LANGUAGES, TextError, Told, catalogue, language_of, said, say, told_by

OTHERS = [language for language in LANGUAGES if language != "en"]


def places(text):
    """The names of the values that a text takes; of a pair, those of its form for several."""
    text = text if isinstance(text, str) else text["other"]
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_missing_in_another_language(language):
    assert catalogue("en")
    assert set(catalogue(language)) == set(catalogue("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_takes_the_same_values(language):
    for key, text in catalogue("en").items():
        assert places(catalogue(language)[key]) == places(text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_and_a_pair_has_its_forms(language):
    for key, text in catalogue(language).items():
        forms = {"other": text} if isinstance(text, str) else dict(text)
        assert {"other"} <= set(forms) <= {"one", "other"}, key
        assert all(form.strip() for form in forms.values()), key


# Korean texts of Latin letters alone: units, formulas, and names that Korean writes so too.
LATIN = {
    *(f"glossary.{name}" for name in ("a4", "dbfs", "f1", "mfcc", "nmf", "stft", "yin")),
    *(f"hints.{name}" for name in ("any.hz", "name_of.case", "heard_hz.case")),
    *(f"hints.{name}.formula" for name in ("mel", "parabola", "update")),
    *("live.hz", "live.set_a4", "page.level", "page.wave.length", "page.labels.shift", "page.report.ms"),
    "widgets.label_n",
}
SEVERAL_LATIN = {
    "live.unknown_edit": "the names of the edits, as a program writes them",
    "hints.n_parameters.kernels": "a product",
}


def forms(text):
    """A text, or each form of a pair, with a sign at the places for values."""
    for form in [text] if isinstance(text, str) else text.values():
        yield "…".join(literal for literal, *_ in string.Formatter().parse(form))


def left_in_english(texts):
    """The keys of Korean texts without a Korean letter, and of those with three English words in a row."""
    whole, part = set(), set()
    for key, text in texts.items():
        for form in forms(text):
            if re.search("[A-Za-z]", form) and not re.search("[가-힣]", form):
                whole.add(key)
            if re.search(r"[A-Za-z]{2,}[ ,;:]+[A-Za-z]+[ ,;:]+[A-Za-z]{2,}", form):
                part.add(key)
    return whole, part


def test_no_korean_text_is_left_in_english():
    whole, part = left_in_english(catalogue("ko"))
    assert whole == LATIN
    assert part == set(SEVERAL_LATIN)


def test_a_korean_text_left_in_english_is_noticed():
    texts = {"a": "note", "b": "마이크: press Start again", "c": {"other": "{n} notes"}, "d": "A4는 440 Hz"}
    assert left_in_english(texts) == ({"a", "c"}, {"b"})


def test_the_environment_chooses_the_language_where_none_is_given(monkeypatch):
    monkeypatch.delenv("PIANOLAB_LANGUAGE", raising=False)
    assert say("page.start") == "Start"
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "ko")
    assert (say("page.start"), say("page.start", "en")) == ("시작", "Start")


def test_an_unknown_language_names_what_there_is():
    with pytest.raises(TextError, match="'kr' is unknown: use en or ko"):
        language_of("kr")


def test_an_unknown_key_names_a_near_one():
    with pytest.raises(TextError, match=r"no 'page\.strat'.*page\.start"):
        say("page.strat")


def test_a_pair_has_a_form_for_one_and_one_for_several(monkeypatch):
    monkeypatch.setattr(texts, "catalogue", lambda language: {"a.b": {"one": "{n} note", "other": "{n} notes"}})
    assert [say("a.b", n=n) for n in (0, 1, 2)] == ["0 notes", "1 note", "2 notes"]
    with pytest.raises(TextError, match="needs a value for 'n'"):
        say("a.b")


def test_what_is_told_is_english_for_a_log_and_korean_for_a_player(monkeypatch):
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "ko")
    told = Told("live.outside", name=Told("live.set_threshold"), value=7, low="0", high="1")
    assert json.loads(json.dumps(told)) == "threshold 7 cannot be used: give a number from 0 to 1"
    assert told.said() == told.said("ko") == "임계값 7: 쓸 수 없는 값입니다. 0에서 1 사이의 수를 넣어 주세요."
    for other in (copy.deepcopy(told), pickle.loads(pickle.dumps(told))):
        assert (other, other.said("ko")) == (told, told.said("ko"))
    assert said([{"text": told}, told.key], "ko") == [{"text": told.said("ko")}, "live.outside"]


def test_an_error_keeps_what_it_was_told():
    assert told_by(ValueError(Told("page.stop"))).said("ko") == "정지"
    assert told_by(ValueError("two\nlines")) == "two"
    assert told_by(ValueError()) == "ValueError"


def test_a_text_that_lacks_a_value_is_noticed_at_once():
    with pytest.raises(TextError, match=r"'live\.frames' needs a value for 'n'"):
        Told("live.frames")
