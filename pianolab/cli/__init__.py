"""The command line: ``compare | detect | score | render | detectors | fit-delay | explain | tune | data | train``."""

from pianolab.cli.parser import main

__all__ = ["main"]
