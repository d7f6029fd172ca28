# Dump and restore: the ledger and the user's own configuration survive; what came with the extension comes
# with it again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
SELECT tokenmeter.add_model('my-model', 'gpt2');
SELECT tokenmeter.add_model('gpt-4o*', 'cl100k_base');
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from)
VALUES ('me', 'my-model', 'input', 1000000, 0.25, '2025-01-01');
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text) VALUES
  ('a', '2025-01-05', 'ada', 'my-model', 'Hello, world!'), ('b', '2025-02-05', 'ada', 'o3', 'Hello, world!');
CREATE INDEX mine ON llm.usage (user_id);
});

my $state = q{
SELECT 'entry', u::text FROM llm.usage u
UNION ALL SELECT 'request', r::text FROM llm.request r
UNION ALL SELECT 'model', m::text FROM tokenmeter.model m
UNION ALL SELECT 'price', p::text FROM tokenmeter.price p
UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'llm'
UNION ALL SELECT 'daily', d::text FROM llm.usage_daily d
ORDER BY 1, 2};
my $before = $node->safe_psql('postgres', $state);
my $dump   = $node->basedir . '/dump.sql';

$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '--no-psqlrc', '--set=ON_ERROR_STOP=1', '--file', $dump, $node->connstr('restored') ],
    'restore, without an error');
is($node->safe_psql('restored', $state), $before, 'everything is as it was');

is( $node->safe_psql('restored', q{
INSERT INTO llm.message_log (request_id, occurred_at, user_id, model, input_text) VALUES
  ('a', '2025-01-05', 'ada', 'my-model', 'Hello, world!'), ('c', '2025-03-05', 'ada', 'my-model', 'Hello, world!')
RETURNING request_id, entry_id, cost}),
    "a|1|0.000001\nc|4|0.000001", 'the restored ledger knows its calls and goes on');
is( $node->safe_psql('restored', q{
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from)
VALUES ('me', 'my-model', 'output', 1000000, 0.25, '2025-01-01') RETURNING price_id}),
    '2', 'and its prices are numbered on');

$node->stop;
done_testing();
