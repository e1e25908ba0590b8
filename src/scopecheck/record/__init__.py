"""The record of a run: the page a recipe writes, ``verdict.json``, provenance, and the style of figures."""

from scopecheck.record import plots
from scopecheck.record.checks import Checks
from scopecheck.record.figures import draw_outlines, draw_points, mark, scale_bar, use_style
from scopecheck.record.page import Page, start
from scopecheck.record.plots import show
from scopecheck.record.recipe import Recipe, read_recipe
from scopecheck.record.result import (
    SCHEMA_VERSION,
    SHAPES,
    UNSTABLE,
    ArmResult,
    Result,
    caption,
    read_verdict,
    wrong_holds,
)
from scopecheck.record.scores import Scores, mask_scores, scores
from scopecheck.record.text import arms, markdown, matrix
from scopecheck.record.trial import Case, Row, Trial

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
