"""An exercise takes every right answer, however it is written: three of each, in styles that are not ours."""

import functools
import itertools
import math
import re

import librosa
import numpy as np
import pandas as pd
import pytest
from scipy import fft, ndimage, signal, special, stats

import pianolab
from pianolab import scores, units
from pianolab.compare import statistics
from pianolab.lessons import checks

LETTERS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")


def name_by_letters(hz):
    midi = math.floor(12 * math.log2(hz / 440) + 69.5)
    return LETTERS[midi % 12] + str(midi // 12 - 1)


def fold_by_steps(hz, sr):
    while hz > sr / 2:
        hz = abs(hz - sr)
    return hz


def quantise_one_by_one(y, bits):
    return [math.floor(value * 2 ** (bits - 1) + 0.5) / 2 ** (bits - 1) for value in y]


def peak_by_padding(y, sr):
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)), 2**19))
    return np.argmax(spectrum) * sr / 2**19


def peak_by_polynomial(y, sr):
    level = np.log(np.abs(np.fft.rfft(y * signal.windows.hann(len(y), sym=False))) + 1e-12)
    k = np.argmax(level)
    a, b, _ = np.polyfit([-1, 0, 1], level[k - 1 : k + 2], 2)
    return (k - b / (2 * a)) * sr / len(y)


def peak_by_refining(y, sr):
    n = np.arange(len(y))
    hz = np.argmax(np.abs(np.fft.rfft(y))[1:]) + 1.0
    places = np.linspace(hz - 1, hz + 1, 801) * sr / len(y)
    found = np.abs(np.exp(-2j * np.pi * places[:, None] * n / sr) @ (y * np.hanning(len(y))))
    return places[np.argmax(found)]


def mel_edges_one_by_one(n_mels, low_hz, high_hz):
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    return [700 * (10 ** ((low + i * (high - low) / (n_mels + 1)) / 2595) - 1) for i in range(n_mels + 2)]


def mfcc_by_formula(mel_power, n_mfcc):
    level, size = 10 * np.log10(mel_power), len(mel_power)
    m = np.arange(size) + 0.5
    rows = [np.sum(level * np.cos(np.pi * j * m / size)) * math.sqrt((2 if j else 1) / size) for j in range(n_mfcc)]
    return np.array(rows)


def difference_by_loops(x):
    w = len(x) // 2
    return [sum((x[j] - x[j + tau]) ** 2 for j in range(w)) for tau in range(w)]


def difference_by_energies(x):
    w = len(x) // 2
    energy = np.array([np.dot(x[tau : tau + w], x[tau : tau + w]) for tau in range(w)])
    return energy[0] + energy - 2 * np.array([np.dot(x[:w], x[tau : tau + w]) for tau in range(w)])


def difference_by_views(x):
    w = len(x) // 2
    return ((np.lib.stride_tricks.sliding_window_view(x, w)[:w] - x[:w]) ** 2).sum(axis=1)


def cumulative_mean_by_loops(d):
    out, total = [1.0], 0.0
    for tau in range(1, len(d)):
        total += d[tau]
        out.append(d[tau] * tau / total)
    return out


def cumulative_mean_in_place(d):
    out = d.astype(float)
    out[0] = 1
    out[1:] /= np.cumsum(d[1:]) / np.arange(1, len(d))
    return out


def first_dip_by_walking(d_prime, threshold):
    tau = 1
    while tau < len(d_prime) - 1 and d_prime[tau] >= threshold:
        tau += 1
    if d_prime[tau] >= threshold:
        return int(np.argmin(d_prime))
    while tau + 1 < len(d_prime) and d_prime[tau + 1] <= d_prime[tau]:
        tau += 1
    return tau


def first_dip_by_peaks(d_prime, threshold):
    bottoms = [k for k in signal.find_peaks(-d_prime)[0] if d_prime[k] < threshold]
    return bottoms[0] if bottoms else d_prime.argmin()


def first_dip_by_runs(d_prime, threshold):
    below = np.flatnonzero(d_prime < threshold)
    if not len(below):
        return np.array(np.argmin(d_prime))
    run = np.split(below, np.flatnonzero(np.diff(below) > 1) + 1)[0]
    rising = np.flatnonzero(np.diff(d_prime[run[0] : run[-1] + 2]) > 0)
    return run[0] + rising[0]


def inharmonicity_by_least_squares(n, hz):
    design = np.column_stack([np.ones(len(n)), np.asarray(n, float) ** 2])
    (start, slope), *_ = np.linalg.lstsq(design, (np.asarray(hz) / n) ** 2, rcond=None)
    return slope / start


def inharmonicity_by_two_partials(n, hz):
    (n1, f1), (n2, f2) = sorted(zip(n, hz, strict=True))[:: len(n) - 1]
    g1, g2 = (f1 / n1) ** 2, (f2 / n2) ** 2
    return (g2 - g1) / (g1 * n2**2 - g2 * n1**2)


def confirm_by_groups(keys, n):
    frame, found = 0, []
    for key, run in itertools.groupby(keys):
        length = len(list(run))
        if key != -1 and length >= n:
            found.append([frame + n - 1, key])
        frame += length
    return found


def confirm_by_looking_back(keys, n):
    for i in range(n - 1, len(keys)):
        run = keys[i - n + 1 : i + 1]
        if keys[i] >= 0 and len(set(run)) == 1 and (i < n or keys[i - n] != keys[i]):
            yield i, keys[i]


def confirm_by_arrays(keys, n):
    keys = np.asarray(keys)
    starts = np.flatnonzero(np.diff(keys, prepend=-2))
    lengths = np.diff(starts, append=len(keys))
    return [(s + n - 1, int(keys[s])) for s, m in zip(starts, lengths, strict=True) if m >= n and keys[s] > -1]


def hits_by_trying_all(played, heard):
    if not played:
        return 0
    (onset, key), *rest = played
    best = hits_by_trying_all(rest, heard)
    for i, (other, name) in enumerate(heard):
        if name == key and abs(other - onset) <= 0.05:
            best = max(best, 1 + hits_by_trying_all(rest, heard[:i] + heard[i + 1 :]))
    return best


def hits_by_augmenting(played, heard):
    partner = {}

    def found(i, seen):
        for j, (onset, key) in enumerate(heard):
            if key == played[i][1] and abs(onset - played[i][0]) <= 0.05 and j not in seen:
                seen.add(j)
                if j not in partner or found(partner[j], seen):
                    partner[j] = i
                    return True
        return False

    return sum(found(i, set()) for i in range(len(played)))


def hits_of_mir_eval(played, heard):
    p, h = (pianolab.Notes([t for t, _ in x], [t + 1 for t, _ in x], [k for _, k in x]) for x in (played, heard))
    return float(len(scores.match(p, h)))


def precision_recall_careful(n_hits, n_played, n_heard):
    p = 0.0 if n_heard == 0 else n_hits / n_heard
    r = 0.0 if n_played == 0 else n_hits / n_played
    return [p, r, 0.0 if n_hits == 0 else 2 / (1 / p + 1 / r)]


def precision_recall_counted(n_hits, n_played, n_heard):
    safe = np.maximum([n_heard, n_played, n_heard + n_played], 1)
    return np.array([n_hits, n_hits, 2 * n_hits]) / safe


def divergence_by_loops(v, model):
    return sum((a * math.log(a / b) if a > 0 else 0.0) - a + b for a, b in zip(v, model, strict=True))


def update_by_loops(amounts, templates, v):
    model = [sum(h * row[b] for h, row in zip(amounts, templates, strict=True)) for b in range(len(v))]
    ratio = np.array([x / y for x, y in zip(v, model, strict=True)])
    return [h * np.dot(row, ratio) for h, row in zip(amounts, templates, strict=True)]


def stack_by_loops(x, offsets):
    return [[x[k + o] if 0 <= k + o < len(x) else 0.0 for k in range(len(x))] for o in offsets]


def stack_by_padding(x, offsets):
    wide = np.concatenate([np.zeros(len(x)), x, np.zeros(len(x))])
    return np.stack([wide[len(x) + o :][: len(x)] for o in offsets])


def stack_by_shifting(x, offsets):
    rows = np.zeros((len(offsets), len(x)))
    for row, o in zip(rows, offsets, strict=True):
        if o >= 0:
            row[: len(x) - o] = x[o:]
        else:
            row[-o:] = x[:o]
    return rows


def struck_by_loops(onset, threshold):
    for frame in range(1, len(onset) - 1):
        for key in range(onset.shape[1]):
            before, here, after = onset[frame - 1 : frame + 2, key]
            if here >= threshold and before < here >= after:
                yield frame, key


def struck_by_differences(onset, threshold):
    step = np.diff(onset, axis=0)
    peak = (step[:-1] > 0) & (step[1:] <= 0) & (onset[1:-1] >= threshold)
    return np.argwhere(peak) + np.array([1, 0])


def struck_by_keys(onset, threshold):
    found = []
    for key, column in enumerate(onset.T):
        found += [
            (int(f), key)
            for f in range(1, len(column) - 1)
            if column[f] >= threshold and column[f - 1] < column[f] and column[f + 1] <= column[f]
        ]
    return sorted(found, reverse=True)


def roll_by_ceiling(onset, offset, midi, n_frames):
    roll = np.zeros((n_frames, 88), dtype=int)
    for start, stop, key in zip(np.ceil(onset / 0.02), np.ceil(offset / 0.02), midi, strict=True):
        roll[int(start) : int(stop), key - 21] = 1
    return roll


def roll_by_comparing(onset, offset, midi, n_frames):
    t = np.arange(n_frames)[:, None, None] * 0.02
    keys = np.arange(21, 109)[None, :, None]
    return ((onset <= t) & (t < offset) & (keys == midi)).any(axis=2)


def roll_by_loops(onset, offset, midi, n_frames):
    roll = [[0.0] * 88 for _ in range(n_frames)]
    for k in range(n_frames):
        for i in range(len(midi)):
            if onset[i] <= 0.02 * k < offset[i]:
                roll[k][midi[i] - 21] = 1.0
    return roll


def best_step_by_waiting(validation, patience):
    best, at, waited = math.inf, 0, 0
    for step, loss in enumerate(validation):
        best, at, waited = (loss, step, 0) if loss < best else (best, at, waited + 1)
        if waited >= patience:
            return at
    return at


def best_step_by_minimum(validation, patience):
    lowest = np.minimum.accumulate(validation)
    for stop in range(patience, len(validation)):
        if lowest[stop] == lowest[stop - patience]:
            return int(np.argmin(validation[: stop + 1]))
    return int(np.argmin(validation))


def best_step_backwards(validation, patience):
    seen = list(validation[:1])
    for loss in validation[1:]:
        seen.append(loss)
        if len(seen) - 1 - seen.index(min(seen)) == patience:
            break
    return seen.index(min(seen))


def gains_by_walking(a, b, pieces):
    of = {}
    for one, other, name in zip(a, b, pieces, strict=True):
        of.setdefault(str(name), []).append(float(one) - float(other))
    return [sum(of[name]) / len(of[name]) for name in sorted(of)]


def flip_p_by_counting(differences):
    found = abs(sum(differences)) / len(differences)
    ways = list(itertools.product((1, -1), repeat=len(differences)))
    far = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) / len(differences) for signs in ways]
    return sum(one >= found - 1e-12 for one in far) / len(ways)


def flip_p_by_bits(differences):
    total, far = sum(differences), 0
    for bits in range(2 ** len(differences)):
        far += abs(sum(-d if bits >> i & 1 else d for i, d in enumerate(differences))) > abs(total) - 1e-9
    return far / 2 ** len(differences)


def holm_one_by_one(ps):
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, (len(ps) - rank) * ps[i])
        corrected[i] = min(1.0, largest)
    return corrected


def holm_by_definition(ps):
    n = len(ps)
    return [min(1, max((n - sum(other < q for other in ps)) * q for q in ps if q <= p)) for p in ps]


def convolve_by_loops(x, h):
    y = [0.0] * (len(x) + len(h) - 1)
    for i, a in enumerate(x):
        for k, b in enumerate(h):
            y[i + k] += a * b
    return y


def flux_by_loops(magnitude):
    n_bins, n_frames = magnitude.shape
    grown = [0.0]
    for m in range(1, n_frames):
        grown.append(sum(max(0.0, magnitude[k, m] - magnitude[k, m - 1]) for k in range(n_bins)))
    return grown


def chroma_by_loops(strength):
    names = dict.fromkeys(range(12), 0.0)
    for key, value in enumerate(strength, start=21):
        names[key % 12] += value
    return list(names.values())


def grey_one_by_one(magnitude, floor_db):
    largest = max(magnitude)
    steps = (255 + 255 * 20 * math.log10(value / largest) / floor_db for value in magnitude)
    return [int(min(255, max(0, step))) for step in steps]


def opened_by_runs(row, n):
    runs = [(on, len(list(group))) for on, group in itertools.groupby(row)]
    return [on and length >= n for on, length in runs for _ in range(length)]


def opened_by_strings(row, n):
    text = "".join("X" if on else "." for on in row)
    return [mark == "X" for mark in re.sub(rf"(?<!X)X{{1,{n - 1}}}(?!X)", lambda run: "." * len(run[0]), text)]


def opened_by_windows(row, n):
    kept = np.zeros(len(row), bool)
    for i in range(len(row) - n + 1):
        if row[i : i + n].all():
            kept[i : i + n] = True
    return kept


def blobs_by_filling(mask):
    left, n = set(zip(*np.nonzero(mask), strict=True)), 0
    while left:
        todo, n = [left.pop()], n + 1
        while todo:
            y, x = todo.pop()
            near = {(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            todo += near
    return n


def blobs_by_spreading(mask):
    names = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    for _ in range(mask.size):
        names = np.where(mask, ndimage.maximum_filter(names, 3), 0)
    return len(np.unique(names[mask]))


def overlap_by_pixels(a, b):
    pixels = [{(x, y) for x in range(c[0], c[0] + c[2]) for y in range(c[1], c[1] + c[3])} for c in (a, b)]
    return len(pixels[0] & pixels[1]) / len(pixels[0] | pixels[1])


def overlap_by_masks(a, b):
    masks = np.zeros((2, 40, 40), bool)
    for mask, (x, y, width, height) in zip(masks, (a, b), strict=True):
        mask[y : y + height, x : x + width] = True
    return np.sum(masks[0] & masks[1]) / np.sum(masks[0] | masks[1])


def overlap_by_ranges(a, b):
    shared = math.prod(len(range(max(a[i], b[i]), min(a[i] + a[i + 2], b[i] + b[i + 2]))) for i in (0, 1))
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def warping_cost_by_asking_back(cost):
    @functools.cache
    def to(i, j):
        if i < 0 or j < 0:
            return math.inf
        return cost[i, j] + (0 if i == j == 0 else min(to(i - 1, j), to(i, j - 1), to(i - 1, j - 1)))

    return to(len(cost) - 1, len(cost[0]) - 1)


def warping_cost_by_rows(cost):
    before = list(itertools.accumulate(cost[0]))
    for row in cost[1:]:
        now = [before[0] + row[0]]
        for j in range(1, len(row)):
            now.append(row[j] + min(now[-1], before[j], before[j - 1]))
        before = now
    return before[-1]


FOREIGN = {
    "mu_law": [
        lambda y: librosa.mu_compress(y, mu=255, quantize=False),
        lambda y: [math.copysign(math.log(1 + 255 * abs(v), 256), v) for v in y],
        lambda y: np.where(y < 0, -1, 1) * np.log2(1 + 255 * abs(y)) / 8,
    ],
    "warping_cost": [
        warping_cost_by_asking_back,
        warping_cost_by_rows,
        lambda cost: librosa.sequence.dtw(C=cost, backtrack=False)[-1, -1],
    ],
    "late": [
        lambda sent, arrived, b: 1 - np.count_nonzero(arrived <= sent + b) / len(sent),
        lambda sent, arrived, b: sum(a - s > b for s, a in zip(sent, arrived, strict=True)) / len(sent),
        lambda sent, arrived, b: pd.Series(arrived).sub(sent).gt(b).mean(),
    ],
    "grey": [
        grey_one_by_one,
        lambda m, floor: np.interp(librosa.amplitude_to_db(m, ref=np.max, top_db=None), [-floor, 0], [0, 255]),
        lambda m, floor: np.rint(np.maximum(0, 255 * (1 + np.log10(m / np.max(m)) * 20 / floor))).astype("uint8"),
    ],
    "opened": [opened_by_runs, opened_by_strings, opened_by_windows],
    "count_blobs": [
        blobs_by_filling,
        blobs_by_spreading,
        lambda mask: ndimage.label(mask, ndimage.generate_binary_structure(2, 2))[0].max(),
    ],
    "overlap": [overlap_by_pixels, overlap_by_masks, overlap_by_ranges],
    "convolve": [
        convolve_by_loops,
        lambda x, h: signal.fftconvolve(h, x),
        lambda x, h: np.polynomial.polynomial.polymul(x, h),
    ],
    "flux": [
        flux_by_loops,
        lambda m: np.concatenate([[0], np.clip(m[:, 1:] - m[:, :-1], 0, None).sum(0)]),
        lambda m: np.r_[0, [np.sum((b - a)[b > a]) for a, b in itertools.pairwise(m.T)]],
    ],
    "zero_crossings": [
        lambda y, sr: librosa.zero_crossings(y, pad=False).sum() / (len(y) / sr),
        lambda y, sr: np.count_nonzero(y[:-1] * y[1:] < 0) * sr / (len(y) - 1),
        lambda y, sr: float(np.mean(np.abs(np.diff(np.sign(y))) / 2) * sr),
    ],
    "chroma": [
        chroma_by_loops,
        lambda s: np.pad(s, (9, 11)).reshape(9, 12).sum(axis=0),
        lambda s: np.roll([s[k::12].sum() for k in range(12)], 9),
    ],
    "gains": [
        gains_by_walking,
        lambda a, b, pieces: pd.Series(a - b).groupby(pieces).mean(),
        lambda a, b, pieces: tuple((pd.Series(a).groupby(pieces).mean() - pd.Series(b).groupby(pieces).mean()).values),
    ],
    "flip_p": [
        flip_p_by_counting,
        flip_p_by_bits,
        lambda d: stats.permutation_test((d,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue,
    ],
    "holm": [
        holm_one_by_one,
        holm_by_definition,
        statistics.holm,
    ],
    "chosen": [
        lambda tune, test: max(zip(tune.sum(axis=1), test.mean(axis=1), strict=True))[1],
        lambda tune, test: float(test.mean(1)[tune.mean(1) == tune.mean(1).max()][0]),
        lambda tune, test: sum(test[sorted(range(len(tune)), key=lambda i: sum(tune[i]))[-1]]) / test.shape[1],
    ],
    "octave_up": [lambda hz: hz * 2 ** (12 / 12), lambda hz: round(hz + hz, 1), lambda hz: np.exp2(np.log2(hz) + 1)],
    "seconds": [lambda n, sr: np.float32(n) / sr, lambda n, sr: n * (1 / sr), lambda n, sr: np.array([n / sr])],
    "melody": [
        lambda y, sr: [*pianolab.transcribe(y, sr=sr, detector="fft_peak").names],
        lambda y, sr: tuple(units.note_name(m) for m in pianolab.transcribe(y, sr=sr).midi),
        lambda y, sr: [str(name) for name in pianolab.transcribe(y, sr=sr, detector="yin").names],
    ],
    "sine": [
        lambda hz, s, sr: np.sin(2 * np.pi * hz * np.arange(0, s, 1 / sr)),
        lambda hz, s, sr: [math.sin(math.tau * hz * k / sr) for k in range(int(s * sr))],
        lambda hz, s, sr: np.sin(2 * np.pi * hz * np.linspace(0, s, int(s * sr), endpoint=False)),
    ],
    "level_db": [
        lambda y: 10 * np.log10(np.mean(y**2)),
        lambda y: 20 * np.log10(np.linalg.norm(y) / np.sqrt(len(y))),
        lambda y: 10 * math.log10(sum(float(v) ** 2 for v in y) / len(y)),
    ],
    "name_of": [name_by_letters, librosa.hz_to_note, lambda hz: units.note_name(units.hz_to_midi(hz))],
    "heard_hz": [
        fold_by_steps,
        lambda hz, sr: abs((hz + sr / 2) % sr - sr / 2),
        lambda hz, sr: min(hz % sr, sr - hz % sr),
    ],
    "quantise": [
        quantise_one_by_one,
        lambda y, bits: np.rint(y * 2.0 ** (bits - 1)) * 2.0 ** (1 - bits),
        lambda y, bits: np.around(y / 2.0 ** (1 - bits)).astype(int) / (1 << (bits - 1)),
    ],
    "strength_at": [
        lambda y, hz, sr: 2 * abs(np.mean(y * np.exp(-2j * np.pi * hz * np.arange(len(y)) / sr))),
        lambda y, hz, sr: 2 / len(y) * abs(np.fft.rfft(y)[round(hz * len(y) / sr)]),
        lambda y, hz, sr: np.hypot(
            *(2 * np.mean(y * f(2 * np.pi * hz * np.arange(len(y)) / sr)) for f in (np.sin, np.cos))
        ),
    ],
    "peak_hz": [peak_by_padding, peak_by_polynomial, peak_by_refining],
    "frame_length": [
        lambda low, high, sr: int(np.ceil(4 * sr / (high - low))),
        lambda low, high, sr: 6 * sr / abs(low - high),
        lambda low, high, sr: 2 ** math.ceil(math.log2(3.5 * sr / (high - low))),
    ],
    "hann": [
        lambda n: signal.windows.hann(n, sym=False),
        lambda n: np.sin(np.pi * np.arange(n) / n) ** 2,
        lambda n: np.hanning(n + 1)[:-1],
    ],
    "mel": [
        lambda hz: librosa.hz_to_mel(hz, htk=True),
        lambda hz: 1127.01048 * math.log(1 + hz / 700),
        lambda hz: 2595 * (np.log10(700 + hz) - np.log10(700)),
    ],
    "mel_edges": [
        mel_edges_one_by_one,
        lambda n, low, high: librosa.mel_frequencies(n + 2, fmin=low, fmax=high, htk=True),
        lambda n, low, high: librosa.mel_to_hz(np.linspace(*librosa.hz_to_mel([low, high], htk=True), n + 2), htk=True),
    ],
    "mfcc": [
        mfcc_by_formula,
        lambda power, n: fft.dct(librosa.power_to_db(power, top_db=None), type=2, norm="ortho")[:n],
        lambda power, n: librosa.feature.mfcc(S=10 * np.log10(power)[:, None], n_mfcc=n)[:, 0],
    ],
    "alike": [
        lambda a, b: np.abs(np.subtract(a, b))[1:].mean(),
        lambda a, b: np.linalg.norm(a[1:13] - b[1:13]),
        lambda a, b: 1 - np.dot(a[1:], b[1:]) / (np.linalg.norm(a[1:]) * np.linalg.norm(b[1:])),
    ],
    "difference": [difference_by_loops, difference_by_energies, difference_by_views],
    "cumulative_mean": [
        cumulative_mean_by_loops,
        cumulative_mean_in_place,
        lambda d: np.r_[1, [d[t] / np.mean(d[1 : t + 1]) for t in range(1, len(d))]],
    ],
    "first_dip": [first_dip_by_walking, first_dip_by_peaks, first_dip_by_runs],
    "parabola": [
        lambda left, mid, right: 0.5 * (right - left) / (2 * mid - left - right),
        lambda left, mid, right: (
            -np.polyfit([-1, 0, 1], [left, mid, right], 2)[1] / (2 * np.polyfit([-1, 0, 1], [left, mid, right], 2)[0])
        ),
        lambda left, mid, right: -np.gradient([left, mid, right])[1] / (left - 2 * mid + right),
    ],
    "comb": [
        lambda m, hz, f0, n: sum(np.interp(k * f0, hz, m) / k for k in range(1, n + 1)),
        lambda m, hz, f0, n: np.dot(np.interp(f0 * np.r_[1 : n + 1], hz, m), 1 / np.r_[1 : n + 1]),
        lambda m, hz, f0, n: (
            np.average(np.interp(f0 * np.arange(1, n + 1), hz, m), weights=1 / np.arange(1, n + 1))
            * np.sum(1 / np.arange(1, n + 1))
        ),
    ],
    "inharmonicity": [
        inharmonicity_by_least_squares,
        inharmonicity_by_two_partials,
        lambda n, hz: np.divide(*np.polynomial.Polynomial.fit(n**2, (hz / n) ** 2, 1).convert().coef[::-1]),
    ],
    "window_lengths": [
        lambda fmin, n, b, sr: [sr / (fmin * 2 ** (k / b) * (2 ** (1 / b) - 1)) for k in range(n)],
        lambda fmin, n, b, sr: np.ceil(
            sr / (2 ** (1 / b) - 1) / librosa.cqt_frequencies(n, fmin=fmin, bins_per_octave=b)
        ),
        lambda fmin, n, b, sr: (sr / fmin / (2 ** (1 / b) - 1) * 0.5 ** (np.arange(n) / b)).astype(int),
    ],
    "confirm": [confirm_by_groups, confirm_by_looking_back, confirm_by_arrays],
    "hits": [hits_by_trying_all, hits_by_augmenting, hits_of_mir_eval],
    "precision_recall": [
        precision_recall_careful,
        precision_recall_counted,
        lambda n, p, h: tuple(n / x if x else 0 for x in (h, p, (p + h) / 2)),
    ],
    "divergence": [
        divergence_by_loops,
        lambda v, model: special.kl_div(v, model).sum(),
        lambda v, model: np.sum(special.xlogy(v, v / model)) - np.sum(v) + np.sum(model),
    ],
    "update": [
        update_by_loops,
        lambda h, w, v: h * np.einsum("kb,b->k", w, v / np.einsum("k,kb->b", h, w)),
        lambda h, w, v: np.multiply(h, np.dot(w, np.divide(v, np.dot(h, w)))) / w.sum(axis=1),
    ],
    "harmonic_stack": [stack_by_loops, stack_by_padding, stack_by_shifting],
    "struck": [struck_by_loops, struck_by_differences, struck_by_keys],
    "piano_roll": [roll_by_ceiling, roll_by_comparing, roll_by_loops],
    "causal": [
        lambda x, w: np.convolve(x, w)[: len(x)],
        lambda x, w: signal.lfilter(w, [1.0], x),
        lambda x, w: np.correlate(np.concatenate([np.zeros(len(w) - 1), x]), w[::-1], "valid"),
    ],
    "n_parameters": [
        lambda i, o, h, w: i * o * h * w + o,
        lambda i, o, h, w: int(np.prod([o, i, h, w])) + int(np.zeros(o).size),
        lambda i, o, h, w: float(sum(1 + h * w * i for _ in range(o))),
    ],
    "cross_entropy": [
        lambda p, y: np.mean(np.where(y > 0.5, -np.log(p), -np.log1p(-p))),
        lambda p, y: -sum(math.log(a if b else 1 - a) for a, b in zip(p, y, strict=True)) / len(y),
        lambda p, y: -np.log(np.abs(p - (1 - y))).mean(),
    ],
    "best_step": [best_step_by_waiting, best_step_by_minimum, best_step_backwards],
}


def test_every_exercise_is_answered_in_three_foreign_styles():
    names = {name.removeprefix("check_") for name in checks.__all__}
    assert {name: len(FOREIGN.get(name, [])) for name in names} == dict.fromkeys(names, 3)


@pytest.mark.parametrize(
    ("name", "answer"),
    [pytest.param(name, answer, id=f"{name}-{i}") for name, three in FOREIGN.items() for i, answer in enumerate(three)],
)
def test_a_right_answer_is_accepted_in_whatever_style_it_is_written(name, answer):
    for seed in (0, 1):
        result = getattr(checks, f"check_{name}")(answer, seed=seed)
        assert result, result
