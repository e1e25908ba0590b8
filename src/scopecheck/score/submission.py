"""A folder of a tool's label images with a manifest, judged against a dataset of the catalogue."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopecheck.errors import InputError
from scopecheck.record.plan import Word
from scopecheck.record.recipe import first_faults
from scopecheck.score.pair_names import few
from scopecheck.score.rules import fractions

if TYPE_CHECKING:
    from scopecheck.data.sample import Sample
    from scopecheck.record.published import Entry, Results
    from scopecheck.record.result import ArmResult

MANIFEST = "manifest.json"
Text = Annotated[str, Field(min_length=1)]


class Asked(BaseModel):
    """One measurement that the submitter asks to be judged, and the tolerance declared for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tolerance: float | tuple[float, float]
    why: str = Field(min_length=10)
    estimand: Literal["per-acquisition mean", "pooled ratio"] = "per-acquisition mean"
    scale: Literal["relative", "absolute"] = "relative"
    predicted: Word | None = None

    @model_validator(mode="after")
    def _no_per_cent(self) -> Asked:
        if self.scale == "relative":
            fractions({"": self.tolerance}, "its tolerance")
        return self


class Manifest(BaseModel):
    """What lies beside the label images: ``manifest.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal["1.0"]
    tool: Text
    version: Text
    settings: dict[str, str | int | float | bool] = {}
    dataset: Text
    dataset_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    setting: Text = "as published"
    failure_mode: str = ""
    files: str = Field(pattern=r"\{\}")
    measurements: dict[str, Asked] = Field(min_length=1)
    seen_in_training: Literal["no", "yes", "unknown"] = "unknown"
    seconds: float | None = Field(default=None, ge=0)
    memory_gib: float | None = Field(default=None, ge=0)


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of a folder.

    Raises
    ------
    InputError
        If it is missing or does not fit.
    """
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise InputError(
            f"{path}: cannot be read ({err.strerror}); expected a manifest beside the label images. The page"
            ' "Submit a tool" of the book has one to copy'
        ) from err
    except (ValidationError, ValueError) as err:
        raise InputError(f"{path}: does not fit: {first_faults(err)}; see the page Submit a tool") from err


def judge_folder(folder: Path) -> tuple[Results, list[ArmResult], list[str]]:
    """Judge a folder of label images by the rules of ``scopecheck score labels``, in pixels.

    Parameters
    ----------
    folder : Path
        Holds ``manifest.json`` and a label image for each sample of the dataset that it names. Of samples of
        one acquisition the first by name is judged, so that n counts acquisitions.

    Returns
    -------
    (Results, list of ArmResult, list of str)
        Entries for ``results.json``; the verdicts; and notes on how the files were read.

    Raises
    ------
    InputError
        If the manifest does not fit, the dataset's hash is another, a label image is missing or cannot be
        read, or a measurement is not known.
    DataError
        If the dataset is not known or cannot be had.
    """
    from scopecheck import data
    from scopecheck.record.provenance import dataset_sha256
    from scopecheck.record.published import made_now

    manifest = read_manifest(folder)
    told = folder / MANIFEST
    entry = data.describe(manifest.dataset)
    if entry.kind != "images":
        raise InputError(f"{told}: dataset {entry.name} holds {entry.kind}; expected images with a truth")
    if manifest.dataset_sha256 != (sha256 := dataset_sha256(entry.name)):
        raise InputError(
            f"{told}: dataset_sha256 is {manifest.dataset_sha256[:12]}..., and that of {entry.name} is"
            f" {sha256[:12]}...: were the outputs made from other files? Make them from what `scopecheck data"
            f" fetch {entry.name}` gives, and take the hash from `scopecheck data show {entry.name}`"
        )
    notes: list[str] = []
    samples = _independent(data.samples(entry.name), notes)
    predicted = {sample.name: _output(folder, manifest, sample.name) for sample in samples}
    if missing := [path.name for path in predicted.values() if not path.is_file()]:
        raise InputError(
            f"{folder}: lacks {few(missing)}; expected a label image for each of the {len(samples)} samples"
            f" of {entry.name}. Where the tool finds nothing that is a result, too: give zeros"
        )
    rows: list[ArmResult] = []
    with TemporaryDirectory() as scratch:
        for way in dict.fromkeys((one.scale, one.estimand) for one in manifest.measurements.values()):
            asked = {k: one for k, one in manifest.measurements.items() if (one.scale, one.estimand) == way}
            more, said = _judge(folder, predicted, samples, asked, Path(scratch))
            rows += more
            notes += [note for note in said if note not in notes]
    order = list(manifest.measurements)
    rows.sort(key=lambda row: order.index(row.measurement))
    return made_now([_entry(manifest, entry.tier, row) for row in rows]), rows, notes


def _independent(samples: list[Sample], notes: list[str]) -> list[Sample]:
    """The first sample, by name, of each acquisition that has a truth."""
    first: dict[str, Sample] = {}
    for sample in sorted((s for s in samples if s.truth is not None), key=lambda s: s.name):
        first.setdefault(sample.acquisition, sample)
    if len(first) < len(samples):
        notes.append(f"{len(samples)} samples, {len(first)} acquisitions: of each the first by name counts.")
    return list(first.values())


def _output(folder: Path, manifest: Manifest, sample: str) -> Path:
    """Where the label image of a sample has to be: in the folder and nowhere else."""
    from scopecheck.data.catalogue import is_inside

    name = manifest.files.replace("{}", sample)
    path = folder / name
    if not is_inside(name) or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{folder / MANIFEST}: files is {manifest.files!r}, which leaves the folder; expected a name such"
            " as '{}.tif', where {} stands for the sample's name"
        )
    return path


def _judge(
    folder: Path,
    predicted: dict[str, Path],
    samples: list[Sample],
    asked: dict[str, Asked],
    scratch: Path,
) -> tuple[list[ArmResult], list[str]]:
    """Judge measurements of one scale and estimand: the truth is written out, so that files meet files."""
    import tifffile

    from scopecheck import data
    from scopecheck.score.labels import score_labels
    from scopecheck.score.rules import Rules

    truths = scratch / "truth"
    truths.mkdir(exist_ok=True)
    names = {sample.name: f"{re.sub(r'[^A-Za-z0-9.-]', '_', sample.name)}.tif" for sample in samples}
    for sample in samples:
        tifffile.imwrite(truths / names[sample.name], sample.truth)
    unsure = {name: data.truth_uncertainty(samples[0].dataset, name) for name in asked}
    one = next(iter(asked.values()))
    rules = Rules(
        tolerance={name: want.tolerance for name, want in asked.items()},
        truth_uncertainty={name: u for name, u in unsure.items() if u is not None},
        scale=one.scale,
        estimand=one.estimand,
        measures=list(asked),
        unit="px",
        level="field",  # a sample of the data set is an acquisition, whatever a submitter calls its file
    )
    if len(samples) == 1:
        score = score_labels(predicted[samples[0].name], truths / names[samples[0].name], rules)
    else:
        table = scratch / "pairs.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["prediction", "truth"])
            writer.writerows([predicted[s.name].relative_to(folder), names[s.name]] for s in samples)
        score = score_labels(folder, truths, replace(rules, pairing=str(table)))
    return score.rows, score.notes


def _entry(manifest: Manifest, tier: str, row: ArmResult) -> Entry:
    from scopecheck.record.published import Entry, now
    from scopecheck.record.result import strict

    same = "unit label reason scope n estimand scale bias interval tolerance truth_uncertainty"
    told: dict[str, Any] = strict(
        {name: getattr(row, name) for name in f"{same} plausibility chance note".split()}
    )
    stated = manifest.model_dump(
        include={"tool", "version", "settings", "setting", "failure_mode", "seen_in_training", "seconds"}
    )
    told |= stated | {"word": row.verdict}
    return Entry(
        **told,
        source="submission",
        quantity=row.measurement,
        data=[manifest.dataset],
        predicted=manifest.measurements[row.measurement].predicted,
        origin="submitter" if manifest.measurements[row.measurement].predicted else "",
        tier=tier,
        memory_gib=manifest.memory_gib,
        when=now(),
    )
