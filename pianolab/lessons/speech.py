"""What notebook 12 does with spoken words: clips, features, templates, codecs, and blocks that travel.

What comes in: samples in [-1, 1]. What goes out: rows of numbers, one a frame; how far one word is from another; words
that were heard; when blocks of sound came. The clips were spoken by espeak-ng (``data/speech_clips/make.py``).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from pianolab import sound
from pianolab.errors import PianolabError
from pianolab.places import comes_with

SR = 8000  # A telephone's rate: what tells words apart lies below 4 kHz.
HOP = 80  # 10 ms
N_FFT, N_WINDOW = 512, 200  # A window of 25 ms, on a finer grid of frequencies.
N_MELS, N_MFCC = 26, 13
LOW_HZ, HIGH_HZ = 100.0, 3800.0
FLOOR_DB = 60.0  # What lies so far below the loudest moment of a word counts as silence.
QUIET_DB = 30.0  # What is so far below its loudest moment, before and after, is not the word.
PREEMPHASIS = 0.97
LOUDNESS = 0.5
N_NEAREST = 5  # As many templates of a word vote for it.
STEPS, WEIGHTS = np.array([[1, 1], [0, 1], [1, 0]]), np.array([2.0, 1.0, 1.0])  # Sakoe and Chiba 1978, symmetric

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Spoken:
    """One word that one voice said.

    Attributes
    ----------
    word, voice : str
    part : str
        "train", "validation" or "test"; no voice is in two.
    y : (n,) float32
        Samples.
    """

    word: str
    voice: str
    part: str
    y: npt.NDArray[np.float32]

    def __repr__(self) -> str:
        return f"<Spoken: {self.word} by {self.voice}, {self.part}>"


def clips_dir() -> Path:
    """The folder of the clips.

    Returns
    -------
    Path
    """
    return comes_with("data") / "speech_clips"


@lru_cache(maxsize=2)
def clips(sr: int = SR) -> tuple[Spoken, ...]:
    """All words of all voices.

    Parameters
    ----------
    sr : int
        Hz.

    Returns
    -------
    tuple of Spoken

    Examples
    --------
    >>> len(clips())
    288
    >>> clips()[7]
    <Spoken: again by m1, train>
    """
    index = json.loads((clips_dir() / "index.json").read_text(encoding="utf-8"))
    found = []
    for voice, entry in index["voices"].items():
        y, rate = sound.load(clips_dir() / "voices" / f"{voice}.ogg")
        for word, (start, stop) in zip(index["words"], entry["bounds"], strict=True):
            one = sound.resample(y[start:stop], sr=rate, target_sr=sr)
            found.append(Spoken(word, voice, entry["part"], np.asarray(one, np.float32)))
    return tuple(found)


def said(word: str, voice: str = "m1", *, sr: int = SR) -> npt.NDArray[np.float32]:
    """The samples of one clip.

    Parameters
    ----------
    word, voice : str
    sr : int
        Hz.

    Returns
    -------
    (n,) float32

    Raises
    ------
    PianolabError
        If no voice, or no word, has that name; the message has those that have.
    """
    for kind, name in (("word", word), ("voice", voice)):
        known = list(dict.fromkeys(getattr(clip, kind) for clip in clips(sr)))
        if name not in known:
            raise PianolabError(f"no clip has the {kind} {name!r}: there are {', '.join(known)}")
    return next(clip.y for clip in clips(sr) if (clip.word, clip.voice) == (word, voice))


# ---------------------------------------------------------------------------------------------------- features


def log_mel(y: npt.ArrayLike) -> Floats:
    """Levels in 26 mel bands every 10 ms, without the quiet before and after a word.

    What lies 60 dB below the loudest counts as silence.

    Parameters
    ----------
    y : (n,) array
        Samples at 8 kHz.

    Returns
    -------
    (26, T) float32
        dB.
    """
    y = librosa.effects.preemphasis(np.asarray(y, np.float32), coef=PREEMPHASIS)
    y, _ = librosa.effects.trim(y, top_db=QUIET_DB, frame_length=2 * N_WINDOW, hop_length=HOP)
    power = librosa.feature.melspectrogram(
        y=y,
        sr=SR,
        n_fft=N_FFT,
        win_length=N_WINDOW,
        hop_length=HOP,
        window="hamming",
        n_mels=N_MELS,
        fmin=LOW_HZ,
        fmax=HIGH_HZ,
        htk=True,
        norm=None,
    )
    return librosa.power_to_db(power, amin=1e-12, top_db=FLOOR_DB)


def cepstra(y: npt.ArrayLike) -> Floats:
    """13 MFCCs every 10 ms; the first, loudness, counts half.

    Parameters
    ----------
    y : (n,) array
        Samples at 8 kHz.

    Returns
    -------
    (T, 13) float32
    """
    found = librosa.feature.mfcc(S=log_mel(y), n_mfcc=N_MFCC).T
    found[:, 0] *= LOUDNESS
    return found


def of_one_speaker(features: Sequence[Floats], *, spread: bool = True) -> list[Floats]:
    """Take away what all words of a speaker have in common: the mean of each column, and perhaps its spread.

    A larynx, a mouth and a microphone colour everything that is said; what remains is what differs between words.

    Parameters
    ----------
    features : sequence of (T, n) arrays
        Of words of one speaker.
    spread : bool
        Whether each column is divided by its standard deviation.

    Returns
    -------
    list of (T, n) arrays
        Over all frames each column has mean 0, and with ``spread`` standard deviation 1.
    """
    together = np.concatenate(list(features))
    scale = together.std(axis=0) + 1e-9 if spread else 1.0
    return [(one - together.mean(axis=0)) / scale for one in features]


def by_speaker(features: Sequence[Floats], speakers: Sequence[str], *, spread: bool = True) -> list[Floats]:
    """`of_one_speaker` for each speaker, in the order that was given.

    Parameters
    ----------
    features : sequence of (T, n) arrays
    speakers : sequence of str
        Who said each.
    spread : bool
        As for `of_one_speaker`.

    Returns
    -------
    list of (T, n) arrays
    """
    out = list(features)
    for speaker in dict.fromkeys(speakers):
        places = [i for i, other in enumerate(speakers) if other == speaker]
        for i, one in zip(places, of_one_speaker([features[i] for i in places], spread=spread), strict=True):
            out[i] = one
    return out


# --------------------------------------------------------------------------------------------------- templates


def distance(a: Floats, b: Floats) -> float:
    """How far two words are from each other where one is stretched in time to fit the other.

    Parameters
    ----------
    a : (T, n) array
    b : (U, n) array

    Returns
    -------
    float
        Mean Euclidean distance along the best path (Sakoe and Chiba 1978, symmetric steps).
    """
    total = librosa.sequence.dtw(a.T, b.T, step_sizes_sigma=STEPS, weights_mul=WEIGHTS, backtrack=False)
    return float(total[-1, -1]) / (len(a) + len(b))


def recognise(heard: Floats, templates: Sequence[Floats], words: Sequence[str], *, nearest: int = N_NEAREST) -> str:
    """The word whose nearest templates are nearest.

    Parameters
    ----------
    heard : (T, n) array
    templates : sequence of (U, n) arrays
    words : sequence of str
        Of the templates.
    nearest : int
        As many of a word count.

    Returns
    -------
    str
    """
    far: dict[str, list[float]] = {}
    for template, word in zip(templates, words, strict=True):
        far.setdefault(word, []).append(distance(heard, template))
    return min(far, key=lambda word: float(np.mean(sorted(far[word])[:nearest])))


def confusion(truth: Sequence[str], heard: Sequence[str], words: Sequence[str]) -> npt.NDArray[np.int64]:
    """How often each word (row) was heard as each (column).

    Parameters
    ----------
    truth, heard : sequence of str
    words : sequence of str
        The order of rows and columns.

    Returns
    -------
    (n, n) int64
    """
    counts = np.zeros((len(words), len(words)), np.int64)
    np.add.at(counts, ([words.index(word) for word in truth], [words.index(word) for word in heard]), 1)
    return counts


def draw_confusion(ax: Axes, counts: npt.NDArray[np.int64], words: Sequence[str]) -> None:
    """A confusion matrix with its numbers.

    Parameters
    ----------
    ax : Axes
    counts : (n, n) array
        Rows are what was said, columns what was heard.
    words : sequence of str
    """
    ax.imshow(counts, cmap="Blues", aspect="auto")
    for row, column in np.argwhere(counts):
        n = counts[row, column]
        ax.text(column, row, str(n), ha="center", va="center", color="white" if 2 * n > counts.max() else "black")
    ax.set_xticks(range(len(words)), words, rotation=60)
    ax.set_yticks(range(len(words)), words)
    ax.set(xlabel="heard", ylabel="said")
