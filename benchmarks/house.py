"""How the house stands: files at the root of the package, circles, lines by folder against their guide, what is long.

    python benchmarks/house.py [CHECKOUT]

It reads the source as text and runs nothing, so any checkout can be measured, also one from before the folders.
Whether an import runs up a floor is a test: tests/test_floors.py.
"""

import argparse
import ast
from collections import Counter
from pathlib import Path

# Lines, by the rooms that share a guide.
GUIDE = {
    "hearing (floors below compare, without plots)": 7000,
    "compare, cli": 2200,
    "live": 2200,
    "training": 1900,
    "lessons": 2500,
}
SHARED = {
    "compare": "compare, cli",
    "cli": "compare, cli",
    "live": "live",
    "training": "training",
    "lessons": "lessons",
}
LONG_FILE, LONG_BODY, MANY_PARAMETERS = 500, 40, 8


def sources(package):
    """Dotted name -> path of every module."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path, modules):
    """Names of modules of ours that a file imports, anywhere in it."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                names.add(whole if whole in modules else node.module)
    return names & modules.keys()


def room(name):
    """The folder or root file that a module belongs to."""
    return [*name.split("."), ""][1]


def in_circles(needs):
    """What is left when everything that stands on something free is taken away, again and again, from both sides."""
    left = {name: set(what) - {name} for name, what in needs.items()}
    before = None
    while before != len(left):
        before = len(left)
        left = {name: what & left.keys() for name, what in left.items() if what & left.keys()}
        wanted = set().union(*left.values()) if left else set()
        left = {name: what for name, what in left.items() if name in wanted}
    return sorted(left)


def functions(path):
    """(name, lines of body without docstring, number of parameters) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            given = node.args
            parameters = [
                a.arg for a in given.posonlyargs + given.args + given.kwonlyargs if a.arg not in ("self", "cls")
            ]
            yield node.name, body[-1].end_lineno - body[0].lineno + 1 if body else 0, len(parameters)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", nargs="?", type=Path, default=Path(__file__).resolve().parents[1])
    package = parser.parse_args().checkout / "pianolab"
    modules = sources(package)
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules.items()}
    needs = {name: imported(path, modules) for name, path in modules.items()}
    rooms = {room(name): set() for name in modules}
    for name, what in needs.items():
        rooms[room(name)] |= {room(other) for other in what}

    print(f"files at the root of the package: {len(list(package.glob('*.py')))}")
    print(f"rooms in a circle: {', '.join(in_circles(rooms)) or 'none'}")
    print(f"modules in a circle: {', '.join(in_circles(needs)) or 'none'}")
    by_room = Counter()
    for name, n in lines.items():
        by_room[room(name)] += n
    shares = Counter()
    for name, n in by_room.items():
        if name not in ("plots", "__main__", ""):
            shares[SHARED.get(name, next(iter(GUIDE)))] += n
    print("lines:", ", ".join(f"{name or '__init__'} {n}" for name, n in by_room.most_common()))
    for name, guide in GUIDE.items():
        print(f"{name}: {shares[name]} lines (guide {guide})")
    for name, path in modules.items():
        if lines[name] > LONG_FILE:
            print(f"long file: {path.relative_to(package)}, {lines[name]} lines")
        for function, n, parameters in functions(path):
            if n > LONG_BODY or parameters >= MANY_PARAMETERS:
                print(f"look at: {path.relative_to(package)}:{function}, {n} lines, {parameters} parameters")


if __name__ == "__main__":
    main()
