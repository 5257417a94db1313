#!/usr/bin/env python3
"""Does a log still begin with the log of an earlier checkpoint? Needs Python alone, and nothing of Tillvault.

    audit-a-log.py EARLIER.jws EXPORT.jsonl                 from the leaves of a whole export
    audit-a-log.py EARLIER.jws LATER.jws CONSISTENCY.json   from a consistency proof (RFC 6962, section 2.1.2)

What is compared must be genuine: check the checkpoints and the export with `tillvault verify` first.
Exit code 0: it does. 1: it does not, the past was changed. 2: it could not be compared.
"""

from __future__ import annotations

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any


def checkpoint(path: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint that was kept as a JWS."""
    part = Path(path).read_text().strip().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims["origin"], claims["size"], bytes.fromhex(claims["root"])


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root(leaves: list[bytes]) -> bytes:
    """The root of a tree over leaf hashes; one without a sibling moves up as it is."""
    while len(leaves) > 1:
        odd = leaves[len(leaves) & ~1 :]
        leaves = [node(*pair) for pair in zip(leaves[::2], leaves[1::2], strict=False)] + odd
    return leaves[0] if leaves else sha256().digest()


def begins_with(size: int, wanted: bytes, later_size: int, later: bytes, proof: list[bytes]) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if size == later_size:
        return wanted == later and not proof
    if size & (size - 1) == 0:
        proof = [wanted, *proof]
    if not proof:
        return False
    place, last = size - 1, later_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node(sibling, old), node(sibling, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (wanted, later)


def compare(earlier: str, later: str, consistency: str | None) -> bool:
    origin, size, wanted = checkpoint(earlier)
    if consistency is None:
        with Path(later).open() as lines:
            header: dict[str, Any] = json.loads(next(lines))
            leaves = [sha256(b"\x00" + json.loads(line)["leaf"].encode()).digest() for line in lines]
        return header["origin"] == origin and len(leaves) >= size and root(leaves[:size]) == wanted
    later_origin, later_size, later_root = checkpoint(later)
    proof = [bytes.fromhex(value) for value in json.loads(Path(consistency).read_text())["hashes"]]
    if later_origin != origin or not 0 < size <= later_size:
        return False
    return begins_with(size, wanted, later_size, later_root, proof)


def main(arguments: list[str]) -> int:
    if len(arguments) not in {2, 3}:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    try:
        holds = compare(arguments[0], arguments[1], arguments[2] if len(arguments) == 3 else None)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        sys.stderr.write(f"could not be compared: {error}\n")
        return 2
    told = "the log begins with the earlier one" if holds else "THE PAST WAS CHANGED: the log does not begin with it"
    sys.stdout.write(f"{told}\n")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
