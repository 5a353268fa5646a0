"""What notebook 13 puts around OpenCV: sound as a grey picture, and a detector that looks at it and hears nothing.

What comes in: samples in [-1, 1]. What goes out: a picture with three rows for each key of a piano and a column every
12 ms, its rising edges, the stencils of 88 keys, and the strokes that are found with them. A stroke is an upright edge
from which level lines go to the right. Its key is the one whose stencil lies on the lines best; what the stencil
covers is wiped out, and the rest is asked again. A small network (``pictures.onnx``, learnt by
``benchmarks/picture_network.py`` from our own renderings) can judge each proposal from the picture around it.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import librosa
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from pianolab import sound
from pianolab.errors import PianolabError
from pianolab.lessons.showing import octave_ticks
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, midi_to_hz

SR, HOP = 22050, 256  # Hz, and samples between columns: 12 ms.
ROWS_PER_KEY, N_ROWS = 3, 297  # From A0 to 11 keys above C8.
GAMMA_HZ = 6.0  # So much are all bands widened, or the lowest would need seconds.
FLOOR_DB = 60.0  # So far below the loudest is black.
WHITE = 255
LINE_ROWS = 9  # What is as thick is no line but a cloud: three keys.
EDGE_COLUMNS = 4  # On each side of an edge: 46 ms.
# The settings of the detector, chosen on the tune half of the built-in set.
LEAST_EDGE = 6.0  # Rising edges in one column, in whites: fewer are no stroke.
APART = 5  # Columns to each side among which one stroke has the most edges.
LOOK = 2  # Columns around a stroke where its edges may lie.
LEAST_SHARE = 0.3  # A key whose stencil finds less of a stroke's edges is not struck.
WIPED = 1.3  # So many times what a stencil explains is wiped out.
MOST_KEYS = 8  # In one stroke.
NOMINAL_S = 0.25  # The detector tells strokes and no ends: its notes have this length.
STENCIL_PIANOS = ("grand", "bright", "felt")
# What the network sees of a proposal: from an octave below the key to three above, 70 ms before to 116 ms after.
PATCH_ROWS, PATCH_BELOW, PATCH_COLUMNS, PATCH_BEFORE = 144, 36, 16, 6
PROPOSED_SHARE = 0.12  # For the network more is proposed: what is left out can never be found.
STRUCK = 0.5  # Above it the network says that a key was struck.
NETWORK = Path(__file__).with_suffix(".onnx")

Image = npt.NDArray[np.uint8]
Array32 = npt.NDArray[np.float32]


class Proposals(NamedTuple):
    """Strokes that may be there.

    Attributes
    ----------
    column : (n,) int
        Where the edge stands.
    midi : (n,) int
    share : (n,) float
        How much of the stroke's edges the stencil of the key found, 0..1.
    """

    column: npt.NDArray[np.int64]
    midi: npt.NDArray[np.int64]
    share: npt.NDArray[np.float64]


def opencv() -> ModuleType:
    """OpenCV.

    Returns
    -------
    module

    Raises
    ------
    PianolabError
        If it is not installed; the message has the remedy.
    """
    try:
        import cv2
    except ImportError as error:
        raise PianolabError("pictures of sound need OpenCV: pip install 'pianolab[vision]'") from error
    return cv2


# -------------------------------------------------------------------------------------------------- the picture


def magnitudes(y: npt.ArrayLike, *, sr: float) -> Array32:
    """How strong each third of a semitone is, every 12 ms.

    Parameters
    ----------
    y : (n,) array
        Samples.
    sr : float
        Hz.

    Returns
    -------
    (297, n_columns) float32
        Row 0 is the lowest.
    """
    y = sound.resample(np.asarray(y, np.float32), sr=sr, target_sr=SR) if sr != SR else np.asarray(y, np.float32)
    lowest = float(midi_to_hz(MIDI_LOW - 1 / ROWS_PER_KEY))
    settings = {"hop_length": HOP, "fmin": lowest, "n_bins": N_ROWS, "bins_per_octave": 12 * ROWS_PER_KEY}
    return np.abs(librosa.vqt(y, sr=SR, gamma=GAMMA_HZ, **settings)).astype(np.float32)


def grey(magnitude: npt.ArrayLike, *, floor_db: float = FLOOR_DB) -> Image:
    """Magnitudes as grey values: the largest is white, what lies ``floor_db`` below it is black.

    Parameters
    ----------
    magnitude : array
    floor_db : float

    Returns
    -------
    array of uint8

    Examples
    --------
    >>> grey([1.0, 0.1, 0.001], floor_db=60.0).tolist()
    [255, 170, 0]
    """
    magnitude = np.asarray(magnitude)
    level_db = 20 * np.log10(np.maximum(magnitude / max(float(magnitude.max(initial=0.0)), 1e-9), 1e-9))
    return np.round(WHITE * np.clip(level_db / floor_db + 1, 0, 1)).astype(np.uint8)


def picture(y: npt.ArrayLike, *, sr: float) -> Image:
    """Sound as a grey picture.

    Parameters
    ----------
    y, sr
        As for `magnitudes`.

    Returns
    -------
    (297, n_columns) uint8
        Row 0 is the lowest; 255 the loudest, 0 what is 60 dB softer.
    """
    return grey(magnitudes(y, sr=sr))


def rows_of(midi: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The rows in which the first partials of keys lie.

    Parameters
    ----------
    midi : array of int

    Returns
    -------
    array of int
    """
    return ROWS_PER_KEY * (np.asarray(midi) - MIDI_LOW) + 1


def columns_of(seconds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The columns at some times.

    Parameters
    ----------
    seconds : array

    Returns
    -------
    array of int
    """
    return np.round(np.asarray(seconds) * SR / HOP).astype(np.int64)


def draw(ax: Axes, image: npt.ArrayLike, *, cmap: str = "gray", **settings: Any) -> AxesImage:
    """Draw a picture over seconds and keys, low keys below.

    Parameters
    ----------
    ax : Axes
    image : (297, n_columns) array
    cmap : str
        Of matplotlib.
    **settings
        For ``Axes.imshow``, such as ``vmax``.
    """
    image = np.asarray(image)
    n_rows, n_columns = image.shape
    half_s, half_row = HOP / SR / 2, 0.5 / ROWS_PER_KEY
    low = MIDI_LOW - 1 / ROWS_PER_KEY - half_row
    extent = (-half_s, (2 * n_columns - 1) * half_s, low, low + n_rows / ROWS_PER_KEY)
    look = {"origin": "lower", "aspect": "auto", "interpolation": "nearest", "extent": extent}
    drawn = ax.imshow(image, cmap=cmap, **{**look, **settings})
    octave_ticks(ax, vertical=True)
    ax.set(xlabel="time (s)", ylabel="key at this frequency")
    return drawn


def mark(ax: Axes, notes: Notes, **style: Any) -> None:
    """Put a ring on each stroke.

    Parameters
    ----------
    ax : Axes
    notes : Notes
    **style
        For ``Axes.plot``.
    """
    ax.plot(notes.onset, notes.midi, **{"marker": "o", "linestyle": "", "fillstyle": "none", **style})


# ------------------------------------------------------------------------------------------------- what it finds


def rising(image: Image) -> Array32:
    """Where a level line begins: thin lines are kept (top-hat), and what is darker before than behind is bright.

    Parameters
    ----------
    image : (297, n_columns) uint8

    Returns
    -------
    (297, n_columns) float32
        Grey values that were gained; 0 where nothing rises.
    """
    cv2 = opencv()
    lines = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, np.ones((LINE_ROWS, 1), np.uint8))
    side = np.ones(EDGE_COLUMNS) / EDGE_COLUMNS
    kernel = np.concatenate([-side, [0.0], side])[None]
    rise = cv2.filter2D(lines.astype(np.float32), -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.maximum(rise, 0.0)


def upright(rise: Array32) -> npt.NDArray[np.int64]:
    """The columns in which more begins than in those around them.

    Parameters
    ----------
    rise : (297, n_columns) float32
        From `rising`.

    Returns
    -------
    (n,) int
    """
    cv2 = opencv()
    edges = (rise.sum(axis=0, keepdims=True) / WHITE).astype(np.float32)
    highest = cv2.dilate(edges, np.ones((1, 2 * APART + 1), np.uint8))
    return np.flatnonzero((edges == highest) & (edges > LEAST_EDGE))


def strip(rise: Array32, column: int) -> Array32:
    """What begins within two columns of one: the highest rise of each row.

    Parameters
    ----------
    rise : (297, n_columns) float32
    column : int

    Returns
    -------
    (297,) float32
    """
    return rise[:, max(column - LOOK, 0) : column + LOOK + 1].max(axis=1)


@cache
def stencils(pianos: Sequence[str] = STENCIL_PIANOS) -> Array32:
    """What a stroke of each key looks like: its `strip`, the mean over rendered pianos.

    Parameters
    ----------
    pianos : tuple of str
        Names in `pianolab.piano.PIANOS`.

    Returns
    -------
    (88, 297) float32
    """
    onset = 0.3 + 0.45 * np.arange(N_KEYS)
    notes = Notes(onset, onset + 0.33, np.arange(MIDI_LOW, MIDI_HIGH + 1), np.full(N_KEYS, 90))
    return np.mean([_strips_of(render(notes, sr=SR, piano=piano), onset) for piano in pianos], axis=0)


def _strips_of(y: Array32, onset: npt.NDArray[np.floating]) -> Array32:
    magnitude = magnitudes(y, sr=SR)
    cuts = [slice(column - 8, column + 25) for column in columns_of(onset)]
    return np.stack([strip(rising(grey(magnitude[:, cut])), 8) for cut in cuts])


def propose(rise: Array32, *, least_share: float = LEAST_SHARE) -> Proposals:
    """Lay the stencils of all keys over each upright edge, take the best, wipe out what it explains, and go on.

    Parameters
    ----------
    rise : (297, n_columns) float32
        From `rising`.
    least_share : float
        A key that finds a smaller share of what stood there in the beginning is no proposal.

    Returns
    -------
    Proposals
    """
    known = stencils()
    size = np.linalg.norm(known, axis=1)
    found = []
    for column in upright(rise):
        rest = strip(rise, column)
        whole = np.linalg.norm(rest)
        for _ in range(MOST_KEYS):
            fit = known @ rest / size
            best = int(np.argmax(fit))
            if fit[best] < least_share * whole:
                break
            found.append((column, MIDI_LOW + best, fit[best] / whole))
            rest = np.maximum(rest - WIPED * fit[best] / size[best] * known[best], 0.0)
    column, midi, share = np.array(found).reshape(-1, 3).T
    return Proposals(column.astype(np.int64), midi.astype(np.int64), share)


def strokes(y: npt.ArrayLike, *, sr: float, network: bool = False) -> Notes:
    """The strokes in a sound, found in its picture.

    Parameters
    ----------
    y, sr
        As for `magnitudes`.
    network : bool
        Whether the small network judges what the stencils propose; otherwise their share decides.

    Returns
    -------
    Notes
        Each is 0.25 s long, because ends are not looked for.
    """
    image = picture(y, sr=sr)
    rise = rising(image)
    if not network:
        return notes_of(propose(rise))
    proposals = propose(rise, least_share=PROPOSED_SHARE)
    kept = probabilities(patches(image, proposals)) > STRUCK
    return notes_of(Proposals(proposals.column[kept], proposals.midi[kept], proposals.share[kept]))


def notes_of(proposals: Proposals) -> Notes:
    """Proposals as notes.

    Parameters
    ----------
    proposals : Proposals

    Returns
    -------
    Notes
    """
    onset = proposals.column * HOP / SR
    return Notes(onset, onset + NOMINAL_S, proposals.midi)


# ------------------------------------------------------------------------------------------ the network's judgement


def patches(image: Image, proposals: Proposals) -> Array32:
    """The part of the picture around each proposal, always with the key in the same row.

    Parameters
    ----------
    image : (297, n_columns) uint8
    proposals : Proposals

    Returns
    -------
    (n, 1, 144, 16) float32
        0..1; beyond the picture it is black.
    """
    wide = np.pad(image, ((PATCH_BELOW, PATCH_ROWS), (PATCH_BEFORE, PATCH_COLUMNS)))
    corners = zip(rows_of(proposals.midi), proposals.column, strict=True)
    cut = [wide[row : row + PATCH_ROWS, column : column + PATCH_COLUMNS] for row, column in corners]
    return np.asarray(cut, np.float32).reshape(-1, 1, PATCH_ROWS, PATCH_COLUMNS) / np.float32(WHITE)


def probabilities(patch: Array32, *, weights: Path = NETWORK) -> Array32:
    """How sure the network is that the key of each patch was struck.

    Parameters
    ----------
    patch : (n, 1, 144, 16) float32
    weights : Path
        An ONNX file.

    Returns
    -------
    (n,) float32
        0..1.
    """
    if len(patch) == 0:
        return np.zeros(0, np.float32)
    net = opencv().dnn.readNetFromONNX(str(weights))
    net.setInput(patch)
    return net.forward().reshape(-1)
