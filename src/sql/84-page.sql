-- Pages of HTML with tables and charts.
--
-- Nothing here knows of usage. A text becomes HTML in html_escape() and nowhere else; what other functions are given is HTML,
-- but for names, which html_name() escapes.

CREATE FUNCTION tokenmeter.html_escape(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(
  replace(replace(replace(replace(replace(content, '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'),
  '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]', '&#65533;', 'g');
COMMENT ON FUNCTION tokenmeter.html_escape(text) IS 'the text as HTML shows it, in elements and in quoted attributes';

-- Characters of Asia and emoji take the room of two.
CREATE FUNCTION tokenmeter.html_name(name text, room integer, nobody text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((
  SELECT tokenmeter.html_escape(string_agg(letter, '' ORDER BY place) FILTER (WHERE ends <= room)) || CASE WHEN max(ends) > room THEN '…' ELSE '' END
  FROM (SELECT letter, place, sum(1 + (octet_length(letter) > 2)::integer) OVER (ORDER BY place) AS ends
    FROM string_to_table(left(name, room + 1), NULL) WITH ORDINALITY t (letter, place)) l), nobody);
COMMENT ON FUNCTION tokenmeter.html_name(text, integer, text) IS 'part of report_html(): as much of a name as there is room for';

CREATE FUNCTION tokenmeter.html_digits(value numeric, signed boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(CASE WHEN value < 0 THEN '−' WHEN value > 0 AND signed THEN '+' ELSE '' END
  || regexp_replace(split_part(abs(value)::text, '.', 1), '(\d)(?=(\d{3})+$)', '\1&#8239;', 'g')
  || coalesce(substring(abs(value)::text FROM '\..*'), ''), '–');
COMMENT ON FUNCTION tokenmeter.html_digits(numeric, boolean) IS 'part of report_html(): a number with thin spaces';

-- The value itself comes along, for whoever copies tables into something that calculates. Zeros that are not seen fill up the
-- decimals, so that points stand below each other.
CREATE FUNCTION tokenmeter.html_number(value numeric, signed boolean DEFAULT false, decimals integer DEFAULT 0) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) >= 1000 OR value < 0
    THEN format('<data value="%s">%s</data>', trim_scale(value), tokenmeter.html_digits(trim_scale(value), signed))
    ELSE tokenmeter.html_digits(trim_scale(value), signed) END
  || CASE WHEN min_scale(value) < decimals
    THEN format('<span class="pad">%s%s</span>', CASE WHEN min_scale(value) = 0 THEN '.' ELSE '' END, repeat('0', decimals - min_scale(value))) ELSE '' END;
COMMENT ON FUNCTION tokenmeter.html_number(numeric, boolean, integer) IS 'part of report_html(): a number, exact';

-- Two decimals, or three digits of what is smaller than a tenth.
CREATE FUNCTION tokenmeter.html_rounded(value numeric, signed boolean DEFAULT false) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tokenmeter.html_digits(CASE WHEN value <> 0 AND abs(value) < 0.1 THEN round(value, 2 - floor(log(abs(value)))::integer)
  ELSE round(value, 2) END, signed);
COMMENT ON FUNCTION tokenmeter.html_rounded(numeric, boolean) IS 'part of report_html(): a number for charts';

-- What is too long for a card stands in millions.
CREATE FUNCTION tokenmeter.html_headline(value numeric, million text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) >= 10000000 THEN format('%s <small>%s</small>', tokenmeter.html_digits(round(value / 1000000, 1)), million)
  WHEN min_scale(value) = 0 THEN tokenmeter.html_digits(trim_scale(value)) ELSE tokenmeter.html_rounded(value) END;
COMMENT ON FUNCTION tokenmeter.html_headline(numeric, text) IS 'part of report_html(): a number for cards';

CREATE FUNCTION tokenmeter.html_percent(value numeric, base numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN base <> 0 AND value IS NOT NULL THEN tokenmeter.html_digits(round(100 * (value - base) / abs(base), 1), true) || '&#8239;%' ELSE '–' END;
COMMENT ON FUNCTION tokenmeter.html_percent(numeric, numeric) IS 'part of report_html(): the difference to a base';

-- The first cells are text, the others numbers; the very first names the row.
CREATE FUNCTION tokenmeter.html_row(cells text[], texts integer DEFAULT 1) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT '<tr>' || string_agg(CASE WHEN c.place = 1 THEN format('<th scope="row">%s</th>', c.cell)
    ELSE format('<td%s>%s</td>', CASE WHEN c.place > texts THEN ' class="n"' ELSE '' END, c.cell) END, '' ORDER BY c.place) || '</tr>'
  FROM unnest(cells) WITH ORDINALITY c (cell, place));
COMMENT ON FUNCTION tokenmeter.html_row(text[], integer) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.html_table(caption text, headers text[], rows text, texts integer DEFAULT 1, last_row text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN rows IS NOT NULL THEN format(E'<div class="wide"><table>\n<caption>%s</caption>\n<thead><tr>%s</tr></thead>\n<tbody>\n%s</tbody>\n%s</table></div>\n',
  caption,
  (SELECT string_agg(format('<th scope="col"%s>%s</th>', CASE WHEN h.place > texts THEN ' class="n"' ELSE '' END, h.header), '' ORDER BY h.place)
    FROM unnest(headers) WITH ORDINALITY h (header, place)),
  rows, CASE WHEN last_row IS NOT NULL THEN format(E'<tfoot>%s</tfoot>\n', last_row) END) END;
COMMENT ON FUNCTION tokenmeter.html_table(text, text[], text, integer, text) IS 'part of report_html(): NULL if there are no rows';

CREATE FUNCTION tokenmeter.html_card(label text, value text, note text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format(E'<div class="card"><dt>%s</dt><dd class="value">%s</dd><dd class="note">%s</dd></div>\n', label, value, note);
COMMENT ON FUNCTION tokenmeter.html_card(text, text, text) IS 'part of report_html(): a number that is seen first';

CREATE FUNCTION tokenmeter.html_section(id text, heading text, content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format(E'<section id="%1$s" aria-labelledby="%1$s-heading">\n<h2 id="%1$s-heading">%2$s</h2>\n%3$s</section>\n', id, heading, content);
COMMENT ON FUNCTION tokenmeter.html_section(text, text, text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.html_paragraph(content text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format(E'<p>%s</p>\n', content);
COMMENT ON FUNCTION tokenmeter.html_paragraph(text) IS 'part of report_html()';

-- A chart: its title is its accessible name, and stands above it as well.
CREATE FUNCTION tokenmeter.svg_figure(id text, title text, description text, height integer, content text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format(E'<figure>\n<figcaption>%2$s</figcaption>\n<div class="wide"><svg viewBox="0 0 720 %4$s" role="img" aria-labelledby="%1$s-title" '
  'aria-describedby="%1$s-desc">\n<title id="%1$s-title">%2$s</title>\n<desc id="%1$s-desc">%3$s</desc>\n%5$s</svg></div>\n</figure>\n',
  id, title, description, height, content);
COMMENT ON FUNCTION tokenmeter.svg_figure(text, text, text, integer, text) IS 'part of report_html()';

-- A round distance of the lines across a chart: 1, 2 or 5 and zeros.
CREATE FUNCTION tokenmeter.chart_step(range numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT min(s.step) FROM unnest('{1, 2, 5, 10}'::numeric[]) f,
  LATERAL (SELECT trim_scale(f * power(10::numeric, floor(log(range / 4))))) s (step) WHERE s.step >= range / 4);
COMMENT ON FUNCTION tokenmeter.chart_step(numeric) IS 'part of report_html()';

-- Columns side by side, from a common zero; names are shown by a pointer, ticks below. `level` is a line across.
CREATE FUNCTION tokenmeter.svg_columns(id text, title text, description text, names text[], ticks text[], heights numeric[],
  level numeric DEFAULT NULL, level_name text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  WITH range AS (
    SELECT least(min(h), 0) AS low, greatest(max(h), level, 0) AS high FROM unnest(heights) h
  ), scale AS (
    SELECT s.step, floor(r.low / s.step) * s.step AS bottom, ceil(r.high / s.step) * s.step AS top
    FROM range r, LATERAL (SELECT coalesce(tokenmeter.chart_step(nullif(r.high - r.low, 0)), 1)) s (step)
  ), place AS (
    SELECT s.*, 190 / greatest(s.top - s.bottom, s.step) AS unit, 636.0 / cardinality(heights) AS pitch FROM scale s
  ), grid AS (
    SELECT string_agg(format(E'<line class="%s" x1="76" x2="712" y1="%3$s" y2="%3$s"/><text class="axis" x="70" y="%4$s" text-anchor="end">%2$s</text>\n',
      CASE WHEN v = 0 THEN 'zero' ELSE 'grid' END,
      CASE WHEN p.top >= 10000000 THEN tokenmeter.html_digits(trim_scale(v / 1000000)) || '&#8239;M' ELSE tokenmeter.html_digits(trim_scale(v)) END,
      round(220 - (v - p.bottom) * p.unit, 1), round(224 - (v - p.bottom) * p.unit, 1)), '') AS drawn
    FROM place p, generate_series(p.bottom, p.top, p.step) v
  ), columns AS (
    SELECT string_agg(
      CASE WHEN c.height IS NULL THEN '' ELSE format(E'<rect class="bar" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>\n', round(80 + (c.place - 1) * p.pitch, 1),
        round(220 - (greatest(c.height, 0) - p.bottom) * p.unit, 1), round(p.pitch * 0.72, 1), round(abs(c.height) * p.unit, 1), c.name) END
      || CASE WHEN c.tick IS NULL THEN '' ELSE format(E'<text class="axis" x="%s" y="239" text-anchor="middle">%s</text>\n',
        round(80 + (c.place - 0.64) * p.pitch, 1), c.tick) END,
      '' ORDER BY c.place) AS drawn
    FROM place p, unnest(names, ticks, heights) WITH ORDINALITY c (name, tick, height, place)
  ), line AS (
    SELECT format(E'<line class="level" x1="76" x2="712" y1="%1$s" y2="%1$s"/><line class="level" x1="76" x2="104" y1="9" y2="9"/>'
      '<text class="axis" x="112" y="13">%2$s</text>\n', round(220 - (level - p.bottom) * p.unit, 1), level_name) AS drawn
    FROM place p WHERE level IS NOT NULL
  )
  SELECT tokenmeter.svg_figure(id, title, description, 246, g.drawn || c.drawn || coalesce(l.drawn, ''))
  FROM grid g CROSS JOIN columns c LEFT JOIN line l ON true);
COMMENT ON FUNCTION tokenmeter.svg_columns(text, text, text, text[], text[], numeric[], numeric, text) IS 'part of report_html()';

-- Bars below each other, each with its label and what it stands for; without a length, no bar.
CREATE FUNCTION tokenmeter.svg_bars(id text, title text, description text, labels text[], lengths numeric[], notes text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tokenmeter.svg_figure(id, title, description, 26 * cardinality(labels) + 6, (
  SELECT string_agg(format(E'<text x="0" y="%1$s">%2$s</text>%3$s<text class="note" x="%4$s" y="%1$s">%5$s</text>\n', 26 * b.place - 8, b.label,
    CASE WHEN b.length IS NULL THEN '' ELSE format('<rect class="bar" x="236" y="%s" width="%s" height="16" rx="2"/>', 26 * b.place - 20, w.width) END,
    coalesce(244 + w.width, 236), b.note), '' ORDER BY b.place)
  FROM unnest(labels, lengths, notes) WITH ORDINALITY b (label, length, note, place),
    LATERAL (SELECT CASE WHEN b.length IS NOT NULL THEN round(320 * greatest(b.length, 0) / greatest(max(l), 0.000000000001), 1) END FROM unnest(lengths) l) w (width)));
COMMENT ON FUNCTION tokenmeter.svg_bars(text, text, text, text[], numeric[], text[]) IS 'part of report_html()';

-- Ranges below each other: a circle at the lower end, a square at the upper one.
CREATE FUNCTION tokenmeter.svg_ranges(id text, title text, description text, labels text[], lows numeric[], highs numeric[],
  low_name text, high_name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tokenmeter.svg_figure(id, title, description, 26 * cardinality(labels) + 36,
  format(E'<circle class="bar" cx="244" cy="14" r="5"/><text x="256" y="18">%s</text>'
    '<rect class="bar" x="394" y="9" width="10" height="10"/><text x="412" y="18">%s</text>\n', low_name, high_name) || (
  SELECT string_agg(format(E'<text x="0" y="%1$s">%2$s</text><line class="range" x1="%4$s" x2="%5$s" y1="%3$s" y2="%3$s"/>'
      '<circle class="bar" cx="%4$s" cy="%3$s" r="5"/><rect class="bar" x="%6$s" y="%7$s" width="10" height="10"/>'
      '<text class="note" x="%8$s" y="%1$s">%9$s – %10$s</text>\n',
    26 * b.place + 22, b.label, 26 * b.place + 18, x.low, x.high, x.high - 5, 26 * b.place + 13, x.high + 14,
    tokenmeter.html_digits(round(b.low)), tokenmeter.html_digits(round(b.high))), '' ORDER BY b.place)
  FROM unnest(labels, lows, highs) WITH ORDINALITY b (label, low, high, place),
    LATERAL (SELECT greatest(max(h), 1) AS top FROM unnest(highs) h) t,
    LATERAL (SELECT round(244 + 330 * b.low / t.top, 1) AS low, round(244 + 330 * b.high / t.top, 1) AS high) x));
COMMENT ON FUNCTION tokenmeter.svg_ranges(text, text, text, text[], numeric[], numeric[], text, text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.html_style() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $css$
:root { color-scheme: light; --page: #ffffff; --ink: #1a1f27; --soft: #56606d; --line: #d5dbe3; --panel: #f5f7fa; --bar: #1f5fbf; --level: #9a4a00 }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --page: #11151b; --ink: #e8ecf2; --soft: #a3aebb; --line: #343d49; --panel: #1a2029; --bar: #74aaff; --level: #f0a860 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC",
  "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; font-variant-numeric: tabular-nums }
main { max-width: 920px; margin: 0 auto; padding: 32px 24px 64px }
header { border-bottom: 3px solid var(--bar); padding-bottom: 16px }
.kind { margin: 0; color: var(--soft); letter-spacing: .02em }
h1 { margin: 2px 0 8px; font-size: 32px; line-height: 1.2; overflow-wrap: anywhere }
h2 { margin: 40px 0 12px; font-size: 20px; line-height: 1.3; break-after: avoid }
p { margin: 8px 0; color: var(--soft); max-width: 88ch; text-wrap: pretty }
header dl { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 0; color: var(--soft) }
header dl div { display: flex; gap: 8px }
header dd { margin: 0; color: var(--ink); overflow-wrap: anywhere }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 12px; margin: 0 }
.card { padding: 14px 16px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; break-inside: avoid }
.card dt { color: var(--soft) }
.card dd { margin: 0 }
.card .value { font-size: 25px; font-weight: 600; line-height: 1.3; white-space: nowrap }
.card small { font-size: 14px; font-weight: 400 }
a { color: var(--bar) }
.card .note { color: var(--soft); font-size: 13px }
.wide { overflow-x: auto }
figure { margin: 16px 0 24px; break-inside: avoid }
figcaption, caption { text-align: left; font-weight: 600; padding: 0 0 6px }
svg { display: block; width: 100%; min-width: 560px; height: auto; font-size: 12.5px }
svg text { fill: var(--ink); unicode-bidi: isolate }
svg .axis, svg .note { fill: var(--soft) }
svg .axis { font-size: 11.5px }
.bar { fill: var(--bar) }
.grid { stroke: var(--line) }
.zero { stroke: var(--soft) }
.level { stroke: var(--level); stroke-width: 1.5px; stroke-dasharray: 5 4 }
.range { stroke: var(--bar); stroke-width: 2px }
table { border-collapse: collapse; width: 100%; margin: 12px 0 8px; font-size: 14px }
th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th:last-child, td:last-child { padding-right: 0 }
thead th { border-bottom: 2px solid var(--soft); color: var(--soft); vertical-align: bottom }
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 10em }
tbody td:not(.n) { overflow-wrap: anywhere }
tfoot th, tfoot td { border-bottom: 0; border-top: 2px solid var(--soft); font-weight: 600 }
.n { text-align: right; white-space: nowrap }
.pad { visibility: hidden }
@media print {
  @page { size: A4; margin: 15mm }
  body { font-size: 10.5pt }
  main { max-width: none; padding: 0 }
  h2 { margin-top: 24px }
  table { font-size: 9pt }
  tr { break-inside: avoid }
  thead { display: table-header-group }
  tfoot { display: table-row-group }
  .wide { overflow: visible }
  #days { break-before: page }
}
$css$;
COMMENT ON FUNCTION tokenmeter.html_style() IS 'part of report_html()';
