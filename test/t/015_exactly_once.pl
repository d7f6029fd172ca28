# Exactly once: clients send calls in any order, some of them twice, with other times, while the server is killed; they
# send again whatever was not acknowledged. The ledger has every call, once, and no two sessions wait for each other.
# TOKENMETER_KILLS says how often the server is killed: once by default.
use strict;
use warnings;

use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $clients = 8;
my $calls   = 50_000;
my $batch   = 50;
my $kills   = $ENV{TOKENMETER_KILLS} || 1;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "max_wal_size = '2GB'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');

# What each client sends: its calls, a fifth of them once more, in batches, shuffled; the same call always says the same
# but for its time.
sub statements_of {
    my ($client) = @_;
    srand($client);
    my @numbers = grep { $_ % $clients == $client } 1 .. $calls;
    # A fifth are calls that another client sends, too.
    push @numbers, map { 1 + int rand $calls } 1 .. @numbers / 5;
    for my $i (reverse 1 .. $#numbers) {
        my $j = int rand($i + 1);
        @numbers[ $i, $j ] = @numbers[ $j, $i ];
    }
    my @statements;
    while (my @part = splice @numbers, 0, $batch) {
        my $rows = join ', ', map {
            my $month = 1 + int rand 12;
            "('call $_', '2025-$month-15'::timestamptz, 'gpt-4o', 'user @{[$_ % 500]}', 'Hello, call $_!', $_)"
        } @part;
        push @statements, "INSERT INTO llm.inbox (request_id, occurred_at, model, user_id, output_text, input_tokens) VALUES $rows";
    }
    return @statements;
}

# A client, as a process: sends its statements one by one, each again until it is acknowledged.
sub run_client {
    my ($client) = @_;
    my $pid = fork() // die "cannot fork: $!";
    return $pid if $pid;
    alarm 300;
    my @waiting = statements_of($client);
    while (@waiting) {
        # One connection sends as many as it can: each that is answered is done.
        my ($output, $errors) = ('', '');
        my $script = join '', map { "$waiting[$_];\n\\echo done $_\n" } 0 .. $#waiting;
        my $file = "$PostgreSQL::Test::Utils::tmp_check/client_$client.sql";
        open my $handle, '>', $file or die "cannot write $file: $!";
        print $handle $script;
        close $handle;
        IPC::Run::run([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $file, $node->connstr('postgres') ],
            '>', \$output, '2>', \$errors);
        my %done = map { $_ => 1 } $output =~ /^done (\d+)$/mg;
        @waiting = map { $waiting[$_] } grep { !$done{$_} } 0 .. $#waiting;
        if ($errors =~ /deadlock/) { print STDERR "client $client: deadlock\n" }
        sleep 0.2 if @waiting;
    }
    require POSIX;
    POSIX::_exit(0);
}

my @clients = map { run_client($_) } 0 .. $clients - 1;
for my $kill (1 .. $kills) {
    # In the middle: when some have arrived, and not all.
    my $wanted = $calls * $kill / ($kills + 1);
    for (1 .. 600) {
        my ($status, $count) = $node->psql('postgres', 'SELECT count(*) FROM llm.request');
        last if $status == 0 && $count >= $wanted;
        sleep 0.1;
    }
    $node->kill9;
    # Its sessions notice in their own time; until then the server does not start.
    my $failed = 1;
    for (1 .. 60) {
        $failed = system_log('pg_ctl', '--wait', '--pgdata', $node->data_dir, '--log', $node->logfile, 'start');
        last unless $failed;
        sleep 0.5;
    }
    is($failed, 0, "killed and started again: $kill") or last;
    $node->_update_pid(1);
}
for (@clients) {
    waitpid $_, 0;
    is($?, 0, 'a client has sent all its calls');
}

is( $node->safe_psql('postgres', q{
SELECT count(*), count(DISTINCT request_id), sum(input_tokens), (SELECT count(*) FROM llm.request) FROM llm.usage}),
    join('|', $calls, $calls, $calls * ($calls + 1) / 2, $calls), 'every call is in the ledger, once');
is($node->safe_psql('postgres', 'SELECT count(*) FROM llm.intake_problem'), '0', 'nothing was a problem');
my $duplicates = $node->safe_psql('postgres', 'SELECT sum(duplicates) FROM llm.request');
cmp_ok($duplicates, '>', $calls / 10, "$duplicates calls came again");
is( $node->safe_psql('postgres', 'SELECT count(*) FROM llm.request r LEFT JOIN llm.usage u USING (occurred_at, entry_id) WHERE u.entry_id IS NULL'),
    '0', 'every id has its entry');
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'no session met a deadlock');
is($node->safe_psql('postgres', q{SELECT pg_relation_size('llm.inbox')}), '0', 'the inbox is empty');

$node->stop;
done_testing();
