"""The exercises of notebook 09: what a network is told, how it is built, how wrong it is, and when to stop.

Each check tries a student's function on fresh cases and answers with a hint; `pianolab.lessons.checks` hands them out
beside all others. They need no PyTorch: arrays go in and numbers come out.
"""

import numpy as np

from pianolab.lessons.checks.grading import Hint, ask_array, ask_number, exercise
from pianolab.units import MIDI_LOW, N_KEYS, note_name

CLOSE = 1e-6  # of values that a formula gives exactly
HOP_S = 0.032


@exercise
def check_piano_roll(answer, rng):
    """``piano_roll(onset, offset, midi, n_frames) -> (n_frames, 88)``: 1 where onset <= 0.032 k < offset, else 0.

    Column 0 is A0, MIDI number 21; frame k stands at 0.032 k seconds.
    """
    n_frames = 40
    for n in (1, 3):
        midi = rng.choice(np.arange(30, 100), n, replace=False)
        first = rng.integers(2, 10, n)
        last = first + rng.integers(5, 20, n)
        onset, offset = (first - 0.5) * HOP_S, (last - 0.5) * HOP_S  # between two frames: no doubt about the edges
        want = np.zeros((n_frames, N_KEYS))
        for start, stop, key in zip(first, last, midi - MIDI_LOW, strict=True):
            want[start:stop, key] = 1
        about = f"{n} note{'s' * (n > 1)} ({', '.join(map(note_name, midi.tolist()))})"
        got = ask_array(answer, onset, offset, midi, n_frames, about=about, shape=want.shape)
        if np.array_equal(got, want):
            continue
        right = np.flatnonzero(want.any(axis=0))
        keys = np.flatnonzero(got.any(axis=0))
        if len(keys) == len(right) and np.all(np.abs(keys - right) == keys[0] - right[0]) and keys[0] != right[0]:
            raise Hint(f"{about}: the lowest is in column {keys[0]} and belongs in {right[0]}: column 0 is MIDI 21")
        if len(keys) < len(right):
            raise Hint(f"{about}: {len(keys)} columns hold a note and {len(right)} should: go through all the notes")
        if np.array_equal(keys, right) and got.sum() < want.sum():
            raise Hint(
                f"{about}: your roll has {got.sum():.0f} ones and {want.sum():.0f} are right: "
                "a key is down from its onset until its offset, not only when it is struck"
            )
        raise Hint(
            f"{about}: your roll has {got.sum():.0f} ones and {want.sum():.0f} are right: frame k is at 0.032 k s"
        )
    return "one row a frame, one column a key: what the network should say"


@exercise
def check_causal(answer, rng):
    """``causal(x, w) -> (len(x),)``: y[t] = w[0] x[t] + w[1] x[t - 1] + ..., with zeros before the beginning."""
    for n_weights in (2, int(rng.integers(3, 6))):
        x, w = rng.normal(size=12), rng.normal(size=n_weights)
        about = f"{len(x)} values and {n_weights} weights"
        want = np.convolve(x, w)[: len(x)]
        got = ask_array(answer, x, w, about=about)
        if len(got) != len(x):
            raise Hint(f"for {about}, {len(got)} values came back: one for each moment, {len(x)}; cut off the end")
        if _near(got, want):
            continue
        later = x.copy()
        later[7:] = 0.0
        if not _near(ask_array(answer, later, w, about=about)[:7], got[:7]):
            raise Hint(f"for {about}: when x[7] changes, your y changes before moment 7: it listens to the future")
        if _near(got, np.convolve(x, w[::-1])[: len(x)]):
            raise Hint(f"for {about}: your weights are the wrong way round; w[0] belongs to now")
        raise Hint(f"for {about}: y[0] is w[0] x[0] = {want[0]:.2f} and yours {got[0]:.2f}; y[1] adds w[1] x[0]")
    return "nothing that comes later can change it: a network of such layers can listen live"


@exercise
def check_n_parameters(answer, rng):
    """``n_parameters(n_in, n_out, height, width) -> int``: weights and biases of a 2-D convolution."""
    for _ in range(3):
        n_in, n_out, height, width = (int(n) for n in rng.integers(2, 9, 4))
        about = f"{n_in} channels in, {n_out} out, a kernel of {height} x {width}"
        got = ask_number(answer, n_in, n_out, height, width, about=about)
        want = n_out * (n_in * height * width + 1)
        if got == want:
            continue
        said = f"{about}: {want} numbers are learnt and you say {got:.0f}"
        if got == want - n_out:
            raise Hint(f"{said}: each channel that goes out has one bias too")
        if got == n_out * (height * width + 1) or got == n_out * height * width:
            raise Hint(f"{said}: a kernel looks at all {n_in} channels that come in")
        if got == n_in * n_out * (height * width + 1):
            raise Hint(f"{said}: one bias for each channel that goes out, not for each pair")
        raise Hint(f"{said}: n_out kernels of n_in x height x width weights, and n_out biases")
    return "it does not matter how long the sound is or how many keys there are: the weights are shared"


@exercise
def check_cross_entropy(answer, rng):
    """``cross_entropy(p, y) -> float``: the mean of -log p where y is 1 and of -log(1 - p) where y is 0."""
    for n in (4, 50):
        p, y = rng.uniform(0.05, 0.95, n), (rng.uniform(size=n) < 0.3).astype(float)
        y[0], y[1] = 1.0, 0.0  # both kinds
        about = f"{n} keys, {int(y.sum())} of them held"
        right = np.where(y == 1, p, 1 - p)
        want = -np.mean(np.log(right))
        got = ask_number(answer, p, y, about=about)
        if abs(got - want) <= CLOSE:
            continue
        said = f"{about}: {want:.3f}, and you say {got:.3f}"
        if abs(got + want) <= CLOSE:
            raise Hint(f"{said}: logarithms of numbers below 1 are negative; turn the sign")
        if abs(got - want * n) <= CLOSE * n:
            raise Hint(f"{said}: take the mean, so that long music is not more wrong than short")
        if abs(got - want / np.log(2)) <= CLOSE or abs(got - want / np.log(10)) <= CLOSE:
            raise Hint(f"{said}: use the natural logarithm, np.log")
        if abs(got + np.mean(y * np.log(p))) <= CLOSE:
            raise Hint(f"{said}: keys that are not held count too, with log(1 - p)")
        if abs(got - np.mean((p - y) ** 2)) <= CLOSE or abs(got - np.mean(np.abs(p - y))) <= CLOSE:
            raise Hint(f"{said}: that is a mean distance; take the logarithm of the probability given to the truth")
        raise Hint(f"{said}: -(y log p + (1 - y) log(1 - p)), then the mean")
    return "to be sure and wrong costs much, to be unsure costs little"


@exercise
def check_best_step(answer, rng):
    """``best_step(validation, patience) -> int``: the index of the lowest loss seen before training is stopped.

    It is stopped as soon as ``patience`` losses in a row are not lower than the lowest so far; what would come after
    that is never known.
    """
    down = np.sort(rng.uniform(0.1, 1.0, int(rng.integers(4, 8))))[::-1]
    cases = [
        (down, 2, "a loss that falls all the time"),
        (np.concatenate([down, down[-1] + np.array([0.1, 0.2, 0.3, 0.4])]), 3, "a loss that falls and then rises"),
        (np.array([0.9, 0.5, 0.6, 0.4, 0.45, 0.5]), 2, "a loss with one bump"),
        (np.array([0.9, 0.5, 0.6, 0.7, 0.8, 0.3]), 3, "a loss that falls again after the stop"),
        (np.array([0.9, 0.5, 0.7, 0.6, 0.65, 0.3]), 3, "a loss that swings above its lowest"),
        (np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.3]), 3, "a loss that stays as it is"),
    ]
    for losses, patience, about in cases:
        best = 0
        for step, value in enumerate(losses):
            best = step if value < losses[best] else best
            if step - best >= patience:
                break
        got = ask_number(answer, losses, patience, about=about)
        if got == best:
            continue
        said = f"{about}, patience {patience}: stop with the network of step {best}, and you say {got:g}"
        if "again" in about and got == np.argmin(losses):
            raise Hint(f"{said}: you looked at losses after the stop, which nobody has waited for")
        if got == step:
            raise Hint(f"{said}: that is where you notice it; keep the network that was best")
        if "swings" in about:
            raise Hint(f"{said}: compare each loss with the lowest so far, not with the one before it")
        if "stays" in about:
            raise Hint(f"{said}: as low as the lowest is not lower")
        if "bump" in about:
            raise Hint(f"{said}: one loss that is not lower is no reason yet; count {patience} in a row")
        raise Hint(f"{said}: remember the lowest so far and how long ago it was")
    return "stop when waiting no longer helps, and keep what was best"


def _near(got, want):
    return got.shape == np.shape(want) and bool(np.all(np.abs(got - want) <= CLOSE))
