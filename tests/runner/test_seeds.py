"""Runs of several seeds are gathered, kept beside the recipe, and told by the page."""

import json
from pathlib import Path

import pytest

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.result import read_verdict
from scopecheck.record.seeds import Seeds, read_seeds, seeds_path
from scopecheck.runner import seeds
from scopecheck.runner.find import results_folder

BODY = """
from scopecheck import judge, record

page = record.start("{id}", profile=profile, tier=tier, seed=seed)
for arm, factor in (("apart", apart), ("lost", 0.5), ("field", field - 0.4 * (seed == 2))):
    got = [99 * factor, 101 * factor] * 3
    how = {{"scope": "population", "tolerance": 0.1, "estimand": "pooled ratio"}}
    page.add(arm, judge.agreement(got, [100.0] * 6, **how))
page.alarms("bright", judge.alarms([True, seed == 1], [True, False]))
page.note("seconds to see it", 2 * seed)
page.save()
print(page.other_seeds())
"""


@pytest.fixture
def recipe(place):
    path = place.recipe()
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("# %%\nfrom scopecheck")]
    path.write_text(f"{head}# %%\n{BODY.format(id=path.stem)}", encoding="utf-8")
    return path


def test_words_biases_alarms_and_notes_of_three_seeds(recipe, run, capsys):
    for seed in ("0", "1", "2"):
        assert run(recipe, given={"seed": seed}).status == "ran"
    assert run(recipe, given={"seed": "3", "field": "1.5"}).status == "ran"  # another experiment: left out
    assert seeds.main([]) == 0
    assert "seeds [0, 1, 2], tier embedded, 1 of 3 words change" in capsys.readouterr().out
    found = read_seeds(recipe)
    assert found.labels("field", "count") == {"FAILS": 2, "HOLDS": 1}
    assert found.labels("apart", "count") == {"HOLDS": 3}
    assert found.biases("field", "count") == pytest.approx([0.4, 0.4, 0.0])
    assert found.alarm("bright") == (3, 3, 1, 3)  # hits of wrong, false alarms of good
    assert found.notes == {"seconds to see it": [0, 2, 4]}
    text = found.text([("field", "count"), ("apart", "count"), ("unknown", "count")])
    assert "the seeds 0, 1, 2. The word was the same 3 times for 1 of 2 verdicts" in text
    assert (
        "`field` count: FAILS 2, HOLDS 1. 1 of these said HOLDS with one seed and FAILS with another." in text
    )


def test_a_page_runs_again_when_its_seeds_change_and_tells_them(recipe, run):
    folder = run(recipe).folder
    assert read_verdict(f"{folder}/verdict.json").arms[2].over_seeds == {}
    run(recipe, given={"seed": "1"})
    seeds.main([recipe.stem])
    again = run(recipe)
    assert again.status == "ran"
    assert again.folder == folder  # what is kept of other runs decides no result
    assert again.because == ["other runs are recorded than its page quotes"]
    assert read_verdict(f"{again.folder}/verdict.json").arms[2].over_seeds == {"FAILS": 2}
    assert "was the same 2 times" in (results_folder() / f"{again.folder}/{recipe.stem}.ipynb").read_text()


def test_fewer_than_two_seeds_or_other_versions_are_refused(recipe, run):
    with pytest.raises(InputError, match="found: 0; expected two or more"):
        seeds.main([recipe.stem])
    run(recipe)
    with pytest.raises(InputError, match="found: 1; expected two or more"):
        seeds.main([recipe.stem])
    path = Path(run(recipe, given={"seed": "1"}).folder) / "run.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"versions": {"numpy": "0.1"}}))
    with pytest.raises(InputError, match="seeds 0 and 1 were run with other versions"):
        seeds.main([recipe.stem])
    path.write_text(json.dumps(told | {"sources": {"recipe": "another text"}}))
    with pytest.raises(InputError, match="seeds 0 and 1 were run with other sources"):
        seeds.main([recipe.stem])
    assert not seeds_path(recipe).exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": "another"}, "belongs to 'another'"),
        ({"seeds": [0]}, "one entry a seed, 1"),
        ({"sed": 1}, "sed: Extra inputs"),
    ],
)
def test_a_file_that_does_not_fit_is_named(recipe, change, said):
    arm = {"arm": "field", "measurement": "count", "labels": ["HOLDS", "FAILS"], "biases": [0.1, None]}
    good = {"recipe": recipe.stem, "profile": "quick", "tier": "embedded", "scopecheck": "0", "seeds": [0, 1]}
    good["arms"] = [arm]
    assert Seeds(**good).biases("field", "count") == [0.1]
    path = seeds_path(recipe)
    path.parent.mkdir()
    path.write_text(json.dumps(good | change))
    with pytest.raises(RecipeError, match=said) as caught:
        read_seeds(recipe)
    assert str(path) in str(caught.value)


def test_an_arm_that_a_seed_could_not_judge_is_not_hidden(recipe, run):
    text = recipe.read_text(encoding="utf-8")
    old = '    how = {"scope"'
    assert old in text
    skip = '    if arm == "field" and seed == 1:\n        page.not_run(arm, "count", "nothing")\n'
    skip += "        continue\n"
    text = text.replace(old, skip + old).replace('page.note("seconds', 'seed == 1 or page.note("seconds')
    recipe.write_text(text, encoding="utf-8")
    for seed in ("0", "1", "2"):
        assert run(recipe, given={"seed": seed}).status == "ran"
    found = seeds.gather(recipe.stem, results_folder())
    assert found.labels("field", "count") == {"FAILS": 1, "not run": 1, "HOLDS": 1}
    assert found.biases("field", "count") == pytest.approx([0.4, 0.0])
    assert found.notes == {}  # not said in every seed
    assert "`field` count: FAILS 1, not run 1, HOLDS 1." in found.text([("field", "count")])
