"""Drives an MCP server as an end user's client would, with the official Python SDK, and prints what happened as JSON.

Runs with either generation of the SDK: mcp 2.x speaks both eras (--era chooses), mcp 1.x speaks 2025-11-25 only.

    python mcp_drive.py --url http://help-me.localhost:3000/mcp --era 2026-07-28 \
        --walkthrough "First steps" --title "It broke" --problem "Nothing happens" --email ann@example.test

Several --url alternate request by request: the same endpoint on several nodes.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import json
import socket
import sys
import time
from urllib.parse import urlsplit

import mcp

SDK = importlib.metadata.version("mcp")
NEW = int(SDK.split(".")[0]) >= 2
if NEW:
    import httpx2 as httpx
    from mcp.client.streamable_http import streamable_http_client
    from mcp_types import Implementation
else:
    import httpx
    from mcp.client.streamable_http import streamable_http_client
    from mcp.types import Implementation

HANDSHAKE, STATELESS = "2025-11-25", "2026-07-28"
VISITOR = "guildhall/visitor"


def resolve_localhost():
    """Every name below .localhost is this machine (RFC 6761, 6.3), also where the system's resolver says nothing."""
    system = socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and name.rstrip(".").endswith(".localhost"):
            host = "127.0.0.1"
        return system(host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


class Alternate(httpx.AsyncHTTPTransport):
    """Sends each request to the next node in turn; the client above knows of one address only."""

    def __init__(self, urls):
        super().__init__()
        self.urls = [urlsplit(url) for url in urls]
        self.sent = [0] * len(urls)

    async def handle_async_request(self, request):
        turn = sum(self.sent) % len(self.urls)
        self.sent[turn] += 1
        node = self.urls[turn]
        request.url = request.url.copy_with(host=node.hostname, port=node.port)
        request.headers["host"] = node.netloc
        return await super().handle_async_request(request)


@contextlib.asynccontextmanager
async def connect(options, transport):
    """A connected session and the revision it speaks."""
    info = Implementation(name=options.client_name, version=SDK)
    timeout = httpx.Timeout(30.0, read=60.0)
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        if NEW:
            # "auto" is what a user's client does: it asks server/discover, and shakes hands where that is unknown.
            mode = "auto" if options.era == STATELESS else "legacy"
            streams = streamable_http_client(options.url[0], http_client=http)
            async with mcp.Client(streams, mode=mode, client_info=info, read_timeout_seconds=60) as client:
                yield client, client.protocol_version
        else:
            async with streamable_http_client(options.url[0], http_client=http) as (read, write, _):
                async with mcp.ClientSession(read, write, client_info=info) as session:
                    hello = await session.initialize()
                    yield session, str(hello.protocolVersion)


class Drive:
    """One client, every call it makes, and what came back."""

    def __init__(self, client):
        self.client = client
        self.visitor = None
        self.calls = []

    async def call(self, tool, **arguments):
        """Calls a tool; an anonymous caller says who it was before, as the server asked it to."""
        given = {key: value for key, value in arguments.items() if value is not None}
        if self.visitor is not None:
            given["visitor"] = self.visitor
        started = time.time()
        result = await self.client.call_tool(tool, given)
        took = time.time() - started
        answer = result.model_dump(by_alias=True, mode="json")
        meta = answer.get("_meta") or {}
        self.visitor = meta.get(VISITOR, self.visitor)
        self.calls.append({
            "tool": tool,
            "arguments": given,
            "isError": bool(answer.get("isError")),
            "text": "\n".join(part["text"] for part in answer["content"] if part["type"] == "text"),
            "structuredContent": answer.get("structuredContent"),
            "visitor": meta.get(VISITOR),
            "startedAt": round(started * 1000),
            "durationMs": round(took * 1000, 1),
        })
        return self.calls[-1]

    async def ask(self, tool, status, **arguments):
        """Calls a tool that must succeed with one of these statuses."""
        call = await self.call(tool, **arguments)
        said = (call["structuredContent"] or {}).get("status")
        if call["isError"] or said not in status:
            raise SystemExit(f"{tool} {arguments}: expected {status}, got {json.dumps(call)[:2000]}")
        return call["structuredContent"]

    async def walk(self, name, restart):
        """Takes every step of a walkthrough; its step ids in order."""
        answer = await self.ask("start_walkthrough", ["step"], name=name, restart=restart or None)
        steps = []
        while answer["status"] == "step":
            steps.append(answer["step"]["id"])
            if len(steps) > 500:
                raise SystemExit(f"{name}: no end after 500 steps")
            answer = await self.ask("get_next_step", ["step", "finished"], currentStepId=steps[-1])
        return steps


async def run(options):
    transport = Alternate(options.url)
    report = {"sdk": f"python mcp {SDK}", "era": options.era, "urls": options.url, "startedAt": round(time.time() * 1000)}
    async with connect(options, transport) as (client, version):
        report["protocolVersion"] = version
        if version != options.era:
            raise SystemExit(f"asked for {options.era}, the server made it {version}")
        report["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        drive = Drive(client)
        await drive.call("start_walkthrough", name="There is no walkthrough of this name")
        if len(options.walkthrough) > 1:
            await drive.ask("start_walkthrough", ["choose"])
        report["steps"] = {name: await drive.walk(name, options.restart) for name in options.walkthrough}
        support = {"title": options.title, "problemDescription": options.problem, "email": options.email}
        report["ticket"] = await drive.ask("get_support", ["pending", "needs_email"], **support)
        report["calls"] = drive.calls
    tools = [call["tool"] for call in drive.calls]
    report["callsPerTool"] = {tool: tools.count(tool) for tool in sorted(set(tools))}
    report["requestsPerUrl"] = transport.sent
    report["finishedAt"] = round(time.time() * 1000)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", action="append", required=True)
    parser.add_argument("--era", choices=[STATELESS, HANDSHAKE], default=STATELESS if NEW else HANDSHAKE)
    parser.add_argument("--client-name", default="guildhall-mcp-drive")
    parser.add_argument("--walkthrough", action="append", default=[], help="title; may be repeated")
    parser.add_argument("--restart", action="store_true", help="begin walkthroughs anew")
    parser.add_argument("--title", required=True)
    parser.add_argument("--problem", required=True)
    parser.add_argument("--email")
    options = parser.parse_args()
    if options.era == STATELESS and not NEW:
        parser.error(f"mcp {SDK} does not speak {STATELESS}")
    resolve_localhost()
    json.dump(asyncio.run(run(options)), sys.stdout)


if __name__ == "__main__":
    main()
