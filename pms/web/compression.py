"""Sends large pages compressed to browsers that take it.

Only answers that ask for it, and only such that repeat nothing of the request but what was read as a date, a number or one
of a few words: where a page holds a secret (the token of its forms) beside text that somebody else can choose, the length of
the compressed page tells the secret piece by piece (BREACH).
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Response

# Below this the headers weigh more than what is saved.
_LEAST = 2000
# Three quarters of what the best level saves, in a quarter of its time.
_LEVEL = 4


def compress(response: Response) -> Response:
    """The answer in gzip where the browser takes that; `Vary` says that others get it as it is."""
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) < _LEAST or not request.accept_encodings["gzip"]:
        return response
    response.set_data(gzip.compress(body, _LEVEL, mtime=0))
    response.content_encoding = "gzip"
    return response
