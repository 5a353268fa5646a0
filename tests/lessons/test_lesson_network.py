"""Notebook 09 says what is true: features that move with the music, exact targets, and a network that really learns."""

import builtins

import numpy as np
import pytest

from pianolab.lessons import features
from pianolab.lessons import network as lesson
from pianolab.lessons.showing import in_words
from pianolab.roll import Salience
from pianolab.session import transcribe
from pianolab.units import midi_to_hz


def tone(midi, *, n=lesson.SR):
    return np.sin(2 * np.pi * midi_to_hz(midi) * np.arange(n) / lesson.SR)


# ----------------------------------------------------------------------------------------------------- features


@pytest.mark.parametrize("midi", [60, 69, 84, 100])
def test_a_tone_is_loudest_in_the_middle_bin_of_its_key(midi):
    middle = features.log_frequency(tone(midi))[5:20]
    assert np.all(np.argmax(middle, axis=1) == 3 * (midi - 21) + 1)


def test_a_tone_a_semitone_higher_is_three_bins_higher():
    low, high = (features.log_frequency(tone(midi))[10] for midi in (72, 73))
    np.testing.assert_allclose(high[203:], low[200:-3], atol=1.5)
    assert np.argmax(high) == np.argmax(low) + 3


def test_silence_is_the_lowest_value_everywhere():
    silent = features.log_frequency(np.zeros(2000))
    assert silent.shape == (7, 264)
    np.testing.assert_allclose(silent, -1.0, atol=1e-6)


def test_a_frame_hears_64_ms_of_the_future_and_no_more():
    y = tone(60)
    before = features.log_frequency(y)
    y[9600:] = 0.0  # at 600 ms, frame 30
    after = features.log_frequency(y)
    np.testing.assert_array_equal(after[:27], before[:27])
    assert np.any(after[27] != before[27])


def test_log_frequency_names_all_chords_and_a_level_alone_none():
    assert features.share_of_chords_named(features.log_frequency) > 0.95
    assert features.share_of_chords_named(lambda y: np.array([[np.std(y), 0.0]])) < 0.2


def test_there_are_24_triads_and_c_major_is_c_e_g():
    assert len(set(features.triads().values())) == 24
    assert features.triads()["C3 major"] == (48, 52, 55)
    assert features.triads()["C3 minor"] == (48, 51, 55)


# ------------------------------------------------------------------------------------------------------ examples


def test_an_example_is_the_beginning_of_a_piece_with_its_notes():
    one = lesson.example("ode_to_joy", "felt", seconds=3)
    assert len(one.y) == 3 * lesson.SR
    assert len(one.notes) > 3
    assert one.notes.onset.max() < 3
    struck, held = one.targets
    assert len(one.features) == len(one.times) == len(struck) == len(held)
    for onset, midi in zip(one.notes.onset, one.notes.midi, strict=True):
        frame = round(onset / lesson.HOP_S)
        assert struck[frame, midi - 21] > 0.75  # no frame is farther than 10 ms from an onset
        assert held[frame + 1, midi - 21] == 1
    assert repr(one) == "<Example: ode_to_joy on felt, 150 frames, 7 notes>"


def test_an_unknown_piece_is_refused():
    with pytest.raises(ValueError, match="'ode_to_joi' is not built in"):
        lesson.example("ode_to_joi", "grand")


# ------------------------------------------------------------------------------------------------ notes and scores


def truth(example):
    struck, held = example.targets
    return Salience(example.times, held, np.full(held.shape, np.nan), np.zeros(len(held)), onset=struck)


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
    kinds = {"log-frequency": features.log_frequency, "level": lambda y: np.full((3, 2), np.std(y))}
    assert "log-frequency: part of 264. level: 2 numbers" in in_words(features.features_figure(kinds, (60, 64, 67)))
    assert "struck" in in_words(lesson.targets_figure(one))
    assert "onset F1 1.00" in in_words(lesson.heard_figure(truth(one), one))


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
    assert lesson.score_notes(one.notes, transcribe(one.y, sr=lesson.SR, detector="nmf"))["onset_f1"] > 0.5
    with pytest.raises(ImportError, match="torch"):
        lesson.segments([one], np.random.default_rng(0))


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
            return self.key(x.reshape(batch * frames, 1, -1)).reshape(batch, frames, 2, 88).transpose(1, 2)

    torch.manual_seed(seed)
    return Ear()


def test_the_loss_of_certainty_is_zero_and_an_unsure_stroke_counts_three_times(torch):
    targets = torch.zeros(1, 2, 1, 88)
    targets[0, :, 0, 39] = 1.0
    assert lesson.loss(50 * (2 * targets - 1), targets).item() == pytest.approx(0.0, abs=1e-6)
    # Of 88 answers about strokes the struck key counts three times, and so do four that it may be taken for.
    even = np.log(2) * (88 + 5 * 2) / 88 + np.log(2)
    assert lesson.loss(torch.zeros(1, 2, 1, 88), targets).item() == pytest.approx(even)


def test_no_constant_is_better_than_guessing(torch, music):
    train, _ = music
    guess = lesson.guessing_loss(train, train)
    targets = torch.tensor(train[0].targets)[None]
    for a in (-5.0, -4.0, -3.0):
        for b in (-4.0, -3.0, -2.0):
            logits = torch.tensor([a, b])[None, :, None, None].expand_as(targets)
            assert lesson.loss(logits, targets).item() >= guess - 1e-6


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
    evidence = lesson.evidence(ears[0], validation[0])
    assert evidence.strength.shape == evidence.onset.shape == (len(validation[0].features), 88)
    assert evidence.strength[validation[0].targets[1] > 0].mean() > 2 * evidence.strength.mean()


def test_segments_are_cut_from_one_place_of_features_and_targets(torch, music):
    train, _ = music
    heard, targets = lesson.segments(train, np.random.default_rng(3), n=2)
    whole, n = train[0].features, lesson.SEGMENT
    for i in range(2):
        cut = heard[i].numpy()
        (start,) = (k for k in range(len(whole) - n + 1) if np.array_equal(whole[k : k + n], cut))
        np.testing.assert_array_equal(train[0].targets[:, start : start + n], targets[i])


def test_an_example_shorter_than_a_segment_is_refused(torch):
    with pytest.raises(ValueError, match="shorter than 96 frames"):
        lesson.segments([lesson.example("ode_to_joy", "grand", seconds=1)], np.random.default_rng(0))
