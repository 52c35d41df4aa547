"""What is wrong with a data set, in words a user can act on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hiermeta.data.printable import in_terminal


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
