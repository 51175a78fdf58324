"""What is told of a run beside its value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from expcache.errors import RecordError


@dataclass(slots=True)
class Header:
    """What a record tells of its run: everything but the value.

    Attributes:
        id: The id of the run.
        code: The digest of the code that computed it.
        experiment: The name of the experiment.
        outcome: `done` or `failed`; `note` for what belongs to no single run.
        params: The full params, each as `describe` tells it.
        error: `type`, `message` and `traceback` of a failed run.
        started: When it began, as ISO 8601 text in UTC.
        finished: When it ended.
        runtime: Seconds between the two.
        host: The machine.
        user: The account.
        attempt: The number of this attempt, from 1.
        attempts: What is known of every attempt, oldest first.
        tags: The tags of the experiment.
        environment: The digest under which the environment is stored.
        output: What the run wrote.
        warnings: What it warned of: `category`, `message`, `filename`, `lineno`.
        logs: What it logged: `name`, `level`, `message`, `created`, `pathname`, `lineno`,
            `function`, `exception`.
        code_notes: What is told of the code, such as what could not be followed.
        version: The version that the user gave the experiment.
        owner: Who claimed the run when it was computed.
        generation: The number of the claim.
        migrated: Where the record was before it was migrated, oldest first: `id`, `code` and
            `experiment` there, `who` migrated it, on which `host`, `when`.
        directory: The name of the directory that keeps the run's files; empty for none. Those of
            earlier attempts are named in `attempts`.
        rendered: Of a run that was computed in a directory made by `render`: the `token` of the
            directory, `when` it was made, on which `host`, from which `git` commit, and when it was
            `collected`, `by` which host.
        launch: The id of the launch that computed it.
        number: The number of the run among those of its experiment in the store.
        value: `codec`, `nbytes` and `files` of the value; set by `seal`.
        extra: Fields of newer versions, kept as they were read.
    """

    id: str
    code: str
    experiment: str
    outcome: str
    params: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    started: str = ""
    finished: str = ""
    runtime: float | None = None
    host: str = ""
    user: str | None = None
    attempt: int = 1
    attempts: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    environment: str | None = None
    output: str = ""
    code_notes: dict[str, Any] = field(default_factory=dict)
    version: str | None = None
    owner: str | None = None
    generation: int | None = None
    value: dict[str, Any] | None = None
    warnings: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)
    migrated: list[dict[str, Any]] = field(default_factory=list)
    directory: str = ""
    launch: str = ""
    number: int | None = None
    rendered: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


_KNOWN = tuple(item.name for item in fields(Header) if item.name != "extra")


def parse_header(text: bytes) -> Header:
    """Return the header of its JSON, fields of newer versions included."""
    try:
        tree = json.loads(text)
        known = {name: tree.pop(name) for name in _KNOWN if name in tree}
        return Header(**known, extra=tree)
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise RecordError(
            f"cannot read a record: its header is malformed ({error}). Compute the run again.",
            reason="malformed",
        ) from error
