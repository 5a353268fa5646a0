"""MP3: the length is true; a click stays at its time where the file states the delay, elsewhere a warning says so."""

import io
import struct

import numpy as np
import pytest
from made_sounds import file_bytes, heard, tone

from pianolab import sound
from pianolab.sound import AudioError
from pianolab.sound.mpeg import frame_of

LATE = "the stream does not state the delay of its encoder: all times may be late, by 10 to 60 ms"
RATES = [16000, 22050, 44100, 48000]


def mp3(y, sr):
    return file_bytes(y, "MP3", "MPEG_LAYER_III", sr)


def click(sr, at_s=0.4):
    """A short sound at a known time."""
    t = np.arange(sr) / sr - at_s
    return (0.8 * np.exp(-((t / 0.001) ** 2)) * np.cos(2 * np.pi * 1500 * t)).astype(np.float32)


def lag_s(y, sr):
    """How much later the click is heard."""
    reference = np.pad(click(sr).astype(float), (0, max(0, len(y) - sr)))
    width, at = sr // 20, round(0.4 * sr)
    lags = np.arange(-width, 2 * width)
    wanted = reference[at - width : at + width]
    return lags[np.argmax([wanted @ y[at - width + lag : at + width + lag] for lag in lags])] / sr


def without_header_frame(data):
    """The frames of sound alone."""
    return data[frame_of(data[:4]).n_bytes :]


def with_count(data, n_frames):
    """A header frame that states another number of frames."""
    at = frame_of(data[:4]).tag_at
    assert data[at : at + 4] in (b"Xing", b"Info")
    return data[: at + 8] + struct.pack(">I", n_frames) + data[at + 12 :]


@pytest.mark.parametrize("sr", RATES)
def test_a_click_stays_at_its_time_to_the_sample_where_the_file_states_the_delay(sr):
    y, _, said = heard(mp3(click(sr), sr))
    assert said == []
    assert len(y) == sr
    assert lag_s(y, sr) == 0


@pytest.mark.parametrize("sr", RATES)
def test_without_a_header_frame_a_click_is_late_by_the_delay_of_the_encoder_and_a_warning_says_so(sr):
    y, _, said = heard(without_header_frame(mp3(click(sr), sr)))
    assert said == [LATE]
    assert lag_s(y, sr) == pytest.approx(576 / sr, abs=1.5 / sr)  # LAME delays by 576 samples.


def test_a_header_frame_that_states_no_delay_is_no_better_than_none():
    data = bytearray(mp3(click(44100), 44100))
    at = frame_of(bytes(data[:4])).tag_at + 8 + 4 + 4 + 100 + 4
    assert data[at : at + 4] in (b"LAME", b"Lavc")
    data[at : at + 36] = bytes(36)
    _, _, said = heard(bytes(data))
    assert said == [LATE]


@pytest.mark.parametrize("sr", RATES)
def test_an_mp3_without_a_header_frame_has_the_samples_of_its_frames_and_is_not_cut_short(sr):
    whole = mp3(tone(1.5, sr=sr), sr)
    frames = without_header_frame(whole)
    y, _, said = heard(frames)
    assert said == [LATE]
    n_samples = frame_of(frames[:4]).n_samples
    assert (len(y) + 529) % n_samples == 0
    np.testing.assert_array_equal(y[576 : 576 + round(1.5 * sr)], heard(whole)[0])


def test_loud_frames_first_or_quiet_frames_first_do_not_change_the_length():
    rng = np.random.default_rng(1)
    noisy = np.concatenate([0.5 * rng.standard_normal(44100), np.zeros(88200)]).clip(-1, 1).astype(np.float32)
    for y in (noisy, noisy[::-1].copy()):
        frames = without_header_frame(mp3(y, 44100))
        got, _, said = heard(frames)
        assert said == [LATE]
        assert len(y) <= len(got) < len(y) + 4 * 1152


def test_a_header_frame_that_promises_too_few_frames_loses_no_sound():
    data = mp3(tone(1.5), 44100)
    y, _, said = heard(with_count(data, 20))
    np.testing.assert_array_equal(y, heard(data)[0])
    assert len(said) == 1
    assert "holds 1.500 s where its header promises 0.4" in said[0]


def test_a_header_frame_that_promises_too_many_frames_is_told_as_cut_short():
    data = mp3(tone(1.5), 44100)
    y, _, said = heard(with_count(data, 200))
    assert len(y) >= round(1.5 * 44100)
    assert len(said) == 1
    assert "is cut short" in said[0]
    assert "that its header promises" in said[0]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_cut_mp3_is_as_long_as_it_says(share):
    data = mp3(tone(3.0), 44100)
    y, _, said = heard(data[: int(len(data) * share)])
    whole = heard(data)[0]
    np.testing.assert_array_equal(y, whole[: len(y)])
    assert len(said) == 1
    assert f"the {len(y) / 44100:.3f} s it holds of the 3.000 s that its header promises are used" in said[0]


def test_an_mp3_without_header_behind_one_with_a_header_is_heard_too():
    one, two = mp3(tone(1.0), 44100), mp3(tone(0.5, 330), 44100)
    y, _, said = heard(one + without_header_frame(two))
    assert len(y) >= 1.5 * 44100
    np.testing.assert_array_equal(y[:40000], heard(one)[0][:40000])
    assert any("where its header promises 1.000 s" in text for text in said)


@pytest.mark.parametrize("n", [1, 100, 3000])
def test_damage_between_frames_is_passed_over_and_said(n):
    data = mp3(tone(2.0), 44100)
    place = len(without_header_frame(data)) // 2
    y, _, said = heard(data[:place] + b"\x55" * n + data[place:])
    assert abs(len(y) - 2 * 44100) <= 1152
    assert any("no MP3" in text for text in said)


def test_words_and_zeros_are_no_mp3():
    for data in (b"ID3\x04\0\0\0\0\x02\x0a" + bytes(266) + b"words " * 500, b"\xff\xfb\x90\x64" + b"words " * 500):
        with pytest.raises(AudioError, match=r"is not readable audio|holds no samples"):
            sound.load(io.BytesIO(data))


@pytest.mark.parametrize(
    ("header", "n_bytes", "n_samples", "sr", "channels"),
    [
        ("fffb9064", 417, 1152, 44100, 2),  # MPEG-1 Layer III, 128 kbit/s
        ("fffb92c4", 418, 1152, 44100, 1),  # with padding, mono
        ("fff3e4c4", 480, 576, 24000, 1),  # MPEG-2 Layer III, 160 kbit/s
        ("ffe318c4", 72, 576, 8000, 1),  # MPEG-2.5
        ("fffd8404", 384, 1152, 48000, 2),  # Layer II
        ("ffff1800", 48, 384, 32000, 2),  # Layer I, 32 kbit/s
    ],
)
def test_the_length_of_a_frame_is_that_of_the_standard(header, n_bytes, n_samples, sr, channels):
    frame = frame_of(bytes.fromhex(header))
    assert (frame.n_bytes, frame.n_samples, frame.sr, frame.channels) == (n_bytes, n_samples, sr, channels)
