"""The shipped Stan programs with the C++ functions that they call."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiermeta.sampling.programs import compiled
from hiermeta.sampling.toolchain import cmdstan_home, describe

if TYPE_CHECKING:
    from cmdstanpy import CmdStanModel

_HEADERS = {
    "meta.stan": "three_level.hpp",
    "hierarchical_gaussian.stan": "clustered_normal.hpp",
    "hierarchical_latent.stan": "latent_rows.hpp",
}


def family_program(stan_file: Path) -> CmdStanModel:
    """A model family's program, compiled or from the cache.

    Parameters
    ----------
    stan_file : pathlib.Path
        Its functions are in the folder ``functions`` beside it.
    """
    functions = stan_file.parent / "functions"
    header = _HEADERS.get(stan_file.name)
    return compiled(
        stan_file,
        include_paths=[functions],
        stanc_options={"allow-undefined": True} if header else None,
        user_header=functions / header if header else None,
    )


def program_record(stan_file: Path) -> dict[str, Any]:
    """Which program draws are made with, after compiling it where the cache has none: name, SHA-256, CmdStan."""
    executable = Path(str(family_program(stan_file).exe_file))
    return {
        "program": stan_file.name,
        "program_sha256": hashlib.sha256(executable.read_bytes()).hexdigest(),
        "cmdstan": describe(cmdstan_home()),
    }
