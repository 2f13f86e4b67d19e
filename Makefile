# make backlog   read data/sample/ and write the weekly backlog to out/
# make test      linters, types, import rules, tests
# make bench-quality   one table: ours, floor and ceiling on products, public sets and pairs never seen; speed
# make bench-demands   one table: demands against annotators, BERTopic and k-means; stability; outbreaks; search; speed
# make bench-import   how fast files are imported, beside pandas (some minutes)
# make lock      choose the exact releases in constraints.txt anew
# make clean     remove what the above made

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SAMPLE := data/sample/appstore.xlsx data/sample/tucao.json data/sample/wechat_group.csv

# `make backlog` runs Prefect without a server: Prefect starts a temporary one and stops it at the end. The
# services named here write history that nobody will read, and are cut off in the middle of it at the end.
backlog: export PREFECT_HOME := $(CURDIR)/.prefect
backlog: export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS := 120
backlog: export PREFECT_SERVER_ANALYTICS_ENABLED := false
backlog: export PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED := false
backlog: export PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED := false
backlog: export PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED := false
backlog: export PREFECT_LOGGING_TO_API_ENABLED := false
backlog: export PREFECT_LOGGING_LEVEL := WARNING
export DO_NOT_TRACK := 1
unexport PREFECT_API_URL PREFECT_API_KEY PREFECT_PROFILE VIRTUAL_ENV PYTHONPATH PYTHONHOME

.PHONY: backlog test bench-quality bench-demands bench-import lock clean

backlog: .venv/ready
	@$(BIN)/python -m flows.weekly_backlog --product 松果随记 $(SAMPLE)

test: .venv/ready-for-tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

bench-quality: .venv/ready-for-tests
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[train,bench]'
	@$(BIN)/python benchmarks/quality.py $(ONLY:%=--only %) $(if $(LABELS),--labels $(LABELS))

bench-demands: .venv/ready-for-tests
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[train,bench]'
	@$(BIN)/python benchmarks/demands.py $(ONLY:%=--only %) $(if $(LABELS),--labels $(LABELS))

bench-import: .venv/ready
	@$(BIN)/python benchmarks/import_speed.py

.venv/ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into .venv; the first time takes some minutes (PyTorch is large)"
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/ready-for-tests: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into .venv; the first time takes some minutes (PyTorch is large)"
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch .venv/ready $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed and '$(PYTHON)' is not; name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv

# Lines with a marker are for Pythons newer than the oldest supported one, which is to be used here.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet --editable '.[dev,train,bench]' torch==2.13.0
	{ sed -n '/^#/p' constraints.txt; build/lock/bin/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; \
	  sed -n '/;/p' constraints.txt; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf .venv .prefect out build
