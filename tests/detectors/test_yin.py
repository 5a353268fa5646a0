"""YIN: periods of known sounds."""

import numpy as np
import pytest

from pianolab.detector import DetectorError
from pianolab.detectors import yin
from pianolab.dsp.aubio_yin import last_minimum
from pianolab.dsp.one_key import nearest_key
from pianolab.dsp.periods import cumulative_mean_normalised, difference
from pianolab.errors import PianolabError
from pianolab.piano import PIANOS, render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import analyse
from pianolab.units import cents_between, key_hz, midi_to_hz, midi_to_key

SR = 44100


def sawtooth(hz, seconds=0.6, *, sr=SR, n_partials=12):
    t = np.arange(int(seconds * sr)) / sr
    n = [k for k in range(1, n_partials + 1) if k * hz < sr / 2.2]
    return (0.2 * sum(np.sin(2 * np.pi * k * hz * t) / k for k in n)).astype(np.float32)


def heard_hz(y, detector, *, sr=SR, start_s=0.25, stop_s=0.5):
    f0 = analyse(y, sr=sr, detector=detector).between(start_s, stop_s).f0_hz
    assert len(f0)
    return np.median(f0[f0 > 0]) if np.any(f0 > 0) else 0.0


@pytest.mark.parametrize("midi", [21, 28, 36, 48, 60, 69, 81, 90, 96, 102, 108])
@pytest.mark.parametrize("method", ["yin", "yinfast"])
def test_a_buzzing_tone_is_heard_within_four_cents(midi, method):
    hz = midi_to_hz(midi)
    assert cents_between(heard_hz(sawtooth(hz), f"yin:method={method}"), hz) == pytest.approx(0.0, abs=4.0)


def test_a_pure_tone_has_its_dip_at_its_period():
    d = difference(sawtooth(441.0, n_partials=1), n_frames=1, length=2048, hop_length=512)
    dips = cumulative_mean_normalised(d)
    period, depth = yin.textbook_periods(dips, 0.1, 9)
    assert period[0] == pytest.approx(100.0, abs=0.01)
    assert depth[0] == pytest.approx(0.0, abs=1e-3)


def test_the_first_dip_below_the_threshold_is_followed_to_its_bottom():
    row = np.array([1, 0.9, 0.5, 0.09, 0.05, 0.2, 0.01, 0.3, 0.4], np.float32)
    assert yin.first_below(row, 0.1, 1) == 4
    assert yin.first_below(row, 0.001, 1) == 6


def test_an_octave_costs_what_its_register_asks():
    hz, costs = np.array([27.5, 130.8, 523.3]), np.array([0.03, 0.06, 0.1])
    assert yin.octaves_worth(55.0, hz, costs) == pytest.approx(0.03)
    assert yin.octaves_worth(1046.6, hz, costs) - yin.octaves_worth(523.3, hz, costs) == pytest.approx(0.1)


def test_of_equal_minima_the_last_counts_as_in_aubio():
    assert last_minimum(np.array([1, 0.5, 0.7, 0.5, 0.9], np.float32)) == 3


@pytest.mark.parametrize("midi", [21, 33, 45, 57, 69, 81, 93, 105])
def test_a_rendered_note_is_heard_as_its_key(midi):
    y = render(Notes([0.1], [0.7], [midi]), sr=SR, tail_s=0.1)
    best = analyse(y, sr=SR, detector="yin").between(0.2, 0.6).best_key
    assert np.median(best[best >= 0]) == midi_to_key(midi)


def test_the_frequency_is_the_one_that_sounds():
    y = render(Notes([0.1], [0.7], [72]), sr=SR, tail_s=0.1)
    piano = PIANOS["grand"]
    sounding = piano.f0_hz(72) * np.sqrt(1 + piano.inharmonicity(72))
    assert cents_between(heard_hz(y, "yin"), sounding) == pytest.approx(0.0, abs=6.0)


def test_long_windows_at_a_low_rate_find_the_lowest_key_where_one_short_window_cannot():
    y = render(Notes([0.1], [0.9], [22]), sr=SR, tail_s=0.1)
    share = {}
    for detector in ("yin", "yin:preset=aubio,method=yin"):
        best = analyse(y, sr=SR, detector=detector).between(0.3, 0.8).best_key
        share[detector] = np.mean(best == midi_to_key(22))
    assert share["yin"] > 0.9
    assert share["yin:preset=aubio,method=yin"] < 0.1  # 2048 samples hold less than two periods


@pytest.mark.parametrize(
    "setting", ["newest_first=false", "registers=false", "octave_cost=0", "threshold=0.1,registers=false"]
)
def test_every_mend_can_be_switched_off(setting):
    y = render(Notes([0.05, 0.4, 0.7], [0.4, 0.7, 1.0], [45, 99, 106]), sr=SR, piano="upright", tail_s=0.0)
    plain, without = (analyse(y, sr=SR, detector=name) for name in ("yin", f"yin:{setting}"))
    assert not np.array_equal(plain.strength, without.strength)


def test_stretched_names_can_be_switched_off():
    just_sharp = key_hz()[80] * 2 ** (60 / 1200)  # nearer to the next key in equal temperament only
    assert nearest_key(just_sharp, stretched=False) == 81
    assert create("yin:stretched=false")._stretched is False


def test_a_window_too_short_for_a0_is_refused_with_the_remedy():
    message = "frame_length 1024 cannot hold two periods of 27.5 Hz at 44100 Hz: use at least 3208"
    for preset in ("piano", "textbook"):
        with pytest.raises(DetectorError, match=message):
            create(f"yin:preset={preset},frame_length=1024")


def test_a_hop_that_the_lower_rates_cannot_follow_is_refused():
    with pytest.raises(DetectorError, match="hop_length 441 is no multiple of 4: use 440"):
        create("yin:hop_length=441")


def test_any_hop_does_with_one_window():
    assert cents_between(heard_hz(sawtooth(220.0), "yin:preset=textbook,hop_length=441"), 220.0) == pytest.approx(
        0, abs=3
    )


def test_a_threshold_means_one_window_and_is_refused_with_registers():
    given, by_hand = (f"yin:threshold=0.2{more}" for more in ("", ",registers=false"))
    y = sawtooth(220.0)
    assert cents_between(heard_hz(y, given), 220.0) == pytest.approx(0.0, abs=4.0)
    assert np.array_equal(analyse(y, sr=SR, detector=given).hz, analyse(y, sr=SR, detector=by_hand).hz, equal_nan=True)
    with pytest.raises(PianolabError, match=r"threshold 0\.1 looks for the first dip in one window"):
        yin.Yin(preset="textbook", registers=True)


def test_a_knock_an_octave_below_a_treble_note_does_not_take_its_name():
    hz, t = midi_to_hz(107), np.arange(SR // 2) / SR
    note, knock = np.sin(2 * np.pi * hz * t), 0.4 * np.sin(2 * np.pi * hz / 2.02 * t)
    y = (0.2 * (note + knock)).astype(np.float32)
    assert cents_between(heard_hz(y, "yin", stop_s=0.4), hz) == pytest.approx(0.0, abs=30.0)
    assert heard_hz(y, "yin:octave_cost=0.3", stop_s=0.4) < 0.6 * hz


@pytest.mark.parametrize(("midi", "stiffness"), [(21, 4e-4), (24, 7e-4)])
def test_the_stiff_strings_of_a_short_bass_are_heard_as_their_keys(midi, stiffness):
    """Partials at n f sqrt(1 + B n^2), as in uprights; with all of them the sound seems a semitone higher."""
    n, t, rng = np.arange(1, 30), np.arange(SR // 2) / SR, np.random.default_rng(midi)
    partials_hz = n * midi_to_hz(midi) * np.sqrt((1 + stiffness * n**2) / (1 + stiffness))
    tones = np.sin(2 * np.pi * (partials_hz[:, None] * t + rng.random(len(n))[:, None]))
    y = (0.05 * np.sum(tones / np.sqrt(n)[:, None], axis=0)).astype(np.float32)
    best = analyse(y, sr=SR, detector="yin").between(0.15, 0.4).best_key
    assert np.median(best[best >= 0]) == midi_to_key(midi)
