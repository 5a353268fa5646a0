"""What happens to sound on its way: nothing moves a note, and each change is of the size that was asked for."""

import numpy as np
import pytest

from pianolab import piano, sound
from pianolab.piano import ROOMS, degrade

SR = 16000


def tone(hz=440.0, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(SR * seconds)) / SR)).astype(np.float32)


def test_noise_has_the_level_that_was_asked_for():
    y = tone()
    noise = degrade.noisy(y, snr_db=20.0, rng=np.random.default_rng(1), slope=1.0) - y
    assert 10 * np.log10(np.mean(y**2) / np.mean(noise**2)) == pytest.approx(20.0, abs=0.1)


@pytest.mark.parametrize(("hz", "gain_db"), [(250.0, 6.0), (1600.0, -6.0)])
def test_tone_changes_one_region_by_its_gain(hz, gain_db):
    gains = [gain_db if point == hz else 0.0 for point in degrade.TONE_POINTS_HZ]
    before, after = tone(hz), degrade.toned(tone(hz), sr=SR, gains_db=gains)
    middle = slice(SR // 4, -SR // 4)
    assert 20 * np.log10(after[middle].std() / before[middle].std()) == pytest.approx(gain_db, abs=1.0)


def test_another_speed_moves_pitch_and_time_together():
    y, ratio = degrade.detuned(tone(440.0), sr=SR, ratio=1.05)
    assert len(y) == pytest.approx(SR / ratio, abs=2)
    peak_hz = np.argmax(np.abs(np.fft.rfft(y, 8 * SR))) / 8
    assert peak_hz == pytest.approx(440.0 * ratio, abs=1.0)


def test_a_room_begins_no_sooner_and_ends_with_the_recording():
    y = np.zeros(SR, np.float32)
    y[SR // 2] = 1.0
    heard = piano.in_room(y, sr=SR, room=ROOMS["hall"])
    assert len(heard) == len(y)
    assert np.abs(heard[: SR // 2]).max() < 1e-6
    assert heard[SR // 2] == pytest.approx(1.0, abs=1e-3)


def test_compression_keeps_length_and_time():
    rng = np.random.default_rng(0)
    y = 0.1 * rng.standard_normal(SR).astype(np.float32)
    heard = degrade.compressed(y, sr=SR, quality=0.6)
    assert len(heard) == len(y)
    lags = [np.dot(y[100:-100], np.roll(heard, lag)[100:-100]) for lag in range(-20, 21)]
    assert np.argmax(lags) == 20


def test_levels_are_peaks_and_silence_stays_silence():
    assert np.abs(degrade.levelled(tone(), peak=0.05)).max() == pytest.approx(0.05)
    assert not np.any(degrade.levelled(np.zeros(10, np.float32), peak=0.5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: degrade.detuned(y, sr=SR, ratio=0), "ratio 0 is out of range: use 0.25 to 4"),
        (lambda y: degrade.detuned(y, sr=SR, ratio=np.nan), "ratio nan is out of range"),
        (lambda y: degrade.compressed(y, sr=SR, quality=2), "quality 2 is out of range: use 0 to 1"),
        (lambda y: degrade.noisy(y, snr_db=np.nan, rng=np.random.default_rng(0)), "snr_db nan is out of range"),
        (lambda y: degrade.levelled(y, peak=-1), "peak -1 is out of range"),
    ],
)
def test_a_change_of_no_possible_size_is_refused(change, message):
    with pytest.raises(piano.PianoError, match=message):
        change(tone())


def test_no_sound_stays_no_sound():
    rng, none = np.random.default_rng(0), np.zeros(0, np.float32)
    assert len(degrade.noisy(none, snr_db=20.0, rng=rng)) == 0
    assert len(degrade.compressed(none, sr=SR, quality=0.5)) == 0
    assert len(degrade.detuned(none, sr=SR, ratio=1.05)[0]) == 0
    assert len(degrade.toned(none, sr=SR, gains_db=np.zeros(7))) == 0
    assert len(degrade.levelled(none, peak=0.5)) == 0
    assert len(piano.in_random_room(none, sr=SR, rng=rng)) == 0


def test_a_far_microphone_hears_the_same_later():
    y = tone()
    heard = piano.farther(y, sr=SR, metres=3.43)
    assert len(heard) == len(y)
    assert not heard[:160].any()
    np.testing.assert_array_equal(heard[160:], y[:-160])


def test_random_rooms_are_rooms_and_far_microphones_hear_more_of_them():
    rooms, metres = zip(*(piano.random_room(np.random.default_rng(seed)) for seed in range(50)), strict=True)
    assert {0.2 <= room.t60_s[0] <= 2.0 for room in rooms} == {True}
    assert len({room.seed for room in rooms}) == 50
    assert 0.1 < min(metres) < max(metres) < 7.0
    assert np.corrcoef([room.reverb_db for room in rooms], np.log(metres))[0, 1] > 0.5


def test_a_measured_room_begins_with_its_direct_sound_though_a_reflection_is_louder(tmp_path):
    response = np.zeros(SR // 2, np.float32)
    response[[80, 400]] = 0.3, 0.9  # at 5 ms and, three times as loud, 20 ms later
    sound.write(tmp_path / "room.wav", response, sr=SR, subtype="FLOAT")
    click = np.zeros(SR, np.float32)
    click[1000] = 1.0
    for read in (tmp_path / "room.wav", piano.read_response(tmp_path / "room.wav", sr=SR)):
        heard = piano.measured_room(click, sr=SR, response=read)
        assert len(heard) == SR
        assert np.flatnonzero(np.abs(heard) > 0.01).tolist() == [1000, 1320]
        assert np.sum(heard**2) == pytest.approx(1.0, abs=1e-4)


def test_the_direct_sound_stays_in_its_place_when_a_room_is_read_at_another_rate(tmp_path):
    response = np.zeros(24000, np.float32)
    response[120] = 0.9
    sound.write(tmp_path / "room.wav", response, sr=24000, subtype="FLOAT")
    assert np.argmax(np.abs(piano.read_response(tmp_path / "room.wav", sr=44100))) == 0


def test_a_silent_room_is_refused(tmp_path):
    sound.write(tmp_path / "room.wav", np.zeros(SR, np.float32), sr=SR)
    with (
        pytest.warns(sound.AudioWarning),
        pytest.raises(piano.PianoError, match="is silent: name the recorded response of a room"),
    ):
        piano.read_response(tmp_path / "room.wav", sr=SR)


def test_a_recorded_noise_has_the_level_that_was_asked_for_and_is_repeated():
    noise = np.random.default_rng(2).standard_normal(SR // 3).astype(np.float32)
    under = degrade.with_noise(tone(), noise, snr_db=10.0) - tone()
    assert 10 * np.log10(np.mean(tone() ** 2) / np.mean(under**2)) == pytest.approx(10.0, abs=0.01)
    assert np.corrcoef(under[: SR // 3], under[SR // 3 : SR // 3 * 2])[0, 1] == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(piano.PianoError, match="the noise is silent"):
        degrade.with_noise(tone(), np.zeros(4, np.float32), snr_db=10.0)


def test_an_automatic_gain_brings_soft_and_loud_together_by_its_share():
    y = np.concatenate([tone(seconds=4), 0.1 * tone(seconds=4)])
    heard = degrade.automatic_gain(y, sr=SR, share=0.5)
    levels_db = [20 * np.log10(part[-SR:].std()) for part in (heard[: 4 * SR], heard)]
    assert levels_db[0] - levels_db[1] == pytest.approx(10.0, abs=0.2)
    assert np.mean(heard**2) == pytest.approx(np.mean(y**2), rel=1e-4)


def test_an_overloaded_input_cuts_the_peaks_and_leaves_what_is_soft():
    y = np.concatenate([tone(), 0.01 * tone()])
    heard = degrade.overloaded(y, clipped_db=12.0)
    assert np.abs(heard).max() < 0.3 * 10 ** (-12 / 20)
    assert heard[SR:] == pytest.approx(y[SR:], abs=5e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_cheap_microphone_takes_the_bass_and_moves_no_stroke(seed):
    rng = np.random.default_rng([seed, 5])
    y = np.zeros(SR, np.float32)
    y[SR // 2 :] = tone(1000.0, 0.5)
    heard = degrade.cheap_microphone(y, sr=SR, rng=np.random.default_rng(seed))
    assert np.mean(heard**2) == pytest.approx(np.mean(y**2), rel=1e-4)
    assert np.argmax(np.abs(heard) > 0.1 * np.abs(heard).max()) == pytest.approx(SR // 2, abs=0.002 * SR)
    both = tone(40.0, 2.0) + tone(1000.0, 2.0) + 1e-3 * rng.standard_normal(2 * SR).astype(np.float32)
    kept = np.abs(np.fft.rfft(degrade.cheap_microphone(both, sr=SR, rng=np.random.default_rng(seed))))
    assert 20 * np.log10(kept[80] / kept[2000]) < -3
