"""Arrays in, quantities with units out."""

from scopecheck.measure.floor import Chance, by_file, chance, pool_chance
from scopecheck.measure.matched import Match, gross_error, pool
from scopecheck.measure.objects import drop_border, match, pixel_dice
from scopecheck.measure.perobject import background_level
from scopecheck.measure.quantities import Quantity, quantities
from scopecheck.measure.table import table

__all__ = [
    "Chance",
    "Match",
    "Quantity",
    "background_level",
    "by_file",
    "chance",
    "drop_border",
    "gross_error",
    "match",
    "pixel_dice",
    "pool",
    "pool_chance",
    "quantities",
    "table",
]
