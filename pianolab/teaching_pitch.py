"""What notebooks 04 to 06 put around the package: pictures of YIN, combs and constant-Q, and a chooser for comparisons.

What comes in: one frame of a sound, or names to choose from. What goes out: figures, each a plain function of its
arguments that also stands behind a slider (`pianolab.teaching.explore`). The maths in them is the package's own.
"""

from html import escape


class Chooser:
    """Lists to choose from and a button; a press calls a plain function and shows the table that it returns.

    Attributes
    ----------
    controls : dict
        Name -> ipywidgets.SelectMultiple, or IntSlider for a pair of numbers.
    button : ipywidgets.Button
    answer : ipywidgets.HTML
        The table, or why there is none.
    """

    def __init__(self, call, choices):
        import ipywidgets as widgets

        self.call = call
        self.controls = {name: _control(widgets, name, *choice) for name, choice in choices.items()}
        self.button = widgets.Button(description="Run", button_style="primary", tooltip=f"call {call.__name__}")
        self.answer = widgets.HTML("Nothing has run yet.")
        self._box = widgets.VBox([*self.controls.values(), self.button, self.answer])
        self.button.on_click(self._run)

    def __repr__(self):
        return f"Choices and a button for {self.call.__name__}: {', '.join(self.controls)}"

    def _run(self, button):
        self.answer.value, button.disabled = "Running ...", True
        try:
            values = {name: _plain(control.value) for name, control in self.controls.items()}
            self.answer.value = self.call(**values).to_html(index=False, border=0)
        except ValueError as error:
            self.answer.value = f"<b>{escape(str(error))}</b>"
        finally:
            button.disabled = False

    def _repr_mimebundle_(self, include=None, exclude=None):
        arguments = ", ".join(f"{name}=..." for name in self.controls)
        bundle = dict(self._box._repr_mimebundle_() or {})
        return {
            **bundle,
            "text/plain": f"{self!r}. Where there are no buttons, call {self.call.__name__}({arguments}).",
        }


def choose(call, **choices):
    """Lists to choose from and a button for a function that returns a table.

    Parameters
    ----------
    call : callable
        Takes the choices by name and returns a pandas DataFrame; what it refuses with a ValueError is shown.
    **choices
        For each argument (all values, chosen values), or for a number ((lowest, highest), chosen).

    Returns
    -------
    Chooser
        Shows itself at the end of a cell; nothing runs before the button is pressed.
    """
    return Chooser(call, choices)


def _control(widgets, name, options, chosen):
    look = {"description": name.replace("_", " "), "style": {"description_width": "9em"}}
    if isinstance(chosen, int):
        low, high = options
        return widgets.IntSlider(chosen, low, high, layout={"width": "34em", "max_width": "100%"}, **look)
    rows = min(len(options), 8)
    return widgets.SelectMultiple(options=options, value=chosen, rows=rows, layout={"width": "34em"}, **look)


def _plain(value):
    return list(value) if isinstance(value, tuple) else value
