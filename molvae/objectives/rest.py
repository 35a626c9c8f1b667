"""Measure: a scoring server that receives SMILES over HTTP and returns a number for each."""

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

from pydantic import (
    JsonValue,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    field_validator,
    model_validator,
)

from molvae.chem.molecule import Molecule
from molvae.errors import ConfigError, ObjectiveError
from molvae.objectives.desirability import AnyCurve
from molvae.objectives.http_post import Reply, ReplyLimits, connection_problem, post_json
from molvae.objectives.isolation import FailedBatch, read_in_batches
from molvae.objectives.measure import Readings
from molvae.objectives.rest_payloads import Payload
from molvae.settings import Settings

_BYTES_PER_MOLECULE = 10_000
"""Maximum size of an answer; a longer one is not read."""
_FIRST_WAIT_SECONDS = 0.5
"""Pause before the first retry; doubled for each further one."""
_CHECK_SECONDS = 10.0
_MAX_FAILURES = 10
"""Failed requests for a batch after which its other molecules are not asked for any more. Seven
isolate one molecule among 100; each may take as long as `timeout_seconds`."""


class RestMeasure(Settings):
    """Numbers from a scoring server, to which SMILES are posted as JSON over HTTP.

    A server that cannot be reached, or is busy (status 429, 502, 503 or 504), is asked again after
    a pause; then the batch has no value. If it answers with another error, too late or with wrong
    JSON, it is asked again with fewer molecules, until the failing ones are identified. These are
    reported and have no value, and neither have molecules for which the server gives no number.
    """

    kind: Literal["rest"] = "rest"
    url: str
    """Address of the server, such as http://localhost:8000/score."""
    payload: Payload = Payload.SMILES
    """Format of the JSON: `smiles` posts {"smiles": [...]} and expects {"scores": [...]};
    `molscore` and `reinvent` are those of MolScore's servers and of REINVENT 4's REST component."""
    key: str | None = None
    """`smiles`: key of the list, such as payload.score (default: scores); `molscore`: key of the
    number in each item (required)."""
    predictor_id: str | None = None
    """`reinvent`: name of the model on the server."""
    predictor_version: str | None = None
    """`reinvent`: version of that model."""
    headers: tuple[str, ...] = ()
    """HTTP headers, such as "Authorization: Bearer TOKEN"; not kept in the records of a search."""
    timeout_seconds: PositiveFloat = 60.0
    """Time limit for one request, in seconds."""
    at_once: PositiveInt = 100
    """Maximum number of molecules per request."""
    retries: NonNegativeInt = 3
    """Further attempts if the server cannot be reached, after 0.5, 1, 2, ... seconds."""

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[!-~]+", url):
            raise ValueError("write an address such as http://localhost:8000/score")
        address = urlsplit(url)
        # The port is read only here; it may be no number.
        if not address.hostname or address.port == 0:
            raise ValueError("the address has no host, or the port 0")
        if address.username is not None:
            raise ValueError("write a user name and password into 'headers', not into the address")
        return url

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: tuple[str, ...]) -> tuple[str, ...]:
        for header in headers:
            name, colon, _ = header.partition(":")
            if not colon or not name.strip() or not header.isascii() or not header.isprintable():
                raise ValueError(f"write {name[:20]!r} as 'Name: value'")
        return headers

    @model_validator(mode="after")
    def _settings_fit_the_payload(self) -> "RestMeasure":
        if self.payload is Payload.MOLSCORE and self.key is None:
            raise ValueError("payload = 'molscore' requires a key, such as 'pred_proba'")
        if self.payload is Payload.REINVENT and self.key is not None:
            raise ValueError("payload = 'reinvent' has no key; remove it")
        is_named = self.predictor_id is not None or self.predictor_version is not None
        if is_named and self.payload is not Payload.REINVENT:
            raise ValueError("predictor_id and predictor_version require payload = 'reinvent'")
        return self

    def label(self) -> str:
        return "rest"

    def usual_curve(self) -> AnyCurve | None:
        return None

    def identity(self) -> JsonValue:
        shown = {"kind", "url", "payload", "key", "predictor_id", "predictor_version"}
        described: JsonValue = self.model_dump(mode="json", include=shown)
        return described

    def within(self, folder: Path) -> "RestMeasure":
        del folder  # The settings name no file.
        return self

    def action(self) -> str:
        return f"sends molecules to {self.url}"

    def check(self) -> None:
        problem = connection_problem(self.url, min(self.timeout_seconds, _CHECK_SECONDS))
        if problem:
            raise ConfigError(
                f"no server answers at {self.url} ({problem}); start it, or check the address"
            )

    def __call__(self, molecules: Sequence[Molecule]) -> Readings:
        return read_in_batches(molecules, self._ask, self.at_once, _MAX_FAILURES)

    def _ask(self, smiles: Sequence[str]) -> list[object] | FailedBatch:
        reply = self._post(smiles)
        for attempt in range(self.retries):
            if not reply.is_unavailable:
                break
            time.sleep(_FIRST_WAIT_SECONDS * 2**attempt)
            reply = self._post(smiles)
        if reply.problem:
            reason = f"the server at {self.url} {reply.problem}"
            return FailedBatch(reason, is_outage=reply.is_unavailable)
        try:
            return self.payload.read(reply.content, self.key, len(smiles))
        except ObjectiveError as error:
            return FailedBatch(f"the answer of the server cannot be used: {error}")

    def _post(self, smiles: Sequence[str]) -> Reply:
        headers = {
            name.strip(): value.strip()
            for name, _, value in (header.partition(":") for header in self.headers)
        }
        limits = ReplyLimits(self.timeout_seconds, _BYTES_PER_MOLECULE * len(smiles))
        return post_json(self._full_url(), self.payload.content(smiles), headers, limits)

    def _full_url(self) -> str:
        """The address, with the query that names the model for REINVENT's servers."""
        if self.payload is not Payload.REINVENT:
            return self.url
        named = {"predictor_id": self.predictor_id, "predictor_version": self.predictor_version}
        given = {name: value for name, value in named.items() if value is not None}
        query = urlencode({**given, "inp_fmt": "smiles"})
        address = urlsplit(self.url)
        return urlunsplit(address._replace(query="&".join(filter(None, (address.query, query)))))
