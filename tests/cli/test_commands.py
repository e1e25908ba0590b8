"""The command: what it prints, its exit status, and one line on bad input."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

import scopecheck
from scopecheck import cli

HEAD = '# ---\n# jupyter:\n#   scopecheck: {schema: "2.0", kind: page, id: %s, title: A page}\n# ---\n\n'
BODY = """# %% [markdown]
# # A page

# %% tags=["parameters"]
seed = 0
rate = 0.5

# %%
assert seed < 5, "too big"
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(tmp_path / "recipes"))
    monkeypatch.setenv("SCOPECHECK_RESULTS", str(tmp_path / "results"))
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "names.py").write_text(HEAD % "names" + BODY)
    return tmp_path


@pytest.fixture
def call(monkeypatch, capsys):
    """Call the command in this process; gives its exit status and what it said."""
    monkeypatch.setenv("COLUMNS", "80")

    def one(*words):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["scopecheck", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        return SimpleNamespace(returncode=end.value.code or 0, stdout=said.out, stderr=said.err)

    return one


def process(*words):
    """Call the command in a process of its own."""
    command = [sys.executable, "-c", "from scopecheck.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_as_a_process_it_speaks_on_both_streams_and_gives_its_status():
    done = process("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"scopecheck {scopecheck.__version__}\n", "")
    done = process("lst")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("scopecheck: no such command 'lst'. Did you mean 'list'?")


def test_help_names_every_command(call):
    out = call("--help").stdout
    for word in ("list", "show", "run", "report", "data"):
        assert word in out


def test_starting_up_imports_nothing_heavy():
    code = (
        "import sys, scopecheck.cli; heavy = {'numpy', 'matplotlib', 'pandas', 'skimage', 'torch',"
        " 'tensorflow', 'papermill', 'jupytext', 'zarr'}; print(sorted(heavy & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_list_show_run_and_report_speak_json_and_a_second_run_does_nothing(place, call):
    listed = json.loads(call("list", "--json").stdout)
    assert [(r["id"], r["kind"], r["schema"]) for r in listed] == [("names", "page", "2.0")]
    assert json.loads(call("show", "names", "--json").stdout)["parameters"] == {"seed": 0, "rate": 0.5}
    first = call("run", "names")
    assert first.returncode == 0
    assert "1 ran." in first.stdout
    page = Path(first.stdout.split("Open ")[1].strip())
    assert page.is_file()
    assert "running  names" in first.stderr
    assert "because  names: it has no result here yet" in first.stderr
    assert "1 unchanged." in call("run", "names").stdout
    ran = json.loads(call("run", "names", "--json").stdout)
    assert [(o["recipe"], o["status"]) for o in ran] == [("names", "unchanged")]
    reported = json.loads(call("report", "--json").stdout)
    assert [(s["recipe"], s["status"]) for s in reported] == [("names", "ok")]
    assert reported[0]["folder"] == ran[0]["folder"] == str(page.parent)
    assert call("report", "--book", str(place / "book")).returncode == 0
    assert {p.name for p in (place / "book").rglob("*") if p.is_file()} == {
        "front.md",
        "names.ipynb",
        "remember.md",
        "results.json",
        "results.md",
        "summary.md",
        "teaching-minutes.md",
        "teaching.md",
        "verdicts.md",
    }


def test_list_keeps_a_long_title_in_one_piece(place, call):
    title = "A title that is far longer than a terminal is wide and whose words belong together as they are"
    (place / "recipes" / "names.py").write_text((HEAD % "names" + BODY).replace("A page", title))
    out = call("list").stdout.splitlines()
    assert [line.strip() for line in out] == ["names  page", title]


def test_a_command_without_arguments_explains_itself(call):
    for words in ((), ("score",), ("data",)):
        got = call(*words)
        assert got.returncode == 2
        assert "Usage: scopecheck" in got.stdout + got.stderr


def test_a_failed_recipe_gives_1_and_says_why(place, call):
    got = call("run", "--all", "-p", "seed=7")
    assert got.returncode == 1
    assert "names: cell 4 of 4 raised AssertionError: too big" in got.stderr
    assert "1 FAILED" in got.stdout or "1 failed" in got.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "name"], "no recipe 'name' (did you mean names?)"),
        (["show", "zzz"], "no recipe 'zzz'; `scopecheck list` names all 1"),
        (["run", "names", "-p", "sed=1"], "unknown parameter 'sed' (did you mean seed?)"),
        (["run", "names", "-p", "seed=one"], "seed='one' cannot be read as int"),
        (["run", "names", "-p", "seed=print(1)"], "cannot be read as int"),
        (["run", "names", "-p", "seed"], "expected name=value"),
        (["run", "names", "-p", "seed=1", "-p", "seed=2"], "given twice"),
        (["run"], "name one recipe, or give --all"),
        (["run", "names", "--all"], "name one recipe, or give --all"),
        (["run", "names", "--profile", "quick"], "unknown parameter 'profile'"),
        (["run", "names", "--agian"], "no option --agian (did you mean --again?)"),
        (["score", "labels", "a", "b", "--tolerence", "1"], "`scopecheck score labels --help` lists what"),
        (["lst"], "no such command 'lst'. Did you mean 'list'?"),
        (["run", "names", "--jobs", "0"], "invalid value for '--jobs'"),
        (["score", "labels", "a"], "missing argument 'TRUTH'"),
        (["data", "fetch"], "give names, or --all"),
    ],
)
def test_bad_input_is_one_line_and_2(place, call, words, said):
    got = call(*words)
    assert got.returncode == 2
    assert got.stdout == ""
    assert got.stderr.startswith("scopecheck: ")
    assert got.stderr.count("\n") == 1
    assert said in got.stderr


def test_a_folder_without_recipes_and_a_malformed_one_are_said(place, call, monkeypatch):
    (place / "recipes" / "names.py").write_text("print(1)\n")
    got = call("list")
    assert (got.returncode, "no front matter" in got.stderr) == (2, True)
    monkeypatch.setenv("SCOPECHECK_RECIPES", str(place / "results"))
    got = call("list")
    assert (got.returncode, "no recipes here" in got.stderr) == (2, True)


def test_a_corrupt_catalogue_is_one_line(place, call, monkeypatch):
    broken = place / "catalogue.yaml"
    broken.write_text("datasets: [")
    monkeypatch.setenv("SCOPECHECK_CATALOGUE", str(broken))
    got = call("data", "list")
    assert (got.returncode, got.stderr.count("\n")) == (2, 1)
    assert str(broken) in got.stderr


def test_report_for_the_book_speaks_json_too_and_removes_nothing_of_others(place, call):
    got = call("report", "--book", str(place), "--json")  # its pages go where the recipes are
    assert [s["status"] for s in json.loads(got.stdout)] == ["not run"]
    assert "Wrote" in got.stderr
    assert {p.name for p in (place / "recipes").iterdir()} == {"names.py", "names.ipynb"}


def test_a_results_folder_that_cannot_be_written_is_one_line(place, call, monkeypatch):
    (place / "file").touch()
    monkeypatch.setenv("SCOPECHECK_RESULTS", str(place / "file"))
    ran = call("run", "names")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    reported = call("report")
    assert (reported.returncode, reported.stderr.count("\n")) == (2, 1)
    for said in (ran.stderr, reported.stderr):
        assert "Not a directory" in said
        assert str(place / "file") in said


def ended(process):
    """Whether a process is gone, or dead and only waits for its parent to look."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def test_interrupting_ends_everything_it_started_and_says_how_to_go_on(place):
    told = place / "told"  # the notebook itself says when it is there
    body = f"import os, time; open({str(told)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(9999); assert"
    (place / "recipes" / "slow.py").write_text(HEAD % "slow" + BODY.replace("assert", body))
    command = [sys.executable, "-c", "from scopecheck.cli import main; main()", "run", "slow"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (told.is_file() and told.read_text().endswith("\n")):
        assert process.poll() is None
        time.sleep(0.1)
    family = [psutil.Process(int(told.read_text()))]
    family.append(family[0].parent())  # what runs the notebook
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.endswith("interrupted; run the same command again to go on\n")
    assert family[1].pid != process.pid
    for _ in range(6000):  # a kill is sent before the command ends, and may take its time
        if all(map(ended, family)):
            break
        time.sleep(0.1)
    assert all(map(ended, family))


def test_with_the_core_alone_the_command_names_what_it_needs(monkeypatch, capsys):
    monkeypatch.setattr(cli, "find_spec", lambda name: None if name in ("typer", "papermill") else object())
    with pytest.raises(SystemExit) as end:
        cli.main()
    said = capsys.readouterr()
    assert (end.value.code, said.out) == (2, "")
    assert said.err == (
        "scopecheck: the command needs papermill, typer, and here is the core alone; install the rest with:"
        " pip install 'scopecheck[run]'\n"
    )
