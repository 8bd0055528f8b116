"""Signs in at an MCP server with the official Python SDK, 1.x or 2.x, and says each step as a line of JSON.

    python sign_in_drive.py --url http://localhost:3000/s/help-me/mcp --name me --port 3000 --call '{"tool": …}'

It says {"authorize": url} and reads where the browser was sent in the end; says what it could do then; reads `refresh`,
has its access token run out, calls again and says what came of it; reads `again` and calls once more.
Several --port: requests to the first go to each in turn.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time
from urllib.parse import parse_qs, urlsplit

import mcp
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

from mcp_drive import NEW, SDK, Implementation, httpx, resolve_localhost, streamable_http_client

if NEW:
    from mcp.shared.auth import AuthorizationCodeResult

REDIRECT = "http://127.0.0.1:33418/callback"


class Alternate(httpx.AsyncHTTPTransport):
    """Sends each request to the next node in turn, under the name that the client believes in."""

    def __init__(self, ports):
        super().__init__()
        self.ports = ports
        self.sent = [0] * len(ports)

    async def handle_async_request(self, request):
        if request.url.port == self.ports[0]:
            turn = sum(self.sent) % len(self.ports)
            self.sent[turn] += 1
            port = self.ports[turn]
            request.url = request.url.copy_with(port=port)
            request.headers["host"] = f"{request.url.host}:{port}"
        return await super().handle_async_request(request)


class Memory:
    """What the client was given."""

    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, info):
        self.client = info


async def say(told):
    print(json.dumps(told), flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    if not line:
        raise SystemExit("nobody answers")
    return line.strip()


class Person:
    """The person is elsewhere: says where they have to go, reads where their browser came back."""

    async def redirect(self, url):
        self.url = url

    async def callback(self):
        back = await say({"authorize": self.url})
        answer = {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}
        if NEW:
            return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))
        return answer["code"], answer.get("state")


@contextlib.asynccontextmanager
async def connect(options, auth, transport):
    info = Implementation(name=options.name, version=SDK)
    timeout = httpx.Timeout(30.0, read=60.0)
    async with httpx.AsyncClient(transport=transport, auth=auth, timeout=timeout) as http:
        streams = streamable_http_client(options.url, http_client=http)
        if NEW:
            async with mcp.Client(streams, mode="auto", client_info=info) as client:
                yield client
        else:
            async with streams as (read, write, _), mcp.ClientSession(read, write, client_info=info) as session:
                await session.initialize()
                yield session


async def run(options):
    storage, person, wanted = Memory(), Person(), json.loads(options.call)
    metadata = OAuthClientMetadata(
        client_name=options.name, redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
    )
    auth = OAuthClientProvider(
        server_url=options.url,
        client_metadata=metadata,
        storage=storage,
        redirect_handler=person.redirect,
        callback_handler=person.callback,
    )

    async def call(client):
        answer = (await client.call_tool(wanted["tool"], wanted["arguments"])).model_dump(by_alias=True, mode="json")
        return {"isError": bool(answer.get("isError")), "answer": answer.get("structuredContent")}

    def tokens():
        kept = storage.tokens
        return {"access": kept.access_token, "refresh": kept.refresh_token, "client": storage.client.client_id}

    transport = Alternate(options.port)
    async with connect(options, auth, transport) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        await say({"tools": tools, "call": await call(client), "tokens": tokens()})
        # This SDK refreshes when its own clock says so, and only then.
        auth.context.token_expiry_time = time.time() - 1
        await say({"call": await call(client), "tokens": tokens(), "sent": transport.sent})
        await call(client)
        raise SystemExit("nothing was worth anything, and the server let it in")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, action="append", required=True)
    parser.add_argument("--call", required=True)
    resolve_localhost()
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
