"""Every text stands in every language, with the same places for values."""

import copy
import json
import pickle
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
