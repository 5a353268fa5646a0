"""Each exercise accepts a right answer, refuses an empty one, and tells a common mistake by its name."""

import inspect
import re

import numpy as np
import pytest
from scipy import ndimage
from scipy.fft import dct

import pianolab
from pianolab import units
from pianolab.lessons import checks
from pianolab.lessons.checks.grading import Hint, Result, ask_number, exercise
from pianolab.texts.catalogue import TextError, Told, said

CHECKS = {name.removeprefix("check_"): getattr(checks, name) for name in checks.__all__}
SEEDS = range(3)


# ------------------------------------------------------------------------------------------------ right answers


def octave_up(hz):
    return 2 * hz


def seconds(n_samples, sr):
    return n_samples / sr


def melody(y, sr):
    return pianolab.transcribe(y, sr=sr).names


def sine(hz, seconds, sr):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * sr)) / sr)


def level_db(y):
    return 20 * np.log10(np.sqrt(np.mean(y**2)))


def name_of(hz):
    return units.note_name(round(69 + 12 * np.log2(hz / 440)))


def heard_hz(hz, sr):
    return abs(hz - sr * round(hz / sr))


def quantise(y, bits):
    return np.round(y * 2 ** (bits - 1)) / 2 ** (bits - 1)


def strength_at(y, hz, sr):
    turn = 2 * np.pi * hz * np.arange(len(y)) / sr
    return 2 / len(y) * np.hypot(np.sum(y * np.sin(turn)), np.sum(y * np.cos(turn)))


def peak_bin(y, window):
    level = 20 * np.log10(np.abs(np.fft.rfft(y * window)) + 1e-12)
    k = int(np.argmax(level[1:-1])) + 1
    left, mid, right = level[k - 1 : k + 2]
    return k, (left - right) / (2 * (left - 2 * mid + right))


def peak_hz(y, sr):
    k, shift = peak_bin(y, np.hanning(len(y)))
    return (k + shift) * sr / len(y)


def frame_length(low_hz, high_hz, sr):
    return 4 * sr / (high_hz - low_hz)


def hann(n):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)


def mel(hz):
    return 2595 * np.log10(1 + hz / 700)


def mel_edges(n_mels, low_hz, high_hz):
    return 700 * (10 ** (np.linspace(mel(low_hz), mel(high_hz), n_mels + 2) / 2595) - 1)


def mfcc(mel_power, n_mfcc):
    return dct(10 * np.log10(mel_power), norm="ortho")[:n_mfcc]


def alike(a, b):
    return np.sqrt(np.sum((a[1:] - b[1:]) ** 2))


def difference(x):
    w = len(x) // 2
    return np.array([np.sum((x[:w] - x[tau : tau + w]) ** 2) for tau in range(w)])


def cumulative_mean(d):
    tau = np.arange(1, len(d))
    return np.concatenate([[1.0], d[1:] / (np.cumsum(d[1:]) / tau)])


def first_dip(d_prime, threshold):
    for tau in range(1, len(d_prime) - 1):
        if d_prime[tau] < threshold and d_prime[tau] < d_prime[tau + 1]:
            return tau
    return np.argmin(d_prime)


def parabola(left, mid, right):
    return (left - right) / (2 * (left - 2 * mid + right))


def comb(magnitude, bin_hz, f0_hz, n_harmonics):
    n = np.arange(1, n_harmonics + 1)
    return np.sum(np.interp(n * f0_hz, bin_hz, magnitude) / n)


def inharmonicity(n, hz):
    slope, start = np.polyfit(n**2, (hz / n) ** 2, 1)
    return slope / start


def window_lengths(fmin, n_bins, bins_per_octave, sr):
    f = fmin * 2 ** (np.arange(n_bins) / bins_per_octave)
    return np.round(sr / f / (2 ** (1 / bins_per_octave) - 1))


def confirm(keys, n):
    notes, run = [], 0
    for frame, key in enumerate(keys):
        run = run + 1 if frame and key == keys[frame - 1] else 1
        if key >= 0 and run == n:
            notes.append((frame, key))
    return notes


def hits(played, heard):
    left, found = sorted(heard), 0
    for onset, key in sorted(played):
        partner = next((note for note in left if note[1] == key and abs(note[0] - onset) <= 0.05), None)
        if partner is not None:
            left.remove(partner)
            found += 1
    return found


def precision_recall(n_hits, n_played, n_heard):
    p, r = n_hits / n_heard if n_heard else 0, n_hits / n_played if n_played else 0
    return p, r, 2 * p * r / (p + r) if p + r else 0


def divergence(v, model):
    log_ratio = np.log(np.where(v > 0, v, 1) / np.where(v > 0, model, 1))
    return np.sum(v * log_ratio - v + model)


def update(amounts, templates, v):
    return amounts * (templates @ (v / (amounts @ templates)))


def harmonic_stack(x, offsets):
    columns = np.arange(len(x))[None] + np.asarray(offsets)[:, None]
    return np.where((columns >= 0) & (columns < len(x)), x[columns.clip(0, len(x) - 1)], 0)


def struck(onset, threshold):
    return peaks(onset, threshold, np.greater, np.greater_equal)


def peaks(onset, threshold, above_before, above_after):
    before, here, after = onset[:-2], onset[1:-1], onset[2:]
    frames, keys = np.nonzero((here >= threshold) & above_before(here, before) & above_after(here, after))
    return list(zip(frames + 1, keys, strict=True))


def piano_roll(onset, offset, midi, n_frames):
    times, roll = 0.02 * np.arange(n_frames), np.zeros((n_frames, 88))
    for start, stop, key in zip(onset, offset, midi, strict=True):
        roll[(times >= start) & (times < stop), key - 21] = 1
    return roll


def causal(x, w):
    return np.array([sum(w[j] * x[t - j] for j in range(min(len(w), t + 1))) for t in range(len(x))])


def n_parameters(n_in, n_out, height, width):
    return n_out * (n_in * height * width + 1)


def cross_entropy(p, y):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def best_step(validation, patience):
    best = 0
    for step, loss in enumerate(validation):
        if loss < validation[best]:
            best = step
        if step - best == patience:
            break
    return best


def best_step_by_the_one_before(validation, patience):
    best, waited = 0, 0
    for step in range(1, len(validation)):
        best = step if validation[step] < validation[best] else best
        waited = 0 if validation[step] < validation[step - 1] else waited + 1
        if waited == patience:
            break
    return best


def gains(a, b, pieces):
    return np.array([np.mean((a - b)[pieces == name]) for name in np.unique(pieces)])


def flip_p(differences):
    n = len(differences)
    signs = 2 * np.indices((2,) * n).reshape(n, -1).T - 1
    return np.mean(np.abs(signs @ differences) >= abs(np.sum(differences)) - 1e-9)


def holm(ps):
    ps, order = np.asarray(ps), np.argsort(ps)
    corrected = np.empty(len(ps))
    corrected[order] = np.minimum(np.maximum.accumulate(ps[order] * np.arange(len(ps), 0, -1)), 1)
    return corrected


def chosen(tune, test):
    return test[np.argmax(tune.mean(axis=1))].mean()


def mu_law(y):
    return np.sign(y) * np.log(1 + 255 * np.abs(y)) / np.log(256)


def warping_cost(cost):
    total = np.full(np.add(cost.shape, 1), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(cost.shape):
        total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return total[-1, -1]


def greedy_cost(cost):
    i = j = 0
    total, (last, end) = cost[0, 0], np.subtract(cost.shape, 1)
    while (i, j) != (last, end):
        steps = [(i + a, j + b) for a, b in ((1, 1), (1, 0), (0, 1)) if i + a <= last and j + b <= end]
        i, j = min(steps, key=lambda at: cost[at])
        total += cost[i, j]
    return total


def right_angled_cost(cost):
    total = np.full(cost.shape, np.inf)
    for i, j in np.ndindex(cost.shape):
        before = [total[i - 1, j]] * (i > 0) + [total[i, j - 1]] * (j > 0)
        total[i, j] = cost[i, j] + min(before, default=0)
    return total[-1, -1]


def late(sent, arrived, buffer_s):
    return np.mean(arrived - sent > buffer_s)


def convolve(x, h):
    y = np.zeros(len(x) + len(h) - 1)
    for n, sample in enumerate(x):
        y[n : n + len(h)] += sample * h
    return y


def flux(magnitude):
    return np.maximum(np.diff(magnitude, axis=1, prepend=magnitude[:, :1]), 0).sum(axis=0)


def zero_crossings(y, sr):
    return np.sum((y[1:] >= 0) != (y[:-1] >= 0)) * sr / len(y)


def chroma(strength):
    return np.array([strength[(np.arange(88) + 21) % 12 == name].sum() for name in range(12)])


def grey(magnitude, floor_db):
    level_db = 20 * np.log10(magnitude / magnitude.max())
    return np.round(255 * np.clip(level_db / floor_db + 1, 0, 1)).astype(np.uint8)


def opened(row, n):
    return ndimage.binary_opening(row, np.ones(n))


def count_blobs(mask):
    return ndimage.label(mask, np.ones((3, 3)))[1]


def shared(a, b):
    wide, tall = (max(min(a[i] + a[i + 2], b[i] + b[i + 2]) - max(a[i], b[i]), 0) for i in (0, 1))
    return wide * tall


def overlap(a, b):
    return shared(a, b) / (a[2] * a[3] + b[2] * b[3] - shared(a, b))


RIGHT = {name: globals()[name] for name in CHECKS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CHECKS)
def test_a_right_answer_is_accepted_whatever_the_cases(name, seed):
    result = CHECKS[name](RIGHT[name], seed=seed)
    assert result, result
    assert str(result).startswith(f"✓ {name}: ")


# ------------------------------------------------------------------------------------- empty and broken answers


def returns_nothing(*args): ...


def returns_ellipsis(*args):
    return ...


def says_not_implemented(*args):
    raise NotImplementedError


@pytest.mark.parametrize("empty", [returns_nothing, returns_ellipsis, says_not_implemented])
@pytest.mark.parametrize("name", CHECKS)
def test_an_empty_answer_is_told_that_it_is_empty(name, empty):
    result = CHECKS[name](empty)
    assert not result
    assert "not answered yet" in result.message


@pytest.mark.parametrize("name", CHECKS)
def test_an_answer_that_stops_is_told_where(name):
    def breaks(*args):
        return np.zeros(3)[7]

    result = CHECKS[name](breaks)
    assert not result
    assert "breaks stopped with IndexError" in result.message


JUNK = [
    0,
    -1,
    1,
    1e9,
    np.nan,
    np.inf,
    1j,
    "C4",
    "",
    [],
    [1, 2, 3],
    np.zeros(1000),
    np.zeros((2, 2)),
    {},
    object(),
    True,
    (3, np.zeros((2, 2))),
]


@pytest.mark.parametrize("junk", JUNK, ids=[str(i) for i in range(len(JUNK))])
@pytest.mark.parametrize("name", CHECKS)
def test_no_answer_whatever_breaks_a_check_or_passes_it(name, junk):
    result = CHECKS[name](lambda *args: junk, language="ko")
    assert not result
    assert "\n" not in result.message
    assert re.search("[가-힣]", result.message)


@pytest.mark.parametrize("name", CHECKS)
def test_a_call_with_brackets_is_told_to_drop_them(name):
    assert "without brackets" in CHECKS[name](None).message


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_is_to_be_written_and_how_it_is_called(name):
    assert f"``{name}(" in CHECKS[name].__doc__
    assert "\n    Parameters\n    ----------\n    answer : callable\n" in CHECKS[name].__doc__
    assert str(inspect.signature(CHECKS[name])).startswith("(answer")


@pytest.mark.parametrize("name", CHECKS)
def test_an_answer_that_spoils_its_input_spoils_no_later_case(name):
    def spoils(*args):
        got = RIGHT[name](*args)
        for arg in args:
            if isinstance(arg, np.ndarray | list) and len(arg):
                arg[:] = arg[:1] * len(arg) if isinstance(arg, list) else 0
        return got

    assert CHECKS[name](spoils)


# ---------------------------------------------------------------------------------------- the common mistakes


@np.errstate(divide="ignore", invalid="ignore")
def forgets_silent_bins(v, model):
    return np.sum(v * np.log(v / model) - v + model)


def in_frames(rounded, onset, offset, midi, n_frames):
    roll = np.zeros((n_frames, 88))
    for start, stop, key in zip(rounded(onset / 0.02), rounded(offset / 0.02), midi, strict=True):
        roll[int(start) : int(stop), key - 21] = 1
    return roll


def hits_nearest_first(played, heard):
    pairs = sorted((abs(a - b), i, j) for i, (a, k) in enumerate(played) for j, (b, m) in enumerate(heard) if k == m)
    used, found = (set(), set()), 0
    for apart, i, j in pairs:
        if apart <= 0.05 and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            found += 1
    return found


def sign_flips(differences):
    n = len(differences)
    return (2 * np.indices((2,) * n).reshape(n, -1).T - 1) @ differences


def holm_uncapped(ps):
    order, corrected = np.argsort(ps), np.empty(len(ps))
    corrected[order] = np.maximum.accumulate(np.asarray(ps)[order] * np.arange(len(ps), 0, -1))
    return corrected


def confirms_silence(keys, n):
    silent = [key + 1 for key in keys]  # -1 becomes a key like any other
    return [(frame, key - 1) for frame, key in confirm(silent, n)]


MISTAKES = {
    "mu_law": [
        (lambda y: np.log(1 + 255 * np.abs(y)) / np.log(256), "the sign is lost"),
        (lambda y: np.sign(y) * np.log(1 + 255 * np.abs(y)), "divide by ln 256"),
        (lambda y: y, "as it was"),
        (lambda y: np.sign(y) * np.log(1 + 100 * np.abs(y)) / np.log(101), "should become"),
    ],
    "warping_cost": [
        (lambda c: warping_cost(c) - c[0, 0], "the first cell counts"),
        (lambda c: warping_cost(c) - c[-1, -1], "the last cell counts"),
        (right_angled_cost, "at once"),
        (lambda c: np.trace(c[: min(c.shape), : min(c.shape)]), "a way may bend"),
        (lambda c: c.min(axis=1).sum(), "smallest of each row"),
        (lambda c: 0.5 * warping_cost(c), "so cheap is no way"),
        (greedy_cost, "the cheapest sum that leads there"),
    ],
    "late": [
        (lambda sent, arrived, b: np.sum(arrived - sent > b), "how many"),
        (lambda sent, arrived, b: np.mean(arrived - sent <= b), "in time"),
        (lambda sent, arrived, b: np.mean(arrived > b), "when each block was sent"),
        (lambda sent, arrived, b: np.mean(arrived - sent > 1000 * b), "are all three in seconds"),
        (lambda sent, arrived, b: 100 * np.mean(arrived - sent > b), "between 0 and 1"),
        (lambda sent, arrived, b: np.mean(arrived - sent > 2 * b) + 0.01, "more than the buffer"),
    ],
    "grey": [
        (lambda m, floor: grey(m, floor) / 255, "white is 255"),
        (lambda m, floor: 255 - grey(m, floor), "it is the negative"),
        (lambda m, floor: (255 * (20 * np.log10(m / m.max()) / floor + 1)).astype(int).astype(np.uint8), "np.clip"),
        (lambda m, floor: 255 * np.clip(10 * np.log10(m / m.max()) / floor + 1, 0, 1), "20 log10"),
        (lambda m, floor: 255 * np.clip(20 * np.log10(m) / floor + 1, 0, 1), "divide by it first"),
        (lambda m, floor: 255 * m / m.max(), "even in decibels"),
        (lambda m, floor: 0 * m, "dB below the largest should be"),
    ],
    "opened": [
        (lambda row, n: ndimage.binary_erosion(row, np.ones(n)), "that is the erosion"),
        (lambda row, n: ndimage.binary_dilation(row, np.ones(n)), "that is a dilation"),
        (lambda row, n: ndimage.binary_closing(row, np.ones(n)), "that is a closing"),
        (lambda row, n: opened(row, n + 1), "exactly n stays"),
        (lambda row, n: row, "nothing was removed"),
        (lambda row, n: ~row, "a shorter one goes"),
    ],
    "count_blobs": [
        (lambda mask: ndimage.label(mask)[1], "touch at a corner"),
        (lambda mask: count_blobs(mask) + 1, "background is no blob"),
        (lambda mask: mask.sum(), "you counted pixels"),
        (lambda mask: 1, "eight neighbours"),
    ],
    "overlap": [
        (lambda a, b: overlap(a, b) ** 0.5, "area over the area of both"),
        (lambda a, b: overlap(a, b) + 0.5 * (shared(a, b) == 0), "they do not touch"),
        (shared, "that is the shared area"),
        (lambda a, b: shared(a, b) / (a[2] * a[3] + b[2] * b[3]), "counted twice"),
        (lambda a, b: 2 * shared(a, b) / (a[2] * a[3] + b[2] * b[3]), "Dice"),
        (lambda a, b: shared(a, b) / min(a[2] * a[3], b[2] * b[3]), "not by the smaller box"),
    ],
    "convolve": [
        (lambda x, h: np.convolve(x, h)[: len(x)], "the echo of the last samples is missing"),
        (lambda x, h: np.convolve(x, h, "valid"), "samples come out"),
        (lambda x, h: np.correlate(x, h, "full"), "runs backwards"),
        (lambda x, h: np.convolve(x, h) / len(h), "do not divide"),
        (lambda x, h: 2 * np.convolve(x, h), "over all k"),
    ],
    "flux": [
        (lambda m: flux(m)[1:], "one a frame"),
        (lambda m: np.maximum(np.diff(m, axis=1), 0).sum(axis=1), "add up over the bins"),
        (lambda m: np.diff(m, axis=1, prepend=m[:, :1]).sum(axis=0), "what became less counts too"),
        (lambda m: np.abs(np.diff(m, axis=1, prepend=m[:, :1])).sum(axis=0), "the size of every change"),
        (lambda m: np.maximum(np.diff(m, axis=1, prepend=m[:, :1]).sum(axis=0), 0), "bin by bin, then add up"),
        (lambda m: np.maximum(np.diff(m, axis=1, prepend=0), 0).sum(axis=0), "its value is 0"),
        (lambda m: flux(m) / len(m), "do not take the mean"),
    ],
    "zero_crossings": [
        (lambda y, sr: np.sum((y[1:] >= 0) & (y[:-1] < 0)) * sr / len(y), "count both"),
        (lambda y, sr: np.mean((y[1:] >= 0) != (y[:-1] >= 0)), "times sr it is a rate"),
        (lambda y, sr: np.sum((y[1:] >= 0) != (y[:-1] >= 0)), "divide by the length"),
        (lambda y, sr: np.sum(np.abs(y) < 0.01), "the sign of a sample"),
    ],
    "chroma": [
        (lambda s: np.pad(s, (0, 8)).reshape(8, 12).sum(axis=0), "begin at the wrong one"),
        (
            lambda s: np.array([s[(np.arange(88) + 21) % 12 == name].max() for name in range(12)]),
            "you took the largest",
        ),
        (lambda s: chroma(s) / chroma(s).max(), "do not scale"),
        (lambda s: chroma(s) ** 2, "add up all its octaves"),
    ],
    "piano_roll": [
        (lambda on, off, midi, n: np.roll(piano_roll(on, off, midi, n), 3, axis=1), "column 0 is MIDI 21"),
        (lambda on, off, midi, n: piano_roll(on, on + 0.02, midi, n), "until its offset"),
        (lambda on, off, midi, n: piano_roll(on[:1], off[:1], midi[:1], n), "go through all the notes"),
        (lambda on, off, midi, n: piano_roll(2 * on, 2 * off, midi, n), "frame k is at 0.02 k s"),
        (lambda on, off, midi, n: in_frames(np.round, on, off, midi, n), "the times were rounded"),
        (lambda on, off, midi, n: in_frames(np.floor, on, off, midi, n), "the times were rounded"),
    ],
    "causal": [
        (lambda x, w: np.convolve(x, w), "cut off the end"),
        (lambda x, w: np.convolve(x, w)[len(w) - 1 :][: len(x)], "listens to the future"),
        (lambda x, w: np.convolve(x, w, mode="same"), "listens to the future"),
        (lambda x, w: causal(x, w[::-1]), "wrong way round"),
        (lambda x, w: causal(x, 2 * w), r"y\[1\] adds"),
    ],
    "n_parameters": [
        (lambda i, o, h, w: i * o * h * w, "one bias too"),
        (lambda i, o, h, w: o * (h * w + 1), "channels that come in"),
        (lambda i, o, h, w: i * o * (h * w + 1), "not for each pair"),
        (lambda i, o, h, w: i + o + h + w, "and n_out biases"),
    ],
    "cross_entropy": [
        (lambda p, y: -cross_entropy(p, y), "turn the sign"),
        (lambda p, y: len(p) * cross_entropy(p, y), "take the mean"),
        (lambda p, y: cross_entropy(p, y) / np.log(2), "natural logarithm"),
        (lambda p, y: -np.mean(y * np.log(p)), "count too"),
        (lambda p, y: np.mean((p - y) ** 2), "a mean distance"),
        (lambda p, y: 0.5, "then the mean"),
    ],
    "best_step": [
        (lambda losses, patience: np.argmin(losses), "nobody has waited for"),
        (lambda losses, patience: min(best_step(losses, patience) + patience, len(losses) - 1), "notice it"),
        (lambda losses, patience: best_step(losses, 1), "in a row"),
        (lambda losses, patience: best_step_by_the_one_before(losses, patience), "not with the one before"),
        (lambda losses, patience: best_step(losses - 1e-6 * np.arange(len(losses)), patience), "is not lower"),
        (lambda losses, patience: 0, "remember the lowest"),
    ],
    "octave_up": [
        (lambda hz: hz + 12, "is not 12 Hz higher"),
        (lambda hz: hz / 2, "A5 has 880 Hz"),
        (lambda hz: 880, "A5 has 880 Hz"),
    ],
    "seconds": [
        (lambda n, sr: n / 44100, "not every recording"),
        (lambda n, sr: n * sr, "sr samples make one second"),
        (lambda n, sr: n // sr, "sr samples make one second"),
    ],
    "melody": [
        (lambda y, sr: pianolab.transcribe(y, sr=2 * sr).names, "you heard"),
        (lambda y, sr: sorted(melody(y, sr), reverse=True), "in another order"),
        (lambda y, sr: pianolab.transcribe(y, sr=sr), "is one"),
    ],
    "sine": [
        (lambda hz, s, sr: np.sin(hz * np.arange(round(s * sr)) / sr), "a full turn is 2 pi"),
        (lambda hz, s, sr: np.sin(2 * np.pi * hz * np.linspace(0, s, round(s * sr) + 1)), "np.linspace counts the end"),
        (lambda hz, s, sr: np.cos(2 * np.pi * hz * np.arange(round(s * sr)) / sr), "begins at 1.0, at its crest"),
        (lambda hz, s, sr: 2 * sine(hz, s, sr), "your peak is 2.00"),
        (lambda hz, s, sr: sine(2 * hz, s, sr), "sounds at 880 Hz"),
    ],
    "level_db": [
        (lambda y: 20 * np.log10(np.max(np.abs(y))), "you took the peak"),
        (lambda y: 10 * np.log10(np.sqrt(np.mean(y**2))), "an amplitude goes with 20 log10"),
        (lambda y: 20 * np.log10(np.mean(y**2)), "mean square is a power already"),
        (lambda y: 20 * np.log10(np.mean(np.abs(y))), r"square first"),
    ],
    "name_of": [
        (lambda hz: units.note_name(int(69 + 12 * np.log2(hz / 440))), "round to the nearest key"),
        (lambda hz: units.note_name(round(69 + 12 * np.log2(hz / 440)) + 12), "octave number changes between B and C"),
        (lambda hz: f"{hz:.0f}", "is not a note name"),
        (lambda hz: "A4", "how many semitones"),
    ],
    "heard_hz": [
        (lambda hz, sr: hz, "nothing sounds above half the rate"),
        (lambda hz, sr: hz - sr * round(hz / sr), "negative frequency is heard"),
        (lambda hz, sr: hz % sr, "nothing sounds above half the rate"),
        (lambda hz, sr: hz % (sr / 2), "count from the nearest multiple"),
        (lambda hz, sr: sr - hz, "below half the rate nothing changes"),
    ],
    "quantise": [
        (lambda y, bits: np.floor(y * 2 ** (bits - 1)) / 2 ** (bits - 1), "at most half a step"),
        (lambda y, bits: np.round(y * 2**bits) / 2**bits, "steps are half as large"),
        (lambda y, bits: np.round(y * 2 ** (bits - 1)), "divide by"),
        (lambda y, bits: y, "nothing was rounded"),
    ],
    "strength_at": [
        (
            lambda y, hz, sr: 2 / len(y) * abs(np.sum(y * sine(hz, len(y) / sr, sr))),
            "correlate with the cosine as well",
        ),
        (lambda y, hz, sr: strength_at(y, hz, sr) / 2, "the mean of sin\\^2 is one half"),
        (lambda y, hz, sr: strength_at(y, hz, sr) * len(y) / 2, "a sum grows with the length"),
        (lambda y, hz, sr: strength_at(y, hz, sr) ** 2, "take the root"),
    ],
    "peak_hz": [
        (lambda y, sr: peak_bin(y, np.hanning(len(y)))[0] * sr / len(y), "that is the nearest bin"),
        (lambda y, sr: 2 * peak_hz(y, sr), "an octave"),
        (lambda y, sr: 0, "leave out bin 0"),
        (lambda y, sr: sum(peak_bin(y, np.ones(len(y)))) * sr / len(y), "use a Hann window"),
        (lambda y, sr: sr / 10, "bin k lies at"),
    ],
    "frame_length": [
        (lambda low, high, sr: sr / (high - low), "melt into one"),
        (lambda low, high, sr: 100 * sr / (high - low), "longer than needed"),
        (lambda low, high, sr: 4 / (high - low), "you say 1 samples"),
    ],
    "hann": [
        (np.hanning, "divide by n, not n - 1"),
        (lambda n: 1 - hann(n), "the cosine is subtracted"),
        (lambda n: 2 * hann(n), "take half"),
        (np.ones, "a Hann window 0.00"),
    ],
    "mel": [
        (lambda hz: 2595 * np.log(1 + hz / 700), "natural logarithm"),
        (lambda hz: 2595 * np.log10(hz / 700), "makes 0 Hz 0 mel"),
        (lambda hz: 700 * (10 ** (hz / 2595) - 1), "the way back"),
        (lambda hz: hz, r"2595 log10\(1 \+ f / 700\)"),
    ],
    "mel_edges": [
        (lambda n, low, high: np.linspace(low, high, n + 2), "equally far apart in Hz"),
        (lambda n, low, high: np.linspace(mel(low), mel(high), n + 2), "still in mel"),
        (lambda n, low, high: mel_edges(n - 2, low, high), "triangles need"),
        (lambda n, low, high: np.geomspace(low + 1, high, n + 2), "lies at"),
    ],
    "mfcc": [
        (lambda power, n: dct(power, norm="ortho")[:n], "take 10 log10 first"),
        (lambda power, n: dct(10 * np.log10(power))[:n], "norm='ortho'"),
        (lambda power, n: dct(np.log(power), norm="ortho")[:n], "the scale is not"),
        (lambda power, n: dct(20 * np.log10(power), norm="ortho")[:n], "the scale is not"),
        (lambda power, n: dct(10 * np.log10(power), norm="ortho"), "keep the first 13"),
        (
            lambda power, n: dct(10 * np.log10(power), norm="ortho")[1 : n + 1],
            "the loudness, is left out",
        ),
    ],
    "alike": [
        (lambda a, b: np.sqrt(np.sum((a - b) ** 2)), "coefficient 0 is the loudness"),
        (lambda a, b: np.sum(a[1:] * b[1:]), "distance to itself is 0"),
        (lambda a, b: -alike(a, b), "is no distance"),
    ],
    "difference": [
        (
            lambda x: np.array([np.sum(x[: len(x) // 2] * x[t : t + len(x) // 2]) for t in range(len(x) // 2)]),
            "a product",
        ),
        (
            lambda x: np.array([np.sum((x[: len(x) - t] - x[t:]) ** 2) for t in range(len(x) // 2)]),
            "gets shorter as the lag",
        ),
        (lambda x: difference(x) / (len(x) // 2), "you took the mean"),
        (lambda x: np.array([np.sum((x[: len(x) - t] - x[t:]) ** 2) for t in range(len(x))]), "at most half the frame"),
    ],
    "cumulative_mean": [
        (lambda d: np.concatenate([[0.0], cumulative_mean(d)[1:]]), "is set to 1"),
        (lambda d: d * np.arange(1, len(d) + 1) / np.maximum(np.cumsum(d), 1e-9), "without lag 0"),
        (lambda d: d / np.maximum(np.cumsum(d), 1e-9), "divide by the mean"),
        (lambda d: d / d.max(), "one number for all lags"),
    ],
    "first_dip": [
        (lambda row, threshold: np.argmin(row), "times the period"),
        (lambda row, threshold: int(np.argmax(row < threshold)), "you stopped on the slope"),
        (lambda row, threshold: first_dip(row, 0.9), "the threshold is 0.1"),
        (lambda row, threshold: 0, "a period lies between"),
        (lambda row, threshold: first_dip(row, threshold) if row.min() < threshold else 1, "the deepest one is taken"),
    ],
    "parabola": [
        (lambda left, mid, right: -parabola(left, mid, right), "the wrong side"),
        (lambda left, mid, right: 2 * parabola(left, mid, right), "factor 1/2"),
        (lambda left, mid, right: 0.0, r"\(left - right\)"),
    ],
    "comb": [
        (lambda m, hz, f0, n: np.sum(np.interp(np.arange(1, n + 1) * f0, hz, m)), "an octave below"),
        (lambda m, hz, f0, n: comb(m, hz, f0, n - 1), "one harmonic is missing"),
        (lambda m, hz, f0, n: comb(m**2, hz, f0, n), "not their squares"),
        (lambda m, hz, f0, n: 1.0, "weight them 1, 1/2"),
    ],
    "inharmonicity": [
        (lambda n, hz: np.polyfit(n**2, (hz / n) ** 2, 1)[0], "divide the slope by f0\\^2"),
        (lambda n, hz: np.divide(*np.polyfit(n**2, hz / n, 1)), "half: you fitted"),
        (lambda n, hz: -inharmonicity(n, hz), "upper partials are sharp"),
        (lambda n, hz: 1.0, "fit a straight line"),
    ],
    "window_lengths": [
        (lambda fmin, n, b, sr: np.full(n, 4096.0), "all equally long"),
        (lambda fmin, n, b, sr: sr / (fmin * 2 ** (np.arange(n) / b)), "one period each"),
        (lambda fmin, n, b, sr: sr / fmin / 2 ** (np.arange(n) / 12) / (2 ** (1 / b) - 1), "not k / 12"),
        (lambda fmin, n, b, sr: window_lengths(fmin, n, b, sr) / sr, "these are seconds"),
    ],
    "confirm": [
        (
            lambda keys, n: [(i, k) for i, k in enumerate(keys) if i and k >= 0 and keys[i - 1] == k],
            "announce a key once",
        ),
        (lambda keys, n: [(f - n + 1, k) for f, k in confirm(keys, n)], "the frames are not"),
        (lambda keys, n: [], "count frames"),
        (lambda keys, n: [(0, -1)], "-1 is silence"),
        (confirms_silence, "-1 is silence"),
    ],
    "hits": [
        (lambda played, heard: sum(abs(a - b) <= 0.05 and k == m for a, k in played for b, m in heard), "used once"),
        (lambda played, heard: min(len(played), len(heard)), "50 ms is the tolerance"),
        (hits_nearest_first, "the nearest note is not always the partner"),
        (
            lambda played, heard: sum(any(abs(a - b) <= 0.05 for b, _ in heard) for a, _ in played),
            "the key must be the same",
        ),
        (
            lambda played, heard: sum(any(0 <= b - a <= 0.05 for b, k in heard) for a, k in played[:1]),
            "key must be the same",
        ),
    ],
    "divergence": [
        (lambda v, model: np.sum((v - model) ** 2), "squared distance"),
        (lambda v, model: np.sum(v * np.log(v / model)), "- v \\+ model is missing"),
        (lambda v, model: divergence(model, v), "are swapped"),
        (lambda v, model: np.sum(v * np.log10(v / model) - v + model), "not the natural logarithm"),
        (forgets_silent_bins, "a log of zero"),
        (lambda v, model: divergence(v[v > 0], model[v > 0]), "they add model"),
    ],
    "update": [
        (lambda h, w, v: w @ (v / (h @ w)), "the gain alone"),
        (lambda h, w, v: h + w @ (v / (h @ w)), "do not add it"),
        (lambda h, w, v: h * (w @ (v - h @ w)), "divide v by the model"),
        (lambda h, w, v: h * (w @ (h @ w / v)), "upside down"),
        (lambda h, w, v: h * (w @ v), "bin by bin"),
        (lambda h, w, v: update(h, w, v) if np.ptp(h) == 0 else h, "made of the new amounts"),
    ],
    "harmonic_stack": [
        (lambda x, offsets: np.array([np.roll(x, -offset) for offset in offsets]), "brings round"),
        (lambda x, offsets: harmonic_stack(x, -np.asarray(offsets)), "the wrong way"),
        (lambda x, offsets: harmonic_stack(x, offsets).T, "stand as columns"),
        (lambda x, offsets: np.concatenate([x[offset:] for offset in offsets]), "came back"),
        (lambda x, offsets: np.tile(x, (len(offsets), 1)), "row 0 is wrong"),
    ],
    "struck": [
        (lambda onset, low: list(zip(*np.nonzero(onset >= low), strict=True)), "only the peak is the stroke"),
        (lambda onset, low: [(k, t) for t, k in struck(onset, low)], "frame and key swapped"),
        (lambda onset, low: struck(onset, 0.3), "below the threshold"),
        (lambda onset, low: struck(onset, 0.5), "the threshold asked for is 0.3"),
        (lambda onset, low: struck(onset, low + 0.3), "a low peak counts too"),
        (lambda onset, low: struck(onset, low + 1e-9), "the threshold itself is enough"),
        (lambda onset, low: peaks(onset, low, np.greater_equal, np.greater_equal), "in the first of them"),
        (lambda onset, low: peaks(onset, low, np.greater, np.greater), "just as high"),
        (lambda onset, low: [(t + 1, k) for t, k in struck(onset, low)], "the highest of the three"),
        (lambda onset, low: list({k: (t, k) for t, k in struck(onset, low)}.values()), "a key may repeat"),
        (lambda onset, low: 2 * struck(onset, low), "twice"),
        (lambda onset, low: onset >= low, "a list of pairs"),
    ],
    "gains": [
        (lambda a, b, pieces: a - b if len(set(pieces)) < len(pieces) else gains(a, b, pieces), "for each recording"),
        (lambda a, b, pieces: [np.mean((a - b)[pieces == name]) for name in dict.fromkeys(pieces)], "sort the pieces"),
        (lambda a, b, pieces: [np.sum((a - b)[pieces == name]) for name in sorted(set(pieces))], "not their sum"),
        (lambda a, b, pieces: gains(b, a, pieces), "not b - a"),
        (lambda a, b, pieces: [np.max((a - b)[pieces == name]) for name in sorted(set(pieces))], "the mean of a - b"),
    ],
    "flip_p": [
        (lambda d: np.mean(np.abs(sign_flips(d)) > abs(np.sum(d)) + 1e-9), "one of the ways, too"),
        (lambda d: np.mean(sign_flips(d) >= np.sum(d) - 1e-9), "compare without the sign"),
        (lambda d: np.mean(d <= 0), "share of pieces on which it is not better"),
        (lambda d: 0.05, "which share has a mean at least as far from 0"),
    ],
    "holm": [
        (lambda ps: np.minimum(ps * len(ps), 1), "that is Bonferroni"),
        (lambda ps: np.sort(holm(ps)), "back into the order"),
        (lambda ps: ps, "what was given"),
        (lambda ps: np.sort(ps)[np.argsort(np.argsort(ps))] * (len(ps) - np.argsort(np.argsort(ps))), "no later p"),
        (lambda ps: holm_uncapped(ps), "no p is above 1"),
    ],
    "chosen": [
        (lambda tune, test: test.mean(axis=1).max(), "chosen on test"),
        (lambda tune, test: tune.mean(axis=1).max(), "the score on tune"),
        (lambda tune, test: test.max(axis=0).mean(), "one setting for all pieces"),
        (lambda tune, test: test.mean(), "the mean of all settings"),
        (lambda tune, test: (tune + test).mean() / 2, "the row with the best mean"),
    ],
    "precision_recall": [
        (lambda n, p, h: precision_recall(n, h, p), "are swapped"),
        (lambda n, p, h: (n / max(h, 1), n / max(p, 1), (n / max(h, 1) + n / max(p, 1)) / 2), "harmonic mean"),
        (lambda n, p, h: (n / h, n / p, 0.0) if h and p else (1.0, 1.0, 1.0), "you say"),
    ],
}


def test_every_exercise_knows_at_least_three_mistakes():
    assert {name: len(MISTAKES.get(name, [])) >= 3 for name in CHECKS} == dict.fromkeys(CHECKS, True)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        pytest.param(name, *mistake, id=f"{name}-{i}")
        for name, list_ in MISTAKES.items()
        for i, mistake in enumerate(list_)
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_common_mistake_is_told_by_its_name(name, answer, hint, seed):
    result = CHECKS[name](answer, seed=seed)
    assert not result
    with pytest.raises(Hint, match=hint):
        raise Hint(result.message)


# -------------------------------------------------------------------------------------------------------- Korean

THREE_ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")


def in_korean(message):
    """Whether a message is Korean, whole, and not English in parts."""
    return (
        bool(re.search("[가-힣]", message))
        and not re.search(r"\{[a-z_]", message)
        and not THREE_ENGLISH_WORDS.search(message)
    )


@pytest.mark.parametrize("name", CHECKS)
def test_each_mistake_and_each_right_answer_is_told_in_korean_too(name):
    for answer in [RIGHT[name], *(answer for answer, _ in MISTAKES[name]), returns_nothing, None]:
        result = CHECKS[name](answer, language="ko")
        assert in_korean(result.message), result
        assert result.passed == (answer is RIGHT[name])
    assert not in_korean(CHECKS[name](returns_nothing, language="en").message)


def test_the_environment_chooses_the_language_of_a_hint_and_the_argument_wins(monkeypatch):
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "ko")
    assert repr(checks.check_octave_up(octave_up)).startswith("✓ octave_up: 한 옥타브 위는")
    assert repr(checks.check_octave_up(octave_up, language="en")).startswith("✓ octave_up: an octave up")
    with pytest.raises(TextError, match="'kr' is unknown"):
        checks.check_octave_up(octave_up, language="kr")


def test_a_text_among_the_values_of_a_hint_is_told_in_the_same_language():
    hint = Told("hints.any.because", said=Told("hints.seconds.case", n=8, sr=4), why=Told("hints.seconds.rate"))
    assert hint == "8 samples at 4 Hz: sr samples make one second"
    assert said(hint, "ko") == "4 Hz의 표본 8개: 표본 sr개가 1초입니다"


# ------------------------------------------------------------------------------------------- truths, and teachers


def test_a_folded_tone_is_where_its_samples_say():
    sr = 8000
    for hz in (3000.0, 5000.0, 9500.0, 14000.0):
        samples = sine(hz, 1.0, sr)
        assert np.argmax(np.abs(np.fft.rfft(samples))) == pytest.approx(heard_hz(hz, sr), abs=1)


def test_the_same_seed_makes_the_same_cases_and_another_seed_others():
    def remembers(seed):
        asked = []
        checks.check_heard_hz(lambda hz, sr: asked.append(hz) or heard_hz(hz, sr), seed=seed)
        return asked

    assert len(remembers(0)) > 3
    assert remembers(0) == remembers(0) != remembers(1)


def test_a_teacher_writes_an_exercise_in_a_few_lines():
    @exercise
    def check_octave_up(answer, rng):
        """``octave_up(hz)``: the frequency an octave higher."""
        if ask_number(answer, 220.0, about="A3") != 440:
            raise Hint("twice the frequency")
        return "an octave is a factor of two"

    assert repr(check_octave_up(lambda hz: 2 * hz)) == "✓ octave_up: an octave is a factor of two"
    assert check_octave_up(lambda hz: hz + 12) == Result("octave_up", False, "twice the frequency")


def test_one_key_a_frame_is_not_enough_for_a_chord():
    """The first case is a single key, where the strongest of each frame is right."""

    def strongest(onset, threshold):
        return list({t: (t, k) for t, k in struck(onset, threshold)}.values())

    assert "look at every key by itself" in checks.check_struck(strongest).message
