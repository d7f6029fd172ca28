-- The extension about itself: every member documented, labelled and in its place.
CREATE VIEW pg_temp.member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'tokenmeter' AND d.deptype = 'e';

-- Members without a comment (sequences and the row types of tables need none).
SELECT object FROM pg_temp.member
WHERE coalesce(obj_description(objid, classid::regclass::name), '') = ''
  AND NOT (classid = 'pg_class'::regclass AND (SELECT relkind FROM pg_class WHERE oid = objid) IN ('S', 'c'))
  AND NOT (classid = 'pg_type'::regclass AND object !~ 'tokenmeter\.(call|token_meters)$')
ORDER BY 1;

-- Members outside the extension's schema: the text functions only.
SELECT object FROM pg_temp.member
WHERE classid = 'pg_proc'::regclass AND (SELECT pronamespace FROM pg_proc WHERE oid = objid) <> 'tokenmeter'::regnamespace
ORDER BY 1;

-- Labels of the text functions.
SELECT proname, provolatile, proisstrict, proparallel FROM pg_proc
WHERE proname LIKE 'token\_%' AND pronamespace = 'public'::regnamespace ORDER BY 1;

-- PL/pgSQL functions without a fixed search_path: a procedure that commits can have none.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE pronamespace = 'tokenmeter'::regnamespace AND lanname = 'plpgsql'
  AND NOT coalesce(proconfig::text, '') LIKE '%search_path=pg_catalog, pg_temp%';

-- Tables that pg_dump keeps the rows of.
SELECT objid::regclass FROM pg_temp.member, pg_extension
WHERE extname = 'tokenmeter' AND classid = 'pg_class'::regclass AND objid = ANY (extconfig) ORDER BY 1;

-- What everybody may write: nothing.
SELECT relname FROM pg_class WHERE relnamespace = 'tokenmeter'::regnamespace
  AND has_table_privilege('public', oid, 'INSERT, UPDATE, DELETE, TRUNCATE') AND relkind = 'r';
