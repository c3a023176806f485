PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Files of tests side by side, one process a core but no more than memory serves for (about 1.5 GB each).
PARALLEL ?= --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: help install test test-slow lint bench bench-gpu clean

help:  ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(BIN)/curate  ## A virtual environment with Tamis and what the tests need

$(BIN)/curate: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,tune,toxicity,ray,s3,test]'
	@touch $@

test: install  ## Every test but the slow ones, doctests, and the linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -m 'not slow' $(PARALLEL)

test-slow: install  ## The long suites: fuzz, kill, scale
	$(BIN)/pytest -m slow

lint: install  ## Put the code in form and check it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/mypy

bench: install  ## Conversations per second and peak memory, pass by pass
	$(BIN)/python benchmarks/run.py

bench-gpu:  ## Our trainer beside others, on one GPU; a bare machine with torch and transformers is enough
	$(PYTHON) benchmarks/train.py --all $(ARGS)

clean:  ## Remove what make made
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
