"""Which strings Kubernetes and Istio accept as names, labels and regular expressions."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from renderer.lazy import regex

_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?").fullmatch
_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?").fullmatch
_DNS_1035 = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?").fullmatch
_SUBDOMAIN = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*").fullmatch
_PORT_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9])*").fullmatch
_STAR = regex(r"\A\*[-.]?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+").fullmatch

# What Python's engine knows and RE2 does not: look-around, back references, conditions, possessive repeats.
_NOT_RE2 = regex(r"\(\?(?:=|!|<=|<!|>|\(|P=|#)|[*+?}]\+")
_BACK_REFERENCE = regex(r"(?<!\\)(?:\\\\)*\\[1-9]")
# What RE2 knows and Python does not: nothing can be said about the rest of such a pattern here.
_ONLY_RE2 = regex(r"\\[pPQzC]|\[\[:|\(\?[a-zA-Z]*U|\(\?<[A-Za-z]|(?<!^)\(\?[imsU-]+\)")


@lru_cache(maxsize=4096)
def is_label_value(text: str) -> bool:
    """At most 63 characters, empty or starting and ending alphanumeric, with `-_.` between."""
    return not text or (len(text) <= 63 and _NAME(text) is not None)


@lru_cache(maxsize=4096)
def is_qualified_name(text: str) -> bool:
    """A label's or annotation's key: a name of at most 63 characters, after an optional DNS prefix and `/`."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return 0 < len(name) <= 63 and _NAME(name) is not None


@lru_cache(maxsize=4096)
def is_dns_label(text: str) -> bool:
    """RFC 1123 label: at most 63 of `a-z0-9-`, alphanumeric at both ends."""
    return 0 < len(text) <= 63 and _DNS_LABEL(text) is not None


@lru_cache(maxsize=4096)
def is_service_name(text: str) -> bool:
    """RFC 1035 label: a DNS label that starts with a letter."""
    return 0 < len(text) <= 63 and _DNS_1035(text) is not None


@lru_cache(maxsize=4096)
def is_subdomain(text: str) -> bool:
    """RFC 1123 subdomain: DNS labels with dots between, at most 253 characters."""
    return 0 < len(text) <= 253 and _SUBDOMAIN(text) is not None


@lru_cache(maxsize=4096)
def is_wildcard_domain(text: str) -> bool:
    """A DNS name as Istio takes it in most places: in capitals too, with `*`, `*x` or `*-x` as its first label."""
    return is_subdomain(_STAR.sub("", text.lower()))


@lru_cache(maxsize=1024)
def is_port_name(text: str) -> bool:
    """IANA service name: at most 15 of `a-z0-9-`, at least one letter, no dash at an end or doubled."""
    return 0 < len(text) <= 15 and _PORT_NAME(text) is not None and not text.replace("-", "").isdigit()


@lru_cache(maxsize=1024)
def is_data_key(text: str) -> bool:
    """A key of a ConfigMap or a Secret."""
    return len(text) <= 253 and _DATA_KEY(text) is not None and text not in (".", "..")


@lru_cache(maxsize=1024)
def is_old_env_name(text: str) -> bool:
    """What environment variables could be called before Kubernetes 1.32."""
    return _DATA_KEY(text) is not None and not text[0].isdigit() and text not in (".", "..")


def is_env_name(text: str) -> bool:
    """Printable ASCII without `=`, as since Kubernetes 1.32."""
    return bool(text) and text.isascii() and text.isprintable() and "=" not in text


_TOKENS = regex(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?[a-zA-Z:<>-]*[:>])?|\{(?P<least>[0-9]{1,9})(?:,(?P<most>[0-9]{0,9}))?\}|.",
    re.DOTALL,
)
_MOST_REPEATS = 1000  # of RE2, also of repetitions inside one another
_LARGEST_PROGRAM = 32768  # of Envoy: `re2.max_program_size.error_level`, as Istio sets it


@lru_cache(maxsize=1024)
def re2_error(pattern: str) -> str | None:
    """Why RE2 would refuse the pattern; None when nothing speaks against it.

    An approximation: Python's engine is asked, and what only one of the two knows is looked for by hand.
    """
    if len(pattern) > 1024:
        return "it is longer than 1024 characters"
    bare = re.sub(r"\\[^1-9pPQzC]|\[\^?\]?[^\[\]]*\]", "_", pattern)
    if _NOT_RE2.search(bare) or _BACK_REFERENCE.search(pattern):
        return "RE2 has no look-around, back references, atomic groups or possessive repeats"
    if too_large := _too_large(pattern):
        return too_large
    if _ONLY_RE2.search(pattern):
        return None
    return _python_error(pattern)


def _too_large(pattern: str) -> str | None:
    """Whether counted repetitions make the program of the pattern larger than RE2 or Envoy take."""
    groups = [[0, 0, 1, 1]]  # of each open group: its size, that of its last part, and how often the two repeat parts
    for token in _TOKENS.finditer(pattern):
        size, last, most, repeats = groups[-1]
        if token[0].startswith("("):
            groups.append([0, 0, 1, 1])
        elif token[0] == ")" and len(groups) > 1:
            inner = groups.pop()
            groups[-1] = [groups[-1][0] + inner[0], inner[0], groups[-1][2], inner[2]]
        elif token["least"]:
            times = int(token["most"] or token["least"])
            groups[-1] = [size + last * max(times - 1, 0), last * times, max(most, repeats * times), repeats * times]
        elif token[0] not in "*+?|":
            groups[-1] = [size + 1, 1, most, 1]
        if groups[-1][2] > _MOST_REPEATS:
            return f"it repeats a part more than {_MOST_REPEATS} times"
    if groups[0][0] > _LARGEST_PROGRAM:
        return f"its program has more than {_LARGEST_PROGRAM} instructions, and Envoy takes no larger one"
    return None


def _python_error(pattern: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return None


def is_digits(text: str) -> bool:
    """ASCII digits alone, and no more of them than a number in a manifest can have."""
    return 0 < len(text) <= 10 and text.isascii() and text.isdecimal()
