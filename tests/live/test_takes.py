"""Takes and trials: what is kept is what was played, and what was right is told apart from what was not."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from pianolab import sound
from pianolab.labels import read_labels, read_pedal
from pianolab.live.choices import Choice
from pianolab.live.prompts import Prompt, PromptError
from pianolab.live.sources import LAG_S, DeviceSource, FileSource, SourceError, feed_in_time, play
from pianolab.live.stream import pcm16
from pianolab.live.takes import SETTINGS, Recorder, Take, TakeError
from pianolab.live.verdicts import propose_labels, score_choices
from pianolab.piano import render
from pianolab.roll import Notes

TOY, PEDALLED = (f"{Path(__file__).parents[1] / 'live_toy.py'}:{name}" for name in ("Toy", "Pedalled"))
SR = 44100
MELODY = Notes(0.5 + 0.4 * np.arange(5), 0.8 + 0.4 * np.arange(5), [60, 64, 67, 72, 69])


@pytest.fixture(scope="module")
def pcm():
    return pcm16(0.7 * render(MELODY, sr=SR, tail_s=0.5))


# ---- prompts


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("C4", ["C4"]),
        ("C4 E4 G4", ["C4", "E4", "G4"]),
        ("도4 미4", ["C4", "E4"]),
        ("A3 minor chord", ["A3", "C4", "E4"]),
        ("G3 major scale", ["G3", "A3", "B3", "C4", "D4", "E4", "F#4", "G4"]),
    ],
)
def test_a_teacher_s_words_become_notes(text, names):
    assert Prompt.of(text).notes.names == names


def test_a_chord_is_struck_at_once_and_a_scale_one_after_the_other():
    assert np.ptp(Prompt.of("C4+E4+G4").notes.onset) == 0
    np.testing.assert_allclose(np.diff(Prompt.of("C4 D4 E4", bpm=120).notes.onset), 0.5)


@pytest.mark.parametrize(("text", "message"), [("H4", "not a note name"), ("C9", "no piano has"), ("", "no notes")])
def test_what_cannot_be_played_is_refused(text, message):
    with pytest.raises(PromptError, match=message):
        Prompt.of(text)


def test_a_prompt_comes_from_a_midi_file_and_from_the_built_in_set(tmp_path):
    from pianolab.data import builtin_index
    from pianolab.labels import write_labels

    write_labels(tmp_path / "my_song.mid", MELODY)
    assert Prompt.of(tmp_path / "my_song.mid").title == "my song"
    assert Prompt.of(tmp_path / "my_song.mid").notes.names == MELODY.names
    entry = builtin_index()[0]
    assert Prompt.of(entry["id"]).title == entry["title"]


# ---- labels and scores


def test_labels_are_the_prompt_at_the_times_of_the_sound_not_of_the_detector(pcm):
    y = pcm / np.float32(32768)
    late = Notes(MELODY.onset + 0.05, MELODY.offset, MELODY.midi)[[0, 1, 3, 4]]  # 50 ms late, and one note not heard
    labels = propose_labels(Notes(2 * MELODY.onset, 2 * MELODY.offset, MELODY.midi), [late], y, sr=SR)
    assert labels.names == MELODY.names
    np.testing.assert_allclose(labels.onset, MELODY.onset, atol=0.015)


def test_scores_are_those_of_the_comparison(pcm):
    y = pcm / np.float32(32768)
    row = score_choices(y, sr=SR, labels=MELODY, choices=[Choice(TOY)])[0]
    assert row["n_notes"] == 5
    assert row["onset_f1"] == 1.0


# ---- takes


def recorded(pcm, folder=None, blocks=1024):
    recorder = Recorder(sr=SR, folder=folder, settings={"who": "test"})
    for start in range(0, len(pcm), blocks):
        recorder.write(pcm[start : start + blocks], [{"kind": "gap", "time_s": start / SR, "seconds": 0.0}])
    return recorder.close(problem=recorder.problem)


def test_a_take_holds_every_sample_bit_for_bit(pcm, tmp_path):
    kept, in_memory = recorded(pcm, tmp_path), recorded(pcm)
    for take in (kept, in_memory):
        assert take.n_samples == len(pcm)
        y, sr = take.load()
        assert sr == SR
        np.testing.assert_array_equal(pcm16(y), pcm)
    assert in_memory.folder is None
    names = ["audio.flac", "events.jsonl", "heard.mid", "settings.json"]
    assert sorted(path.name for path in kept.folder.iterdir()) == names


def test_a_take_in_memory_is_on_disk_only_after_save(pcm, tmp_path):
    take = recorded(pcm)
    take.set_labels(MELODY, confirmed=True)
    assert list(tmp_path.iterdir()) == []
    again = Take.open(take.save(tmp_path))
    assert again.n_samples == len(pcm)
    assert again.settings["labels_confirmed"] is True
    assert again.labels.names == MELODY.names
    np.testing.assert_allclose(again.labels.onset, MELODY.onset, atol=1e-4)
    assert len(again.events) == len(take.events)


def test_a_crash_costs_at_most_the_last_second(tmp_path):
    seconds = 4
    code = f"""
        import os, numpy as np
        from pianolab.live.takes import Recorder
        recorder = Recorder(sr={SR}, folder={str(tmp_path)!r}, settings={{}})
        ramp = (np.arange({seconds} * {SR}) % 2000).astype(np.int16)
        for start in range(0, len(ramp), 1024):
            recorder.write(ramp[start : start + 1024], [{{"kind": "gap", "time_s": start / {SR}, "seconds": 0}}])
        os._exit(9)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 9
    (folder,) = tmp_path.iterdir()
    take = Take.open(folder)
    y, _ = take.load()
    assert len(y) > (seconds - 1) * SR
    np.testing.assert_array_equal(pcm16(y), (np.arange(len(y)) % 2000).astype(np.int16))
    assert take.events[-1]["time_s"] > seconds - 1


def test_takes_of_the_same_second_get_folders_of_their_own(pcm, tmp_path):
    folders = {recorded(pcm[:2048], tmp_path).folder for _ in range(3)}
    assert folders == set(tmp_path.iterdir())
    assert [Take.open(folder).n_samples for folder in folders] == [2048] * 3


def test_a_folder_of_takes_is_a_data_set(pcm, tmp_path):
    from pianolab.data import load_dataset

    take = recorded(pcm, tmp_path)
    take.set_labels(MELODY, confirmed=True)
    recorded(pcm[:2048], tmp_path)  # a take that nobody labelled
    dataset = load_dataset(str(tmp_path))
    assert len(dataset) == 1
    assert dataset.recordings[0].notes().names == MELODY.names
    y, _ = dataset.recordings[0].load()
    assert len(y) == len(pcm)


def test_a_take_whose_labels_nobody_confirmed_is_scored_only_where_that_is_asked(pcm, tmp_path):
    from pianolab.compare import compare
    from pianolab.data import DatasetError, load_dataset

    take = recorded(pcm, tmp_path / "takes")
    take.set_labels(MELODY, confirmed=False)
    with pytest.raises(DatasetError, match="of 1 takes the labels are a proposal: confirm them on the page"):
        load_dataset(tmp_path / "takes")
    settings = {"jobs": 1, "cache": tmp_path / "kept", "progress": False}
    result = compare(tmp_path / "takes", TOY, unconfirmed=True, **settings)
    assert [len(played) for played in result.truths.values()] == [5]
    assert any("a proposal that nobody has confirmed" in text for *_, text in result.about["remarks"])
    assert "--unconfirmed" in result.about["command"]
    recorded(pcm, tmp_path / "takes").set_labels(MELODY, confirmed=True)
    result = compare(tmp_path / "takes", TOY, **settings)
    assert len(result.truths) == 1
    assert ["audio.flac" in path and "proposal" in why for _, path, why in result.about["skipped"]] == [True]
    take.set_labels(MELODY, confirmed=True)
    assert len(load_dataset(tmp_path / "takes")) == 2


def test_a_full_disk_stops_the_recording_and_not_the_music(pcm, tmp_path, monkeypatch):
    recorder = Recorder(sr=SR, folder=tmp_path)

    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder._file, "write", no_space)
    recorder.write(pcm[:1024], [])
    recorder.write(pcm[:1024], [{"kind": "on"}])
    assert "No space left" in recorder.problem
    assert recorder.take.events == [{"kind": "on"}]
    monkeypatch.undo()
    recorder.close()


def test_a_take_that_cannot_be_written_or_read_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TakeError, match="takes cannot be kept"):
        Recorder(sr=SR, folder=tmp_path / "file")
    with pytest.raises(TakeError, match="is no take"):
        Take.open(tmp_path)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / SETTINGS).write_text("{")
    with pytest.raises(TakeError, match="half is no take"):
        Take.open(tmp_path / "half")


def test_a_take_that_cannot_be_saved_stays_in_memory(pcm, tmp_path):
    recorder = Recorder(sr=SR)
    recorder.write(pcm[:SR], [])
    take = recorder.close()
    (tmp_path / "file").touch()
    with pytest.raises(TakeError, match=r"the take cannot be saved .*: choose another folder"):
        take.save(tmp_path / "file")
    assert take.folder is None
    assert take.save(tmp_path / "takes").parent == tmp_path / "takes"
    np.testing.assert_array_equal(pcm16(Take.open(take.folder).load()[0]), pcm[:SR])


def test_a_rate_that_no_file_can_have_is_refused_before_a_note_is_played():
    with pytest.raises(TakeError, match="a take cannot be kept at 700000 Hz: use at most 655350"):
        Recorder(sr=700_000)


def test_a_take_of_before_a_listener_was_called_so_has_its_notes(pcm, tmp_path):
    folder = recorded(pcm[:SR], tmp_path).folder
    on = {"kind": "on", "lane": 1, "note": 0, "midi": 60, "name": "C4", "time_s": 0.5, "heard_s": 0.55}
    on |= {"confidence": 0.9, "velocity": None, "level_db": -20.0, "cents": None}
    (folder / "events.jsonl").write_text(json.dumps(on) + "\n")
    take = Take.open(folder)
    assert len(take.notes(0)) == 0
    assert take.notes(1) == Notes([0.5], [1.0], [60], confidence=[0.9])


# ---- sources


def test_a_file_played_in_real_time_comes_in_real_time(pcm, tmp_path):
    sf.write(tmp_path / "melody.wav", pcm, SR)
    now = [10.0]
    source = FileSource(tmp_path / "melody.wav", clock=lambda: now[0])
    source.start()
    assert source.read() == []
    now[0] += 0.1
    heard = source.read()
    assert [frame for frame, _ in heard] == [0, 1024, 2048, 3072]  # 0.1 s is 4410 samples
    now[0] += 60
    rest = source.read()
    assert sum(len(y) for _, y in heard + rest) == len(pcm)
    assert source.done


def test_a_recording_played_to_a_stream_gives_its_notes_and_a_take(pcm, tmp_path):
    sf.write(tmp_path / "melody.wav", pcm, SR)
    events = []
    recorder = Recorder(sr=SR)
    source = FileSource(tmp_path / "melody.wav", speed=None)
    stream = play(source, Choice(TOY), heard=events.extend, recorder=recorder)
    assert stream.notes().names == MELODY.names
    assert [event["name"] for event in events if event["kind"] == "on"] == MELODY.names
    take = recorder.close()
    assert take.notes().names == MELODY.names
    np.testing.assert_array_equal(pcm16(take.load()[0]), pcm)


class FakeSoundCard:
    """Stands in for sounddevice.InputStream: calls back when told."""

    samplerate = 44100.0

    def __init__(self, *, callback, blocksize, channels, dtype, device):
        assert (channels, dtype) == (1, "int16")
        self.callback, self.blocksize, self.running = callback, blocksize, False

    def start(self):
        self.running = True

    def stop(self):
        self.running = False

    def close(self):
        self.running = None

    def deliver(self, samples):
        self.callback(samples[:, None], len(samples), None, None)
        samples[:] = 0  # PortAudio uses its buffer again: what was not copied is lost


def test_a_sound_card_s_blocks_arrive_in_order_and_copied(pcm):
    source = DeviceSource(open_stream=FakeSoundCard)
    source.start()
    for start in range(0, 8192, 1024):
        source._stream.deliver(pcm[start : start + 1024].copy())
    blocks = source.read()
    np.testing.assert_array_equal(np.concatenate([y for _, y in blocks]), pcm[:8192])
    assert [frame for frame, _ in blocks] == list(range(0, 8192, 1024))
    assert source.read() == []
    source.close()
    assert source._stream.running is None


def test_a_sound_card_that_nobody_reads_drops_and_counts(pcm):
    source = DeviceSource(open_stream=FakeSoundCard)
    for _ in range(300):
        source._stream.deliver(np.zeros(1024, np.int16))
    assert len(source.read()) == 256
    assert source.dropped == 44
    source._stream.deliver(np.zeros(1024, np.int16))
    assert source.read()[0][0] == 300 * 1024  # the hole stays visible in the frames


class SlowStream:
    """A stream whose detectors need ``pace`` seconds for a second of sound, by a clock that only they move."""

    def __init__(self, now, *, pace):
        self.now, self.pace, self.counts, self.heard = now, pace, {"blocks": 0}, []

    def feed(self, frame, y, *, sr, seq):
        assert seq == self.counts["blocks"]
        self.counts["blocks"] += 1
        self.now[0] += self.pace * len(y) / sr
        self.heard.append((frame, len(y)))
        return []


@pytest.mark.parametrize("pace", [0.3, 1.2, 2.0, 5.0])
def test_on_a_page_a_sound_card_is_never_heard_more_than_half_a_second_late(pace):
    source, now, given = DeviceSource(open_stream=FakeSoundCard), [0.0], 0
    stream = SlowStream(now, pace=pace)
    lag, holes, next_frame = [], [], 0

    def clock():  # The card goes on while a detector works.
        nonlocal given
        while (given + 1024) / SR <= now[0]:
            source._stream.deliver(np.zeros(1024, np.int16))
            given += 1024
        return now[0]

    while now[0] < 30:
        n = len(stream.heard)
        feed_in_time(source, stream, clock=clock)
        for frame, length in stream.heard[n:]:
            lag.append(now[0] - frame / SR)
            holes += [frame - next_frame] if frame > next_frame else []
            next_frame = frame + length
        now[0] += 0.025
    assert max(lag) < LAG_S + 0.025 + pace * 1024 / SR  # when it is asked, and the block that is heard then
    assert (source.dropped > 0) == (pace > 1)
    assert all(hole > 0.25 * SR for hole in holes)  # filled with silence they would take time, too
    assert 0 <= source.dropped * 1024 - sum(holes) < SR  # Each is counted; behind the last one nothing may have come.


def test_on_a_page_a_recording_waits_for_its_listeners_and_nothing_is_lost(pcm, tmp_path):
    sf.write(tmp_path / "melody.wav", pcm, SR)
    now = [10.0]
    source = FileSource(tmp_path / "melody.wav", clock=lambda: now[0])
    source.start()
    stream = SlowStream(now, pace=3.0)
    longest = 0.0
    while not source.done:
        now[0] += 0.025
        begun = now[0]
        feed_in_time(source, stream, clock=lambda: now[0])
        longest = max(longest, now[0] - begun)
    assert sum(n for _, n in stream.heard) == len(pcm)
    assert longest < LAG_S / 2 + 3.0 * 1024 / SR  # Then it answers.
    assert now[0] - 10.0 > 2.9 * len(pcm) / SR


def test_a_missing_sound_card_is_named_with_a_remedy():
    def no_card(**_):
        raise RuntimeError("Error querying device -1")

    with pytest.raises(SourceError, match="use the browser's"):
        DeviceSource(open_stream=no_card)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("raise ImportError", "sounddevice"),
        ("raise OSError('PortAudio library not found')", "PortAudio"),
    ],
)
def test_a_missing_library_of_the_sound_card_is_named_with_a_remedy(tmp_path, monkeypatch, module, message):
    (tmp_path / "sounddevice.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(SourceError, match=f"{message}.* install"):
        DeviceSource()


@pytest.mark.parametrize("speed", [0, -1])
def test_a_file_cannot_be_played_at_no_speed(speed, pcm, tmp_path):
    sf.write(tmp_path / "melody.wav", pcm, SR)
    with pytest.raises(SourceError, match="use more than 0"):
        FileSource(tmp_path / "melody.wav", speed=speed)


def test_events_are_plain_json(pcm, tmp_path):
    sound.write(tmp_path / "melody.wav", pcm / np.float32(32768), sr=SR)
    recorder = Recorder(sr=SR, folder=tmp_path / "takes")
    play(FileSource(tmp_path / "melody.wav", speed=None), Choice(TOY), recorder=recorder)
    take = recorder.close()
    lines = (take.folder / "events.jsonl").read_text().splitlines()
    assert len(lines) == 10

    def no_nan(text):
        raise AssertionError(f"{text} is not JSON")

    assert [json.loads(line, parse_constant=no_nan) for line in lines] == take.events


@pytest.mark.parametrize("keep", [True, False])
def test_a_take_keeps_the_pedal_that_was_heard_and_its_midi_has_it(pcm, tmp_path, keep):
    sound.write(tmp_path / "melody.wav", pcm / np.float32(32768), sr=SR)
    recorder = Recorder(sr=SR, folder=tmp_path / "takes" if keep else None)
    heard = play(FileSource(tmp_path / "melody.wav", speed=None), Choice(PEDALLED), recorder=recorder)
    take = recorder.close()
    take.save(tmp_path / "takes")
    assert len(take.pedal()) > 0
    assert sum(event["kind"] == "pedal" for event in take.events) == 2 * len(take.pedal())
    np.testing.assert_allclose(read_pedal(take.folder / "heard.mid"), take.pedal(), atol=5e-5)
    assert read_labels(take.folder / "heard.mid").names == heard.notes().names
    np.testing.assert_array_equal(Take.open(take.folder).pedal(), take.pedal())


def test_a_pedal_that_never_went_up_is_down_until_the_end_of_the_take():
    take = Take(sr=1000, name="now")
    take.n_samples = 3000
    common = {"kind": "pedal", "heard_s": 0.0, "confidence": 0.9}
    take.events = [
        {**common, "listener": 0, "down": True, "time_s": 0.5},
        {**common, "listener": 1, "down": True, "time_s": 0.6},
        {**common, "listener": 0, "down": False, "time_s": 1.0},
        {**common, "listener": 0, "down": True, "time_s": 2.0},
    ]
    assert take.pedal().tolist() == [[0.5, 1.0], [2.0, 3.0]]
    assert take.pedal(1).tolist() == [[0.6, 3.0]]
    assert take.pedal(2).shape == (0, 2)
    assert len(take.notes()) == 0


@pytest.mark.parametrize("bpm", [0, -1, 1e-300, 1e308, float("nan")])
def test_a_tempo_that_nobody_plays_is_refused(bpm):
    with pytest.raises(PromptError, match="is no tempo: use 1 to 1000"):
        Prompt.of("C4 D4", bpm=bpm)
