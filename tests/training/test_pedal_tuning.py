"""Settings for the pedal are found on made-up evidence whose right ones are known."""

import numpy as np
import pytest

from pianolab.roll import Salience
from pianolab.training.pedal_tuning import choose_age_delay, choose_pedal, followed, pedal_scores

TIMES = np.arange(0.0, 12.0, 0.02)
PEDAL = np.array([[1.0, 3.0], [3.2, 6.0], [8.0, 10.0]])


def evidence(pedal, *, late_s=0.0, low=0.1, high=0.9, spikes_s=()):
    """Rows in which the pedal is heard so late; spikes are two rows (20 ms) of the contrary."""
    down = np.zeros(len(TIMES), bool)
    for start, end in pedal:
        down |= (start + late_s <= TIMES) & (end + late_s > TIMES)
    for spike in spikes_s:
        down[round(spike / 0.02) :][:2] ^= True
    empty = np.zeros((len(TIMES), 88), np.float32)
    level = np.full(len(TIMES), -20.0, np.float32)
    return Salience(TIMES, empty, empty * np.nan, level, pedal=np.where(down, high, low).astype(np.float32))


@pytest.mark.parametrize("late_s", [0.0, 0.08, 0.16])
def test_a_pedal_that_is_heard_late_is_told_when_it_moved(late_s):
    rows = evidence(PEDAL, late_s=late_s)
    settings = choose_pedal([rows], [PEDAL])
    found = followed(rows, settings)
    assert len(found) == 3
    assert np.abs(found - PEDAL).max() < 0.1


def test_spikes_that_do_not_last_are_no_change():
    rows = evidence(PEDAL, spikes_s=(0.5, 2.0, 5.0, 7.0, 9.0))
    assert pedal_scores([rows], [PEDAL], {"pedal_min_s": 0.0})["pedal_onset_precision"] < 0.5
    settings = choose_pedal([rows], [PEDAL])
    assert settings["pedal_min_s"] >= 0.04
    assert pedal_scores([rows], [PEDAL], settings)["pedal_onset_f1"] == 1.0


def test_a_pedal_that_is_heard_where_nobody_uses_it_counts_as_false():
    """With a pedal the evidence reaches .9; without one it wavers up to .55, which a lower threshold takes for one."""
    without = evidence(PEDAL, high=0.55)
    alone = choose_pedal([evidence(PEDAL)], [PEDAL])
    beside = choose_pedal([evidence(PEDAL), without], [PEDAL, np.zeros((0, 2))])
    assert alone["pedal_threshold"] == 0.3
    assert beside["pedal_threshold"] == 0.6
    assert len(followed(without, beside)) == 0


def test_how_soon_a_changed_pedal_goes_down_is_chosen_where_the_evidence_comes_at_any_time():
    """The pedal goes down 0.16 s after it went up, and is heard 0 to 0.4 s late; going up is heard at once."""
    ups_s = np.arange(1.0, 11.0, 1.0)
    played = np.stack([np.append(0.5, ups_s[:-1] + 0.16), ups_s], axis=1)
    late_s = np.resize([0.0, 0.3, 0.1, 0.4, 0.2], len(played))
    heard = played + np.stack([late_s, np.zeros(len(played))], axis=1)
    rows = evidence(heard)
    settings = choose_pedal([rows], [played])
    plain = pedal_scores([rows], [played], settings | {"pedal_change_s": 0.0})
    assert settings["pedal_change_s"] == pytest.approx(0.16, abs=0.1)
    assert pedal_scores([rows], [played], settings)["pedal_onset_f1"] > plain["pedal_onset_f1"] + 0.2


def test_a_pedal_whose_age_is_known_is_told_when_it_went_down_however_late_it_is_heard():
    rows = evidence(PEDAL + np.array([(0.5, 0.0), (0.2, 0.0), (0.05, 0.0)]))
    ages = np.zeros(len(TIMES))
    for start, end in PEDAL:
        ages = np.where((start <= TIMES) & (end > TIMES), TIMES - start, ages)
    aged = Salience(rows.times, rows.strength, rows.hz, rows.level_db, pedal=rows.pedal, pedal_age=ages)
    known = choose_pedal([aged], [PEDAL])
    found = followed(aged, known)
    assert np.ptp(found[:, 0] - PEDAL[:, 0]) < 1e-6
    assert known["pedal_change_s"] == 0.0
    assert pedal_scores([aged], [PEDAL], known)["pedal_onset_f1"] == 1.0
    assert pedal_scores([rows], [PEDAL], choose_pedal([rows], [PEDAL]))["pedal_onset_f1"] < 1.0
    late = Salience(
        rows.times, rows.strength, rows.hz, rows.level_db, pedal=rows.pedal, pedal_age=np.maximum(ages - 0.18, 0)
    )
    chosen = choose_age_delay([late], [PEDAL], {"pedal_delay_s": 0.0})
    assert chosen["pedal_delay_s"] == pytest.approx(0.1, abs=0.03)
    assert pedal_scores([late], [PEDAL], chosen)["pedal_onset_f1"] == 1.0


def test_nothing_is_chosen_where_no_pedal_is_known_or_heard():
    rows = evidence(PEDAL)
    silent = Salience(rows.times, rows.strength, rows.hz, rows.level_db)
    assert choose_pedal([rows], [None]) == {}
    assert choose_pedal([rows], [np.zeros((0, 2))]) == {}
    assert choose_pedal([silent], [PEDAL]) == {}
    assert pedal_scores([silent], [PEDAL], {}) == {}
