"""What a user chooses from in several rooms, and what is taken where nothing is chosen.

It stands below everything and imports nothing of ours, so that ``pianolab --help`` can name the choices at once.
"""

from typing import Literal, get_args

DEFAULT_DATA = ("builtin", "real")  # Both come with pianolab: one is rendered, one made of recorded notes.
DEFAULT_DETECTOR = "fft_peak"  # It is the best for single notes by the benchmarks in docs/results.md.

NoteFormat = Literal["tsv", "csv", "mid"]
PedalRule = Literal["release", "extended"]
Split = Literal["test", "tune", "train", "validation", "all"]
Alignment = Literal["none", "shift", "drift"]
Matching = Literal["most", "nearest"]
Average = Literal["recordings", "notes"]

NOTE_FORMATS: tuple[NoteFormat, ...] = get_args(NoteFormat)
PEDAL_RULES: tuple[PedalRule, ...] = get_args(PedalRule)
SPLITS: tuple[Split, ...] = get_args(Split)
ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)
MATCHINGS: tuple[Matching, ...] = get_args(Matching)
AVERAGES: tuple[Average, ...] = get_args(Average)

# Lengths of sound and times to wait, in seconds: less is no frame, more is longer than any recording (eleven days).
SHORTEST_S, LONGEST_S = 0.001, 1e6
MOST_PROCESSES = 1000
