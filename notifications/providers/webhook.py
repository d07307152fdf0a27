"""To partners' servers, as standard-webhooks says (standardwebhooks.com).

Every attempt has the same `webhook-id`, and is signed anew with its own time.
"""

import json
from datetime import datetime

from standardwebhooks import Webhook

from notifications.endpoints import see_is_plausible
from notifications.models.messages import public_id_of
from notifications.providers.base import Envelope, Outcome, Request, Response, Result

AGENT = "Tiffin-Webhooks/1.0"
ANSWER_LENGTH = 300
LONGEST_RETRY_AFTER = 6 * 3600.0
OK, REDIRECT, REDIRECTED, GONE, TOO_MANY, SERVER_ERROR = 200, 300, 400, 410, 429, 500


class WebhookProvider:
    """Partners' own servers: each answers for itself only."""

    def prepare(self) -> Outcome | None:
        """Do nothing: each endpoint has a secret of its own."""
        return None

    def request(self, envelope: Envelope, now: datetime) -> Request:
        see_is_plausible(envelope.address)
        assert envelope.keys is not None
        body = _body(envelope)
        message_id = str(public_id_of(envelope.message_id))
        signatures = " ".join(
            Webhook(secret).sign(message_id, now, body.decode())
            for secret in envelope.keys
            if secret
        )
        headers = [
            "Content-Type: application/json",
            f"User-Agent: {AGENT}",
            f"webhook-id: {message_id}",
            f"webhook-timestamp: {int(now.timestamp())}",
            f"webhook-signature: {signatures}",
        ]
        return Request(
            envelope.address, headers, body, is_guarded=True, is_impatient=True
        )

    def judge(self, envelope: Envelope, response: Response) -> Outcome:
        """Accept any 2xx; whatever else may be mended by tomorrow, but for a 410."""
        words = response.body[:ANSWER_LENGTH].decode(errors="replace").strip()
        # The database has no NUL.
        answer = f"{response.status} {words}".replace("\0", "").strip()[:ANSWER_LENGTH]
        if OK <= response.status < REDIRECT:
            return Outcome(Result.ACCEPTED, answer)
        if response.status == GONE:
            return Outcome(
                Result.PERMANENT, answer, "endpoint_gone", is_endpoint_dead=True
            )
        wait = response.retry_after
        if wait is not None:
            wait = min(wait, LONGEST_RETRY_AFTER)
        return Outcome(Result.RETRY, answer, _reason(response.status), wait)


def _reason(status: int) -> str:
    if status >= SERVER_ERROR:
        return "provider_error"
    if status == TOO_MANY:
        return "rate_limited"
    return "redirected" if REDIRECT <= status < REDIRECTED else "refused"


def _body(envelope: Envelope) -> bytes:
    """Write the event, the same bytes for every endpoint that hears of it."""
    body = envelope.subject.prepared.get(WebhookProvider)
    if body is None:
        event = envelope.subject.context["payload"]
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        envelope.subject.prepared[WebhookProvider] = body
    return body
