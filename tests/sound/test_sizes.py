"""A header may be wrong about the size of the sound: what is there is heard, and a warning says so."""

import io
import struct

import numpy as np
import pytest
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


def test_what_stands_behind_a_w64_is_heard_and_said():
    y, _, said = heard(file_bytes(Y, "W64") + bytes(3000))
    np.testing.assert_allclose(y[: len(Y)], Y, atol=PCM)
    assert said == ["the stream holds 3000 bytes more than its header states: they are heard as sound"]
    assert heard(file_bytes(Y, "W64"))[2] == []
