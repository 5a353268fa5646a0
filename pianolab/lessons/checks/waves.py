"""The exercises of notebooks 00 and 01: octaves, seconds, a melody; sines, levels, names, folding, rounding."""

import numpy as np

from pianolab.lessons.checks.grading import Answer, Hint, ask, ask_array, ask_number, exercise, judge
from pianolab.lessons.playing import note, tone
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.texts.catalogue import Told
from pianolab.units import midi_to_hz, note_name, parse_note

SHOWN_HZ = 0.06  # A hint tells tenths of a hertz, so an answer that is refused differs in what it tells.


@exercise
def check_octave_up(answer: Answer, rng: np.random.Generator) -> str:
    """``octave_up(hz) -> Hz``: the frequency of the key an octave higher, to a tenth of a hertz."""
    for midi in rng.integers(21, 96, 4).tolist():
        hz = midi_to_hz(midi)
        got = ask_number(answer, hz, about=note_name(midi))
        said = Told("hints.octave_up.said", note=note_name(midi), hz=hz, got=got, octave=note_name(midi + 12))
        mistakes = [(hz + 12, Told("hints.octave_up.twelve"))]
        judge(got, 2 * hz, said, mistakes, otherwise=Told("hints.octave_up.twice"), within=SHOWN_HZ)
    return Told("hints.octave_up.known")


@exercise
def check_seconds(answer: Answer, rng: np.random.Generator) -> str:
    """``seconds(n_samples, sr) -> s``: how long a recording of n samples lasts at sr samples a second."""
    for sr in (44100, 48000, 8000):
        n = int(rng.integers(2 * sr, 9 * sr))
        case = Told("hints.seconds.case", n=n, sr=sr)
        got = ask_number(answer, n, sr, about=case)
        said = Told("hints.seconds.said", case=case, want=n / sr, got=got)
        judge(got, n / sr, said, [(n / 44100, Told("hints.seconds.fixed"))], otherwise=Told("hints.seconds.rate"))
    return Told("hints.seconds.known")


@exercise
def check_melody(answer: Answer, rng: np.random.Generator) -> str:
    """``melody(y, sr) -> list of names``: the keys played in y in order, such as ['C4', 'E4']; see transcribe."""
    for _ in range(3):
        y, want = _melody(rng)
        about = Told("hints.melody.case", n=len(want))
        got = ask(answer, y, 22050, about=about)
        names = [str(name) for name in got] if isinstance(got, list | tuple) else []
        if len(names) == 0:
            raise Hint(Told("hints.melody.no_names", about=about))
        if names != want:
            said = Told("hints.melody.said", heard=" ".join(names[:8])[:60], played=" ".join(want))
            reordered = Told("hints.any.because", said=said, why=Told("hints.melody.order"))
            raise Hint(reordered if sorted(names) == sorted(want) else said)
    return Told("hints.melody.known")


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
    seconds = 0.25  # of which every rate below has a whole number of samples
    for hz, sr in ((440.0, 8000), (round(rng.uniform(100, 1500)), 22000)):
        n = round(seconds * sr)
        got = ask_array(answer, hz, seconds, sr, about=Told("hints.sine.case", hz=hz, sr=sr))
        if len(got) != n:
            why = Told("hints.sine.linspace") if len(got) == n + 1 else Told("hints.sine.arange", n=n)
            raise Hint(Told("hints.sine.length", n=len(got), sr=sr, want=n, why=why))
        heard = _strongest_hz(got - got.mean(), sr)
        mistakes = [
            (abs(heard * 2 * np.pi - hz) < 0.02 * hz + 4, Told("hints.sine.turn")),
            (abs(heard - hz) > 0.01 * hz + 4, Told("hints.sine.time")),
            (abs(got[0]) > 0.5, Told("hints.sine.crest", first=got[0])),
        ]
        said, wrong = Told("hints.sine.said", hz=hz, heard=heard), Told("hints.sine.shape", peak=np.max(np.abs(got)))
        judge(got, tone(hz, seconds, sr=sr), said, mistakes, otherwise=wrong)
    return Told("hints.sine.known")


def _strongest_hz(y, sr):
    magnitude = np.abs(np.fft.rfft(y * np.hanning(len(y)), 8 * len(y)))
    return float(np.argmax(magnitude) * sr / (8 * len(y)))


@exercise
def check_level_db(answer: Answer, rng: np.random.Generator) -> str:
    """``level_db(y) -> float``: 20 log10 of the root of the mean square, within 0.05 dB."""
    sine, midi = tone(440, 0.1, sr=44100), int(rng.integers(50, 70))
    sounds = [(Told("hints.level_db.sine", peak=peak), peak * sine) for peak in (1.0, rng.uniform(0.05, 0.5))]
    sounds += [
        (Told("hints.level_db.square"), np.where(tone(100, 0.1, sr=44100) >= 0, 1.0, -1.0)),
        (Told("hints.level_db.rendered", note=note_name(midi)), note(midi, sr=22050, n=4410).astype(float)),
    ]
    for about, y in sounds:
        got, want = ask_number(answer, y, about=about), 10 * np.log10(np.mean(y**2))
        mistakes = [
            (20 * np.log10(np.max(np.abs(y))), Told("hints.level_db.peak")),
            (want / 2, Told("hints.level_db.half")),
            (2 * want, Told("hints.level_db.double")),
            (20 * np.log10(np.mean(np.abs(y))), Told("hints.level_db.absolute")),
        ]
        said = Told("hints.level_db.said", about=about, got=got, want=want)
        judge(got, want, said, mistakes, otherwise=Told("hints.level_db.steps"), within=0.05)
    return Told("hints.level_db.known")


@exercise
def check_name_of(answer: Answer, rng: np.random.Generator) -> str:
    """``name_of(hz) -> str``: name of the nearest key, such as 'A4' (440 Hz) or 'C#4'; flats are right too."""
    keys = [69, 60, 59, *rng.integers(24, 105, 6).tolist()]
    for midi, cents in zip(keys, [0, 0, 0, *rng.uniform(-40, 40, 6)], strict=True):
        hz = midi_to_hz(midi + cents / 100)
        right, about = note_name(midi), Told("hints.name_of.case", hz=hz)
        got = ask(answer, hz, about=about)
        try:
            named = parse_note(got)
        except ValueError:
            text = " ".join(str(got).split())[:20]
            raise Hint(Told("hints.name_of.no_name", about=about, got=text, right=right)) from None
        mistakes = [
            (named == midi - 1 and cents < 0, Told("hints.name_of.cut_off")),
            (abs(named - midi) == 12, Told("hints.name_of.octave")),
        ]
        said = Told("hints.name_of.said", about=about, right=right, cents=cents, got=got)
        judge(named, midi, said, mistakes, otherwise=Told("hints.name_of.formula"))
    return Told("hints.name_of.known")


@exercise
def check_heard_hz(answer: Answer, rng: np.random.Generator) -> str:
    """``heard_hz(hz, sr) -> Hz``: the frequency at which a sampled sine of ``hz`` sounds, within 0.1 Hz."""
    sr = 8000
    folded = [rng.uniform(low, low + 3000) for low in (500, 4500, 8500, 12500)]
    for hz in [*np.round(folded), 8000.0]:
        multiple = sr * np.round(hz / sr)
        got, want = ask_number(answer, hz, sr, about=Told("hints.heard_hz.case", hz=hz, sr=sr)), abs(hz - multiple)
        mistakes = [
            (hz < sr / 2, Told("hints.heard_hz.below")),
            (got < 0, Told("hints.heard_hz.negative")),
            (got > sr / 2, Told("hints.heard_hz.limit", half=sr / 2, sr=sr)),
        ]
        said = Told("hints.heard_hz.said", hz=hz, sr=sr, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.heard_hz.count", sr=sr, multiple=multiple), within=0.1)
    return Told("hints.heard_hz.known")


@exercise
def check_quantise(answer: Answer, rng: np.random.Generator) -> str:
    """``quantise(y, bits) -> (n,)``: each sample moved to the nearest multiple of 1 / 2**(bits - 1)."""
    for bits in (3, int(rng.integers(5, 9)), 16):
        y, steps = rng.uniform(-0.85, 0.85, 500), 2 ** (bits - 1)
        got = ask_array(answer, y, bits, about=Told("hints.quantise.case", bits=bits), shape=y.shape)
        moved = np.max(np.abs(got - y)) * steps
        mistakes = [
            (y, Told("hints.quantise.nothing", steps=steps)),
            (np.round(y * steps), Told("hints.quantise.unscaled", reach=np.max(np.abs(got)), steps=steps)),
            (np.round(y * 2 * steps) / (2 * steps), Told("hints.quantise.half")),
            (moved > 0.55, Told("hints.quantise.moved", moved=moved)),
        ]
        said, between = Told("hints.quantise.said", bits=bits), Told("hints.quantise.between", steps=steps)
        judge(got, np.round(y * steps) / steps, said, mistakes, otherwise=between, within=1e-9)
    return Told("hints.quantise.known")
