"""Recordings under worse conditions: what is asked for, what is heard, and the curves that come of it."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.cli import main
from pianolab.compare import CompareError, compare, degraded_sound, read_table, write_report
from pianolab.compare.commands import AUDIO, FOLDER, CommandJob
from pianolab.compare.degraded import curves, sentences
from pianolab.compare.degraded_sound import written
from pianolab.compare.sweeps import Sweep, conditions, find_sweeps
from pianolab.compare.worker import Job, hear
from pianolab.data import load_dataset
from pianolab.labels import write_labels
from pianolab.roll import Notes
from pianolab.scores import Protocol
from pianolab.sound import checksum
from pianolab.texts.degradations import Step

SR = 8000
LOUDEST = f"{Path(__file__).parents[1] / 'toy_detectors.py'}:Loudest"


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """Two recordings of a piece and one of another, of sines."""
    folder = tmp_path_factory.mktemp("songs")
    for name, keys in (("a1", (60, 64, 67)), ("a2", (60, 65, 69)), ("b1", (72, 67, 64))):
        onset = 0.2 + 0.4 * np.arange(3)
        y = np.zeros(int(1.6 * SR), np.float32)
        for start, midi in zip(onset, keys, strict=True):
            t = np.arange(int(0.35 * SR)) / SR
            at = int(start * SR)
            y[at : at + len(t)] += 0.3 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * t) * np.exp(-3 * t)
        sound.write(folder / f"{name}.wav", y, sr=SR)
        write_labels(folder / f"{name}.tsv", Notes(onset, onset + 0.35, keys))
    return folder


def strengths(text):
    (sweep,) = find_sweeps(text)
    return sweep.name, [step.strength for steps in sweep.steps for step in steps[:1]]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("noise:snr=0..30:10", "noise:pink:snr", [30, 20, 10, 0]),
        ("noise:snr=0..30", "noise:pink:snr", [30, 20, 10, 0]),
        ("noise:white:snr=5|20", "noise:white:snr", [20, 5]),
        ("speech:snr=-3", "speech:rule:snr", [-3]),
        ("room:t60=2|0.3", "room:rule:t60", [0.3, 2]),
        ("codec:mp3:quality=0..1:0.5", "codec:mp3:quality", [1, 0.5, 0]),
        ("detune:cents=-50..50:25", "detune:cents", [-25, 25, -50, 50]),
        ("level:db=-40..0:20", "level:db", [-20, -40]),
    ],
)
def test_strengths_come_mildest_first_without_the_one_that_changes_nothing(text, name, expected):
    assert strengths(text) == (name, expected)


def test_several_stand_in_one_text_or_in_many():
    texts = "noise:snr=0..30:10,room:t60=0.3|1", "level:db=-20"
    assert [sweep.name for sweep in find_sweeps(texts)] == ["noise:pink:snr", "room:rule:t60", "level:db"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nois:snr=0", "there is no 'nois': did you mean noise"),
        ("noise", "the strength of noise is snr"),
        ("noise:db=3", "the strength of noise is snr"),
        ("noise:snr=a", "'a' is no range"),
        ("noise:snr=30..0", "'30..0' is no range"),
        ("noise:snr=0..30:-1", "'0..30:-1' is no range"),
        ("noise:snr=0..1e9:1e-3", "is no range"),
        ("noise:snr=nan", "snr nan is out of range: use -100 to 200"),
        ("noise:snr=", "'' is no range"),
        ("noise:no such folder:snr=3", "'no such folder' is no source of noise: use pink, white"),
        ("codec:flac:quality=1", "'flac' is no source of codec: use vorbis, mp3"),
        ("codec:quality=2", "quality 2 is out of range: use 0 to 1"),
        ("level:db=3", "db 3 is out of range"),
        ("level:db=0", "db 0 changes nothing"),
        ("room:no such file", "'no such file' is no source of room"),
        ("noise:snr=1,noise:snr=2", "two sweeps are called noise:pink:snr: name all strengths of one at once"),
        ("noise:snr=0..200:1,speech:snr=0..100:1", "is no range|asks for"),
    ],
)
def test_what_makes_no_sense_is_one_line(text, message):
    with pytest.raises(CompareError, match=message) as caught:
        find_sweeps(text)
    assert "\n" not in str(caught.value)


def test_more_conditions_than_anybody_waits_for_are_refused():
    with pytest.raises(CompareError, match="asks for 122 conditions: use at most 100"):
        find_sweeps("noise:snr=0..60:1,speech:snr=0..60:1")


@pytest.mark.parametrize("text", ["noise:snr=0", "noise:snr=0,room:t60=1,level:db=-3", "noise:snr=0,noise:white:snr=0"])
def test_a_cross_is_of_two_kinds(text):
    with pytest.raises(CompareError, match="--cross needs two sweeps of different kinds"):
        find_sweeps(text, cross=True)


def test_a_folder_of_rooms_is_a_sweep_over_how_long_they_ring(tmp_path):
    t = np.arange(2 * SR) / SR
    for name, t60_s in (("hall", 1.5), ("closet", 0.2)):
        sound.write(tmp_path / f"{name}.wav", 0.5 * 10 ** (-3 * t / t60_s), sr=SR)
    (sweep,) = find_sweeps(f"room:{tmp_path}")
    assert [step.strength for (step,) in sweep.steps] == pytest.approx([0.2, 1.5], rel=0.05)
    sound.write(tmp_path / "room.wav", 0.5 * 10 ** (-3 * t / 0.6), sr=SR)
    (sweep,) = find_sweeps(f"room:{tmp_path}:rooms=1")  # The one in the middle.
    assert [Path(step.source).name for (step,) in sweep.steps] == ["room.wav"]
    with pytest.raises(CompareError, match="'0' is no number of rooms: use 1 to 100"):
        find_sweeps(f"room:{tmp_path}:rooms=0")
    with pytest.raises(CompareError, match="a measured room rings as it does: leave t60 out"):
        find_sweeps(f"room:{tmp_path}:t60=1")
    sound.write(tmp_path / "silent.wav", np.zeros(SR), sr=SR)
    with pytest.raises(CompareError, match=r"silent.wav is silent"):
        find_sweeps(f"room:{tmp_path}")


def place_room(file, t60_s):
    file.parent.mkdir(exist_ok=True)
    sound.write(file, 0.5 * 10 ** (-3 * np.arange(SR) / SR / t60_s), sr=SR)


def test_all_rooms_but_one_are_all_of_them_but_one(tmp_path):
    for t60_s in (0.2, 0.4, 0.6):
        place_room(tmp_path / f"{t60_s}.wav", t60_s)
    (sweep,) = find_sweeps(f"room:{tmp_path}:rooms=2")
    assert len({step.source for (step,) in sweep.steps}) == 2


def test_two_rooms_of_one_name_that_ring_alike_are_two_points(songs, tmp_path):
    for folder in ("left", "right"):
        place_room(tmp_path / folder / "hall.wav", 0.4)
    found = compare(songs, LOUDEST, degrade=f"room:{tmp_path}", jobs=1, cache=tmp_path / "cache", progress=False)
    ranked = found.robustness.loc[found.robustness.metric == "onset_f1"]
    as_it_is, first, second = ranked.condition
    assert as_it_is == ""
    assert second == f"{first} #2"
    assert list(ranked.n) == [3, 3, 3]


def test_a_recording_draws_its_noise_and_all_are_one_point(songs, tmp_path):
    for name in ("fan", "street", "dishes"):
        sound.write(tmp_path / f"{name}.wav", 0.1 * np.random.default_rng(1).standard_normal(SR), sr=SR)
    (tmp_path / "rooms").mkdir()
    for t60_s in (0.3, 0.6):
        response = 0.5 * 10 ** (-3 * np.arange(SR) / SR / t60_s)
        sound.write(tmp_path / "rooms" / f"{t60_s}.wav", response, sr=SR)
    sweeps = find_sweeps(f"noise:{tmp_path}:snr=0|10,room:{tmp_path / 'rooms'}", cross=True)
    recordings = {("songs", recording.id): recording for recording in load_dataset(songs)}
    truths = {place: recording.notes() for place, recording in recordings.items()}
    found = conditions(recordings, truths, sweeps, cross=True)
    assert len(found) == 3 * (2 + 2 + 4)
    assert len({of.point for of in found.values()}) == 2 + 2 + 4
    for place in recordings:
        noises = {
            step.source for of in found.values() if of.place == place for step in of.steps if step.kind == "noise"
        }
        assert len(noises) == 1


def comparison(songs, cache, **settings):
    usual = {"degrade": "noise:snr=-20|60,detune:cents=-30", "jobs": 1, "progress": False}
    return compare(songs, [LOUDEST], cache=cache, **{**usual, **settings})


@pytest.fixture(scope="module")
def found(songs, tmp_path_factory):
    return comparison(songs, tmp_path_factory.mktemp("kept"), cross=True)


def test_each_condition_has_rows_of_its_own_and_the_plain_ones_stand_once(found):
    rows = found.degraded.loc[(found.degraded.metric == "onset_f1") & (found.degraded.protocol == str(Protocol()))]
    assert rows.groupby("condition").recording.apply(sorted).to_dict() == {
        text: ["a1", "a2", "b1"]
        for text in (
            "",
            "noise:pink:snr=-20",
            "noise:pink:snr=60",
            "detune:cents=-30",
            "noise:pink:snr=-20,detune:cents=-30",
            "noise:pink:snr=60,detune:cents=-30",
        )
    }
    assert set(found.scores.recording) == {"a1", "a2", "b1"}
    assert found.failures.empty


def test_detuning_keeps_the_keys_and_the_labels_follow_in_time(found):
    rows = found.degraded.loc[(found.degraded.metric == "onset_f1") & (found.degraded.protocol == str(Protocol()))]
    by_text = rows.groupby("condition").value.mean()
    assert by_text["detune:cents=-30"] == pytest.approx(by_text[""], abs=0.12)  # One note of nine.
    late = found.degraded.loc[found.degraded.metric == "onset_bias_ms"].groupby("condition").value.mean()
    assert late["detune:cents=-30"] == pytest.approx(late[""], abs=6.0)


def test_noise_twenty_db_above_the_music_hides_it(found):
    table = found.robustness.loc[(found.robustness.sweep_2 == "") & (found.robustness.metric == "onset_f1")]
    noise = table.loc[table.sweep == "noise:pink:snr"]
    assert list(noise.strength.fillna(999)) == [999, 60, -20]
    assert noise["mean"].iloc[1] == pytest.approx(noise["mean"].iloc[0], abs=0.15)
    assert noise["mean"].iloc[2] < noise["mean"].iloc[0] - 0.3
    assert noise.change.iloc[2] == pytest.approx(noise["mean"].iloc[2] - noise["mean"].iloc[0])
    assert list(noise.n) == [3, 3, 3]


def test_two_workers_hear_what_one_hears_and_what_is_kept_is_not_heard_again(songs, found, tmp_path, monkeypatch):
    again = comparison(songs, tmp_path / "kept", jobs=2, cross=True)
    pd.testing.assert_frame_equal(
        found.degraded.drop(columns="seconds_cpu"), again.degraded.drop(columns="seconds_cpu")
    )

    def never(*_args, **_settings):
        raise AssertionError("heard again")

    monkeypatch.setattr("pianolab.compare.hearing._heard", lambda tasks, **_: iter([never()] if tasks else []))
    pd.testing.assert_frame_equal(comparison(songs, tmp_path / "kept", cross=True).degraded, again.degraded)


def test_another_noise_in_a_file_of_the_same_name_is_heard_anew(songs, tmp_path):
    rng, keys = np.random.default_rng(0), []
    for _ in range(2):
        sound.write(tmp_path / "fan.wav", 0.1 * rng.standard_normal(SR), sr=SR)
        (sweep,) = find_sweeps(f"noise:{tmp_path}:snr=10")
        ((step,),) = sweep.steps
        keys.append(degraded_sound.checksum_of_degraded("0" * 64, [step]))
    assert keys[0] != keys[1]


def test_a_step_that_cannot_be_made_is_a_row_that_says_why(songs):
    audio = load_dataset(songs)["a1"].audio
    said = hear(Job(str(audio), LOUDEST, None, "", '[["noise", "/no/such/noise.wav", 10.0, ""]]'))
    assert isinstance(said, str)
    assert "noise.wav" in said


def test_a_noise_that_was_exchanged_meanwhile_is_a_row_that_says_so(songs, tmp_path):
    sound.write(tmp_path / "fan.wav", 0.1 * np.random.default_rng(1).standard_normal(SR), sr=SR)
    steps = written([Step("noise", str(tmp_path / "fan.wav"), 10.0)])
    sound.write(tmp_path / "fan.wav", 0.1 * np.random.default_rng(2).standard_normal(SR), sr=SR)
    said = hear(Job(str(songs / "a1.wav"), LOUDEST, None, "", steps))
    assert isinstance(said, str)
    assert "fan.wav was changed while it was compared" in said


def test_a_command_is_given_the_worse_sound(songs, tmp_path):
    """A program that writes the loudest sample as a key: 20 dB are a factor of ten."""
    code = (
        "import soundfile, sys; peak = abs(soundfile.read(sys.argv[1])[0]).max(); "
        "open(sys.argv[2] + '/notes.csv', 'w').write(f'onset,offset,midi\\n0,1,{30 + round(100 * peak)}\\n')"
    )
    audio, words = songs / "a1.wav", (sys.executable, "-c", code, AUDIO, FOLDER)
    jobs = [
        CommandJob(str(audio), words, None, checksum(audio), str(tmp_path), steps)
        for steps in ("", written([Step("level", "", -20.0)]))
    ]
    heard = [hear(job) for job in jobs]
    assert not any(isinstance(each, str) for each in heard), heard
    peaks = [int(each.transcription.notes.midi[0]) - 30 for each in heard]
    assert peaks == [pytest.approx(29, abs=2), pytest.approx(3, abs=1)]


def test_what_begins_after_the_seconds_counts_in_no_condition(songs, tmp_path):
    """A program writes three notes whatever it is given. At another tempo the end comes sooner."""
    notes = [f"{onset_s},{onset_s + 0.3},60" for onset_s in (0.2, 0.75, 1.0)]
    code = f"import sys; open(sys.argv[1], 'w').write(chr(10).join({['onset,offset,midi', *notes]}))"
    settings = {"degrade": "level:db=-3,detune:cents=200", "seconds": 0.8, "jobs": 1, "progress": False}
    line = f'"{sys.executable}" -c "{code}" {{out}}.csv {{audio}}'
    found = compare(songs, [], commands={"three": line}, cache=tmp_path, **settings)
    rows = found.degraded.loc[(found.degraded.metric == "onset_precision") & (found.degraded.recording == "a1")]
    right = rows.groupby("point").value.unique().map(list).to_dict()
    assert right == {"": [0.5], "level:db=-3": [0.5], "detune:cents=200": [1.0]}  # C4 is played first, and not again.


def test_a_recording_that_is_no_sound_fails_alone_also_at_another_tempo(songs, tmp_path):
    for name in ("a1.wav", "a1.tsv", "a2.tsv"):
        (tmp_path / name).write_bytes((songs / name).read_bytes())
    (tmp_path / "a2.wav").write_bytes(b"RIFF and nothing else")
    found = compare(
        tmp_path, LOUDEST, degrade="detune:cents=30", jobs=1, cache=tmp_path / "cache", progress=False
    ).degraded
    assert set(found.loc[found.point != "", ["recording", "status"]].itertuples(index=False, name=None)) == {
        ("a1", "ok"),
        ("a2", "error"),
    }


def test_the_report_has_the_curve_and_the_tables(found, tmp_path):
    folder = write_report(found, tmp_path / "run").folder
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "How robust: noise:pink:snr" in page
    assert f"{found.scores.dataset.iloc[0]}: noise:pink:snr" in found.console_table()
    assert "Both at once" in page
    assert len(list((folder / "figures").glob("*_sweep_*.png"))) == 2
    rows = read_table(folder / "degraded.csv")
    assert set(rows.sweep) == {"", "noise:pink:snr", "detune:cents"}
    assert len(read_table(folder / "robustness.csv")) == len(found.robustness)


def made_rows(values):
    """Rows of one detector: a value for each recording and strength; None is the recording as it is."""
    rows = [
        {
            "dataset": "d", "recording": r, "piece": r, "detector": "x", "params": "", "protocol": "p",
            "metric": "onset_f1", "value": value, "status": "ok", "sweep": "" if at is None else "noise:pink:snr",
            "strength": np.nan if at is None else at, "sweep_2": "", "strength_2": np.nan,
            "condition": "" if at is None else f"noise:pink:snr={at}",
            "point": "" if at is None else f"noise:pink:snr={at}",
        }
        for at, each in values.items()
        for r, value in each.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_change_is_that_of_the_same_recordings():
    """One recording failed at 0 dB: the change is not that of a mean over others."""
    rows = made_rows(
        {None: {"a": 0.9, "b": 0.8, "c": 0.1}, 10: {"a": 0.9, "b": 0.8, "c": 0.1}, 0: {"a": 0.4, "b": 0.3}}
    )
    sweep = Sweep("noise:pink:snr", "noise", ((Step("noise", "pink", 10),), (Step("noise", "pink", 0),)))
    table = curves(rows, [sweep], "p")
    assert list(table.condition) == ["", "noise:pink:snr=10", "noise:pink:snr=0"]
    assert list(table.change) == pytest.approx([0.0, 0.0, -0.5])
    (said,) = sentences(table, "d", sweep)
    assert said.startswith("x has onset F1 0.600 on the recordings as they are and 0.350")
    assert "a loss is first shown at 0 dB (-0.500" in said


@pytest.mark.parametrize("words", [["--degrade", "fog:x=1"], ["--degrade", "noise:snr=1", "--cross"]])
def test_the_command_refuses_in_one_line(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", "--data", "builtin", *words]) == 2
    said = capsys.readouterr()
    assert len(said.err.strip().splitlines()) == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []
