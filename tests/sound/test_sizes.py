"""A header may be wrong about the size of the sound: what is there is heard, and a warning says so."""

import io
import struct

import numpy as np
import pytest
import soundfile as sf
from made_sounds import SR, chunk, file_bytes, heard, patched, tone

from pianolab import sound
from pianolab.sound import AudioError, AudioWarning

Y = tone()
PCM = 1 / 2**15  # largest error of a sample of 16 bits

SIZES = {  # container: mark of the size field, where it lies behind the mark, how it is written, what it counts as well
    "WAV": (b"data", 4, "<I", 0),
    "WAVEX": (b"data", 4, "<I", 0),
    "RF64": (b"ds64", 16, "<Q", 0),
    "AIFF": (b"SSND", 4, ">I", 8),
    "AU": (b".snd", 8, ">I", 0),
    "CAF": (b"data", 4, ">q", 4),
}


@pytest.mark.parametrize("container", SIZES)
@pytest.mark.parametrize("stated", [0, 1, 10000])
def test_sound_behind_a_size_that_is_too_small_is_heard_and_said(container, stated):
    mark, offset, code, more = SIZES[container]
    y, sr, said = heard(patched(file_bytes(Y, container), mark, offset, code, stated + more))
    assert sr == SR
    np.testing.assert_allclose(y, Y, atol=PCM)
    assert said == [
        f"the stream has {2 * len(Y)} bytes of sound where its header states {stated}: all of them are heard"
    ]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "ULAW"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_wav_of_a_recorder_that_lost_power_is_whole(subtype, channels):
    samples = np.column_stack([Y, np.roll(Y, 25)])[:, :channels]
    data = file_bytes(samples, "WAV", subtype)
    whole, _, _ = heard(data)
    y, _, said = heard(patched(patched(data, b"data", 4, "<I", 0), b"RIFF", 4, "<I", 0))
    assert len(said) == 1
    np.testing.assert_array_equal(y[: len(whole)], whole)
    assert len(whole) <= len(y) <= len(whole) + 1  # a byte that filled up an odd length may count as a sample


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610"])
def test_packed_sound_of_a_recorder_that_lost_power_is_whole(subtype):
    data = file_bytes(Y, "WAV", subtype)
    whole, _, _ = heard(data)
    y, _, said = heard(patched(data, b"data", 4, "<I", 0))
    assert len(said) == 1
    sure = len(whole) - 320  # Of GSM libsndfile reads a block more than there is.
    np.testing.assert_array_equal(y[:sure], whole[:sure])


BEHIND = {
    "LIST": chunk(b"LIST", b"INFOISFT\x04\0\0\0Lavf"),
    "bext": chunk(b"bext", bytes(602)),
    "id3": chunk(b"id3 ", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)),
    "xmp": chunk(b"_PMX", b"<?xpacket begin='' ?>" * 40),
    "c2pa": chunk(b"C2PA", np.random.default_rng(1).bytes(5001)),
    "unknown": chunk(b"abcd", np.random.default_rng(2).bytes(777)),
    "two": chunk(b"abcd", b"12345") + chunk(b"LIST", b"INFO"),
    "wrong_length": b"LIST" + struct.pack("<I", 10**6) + b"INFO",
    "zeros": bytes(3000),
    "id3v1": b"TAG" + b"x" * 125,
    "id3v2": b"ID3\x04\0\0\0\0\x01\x00" + b"x" * 128,
    "ape": b"APETAGEX" + struct.pack("<IIII", 2000, 40, 1, 1 << 29) + bytes(8) + b"y" * 40,
    "zip": b"PK\3\4" + np.random.default_rng(3).bytes(500),
}


@pytest.mark.parametrize("behind", BEHIND)
def test_what_is_no_sound_behind_the_sound_is_no_reason_for_a_warning(behind):
    y, _, said = heard(file_bytes(Y) + BEHIND[behind])
    assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


@pytest.mark.parametrize("before", ["LIST", "bext", "id3", "xmp", "c2pa", "unknown"])
def test_chunks_before_the_sound_are_no_sound(before):
    data = file_bytes(Y)
    y, _, said = heard(data[:36] + BEHIND[before] + data[36:])
    assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


@pytest.mark.parametrize("behind", ["LIST", "bext", "c2pa"])
def test_descriptions_behind_sound_of_size_zero_stay_descriptions(behind):
    y, _, said = heard(patched(file_bytes(Y) + BEHIND[behind], b"data", 4, "<I", 0))
    assert len(said) == 1
    np.testing.assert_allclose(y, Y, atol=PCM)


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"])
def test_a_tag_before_the_file_costs_no_sample(container):
    subtype = {"OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}.get(container, "PCM_16")
    data = file_bytes(Y, container, subtype)
    whole, _, _ = heard(data)
    y, _, said = heard(b"ID3\x04\0\0\0\0\x02\x0a" + bytes(266) + data)
    assert said == []
    np.testing.assert_array_equal(y, whole)


@pytest.mark.parametrize("n", [1001, 1002])
@pytest.mark.parametrize("padded", [True, False])
def test_a_chunk_behind_an_odd_number_of_bytes_is_found_with_and_without_its_padding(n, padded):
    data = file_bytes(Y[5000 : 5000 + n], subtype="PCM_U8")
    data = patched(data[: 44 + n] + bytes(n % 2 if padded else 0) + BEHIND["LIST"], b"data", 4, "<I", n)
    y, _, said = heard(data)
    assert said == []
    assert len(y) == n


def test_data_before_the_format_and_broken_lists_are_read():
    data = file_bytes(Y)
    for odd in (data[:12] + data[36:] + data[12:36], data[:36] + chunk(b"LIST", b"INFO123456") + data[36:]):
        y, _, said = heard(odd)
        assert said == []
        np.testing.assert_allclose(y, Y, atol=PCM)


def test_two_chunks_of_data_are_heard_one_after_the_other():
    data = file_bytes(Y)
    y, _, _ = heard(data + data[36:])
    np.testing.assert_allclose(y, np.concatenate([Y, Y]), atol=PCM)
    y, _, _ = heard(data[:36] + chunk(b"data", b"") + data[36:])
    np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_caf_of_unknown_length_goes_to_the_end_of_the_file():
    y, _, said = heard(patched(file_bytes(Y, "CAF"), b"data", 4, ">q", -1))
    assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_caf_that_is_cut_short_says_so():
    data = file_bytes(Y, "CAF")
    y, _, said = heard(data[: len(data) * 2 // 3])
    assert "is cut short" in said[0]
    np.testing.assert_allclose(y, Y[: len(y)], atol=PCM)


def test_an_empty_recording_stays_empty():
    for data in (file_bytes(Y[:0]), file_bytes(Y[:0]) + BEHIND["LIST"], file_bytes(Y[:0]) + bytes(100)):
        with pytest.raises(AudioError, match="holds no samples"):
            sound.load(io.BytesIO(data))


def test_beyond_four_gigabytes_the_size_that_began_again_at_zero_is_put_right(tmp_path):
    n_bytes = 5 * 2**30  # The file is one of holes: it takes no room on the disk.
    data = patched(file_bytes(Y), b"data", 4, "<I", n_bytes % 2**32)
    with open(tmp_path / "long.wav", "wb") as file:
        file.write(data)
        for place in (n_bytes % 2**32, n_bytes - 2):
            file.seek(44 + place)
            file.write(b"\1\1")
    assert sound.info(tmp_path / "long.wav").n_samples == n_bytes // 2
    with pytest.warns(AudioWarning, match=f"{n_bytes} bytes of sound where its header states {n_bytes % 2**32}"):
        y, _ = sound.load(tmp_path / "long.wav", start_s=n_bytes // 2 / SR - 0.1)
    assert y[-1] == 257 / 2**15
    assert len(y) == pytest.approx(0.1 * SR, abs=1)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "GSM610"),
        ("AIFF", "GSM610"),
        ("WAV", "NMS_ADPCM_32"),
        ("AU", "G721_32"),
        ("AIFF", "DWVW_16"),
        ("XI", "DPCM_16"),
    ],
)
def test_a_part_of_a_file_in_which_libsndfile_cannot_seek_is_that_part_of_the_whole(container, subtype):
    data = file_bytes(Y, container, subtype)
    whole, sr, _ = heard(data)
    part, _, _ = heard(data, start_s=0.2, duration_s=0.1)
    np.testing.assert_array_equal(part, whole[round(0.2 * sr) : round(0.2 * sr) + round(0.1 * sr)])


@pytest.mark.parametrize("start_s", [1.6, 2.5])
def test_a_part_behind_the_end_of_a_flac_that_is_cut_short_is_refused_in_one_line(start_s):
    data = file_bytes(tone(3.0), "FLAC")
    half = data[: len(data) // 2]
    assert len(heard(half)[0]) < 1.6 * SR
    with pytest.raises(AudioError, match=r"is damaged before .* s: read it from its beginning") as caught:
        sound.load(io.BytesIO(half), start_s=start_s)
    assert "\n" not in str(caught.value)


def test_a_part_before_the_damage_of_a_flac_is_read():
    data = bytearray(file_bytes(tone(3.0), "FLAC"))
    whole, _, _ = heard(bytes(data))
    place = len(data) // 2
    data[place : place + 3000] = bytes(3000)
    part, _, said = heard(bytes(data), start_s=0.5, duration_s=0.5)
    assert said == []
    np.testing.assert_array_equal(part, whole[SR // 2 : SR])


def test_a_midi_sample_dump_is_refused():
    with pytest.raises(AudioError, match="is a MIDI sample dump"):
        sound.load(io.BytesIO(b"\xf0\x7e\0\1" + bytes(1000)))


def test_a_sound_of_the_amiga_is_refused_before_libsndfile_loses_itself_in_it():
    file = io.BytesIO()
    sf.write(file, np.zeros(1000), 8000, format="SVX", subtype="PCM_16")
    with pytest.raises(AudioError, match=r"is a sound file of the Amiga \(8SVX\), which is not read here: try"):
        sound.load(io.BytesIO(file.getvalue() + b"abcd" * 32000))


@pytest.mark.parametrize("behind", ["zeros", "id3v1", "id3v2"])
def test_what_is_no_sound_behind_a_w64_is_not_heard(behind):
    y, _, said = heard(file_bytes(Y, "W64") + BEHIND[behind])
    assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_w64_joined_from_two_is_both():
    y, _, said = heard(2 * file_bytes(Y, "W64"))
    np.testing.assert_allclose(y, np.concatenate([Y, Y]), atol=PCM)
    assert said == ["the stream is 2 recordings joined in one file: all are heard, one after the other"]


OPEN = {"WAV": [2**32 - 1, 2**31, 0x7FFFF000], "AIFF": [2**32 - 1], "AU": [2**32 - 1, 2**31 - 1], "CAF": [2**64 - 1]}


@pytest.mark.parametrize("behind", ["LIST", "id3", "id3v1", "id3v2", "ape"])
@pytest.mark.parametrize(("container", "size"), [(name, size) for name, sizes in OPEN.items() for size in sizes])
def test_tags_behind_sound_that_goes_to_the_end_are_no_sound(container, size, behind):
    if container != "WAV" and behind in ("LIST", "id3"):
        pytest.skip("chunks of a WAV")
    mark, offset, code, _ = SIZES[container]
    data = patched(file_bytes(Y, container), mark, offset, code.upper(), size)
    y, _, said = heard(data + BEHIND[behind])
    assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


@pytest.mark.parametrize("behind", ["id3v1", "id3v2", "ape"])
@pytest.mark.parametrize("container", SIZES)
def test_tags_behind_sound_of_size_zero_are_no_sound(container, behind):
    mark, offset, code, more = SIZES[container]
    y, _, said = heard(patched(file_bytes(Y, container), mark, offset, code, more) + BEHIND[behind])
    assert len(said) == 1
    assert "where its header states 0: all of them are heard" in said[0]
    np.testing.assert_allclose(y, Y, atol=PCM)


JUNK = {"line": b"\r\n", "letters": b"abc", "full": b"\xff" * 512, "jpeg": b"\xff\xd8\xff\xe0" + b"\x5a\xa5" * 4000}


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    ("container", "subtype"),
    [(name, "PCM_16") for name in SIZES] + [("AIFF", "FLOAT"), ("AU", "FLOAT"), ("W64", "PCM_16")],
)
def test_what_nothing_explains_behind_a_right_size_is_not_heard_and_said(container, subtype, junk):
    right = file_bytes(Y, container, subtype)
    riffs = [right]
    if container == "WAV":  # Some programs count in the whole what they append.
        riffs.append(patched(right, b"RIFF", 4, "<I", len(right) - 8 + len(JUNK[junk])))
    for data in riffs:
        y, _, said = heard(data + JUNK[junk])
        assert said == [f"the stream has {len(JUNK[junk])} bytes behind its end: not heard"]
        np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_chunk_without_a_known_name_that_is_cut_off_is_no_sound():
    data = file_bytes(Y) + BEHIND["unknown"]
    for n_cut in (1, 100):
        y, _, said = heard(patched(data, b"RIFF", 4, "<I", len(data) - 8)[:-n_cut])
        assert said == []
    np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_file_of_another_kind_behind_the_sound_is_named():
    damaged = file_bytes(Y).replace(b"fmt ", b"tmf ")
    for kind, other in {
        "a FLAC": file_bytes(Y, "FLAC"),
        "an Ogg": file_bytes(Y, "OGG", "VORBIS"),
        "a WAV": damaged,
    }.items():
        for container in ("WAV", "AIFF", "CAF", "AU", "W64"):
            y, _, said = heard(file_bytes(Y, container) + other)
            assert said == [f"the stream has {len(other)} bytes behind its end ({kind}): not heard"]
            np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_great_size_that_no_pipe_writes_is_said_to_be_cut_short():
    wav, w64 = file_bytes(Y), file_bytes(Y, "W64")
    for data in (
        patched(wav, b"data", 4, "<I", 3 * 10**9),
        patched(file_bytes(Y, "RF64"), b"ds64", 16, "<Q", 5 * 10**9),
        patched(file_bytes(Y, "RF64"), b"ds64", 16, "<Q", 2**32 - 1),
        patched(w64, b"data", 16, "<Q", 5 * 10**9),
        patched(file_bytes(Y, "AU"), b".snd", 8, ">I", 10**9),
        b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + patched(wav, b"data", 4, "<I", 10**6),
    ):
        y, _, said = heard(data)
        assert len(said) == 1
        assert "is cut short" in said[0]
        np.testing.assert_allclose(y, Y, atol=PCM)


@pytest.mark.parametrize("code", [2**63, 2**64 - 1])
def test_a_size_of_64_bits_that_was_never_filled_in_goes_to_the_end(code):
    for data in (
        patched(file_bytes(Y, "RF64"), b"ds64", 16, "<Q", code),
        patched(file_bytes(Y, "W64"), b"data", 16, "<Q", code),
    ):
        y, _, said = heard(data)
        assert said == []
        np.testing.assert_allclose(y, Y, atol=PCM)


def test_a_caf_of_alac_that_is_cut_short_says_one_thing():
    data = file_bytes(tone(3.0), "CAF", "ALAC_16")
    _, _, said = heard(data[: len(data) * 2 // 3])
    assert sum("is cut short" in one for one in said) == 1


class _Counting(io.BytesIO):
    n_reads = 0

    def read(self, n=-1):
        self.n_reads += 1
        return super().read(n)


@pytest.mark.parametrize("size", [0, 10000, 2**32 - 1])
@pytest.mark.parametrize("word", [b"LIST", b"data", b"abcd", b"ID3\4\0\0\0\0\0\0", b"TAG" + bytes(125), b"APETAGEX"])
def test_each_of_thousands_of_empty_chunks_or_tags_is_looked_at_a_few_times(word, size):
    n_words = 5000
    source = _Counting(patched(file_bytes(Y), b"data", 4, "<I", size) + (word + bytes(4)) * n_words + b"x")
    assert sound.info(source).n_samples >= len(Y) or size == 10000
    assert source.n_reads < 8 * n_words


@pytest.mark.parametrize("block_length", [1, 4096, 5000, 65536])
def test_blocks_of_a_flac_that_is_cut_short_are_the_whole_whatever_their_length(block_length):
    data = file_bytes(tone(3.0), "FLAC")
    data = data[: len(data) * 2 // 3]
    with pytest.warns(AudioWarning, match="is cut short"):
        y, _ = sound.load(io.BytesIO(data))
    with pytest.warns(AudioWarning, match="is cut short"):
        blocks = list(sound.blocks(io.BytesIO(data), block_length=block_length))
    np.testing.assert_array_equal(np.concatenate(blocks), y)


def test_sizes_that_wrapped_in_the_sound_and_in_its_container_alike_lose_nothing():
    file = io.BytesIO()
    sf.write(file, np.tile([0.5, -0.5], SR), SR, format="WAV", subtype="PCM_16")  # 2 s
    data = bytearray(file.getvalue())
    struct.pack_into("<I", data, 4, 36 + SR)
    struct.pack_into("<I", data, 40, SR)  # half a second, as the container says too
    with pytest.warns(AudioWarning, match=f"has {4 * SR} bytes of sound where its header states {SR}: all of them"):
        y, _ = sound.load(io.BytesIO(bytes(data)))
    assert len(y) == 2 * SR
