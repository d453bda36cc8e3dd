"""A GET of a server that is only read: with an end to it, a limit to the body, and no secret in errors."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Mapping

import httpx2

from collectors.pulled import ReadSecret, SourceFailed
from collectors.source_fields import Spoken

_PIECE_BYTES = 1 << 16


class HttpReading:
    """Kept connections to what one source speaks to. Threads may share it.

    Redirects are not followed, since a token would travel along, and proxies of the environment are not
    asked. Bodies come uncompressed, so that the limit holds for what is held in memory too.
    """

    def __init__(self, spoken: Spoken, timeout_ms: int, read_secret: ReadSecret) -> None:
        self._spoken = spoken
        self._timeout_s = timeout_ms / 1_000
        self._read_secret = read_secret
        self._client = httpx2.Client(trust_env=False, follow_redirects=False)

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Status, content type and body. Raises SourceFailed: no answer in time, too long, no secret."""
        end_s = time.monotonic() + self._timeout_s
        body = bytearray()
        try:
            with self._client.stream(
                "GET", url, params=parameters, headers=self._headers(headers), timeout=self._timeout_s
            ) as answer:
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise SourceFailed("the answer is compressed, which was not asked for")
                for piece in answer.iter_raw(_PIECE_BYTES):
                    body += piece
                    if len(body) > self._spoken.body_bytes_max:
                        raise SourceFailed(f"the answer is longer than {self._spoken.body_bytes_max} bytes")
                    if time.monotonic() > end_s:
                        raise SourceFailed(f"no whole answer in {self._timeout_s:g} s")
                return answer.status_code, answer.headers.get("content-type", ""), bytes(body)
        except httpx2.TimeoutException:
            raise SourceFailed(f"no answer in {self._timeout_s:g} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SourceFailed(f"no answer: {str(error)[:200] or type(error).__name__}") from None

    def close(self) -> None:
        self._client.close()

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        headers = {"accept-encoding": "identity", "user-agent": "watchkeeper", **(more or {})}
        if self._spoken.token is not None:
            headers["authorization"] = f"Bearer {self._read_secret(self._spoken.token).strip()}"
        elif self._spoken.login is not None:
            login = self._read_secret(self._spoken.login).strip()
            headers["authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        return headers
