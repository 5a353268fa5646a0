"""How wrong the network's answers are, as one number to learn from."""

import torch
from torch.nn import functional as F

RIVALS = (12, 19, 24, -12)  # semitones from a stroke to keys that its partials may be taken for
SKIPPED = 16  # frames at the beginning of a segment that do not count: the network has heard too little


def loss(out, target, delay_weights):
    """How wrong the answers are.

    Cross-entropy of onset, frame and offset; frames near onsets count more, and so do keys an octave, a twelfth or
    two octaves from a stroke that are not struck themselves. Of velocity what counts is mostly how strokes of one
    segment compare, because a recording's level says nothing about the player; a stroke that is twice as wrong counts
    little more than twice.

    Parameters
    ----------
    out : (B, 5, 4, T, 88) tensor
        Logits of DELAYS_MS and KINDS (see pianolab.training.network).
    target : (B, 5, 4, T, 88) tensor
        0 to 1.
    delay_weights : tuple of 5 floats
        How much each delay counts.

    Returns
    -------
    torch.Tensor
        One number.
    """
    out, target = out[:, :, :, SKIPPED:].float(), target[:, :, :, SKIPPED:]
    onset = target[:, :, 0]
    rival = torch.zeros_like(onset)
    for step in RIVALS:
        here, there = (slice(step, None), slice(None, -step)) if step > 0 else (slice(None, step), slice(-step, None))
        rival[..., here] = torch.maximum(rival[..., here], onset[..., there])
    wrong = F.binary_cross_entropy_with_logits(out[:, :, :3], target[:, :, :3], reduction="none")
    per_delay = 6.0 * (wrong[:, :, 0] * (1.0 + 2.0 * onset + 2.0 * rival * (1.0 - onset))).mean((0, 2, 3))
    per_delay = per_delay + wrong[:, :, 1].mean((0, 2, 3)) + 2.0 * wrong[:, :, 2].mean((0, 2, 3))
    weight = onset * (onset > 0.3)
    error = torch.sigmoid(out[:, :, 3]) - target[:, :, 3]
    total = weight.sum((2, 3), keepdim=True) + 1e-3
    mean = (weight * error).sum((2, 3), keepdim=True) / total
    relative = (weight * (torch.sqrt((error - mean) ** 2 + 0.03**2) - 0.03)).sum((2, 3)) / total[..., 0, 0]
    per_delay = per_delay + (relative + 0.3 * mean[..., 0, 0] ** 2).mean(0)
    weights = torch.tensor(delay_weights)
    return (per_delay * weights).sum() / weights.sum()
