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
from pianolab.texts.catalogue import Told
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
        about = Told("hints.divergence.case", names=_names(keys))
        got, want = ask_number(answer, v, model, about=about), kl_div(v, model).sum()
        mistakes = [
            (np.sum((v - model) ** 2), Told("hints.divergence.squared")),
            (np.sum(v * np.log(v / model)), Told("hints.divergence.missing")),
            (kl_div(model, v).sum(), Told("hints.divergence.swapped")),
            (np.sum(v * np.log10(v / model) - v + model), Told("hints.divergence.base")),
        ]
        said = Told("hints.divergence.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.divergence.formula"))
    v[::2] = 0.0
    got, want = ask_number(answer, v, model, about=Told("hints.divergence.silent_case")), kl_div(v, model).sum()
    if not near(got, want):
        raise Hint(Told("hints.divergence.silent", want=want, got=got))
    return Told("hints.divergence.known")


@exercise
def check_update(answer: Answer, rng: np.random.Generator) -> str:
    """``update(amounts, templates, v) -> amounts``: one step of the multiplicative rule, amounts * (W' (v / model)).

    ``amounts`` (K,), ``templates`` (K, n) with rows of unit sum, ``v`` (n,); model = amounts @ templates. Exact to
    six digits.
    """
    names = ""
    for n_keys in (1, 2, 3):
        keys, templates, truth = _chord(rng, n_keys)
        names = _names(keys)
        v, amounts, about = truth @ templates, np.full(n_keys, 0.5), Told("hints.update.case", names=names)
        model = amounts @ templates
        got = ask_array(answer, amounts, templates, v, about=about, shape=(n_keys,))
        gain = templates @ (v / model)
        mistakes = [
            (gain, Told("hints.update.gain")),
            (amounts + gain, Told("hints.update.added")),
            (amounts * (templates @ (v - model)), Told("hints.update.difference")),
            (amounts * (templates @ (model / v)), Told("hints.update.upside_down")),
            (amounts * (templates @ v), Told("hints.update.undivided")),
        ]
        said = Told("hints.update.said", about=about, want=amounts[0] * gain[0], got=got[0])
        judge(got, amounts * gain, said, mistakes, otherwise=Told("hints.update.formula"))
        _find_step_by_step(answer, names, templates, truth)
    return Told("hints.update.known", names=names)


def _find_step_by_step(answer, names, templates, truth):
    amounts, about = np.full(len(truth), truth.mean()), Told("hints.update.many")
    for _ in range(N_STEPS):
        amounts = ask_array(answer, amounts, templates, truth @ templates, about=about, shape=amounts.shape)
    if not near(amounts, truth, AMOUNT_CLOSE * truth.max()):
        raise Hint(Told("hints.update.lost", steps=N_STEPS, names=names))


@exercise
def check_harmonic_stack(answer: Answer, rng: np.random.Generator) -> str:
    """``harmonic_stack(x, offsets) -> (len(offsets), len(x))``: row i at column k is x[k + offsets[i]], 0 outside.

    ``x`` (n,) is a spectrum, ``offsets`` whole columns, negative ones too. Exact.
    """
    for key in rng.integers(36, 60, 3).tolist():
        x, offsets = _spectrum(key), [-36, 0, 36, 57, int(rng.integers(60, 90))]
        about = Told("hints.harmonic_stack.case", note=note_name(key), offsets=offsets)
        got, want = ask_array(answer, x, list(offsets), about=about, ndim=None), _stack(x, offsets)
        if got.shape == want.T.shape:
            raise Hint(Told("hints.harmonic_stack.columns", about=about))
        if got.shape != want.shape:
            raise Hint(Told("hints.harmonic_stack.shape", about=about, want=want.shape, got=got.shape))
        mistakes = [
            (np.array([np.roll(x, -offset) for offset in offsets]), Told("hints.harmonic_stack.around")),
            (_stack(x, [-offset for offset in offsets]), Told("hints.harmonic_stack.down", offset=offsets[2])),
        ]
        row = int(np.argmax(np.any(got != want, axis=1)))
        wrong = Told("hints.harmonic_stack.row", row=row, offset=offsets[row])
        judge(got, want, about, mistakes, otherwise=wrong, within=0.0)
    return Told("hints.harmonic_stack.known")


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
        about = Told("hints.struck.case", strokes=len(want), n=n_keys, threshold=threshold)
        got = sorted(ask_pairs(answer, onset, threshold, about=about))
        if got != want:
            why = _why_not(got, want, onset, n_keys, threshold)
            raise Hint(Told("hints.struck.said", about=about, found=len(got), why=why))
    return Told("hints.struck.known")


def _why_not(got, want, onset, n_keys, threshold):
    """What is wrong with these strokes, as the end of a sentence that says how many they are."""
    more, less = set(got) - set(want), set(want) - set(got)
    frame, key = min(less, default=(0, 0))
    reason = {
        LEVEL_FRAME: Told("hints.struck.level"),
        BRIM_FRAME: Told("hints.struck.brim", threshold=threshold),
        HILL_FRAME: Told("hints.struck.hill", threshold=threshold),
    }.get(frame, Told("hints.struck.repeat"))
    missing = Told("hints.struck.missing", note=note_name(MIDI_LOW + key), frame=frame, reason=reason)
    one_a_frame = n_keys > 1 and len(got) < len(want) and len({t for t, _ in got}) == len(got)
    reasons = [
        (not more and not less, Told("hints.struck.twice")),
        (sorted((key, frame) for frame, key in got) == want, Told("hints.struck.swapped")),
        (one_a_frame, Told("hints.struck.one_a_frame")),
        (not less and _any_below(onset, more, threshold), Told("hints.struck.below", threshold=threshold)),
        (not less and {t for t, _ in more} == {LEVEL_FRAME + 1}, Told("hints.struck.two_equal")),
        (not less, Told("hints.struck.only_peaks")),
        (not more, missing),
        (True, Told("hints.struck.frames")),
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
