"""Keep the networks that a recipe trained: ``python -m scopecheck.runner.weights ENTRY RESULT``.

ENTRY is the catalogue's name for them, RESULT the folder of a run that trained them anew::

    scopecheck run segmentation-unet-dice-trap -p train_anew=true
    python -m scopecheck.runner.weights unet-nuclei-trainings results/segmentation-unet-dice-trap/KEY

The files that ``data/weights/ENTRY.json`` lists are taken from ``RESULT/weights`` into
``data/weights/ENTRY``, and their hashes are written into that list. So a kept network is one that the
recipe's own call trained.
"""

import json
import shutil
import sys
from pathlib import Path

from scopecheck.data.catalogue import catalogue_path
from scopecheck.errors import InputError
from scopecheck.record.result import write_json


def keep(entry: str, result: Path) -> Path:
    """Take the listed networks from a result folder.

    Parameters
    ----------
    entry : str
        Name of a catalogue entry with ``files_from: weights/ENTRY.json``.
    result : Path
        Folder of a run, with ``weights/*.npz`` in it.

    Returns
    -------
    Path
        The list, with the new hashes.

    Raises
    ------
    InputError
        If there is no such list, or the result lacks one of its files.
    """
    from scopecheck.data.download import sha256_file

    folder = catalogue_path().parent / "weights"
    listed = folder / f"{entry}.json"
    if not listed.is_file():
        raise InputError(f"{listed}: no such list; expected {{file name: [sha256, bytes]}}")
    names = json.loads(listed.read_text(encoding="utf-8"))
    missing = [name for name in names if not (result / "weights" / name).is_file()]
    if missing:
        raise InputError(
            f"{result}: holds no weights/{missing[0]} ({len(missing)} of {len(names)} are missing);"
            " expected a run with -p train_anew=true, in the tier that trains them all"
        )
    (folder / entry).mkdir(parents=True, exist_ok=True)
    for name in names:
        kept = folder / entry / name
        shutil.copyfile(result / "weights" / name, kept)
        names[name] = [sha256_file(kept), kept.stat().st_size]
    write_json(listed, names)
    return listed


if __name__ == "__main__":
    try:
        print(keep(sys.argv[1], Path(sys.argv[2])))
    except IndexError:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    except InputError as err:
        print(err, file=sys.stderr)
        sys.exit(2)
