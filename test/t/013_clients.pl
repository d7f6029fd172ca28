# Real client libraries write into the meter: what they are answered, and what is in the ledger then, are exactly as
# expected. The libraries come from npm, so this runs where PG_TEST_EXTRA says clients.
#
# A client is a folder of test/clients with a package.json. Each of its scripts has a database of its own:
#   NAME.sql   is run first: the application's own tables, and how they are metered
#   NAME.mjs   the application
#   NAME.out   what it prints, and the ledger after it
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'PG_TEST_EXTRA does not say clients' unless ($ENV{PG_TEST_EXTRA} // '') =~ /\bclients\b/;
chomp(my $node_version = `node --version 2>&1` // '');
plan skip_all => 'there is no node with npm' unless $node_version =~ s/^v// && `npm --version`;

my $folder = abs_path(dirname(__FILE__) . '/../clients');
my $server = PostgreSQL::Test::Cluster->new('main');
$server->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$server->append_conf('postgresql.conf', q{timezone = 'America/New_York'});
$server->start;
@ENV{qw(PGHOST PGPORT PGUSER)} = ($server->host, $server->port, scalar getpwuid($<));
# Where the client or the server took a time in UTC for one of its own zone, it would show.
$ENV{TZ} = 'Asia/Kolkata';
$ENV{CHECKPOINT_DISABLE} = 1;    # Prisma would ask for newer versions

sub run {
    my ($in, @command) = @_;
    my $output = '';
    my $ok = IPC::Run::run(\@command, '<', \undef, '>', \$output, '2>&1', init => sub { chdir $in });
    return ($ok, $output);
}

# Is this version of node as new as the client wants it? Its package.json says so as ">=20.19".
sub new_enough {
    my ($needed) = $_[0] =~ /^>=(.*)/;
    my @have = split /\./, $node_version;
    for my $part (split /\./, $needed) {
        my $had = shift @have;
        return $had > $part if $had != $part;
    }
    return 1;
}

sub install {
    my ($client) = @_;
    my ($ok, $output) = (1, '');
    # Scripts of packages would look for binaries to download; what is used here needs none.
    ($ok, $output) = run($client, qw(npm install --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error))
        unless -d "$client/node_modules";
    ($ok, $output) = run($client, qw(npm run --if-present generate)) if $ok;
    ok($ok, basename($client) . ' is installed') or diag $output;
    return $ok;
}

# Ids that a client made up and times that are now are not the same in every run; the entries of many-0, many-1 …
# are too many to list, so their script adds them up.
my $ledger = q{
SELECT concat_ws(' ', 'entry', id, tenant_id, team_id, user_id, session_id, provider, model, method,
  json_strip_nulls(json_build_object('input', input_tokens, 'cache_read', cache_read_tokens, 'cache_write', cache_write_tokens,
    'output', output_tokens, 'reasoning', reasoning_tokens)),
  'cost', cost, 'at', CASE WHEN occurred_at > now() - interval '1 hour' THEN 'now' ELSE to_char(occurred_at, 'YYYY-MM-DD HH24:MI:SS') END)
FROM llm.usage, LATERAL (SELECT CASE WHEN length(request_id) > 24 THEN '(generated)' ELSE request_id END) AS known (id)
WHERE request_id IS NULL OR request_id NOT LIKE 'many-%'
ORDER BY id COLLATE "C", entry_id;
SELECT concat_ws(' ', 'problem', request_id, sqlstate) FROM llm.intake_problem ORDER BY problem_id;};

for my $client (map { dirname($_) } glob "$folder/*/package.json") {
    my $package = decode_json(slurp_file("$client/package.json"));
  SKIP: {
        skip "$package->{name} needs node $package->{engines}{node}", 1 unless new_enough($package->{engines}{node});
        install($client) or next;
        for my $script (glob "$client/*.mjs") {
            my $name = basename($script, '.mjs');
            my $title = basename($client) . ' ' . $name;
            $ENV{PGDATABASE} = basename($client) . "_$name";
            my $setup = slurp_file("$client/$name.sql");
            $server->safe_psql('postgres', "CREATE DATABASE $ENV{PGDATABASE}");
            $server->safe_psql($ENV{PGDATABASE}, 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger();');
          SKIP: {
                skip "$title: there is no tokenmeter.attach() yet", 1 if $setup =~ /tokenmeter\.attach/
                    && $server->safe_psql($ENV{PGDATABASE}, "SELECT count(*) FROM pg_proc WHERE proname = 'attach'") eq '0';
                $server->safe_psql($ENV{PGDATABASE}, $setup);
                my (undef, $answers) = run($client, 'node', "$name.mjs");
                is($answers . $server->safe_psql($ENV{PGDATABASE}, "SET timezone = 'UTC'; $ledger") . "\n", slurp_file("$client/$name.out"), $title);
            }
        }
    }
}

$server->stop;
done_testing();
