"""The RO-Crate: read back with the library, it links inputs, outputs, tool, parameters and machine."""

import hashlib

from rocrate.rocrate import ROCrate

from scopecheck import data
from scopecheck.record import read_recipe
from scopecheck.record.provenance import dataset_sha256, write_crate

RUN = {
    "parameters": {"profile": "quick", "seed": 3},
    "versions": {"numpy": "1.26.4", "cellpose": "3.1.1.3"},
    "datasets": ["bbbc038-field", "cellpose-cyto-2020", "usiigaci-phase"],
    "datasets_missing": ["usiigaci-phase"],
    "started": "2026-11-20T07:00:00+00:00",
    "ended": "2026-11-20T07:03:00+00:00",
    "machine": {"cpu": "a processor", "cores": 2},
    "flags": {"PYTHONHASHSEED": "0"},
}


def test_crate_links_raw_data_outputs_tool_and_settings(recipe, tmp_path):
    out = tmp_path / "result"
    (out / "figures").mkdir(parents=True)
    (out / "verdict.json").write_text("{}")
    (out / "figures" / "one.png").write_bytes(b"png")
    write_crate(out, read_recipe(recipe), RUN)
    crate = ROCrate(str(out))
    action = crate.get_by_type("CreateAction")[0]
    assert {e.id for e in action["result"]} == {"verdict.json", "figures/one.png"}
    assert action["startTime"] == RUN["started"]
    names = {e["name"]: e for e in action["object"]}
    assert "usiigaci-phase" not in names  # it could not be had: it is no input of this run
    assert names["seed"]["value"] == "3"
    assert names["cpu"]["value"] == "a processor"
    assert names["PYTHONHASHSEED"]["value"] == "0"
    field, weights = names["bbbc038-field"], names["cellpose-cyto-2020"]
    for entry, name in ((field, "bbbc038-field"), (weights, "cellpose-cyto-2020")):
        described = data.describe(name)
        assert entry["identifier"] == described.accession
        assert entry["license"] == described.licence
        parts = entry["hasPart"] if isinstance(entry["hasPart"], list) else [entry["hasPart"]]
        assert {p["sha256"] for p in parts} == {f.sha256 for f in described.files}
    assert {t["softwareVersion"] for t in action["softwareRequirements"]} == {"1.26.4", "3.1.1.3"}
    source = action["instrument"]
    assert source["sha256"] == hashlib.sha256(recipe.read_bytes()).hexdigest()
    plan = recipe.with_suffix(".csv")
    assert names[plan.name]["sha256"] == hashlib.sha256(plan.read_bytes()).hexdigest()


def test_one_hash_stands_for_all_files_of_a_dataset():
    described = data.describe("idr0062-6001240")
    lines = "".join(f"{sha}  {name}\n" for name, sha in sorted((f.name, f.sha256) for f in described.files))
    assert dataset_sha256("idr0062-6001240") == hashlib.sha256(lines.encode()).hexdigest()
    single = next(n for n in ("cellpose-cyto-2020",) if len(data.describe(n).files) == 1)
    assert dataset_sha256(single) == data.describe(single).files[0].sha256
