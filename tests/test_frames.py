"""The same frames whatever the blocks: the ground that everything after it stands on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianolab.frames import MAX_FRAMES_PER_SPAN, Framer, frame_count, frame_times, frames_of


def cut(n_samples, *, frame_length, hop_length, lookahead):
    """The definition: frame k ends before sample k * hop_length + lookahead; zeros where there is no sound."""
    y = np.arange(1, n_samples + 1, dtype=np.float32)
    padded = np.concatenate([np.zeros(frame_length - lookahead), y, np.zeros(frame_length + hop_length)])
    n_frames = int(np.ceil(n_samples / hop_length))
    starts = hop_length * np.arange(n_frames)
    return padded[starts[:, None] + np.arange(frame_length)].astype(np.float32)


def push_all(framer, n_samples, ends=()):
    """Spans of the ramp 1, 2, 3, ... in blocks that end at ``ends``; one sample has one value, so none can hide."""
    y = np.arange(1, n_samples + 1, dtype=np.float32)
    spans = [span for block in np.split(y, sorted(ends)) for span in framer.push(block)]
    return spans + list(framer.flush())


def joined(spans, frame_length):
    return np.concatenate([np.zeros((0, frame_length), np.float32), *(frames_of(span) for span in spans)])


@st.composite
def settings_of_a_framer(draw):
    frame_length = draw(st.integers(1, 24))
    return {
        "frame_length": frame_length,
        "hop_length": draw(st.integers(1, frame_length)),
        "lookahead": draw(st.integers(1, frame_length)),
    }


@settings(max_examples=200, deadline=None)
@given(settings_of_a_framer(), st.integers(0, 1500), st.lists(st.integers(0, 1500), max_size=30))
def test_the_frames_are_those_of_the_definition_however_the_stream_is_cut(shape, n_samples, ends):
    spans = push_all(Framer(**shape, sr=1000), n_samples, ends)
    assert np.array_equal(joined(spans, shape["frame_length"]), cut(n_samples, **shape))
    first = 0
    for span in spans:
        assert span.first_frame == first
        assert 1 <= span.n_frames <= MAX_FRAMES_PER_SPAN
        assert np.array_equal(span.times, np.arange(first, first + span.n_frames) * (shape["hop_length"] / 1000))
        first += span.n_frames
    assert first == frame_count(n_samples, hop_length=shape["hop_length"])


@settings(max_examples=100, deadline=None)
@given(settings_of_a_framer(), st.integers(-3, 3), st.integers(0, 2))
def test_no_frame_is_lost_where_the_buffer_is_just_full(shape, more, n_hops):
    full = shape["lookahead"] + (MAX_FRAMES_PER_SPAN + n_hops) * shape["hop_length"]
    n_samples = max(0, full + more)
    spans = push_all(Framer(**shape, sr=1000), n_samples)
    assert np.array_equal(joined(spans, shape["frame_length"]), cut(n_samples, **shape))


@pytest.mark.parametrize("block", [1, 128, 441, 1024, 4096, 30_000])
def test_two_thirds_of_a_second_in_blocks_gives_the_same_bits(block):
    shape = {"frame_length": 4096, "hop_length": 512, "lookahead": 2048}
    spans = push_all(Framer(**shape, sr=44100), 30_000, range(block, 30_000, block))
    assert np.array_equal(joined(spans, 4096), cut(30_000, **shape))


@pytest.mark.parametrize("frame_length", [8, 9])
def test_frame_k_is_centred_on_sample_k_hops(frame_length):
    frames = joined(push_all(Framer(frame_length=frame_length, hop_length=3, sr=100), 60), frame_length)
    assert len(frames) == 20
    assert np.array_equal(frames[:, frame_length // 2], 1 + 3 * np.arange(20))


@settings(max_examples=50, deadline=None)
@given(settings_of_a_framer())
def test_a_frame_comes_out_with_its_last_sample_and_not_later(shape):
    framer = Framer(**shape, sr=1000)
    for n_samples in range(1, 100):
        for span in framer.push(np.ones(1, np.float32)):
            last_frame = span.first_frame + span.n_frames - 1
            assert last_frame * shape["hop_length"] + shape["lookahead"] == n_samples


def test_a_large_block_leaves_no_whole_frame_behind():
    framer = Framer(frame_length=4, hop_length=2, sr=100)
    n_samples = 2 + 2 * MAX_FRAMES_PER_SPAN
    spans = list(framer.push(np.ones(n_samples, np.float32)))
    assert [span.n_frames for span in spans] == [MAX_FRAMES_PER_SPAN, 1]


def test_after_flush_the_framer_is_as_new():
    framer = Framer(frame_length=7, hop_length=3, sr=100)
    once, again = push_all(framer, 50), push_all(framer, 50)
    assert len(joined(once, 7)) == 17
    assert np.array_equal(joined(once, 7), joined(again, 7))
    assert again[0].first_frame == 0


def test_reset_forgets_half_a_frame():
    framer = Framer(frame_length=7, hop_length=3, sr=100)
    list(framer.push(np.full(2, 99, np.float32)))
    framer.reset()
    assert np.array_equal(joined(push_all(framer, 50), 7), cut(50, frame_length=7, hop_length=3, lookahead=4))


def test_nothing_in_gives_nothing_out():
    framer = Framer(frame_length=7, hop_length=3, sr=100)
    assert list(framer.push(np.zeros(0, np.float32))) == []
    assert list(framer.flush()) == []


def test_one_sample_is_one_frame():
    frames = joined(push_all(Framer(frame_length=5, hop_length=2, sr=100), 1), 5)
    assert frames.tolist() == [[0, 0, 1, 0, 0]]


def test_frame_times_do_not_drift_in_three_hours():
    n_frames = 3 * 3600 * 44100 // 512
    last = frame_times(n_frames - 1, 1, hop_length=512, sr=44100)[0]
    assert last == pytest.approx((n_frames - 1) * 512 / 44100, abs=1e-9)


def test_a_span_keeps_its_samples_while_more_come_in():
    framer = Framer(frame_length=6, hop_length=2, sr=100)
    first = next(iter(framer.push(np.ones(6, np.float32))))
    before = first.samples.copy()
    list(framer.push(np.full(500, 7, np.float32)))
    assert np.array_equal(first.samples, before)


def test_frames_are_views_that_cannot_be_written():
    span = push_all(Framer(frame_length=6, hop_length=2, sr=100), 40)[0]
    frames = frames_of(span)
    assert np.shares_memory(frames, span.samples)
    with pytest.raises(ValueError, match="read-only"):
        frames[0, 0] = 1


def test_a_short_window_sits_in_the_middle_of_the_frame_or_where_it_is_told():
    span = push_all(Framer(frame_length=9, hop_length=4, sr=100), 80)[0]
    whole = frames_of(span)
    assert len(whole) > 1
    assert np.array_equal(frames_of(span, length=3), whole[:, 3:6])
    assert np.array_equal(frames_of(span, length=4, end=9), whole[:, 5:])
    assert np.array_equal(frames_of(span, length=4, end=4), whole[:, :4])


@pytest.mark.parametrize(("length", "end"), [(0, None), (10, None), (4, 3), (4, 10)])
def test_a_window_that_does_not_fit_is_refused(length, end):
    span = push_all(Framer(frame_length=9, hop_length=4, sr=100), 80)[0]
    with pytest.raises(ValueError, match="is not inside a frame of 9"):
        frames_of(span, length=length, end=end)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ({"frame_length": 8, "hop_length": 0}, "hop_length 0 must lie in"),
        ({"frame_length": 8, "hop_length": 9}, "hop_length 9 must lie in"),
        (
            {"frame_length": 32768, "hop_length": 31},
            "hop_length 31 is too short for frame_length 32768: use at least 32",
        ),
        ({"frame_length": 8, "hop_length": 2, "lookahead": 0}, "lookahead 0 must lie in"),
        ({"frame_length": 8, "hop_length": 2, "lookahead": 9}, "lookahead 9 must lie in"),
        ({"frame_length": 8.5, "hop_length": 2}, "frame_length 8.5 is not a number of samples: use a whole number"),
        ({"frame_length": 8, "hop_length": 4.5}, "hop_length 4.5 is not a number of samples"),
        ({"frame_length": 8, "hop_length": 2, "lookahead": np.nan}, "lookahead nan is not a number of samples"),
        ({"frame_length": 8, "hop_length": 2, "sr": np.nan}, "sr nan is not a rate: use Hz above 0"),
        ({"frame_length": 8, "hop_length": 2, "sr": 0}, "sr 0 is not a rate"),
    ],
)
def test_a_framer_that_makes_no_sense_is_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        Framer(**{"sr": 100, **shape})
