"""The built-in set is whole, honest and rendered the same everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pianolab import piano, sound
from pianolab.data import builtin, builtin_checks, check_builtin
from pianolab.data.builtin import (
    BuiltinError,
    audio_path,
    builtin_index,
    data_dir,
    notes_path,
    render_builtin,
)
from pianolab.labels import read_labels, read_pedal
from pianolab.roll import Notes
from pianolab.units import MIDI_HIGH, MIDI_LOW

ROOT = Path(__file__).resolve().parents[2]
BUILTIN = ROOT / "data" / "builtin"


@pytest.fixture(scope="module")
def entries():
    return builtin_index()


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A copy of the set with its two shortest recordings, to break."""
    entries = sorted(builtin_index(), key=lambda entry: entry["seconds"])[:2]
    folder = tmp_path / "builtin"
    (folder / "notes").mkdir(parents=True)
    for entry in entries:
        shutil.copy(notes_path(entry), folder / "notes")
    builtin.write_index(entries, folder)
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path))
    return folder


@pytest.fixture
def composer(monkeypatch):
    """The modules of data/builtin."""
    monkeypatch.syspath_prepend(str(BUILTIN))
    import compose
    import score

    return compose, score


def notes_of(entry):
    return read_labels(notes_path(entry))


def test_the_whole_set_has_no_problems():
    assert check_builtin() == []


def test_the_committed_note_lists_are_what_the_generator_writes(composer):
    compose, _ = composer
    assert compose.differences() == []


def test_there_are_8_to_15_minutes_in_at_least_40_recordings_20_of_them_test(entries):
    minutes = sum(entry["seconds"] for entry in entries) / 60
    assert 8 <= minutes <= 15
    assert len(entries) >= 40
    assert sum(entry["split"] == "test" for entry in entries) >= 20


def test_the_readme_says_how_much_there_is(entries):
    minutes = sum(entry["seconds"] for entry in entries) / 60
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert f"{len(entries)} recordings, {minutes:.1f} minutes" in text
    for kind in ("notes", "scale", "melody", "chords", "piece"):
        test, tune = (sum((e["kind"], e["split"]) == (kind, split) for e in entries) for split in ("test", "tune"))
        assert f"| {kind} | {test} | {tune} |" in text


def test_the_index_states_the_length_of_each_sound(entries):
    for entry in entries:
        info = sound.info(audio_path(entry))
        assert (info.sr, info.channels) == (44100, 1)
        assert info.seconds == pytest.approx(entry["seconds"], abs=0.001)


def test_no_piece_is_both_tune_and_test(entries):
    pieces = {split: {entry["piece"] for entry in entries if entry["split"] == split} for split in ("tune", "test")}
    assert pieces["tune"]
    assert pieces["test"]
    assert not pieces["tune"] & pieces["test"]


def test_one_piano_in_one_room_is_heard_in_test_only_and_every_piano_and_room_in_both(entries):
    places = {split: {(e["piano"], e["room"]) for e in entries if e["split"] == split} for split in ("tune", "test")}
    assert ("bright", "hall") in places["test"] - places["tune"]
    for which in (0, 1):
        assert {place[which] for place in places["tune"]} == {place[which] for place in places["test"]}


def test_every_key_is_played_at_three_loudnesses_264_test_notes_in_all(entries):
    notes = [notes_of(entry) for entry in entries if entry["kind"] == "notes" and entry["split"] == "test"]
    midi, velocity = (np.concatenate([getattr(n, name) for n in notes]) for name in ("midi", "velocity"))
    assert len(midi) == 264
    for key in range(MIDI_LOW, MIDI_HIGH + 1):
        soft, medium, loud = sorted(velocity[midi == key])
        assert soft < 45 < medium < 80 < loud


def test_each_loudness_of_the_test_notes_is_heard_on_three_pianos_in_three_rooms(entries):
    for loudness in ("p", "mf", "ff"):
        mine = [entry for entry in entries if entry["id"].startswith(f"notes_{loudness}_")]
        assert len({entry["piano"] for entry in mine}) == len({entry["room"] for entry in mine}) == 3


def test_every_single_note_sounds_at_least_700_ms_and_has_a_second_to_itself(entries):
    for entry in (entry for entry in entries if entry["kind"] == "notes"):
        notes = notes_of(entry)
        assert np.min(notes.offset - notes.onset) >= 0.7
        assert np.min(np.diff(notes.onset)) >= 0.95
        assert np.max(np.diff(np.sort(notes.midi))) <= 8  # every recording has every register


def test_tune_notes_cover_every_key(entries):
    notes = [notes_of(entry) for entry in entries if entry["kind"] == "notes" and entry["split"] == "tune"]
    assert sorted(np.concatenate([n.midi for n in notes])) == list(range(MIDI_LOW, MIDI_HIGH + 1))


def test_monophonic_recordings_hold_one_key_at_a_time_without_pedal(entries):
    mine = [entry for entry in entries if entry["kind"] in ("notes", "scale", "melody")]
    assert len(mine) >= 30
    for entry in mine:
        notes = notes_of(entry)
        assert np.all(notes.onset[1:] > notes.offset[:-1])
        assert len(read_pedal(notes_path(entry))) == 0


@pytest.mark.parametrize(("kind", "n_least"), [("melody", 6), ("piece", 6), ("chords", 2), ("scale", 4)])
def test_there_is_enough_of_every_kind(entries, kind, n_least):
    assert len({entry["piece"] for entry in entries if entry["kind"] == kind}) >= n_least


def test_melodies_cross_the_keyboard(entries):
    notes = np.concatenate([notes_of(entry).midi for entry in entries if entry["kind"] == "melody"])
    for low, high in ((21, 35), (36, 59), (60, 83), (84, 108)):
        assert np.sum((notes >= low) & (notes <= high)) > 20


def test_chords_have_two_to_six_notes(entries):
    for entry in (entry for entry in entries if entry["kind"] == "chords"):
        onsets = notes_of(entry).onset
        sizes = np.diff(np.flatnonzero(np.concatenate([[True], np.diff(onsets) > 0.5, [True]])))
        assert set(sizes) == {2, 3, 4, 5, 6}


def test_six_two_handed_pieces_use_the_pedal(entries):
    pieces = [entry for entry in entries if entry["kind"] == "piece"]
    assert sum(len(read_pedal(notes_path(entry))) > 0 for entry in pieces) >= 6
    for entry in pieces:
        midi = notes_of(entry).midi
        assert midi.max() - midi.min() >= 20


def test_hands_do_not_land_together_in_chords(entries):
    entry = next(entry for entry in entries if entry["id"] == "chopin_prelude_op28_no7")
    gaps = np.diff(notes_of(entry).onset)
    close = gaps[gaps < 0.05]
    assert len(close) > 20
    assert 0.001 < np.median(close) < 0.02


def test_a_bar_that_does_not_add_up_is_refused(composer, tmp_path):
    _, score = composer
    text = (BUILTIN / "scores" / "ode_to_joy.txt").read_text(encoding="utf-8")
    path = tmp_path / "limping.txt"
    path.write_text(text.replace("E4*3 D D*4", "E4*3 D D*3"), encoding="utf-8")
    with pytest.raises(score.ScoreError, match=r"limping.txt, line 11: the bar .* has 7 units where 8 belong"):
        score.read_score(path)


def test_a_score_is_read_as_written(composer, tmp_path):
    _, score = composer
    path = tmp_path / "two_bars.txt"
    fields = (
        "title: t\ncomposer: c\nkind: piece\nsplit: tune\npiano: grand\nroom: dry\nmeter: 3/4\nunit: 1/8\ntempo: 60"
    )
    path.write_text(f"{fields}\nright 70: C4+E+G*2 . D*3 | %\nright 50 12: .*4 Bb3*2\n", encoding="utf-8")
    events = score.read_score(path).voices["right"]
    assert [(e.start, e.length, e.midi, e.loudness) for e in events] == [
        (0, 2, (60, 64, 67), 70),
        (3, 3, (62,), 70),
        (6, 2, (60, 64, 67), 70),
        (9, 3, (62,), 70),
        (16, 2, (70,), 50),
    ]


def test_rendering_again_renders_nothing_new(few):
    assert len(render_builtin(progress=False)) == 2
    assert render_builtin(progress=False) == []
    assert len(render_builtin(progress=False, force=True)) == 2


def test_changed_notes_are_rendered_again(few):
    render_builtin(progress=False)
    name = builtin_index()[0]["id"]
    shutil.copy(next(p for p in (few / "notes").glob("*.mid") if p.stem != name), few / "notes" / f"{name}.mid")
    assert render_builtin(progress=False) == [name]


@pytest.mark.parametrize("name", ["instruments.py", "strokes.py", "rooms.py", "rendering.py"])
def test_a_changed_piano_is_another_source(tmp_path, monkeypatch, name):
    before = builtin.piano_source()
    folder = shutil.copytree(Path(piano.__file__).parent, tmp_path / "piano")
    monkeypatch.setattr(builtin, "_PIANO", folder)
    assert builtin.piano_source() == before
    (folder / name).write_text((folder / name).read_text(encoding="utf-8") + "# louder\n", encoding="utf-8")
    assert builtin.piano_source() != before


def test_what_rendering_imports_of_the_piano_is_its_source():
    folder, found, waiting = Path(piano.__file__).parent, set(), {"rendering"}
    while waiting:
        name = waiting.pop()
        found.add(name)
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        waiting |= set(re.findall(r"from pianolab\.piano\.(\w+) import", text)) - found
    assert {f"{name}.py" for name in found} == set(builtin._RENDERS)


def test_a_half_written_sound_is_rendered_again(few):
    render_builtin(progress=False)
    path = audio_path(builtin_index()[0])
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    assert render_builtin(progress=False) == [path.stem]
    assert path.read_bytes() == whole


def test_two_processes_may_render_at_the_same_time(few):
    code = "from pianolab.data.builtin import render_builtin; render_builtin(progress=False, force=True)"
    both = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert render_builtin(progress=False) == []
    assert sorted(path.suffix for path in (few / "audio").iterdir()) == [".flac", ".flac"]


def test_another_sound_does_not_pass_for_its_fingerprint(few):
    entries = builtin_index()
    render_builtin(progress=False)
    entries[0]["fingerprint_db"][2][3] += 1.0
    builtin.write_index(entries, few)
    (problem,) = [p for p in check_builtin() if "fingerprint" in p]
    assert problem.startswith(f"{entries[0]['id']}: sounds up to 1.")


def test_check_names_a_missing_note_list_and_a_piece_in_both_splits(few):
    entries = builtin_index()
    entries[1] |= {"piece": entries[0]["piece"], "split": {"tune": "test", "test": "tune"}[entries[0]["split"]]}
    builtin.write_index(entries, few)
    (few / "notes" / f"{entries[0]['id']}.mid").unlink()
    problems = "\n".join(check_builtin())
    assert f"in index.json without notes/{entries[0]['id']}.mid" in problems
    assert f"piece {entries[0]['piece']}: both tune and test" in problems


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"split": "train"}, "split 'train' is neither tune nor test"),
        ({"piano": "harpsichord"}, "piano 'harpsichord' or room"),
        ({"seconds": 0.5}, "a note ends after the 0.5 s of sound"),
        ({"fingerprint_db": [[-90.0] * 8]}, "s of sound where the fingerprint has 1 s"),
    ],
)
def test_check_names_what_the_index_says_wrong_of_a_recording(few, changed, said):
    entries = builtin_index()
    render_builtin(progress=False)
    entries[0] |= changed
    builtin.write_index(entries, few)
    assert [p for p in check_builtin() if p.startswith(entries[0]["id"]) and said in p]


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        (Notes.empty(), "no notes"),
        (Notes([0.1, 0.2], [0.5, 0.6], [60, 64]), "notes overlap"),
        (Notes([0.1, 0.2], [0.5, 0.6], [60, 60]), "key 60 is struck while it is down"),
    ],
)
def test_check_names_what_is_wrong_in_a_note_list(notes, said):
    entry = next(entry for entry in builtin_index() if entry["kind"] == "melody")
    problems = builtin_checks._label_problems(entry, notes)
    assert [p for p in problems if p.startswith(entry["id"]) and said in p]


def test_a_440_hz_tone_fingerprints_into_its_octave():
    t = np.arange(44100 * 2) / 44100
    bands = builtin.fingerprint(0.1 * np.sin(2 * np.pi * 440 * t), sr=44100)
    assert bands.shape == (2, 8)
    assert np.allclose(bands[:, 3], -23.0, atol=0.05)  # mean square of 0.1 sin: 0.005
    assert np.all(np.delete(bands, 3, axis=1) < -60)


def test_a_folder_without_the_set_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PIANOLAB_DATA", str(tmp_path))
    with pytest.raises(BuiltinError, match=r"has no builtin/index\.json: unset it, or name the data folder of a clone"):
        data_dir()


def test_a_folder_that_cannot_be_written_is_refused_with_the_remedy(few):
    (few / "audio").write_text("a file where the folder belongs")
    with pytest.raises(BuiltinError, match=r"cannot be written \(File exists\): .* set PIANOLAB_DATA to a copy"):
        render_builtin(progress=False)


def test_a_damaged_index_is_refused(few):
    lists = [3, [3], [{}], [builtin_index()[0] | {"piano": 3}]]
    for text in ("{", "[]", *(json.dumps({"recordings": entries}) for entries in lists)):
        (few / "index.json").write_text(text)
        with pytest.raises(BuiltinError, match=r"index\.json is damaged \(.*\): restore it with git checkout"):
            builtin_index()


def test_a_recording_that_the_set_does_not_have_is_not_rendered(few):
    name = builtin_index()[0]["id"]
    with pytest.raises(BuiltinError, match=f"has no recording '{name}x': did you mean {name}"):
        render_builtin(progress=False, ids=[name, f"{name}x"])
    assert not (few / "audio").exists()


def test_clips_are_small_and_their_labels_fit_their_sound():
    clips = sorted((ROOT / "data" / "clips").glob("*.flac"))
    assert len(clips) >= 4
    assert sum(path.stat().st_size for path in clips) < 2e6
    for path in clips:
        notes = read_labels(path.with_suffix(".mid"))
        y, sr = sound.load(path)
        assert len(notes) > 0
        assert notes.offset.max() <= len(y) / sr
        start = round(notes.onset[0] * sr)
        assert np.max(np.abs(y[: start - 1])) < 1e-4 < np.max(np.abs(y[start : start + sr // 20]))


def test_index_json_is_plain_json_in_utf8():
    text = (BUILTIN / "index.json").read_text(encoding="utf-8")
    assert "나비야" in text
    assert json.loads(text)["sr"] == 44100
