"""One recording read block by block: what its header promises, what is there, and what is heard of its channels."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import soundfile as sf

from pianolab.sound.channels import ChannelMix, lead_length
from pianolab.sound.checks import AudioError
from pianolab.sound.chunked import is_piped
from pianolab.sound.foreign import UNKNOWN_LENGTH, ForeignReader
from pianolab.sound.opening import Reader

READ_LENGTH = 4096  # Samples are read so many at a time: where a damaged file breaks off, at most these are lost.

_BLOCK_VALUES = 2**17
# Elsewhere libsndfile's seek lands at another sample (MP3, OGG) or fails (GSM).
_SEEKABLE = {"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"}


class Part:
    """A recording that is read forwards.

    Parameters
    ----------
    reader : SoundFile or ForeignReader
    name : str
        The file in messages.

    Attributes
    ----------
    sr, channels : int
    format, subtype : str
        As libsndfile names them.
    mix : ChannelMix
        Makes one signal of the channels.
    n_read : int
        Samples that came out of `blocks` or were skipped.
    """

    def __init__(self, reader: Reader, name: str):
        self._reader, self._name = reader, name
        self.sr: int = reader.samplerate
        self.channels: int = reader.channels
        self.format, self.subtype = reader.format, reader.subtype
        # Of MPEG Layers I and II libsndfile guesses the length from the first frame.
        is_known = reader.frames < UNKNOWN_LENGTH and self.subtype not in ("MPEG_LAYER_I", "MPEG_LAYER_II")
        self._n_claimed = reader.frames if is_known else None
        self._broken, self.n_read = False, 0
        self._ahead = list(self._read(lead_length(self.channels, self.sr)))
        lead = np.concatenate(self._ahead) if self._ahead else np.zeros((0, self.channels), np.float32)
        self.mix = ChannelMix(lead, sr=self.sr)

    def blocks(self, length: int) -> Iterator[npt.NDArray[np.float32]]:
        """What was not yet read, (n, channels) float32 at a time; n is about ``length`` where that is sensible."""
        while self._ahead:
            block = self._ahead.pop(0)
            self.n_read += len(block)
            yield block
        for block in self._read(None, length):
            self.n_read += len(block)
            yield block

    def skip(self, n: int) -> int:
        """Pass over n samples; return how many there were."""
        while n > self.n_read and self._ahead:
            block = self._ahead.pop(0)
            taken = min(len(block), n - self.n_read)
            self.n_read += taken
            if taken < len(block):
                self._ahead.insert(0, block[taken:])
        if n > self.n_read:
            self._skip_to(n)
        return self.n_read

    def _skip_to(self, n: int) -> None:
        if self._n_claimed is not None and isinstance(self._reader, sf.SoundFile) and self.subtype in _SEEKABLE:
            n = min(n, self._n_claimed)
            try:
                self._reader.seek(n)
            except sf.SoundFileError as error:
                at = f"{n / self.sr:g} s"
                raise AudioError(f"{self._name} is damaged before {at}: read it from its beginning") from error
            self.n_read = n
            return
        for block in self._read(n - self.n_read):
            self.n_read += len(block)

    def _read(self, n: int | None, length: int = _BLOCK_VALUES) -> Iterator[npt.NDArray[np.float32]]:
        """The next n samples, or all; fewer where the decoder breaks off."""
        n_reads = min(-(-length // READ_LENGTH), _BLOCK_VALUES // self.channels // READ_LENGTH)
        length = max(1, n_reads) * READ_LENGTH
        while not self._broken and (n is None or n > 0):
            block = np.empty((length if n is None else min(n, length), self.channels), np.float32)
            n_filled = self._fill(block)
            if n_filled:
                yield block[:n_filled]
            if n_filled < len(block):
                return
            n = None if n is None else n - n_filled

    def _fill(self, block: npt.NDArray[np.float32]) -> int:
        n_filled = 0
        while n_filled < len(block):
            try:
                n_new = len(self._reader.read(out=block[n_filled : n_filled + READ_LENGTH]))
            except sf.SoundFileError:
                self._broken = True
                break
            n_filled += n_new
            if n_new == 0:
                break
        return n_filled

    def n_there(self) -> int | None:
        """Samples in all, if that is known without decoding."""
        if self._n_claimed is None or self._broken or self.subtype.startswith("ALAC"):
            return None
        if self._n_claimed and self.format == "FLAC" and isinstance(self._reader, sf.SoundFile):
            # A file that is cut short still promises its whole length.
            try:
                self._reader.seek(self._n_claimed - 1)
                return self._n_claimed if len(self._reader.read(2)) == 1 else None
            except sf.SoundFileError:
                return None
        return self._n_claimed

    def remarks(self, end_s: float | None) -> list[str]:
        """What is to be said after the reading, to be put behind the name of the file.

        Parameters
        ----------
        end_s : float or None
            Where this recording ends in the file, seconds; None if it was not read to its end.

        Returns
        -------
        list of str
        """
        remarks = [remark] if (remark := self.mix.remark(self.channels)) else []
        if end_s is None:
            return remarks
        claimed = self._n_claimed if self._n_claimed and self.n_read < self._n_claimed else None
        excess = _excess_in_header(self._reader.extra_info)
        complaint = self._reader.complaint() if isinstance(self._reader, ForeignReader) else ""
        if self._broken or claimed or complaint or excess > 0:
            promise = f" of the {claimed / self.sr:.3f} s that its header promises" if claimed else ""
            why = f" (ffmpeg: {complaint})" if complaint else ""
            remarks.append(f"is cut short: the {end_s:.3f} s it holds{promise} are used{why}")
        return remarks


def _excess_in_header(log: str) -> int:
    """Bytes that the header claims beyond those that libsndfile found; lengths that only pipes write do not count."""
    for line in log.splitlines():
        label, _, rest = line.partition(":")
        claimed, _, found = rest.partition("(should be")
        claimed, found = claimed.strip(), found.strip(" )")
        is_told = label.strip().lower() in ("data", "data size", "ssnd") and claimed.isdigit() and found.isdigit()
        if is_told and not is_piped(int(claimed)):
            return int(claimed) - int(found)
    return 0
