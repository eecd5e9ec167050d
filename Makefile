# Two commands are all that a new user needs: `make reproduce` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: reproduce reference test lint bench clean

reproduce: $(READY)
	$(BIN)/rainmer-analysis reproduce --out figures

# the released run: what README shows and what later runs are compared with
reference: reproduce
	mkdir -p figures/reference
	cp figures/figure?.png figures/figure?.provenance.json figures/claims.json figures/numbers.json figures/reference/

test: $(READY) lint
	$(BIN)/python -m pytest

# side by side with the published protocol; IMAGES=FOLDER takes files of your own
bench: $(READY)
	mkdir -p build/bench
	$(BIN)/python -m benchmarks.speed.extraction $(if $(IMAGES),--images $(IMAGES)) --out build/bench/extraction.json
	$(BIN)/python -m benchmarks.speed.gpu --out build/bench/gpu.json

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
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
