"""What the book is built from: stamped pages, the table with its caption, a picture; not-run said as such."""

import shutil

import nbformat
import pytest
from PIL import Image

from scopecheck.record import published
from scopecheck.record.overview import latest, markdown
from scopecheck.runner import book
from scopecheck.runner.find import find


@pytest.fixture
def states(place, run):
    def read():
        return [latest(path, place.results) for path in find()]

    return read


def first_cell(folder, name):
    return nbformat.read(folder / "recipes" / f"{name}.ipynb", as_version=4).cells[0].source


def test_pages_table_and_picture(place, made, states, tmp_path):
    for path in (place.recipe(recorded="HOLDS"), place.page("names")):
        made(path, {"tier": "public"})
    place.recipe("never-ran")
    folder = book.write_book(states(), tmp_path / "book")
    source = first_cell(folder, "shift-toy")
    assert source.startswith("# A small recipe\n\n:::{admonition} What this page was made from")
    for said in ("**Tier**: public", "numpy ", "`scopecheck run shift-toy`", "minutes", "key `"):
        assert said in source
    assert source.endswith("Its text.")
    notebook = nbformat.read(folder / "recipes" / "shift-toy.ipynb", as_version=4)
    assert "papermill" not in notebook.metadata  # no path of this machine
    assert str(tmp_path) not in nbformat.writes(notebook)
    injected = [c for c in notebook.cells if "injected-parameters" in c.metadata.get("tags", [])]
    assert ["hide-input" in c.metadata.tags for c in injected] == [True]

    bare = first_cell(folder, "never-ran")
    assert ":::{warning}" in bare
    assert "This recipe was not run, because nobody has run it here yet." in bare
    assert "type `scopecheck run never-ran` in the repository's folder, then `make book`" in bare

    table = (folder / "_generated" / "verdicts.md").read_text(encoding="utf-8")
    assert table.startswith("3 verdicts, 3 with acquisitions or seeds enough to say HOLDS.")
    assert "0.15 wrong HOLDS" in table
    rows = [line for line in table.splitlines() if line.startswith("| field")]
    assert len(rows) == 1
    for said in ("■ FAILS (disagrees with annotation)", "population, n = 6", "+40 %", "0.90", "surprise"):
        assert said in rows[0]
    assert "– not run, because nobody has run it here yet" in table
    assert "names" not in table  # a page has no verdicts
    said = (folder / "_generated" / "summary.md").read_text(encoding="utf-8")
    assert "* - [A small recipe](recipes/never-ran) – not run, because nobody" in said
    # HOLDS (the control), marked, undetermined, FAILS (the control and the field), none UNSTABLE or of one
    # image, a surprise
    counts = "".join(f"  - {n}\n" for n in (1, 0, 0, 2, 0, 0, "1 of 3", "0 of 0"))
    assert f"* - [A small recipe](recipes/shift-toy)\n{counts}" in said
    first = (folder / "_generated" / "front.md").read_text(encoding="utf-8")
    assert "<code>scopecheck run never-ran</code>" in first
    assert "● 1 HOLDS</span>" in first
    assert "field: +40 % <small>population, n = 6</small>" in first
    remembered = (folder / "_generated" / "remember.md").read_text(encoding="utf-8")
    assert "field: F1@0.5 0.90, and the count is off by +40 %" in remembered
    everything = published.read(folder / "_generated" / "results.json").entries
    assert [(e.setting, e.word, e.n) for e in everything if e.source == "run"] == [
        ("apart", "HOLDS", 6),
        ("lost", "FAILS", 6),
        ("field", "FAILS", 6),
    ]
    page = (folder / "_generated" / "results.md").read_text(encoding="utf-8")
    assert page.count("<tr role=") == 1 + len(everything) == 4
    row = next(line for line in page.splitlines() if "<td" in line and ">field" in line)
    for said in ('data-word="FAILS"', 'data-tool="numpy"', "population, n = 6", "+40 %", "GiB in its run"):
        assert said in row
    with Image.open(folder / "_generated" / "front.png") as picture:
        assert picture.width >= 700


def test_a_failed_recipe_is_said_to_have_failed(place, run, made, states, tmp_path):
    recipe = place.recipe()
    made(recipe)
    recipe.write_text(
        recipe.read_text(encoding="utf-8").replace("field = 1.4", "field = -1.0"), encoding="utf-8"
    )
    run(recipe)
    text = first_cell(book.write_book(states(), tmp_path / "book"), "shift-toy")
    assert "This recipe failed." in text
    assert "cell 3 of 5 raised ValueError: " in text
    assert "Failed: " in markdown(states())


def test_an_experiment_does_not_become_the_books_page(place, made, states):
    recipe = place.recipe()
    made(recipe)
    made(recipe, {"field": "1.0"})
    (state,) = states()
    assert state.run["changed"] == {}
    assert [a.verdict for a in state.arms] == ["HOLDS", "FAILS", "FAILS"]


def test_a_caption_becomes_the_alternative_text(place, run, states, tmp_path):
    body = (
        "import matplotlib.pyplot as plt\nplt.plot([0, 1]);\n\n"
        "# %% [markdown]\n# *Left: a line. Look for\n# its **slope**.*\n\n"
        "# %%\nplt.plot([1, 0]);\n\n# %% [markdown]\n# No caption here."
    )
    run(place.page("pictures", body))
    cells = nbformat.read(
        book.write_book(states(), tmp_path / "book") / "recipes" / "pictures.ipynb", as_version=4
    ).cells
    alts = [c.metadata.get("mystnb", {}).get("image", {}).get("alt") for c in cells if c.get("outputs")]
    assert alts[0].startswith("Left: a line. Look for its")
    assert alts[1] == "Figure of the section A small page"


def test_figures_are_left_out_of_pages_that_did_not_run(place, states, tmp_path):
    path = place.page("small")
    text = path.read_text(encoding="utf-8").replace("Its text.", "![a curve](figures/curve.png)")
    path.write_text(text, encoding="utf-8")
    assert "figures/" not in first_cell(book.write_book(states(), tmp_path / "book"), "small")


def test_a_chapter_gets_the_picture_to_remember_with_its_caption(place, run_here, states, tmp_path):
    path = place.recipe()
    text = path.read_text(encoding="utf-8").replace("    goals:", "    picture: slope\n#     goals:", 1)
    text += (
        "\n# %%\nimport matplotlib.pyplot as plt\nplt.plot([0, 1])\n"
        'plt.savefig("figures/slope.png"), "slope"\nplt.close()\n'
        "\n# %% [markdown]\n# *A line. Look for its *slope*, and more.* Text.\n"
        "#\n# ![again](figures/slope.png)\n"
    )
    path.write_text(text, encoding="utf-8")
    made = book.write_book(states(), tmp_path / "book") / "_generated" / "picture-shift-toy.md"
    assert "which has not run here" in made.read_text(encoding="utf-8")
    run_here(path)
    folder = book.write_book(states(), tmp_path / "book")
    said = made.read_text(encoding="utf-8")
    assert said.startswith(
        ":::{figure} recipes/figures/shift-toy/slope.png\n:alt: A line. Look for its slope, and more.\n"
    )
    assert "A line. Look for its slope, and more. From [A small recipe](recipes/shift-toy)." in said
    assert (folder / "recipes/figures/shift-toy/slope.png").is_file()
    page = nbformat.read(folder / "recipes/shift-toy.ipynb", as_version=4)
    assert "![again](figures/shift-toy/slope.png)" in page.cells[-1].source


def test_a_page_links_its_citation_where_there_is_one(place, made, states, tmp_path):
    made(place.recipe())
    place.recipe("never-ran")
    for name in ("shift-toy", "never-ran"):
        (tmp_path / "book" / "extra" / "citations" / name).mkdir(parents=True)
        (tmp_path / "book" / "extra" / "citations" / name / "CITATION.cff").write_text("x")
    folder = book.write_book(states(), tmp_path / "book")
    for name in ("shift-toy", "never-ran"):
        assert f'<a href="../../citations/{name}/CITATION.cff">' in first_cell(folder, name)
    shutil.rmtree(tmp_path / "book" / "extra")
    assert "CITATION" not in first_cell(book.write_book(states(), tmp_path / "book"), "shift-toy")


def test_what_a_recipe_writes_is_shown_as_text(place, made, states, tmp_path):
    from scopecheck.runner import results_page

    entry = published.Entry(
        source="submission",
        tool="<script>x</script>",
        quantity="a<b",
        setting='"s"',
        word="HOLDS",
        label="HOLDS",
        scope="image",
        n=1,
    )
    told = results_page.html(published.Results(entries=[entry]))
    assert told.count("<script") == 1  # ours
    assert "&lt;script&gt;x" in told
    assert "○ HOLDS on this image" in told
    assert 'data-failure-mode="not stated"' in told
