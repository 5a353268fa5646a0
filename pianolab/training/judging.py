"""The network that judges for nmf which keys were struck, are held and were let go, learnt from rendered scenes.

What comes in: templates of all keys, and a shelf of pianos, performances, rooms and noises. What comes out: the weights
that `pianolab.dsp.key_judge` reads. Each scene is decomposed as the detector does it. Of its keys and rows those are
taken of which something is heard or played, and few of all others; each counts as many times as it stands for others.
The network is so small (one hidden layer) that NumPy learns it in a minute, by Adam (Kingma & Ba, ICLR 2015). Nothing
here needs PyTorch.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianolab.detectors.nmf import PRESETS, Nmf, on_scale
from pianolab.dsp import key_judge
from pianolab.frames import Framer
from pianolab.roll import Notes
from pianolab.training.scenes import draw_scene
from pianolab.training.sources import Shelf
from pianolab.units import MIDI_LOW, N_KEYS

N_HIDDEN = 128
# So many of the scenes are chords, and so many are played on a piano made by rule, beside those that are drawn so.
CHORDS_SHARE, BY_RULE_SHARE = 0.25, 0.25
# So many seconds of each scene are heard: more scenes bring more than longer ones.
HEARD_S = 40.0
# A row is near a stroke, or a release, to this many seconds; the target falls straight from 1 to 0.
NEAR_STROKE_S, NEAR_RELEASE_S = 0.05, 0.06
# Of a key something is heard if its attack or its lately loudest sound is above this share of the loudest moment; and
# much if its attack is.
HEARD_ATTACK, HEARD_SOUND, MUCH_ATTACK = 0.004, 0.02, 0.01
# Of keys of which much is heard, something, or nothing, these shares are taken; and all near a stroke or a release.
TAKEN_MUCH, TAKEN_HEARD, TAKEN_REST = 0.5, 0.12, 0.01
# No case counts more often than this.
MOST_WEIGHT = 10.0
EPOCHS, BATCH, RATE, WARM_UP = 24, 4096, 3e-3, 200
FIRST_BIAS = -3.0


class Cases(NamedTuple):
    """Keys in rows to learn from.

    Attributes
    ----------
    inputs : (n, N_INPUTS) float16
    targets : (n, 3) float32
        Near a stroke, held, near a release.
    weights : (n,) float32
        For how many it stands.
    """

    inputs: NDArray[np.float16]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]


def targets_of(notes: Notes, times: NDArray[np.float64], *, delay_s: float) -> NDArray[np.float32]:
    """What the network should say of each key in each row.

    Parameters
    ----------
    notes : Notes
        On the keyboard.
    times : (T,) float64
        Seconds.
    delay_s : float
        The rows know so late.

    Returns
    -------
    (T, 88, 3) float32

    Examples
    --------
    C4 is struck at 1 s and let go at 2 s; the rows know 60 ms later.

    >>> targets = targets_of(Notes([1.0], [2.0], [60]), np.arange(150) / 50, delay_s=0.06)[:, 39]
    >>> [int(column.argmax()) for column in targets.T]
    [53, 53, 103]
    """
    targets = np.zeros((len(times), N_KEYS, 3), np.float32)
    now_s = times - delay_s
    for onset_s, offset_s, midi in zip(notes.onset, notes.offset, notes.midi, strict=True):
        key = targets[:, midi - MIDI_LOW]
        key[:, 0] = np.maximum(key[:, 0], 1.0 - np.abs(now_s - onset_s) / NEAR_STROKE_S)
        key[(now_s >= onset_s) & (now_s < offset_s), 1] = 1.0
        key[:, 2] = np.maximum(key[:, 2], 1.0 - np.abs(now_s - offset_s) / NEAR_RELEASE_S)
    return targets


def cases_of(
    y: NDArray[np.float32],
    notes: Notes,
    templates: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    start_s: float = 0.0,
) -> Cases:
    """Keys in rows of one scene.

    Parameters
    ----------
    y : (n,) float32
        At the rate of nmf.
    notes : Notes
        What was played.
    templates : (88, 3, n) float32
    rng : numpy.random.Generator
        Draws which are taken.
    start_s : float
        Seconds in the notes when the sound begins.

    Returns
    -------
    Cases
    """
    detector = Nmf(preset="rules")
    framer = Framer(frame_length=detector.frame_length, hop_length=detector.hop_length, sr=detector.sr)
    spans = [*framer.push(y), *framer.flush()]
    judged = [detector.to_judge(span, templates) for span in spans]
    planes, whole = (np.concatenate(parts) for parts in zip(*judged, strict=True))
    times = start_s + np.concatenate([span.times for span in spans])
    targets = targets_of(notes.on_keyboard(), times, delay_s=PRESETS["piano"].onset_delay_s)
    keys = planes[:, :, key_judge.MARGIN : key_judge.MARGIN + N_KEYS]
    attack, lately = keys[:, key_judge.ATTACK], keys[:, key_judge.SOUND_LATELY]
    heard = (attack > on_scale(HEARD_ATTACK)) | (lately > on_scale(HEARD_SOUND)) | (targets.max(axis=2) > 0)
    share = np.where(attack > on_scale(MUCH_ATTACK), TAKEN_MUCH, TAKEN_HEARD)
    share = np.where(targets[:, :, [0, 2]].max(axis=2) > 0, 1.0, np.where(heard, share, TAKEN_REST))
    taken = np.nonzero(rng.random(share.shape) < share)
    inputs = key_judge.inputs_of(planes, whole, *taken).astype(np.float16)
    return Cases(inputs, targets[taken], np.minimum(1.0 / share[taken], MOST_WEIGHT).astype(np.float32))


def scene_cases(shelf: Shelf, templates: NDArray[np.float32], *, n_scenes: int, seed: int) -> Iterator[Cases]:
    """Cases of scenes that are drawn one after the other.

    Parameters
    ----------
    shelf : Shelf
    templates : (88, 3, n) float32
    n_scenes : int
    seed : int

    Yields
    ------
    Cases
        Of one scene.
    """
    for number in range(n_scenes):
        rng = np.random.default_rng([seed, number])
        kind = "chords" if rng.random() < CHORDS_SHARE else None
        by_rule = shelf.physical and rng.random() < BY_RULE_SHARE
        scene = draw_scene(replace(shelf, pianos=()) if by_rule else shelf, rng, kind=kind)
        first = int(rng.integers(max(len(scene.y) - round(HEARD_S * Nmf.sr), 0) + 1))
        heard = scene.y[first : first + round(HEARD_S * Nmf.sr)]
        yield cases_of(heard, scene.notes, templates, rng, start_s=first / Nmf.sr)


def fit(parts: Iterable[Cases], *, n_hidden: int = N_HIDDEN, epochs: int = EPOCHS, seed: int = 0) -> key_judge.Weights:
    """Weights that make the cross-entropy with the targets small.

    Parameters
    ----------
    parts : iterable of Cases
    n_hidden : int
    epochs : int
        How often each case is seen.
    seed : int

    Returns
    -------
    Weights
    """
    inputs, targets, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
    weights = weights / weights.mean()
    some = inputs[:: max(len(inputs) // 200_000, 1)].astype(np.float32)
    middle, spread = some.mean(axis=0), some.std(axis=0) + 0.02
    rng = np.random.default_rng(seed)
    shapes = [(inputs.shape[1], n_hidden), (n_hidden, targets.shape[1])]
    of_inputs, of_hidden = (rng.normal(0.0, np.sqrt(2.0 / n), (n, m)).astype(np.float32) for n, m in shapes)
    learnt = [of_inputs, np.zeros(n_hidden, np.float32), of_hidden, np.full(targets.shape[1], FIRST_BIAS, np.float32)]
    batch = min(BATCH, len(inputs))
    step = _adam(learnt, total=epochs * (len(inputs) // batch))
    for _ in range(epochs):
        order = rng.permutation(len(inputs))
        for first in range(0, len(inputs) - batch + 1, batch):
            some = order[first : first + batch]
            x = (inputs[some].astype(np.float32) - middle) / spread
            hidden = np.maximum(x @ learnt[0] + learnt[1], 0.0)
            said = 1.0 / (1.0 + np.exp(-(hidden @ learnt[2] + learnt[3])))
            slope = ((said - targets[some]) * weights[some, None] / batch).astype(np.float32)
            back = (slope @ learnt[2].T) * (hidden > 0)
            step([x.T @ back, back.sum(axis=0), hidden.T @ slope, slope.sum(axis=0)])
    of_inputs, bias, of_hidden, out_bias = learnt
    # The inputs come as they are; their middle and spread go into the weights.
    bias = bias - (middle / spread) @ of_inputs
    return key_judge.Weights(of_inputs / spread[:, None], bias.astype(np.float32), of_hidden, out_bias)


def _adam(learnt: list[NDArray[np.float32]], *, total: int) -> Callable[[list[NDArray[np.floating]]], None]:
    """A function that moves the arrays a step against given slopes; its rate rises, then falls along a cosine."""
    first, second = ([np.zeros_like(values) for values in learnt] for _ in range(2))
    taken = 0

    def step(slopes: list[NDArray[np.floating]]) -> None:
        nonlocal taken
        taken += 1
        rate = RATE * min(1.0, taken / WARM_UP) * 0.5 * (1.0 + np.cos(np.pi * taken / total))
        for values, slope, mean, square in zip(learnt, slopes, first, second, strict=True):
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope**2 - square)
            values -= np.float32(rate) * (mean / (1.0 - 0.9**taken)) / (np.sqrt(square / (1.0 - 0.999**taken)) + 1e-8)

    return step
