"""Notebook 09 says what is true: features that move with the music, exact targets, and a network that really learns."""

import builtins

import numpy as np
import pytest

from pianolab.lessons import network as lesson
from pianolab.lessons.teaching import in_words
from pianolab.roll import Notes, Salience
from pianolab.units import midi_to_hz


def tone(midi, *, n=lesson.SR):
    return np.sin(2 * np.pi * midi_to_hz(midi) * np.arange(n) / lesson.SR)


# ----------------------------------------------------------------------------------------------------- features


@pytest.mark.parametrize("midi", [60, 69, 84, 100])
def test_a_tone_is_loudest_in_the_middle_bin_of_its_key(midi):
    middle = lesson.log_frequency(tone(midi))[5:20]
    assert np.all(np.argmax(middle, axis=1) == 3 * (midi - 21) + 1)


def test_a_tone_a_semitone_higher_is_three_bins_higher():
    low, high = (lesson.log_frequency(tone(midi))[10] for midi in (72, 73))
    np.testing.assert_allclose(high[203:], low[200:-3], atol=1.5)
    assert np.argmax(high) == np.argmax(low) + 3


def test_silence_is_the_lowest_value_everywhere():
    silent = lesson.log_frequency(np.zeros(2000))
    assert silent.shape == (4, 264)
    np.testing.assert_allclose(silent, -1.0, atol=1e-6)


def test_a_frame_hears_64_ms_of_the_future_and_no_more():
    y = tone(60)
    before = lesson.log_frequency(y)
    y[8192:] = 0.0  # from frame 16 on
    after = lesson.log_frequency(y)
    np.testing.assert_array_equal(after[:15], before[:15])
    assert np.any(after[15] != before[15])


def test_log_frequency_names_all_chords_and_mfccs_few():
    shares = {name: lesson.share_of_chords_named(feature) for name, feature in lesson.FEATURES.items()}
    assert shares["log-frequency"] > 0.95
    assert max(shares["13 MFCCs"], shares["40 mel bands"]) < 0.4


def test_there_are_24_triads_and_c_major_is_c_e_g():
    assert len(set(lesson.triads().values())) == 24
    assert lesson.triads()["C3 major"] == (48, 52, 55)
    assert lesson.triads()["C3 minor"] == (48, 51, 55)


# ------------------------------------------------------------------------------------------------------ examples


def test_a_key_is_held_from_its_onset_until_before_its_offset():
    roll = lesson.held_keys(Notes([0.064], [0.16], [60]), 8)
    np.testing.assert_array_equal(roll[:, 39], [0, 0, 1, 1, 1, 0, 0, 0])
    assert roll.sum() == 3


def test_a_stroke_is_one_at_its_onset_and_nothing_50_ms_away():
    roll = lesson.struck_keys(Notes([0.064], [0.16], [60]), 8)
    np.testing.assert_allclose(roll[:, 39], [0, 0.36, 1, 0.36, 0, 0, 0, 0], atol=1e-6)


def test_an_example_is_the_beginning_of_a_piece_with_its_notes():
    one = lesson.example("ode_to_joy", "felt", seconds=3)
    assert len(one.y) == 3 * lesson.SR
    assert len(one.notes) > 3
    assert one.notes.onset.max() < 3
    assert len(one.features) == len(one.held) == len(one.struck)
    for onset, midi in zip(one.notes.onset, one.notes.midi, strict=True):
        assert one.struck[round(onset * lesson.SR / lesson.HOP), midi - 21] > 0.6
    assert repr(one) == "<Example: ode_to_joy on felt, 94 frames, 7 notes>"


def test_an_unknown_piece_is_refused():
    with pytest.raises(ValueError, match="'ode_to_joi' is not built in"):
        lesson.example("ode_to_joi", "grand")


# ------------------------------------------------------------------------------------------------ notes and scores


def truth(example):
    n = len(example.held)
    times = np.arange(n) * lesson.HOP / lesson.SR
    return Salience(times, example.held, np.full((n, 88), np.nan), np.zeros(n), onset=example.struck)


def test_who_says_exactly_what_is_played_is_heard_right():
    one = lesson.example("mozart_sonata_k545", "grand", seconds=4)
    heard = lesson.heard_notes(truth(one))
    assert len(heard) > 10
    assert lesson.score_notes(one.notes, heard)["onset_f1"] > 0.95


def test_a_threshold_that_nothing_reaches_leaves_silence():
    one = lesson.example("mozart_sonata_k545", "grand", seconds=2)
    half = truth(one)
    assert len(lesson.heard_notes(half, threshold=0.4, onset_threshold=0.4)) > 0
    assert (
        len(lesson.heard_notes(lesson.Salience(half.times, half.strength / 4, half.hz, half.level_db, half.onset))) == 0
    )


def test_pictures_speak():
    one = lesson.example("ode_to_joy", "grand", seconds=2)
    assert "13 MFCCs" in in_words(lesson.features_figure((60, 64, 67)))
    assert "struck" in in_words(lesson.targets_figure(one))
    assert "onset F1 1.00" in in_words(lesson.heard_figure(truth(one), one))


# --------------------------------------------------------------------------------------------- the log of a training


def write(folder, text):
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_log_with_empty_fields_and_other_columns_is_read(tmp_path):
    text = "minutes,step,frames,loss,validation_onset_f1,kind\n2,9,9,0.2,,train\n1,5,5,0.5,0.3,both\n3,9,9,,0.6,val\n"
    log = lesson.training_log(write(tmp_path, text))
    assert log.minutes.tolist() == [1, 2, 3]
    assert log.validation_onset_f1.dropna().tolist() == [0.3, 0.6]
    assert log.loss.dropna().tolist() == [0.5, 0.2]
    assert "validation onset F1" in in_words(lesson.training_log_figure(log))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("minutes,loss\n1,2\n", "no column 'validation_onset_f1'"),
        ("minutes,loss,validation_onset_f1\n1,2,0.5\n2,1,\n", "fewer than two validation scores"),
        ("minutes,loss,validation_onset_f1\nx,y,z\n", "fewer than two validation scores"),
    ],
)
def test_a_log_that_cannot_be_drawn_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        lesson.training_log(write(tmp_path, text))


def test_a_log_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is not there"):
        lesson.training_log(tmp_path / "none.csv")


# ------------------------------------------------------------------------------------------------- with and without


def test_without_torch_the_notebook_stops_with_one_sentence(monkeypatch):
    monkeypatch.setattr(lesson, "find_spec", lambda name: None)
    with pytest.raises(lesson.TorchMissing, match=r"pip install -e '\.\[train\]'") as stopped:
        lesson.need_torch()
    assert stopped.value._render_traceback_() == [str(stopped.value)]


def test_features_and_scores_need_no_torch(monkeypatch):
    real = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name.split(".")[0] == "torch":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    one = lesson.example("ode_to_joy", "grand", seconds=2)
    assert lesson.detector_scores("nmf", [one])["onset"] > 0.5
    with pytest.raises(ImportError, match="torch"):
        lesson.tensors([one])


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch", reason="training needs torch: make setup-train")
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def music():
    return [lesson.example("chords_3", "grand", seconds=4)], [lesson.example("petzold_minuet", "bright", seconds=4)]


def linear_ear(torch, seed=0):
    """Three bins of a key to its two answers, the same for all keys: 8 numbers."""

    class Ear(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.key = torch.nn.Conv1d(1, 2, 3, stride=3)
            torch.nn.init.constant_(self.key.bias, -3.0)

        def forward(self, x):
            batch, frames, _ = x.shape
            return self.key(x.reshape(batch * frames, 1, -1)).reshape(batch, frames, 2, 88).permute(2, 0, 1, 3)

    torch.manual_seed(seed)
    return Ear()


def test_the_loss_of_certainty_is_zero_and_of_even_odds_log_2(torch):
    held, struck = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.0, 0.0]]])
    sure = torch.stack([50 * (2 * held - 1), 50 * (2 * struck - 1)])
    assert lesson.loss(sure, held, struck).item() == pytest.approx(0.0, abs=1e-6)
    assert lesson.loss(torch.zeros(2, 1, 1, 2), held, struck).item() == pytest.approx(2 * np.log(2))


def test_no_constant_is_better_than_guessing(torch, music):
    train, _ = music
    guess = lesson.guessing_loss(train, train)
    (_, held, struck) = lesson.tensors(train)
    for a in (-4.0, -3.0, -2.0):
        for b in (-5.0, -4.0, -3.0):
            logits = torch.tensor([a, b])[:, None, None, None].expand(2, *held.shape)
            assert lesson.loss(logits, held, struck).item() >= guess - 1e-6


def test_even_eight_numbers_learn_something_and_the_same_seed_the_same(torch, music):
    train, validation = music
    ears = [linear_ear(torch, seed) for seed in (0, 0, 1)]
    curves = [
        lesson.fit(ear, train, validation, n_steps=120, learning_rate=0.1, seed=s)
        for ear, s in zip(ears, (0, 0, 1), strict=True)
    ]
    assert curves[0].validation.iloc[-1] < lesson.guessing_loss(train, validation)
    assert curves[0].equals(curves[1])
    assert not curves[0].equals(curves[2])
    assert curves[0].step.tolist() == [20, 40, 60, 80, 100, 120]
    assert lesson.loss_of(ears[0], validation) == curves[0].validation.iloc[-1]
    scores = lesson.scores(ears[0], validation)
    assert all(0 <= value <= 1 for value in scores.values())
    assert lesson.score_table({"ear": scores}).loc["ear", "frame F1"] == round(scores["frame"], 2)


def test_segments_are_cut_from_one_place_of_features_and_targets(torch, music):
    train, _ = music
    features, held, struck = lesson.segments(train, np.random.default_rng(3), n=2)
    whole = train[0].features
    for i in range(2):
        cut = features[i].numpy()
        (start,) = (k for k in range(len(whole) - 63) if np.array_equal(whole[k : k + 64], cut))
        np.testing.assert_array_equal(train[0].held[start : start + 64], held[i])
        np.testing.assert_array_equal(train[0].struck[start : start + 64], struck[i])


def test_an_example_shorter_than_a_segment_is_refused(torch):
    with pytest.raises(ValueError, match="shorter than 64 frames"):
        lesson.segments([lesson.example("ode_to_joy", "grand", seconds=1)], np.random.default_rng(0))


def test_the_grid_finds_the_rate_that_learns(torch, music):
    train, validation = music
    table = lesson.grid(
        lambda seed, semitones: linear_ear(torch, seed),
        train,
        validation,
        learning_rates=[1e-5, 0.1],
        harmonics={"own": (0,)},
        n_steps=60,
    )
    assert table["own"].idxmin() == 0.1
    assert "learning rate over what a key can look at" in in_words(lesson.grid_figure(table, 0.1))
