"""Latent coordinates in; state fractions, their presence, and what could have been known, out.

A latent space is an array (particles, dimensions), one row a particle. The state fraction is read by one
rule, fixed before anything is run: two Gaussians are fitted, and the smaller one's weight is the fraction
(`mixture`). k-means stands beside it (`kmeans_fraction`) because it cuts towards equal halves whatever is
there. `separability` against `ceiling` tells what a method lost from what the images never held.

scikit-learn does the fitting; its ``sklearn.metrics.adjusted_rand_score`` is used as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError

FEWEST = 10  # particles; fewer say nothing about two states
STARTS = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98)  # shares at which the fit starts to cut
NARROWEST = 1e-3  # added variance, of a latent of variance 1: no component falls onto a few equal points


@dataclass(frozen=True, eq=False)
class Mixture:
    """Two Gaussians fitted to a latent space.

    Attributes
    ----------
    fraction : float
        Weight of the smaller component, 0 to 0.5.
    labels : (n,) bool array
        Whether a particle more probably belongs to the smaller component.
    bic_gain : float
        BIC of one Gaussian minus BIC of two (full covariances): above 0, two describe the latent space
        better. That is evidence against one Gaussian, not evidence for two states.
    """

    fraction: float
    labels: NDArray
    bic_gain: float


@dataclass(frozen=True)
class Presence:
    """How a BIC gain compares with those of data that hold one state.

    Attributes
    ----------
    gain : float
        Of the latent space that was asked about.
    p : float
        (1 + nulls with at least this gain) / (1 + nulls): never below 1 / (1 + nulls).
    n_null : int
        Nulls it was compared with.
    """

    gain: float
    p: float
    n_null: int


def _latent(latent: ArrayLike) -> NDArray:
    """Return `latent` as (n, d) with each column of mean 0 and variance 1; a constant column becomes 0."""
    z = np.asarray(latent, float)
    z = z[:, None] if z.ndim == 1 else z
    if z.ndim != 2 or len(z) < FEWEST or z.shape[1] < 1:
        raise InputError(
            f"latent: shape {z.shape}; expected (particles, dimensions), {FEWEST} particles or more"
        )
    if not np.isfinite(z).all():
        raise InputError("latent: holds NaN or infinity; the training may have diverged, look at its losses")
    spread = z.std(axis=0)
    still = spread <= 1e-9 * np.maximum(1, np.abs(z).max(axis=0))
    return np.where(still, 0, (z - z.mean(axis=0)) / np.where(still, 1, spread))


def _two(labels: ArrayLike, n: int, name: str) -> NDArray:
    """Return `labels` as (n,) booleans after checking that they are that."""
    given = np.asarray(labels)
    if given.shape != (n,) or not np.isin(given, (0, 1)).all():
        raise InputError(f"{name}: expected {n} values 0 or 1 (1: the rare state), got shape {given.shape}")
    return given.astype(bool)


def mixture(latent: ArrayLike) -> Mixture:
    """Fit two Gaussians by maximum likelihood; the smaller one's weight is the state fraction.

    Full covariances, columns scaled to variance 1 beforehand. The fit starts nine times, from cuts across the
    first principal axis at fixed shares from 2 to 98 %, and the most likely end is kept: no random numbers,
    and a shift, a scale or a mirror of the latent space changes nothing.

    Parameters
    ----------
    latent : array_like, shape (n, d) or (n,)
        One row a particle, n at least 10.

    Returns
    -------
    Mixture
        Of a latent space in which all particles lie at one point: fraction 0, no label, gain 0.

    Raises
    ------
    InputError
        If the latent space is of another shape, or not finite.

    References
    ----------
    Fraley and Raftery 2002, J Am Stat Assoc 97:611-631, https://doi.org/10.1198/016214502760047131
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    z = _latent(latent)
    z = z[:, z.any(axis=0)]
    if z.shape[1] == 0:
        return Mixture(0.0, np.zeros(len(z), bool), 0.0)
    one = GaussianMixture(1, reg_covar=NARROWEST).fit(z)
    axis = np.linalg.svd(z, full_matrices=False)[2][0]
    along = z @ axis
    best = None
    for share in STARTS:
        upper = along > np.quantile(along, 1 - share)
        if not FEWEST // 5 <= upper.sum() <= len(z) - FEWEST // 5:
            continue
        parts = [z[~upper], z[upper]]
        spread = [np.atleast_2d(np.cov(part.T)) + NARROWEST * np.eye(z.shape[1]) for part in parts]
        fit = GaussianMixture(
            2,
            reg_covar=NARROWEST,
            max_iter=500,
            tol=1e-5,
            weights_init=[len(part) / len(z) for part in parts],
            means_init=[part.mean(axis=0) for part in parts],
            precisions_init=np.linalg.inv(spread),
        )
        with warnings.catch_warnings():  # where one Gaussian is enough, the likelihood of two is nearly flat
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit.fit(z)
        if best is None or fit.lower_bound_ > best.lower_bound_:
            best = fit
    if best is None:  # nearly all particles lie at one point
        return Mixture(0.0, np.zeros(len(z), bool), 0.0)
    small = int(np.argmin(best.weights_))
    return Mixture(float(best.weights_[small]), best.predict(z) == small, float(one.bic(z) - best.bic(z)))


def kmeans_fraction(latent: ArrayLike) -> tuple[float, NDArray]:
    """Cut a latent space in two by k-means: the trap beside `mixture`.

    k-means lays its border midway between two means, so it asks for clusters of similar width and number. A
    rare state beside a broad common one, or one broad cloud alone, is cut near the middle.

    Parameters
    ----------
    latent : array_like, shape (n, d) or (n,)
        Scaled column by column as in `mixture`.

    Returns
    -------
    fraction : float
        Share of particles in the smaller cluster; 0 when all lie at one point.
    labels : (n,) bool array
        Whether a particle is in the smaller cluster.
    """
    from sklearn.cluster import KMeans

    z = _latent(latent)
    if not z.any():
        return 0.0, np.zeros(len(z), bool)
    second = KMeans(2, n_init=10, random_state=0).fit_predict(z) == 1
    labels = second if second.mean() <= 0.5 else ~second
    return float(labels.mean()), labels


def presence(latent: ArrayLike, null_gains: ArrayLike) -> Presence:
    """Compare the BIC gain of two Gaussians with the gains of data that hold one state.

    Parameters
    ----------
    latent : array_like, shape (n, d) or (n,)
        The latent space in question.
    null_gains : array_like, shape (m,)
        ``mixture(...).bic_gain`` of m nulls: one state, and the same signal, CTF, number, pose error and
        training as the data. A null that differs in one of these is no null.

    Raises
    ------
    InputError
        If there is no null, or a gain is not finite.
    """
    nulls = np.atleast_1d(np.asarray(null_gains, float))
    if nulls.ndim != 1 or nulls.size == 0 or not np.isfinite(nulls).all():
        raise InputError("null_gains: expected one finite BIC gain or more, from data that hold one state")
    gain = mixture(latent).bic_gain
    return Presence(gain, float((1 + (nulls >= gain).sum()) / (1 + nulls.size)), int(nulls.size))


def recall_purity(labels: ArrayLike, truth: ArrayLike) -> tuple[float, float]:
    """Share of the rare particles that were found, and share of the found that are rare.

    Parameters
    ----------
    labels, truth : array_like of bool, shape (n,)
        Whether a particle was called rare, and whether it is.

    Returns
    -------
    recall, purity : float
        NaN where nothing is rare, or nothing was called so.
    """
    found = _two(labels, np.size(labels), "labels")
    rare = _two(truth, len(found), "truth")
    both = float((found & rare).sum())
    return (
        both / rare.sum() if rare.any() else float("nan"),
        both / found.sum() if found.any() else float("nan"),
    )


def view_dependence(rotations: ArrayLike, labels: ArrayLike) -> float:
    """Whether the share called rare depends on the viewing direction: the p-value of a chi-squared test.

    The sphere is cut into twelve patches, one around each corner of an icosahedron; patches that no particle
    is seen from are left out.

    Parameters
    ----------
    rotations : array_like, shape (n, 3, 3)
        As in `acquire.cryoem`: the last row is the viewing direction.
    labels : array_like of bool, shape (n,)
        Whether a particle was called rare.

    Returns
    -------
    float
        1 where all particles have one label.
    """
    from scipy.stats import chi2_contingency

    turned = np.asarray(rotations, float)
    if turned.ndim != 3 or turned.shape[1:] != (3, 3):
        raise InputError(f"rotations: expected matrices (n, 3, 3), got shape {turned.shape}")
    rare = _two(labels, len(turned), "labels")
    if rare.all() or not rare.any():
        return 1.0
    golden = (1 + 5**0.5) / 2
    corners = np.array([[0, s, g * golden] for s in (-1, 1) for g in (-1, 1)])
    corners = np.concatenate([np.roll(corners, k, axis=1) for k in range(3)])
    nearest = (turned[:, 2] @ corners.T).argmax(1)
    table = np.stack([np.bincount(nearest[rare == kind], minlength=12) for kind in (False, True)], axis=1)
    return float(chi2_contingency(table[table.sum(1) > 0]).pvalue)


def separability(latent: ArrayLike, truth: ArrayLike, *, seed: int = 0) -> float:
    """How well a linear read-out that was shown true labels tells the states of other particles apart.

    What `mixture` misses and this finds was lost by the clustering; what this misses and `ceiling` finds was
    lost by the method.

    Parameters
    ----------
    latent : array_like, shape (n, d) or (n,)
    truth : array_like of bool, shape (n,)
        Five of each kind or more.
    seed : int
        Of the split into five folds.

    Returns
    -------
    float
        Area under the ROC curve of Fisher's linear discriminant, mean of five folds. 0.5 is chance (a little
        below it can happen), 1 is perfect.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    z = _latent(latent)
    rare = _two(truth, len(z), "truth")
    if min(rare.sum(), (~rare).sum()) < 5:
        raise InputError(
            f"truth: {rare.sum()} of {len(z)} particles are rare; expected five of each kind or more"
        )
    z = z[:, z.any(axis=0)]
    if z.shape[1] == 0:
        return 0.5
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return float(cross_val_score(LinearDiscriminantAnalysis(), z, rare, cv=folds, scoring="roc_auc").mean())


def ceiling(
    images: ArrayLike, clean_by_state: ArrayLike, truth: ArrayLike, noise_sd: float | ArrayLike = 1.0
) -> float:
    """How well the states could be told apart by whoever knows both true models, every pose and every CTF.

    The read-out is the likelihood ratio in white noise, which nothing beats that sees one image at a time.

    Parameters
    ----------
    images : array_like, shape (N, D, D)
        Particles with noise.
    clean_by_state : array_like, shape (2, N, D, D)
        Without noise: each particle as it would be in the common and in the rare state, at its true pose.
    truth : array_like of bool, shape (N,)
        Whether a particle is in the rare state.
    noise_sd : float or array_like, shape (N,)
        Standard deviation of the noise.

    Returns
    -------
    float
        Area under the ROC curve. Where all pairs of clean images lie d noise standard deviations apart, it is
        Phi(d / sqrt(2)).

    Raises
    ------
    InputError
        If shapes do not fit, a state is missing, or the noise is not positive.
    """
    from sklearn.metrics import roc_auc_score

    x, models = np.asarray(images, float), np.asarray(clean_by_state, float)
    if models.shape != (2, *x.shape) or x.ndim < 2:
        raise InputError(
            f"images {x.shape}, clean_by_state {models.shape}: expected (N, D, D) and (2, N, D, D)"
        )
    rare = _two(truth, len(x), "truth")
    sd = np.broadcast_to(np.asarray(noise_sd, float), len(x))
    if not (sd > 0).all() or rare.all() or not rare.any():
        raise InputError("ceiling: expected particles of both states and a positive noise_sd")
    common, scarce = (((x - model) ** 2).reshape(len(x), -1).sum(axis=1) for model in models)
    return float(roc_auc_score(rare, (common - scarce) / (2 * sd**2)))


def per_image_fsc(
    maps: ArrayLike,
    truths: ArrayLike,
    map_of: Sequence[int] | NDArray,
    truth_of: Sequence[int] | NDArray,
    *,
    consensus: ArrayLike,
    at_noise: ArrayLike,
    mask: ArrayLike | None = None,
) -> pd.DataFrame:
    """Compare each image's map with the true map of its conformation, between two references.

    Parameters
    ----------
    maps : array_like, shape (k, D, D, D)
        What the method gives, for example the decoder at k places of the latent space.
    truths : array_like, shape (m, D, D, D)
        The true conformations.
    map_of, truth_of : sequence of int, shape (N,)
        Which of `maps` and of `truths` belongs to each image.
    consensus : array_like, shape (D, D, D)
        The map of all particles, with no heterogeneity: the reference from below.
    at_noise : array_like, shape (m, D, D, D)
        Each true conformation, reconstructed from its own particles among the same images: the reference
        from above.
    mask : array_like, shape (D, D, D), optional
        Laid over all maps.

    Returns
    -------
    DataFrame
        One row an image: ``area`` under the absolute FSC over cycles/pixel (below 0.5), ``signed`` area,
        the areas ``consensus`` and ``at_noise`` of the references, ``gain`` (area - consensus) and
        ``share``, the part of the possible gain that was made (NaN where none was possible).

    Raises
    ------
    InputError
        If shapes do not fit, or an index has no map.

    Notes
    -----
    Shells as in cryoDRGN's FSC, which CryoBench uses: 0 to D / 2 - 1, the first set to 1, so the area ends at
    0.5 - 1 / D. The absolute FSC counts an inverted map as right; the signed area shows that.

    References
    ----------
    Jeon et al. 2024, CryoBench, https://doi.org/10.48550/arXiv.2408.05526
    """
    given, true = np.asarray(maps, np.float32), np.asarray(truths, np.float32)
    noisy = np.asarray(at_noise, np.float32)
    which = np.asarray(map_of), np.asarray(truth_of)
    if given.ndim != 4 or true.ndim != 4 or noisy.shape != true.shape or given.shape[1:] != true.shape[1:]:
        raise InputError(
            f"maps {given.shape}, truths {true.shape}, at_noise {noisy.shape}: expected (k, D, D, D)"
            " and twice (m, D, D, D)"
        )
    for name, index, stack in zip(("map_of", "truth_of"), which, (given, true), strict=True):
        if index.ndim != 1 or index.dtype.kind not in "iu" or not np.isin(index, range(len(stack))).all():
            raise InputError(f"{name}: expected one whole number from 0 to {len(stack) - 1} for each image")
    if len(which[0]) != len(which[1]) or len(which[0]) == 0:
        raise InputError(f"map_of has {len(which[0])} images and truth_of {len(which[1])}; expected equal")
    flat = [_area(np.asarray(consensus, np.float32), t, mask)[0] for t in true]
    top = [_area(a, t, mask)[0] for a, t in zip(noisy, true, strict=True)]
    pairs = {
        (i, j): _area(given[i], true[j], mask)
        for i, j in set(zip(*map(np.ndarray.tolist, which), strict=True))
    }
    rows = [(*pairs[i, j], flat[j], top[j]) for i, j in zip(*map(np.ndarray.tolist, which), strict=True)]
    table = pd.DataFrame(rows, columns=["area", "signed", "consensus", "at_noise"])
    table["gain"] = table["area"] - table["consensus"]
    possible = table["at_noise"] - table["consensus"]
    table["share"] = (table["gain"] / possible).where(possible > 0)
    return table


def _area(a: NDArray, b: NDArray, mask: ArrayLike | None) -> tuple[float, float]:
    """Area under the absolute and under the signed FSC, cycles/pixel."""
    from scipy.integrate import trapezoid

    from scopecheck.measure.maps import fsc

    curve = fsc(a, b, mask, counting="cryodrgn")
    values = np.nan_to_num(curve.fsc)
    return float(trapezoid(np.abs(values), curve.frequency)), float(trapezoid(values, curve.frequency))
