"""Cryo-EM forward model: a map or model in, particles and whole micrographs out, with exact truth.

This is simulation. The conventions, each held by a test:

Volumes
    (Z, Y, X) float32, cubic, even box D, centre of rotation at voxel ``D // 2`` of every axis, density
    positive, pixel size in Angstrom.
Images
    (Y, X), row 0 first, pixel centres at whole numbers, centre at pixel ``D // 2``. A coordinate (x, y) is
    (column, row); y grows with the row.
Rotations
    (N, 3, 3), those of cryoDRGN's poses.pkl and of RELION's ``Euler_angles2matrix``: ``r' = R r`` turns a
    point (x, y, z) of the volume into the frame of the image, which then sums along z. The viewing
    direction in the volume is the last row of R. A slice of the volume's transform is sampled at
    ``(kx, ky, 0) @ R``.
Euler angles
    RELION's rot, tilt, psi in degrees (ZYZ).
Shifts
    (N, 2) pixels (x, y): the particle lies that far from the image's centre. cryoDRGN and RELION store the
    move that brings it back, so their files take the opposite sign (cryoDRGN as a fraction of the box).
Contrast
    As recorded underfocused: protein is dark. The CTF is ``sin(gamma - asin(amplitude_contrast))`` with gamma
    negative at low frequency, hence negative there, as in cryoDRGN's code: run cryoDRGN with
    ``--uninvert-data``. RELION's CTF has the opposite sign and its particles are bright: give it ``-images``.
Defocus
    Angstrom, positive is underfocus. Overfocus (negative) is refused: it is almost always a lost sign.
Signal to noise ratio
    Variance of the noise-free CTF-modulated image over the whole box, averaged over particles, divided by the
    variance of the noise. A micrograph has the noise that its particles would have in the volume's box.
"""

from scopecheck.acquire.cryoem.contaminants import KINDS
from scopecheck.acquire.cryoem.ctf import CTF, ctf_image, damage
from scopecheck.acquire.cryoem.field import Micrograph, micrograph
from scopecheck.acquire.cryoem.inverse import principal_component, reconstruct, search_rotations
from scopecheck.acquire.cryoem.poses import (
    perturb_rotations,
    preferred_rotations,
    rotations_from_relion,
    rotations_to_relion,
    uniform_rotations,
)
from scopecheck.acquire.cryoem.projection import density, project
from scopecheck.acquire.cryoem.stack import ParticleSet, particles

__all__ = [
    "CTF",
    "KINDS",
    "Micrograph",
    "ParticleSet",
    "ctf_image",
    "damage",
    "density",
    "micrograph",
    "particles",
    "perturb_rotations",
    "preferred_rotations",
    "principal_component",
    "project",
    "reconstruct",
    "rotations_from_relion",
    "rotations_to_relion",
    "search_rotations",
    "uniform_rotations",
]
