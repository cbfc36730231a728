"""Clients as they are without a mesh: each connection goes to one Ready pod, drawn by lot, and stays with it.

That is what kube-proxy does in the client's own node: it chooses among the Service's Ready endpoints once for each
connection. Half of the clients keep their connection, the others open one for each request.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import api

CLIENTS = 24  # of each kind
PAUSE = 0.2  # seconds between two requests of a client
SYNC = 0.5  # seconds between two looks at the EndpointSlices; kube-proxy waits up to 1 s
TIMEOUT = 5.0
KINDS = {True: "kept", False: "new"}


@dataclass
class Endpoints:
    """The Ready endpoints of a Service."""

    namespace: str
    addresses: list[tuple[str, int]] = field(default_factory=list)

    def look(self) -> None:
        """Ask the API server once."""
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"
        listed = api.call("GET", f"{slices}?labelSelector=kubernetes.io/service-name=web")["items"]
        self.addresses = [
            (address, found["ports"][0]["port"])
            for found in listed
            for endpoint in found["endpoints"] or ()
            if endpoint["conditions"].get("ready")
            for address in endpoint["addresses"]
        ]

    async def follow(self) -> None:
        """Look again and again."""
        while True:
            with contextlib.suppress(OSError, api.ApiError):
                await asyncio.to_thread(self.look)
            await asyncio.sleep(SYNC)


class Client:
    """One client, which sends one request after the other."""

    def __init__(self, endpoints: Endpoints, *, keeps: bool) -> None:
        """`keeps`: whether it keeps its connection."""
        self.endpoints, self.keeps = endpoints, keeps
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def run(self) -> None:
        """Send requests for ever, and print a line for each."""
        await asyncio.sleep(random.uniform(0, PAUSE))
        while True:
            sent = time.time()
            try:
                status, version = await asyncio.wait_for(self.ask(), TIMEOUT)
            except (OSError, asyncio.IncompleteReadError, TimeoutError, IndexError) as failed:
                status, version = 0, type(failed).__name__
                self.close()
            print(f"{sent:.4f} {KINDS[self.keeps]} {status} {version}", flush=True)
            if not self.keeps:
                self.close()
            await asyncio.sleep(max(0.0, sent + PAUSE - time.time()))

    async def ask(self) -> tuple[int, str]:
        """The status of the answer to one request, and the version that gave it."""
        if self.streams and self.streams[0].at_eof():
            self.close()
        if not self.streams:
            self.streams = await asyncio.open_connection(*random.choice(self.endpoints.addresses))
        reader, writer = self.streams
        writer.write(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers.get("x-version", "-")

    def close(self) -> None:
        """Close the connection."""
        if self.streams:
            self.streams[1].close()
        self.streams = None


async def main(namespace: str) -> None:
    """Send requests until the process is ended."""
    endpoints = Endpoints(namespace)
    clients = [Client(endpoints, keeps=keeps) for keeps in KINDS for _ in range(CLIENTS)]
    endpoints.look()
    await asyncio.gather(endpoints.follow(), *(client.run() for client in clients))


def seen(path: Path, since: float, start: float) -> dict[str, float]:
    """Percent of each version by kind of client from `start` on, and the requests lost from `since` on."""
    lines = [line.split() for line in path.read_text().splitlines()]
    whole = [(float(at), kind, int(status), version) for at, kind, status, version in (x for x in lines if len(x) == 4)]
    found: dict[str, float] = {}
    for kind in KINDS.values():
        found[f"{kind} lost"] = sum(k == kind and status != 200 and at >= since for at, k, status, _ in whole)
        found |= percents(
            kind, (version for at, k, status, version in whole if k == kind and status == 200 and at >= start)
        )
    return found


def percents(kind: str, versions: Iterable[str]) -> dict[str, float]:
    """Percent of the answers by version, as `kept v2`."""
    counted = Counter(versions)
    return {f"{kind} {version}": round(100 * n / counted.total(), 1) for version, n in counted.items()}


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
