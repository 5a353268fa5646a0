"""The template of report.html: one page, readable without a network, in the language of jinja2."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pianolab: {{ datasets | map(attribute="name") | join(", ") }}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 66rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .55rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th.t, td.t { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
thead th { border-bottom: 2px solid #333; }
.wide { overflow-x: auto; } figure { margin: 1rem 0; } figcaption { font-size: .9rem; color: #444; }
img { max-width: 100%; height: auto; }
.failed { background: #fdf0e7; border-left: 4px solid #D55E00; padding: .5rem 1rem; }
code { background: #f3f3f3; padding: .1rem .3rem; overflow-wrap: anywhere; } .small { font-size: .85rem; color: #444; }
</style>
</head>
<body>
<h1>Which detector hears the piano best?</h1>
<p class="small">{{ about.date }} · pianolab {{ about.pianolab }} ·
{{ about.recordings | length }} recordings{% if about.settings.seconds is not none %}, the first
{{ "%g" | format(about.settings.seconds) }} s of each{% endif %}, split {{ about.settings.split }}</p>
{% if failures %}
<p class="failed"><strong>{{ failures | length }} failed.</strong> They have no scores and are not in the means:
<a href="#failed">what failed and why</a>.</p>
{% endif %}
{% for data in datasets %}
<section>
<h2>{{ data.name }} ({% if data.source == "unknown" %}
not known if real or rendered{% else %}{{ data.source }} recordings
{%- endif %})</h2>
<div class="wide"><table>
<thead><tr><th></th><th class="t">detector</th><th>onset F1</th><th>95 % interval</th><th>precision</th><th>recall</th>
<th>note F1</th><th>frame F1</th><th>melody RPA</th><th>bias (ms)</th><th>speed (×)</th><th>recordings</th></tr></thead>
<tbody>
{% for row in data.ranking %}
<tr><td>{{ row.rank }}</td><td class="t">{{ row.label }}</td><td><strong>{{ row.onset_f1 | number }}</strong></td>
<td>{{ row | interval }}</td><td>{{ row.onset_precision | number }}</td>
<td>{{ row.onset_recall | number }}</td><td>{{ row.note_f1 | number }}</td><td>{{ row.frame_f1 | number }}</td>
<td>{{ row.melody_rpa | number }}</td><td>{{ row.onset_bias_ms | number(1) }}</td>
<td>{{ row.speed | number(0) }}</td>
<td>{{ row.n }}{% if row.failed %}, {{ row.failed }} failed{% endif %}</td></tr>
{% endfor %}
</tbody></table></div>
{% for picture in data.pictures %}
<figure><img src="{{ picture | picture }}" alt="{{ picture.alt }}">
<figcaption>{{ picture.sentence }}</figcaption></figure>
{% if loop.first and data.differences %}
<p>Is the first really better? On the recordings that both heard:</p>
<ul>
{% for row in data.differences %}
<li>{{ row.best }} against {{ row.other }}: onset F1 {{ "%+.3f" | format(row.difference) }}
{%- if row.n > 1 %} (95 % interval {{ row | interval("+.3f") }}, {{ row.n }} recordings, p = {{ row.p | number }}
{%- if row.p < 0.05 %}: a real difference{% else %}: not shown by these recordings{% endif %})
{%- else %} on one recording, which shows nothing{% endif %}.</li>
{% endfor %}
</ul>
{% endif %}
{% endfor %}
{% if data.kinds %}
<h3>Onset F1 by kind of recording (number of recordings)</h3>
<div class="wide"><table><thead><tr><th class="t">detector</th>
{% for kind in data.kinds.kinds %}<th>{{ kind }}</th>{% endfor %}</tr></thead><tbody>
{% for name, values in data.kinds.rows %}
<tr><td class="t">{{ name }}</td>{% for value in values %}<td>{{ value | number }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if data.reasons %}
<h3>What goes wrong (notes, all recordings together)</h3>
<div class="wide"><table><thead><tr><th class="t">error</th>
{% for name in data.reasons.labels %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for name, counts in data.reasons.rows %}
<tr><td class="t">{{ name }}</td>{% for count in counts %}<td>{{ count }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if data.worst %}
<h3>The worst recordings</h3>
<div class="wide"><table><thead><tr><th class="t">recording</th><th class="t">kind</th><th class="t">detector</th>
<th>onset F1</th></tr></thead><tbody>
{% for row in data.worst %}
<tr><td class="t">{{ row.recording }}</td><td class="t">{{ row.kind }}</td>
<td class="t">{{ row.detector }}{% if row.params %}:{{ row.params }}{% endif %}</td>
<td>{{ row.onset_f1 | number }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
</section>
{% endfor %}
{% if failures or about.skipped or about.left_out %}
<section id="failed">
<h2>What failed or was left out</h2>
<ul>
{% for row in failures %}
<li><strong>{{ row.detector }}{% if row.params %}:{{ row.params }}{% endif %}</strong> on
{{ row.recording or "every recording" }} ({{ row.dataset }}): {{ row.error }}</li>
{% endfor %}
{% for name, why in about.left_out.items() %}
<li>{{ name }} cannot run here: {{ why }}</li>
{% endfor %}
{% for dataset, path, why in about.skipped %}
<li>{{ path }} ({{ dataset }}): {{ why }}</li>
{% endfor %}
</ul>
</section>
{% endif %}
{% if about.remarks or about.duplicates %}
<section>
<h2>Remarks on the recordings</h2>
<ul>
{% for remark in about.remarks %}
<li>{{ remark | join(", ") }}</li>
{% endfor %}
{% for dataset, ids in about.duplicates %}
<li>{{ ids | join(", ") }} ({{ dataset }}): the same sound, counted each time</li>
{% endfor %}
</ul>
</section>
{% endif %}
<section>
<h2>What the scores mean</h2>
<p><strong>Onset F1</strong>: a heard note is right if its key is right and it begins at most
{{ (1000 * protocol.onset_tolerance_s) | number(0) }} ms from a played one that no other note has taken (pitch within
{{ protocol.pitch_tolerance_cents | number(0) }} cents). Precision is the share of heard notes that are right, recall
the share of played notes that were found, F1 their harmonic mean. <strong>Note F1</strong> also asks for the end:
within {{ (100 * protocol.offset_ratio) | number(0) }} % of the note's length or
{{ (1000 * protocol.offset_min_tolerance_s) | number(0) }} ms, whichever is more; a played note ends
{{ "when its key is released" if protocol.pedal == "release" else "when key and sustain pedal have let go of it" }}.
<strong>Frame F1</strong> compares the keys that are down every {{ (1000 * protocol.frame_hop_s) | number(0) }} ms.
<strong>Melody RPA</strong>, for one-voice recordings and one-voice detectors, is the share of sounding frames with
the right pitch. <strong>Bias</strong> is the median by which right notes are heard late. <strong>Speed</strong> is
seconds of sound
for each second of one core's time. Scores are mir_eval's, for each recording, then averaged; the interval says how far
the mean moves when recordings are drawn anew (bootstrap). Where nothing is played and nothing heard, the score is 1.
Real and rendered recordings are never averaged together.</p>
<p class="small">Protocol: {{ protocol }}</p>
</section>
<section>
<h2>The same again</h2>
<p><code>{{ about.command }}</code></p>
<p class="small">pianolab {{ about.pianolab }}{% if about.commit %}, commit {{ about.commit }}{% endif %};
Python {{ about.python }}; {{ about.platform }};
{% for name, version in about.libraries.items() %}{{ name }} {{ version }}{{ ", " if not loop.last }}{% endfor %}.
Checksums of all recordings and labels are in run.json, every number is in scores.csv.</p>
</section>
</body>
</html>
"""
