#!/usr/bin/env bash
# The bundle, whole, as a machine without a network has it: the locked wheels, the repository's own Makefile, a
# recipe, a page and the book, in a network namespace without a network. Takes a quarter of an hour and 12 GB, so it
# runs once a week; a toy of it is among the tests (tests/runner/test_bundle.py).
# Type it in an environment that is set up, after `make book`. RECIPES says what is run.
set -euo pipefail
cd "$(dirname "$0")/.."
recipes=${RECIPES:-structure-passport metric-names}

alone=
for way in "unshare -n" "unshare -rn"; do
  if $way true 2> /dev/null; then alone=$way; break; fi
done
[ -n "$alone" ] || { echo "NOT RUN: no network namespace can be made here (unshare -n)"; exit 0; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${VENV:-.venv}/bin/scopecheck" bundle "$work/bundle"
cd "$work/bundle"
grep -q "make recipes" README
! $alone "${PYTHON:-python3.11}" -c 'import socket; socket.create_connection(("192.0.2.1", 9), 1)' 2> /dev/null

env -u SCOPECHECK_MIRROR -u PIP_FIND_LINKS -u PIP_INDEX_URL HOME="$work" SCOPECHECK_CACHE="$work/cache" \
  $alone make recipes RECIPES="$recipes" PYTHON="${PYTHON:-python3.11}"
for id in $recipes; do
  test -f "scopecheck/_build/html/book/recipes/$id.html"
  grep -q "This recipe was not run" "scopecheck/_build/html/book/recipes/$id.html" && { echo "$id was not run" >&2; exit 1; }
done
echo "the bundle works without a network: $recipes"
