"""Chooses when `neural` hears the sustain pedal, on performances of pianos on which nothing is reported.

    python benchmarks/choose_pedal.py --material "$MATERIAL"
    python benchmarks/choose_pedal.py --material "$MATERIAL" --detector neural:weights_file=more.onnx --dry
    python benchmarks/choose_pedal.py --material "$MATERIAL" --each 10 --only-age     with a new head for its age

A training chooses these settings on scenes, half of whose pedals are drawn by chance. Pianists use theirs otherwise: so
they are chosen anew on performances rendered on --piano, as they are, in rooms and through cheap microphones, of pieces
that the benchmark of the world does not report. What is chosen goes beside the weights (``....json``). The table says
the pedal's onset F1 (100 ms) and frame F1 before and after, on what chose them.
"""

import argparse
import json
import sys
from pathlib import Path

from tqdm.auto import tqdm
from world_sounds import Material, Sounding, performances, pieces

from pianolab.cli.command import number_of, seconds
from pianolab.detectors.neural import DELAYS_MS, Neural
from pianolab.errors import PianolabError, reason
from pianolab.files import replacing
from pianolab.registry import create
from pianolab.training.pedal_tuning import GOALS, choose_age_delay, choose_pedal, pedal_scores
from pianolab.training.tuning import heard_by

PIANOS = ("kawai_upright_kw", "vsco2_upright")
REPORTED = 6  # So many pieces of the end of the list the benchmark of the world may play.


def sounds(given) -> list[Sounding]:
    """Performances with pedal of the pieces that are not reported."""
    inside = {name: given.material / name for name in ("pianos", "midi", "rooms")}
    folders = {name: folder for name, folder in inside.items() if folder.is_dir()}
    if not {"pianos", "midi"} <= folders.keys():
        raise PianolabError(f"{given.material} has no pianos and midi: name a folder with both")
    material = Material(**folders, report=tuple(given.piano), seconds=given.seconds, each=given.each + REPORTED)
    reported = {name for name, _ in pieces(folders["midi"], REPORTED)}
    cases = [case for case in performances(material) if case.name.split(" ", 2)[2] not in reported]
    made = [case.make() for case in tqdm(cases, desc="sounds")]
    return [sounding for sounding in made if sounding.pedal is not None and len(sounding.pedal)]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--material", type=Path, required=True, help="a folder with pianos and midi, and rooms if there are any")
    add("--piano", nargs="+", default=list(PIANOS), help="folders in its pianos/ to choose by")
    add("--detector", action="append", help="may be repeated (default: neural at each of its delays)")
    add("--seconds", type=seconds, default=20.0, help="length of a performance (default: 20)")
    add("--each", type=number_of("performances"), default=20, help="pieces on each piano (default: 20)")
    add("--only-age", action="store_true", help="keep the thresholds, choose how late the pedal's age is known")
    add("--dry", action="store_true", help="write nothing")
    given = parser.parse_args(argv)
    try:
        made = sounds(given)
        pedals = [sounding.pedal for sounding in made]
        for spec in given.detector or [f"neural:lookahead_ms={ms}" for ms in DELAYS_MS]:
            detector = create(spec)
            if not isinstance(detector, Neural):
                raise PianolabError(f"{spec} hears no pedal: name neural, with weights and lookahead_ms")
            path, ms = detector.weights.with_suffix(".json"), str(detector.lookahead_ms)
            known = json.loads(path.read_text(encoding="utf-8"))
            heard = [heard_by(create(spec), one.y, one.sr) for one in tqdm(made, desc=spec)]
            if given.only_age and heard[0].pedal_age is None:
                raise PianolabError(f"{spec} does not say for how long the pedal is down: leave --only-age out")
            tracking = known["tracking"][ms]
            chosen = choose_age_delay(heard, pedals, tracking) if given.only_age else choose_pedal(heard, pedals)
            before, after = (pedal_scores(heard, pedals, settings) for settings in (tracking, tracking | chosen))
            scores = ", ".join(f"{name} {before[name]:.3f} -> {after[name]:.3f}" for name in GOALS)
            print(f"{spec}: {scores}; {chosen}", flush=True)
            if not given.dry:
                known["tracking"][ms] |= chosen
                with replacing(path) as temporary:
                    temporary.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
