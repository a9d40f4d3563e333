PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

DEMO := --dataset synthetic --preset fast --gpu_ids 0 --overwrite

.PHONY: demo bench test test-all lint clean

demo: $(VENV)/installed
	$(BIN)/python main.py --command run $(DEMO)
	@echo "Open this report.html in a browser"

bench: $(VENV)/installed
	$(BIN)/python benchmarks/step.py
	$(BIN)/python benchmarks/precision.py --figure result/precision.png
	$(BIN)/python benchmarks/scaling.py --limit 2 --figure result/scaling.png

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest

test-all: $(VENV)/installed-dev
	$(BIN)/python -m pytest --hypothesis-profile=others -m "slow or not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(wildcard requirements*.txt) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet $(foreach file,$(wildcard requirements*.txt),-r $(file))
	@touch $@ $(VENV)/installed
