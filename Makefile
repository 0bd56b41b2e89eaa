# make install | test | demo | lint | docs | test-originals: a bare checkout needs only make and Python 3.11 (3.10-3.13).
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.10 python3; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 \
	&& command -v "$$p" && break; done)
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

DEMO_CONFIG := configs/cam/cam_plainnet_1xb32-15e_scenes-96px.py
DEMO_DIR := work_dirs/demo

.PHONY: install test demo lint docs test-originals

install: $(VENV)/.installed

# The stamp is older than what decides the environment exactly when something changed.
$(VENV)/.installed: setup.py pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo 'No usable Python found: wsolzoo needs Python 3.10 to 3.13 with the venv module' \
		'(Debian: apt-get install python3.11 python3.11-venv). Name yours with: make install PYTHON=/path/to/python3.11'; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON) and installing the pinned packages (some minutes the first time)"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[test,lint]'
	@touch $@

test: install
	$(BIN)/python -m pytest -m 'not slow' -n 2

demo: export OMP_NUM_THREADS := 2
demo: install
	$(BIN)/python tools/train.py $(DEMO_CONFIG) --work-dir $(DEMO_DIR) --seed 0
	$(BIN)/python tools/test.py $(DEMO_CONFIG) $(DEMO_DIR)/epoch_15.pth --work-dir $(DEMO_DIR)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: install
	@$(BIN)/python -m pip install -qq -c constraints.txt -e '.[docs]'
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html
	@echo 'Open docs/_build/html/index.html'

# The same code on OpenMMLab's own packages, in an environment of its own.
test-originals: install
	@"$(PYTHON)" -m venv $(VENV)-originals
	@$(VENV)-originals/bin/python -m pip install -qq -c constraints.txt 'setuptools<82' torch torchvision numba rich einops addict yapf \
		matplotlib modelindex timm scipy pytest pytest-xdist hypothesis 'mmengine==0.10.7' 'mmcv-lite==2.2.0'
	@$(VENV)-originals/bin/python -m pip install -qq --no-deps mmpretrain==1.2.0
	@$(VENV)-originals/bin/python -m pip install -qq --no-deps -e .
	$(VENV)-originals/bin/python -m pytest -m 'not slow'
