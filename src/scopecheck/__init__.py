"""Measure whether a number taken from an AI-processed image still holds."""

__version__ = "0.1.0"
