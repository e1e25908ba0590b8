"""The verdict in the browser is the command's: the same files in, the same words, numbers and notes out."""

import itertools
import math
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from PIL import Image
from scipy import ndimage, special, stats

from scopecheck import judge
from scopecheck.errors import InputError
from scopecheck.judge import power
from scopecheck.judge.estimate import to_scale
from scopecheck.score.field_numbers import NumberRules, score_numbers
from scopecheck.score.labels import score_labels
from scopecheck.score.rules import Rules

MEASURE = Path(__file__).parents[1] / "measure"
CANONICAL = yaml.safe_load((MEASURE / "canonical.yaml").read_text(encoding="utf-8"))


def case(predicted, truth=None, tolerance=0.1, uncertainty=None, as_given=False, value=None, true_value=None):
    """One case, as `run_cases.mjs` reads it."""
    told = {"predicted": predicted, "truth": truth, "uncertainty": uncertainty, "asGiven": as_given}
    told["tolerance"] = None if tolerance is None else [-tolerance, tolerance]
    return told | ({"value": value, "trueValue": true_value} if value else {})


def by_python(one):
    """What scopecheck itself says of a case: the score, or the text of its error."""
    limits = {} if one["tolerance"] is None else {"all": one["tolerance"][1]}
    unsure = {} if one["uncertainty"] is None else {"all": one["uncertainty"]}
    how = {"tolerance": limits, "truth_uncertainty": unsure, "as_given": one["asGiven"]}
    predicted, true = Path(one["predicted"]), one["truth"] and Path(one["truth"])
    try:
        if predicted.suffix in (".csv", ".tsv", ".txt"):
            columns = {"value": one.get("value"), "true_value": one.get("trueValue")}
            return score_numbers(predicted, true, NumberRules(**how, **columns))
        return score_labels(predicted, true, Rules(**how, unit="px"))
    except InputError as error:
        return str(error)


def alike(given, expected):
    """Whether two numbers (null: not a number) or lists of them are equal to 1e-9."""
    if isinstance(expected, (list, tuple)):
        return given is not None and len(given) == len(expected) and all(map(alike, given, expected))
    if expected is None or math.isnan(expected):
        return given is None
    if math.isinf(expected):  # JSON has no infinity
        return given is None
    return given is not None and abs(given - expected) <= 1e-9 * max(1, abs(expected))


def assert_same(one, given, score):
    """A browser's answer is Python's: words, counts and notes alike, numbers to 1e-9."""
    if isinstance(score, str) or "error" in given:
        assert given.get("error") == score, one
        return
    rows = [score.row] if hasattr(score, "row") else score.rows
    assert [row["measurement"] for row in given["rows"]] == [row.measurement for row in rows]
    for mine, row in zip(given["rows"], rows, strict=True):
        about = (one, mine, row)
        for key in ("verdict", "label", "reason", "unit", "scope", "n", "note"):
            assert mine[key] == (getattr(row, key) or (None if key == "verdict" else getattr(row, key))), (
                key,
                about,
            )
        assert list(mine["far"]) == list(row.far or []), about
        assert mine["marks"] == list(row.marks or []), about
        for key in ("further", "inside"):
            assert mine.get(key) == getattr(row, key), (key, about)
        assert alike(mine["bias"], row.bias), about
        for key in ("interval", "limits"):
            assert alike(mine.get(key), getattr(row, key)), (key, about)
        for key in ("inside_bound", "gross_error"):
            assert alike(mine.get(key), getattr(row, key)), (key, about)
    if hasattr(score, "objects"):
        assert given["objects"] == score.objects, one
        assert all(alike(given["looks"][key], value) for key, value in score.plausibility.items()), one
    for numbers, mine in ((score.scores, given["scores"]), (score.chance, given["chance"])):
        assert numbers.keys() == mine.keys(), one
        assert all(alike(mine[key], value) for key, value in numbers.items()), (one, mine, numbers)
    assert given["better"] == score.better, one
    assert given["notes"] == score.notes, one


def save(path, array):
    """Write an array by the suffix of its name, and give the name."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".npy"):
        np.save(path, array)
    elif path.endswith(".png"):
        Image.fromarray(array).save(path)
    else:
        tifffile.imwrite(path, array, photometric="minisblack")
    return path


def scene(random, shape, n, radius):
    """Discs at random places, each a label, an earlier one before a later one."""
    labels = np.zeros(shape, np.uint16)
    y, x = np.indices(shape)
    for i in range(1, n + 1):
        row, column = random.uniform(0, shape)
        size = radius * random.uniform(0.6, 1.3)
        labels[((y - row) ** 2 + (x - column) ** 2 <= size**2) & (labels == 0)] = i
    return labels


def tool(random, labels):
    """What some tool might make of them: missed, merged, split, eroded, moved or made up objects."""
    found = labels.copy()
    for label in np.unique(labels[labels > 0]):
        lot, mask = random.random(), found == label
        if lot < 0.08:
            found[mask] = 0
        elif lot < 0.16:
            found[mask] = random.integers(1, labels.max() + 1)
        elif lot < 0.24:
            found[
                mask & (np.indices(labels.shape)[1] > np.argwhere(mask)[:, 1].mean() if mask.any() else mask)
            ] = int(found.max()) + 1
    found[random.random(labels.shape) < random.choice([0, 0, 0.02, 0.2])] = 0
    return np.roll(found, random.integers(0, 4, 2) * random.integers(0, 2), (0, 1))


def compare(answers, cases):
    """Ask both, and demand the same; gives the browser's answers."""
    given = answers(cases)
    for one, mine in zip(cases, given, strict=True):
        assert_same(one, mine, by_python(one))
    return given


def drawn(rows):
    return np.array([[0 if letter == "." else ord(letter) for letter in row] for row in rows], np.uint8)


def test_canonical_errors(answers):
    """The minimal cases: what was worked out by hand, from the browser alone, and all else as in Python."""
    cases = []
    for i, (one, suffix) in enumerate(
        zip(CANONICAL, itertools.cycle([".png", ".npy", ".tif"]), strict=False)
    ):
        names = [save(f"{side}{i}{suffix}", drawn(one[side])) for side in ("predicted", "truth")]
        cases.append(case(*names, uncertainty=[None, 0.02, 0.2][i % 3], as_given=True))
    given = compare(answers, cases)
    for one, mine in zip(CANONICAL, given, strict=True):
        expected = one["answer"]
        counts = [
            mine["objects"][key] for key in ("true", "predicted", "misses", "inventions", "merges", "splits")
        ]
        names = ("n_true", "n_predicted", "misses", "inventions", "merges", "splits")
        assert counts == [int(expected[name]) for name in names], one["name"]
    as_is = [one | {"asGiven": False} for one in cases]
    compare(answers, as_is)


def test_two_hundred_pairs(answers):
    random = np.random.default_rng(20261129)
    cases, words = [], set()
    for i in range(200):
        shape = random.integers(24, 110, 2)
        truth = scene(random, shape, int(random.integers(0, 40)), random.uniform(2, 9))
        kind = i % 8
        predicted = scene(random, shape, int(random.integers(0, 40)), 5) if kind == 0 else tool(random, truth)
        suffix = [".png", ".npy", ".tif"][i % 3]
        if kind == 1:
            predicted, truth = predicted.astype(np.int64) * 3_000_000_000, truth.astype(np.float32)
            suffix = ".npy"
        names = save(f"p{i}{suffix}", predicted), save(f"t{i}{suffix}", truth)
        cases.append(
            case(
                *names,
                tolerance=random.choice([0.02, 0.1, 0.3]),
                uncertainty=random.choice([None, 0, 0.03]),
                as_given=bool(i % 2),
            )
        )
    for mine in compare(answers, cases):
        words |= {row["label"] for row in mine.get("rows", [])}
    assert {"HOLDS", "FAILS", "HOLDS BY CANCELLATION", "UNDETERMINED"} <= words


def test_crowded_fields_are_shifted_as_in_python(answers):
    """Where objects cover most of the field, or one is wide, chance shifts all together."""
    random = np.random.default_rng(5)
    full = np.kron(np.arange(1, 50, dtype=np.uint16).reshape(7, 7), np.ones((9, 9), np.uint16))
    wide = np.zeros((60, 80), np.uint8)
    wide[10:50, 10:70], wide[52:58, 2:9] = 1, 2
    tall = np.zeros((40, 90), np.uint8)
    for i in range(6):
        tall[3:37, 5 + 14 * i : 13 + 14 * i] = i + 1
    large = scene(random, (420, 380), 130, 17)  # more than 100 objects, and pixels that are thinned
    cases = []
    for i, labels in enumerate((full, wide, tall, large)):
        names = save(f"p{i}.png", np.roll(labels, (2, 1), (0, 1))), save(f"t{i}.png", labels)
        cases.append(case(*names, as_given=True))
    compare(answers, cases)


KINDS = [".tif", ".npy", ".png"]


@pytest.mark.parametrize(
    "suffixes", [KINDS, *(pytest.param([one], marks=pytest.mark.weekly) for one in KINDS)]
)
def test_folders(answers, suffixes):
    """Folders pair by name, and the interval, the offer and the far ones are Python's."""
    random = np.random.default_rng(7)
    cases = []
    for number, (n, kind) in enumerate(
        [(1, "good"), (2, "bad"), (4, "good"), (6, "mixed"), (9, "far"), (7, "same")]
    ):
        folders = f"run{number}/out", f"run{number}/manual"
        suffix = suffixes[number % len(suffixes)]
        for i in range(n):
            truth = scene(random, (90, 80 + i), 14, 6)
            predicted = truth if kind in ("same", "good") and i % 2 else tool(random, truth)
            if kind == "bad" or (kind == "mixed" and i > 3):
                predicted = scene(random, truth.shape, 30, 5)
            if kind == "far" and i == 2:
                predicted = np.where(truth > 3, 0, truth)
            save(f"{folders[0]}/img{i}_cp_masks{suffix}", predicted)
            save(f"{folders[1]}/{i:03d}_gt.tif", truth)
        Path(folders[0], "notes.md").write_text("not an image")
        cases += [
            case(*folders, tolerance=t, uncertainty=u) for t, u in ((0.1, None), (0.3, 0.05), (None, None))
        ]
    given = compare(answers, cases)
    offers = {row["further"] for mine in given for row in mine.get("rows", ())}
    assert len(offers) > 3


def test_folders_of_wells_are_judged_over_wells_as_in_python(answers):
    """Unlike numbers of fields a well, one of them lost, one mostly lost; animals; and fields one a well."""
    random = np.random.default_rng(3)
    ways = {
        "plate": ("B0{w}_s{i}", 6),
        "animals": ("mouse {w}_{i}", 6),
        "dishes": ("d_dish{w}_{i}", 6),
        "small": ("b0{w}_{i}", 6),
        "numbered": ("x_W000{w}_P000{i}", 6),
        "alone": ("B{i:02d}_s0", None),
    }
    cases = []
    for kind, (name, _) in ways.items():
        for i in range(14):
            called = name.format(w=1 + min(i, i // 2, 5), i=1 + i)
            truth = scene(random, (80, 90), 14, 6)
            lost = kind == "plate" and i in (3, 4)
            predicted = np.where(truth > (0 if i == 3 else 2), 0, truth) if lost else tool(random, truth)
            save(f"{kind}/a/{called}.tif", predicted)
            save(f"{kind}/t/{called}_gt.tif", truth)
        cases += [case(f"{kind}/a", f"{kind}/t", tolerance=t) for t in (0.3, None)]
    given = compare(answers, cases)
    for one, mine in zip(cases, given, strict=True):
        n = ways[one["predicted"].split("/")[0]][1] or 14
        assert {row["n"] for row in mine["rows"]} == {n}, one
        assert any("each counts once. If these are none" in note for note in mine["notes"]) == (n == 6), one


def field(rows, columns, step=20, radius=6, seed=0):
    """Cells on a loose grid, none touching another one or the edge."""
    random = np.random.default_rng(seed)
    labels = np.zeros((rows * step, columns * step), np.int32)
    y, x = np.indices(labels.shape)
    for i in range(rows * columns):
        row, column = np.array(divmod(i, columns)) * step + step / 2 + random.uniform(-1.5, 1.5, 2)
        labels[(y - row) ** 2 + (x - column) ** 2 <= (radius * random.uniform(0.75, 1.1)) ** 2] = i + 1
    return labels


def outlined(labels):
    edge = (ndimage.grey_erosion(labels, (3, 3)) != ndimage.grey_dilation(labels, (3, 3))) & (labels > 0)
    return np.where(edge, 255, labels)


def smooth(labels, most=255):
    return np.rint(most * ndimage.gaussian_filter((labels > 0) * 1.0, 1)).astype(np.uint8)


NO_LABELS = {
    "mask of 1": lambda x: (x > 0) * 1,
    "mask of 255": lambda x: (x > 0) * 255,
    "three classes": lambda x: np.where(x > 0, x % 3 + 1, 0),
    "background 1": lambda x: np.where(x == 0, 1, x + 1),
    "background 7": lambda x: np.where(x == 0, 7, x + (x >= 7)),
    "inverted": lambda x: (x == 0) * 255,
    "probabilities in 8 bits": smooth,
    "enlarged probabilities": lambda x: np.kron(smooth(x)[::2, ::2], np.ones((2, 2), np.uint8)),
    "resized numbers": lambda x: np.rint(ndimage.zoom(x[::2, ::2].astype(float), 2, order=1)).astype(int),
    "one number twice": lambda x: np.where(x == x.max(), 1, x),
    "tiles": lambda x: np.where(x > x.max() // 2, x - x.max() // 2, x),
    "outlines of 255": outlined,
    "cut at 8 bits": lambda x: np.minimum(x * 40, 255),
    "wrapped at 8 bits": lambda x: (x + 240) * (x > 0) % 256,
    "full field": lambda x: ndimage.grey_dilation(x, (21, 21)),
    "full field with lines": lambda x: np.where(
        np.indices(x.shape)[0] % 40 == 0, 0, ndimage.grey_dilation(x, (21, 21))
    ),
    "whole field one object": lambda x: np.ones_like(x),
    "large object": lambda x: np.where(np.indices(x.shape)[0] < 70, 1, x),
    "nuclei in cells": lambda x: np.where(ndimage.binary_erosion(x > 0, iterations=3), x + 100, x),
    "specks": lambda x: np.where(
        (np.indices(x.shape).sum(0) % 9 == 0) & (np.indices(x.shape)[1] % 5 == 0) & (x == 0), 1, x
    ),
    "mask in one piece": lambda x: (x == 1) * 255,
}


@pytest.mark.parametrize("side", ["prediction", "truth", pytest.param("both", marks=pytest.mark.weekly)])
def test_files_that_are_no_label_images(answers, side):
    truth = field(5, 6)
    good = np.where(truth == 4, 0, truth)
    cases, said = [], 0
    for name, wrong in NO_LABELS.items():
        pair = [
            wrong(x) if which in (side, "both") or side == "both" else x
            for which, x in (("prediction", good), ("truth", truth))
        ]
        paths = [
            save(f"{name}/{which}.tif", np.asarray(x, np.uint16)) for which, x in zip("ab", pair, strict=True)
        ]
        cases += [case(*paths), case(*paths, as_given=True)]
    for mine in compare(answers, cases):
        said += "error" in mine or any(note.startswith(("prediction", "truth")) for note in mine["notes"])
    assert said > len(cases) * 0.8


def test_cut_and_wrapped_at_8_bits(answers):
    """More objects than 8 bits can number."""
    truth = field(18, 18, step=10, radius=2.5)
    cases = []
    for name, wrong in {
        "cut": np.minimum(truth, 255),
        "wrapped": truth % 256,
        "just so": np.where(truth > 255, 0, truth),
    }.items():
        paths = save(f"{name}.png", wrong.astype(np.uint8)), save(f"{name}.tif", truth.astype(np.uint16))
        cases += [case(*paths), case(*paths, as_given=True)]
    assert "the last that 8 bits hold" in compare(answers, cases)[0]["error"]


def test_folders_that_are_wrong_together(answers):
    for i in range(12):
        truth = np.zeros((40, 60), np.uint8)
        for k in range(3):
            truth[5:15, 5 + 18 * k : 15 + 18 * k] = k + 1
        save(f"g/{i}.png", truth)
        save(f"p/{i}.png", np.where(truth == 3, 1 + i % 2, truth).astype(np.uint8))
    (mine, _) = compare(answers, [case("p", "g"), case("p", "g", as_given=True)])
    assert "does not stand for one object" in mine["error"]


TURNS = {
    "transposed": lambda x: x.T,
    "upside down": lambda x: x[::-1],
    "rotated": np.rot90,
    "rotated back": lambda x: np.rot90(x, 3),
    "other diagonal": lambda x: np.rot90(x, 2).T,
    "shifted": lambda x: np.roll(x, (13, -22), (0, 1)),
    "turned and shifted": lambda x: np.roll(x[:, ::-1], (-9, 31), (0, 1)),
}


@pytest.mark.parametrize("size", [(128, 128), (111, 111), (90, 140)])
def test_another_frame(answers, size):
    random = np.random.default_rng(3)
    truth = scene(random, size, 60, 4)
    cases = []
    for name, turn in TURNS.items():
        if (turned := np.ascontiguousarray(turn(truth))).shape == truth.shape:
            paths = save(f"{name}.npy", turned), save(f"{name}.tif", truth)
            cases += [case(*paths), case(*paths, as_given=True)]
    refused = [mine.get("error", "") for mine in compare(answers, cases)[::2]]
    assert sum("objects match the truth (IoU 0.5) when" in text for text in refused) >= len(refused) - 1


GOOD = np.zeros((12, 14), np.int32)
GOOD[2:5, 2:6], GOOD[7:10, 8:12] = 1, 2
# written by hand, or by a library: name of the file, what it holds
BAD = {
    "empty.png": b"",
    "text.png": b"this is no image",
    "photo.png": b"\xff\xd8\xff\xe0" + bytes(40),
    "packed.tif": b"PK\x03\x04" + bytes(40),
    "array.tif": "npy",
    "wrong.npy": "tif",
    "two.tif": [np.zeros((5, 6), np.uint8), np.zeros((7, 8), np.uint8)],
    "colour.tif": np.repeat(GOOD[..., None], 3, 2).astype(np.uint8),
    "colour.png": np.repeat(GOOD[..., None], 3, 2).astype(np.uint8),
    "alpha.png": np.repeat(GOOD[..., None], 4, 2).astype(np.uint8),
    "colour.npy": np.repeat(GOOD[..., None], 3, 2),
    "one-bit.png": Image.fromarray(GOOD > 0),
    "mask.npy": GOOD > 0,
    "probabilities.npy": GOOD * 0.37,
    "probabilities.tif": (GOOD * 0.37).astype(np.float32),
    "nan.npy": np.where(GOOD == 0, np.nan, GOOD),
    "infinite.npy": np.where(GOOD == 1, np.inf, GOOD),
    "too large.npy": (GOOD + 2.0**24).astype(np.float32),
    "below zero.npy": GOOD - 1,
    "below zero.tif": (GOOD - 3).astype(np.int16),
    "words.npy": GOOD.astype(str),
    "complex.npy": GOOD.astype(complex),
    "objects.npy": GOOD.astype(object),
    "beyond 63 bits.npy": GOOD.astype(np.uint64) << 63,
    "line.npy": GOOD[0],
    "number.npy": np.array(3),
    "no pixels.npy": GOOD[:0],
    "smaller.npy": GOOD[1:],
    "transposed.npy": np.ascontiguousarray(GOOD.T),
    "cut short.tif": "cut",
}
STARTS = {  # in the command's words up to a list of formats, or to what its library says
    "unknown.bmp": b"BM",
    "no suffix": b"\x89PNG",
    "cut short.png": "cut",
    "cut short.npy": "cut",
    "stripes.png": "torn",
    "half of its rows.png": "halved",
    "without its end.png": "endless",
    "order.npy": "order",
}
OWN = {"stack.npy": "stack", "stack.tif": "stack", "lzw.tif": "compressed by LZW", "big.tif": "BigTIFF"}


def halved(png):
    """The PNG with the first half of its rows, whole otherwise: the sums are right, the stream ends well."""
    at, parts = 8, []
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            rows = zlib.decompress(body)
            body = zlib.compress(rows[: len(rows) // 2])
        parts.append((kind, body))
        at += 12 + length
    return png[:8] + b"".join(
        len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        for kind, body in parts
    )


def write_bad(name, content):
    path = Path("bad", name)
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, list):
        for array in content:
            tifffile.imwrite(path, array, append=path.exists(), photometric="minisblack")
    elif isinstance(content, Image.Image):
        content.save(path)
    elif isinstance(content, str):
        whole = Path(
            save(
                f"whole/{name}{path.suffix if content not in ('npy', 'tif') else '.' + content}",
                GOOD.astype(np.uint8),
            )
        )
        data = whole.read_bytes()
        changed = {"cut": data[:-20], "torn": data[:45] + b"\0\0" + data[47:], "endless": data[:-12]}
        if content == "halved":
            changed[content] = halved(data)
        if content == "order":
            changed[content] = data.replace(b"'fortran_order': False", b"'fortran_order': 1    ")
        path.write_bytes(changed.get(content, data))
    elif path.suffix == ".tif" and content.ndim == 3:
        tifffile.imwrite(path, content, photometric="rgb")
    else:
        save(str(path), content)
    return str(path)


@pytest.mark.parametrize("as_truth", [False, True])
def test_bad_files_are_refused_in_the_same_words(answers, as_truth):
    good = save("good.npy", GOOD)
    paths = [write_bad(name, content) for name, content in (BAD | STARTS).items()]
    cases = [case(good, path) if as_truth else case(path, good) for path in paths]
    for name, mine, one in zip(BAD | STARTS, answers(cases), cases, strict=True):
        expected = by_python(one)
        assert isinstance(expected, str), f"{name}: Python takes it"
        if name in BAD:
            assert mine == {"error": expected}, name
        else:
            start = expected.split("(" if "damaged" in expected else ".tif")[0]
            assert mine["error"].startswith(start), (mine, expected)
            assert len(start) > 20


def test_what_only_the_command_reads_is_said(answers):
    deep = np.stack([GOOD] * 3).astype(np.uint8)
    save("bad/stack.npy", deep)
    tifffile.imwrite("bad/stack.tif", deep, photometric="minisblack")
    Image.fromarray(GOOD.astype(np.uint8)).save("bad/lzw.tif", compression="tiff_lzw")
    tifffile.imwrite("bad/big.tif", GOOD.astype(np.uint8), bigtiff=True)
    cases = [case(f"bad/{name}", f"bad/{name}") for name in OWN]
    for (name, words), mine in zip(OWN.items(), answers(cases), strict=True):
        assert mine["error"].startswith(f"bad/{name}: "), mine
        assert words in mine["error"], mine
        assert "command" in mine["error"], mine


def test_names_and_folders_that_do_not_fit(answers):
    for path in (
        "truth_1.npy",
        "pred_1.npy",
        "a/x1.npy",
        "b/y7.npy",
        "c/x1.npy",
        "c/x1.tif",
        "a/deep/x2.npy",
    ):
        save(path, GOOD.astype(np.uint16))
    Path("none").mkdir()
    save("texts/0.npy", GOOD)
    Path("texts/0.npy").rename("texts/0.txt")
    exact = [
        case("truth_1.npy", "pred_1.npy"),
        case("a", "pred_1.npy"),
        case("truth_1.npy", "pred_1.npy", as_given=True),
    ]
    compare(answers, exact)
    cases = [case("a", "b"), case("c", "a"), case("none", "a"), case("a", "texts")]
    for mine, one in zip(answers(cases), cases, strict=True):
        expected = by_python(one)
        assert mine["error"][:30] == expected[:30], (mine, expected)


def test_every_kind_of_pixel_that_is_read(answers):
    """TIFF of either byte order, tiled, in strips, deflated; PNG of 8 and 16 bits, or with a palette."""
    labels = scene(np.random.default_rng(2), (40, 53), 6, 6)
    truth, files = save("truth.npy", labels), []
    kinds = [np.uint8, np.uint16, np.uint32, np.int16, np.int32, np.int64, np.float32, np.float64]
    for (i, kind), order in itertools.product(enumerate(kinds), "<>"):
        whole = np.issubdtype(kind, np.integer)
        ways = [{}, {"compression": "zlib"}, {"tile": (16, 32)}, {"rowsperstrip": 7, "compression": "zlib"}]
        ways += [{"compression": "zlib", "predictor": 2}] if whole and kind != np.int64 else []
        for j, way in enumerate(ways):
            files.append(f"{i}{order}{j}.tif")
            tifffile.imwrite(files[-1], labels.astype(kind), byteorder=order, photometric="minisblack", **way)
        files.append(save(f"{i}{order}.npy", labels.astype(np.dtype(kind).newbyteorder(order))))
    files += [
        save("columns.npy", np.asfortranarray(labels)),
        save("8.png", labels.astype(np.uint8)),
        save("16.png", labels),
    ]
    few = Image.fromarray(labels.astype(np.uint8), "P")
    few.putpalette([i for k in range(256) for i in (k, 255 - k, k // 2)])
    few.save("palette.png")
    save("imagej.tif", labels)
    tifffile.imwrite("imagej.tif", labels, imagej=True, metadata={"unit": "um"}, resolution=(3, 3))
    files += ["palette.png", "imagej.tif"]
    for mine in compare(answers, [case(name, truth) for name in files]):
        assert mine["scores"]["PQ"] == 1


def test_png_of_few_bits_and_interlaced(answers):
    """Written by hand, since Pillow writes neither: its reading of them is the independent one."""
    Path("made").mkdir()
    random, files = np.random.default_rng(11), []
    for depth, interlaced in itertools.product((1, 2, 4, 8, 16), (False, True)):
        for colour in (0, 3) if depth < 16 else (0,):
            if (depth, colour) == (1, 0):
                continue  # True and False, which is refused
            cells = np.kron(random.integers(0, min(2**depth, 9), (3, 4)), np.ones((6, 5), int))
            files.append(f"made/{depth}-{colour}-{interlaced}.png")
            Path(files[-1]).write_bytes(png(cells, depth, colour, interlaced))
    read = [np.asarray(Image.open(name)) for name in files]
    truths = [save(f"{name}.npy", array.astype(np.int32)) for name, array in zip(files, read, strict=True)]
    for mine in answers([case(a, b, as_given=True) for a, b in zip(files, truths, strict=True)]):
        assert any("the same in every pixel" in note for note in mine["notes"])


def png(values, depth, colour, interlaced):
    """A PNG of grey levels or palette indices; each line by another of the five filters."""
    import struct
    import zlib

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def lines(image):
        before, step, out = None, max(1, depth // 8), b""
        for i, row in enumerate(image):
            bits = "".join(f"{value:0{depth}b}" for value in row)
            raw = np.array([int(bits[k : k + 8].ljust(8, "0"), 2) for k in range(0, len(bits), 8)])
            above = np.zeros_like(raw) if before is None else before
            left, corner = (np.concatenate((np.zeros(step, int), x))[: len(x)] for x in (raw, above))
            guess = left + above - corner
            far = [abs(guess - x) for x in (left, above, corner)]
            paeth = np.where(
                (far[0] <= far[1]) & (far[0] <= far[2]), left, np.where(far[1] <= far[2], above, corner)
            )
            kinds = [0 * raw, left, above, (left + above) // 2, paeth]
            out += bytes([i % 5]) + ((raw - kinds[i % 5]) % 256).astype(np.uint8).tobytes()
            before = raw
        return out

    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    parts = [values[y::dy, x::dx] for x, y, dx, dy in (passes if interlaced else [(0, 0, 1, 1)])]
    data = zlib.compress(b"".join(lines(one) for one in parts if one.size))
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, colour, 0, 0, interlaced)
    palette = part(b"PLTE", bytes(3 * 2**depth)) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + palette + part(b"IDAT", data) + part(b"IEND", b"")


HEAD = "field,measured,true\n"
TABLES = {
    "good": HEAD + "a,10,11\nb,21,20\nc,33,30\nd,40,41\ne,52,50\nf,63,60\ng,70,71\n",
    "four": HEAD + "a,10,11\nb,21,20\nc,33,30\nd,40,41\n",
    "three": HEAD + "a,10,11\nb,21,20\nc,33,30\n",
    "one": HEAD + "a,10,11\n",
    "alike": HEAD + "a,10,10\nb,11,10\nc,9,10\nd,10,10\ne,10,10\n",
    "by chance": HEAD + "".join(f"{i},{50 + 7 * i % 13},{50 + 5 * i % 11}\n" for i in range(12)),
    "many": HEAD + "".join(f"{i},{30 + i % 17 + i % 3},{30 + i % 17}\n" for i in range(60)),
    "far": HEAD + "".join(f"img{i},{0 if i == 3 else 20 + i},{20 + i}\n" for i in range(9)),
    "some without truth": HEAD + "a,10,11\nb,21,\nc,33,30\nd,40,41\ne,5,6\nf,9,8\n",
    "decimal commas": "Image;measured (um^2);true (um^2)\na;10,5;11,25\nb;21,5;20,5\nc;1.033,5;1.030,25\n",
    "one unit": "Image\tmeasured_um2\ttrue\na.tif\t10\t11\nb.tif\t20\t21\nc.tif\t30\t33\nd.tif\t41\t40\n",
    "quotes": 'name,"measured",true\n"a, left","1,033","1,030"\n"b ""x""","2,101","2,000"\nc,"3,000",3100\n',
    "remarks": "# made by hand\nsep=,\n"
    + HEAD
    + "a,1 234,1 200\nb,2 000,2 100\n\nc,3 000,3 100\nd,4 100,4 000\n",
    "zeros": HEAD + "a,0,11\nb,21,20\nc,33,30\nd,40,41\ne,52,50\n",
    "windows": HEAD.encode() + "zellkörper,10,11\nb,20,21\nc,30,33\nd,41,40\n".encode("cp1252"),
    "utf-16": ("\ufeff" + HEAD + "ä,10,11\nb,20,21\nc,30,33\nd,41,40\n").encode("utf-16-le"),
    "truth of zero": HEAD + "a,0,0\nb,21,20\n",
    "below zero": HEAD + "a,-4,5\nb,21,20\n",
    "missing as -1": HEAD + "a,-1,5\nb,21,20\n",
    "an empty cell": HEAD + "a,,5\nb,21,20\n",
    "not a number": HEAD + "a,n/a,5\nb,21,20\n",
    "words": HEAD + "a,10,5\nb,many,20\n",
    "thousands or decimals": HEAD.replace(",", ";") + "a;1,234;1\nb;2,345;2\n",
    "two habits": HEAD.replace(",", ";") + "a;1,5;1\nb;2.5;2\n",
    "a field twice": HEAD + "a,1,1\na,2,2\nb,3,3\nc,3,3\n",
    "a row an object": HEAD + "a,1,1\na,2,2\na,3,3\na,3,3\n",
    "CellProfiler": "ImageNumber,ObjectNumber,measured,true\n1,1,2,3\n",
    "TrackMate": "TRACK_ID,POSITION_X,FRAME,measured,true\n1,1,2,3,4\n",
    "QuPath": "Image,Object type,measured,true\na,Cell,2,3\n",
    "no field": "plate,measured,true\na,1,1\n",
    "a name is missing": HEAD + "a,1,1\n,2,2\n",
    "two columns of one name": "field,measured,measured,true\na,1,1,1\n",
    "points and whole numbers": HEAD + "a,964,951\nb,1.180,1150\nc,1.048,1020\n",
    "three digits after points": HEAD + "a,1.439,1.450\nb,2.180,2.150\nc,31.048,31.020\nd,4.500,4.450\n",
    "huge": HEAD + "a,1e308,1\nb,-1e400,2\n",
    "tiny": HEAD + "a,1e-60,1\nb,3,2\n",
    "numbers alone": "1,2,3\n4,5,6\n",
    "one column": "field\na\n",
    "headings alone": HEAD,
    "nothing": "",
    "too many cells": HEAD + "a,1,234,1\n",
    "short lines": HEAD + "a,1\nb,2,2\nc,3,3\nd,4,4\ne,5,5\n",
    "a spreadsheet": b"PK\x03\x04" + bytes(50),
    "cut UTF-16": b"\xff\xfef",
    "truth is empty": HEAD + "a,1,\nb,2,\n",
}


def test_tables(answers):
    cases = []
    for name, text in TABLES.items():
        path = f"{name}.csv"
        Path(path).write_bytes(text if isinstance(text, bytes) else text.encode())
        head = {
            "decimal commas": ("measured (um^2)", "true (um^2)"),
            "one unit": ("measured_um2", "true"),
        }
        columns = head.get(name, ("measured", "true"))
        cases += [
            case(path, None, t, u, g, *columns)
            for t, u, g in ((0.1, None, False), (0.3, 0.05, True), (None, None, False))
        ]
    given = compare(answers, cases)
    words = {row["label"] for mine in given for row in mine.get("rows", ())}
    assert {"HOLDS", "UNDETERMINED NOT BETTER THAN CHANCE"} <= words
    assert sum("error" in mine for mine in given) > 50


def test_two_tables(answers):
    numbers = [(10, 11), (21, 20), (33, 30), (40, 41), (52, 50)]
    Path("tool.csv").write_text(
        "Image,count\n" + "".join(f"img{i}.tif,{a}\n" for i, (a, _) in enumerate(numbers))
    )
    Path("truth.csv").write_text(
        "field,n\n" + "".join(f"img{i}_gt,{b}\n" for i, (_, b) in enumerate(numbers))
    )
    Path("other.csv").write_text("field,n\nsomewhere,3\n")
    Path("unit.csv").write_text("field,n [um]\nimg1,3\n")
    Path("nm.csv").write_text("field,n [nm]\nimg1,3\n")
    compare(
        answers,
        [case("tool.csv", "truth.csv"), case("unit.csv", "nm.csv"), case("unit.csv", "other.csv")][:2],
    )
    cases = [case("tool.csv", "other.csv")]
    assert answers(cases)[0]["error"][:60] == by_python(cases[0])[:60]


def test_fields_of_wells_are_refused(answers):
    """The command averages them; the page takes every row for independent, so it says what to do."""
    rows = [(f"f{i}", f"p_A0{1 + i // 3}_s{i % 3}", f"w{i // 3}", 20 + i, 21 + i) for i in range(12)]
    for name, heads, at in (("h", "field,Metadata_Well,n,true", (0, 2)), ("n", "field,x,n,true", (1, 0))):
        lines = [",".join(map(str, (row[at[0]], row[at[1]], *row[3:]))) for row in rows]
        Path(f"{name}.csv").write_text("\n".join([heads, *lines]))
        (given,) = answers([case(f"{name}.csv", None, 0.1, None, False, "n", "true")])
        assert "several fields are of one well or animal" in given["error"]
        assert by_python(case(f"{name}.csv", None, 0.1, None, False, "n", "true")).row.n == 4


def test_distributions_are_those_of_scipy(answers):
    ps, degrees = [0.6, 0.95, 0.999], [1, 2, 3, 4, 5.0, 8, 17, 60, 300, 1999, 20000]
    asked = {
        "studentQuantile": ([[df, p] for df in degrees for p in ps], special.stdtrit),
        "betaincinv": (
            [[a, b, 0.05] for a in (1, 2, 5, 40, 900) for b in (1, 2, 7, 350)],
            special.betaincinv,
        ),
        "gammaincinv": (
            [[a, (i + 0.5) / 400] for a in (0.5, 1, 1.5, 4, 22.5, 500) for i in (0, 1, 57, 200, 398, 399)],
            special.gammaincinv,
        ),
        "normal": ([[x] for x in (-8, -3.2, -1, -1e-5, 0, 0.3, 1.7, 5)], special.ndtr),
        "heads": (
            [[k, n] for n in (1, 7, 50, 900) for k in (0, n // 3, n // 2, n)],
            lambda k, n: stats.binom.sf(k - 1, n, 0.5),
        ),
        "quantile": ([[[3, 1, 4, 1, 5], q] for q in (0, 0.1, 0.5, 0.77, 1)], np.quantile),
    }
    for call, (arguments, peer) in asked.items():
        given = answers([{"call": call, "arguments": one} for one in arguments], "verdict/statistics.js")
        expected = np.array([float(peer(*one)) for one in arguments])
        assert np.allclose(given, expected, rtol=1e-9, atol=1e-13), call


def test_sliders_say_what_the_judge_says(answers):
    """n fields with exactly this mean and spread, judged by Python; power and fields by its own functions."""
    random, cases = np.random.default_rng(4), []
    for n, tolerance in itertools.product((2, 4, 5, 6, 11, 40), (0.03, 0.1, 0.35)):
        bias, spread = random.uniform(-0.4, 0.4), random.uniform(0.01, 0.5)
        cases.append({"tolerance": tolerance, "n": n, "bias": bias, "spread": spread})
    given = answers([{"call": "fieldsNeeded", "arguments": [one]} for one in cases])
    for one, mine in zip(cases, given, strict=True):
        n, tolerance, spread = one["n"], one["tolerance"], one["spread"]
        shape = np.linspace(-1, 1, n)
        errors = float(to_scale(1 + one["bias"])) + spread * shape / shape.std(ddof=1)
        ratios = np.where(errors > -np.log(2), np.exp(errors), np.maximum((errors + 1 + np.log(2)) / 2, 0))
        edges = tuple(to_scale(1 + np.array([-tolerance, tolerance])).tolist())
        centre = float(to_scale(1 + one["bias"]))
        if (errors >= -1 - np.log(2)).all():  # no field below total loss
            verdict = judge.agreement(ratios, np.ones(n), scope="population", tolerance=tolerance)
            assert (mine["word"], mine["reason"]) == (verdict.word, verdict.reason), one
            assert alike(mine["interval"], verdict.interval), one
        assert alike(mine["toHold"], power.power_to_hold(centre, spread, n, edges) if n >= 5 else 0.0), one
        assert alike(mine["toFail"], power.power_to_fail(centre, spread, n, edges)), one
        more = power.further_acquisitions(centre, spread, 1, edges, edges, (5, 2))
        assert mine["needed"] == (more if isinstance(more, str) else more + 1), one
