#!/usr/bin/env python3
"""Check a proof of a Tillvault vault with nothing but its public keys: verify_proof.py jwks.json proof.json

Written from canonical-form.md and vault-formats.md alone; it needs Python 3.11 and the package cryptography.
verify_export.py does the same for a whole log. Exit code 0: it holds. 1: it is broken. 2: it could not be checked.
"""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

NOTE = re.compile(r"((.+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n)\n— ([^\s+]+) ([A-Za-z0-9+/]+=*)\n")
REFUSED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, InvalidSignature)
ENTRY = {"leaf", "content", "envelope", "evidence_jws"}


def need(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def parse(text: bytes, *, any_spelling: bool = False) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        need(len(dict(pairs)) == len(pairs), "a key stands twice in one object")
        return dict(pairs)

    value = json.loads(text.decode(), object_pairs_hook=members)
    need(any_spelling or canonical(value) == text, "not in RFC 8785 form")
    return value


def canonical(value: Any, *, nulls: bool = True) -> bytes:
    """RFC 8785; without `nulls`, the null members of objects are dropped: tv1."""
    if isinstance(value, dict):
        kept = {key.encode("utf-16-be"): key for key, item in value.items() if nulls or item is not None}
        keys = [kept[units] for units in sorted(kept)]
        return b"{%s}" % b",".join(canonical(key) + b":" + canonical(value[key], nulls=nulls) for key in keys)
    if isinstance(value, list):
        return b"[%s]" % b",".join(canonical(item, nulls=nulls) for item in value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (number(value) if is_number else json.dumps(value, ensure_ascii=False)).encode()


def number(value: float) -> str:
    """As ECMAScript writes it: Python knows the same digits, but lays them out in another way."""
    need(abs(value) < 2**53, "a number is out of range")
    sign, digits, exponent = Decimal(repr(value or 0)).as_tuple()
    text, point = "".join(map(str, digits)).rstrip("0"), len(digits) + int(exponent)
    if len(text) <= point:
        return "-" * sign + text.ljust(point, "0")
    if point > -6:
        return "-" * sign + (f"{text[:point]}.{text[point:]}" if point > 0 else "0." + "0" * -point + text)
    return "-" * sign + text[0] + "." * (len(text) > 1) + f"{text[1:]}e{point - 1}"


def decoded(text: str, altchars: bytes | None = None) -> bytes:
    """Standard base64; base64url without padding when `altchars` are those of it."""
    data = b64decode(text + "==" if altchars else text, altchars)
    again = b64encode(data, altchars).decode()
    need(text == (again.rstrip("=") if altchars else again), "not canonical base64")
    return data


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def second(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


class Verifier:
    def __init__(self, jwks: Any) -> None:
        self.jwks = {jwk["kid"]: jwk for jwk in jwks["keys"]}
        self.evidence: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        for kid, jwk in self.jwks.items():
            point = [decoded(jwk[name], b"-_") for name in "xy" if name in jwk]
            if jwk["kty"] == "EC":
                x, y = (int.from_bytes(part) for part in point)
                self.evidence[kid] = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            else:
                self.notes[kid] = ed25519.Ed25519PublicKey.from_public_bytes(point[0])

    def claims(self, token: str) -> Any:
        head, body, signature = token.split(".")
        header, claims, data = parse(decoded(head, b"-_")), parse(decoded(body, b"-_")), decoded(signature, b"-_")
        need(header["alg"] == "ES256" and "crit" not in header and len(data) == 64, "not an ES256 token")
        signed = encode_dss_signature(int.from_bytes(data[:32]), int.from_bytes(data[32:]))
        self.evidence[header["kid"]].verify(signed, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
        window = self.jwks[header["kid"]]
        need(window.get("nbf", 0) <= claims["iat"] <= window.get("exp", claims["iat"]), "outside of the key's window")
        return claims

    def checkpoint(self, note: str, received: int = 0) -> tuple[str, int, bytes]:
        """Origin, size and root, signed by a key that was not retired before the second of the last leaf we know."""
        found = NOTE.fullmatch(note)
        text, origin, size, root, name, signature = found.groups() if found else [""] * 6
        for kid, key in self.notes.items():
            key_id = sha256(f"{origin}\n\x01".encode() + key.public_bytes_raw()).digest()[:4]
            if origin == name and decoded(signature)[:4] == key_id and self.jwks[kid].get("exp", received) >= received:
                key.verify(decoded(signature)[4:], text.encode())
                return origin, int(size), decoded(root)
        raise ValueError("the checkpoint is signed by none of the keys under its origin")

    def entry(self, value: Any, *more: str) -> tuple[Any, bytes]:
        """The leaf and its hash, when all that stands beside it is bound by it."""
        leaf, digest = parse(value["leaf"].encode()), sha256(b"\0" + value["leaf"].encode()).digest()
        tenant, content, envelope = leaf["log"].rpartition("/")[2], value["content"], value.get("envelope")
        need(sha256(canonical(content)).hexdigest() == leaf["content_sha256"], "the content is not the leaf's")
        members = ENTRY | {*more}
        if leaf["type"] == "ticket":
            need(sha256(canonical(envelope)).hexdigest() == leaf["envelope_sha256"], "the envelope is not the leaf's")
            shown = [envelope.get(name) for name in ("tenant", "source_id", "pos_session")]
            need(
                shown == [tenant, content["source_id"], content.get("pos_session")], "the envelope is of another ticket"
            )
        else:
            members = members - {"envelope", "raw", "evidence_jws"} | {"evidence_jws"} & value.keys()
        need(value.keys() == members and leaf["v"] == 1, "there are other members than there should be")
        if "evidence_jws" in value:
            said = self.claims(value["evidence_jws"])
            bound = {name: leaf[name] for name in ("index", "content_sha256", "prev")}
            bound |= {"tenant": tenant, "sub": leaf["document_id"], "leaf_hash": digest.hex()}
            bound |= {"ledger": f"LEDGER:{leaf['stream']}:{leaf['stream_seq']:08d}"}
            bound |= {"iss": said["iss"], "iat": second(leaf["received_at"])}
            need(canonical(said) == canonical(bound), "the evidence is another leaf's")
        return leaf, digest

    def proof(self, value: Any) -> None:
        leaf, digest = self.entry(value, "format", "inclusion", "checkpoint")
        origin, size, root = self.checkpoint(value["checkpoint"], second(leaf["received_at"]))
        path = [bytes.fromhex(text) for text in value["inclusion"]["hashes"]]
        shown = {"index": leaf["index"], "tree_size": size, "hashes": [sibling.hex() for sibling in path]}
        need(value["format"] == "tillvault-proof/1" and origin == leaf["log"], "the proof is of another log")
        need(canonical(shown) == canonical(value["inclusion"]), "the path is another leaf's")
        at, last = leaf["index"], size - 1
        for sibling in path:  # RFC 9162, section 2.1.3.2
            need(at <= last > 0, "the path does not fit the tree")
            digest = node(sibling, digest) if at % 2 or at == last else node(digest, sibling)
            while at == last and at and at % 2 == 0:
                at, last = at // 2, last // 2
            at, last = at // 2, last // 2
        need(at == last == 0 and digest == root, "the path does not lead to the root")


def main(check: Callable[[Verifier, bytes], None]) -> int:
    try:
        jwks, document = (Path(name).read_bytes() for name in sys.argv[1:])
        verifier = Verifier(json.loads(jwks))
    except (OSError, ValueError, LookupError, TypeError) as error:
        sys.stdout.write(f"could not be checked: {error}\n")
        return 2
    try:
        check(verifier, document)
    except REFUSED as error:
        sys.stdout.write(f"BROKEN: {type(error).__name__} {error}\n")
        return 1
    sys.stdout.write("holds\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(lambda verifier, document: verifier.proof(parse(document))))
