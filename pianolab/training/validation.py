"""How well held-out recordings are heard while the network learns: strokes only, at the best of a few thresholds."""

import numpy as np
import torch

from pianolab.dsp.network_input import HOP_S
from pianolab.roll import Notes
from pianolab.scores import Protocol, match
from pianolab.training.network import DELAYS_MS
from pianolab.units import MIDI_LOW

THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@torch.no_grad()
def answers(net, heard, frames=1500):
    """What the network says of a whole piece, in stretches with the state carried.

    Parameters
    ----------
    net : NoteNet
        Is put in evaluation mode.
    heard : (T, 3, 294) array
    frames : int
        Length of a stretch.

    Returns
    -------
    (5, 4, T, 88) float32
        Probabilities, and velocity from 0 to 1, of DELAYS_MS and KINDS.
    """
    net.eval()
    states, parts = net.empty_states(), []
    for start in range(0, len(heard), frames):
        part = np.asarray(heard[start : start + frames], np.float32)
        x = torch.from_numpy(part).permute(1, 0, 2)[None].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            out, states = net(x, [state.to(torch.bfloat16) if i else state for i, state in enumerate(states)])
        parts.append(torch.sigmoid(out[0].float()))
    return torch.cat(parts, dim=2).numpy()


def peaks(onset, threshold, delay_s):
    """Notes at the peaks of onset evidence, timed between frames by a parabola.

    Parameters
    ----------
    onset : (T, 88) array
        0 to 1.
    threshold : float
        Peaks below it are no notes.
    delay_s : float
        Of the evidence, subtracted from the times.

    Returns
    -------
    Notes
        Each 0.1 s long: only the strokes mean something.
    """
    before, at, after = onset[:-2], onset[1:-1], onset[2:]
    frame, key = np.nonzero((at >= threshold) & (at >= before) & (at > after))
    a, b, c = before[frame, key], at[frame, key], after[frame, key]
    shift = 0.5 * (a - c) / np.minimum(a - 2.0 * b + c, -1e-9)
    times = np.maximum((frame + 1 + shift) * HOP_S - delay_s, 0.0)
    return Notes(times, times + 0.1, key + MIDI_LOW)


def validate(net, pieces, seconds):
    """Onset F1 (50 ms) at the best threshold on held-out pieces, mean over pieces, for delays 90 and 240 ms.

    Parameters
    ----------
    net : NoteNet
    pieces : Pieces
    seconds : float
        Of each piece, from its beginning.

    Returns
    -------
    dict
        ``f1_90``, ``threshold_90``, ``f1_240``, ``threshold_240``.
    """
    found, protocol = {}, Protocol()
    heard = [answers(net, x[: round((seconds + 0.3) / HOP_S)]) for x in pieces.inputs]
    for ms in (90, 240):
        row, delay_s, means = DELAYS_MS.index(ms), ms / 1000.0, []
        for threshold in THRESHOLDS:
            scores = []
            for answer, notes in zip(heard, pieces.notes, strict=True):
                reference = notes.between(0.0, seconds)
                estimate = peaks(answer[row, 0], threshold, delay_s).between(0.0, seconds)
                hits = len(match(reference, estimate, protocol=protocol))
                scores.append(2.0 * hits / max(len(reference) + len(estimate), 1))
            means.append(float(np.mean(scores)))
        best = int(np.argmax(means))
        found |= {f"f1_{ms}": means[best], f"threshold_{ms}": THRESHOLDS[best]}
    return found
