"""The committed page is the bundle of its modules and texts; `make js` makes it, and no user needs node."""

import hashlib
import re
from pathlib import Path

from pianolab.texts.catalogue import LANGUAGES

LIVE = Path(__file__).parents[2] / "pianolab" / "live"
BUNDLE = LIVE / "static" / "microphone.js"


def sources():
    """What build.mjs bundles, in its order."""
    texts = [LIVE.parent / "texts" / language / "page.json" for language in LANGUAGES]
    return [*sorted((LIVE / "js").glob("*.js")), *texts]


def test_the_bundle_belongs_to_its_sources():
    """Where it does not, `make js` makes it anew."""
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.read_text(encoding="utf-8").encode())
    first = BUNDLE.read_text(encoding="utf-8").splitlines()[0]
    assert re.search(r"sha256 of the sources: (\w{64})$", first)[1] == digest.hexdigest()


def test_the_bundle_names_no_folder_of_the_machine_that_made_it():
    """Otherwise `make test-js` would call it old in every other folder."""
    modules = re.findall(r"^ *// ((?:[\w-]+:)?\S+\.(?:js|json))$", BUNDLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert "text:worklet.js" in modules
    assert [module for module in modules if "/" in module and not module.startswith("../../texts/")] == []


def test_the_docs_name_every_module_of_the_page_once():
    text = (LIVE.parents[1] / "docs" / "live.md").read_text(encoding="utf-8")
    table = text.split("| module of `live/js/` |")[1].split("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(path.stem for path in (LIVE / "js").glob("*.js"))


def test_the_lock_of_the_tools_names_no_registry():
    lock = (LIVE.parents[1] / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
