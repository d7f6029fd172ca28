# What is set for a database before any session has loaded the library: an unchecked string, without a unit. Whatever reads it in
# a new session reads the setting.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger();
INSERT INTO llm.inbox (occurred_at, model, input_tokens) VALUES (now() - interval '80 days', 'gpt-4o', 1), ('2025-01-31 23:30+00', 'gpt-4o', 1);
SELECT tokenmeter.maintain()});

sub set_for_database { $node->safe_psql('postgres', "ALTER DATABASE postgres SET tokenmeter.$_[0] = '$_[1]'"); return; }

my $quarters = 'SELECT count(*) FROM llm.bucket_15min';
set_for_database('keep_15min', 129600);
is($node->safe_psql('postgres', 'SELECT tokenmeter.retire_old_buckets()'), '1', '129600 minutes are 90 days: what is older goes');
is($node->safe_psql('postgres', $quarters), '1', 'and 80 days stay');
set_for_database('keep_15min', '30d');
is($node->safe_psql('postgres', 'SELECT tokenmeter.retire_old_buckets()'), '1', '30 days');
set_for_database('keep_15min', 0);
is($node->safe_psql('postgres', 'SELECT tokenmeter.retire_old_buckets()'), '', '0 keeps all');

my $day = q{SELECT day FROM llm.usage_daily WHERE day BETWEEN '2025-01-30' AND '2025-02-02'};
set_for_database('time_zone', 'europe/berlin');
is($node->safe_psql('postgres', 'SELECT tokenmeter.report_time_zone()'), 'Europe/Berlin', 'a zone in lower case');
$node->safe_psql('postgres', 'SELECT tokenmeter.maintain()');
set_for_database('report_zones', 'utc, asia/tokyo');
is($node->safe_psql('postgres', 'SELECT string_agg(w, $$,$$ ORDER BY w) FROM tokenmeter.wanted_zones() w'), 'Asia/Tokyo,Europe/Berlin,UTC', 'zones in lower case');
set_for_database('time_zone', 'CET');
my ($status, $zone, $errors) = $node->psql('postgres', 'SELECT tokenmeter.report_time_zone()');
is($zone, 'UTC', 'a name that is no zone is not taken');
like($errors, qr/WARNING:  invalid value for parameter "tokenmeter.time_zone": "CET"/, 'with a warning');
is($node->safe_psql('postgres', $day), '2025-01-31', 'nor by views');
$node->stop;
done_testing();
