.PHONY: run demo test check bench crashes fuzz clean
PYTHON ?= python3
BIN := .venv/bin

run: .venv/run.stamp
	$(BIN)/cws-filedrop demo --serve

demo: .venv/run.stamp
	$(BIN)/cws-filedrop demo

test: .venv/test.stamp
	$(BIN)/python -m pytest -n auto --dist worksteal

check: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/test.stamp
	$(BIN)/python -m bench

crashes: .venv/test.stamp
	$(BIN)/python -m pytest tests/crashes tests/pipeline/test_interleavings.py -m long

fuzz: .venv/test.stamp
	$(BIN)/python -m pytest tests/fuzz tests/web/test_api_document.py -m long -n0 -s

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,postgres]'
	touch $@

clean:
	rm -rf .venv build *.egg-info
