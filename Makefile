# Everything a newcomer needs: `make run`, `make test`. Nothing is installed outside of .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# More than processors: many tests wait for devices.
JOBS ?= 3
# Where it is set, every start of a program compiles all of its modules anew, which takes longer than most tests.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/.run: pyproject.toml constraints.txt tools/make_venv.sh
	@PYTHON=$(PYTHON) tools/make_venv.sh .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt tools/make_venv.sh
	@PYTHON=$(PYTHON) tools/make_venv.sh '.[dev]'
	@touch .venv/.run $@

run: .venv/.run  ## set everything up and start the demo hotel at http://127.0.0.1:8000/ (PORT=… for another port)
	@$(BIN)/pms demo --port $(PORT)

test: .venv/.dev lint  ## set everything up and run every check and test
	@$(BIN)/python -m pytest -n $(JOBS)

lint: .venv/.dev  ## style, types, imports, templates
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint templates --lint --quiet

bench: .venv/.dev  ## measure; prints figures beside a floor measured in the same run
	@$(BIN)/python -m bench

format: .venv/.dev  ## put the code into shape
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

pictures: .venv/.dev  ## take the pictures of docs/pictures anew (needs Chromium)
	@$(BIN)/python tools/pictures.py

lock: .venv/.dev  ## write constraints.txt anew (needs uv)
	@uv pip compile pyproject.toml --all-extras --quiet --no-header --no-annotate --upgrade -o constraints.txt

clean:  ## remove the environment and the demo hotel
	@rm -rf .venv var

.PHONY: help run test lint bench format pictures lock clean
