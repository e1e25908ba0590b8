"""The record of a run: the page a recipe writes, ``verdict.json``, provenance, and the style of figures."""

from . import plots
from .checks import Checks
from .figures import draw_outlines, draw_points, mark, scale_bar, use_style
from .page import Page, start
from .plots import show
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
from .scores import Scores, mask_scores, scores
from .text import arms, markdown, matrix
from .trial import Case, Row, Trial

__all__ = [
    "SCHEMA_VERSION",
    "SHAPES",
    "UNSTABLE",
    "ArmResult",
    "Case",
    "Checks",
    "Page",
    "Recipe",
    "Result",
    "Row",
    "Scores",
    "Trial",
    "arms",
    "caption",
    "draw_outlines",
    "draw_points",
    "mark",
    "markdown",
    "mask_scores",
    "matrix",
    "plots",
    "read_recipe",
    "read_verdict",
    "scale_bar",
    "scores",
    "show",
    "start",
    "use_style",
    "wrong_holds",
]
