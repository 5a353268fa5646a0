"""The exercises of notebooks 04 and 05: the steps of YIN, a comb, the stiffness of a string, constant-Q windows."""

import numpy as np
from scipy.signal.windows import hann

from pianolab.dsp.peaks import parabola_shift
from pianolab.lessons.checks.grading import CLOSE, Answer, Hint, ask_array, ask_number, exercise, judge
from pianolab.lessons.playing import note
from pianolab.piano import PIANOS
from pianolab.units import hz_to_midi, midi_to_hz, note_name

YIN_SR = 22050
YIN_FRAME = 2048  # Two periods of every note from A1 up fit into so many samples at YIN_SR.


@exercise
def check_difference(answer: Answer, rng: np.random.Generator) -> str:
    """``difference(x) -> (W,)``, W = len(x) // 2: d(tau) = sum over j < W of (x[j] - x[j + tau])^2 (YIN, eq. 6)."""
    for midi in rng.integers(45, 70, 2).tolist():
        x = _frame(midi)[:400]
        w, about = len(x) // 2, f"{_a(midi)} of {len(x)} samples"
        got, want = ask_array(answer, x, about=about), _difference(x)
        if len(got) != w:
            raise Hint(f"{about}: {len(got)} lags came back; a lag can be at most half the frame, so 0 .. {w - 1}")
        shifted = np.lib.stride_tricks.sliding_window_view(x, w)[:w]
        product = f"at lag 0 the frame is compared with itself and d(0) = 0; yours is {got[0]:.3g} (a product?)"
        shorter = f"your sum gets shorter as the lag grows; YIN always compares W = {w} samples"
        mistakes = [
            (got[0] > 0.01 * want.max(), product),
            (np.sum(np.abs(x[:w] - shifted), axis=1), "the differences are squared before they are summed"),
            ([np.sum((x[: len(x) - lag] - x[lag:]) ** 2) for lag in range(w)], shorter),
            ([np.sum((x[: w - lag] - x[lag:w]) ** 2) for lag in range(w)], shorter),
            (want / w, "you took the mean; equation 6 is the sum"),
        ]
        lag = int(np.argmax(np.abs(got - want)))
        value = f"d({lag}) is {want[lag]:.3g} and yours {got[lag]:.3g}"
        judge(got, want, about, mistakes, otherwise=value, within=1e-5 * want.max())
    return "it is zero where the sound, shifted, matches itself"


@exercise
def check_cumulative_mean(answer: Answer, rng: np.random.Generator) -> str:
    """``cumulative_mean(d) -> (W,)``: d'(0) = 1, d'(tau) = d(tau) / mean of d(1) .. d(tau) (YIN, eq. 8)."""
    for midi in rng.integers(45, 70, 2).tolist():
        d, about = _difference(_frame(midi)), f"the d of {_a(midi)}"
        got, want = ask_array(answer, d, about=about, shape=d.shape), _cumulative_mean(d)
        lags, total = np.arange(1, len(d)), np.cumsum(d[1:])
        first, rest = got[:1], got[1:]
        one = f"d'(0) is set to 1, so that lag 0 is never taken for a period; yours is {got[0]:.2f}"
        flat = "one number for all lags does not lift the short ones; the mean grows with tau"
        mistakes = [
            (np.concatenate([first, want[1:]]), one),
            (
                np.concatenate([first, d[1:] * (lags + 1) / total]),
                f"d'(1) is {rest[0]:.2f} and not 1: the mean goes over lags 1 to tau, without lag 0",
            ),
            (np.concatenate([first, d[1:] / total]), "you divided by the sum; divide by the mean, the sum / tau"),
            (d / d.max(), flat),
            (d / d.mean(), flat),
        ]
        judge(got, want, about, mistakes, otherwise=f"d'(10) is {want[10]:.3f} and yours {got[10]:.3f}", within=1e-4)
    return "short lags are lifted to 1, so the first dip is no longer lag 0"


@exercise
def check_first_dip(answer: Answer, rng: np.random.Generator) -> str:
    """``first_dip(d_prime, threshold) -> lag``: bottom of the first dip below the threshold (YIN, step 4).

    Where no dip is below it, the deepest. Lags are samples at 22050 Hz; the exact lag is asked, on rendered notes.
    """
    for midi in [36, 66, *rng.integers(40, 80, 3).tolist()]:
        row = _cumulative_mean(_difference(_frame(midi)))
        got, want = ask_number(answer, row, 0.1, about=_a(midi)), _first_dip(row, 0.1)
        if not 1 <= got < len(row):
            raise Hint(f"for {_a(midi)} you say lag {got:.0f}: a period lies between 1 and {len(row) - 1} samples")
        times, depth = got / want, row[int(got)]
        several = f"the dip you chose is at {round(times)} times the period, perhaps the deepest one"
        mistakes = [
            (times > 1.7 and abs(times - round(times)) < 0.1, f"{several}; take the first below 0.1"),
            (got < want and depth >= 0.1, f"the dip at lag {got:.0f} is only {depth:.2f} deep; the threshold is 0.1"),
            (got < want, f"{want - got:.0f} samples too early: you stopped on the slope; go on while it still falls"),
        ]
        bottom = f"the first dip below 0.1 has its bottom at lag {want}, yours is at {got:.0f}"
        said = f"your YIN says {note_name(hz_to_midi(YIN_SR / got))} for {_a(midi)}"
        judge(got, want, said, mistakes, otherwise=bottom)
    noise = np.concatenate([[1.0], 0.6 + 0.3 * np.cos(np.arange(1, 200) / 9)])
    deepest = np.argmin(noise)
    if ask_number(answer, noise, 0.1, about="a noise") != deepest:
        raise Hint(f"in a noise no dip reaches the threshold: then the deepest one is taken, here lag {deepest}")
    return "the first dip that is deep enough is the period; later ones are two or three periods"


@exercise
def check_parabola(answer: Answer, rng: np.random.Generator) -> str:
    """``parabola(left, mid, right) -> shift``: where the parabola through three neighbours has its bottom."""
    for shift in (0.0, 0.25, *rng.uniform(-0.45, 0.45, 3)):
        values = rng.uniform(0.1, 2) * (np.array([-1, 0, 1]) - shift) ** 2 + 0.05
        about = f"a dip {shift:+.2f} samples from the middle"
        got, want = ask_number(answer, *values.tolist(), about=about), parabola_shift(*values)
        mistakes = [
            (-want, "the wrong side; the bottom lies towards the smaller neighbour"),
            (2 * want, "twice as far: there is a factor 1/2 in the formula"),
        ]
        formula = "(left - right) / (2 (left - 2 mid + right))"
        judge(got, want, f"{about}: you say {got:+.2f}", mistakes, otherwise=formula, within=1e-4)
    return "a period is known to a part of a sample: at C7 that is the difference between right and half a semitone off"


def _frame(midi):
    return note(midi, sr=YIN_SR, n=YIN_FRAME).astype(float)


def _a(midi):
    name = note_name(midi)
    return f"{'an' if name[0] in 'AEF' else 'a'} {name}"


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
        octave = note_name(midi - 12)
        mistakes = [
            (read.sum(), f"without the weight 1 / n the key an octave below, {octave}, collects as much"),
            (np.sum(read[:-1] / teeth[:-1]), "one harmonic is missing; np.arange(1, n_harmonics + 1)"),
            (
                np.sum(np.interp(teeth * f0, bin_hz, magnitude**2) / teeth),
                "sum the magnitudes, not their squares",
            ),
        ]
        said = f"for {_a(midi)} the comb on {f0:.1f} Hz gives {want:.4f} and yours {got:.4f}"
        formula = "read the spectrum at f0, 2 f0, ... 8 f0 and weight them 1, 1/2, ... 1/8"
        judge(got, want, said, mistakes, otherwise=formula, within=CLOSE * want)
    return "each key gets a strength from its own harmonics"


@exercise
def check_inharmonicity(answer: Answer, rng: np.random.Generator) -> str:
    """``inharmonicity(n, hz) -> B`` from partials n and their Hz: f_n = n f0 sqrt(1 + B n^2), within 2 %."""
    for midi in (28, *rng.integers(30, 66, 2).tolist()):
        b, f0 = PIANOS["grand"].inharmonicity(midi), PIANOS["grand"].f0_hz(midi)
        n = np.sort(rng.choice(np.arange(1, 17), 10, replace=False))
        got = ask_number(answer, n, n * f0 * np.sqrt(1 + b * n**2), about=f"the partials of {note_name(midi)}")
        slope = "(f_n / n)^2 = f0^2 + f0^2 B n^2, so divide the slope by f0^2, the value at n = 0"
        mistakes = [
            (abs(got / (b * f0**2) - 1) <= 0.02, slope),
            (abs(got / b - 0.5) <= 0.1, "half: you fitted f_n / n; the straight line is (f_n / n)^2 over n^2"),
            (got < 0, "upper partials are sharp, not flat; is n^2 on the horizontal axis?"),
        ]
        said = f"the string of {note_name(midi)} has B = {b:.2e} and you say {got:.2e}"
        fit = "fit a straight line to (f_n / n)^2 over n^2; B is slope / value at 0"
        judge(got, b, said, mistakes, otherwise=fit, within=0.02 * float(b))
    return "a few cents of stretch tell how stiff a string is"


@exercise
def check_window_lengths(answer: Answer, rng: np.random.Generator) -> str:
    """``window_lengths(fmin, n_bins, bins_per_octave, sr) -> (n_bins,)``: Q sr / f_k samples, Q = 1 / (2^(1/b) - 1).

    Within one sample (Brown, JASA 89, 1991, eq. 5); f_k = fmin 2^(k / b).
    """
    sr = 44100
    for fmin, b in ((32.703, 12), (float(midi_to_hz(int(rng.integers(21, 40)))), 36)):
        bins, q = np.arange(3 * b), 1 / (2 ** (1 / b) - 1)
        about = f"{b} bins an octave from {note_name(hz_to_midi(fmin))}"
        got = ask_array(answer, fmin, len(bins), b, sr, about=about, shape=bins.shape)
        want = q * sr / (fmin * 2 ** (bins / b))
        mistakes = [
            (np.ptp(got) < 2, "your windows are all equally long; each octave up halves them"),
            (q * sr / (fmin * 2 ** (bins / 12)), f"bin k lies k / {b} octaves above fmin, not k / 12"),
            (want / q, f"one period each; a window holds Q = {q:.1f} periods"),
        ]
        said = f"{about}: the first window has {want[0]:.0f} samples and yours {got[0]:.0f}"
        judge(got, want, said, mistakes, otherwise=f"Q sr / f_k with Q = {q:.1f}", within=1.01)
    return "every window holds the same number of periods: Q"
