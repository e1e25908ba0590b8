"""Numbers in, verdict out: does a measurement agree with the truth, within a declared tolerance?

Read in this order: ``verdict`` (the rules and the answer), ``inputs`` (what is accepted), ``estimate`` (bias
and spread on the judging scale), ``intervals``, ``power`` (how many more acquisitions), ``alarms`` (checks
that need no truth) and ``calibration`` (the simulation behind the page "How far can you trust this judge?").
"""

from scopecheck.judge.alarms import Alarms, alarms
from scopecheck.judge.verdict import Verdict, agreement

__all__ = ["Alarms", "Verdict", "agreement", "alarms"]
