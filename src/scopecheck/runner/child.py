"""Executes one recipe with papermill in a process of its own; speaks JSON lines on its standard output."""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def die_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it dies; elsewhere do nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def say(**message: Any) -> None:
    """One JSON line to the runner."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def kernel() -> None:
    """Become the notebook's kernel, tied to its parent's life."""
    die_with_parent()
    sys.argv.remove("kernel")
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()


def execute(spec: dict[str, Any]) -> None:
    """Run the recipe named by ``spec``: recipe, work and out folder, parameters that differ."""
    import nbformat
    import papermill
    import psutil
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    from scopecheck.runner.find import read_notebook

    class Telling(NBClientEngine):
        """Papermill's own engine, telling each cell."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
            begin, total = nb_man.cell_start, len(nb_man.nb.cells)

            def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
                say(cell=(cell_index or 0) + 1, of=total)
                begin(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            if os.name == "posix":  # many jobs starting on one node may take each other's ports
                kwargs["config"] = Config({"KernelManager": {"transport": "ipc"}})
            return super().execute_managed_notebook(nb_man, kernel_name, **kwargs)

    papermill_engines.register("telling", Telling)
    work, out, recipe = Path(spec["work"]), Path(spec["out"]), Path(spec["recipe"])
    specs = work / "jupyter" / "kernels" / "python3"
    specs.mkdir(parents=True)
    argv = [sys.executable, "-m", "scopecheck.runner.child", "kernel", "-f", "{connection_file}"]
    text = json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"})
    (specs / "kernel.json").write_text(text, encoding="utf-8")
    source = work / "source.ipynb"
    nbformat.write(read_notebook(recipe), source)
    try:
        papermill.execute_notebook(
            str(source),
            str(out / f"{recipe.stem}.ipynb"),
            spec["parameters"],
            engine_name="telling",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=600,  # seconds: packages on a busy file server take long to import
            cwd=str(out),
        )
    except PapermillExecutionError as err:
        lines = [line for line in f"{err.ename}: {err.evalue}".splitlines() if line.strip()]
        # ename: evalue of a plain exception; of a long one the last line says most
        say(
            failed=lines[0] if len(lines) == 1 else f"{err.ename}: {lines[-1].strip()}",
            cell=err.cell_index + 1,
        )
        sys.exit(1)
    used = (
        psutil.Process().cpu_times()
    )  # and of children that ended, the kernel with all it started among them
    say(
        done=round(
            sum(getattr(used, k, 0.0) for k in ("user", "system", "children_user", "children_system")), 1
        )
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["kernel"]:
        kernel()
    else:
        parent = int(sys.argv[1])
        die_with_parent()
        if os.getppid() == parent:
            execute(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
