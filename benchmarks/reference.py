"""Keep the numbers of a comparison for later ones to be held against: results/reference/builtin.

    make compare ARGS="--out results/now --against results/reference/builtin"
    python benchmarks/reference.py results/now

In goes the folder of a run; out come scores.csv with four numbers a recording and detector, and run.json with the
commit and the checksums of the data. Look first at what changed: the second line replaces what is kept.
"""

import argparse
import sys
from pathlib import Path

from pianolab.compare.against import keep
from pianolab.errors import PianolabError, reason

REFERENCE = Path(__file__).parents[1] / "results" / "reference" / "builtin"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a comparison")
    parser.add_argument("--out", type=Path, default=REFERENCE, help="default: results/reference/builtin")
    given = parser.parse_args(argv)
    try:
        keep(given.run, given.out)
    except (PianolabError, OSError) as error:
        print(reason(error), file=sys.stderr)
        return 2
    print(f"kept in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
