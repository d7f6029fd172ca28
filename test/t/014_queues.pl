# Calls from RabbitMQ and Kafka, carried by what docs/queues.md says, as it stands there: whatever comes again or is
# killed on the way, each call is in the ledger once.
#
# RabbitMQ is a real one. Kafka is librdkafka's mock cluster: its protocol on loopback, with messages in memory. As this
# starts brokers, it runs where PG_TEST_EXTRA says queues.
use strict;
use warnings;

use File::Basename qw(dirname);
use IO::Socket::INET;
use IPC::Open2 qw(open2);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'PG_TEST_EXTRA does not say queues' unless ($ENV{PG_TEST_EXTRA} // '') =~ /\bqueues\b/;
# Debian's daemons are where only root looks.
$ENV{PATH} .= ':/usr/sbin';

my $project = dirname(__FILE__) . '/../..';
my $docs    = slurp_file("$project/docs/queues.md");
my $folder  = PostgreSQL::Test::Utils::tempdir();
my $log     = "$PostgreSQL::Test::Utils::log_path/014_queues_services.log";

# The first code block of docs/queues.md behind a text.
sub block_after {
    my ($text) = @_;
    $docs =~ /\Q$text\E.*?^```\w*\n(.*?)^```/ms or BAIL_OUT("docs/queues.md has no block behind: $text");
    return $1;
}

# Writes such a block to a file, with the test's own names in it.
sub write_block {
    my ($name, $block, %names) = @_;
    while (my ($from, $to) = each %names) {
        $block =~ s/\Q$from\E/$to/ or BAIL_OUT("$name: docs/queues.md has no $from");
    }
    append_to_file("$folder/$name", $block);
    chmod 0755, "$folder/$name";
    return "$folder/$name";
}

my %running;

# Starts a program with all its children in a process group of their own.
sub start {
    my (@command) = @_;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        POSIX::setsid();
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        exec @command or POSIX::_exit(127);
    }
    $running{$pid} = 1;
    return $pid;
}

# A service as systemd runs it with Restart=always.
sub start_service {
    return start('sh', '-c', 'while :; do "$@"; sleep 0.2; done', 'service', @_);
}

sub kill_group {
    my ($pid) = @_;
    kill 'KILL', -$pid;
    waitpid $pid, 0;
    delete $running{$pid};
}

END {
    my $status = $?;
    kill_group($_) for keys %running;
    $? = $status;
}

sub free_port {
    return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
}

my $server = PostgreSQL::Test::Cluster->new('main');
$server->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$server->start;
$server->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger();');
if ($server->safe_psql('postgres', q{SELECT to_regclass('llm.inbox') IS NULL}) eq 't') {
    $server->stop;
    plan skip_all => 'there is no llm.inbox yet';
}
$server->safe_psql('postgres', block_after('The role that carries'));

sub call {
    my ($source, $number) = @_;
    return qq({"source": "$source", "request_id": "call-$number", "occurred_at": "2026-01-31T23:59:59Z", "model": "gpt-4o", )
      . qq("usage": {"prompt_tokens": $number, "completion_tokens": 1}, "output_text": "It's \\"€\\" \\\\ 'fine"});
}

# What the ledger has of a source: entries, different calls, tokens.
sub posted {
    my ($source) = @_;
    my ($status, $row) = $server->psql('postgres', "SELECT count(*), count(DISTINCT request_id), coalesce(sum(input_tokens), 0)
        FROM llm.usage WHERE source = '$source'");
    return $status == 0 ? $row : '0|0|0';
}

sub wait_for {
    my ($what, $is_so) = @_;
    for (1 .. 900) {
        return if $is_so->();
        sleep 0.2;
    }
    BAIL_OUT("waited in vain for $what");
}

sub wait_for_entries {
    my ($source, $entries) = @_;
    return wait_for("$entries entries of $source", sub { posted($source) =~ /^(\d+)/ && $1 >= $entries });
}

# What the ledger must have of calls 1 to N.
sub all_once {
    my ($n) = @_;
    return join '|', $n, $n, $n * ($n + 1) / 2;
}

sub unreadable {
    return $server->safe_psql('postgres', q{SELECT coalesce(string_agg(DISTINCT call #>> '{tags,bytes}', ' '), '') FROM llm.intake_problem});
}

subtest 'RabbitMQ' => sub {
    plan skip_all => 'needs rabbitmq-server and amqp-tools'
      unless -x '/usr/lib/rabbitmq/bin/rabbitmq-server' && `which amqp-consume`;

    my ($port, $epmd_port) = (free_port(), free_port());
    my $url = "amqp://guest:guest\@127.0.0.1:$port";
    local %ENV = (%ENV,
        HOME => $folder, RABBITMQ_NODENAME => 'meter@localhost', RABBITMQ_NODE_IP_ADDRESS => '127.0.0.1', RABBITMQ_NODE_PORT => $port,
        RABBITMQ_DIST_PORT => free_port(), RABBITMQ_MNESIA_BASE => "$folder/mnesia", RABBITMQ_LOG_BASE => "$folder/log",
        RABBITMQ_PID_FILE => "$folder/rabbitmq.pid", RABBITMQ_ENABLED_PLUGINS_FILE => "$folder/plugins", RABBITMQ_CONFIG_FILE => "$folder/rabbitmq",
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS => '-kernel inet_dist_use_interface {127,0,0,1}',
        ERL_EPMD_ADDRESS => '127.0.0.1', ERL_EPMD_PORT => $epmd_port,
        PGHOST => $server->host, PGPORT => $server->port);
    my $start_broker = sub {
        my $pid = start('/usr/lib/rabbitmq/bin/rabbitmq-server');
        wait_for('RabbitMQ', sub { system("amqp-declare-queue --url=$url --durable --queue=llm-calls >> '$log' 2>&1") == 0 });
        return $pid;
    };
    my $publish = sub {
        for my $message (@_) {
            IPC::Run::run([ 'amqp-publish', "--url=$url", '--routing-key=llm-calls', '--persistent' ], '<', \$message) or die 'amqp-publish failed';
        }
    };

    # psql fails now and then: before it does anything, or when it has committed.
    mkdir "$folder/bin";
    chomp(my $psql = `which psql`);
    append_to_file("$folder/bin/psql", <<"END");
#!/bin/sh
case \$\$ in
  *3) exit 2 ;;
  *7) "$psql" "\$@"; exit 2 ;;
esac
exec "$psql" "\$@"
END
    chmod 0755, "$folder/bin/psql";
    local $ENV{PATH} = "$folder/bin:$ENV{PATH}";

    my $script = write_block('meter-message', block_after('`/usr/local/bin/meter-message`'));
    my ($command) = block_after('meter-rabbitmq@.service`') =~ /^ExecStart=(.*)$/m;
    $command =~ s{amqp://\S+}{$url} && $command =~ s{/usr/local/bin/meter-message}{$script} or BAIL_OUT('ExecStart has changed');
    my @carrier = ('env', 'PGDATABASE=postgres', 'PGUSER=meter_queue', split / /, $command);

    my $epmd   = start('epmd', '-port', $epmd_port);    # else the broker would start one that outlives it
    my $broker = $start_broker->();
    $publish->(map { call('rabbitmq', $_) } 1 .. 60, 1 .. 20);
    $publish->('[' . join(', ', map { call('rabbitmq', $_) } 101 .. 600) . ']', '{"broken', "\xff\xfe");
    my $carriers = start_service(@carrier);
    wait_for_entries('rabbitmq', 10);
    kill_group($carriers);    # in the midst of a message, it may be
    ok(posted('rabbitmq') =~ /^(\d+)/ && $1 < 560, 'carriers are killed midway');
    my @carriers = map { start_service(@carrier) } 1 .. 2;
    wait_for_entries('rabbitmq', 30);
    $server->stop('immediate');
    sleep 1;
    $server->start;
    wait_for_entries('rabbitmq', 560);
    kill_group($broker);
    $broker = $start_broker->();
    $publish->(map { call('rabbitmq', $_) } 40 .. 100);
    wait_for_entries('rabbitmq', 600);
    wait_for('an empty queue', sub { `/usr/lib/rabbitmq/bin/rabbitmqctl --quiet list_queues messages 2>> '$log'` =~ /^0$/m });
    is(posted('rabbitmq'), all_once(600), 'all calls are in the ledger once');
    is(unreadable(), '2 8', 'the two that cannot be read are among the problems, by their lengths');
    kill_group($_) for @carriers, $broker, $epmd;
};

subtest 'Kafka' => sub {
    plan skip_all => 'needs rsyslog, rsyslog-kafka, librdkafka-dev and a C compiler'
      unless `which rsyslogd` && -e '/usr/include/librdkafka/rdkafka_mock.h' && glob('/usr/lib/*/rsyslog/imkafka.so') && `which cc`;

    $server->safe_psql('postgres', 'DELETE FROM llm.intake_problem');
    system_or_bail('cc', '-o', "$folder/broker", "$project/test/clients/kafka/broker.c", '-lrdkafka');
    my $broker  = open2(my $answers, my $messages, "$folder/broker", 'llm-calls');
    chomp(my $address = <$answers>);
    my $publish = sub { print $messages map { "$_\n" } @_ };
    my $tell    = sub { $publish->(@_); <$answers> };

    chomp(my $psql = `which psql`);
    my $script = write_block('meter-statements', block_after('`/usr/local/bin/meter-statements`'), 'exec psql' => "exec $psql",
        'host=db.example dbname=app' => 'host=' . $server->host . ' port=' . $server->port . ' dbname=postgres');
    my $config = write_block('meter-kafka.conf', block_after('`/etc/meter-kafka.conf`'), 'kafka.example:9092' => $address,
        '/usr/local/bin/meter-statements' => $script, 'confParam=[' => 'confParam=["session.timeout.ms=6000", ');
    my ($command) = block_after('meter-kafka.service`') =~ /^ExecStart=(.*)$/m;
    $command =~ s{/etc/meter-kafka.conf}{$config} or BAIL_OUT('ExecStart has changed');
    my @carrier = split / /, $command;

    $publish->((map { call('kafka', $_) } 1 .. 3000, 1 .. 1000), '{"broken', "\xff\xfe{}");
    $publish->('[' . join(', ', map { call('kafka', $_) } 3001 .. 5000) . ']');
    my $carrier = start_service(@carrier);
    wait_for_entries('kafka', 500);
    kill_group($carrier);
    my ($killed_at) = posted('kafka') =~ /^(\d+)/;
    cmp_ok($killed_at, '<', 5000, 'the carrier is killed midway');
    $carrier = start_service(@carrier);
    # Connections that break while others can be made at once.
    wait_for('progress', sub {
        $server->psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'meter_queue'});
        posted('kafka') =~ /^(\d+)/ && $1 > $killed_at;
    });
    $server->stop('immediate');
    sleep 1;
    $server->start;
    $tell->('down');
    sleep 1;
    $tell->('up');
    $publish->(map { call('kafka', $_) } 4000 .. 6000);
    wait_for_entries('kafka', 6000);
    is(posted('kafka'), all_once(6000), 'all calls are in the ledger once');
    is(unreadable(), '4 8', 'the two that cannot be read are among the problems, by their lengths');
    kill_group($carrier);
    close $messages;
    waitpid $broker, 0;
};

$server->stop;
done_testing();
