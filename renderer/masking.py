"""Keeps secrets out of what is printed: values of Secrets, and texts that look like a secret or are named like one.

Nothing here decides what is rendered. Whatever shows a value of a spec or a manifest to people or to other programs
masks it first: `masked` for data, `masked_lines` for files, `scrubbed` for messages that quote a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from renderer.lazy import regex
from renderer.linear import Pattern
from renderer.token_forms import FORMS

MASK = "***"
SECRET_KINDS = frozenset(("Secret", "SealedSecret", "ExternalSecret", "ClusterExternalSecret", "SopsSecret"))
# A text is masked if its name ends in one of these words (letter case, `-`, `.` and camelCase do not matter).
NAMES = (
    *("password", "passwd", "pass", "pwd", "passphrase", "secret", "token"),
    *("api_key", "apikey", "private_key", "access_key", "secret_key", "credentials", "dsn"),
)
_JOINED = ("password", "passwd", "passphrase")  # so also where they end a longer word, such as PGPASSWORD
_SHORTEST = 8  # characters of a text that is masked for its name
# Field names that never hint at a secret, wherever they are in a file.
_USUAL = frozenset(
    (
        *("apiVersion", "kind", "metadata", "name", "namespace", "labels", "annotations", "type", "immutable", "spec"),
        *("data", "stringData", "binaryData", "encryptedData", "template", "patch", "target", "op", "path", "value"),
        *SECRET_KINDS,
    )
)
_NAMING = ("name", "key")  # what names the `value` in the same mapping: of a variable, of a header of an analysis
_VALUES = ("data", "stringData", "encryptedData", "binaryData")

_PRIVATE_KEY = regex(r"-----? ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-----?|PuTTY-User-Key-File-\d")
_PRIVATE_KEY_END = regex(r"-----? ?END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-----?|Private-MAC")
_IN_URL = regex(r"(?<=://)([^\s/:@'\"]*):([^\s/@'\"]+(?:@[^\s/@'\"]+)*)@")
_KNOWN = regex(rf"\b(?:{'|'.join(FORMS)})")
# What follows the name of a way to log in, or of a signature in a URL. The digit is sought in a part alone, for a text
# may have many such names.
_AFTER = regex(
    r"""(?P<start>\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC) |\bauth\\?": ?\\?"|\bAccountKey=|[?&]sig="""
    r"""|[?&]X-(?:Amz|Goog)-Signature=|\b[Aa]uthorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?[A-Za-z][\w-]{0,19} )"""
    r"""(?=[\w+/=.~%-]{0,200}?[0-9])(?P<value>[\w+/=.~%-]{12,})"""
)
# The hash of a password, which can be guessed: of crypt, of bcrypt, of Django.
_HASH = regex(
    r"\$(?:2[abxy]?|apr1|[1567y]|gy|argon2(?:id?|d)|scrypt)\$[\w./$,=+-]{20,}|\bpbkdf2[_-]sha\d{1,3}\$[\w./$=+-]{20,}"
)
# The password of a data source of Go: `user:password@tcp(host:port)`.
_SOURCE_NAME = regex(r"""(?<=[^\s:@/'"=]:)[^\s@'"]{1,200}(?=@(?:tcp6?|udp6?|unix)?\()""")
_NUMBER = regex(r"[+-]?[0-9][0-9._]*(?:[eE][+-]?[0-9]+)?[a-zA-Z%]{0,2}")
_HARMLESS = regex(
    r"(?:true|false|yes|no|on|off|null|none)|\$[({][^\s(){}]*[)}]|\$[A-Za-z_]\w*|\$[a-z]+(?:[-_.:][a-z]+)+|(?:\.{0,2}|~)/[\w./-]*|[a-zA-Z][\w+.-]*://[^\s]*",
    re.IGNORECASE,
)
_WORD_START = regex(r"(?<=[a-z0-9])(?=[A-Z])")
_KINDS = "|".join(sorted(SECRET_KINDS))
# A tag, an anchor and the head of a block, which may be before a kind; with bounds, for a text may hold many a `kind:`.
_PROPERTIES = r"\s{0,200}:\s{0,200}(?:[!&|>]\S{0,200}\s{1,200}){0,4}"
_SECRET_KIND = regex(rf"""\bkind\\?["']?{_PROPERTIES}\\?["']?(?:{_KINDS})\b""")
_SECRET_DOCUMENT = regex(
    rf"""^(?:\{{\s*)?["']?(?:kind["']?{_PROPERTIES}["']?(?:{_KINDS})\b|(?:sops|stringData)["']?\s*:)""",
    re.MULTILINE,
)
_PLAIN_LINE = regex(
    r"---|(?:apiVersion|kind|metadata|type):\s*[\w./-]*|  (?:name|namespace):\s*[\w.-]*|"
    r"immutable: (?:true|false)|# .*rollspec.*|"
)
_FLOW_VALUES = regex(rf"""\b(?:{"|".join(_VALUES)}|value)\\?["']?\s*:""")
_PAIR = regex(
    r"""(?P<start>\s*(?:- +)*)(?P<quote>["']?)(?P<name>[\w.$/-]+)(?P=quote)\s*:(?:\s+|$)(?P<value>.*)""", re.DOTALL
)
_FLAG = regex(
    r"(?P<start>(?<![\w.-])--?(?P<name>[A-Za-z][\w.-]*)(?:=| (?!-)|[\"']?, *[\"']?(?!-)))(?P<value>[^\s\"',]+)"
)
_INLINE = regex(r"""(?P<start>[{,]\s*["']?(?P<name>[\w./-]+)["']?\s*:\s*)(?P<value>"[^"]*"|'[^']*'|[^,{}\[\]\n]+)""")
# A name and its value within a text: an assignment of a shell, a query of a URL, a line of JSON, TOML or XML.
_WITHIN = regex(
    r"""(?P<start>(?<![\w.-])(?P<name>[\w.-]{0,99}?(?:pass(?:wo?r?d|phrase)?|pwd|secret|token|(?:api|private|access|secret)[._-]?key"""
    r"""|credentials|dsn))"""
    r"""[\\"']{0,4}\s{0,4}[=:>]\s{0,4}[\\"']{0,4})(?P<value>(?<=["'])[^\\"'\n]+(?=\\?["'])|(?:[^\s\\"'&;,<>(){}\[\]]|[<>(){}\[\]]+(?=\w))+)""",
    re.IGNORECASE,
)
# A password that no name announces: of a command, of .netrc, or of .pgpass.
_LOGIN = regex(
    r"""(?P<start>\bcurl\b[^\n|;&]{0,500}?[\s"',](?:-u|-U|--user|--proxy-user)(?:=|["']?,?\s*["']?)[^\s:"',]{1,99}:"""
    r"""|\bredis-cli\b[^\n|;&]{0,500}?[\s"',]-a["']?,?\s+["']?|\bsshpass[\s"',]+-p["']?,?\s*["']?"""
    r"""|\b(?:mysql\w{0,9}|mariadb[\w-]{0,9})\b[^\n|;&]{0,500}?[\s"',]-p|\bldap\w{1,9}\b[^\n|;&]{0,500}?[\s"',]-w["']?,?\s*["']?"""
    r"""|\bmongo\w{0,9}\b[^\n|;&]{0,500}?[\s"',]-p["']?,?\s+["']?|\blogin\b[^\n|;&]{0,500}?[\s"',]-p["']?,?\s+["']?"""
    r"""|\s-pass\w{0,3}["']?,?\s+["']?pass:"""
    r"""|\blogin\s+\S{1,99}\s+password\s+|^[ \t]*password[ \t]+(?=\S+[ \t]*$)"""
    r"""|^[ \t]*[^\s:]{1,253}:(?:\d{1,5}|\*):[^\s:]{1,63}:[^\s:]{1,63}:)(?P<value>[^\s"',]+)""",
    re.MULTILINE,
)
# A text of these alone has nothing between a name and a value.
_IN_A_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+@%~")
_LOGIN_FLAGS = {
    "curl": ("u", "U", "user", "proxy-user"),
    "redis-cli": ("a",),
    "sshpass": ("p",),
    **dict.fromkeys(("mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mariadb-admin"), ("p",)),
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore", "login"), ("p",)),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"), ("w",)),
}
_LOGIN_NAMES = frozenset(flag for flags in _LOGIN_FLAGS.values() for flag in flags)
_BEFORE = 100  # items before a flag among which its command is sought
_TOKEN = regex(r"[^\s`'\",;:()\[\]{}=&*!/]+")
_QUOTES = {"'", '"', "`"}
_LARGE = 1 << 20  # bytes
_SHORT_LINE = 200  # characters of a line that is remembered
# Words of our own sentences: hidden only between quotes, for a gap elsewhere in a sentence would show the secret.
_OURS = frozenset(
    "a an and are as at be but by can each for from has have in into is it its list may must no not of on one only or "
    "so such take takes text than that the their them then there these this to too two up was were which with".split()
)
_QUOTED = 4  # characters of a word that is cut short in a message, to be compared with what must stay hidden


def is_named(name: str, not_secret: Collection[str] = ()) -> bool:
    """Whether a text of this name is taken for a secret."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", _WORD_START.sub("_", name)).strip("_").lower()
    if name in not_secret:
        return False
    return words.endswith(_JOINED) or any(words == each or words.endswith(f"_{each}") for each in NAMES)


def looks_secret(text: str) -> bool:
    """Whether the text holds a private key, a known kind of token, a URL with a password, or the hash of one."""
    return any(True for _ in _found(text))


def _found(text: str) -> Iterator[str]:
    """The parts of the text that look like a secret; of a private key, its first line."""
    for pattern in (_PRIVATE_KEY, _KNOWN):
        yield from (found[0] for found in pattern.finditer(text))
    if "$" in text:
        yield from (found[0] for found in _HASH.finditer(text))
    if "@" in text:
        yield from (f"://{found[0]}" for found in _IN_URL.finditer(text) if found[2].strip("*x."))
        yield from (f"://{found[0]}" for found in _SOURCE_NAME.finditer(text) if found[0].strip("*x."))
    yield from (found["value"] for found in _AFTER.finditer(text))


def known_secrets(text: str) -> list[str]:
    """The parts of the text that look like a secret; of a private key, its first line."""
    return [*_found(text)]


def is_hidden(name: str, value: str, not_secret: Collection[str] = (), *, shortest: int = _SHORTEST) -> bool:
    """Whether a text is masked: for what it looks like, or for its name, unless it cannot be a secret.

    A text of less than `shortest` characters is not masked for its name.
    """
    if looks_secret(value):
        return True
    return len(value.strip()) >= shortest and is_literal(value) and is_named(name, not_secret)


def is_literal(value: str) -> bool:
    """Whether the text may be a secret: not a number, a boolean, a path, a reference, or a URL without a password."""
    text = value.strip()
    return bool(text) and not _NUMBER.fullmatch(text) and not _HARMLESS.fullmatch(text)


def without_known(text: str) -> str:
    """The text with everything masked that looks like a secret."""
    if "@" in text:
        text = _SOURCE_NAME.sub(MASK, _IN_URL.sub(rf"\1:{MASK}@", text))
    if "$" in text:
        text = _HASH.sub(MASK, text)
    text = _AFTER.sub(rf"\g<start>{MASK}", _KNOWN.sub(MASK, text))
    key = _PRIVATE_KEY.search(text)
    return f"{text[: key.start()]}{MASK}" if key else text


def is_secret(data: Any) -> bool:
    """Whether the object is a Secret, or what a Secret is made from, or a file that SOPS encrypted."""
    return isinstance(data, Mapping) and (str(data.get("kind")) in SECRET_KINDS or "sops" in data)


def masked(value: Any, name: str = "", not_secret: Collection[str] = ()) -> Any:
    """The value with every text masked that must not be shown; `name` is its key, or what names it in a list."""
    if isinstance(value, str):
        if is_hidden(name, value, not_secret) or _SECRET_KIND.search(value):
            return MASK
        if value.startswith("-"):
            value = _FLAG.sub(lambda flag: _masked_flag(flag, not_secret), value)
        return _without_pairs(value, not_secret)
    if isinstance(value, Mapping):
        if is_secret(value) or _patches_secret(value):
            return dict.fromkeys(value, MASK)
        named = _name_of(value)
        return {
            key: masked(each, named if named and key == "value" else str(key), not_secret)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [*_masked_items(value, name, not_secret)]
    return value


def _name_of(pair: Mapping[str, Any]) -> str:
    """What names the `value` of a variable or a header; empty if it is not such a pair."""
    names = [pair[key] for key in _NAMING if isinstance(pair.get(key), str)] if "value" in pair else []
    return names[0] if names else ""


def masked_at(value: Any, keys: Iterable[str], not_secret: Collection[str] = ()) -> Any:
    """What the masked value has at the end of these keys (numbers in a list), without masking the rest."""
    name = ""
    for key in keys:
        if isinstance(value, list):
            number = int(key)
            name = _flag_name(value, number) or name
            value = value[number]
            continue
        if is_secret(value) or _patches_secret(value):
            return MASK
        named = _name_of(value)
        name = named if named and key == "value" else key
        value = value[key]
    return masked(value, name, not_secret)


def _masked_items(items: list[Any], name: str, not_secret: Collection[str]) -> Iterator[Any]:
    """Each item; one that follows a flag without a value, as in `["--password", "..."]`, has that flag's name."""
    flag = ""
    logins: tuple[str, ...] = ()
    for item in items:
        is_login = flag in logins or _joined_flag(item) in logins
        yield masked(item, "password" if is_login else flag or name, not_secret)
        flag, logins = _flag_of(item), _login_flags(item) or logins


def _login_flags(item: Any) -> tuple[str, ...]:
    """The flags of a command that take a password; empty for other items of a list."""
    return _LOGIN_FLAGS.get(item.rpartition("/")[2], ()) if isinstance(item, str) else ()


def _flag_of(item: Any) -> str:
    """The name of a flag without a value; empty for other items."""
    is_flag = isinstance(item, str) and re.fullmatch(r"--?[A-Za-z][\w.-]*", item)
    return item.lstrip("-") if is_flag else ""


def _joined_flag(item: Any) -> str:
    """The letter of a flag with its value in one word, as in `-pSECRET`; empty for other items."""
    return item[1] if isinstance(item, str) and re.match(r"-[A-Za-z]\S", item) else ""


def _flag_name(items: list[Any], number: int) -> str:
    """The name that the flag before an item gives it; empty if there is none."""
    flag = _flag_of(items[number - 1]) if number else ""
    given = {flag, _joined_flag(items[number])} & _LOGIN_NAMES
    before = items[max(0, number - _BEFORE) : number] if given else []
    logins = next((found for item in reversed(before) if (found := _login_flags(item))), ())
    return "password" if given.intersection(logins) else flag


def _masked_flag(flag: re.Match[str], not_secret: Collection[str]) -> str:
    return f"{flag['start']}{MASK}" if is_hidden(flag["name"], flag["value"], not_secret) else flag[0]


def _patches_secret(value: Mapping[str, Any]) -> bool:
    """Whether it is a patch of a Secret, or an operation on one's values."""
    target = value.get("target")
    if isinstance(target, Mapping) and _may_be_secret(target.get("kind")):
        return "patch" in value
    path = value.get("path")
    return "op" in value and isinstance(path, str) and path.startswith(tuple(f"/{each}/" for each in _VALUES))


def _may_be_secret(pattern: Any) -> bool:
    if not isinstance(pattern, str):
        return False
    if pattern.isalpha():
        return pattern in SECRET_KINDS
    try:
        return any(map(Pattern(pattern).fits, SECRET_KINDS))
    except ValueError:
        return True


def masked_lines(lines: Iterable[str], not_secret: Collection[str] = ()) -> list[str]:
    """The lines of a YAML file, one for one, with every value masked that must not be shown. A line keeps its break."""
    found = list(lines)
    shown: list[str] = []
    for start, end in _documents(found):
        shown += _masked_document(found[start:end], not_secret)
    return shown


def _documents(lines: list[str]) -> Iterator[tuple[int, int]]:
    starts = [0, *(number for number, line in enumerate(lines) if number and line.startswith("---"))]
    yield from zip(starts, [*starts[1:], len(lines)], strict=True)


def _masked_document(lines: list[str], not_secret: Collection[str]) -> list[str]:
    text = "".join(lines)
    secret = _SECRET_KIND.search(text)
    if _SECRET_DOCUMENT.search(text):
        return [line if _PLAIN_LINE.fullmatch(line.rstrip()) else _hidden(line) for line in lines]
    masker = _Masker(lines, not_secret, has_secret=secret is not None)
    return [masker.masked(number, line) for number, line in enumerate(lines)]


class _Masker:
    """Masks lines of YAML one after the other; what it remembers of the lines before decides about the next."""

    def __init__(self, lines: list[str], not_secret: Collection[str], *, has_secret: bool) -> None:
        self.lines, self.not_secret, self.has_secret = lines, not_secret, has_secret
        self.below: int | None = None  # lines that are indented more than this belong to a hidden value
        self.in_key = False  # between the first and the last line of a private key
        self.name = ""  # what names the value of a `value:` that follows
        self.flag = ""  # of a command line whose value follows
        self.logins: tuple[str, ...] = ()

    def masked(self, number: int, line: str) -> str:
        """The line as it is shown."""
        if self._is_inside(line) or (self.has_secret and "{" in line and _FLOW_VALUES.search(line)):
            return _hidden(line)
        pair = _PAIR.fullmatch(line)
        return self._item(line) if pair is None else self._pair(number, line, pair)

    def _is_inside(self, line: str) -> bool:
        """Whether the line belongs to a hidden value that began before, or to a private key."""
        if self.in_key or _PRIVATE_KEY.search(line):
            self.in_key = not _PRIVATE_KEY_END.search(line)
            return True
        indent = len(line) - len(line.lstrip(" "))
        below = self.below
        if below is not None and (indent > below or not line.strip() or (indent == below and line[indent] == "-")):
            return True
        self.below = None
        return False

    def _item(self, line: str) -> str:
        """A line without a key: the item of a list, or one more line of a text."""
        item = line.strip().removeprefix("-").strip(" \"'")
        named = "password" if self.flag in self.logins or _joined_flag(item) in self.logins else self.flag
        self.flag, self.logins = item.lstrip("-") if item.startswith("-") else "", _login_flags(item) or self.logins
        return _hidden(line) if is_hidden(named, item, self.not_secret) else _without_flags(line, self.not_secret)

    def _pair(self, number: int, line: str, pair: re.Match[str]) -> str:
        key, value = pair["name"], pair["value"].strip()
        self.name = value.strip("\"'") if key in _NAMING else self.name
        if key == "value" and pair["start"].rstrip().endswith("-"):
            self.name = _name_below(self.lines, number, len(pair["start"]))
        if _hides(key, self.name, value, self.not_secret, has_secret=self.has_secret):
            self.below = len(pair["start"])
            return f"{pair['start']}{pair['quote']}{key}{pair['quote']}: {MASK}{_break(line)}"
        return _without_flags(line, self.not_secret)


def _name_below(lines: list[str], number: int, indent: int) -> str:
    """What names the value of a line, where that is the first line of its item; empty if nothing does."""
    for line in lines[number + 1 : number + _BEFORE]:
        found = _PAIR.fullmatch(line)
        if found and found["name"] in _NAMING and found["start"] == " " * indent:
            return found["value"].strip().strip("\"'")
        if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
            break
    return ""


def _hides(key: str, name: str, value: str, not_secret: Collection[str], *, has_secret: bool) -> bool:
    if has_secret and key in (*_VALUES, "value", "patch"):
        return True
    named = name if key == "value" else key
    if value in ("", "|", "|-", "|+", ">", ">-", ">+"):
        return value != "" and is_named(named, not_secret)
    return not value.startswith(("{", "[", "&", "*")) and is_hidden(named, value.strip("\"'"), not_secret)


def _without_flags(line: str, not_secret: Collection[str]) -> str:
    """A line without the secrets that it shows whatever the lines before it say."""
    return (_remembered if len(line) <= _SHORT_LINE else _masked_line)(line, frozenset(not_secret))


def _masked_line(line: str, not_secret: frozenset[str]) -> str:
    shown = _FLAG.sub(lambda flag: _masked_flag(flag, not_secret), line) if "-" in line else line
    if ":" in line:
        shown = _INLINE.sub(lambda pair: _masked_inline(pair, not_secret), without_known(shown))
    return _without_pairs(shown, not_secret)


_remembered = lru_cache(maxsize=4096)(_masked_line)  # many files have the same lines, and a diff has most of them twice


def _without_pairs(text: str, not_secret: Collection[str]) -> str:
    """The text without values that follow the name of a secret in it, and without passwords of logins."""
    if _IN_A_WORD.issuperset(text):
        return text
    text = _LOGIN.sub(_masked_login, text)
    return _WITHIN.sub(lambda pair: _masked_inline(pair, not_secret), text)


def _masked_inline(pair: re.Match[str], not_secret: Collection[str]) -> str:
    hidden = is_hidden(pair["name"], pair["value"].strip().strip("\"'"), not_secret)
    return f"{pair['start']}{MASK}" if hidden else pair[0]


def _masked_login(login: re.Match[str]) -> str:
    return f"{login['start']}{MASK}" if is_hidden("password", login["value"]) else login[0]


def _hidden(line: str) -> str:
    """A line without its content, and with its indentation."""
    content = line.strip()
    return f"{line[: len(line) - len(line.lstrip(' '))]}{MASK if content else ''}{_break(line)}"


def _break(line: str) -> str:
    return "\n" if line.endswith("\n") else ""


def scrubbed(message: str, text: bytes) -> str:
    """A message about a file, without words of the file that are masked in it; of a large file, nothing is quoted."""
    if len(text) > _LARGE:
        return f"{MASK} (not shown: this large file has a Secret)" if b"Secret" in text else message
    hidden = _hidden_words(text)
    return without_words(message, hidden) if hidden else message


@lru_cache(maxsize=8)
def _hidden_words(text: bytes) -> frozenset[str]:
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    shown = masked_lines(lines)
    hidden = {word for raw, one in zip(lines, shown, strict=True) if raw != one for word in _words(raw, one)}
    return frozenset(hidden.difference(_USUAL, (word for one in shown for word in _TOKEN.findall(one))))


def _words(raw: str, shown: str) -> list[str]:
    """The words of a line that are hidden: all of them, or those of the value."""
    return _TOKEN.findall(raw if shown.strip() == MASK else raw.partition(": ")[2] or raw)


def words_of(value: Any) -> Iterator[str]:
    """The words of all texts in a value, such as the `data` of a Secret."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from words_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from words_of(each)
    else:
        yield from _TOKEN.findall(str(value))


def without_words(message: str, hidden: Collection[str]) -> str:
    """The message without these words; of a word that is cut short (`abcd...`), its beginning counts."""

    def shown(found: re.Match[str]) -> str:
        word = found[0].rstrip(".")
        around = {message[found.start() - 1 : found.start()], message[found.end() : found.end() + 1]}
        if word in _OURS and not around <= _QUOTES:
            return found[0]
        is_cut = found[0].endswith("...") and len(word) >= _QUOTED
        return MASK if word in hidden or (is_cut and any(each.startswith(word) for each in hidden)) else found[0]

    return _TOKEN.sub(shown, message)
