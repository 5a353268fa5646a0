"""A word of the glossary is the same word wherever a player or student reads it, in English and in Korean."""

import json
import re
import string
from pathlib import Path

import pytest

from pianolab.texts.catalogue import catalogue
from pianolab.texts.glossary import glossary, page

ROOT = Path(__file__).parents[2]

# Forms of a term beside the plural with s.
ENGLISH_FORMS = {
    "bias": ("biases",),
    "frequency": ("frequencies",),
    "spectrum": ("spectra",),
    "velocity": ("velocities",),
    "probability": ("probabilities",),
    "melody": ("melodies",),
}
# What Korean writes for a term where its whole word would be stiff.
KOREAN_FORMS = {
    "fundamental": ("기본 주파수",),
    "window": ("창",),
    "key_release": ("건반을 놓",),
    "stroke": ("치", "친", "쳤", "칠", "칩"),
    "weight": ("가중",),
    "logarithm": ("log",),
}
# Phrases in which the English word is another one.
PHRASES = {"harmonic mean": "조화 평균", "key signature": "조표"}
# Words that are also everyday words of English; these rooms use them as the glossary does.
ONLY_IN = {"take": ("page", "live", "verdicts"), "root": ("page", "live", "chords", "glossary")}
# Texts in which a term need not stand in Korean, with the reason.
EXCEPT = {
    ("prompts.chord", "chord"): "the Korean name of each kind of chord says it already",
    ("hints.update.formula", "template"): "a formula in Python",
    ("notebooks.01_sound_and_sampling, markdown-49", "split"): "a verb",
    ("notebooks.02_fourier_and_stft, markdown-12", "split"): "a verb",
    ("notebooks.02_fourier_and_stft, markdown-22", "hit"): "a verb",
}

# Words that mean the same as one of ours, and ours.
PEOPLE = {"Lane"}  # Who is cited keeps the name.
SYNONYMS = {
    "lane": "listener",
    "sample rate": "sampling rate",
    "sampling frequency": "sampling rate",
    "hop size": "hop",
    "hop length": "hop",
    "frame size": "frame length",
    "window size": "frame length",
    "damper pedal": "sustain pedal",
    "note-on": "onset",
    "note-off": "offset",
    "key-up": "key release",
    "half tone": "semitone",
    "half step": "semitone",
    "overtone": "partial or harmonic",
    "ground truth": "labels",
    "false alarm": "extra note or ghost",
    "false positive": "extra note or ghost",
    "false negative": "missing note",
    "hit rate": "recall",
    "f-measure": "F1",
    "f-score": "F1",
}

# The same for the Korean texts that a player reads.
PLAYERS = ("page", "live", "chords", "prompts", "scores", "detectors", "recordings")
KOREAN_SYNONYMS = {
    "보관": "저장",
    "골라": "선택",
    "고르": "선택",
    "더해진": "남는",
    "(?<!실시간 )화면": "페이지",
    "(?<!주피터 )노트북": "주피터 노트북",  # 노트북 alone is a laptop.
    "마른 소리": "울림이 없는 소리",
    "[^주]세요": "-해 주세요",
}


def words_only(text):
    """A text, or the form of a pair for several, without its places for values."""
    text = text if isinstance(text, str) else text["other"]
    return " ".join(literal for literal, *_ in string.Formatter().parse(text))


def pattern(key, word):
    forms = "|".join(map(re.escape, (word, *ENGLISH_FORMS.get(key, ()))))
    return re.compile(rf"(?<![\w-])(?:{forms})s?(?![\w-])", 0 if word.isupper() else re.IGNORECASE)


ENGLISH, KOREAN = (glossary(language) for language in ("en", "ko"))
# Longer terms come first, and what they cover is not looked at again: a bootstrap interval is no interval of music.
ORDER = sorted(ENGLISH, key=lambda key: -len(ENGLISH[key].word))
PATTERNS = {key: pattern(key, ENGLISH[key].word) for key in ORDER}


def other_words(text_key, english, korean):
    """The terms that stand in the English text and not in the Korean one."""
    for phrase, korean_phrase in PHRASES.items():
        if phrase in english:
            english = english.replace(phrase, " ")
            if korean_phrase not in korean:
                yield phrase, korean_phrase
    room = text_key.split(".")[0]
    for key in ORDER:
        found = PATTERNS[key].search(english)
        english = PATTERNS[key].sub(" ", english)
        if not found or room not in ONLY_IN.get(key, (room,)) or (text_key, key) in EXCEPT:
            continue
        if not any(form in korean for form in (KOREAN[key].word, *KOREAN_FORMS.get(key, ()))):
            yield ENGLISH[key].word, KOREAN[key].word


def test_there_are_more_than_sixty_terms_with_a_sentence_each():
    assert len(ENGLISH) > 60
    for language in ("en", "ko"):
        for term in glossary(language).values():
            assert term.means.endswith("."), term
            assert len(term.means) < 140, term


@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_two_terms_have_the_same_word(language):
    words = [term.word.casefold() for term in glossary(language).values()]
    assert sorted(words) == sorted(set(words))


def test_where_english_says_a_term_korean_says_it_too():
    korean = catalogue("ko")
    wrong = [
        f"{key}: {english!r} stands for {word!r} of the glossary in Korean; this text says {words_only(korean[key])!r}"
        for key, text in catalogue("en").items()
        for word, english in other_words(key, words_only(text), words_only(korean[key]))
    ]
    assert not wrong, "write the word of the glossary, or list another form of it in this test:\n" + "\n".join(wrong)


def plain_words(markdown):
    """Markdown without its formulas, code, the targets of its links, and the titles of its sources."""
    markdown = markdown.partition("**Sources.**")[0]
    return re.sub(r"\$\$.+?\$\$|\$[^$]+\$|`[^`]+`|(?<=\])\([^)\s]+\)", " ", markdown, flags=re.DOTALL)


def translated_cells():
    """(name, English, Korean) of each cell of words of the Korean notebooks."""
    for path in sorted((ROOT / "notebooks/ko").rglob("*.ipynb")):
        name = path.relative_to(ROOT / "notebooks/ko")
        english, korean = (
            {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"}
            for cells in (json.loads(each.read_text("utf-8"))["cells"] for each in (ROOT / "notebooks" / name, path))
        )
        yield from ((f"notebooks.{name.with_suffix('')}, {id_}", english[id_], korean[id_]) for id_ in korean)


def test_the_korean_notebooks_say_the_words_of_the_glossary():
    cells = list(translated_cells())
    assert len(cells) > 10
    wrong = [
        f"{name}: {english!r} stands for {word!r}"
        for name, english_text, korean_text in cells
        for word, english in other_words(name, plain_words(english_text), korean_text)
    ]
    assert not wrong, "write the word of the glossary, or list another form of it in this test:\n" + "\n".join(wrong)


def test_a_korean_lesson_says_the_english_word_of_each_term_in_brackets():
    """Not 00, whose map names what the others explain; nor the solutions and what stands behind the lesson."""
    lessons = {}
    for name, english, korean in translated_cells():
        lesson = name.removeprefix("notebooks.").partition(",")[0]
        if re.match("0[1-9]", lesson):
            pair = lessons.setdefault(lesson, ["", ""])
            pair[0] += "\n" + plain_words(english.partition("\nNext: ")[0])
            pair[1] += "\n" + korean.partition("\n다음: ")[0]
    assert lessons
    wrong = []
    for lesson, (english, korean) in lessons.items():
        for key in ORDER:
            said, english = PATTERNS[key].search(english), PATTERNS[key].sub(" ", english)
            word = KOREAN[key].word
            if said and re.match("[가-힣]", word) and word in korean and not PATTERNS[key].search(korean):
                wrong.append(f"{lesson}: {word}({ENGLISH[key].word})")
    assert not wrong, "where the lesson first says it, write " + ", ".join(wrong)


def test_a_korean_text_that_says_another_word_is_noticed():
    assert list(other_words("page.x", "the sampling rate of a take", "테이크의 샘플 속도")) == [
        ("sampling rate", "표본율")
    ]
    assert list(other_words("page.x", "a bootstrap interval", "부트스트랩 구간")) == []
    assert list(other_words("page.x", "two spectra", "두 스펙트럼")) == []


def test_the_page_of_the_docs_is_today_s():
    assert (ROOT / "docs/glossary.md").read_text(encoding="utf-8") == page(), "run make glossary"


def prose():
    """(name, text) of the pages, of what stands between the cells of the notebooks, and of the English texts."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "data").glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        if path.name != "CHANGELOG.md":  # It says what things were called before.
            yield path.name, path.read_text(encoding="utf-8").replace("Lane", "")  # a writer's name
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path.name, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    for key, text in catalogue("en").items():
        yield key, words_only(text)


def korean_forms():
    """(key, form) of the Korean texts that a player reads."""
    for key, text in catalogue("ko").items():
        if key.split(".")[0] in PLAYERS:
            yield from ((key, form) for form in ([text] if isinstance(text, str) else text.values()))


def test_korean_texts_for_players_have_one_word_for_one_thing():
    forms = list(korean_forms())
    assert len(forms) > 200
    wrong = [
        f"{key} says {found[0]!r}: write {ours}"
        for key, form in forms
        for other, ours in KOREAN_SYNONYMS.items()
        if (found := re.search(other, form))
    ]
    assert not wrong, "\n".join(wrong)


def test_korean_writes_cents_behind_the_number_without_a_space():
    assert not [key for key, text in catalogue("ko").items() if re.search(r"[\d}] 센트", str(text))]


def test_a_fault_names_a_setting_and_a_switch_as_the_page_does():
    korean = catalogue("ko")
    names = {name: korean[f"live.set_{name}"] for name in ("a4", "threshold", "onset_threshold", "n_confirm")}
    for name, word in names.items():
        assert word in korean[f"page.choices.{name}"], name
    assert str(korean["page.keep"]) in korean["live.cannot_keep"]
    assert str(catalogue("en")["page.keep"]) in catalogue("en")["live.cannot_keep"]


def test_pages_notebooks_and_texts_say_our_word_and_not_another_for_the_same():
    texts = dict(prose())
    assert len(texts) > 400
    wrong = [
        f"{name} says {found[0]!r}: write {ours}"
        for name, text in texts.items()
        for other, ours in SYNONYMS.items()
        if (found := re.search(rf"(?<![\w-]){other}s?(?![\w-])", text, re.IGNORECASE)) and found[0] not in PEOPLE
    ]
    assert not wrong, "\n".join(wrong)
