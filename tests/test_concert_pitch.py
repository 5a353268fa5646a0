"""A piano that is not tuned to 440 Hz: it is said, measured, and heard as if it were."""

import dataclasses
import re
import warnings

import numpy as np
import pytest

from pianolab import registry, sound
from pianolab.cli import main
from pianolab.compare import compare
from pianolab.data import load_dataset
from pianolab.detector import Detector, DetectorError, tuning_of
from pianolab.dsp.concert_pitch import ConcertPitch
from pianolab.labels import write_labels
from pianolab.piano import PIANOS, render
from pianolab.roll import Notes
from pianolab.scores import score_notes
from pianolab.session import Session, analyse, transcribe, transcribe_file
from pianolab.sound import AudioWarning

SR = 22050
KEYS = [60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79, 76, 72, 67, 64]
ONSET = 0.2 + 0.5 * np.arange(len(KEYS))
TUNE = Notes(ONSET, ONSET + 0.4, KEYS, np.full(len(KEYS), 80))
OWN = ["yin", "fft_peak", "cqt", "nmf", "neural"]


def played(a4_hz, notes=TUNE, piano="grand"):
    return render(notes, sr=SR, piano=dataclasses.replace(PIANOS[piano], a4_hz=a4_hz))


def measured(y, sr=SR, block=65536):
    pitch = ConcertPitch(sr=sr)
    for start in range(0, len(y), block):
        pitch.push(y[start : start + block])
    return pitch


def written(path, a4_hz):
    sound.write(path, played(a4_hz), sr=SR)
    return path


@pytest.mark.parametrize("piano", list(PIANOS))
@pytest.mark.parametrize("a4_hz", [428.5, 430.0, 436.0, 440.0, 444.0, 452.0])
def test_the_tuning_of_a_melody_is_measured_to_four_cents(piano, a4_hz):
    pitch = measured(played(a4_hz, piano=piano))
    assert pitch.is_sure
    off = 1200 * np.log2(pitch.a4_hz / a4_hz)
    assert abs(off) < (4 if piano != "upright" else 8)  # Its keys are scattered by five cents.


def test_a_baroque_piano_is_one_at_439_hz_that_plays_a_semitone_lower():
    pitch = measured(played(415.0))
    assert pitch.is_sure
    assert pitch.cents == pytest.approx(1200 * np.log2(415 / 440) + 100, abs=4)
    heard = transcribe(played(415.0), sr=SR, detector="fft_peak:a4_hz=auto")
    assert heard.midi.tolist() == [key - 1 for key in KEYS]


def test_the_measure_does_not_depend_on_the_blocks():
    y = played(430.0)[: 4 * SR]
    whole = measured(y, block=len(y))
    assert measured(y, block=441).cents == whole.cents
    assert measured(y, block=4096).cents == whole.cents


@pytest.mark.parametrize("notes", [Notes.empty(), TUNE[:1]])
def test_silence_and_a_single_note_do_not_tell_the_tuning(notes):
    pitch = measured(played(430.0, notes) if len(notes) else np.zeros(2 * SR, np.float32))
    assert not pitch.is_sure
    assert not pitch.is_far


@pytest.mark.parametrize("data", ["builtin", "real", "data/clips"])
def test_no_recording_that_comes_with_pianolab_is_said_to_be_far_from_440_hz(data):
    recordings = load_dataset(data, split="all", progress=False)[:][::3]
    assert recordings
    far = [r.id for r in recordings if measured(*r.load(60.0)).is_far]
    assert far == []


@pytest.mark.parametrize("detector", OWN)
@pytest.mark.parametrize("a4_hz", [430.0, 451.5])
def test_every_detector_follows_the_tuning(detector, a4_hz):
    y = played(a4_hz)
    at_440, auto, told = (
        score_notes(TUNE, transcribe(sounds, sr=SR, detector=spec))["onset_f1"]
        for sounds, spec in (
            (played(440.0), detector),
            (y, f"{detector}:a4_hz=auto"),
            (y, f"{detector}:a4_hz={a4_hz}"),
        )
    )
    assert at_440 > 0.7
    # Two notes too many beside these 16 are .049.
    assert auto >= at_440 - 0.05
    assert told >= at_440 - 0.05


def test_frequencies_are_those_that_sound():
    heard = analyse(played(430.0), sr=SR, detector="yin:a4_hz=430")
    rows = (heard.times > 0.3) & (heard.times < 0.5)
    assert np.median(heard.f0_hz[rows]) == pytest.approx(261.626 * 430 / 440, rel=0.003)
    assert heard.times[-1] == pytest.approx(len(played(430.0)) / SR, abs=0.02)


@pytest.mark.parametrize("block", [1, 441, 4096])
def test_a_tuned_session_hears_the_same_in_blocks_of_any_size(block):
    y = played(430.0)[: (2 if block > 1 else 1) * SR]
    offline = transcribe(y, sr=SR, detector="fft_peak:a4_hz=430")
    session = Session("fft_peak", sr=SR, a4_hz=430.0)
    for start in range(0, len(y), block):
        session.push(y[start : start + block])
    session.flush()
    assert len(offline) > 0
    assert session.notes.midi.tolist() == offline.midi.tolist()
    assert np.allclose(session.notes.onset, offline.onset, atol=1e-9)
    assert np.allclose(session.notes.offset, offline.offset, atol=1e-9)


def test_live_the_tuning_cannot_be_measured_before_the_first_note():
    with pytest.raises(DetectorError, match=r"a4_hz=auto needs a recording: .* give the frequency of A4 in Hz"):
        Session("yin:a4_hz=auto", sr=SR)


@pytest.mark.parametrize("a4_hz", [428.5, 452.0])
def test_a_file_far_from_440_hz_is_said_with_the_remedy(tmp_path, a4_hz):
    side = "above" if a4_hz > 440 else "below"
    with pytest.warns(AudioWarning, match=rf"song.wav: the piano sounds 4\d cents {side} A4 = 440 Hz, .*a4_hz=auto"):
        transcribe_file(written(tmp_path / "song.wav", a4_hz), detector="fft_peak")


@pytest.mark.parametrize("spec", ["yin", "yin:a4_hz=442", "yin:a4_hz=auto"])
def test_a_file_at_442_hz_is_heard_without_a_word(tmp_path, spec):
    path = written(tmp_path / "song.wav", 442.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert transcribe_file(path, detector=spec).notes.midi.tolist() == KEYS


@pytest.mark.parametrize("a4_hz", [0, float("nan"), -1, True, 100, "high", [442]])
def test_a_session_refuses_a_tuning_that_no_piano_has(a4_hz):
    with pytest.raises(DetectorError, match=r"cannot be used: give a number from 390 to 470|is no tuning"):
        Session("yin", sr=SR, a4_hz=a4_hz)


def test_auto_says_that_a_key_may_be_off_by_one_between_two_keys(tmp_path):
    path = written(tmp_path / "song.wav", 452.0)
    with pytest.warns(AudioWarning, match="all keys may be one too high or too low; a4_hz=HZ decides"):
        heard = transcribe_file(path, detector="fft_peak:a4_hz=auto")
    assert heard.notes.midi.tolist() == KEYS


def test_auto_says_where_it_cannot_tell(tmp_path):
    sound.write(tmp_path / "one.wav", played(440.0, TUNE[:1]), sr=SR)
    with pytest.warns(AudioWarning, match="too few keys tell how the piano is tuned: A4 = 440 Hz is taken"):
        transcribe_file(tmp_path / "one.wav", detector="fft_peak:a4_hz=auto")


def test_what_a_detector_was_told_stands_in_what_it_says_of_itself():
    for spec in ("yin:a4_hz=415.0", "neural:lookahead_ms=240,a4_hz=auto"):
        detector = registry.create(spec)
        assert detector.spec == repr(detector) == spec
        assert tuning_of(registry.create(detector.spec)) == tuning_of(detector) != 440.0
    assert registry.create("yin", a4_hz=440).params == {}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("high", "a4_hz=high is no tuning: give the Hz of A4, or auto"),
        (4400, "a4_hz 4400.0 cannot be used: give a number from 390 to 470"),
        ("nan", "a4_hz nan cannot be used"),
    ],
)
def test_a_tuning_that_no_piano_has_is_refused(value, why):
    with pytest.raises(DetectorError, match=re.escape(why)):
        registry.create("yin", a4_hz=value)


def test_a_detector_with_a_tuning_of_its_own_keeps_it():
    class Own(Detector):
        def __init__(self, *, a4_hz: float = 440.0):
            self.a4_hz = a4_hz

    assert tuning_of(Own(a4_hz=430.0)) == 440.0
    assert Own(a4_hz=430.0).params == {"a4_hz": 430.0}


def test_detect_follows_the_tuning_on_the_command_line(tmp_path, capsys):
    path = written(tmp_path / "song.wav", 451.0)
    assert main(["detect", str(path), "--detector", "fft_peak"]) == 0
    assert "cents above A4 = 440 Hz, nearly between two keys: a4_hz=auto follows it" in capsys.readouterr().err
    assert main(["detect", str(path), "--detector", "fft_peak:a4_hz=auto"]) == 0
    first, _, *rows = capsys.readouterr().out.splitlines()
    assert re.search(r": 16 notes in [\d.]+ s, A4 = 45[01]\.\d Hz is taken$", first)
    assert [int(line.split()[3]) for line in rows] == KEYS


def test_a_comparison_keeps_tunings_apart_and_remarks_the_piano(tmp_path):
    written(tmp_path / "song.wav", 451.8)
    write_labels(tmp_path / "song.tsv", TUNE)
    found = compare(tmp_path, ["yin", "yin:a4_hz=auto"], jobs=1, cache=tmp_path / "kept", progress=False)
    f1 = found.ranking.set_index("params")["onset_f1"]
    assert f1["a4_hz=auto"] == 1.0
    assert f1[""] < 0.9
    said = [remark for remark in found.about["remarks"] if "a4_hz=auto follows it" in remark[-1]]
    assert [remark[2] for remark in said] == ["yin"]
    taken = [
        remark[-1] for remark in found.about["remarks"] if re.fullmatch(r"A4 = 45[12]\.\d Hz is taken", remark[-1])
    ]
    assert len(taken) == 1


def test_the_melody_of_a_tuned_detector_is_scored_by_key(tmp_path):
    written(tmp_path / "song.wav", 415.0)
    write_labels(tmp_path / "song.tsv", TUNE)
    how = {"jobs": 1, "cache": tmp_path / "kept", "progress": False}
    for _ in range(2):  # The second time from the cache.
        found = compare(tmp_path, "yin:a4_hz=415", **how).scores.set_index("metric")["value"]
        assert found["melody_rpa"] > 0.9
