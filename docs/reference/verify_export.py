#!/usr/bin/env python3
"""Check an export of a Tillvault vault with nothing but its public keys: verify_export.py jwks.json export.jsonl

The whole log: every leaf, the chain, the tree, every raw body and its evidence. What a single entry must be is checked
by verify_proof.py, which lies beside it. Exit code 0: it holds. 1: it is broken. 2: it could not be checked.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import Any

from verify_proof import Verifier, canonical, decoded, main, need, node, parse, second

METADATA = ("tenant", "source_system", "source_model", "source_id", "pos_session", "currency")
METADATA += ("total_incl_tax", "total_excl_tax", "cashier", "location")


def check_export(verifier: Verifier, document: bytes) -> None:
    need(document.endswith(b"\n"), "the last line does not end")
    first, *lines = document.removesuffix(b"\n").split(b"\n")
    origin, size, root = check_header(verifier, parse(first))
    need(len(lines) == size, f"there are {len(lines)} entries, where the checkpoint has {size}")
    prev, received_at, streams = "0" * 64, "", dict[str, int]()
    signer: str | None = None
    subtrees: list[bytes] = []
    for index, line in enumerate(lines):
        value = parse(line)
        leaf, digest = verifier.entry(value, "index", "raw")
        follows = {"index": index, "log": origin, "prev": prev, "stream_seq": streams.get(leaf["stream"], 0) + 1}
        need(canonical(follows) == canonical({name: leaf[name] for name in follows}), f"leaf {index} does not follow")
        need(leaf["received_at"] >= received_at, f"leaf {index} is older than the leaf before")
        need(canonical(value["index"]) == canonical(index), f"line {index} is another's")
        if "raw" in value:
            check_raw(leaf, value)
        if leaf["type"] == "key" and value["content"]["use"] == "evidence":
            need(signer in {None, value["content"]["old_kid"]}, f"leaf {index} retires another key than the signer")
            signer = value["content"]["new_kid"]
        elif "evidence_jws" in value:
            kid = parse(decoded(value["evidence_jws"].partition(".")[0], b"-_"))["kid"]
            need(signer in {None, kid}, f"leaf {index} has evidence by another key than the signer")
            signer = kid
        prev, received_at, streams[leaf["stream"]] = digest.hex(), leaf["received_at"], leaf["stream_seq"]
        # Two subtrees of one size become one, as often as `index` ends in a binary 1.
        for _ in range((~index & (index + 1)).bit_length() - 1):
            digest = node(subtrees.pop(), digest)
        subtrees.append(digest)
    made = subtrees.pop() if subtrees else sha256().digest()
    while subtrees:
        made = node(subtrees.pop(), made)
    need(made == root, "the leaves do not lead to the root")
    verifier.checkpoint(parse(first)["checkpoint"], second(received_at) if received_at else 0)


def check_header(verifier: Verifier, header: Any) -> tuple[str, int, bytes]:
    """Origin, size and root of the export's checkpoint."""
    origin, size, root = verifier.checkpoint(header["checkpoint"])
    shown = {"format": "tillvault-export/1", "origin": origin, "size": size, "root": root.hex()}
    rest = {name: header[name] for name in ("checkpoint", "jwks")}
    need(canonical(header) == canonical(shown | rest), "the header is not its checkpoint's")
    need(header["jwks"].keys() == {"keys"}, "the header shows more than keys")
    for jwk in header["jwks"]["keys"]:
        need(jwk.items() <= verifier.jwks[jwk["kid"]].items(), "the header shows a key otherwise than it was given")
    return origin, size, root


def check_raw(leaf: Any, value: Any) -> None:
    """The raw body, and content and envelope anew from it (canonical-form.md)."""
    raw = decoded(value["raw"])
    need(sha256(raw).hexdigest() == leaf["raw_sha256"], "the raw body is not the leaf's")
    body = parse(raw, any_spelling=True)
    content = {name: body.get(name) for name in ("pos_session", "source_id", "ticket")}
    need(canonical(content, nulls=False) == canonical(value["content"]), "the content is not the raw body's")
    metadata = {name: body.get(name) for name in METADATA} | {"salt": value["envelope"]["salt"]}
    if metadata["source_system"] is None:
        metadata["source_system"] = "odoo_pos"
    need(canonical(metadata, nulls=False) == canonical(value["envelope"]), "the envelope is not the raw body's")


if __name__ == "__main__":
    sys.exit(main(check_export))
