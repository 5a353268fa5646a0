"""Waiting goes on with the right keys and with nothing else; a beat is where arithmetic says, and flashes seldom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pieces import piece

from pianolab.practice.modes import AGAIN_S, FLASH_EVERY_S, Metronome, Shown, Waiting, WrongKey, one_hand
from pianolab.practice.part import Part, PartError
from pianolab.tracking import NoteEvent

CHORDS = Part.of([0, 0, 1, 2, 4, 5], [1] * 6, [60, 64, 62, 62, 65, 67], [0, 0, 0, 0, 1, 1])


class Player:
    """Strikes keys half a second apart."""

    def __init__(self, waiting: Waiting):
        self.waiting, self.note, self.now_s = waiting, -1, 0.0

    def strikes(self, midi: int, *, sure: float = 0.95, after_s: float = 0.5, kind="on") -> Shown:
        self.note += kind == "on"
        self.now_s += after_s
        return self.waiting.process(NoteEvent(kind, self.note, self.now_s, self.now_s + 0.1, midi, 64.0, sure, -20.0))


def test_it_waits_for_every_key_of_a_chord_in_any_order():
    player = Player(Waiting(CHORDS))
    assert player.waiting.shown.due == (60, 64)
    shown = player.strikes(64)
    assert (shown.step, shown.due, shown.right) == (0, (60,), (64,))
    shown = player.strikes(60)
    assert (shown.step, shown.beat, shown.due, shown.right) == (1, 1.0, (62,), ())


def test_a_wrong_key_says_where_it_is_and_how_far_to_go_and_is_gone_with_the_right_one():
    player = Player(Waiting(CHORDS))
    assert player.strikes(58).wrong == (WrongKey(58, 60, 2),)
    assert player.strikes(66).wrong == (WrongKey(58, 60, 2), WrongKey(66, 64, -2))
    player.strikes(60)
    shown = player.strikes(64)
    assert (shown.step, shown.wrong) == (1, ())


def test_a_key_that_rings_on_blames_nobody_and_counts_only_if_it_was_struck_again():
    player = Player(Waiting(CHORDS))
    player.strikes(60), player.strikes(64)
    assert player.strikes(60).wrong == player.strikes(64).wrong == ()
    assert player.strikes(62).step == 2
    assert player.strikes(62, after_s=AGAIN_S / 2).step == 2
    assert player.strikes(62, after_s=2 * AGAIN_S).step == 3


def test_the_same_name_told_again_takes_nothing_back():
    player = Player(Waiting(Part.of([0, 1, 1], [1] * 3, [60, 60, 64], [0] * 3)))
    player.strikes(60), player.strikes(60)
    assert player.strikes(60, kind="revised", after_s=0).right == (60,)


def test_an_unsure_octave_and_the_ghost_of_a_sounding_key_are_not_sure():
    player = Player(Waiting(CHORDS))
    shown = player.strikes(72, sure=0.7)
    assert (shown.wrong, shown.unsure) == ((), (72,))
    assert player.strikes(72).wrong == (WrongKey(72, 64, -8),)
    player = Player(Waiting(CHORDS))
    player.strikes(60)
    assert player.strikes(79, sure=1.0).unsure == (79,)


def test_what_is_less_likely_than_not_is_not_even_doubted():
    player = Player(Waiting(CHORDS))
    assert player.strikes(72, sure=0.45).unsure == ()
    player.strikes(60)
    assert player.strikes(79, sure=0.9).unsure == (), "a ghost is believed by half"


def test_a_name_that_is_put_right_in_time_is_taken_back():
    player = Player(Waiting(CHORDS))
    assert player.strikes(72).wrong
    shown = player.strikes(60, kind="revised", after_s=0)
    assert (shown.wrong, shown.right) == ((), (60,))
    shown = player.strikes(61, kind="revised", after_s=0)
    assert (shown.right, [one.midi for one in shown.wrong]) == ((), [61])
    player.strikes(64), player.strikes(60)
    assert player.strikes(48, kind="revised", after_s=0).wrong == (), "its step is over"


def test_a_passage_is_looped_and_ends_only_without_a_loop():
    player = Player(Waiting(CHORDS, first_bar=1, last_bar=1, loop=True))
    for rounds in range(3):
        assert player.waiting.shown.due == (65,)
        player.strikes(65)
        assert player.strikes(67).rounds == rounds + 1
    player = Player(Waiting(CHORDS, first_bar=1))
    player.strikes(65)
    shown = player.strikes(67)
    assert (shown.ended, shown.due, shown.step) == (True, (), 4)
    assert player.strikes(30) == shown
    with pytest.raises(PartError, match="no notes: choose other bars"):
        Waiting(CHORDS, first_bar=2)


def test_hands_apart_one_is_played_and_the_other_is_shown_beside_it():
    part = Part.of([0, 0, 0.5, 1, 2], [1] * 5, [48, 60, 52, 62, 43], [0] * 5, [2, 1, 2, 1, 2])
    right, left = one_hand(part, "right")
    player = Player(Waiting(right, other=left))
    assert (player.waiting.shown.due, player.waiting.shown.beside) == ((60,), (48, 52))
    shown = player.strikes(60)
    assert (shown.due, shown.beside) == ((62,), (43,))
    assert one_hand(left, "left")[1] is None
    with pytest.raises(PartError, match="right hand has no notes"):
        one_hand(left, "right")


parts = st.lists(st.lists(st.integers(21, 108), min_size=1, max_size=4), min_size=1, max_size=8).map(
    lambda steps: Part.of(*zip(*((at, 1, key, at // 4) for at, keys in enumerate(steps) for key in keys), strict=True))
)


@settings(max_examples=60, deadline=None)
@given(parts, st.randoms(use_true_random=False))
def test_a_right_playing_always_ends_and_a_wrong_key_never_moves_on(part, random):
    player = Player(Waiting(part))
    for step in range(part.n_steps):
        keys = list(part.keys_of(step))
        random.shuffle(keys)
        for i, key in enumerate(keys):
            other = random.randint(21, 108)
            if other not in keys[i:]:
                before = player.waiting.shown
                after = player.strikes(other, sure=random.random())
                assert (after.step, after.due, after.right) == (before.step, before.due, before.right)
            assert not player.waiting.shown.ended
            player.strikes(key, sure=random.random())
    assert player.waiting.shown.ended


def test_a_made_piece_of_each_hand_ends():
    for hand in ("right", "left"):
        part, other = one_hand(piece(3, n_bars=6), hand)
        player = Player(Waiting(part, other=other))
        beside = set()
        for step in range(part.n_steps):
            beside |= set(player.waiting.shown.beside)
            for key in part.keys_of(step):
                player.strikes(key)
        assert player.waiting.shown.ended
        assert beside == set(other.midi.tolist())


def test_the_beat_is_where_arithmetic_says_after_one_bar_of_counting():
    metronome = Metronome([0, 3, 6], 9, beats_a_minute=120, tempo=0.5)
    assert metronome.count_in_s == 3.0
    beat = metronome.at(1.25)
    assert (beat.beat, beat.count, beat.share, beat.counting_in) == (-1.75, 1, pytest.approx(0.25), True)
    beat = metronome.at(3.0 + 7.5)
    assert (beat.beat, beat.bar, beat.count, beat.share) == (7.5, 2, 1, pytest.approx(0.5))
    assert metronome.time_of(7.5) == 10.5
    assert metronome.at(12.0).ended
    assert not metronome.at(11.99).ended


def test_a_pickup_is_counted_in_with_a_whole_bar_and_a_loop_with_none():
    metronome = Metronome([0, 1, 5], 9, beats_a_minute=60)
    assert metronome.count_in_s == 4.0
    loop = Metronome([0, 4, 8], 12, beats_a_minute=60, first_bar=1, last_bar=1, loop=True)
    beats = [loop.at(4.0 + time_s) for time_s in (0, 3.5, 4.0, 9.25)]
    assert [(one.beat, one.bar, one.rounds) for one in beats] == [(4, 1, 0), (7.5, 1, 0), (4, 1, 1), (5.25, 1, 2)]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from([0.5, 1.0, 1.5, 3.0, 4.0]), min_size=1, max_size=4),
    st.floats(10, 400),
    st.floats(0.3, 2.0),
    st.sampled_from([0.5, 1.0, 1.5]),
)
def test_nothing_flashes_more_than_three_times_a_second(lengths, bpm, tempo, beat):
    edges = np.concatenate([[0], np.cumsum(lengths)])
    metronome = Metronome(edges[:-1], edges[-1], beats_a_minute=bpm, tempo=tempo, beat=beat, loop=True)
    times = np.arange(0, 8, 0.01)
    lit = np.array([metronome.at(time_s).flash for time_s in times])
    began = times[np.flatnonzero(lit & ~np.concatenate([[False], lit[:-1]]))]
    assert np.all(np.diff(began) >= FLASH_EVERY_S - 0.0101)


def test_each_beat_flashes_where_they_are_slow_enough():
    metronome = Metronome([0, 4], 8, beats_a_minute=120)
    assert [metronome.at(0.5 * beat + 0.05).flash for beat in range(12)] == [True] * 12
    assert not metronome.at(0.3).flash


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tempo": 0.2}, "0.2 is no share of the tempo: use 0.3 to 2"),
        ({"beats_a_minute": float("nan")}, "no tempo: use 10 to 400"),
        ({"bars": [0, 0]}, "do not follow each other"),
        ({"first_bar": 2}, "no passage from bar 2 to 1"),
        ({"beat": 0}, "cannot be counted"),
    ],
)
def test_what_makes_no_sense_is_refused(change, message):
    with pytest.raises(PartError, match=message):
        Metronome(**{"bars": [0, 4], "end": 8, "beats_a_minute": 60} | change)
