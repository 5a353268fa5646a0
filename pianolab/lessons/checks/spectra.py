"""The exercises of notebooks 02 and 03: one frequency, a peak, a frame, a window; mel, its bands, and MFCCs."""

import librosa
import numpy as np
from scipy.fft import dct
from scipy.signal.windows import hann

from pianolab.lessons.checks.grading import CLOSE, Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.lessons.playing import note, tone
from pianolab.texts.catalogue import Told
from pianolab.units import cents_between, midi_to_hz, note_name


@exercise
def check_strength_at(answer: Answer, rng: np.random.Generator) -> str:
    """``strength_at(y, hz, sr) -> float``: amplitude of the ``hz`` sinusoid in y at any phase, within 0.01."""
    n = sr = 8000
    for phase in (0.0, np.pi / 2, rng.uniform(0.5, 1.0)):
        hz, other = np.sort(rng.choice(np.arange(200, 2000, 10), 2, replace=False))
        size = rng.uniform(0.2, 0.8)
        y = size * tone(hz, 1.0, sr=sr, phases=[phase]) + 0.3 * tone(other, 1.0, sr=sr, phases=[1.0])
        about = Told("hints.strength_at.case", hz=hz, size=size, degrees=np.degrees(phase))
        got = ask_number(answer, y, float(hz), sr, about=about)
        both = Told("hints.strength_at.both")
        mistakes = [
            (size * np.cos(phase), both),
            (size * np.sin(phase), both),
            (size / 2, Told("hints.strength_at.half")),
            (abs(got - size * n / 2) <= 0.01 * n, Told("hints.strength_at.grows")),
            (size**2, Told("hints.strength_at.square")),
        ]
        said = Told("hints.strength_at.said", about=about, got=got)
        judge(got, size, said, mistakes, otherwise=Told("hints.strength_at.formula"), within=0.01)
    return Told("hints.strength_at.known")


@exercise
def check_peak_hz(answer: Answer, rng: np.random.Generator) -> str:
    """``peak_hz(y, sr) -> Hz``: frequency of the strongest partial of 4096 samples, within 2 cents above C4."""
    sr, n = 44100, 4096
    for hz in midi_to_hz(rng.uniform(62, 90, 6)).tolist():
        y = tone(hz, n / sr, sr=sr, amplitudes=(0.5, 0.25, 0.125), phases=rng.uniform(0, 6, 3))
        about = Told("hints.peak_hz.case", hz=hz)
        got = ask_number(answer, y, sr, about=about)
        said = Told("hints.peak_hz.answer", about=about, got=got)
        if got <= 0:
            raise Hint(Told("hints.any.because", said=said, why=Told("hints.peak_hz.bin_0")))
        cents, bins = cents_between(got, hz), got * n / sr
        whole = abs(cents) < 150 and abs(bins - round(bins)) < 1e-6
        mistakes = [
            (whole, Told("hints.peak_hz.nearest", number=round(bins), bin_hz=sr / n)),
            (abs(abs(cents) - 1200) < 100, Told("hints.peak_hz.octave")),
            (abs(cents) < 150, Told("hints.peak_hz.levels")),
        ]
        off, where = Told("hints.peak_hz.said", answer=said, cents=cents), Told("hints.peak_hz.where", bin_hz=sr / n)
        judge(cents, 0, off, mistakes, otherwise=where, within=2)
    return Told("hints.peak_hz.known")


@exercise
def check_frame_length(answer: Answer, rng: np.random.Generator) -> str:
    """``frame_length(low_hz, high_hz, sr) -> samples``: enough for a Hann window to part two tones, not 3 x longer."""
    sr = 11025
    for low in (33, int(rng.integers(40, 60)), 69):
        f1, f2 = midi_to_hz(low), midi_to_hz(low + 1)
        pair = Told("hints.frame_length.case", low=note_name(low), high=note_name(low + 1), apart=f2 - f1)
        n = round(ask_number(answer, f1, f2, sr, about=pair))
        said = Told("hints.frame_length.said", pair=pair, n=n)
        if n < 8:
            raise Hint(Told("hints.frame_length.short", said=said, seconds=1 / (f2 - f1), want=sr / (f2 - f1)))
        if n > 12 * sr / (f2 - f1):
            raise Hint(Told("hints.frame_length.long", said=said, seconds=n / sr))
        if _valley_db(f1, f2, n, sr) < 3:
            raise Hint(Told("hints.frame_length.melt", said=said, bin_hz=sr / n))
    return Told("hints.frame_length.known")


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
        mistakes = [
            (hann(n), Told("hints.hann.symmetric", low=overlap.min(), high=overlap.max())),
            (1 - want, Told("hints.hann.inverted")),
            (2 * want, Told("hints.hann.double")),
        ]
        begins = Told("hints.hann.begins", first=got[0], second=got[1], want=want[1])
        judge(got, want, Told("hints.hann.said", n=n), mistakes, otherwise=begins)
    return Told("hints.hann.known")


@exercise
def check_mel(answer: Answer, rng: np.random.Generator) -> str:
    """``mel(hz) -> mel``: 2595 log10(1 + f / 700), within 0.1 mel."""
    for hz in (1000.0, *np.round(rng.uniform(50, 8000, 4))):
        got, want = ask_number(answer, hz, about=Told("hints.any.hz", hz=hz)), float(librosa.hz_to_mel(hz, htk=True))
        mistakes = [
            (2595 * np.log(1 + hz / 700), Told("hints.mel.natural")),
            (2595 * np.log10(hz / 700), Told("hints.mel.one")),
            (float(librosa.mel_to_hz(hz, htk=True)), Told("hints.mel.way_back")),
        ]
        said = Told("hints.mel.said", hz=hz, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.mel.formula"), within=0.1)
    return Told("hints.mel.known")


@exercise
def check_mel_edges(answer: Answer, rng: np.random.Generator) -> str:
    """``mel_edges(n_mels, low_hz, high_hz) -> (n_mels + 2,)`` Hz: edges equally spaced in mel, within 0.5 Hz."""
    for n_mels, high in ((4, 4000.0), (int(rng.integers(10, 40)), 8000.0)):
        n, about = n_mels + 2, Told("hints.mel_edges.case", n_mels=n_mels, high=high)
        got = ask_array(answer, n_mels, 0.0, high, about=about)
        want = librosa.mel_frequencies(n, fmin=0.0, fmax=high, htk=True)
        if len(got) == n_mels:
            raise Hint(Told("hints.mel_edges.triangles", about=about, n_mels=n_mels, n=n))
        if len(got) != n:
            raise Hint(Told("hints.mel_edges.length", about=about, got=len(got), n=n))
        in_mel = np.linspace(0, librosa.hz_to_mel(high, htk=True), n)
        mistakes = [
            (np.linspace(0, high, n), Told("hints.mel_edges.apart")),
            (in_mel, Told("hints.mel_edges.in_mel")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        edge = Told("hints.mel_edges.edge", i=i, want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=edge, within=0.5)
    return Told("hints.mel_edges.known")


@exercise
def check_mfcc(answer: Answer, rng: np.random.Generator) -> str:
    """``mfcc(mel_power, n_mfcc) -> (n_mfcc,)``: orthonormal DCT-II of 10 log10 of the band powers, within 0.01."""
    for n_mels, n_mfcc in ((20, 20), (40, 13)):
        power, about = 10 ** rng.uniform(-6, 0, n_mels), Told("hints.mfcc.case", n_mels=n_mels, n_mfcc=n_mfcc)
        level = 10 * np.log10(power)
        got = ask_array(answer, power, n_mfcc, about=about)
        want, of_power, unscaled = (
            np.asarray(dct(values, norm=norm))[:n_mfcc]
            for values, norm in ((level, "ortho"), (power, "ortho"), (level, None))
        )
        unit = Told("hints.mfcc.unit")
        without_0 = np.asarray(dct(level, norm="ortho"))[1:]
        mistakes = [
            (len(got) > 0 and near(got, without_0[: len(got)]), Told("hints.mfcc.without_0")),
            (len(got) == n_mels != n_mfcc, Told("hints.mfcc.all", n_mels=n_mels, n_mfcc=n_mfcc)),
            (of_power, Told("hints.mfcc.of_power")),
            (unscaled, Told("hints.mfcc.unscaled", got=got[:1], want=want[0])),
            (want / 10, unit),
            (want / 10 * np.log(10), unit),
            (2 * want, unit),
        ]
        second = Told("hints.mfcc.second", want=want[1], got=got[1:2])
        judge(got, want, about, mistakes, otherwise=second, within=0.01)
    return Told("hints.mfcc.known")


@exercise
def check_alike(answer: Answer, rng: np.random.Generator) -> str:
    """``alike(a, b) -> float``: a distance of two MFCC vectors; the same piano louder is nearer than another piano."""
    for midi in rng.integers(52, 68, 2).tolist():
        one, louder, other = _mfcc(midi, "grand"), _mfcc(midi, "grand", gain=4.0), _mfcc(midi, "bright")
        same = ask_number(answer, one, one, about=Told("hints.alike.itself"))
        if not near(same, 0):
            raise Hint(Told("hints.alike.not_zero", same=same))
        less = ask_number(answer, one, louder, about=Told("hints.alike.louder"))
        more = ask_number(answer, one, other, about=Told("hints.alike.two_pianos"))
        if min(less, more) < -CLOSE:
            raise Hint(Told("hints.alike.negative", distance=min(less, more)))
        if less >= 0.5 * more:
            raise Hint(Told("hints.alike.loudness", note=note_name(midi), less=less, more=more))
    return Told("hints.alike.known")


def _mfcc(midi, piano, gain=1.0):
    y = gain * note(midi, sr=22050, n=8192, piano=piano)
    return librosa.feature.mfcc(y=y, sr=22050, n_mfcc=20, n_mels=64, htk=True).mean(axis=1)
