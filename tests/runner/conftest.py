"""Folders with small recipes that run in a second or two."""

import contextlib
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from scopecheck.runner import run as runner
from scopecheck.runner.find import read_notebook, resolve_parameters
from scopecheck.runner.key import key_of

PAGE = """# ---
# jupyter:
#   scopecheck: {{schema: "2.0", kind: page, id: {id}, title: A small page}}
# ---

# %% [markdown]
# # A small page
#
# Its text.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
rate = 0.5
name = "a"
on = True
sizes = [1, 2]
# %%
{body}
"""

RECIPE = """# ---
# jupyter:
#   scopecheck:
#     schema: "2.0"
#     kind: recipe
#     id: {id}
#     title: A small recipe
#     failure_mode: segmentation distribution shift
#     tools: [{tool}]
#     datasets: {{embedded: [], public: [], archive: []}}
#     measurements:
#       count: {{unit: nuclei, estimand: pooled ratio, scale: relative, tolerance: 0.10, why: "half effect"}}
#     minutes: {{quick: 1, full: 1}}
#     memory_gib: 2
#     gpu: none
#     goals: [see]
# ---

# %% [markdown]
# # A small recipe
#
# Its text.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0
apart = 1.0
field = 1.4

# %%
from scopecheck import judge, record

page = record.start("{id}", profile=profile, tier=tier, seed=seed)
for arm, factor in (("apart", apart), ("lost", 0.5), ("field", field)):
    got = [99 * factor, 101 * factor] * 3
    verdict = judge.agreement(
        got, [100.0] * 6, scope="population", tolerance=0.1, estimand="pooled ratio"
    )
    page.add(arm, verdict, plausibility={{"F1@0.5": 0.9}})

# %% tags=["verdict", "nbval-check-output"]
page.words()

# %%
print("another output")
page.save()
"""

PLAN = """\
arm,measurement,scope,data,tier,profile,control,predicted,origin,seen_in_training,source
apart,count,,,,,positive,HOLDS,physics,no,simulated
lost,count,,,,,negative,FAILS,physics,no,simulated
field,count,,,,,,HOLDS,paper,,x
"""


class Place:
    """A folder of recipes and one of results; the commands find them by the environment."""

    def __init__(self, root: Path):
        self.recipes, self.results = root / "recipes", root / "results"
        self.recipes.mkdir()

    def page(self, name: str, body: str = "print(rate)") -> Path:
        return self._write(name, PAGE.format(id=name, body=body))

    def recipe(self, name: str = "shift-toy", recorded: str = "", tool: str = "numpy") -> Path:
        (self.recipes / f"{name}.csv").write_text(PLAN, encoding="utf-8")
        if recorded:  # the word of a reviewed run of the field
            field = {"arm": "field", "measurement": "count", "words": [recorded], "biases": [0.4]}
            runs = {"profile": "quick", "tier": "embedded", "seeds": [0], "scopecheck": "0", "arms": [field]}
            (self.recipes / "recorded").mkdir(exist_ok=True)
            kept = self.recipes / "recorded" / f"{name}.json"
            kept.write_text(json.dumps({"recipe": name, "runs": [runs]}), encoding="utf-8")
        return self._write(name, RECIPE.format(id=name, tool=tool))

    def _write(self, name: str, text: str) -> Path:
        path = self.recipes / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(made.recipes))
    monkeypatch.setenv("SCOPECHECK_RESULTS", str(made.results))
    return made


@pytest.fixture
def run(place) -> Callable:
    from scopecheck.runner.run import run_all

    def one(*paths: Path, given: dict[str, str] | None = None, **keywords):
        outcomes = run_all(list(paths), given or {}, place.results, **keywords)
        return outcomes[0] if len(outcomes) == 1 else outcomes

    return one


@pytest.fixture(scope="session")
def _results_made(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("results-made")


def execute_here(command, env, **_) -> None:
    """In the place of the process that executes a notebook: its cells in this one, what they print kept."""
    spec = json.loads(Path(command[-1]).read_text(encoding="utf-8"))
    recipe, source = Path(spec["recipe"]), Path(spec["work"], "source.ipynb")
    nbformat.write(read_notebook(recipe), source)
    how = {"kernel_name": "python3", "language": "python"}
    notebook = parameterize_notebook(load_notebook_node(str(source)), spec["parameters"], **how)
    names: dict = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(spec["out"]):
        for name, value in env.items():
            if os.environ.get(name) != value:
                patch.setenv(name, value)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                with contextlib.redirect_stdout(io.StringIO()) as said:
                    exec(cell.source, names)
                if said.getvalue():
                    cell.outputs = [nbformat.v4.new_output("stream", text=said.getvalue())]
    nbformat.write(notebook, Path(spec["out"], f"{recipe.stem}.ipynb"))


@pytest.fixture
def run_here(run, monkeypatch) -> Callable:
    """As `run`, for recipes that print words and no pictures: without a kernel, which takes seconds to start.

    Key, lock, what is kept of the run and the rename are the runner's own; test_run.py has kernels.
    """
    process = SimpleNamespace(Popen=execute_here, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)

    def one(*paths: Path, **keywords):
        with monkeypatch.context() as patch:
            patch.setattr(runner, "subprocess", process)
            patch.setattr(runner, "_watch", lambda process, job, errors: (0.5, 1.0))
            return run(*paths, **keywords)

    return one


@pytest.fixture
def made(place, run_here, _results_made) -> Callable:
    """Have the result of a recipe, for tests of what is done with it: the same one is run once a session."""

    def one(path: Path, given: dict[str, str] | None = None):
        recipe, parameters, _ = resolve_parameters(path, given or {})
        key = key_of(path, parameters)
        kept, here = _results_made / recipe.id / key, place.results / recipe.id / key
        if kept.is_dir() and not here.exists():
            shutil.copytree(kept, here)
        outcome = run_here(path, given=given)
        assert outcome.status in ("ran", "unchanged"), outcome.why
        assert outcome.folder == str(here.resolve())
        if not kept.is_dir():
            shutil.copytree(here, kept)
        return outcome

    return one
