"""Sound comes in whole, on time and in mono, whatever the file; what is no sound is refused with the remedy."""

import io
import os
import struct
import tracemalloc
import warnings

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pianolab import sound
from pianolab.data import load_dataset
from pianolab.sound import AudioError, AudioWarning, opening

pytestmark = pytest.mark.filterwarnings("error::pianolab.sound.AudioWarning")

SR = 44100
FORMATS = {  # largest error of a sample after a round trip, full scale 1
    ("wav", "PCM_U8"): 1 / 128,
    ("wav", "PCM_16"): 1 / 2**15,
    ("wav", "PCM_24"): 1 / 2**23,
    ("wav", "PCM_32"): 1e-7,
    ("wav", "FLOAT"): 0,
    ("wav", "DOUBLE"): 0,
    ("flac", "PCM_16"): 1 / 2**15,
    ("flac", "PCM_24"): 1 / 2**23,
    ("aiff", "PCM_16"): 1 / 2**15,
    ("aiff", "FLOAT"): 0,
    ("ogg", "VORBIS"): 0.05,
    ("mp3", "MPEG_LAYER_III"): 0.05,
}


def a4(seconds=0.5, sr=SR, level=0.4):
    """A4 that swells and fades, so that every place in it is another."""
    t = np.arange(round(seconds * sr)) / sr
    return (level * np.sin(2 * np.pi * 440 * t) * np.sin(np.pi * t / seconds)).astype(np.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A4 in every format, three seconds each, by (suffix, subtype)."""
    folder, y = tmp_path_factory.mktemp("formats"), a4(3.0)
    paths = {}
    for suffix, subtype in FORMATS:
        paths[suffix, subtype] = folder / f"a4-{subtype}.{suffix}"
        with sf.SoundFile(paths[suffix, subtype], "w", SR, 1, subtype) as file:
            for start in range(0, len(y), SR):  # libsndfile's Vorbis encoder crashes on one long write
                file.write(y[start : start + SR])
    return paths


def wav_bytes(y, sr=SR, subtype="FLOAT", container="WAV"):
    buffer = io.BytesIO()
    sf.write(buffer, y, sr, format=container, subtype=subtype)
    return buffer.getvalue()


def cut(path, tmp_path, share=0.5):
    data = path.read_bytes()
    short = tmp_path / f"cut{path.suffix}"
    short.write_bytes(data[: int(len(data) * share)])
    return short


class Pipe(io.RawIOBase):
    """Bytes that come once, as on standard input."""

    name = "<stdin>"

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def read(self, n=-1):
        return self._data.read(n)


# Reading


@pytest.mark.parametrize(("suffix", "subtype"), FORMATS)
def test_a4_is_a4_in_every_format(files, suffix, subtype):
    y, sr = sound.load(files[suffix, subtype])
    assert sr == SR
    assert y.dtype == np.float32
    assert len(y) == 3 * SR
    np.testing.assert_allclose(y, a4(3.0), atol=FORMATS[suffix, subtype])


@pytest.mark.parametrize(("suffix", "subtype"), FORMATS)
@pytest.mark.parametrize("block_length", [1000, 4097, 50_000, 10**6])
def test_blocks_of_any_length_are_the_whole_bit_for_bit(files, suffix, subtype, block_length):
    whole, _ = sf.read(files[suffix, subtype], dtype="float32")  # one read: no seek in between
    pieces = list(sound.blocks(files[suffix, subtype], block_length=block_length))
    assert {len(piece) for piece in pieces[:-1]} <= {block_length}
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize(("suffix", "subtype"), FORMATS)
@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, 0.7), (0.5, 1.0), (1.2345, None), (2.9, 5.0)])
def test_a_part_of_a_recording_is_that_part_of_the_whole(files, suffix, subtype, start_s, duration_s):
    whole, _ = sound.load(files[suffix, subtype])
    part, _ = sound.load(files[suffix, subtype], start_s=start_s, duration_s=duration_s)
    start = round(start_s * SR)
    stop = len(whole) if duration_s is None else min(len(whole), start + round(duration_s * SR))
    assert len(part) == stop - start > 0
    np.testing.assert_array_equal(part, whole[start:stop])


CONTAINERS = {  # what a name with this ending holds, as libsndfile writes it
    **dict.fromkeys((".ogg", ".oga"), ("OGG", "VORBIS")),
    **dict.fromkeys((".aiff", ".aif", ".aifc"), ("AIFF", "PCM_16")),
    **dict.fromkeys((".au", ".snd"), ("AU", "PCM_16")),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}


@pytest.mark.parametrize("suffix", sound.AUDIO_SUFFIXES)
def test_every_name_that_counts_as_sound_is_read(tmp_path, suffix):
    container, subtype = CONTAINERS.get(suffix, (suffix[1:].upper(), "PCM_16"))
    path = tmp_path / f"a4{suffix}"
    sf.write(path, a4(sr=48000), 48000, format=container, subtype=subtype)
    y, sr = sound.load(path)
    assert sr == 48000
    np.testing.assert_allclose(y[:24000], a4(sr=48000), atol=0.05)


def test_stereo_is_the_mean_of_both_ears(tmp_path):
    left, right = a4(), np.roll(a4(), 25)
    sf.write(tmp_path / "two.wav", np.column_stack([left, right]), SR, subtype="FLOAT")
    y, _ = sound.load(tmp_path / "two.wav")
    np.testing.assert_allclose(y, (left + right) / 2, atol=1e-7)


def test_eight_equal_channels_are_one_of_them(tmp_path):
    sf.write(tmp_path / "eight.wav", np.tile(a4()[:, None], 8), SR, subtype="FLOAT")
    y, _ = sound.load(tmp_path / "eight.wav")
    assert sound.info(tmp_path / "eight.wav").channels == 8
    np.testing.assert_array_equal(y, a4())


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000])
def test_a_recording_keeps_its_rate_and_length(tmp_path, sr):
    sf.write(tmp_path / "r.wav", a4(0.25, sr), sr, subtype="FLOAT")
    y, got = sound.load(tmp_path / "r.wav")
    assert got == sr
    np.testing.assert_array_equal(y, a4(0.25, sr))


@pytest.mark.parametrize("sr", [16000, 48000, 96000])
def test_load_at_another_rate_is_resample_of_the_whole(tmp_path, sr):
    sf.write(tmp_path / "r.wav", a4(2.0, sr), sr, subtype="FLOAT")
    y, got = sound.load(tmp_path / "r.wav", sr=SR)
    assert got == SR
    np.testing.assert_array_equal(y, sound.resample(a4(2.0, sr), sr=sr, target_sr=SR))
    assert np.max(np.abs(y - a4(2.0))[2000:-2000]) < 1e-4  # the same tone as made at the new rate


@pytest.mark.parametrize("name", ["Für Elise.wav", "피아노 소리.wav", "<script>alert(1)<script>.wav"])
def test_any_name_can_be_read_and_written(tmp_path, name):
    sound.write(tmp_path / name, a4(), sr=SR, subtype="FLOAT")
    np.testing.assert_array_equal(sound.load(tmp_path / name)[0], a4())


def test_info_says_what_the_header_says(files):
    info = sound.info(files["flac", "PCM_24"])
    assert info == sound.AudioInfo(3.0, SR, 1, 3 * SR, "FLAC", "PCM_24")


def test_a_flac_from_a_pipe_has_no_length_and_is_counted(files, tmp_path):
    data = bytearray(files["flac", "PCM_16"].read_bytes())
    data[21] &= 0xF0  # STREAMINFO: total samples, 36 bits, 0 = unknown
    data[22:26] = bytes(4)
    (tmp_path / "piped.flac").write_bytes(data)
    assert sound.info(tmp_path / "piped.flac").n_samples == 3 * SR
    y, _ = sound.load(tmp_path / "piped.flac", start_s=1.0)
    np.testing.assert_array_equal(y, sound.load(files["flac", "PCM_16"])[0][SR:])

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    assert sound.info(Pipe(data)).n_samples == 3 * SR


def test_only_what_is_needed_is_read():
    class Counted(io.BytesIO):
        n = 0

        def readinto(self, buffer):
            n = super().readinto(buffer)
            self.n += n
            return n

    file = Counted(wav_bytes(a4(60.0)))
    y, _ = sound.load(file, start_s=30.0, duration_s=1.0)
    assert len(y) == SR
    assert file.n < 3 * 4 * SR  # three seconds of float32 at most, of sixty


def test_a_long_recording_never_sits_in_memory(tmp_path):
    sf.write(tmp_path / "long.wav", np.tile(a4(1.0), 120), SR, subtype="PCM_16")
    tracemalloc.start()
    n = sum(len(block) for block in sound.blocks(tmp_path / "long.wav"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 120 * SR
    assert peak < 4 * 2**20  # the whole would be 20 MB


def test_standard_input_is_read_like_a_file():
    y, sr = sound.load(Pipe(wav_bytes(a4())))
    assert sr == SR
    np.testing.assert_array_equal(y, a4())
    stream = sound.blocks(Pipe(wav_bytes(a4(), 48000)), block_length=100)
    assert stream.sr == 48000
    np.testing.assert_array_equal(np.concatenate(list(stream)), a4())


def test_long_standard_input_goes_to_disk_and_endless_one_is_refused(monkeypatch):
    monkeypatch.setattr(opening, "_STREAM_IN_MEMORY", 1000)
    np.testing.assert_array_equal(sound.load(Pipe(wav_bytes(a4())))[0], a4())
    monkeypatch.setattr(opening, "_STREAM_LIMIT", 2000)
    with pytest.raises(AudioError, match=r"longer than .*save it as a file"):
        sound.load(Pipe(wav_bytes(a4())))


def test_a_file_object_of_the_caller_stays_open_and_is_read_from_its_beginning():
    file = io.BytesIO(wav_bytes(a4()))
    file.seek(17)
    np.testing.assert_array_equal(sound.load(file)[0], a4())
    np.testing.assert_array_equal(sound.load(file)[0], a4())
    assert not file.closed


@pytest.mark.external
def test_a_real_recording_in_blocks_is_the_whole(recordings):
    paths = [r.audio for folder in ("maps", "isolated") for r in list(load_dataset(recordings / folder))[:2]]
    assert len(paths) == 4
    for path in paths:
        whole, _ = sf.read(path, frames=20 * sf.info(path).samplerate, dtype="float32", always_2d=True)
        y = np.concatenate(list(sound.blocks(path, block_length=5000, duration_s=20.0)))
        np.testing.assert_allclose(y, whole.mean(axis=1), atol=1e-7)


# Refused


def text(tmp_path):
    (tmp_path / "notes.wav").write_text("these are words, not sound\n" * 100)
    return tmp_path / "notes.wav"


def empty(tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    return tmp_path / "empty.wav"


def half_a_header(tmp_path):
    (tmp_path / "header.wav").write_bytes(wav_bytes(a4())[:20])
    return tmp_path / "header.wav"


def no_samples(tmp_path):
    sf.write(tmp_path / "none.wav", np.zeros(0), SR)
    return tmp_path / "none.wav"


def hundred_megabytes_of_nothing(tmp_path):
    data = (
        b"RIFF"
        + struct.pack("<I", 100 * 2**20 + 36)
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, SR, 2 * SR, 2, 16)
    )
    (tmp_path / "claim.wav").write_bytes(data + b"data" + struct.pack("<I", 100 * 2**20))
    return tmp_path / "claim.wav"


def flac_of_nothing(tmp_path):
    buffer = wav_bytes(a4(), subtype="PCM_16", container="FLAC")
    first_frame = buffer.rindex(b"\xff\xf8", 0, buffer.index(b"\xff\xf8") + 2)
    (tmp_path / "claim.flac").write_bytes(buffer[:first_frame])
    return tmp_path / "claim.flac"


def nan_sample(tmp_path):
    y = a4()
    y[SR // 4] = np.nan
    sf.write(tmp_path / "nan.wav", y, SR, subtype="FLOAT")
    return tmp_path / "nan.wav"


def infinite_sample(tmp_path):
    sf.write(tmp_path / "inf.wav", np.array([0, np.inf, 0]), SR, subtype="DOUBLE")
    return tmp_path / "inf.wav"


def beyond_float32(tmp_path):
    sf.write(tmp_path / "huge.wav", np.array([0, 1e300, 0]), SR, subtype="DOUBLE")
    return tmp_path / "huge.wav"


def beyond_sense(tmp_path):
    sf.write(tmp_path / "large.wav", np.array([0, 1e30, 0]), SR, subtype="DOUBLE")
    return tmp_path / "large.wav"


def slow_rate(tmp_path):
    sf.write(tmp_path / "slow.wav", a4(), 1000)
    return tmp_path / "slow.wav"


def fast_rate(tmp_path):
    sf.write(tmp_path / "fast.wav", a4(), 2_000_000)
    return tmp_path / "fast.wav"


def raw_name(tmp_path):
    (tmp_path / "samples.raw").write_bytes(bytes(1000))
    return tmp_path / "samples.raw"


def m4a(tmp_path):
    (tmp_path / "my song.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    return tmp_path / "my song.m4a"


def webm(tmp_path):
    (tmp_path / "x.webm").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    return tmp_path / "x.webm"


def aac(tmp_path):
    (tmp_path / "x.aac").write_bytes(b"\xff\xf1\x50\x80" + bytes(100))
    return tmp_path / "x.aac"


def m4a_that_says_wav(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"\0\0\0\x20ftypmp42" + bytes(100))
    return tmp_path / "x.wav"


def fifo(tmp_path):
    if not (tmp_path / "pipe.wav").exists():
        os.mkfifo(tmp_path / "pipe.wav")
    return tmp_path / "pipe.wav"


REFUSED = [
    (lambda folder: folder / "missing.wav", "missing.wav is not there: check"),
    (lambda folder: folder, "is a folder: name a file"),
    (lambda folder: str(folder / "nul\0.wav"), "cannot be opened"),
    (empty, r"empty.wav is empty \(0 bytes\)"),
    (text, "notes.wav is not readable audio .*try `ffmpeg -i notes.wav notes-converted.wav`"),
    (half_a_header, "header.wav is not readable audio"),
    (no_samples, "none.wav holds no samples"),
    (hundred_megabytes_of_nothing, "claim.wav holds no samples: it was cut off"),
    (flac_of_nothing, "claim.flac (holds no samples|is not readable audio)"),
    (nan_sample, r"nan.wav holds NaN or infinite samples \(first at 0.250 s\): export it again"),
    (infinite_sample, "inf.wav holds NaN or infinite"),
    (beyond_float32, "huge.wav holds NaN or infinite"),
    (beyond_sense, "large.wav holds a sample of 1e.30: full scale is 1"),
    (slow_rate, "1000 Hz, .* 4000 to 768000.* -ar 44100`"),
    (fast_rate, "2000000 Hz"),
    (raw_name, "samples.raw is not readable audio"),
    (m4a, "m4a is MPEG-4 audio .*`ffmpeg -i 'my song.m4a' 'my song.wav'`"),
    (webm, "x.webm is a WebM .*`ffmpeg -i x.webm x.wav`"),
    (aac, "x.aac is AAC audio"),
    (m4a_that_says_wav, "x.wav is MPEG-4 audio .*x-converted.wav"),
    (fifo, "is not a regular file"),
    (lambda folder: 7, "int is no audio source"),
    (lambda folder: io.StringIO("RIFF"), "text stream: open it in binary"),
    (lambda folder: io.BytesIO(), "empty"),
    (lambda folder: Pipe(b"words"), "<stdin> is not readable audio"),
]


@pytest.mark.parametrize(("source", "message"), REFUSED, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_no_sound_is_refused_in_one_line(tmp_path, source, message):
    for read in (sound.load, sound.blocks):
        with pytest.raises(AudioError, match=message) as caught:
            read(source(tmp_path))
        assert "\n" not in str(caught.value)


def test_a_nan_in_the_last_second_is_refused_when_the_blocks_reach_it(tmp_path):
    y = np.tile(a4(1.0), 20)
    y[-SR // 2] = np.nan
    sf.write(tmp_path / "late.wav", y, SR, subtype="FLOAT")
    stream = sound.blocks(tmp_path / "late.wav", block_length=SR)
    assert len([next(stream) for _ in range(19)]) == 19
    with pytest.raises(AudioError, match=r"first at 19\.500 s"):
        next(stream)


def test_a_name_with_a_line_break_is_refused_in_one_line(tmp_path):
    with pytest.raises(AudioError) as caught:
        sound.load(tmp_path / "two\nlines.wav")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start_s": -1}, "start -1 s"),
        ({"start_s": float("nan")}, "start nan s"),
        ({"start_s": 4.0}, "start 4 s lies after the end .*3 s"),
        ({"duration_s": 0}, "duration 0 s"),
        ({"duration_s": float("nan")}, "duration nan s"),
        ({"sr": 0}, "sampling rate 0 Hz.*or pass its true rate"),
        ({"sr": "44100"}, "sampling rate '44100' is not a number: use Hz, such as 44100"),
        ({"sr": 44100.5}, r"sampling rate 44100\.5 Hz"),
    ],
)
@pytest.mark.parametrize("kind", [("wav", "PCM_16"), ("mp3", "MPEG_LAYER_III")])
def test_nonsense_parts_and_rates_are_refused(files, kind, options, message):
    with pytest.raises(AudioError, match=message):
        sound.load(files[kind], **options)


def test_a_block_of_no_samples_cannot_be_asked_for(files):
    with pytest.raises(AudioError, match="block_length 0"):
        sound.blocks(files["wav", "PCM_16"], block_length=0)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_garbage_is_refused_and_nothing_else_happens(data):
    with pytest.raises(AudioError):
        sound.load(io.BytesIO(data))


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # libsndfile's callbacks stay quiet
@settings(max_examples=300, deadline=None)
@given(
    container=st.sampled_from(["WAV", "FLAC", "AIFF"]),
    wounds=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=8),
    length=st.integers(0, 2500),
)
@example(container="AIFF", wounds=[(38, 0)], length=2500)  # sends libsndfile to before the beginning
def test_a_damaged_file_is_read_or_refused(container, wounds, length):
    data = bytearray(DAMAGED[container])
    for place, value in wounds:
        data[place] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        try:
            y, sr = sound.load(io.BytesIO(bytes(data[:length])))
        except AudioError:
            return
    assert len(y) > 0
    assert np.all(np.isfinite(y))
    assert sound.MIN_SR <= sr <= sound.MAX_SR


DAMAGED = {name: wav_bytes(a4(0.025), subtype="PCM_16", container=name) for name in ("WAV", "FLAC", "AIFF")}


# Accepted, with a warning where it matters


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind[0] not in ("ogg",)])
def test_a_file_cut_in_the_middle_is_read_up_to_there(files, tmp_path, kind):
    whole, _ = sound.load(files[kind])
    with pytest.warns(AudioWarning, match=r"is cut short: the 1\.[345]\d\d s it holds"):
        y, _ = sound.load(cut(files[kind], tmp_path))
    assert 1.35 * SR < len(y) < 1.55 * SR
    np.testing.assert_array_equal(y, whole[: len(y)])


@pytest.mark.parametrize("container", ["AU", "W64", "RF64"])
def test_rarer_containers_cut_in_the_middle_warn_too(tmp_path, container):
    data = wav_bytes(a4(), subtype="PCM_16", container=container)
    with pytest.warns(AudioWarning, match="is cut short"):
        y, _ = sound.load(io.BytesIO(data[: len(data) // 2]))
    np.testing.assert_allclose(y, a4()[: len(y)], atol=1 / 2**15)


def test_a_part_that_lies_within_a_cut_file_needs_no_warning(files, tmp_path):
    y, _ = sound.load(cut(files["flac", "PCM_16"], tmp_path), duration_s=1.0)
    assert len(y) == SR


@pytest.mark.parametrize("claim", [0x7FFFFFFF, 0xFFFFFFFF])
def test_the_lengths_that_programs_write_to_pipes_need_no_warning(claim):
    data = bytearray(wav_bytes(a4(), subtype="PCM_16"))
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", claim)
    data[4:8] = struct.pack("<I", claim)
    np.testing.assert_allclose(sound.load(Pipe(bytes(data)))[0], a4(), atol=1 / 2**15)


def test_one_sample_is_a_recording(tmp_path):
    sf.write(tmp_path / "click.wav", np.array([0.4]), SR, subtype="FLOAT")
    y, _ = sound.load(tmp_path / "click.wav")
    assert y.tolist() == [np.float32(0.4)]
    assert sound.info(tmp_path / "click.wav").n_samples == 1


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(SR), "is silent"),
        (np.clip(a4(1.0) * 10, -1, 1), r"is clipped in \d\d\.\d%"),
        (a4(1.0) + 0.2, r"off centre by 0\.2 of full scale"),
        (a4(1.0) * 32768, "where full scale is 1"),
    ],
)
def test_poor_sound_is_read_with_a_warning(tmp_path, y, message):
    sf.write(tmp_path / "poor.wav", y, SR, subtype="FLOAT")
    with pytest.warns(AudioWarning, match=message):
        got, _ = sound.load(tmp_path / "poor.wav")
    np.testing.assert_array_equal(got, np.asarray(y, np.float32))


def test_a_low_note_at_full_scale_is_not_called_clipped(tmp_path):
    y = np.sin(2 * np.pi * 27.5 * np.arange(2 * SR) / SR)
    sf.write(tmp_path / "a0.wav", y, SR, subtype="PCM_16")
    assert len(sound.load(tmp_path / "a0.wav")[0]) == 2 * SR


# Writing


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [("a.wav", None, 1 / 2**15), ("a.wav", "FLOAT", 0), ("a.flac", None, 1 / 2**15), ("a.FLAC", "PCM_24", 1 / 2**23)],
)
def test_what_is_written_is_read_back(tmp_path, name, subtype, tolerance):
    sound.write(tmp_path / name, a4(), sr=48000, subtype=subtype)
    y, sr = sound.load(tmp_path / name)
    assert sr == 48000
    np.testing.assert_allclose(y, a4(), atol=tolerance)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_samples_beyond_full_scale_are_clipped_with_a_warning(tmp_path):
    with pytest.warns(AudioWarning, match=r"peak 2 is clipped"):
        sound.write(tmp_path / "loud.wav", [0.0, 2.0, 0.5, -0.5, -1.5], sr=SR)
    np.testing.assert_allclose(sound.load(tmp_path / "loud.wav")[0], [0, 1, 0.5, -0.5, -1], atol=1 / 2**14)


@pytest.mark.parametrize(
    ("name", "y", "options", "message"),
    [
        ("a.mp3", [0.0], {}, r"use a name that ends in \.wav or \.flac"),
        ("a.flac", [0.0], {"subtype": "FLOAT"}, "cannot hold subtype 'FLOAT': use one of .*PCM_16"),
        ("a.wav", [], {}, "no samples"),
        ("a.wav", [np.nan], {}, "sample 0 .* is NaN"),
        ("a.wav", [0.0], {"sr": -1}, "sampling rate -1 Hz"),
        ("missing/a.wav", [0.0], {}, "cannot be written .*choose a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, name, y, options, message):
    with pytest.raises(AudioError, match=message):
        sound.write(tmp_path / name, y, **{"sr": SR, **options})
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    sound.write(tmp_path / "a.wav", a4(), sr=SR, subtype="FLOAT")

    def disk_full(path, *rest, **options):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sf, "write", disk_full)
    with pytest.raises(AudioError, match="No space left on device"):
        sound.write(tmp_path / "a.wav", np.zeros(10), sr=SR)
    monkeypatch.undo()
    np.testing.assert_array_equal(sound.load(tmp_path / "a.wav")[0], a4())
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_a_folder_cannot_be_overwritten(tmp_path):
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(AudioError, match="is a folder"):
        sound.write(tmp_path / "a.wav", a4(), sr=SR)


# Resampling

RATES = [(16000, 44100), (48000, 44100), (96000, 44100), (44100, 16000), (44100, 48000), (8000, 44100), (192000, 22050)]


def in_blocks(y, sizes, sr_in, sr_out):
    resampler, parts, start = sound.Resampler(sr_in=sr_in, sr_out=sr_out), [], 0
    while start < len(y):
        for size in sizes:
            parts.append(resampler.push(y[start : start + size]))
            start += size
    return np.concatenate([*parts, resampler.flush()])


@pytest.mark.parametrize(("sr_in", "sr_out"), [*RATES, (44100, 44100)])
@pytest.mark.parametrize("size", [1, 128, 441, 1024, 4096])
def test_a_resampled_stream_does_not_depend_on_its_blocks(sr_in, sr_out, size):
    y = np.random.default_rng(1).uniform(-0.5, 0.5, sr_in // 2 + 17).astype(np.float32)
    whole = sound.resample(y, sr=sr_in, target_sr=sr_out)
    assert len(whole) == -(-len(y) * sr_out // sr_in) > 0
    np.testing.assert_array_equal(in_blocks(y, [size], sr_in, sr_out), whole)


@settings(max_examples=60, deadline=None)
@given(
    sr_in=st.integers(4000, 100_000),
    sr_out=st.integers(4000, 100_000),
    n=st.integers(0, 20_000),
    sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=6).filter(any),
)
def test_odd_rates_and_odd_blocks_give_the_same_bits_and_the_exact_length(sr_in, sr_out, n, sizes):
    y = np.random.default_rng(n).uniform(-0.5, 0.5, n).astype(np.float32)
    whole = sound.resample(y, sr=sr_in, target_sr=sr_out)
    assert len(whole) == -(-n * sr_out // sr_in)
    np.testing.assert_array_equal(in_blocks(y, sizes, sr_in, sr_out), whole)


@pytest.mark.parametrize(("sr_in", "sr_out"), RATES)
def test_a_click_stays_at_its_time(sr_in, sr_out):
    click_s, width_s = 0.4321, 0.5e-3
    y = np.exp(-(((np.arange(sr_in) / sr_in - click_s) / width_s) ** 2)).astype(np.float32)
    out = sound.resample(y, sr=sr_in, target_sr=sr_out).astype(float)
    centre_s = np.sum(np.arange(len(out)) / sr_out * out**2) / np.sum(out**2)
    assert centre_s == pytest.approx(click_s, abs=1e-6)  # a thousandth of a millisecond


@pytest.mark.parametrize(("sr_in", "sr_out"), RATES)
def test_a_tone_keeps_its_pitch_phase_and_level(sr_in, sr_out):
    def tone(sr):
        return 0.5 * np.sin(2 * np.pi * 1000 * np.arange(sr) / sr)

    out = sound.resample(tone(sr_in), sr=sr_in, target_sr=sr_out)
    middle = slice(sr_out // 4, -sr_out // 4)
    assert np.max(np.abs(out - tone(sr_out))[middle]) < 1e-5


def test_what_the_new_rate_cannot_hold_is_gone():
    y = 0.5 * np.sin(2 * np.pi * 15000 * np.arange(44100) / 44100)
    out = sound.resample(y, sr=44100, target_sr=16000)
    level_db = 20 * np.log10(np.max(np.abs(out[2000:-2000])) / 0.5)
    assert level_db < -90


@pytest.mark.parametrize(("sr_in", "sr_out"), [*RATES, (44100, 44100)])
def test_the_lag_of_the_resampler_is_never_more_than_it_says(sr_in, sr_out):
    resampler = sound.Resampler(sr_in=sr_in, sr_out=sr_out)
    n_in = n_out = 0
    worst = 0.0
    for size in np.random.default_rng(3).integers(1, 300, 600):
        n_in += size
        n_out += len(resampler.push(np.zeros(size)))
        worst = max(worst, n_in / sr_in - n_out / sr_out)
    assert worst <= resampler.latency_s
    assert resampler.latency_s < 0.15
    assert (resampler.latency_s == 0) == (sr_in == sr_out)


def test_a_whole_signal_is_checked_and_scaled_before_it_is_resampled():
    with pytest.raises(AudioError, match="sample 3 of the signal is NaN or infinite"):
        sound.resample([0.0, 0.0, 0.0, np.nan], sr=SR, target_sr=16000)
    pcm = np.round(a4() * 2**15).astype(np.int16)
    np.testing.assert_array_equal(
        sound.resample(pcm, sr=SR, target_sr=16000), sound.resample(pcm / 2**15, sr=SR, target_sr=16000)
    )


def test_after_a_flush_a_new_stream_begins():
    resampler = sound.Resampler(sr_in=48000, sr_out=44100)
    first = np.concatenate([resampler.push(a4()), resampler.flush()])
    again = np.concatenate([resampler.push(a4()), resampler.flush()])
    assert len(first) > 0
    np.testing.assert_array_equal(first, again)
    assert len(resampler.flush()) == 0


def test_the_resampler_refuses_stereo_and_odd_rates():
    with pytest.raises(AudioError, match="not mono"):
        sound.Resampler(sr_in=48000, sr_out=44100).push(np.zeros((10, 2)))
    with pytest.raises(AudioError, match="sampling rate 0 Hz"):
        sound.Resampler(sr_in=0, sr_out=44100)
    with pytest.raises(AudioError, match="'fast' is not a number"):
        sound.Resampler(sr_in=44100, sr_out="fast")


# Arrays that a caller gives


@pytest.mark.parametrize(
    ("y", "mono"),
    [
        (np.array([0.5, -0.5]), [0.5, -0.5]),
        (np.array([[0.5, 0.0], [0.25, 0.75]]), [0.25, 0.5]),
        (np.array([0, 16384, -32768], np.int16), [0, 0.5, -1]),
        (np.array([0, 2**30], np.int32), [0, 0.5]),
        (np.array([128, 0, 192], np.uint8), [0, -1, 0.5]),
        ([0.1], [0.1]),
        ([], []),
    ],
)
def test_arrays_become_mono_float32(y, mono):
    got = sound.check_signal(y, sr=SR)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, mono, atol=1e-7)


def test_the_signal_is_a_copy_so_that_a_sound_card_may_reuse_its_buffer():
    buffer = a4()
    y = sound.check_signal(buffer, sr=SR)
    buffer[:] = 0
    np.testing.assert_array_equal(y, a4())


@pytest.mark.parametrize(
    ("y", "sr", "message"),
    [
        ([0.0, np.nan], SR, "sample 1 .* NaN"),
        ([np.inf], SR, "sample 0"),
        ([1j], SR, "complex128 is no signal"),
        (["a"], SR, "is no signal"),
        ([1, 2], SR, "int64 is no signal: pass floating-point"),
        (np.zeros((2, SR)), SR, r"perhaps y\.T"),
        (np.zeros((2, 2, 2)), SR, r"shape \(2, 2, 2\)"),
        (0.5, SR, r"shape \(\)"),
        ([1e20], SR, "full scale is 1"),
        ([0.0], 0, "sampling rate 0 Hz"),
        ([0.0], None, "sampling rate None is not a number"),
        ([0.0], float("nan"), "sampling rate nan is not a number"),
    ],
)
def test_arrays_that_are_no_signal_are_refused(y, sr, message):
    with pytest.raises(AudioError, match=message):
        sound.check_signal(y, sr=sr)


def test_the_checksum_is_that_of_the_bytes(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sound.checksum(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(AudioError, match="cannot be read"):
        sound.checksum(tmp_path / "missing")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    y=st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=300),
    block_length=st.integers(1, 400),
    sr=st.sampled_from([8000, 44100, 192000]),
)
def test_any_signal_survives_a_round_trip_in_any_blocks(tmp_path, y, block_length, sr):
    sound.write(tmp_path / "any.wav", y, sr=sr, subtype="FLOAT")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AudioWarning)
        got = np.concatenate(list(sound.blocks(tmp_path / "any.wav", block_length=block_length)))
    np.testing.assert_array_equal(got, np.array(y, np.float32))


@pytest.mark.parametrize("seconds", [1e7, 2.0**63, 1e308])
def test_a_part_may_be_asked_for_at_any_length_and_place(tmp_path, seconds):
    sound.write(tmp_path / "short.wav", np.full(800, 0.1, np.float32), sr=8000)
    assert len(sound.load(tmp_path / "short.wav", start_s=0.05, duration_s=seconds)[0]) == 400
    with pytest.raises(AudioError, match=r"lies after the end of .* \(0\.1 s\): start earlier"):
        sound.load(tmp_path / "short.wav", start_s=seconds)


@pytest.mark.parametrize("block_length", [float("nan"), float("inf"), 0, 1.5])
def test_a_block_has_a_whole_number_of_samples(tmp_path, block_length):
    sound.write(tmp_path / "short.wav", np.full(800, 0.1, np.float32), sr=8000)
    with pytest.raises(AudioError, match="is not a number of samples: use 1 or more"):
        sound.blocks(tmp_path / "short.wav", block_length=block_length)
