"""Worked values that others published, and relations their published numbers must satisfy."""

import numpy as np
import pytest

from scopecheck import measure


def match_of(n_true, n_predicted, iou) -> measure.Match:
    """A match with given counts, to hold the formulas against numbers reported without images."""
    iou = np.asarray(iou, float)
    pairs = np.zeros((len(iou), 2), int)
    return measure.Match(
        0.5, n_true, n_predicted, pairs, iou, 0, 0, n_true - len(iou), n_predicted - len(iou)
    )


def test_stardist_dsb2018_numbers_agree_with_each_other():
    """StarDist's authors report, for their DSB2018 subset at IoU 0.5, the five numbers below.

    Counts in their proportion (any common factor will do) must give all of them to the digits printed.
    """
    precision, recall, accuracy, f1, pq = 0.955, 0.869, 0.835, 0.910, 0.771
    n_true = 100_000
    tp = round(recall * n_true)
    match = match_of(n_true, round(tp / precision), np.full(tp, pq / f1))
    assert match.precision == pytest.approx(precision, abs=5e-4)
    assert match.recall == pytest.approx(recall, abs=5e-4)
    assert match.accuracy == pytest.approx(accuracy, abs=6e-4)
    assert match.f1 == pytest.approx(f1, abs=6e-4)
    assert match.pq == pytest.approx(pq, abs=6e-4)


# The example of torchmetrics' PanopticQuality: rows of pixels, one letter per segment. Things "a" and "b" are
# the two instances of class 0 and "c" that of class 1; "s" and "t" are the stuff classes 6 and 7.
PREDICTED = ["sass", "aasb", "aasb", "atsc", "attt"]
TRUE = ["sbsb", "bbsb", "bbsc", "btcc", "bttt"]
CLASSES = {"0": "ab", "1": "c", "6": "s", "7": "t"}


def segments(rows, letters):
    return np.array([[letters.find(letter) + 1 for letter in row] for row in rows])


def test_panoptic_quality_of_torchmetrics_example():
    """doi:10.1109/CVPR.2019.00963 as torchmetrics works it: the mean over the four classes is 0.5463."""
    each = [
        measure.match(segments(PREDICTED, letters), segments(TRUE, letters), 0.5 + 1e-9)
        for letters in CLASSES.values()
    ]
    assert np.mean([match.pq for match in each]) == pytest.approx(0.5463, abs=5e-5)
    assert each[0].pq == pytest.approx(0.5185, abs=5e-5)


def test_shifted_square_of_stardist_documentation():
    """StarDist documents a 10 px square shifted by half its width: one FP, one FN, no TP."""
    true = np.zeros((100, 100), np.uint16)
    true[10:20, 10:20] = 1
    match = measure.match(np.roll(true, 5, axis=0), true)
    assert (match.fp, match.tp, match.fn) == (1, 0, 1)
    assert measure.match(np.roll(true, 5, axis=0), true, 1 / 3).iou == pytest.approx([1 / 3])


def test_pq_is_segmentation_quality_times_recognition_quality():
    """PQ = SQ x RQ, with SQ the mean IoU of pairs and RQ the F1 (Kirillov et al. 2019, equations 1 and 2)."""
    match = match_of(7, 5, [0.6, 0.75, 0.9])
    assert match.pq == pytest.approx(match.mean_iou * match.f1)
    assert match.pq == pytest.approx(2.25 / (3 + 2 / 2 + 4 / 2))
