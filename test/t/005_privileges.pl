# What others have put into a database before the extension came must not run with its rights.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;

# Overloads that would be chosen before pg_catalog's polymorphic functions, if they were looked for.
$node->safe_psql('postgres', q{
CREATE ROLE mallory LOGIN;
GRANT CREATE ON SCHEMA public TO mallory;
GRANT CREATE ON DATABASE postgres TO mallory;
SET ROLE mallory;
CREATE TABLE public.trace (who text);
GRANT INSERT ON public.trace TO PUBLIC;
CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO public.trace VALUES ('unnest ' || current_user); RETURN QUERY SELECT pg_catalog.unnest($1); END $$;
CREATE FUNCTION public.array_position(text[], text) RETURNS integer LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO public.trace VALUES ('array_position ' || current_user); RETURN pg_catalog.array_position($1, $2); END $$;
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN INSERT INTO public.trace VALUES ('lower ' || current_user); RETURN pg_catalog.lower($1); END $$;
});
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
INSERT INTO llm.message_log (model, input_text) VALUES ('gpt-4o', 'Hello');
SELECT * FROM token_pieces('gpt-4o', 'Hello');
});
is($node->safe_psql('postgres', 'SELECT * FROM trace'), '', 'nothing of theirs was called');
$node->safe_psql('postgres', 'DROP SCHEMA llm CASCADE');

# Objects of theirs in the schema llm are not adopted.
for my $trap (
    'CREATE SCHEMA llm',
    'RESET ROLE; CREATE SCHEMA llm; GRANT ALL ON SCHEMA llm TO mallory; SET ROLE mallory; CREATE TABLE llm.request (x int)',
    'RESET ROLE; CREATE SCHEMA llm; GRANT ALL ON SCHEMA llm TO mallory; SET ROLE mallory; CREATE FUNCTION llm.post_message() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN END$$')
{
    $node->safe_psql('postgres', "SET ROLE mallory; $trap");
    my (undef, undef, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT tokenmeter.create_ledger()");
    like($errors, qr/42501.*belongs to another role.*HINT/s, "refused after: $trap");
    $node->safe_psql('postgres', 'DROP SCHEMA llm CASCADE');
}

# A role that is no superuser makes a ledger, and others write to it.
$node->safe_psql('postgres', q{
CREATE ROLE "Meter-1" LOGIN;
CREATE ROLE proxy LOGIN;
GRANT CREATE ON DATABASE postgres TO "Meter-1";
SET ROLE "Meter-1";
SELECT tokenmeter.create_ledger();
SELECT tokenmeter.create_ledger();
GRANT USAGE ON SCHEMA llm TO proxy;
GRANT INSERT ON llm.message_log TO proxy;
SET ROLE proxy;
INSERT INTO llm.message_log (model, input_text, occurred_at) VALUES ('gpt-4o', 'Hello', '2020-01-01');
});
is($node->safe_psql('postgres', 'SET ROLE "Meter-1"; SELECT sum(input_tokens) FROM llm.usage'), '1', 'an entry by another role');
for my $query ('SELECT * FROM llm.usage', 'SELECT * FROM llm.request', 'DELETE FROM llm.usage',
    "INSERT INTO llm.usage (occurred_at, model, priced) VALUES (now(), 'x', false)",
    "INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('x', 'x', 'input', 1, 0, now())",
    "SELECT tokenmeter.add_model('x', 'gpt2')",
    "SELECT tokenmeter.post_call(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'gpt-4o', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::tokenmeter.call)")
{
    my (undef, undef, $errors) = $node->psql('postgres', "SET ROLE proxy;\n$query");
    like($errors, qr/permission denied/, "a writer may not: $query");
}

$node->stop;
done_testing();
