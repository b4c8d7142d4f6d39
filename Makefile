# make reproduce: set up .venv and run the quick study; make test: set up .venv and run the tests.
# make estimate STUDY=papers: GPU hours of a study, before anything is run; make bench: speed and memory as ratios.
# make predict MODEL=results/runs/.../seed1 TEXT=file: labels of your own texts, one a line, as one JSON object a line.
PYTHON ?= python3
BIN := .venv/bin
STUDY ?= quick

.PHONY: bench reproduce estimate predict test setup check

reproduce: .venv/runs
	$(BIN)/snakemake --cores all --config study=$(STUDY)

estimate: .venv/runs
	$(BIN)/python workflow_scripts/estimate.py $(STUDY)

predict: .venv/runs
	@$(BIN)/python workflow_scripts/predict.py "$(MODEL)" "$(TEXT)"

bench: .venv/tests
	for script in bench/*.py; do $(BIN)/python $$script || exit 1; done

setup: .venv/tests

test: .venv/tests check
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadgroup --no-loadscope-reorder

check: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

.venv/runs: requirements.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed: make PYTHON=python3.11"'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

.venv/tests: requirements-dev.txt .venv/runs
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@
