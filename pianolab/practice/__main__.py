"""The practice page on this machine: ``python -m pianolab.practice``, the same as ``pianolab practice open``."""

import sys

from pianolab.practice.page.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
