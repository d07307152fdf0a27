"""What Twilio tells: statuses of messages, and messages of people."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications.services.sms import (
    is_from_twilio,
    receive_sms,
    record_twilio_status,
)

NOTHING_TO_SAY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def twilio_only(view: View[Rest]) -> View[Rest]:
    """Refuse what Twilio has not signed."""

    @wraps(view)
    def checked(
        request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponse:
        is_theirs = is_from_twilio(
            path=request.get_full_path(),
            form=list(request.POST.lists()),
            signature=request.headers.get("X-Twilio-Signature", ""),
        )
        if not is_theirs:
            return HttpResponseForbidden()
        return view(request, *args, **kwargs)

    return checked


@csrf_exempt
@require_POST
@twilio_only
def twilio_status(request: HttpRequest, token: str) -> HttpResponse:
    record_twilio_status(token=token, form=request.POST)
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
@twilio_only
def twilio_inbound(request: HttpRequest) -> HttpResponse:
    receive_sms(
        from_number=request.POST.get("From", ""), text=request.POST.get("Body", "")
    )
    # Twilio's own answers to STOP and START are enough.
    return HttpResponse(NOTHING_TO_SAY, content_type="text/xml")
