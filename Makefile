# Two commands do everything, set-up included:
#   make parity   both programs on every case, compared
#   make test     the tests
# `make help` lists the others. Needs Python >= 3.11 with headers, a C and a C++ compiler, make.

VENV   ?= .venv
PIP_ARGS ?=
JOBS   ?= 2
GOLDEN ?= ../shared/golden
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && \
	echo $$p && break; done)

BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
CASES  := $(wildcard $(GOLDEN)/index.json $(GOLDEN)/*/index.json)

.DELETE_ON_ERROR:
.PHONY: parity test reference reference-fast sanitize lint bench evidence clean help

parity: $(READY) reference  ## both programs on every packaged case (and golden case, where there are any)
	$(BIN)/harness parity --jobs $(JOBS) $(if $(CASES),--golden $(GOLDEN))
	$(BIN)/harness --subject ptychography parity --jobs $(JOBS)
	$(BIN)/harness --subject ptychography-stitch parity --jobs $(JOBS)

test: $(READY) reference  ## the tests
	$(BIN)/python -m pytest -q --numprocesses $(JOBS) --dist worksteal

reference:  ## the C programs: reference_c/build/nanobragg_c, subjects/ptychography/reference_c/build/ptycho_c
	$(MAKE) -C reference_c
	$(MAKE) -C subjects/ptychography/reference_c

reference-fast:  ## the C program for timing: reference_c/build/nanobragg_c_fast
	$(MAKE) -C reference_c fast
	$(MAKE) -C subjects/ptychography/reference_c fast

sanitize: $(READY)  ## the C programs under the address and undefined behaviour sanitizers, on every case
	$(MAKE) -C reference_c sanitize
	$(BIN)/python -m subjects.nanobragg.sanitize reference_c/build/nanobragg_c_sanitize --jobs $(JOBS) \
		$(if $(CASES),--golden $(GOLDEN))
	$(MAKE) -C subjects/ptychography/reference_c sanitize
	$(BIN)/python -m subjects.ptychography.sanitize subjects/ptychography/reference_c/build/ptycho_c_sanitize \
		--jobs $(JOBS)

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) reference reference-fast  ## the benchmarks (minutes)
	$(BIN)/python -m benchmarks

evidence: $(READY) reference  ## the sealed folders that the README shows, under reports/
	$(BIN)/harness trace
	$(BIN)/harness reference trace
	$(BIN)/harness parity supervisor
	$(BIN)/harness carryover
	$(BIN)/harness devices --allow-missing-cuda
	$(BIN)/compare history reports

clean:  ## what was built (evidence folders stay)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	$(MAKE) -C reference_c clean
	$(MAKE) -C subjects/ptychography/reference_c clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "needs Python >= 3.11 with venv; set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --constraint constraints.txt --editable '.[all,dev]'
	touch $@
