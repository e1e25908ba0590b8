"""A sweep asks the recipe's own tool, goes on where it was broken off, and says what a recipe's arm says."""

import json
from pathlib import Path

import numpy as np
import pytest

from scopecheck.errors import InputError, RecipeError
from scopecheck.record.envelope import read_sweep
from scopecheck.record.recorded import read_recorded
from scopecheck.runner import conditions
from scopecheck.runner.conditions import Setup, Source
from scopecheck.runner.sweep import grid, settings, sweep

RECIPES = Path(__file__).parents[2] / "recipes"
SIMULATED = Source("simulated", 128, (0, 1))
GRID = {"photons": (10.0, 200.0), "touching": (0.0, 0.6)}


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """The template, whose tool is a threshold and takes milliseconds, up to where its trial is made."""
    home = tmp_path / "recipes"
    home.mkdir()
    text, runs, _ = (RECIPES / "template.py.txt").read_text().partition("trial.run(")
    assert runs
    (home / "segmentation-threshold.py").write_text(text)
    (home / "segmentation-threshold.csv").write_text((RECIPES / "template.csv").read_text())
    monkeypatch.setenv("SCOPECHECK_RECIPE", "")
    return home / "segmentation-threshold.py"


def swept(recipe, out, values=GRID, **more):
    return sweep(recipe, {"seed": 0}, {}, values, SIMULATED, out, **more)


@pytest.mark.slow
def test_every_setting_once_also_after_a_break(recipe, tmp_path):
    whole, broken = tmp_path / "whole.csv", tmp_path / "broken.csv"
    assert swept(recipe, whole) == 4
    made_by, lines = read_sweep(whole)
    assert made_by["recipe"] == "segmentation-threshold"
    assert [(float(line["photons"]), float(line["touching"])) for line in lines] == [
        tuple(one.values()) for one in settings(GRID)
    ]
    assert swept(recipe, whole) == 0  # nothing is asked twice

    text = whole.read_text()
    broken.write_text(text[: len(text) * 3 // 4])  # killed in the middle of a line
    assert 1 <= swept(recipe, broken) <= 3
    told = [{k: v for k, v in line.items() if "seconds" not in k} for line in read_sweep(broken)[1]]
    first = [{k: v for k, v in line.items() if "seconds" not in k} for line in lines]
    assert sorted(told, key=str) == sorted(first, key=str)


@pytest.mark.slow
def test_a_table_of_another_sweep_is_not_gone_on_with(recipe, tmp_path):
    out = tmp_path / "sweep.csv"
    out.write_text("photons,word\n1,HOLDS\n")
    with pytest.raises(InputError, match=f"{out.name}: is no table of `scopecheck sweep`"):
        swept(recipe, out)
    out.write_text("# " + json.dumps({"recipe": "other", "settings": ["photons"]}) + "\nphotons,seconds\n")
    with pytest.raises(InputError, match="made by another sweep"):
        swept(recipe, out)
    assert out.read_text().startswith("# ")  # and it is left as it was


def test_one_setting_is_what_its_images_give(recipe):
    """Count by hand what the threshold finds on the same images."""
    setup = Setup(recipe, {}, Source("simulated", 128, (3, 4, 5)))
    setting = {"photons": 200.0, "touching": 0.9, "coverage": 0.3}
    (line,) = setup.judged(setting)
    found = [setup.trial.tool(case.image).max() for case in setup.cases(setting)]
    true = [case.truth.max() for case in setup.cases(setting)]
    assert line["bias"] == pytest.approx(sum(found) / sum(true) - 1, abs=1e-4)  # a pooled ratio
    assert line["least"] == pytest.approx(min(np.divide(found, true)) - 1, abs=1e-4)
    assert (line["n"], line["trainings"]) == (3, 1)


def test_light_is_counted_as_of_a_real_image(recipe):
    setup = Setup(recipe, {}, Source("simulated", 256, (0,)))
    (case,) = setup.cases({"photons": 1000.0, "blur_px": 2.0, "background": 50.0})
    low, bright = np.percentile(case.image.astype(float), [1, 99.9])
    assert bright - low == pytest.approx(1000, rel=0.15)
    assert np.percentile(case.image, 20) == pytest.approx(145, abs=5)  # 50, an offset of 100, and noise


def test_objects_that_do_not_fit_are_a_line_of_their_own(recipe, monkeypatch):
    from scopecheck.runner import sweep as module

    setup = Setup(recipe, {}, SIMULATED)
    monkeypatch.setattr(module, "_setup", setup)
    (line,) = module._ask({"coverage": 0.95, "diameter": 30.0})
    assert line["word"].startswith("not run: ")


def placed(answer, truth, seed=0):
    from scopecheck import measure

    looks = {"F1@0.5": measure.match(answer, truth).f1}
    return conditions.Placed(answer, truth, (seed, 0), looks)


@pytest.mark.parametrize("share", [0.0, 0.15, 0.3, 0.6])
def test_few_draws_say_what_many_do(share):
    """A share of the objects is right, the others lie anywhere: 19 draws and 99 give the same word."""
    from scopecheck import acquire, measure

    few = 0
    for k in range(12):
        scene, other = (
            acquire.scenes.nuclei((160, 160), 30, diameter=14, spacing=0, seed=at) for at in (k, 100 + k)
        )
        kept = np.random.default_rng(k).random(31) < share
        answer = np.where(kept[scene.labels], scene.labels, 0)
        answer = np.where((other.labels > 0) & (answer == 0), other.labels + 30, answer)
        told = conditions._chance([placed(answer, scene.labels, k)])
        few += len(told.best) == 19
        assert told.better == measure.chance(answer, scene.labels, seed=(k, 0)).better
    assert few >= 10 if share >= 0.3 else few <= 6


def test_chance_is_left_out_only_where_it_would_be_beaten():
    """Where nine in ten objects have a true one of their own, objects at random places score less."""
    from scopecheck import acquire, measure
    from scopecheck.record.scores import pooled_chance, scores
    from scopecheck.record.trial import Case

    for k, coverage in enumerate((0.03, 0.1, 0.25, 0.4)):
        n = max(round(coverage * 128**2 / (np.pi / 4 * 14**2)), 3)
        scene = acquire.scenes.nuclei((128, 128), n, diameter=14, spacing=0, seed=k)
        worse = scene.labels.copy()
        worse[worse == 1] = 0  # not perfect
        told = scores(worse, Case(scene.photons, scene.labels))
        if told.looks["F1@0.5"] >= 0.9:
            assert conditions._chance([placed(worse, scene.labels)]) is None
            assert pooled_chance([told]).better
        assert measure.match(worse, scene.labels).f1 == told.looks["F1@0.5"]


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "nothing is swept; of simulated can be set: diameter"),
        (["light=3"], "expected NAME=VALUE,VALUE; of simulated can be set"),
        (["photons"], "expected NAME=VALUE"),
        (["photons=a"], "expected numbers with commas"),
        (["photons=1,1"], "each once"),
        (["photons=1,nan"], "finite"),
        (["photons=10,0"], "photons cannot be 0; expected more than 0"),
        (["photons=-5"], "photons cannot be -5"),
        (["coverage=1.5"], "coverage cannot be 1.5; expected a share above 0 and below 1"),
        (["blur_px=-1"], "blur_px cannot be -1"),
        (["photons=1", "photons=2"], "given twice"),
        (
            ["photons=" + ",".join(map(str, range(1, 401))), "blur_px=" + ",".join(map(str, range(400)))],
            "at most",
        ),
    ],
)
def test_a_grid_that_is_none(texts, said):
    with pytest.raises(InputError, match=said):
        grid(texts, SIMULATED)


def test_a_recipe_without_a_trial_of_its_own(tmp_path):
    (tmp_path / "plain.py").write_text("# %%\nx = 1\n")
    with pytest.raises(RecipeError, match="plain: no cell has a line"):
        conditions.trial_of(tmp_path / "plain.py", {})
    (tmp_path / "broken.py").write_text("# %%\nx = 1 / 0\n\n# %%\ntrial = x\n")
    with pytest.raises(RecipeError, match="broken: ZeroDivisionError on the way to its trial"):
        conditions.trial_of(tmp_path / "broken.py", {})


@pytest.mark.parametrize("name", ["picking-topaz", "denoising-noise2void", "heterogeneity-cryodrgn"])
def test_a_recipe_of_other_answers_is_refused_before_it_runs(name):
    with pytest.raises(
        RecipeError, match=f"{name}: its trial has .*; sweep takes recipes that segment one image"
    ):
        conditions.trial_of(RECIPES / f"{name}.py", {})


@pytest.mark.parametrize("name", ["picking-topaz", "maps-fsc-traps", "judge-calibration"])
def test_what_cannot_be_swept_is_refused_and_leaves_no_table(name, tmp_path):
    with pytest.raises(RecipeError, match="sweep takes recipes that segment one image"):
        swept(RECIPES / f"{name}.py", tmp_path / "new" / "out.csv")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
def test_code_that_fails_before_its_trial_is_said_by_its_own_error(recipe, tmp_path):
    recipe.write_text(recipe.read_text().replace("trial = ", "1 / 0\ntrial = "))
    with pytest.raises(RecipeError, match="ZeroDivisionError on the way to its trial"):
        swept(recipe, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_source_that_cannot_be_taken_again(recipe, real):
    real("bbbc038-field")
    with pytest.raises(InputError, match="--side 9999: bbbc038-field is"):
        Setup(recipe, {}, Source("bbbc038-field", 9999, (0,)))


@pytest.mark.slow
@pytest.mark.tool
@pytest.mark.parametrize(
    ("arm", "setting"),
    [
        ("field-photons-20", {"photons": 20.0}),
        pytest.param("field-blur-2", {"blur_px": 2.0}, marks=pytest.mark.weekly),
    ],
)
def test_a_recipes_own_arms_come_out_as_recorded(arm, setting, real):
    """U-Net on the field taken again: the bias and the word of the recipe's arms, at the same settings."""
    real("bbbc038-field")
    path = RECIPES / "segmentation-unet-dice-trap.py"
    recorded = read_recorded(path)
    runs = next(run for run in recorded.runs if run.profile == "quick")
    setup = Setup(path, {}, Source("bbbc038-field", None, tuple(range(5))))
    told = {line["measurement"]: line for line in setup.judged(setting)}
    judged = [one for one in runs.arms if one.arm == arm]
    assert judged
    for one in judged:
        line = told[one.measurement]
        assert line["bias"] == pytest.approx(one.biases[0], abs=2e-4), one.measurement
        assert line["word"] == one.words[0], one.measurement
