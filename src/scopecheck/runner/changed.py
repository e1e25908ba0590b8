"""Which recipes have to run before a change is taken.

``python -m scopecheck.runner.changed [--all] [ID ...]`` prints their ids, one a line, and why on the standard
error: every page, the recipes named, and those whose key is not the one of their recorded run.
What a recipe cannot reach does not make it run.
"""

import sys
from pathlib import Path

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import read_recorded
from scopecheck.runner.find import find, locate
from scopecheck.runner.key import key_of


def why(path: Path, profile: str = "quick") -> str:
    """Why a recipe has to run, or an empty string.

    Parameters
    ----------
    path : Path
        The recipe; what is recorded of its runs lies in ``recorded/<id>.json`` beside it.
    profile : str
        The profile whose recorded runs count.
    """
    try:
        if read_recipe(path).kind == "page":
            return "it is a page"
        recorded = read_recorded(path)
        kept = [run for run in recorded.runs if run.profile == profile] if recorded else []
        for run in kept:
            where = f"recorded run ({profile}, {run.tier})"
            if not run.key:
                return f"the key of the {where} was not kept"
            if run.key != key_of(path, {"profile": profile, "tier": run.tier, "seed": run.seeds[0]}):
                return f"its key is not that of the {where}"
    except RecipeError as err:
        return str(err)
    return "" if kept else f"no run of profile {profile} is recorded"


def main(arguments: list[str]) -> int:
    """Print the ids; gives the exit status."""
    every, always = "--all" in arguments, [locate(a) for a in arguments if a != "--all"]
    for path in find():
        if every:
            reason = "all were asked for"
        else:
            reason = why(path) or ("it is run always" if path in always else "")
        print(f"{path.stem}: {reason or 'not run: nothing that it can reach has changed'}", file=sys.stderr)
        if reason:
            print(path.stem, flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (InputError, RecipeError) as err:
        print(err, file=sys.stderr)
        sys.exit(2)
