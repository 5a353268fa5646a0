"""How the docs site is built: `make docs` writes docs/_build/html, whose pages ask no other machine for anything.

The source folder is the whole repository, so a relative link means the same on the site and where the repository is
read, also from docs/ to CONTRIBUTING.md and from a notebook to docs/. Pages are the Markdown files and notebooks that
`include_patterns` names; the pages of the API are written by site/extensions/rooms.py from the package itself.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "site"), str(HERE.parent)]

import pianolab  # noqa: E402  The path above says which one.

project = "pianolab"
author = "The pianolab authors"
copyright = "the pianolab authors; BSD 3-Clause"
version = release = pianolab.__version__
language = "en"

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.languages",
    "extensions.maths",
    "extensions.notebooks",
    "extensions.offline",
    "extensions.rooms",
    "extensions.types_in_words",
]
include_patterns = [
    "docs/*.md",
    "docs/*/*.md",
    "docs/api/*.rst",
    "notebooks/*.ipynb",
    "notebooks/solutions/*.ipynb",
    "notebooks/ko/*.ipynb",
    "notebooks/ko/solutions/*.ipynb",
    "README.md",
    "README.ko.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/README.md",
    "data/README.md",
    "data/builtin/scores/README.md",
    "data/real/*.md",
    "data/neural/*.md",
    "data/pieces/README.md",
    "data/speech_clips/README.md",
    "results/README.md",
]
exclude_patterns = [".*", "build", "dist", "docs/_build", "docs/site", "pianolab", "tests", "training", "results/*/*"]
root_doc = "docs/index"
default_role = "code"  # Docstrings write names in single backticks.
nitpicky = True
nitpick_ignore_regex = [
    # The site links to no other site's index, which would have to be fetched; so types of others have no target.
    (r"py:.*", r"(?!pianolab\b).*"),
    # Names that stand for any type have no page.
    (
        r"py:class",
        r"pianolab\.(compare\.shards\.Item|detector\.Settings|dsp\.peaks\.Value|live\.responder\.Kind"
        r"|practice\.shelf\.server\.Answer|workers\.Job)",
    ),
]

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4  # Headings have the anchors that GitHub gives them.
html_math_renderer = "mathml"
nb_execution_mode = "off"  # The site shows the outputs that are stored, which `make test` compares.
nb_ipywidgets_js = {}  # Nothing moves without a kernel; each slider has a still picture beside it.
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "numpy.typing.ArrayLike"}  # For overloads, which are read as they are written.
autodoc_mock_imports = ["onnx", "safetensors", "torch"]  # Only training needs them; they are gigabytes.
python_maximum_signature_line_length = 80
add_module_names = False
numpydoc_show_class_members = False
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = "pianolab"
html_favicon = "site/static/icon.svg"
html_context = {"default_mode": "auto"}
html_static_path = ["site/static"]
html_extra_path = ["site/root"]  # The first page stands in docs/; the site's root leads to it.
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "pianolab"},
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "navigation_depth": 3,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"docs/index": []}
