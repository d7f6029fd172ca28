-- Sketches: distributions of milliseconds in few bytes, which can be merged. A sketch is the same bytes in whatever
-- order its values came; its quantiles are within 2 % of the exact ones.

CREATE FUNCTION tokenmeter.sketch_add(sketch bytea, value integer) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_sketch_add';
COMMENT ON FUNCTION tokenmeter.sketch_add(bytea, integer) IS 'the sketch with one value more; the empty bytea is the sketch of no value';

CREATE FUNCTION tokenmeter.sketch_merge(a bytea, b bytea) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_sketch_merge';
COMMENT ON FUNCTION tokenmeter.sketch_merge(bytea, bytea) IS 'the sketch of all values of two sketches';

CREATE FUNCTION tokenmeter.sketch_count(sketch bytea) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_sketch_count';
COMMENT ON FUNCTION tokenmeter.sketch_count(bytea) IS 'how many values a sketch has';

CREATE FUNCTION tokenmeter.quantile(sketch bytea, fraction double precision) RETURNS double precision
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_quantile';
COMMENT ON FUNCTION tokenmeter.quantile(bytea, double precision) IS 'what percentile_disc would say of a sketch''s values, within 2 %; NULL where it has none';

-- Not STRICT, so that it is called for the first value, of which no state can be made by a cast.
CREATE FUNCTION tokenmeter.sketch_transition(sketch bytea, value integer) RETURNS bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tokenmeter_sketch_transition';
COMMENT ON FUNCTION tokenmeter.sketch_transition(bytea, integer) IS 'part of the aggregate tokenmeter.sketch';

CREATE AGGREGATE tokenmeter.sketch(value integer) (
  SFUNC = tokenmeter.sketch_transition, STYPE = bytea, COMBINEFUNC = tokenmeter.sketch_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.sketch(integer) IS 'the sketch of all values that are not NULL; NULL where there are none';

CREATE AGGREGATE tokenmeter.merge(sketch bytea) (
  SFUNC = tokenmeter.sketch_merge, STYPE = bytea, COMBINEFUNC = tokenmeter.sketch_merge, PARALLEL = SAFE
);
COMMENT ON AGGREGATE tokenmeter.merge(bytea) IS 'the sketch of all values of all sketches that are not NULL; NULL where there are none';
