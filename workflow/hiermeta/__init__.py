"""Bayesian multilevel analyses of tables, from validation to the report.

`meta_analysis` and `regression` analyse a table, `read_results` reads what the workflow left of one; all three give an
`Analysis`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hiermeta.api import Analysis, FailedAnalysis, Figure, meta_analysis, read_results, regression
    from hiermeta.data.problems import Refused

__all__ = ["Analysis", "FailedAnalysis", "Figure", "Refused", "meta_analysis", "read_results", "regression"]


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first asked for: the workflow's jobs need none of them."""
    if name not in __all__:
        raise AttributeError(f"module 'hiermeta' has no attribute {name!r}")
    from hiermeta import api

    return getattr(api, name)
