"""FFT peaks: combs of known shape on sounds of known pitch."""

from dataclasses import replace

import numpy as np
import pytest

from pianolab.detector import DetectorError, chosen
from pianolab.detectors.fft_peak import PRESETS, FftPeak, comb_templates, strongest_peak
from pianolab.dsp.spectra import power_spectra
from pianolab.dsp.tuning import TYPICAL_B, partial_ratios, tuned_hz
from pianolab.dsp.windows import amplitude_window, hann
from pianolab.errors import PianolabError
from pianolab.piano import PIANOS, render
from pianolab.registry import create
from pianolab.roll import Notes
from pianolab.session import analyse
from pianolab.units import cents_between, midi_to_hz, midi_to_key

SR = 44100


def note(midi, *, seconds=0.6, **settings):
    return render(Notes([0.1], [0.1 + seconds], [midi]), sr=SR, tail_s=0.1, **settings)


def heard(y, detector="fft_peak"):
    rows = analyse(y, sr=SR, detector=detector).between(0.25, 0.6)
    sounding = rows.best_key >= 0
    assert np.any(sounding)
    return np.median(rows.best_key[sounding]), np.median(rows.f0_hz[sounding])


@pytest.mark.parametrize("midi", [*range(21, 108, 6), 108])
def test_rendered_notes_over_the_whole_keyboard_are_heard_as_their_keys(midi):
    assert heard(note(midi))[0] == midi_to_key(midi)


@pytest.mark.parametrize("midi", [27, 45, 60, 72, 90, 102])
def test_the_frequency_is_the_first_partials_within_three_cents(midi):
    piano = PIANOS["grand"]
    first_hz = piano.partials(midi).hz[0]
    assert cents_between(heard(note(midi))[1], first_hz) == pytest.approx(0.0, abs=3.0)


@pytest.mark.parametrize("detector", ["fft_peak", "cqt"])
@pytest.mark.parametrize("stiffness", [1.0, 2.0, 3.0])
def test_the_lowest_strings_of_small_pianos_are_stiffer_and_still_heard_as_their_keys(detector, stiffness):
    # As from a small soundboard: the first partials hardly sound, and the loudest lie far above whole multiples. With
    # the typical stiffness alone C1 (fft_peak) and A0 (cqt) of the stiffest were other keys.
    n, t = np.arange(1, 31), np.arange(SR) / SR
    level = 0.05 * np.exp(-0.5 * ((n - 18.0) / 8.0) ** 2)
    for key in range(0, 13, 3):
        hz = tuned_hz(stretched=True)[key] * partial_ratios(n, stiffness * TYPICAL_B[key])
        y = np.sum(level[:, None] * np.sin(2 * np.pi * hz[:, None] * t + n[:, None] ** 2), axis=0)
        rows = analyse(y, sr=SR, detector=detector).between(0.25, 0.6)
        assert np.mean(rows.best_key == key) > 0.9, key


def test_a_comb_stands_on_the_partials_with_gaps_between():
    harmonics = replace(PRESETS["textbook"], n_partials=3, negative=1.0)
    (row,) = comb_templates([48], harmonics, bin_step_hz=10.0, n_bins=200)
    teeth = [row[44], row[88], row[132]]  # A4: 440, 880, 1320 Hz
    assert np.all(np.diff(teeth) < 0)
    assert np.all(row[[22, 66, 110, 154]] < 0)
    assert np.sum(np.maximum(row, 0) ** 2) == pytest.approx(1.0, abs=1e-5)


def test_the_textbook_takes_the_highest_peak_and_the_piano_version_the_note():
    t, b = np.arange(SR) / SR, TYPICAL_B[36]
    level = {1: 0.1, 2: 0.1, 3: 0.3, 4: 0.1, 5: 0.05, 6: 0.05}
    hz = {n: 220.0 * partial_ratios(n, b) for n in level}
    y = sum(level[n] * np.sin(2 * np.pi * hz[n] * t) for n in level)
    assert cents_between(heard(y, "fft_peak:preset=textbook")[1], hz[3]) == pytest.approx(0.0, abs=2.0)
    assert cents_between(heard(y, "fft_peak")[1], 220.0) == pytest.approx(0.0, abs=2.0)


def test_the_strongest_peak_is_placed_between_the_bins():
    hz = 1003.7
    y = np.sin(2 * np.pi * hz * np.arange(4096) / SR)[None].astype(np.float32)
    power = power_spectra(y, amplitude_window(hann(4096)))
    assert strongest_peak(power, SR / 4096, low_hz=20, high_hz=5000)[0] == pytest.approx(hz, abs=0.3)


@pytest.mark.parametrize(
    "setting",
    [
        "registers=false",
        "negative=0",
        "n_detunings=1",
        "inharmonic=false",
        "stretched=false",
        "emphasis=0",
        "floor=0",
        "compress=false",
    ],
)
def test_every_mend_can_be_switched_off(setting):
    y = note(74, seconds=0.4, piano="upright")
    plain, without = (analyse(y, sr=SR, detector=name) for name in ("fft_peak", f"fft_peak:{setting}"))
    assert not np.array_equal(plain.strength, without.strength)


def test_gaps_keep_the_octave_above_away():
    share = {}
    for negative in (0.0, 1.0):
        harmonics = replace(PRESETS["textbook"], n_partials=10, negative=negative)
        played, above = comb_templates([48, 60], harmonics, bin_step_hz=10.0, n_bins=500)
        sound = np.maximum(played, 0.0)
        share[negative] = (above @ sound) / (played @ sound)
    assert share[0.0] > 0.5  # every tooth of A5 stands on a partial of A4
    assert share[1.0] < 0.2  # but A4's other partials stand in its gaps


def test_in_hiss_of_15_dB_the_notes_are_still_heard():
    rng = np.random.default_rng(3)
    for midi in (24, 48, 72, 96):
        y = note(midi)
        y = y + (rng.standard_normal(len(y)) * np.std(y) * 10 ** (-15 / 20)).astype(np.float32)
        assert heard(y)[0] == midi_to_key(midi)


def test_nothing_but_hiss_is_no_note():
    hiss = (0.05 * np.random.default_rng(0).standard_normal(SR)).astype(np.float32)
    assert np.mean(analyse(hiss, sr=SR, detector="fft_peak").strength.max(axis=1) > 0.5) < 0.1


def test_a_window_too_short_for_a0_is_refused_with_the_remedy():
    with pytest.raises(DetectorError, match=r"cannot hold two periods of 27\.5 Hz at 44100 Hz: use at least 3208"):
        create("fft_peak:frame_length=2048")


def test_a_hop_that_the_lower_rates_cannot_follow_is_refused():
    with pytest.raises(DetectorError, match="hop_length 300 is no multiple of 8: use 296"):
        create("fft_peak:hop_length=300")
    with pytest.raises(PianolabError, match="hop_length 300 is no multiple of 8: use 296"):
        FftPeak(hop_length=300)


def test_a_preset_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(DetectorError, match="fft_peak:preset=organ is not a choice: use piano or textbook"):
        FftPeak(preset="organ")
    with pytest.raises(DetectorError, match="preset 'organ' is not a choice: use piano or textbook"):
        chosen(PRESETS, "organ")


def test_the_highest_peak_alone_is_heard_over_the_whole_keyboard_in_one_window():
    for hz in (110.0, 1850.0, 2500.0):
        y = 0.1 * np.sin(2.0 * np.pi * hz * np.arange(SR // 2) / SR)
        heard = analyse(y, sr=SR, detector=FftPeak(n_partials=1)).between(0.2, 0.3)
        assert np.allclose(heard.f0_hz, hz, rtol=0.002)
    with pytest.raises(DetectorError, match="n_partials 1 looks for the highest peak in one window: use registers=F"):
        FftPeak(n_partials=1, registers=True)


def test_what_is_given_takes_the_place_of_the_presets_own():
    y = note(60)
    by_preset, by_hand = (
        analyse(y, sr=SR, detector=FftPeak(**given))
        for given in ({"preset": "textbook"}, {"preset": "textbook", "n_partials": 1, "frame_length": 4096})
    )
    assert np.array_equal(by_preset.strength, by_hand.strength)
    eight = analyse(y, sr=SR, detector="fft_peak:preset=textbook,n_partials=8")
    assert not np.array_equal(by_preset.strength, eight.strength)


def test_latency_is_stated_and_shorter_than_the_window():
    detector = create("fft_peak")
    assert detector.lookahead == 1024
    assert detector.frame_length > 8000


def test_a_tone_between_two_keys_goes_to_the_nearer_one():
    t, b = np.arange(SR) / SR, TYPICAL_B[48]
    for cents, key in ((38, 48), (65, 49)):
        hz = midi_to_hz(69) * 2 ** (cents / 1200)
        y = sum(0.2 / n * np.sin(2 * np.pi * hz * partial_ratios(n, b) * t) for n in range(1, 9))
        assert heard(y)[0] == key
