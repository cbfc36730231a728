"""Situations that a canary can be in: Istio's counters, and what the built-in checks make of them."""

from __future__ import annotations

from collections.abc import Mapping

OWN = {"destination_workload_namespace": "shop", "destination_app": "web", "destination_version": "2"}
SERVICE = {"destination_service_namespace": "shop", "destination_service_name": "web"}
SOURCE = {**SERVICE, "destination_canonical_revision": "2"}
NOW = "20m"  # the situations are asked about at this time; a step of a series is 15 s
STEPS = 80

Series = dict[str, str]


def named(metric: str, labels: Mapping[str, str]) -> str:
    return f"{metric}{{{','.join(f'{name}={chr(34)}{value}{chr(34)}' for name, value in labels.items())}}}"


def counted(values: str, code: str = "200", **more: str) -> Series:
    """Requests that the canary's own proxy reports."""
    return of_version("2", values, code, **more)


def of_version(version: str, values: str, code: str = "200", **more: str) -> Series:
    labels = {"reporter": "destination", **OWN, "destination_version": version, "response_code": code, **more}
    return {named("istio_requests_total", labels): values}


def from_callers(values: str, code: str, flags: str = "-", **more: str) -> Series:
    labels = {"reporter": "source", **SOURCE, "response_code": code, "response_flags": flags, **more}
    return {named("istio_requests_total", labels): values}


def steady(step: int) -> str:
    return f"0+{step}x{STEPS}"


def late(start: int, values: str) -> str:
    """Values that begin after so many steps without a sample."""
    return f"_x{start} {values}"


STABLE = of_version("1", steady(500)) | of_version("1", steady(1), "500")  # 0.2 % errors
GOOD = counted(steady(50))
# name -> series beside the stable version's, the verdict of `successRate: 99`, and of `compare.successRate: 0.5`
SITUATIONS: dict[str, tuple[Series, str, str]] = {
    "all good": (GOOD, "pass", "pass"),
    "all bad": (counted(steady(50), "500"), "fail", "fail"),
    "half bad": (counted(steady(25)) | counted(steady(25), "503"), "fail", "fail"),
    "3 % bad": (counted(steady(97)) | counted(steady(3), "500"), "fail", "fail"),
    "as bad as the stable version": (counted(steady(500)) | counted(steady(1), "500"), "pass", "pass"),
    "no series": ({}, "none", "none"),
    "no request in the window": (counted(f"0+50x20 1000x{STEPS - 20}"), "none", "none"),
    "one good request": (counted(late(78, "1 1")), "none", "none"),
    "one bad request": (counted(late(78, "1 1"), "500"), "none", "none"),
    "too few requests": (counted(steady(8)), "none", "none"),
    "all bad since a minute, never seen before": (counted(late(76, "300+80x10"), "500"), "fail", "fail"),
    "all good since a minute, never seen before": (counted(late(76, "300+80x10")), "pass", "pass"),
    "first errors in one last sample": (GOOD | counted(late(80, "40"), "500"), "fail", "fail"),
    "bad once, good since": (GOOD | counted(f"0+50x20 1000x{STEPS - 20}", "500"), "pass", "pass"),
    "good once, bad since": (
        counted(f"0+50x60 3000x{STEPS - 60}") | counted(f"0x60 0+50x{STEPS - 60}", "500"), "fail", "fail"
    ),
    "good, and all pods gone in the window": (counted("0+50x76 stale"), "pass", "pass"),
    "bad, and all pods gone in the window": (counted("0+50x76 stale", "500"), "fail", "fail"),
    "counter reset, good": (counted("0+50x76 0+50x10"), "pass", "pass"),
    "counter reset, bad": (counted("0+50x76 0+50x10", "500"), "fail", "fail"),
    "reset of a new counter, bad": (counted(late(74, "100+80x2 10+80x10"), "500"), "fail", "fail"),
    "a gap of scrapes of ten minutes, then good": (
        counted("0+50x30 _x40 3500+50x10") | counted("0+50x10 500x20 _x40 500x10", "500"), "pass", "pass"
    ),
    "not a number": (counted("NaN " * STEPS), "none", "none"),
    "4xx": (counted(steady(25)) | counted(steady(25), "404"), "pass", "pass"),
    "clients that go away": (GOOD | counted(steady(50), "0"), "pass", "pass"),
    "nothing but clients that go away": (counted(steady(50), "0"), "none", "none"),
    "websockets": (counted(steady(50), "101"), "pass", "pass"),
    "gRPC, good": (counted(steady(50), grpc_response_status="0"), "pass", "pass"),
    "gRPC, all INTERNAL": (counted(steady(50), grpc_response_status="13"), "fail", "fail"),
    "gRPC, all NOT_FOUND": (counted(steady(50), grpc_response_status="5"), "pass", "pass"),
    "gRPC, 5 % UNAVAILABLE": (
        counted(steady(95), grpc_response_status="0") | counted(steady(5), grpc_response_status="14"), "fail", "fail"
    ),
    "no pod takes a connection": (from_callers(steady(50), "503", "UF"), "fail", "fail"),
    "no pod is there": (
        from_callers(steady(50), "503", "UH", destination_canonical_revision="unknown"), "fail", "fail"
    ),
    "answers, and hangs in 5 %": (
        counted(steady(95)) | counted(steady(5), "0") | from_callers(steady(5), "504", "UT"), "fail", "fail"
    ),
    "a retry that succeeds": (
        counted(steady(50)) | counted(steady(50), "500") | from_callers(steady(50), "200"), "fail", "fail"
    ),
    "only callers report": (from_callers(steady(50), "200"), "none", "none"),
    "another version is bad": (GOOD | of_version("1", steady(500), "500"), "pass", "pass"),
    "another app is bad": (GOOD | counted(steady(50), "500", destination_app="api"), "pass", "pass"),
}  # fmt: skip
# The same with `reporter: source` and `reporter: waypoint`.
CALLERS: dict[str, tuple[Series, str]] = {
    "all good": (from_callers(steady(50), "200"), "pass"),
    "all bad": (from_callers(steady(50), "500"), "fail"),
    "no pod takes a connection": (from_callers(steady(50), "503", "UF"), "fail"),
    "a retry that succeeds": (counted(steady(50), "500") | from_callers(steady(50), "200"), "pass"),
    "no series": ({}, "none"),
}


def table() -> str:
    """The situations as Markdown."""
    words = {"pass": "passes", "fail": "fails", "none": "neither"}
    lines = ["| the canary | `successRate: 99` | `compare: {successRate: 0.5}` |", "| --- | --- | --- |"]
    lines += [f"| {name} | {words[one]} | {words[other]} |" for name, (_, one, other) in SITUATIONS.items()]
    return "\n".join(lines)
