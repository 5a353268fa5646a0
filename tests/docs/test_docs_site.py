"""The docs site as a reader meets it: built without a warning, whole, and silent towards every other machine.

Needs Sphinx (`make test-docs`); the pages are looked at in Chromium.
"""

import contextlib
import functools
import http.server
import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from browser.harness import browser

REPOSITORY = Path(__file__).parents[2]
LOOKED_AT = (
    "docs/index.html",
    "notebooks/04_yin_step_by_step.html",
    "docs/api/pianolab.session.html",
    "docs/results.html",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("sphinx") is None, reason="the docs are built with Sphinx: make docs"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    options = ["-W", "--keep-going", "-q", "-j", "auto", "-c", "docs", "-d", folder / "doctrees"]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *map(str, options), ".", str(folder / "html")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    return folder / "html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address(site):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, browser(playwright) as chromium:
        yield chromium


@contextlib.contextmanager
def visit(chromium, address, path, *, width=1280, dark=False):
    """A page, and all that it asked other machines for or complained of."""
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    asked, complaints = [], []

    def let_through(route):
        if route.request.url.startswith(address):
            return route.continue_()
        asked.append(route.request.url)
        return route.abort()

    context.route(lambda url: not url.startswith(("data:", "blob:")), let_through)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/{path}", wait_until="networkidle")
    yield page, asked, complaints
    context.close()


def test_every_link_of_the_site_leads_somewhere_and_no_page_fetches_anything(site):
    checked = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "site" / "links.py", site], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout
    assert len(list(site.rglob("*.html"))) > 150


def test_the_site_is_no_heavier_than_a_reader_can_carry(site):
    assert sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) < 60e6


@pytest.mark.browser
@pytest.mark.parametrize("path", LOOKED_AT)
def test_a_page_asks_no_other_machine_and_complains_of_nothing(chromium, address, path):
    with visit(chromium, address, path) as (page, asked, complaints):
        assert page.locator("h1").first.is_visible()
        assert (asked, complaints) == ([], [])


@pytest.mark.browser
def test_the_root_of_the_site_leads_to_its_first_page(chromium, address):
    with visit(chromium, address, "") as (page, asked, complaints):
        page.wait_for_url("**/docs/index.html")
        assert (asked, complaints) == ([], [])


@pytest.mark.browser
@pytest.mark.parametrize("path", LOOKED_AT)
def test_a_page_fits_the_width_of_a_telephone(chromium, address, path):
    with visit(chromium, address, path, width=390) as (page, _, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", LOOKED_AT)
def test_axe_finds_nothing_serious_on_a_page(chromium, address, path, dark):
    axe = Path(importlib.util.find_spec("axe_playwright_python").origin).with_name("axe.min.js")
    with visit(chromium, address, path, dark=dark) as (page, _, _):
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = page.evaluate("(o) => axe.run(document, o)", {"runOnly": {"type": "tag", "values": RULES}})
    assert len(found["passes"]) > 10
    wrong = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    assert [f"{rule['id']}: {node['html'][:120]}" for rule in wrong for node in rule["nodes"]] == []


@pytest.mark.browser
def test_the_formulas_and_pictures_of_a_lesson_are_there_with_words_for_the_pictures(chromium, address):
    with visit(chromium, address, "notebooks/04_yin_step_by_step.html") as (page, _, _):
        assert page.locator("math").count() > 5
        assert page.locator(".math-block math").first.bounding_box()["height"] > 20
        words = page.locator("article img").evaluate_all("(all) => all.map((image) => image.alt)")
        widths = page.locator("article img").evaluate_all("(all) => all.map((image) => image.naturalWidth)")
    assert len(words) > 8
    assert all(len(text) > 10 and not text.startswith("..") for text in words)
    assert min(widths) > 100
