"""One line of the overview: a data set with its status and numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from hiermeta.figures import caterpillar
from hiermeta.report.cells import Number

FIELDS = (
    "k", "n_clusters", "effect", "q2.5", "q97.5", "predicted_q2.5", "predicted_q97.5", "tau", "rho", "I2",
    "log_bayes_factor", "icc", "icc_q2.5", "icc_q97.5", "R2_marginal", "R2_conditional", "design_effect",
    "max_r_hat", "min_ess_bulk", "divergences", "agreement_sd", "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class DataSet:
    """One line of the overview: what it is, its numbers by name, and what to do next if something is wrong."""

    name: str
    title: str
    status: str
    message: str
    steps: list[str]
    crashed: str
    analysis: str = "meta"
    measure: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    entry: caterpillar.Entry | None = None

    @property
    def report(self) -> str:
        return f"{quote(self.name)}/report.html"

    @property
    def record(self) -> dict[str, Any]:
        """The line as plain values, for TSV and JSON."""
        heading = {"name": self.name, "title": self.title, "status": self.status, "analysis": self.analysis}
        values = {field: self.numbers[field].value if field in self.numbers else None for field in FIELDS}
        ending = {"message": self.message, "report": self.report, "crashed": self.crashed}
        return heading | {"measure": self.measure} | values | ending
