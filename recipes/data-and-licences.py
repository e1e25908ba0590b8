# ---
# jupyter:
#   jupytext:
#     notebook_metadata_filter: kernelspec,scopecheck
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   scopecheck:
#     schema: "2.0"
#     kind: page
#     id: data-and-licences
#     title: Data and licences
# ---

# %% [markdown]
# # Data and licences
#
# No image and no weight file is part of this book or its package. Each is fetched from where it was published and
# checked against the hash recorded here before anything reads it. Whoever made the data has the credit: cite them.
#
# ```bash
# scopecheck data list
# scopecheck data show bbbc038-field
# scopecheck data fetch bbbc038-field
# ```
#
# An entry of EMPIAR or EMDB that is not below is fetched by its accession. What the archive gave at the first fetch is
# pinned, file by file, in a lock that you keep; later a changed file is refused.
#
# ```bash
# scopecheck data fetch empiar:10017 --limit 3
# scopecheck data fetch emdb:EMD-30342
# ```
#
# *Unknown* and *not known* below are answers. Where nobody has measured how far a truth may be off, a page that uses it
# says *agrees with the annotation*. Where nobody knows whether a tool was trained on an image, it is never called held
# out.

# %% tags=["parameters"]
profile = "quick"
tier = "embedded"
seed = 0

# %% tags=["hide-input"]
from IPython.display import Markdown, display

from scopecheck.data.catalogue import catalogue


def size(entry) -> str:
    known = [f.bytes for f in entry.files if f.bytes]
    return f"{len(entry.files)} file(s), {sum(known) / 1e6:.1f} MB"


def pixel_size(entry) -> str:
    stated = entry.pixel_size_um
    if isinstance(stated, str):
        text = stated
    elif max(stated) < 0.01:  # of the size of atoms
        text = " × ".join(f"{1e4 * v:g}" for v in stated) + " Å"
    else:
        text = " × ".join(f"{v:g}" for v in stated) + " µm"
    return "; ".join(part for part in (text, entry.pixel_size_note) if part)


def images(entry) -> str:
    if entry.acquisitions is None:
        return "–"
    whole = entry.acquisitions_in_original
    return f"{entry.acquisitions} of {whole}" if whole else f"{entry.acquisitions}"


def page(entry) -> str:
    lines = [f"## {entry.title}", "", f"`{entry.name}`, tier {entry.tier}, {size(entry)}", ""]
    facts = {
        "accession": entry.accession,
        "licence": entry.licence,
        "cite": entry.citation + (f" (doi:{entry.doi})" if entry.doi else ""),
        "modality": entry.modality,
        "pixel size": pixel_size(entry),
        "independent acquisitions": images(entry),
    }
    if entry.truth:
        facts["truth made by"] = entry.truth.made_by
        facts["how"] = entry.truth.how
        known = {k: v for k, v in entry.truth.uncertainty.items() if v.value != "unknown"}
        stated = "; ".join(f"{k} ± {100 * v.value:g} % ({v.source})" for k, v in known.items())
        facts["its uncertainty"] = stated or "unknown for every measurement"
    lines += ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in facts.items()), ""]
    faults = [*(entry.truth.faults if entry.truth else ()), *entry.notes]
    if faults:
        lines += ["Known faults and limits:", "", *(f"- {fault}" for fault in faults), ""]
    if entry.seen_by:
        lines += ["Seen in training by:", ""]
        lines += [f"- `{tool}`: {seen.answer} ({seen.source})" for tool, seen in entry.seen_by.items()]
    return "\n".join(lines)


entries = catalogue().datasets.values()
rows = [f"| `{e.name}` | {e.kind} | {e.tier} | {images(e)} | {e.licence} |" for e in entries]
display(
    Markdown("\n".join(["| name | kind | tier | acquisitions | licence |", "|---|---|---|---|---|", *rows]))
)

# %% tags=["hide-input"]
for entry in entries:
    display(Markdown(page(entry)))

# %% [markdown]
# ## What may be done with results
#
# The tools, weights and libraries keep their own licences, listed in `THIRD_PARTY.md`. Weights under a copyleft licence
# are fetched by you and never bundled.
