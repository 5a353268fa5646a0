"""The exercises of notebooks 00 and 01: octaves, seconds, a melody; sines, levels, names, folding, rounding."""

import numpy as np

from pianolab.lessons.checks.grading import Answer, Hint, ask, ask_array, ask_number, exercise, judge
from pianolab.lessons.playing import note, tone
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.units import midi_to_hz, note_name, parse_note


@exercise
def check_octave_up(answer: Answer, rng: np.random.Generator) -> str:
    """``octave_up(hz) -> Hz``: the frequency of the key an octave higher."""
    for midi in rng.integers(21, 96, 4).tolist():
        hz = midi_to_hz(midi)
        got = ask_number(answer, hz, about=note_name(midi))
        said = f"{note_name(midi)} has {hz:.1f} Hz and you say {got:.1f} Hz for {note_name(midi + 12)}"
        twelve = "twelve keys higher is not 12 Hz higher; compare A4, 440 Hz, and A5, 880 Hz"
        judge(got, 2 * hz, said, [(hz + 12, twelve)], otherwise="A4 has 440 Hz and A5 has 880 Hz", within=1e-3)
    return "an octave up is twice the frequency, everywhere on the keyboard"


@exercise
def check_seconds(answer: Answer, rng: np.random.Generator) -> str:
    """``seconds(n_samples, sr) -> s``: how long a recording of n samples lasts at sr samples a second."""
    for sr in (44100, 48000, 8000):
        n = int(rng.integers(2 * sr, 9 * sr))
        got = ask_number(answer, n, sr, about=f"{n} samples at {sr} Hz")
        said = f"{n} samples at {sr} Hz last {n / sr:.3f} s and you say {got:.3f} s"
        fixed = "not every recording has 44100 samples a second; use sr"
        judge(got, n / sr, said, [(n / 44100, fixed)], otherwise="sr samples make one second")
    return "a number of samples is a time only together with its rate"


@exercise
def check_melody(answer: Answer, rng: np.random.Generator) -> str:
    """``melody(y, sr) -> list of names``: the keys played in y in order, such as ['C4', 'E4']; see transcribe."""
    for _ in range(3):
        y, want = _melody(rng)
        about = f"a melody of {len(want)} notes"
        got = ask(answer, y, 22050, about=about)
        names = [str(name) for name in got] if isinstance(got, list | tuple) else []
        if len(names) == 0:
            raise Hint(f"for {about} a list of names was expected; transcribe(y, sr=sr).names is one")
        if names != want:
            said = f"you heard {' '.join(names[:8])[:60]}, and {' '.join(want)} was played"
            raise Hint(f"{said}: the right keys in another order" if sorted(names) == sorted(want) else said)
    return "three melodies nobody had played before, every note right"


def _melody(rng):
    """A rendered melody that the package hears right: the exercise asks for a call, not for a better detector."""
    y, names = np.zeros(0), []
    for _ in range(20):
        midi = rng.choice(np.arange(55, 77), int(rng.integers(3, 6)), replace=False)
        onset = 0.2 + 0.5 * np.arange(len(midi))
        y = render(Notes(onset, onset + 0.45, midi, np.full(len(midi), 80)), sr=22050, tail_s=0.3)
        names = [note_name(m) for m in midi]
        if transcribe(y, sr=22050).names == names:
            break
    return y, names


@exercise
def check_sine(answer: Answer, rng: np.random.Generator) -> str:
    """``sine(hz, seconds, sr) -> (n,)``: sin(2 pi f t) at t = 0, 1/sr, 2/sr, ...; n = round(seconds sr)."""
    for hz, sr in ((440.0, 8000), (round(rng.uniform(100, 1500)), 22050)):
        n = round(0.25 * sr)
        got = ask_array(answer, hz, 0.25, sr, about=f"{hz:.0f} Hz, 0.25 s, sr = {sr}")
        if len(got) != n:
            why = "np.linspace counts the end too" if len(got) == n + 1 else f"use np.arange({n}) / sr"
            raise Hint(f"{len(got)} samples where a quarter second at {sr} Hz has {n}: {why}")
        heard = _strongest_hz(got - got.mean(), sr)
        mistakes = [
            (abs(heard * 2 * np.pi - hz) < 0.02 * hz + 4, "a full turn is 2 pi, not 1"),
            (abs(heard - hz) > 0.01 * hz + 4, "is time in seconds, samples / sr?"),
            (abs(got[0]) > 0.5, f"it begins at {got[0]:.1f}, at its crest: a sine begins at 0, a cosine at 1"),
        ]
        wrong = f"amplitude or phase is not right: your peak is {np.max(np.abs(got)):.2f}, a sine's is 1"
        judge(got, tone(hz, 0.25, sr=sr), f"your {hz:.0f} Hz sounds at {heard:.0f} Hz", mistakes, otherwise=wrong)
    return "the pitch, the number of samples and the starting phase are right"


def _strongest_hz(y, sr):
    magnitude = np.abs(np.fft.rfft(y * np.hanning(len(y)), 8 * len(y)))
    return float(np.argmax(magnitude) * sr / (8 * len(y)))


@exercise
def check_level_db(answer: Answer, rng: np.random.Generator) -> str:
    """``level_db(y) -> float``: 20 log10 of the root of the mean square, within 0.05 dB."""
    sine, midi = tone(440, 0.1, sr=44100), int(rng.integers(50, 70))
    peaks = (1.0, rng.uniform(0.05, 0.5))
    sounds = {f"a sine of peak {peak:.2f}": peak * sine for peak in peaks}
    sounds["a square wave of full scale"] = np.where(tone(100, 0.1, sr=44100) >= 0, 1.0, -1.0)
    sounds[f"a rendered {note_name(midi)}"] = note(midi, sr=22050, n=4410).astype(float)
    for about, y in sounds.items():
        got, want = ask_number(answer, y, about=about), 10 * np.log10(np.mean(y**2))
        mistakes = [
            (20 * np.log10(np.max(np.abs(y))), "you took the peak; the level is that of the root mean square"),
            (want / 2, "half as many; an amplitude goes with 20 log10, a power with 10 log10"),
            (2 * want, "twice as many; the mean square is a power already, 10 log10; or take its root first"),
            (20 * np.log10(np.mean(np.abs(y))), "you averaged |y|; square first, then average, then take the root"),
        ]
        said = f"for {about} you say {got:.1f} dB and it is {want:.1f} dB"
        judge(got, want, said, mistakes, otherwise="square, average, root, then 20 log10", within=0.05)
    return "a full-scale sine has -3.0 dB, a full-scale square wave 0.0 dB"


@exercise
def check_name_of(answer: Answer, rng: np.random.Generator) -> str:
    """``name_of(hz) -> str``: name of the nearest key, such as 'A4' (440 Hz) or 'C#4'; flats are right too."""
    keys = [69, 60, 59, *rng.integers(24, 105, 6).tolist()]
    for midi, cents in zip(keys, [0, 0, 0, *rng.uniform(-40, 40, 6)], strict=True):
        hz = midi_to_hz(midi + cents / 100)
        right, about = note_name(midi), f"{hz:.1f} Hz"
        got = ask(answer, hz, about=about)
        try:
            named = parse_note(got)
        except ValueError:
            text = " ".join(str(got).split())[:20]
            raise Hint(f"for {about} you say {text}, which is not a note name like {right}") from None
        mistakes = [
            (named == midi - 1 and cents < 0, "int() cuts off; round to the nearest key"),
            (abs(named - midi) == 12, "the octave number changes between B and C, and MIDI 60 is C4"),
        ]
        formula = "how many semitones lie between it and A4 = 440 Hz? 12 log2(f / 440)"
        judge(named, midi, f"{about} is {right} ({cents:+.0f} cents) and you say {got}", mistakes, otherwise=formula)
    return "you name every key, also when the piano is 40 cents out of tune"


@exercise
def check_heard_hz(answer: Answer, rng: np.random.Generator) -> str:
    """``heard_hz(hz, sr) -> Hz``: the frequency at which a sampled sine of ``hz`` sounds, within 0.1 Hz."""
    sr = 8000
    folded = [rng.uniform(low, low + 3000) for low in (500, 4500, 8500, 12500)]
    for hz in [*np.round(folded), 8000.0]:
        multiple = sr * np.round(hz / sr)
        got, want = ask_number(answer, hz, sr, about=f"{hz:.0f} Hz at sr = {sr}"), abs(hz - multiple)
        limit = f"nothing sounds above half the rate, {sr / 2:.0f} Hz; how far is it from the nearest multiple of {sr}?"
        mistakes = [
            (hz < sr / 2, "below half the rate nothing changes"),
            (got < 0, "a sine of negative frequency is heard at the positive one"),
            (got > sr / 2, limit),
        ]
        said = f"a sine of {hz:.0f} Hz sampled at {sr} Hz sounds at {want:.0f} Hz and you say {got:.0f} Hz"
        count = f"count from the nearest multiple of {sr}, which is {multiple:.0f} Hz"
        judge(got, want, said, mistakes, otherwise=count, within=0.1)
    return "every tone is folded into 0 .. sr / 2"


@exercise
def check_quantise(answer: Answer, rng: np.random.Generator) -> str:
    """``quantise(y, bits) -> (n,)``: each sample moved to the nearest multiple of 1 / 2**(bits - 1)."""
    for bits in (3, int(rng.integers(5, 9)), 16):
        y, steps = rng.uniform(-0.85, 0.85, 500), 2 ** (bits - 1)
        got = ask_array(answer, y, bits, about=f"{bits} bits", shape=y.shape)
        moved = np.max(np.abs(got - y)) * steps
        mistakes = [
            (y, f"nothing was rounded: scale by {steps}, round, scale back"),
            (np.round(y * steps), f"your samples reach {np.max(np.abs(got)):.0f}: then divide by {steps} again"),
            (np.round(y * 2 * steps) / (2 * steps), "your steps are half as large: -1 to 1 is two units wide"),
            (moved > 0.55, f"a sample moved by {moved:.2f} steps: the nearest one is at most half a step away"),
        ]
        between = f"a sample lies between the steps of 1 / {steps}"
        judge(got, np.round(y * steps) / steps, f"with {bits} bits", mistakes, otherwise=between, within=1e-9)
    return "the error is never more than half a step, and each bit more halves it: 6 dB"
