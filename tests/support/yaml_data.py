"""Hypothesis strategies for YAML: plain data full of nasty strings, and texts that are almost specs."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

from renderer.yamlio import Data

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "yaml"
STRINGS: list[str] = json.loads((FIXTURES / "strings.json").read_text("utf-8"))

_NUMBER_LIKE = st.text("0123456789abefoxEX._:+-", max_size=8)
_MARKED_UP = st.text("abyn01 \t\n\r-:#,[]{}&*!|>'\"%@`~?=<\\\x00\x85\u2028\ufeff\ufffeé😀", max_size=12)
_LINES = st.lists(st.sampled_from(["", "a", " a", "a ", "\ta", "- a", "# a", "a: b", "---", "é"]), max_size=5).map(
    "\n".join
)
TEXT = st.one_of(st.sampled_from(STRINGS), _NUMBER_LIKE, _MARKED_UP, _LINES, st.text(max_size=20))

_INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DATA: st.SearchStrategy[Data] = st.recursive(
    st.one_of(st.none(), st.booleans(), _INT64, _FLOATS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)

_SPECS = [
    path.read_bytes() for folder in ("ok", "err", "manifests/ok") for path in sorted((FIXTURES / folder).glob("*.yaml"))
]
_PIECES = [
    *(bytes([code]) for code in b"\x00\x07\t\n\r !\"#%&'*,-:<>?@[]`{|}~\x7f\x80\xff"),
    *(
        b"\n- ",
        b"\n  ",
        b": ",
        b"? ",
        b"<<: ",
        b"&a ",
        b"*a",
        b"!!str ",
        b"! ",
        b"---\n",
        b"...\n",
        b"%TAG ! x\n",
        b"%YAML 1.1\n",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\\ud800",
        b"\\x",
        b'"\\',
        b"|2\n",
        b">-\n",
    ),
    *(b"1.10", b"0x1F", b"1:20", b".inf", b"yes", b"null", b"[" * 70, b"{a: " * 70, b"- " * 70),
]


@st.composite
def malformed(draw: st.DrawFn) -> bytes:
    """A spec with some bytes put in, taken out or doubled; or bytes of any kind."""
    text = draw(st.one_of(st.sampled_from(_SPECS), st.binary(max_size=60)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        put = draw(st.one_of(st.sampled_from(_PIECES), st.just(b""), st.just(text[start:end] * 2)))
        text = text[:start] + put + text[end:]
    return text
