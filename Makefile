# The two commands: `make compare` and `make test`. Both set everything up first (Python 3.11 to 3.14, pip, git).
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.14 || command -v python3)
CASES ?= 20000
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN := .venv/bin
READY := .venv/.ready
NBVAL := --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup setup-train compare test test-all test-train coverage covered js test-js test-browser test-package fuzz lint types docs test-docs lab live practice notebooks glossary clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY)  ## make the environment in .venv

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 14))' || \
	  { echo "pianolab needs Python 3.11 to 3.14; found $$($(PYTHON) --version). Try: make PYTHON=/path/to/python3.11 setup"; exit 2; }
	@echo "1/2 Installing pianolab and about 146 packages (240 MB to fetch, 1.5 GB on disk) into .venv; 1 to 5 minutes, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@$(PYTHON) .ci/install.py test
	@echo "2/2 Compiling the fast kernels; 10 to 30 seconds, once"
	@$(BIN)/python -m pianolab.cli.warm_up
	@touch $(READY)
	@echo "Ready. Next: make compare (a table of all detectors), make lab (the notebooks), make live (your piano), make test;"
	@echo "after '. $(BIN)/activate' the command pianolab is there. 'make help' lists the rest."

compare: $(READY)  ## score every detector on the recordings that come with pianolab; the report is written under results/
	@$(BIN)/pianolab compare --jobs $(JOBS) $(ARGS)

# One thread a process: pytest keeps all cores busy, and threads that wait for each other cost several times the work.
test test-all test-train fuzz: export OMP_NUM_THREADS = 1

test: $(READY)  ## all tests and notebooks but those marked slow or browser
	@$(BIN)/python $(COUNT) -m pytest -n $(JOBS) --dist loadfile $(NBVAL) -m "not slow and not browser" tests notebooks $(ARGS)

test-all: $(READY)  ## the slow tests too
	@$(BIN)/python $(COUNT) -m pytest -n $(JOBS) --dist loadfile $(NBVAL) -m "not browser" tests notebooks $(ARGS)

setup-train: .venv/.train  ## add PyTorch to .venv, for notebook 09 and `pianolab train`

.venv/.train: $(READY)
	@echo "Adding PyTorch to .venv, for training (200 MB, or 3 GB where only the build for graphics cards is found); minutes, once"
	@$(PYTHON) .ci/install.py train
	@touch $@

test-train: .venv/.train  ## the training tests and notebook 09 (adds PyTorch, gigabytes where no CPU build is found)
	@$(BIN)/python $(COUNT) -m pytest -n $(JOBS) --dist loadfile $(NBVAL) tests/training tests/lessons/test_lesson_network.py tests/lessons/test_lesson_speech.py \
	  notebooks/09_train_a_network.ipynb notebooks/solutions/09_train_a_network.ipynb $(ARGS)

coverage: $(READY)  ## make test and make test-train, counting what they run; fails below the floor in pyproject.toml
	@$(BIN)/coverage erase
	@$(MAKE) --no-print-directory test COUNT="-m coverage run"
	@$(MAKE) --no-print-directory test-train COUNT="-m coverage run"
	@$(MAKE) --no-print-directory covered

covered: $(READY)  ## what was counted: each file with lines that never ran, and whether the floor is kept
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

js: node_modules/.ready  ## bundle the live page's JavaScript (needs node 18 or later)
	@npm run --silent build

test-js:  ## lint and tests of the pages' JavaScript, and whether the live page's bundle is of today (needs node 18 or later)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.ready && npm run --silent check; \
	elif [ "$$CI" = true ]; then echo "make test-js needs node and npm: install nodejs and npm"; exit 1; \
	else echo "make test-js is skipped: node and npm are not installed"; fi

node_modules/.ready: package-lock.json
	@npm ci --silent --no-audit --no-fund
	@touch $@

test-browser: $(READY)  ## JupyterLab and the live page in real browsers (needs chromium, firefox-esr, pulseaudio, xvfb)
	@$(BIN)/python -m pytest -m "browser and not slow" tests/browser $(ARGS)

test-package: .venv/.dev docs  ## the wheel, as a user meets it: installed with other Pythons outside of the clone; builds the docs
	@$(BIN)/python tests/package/check_package.py

fuzz: $(READY)  ## damaged inputs, 20,000 of each kind (CASES=...); goes on where it was stopped, keeps what it finds in .fuzz
	@$(BIN)/python tests/fuzz/fuzz.py --cases $(CASES) $(ARGS)

lint: .venv/.dev  ## what pre-commit checks
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/.train .venv/.dev  ## the type checker over the package (adds PyTorch, whose types training/ needs)
	@$(BIN)/basedpyright

.venv/.dev: $(READY)
	@echo "Adding ruff, the type checker and pre-commit to .venv; a minute, once"
	@$(PYTHON) .ci/install.py dev
	@touch $@

docs: .venv/.docs  ## the docs site, in docs/_build/html; fails at a warning or a broken link
	@$(BIN)/python -m sphinx -W --keep-going -q -j auto -c docs -d docs/_build/doctrees . docs/_build/html
	@$(BIN)/python docs/site/links.py docs/_build/html

test-docs: .venv/.docs  ## builds the docs site anew and looks at four of its pages in a real browser (needs chromium)
	@$(BIN)/python -m pytest tests/docs $(ARGS)

.venv/.docs: $(READY)
	@echo "Adding sphinx to .venv, for the docs; a minute, once"
	@$(PYTHON) .ci/install.py docs
	@touch $@

lab: $(READY)  ## open the notebooks in JupyterLab
	@$(BIN)/python -m pianolab.live.lab notebooks

live: $(READY)  ## the live view as a web page on this machine
	@$(BIN)/python -m pianolab.live

practice: $(READY)  ## the practice page on this machine
	@$(BIN)/python -m pianolab.practice $(ARGS)

notebooks: $(READY)  ## run all notebooks and keep their new outputs, also in the Korean ones
	@$(BIN)/jupyter execute --inplace notebooks/*.ipynb notebooks/solutions/*.ipynb
	@$(BIN)/python notebooks/ko/translate.py

glossary: $(READY)  ## write docs/glossary.md from pianolab/texts/*/glossary.json
	@$(BIN)/python -m pianolab.texts.glossary > docs/glossary.md

clean:  ## remove what can be made again: the environment, rendered audio, results
	rm -rf .venv .fuzz docs/_build docs/api .coverage .coverage.* data/builtin/audio results/.cache results/20*
