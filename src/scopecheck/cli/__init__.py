"""The command `scopecheck`, one file a group: list, show, run and report recipes; score; fetch data."""

import sys
from importlib.util import find_spec

# What the extra `run` brings.
STANDS_ON = ("ipykernel", "jupytext", "nbformat", "papermill", "psutil", "rocrate", "typer")


def main() -> None:
    """Run the command; where only the core is installed, say in one line what to install, exit status 2."""
    if missing := [name for name in STANDS_ON if find_spec(name) is None]:
        print(
            f"scopecheck: the command needs {', '.join(missing)}, and here is the core alone; install"
            " the rest with: pip install 'scopecheck[run]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from scopecheck.cli import command

    command.main()
