# Every target makes what it needs. Variables:
#   PYTHON      the interpreter that .venv is made from, 3.10 or newer
#   PIP_ARGS    more arguments for pip install, e.g. another package index
#   TRAIN_ARGS  more arguments for marl train      TEST_ARGS  more arguments for pytest
#   BENCH_ARGS  more arguments for the benchmark of CartPole or of games, e.g. BENCH_ARGS='--parts ppo --seeds 1'
#   COURSE_ARGS more arguments for the environments of courses, e.g. COURSE_ARGS='--only taxi --seeds 1'

PYTHON ?= python3
PIP_ARGS ?=
TRAIN_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
COURSE_ARGS ?=

BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv train test crash lint format bench bench-cartpole bench-games bench-pettingzoo environments matches course docs clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(STAMP) ## Make .venv and install the package and its tools in their tested versions

$(STAMP): setup.cfg constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python %d.%d is too old: give 3.10 or newer, make PYTHON=..." % sys.version_info[:2])'
	@echo "==> Making .venv with $$($(PYTHON) --version)"
	$(PYTHON) -m venv .venv
	@echo "==> Installing the package and its dependencies; PyTorch is the large one"
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt $(PIP_ARGS) -e '.[dev]'
	@touch $@

train: $(STAMP) ## Train two class-A and two class-B predators, evaluate them and draw an episode
	@out=runs/predator_teams; number=1; \
	while [ -e "$$out" ]; do number=$$((number + 1)); out=runs/predator_teams-$$number; done; \
	echo "==> Training into $$out"; \
	exec $(BIN)/marl train predator_teams_quick --out "$$out" --report $(TRAIN_ARGS)

# Two workers here and not in pyproject.toml, as one file is done sooner in one process. They begin with a half each,
# in order, and who is done takes from the other (worksteal): a whole file each (loadfile) waits for the longest.
test: $(STAMP) ## Run the tests, in two processes; TEST_ARGS='-n 0' in one
	$(BIN)/python -m pytest -n 2 --dist worksteal $(TEST_ARGS)

crash: $(STAMP) ## Kill, starve, damage and cut off the power of trainings at every file operation; takes minutes
	$(BIN)/python -m pytest -n 2 --dist worksteal -m crash tests/reliability $(TEST_ARGS)

lint: $(STAMP) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMP) ## Mend what the style check can mend, and format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(STAMP) ## Measure stepping and training beside mpe2 and SuperSuit
	$(BIN)/python experiments/benchmark.py

bench-cartpole: $(STAMP) ## Measure CartPole beside Stable-Baselines3, which it installs
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[bench]'
	$(BIN)/python experiments/benchmark_cartpole.py $(BENCH_ARGS)

bench-games: $(STAMP) ## Measure search beside OpenSpiel, which it installs, and play the tables
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[games]'
	$(BIN)/python experiments/benchmark_games.py $(BENCH_ARGS)
	$(BIN)/python experiments/games_tables.py

environments: $(STAMP) ## Check, train, evaluate and render every PettingZoo environment, whose packages it installs
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[pettingzoo,fast,magent2]'
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps $(PIP_ARGS) DSSE==1.1.9
	$(BIN)/python experiments/pettingzoo_environments.py

matches: $(STAMP) ## Train sides and seats of PettingZoo environments, five seeds each, and play them against random ones
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[pettingzoo]'
	$(BIN)/python experiments/pettingzoo_matches.py

bench-pettingzoo: $(STAMP) ## Measure stepping of PettingZoo environments beside SuperSuit and TorchRL, and learning beside Stable-Baselines3
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[pettingzoo,bench]' torchrl
	$(BIN)/python experiments/benchmark_pettingzoo.py
	$(BIN)/python experiments/pettingzoo_learning.py

course: $(STAMP) ## Train the environments that courses use, five seeds each, and print their table
	$(BIN)/python experiments/course_environments.py $(COURSE_ARGS)

docs: $(STAMP) ## Build the documentation's site into site/, whose tools it installs; needs Python 3.11
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt $(PIP_ARGS) -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean: ## Remove .venv, build output and caches; runs stay
	rm -rf .venv build dist site ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find marl envs wrappers tests experiments -name __pycache__ -type d -prune -exec rm -rf {} +
