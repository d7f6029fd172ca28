# A ledger that is half folded goes on exactly where it was when it is dumped and restored into a younger server, taken over by
# pg_upgrade, or when its standby is promoted: transaction numbers start again, or go on, and nothing depends on them.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../perl";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use UsageViews qw(differences_query);

my $settings = "tokenmeter.time_zone = 'Asia/Kathmandu'\njit = off\nfsync = off\n";
my $calls = q{INSERT INTO llm.inbox (occurred_at, tenant_id, user_id, provider, model, input_tokens, latency_ms, status)
  SELECT now() - i * interval '7 hours', 'tenant ' || i % 3, 'user ' || i % 7, 'openai', CASE WHEN i % 5 = 0 THEN 'unheard-of' ELSE 'gpt-4o' END, i, i, 'ok'
  FROM generate_series(1, 300) i;};
# Many transactions more than a new server has had.
my $half_folded = "CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger();
  DO \$\$ BEGIN FOR i IN 1 .. 5000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END \$\$;
  $calls SELECT tokenmeter.maintain(); $calls";

sub new_node {
    my ($name) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(extra => [ '--encoding=UTF8', '--locale=C' ], allows_streaming => 1);
    $node->append_conf('postgresql.conf', $settings);
    return $node;
}

# All goes on: nothing is lost or doubled, before and after more calls and folding.
sub goes_on {
    my ($node, $what) = @_;
    is($node->safe_psql('postgres', 'SELECT count(*), (SELECT count(*) FROM llm.unfolded), (SELECT sum(entries) FROM llm.usage_monthly) FROM llm.usage'),
        '600|300|600', "$what: half folded, as it was");
    for my $step ('SELECT 1', $calls, 'SELECT tokenmeter.maintain()', $calls, 'SELECT tokenmeter.maintain()') {
        $node->safe_psql('postgres', $step);
        is($node->safe_psql('postgres', differences_query('Asia/Kathmandu')), '', "$what: views equal the ledger after " . substr $step, 0, 26);
    }
    is($node->safe_psql('postgres', 'SELECT count(*), (SELECT count(*) FROM llm.unfolded) FROM llm.usage'), '1200|0', "$what: all is folded");
    is($node->safe_psql('postgres', 'SELECT count(*) FROM tokenmeter.verify()'), '0', "$what: verify() finds nothing");
}

my $primary = new_node('primary');
$primary->start;
$primary->safe_psql('postgres', $half_folded);

# A standby reads the same; promoted, it goes on.
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', differences_query('Asia/Kathmandu')), '', 'on a standby views equal the ledger');
my (undef, undef, $errors) = $standby->psql('postgres', 'SELECT tokenmeter.maintain()');
like($errors, qr/cannot .* during recovery|read-only transaction/, 'where nothing can be folded');

# Dumped and restored.
my $dump = $primary->basedir . '/dump.sql';
$primary->command_ok([ 'pg_dump', '--file', $dump, $primary->connstr('postgres') ], 'pg_dump');
my $restored = new_node('restored');
$restored->start;
$restored->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $dump, $restored->connstr('postgres') ], 'restore, without an error');
cmp_ok($restored->safe_psql('postgres', 'SELECT txid_current()'), '<', $primary->safe_psql('postgres', 'SELECT txid_current()'), 'transaction numbers are smaller now');
goes_on($restored, 'restored');
$restored->stop;

$primary->stop;
$standby->promote;
goes_on($standby, 'promoted');
$standby->stop;

my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
$upgraded->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$upgraded->append_conf('postgresql.conf', $settings);
chdir $PostgreSQL::Test::Utils::tmp_check or die "cannot enter tmp_check: $!";
command_ok([ 'pg_upgrade', '--no-sync', '--old-datadir', $primary->data_dir, '--new-datadir', $upgraded->data_dir, '--old-bindir', $primary->config_data('--bindir'),
    '--new-bindir', $upgraded->config_data('--bindir'), '--socketdir', $upgraded->host, '--old-port', $primary->port, '--new-port', $upgraded->port ], 'pg_upgrade');
$upgraded->start;
goes_on($upgraded, 'upgraded');
$upgraded->stop;
done_testing();
