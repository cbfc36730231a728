"""Names, durations, regular expressions and quantities as Kubernetes and Istio read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.go_time import nanoseconds, whole_seconds
from renderer.rules.analysis import _tags
from renderer.rules.mesh import protocol_of, service_name
from renderer.rules.quantity import amount, quantity, share
from renderer.rules.syntax import (
    is_dns_label,
    is_env_name,
    is_label_value,
    is_port_name,
    is_qualified_name,
    is_service_name,
    is_subdomain,
    re2_error,
)
from renderer.simulate.spec import seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1s", 10**9),
        ("1.5h", 5400 * 10**9),
        ("1h30m", 5400 * 10**9),
        ("-2ms", -2 * 10**6),
        (".5s", 5 * 10**8),
        ("1.s", 10**9),
        ("100us", 10**5),
        ("1µs", 1000),
        ("3.0000000001s", 3 * 10**9),
    ],
)
def test_durations(text: str, value: int) -> None:
    assert nanoseconds(text) == value


@pytest.mark.parametrize("text", ["", "1", "s", "1 s", "1d", "1.2.3s", ".s", "1s1", "٣s", "1S", "1s\n", "2562048h"])
def test_no_durations(text: str) -> None:
    assert nanoseconds(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0), ("1h30m", 5400), ("1.5h", 5400), ("90.9s", 90), ("1m500ms", 60), ("2562048h", 2562048 * 3600)],
)
def test_whole_seconds(text: str, value: int) -> None:
    assert whole_seconds(text) == value
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), (30, 30), ("", 0), ("-5s", 0), ("²", 0), ("1 s", 0), ("9" * 5000, 0)]
)
def test_seconds_of_a_pause(text: str | int, value: int) -> None:
    assert seconds(text) == value


def test_placeholders_that_never_close_take_linear_time() -> None:
    assert list(_tags("{{a}} {{ b\n}}}} {{" + "{{" * 200_000)) == ["a", " b\n"]


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("1", 10**9),
        ("100m", 10**8),
        ("0.1", 10**8),
        ("1Ki", 1024 * 10**9),
        ("1.5Gi", 1610612736 * 10**9),
        ("1e3", 10**12),
        ("12E", 12 * 10**27),
        ("1E2", 10**11),
        ("+5k", 5000 * 10**9),
        ("-1", -(10**9)),
        ("1n", 1),
        ("0.5n", 1),
        (".5", 5 * 10**8),
        ("5.", 5 * 10**9),
        (4, 4 * 10**9),
        (0.5, 5 * 10**8),
    ],
)
def test_quantities(text: object, nano: int) -> None:
    assert quantity(text) == nano


@pytest.mark.parametrize(
    "text", ["", "1MB", "128mb", "1 Gi", "1i", "e3", "1e", "--1", "1e999", True, None, "1Ki3", "²"]
)
def test_no_quantities(text: object) -> None:
    assert quantity(text) is None


@given(st.integers(0, 10**6), st.sampled_from(["", "m", "k", "Ki", "Mi"]), st.sampled_from(["", "m", "k", "Ki", "Mi"]))
def test_quantities_keep_order(number: int, one: str, other: str) -> None:
    size = {"": 1000, "m": 1, "k": 10**6, "Ki": 1024000, "Mi": 1048576000}
    a, b = quantity(f"{number}{one}"), quantity(f"{number}{other}")
    assert a is not None
    assert b is not None
    assert (a < b) == (number * size[one] < number * size[other])


def test_shares_round_as_they_are_told() -> None:
    assert (share("25%", 3, up=True), share("25%", 3, up=False)) == (1, 0)
    assert share(2, 3, up=True) == 2
    assert [amount(value) for value in ("0%", 0, "25%", "x", None, True, "²%")] == [0, 0, 25, None, None, None, None]


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "a(?!b)", "(?<=a)b", r"(a)\1", "a*+", "(?P=x)", "(", "[", "a{2,1}", "x" * 1025]
)
def test_not_for_re2(pattern: str) -> None:
    assert re2_error(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".*",
        r"/v\d+/[a-z]+",
        "(?i)abc",
        "(?P<n>a)",
        r"\pL+",
        "[[:alpha:]]+",
        r"[(?=a)]",
        r"\(\?=",
        r"\Qa+b\E",
        "a+?",
        r"\\1",
    ],
)
def test_for_re2(pattern: str) -> None:
    assert re2_error(pattern) is None


def test_names() -> None:
    assert is_label_value("")
    assert is_label_value("1.2.0-rc_1")
    assert not is_label_value("1.2.0+build")
    assert not is_label_value("x" * 64)
    assert not is_label_value("x\n")
    assert is_qualified_name("app.kubernetes.io/name")
    assert not is_qualified_name("App.io/name")
    assert not is_qualified_name("a/b/c")
    assert is_dns_label("0-a")
    assert not is_service_name("0-a")
    assert is_subdomain("a.b-c.d")
    assert not is_subdomain("a..b")
    assert [is_port_name(name) for name in ("http", "h2c-1", "8080", "a--b", "-a", "a" * 16, "")] == [True, True] + [
        False
    ] * 5
    assert is_env_name("a b.c-1")
    assert not is_env_name("A=B")


@pytest.mark.parametrize(
    ("port", "protocol"),
    [
        ({"name": "http"}, "http"),
        ({"name": "http-web"}, "http"),
        ({"name": "grpc-web-ui"}, "grpc-web"),
        ({"name": "GRPC"}, "grpc"),
        ({"name": "web"}, None),
        ({"name": "web", "appProtocol": "kubernetes.io/h2c"}, "http2"),
        ({"name": "http", "appProtocol": "acme.com/rpc"}, None),
        ({"name": "db", "port": 3306}, "tcp"),
        ({"name": "http", "protocol": "UDP"}, "udp"),
        ({"name": "https-web", "port": 443}, "https"),
        ({}, None),
    ],
)
def test_protocols(port: dict[str, object], protocol: str | None) -> None:
    assert protocol_of(port) == protocol


def test_services_of_hosts() -> None:
    assert service_name("web", "shop") == ("web", "shop")
    assert service_name("web.pay.svc.cluster.local", "shop") == ("web", "pay")
    assert service_name("web.pay.svc.k8s.acme.com", "shop") == ("web", "pay")
    assert service_name("web.example.com", "shop") is None
