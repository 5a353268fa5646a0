"""Files that were joined byte by byte are heard whole, one recording after the other, and a warning says so."""

import numpy as np
import pytest
from made_sounds import file_bytes, heard, patched, tone

SR = 48000  # Opus has it
FIRST, SECOND = tone(0.7, 440, SR), tone(0.4, 330, SR)
SURE = round(0.38 * SR)  # The last 20 ms of Opus, as libsndfile writes it, are those of another sound.
KINDS = [
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("FLAC", "PCM_16"),
    ("MP3", "MPEG_LAYER_III"),
    ("WAV", "PCM_16"),
    ("AIFF", "PCM_24"),
    ("AU", "PCM_16"),
    ("CAF", "FLOAT"),
]
JOINED = "the stream is 2 recordings joined in one file: all are heard, one after the other"


@pytest.mark.parametrize(("container", "subtype"), KINDS)
@pytest.mark.parametrize("second", [SECOND, FIRST], ids=["shorter", "equal"])
def test_two_files_one_behind_the_other_are_heard_as_two(container, subtype, second):
    one, two = file_bytes(FIRST, container, subtype, SR), file_bytes(second, container, subtype, SR)
    y, sr, said = heard(one + two)
    assert (sr, said) == (SR, [JOINED])
    np.testing.assert_array_equal(y, np.concatenate([heard(one)[0], heard(two)[0]]))
    assert len(y) == len(FIRST) + len(second)


@pytest.mark.parametrize(("container", "subtype"), KINDS)
def test_tags_between_two_files_are_no_sound(container, subtype):
    one, two = file_bytes(FIRST, container, subtype, SR), file_bytes(SECOND, container, subtype, SR)
    between = b"TAG" + b"x" * 125 + b"ID3\x04\0\0\0\0\x02\x0a" + bytes(266)
    y, _, said = heard(one + between + two)
    assert said == [JOINED]
    np.testing.assert_array_equal(y, heard(one + two)[0])


@pytest.mark.parametrize(("container", "subtype"), KINDS)
def test_another_rate_in_the_second_file_is_brought_to_that_of_the_first(container, subtype):
    two = file_bytes(tone(0.4, 330, 24000), container, subtype, 24000)
    y, sr, said = heard(file_bytes(FIRST, container, subtype, SR) + two)
    assert (sr, len(y)) == (SR, len(FIRST) + len(SECOND))
    np.testing.assert_allclose(y[len(FIRST) :][:SURE], SECOND[:SURE], atol=0.05)
    assert "the stream holds recordings of 48000 and 24000 Hz: all are brought to 48000 Hz" in said


@pytest.mark.parametrize(("container", "subtype"), KINDS)
def test_a_stereo_recording_may_follow_a_mono_one(container, subtype):
    stereo = np.column_stack([SECOND, SECOND])
    y, _, said = heard(file_bytes(FIRST, container, subtype, SR) + file_bytes(stereo, container, subtype, SR))
    assert said == [JOINED]
    np.testing.assert_allclose(y[len(FIRST) :][:SURE], SECOND[:SURE], atol=0.05)


@pytest.mark.parametrize(("container", "subtype"), KINDS)
@pytest.mark.parametrize(("start_s", "duration_s"), [(0.2, 0.3), (0.5, 0.4), (0.8, 0.2), (0.9, None)])
def test_a_part_of_joined_files_is_that_part_of_the_whole(container, subtype, start_s, duration_s):
    data = file_bytes(FIRST, container, subtype, SR) + file_bytes(SECOND, container, subtype, SR)
    whole, _, _ = heard(data)
    part, _, _ = heard(data, start_s=start_s, duration_s=duration_s)
    start = round(start_s * SR)
    stop = len(whole) if duration_s is None else start + round(duration_s * SR)
    np.testing.assert_array_equal(part, whole[start:stop])


def test_three_links_of_which_one_is_broken_give_the_other_two():
    one, two = file_bytes(FIRST, "OGG", "VORBIS", SR), file_bytes(SECOND, "OGG", "VORBIS", SR)
    broken = two.replace(b"\x01vorbis", b"\x01morbid", 1)
    y, _, said = heard(one + broken + two)
    assert len(y) == len(FIRST) + len(SECOND)
    assert any("recording (number 2) that is passed over" in text for text in said)


@pytest.mark.parametrize(("container", "subtype"), [kind for kind in KINDS if kind[0] in ("OGG", "FLAC", "MP3")])
def test_bytes_behind_the_end_that_are_no_sound_are_said_and_cost_nothing(container, subtype):
    data = file_bytes(FIRST, container, subtype, SR)
    whole, _, _ = heard(data)
    y, _, said = heard(data + np.random.default_rng(1).bytes(3000))
    assert len(said) == 1
    assert "3000 bytes" in said[0]
    np.testing.assert_array_equal(y, whole)


@pytest.mark.parametrize("behind", [b"TAG" + b"x" * 125, bytes(1000)], ids=["tag", "zeros"])
@pytest.mark.parametrize(("container", "subtype"), KINDS)
def test_a_tag_behind_the_end_costs_no_sample(container, subtype, behind):
    data = file_bytes(FIRST, container, subtype, SR)
    y, _, said = heard(data + behind)
    assert said == []
    np.testing.assert_array_equal(y, heard(data)[0])


def test_a_flac_whose_header_promises_too_little_is_heard_whole():
    data = file_bytes(FIRST, "FLAC", "PCM_16", SR)
    y, _, said = heard(patched(data, b"fLaC", 22, ">I", 10000))
    np.testing.assert_allclose(y, FIRST, atol=1 / 2**15)
    assert said == ["the stream holds 0.700 s where its header promises 0.208 s: all of it is heard"]


def test_an_ogg_without_its_end_says_that_it_is_cut_short():
    data = file_bytes(np.tile(FIRST, 8), "OGG", "OPUS", SR)
    y, _, said = heard(data[: len(data) * 9 // 10])
    assert 0 < len(y) < 8 * len(FIRST)
    assert said == ["the stream is cut short: its last page is not whole, and no page says that the sound ends"]


def test_only_who_reads_to_the_end_of_joined_files_is_told():
    data = file_bytes(FIRST, "WAV", "PCM_16", SR) * 2
    assert heard(data, duration_s=0.5)[2] == []
