"""From numbers of right, played and heard events to precision, recall and F1.

Precision is the share of heard events that are right, recall the share of played ones that were found, F1 their
harmonic mean. Nothing played and nothing heard is right (1.0); if only one of the two is empty, all three are 0.0.
"""

import numpy as np
import numpy.typing as npt


def ratios(name: str, n_right: int, n_reference: int, n_estimate: int) -> dict[str, float]:
    """Precision, recall and F1 by name.

    Parameters
    ----------
    name : str
        What is counted, such as 'onset'.
    n_right, n_reference, n_estimate : int
        How many are right, were played and were heard.

    Returns
    -------
    dict of str to float
        ``NAME_precision``, ``NAME_recall``, ``NAME_f1``.

    Examples
    --------
    >>> ratios("onset", 1, 2, 1)
    {'onset_precision': 1.0, 'onset_recall': 0.5, 'onset_f1': 0.6666666666666666}
    """
    if n_reference == 0 and n_estimate == 0:
        precision = recall = 1.0
    else:
        precision = float(n_right / n_estimate) if n_estimate else 0.0
        recall = float(n_right / n_reference) if n_reference else 0.0
    f1 = 2.0 * precision * recall / (precision + recall) if precision or recall else 0.0
    return {f"{name}_precision": precision, f"{name}_recall": recall, f"{name}_f1": f1}


def n_times_right(reference_s: npt.NDArray[np.float64], estimate_s: npt.NDArray[np.float64], tolerance_s: float) -> int:
    """How many heard times can have a played one of their own: the number that `mir_eval.onset` counts.

    mir_eval.onset refuses times beyond 30,000 s and lists every pair within the tolerance. In order of time it is
    enough that each heard time takes the earliest played one that is left to it, since all windows are equally wide.

    Parameters
    ----------
    reference_s, estimate_s : (n,) float64
        Seconds, in order.
    tolerance_s : float
        So far apart may two of a pair be, seconds.

    Returns
    -------
    int

    Examples
    --------
    >>> n_times_right(np.array([1.0, 2.0]), np.array([0.95, 1.02, 2.5]), 0.1)
    1
    """
    first = np.searchsorted(reference_s, estimate_s - tolerance_s, side="left").tolist()
    behind_last = np.searchsorted(reference_s, estimate_s + tolerance_s, side="right").tolist()
    n_right = unused = 0
    for low, high in zip(first, behind_last, strict=True):
        unused = max(unused, low)
        if unused < high:
            unused += 1
            n_right += 1
    return n_right
