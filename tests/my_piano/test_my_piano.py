"""A piano is learnt from a scale: its tuning and stretch are found, what brings nothing is left out."""

import dataclasses
import json

import numpy as np
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.dsp.piano_profile import (
    TYPICAL_CENTS,
    Gain,
    Loudness,
    PianoProfile,
    ProfileError,
    named_anew,
    read_profile,
    stretched_cents,
)
from pianolab.my_piano import PLAN, GuidedScale, LearnError, as_notes, find_strokes, learn, plan_for
from pianolab.my_piano.learn import Counts, Learnt, _Bench, fit_stretch
from pianolab.my_piano.strokes import HeardScale, Stroke
from pianolab.piano import PIANOS, render
from pianolab.registry import create
from pianolab.roll import Notes, Salience
from pianolab.session import Session, analyse, transcribe
from pianolab.units import MIDI_LOW, key_hz

SR = 22050
NOISE = np.random.default_rng(0).normal(scale=10.0 ** (-85 / 20), size=60 * SR)


def scale(a4_hz=440.0, plan=PLAN, piano="grand", notes=None, level=1.0):
    """The scale as a rendered piano plays it, in a quiet room."""
    notes = as_notes(plan) if notes is None else notes
    y = level * render(notes, sr=SR, piano=dataclasses.replace(PIANOS[piano], a4_hz=a4_hz))
    return (y + NOISE[: len(y)]).astype(np.float32)


@pytest.fixture(scope="module")
def flat():
    """What is learnt of a piano at 431 Hz."""
    return learn(scale(431.0), sr=SR, detectors=["yin", "nmf"])


# ---- the strokes of a scale


@pytest.mark.parametrize("a4_hz", [420.0, 431.0, 452.0])
def test_every_note_of_a_rendered_scale_is_found_within_two_cents_and_30_ms(a4_hz):
    heard = find_strokes(scale(a4_hz), sr=SR, plan=PLAN)
    assert [stroke.asked for stroke in heard.strokes] == list(range(len(PLAN)))
    off = [stroke.cents - TYPICAL_CENTS[PLAN[stroke.asked].midi - MIDI_LOW] for stroke in heard.strokes]
    assert np.median(off) == pytest.approx(1200 * np.log2(a4_hz / 440.0), abs=2.0)
    assert np.max(np.abs([s.onset_s - t for s, t in zip(heard.strokes, as_notes().onset, strict=True)])) < 0.03
    assert heard.noise_db == pytest.approx(-85.0, abs=3.0)


def test_notes_that_are_left_out_played_twice_or_wrong_do_not_confuse_the_others():
    told = as_notes()
    # The third note is left out, the fifth is played twice, and F#4 is struck in place of the eighth.
    midi = [*told.midi[:2], *told.midi[3:5], told.midi[4], *told.midi[5:7], 66, *told.midi[8:]]
    onset = 3.0 + 1.6 * np.arange(len(midi))
    heard = find_strokes(scale(433.0, notes=Notes(onset, onset + 1.2, midi)), sr=SR, plan=PLAN)
    assert {stroke.asked for stroke in heard.strokes} == set(range(len(PLAN))) - {2, 7}
    assert all(midi[np.argmin(np.abs(onset - s.onset_s))] == PLAN[s.asked].midi for s in heard.strokes)


@pytest.mark.parametrize(
    "y", [np.zeros(0, np.float32), np.zeros(5 * SR, np.float32), NOISE[: 5 * SR].astype(np.float32)]
)
def test_silence_and_noise_are_no_scale(y):
    assert find_strokes(y, sr=SR, plan=PLAN).strokes == ()
    with pytest.raises(LearnError, match=r"only 0 of 17 asked notes are heard .* play them slowly"):
        learn(y, sr=SR)


# ---- what is learnt


def test_a_piano_at_431_hz_is_learnt_within_two_cents_and_heard_better(flat):
    assert 1200 * np.log2(flat.profile.a4_hz / 431.0) == pytest.approx(0.0, abs=2.0)
    assert "tuning" in flat.profile.parts
    gain = flat.profile.gains["nmf"]
    assert gain.asked == len(PLAN)
    assert gain.wrong_after < gain.wrong_before
    y = scale(431.0, notes=Notes([0.5, 1.1], [1.0, 1.6], [64, 76]))
    assert transcribe(y, sr=SR, detector="yin", my_piano=flat.profile).midi.tolist() == [64, 76]
    hz = analyse(y, sr=SR, detector="yin", my_piano=flat.profile).f0_hz[60:70]
    assert np.median(hz) == pytest.approx(key_hz(a4_hz=431.0)[64 - MIDI_LOW], rel=0.002)


def test_a_piano_in_tune_has_no_gain_and_is_heard_as_before():
    learnt = learn(scale(plan=PLAN[:13]), sr=SR, plan=PLAN[:13], detectors=["yin"])
    assert learnt.profile.parts == ()
    assert "no gain: this piano is heard best as it is" in learnt.report()
    y = scale(notes=Notes([0.5, 1.1], [1.0, 1.6], [64, 76]))
    plain, mine = transcribe(y, sr=SR, detector="yin"), transcribe(y, sr=SR, detector="yin", my_piano=learnt.profile)
    assert len(plain) == 2
    assert mine.onset.tolist() == plain.onset.tolist()


def test_soft_and_loud_strokes_are_told_apart(flat):
    loudness = flat.profile.loudness
    assert loudness is not None
    notes = Notes([0.5, 2.5], [2.0, 4.0], [60, 60], [40, 100])
    soft, loud = transcribe(scale(431.0, notes=notes), sr=SR, detector="yin", my_piano=flat.profile).velocity
    assert soft == pytest.approx(40, abs=15)
    assert loud == pytest.approx(100, abs=15)


@pytest.mark.parametrize("shares", [(0.0, 0.0), (-1.0, 0.6), (1.2, -0.5)])
def test_a_stretch_is_found_although_one_key_is_a_quarter_tone_off(shares):
    keys = [asked.midi for asked in PLAN[:13]]
    off = (stretched_cents(*shares) - TYPICAL_CENTS)[np.array(keys) - MIDI_LOW]
    off[3] += 50.0
    found = stretched_cents(*fit_stretch(keys, off)) - stretched_cents(*shares)
    assert np.max(np.abs(found)) < 6.0


def test_a_far_key_is_named_by_the_tuning_of_the_piano():
    # On a piano without stretch 4186 Hz is C8; a typical one has its B7 nearer.
    strength, hz = np.zeros((1, 88), np.float32), np.full((1, 88), np.nan, np.float32)
    strength[0, 86], hz[0, 86] = 0.9, key_hz()[87] * 2.0 ** (-30 / 1200)
    heard = named_anew(Salience([0.0], strength, hz, [-20.0]), key_hz())
    assert heard.best_key.tolist() == [87]
    assert heard.strength[0, 87] == np.float32(0.9)


@pytest.mark.parametrize(
    ("cents", "found", "wrong", "follows"),
    [
        (-15.0, 11, 0, True),  # A note more.
        (-15.0, 10, 0, False),  # Nothing gained.
        (-35.0, 10, 0, True),  # Nothing gained, but the piano lies far off.
        (-35.0, 10, 1, False),
        (-35.0, 9, 0, False),  # A single note lost.
        (-5.0, 12, 0, False),  # No detector hears so small a difference.
    ],
)
def test_a_tuning_is_followed_where_it_gains_and_never_where_a_note_is_lost(monkeypatch, cents, found, wrong, follows):
    strokes = tuple(
        Stroke(i, 3.0 + i, cents + TYPICAL_CENTS[asked.midi - MIDI_LOW], -22.0) for i, asked in enumerate(PLAN)
    )
    bench = _Bench(NOISE[:SR].astype(np.float32), SR, HeardScale(strokes, -85.0), PLAN, ["nmf"], lambda *_: None)

    def counted(_bench, _name, profiles):
        n_found, n_wrong = (10, 0) if profiles[0].a4_hz is None else (found, wrong)
        return Counts(n_found, n_wrong, 17 - n_found)

    monkeypatch.setattr(_Bench, "_count", counted)
    profile = bench.learn()
    assert ("tuning" in profile.parts) == follows
    assert profile.gains["nmf"].found_after == (found if follows else 10)


def test_a_part_that_one_detector_gains_by_is_kept_for_that_one_only(monkeypatch):
    strokes = tuple(
        Stroke(i, 3.0 + i, -15.0 + TYPICAL_CENTS[asked.midi - MIDI_LOW], -22.0) for i, asked in enumerate(PLAN)
    )
    scale_heard = HeardScale(strokes, -85.0)
    bench = _Bench(NOISE[:SR].astype(np.float32), SR, scale_heard, PLAN, ["nmf", "yin"], lambda *_: None)
    monkeypatch.setattr(
        _Bench,
        "_count",
        lambda _bench, name, profiles: Counts(12 if name == "nmf" and profiles[0].a4_hz else 10, 0, 5),
    )
    profile = bench.learn()
    assert profile.left_out == {"yin": ("tuning",)}
    assert profile.heard_by("nmf").a4_hz == pytest.approx(440.0 * 2 ** (-14 / 1200), rel=0.002)
    assert profile.heard_by("yin").parts == ()
    assert "tuning: kept, for nmf only" in Learnt(profile, -15.0, PLAN, scale_heard).report()


@pytest.mark.parametrize(
    ("keys", "ends", "n"),
    [
        (range(21, 109), (24, 108), 17),
        (range(36, 97), (36, 96), 14),
        (range(36, 85), (36, 84), 13),
        ([*range(21, 33), *range(58, 100)], (24, 99), 15),
    ],
)
def test_a_small_keyboard_is_asked_for_the_keys_that_it_has(keys, ends, n):
    plan = plan_for(keys)
    assert (min(asked.midi for asked in plan), max(asked.midi for asked in plan)) == ends
    assert {asked.midi for asked in plan} <= set(keys)
    assert len(plan) == len(set(plan)) == n
    assert {asked.dynamic for asked in plan} == {"plain", "soft", "loud"}


# ---- a profile and its file

WHOLE = PianoProfile(
    a4_hz=431.2,
    stretch=(0.5, -0.25),
    gain_db=12.0,
    loudness=Loudness(-30.0, -1.0, 0.25),
    noise_db=-70.0,
    tracking={"yin": {"silence_db": -60.0}},
    left_out={"cqt": ("tuning", "level")},
    gains={"yin": Gain(17, 12, 17, 3, 0)},
)


def test_a_profile_is_read_as_it_was_written(tmp_path):
    WHOLE.write(tmp_path / "mine.json")
    read = read_profile(tmp_path / "mine.json")
    assert dataclasses.asdict(read) == {**dataclasses.asdict(WHOLE), "path": str(tmp_path / "mine.json")}
    assert read.parts == ("tuning", "stretch", "level", "loudness", "thresholds")


def changed(**fields):
    content = json.loads(json.dumps({"schema": "pianolab.my_piano", "version": 2, **dataclasses.asdict(WHOLE)}))
    del content["path"]
    return json.dumps({**content, **fields})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no profile of a piano"),
        ("[" * 100000, "is no profile of a piano"),
        ("[]", "is no profile of a piano"),
        ('{"schema": "other"}', "is no profile of a piano"),
        ('{"schema": "pianolab.my_piano", "version": 2}', "is damaged"),
        (changed()[:-200], "is no profile of a piano"),
        (changed(version=1), "its version 1 is not known, this pianolab reads 2: learn the piano again"),
        (changed(version="new"), "its version new is not known"),
        (changed(left_out={"yin": ["loudness"]}), "is damaged .it has an unknown part loudness"),
        (changed(left_out={"yin": 3}), "is damaged"),
        (changed(a4_hz=4400), "is damaged .a4_hz=4400 is not from 390 to 470"),
        (changed(a4_hz="high"), "is damaged .a4_hz=high is no number"),
        (changed(gain_db=float("nan")), "is damaged .gain_db=nan is no number"),
        (changed(noise_db=True), "is damaged .noise_db=True is no number"),
        (changed(stretch=[1]), "is damaged"),
        (changed(stretch=[0, 1e9]), "is damaged .stretch=1000000000.0 is not from -8 to 8"),
        (changed(loudness={"middle_db": 0}), "is damaged"),
        (changed(gains={"yin": {"asked": -1}}), "is damaged"),
        (changed(tracking={"yin": {"silence_db": "low"}}), "is damaged .silence_db=low is no number"),
        (changed(run="this"), "is damaged .it has an unknown field run"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(tmp_path, text, why):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(ProfileError, match=why) as refused:
        read_profile(path)
    assert "\n" not in str(refused.value)
    assert "mine.json" in str(refused.value)


def test_a_detector_that_does_better_without_a_part_hears_as_if_there_were_none():
    y = scale(445.0, notes=Notes([0.5, 1.1], [1.0, 1.6], [64, 76]))
    mine = PianoProfile(a4_hz=466.0, gain_db=20.0, left_out={"yin": ("tuning", "level")})
    plain, heard = (transcribe(y, sr=SR, detector="yin", my_piano=one) for one in (None, mine))
    assert plain.midi.tolist() == [64, 76]
    assert heard.midi.tolist() == plain.midi.tolist()
    assert heard.onset.tolist() == plain.onset.tolist()
    assert (
        Session("yin", sr=SR, my_piano=mine).tracker.tracking.silence_db
        == Session("yin", sr=SR).tracker.tracking.silence_db
    )
    assert transcribe(y, sr=SR, detector="fft_peak", my_piano=mine).midi.tolist() == [63, 75]


def test_a_missing_file_is_named():
    with pytest.raises(ProfileError, match=r"nowhere.json: the profile of the piano cannot be read \(No such file"):
        create("yin:my_piano=nowhere.json")


@pytest.mark.parametrize("block", [441, 4096])
@pytest.mark.parametrize("detector", ["yin", "neural"])
def test_with_a_profile_all_blocks_give_the_same(detector, block):
    y = scale(431.0, notes=Notes([0.2, 0.9], [0.8, 1.5], [60, 84]), level=0.3)
    mine = dataclasses.replace(WHOLE, tracking={})
    whole = transcribe(y, sr=SR, detector=detector, my_piano=mine)
    session = Session(detector, sr=SR, my_piano=mine)
    for start in range(0, len(y), block):
        session.push(y[start : start + block])
    session.flush()
    assert len(whole) == 2
    assert session.notes.midi.tolist() == whole.midi.tolist()
    np.testing.assert_allclose(session.notes.onset, whole.onset, atol=1e-9)
    np.testing.assert_allclose(session.notes.velocity, whole.velocity, atol=1e-3)


def test_levels_are_those_of_the_sound_although_it_is_made_louder():
    y = scale(notes=Notes([0.2], [0.8], [60]))
    louder = PianoProfile(gain_db=20.0)
    plain, mine = analyse(y, sr=SR, detector="yin"), analyse(y, sr=SR, detector="yin", my_piano=louder)
    np.testing.assert_allclose(mine.level_db, plain.level_db, atol=0.01)
    session = Session("yin", sr=SR, my_piano=louder)
    assert session.tracker.tracking.silence_db == Session("yin", sr=SR).tracker.tracking.silence_db - 20.0


def test_a_tuning_that_is_given_in_hz_goes_before_the_learnt_one():
    y = scale(452.0, notes=Notes([0.5, 1.1], [1.0, 1.6], [64, 76]))
    flat = PianoProfile(a4_hz=428.0)
    assert transcribe(y, sr=SR, detector=create("yin", a4_hz=452.0), my_piano=flat).midi.tolist() == [64, 76]
    assert transcribe(y, sr=SR, detector="yin", my_piano=flat).midi.tolist() == [65, 77]


# ---- a scale that is asked for note by note


def test_the_guide_asks_for_each_note_and_hears_it_on_a_piano_that_is_50_cents_flat():
    guide, asked = GuidedScale(sr=SR), []
    for block in np.array_split(scale(440.0 * 2 ** (-50 / 1200)), 500):
        now = guide.push(block)
        if now.asked is not None and now.number not in asked:
            asked.append(now.number)
    assert now.state == "done"
    assert asked == list(range(len(PLAN)))
    assert guide.played == PLAN


def test_the_guide_names_another_key_and_waits_for_the_asked_one():
    onset = 3.2 + 1.6 * np.arange(3)
    guide = GuidedScale(sr=SR, plan=PLAN[:2])
    seen = [guide.push(b) for b in np.array_split(scale(notes=Notes(onset, onset + 1.2, [65, 60, 67])), 200)]
    named = [(now.heard, now.was_right, now.number) for now in seen if now.heard is not None]
    assert list(dict.fromkeys(named)) == [(65, False, 0), (60, True, 1), (67, True, 2)]


def test_a_note_can_be_skipped_and_asked_for_again():
    guide = GuidedScale(sr=SR)
    guide.push(np.zeros(4 * SR, np.float32))
    assert guide.now.asked == PLAN[0]
    assert guide.skip().asked == PLAN[1]
    assert guide.repeat().asked == PLAN[0]
    assert guide.repeat().asked == PLAN[0]
    for _ in PLAN:
        guide.skip()
    assert guide.now.state == "done"
    assert guide.played == ()


# ---- the command line


def test_a_recorded_scale_becomes_a_profile_that_detect_and_compare_take(tmp_path, capsys):
    y = scale(431.0)
    sound.write(tmp_path / "first.wav", y[: 12 * SR], sr=SR)
    sound.write(tmp_path / "rest.wav", y[12 * SR :], sr=SR)
    files = [str(tmp_path / name) for name in ("first.wav", "rest.wav")]
    out = tmp_path / "mine.json"
    assert main(["learn-piano", *files, "--out", str(out), "--detector", "nmf"]) == 0
    said = capsys.readouterr().out
    assert "17 of 17 notes were heard" in said
    assert "cents below A4 = 440 Hz" in said
    assert read_profile(out).a4_hz == pytest.approx(431.0, abs=0.5)
    sound.write(tmp_path / "song.wav", scale(431.0, notes=Notes([0.5, 1.1], [1.0, 1.6], [64, 76])), sr=SR)
    assert main(["detect", str(tmp_path / "song.wav"), "--my-piano", str(out)]) == 0
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()[2:4]] == ["E4", "E5"]


def test_what_cannot_be_learnt_leaves_no_file(tmp_path, capsys):
    sound.write(tmp_path / "hiss.wav", NOISE[: 4 * SR].astype(np.float32), sr=SR)
    out = tmp_path / "mine.json"
    assert main(["learn-piano", str(tmp_path / "hiss.wav"), "--out", str(out)]) == 2
    assert "only 0 of 17 asked notes are heard" in capsys.readouterr().err
    assert main(["learn-piano", str(tmp_path / "hiss.wav"), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert main(["learn-piano", str(tmp_path / "hiss.wav"), "--detector", "yon"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["hiss.wav"]


def test_without_a_microphone_it_says_so_in_one_line(tmp_path, capsys, monkeypatch):
    def none(*_args, **_settings):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("pianolab.live.sources._input_stream", lambda: none)
    assert main(["learn-piano", "--out", str(tmp_path / "mine.json")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "PortAudio library not found" in said[0]
    assert list(tmp_path.iterdir()) == []


def test_the_plan_can_be_read_before_playing(capsys):
    assert main(["learn-piano", "--plan"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("C4, G4, C5, ")
    assert main(["learn-piano", "--plan", "--keys", "C3", "C6"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("G3, C3, C3 softly, C3 loudly, C5 softly, C5 loudly")


@pytest.mark.parametrize("keys", [("C7", "C2"), ("C2", "H9"), ("C-1", "C7"), ("C2", "C9")])
def test_keys_that_no_piano_has_are_refused_in_one_line(keys, capsys):
    assert main(["learn-piano", "--plan", "--keys", *keys]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert keys[1] in said[0]


@pytest.mark.parametrize("name", ["missing.wav", "text.wav", "silent.wav"])
def test_a_file_that_holds_no_scale_is_refused_in_one_line(name, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("no sound")
    sound.write(tmp_path / "silent.wav", np.zeros(4 * SR, np.float32), sr=SR)
    assert main(["learn-piano", str(tmp_path / name), "--out", str(tmp_path / "mine.json")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert not (tmp_path / "mine.json").exists()


def test_a_profile_that_is_half_written_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "half.json").write_text(changed()[:-200])
    sound.write(tmp_path / "song.wav", np.zeros(SR, np.float32), sr=SR)
    assert main(["detect", str(tmp_path / "song.wav"), "--my-piano", str(tmp_path / "half.json")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "name a file that `pianolab learn-piano` wrote" in said[0]
