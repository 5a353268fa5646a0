"""A detector that answers live hears no future: what sounds later than its look-ahead changes no row before."""

import numpy as np
import pytest

from pianolab.piano import render
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes
from pianolab.session import analyse

STREAMING = sorted(name for name, cls in load_all()[0].items() if not cls.whole_recording)
STREAMING += [f"neural:lookahead_ms={ms}" for ms in (0, 30, 60, 240)]  # of its own, beside the usual 90
CHORDS = Notes([0.3, 0.3, 0.9, 0.9, 1.4], [0.8, 1.3, 1.3, 1.6, 1.9], [48, 64, 55, 71, 40])
CUT_S = 1.1


def made(spec):
    reason = missing(load_all()[0][spec.partition(":")[0]])
    if reason:
        pytest.skip(reason)
    return create(spec)


def evidence(salience):
    """All that a row says, side by side."""
    parts = [salience.strength, np.nan_to_num(salience.hz), salience.level_db[:, None]]
    parts += [part for part in (salience.onset, salience.offset, salience.velocity) if part is not None]
    return np.concatenate(parts, axis=1)


def compared_with_another_future(spec):
    """Rows of two recordings that differ from CUT_S on only, and which of them must not know it yet."""
    detector = made(spec)
    y = render(CHORDS, sr=detector.sr, seed=3)  # at its own rate: no resampler looks ahead
    cut = int(CUT_S * detector.sr)
    other = y.copy()
    other[cut:] = 0.3 * np.random.default_rng(0).standard_normal(len(y) - cut)
    one, two = (analyse(sound, sr=detector.sr, detector=create(spec)) for sound in (y, other))
    sample = np.round(one.times * detector.sr).astype(int)
    return evidence(one), evidence(two), sample + detector.lookahead <= cut


@pytest.mark.parametrize("spec", STREAMING)
def test_another_future_changes_no_row_before_the_lookahead(spec):
    one, two, sure = compared_with_another_future(spec)
    assert np.sum(sure) >= 20
    assert np.array_equal(one[sure], two[sure])


@pytest.mark.parametrize("spec", STREAMING)
def test_the_other_future_is_heard_when_it_comes(spec):
    one, two, sure = compared_with_another_future(spec)
    assert np.sum(~sure) >= 20
    assert not np.array_equal(one[~sure], two[~sure])
