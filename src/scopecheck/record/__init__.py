"""The record of a run: the page a recipe writes, ``verdict.json``, provenance, and the style of figures."""

from .figures import draw_outlines, mark, scale_bar, use_style
from .page import Page, start
from .recipe import Recipe, read_recipe
from .result import (
    SCHEMA_VERSION,
    SHAPES,
    UNSTABLE,
    ArmResult,
    Result,
    caption,
    read_verdict,
    wrong_holds,
)

__all__ = [
    "SCHEMA_VERSION",
    "SHAPES",
    "UNSTABLE",
    "ArmResult",
    "Page",
    "Recipe",
    "Result",
    "caption",
    "draw_outlines",
    "mark",
    "read_recipe",
    "read_verdict",
    "scale_bar",
    "start",
    "use_style",
    "wrong_holds",
]
