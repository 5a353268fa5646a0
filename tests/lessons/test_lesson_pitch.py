"""The lessons on pitch say what is true: YIN, combs and rulers on tones whose answer is known, and their pictures."""

from pathlib import Path

import numpy as np
import pytest

import pianolab
from pianolab.detector import Detector
from pianolab.dsp.one_key import one_key_a_row
from pianolab.lessons import pitch as lesson
from pianolab.lessons import playing, spectra
from pianolab.lessons.showing import figure, in_words
from pianolab.piano import PIANOS
from pianolab.roll import Salience
from pianolab.units import cents_between, midi_to_hz

SR = 44100


def sine(hz, *, n=4096, sr=SR):
    return np.sin(2 * np.pi * hz * np.arange(n) / sr)


def stack(hz, amplitudes, *, n=8192, sr=SR):
    """Harmonics 1, 2, ... of hz with the given amplitudes."""
    return sum(a * sine(k * hz, n=n, sr=sr) for k, a in enumerate(amplitudes, start=1))


# ------------------------------------------------------------------------------------------------------------ YIN


@pytest.mark.parametrize("hz", [110.0, 440.0, 1760.0])
def test_a_sine_is_heard_within_a_cent(hz):
    assert abs(cents_between(lesson.yin_hz(sine(hz), sr=SR), hz)) < 1


def test_without_the_parabola_the_period_is_a_whole_number_of_samples():
    hz = lesson.yin_hz(sine(1000.3), sr=SR, interpolate=False)
    assert SR / hz == pytest.approx(round(SR / hz), abs=1e-9)
    assert abs(cents_between(lesson.yin_hz(sine(1000.3), sr=SR), 1000.3)) < 1


def test_an_amplitude_makes_no_difference_to_d_prime():
    x = playing.note(48)
    loud, soft = lesson.d_and_d_prime(x)[1], lesson.d_and_d_prime(0.1 * x)[1]
    assert loud.min() < 0.1
    np.testing.assert_allclose(soft, loud, atol=1e-3)


def test_the_deepest_dip_may_be_two_periods_and_a_threshold_takes_the_first():
    d_prime = lesson.d_and_d_prime(playing.note(58))[1]
    period = 22050 / midi_to_hz(58)
    first, deepest = (lesson.yin_lag(d_prime, threshold, sr=22050) for threshold in (0.1, 1e-9))
    assert first == pytest.approx(period, abs=1.5)
    assert deepest == pytest.approx(2 * period, abs=2)


def test_the_low_a_needs_the_long_window():
    short, long = (playing.note(21, sr=SR, n=n) for n in (2048, 4096))
    assert abs(cents_between(lesson.yin_hz(long, sr=SR), 27.5)) < 50
    assert lesson.yin_hz(short, sr=SR) > 40  # no period of A0 fits in 23 ms


# ----------------------------------------------------------------------------------------------- the whole keyboard


class Oracle(Detector):
    """Knows the keyboard by heart, but hears one key a semitone too high and is deaf to another."""

    frame_length, hop_length = 512, 512

    def process(self, span):
        key = ((span.times - playing.GAP_S) / (playing.GAP_S + playing.NOTE_S)).astype(int).clip(0, 87)
        key = np.where(key == 10, 11, np.where(key == 20, -1, key))
        strength, hz = one_key_a_row(key, np.ones(len(key)), np.ones(len(key)))
        return Salience(span.times, strength, hz, np.zeros(len(key)))


def test_errors_are_told_key_by_key():
    errors = lesson.key_errors(playing.keyboard(sr=16000), Oracle(), sr=16000)
    assert errors[10] == 1
    assert np.isnan(errors[20])
    assert np.count_nonzero(errors == 0) == 86


def test_the_keyboard_is_asked_while_each_key_sounds():
    sr = 16000
    y = playing.keyboard(sr=sr)
    asked_s = playing.GAP_S + lesson.ASKED_S + np.arange(88) * (playing.GAP_S + playing.NOTE_S)
    for key in (0, 40, 87):
        heard = y[int((asked_s[key] - 0.05) * sr) : int(asked_s[key] * sr)]
        assert np.std(heard) > 1e-3
    assert asked_s[-1] < len(y) / sr


@pytest.mark.parametrize("detector", ["yin", "fft_peak"])
def test_the_mends_of_a_detector_win_ten_keys_on_each_piano(detector):
    """What notebooks 04 and 05 claim."""
    first = {"yin": "yin:preset=aubio", "fft_peak": "fft_peak:preset=textbook"}[detector]
    for piano in ("grand", "upright"):
        keys = playing.keyboard(piano)
        before, after = (np.sum(lesson.key_errors(keys, spec) == 0) for spec in (first, detector))
        assert after >= max(before + 10, 75), piano


# ---------------------------------------------------------------------------------------------------------- combs


def test_a_full_scale_sine_reads_one():
    hz, magnitude = spectra.magnitudes(sine(SR / 8192 * 100, n=8192), sr=SR)
    assert magnitude.max() == pytest.approx(1.0, abs=1e-3)
    assert hz[np.argmax(magnitude)] == pytest.approx(SR / 8192 * 100)


def test_a_comb_adds_up_what_its_teeth_touch():
    a3 = lesson.comb_strengths(stack(220, [0.3, 0.2, 0.1]), sr=SR, n_harmonics=3)[57 - 21]
    assert a3 == pytest.approx(0.3 + 0.2 / 2 + 0.1 / 3, rel=0.02)


def test_gaps_keep_out_the_octave_above():
    x = stack(110, [0.02, 0.5, 0.1, 0.4, 0.1, 0.3, 0.1, 0.2])
    a2, a3 = 45 - 21, 57 - 21
    plain, gapped = (lesson.comb_strengths(x, sr=SR, gaps=gaps) for gaps in (False, True))
    assert np.argmax(plain) == a3
    assert gapped[a3] < plain[a3] - 0.1
    assert gapped[a2] > 0


# -------------------------------------------------------------------------------------------------- inharmonicity


def test_a_straight_line_through_exact_partials_gives_back_b_and_f0():
    n = np.arange(1, 17)
    b, f0 = lesson.fit_stiffness(n, n * 55.0 * np.sqrt(1 + 3e-4 * n**2))
    assert b == pytest.approx(3e-4, rel=1e-6)
    assert f0 == pytest.approx(55.0, rel=1e-9)


@pytest.mark.parametrize(("midi", "piano"), [(21, "grand"), (33, "upright"), (45, "bright"), (60, "grand")])
def test_the_stiffness_of_a_rendered_string_is_measured_within_five_percent(midi, piano):
    y = playing.note(midi, sr=SR, n=SR, piano=piano)
    n, hz = lesson.measure_partials(y, sr=SR, f1_hz=midi_to_hz(midi))
    assert len(n) >= 12
    assert lesson.fit_stiffness(n, hz)[0] == pytest.approx(PIANOS[piano].inharmonicity(midi), rel=0.05)


# ------------------------------------------------------------------------------------------------------- pictures


def drawn(name):
    x = playing.note(48, sr=22050, n=2048)
    fig, ax = figure()
    draw = {
        "lags": lambda: lesson.draw_lags(
            ax, lesson.d_and_d_prime(x)[1], sr=22050, name="d' (no unit)", period_s=1 / 131
        ),
        "shift": lambda: lesson.shift_figure(x, sr=22050, lag=169),
        "dip": lambda: lesson.dip_figure(x, sr=22050, midi=48),
        "parabola": lambda: lesson.parabola_figure(x, sr=22050, midi=48),
        "errors": lambda: lesson.errors_figure(np.linspace(-50, 50, 88)),
        "comb": lambda: lesson.comb_figure(x, sr=22050, midi=48),
    }[name]()
    return getattr(draw, "figure", None) or fig if draw is ax else draw


@pytest.mark.parametrize("name", ["lags", "shift", "dip", "parabola", "errors", "comb"])
def test_every_axis_says_what_it_shows(name):
    axes = drawn(name).axes
    assert axes
    for ax in axes:
        if ax.get_label() == "<colorbar>":
            assert "dB" in ax.get_ylabel()
            continue
        for text in (ax.get_xlabel(), ax.get_ylabel()):
            plain = ("key", "number", "n squared", "fit of its comb")  # these have no unit
            assert "(" in text or text.startswith(plain), text


def test_the_picture_of_the_dip_names_what_was_played_and_heard():
    title = drawn("dip").axes[0].get_title(loc="left")
    assert title == "C3 played, C3 heard; threshold 0.1"
    assert in_words(drawn("dip")) == f"{title}. d' (no unit) over lag (ms)"


def test_an_error_larger_than_three_octaves_stays_in_the_picture():
    ax = drawn("errors").axes[0]
    heights = np.concatenate([line.get_ydata() for line in ax.lines])
    assert len(heights) == 88
    assert np.abs(heights).max() <= ax.get_ylim()[1]


def test_keys_that_nothing_was_heard_of_are_counted():
    errors = np.zeros(88)
    errors[:3] = np.nan
    labels = [text.get_text() for text in lesson.errors_figure(errors).axes[0].get_legend().get_texts()]
    assert labels == ["right (85)", "wrong (0)", "nothing heard (3)"]


def test_the_example_detector_of_notebook_06_hears_a_middle_c():
    spec = f"{Path(__file__).parents[2] / 'notebooks' / 'loudest.py'}:Loudest"
    y = pianolab.render(pianolab.Notes([0.2], [1.0], [60]), sr=SR)
    assert pianolab.transcribe(y, sr=SR, detector=spec).names == ["C4"]
