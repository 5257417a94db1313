"""`tillvault verify`: check proofs, exports, tokens and answers with nothing but the public keys (vault.md, "Formats").

No database, no network and no settings are asked for: an auditor runs this on a machine that has never seen the vault.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from tillvault.core.jsontext import dumps
from tillvault.vault.verify import Outcome, Progress, Verdict, verify_document

HOLDS, BROKEN, UNCHECKED = 0, 1, 2
"""Exit codes; of several files, what is broken counts most."""

_CODES = {Outcome.HOLDS: HOLDS, Outcome.BROKEN: BROKEN, Outcome.UNCHECKED: UNCHECKED}
_TOLD = ("tenant", "ledger_hash", "ledger", "origin", "size", "tree_size", "received_at", "iat", "sha256_hex")
"""Facts that a line of text has room for; `--json` has them all."""


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Proofs, exports, tokens or answers.")],
    *,
    jwks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The public keys to trust: the vault's /jwks.json, kept from before."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per file.")] = False,
) -> None:
    """Verify what the vault has handed out, without it.

    Exit code 0: all holds. 1: something is broken. 2: something could not be checked.
    """
    keys, reason = _keys(jwks)
    verdicts: list[Verdict] = []
    for file in files:
        verdict = (
            Verdict(outcome=Outcome.UNCHECKED, reason=reason) if keys is None else check(file, keys, quiet=as_json)
        )
        verdicts.append(verdict)
        typer.echo(as_line(file, verdict) if as_json else in_words(file, verdict))
    found = {verdict.outcome for verdict in verdicts}
    worst = next(one for one in (Outcome.BROKEN, Outcome.UNCHECKED, Outcome.HOLDS) if one in found)
    raise typer.Exit(_CODES[worst])


def _keys(path: Path | None) -> tuple[bytes | None, str | None]:
    """The text of the JWK set, or why there is none."""
    if path is None:
        return None, "There are no keys to verify with: name them with --jwks."
    try:
        return path.read_bytes(), None
    except OSError as error:
        return None, f"The keys cannot be read: {_why(error)}."


def check(file: Path, keys: bytes, *, quiet: bool) -> Verdict:
    """The verdict on a file; one that cannot be read is not broken, it could not be checked."""
    try:
        with file.open("rb") as document, _bar(file, quiet=quiet) as progress:
            return verify_document(document, keys, progress)
    except OSError as error:
        return Verdict(outcome=Outcome.UNCHECKED, reason=f"The file cannot be read: {_why(error)}.")


@contextmanager
def _bar(file: Path, *, quiet: bool) -> Generator[Progress]:
    """A progress bar on a terminal's standard error; it appears with the first thousand entries."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(file.name, total=None, visible=False)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield advance


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def as_line(file: Path, verdict: Verdict) -> str:
    """The verdict as one JSON object; what it does not have is null."""
    return dumps(
        {
            "file": str(file),
            "outcome": verdict.outcome,
            "kind": verdict.kind,
            "reason": verdict.reason,
            "index": verdict.index,
            "facts": verdict.facts,
            "unproven": verdict.unproven,
        }
    ).decode()


def in_words(file: Path, verdict: Verdict) -> str:
    """`proof.json: holds (proof): tenant demo, …` or `export.jsonl: BROKEN at index 7: …`."""
    match verdict.outcome:
        case Outcome.HOLDS:
            facts = ", ".join(f"{name} {verdict.facts[name]}" for name in _TOLD if name in verdict.facts)
            unproven = f"; not proven: {', '.join(verdict.unproven)}" if verdict.unproven else ""
            return f"{file}: holds ({verdict.kind}): {facts}{unproven}"
        case Outcome.BROKEN:
            place = "" if verdict.index is None else f" at index {verdict.index}"
            return f"{file}: BROKEN{place}: {verdict.reason}"
        case Outcome.UNCHECKED:
            return f"{file}: could not be checked: {verdict.reason}"
