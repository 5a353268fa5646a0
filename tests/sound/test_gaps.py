"""A file with a damaged or missing piece keeps the times of all that is not damaged, and a warning says so."""

import functools

import numpy as np
import pytest
from made_sounds import file_bytes, heard

from pianolab.sound import AudioError
from pianolab.sound.mpeg import frame_of
from pianolab.sound.ogg import page_checksum

KINDS = [("VORBIS", 44100), ("OPUS", 48000), ("OPUS", 24000)]


def noise(sr, seconds=4.0):
    """A sound of which every place is another; loud enough that each codec makes many pages of it."""
    return (0.1 * np.random.default_rng(3).standard_normal(round(seconds * sr))).astype(np.float32)


@functools.cache
def made(codec, sr, seconds=4.0):
    """The bytes of a whole file, and what is heard of it."""
    data = file_bytes(noise(sr, seconds), "OGG", codec, sr)
    return data, heard(data)[0]


def pages(data):
    return [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]


def lags(y, reference, sr):
    """By how many samples each half second is late, and which share of it is heard."""
    found = []
    for start in range(0, len(reference) - 4096, sr // 2):
        one, two = y[start : start + 4096], reference[start : start + 4096]
        products = np.fft.irfft(np.fft.rfft(one, 16384) * np.conj(np.fft.rfft(two, 16384)))
        found.append((int(np.argmax(products)), products.max() / np.sum(two**2)))
    return found


@pytest.mark.parametrize("place", ["first", "middle", "last_but_one"])
@pytest.mark.parametrize(("codec", "sr"), KINDS)
@pytest.mark.parametrize("way", ["bit", "header", "removed"])
def test_one_damaged_page_costs_its_sound_and_moves_nothing(codec, sr, place, way):
    data, reference = made(codec, sr)
    at = pages(data)
    number = {"first": 2, "middle": len(at) // 2, "last_but_one": len(at) - 2}[place]
    start, stop = at[number], at[number + 1]
    damaged = bytearray(data)
    if way == "removed":
        if place == "first":
            pytest.skip("a stream that was joined later looks the same; it has a test of its own")
        del damaged[start:stop]
    else:
        damaged[start + 1 if way == "header" else (start + stop) // 2] ^= 16
    y, _, said = heard(bytes(damaged))
    assert len(y) == len(reference)
    assert len(said) == 1
    assert "is damaged at" in said[0]
    assert "silence stands there, so that later times stay right" in said[0]
    found = lags(y, reference, sr)
    assert all(lag == 0 for lag, share in found if share > 0.5)
    assert sum(share > 0.9 for _, share in found) >= len(found) - 4  # of half a second each


@pytest.mark.parametrize(("codec", "sr"), KINDS)
def test_a_missing_first_page_is_said(codec, sr):
    data = made(codec, sr)[0]
    at = pages(data)
    _, _, said = heard(data[: at[2]] + data[at[3] :])
    assert said == ["the stream lacks its first piece of sound: times count from what is there"]


@pytest.mark.parametrize(("codec", "sr"), KINDS)
def test_an_ogg_that_ends_between_two_pages_is_said_to_be_cut_short(codec, sr):
    data = made(codec, sr)[0]
    _, _, said = heard(data[: pages(data)[-1]])
    assert said == ["the stream is cut short: no page says that the sound ends"]


@pytest.mark.parametrize(("codec", "sr"), KINDS)
def test_damage_in_the_second_of_two_joined_recordings_names_it(codec, sr):
    one = made(codec, sr, 1.0)[0]
    two = bytearray(made(codec, sr)[0])
    at = pages(two)
    two[(at[4] + at[5]) // 2] ^= 1
    y, _, said = heard(one + bytes(two))
    assert len(y) == 5 * sr
    assert any("is damaged in recording 2 at" in text for text in said)


def test_a_page_that_claims_another_time_by_hours_makes_no_hours_of_silence():
    """The checksum of the page is right, and the page before it is missing: only a wrong writer makes this."""
    data = made("VORBIS", 44100)[0]
    at = pages(data)
    page = bytearray(data[at[5] : at[6]])
    page[6:14], page[22:26] = (2**60).to_bytes(8, "little"), bytes(4)
    page[22:26] = page_checksum(bytes(page))
    y, _, said = heard(data[: at[4]] + bytes(page) + data[at[6] :])
    assert len(y) < 4 * 44100
    assert any("makes all later times early" in text for text in said)


def mp3(seconds=4.0):
    return file_bytes(noise(44100, seconds), "MP3", "MPEG_LAYER_III", 44100)


@pytest.mark.parametrize("n", [1000, 9000])
@pytest.mark.parametrize("way", ["removed", "zeros", "noise"])
def test_a_hole_in_an_mp3_costs_its_sound_and_moves_nothing(n, way):
    data = mp3()
    reference = heard(data)[0]
    place = len(data) // 2 + 77
    hole = {"removed": b"", "zeros": bytes(n), "noise": np.random.default_rng(1).bytes(n)}[way]
    y, _, said = heard(data[:place] + hole + data[place + n :])
    assert len(y) == len(reference)
    (text,) = [text for text in said if "is damaged at 1.9" in text or "is damaged at 2.0" in text]
    assert "silence stands there, so that later times stay right" in text
    found = lags(y, reference, 44100)
    assert all(lag == 0 for lag, share in found if share > 0.5)
    assert sum(share > 0.9 for _, share in found) >= len(found) - 4


def test_a_header_frame_of_fraunhofer_is_no_sound():
    data = mp3(1.0)
    frames = data[frame_of(data[:4]).n_bytes :]
    tag = (frames[:4] + bytes(32) + b"VBRI" + bytes(22)).ljust(frame_of(frames[:4]).n_bytes, b"\0")
    np.testing.assert_array_equal(heard(tag + frames)[0], heard(frames)[0])


@pytest.mark.parametrize("kind", [("OGG", "VORBIS"), ("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
@pytest.mark.parametrize("before", [bytes(500), b"ID3\x03\0\0\0\0\0\4abcd" + bytes(500), b"words of a page " * 20])
def test_bytes_before_the_sound_do_not_hide_it(kind, before):
    data = file_bytes(noise(44100, 1.0), *kind)
    reference = heard(data)[0]
    y, _, said = heard(before + data)
    np.testing.assert_array_equal(y, reference)
    assert len(said) == (b"words" in before)


def test_an_mp3_that_begins_in_the_middle_of_a_frame_is_heard():
    data = mp3(2.0)
    y, _, said = heard(data[5000:])
    assert 1.0 * 44100 < len(y) < 2.0 * 44100
    assert any("are no MP3: they are not heard" in text for text in said)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("n", [5000, 300_000])
def test_other_bytes_behind_a_flac_cost_no_sample(subtype, n):
    data = file_bytes(noise(44100, 1.0), "FLAC", subtype)
    y, _, said = heard(data + np.random.default_rng(2).bytes(n))
    np.testing.assert_array_equal(y, heard(data)[0])
    assert len(said) == 1
    assert f"has {n} bytes behind its last frame" in said[0]


@pytest.mark.parametrize("length", [4, 5, 8, 20, 41])
def test_the_first_bytes_of_a_flac_are_refused(length):
    with pytest.raises(AudioError, match="is not readable audio"):
        heard(file_bytes(noise(44100, 1.0), "FLAC")[:length])
