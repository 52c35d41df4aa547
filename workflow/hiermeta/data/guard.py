"""An unexpected error fails one data set, not the run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def guarded(work: Callable[[], Result], failed: Callable[[str], Result]) -> Result:
    """Do a stage's work for one data set; on an unexpected error do what stands for its failure.

    Parameters
    ----------
    work : callable
        What the stage does.
    failed : callable
        From the error in words to what is kept in the place of the results.

    Raises
    ------
    OSError, MemoryError
        The machine's trouble, not the data set's: the job ends, and the next run tries again.
    """
    try:
        return work()
    except (OSError, MemoryError):
        raise
    except Exception as error:
        traceback.print_exc()
        return failed(f"unexpected error: {error!r}")
