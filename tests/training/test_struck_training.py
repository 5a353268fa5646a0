"""What tells a struck string from a voice is learnt: scenes, their examples, and weights that both sides read alike."""

# ruff: noqa: E402 (what needs PyTorch is imported only where it is)

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: make setup-train")

from pianolab import sound
from pianolab.dsp.struck import HOP_S, LAGS, SR, Struck, StruckInput
from pianolab.errors import PianolabError
from pianolab.roll import Notes
from pianolab.training import struck

NO_FOLDERS = struck.Material({}, [], {})


@pytest.fixture(scope="module")
def scenes():
    """Scenes of rendered pianos and of what is made by rule."""
    return [struck.make_scene(NO_FOLDERS, np.random.default_rng([1, number])) for number in range(8)]


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
    n = 20
    told = np.array(heard.at(np.arange(1, n + 1) * round(HOP_S * SR)))

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


def test_noises_that_are_kept_for_a_check_are_left_out_and_an_unknown_one_is_refused(tmp_path):
    for name in ("rain", "wind"):
        sound.write(tmp_path / f"{name}.wav", np.full(SR, 0.1, np.float32), sr=SR)
    assert list(struck.read_material([], noise=tmp_path, leave_out=["wind"]).noises) == ["rain"]
    with pytest.raises(PianolabError, match="no noise 'snow' to leave out: use rain, wind"):
        struck.read_material([], noise=tmp_path, leave_out=["snow"])


def test_a_string_that_only_rings_is_told_as_not_struck_any_more():
    """C4 is held for two seconds."""
    n = 120
    notes = Notes([0.2], [2.2], [60], [80])
    frames = np.zeros((n, *StruckInput.shape), np.float32)
    at_piano, at_other = np.zeros((2, n, 88))
    at_piano[10:115, 39] = 3.0
    scene = struck._told(frames, notes, at_piano, at_other, np.random.default_rng(0))
    age_s = scene.hop * HOP_S - 0.2
    assert np.all(scene.key == 39)
    assert np.all((age_s[scene.is_struck] >= 0) & (age_s[scene.is_struck] < struck.TOLD_S))
    assert np.all(age_s[~scene.is_struck] >= struck.RINGS_S)
    assert np.any(scene.is_struck)
    assert np.any(~scene.is_struck)


def test_strings_that_beat_swell_and_fall_by_their_cents_and_stay_in_time():
    time_s = np.arange(4 * SR) / SR
    y = np.where(time_s > 1.0, np.sin(2 * np.pi * 880.0 * time_s), 0.0).astype(np.float32)
    for seed in range(4):
        heard = struck.beating(y, np.random.default_rng(seed))
        loud = np.sqrt(np.convolve(heard**2, np.ones(320) / 320, "same"))
        assert loud[: round(0.95 * SR)].max() < 0.1 * loud.max()  # It begins when it began.
        steady = loud[round(1.2 * SR) : round(3.8 * SR)]
        low_hz, high_hz = 640.0, 640.0 * np.sqrt(2.0)  # 880 Hz lies in this band, which beats at one rate.
        expected_hz = np.sqrt(low_hz * high_hz) * (2.0 ** (np.array(struck.BEATING_CENTS) / 1200.0) - 1.0)
        falls = np.flatnonzero(
            (steady[1:-1] < steady[:-2]) & (steady[1:-1] <= steady[2:]) & (steady[1:-1] < steady.mean())
        )
        beats = 1 + np.sum(np.diff(falls) > 0.1 * SR) if len(falls) else 0
        assert 2.6 * expected_hz[0] - 1.0 <= beats <= 2.6 * expected_hz[1] + 1.0
        assert steady.min() < 0.8 * steady.max()
