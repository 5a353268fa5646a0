"""A sitting, with events made by hand: what the page is told is known beforehand."""

import math
from dataclasses import asdict

import pytest

from pianolab.places import comes_with
from pianolab.practice import read_score
from pianolab.practice.page import Passage, Piece, Sitting
from pianolab.practice.page.messages import PageError, read_asked
from pianolab.practice.page.sitting import COMMAND_S
from pianolab.practice.progress import ProgressError

QUARTER_S = 0.5  # At the written tempo, 120 quarter notes a minute.


def made(rows, *, pedal=(), n_bars=4):
    """A piece of bars of four quarter notes at 120 a minute; rows are (beat, key, hand)."""
    notes = [
        {"element": f"n{i}", "midi": midi, "onset_beats": float(beat), "offset_beats": beat + 1.0, "hand": hand}
        for i, (beat, midi, hand) in enumerate(rows)
    ]
    bars = [{"number": str(i + 1), "onset_beats": 4.0 * i} for i in range(n_bars)]
    about = {"title": "Made", "beats": 4.0 * n_bars, "seconds": 2.0 * n_bars, "pedal": pedal, "count": 1.0}
    return Piece.of(7, {**about, "notes": notes, "bars": bars})


SCALE = made([(i, key, "right") for i, key in enumerate((60, 62, 64, 65, 67, 65, 64, 62) * 2)])
TWO_HANDS = made([(0, 60, "right"), (0, 48, "left"), (1, 62, "right"), (2, 43, "left"), (2, 64, "right")], n_bars=1)


def asked(kind="choose", **fields):
    """A message as the page sends it, checked."""
    import json

    return read_asked(json.dumps({"type": kind, **({"item": 7} if kind == "choose" else {}), **fields}))


def on(midi, time_s, *, note=None, sure=0.95):
    """A note event as a stream tells it."""
    number = round(1000 * time_s) * 200 + midi if note is None else note
    return {"kind": "on", "note": number, "midi": midi, "name": "", "time_s": time_s, "heard_s": time_s} | {
        "confidence": sure,
        "velocity": None,
        "level_db": -20.0,
        "cents": None,
    }


def begun(piece, *, language="en", names="C4", keep=None, commands=None, **choice):
    sitting = Sitting(language=language, names=names, keep=keep)
    sitting.choose(piece, asked(**choice), now_s=0.0)
    if commands:
        sitting.say(asked("commands", **commands), now_s=0.0)
    sitting.say(asked("begin"), now_s=0.0)
    return sitting


def kinds(answers):
    return [one["type"] for one in answers]


def of(answers, kind):
    return [one for one in answers if one["type"] == kind]


def play(sitting, keys, *, first_s=0.0, every_s=QUARTER_S):
    """Strike one key after the other, and hear on for a moment."""
    answers = []
    for i, midi in enumerate(keys):
        at = first_s + i * every_s
        answers += sitting.push([on(midi, at)], now_s=at + 0.05)
    return answers


def test_a_choice_comes_back_as_it_was_taken():
    sitting = Sitting()
    chosen, shown = sitting.choose(TWO_HANDS, asked(hands="right", tempo=0.5), now_s=0.0)
    assert chosen == {
        "type": "chosen",
        "item": 7,
        "title": "Made",
        "hands": "right",
        "mode": "wait",
        "first_bar": 0,
        "last_bar": 0,
        "loop": False,
        "tempo": 0.5,
        "certainty": 0.9,
        "steps": 3,
        "notes": 3,
        "n_bars": 1,
        "beats_a_minute": 120.0,
        "count": 1.0,
    }
    assert (shown["due"], shown["due_elements"], shown["beside"], shown["beside_elements"]) == (
        [60],
        ["n0"],
        [48],
        ["n1"],
    )


def test_waiting_goes_through_a_piece_and_ends_with_the_report():
    sitting = begun(TWO_HANDS)
    answers = sitting.push([on(60, 0.1), on(48, 0.12)], now_s=0.2)
    assert [one["due"] for one in answers] == [[48], [62]]
    assert answers[0]["right_elements"] == ["n0"]
    answers = sitting.push([on(62, 1.0), on(64, 2.0), on(43, 2.01)], now_s=3.0)
    assert kinds(answers) == ["shown", "shown", "shown", "report"]
    assert answers[-2]["ended"]
    report = answers[-1]
    assert report["sums"] == {"notes": 5, "right": 5, "reached": 5, "rounds": 1}
    assert report["bars"] == [{"bar": "1", "bar_index": 0, "right": 5, "of": 5, "reached": 5, "said": []}]
    assert report["lines"] == ["bar 1: 5 of 5 right", "in all 5 of 5 notes were right"]
    assert not sitting.is_playing


@pytest.mark.parametrize(
    ("language", "names", "said"),
    [
        ("en", "C4", "You played D#4, the score has C4: 3 keys to the left, black ones counted."),
        ("en", "Do", "You played Re#4, the score has Do4: 3 keys to the left, black ones counted."),
        ("ko", "도", "레#4 음을 쳤습니다. 악보의 음: 도4. 왼쪽으로 3건반(검은건반 포함)."),
    ],
)
def test_a_wrong_key_is_named_with_the_way_to_the_right_one(language, names, said):
    sitting = begun(SCALE, language=language, names=names)
    (shown,) = sitting.push([on(63, 0.5)], now_s=0.6)
    assert shown["wrong"] == [{"midi": 63, "asked": 60, "semitones": -3, "said": said}]
    assert shown["said"] == said
    assert (shown["step"], shown["due"]) == (0, [60])


@pytest.mark.parametrize(
    ("struck", "way"),
    [
        (59, "1 key to the right"),
        (72, "the same name 1 octave to the left"),
        (36, "the same name 2 octaves to the right"),
    ],
)
def test_the_way_to_a_key_is_said_in_keys_or_octaves(struck, way):
    (shown,) = begun(SCALE).push([on(struck, 0.5)], now_s=0.6)
    assert shown["said"].endswith(f"the score has C4: {way}.")


def test_what_is_not_sure_blames_nobody():
    (shown,) = begun(SCALE).push([on(63, 0.5, sure=0.6)], now_s=0.6)
    assert (shown["wrong"], shown["unsure"]) == ([], [63])
    assert shown["said"] == "Perhaps D#4 was struck; that is not sure."


def test_a_wrong_key_costs_its_step_in_the_report_and_no_other():
    sitting = begun(SCALE, last_bar=0)
    answers = play(sitting, (60, 63, 62, 64, 65))
    (report,) = of(answers, "report")
    assert (report["sums"]["right"], report["sums"]["notes"]) == (3, 4)
    assert report["bars"][0]["said"] == ["You played D#4, the score has D4: 1 key to the left."]


def test_what_was_struck_before_the_beginning_does_not_count():
    sitting = Sitting()
    sitting.choose(SCALE, asked(), now_s=0.0)
    assert sitting.push([on(60, 0.5)], now_s=1.0) == []
    sitting.say(asked("begin"), now_s=2.0)
    assert sitting.push([on(60, 1.9)], now_s=2.1) == []
    assert sitting.push([on(60, 2.2)], now_s=2.3)[0]["step"] == 1


def test_a_loop_begins_again_and_the_report_is_of_its_last_whole_round():
    sitting = begun(SCALE, last_bar=0, loop=True)
    answers = play(sitting, (60, 63, 62, 64, 65, 60, 62, 64, 65, 60))
    assert not of(answers, "report")
    assert answers[-1]["rounds"] == 2
    (report,) = sitting.say(asked("finish"), now_s=9.0)
    assert (report["sums"]["right"], report["sums"]["rounds"]) == (4, 2)


def test_with_the_beat_what_is_right_is_told_with_its_place_on_the_page():
    sitting = begun(SCALE, mode="beat", last_bar=1)
    first_s = 4 * QUARTER_S  # One bar is counted in.
    answers = play(sitting, (60, 62, 64, 65, 67, 65, 64, 62), first_s=first_s + 0.03)
    answers += sitting.push([], now_s=first_s + 8 * QUARTER_S + 2.0)
    told = of(answers, "verdict")
    assert [(one["what"], one["elements"]) for one in told] == [("right", [f"n{i}"]) for i in range(8)]
    assert [one["bar"] for one in told] == ["1"] * 4 + ["2"] * 4
    assert [one["beat"] for one in of(answers, "position")] == [float(i) for i in range(8)]
    (report,) = of(answers, "report")
    assert report["sums"]["with_beat"] == {"middle_ms": 30, "spread_ms": 0}
    assert "with the beat: 30 ms after it (the middle of all notes)" in report["lines"]


def test_with_the_beat_the_count_in_and_the_tempo_are_told():
    sitting = Sitting()
    sitting.choose(SCALE, asked(mode="beat", tempo=0.5), now_s=0.0)
    (told,) = sitting.say(asked("begin"), now_s=3.0)
    assert told == {"type": "begun", "mode": "beat", "at_s": 3.0, "tempo": 0.5, "count_in_s": 4.0}
    assert kinds(sitting.say(asked("tempo", tempo=1.0), now_s=4.0)) == ["chosen", "begun"]
    assert sitting.push([on(64, 5.0)], now_s=5.1) == []  # While it is counted in, nobody is judged.


def test_rounds_with_the_beat_are_kept_apart():
    sitting = begun(SCALE, mode="beat", last_bar=0, loop=True)
    first_s = 4 * QUARTER_S
    answers = play(sitting, (60, 62, 64, 66, 60, 62, 64, 65), first_s=first_s)
    answers += sitting.push([], now_s=first_s + 8 * QUARTER_S + 2.0)
    assert [one["what"] for one in of(answers, "verdict")] == ["right"] * 3 + ["wrong"] + ["right"] * 4
    assert not of(answers, "report")
    (report,) = sitting.say(asked("finish"), now_s=99.0)
    assert (report["sums"]["right"], report["sums"]["right_by_round"]) == (4, [3, 4])
    assert report["pictures"]["loudness"]["right"][0]["notes"] == 4
    assert len(report["pictures"]["evenness"]["steps"]) == 3


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "✗ You played F#4, the score has F4."), ("ko", "✗ 파#4 음을 쳤습니다. 악보의 음: 파4.")],
)
def test_playing_freely_a_wrong_note_is_named_and_rest_ends_the_take(language, said):
    sitting = begun(SCALE, mode="free", last_bar=0, language=language, names="도" if language == "ko" else "C4")
    answers = play(sitting, (60, 62, 64, 66), first_s=1.0)
    assert not of(answers, "report")
    answers += sitting.push([], now_s=3.5)
    answers += sitting.push([], now_s=8.0)
    (wrong,) = [one for one in of(answers, "verdict") if one["what"] == "wrong"]
    assert (wrong["said"], wrong["asked"], wrong["heard"], wrong["elements"]) == (said, 65, 66, ["n3"])
    (report,) = of(answers, "report")
    assert (report["sums"]["right"], report["bars"][0]["said"]) == (3, [said])


def test_playing_freely_in_a_loop_the_next_round_is_no_restart():
    sitting = begun(SCALE, mode="free", last_bar=0, loop=True)
    answers = play(sitting, (60, 62, 64, 65, 60, 62, 64, 65))
    answers += sitting.say(asked("finish"), now_s=9.0)
    assert {one["what"] for one in of(answers, "verdict")} == {"right"}
    assert of(answers, "report")[0]["sums"]["rounds"] == 1


def test_a_chosen_key_repeats_slows_and_goes_on():
    sitting = begun(SCALE, last_bar=0, commands={"again": 21, "slower": 22, "on": 108})
    play(sitting, (60, 62))
    answers = sitting.push([on(21, 2.0)], now_s=2.1, come_s=2.3)
    assert kinds(answers) == ["command", "begun", "shown"]
    assert (answers[1]["at_s"], answers[2]["step"]) == (2.3, 0)
    answers = sitting.push([on(22, 4.0)], now_s=4.1)
    assert (answers[0]["what"], answers[1]["tempo"]) == ("slower", 0.9)
    answers = sitting.push([on(108, 6.0)], now_s=6.1)
    assert (answers[0]["what"], answers[1]["first_bar"], answers[1]["last_bar"]) == ("on", 1, 1)
    assert answers[-1]["due"] == [67]


def test_a_command_needs_a_sure_key_that_is_no_ghost_and_comes_once():
    sitting = begun(SCALE, commands={"again": 72})
    assert sitting.push([on(72, 1.0, sure=0.7)], now_s=1.1) == []
    assert of(sitting.push([on(60, 2.0), on(72, 2.01)], now_s=2.1), "command") == []  # The octave of what was struck.
    assert kinds(sitting.push([on(72, 6.0)], now_s=6.1))[0] == "command"
    assert sitting.push([on(72, 6.0 + COMMAND_S / 2)], now_s=6.5) == []


def test_the_pedal_can_be_a_command():
    sitting = begun(SCALE, commands={"again": "pedal"})
    down = {"kind": "pedal", "down": True, "time_s": 3.0, "heard_s": 3.1, "confidence": 0.9}
    assert kinds(sitting.push([down], now_s=3.2)) == ["command", "begun", "shown"]
    assert sitting.push([{**down, "down": False, "time_s": 4.0}], now_s=4.2) == []


@pytest.mark.parametrize(
    ("piece", "commands", "code"),
    [
        (SCALE, {"again": 64}, "key_is_needed"),
        (SCALE, {"again": 21, "on": 21}, "bad_message"),
        (made([(0, 60, "right")], pedal=((0.0, 2.0),)), {"on": "pedal"}, "key_is_needed"),
    ],
)
def test_a_key_that_is_needed_is_no_command(piece, commands, code):
    sitting = Sitting(language="ko", names="도")
    sitting.choose(piece, asked(), now_s=0.0)
    with pytest.raises(PageError) as error:
        sitting.say(asked("commands", **commands), now_s=0.0)
    assert (error.value.code, error.value.closes) == (code, None)


def test_a_key_that_the_next_piece_needs_is_a_command_no_more():
    sitting = begun(TWO_HANDS, commands={"again": 67})
    sitting.choose(SCALE, asked(first_bar=1, last_bar=1), now_s=0.0)
    sitting.say(asked("begin"), now_s=0.0)
    assert sitting.push([on(67, 1.0)], now_s=1.1)[0]["right"] == []
    assert sitting.push([on(65, 2.0)], now_s=2.1)[0]["step"] == 2


def test_going_on_passes_over_bars_without_notes_and_ends_at_the_end():
    piece = made([(0, 60, "right"), (8, 62, "right"), (4, 48, "left")], n_bars=3)
    sitting = Sitting()
    sitting.choose(piece, asked(hands="right", last_bar=0), now_s=0.0)
    chosen, shown = sitting.say(asked("on"), now_s=0.0)
    assert (chosen["first_bar"], chosen["last_bar"], shown["due"]) == (2, 2, [62])
    with pytest.raises(PageError, match="this is the end of the piece"):
        sitting.say(asked("on"), now_s=0.0)


@pytest.mark.parametrize(("kind", "code"), [("begin", "choose_first"), ("finish", "choose_first")])
def test_before_a_choice_nothing_begins(kind, code):
    with pytest.raises(PageError) as error:
        Sitting().say(asked(kind), now_s=0.0)
    assert error.value.code == code


def test_what_was_not_begun_is_not_finished():
    sitting = Sitting()
    sitting.choose(SCALE, asked(), now_s=0.0)
    with pytest.raises(PageError, match="start first"):
        sitting.say(asked("finish"), now_s=0.0)


@pytest.mark.parametrize("wrong", [{"first_bar": 9}, {"first_bar": 2, "last_bar": 1}, {"hands": "left"}])
def test_a_passage_without_notes_is_refused_and_the_choice_before_stays(wrong):
    sitting = begun(SCALE)
    with pytest.raises(PageError) as error:
        sitting.choose(SCALE, asked(**wrong), now_s=0.0)
    assert error.value.code == "no_passage"
    assert sitting.push([on(60, 1.0)], now_s=1.1)[0]["step"] == 1


def test_keys_of_the_page_play_as_those_of_a_piano():
    sitting = begun(SCALE, last_bar=0, keep=lambda *_: pytest.fail("a take without a piano is kept"))
    answers = [one for midi in (60, 62, 64, 65) for one in sitting.say(asked("try", midi=midi), now_s=0.0)]
    assert kinds(answers) == ["shown"] * 4 + ["report"]


def test_a_take_that_is_over_is_kept():
    kept = []

    def keep(passage, choice, report):
        kept.append((passage.piece.item, choice["mode"], report["sums"]["right"]))
        return {"takes": 3, "first": 0.25, "best": 1.0, "last": 1.0}

    sitting = begun(SCALE, last_bar=0, keep=keep)
    (report,) = of(play(sitting, (60, 62, 64, 65)), "report")
    assert kept == [(7, "wait", 4)]
    assert report["progress"]["takes"] == 3
    assert report["lines"][-1] == "this passage, 3 times by now: first 25 %, best 100 %, now 100 % right"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ProgressError("the piece is gone")])
def test_a_take_that_cannot_be_kept_has_its_report_all_the_same(error):
    def keep(*_):
        raise error

    (report,) = of(play(begun(SCALE, last_bar=0, keep=keep), (60, 62, 64, 65)), "report")
    assert (report["sums"]["right"], report["progress"]) == (4, None)
    assert "could not be kept" in report["lines"][-1]


@pytest.fixture(scope="module", params=["petzold_minuet", "greensleeves", "au_clair_de_la_lune"])
def real(request):
    """A piece with repeats, one in six eighths with pedal, and one whose left hand plays in the middle only."""
    score = read_score(comes_with("data") / "pieces" / f"{request.param}.musicxml")
    rows = {"notes": [asdict(note) for note in score.notes], "bars": [asdict(bar) for bar in score.bars]}
    about = {name: getattr(score, name) for name in ("title", "beats", "seconds", "pedal", "count")}
    return Piece.of(7, {**about, **rows})


@pytest.mark.parametrize("hands", ["both", "right", "left"])
@pytest.mark.parametrize("mode", ["wait", "beat", "free"])
def test_who_plays_a_real_piece_rightly_is_told_so(real, mode, hands):
    sitting = Sitting()
    sitting.choose(real, asked(mode=mode, hands=hands), now_s=0.0)
    begun = sitting.say(asked("begin"), now_s=1.0)[0]
    part = Passage.of(real, hands=hands).part
    due_s = begun["at_s"] + begun["count_in_s"] + part.beat * 60 / real.beats_a_minute
    answers, struck = [], sorted({(round(time_s, 6), midi) for time_s, midi in zip(due_s, part.midi, strict=True)})
    for time_s, midi in struck:
        answers += sitting.push([on(int(midi), float(time_s))], now_s=float(time_s) + 0.05)
    for later_s in range(30):
        answers += sitting.push([], now_s=float(due_s[-1]) + later_s)
    assert {one["what"] for one in of(answers, "verdict")} <= {"right"}
    assert all(not one["wrong"] for one in of(answers, "shown"))
    (report,) = of(answers, "report")
    assert report["sums"]["right"] == report["sums"]["notes"] == len(part)
    if mode == "beat":
        assert report["sums"]["with_beat"] == {"middle_ms": 0, "spread_ms": 0}


def test_bars_that_cannot_be_counted_are_told_before_the_beat_begins():
    note = {"element": "a", "midi": 60, "hand": "right", "onset_beats": 0.0, "offset_beats": 1.0}
    bars = [{"number": str(at), "onset_beats": 0.0} for at in range(2)]
    piece = Piece.of(1, {"title": "", "beats": 4.0, "seconds": 2.0, "pedal": [], "notes": [note], "bars": bars})
    sitting = Sitting(language="ko")
    sitting.choose(piece, asked(mode="beat"), now_s=0.0)
    with pytest.raises(PageError) as error:
        sitting.say(asked("begin"), now_s=0.0)
    assert error.value.code == "no_beat"
    sitting.choose(piece, asked(mode="free"), now_s=0.0)
    assert kinds(sitting.say(asked("begin"), now_s=0.0)) == ["begun"]


def test_a_repeated_bar_is_named_as_on_the_page():
    notes = [
        {"element": "a", "midi": 60, "onset_beats": at, "offset_beats": at + 1, "hand": "right"} for at in (0.0, 4.0)
    ]
    bars = [{"number": "1", "onset_beats": at} for at in (0.0, 4.0)]
    piece = Piece.of(1, {"title": "", "beats": 8.0, "seconds": 4.0, "pedal": [], "notes": notes, "bars": bars})
    (report,) = of(play(begun(piece), (60, 60)), "report")
    assert [(bar["bar"], bar["bar_index"]) for bar in report["bars"]] == [("1", 0), ("1", 1)]


def test_nothing_that_is_told_is_not_json():
    import json

    sitting = begun(SCALE, mode="free", last_bar=0)
    answers = play(sitting, (60, 63, 64, 65)) + sitting.say(asked("finish"), now_s=math.pi)
    assert len(answers) > 5
    json.dumps(answers, allow_nan=False)
