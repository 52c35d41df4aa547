"""The posterior file: NetCDF groups that ArviZ reads, without clocks, so that equal fits give equal bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import xarray

from hiermeta.io.files import replacing

Array = npt.NDArray[Any]
PRIOR_DRAWS = 4000
"""Draws in the group ``prior``."""
_SAMPLED = ("posterior", "sample_stats", "log_likelihood", "prior", "null_posterior")
_TWO_DIMENSIONS = ("chain", "draw")
_COMPRESSED = {"zlib": True, "complevel": 1, "shuffle": True}


@dataclass(frozen=True)
class Groups:
    """What a posterior file holds.

    Parameters
    ----------
    variables : dict of str to dict
        By group: ``posterior``, ``sample_stats``, ``log_likelihood``, ``prior`` and ``null_posterior`` with arrays of
        shape (chains, draws, ...); ``observed_data`` and ``constant_data`` with arrays of any shape.
    dims : dict of str to tuple of str
        Names of the dimensions beyond chain and draw, by variable; numbered ones by default.
    labels : dict of str to sequence
        Coordinates by dimension, such as the names of clusters.
    draw : dict of str to numpy.ndarray
        Numbers of the draws that a group holds, where it holds not all of them.
    """

    variables: dict[str, dict[str, Array]] = field(default_factory=lambda: {"posterior": {}})
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    labels: dict[str, Sequence[Any]] = field(default_factory=dict)
    draw: dict[str, Array] = field(default_factory=dict)


def write_posterior(path: str | Path, groups: Groups, attributes: dict[str, Any]) -> None:
    """Write a posterior file in ArviZ's layout, under a temporary name first.

    HDF5 names can't hold a slash: such a variable is stored with ``÷`` in its place, its own name as ``long_name``.

    Parameters
    ----------
    path : str or pathlib.Path
    groups : Groups
    attributes : dict
        Text and numbers kept with every group.
    """
    mode: Literal["w", "a"] = "w"
    buffer = io.BytesIO()  # a file on a full disk would be opened anew when its handle is collected
    for group, variables in groups.variables.items():
        sampled = group in _SAMPLED
        leading = _TWO_DIMENSIONS if sampled else ()
        own = {name: groups.dims.get(name, _numbered(name, v.ndim - len(leading))) for name, v in variables.items()}
        data = xarray.Dataset(
            {
                _stored(name): (
                    (*leading, *map(_stored, own[name])),
                    values,
                    {"long_name": name} if "/" in name else {},
                )
                for name, values in variables.items()
            },
            attrs=attributes,
        )
        if sampled:
            data = data.assign_coords({dim: np.arange(data.sizes.get(dim, 0)) for dim in leading})
            data = data.assign_coords(draw=groups.draw[group]) if group in groups.draw else data
        data = data.assign_coords(
            {_stored(dim): list(v) for dim, v in groups.labels.items() if _stored(dim) in data.dims}
        )
        encoding = {_stored(name): _COMPRESSED for name, values in variables.items() if values.size}
        data.to_netcdf(buffer, mode=mode, group=group, engine="h5netcdf", encoding=encoding)
        mode = "a"
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _stored(name: str) -> str:
    return name.replace("/", "÷")


def _numbered(name: str, count: int) -> tuple[str, ...]:
    """Names of a variable's own dimensions, as ArviZ gives them."""
    return tuple(f"{name}_dim_{i}" for i in range(count))


def read_group(path: str | Path, group: str) -> dict[str, Array]:
    """Variables of one group of a posterior file, by name; an empty dict where the fit left no draws."""
    with xarray.open_dataset(path, group=group, engine="h5netcdf") as data:
        return {str(v.attrs.get("long_name", name)): v.to_numpy() for name, v in data.data_vars.items()}


def read_draws(path: str | Path) -> dict[str, npt.NDArray[np.float64]]:
    """Posterior draws of a posterior file.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (chains, draws) per parameter; empty where the fit left no draws.
    """
    return read_group(path, "posterior")


def read_attributes(path: str | Path) -> dict[str, Any]:
    """Attributes of a posterior file: versions, seed, hashes."""
    with xarray.open_dataset(path, group="posterior", engine="h5netcdf") as data:
        return dict(data.attrs)
