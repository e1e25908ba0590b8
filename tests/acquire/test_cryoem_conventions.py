"""Conventions against other programs: cryoDRGN and RELION rebuild the volume from our particles."""

import argparse
import shutil
import subprocess

import mrcfile
import numpy as np
import pandas as pd
import pytest
import starfile

from scopecheck.acquire import cryoem
from scopecheck.tools import cryodrgn as cryodrgn_files
from scopecheck.tools import torchvision_shim

BOX, PIXEL = 32, 3.0
SHELL = round(2 / 3 * BOX / 2)  # two thirds of Nyquist


def fsc(a, b):
    """Fourier shell correlation, shells one voxel wide, up to Nyquist."""
    one, two = np.fft.fftshift(np.fft.fftn(a)), np.fft.fftshift(np.fft.fftn(b))
    radius = np.sqrt(((np.indices(a.shape) - a.shape[0] // 2) ** 2).sum(axis=0))
    shell = np.rint(radius).astype(int).ravel()

    def total(x):
        return np.bincount(shell, x.ravel())[: a.shape[0] // 2 + 1]

    return total((one * two.conj()).real) / np.sqrt(total(abs(one) ** 2) * total(abs(two) ** 2))


def mirrored(volume):
    """The other hand, with voxel D // 2 kept in place."""
    return np.roll(volume[::-1], 1, axis=0)


@pytest.fixture(scope="module")
def taken():
    """A chiral specimen of 300 atoms; 1500 noise-free particles, shifted, each with an astigmatic CTF."""
    rng = np.random.default_rng(5)
    atoms = rng.uniform(-32, 32, (700, 3))
    atoms = atoms[np.linalg.norm(atoms, axis=1) < 32][:300]
    volume = cryoem.density(atoms, box=BOX, pixel_size=PIXEL, resolution=7)
    ctfs = [
        cryoem.CTF(u, u - 2000, angle)
        for u, angle in zip(rng.uniform(8e3, 2e4, 1500), rng.uniform(0, 180, 1500), strict=True)
    ]
    shifts = rng.uniform(-2, 2, (1500, 2))
    return volume, cryoem.particles(
        volume, n=1500, pixel_size=PIXEL, snr=None, seed=1, shifts=shifts, ctfs=ctfs
    )


@pytest.fixture(scope="module")
def programs():
    """CryoDRGN's modules, where it is installed."""
    pytest.importorskip("torch")
    pytest.importorskip("cryodrgn")
    torchvision_shim.prepare()
    from cryodrgn import ctf, utils
    from cryodrgn.commands import backproject_voxel

    return argparse.Namespace(ctf=ctf, utils=utils, backproject_voxel=backproject_voxel)


@pytest.mark.tool
def test_cryodrgn_backprojection_gives_back_the_volume(taken, programs, tmp_path):
    volume, particles = taken
    stack, poses, ctf = cryodrgn_files.write_inputs(
        tmp_path, particles.images, particles.rotations, particles.shifts, particles.ctfs, PIXEL
    )
    parser = argparse.ArgumentParser()
    programs.backproject_voxel.add_args(parser)
    words = [
        stack,
        "--poses",
        poses,
        "--ctf",
        ctf,
        "-o",
        tmp_path / "out",
        "--uninvert-data",
        "--no-fsc-vals",
    ]
    programs.backproject_voxel.main(parser.parse_args([str(word) for word in words]))
    rebuilt = mrcfile.read(tmp_path / "out" / "backproject.mrc")
    curve = fsc(volume, rebuilt)
    assert curve[SHELL] >= 0.95
    assert curve[1:SHELL].min() >= 0.9
    assert abs(fsc(mirrored(volume), rebuilt)[SHELL]) < 0.1
    # bright again, because the CTF and the images are both negative
    assert np.corrcoef(volume.ravel(), rebuilt.ravel())[0, 1] > 0.9


@pytest.mark.skipif(shutil.which("relion_reconstruct") is None, reason="RELION is not installed")
def test_relion_reconstruct_agrees(taken, tmp_path):
    volume, particles = taken
    with mrcfile.new(tmp_path / "p.mrcs", data=-particles.images) as mrc:
        mrc.set_image_stack()
        mrc.voxel_size = PIXEL
    rot, tilt, psi = cryoem.rotations_to_relion(particles.rotations).T
    table = pd.DataFrame(
        {
            "rlnImageName": [f"{i + 1:06d}@p.mrcs" for i in range(len(rot))],
            "rlnAngleRot": rot,
            "rlnAngleTilt": tilt,
            "rlnAnglePsi": psi,
            "rlnOriginXAngst": -particles.shifts[:, 0] * PIXEL,
            "rlnOriginYAngst": -particles.shifts[:, 1] * PIXEL,
            "rlnDefocusU": [ctf.defocus_u for ctf in particles.ctfs],
            "rlnDefocusV": [ctf.defocus_v for ctf in particles.ctfs],
            "rlnDefocusAngle": [ctf.angle for ctf in particles.ctfs],
            "rlnOpticsGroup": 1,
        }
    )
    optics = {
        "rlnOpticsGroup": 1,
        "rlnOpticsGroupName": "one",
        "rlnVoltage": 300.0,
        "rlnSphericalAberration": 2.7,
        "rlnAmplitudeContrast": 0.1,
        "rlnImagePixelSize": PIXEL,
        "rlnImageSize": BOX,
        "rlnImageDimensionality": 2,
    }
    starfile.write({"optics": pd.DataFrame([optics]), "particles": table}, tmp_path / "p.star")
    words = ["relion_reconstruct", "--i", "p.star", "--o", "out.mrc", "--ctf"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    rebuilt = mrcfile.read(tmp_path / "out.mrc")
    curve = fsc(volume, rebuilt)
    assert curve[SHELL] >= 0.99
    assert curve[1:SHELL].min() >= 0.95
    assert abs(fsc(mirrored(volume), rebuilt)[SHELL]) < 0.1
    assert np.corrcoef(volume.ravel(), rebuilt.ravel())[0, 1] > 0.9


@pytest.mark.tool
def test_euler_angles_are_those_of_cryodrgn_and_relion(programs):
    rotations = cryoem.uniform_rotations(500, 3)
    angles = cryoem.rotations_to_relion(rotations)
    assert np.allclose(programs.utils.R_from_relion(angles), rotations, atol=1e-12)
    assert np.allclose(programs.utils.R_to_relion_scipy(rotations), angles, atol=1e-6)


@pytest.mark.tool
@pytest.mark.parametrize(
    "ctf",
    [
        cryoem.CTF(15_000),
        cryoem.CTF(21_000, 18_000, 35, 200, 2.0, 0.07, 0, 80),
        cryoem.CTF(6_000, 7_500, -60, 300, 2.7, 0.1, 90),
        cryoem.CTF(9_000, 9_000, 0, 120, 0, 0),
    ],
)
def test_ctf_is_that_of_cryodrgn(programs, ctf):
    torch = pytest.importorskip("torch")
    fy, fx = np.meshgrid(np.fft.fftfreq(64, 2.0), np.fft.fftfreq(96, 2.0), indexing="ij")
    values = (ctf.defocus_u, ctf.defocus_v, ctf.angle, ctf.voltage, ctf.cs, ctf.amplitude_contrast)
    theirs = programs.ctf.compute_ctf(
        torch.tensor(np.stack([fx, fy], axis=-1)),
        *(torch.tensor(float(value), dtype=torch.float64) for value in (*values, ctf.phase_shift)),
        bfactor=torch.tensor(float(ctf.b_factor)),
    ).numpy()
    # its wavelength is 3.4e-5 shorter than ours (and RELION's), and the phase in the corner is 120 rad
    assert cryoem.ctf_image(ctf, (64, 96), 2.0) == pytest.approx(theirs, abs=5e-3)
