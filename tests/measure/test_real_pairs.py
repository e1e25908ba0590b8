"""Scores of real pairs, one frame and the mean of many: local checks alone, their licence is not clear.

The images have 8 bits. Those of W2S were stretched one by one, so that only what a gain and an offset leave
alone can be asked of them.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio

from scopecheck.measure.intensity import agreement

STAGED = Path(__file__).parents[3] / "shared" / "data" / "light"
# PSNR in dB over 8 bits, as computed where the pairs were staged.
GIVEN = {"BPAE_R": 32.3, "BPAE_G": 29.3, "BPAE_B": 33.3, "mice": 31.1, "fish": 22.2}
FMD, W2S = STAGED / "fmd-confocal-pairs", STAGED / "w2s-denoising-pairs"


def pairs(folder: Path, noisy: str, clean: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    import tifffile

    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not staged here")
    found = {file.stem.removeprefix(noisy): file for file in sorted(folder.glob(f"{noisy}*.tif"))}
    if folder == W2S and not os.environ.get("WEEKLY"):  # daily one channel of each field
        found = {name: file for name, file in found.items() if name.endswith("_0")}
        assert len(found) > 3
    return {
        name: (tifffile.imread(file) * 1.0, tifffile.imread(folder / f"{clean}{name}.tif") * 1.0)
        for name, file in found.items()
    }


def test_psnr_of_fmd_is_that_of_skimage():
    for name, (noisy, clean) in pairs(FMD, "noisy_", "clean_").items():
        told = agreement(noisy, clean)["psnr"]
        other = peak_signal_noise_ratio(clean, noisy, data_range=np.ptp(clean))
        assert told == pytest.approx(other, abs=1e-9), name
        of_8_bits = told - 20 * np.log10(np.ptp(clean) / 255)
        assert of_8_bits == pytest.approx(GIVEN[name], abs=0.05), name


@pytest.mark.parametrize(
    ("folder", "noisy", "clean"), [(FMD, "noisy_", "clean_"), (W2S, "input_avg1_", "target_avg400_")]
)
def test_a_grey_scale_of_its_own_does_not_count(folder, noisy, clean):
    for name, (frame, mean) in pairs(folder, noisy, clean).items():
        told, stretched = agreement(frame, mean), agreement(40 + 3 * frame, mean)
        assert stretched["psnr_fitted"] == pytest.approx(told["psnr_fitted"], abs=1e-9), name
        assert stretched["ssim_fitted"] == pytest.approx(told["ssim_fitted"], abs=1e-9), name
        assert abs(stretched["psnr"] - told["psnr"]) > 3, name
        # the best line leaves the part of the mean's variance that the correlation does not explain
        left = mean.var() * (1 - np.corrcoef(frame.ravel(), mean.ravel())[0, 1] ** 2)
        assert told["psnr_fitted"] == pytest.approx(10 * np.log10(np.ptp(mean) ** 2 / left), abs=1e-9), name


@pytest.mark.parametrize(
    ("folder", "noisy", "clean"), [(FMD, "noisy_", "clean_"), (W2S, "input_avg1_", "target_avg400_")]
)
def test_a_slight_blur_takes_noise_off_real_frames(folder, noisy, clean):
    gained = {
        name: agreement(ndimage.gaussian_filter(frame, 1), mean)["psnr_fitted"]
        - agreement(frame, mean)["psnr_fitted"]
        for name, (frame, mean) in pairs(folder, noisy, clean).items()
    }
    assert np.median(list(gained.values())) > 0, gained
