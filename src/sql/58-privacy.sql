-- No text in what the server itself writes down: which settings in force could let it.

CREATE FUNCTION tokenmeter.privacy_check() RETURNS TABLE (setting text, value text, danger text, remedy text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH known AS (
    SELECT s.name, s.setting,
      coalesce('tokenmeter' = ANY (regexp_split_to_array(current_setting('shared_preload_libraries'), '\s*,\s*')), false)
        OR coalesce('tokenmeter' = ANY (regexp_split_to_array(current_setting('session_preload_libraries'), '\s*,\s*')), false) AS preloaded
    FROM pg_settings s
  )
  SELECT k.name, k.setting, v.danger, v.remedy
  FROM known k JOIN (VALUES
    ('log_statement', 'none', 'statements are logged, with the literals in them', 'log_statement = none'),
    ('log_min_duration_statement', '-1', 'statements that take long are logged, with the literals in them', 'log_min_duration_statement = -1'),
    ('log_min_duration_sample', '-1', 'some statements are logged, with the literals in them', 'log_min_duration_sample = -1'),
    ('log_transaction_sample_rate', '0', 'the statements of some transactions are logged', 'log_transaction_sample_rate = 0'),
    ('log_parameter_max_length_on_error', '0', 'parameters of statements that fail are logged', 'log_parameter_max_length_on_error = 0'),
    ('auto_explain.log_min_duration', '-1', 'plans are logged, with the literals in them', 'auto_explain.log_min_duration = -1'),
    ('pgaudit.log', 'none', 'statements are logged, with the literals in them', 'pgaudit.log = none'),
    ('debug_print_parse', 'off', 'parse trees are logged', 'debug_print_parse = off'),
    ('debug_print_rewritten', 'off', 'parse trees are logged', 'debug_print_rewritten = off'),
    ('debug_print_plan', 'off', 'plans are logged', 'debug_print_plan = off')
  ) v (name, safe, danger, remedy) ON v.name = k.name
  WHERE lower(k.setting) <> v.safe AND NOT (k.name = 'log_transaction_sample_rate' AND k.setting::float8 = 0)
  UNION ALL
  SELECT k.name, k.setting, 'a statement that fails is logged, with the literals in it',
    'shared_preload_libraries = ''tokenmeter'', or texts as parameters and log_min_error_statement = panic'
  FROM known k WHERE k.name = 'log_min_error_statement' AND NOT k.preloaded AND k.setting NOT IN ('log', 'fatal', 'panic')
  UNION ALL
  SELECT k.name, k.setting, 'a COPY that fails is logged, with the line that it was at',
    'shared_preload_libraries = ''tokenmeter'', or log_error_verbosity = terse'
  FROM known k WHERE k.name = 'log_error_verbosity' AND NOT k.preloaded AND k.setting <> 'terse'
  UNION ALL
  SELECT k.name, k.setting, 'what is logged comes with the statement, and the literals in it',
    'shared_preload_libraries = ''tokenmeter'', or ' || k.name || ' = ' || v.safe
  FROM known k JOIN (VALUES ('log_lock_waits', 'off'), ('log_temp_files', '-1'), ('log_executor_stats', 'off'),
    ('log_parser_stats', 'off'), ('log_planner_stats', 'off'), ('log_statement_stats', 'off')) v (name, safe) USING (name)
  WHERE NOT k.preloaded AND k.setting <> v.safe
  UNION ALL
  SELECT k.name, k.setting, 'pg_stat_statements keeps literals that are not plain constants of its normal form, as in utility statements',
    'pg_stat_statements.track_utility = off, and texts as parameters'
  FROM known k WHERE k.name = 'pg_stat_statements.track_utility' AND k.setting = 'on'
  UNION ALL
  SELECT k.name, k.setting, 'pg_stat_activity shows running statements, with the literals in them, to their own role and to pg_read_all_stats; the log has the one that ran when a backend is killed',
    'texts as parameters'
  FROM known k WHERE k.name = 'track_activities' AND k.setting = 'on'
  ORDER BY 1;
END;
COMMENT ON FUNCTION tokenmeter.privacy_check() IS 'settings in force by which the server itself could write down texts of calls, and what to set instead';
