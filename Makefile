.PHONY: help run demo test check golden bench crashes fuzz clean
PYTHON ?= python3
BIN := .venv/bin

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## drop the sample files, show what became of every line, keep serving
	$(BIN)/cws-filedrop demo --serve

demo: .venv/run.stamp ## the same once, without serving
	$(BIN)/cws-filedrop demo

test: .venv/test.stamp ## run the test suite
	$(BIN)/python -m pytest -n auto --dist worksteal

check: .venv/test.stamp ## linters, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: .venv/test.stamp ## rewrite expected outputs and the tables of the documentation
	$(BIN)/python -m pytest tests/samples tests/test_docs.py tests/test_codes_page.py tests/test_log_events_page.py --update-golden

bench: .venv/test.stamp ## measure conversion, and write the figures into bench/README.md
	$(BIN)/python -m bench

crashes: .venv/test.stamp ## the long crash tests: minutes of kills
	$(BIN)/python -m pytest tests/crashes tests/pipeline/test_interleavings.py -m long

fuzz: .venv/test.stamp ## the long fuzz tests
	$(BIN)/python -m pytest tests/fuzz tests/web/test_api_document.py -m long -n0 -s

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/test.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,postgres]'
	touch $@

clean: ## remove what was built
	rm -rf .venv build *.egg-info
