"""Templates of the detector nmf, learnt from single notes.

What comes in: single notes of all keys, rendered, and recorded ones of some keys. What comes out: for each key the mean
spectrum of its attack, its decay and its late sound, in the file that ``pianolab.detectors.nmf`` reads.

The templates in the package are made by ``python -m pianolab.training.templates --notes DIR`` in half a minute, from
the rendered pianos and, for a third, from the 30 notes in DIR: a Yamaha C5, the Salamander Grand Piano V2 by Alexander
Holm (CC BY 3.0), one note A0, C1, Ds1, Fs1 ... C8 a file. Without ``--notes`` they come from the rendered pianos alone.
Nothing here needs PyTorch.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianolab import sound
from pianolab.detectors.nmf import PRESETS, SR, TEMPLATES, TINY, Ear
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS
from pianolab.errors import PianolabError, printable
from pianolab.files import replacing
from pianolab.frames import Framer
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_to_midi, midi_to_key, note_name, parse_note

LEARN_VELOCITIES = (36, 64, 100)
# The share of recorded notes in the templates, where there are any.
RECORDED_SHARE = 1.0 / 3.0
# A rendered note is struck and held so long, and a recorded one begins after so much silence and is cut after so long.
STRUCK_S, HELD_S = 0.3, 1.8
SILENCE_S, LONGEST_S = 0.5, 4

# Key index, samples at SR, and seconds of the stroke.
Note = tuple[int, NDArray[np.float32], float]


def rendered_notes(
    *, pianos: Iterable[str] = tuple(PIANOS), velocities: Sequence[int] = LEARN_VELOCITIES
) -> Iterator[Note]:
    """Single notes of all keys, rendered.

    Parameters
    ----------
    pianos : iterable of str
        Names in pianolab.piano.PIANOS.
    velocities : sequence of int
        1..127; each key is struck with each of them.

    Yields
    ------
    (int, (n,) float32, float)
        Key index, samples at SR, seconds of the stroke.
    """
    for piano in pianos:
        for velocity in velocities:
            for midi in range(MIDI_LOW, MIDI_HIGH + 1):
                note = Notes([STRUCK_S], [STRUCK_S + HELD_S], [midi], [velocity])
                yield midi - MIDI_LOW, render(note, sr=SR, piano=piano, seed=velocity, tail_s=0.1), STRUCK_S


def learn_templates(
    notes: Iterable[Note], ear: Ear, stages_s: Sequence[tuple[float, float]], *, hop_length: int = 160
) -> NDArray[np.float32]:
    """Mean spectra of each key's stages, each note counting alike.

    Parameters
    ----------
    notes : iterable of (int, (n,) float32, float)
        Key index, samples at SR and seconds of the stroke.
    ear : Ear
    stages_s : sequence of (float, float)
        From and to, seconds after the stroke.
    hop_length : int
        Samples.

    Returns
    -------
    (88, len(stages_s), n) float32, each template of unit sum; zeros for keys without notes

    Raises
    ------
    PianolabError
        If a note is silent in a stage, or ends before it.
    """
    sums = np.zeros((N_KEYS, len(stages_s), len(ear.moments) * N_BINS))
    for key, y, onset_s in notes:
        framer = Framer(frame_length=ear.frame_length, hop_length=hop_length, sr=SR)
        spans = [*framer.push(y), *framer.flush()]
        heard = np.concatenate([ear(span) for span in spans])
        since_s = np.concatenate([span.times for span in spans]) - onset_s
        for stage, (start, stop) in enumerate(stages_s):
            total = heard[(since_s >= start) & (since_s < stop)].sum(axis=0)
            if not total.sum() > 0:
                lasts_s, needed_s = len(y) / SR - onset_s, max(stop for _, stop in stages_s)
                raise PianolabError(
                    f"the note {note_name(key_to_midi(key))}, which lasts {lasts_s:.2f} s from its stroke, has no "
                    f"sound {start:g} to {stop:g} s after it: record it for {needed_s:g} s"
                )
            sums[key, stage] += total / total.sum()
    return (sums / np.maximum(sums.sum(axis=-1, keepdims=True), TINY)).astype(np.float32)


def recorded_notes(folder: str | Path) -> Iterator[Note]:
    """Single notes in files named by their key: A0.ogg, Ds1.wav, C#4.flac and so on.

    Parameters
    ----------
    folder : str or Path

    Yields
    ------
    (int, (n,) float32, float)
        Key index, samples at SR after half a second of silence, and seconds of the stroke: see sound.first_onset_s.
        They come in the order of their files' names.

    Raises
    ------
    PianolabError
        If there are no such files, or one is not named by a key.
    OSError, AudioError
        If the folder or a file cannot be read.
    """
    paths = [path for path in sorted(Path(folder).iterdir()) if path.suffix.lower() in sound.AUDIO_SUFFIXES]
    if not paths:
        raise PianolabError(
            f"{printable(folder)} holds no notes: give a folder with A0.ogg, C1.wav, Ds1.flac and so on"
        )
    silence = np.zeros(round(SILENCE_S * SR), np.float32)
    for path in paths:
        try:
            key = int(midi_to_key(parse_note(path.stem)))
        except ValueError as error:
            raise PianolabError(f"{printable(path)} is not named by a key ({error})") from error
        y, sr = sound.load(path)
        y = sound.resample(y, sr=sr, target_sr=SR)[: LONGEST_S * SR]
        yield key, np.concatenate([silence, y]), SILENCE_S + sound.first_onset_s(y, sr=SR)


def spread(templates: NDArray[np.float32], known: Iterable[int]) -> NDArray[np.float32]:
    """Give every key the templates of the nearest known one, shifted by the semitones between them.

    Parameters
    ----------
    templates : (88, n_stages, n_moments * N_BINS) float32
    known : iterable of int
        Key indices that have templates.

    Returns
    -------
    (88, n_stages, n_moments * N_BINS) float32
    """
    spread_out = []
    for key in range(N_KEYS):
        nearest = min(known, key=lambda other: abs(other - key))
        bins = templates[nearest].reshape(-1, N_BINS)
        by = BINS_PER_KEY * (key - nearest)
        shifted = np.pad(bins, ((0, 0), (max(by, 0), max(-by, 0))))[:, max(-by, 0) :][:, :N_BINS]
        shifted = shifted.reshape(templates.shape[1], -1)
        spread_out.append(shifted / shifted.sum(axis=1, keepdims=True))
    return np.array(spread_out, np.float32)


def learn(out: Path, *, notes_dir: str | Path | None = None) -> tuple[int, int]:
    """Learn the templates of both presets and write them; nothing is written if a note cannot be used.

    Parameters
    ----------
    out : Path
        File to write.
    notes_dir : Path, optional
        Folder of recorded notes, see recorded_notes; else they come from the rendered pianos alone.

    Returns
    -------
    int, int
        How many rendered and recorded notes they come from.

    Raises
    ------
    PianolabError, AudioError, OSError
        If a note cannot be used, or the file cannot be written.
    """
    recorded = list(recorded_notes(notes_dir)) if notes_dir else []
    # The recorded notes come first, because some may be unfit.
    real = _both_presets(recorded)
    rendered = list(rendered_notes())
    learnt = _both_presets(rendered)
    if recorded:
        known = {key for key, _, _ in recorded}
        for name in learnt:
            mixed = (1.0 - RECORDED_SHARE) * learnt[name] + RECORDED_SHARE * spread(real[name], known)
            learnt[name] = np.asarray(mixed, np.float32)
    arrays = {name: values.astype(np.float16) for name, values in learnt.items()}
    with replacing(out) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return len(rendered), len(recorded)


def _both_presets(notes: Sequence[Note]) -> dict[str, NDArray[np.float32]]:
    return {name: learn_templates(notes, preset.ear(), preset.stages_s) for name, preset in PRESETS.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Learn the templates of both presets from the rendered pianos, and from recorded notes if given; write them.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; default: those that the program was given.

    Returns
    -------
    int
        0, or 2 if a note cannot be used or the file cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pianolab.training.templates", description="Learn the templates of nmf and write them."
    )
    parser.add_argument("--out", type=Path, default=TEMPLATES, help="file to write (default: the package's own)")
    parser.add_argument("--notes", type=Path, help="folder of recorded single notes named by their keys")
    given = parser.parse_args(argv)
    try:
        n_rendered, n_recorded = learn(given.out, notes_dir=given.notes)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    size_kb = given.out.stat().st_size / 1000
    print(f"{given.out.name}: {size_kb:.0f} kB, from {n_rendered} rendered and {n_recorded} recorded notes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
