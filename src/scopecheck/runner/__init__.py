"""Finds recipes, runs them with papermill, caches, resumes and reports."""
