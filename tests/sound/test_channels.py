"""Channels that cancel are not heard as silence; all other channels are heard as their mean, bit for bit."""

import numpy as np
import pytest
from made_sounds import SR, file_bytes, heard, tone

from pianolab import sound
from pianolab.sound import AudioWarning
from pianolab.sound.channels import mono, share_of_energy

Y = tone(1.2, 261.6)


def stereo(*channels):
    return file_bytes(np.column_stack(channels), "WAV", "FLOAT")


@pytest.mark.parametrize(
    "channels",
    [
        (Y, -Y),
        (-0.9 * Y, Y),
        (0.8 * Y, -Y),
        (Y, -np.roll(Y, 3)),
        (Y, -Y, 0 * Y, 0 * Y, 0 * Y, 0 * Y),
        (0 * Y, 0 * Y, Y, 0 * Y, -Y, 0 * Y),
    ],
    ids=["inverted", "softer_left", "softer_right", "later", "5.1_front", "5.1_others"],
)
def test_where_channels_cancel_the_loudest_is_heard_and_a_warning_says_so(channels):
    y, _, said = heard(stereo(*channels))
    loudest = int(np.argmax([np.sum(np.square(channel, dtype=float)) for channel in channels]))
    np.testing.assert_array_equal(y, channels[loudest].astype(np.float32))
    assert len(said) == 1
    assert "channels that cancel each other" in said[0]
    assert f"channel {loudest + 1}, the loudest, is heard alone" in said[0]


@pytest.mark.parametrize(
    "channels",
    [
        (Y, Y),
        (Y, 0 * Y),
        (Y, np.roll(Y, 40)),
        (Y, tone(1.2, 330)),
        (Y, -0.4 * Y),
        (-Y, Y, Y, Y, Y, Y),
        (0 * Y, 0 * Y, 0 * Y, 0 * Y, Y, 0 * Y),
        tuple(np.random.default_rng(1).uniform(-0.5, 0.5, (6, len(Y))).astype(np.float32)),
    ],
    ids=["equal", "one_silent", "later", "others", "softer_inverted", "5.1_one_inverted", "5.1_one_alone", "noise"],
)
def test_other_channels_are_heard_as_their_mean_without_a_warning(channels):
    y, _, said = heard(stereo(*channels))
    assert said == []
    np.testing.assert_array_equal(y, mono(np.column_stack(channels).astype(np.float32)))


@pytest.mark.parametrize("block_length", [1, 441, 4096, 50_000, 10**7])
@pytest.mark.parametrize(("container", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")])
def test_what_is_heard_does_not_depend_on_the_blocks_nor_on_the_part(tmp_path, container, subtype, block_length):
    long = np.concatenate([0.001 * tone(1.0), tone(2.0)])[: 3000 if block_length == 1 else None]
    path = tmp_path / "cancels"
    path.write_bytes(file_bytes(np.column_stack([-long, long]), container, subtype))
    with pytest.warns(AudioWarning, match="cancel"):
        whole, _ = sound.load(path)
    with pytest.warns(AudioWarning, match="cancel"):
        pieces = np.concatenate(list(sound.blocks(path, block_length=block_length)))
    np.testing.assert_array_equal(pieces, whole)
    if block_length > 1:
        with pytest.warns(AudioWarning, match="cancel"):
            part, _ = sound.load(path, start_s=1.3, duration_s=0.5)
        np.testing.assert_array_equal(part, whole[round(1.3 * SR) : round(1.8 * SR)])


def test_channels_that_cancel_only_later_are_said_with_their_time():
    early, late = tone(25.0, sr=8000), tone(15.0, sr=8000)
    left, right = np.concatenate([early, late]), np.concatenate([early, -late])
    y, _, said = heard(file_bytes(np.column_stack([left, right]), "WAV", "FLOAT", 8000))
    np.testing.assert_array_equal(y, (left + right) / 2)
    assert said == [
        "the stream has channels that cancel each other at 25 to 40 s: little is heard there; use one of them alone"
    ]


@pytest.mark.parametrize(("before", "seconds", "behind"), [(22, 5, 13), (22, 4, 0), (20, 1, 3), (25, 65, 0)])
def test_seconds_that_cancel_are_said_with_their_time(before, seconds, behind):
    parts = [tone(n, sr=8000) if n else np.zeros(0, np.float32) for n in (before, seconds, behind)]
    left, right = np.concatenate(parts), np.concatenate([parts[0], -parts[1], parts[2]])
    _, _, said = heard(file_bytes(np.column_stack([left, right]), "WAV", "FLOAT", 8000))
    assert len(said) == 1
    assert f"cancel each other at {before} to {before + seconds} s: little is heard there" in said[0]


def test_many_places_that_cancel_are_one_remark():
    y = tone(60.0, sr=8000)
    second = np.arange(len(y)) // 8000
    signs = np.where((second >= 20) & (second % 3 == 2), -1, 1)
    _, _, said = heard(file_bytes(np.column_stack([y, signs * y]).astype(np.float32), "WAV", "FLOAT", 8000))
    assert len(said) == 1
    assert "at 20 to 21 s, 23 to 24 s, 26 to 27 s and 11 more places" in said[0]


def test_an_array_whose_channels_cancel_is_told_so():
    with pytest.warns(AudioWarning, match=r"cancel each other, so that little is heard: pass one of them, y\[:, 0\]"):
        sound.check_signal(np.column_stack([Y, -Y]), sr=SR)


@pytest.mark.parametrize(("n", "share"), [(1, 1), (2, 2), (6, 6)])
def test_the_share_of_energy_of_equal_channels_is_their_number(n, share):
    assert share_of_energy(np.tile(Y[:, None], n)) == pytest.approx(share, rel=1e-6)


@pytest.mark.external
def test_no_real_stereo_recording_is_said_to_cancel(recordings):
    paths = sorted((recordings / "isolated").glob("*.ogg"))
    assert len(paths) > 20
    for path in paths:
        assert not [text for text in heard(path)[2] if "cancel" in text]
