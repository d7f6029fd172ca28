# In the time zone of every place that the server knows (zones that agree on the whole time of the test are tested once, unless
# TOKENMETER_SECONDS asks for a long test), and across its changes of the clock, the sum of the days is the month, and the
# range, and what the ledger says; kept as days and months of that zone, too. Folded, half folded and not folded.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;

# A call in every quarter of an hour around the ends of months, and in those hours in which clocks are changed somewhere.
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
INSERT INTO llm.inbox (occurred_at, provider, model, input_tokens)
SELECT q + random() * interval '14 minutes', 'openai', 'gpt-4o', row_number() OVER (ORDER BY q)
FROM generate_series('2024-01-30'::timestamptz, '2025-03-03', '15 minutes') q
WHERE extract(day FROM (q + interval '14 hours') AT TIME ZONE 'UTC') = 1 OR extract(day FROM (q - interval '14 hours') AT TIME ZONE 'UTC') = 1
  OR extract(dow FROM q) IN (5, 6, 0) AND extract(month FROM q) IN (3, 4, 9, 10, 11) AND random() < 0.2;
CREATE TABLE zone AS
SELECT min(name) AS name FROM pg_timezone_names WHERE (name ~ '/' OR name = 'UTC') AND name !~ '^(posix|right)/' } . ($ENV{TOKENMETER_SECONDS} ? 'GROUP BY name' : q{
GROUP BY (SELECT array_agg(q AT TIME ZONE name ORDER BY q) FROM generate_series('2024-01-29'::timestamptz, '2025-03-04', '3 hours') q)}) . q{
});

# The rows of the ledger's own sums that are not the views', and the other way round.
my $wrong = q{
SELECT z.name, d.* FROM zone z CROSS JOIN LATERAL (
  WITH ledger AS (
    SELECT (u.occurred_at AT TIME ZONE z.name)::date AS day, count(*)::numeric AS calls, sum(u.cost) AS cost FROM entry u GROUP BY 1
  ), daily AS (
    SELECT d.day, sum(d.calls) AS calls, sum(d.cost) AS cost FROM llm.usage_daily(z.name, NULL, NULL) d GROUP BY d.day
  ), monthly AS (
    SELECT m.month, sum(m.calls) AS calls, sum(m.cost) AS cost FROM llm.usage_monthly(z.name, NULL, NULL) m GROUP BY m.month
  ), days_of_month AS (
    SELECT date_trunc('month', d.day::timestamp)::date, sum(d.calls), sum(d.cost) FROM daily d GROUP BY 1
  ), in_range AS (
    SELECT sum(d.calls), sum(d.cost) FROM llm.usage_daily(z.name, '2024-11-03', '2025-02-01') d
  ), ledger_in_range AS (
    SELECT count(*)::numeric, sum(u.cost) FROM entry u
    WHERE (u.occurred_at AT TIME ZONE z.name)::date >= '2024-11-03' AND (u.occurred_at AT TIME ZONE z.name)::date < '2025-02-01'
  ), hours AS (
    SELECT h.hour, sum(h.calls), sum(h.cost) FROM llm.usage_hourly(z.name, '2024-04-01', '2024-04-10') h GROUP BY h.hour
  ), ledger_hours AS (
    SELECT date_trunc('hour', u.occurred_at, z.name), count(*)::numeric, sum(u.cost) FROM entry u
    WHERE date_trunc('hour', u.occurred_at, z.name) >= '2024-04-01' AND date_trunc('hour', u.occurred_at, z.name) < '2024-04-10' GROUP BY 1
  )
  SELECT 'days' AS what, (SELECT count(*) FROM ((TABLE ledger EXCEPT TABLE daily) UNION ALL (TABLE daily EXCEPT TABLE ledger)) d) AS differ
  UNION ALL SELECT 'months', (SELECT count(*) FROM ((TABLE days_of_month EXCEPT TABLE monthly) UNION ALL (TABLE monthly EXCEPT TABLE days_of_month)) d)
  UNION ALL SELECT 'range', (SELECT count(*) FROM (TABLE in_range EXCEPT TABLE ledger_in_range) d)
  UNION ALL SELECT 'hours', (SELECT count(*) FROM ((TABLE hours EXCEPT TABLE ledger_hours) UNION ALL (TABLE ledger_hours EXCEPT TABLE hours)) d)
) d WHERE d.differ > 0};
$node->safe_psql('postgres', 'CREATE TABLE entry AS SELECT occurred_at, cost FROM llm.usage');

cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM zone'), '>', 60, 'zones of the world: ' . $node->safe_psql('postgres', 'SELECT count(*) FROM zone'));
my @some = qw(Asia/Kolkata Asia/Kathmandu Australia/Lord_Howe Pacific/Chatham America/New_York Africa/Casablanca UTC Pacific/Kiritimati);
my $some = join ', ', map { "'$_'" } @some;
(my $wrong_of_some = $wrong) =~ s/FROM zone z/FROM (SELECT unnest(ARRAY[$some]) AS name) z/;
is($node->safe_psql('postgres', $wrong_of_some), '', 'nothing folded');
$node->safe_psql('postgres', q{DO $$ BEGIN PERFORM tokenmeter.fold((SELECT array_agg(ctid) FROM (SELECT ctid FROM llm.unfolded ORDER BY random() LIMIT 3000) u)); END $$});
is($node->safe_psql('postgres', $wrong_of_some), '', 'half folded');
$node->safe_psql('postgres', 'SELECT tokenmeter.maintain()');
is($node->safe_psql('postgres', $wrong), '', 'every zone, from 15-minute buckets');
$node->safe_psql('postgres', "SELECT tokenmeter.add_report_zone(name) FROM zone WHERE name IN ($some) OR name LIKE 'Australia/%'");
is($node->safe_psql('postgres', $wrong_of_some), '', 'zones with days and months of their own');
is($node->safe_psql('postgres', 'SELECT count(*) FROM tokenmeter.verify()'), '0', 'verify() finds nothing');
$node->stop;
done_testing();
