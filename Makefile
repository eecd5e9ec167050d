# Two commands are all that a new user needs: `make reproduce` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# processes that share the tests, file by file
WORKERS ?= 2

# The newest Python that all dependencies have wheels for, in an environment of its own:
#   make test PYTHON=python3.13 VENV=.venv-newest
LOWEST := .venv-minimum
LOWEST_PYTHON ?= python3.11
# what touches other packages; training touches torch alone, whose lowest release is the tested one
MINIMUM ?= tests/test_packaging.py tests/values tests/numerics tests/images tests/scores \
	tests/sphere tests/draw tests/weather tests/cli tests/model tests/infer/test_encoders.py \
	tests/infer/test_extract.py tests/recipes/test_cached_results.py tests/pages/test_report.py

# what `make notebooks` runs; reproduce.ipynb is the whole of `make reproduce`
NOTEBOOKS ?= $(filter-out notebooks/reproduce.ipynb,$(wildcard notebooks/*.ipynb))

.PHONY: reproduce reference test test-minimum lint docs notebooks bench faults clean

reproduce: $(READY)
	$(BIN)/rainmer-analysis reproduce --out figures

# the released run: what README shows and what later runs are compared with
reference: reproduce
	mkdir -p figures/reference
	cp figures/figure*.png figures/figure*.provenance.json figures/claims.json figures/numbers.json figures/reference/

test: $(READY) lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# the lowest versions that pyproject.toml allows, in an environment of their own
test-minimum: $(LOWEST)/.ready
	$(LOWEST)/bin/python -m pytest $(MINIMUM)

$(LOWEST)/.ready: pyproject.toml constraints-minimum.txt
	$(LOWEST_PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-minimum.txt torch
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --prefer-binary -c constraints-minimum.txt pyparsing joblib hypothesis pytest -e .
	touch $@

# side by side with the published protocol; IMAGES=FOLDER takes files of your own
bench: $(READY)
	mkdir -p build/bench
	$(BIN)/python -m benchmarks.speed.extraction $(if $(IMAGES),--images $(IMAGES)) --out build/bench/extraction.json
	$(BIN)/python -m benchmarks.speed.gpu --out build/bench/gpu.json

# every fault of docs/faults.md injected; prints its table. QUICK=1 injects fewer of each kind,
# ROWS="killed ranks" some rows alone, KEEP=1 puts what was counted into docs/faults.md
faults: $(READY)
	mkdir -p build/faults
	$(BIN)/python -m benchmarks.faults $(if $(QUICK),--quick) $(if $(KEEP),--keep) \
		$(if $(ROWS),--only $(ROWS)) --out build/faults/faults.json

# the site, in build/site; every warning is an error
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/site
	@echo "open build/site/index.html"

$(VENV)/.docs: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

# every notebook from its first cell to its last, on small settings; stored outputs stay as they are
notebooks: $(READY)
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=600 -p no:xdist $(NOTEBOOKS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# torch comes first and alone: its pinned CPU build then satisfies everything else
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,notebook]'
	touch $@

clean:
	rm -rf $(VENV) $(LOWEST) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
