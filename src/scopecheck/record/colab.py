"""A notebook on a fresh Colab: no checkout beside it, no data yet, and a session that may end at any time."""

import csv
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from scopecheck.errors import RecipeError
from scopecheck.record.page import packaged
from scopecheck.record.plan import COLUMNS, plan_path
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.recorded import read_recorded, recorded_path
from scopecheck.record.result import read_verdict

MOUNTED = Path("/content/drive/MyDrive")


def begin(recipe: str, mounted: Path = MOUNTED) -> None:
    """Make a fresh Colab ready for the page of a recipe, and say where its results go.

    The front matter that the notebook carries in its metadata is written into the folder ``front-matter``,
    where :func:`record.start` is told to read it. Where a Drive is mounted, the working folder becomes
    ``scopecheck/<id>`` there, and fetched data and results of ``scopecheck run`` lie beside it: a later
    session finds them.

    Parameters
    ----------
    recipe : str
        The recipe's id.
    mounted : Path
        Where a Drive would be mounted.

    Raises
    ------
    RecipeError
        If the notebook carries front matter that is malformed or is another recipe's.
    """
    kept = mounted.is_dir()
    if kept:
        home = mounted / "scopecheck"
        (home / recipe).mkdir(parents=True, exist_ok=True)
        os.chdir(home / recipe)
        os.environ.setdefault("SCOPECHECK_CACHE", str(home / "data"))
        os.environ.setdefault("SCOPECHECK_RESULTS", str(home / "results"))
    os.environ.setdefault("SCOPECHECK_RECIPES", str(packaged()))  # for the command, of the extra `run`
    os.environ.pop("SCOPECHECK_RECIPE", None)  # of a page opened before
    carries = carried()
    if not carries:
        print("Colab does not tell this notebook's front matter: that of the installed package is used.")
    elif carries.get("kind") != "page":  # a page declares nothing, and reads files beside the package's
        os.environ["SCOPECHECK_RECIPE"] = str(unpack(carries, recipe, Path("front-matter")).path)
    ends = (
        "stay there"
        if kept
        else "end with this session: to keep them mount a Drive, then run this cell again"
    )
    print(f"Results go to {Path.cwd()} and {ends}.")
    if (done := Path("verdict.json")).is_file():
        when = datetime.fromtimestamp(done.stat().st_mtime).isoformat(" ", "minutes")
        try:
            print(f"The page was finished here before ({when}, {len(read_verdict(done).arms)} verdicts).")
        except RecipeError:  # half copied into the Drive, or of another version; this run writes it anew
            print(f"{done.absolute()} ({when}) cannot be read; this run writes it anew.")


def carried() -> Mapping[str, Any] | None:
    """The block ``scopecheck`` of the running notebook's metadata; None where Colab does not tell."""
    from google.colab import _message

    try:
        said = _message.blocking_request("get_ipynb", request="", timeout_sec=60)
    except _message.MessageError:
        return None
    return ((said or {}).get("ipynb") or {}).get("metadata", {}).get("scopecheck")


def pack(path: Path) -> dict[str, Any]:
    """Everything that `unpack` needs besides the header: the lines of the plan and what is recorded.

    Parameters
    ----------
    path : Path
        The recipe.
    """
    told: dict[str, Any] = {}
    if arms := read_recipe(path).arms:
        told["plan"] = [arm.model_dump(mode="json", exclude_defaults=True) for arm in arms]
    if recorded := read_recorded(
        path
    ):  # as one text: a line for each of its numbers would drown the notebook
        told["recorded"] = recorded.model_dump_json(exclude_defaults=True)
    return told


def unpack(carried: Mapping[str, Any], recipe: str, folder: Path) -> Recipe:
    """Write front matter out of a notebook's metadata: header, plan, recorded runs; all or nothing.

    Parameters
    ----------
    carried : mapping
        The block ``scopecheck`` of the notebook's metadata: the header, with what `pack` gives.
    recipe : str
        The recipe's id, which the header must name.
    folder : Path
        ``<id>.py`` (the header alone), ``<id>.csv`` and ``recorded/<id>.json`` are written there.

    Returns
    -------
    Recipe
        The front matter as read back.

    Raises
    ------
    RecipeError
        If it is malformed or belongs to another recipe; then no file is left.
    """
    header = {k: v for k, v in carried.items() if k not in ("plan", "recorded")}
    if header.get("id") != recipe:
        raise RecipeError(f"the notebook of {recipe} carries the front matter of {header.get('id')!r}")
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as made:
        path = Path(made) / f"{recipe}.py"
        text = yaml.safe_dump({"jupyter": {"scopecheck": header}}, allow_unicode=True, sort_keys=False)
        lines = "".join(f"# {line}\n" for line in text.splitlines())
        path.write_text(f"# ---\n{lines}# ---\n", encoding="utf-8")
        if arms := carried.get("plan"):
            try:
                rows = [{**arm, "data": " ".join(arm.get("data", ()))} for arm in arms]
                with plan_path(path).open("w", encoding="utf-8", newline="") as file:
                    table = csv.DictWriter(file, COLUMNS)
                    table.writeheader()
                    table.writerows(rows)
            except (AttributeError, TypeError, ValueError) as err:
                raise RecipeError(
                    f"the notebook of {recipe} carries a plan that cannot be read: {err}"
                ) from err
        if carried.get("recorded"):
            recorded_path(path).parent.mkdir()
            recorded_path(path).write_text(carried["recorded"], encoding="utf-8")
        read_recipe(path)  # these two refuse what is malformed
        read_recorded(path)
        for whole in list(Path(made).rglob(f"{recipe}.*")):
            target = folder / whole.relative_to(made)
            target.parent.mkdir(exist_ok=True)
            whole.replace(target)
    return read_recipe(folder / f"{recipe}.py")
