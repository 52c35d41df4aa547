"""How a data set gives its estimates: with their precision, or as raw columns to compute them from."""

from __future__ import annotations

from typing import Any

from hiermeta.data.given import PRECISIONS, Given
from hiermeta.data.problems import Problem, Refused
from hiermeta.data.raw import RECIPES, Raw


def way_of(settings: dict[str, Any]) -> Given | Raw:
    """The way that the settings of a data set choose.

    Parameters
    ----------
    settings : dict
        One data set of the config.

    Raises
    ------
    Refused
        When the settings give no way, or both, or keys of the one that is not taken.
    """
    keys = [*PRECISIONS, "ci_level"]
    if "columns" in settings:
        others = [f"`{key}:`" for key in ("effect", *keys) if key in settings]
        if others:
            message = f"columns: given together with {', '.join(others)}"
            remedy = "Give either raw `columns:` or `effect:` with its precision, not both"
            raise Refused([Problem(message, remedy)])
        return Raw.of(settings)
    if "effect" in settings:
        others = [f"`{key}:`" for key in ("zero_cells", "correct_bias") if settings.get(key, False) is not False]
        if others:
            message = f"{', '.join(others)} is only for estimates computed from raw `columns:`"
            raise Refused([Problem(message, "Remove it: effects that are given are taken as they are")])
        return Given.of(settings)
    measure = settings["measure"]
    raw = f", or `columns:` with {RECIPES[measure].accepts}" if measure in RECIPES else ""
    remedy = f"Give `effect:` and its precision{raw}"
    raise Refused([Problem(f"no columns named that hold {measure} estimates", remedy)])
