# The log of 2,400 calls, from the door to the totals: every count is the reference tokenizer's, every cost
# that of an independent computation, and no text is left anywhere.
use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $project = dirname(__FILE__) . '/../..';
my $log     = "$project/test/data/chat_log.csv";
my $counts  = "$project/test/data/chat_log.counts.csv";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');

# The pieces of the log's texts in the server's files, without those that were there before.
my $known = "$PostgreSQL::Test::Utils::tmp_check/known-before";

sub text_found {
    $node->safe_psql('postgres', 'CHECKPOINT');
    my @command = ("$project/scripts/find-text", $log, $node->data_dir);
    push @command, $known if -e $known;
    my ($found, $errors) = run_command(\@command);
    is($errors, '', 'find-text runs');
    return $found;
}

sub feed {
    my ($door, $before, $where) = @_;
    open my $file, '<', $log or die "cannot read $log: $!";
    chomp(my $columns = <$file>);
    close $file;
    $node->safe_psql('postgres', "$before\n\\copy $door ($columns) FROM '$log' CSV HEADER $where");
}

append_to_file($known, text_found() . "\n");
feed('llm.message_log', '', '');

is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT user_id) FROM llm.usage'),
    '2400|20', 'every call has an entry');

# Counts.
$node->safe_psql('postgres', qq{
CREATE TABLE expected_count (request_id text, counted_input_tokens bigint, counted_output_tokens bigint);
\\copy expected_count FROM '$counts' CSV HEADER
});
is( $node->safe_psql('postgres', q{
SELECT u.request_id, u.counted_input_tokens, e.counted_input_tokens, u.counted_output_tokens, e.counted_output_tokens
FROM llm.usage u FULL JOIN expected_count e USING (request_id)
WHERE (u.counted_input_tokens, u.counted_output_tokens) IS DISTINCT FROM (e.counted_input_tokens, e.counted_output_tokens)}),
    '', 'every text is counted as the reference counts it');

# Costs.
my ($costs, $errors) = run_command([ 'python3', "$project/test/t/expected_cost.py", $log, $counts,
        map { "$project/prices/$_.csv" } qw(openai azure) ]);
is($errors, '', 'the independent computation runs');
my $costs_file = "$PostgreSQL::Test::Utils::tmp_check/costs.csv";
append_to_file($costs_file, "$costs\n");
$node->safe_psql('postgres', qq{
CREATE TABLE expected_cost (request_id text, cost numeric);
\\copy expected_cost FROM '$costs_file' CSV
});
is( $node->safe_psql('postgres', q{
SELECT u.request_id, u.cost, e.cost FROM llm.usage u FULL JOIN expected_cost e USING (request_id)
WHERE u.cost IS DISTINCT FROM e.cost}),
    '', 'every cost equals the independent one');
is($node->safe_psql('postgres', 'SELECT (SELECT sum(cost) FROM llm.usage) = (SELECT sum(cost) FROM expected_cost)'),
    't', 'so does their sum, to the last digit');
note('sum of cost: ' . $node->safe_psql('postgres', 'SELECT sum(cost) FROM llm.usage'));

# Totals.
is( $node->safe_psql('postgres', q{
SELECT count(DISTINCT (calls, cost, tokens)) FROM (
  SELECT count(*) AS calls, sum(cost) AS cost, sum(input_tokens) + sum(output_tokens) AS tokens FROM llm.usage
  UNION ALL SELECT sum(calls), sum(cost), sum(input_tokens) + sum(output_tokens) FROM llm.usage_daily
  UNION ALL SELECT sum(calls), sum(cost), sum(input_tokens) + sum(output_tokens) FROM llm.usage_monthly) totals}),
    '1', 'days and months add up to the ledger');

# Text.
is(text_found(), '', 'no 40 bytes of any message are in the data folder, WAL included');

# The same log again.
feed('llm.message_log', '', '');
is($node->safe_psql('postgres', 'SELECT count(*), (SELECT sum(duplicates) FROM llm.request) FROM llm.usage'),
    '2400|2400', 'the same calls again are dropped, and counted');

# Would text that is kept be found? Some of the rows in an ordinary table with the same columns.
feed('kept', 'CREATE TABLE kept AS SELECT * FROM llm.message_log WITH NO DATA;',
    "WHERE user_id = 'tom.okafor' AND length(output_text) < 1000");
isnt(text_found(), '', 'a text that is kept in a column is found');

$node->stop;
done_testing();
