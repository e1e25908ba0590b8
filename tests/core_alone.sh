#!/usr/bin/env bash
# Install the core without the command, the runner or any deep-learning tool, as a wheel, and run tests against it;
# then the extra `run`, and further tests. With the newest Python and numpy here: one case of each quick test of
# what computes, reads and judges, since what may differ from `make test` are the packages. With WEEKLY=1 the whole
# suite, and also with Python 3.11, numpy 1.26 and 2.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep -v -E '^numpy==' requirements.lock > "$work/constraints.txt"

works() { command -v "$1" > /dev/null && "$1" -c "import sys; sys.exit(sys.version_info[:2] != $2)" 2> /dev/null; }

check() { # interpreter, numpy requirement
  echo "-- core alone: $("$1" --version), $2"
  "$1" -m venv "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    . pytest pytest-xdist hypothesis "$2" -c "$work/constraints.txt"
  absent torch tensorflow cellpose stardist numba topaz cryodrgn cryosparc MDAnalysis papermill jupytext rocrate typer
  said=$("$work/venv/bin/scopecheck" list 2>&1) && { echo "the command ran without the extra run" >&2; exit 1; }
  case $said in
    *"pip install 'scopecheck[run]'") echo "$said" ;;
    *) echo "the command does not say what it lacks: $said" >&2; exit 1 ;;
  esac
  "$work/venv/bin/python" -m pytest "${core[@]}" -p no:cacheprovider
  echo "-- and with the command and the runner"
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check '.[run]' -c "$work/constraints.txt"
  "$work/venv/bin/python" -m pytest "${what[@]}" -p no:cacheprovider
  rm -rf "$work/venv"
}

absent() { # modules that the core must not bring
  for tool; do
    if "$work/venv/bin/python" -c "import $tool" 2> /dev/null; then echo "$tool is installed: not the core alone" >&2; exit 1; fi
  done
}

newest() {
  newer=$(command -v pyenv > /dev/null && pyenv prefix 3.12 2> /dev/null || true)
  for candidate in python3.12 "$newer/bin/python" "$HOME"/.pyenv/versions/3.12*/bin/python; do
    if works "$candidate" "(3, 12)"; then
      echo "$candidate"
      return
    fi
  done
}

what=(-n 2 --dist loadfile -m "not slow" tests)
few=(--one-case --hypothesis-profile few -m "not slow and not tool")
if [ -z "${WEEKLY:-}" ]; then what=("${few[@]}" tests/data tests/score tests/cli --ignore=tests/data/read); fi
core=("${few[@]}" tests/test_unpickling.py tests/judge tests/measure tests/acquire tests/data/read
  tests/record/test_colab.py)

newest=$(newest)
if [ -n "$newest" ]; then
  check "$newest" "numpy>=2"
else
  echo "-- core alone: not run on Python 3.12, because that interpreter is not here"
fi
if [ -n "${WEEKLY:-}" ]; then check "${PYTHON:-python3.11}" "numpy==1.26.4"; fi
if [ -n "${WEEKLY:-}" ] || [ -z "$newest" ]; then check "${PYTHON:-python3.11}" "numpy>=2"; fi
