"""The command line: ``pianolab compare | detect | score | render | detectors | fit-delay | data | train``."""

from pianolab.cli.parser import main

__all__ = ["main"]
