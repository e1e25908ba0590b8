# scopecheck: `make help` lists what there is.
PYTHON ?= python3.11
VENV ?= .venv
PROFILE ?= quick
TIER ?= embedded
JOBS ?= 2
RECIPES ?= --all
BIN = $(VENV)/bin
export PYTHONHASHSEED = 0

.DEFAULT_GOAL := help
.PHONY: help env recipes book slides workshop test test-fast test-core test-cluster nbval lint notebooks lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 14

env: $(VENV)/.installed  ## set up the environment from requirements.lock (about 4 GB, a few minutes)

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
	  { echo "scopecheck's lock is for Python 3.11, and '$(PYTHON)' is not that. Try: make $(or $(MAKECMDGOALS),env) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up $(VENV): installing the locked packages. This happens once and takes a few minutes."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	$(BIN)/python -m pip check
	@touch $@

recipes: env  ## run every recipe of the embedded tier and build the book (TIER=public, RECIPES="a b")
	@echo "A page can be read as soon as its recipe is finished: type 'make book' in another window."
	@# The book is built even when a recipe failed, so that its page can say so; the exit code is the recipes'.
	@$(BIN)/scopecheck run $(RECIPES) --profile $(PROFILE) --tier $(TIER) --jobs $(JOBS); ran=$$?; \
	  $(MAKE) --no-print-directory book && exit $$ran

book: env  ## build the book from the results at hand
	$(BIN)/scopecheck report --book book
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo
	@echo "The book is ready. Open this page: file://$(CURDIR)/_build/html/index.html"

REVEAL = reveal.js-5.2.1

slides: env  ## one deck for each teaching plan, and the sheets, from the results at hand
	$(BIN)/scopecheck report --book book
	@mkdir -p _build/slides
	@test -f _build/slides/$(REVEAL).tgz || (cd _build/slides && npm pack --silent $(subst -,@,$(REVEAL)) > /dev/null) || \
	  echo "npm could not fetch $(REVEAL); put $(REVEAL).tgz into _build/slides by hand to have slides that turn." >&2
	$(BIN)/python -m scopecheck.runner.slides _build/slides

workshop:  ## is this laptop ready for a class? says what is missing; needs no network
	@command -v $(PYTHON) > /dev/null || \
	  { echo "There is no '$(PYTHON)' here. Install Python 3.11, or type: make workshop PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) src/scopecheck/runner/workshop.py --environment $(VENV)

# Plugins are named: pytest would import those of every package that is installed, which takes seconds.
PYTEST = OMP_NUM_THREADS=1 PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest \
  -p xdist.plugin -p _hypothesis_pytestplugin -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: env  ## set up and run all tests (WEEKLY=1: also those that take long)
	$(PYTEST)

test-fast: env  ## the tests that take seconds
	$(PYTEST) -m "not slow and not tool"

test-core: ## install the core alone, newest numpy and Python, and try it (WEEKLY=1: all tests, older ones, too)
	PYTHON=$(PYTHON) tests/core_alone.sh

test-cluster: env  ## a real SLURM, Snakemake: installed where they can be, else it says that they were not tried
	PYTHON=$(PYTHON) VENV=$(VENV) tests/cluster.sh

nbval: env  ## re-run one recipe of each book part and compare its verdicts (NBVAL="a b" to name others)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile \
	  --nbval-lax --nbval-cell-timeout=3600 $(foreach id,$(NBVAL),recipes/notebooks/$(id).ipynb)

NBVAL ?= segmentation-unet-dice-trap denoising-noise2void structure-passport

lint: env  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

notebooks: env  ## derive recipes/notebooks from recipes/*.py and the latest results
	$(BIN)/python -m scopecheck.runner.derive

lock:  ## resolve requirements.lock again with uv, and write its pins into environment.yml
	uv pip compile pyproject.toml --extra all --python-version 3.11 --no-annotate --no-header -o requirements.lock
	sed -i -E 's/^(torch==[0-9.]+)\+[a-z0-9]+/\1/' requirements.lock
	{ sed '/^  - pip:/q' environment.yml; sed 's/^/    - /' requirements.lock; } > environment.new
	mv environment.new environment.yml

clean:  ## remove the book and the results; the environment and the data cache stay
	rm -rf _build book/_generated book/recipes results
