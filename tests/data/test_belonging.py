"""Labels that cannot belong to the sound are told from labels that do, and the remedy is the right one."""

import re

import numpy as np
import pytest

from pianolab import sound
from pianolab.compare import compare
from pianolab.data import load_dataset
from pianolab.data.belonging import Strokes, beside, misfit, other_unit, read_strokes
from pianolab.labels import write_labels
from pianolab.piano import render
from pianolab.roll import Notes

SR = 22050


def melody(seed, n=40):
    """Notes in an uneven rhythm, so that no other time fits by chance."""
    rng = np.random.default_rng(seed)
    onset = 0.5 + np.cumsum(rng.uniform(0.15, 0.7, n))
    return Notes(onset, onset + 0.4, rng.integers(50, 80, n), rng.integers(40, 110, n))


def moved(notes, *, times=1.0, plus=0.0):
    """The notes with all times multiplied, then shifted; those that would begin before 0 are left out."""
    onset, offset = notes.onset * times + plus, notes.offset * times + plus
    keep = onset >= 0
    return Notes(onset[keep], offset[keep], notes.midi[keep])


@pytest.fixture(scope="module")
def tune():
    return melody(1)


@pytest.fixture(scope="module")
def song(tune, tmp_path_factory):
    """A WAV of the melody."""
    path = tmp_path_factory.mktemp("belonging") / "song.wav"
    sound.write(path, render(tune, sr=SR, tail_s=0.5), sr=SR)
    return path


@pytest.fixture(scope="module")
def strokes(song):
    return read_strokes(song)


def test_labels_of_the_sound_pass(tune, strokes):
    assert misfit(tune, strokes) == ""


@pytest.mark.parametrize("data", ["builtin", "real", "data/clips"])
def test_no_recording_that_comes_with_pianolab_is_suspected(data):
    recordings = [r for r in load_dataset(data, split="all", progress=False) if r.labels is not None][::4]
    assert recordings
    said = {r.id: misfit(r.notes(), read_strokes(r.audio)) for r in recordings}
    assert {id: text for id, text in said.items() if text} == {}


@pytest.mark.parametrize("late_s", [-0.08, -0.03, 0.03, 0.08])
def test_labels_that_are_off_by_some_hundredths_of_a_second_are_still_those_of_the_sound(tune, strokes, late_s):
    assert misfit(moved(tune, plus=late_s), strokes) == ""


def test_a_recording_that_ends_before_the_last_release_passes(tune, song, strokes):
    y, sr = sound.load(song)
    cut = song.with_name("cut.wav")
    sound.write(cut, y[: int((tune.onset[-1] + 0.2) * sr)], sr=sr)
    assert misfit(tune, read_strokes(cut)) == ""


@pytest.mark.parametrize("seconds", [1.0, 3.0, 10.0])
def test_the_beginning_of_a_recording_is_enough_to_find_nothing_wrong(tune, song, seconds):
    heard = read_strokes(song, duration_s=seconds)
    assert len(heard.strength) / 86 == pytest.approx(seconds, abs=0.1)
    assert heard.length_s > 10
    assert misfit(tune, heard) == ""


def test_soft_notes_among_loud_ones_pass(tmp_path):
    notes = melody(2)
    notes = Notes(notes.onset, notes.offset, notes.midi, np.where(np.arange(len(notes)) % 3, 12, 110))
    sound.write(tmp_path / "soft.wav", render(notes, sr=SR), sr=SR)
    assert misfit(notes, read_strokes(tmp_path / "soft.wav")) == ""


def test_noise_20_db_below_the_piano_raises_no_suspicion(tune, song, tmp_path):
    y, sr = sound.load(song)
    noise = np.random.default_rng(3).standard_normal(len(y)) * np.sqrt(np.mean(y**2)) / 10
    sound.write(tmp_path / "noisy.wav", (y + noise).astype(np.float32), sr=sr)
    assert misfit(tune, read_strokes(tmp_path / "noisy.wav")) == ""


@pytest.mark.parametrize("lead_s", [0.0, 15.0])
@pytest.mark.parametrize("below_db", [10.0, 20.0])
def test_noise_between_slow_notes_and_before_them_raises_no_suspicion(tmp_path, lead_s, below_db):
    slow = Notes(np.arange(12) * 1.5 + 0.5, np.arange(12) * 1.5 + 1.7, [60, 64, 67, 72, 69, 65, 62, 59, 55, 60, 64, 60])
    y = render(slow, sr=SR, tail_s=1.0)
    whole = np.r_[np.zeros(int(lead_s * SR)), y]
    noise = np.random.default_rng(4).standard_normal(len(whole)) * np.std(y) * 10 ** (-below_db / 20)
    sound.write(tmp_path / "noisy.wav", (0.5 * (whole + noise)).astype(np.float32), sr=SR)
    strokes = read_strokes(tmp_path / "noisy.wav")
    assert misfit(slow.shifted(lead_s), strokes) == ""
    assert misfit(slow.shifted(lead_s + 0.5), strokes) != ""


def test_a_silent_or_empty_beginning_proves_nothing(tune):
    assert misfit(tune, Strokes(np.zeros(2000), length_s=60.0, sr=SR)) == ""
    assert misfit(Notes.empty(), Strokes(np.zeros(2000), length_s=60.0, sr=SR)) == ""


@pytest.mark.parametrize(
    ("per_second", "unit"),
    [(1e3, "milliseconds, divide them by 1000"), (1e6, "microseconds, divide them by 1e+06")]
    + [(rate, f"samples at {rate} Hz, divide them by {rate}") for rate in (SR, 44100, 48000, 16000)]
    + [(1 / 60, "minutes, multiply them by 60")],
)
def test_times_in_another_unit_are_named(tune, strokes, per_second, unit):
    said = misfit(moved(tune, times=per_second), strokes)
    assert said.endswith(f": the times look like {unit}")


@pytest.mark.parametrize("plus", [-1.9, -0.5, 0.4, 1.9, 5.0])
def test_a_constant_shift_is_measured_to_a_fiftieth_of_a_second(tune, strokes, plus):
    said = misfit(moved(tune, plus=plus), strokes)
    when, remedy = ("before", "add") if plus < 0 else ("after", "take")
    found = re.fullmatch(
        rf"the notes begin ([\d.]+) s {when} the strokes of the sound: {remedy} \1 s (to|from) their times", said
    )
    assert found, said
    assert float(found[1]) == pytest.approx(abs(plus), abs=0.02)


@pytest.mark.parametrize("plus", [-0.26, -0.12, 0.15, 0.26])
def test_in_an_even_beat_the_smallest_shift_that_fits_is_told(plus, tmp_path):
    onset = 0.5 + 0.4 * np.arange(24)
    even = Notes(onset, onset + 0.38, np.random.default_rng(1).integers(50, 80, 24))
    sound.write(tmp_path / "even.wav", render(even, sr=SR), sr=SR)
    said = misfit(moved(even, plus=plus), read_strokes(tmp_path / "even.wav"))
    smaller = min(plus, plus - np.sign(plus) * 0.4, key=abs)  # A beat is 0.4 s.
    found = re.search(r"begin ([\d.]+) s (before|after) the strokes", said)
    assert found, said
    assert float(found[1]) * (1 if found[2] == "after" else -1) == pytest.approx(smaller, abs=0.02)


@pytest.mark.parametrize("times", [0.9, 1.1, 2.0, 0.5])
def test_a_take_in_another_tempo_is_told_with_the_factor_that_mends_it(tune, strokes, times):
    said = misfit(moved(tune, times=times), strokes)
    factor = re.search(r"if they are multiplied by ([\d.]+), as beats or a take in another tempo", said)
    assert factor, said
    assert float(factor[1]) * times == pytest.approx(1.0, abs=0.003)


def test_ticks_of_a_midi_file_are_told_with_the_factor_that_mends_them(tune, strokes):
    said = misfit(moved(tune, times=960.0), strokes)
    factor = re.search(r"no note begins within .* if they are multiplied by ([\d.]+),", said)
    assert factor, said
    assert float(factor[1]) * 960 == pytest.approx(1.0, abs=0.003)


@pytest.mark.parametrize("seed", range(2, 8))
def test_labels_of_another_piece_are_no_labels_of_this_sound(strokes, seed):
    said = misfit(melody(seed), strokes)
    assert "name the labels of this take" in said


def test_notes_after_the_end_of_a_sound_that_was_cut_are_counted(tune, song):
    y, sr = sound.load(song)
    cut = song.with_name("half.wav")
    n = 20
    sound.write(cut, y[: int((tune.onset[n] - 0.1) * sr)], sr=sr)
    said = misfit(tune, read_strokes(cut))
    assert re.fullmatch(
        r"(19|20) of 40 notes begin after the end of the sound \([\d.]+ s\): it is cut short, or of another take", said
    )


def test_labels_of_three_notes_do_not_describe_a_sound_of_forty(tune, strokes):
    said = misfit(tune[:3], strokes)
    found = re.fullmatch(
        r"(\d+) strokes of the sound are no note of the labels: they are of another take, or of .*", said
    )
    assert found, said
    assert 25 <= int(found[1]) <= 37


def test_a_note_that_lasts_for_days_is_named(tune, strokes):
    endless = Notes(tune.onset, np.r_[tune.offset[:-1], 900_000.0], tune.midi)
    assert re.fullmatch(
        r"a note ends 8999\d\d s after the sound .*: look at its end in the labels", misfit(endless, strokes)
    )


@pytest.mark.parametrize(("late_s", "is_said"), [(2.0, False), (8.0, True)])
def test_how_long_after_the_sound_a_note_may_end_depends_on_its_length(tune, strokes, late_s, is_said):
    late = Notes(tune.onset, np.r_[tune.offset[:-1], strokes.length_s + late_s], tune.midi)
    assert ("look at its end in the labels" in misfit(late, strokes)) == is_said


def test_one_note_in_milliseconds_is_named(tmp_path):
    sound.write(tmp_path / "c4.wav", render(Notes([0.1], [1.0], [60]), sr=SR), sr=SR)
    said = misfit(Notes([100.0], [1000.0], [60]), read_strokes(tmp_path / "c4.wav"))
    assert re.fullmatch(r"no note begins within the [\d.]+ s of sound: the times look like milliseconds, .*", said)


def test_an_estimate_of_the_same_length_is_in_the_same_unit(tune):
    assert other_unit(moved(tune, times=1.5), tune) == ""
    assert other_unit(Notes.empty(), tune) == ""


def test_labels_in_samples_are_told_from_an_estimate_in_seconds(tune):
    assert "the labels look like samples at 44100 Hz, divide their times by 44100" in other_unit(
        tune, moved(tune, times=44100)
    )
    assert "is one of another take, or in another unit?" in other_unit(tune, moved(tune, times=10))


def test_the_first_suffix_that_is_there_wins(tmp_path):
    for suffix in (".tsv", ".csv"):
        (tmp_path / f"song{suffix}").write_text("")
    assert beside(tmp_path / "song.wav", [".mid", ".csv", ".tsv"]) == tmp_path / "song.csv"
    assert beside(tmp_path / "song.wav", [".mid"]) is None


@pytest.mark.parametrize(
    ("labels", "sound_name"),
    [("Song.mid", "song.wav"), ("\u00c9tude.MID", "E\u0301tude.wav"), ("song.TSV", "song.wav")],
)
def test_names_that_differ_in_accents_and_capitals_lie_beside_each_other(tmp_path, labels, sound_name):
    (tmp_path / labels).write_text("")
    (tmp_path / "other.mid").write_text("")
    assert beside(tmp_path / sound_name, [".mid", ".tsv"]) == tmp_path / labels


def test_a_comparison_remarks_an_estimate_in_another_unit(tune, song, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "own" / "song.wav").write_bytes(song.read_bytes())
    write_labels(tmp_path / "own" / "song.tsv", tune)
    from_0 = Notes(np.r_[0.0, tune.onset * 1000], np.r_[5.0, tune.offset * 1000], np.r_[tune.midi[0], tune.midi])
    write_labels(tmp_path / "theirs" / "song.tsv", from_0)
    how = {"cache": tmp_path / "kept", "progress": False, "seconds": 5}
    found = compare(tmp_path / "own", estimates={"them": tmp_path / "theirs"}, **how)
    (said,) = found.about["remarks"]
    assert said[1:3] == ["song", "them"]
    assert said[-1].endswith("the estimate looks like milliseconds, divide its times by 1000")


def test_a_comparison_remarks_labels_of_another_unit_once_and_does_not_read_the_sound_again(tune, song, monkeypatch):
    write_labels(song.with_suffix(".tsv"), moved(tune, times=1000.0))
    for other in song.parent.glob("*.wav"):
        if other != song:
            other.unlink()
    how = {"jobs": 1, "cache": song.parent / "kept", "progress": False}
    first = compare(song.parent, "fft_peak", **how)
    said = [remark for remark in first.about["remarks"] if "milliseconds" in remark[-1]]
    assert [remark[1:3] for remark in said] == [["song", "labels"]]

    def refuse(*_args, **_settings):
        raise AssertionError("the sound was read again")

    monkeypatch.setattr("pianolab.data.belonging.read_strokes", refuse)
    again = compare(song.parent, "fft_peak", **how)
    assert again.about["remarks"] == first.about["remarks"]
