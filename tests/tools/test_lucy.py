"""The network with Richardson-Lucy steps: untrained it is Richardson and Lucy's own."""

import pytest

CODE = """
from scopecheck.tools import lucy, stardist, weights
stardist.prepare(0)
import numpy as np
from scipy import ndimage
from scopecheck.acquire.optics import gaussian_psf

rng, psf = np.random.default_rng(0), gaussian_psf(1.3)
psf[0, 0] += 0.02  # not its own mirror image
psf /= psf.sum()
image = rng.random((40, 36)) + 0.1

def seen(x, kernel):
    return ndimage.convolve(x, kernel, mode="reflect")

# an independent loop, by scipy: the textbook's four steps from the same start
x = seen(image, psf)
for _ in range(4):
    x = x * seen(image / seen(x, psf), psf[::-1, ::-1])
model = lucy.network(psf, steps=4)
out = model.predict_on_batch(image[None, ..., None].astype("f4"))[0, ..., 0]
assert np.allclose(out, seen(x, psf), rtol=1e-4), abs(out - seen(x, psf)).max()

# the steps alone, from scikit-image's start: the same loop from half of the brightest pixel
x = np.full(image.shape, image.max() / 2)
for _ in range(20):
    x = x * seen(image / seen(x, psf), psf[::-1, ::-1])
inner = np.s_[8:-8, 8:-8]  # the edge goes on mirrored once there, and in every step here
alone = lucy.denoised(image, psf, steps=20)
assert np.allclose(alone[inner], seen(x, psf)[inner], rtol=0.02), abs(alone / seen(x, psf) - 1)[inner].max()
assert abs(alone.sum() / image.sum() - 1) < 0.02, "light is kept"

pairs = rng.random((2, 32, 16, 16, 1)).astype("f4")
model = lucy.train(psf, *pairs, seed=1, steps=4)
lucy.keep(model, "{path}")
again = lucy.kept(psf, "{path}")
batch = image[None, ..., None].astype("f4")
assert (again.predict_on_batch(batch) == model.predict_on_batch(batch)).all()
assert abs(again.predict_on_batch(batch)[0, ..., 0] - out).max() > 0, "it learnt"
numbers = weights.read("{path}")
numbers.pop("000")
weights.write("{path}.npz", numbers)
for path in ("{path}.none", "{path}.npz"):
    try:
        lucy.kept(psf, path)
    except Exception as error:
        print(type(error).__name__)
print(float(model.predict_on_batch(batch).astype("f8").sum()).hex())
"""


@pytest.mark.tool
@pytest.mark.slow
def test_untrained_it_is_richardson_lucy_and_a_kept_one_answers_alike(twice):
    first, second = twice(CODE)
    assert first[:2] == ["DataError", "DataError"], "a file that is missing, and one of another make"
    assert first == second, "one seed, one network"
