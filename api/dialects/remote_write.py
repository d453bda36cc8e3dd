"""``POST /api/v1/write``: Prometheus remote-write 1.0 and 2.0; the content type says which.

204 where all was kept; 400 with the exact counts where some was not, the rest being kept (a sender drops
the batch and goes on); 503 for trouble of ours, which a sender repeats. Never 429, which Prometheus takes
for a loss by default. Samples that say by themselves that there is no value (stale markers, NaN) count as
written.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response

from api.body import encoding_of
from api.dialects.base import Request, error_list, in_words, media_type, parameter, refused, total
from api.problems import Problem
from collectors.base import Decoded, Decoder
from collectors.keys import WireKeys
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from monitor.domain.batch import Mode
from monitor.engine.base import Accepted

VERSION_1 = "prometheus.WriteRequest"
VERSION_2 = "io.prometheus.write.v2.Request"
_VERSIONS = {VERSION_1: "0.1.", VERSION_2: "2.0."}
_NAMES = {VERSION_1: "remote write 1", VERSION_2: "remote write 2"}
_ENCODINGS = ("snappy", "zstd", "gzip", "identity")
_WRITTEN = "X-Prometheus-Remote-Write-{}-Written"


class RemoteWriteDialect:
    """Both versions of the protocol."""

    def __init__(self, keys: WireKeys, *, samples_max: int) -> None:
        self._decoders: dict[str, Decoder] = {
            VERSION_1: RemoteWriteDecoder(keys, samples_max=samples_max),
            VERSION_2: RemoteWrite2Decoder(keys, samples_max=samples_max),
        }

    def read(self, headers: Headers, query: Mapping[str, str]) -> Request:
        content_type, parameters = media_type(headers)
        proto = parameters.get("proto", VERSION_1)
        if content_type != "application/x-protobuf" or proto not in self._decoders:
            detail = f"a Content-Type of application/x-protobuf, with proto={VERSION_1} or proto={VERSION_2}"
            raise Problem(415, detail)
        said = headers.get("x-prometheus-remote-write-version", _VERSIONS[proto])
        if not said.startswith(_VERSIONS[proto]):
            detail = f"the version {said[:64]!r} is not that of {proto}, {_VERSIONS[proto]}x"
            raise Problem(415, detail, kind="wrong-version")
        encoding = encoding_of(headers, _ENCODINGS)
        mode = parameter(query, "mode", Mode)
        return Request(self._decoders[proto], proto, encoding, mode, decoder_name=_NAMES[proto])

    def answer(self, request: Request, accepted: Accepted, decoded: Decoded) -> Response:
        written = _written(accepted.accepted + sum(decoded.aside.values()))
        rejects = refused(accepted, decoded)
        if not rejects:
            return Response(status_code=204, headers=written)
        return Problem(
            400,
            f"kept but for {total(rejects)}: {in_words(rejects)}",
            kind="partial-write",
            headers=written,
            accepted=accepted.accepted,
            rejected=total(rejects),
            errors=error_list(rejects, request.place),
        ).response()

    def problem(self, problem: Problem, headers: Headers) -> Response:
        answer = problem.response()
        answer.headers.update(_written(0))
        return answer


def _written(samples: int) -> dict[str, str]:
    counts = {"Samples": samples, "Histograms": 0, "Exemplars": 0}
    return {_WRITTEN.format(what): str(count) for what, count in counts.items()}
