"""Protocols by name: those of published evaluations, and those that show how much one choice does.

Each says where it comes from and what of its source it does not hold. Scores of one protocol are not to be put beside
scores of another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pianolab.errors import PianolabError, nearest
from pianolab.scores.protocol import Protocol

ALL = "all"  # Stands for every name.


@dataclass(frozen=True)
class Preset:
    """A protocol with a name.

    Attributes
    ----------
    protocol : Protocol
    about : str
        What it asks, in a sentence.
    source : str
        Who evaluates so, and what differs here.
    """

    protocol: Protocol
    about: str
    source: str


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "mir_eval": Preset(
            Protocol(),
            "The defaults of mir_eval: a note ends with its key.",
            "Raffel et al., mir_eval, ISMIR 2014: onset 50 ms, offset 20 % or 50 ms, velocity 0.1.",
        ),
        "mirex2024": Preset(
            Protocol(pedal="extended", frame_hop_s=0.001),
            "A played note lasts as long as the sustain pedal holds it; frames are counted every millisecond.",
            "MIREX 2024, Polyphonic Transcription (task page): pedal-extended notes, frames in continuous time. Notes "
            "that were heard are not extended here, and nothing is done about labels that are off.",
        ),
        "onsets_and_frames": Preset(
            Protocol(pedal="extended", frame_hop_s=0.032),
            "A played note lasts as long as the sustain pedal holds it; frames of 32 ms.",
            "Hawthorne et al., Onsets and Frames, ISMIR 2018: mir_eval, mean over pieces, frames of 512 samples at "
            "16 kHz. Their notes are those of the frame grid, ours are as they were labelled.",
        ),
        "transkun_maps": Preset(
            Protocol(pedal="extended", alignment="shift"),
            "As long as the pedal holds, and the labels of each recording are moved by one constant to what was heard.",
            "Yan & Duan, Transkun, ISMIR 2024, computeMetrics --alignOnset ('ad hoc align' in its table for MAPS): the "
            "median lateness of matched notes, for each system anew. It is looked for within 250 ms here, not 50 ms.",
        ),
        "maps_30s": Preset(
            Protocol(excerpt_s=30.0),
            "Only notes that begin in the first 30 s of a recording.",
            "Sigtia et al., IEEE TASLP 24(5), 2016, and others on MAPS. Systems hear all of it here.",
        ),
        "drift": Preset(
            Protocol(alignment="drift"),
            "The labels are moved piece by piece to the strokes of the sound, the same for every system.",
            "Ours: what is left when labels fit their sound.",
        ),
        "over_notes": Preset(
            Protocol(average="notes"),
            "Notes of all recordings are counted together, so long recordings count more.",
            "Ours: what the mean over recordings hides.",
        ),
    }
)


def find_presets(names: str | Iterable[str]) -> dict[str, Protocol]:
    """Protocols by their names.

    Parameters
    ----------
    names : str or list of str
        Of PRESETS, several with commas between; ``all`` for every one.

    Returns
    -------
    dict of str to Protocol
        In the order given.

    Raises
    ------
    PianolabError
        If there is no such protocol.

    Examples
    --------
    >>> list(find_presets("mir_eval,maps_30s"))
    ['mir_eval', 'maps_30s']
    >>> len(find_presets("all")) == len(PRESETS)
    True
    """
    words = names.split(",") if isinstance(names, str) else list(names)
    asked = [word.strip() for word in words if word.strip()]
    if not asked:
        raise PianolabError(f"no protocol is named: use {ALL} or some of {', '.join(PRESETS)}")
    found = {}
    for name in asked:
        if name != ALL and name not in PRESETS:
            known = ", ".join(PRESETS)
            raise PianolabError(f"protocol {name!r} is unknown: use {ALL} or some of {known}{nearest(name, PRESETS)}")
        found |= {other: preset.protocol for other, preset in PRESETS.items() if name in (other, ALL)}
    return found
