"""How wrong the network's answers are, as one number to learn from.

What comes in: answers before the sigmoid (logits) and the targets of targets.py, as tensors whose last two axes are
frames and keys. What comes out: errors that gradients can be taken of.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from pianolab.training.network import AGE_S
from pianolab.training.settings import SKIPPED_FRAMES

# Semitones from a stroke to keys that its partials may be taken for: octave, twelfth, two octaves, the octave below.
RIVALS = (12, 19, 24, -12)

# How much each part counts beside held keys, which count once. Strokes and releases are rare, and most is asked of
# strokes.
ONSET_WEIGHT = 6.0
OFFSET_WEIGHT = 2.0
# How much more a frame counts right at a stroke, and the silence of a rival while another key is struck.
NEAR_STROKE = 2.0
RIVAL_SILENCE = 2.0
# Velocity is compared only where the onset's target is above this: within 35 ms of the stroke.
VELOCITY_NEAR = 0.3
VELOCITY_CORNER = 0.03  # Errors in velocity (0..1) above this count by their size, smaller ones by their square.
# The cross-entropy of the pedal is a mean over one answer a frame, not over mostly silent keys: so it counts less.
PEDAL_WEIGHT = 0.05
AGE_WEIGHT = 0.3  # For how long the pedal has been down counts so much beside whether it is.
YOUNG_S = 0.5  # The longer ago it went down, the less it counts when that was: a third of it after so many seconds.
LEVEL_WEIGHT = 0.3  # The squared error that all velocities of a segment share counts this much.


def onset_errors(logits: Tensor, target: Tensor) -> Tensor:
    """The cross-entropy of every answer about a stroke; what is near a stroke, or may be taken for one, counts more.

    Frames at a stroke count three times. So do keys an octave, a twelfth or two octaves away from it that are not
    struck themselves.

    Parameters
    ----------
    logits : (..., T, 88) tensor
        Answers before the sigmoid.
    target : (..., T, 88) tensor
        0 to 1, 1 at strokes.

    Returns
    -------
    (..., T, 88) tensor
        Not yet a mean, so that the caller may weigh it further.

    Examples
    --------
    An answer of one half costs log 2 where all is silent; where A4 is struck, three times that for A4 and for A5.

    >>> target = torch.zeros(1, 88)
    >>> target[0, 69 - 21] = 1.0
    >>> errors = onset_errors(torch.zeros(1, 88), target)[0]
    >>> [round(errors[midi - 21].item(), 2) for midi in (69, 70, 81)]
    [2.08, 0.69, 2.08]
    """
    rival = torch.zeros_like(target)
    for step in RIVALS:
        here, there = (slice(step, None), slice(None, -step)) if step > 0 else (slice(None, step), slice(-step, None))
        rival[..., here] = torch.maximum(rival[..., here], target[..., there])
    wrong = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return wrong * (1.0 + NEAR_STROKE * target + RIVAL_SILENCE * rival * (1.0 - target))


def velocity_errors(logits: Tensor, target: Tensor, onset: Tensor) -> Tensor:
    """How wrong the velocities of each segment are, mostly compared with each other.

    A recording's level says nothing about the player: so the error that all strokes of a segment share counts little,
    and what is left of each counts by its size.

    Parameters
    ----------
    logits : (..., T, 88) tensor
        Velocities before the sigmoid.
    target : (..., T, 88) tensor
        Velocities from 0 to 1.
    onset : (..., T, 88) tensor
        Targets of onsets: velocities count where a key is struck.

    Returns
    -------
    (...) tensor
        One number for each segment.

    Examples
    --------
    Two strokes that are both heard too soft by 0.2 are less wrong than one that is too soft and one too loud.

    >>> onset, target = torch.ones(1, 2), torch.tensor([[0.7, 0.7]])
    >>> velocity_errors(torch.logit(torch.tensor([[0.5, 0.5]])), target, onset).item() < 0.02
    True
    >>> velocity_errors(torch.logit(torch.tensor([[0.5, 0.9]])), target, onset).item() > 0.1
    True
    """
    weight = onset * (onset > VELOCITY_NEAR)
    total = weight.sum((-2, -1), keepdim=True) + 1e-3
    error = torch.sigmoid(logits) - target
    shared = (weight * error).sum((-2, -1), keepdim=True) / total
    size = torch.sqrt((error - shared) ** 2 + VELOCITY_CORNER**2) - VELOCITY_CORNER
    relative = (weight * size).sum((-2, -1)) / total[..., 0, 0]
    return relative + LEVEL_WEIGHT * shared[..., 0, 0] ** 2


def note_loss(logits: Tensor, target: Tensor, *, delay_weights: Sequence[float]) -> Tensor:
    """How wrong the answers are to all that is asked: strokes, held keys, releases and velocities.

    Parameters
    ----------
    logits : (B, D, 4, T, 88) tensor
        Answers of B segments before the sigmoid, for D delays and KINDS (`pianolab.training.targets`).
    target : (B, D, 4, T, 88) tensor
        0 to 1.
    delay_weights : sequence of D floats
        How much each delay counts.

    Returns
    -------
    torch.Tensor
        One number; the first SKIPPED_FRAMES frames are not in it.

    Examples
    --------
    In silence, answering one half to everything is much worse than answering (nearly) no.

    >>> silence = torch.zeros(1, 1, 4, 20, 88)
    >>> round(note_loss(torch.zeros_like(silence), silence, delay_weights=[1.0]).item(), 2)
    6.24
    >>> round(note_loss(torch.full_like(silence, -9.0), silence, delay_weights=[1.0]).item(), 2)
    0.0
    """
    logits, target = logits[:, :, :, SKIPPED_FRAMES:].float(), target[:, :, :, SKIPPED_FRAMES:]
    onset, frame, offset, velocity = range(4)
    wrong = F.binary_cross_entropy_with_logits(logits[:, :, :velocity], target[:, :, :velocity], reduction="none")
    per_delay = ONSET_WEIGHT * onset_errors(logits[:, :, onset], target[:, :, onset]).mean((0, 2, 3))
    per_delay = per_delay + wrong[:, :, frame].mean((0, 2, 3)) + OFFSET_WEIGHT * wrong[:, :, offset].mean((0, 2, 3))
    per_delay = per_delay + velocity_errors(logits[:, :, velocity], target[:, :, velocity], target[:, :, onset]).mean(0)
    weights = torch.tensor(delay_weights)
    return (per_delay * weights).sum() / weights.sum()


def pedal_loss(logits: Tensor, target: Tensor, *, delay_weights: Sequence[float]) -> Tensor:
    """How wrong the answers about the pedal are, where it is known.

    Parameters
    ----------
    logits, target : (B, D, T) tensors
        Answers before the sigmoid; 1 down, 0 up, NaN unknown.
    delay_weights : sequence of D floats
        How much each delay counts.

    Returns
    -------
    torch.Tensor
        One number, 0 where nothing is known; the first SKIPPED_FRAMES frames are not in it.

    Examples
    --------
    >>> answers = torch.zeros(1, 1, 20)
    >>> round(pedal_loss(answers, torch.ones(1, 1, 20), delay_weights=[1.0]).item(), 3)
    0.035
    >>> pedal_loss(answers, torch.full((1, 1, 20), torch.nan), delay_weights=[1.0]).item()
    0.0
    """
    logits, target = logits[:, :, SKIPPED_FRAMES:].float(), target[:, :, SKIPPED_FRAMES:]
    known = torch.isfinite(target)
    wrong = F.binary_cross_entropy_with_logits(logits, torch.nan_to_num(target), reduction="none") * known
    weights = torch.tensor(delay_weights)
    per_delay = wrong.sum((0, 2)) / known.sum((0, 2)).clamp(min=1)
    return PEDAL_WEIGHT * (per_delay * weights).sum() / weights.sum()


def age_loss(logits: Tensor, ages: Tensor, *, delay_weights: Sequence[float]) -> Tensor:
    """How wrong the answers are about for how long the pedal has been down.

    Parameters
    ----------
    logits : (B, D, n_ages + 1, T) tensor
        Answers before the softmax (see `pianolab.training.network.likely_age_s`).
    ages : (B, D, T) tensor
        Seconds; NaN where the pedal is up or unknown.
    delay_weights : sequence of D floats
        How much each delay counts.

    Returns
    -------
    torch.Tensor
        One number, 0 where the pedal is never down; the first SKIPPED_FRAMES frames are not in it.

    Examples
    --------
    An answer that knows nothing costs the logarithm of the number of steps, times AGE_WEIGHT.

    >>> import math
    >>> answers, ages = torch.zeros(1, 1, 31, 20), torch.full((1, 1, 20), 0.1)
    >>> round(age_loss(answers, ages, delay_weights=[1.0]).item(), 3), round(AGE_WEIGHT * math.log(31), 3)
    (1.03, 1.03)
    >>> age_loss(answers, torch.full((1, 1, 20), torch.nan), delay_weights=[1.0]).item()
    0.0
    """
    logits, ages = logits[..., SKIPPED_FRAMES:].float(), ages[..., SKIPPED_FRAMES:]
    seconds = torch.nan_to_num(ages)
    step = (seconds / AGE_S).long().clamp(max=logits.shape[2] - 1)
    wrong = F.cross_entropy(logits.transpose(1, 2), step, reduction="none")
    weight = torch.isfinite(ages) * torch.exp(-seconds / YOUNG_S) * torch.tensor(delay_weights)[None, :, None]
    return AGE_WEIGHT * (wrong * weight).sum() / weight.sum().clamp(min=1.0)
