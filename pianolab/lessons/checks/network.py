"""The exercises of notebook 09: what a network is told, how it is built, how wrong it is, and when to stop.

They need no PyTorch: arrays go in and numbers come out.
"""

import numpy as np

from pianolab.dsp.network_input import HOP_S
from pianolab.lessons.checks.grading import Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.units import MIDI_LOW, N_KEYS, note_name


@exercise
def check_piano_roll(answer: Answer, rng: np.random.Generator) -> str:
    """``piano_roll(onset, offset, midi, n_frames) -> (n_frames, 88)``: 1 where onset <= 0.02 k < offset, else 0.

    Column 0 is A0, MIDI number 21; frame k stands at 0.02 k seconds.
    """
    n_frames = 40
    for n in (1, 3):
        midi = rng.choice(np.arange(30, 100), n, replace=False)
        first = rng.integers(2, 10, n)
        last = first + rng.integers(5, 20, n)
        # Notes begin and end between two frames, so that there is no doubt about the edges.
        onset, offset = (first - 0.5) * HOP_S, (last - 0.5) * HOP_S
        want = np.zeros((n_frames, N_KEYS))
        for start, stop, key in zip(first, last, midi - MIDI_LOW, strict=True):
            want[start:stop, key] = 1
        about = f"{n} note{'s' * (n > 1)} ({', '.join(map(note_name, midi.tolist()))})"
        got = ask_array(answer, onset, offset, midi, n_frames, about=about, shape=want.shape)
        keys, right = (np.flatnonzero(roll.any(axis=0)) for roll in (got, want))
        shift = keys[0] - right[0] if len(keys) else 0
        column = f"the lowest is in column {right[0] + shift} and belongs in {right[0]}: column 0 is MIDI 21"
        few = f"{len(keys)} columns hold a note and {len(right)} should: go through all the notes"
        ones = f"your roll has {got.sum():.0f} ones and {want.sum():.0f} are right"
        struck = f"{ones}: a key is down from its onset until its offset, not only when it is struck"
        mistakes = [
            (bool(shift) and np.array_equal(keys, right + shift), column),
            (len(keys) < len(right), few),
            (np.array_equal(keys, right) and got.sum() < want.sum(), struck),
        ]
        judge(got, want, about, mistakes, otherwise=f"{ones}: frame k is at {HOP_S} k s", within=0.0)
    return "one row a frame, one column a key: what the network should say"


@exercise
def check_causal(answer: Answer, rng: np.random.Generator) -> str:
    """``causal(x, w) -> (len(x),)``: y[t] = w[0] x[t] + w[1] x[t - 1] + ..., with zeros before the beginning."""
    for n_weights in (2, int(rng.integers(3, 6))):
        x, w = rng.normal(size=12), rng.normal(size=n_weights)
        about = f"{len(x)} values and {n_weights} weights"
        got, want = ask_array(answer, x, w, about=about), np.convolve(x, w)[: len(x)]
        if len(got) != len(x):
            raise Hint(f"for {about}, {len(got)} values came back: one for each moment, {len(x)}; cut off the end")
        past = ask_array(answer, np.where(np.arange(12) < 7, x, 0.0), w, about=about)[:7]
        future = "when x[7] changes, your y changes before moment 7: it listens to the future"
        mistakes = [
            (not near(past, got[:7]), future),
            (np.convolve(x, w[::-1])[: len(x)], "your weights are the wrong way round; w[0] belongs to now"),
        ]
        first = f"y[0] is w[0] x[0] = {want[0]:.2f} and yours {got[0]:.2f}; y[1] adds w[1] x[0]"
        judge(got, want, f"for {about}", mistakes, otherwise=first)
    return "nothing that comes later can change it: a network of such layers can listen live"


@exercise
def check_n_parameters(answer: Answer, rng: np.random.Generator) -> str:
    """``n_parameters(n_in, n_out, height, width) -> int``: weights and biases of a 2-D convolution."""
    for _ in range(3):
        n_in, n_out, height, width = rng.integers(2, 9, 4).tolist()
        about, area = f"{n_in} channels in, {n_out} out, a kernel of {height} x {width}", height * width
        got, want = ask_number(answer, n_in, n_out, height, width, about=about), n_out * (n_in * area + 1)
        every = f"a kernel looks at all {n_in} channels that come in"
        mistakes = [
            (want - n_out, "each channel that goes out has one bias too"),
            (n_out * (area + 1), every),
            (n_out * area, every),
            (n_in * n_out * (area + 1), "one bias for each channel that goes out, not for each pair"),
        ]
        said = f"{about}: {want} numbers are learnt and you say {got:.0f}"
        kernels = "n_out kernels of n_in x height x width weights, and n_out biases"
        judge(got, want, said, mistakes, otherwise=kernels)
    return "it does not matter how long the sound is or how many keys there are: the weights are shared"


@exercise
def check_cross_entropy(answer: Answer, rng: np.random.Generator) -> str:
    """``cross_entropy(p, y) -> float``: the mean of -log p where y is 1 and of -log(1 - p) where y is 0."""
    for n in (4, 50):
        p, y = rng.uniform(0.05, 0.95, n), (rng.uniform(size=n) < 0.3).astype(float)
        y[:2] = 1.0, 0.0  # Both kinds are there.
        about = f"{n} keys, {int(y.sum())} of them held"
        got, want = ask_number(answer, p, y, about=about), -np.mean(np.log(np.where(y == 1, p, 1 - p)))
        natural = "use the natural logarithm, np.log"
        distance = "that is a mean distance; take the logarithm of the probability given to the truth"
        mistakes = [
            (-want, "logarithms of numbers below 1 are negative; turn the sign"),
            (want * n, "take the mean, so that long music is not more wrong than short"),
            (want / np.log(2), natural),
            (want / np.log(10), natural),
            (-np.mean(y * np.log(p)), "keys that are not held count too, with log(1 - p)"),
            (np.mean((p - y) ** 2), distance),
            (np.mean(np.abs(p - y)), distance),
        ]
        formula = "-(y log p + (1 - y) log(1 - p)), then the mean"
        judge(got, want, f"{about}: {want:.3f}, and you say {got:.3f}", mistakes, otherwise=formula)
    return "to be sure and wrong costs much, to be unsure costs little"


@exercise
def check_best_step(answer: Answer, rng: np.random.Generator) -> str:
    """``best_step(validation, patience) -> int``: the index of the lowest loss seen before training is stopped.

    It is stopped as soon as ``patience`` losses in a row are not lower than the lowest so far; what would come after
    that is never known.
    """
    down = np.sort(rng.uniform(0.1, 1.0, int(rng.integers(4, 8))))[::-1]
    up = np.concatenate([down, down[-1] + np.array([0.1, 0.2, 0.3, 0.4])])
    lowest = "remember the lowest so far and how long ago it was"
    cases = [
        (down, 2, "a loss that falls all the time", lowest),
        (up, 3, "a loss that falls and then rises", lowest),
        ([0.9, 0.5, 0.6, 0.4, 0.45, 0.5], 2, "a loss with one bump", "one loss that is not lower is no reason yet"),
        ([0.9, 0.5, 0.6, 0.7, 0.8, 0.3], 3, "a loss that falls again after the stop", lowest),
        (
            [0.9, 0.5, 0.7, 0.6, 0.65, 0.3],
            3,
            "a loss that swings above its lowest",
            "compare each loss with the lowest so far, not with the one before it",
        ),
        ([0.9, 0.5, 0.5, 0.5, 0.5, 0.3], 3, "a loss that stays as it is", "as low as the lowest is not lower"),
    ]
    for losses, patience, about, why in cases:
        best, stop = _best_and_stop(losses, patience)
        got = ask_number(answer, np.array(losses), patience, about=about)
        later = "you looked at losses after the stop, which nobody has waited for"
        mistakes = [
            ("again" in about and got == np.argmin(losses), later),
            (stop, "that is where you notice it; keep the network that was best"),
        ]
        said = f"{about}, patience {patience}: stop with the network of step {best}, and you say {got:g}"
        judge(got, best, said, mistakes, otherwise=f"{why}; count {patience} in a row" if "bump" in about else why)
    return "stop when waiting no longer helps, and keep what was best"


def _best_and_stop(losses, patience):
    best = step = 0
    for step, value in enumerate(losses):
        best = step if value < losses[best] else best
        if step - best >= patience:
            break
    return best, step
