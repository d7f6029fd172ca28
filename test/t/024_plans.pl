# Conditions on time and scope reach the indexes of the buckets, in views and functions, folded and not; nothing of it reads a
# level as a whole, and nothing reads the ledger.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_wal_size = '2GB'\njit = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');
sub make_entries {
    $node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', @_, '--set=after=SELECT 1',
        '--file', "$FindBin::Bin/../bench/answers_data.sql", $node->connstr('postgres') ], "entries: @_");
}
make_entries('--set=entries=200000', '--set=months=12');
$node->safe_psql('postgres', q{SET tokenmeter.report_zones = 'Asia/Kolkata'; SELECT tokenmeter.maintain()});
make_entries('--set=entries=2000');
$node->safe_psql('postgres', 'VACUUM ANALYZE');

my ($user, $tenant) = split /\|/, $node->safe_psql('postgres', "SELECT user_id, tenant_id FROM llm.usage WHERE user_id IS NOT NULL ORDER BY entry_id LIMIT 1");
my $last = $node->safe_psql('postgres', "SELECT max(day) FROM llm.bucket_day");
for my $case (
    [ "llm.usage_daily WHERE day >= '$last'::date - 6", qr/bucket_day.*Index Cond: \(\(zone_id = .*grain = 1\) AND \(day >= /s ],
    [ "llm.usage_daily WHERE day >= '$last'::date - 6 AND user_id = '$user'", qr/series_user.*bucket_day/s ],
    [ "llm.usage_daily WHERE user_id = '$user'", qr/series_user.*bucket_day_series/s ],
    [ "llm.usage_monthly WHERE user_id = '$user' AND month >= '$last'::date - 100", qr/series_user.*bucket_month_series/s ],
    [ "llm.tenant_daily WHERE tenant_id = '$tenant' AND day >= '$last'::date - 6", qr/series_tenant.*bucket_day/s ],
    [ "llm.tenant_monthly WHERE month = date_trunc('month', '$last'::timestamp)", qr/bucket_month_pkey.*Index Cond: .*month = /s ],
    [ "llm.model_daily WHERE day >= '$last'::date - 30", qr/bucket_day.*Index Cond: \(\(zone_id = .*grain = 3\) AND \(day >= /s ],
    [ "llm.usage_15min WHERE bucket_start >= '$last'::timestamptz - interval '6 hours'", qr/bucket_15min_pkey.*Index Cond: \(\(?bucket_start >= /s ],
    [ "llm.usage_hourly WHERE hour >= '$last'::timestamptz - interval '6 hours'", qr/bucket_15min_pkey.*Index Cond: \(bucket_start = /s ],
    [ "llm.usage_weekly WHERE week >= '$last'::date - 14", qr/bucket_day.*Index Cond: .*day = /s ],
    [ "llm.usage_daily('Asia/Kolkata', '$last'::date - 6, NULL)", qr/bucket_day.*Index Cond: .*day >= /s ],
    [ "llm.usage_daily('Asia/Tokyo', '$last'::date - 2, NULL)", qr/bucket_15min_pkey.*Index Cond: \(bucket_start = /s ],
    [ "llm.usage_15min('$last'::timestamptz - interval '6 hours', NULL)", qr/bucket_15min_pkey.*Index Cond: \(\(bucket_start >= /s ])
{
    my ($query, $wanted) = @$case;
    my $plan = $node->safe_psql('postgres', "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT sum(calls), sum(cost) FROM $query");
    # What was not executed costs nothing: levels that another zone would be answered from.
    my $executed = join "\n", grep { !/never executed/ } split /\n/, $plan;
    like($executed, $wanted, "reaches an index: $query") or diag($plan);
    unlike($executed, qr/Seq Scan on (bucket_\w+|usage)/, 'and reads no level as a whole') or diag($plan);
    note($1) if $plan =~ /(Execution Time: .*)/;
}
$node->stop;
done_testing();
