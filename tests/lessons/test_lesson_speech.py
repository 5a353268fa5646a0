"""Notebook 12 says what is true: words apart by templates, a voice put together again, blocks that come late."""

import asyncio

import librosa
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from pianolab.errors import PianolabError
from pianolab.lessons import codecs, sending, speech, speech_network, sphinx
from pianolab.lessons.checks.speech import cheapest
from pianolab.lessons.showing import figure


def test_nobody_is_in_two_parts_and_every_voice_says_every_word():
    clips = speech.clips()
    parts = {(clip.voice, clip.part) for clip in clips}
    assert len(parts) == len({voice for voice, _ in parts}) == 24
    assert {clip.word for clip in clips} == set(speech_network.word_names())
    assert len(clips) == 24 * 12
    assert all(0.4 < np.abs(clip.y).max() < 1.0 for clip in clips)
    assert all(0.1 < len(clip.y) / speech.SR < 1.0 for clip in clips)


def test_what_a_speaker_has_in_common_is_taken_away():
    rng = np.random.default_rng(0)
    a, b = ([rng.normal(mean, 3.0, (n, 4)) for n in (20, 30)] for mean in (5.0, -2.0))
    out = speech.by_speaker([a[0], b[0], a[1], b[1]], ["a", "b", "a", "b"])
    for one, other in ((out[0], out[2]), (out[1], out[3])):
        together = np.concatenate([one, other])
        np.testing.assert_allclose(together.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(together.std(axis=0), 1, atol=1e-6)
    kept = speech.of_one_speaker(a, spread=False)
    np.testing.assert_allclose(kept[0] - kept[1][0], a[0] - a[1][0])


@pytest.mark.parametrize(
    ("word", "voice", "said"), [("agian", "m1", "'agian': there are do, re"), ("stop", "m9", "'m9'")]
)
def test_a_clip_that_is_not_there_is_named_with_those_that_are(word, voice, said):
    with pytest.raises(PianolabError, match=said):
        speech.said(word, voice)


def test_a_louder_word_or_silence_around_it_changes_no_feature():
    y = speech.said("again")
    plain = speech.cepstra(y)
    louder = speech.cepstra(0.25 * y)
    np.testing.assert_allclose(louder[:, 1:], plain[:, 1:], atol=0.05)
    silence = np.zeros(1600, np.float32)
    assert abs(len(speech.cepstra(np.concatenate([silence, y, silence]))) - len(plain)) <= 4


def test_a_word_that_is_stretched_is_still_near_and_another_is_not():
    words = {word: speech.cepstra(speech.said(word)) for word in ("again", "stop")}
    slower = np.repeat(words["again"], 2, axis=0)
    assert speech.distance(words["again"], slower) < 0.2 * speech.distance(words["again"], words["stop"])


def test_the_cheapest_way_is_that_of_librosa():
    cost = np.random.default_rng(0).uniform(0, 1, (12, 7))
    assert cheapest(cost) == pytest.approx(librosa.sequence.dtw(C=cost, backtrack=False)[-1, -1])


def test_distance_is_the_symmetric_one_of_sakoe_and_chiba():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(6, 3)), rng.normal(size=(5, 3))
    cost, total = cdist(a, b), np.full((7, 6), np.inf)
    total[0, 0] = -cost[0, 0]  # librosa counts the first cell once.
    for i, j in np.ndindex(6, 5):
        d = cost[i, j]
        total[i + 1, j + 1] = min(total[i, j] + 2 * d, total[i, j + 1] + d, total[i + 1, j] + d)
    assert speech.distance(a, b) == pytest.approx(total[-1, -1] / 11)


def test_a_word_is_that_of_its_nearest_templates():
    rows = [np.full((5, 2), value) for value in (0.0, 10.0, 10.2, 10.1)]
    assert speech.recognise(np.full((4, 2), 9.0), rows, ["no", "yes", "yes", "no"], nearest=2) == "yes"
    assert speech.recognise(np.full((4, 2), 9.0), rows, ["no", "yes", "yes", "no"], nearest=1) == "yes"


def test_a_confusion_matrix_has_what_was_said_in_rows():
    counts = speech.confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])
    np.testing.assert_array_equal(counts, [[1, 1], [0, 1]])
    fig, ax = figure()
    speech.draw_confusion(ax, counts, ["a", "b"])
    assert [text.get_text() for text in ax.texts] == ["1", "1", "1"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("said", "heard")
    assert fig.axes == [ax]


@pytest.mark.parametrize("length", [1600, 1777, 100])
def test_filter_and_residual_give_a_sound_back(length):
    y = np.random.default_rng(0).normal(size=length).cumsum() / 100
    taken = codecs.predict(y, sr=8000)
    np.testing.assert_allclose(codecs.put_together(taken, taken.residual), y, atol=1e-9)


def test_a_resonance_that_is_known_is_found_and_taken_away():
    a = np.array([1.0, -1.6, 0.81])
    rng = np.random.default_rng(0)
    y = np.zeros(8000)
    for n in range(8000):
        y[n] = rng.normal() - a[1] * y[n - 1] - a[2] * y[n - 2]
    taken = codecs.predict(y, sr=8000, order=2)
    np.testing.assert_allclose(np.median(taken.coefficients, axis=0), a, atol=0.03)
    assert np.var(taken.residual) == pytest.approx(1.0, rel=0.1)


def test_a_robot_buzzes_at_its_pitch_as_loud_as_the_voice():
    taken = codecs.predict(speech.said("again"), sr=8000)
    clicks = codecs.pulses(taken, hz=100, sr=8000)
    assert set(np.diff(np.flatnonzero(clicks))) == {80}
    whole = len(clicks) // 160 * 160
    power = [np.mean(x[:whole].reshape(-1, 160) ** 2, axis=1) for x in (clicks, taken.residual)]
    np.testing.assert_allclose(*power, rtol=1e-6)


def test_blocks_arrive_whole_in_order_and_never_before_the_network_lets_them():
    y = np.random.default_rng(0).uniform(-1, 1, 2005).astype(np.float32)
    sent = asyncio.run(sending.over_websocket(y, sr=10000, block_s=0.01, worst_s=0.03))
    assert sent.blocks.shape == (20, 100)
    np.testing.assert_array_equal(sent.blocks.ravel(), y[:2000])
    assert np.all(np.diff(sent.arrived) >= 0)
    assert np.all(sent.delay >= sent.network - 1e-3)
    np.testing.assert_array_equal(sent.played(sent.delay.max()), y[:2000])
    assert not sent.played(0.0).any()
    late = sent.played(np.median(sent.delay)).reshape(20, 100)
    np.testing.assert_array_equal(late.any(axis=1), sent.delay <= np.median(sent.delay))


def test_a_sound_shorter_than_a_block_is_refused_and_nobody_waits_for_it():
    with pytest.raises(ValueError, match="shorter than a block of 100 samples"):
        asyncio.run(sending.over_websocket(np.zeros(99), sr=10000, block_s=0.01))


# ---------------------------------------------------------------------------------------------------- networks


def test_pictures_and_waves_have_one_size_whatever_is_said():
    words = [speech.said("again"), np.tile(speech.said("stop"), 9)]
    assert speech_network.pictures(words, ["a", "a"]).shape == (2, 1, 26, 48)
    waves = speech_network.waves(words, ["a", "a"])
    assert waves.shape == (2, 1, 7680)
    np.testing.assert_array_equal(waves[0, 0, len(words[0]) :], 0)


def test_what_was_kept_is_shown_where_pytorch_is_missing(monkeypatch):
    monkeypatch.setattr(speech_network, "has_torch", lambda: False)
    good, few = speech_network.on_clips(), speech_network.on_clips(voices=2)
    assert len(good.loss) == len(good.validation_accuracy) == 30
    assert good.validation_accuracy[-1] > 0.9 > few.validation_accuracy[-1]
    assert len(good.heard) == 60
    assert set(good.heard) <= set(range(12))
    with pytest.raises(KeyError):
        speech_network.on_clips(width=3)


def tones():
    """Two words, low and high, in pictures of noise."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 1, 26, 48)).astype(np.float32), np.arange(40) % 2
    x[y == 0, :, 3:6] += 2
    x[y == 1, :, 20:23] += 2
    return x, y


@pytest.mark.parametrize("varied", [False, True])
def test_a_network_learns_what_differs(varied):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    x, y = tones()
    make = lambda: speech_network.cnn_lstm(2, width=4)  # noqa: E731
    found = speech_network.learn(make, x[:32], y[:32], (x[32:], y[32:]), x[32:], epochs=8, batch=8, varied=varied)
    assert found.heard == y[32:].tolist()
    assert found.loss[-1] < 0.8 * found.loss[0]
    assert found.validation_accuracy[-1] == 1.0


def test_a_network_on_samples_learns_low_from_high():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    t, y = np.arange(7680) / 8000, np.arange(24) % 2
    rng = np.random.default_rng(0)
    x = np.array([np.sin(2 * np.pi * rng.uniform(*((200, 300), (900, 1200))[k]) * t) for k in y], np.float32)[:, None]
    make = lambda: speech_network.cnn_on_samples(2, width=4)  # noqa: E731
    found = speech_network.learn(make, x[:16], y[:16], (x[16:], y[16:]), x[16:], epochs=8, batch=4)
    assert found.heard == y[16:].tolist()


# -------------------------------------------------------------------------------------------------- pocketsphinx


def test_a_grammar_names_the_words_and_refuses_what_is_none():
    assert "public <word> = again | slower;" in sphinx.grammar(["again", "slower"])
    for words in ([], ["a b"], ["; import <x>"], ["도"]):
        with pytest.raises(sphinx.SphinxError):
            sphinx.grammar(words)


def test_what_was_kept_is_shown_where_pocketsphinx_is_missing(monkeypatch):
    monkeypatch.setattr(sphinx, "is_installed", lambda: False)
    said = [clip.word for clip in sphinx.commands()]
    assert len(said) == 25
    assert set(sphinx.on_clips()) <= {*sphinx.COMMANDS, ""}
    assert np.mean(np.array(sphinx.on_clips()) == said) > 0.5
    sphinx._decoder.cache_clear()
    with pytest.raises(sphinx.SphinxError, match=r"pip install 'pianolab\[speech\]'"):
        sphinx.heard(speech.said("again"), sr=8000, words=["again"])


def test_pocketsphinx_hears_a_command():
    pytest.importorskip("pocketsphinx")
    sphinx._decoder.cache_clear()
    assert sphinx.heard(speech.said("again", "m2", sr=16000), sr=16000, words=sphinx.COMMANDS) == "again"
    assert sphinx.heard(np.zeros(8000), sr=16000, words=sphinx.COMMANDS) == ""
