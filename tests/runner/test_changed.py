"""Which recipes have to run: those whose key is not the recorded one, pages, and those named."""

import json

import pytest

from scopecheck.runner import changed, key
from scopecheck.runner.progress import cost
from scopecheck.runner.run import Outcome

QUICK = {"profile": "quick", "tier": "embedded"}


@pytest.fixture
def recipe(place):
    """A recipe whose quick run is recorded under the key that it has now."""
    path = place.recipe()
    keep(path, {**QUICK, "key": key.key_of(path, QUICK)})
    return path


def keep(path, *runs):
    kept = path.parent / "recorded" / f"{path.stem}.json"
    kept.parent.mkdir(exist_ok=True)
    whole = [{"seeds": [0], "scopecheck": "0", "arms": [], **run} for run in runs]
    kept.write_text(json.dumps({"recipe": path.stem, "runs": whole}))


def test_nothing_changed_runs_pages_and_what_is_named(place, recipe, capsys):
    page = place.page("names")
    assert changed.why(recipe) == ""
    assert changed.main([]) == 0
    said = capsys.readouterr()
    assert said.out == "names\n"
    assert said.err.splitlines() == [
        "names: it is a page",
        "shift-toy: not run: nothing that it can reach has changed",
    ]
    changed.main([recipe.stem])
    assert capsys.readouterr().out == f"{page.stem}\n{recipe.stem}\n"
    changed.main(["--all"])
    assert capsys.readouterr().out == f"{page.stem}\n{recipe.stem}\n"


def test_what_a_recipe_reaches_makes_it_run_and_another_module_does_not(recipe, monkeypatch):
    real = key.reached
    monkeypatch.setattr(key, "reached", lambda text: {**real(text), "judge.verdict": "0"})
    assert changed.why(recipe) == "its key is not that of the recorded run (quick, embedded)"


def test_the_text_of_a_recipe_makes_it_run(recipe):
    recipe.write_text(recipe.read_text(encoding="utf-8") + "# a word\n", encoding="utf-8")
    assert "its key is not" in changed.why(recipe)


def test_a_run_of_another_tier_counts_too_and_one_without_a_key_is_run(recipe, place):
    old, public = {**QUICK, "key": key.key_of(recipe, QUICK)}, {"profile": "quick", "tier": "public"}
    keep(recipe, old, {**public, "key": key.key_of(recipe, public)})
    assert changed.why(recipe) == ""
    keep(recipe, old, {**public, "key": "0123456789abcdef"})
    assert changed.why(recipe) == "its key is not that of the recorded run (quick, public)"
    keep(recipe, old, public)
    assert changed.why(recipe) == "the key of the recorded run (quick, public) was not kept"
    keep(recipe, {**old, "profile": "full"})
    assert changed.why(recipe) == "no run of profile quick is recorded"
    assert changed.why(place.recipe("another-toy")) == "no run of profile quick is recorded"


def test_a_malformed_recipe_is_run_so_that_it_is_told(place):
    path = place.page("bad")
    path.write_text("print(1)", encoding="utf-8")
    assert "no front matter" in changed.why(path)


def test_the_time_of_quick_runs_is_told_and_one_over_the_plan_is_marked():
    def ran(name, seconds, **more):
        return Outcome(name, **{"status": "ran", "profile": "quick", "cpu_seconds": seconds, **more})

    outcomes = [
        ran("a", 150.0),
        ran("b", 150.6),
        ran("c", 900, profile="full"),
        ran("d", 900, status="failed"),
    ]
    assert cost(outcomes) == "Processor seconds of quick runs, planned at most 150: a 150, b 151 OVER."
    assert cost(outcomes[2:]) == ""
