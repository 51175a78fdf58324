"""Where a Dask cluster is: at an address, behind somebody's object, or in this process."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple, NoReturn

from expcache.errors import ExecutorError

__all__ = ["find", "reach", "start_here"]


class Found(NamedTuple):
    """A cluster that somebody has."""

    place: Mapping[str, Any]
    """What a client of its scheduler is made with."""
    threads: int
    """How many its workers have, as far as is known without asking."""
    shares_files: bool
    """Whether its workers are on this machine."""


def find(thing: Any) -> Found:
    """Return where a client, a cluster or a pool of Dask computes.

    Raises:
        ExecutorError: it is neither, is closed, or belongs to an event loop.
    """
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    from distributed.cfexecutor import ClientExecutor  # noqa: PLC0415 - as above
    from distributed.deploy import Cluster  # noqa: PLC0415 - as above

    given = thing._client if isinstance(thing, ClientExecutor) else thing  # noqa: SLF001 - no other
    if not isinstance(given, Client | Cluster):
        _refuse(thing, "it is neither a client nor a cluster", "Give one of these, or an address")
    if given.asynchronous:
        _refuse(thing, "it belongs to an event loop", "Give one that does not, or an address")
    if getattr(given.status, "name", given.status) != "running":
        _refuse(thing, "it is closed", "Make a new one")
    cluster = given if isinstance(given, Cluster) else given.cluster
    if isinstance(given, Cluster):
        address, workers = given.scheduler_address, given.scheduler_info["workers"]
        threads = sum(worker["nthreads"] for worker in workers.values())
    else:
        address, threads = given.scheduler.address, sum(given.nthreads().values())
    place = {"address": address, "security": given.security}
    return Found(place, max(1, threads), isinstance(cluster, LocalCluster))


def reach(place: Mapping[str, Any], opened: ExitStack) -> Any:
    """Return a client of a cluster, which stays as it is when the client is closed."""
    from distributed import Client  # noqa: PLC0415 - an extra

    try:
        return opened.enter_context(Client(**place, set_as_default=False))
    except (OSError, ValueError) as error:
        where = place.get("address") or place["scheduler_file"]
        message = f"cannot reach Dask at {where}: {type(error).__name__}: {error}."
        raise ExecutorError(f"{message} Start a scheduler there, or correct the place.") from error


def start_here(threads: int, resources: Mapping[str, Any], opened: ExitStack) -> Any:
    """Start a scheduler and a worker in this process.

    Runs have processes of their own, and a worker that is one would import the program.
    """
    from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra

    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=threads,
        processes=False,
        dashboard_address="127.0.0.1:0",
        resources=dict(resources),
    )
    opened.enter_context(cluster)
    return opened.enter_context(Client(cluster, set_as_default=False))


def _refuse(thing: Any, reason: str, remedy: str) -> NoReturn:
    name = type(thing).__name__
    raise ExecutorError(f"cannot compute with a {name} of Dask: {reason}. {remedy}.")
