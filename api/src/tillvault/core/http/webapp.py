"""The web app, served at `/` from the folder into which it was built (record 31)."""

from __future__ import annotations

import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from tillvault.core.errors import PathNotFound

router = APIRouter(include_in_schema=False)

DIST = Path(__file__).resolve().parents[5] / "frontend" / "dist"
"""The same place in the repository and in the image."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Names of assets carry a hash of their content; whatever else there is may change with the next build.
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Tillvault</title>
<h1>The web app has not been built</h1>
<p>The API works. <code>make run</code> builds the web app when Node and the npm registry can be reached; it says
what was missing. The API's documentation is at <a href="/docs">/docs</a>.</p></html>
"""

mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")


@lru_cache(maxsize=1024)
def _media_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _file(path: Path, request: Request, cache_control: str) -> Response:
    """A file as it is, or as the build has compressed it for those who accept that; nothing but its name to whoever has
    it already."""
    headers = {"Cache-Control": cache_control, "Content-Security-Policy": POLICY, "Vary": "Accept-Encoding"}
    accepted = request.headers.get("accept-encoding", "")
    for encoding, ending in _ENCODINGS:
        smaller = path.with_name(path.name + ending)
        if encoding in accepted and smaller.is_file():
            headers["Content-Encoding"] = encoding
            return _unless_held(FileResponse(smaller, **_as(path, smaller, headers)), request)
    return _unless_held(FileResponse(path, **_as(path, path, headers)), request)


def _as(path: Path, sent: Path, headers: dict[str, str]) -> dict[str, Any]:
    return {"media_type": _media_type(path.name), "headers": headers, "stat_result": sent.stat()}


def _unless_held(response: FileResponse, request: Request) -> Response:
    """304 where the browser names the very file (RFC 9110, section 13.1.2). Each build has names of its own."""
    held = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if response.headers["etag"] not in held and "*" not in held:
        return response
    told = ("cache-control", "content-security-policy", "vary", "etag", "last-modified")
    return Response(status_code=304, headers={name: response.headers[name] for name in told})


@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/till", methods=["GET", "HEAD"])
@router.api_route("/till/{page:path}", methods=["GET", "HEAD"])
@router.api_route("/desk", methods=["GET", "HEAD"])
@router.api_route("/desk/{page:path}", methods=["GET", "HEAD"])
@router.api_route("/setup", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """Every page is the same file; the app's router reads the address."""
    index = DIST / "index.html"
    if not index.is_file():
        return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": _ASK_AGAIN})
    return _file(index, request, _ASK_AGAIN)


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
async def asset(name: str, request: Request) -> Response:
    return _named(DIST / "assets", name, request, _FOREVER)


@router.api_route("/{name}", methods=["GET", "HEAD"])
async def root_file(name: str, request: Request) -> Response:
    """Files that must stand at the root: the icon, the manifest, the service worker. Registered last."""
    return _named(DIST, name, request, _ASK_AGAIN)


def _named(folder: Path, name: str, request: Request, cache_control: str) -> Response:
    """A file that the build has put there. Raises PathNotFound."""
    # A name is one segment of the path, so only these could lead out of the folder or to what is not for serving.
    path = folder / name
    if name.startswith(".") or "\\" in name or "\0" in name or not path.is_file() or name == "index.html":
        raise PathNotFound
    return _file(path, request, cache_control)


ROUTERS = (router,)
