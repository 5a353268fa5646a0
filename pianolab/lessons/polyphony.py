"""What notebook 08 puts around the package: columns of known sounds, harmonic stacks, and pieces that are hard to hear.

What comes in: a few keys struck together, or what a detector made of them. What goes out: spectra on the axis of a
keyboard, figures that also stand behind sliders (`pianolab.lessons.teaching.explore`), and small pieces of music, each
with one difficulty that can be turned up. The decomposition, the detectors and the scores are the package's own.
"""

from dataclasses import dataclass

import numpy as np

from pianolab import plots, scores
from pianolab.detectors import nmf
from pianolab.dsp import combs, network_input
from pianolab.dsp.network_input import NeuralInput
from pianolab.frames import Framer
from pianolab.lessons.pitch import octave_ticks
from pianolab.lessons.teaching import figure
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.session import transcribe
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, note_name, parse_note

SR = nmf.SR  # Hz: of everything played and heard here
HOP = 160  # samples between columns: 10 ms
STAGES = ("attack", "decay", "late")  # of the templates of nmf
MOMENTS = tuple(f"{1000 * n // nmf.SR:+d} ms" if n else "now" for n in nmf.MOMENTS)
HARMONIC_OFFSETS = (-19, -12, 0, 7, 12, 19, 24, 28, 31, 34, 36)  # semitones: as in pianolab/training/network.py
LOUD, START_S, BEAT_S, HELD_S = 100, 0.2, 0.5, 0.45  # of the hard pieces: velocity, and seconds
N_CHORDS = 10  # in a hard piece
CLIP_DB = -40.0  # weaker partials are drawn at the bottom


# ------------------------------------------------------------------------------------------------------- playing


def chords(names, *, beat_s=0.8, held_s=0.7, start_s=0.1, velocity=80):
    """Notes of some chords, one a beat.

    Parameters
    ----------
    names : sequence of str
        Keys struck together, such as ``"C4 E4 G4"``.
    beat_s, held_s, start_s : float
        Seconds from chord to chord, that each is held, and before the first.
    velocity : float
        How hard the keys are struck, 1..127.

    Returns
    -------
    Notes

    Raises
    ------
    ValueError
        If a name is no key.
    """
    keys = [[parse_note(name) for name in chord.split()] for chord in names]
    midi = [key for chord in keys for key in chord]
    onset = np.array([start_s + beat_s * beat for beat, chord in enumerate(keys) for _ in chord])
    return Notes(onset, onset + held_s, midi, np.full(len(midi), velocity))


def play(notes, *, piano="grand", room="dry"):
    """The sound of some notes on a rendered piano.

    Parameters
    ----------
    notes : Notes
    piano, room : str
        As for `pianolab.piano.render`.

    Returns
    -------
    (n,) float32
        Samples at 16 kHz, to 0.3 s after the last note.

    Raises
    ------
    PianoError
        If there is no such piano or room.
    """
    return render(notes, sr=SR, piano=piano, room=room, tail_s=0.3)


# --------------------------------------------------------------------------------------------- columns and sums


def columns(y):
    """The spectrogram that nmf's textbook preset decomposes: one column of 294 bins, three a semitone, every 10 ms.

    Parameters
    ----------
    y : (n,) float32
        Samples at 16 kHz.

    Returns
    -------
    times : (T,) float64
        Seconds.
    spectra : (T, 294) float32
        A full-scale sine reads 1 to 1.5.
    """
    ear = nmf.PRESETS["textbook"].ear()
    framer = Framer(frame_length=ear.frame_length, hop_length=HOP, sr=SR)
    spans = [*framer.push(np.asarray(y, np.float32)), *framer.flush()]
    return np.concatenate([span.times for span in spans]), np.concatenate([ear(span) for span in spans])


def column(keys, *, at_s=0.3):
    """One column of the spectrogram of keys struck together.

    Parameters
    ----------
    keys : str
        Such as ``"C4 E4 G4"``.
    at_s : float
        Seconds after the blow.

    Returns
    -------
    (294,) float32
    """
    times, spectra = columns(play(chords([keys], start_s=0.1, held_s=at_s + 0.3)))
    return spectra[np.searchsorted(times, 0.1 + at_s)]


def key_columns():
    """What each key looks like while it rings: the textbook decay templates of nmf.

    Returns
    -------
    (88, 294) float32
        Rows of unit sum.
    """
    decay = learnt("textbook")[:, STAGES.index("decay")]
    return decay / decay.sum(axis=1, keepdims=True)


def learnt(preset):
    """The templates in the package.

    Parameters
    ----------
    preset : {'piano', 'textbook'}
        Of nmf.

    Returns
    -------
    (88, 3, n) float32
        Keys, stages (attack, decay, late), bins of all moments that are heard together.

    Raises
    ------
    KeyError
        If there is no such preset.
    """
    with np.load(nmf.TEMPLATES, allow_pickle=False) as templates:
        return templates[preset].astype(np.float32)


def divergence(v, model):
    """Generalised Kullback-Leibler divergence of a model from what is there (Lee & Seung 2000, eq. 3).

    Parameters
    ----------
    v, model : (n,) arrays
        Not negative.

    Returns
    -------
    float
        Sum of v log(v / model) - v + model: 0 where they agree, in the unit of v.
    """
    v, model = np.asarray(v, dtype=float), np.maximum(np.asarray(model, dtype=float), nmf.TINY)
    there = v > 0  # v log v is 0 at 0
    return float(np.sum(v[there] * np.log(v[there] / model[there])) - v.sum() + model.sum())


def draw_column(ax, v, **style):
    """Draw one column over the keys at whose frequencies its bins lie.

    Parameters
    ----------
    ax : Axes
    v : (n,) array
        Magnitudes, three bins a semitone from A0 on.
    **style
        For ``Axes.plot``, such as ``color`` and ``label``.

    Returns
    -------
    Axes
    """
    keys = MIDI_LOW + (np.arange(len(v)) - 1) / combs.BINS_PER_KEY
    ax.plot(keys, v, **{"color": plots.BLUE, "linewidth": 1.2, **style})
    octave_ticks(ax)
    ax.set(xlabel="key at this frequency", ylabel="magnitude (linear)", xlim=(40, 112))
    return ax


def sum_figure(v, templates, *, n_iterations, played=""):
    """Above, one column and the sum that comes nearest; below, how much of each key is in it.

    Parameters
    ----------
    v : (294,) array
    templates : (88, 294) array
        Rows of unit sum.
    n_iterations : int
        Steps of the multiplicative rule; 0 shows its start, all keys alike.
    played : str
        Keys to mark.

    Returns
    -------
    Picture
    """
    amounts = amounts_after(v, templates, n_iterations)
    model = amounts @ templates
    fig, (above, below) = figure(9, 4.4, rows=2)
    draw_column(above, v, label="what is there")
    draw_column(above, model, color=plots.ORANGE, linestyle="--", label="sum of the keys below")
    above.legend(loc="upper right")
    below.bar(np.arange(MIDI_LOW, MIDI_HIGH + 1), amounts / v.sum(), width=0.8, color=plots.ORANGE)
    for name in played.split():
        below.plot(parse_note(name), 0.46, "v", color=plots.BLUE, markersize=8)
    octave_ticks(below)
    below.set(xlabel="key (triangles: played)", ylabel="amount (share of the column)", xlim=(40, 112), ylim=(0, 0.5))
    share = divergence(v, model) / v.sum()
    above.set_title(f"after {n_iterations} steps: divergence {share:.2f} of the column's sum", loc="left")
    return fig


def amounts_after(v, templates, n_iterations):
    """How much of each template is in one column after so many steps of the multiplicative rule.

    Parameters
    ----------
    v : (n,) array
        Not negative.
    templates : (K, n) array
        Rows of unit sum.
    n_iterations : int
        Steps; before the first all amounts are alike.

    Returns
    -------
    (K,) float32
        In the unit of ``v``.
    """
    if n_iterations == 0:
        return np.full(len(templates), v.sum() / len(templates), np.float32)
    return nmf.decompose(v[None], templates, n_iterations, 1.0, 0.0)[0]


def key_map(ax, times, values, *, label, played=None, most=None):
    """Draw a value for every key in every frame; white frames mark what was played.

    Parameters
    ----------
    ax : Axes
    times : (T,) array
        Seconds.
    values : (T, 88) array
    label : str
        What the colour means, with its unit.
    played : Notes, optional
    most : float, optional
        Value of the brightest colour; the largest if not given.

    Returns
    -------
    Axes
    """
    keys = np.arange(MIDI_LOW, MIDI_HIGH + 1)
    style = {"cmap": "viridis", "vmin": 0, "vmax": most, "shading": "nearest", "rasterized": True}
    mesh = ax.pcolormesh(times, keys, np.asarray(values).T, **style)
    ax.figure.colorbar(mesh, ax=ax, label=label)
    if played is not None:
        heights = np.repeat(played.midi, 5) + np.tile([-0.5, 0.5, 0.5, -0.5, -0.5], len(played))
        outline = np.column_stack([played.onset, played.onset, played.offset, played.offset, played.onset])
        for x, y in zip(outline, heights.reshape(-1, 5), strict=True):
            ax.plot(x, y, color="white", linewidth=0.9)
    octave_ticks(ax, vertical=True)
    ax.set(xlabel="time (s)", ylabel="key", xlim=(times[0], times[-1]))
    return ax


def templates_figure(midi):
    """The templates of one key: a row for each stage of a note, in each the three moments that are heard together.

    Parameters
    ----------
    midi : int
        21..108.

    Returns
    -------
    Picture
    """
    templates = learnt("piano")[midi - MIDI_LOW].reshape(len(STAGES), len(MOMENTS), nmf.N_BINS)
    fig, axes = figure(9, 4.6, rows=len(STAGES), ncols=len(MOMENTS), sharex=True, sharey=True)
    for row, stage, spectra in zip(axes, STAGES, templates, strict=True):
        for ax, moment, spectrum in zip(row, MOMENTS, spectra, strict=True):
            draw_column(ax, 100 * spectrum)
            ax.set(xlabel="", ylabel="", xlim=(MIDI_LOW, 119), title=f"{stage}: {moment}")
    fig.supxlabel(f"key at this frequency; templates of {note_name(midi)}")
    fig.supylabel("share of the template (%)")
    return fig


# ---------------------------------------------------------------------------------------------- what a network hears


def semitones(keys, *, at_s=0.3):
    """What the network is given of keys struck together, the loudest of the three bins of each semitone, dB.

    Parameters
    ----------
    keys : str
        Such as ``"C3"``.
    at_s : float
        Seconds after the blow.

    Returns
    -------
    (98,) float64
        A0 to 7.6 kHz, dB below the strongest.
    """
    y = play(chords([keys], start_s=0.1, held_s=at_s + 0.3))
    longer_window = NeuralInput().of(y, lookahead=HOP)[round((0.1 + at_s) * SR / network_input.HOP), 1]
    level = 20.0 * longer_window.reshape(-1, combs.BINS_PER_KEY).max(axis=1)
    return level - level.max()


def harmonic_stack(x, offsets):
    """Copies of a spectrum, each shifted so that what lies ``offset`` columns above a key comes to stand at the key.

    Parameters
    ----------
    x : (n,) array
    offsets : sequence of int
        Columns; negative ones look below the key.

    Returns
    -------
    (len(offsets), n) array
        Row i at column k is ``x[k + offsets[i]]``, and 0 beyond the ends.

    References
    ----------
    Bittner, Bosch, Rubinstein, Meseguer-Brocal & Ewert, ICASSP 2022, section 3.1.
    """
    x = np.asarray(x)
    low, high = max(0, -min(offsets)), max(0, *offsets)
    padded = np.pad(x, (low, high))
    return np.array([padded[low + offset : low + offset + len(x)] for offset in offsets])


def stack_figure(keys, *, asked):
    """Above, the spectrum of some keys by semitones; below, its harmonic stack, with the column of one key marked.

    Parameters
    ----------
    keys, asked : str
        Played, such as ``"C3"`` or ``"C3 G3"``, and the key to look at.

    Returns
    -------
    Picture
    """
    level = np.maximum(semitones(keys), CLIP_DB)
    stack = harmonic_stack(level - CLIP_DB, HARMONIC_OFFSETS)[:, :N_KEYS]
    column_keys = MIDI_LOW + np.arange(len(level))
    fig, (above, below) = figure(9, 5, rows=2, sharex=True, height_ratios=(2, 3))
    above.bar(column_keys, level - CLIP_DB, bottom=CLIP_DB, width=0.8, color=plots.BLUE)
    above.set(ylabel="level (dB below the strongest)", ylim=(CLIP_DB, 0))
    above.set_title(f"{keys} played, {asked} asked", loc="left")
    rows = np.arange(len(HARMONIC_OFFSETS))
    mesh = below.pcolormesh(column_keys[:N_KEYS], rows, stack + CLIP_DB, cmap="magma", shading="nearest")
    fig.colorbar(mesh, ax=below, label="level (dB)")
    for side in (-0.5, 0.5):
        below.axvline(parse_note(asked) + side, color="white", linewidth=1)
    below.set_yticks(rows, [f"{offset:+d}" for offset in HARMONIC_OFFSETS])
    octave_ticks(below)
    below.set(xlabel="key", ylabel="shift (semitones)", xlim=(MIDI_LOW - 0.5, MIDI_HIGH + 0.5))
    return fig


def posteriors_figure(evidence, played):
    """What a network says of every key in every frame: struck, sounding, released, how hard; frames: what was played.

    Parameters
    ----------
    evidence : Salience
        With onset, offset and velocity.
    played : Notes

    Returns
    -------
    Picture
    """
    struck = evidence.onset >= 0.5  # a velocity means something only there
    maps = {
        "onset": (evidence.onset, "probability (0..1)", 1.0),
        "frame": (evidence.strength, "probability (0..1)", 1.0),
        "offset": (evidence.offset, "probability (0..1)", 1.0),
        "velocity": (np.where(struck, evidence.velocity, 0.0), "velocity (0..127)", 127.0),
    }
    fig, axes = figure(9, 9, rows=len(maps), sharex=True, sharey=True)
    for ax, (name, (values, label, most)) in zip(axes, maps.items(), strict=True):
        key_map(ax, evidence.times, values, label=label, played=played, most=most)
        ax.set_title(name, loc="left")
        ax.set(xlabel="", ylim=(played.midi.min() - 14, played.midi.max() + 26))
    axes[-1].set_xlabel("time (s)")
    return fig


def share_on_played(evidence, played, *, margin_s=0.1):
    """Share of all strength that stands where a key is held, give or take a margin.

    Parameters
    ----------
    evidence : Salience
    played : Notes
    margin_s : float
        Seconds before the onset and after the offset that count as held.

    Returns
    -------
    float
        0..1.
    """
    held = np.zeros(evidence.strength.shape, bool)
    for onset, offset, midi in zip(played.onset, played.offset, played.midi, strict=True):
        held[(evidence.times >= onset - margin_s) & (evidence.times < offset + margin_s), midi - MIDI_LOW] = True
    return float(evidence.strength[held].sum() / evidence.strength.sum())


# ------------------------------------------------------------------------------------------------- hard pieces


@dataclass(frozen=True, eq=False)
class HardPiece:
    """A small piece with one difficulty.

    Attributes
    ----------
    notes : Notes
        What is played.
    asked : (n,) bool
        The notes that are hard.
    """

    notes: Notes
    asked: np.ndarray


def soft_notes(velocity):
    """Loud thirds in the left hand and above each, struck together with it, one note this soft; that one is asked.

    Parameters
    ----------
    velocity : float
        1..127; the left hand has 100.

    Returns
    -------
    HardPiece
    """
    rng = np.random.default_rng(8)
    bass = rng.integers(40, 52, N_CHORDS)
    soft = bass + rng.choice([14, 17, 21, 22, 26], N_CHORDS)  # no octave, no twelfth: that is another difficulty
    notes = _struck_together(np.array([bass, bass + 4, soft]), [LOUD, LOUD, velocity])
    return HardPiece(notes, _top_of(3))


def repeated_notes(per_second):
    """C4 E4 G4 struck ten times, so many times a second; all but the first strokes are asked.

    Parameters
    ----------
    per_second : float
        Strokes a second.

    Returns
    -------
    HardPiece
    """
    triad = np.tile([[60], [64], [67]], N_CHORDS)
    notes = _struck_together(triad, [LOUD] * 3, beat_s=1.0 / per_second, held_s=0.8 / per_second)
    return HardPiece(notes, notes.onset > START_S)


def intervals(semitones_apart):
    """Two keys struck together so many semitones apart, each pair on other keys; the upper ones are asked.

    Parameters
    ----------
    semitones_apart : int

    Returns
    -------
    HardPiece
    """
    low = 40 + 3 * np.arange(N_CHORDS)
    return HardPiece(_struck_together(np.array([low, low + semitones_apart]), [LOUD] * 2), _top_of(2))


def _struck_together(keys, velocities, *, beat_s=BEAT_S, held_s=HELD_S):
    """Notes of keys (n_voices, n_beats), the lowest voice first."""
    onset = np.tile(START_S + beat_s * np.arange(keys.shape[1]), len(keys))
    return Notes(onset, onset + held_s, keys.ravel(), np.repeat(velocities, keys.shape[1]))


def _top_of(n_voices):
    """Which notes are the highest of their beat, in the order of Notes: by onset, then by key."""
    return np.arange(n_voices * N_CHORDS) % n_voices == n_voices - 1


def share_found(piece, heard):
    """Share of the hard notes of a piece that are heard, key and onset within 50 ms.

    Parameters
    ----------
    piece : HardPiece
    heard : Notes

    Returns
    -------
    float
        0..1.
    """
    found = np.zeros(len(piece.notes), bool)
    found[scores.match(piece.notes, heard)[:, 0]] = True
    return float(np.mean(found[piece.asked]))


def sweep(make, values, detectors):
    """Share of hard notes found, for every detector and every setting of a difficulty.

    Parameters
    ----------
    make : callable
        `soft_notes`, `repeated_notes` or `intervals`.
    values : sequence
        What it is called with.
    detectors : sequence of str

    Returns
    -------
    dict of str to list of float
        Detector -> share (0..1) at each value.
    """
    pieces = [make(value) for value in values]
    sounds = [play(piece.notes) for piece in pieces]
    return {
        detector: [
            share_found(piece, transcribe(y, sr=SR, detector=detector)) for piece, y in zip(pieces, sounds, strict=True)
        ]
        for detector in detectors
    }


def sweep_figure(values, shares, *, xlabel):
    """One line a detector: share of the hard notes found over the difficulty.

    Parameters
    ----------
    values : sequence of float
        Settings of the difficulty.
    shares : dict of str to list of float
        What `sweep` returned for them.
    xlabel : str
        What the difficulty is, with its unit.

    Returns
    -------
    Picture
    """
    fig, ax = figure(9, 2.8)
    for (detector, share), style in zip(shares.items(), ("s--", "o-", "^:", "d-."), strict=False):
        ax.plot(values, share, style, label=detector)
    ax.set(xlabel=xlabel, ylabel="hard notes found (0..1)", ylim=(-0.03, 1.05))
    ax.set_xticks(list(values))
    ax.grid(color="#dddddd", linewidth=0.6)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, frameon=False, borderaxespad=0.2)
    return fig
