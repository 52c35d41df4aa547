"""What is wrong with a data set, in words a user can act on; an unexpected error fails one data set, not the run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from hiermeta.text.characters import in_terminal


@dataclass(frozen=True)
class Problem:
    """One reason why a data set or its settings can't be used.

    Parameters
    ----------
    message : str
        What is wrong, naming the file or key.
    remedy : str
        What is allowed and what to do next.
    row : int, optional
        Data line in the user's file, from 1.
    column : str, optional
        Column of the user's file.
    """

    message: str
    remedy: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        """One line for terminals and logs, whatever the user's text holds."""
        return in_terminal(f"{self.message}. {self.remedy}.")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Refused(Exception):
    """A data set is unusable; ``problems`` says why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems


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
