"""Right takes are right and human; each mistake is where its label says, and nowhere else."""

import numpy as np
import pytest
from made_pieces import piece

from pianolab.practice.mistakes import FASTEST_AGAIN_S, KINDS, SLOWEST_AGAIN_S, play
from pianolab.practice.part import PartError

TEMPO = 100


def takes_of(kind, n=8):
    takes = [play(piece(seed), beats_a_minute=TEMPO, seed=seed, mistakes=[kind]) for seed in range(n)]
    takes = [take for take in takes if take.mistakes]
    assert len(takes) >= n - 2
    return takes


def test_a_right_take_has_every_note_once_at_a_tempo_that_breathes():
    part = piece(1)
    take = play(part, beats_a_minute=TEMPO, seed=1)
    assert take.mistakes == ()
    assert sorted(take.of.tolist()) == list(range(len(part)))
    assert np.array_equal(take.notes.midi, part.midi[take.of])
    pace = np.diff(take.notes.onset[np.argsort(take.of)][part.first_notes]) / np.diff(part.beat[part.first_notes])
    assert 0.03 < np.std(np.log(pace)) < 0.2
    assert np.exp(np.mean(np.log(pace))) == pytest.approx(60 / TEMPO, rel=0.1)
    assert 3 < np.std(take.notes.velocity) < 20


def test_the_same_seed_is_the_same_take():
    one, same, other = (play(piece(2), beats_a_minute=80, seed=seed, mistakes=KINDS) for seed in (3, 3, 4))
    assert one.notes == same.notes
    assert one.mistakes == same.mistakes
    assert one.notes != other.notes


def test_a_piece_that_is_long_enough_bears_every_kind():
    take = play(piece(5, n_bars=60), beats_a_minute=TEMPO, seed=5, mistakes=KINDS)
    assert {one.kind for one in take.mistakes} >= set(KINDS) - {"doubled"}
    bars = [one.bar for one in take.mistakes]
    assert len(set(bars)) == len(bars)


@pytest.mark.parametrize("kind", ["wrong", "octave"])
def test_another_key_is_struck_in_the_place_of_one_note(kind):
    for take in takes_of(kind):
        (mistake,) = take.mistakes
        (row,) = np.flatnonzero(take.notes.midi != take.part.midi[take.of])
        assert take.of[row] == mistake.asked
        assert take.notes.midi[row] == mistake.played
        assert take.notes.onset[row] == pytest.approx(mistake.time_s)
        apart = abs(mistake.played - int(take.part.midi[mistake.asked]))
        assert apart == 12 if kind == "octave" else apart in (1, 2)


@pytest.mark.parametrize("kind", ["extra", "doubled"])
def test_a_key_is_struck_besides(kind):
    for take in takes_of(kind):
        (mistake,) = take.mistakes
        (row,) = np.flatnonzero(take.of < 0)
        assert take.notes.midi[row] == mistake.played
        assert take.notes.onset[row] == pytest.approx(mistake.time_s)
        assert len(take.notes) == len(take.part) + 1
        if kind == "doubled":
            first = take.notes.onset[take.of == mistake.asked][0]
            assert FASTEST_AGAIN_S - 1e-6 <= mistake.time_s - first <= SLOWEST_AGAIN_S
        else:
            near = np.abs(take.notes.onset - mistake.time_s) < 0.2
            assert np.sum(take.notes.midi[near] == mistake.played) == 1


def test_a_missing_note_is_missing():
    for take in takes_of("missing"):
        (mistake,) = take.mistakes
        assert sorted(take.of.tolist()) == [i for i in range(len(take.part)) if i != mistake.asked]


def test_a_restart_plays_a_bar_again_from_its_beginning():
    for take in takes_of("restart"):
        (mistake,) = take.mistakes
        steps = take.part.step[take.of[np.argsort(take.notes.onset, kind="stable")]]
        assert mistake.to_bar in (mistake.bar, mistake.bar - 1)
        again = take.part.beat[take.of][take.notes.onset > mistake.end_s - 0.05].min()
        assert again == take.part.beat[take.part.bar == mistake.to_bar].min()
        assert len(steps) > len(take.part)


def test_a_skip_leaves_bars_out():
    for take in takes_of("skip"):
        (mistake,) = take.mistakes
        assert mistake.to_bar is not None
        assert 2 <= mistake.to_bar - mistake.bar <= 4
        played = set(take.part.bar[take.of].tolist())
        assert set(range(24)) - played == set(range(mistake.bar + 1, mistake.to_bar))


def test_slow_downs_and_pauses_are_in_time_only():
    for kind in ("slow-down", "pause", "uneven"):
        for take in takes_of(kind, n=6):
            (mistake,) = take.mistakes
            assert sorted(take.of.tolist()) == list(range(len(take.part)))
            assert mistake.end_s > mistake.time_s
            right = play(take.part, beats_a_minute=TEMPO, seed=1)
            stretch = take.notes.onset[-1] - right.notes.onset[-1]
            assert stretch > (0.5 if kind != "uneven" else -4)


def test_unevenness_is_longer_and_shorter_by_turns():
    for take in takes_of("uneven"):
        (mistake,) = take.mistakes
        onset = take.notes.onset[np.argsort(take.of)][take.part.first_notes]
        pace = np.diff(onset) / np.diff(take.part.beat[take.part.first_notes])
        inside = take.part.bar[take.part.first_notes][:-1] == mistake.bar
        assert np.std(np.log(pace[inside])) > 2 * np.std(np.log(pace[~inside]))


def test_unknown_kinds_and_tempos_are_refused():
    with pytest.raises(PartError, match="'wrnog' is unknown"):
        play(piece(1), beats_a_minute=80, seed=1, mistakes=["wrnog"])
    with pytest.raises(PartError, match="use 5 to 600"):
        play(piece(1), beats_a_minute=0, seed=1)


def test_a_part_without_room_stays_right():
    part = piece(1, n_bars=2)
    take = play(part, beats_a_minute=80, seed=1, mistakes=["wrong"])
    assert take.mistakes == ()
    assert sorted(take.of.tolist()) == list(range(len(part)))
