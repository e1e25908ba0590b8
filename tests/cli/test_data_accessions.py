"""`scopecheck data` on accessions: what knows them, and what says that it does not."""

import pytest
from typer.testing import CliRunner

from scopecheck.cli.data import app
from scopecheck.errors import DataError


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SCOPECHECK_CACHE", str(tmp_path))


@pytest.mark.parametrize("command", ["show", "where", "verify"])
@pytest.mark.parametrize(
    ("name", "folder"), [("empiar:10017", "empiar-10017"), ("emdb:EMD-30342", "emd-30342")]
)
def test_a_command_that_knows_no_accessions_says_so(command, name, folder, tmp_path):
    result = CliRunner().invoke(app, [command, name])
    assert isinstance(result.exception, DataError)
    assert str(result.exception).startswith(
        f"{name}: is an accession, which `data fetch` and `data clean` alone know; expected a name of"
        " `data list`."
    )
    assert str(tmp_path / folder) in str(result.exception)
