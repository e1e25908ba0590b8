"""The compiled pass over two label images; imported where numba is installed and the images are large."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def _mark(x, x_before, y, y_before, change):  # pragma: no cover - compiled
    for j in range(x.size):
        change[j] = (x[j] != x_before[j]) | (y[j] != y_before[j])


@numba.njit(nogil=True, cache=True, inline="always")
def _add(table, a, b, count):  # pragma: no cover - compiled
    """Add to the entry (a, b) of a hash table with open addressing; 1 if the entry is new, else 0."""
    mask = np.uint64(table.shape[0] - 1)
    mixed = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    slot = (mixed >> np.uint64(32)) & mask
    while table[slot, 2] != 0 and (table[slot, 0] != a or table[slot, 1] != b):
        slot = (slot + np.uint64(1)) & mask
    new = np.int64(table[slot, 2] == 0)
    table[slot, 0] = a
    table[slot, 1] = b
    table[slot, 2] += count
    return new


@numba.njit(nogil=True, cache=True)
def _walk(x, y, start, table, used, change, words, where):  # pragma: no cover - compiled
    """Add runs of equal pairs to the table until the end or until it is a third full."""
    size, run, i = x.size, start, start + 1
    limit = table.shape[0] // 3
    while i < size:
        m = min(change.size, size - i)
        _mark(x[i : i + m], x[i - 1 : i - 1 + m], y[i : i + m], y[i - 1 : i - 1 + m], change)
        filled = (m + 7) // 8
        for j in range(m, 8 * filled):
            change[j] = 0
        found = 0
        for w in range(filled):
            if words[w] != 0:
                for k in range(8 * w, 8 * w + 8):  # without a branch, which would be guessed wrong too often
                    where[found] = k
                    found += change[k]
        for j in range(found):
            at = i + where[j]
            used += _add(table, np.int64(x[run]), np.int64(y[run]), at - run)
            run = at
            if used > limit:
                return run, used
        i += m
    used += _add(table, np.int64(x[run]), np.int64(y[run]), size - run)
    return size, used


@numba.njit(nogil=True, cache=True)
def count_pairs(x, y):  # pragma: no cover - compiled
    """Every pair (x[i], y[i]) that occurs, and how often.

    Finds where the pair changes, eight pixels at a time, and adds each run's length to a hash table, so that
    memory grows with the number of overlapping pairs and never with the product of the numbers of objects.

    Parameters
    ----------
    x, y : 1D contiguous arrays of int, of equal length, not empty

    Returns
    -------
    (k, 3) int64
        Columns x, y and the number of times they meet, in no particular order.
    """
    change = np.zeros(4096, np.uint8)
    words = change.view(np.uint64)
    where = np.zeros(change.size + 8, np.int64)
    table = np.zeros((1 << 12, 3), np.int64)
    at, used = 0, 0
    while at < x.size:
        if 3 * used > table.shape[0]:
            old = table
            table = np.zeros((4 * old.shape[0], 3), np.int64)
            for k in range(old.shape[0]):
                if old[k, 2]:
                    _add(table, old[k, 0], old[k, 1], old[k, 2])
        at, used = _walk(x, y, at, table, used, change, words, where)
    return table[table[:, 2] > 0]
