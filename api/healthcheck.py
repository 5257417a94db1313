"""Whether the API of this container answers; the image has Python and no curl. Exit code 0 or 1."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

try:
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or "8000"), timeout=2.5)
    connection.request("GET", "/health/ready")
    sys.exit(0 if connection.getresponse().status == 200 else 1)
except (OSError, HTTPException):
    sys.exit(1)
