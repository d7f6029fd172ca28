# Sixteen clients send the same calls at the same time, in opposite orders, to months that have no partition yet: none
# meets a deadlock. TOKENMETER_SECONDS says how long: ten by default.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{TOKENMETER_SECONDS} || 10;
my $node    = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "deadlock_timeout = '50ms'\nmax_connections = 30\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');

# Ten calls out of few, upwards or downwards; of a known id the payload is the same, or now and then another.
my @scripts;
for my $order ('', 'DESC') {
    my $script = $node->basedir . "/calls_$order.sql";
    append_to_file($script, qq{
\\set first random(1, 2000)
\\set other random(1, 20)
INSERT INTO llm.inbox (request_id, occurred_at, model, input_tokens)
SELECT 'call ' || i, '2001-01-01'::timestamptz + i % 240 * interval '1 month', 'gpt-4o', CASE WHEN :other = 1 THEN i + 1 ELSE i END
FROM generate_series(:first, :first + 9) i ORDER BY i $order;
});
    push @scripts, '--file', "$script\@1";
}
$node->command_ok([ 'pgbench', '--no-vacuum', '--client=16', '--jobs=2', "--time=$seconds", @scripts, $node->connstr('postgres') ],
    "16 clients for $seconds s");
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no deadlock');
is($node->safe_psql('postgres', q{SELECT count(*) FROM llm.intake_problem WHERE sqlstate <> '23505'}), '0',
    'nothing but other calls under a known id was a problem');
is($node->safe_psql('postgres', q{SELECT count(*) - count(DISTINCT request_id) FROM llm.usage}), '0', 'every call has one entry');
my $counts = $node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM llm.usage), (SELECT sum(duplicates) FROM llm.request),
  (SELECT count(*) FROM llm.intake_problem), (SELECT count(*) FROM pg_inherits WHERE inhparent = 'llm.usage'::regclass)});
note("entries, duplicates, conflicts, partitions: $counts");
$node->stop;
done_testing();
