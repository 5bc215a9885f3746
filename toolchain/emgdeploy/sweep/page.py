"""sweep.html: accuracy over cycles as a picture, and the front as a table."""

from __future__ import annotations

import math
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BELOW = 640, 320, 56, 40
_COLOURS = ("#2f6feb", "#bf8700", "#1a7f37", "#cf222e", "#8250df", "#57606a")

_TEMPLATE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>emgdeploy sweep: {{ a.board }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em;
       color: #1b1f24; background: #fff; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25em .6em; text-align: right; border-bottom: 1px solid #d8dee4; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
pre { overflow-x: auto; }
@media (prefers-color-scheme: dark) {
  body { color: #e6edf3; background: #0d1117; } th, td { border-color: #30363d; }
}
</style>
</head>
<body>
<h1>The best networks for {{ a.board }}</h1>
<p><strong>{{ a.verdict }}</strong></p>
<p>{{ a.trials | length }} candidates on {{ a.dataset }}, chosen on {{ a.folds }} folds of {{ a.chosen_on | length }}
recordings; the last column is of {{ a.reported_on | length }} recordings that no decision has seen
(split {{ a.split }}). All accuracies are int8's, cycles are modelled.</p>
<svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="accuracy over cycles">
<line x1="{{ left }}" y1="{{ floor }}" x2="{{ width }}" y2="{{ floor }}" stroke="currentColor"/>
<line x1="{{ left }}" y1="0" x2="{{ left }}" y2="{{ floor }}" stroke="currentColor"/>
{% for x, text in ticks_x %}<text x="{{ x }}" y="{{ floor + 16 }}" text-anchor="middle">{{ text }}</text>
{% endfor %}{% for y, text in ticks_y %}<text x="{{ left - 6 }}" y="{{ y + 4 }}" text-anchor="end">{{ text }}</text>
{% endfor %}{% for p in points %}<circle cx="{{ p.x }}" cy="{{ p.y }}" r="{{ 6 if p.front else 3 }}"
 fill="{{ p.colour }}"><title>{{ p.text }}</title></circle>
{% endfor %}{% for name, colour in families %}<text x="{{ left + 8 + loop.index0 * 110 }}" y="{{ height - 4 }}"
 style="fill: {{ colour }}">{{ name }}</text>
{% endfor %}</svg>
<h2>The front: what no other candidate beats, and no other network of learned features</h2>
<div class="wide"><table>
<tr><th>network</th><th>width</th><th>window</th><th>log</th><th>electrodes</th><th>cycles</th><th>ms</th><th>RAM</th>
<th>flash</th><th>folds</th><th>LDA there</th><th>unseen trials</th></tr>
{% for r in front %}<tr><td>{{ r.network }}</td><td>{{ r.settings.width }}</td><td>{{ r.settings.window }}</td>
<td>{{ r.settings.log }}</td><td>{{ r.settings.electrodes }}</td><td>{{ r.cycles | count }}</td>
<td>{{ "-" if r.latency_ms is none else "%.2f" | format(r.latency_ms) }}</td><td>{{ r.ram_bytes | count }}</td>
<td>{{ r.flash_bytes | count }}</td><td>{{ r.accuracy_int8 | percent }} ± {{ r.spread | percent }}</td>
<td>{{ r.lda_accuracy | percent }}</td><td>{{ (r.test or {}).get("accuracy") | percent }}</td></tr>
{% endfor %}</table></div>
<h2>To build one</h2>
<pre>{% for r in front %}{% if r.build_command %}{{ r.build_command }}
{% endif %}{% endfor %}</pre>
{% if left_out %}<h2>Not trained</h2>
<ul>{% for r in left_out %}<li>{{ r.network }} width {{ r.settings.width }}: {{ r.why }}</li>
{% endfor %}</ul>{% endif %}
</body>
</html>
"""


def render(answer: dict[str, Any]) -> str:
    """The HTML text; every name in it is escaped."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["count"] = lambda value: "-" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value: "-" if value is None else f"{value:.1%}"
    by_id = {row["id"]: row for row in answer["trials"]}
    shown = list(dict.fromkeys([*answer["front"], *answer["front_learned"]]))
    return environment.from_string(_TEMPLATE).render(
        a=answer,
        front=[by_id[key] for key in shown],
        left_out=[row for row in answer["trials"] if row["state"] == "not trained"],
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        floor=_HEIGHT - _BELOW,
        **_picture([row for row in answer["trials"] if row["accuracy_int8"] is not None], shown),
    )


def _picture(rows: list[dict[str, Any]], front: list[str]) -> dict[str, Any]:
    """Points, ticks and colours; cycles on a logarithmic axis."""
    names = sorted({row["network"] for row in rows})
    colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
    effort = [max(1, row["cycles"] or row["instructions"] or row["macs"]) for row in rows] or [1]
    lowest, highest = math.floor(math.log10(min(effort))), math.ceil(math.log10(max(effort) + 1))
    least = min((row["accuracy_int8"] for row in rows), default=0.0)
    bottom = math.floor(10 * least) / 10 if least < 1 else 0.9
    floor = _HEIGHT - _BELOW

    def x(value: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - 20) * (math.log10(value) - lowest) / (highest - lowest), 1)

    def y(value: float) -> float:
        return round(10 + (floor - 10) * (1 - (value - bottom) / (1 - bottom)), 1)

    points = [
        {
            "x": x(value),
            "y": y(row["accuracy_int8"]),
            "front": row["id"] in front,
            "colour": colours[row["network"]],
            "text": f"{row['network']} width {row['settings']['width']}: {row['accuracy_int8']:.1%}, {value:,}",
        }
        for row, value in zip(rows, effort, strict=False)
    ]
    steps = [bottom + (1 - bottom) * part / 4 for part in range(5)]
    return {
        "points": points,
        "ticks_x": [(x(10**power), f"{10**power:,}") for power in range(lowest, highest + 1)],
        "ticks_y": [(y(value), f"{value:.1%}") for value in steps],
        "families": list(colours.items()),
    }
