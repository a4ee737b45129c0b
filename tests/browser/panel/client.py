"""What a generated client (openapi-python-client) gets from the monitor, over its unix socket."""

import json
import sys

import httpx
from monitor_client import Client
from monitor_client.api.monitor import get_incidents, get_incidents_by_id, get_status
from monitor_client.api.requests import post_requests
from monitor_client.models import Error, IncidentPage, IncidentStory, Reply, RetryRequest, Status, TypeSilenceRequest

transport = httpx.HTTPTransport(uds=sys.argv[1])
client = Client("http://monitor", httpx_args={"transport": transport})
status = get_status.sync(client=client)
page = get_incidents.sync(client=client, open_=True, limit=5)
assert isinstance(status, Status) and isinstance(page, IncidentPage)
story = get_incidents_by_id.sync(page.incidents[0].id, client=client)
assert isinstance(story, IncidentStory)
retry = RetryRequest.from_dict(
    {"kind": "retry", "incident": page.incidents[0].id, "reason": "prueba", "on_behalf_of": "ana"}
)
done = post_requests.sync(client=client, body=retry)
assert isinstance(done, Reply)
silence = {"kind": "silence", "scope": "type", "value": "timeout", "seconds": 1, "reason": "prueba"}
refused = post_requests.sync(client=client, body=TypeSilenceRequest.from_dict(silence))
assert isinstance(refused, Error)
print(
    json.dumps(
        {
            "lag": status.lag,
            "unit": status.unit_active,
            "first": page.incidents[0].estado,
            "history": len(story.history),
            "done": done.code,
            "refused": list(refused.fields.to_dict()),
        }
    )
)
