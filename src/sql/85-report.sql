-- The month's report, as a page of HTML that needs nothing else.
--
-- report_html() reads each live view once, into a value of the type tokenmeter.report, of which functions named report_ make a
-- section each, by means of 84-page.sql. Words are HTML: the build writes characters that are not ASCII as references
-- (Makefile), so that the script can be run in a database of any encoding.

-- A word of the page in each language; what is in a format stands for a template of to_char().
CREATE FUNCTION tokenmeter.report_dictionary() RETURNS TABLE (word text, en text, zh text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT * FROM (VALUES
    ('lang', 'en', 'zh-Hans'),
    ('month_format', 'FMMonth YYYY', 'YYYY"年"FMMM"月"'),
    ('title', 'Use of language models', '语言模型使用报告'),
    ('tenant', 'Tenant', '租户'),
    ('all_tenants', 'All tenants', '全部租户'),
    ('time_zone', 'Time zone of days and months', '日期与月份的时区'),
    ('made', 'Made', '生成时间'),
    ('totals', 'Totals', '总览'),
    ('cost', 'Cost', '费用'),
    ('cost_in', 'Cost, %s', '费用（%s）'),
    ('tokens', 'Tokens', 'Token 数'),
    ('users', 'Users', '用户'),
    ('models_used', 'models: %s', '模型：%s'),
    ('not_in_cost', 'not in the cost', '未计入费用'),
    ('million', 'million', '百万'),
    ('against', '%1$s (%2$s) against %3$s', '较 %3$s %1$s（%2$s）'),
    ('no_before', 'nothing in %s', '%s 无数据'),
    ('rounded', 'Rounded here and in the charts; tables have every digit. Currencies are never added together.',
      '此处与图表中的数字经过四舍五入；表格中的数字完整精确。不同货币从不相加。'),
    ('empty_month', 'There are no calls in this month.', '本月没有任何调用。'),
    ('totals_caption', 'Calls, tokens and cost, against the month before', '调用、token 与费用，与上月对比'),
    ('measure', 'Measure', '指标'),
    ('difference', 'Difference', '差额'),
    ('percent', 'Percent', '百分比'),
    ('calls', 'Calls', '调用次数'),
    ('input_tokens', 'Input tokens', '输入 token'),
    ('cache_read_tokens', 'Tokens read from a cache', '缓存读取 token'),
    ('cache_write_tokens', 'Tokens written to a cache', '缓存写入 token'),
    ('cache_write_1h_tokens', 'Tokens written to a cache for an hour', '缓存写入 token（1 小时）'),
    ('output_tokens', 'Output tokens', '输出 token'),
    ('reasoning_tokens', 'Reasoning tokens', '推理 token'),
    ('other_meters', 'Other meters, how many', '其余计量项（个数）'),
    ('unpriced_calls', 'Calls without a price', '未定价的调用'),
    ('by_day', 'Cost by day', '每日费用'),
    ('by_day_title', 'Cost by day, %s', '每日费用（%s）'),
    ('by_day_text', '%s days with cost; the highest is %s on %s.', '有费用的天数：%s；最高为 %s，日期 %s。'),
    ('average', 'average of the month before: %s', '上月日均：%s'),
    ('no_cost', 'No cost in this month.', '本月没有费用。'),
    ('by_model', 'Models', '模型'),
    ('by_model_title', 'Cost by model, %s', '各模型费用（%s）'),
    ('by_model_caption', 'Models: calls, tokens and cost; the ten that cost most in each currency, and the others', '各模型的调用、token 与费用：每种货币费用最高的十个及其余'),
    ('model', 'Model', '模型'),
    ('provider', 'Provider', '提供商'),
    ('by_user', 'Users', '用户'),
    ('by_user_title', 'Cost by user, %s', '各用户费用（%s）'),
    ('by_user_caption', 'Users: calls, tokens and cost; the ten that cost most in each currency, and the others', '各用户的调用、token 与费用：每种货币费用最高的十位及其余'),
    ('user', 'User', '用户'),
    ('bars_text', 'From the highest: %s.', '从高到低：%s。'),
    ('tokens_in', 'Tokens in', '输入 token 合计'),
    ('tokens_out', 'Tokens out', '输出 token 合计'),
    ('others', 'Others (%s)', '其余（%s）'),
    ('all', 'All', '合计'),
    ('nobody', 'not said', '未说明'),
    ('latency', 'Latency', '延迟'),
    ('latency_title', 'Latency by model: the middle call and the slowest of twenty, in milliseconds', '各模型延迟：中位数（p50）与 p95，毫秒'),
    ('latency_caption', 'Milliseconds until the whole answer, and until its first token; the ten models with most calls', '完整回答与首个 token 的毫秒数；调用最多的十个模型'),
    ('latency_note', 'p50: half of the calls were faster. p95: nineteen of twenty were. Within 2 %.', 'p50：一半调用更快。p95：二十次调用中有十九次更快。误差在 2 % 以内。'),
    ('latency_p50', 'Answer, p50', '完整回答 p50'),
    ('latency_p95', 'Answer, p95', '完整回答 p95'),
    ('ttft_p50', 'First token, p50', '首个 token p50'),
    ('ttft_p95', 'First token, p95', '首个 token p95'),
    ('no_latency', 'No call said how long it took.', '没有调用报告耗时。'),
    ('forecast', 'Forecast', '预测'),
    ('forecast_title', 'What this month will cost, %s', '本月预计费用（%s）'),
    ('forecast_caption', 'What this month will cost, as the days so far suggest', '根据目前为止的天数推算的本月费用'),
    ('forecast_note', 'By run rate: as much on every day to come as on the days so far. By weekday: as on the same days of the week lately. Low and high say how far off that may be; those of several tenants are added, so the range is wide. Of a tenant with a week of history or less no range is known (–); among several it counts with its forecast in both low and high, on its first day by run rate. Forecasts are rounded.',
      '按日均：以后每天与目前日均相同。按星期：与最近同一星期日相同。下限与上限表示可能的偏差；多个租户的范围逐个相加，因此较宽。历史不超过一周的租户尚无范围（–）；与其他租户相加时，上下限均按其预测计入，首日则按日均计入。预测值经过四舍五入。'),
    ('no_forecast', 'There is nothing to forecast from yet.', '尚无可用于预测的数据。'),
    ('currency', 'Currency', '货币'),
    ('month_before', 'Month before', '上月'),
    ('cost_so_far', 'So far', '目前为止'),
    ('by_run_rate', 'By run rate', '按日均'),
    ('by_weekday', 'By weekday', '按星期'),
    ('low', 'Low', '下限'),
    ('high', 'High', '上限'),
    ('drift', 'Reported and counted tokens', '上报与实算的 token'),
    ('drift_caption', 'What providers reported against what was counted here', '提供商上报的数量与本地实算的数量对比'),
    ('drift_note', 'Of calls that have both numbers. A difference of more than %s %% is marked.', '仅含两种数字都有的调用。相差超过 %s %% 的会标出。'),
    ('no_drift', 'No call has both numbers.', '没有同时具备两种数字的调用。'),
    ('compared_calls', 'Calls compared', '对比的调用'),
    ('reported', 'Reported', '上报'),
    ('counted', 'Counted', '实算'),
    ('days_over', 'Days over', '超限天数'),
    ('over', 'over', '超限'),
    ('unpriced', 'Calls without a price', '未定价的调用'),
    ('unpriced_caption', 'Calls that have no cost yet; no total of cost has anything of them', '尚无费用的调用；费用合计中不含这些调用'),
    ('no_unpriced', 'Every call has a cost.', '所有调用都有费用。'),
    ('service_tier', 'Service tier', '服务等级'),
    ('reason', 'Reason', '原因'),
    ('problems', 'Intake problems', '接收问题'),
    ('problems_caption', 'Calls that arrived in this month and could not be entered as they were; the ten problems met most often', '本月到达但无法原样入账的调用；最常见的十种问题'),
    ('no_problems', 'Every call that arrived was entered.', '到达的调用全部入账。'),
    ('problem', 'Problem, for example', '问题（举例）'),
    ('source', 'Source', '来源'),
    ('code', 'Code', '代码'),
    ('times', 'Times', '次数'),
    ('last', 'Latest (UTC)', '最近一次（UTC）'),
    ('days', 'Day by day', '逐日明细'),
    ('days_caption', 'Calls and cost of each day', '每日调用与费用'),
    ('day', 'Day', '日期'),
    ('about', 'About these numbers', '关于这些数字'),
    ('about_exact', 'All numbers come from the ledger as it was when the page was made. Costs are sums of exact decimals, at the prices that held when each call was made.',
      '所有数字均来自页面生成时的账本。费用是精确小数之和，按每次调用发生时的价格计算。'),
    ('about_late', 'Calls that arrive late, and corrections, count for the day of their call: a page made later can differ.',
      '迟到的调用与更正计入调用发生的日期：稍后生成的页面可能有所不同。'),
    ('about_tokens', 'Tokens in: input, and what was read from or written to a cache. Tokens out: output and reasoning. Each token counts once. “–”: nobody said a number.',
      '输入 token 合计：输入及缓存读写。输出 token 合计：输出与推理。每个 token 只计一次。“–”表示没有数字。')
  ) AS w (word, en, zh);
END;
COMMENT ON FUNCTION tokenmeter.report_dictionary() IS 'the words of report_html(), a column for each language';

CREATE FUNCTION tokenmeter.report_languages() RETURNS SETOF text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT jsonb_object_keys(to_jsonb(d) - 'word') FROM (SELECT d.* FROM tokenmeter.report_dictionary() d LIMIT 1) d;
END;
COMMENT ON FUNCTION tokenmeter.report_languages() IS 'the languages of report_html()';

CREATE FUNCTION tokenmeter.report_words(language text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(d.word, to_jsonb(d) ->> language) FROM tokenmeter.report_dictionary() d
  WHERE to_jsonb(d) - 'word' ? language);
COMMENT ON FUNCTION tokenmeter.report_words(text) IS 'part of report_html(): all words in a language; NULL if it is not known';

-- What a report is made of. Numbers of a month, and of the one before; of a day.
CREATE TYPE tokenmeter.report_usage AS (
  period date, provider text, model text, service_tier text, currency text, calls numeric, input_tokens numeric, cache_read_tokens numeric,
  cache_write_tokens numeric, cache_write_1h_tokens numeric, output_tokens numeric, reasoning_tokens numeric, quantities jsonb,
  cost numeric, unpriced_calls numeric, compared_calls numeric, reported numeric, counted numeric, latency_sketch bytea, ttft_sketch bytea
);
COMMENT ON TYPE tokenmeter.report_usage IS 'usage of a model in a month or on a day, for report_html()';
CREATE TYPE tokenmeter.report_cost AS (name text, owner text, currency text, calls numeric, tokens_in numeric, tokens_out numeric, cost numeric);
COMMENT ON TYPE tokenmeter.report_cost IS 'what somebody or something cost in a currency, for report_html()';
CREATE TYPE tokenmeter.report AS (
  month date, before date, tenant text, zone text, words jsonb, currencies text[],
  months tokenmeter.report_usage[], days tokenmeter.report_usage[], users tokenmeter.report_cost[]
);
COMMENT ON TYPE tokenmeter.report IS 'what report_html() has read';

CREATE FUNCTION tokenmeter.add_known(VARIADIC numbers numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(n) FROM unnest(numbers) n);
COMMENT ON FUNCTION tokenmeter.add_known(numeric[]) IS 'part of report_html(): the sum of those that are not NULL';

-- The only functions that read. The views' rows of a month and the one before, or of the days of a month.
CREATE FUNCTION tokenmeter.read_usage_of(view text, period text, from_day date, to_day date, tenant text) RETURNS tokenmeter.report_usage[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  answer tokenmeter.report_usage[];
BEGIN
  EXECUTE format($sql$
    SELECT array_agg(ROW(s.*)::tokenmeter.report_usage) FROM (
      SELECT u.%2$I, u.provider, u.model, u.service_tier, u.currency, sum(u.calls), sum(u.input_tokens), sum(u.cache_read_tokens),
        sum(u.cache_write_tokens), sum(u.cache_write_1h_tokens), sum(u.output_tokens), sum(u.reasoning_tokens), tokenmeter.sum(u.quantities),
        sum(u.cost), sum(u.unpriced_calls), sum(u.compared_calls), sum(u.compared_reported_tokens), sum(u.compared_counted_tokens),
        tokenmeter.merge(u.latency_sketch), tokenmeter.merge(u.ttft_sketch)
      FROM llm.%1$I u WHERE u.%2$I >= $1 AND u.%2$I < $2 %3$s GROUP BY 1, 2, 3, 4, 5) s$sql$,
    view, period, CASE WHEN tenant IS NOT NULL THEN 'AND u.tenant_id = $3' ELSE '' END)
  INTO answer USING from_day, to_day, tenant;
  RETURN answer;
END $$;
COMMENT ON FUNCTION tokenmeter.read_usage_of(text, text, date, date, text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.read_users(month date, tenant text) RETURNS tokenmeter.report_cost[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  answer tokenmeter.report_cost[];
BEGIN
  EXECUTE format($sql$
    SELECT array_agg(ROW(s.*)::tokenmeter.report_cost) FROM (
      SELECT u.user_id, u.tenant_id, u.currency, sum(u.calls),
        tokenmeter.add_known(sum(u.input_tokens), sum(u.cache_read_tokens), sum(u.cache_write_tokens), sum(u.cache_write_1h_tokens)),
        tokenmeter.add_known(sum(u.output_tokens), sum(u.reasoning_tokens)), sum(u.cost)
      FROM llm.usage_monthly u WHERE u.month = $1 %s GROUP BY 1, 2, 3) s$sql$,
    CASE WHEN tenant IS NOT NULL THEN 'AND u.tenant_id = $2' ELSE '' END)
  INTO answer USING month, tenant;
  RETURN answer;
END $$;
COMMENT ON FUNCTION tokenmeter.read_users(date, text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.read_report(month date, tenant text, words jsonb) RETURNS tokenmeter.report
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  report tokenmeter.report;
  grain text := CASE WHEN tenant IS NULL THEN 'model' ELSE 'tenant' END;
  next date;
BEGIN
  report.month := date_trunc('month', month::timestamp);
  report.before := report.month - interval '1 month';
  next := report.month + interval '1 month';
  report.tenant := tenant;
  report.zone := tokenmeter.report_time_zone();
  report.words := words;
  report.months := tokenmeter.read_usage_of(grain || '_monthly', 'month', report.before, next, tenant);
  report.days := tokenmeter.read_usage_of(grain || '_daily', 'day', report.month, next, tenant);
  report.users := tokenmeter.read_users(report.month, tenant);
  report.currencies := ARRAY(SELECT m.currency FROM unnest(report.months) m WHERE m.period = report.month AND m.currency IS NOT NULL
    GROUP BY m.currency ORDER BY sum(m.calls) DESC, m.currency);
  RETURN report;
END $$;
COMMENT ON FUNCTION tokenmeter.read_report(date, text, jsonb) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_month_name(report tokenmeter.report, month date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(month::timestamp, report.words ->> 'month_format');
COMMENT ON FUNCTION tokenmeter.report_month_name(tokenmeter.report, date) IS 'part of report_html()';

-- A name, in its own direction of writing.
CREATE FUNCTION tokenmeter.report_name(report tokenmeter.report, name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce('<bdi>' || tokenmeter.html_name(name, 200, NULL) || '</bdi>', format('<i>%s</i>', report.words ->> 'nobody'));
COMMENT ON FUNCTION tokenmeter.report_name(tokenmeter.report, text) IS 'part of report_html()';

-- As a chart has it; with the owner, if it is needed to tell two from each other. Characters around it keep its direction of
-- writing from the rest.
CREATE FUNCTION tokenmeter.report_label(report tokenmeter.report, name text, owner text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('&#8296;%s&#8297;%s', tokenmeter.html_name(name, CASE WHEN owner IS NULL THEN 29 ELSE 18 END, report.words ->> 'nobody'),
  coalesce(' · &#8296;' || tokenmeter.html_name(owner, 9, NULL) || '&#8297;', ''));
COMMENT ON FUNCTION tokenmeter.report_label(tokenmeter.report, text, text) IS 'part of report_html()';

-- Totals: of each measure this month's and the month before's.
CREATE FUNCTION tokenmeter.report_measures(report tokenmeter.report)
RETURNS TABLE (place integer, name text, label text, value numeric, earlier numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH total AS (
    SELECT m.period, sum(m.calls) AS calls, sum(m.input_tokens) AS input_tokens, sum(m.cache_read_tokens) AS cache_read_tokens,
      sum(m.cache_write_tokens) AS cache_write_tokens, sum(m.cache_write_1h_tokens) AS cache_write_1h_tokens,
      sum(m.output_tokens) AS output_tokens, sum(m.reasoning_tokens) AS reasoning_tokens, tokenmeter.sum(m.quantities) AS quantities,
      sum(m.unpriced_calls) AS unpriced_calls
    FROM unnest(report.months) m GROUP BY m.period
  ), meter AS (
    SELECT t.period, q.key AS name, q.value::numeric AS value, max(q.value::numeric) OVER (PARTITION BY q.key) AS most
    FROM total t, jsonb_each_text(t.quantities) q
  ), ranked AS (
    -- A call may name any number of them.
    SELECT m.*, dense_rank() OVER (ORDER BY m.most DESC, m.name) AS rank FROM meter m
  ), measure AS (
    SELECT t.period, v.place, v.name, report.words ->> v.name AS label, v.value
    FROM total t, LATERAL (VALUES (1, 'calls', t.calls), (2, 'input_tokens', t.input_tokens), (3, 'cache_read_tokens', t.cache_read_tokens),
      (4, 'cache_write_tokens', t.cache_write_tokens), (5, 'cache_write_1h_tokens', t.cache_write_1h_tokens),
      (6, 'output_tokens', t.output_tokens), (7, 'reasoning_tokens', t.reasoning_tokens), (11, 'unpriced_calls', t.unpriced_calls)) v (place, name, value)
    UNION ALL
    SELECT r.period, 8, r.name, tokenmeter.report_name(report, r.name), r.value FROM ranked r WHERE r.rank <= 10
    UNION ALL
    SELECT r.period, 9, 'other_meters', report.words ->> 'other_meters', count(*) FROM ranked r WHERE r.rank > 10 GROUP BY r.period
    UNION ALL
    SELECT m.period, 10, m.currency, format(report.words ->> 'cost_in', tokenmeter.report_name(report, m.currency)), sum(m.cost)
    FROM unnest(report.months) m WHERE m.currency IS NOT NULL GROUP BY m.period, m.currency
  )
  SELECT m.place, m.name, m.label, sum(m.value) FILTER (WHERE m.period = report.month), sum(m.value) FILTER (WHERE m.period = report.before)
  FROM measure m GROUP BY m.place, m.name, m.label HAVING num_nonnulls(sum(m.value)) = 1;
END;
COMMENT ON FUNCTION tokenmeter.report_measures(tokenmeter.report) IS 'part of report_html()';

-- How a number of a card differs from the month before's.
CREATE FUNCTION tokenmeter.report_change(report tokenmeter.report, value numeric, earlier numeric, is_cost boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN earlier IS NULL THEN format(report.words ->> 'no_before', tokenmeter.report_month_name(report, report.before))
  ELSE format(report.words ->> 'against',
    CASE sign(coalesce(value, 0) - earlier) WHEN 1 THEN '▲ ' WHEN -1 THEN '▼ ' ELSE '= ' END
      || CASE WHEN is_cost THEN tokenmeter.html_rounded(coalesce(value, 0) - earlier, true) ELSE tokenmeter.html_digits(coalesce(value, 0) - earlier, true) END,
    tokenmeter.html_percent(coalesce(value, 0), earlier), tokenmeter.report_month_name(report, report.before)) END;
COMMENT ON FUNCTION tokenmeter.report_change(tokenmeter.report, numeric, numeric, boolean) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_cards(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH measure AS (SELECT * FROM tokenmeter.report_measures(report)),
  token AS (SELECT sum(m.value) AS value, sum(m.earlier) AS earlier FROM measure m WHERE m.place BETWEEN 2 AND 7),
  card (place, name, content) AS (
    SELECT 1, m.name, tokenmeter.html_card(m.label, tokenmeter.html_headline(coalesce(m.value, 0), report.words ->> 'million'),
      tokenmeter.report_change(report, m.value, m.earlier, true))
    FROM measure m WHERE m.place = 10
    UNION ALL
    SELECT 2, NULL, tokenmeter.html_card(report.words ->> 'calls', tokenmeter.html_headline(coalesce(m.value, 0), report.words ->> 'million'),
      tokenmeter.report_change(report, m.value, m.earlier, false))
    FROM (VALUES (1)) one LEFT JOIN measure m ON m.place = 1
    UNION ALL
    SELECT 3, NULL, tokenmeter.html_card(report.words ->> 'tokens', tokenmeter.html_headline(coalesce(t.value, 0), report.words ->> 'million'),
      tokenmeter.report_change(report, t.value, t.earlier, false))
    FROM token t
    UNION ALL
    SELECT 4, NULL, tokenmeter.html_card(report.words ->> 'users', tokenmeter.html_digits(u.users),
      format(report.words ->> 'models_used', tokenmeter.html_digits(m.models)))
    FROM (SELECT count(DISTINCT (u.owner, u.name)) AS users FROM unnest(report.users) u WHERE u.name <> '') u,
      (SELECT count(DISTINCT (m.provider, m.model)) AS models FROM unnest(report.months) m WHERE m.period = report.month) m
    UNION ALL
    SELECT 5, NULL, tokenmeter.html_card(m.label, '⚠ ' || tokenmeter.html_digits(m.value), format('<a href="#unpriced">%s</a>', report.words ->> 'not_in_cost'))
    FROM measure m WHERE m.place = 11 AND m.value <> 0
  )
  SELECT format(E'<dl class="cards">\n%s</dl>\n', string_agg(c.content, '' ORDER BY c.place, array_position(report.currencies, c.name), c.name)) FROM card c);
COMMENT ON FUNCTION tokenmeter.report_cards(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_totals(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN tokenmeter.html_section('totals', report.words ->> 'totals', tokenmeter.report_cards(report)
  || CASE WHEN report.days IS NULL THEN tokenmeter.html_paragraph(report.words ->> 'empty_month') ELSE '' END
  || tokenmeter.html_paragraph(report.words ->> 'rounded')
  || coalesce((
    SELECT tokenmeter.html_table(report.words ->> 'totals_caption',
      ARRAY[report.words ->> 'measure', tokenmeter.report_month_name(report, report.month), tokenmeter.report_month_name(report, report.before),
        report.words ->> 'difference', report.words ->> 'percent'],
      string_agg(tokenmeter.html_row(ARRAY[m.label, tokenmeter.html_number(m.value), tokenmeter.html_number(m.earlier),
        tokenmeter.html_number(coalesce(m.value, 0) - coalesce(m.earlier, 0), true), tokenmeter.html_percent(coalesce(m.value, 0), m.earlier)]), E'\n'
        ORDER BY m.place, array_position(report.currencies, m.name), m.name))
    FROM tokenmeter.report_measures(report) m), ''));
COMMENT ON FUNCTION tokenmeter.report_totals(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_day_chart(report tokenmeter.report, currency text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH day AS (
    SELECT d.day::date AS day, c.cost FROM generate_series(report.month::timestamp, report.month + interval '1 month' - interval '1 day', interval '1 day') d (day)
    LEFT JOIN (SELECT u.period, sum(u.cost) AS cost FROM unnest(report.days) u WHERE u.currency = report_day_chart.currency GROUP BY u.period) c ON c.period = d.day
  ), highest AS (
    SELECT d.* FROM day d WHERE d.cost IS NOT NULL ORDER BY d.cost DESC, d.day LIMIT 1
  ), earlier AS (
    SELECT sum(m.cost) / (report.month - report.before) AS average FROM unnest(report.months) m
    WHERE m.period = report.before AND m.currency = report_day_chart.currency
  )
  SELECT tokenmeter.svg_columns('by-day-' || array_position(report.currencies, currency),
    format(report.words ->> 'by_day_title', tokenmeter.html_name(currency, 20, NULL)),
    format(report.words ->> 'by_day_text', count(d.cost), tokenmeter.html_rounded(min(h.cost)), min(h.day)),
    array_agg(format('%s: %s', d.day, tokenmeter.html_digits(d.cost)) ORDER BY d.day),
    array_agg(CASE WHEN extract(day FROM d.day) IN (1, 5, 10, 15, 20, 25, 30) THEN extract(day FROM d.day)::text END ORDER BY d.day),
    array_agg(d.cost ORDER BY d.day), min(e.average), format(report.words ->> 'average', tokenmeter.html_rounded(min(e.average))))
  FROM day d LEFT JOIN highest h ON true CROSS JOIN earlier e);
COMMENT ON FUNCTION tokenmeter.report_day_chart(tokenmeter.report, text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_by_day(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN tokenmeter.html_section('by-day', report.words ->> 'by_day', coalesce(
  (SELECT string_agg(tokenmeter.report_day_chart(report, c.currency), '' ORDER BY c.place) FROM unnest(report.currencies) WITH ORDINALITY c (currency, place)),
  tokenmeter.html_paragraph(report.words ->> 'no_cost')));
COMMENT ON FUNCTION tokenmeter.report_by_day(tokenmeter.report) IS 'part of report_html()';

-- Those that cost most: the first ten of each currency, filled up to ten by calls, and all others in one row without a place.
CREATE FUNCTION tokenmeter.report_ranked(costs tokenmeter.report_cost[])
RETURNS TABLE (place bigint, name text, owner text, members bigint, calls numeric, tokens_in numeric, tokens_out numeric, costs jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH cost AS (
    SELECT c.*, CASE WHEN c.currency IS NOT NULL THEN row_number() OVER (PARTITION BY c.currency ORDER BY c.cost DESC, c.calls DESC, c.name, c.owner) END AS place
    FROM unnest(costs) c
  ), whole AS (
    SELECT c.name, c.owner, sum(c.calls) AS calls, sum(c.tokens_in) AS tokens_in, sum(c.tokens_out) AS tokens_out, min(c.place) AS best,
      jsonb_object_agg(c.currency, c.cost) FILTER (WHERE c.currency IS NOT NULL) AS costs
    FROM cost c GROUP BY c.name, c.owner
  ), ordered AS (
    SELECT w.*, row_number() OVER (ORDER BY w.best, w.calls DESC, w.name, w.owner) AS place FROM whole w
  ), shown AS (
    SELECT o.*, CASE WHEN o.best <= 10 OR o.place <= 10 THEN o.place END AS shown_place FROM ordered o
  )
  SELECT s.shown_place, CASE WHEN s.shown_place IS NOT NULL THEN min(s.name) END, CASE WHEN s.shown_place IS NOT NULL THEN min(s.owner) END,
    count(*), sum(s.calls), sum(s.tokens_in), sum(s.tokens_out), tokenmeter.sum(s.costs)
  FROM shown s GROUP BY s.shown_place;
END;
COMMENT ON FUNCTION tokenmeter.report_ranked(tokenmeter.report_cost[]) IS 'part of report_html()';

-- The others have no bar: in a large house it would leave none of the ten to be seen.
CREATE FUNCTION tokenmeter.report_rank_chart(report tokenmeter.report, id text, costs tokenmeter.report_cost[], currency text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH bar AS (
    SELECT row_number() OVER (ORDER BY r.place IS NULL, (r.costs ->> currency)::numeric DESC, r.place) AS place, (r.costs ->> currency)::numeric AS cost,
      r.place IS NULL AS is_rest, CASE WHEN r.place IS NULL THEN format(report.words ->> 'others', r.members)
        ELSE tokenmeter.report_label(report, r.name, CASE WHEN count(*) OVER (PARTITION BY r.name) > 1 THEN r.owner END) END AS label
    FROM tokenmeter.report_ranked(ARRAY(SELECT c FROM unnest(costs) c WHERE c.currency = report_rank_chart.currency)) r
  ), total AS (
    SELECT sum(b.cost) AS cost FROM bar b
  ), noted AS (
    SELECT b.*, tokenmeter.html_rounded(b.cost) || CASE WHEN t.cost > 0 THEN format(' · %s&#8239;%%', tokenmeter.html_digits(round(100 * b.cost / t.cost, 1))) ELSE '' END AS note
    FROM bar b, total t
  )
  SELECT tokenmeter.svg_bars(format('%s-%s', id, array_position(report.currencies, currency)),
    format(report.words ->> (replace(id, '-', '_') || '_title'), tokenmeter.html_name(currency, 20, NULL)),
    format(report.words ->> 'bars_text', string_agg(format('%s %s', n.label, n.note), '; ' ORDER BY n.place)),
    array_agg(n.label ORDER BY n.place), array_agg(CASE WHEN NOT n.is_rest THEN n.cost END ORDER BY n.place), array_agg(n.note ORDER BY n.place))
  FROM noted n);
COMMENT ON FUNCTION tokenmeter.report_rank_chart(tokenmeter.report, text, tokenmeter.report_cost[], text) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.cost_decimals(costs jsonb[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT jsonb_object_agg(d.key, d.decimals) FROM (
  SELECT e.key, max(min_scale(e.value::numeric)) AS decimals FROM unnest(costs) c, jsonb_each_text(c) e GROUP BY e.key) d);
COMMENT ON FUNCTION tokenmeter.cost_decimals(jsonb[]) IS 'part of report_html(): how many decimals a column of costs has, by currency';

CREATE FUNCTION tokenmeter.report_cost_cells(report tokenmeter.report, costs jsonb, decimals jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT tokenmeter.html_number((costs ->> c.currency)::numeric, false, (decimals ->> c.currency)::integer)
  FROM unnest(report.currencies) WITH ORDINALITY c (currency, place) ORDER BY c.place);
COMMENT ON FUNCTION tokenmeter.report_cost_cells(tokenmeter.report, jsonb, jsonb) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_cost_headers(report tokenmeter.report) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT format(report.words ->> 'cost_in', tokenmeter.html_name(c.currency, 20, NULL)) FROM unnest(report.currencies) WITH ORDINALITY c (currency, place)
  ORDER BY c.place);
COMMENT ON FUNCTION tokenmeter.report_cost_headers(tokenmeter.report) IS 'part of report_html()';

-- Charts and a table of what costs most. Where everything has the same owner, the column of owners is left out.
CREATE FUNCTION tokenmeter.report_ranking(report tokenmeter.report, id text, header text, owner_header text, costs tokenmeter.report_cost[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH ranked AS (
    SELECT r.*, tokenmeter.cost_decimals(array_agg(r.costs) OVER ()) AS decimals FROM tokenmeter.report_ranked(costs) r
  ), line AS (
    SELECT r.place, tokenmeter.html_row(
      CASE WHEN r.place IS NULL THEN ARRAY[format(report.words ->> 'others', r.members)] ELSE ARRAY[tokenmeter.report_name(report, r.name)] END
      || CASE WHEN owner_header IS NULL THEN '{}' WHEN r.place IS NULL THEN ARRAY[''] ELSE ARRAY[tokenmeter.report_name(report, r.owner)] END
      || ARRAY[tokenmeter.html_number(r.calls), tokenmeter.html_number(r.tokens_in), tokenmeter.html_number(r.tokens_out)]
      || tokenmeter.report_cost_cells(report, r.costs, r.decimals), 1 + num_nonnulls(owner_header)) AS content
    FROM ranked r
  ), total AS (
    SELECT tokenmeter.html_row(ARRAY[report.words ->> 'all'] || CASE WHEN owner_header IS NULL THEN '{}' ELSE ARRAY[''] END
      || ARRAY[tokenmeter.html_number(sum(r.calls)), tokenmeter.html_number(sum(r.tokens_in)), tokenmeter.html_number(sum(r.tokens_out))]
      || tokenmeter.report_cost_cells(report, tokenmeter.sum(r.costs), (array_agg(r.decimals))[1]), 1 + num_nonnulls(owner_header)) AS content
    FROM ranked r
  )
  SELECT tokenmeter.html_section(id, report.words ->> replace(id, '-', '_'),
    coalesce((SELECT string_agg(tokenmeter.report_rank_chart(report, id, costs, c.currency), '' ORDER BY c.place)
      FROM unnest(report.currencies) WITH ORDINALITY c (currency, place)), tokenmeter.html_paragraph(report.words ->> 'no_cost'))
    || coalesce(tokenmeter.html_table(report.words ->> (replace(id, '-', '_') || '_caption'),
      ARRAY[header] || array_remove(ARRAY[owner_header], NULL)
        || ARRAY[report.words ->> 'calls', report.words ->> 'tokens_in', report.words ->> 'tokens_out'] || tokenmeter.report_cost_headers(report),
      string_agg(l.content, E'\n' ORDER BY l.place), 1 + num_nonnulls(owner_header), min(t.content)), ''))
  FROM line l CROSS JOIN total t);
COMMENT ON FUNCTION tokenmeter.report_ranking(tokenmeter.report, text, text, text, tokenmeter.report_cost[]) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_latency(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH merged AS (
    SELECT m.provider, m.model, sum(m.calls) AS calls, tokenmeter.merge(m.latency_sketch) AS latency, tokenmeter.merge(m.ttft_sketch) AS ttft
    FROM unnest(report.months) m WHERE m.period = report.month GROUP BY m.provider, m.model
    HAVING num_nonnulls(tokenmeter.merge(m.latency_sketch), tokenmeter.merge(m.ttft_sketch)) > 0
    ORDER BY sum(m.calls) DESC, m.model, m.provider LIMIT 10
  ), model AS (
    SELECT row_number() OVER (ORDER BY m.calls DESC, m.model, m.provider) AS place, m.provider, m.model, m.calls,
      tokenmeter.quantile(m.latency, 0.5)::numeric AS latency_p50, tokenmeter.quantile(m.latency, 0.95)::numeric AS latency_p95,
      tokenmeter.quantile(m.ttft, 0.5)::numeric AS ttft_p50, tokenmeter.quantile(m.ttft, 0.95)::numeric AS ttft_p95,
      tokenmeter.report_label(report, m.model, CASE WHEN count(*) OVER (PARTITION BY m.model) > 1 THEN m.provider END) AS label
    FROM merged m
  ), chart AS (
    SELECT tokenmeter.svg_ranges('latency-1', report.words ->> 'latency_title', format(report.words ->> 'bars_text', string_agg(
        format('%s %s – %s', m.label, tokenmeter.html_digits(round(m.latency_p50)), tokenmeter.html_digits(round(m.latency_p95))),
        '; ' ORDER BY m.place)),
      array_agg(m.label ORDER BY m.place), array_agg(m.latency_p50 ORDER BY m.place),
      array_agg(m.latency_p95 ORDER BY m.place), 'p50', 'p95') AS drawn
    FROM model m WHERE m.latency_p50 IS NOT NULL HAVING count(*) > 0
  )
  SELECT tokenmeter.html_section('latency', report.words ->> 'latency', coalesce((SELECT c.drawn FROM chart c), '')
    || coalesce(tokenmeter.html_paragraph(report.words ->> 'latency_note') || tokenmeter.html_table(report.words ->> 'latency_caption',
      ARRAY[report.words ->> 'model', report.words ->> 'provider', report.words ->> 'calls', report.words ->> 'latency_p50', report.words ->> 'latency_p95',
        report.words ->> 'ttft_p50', report.words ->> 'ttft_p95'],
      string_agg(tokenmeter.html_row(ARRAY[tokenmeter.report_name(report, m.model), tokenmeter.report_name(report, m.provider), tokenmeter.html_number(m.calls),
        tokenmeter.html_number(round(m.latency_p50)), tokenmeter.html_number(round(m.latency_p95)),
        tokenmeter.html_number(round(m.ttft_p50)), tokenmeter.html_number(round(m.ttft_p95))], 2), E'\n' ORDER BY m.place), 2),
      tokenmeter.html_paragraph(report.words ->> 'no_latency')))
  FROM model m);
COMMENT ON FUNCTION tokenmeter.report_latency(tokenmeter.report) IS 'part of report_html()';

-- llm.forecast has a row for each tenant and currency, of the current month only. What is not known of a new tenant yet is taken
-- to be as near to it as is known, so that no sum leaves out what others have of it.
CREATE FUNCTION tokenmeter.report_forecast(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH forecast AS (
    SELECT f.currency, sum(f.cost_so_far) AS cost_so_far, sum(coalesce(f.by_run_rate, f.cost_so_far)) AS by_run_rate,
      CASE WHEN count(f.by_weekday) > 0 THEN sum(coalesce(f.by_weekday, f.by_run_rate, f.cost_so_far)) END AS by_weekday,
      CASE WHEN count(f.low) > 0 THEN sum(coalesce(f.low, f.by_weekday, f.by_run_rate, f.cost_so_far)) END AS low,
      CASE WHEN count(f.high) > 0 THEN sum(coalesce(f.high, f.by_weekday, f.by_run_rate, f.cost_so_far)) END AS high,
      (SELECT sum(m.cost) FROM unnest(report.months) m WHERE m.period = report.before AND m.currency = f.currency) AS earlier
    FROM llm.forecast f WHERE f.month = report.month AND (f.tenant_id = report.tenant OR report.tenant IS NULL)
    GROUP BY f.currency
  ), bar AS (
    SELECT f.currency, v.place, report.words ->> v.name AS label, v.cost, tokenmeter.html_rounded(v.cost) AS note
    FROM forecast f, LATERAL (VALUES (1, 'month_before', f.earlier), (2, 'cost_so_far', f.cost_so_far), (3, 'by_run_rate', f.by_run_rate),
      (4, 'by_weekday', f.by_weekday), (5, 'low', f.low), (6, 'high', f.high)) v (place, name, cost)
    WHERE v.cost IS NOT NULL
  ), chart AS (
    SELECT b.currency, tokenmeter.svg_bars('forecast-' || row_number() OVER (ORDER BY array_position(report.currencies, b.currency), b.currency),
      format(report.words ->> 'forecast_title', tokenmeter.html_name(b.currency, 20, NULL)),
      string_agg(format('%s: %s', b.label, b.note), '; ' ORDER BY b.place),
      array_agg(b.label ORDER BY b.place), array_agg(b.cost ORDER BY b.place), array_agg(b.note ORDER BY b.place)) AS drawn
    FROM bar b GROUP BY b.currency
  )
  SELECT tokenmeter.html_section('forecast', report.words ->> 'forecast',
    coalesce((SELECT string_agg(c.drawn, '' ORDER BY array_position(report.currencies, c.currency), c.currency) FROM chart c), '')
    || coalesce(tokenmeter.html_table(report.words ->> 'forecast_caption',
        ARRAY[report.words ->> 'currency', report.words ->> 'month_before', report.words ->> 'cost_so_far', report.words ->> 'by_run_rate',
          report.words ->> 'by_weekday', report.words ->> 'low', report.words ->> 'high'],
        string_agg(tokenmeter.html_row(ARRAY[tokenmeter.report_name(report, f.currency), tokenmeter.html_number(f.earlier), tokenmeter.html_number(f.cost_so_far),
          tokenmeter.html_rounded(f.by_run_rate), tokenmeter.html_rounded(f.by_weekday), tokenmeter.html_rounded(f.low), tokenmeter.html_rounded(f.high)]),
          E'\n' ORDER BY array_position(report.currencies, f.currency), f.currency)) || tokenmeter.html_paragraph(report.words ->> 'forecast_note'),
      tokenmeter.html_paragraph(report.words ->> 'no_forecast')))
  FROM forecast f;
$$;
COMMENT ON FUNCTION tokenmeter.report_forecast(tokenmeter.report) IS 'part of report_html()';

-- As llm.drift has it, of the month, and on how many days it was over the threshold.
CREATE FUNCTION tokenmeter.report_drift(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH threshold AS (
    SELECT tokenmeter.drift_threshold() AS value
  ), model AS (
    SELECT m.provider, m.model, sum(m.compared_calls) AS calls, sum(m.reported) AS reported, sum(m.counted) AS counted,
      sum(m.reported) - sum(m.counted) AS difference
    FROM unnest(report.months) m WHERE m.period = report.month GROUP BY m.provider, m.model HAVING sum(m.compared_calls) > 0
  ), day AS (
    SELECT d.provider, d.model, d.period FROM unnest(report.days) d, threshold t GROUP BY d.provider, d.model, d.period, t.value
    HAVING abs(sum(d.reported) - sum(d.counted)) > t.value * sum(d.counted)
  ), marked AS (
    SELECT m.*, abs(m.difference) > t.value * m.counted AS over, (SELECT count(*) FROM day d WHERE d.model = m.model AND d.provider IS NOT DISTINCT FROM m.provider) AS days
    FROM model m, threshold t
  )
  SELECT tokenmeter.html_section('drift', report.words ->> 'drift', coalesce(
    tokenmeter.html_table(report.words ->> 'drift_caption',
      ARRAY[report.words ->> 'model', report.words ->> 'provider', report.words ->> 'compared_calls', report.words ->> 'reported', report.words ->> 'counted',
        report.words ->> 'difference', report.words ->> 'percent', report.words ->> 'days_over'],
      string_agg(tokenmeter.html_row(ARRAY[tokenmeter.report_name(report, m.model), tokenmeter.report_name(report, m.provider), tokenmeter.html_number(m.calls),
        tokenmeter.html_number(m.reported), tokenmeter.html_number(m.counted), tokenmeter.html_number(m.difference, true),
        CASE WHEN m.over THEN format('<strong>⚠ %s</strong> ', report.words ->> 'over') ELSE '' END
          || tokenmeter.html_percent(m.reported, m.counted), tokenmeter.html_number(m.days)], 2),
        E'\n' ORDER BY abs(m.difference) / nullif(m.counted, 0) DESC, m.model, m.provider), 2)
    || tokenmeter.html_paragraph(format(report.words ->> 'drift_note', tokenmeter.html_digits(trim_scale(100 * min(t.value))))),
    tokenmeter.html_paragraph(report.words ->> 'no_drift')))
  FROM threshold t LEFT JOIN marked m ON true WHERE m.model IS NOT NULL);
COMMENT ON FUNCTION tokenmeter.report_drift(tokenmeter.report) IS 'part of report_html()';

-- How many the buckets know exactly, by tenant too; why is what llm.unpriced says of the model, whosever calls they are: a
-- tenant's report does not have it.
CREATE FUNCTION tokenmeter.report_unpriced(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH unpriced AS (
    SELECT m.provider, m.model, m.service_tier, sum(m.unpriced_calls) AS calls FROM unnest(report.months) m
    WHERE m.period = report.month GROUP BY m.provider, m.model, m.service_tier HAVING sum(m.unpriced_calls) <> 0
  ), reason AS (
    SELECT u.provider, u.model, u.service_tier, string_agg(DISTINCT u.reason, '; ') AS reason FROM llm.unpriced u
    WHERE report.tenant IS NULL AND EXISTS (SELECT FROM unpriced)
      AND u.first_call < (report.month + interval '1 month') AT TIME ZONE report.zone AND u.last_call >= report.month::timestamp AT TIME ZONE report.zone
    GROUP BY u.provider, u.model, u.service_tier
  ), shown AS (
    SELECT CASE WHEN report.tenant IS NULL THEN 4 ELSE 3 END AS texts
  )
  SELECT tokenmeter.html_section('unpriced', report.words ->> 'unpriced', coalesce(
    tokenmeter.html_table(report.words ->> 'unpriced_caption',
      (ARRAY[report.words ->> 'model', report.words ->> 'provider', report.words ->> 'service_tier', report.words ->> 'reason'])[:min(s.texts)] || (report.words ->> 'calls'),
      string_agg(tokenmeter.html_row((ARRAY[tokenmeter.report_name(report, u.model), tokenmeter.report_name(report, u.provider),
          tokenmeter.report_name(report, u.service_tier), tokenmeter.report_name(report, r.reason)])[:s.texts] || tokenmeter.html_number(u.calls), s.texts),
        E'\n' ORDER BY u.calls DESC, u.model, u.provider, u.service_tier), min(s.texts)),
    tokenmeter.html_paragraph(report.words ->> 'no_unpriced')))
  FROM unpriced u CROSS JOIN shown s LEFT JOIN reason r ON r.provider IS NOT DISTINCT FROM u.provider AND r.model = u.model AND r.service_tier = u.service_tier;
$$;
COMMENT ON FUNCTION tokenmeter.report_unpriced(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_problems(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH problem AS (
    -- Problems that differ in numbers only are the same.
    SELECT p.sqlstate, min(p.problem) AS problem, p.source, count(*) AS times, max(p.noticed_at) AS latest,
      row_number() OVER (ORDER BY count(*) DESC, min(p.problem), p.source) AS place
    FROM llm.intake_problem p
    WHERE p.noticed_at >= report.month::timestamp AT TIME ZONE report.zone
      AND p.noticed_at < (report.month + interval '1 month') AT TIME ZONE report.zone
      AND (p.call ->> 'tenant_id' = report.tenant OR report.tenant IS NULL)
    GROUP BY p.sqlstate, regexp_replace(p.problem, '[0-9]+', '0', 'g'), p.source
  ), line AS (
    SELECT p.place, ARRAY[tokenmeter.report_name(report, p.problem), tokenmeter.report_name(report, p.source), p.sqlstate,
      to_char(p.latest AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), tokenmeter.html_number(p.times)] AS cells
    FROM problem p WHERE p.place <= 10
    UNION ALL
    SELECT NULL, ARRAY[format(report.words ->> 'others', count(*)), '', '', to_char(max(p.latest) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
      tokenmeter.html_number(sum(p.times))]
    FROM problem p WHERE p.place > 10 HAVING count(*) > 0
  )
  SELECT tokenmeter.html_section('problems', report.words ->> 'problems', coalesce(
    tokenmeter.html_table(report.words ->> 'problems_caption',
      ARRAY[report.words ->> 'problem', report.words ->> 'source', report.words ->> 'code', report.words ->> 'last', report.words ->> 'times'],
      string_agg(tokenmeter.html_row(l.cells, 4), E'\n' ORDER BY l.place), 4),
    tokenmeter.html_paragraph(report.words ->> 'no_problems')))
  FROM line l;
$$;
COMMENT ON FUNCTION tokenmeter.report_problems(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_day_table(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  WITH cost AS (
    SELECT d.period, d.currency, sum(d.calls) AS calls, sum(d.cost) AS cost FROM unnest(report.days) d GROUP BY d.period, d.currency
  ), day AS (
    SELECT c.period, sum(c.calls) AS calls, jsonb_object_agg(c.currency, c.cost) FILTER (WHERE c.currency IS NOT NULL) AS costs FROM cost c GROUP BY c.period
  ), decimals AS (
    SELECT tokenmeter.cost_decimals(array_agg(d.costs)) AS of_currency FROM day d
  )
  SELECT tokenmeter.html_section('days', report.words ->> 'days', tokenmeter.html_table(report.words ->> 'days_caption',
    ARRAY[report.words ->> 'day', report.words ->> 'calls'] || tokenmeter.report_cost_headers(report),
    string_agg(tokenmeter.html_row(ARRAY[d.period::text, tokenmeter.html_number(d.calls)] || tokenmeter.report_cost_cells(report, d.costs, e.of_currency)), E'\n' ORDER BY d.period),
    1, tokenmeter.html_row(ARRAY[report.words ->> 'all', tokenmeter.html_number(sum(d.calls))] || tokenmeter.report_cost_cells(report, tokenmeter.sum(d.costs), (SELECT e.of_currency FROM decimals e)))))
  FROM day d CROSS JOIN decimals e);
COMMENT ON FUNCTION tokenmeter.report_day_table(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_by_model(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN tokenmeter.report_ranking(report, 'by-model', report.words ->> 'model', report.words ->> 'provider',
  ARRAY(SELECT ROW(m.model, m.provider, m.currency, sum(m.calls),
      tokenmeter.add_known(sum(m.input_tokens), sum(m.cache_read_tokens), sum(m.cache_write_tokens), sum(m.cache_write_1h_tokens)),
      tokenmeter.add_known(sum(m.output_tokens), sum(m.reasoning_tokens)), sum(m.cost))::tokenmeter.report_cost
    FROM unnest(report.months) m WHERE m.period = report.month GROUP BY m.model, m.provider, m.currency));
COMMENT ON FUNCTION tokenmeter.report_by_model(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_about(report tokenmeter.report) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tokenmeter.html_section('about', report.words ->> 'about', tokenmeter.html_paragraph(report.words ->> 'about_exact')
  || tokenmeter.html_paragraph(report.words ->> 'about_late') || tokenmeter.html_paragraph(report.words ->> 'about_tokens'));
COMMENT ON FUNCTION tokenmeter.report_about(tokenmeter.report) IS 'part of report_html()';

CREATE FUNCTION tokenmeter.report_head(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
  SELECT format(E'<header>\n<p class="kind">%1$s</p>\n<h1>%2$s · %3$s</h1>\n<dl>%4$s</dl>\n</header>\n', report.words ->> 'title',
    tokenmeter.report_month_name(report, report.month), CASE WHEN report.tenant IS NULL THEN report.words ->> 'all_tenants' ELSE tokenmeter.report_name(report, report.tenant) END,
    (SELECT string_agg(format('<div><dt>%s</dt><dd>%s</dd></div>', f.label, f.value), '' ORDER BY f.place) FROM (VALUES
      (1, report.words ->> 'time_zone', tokenmeter.html_name(report.zone, 100, NULL)),
      (2, report.words ->> 'made', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC')) f (place, label, value))));
COMMENT ON FUNCTION tokenmeter.report_head(tokenmeter.report) IS 'part of report_html()';

-- The policy lets nothing be fetched or run, whatever might get into the page.
CREATE FUNCTION tokenmeter.report_page(report tokenmeter.report) RETURNS text
LANGUAGE sql STABLE
RETURN format(E'<!DOCTYPE html>\n<html lang="%s">\n<head>\n<meta charset="utf-8">\n'
  '<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''">\n'
  '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n%s</main>\n</body>\n</html>\n',
  report.words ->> 'lang',
  concat_ws(' · ', report.words ->> 'title', tokenmeter.report_month_name(report, report.month), tokenmeter.html_name(report.tenant, 100, report.words ->> 'all_tenants')),
  tokenmeter.html_style(),
  concat(tokenmeter.report_head(report), tokenmeter.report_totals(report),
    CASE WHEN report.days IS NOT NULL THEN concat(tokenmeter.report_by_day(report), tokenmeter.report_by_model(report),
      tokenmeter.report_ranking(report, 'by-user', report.words ->> 'user', CASE WHEN report.tenant IS NULL THEN report.words ->> 'tenant' END, report.users),
      tokenmeter.report_latency(report)) END,
    CASE WHEN report.month = date_trunc('month', now() AT TIME ZONE report.zone)::date THEN tokenmeter.report_forecast(report) END,
    CASE WHEN report.days IS NOT NULL THEN concat(tokenmeter.report_drift(report), tokenmeter.report_unpriced(report)) END,
    tokenmeter.report_problems(report), tokenmeter.report_about(report),
    CASE WHEN report.days IS NOT NULL THEN tokenmeter.report_day_table(report) END));
COMMENT ON FUNCTION tokenmeter.report_page(tokenmeter.report) IS 'part of report_html()';

-- Days and months are those of the setting tokenmeter.time_zone, as in the views.
CREATE FUNCTION tokenmeter.report_html(month date, tenant text DEFAULT NULL, language text DEFAULT 'en') RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET datestyle = 'ISO' AS $$
DECLARE
  words jsonb := tokenmeter.report_words(language);
BEGIN
  IF month IS NULL THEN
    RAISE EXCEPTION 'month must not be NULL' USING ERRCODE = 'null_value_not_allowed', HINT = 'Any day of the month will do.';
  END IF;
  IF NOT isfinite(month) THEN
    RAISE EXCEPTION 'month must be finite' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF words IS NULL THEN
    RAISE EXCEPTION 'there is no report in the language "%"', language
      USING ERRCODE = 'invalid_parameter_value',
            HINT = format('Languages are: %s.', (SELECT string_agg(l, ', ' ORDER BY l) FROM tokenmeter.report_languages() l));
  END IF;
  RETURN tokenmeter.report_page(tokenmeter.read_report(month, tenant, words));
END $$;
COMMENT ON FUNCTION tokenmeter.report_html(date, text, text) IS 'a month''s usage, of all or of a tenant, as a page of HTML that needs nothing else; in English (en) or Chinese (zh)';
