"""Look at every link of the built site: `python docs/site/links.py docs/_build/html`.

Links within the site must lead to a file that is there, and to a place on the page that is there. Links to other
machines are listed and not followed. The exit code is 1 if something is missing or a page would fetch something.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {"src", "srcset", "poster", "data", "background"}  # attributes of any tag, besides href of these relations
_FETCHED_RELATIONS = {"stylesheet", "icon", "preload", "preconnect", "dns-prefetch", "modulepreload"}
_STYLED = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"'#)\s][^"')\s]*)""")


@dataclass
class Page(HTMLParser):
    """What one page names and what it links to.

    Attributes
    ----------
    names : set of str
        Places on the page that a link can lead to.
    links : list of str
        What a reader may follow.
    fetched : list of str
        What a browser asks for when it shows the page.
    """

    names: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag names, links to or fetches."""
        given = {key: value or "" for key, value in attrs}
        self.names |= {given[key] for key in ("id", "name") if key in given}
        if "href" in given:
            fetched = tag == "link" and _FETCHED_RELATIONS & set(given.get("rel", "").split())
            (self.fetched if fetched else self.links).append(given["href"])
        for key in _FETCHED & given.keys():
            values = given[key].split(",") if key == "srcset" else [given[key]]  # "small.png 1x, large.png 2x"
            self.fetched += [value.split()[0] for value in values if value.strip()]
        self.fetched += _STYLED.findall(given.get("style", ""))

    def handle_data(self, data: str) -> None:
        """Note what the styles of a page fetch."""
        if self.cdata_elem == "style":
            self.fetched += _STYLED.findall(data)


def read(site: Path) -> dict[Path, Page]:
    """All pages of a site by their files."""
    pages = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.relative_to(site).parts:  # The theme keeps a template there.
            continue
        pages[path.resolve()] = page = Page()
        page.feed(path.read_text(encoding="utf-8"))
    return pages


def styles(site: Path) -> dict[Path, Page]:
    """All style sheets of a site by their files, as pages that only fetch."""
    sheets = sorted(site.rglob("*.css"))
    return {path.resolve(): Page(fetched=_STYLED.findall(path.read_text(encoding="utf-8"))) for path in sheets}


def outside(link: str) -> bool:
    """Whether a link leads to another machine."""
    parts = urlsplit(link)
    return parts.scheme in ("http", "https") or (not parts.scheme and bool(parts.netloc))


def missing(pages: dict[Path, Page]) -> Iterator[str]:
    """Links within a site that lead nowhere, and what its pages would fetch from elsewhere, a line each."""
    for path, page in pages.items():
        yield from (f"{path}: fetches {link}" for link in page.fetched if outside(link))
        for link in {*page.links, *page.fetched}:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{path}: there is no {link}"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].names:
                yield f"{path}: there is no place {link}"


def main(site: str) -> int:
    """Print what is missing, and where the site leads."""
    pages = read(Path(site))
    wrong = sorted(missing(pages | styles(Path(site))))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    others = sorted({link for page in pages.values() for link in page.links if outside(link)})
    print(f"{len(pages)} pages; {len(wrong)} links that lead nowhere; links to others, not followed:")
    print(*(f"  {link}" for link in others), sep="\n")
    return int(bool(wrong) or not pages)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
