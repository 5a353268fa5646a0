"""The exercises of the notebooks: each check tries a student's function on fresh sounds and answers with a hint.

``check_level_db(level_db)`` returns a Result that reads "✓ level_db: ..." or "✗ level_db: ..." with what went wrong,
told by the sound of the failing case: which note was played, what the answer made of it, and where to look. Every
docstring gives the function a student is to write, its units and how near is near enough. Sounds are rendered when the
check is called, from ``seed``; nothing is remembered and nothing leaves the machine, so a teacher can use the checks
in a course of their own.
"""

import numpy as np
from scipy.signal.windows import hann

from pianolab.lessons.checks.grading import Hint, ask, ask_array, ask_number, exercise
from pianolab.lessons.checks.network import (
    check_best_step,
    check_causal,
    check_cross_entropy,
    check_n_parameters,
    check_piano_roll,
)
from pianolab.lessons.checks.polyphony import check_divergence, check_harmonic_stack, check_struck, check_update
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.units import cents_between, hz_to_midi, midi_to_hz, note_name, parse_note

__all__ = [
    "check_melody",
    "check_octave_up",
    "check_seconds",
    "check_alike",
    "check_best_step",
    "check_causal",
    "check_comb",
    "check_confirm",
    "check_cross_entropy",
    "check_cumulative_mean",
    "check_difference",
    "check_divergence",
    "check_first_dip",
    "check_frame_length",
    "check_hann",
    "check_harmonic_stack",
    "check_heard_hz",
    "check_hits",
    "check_inharmonicity",
    "check_level_db",
    "check_mel",
    "check_mel_edges",
    "check_mfcc",
    "check_n_parameters",
    "check_name_of",
    "check_parabola",
    "check_peak_hz",
    "check_piano_roll",
    "check_precision_recall",
    "check_quantise",
    "check_sine",
    "check_strength_at",
    "check_struck",
    "check_update",
    "check_window_lengths",
]

CLOSE = 1e-6  # of values that a formula gives exactly
YIN_SR = 22050
YIN_FRAME = 2048  # holds two periods of every note from A1 up at YIN_SR


def _note(midi, *, sr, n, piano="grand", velocity=80, start_s=0.1):
    """n samples of a freshly rendered note, from shortly after its onset."""
    seconds = start_s + n / sr + 0.01
    y = render(Notes([0.0], [seconds], [midi], [velocity]), sr=sr, piano=piano, tail_s=0.0)
    start = int(start_s * sr)
    return y[start : start + n].astype(float)


def _tone(hz, n, sr, phase=0.0):
    return np.sin(2 * np.pi * hz * np.arange(n) / sr + phase)


def _a(name):
    return f"{'an' if name[0] in 'AEF' else 'a'} {name}"


def _near(got, want, tolerance=CLOSE):
    got, want = np.asarray(got), np.asarray(want)
    return got.shape == want.shape and bool(np.all(np.abs(got - want) <= tolerance))


def _strongest_hz(y, sr):
    magnitude = np.abs(np.fft.rfft(y * np.hanning(len(y)), 8 * len(y)))
    return float(np.argmax(magnitude) * sr / (8 * len(y)))


# -------------------------------------------------------------------------------------------- 00 start here


@exercise
def check_octave_up(answer, rng):
    """``octave_up(hz) -> Hz``: the frequency of the key an octave higher."""
    for midi in rng.integers(21, 96, 4).tolist():
        hz = midi_to_hz(midi)
        got = ask_number(answer, hz, about=note_name(midi))
        if abs(got - 2 * hz) <= CLOSE * hz:
            continue
        said = f"{note_name(midi)} has {hz:.1f} Hz and you say {got:.1f} Hz for {note_name(midi + 12)}"
        if abs(got - hz - 12) < CLOSE * hz:
            raise Hint(f"{said}: twelve keys higher is not 12 Hz higher; compare A4, 440 Hz, and A5, 880 Hz")
        raise Hint(f"{said}: A4 has 440 Hz and A5 has 880 Hz")
    return "an octave up is twice the frequency, everywhere on the keyboard"


@exercise
def check_seconds(answer, rng):
    """``seconds(n_samples, sr) -> s``: how long a recording of n samples lasts at sr samples a second."""
    for sr in (44100, 48000, 8000):
        n = int(rng.integers(2 * sr, 9 * sr))
        got = ask_number(answer, n, sr, about=f"{n} samples at {sr} Hz")
        if abs(got - n / sr) <= CLOSE * n:
            continue
        said = f"{n} samples at {sr} Hz last {n / sr:.3f} s and you say {got:.3f} s"
        if abs(got - n / 44100) <= 1e-3:
            raise Hint(f"{said}: not every recording has 44100 samples a second; use sr")
        raise Hint(f"{said}: sr samples make one second")
    return "a number of samples is a time only together with its rate"


def _melody(rng):
    """A rendered melody that the package hears right: the exercise asks for a call, not for a better detector."""
    for _ in range(20):
        midis = rng.choice(np.arange(55, 77), int(rng.integers(3, 6)), replace=False)
        onset = 0.2 + 0.5 * np.arange(len(midis))
        y = render(Notes(onset, onset + 0.45, midis, np.full(len(midis), 80)), sr=22050, tail_s=0.3)
        names = [note_name(m) for m in midis]
        if transcribe(y, sr=22050).names == names:
            break
    return y, names


@exercise
def check_melody(answer, rng):
    """``melody(y, sr) -> list of names``: the keys played in y in order, such as ['C4', 'E4']; see transcribe."""
    for _ in range(3):
        y, want = _melody(rng)
        about = f"a melody of {len(want)} notes"
        got = ask(answer, y, 22050, about=about)
        names = [str(name) for name in got] if isinstance(got, list | tuple) else []
        if names == want:
            continue
        if len(names) == 0:
            raise Hint(f"for {about} a list of names was expected; transcribe(y, sr=sr).names is one")
        heard = " ".join(names[:8])
        if sorted(names) == sorted(want):
            raise Hint(f"you heard {heard}, and {' '.join(want)} was played: the right keys in another order")
        raise Hint(f"you heard {heard[:60]}, and {' '.join(want)} was played")
    return "three melodies nobody had played before, every note right"


# ------------------------------------------------------------------------------------- 01 sound and sampling


@exercise
def check_sine(answer, rng):
    """``sine(hz, seconds, sr) -> (n,)``: sin(2 pi f t) at t = 0, 1/sr, 2/sr, ...; n = round(seconds sr)."""
    for hz, sr in ((440.0, 8000), (round(rng.uniform(100, 1500)), 22050)):
        about = f"{hz:.0f} Hz, 0.25 s, sr = {sr}"
        n = round(0.25 * sr)
        got = ask_array(answer, hz, 0.25, sr, about=about)
        if len(got) == n + 1:
            raise Hint(f"{n + 1} samples where a quarter second at {sr} Hz has {n}: np.linspace counts the end too")
        if len(got) != n:
            raise Hint(f"{len(got)} samples where a quarter second at {sr} Hz has {n}: use np.arange({n}) / sr")
        if _near(got, _tone(hz, n, sr)):
            continue
        heard = _strongest_hz(got - got.mean(), sr)
        if abs(heard * 2 * np.pi - hz) < 0.02 * hz + 4:
            raise Hint(f"your {hz:.0f} Hz sounds at about {hz / 2 / np.pi:.0f} Hz: a full turn is 2 pi, not 1")
        if abs(heard - hz) > 0.01 * hz + 4:
            raise Hint(f"your {hz:.0f} Hz sounds at {heard:.0f} Hz: is time in seconds, samples / sr?")
        if abs(got[0]) > 0.5:
            raise Hint(f"your wave begins at {got[0]:.1f}, at its crest: a sine begins at 0, a cosine at 1")
        raise Hint(
            f"the pitch is right; amplitude or phase is not: your peak is {np.max(np.abs(got)):.2f}, a sine's is 1"
        )
    return "the pitch, the number of samples and the starting phase are right"


@exercise
def check_level_db(answer, rng):
    """``level_db(y) -> float``: 20 log10 of the root of the mean square, within 0.05 dB."""
    sounds = [(f"a sine of peak {peak:.2f}", peak * _tone(440, 4410, 44100)) for peak in (1.0, rng.uniform(0.05, 0.5))]
    midi = int(rng.integers(50, 70))
    sounds += [("a square wave of full scale", np.where(_tone(100, 4410, 44100) >= 0, 1.0, -1.0))]
    sounds += [(f"a rendered {note_name(midi)}", _note(midi, sr=22050, n=4410))]
    for about, y in sounds:
        got = ask_number(answer, y, about=about)
        want = 10 * np.log10(np.mean(y**2))
        if abs(got - want) <= 0.05:
            continue
        said = f"for {about} you say {got:.1f} dB and it is {want:.1f} dB"
        if abs(got - 20 * np.log10(np.max(np.abs(y)))) <= 0.05:
            raise Hint(f"{said}: you took the peak; the level is that of the root mean square")
        if abs(got - want / 2) <= 0.05 and abs(want) > 0.2:
            raise Hint(f"{said}, twice as much: an amplitude goes with 20 log10, a power with 10 log10")
        if abs(got - 2 * want) <= 0.05 and abs(want) > 0.2:
            raise Hint(f"{said}, half as much: the mean square is a power already, 10 log10; or take its root first")
        if abs(got - 20 * np.log10(np.mean(np.abs(y)))) <= 0.05:
            raise Hint(f"{said}: you averaged |y|; square first, then average, then take the root")
        raise Hint(f"{said}: square, average, root, then 20 log10")
    return "a full-scale sine has -3.0 dB, a full-scale square wave 0.0 dB"


@exercise
def check_name_of(answer, rng):
    """``name_of(hz) -> str``: name of the nearest key, such as 'A4' (440 Hz) or 'C#4'; flats are right too."""
    midis = [69, 60, 59, *rng.integers(24, 105, 6).tolist()]
    off = [0, 0, 0, *rng.uniform(-40, 40, 6)]
    for midi, cents in zip(midis, off, strict=True):
        hz = midi_to_hz(midi + cents / 100)
        right = note_name(midi)
        about = f"{hz:.1f} Hz"
        got = ask(answer, hz, about=about)
        try:
            named = parse_note(got)
        except ValueError:
            said = " ".join(str(got).split())[:20]
            raise Hint(f"for {about} you say {said}, which is not a note name like {right}") from None
        if named == midi:
            continue
        said = f"{about} is {right} ({cents:+.0f} cents) and you say {got}"
        if named == midi - 1 and cents < 0:
            raise Hint(f"{said}: int() cuts off; round to the nearest key")
        if abs(named - midi) == 12:
            raise Hint(f"{said}: the octave number changes between B and C, and MIDI 60 is C4")
        raise Hint(f"{said}: how many semitones lie between it and A4 = 440 Hz? 12 log2(f / 440)")
    return "you name every key, also when the piano is 40 cents out of tune"


@exercise
def check_heard_hz(answer, rng):
    """``heard_hz(hz, sr) -> Hz``: the frequency at which a sampled sine of ``hz`` sounds, within 0.1 Hz."""
    sr = 8000
    folded = [rng.uniform(lo, hi) for lo, hi in ((500, 3500), (4500, 7500), (8500, 11500), (12500, 15500))]
    for hz in [*np.round(folded), 8000.0]:
        want = abs(hz - sr * np.round(hz / sr))
        got = ask_number(answer, hz, sr, about=f"{hz:.0f} Hz at sr = {sr}")
        if abs(got - want) <= 0.1:
            continue
        said = f"a sine of {hz:.0f} Hz sampled at {sr} Hz sounds at {want:.0f} Hz and you say {got:.0f} Hz"
        if hz < sr / 2:
            raise Hint(f"{said}: below half the rate nothing changes")
        if got < 0:
            raise Hint(f"{said}: a sine of negative frequency is heard at the positive one")
        if got > sr / 2:
            raise Hint(
                f"{said}: nothing sounds above half the rate, {sr / 2:.0f} Hz; "
                f"how far is it from the nearest multiple of {sr}?"
            )
        raise Hint(f"{said}: count from the nearest multiple of {sr}, which is {sr * np.round(hz / sr):.0f} Hz")
    return "every tone is folded into 0 .. sr / 2"


@exercise
def check_quantise(answer, rng):
    """``quantise(y, bits) -> (n,)``: each sample moved to the nearest multiple of 1 / 2**(bits - 1)."""
    for bits in (3, int(rng.integers(5, 9)), 16):
        y = rng.uniform(-0.85, 0.85, 500)
        step = 1 / 2 ** (bits - 1)
        got = ask_array(answer, y, bits, about=f"{bits} bits", shape=y.shape)
        worst = np.max(np.abs(got - y)) / step
        if _near(got, np.round(y / step) * step, 1e-9):
            continue
        if _near(got, y, 1e-12):
            raise Hint(f"with {bits} bits nothing was rounded: scale by {1 / step:.0f}, round, scale back")
        if _near(got, np.round(y / step)):
            raise Hint(f"your samples reach {np.max(np.abs(got)):.0f}: after rounding, divide by {1 / step:.0f} again")
        if _near(got, np.round(y * 2**bits) / 2**bits):
            raise Hint(f"your steps are half as large as {bits} bits allow: -1 to 1 is two units wide")
        if worst > 0.55:
            raise Hint(
                f"with {bits} bits a sample moved by {worst:.2f} steps: the nearest one is at most half a step away"
            )
        raise Hint(f"with {bits} bits a sample lies between the steps of 1 / {1 / step:.0f}")
    return "the error is never more than half a step, and each bit more halves it: 6 dB"


# ----------------------------------------------------------------------------------------- 02 Fourier and STFT


@exercise
def check_strength_at(answer, rng):
    """``strength_at(y, hz, sr) -> float``: amplitude of the ``hz`` sinusoid in y at any phase, within 0.01."""
    n = sr = 8000
    for phase in (0.0, np.pi / 2, rng.uniform(0.5, 1.0)):
        hz, other = np.sort(rng.choice(np.arange(200, 2000, 10), 2, replace=False))
        amplitude = rng.uniform(0.2, 0.8)
        y = amplitude * _tone(hz, n, sr, phase) + 0.3 * _tone(other, n, sr, 1.0)
        about = f"a sine of {hz} Hz, amplitude {amplitude:.2f}, phase {np.degrees(phase):.0f} degrees"
        got = ask_number(answer, y, float(hz), sr, about=about)
        if abs(got - amplitude) <= 0.01:
            continue
        said = f"for {about} you say {got:.2f}"
        if abs(got - amplitude * np.cos(phase)) <= 0.01 or abs(got - amplitude * np.sin(phase)) <= 0.01:
            raise Hint(f"{said}: correlate with the cosine as well as the sine and take the root of the sum of squares")
        if abs(got - amplitude / 2) <= 0.01:
            raise Hint(f"{said}, half of it: the mean of sin^2 is one half, so multiply by 2")
        if abs(got - amplitude * n / 2) <= 0.01 * n:
            raise Hint(f"{said}: a sum grows with the length; multiply by 2 / n")
        if abs(got - amplitude**2) <= 0.01:
            raise Hint(f"{said}, the square of it: take the root")
        raise Hint(f"{said}: multiply with sine and cosine of that frequency, sum, and scale by 2 / n")
    return "the strength does not depend on the phase: that is why the transform is complex"


@exercise
def check_peak_hz(answer, rng):
    """``peak_hz(y, sr) -> Hz``: frequency of the strongest partial of 4096 samples, within 2 cents above C4."""
    sr, n = 44100, 4096
    for midi in rng.uniform(62, 90, 6):
        hz = midi_to_hz(midi)
        y = sum(0.5**k * _tone(k * hz, n, sr, rng.uniform(0, 6)) for k in (1, 2, 3))
        got = ask_number(answer, y, sr, about=f"a tone of {hz:.1f} Hz")
        if got <= 0:
            raise Hint(
                f"for a tone of {hz:.1f} Hz you say {got:.1f} Hz: leave out bin 0, which is the mean of the samples"
            )
        cents = cents_between(got, hz)
        if abs(cents) <= 2:
            continue
        said = f"a tone of {hz:.1f} Hz: you say {got:.1f} Hz, {cents:+.0f} cents off"
        bins = got * n / sr
        if abs(cents) < 150 and abs(bins - round(bins)) < 1e-6:
            raise Hint(
                f"{said}: that is the nearest bin, {round(bins)} x {sr / n:.2f} Hz; lay a parabola through the peak"
            )
        if abs(cents - 1200) < 100 or abs(cents + 1200) < 100:
            raise Hint(f"{said}, an octave: check that bin k lies at k sr / n")
        if abs(cents) < 150:
            raise Hint(f"{said}: use a Hann window and lay the parabola through the levels in dB, not the amplitudes")
        raise Hint(f"{said}: bin k lies at k sr / n = k x {sr / n:.2f} Hz")
    return "within 2 cents, from bins that are 10.8 Hz apart"


@exercise
def check_frame_length(answer, rng):
    """``frame_length(low_hz, high_hz, sr) -> samples``: enough for a Hann window to part two tones, not 3 x longer."""
    sr = 11025
    for low in (33, int(rng.integers(40, 60)), 69):
        f1, f2 = midi_to_hz(low), midi_to_hz(low + 1)
        pair = f"{note_name(low)} and {note_name(low + 1)}, {f2 - f1:.1f} Hz apart"
        n = round(ask_number(answer, f1, f2, sr, about=pair))
        if n < 8:
            raise Hint(f"for {pair} you say {n} samples: a frame of {1 / (f2 - f1):.2f} s has {sr / (f2 - f1):.0f}")
        if n > 12 * sr / (f2 - f1):
            raise Hint(f"for {pair}, {n} samples are {n / sr:.1f} s, longer than needed: 4 bins of sr / n are enough")
        if _valley_db(f1, f2, n, sr) < 3:
            raise Hint(
                f"for {pair}, {n} samples give bins of {sr / n:.1f} Hz: the two hills of a Hann window melt into one"
            )
    return "a semitone needs 4 sr / (difference) samples: 1.2 s at A1, 0.15 s at A4"


def _valley_db(f1, f2, n, sr):
    """How far the spectrum of two equal tones falls between them, dB, at the worst of four phases."""
    depths = []
    for phase in (0.0, 0.5 * np.pi, np.pi, 1.5 * np.pi):
        y = (_tone(f1, n, sr) + _tone(f2, n, sr, phase)) * np.hanning(n)
        hz = np.linspace(f1, f2, 33)
        level = np.abs(np.exp(-2j * np.pi * hz[:, None] * np.arange(n) / sr) @ y)
        depths.append(20 * np.log10(min(level[0], level[-1]) / max(level.min(), 1e-12)))
    return min(depths)


@exercise
def check_hann(answer, rng):
    """``hann(n) -> (n,)``: periodic Hann window, 0.5 - 0.5 cos(2 pi m / n) for m = 0..n - 1."""
    for n in (8, 2 * int(rng.integers(20, 200))):
        got, want = ask_array(answer, n, about=f"n = {n}", shape=(n,)), hann(n, sym=False)
        if _near(got, want):
            continue
        overlap = got[: n // 2] + got[n // 2 :]
        if _near(got, hann(n)):
            raise Hint(
                f"at half overlap your windows of {n} add up to {overlap.min():.3f} .. {overlap.max():.3f} and not to "
                "1: the last sample must not be 0 again; divide by n, not n - 1"
            )
        if _near(got, 1 - want):
            raise Hint("your window is 1 at the ends and 0 in the middle: the cosine is subtracted")
        if _near(got, 2 * want):
            raise Hint("your window reaches 2: take half of 1 - cos")
        raise Hint(
            f"your window of {n} begins {got[0]:.2f}, {got[1]:.2f}, ... and a Hann window 0.00, {want[1]:.2f}, ..."
        )
    return "windows half a frame apart add up to exactly 1: nothing is lost on the way back"


# --------------------------------------------------------------------------------------------- 03 mel and MFCC


def _mel(hz):
    return 2595 * np.log10(1 + np.asarray(hz, dtype=float) / 700)


@exercise
def check_mel(answer, rng):
    """``mel(hz) -> mel``: 2595 log10(1 + f / 700), within 0.1 mel."""
    for hz in (1000.0, *np.round(rng.uniform(50, 8000, 4))):
        got, want = ask_number(answer, hz, about=f"{hz:.0f} Hz"), float(_mel(hz))
        if abs(got - want) <= 0.1:
            continue
        said = f"{hz:.0f} Hz is {want:.0f} mel and you say {got:.0f}"
        if abs(got - 2595 * np.log(1 + hz / 700)) <= 0.1:
            raise Hint(f"{said}: np.log is the natural logarithm; 2595 goes with np.log10")
        if abs(got - 2595 * np.log10(hz / 700)) <= 0.1:
            raise Hint(f"{said}: the 1 + inside the logarithm makes 0 Hz 0 mel")
        if abs(got - 700 * (10 ** (hz / 2595) - 1)) <= 0.1:
            raise Hint(f"{said}: that is the way back, from mel to Hz")
        raise Hint(f"{said}: 2595 log10(1 + f / 700)")
    return "1000 Hz is 1000 mel, and an octave up there is far more mel than an octave in the bass"


@exercise
def check_mel_edges(answer, rng):
    """``mel_edges(n_mels, low_hz, high_hz) -> (n_mels + 2,)`` Hz: edges equally spaced in mel, within 0.5 Hz."""
    for n_mels, high in ((4, 4000.0), (int(rng.integers(10, 40)), 8000.0)):
        about = f"{n_mels} bands up to {high:.0f} Hz"
        got = ask_array(answer, n_mels, 0.0, high, about=about)
        want = 700 * (10 ** (np.linspace(0, _mel(high), n_mels + 2) / 2595) - 1)
        if len(got) == n_mels:
            raise Hint(f"{about}: {n_mels} triangles need {n_mels + 2} points; each stands on its neighbours' peaks")
        if len(got) != n_mels + 2:
            raise Hint(f"{about}: {len(got)} points came back where {n_mels + 2} were expected")
        if _near(got, want, 0.5):
            continue
        if _near(got, np.linspace(0, high, n_mels + 2), 0.5):
            raise Hint(
                f"{about}: your edges are equally far apart in Hz; space them equally in mel, then go back to Hz"
            )
        if _near(got, np.linspace(0, _mel(high), n_mels + 2), 0.5):
            raise Hint(f"{about}: your edges are still in mel: f = 700 (10^(m / 2595) - 1)")
        i = int(np.argmax(np.abs(got - want)))
        raise Hint(f"{about}: edge {i} lies at {want[i]:.0f} Hz and yours at {got[i]:.0f} Hz")
    return "narrow bands in the bass, wide ones above, as the ear has them"


@exercise
def check_mfcc(answer, rng):
    """``mfcc(mel_power, n_mfcc) -> (n_mfcc,)``: orthonormal DCT-II of 10 log10 of the band powers, within 0.01."""
    from scipy.fft import dct

    for n_mels, n_mfcc in ((20, 20), (40, 13)):
        power = 10 ** rng.uniform(-6, 0, n_mels)
        level = 10 * np.log10(power)
        got = ask_array(answer, power, n_mfcc, about=f"{n_mels} bands, {n_mfcc} coefficients")
        want = dct(level, norm="ortho")[:n_mfcc]
        if len(got) == n_mels != n_mfcc:
            raise Hint(f"{n_mels} coefficients came back: keep the first {n_mfcc}, the coarse shape")
        if _near(got, want, 0.01):
            continue
        if _near(got, dct(power, norm="ortho")[:n_mfcc], 0.01):
            raise Hint("you transformed the powers themselves: take 10 log10 first, as the ear does")
        if _near(got, dct(level)[:n_mfcc], 0.01):
            raise Hint(f"coefficient 0 is {got[0]:.0f} where {want[0]:.0f} was expected: norm='ortho' keeps the energy")
        if _near(got, want / 10, 0.01) or _near(got, want / 10 * np.log(10), 0.02) or _near(got, 2 * want, 0.01):
            raise Hint("the shape is right and the scale is not: a power in dB is 10 log10")
        raise Hint(f"coefficient 1 is {got[1] if len(got) > 1 else np.nan:.2f} where {want[1]:.2f} was expected")
    return "a louder sound moves coefficient 0 only; the others hold the shape"


@exercise
def check_alike(answer, rng):
    """``alike(a, b) -> float``: a distance of two MFCC vectors; the same piano louder is nearer than another piano."""
    import librosa

    def mfcc_of(midi, piano, gain=1.0):
        y = gain * _note(midi, sr=22050, n=8192, piano=piano).astype(np.float32)
        return librosa.feature.mfcc(y=y, sr=22050, n_mfcc=20, n_mels=64, htk=True).mean(axis=1)

    for midi in rng.integers(52, 68, 2).tolist():
        one, louder, other = mfcc_of(midi, "grand"), mfcc_of(midi, "grand", 4.0), mfcc_of(midi, "bright")
        same = ask_number(answer, one, one, about="a sound and itself")
        if abs(same) > 1e-6:
            raise Hint(f"a sound and itself are {same:.2f} apart for you: a distance to itself is 0")
        near = ask_number(answer, one, louder, about="a note and the same one 12 dB louder")
        far = ask_number(answer, one, other, about="two pianos")
        if near < 0 or far < 0:
            raise Hint(f"{min(near, far):.1f} is no distance: square the differences, or take their absolute values")
        if near >= 0.5 * far:
            raise Hint(
                f"{note_name(midi)} of the grand and itself 12 dB louder are {near:.0f} apart, the grand and the "
                f"bright piano {far:.0f}: coefficient 0 is the loudness; leave it out"
            )
    return "without coefficient 0 the colour of the sound remains"


# ---------------------------------------------------------------------------------------------------- 04 YIN


def _yin_frame(midi):
    return _note(midi, sr=YIN_SR, n=YIN_FRAME)


def _difference(x):
    w = len(x) // 2
    return np.sum((x[:w] - np.lib.stride_tricks.sliding_window_view(x, w)[:w]) ** 2, axis=1)


def _cumulative_mean(d):
    return np.concatenate([[1.0], d[1:] * np.arange(1, len(d)) / np.cumsum(d[1:])])


def _first_dip(row, threshold):
    for tau in range(1, len(row) - 1):
        if row[tau] < threshold and row[tau] < row[tau + 1]:
            return tau
    return int(np.argmin(row))


@exercise
def check_difference(answer, rng):
    """``difference(x) -> (W,)``, W = len(x) // 2: d(tau) = sum over j < W of (x[j] - x[j + tau])^2 (YIN, eq. 6)."""
    for midi in rng.integers(45, 70, 2).tolist():
        x = _yin_frame(midi)[:400]
        w = len(x) // 2
        about = f"{_a(note_name(midi))} of {len(x)} samples"
        got = ask_array(answer, x, about=about)
        if len(got) != w:
            raise Hint(f"{about}: {len(got)} lags came back; a lag can be at most half the frame, so 0 .. {w - 1}")
        shifted, want = np.lib.stride_tricks.sliding_window_view(x, w)[:w], _difference(x)
        if _near(got, want, 1e-5 * want.max()):
            continue
        if got[0] > 0.01 * want.max():
            raise Hint(
                f"{about}: at lag 0 the frame is compared with itself and d(0) = 0; yours is {got[0]:.3g} (a product?)"
            )
        if _near(got, np.sum(np.abs(x[:w] - shifted), axis=1), 1e-5 * want.max()):
            raise Hint(f"{about}: the differences are squared before they are summed")
        shrinking = np.array([np.sum((x[: len(x) - t] - x[t:]) ** 2) for t in range(w)])
        within = np.array([np.sum((x[: w - t] - x[t:w]) ** 2) for t in range(w)])
        if _near(got, shrinking, 1e-5 * want.max()) or _near(got, within, 1e-5 * want.max()):
            raise Hint(f"{about}: your sum gets shorter as the lag grows; YIN always compares W = {w} samples")
        if _near(got, want / w, 1e-5 * want.max()):
            raise Hint(f"{about}: you took the mean; equation 6 is the sum")
        t = int(np.argmax(np.abs(got - want)))
        raise Hint(f"{about}: d({t}) is {want[t]:.3g} and yours {got[t]:.3g}")
    return "it is zero where the sound, shifted, matches itself"


@exercise
def check_cumulative_mean(answer, rng):
    """``cumulative_mean(d) -> (W,)``: d'(0) = 1, d'(tau) = d(tau) / mean of d(1) .. d(tau) (YIN, eq. 8)."""
    for midi in rng.integers(45, 70, 2).tolist():
        about = f"the d of {_a(note_name(midi))}"
        d = _difference(_yin_frame(midi))
        got = ask_array(answer, d, about=about, shape=d.shape)
        tau, want = np.arange(1, len(d)), _cumulative_mean(d)
        if _near(got, want, 1e-4):
            continue
        if _near(got[1:], want[1:], 1e-4):
            raise Hint(f"{about}: d'(0) is set to 1, so that lag 0 is never taken for a period; yours is {got[0]:.2f}")
        if _near(got[1:], d[1:] * (tau + 1) / np.cumsum(d[1:]), 1e-4):
            raise Hint(f"{about}: d'(1) is {got[1]:.2f} and not 1: the mean goes over lags 1 to tau, without lag 0")
        if _near(got[1:], d[1:] / np.cumsum(d[1:]), 1e-4):
            raise Hint(f"{about}: you divided by the sum; divide by the mean, the sum / tau")
        if _near(got, d / d.max(), 1e-4) or _near(got, d / d.mean(), 1e-4):
            raise Hint(f"{about}: one number for all lags does not lift the short ones; the mean grows with tau")
        raise Hint(f"{about}: d'(10) is {want[10]:.3f} and yours {got[10]:.3f}")
    return "short lags are lifted to 1, so the first dip is no longer lag 0"


@exercise
def check_first_dip(answer, rng):
    """``first_dip(d_prime, threshold) -> lag``: bottom of the first dip below the threshold (YIN, step 4).

    Where no dip is below it, the deepest. Lags are samples at 22050 Hz; the exact lag is asked, on rendered notes.
    """
    for midi in [36, 66, *rng.integers(40, 80, 3).tolist()]:
        name, row = note_name(midi), _cumulative_mean(_difference(_yin_frame(midi)))
        want = _first_dip(row, 0.1)
        got = ask_number(answer, row, 0.1, about=f"{_a(name)}")
        if got == want:
            continue
        if not 1 <= got < len(row):
            raise Hint(f"for {_a(name)} you say lag {got:.0f}: a period lies between 1 and {len(row) - 1} samples")
        said = f"your YIN says {note_name(hz_to_midi(YIN_SR / got))} for {_a(name)}"
        if got / want > 1.7 and abs(got / want - round(got / want)) < 0.1:
            raise Hint(
                f"{said}: the dip you chose is at {round(got / want)} times the period, "
                "perhaps the deepest one; take the first below 0.1"
            )
        if got < want and row[int(got)] >= 0.1:
            raise Hint(f"{said}: the dip at lag {got:.0f} is only {row[int(got)]:.2f} deep; the threshold is 0.1")
        if row[int(got)] < 0.1 and got < want:
            raise Hint(
                f"{said}, {want - got:.0f} samples too early: you stopped on the slope; go on while it still falls"
            )
        raise Hint(f"{said}: the first dip below 0.1 has its bottom at lag {want}, yours is at {got:.0f}")
    aperiodic = np.concatenate([[1.0], 0.6 + 0.3 * np.cos(np.arange(1, 200) / 9)])
    deepest = int(np.argmin(aperiodic))
    if ask_number(answer, aperiodic, 0.1, about="a noise") != deepest:
        raise Hint(f"in a noise no dip reaches the threshold: then the deepest one is taken, here lag {deepest}")
    return "the first dip that is deep enough is the period; later ones are two or three periods"


@exercise
def check_parabola(answer, rng):
    """``parabola(left, mid, right) -> shift``: where the parabola through three neighbours has its bottom."""
    for shift in (0.0, 0.25, *rng.uniform(-0.45, 0.45, 3)):
        bend = rng.uniform(0.1, 2)
        left, mid, right = (bend * (x - shift) ** 2 + 0.05 for x in (-1, 0, 1))
        about = f"a dip {shift:+.2f} samples from the middle"
        got = ask_number(answer, left, mid, right, about=about)
        if abs(got - shift) <= 1e-4:
            continue
        if abs(got + shift) <= 1e-4:
            raise Hint(f"{about}: you say {got:+.2f}, the wrong side; the bottom lies towards the smaller neighbour")
        if abs(got - 2 * shift) <= 1e-4:
            raise Hint(f"{about}: you say {got:+.2f}, twice as far: there is a factor 1/2 in the formula")
        raise Hint(f"{about}: you say {got:+.2f}; (left - right) / (2 (left - 2 mid + right))")
    return "a period is known to a part of a sample: at C7 that is the difference between right and half a semitone off"


# --------------------------------------------------------------------------------------- 05 combs and constant-Q


@exercise
def check_comb(answer, rng):
    """``comb(magnitude, bin_hz, f0_hz, n_harmonics) -> float``: sum over n of |X(n f0)| / n, read by np.interp.

    ``magnitude`` and ``bin_hz`` are arrays of one length. Exact to six digits.
    """
    sr, n = 22050, 8192
    bin_hz = np.arange(n // 2 + 1) * sr / n
    for midi in rng.integers(50, 70, 3).tolist():
        name, f0 = note_name(midi), midi_to_hz(midi)
        magnitude = np.abs(np.fft.rfft(_note(midi, sr=sr, n=n) * hann(n, sym=False))) * 4 / n
        k = np.arange(1, 9)
        read = np.interp(k * f0, bin_hz, magnitude)
        want = float(np.sum(read / k))
        got = ask_number(answer, magnitude, bin_hz, f0, 8, about=f"{_a(name)}")
        if abs(got - want) <= CLOSE * want:
            continue
        said = f"for {_a(name)} the comb on {f0:.1f} Hz gives {want:.4f} and yours {got:.4f}"
        if abs(got - read.sum()) <= 0.01 * want:
            raise Hint(
                f"{said}: without the weight 1 / n the key an octave below, {note_name(midi - 12)}, collects as much"
            )
        if abs(got - np.sum(read[:-1] / k[:-1])) <= 1e-3 * CLOSE * want:
            raise Hint(f"{said}: one harmonic is missing; np.arange(1, n_harmonics + 1)")
        if abs(got - np.sum(np.interp(k * f0, bin_hz, magnitude**2) / k)) <= 0.01 * want:
            raise Hint(f"{said}: sum the magnitudes, not their squares")
        raise Hint(f"{said}: read the spectrum at f0, 2 f0, ... 8 f0 and weight them 1, 1/2, ... 1/8")
    return "each key gets a strength from its own harmonics"


@exercise
def check_inharmonicity(answer, rng):
    """``inharmonicity(n, hz) -> B`` from partials n and their Hz: f_n = n f0 sqrt(1 + B n^2), within 2 %."""
    for midi in (28, *rng.integers(30, 66, 2).tolist()):
        name = note_name(midi)
        b, f0 = PIANOS["grand"].inharmonicity(midi), PIANOS["grand"].f0_hz(midi)
        n = np.sort(rng.choice(np.arange(1, 17), 10, replace=False))
        got = ask_number(answer, n, n * f0 * np.sqrt(1 + b * n**2), about=f"the partials of {name}")
        if abs(got - b) <= 0.02 * b:
            continue
        said = f"the string of {name} has B = {b:.2e} and you say {got:.2e}"
        if abs(got - b * f0**2) <= 0.02 * b * f0**2:
            raise Hint(f"{said}: (f_n / n)^2 = f0^2 + f0^2 B n^2, so divide the slope by f0^2, the value at n = 0")
        if abs(got - b / 2) <= 0.1 * b:
            raise Hint(f"{said}, half: you fitted f_n / n; the straight line is (f_n / n)^2 over n^2")
        if got < 0:
            raise Hint(f"{said}: upper partials are sharp, not flat; is n^2 on the horizontal axis?")
        raise Hint(f"{said}: fit a straight line to (f_n / n)^2 over n^2; B is slope / value at 0")
    return "a few cents of stretch tell how stiff a string is"


@exercise
def check_window_lengths(answer, rng):
    """``window_lengths(fmin, n_bins, bins_per_octave, sr) -> (n_bins,)``: Q sr / f_k samples, Q = 1 / (2^(1/b) - 1).

    Within one sample (Brown, JASA 89, 1991, eq. 5); f_k = fmin 2^(k / b).
    """
    for fmin, b in ((32.703, 12), (float(midi_to_hz(int(rng.integers(21, 40)))), 36)):
        about = f"{b} bins an octave from {note_name(hz_to_midi(fmin))}"
        n_bins, sr = 3 * b, 44100
        got = ask_array(answer, fmin, n_bins, b, sr, about=about, shape=(n_bins,))
        q = 1 / (2 ** (1 / b) - 1)
        want = q * sr / (fmin * 2 ** (np.arange(n_bins) / b))
        if _near(got, want, 1.01):
            continue
        said = f"{about}: the first window has {want[0]:.0f} samples and yours {got[0]:.0f}"
        if np.ptp(got) < 2:
            raise Hint(f"{about}: your windows are all equally long; each octave up halves them")
        if _near(got, q * sr / (fmin * 2 ** (np.arange(n_bins) / 12)), 1.01):
            raise Hint(f"{about}: bin k lies k / {b} octaves above fmin, not k / 12")
        if _near(got, want / q, 1.01):
            raise Hint(f"{said}: one period each; a window holds Q = {q:.1f} periods")
        raise Hint(f"{said}: Q sr / f_k with Q = {q:.1f}")
    return "every window holds the same number of periods: Q"


# ----------------------------------------------------------------------------------------- 06 notes and scores


@exercise
def check_confirm(answer, rng):
    """``confirm(keys, n) -> list of (frame, key)``: the n-th frame in a row of each run; -1 is silence."""
    ghost = rng.integers(21, 100, 4).tolist()
    rows = [
        ([-1, 60, 60, 60, 60, -1], 3, "a clean C4"),
        ([-1, 60, 60, 72, 60, 60, 60, -1], 3, "a C4 with one frame of C5 in it"),
        (
            [ghost[0]] * 5 + [-1] + [ghost[0]] * 5 + [ghost[1]] * 2 + [ghost[2]] * 4,
            4,
            "a repeated note, a ghost, a new note",
        ),
    ]
    for keys, n, about in rows:
        runs, want = 0, []
        for frame, key in enumerate(keys):
            runs = runs + 1 if frame and key == keys[frame - 1] else 1
            if key >= 0 and runs == n:
                want.append((frame, key))
        got = ask(answer, list(keys), n, about=about)
        try:
            got = [(int(frame), int(key)) for frame, key in got]
        except (TypeError, ValueError):
            raise Hint(f"{about}: a list of pairs (frame, key) was expected") from None
        if got == want:
            continue
        said = f"{about}: with n = {n} the notes are {want} and yours {got}"
        if any(key < 0 for _, key in got):
            raise Hint(f"{said}: -1 is silence, not a key")
        if len(got) > len(want):
            raise Hint(
                f"{said}: announce a key once, when its run reaches exactly {n}; another key starts the count again"
            )
        if [key for _, key in got] == [key for _, key in want]:
            raise Hint(f"{said}: the keys are right, the frames are not; the n-th frame of the run is where you know")
        raise Hint(f"{said}: count frames with the same key in a row")
    return "a ghost of one or two frames is never announced, and each note comes n - 1 frames late"


@exercise
def check_hits(answer, rng):
    """``hits(played, heard) -> int``: most pairs of (onset_s, key) within 50 ms and the same key, each used once."""
    start = round(float(rng.uniform(0.5, 2.0)), 2)
    cases = [
        ([(start, 60)], [(start + 0.03, 60)], 1, "one note, heard 30 ms late"),
        ([(start, 60)], [(start + 0.2, 60)], 0, "one note, heard 200 ms late"),
        ([(start, 60)], [(start, 72)], 0, "a C4, heard as C5"),
        ([(start, 60)], [(start, 60), (start + 0.02, 60)], 1, "one note, heard twice"),
        ([(start, 60), (start + 0.04, 60)], [(start + 0.02, 60)], 1, "two notes, heard once"),
        (
            [(start, 60), (start + 0.06, 60)],
            [(start - 0.02, 60), (start + 0.04, 60)],
            2,
            "two fast notes, both 20 ms early",
        ),
    ]
    for played, heard, want, about in cases:
        got = ask_number(answer, list(played), list(heard), about=about)
        if got == want:
            continue
        said = f"{about}: {want} hit{'s' * (want != 1)}, and you count {got:.0f}"
        if got > min(len(played), len(heard)):
            raise Hint(f"{said}, more than there are notes: each note may be used once")
        if "octave" in about or "C5" in about:
            raise Hint(f"{said}: the key must be the same")
        if "200" in about:
            raise Hint(f"{said}: 50 ms is the tolerance")
        if got > want:
            raise Hint(f"{said}: cross a note off when it has found its partner")
        raise Hint(f"{said}: is 50 ms early as good as 50 ms late?")
    return "one partner each: a note heard twice is one hit and one extra"


@exercise
def check_precision_recall(answer, rng):
    """``precision_recall(n_hits, n_played, n_heard) -> (P, R, F)``; 0 where nothing was played or heard."""
    hits = int(rng.integers(3, 9))
    for counts in ((hits, hits + 2, hits + 5), (hits, hits, hits), (0, 4, 3), (0, 5, 0), (0, 0, 3)):
        n, played, heard = counts
        about = f"{n} hits, {played} played, {heard} heard"
        got = ask_array(answer, *counts, about=about, shape=(3,))
        p, r = n / heard if heard else 0.0, n / played if played else 0.0
        f = 2 * p * r / (p + r) if n else 0.0
        if _near(got, [p, r, f]):
            continue
        if p != r and _near(got[:2], [r, p]):
            raise Hint(
                f"{about}: precision and recall are swapped; precision asks how much of what was heard was played"
            )
        if _near(got[:2], [p, r]) and abs(got[2] - (p + r) / 2) < CLOSE:
            raise Hint(f"{about}: F is the harmonic mean 2 P R / (P + R), which is nearer to the smaller one")
        raise Hint(f"{about}: P = {p:.2f}, R = {r:.2f}, F = {f:.2f} and you say {', '.join(f'{v:.2f}' for v in got)}")
    return "P of what was heard, R of what was played, F between them and nearer to the worse"
