"""The page on which a developer sees what was sent, as on a phone."""

from html import escape
from time import localtime, strftime
from typing import Any

SHOWN = 100
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<title>{total} sent</title>
<style>
body {{ margin: 0; background: #e5e7eb; font: 15px/1.4 system-ui, sans-serif;
  color: #111827; }}
main {{ max-width: 26rem; margin: 0 auto; padding: 1rem; }}
h1 {{ font-size: 1.1rem; margin: 0 0 .25rem; }}
p {{ margin: 0; overflow-wrap: anywhere; white-space: pre-line; }}
ul {{ list-style: none; margin: .75rem 0; padding: 0; }}
li {{ background: #fff; border-radius: 14px; padding: .6rem .8rem;
  margin-bottom: .5rem; box-shadow: 0 1px 2px #0002; }}
.line {{ display: flex; gap: .5rem; font-size: .8rem; color: #4b5563; }}
.endpoint {{ flex: 1; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }}
.title {{ font-weight: 600; }}
</style>
</head>
<body>
<main>
<h1>{total} messages sent</h1>
<p>{counts}</p>
<ul>
{messages}
</ul>
</main>
</body>
</html>
"""
MESSAGE = """<li>
<div class="line"><b>{provider}</b> <span class="endpoint">{endpoint}</span>
<time>{at}</time></div>
<p class="title">{title}</p>
<p>{text}</p>
</li>"""


def render(entries: list[dict[str, Any]], count: dict[str, Any]) -> str:
    by_provider = count["by_provider"].items()
    return PAGE.format(
        total=count["total"],
        counts=" · ".join(f"{provider} {number}" for provider, number in by_provider),
        messages="\n".join(_message(entry) for entry in entries),
    )


def _message(entry: dict[str, Any]) -> str:
    said = {
        name: escape(entry[name]) for name in ("provider", "endpoint", "title", "text")
    }
    return MESSAGE.format(at=strftime("%H:%M:%S", localtime(entry["at"])), **said)
