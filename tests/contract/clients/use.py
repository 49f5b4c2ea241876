"""A post by a client that openapi-python-client made: `python use.py ADDRESS KEY ACCOUNT`."""

import json
import sys

from polypost_client import AuthenticatedClient
from polypost_client.api.posts import create_post, get_post
from polypost_client.models import CreateBody, Failure, TwitterEntry

address, key, account = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token=key, auth_header_name="x-access-key", prefix="")
target = TwitterEntry(platform="twitter", account_id=account)

body = CreateBody(content="By a generated Python client", publish_now=True, platforms=[target])
made = create_post.sync(client=client, body=body)
if made is None or isinstance(made, Failure):
    raise SystemExit(made and made.message)

found = get_post.sync(made.post_id, client=client)
if found is None or isinstance(found, Failure):
    raise SystemExit(found and found.message)

refused = create_post.sync(client=client, body=CreateBody(content="", platforms=[]))
if not isinstance(refused, Failure):
    raise SystemExit("A post without anything in it was taken.")

print(
    json.dumps(
        {
            "status": found.post.status,
            "address": found.post.platforms[0].platform_post_url,
            "problems": [problem.path for problem in refused.errors or []],
        }
    )
)
