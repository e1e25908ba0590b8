"""What a recipe can reach: nothing missed, and nothing that it cannot reach."""

import ast
import importlib
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scopecheck.runner.reach import PACKAGE, _table, reached, without

LAZY = '''
"""A package that passes names on when they are asked for."""

from importlib import import_module

_HOMES = {"far": ("look",), "near": ("touch",)}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name):
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
'''
FILES = {
    "__init__.py": '__version__ = "1"',
    "errors.py": "class Bad(ValueError): ...",
    "base.py": "def root(x):\n    return x",
    "measure/__init__.py": (
        "from scopecheck.measure.area import area\n"
        "from scopecheck.measure.count import count\n"
        "from scopecheck.measure import maps\n"
        "__all__ = ['area', 'count', 'maps']"
    ),
    "measure/area.py": (
        "from ..base import root\n\ndef area(x):\n    '''The area.'''\n    return root(x)  # here"
    ),
    "measure/count.py": "from scopecheck.errors import Bad\n\ndef count(x):\n    raise Bad",
    "measure/maps/__init__.py": "from scopecheck.measure.maps.maps import maps",
    "measure/maps/maps.py": "def maps(x):\n    from scopecheck import data\n\n    return data.look(x)",
    "data/__init__.py": LAZY,
    "data/far.py": "def look(x):\n    return x",
    "data/near.py": "def touch(x):\n    return x",
    "tools/__init__.py": "",
    "tools/net.py": "import scopecheck.base\n\ndef main(): ...",
    "score/__init__.py": "from scopecheck.score.labels import labels",
    "score/labels.py": "from scopecheck import measure\n\ndef labels(x):\n    return measure.area(x)",
    "cli.py": "from scopecheck.score import labels\n\nlabels(1)",
}


@pytest.fixture
def package(tmp_path):
    """A package of the same name, small enough to see through."""
    for name, text in FILES.items():
        path = tmp_path / "scopecheck" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "scopecheck"


HEADS = {"scopecheck", "measure", "data", "tools", "score", "measure.maps"}  # of packages: they pass names on


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("import numpy", set()),
        ("from scopecheck import measure, data", set()),
        ("from scopecheck import measure\nmeasure.area(1)", {"measure.area", "base"}),
        ("from scopecheck import measure as m\nm.area(1)", {"measure.area", "base"}),
        ("import scopecheck.measure as m\nm.area", {"measure.area", "base"}),
        ("import scopecheck.measure\nscopecheck.measure.count(1)", {"measure.count", "errors"}),
        ("from scopecheck.measure import count", {"measure.count", "errors"}),
        ("def f():\n    from scopecheck.measure import count as c\n    c(1)", {"measure.count", "errors"}),
        ("from scopecheck import data\ndata.look(1)", {"data.far"}),
        ("from scopecheck.data import look as see", {"data.far"}),
        ("from scopecheck import data\nimages = [data.touch(p).mean() for p in range(3)]", {"data.near"}),
        # the function of a module's own name, which asks for data inside
        ("from scopecheck.measure import maps\nmaps.maps(1)", {"measure.maps.maps", "data.far"}),
        ("from scopecheck import measure\nmeasure.maps.maps(1)", {"measure.maps.maps", "data.far"}),
        # what cannot be told is all of it
        ("from scopecheck import data\nf = getattr(data, name)", {"data.far", "data.near"}),
        ("from scopecheck import data\nshow(data)", {"data.far", "data.near"}),
        ("from scopecheck.data import *", {"data.far", "data.near"}),
        ("from scopecheck import data\ndata.unheard_of", {"data.far", "data.near"}),
        # other processes
        ("run([sys.executable, '-m', 'scopecheck.tools.net', '--fast'])", {"tools.net", "base"}),
        ("run([python, '-c', 'from scopecheck.measure import area; area(1)'])", {"measure.area", "base"}),
        ("import importlib\nimportlib.import_module('scopecheck.tools.net')", {"tools.net", "base"}),
        ("run('python -m scopecheck.tools.net', shell=True)", {"tools.net", "base"}),
        ("run('python -mscopecheck.tools.net', shell=True)", {"tools.net", "base"}),
        ("words = 'cd work; python -m scopecheck.tools.net'\nrun(words, shell=True)", {"tools.net", "base"}),
        ("system(f'{python} -m scopecheck.tools.net')", {"tools.net", "base"}),
        ("run([python, '-c', 'print(1); __import__(\"scopecheck.tools.net\")'])", {"tools.net", "base"}),
        ("print('python -m scopecheck.tools.net', file=script)", {"tools.net", "base"}),
        ("run(['scopecheck', 'score', 'labels'])", {"cli", "score.labels", "measure.area", "base"}),
        ("run([at.with_name('scopecheck'), 'go'])", {"cli", "score.labels", "measure.area", "base"}),
        ("# !scopecheck score labels a b", {"cli", "score.labels", "measure.area", "base"}),
        # words about the package are no calls
        ("'''See scopecheck.score.labels.'''\nprint('run scopecheck score labels a b')", set()),
        ("print('now python -m scopecheck.tools.net')", set()),
        ("raise ValueError(f'{x}; run: python -m scopecheck.tools.net {x}')", set()),
        ("Markdown(f'The tool {x} is started by `scopecheck.tools.net`.')", set()),
        ("image = read('results/scopecheck.png')", set()),
        ("if TYPE_CHECKING:\n    from scopecheck.score import labels", set()),
        ("page.add(verdict, tool='scopecheck')", set()),
    ],
)  # fmt: skip
def test_a_program_reaches_what_it_asks_for_and_no_more(package, text, modules):
    assert set(reached(text, package)) - HEADS == modules


@pytest.mark.parametrize("how", ["import_module(x)", "importlib.import_module(x)", "exec(x)", "eval(x)"])
def test_what_is_named_at_run_time_may_be_anything(package, how):
    files = [p.relative_to(package).with_suffix("").as_posix() for p in package.rglob("*.py")]
    named = {f.replace("/", ".").removesuffix(".__init__") for f in files} - {"__init__"} | {"scopecheck"}
    assert set(reached(f"import importlib\n{how}", package)) == named
    (package / "base.py").write_text(f"def root(x):\n    return {how}")
    assert set(reached("from scopecheck.measure import area", package)) == named
    assert set(reached("net.eval(x), pattern.exec(x)", package)) == set()  # methods of other things


AREA = "from scopecheck import measure\nmeasure.area(1)"


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("measure/area.py", "The area.", "The area of it, in pixels.\n    More."),
        ("measure/area.py", "  # here", ""),
        ("measure/area.py", "root(x)  #", "root(\n        x,\n    )  #"),
        ("measure/area.py", "'''The area.'''\n    ", ""),
        ("measure/count.py", "raise Bad", "return 7"),
        ("score/labels.py", "measure.area(x)", "2"),
        ("data/far.py", "return x", "return 2 * x"),
        ("measure/__init__.py", "__all__ = ['area', ", "__all__ = ['area', 'more', "),
        ("measure/__init__.py", "__all__", "from scopecheck.score.labels import labels\n__all__"),
    ],
)
def test_edits_that_change_nothing_a_recipe_does_keep_its_modules(package, name, old, new):
    before = reached(AREA, package)
    edit(package / name, old, new)
    assert reached(AREA, package) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("measure/area.py", "return root(x)", "return root(x) + 1"),
        ("measure/area.py", "'''The area.'''", "x = x + 1"),
        ("base.py", "return x", "return 2 * x"),
        ("__init__.py", '"1"', '"2"'),
        ("measure/__init__.py", "measure.area import", "measure.count import"),
        ("measure/__init__.py", "__all__", "import warnings\nwarnings.simplefilter('error')\n__all__"),
    ],
)
def test_edits_of_what_a_recipe_reaches_change_its_modules(package, name, old, new):
    before = reached(AREA, package)
    edit(package / name, old, new)
    assert reached(AREA, package) != before


def test_a_table_of_constants_in_an_init_counts(package):
    edit(package / "measure/__init__.py", "__all__", "UNITS = {'area': 'px'}\n__all__")
    edit(package / "measure/area.py", "root(x)", "root(x), measure.UNITS['area']")
    edit(package / "measure/area.py", "from ..base", "from scopecheck import measure\nfrom ..base")
    before = reached(AREA, package)
    edit(package / "measure/__init__.py", "'px'", "'nm'")
    assert reached(AREA, package) != before


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda p: p.parent.name)
def test_the_lazy_packages_keep_their_tables_under_the_names_that_are_known(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if any(isinstance(node, ast.FunctionDef) and node.name == "__getattr__" for node in tree.body):
        assert sum(_table(node) is not None for node in tree.body) == 1


def test_a_new_import_is_followed_wherever_it_stands(package):
    edit(package / "base.py", "return x", "from scopecheck.tools import net\n    return net.main()")
    assert "tools.net" in reached(AREA, package)
    edit(
        package / "tools/net.py",
        "def main(): ...",
        "def main():\n    from ..data import touch\n    return touch(1)",
    )
    assert {"data.near"} == {m for m in reached(AREA, package) if m.startswith("data.")}
    before = reached(AREA, package)
    edit(package / "data/__init__.py", '"near": ("touch",)', '"far": ("look", "touch")')
    edit(package / "data/__init__.py", '{"far": ("look",), ', "{")
    assert {"data.far"} == {m for m in reached(AREA, package) if m.startswith("data.")}
    assert reached(AREA, package) != before


@pytest.mark.parametrize(
    "acts", ["import numpy\nnumpy.seterr(all='raise')", "TABLE['area'] = 2", "@register\ndef other(): ..."]
)
def test_a_module_whose_import_acts_is_reached_by_importing_its_package(package, acts):
    assert "measure.count" not in reached(AREA, package)
    edit(package / "measure/count.py", "def count", f"{acts}\n\ndef count")
    assert "measure.count" in reached(AREA, package)


def test_docstrings_that_the_module_reads_count(package):
    edit(package / "measure/area.py", "return root(x)", "return root(area.__doc__)")
    before = reached(AREA, package)
    edit(package / "measure/area.py", "The area.", "Another text.")
    assert reached(AREA, package) != before


@pytest.mark.parametrize(
    "name", ["judge", "measure", "measure.maps", "acquire", "acquire.cryoem", "data", "record"]
)
def test_the_home_that_python_finds_for_a_public_name_is_reached(name):
    package = importlib.import_module(f"scopecheck.{name}")
    parent, _, last = f"scopecheck.{name}".rpartition(".")
    for public in package.__all__:
        thing = getattr(package, public)
        if inspect.ismodule(thing) or not hasattr(thing, "__module__"):
            continue
        modules = reached(f"from {parent} import {last}\n{last}.{public}")
        assert thing.__module__.removeprefix("scopecheck.") in modules, public
        assert not [m for m in modules if m.startswith(("cli", "runner", "score"))], public


RAN = """
import sys
from scopecheck.runner import reach

ran = set()


def see(frame, event, arg):
    code = frame.f_code
    if event == "call" and code.co_flags & 1:  # a function's body, not that of a module or a class
        ran.add(code.co_filename)


sys.setprofile(see)
{program}
sys.setprofile(None)
listed = reach.reached({program!r})
files = {{str(reach.PACKAGE.joinpath(*m.split("."))) for m in listed}}
print(sorted(f for f in ran if f.startswith(str(reach.PACKAGE)) and "runner" not in f
             and f.removesuffix(".py").removesuffix("/__init__") not in {{*files, str(reach.PACKAGE)}}))
print(len([f for f in ran if f.startswith(str(reach.PACKAGE))]))
"""


def test_every_function_that_runs_is_in_a_module_that_was_reached():
    """The independent answer: the interpreter's own list of functions called."""
    program = textwrap.dedent(
        """
        import numpy
        from scopecheck import acquire, judge, measure, record
        from scopecheck.measure import maps

        scene = acquire.scenes.nuclei((96, 96), n=9, seed=1)
        found = scene.labels.copy()
        found[found == 1] = 0
        measure.match(scene.labels, found), measure.quantities(found), measure.table(found)
        judge.agreement([1.0, 1.1, 0.9], [1.0, 1.0, 1.0], scope="population", tolerance=0.1,
                        estimand="pooled ratio")
        page = record.start("of-no-recipe")
        one = judge.agreement([1.0], [1.0], scope="image", tolerance=0.1, estimand="pooled ratio")
        page.add("a", one, measurement="b")
        box = numpy.random.default_rng(0).normal(size=(2, 16, 16, 16))
        maps.fsc(*box)
        """
    )
    got = subprocess.run([sys.executable, "-c", RAN.format(program=program)], capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    missed, number = got.stdout.splitlines()[-2:]
    assert missed == "[]"
    assert int(number) > 12


def test_the_package_holds_nothing_but_python():
    """Files of another kind would be read by a module and stand in no key; what recipes cannot reach may."""
    beside = {"_catalogue", "_recipes", "__pycache__"}  # the first two of an installed package
    files = [p for p in PACKAGE.rglob("*") if p.is_file() and not beside & {*p.parts}]
    kinds = {p.suffix for p in files if p.relative_to(PACKAGE).parts[0] not in ("score", "runner", "cli")}
    assert kinds <= {".py", ".pyi", ".typed"}


def test_recipes_of_this_project_do_not_depend_on_what_they_cannot_reach():
    recipes = Path(__file__).parents[2] / "recipes"
    for path in recipes.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "kind: recipe" in text and "from scopecheck.score" not in text:
            assert not [m for m in reached(text) if m.startswith(("cli", "runner", "score"))], path.name


@pytest.mark.parametrize(("given", "there"), [({"my_image"}, False), (set(), True), ({"my_other"}, True)])
def test_what_runs_for_an_image_of_ones_own_is_not_reached_while_there_is_none(given, there):
    program = (
        "from scopecheck.measure import frc, processed\n"
        "my_image = ''\n"
        "frc.frc\n"
        "if my_image:\n"
        "    processed.traces(my_image)\n"
        "elif 'never':\n"
        "    pass\n"
    )
    modules = reached(without(program, given))
    assert ("measure.processed" in modules) is there
    assert "measure.frc" in modules


def test_a_name_that_is_used_elsewhere_too_stays():
    program = "from scopecheck import data\nif my_image:\n    data.own_image(my_image)\ndata.samples('a')\n"
    modules = reached(without(program, {"my_image"}))
    assert "data.datasets" in modules
    assert "data.own" not in modules
    assert "data.own" in reached(program)
