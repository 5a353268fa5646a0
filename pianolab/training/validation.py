"""How well held-out recordings are heard while the network learns: strokes and pedal, at the best of a few thresholds.

Recordings in which nobody plays are heard as well: what the network hears in them is false, and a threshold that lets
it through is not the best one.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from pianolab.dsp.network_input import HOP_S
from pianolab.dsp.peaks import parabola_shift
from pianolab.roll import Notes
from pianolab.scores import Protocol, match
from pianolab.training.batches import Pieces
from pianolab.training.network import DELAYS_MS, NoteNet
from pianolab.training.targets import pedal_targets
from pianolab.units import MIDI_LOW

VALIDATED_MS = (90, 240)  # The first is the delay of the live view, the second that for recordings.
THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7)
STROKE_S = 0.1  # Only strokes are asked for, so every note is given this length.
FALSE_COST = 0.002  # Ten false notes a minute where nobody plays weigh as much as .02 of onset F1.
MARGIN_S = 0.3  # So much more than what is scored is heard, because the answers come later than the strokes.


def validate(net: NoteNet, pieces: Pieces, seconds: float) -> dict[str, float]:
    """Onset F1 (50 ms) at the best threshold on held-out pieces, mean over pieces, for delays 90 and 240 ms.

    The best threshold is the one with the highest F1 less `FALSE_COST` for each false note a minute in pieces without
    notes.

    Parameters
    ----------
    net : NoteNet
    pieces : Pieces
    seconds : float
        How much of each piece is heard, from its beginning.

    Returns
    -------
    dict
        ``f1_90``, ``threshold_90``, ``f1_240``, ``threshold_240``. Where there are pieces without notes also
        ``false_per_minute`` at 90 ms; where the pedal of some is known also ``pedal_f1``, over all their frames.
    """
    frames = round((seconds + MARGIN_S) / HOP_S)
    heard, held = zip(*(answer_piece(net, x[:frames]) for x in pieces.inputs), strict=True)
    references = [notes.between(0.0, seconds) for notes in pieces.notes]
    played = [i for i, notes in enumerate(references) if len(notes)]
    silent = [i for i, notes in enumerate(references) if not len(notes)]
    minutes = sum(min(len(pieces.inputs[i]) * HOP_S, seconds) for i in silent) / 60.0
    scores = {}
    for ms in VALIDATED_MS:
        onsets = [answers[DELAYS_MS.index(ms), 0] for answers in heard]
        means, false = [], []
        for threshold in THRESHOLDS:
            estimates = [pick_strokes(onset, threshold, ms / 1000.0).between(0.0, seconds) for onset in onsets]
            means.append(float(np.mean([_onset_f1(references[i], estimates[i]) for i in played] or [0.0])))
            false.append(sum(len(estimates[i]) for i in silent) / max(minutes, 1e-9))
        best = int(np.argmax(np.array(means) - FALSE_COST * np.array(false)))
        scores |= {f"f1_{ms}": means[best], f"threshold_{ms}": THRESHOLDS[best]}
        if silent and ms == VALIDATED_MS[0]:
            scores["false_per_minute"] = false[best]
    return scores | _pedal_score(held, pieces)


def goal_of(scores: dict[str, float]) -> float:
    """The one number by which the best weights are kept: strokes at 90 ms, less the cost of false notes.

    Parameters
    ----------
    scores : dict
        From `validate`.

    Returns
    -------
    float

    Examples
    --------
    >>> round(goal_of({"f1_90": 0.9, "false_per_minute": 10.0}), 3)
    0.88
    """
    return float(scores["f1_90"]) - FALSE_COST * float(scores.get("false_per_minute", 0.0))


def _pedal_score(held: Sequence[npt.NDArray[np.float32]], pieces: Pieces) -> dict[str, float]:
    """F1 of the frames in which the pedal is down, in pieces whose pedal is known and that have notes."""
    down = right = said = 0
    for answers, pedal, notes in zip(held, pieces.pedals, pieces.notes, strict=True):
        if pedal is None or not len(notes):
            continue
        times_s = np.arange(answers.shape[1]) * HOP_S - VALIDATED_MS[0] / 1000.0
        wanted, found = pedal_targets(pedal, times_s) > 0.5, answers[DELAYS_MS.index(VALIDATED_MS[0])] > 0.5
        down, said, right = down + wanted.sum(), said + found.sum(), right + (wanted & found).sum()
    return {"pedal_f1": float(2.0 * right / (down + said))} if down + said else {}


def _onset_f1(reference: Notes, estimate: Notes) -> float:
    hits = len(match(reference, estimate, protocol=Protocol()))
    return 2.0 * hits / max(len(reference) + len(estimate), 1)


@torch.no_grad()
def answer_piece(
    net: NoteNet, heard: npt.NDArray[np.floating], frames: int = 1500
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
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
    answers : (5, 4, T, 88) float32
        Probabilities, and velocity from 0 to 1, of DELAYS_MS and KINDS.
    pedal : (5, T) float32
        Probabilities that the pedal is down.
    """
    net.eval()
    states, parts, pedals = net.empty_states(), [], []
    for start in range(0, len(heard), frames):
        part = np.asarray(heard[start : start + frames], np.float32)
        x = torch.from_numpy(part).permute(1, 0, 2)[None].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            before = [state.to(torch.bfloat16) if i else state for i, state in enumerate(states)]
            logits, pedal, states = net(x, before)
        parts.append(torch.sigmoid(logits[0].float()))
        pedals.append(torch.sigmoid(pedal[0].float()))
    return torch.cat(parts, dim=2).numpy(), torch.cat(pedals, dim=1).numpy()


def pick_strokes(onset: npt.NDArray[np.float32], threshold: float, delay_s: float) -> Notes:
    """Notes at the peaks of onset evidence, timed between frames by a parabola.

    Parameters
    ----------
    onset : (T, 88) array
        0 to 1.
    threshold : float
        Peaks below it are no notes.
    delay_s : float
        How late the evidence comes; it is subtracted from the times.

    Returns
    -------
    Notes
        Each 0.1 s long: only the strokes mean something.

    Examples
    --------
    Evidence that is as high in frame 5 as in frame 6 stands for a stroke between them, at 110 ms.

    >>> onset = np.zeros((20, 88), np.float32)
    >>> onset[4:8, 69 - 21] = 0.4, 0.8, 0.8, 0.4
    >>> notes = pick_strokes(onset, 0.5, 0.0)
    >>> notes.midi.tolist(), notes.onset.round(3).tolist()
    ([69], [0.11])
    """
    before, at, after = onset[:-2], onset[1:-1], onset[2:]
    frame, key = np.nonzero((at >= threshold) & (at >= before) & (at > after))
    shift = parabola_shift(before[frame, key], at[frame, key], after[frame, key])
    times = np.maximum((frame + 1 + shift) * HOP_S - delay_s, 0.0)
    return Notes(times, times + STROKE_S, key + MIDI_LOW)
