"""Every error and warning that expcache raises.

    ExpcacheError
    ├── ClaimError(RuntimeError)          .id            somebody computes the run now
    ├── CodeError(ValueError)             .function      no source, or no fingerprint
    ├── CommandError(RuntimeError)        .status .signal .command   a program failed
    ├── CrashError(RuntimeError)          .exitcode      a run ended its process
    ├── ExecutorError(RuntimeError)                      runs cannot be computed there
    ├── ExportError(ValueError)           .path          a form that cannot hold the runs
    ├── IdentityError(TypeError)          .path .kind    a value has no canonical form
    ├── NameClashError(ValueError)        .name .files   two functions share one name
    ├── NoRunError(LookupError)                          no run goes on around the caller
    ├── ParameterError(TypeError)         .experiment .names
    ├── QueryError(ValueError)            .name .known   an unknown parameter or lookup
    ├── RenderError(ValueError)                          what cannot be rendered or collected
    ├── ResultError(TypeError)            .kind          a result that cannot be kept
    ├── RunFailedError(RuntimeError)      .id .traceback a failed run has no result
    ├── SpaceError(ValueError)                           a space that cannot be built
    ├── RecordError(ValueError)           .reason        bytes that are no sound record
    │   └── RecordFormatError             .found .supported
    ├── SpecificationError(ValueError)    .path .key .line
    ├── StaleError(LookupError)           .id .call .reason .explanation
    ├── StoreError(OSError)               .path          a directory that cannot serve
    │   └── StoreFormatError              .found .supported
    ├── TimeLimitError(TimeoutError)      .seconds       a run took longer than it may
    ├── TrustError(PermissionError)       .id .codec     would have to unpickle
    ├── UncommittedError(RuntimeError)    .changed       code is not as in git's last commit
    └── UnknownIdError(LookupError)       .id            nothing is stored under it
        └── AmbiguousIdError              .candidates    the prefix fits several

    ExpcacheWarning(UserWarning)
    ├── RecordWarning                                    a record was damaged or not kept
    └── StoreWarning                                     a store is risky where it lies

Each message reads *cannot <do> <thing>: <reason>. <remedy>.* The attributes carry the same
facts for programs, and every error survives pickling.
"""

from __future__ import annotations

from expcache._error import ExpcacheError

__all__ = ["AmbiguousIdError", "ClaimError", "CodeError", "CommandError", "CrashError"]
__all__ += ["ExecutorError", "ExpcacheError", "ExpcacheWarning", "ExportError", "IdentityError"]
__all__ += ["NameClashError", "NoRunError", "ParameterError", "QueryError", "RecordError"]
__all__ += ["RecordFormatError", "RecordWarning", "RenderError", "ResultError"]
__all__ += ["RunFailedError", "SpaceError", "SpecificationError", "StaleError", "StoreError"]
__all__ += ["StoreFormatError", "StoreWarning", "TimeLimitError", "TrustError"]
__all__ += ["UncommittedError", "UnknownIdError"]


class ClaimError(ExpcacheError, RuntimeError):
    """A run that somebody computes now, and that cannot be removed meanwhile."""

    id: str


class CodeError(ExpcacheError, ValueError):
    """A function whose code cannot be fingerprinted."""

    function: str


class IdentityError(ExpcacheError, TypeError):
    """A value that has no canonical form, with the path to it."""

    path: str
    kind: str


class CommandError(ExpcacheError, RuntimeError):
    """A program that could not be started, or ended with another `status` than it should."""

    status: int | None
    signal: str | None
    command: str


class CrashError(ExpcacheError, RuntimeError):
    """A run that ended its process by itself, or by a signal: then `exitcode` is negative."""

    exitcode: int | None


class ExecutorError(ExpcacheError, RuntimeError):
    """An executor, or a worker of it, that cannot compute what it was given."""


class ExportError(ExpcacheError, ValueError):
    """Runs that a file or a Dataset cannot hold, with the path to what it cannot."""

    path: str


class NameClashError(ExpcacheError, ValueError):
    """Two functions of one name, from different files, in one store."""

    name: str
    files: tuple[str, str]


class NoRunError(ExpcacheError, LookupError):
    """The current run was asked for where none goes on."""


class ParameterError(ExpcacheError, TypeError):
    """A call or a point that does not fit the experiment's parameters."""

    experiment: str
    names: tuple[str, ...]


class QueryError(ExpcacheError, ValueError):
    """A lookup that names an unknown parameter or an unknown comparison."""

    name: str
    known: tuple[str, ...]


class RenderError(ExpcacheError, ValueError):
    """A template, a directory or a result that cannot be rendered or collected."""


class ResultError(ExpcacheError, TypeError):
    """A result that cannot be kept, such as a generator."""

    kind: str


class RunFailedError(ExpcacheError, RuntimeError):
    """The result of a failed run was asked for."""

    id: str
    traceback: str


class SpaceError(ExpcacheError, ValueError):
    """A space that cannot be built: a name twice, an empty axis, unequal lengths."""


class SpecificationError(ExpcacheError, ValueError):
    """A file of a sweep or of commands that is wrong at a key, or at a line."""

    path: str
    key: str
    line: int | None


class StaleError(ExpcacheError, LookupError):
    """A run is stored for other code only, and was neither to be computed nor to be reused."""

    id: str
    call: str
    reason: str
    explanation: str


class RecordError(ExpcacheError, ValueError):
    """Bytes that are no sound record: foreign, truncated or damaged."""

    reason: str


class RecordFormatError(RecordError):
    """A record written in a format that this version does not know."""

    found: int
    supported: int


class StoreError(ExpcacheError, OSError):
    """A directory that cannot serve as a store."""

    path: str


class StoreFormatError(StoreError):
    """A store made by another, incompatible version."""

    found: int
    supported: int


class TimeLimitError(ExpcacheError, TimeoutError):
    """A run that took longer than its time limit."""

    seconds: float


class TrustError(ExpcacheError, PermissionError):
    """Loading would have to unpickle bytes that are not trusted, or cannot be here."""

    id: str
    codec: str


class UncommittedError(ExpcacheError, RuntimeError):
    """Code that was to be as in git's last commit, and is not."""

    changed: tuple[str, ...]


class UnknownIdError(ExpcacheError, LookupError):
    """Nothing is stored under this id or prefix."""

    id: str


class AmbiguousIdError(UnknownIdError):
    """Several ids begin with this prefix."""

    candidates: tuple[str, ...]


class ExpcacheWarning(UserWarning):
    """The base of every warning of expcache."""


class RecordWarning(ExpcacheWarning):
    """A record was damaged, or a result could not be kept."""


class StoreWarning(ExpcacheWarning):
    """A store lies where it is at risk."""
