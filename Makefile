# Every target sets up what it needs. On a fresh machine: Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
CHECKOV := $(VENV)/checkov
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export JSII_NODE := $(BIN)/node
export KEEP
# Hundreds of processes import the same modules: what the first compiles, the others load. The demo's packages are even
# installed without bytecode, because it imports a small part of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup browser site demo test gpu fuzz check every-test unit-test studio-test studio lint prose fix diagram reference synth bench simulate campaign-fleet step-fleet image clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

STUDIO := web/studio/node_modules/.ready
setup: $(VENV)/.ready node_modules/.ready $(STUDIO) $(CHECKOV)/.ready browser ## install what every target needs

# An empty environment with the pinned pip: older ones do not know dependency groups.
$(VENV)/.created: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "Craftspark needs Python 3.11 or newer; '$(PYTHON)' is not. Install it or name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up Python in $(VENV)/"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	@touch $@

# Node comes first: its packages are installed, and Studio is built, beside Python's packages.
$(VENV)/.node-ready: $(VENV)/.created pyproject.toml constraints.txt
	@echo "- Node"
	@$(BIN)/python -m pip install --quiet --no-compile --group node --constraint constraints.txt
	@touch $@

# What the demo needs. `make setup` adds what tests, linting and training need.
$(VENV)/.demo-ready: $(VENV)/.node-ready pyproject.toml constraints.txt
	@$(BIN)/python -m scripts.install demo
	@touch $@

$(VENV)/.ready: $(VENV)/.node-ready pyproject.toml constraints.txt
	@$(BIN)/python -m scripts.install dev --compile
	@touch $(VENV)/.demo-ready $@

# It pins packages that the rest needs in other versions.
$(CHECKOV)/.ready: $(VENV)/.created constraints-checkov.txt
	@echo "- checkov, in an environment of its own"
	@$(BIN)/python -m venv --clear --without-pip $(CHECKOV)
	@$(BIN)/python -m pip --python $(CHECKOV)/bin/python install --quiet --no-compile --group checkov --constraint constraints-checkov.txt
	@touch $@

node_modules/.ready: package.json package-lock.json $(VENV)/.node-ready
	@echo "- Node's packages"
	@npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

# What tests in a browser drive. They need no download of Playwright's own.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
	  echo "- Chromium"; \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$SUDO apt-get update -qq && $$SUDO apt-get install -qq --no-install-recommends chromium >/dev/null \
	  || { echo "Tests in a browser need Chromium or Chrome: install one, so that 'chromium' or 'google-chrome' is found."; exit 1; }; }

$(STUDIO): web/studio/package.json web/studio/package-lock.json $(VENV)/.node-ready
	@echo "- Studio's packages"
	@npm --prefix web/studio ci --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

# What the API's stack uploads. Without a build, it has an API and no Studio.
SITE := web/studio/dist/index.html
site: $(SITE) ## build Studio, which a deployment of the API's stack uploads

$(SITE): $(STUDIO) web/client/schema.d.ts web/studio/index.html $(shell find web/studio/src web/studio/public -type f)
	npm --prefix web/studio run build --silent -- --logLevel warn

demo: $(VENV)/.demo-ready $(if $(KEEP),$(SITE)) ## submit real jobs to the whole service on this machine; KEEP=1 leaves it up
	@$(BIN)/python -m local_cloud.demo

test: ## lint and, beside it, every test; ORDER=1 shuffles them, with that seed
	@$(MAKE) --no-print-directory --jobs 2 setup $(SITE)
	@$(MAKE) --no-print-directory --jobs 2 lint every-test studio-test

# A process has one processor: threads of PyTorch that wait for each other would take the others' time.
every-test:
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 20 \
	  $(if $(ORDER),--random-order --random-order-bucket package --random-order-seed $(ORDER))

# `make gpu PYTHON=python3` takes that Python as it is, for a machine with its own PyTorch and without a network. Many
# small tests share the GPU; those that measure have it alone.
GPU_PYTHON = $(if $(filter command,$(origin PYTHON)),$(PYTHON),$(BIN)/python)
GPU_SHARED = tests/cuda/test_families.py tests/cuda/test_training.py tests/cuda/test_unet_training.py tests/cuda/test_precision.py tests/cuda/test_faults.py \
  tests/gpu/worker/test_same_pixels.py
GPU_ALONE = tests/cuda/test_built_in_model.py tests/cuda/test_speed.py tests/cuda/test_styles.py tests/cuda/test_memory.py \
  tests/cuda/test_processes.py tests/cuda/test_profile_run.py
gpu: $(if $(filter command,$(origin PYTHON)),,$(VENV)/.ready) ## on a machine with an NVIDIA GPU: its tests, and its figures to build/gpu.json
	@rm -rf build/gpu build/gpu.json
	@$(GPU_PYTHON) -m pytest --numprocesses 6 $(GPU_SHARED); shared=$$?; [ $$shared -le 1 ] || exit $$shared; \
	  $(GPU_PYTHON) -m pytest $(GPU_ALONE) && exit $$shared

fuzz: setup ## ask every route of the local cloud 10,000 random things and more; `make test` asks 5,000
	CRAFTSPARK_FUZZ_TIMES=20 $(BIN)/python -m pytest -rP tests/e2e/api/test_schema.py

check: setup ## what to run before every commit: lint, types, contracts, and beside them the unit tests
	@$(MAKE) --no-print-directory --jobs 2 lint unit-test studio-test

unit-test:
	$(BIN)/python -m pytest -q tests/unit tests/repository

studio-test: $(STUDIO)
	npm --prefix web/studio test --silent

studio: $(STUDIO) ## serve Studio for its development: make studio STUDIO_API=the address that `local_cloud up` prints
	npm --prefix web/studio run dev

# A fresh clone in CI is checked once: mypy need not write what a second run would read.
lint: setup $(SITE)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.renovate renovate.json
	$(BIN)/zizmor --offline --quiet --no-progress .github/workflows
	$(BIN)/mypy $(if $(CI),--cache-dir=/dev/null)
	$(BIN)/python -m scripts.prose
	spectral lint --quiet --fail-severity hint docs/openapi.json
	npm --prefix web/studio run check --silent
	REDOCLY_SUPPRESS_UPDATE_NOTICE=true redocly lint --format stylish docs/openapi.json

prose: $(VENV)/.ready ## find what is not plain English in a file or folder: make prose PLACE=gpu_tasks
	$(BIN)/python -m scripts.prose $(PLACE)

fix: setup diagram ## format, mend what can be mended, and write the generated files anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m cdk_app.packaging.word_index craftspark/words/index.json
	$(BIN)/python -m lambdas.http.openapi > docs/openapi.json
	$(BIN)/python -m scripts.decision_index
	$(BIN)/python -m scripts.room_map
	$(BIN)/python -m scripts.quota_table
	openapi-typescript docs/openapi.json --default-non-nullable false --output web/client/schema.d.ts

diagram: setup ## draw the architecture from docs/architecture.dot
	node scripts/diagram.mjs docs/architecture.dot > docs/images/architecture.svg

reference: setup ## write the API's reference as a page to build/reference/index.html
	$(BIN)/python -m lambdas.http.reference

synth: $(VENV)/.ready ## write the templates of every stage to build/synth; needs no AWS account
	@for stage in dev prod local; do \
	  CDK_OUTDIR=build/synth/$$stage CDK_CONTEXT_JSON="{\"stage\":\"$$stage\"}" $(BIN)/python app.py || exit 1; \
	  echo "build/synth/$$stage"; \
	done

bench: $(VENV)/.ready $(SITE) browser ## measure, and write build/bench.json; ONLY="takedown submit" measures with these modules
	$(BIN)/python -m benchmarks $(ONLY)

simulate: $(VENV)/.ready ## simulate the fleet under several policies; table, plots and page to build/simulation
	$(BIN)/python -m simulation --all $(if $(RECORDINGS),--recordings $(RECORDINGS))

campaign-fleet: $(VENV)/.ready ## kill, stop and interrupt 250 real workers under load, to build/fleet-campaign.json
	$(BIN)/python -m benchmarks.fleet campaign

step-fleet: $(VENV)/.ready ## raise the demand tenfold in the local cloud, to build/fleet-step.json and .png
	$(BIN)/python -m benchmarks.fleet step

STAGE ?= dev
image: $(VENV)/.ready ## build the GPU image and push it to a stage's repository: make image STAGE=prod
	$(BIN)/python -m cdk_app.packaging.gpu_image $(STAGE)

clean: ## remove all that was made, the environment included
	rm -rf $(VENV) node_modules web/studio/node_modules web/studio/dist build cdk.out .local-cloud
