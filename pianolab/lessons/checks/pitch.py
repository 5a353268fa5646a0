"""The exercises of notebooks 04 and 05: the steps of YIN, a comb, the stiffness of a string, constant-Q windows."""

import numpy as np
from scipy.signal.windows import hann

from pianolab.dsp.peaks import parabola_shift
from pianolab.lessons.checks.grading import CLOSE, Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.lessons.playing import note
from pianolab.piano import PIANOS
from pianolab.texts.catalogue import Told
from pianolab.units import hz_to_midi, midi_to_hz, note_name

YIN_SR = 22050
YIN_FRAME = 2048  # Two periods of every note from A1 up fit into so many samples at YIN_SR.


@exercise
def check_difference(answer: Answer, rng: np.random.Generator) -> str:
    """``difference(x) -> (W,)``, W = len(x) // 2: d(tau) = sum over j < W of (x[j] - x[j + tau])^2 (YIN, eq. 6)."""
    for midi in rng.integers(45, 70, 2).tolist():
        x = _frame(midi)[:400]
        w, about = len(x) // 2, Told("hints.difference.case", a_note=_a(midi), n=len(x))
        got, want = ask_array(answer, x, about=about), _difference(x)
        if len(got) != w:
            raise Hint(Told("hints.difference.lags", about=about, got=len(got), last=w - 1))
        shifted = np.lib.stride_tricks.sliding_window_view(x, w)[:w]
        shorter = Told("hints.difference.shorter", w=w)
        mistakes = [
            (got[0] > 0.01 * want.max(), Told("hints.difference.product", got=got[0])),
            (np.sum(np.abs(x[:w] - shifted), axis=1), Told("hints.difference.absolute")),
            ([np.sum((x[: len(x) - lag] - x[lag:]) ** 2) for lag in range(w)], shorter),
            ([np.sum((x[: w - lag] - x[lag:w]) ** 2) for lag in range(w)], shorter),
            (want / w, Told("hints.difference.mean")),
        ]
        lag = int(np.argmax(np.abs(got - want)))
        value = Told("hints.difference.value", lag=lag, want=want[lag], got=got[lag])
        judge(got, want, about, mistakes, otherwise=value, within=1e-5 * want.max())
    return Told("hints.difference.known")


@exercise
def check_cumulative_mean(answer: Answer, rng: np.random.Generator) -> str:
    """``cumulative_mean(d) -> (W,)``: d'(0) = 1, d'(tau) = d(tau) / mean of d(1) .. d(tau) (YIN, eq. 8)."""
    for midi in rng.integers(45, 70, 2).tolist():
        d, about = _difference(_frame(midi)), Told("hints.cumulative_mean.case", a_note=_a(midi))
        got, want = ask_array(answer, d, about=about, shape=d.shape), _cumulative_mean(d)
        lags, total = np.arange(1, len(d)), np.cumsum(d[1:])
        first, rest = got[:1], got[1:]
        flat, value = (
            Told("hints.cumulative_mean.flat"),
            Told("hints.cumulative_mean.value", want=want[10], got=got[10]),
        )
        with_lag_0 = np.concatenate([first, d[1:] * (lags + 1) / total])
        mistakes = [
            (np.concatenate([first, want[1:]]), Told("hints.cumulative_mean.one", got=got[0])),
            (with_lag_0, Told("hints.cumulative_mean.without_0", got=rest[0])),
            (np.concatenate([first, d[1:] / total]), Told("hints.cumulative_mean.sum")),
            (d / d.max(), flat),
            (d / d.mean(), flat),
        ]
        judge(got, want, about, mistakes, otherwise=value, within=1e-4)
    return Told("hints.cumulative_mean.known")


@exercise
def check_first_dip(answer: Answer, rng: np.random.Generator) -> str:
    """``first_dip(d_prime, threshold) -> lag``: bottom of the first dip below the threshold (YIN, step 4).

    Where no dip is below it, the deepest. Lags are samples at 22050 Hz; the exact lag is asked, on rendered notes.
    """
    for midi in [36, 66, *rng.integers(40, 80, 3).tolist()]:
        row = _cumulative_mean(_difference(_frame(midi)))
        got, want = ask_number(answer, row, 0.1, about=_a(midi)), _first_dip(row, 0.1)
        if not 1 <= got < len(row):
            raise Hint(Told("hints.first_dip.outside", a_note=_a(midi), got=got, last=len(row) - 1))
        times, depth = got / want, row[int(got)]
        several = times > 1.7 and abs(times - round(times)) < 0.1
        mistakes = [
            (several, Told("hints.first_dip.several", times=round(times))),
            (got < want and depth >= 0.1, Told("hints.first_dip.shallow", got=got, depth=depth)),
            (got < want, Told("hints.first_dip.slope", early=want - got)),
        ]
        said = Told("hints.first_dip.said", heard=note_name(hz_to_midi(YIN_SR / got)), a_note=_a(midi))
        judge(got, want, said, mistakes, otherwise=Told("hints.first_dip.bottom", want=want, got=got))
    noise = np.concatenate([[1.0], 0.6 + 0.3 * np.cos(np.arange(1, 200) / 9)])
    deepest = np.argmin(noise)
    if ask_number(answer, noise, 0.1, about=Told("hints.first_dip.noise")) != deepest:
        raise Hint(Told("hints.first_dip.deepest", deepest=deepest))
    return Told("hints.first_dip.known")


@exercise
def check_parabola(answer: Answer, rng: np.random.Generator) -> str:
    """``parabola(left, mid, right) -> shift``: where the parabola through three neighbours has its bottom."""
    for shift in (0.0, 0.25, *rng.uniform(-0.45, 0.45, 3)):
        values = rng.uniform(0.1, 2) * (np.array([-1, 0, 1]) - shift) ** 2 + 0.05
        about = Told("hints.parabola.case", shift=shift)
        got, want = ask_number(answer, *values.tolist(), about=about), parabola_shift(*values)
        mistakes = [
            (-want, Told("hints.parabola.side")),
            (2 * want, Told("hints.parabola.double")),
        ]
        said = Told("hints.parabola.said", about=about, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.parabola.formula"), within=1e-4)
    return Told("hints.parabola.known")


def _frame(midi):
    return note(midi, sr=YIN_SR, n=YIN_FRAME).astype(float)


def _a(midi):
    name = note_name(midi)
    return Told("hints.any.an_note" if name[0] in "AEF" else "hints.any.a_note", note=name)


def _difference(x):
    w = len(x) // 2
    return np.sum((x[:w] - np.lib.stride_tricks.sliding_window_view(x, w)[:w]) ** 2, axis=1)


def _cumulative_mean(d):
    return np.concatenate([[1.0], d[1:] * np.arange(1, len(d)) / np.cumsum(d[1:])])


def _first_dip(row, threshold):
    bottoms = np.flatnonzero((row[1:-1] < threshold) & (row[1:-1] < row[2:])) + 1
    return int(bottoms[0]) if len(bottoms) else int(np.argmin(row))


@exercise
def check_comb(answer: Answer, rng: np.random.Generator) -> str:
    """``comb(magnitude, bin_hz, f0_hz, n_harmonics) -> float``: the sum over n of ``|X(n f0)| / n``, by np.interp.

    ``magnitude`` and ``bin_hz`` are arrays of one length. Exact to six digits.
    """
    sr, n, teeth = 22050, 8192, np.arange(1, 9)
    bin_hz = np.arange(n // 2 + 1) * sr / n
    for midi in rng.integers(50, 70, 3).tolist():
        f0 = midi_to_hz(midi)
        magnitude = np.abs(np.fft.rfft(note(midi, sr=sr, n=n) * hann(n, sym=False))) * 4 / n
        read = np.interp(teeth * f0, bin_hz, magnitude)
        got, want = ask_number(answer, magnitude, bin_hz, f0, 8, about=_a(midi)), np.sum(read / teeth)
        mistakes = [
            (read.sum(), Told("hints.comb.unweighted", octave=note_name(midi - 12))),
            (np.sum(read[:-1] / teeth[:-1]), Told("hints.comb.missing")),
            (np.sum(np.interp(teeth * f0, bin_hz, magnitude**2) / teeth), Told("hints.comb.squares")),
        ]
        said = Told("hints.comb.said", a_note=_a(midi), hz=f0, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.comb.formula"), within=CLOSE * want)
    return Told("hints.comb.known")


@exercise
def check_inharmonicity(answer: Answer, rng: np.random.Generator) -> str:
    """``inharmonicity(n, hz) -> B`` from partials n and their Hz: f_n = n f0 sqrt(1 + B n^2), within 2 %."""
    for midi in (28, *rng.integers(30, 66, 2).tolist()):
        b, f0 = PIANOS["grand"].inharmonicity(midi), PIANOS["grand"].f0_hz(midi)
        n, about = (
            np.sort(rng.choice(np.arange(1, 17), 10, replace=False)),
            Told("hints.inharmonicity.case", note=note_name(midi)),
        )
        got = ask_number(answer, n, n * f0 * np.sqrt(1 + b * n**2), about=about)
        mistakes = [
            (abs(got / (b * f0**2) - 1) <= 0.02, Told("hints.inharmonicity.slope")),
            (abs(got / b - 0.5) <= 0.1, Told("hints.inharmonicity.half")),
            (got < 0, Told("hints.inharmonicity.negative")),
        ]
        said = Told("hints.inharmonicity.said", note=note_name(midi), want=b, got=got)
        judge(got, b, said, mistakes, otherwise=Told("hints.inharmonicity.fit"), within=0.02 * float(b))
    return Told("hints.inharmonicity.known")


@exercise
def check_window_lengths(answer: Answer, rng: np.random.Generator) -> str:
    """``window_lengths(fmin, n_bins, bins_per_octave, sr) -> (n_bins,)``: Q sr / f_k samples, Q = 1 / (2^(1/b) - 1).

    Within one sample (Brown, JASA 89, 1991, eq. 5); f_k = fmin 2^(k / b).
    """
    sr = 44100
    for fmin, b in ((32.703, 12), (float(midi_to_hz(int(rng.integers(21, 40)))), 36)):
        bins, q = np.arange(3 * b), 1 / (2 ** (1 / b) - 1)
        about = Told("hints.window_lengths.case", b=b, note=note_name(hz_to_midi(fmin)))
        got = ask_array(answer, fmin, len(bins), b, sr, about=about, shape=bins.shape)
        want = q * sr / (fmin * 2 ** (bins / b))
        mistakes = [
            (near(got * sr, want, 1.01), Told("hints.window_lengths.seconds")),
            (np.ptp(got) < 2, Told("hints.window_lengths.equal")),
            (q * sr / (fmin * 2 ** (bins / 12)), Told("hints.window_lengths.twelve", b=b)),
            (want / q, Told("hints.window_lengths.one_period", q=q)),
        ]
        said = Told("hints.window_lengths.said", about=about, want=want[0], got=got[0])
        judge(got, want, said, mistakes, otherwise=Told("hints.window_lengths.formula", q=q), within=1.01)
    return Told("hints.window_lengths.known")
