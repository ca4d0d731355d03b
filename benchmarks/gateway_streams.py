"""A thousand open streams through one web process: what they add to its memory."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.product import ROOT, Product, free_port

CHUNK = {"choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}


def megabytes_of_streams(count: int) -> float:
    """What `count` streams, each in its middle, take: the process's own memory with and without them."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(count, Path(folder)))


async def _measured(count: int, folder: Path) -> float:
    from benchmarks.gateway import running, token_on

    mock, port = free_port(), free_port()
    server = await asyncio.start_server(_slow, "127.0.0.1", mock, backlog=4096)
    environ = os.environ | {
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "WEB_PROCESSES": "1",
        "LOG_LEVEL": "warning",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{mock}/v1",
    }
    url = f"http://127.0.0.1:{port}"
    loop = asyncio.get_running_loop()
    product = running([str(ROOT / "bin" / "run")], 0, f"{url}/readyz", environ)
    started = await loop.run_in_executor(None, product.__enter__)
    try:
        token = await loop.run_in_executor(None, token_on, Product(url, environ))
        await asyncio.gather(*(_read(port, token, 1) for _ in range(20)))
        before = _memory(started.pid)
        readers = [asyncio.create_task(_read(port, token, 6)) for _ in range(count)]
        await asyncio.sleep(15)
        during = _memory(started.pid)
        done = await asyncio.gather(*readers)
        assert all(done), f"{done.count(False)} streams broke off"
        return during - before
    finally:
        server.close()
        await loop.run_in_executor(None, product.__exit__, None, None, None)


async def _slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A chat that takes half a minute; a probe is answered at once."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().partition("content-length: ")[2].partition("\r")[0] or 0)
    body = json.loads(await reader.readexactly(length) or b"{}")
    seconds = 30 if body.get("stream") else 0
    kind = "text/event-stream" if body.get("stream") else "application/json"
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode())
    if not seconds:
        whole = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
        writer.write(json.dumps(whole).encode())
    for _ in range(seconds):
        writer.write(b"data: " + json.dumps(CHUNK).encode() + b"\n\n")
        await writer.drain()
        await asyncio.sleep(1)
    if seconds:
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        writer.write(b"data: " + json.dumps(last).encode() + b"\n\ndata: [DONE]\n\n")
    writer.close()


async def _read(port: int, token: str, least_chunks: int) -> bool:
    """Whether a stream came to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps(
        {
            "model": "gpt-5-mini",
            "stream": least_chunks > 1,
            "messages": [{"role": "user", "content": "Hello"}],
        }
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    told = await reader.read()
    writer.close()
    return b"200 OK" in told and (least_chunks == 1 or b"[DONE]" in told)


def _memory(pid: int) -> float:
    """The web worker's own memory in MB (USS): the gunicorn child with the largest."""
    found = subprocess.run(["pgrep", "-f", "gunicorn"], capture_output=True, text=True, check=False)
    family = [int(line) for line in found.stdout.split() if _is_below(int(line), pid)]
    return max(map(_uss, family), default=0.0)


def _is_below(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def _uss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


if __name__ == "__main__":
    print(f"{megabytes_of_streams(int(sys.argv[1])):.1f} MB")
