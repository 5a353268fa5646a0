"""What tells a struck string from a voice is learnt: scenes, their examples, and weights that both sides read alike."""

# ruff: noqa: E402 (what needs PyTorch is imported only where it is)

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

from pianolab.dsp.struck import HOP_S, LAGS, SR, Struck, StruckInput
from pianolab.training import struck

NO_FOLDERS = struck.Material({}, [], [])


@pytest.fixture(scope="module")
def scenes():
    """Scenes of rendered pianos and of what is made by rule."""
    return [struck.make_scene(NO_FOLDERS, np.random.default_rng([1, number])) for number in range(6)]


def test_a_scene_tells_struck_keys_and_others_but_no_key_as_both(scenes):
    kinds = np.concatenate([scene.is_struck for scene in scenes])
    assert 0.05 < np.mean(kinds) < 0.95
    for scene in scenes:
        at = scene.hop * 88 + scene.key
        assert len(np.unique(at)) == len(at) > 0
        assert scene.hop.max() < len(scene.frames)


def test_the_same_seed_makes_the_same_scene(scenes):
    again = struck.make_scene(NO_FOLDERS, np.random.default_rng([1, 3]))
    np.testing.assert_array_equal(again.frames, scenes[3].frames)
    np.testing.assert_array_equal(again.key, scenes[3].key)


def test_learning_lowers_the_loss_and_the_detector_reads_the_weights_as_they_were_learnt(scenes, tmp_path, monkeypatch):
    monkeypatch.setattr(struck, "BATCH", 256)  # Enough for a loss that falls, and quick.
    lines = []
    examples = struck.Examples(scenes)
    network = struck.train(examples, steps=500, seed=0, say=lines.append)
    first, last = (float(line.split()[-1]) for line in lines)
    assert last < 0.8 * first
    np.savez(tmp_path / "weights.npz", allow_pickle=False, **network.arrays())

    y = 0.1 * np.random.default_rng(0).standard_normal(SR // 2).astype(np.float32)
    heard = Struck(sr=SR, weights=tmp_path / "weights.npz")
    heard.push(y)
    heard.flush()
    n = 20
    told = heard.at(np.arange(1, n + 1) * round(HOP_S * SR))

    frames = StruckInput().of(y)
    keys = np.arange(n) * 4
    scene = struck.Scene(frames.astype(np.float16), np.arange(n), keys, np.zeros(n, bool), np.ones(n, np.float32))
    *given, _, _ = struck.Examples([scene]).batch(np.arange(n))
    assert given[0].shape[1] == len(LAGS)
    with torch.no_grad():
        expected = torch.sigmoid(network(*given)).numpy()
    np.testing.assert_allclose(told[np.arange(n), keys], expected, atol=5e-3)  # Examples are kept as float16.


def test_a_folder_that_is_missing_is_refused_in_one_line(tmp_path, capsys):
    assert struck.main(["--rooms", str(tmp_path / "none"), "--out", str(tmp_path / "w.npz")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "w.npz").exists()
