# No text: canaries go through every door, in calls that are posted, refused, listed as problems, cancelled, rolled back
# and cut off by a crash; none is found in the files of the server afterwards, its log included.
use strict;
use warnings;

use File::Find;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $canary = 'CANARY' . join('', map { chr(65 + int rand 26) } 1 .. 30);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'tokenmeter'\nlog_statement = none\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');

# The files below the data folder, and the log, that have the text.
sub files_with {
    my ($text) = @_;
    my @found;
    find({ no_chdir => 1, wanted => sub {
        return unless -f $_;
        open my $file, '<:raw', $_ or return;
        local $/;
        my $content = <$file> // '';
        push @found, $_ if index($content, $text) >= 0;
    } }, $node->data_dir);
    push @found, $node->logfile if index(slurp_file($node->logfile), $text) >= 0;
    return join ' ', @found;
}

my $json    = qq{[{"role": "user", "content": "$canary"}]};
my @columns = (
    "input_text, output_text, reasoning_text) VALUES ('gpt-4o', '$canary', '$canary', '$canary')",
    "messages, tools) VALUES ('gpt-4o', '$json', '[{\"type\": \"function\", \"function\": {\"name\": \"f\", \"description\": \"$canary\"}}]')",
    "messages, input_tokens) VALUES ('claude-3-opus', '$json', 5)",
    "input_text) VALUES ('no-such-model', '$canary')",
    # Wrong, one way or another.
    "input_text, input_tokens) VALUES ('gpt-4o', '$canary', -1)",
    "input_text, output_text) VALUES (NULL, '$canary', '$canary')",
    "messages) VALUES ('gpt-4o', '{\"$canary\": 1}')",
    "messages) VALUES ('gpt-4o', '[\"$canary\"]')",
    "messages) VALUES ('gpt-4o', '[{\"$canary\"')",
    "usage) VALUES ('gpt-4o', '{\"$canary\": \"$canary\"}')",
    "usage) VALUES ('gpt-4o', '\"$canary\"')",
    "usage, input_text) VALUES ('gpt-4o', '{\"prompt_tokens\": \"$canary\"}', '$canary')",
    "usage, input_text) VALUES ('gpt-4o', 'no json', '$canary')",
    "quantities, input_text) VALUES ('gpt-4o', '{\"web_search\": \"$canary\"}', '$canary')",
    "quantities) VALUES ('gpt-4o', '{\"a $canary\": 1}')",
    "quantities) VALUES ('gpt-4o', '{\"a $canary\": -1, \"b $canary\": 1}')",
    "latency_ms, input_text) VALUES ('gpt-4o', '$canary', '$canary')",
    "nothing, input_text) VALUES ('gpt-4o', '$canary', '$canary')",
);
for my $door (qw(llm.message_log llm.inbox)) {
    for my $values (@columns) {
        $node->psql('postgres', "INSERT INTO $door (model, $values");
        $node->psql('postgres', "BEGIN; INSERT INTO $door (model, $values; ROLLBACK");
    }
    # Batches, COPY, a cancelled statement, and more than fits into memory.
    $node->psql('postgres', "INSERT INTO $door (model, input_text) SELECT 'gpt-4o', '$canary' || i FROM generate_series(1, 3000) i");
    my $copied = join '', map { "gpt-4o\t$canary $_\t" . ($_ % 7 ? 1 : -1) . "\n" } 1 .. 500;
    $node->psql('postgres', "COPY $door (model, input_text, input_tokens) FROM stdin;\n$copied\\.\n");
    $node->psql('postgres', "COPY $door (model, input_text, input_tokens) FROM stdin;\ngpt-4o\t$canary\tno number\n\\.\n");
    $node->psql('postgres', "SET statement_timeout = '30ms'; INSERT INTO $door (model, input_text) SELECT 'gpt-4o', repeat('$canary ', 200000) FROM generate_series(1, 1000) i");
    $node->psql('postgres', "SET work_mem = '64kB'; INSERT INTO $door (model, input_text) SELECT 'gpt-4o', repeat('$canary ', 1000) || i FROM generate_series(1, 2000) i");
}
# What is wrong is said within a function, and where neither the ledger nor the list of problems can be written.
$node->psql('postgres', "DO \$\$ BEGIN INSERT INTO llm.inbox (model, usage) VALUES ('gpt-4o', '$canary'); END \$\$");
$node->safe_psql('postgres', q{
CREATE FUNCTION log_call(content text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO llm.inbox (model, messages) VALUES ('gpt-4o', content::jsonb); END $$});
$node->psql('postgres', "SELECT log_call('no json, $canary')");
$node->safe_psql('postgres', 'ALTER TABLE llm.usage RENAME TO away; ALTER TABLE llm.intake_problem RENAME TO far_away');
$node->psql('postgres', "COPY llm.inbox (model, input_text) FROM stdin;\ngpt-4o\t$canary\n\\.\n");
$node->psql('postgres', "COPY llm.inbox (model, input_text) FROM stdin;\n" . "gpt-4o\t$canary\n" x 2500 . "\\.\n");
$node->safe_psql('postgres', 'ALTER TABLE llm.away RENAME TO usage; ALTER TABLE llm.far_away RENAME TO intake_problem');
# The ledger itself refuses some.
$node->safe_psql('postgres', 'ALTER TABLE llm.usage ADD CONSTRAINT none CHECK (input_tokens <> 12345)');
$node->psql('postgres', "INSERT INTO llm.inbox (model, input_text, input_tokens) VALUES ('gpt-4o', '$canary', 12345), ('gpt-4o', '$canary', 1)");
$node->psql('postgres', "INSERT INTO llm.message_log (model, input_text, input_tokens) VALUES ('gpt-4o', '$canary', 12345)");

# In the middle of a statement the server goes down.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->{stdin} .= "INSERT INTO llm.inbox (model, input_text) SELECT 'gpt-4o', repeat('$canary ', 5000) FROM generate_series(1, 100000) i;\n";
eval { $session->{run}->pump_nb };
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT INTO llm.inbox%'});
$node->stop('immediate');
eval { $session->{run}->finish };
$node->start;
$node->safe_psql('postgres', 'CHECKPOINT');

cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM llm.usage'), '>', 10_000, 'calls are posted');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM llm.intake_problem'), '>', 75, 'and problems listed');
is(files_with($canary), '', 'no text is in any file of the server');

# Would it be found?
$node->safe_psql('postgres', "CREATE TABLE kept AS SELECT '$canary'::text AS content");
$node->safe_psql('postgres', 'CHECKPOINT');
isnt(files_with($canary), '', 'a text that is kept is found');

is($node->safe_psql('postgres', 'SELECT string_agg(setting, \' \') FROM tokenmeter.privacy_check()'), 'track_activities',
    'nothing but the list of running statements could show one');
is( $node->safe_psql('postgres', q{
SET log_statement = 'all'; SET log_min_duration_statement = 0;
SELECT string_agg(setting, ' ') FROM tokenmeter.privacy_check()}),
    'log_min_duration_statement log_statement track_activities', 'settings that could keep one are named');

$node->stop;
done_testing();
