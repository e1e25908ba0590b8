"""What the tests of the commands share."""

import sys

import pytest

from scopecheck.cli import main


@pytest.fixture
def scopecheck(monkeypatch, capsys):
    """Call `scopecheck`; gives exit status, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["scopecheck", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def score(scopecheck):
    """Call `scopecheck score`."""
    return lambda *arguments: scopecheck("score", *arguments)
