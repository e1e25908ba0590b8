"""What the plans show of the recipes: words with n, a part of a picture, what a check was worth."""

import re
from pathlib import Path

import pytest
import yaml
from PIL import Image

from scopecheck.errors import RecipeError
from scopecheck.record.overview import State, latest
from scopecheck.record.recipe import read_recipe
from scopecheck.record.recorded import Recorded, read_recorded
from scopecheck.runner import classroom

ROOT = Path(__file__).parents[2]
PLANS = classroom.read_plans(ROOT / "book" / "teaching" / "plans.yaml")


@pytest.fixture
def book(tmp_path):
    """A book whose one plan includes the entry ``a``; gives a function that writes the entries."""
    (tmp_path / "book/teaching").mkdir(parents=True)
    (tmp_path / "book/_generated").mkdir()
    (tmp_path / "book/teach-x.md").write_text("```{include} _generated/plan-a.md\n```\n")

    def write(states, **entries):
        (tmp_path / "book/teaching/plans.yaml").write_text(yaml.safe_dump(entries))
        classroom.write_plans(states, tmp_path / "book")
        return (tmp_path / "book/_generated/plan-a.md").read_text()

    return write


def state_of(recipe):
    return State(read_recipe(ROOT / "recipes" / f"{recipe}.py"), "not run")


@pytest.mark.parametrize("name", PLANS)
def test_every_entry_is_shown_and_stands_without_a_result(name, book):
    pages = "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("book/teach-*.md"))
    assert f"_generated/plan-{name}.md" in pages
    text = book([state_of(PLANS[name].recipe)], a=PLANS[name].model_dump(mode="json"))
    assert "n = " in text or PLANS[name].check


def test_n_is_that_of_the_verdict_cells():
    found = classroom.samples(ROOT / "recipes" / "segmentation-unet-dice-trap.py")
    assert found["separated", "count"] == "population, n = 6"
    assert found["touching-50", "count"] == "population, n = 6, 3 trainings"
    assert ("bbbc039", "count") not in found  # of another tier, so this run says nothing of it
    assert classroom.samples(ROOT / "recipes" / "nothing.py") == {}


def test_a_word_of_one_image_is_hollow():
    recipe = read_recipe(ROOT / "recipes" / "segmentation-cellpose.py")
    printed = classroom.samples(recipe.path)
    told = classroom.found(recipe, read_recorded(recipe.path), "idr-planes/count", printed)
    assert told.word == "○ HOLDS BY CANCELLATION"
    assert told.sample == "image, n = 1, 5 runs"


def test_a_check_is_told_with_hits_and_false_alarms():
    recipe = read_recipe(ROOT / "recipes" / "denoising-noise2void.py")
    kept = Recorded.model_validate(
        {
            "recipe": recipe.id,
            "runs": [
                {
                    "profile": "quick",
                    "tier": "embedded",
                    "seeds": [0, 1],
                    "scopecheck": "0",
                    "arms": [],
                    "alarms": {"twice": [[1, 2, 3, 4], [10, 20, 30, 40]]},
                }
            ],
        }
    )
    told = classroom.worth("twice", recipe, kept)
    assert "In 2 runs" in told
    assert "**11 of 33**" in told
    assert "**33 of 77**" in told
    assert "On 22 wrong cases it was silent." in told
    with pytest.raises(RecipeError, match="recorded a check 'other'"):
        classroom.worth("other", recipe, kept)


def test_scores_stand_beside_words_where_the_recipe_has_run(place, run, book):
    path = place.recipe(recorded="HOLDS")
    entry = {"recipe": path.stem, "words": ["field/count"], "scores": ["pixel Dice"]}
    assert "pixel Dice" not in book([latest(path, place.results)], a=entry)
    run(path)
    state = latest(path, place.results)
    for arm in state.arms:
        arm.plausibility = {"pixel Dice": 0.987}
    assert "| condition, number | word | error | pixel Dice | scope, n |" in book([state], a=entry)
    assert "| 0.99 |" in book([state], a=entry)


def test_a_picture_is_cut_and_has_a_caption_of_its_own(tmp_path, book):
    state = state_of("superres-annapalm")
    entry = {"recipe": "superres-annapalm", "picture": "unseen", "box": [0.5, 0, 1, 0.5], "caption": "Look."}
    assert "has not run here: `scopecheck run superres-annapalm`.*" in book([state], a=entry)
    words = book([state], a=entry | {"words": ["pores/invented"]})
    assert "Recorded were:*" in words
    assert "■ FAILS" in words
    state.folder = tmp_path / "result"
    (state.folder / "figures").mkdir(parents=True)
    with pytest.raises(RecipeError, match="makes no figure 'unseen'"):
        book([state], a=entry)
    picture = Image.new("L", (40, 20))
    picture.paste(255, (20, 0, 40, 10))
    picture.save(state.folder / "figures/unseen.png")
    text = book([state], a=entry)
    assert re.search(
        r"^:::\{figure\} _generated/plan-a\.png\n:alt: Look\.\n(:.*\n)+\nLook\.\n:::$", text, re.M
    )
    cut = Image.open(tmp_path / "book/_generated/plan-a.png")
    assert (cut.size, cut.getextrema()) == ((20, 10), (255, 255))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"recipe": "superres-annapalm"}, "needs a picture, words or a check"),
        ({"recipe": "superres-annapalm", "picture": "unseen"}, "needs a caption"),
        (
            {"recipe": "superres-annapalm", "words": ["a/b"], "box": [0.5, 0, 0.5, 1]},
            "left, top, right, bottom",
        ),
        ({"recipe": "superres-annapalm", "words": ["a/b"], "more": 1}, "more"),
        ({"recipe": "nobody", "words": ["a/b"]}, "there is no recipe or page 'nobody'"),
        ({"recipe": "superres-annapalm", "words": ["pores/nothing"]}, "no quick run recorded"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_by_name(book, entry, said):
    with pytest.raises(RecipeError, match=said):
        book([state_of("superres-annapalm")], a=entry)


def test_a_page_that_includes_no_entry_is_named(book):
    with pytest.raises(RecipeError, match=r"teach-x\.md: includes plan-a\.md; .* has no entry 'a'"):
        book([state_of("superres-annapalm")], b={"recipe": "superres-annapalm", "words": ["pores/invented"]})
