"""What a notebook says beside a picture is so: each sentence with the number that it rests on."""

import re

import nbformat
import numpy as np
import pytest

import pianolab
from pianolab import data, scores, units
from pianolab.compare import statistics
from pianolab.detectors import nmf
from pianolab.lessons import pictures, pitch, playing, spectra, waves
from pianolab.places import comes_with

SR = 44100
A0, E1 = 21, 28


def says(notebook, sentence):
    """Whether a notebook says this, wherever its lines break."""
    (path,) = comes_with("notebooks").glob(f"{notebook}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    text = " ".join(" ".join(cell.source.split()) for cell in cells if cell.cell_type == "markdown")
    return sentence in text


def share_on_harmonics(error, hz):
    """Share of the energy of an error that lies within 8 Hz of a multiple of hz."""
    power = np.abs(np.fft.rfft(error * np.hanning(len(error)))) ** 2
    times = np.fft.rfftfreq(len(error), 1 / SR) / hz
    return power[np.abs(times - np.round(times)) * hz < 8].sum() / power.sum()


def test_01_few_bits_buzz_and_many_hiss():
    assert says("01", "With 4 bits four fifths of the error lie on the note's own harmonics")
    assert says("01", "With 8 bits and more the error is spread over all frequencies, a hiss.")
    y = pianolab.render(pianolab.Notes([0.0], [2.0], [60], [110]), sr=SR, tail_s=0.0)
    hz, part = units.midi_to_hz(60), slice(2205, 2205 + 32768)
    shares = {bits: share_on_harmonics((waves.quantise(y, bits) - y)[part], hz) for bits in (4, 8, 12, 16)}
    anywhere = 16 / hz  # of all frequencies so many lie within 8 Hz of a harmonic
    assert 0.75 < shares[4] < 0.85
    assert max(shares[bits] for bits in (8, 12, 16)) < 1.5 * anywhere


def test_01_careless_harmonics_are_folded_among_the_true_ones():
    assert says("01", "all the harmonics above it are folded down to false places among the true ones")
    harmonics, sr = 1100 * np.arange(4, 19), 7350
    folded = np.abs(harmonics - sr * np.round(harmonics / sr))
    assert all((folded % 1100 > 40) & (folded % 1100 < 1060))
    assert folded.min() < 1100
    assert folded.max() > 3300


def test_01_a_bit_is_worth_6_db_from_8_bits_up():
    assert says("01", "Every bit from 8 up is worth 6 dB; with so few that most of the note vanishes it is less.")
    of = {int(bits): db for bits, db in printed("01", r"(\d+) bits: error (\S+) dB")}
    assert [(of[8] - of[12]) / 4, (of[12] - of[16]) / 4] == [6, 6]
    assert (of[4] - of[8]) / 4 < 5


def test_02_the_mean_of_a_product_is_far_from_zero_at_harmonics_and_near_one():
    assert says("02", "the mean is far from zero at 262 Hz and at its harmonics, above or below, and small elsewhere")
    assert says("02", "(280 Hz is too near to be told apart in so short a time: section 6)")
    y, sr = pianolab.load(comes_with("data") / "clips" / "C4.flac", start_s=0.2)
    part = y[: int(0.02 * sr)] / np.abs(y[: int(0.02 * sr)]).max()
    asked = [262, 524, 786, 1048, 280, 131, 200, 240, 300, 350, 400, 480]
    means = [abs(np.mean(part * np.sin(2 * np.pi * hz * np.arange(len(part)) / sr))) for hz in asked]
    assert min(means[:5]) > 0.12
    assert max(means[5:]) < 0.06


def test_02_without_phase_the_wave_is_seven_times_weaker():
    assert says("02", "Another wave, and seven times weaker.")
    clip = comes_with("data") / "clips" / "fur_elise.flac"
    music, _ = pianolab.load(clip, sr=22050, start_s=0.3, duration_s=2.0)
    stft = spectra.librosa.stft(music, n_fft=1024, hop_length=256)
    without = spectra.librosa.istft(np.abs(stft), hop_length=256, length=len(music))
    assert round(float(np.std(music) / np.std(without))) == 7


def test_02_between_two_bins_a_fiftieth_leaks_and_a_window_stops_it():
    assert says("02", "Of the one between two bins a fiftieth (-34 dB) stands twenty bins further up")
    assert says("02", "its neighbours have half of it (-6 dB)")
    assert printed("02", r"40 periods: (\S+) dB in bin 60") == [(-120,)]
    ((leaked,),) = printed("02", r"40.5 periods: (\S+) dB in bin 60")
    ((faded,),) = printed("02", r"40.5 periods, faded: (\S+) dB in bin 60")
    assert 10 ** (leaked / 20) == pytest.approx(1 / 50, rel=0.03)
    assert faded < leaked - 40
    assert printed("02", r"40 periods, as it is: (\S+) dB in the next bin") == [(-120,)]
    assert printed("02", r"40 periods, faded: (\S+) dB in the next bin") == [(-6,)]


def test_03_ref_moves_all_levels_by_the_same_number():
    assert says("03", "`ref` moves all levels by the same number; the picture stays as it is.")
    ranges = printed("03", r"ref is .+: from (\S+) to (\S+) dB")
    assert ranges[0] != ranges[1] == (-80, 0)
    assert {high - low for low, high in ranges} == {80}


def test_03_top_db_decides_how_far_up_the_notes_are_seen():
    assert says("03", "with 20 dB only the strongest partials remain, all below 2000 Hz")
    assert says("03", "With 80 dB the strokes reach above 8000 Hz")
    y = pianolab.render(pianolab.Notes([0.1, 0.6, 1.1], [0.6, 1.1, 1.9], [60, 64, 67], [90] * 3), sr=22050, tail_s=0.1)
    bands = spectra.librosa.feature.melspectrogram(y=y, sr=22050, n_fft=2048, hop_length=512, n_mels=40, htk=True)
    tops = spectra.librosa.mel_frequencies(42, fmax=11025, htk=True)[2:]
    loudest = 10 * np.log10(bands.max(axis=1) / bands.max())
    assert tops[loudest > -20].max() < 2000
    assert tops[loudest > -80].max() > 8000


def test_03_a_bank_times_the_powers_is_the_mel_spectrogram():
    assert says("03", "every bin times its weight, added up band by band")
    power = np.random.default_rng(0).uniform(size=(1025, 3))
    bank = spectra.librosa.filters.mel(sr=22050, n_fft=2048, n_mels=40, htk=True)
    by_hand = [[sum(w * p for w, p in zip(row, column, strict=True)) for column in power.T] for row in bank]
    theirs = spectra.librosa.feature.melspectrogram(S=power, sr=22050, n_mels=40, htk=True)
    np.testing.assert_allclose(by_hand, theirs, rtol=1e-4)


def test_03_each_triangle_is_divided_by_its_width():
    assert says("03", "(Here each triangle is also divided by its width in Hz")
    flat, divided = (
        spectra.librosa.filters.mel(sr=22050, n_fft=2048, n_mels=40, htk=True, norm=norm) for norm in (None, "slaney")
    )
    edges = spectra.librosa.mel_frequencies(42, fmax=11025, htk=True)
    np.testing.assert_allclose(divided, flat * 2 / (edges[2:] - edges[:-2])[:, None], rtol=1e-4)


def test_05_a_kernel_by_hand_gives_the_number_of_the_library():
    assert says("05", "with a kernel for each of its 264 lines")
    ((by_hand,),) = printed("05", r"by hand: (\S+) dB")
    ((theirs,),) = printed("05", r"librosa: (\S+) dB")
    assert by_hand == theirs


def test_03_guessing_also_names_the_piano_more_often():
    assert says("03", "So would guessing, for one of four is easier than one of 25")
    ((piano, chance),) = printed("03", r"the piano is named right in (\d+)%, by chance (\d+)%")
    ((key, chance_of_key),) = printed("03", r"the key is named right in (\d+)%, by chance (\d+)%")
    assert piano > key
    assert [chance, chance_of_key] == [100 / 4, 100 / 25]


def test_04_a_crescendo_is_heard_more_than_two_octaves_too_low():
    assert says("04", "and the answer is more than two octaves too low")
    ((periods,),) = printed("04", r"growing louder: highest peak at (\S+) periods")
    assert np.log2(periods) > 2


def test_05_with_all_mends_every_key_of_the_three_pianos_is_right():
    assert says("05", "all 88 keys of the three pianos are right")
    found = r"windows by register +grand (\d+)/88 +bright (\d+)/88 +upright (\d+)/88"
    assert printed("05", found) == [(88, 88, 88)]


def test_03_the_mel_curve_bends_from_the_start():
    assert says("03", "at 0 Hz one hertz more is 1.6 mel, at 1000 Hz 0.7, at 8000 Hz 0.1")
    slopes = 2595 / np.log(10) / (700 + np.array([0, 1000, 8000]))
    assert np.round(slopes, 1).tolist() == [1.6, 0.7, 0.1]


@pytest.mark.parametrize("hz", [1000, 8000])
def test_03_a_slope_is_a_difference_of_two_mel_values(hz):
    low, high = spectra.librosa.hz_to_mel([hz - 0.5, hz + 0.5], htk=True)
    assert high - low == pytest.approx(2595 / np.log(10) / (700 + hz), rel=1e-3)


def test_04_one_period_and_a_little_are_enough_for_a_clean_low_a():
    assert says("04", "two periods must fit into it, 73 ms for A0")
    assert says("04", "Of this clean note 40 ms are enough, if only the last millisecond is compared:")
    assert 1000 * 2 / units.midi_to_hz(A0) == pytest.approx(73, abs=0.5)
    n, last = round(0.040 * SR), 44
    x = playing.note(A0, sr=SR, n=n)
    lags = np.arange(800, n - last)
    found = [np.sum((x[-last:] - x[n - last - lag : n - lag]) ** 2) for lag in lags]
    assert abs(units.cents_between(SR / lags[np.argmin(found)], units.midi_to_hz(A0))) < 50


def test_05_the_first_partial_of_e1_is_nearly_30_db_below_the_second():
    assert says("05", "the first partial is nearly 30 dB below the second, and well below the next ones too")
    hz, magnitude = spectra.magnitudes(playing.note(E1, sr=SR, n=8192), sr=SR, n_fft=32768)
    first, second, third, fourth = (
        20 * np.log10(magnitude[np.abs(hz - n * units.midi_to_hz(E1)) < 12].max()) for n in (1, 2, 3, 4)
    )
    assert 27 < second - first < 30
    assert min(third, fourth) - first > 20


def test_05_partials_drift_over_the_lines_of_exact_multiples():
    assert says("05", "partial 20, at 569 Hz, stands between the lines 20 and 21")
    assert says("05", "partial 35, at 1084 Hz, between the lines 39 and 40")
    n, hz = pitch.measure_partials(playing.note(A0, sr=SR, n=SR), sr=SR, f1_hz=27.5, n_partials=40)
    of = dict(zip(n.tolist(), hz, strict=True))
    assert [round(of[20]), round(of[35])] == [569, 1084]
    assert 20 < of[20] / 27.5 < 21
    assert 39 < of[35] / 27.5 < 40


def test_08_the_periods_of_the_chord_are_nearly_equally_long():
    assert says("08", "these take nearly equally long (15.3, 15.2 and 15.3 ms), and that is the period of C2")
    ms = [1000 * n / units.midi_to_hz(midi) for n, midi in ((4, 60), (5, 64), (6, 67), (1, 36))]
    assert [f"{value:.1f}" for value in ms] == ["15.3", "15.2", "15.3", "15.3"]


@pytest.mark.slow
def test_08_what_waiting_buys():
    assert says("08", "onset F1 is .85 then, .86 after 30 ms, .89 after 60, .94 after 90 ms, .96 after 240: most")
    played = playing.chords(["C4 E4 G4", "A3 C4 E4", "A3 C4 F4", "B3 D4 F4 G4", "G3 C4 E4"])
    rooms = [pianolab.render(played, sr=nmf.SR, piano="upright", room=room) for room in ("dry", "room")]
    f1 = []
    for ms in (0, 30, 60, 90, 240):
        heard = [pianolab.transcribe(y, sr=nmf.SR, detector=f"neural:lookahead_ms={ms}") for y in rooms]
        f1.append(np.mean([scores.score_notes(played, notes)["onset_f1"] for notes in heard]))
    assert f1 == pytest.approx([0.85, 0.86, 0.89, 0.94, 0.96], abs=0.006)


def printed(notebook, pattern):
    """The numbers that a notebook printed where a pattern fits; nbval holds that it still prints them."""
    (path,) = comes_with("notebooks").glob(f"{notebook}_*.ipynb")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    text = "".join(output.get("text", "") for cell in cells for output in cell.outputs)
    return [tuple(map(float, found.groups())) for found in re.finditer(pattern, text)]


def test_08_what_nmf_invents_in_fuer_elise():
    assert says("08", "Seven notes that `nmf` invents lie an octave or a twelfth from a sounding key")
    ghosts = printed("08", r"extra (?:octave|twelfth) ghost +nmf +(\d+)")
    assert len(ghosts) == 2
    assert sum(n for (n,) in ghosts) == 7


def test_06_extras_go_with_n_and_then_the_right_ones():
    assert says(
        "06", "With N = 1 most of what it writes is extra. As N grows the extras go, and up to N = 6 nothing right"
    )
    assert says("06", "with N = 20 none is left")
    of = {n: (right, extra) for n, right, extra in printed("06", r"N = +(\d+): right +(\d+), extra +(\d+)")}
    assert of[1][1] > of[1][0]
    assert [right for right, _ in of.values()] == sorted((right for right, _ in of.values()), reverse=True)
    assert of[1][1] > of[6][1] > of[12][1]
    assert of[6][0] == of[1][0]
    assert of[20][0] == 0


def test_06_melodies_are_moved_and_recorded_notes_are_harder():
    assert says("06", "The melodies are moved by octaves as they go")
    ((first, then),) = printed("06", r"begins: +(\d+) .*\n.*far away: (\d+) ")
    assert then - first > 24
    assert says("06", "Two of the three fare clearly worse, `fft_peak` does not.")
    worse = [rendered - recorded for rendered, recorded in printed("06", r"rendered (\S+) +recorded notes (\S+)")]
    assert len(worse) == 3
    assert sum(each > 0.03 for each in worse) == 2
    assert abs(worse[1]) < 0.025  # They are printed with two digits.


def test_06_ties_and_holm_hold_p_up():
    assert says("06", "On three of the six pieces `fft_peak` and `cqt` are exactly equal.")
    assert says("06", "so only 2³ ways differ, and p cannot be below 2/8")
    assert printed("06", r"pieces that differ: (\d+) of (\d+)") == [(3, 6)]
    assert printed("06", r"ways: (\d+)  least p: (\S+)") == [(64, 2 / 64)]
    assert printed("06", r"as large by chance: (\S+)") == [(2 / 8,)]
    six = statistics.least_p(6)
    assert says("06", "`p_floor`, the least that any six pieces can give here, is 2 · 2/64.")
    assert statistics.holm([six, six])[0] == 2 * six


def test_13_means_spread_spots_and_the_median_drops_them():
    assert says("13", "end farther off than the dirt itself. The median drops the spots")
    off = [value for (value,) in printed("13", r"(?:dirty|box|Gauss|median) +(\S+) grey values off")]
    dirty, box, gauss, median = off
    assert median < dirty < gauss < box


def test_13_upright_lines_stand_at_strokes():
    assert says("13", "Nearly every stroke has an upright line, and nearly every upright line stands at a stroke")
    (counts,) = printed("13", r"of (\d+) moments (\d+) have an upright line within 50 ms; of (\d+) lines (\d+) stand")
    moments, found, lines, right = counts
    assert found / moments >= 0.9
    assert right / lines >= 0.9


def test_13_an_octave_below_fits_as_well_as_a_stroke():
    assert says("13", "the one at 5.6 s is higher than the lowest of them, and there E4 is struck")
    ((low, high, elsewhere, at_s),) = printed("13", r"of E5: (\S+) to (\S+); elsewhere at most (\S+), at (\S+) s")
    assert low < elsewhere < high
    clip = data.load_dataset(data.data_dir() / "clips")["fur_elise"].notes()
    assert units.parse_note("E4") in clip.midi[np.abs(clip.onset - at_s) < 0.1]


def test_13_few_upright_lines_are_found_among_canny_edges():
    assert says("13", "In the Canny edges of section 3, where all kinds of edges cross, few upright lines are found.")
    cv2 = pytest.importorskip("cv2", reason="pictures of sound need OpenCV: make setup")
    y, sr = pianolab.load(data.data_dir() / "clips" / "fur_elise.flac", sr=pictures.SR)
    edges = cv2.Canny(pictures.picture(y, sr=sr), 200, 400)
    x1, y1, x2, y2 = cv2.HoughLinesP(edges, 1, np.pi / 180, 25, minLineLength=40, maxLineGap=10).reshape(-1, 4).T
    slope = np.degrees(np.arctan2(np.abs(y2 - y1), np.abs(x2 - x1)))
    ((upright,),) = printed("13", r"in the top-hat, (\d+) upright ones")
    assert 0 < np.sum(slope > 87) < upright / 5


def test_13_stencils_stand_between_one_voice_and_many_and_the_network_adds_a_tenth():
    assert says("13", "the stencils stand between `fft_peak`, which hears one key at a time, and `nmf`")
    of = [value for (value,) in printed("13", r"(?:stencils|fft_peak|nmf|neural) +(0\.\d|1\.0)\n")]
    stencils, fft_peak, nmf_, neural = of
    assert fft_peak < stencils < nmf_ < neural
    assert says("13", "On this clip its judgement is worth a tenth")
    ((alone, judged),) = printed("13", r"stencils alone (\S+), with the network (\S+)")
    assert judged - alone == pytest.approx(0.1)


def test_13_the_network_is_better_where_it_learnt():
    assert says("13", "On pianos that it learnt from it is right more often than on the one that was held out")
    (learnt, held_out) = printed("13", r"patches: (\d+)% right, and (\d+)% if")
    assert learnt[0] > held_out[0] + 3
    assert held_out[0] > held_out[1] + 20
