# Attached tables through dump and restore: bindings, triggers and progress go with the tables, and go on. And no
# text of an attached table is left anywhere, whatever becomes of its rows.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'log_statement = none');
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
CREATE SCHEMA "My App";
CREATE TABLE "My App".messages (id text PRIMARY KEY, role text, content text, model text, provider text, user_id text,
  topic_id text, parent_id text, created_at timestamptz DEFAULT '2025-06-01 12:00+00', error jsonb, metadata jsonb, usage jsonb);
CREATE TABLE logs (id bigserial PRIMARY KEY, user_id bigint, created_at bigint, type bigint, token_name text, model_name text,
  quota bigint, prompt_tokens bigint, completion_tokens bigint, channel_id bigint);
SELECT tokenmeter.attach('"My App".messages', 'lobechat'), tokenmeter.attach('logs', 'one_api');
INSERT INTO "My App".messages (id, role, content, model, user_id) VALUES ('a', 'assistant', '...', 'gpt-4o', 'ada'), ('b', 'assistant', '...', 'gpt-4o', 'ada');
UPDATE "My App".messages SET content = 'Hi.', usage = '{"totalInputTokens": 5, "totalOutputTokens": 2}' WHERE id = 'a';
INSERT INTO logs (user_id, created_at, type, model_name, prompt_tokens, completion_tokens) VALUES (7, 1748779200, 2, 'gpt-4o', 5, 2);
ALTER TABLE logs RENAME TO "The Log";
SELECT tokenmeter.start_backfill('"The Log"', NULL), tokenmeter.backfill_batch('"The Log"');
});

my $state = q{
SELECT 'binding', a::text FROM tokenmeter.attached a
UNION ALL SELECT 'entry', u::text FROM llm.usage u
UNION ALL SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname LIKE 'tokenmeter%'
ORDER BY 1, 2};
my $before = $node->safe_psql('postgres', $state);
like($before, qr/binding\|\("""The Log"""/, 'a binding follows its table when that is renamed');

for my $format (qw(plain custom)) {
    my $dump     = $node->basedir . "/dump.$format";
    my $database = "restored_$format";
    $node->command_ok([ 'pg_dump', "--format=$format", '--file', $dump, $node->connstr('postgres') ], "pg_dump, $format");
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->command_ok($format eq 'plain'
        ? [ 'psql', '--no-psqlrc', '--set=ON_ERROR_STOP=1', '--file', $dump, $node->connstr($database) ]
        : [ 'pg_restore', '--exit-on-error', '--jobs=2', '--dbname', $node->connstr($database), $dump ], 'restore, without an error');
    is($node->safe_psql($database, $state), $before, 'everything is as it was');
    is( $node->safe_psql($database, q{
UPDATE "My App".messages SET content = 'Hello.', usage = '{"totalInputTokens": 6, "totalOutputTokens": 3}';
INSERT INTO "The Log" (user_id, created_at, type, model_name, prompt_tokens, completion_tokens) VALUES (7, 1748779200, 2, 'gpt-4o', 5, 2);
SELECT source, request_id, input_tokens, output_tokens FROM llm.usage ORDER BY 1, 2;
SELECT count(*) FROM llm.intake_problem}),
        "My App.messages|a|5|2\nMy App.messages|a#tokenmeter-2|1|1\nMy App.messages|b|6|3\npublic.logs|1|5|2\npublic.logs|2|5|2\n0",
        'the restored triggers meter on');
    is( $node->safe_psql($database, q{
CREATE TABLE new_one (id int, model text, n int);
SELECT tokenmeter.attach('new_one', mapping => '{"request_id": "id", "model": "model", "output_tokens": "n"}');
CALL tokenmeter.backfill('"The Log"');
SELECT count(*), count(DISTINCT binding_id), max(backfill_calls) FROM tokenmeter.attached}),
        "\n3|3|0", 'other tables can be attached, and a backfill finds nothing to post again');
}

# There is no price table; it cannot be dropped without the extension, which ends the metering.
$node->safe_psql('restored_plain', 'ALTER TABLE tokenmeter.price RENAME TO gone');
is( $node->safe_psql('restored_plain', q{
INSERT INTO "The Log" (user_id, created_at, type, model_name, prompt_tokens, completion_tokens) VALUES (7, 1748779200, 2, 'gpt-4o', 5, 2) RETURNING id;
SELECT (SELECT count(*) FROM llm.usage WHERE request_id = '3' AND NOT priced) + (SELECT count(*) FROM llm.intake_problem WHERE request_id = '3')}),
    "3\n1", 'the application writes on, and the call is listed, or entered without a cost');

# Texts. An unlogged table leaves nothing of its own, once it is dropped.
my ($stdout, $stderr);
$node->safe_psql('postgres', q{
CREATE UNLOGGED TABLE secret (id int PRIMARY KEY, model text, words text, usage jsonb, at text);
SELECT tokenmeter.attach('secret', mapping => '{"request_id": "id", "model": "model", "output_text": "words", "usage": "usage", "occurred_at": "at::timestamptz"}');
});
my $canary = 'The canary of the attached table sings';
for my $values ("1, 'gpt-4o', '$canary', NULL, '2025-06-01'", "2, NULL, '$canary', NULL, '2025-06-01'",
    "3, 'gpt-4o', '$canary', '\"$canary\"', '2025-06-01'", "4, 'gpt-4o', '$canary', NULL, '$canary'",
    "5, 'gpt-4o', '$canary', '{\"note\": \"$canary\", \"prompt_tokens\": -1}', '2025-06-01'") {
    $node->psql('postgres', "INSERT INTO secret VALUES ($values)", stdout => \$stdout, stderr => \$stderr);
    is($stderr, '', 'a row is taken');
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM llm.usage WHERE source = \'public.secret\''), '2', 'what is to be metered of them is');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT request_id) FROM llm.intake_problem WHERE source = \'public.secret\''), '4', 'the rest is listed');
$node->safe_psql('postgres', 'DROP TABLE secret; CHECKPOINT');
$node->stop;
my @found = grep { index(slurp_file($_), $canary) >= 0 } grep { -f } split /\n/, (run_command([ 'find', $node->data_dir ]))[0];
is("@found", '', 'no text is in the data folder, WAL included');
unlike(slurp_file($node->logfile), qr/\Q$canary\E/, 'nor in the log');

done_testing();
