"""The place is found from notes as detectors tell them: some missing, some false."""

import numpy as np
import pytest
from made_pieces import piece

from pianolab.practice.follow import BESIDE, JUMPED, MEMBER, ONWARDS, Follower
from pianolab.practice.mistakes import Take, play
from pianolab.practice.part import Part
from pianolab.tracking import NoteEvent

MISSES, FALSE, OFF_S = 0.08, 0.06, 0.015  # About what `neural` does on performances of pianos that it never heard.
TEMPO, BAR_S = 100, 2.4
AMISS = np.array([12, 19, -12, -1, 1, 24, -5, 7])


def heard(take: Take, rng: np.random.Generator) -> list[tuple[float, int]]:
    """What a detector would tell: seconds and keys."""
    told = []
    for time_s, midi in zip(take.notes.onset, take.notes.midi.tolist(), strict=True):
        if rng.random() >= MISSES:
            told.append((time_s + rng.normal(0, OFF_S), midi))
        if rng.random() < FALSE:
            told.append((time_s + rng.uniform(0, 0.3), int(np.clip(midi + rng.choice(AMISS), 21, 108))))
    return sorted((max(time_s, 0.0), midi) for time_s, midi in told)


def true_beats(take: Take, times: np.ndarray) -> np.ndarray:
    """The beat of the part that is played at each time."""
    of_part = take.of >= 0
    onset, beat = take.notes.onset[of_part], take.part.beat[take.of[of_part]]
    return beat[np.maximum(np.searchsorted(onset, times + 0.02) - 1, 0)]


def followed(take: Take, rng: np.random.Generator):
    follower, told = Follower(take.part), heard(take, rng)
    places = [follower.hear(midi, time_s) for time_s, midi in told]
    times = np.array([time_s for time_s, _ in told])
    return times, places, np.abs([place.beat for place in places] - true_beats(take, times))


def test_of_100_restarts_and_skips_95_are_found_within_two_bars():
    found, all_right = [], []
    for seed in range(100):
        kind = ("restart", "skip")[seed % 2]
        take = play(piece(seed, n_bars=12), beats_a_minute=TEMPO, seed=seed, mistakes=[kind])
        (jump,) = take.mistakes
        times, places, off = followed(take, np.random.default_rng([7, seed]))
        lost = np.array([place.lost for place in places])
        after = (times > jump.end_s - 0.05) & (times < jump.end_s + 2 * BAR_S)
        found.append(bool(np.any(after & (off <= 1) & ~lost)) and off[after][-1] <= 1)
        all_right.append(np.mean(off <= 1))
    assert len(found) == 100
    assert np.mean(found) >= 0.95
    assert np.mean(all_right) > 0.95


@pytest.mark.parametrize("kind", ["pause", "slow-down", "uneven", "wrong", "missing", "doubled"])
def test_other_mistakes_leave_the_player_where_he_is(kind):
    for seed in range(3):
        take = play(piece(seed, n_bars=16), beats_a_minute=TEMPO, seed=seed, mistakes=[kind])
        _, places, off = followed(take, np.random.default_rng([8, seed]))
        assert np.mean(off <= 1) > 0.96
        assert np.mean([place.lost for place in places]) < 0.03


def test_who_plays_any_keys_is_lost_and_found_when_he_plays_again():
    part = piece(3)
    follower, rng = Follower(part), np.random.default_rng(1)
    lost = [follower.hear(int(midi), 0.3 * i).lost for i, midi in enumerate(rng.integers(30, 100, 60))]
    assert np.mean(lost[6:]) > 0.9
    take = play(part, beats_a_minute=TEMPO, seed=1)
    places = [follower.hear(midi, 30 + time_s) for time_s, midi in heard(take, rng)]
    assert not any(place.lost for place in places[12:])
    assert places[30].beat == pytest.approx(true_beats(take, np.array([heard(take, rng)[30][0]]))[0], abs=4)


def test_one_may_begin_in_the_middle():
    part = piece(4)
    take = play(part, beats_a_minute=TEMPO, seed=2)
    begun = take.notes.onset >= take.notes.onset[part.bar[take.of] == 10].min()
    follower = Follower(part)
    places = [
        follower.hear(int(midi), float(time_s))
        for time_s, midi in zip(take.notes.onset[begun], take.notes.midi[begun], strict=True)
    ]
    assert [place.bar for place in places][6:12] == part.bar[take.of[begun]][6:12].tolist()


def test_chords_in_any_order_are_one_step_and_say_which_events_they_were():
    part = Part.of([0, 0, 0, 1, 2], [1] * 5, [60, 64, 67, 62, 64], [0] * 5)
    follower = Follower(part, beats_a_minute=60)
    for midi, time_s in ((67, 0.0), (60, 0.02), (64, 0.03), (79, 0.05), (62, 1.0), (64, 2.0)):
        place = follower.hear(midi, time_s)
    assert place.beat == 2.0
    assert not place.lost
    assert place.certainty > 0.95
    moves = [(one.midi, one.step, one.move) for one in follower.steps()]
    assert moves == [
        (67, 0, JUMPED),
        (60, 0, MEMBER),
        (64, 0, MEMBER),
        (79, 0, BESIDE),
        (62, 1, ONWARDS),
        (64, 2, ONWARDS),
    ]


def test_the_same_key_twice_is_two_steps_and_the_tempo_follows():
    part = Part.of(range(8), [1] * 8, [60] * 8, [0] * 4 + [1] * 4)
    follower = Follower(part, beats_a_minute=60)
    beats = [follower.hear(60, 0.7 * i).beat for i in range(8)]
    assert beats == list(range(8))
    assert follower.position is not None
    assert follower.position.beat_s == pytest.approx(0.7, abs=0.03)
    assert follower.position.beat_at(0.7 * 7 + 0.35) == pytest.approx(7.5, abs=0.03)


def event(kind: str, note: int, midi: int, time_s: float) -> NoteEvent:
    return NoteEvent(kind, note, time_s, time_s, midi, 64.0, 0.9, -20.0)  # type: ignore[arg-type]


def test_a_name_that_is_put_right_is_as_if_it_had_been_right_at_once():
    part = Part.of(range(4), [1] * 4, [60, 62, 64, 65], [0] * 4)
    wrong, right = Follower(part), Follower(part)
    assert wrong.position is None
    assert wrong.steps() == []
    assert wrong.process(event("off", 0, 60, 0.0)) is None
    wrong.process(event("on", 0, 72, 0.0))
    wrong.process(event("on", 1, 62, 0.75))
    wrong.process(event("revised", 0, 60, 0.0))
    for note, midi in enumerate((60, 62)):
        right.process(event("on", note, midi, 0.75 * note))
    assert wrong.position == right.position
    assert len(wrong.steps()) == 2


def test_reset_forgets():
    part = piece(1)
    follower = Follower(part)
    first = [follower.hear(int(midi), float(t)) for midi, t in zip(part.midi[:9], part.beat[:9], strict=True)]
    follower.reset()
    again = [follower.hear(int(midi), float(t)) for midi, t in zip(part.midi[:9], part.beat[:9], strict=True)]
    assert first == again
