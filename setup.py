"""Copy the data catalogue, which lives at the repository's root, into the built package."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithCatalogue(build_py):
    """The usual build, with the catalogue inside the package."""

    def run(self) -> None:
        """Build, then copy; an editable install reads the repository's own catalogue instead."""
        super().run()
        if not self.editable_mode:
            shutil.copytree("data", Path(self.build_lib, "scopecheck/data/_catalogue"), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithCatalogue})
