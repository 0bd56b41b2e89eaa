# A bare checkout needs only make and Python 3.10-3.13 (3.11 preferred). `make` alone lists the targets.
VENV := .venv
BIN := $(VENV)/bin
ORIGINALS := $(VENV)-originals/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 \
	&& command -v "$$p" && break; done)
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := python -m pip install -qq

DEMO_CONFIG := configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py
DEMO_DIR := work_dirs/demo

.DEFAULT_GOAL := help
.PHONY: help install install-locked test slow plugin fuzz stress reproduce demo lint docs test-originals lock audit

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## make .venv with the versions of constraints.txt; the other targets do it when needed

# The stamp is older than what decides the environment exactly when something changed.
$(VENV)/.installed: setup.py pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo 'No usable Python found: wsolzoo needs Python 3.10 to 3.13 with the venv module' \
		'(Debian: apt-get install python3.11 python3.11-venv). Name yours with: make install PYTHON=/path/to/python3.11'; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON) and installing the pinned packages (some minutes the first time)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/$(PIP) -c constraints.txt -e '.[test,lint]'
	@touch $@

install-locked: ## the same from requirements.lock: every package exact and checked by hash (Linux, Python 3.11)
	@"$(PYTHON)" -c 'import sys; sys.exit((sys.platform, sys.version_info[:2]) != ("linux", (3, 11)))' || \
		{ echo 'requirements.lock is for Linux and Python 3.11; got "$(PYTHON)". Elsewhere: make install'; exit 1; }
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/$(PIP) --require-hashes -r requirements.lock
	@$(BIN)/$(PIP) --no-deps --no-build-isolation -e .
	@touch $(VENV)/.installed

test: install ## the quick test suite; a skip without an accepted reason fails it
	$(BIN)/python -m pytest -m 'not slow' -n 2 --strict-skips

slow: install ## what `make test` leaves out: every config stepped and at full size, wheels, whole runs
	$(BIN)/python -m pytest -m slow --strict-skips

plugin: install ## what tools/new_method.py writes: sound in the zoo, and as a wheel in a fresh environment
	$(BIN)/python -m pytest --strict-skips tests/tools/test_new_method.py

SECONDS := 60

fuzz: install ## damage files at random for SECONDS=60 and hand them to every reader
	$(BIN)/python tests/fuzz/until.py --seconds $(SECONDS)

stress: install ## kills, resumes, several processes, full disks, hostile files: the figures of docs/robustness.md
	$(BIN)/python -m pytest --figures tests/engine tests/fuzz tests/tools/test_safe.py tests/tools/test_train.py \
		tests/datasets/test_broken_annotations.py tests/test_bad_input.py

MODELS := lenet_lenet5_1xb32-15e_glyphs-32px dcgan_conv32_1xb16-8e_scenes-32px cam_plainnet_1xb32-15e_scenes-96px

reproduce: install ## test three published checkpoints again and compare (MODELS='a b' for others, MODELS=--all for all)
	$(BIN)/python tools/zoo.py reproduce $(MODELS) --out work_dirs/reproduce.json

demo: export OMP_NUM_THREADS := 2
demo: install ## train a localizer on the built-in scenes, test it, write an HTML report
	$(BIN)/python tools/train.py $(DEMO_CONFIG) --work-dir $(DEMO_DIR) --seed 0
	$(BIN)/python tools/test.py $(DEMO_CONFIG) $(DEMO_DIR)/epoch_15.pth --work-dir $(DEMO_DIR)

lint: install ## ruff, its format and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install ## the documentation, as docs/_build/html/index.html
	@$(BIN)/$(PIP) -c constraints.txt -e '.[docs]'
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html
	@echo 'Open docs/_build/html/index.html'

# What wsolzoo and its tests declare, less the fork, which shares its folders with the originals.
test-originals: install ## the same tests on OpenMMLab's own packages, in .venv-originals (docs/dependencies.md)
	@"$(PYTHON)" -m venv $(VENV)-originals
	@$(BIN)/python -c 'from importlib.metadata import requires; print(*(line.split(";")[0] for line in requires("wsolzoo") \
		if "onedl" not in line and ("extra" not in line or "test" in line)), sep="\n")' > $(VENV)-originals/requirements.txt
	@$(ORIGINALS)/$(PIP) -c constraints.txt -r $(VENV)-originals/requirements.txt \
		'setuptools<82' mmengine==0.10.7 mmcv-lite==2.2.0 mmpretrain==1.2.0
	@$(ORIGINALS)/$(PIP) --no-deps -e .
	$(ORIGINALS)/python -m pytest -m 'not slow' --strict-skips

lock: install ## write requirements.lock: all packages and extras for Linux and Python 3.11, with hashes
	@$(BIN)/$(PIP) -c constraints.txt -e '.[release]'
	$(BIN)/uv pip compile -q setup.py --all-extras -c constraints.txt --generate-hashes --no-annotate \
		--python-version 3.11 --python-platform x86_64-manylinux_2_28 --custom-compile-command 'make lock' -o requirements.lock

audit: install ## look the locked packages up among known vulnerabilities (needs the network)
	@$(BIN)/$(PIP) -c constraints.txt -e '.[release]'
	$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock
