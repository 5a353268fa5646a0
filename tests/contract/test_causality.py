"""A detector that answers live hears no future: what sounds later than its look-ahead changes no row before."""

import numpy as np
import pytest

from pianolab.piano import render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import analyse

CHORDS = Notes([0.3, 0.3, 0.9, 0.9, 1.4], [0.8, 1.3, 1.3, 1.6, 1.9], [48, 64, 55, 71, 40])
CUT_S = 1.1


def evidence(salience):
    """All that a row says, side by side."""
    parts = [salience.strength, np.nan_to_num(salience.hz), salience.level_db[:, None]]
    parts += [
        part for part in (salience.onset, salience.offset, salience.velocity, salience.struck) if part is not None
    ]
    parts += [] if salience.pedal is None else [salience.pedal[:, None]]
    return np.concatenate(parts, axis=1)


@pytest.mark.usefixtures("each_choice")
def test_another_future_changes_the_rows_that_may_know_it_and_no_row_before(spec, detector):
    if detector.whole_recording:
        pytest.skip("it says that it hears the whole recording first")
    y = render(CHORDS, sr=detector.sr, seed=3)  # at its own rate: no resampler looks ahead
    cut = int(CUT_S * detector.sr)
    other = y.copy()
    other[cut:] = 0.3 * np.random.default_rng(0).standard_normal(len(y) - cut)
    one, two = (analyse(sound, sr=detector.sr, detector=create(spec)) for sound in (y, other))
    sure = np.round(one.times * detector.sr).astype(int) + detector.lookahead <= cut
    assert np.sum(sure) >= 20
    assert np.array_equal(evidence(one)[sure], evidence(two)[sure])
    assert np.sum(~sure) >= 20
    assert not np.array_equal(evidence(one)[~sure], evidence(two)[~sure])
