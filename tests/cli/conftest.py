"""What the tests of `scopecheck score` share."""

import sys

import pytest

from scopecheck.cli import main


@pytest.fixture
def score(monkeypatch, capsys):
    """Call `scopecheck score`; gives exit status, standard output and standard error."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["scopecheck", "score", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        return status, said.out, said.err

    return call
