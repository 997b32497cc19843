.PHONY: help run demo test check docs test-postgres coverage golden bench crashes chaos model fuzz mutants constraints clean
PYTHON ?= python3
BIN := .venv/bin
# Half as many again as there are processors: half of a journey's time is waiting for something.
WORKERS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
# The versions that the suite was last run with, by the hashes of their files, and nothing that is not listed; what builds
# us is among them. `make CONSTRAINTS=` takes the newest that setup.cfg allows, unchecked.
CONSTRAINTS := constraints
EXTRAS := [test,docs,postgres]
ifeq ($(strip $(CONSTRAINTS)),)
install = $(BIN)/python $(PIP_INSTALL) --editable '.$(2)'
else
install = $(BIN)/python $(PIP_INSTALL) --require-hashes --requirement $(1) && \
	$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
endif
# For every Python and platform at once, with the hashes of all files of a release: pip can do neither.
LOCK = .venv-constraints/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-annotate --no-header
TESTS := tests
# Of `make mutants`: number of faults of each part or `all`, which ones by chance, and of which modules.
SAMPLE := 300
SEED := 1
ONLY :=

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## drop the sample files, show what became of every line, keep serving
	$(BIN)/cws-filedrop demo --serve

demo: .venv/run.stamp ## the same once, without serving
	$(BIN)/cws-filedrop demo

test: .venv/test.stamp ## run the test suite
	$(BIN)/python -m compileall -q cws_filedrop tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-postgres: .venv/test.stamp ## run it with all databases on PostgreSQL, which the tests start themselves
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --postgres

check: .venv/test.stamp ## linters, formatting, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/test.stamp ## build the documentation as a site, strictly: a dead link is an error
	$(BIN)/python -m sphinx --conf-dir docs --fail-on-warning --keep-going --nitpicky --quiet . artefacts/docs
	@echo artefacts/docs/docs/index.html

coverage: .venv/test.stamp ## measure what the suite runs, in all processes; TESTS=tests/drop for a part of it
	rm -rf artefacts/coverage
	mkdir -p artefacts/coverage
	-$(BIN)/coverage run -m pytest -n auto --dist worksteal $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --ignore-errors  # modules of installed copies are gone by now

golden: .venv/test.stamp ## rewrite expected outputs and the tables of the documentation
	$(BIN)/python -m pytest tests/samples tests/test_docs.py tests/test_architecture_page.py tests/test_codes_page.py tests/test_log_events_page.py --update-golden

bench: .venv/test.stamp ## measure conversion, and write the figures into bench/README.md
	$(BIN)/python -m bench

crashes: .venv/test.stamp ## the long crash tests: minutes of kills
	$(BIN)/python -m pytest tests/crashes tests/pipeline/test_interleavings.py -m long

SEEDS ?= 1-5
UPLOADS ?= 200
CHAOS ?=
chaos: .venv/test.stamp ## campaigns of faults against real processes; SEEDS=1-5, UPLOADS=200 of each, CHAOS= more options
	PYTHONPATH=tests $(BIN)/python -m chaos --seeds $(SEEDS) --uploads $(UPLOADS) $(CHAOS)

model: .venv/test.stamp ## the long model test: 20,000 steps of sender and ledger
	$(BIN)/python -m pytest tests/pipeline/test_model.py -m long -n0 -s

fuzz: .venv/test.stamp ## the long fuzz tests
	$(BIN)/python -m pytest tests/fuzz tests/web/test_api_document.py -m long -n0 -s

mutants: .venv/test.stamp ## small faults in the code, for tests to notice; SAMPLE=all SEED=2 ONLY="rules/pieces feeds"
	PYTHONPATH=tests:. $(BIN)/python -m mutation --named
	PYTHONPATH=tests:. $(BIN)/python -m mutation --sample $(SAMPLE) --seed $(SEED) --only "$(ONLY)"

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml constraints-run.txt
	$(call install,constraints-run.txt,)
	touch $@

.venv/test.stamp: .venv/pyvenv.cfg setup.cfg pyproject.toml constraints.txt
	$(call install,constraints.txt,$(EXTRAS))
	touch $@

constraints: ## renew the lists of versions and hashes: the newest that setup.cfg allows
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/python $(PIP_INSTALL) uv
	(grep '^#' constraints.txt; $(LOCK) --extra test --extra docs --extra postgres setup.cfg) > constraints.new
	(grep '^#' constraints-run.txt; $(LOCK) --extra build --constraint constraints.new setup.cfg) > constraints-run.new
	mv constraints.new constraints.txt
	mv constraints-run.new constraints-run.txt
	rm -rf .venv-constraints

clean: ## remove what was built
	rm -rf .venv .venv-constraints build *.egg-info
