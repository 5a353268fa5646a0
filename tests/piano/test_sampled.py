"""A sampled piano: recorded notes at the right time, damped by key and pedal, soft and loud, near keys transposed."""

import json

import numpy as np
import pytest

from pianolab import sound
from pianolab.piano import PianoError, render, velocity_gain
from pianolab.piano.sampled import SampledPiano
from pianolab.roll import Notes

SR = 16000
ONSET_S = 0.02
ONE_SECOND = Notes([0.5], [1.0], [60], [100])


def tone(hz, level=0.5):
    """Three seconds of a sine that fades by 6 dB a second, from its onset on."""
    t = np.arange(3 * SR) / SR
    return np.concatenate([np.zeros(round(ONSET_S * SR)), level * np.sin(2 * np.pi * hz * t) * 2.0**-t])


@pytest.fixture
def folder(tmp_path):
    """C4 soft and loud (an octave higher, to tell them apart), D4 (one level, four times as quiet) and D#7."""
    files = [
        ("60_0.wav", 60, 0.3, tone(200)),
        ("60_1.wav", 60, 0.8, tone(400)),
        ("62_0.wav", 62, None, tone(230, 0.125)),
        ("99_0.wav", 99, None, tone(2500)),
    ]
    for name, _, _, y in files:
        sound.write(tmp_path / name, y.astype(np.float32), sr=SR, subtype="FLOAT")
    entries = [{"file": name, "midi": midi, "onset_s": ONSET_S, "dynamic": how} for name, midi, how, _ in files]
    (tmp_path / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


def rendered(folder, notes, *, pedal=None, **how):
    return SampledPiano(folder, sr=SR, second_share=0.0, **how).render(notes, pedal=pedal, rng=np.random.default_rng(1))


def level_db(y, at_s):
    part = y[round(at_s * SR) : round((at_s + 0.1) * SR)]
    return 10 * np.log10(np.mean(part**2) + 1e-12)


def loudest_hz(y):
    return np.argmax(np.abs(np.fft.rfft(y))) * SR / len(y)


def test_a_stroke_begins_on_its_onset_to_the_sample(folder):
    y = rendered(folder, ONE_SECOND)
    assert np.flatnonzero(np.abs(y) > 1e-4)[0] / SR == pytest.approx(0.5, abs=2 / SR)


def test_a_released_key_is_damped_within_a_second_and_one_under_the_pedal_rings_until_it_is_up(folder):
    free = rendered(folder, ONE_SECOND)
    held = rendered(folder, ONE_SECOND, pedal=[(0.8, 2.0)])
    assert level_db(free, 1.8) < level_db(free, 0.8) - 30
    assert level_db(held, 1.8) == pytest.approx(level_db(held, 0.8) - 6, abs=0.5)
    assert len(held) == SR * 3
    assert level_db(held, 2.8) < level_db(held, 1.8) - 30


def test_a_key_that_is_struck_again_under_the_pedal_is_damped_first(folder):
    twice = Notes([0.5, 1.5], [0.7, 1.7], [60, 60], [120, 20])
    once = Notes([0.5], [0.7], [60], [120])
    y, alone = rendered(folder, twice, pedal=[(0.6, 2.5)]), rendered(folder, once, pedal=[(0.6, 2.5)])
    assert level_db(y, 2.3) < level_db(alone, 2.3) - 10


def test_keys_without_dampers_ring_on(folder):
    high = Notes([0.5], [0.6], [100], [100])
    y = rendered(folder, high, pedal=[])
    assert level_db(y, 1.0) > -60


def test_a_soft_stroke_speaks_with_the_soft_recording_and_is_quieter(folder):
    soft, loud = (rendered(folder, Notes([0.0], [1.0], [60], [v])) for v in (40, 100))
    assert loudest_hz(soft) == pytest.approx(200, abs=1)
    assert loudest_hz(loud) == pytest.approx(400, abs=1)
    assert level_db(soft, 0.2) < level_db(loud, 0.2) - 6


def test_the_levels_of_the_keys_are_those_of_the_recording_or_even(folder):
    c, d = Notes([0.0], [1.0], [60], [100]), Notes([0.0], [1.0], [62], [100])
    for levels, difference_db in (("recorded", 8.0), ("smooth", 0.3)):  # Keys so near share a third of their 12 dB.
        y = [rendered(folder, notes, levels=levels) for notes in (c, d)]
        assert level_db(y[0], 0.2) - level_db(y[1], 0.2) == pytest.approx(difference_db, abs=0.5), levels


def test_a_key_between_is_the_nearest_recording_at_another_speed(folder):
    y = rendered(folder, Notes([0.0], [1.0], [63], [100]))
    assert loudest_hz(y) == pytest.approx(230 * 2 ** (1 / 12), rel=0.005)


# ------------------------------------------------------------------------------------- a whole piano, note by note

VELOCITIES = (30, 70, 110)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Every third key of the rendered grand, struck softly, moderately and hard, at the levels that it has."""
    folder = tmp_path_factory.mktemp("piano")
    entries = []
    for midi in range(33, 97, 3):
        for velocity in VELOCITIES:
            name = f"{midi}_{velocity}.wav"
            y = render(Notes([ONSET_S], [2.0], [midi], [velocity]), sr=SR, tail_s=0.0)
            sound.write(folder / name, y, sr=SR, subtype="FLOAT")
            entries.append({"file": name, "midi": midi, "onset_s": ONSET_S, "dynamic": velocity / 127})
    (folder / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def piano(whole):
    return SampledPiano(whole, sr=SR, second_share=0.0)


def struck(piano, midi, velocity, onset_s=0.1):
    return piano.render(Notes([onset_s], [onset_s + 0.5], [midi], [velocity]), rng=np.random.default_rng(1))


def test_two_hundred_strokes_begin_within_a_millisecond_of_their_labels(piano):
    rng = np.random.default_rng(3)
    late_s = []
    for midi, velocity in zip(rng.choice(piano.keys, 200), rng.uniform(1, 127, 200), strict=True):
        onset_s = 0.1 + rng.uniform(0.0, 0.01)
        y = np.abs(struck(piano, midi, velocity, onset_s))
        late_s.append(np.argmax(y > y.max() * 10 ** (-50 / 20)) / SR - onset_s)
    assert np.max(np.abs(late_s)) < 0.001
    assert abs(np.median(late_s)) < 0.0002


@pytest.mark.parametrize("midi", [34, 60, 92])
def test_every_step_of_velocity_is_louder_and_a_border_between_layers_is_no_step_of_level(piano, midi):
    first = round(0.1 * SR)
    strokes = [struck(piano, midi, velocity)[first : first + round(0.2 * SR)] for velocity in range(1, 128)]
    steps_db = np.diff([10 * np.log10(np.mean(y**2)) for y in strokes])
    assert steps_db.min() > 0
    assert steps_db[20:].max() < 0.7
    spectra = np.abs([np.fft.rfft(y * np.hanning(len(y))) for y in strokes]) ** 2
    centroid_hz = spectra @ np.fft.rfftfreq(len(strokes[0]), 1 / SR) / spectra.sum(axis=1)
    assert centroid_hz[-1] > 1.05 * centroid_hz[0]
    # The layers stand 40 steps apart, and colour with velocity as the rendered piano does, less than real ones do.
    assert np.abs(np.diff(np.log2(centroid_hz[20:]))).max() < 0.5


def test_strokes_between_the_layers_are_as_loud_as_the_piano_plays_them(piano):
    def level(y):
        return level_db(y, 0.15)

    for midi in (36, 60, 84):
        reference = level(struck(piano, midi, 110)) - level(render(Notes([0.1], [0.6], [midi], [110]), sr=SR))
        for velocity in (40, 50, 90):
            played = render(Notes([0.1], [0.6], [midi], [velocity]), sr=SR)
            assert level(struck(piano, midi, velocity)) - level(played) == pytest.approx(reference, abs=2.5)


def test_a_soft_stroke_of_a_piano_with_one_layer_is_duller_by_the_law_of_three_grands(tmp_path):
    y = np.zeros(2 * SR, np.float32)
    y[round(ONSET_S * SR) :] = np.random.default_rng(4).standard_normal(2 * SR - round(ONSET_S * SR)) * 0.1
    sound.write(tmp_path / "C4.wav", y, sr=SR, subtype="FLOAT")
    one = SampledPiano(tmp_path, sr=SR)
    spectra = [np.abs(np.fft.rfft(struck(one, 60, velocity)[: round(0.6 * SR)])) for velocity in (54, 90)]
    hz = np.fft.rfftfreq(round(0.6 * SR), 1 / SR)
    bands = [(hz > low) & (hz < 1.25 * low) for low in (200, 1200, 2400)]
    ratio_db = [20 * np.log10(np.sqrt(np.mean(spectra[0][b] ** 2) / np.mean(spectra[1][b] ** 2))) for b in bands]
    softer_db = 40 * np.log10(velocity_gain(54) / velocity_gain(90)) / 2
    # An octave above 1,200 Hz is duller by 0.85 dB for each dB that the stroke is softer.
    assert ratio_db[2] - ratio_db[1] == pytest.approx(0.85 * softer_db, abs=0.2 * -softer_db)
    assert ratio_db[0] - ratio_db[2] > 0.8 * -softer_db


def test_a_set_that_was_brought_to_one_level_follows_the_rendered_grand(tmp_path):
    entries = []
    for midi, velocity in ((40, 40), (40, 100), (88, 40), (88, 100)):
        y = render(Notes([ONSET_S], [1.0], [midi], [velocity]), sr=SR)
        sound.write(tmp_path / f"{midi}_{velocity}.wav", y / np.abs(y).max(), sr=SR, subtype="FLOAT")
        entries.append({"file": f"{midi}_{velocity}.wav", "midi": midi, "onset_s": ONSET_S, "dynamic": velocity / 127})
    (tmp_path / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    evened = SampledPiano(tmp_path, sr=SR)
    for midi in (40, 88):
        difference_db = level_db(struck(evened, midi, 100), 0.1) - level_db(struck(evened, midi, 40), 0.1)
        assert difference_db == pytest.approx(20 * np.log10(velocity_gain(100) / velocity_gain(40)), abs=0.5)
    across_db = level_db(struck(evened, 40, 100), 0.1) - level_db(struck(evened, 88, 100), 0.1)
    assert 3 < across_db < 12


def test_free_strings_sing_along_under_the_pedal_and_only_there(whole):
    notes = Notes([0.2, 2.0], [0.5, 2.3], [60, 60], [100, 100])
    sounds = {
        db: SampledPiano(whole, sr=SR, second_share=0.0, haze_db=db).render(
            notes, pedal=[(1.9, 3.0)], rng=np.random.default_rng(1)
        )
        for db in (None, -30.0, -20.0)
    }
    haze = {db: sounds[db] - sounds[None] for db in (-30.0, -20.0)}
    dry = sounds[None][round(1.9 * SR) : round(3.0 * SR)]
    for db, heard in haze.items():
        assert 10 * np.log10(np.sum(heard**2) / np.sum(dry**2)) == pytest.approx(db, abs=0.5)
        assert np.abs(heard[: round(1.9 * SR)]).max() < 1e-6
        assert np.abs(heard[round(3.15 * SR) :]).max() < 1e-6


def test_a_short_layer_goes_on_with_the_sound_of_a_longer_one(tmp_path):
    for name, seconds, level in (("60_0", 0.8, 0.05), ("60_1", 3.0, 0.5)):
        sound.write(tmp_path / f"{name}.wav", tone(300, level)[: round(seconds * SR)], sr=SR, subtype="FLOAT")
    entries = [{"file": f"60_{i}.wav", "midi": 60, "onset_s": ONSET_S, "dynamic": d} for i, d in enumerate((0.3, 0.8))]
    (tmp_path / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    y = rendered(tmp_path, Notes([0.0], [2.5], [60], [38]))
    assert level_db(y, 2.0) == pytest.approx(level_db(y, 0.1) - 6 * 1.9, abs=1.0)


def test_concert_pitch_and_the_spread_of_the_keys_move_the_sound_by_their_cents(folder):
    sharp = rendered(folder, Notes([0.0], [1.0], [62], [100]), a4_hz=445.0)
    assert loudest_hz(sharp) == pytest.approx(230 * 445 / 440, abs=0.5)
    cents = []
    for seed in range(20):
        y = rendered(folder, Notes([0.0], [1.0], [62], [100]), spread_cents=20.0, seed=seed)
        cents.append(1200 * np.log2(np.argmax(np.abs(np.fft.rfft(y, 16 * SR))) / 16 / 230))
    assert 10 < np.std(cents) < 30


def test_a_key_without_a_recording_near_it_is_refused_and_is_not_among_the_keys(folder):
    assert SampledPiano(folder, sr=SR).keys.tolist() == [*range(57, 66), *range(96, 103)]
    with pytest.raises(PianoError, match=r"has no recorded note within 3 semitones of C3, G5: leave these keys out"):
        rendered(folder, Notes([0.0, 0.1, 0.2], [1.0, 1.0, 1.0], [48, 60, 79]))


def test_one_of_several_microphones_is_heard(folder):
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))[:2]
    entries = [
        entry | {"midi": 60, "dynamic": 0.5, "mic": mic} for entry, mic in zip(index, ("near", "far"), strict=True)
    ]
    (folder / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    for microphone, hz in ((None, 200), ("near", 200), ("far", 400)):
        assert loudest_hz(rendered(folder, ONE_SECOND, microphone=microphone)) == pytest.approx(hz, abs=1)
    with pytest.raises(PianoError, match=r"has no microphone 'middle': it has near, far"):
        rendered(folder, ONE_SECOND, microphone="middle")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("no json", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("{}", "is no list of notes: write one object with file, midi, onset_s, dynamic for each file"),
        ("[]", "is no list of notes"),
        ('[{"file": "60_0.wav", "midi": 60, "dynamic": null}]', "note 1: onset_s is missing"),
        (
            '[{"file": "60_9.wav", "midi": 60, "onset_s": 0, "dynamic": null}]',
            "60_9.wav is missing in the folder: put it",
        ),
        ('[{"file": "../60_0.wav", "midi": 60, "onset_s": 0, "dynamic": null}]', "is no name of a file in the folder"),
        (
            '[{"file": "60_0.wav", "midi": 12, "onset_s": 0, "dynamic": null}]',
            r"midi 12 is no key: use 21 \(A0\) to",
        ),
        ('[{"file": "60_0.wav", "midi": 60, "onset_s": -1, "dynamic": null}]', "onset_s -1 is no time in the file"),
        ('[{"file": "60_0.wav", "midi": 60, "onset_s": 0, "dynamic": 64}]', "dynamic 64 is no velocity: use 0 to 1"),
        ('[{"file": "60_0.wav", "midi": 60, "onset_s": 9, "dynamic": null}]', "ends before its onset_s 9"),
    ],
)
def test_a_wrong_index_is_refused_in_one_line(folder, index, said):
    (folder / "index.json").write_text(index, encoding="utf-8")
    with pytest.raises(PianoError, match=said) as refused:
        SampledPiano(folder, sr=SR)
    assert "\n" not in str(refused.value)


def test_a_folder_without_single_notes_is_refused(tmp_path):
    with pytest.raises(PianoError, match="holds no single notes: name them by their keys"):
        SampledPiano(tmp_path, sr=SR)
    with pytest.raises(PianoError, match="is no folder: name one that holds single notes"):
        SampledPiano(tmp_path / "none", sr=SR)


def test_what_cannot_be_played_is_refused(folder):
    piano, rng = SampledPiano(folder, sr=SR), np.random.default_rng(1)
    with pytest.raises(PianoError, match="are too long to be rendered at once"):
        piano.render(Notes([0.0], [4000.0], [60]), rng=rng)
    with pytest.raises(PianoError, match="tail_s -1 is not a length of time"):
        piano.render(ONE_SECOND, rng=rng, tail_s=-1)
    with pytest.raises(PianoError, match="sr 100 cannot be rendered"):
        SampledPiano(folder, sr=100)
    assert len(piano.render(Notes([], [], []), rng=rng, pedal=[(0.0, 1.0)])) == SR
