"""What the detector nmf has learnt: templates of all keys, and the network that judges their amounts.

What comes in: single notes of real pianos, rendered notes, and scenes that are rendered with them (performances, rooms,
noises, people who talk). What comes out: for each key the mean spectrum of its attack, its decay and its late sound,
and the weights of the network (`pianolab.training.judging`), in the file that ``pianolab.detectors.nmf`` reads.

    python -m pianolab.training.templates --pianos "$PIANOS" --midi "$MIDI" --rooms "$ROOMS" --noise "$NOISE" \\
        --hold-out kawai_upright_kw --hold-out vsco2_upright --leave-out yamaha_ydp --leave-out petrof_school \\
        --leave-out hupfeld_upright

The file says itself what it was learnt from: its array ``made_of`` is JSON with names, checksums and licences. Nothing
here needs PyTorch; people who talk are made by espeak-ng.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from pianolab.detectors.nmf import PRESETS, SR, TEMPLATES, TINY, Ear
from pianolab.dsp.combs import BINS_PER_KEY, N_BINS
from pianolab.dsp.key_judge import WEIGHTS
from pianolab.errors import PianolabError
from pianolab.files import replacing
from pianolab.frames import Framer
from pianolab.piano import PIANOS, render
from pianolab.piano.samples import list_single_notes
from pianolab.roll import Notes
from pianolab.training.judging import fit, scene_cases
from pianolab.training.sources import Sources, find_sources
from pianolab.units import MIDI_HIGH, MIDI_LOW, N_KEYS, key_to_midi, midi_to_key, note_name

LEARN_VELOCITIES = (36, 64, 100)
# The share of recorded notes in the templates; each piano has the same.
RECORDED_SHARE = 2.0 / 3.0
# Scenes that the network is learnt from; each takes about four seconds to render and to take apart.
N_SCENES = 220
# A rendered note is struck and held so long, and a recorded one begins after so much silence and is cut after so long.
STRUCK_S, HELD_S = 0.3, 1.8
SILENCE_S, LONGEST_S = 0.5, 2

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
    """Single notes of one piano.

    Parameters
    ----------
    folder : str or Path
        As for `pianolab.piano.samples.list_single_notes`; of several microphones the first is heard.

    Yields
    ------
    (int, (n,) float32, float)
        Key index, samples at SR after half a second of silence, and seconds of the stroke.

    Raises
    ------
    PianoError
        If there are no single notes, or the index is wrong.
    AudioError
        If a file cannot be read.
    """
    silence = np.zeros(round(SILENCE_S * SR), np.float32)
    for note in list_single_notes(folder):
        y, onset_s = note.load(sr=SR, duration_s=LONGEST_S)
        yield midi_to_key(note.midi), np.concatenate([silence, y]), SILENCE_S + onset_s


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


def learn_presets(pianos: Sequence[Path]) -> dict[str, NDArray[np.float32]]:
    """The templates of all presets.

    Parameters
    ----------
    pianos : sequence of Path
        Folders of single notes; with none they come from the rendered pianos alone.

    Returns
    -------
    dict of str to (88, n_stages, n) float32

    Raises
    ------
    PianolabError, AudioError
        If a note cannot be used.
    """
    # The recorded notes come first, because some may be unfit.
    recorded = [_of_one_piano(list(recorded_notes(folder))) for folder in pianos]
    learnt = _of_all_presets(list(rendered_notes()))
    # The textbook's single spectra stay those of rendered notes, whose formulas it teaches.
    for name in learnt.keys() - {"textbook"} if recorded else ():
        real = np.mean([piano[name] for piano in recorded], axis=0)
        learnt[name] = np.asarray((1.0 - RECORDED_SHARE) * learnt[name] + RECORDED_SHARE * real, np.float32)
    return learnt


def learn(out: Path, sources: Sources, *, n_scenes: int, seed: int = 1) -> None:
    """Learn templates and network and write them; nothing is written if a file cannot be used.

    Parameters
    ----------
    out : Path
        File to write.
    sources : Sources
        Of which the shelf to learn from is used.
    n_scenes : int
        Minutes of music and of other sounds that are rendered to learn the network.
    seed : int

    Raises
    ------
    PianolabError, AudioError, OSError
        If a note, a piece, a room or a noise cannot be used, or the file cannot be written.
    """
    with replacing(out) as temporary, temporary.open("wb") as file:  # A folder that cannot be written is said at once.
        templates = learn_presets(sources.learnt.pianos)
        arrays = {name: values.astype(np.float16) for name, values in templates.items()}
        # The network learns with the templates as they are written.
        scenes = scene_cases(sources.learnt, arrays["piano"].astype(np.float32), n_scenes=n_scenes, seed=seed)
        weights = fit(tqdm(scenes, total=n_scenes, desc="scenes", unit="scene"), seed=seed)
        arrays |= {name: getattr(weights, name.removeprefix("judge_")) for name in WEIGHTS}
        made_of = {**sources.about, "rendered": sorted(PIANOS), "n_scenes": n_scenes, "seed": seed}
        np.savez_compressed(file, allow_pickle=False, made_of=np.array(json.dumps(made_of)), **arrays)


def _of_one_piano(notes: Sequence[Note]) -> dict[str, NDArray[np.float32]]:
    known = {key for key, _, _ in notes}
    return {name: spread(values, known) for name, values in _of_all_presets(notes).items()}


def _of_all_presets(notes: Sequence[Note]) -> dict[str, NDArray[np.float32]]:
    presets = {preset.templates: preset for preset in PRESETS.values()}
    return {name: learn_templates(notes, preset.ear(), preset.stages_s) for name, preset in presets.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Learn templates and network from folders, and write them.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line; default: those that the program was given.

    Returns
    -------
    int
        0, or 2 if something cannot be used or the file cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pianolab.training.templates", description="Learn what nmf knows, and write it."
    )
    parser.add_argument("--out", type=Path, default=TEMPLATES, help="file to write (default: the package's own)")
    parser.add_argument(
        "--pianos", action="append", required=True, help="folder of single notes with an index.json, or of such folders"
    )
    parser.add_argument("--midi", action="append", required=True, help="folder of performances as MIDI files")
    parser.add_argument("--rooms", action="append", default=[], help="folder of impulse responses")
    parser.add_argument("--noise", action="append", default=[], help="folder of noises without a piano")
    parser.add_argument("--hold-out", action="append", default=[], help="a piano kept to choose thresholds by")
    parser.add_argument("--leave-out", action="append", default=[], help="a piano that is not used at all")
    parser.add_argument("--scenes", type=int, default=N_SCENES, help="scenes to learn from (default: %(default)s)")
    given = parser.parse_args(argv)
    kept = {"hold_out": given.hold_out, "leave_out": given.leave_out}
    try:
        sources = find_sources(given.pianos, given.midi, rooms=given.rooms, noise=given.noise, **kept)
        learn(given.out, sources, n_scenes=given.scenes)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    size_kb = given.out.stat().st_size / 1000
    n_pianos = len(sources.learnt.pianos)
    print(f"{given.out.name}: {size_kb:.0f} kB, from {n_pianos} recorded pianos and {given.scenes} scenes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
