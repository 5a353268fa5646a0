"""What a tracker can be told, and what it refuses."""

from dataclasses import asdict, fields

import numpy as np
import pytest

from pianolab.tracking import Tracking, TrackingError


def test_all_settings_can_be_written_down_and_read_again():
    given = Tracking(policy="poly", n_wait=3, ghost_share=0.5, offset_delay_s=-0.02)
    assert Tracking.of(asdict(given)) == given
    assert asdict(given).keys() == {field.name for field in fields(Tracking)}


def test_a_name_that_is_nearly_right_is_refused_with_a_hint():
    with pytest.raises(TrackingError, match="no setting 'ghost_shar': did you mean ghost_share"):
        Tracking.of({"ghost_shar": 0.5})
    with pytest.raises(TrackingError, match="no setting 'x': use policy, threshold, n_confirm"):
        Tracking.of({"x": 1})
    with pytest.raises(TrackingError, match="no setting '1': use policy, threshold"):
        Tracking.of({1: 2})


def test_a_policy_that_is_none_is_refused():
    with pytest.raises(TrackingError, match="tracker policy 'duo' is unknown: use one of mono, poly"):
        Tracking.of({"policy": "duo"})


@pytest.mark.parametrize("name", [field.name for field in fields(Tracking) if field.name != "policy"])
@pytest.mark.parametrize("value", [np.nan, "high", None])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(TrackingError, match=f"^{name} {value!r} "):
        Tracking.of({name: value})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"threshold": 1.1}, "threshold 1.1 cannot be used: give a number at least 0 and at most 1"),
        ({"threshold": 0.0}, "threshold 0 lets every key sound always"),
        ({"onset_threshold": -0.1}, "onset_threshold -0.1 cannot be used"),
        ({"ghost_share": -0.1}, "ghost_share -0.1 cannot be used"),
        ({"n_confirm": 0}, "n_confirm 0 cannot be used: give a whole number at least 1"),
        ({"n_release": 2.5}, "n_release 2.5 cannot be used: give a whole number"),
        ({"n_wait": -1}, "n_wait -1 cannot be used: give a whole number at least 0"),
        ({"n_wait": np.inf}, "n_wait inf cannot be used"),
        ({"min_gap_s": -0.01}, "min_gap_s -0.01 cannot be used: give a number at least 0"),
        ({"release_db": -1.0}, "release_db -1.0 cannot be used"),
        ({"onset_rows": 2}, "onset_rows 2 is not 1 .* or 3"),
    ],
)
def test_a_value_out_of_range_is_refused(setting, message):
    with pytest.raises(TrackingError, match=message):
        Tracking(**setting)


@pytest.mark.parametrize("setting", [{"silence_db": -np.inf}, {"onset_delay_s": -0.05}, {"n_confirm": np.int64(2)}])
def test_silence_may_be_heard_and_delays_may_be_negative(setting):
    assert Tracking(**setting) != Tracking()


def test_a_peak_is_known_one_row_later_and_a_run_when_it_is_confirmed():
    assert Tracking(policy="poly", n_confirm=9).delay_rows == 1
    assert Tracking(policy="mono", n_confirm=5).delay_rows == 4
    assert Tracking(policy="mono", n_confirm=1).delay_rows == 1


@pytest.mark.parametrize("name", ["n_confirm", "n_release", "n_wait", "onset_rows"])
def test_a_whole_number_is_kept_as_one(name):
    assert type(getattr(Tracking(**{name: 3.0}), name)) is int
    assert type(getattr(Tracking(**{name: np.int64(3)}), name)) is int
