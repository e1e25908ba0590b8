"""Names of fields and micrographs that mean the same: right pairs, or none; never a wrong one."""

import os
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from scopecheck.score.pair_names import core, match, tokens

WEEKLY = bool(os.environ.get("WEEKLY"))
UID = "00{}7230948571092837465_"
SCHEMES = {  # as tools write them: how the two sides name field k
    "cellpose": ("{:03d}_img_cp_masks", "{:03d}_masks"),
    "CTC": ("mask{:03d}", "man_seg{:03d}"),
    "CTC tracks": ("mask{:03d}", "man_track{:04d}"),
    "TrackMate": ("LblImg_field {:02d}", "field {:d}"),
    "labels and truth": ("f{:d}_pred_labels", "f{:d}_ground_truth"),
    "any case and dash": ("Exp1-Field{:02d}-GT", "exp1_field{:d}_pred"),
    "cryoSPARC": (UID + "Foil_{:04d}_patch_aligned_doseweighted", "Foil_{:d}"),
    "MotionCor": ("mic_{:04d}_DW", "mic_{:04d}"),
    "gautomatch": ("mic_{:04d}_automatch", "mic_{:04d}_info"),
    "frames": ("mic_{:04d}.frames", "mic_{:04d}"),
    "own tool, own folder": ("mymodel_exp1_{:d}_v2", "exp1_{:d}_gt"),
    "constant index": ("c1_t{:d}", "{:d}"),
    "well": ("B{:d}_drugX", "B{:d}"),
    "in the middle": ("w{:d}_mymodel_s1", "w{:d}_s1"),
}


def named(form, k):
    return form.replace("{}", f"{k % 10}{(k * 7) % 10}", 1).format(k) if "{}" in form else form.format(k)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("numbers", [(0, 1, 2), (1, 10, 11, 110, 2, 21), (7, 70), tuple(range(1, 40))])
def test_names_as_tools_write_them_pair_by_their_number(scheme, numbers):
    left, right = ({named(form, k): k for k in numbers} for form in SCHEMES[scheme])
    for mine, theirs in ((left, right), (right, left)):
        pairs, how = match(list(mine), list(theirs)[::-1])
        assert len(pairs) == len(numbers)
        assert all(mine[a] == theirs[b] for a, b in pairs.items())
        assert how.startswith("by ")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (["img1", "img2"], ["img10", "img20"]),
        (["exp1_1", "exp1_2"], ["exp2_1", "exp2_2"]),
        (["wellA_1", "wellA_2"], ["wellB_1", "wellB_2"]),
        (["A1", "A2"], ["B1", "B2"]),
        (["1_10", "1_20"], ["10_1", "20_1"]),
        (["s1_t3", "s2_t4"], ["3", "4"]),
        (["1_2", "2_1"], ["1", "2"]),
        (["a_1_2", "b_1_2"], ["1", "2"]),
        (["1.5um", "2.5um"], ["15um", "25um"]),
        (["frank_1", "frank_2"], ["anna_1", "anna_2"]),
        (["img01", "img1"], ["img001", "img1_gt"]),
        ([], ["a"]),
        (["a"], ["b"]),
        (["__"], ["--"]),
    ],
)
def test_names_that_may_mean_other_fields_are_left_alone(left, right):
    assert match(left, right)[0] == {}
    assert match(right, left)[0] == {}


def test_some_names_pair_and_others_stay():
    assert match(["a", "b"], ["a", "c"]) == ({"a": "a"}, "by equal names")
    assert match(["a_pred", "b_pred"], ["a_gt", "c_gt"])[0] == {"a_pred": "a_gt"}


def test_a_name_of_roles_alone_keeps_them():
    assert core("cp_masks") == ("cp", "masks")
    assert core("012345678901234567890_X1_patch_aligned_doseweighted") == ("x", 1)
    assert tokens("LblImg_GroundTruth-007b") == ("lbl", "img", "ground", "truth", 7, "b")


PARTS = st.one_of(
    st.integers(0, 120).map(str),
    st.integers(0, 9).map(lambda n: f"{n:03d}"),
    st.sampled_from(["exp", "A", "b", "field", "cells", "t", "mask", "gt", "pred", "img", "Day"]),
)
NAMES = st.lists(PARTS, min_size=0, max_size=2)


@settings(max_examples=300 if WEEKLY else 100, deadline=None)
@given(
    keys=st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=3), min_size=1, max_size=6),
    about=st.tuples(NAMES, NAMES, NAMES, NAMES),
    padded=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    order=st.randoms(use_true_random=False),
)
@example([[1], [10]], (["exp", "1"], [], [], []), (1, 2), None)
def test_a_pair_is_never_of_two_fields(keys, about, padded, order):
    """Whatever constant words and numbers two programs write around it: the right field, or none."""
    keys = [tuple(key) for key in keys]
    assume(len(set(keys)) == len(keys))
    sides = []
    for (head, tail), width in zip((about[:2], about[2:]), padded, strict=True):
        side = {"_".join([*head, *(f"{n:0{width}d}" for n in key), *tail]): key for key in keys}
        sides.append(side)
    left, right = sides
    # One name for two fields (0_0_1 is field 0-1 after a constant 0, and field 0-0 before a constant 1) is
    # more than a reader of names can tell.
    assume(all(left[a] == right[b] for a in left for b in right if core(a) == core(b)))
    theirs = list(right)
    if order:
        order.shuffle(theirs)
    pairs, _ = match(list(left), theirs)
    assert all(left[a] == right[b] for a, b in pairs.items())


@settings(max_examples=300 if WEEKLY else 100, deadline=None)
@given(
    fields=st.lists(
        st.tuples(st.integers(0, 12), st.lists(PARTS, max_size=2), st.lists(PARTS, max_size=2)),
        min_size=2,
        max_size=6,
        unique_by=lambda field: field[0],
    ),
    word=st.sampled_from(["f", "img", "exp 3 "]),
)
def test_not_even_where_what_is_around_differs_from_file_to_file(fields, word):
    left = {"_".join([*head, f"{word}{k}", *tail]): k for k, head, tail in fields}
    right = {f"{word}{k}": k for k, _, _ in fields}
    assume(len(left) == len(right))
    for mine, theirs in ((left, right), (right, left)):
        pairs, _ = match(list(mine), list(theirs))
        assert all(mine[a] == theirs[b] for a, b in pairs.items())


def test_thousands_of_names_pair():
    left = [f"{k:06d}_Foil_{a}_{k}_mine" for k, a in product(range(3000), (7,))]
    right = [f"Foil_7_{k}" for k in range(3000)]
    pairs, _ = match(left, right)
    assert all(int(a[:6]) == int(b.split("_")[-1]) for a, b in pairs.items())
