# Whoever reads finds the views equal to the ledger, whatever goes on: calls of any time, rolled back, in subtransactions and
# prepared transactions, late prices, and three sessions that fold while they are killed. TOKENMETER_SECONDS says how long:
# half a minute by default.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";
use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use UsageViews qw(differences_query);

my $seconds = $ENV{TOKENMETER_SECONDS} || 30;
my $zone    = 'Asia/Kathmandu';
my $node    = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "max_prepared_transactions = 50\nmax_connections = 40\ntokenmeter.time_zone = '$zone'\njit = off\n");
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
-- A statement planned before a partition of llm.usage is attached does not see it: that is the ledger's, not the views'.
SELECT tokenmeter.ensure_partition(now() - m * interval '1 month') FROM generate_series(0, 5) m;
CREATE FUNCTION some_calls(n int) RETURNS SETOF tokenmeter.call LANGUAGE sql AS $$
  SELECT (jsonb_populate_record(NULL::tokenmeter.call, jsonb_build_object(
    'occurred_at', now() - random() ^ 3 * interval '100 days', 'tenant_id', 'tenant ' || floor(random() * 4),
    'user_id', 'user ' || floor(random() * 30), 'provider', 'openai', 'status', CASE WHEN random() < 0.9 THEN 'ok' ELSE 'error' END,
    'model', (ARRAY['gpt-4o', 'gpt-4o', 'o3', 'late-model', 'unheard-of'])[1 + floor(random() * 5)],
    'input_tokens', floor(random() * 1000), 'output_tokens', CASE WHEN random() < 0.8 THEN floor(random() * 1000) END,
    'quantities', CASE WHEN random() < 0.1 THEN '{"web_search": 1}'::jsonb END, 'latency_ms', floor(random() * 10000)))).*
  FROM generate_series(1, n);
$$;
});

my %script = (
    inbox      => [ 6, 'INSERT INTO llm.inbox SELECT * FROM some_calls(5);' ],
    strict     => [ 4, 'INSERT INTO llm.message_log (model, user_id, input_tokens) VALUES (\'gpt-4o\', \'single\', 7) RETURNING cost;' ],
    undone     => [ 2, 'BEGIN; INSERT INTO llm.inbox SELECT * FROM some_calls(3); ROLLBACK;' ],
    partly     => [ 4, 'BEGIN; INSERT INTO llm.inbox SELECT * FROM some_calls(2); SAVEPOINT a; INSERT INTO llm.inbox SELECT * FROM some_calls(2);
      SAVEPOINT b; INSERT INTO llm.inbox SELECT * FROM some_calls(2); ROLLBACK TO a; INSERT INTO llm.inbox SELECT * FROM some_calls(1); COMMIT;' ],
    prepared   => [ 3, '\\set id random(1, 1000000000)
BEGIN; INSERT INTO llm.inbox SELECT * FROM some_calls(4); PREPARE TRANSACTION \'call_:client_id_:id\';
\\sleep 300 ms
COMMIT PREPARED \'call_:client_id_:id\';' ],
    abandoned  => [ 1, '\\set id random(1, 1000000000)
BEGIN; INSERT INTO llm.inbox SELECT * FROM some_calls(4); PREPARE TRANSACTION \'call_:client_id_:id\';
\\sleep 300 ms
ROLLBACK PREPARED \'call_:client_id_:id\';' ],
    slow       => [ 1, "BEGIN; INSERT INTO llm.inbox SELECT * FROM some_calls(3);\n\\sleep 1500 ms\nCOMMIT;" ],
    late_price => [ 0.2, 'SELECT tokenmeter.price_pending();' ],
    wrong      => [ 0.2, "SELECT count(*) FROM tokenmeter.reprice(now() - interval '200 days', now(), 'late-model', 'mended', false);" ],
);
my @scripts;
for my $name (sort keys %script) {
    my $file = $node->basedir . "/$name.sql";
    append_to_file($file, "$script{$name}[1]\n");
    push @scripts, '--file', "$file\@" . int(10 * $script{$name}[0]);
}

my $end = time + $seconds;
my ($pgbench_output, %output);
my $writers = start [ 'pgbench', '--no-vacuum', '--client=8', '--jobs=2', '--rate=120', "--time=$seconds", @scripts, $node->connstr('postgres') ],
    '>&', \$pgbench_output;

# Sessions of their own, each of which does the same again and again, and writes what it gets.
sub repeat {
    my ($name, $sql) = @_;
    my $pid = fork() // die "cannot fork: $!";
    return $pid if $pid;
    my $file = $node->basedir . "/$name.log";
    while (time < $end) {
        my ($status, $out, $errors) = $node->psql('postgres', "\\set VERBOSITY terse\n" . (ref $sql ? $sql->() : $sql));
        append_to_file($file, "$status|$out|" . ($errors // '') . "\n");
    }
    require POSIX;
    POSIX::_exit(0);
}
my @pids = map { my $n = $_; repeat("maintain_$n", sub { 'SELECT tokenmeter.maintain(' . (1 + int rand 2000) . ')' }) } 1 .. 3;
push @pids, map { repeat("read_$_", differences_query($zone)) } 1 .. 2;
push @pids, repeat('killer', sub {
    sleep rand 0.8;
    return q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE query LIKE 'SELECT tokenmeter.maintain%' AND pid <> pg_backend_pid() AND random() < 0.5};
});
push @pids, repeat('price', sub {
    sleep 3;
    return q{INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from)
      SELECT 'openai', 'late-model', m, 1000000, round((1 + random())::numeric, 2), '2020-01-01' FROM unnest('{input,output}'::text[]) m};
});
waitpid $_, 0 for @pids;
ok($writers->finish, 'writers: no error') or diag($pgbench_output);

sub lines_of { return split /\n/, slurp_file($node->basedir . "/$_[0].log") }
for my $reader (1, 2) {
    my @lines = lines_of("read_$reader");
    cmp_ok(scalar @lines, '>', 2, 'reader ' . $reader . ' has read ' . @lines . ' times');
    is(join("\n", grep { $_ ne '0||' } @lines), '', 'and found views equal to the ledger each time');
}
my @folds = map { lines_of("maintain_$_") } 1 .. 3;
cmp_ok(scalar(grep { /^0\|[1-9]/ } @folds), '>', 2, scalar(grep { /^0\|/ } @folds) . ' sessions have folded, ' .
    scalar(grep { /terminating connection/ } @folds) . ' have been killed');
is(join("\n", grep { !/^0\|\d+\|$/ && !/terminating connection|server closed the connection|connection to server was lost|^\s*(This probably|before or while)|^$/ } @folds),
    '', 'none has failed for another reason');

is($node->safe_psql('postgres', differences_query($zone)), '', 'views equal the ledger in the end');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tokenmeter.verify()'), '0', 'verify() finds nothing');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', differences_query($zone)), '', 'and after a crash');
$node->safe_psql('postgres', 'SELECT tokenmeter.maintain()');
is($node->safe_psql('postgres', 'SELECT count(*) FROM llm.unfolded'), '0', 'then all is folded');
is($node->safe_psql('postgres', differences_query($zone)), '', 'and still equal');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tokenmeter.verify()'), '0', 'verify() finds nothing');
note($node->safe_psql('postgres', q{SELECT 'entries ' || count(*) || ', corrections ' || count(corrects) || ', cost ' || sum(cost) FROM llm.usage}));
note((grep { /number of transactions/ } split /\n/, $pgbench_output)[0]);
$node->stop;
done_testing();
