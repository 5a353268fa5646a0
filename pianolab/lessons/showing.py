"""What the notebooks put around a sound or a picture: hear it and see it, move a slider, press a button.

What comes in: samples, a function that draws, or one that returns a table. What goes out: a player with a picture
beside it, so that nobody has to hear to follow; sliders above a picture; lists and a button above a table. Behind every
slider and button stands a plain function that can be called where there are no widgets. Their texts stand in the
catalogue, in the language of the moment in which they are made. Nothing is recorded and nothing leaves the machine.
"""

import asyncio
import io
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, suppress
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np
import numpy.typing as npt
import PIL.Image
import soundfile as sf
from IPython.display import HTML, Audio, Image, display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pianolab import plots, sound
from pianolab.errors import reason
from pianolab.texts.catalogue import catalogue, language_of, say
from pianolab.units import note_name

PLAYER_SR = 22050
PLAYER_SECONDS = 2.0
DPI = 80  # Small pictures keep a notebook well under 1.5 MB.
FADE_S = 0.01  # A sound that is cut off would click.
_TELL_EVERY_S = 0.1
_AHEAD_S = 0.05  # So long after a move, or after the one before, a picture is drawn ahead: meanwhile others are heard.
SILENT = 1e-3  # Sounds with a lower peak are not turned up to full scale.
# JupyterLab and nbconvert give these names to the parts of a cell; the still picture beside a living widget is hidden.
_HIDE_STILL = ".jp-OutputArea:has(.widget-image) > .jp-OutputArea-child:has(> .jp-RenderedImage) {display: none}"
_WIDTH = {"width": "34em", "max_width": "100%"}


# ----------------------------------------------------------------------------------------------------- pictures


class Picture(Figure):
    """A figure that shows itself at the end of a cell, as a small PNG."""

    def _ipython_display_(self) -> None:
        display(Image(png(self), alt=in_words(self)))


def figure(width: float = 9.0, height: float = 2.6, *, rows: int = 1, **settings: Any) -> tuple[Picture, Any]:
    """A small figure for a notebook.

    Parameters
    ----------
    width, height : float
        Inches; 80 pixels each.
    rows : int
        Axes above each other.
    **settings
        For ``Figure.subplots``, such as ``ncols``.

    Returns
    -------
    fig : Picture
    axes : Axes or array of Axes
    """
    fig = Picture(figsize=(width, height), layout="constrained", dpi=DPI)
    return fig, fig.subplots(rows, **settings)


def png(fig: Figure, *, smallest: bool = True) -> bytes:
    """A figure as a small PNG of at most 128 colours.

    Parameters
    ----------
    fig : Figure
    smallest : bool
        Take a little longer for a file that is a tenth smaller, or not.

    Returns
    -------
    bytes
    """
    canvas = fig.canvas if isinstance(fig.canvas, FigureCanvasAgg) else FigureCanvasAgg(fig)
    small = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        canvas.draw()
    drawn = PIL.Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    # Of 128 colours none may be lost that only a few points have: rings and crosses on a grey picture.
    few = drawn.quantize(128, PIL.Image.Quantize.MAXCOVERAGE, dither=PIL.Image.Dither.NONE)
    few.save(small, "PNG", optimize=smallest)
    return small.getvalue()


def in_words(fig: Figure) -> str:
    """What a figure shows, for readers who cannot see it: its titles, and what is drawn over what.

    Parameters
    ----------
    fig : Figure

    Returns
    -------
    str
    """
    titles = [fig.get_suptitle(), *(ax.get_title() or ax.get_title(loc="left") for ax in fig.axes)]
    labels = [(ax.get_ylabel() or fig.get_supylabel(), ax.get_xlabel()) for ax in fig.axes]
    drawn = dict.fromkeys(f"{upwards} over {along}" for upwards, along in labels if upwards and along)
    return ". ".join([*filter(None, titles), *drawn])


def label_once(axes: Sequence[Axes]) -> None:
    """Name an axis once that axes above each other share: time below the last, what all show at the left of all.

    Parameters
    ----------
    axes : sequence of Axes
        From top to bottom.
    """
    for ax in axes[:-1]:
        ax.set_xlabel("")
    names = {ax.get_ylabel() for ax in axes}
    if len(names) == 1:
        axes[0].figure.supylabel(names.pop(), fontsize="medium")
        for ax in axes:
            ax.set_ylabel("")


def legend_above(ax: Axes, *, ncols: int = 3) -> None:
    """Put the legend above the axes, where it hides nothing.

    Parameters
    ----------
    ax : Axes
    ncols : int
        Entries side by side.
    """
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=ncols, frameon=False, borderaxespad=0.2)


def grid(*axes: Axes) -> None:
    """Draw light lines at the ticks.

    Parameters
    ----------
    *axes : Axes
    """
    for ax in axes:
        ax.grid(color="#dddddd", linewidth=0.6)


def octave_ticks(ax: Axes, *, vertical: bool = False) -> None:
    """Name every C on an axis of MIDI numbers.

    Parameters
    ----------
    ax : Axes
    vertical : bool
        On the vertical axis.
    """
    octaves = range(24, 109, 12)
    set_ticks = ax.set_yticks if vertical else ax.set_xticks
    set_ticks(octaves, [note_name(midi) for midi in octaves])


# -------------------------------------------------------------------------------------------------------- sounds


def hear(y: npt.ArrayLike, *, sr: int, title: str = "", seconds: float = PLAYER_SECONDS) -> None:
    """Show a sound (its waveform and its spectrogram) and a player for it below, turned up to full scale.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.
    title : str
        What it is, above the picture.
    seconds : float
        Length, at most.
    """
    y = np.asarray(y)[: int(seconds * sr)]
    display(sound_figure(y, sr=sr, title=title))
    display(player(y / max(_peak(y), SILENT), sr=sr, seconds=seconds))


def player(y: npt.ArrayLike, *, sr: int, seconds: float = PLAYER_SECONDS) -> Audio:
    """A player for the beginning of a sound, kept small so that a notebook stays small.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1], played as loud as they are; louder ones are turned down.
    sr : int
        Rate in Hz; rates above 22050 Hz are resampled to it, lower ones are played as they are.
    seconds : float
        Length, at most.

    Returns
    -------
    IPython.display.Audio
    """
    y = sound.check_signal(y, sr=sr)[: int(seconds * sr)]
    if sr > PLAYER_SR:
        y, sr = sound.resample(y, sr=sr, target_sr=PLAYER_SR), PLAYER_SR
    y = y / max(1.0, _peak(y))
    n_fade = min(len(y), int(FADE_S * sr))
    y[len(y) - n_fade :] *= np.linspace(1.0, 0.0, n_fade)
    encoded = io.BytesIO()
    sf.write(encoded, y, sr, format="FLAC", subtype="PCM_16")
    made = Audio(encoded.getvalue())
    made.mimetype = "audio/flac"  # FLAC is exact, and half as large as the WAV that Audio would make.
    return made


def sound_figure(y: npt.ArrayLike, *, sr: int, title: str = "") -> Picture:
    """Waveform and spectrogram side by side.

    Parameters
    ----------
    y : (n,) array
        Samples in [-1, 1].
    sr : int
        Hz.
    title : str
        What it is.
    """
    fig, (left, right) = figure(10, 2.8, ncols=2)
    plots.waveform(left, y, sr=sr)
    reach = 1.1 * max(_peak(y), 0.01)
    left.set_ylim(-reach, reach)
    plots.spectrogram(right, y, sr=sr, frame_length=2048 if sr > 16000 else 1024, hop_length=256)
    fig.suptitle(title)
    return fig


def _peak(y: npt.ArrayLike) -> float:
    return float(np.max(np.abs(y), initial=0.0))


# ------------------------------------------------------------------------------------------- sliders and buttons


class _Controls:
    """Widgets above what a function makes of their values, and what stands there without widgets."""

    texts = ""  # The beginning of the keys of what is said of them.

    def __init__(self, call: Callable[..., Any], controls: dict[str, Any]):
        self.call, self.controls, self.language = call, controls, language_of()

    @property
    def _values(self) -> dict[str, Any]:
        values = {name: control.value for name, control in self.controls.items()}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    def _say(self, key: str, **values: Any) -> str:
        return say(f"widgets.{key}", self.language, **values)

    def __repr__(self) -> str:
        return self._say(self.texts, call=self.call.__name__, names=", ".join(self.controls))

    def _show(self, *below: Any, still: Callable[[str], Any]) -> None:
        call = f"{self.call.__name__}({', '.join(f'{name}=...' for name in self.controls)})"
        sentence = self._say(f"{self.texts}_without", call=call)
        view = dict(widgets.VBox([*self.controls.values(), *below])._repr_mimebundle_() or {})
        display({**view, "text/plain": f"{self!r}. {sentence}"}, raw=True)
        display(still(sentence))


class Explorer(_Controls):
    """Sliders above a picture that is drawn again whenever one is moved; made by `explore`.

    Pictures are kept, so what was shown once comes at once. After the first move of a slider the kernel draws what it
    may show next, the nearest first, one picture at a time while it has nothing else to do.

    Where there are no widgets (a page on the web, a printed notebook) a sentence and the first picture stand there;
    a living widget hides that picture.

    Attributes
    ----------
    controls : dict
        Name -> ipywidgets.SelectionSlider.
    image : ipywidgets.Image
    message : ipywidgets.Label
        Why a picture could not be drawn; empty otherwise.
    """

    texts = "sliders"

    def __init__(self, draw: Callable[..., Figure], choices: dict[str, Sequence[Any]]):
        super().__init__(draw, {name: _slider(name, values) for name, values in choices.items()})
        self.image = widgets.Image(format="png", layout={"max_width": "100%", "align_self": "flex-start"})
        self.message = widgets.Label()
        # By the places of the sliders: a picture and its words, or why there is none.
        self._frames: dict[tuple[int, ...], tuple[bytes, str] | str] = {}
        self._ahead: asyncio.TimerHandle | None = None
        for control in self.controls.values():
            control.observe(self._moved, names="value")
        self._redraw(smallest=True)

    @property
    def _places(self) -> tuple[int, ...]:
        return tuple(control.index for control in self.controls.values())

    def _moved(self, change: Any) -> None:
        self._redraw()
        self._draw_later(list(self.controls.values()).index(change.owner))

    def _redraw(self, *, smallest: bool = False) -> None:
        frame = self._frame(self._places, smallest=smallest)
        if isinstance(frame, str):
            self.message.value = frame
        else:
            self.image.value, self._words = frame
            self.message.value = ""

    def _frame(self, places: tuple[int, ...], *, smallest: bool = False) -> tuple[bytes, str] | str:
        if places not in self._frames:
            chosen = zip(self.controls.items(), places, strict=True)
            values = {name: control.options[place][1] for (name, control), place in chosen}
            try:
                fig = self.call(**values)
                self._frames[places] = png(fig, smallest=smallest), in_words(fig)
            except ValueError as error:
                self._frames[places] = str(error)
        return self._frames[places]

    def _draw_later(self, moved: int) -> None:
        """Have the next picture of the slider that was moved drawn once the kernel is idle; without one nothing is."""
        if self._ahead is not None:
            self._ahead.cancel()
        with suppress(RuntimeError):  # No loop runs, so nobody waits.
            self._ahead = asyncio.get_running_loop().call_later(_AHEAD_S, self._draw_ahead, moved)

    def _draw_ahead(self, moved: int) -> None:
        here = self._places
        others = range(len(list(self.controls.values())[moved].options))
        wanted = [(*here[:moved], place, *here[moved + 1 :]) for place in others]
        missing = [places for places in wanted if places not in self._frames]
        if missing:
            self._frame(min(missing, key=lambda places: abs(places[moved] - here[moved])))
            self._draw_later(moved)

    def _ipython_display_(self) -> None:
        hide = widgets.HTML(f"<style>{_HIDE_STILL}</style>", layout={"display": "none"})
        self._show(self.image, self.message, hide, still=lambda _: Image(self.image.value, alt=self._words))


def explore(draw: Callable[..., Figure], **choices: Sequence[Any]) -> Explorer:
    """Sliders for a function that returns a figure.

    Parameters
    ----------
    draw : callable
        Takes the choices by name and returns a matplotlib Figure.
    **choices
        For each argument the values to choose from, the first to be shown first; numbers are sorted on the slider.

    Returns
    -------
    Explorer
        Shows itself at the end of a cell.

    Raises
    ------
    ValueError
        If an argument has no values to choose from.
    """
    for name, values in choices.items():
        if len(values) == 0:
            raise ValueError(f"slider {name!r} has nothing to choose from: give it a list of values")
    return Explorer(draw, choices)


class Boxes(widgets.VBox):
    """A box to tick for each name; one that cannot be chosen is grey, with the reason beside it.

    Attributes
    ----------
    boxes : dict
        Name -> ipywidgets.Checkbox.
    """

    def __init__(self, why_not: Mapping[str, str], chosen: Sequence[str], description: str):
        self.boxes = {
            name: widgets.Checkbox(
                value=name in chosen and not why,
                description=f"{name} ({why})" if why else name,
                disabled=bool(why),
                indent=False,
                layout={"width": "auto"},
            )
            for name, why in why_not.items()
        }
        super().__init__([widgets.Label(description), *self.boxes.values()], layout={"padding": "0 0 0 9em"})

    @property
    def value(self) -> tuple[str, ...]:
        """The names that are ticked."""
        return tuple(name for name, box in self.boxes.items() if box.value)


class Chooser(_Controls):
    """Lists to choose from and a button; a press calls a plain function and shows the table that it returns.

    While it works the newest line that it writes to standard error stands there, such as a bar of progress.

    Attributes
    ----------
    controls : dict
        Name -> ipywidgets.SelectMultiple, Dropdown, Text, Boxes, or IntSlider for a pair of numbers.
    button : ipywidgets.Button
    answer : ipywidgets.HTML
        The table, or why there is none.
    """

    texts = "choices"

    def __init__(self, call: Callable[..., Any], choices: dict[str, tuple[Any, Any]]):
        super().__init__(call, {name: _chooser(name, *choice) for name, choice in choices.items()})
        tooltip = self._say("run_tooltip", call=call.__name__)
        self.button = widgets.Button(description=self._say("run"), button_style="primary", tooltip=tooltip)
        self.answer = widgets.HTML(self._say("not_run"))
        self.button.on_click(self._run)

    def _run(self, button: Any) -> None:
        self.answer.value, button.disabled = self._say("running"), True
        try:
            with redirect_stderr(_Lines(self._tell)):
                answer = self.call(**self._values)
            table, lines = answer if isinstance(answer, tuple) else (answer, [])
            below = "".join(f"<li>{escape(line)}</li>" for line in lines)
            self.answer.value = table.to_html(index=False, border=0) + (f"<ul>{below}</ul>" if below else "")
        except Exception as error:  # Whatever went wrong, nobody waits for an answer that does not come.
            self.answer.value = f"<b>{escape(reason(error))}</b>"
        finally:
            button.disabled = False

    def _tell(self, line: str) -> None:
        self.answer.value = f"{self._say('running')}<br><code>{escape(line)}</code>"

    def _ipython_display_(self) -> None:
        self._show(self.button, self.answer, still=lambda sentence: HTML(f"<i>{escape(sentence)}</i>"))


class _Lines(io.TextIOBase):
    """A file for messages: the newest line is told, a few times a second."""

    def __init__(self, tell: Callable[[str], None]):
        self._tell, self._told_at = tell, 0.0

    def write(self, text: str) -> int:
        lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
        if lines and time.monotonic() - self._told_at > _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._tell(lines[-1].strip())
        return len(text)


def choose(call: Callable[..., Any], **choices: tuple[Any, Any]) -> Chooser:
    """Lists to choose from and a button for a function that returns a table.

    Parameters
    ----------
    call : callable
        Takes the choices by name and returns a pandas DataFrame, or one and a list of lines that are to stand below it.
        The reason of any error is shown.
    **choices
        For each argument (all values, chosen values), or for a number ((lowest, highest), chosen). With one chosen
        text one of all values is chosen, and where there are none (``""``) any text is typed. Where all values are a
        mapping of name to reason, those with a reason cannot be chosen.

    Returns
    -------
    Chooser
        Shows itself at the end of a cell; nothing runs before the button is pressed.
    """
    return Chooser(call, choices)


def _look(name: str) -> dict[str, Any]:
    """How a control looks; the names of arguments in our notebooks have a label in the catalogue, others speak."""
    key = f"widgets.label_{name}"
    label = say(key) if key in catalogue(language_of()) else name.replace("_", " ")
    return {"description": label, "style": {"description_width": "9em"}, "layout": _WIDTH}


def _slider(name: str, values: Sequence[Any]) -> Any:
    ordered = sorted(values) if all(isinstance(value, int | float) for value in values) else values
    options = [(f"{value:g}" if isinstance(value, float) else str(value), value) for value in ordered]
    return widgets.SelectionSlider(options=options, value=values[0], **_look(name))


def _chooser(name: str, options: Any, chosen: Any) -> Any:
    look = _look(name)
    if isinstance(chosen, int):
        low, high = options
        return widgets.IntSlider(chosen, low, high, **look)
    if isinstance(options, Mapping):
        return Boxes(options, chosen, look["description"])
    if isinstance(chosen, str):
        return widgets.Dropdown(options=options, value=chosen, **look) if options else widgets.Text(chosen, **look)
    return widgets.SelectMultiple(options=options, value=chosen, rows=min(len(options), 8), **look)
