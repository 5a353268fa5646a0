"""The lesson on chords says what is true: sums of columns, harmonic stacks and hard pieces whose answer is known."""

import numpy as np
import pytest
from scipy.special import kl_div

from pianolab.detectors import nmf
from pianolab.lessons import playing
from pianolab.lessons import polyphony as lesson
from pianolab.lessons.showing import figure
from pianolab.roll import Notes
from pianolab.units import note_name, parse_note


def harmonics(key, n=294):
    """Harmonics 1 to 6 of a key in thirds of a semitone, unit sum, and a little everywhere."""
    spectrum = np.full(n, 1e-3, np.float32)
    for k in range(1, 7):
        spectrum[3 * key + 1 + round(36 * np.log2(k))] += 1 / k
    return spectrum / spectrum.sum()


# ------------------------------------------------------------------------------------------------------- playing


def test_chords_begin_a_beat_apart_and_their_keys_together():
    notes = playing.chords(["C4 E4", "A3 C4 F4"], beat_s=0.5, held_s=0.4, start_s=0.1, velocity=64)
    assert notes.names == ["C4", "E4", "A3", "C4", "F4"]
    np.testing.assert_allclose(notes.onset, [0.1, 0.1, 0.6, 0.6, 0.6])
    np.testing.assert_allclose(notes.offset - notes.onset, 0.4)


# --------------------------------------------------------------------------------------------- columns and sums


def key_columns():
    """What each key looks like while it rings, rows of unit sum, as the notebook takes them."""
    decay = np.load(nmf.TEMPLATES)["textbook"][:, 1].astype(np.float32)
    return decay / decay.sum(axis=1, keepdims=True)


def amounts_after(v, templates, n):
    """How much of each template is in a column after n steps of the multiplicative rule."""
    return nmf.decompose(v[None], templates, n, 1.0, 0.0)[0]


def test_a_sine_stands_in_the_bin_of_its_key():
    y = 0.5 * np.sin(2 * np.pi * 440.0 * np.arange(nmf.SR) / nmf.SR)
    times, spectra = lesson.columns(y)
    middle = spectra[np.searchsorted(times, 0.5)]
    assert np.argmax(middle) == 3 * (parse_note("A4") - 21) + 1
    assert 0.45 < middle.max() < 0.8  # a triangle of a third of a semitone may touch two bins of the FFT


def test_the_divergence_never_rises_and_a_known_sum_is_taken_apart():
    templates = np.array([harmonics(key) for key in (27, 31, 34, 46)])
    truth = np.array([0.5, 0.3, 0.2, 0.0], np.float32)
    v = truth @ templates
    values = [kl_div(v, amounts_after(v, templates, n) @ templates).sum() for n in range(1, 12)]
    assert np.all(np.diff(values) <= 1e-6)
    assert values[0] > 10 * values[-1]
    np.testing.assert_allclose(amounts_after(v, templates, 500), truth, atol=0.01)


def test_before_the_first_step_all_keys_are_alike():
    below = lesson.sum_figure(harmonics(30), key_columns(), n_iterations=0).axes[1]
    np.testing.assert_allclose([bar.get_height() for bar in below.patches], 1 / 88, rtol=1e-5)


def test_a_rendered_triad_is_three_keys_and_a_ghost_at_most():
    """What the notebook claims of its chord."""
    v, templates = lesson.column("C4 E4 G4"), key_columns()
    amounts = amounts_after(v, templates, 30)
    best = [note_name(21 + key) for key in np.argsort(-amounts)[:4]]
    assert sorted(best[:3]) == ["C4", "E4", "G4"]
    assert amounts[np.argsort(-amounts)[:4]].sum() > 0.9 * amounts.sum()


def test_in_a_harmonic_stack_all_harmonics_stand_at_the_key():
    x = np.zeros(60)
    x[[10, 22, 29, 34]] = [4.0, 3.0, 2.0, 1.0]  # a key and what lies 12, 19 and 24 above
    stack = lesson.harmonic_stack(x, (-12, 0, 12, 19, 24))
    np.testing.assert_array_equal(stack[:, 10], [0, 4, 3, 2, 1])
    np.testing.assert_array_equal(stack[:, 22], [4, 3, 1, 0, 0])  # the octave ghost: its true key lies 12 below


def test_beyond_the_ends_of_a_stack_there_is_nothing():
    stack = lesson.harmonic_stack(np.ones(5), (-2, 0, 3, 9))
    np.testing.assert_array_equal(stack, [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]])


@pytest.mark.parametrize("name", ["C3", "A4"])
def test_partials_of_a_note_are_where_the_shifts_look_for_them(name):
    level, key = lesson.semitones(name), parse_note(name) - 21
    partials = level[[key, key + 12, key + 19]]
    assert partials.min() > -30
    assert level[key - 12] < partials.min() - 10
    assert level[key + 7] < partials.min() - 10


def test_the_shifts_in_the_picture_are_those_of_the_network():
    pytest.importorskip("torch", reason="torch is not installed: make setup-train")
    from pianolab.training.network import HARMONICS

    assert lesson.HARMONIC_OFFSETS == HARMONICS


def test_in_a_soft_piece_the_asked_notes_are_soft_and_on_top():
    piece = lesson.soft_notes(30)
    assert np.sum(piece.asked) == lesson.N_CHORDS
    assert set(piece.notes.velocity[piece.asked]) == {30}
    assert set(piece.notes.velocity[~piece.asked]) == {lesson.LOUD}
    for onset in np.unique(piece.notes.onset):
        beat = piece.notes.onset == onset
        above = piece.notes.midi[beat & piece.asked][0] - piece.notes.midi[beat & ~piece.asked]
        assert above.min() > 0
        assert not set(above) & {12, 19, 24}


def test_a_chord_is_repeated_as_fast_as_it_says():
    piece = lesson.repeated_notes(8)
    np.testing.assert_allclose(np.diff(np.unique(piece.notes.onset)), 1 / 8)
    assert np.sum(~piece.asked) == 3


def test_pairs_are_the_interval_apart():
    piece = lesson.intervals(12)
    np.testing.assert_array_equal(piece.notes.midi[piece.asked] - piece.notes.midi[~piece.asked], 12)


def test_the_share_found_counts_hard_notes_only():
    piece = lesson.intervals(19)
    notes = piece.notes
    assert lesson.share_found(piece, notes) == 1.0
    assert lesson.share_found(piece, notes[~piece.asked]) == 0.0
    assert lesson.share_found(piece, Notes.empty()) == 0.0
    hard = np.flatnonzero(piece.asked)
    assert lesson.share_found(piece, notes[hard[: len(hard) // 2]]) == 0.5
    assert lesson.share_found(piece, notes.shifted(0.2)) == 0.0


def test_loud_notes_are_found_more_often_than_soft_ones():
    shares = lesson.sweep(lesson.soft_notes, (10, 100), ["nmf"])
    assert list(shares) == ["nmf"]
    soft, loud = shares["nmf"]
    assert loud > 0.7 > 0.3 > soft


# ------------------------------------------------------------------------------------------------------- pictures


DRAWN = {
    "sum": lambda: lesson.sum_figure(harmonics(30), key_columns(), n_iterations=2, played="C4"),
    "stack": lambda: lesson.stack_figure("C3", asked="G4"),
    "sweep": lambda: lesson.sweep_figure((1, 2), {"nmf": [0.2, 0.5]}, xlabel="strokes (per second)"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows(name):
    axes = DRAWN[name]().axes
    assert axes
    for ax in axes:
        if ax.get_label() == "<colorbar>":
            assert "(" in ax.get_ylabel()
            continue
        shown = [ax.get_ylabel()] + [ax.get_xlabel()] * ax.xaxis.get_tick_params()["labelbottom"]
        for text in shown:
            assert "(" in text or text.startswith("key"), (name, text)


def test_frames_mark_what_was_played():
    _, ax = figure()
    lesson.key_map(ax, np.arange(3) * 0.1, np.eye(3, 88), label="amount", played=playing.chords(["A0 C4"]))
    heights = [set(line.get_ydata()) for line in ax.lines]
    assert heights == [{20.5, 21.5}, {59.5, 60.5}]
    assert set(ax.lines[0].get_xdata()) == {0.1, 0.1 + 0.7}


def test_the_marked_column_of_a_stack_is_the_key_that_was_asked():
    below = lesson.stack_figure("C3", asked="G4").axes[1]
    assert [line.get_xdata()[0] for line in below.lines] == [66.5, 67.5]
    assert [text.get_text() for text in below.get_yticklabels()][:3] == ["-19", "-12", "+0"]
