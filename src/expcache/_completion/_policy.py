"""What to do with failures, with what is stored already, and with what takes too long."""

from __future__ import annotations

from expcache._perform import policy_of
from expcache._query import Errors, Failed, Stale

__all__ = ["Policy"]


class Policy:
    """What the caller wants; checked, so that a misspelt word is no silent default."""

    __slots__ = ("errors", "failed", "refresh", "relay", "stale", "timeout")

    def __init__(  # noqa: PLR0913 - each is an option of its own, by keyword
        self,
        *,
        failed: Failed = "retry",
        refresh: bool = False,
        errors: Errors = "keep",
        timeout: float | None = None,
        relay: bool = True,
        stale: Stale | None = None,
    ) -> None:
        """Hold the wishes.

        Raises:
            ValueError: a word is unknown, or the time limit is no positive number of seconds.
        """
        for option, word, known in (
            ("failed", failed, ("retry", "keep")),
            ("errors", errors, ("keep", "raise")),
        ):
            if word not in known:
                choices = " or ".join(repr(one) for one in known)
                message = f"cannot run with {option}={word!r}: no such policy. Use {choices}."
                raise ValueError(message)
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
