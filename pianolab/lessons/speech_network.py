"""Small networks that tell spoken words apart: a CNN with an LSTM on a spectrogram, and a CNN on samples.

What comes in: words as samples at 8 kHz, and who said them. What goes out: how loss and accuracy went, epoch by epoch,
and what was heard. Only its functions load PyTorch; where it is missing, notebook 12 shows what a training elsewhere
gave.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from pianolab.lessons import speech

EVERY = 2  # Each second frame is enough: 20 ms.
N_FRAMES = 48  # Of a spectrogram: 0.96 s. What is longer is cut, what is shorter is followed by silence.
N_SAMPLES = N_FRAMES * EVERY * speech.HOP
BATCH = 32
LESSON_EPOCHS, LESSON_BATCH = 30, 12  # So few words need many small steps.
KEPT = "trained.json"
N_VOICES = 14  # Of the clips, to learn from.
RATE = 2e-3  # Of Adam, at its highest; it falls to 0 along half a cosine.
# What is varied in training: so much faster or slower, so much smaller or larger a mouth; then in standard deviations
# of a band how much duller or brighter, and how high the noise may stand that covers what is quiet.
STRETCHED, SHIFTED, TILTED, NOISIER = 0.25, 0.15, 0.3, 3.0


@dataclass(frozen=True)
class Learnt:
    """How a training went.

    Attributes
    ----------
    loss, validation_loss : (epochs,) array
        Mean cross-entropy of the words learnt from, and of those of other speakers.
    accuracy, validation_accuracy : (epochs,) array
        0..1.
    heard : list of int
        Of each word asked about, its number.
    """

    loss: npt.NDArray
    validation_loss: npt.NDArray
    accuracy: npt.NDArray
    validation_accuracy: npt.NDArray
    heard: list[int]


def pictures(words: Sequence[npt.NDArray], speakers: Sequence[str]) -> npt.NDArray[np.float32]:
    """Spectrograms of one size, without what is the speaker's own.

    Parameters
    ----------
    words : sequence of (n,) arrays
        At 8 kHz.
    speakers : sequence of str

    Returns
    -------
    (n_words, 1, 26, 48) float32
    """
    levels = speech.by_speaker([speech.log_mel(y).T for y in words], speakers)
    out = np.full((len(words), 1, speech.N_MELS, N_FRAMES), min(float(one.min()) for one in levels), np.float32)
    for i, one in enumerate(levels):
        kept = one[::EVERY][:N_FRAMES]
        out[i, 0, :, : len(kept)] = kept.T
    return out


def waves(words: Sequence[npt.NDArray], speakers: Sequence[str]) -> npt.NDArray[np.float32]:
    """Samples of one length, as loud as each other.

    Parameters
    ----------
    words : sequence of (n,) arrays
        At 8 kHz.
    speakers : sequence of str
        Not needed; for the same call as `pictures`.

    Returns
    -------
    (n_words, 1, 7680) float32
    """
    out = np.zeros((len(words), 1, N_SAMPLES), np.float32)
    for i, y in enumerate(words):
        y = np.asarray(y)[:N_SAMPLES]
        out[i, 0, : len(y)] = 0.1 * y / (np.std(y) + 1e-9)
    return out


def cnn_lstm(n_words: int, *, width: int = 16, dropout: float = 0.3) -> Any:
    """Two convolutions see pieces of sounds, an LSTM their order.

    Parameters
    ----------
    n_words : int
    width : int
        Patterns of the first layer; the later ones grow with it.
    dropout : float
        Share of the last layer's inputs that are forgotten in each step of training.

    Returns
    -------
    torch.nn.Module
        From (batch, 1, 26, 48) to (batch, n_words).
    """
    from torch import nn

    class CnnLstm(nn.Module):
        def __init__(self):
            super().__init__()
            self.see = nn.Sequential(
                nn.Conv2d(1, width, 3, padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(width, 2 * width, 3, padding=1),
                nn.BatchNorm2d(2 * width),
                nn.ReLU(),
                nn.MaxPool2d((3, 2)),
            )
            self.follow = nn.LSTM(2 * width * 4, 3 * width, batch_first=True, bidirectional=True)
            self.say = nn.Sequential(nn.Dropout(dropout), nn.Linear(6 * width, n_words))

        def forward(self, x):
            seen = self.see(x).flatten(1, 2).transpose(1, 2)
            return self.say(self.follow(seen)[0].mean(dim=1))

    return CnnLstm()


def cnn_on_samples(n_words: int, *, width: int = 16, dropout: float = 0.3) -> Any:
    """A one-dimensional CNN that must find its own filters (after Dai et al. 2017).

    Parameters
    ----------
    n_words, width, dropout
        As for `cnn_lstm`.

    Returns
    -------
    torch.nn.Module
        From (batch, 1, 7680) to (batch, n_words).
    """
    from torch import nn

    def block(n_in, n_out, length, stride):
        convolution = nn.Conv1d(n_in, n_out, length, stride=stride, padding=length // 2)
        return (convolution, nn.BatchNorm1d(n_out), nn.ReLU(), nn.MaxPool1d(4))

    return nn.Sequential(
        *block(1, width, 81, 4),
        *block(width, width, 3, 1),
        *block(width, 2 * width, 3, 1),
        nn.Conv1d(2 * width, 4 * width, 3, padding=1),
        nn.BatchNorm1d(4 * width),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(4 * width, n_words),
    )


def _otherwise_spoken(x: Any, torch: Any) -> Any:
    """Spectrograms a little faster or slower, of a smaller or larger mouth, another microphone, in a noisier room."""
    n = len(x)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = 1 + STRETCHED * (2 * torch.rand(n) - 1)
    theta[:, 0, 2] = theta[:, 0, 0] - 1  # The beginning stays where it is.
    theta[:, 1, 1] = 1 + SHIFTED * (2 * torch.rand(n) - 1)
    theta[:, 1, 2] = theta[:, 1, 1] - 1
    grid = torch.nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    x = torch.nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
    slope = torch.linspace(-1, 1, x.shape[2])[:, None] * TILTED * torch.randn(n, 1, 1, 1)
    floor = x.amin() + NOISIER * torch.rand(n, 1, 1, 1)
    return torch.maximum(x + slope, floor)


def learn(
    make: Callable[[], Any],
    x: npt.NDArray,
    words: npt.ArrayLike,
    validation: tuple[npt.NDArray, npt.ArrayLike],
    ask: npt.NDArray,
    *,
    epochs: int = 30,
    batch: int = BATCH,
    varied: bool = True,
    seed: int = 0,
) -> Learnt:
    """Train a network on words of some speakers, look at those of others after every epoch, and ask it.

    Parameters
    ----------
    make : callable
        Returns the network.
    x : array
        `pictures` or `waves` to learn from.
    words : (n,) array of int
        Which word each is.
    validation : (array, array of int)
        Of other speakers; they are looked at and change nothing.
    ask : array
        What is heard at the end.
    epochs : int
    batch : int
        Words in a step.
    varied : bool
        Whether spectrograms are changed a little each time they are seen.
    seed : int

    Returns
    -------
    Learnt
    """
    import torch

    torch.manual_seed(seed)
    model, loss_of = make(), torch.nn.functional.cross_entropy
    shown, y = torch.from_numpy(x), torch.as_tensor(np.asarray(words))
    other, other_y = torch.from_numpy(validation[0]), torch.as_tensor(np.asarray(validation[1]))
    n_steps = epochs * -(-len(x) // batch)
    adam = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, n_steps)
    curves = []
    for _ in range(epochs):
        model.train()
        losses, right = [], 0
        for places in torch.randperm(len(shown)).split(batch):
            given = shown[places]
            if varied and shown.ndim == 4:
                given = _otherwise_spoken(given, torch)
            guesses = model(given)
            loss = loss_of(guesses, y[places])
            adam.zero_grad()
            loss.backward()
            adam.step()
            falling.step()
            losses.append(loss.item() * len(places))
            right += int((guesses.argmax(dim=1) == y[places]).sum())
        model.eval()
        with torch.no_grad():
            guesses = model(other)
        curves.append(
            (
                sum(losses) / len(x),
                loss_of(guesses, other_y).item(),
                right / len(x),
                float((guesses.argmax(dim=1) == other_y).float().mean()),
            )
        )
    with torch.no_grad():
        heard = model(torch.from_numpy(ask)).argmax(dim=1).tolist()
    loss, other_loss, accuracy, other_accuracy = np.transpose(curves)
    return Learnt(loss, other_loss, accuracy, other_accuracy, heard)


# ------------------------------------------------------------------------------------------- on the lesson's clips

KINDS = {"spectrogram": (pictures, cnn_lstm), "samples": (waves, cnn_on_samples)}


def has_torch() -> bool:
    """Whether PyTorch is here.

    Returns
    -------
    bool
    """
    return find_spec("torch") is not None


def on_clips(
    kind: str = "spectrogram", *, width: int = 8, voices: int = N_VOICES, varied: bool = False, again: bool = False
) -> Learnt:
    """A network of the lesson: learnt from up to 14 voices, looked at with 5 others, asked about 5 more.

    Parameters
    ----------
    kind : {'spectrogram', 'samples'}
        CNN with LSTM, or CNN on samples.
    width : int
        Patterns of the first layer.
    voices : int
        So many are learnt from.
    varied : bool
        Whether each word is changed a little whenever it is seen, and a third of the last layer forgotten.
    again : bool
        Train even if a training is kept.

    Returns
    -------
    Learnt
        Where PyTorch is missing, of the training that ``data/speech_clips/train.py`` has kept.

    Raises
    ------
    KeyError
        If PyTorch is missing and no such training is kept.
    """
    if not (again or has_torch()):
        kept = json.loads((speech.clips_dir() / KEPT).read_text(encoding="utf-8"))
        return Learnt(**{name: _as_kept(values) for name, values in kept[f"{kind} {width} {voices} {varied}"].items()})
    names = word_names()
    show, make = KINDS[kind]
    parts = {}
    for part in ("train", "validation", "test"):
        these = [clip for clip in speech.clips() if clip.part == part]
        these = these[: voices * len(names)] if part == "train" else these
        x = show([clip.y for clip in these], [clip.voice for clip in these])
        parts[part] = x, np.array([names.index(clip.word) for clip in these])
    (x, y), asked = parts["train"], parts["test"][0]
    dropout = 0.3 if varied else 0.0
    return learn(
        lambda: make(len(names), width=width, dropout=dropout),
        x,
        y,
        parts["validation"],
        asked,
        epochs=LESSON_EPOCHS * N_VOICES // voices,  # As many steps, however few voices.
        batch=LESSON_BATCH,
        varied=varied,
    )


def word_names() -> list[str]:
    """The words of the clips, in their order.

    Returns
    -------
    list of str
    """
    return list(dict.fromkeys(clip.word for clip in speech.clips()))


def _as_kept(values: list) -> Any:
    return values if values and isinstance(values[0], int) else np.array(values)
