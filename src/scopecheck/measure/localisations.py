"""Single molecules localised, against emitters that are known: how many are true, and how far off they are.

Positions are (n, 2) or (n, 3) in nanometres: x along the columns of the image, y along its rows, z along the
optical axis. Frames are whole numbers, one a position. Definitions:

* A localisation and an emitter of the same frame may be paired when they lie within the radius in x and y,
  and in 3D within the axial limit in z. Pairs are one to one: as many as possible, and among such matchings
  the one with the least total distance.
* Jaccard = pairs / (localisations + emitters - pairs).
* The lateral RMSE is the root of the mean squared distance in x and y, the axial one that of z, of the pairs.
* efficiency = 1 - sqrt((1 - Jaccard)^2 + (alpha RMSE)^2), 1 where all is found exactly; it falls below 0.

A ratio whose denominator is 0 is NaN. Source: Sage et al. 2019, Nat Methods 16:387,
https://doi.org/10.1038/s41592-019-0364-4 (Jaccard, RMSE, efficiency and its alphas).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from scopecheck.errors import InputError
from scopecheck.measure import picks
from scopecheck.measure.matched import ratio
from scopecheck.measure.picks.matching import points, positive

RADII = (50.0, 100.0, 250.0)  # nm
AXIAL = 500.0  # nm, the axial limit beside a radius of 250 nm
ALPHA = {"lateral": 0.01, "axial": 0.005}  # per nm
SCORES = ("jaccard", "precision", "recall", "rmse_lateral", "rmse_axial", "efficiency")
_WHOLE = 4_000_000  # distances of a frame that are all computed; a fuller frame is matched by its neighbours
_PACK = 48
_AT_ONCE = 100_000  # neighbours along x looked at in one go, which fit a processor's cache

Frames = tuple[ArrayLike, ArrayLike]


def pixel_side(length: float) -> float:
    """Return the side of a pixel as a float, or refuse it: InputError."""
    if not (np.isfinite(length) and length > 0):
        raise InputError(f"pixel size: {length!r}; expected the side of a pixel, above 0.")
    return float(length)


@dataclass(frozen=True, eq=False, repr=False)
class LocalisationMatch:
    """Localisations and emitters paired one to one, frame by frame.

    Attributes
    ----------
    pairs : (k, 2) int64
        (row of the localisations, row of the emitters) of each pair, ordered by localisation.
    lateral : (k,) float64
        Distance of each pair in x and y, nm.
    axial : (k,) float64 or None
        Difference in z of each pair, nm, found less true; None in 2D.
    n_found, n_true : int
        Positions given.
    """

    pairs: NDArray
    lateral: NDArray
    axial: NDArray | None
    n_found: int
    n_true: int

    @property
    def tp(self) -> int:
        """Pairs: emitters found."""
        return len(self.pairs)

    @property
    def jaccard(self) -> float:
        """Pairs / (localisations + emitters - pairs); NaN without either."""
        return ratio(self.tp, self.n_found + self.n_true - self.tp)

    @property
    def precision(self) -> float:
        """Pairs / localisations; NaN without one. Not the precision of a position: that is the RMSE."""
        return ratio(self.tp, self.n_found)

    @property
    def recall(self) -> float:
        """Pairs / emitters; NaN without one."""
        return ratio(self.tp, self.n_true)

    @property
    def rmse_lateral(self) -> float:
        """Root of the mean squared distance in x and y, nm; NaN without a pair."""
        return _rms(self.lateral)

    @property
    def rmse_axial(self) -> float:
        """Root of the mean squared difference in z, nm; NaN in 2D or without a pair."""
        return float("nan") if self.axial is None else _rms(self.axial)

    @property
    def efficiency(self) -> float:
        """Of Jaccard and lateral RMSE; in 3D the mean of that and the one of the axial RMSE."""
        lateral = efficiency(self.jaccard, self.rmse_lateral)
        if self.axial is None:
            return lateral
        return (lateral + efficiency(self.jaccard, self.rmse_axial, ALPHA["axial"])) / 2

    def __repr__(self) -> str:
        return (
            f"LocalisationMatch({self.tp} pairs of {self.n_found} localisations and {self.n_true} emitters)"
        )


@dataclass(frozen=True)
class Chance:
    """What localisations at wrong places, or in wrong frames, score: means over the repeats, and the spread.

    Attributes
    ----------
    jaccard, precision, recall, rmse_lateral, rmse_axial, efficiency : float
        The mean of each over the repeats in which it exists; NaN where it exists in none.
    jaccard_sd : float
        Standard deviation of the Jaccard of one repeat.
    repeats : int
        Draws.
    """

    jaccard: float
    precision: float
    recall: float
    rmse_lateral: float
    rmse_axial: float
    efficiency: float
    jaccard_sd: float
    repeats: int


def efficiency(jaccard: float, rmse: float, alpha: float = ALPHA["lateral"]) -> float:
    """Put found and precise into one number (Sage et al. 2019, https://doi.org/10.1038/s41592-019-0364-4).

    Parameters
    ----------
    jaccard : float
        A fraction, not per cent.
    rmse : float
        Nanometres.
    alpha : float
        Per nanometre: 0.01 laterally, 0.005 axially.

    Raises
    ------
    InputError
        A Jaccard outside 0 to 1, a negative RMSE, or an alpha that is not above 0.

    Examples
    --------
    >>> from scopecheck.measure import localisations
    >>> round(localisations.efficiency(0.91204, 32.077), 5)
    0.66739
    """
    if not (np.isnan(jaccard) or 0 <= jaccard <= 1):
        raise InputError(f"jaccard: {jaccard}; expected a fraction from 0 to 1, not per cent.")
    if rmse < 0 or not 0 < alpha < np.inf:
        raise InputError(f"rmse {rmse}, alpha {alpha}: expected nanometres, 0 or more, and a weight above 0.")
    return float(1 - np.hypot(1 - jaccard, alpha * rmse))


def match(
    found: ArrayLike, true: ArrayLike, radius: float, *, frames: Frames | None = None, axial: float = AXIAL
) -> LocalisationMatch:
    """Pair localisations with emitters one to one, frame by frame.

    Parameters
    ----------
    found, true : array_like, (n, 2) and (m, 2), or (n, 3) and (m, 3)
        x, y, and in 3D z, nm.
    radius : float
        Largest lateral distance of a pair, nm; `RADII` are customary.
    frames : (array_like of int, array_like of int), optional
        The frame of each localisation and of each emitter; by default all are of one frame.
    axial : float
        In 3D, the largest difference in z of a pair, nm.

    Returns
    -------
    LocalisationMatch

    Raises
    ------
    InputError
        Positions that are not finite (n, 2) or (n, 3) arrays, 2D against 3D, frames that are not one whole
        number a position, or a radius or limit that is not positive.

    Examples
    --------
    >>> from scopecheck.measure import localisations
    >>> got = localisations.match([(10, 0), (500, 0)], [(0, 0), (500, 0)], 50, frames=([1, 1], [1, 2]))
    >>> got.tp, got.rmse_lateral, round(got.jaccard, 2)
    (1, 10.0, 0.33)
    """
    f, t = points(found, "localisations"), points(true, "emitters")
    reach = positive(radius)
    if not 0 < axial < np.inf:
        raise InputError(f"axial: {axial!r}; expected the largest difference in z, nm, above 0.")
    depth = float(axial)
    if len(f) and len(t) and f.shape[1] != t.shape[1]:
        raise InputError(
            f"localisations have {f.shape[1]} coordinates, emitters {t.shape[1]}; expected x, y or x, y, z of"
            " both. Leave z out to judge x and y alone."
        )
    of_found, of_true = _checked(frames or (np.zeros(len(f)), np.zeros(len(t))), f, t)
    pairs = _by_frame(f, of_found, t, of_true, reach, depth)
    apart = f[pairs[:, 0]] - t[pairs[:, 1]] if len(pairs) else np.zeros((0, f.shape[1]))
    return LocalisationMatch(
        pairs,
        np.hypot(apart[:, 0], apart[:, 1]),
        apart[:, 2] if apart.shape[1] == 3 else None,
        len(f),
        len(t),
    )


def chance(
    found: ArrayLike,
    true: ArrayLike,
    radius: float,
    *,
    frames: Frames,
    axial: float = AXIAL,
    wrong: str = "places",
    seed: int | Sequence[int] = 0,
    repeats: int = 10,
) -> Chance:
    """Score as many localisations at random places, or the same ones in wrong frames.

    Places are drawn anew in every frame, evenly over the box that holds all emitters, which is taken four
    radii wide where it is smaller. Wrong frames keep each
    place and hand all localisations of a frame to another one (by a random turn of the frames' order): what
    is left is what the structure alone gives, which in a sparse structure is more than random places give.

    Parameters
    ----------
    found, true, radius, frames, axial
        As `match`.
    wrong : {"places", "frames"}
        What is wrong with them.
    seed : int or sequence of int
        Equal seeds give equal draws.
    repeats : int
        Draws.

    Returns
    -------
    Chance
        NaN where there is nothing to match, or for wrong frames where there is one frame alone.

    Raises
    ------
    InputError
        As `match`; another word for `wrong`; no draw.
    """
    f, t = points(found, "localisations"), points(true, "emitters")
    of_found, of_true = _checked(frames, f, t)
    if wrong not in ("places", "frames"):
        raise InputError(f"wrong: {wrong!r}; expected 'places' or 'frames'.")
    if repeats < 1:
        raise InputError(f"repeats: {repeats}; expected at least one draw.")
    # a stream of its own: emitters simulated from the same seed would be met again, place by place
    rng = np.random.default_rng([*np.atleast_1d(seed), 0x10CA])
    order = np.unique(np.concatenate((of_found, of_true)))
    scores: dict[str, list[float]] = {name: [] for name in SCORES}
    if len(t):
        middle = (t.min(axis=0) + t.max(axis=0)) / 2
        half = np.maximum(np.ptp(t, axis=0) / 2, 2 * np.array([radius, radius, axial])[: t.shape[1]])
        low, high = middle - half, middle + half
    for _ in range(repeats if len(f) and len(t) and (wrong == "places" or len(order) > 1) else 0):
        if wrong == "places":
            placed, then = rng.uniform(low, high, f.shape), of_found
        else:
            turned = np.roll(order, rng.integers(1, len(order)))
            placed, then = f, turned[np.searchsorted(order, of_found)]
        got = match(placed, t, radius, frames=(then, of_true), axial=axial)
        for name, values in scores.items():
            values.append(getattr(got, name))
    there = {name: [value for value in values if value == value] for name, values in scores.items()}
    means = {name: float(np.mean(values)) if values else float("nan") for name, values in there.items()}
    spread = float(np.std(there["jaccard"])) if there["jaccard"] else float("nan")
    return Chance(**means, jaccard_sd=spread, repeats=repeats)


def molecules(positions: ArrayLike, frames: ArrayLike, radius: float, dark: int = 0) -> NDArray[np.intp]:
    """Say which localisations are one molecule that was seen again.

    Two localisations are of one molecule when they lie within the radius in x and y and at most ``dark``
    frames without either lie between them; so are all that hang together in this way. Where two molecules
    lie closer than the radius and blink together they become one, and one that stays dark for longer
    becomes two: what is counted so is a number of molecules under this rule.

    Parameters
    ----------
    positions : array_like, (n, 2) or (n, 3)
        x, y (z is not used), nm.
    frames : array_like of int, (n,)
    radius : float
        Nanometres; customary are three times the precision of a position.
    dark : int
        Frames.

    Returns
    -------
    (n,) int
        The molecule of each localisation, from 0 in the order of their first localisation in the list.

    Raises
    ------
    InputError
        As `match`; dark frames that are no whole number of 0 or more.

    Examples
    --------
    >>> from scopecheck.measure import localisations
    >>> localisations.molecules([(0, 0), (5, 0), (0, 0), (900, 0)], [1, 2, 9, 2], radius=20, dark=1)
    array([0, 0, 1, 2])
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    p = points(positions, "localisations")
    when = _whole(frames, p, "localisations")
    reach = positive(radius)
    if not (dark >= 0 and dark % 1 == 0):
        raise InputError(f"dark: {dark}; expected a whole number of frames, not below 0.")
    if not len(p):
        return np.zeros(0, np.intp)
    # With the frame as a third axis, in which dark + 1 frames are as far as the radius, only localisations
    # that are near in both meet; then each limit is asked for itself.
    both = np.column_stack((p[:, :2], when * (reach / (dark + 1))))
    near = cKDTree(both).query_pairs(1.01 * np.sqrt(2) * reach, output_type="ndarray")
    one, other = near.T
    beside = np.hypot(*(p[one, :2] - p[other, :2]).T) <= reach
    near = near[beside & (np.abs(when[one] - when[other]) <= dark + 1)]
    linked = coo_array((np.ones(len(near), bool), (near[:, 0], near[:, 1])), shape=(len(p), len(p)))
    found = connected_components(linked, directed=False)[1]
    _, first, which = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[which]


def peaks(
    pictures: ArrayLike, least: float, pixel: float, sigma: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Take the peaks of pictures for localisations: pixels that none of their eight neighbours exceeds.

    Of neighbours that are equally high the first, row by row, is the peak. An even picture has none.

    Parameters
    ----------
    pictures : array_like, (T, Y, X)
        One of each frame, as a network draws them.
    least : float
        How high a peak has to be.
    pixel : float
        Side of a pixel of the pictures, nm.
    sigma : float
        Width (s.d.) of the Gaussian that pictures are smoothed by before, pixels; 0: none.

    Returns
    -------
    frames : (n,) int64
        From 0.
    xy : (n, 2) float64
        Centre of the peak's pixel, nm; (0, 0) is the outer corner of the first pixel.
    heights : (n,) float64
        Of the smoothed picture.

    Raises
    ------
    InputError
        If the pictures are not a stack of finite numbers, or pixel or sigma are out of range.
    """
    from scipy.ndimage import gaussian_filter

    stack = np.asarray(pictures, float)
    if stack.ndim != 3 or not stack.size or not np.isfinite(stack).all():
        raise InputError(f"pictures: shape {stack.shape}; expected a stack (T, Y, X) of finite numbers.")
    size = pixel_side(pixel)
    if not sigma >= 0:
        raise InputError(f"sigma: {sigma}; expected a width in pixels, 0 or above.")
    smooth = gaussian_filter(stack, (0, sigma, sigma)) if sigma else stack
    around = np.pad(smooth, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    frames, rows, columns = np.nonzero((smooth >= least) & (smooth > 0))
    for down, right in np.ndindex(3, 3):  # few pixels are that high, and each neighbour leaves fewer
        higher = np.greater if (down, right) < (1, 1) else np.greater_equal
        kept = higher(smooth[frames, rows, columns], around[frames, rows + down, columns + right])
        frames, rows, columns = frames[kept], rows[kept], columns[kept]
    uneven = np.ptp(smooth, axis=(1, 2))[frames] > 0
    frames, rows, columns = frames[uneven], rows[uneven], columns[uneven]
    return frames, (np.column_stack((columns, rows)) + 0.5) * size, smooth[frames, rows, columns]


def best_threshold(
    pictures: ArrayLike,
    true: ArrayLike,
    frames: ArrayLike,
    pixel: float,
    *,
    radius: float = 100.0,
    sigma: float = 1.0,
) -> float:
    """Choose the threshold of `peaks` that finds known emitters best: the largest Jaccard.

    Twenty-five thresholds are tried, which leave from a quarter of the emitters' number to four times it.

    Parameters
    ----------
    pictures, pixel, sigma
        As of `peaks`.
    true : array_like, (m, 2)
        x, y of the emitters, nm.
    frames : array_like of int, (m,)
        Of the emitters, from 0.
    radius : float
        Within which a peak is right, nm.

    Raises
    ------
    InputError
        As `peaks` and `match`; or if there is no peak or no emitter.
    """
    of, xy, heights = peaks(pictures, 0.0, pixel, sigma)
    known = len(np.asarray(true))
    if not (len(xy) and known):
        raise InputError("best_threshold: no peak, or no emitter; expected pictures of known emitters.")
    left = np.geomspace(max(known / 4, 1), 4 * known, 25).astype(int).clip(1, len(heights))
    tried = np.unique(np.sort(heights)[::-1][left - 1])
    scores = []
    for least in tried:
        kept = heights >= least
        scores.append(match(xy[kept], true, radius, frames=(of[kept], frames)).jaccard)
    return float(tried[int(np.argmax(scores))])


def likeness(picture: ArrayLike, true: ArrayLike, pixel: float, sigma: float = 1.0) -> float:
    """How alike a picture and the true emitters look: Pearson's r, both smoothed; 0 is chance.

    Parameters
    ----------
    picture : array_like, (Y, X)
    true : array_like, (m, 2) or (m, 3)
        x, y (z is not used) of the emitters, nm; (0, 0) is the outer corner of the first pixel. Those outside
        are left out.
    pixel : float
        Side of a pixel, nm.
    sigma : float
        Width (s.d.) of the Gaussian for both, pixels.

    Returns
    -------
    float
        NaN where either is the same everywhere.

    Raises
    ------
    InputError
        If the picture is not one plane, `pixel` is not above 0, or the emitters are no points.
    """
    from scipy.ndimage import gaussian_filter

    if np.ndim(picture) != 2:
        raise InputError(
            f"picture: shape {np.shape(picture)}; expected one plane (Y, X). Sum a movie's frames."
        )
    image, (x, y) = np.asarray(picture, float), points(true, "emitters")[:, :2].T
    rows, columns = (np.arange(size + 1) * pixel_side(pixel) for size in image.shape)
    known = np.histogram2d(y, x, bins=(rows, columns))[0]  # type: ignore[arg-type]
    if not (np.ptp(image) and np.ptp(known)):
        return float("nan")
    return float(np.corrcoef(*(gaussian_filter(one, sigma).ravel() for one in (image, known)))[0, 1])


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else float("nan")


def _by_frame(
    f: NDArray, of_found: NDArray, t: NDArray, of_true: NDArray, reach: float, depth: float
) -> NDArray:
    """Pairs (row of f, row of t) of every frame, as many as possible, then the least total distance."""
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second, i, j, apart = _near(f, of_found, t, of_true, reach, depth)
    n = len(f) + len(t)
    linked = coo_array((np.ones(len(i), bool), (i, len(f) + j)), shape=(n, n))
    many, group = connected_components(linked, directed=False)
    sides = [np.bincount(part, minlength=many) for part in (group[: len(f)], group[len(f) :])]
    of = group[i]
    alone = np.minimum(*sides)[of] == 1  # several may want one: the nearest has it
    order = np.lexsort((apart[alone], of[alone]))
    won = order[np.diff(of[alone][order], prepend=-1) > 0]
    ours, theirs = [i[alone][won]], [j[alone][won]]
    order = np.flatnonzero(~alone)[np.argsort(of[~alone], kind="stable")]
    i, j, apart, of = i[order], j[order], apart[order], of[order]
    (rows, a), (columns, b) = _in_order(i, group[: len(f)]), _in_order(j, group[len(f) :])
    # Groups share nobody. Some at a time are assigned in one go, which takes less than each alone.
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    pack = np.minimum.reduceat(a, begins) // _PACK if len(begins) else begins
    for start, end in pairwise([*begins[np.diff(pack, prepend=-1) > 0], len(i)]):
        a0, b0 = a[start:end].min(), b[start:end].min()
        in_row, in_column = a[start:end] - a0, b[start:end] - b0
        shape = (int(in_row.max()) + 1, int(in_column.max()) + 1)
        if shape[0] * shape[1] > _WHOLE:
            if f.shape[1] == 3:
                raise InputError(
                    f"frames: one holds {shape[0]} localisations and {shape[1]} emitters with a choice, too"
                    " many to pair in 3D; give the frame of each."
                )
            these, those = rows[a0 : a0 + shape[0]], columns[b0 : b0 + shape[1]]
            row, column = picks.match(f[first[these]], t[second[those]], reach).pairs.T
        else:
            beyond = (reach + depth) * (min(shape) + 1)  # costs more than all distances together
            costs = np.full(shape, beyond)
            costs[in_row, in_column] = apart[start:end]
            row, column = linear_sum_assignment(costs)
            kept = costs[row, column] < beyond
            row, column = row[kept], column[kept]
        ours.append(rows[row + a0])
        theirs.append(columns[column + b0])
    every = np.column_stack((first[np.concatenate(ours)], second[np.concatenate(theirs)]))
    return every[np.argsort(every[:, 0])]


def _in_order(which: NDArray, group: NDArray) -> tuple[NDArray, NDArray]:
    """Those that occur, group after group, and the place of each in this order."""
    there = np.unique(which)
    there = there[np.argsort(group[there], kind="stable")]
    place = np.zeros(len(group), np.intp)
    place[there] = np.arange(len(there))
    return there, place[which]


def _near(
    f: NDArray, of_found: NDArray, t: NDArray, of_true: NDArray, reach: float, depth: float
) -> tuple[NDArray, NDArray, NDArray, NDArray, NDArray]:
    """All that may be paired: the order of f and of t by frame, and i, j of these orders with the distance.

    All frames lie side by side on one line of x, so that one sorted list gives each position's neighbours.
    """
    nobody = np.zeros(0, np.intp)
    if not (len(f) and len(t)):
        return nobody, nobody, nobody, nobody, np.zeros(0)
    _, rank = np.unique(np.concatenate((of_found, of_true)), return_inverse=True)
    x = np.concatenate((f[:, 0], t[:, 0]))
    x += rank * (np.ptp(x) + 3 * reach) - x.min()
    first, second = np.argsort(x[: len(f)], kind="stable"), len(f) + np.argsort(x[len(f) :], kind="stable")
    here, there = x[first], x[second]
    second -= len(f)
    f, t = f[first], t[second]
    margin = reach + 1e-12 * x.max()  # frames far down the line are known less sharply
    low = np.searchsorted(there, here - margin)
    n = np.searchsorted(there, here + margin, "right") - low
    ends, y, its_y = np.cumsum(n), f[:, 1].copy(), t[:, 1].copy()
    some_i, some_j = [nobody], [nobody]
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1] + _AT_ONCE, _AT_ONCE)) + 1
    for start, end in pairwise([0, *np.unique(cuts.clip(max=len(n)))]):
        each = n[start:end]
        j = np.arange(each.sum()) + np.repeat(low[start:end] - (np.cumsum(each) - each), each)
        beside = np.flatnonzero(np.abs(np.repeat(y[start:end], each) - its_y[j]) <= reach)
        some_i.append(np.repeat(np.arange(start, end), each)[beside])
        some_j.append(j[beside])
    i, j = np.concatenate(some_i), np.concatenate(some_j)
    step = f[i] - t[j]
    within = np.hypot(step[:, 0], step[:, 1]) <= reach
    if f.shape[1] == 3:
        within &= np.abs(step[:, 2]) <= depth
    i, j, step = i[within], j[within], step[within]
    return first, second, i, j, np.sqrt((step**2).sum(axis=1))


def _checked(frames: Frames, f: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
    return _whole(frames[0], f, "localisations"), _whole(frames[1], t, "emitters")


def _whole(frames: ArrayLike, p: NDArray, name: str) -> NDArray[np.int64]:
    """Frames as whole numbers, one a position."""
    given = np.asarray(frames)
    if given.shape != (len(p),):
        raise InputError(
            f"frames of the {name}: shape {given.shape}; expected {len(p)} numbers, one a position."
        )
    if given.size and (given.dtype.kind not in "iuf" or not (np.isfinite(given) & (given % 1 == 0)).all()):
        raise InputError(f"frames of the {name}: expected whole numbers, without gaps in the column.")
    if given.size and np.abs(given.astype(float)).max() >= 2**53:
        raise InputError(f"frames of the {name}: go up to {given.max():.3g}; expected numbers of frames.")
    return given.astype(np.int64)
