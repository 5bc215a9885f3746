"""profile.html: one inference at a glance, a bar per layer and per function."""

from __future__ import annotations

from typing import Any

from emgdeploy.emulate.cycles.folder import FolderProfile

_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>emgdeploy profile: {{ p.board }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em;
       color: #1b1f24; background: #fff; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
dl { display: grid; grid-template-columns: max-content auto; gap: .2em 1.2em; }
dt { color: #57606a; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25em .6em; text-align: right; border-bottom: 1px solid #d8dee4; white-space: nowrap; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
td.name { max-width: 22em; overflow: hidden; text-overflow: ellipsis; }
td.bar { width: 28%; padding-right: 0; }
td.bar div { background: #2f6feb; height: .9em; min-width: 1px; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; } th, td { border-color: #30363d; } dt { color: #9198a1; }
}
</style>
</head>
<body>
<h1>One inference on {{ p.board }} ({{ p.core }})</h1>
<dl>
{% for name, value in facts %}<dt>{{ name }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl>
<h2>Layers</h2>
<table>
<tr><th>layer</th><th>name</th><th>operator</th><th>MACs</th><th>instructions</th><th>cycles</th>
<th>cycles/MAC</th><th>code bytes</th><th>share of {{ unit }}</th></tr>
{% for row in layers %}<tr><td>{{ row.index }}</td><td class="name" title="{{ row.name }}">{{ row.name }}</td>
<td>{{ row.op }}</td><td>{{ row.macs | count }}</td><td>{{ row.instructions | count }}</td>
<td>{{ row.cycles | count }}</td><td>{{ row.cycles_per_mac | ratio }}</td><td>{{ row.code_bytes | count }}</td>
<td class="bar"><div style="width: {{ row.share }}%" title="{{ row.share }}%"></div></td></tr>
{% endfor %}</table>
<h2>Functions, without what they call</h2>
<table>
<tr><th>function</th><th>called</th><th>instructions</th><th>cycles</th><th>share of {{ unit }}</th></tr>
{% for row in functions %}<tr><td>{{ row.name }}</td><td>{{ row.entered | count }}</td>
<td>{{ row.instructions | count }}</td><td>{{ row.cycles | count }}</td>
<td class="bar"><div style="width: {{ row.share }}%" title="{{ row.share }}%"></div></td></tr>
{% endfor %}</table>
<h2>What the figures are</h2>
<ul>
{% for note in p.notes %}<li>{{ note }}</li>
{% endfor %}</ul>
</body>
</html>
"""


def render(profile: FolderProfile) -> str:
    """The HTML text; every name in it is escaped."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["count"] = lambda value: "-" if value is None else f"{value:,}"
    environment.filters["ratio"] = lambda value: "-" if value is None else f"{value:.2f}"
    table = profile.to_dict()
    unit = "instructions" if table["cycles"] is None else "cycles"
    return environment.from_string(_TEMPLATE).render(
        p=table,
        unit=unit,
        facts=facts(table),
        layers=[_shared(row, unit, table[unit]) for row in table["layers"]],
        functions=[_shared(row, unit, table[unit]) for row in table["functions"]],
    )


def facts(table: dict[str, Any]) -> list[tuple[str, str]]:
    """The totals of a profile.json as (name, text)."""
    rows = [("instructions", f"{table['instructions']:,}")]
    if table["cycles"] is not None:
        rows.append(
            ("modelled cycles", f"{table['cycles']:,} ({table['milliseconds']:.3f} ms at the board's clock)")
        )
        if table["cycles"] != table["cycles_without_waiting"]:
            rows.append(("without wait states", f"{table['cycles_without_waiting']:,} cycles"))
        rows.append(("cycle model", table["model"]))
    if table["cycles_per_mac"] is not None:
        rows.append(("cycles per MAC", f"{table['cycles_per_mac']:.2f} of {table['macs']:,} MACs"))
    rows.append(("stack", f"{table['stack_bytes']:,} bytes at the deepest"))
    rows.append(("output", "bit-exact" if table["bit_exact"] else "NOT the reference's"))
    rows.append(("firmware", table["firmware_build_id"]))
    return rows


def _shared(row: dict[str, Any], unit: str, total: int) -> dict[str, Any]:
    return {**row, "share": round(100.0 * row[unit] / total, 2)}
