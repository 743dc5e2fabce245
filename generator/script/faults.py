"""Several faults of one script as one error."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ScriptError

MAX_FAULTS = 100  # nobody reads more


class ScriptFaultsError(ScriptError):
    """Every fault of a script, in the order of its lines. `what`, `where` and `hint` are those of the first."""

    def __init__(self, faults: Sequence[ScriptError]) -> None:
        first, *_ = faults
        super().__init__(first.what, where=first.where, hint=first.hint)
        self.faults = tuple(faults[:MAX_FAULTS])
        self.unnamed = len(faults) - len(self.faults)

    def __str__(self) -> str:
        more = [f"… and {self.unnamed} faults more: mend these first"] if self.unnamed else []
        return "\n".join([*map(str, self.faults), *more])


def combined(faults: Sequence[ScriptError]) -> ScriptError:
    """A single fault as it is; several as one ScriptFaultsError."""
    return faults[0] if len(faults) == 1 else ScriptFaultsError(faults)
