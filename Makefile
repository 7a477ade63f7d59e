# make demo    set up and run the main job on a data set drawn on the spot
# make test    set up and run every test
# make lint    ruff and mypy
# make docs    the documentation as pages in build/site; a warning is an error
# make bench   every benchmark beside its peers, by hand: minutes to an hour

VENV := .venv
PY := $(VENV)/bin/python
BENCH := .venv-bench
INSTALLED := $(VENV)/.installed
export NO_ALBUMENTATIONS_UPDATE := 1

.PHONY: demo test lint docs bench clean

demo: $(INSTALLED)
	$(VENV)/bin/fertools demo

test: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest -n auto --dist worksteal

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict -q -f docs/mkdocs.yml

bench: $(INSTALLED) $(BENCH)/.installed
	for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(PY) $$file || exit 1; done

clean:
	rm -rf $(VENV) $(BENCH) build dist

# torch first and by itself, in the tested version; on Linux the default build brings CUDA
# (gigabytes): for the build without it, point PIP_EXTRA_INDEX_URL at PyTorch's CPU index
$(INSTALLED): pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -c constraints.txt "torch==2.13.0"
	$(VENV)/bin/pip install --quiet -c constraints.txt -e ".[curate,export,faces,ray,report,train,dev]"
	touch $@

# peers whose pins clash with ours
$(BENCH)/.installed: Makefile
	python3 -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet imagededup cleanvision torchvision datasets webdataset
	touch $@
