"""The catalogue: every dataset and weight file once, with hashes, sources, truth and that truth's faults."""

from __future__ import annotations

import difflib
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from scopecheck.errors import DataError

Kind = Literal["archive", "url", "package", "beside"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1)]


def is_inside(name: str) -> bool:
    """Tell whether a file name is plain and cannot leave its dataset's folder."""
    plain = re.fullmatch(r"[\w.+ -]+(/[\w.+ -]+)*", name)
    return plain is not None and not {".", ".."} & set(name.split("/"))


def _inside(name: str) -> str:
    """Refuse a file name that could leave its dataset's folder."""
    if not is_inside(name):
        raise ValueError(f"file name {name!r} is not a plain relative path")
    return name


RelativeName = Annotated[str, AfterValidator(_inside)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(_Model):
    """One file of the package registry, named by its digest."""

    package: Text
    version: Text
    filename: RelativeName
    sha256: Sha256
    bytes: int = Field(gt=0)


class Source(_Model):
    """Where a file can be had; `{name}` stands for its name, `{stem}` for its name without the ending.

    `beside` is a path relative to the catalogue: the few small files that come with scopecheck itself.
    """

    archive: str | None = None
    url: str | None = None
    package: str | None = None
    member: str | None = None
    beside: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Source:
        if sum(x is not None for x in (self.archive, self.url, self.package, self.beside)) != 1:
            raise ValueError("a source names exactly one of archive, url, package, beside")
        if (self.package is None) != (self.member is None):
            raise ValueError("member belongs to a package source, and every package source needs one")
        if self.beside and not is_inside(self.beside.replace("{name}", "a").replace("{stem}", "a")):
            raise ValueError(f"beside {self.beside!r} is not a plain path relative to the catalogue")
        return self

    @property
    def kind(self) -> Kind:
        """The kind of source."""
        return "package" if self.package else "url" if self.url else "archive" if self.archive else "beside"

    def fill(self, name: str) -> str:
        """Return the address, or the member's path, for one file name."""
        from urllib.parse import quote

        text = self.member or self.url or self.archive or self.beside or ""
        stem = name.rsplit(".", 1)[0]
        if self.kind in ("url", "archive"):
            name, stem = quote(name), quote(stem)
        return text.replace("{name}", name).replace("{stem}", stem)


class File(_Model):
    """One file; `sha256` is absent only where pinned on first use: an archive's, or at a fixed commit."""

    name: RelativeName
    sha256: Sha256 | None = None
    bytes: int | None = Field(default=None, ge=0)
    role: Literal["image", "truth", "weights", "example", "part"] = "part"
    sample: str | None = None
    sources: tuple[Source, ...] = ()


class Uncertainty(_Model):
    """Systematic uncertainty of the truth in one measurement: a fraction, or "unknown"."""

    value: Annotated[float, Field(ge=0)] | Literal["unknown"]
    source: str = ""

    @model_validator(mode="after")
    def _sourced(self) -> Uncertainty:
        if self.value != "unknown" and not self.source:
            raise ValueError("a stated uncertainty needs its source")
        return self


class Truth(_Model):
    """Who made the truth, how, how far it can be trusted and what is known to be wrong with it."""

    made_by: Text
    how: Text
    objects: str = ""
    uncertainty: dict[str, Uncertainty]
    faults: tuple[str, ...]


class SeenBy(_Model):
    """Whether a tool's published weights may have been trained on this dataset."""

    answer: Literal["no", "yes", "unknown"]
    source: Text


class Entry(_Model):
    """One dataset or weight file of the catalogue."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: Text
    kind: Literal["images", "weights", "files"]
    format: Literal["pairs", "red-values", "run-lengths", "coco", "ome-zarr", "files"]
    tier: Literal["embedded", "public", "archive"]
    accession: Text
    licence: Text
    citation: Text
    doi: str | None = None
    modality: Text
    pixel_size_um: tuple[float, ...] | Literal["not known", "not applicable"]
    pixel_size_note: str = ""
    acquisitions: int | None = None
    acquisitions_in_original: int | None = None
    notes: tuple[str, ...] = ()
    truth: Truth | None = None
    seen_by: dict[str, SeenBy] = {}
    sources: tuple[Source, ...] = ()
    files: tuple[File, ...] = Field(min_length=1)
    root: RelativeName | None = None

    @model_validator(mode="after")
    def _complete(self) -> Entry:
        if self.kind == "images" and self.truth is None:
            raise ValueError("truth: a dataset of images says who made its truth")
        names = [f.name for f in self.files]
        if len(set(names)) != len(names):
            raise ValueError(f"files: {next(n for n in names if names.count(n) > 1)} is listed twice")
        for file in self.files:
            kinds = {s.kind for s in self.sources_of(file)}
            if not kinds:
                raise ValueError(f"files: {file.name} has no source")
            if file.sha256 is None and kinds != {"archive"} and not self.may_lack(file):
                raise ValueError(
                    f"files: {file.name} has no sha256; only files of an archive, or at an address with a"
                    " commit in it, may be pinned on first use"
                )
        return self

    def may_lack(self, file: File) -> bool:
        """Tell whether the dataset is of use without the file: listed at a fixed commit, but never seen."""
        commit = r"/[0-9a-f]{40}/"
        return file.sha256 is None and all(re.search(commit, s.url or "") for s in self.sources_of(file))

    def sources_of(self, file: File) -> tuple[Source, ...]:
        """Return the file's own sources, else the dataset's, in order."""
        return file.sources or self.sources

    @property
    def bytes(self) -> int:
        """Total size of the files whose size is known."""
        return sum(f.bytes or 0 for f in self.files)

    @property
    def pixel_size(self) -> tuple[float, ...] | None:
        """Micrometres along the spatial axes in their order, or None."""
        return None if isinstance(self.pixel_size_um, str) else self.pixel_size_um


class Catalogue(_Model):
    """The whole catalogue."""

    schema_version: Literal["1.0"] = Field(alias="schema")
    packages: dict[str, Package]
    datasets: dict[str, Entry]

    @model_validator(mode="after")
    def _packages_named(self) -> Catalogue:
        for name, entry in self.datasets.items():
            for source in (s for f in entry.files for s in entry.sources_of(f)):
                if source.package and source.package not in self.packages:
                    raise ValueError(f"{name}: package {source.package!r} is not listed under packages")
        return self


def catalogue_path() -> Path:
    """Return the catalogue: `SCOPECHECK_CATALOGUE`, the installed package's copy, or the repository's."""
    if given := os.environ.get("SCOPECHECK_CATALOGUE"):
        return Path(given)
    here = Path(__file__).resolve()
    installed = here.parent / "_catalogue" / "catalogue.yaml"
    return installed if installed.is_file() else here.parents[3] / "data" / "catalogue.yaml"


@lru_cache(maxsize=4)
def _read(path: Path, stamp: int) -> Catalogue:
    import yaml

    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(raw, dict) or not isinstance(raw.get("datasets"), dict):
        raise ValueError("expected the fields schema, packages and datasets")
    for name, entry in raw["datasets"].items():
        if not isinstance(entry, dict):
            raise ValueError(f"entry {name!r} is not a set of fields")
        entry["name"] = name
        if listed := entry.pop("files_from", None):  # a long list, beside: {name: [sha256, bytes, its url]}
            rows = json.loads((path.parent / _inside(listed)).read_text(encoding="utf-8"))
            more = [
                {"name": key, "sha256": sha256, "bytes": size, "sources": [{"url": url} for url in urls]}
                for key, (sha256, size, *urls) in rows.items()
            ]
            entry["files"] = [*entry.get("files", []), *more]
    return Catalogue.model_validate(raw)


def catalogue() -> Catalogue:
    """Return the checked catalogue; DataError names the entry and the field that break its schema."""
    import yaml

    path = catalogue_path()
    todo = "Restore the file, install scopecheck again, or name another file in SCOPECHECK_CATALOGUE."
    try:
        return _read(path, path.stat().st_mtime_ns)
    except ValidationError as error:
        first = error.errors()[0]
        at = [str(part) for part in first["loc"]]
        if at[:1] == ["datasets"] and len(at) > 1:
            at = [f"entry {at[1]!r}", f"field {'.'.join(at[2:])!r}" if at[2:] else "as a whole"]
        count = error.error_count()
        raise DataError(
            f"{path}: not a valid catalogue: {', '.join(at) or 'whole file'}: {first['msg']} "
            f"(fault 1 of {count}). {todo}"
        ) from None
    except (yaml.YAMLError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        fault = " ".join(str(error).split())
        raise DataError(f"{path}: the catalogue cannot be read: {fault}. {todo}") from None


def describe(name: str) -> Entry:
    """Return what is known of one dataset: accession, licence, citation, pixel size, truth and its faults.

    Raises DataError if the catalogue has no such name; the message offers the nearest ones.
    """
    known = catalogue().datasets
    if name in known:
        return known[name]
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    raise DataError(f"No dataset is called {name!r}. {hint}")


def truth_uncertainty(name: str, measurement: str) -> float | None:
    """Return the truth's systematic uncertainty in a measurement, a fraction; None where it is unknown."""
    truth = describe(name).truth
    stated = truth.uncertainty.get(measurement) if truth else None
    return None if stated is None or stated.value == "unknown" else float(stated.value)
