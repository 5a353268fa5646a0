"""One path from sound to notes: offline, from a file and live give the same notes."""

import io
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab import sound
from pianolab.detector import Detector
from pianolab.errors import PianolabError
from pianolab.frames import frame_count, frames_of
from pianolab.piano import PIANOS, render
from pianolab.registry import create, load_all, missing
from pianolab.roll import Notes, Salience
from pianolab.session import Session, analyse, default_tracker, transcribe, transcribe_file
from pianolab.tracking import NoteEvent, Tracker, Tracking, TrackingError
from pianolab.units import cents_between, key_hz, midi_to_hz, midi_to_key

MELODY = Notes([0.10, 0.50, 0.90, 1.30], [0.45, 0.85, 1.25, 1.60], [45, 64, 57, 88])
SR = 44100
OWN = [name for name, cls in load_all()[0].items() if not getattr(cls, "peer", False) and not missing(cls)]


@pytest.fixture(scope="module")
def melody():
    return render(MELODY, sr=SR, tail_s=0.3)


class Loudness(Detector):
    """Says A4 whenever it hears sound: a detector that is easy to reason about, quick, and right about time."""

    name = "loudness"
    sr = 8000
    frame_length = 64
    hop_length = 32
    tracking: ClassVar[dict] = {"n_confirm": 1, "n_release": 1}
    keys = (midi_to_key(69),)

    def process(self, span):
        frames = frames_of(span)
        level_db = 10 * np.log10(np.maximum(np.mean(frames**2, axis=1), 1e-12))
        strength = np.zeros((len(frames), 88))
        strength[:, self.keys] = (level_db > -40)[:, None]
        hz = np.where(strength > 0, key_hz(), np.nan)
        return Salience(span.times, strength, hz, level_db)


class AllKeys(Loudness):
    """Says all 88 keys at once."""

    name = "all_keys"
    polyphonic = True
    keys = tuple(range(88))


class Slow(Loudness):
    """Gives its rows only at the end, as a detector that needs the future does."""

    def reset(self):
        self.owed = []

    def process(self, span):
        self.owed.append(super().process(span))
        return Salience.empty()

    def flush(self):
        return Salience.concatenate(self.owed)


def tone(seconds, *, sr, hz=440.0, silence_s=0.25):
    """Silence, a tone, silence."""
    y = 0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * sr)) / sr)
    gap = np.zeros(round(silence_s * sr))
    return np.concatenate([gap, y, gap]).astype(np.float32)


def listen(y, *, sr, detector, ends=()):
    """Events and notes of a signal pushed in blocks that end at the given samples."""
    session = Session(detector, sr=sr)
    events = [event for block in np.split(y, sorted(ends)) for event in session.push(block)]
    return events + session.flush(), session.notes


def assert_same_notes(notes, others):
    assert len(notes) > 0
    assert np.array_equal(notes.midi, others.midi)
    assert np.allclose(notes.onset, others.onset, atol=1e-9, rtol=0)
    assert np.allclose(notes.offset, others.offset, atol=1e-9, rtol=0)
    assert np.allclose(notes.confidence, others.confidence, atol=1e-5, rtol=0)
    assert np.allclose(notes.velocity, others.velocity, atol=1e-3, rtol=0, equal_nan=True)


def assert_same_events(events, others):
    assert [event.kind for event in events] == [event.kind for event in others]
    notes = ([(e.note, e.midi) for e in some if isinstance(e, NoteEvent)] for some in (events, others))
    assert next(notes) == next(notes)
    for name in ("time_s", "heard_s"):
        mine, theirs = ([getattr(e, name) for e in some] for some in (events, others))
        assert np.allclose(mine, theirs, atol=1e-9, rtol=0)


def test_there_are_detectors_to_test():
    assert {"yin", "fft_peak", "cqt"} <= set(OWN)


# The spine: what comes out does not depend on the blocks


@pytest.mark.parametrize("sr", [16000, 44100, 48000])
@pytest.mark.parametrize("detector", OWN)
def test_a_melody_in_irregular_blocks_is_the_same_events_and_notes(detector, sr):
    y = render(MELODY, sr=sr, tail_s=0.1)
    events, notes = listen(y, sr=sr, detector=detector)
    rng = np.random.default_rng(sr)
    for most in (700, 9000):
        ends = np.cumsum(rng.integers(0, most, size=3 * len(y) // most))
        others = listen(y, sr=sr, detector=detector, ends=ends[ends < len(y)])
        assert_same_notes(notes, others[1])
        assert_same_events(events, others[0])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([8000, 11025, 16000]), st.lists(st.integers(0, 12_000), max_size=40))
def test_a_tone_in_any_blocks_is_the_same_note(sr, ends):
    y = tone(0.4, sr=sr)
    events, notes = listen(y, sr=sr, detector=Loudness())
    others = listen(y, sr=sr, detector=Loudness(), ends=[end for end in ends if end < len(y)])
    assert_same_notes(notes, others[1])
    assert_same_events(events, others[0])


@pytest.mark.parametrize("detector", OWN)
def test_transcribe_is_a_session_fed_one_large_block(melody, detector):
    assert_same_notes(transcribe(melody, sr=SR, detector=detector), listen(melody, sr=SR, detector=detector)[1])


@pytest.mark.parametrize("detector", OWN)
def test_a_file_read_in_blocks_gives_the_notes_of_the_whole_signal(melody, detector, tmp_path):
    path = tmp_path / "melody.wav"
    sound.write(path, melody, sr=SR, subtype="FLOAT")
    heard = transcribe_file(path, detector=detector)
    assert_same_notes(heard.notes, transcribe(melody, sr=SR, detector=detector))
    assert heard.seconds_audio == pytest.approx(len(melody) / SR, abs=1e-9)
    assert heard.seconds_cpu > 0


def test_a_wav_on_a_pipe_is_heard_as_the_file_is(melody, tmp_path):
    path = tmp_path / "melody.wav"
    sound.write(path, melody, sr=SR)
    assert_same_notes(transcribe_file(path).notes, transcribe_file(io.BytesIO(path.read_bytes())).notes)


def test_the_beginning_of_a_file_is_the_beginning_of_the_signal(melody, tmp_path):
    path = tmp_path / "melody.wav"
    sound.write(path, melody, sr=SR, subtype="FLOAT")
    heard = transcribe_file(path, duration_s=0.8)
    assert heard.seconds_audio == pytest.approx(0.8, abs=1 / SR)
    assert_same_notes(heard.notes, transcribe(melody[: round(0.8 * SR)], sr=SR))


def test_two_equal_channels_are_the_one(melody):
    assert_same_notes(transcribe(melody, sr=SR), transcribe(np.column_stack([melody, melody]), sr=SR))


def test_a_detector_heard_before_hears_the_next_recording_afresh(melody):
    detector = create("yin")
    transcribe(melody[: SR // 2], sr=SR, detector=detector)
    assert_same_notes(transcribe(melody, sr=SR, detector="yin"), transcribe(melody, sr=SR, detector=detector))


# What comes out


def test_a_tone_of_400_ms_is_one_note_within_a_frame_of_the_truth():
    notes = transcribe(tone(0.4, sr=8000), sr=8000, detector=Loudness())
    assert notes.names == ["A4"]
    frame_s = Loudness.frame_length / Loudness.sr
    assert notes.onset[0] == pytest.approx(0.25, abs=frame_s)
    assert notes.offset[0] == pytest.approx(0.65, abs=frame_s)


@pytest.mark.parametrize("sr", [16000, 44100, 48000, 96000])
def test_time_stays_true_through_the_resampler(sr):
    notes = transcribe(tone(0.4, sr=sr), sr=sr, detector=Loudness())
    assert notes.onset[0] == pytest.approx(0.25, abs=Loudness.frame_length / Loudness.sr)


def test_a_detector_that_answers_late_loses_nothing():
    y = tone(0.4, sr=8000)
    assert_same_notes(transcribe(y, sr=8000, detector=Loudness()), transcribe(y, sr=8000, detector=Slow()))


@pytest.mark.parametrize("detector", OWN)
def test_the_events_tell_the_same_story_as_the_notes(melody, detector):
    events, notes = listen(melody, sr=SR, detector=detector, ends=range(441, len(melody), 441))
    onset, offset, midi = {}, {}, {}
    for event in (event for event in events if isinstance(event, NoteEvent)):
        if event.kind == "off":
            assert event.note in onset
            assert event.note not in offset
            offset[event.note] = event.time_s
        else:
            assert (event.kind == "on") == (event.note not in onset)
            assert event.note not in offset
            onset[event.note], midi[event.note] = event.time_s, event.midi
    assert onset.keys() == offset.keys()
    told = Notes(*([by_number[n] for n in onset] for by_number in (onset, offset, midi)))
    assert len(told) > 0
    assert np.array_equal(told.midi, notes.midi)
    assert np.array_equal(told.onset, notes.onset)
    assert np.array_equal(told.offset, notes.offset)


@pytest.mark.parametrize("detector", OWN)
def test_events_come_in_the_order_in_which_they_are_heard(melody, detector):
    events, _ = listen(melody, sr=SR, detector=detector)
    heard_s = [event.heard_s for event in events]
    assert len(heard_s) > 1
    assert np.all(np.diff(heard_s) >= 0)
    assert all(event.time_s <= event.heard_s for event in events if event.kind == "on")


def test_a_note_still_sounding_at_the_end_ends_there():
    y = tone(0.4, sr=8000)[: round(0.5 * 8000)]
    notes = transcribe(y, sr=8000, detector=Loudness())
    assert notes.offset.tolist() == [0.5]


@pytest.mark.parametrize("n", [0, 1])
def test_next_to_nothing_is_no_note(n):
    session = Session("yin", sr=SR)
    assert session.push(np.zeros(n, np.float32)) == []
    assert session.flush() == []
    assert len(session.notes) == 0


def test_analyse_gives_one_row_a_frame(melody):
    detector = create("yin")
    evidence = analyse(melody, sr=SR, detector=detector)
    assert len(evidence) == frame_count(len(melody), hop_length=detector.hop_length)
    assert evidence.times[1] == pytest.approx(detector.hop_length / detector.sr, abs=1e-12)


def test_analyse_of_nothing_is_empty():
    assert len(analyse(np.zeros(0), sr=SR)) == 0


# Keys that a recording cannot hold


@pytest.mark.parametrize("sr", [4000, 5000, 8000, 16000])
def test_keys_above_the_nyquist_frequency_of_the_recording_stay_empty(sr):
    y = tone(0.4, sr=sr, hz=220.0)
    evidence = analyse(y, sr=sr, detector=AllKeys())
    too_high = key_hz() > sr / 2
    assert np.all(evidence.strength[:, too_high] == 0)
    assert np.all(np.any(evidence.strength[:, ~too_high] > 0, axis=0))
    notes = transcribe(y, sr=sr, detector=AllKeys())
    assert sorted(notes.midi) == list(range(21, 21 + np.count_nonzero(~too_high)))


# The pitch track


@pytest.mark.parametrize("detector", [name for name in OWN if not create(name).polyphonic])
def test_the_track_follows_the_notes_frame_by_frame(melody, detector, tmp_path):
    path = tmp_path / "melody.wav"
    sound.write(path, melody, sr=SR, subtype="FLOAT")
    heard = transcribe_file(path, detector=detector)
    made = create(detector)
    n_frames = frame_count(int(np.ceil(len(melody) * made.sr / SR)), hop_length=made.hop_length)
    assert np.allclose(heard.f0_times, np.arange(n_frames) * made.hop_length / made.sr, atol=1e-9, rtol=0)

    sounding = np.zeros(n_frames)
    for onset, offset, hz in zip(heard.notes.onset, heard.notes.offset, heard.notes.hz, strict=True):
        sounding[(heard.f0_times >= onset) & (heard.f0_times < offset)] = hz
    assert np.count_nonzero(sounding) > 20
    assert np.array_equal(heard.f0_hz > 0, sounding > 0)
    voiced = sounding > 0
    assert np.max(np.abs(cents_between(heard.f0_hz[voiced], sounding[voiced]))) <= 51  # of the note's own key
    assert np.all((heard.f0_confidence >= 0) & (heard.f0_confidence <= 1))
    assert np.all(heard.f0_confidence[~voiced] == 0)


def test_the_track_of_one_long_note_is_its_measured_pitch(tmp_path):
    path = tmp_path / "A4.wav"
    y = render(Notes([0.2], [1.5], [69]), sr=SR, tail_s=0.2)
    sound.write(path, y, sr=SR, subtype="FLOAT")
    heard = transcribe_file(path)
    inside = (heard.f0_times > 0.35) & (heard.f0_times < 1.2)
    assert np.count_nonzero(inside) > 50
    tuned_hz = PIANOS["grand"].f0_hz(69)
    assert np.median(np.abs(cents_between(heard.f0_hz[inside], tuned_hz))) < 5


class Wavering(Loudness):
    """A4 with frames of another octave in between, which the tracker overrules."""

    tracking: ClassVar[dict] = {"n_confirm": 3, "n_release": 6}

    def process(self, span):
        said = super().process(span)
        octave_up = (np.arange(span.first_frame, span.first_frame + span.n_frames) % 8 == 0)[:, None]
        strength = np.where(octave_up, np.roll(said.strength, 12, axis=1), said.strength)
        hz = np.where(octave_up, 2 * np.roll(said.hz, 12, axis=1), said.hz)
        return Salience(said.times, strength, hz, said.level_db)


def test_the_track_shows_the_note_and_not_the_frames_that_the_tracker_overruled(tmp_path):
    path = tmp_path / "a4.wav"
    sound.write(path, tone(0.5, sr=8000), sr=8000)
    said = analyse(tone(0.5, sr=8000), sr=8000, detector=Wavering())
    assert np.any(np.isclose(said.f0_hz, 880))
    heard = transcribe_file(path, detector=Wavering())
    assert heard.notes.names == ["A4"]
    assert np.any(heard.f0_hz > 0)
    assert set(np.round(heard.f0_hz[heard.f0_hz > 0], 2)) == {440.0}


def test_a_polyphonic_detector_has_no_track(tmp_path):
    path = tmp_path / "a4.wav"
    sound.write(path, tone(0.4, sr=8000), sr=8000)
    heard = transcribe_file(path, detector=AllKeys())
    assert len(heard.notes) > 1
    assert heard.f0_times is None
    assert heard.f0_hz is None


def test_silence_has_a_track_without_pitch(tmp_path):
    path = tmp_path / "silence.wav"
    sound.write(path, np.zeros(SR), sr=SR)
    with pytest.warns(sound.AudioWarning, match="is silent"):
        heard = transcribe_file(path)
    assert len(heard.f0_times) == frame_count(SR, hop_length=create("yin").hop_length)
    assert not np.any(heard.f0_hz)


# The tracker that a session uses


def test_the_detector_suggests_and_the_caller_decides():
    assert default_tracker(Loudness()).tracking == Tracking(n_confirm=1, n_release=1)
    assert default_tracker(Loudness(), n_confirm=7).tracking == Tracking(n_confirm=7, n_release=1)
    assert default_tracker(AllKeys()).tracking.policy == "poly"


def test_a_tracker_of_ones_own_is_used():
    deaf = Tracker(Tracking(silence_db=0.0))
    session = Session(Loudness(), sr=8000, tracker=deaf)
    session.push(tone(0.4, sr=8000))
    session.flush()
    assert len(session.notes) == 0


def test_whoever_listens_hears_what_the_tracker_hears():
    parts = []
    session = Session(Loudness(), sr=8000, listen=parts.append)
    session.push(tone(0.4, sr=8000))
    session.flush()
    whole = Salience.concatenate(parts)
    assert len(whole) > 0
    assert np.array_equal(whole.strength, analyse(tone(0.4, sr=8000), sr=8000, detector=Loudness()).strength)


# What is refused


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (np.array([0.0, np.nan]), "sample 1 of the signal is NaN or infinite"),
        (np.array([np.inf]), "NaN or infinite"),
        (np.array(["a"]), "is no signal"),
        (np.zeros((2, 2, 2)), "not mono or multi-channel"),
    ],
)
def test_a_block_that_is_no_sound_is_refused_and_the_session_goes_on(block, message):
    session = Session(Loudness(), sr=8000)
    y = tone(0.4, sr=8000)
    session.push(y[:2000])
    with pytest.raises(sound.AudioError, match=message):
        session.push(block)
    session.push(y[2000:])
    session.flush()
    assert_same_notes(session.notes, transcribe(y, sr=8000, detector=Loudness()))


@pytest.mark.parametrize("sr", [0, -44100, 3999, np.nan, np.inf, 44100.5, "fast", None])
def test_a_rate_that_is_none_is_refused(sr):
    with pytest.raises(sound.AudioError, match="sampling rate"):
        Session("yin", sr=sr)


def test_an_unknown_detector_is_refused_by_name():
    with pytest.raises(ValueError, match="did you mean yin"):
        Session("yim", sr=SR)


def test_an_unknown_setting_of_the_tracker_is_refused():
    with pytest.raises(TrackingError, match="no setting 'n_confrim': did you mean n_confirm"):
        Session("yin", sr=SR, n_confrim=3)


def test_a_session_that_has_ended_takes_no_more_sound():
    session = Session(Loudness(), sr=8000)
    session.push(tone(0.4, sr=8000))
    session.flush()
    with pytest.raises(PianolabError, match="has ended: make a new Session"):
        session.push(np.zeros(10))
    with pytest.raises(ValueError, match="has ended"):
        session.flush()


def test_the_equal_tempered_pitch_of_the_melody_is_heard(melody):
    heard = {round(hz, 3) for hz in transcribe(melody, sr=SR).hz}
    assert {round(midi_to_hz(midi), 3) for midi in (45, 64, 57)} <= heard


def test_a_tracker_and_settings_for_one_are_refused_together(tmp_path):
    tracker = default_tracker(create("yin"))
    with pytest.raises(TrackingError, match="n_confirm is given beside a tracker: give it to the tracker"):
        Session("yin", sr=8000, tracker=tracker, n_confirm=5)
    sound.write(tmp_path / "a4.wav", tone(0.4, sr=8000), sr=8000)
    with pytest.raises(TrackingError, match="n_confirm is given beside a tracker: give it to the tracker"):
        transcribe_file(tmp_path / "a4.wav", detector="yin", tracker=tracker, n_confirm=5)
