# The export of docs/statements.md, as the page has it, in a session whose TimeZone is not that of the months: the month's rows,
# with the ledger's cost.
use strict;
use warnings;

use Cwd qw(getcwd);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($copy) = slurp_file(dirname(__FILE__) . '/../../docs/statements.md') =~ /^(\\copy .*)$/m;
my ($month, $name) = $copy =~ /= '(\d{4}-\d\d)-01'\) TO '([^']+)'/ or die "unexpected: $copy";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'America/New_York'\ntokenmeter.time_zone = 'Europe/Berlin'");
$node->start;
# In Berlin: the last second of the month before, the first and the last of the month, the first of the next.
$node->safe_psql('postgres', qq{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, currency, effective_from) VALUES ('ours', 'mine', 'input', 1000, 1, 'EUR', '2020-01-01');
INSERT INTO llm.message_log (occurred_at, tenant_id, provider, model, input_tokens)
SELECT at AT TIME ZONE 'Europe/Berlin', 'acme, "inc"', 'ours', 'mine', tokens
FROM (SELECT '$month-01'::timestamp AS first) m, LATERAL (VALUES (first - interval '1 second', 1), (first, 20), (first + interval '1 month - 1 second', 300), (first + interval '1 month', 4000)) v (at, tokens);
SELECT tokenmeter.maintain();
});

my $folder = tempdir(CLEANUP => 1);
my $here   = getcwd();
chdir $folder or die "cannot enter $folder: $!";
$node->safe_psql('postgres', $copy);
chdir $here or die "cannot return to $here: $!";

$node->safe_psql('postgres', 'CREATE TABLE imported AS SELECT * FROM llm.focus WITH NO DATA');
$node->safe_psql('postgres', "\\copy imported FROM '$folder/$name' CSV HEADER");
is($node->safe_psql('postgres', 'SELECT count(*), sum("BilledCost"), sum("ConsumedQuantity"), min("BillingCurrency"), min("BillingAccountId") FROM imported'),
    '2|0.32|320|EUR|acme, "inc"', 'the month that was asked for, and nothing else');
is($node->safe_psql('postgres', 'TABLE imported EXCEPT SELECT * FROM llm.focus'), '', 'as the view has it');
$node->stop;
done_testing();
