"""What is said of a take is fair: each mistake has its name and blames no other note, and a free tempo is no mistake.

The notes are made up: no detector errs here. `benchmarks/trial_verdicts.py` asks the same of sounds.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.live.alignment import align
from pianolab.live.prompts import Prompt
from pianolab.live.verdicts import judge
from pianolab.roll import Notes

SCALE = Prompt.of("C4 D4 E4 F4 G4", bpm=120).notes  # half a second apart
REPEATED = Prompt.of("E4 E4 F4 G4 G4 F4 E4 D4 C4 C4 D4 E4 E4 D4 D4", bpm=120).notes
CHORDS = Prompt.of("C4+E4+G4 F4+A4+C5", bpm=60).notes


def played(onset, midi):
    onset = np.array(onset, float)
    return Notes(onset, onset + 0.2, midi)


def whats(prompt, onset, midi):
    return [verdict.what for verdict in judge(prompt, played(onset, midi))]


@pytest.mark.parametrize("tempo", [0.5, 1.0, 2.3])
def test_the_right_notes_at_another_tempo_are_right(tempo):
    assert whats(SCALE, 3.0 + tempo * SCALE.onset, SCALE.midi) == ["right"] * 5


@pytest.mark.parametrize(
    ("onset", "midi", "want"),
    [
        ([0, 0.5, 1, 1.5, 2], [60, 62, 63, 65, 67], ["right", "right", "wrong", "right", "right"]),
        ([0, 0.5, 1, 1.5, 2], [60, 62, 76, 65, 67], ["right", "right", "octave", "right", "right"]),
        ([0, 0.5, 1.5, 2], [60, 62, 65, 67], ["right", "right", "missing", "right", "right"]),
        ([0, 0.5, 1, 1.5], [60, 62, 64, 65], ["right", "right", "right", "right", "missing"]),
        ([0, 0.5, 0.75, 1, 1.5, 2], [60, 62, 74, 64, 65, 67], ["right", "right", "extra", "right", "right", "right"]),
        ([0, 0.15, 0.5, 1, 1.5, 2], [60, 60, 62, 64, 65, 67], ["right", "doubled", *["right"] * 4]),
        ([0, 0.5, 1, 1.5, 2, 2.2], [60, 62, 64, 65, 67, 67], [*["right"] * 5, "doubled"]),
        ([0, 0.5, 0.9, 1.4, 1.9, 2.4], [60, 61, 62, 64, 65, 67], ["right", "extra", *["right"] * 4]),
        ([0, 0.5, 1.25, 1.5, 2], [60, 62, 64, 65, 67], ["right", "right", "late", "right", "right"]),
        ([0, 0.5, 0.8, 1.5, 2], [60, 62, 64, 65, 67], ["right", "right", "early", "right", "right"]),
        ([0, 0.5, 1, 1.5, 2.25], [60, 62, 64, 65, 67], [*["right"] * 4, "late"]),
        ([0, 0.5, 3, 3.5, 4], [60, 62, 64, 65, 67], ["right"] * 5),
        ([0, 0.5, 1, 1.5, 4], [60, 62, 64, 65, 67], ["right"] * 5),
        ([0, 0.55, 1.16, 1.83, 2.57], [60, 62, 64, 65, 67], ["right"] * 5),
        ([], [], ["missing"] * 5),
        ([1.0], [90], ["wrong", *["missing"] * 4]),
    ],
    ids=[
        "a wrong key", "an octave too high", "a note left out", "stopped before the end", "a note too many",
        "the first note doubled", "the last note doubled", "corrected at once", "hesitated", "hurried", "the end late",
        "a pause", "a pause before the end", "a tenth slower with each note", "nothing played", "another key only",
    ],
)  # fmt: skip
def test_every_mistake_has_its_name(onset, midi, want):
    assert whats(SCALE, onset, midi) == want


def test_the_missing_one_of_many_alike_is_told_by_the_time():
    asked = Prompt.of("C4 C4 C4 C4 C4 C4 C4 C4 D4", bpm=120).notes
    for k in range(1, 7):
        heard = played(np.delete(asked.onset, k), np.delete(asked.midi, k))
        missing = [verdict.time_s for verdict in judge(asked, heard) if verdict.what == "missing"]
        np.testing.assert_allclose(missing, [asked.onset[k]], atol=0.02)


def test_a_verdict_says_by_how_much_a_note_was_late():
    (late,) = (v for v in judge(SCALE, played([1, 1.5, 2.25, 2.5, 3], SCALE.midi)) if v.what == "late")
    assert (late.asked, late.heard) == (64, 64)
    assert late.off_s == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("onset", "midi", "want"),
    [
        ([1, 1.02, 1.04, 2, 2, 2], [67, 64, 60, 72, 69, 65], ["right"] * 6),
        ([1, 1.08, 1.16, 2, 2, 2.03], [67, 64, 60, 65, 69, 72], ["right"] * 6),
        ([1, 1.08, 1.16, 2, 2, 2.03], [67, 63, 60, 65, 69, 72], ["right", "wrong", *["right"] * 4]),
        ([1, 1, 2, 2, 2.03], [60, 67, 65, 69, 72], ["right", "right", "missing", "right", "right", "right"]),
        ([1, 1, 1, 1, 2, 2, 2.03], [60, 64, 67, 72, 65, 69, 72], ["right", "right", "right", "extra", *["right"] * 3]),
        ([1, 1, 1, 2, 2, 2], [60, 64, 67, 65, 69, 60], [*["right"] * 5, "octave"]),
    ],
    ids=[
        "from the top",
        "rolled from the top",
        "rolled with a wrong key",
        "a key left out",
        "a key too many",
        "octave",
    ],
)
def test_keys_of_a_chord_are_judged_one_by_one_in_any_order(onset, midi, want):
    assert sorted(whats(CHORDS, onset, midi)) == sorted(want)


def heard_with(key, *, after_s=0.02, confidence=0.5, prompt=SCALE):
    """What is said beside "right" of a prompt that is played right, with another key at its third note."""
    onset, midi = np.insert(prompt.onset, 3, prompt.onset[2] + after_s), np.insert(prompt.midi, 3, key)
    sure = np.where(np.arange(len(onset)) == 3, confidence, 0.97)
    order = np.argsort(onset)
    notes = Notes(onset[order], onset[order] + 0.2, midi[order], None, sure[order])
    return [verdict.what for verdict in judge(prompt, notes) if verdict.what != "right"]


@pytest.mark.parametrize("key", [52, 76, 88])
def test_an_octave_that_is_heard_with_a_right_key_but_not_surely_blames_nobody(key):
    assert heard_with(key) == ["perhaps"]
    assert heard_with(key, after_s=-0.02) == ["perhaps"]
    assert heard_with(key, confidence=0.94) == ["perhaps"]


@pytest.mark.parametrize(
    ("key", "how"),
    [
        (76, {"confidence": 0.96}),
        (76, {"after_s": 0.15}),
        (71, {}),
    ],
    ids=["a sure octave", "an octave later", "no octave"],
)
def test_what_was_surely_struck_is_extra(key, how):
    assert heard_with(key, **how) == ["extra"]


def test_an_octave_in_place_of_the_asked_key_is_another_octave_however_unsure():
    keys = np.where(np.arange(5) == 2, SCALE.midi + 12, SCALE.midi)
    notes = Notes(SCALE.onset, SCALE.onset + 0.2, keys, None, np.where(np.arange(5) == 2, 0.4, 0.97))
    assert [verdict.what for verdict in judge(SCALE, notes)] == ["right", "right", "octave", "right", "right"]


# ---- any melody at any slowly changing tempo


@st.composite
def performances(draw, at_least=5):
    """A melody and the seconds at which it is played: the tempo changes by at most 6 % from one note to the next."""
    n = draw(st.integers(at_least, 14))
    midi = np.cumsum(
        [60, *draw(st.lists(st.sampled_from([0, 1, -1, 2, -2, 3, -4, 5]), min_size=n - 1, max_size=n - 1))]
    )
    beats = np.array(draw(st.lists(st.sampled_from([0.4, 0.4, 0.8]), min_size=n - 1, max_size=n - 1)))
    rate = np.exp(np.cumsum(draw(st.lists(st.floats(-0.06, 0.06), min_size=n - 1, max_size=n - 1))))
    pace = draw(st.floats(0.75, 1.8))
    asked = Notes(np.append(0, np.cumsum(beats)), np.append(0, np.cumsum(beats)) + 0.3, midi)
    return asked, 1.0 + pace * np.append(0, np.cumsum(beats * rate))


@given(performances())
@settings(deadline=None)
def test_a_tempo_that_changes_slowly_blames_nobody(performance):
    asked, times = performance
    assert set(whats(asked, times, asked.midi)) == {"right"}


@given(performances(), st.floats(0.8, 4.0), st.data())
@settings(deadline=None)
def test_a_pause_anywhere_blames_nobody(performance, pause_s, data):
    asked, times = performance
    k = data.draw(st.integers(1, len(times) - 1))
    assert set(whats(asked, times + pause_s * (np.arange(len(times)) >= k), asked.midi)) == {"right"}


@given(performances(), st.sampled_from(["wrong", "octave", "missing", "doubled", "extra"]), st.data())
@settings(deadline=None)
def test_one_mistake_anywhere_is_named_and_blames_no_other_note(performance, what, data):
    asked, times = performance
    k = data.draw(st.integers(0, len(times) - 1))
    keys, want = np.array(asked.midi), ["right"] * len(times)
    if what in ("wrong", "octave"):
        keys[k] += 1 if what == "wrong" else data.draw(st.sampled_from([12, -12]))
        want[k] = what
    elif what == "missing":
        if (k == 0 and keys[1] == keys[0]) or (k == len(keys) - 1 and keys[k] == keys[k - 1]):
            return  # The first or the last of two alike: which one is missing, nobody can tell.
        keys, times, want[k] = np.delete(keys, k), np.delete(times, k), what
    else:
        after = times[k + 1] - times[k] if k + 1 < len(times) else 0.5
        key = keys[k] if what == "doubled" else 90
        keys, times = np.insert(keys, k + 1, key), np.insert(times, k + 1, times[k] + 0.45 * after)
        want.insert(k + 1, what)
    assert whats(asked, times, keys) == want


@given(performances(), st.sampled_from([0.22, -0.22]), st.data())
@settings(deadline=None)
def test_one_late_or_early_note_is_named_and_blames_no_other_note(performance, off_s, data):
    asked, times = performance
    k = data.draw(st.integers(2, len(times) - 3))
    near_s = min(times[k + 1] - times[k], times[k] - times[k - 1])
    if not 0.3 <= near_s <= 0.6:
        return  # In a slow tempo 0.22 s is not late, and in a fast one it changes the order.
    times = times + off_s * (np.arange(len(times)) == k)
    want = ["right"] * len(times)
    want[k] = "late" if off_s > 0 else "early"
    assert whats(asked, times, asked.midi) == want


def test_a_melody_with_repeated_notes_survives_each_mistake():
    for k in range(len(REPEATED)):
        doubled = played(
            np.insert(REPEATED.onset, k + 1, REPEATED.onset[k] + 0.2), np.insert(REPEATED.midi, k, REPEATED.midi[k])
        )
        want = ["right"] * len(REPEATED)
        want.insert(k + 1, "doubled")
        assert [verdict.what for verdict in judge(REPEATED, doubled)] == want


# ---- pairs


def test_alignment_pairs_every_note_once():
    assert align(SCALE, played([0, 0.5, 1, 1.5], [60, 61, 64, 65])).pairs == [(0, 0), (1, 1), (2, 2), (3, 3), (4, None)]


KEYS = st.lists(st.integers(58, 62), max_size=12)


@given(KEYS, KEYS)
@settings(deadline=None)
def test_any_two_sequences_are_aligned_in_order_and_whole(asked, heard):
    asked, heard = (played(0.5 * np.arange(len(midi)), midi) for midi in (asked, heard))
    pairs = align(asked, heard).pairs
    assert [i for i, _ in pairs if i is not None] == list(range(len(asked)))
    assert sorted(j for _, j in pairs if j is not None) == list(range(len(heard)))
    both = [j for i, j in pairs if i is not None and j is not None]
    assert both == sorted(both)
