"""The exercises of notebook 14: a filter by convolution, spectral flux, zero crossings, and the twelve chroma."""

import numpy as np

from pianolab.lessons.checks.grading import Answer, Hint, ask_array, ask_number, exercise, judge, near
from pianolab.lessons.playing import tone
from pianolab.texts.catalogue import Told
from pianolab.units import MIDI_LOW, N_KEYS, note_name

N_CHROMA = 12


@exercise
def check_convolve(answer: Answer, rng: np.random.Generator) -> str:
    """``convolve(x, h) -> (len(x) + len(h) - 1,)``: y[n] is the sum over k of h[k] x[n - k]. Exact to six digits."""
    for n_x, n_h in ((8, 3), (int(rng.integers(20, 60)), int(rng.integers(4, 9)))):
        x, h = rng.uniform(-1, 1, n_x), rng.uniform(-1, 1, n_h)
        about, want = Told("hints.convolve.case", n_x=n_x, n_h=n_h), np.convolve(x, h)
        got = ask_array(answer, x, h, about=about)
        if len(got) == n_x and near(got, want[:n_x]):
            raise Hint(Told("hints.convolve.tail", about=about, n=len(want), got=len(got)))
        if len(got) != len(want):
            raise Hint(Told("hints.convolve.length", about=about, n=len(want), got=len(got)))
        mistakes = [
            (np.correlate(x, h, "full"), Told("hints.convolve.mirrored")),
            (want / n_h, Told("hints.convolve.mean")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        value = Told("hints.convolve.value", i=i, want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=value)
    return Told("hints.convolve.known")


@exercise
def check_flux(answer: Answer, rng: np.random.Generator) -> str:
    """``flux(magnitude) -> (n_frames,)``: the sum over bins of what grew since the frame before; 0 in the first.

    ``magnitude`` is (n_bins, n_frames), as librosa's STFT. What became less does not count. Exact to six digits.
    """
    for n_bins, n_frames in ((3, 5), (int(rng.integers(20, 40)), int(rng.integers(10, 20)))):
        magnitude = rng.uniform(0, 1, (n_bins, n_frames))
        change = np.diff(magnitude, axis=1, prepend=magnitude[:, :1])
        want, about = np.maximum(change, 0).sum(axis=0), Told("hints.flux.case", n_bins=n_bins, n_frames=n_frames)
        got = ask_array(answer, magnitude, about=about)
        if len(got) == n_frames - 1:
            raise Hint(Told("hints.flux.first", about=about, n=n_frames, got=len(got)))
        if len(got) == n_bins:
            raise Hint(Told("hints.flux.axis", about=about))
        if len(got) != n_frames:
            raise Hint(Told("hints.flux.length", about=about, n=n_frames, got=len(got)))
        mistakes = [
            (change.sum(axis=0), Told("hints.flux.falls")),
            (np.abs(change).sum(axis=0), Told("hints.flux.both")),
            (np.maximum(change.sum(axis=0), 0), Told("hints.flux.summed_first")),
            (near(got[1:], want[1:]), Told("hints.flux.begins", got=got[0])),
            (np.maximum(change, 0).mean(axis=0), Told("hints.flux.mean")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        value = Told("hints.flux.value", i=i, want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=value)
    return Told("hints.flux.known")


@exercise
def check_zero_crossings(answer: Answer, rng: np.random.Generator) -> str:
    """``zero_crossings(y, sr) -> float``: how often in a second the sign of the sound changes, within 3 %."""
    sr = 8000
    for hz in (100.0, float(rng.integers(200, 1500))):
        y = tone(hz, 1.0, sr=sr, phases=[0.3])
        about, want = Told("hints.zero_crossings.case", hz=hz), 2 * hz
        got = ask_number(answer, y, sr, about=about)
        mistakes = [
            (abs(got - hz) <= 0.03 * hz, Told("hints.zero_crossings.up_only")),
            (abs(got * sr - want) <= 0.03 * want, Told("hints.zero_crossings.each_sample")),
        ]
        said = Told("hints.zero_crossings.said", about=about, want=want, got=got)
        judge(got, want, said, mistakes, otherwise=Told("hints.zero_crossings.signs"), within=0.03 * want)
    y = tone(100.0, 0.5, sr=sr, phases=[0.3])
    got = ask_number(answer, y, sr, about=Told("hints.zero_crossings.half_case"))
    if abs(got - 200) > 6:
        raise Hint(Told("hints.zero_crossings.half", got=got))
    return Told("hints.zero_crossings.known")


@exercise
def check_chroma(answer: Answer, rng: np.random.Generator) -> str:
    """``chroma(strength) -> (12,)``: how much of each note name, C first: the sum over its octaves.

    ``strength`` (88,) is how strongly each key sounds; column 0 is A0. Exact to six digits.
    """
    for keys in (np.array([60, 64, 67, 72]), rng.choice(np.arange(21, 109), 6, replace=False)):
        strength = np.zeros(N_KEYS)
        strength[keys - MIDI_LOW] = rng.uniform(0.2, 1.0, len(keys))
        want = np.bincount((np.arange(N_KEYS) + MIDI_LOW) % N_CHROMA, strength, N_CHROMA)
        about = Told("hints.chroma.case", names=" ".join(note_name(key) for key in sorted(keys.tolist())))
        got = ask_array(answer, strength, about=about, shape=(N_CHROMA,))
        highest = np.zeros(N_CHROMA)
        np.maximum.at(highest, (np.arange(N_KEYS) + MIDI_LOW) % N_CHROMA, strength)
        turns = [turn for turn in range(1, N_CHROMA) if near(got, np.roll(want, turn))]
        mistakes = [
            (bool(turns), Told("hints.chroma.begins", low=note_name(MIDI_LOW))),
            (highest, Told("hints.chroma.largest")),
            (near(got * want.max(), want) or near(got * want.sum(), want), Told("hints.chroma.scaled")),
        ]
        i = int(np.argmax(np.abs(got - want)))
        value = Told("hints.chroma.value", name=note_name(60 + i)[:-1], want=want[i], got=got[i])
        judge(got, want, about, mistakes, otherwise=value)
    return Told("hints.chroma.known")
