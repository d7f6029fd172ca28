# Calls that arrive by logical replication, whose worker runs no statements, are metered as others are, once.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $proxy = PostgreSQL::Test::Cluster->new('proxy');
$proxy->init(allows_streaming => 'logical', extra => [ '--encoding=UTF8', '--locale=C' ]);
$proxy->start;
$proxy->safe_psql('postgres', q{
CREATE SCHEMA llm;
CREATE TABLE llm.inbox (request_id text PRIMARY KEY, model text, input_text text, input_tokens bigint);
CREATE PUBLICATION calls FOR TABLE llm.inbox});

my $meter = PostgreSQL::Test::Cluster->new('meter');
$meter->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$meter->start;
$meter->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');
my $connection = $proxy->connstr('postgres');
$meter->safe_psql('postgres', "CREATE SUBSCRIPTION calls CONNECTION \$\$$connection\$\$ PUBLICATION calls WITH (copy_data = off)");

$proxy->safe_psql('postgres', q{
INSERT INTO llm.inbox SELECT i, 'gpt-4o', 'Hello, world!', NULL FROM generate_series(1, 1500) i;
INSERT INTO llm.inbox VALUES ('wrong', 'gpt-4o', NULL, -1), ('right', 'gpt-4o', NULL, 7)});
$proxy->wait_for_catchup('calls');
is($meter->safe_psql('postgres', 'SELECT count(*), sum(counted_input_tokens), sum(input_tokens) FROM llm.usage'), '1501|6000|6007',
    'calls are posted');
is($meter->safe_psql('postgres', 'SELECT request_id, sqlstate FROM llm.intake_problem'), 'wrong|22003', 'and a problem is listed');
is($meter->safe_psql('postgres', 'SELECT count(*) FROM llm.inbox'), '0', 'nothing is kept');

$proxy->stop;
$meter->stop;
done_testing();
