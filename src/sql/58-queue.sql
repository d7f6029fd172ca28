-- Messages of queues, as calls for the inbox.
--
-- A queue sends a message again until it is taken, so one that could never be taken would stand in the way of all
-- others. That is why posting a message fails only where trying again can help.

-- A message is a JSON object in the columns of llm.inbox, or an array of such. What cannot be read goes into the inbox
-- as a call without a model, which is listed as a problem, and says in its tags why and which message it was.
CREATE FUNCTION tokenmeter.post_json(message bytea) RETURNS void
LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  calls jsonb;
  call jsonb;
BEGIN
  calls := convert_from(message, 'UTF8');
  IF jsonb_typeof(calls) <> 'array' THEN
    calls := jsonb_build_array(calls);
  END IF;
  INSERT INTO llm.inbox SELECT posted.* FROM jsonb_populate_recordset(NULL::llm.inbox, calls) posted;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  IF jsonb_array_length(calls) > 1 THEN
    FOR call IN SELECT jsonb_array_elements(calls) LOOP
      PERFORM tokenmeter.post_json(convert_to(call::text, 'UTF8'));
    END LOOP;
  ELSE
    INSERT INTO llm.inbox (source, request_id, tags)
    VALUES (left(calls -> 0 ->> 'source', 1000), left(calls -> 0 ->> 'request_id', 1000),
      jsonb_build_object('unreadable', SQLSTATE, 'bytes', length(message), 'sha256', encode(sha256(message), 'hex')));
  END IF;
END $$;
COMMENT ON FUNCTION tokenmeter.post_json(bytea) IS 'puts a message in JSON, a call or an array of calls, into llm.inbox; one that cannot be read becomes a problem there, not an error';

CREATE FUNCTION tokenmeter.post_json(message text) RETURNS void
LANGUAGE sql STRICT
RETURN tokenmeter.post_json(convert_to(message, 'UTF8'));
COMMENT ON FUNCTION tokenmeter.post_json(text) IS 'the same for a message that is text';
