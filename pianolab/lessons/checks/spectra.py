"""The exercises of notebooks 02 and 03: one frequency, a peak, a frame, a window; mel, its bands, and MFCCs."""

import librosa
import numpy as np
from scipy.fft import dct
from scipy.signal.windows import hann

from pianolab.lessons.checks.grading import Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.lessons.playing import note, tone
from pianolab.units import cents_between, midi_to_hz, note_name


@exercise
def check_strength_at(answer: Answer, rng: np.random.Generator) -> str:
    """``strength_at(y, hz, sr) -> float``: amplitude of the ``hz`` sinusoid in y at any phase, within 0.01."""
    n = sr = 8000
    for phase in (0.0, np.pi / 2, rng.uniform(0.5, 1.0)):
        hz, other = np.sort(rng.choice(np.arange(200, 2000, 10), 2, replace=False))
        size = rng.uniform(0.2, 0.8)
        y = size * tone(hz, 1.0, sr=sr, phases=[phase]) + 0.3 * tone(other, 1.0, sr=sr, phases=[1.0])
        about = f"a sine of {hz} Hz, amplitude {size:.2f}, phase {np.degrees(phase):.0f} degrees"
        got = ask_number(answer, y, float(hz), sr, about=about)
        both = "correlate with the cosine as well as the sine and take the root of the sum of squares"
        mistakes = [
            (size * np.cos(phase), both),
            (size * np.sin(phase), both),
            (size / 2, "half of it: the mean of sin^2 is one half, so multiply by 2"),
            (abs(got - size * n / 2) <= 0.01 * n, "a sum grows with the length; multiply by 2 / n"),
            (size**2, "the square of it: take the root"),
        ]
        formula = "multiply with sine and cosine of that frequency, sum, and scale by 2 / n"
        judge(got, size, f"for {about} you say {got:.2f}", mistakes, otherwise=formula, within=0.01)
    return "the strength does not depend on the phase: that is why the transform is complex"


@exercise
def check_peak_hz(answer: Answer, rng: np.random.Generator) -> str:
    """``peak_hz(y, sr) -> Hz``: frequency of the strongest partial of 4096 samples, within 2 cents above C4."""
    sr, n = 44100, 4096
    for hz in midi_to_hz(rng.uniform(62, 90, 6)).tolist():
        y = tone(hz, n / sr, sr=sr, amplitudes=(0.5, 0.25, 0.125), phases=rng.uniform(0, 6, 3))
        got = ask_number(answer, y, sr, about=f"a tone of {hz:.1f} Hz")
        said = f"for a tone of {hz:.1f} Hz you say {got:.1f} Hz"
        if got <= 0:
            raise Hint(f"{said}: leave out bin 0, which is the mean of the samples")
        cents, bins = cents_between(got, hz), got * n / sr
        whole = abs(cents) < 150 and abs(bins - round(bins)) < 1e-6
        nearest = f"that is the nearest bin, {round(bins)} x {sr / n:.2f} Hz; lay a parabola through the peak"
        levels = "use a Hann window and lay the parabola through the levels in dB, not the amplitudes"
        mistakes = [
            (whole, nearest),
            (abs(abs(cents) - 1200) < 100, "an octave: check that bin k lies at k sr / n"),
            (abs(cents) < 150, levels),
        ]
        where = f"bin k lies at k sr / n = k x {sr / n:.2f} Hz"
        judge(cents, 0, f"{said}, {cents:+.0f} cents off", mistakes, otherwise=where, within=2)
    return "within 2 cents, from bins that are 10.8 Hz apart"


@exercise
def check_frame_length(answer: Answer, rng: np.random.Generator) -> str:
    """``frame_length(low_hz, high_hz, sr) -> samples``: enough for a Hann window to part two tones, not 3 x longer."""
    sr = 11025
    for low in (33, int(rng.integers(40, 60)), 69):
        f1, f2 = midi_to_hz(low), midi_to_hz(low + 1)
        pair = f"{note_name(low)} and {note_name(low + 1)}, {f2 - f1:.1f} Hz apart"
        n = round(ask_number(answer, f1, f2, sr, about=pair))
        said = f"for {pair} you say {n} samples"
        if n < 8:
            raise Hint(f"{said}: a frame of {1 / (f2 - f1):.2f} s has {sr / (f2 - f1):.0f}")
        if n > 12 * sr / (f2 - f1):
            raise Hint(f"{said}; {n / sr:.1f} s are longer than needed: 4 bins of sr / n are enough")
        if _valley_db(f1, f2, n, sr) < 3:
            raise Hint(f"{said}, bins of {sr / n:.1f} Hz: the two hills of a Hann window melt into one")
    return "a semitone needs 4 sr / (difference) samples: 1.2 s at A1, 0.15 s at A4"


def _valley_db(f1, f2, n, sr):
    """How far the spectrum of two equal tones falls between them, dB, at the worst of four phases."""
    depths = []
    for phase in (0.0, 0.5 * np.pi, np.pi, 1.5 * np.pi):
        y = (tone(f1, n / sr, sr=sr) + tone(f2, n / sr, sr=sr, phases=[phase])) * np.hanning(n)
        hz = np.linspace(f1, f2, 33)
        level = np.abs(np.exp(-2j * np.pi * hz[:, None] * np.arange(n) / sr) @ y)
        depths.append(20 * np.log10(min(level[0], level[-1]) / max(level.min(), 1e-12)))
    return min(depths)


@exercise
def check_hann(answer: Answer, rng: np.random.Generator) -> str:
    """``hann(n) -> (n,)``: periodic Hann window, 0.5 - 0.5 cos(2 pi m / n) for m = 0..n - 1."""
    for n in (8, 2 * int(rng.integers(20, 200))):
        got, want = ask_array(answer, n, about=f"n = {n}", shape=(n,)), hann(n, sym=False)
        overlap = got[: n // 2] + got[n // 2 :]
        sums = f"at half overlap they add up to {overlap.min():.3f} .. {overlap.max():.3f} and not to 1"
        mistakes = [
            (hann(n), f"{sums}: the last sample must not be 0 again; divide by n, not n - 1"),
            (1 - want, "it is 1 at the ends and 0 in the middle: the cosine is subtracted"),
            (2 * want, "it reaches 2: take half of 1 - cos"),
        ]
        begins = f"it begins {got[0]:.2f}, {got[1]:.2f}, ... and a Hann window 0.00, {want[1]:.2f}, ..."
        judge(got, want, f"your window of {n}", mistakes, otherwise=begins)
    return "windows half a frame apart add up to exactly 1: nothing is lost on the way back"


@exercise
def check_mel(answer: Answer, rng: np.random.Generator) -> str:
    """``mel(hz) -> mel``: 2595 log10(1 + f / 700), within 0.1 mel."""
    for hz in (1000.0, *np.round(rng.uniform(50, 8000, 4))):
        got, want = ask_number(answer, hz, about=f"{hz:.0f} Hz"), float(librosa.hz_to_mel(hz, htk=True))
        mistakes = [
            (2595 * np.log(1 + hz / 700), "np.log is the natural logarithm; 2595 goes with np.log10"),
            (2595 * np.log10(hz / 700), "the 1 + inside the logarithm makes 0 Hz 0 mel"),
            (float(librosa.mel_to_hz(hz, htk=True)), "that is the way back, from mel to Hz"),
        ]
        said = f"{hz:.0f} Hz is {want:.0f} mel and you say {got:.0f}"
        judge(got, want, said, mistakes, otherwise="2595 log10(1 + f / 700)", within=0.1)
    return "1000 Hz is 1000 mel, and an octave up there is far more mel than an octave in the bass"


@exercise
def check_mel_edges(answer: Answer, rng: np.random.Generator) -> str:
    """``mel_edges(n_mels, low_hz, high_hz) -> (n_mels + 2,)`` Hz: edges equally spaced in mel, within 0.5 Hz."""
    for n_mels, high in ((4, 4000.0), (int(rng.integers(10, 40)), 8000.0)):
        n, about = n_mels + 2, f"{n_mels} bands up to {high:.0f} Hz"
        got = ask_array(answer, n_mels, 0.0, high, about=about)
        want = librosa.mel_frequencies(n, fmin=0.0, fmax=high, htk=True)
        if len(got) == n_mels:
            raise Hint(f"{about}: {n_mels} triangles need {n} points; each stands on its neighbours' peaks")
        if len(got) != n:
            raise Hint(f"{about}: {len(got)} points came back where {n} were expected")
        in_mel = np.linspace(0, librosa.hz_to_mel(high, htk=True), n)
        apart = "your edges are equally far apart in Hz; space them equally in mel, then go back to Hz"
        mistakes = [
            (np.linspace(0, high, n), apart),
            (in_mel, "your edges are still in mel: f = 700 (10^(m / 2595) - 1)"),
        ]
        i = int(np.argmax(np.abs(got - want)))
        judge(
            got,
            want,
            about,
            mistakes,
            otherwise=f"edge {i} lies at {want[i]:.0f} Hz, yours at {got[i]:.0f}",
            within=0.5,
        )
    return "narrow bands in the bass, wide ones above, as the ear has them"


@exercise
def check_mfcc(answer: Answer, rng: np.random.Generator) -> str:
    """``mfcc(mel_power, n_mfcc) -> (n_mfcc,)``: orthonormal DCT-II of 10 log10 of the band powers, within 0.01."""
    for n_mels, n_mfcc in ((20, 20), (40, 13)):
        power, about = 10 ** rng.uniform(-6, 0, n_mels), f"{n_mels} bands, {n_mfcc} coefficients"
        level = 10 * np.log10(power)
        got = ask_array(answer, power, n_mfcc, about=about)
        want, of_power, unscaled = (
            np.asarray(dct(values, norm=norm))[:n_mfcc]
            for values, norm in ((level, "ortho"), (power, "ortho"), (level, None))
        )
        unit = "the shape is right and the scale is not: a power in dB is 10 log10"
        mistakes = [
            (len(got) == n_mels != n_mfcc, f"{n_mels} came back: keep the first {n_mfcc}, the coarse shape"),
            (of_power, "you transformed the powers themselves: take 10 log10 first"),
            (unscaled, f"coefficient 0 is {got[:1]}, not {want[0]:.0f}: norm='ortho' keeps the energy"),
            (want / 10, unit),
            (want / 10 * np.log(10), unit),
            (2 * want, unit),
        ]
        second = f"coefficient 1 should be {want[1]:.2f}, and you say {got[1:2]}"
        judge(got, want, about, mistakes, otherwise=second, within=0.01)
    return "a louder sound moves coefficient 0 only; the others hold the shape"


@exercise
def check_alike(answer: Answer, rng: np.random.Generator) -> str:
    """``alike(a, b) -> float``: a distance of two MFCC vectors; the same piano louder is nearer than another piano."""
    for midi in rng.integers(52, 68, 2).tolist():
        one, louder, other = _mfcc(midi, "grand"), _mfcc(midi, "grand", gain=4.0), _mfcc(midi, "bright")
        same = ask_number(answer, one, one, about="a sound and itself")
        if not near(same, 0):
            raise Hint(f"a sound and itself are {same:.2f} apart for you: a distance to itself is 0")
        less = ask_number(answer, one, louder, about="a note and the same one 12 dB louder")
        more = ask_number(answer, one, other, about="two pianos")
        if less < 0 or more < 0:
            raise Hint(f"{min(less, more):.1f} is no distance: square the differences, or take their absolute values")
        if less >= 0.5 * more:
            raise Hint(
                f"{note_name(midi)} of the grand and itself 12 dB louder are {less:.0f} apart, the grand and the "
                f"bright piano {more:.0f}: coefficient 0 is the loudness; leave it out"
            )
    return "without coefficient 0 the colour of the sound remains"


def _mfcc(midi, piano, gain=1.0):
    y = gain * note(midi, sr=22050, n=8192, piano=piano)
    return librosa.feature.mfcc(y=y, sr=22050, n_mfcc=20, n_mels=64, htk=True).mean(axis=1)
