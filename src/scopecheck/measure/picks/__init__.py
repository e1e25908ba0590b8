"""How many particles a picker delivered, how many of its picks are none, and what chance would have scored.

Picks and true particles are points (x, y), or in a tomogram (x, y, z): x is the column, y the row, z the
plane, in one unit for everything (pixels of the micrograph or tomogram, or Angstrom). Definitions:

* A pick and a particle may be paired when their distance is at most the radius. By custom here the radius is
  a quarter of the particle's diameter (`RADIUS`). Pairs are one to one: as many as possible, and among such
  matchings the one with the least total distance.
* precision = pairs / picks, recall = pairs / particles, F1 = 2 pairs / (picks + particles). What is called
  yield, or true particles delivered, is the number of pairs; the junk fraction is 1 - precision.
* *One-to-one chance* is what as many random points score by the same matching. *Any-hit chance* is the
  fraction of random points with a particle within the radius, where one particle may serve many points; it
  is the larger of the two, and the one that "precision" means in code that does not match one to one.
* average precision = sum over hits of the precision at that pick, over the number of particles; so particles
  that no threshold finds count against it. (scikit-learn's, which is given hits alone, divides by the number
  of hits.)

A ratio whose denominator is 0 is NaN.
"""

from scopecheck.measure.picks.matching import RADIUS, PickMatch, junk, match
from scopecheck.measure.picks.mistakes import frame_hint, size_hint
from scopecheck.measure.picks.ranking import average_precision, calibration, curve, hits
from scopecheck.measure.picks.scatter import Chance, chance, chance_hits, layout, random_points, spacing

__all__ = [
    "RADIUS",
    "Chance",
    "PickMatch",
    "average_precision",
    "calibration",
    "chance",
    "chance_hits",
    "curve",
    "frame_hint",
    "hits",
    "junk",
    "layout",
    "match",
    "random_points",
    "size_hint",
    "spacing",
]
