# Two commands on a fresh Debian machine: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BOARD ?= qemu-mps2-an386
# Two test processes need about 2 GB each at their peak.
WORKERS ?= 2

BIN := .venv/bin
C_FILES = $(shell find firmware_templates tests -name '*.[ch]')
BUILT_FROM := $(shell find toolchain/emgdeploy firmware_templates boards models -type f ! -name '*.pyc')
LONG_TESTS = $(patsubst tests/long/test_long_%.py,%,$(wildcard tests/long/test_long_*.py))

.PHONY: help setup demo test lint format clean bench-cycles docs system-demo system-dev test-long test-nuttx light

help:
	@echo "make demo     default model -> firmware for $(BOARD) -> flash -> bench (BOARD=... for another)"
	@echo "make test     lint and the test suite"
	@echo "make setup    install what both need"
	@echo "make lint | format | clean"
	@echo "make light    install without extras into .venv-light, and try it"
	@echo "make docs     the pages in docs/ as a site in build/site, links checked"
	@echo "make bench-cycles   cycles of every network, core and mode into docs/benchmarks.md (10 minutes or more)"
	@for item in $(LONG_TESTS); do echo "make test-long-$${item//_/-}"; done

# A marker file per set of extras; it is older than pyproject.toml when the requirements changed.
.venv/.with-demo: pyproject.toml | system-demo
	$(PYTHON) -m venv .venv
	$(BIN)/python toolchain/setup/python_packages.py convert,profile
	touch $@

.venv/.with-dev: pyproject.toml | system-dev
	$(PYTHON) -m venv .venv
	$(BIN)/python toolchain/setup/python_packages.py dev
	touch $@ .venv/.with-demo

system-demo system-dev: system-%:
	@$(PYTHON) toolchain/setup/system_packages.py $*

setup: .venv/.with-dev

# The marker goes with the folder when another build replaces it, so a demo never benches that one.
build/$(BOARD)/.demo: .venv/.with-demo $(BUILT_FROM)
	$(BIN)/emgdeploy build --board $(BOARD) --out build/$(BOARD)
	touch $@

demo: build/$(BOARD)/.demo
	$(BIN)/emgdeploy flash --build build/$(BOARD)
	$(BIN)/emgdeploy bench --build build/$(BOARD)

test: lint
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests

# What an installation without any extra can do; the only target that needs no Debian.
light:
	$(PYTHON) -m venv .venv-light
	if [ -d .venv-light/Scripts ]; then bin=.venv-light/Scripts; else bin=.venv-light/bin; fi; \
	$$bin/python -m pip install --quiet . && \
	$$bin/emgdeploy --version && $$bin/emgdeploy boards && $$bin/emgdeploy bench --help > /dev/null

docs:
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet ".[docs]"
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	clang-format --dry-run -Werror $(C_FILES)

format: setup
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	clang-format -i $(C_FILES)

# `make test-long-light-install` runs tests/long/test_long_light_install.py and keeps a dated log.
test-long-%: setup
	@mkdir -p build/logs
	$(BIN)/pytest -m long -s -rs tests/long/test_long_$(subst -,_,$*).py 2>&1 \
	  | tee build/logs/$*-$$(date +%Y-%m-%d-%H%M%S).log

bench-cycles: setup
	$(BIN)/python benchmarks/cycles.py

# NUTTX_DIR=... [SPRESENSE_SDK=...]: the generated application in real trees and under NuttX in QEMU.
test-nuttx: test-long-nuttx

test-long:
	@echo "one of: $(foreach item,$(LONG_TESTS),test-long-$(subst _,-,$(item)))" && exit 2

clean:
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
