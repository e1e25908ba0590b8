#!/usr/bin/env bash
# Try the workflow with a Snakemake of its own and a real SLURM; what cannot be had here is named and not tried.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in munged slurmctld slurmd; do
  if ! PATH="$PATH:/usr/sbin" command -v "$name" > /dev/null; then
    echo "-- $name is not here: trying to install SLURM"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      slurm-wlm munge; } > "$work/apt.log" 2>&1 ||
      { echo "-- SLURM cannot be installed here, so its tests do not run:"; tail -n 2 "$work/apt.log"; }
    break
  fi
done

"${PYTHON:-python3.11}" -m venv "$work/snakemake"
if "$work/snakemake/bin/python" -m pip install --quiet --disable-pip-version-check \
  "snakemake>=9,<10" snakemake-executor-plugin-slurm > "$work/pip.log" 2>&1; then
  export SNAKEMAKE="$work/snakemake/bin/snakemake"
else
  echo "-- Snakemake cannot be installed here, so its tests do not run:"
  tail -n 2 "$work/pip.log"
fi
CLUSTER=1 "${VENV:-.venv}/bin/python" -m pytest tests/runner/test_workflow.py tests/runner/test_slurm.py -rs -p no:cacheprovider
