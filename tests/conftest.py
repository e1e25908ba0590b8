"""What every test stands on, and the real files that some ask for."""

import os
import signal
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all they start:
# the tests of interruptions would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

WEEKLY = bool(os.environ.get("WEEKLY"))
# What a test says itself of its examples stands; the others try as many as these.
settings.register_profile("ordinary", max_examples=25, deadline=None)
settings.register_profile("weekly", deadline=None)
settings.register_profile("few", max_examples=5, deadline=None)
settings.load_profile("weekly" if WEEKLY else "ordinary")


def pytest_addoption(parser):
    parser.addoption("--one-case", action="store_true", help="of a test with many cases run the first")


def pytest_collection_modifyitems(config, items):
    """Skip, and say so, what is marked weekly; start with the tests that wait for other processes."""
    skip = pytest.mark.skip(reason="one of many cases, so it runs once a week: WEEKLY=1")
    for item in items:
        if not WEEKLY and item.get_closest_marker("weekly"):
            item.add_marker(skip)
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/runner/", "tests/tools/")))
    if config.getoption("one_case"):
        first = set({item.nodeid.partition("[")[0]: item for item in reversed(items)}.values())
        config.hook.pytest_deselected(items=[item for item in items if item not in first])
        items[:] = [item for item in items if item in first]


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """No variable of ours and no change of folder reaches the next test of this process."""

    def ours():
        return Path.cwd(), {
            name: value for name, value in os.environ.items() if name.startswith("SCOPECHECK")
        }

    before = ours()
    yield
    assert ours() == before


@pytest.fixture(scope="session", autouse=True)
def _command_put_together_once():
    """Typer builds all commands anew at each call, and a process makes one; here they are built once."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("typer"):
            from typer import main, testing

            built = lru_cache(main.get_command)
            patch.setattr(main, "get_command", built)
            patch.setattr(testing, "_get_command", built)
        yield


def _or_skip(read, *args, **keywords):
    """Read real files; skip where no source has them, and never for a wrong hash."""
    from scopecheck.errors import DataError

    try:
        return read(*args, **keywords)
    except DataError as error:
        if "wrong hash" in str(error) or "not reachable" not in str(error):
            raise
        pytest.skip(f"no source can be reached: {str(error).splitlines()[0]}")


@pytest.fixture(scope="session")
def _real_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("real")


@pytest.fixture(scope="module")
def real_files(_real_cache):
    """Call a reader of catalogue names with a cache of its own, and the mirror where there is one."""
    from scopecheck.data import mirror

    staged = os.environ.get("SCOPECHECK_MIRROR") or str(Path(__file__).parents[2] / "shared" / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCOPECHECK_CACHE", str(_real_cache))
        patch.delenv("SCOPECHECK_CATALOGUE", raising=False)
        if Path(staged.split(os.pathsep)[0]).is_dir():
            patch.setenv("SCOPECHECK_MIRROR", staged)
        mirror._index.cache_clear()
        yield _or_skip
        mirror._index.cache_clear()


@pytest.fixture(scope="module")
def real(real_files):
    """Fetch a dataset of the catalogue; its folder."""
    from scopecheck import data

    return lambda name: real_files(data.fetch, name)
