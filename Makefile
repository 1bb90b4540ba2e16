# Every target sets up what it needs. On a fresh machine: Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test check fix synth bench clean image
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready node_modules/.ready ## install what every target needs

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Craftspark needs Python 3.11 or newer; '$(PYTHON)' is not. Install it or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet pip==26.1.2
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

node_modules/.ready: package.json package-lock.json $(VENV)/.ready
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

STAGE ?= dev
image: $(VENV)/.ready ## build the GPU image and push it to a stage's repository: make image STAGE=prod
	$(BIN)/python -m cdk_app.gpu_image $(STAGE)
