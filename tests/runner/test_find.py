"""Recipes are found; parameters are typed by the parameters cell and never become code."""

import pytest

from scopecheck.errors import InputError, RecipeError
from scopecheck.runner.find import defaults, find, locate, resolve_parameters, typed


def test_finds_by_name_and_offers_the_nearest(place, monkeypatch):
    page = place.page("metric-names")
    assert find() == [page]
    assert locate("metric-names") == page
    with pytest.raises(InputError, match=r"no recipe 'metric-name' \(did you mean metric-names\?\)"):
        locate("metric-name")
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(place.results))
    with pytest.raises(InputError, match="no recipes here"):
        find()


def test_defaults_are_the_literals_of_the_cell(place):
    assert defaults(place.page("small")) == {
        "profile": "quick",
        "tier": "embedded",
        "seed": 0,
        "rate": 0.5,
        "name": "a",
        "on": True,
        "sizes": [1, 2],
    }


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"seed": "7"}, 7),
        ({"rate": "2"}, 2.0),
        ({"rate": "1e-3"}, 0.001),
        ({"name": "7"}, "7"),
        ({"on": "false"}, False),
        ({"sizes": "[3, 4, 5]"}, [3, 4, 5]),
        ({"name": "__import__('os').system('true')"}, "__import__('os').system('true')"),
    ],
)
def test_values_take_the_type_of_the_default(place, given, value):
    _, parameters, changed = resolve_parameters(place.page("small"), given)
    (name,) = given
    assert changed == {name: value}
    assert parameters[name] == value
    assert type(parameters[name]) is type(value)


def test_a_value_equal_to_the_default_changes_nothing(place):
    assert resolve_parameters(place.page("small"), {"seed": "0", "tier": "embedded"})[2] == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sede": "1"}, r"unknown parameter 'sede' \(did you mean seed\?\); it has profile, tier, seed"),
        ({"zzz": "1"}, "unknown parameter 'zzz'; it has"),
        ({"seed": "1.5"}, "seed='1.5' cannot be read as int; the default is 0"),
        ({"seed": "print(1)"}, "cannot be read as int"),
        ({"rate": "fast"}, "rate='fast' cannot be read as a finite number"),
        ({"rate": "nan"}, r"rate='nan' cannot be read as a finite number \(float\); the default is 0\.5"),
        ({"rate": "-inf"}, "cannot be read as a finite number"),
        ({"rate": "1e999"}, "cannot be read as a finite number"),
        ({"on": "maybe"}, "cannot be read as bool"),
        ({"sizes": "[1, __import__('os')]"}, "cannot be read as list"),
        ({"sizes": "3"}, "cannot be read as list"),
        ({"sizes": "['a']"}, "cannot be read as list"),
        ({"profile": "huge"}, "profile is 'huge', must be one of quick, full"),
        ({"tier": "private"}, "tier is 'private', must be one of embedded, public, archive"),
    ],
)
def test_wrong_values_are_refused_in_one_line(place, given, said):
    with pytest.raises(InputError, match=said) as caught:
        resolve_parameters(place.page("small"), given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "default"),
    [("-" * 50_000 + "1", [1]), ("[" * 50_000, [1]), ("[1e999]", [0.5]), (f"[{'9' * 400}]", [0.5])],
)
def test_what_python_cannot_read_is_refused_too(text, default):
    with pytest.raises(InputError, match=r"^parameter x=.* cannot be read as list; the default is") as caught:
        typed("x", text, default)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (' tags=["parameters"]', "", "0 cells are tagged parameters, a recipe needs exactly one"),
        ("# %%\n", '# %% tags=["parameters"]\n', "2 cells are tagged parameters"),
        ("seed = 0", "seed = int('0')", "parameters cell: malformed"),
        ("seed = 0", "seed = None", "seed is None"),
        ("seed = 0", "import os", "not name = literal"),
        ("seed = 0", "seed = ", "parameters cell: invalid syntax"),
    ],
)
def test_a_parameters_cell_holds_literals_alone(place, old, new, said):
    path = place.page("small")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(RecipeError, match=said) as caught:
        defaults(path)
    assert "small.py" in str(caught.value)
