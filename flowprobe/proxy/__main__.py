"""`python -m flowprobe.proxy`: the child process. It speaks JSON lines on its standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's: it needs us until the end of cleanup
    outgoing = os.dup(1)
    os.dup2(2, 1)  # whatever prints must not end up between our lines
    try:
        from flowprobe.proxy.child import serve
    except (ImportError, AttributeError) as error:
        failure = {"failed": f"mitmproxy cannot be used: {error}"}
        os.write(outgoing, json.dumps(failure).encode() + b"\n")
        sys.exit(1)
    async def serve_and_exit() -> None:
        await serve(sys.stdin.buffer, outgoing)
        sys.stderr.flush()
        os._exit(0)  # mitmproxy's open connections have no say in how long we live

    asyncio.run(serve_and_exit())


if __name__ == "__main__":
    main()
