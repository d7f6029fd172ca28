-- The month's report.
\set SHOW_CONTEXT never
-- What is asked wrongly.
SELECT tokenmeter.report_html(NULL);
SELECT tokenmeter.report_html('infinity');
SELECT tokenmeter.report_html('2003-03-01', NULL, 'fr');
SELECT tokenmeter.report_html('2003-03-01', NULL, 'word');
SELECT tokenmeter.report_html('2003-03-01', NULL, NULL);

-- Months long ago, which no other test has calls in.
BEGIN;
SELECT tokenmeter.create_ledger();
INSERT INTO tokenmeter.price (provider, model, meter, currency, unit_quantity, unit_price, effective_from, source) VALUES
  ('report', 'report-usd', 'input', 'USD', 1000000, 2.5, '2000-01-01', 'test'), ('report', 'report-usd', 'output', 'USD', 1000000, 10, '2000-01-01', 'test'),
  ('report', 'report-eur', 'input', 'EUR', 1000, 0.123456, '2000-01-01', 'test'), ('report', 'report-eur', 'output', 'EUR', 1000, 1, '2000-01-01', 'test');

-- Two currencies, two tenants, twelve users, a call without a price, a month before.
INSERT INTO llm.message_log (occurred_at, source, request_id, tenant_id, user_id, provider, model, input_tokens, output_tokens, latency_ms, ttft_ms)
SELECT '2003-03-01 10:00+00'::timestamptz + i * interval '19 hours', 'report', i, CASE WHEN i % 2 = 0 THEN 'even' ELSE 'odd' END, 'user ' || i % 12,
  'report', CASE WHEN i % 4 = 3 THEN 'report-eur' ELSE 'report-usd' END, 12345 * i, 100 * i, 100, 100
FROM generate_series(0, 35) i;
INSERT INTO llm.message_log (occurred_at, source, request_id, tenant_id, user_id, provider, model, input_tokens, output_tokens)
VALUES ('2003-02-10', 'report', 'before', 'even', 'user 1', 'report', 'report-usd', 1000000, 0),
  ('2003-03-05', 'report', 'unpriced', 'odd', '', 'report', 'report-none', 5, NULL);
-- Reported and counted numbers that differ.
INSERT INTO llm.message_log (occurred_at, source, request_id, tenant_id, model, input_text, input_tokens, output_tokens)
VALUES ('2003-03-06', 'report', 'counted', 'odd', 'gpt-4o', 'Hello, world!', 5, 0);

-- A page as text: tags gone, charts and times left out.
CREATE FUNCTION pg_temp.text_of(page text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT line FROM (
    SELECT place, btrim(regexp_replace(regexp_replace(regexp_replace(line, '\d{4}-\d\d-\d\d \d\d:\d\d UTC', '(now)'), '</(th|td|dt|dd)>', ' | ', 'g'), '<[^>]*>', '', 'g'), ' |') AS line
    FROM regexp_split_to_table(replace(replace(replace(regexp_replace(regexp_replace(page, '<style>.*?</style>|<span class="pad">.*?</span>', '', 'g'), '<svg.*?</svg>', '(chart)', 'g'),
      '&#8239;', '_'), '&#8211;', '-'), '&#183;', '-'), '\n') WITH ORDINALITY l (line, place)) l
  WHERE line <> '' ORDER BY place
$$;
SELECT * FROM pg_temp.text_of(tokenmeter.report_html('2003-03-17'));
SELECT * FROM pg_temp.text_of(tokenmeter.report_html('2003-03-31', 'even')) LIMIT 22;
-- Folded or not, it is the same.
SELECT tokenmeter.report_html('2003-03-01') AS unfolded \gset
SELECT tokenmeter.maintain() > 0 AS folded;
SELECT regexp_replace(tokenmeter.report_html('2003-03-02'), '\d\d:\d\d UTC', '') = regexp_replace(:'unfolded', '\d\d:\d\d UTC', '') AS same;

-- In Chinese: the same numbers, no English word of the page's.
SELECT regexp_matches(tokenmeter.report_html('2003-03-01', NULL, 'zh'), '<html lang="[^"]*">|<h1>.*?</h1>', 'g');
SELECT word FROM tokenmeter.report_dictionary() WHERE en IS NULL OR zh IS NULL OR en = '' OR zh = ''
  OR (SELECT count(*) FROM regexp_matches(en, '%', 'g')) <> (SELECT count(*) FROM regexp_matches(zh, '%', 'g'));
SELECT word FROM tokenmeter.report_dictionary() GROUP BY word HAVING count(*) > 1;
SELECT string_agg(m[1], '|') FILTER (WHERE language = 'en') = string_agg(m[1], '|') FILTER (WHERE language = 'zh') AS same_numbers, count(*) > 100 AS many
FROM unnest('{en, zh}'::text[]) language, regexp_matches(tokenmeter.report_html('2003-03-01', NULL, language), '<td class="n">([^<]*)</td>', 'g') m;
SELECT count(*) FROM regexp_matches(tokenmeter.report_html('2003-03-01', NULL, 'zh'), '>[^<]*\m(Calls|Cost|Model|User|Tokens|Day|against)\M', 'g');

-- Months with nothing in them; one with something before it.
SELECT * FROM pg_temp.text_of(tokenmeter.report_html('2001-01-01', 'nobody'));
SELECT * FROM pg_temp.text_of(tokenmeter.report_html('2003-04-01', 'even')) LIMIT 14;
-- A forecast is of the current month only.
SELECT tokenmeter.report_html('2003-03-01') ~ 'id="forecast"' AS then, tokenmeter.report_html((now() AT TIME ZONE 'UTC')::date) ~ 'id="forecast"' AS now;
-- A tenant that is new has no range yet, and counts with its forecast.
SAVEPOINT forecast;
CREATE OR REPLACE VIEW llm.forecast AS
SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month, v.* FROM (VALUES
  ('old', 'USD', 28::numeric, 30::numeric, 30::numeric, 30::numeric, 30::numeric), ('new', 'USD', 1000, 1100, NULL, NULL, NULL), ('week', 'USD', 10, 40, 50, NULL, NULL),
  ('new', 'EUR', 1, 2, NULL, NULL, NULL)) v (tenant_id, currency, cost_so_far, by_run_rate, by_weekday, low, high);
SELECT language, m[1] AS currency, m[2] AS low_and_high FROM unnest('{en,zh}'::text[]) language,
  regexp_matches((regexp_match(tokenmeter.report_html((now() AT TIME ZONE 'UTC')::date, NULL, language), '<section id="forecast".*?</section>'))[1], '<bdi>([A-Z]{3})</bdi></th>(.*?)</tr>', 'g') m;
SELECT regexp_matches(tokenmeter.report_html((now() AT TIME ZONE 'UTC')::date, 'new'), '<bdi>USD</bdi></th>(.*?)</tr>');
ROLLBACK TO forecast;

-- Why calls have no price: of the month, and nothing to a tenant, whose calls it may not be about.
INSERT INTO llm.message_log (occurred_at, tenant_id, provider, model) VALUES ('2003-06-01', 'even', 'report', 'report-none');
SELECT line FROM unnest('{NULL,odd}'::text[]) tenant, pg_temp.text_of((regexp_match(tokenmeter.report_html('2003-03-01', tenant), '<section id="unpriced".*?</section>'))[1]) line;

-- Meters of any number: ten, and how many more.
INSERT INTO llm.message_log (occurred_at, tenant_id, model, input_tokens, quantities)
SELECT at, 'meters', 'gpt-4o', 1, (SELECT jsonb_object_agg('meter_' || i, i) FROM generate_series(1, meters) i) FROM (VALUES ('2003-08-01'::timestamptz, 60), ('2003-07-01', 55)) v (at, meters);
SELECT line FROM pg_temp.text_of(tokenmeter.report_html('2003-08-05', 'meters')) line WHERE line ~ 'eter';
SELECT line FROM pg_temp.text_of(tokenmeter.report_html('2003-08-05', 'meters', 'zh')) line WHERE line ~ '50 | 50';

-- Whatever a name is, it is a text.
SELECT tokenmeter.html_escape('<script>alert("1")</script> & ''x'''), tokenmeter.html_escape(E'a\x01b\tc\x7f'), tokenmeter.html_escape(''), tokenmeter.html_escape(NULL);
INSERT INTO llm.message_log (occurred_at, tenant_id, user_id, provider, model, input_tokens) VALUES
  ('2002-05-01', '<script>alert(''t'')</script>', '"><img src=x onerror=alert(1)>', '</title><b>', '&amp;]]><svg onload=alert(1)>', 7),
  ('2002-05-02', '%s %1$s', repeat('long ', 1000), E'\\1 \\0', '<!--', 7), ('2002-05-02', 'x', repeat('<', 100), NULL, repeat('&', 100), 7);
INSERT INTO llm.inbox (request_id, tenant_id, source, model, input_tokens) VALUES ('report-problem', 'report<b>', '<i>', 'gpt-4o', -1);
SELECT page !~* '<(script|img|b>|i>"|!--)|</title><b|<svg (?!viewBox)' AS clean, (SELECT count(*) FROM regexp_matches(page, '<title', 'g')) AS titles,
  page ~ 'h1>May 2002 &#183; All tenants<' AS all, page ~ '&lt;script&gt;alert\(&#39;t&#39;\)&lt;/script&gt;' AS tenant, page ~ '%s %1\$s' AS formatted, length(page) < 40000 AS short
FROM tokenmeter.report_html('2002-05-01') page;
SELECT (regexp_matches(tokenmeter.report_html('2002-05-01', '<script>alert(''t'')</script>'), '<h1>.*?</h1>'))[1];
SELECT (regexp_matches(tokenmeter.report_html(current_date, 'report<b>'), '<section id="problems".*?(<tbody>.*?)\d{4}'))[1];
SELECT tokenmeter.html_name(repeat('a', 10), 10, '-'), tokenmeter.html_name(repeat('a', 11), 10, '-'), tokenmeter.html_name('', 10, '-'), tokenmeter.html_name(NULL, 10, '-');
SELECT tokenmeter.html_name(repeat(U&'\4E2D', 6), 10, '-') = repeat(U&'\4E2D', 5) || '&#8230;' AS wide;
-- However the session reads backslashes, problems that differ in numbers only are the same.
INSERT INTO llm.inbox (request_id, tenant_id, model, input_tokens) VALUES ('a', 'digits', 'gpt-4o', -11), ('b', 'digits', 'gpt-4o', -222);
SET LOCAL standard_conforming_strings = off;
SELECT tokenmeter.report_html(current_date, 'digits') AS page \gset
SET LOCAL standard_conforming_strings = on;
SELECT regexp_matches((regexp_match(:'page', '<section id="problems".*?</table>'))[1], '<th scope="row">(.*?)</th>.*<td class="n">([0-9]+)</td></tr>', 'g');

-- Numbers.
SELECT v, tokenmeter.html_digits(v) AS digits, tokenmeter.html_digits(v, true) AS signed, tokenmeter.html_number(v) AS number, tokenmeter.html_rounded(v) AS rounded, tokenmeter.html_headline(v, 'M')
FROM unnest('{0, 0.5, 999.10, 1000, -1234567.8900, 0.00001234, -0.05, 12345678, NULL}'::numeric[]) v;
SELECT tokenmeter.html_number(1.5, false, 4), tokenmeter.html_number(2, false, 2), tokenmeter.html_percent(3, 2), tokenmeter.html_percent(1, 3), tokenmeter.html_percent(1, 0), tokenmeter.html_percent(NULL, 1);
SELECT r, tokenmeter.chart_step(r) FROM unnest('{0.0003, 1, 4, 4.1, 9, 20, 123456789}'::numeric[]) r;

-- Charts: as long as their numbers are, below zero too, nothing where there is none.
SELECT tokenmeter.svg_bars('b', 'title', 'description', '{a,b,c,d}', '{4,1,-1,NULL}', '{w,x,y,z}');
SELECT tokenmeter.svg_columns('c', 'title', 'description', '{a,b,c}', '{1,NULL,3}', '{20,-10,NULL}', 5, 'level');
SELECT tokenmeter.svg_columns('c', 'title', 'description', '{a}', '{1}', '{NULL}') ~ '<rect' AS bar;
SELECT tokenmeter.svg_ranges('r', 'title', 'description', '{a,b}', '{500,1}', '{1000,2}', 'p50', 'p95');

-- Whoever may read the views may have it.
CREATE ROLE tokenmeter_test_reader;
GRANT USAGE ON SCHEMA llm, tokenmeter TO tokenmeter_test_reader;
SAVEPOINT denied;
SET LOCAL ROLE tokenmeter_test_reader;
SELECT tokenmeter.report_html('2003-03-01');
ROLLBACK TO denied;
GRANT SELECT ON llm.model_daily, llm.model_monthly, llm.tenant_daily, llm.tenant_monthly, llm.usage_monthly, llm.unpriced, llm.intake_problem, llm.forecast TO tokenmeter_test_reader;
SET LOCAL ROLE tokenmeter_test_reader;
SET LOCAL search_path = pg_temp, public;
SELECT length(tokenmeter.report_html('2003-03-01')) > 1000 AS all, length(tokenmeter.report_html(current_date, 'odd')) > 1000 AS tenant;
ROLLBACK;
