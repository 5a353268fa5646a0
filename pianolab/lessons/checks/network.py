"""The exercises of notebook 09: what a network is told, how it is built, how wrong it is, and when to stop.

They need no PyTorch: arrays go in and numbers come out.
"""

import numpy as np

from pianolab.dsp.network_input import HOP_S
from pianolab.lessons.checks.grading import Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.texts.catalogue import Told
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
        # Notes begin and end between two frames, so that there is no doubt about the edges, and not halfway, so that
        # it is seen who rounds.
        begin, end = first - np.resize([0.7, 0.3], n), last - np.resize([0.3, 0.7], n)
        onset, offset, want = begin * HOP_S, end * HOP_S, _roll(first, last, midi, n_frames)
        about = Told("hints.piano_roll.case", n=n, names=", ".join(map(note_name, midi.tolist())))
        got = ask_array(answer, onset, offset, midi, n_frames, about=about, shape=want.shape)
        keys, right = (np.flatnonzero(roll.any(axis=0)) for roll in (got, want))
        shift = keys[0] - right[0] if len(keys) else 0
        column = Told("hints.piano_roll.column", got=right[0] + shift, want=right[0])
        ones = Told("hints.piano_roll.ones", got=got.sum(), want=want.sum())
        rounded = Told("hints.piano_roll.rounded", ones=ones, hop_s=HOP_S)
        mistakes = [
            (bool(shift) and np.array_equal(keys, right + shift), column),
            (len(keys) < len(right), Told("hints.piano_roll.few", got=len(keys), want=len(right))),
            (_roll(np.round(begin), np.round(end), midi, n_frames), rounded),
            (_roll(np.floor(begin), np.floor(end), midi, n_frames), rounded),
            (np.array_equal(keys, right) and got.sum() < want.sum(), Told("hints.piano_roll.struck", ones=ones)),
        ]
        judge(got, want, about, mistakes, otherwise=Told("hints.piano_roll.frame", ones=ones, hop_s=HOP_S), within=0.0)
    return Told("hints.piano_roll.known")


def _roll(first, last, midi, n_frames):
    roll = np.zeros((n_frames, N_KEYS))
    for start, stop, key in zip(first, last, midi, strict=True):
        roll[int(start) : int(stop), key - MIDI_LOW] = 1
    return roll


@exercise
def check_causal(answer: Answer, rng: np.random.Generator) -> str:
    """``causal(x, w) -> (len(x),)``: y[t] = w[0] x[t] + w[1] x[t - 1] + ..., with zeros before the beginning."""
    for n_weights in (2, int(rng.integers(3, 6))):
        x, w = rng.normal(size=12), rng.normal(size=n_weights)
        about = Told("hints.causal.case", n=len(x), n_weights=n_weights)
        got, want = ask_array(answer, x, w, about=about), np.convolve(x, w)[: len(x)]
        if len(got) != len(x):
            raise Hint(Told("hints.causal.long", about=about, got=len(got), n=len(x)))
        past = ask_array(answer, np.where(np.arange(12) < 7, x, 0.0), w, about=about)[:7]
        mistakes = [
            (not near(past, got[:7]), Told("hints.causal.future")),
            (np.convolve(x, w[::-1])[: len(x)], Told("hints.causal.reversed")),
        ]
        first = Told("hints.causal.first", want=want[0], got=got[0])
        judge(got, want, Told("hints.any.about", about=about), mistakes, otherwise=first)
    return Told("hints.causal.known")


@exercise
def check_n_parameters(answer: Answer, rng: np.random.Generator) -> str:
    """``n_parameters(n_in, n_out, height, width) -> int``: weights and biases of a 2-D convolution."""
    for _ in range(3):
        n_in, n_out, height, width = rng.integers(2, 9, 4).tolist()
        about, area = (
            Told("hints.n_parameters.case", n_in=n_in, n_out=n_out, height=height, width=width),
            height * width,
        )
        got, want = ask_number(answer, n_in, n_out, height, width, about=about), n_out * (n_in * area + 1)
        every = Told("hints.n_parameters.every", n_in=n_in)
        mistakes = [
            (want - n_out, Told("hints.n_parameters.bias")),
            (n_out * (area + 1), every),
            (n_out * area, every),
            (n_in * n_out * (area + 1), Told("hints.n_parameters.each")),
        ]
        said = Told("hints.n_parameters.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.n_parameters.kernels"))
    return Told("hints.n_parameters.known")


@exercise
def check_cross_entropy(answer: Answer, rng: np.random.Generator) -> str:
    """``cross_entropy(p, y) -> float``: the mean of -log p where y is 1 and of -log(1 - p) where y is 0."""
    for n in (4, 50):
        p, y = rng.uniform(0.05, 0.95, n), (rng.uniform(size=n) < 0.3).astype(float)
        y[:2] = 1.0, 0.0  # Both kinds are there.
        about = Told("hints.cross_entropy.case", n=n, held=int(y.sum()))
        got, want = ask_number(answer, p, y, about=about), -np.mean(np.log(np.where(y == 1, p, 1 - p)))
        natural, distance = Told("hints.cross_entropy.natural"), Told("hints.cross_entropy.distance")
        mistakes = [
            (-want, Told("hints.cross_entropy.sign")),
            (want * n, Told("hints.cross_entropy.mean")),
            (want / np.log(2), natural),
            (want / np.log(10), natural),
            (-np.mean(y * np.log(p)), Told("hints.cross_entropy.not_held")),
            (np.mean((p - y) ** 2), distance),
            (np.mean(np.abs(p - y)), distance),
        ]
        said = Told("hints.cross_entropy.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.cross_entropy.formula"))
    return Told("hints.cross_entropy.known")


@exercise
def check_best_step(answer: Answer, rng: np.random.Generator) -> str:
    """``best_step(validation, patience) -> int``: the index of the lowest loss seen before training is stopped.

    It is stopped as soon as ``patience`` losses in a row are not lower than the lowest so far; what would come after
    that is never known.
    """
    down = np.sort(rng.uniform(0.1, 1.0, int(rng.integers(4, 8))))[::-1]
    up = np.concatenate([down, down[-1] + np.array([0.1, 0.2, 0.3, 0.4])])
    remember, again = Told("hints.best_step.remember"), Told("hints.best_step.again")
    cases = [
        (down, 2, Told("hints.best_step.falls"), remember),
        (up, 3, Told("hints.best_step.rises"), remember),
        (
            [0.9, 0.5, 0.6, 0.4, 0.45, 0.5],
            2,
            Told("hints.best_step.bump"),
            Told("hints.best_step.one_is_no_reason", patience=2),
        ),
        ([0.9, 0.5, 0.6, 0.7, 0.8, 0.3], 3, again, remember),
        ([0.9, 0.5, 0.7, 0.6, 0.65, 0.3], 3, Told("hints.best_step.swings"), Told("hints.best_step.lowest")),
        ([0.9, 0.5, 0.5, 0.5, 0.5, 0.3], 3, Told("hints.best_step.stays"), Told("hints.best_step.not_lower")),
    ]
    for losses, patience, about, why in cases:
        best, stop = _best_and_stop(losses, patience)
        got = ask_number(answer, np.array(losses), patience, about=about)
        mistakes = [
            (about is again and got == np.argmin(losses), Told("hints.best_step.later")),
            (stop, Told("hints.best_step.stop")),
        ]
        said = Told("hints.best_step.said", about=about, patience=patience, best=best, got=got)
        judge(got, best, said, mistakes, otherwise=why)
    return Told("hints.best_step.known")


def _best_and_stop(losses, patience):
    best = step = 0
    for step, value in enumerate(losses):
        best = step if value < losses[best] else best
        if step - best >= patience:
            break
    return best, step
