"""A signed text that an earlier run left in the cache folder; one that somebody else wrote counts for nothing."""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import blake2b

from renderer.cache import SEALED, made
from renderer.layout import CACHE_FOLDER

_HEX = 64  # digits of a signature


class Sealed:
    """One text of a project, by name, under one key. Errors of its file are never raised: then nothing is known."""

    def __init__(self, root: str, name: str, key: str, secret: bytes) -> None:
        """`key`: what the text depends on, apart from what it says itself; `secret` signs."""
        self._folder = os.path.join(root, CACHE_FOLDER)
        self._file = os.path.join(self._folder, name + SEALED)
        self._secret = blake2b(f"{name}\0{key}".encode(errors="surrogateescape"), key=secret).digest()

    def read(self) -> str:
        """The text; empty if there is none that this user wrote here under this key."""
        if os.path.islink(self._folder):
            return ""
        try:
            with open(os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                seal, text = file.read(_HEX), file.read()
        except OSError:
            return ""
        return text.decode(errors="surrogateescape") if seal == self._seal(text) else ""

    def write(self, text: str) -> None:
        """Keep the text in place of the last one; at any moment the file has one of the two."""
        if os.path.islink(self._folder) or not made(self._folder):
            return
        content = text.encode(errors="surrogateescape")
        draft = f"{self._file}.{os.urandom(8).hex()}"
        with suppress(OSError):
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with open(os.open(draft, flags, 0o644), "wb") as file:
                    file.write(self._seal(content) + content)
                os.replace(draft, self._file)
            except OSError:
                os.unlink(draft)
                raise

    def _seal(self, text: bytes) -> bytes:
        return blake2b(text, key=self._secret, digest_size=_HEX // 2).hexdigest().encode()
