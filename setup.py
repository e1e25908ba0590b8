"""Copy the data catalogue and the recipes, which live at the repository's root, into the built package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithRecipes(build_py):
    """The usual build, with the catalogue and the recipes inside the package."""

    def run(self) -> None:
        """Build, then copy; an editable install reads the repository's own files instead."""
        super().run()
        if not self.editable_mode:
            package = Path(self.build_lib, "scopecheck")
            others = shutil.ignore_patterns("notebooks", "template*", "__pycache__")
            shutil.copytree("data", package / "data/_catalogue", dirs_exist_ok=True)
            shutil.copytree("recipes", package / "_recipes", ignore=others, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithRecipes})
