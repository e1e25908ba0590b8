"""`make workshop` says what a laptop lacks and what to type; every check is seen red."""

import subprocess
import sys
from pathlib import Path

import pytest

from scopecheck.record.recipe import read_recipe
from scopecheck.runner import workshop

ROOT = Path(__file__).parents[2]


@pytest.fixture
def laptop(tmp_path, monkeypatch):
    """A laptop on which all is well, as the environment answers; and what it answers, to be changed."""
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python").touch()
    (tmp_path / "requirements.lock").write_text("torch==2.13.0\nscikit_image==0.26.0  # why\n")
    answers = {
        workshop.INSTALLED: {"torch": "2.13.0+cpu", "scikit-image": "0.26.0"},
        workshop.PRESENT: [],
        "needed": ["field"],
        "run": (60.0, ""),
    }

    def asked(python, code, root):
        answer = answers.get(code, answers["needed"])
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(workshop, "asked", asked)
    monkeypatch.setattr(workshop, "timed", lambda *_: answers["run"])
    return tmp_path, answers


def told(laptop, capsys, environment="env"):
    status = workshop.main(["--root", str(laptop[0]), "--environment", environment])
    return status, capsys.readouterr().out


def test_a_good_laptop_is_ready(laptop, capsys):
    status, out = told(laptop, capsys)
    assert (status, "MISSING" in out) == (0, False)
    assert out.endswith("This laptop is ready.\n")


@pytest.mark.parametrize(
    ("key", "answer", "said"),
    [
        (
            workshop.INSTALLED,
            {"torch": "2.12.0"},
            "torch 2.12.0, not 2.13.0, scikit_image missing, not 0.26.0",
        ),
        (
            workshop.INSTALLED,
            RuntimeError("No module named 'numpy'"),
            "does not start: No module named 'numpy'",
        ),
        (
            workshop.PRESENT,
            ["other"],
            "scopecheck data fetch other; without a network: export SCOPECHECK_MIRROR=",
        ),
        (workshop.PRESENT, ["field"], "was not tried, since its data are missing"),
        ("run", (50.0, "cell 3 failed"), "failed: cell 3 failed"),
        ("run", (500.0, ""), "ran in 500 s, 120 at most"),
    ],
)
def test_what_is_missing_is_named(laptop, capsys, key, answer, said):
    laptop[1][key] = answer
    status, out = told(laptop, capsys)
    assert status == 1
    assert said in out
    assert "do: " in out
    assert "to mend; then type make workshop again" in out


def test_no_environment_no_disk_and_another_python(laptop, capsys, monkeypatch):
    assert "no environment in" in told(laptop, capsys, "nothing")[1]
    monkeypatch.setattr(workshop.shutil, "disk_usage", lambda _: type("Disk", (), {"free": 2e8})())
    monkeypatch.setattr(workshop.sys, "version_info", (3, 10, 1, "final", 0))
    status, out = told(laptop, capsys)
    assert status == 1
    assert "MISSING  Python 3.10.1" in out
    assert "MISSING  0 GB of disk free" in out


def test_it_starts_without_any_package():
    script = ROOT / "src/scopecheck/runner/workshop.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", script, "--environment", "/nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no environment in /nowhere" in done.stdout
    assert done.stderr == ""


def test_what_is_asked_of_an_environment_is_answered():
    assert workshop.plain("Scikit_Image") in {
        workshop.plain(name) for name in workshop.asked(Path(sys.executable), workshop.INSTALLED, ROOT)
    }
    names = workshop.asked(Path(sys.executable), workshop.NAMES.format(workshop.RECIPE), ROOT)
    assert names == read_recipe(ROOT / f"recipes/{workshop.RECIPE}.py").datasets.embedded
    assert isinstance(workshop.asked(Path(sys.executable), workshop.PRESENT, ROOT), list)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        workshop.asked(Path(sys.executable), "1 / 0", ROOT)


def test_the_recipe_that_is_tried_is_the_shortest():
    recipes = [r for r in map(read_recipe, ROOT.glob("recipes/*.py")) if r.kind == "recipe"]
    assert min(recipes, key=lambda r: r.minutes["quick"]).id == workshop.RECIPE
