"""One set of answers under many protocols: means, pooled notes, what alignment gives, and who changes places."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from pianolab import sound
from pianolab.compare import CompareError, compare
from pianolab.compare.cache import Cache, Heard
from pianolab.compare.protocols import (
    ProtocolRow,
    alignment_gains,
    find_drifts,
    flips,
    score_protocols,
    score_tolerances,
    sentences,
    summarise_protocols,
)
from pianolab.data import Recording
from pianolab.piano import render
from pianolab.roll import Notes
from pianolab.scores import Drift, Protocol, find_presets
from pianolab.session import Transcription


class Who(NamedTuple):
    """As much of a participant as scores ask for."""

    detector: str
    params: str = ""


def rows(values, *, average="recordings", metric="onset_f1"):
    """Rows from {(protocol, detector): a value for each recording}; each recording has ten notes of both sides."""
    found = []
    for (name, detector), each in values.items():
        for i, value in enumerate(each):
            of = ("set", f"song {i}", "", detector, "", name, f"stamp of {name}", average)
            found += [ProtocolRow(*of, metric, value)]
            found += [ProtocolRow(*of, side, 10.0) for side in ("n_reference", "n_estimate")]
    return pd.DataFrame(found, columns=pd.Index(ProtocolRow._fields))


def heard(notes):
    return Heard(Transcription(notes, 10.0, 0.1))


# Who changes places.


def test_two_that_change_places_are_a_flip_and_it_says_where():
    found = flips(
        rows({("p", "a"): [0.9, 0.8], ("p", "b"): [0.7, 0.6], ("q", "a"): [0.5, 0.4], ("q", "b"): [0.6, 0.5]})
    )
    assert len(found) == 1
    row = found.iloc[0]
    assert (row.detector, row.other, row.leads, row.trails) == ("a", "b", "p", "q")
    assert (row.most, row.least) == pytest.approx((0.2, -0.1))
    assert row.shown  # Both differences are the same on each recording.


def test_a_flip_by_chance_is_not_shown():
    found = flips(
        rows({("p", "a"): [0.9, 0.2], ("p", "b"): [0.2, 0.8], ("q", "a"): [0.4, 0.5], ("q", "b"): [0.6, 0.5]})
    )
    assert list(found.shown) == [False]


@pytest.mark.parametrize("b_under_q", [[0.5, 0.4], [0.4, 0.5]])
def test_a_tie_is_no_flip(b_under_q):
    assert flips(
        rows({("p", "a"): [0.9, 0.8], ("p", "b"): [0.7, 0.6], ("q", "a"): [0.5, 0.4], ("q", "b"): b_under_q})
    ).empty


def test_a_flip_needs_recordings_that_both_heard():
    found = rows({("p", "a"): [0.9], ("p", "b"): [0.8], ("q", "a"): [0.1], ("q", "b"): [0.9]})
    apart = found.loc[~((found.name == "q") & (found.detector == "b"))]
    elsewhere = found.loc[(found.name == "q") & (found.detector == "b")].assign(recording="another song")
    assert flips(pd.concat([apart, elsewhere])).empty
    assert len(flips(found)) == 1


# Scores.


def test_each_protocol_scores_the_same_answers(tmp_path):
    """Heard 60 ms late, as long as the pedal holds: wrong as it is, right once shifted, its length by one rule only."""
    place, who = ("set", "song"), Who("late")
    truth = Notes([1.0, 2.0, 3.0], [1.2, 2.2, 3.2], [60, 62, 64])
    long = Notes(truth.onset, truth.onset + 0.9, truth.midi)
    said = Notes(truth.onset + 0.06, truth.onset + 0.96, truth.midi)
    drift = Drift(np.array([0.0, 10.0]), np.array([0.06, 0.06]))
    table = summarise_protocols(
        score_protocols(
            {place: Recording("song", Path("song.wav"))},
            {(place, who): heard(said)},
            {"release": {place: truth}, "extended": {place: long}},
            {place: drift},
            find_presets("mir_eval,transkun_maps,drift,maps_30s"),
            Cache(tmp_path),
        )
    )
    means = table.pivot_table(index="name", columns="metric", values="mean")
    assert means.onset_f1.to_dict() == {"mir_eval": 0.0, "maps_30s": 0.0, "transkun_maps": 1.0, "drift": 1.0}
    assert means.note_f1.to_dict() == {"mir_eval": 0.0, "maps_30s": 0.0, "transkun_maps": 1.0, "drift": 0.0}
    assert means.shift_ms.dropna().to_dict() == {"transkun_maps": pytest.approx(60.0)}
    gains = alignment_gains(table, find_presets("mir_eval,transkun_maps,drift"))
    assert gains[["alignment", "gain"]].values.tolist() == [["shift", 1.0], ["drift", 1.0]]
    said = sentences(table, flips(pd.DataFrame(columns=pd.Index(ProtocolRow._fields))), gains, "set")
    assert said[0] == "One constant shift changes onset F1 by: late +1.000."


def test_the_drift_of_each_recording_is_found_once_and_said(tmp_path):
    """The sound begins 60 ms after its labels; a sound that is not there has no drift, and that is said."""
    onset_s = np.arange(8) * 0.5 + 0.5
    truth = Notes(onset_s, onset_s + 0.4, [60, 64, 67, 72, 60, 64, 67, 72])
    late = np.concatenate([np.zeros(1323, np.float32), render(truth, sr=22050)])
    sound.write(tmp_path / "late.wav", late, sr=22050)
    recordings = {("set", name): Recording(name, tmp_path / f"{name}.wav") for name in ("late", "gone")}
    truths, cache = dict.fromkeys(recordings, truth), Cache(tmp_path / "kept")
    drifts, remarks = find_drifts(recordings, truths, None, cache)
    assert list(drifts) == [("set", "late")]
    assert np.array(drifts["set", "late"].range_s) == pytest.approx([0.06, 0.06], abs=0.02)
    assert [(name, what) for _, name, what, _ in remarks] == [("late", "drift"), ("gone", "drift")]
    assert "ms later than its labels" in remarks[0][3]
    assert remarks[1][3].startswith("none is known: ")
    again, _ = find_drifts(recordings, truths, None, cache)
    assert again["set", "late"].shift_s.tolist() == drifts["set", "late"].shift_s.tolist()


def test_over_notes_long_recordings_count_more(tmp_path):
    """One recording of 2 notes all right, one of 8 notes all wrong: 1/2 over recordings, 2/10 over notes."""
    place = {n: ("set", f"song of {n}") for n in (2, 8)}
    truth = {n: Notes(np.arange(n) * 1.0, np.arange(n) + 0.5, np.full(n, 60)) for n in (2, 8)}
    said = {2: truth[2], 8: Notes(truth[8].onset, truth[8].offset, np.full(8, 61))}
    recordings = {place[n]: Recording(f"song of {n}", Path("song.wav")) for n in (2, 8)}
    outcomes = {(place[n], Who("a")): heard(said[n]) for n in (2, 8)}
    truths = {"release": {place[n]: truth[n] for n in (2, 8)}}
    named = find_presets("mir_eval,over_notes")
    table = summarise_protocols(score_protocols(recordings, outcomes, truths, {}, named, Cache(tmp_path)))
    onset = table.loc[table.metric == "onset_f1"].set_index("name")["mean"]
    assert onset.to_dict() == pytest.approx({"mir_eval": 0.5, "over_notes": 0.2})


def test_a_note_70_ms_late_is_right_from_70_ms_of_tolerance_on(tmp_path):
    place, truth = ("set", "song"), Notes([1.0], [2.0], [60])
    curve = score_tolerances(
        {(place, Who("a")): heard(Notes([1.07], [2.0], [60]))}, {place: truth}, Protocol(), Cache(tmp_path)
    )
    assert list(curve.onset_ms) == list(range(10, 101, 10))
    assert list(curve.onset_f1) == [0.0] * 6 + [1.0] * 4


def test_what_a_main_protocol_cannot_do_is_said_before_anything_is_heard():
    with pytest.raises(CompareError, match=r"alignment 'drift': pass it in protocols"):
        compare("builtin", "yin", protocol=Protocol(alignment="drift"))
    with pytest.raises(CompareError, match=r"excerpt_s 30: use seconds"):
        compare("builtin", "yin", protocol=Protocol(excerpt_s=30))
    with pytest.raises(CompareError, match="protocols: 'mine' is no name of a protocol"):
        compare("builtin", "yin", protocols={"mine": 0.05})
