"""What to do with failures, with what is stored already, and with what takes too long."""

from __future__ import annotations

from expcache._launch import Launch
from expcache._perform import policy_of
from expcache._query import ERRORS, FAILED, Errors, Failed, Stale, check_word
from expcache._retries import Retries, retries_from

__all__ = ["Policy"]


class Policy:
    """What the caller wants; checked, so that a misspelt word is no silent default."""

    __slots__ = (
        "detach",
        "errors",
        "failed",
        "launch",
        "refresh",
        "relay",
        "retries",
        "stale",
        "timeout",
    )

    def __init__(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        *,
        failed: Failed = "retry",
        refresh: bool = False,
        errors: Errors = "keep",
        timeout: float | None = None,
        relay: bool = True,
        stale: Stale | None = None,
        retries: int | Retries | None = None,
        launch: Launch | None = None,
        detach: bool = False,
    ) -> None:
        """Hold the wishes.

        Raises:
            ValueError: a word is unknown, the time limit is no positive number of seconds, or the
                retries are no number of attempts.
        """
        check_word("failed", failed, FAILED)
        check_word("errors", errors, ERRORS)
        numeric = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
        if timeout is not None and not (numeric and timeout > 0):
            message = f"cannot run with timeout={timeout!r}: it is no positive number of seconds."
            raise ValueError(f"{message} Leave it out for no limit.")
        self.failed = failed
        self.refresh = refresh
        self.errors = errors
        self.timeout = timeout
        self.relay = relay
        self.stale = policy_of(stale)
        self.retries = retries_from(retries)
        self.launch = launch
        self.detach = detach
