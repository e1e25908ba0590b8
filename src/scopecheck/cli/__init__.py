"""The command `scopecheck`, one file a group: list, show, run and report recipes; score; fetch data."""

from scopecheck.cli.command import app, main

__all__ = ["app", "main"]
