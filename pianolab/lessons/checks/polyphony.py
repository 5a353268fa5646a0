"""The exercises of notebook 08: sums of known sounds, harmonic stacks, and strokes read from probabilities.

The spectra in them are made of harmonics on an axis of three bins a semitone, so that the right answer is known
exactly.
"""

import numpy as np
from scipy.special import kl_div

from pianolab.lessons.checks.grading import (
    Answer,
    Hint,
    ask_array,
    ask_number,
    ask_pairs,
    exercise,
    judge,
    near,
)
from pianolab.units import MIDI_LOW, N_KEYS, note_name

N_BINS = 3 * N_KEYS
N_STEPS = 300  # The multiplicative rule needs fewer for the chords below.
AMOUNT_CLOSE = 0.02  # After N_STEPS an amount may be off by this share of the largest.
# In `check_struck` a low peak of 0.4, two equal frames and a peak just at the threshold have these frames.
HILL_FRAME, LEVEL_FRAME, BRIM_FRAME = 36, 44, 53


@exercise
def check_divergence(answer: Answer, rng: np.random.Generator) -> str:
    """``divergence(v, model) -> float``: the sum of v log(v / model) - v + model, natural logarithm; 0 log 0 is 0.

    ``v`` and ``model`` are arrays of one length, ``model`` above 0, ``v`` 0 or more. Exact to six digits.
    """
    v = model = np.ones(1)
    for n_keys in (1, 2, 3):
        keys, templates, amounts = _chord(rng, n_keys)
        v, model = amounts @ templates, np.full(N_BINS, amounts.sum() / N_BINS) * rng.uniform(0.5, 2.0)
        about = f"{_names(keys)} and a flat model"
        got, want = ask_number(answer, v, model, about=about), kl_div(v, model).sum()
        missing = "- v + model is missing; without it a louder model would always seem nearer"
        mistakes = [
            (np.sum((v - model) ** 2), "that is the squared distance; this divergence weighs a bin by what is in it"),
            (np.sum(v * np.log(v / model)), missing),
            (kl_div(model, v).sum(), "v and model are swapped; the logarithm is weighed by what is there, v"),
            (np.sum(v * np.log10(v / model) - v + model), "np.log10 is not the natural logarithm, np.log"),
        ]
        said = f"{about}: {want:.3f} was expected and you say {got:.3f}"
        judge(got, want, said, mistakes, otherwise="sum v log(v / model) - v + model over all bins")
    v[::2] = 0.0
    got, want = ask_number(answer, v, model, about="a column with silent bins"), kl_div(v, model).sum()
    if not near(got, want):
        raise Hint(f"with silent bins {want:.3f} was expected and you say {got:.3f}: they add model")
    return "0 where the model is right, and a bin counts by what is in it"


@exercise
def check_update(answer: Answer, rng: np.random.Generator) -> str:
    """``update(amounts, templates, v) -> amounts``: one step of the multiplicative rule, amounts * (W' (v / model)).

    ``amounts`` (K,), ``templates`` (K, n) with rows of unit sum, ``v`` (n,); model = amounts @ templates. Exact to
    six digits.
    """
    found = ""
    for n_keys in (1, 2, 3):
        keys, templates, truth = _chord(rng, n_keys)
        v, amounts, about = truth @ templates, np.full(n_keys, 0.5), f"one step for {_names(keys)}"
        model = amounts @ templates
        got = ask_array(answer, amounts, templates, v, about=about, shape=(n_keys,))
        gain = templates @ (v / model)
        mistakes = [
            (gain, "that is the gain alone; multiply the amounts by it"),
            (amounts + gain, "multiply by the gain, do not add it: so an amount can never turn negative"),
            (amounts * (templates @ (v - model)), "divide v by the model; the difference may be negative"),
            (amounts * (templates @ (model / v)), "upside down: a bin where the model is too small asks for more"),
            (amounts * (templates @ v), "v must be divided by the model, bin by bin, before the templates weigh it"),
        ]
        said = f"{about}: the first amount should become {amounts[0] * gain[0]:.3f} and you say {got[0]:.3f}"
        judge(got, amounts * gain, said, mistakes, otherwise="amounts * (templates @ (v / (amounts @ templates)))")
        found = _found_step_by_step(answer, keys, templates, truth)
    return f"{found}, step by step, and no amount ever turns negative"


def _found_step_by_step(answer, keys, templates, truth):
    amounts = np.full(len(truth), truth.mean())
    for _ in range(N_STEPS):
        amounts = ask_array(answer, amounts, templates, truth @ templates, about="many steps", shape=amounts.shape)
    if not near(amounts, truth, AMOUNT_CLOSE * truth.max()):
        raise Hint(f"after {N_STEPS} steps {_names(keys)} is still not found: is every step made of the new amounts?")
    return f"{_names(keys)} found in their sum"


@exercise
def check_harmonic_stack(answer: Answer, rng: np.random.Generator) -> str:
    """``harmonic_stack(x, offsets) -> (len(offsets), len(x))``: row i at column k is x[k + offsets[i]], 0 outside.

    ``x`` (n,) is a spectrum, ``offsets`` whole columns, negative ones too. Exact.
    """
    for key in rng.integers(36, 60, 3).tolist():
        x, offsets = _spectrum(key), [-36, 0, 36, 57, int(rng.integers(60, 90))]
        about = f"the spectrum of {note_name(key)}, shifts {offsets}"
        got, want = ask_array(answer, x, list(offsets), about=about, ndim=None), _stack(x, offsets)
        if got.shape == want.T.shape:
            raise Hint(f"{about}: one row a shift was expected, and yours stand as columns")
        if got.shape != want.shape:
            raise Hint(f"{about}: shape {want.shape} was expected and {got.shape} came back")
        around = "np.roll brings round what falls off at one end: beyond the ends there is 0"
        down = f"shifted the wrong way; what lies {offsets[2]} columns above must come down to the key"
        mistakes = [
            (np.array([np.roll(x, -offset) for offset in offsets]), around),
            (_stack(x, [-offset for offset in offsets]), down),
        ]
        row = int(np.argmax(np.any(got != want, axis=1)))
        wrong = f"row {row} is wrong; at column k it is x[k + {offsets[row]}], or 0 beyond the ends"
        judge(got, want, about, mistakes, otherwise=wrong, within=0.0)
    return "at the played key all harmonics stand one above the other"


def _stack(x, offsets):
    wide = np.pad(x, len(x))
    return np.array([wide[len(x) + offset : 2 * len(x) + offset] for offset in offsets])


def _spectrum(midi):
    """Six harmonics of a key, the k-th of strength 1 / k, in bins of a third of a semitone: unit sum."""
    k = np.arange(1, 7)
    bins = 3 * (midi - MIDI_LOW) + np.round(36 * np.log2(k)).astype(int)
    spectrum = np.full(N_BINS, 1e-3)  # No bin is quite silent.
    spectrum[bins[bins < N_BINS]] += 1 / k[bins < N_BINS]
    return spectrum / spectrum.sum()


def _chord(rng, n_keys):
    """Keys that are not an octave or a twelfth apart, their spectra as rows, and how much of each sounds."""
    low = int(rng.integers(40, 56))
    keys = [low, low + int(rng.integers(3, 6)), low + int(rng.integers(7, 11))][:n_keys]
    return keys, np.array([_spectrum(key) for key in keys]), rng.uniform(0.3, 1.0, n_keys)


def _names(keys):
    return " ".join(note_name(key) for key in keys)


@exercise
def check_struck(answer: Answer, rng: np.random.Generator) -> str:
    """``struck(onset, threshold) -> [(frame, key), ...]``: the peaks of each key's probability from the threshold up.

    ``onset`` (T, 88); a peak is higher than the frame before and not lower than the frame after, in the same column.
    The first and the last frame are no peaks. Any order.
    """
    for n_keys, threshold in ((1, 0.5), (3, 0.5), (2, 0.3)):
        onset, want = _strokes(rng, n_keys, threshold)
        about = f"{len(want)} strokes on {n_keys} key{'s' * (n_keys > 1)}, threshold {threshold}"
        got = sorted(ask_pairs(answer, onset, threshold, about=about))
        if got != want:
            raise Hint(f"{about}: you found {len(got)}{_why_not(got, want, onset, n_keys, threshold)}")
    return "every key has its own peaks, so a chord is several and a repeated key two"


def _why_not(got, want, onset, n_keys, threshold):
    """What is wrong with these strokes, as the end of a sentence that says how many they are."""
    more, less = set(got) - set(want), set(want) - set(got)
    frame, key = min(less, default=(0, 0))
    missing = f": the stroke of {note_name(MIDI_LOW + key)} in frame {frame} is missing; "
    missing += {
        LEVEL_FRAME: "the frame after it is just as high, not higher",
        BRIM_FRAME: f"its peak is {threshold}, and the threshold itself is enough",
        HILL_FRAME: f"its peak is 0.4, and the threshold asked for is {threshold}",
    }.get(frame, "a key may repeat, and a low peak counts too")
    one_a_frame = n_keys > 1 and len(got) < len(want) and len({t for t, _ in got}) == len(got)
    reasons = [
        (not more and not less, ", some of them twice"),
        (sorted((key, frame) for frame, key in got) == want, ", with frame and key swapped: a pair is (frame, key)"),
        (one_a_frame, ", one a frame: look at every key by itself, a chord is several at once"),
        (not less and _any_below(onset, more, threshold), f", some below the threshold of {threshold}"),
        (
            not less and {t for t, _ in more} == {LEVEL_FRAME + 1},
            ": a peak of two equal frames is one stroke, in the first of them",
        ),
        (not less, ": every frame above the threshold counts in yours; only the peak is the stroke"),
        (not more, missing),
        (True, ", but not in the right frames: the highest of the three is the middle one"),
    ]
    return next(why for holds, why in reasons if holds)


def _any_below(onset, pairs, threshold):
    n_frames, n_keys = onset.shape
    return any(0 <= t < n_frames and 0 <= k < n_keys and onset[t, k] < threshold for t, k in pairs)


def _strokes(rng, n_keys, threshold):
    """Onset probabilities of keys that are struck twice in quick succession, and the strokes that are to be found.

    Later each key has a hill of 0.4, a peak that lasts two frames and one that just reaches the threshold.
    """
    onset = rng.uniform(0.0, 0.1, (60, N_KEYS))
    keys = np.sort(rng.choice(np.arange(20, 60), n_keys, replace=False)).tolist()
    first, gap = int(rng.integers(5, 15)), int(rng.integers(4, 7))
    want = []
    for key in keys:
        tops = {first: rng.uniform(0.9, 1.0), first + gap: rng.uniform(0.6, 0.8), HILL_FRAME: 0.4}
        tops |= {LEVEL_FRAME: rng.uniform(0.6, 1.0), BRIM_FRAME: threshold}
        for frame, top in tops.items():
            onset[frame - 1 : frame + 2, key] = top * np.array([0.55, 1.0, 0.6])
            want += [(frame, key)] * (top >= threshold)
        onset[first + 2 : first + gap - 1, key] = 0.3  # Between two strokes it need not fall to nothing.
        onset[LEVEL_FRAME + 1, key] = onset[LEVEL_FRAME, key]
    return onset, sorted(want)
