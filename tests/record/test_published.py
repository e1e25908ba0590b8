"""results.json: what it holds of runs, records and submissions, its schema, and what it refuses."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from scopecheck.errors import InputError
from scopecheck.record import published
from scopecheck.record.overview import State
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import read_recorded
from scopecheck.record.result import ArmResult

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "segmentation-stardist.py"
SCHEMA = ROOT / "book" / "extra" / "results.schema.json"
LEAST = {"source": "submission", "tool": "t", "quantity": "count", "setting": "s"}


@pytest.fixture(scope="module")
def recipe():
    return read_recipe(RECIPE)


def run_of(recipe, **fields):
    """A state with one judged arm of a recipe, as if it had been run."""
    declared = recipe.arms[0]
    given = {
        "recipe": recipe.id,
        "arm": declared.arm,
        "measurement": declared.measurement,
        "verdict": "HOLDS",
        "label": "HOLDS",
        "scope": "population",
        "n": 6,
        "bias": 0.01,
        "interval": [-0.02, 0.04],
        "tool": "stardist",
        "version": "9",
        "seconds": 1.5,
    }
    run = {"seconds": 60.0, "peak_gib": 2.5, "ended": "2030-01-01T00:00:00+00:00", "key": "k"}
    return State(recipe, "ok", run=run, arms=[ArmResult(**given | fields)])


def test_a_run_has_scope_n_interval_seconds_and_memory_and_the_rest_of_the_record_has_no_word(recipe):
    results = published.collect([run_of(recipe)])
    first, *others = results.entries
    assert (first.source, first.word, first.scope, first.n) == ("run", "HOLDS", "population", 6)
    assert first.interval == (-0.02, 0.04)
    assert (first.seconds, first.run_seconds, first.memory_gib) == (1.5, 60.0, 2.5)
    assert (first.tool, first.version, first.failure_mode) == ("stardist", "9", recipe.failure_mode)
    kept = json.loads((ROOT / "recipes" / "recorded" / f"{recipe.id}.json").read_text(encoding="utf-8"))
    rows = [arm for runs in kept["runs"] for arm in runs["arms"]]
    assert first.biases_seen == [b for b in rows[0]["biases"] if b is not None]
    assert len(others) == len(rows) - 1  # of all that is recorded the one that was run stands once
    assert {one.source for one in others} == {"record"}
    assert {one.word for one in others} == {None}
    assert all(one.reason == published.NOT_RUN and one.scope and one.n is None for one in others)
    touching = next(
        r for r in rows if (r["arm"], r["measurement"]) == (others[7].setting, others[7].quantity)
    )
    assert sum(others[7].words_seen.values()) == len(touching["words"])


def test_of_two_states_the_first_counts_and_profiles_stand_apart(recipe):
    full = run_of(recipe, profile="full", n=30)
    results = published.collect([run_of(recipe), run_of(recipe, n=7), full])
    runs = [(one.profile, one.n) for one in results.entries if one.source == "run"]
    assert runs == [("quick", 6), ("full", 30)]


def test_recorded_words_that_differ_are_all_told():
    path = ROOT / "recipes" / "segmentation-unet-dice-trap.py"
    kept = read_recorded(path)
    unlike = [
        (a.arm, a.measurement) for r in kept.runs if len(r.seeds) > 1 for a in r.arms if len(set(a.words)) > 1
    ]
    results = published.collect([State(read_recipe(path), "not run")])
    told = {(e.setting, e.quantity): e for e in results.entries if e.profile == "quick"}
    assert unlike
    assert all(len(told[pair].words_seen) > 1 and told[pair].word is None for pair in unlike)


def test_a_word_without_scope_or_n_is_refused():
    for lack in ({"n": 5}, {"scope": "image"}, {}):
        with pytest.raises(ValidationError, match="a word needs its scope and its n"):
            published.Entry(**LEAST, word="HOLDS", **lack)
    assert published.Entry(**LEAST, word="HOLDS", scope="image", n=1).word == "HOLDS"


def test_the_schema_file_is_that_of_the_model_and_the_results_fit_it(recipe, tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    schema, ours = json.loads(SCHEMA.read_text(encoding="utf-8")), json.loads(published.schema())
    fields = schema["$defs"]["Entry"]["properties"]
    assert fields.keys() == ours["$defs"]["Entry"]["properties"].keys() == published.Entry.model_fields.keys()
    assert {k: v.get("description") for k, v in fields.items()} == {
        k: v.get("description") for k, v in ours["$defs"]["Entry"]["properties"].items()
    }
    assert schema["properties"].keys() == published.Results.model_fields.keys()
    path = published.write(
        published.collect([run_of(recipe)], ROOT / "submissions"), tmp_path / "a" / "r.json"
    )
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["schema_version"] == "1.0"
    assert content["entries"][-1]["source"] == "submission"
    jsonschema.validate(content, schema)
    for wrong in ({"word": "GOOD"}, {"n": "many"}, {"unknown": 1}):
        content["entries"][0] |= wrong
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content, schema)
        content["entries"][0] = {k: v for k, v in content["entries"][0].items() if k not in wrong}
    assert published.read(path).entries[0].n == 6


def test_a_file_that_does_not_fit_is_named(tmp_path):
    bad = tmp_path / "bad.json"
    with pytest.raises(InputError, match=r"bad.json: cannot be read"):
        published.read(bad)
    for text in ("{", '{"schema_version": "2.0", "entries": []}', '{"entries": [{"tool": "t"}]}'):
        bad.write_text(text)
        with pytest.raises(InputError, match=r"bad.json: does not fit the schema of results, version 1.0"):
            published.read(bad)
        with pytest.raises(InputError, match=r"bad.json"):
            published.collect([], tmp_path)
    bad.write_text('{"schema_version": "1.7", "entries": []}')  # a later minor version of the same schema
    assert published.read(bad).entries == []
