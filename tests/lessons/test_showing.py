"""What the notebooks put around the package: small players, labelled pictures, sliders that move them."""

import asyncio
import html
import io
import sys

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import soundfile as sf

from pianolab.errors import reason
from pianolab.lessons import showing, spectra, waves
from pianolab.lessons.playing import tone
from pianolab.lessons.showing import choose, explore, figure, hear, player, png

SR = 22050


def a4(seconds=0.5, sr=SR):
    return tone(440, seconds, sr=sr, amplitudes=[0.5])


def axes_of(fig):
    return [ax for ax in fig.axes if ax.get_label() != "<colorbar>"]


def test_a_picture_is_a_small_png():
    fig, ax = figure(9, 2.6)
    waves.zoom(ax, a4(), sr=SR)
    data = png(fig)
    assert data.startswith(b"\x89PNG")
    assert 2000 < len(data) < 40_000


def test_a_few_coloured_points_on_many_greys_keep_their_colour():
    fig, ax = figure(4, 3)
    ax.imshow(np.random.default_rng(0).random((200, 300)), cmap="gray")
    ax.plot([150], [100], "x", color="#56B4E9", markersize=12)
    shown = np.asarray(PIL.Image.open(io.BytesIO(png(fig))).convert("RGB"), int)
    assert np.abs(shown - [0x56, 0xB4, 0xE9]).max(axis=2).min() < 10


def test_a_picture_says_in_words_what_it_shows():
    words = showing.in_words(showing.sound_figure(a4(), sr=SR, title="A4"))
    assert words.startswith("A4. amplitude (full scale = 1) over time (s). frequency (Hz) over time (s)")


def rows_with_labels(*upwards):
    fig, axes = figure(rows=len(upwards), sharex=True)
    for ax, label in zip(axes, upwards, strict=True):
        ax.set(xlabel="time (s)", ylabel=label)
    showing.label_once(axes)
    return fig, [(ax.get_xlabel(), ax.get_ylabel()) for ax in axes]


def test_rows_that_share_an_axis_name_it_once():
    fig, labels = rows_with_labels("key", "key", "key")
    assert labels == [("", ""), ("", ""), ("time (s)", "")]
    assert fig.get_supylabel() == "key"
    assert showing.in_words(fig) == "key over time (s)"


def test_rows_that_show_different_things_keep_their_names():
    fig, labels = rows_with_labels("key", "level (dB)")
    assert labels == [("", "key"), ("time (s)", "level (dB)")]
    assert fig.get_supylabel() == ""


def test_a_picture_is_what_matplotlib_would_save():
    fig = waves.harmonics_figure(4)
    kept, saved = io.BytesIO(png(fig)), io.BytesIO()
    fig.savefig(saved, format="png", dpi=fig.get_dpi())
    one, other = (np.asarray(PIL.Image.open(file).convert("RGB"), int) for file in (kept, saved))
    assert one.shape == other.shape
    assert np.mean(np.abs(one - other)) < 1


# ------------------------------------------------------------------------------------------------------- sounds


def played(audio):
    assert audio.mimetype == "audio/flac"
    return sf.read(io.BytesIO(audio.data))


def test_a_player_holds_the_sound_as_loud_as_it_is():
    y, sr = played(player(a4(), sr=SR))
    assert sr == SR
    assert np.max(np.abs(y)) == pytest.approx(0.5, abs=0.001)
    np.testing.assert_allclose(y[:5000], a4()[:5000], atol=1e-4)


def test_a_player_of_44100_hz_plays_a4_at_22050_hz():
    y, sr = played(player(a4(sr=44100), sr=44100))
    assert sr == SR
    assert np.argmax(np.abs(np.fft.rfft(y))) * sr / len(y) == pytest.approx(440, abs=2)


def test_a_player_is_short_and_ends_without_a_click():
    y, sr = played(player(a4(seconds=9), sr=SR))
    assert len(y) == 2 * sr
    assert abs(y[-1]) < 0.01


def test_hearing_shows_a_picture_before_the_player(monkeypatch):
    seen = []
    monkeypatch.setattr("pianolab.lessons.showing.display", lambda thing, **_: seen.append(thing))
    hear(0.01 * a4(), sr=SR, title="A4, soft")
    picture, sound = seen
    assert axes_of(picture)
    assert np.max(np.abs(played(sound)[0])) == pytest.approx(1, abs=0.01)


def test_silence_is_not_turned_up():
    y, _ = played(player(np.zeros(SR), sr=SR))
    assert len(y) == SR
    assert not np.any(y)


# ------------------------------------------------------------------------------------------------------ sliders


def test_a_moved_slider_changes_the_picture_and_moved_back_restores_it():
    explorer = explore(waves.aliasing_figure, hz=[5000, 1000, 3000])
    first = explorer.image.value
    explorer.controls["hz"].value = 3000
    second = explorer.image.value
    explorer.controls["hz"].value = 5000
    assert first != second
    assert explorer.image.value == first


def counted_figure(drawn):
    def draw(n, wide=False):
        drawn.append((n, wide))
        if n == 4:
            raise ValueError("4 is too many")
        return waves.harmonics_figure(n)

    return draw


def test_a_picture_that_was_shown_once_is_not_drawn_again():
    drawn = []
    explorer = explore(counted_figure(drawn), n=[1, 2, 4])
    for n in (2, 1, 4, 2, 4, 1):
        explorer.controls["n"].value = n
    assert drawn == [(1, False), (2, False), (4, False)]


def test_after_a_move_the_nearest_pictures_are_drawn_while_nothing_else_is_done():
    drawn = []
    explorer = explore(counted_figure(drawn), n=[5, 1, 2, 4, 8, 9], wide=[False, True])

    async def move():
        explorer.controls["n"].value = 2
        while len(drawn) < 6:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)

    asyncio.run(asyncio.wait_for(move(), 20))
    assert drawn == [(n, False) for n in (5, 2, 1, 4, 8, 9)]
    explorer.controls["n"].value = 4
    assert explorer.message.value == "4 is too many"


def test_a_slider_shows_the_first_choice_and_sorts_the_numbers():
    slider = explore(waves.aliasing_figure, hz=[5000, 1000, 3000]).controls["hz"]
    assert slider.value == 5000
    assert [value for _, value in slider.options] == [1000, 3000, 5000]


def test_a_value_that_cannot_be_drawn_says_why_and_keeps_the_picture():
    explorer = explore(spectra.leakage_figure, window=["hann", "square"])
    before = explorer.image.value
    explorer.controls["window"].value = "square"
    assert "use 'hann' or 'none'" in explorer.message.value
    assert explorer.image.value == before
    explorer.controls["window"].value = "hann"
    assert explorer.message.value == ""


def test_a_slider_leaves_a_sentence_and_a_still_picture(monkeypatch):
    seen = []
    monkeypatch.setattr("pianolab.lessons.showing.display", lambda thing, raw=False: seen.append(thing))
    explore(waves.harmonics_figure, n_harmonics=[2, 4])._ipython_display_()
    view, still = seen
    assert "application/vnd.jupyter.widget-view+json" in view
    assert view["text/plain"].endswith("Where nothing moves, call harmonics_figure(n_harmonics=...).")
    assert still.data == png(waves.harmonics_figure(2))


def test_a_slider_needs_something_to_choose_from():
    with pytest.raises(ValueError, match="slider 'hz' has nothing to choose from"):
        explore(waves.aliasing_figure, hz=[])


# ------------------------------------------------------------------------------------------------------- choosing


def test_nothing_runs_before_the_button_is_pressed_and_then_the_table_stands_there():
    asked = []

    def table(names, n):
        asked.append((names, n))
        return pd.DataFrame({"name": names, "n": n})

    chooser = choose(table, names=(["a", "b", "c"], ["a", "c"]), n=((1, 9), 4))
    assert asked == []
    chooser.button.click()
    assert asked == [(["a", "c"], 4)]
    assert "<td>c</td>" in chooser.answer.value
    assert not chooser.button.disabled


def test_what_the_function_refuses_stands_there_escaped():
    def table(names):
        raise ValueError("no <script> here: choose another")

    chooser = choose(table, names=(["a"], ["a"]))
    chooser.button.click()
    assert "no &lt;script&gt; here" in chooser.answer.value
    assert not chooser.button.disabled


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("no disk"), TypeError("<b>"), MemoryError()])
def test_no_error_leaves_a_reader_waiting(error):
    def table(names):
        raise error

    chooser = choose(table, names=(["a"], ["a"]))
    chooser.button.click()
    assert chooser.answer.value == f"<b>{html.escape(reason(error))}</b>"
    assert not chooser.button.disabled


def test_the_newest_line_of_progress_stands_there_while_it_works():
    seen = []

    def table(names):
        print("\rhearing:  50%|<##  >|", end="", file=sys.stderr)
        seen.append(chooser.answer.value)
        return pd.DataFrame({"name": names})

    chooser = choose(table, names=(["a"], ["a"]))
    chooser.button.click()
    assert seen == ["Running ...<br><code>hearing:  50%|&lt;##  &gt;|</code>"]
    assert "<td>a</td>" in chooser.answer.value


def test_what_is_missing_is_grey_with_its_reason_and_lines_stand_below_the_table():
    def table(detectors, data, folder):
        return pd.DataFrame({"name": detectors}), [f"{data} in {folder} failed: <why>"]

    known = {"yin": "", "crepe": "needs a library", "cqt": ""}
    chooser = choose(table, detectors=(known, ["yin", "crepe"]), data=(["one", "two"], "two"), folder=("", "here"))
    boxes = chooser.controls["detectors"].boxes
    assert [(box.description, box.value, box.disabled) for box in boxes.values()] == [
        ("yin", True, False),
        ("crepe (needs a library)", False, True),
        ("cqt", False, False),
    ]
    boxes["cqt"].value = True
    chooser.button.click()
    assert "<td>yin</td>" in chooser.answer.value
    assert "<td>cqt</td>" in chooser.answer.value
    assert chooser.answer.value.endswith("<ul><li>two in here failed: &lt;why&gt;</li></ul>")


def test_where_there_are_no_buttons_a_sentence_says_what_to_call(monkeypatch):
    def ranks(names):
        return pd.DataFrame({"name": names})

    shown = []
    monkeypatch.setattr("pianolab.lessons.showing.display", lambda thing, **kwargs: shown.append(thing))
    choose(ranks, names=(["a"], ["a"]))._ipython_display_()
    assert "call ranks(names=...)" in shown[0]["text/plain"]
    assert "call ranks(names=...)" in shown[1].data


# --------------------------------------------------------------------------------------------------------- Korean


def test_sliders_and_buttons_speak_korean_where_it_is_chosen(monkeypatch):
    shown = []
    monkeypatch.setattr("pianolab.lessons.showing.display", lambda thing, **kwargs: shown.append(thing))
    monkeypatch.setenv("PIANOLAB_LANGUAGE", "ko")
    explorer = explore(waves.harmonics_figure, n_harmonics=[2, 4])
    chooser = choose(lambda recordings: pd.DataFrame({"id": recordings}), recordings=(["a"], ["a"]))
    monkeypatch.delenv("PIANOLAB_LANGUAGE")  # They go on in the language in which they were made.
    explorer._ipython_display_()
    assert explorer.controls["n_harmonics"].description == "배음 수"
    assert shown[0]["text/plain"].endswith("이렇게 호출하세요: harmonics_figure(n_harmonics=...).")
    assert (chooser.button.description, chooser.controls["recordings"].description) == ("실행", "녹음들")
    assert chooser.answer.value == "아직 실행하지 않았습니다."


def test_a_slider_of_another_argument_is_called_as_the_argument():
    assert explore(lambda how_loud: figure()[0], how_loud=[1]).controls["how_loud"].description == "how loud"
