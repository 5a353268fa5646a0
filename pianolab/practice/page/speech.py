"""How a player is spoken to: in which language, and with which names of the keys."""

from collections.abc import Iterable
from dataclasses import dataclass

from pianolab.texts.catalogue import Told
from pianolab.units import note_name


@dataclass(frozen=True)
class Speech:
    """How a player is spoken to: the language, and the names of the keys."""

    language: str = "en"
    names: str = "C4"

    def key(self, midi: int) -> str:
        """The name of a key."""
        return note_name(midi, style=self.names)

    def keys(self, midi: Iterable[int]) -> str:
        """The names of several keys."""
        return ", ".join(map(self.key, midi))

    def say(self, told: Told) -> str:
        """A text in the player's language."""
        return told.said(self.language)
