"""Which recipes ran as their notebooks do on Colab: the list ``colab.yaml`` beside them."""

from pathlib import Path
from typing import Any

import yaml

from scopecheck.errors import RecipeError

KEYS = {"extra", "passed", "why"}


def read_list(folder: Path) -> dict[str, dict[str, Any]]:
    """The list beside the recipes of a folder, by recipe; empty where there is none.

    Raises
    ------
    RecipeError
        If it is not YAML, or an entry holds anything but ``extra``, ``passed`` and ``why``.
    """
    path = folder / "colab.yaml"
    if not path.is_file():
        return {}
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        wrong = [name for name, entry in listed.items() if not set(entry or {}) <= KEYS]
    except (yaml.YAMLError, AttributeError, TypeError) as err:
        raise RecipeError(f"{path}: expected a line a recipe, as `id: {{extra: unet}}`: {err}") from err
    if wrong:
        raise RecipeError(f"{path}: {wrong[0]}: expected no other keys than {', '.join(sorted(KEYS))}")
    return {name: entry or {} for name, entry in listed.items()}


def extra_of(recipe: Path) -> str:
    """The extra of scopecheck that a recipe's notebook installs; empty where the core is enough."""
    return read_list(recipe.parent).get(recipe.stem, {}).get("extra", "")


def told(recipe: Path) -> str:
    """What a page says of Colab, in Markdown: a button where its notebook passed, else why there is none."""
    entry, config = read_list(recipe.parent).get(recipe.stem, {}), recipe.parents[1] / "_config.yml"
    if not entry.get("passed") or not config.is_file():
        return f"no button, because {entry.get('why') or 'it was not run there yet'}"
    place = yaml.safe_load(config.read_text(encoding="utf-8"))["repository"]
    opens = place["url"].replace("https://github.com", "https://colab.research.google.com/github")
    return (
        f"[open the notebook on Colab]({opens}/blob/{place['branch']}/recipes/notebooks/{recipe.stem}.ipynb);"
        f" with Colab's packages of {entry['passed']} its words were the recorded ones"
    )
