"""The code of docs/panel-nextjs.md, as Node runs it."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from .opened import SECONDS, Opened
from .samples import HOSTILE, sample

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[3] / "docs" / "panel-nextjs.md"


def block(after: str) -> str:
    found = re.search(re.escape(after) + r".*?```jsx?\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


async def node(folder: Path, socket: Path, *scripts: tuple[str, str], run: str) -> Any:
    """What `run` prints, as JSON."""
    for name, text in (*scripts, ("run.mjs", run)):
        (folder / name).write_text(text.replace("@/lib/", "./"), encoding="utf-8")
    program = await asyncio.create_subprocess_exec(
        "node",
        str(folder / "run.mjs"),
        env={**os.environ, "MONITOR_SOCKET": str(socket)},
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await program.communicate()
    assert program.returncode == 0
    return json.loads(printed)


async def test_lists_and_actions(window: Opened, tmp_path: Path) -> None:
    await window.keep(sample(1, error_message=HOSTILE), sample(3))
    scripts = (
        ("monitor.mjs", block("`lib/monitor.mjs`")),
        ("incidents.mjs", block("`app/api/monitor/incidents/route.js`")),
        ("retry.mjs", block("`app/api/monitor/retry/route.js`")),
    )
    run = """
        import { GET } from "./incidents.mjs";
        import { POST } from "./retry.mjs";
        import { monitor } from "./monitor.mjs";
        const page = await (await GET(new Request("http://x/?open=true&limit=5"))).json();
        const body = JSON.stringify({ incident: "00000001", user: "ana" });
        const said = await (await POST(new Request("http://x/", { method: "POST", body }))).json();
        const refused = await monitor("GET", "/incidents/ZZZZ").catch((error) => error.status);
        console.log(JSON.stringify({ page, said, refused }));
    """
    found = await node(tmp_path, window.socket, *scripts, run=run)
    assert [one["id"] for one in found["page"]["incidents"]] == ["00000001"]
    assert found["said"]["ok"] is True and found["refused"] == 404
    assert window.here.desk_now is not None and window.here.desk_now.asked[0].reason == "panel: ana"


async def test_the_stream_is_handed_on(window: Opened, tmp_path: Path) -> None:
    await window.keep(sample(1))
    scripts = (
        ("monitor.mjs", block("`lib/monitor.mjs`")),
        ("events.mjs", block("`app/api/monitor/events/route.js`")),
    )
    run = """
        import { GET } from "./events.mjs";
        const leaving = new AbortController();
        const headers = { "Last-Event-ID": "0" };
        const answer = await GET(new Request("http://x/", { headers, signal: leaving.signal }));
        let text = "";
        try {
          for await (const piece of answer.body) {
            text += Buffer.from(piece).toString();
            const found = /event: record\\nid: (\\d+)\\n/.exec(text);
            if (found) {
              console.log(JSON.stringify(Number(found[1])));
              leaving.abort();
              break;
            }
          }
        } catch { process.exit(0); }
    """
    assert await node(tmp_path, window.socket, *scripts, run=run) == 1
