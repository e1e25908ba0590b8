"""Are the verdicts those of before the recipes were rewritten? Compares words and numbers, arm by arm.

    python benchmarks/same_verdicts.py keep RESULTS    # writes benchmarks/before/<id>.json from verdict.json
    python benchmarks/same_verdicts.py compare VERDICT_JSON ...

What is compared: word, bias, interval, gross error, n, the baseline's word and bias, and the counts of each
check. The exit status is the number of recipes that differ.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

BEFORE = Path(__file__).parent / "before"
EQUAL = 1e-6  # relative: the same sums in single precision and another order


def compact(verdict: dict[str, Any]) -> dict[str, Any]:
    """What is compared of a verdict.json."""
    arms = {}
    for a in verdict["arms"]:
        base = a["baseline"] or {}
        arms[f"{a['arm']}/{a['measurement']}"] = {
            "word": a.get("run_label") or a["label"] or a["status"],
            "n": a["n"],
            "bias": a["bias"],
            "interval": a["interval"],
            "gross error": a["gross_error"],
            "baseline": [base.get("label"), base.get("bias")] if base else None,
        }
    counts = {
        c["check"]: [c[k] for k in ("hits", "misses", "false_alarms", "quiet")] for c in verdict["alarms"]
    }
    return {k: verdict[k] for k in ("recipe", "profile", "tier", "seed")} | {"arms": arms, "alarms": counts}


def equal(a: Any, b: Any) -> bool:
    """Whether two values are the same, numbers up to rounding."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return math.isclose(a, b, rel_tol=EQUAL, abs_tol=EQUAL)
    return bool(a == b)


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One line a difference; arms that this run's tier did not run are left out."""
    lines = []
    for pair in {**before["arms"], **now["arms"]}:
        old, new = before["arms"].get(pair), now["arms"].get(pair)
        if old is None or new is None:
            lines.append(f"{pair}: {'new' if old is None else 'gone'}")
            continue
        if now["tier"] != before["tier"] and "not run" in (old["word"], new["word"]):
            continue
        lines += [
            f"{pair}: {what} {old[what]} -> {new[what]}" for what in old if not equal(old[what], new[what])
        ]
    if now["tier"] == before["tier"]:
        for check in {**before["alarms"], **now["alarms"]}:
            old_counts, new_counts = before["alarms"].get(check), now["alarms"].get(check)
            if old_counts != new_counts:
                lines.append(f"check {check}: {old_counts} -> {new_counts}")
    return lines


def main(words: list[str]) -> int:
    """Keep or compare."""
    if len(words) < 2 or words[0] not in ("keep", "compare"):
        print(__doc__)
        return 2
    if words[0] == "keep":
        BEFORE.mkdir(exist_ok=True)
        for path in sorted(Path(words[1]).glob("*/*/verdict.json")):
            kept = compact(json.loads(path.read_text(encoding="utf-8")))
            if kept["seed"] == 0 and kept["profile"] == "quick":
                target = BEFORE / f"{kept['recipe']}.json"
                target.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
                print(target)
        return 0
    differ = 0
    for name in words[1:]:
        now = compact(json.loads(Path(name).read_text(encoding="utf-8")))
        before = json.loads((BEFORE / f"{now['recipe']}.json").read_text(encoding="utf-8"))
        lines = differences(before, now)
        differ += bool(lines)
        print(f"{now['recipe']} (tier {now['tier']}): {len(now['arms'])} verdicts, {len(lines)} differences")
        print("\n".join(f"  {line}" for line in lines))
    return differ


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
