"""One reader of tables: `correct` and `score contrast` read the same ones alike, and refuse alike."""

import json

import numpy as np
import pytest

pytest.importorskip("ppi_py")

N = 24


def rows(comma=False):
    rng = np.random.default_rng(0)
    true = rng.integers(600, 1400, N) / 10
    got = true * rng.uniform(0.95, 1.05, N)
    text = [
        [f"{x:.1f}".replace(".", "," if comma else ".") for x in pair] for pair in zip(got, true, strict=True)
    ]
    return [("b" if i % 2 else "a", f"f{i}", *pair) for i, pair in enumerate(text)]


def written(mark=",", comma=False, head=("condition", "field", "measured", "true"), tail=0):
    return [mark.join([*row, *[""] * tail]) for row in [head, *rows(comma)]]


COMMANDS = {
    "correct": ("--value", "measured", "--truth-value", "true", "--chosen", "random"),
    "contrast": ("--tolerance", "0.1"),
}


@pytest.fixture(params=COMMANDS)
def asked(request, scopecheck):
    """Call one of the two commands; gives the answer and its notes."""

    def call(path, *options):
        words = ("correct",) if request.param == "correct" else ("score", "contrast")
        status, out, err = scopecheck(*words, path, *COMMANDS[request.param], *options, "--json")
        if status:
            assert (status, out, err.count("\n")) == (2, "", 1)
            return err, []
        answer = json.loads(out)
        return (answer["rows"] if request.param == "correct" else answer["contrast"]), answer["notes"]

    return call


@pytest.mark.parametrize(
    ("text", "encoding", "note"),
    [
        ("\n".join(written()), "utf-8-sig", ""),
        ("\n".join(written()), "utf-16", ""),
        ("\r\n".join(written("\t")), "utf-8", ""),
        ("\r\n".join(["sep=;", *written(";", comma=True)]), "utf-8", "a comma is read as the decimal sign"),
        ("\n".join(["# made by hand", *written()]), "utf-8", "1 line begins with # and is passed over"),
        ("\n".join(written(tail=3)), "utf-8", ""),
        (
            "\n".join(written(head=("condition", "field", "measured (µm)", "true (µm)"))),
            "cp1252",
            "Windows-1252",
        ),
    ],
)
def test_both_commands_read_what_programs_write(asked, tmp_path, text, encoding, note):
    plain, path = tmp_path / "p.csv", tmp_path / "t.csv"
    plain.write_text("\n".join(written()), encoding="utf-8")
    path.write_bytes(text.encode(encoding))
    answer, notes = asked(path)
    expected = asked(plain)[0]
    unit = isinstance(expected, list) and "µm" in text
    assert answer == ([row | {"unit": "µm"} for row in expected] if unit else expected)
    assert not note or any(note in one for one in notes)


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("", (), "is empty; expected headings"),
        ("condition,field,measured,true\n", (), "holds headings and no line"),
        ("measured\n1\n2\n", (), "has one column; expected headings"),
        ("1,2,3\n4,5,6\n", (), "the first line holds numbers alone"),
        ("condition,field,measured,measured\na,f,1,2\n", (), "two columns are called 'measured'"),
        ("condition,field,measured,true\na,f1,1,2,3\n", (), "line 2 has 5 columns, but there are 4 headings"),
        ("\n".join(written()), ("--decimal", "comma"), "no number where a comma is the decimal sign"),
        ("\n".join(written()), ("--decimal", "dot"), "--decimal: 'dot' is not known"),
        ("\n".join(written()).replace("f3,", "f3,NaN#"), (), "no number"),
        (
            'condition,field,measured,true\n"a' + "x" * 200_000 + '",b,1,2\n',
            (),
            "cannot be read (field larger",
        ),
    ],
)
def test_both_commands_refuse_alike(asked, tmp_path, text, options, said):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    assert said in asked(path, *options)[0]


def test_open_commas_are_settled_by_the_option_in_both(asked, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(written(";")).replace(".", ",0") + "\n", encoding="utf-8")
    text = path.read_text(encoding="utf-8").splitlines()
    text = [
        text[0],
        *(line.rsplit(";", 2)[0] + f";1,{200 + i};1,{210 + i}" for i, line in enumerate(text[1:])),
    ]
    path.write_text("\n".join(text), encoding="utf-8")
    assert "thousands or decimals? Say --decimal comma" in asked(path)[0]
    for way in ("comma", "point"):
        answer, _ = asked(path, "--decimal", way)
        first = answer[0]["uncorrected"] if isinstance(answer, list) else answer["measured"]
        if isinstance(answer, list):
            assert first == pytest.approx(1.2115 if way == "comma" else 1211.5)
