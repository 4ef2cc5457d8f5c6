"""Member keys: what the sender calls a member never reaches the database in a readable form.

Payer files leave a keyed hash, so that the same member of the same sender is found again in the next
file and nobody without the key can tell who it is. A group's own file leaves the id encrypted as well,
for the group's own outreach list.
"""

from __future__ import annotations

import hashlib
import os

import polars as pl
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

KEY_BYTES = 16
_NONCE_BYTES = 12


def _derive(purpose: bytes, source_id: int) -> bytes:
    """32 bytes for one purpose and one source; nothing learned from one helps with another."""
    return hashlib.blake2b(
        source_id.to_bytes(4, "big"),
        key=hashlib.blake2b(settings.DATA_KEY.encode(), digest_size=64).digest(),
        person=purpose,
        digest_size=32,
    ).digest()


class MemberKeys:
    """Hashes (and, for a group's own file, seals) the member ids of one source."""

    def __init__(self, source_id: int, *, seal: bool) -> None:
        self._hash_key = _derive(b"member hash", source_id)
        self._cipher = AESGCM(_derive(b"member seal", source_id)) if seal else None

    def of(self, ids: pl.Series) -> tuple[pl.Series, pl.Series]:
        """(16-byte keyed hashes, sealed ids or nulls) of member ids, in their order."""
        keyed = hashlib.blake2b(key=self._hash_key, digest_size=KEY_BYTES)
        hashes: list[bytes] = []
        encoded = [text.encode() for text in ids]
        for data in encoded:
            one = keyed.copy()
            one.update(data)
            hashes.append(one.digest())
        sealed: list[bytes | None] = [None] * len(encoded)
        if self._cipher is not None:
            sealed = [self._seal(data) for data in encoded]
        return pl.Series(hashes, dtype=pl.Binary), pl.Series(sealed, dtype=pl.Binary)

    def _seal(self, data: bytes) -> bytes:
        assert self._cipher is not None
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, None)

    def unseal(self, sealed: bytes) -> str:
        """A group's own member id. Raises cryptography's InvalidTag when the key has changed."""
        if self._cipher is None:
            raise ValueError("This source keeps no member ids.")
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
