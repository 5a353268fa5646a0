"""Lesson 13: keys lie in their rows and strokes in their columns, and what looks at the picture finds them there."""

import builtins
import json

import numpy as np
import pytest

import pianolab
from pianolab import scores
from pianolab.errors import PianolabError
from pianolab.lessons import pictures, playing
from pianolab.units import midi_to_hz, parse_note

cv2 = pytest.importorskip("cv2", reason="pictures of sound need OpenCV: make setup")
onnxruntime = pytest.importorskip("onnxruntime")

COLUMN_S = pictures.HOP / pictures.SR
PIECE = ["C4", "E4 G4", "A3", "C5", "F3 A3 C4", "D5", "G3 B3", "C3"]


@pytest.fixture(scope="module")
def heard():
    """A few strokes on the piano that neither stencils nor network know: what was played, sound, picture, edges."""
    played = playing.chords(PIECE, beat_s=0.5, held_s=0.45, start_s=0.3)
    y = pianolab.render(played, sr=pictures.SR, piano="upright", tail_s=0.2)
    image = pictures.picture(y, sr=pictures.SR)
    return played, y, image, pictures.rising(image)


@pytest.mark.parametrize("key", ["A2", "A4", "C7", "C8"])
def test_a_tone_is_white_in_the_row_of_its_key(key):
    midi = parse_note(key)
    image = pictures.picture(playing.tone(midi_to_hz(midi), 1.0, sr=44100), sr=44100)
    assert image[:, 40].argmax() == pictures.rows_of(midi)
    assert image[:, 40].max() > 250


def test_grey_values_are_even_steps_of_decibels():
    assert pictures.grey(10.0 ** -np.arange(5), floor_db=60).tolist() == [255, 170, 85, 0, 0]
    assert pictures.grey(np.zeros(3)).tolist() == [0, 0, 0]


def test_level_lines_begin_at_strokes_and_nowhere_else(heard):
    played, _, _, rise = heard
    moments = np.unique(played.onset)
    distance = np.abs(pictures.upright(rise)[:, None] * COLUMN_S - moments)
    assert (distance.min(axis=0) < 0.03).all()
    assert distance.shape[0] == len(moments)


def test_a_stencil_is_brightest_where_its_partials_are():
    known = pictures.stencils()
    for key in range(60, 80):
        rows = pictures.rows_of(key) + np.round(36 * np.log2(np.arange(1, 5))).astype(int)
        assert known[key - 21, rows].mean() > 4 * known[key - 21].mean()


def test_a_stencil_is_known_again_on_another_piano():
    onset = 0.3 + 0.45 * np.arange(12)
    keys = np.arange(36, 96, 5)
    y = pianolab.render(pianolab.Notes(onset, onset + 0.3, keys), sr=pictures.SR, piano="upright")
    right = scores.score_notes(pianolab.Notes(onset, onset + 0.3, keys), pictures.strokes(y, sr=pictures.SR))
    assert right["onset_f1"] > 0.9


def test_the_network_tells_strokes_from_other_proposals_on_a_piano_it_does_not_know(heard):
    played, _, image, rise = heard
    proposals = pictures.propose(rise, least_share=pictures.PROPOSED_SHARE)
    near = np.abs(proposals.column[:, None] - pictures.columns_of(played.onset)) < 5
    truth = (near & (proposals.midi[:, None] == played.midi)).any(axis=1)
    right = (pictures.probabilities(pictures.patches(image, proposals)) > pictures.STRUCK) == truth
    assert 0.2 < truth.mean() < 0.8
    assert right.mean() >= 0.8


def test_a_patch_shows_its_key_always_in_the_same_row(heard):
    played, _, image, _ = heard
    proposals = pictures.Proposals(pictures.columns_of(played.onset), played.midi, np.ones(len(played.midi)))
    patch = pictures.patches(image, proposals)
    assert patch.shape == (len(played.midi), 1, 144, 16)
    after, before = patch[:, 0, :, pictures.PATCH_BEFORE + 4 :], patch[:, 0, :, : pictures.PATCH_BEFORE - 1]
    key = slice(pictures.PATCH_BELOW, pictures.PATCH_BELOW + 3)
    assert (after[:, key].mean(axis=(1, 2)) > before[:, key].mean(axis=(1, 2)) + 0.1).all()


def test_beyond_the_picture_a_patch_is_black():
    white = np.full((pictures.N_ROWS, 5), 255, np.uint8)
    (patch,) = pictures.patches(white, pictures.Proposals(np.array([0]), np.array([21]), np.ones(1)))[:, 0]
    assert patch.sum() == 5 * (pictures.PATCH_ROWS - pictures.PATCH_BELOW + 1)


def test_opencv_runs_the_network_as_onnxruntime_does(heard):
    _, _, image, rise = heard
    patch = pictures.patches(image, pictures.propose(rise, least_share=pictures.PROPOSED_SHARE))
    session = onnxruntime.InferenceSession(str(pictures.NETWORK), providers=["CPUExecutionProvider"])
    (want,) = session.run(None, {"patch": patch})
    assert len(patch) > 10
    assert pictures.probabilities(patch) == pytest.approx(want[:, 0], abs=1e-5)


def test_the_network_is_small_and_says_what_it_was_learnt_from():
    assert pictures.NETWORK.stat().st_size < 100_000
    known = json.loads(pictures.NETWORK.with_suffix(".json").read_text(encoding="utf-8"))
    assert known["made_of"]["held_out"] not in [*known["made_of"]["pianos"], *pictures.STENCIL_PIANOS]
    assert known["held_out"]["right"] > known["held_out"]["most_common"] + 0.2


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("seconds", [0.6, 1.0])
def test_where_nothing_sounds_nothing_is_found(network, seconds):
    assert len(pictures.strokes(np.zeros(int(seconds * 22050)), sr=22050, network=network).onset) == 0


def test_without_opencv_the_remedy_is_named(monkeypatch):
    known = builtins.__import__

    def missing(name, *args, **settings):
        if name == "cv2":
            raise ImportError("No module named 'cv2'")
        return known(name, *args, **settings)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(PianolabError, match=r"^pictures of sound need OpenCV: pip install 'pianolab\[vision\]'$"):
        pictures.opencv()
