"""How speech is made small in notebook 12: prediction from the samples before, and what the prediction leaves over.

What comes in: samples. What goes out: for each 20 ms the coefficients of a filter, and the residual that must be sent
through it to give the sound back. The idea of telephones since the 1970s (Atal and Hanauer 1971).
"""

from dataclasses import dataclass

import librosa
import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter, lfiltic

FRAME_S = 0.02
SMALLEST = 1e-5  # So much noise is added, so that silence too can be predicted.

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """A sound taken apart.

    Attributes
    ----------
    coefficients : (n_frames, order + 1) float64
        1, a_1, a_2, ...: the residual is y[n] + a_1 y[n-1] + a_2 y[n-2] + ...
    residual : (n,) float64
    frame : int
        Samples of a frame.
    """

    coefficients: Floats
    residual: Floats
    frame: int

    def __repr__(self) -> str:
        n_frames, n = self.coefficients.shape
        return f"<Prediction: {n_frames} frames of {self.frame} samples, order {n - 1}>"


def predict(y: npt.ArrayLike, *, sr: int, order: int = 10) -> Prediction:
    """Linear prediction in frames of 20 ms (Burg's method, `librosa.lpc`).

    Parameters
    ----------
    y : (n,) array
    sr : int
        Hz.
    order : int
        How many samples a prediction looks back.

    Returns
    -------
    Prediction
    """
    y = np.asarray(y, np.float64)
    noisy = y + SMALLEST * np.random.default_rng(0).standard_normal(len(y))
    frame = round(FRAME_S * sr)
    found, rest, before = [], np.empty_like(y), np.zeros(order)
    for start in range(0, len(y), frame):
        around = noisy[max(0, start - frame // 2) : start + frame + frame // 2]
        a = librosa.lpc(around * np.hamming(len(around)), order=order)
        part = y[start : start + frame]
        rest[start : start + frame], _ = lfilter(a, [1.0], part, zi=lfiltic(a, [1.0], [], before))
        found.append(a)
        before = np.concatenate([before[::-1], part])[-order:][::-1]
    return Prediction(np.array(found), rest, frame)


def put_together(prediction: Prediction, excitation: npt.ArrayLike) -> Floats:
    """Send an excitation through the filters of a prediction.

    Parameters
    ----------
    prediction : Prediction
    excitation : (n,) array
        Its own residual gives the sound back; pulses or noise give a robot or a whisper.

    Returns
    -------
    (n,) float64
    """
    excitation = np.asarray(excitation, np.float64)
    y, order = np.empty_like(excitation), prediction.coefficients.shape[1] - 1
    before = np.zeros(order)
    for i, a in enumerate(prediction.coefficients):
        part = slice(i * prediction.frame, (i + 1) * prediction.frame)
        y[part], _ = lfilter([1.0], a, excitation[part], zi=lfiltic([1.0], a, before))
        before = np.concatenate([before[::-1], y[part]])[-order:][::-1]
    return y


def pulses(prediction: Prediction, *, hz: float, sr: int) -> Floats:
    """A click a period, in each frame with the power of the residual there: what excites a robot.

    Parameters
    ----------
    prediction : Prediction
    hz : float
        Pitch of the robot.
    sr : int
        Hz.

    Returns
    -------
    (n,) float64
    """
    clicks = np.zeros(len(prediction.residual))
    clicks[:: round(sr / hz)] = np.sqrt(round(sr / hz))
    return clicks * loudness(prediction)


def loudness(prediction: Prediction) -> Floats:
    """For each sample the root mean square of the residual in its frame.

    Parameters
    ----------
    prediction : Prediction

    Returns
    -------
    (n,) float64
    """
    rest, frame = prediction.residual, prediction.frame
    power = [np.mean(rest[start : start + frame] ** 2) for start in range(0, len(rest), frame)]
    return np.repeat(np.sqrt(power), frame)[: len(rest)]
