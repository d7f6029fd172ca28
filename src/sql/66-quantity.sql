-- Quantities: numbers by the names of their meters, as flat JSON objects. A sum has at most 256 names, the first as jsonb
-- sorts them: what others add up to is under the name "(other)".

CREATE FUNCTION tokenmeter.add_quantities(a jsonb, b jsonb) RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_add_quantities';
COMMENT ON FUNCTION tokenmeter.add_quantities(jsonb, jsonb) IS 'the exact sums by key of two flat objects of numbers, beyond 256 keys under "(other)"';

-- Not STRICT, so that it is called for the first value, which is to be checked.
CREATE FUNCTION tokenmeter.sum_quantities(total jsonb, quantities jsonb) RETURNS jsonb
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_sum_quantities';
COMMENT ON FUNCTION tokenmeter.sum_quantities(jsonb, jsonb) IS 'part of the aggregate tokenmeter.sum';

CREATE AGGREGATE tokenmeter.sum(quantities jsonb) (
  SFUNC = tokenmeter.sum_quantities, STYPE = jsonb, COMBINEFUNC = tokenmeter.add_quantities, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.sum(jsonb) IS 'the exact sums by key of flat objects of numbers, beyond 256 keys under "(other)"; NULLs are passed over, and where there is nothing else the sum is NULL';

-- Of what somebody has written into the ledger by hand, what can be added without end.
CREATE FUNCTION tokenmeter.addable_quantities(quantities jsonb) RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_addable_quantities';
COMMENT ON FUNCTION tokenmeter.addable_quantities(jsonb) IS 'the members of an object that are numbers below 1e30 of at most 1000 decimal places; NULL, if it is no object';
