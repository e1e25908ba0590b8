"""Arrays in, quantities with units out."""

from scopecheck.measure.objects import Match, drop_border, gross_error, match, pixel_dice, pool
from scopecheck.measure.quantities import Quantity, background_level, quantities, table

__all__ = [
    "Match",
    "Quantity",
    "background_level",
    "drop_border",
    "gross_error",
    "match",
    "pixel_dice",
    "pool",
    "quantities",
    "table",
]
