"""Reads Kubernetes clusters through the user's kubeconfig: get, list and watch, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from renderer.live.objects import WatchedKind

Object = Mapping[str, Any]
_PAGE = 500  # objects of one answer
_PATIENCE = 20.0  # seconds for an answer
_HEARTBEAT = 3.0  # seconds between two questions whether the cluster still answers
_DEAD = 5.0  # seconds for the answer to that
_WATCH = 240  # seconds until the server ends a watch, which is then taken up again
_AGAIN = 60.0  # seconds until a kind that could not be read is tried again
_WAITS = (0.5, 1.0, 2.0, 5.0)  # seconds between attempts to reach a lost cluster
_NAMESPACES = 10  # of one connection pool: each kind of each namespace keeps a connection busy
_GONE = 410


class Target(NamedTuple):
    """A kind in a namespace."""

    kind: WatchedKind
    namespace: str


class Sink(Protocol):
    """Takes what is read. The methods are called in the thread that reads."""

    def replaced(self, target: Target, objects: Iterable[Object]) -> None:
        """All objects of the target: the first reading, or a reading after a break."""

    def changed(self, target: Target, data: Object) -> None:
        """One object was added or changed."""

    def removed(self, target: Target, name: str) -> None:
        """One object is gone."""

    def not_readable(self, target: Target, reason: str) -> None:
        """A kind that the cluster does not have, or that the reader may not read."""

    def is_current(self) -> None:
        """Everything was read, and the cluster still answers."""

    def is_lost(self, reason: str) -> None:
        """The cluster does not answer; the reader tries again."""


class UnreachableError(Exception):
    """The cluster cannot be read, with the reason as a sentence without secrets."""


class _ExpiredError(Exception):
    """The changes since the last reading are not kept any more: read everything again."""


async def follow(context: str | None, targets: Sequence[Target], sink: Sink, keys: str) -> None:
    """Read the targets, and every change of them, until the task is cancelled; a lost cluster is tried again.

    `keys` is the path of the folder that `keys_folder` gives.
    """
    namespaces = sorted({target.namespace for target in targets})
    attempt = 0
    while True:
        try:
            async with contextlib.AsyncExitStack() as stack:
                apis: dict[str, Any] = {}
                for first in range(0, len(namespaces), _NAMESPACES):
                    some = namespaces[first : first + _NAMESPACES]
                    api = await stack.enter_async_context(_connected(context, some[0], keys))
                    apis |= dict.fromkeys(some, api)
                attempt = 0
                await _follow_all(apis, targets, sink)
        except (UnreachableError, OSError) as error:
            sink.is_lost(str(error) or type(error).__name__)
        await asyncio.sleep(_WAITS[min(attempt, len(_WAITS) - 1)])
        attempt += 1


@contextlib.asynccontextmanager
async def _connected(context: str | None, namespace: str, keys: str) -> AsyncIterator[Any]:
    """A client with the user's credentials. Raises UnreachableError."""
    import kr8s.asyncio

    _remove_old(keys)
    try:
        async with asyncio.timeout(_PATIENCE):
            # Of a Kubernetes newer than the client: lists and watches are the same.
            warnings.filterwarnings("ignore", "Kubernetes version .* is not supported", UserWarning)
            api = await kr8s.asyncio.api(context=context, namespace=namespace)
    except TimeoutError:
        raise UnreachableError("the API server does not answer") from None
    except Exception as error:  # of a client, a TLS library, a plugin for credentials: their words may hold secrets
        raise UnreachableError(_reason(error, context)) from None
    try:
        yield api
    finally:
        with contextlib.suppress(Exception):
            await api._session.aclose()  # type: ignore[union-attr]  # it has one: it asked for the version


def _reason(error: Exception, context: str | None) -> str:
    """Why there is no connection. Only words of our own: a message of a plugin or library may hold a token."""
    name = type(error).__name__
    if isinstance(error, (ValueError, KeyError, RuntimeError)) and "connect" not in name.lower():
        named = f"the context `{context}`" if context else "the current context"
        return f"kubeconfig has no usable credentials for {named} ({name})"
    if "certificate" in str(error).lower():
        return "the API server's certificate is not the one that kubeconfig expects"
    if "connect" in name.lower() or isinstance(error, OSError):
        return "the API server cannot be reached"
    status = getattr(getattr(error, "response", None), "status_code", None)
    return f"the API server refuses: {status}" if status else f"the API server cannot be read ({name})"


@contextlib.contextmanager
def keys_folder() -> Iterator[str]:
    """A folder for the keys of a kubeconfig, while this process reads clusters; it is removed at the end.

    The client writes keys into temporary files, and leaves them there. In a folder of their own they are not taken for
    files of the user that a kubeconfig names.
    """
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="rollspec-") as folder:
        tempfile.tempdir = folder
        try:
            yield folder
        finally:
            tempfile.tempdir = before


def _remove_old(keys: str) -> None:
    """Remove the keys of attempts that found no cluster, and of connections that have ended.

    A key is read when the connection begins, and an attempt ends after _PATIENCE seconds.
    """
    oldest = time.time() - 2 * _PATIENCE
    with contextlib.suppress(OSError), os.scandir(keys) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.remove(entry)


async def _follow_all(apis: Mapping[str, Any], targets: Sequence[Target], sink: Sink) -> None:
    """One task a target, and one that asks whether the cluster still answers; ends when one of them fails."""
    listed = {target: asyncio.Event() for target in targets}
    tasks = [asyncio.create_task(_follow_one(apis[each.namespace], each, sink, listed[each])) for each in targets]
    tasks.append(asyncio.create_task(_heartbeat(apis[targets[0].namespace], targets[0], sink, listed)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        error = task.exception()
        if isinstance(error, (UnreachableError, OSError)):
            raise error
        if error is not None:
            raise UnreachableError(_reason(error, None) if isinstance(error, Exception) else "cancelled")


async def _heartbeat(api: Any, target: Target, sink: Sink, listed: Mapping[Target, asyncio.Event]) -> None:
    for event in listed.values():
        await event.wait()
    while True:
        try:
            async with asyncio.timeout(_DEAD):
                with contextlib.suppress(_RefusedError):  # an answer, too
                    await _page(api, target, {"limit": "1"})
        except TimeoutError:
            raise UnreachableError("the API server does not answer any more") from None
        sink.is_current()
        await asyncio.sleep(_HEARTBEAT)


async def _follow_one(api: Any, target: Target, sink: Sink, listed: asyncio.Event) -> None:
    while True:
        try:
            revision = await _list(api, target, sink)
        except _RefusedError as refused:
            if target.kind.is_needed and refused.status != 404:
                raise UnreachableError(refused.words(target)) from None
            sink.replaced(target, ())
            sink.not_readable(target, refused.words(target))
            listed.set()
            await asyncio.sleep(_AGAIN)
            continue
        listed.set()
        with contextlib.suppress(_ExpiredError):
            while True:
                revision = await _watch(api, target, sink, revision)


class _RefusedError(Exception):
    """The API server answered, but not with objects."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status}")
        self.status = status

    def words(self, target: Target) -> str:
        """A sentence that says what to do."""
        kinds = target.kind.plural
        if self.status == 404:
            return f"the cluster does not have the kind {target.kind.kind}"
        if self.status in (401, 403):
            return f"no right to list {kinds} in namespace {target.namespace} ({self.status})"
        return f"the API server does not list {kinds} in namespace {target.namespace} ({self.status})"


async def _list(api: Any, target: Target, sink: Sink) -> str:
    """Read all objects; the revision that they are of."""
    found: list[Object] = []
    params = {"limit": str(_PAGE)}
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await _page(api, target, params)
        except TimeoutError:
            raise UnreachableError("the API server does not answer") from None
        found += answer.get("items") or ()
        metadata = answer["metadata"]
        if not metadata.get("continue"):
            sink.replaced(target, found)
            return str(metadata["resourceVersion"])
        params = {"limit": str(_PAGE), "continue": metadata["continue"]}


async def _page(api: Any, target: Target, params: Mapping[str, str]) -> Any:
    """One answer. A needed kind that is refused may mean that credentials have expired: the client renews them."""
    from kr8s import ServerError

    try:
        async with api.call_api("GET", **_about(target, params), raise_for_status=target.kind.is_needed) as response:
            if response.status_code != 200:
                raise _RefusedError(response.status_code)
            return response.json()
    except ServerError as error:
        status = getattr(error.response, "status_code", 0)
        raise _RefusedError(status) from None


def _about(target: Target, params: Mapping[str, str]) -> dict[str, Any]:
    """What the client must know of a request about a target."""
    kind = target.kind
    return {"version": kind.api, "namespace": target.namespace, "url": kind.plural, "params": params}


async def _watch(api: Any, target: Target, sink: Sink, revision: str) -> str:
    """Take changes until the server ends the watch; the last revision. Raises _ExpiredError."""
    params = {
        "watch": "true",
        "resourceVersion": revision,
        "allowWatchBookmarks": "true",
        "timeoutSeconds": str(_WATCH),
    }
    async with api.call_api(
        "GET", **_about(target, params), stream=True, timeout=None, raise_for_status=False
    ) as response:
        if response.status_code == _GONE:
            raise _ExpiredError
        if response.status_code != 200:
            raise UnreachableError(f"the API server ends the watch of {target.kind.plural} ({response.status_code})")
        async for line in response.aiter_lines():
            event = json.loads(line)
            data = event["object"]
            match event["type"]:
                case "ERROR":
                    raise _ExpiredError
                case "DELETED":
                    sink.removed(target, str(data["metadata"]["name"]))
                case "ADDED" | "MODIFIED":
                    sink.changed(target, data)
            revision = str(data["metadata"]["resourceVersion"])
    return revision
