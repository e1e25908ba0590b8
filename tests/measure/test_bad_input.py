"""Every bad input gives one message that says what is wrong, what was expected and what to do."""

import subprocess
import sys

import numpy as np
import pytest

from scopecheck import measure
from scopecheck.errors import InputError

GOOD = np.zeros((12, 14), np.int32)
GOOD[2:5, 2:6] = 1
STACK = np.stack([GOOD] * 4)
IMAGE = np.random.default_rng(0).integers(90, 200, GOOD.shape)
HOLED = np.where(GOOD == 0, np.nan, GOOD)

LABELS = {
    "float": (GOOD.astype(float), r"float64.*whole-number.*astype"),
    "NaN": (HOLED, r"NaN.*Set NaN to 0"),
    "mask": (GOOD > 0, r"True/False.*skimage.measure.label"),
    "negative": (GOOD - 1, r"negative value -1"),
    "colour": (np.repeat(GOOD[..., None], 3, axis=2).astype(np.uint8), r"RGB.*one label per pixel"),
    "one axis": (GOOD[0], r"1 axes.*\(Y, X\)"),
    "four axes": (STACK[None], r"4 axes"),
    "empty": (GOOD[:0], r"no pixels"),
    "text": (GOOD.astype(str), r"whole-number"),
    "beyond 63 bits": (GOOD.astype(np.uint64) << 63, r"renumber"),
}


@pytest.mark.parametrize("which", LABELS)
@pytest.mark.parametrize("function", ["match", "match the other way", "quantities", "table", "drop_border"])
def test_labels(which, function):
    bad, message = LABELS[which]
    run = {
        "match": lambda: measure.match(bad, GOOD),
        "match the other way": lambda: measure.match(GOOD, bad),
    }.get(function, lambda: getattr(measure, function)(bad))
    with pytest.raises(InputError, match=f"labels: .*{message}"):
        run()


@pytest.mark.parametrize("which", sorted(LABELS.keys() - {"mask"}))
def test_pixel_dice_labels(which):
    bad, message = LABELS[which]
    with pytest.raises(InputError, match=message):
        measure.pixel_dice(bad, GOOD)


CALLS = {
    "different shapes": (lambda: measure.match(GOOD, GOOD[1:]), r"\(12, 14\).*\(11, 14\).*same shape"),
    "different shapes, Dice": (lambda: measure.pixel_dice(GOOD, GOOD.T), r"same shape"),
    "2D and 3D": (lambda: measure.match(STACK, GOOD), r"One is 2D and the other 3D"),
    "threshold 0": (lambda: measure.match(GOOD, GOOD, 0), r"above 0 and not above 1"),
    "threshold 1.5": (lambda: measure.match(GOOD, GOOD, [0.5, 1.5]), r"threshold: 1.5"),
    "threshold NaN": (lambda: measure.match(GOOD, GOOD, float("nan")), r"threshold: nan"),
    "threshold text": (lambda: measure.match(GOOD, GOOD, "half"), r"half is not a number"),
    "border rule": (lambda: measure.match(GOOD, GOOD, border="cut"), r'"keep" or "drop"'),
    "border rule, quantities": (lambda: measure.quantities(GOOD, border="cut"), r'"keep" or "drop"'),
    "RGB image": (lambda: measure.quantities(GOOD, np.stack([IMAGE] * 3, -1)), r"3 colour channels.*channel"),
    "other shape": (lambda: measure.quantities(GOOD, IMAGE[1:]), r"\(11, 14\).*\(12, 14\)"),
    "NaN image": (lambda: measure.quantities(GOOD, HOLED), r"image: holds NaN"),
    "infinite image": (lambda: measure.table(GOOD, np.where(GOOD, np.inf, 1)), r"infinite"),
    "text image": (lambda: measure.quantities(GOOD, IMAGE.astype(str)), r"grey levels"),
    "micrometres without pixel size": (
        lambda: measure.quantities(GOOD, unit="um"),
        r"pixel_size: missing.*\(y, x\).*metadata",
    ),
    "unknown unit": (lambda: measure.quantities(GOOD, unit="furlong"), r'"px" or "um"'),
    "one pixel size for a stack": (lambda: measure.quantities(STACK, pixel_size=0.3), r"\(z, y, x\)"),
    "two pixel sizes for a stack": (lambda: measure.table(STACK, pixel_size=(0.3, 0.3)), r"\(z, y, x\)"),
    "pixel size 0": (lambda: measure.quantities(GOOD, pixel_size=0), r"positive micrometres"),
    "pixel size of nothing": (
        lambda: measure.quantities(GOOD, pixel_size=1e-300),
        r"pixel_size: 1e-300, 1e-300 micrometres per pixel; expected 1e-06 \(a picometre\) to 1e\+06",
    ),
    "pixel size of a world": (
        lambda: measure.quantities(GOOD, pixel_size=(1, 1e200)),
        r"pixel_size: 1, 1e\+200",
    ),
    "pixel size NaN": (lambda: measure.quantities(GOOD, pixel_size=(0.1, np.nan)), r"positive micrometres"),
    "pixel size text": (lambda: measure.quantities(GOOD, pixel_size="a third"), r"in micrometres"),
    "area of a stack": (
        lambda: measure.quantities(STACK, only=["mean_area"]),
        r"a 2D measure, but the labels are 3D. Ask for mean_volume, or choose one plane",
    ),
    "volume of a plane": (
        lambda: measure.quantities(GOOD, only=["mean_volume"]),
        r"a 3D measure, but the labels are 2D. Ask for mean_area",
    ),
    "intensity without image": (
        lambda: measure.quantities(GOOD, only=["total_intensity"]),
        r"needs the grey image",
    ),
    "unknown quantity, alone": (lambda: measure.quantities(GOOD, only="girth"), r"^girth: not a quantity"),
    "unknown quantity": (lambda: measure.quantities(GOOD, only=["girth"]), r"one of count, mean_area"),
    "background without image": (lambda: measure.quantities(GOOD, background=3), r"without an image"),
    "background NaN": (lambda: measure.quantities(GOOD, IMAGE, background=np.nan), r"one finite number"),
    "no background left": (lambda: measure.quantities(GOOD + 1, IMAGE), r"every pixel belongs to an object"),
    "pool of nothing": (lambda: measure.pool([]), r"at least one match"),
    "pool over thresholds": (lambda: measure.pool(measure.match(GOOD, GOOD, [0.5, 0.7])), r"one threshold"),
}


@pytest.mark.parametrize("which", CALLS)
def test_calls(which):
    call, message = CALLS[which]
    with pytest.raises(InputError, match=message):
        call()


def test_importing_measure_loads_nothing_heavy():
    code = (
        "import sys, scopecheck.measure;"
        "print([m for m in ('numba', 'pandas', 'scipy', 'skimage', 'torch') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_works_without_numba():
    """A large image is matched by the numpy pass where numba cannot be imported."""
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import numpy as np; from scopecheck import measure\n"
        "labels = np.zeros((2100, 2100), np.int32); labels[5:9, 5:9] = 3\n"
        "print(measure.match(labels, labels).tp)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "1"
