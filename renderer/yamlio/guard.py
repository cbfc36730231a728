"""What a text must be before a parser gets it: small enough, UTF-8, without control characters."""

from __future__ import annotations

import re

from renderer.lazy import regex
from renderer.problem import Problem

MAX_SPEC = 1 << 20  # bytes of one spec
MAX_MANIFESTS = 10 << 20  # bytes of one file of plain manifests; the largest CRD bundles have about 5 MB
MAX_DEPTH = 64  # of mappings and lists inside each other
MAX_KEY = 1024  # characters of a key: more than any of Kubernetes, and all that YAML allows a key without `? `
MAX_NODES = 1_000_000  # values of one file once its aliases are expanded
MAX_COPIED = 10 << 20  # characters of keys and texts that the aliases of one file stand for
MAX_PROBLEMS = 100  # of one file; with more, it is not the file that its author thinks it is
MAX_DIRECTIVES = 64  # libyaml compares each %TAG with all before it

TOO_DEEP = f"more than {MAX_DEPTH} levels of mappings and lists; flatten it"
LONG_KEY = f"this key has more than {MAX_KEY} characters; shorten it"

RULES = {
    "yaml-alias": "An anchor (`&name`) or an alias (`*name`) where none is allowed, or an alias without an anchor.",
    "yaml-depth": f"More than {MAX_DEPTH} levels of mappings and lists inside each other.",
    "yaml-documents": "Several documents in a file that holds one.",
    "yaml-duplicate-key": "A key that is given twice in one mapping.",
    "yaml-empty": "A file without content.",
    "yaml-encoding": "Not UTF-8, a byte order mark, or a character that is invisible and not allowed.",
    "yaml-key": "A key that is not text: a number, true, false, null, a list or a mapping.",
    "yaml-merge": "A merge key `<<` where none is allowed, or one that readers of YAML disagree about.",
    "yaml-scalar": "An unquoted value that YAML would change, or that readers of YAML disagree about.",
    "yaml-size": "More text, values or problems than one file may have, or too long a key.",
    "yaml-syntax": "Not YAML.",
    "yaml-tag": "A tag such as `!!str`.",
}

LFS = b"version https://git-lfs.github.com/spec/"
_POINTER = (
    "this is a pointer of Git LFS, not the file itself: `git lfs pull` fetches the file; where a commit has "
    "this content, keep the file out of LFS: `git lfs untrack`, then `git add --renormalize .`"
)
_BOM = b"\xef\xbb\xbf"
_ASCII_TEXT = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
# The characters that are not `c-printable` in YAML 1.2. NEL and the Unicode line breaks are line breaks in YAML 1.1 and
# text in YAML 1.2.
_CONTROL = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_CONTROL_OR_BREAK = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_TAG_DIRECTIVE = regex(rb"(?:^|[\n\r\x85\xa8\xa9])%TAG")


def refusal(text: bytes, file: str, *, limit: int, unicode_breaks: bool) -> Problem | None:
    """The problem that keeps this text from a parser, if any; each check runs at C speed and in linear time.

    `limit` is in bytes; `unicode_breaks` says whether U+0085, U+2028 and U+2029 are allowed unescaped.
    """
    if len(text) > limit:
        return too_large(file, limit)
    if text.startswith(LFS):
        return Problem(file, 1, 1, "yaml-syntax", _POINTER)
    if text.count(b"%TAG") > MAX_DIRECTIVES and len(_TAG_DIRECTIVE.findall(text)) > MAX_DIRECTIVES:
        return Problem(file, 0, 0, "yaml-size", f"more than {MAX_DIRECTIVES} %TAG lines; remove them")
    if text.isascii():
        return _control(text.decode("ascii"), file, _CONTROL) if text.translate(None, _ASCII_TEXT) else None
    return _unicode(text, file, _CONTROL if unicode_breaks else _CONTROL_OR_BREAK)


def too_large(file: str, limit: int = MAX_MANIFESTS) -> Problem:
    """The message for a file of more bytes, also for callers that do not read it at all."""
    return Problem(file, 0, 0, "yaml-size", f"this file has more than {limit} bytes; split it")


def _unicode(text: bytes, file: str, refused: re.Pattern[str]) -> Problem | None:
    if text.startswith(_BOM):
        message = "the file starts with a byte order mark (BOM); save it as UTF-8 without BOM"
        return Problem(file, 1, 1, "yaml-encoding", message)
    try:
        return _control(text.decode(), file, refused)
    except UnicodeDecodeError as error:
        line, column = _line_and_column(text[: error.start].decode())
        message = f"byte 0x{text[error.start]:02X} is not UTF-8; save the file as UTF-8"
        return Problem(file, line, column, "yaml-encoding", message)


def _control(text: str, file: str, refused: re.Pattern[str]) -> Problem | None:
    found = refused.search(text)
    if found is None:
        return None
    code = ord(found[0])
    escape = f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}"
    instead = f'remove it, or write it as "{escape}" in double quotes'
    message = f"the invisible character U+{code:04X} is not allowed here; {instead}"
    line, column = _line_and_column(text[: found.start()])
    return Problem(file, line, column, "yaml-encoding", message)


def _line_and_column(before: str) -> tuple[int, int]:
    """Line and column of what follows this text; breaks are LF, CR LF and CR."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1
