"""``best_policy/`` of a run: the policy that had the best evaluation so far."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import torch

from marl.core.environment import State
from marl.core.errors import FileError
from marl.core.files import digest
from marl.core.serialisation import state_file
from marl.policies.saved import write_policy

__all__ = ["BEST_POLICY", "BestPolicy"]

BEST_POLICY = "best_policy"


class BestPolicy:
    """Policy with the best evaluation so far; of equals the later one.

    Checkpoints hold its file, so that a run that goes on from one has the same best policy again.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / BEST_POLICY
        self.score = -math.inf
        self._content = b""

    def see(self, score: float | None, content: Callable[[], bytes]) -> bool:
        """Write a policy if none was better.

        Args:
            score: of its evaluation; None where no number says which policy is better.
            content: gives the policy's file.

        Returns:
            True if it is the best now.

        Raises:
            OSError: if it cannot be written.
        """
        if score is None or not score >= self.score:
            return False
        self.score, self._content = score, content()
        write_policy(self.folder, self._content)
        return True

    def state(self) -> State:
        """Score and file, for `load`; empty before the first evaluation."""
        if not self._content:
            return {}
        return {"score": self.score, "content": torch.frombuffer(bytearray(self._content), dtype=torch.uint8)}

    def load(self, state: State) -> None:
        """Go on from a state that `state` returned."""
        if state:
            self.score, self._content = float(state["score"]), state["content"].numpy().tobytes()

    def restore(self) -> None:
        """Bring the file back to what was loaded; a later best policy is forgotten, as training comes to it again.

        Raises:
            OSError: if it cannot be written.
        """
        file = state_file(self.folder, "policy")
        if not self._content:
            file.unlink(missing_ok=True)
        elif not file.exists() or _differs(file, self._content):
            write_policy(self.folder, self._content)


def _differs(file: Path, content: bytes) -> bool:
    try:
        return digest(file) != hashlib.sha256(content).hexdigest()
    except FileError:
        return True
