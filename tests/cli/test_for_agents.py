"""What is written for agents is true: each command line runs with --json, each field and page is there."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

ROOT = Path(__file__).parents[2]
EXTRA = ROOT / "book" / "extra"  # copied to the root of the built book
SKILL = EXTRA / "skills" / "judge-a-segmentation" / "SKILL.md"
LLMS = EXTRA / "llms.txt"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in (SKILL, LLMS)}
LINES = sorted({line for text in TEXTS.values() for line in re.findall(r"^scopecheck .+$", text, re.M)})


@pytest.fixture
def files(tmp_path):
    """Six fields of squares with sides of 20 px, which the tool made 21 px wide: +10.25 % of area."""
    rng = np.random.default_rng(0)
    for folder, side in (("my_truth", 20), ("my_tool", 21), ("other_tool", 20), ("my_images", 20)):
        (tmp_path / folder).mkdir()
        for k in range(6):
            labels = np.zeros((240, 280), np.uint16)
            for n in range(12 + k):
                y, x = 10 + 45 * (n // 6), 10 + 45 * (n % 6)
                labels[y : y + side, x : x + side] = n + 1
            image = rng.poisson(20 + 100 * (labels > 0)).astype(np.uint16)
            tifffile.imwrite(tmp_path / folder / f"f{k}.tif", image if folder == "my_images" else labels)
    return tmp_path


def named(text):
    """The dotted fields that a table of the skill names in its first column."""
    return re.findall(r"^\| `([a-z_.\[\]]+)` \|", text, re.M)


def has(content, field):
    """Whether a dotted field, with [] for a list, is in a parsed JSON."""
    head, _, rest = field.partition(".")
    if head.removesuffix("[]") not in content:
        return False
    inner = content[head.removesuffix("[]")]
    return all(has(one, rest) for one in inner) if head.endswith("[]") and rest else True


def test_both_texts_show_commands_and_all_of_them_print_json():
    assert all("\nscopecheck " in text for text in TEXTS.values())
    assert len(LINES) == 5
    assert all(line.endswith(" --json") for line in LINES)


@pytest.mark.parametrize("line", LINES)
def test_each_command_line_runs_and_gives_scope_n_and_interval_beside_each_word(
    scopecheck, files, monkeypatch, line
):
    if "locate" in line:
        monkeypatch.setenv("SCOPECHECK_RECIPES", str(ROOT / "recipes"))
    monkeypatch.chdir(files)
    status, out, err = scopecheck(*shlex.split(line)[1:])
    assert (status, err) == (0, "")
    content = json.loads(out)
    if " score " in line:
        assert {row["scope"] for row in content["arms"]} == {"population"}
        assert {row["n"] for row in content["arms"]} == {6}
        assert all(len(row["interval"]) == 2 and row["label"] for row in content["arms"])
        fields = named(TEXTS["SKILL.md"])
        assert len(fields) == 12
        assert [field for field in fields if not has(content, field)] == []
        assert all("further" in row for row in content["arms"])
    elif " check " in line:
        said = {check["said"] for check in content["checks"]}
        assert said <= {"alarm", "silent", "not asked"}
        assert all("worth" in check for check in content["checks"])


def test_the_json_tells_the_planted_error(scopecheck, files, monkeypatch):
    monkeypatch.chdir(files)
    line = next(one for one in LINES if "mean_area" in one)
    arms = json.loads(scopecheck(*shlex.split(line)[1:])[1])["arms"]
    area = next(row for row in arms if row["measurement"] == "mean_area")
    assert area["bias"] == pytest.approx(21**2 / 20**2 - 1)
    assert area["label"] == "FAILS"


def test_exit_status_is_as_the_skill_says(scopecheck, files, monkeypatch):
    monkeypatch.chdir(files)
    asked = ["score", "labels", "my_tool", "my_truth", "--measure", "mean_area", "--json"]
    assert scopecheck(*asked, "--tolerance", "0.1")[0] == 0
    assert scopecheck(*asked, "--tolerance", "0.1", "--fail-on", "FAILS,UNDETERMINED")[0] == 1
    status, out, err = scopecheck(*asked, "--tolerance", "10")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    (row,) = json.loads(scopecheck(*asked)[1])["arms"]  # without a tolerance: a number, no verdict
    assert (row["label"], row["verdict"]) == ("", None)
    assert row["reason"]
    assert row["bias"] is not None


def test_both_say_the_rule():
    for text in TEXTS.values():
        assert re.search(
            r"[Nn]ever report a number or a word.{0,20} without its\s+scope, n and interval", text
        )


def test_the_skill_has_the_head_of_a_skill():
    _, head, _ = TEXTS["SKILL.md"].split("---\n", 2)
    told = yaml.safe_load(head)
    assert told["name"] == SKILL.parent.name
    assert 0 < len(told["description"]) <= 1024


def test_llms_txt_has_its_form_and_its_links_lead_to_pages_and_files_of_the_book():
    text = TEXTS["llms.txt"]
    assert re.match(r"# .+\n\n> ", text)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    pages = {f"{one['file']}.html" for part in toc["parts"] for one in part["chapters"]}
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
    assert config["html_extra_path"] == ["book/extra", "book/_generated/results.json"]
    copied = {str(file.relative_to(EXTRA)) for file in EXTRA.rglob("*")} | {"results.json"}
    links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): ", text, re.M)
    assert len(links) == len(re.findall(r"^- ", text, re.M)) > 10
    assert [link for link in links if link not in pages | copied] == []
    assert "llms.txt" in copied
