# `make help` lists the commands. Another interpreter: make book PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
EXECUTED := .cache/executed

# jupyter, nbmake and nbstripout find their helpers through PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 3

.PHONY: help book serve release test lab assignments grade bench clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else \
	  f"$(PYTHON) is Python {v[0]}.{v[1]}; the course needs 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	@echo "Installing the pinned dependencies (about 3 GB with TensorFlow; a few minutes the first time)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

book: $(INSTALLED)  ## execute every chapter and build the site into _build/html
	$(BIN)/jupyter-book build . --all -W --keep-going
	@echo "The site: $(CURDIR)/_build/html/index.html (open it in a browser, or: make serve)"

serve:  ## serve the built site on http://localhost:8000
	@test -f _build/html/index.html || { echo "There is no site yet: run make book first."; exit 1; }
	$(PYTHON) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

test: $(INSTALLED)  ## ruff, clean notebooks, unit tests, every chapter executed, contract tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/check_stripped.py
	$(BIN)/pytest tests
	rm -rf $(EXECUTED) && mkdir -p $(EXECUTED) && cp notebooks/[0-9]*.ipynb $(EXECUTED)  # nbmake skips _build
	PYTHONPATH=$(CURDIR)/tests/offline $(BIN)/pytest --nbmake --overwrite --nbmake-timeout=240 --durations=0 --durations-min=1 $(EXECUTED)/*.ipynb
	$(BIN)/python book/_ext/course.py $(EXECUTED)

release:  ## the built site as a zip that works offline, in _build/release
	@test -f _build/html/index.html || { echo "There is no site yet: run make book first."; exit 1; }
	$(PYTHON) -c 'import shutil; print(shutil.make_archive("_build/release/big-models-small-experiments", "zip", "_build", "html"))'

lab: $(INSTALLED)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

assignments: $(INSTALLED)  ## student versions and zips of the assignments, into _build/assignments/release
	$(BIN)/python notebooks/assignments/grading.py release

# without SUBMISSIONS: a class made up of right, wrong and hostile submissions
SUBMISSIONS ?= _build/assignments/sample
grade: $(INSTALLED)  ## grade SUBMISSIONS=folder of <student>/<assignment>.ipynb: grades.csv and feedback
	@test $(SUBMISSIONS) != _build/assignments/sample || $(BIN)/python tests/sample_class.py $(SUBMISSIONS)
	$(BIN)/python notebooks/assignments/grading.py grade $(SUBMISSIONS) $(if $(TO),--to $(TO))

bench: $(INSTALLED)  ## the benchmarks: writes book/benchmarks.json (pruning needs mnist.npz, see README)
	$(BIN)/python tests/benchmarks/bench_explanations.py
	$(BIN)/python tests/benchmarks/bench_pruning.py

clean:  ## remove what was built (the virtual environment stays)
	rm -rf _build .cache .pytest_cache .ruff_cache
