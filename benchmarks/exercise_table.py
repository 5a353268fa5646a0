"""Write the table of docs/teaching.md: the exercises of each lesson, and what their checks ask.

    python benchmarks/exercise_table.py

It is read from the notebooks and from the first line of each check's docstring; `tests/lessons/test_exercise_table.py`
says when the page has fallen behind.
"""

from pathlib import Path

from pianolab.files import replacing
from pianolab.lessons import checks
from pianolab.lessons.handed_in import lessons

PAGE = Path(__file__).parents[1] / "docs" / "teaching.md"
BEGIN, END = "<!-- table: benchmarks/exercise_table.py -->", "<!-- end of table -->"


def table() -> str:
    """The table, as Markdown."""
    rows = ["| lesson | exercise | what is asked |", "|---|---|---|"]
    for lesson, names in lessons().items():
        for name in names:
            asked = (getattr(checks, f"check_{name}").__doc__ or "").strip().splitlines()[0]
            rows.append(f"| {lesson[:2]} | `{name}` | {asked.replace('``', '`').replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def with_table(text: str) -> str:
    """The page with the table of today."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    with replacing(PAGE) as temporary:
        temporary.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
