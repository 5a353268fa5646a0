"""Exercises that check themselves: right, or a hint.

``check_level_db(level_db)`` tries a student's function on fresh sounds and returns a Result that reads
"✓ level_db: ..." or "✗ level_db: ..." with what went wrong, told by the sound of the failing case. Every docstring
gives the function a student is to write, its units and how near is near enough. Sounds are rendered when the check is
called, from ``seed``. Nothing is remembered and nothing leaves the machine, so a teacher can use them in a course.
It answers in English, or in Korean with ``language="ko"`` or after ``%env PIANOLAB_LANGUAGE=ko``.
"""

from pianolab.lessons.checks.honesty import check_chosen, check_flip_p, check_gains, check_holm
from pianolab.lessons.checks.network import (
    check_best_step,
    check_causal,
    check_cross_entropy,
    check_n_parameters,
    check_piano_roll,
)
from pianolab.lessons.checks.notes import check_confirm, check_hits, check_precision_recall
from pianolab.lessons.checks.onsets import check_chroma, check_convolve, check_flux, check_zero_crossings
from pianolab.lessons.checks.pictures import check_count_blobs, check_grey, check_opened, check_overlap
from pianolab.lessons.checks.pitch import (
    check_comb,
    check_cumulative_mean,
    check_difference,
    check_first_dip,
    check_inharmonicity,
    check_parabola,
    check_window_lengths,
)
from pianolab.lessons.checks.polyphony import check_divergence, check_harmonic_stack, check_struck, check_update
from pianolab.lessons.checks.spectra import (
    check_alike,
    check_frame_length,
    check_hann,
    check_mel,
    check_mel_edges,
    check_mfcc,
    check_peak_hz,
    check_strength_at,
)
from pianolab.lessons.checks.speech import check_late, check_mu_law, check_warping_cost
from pianolab.lessons.checks.waves import (
    check_heard_hz,
    check_level_db,
    check_melody,
    check_name_of,
    check_octave_up,
    check_quantise,
    check_seconds,
    check_sine,
)

__all__ = [
    "check_octave_up",
    "check_seconds",
    "check_melody",
    "check_sine",
    "check_level_db",
    "check_name_of",
    "check_heard_hz",
    "check_quantise",
    "check_strength_at",
    "check_peak_hz",
    "check_frame_length",
    "check_hann",
    "check_mel",
    "check_mel_edges",
    "check_mfcc",
    "check_alike",
    "check_difference",
    "check_cumulative_mean",
    "check_first_dip",
    "check_parabola",
    "check_comb",
    "check_inharmonicity",
    "check_window_lengths",
    "check_confirm",
    "check_hits",
    "check_precision_recall",
    "check_divergence",
    "check_update",
    "check_harmonic_stack",
    "check_struck",
    "check_piano_roll",
    "check_causal",
    "check_n_parameters",
    "check_cross_entropy",
    "check_best_step",
    "check_convolve",
    "check_flux",
    "check_zero_crossings",
    "check_chroma",
    "check_grey",
    "check_opened",
    "check_count_blobs",
    "check_overlap",
    "check_mu_law",
    "check_warping_cost",
    "check_late",
    "check_gains",
    "check_flip_p",
    "check_holm",
    "check_chosen",
]
