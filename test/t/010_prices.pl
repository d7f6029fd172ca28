# Prices over time: LiteLLM's whole file against an independent computation; costs that stay explained through price
# changes, dump and restore and an update of the extension; a change that a standby sees at once.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Path qw(make_path);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $project = dirname(__FILE__) . '/../..';
my $scratch = $PostgreSQL::Test::Utils::tmp_check;
my $packed  = "$project/test/data/litellm_prices.json.xz";

sub run_python {
    my ($what, @arguments) = @_;
    my ($output, $errors) = run_command([ 'python3', @arguments ]);
    note($errors);
    return "$output\n";
}

my $file = "$scratch/litellm_prices.json";
append_to_file($file, run_python('unpack', '-c', 'import lzma, sys; sys.stdout.write(lzma.open(sys.argv[1], "rt").read())', $packed));

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');

# The whole file: all of its fields find their place, and a second time nothing is new.
sub import_file {
    my ($database, $from) = @_;
    my $began = time;
    my $counts = $node->safe_psql($database, qq{
SELECT result, sum(rows) FROM tokenmeter.import_prices(pg_read_file('$file')::jsonb, 'litellm', '$from') GROUP BY result ORDER BY result});
    return ($counts, time - $began);
}

$node->safe_psql('postgres', 'CREATE DATABASE reference');
$node->safe_psql('reference', 'CREATE EXTENSION tokenmeter');
my ($first, $seconds) = import_file('reference', '2026-08-01');
is($first, "contradicted|5\nended|0\ninserted|8550\nnot understood|12\nrounded|34\nunchanged|0", 'the file is imported');
cmp_ok($seconds, '<', 10, "in $seconds s");
my ($second, $again) = import_file('reference', '2026-08-02');
is($second, "contradicted|5\nended|0\ninserted|0\nnot understood|12\nrounded|34\nunchanged|8550", 'once more: nothing is new');
cmp_ok($again, '<', 5, "in $again s");
is( $node->safe_psql('reference', qq{
SELECT DISTINCT i.detail, count(*) FROM tokenmeter.import_prices(pg_read_file('$file')::jsonb, 'litellm', '2026-08-02') i
WHERE result = 'not understood' GROUP BY i.detail}),
    'its bracket has no range of tokens|12', 'what is left is priced by the number of search results');

# Every model and field of it, every boundary of a context tier, and random calls.
my $calls = "$scratch/calls.csv";
append_to_file($calls, run_python('price', "$project/test/t/price_reference.py", $packed, "$project/prices/factors.csv"));
# The reference knows the file and the shipped factors, not the shipped prices.
$node->safe_psql('reference', qq{
ALTER TABLE tokenmeter.price DISABLE TRIGGER refuse_change;
DELETE FROM tokenmeter.price WHERE origin = 'shipped' AND unit_price IS NOT NULL;
ALTER TABLE tokenmeter.price ENABLE TRIGGER refuse_change;
CREATE TABLE call (call_id text, provider text, model text, service_tier text, at timestamptz, region text, meters jsonb,
  cost numeric, currency text);
\\copy call FROM '$calls' CSV HEADER});
my $number = $node->safe_psql('reference', 'SELECT count(*) FROM call');
cmp_ok($number, '>=', 20_000, "$number calls");
is( $node->safe_psql('reference', q{
SELECT c.call_id, c.cost, p.cost, p.problem
FROM call c, LATERAL tokenmeter.price_call(c.provider, c.model, c.service_tier, c.at, NULL, c.meters, NULL, nullif(c.region, '')) p
WHERE (p.cost, p.currency) IS DISTINCT FROM (c.cost, c.currency)}),
    '', 'each costs what the independent computation says, to the last digit');
is( $node->safe_psql('reference', q{
SELECT count(*) FROM call c,
  LATERAL tokenmeter.price_call(c.provider, c.model, c.service_tier, c.at, NULL, c.meters, NULL, nullif(c.region, '')) p,
  LATERAL (SELECT sum(l.amount) AS amount FROM tokenmeter.price_lines(c.provider, c.model, c.service_tier, c.at, NULL,
    c.meters, NULL, nullif(c.region, ''), NULL, p.price_ids) l) explained
WHERE p.cost > 0 AND explained.amount IS DISTINCT FROM p.cost}),
    '0', 'and the prices that it names explain it');

# 10,000 calls whose explanation never changes.
$node->safe_psql('postgres', q{
INSERT INTO llm.message_log (request_id, occurred_at, provider, model, service_tier, tags, input_tokens, cache_read_tokens,
  cache_write_tokens, output_tokens, reasoning_tokens, quantities)
SELECT 'call ' || i, '2025-03-01'::timestamptz + i * interval '73 minutes', m.provider, m.model,
  (ARRAY['standard', 'batch', 'priority', 'flex'])[1 + i % 4], CASE WHEN i % 5 = 0 THEN '{"region": "us"}'::jsonb END,
  i * 31 % 300000, CASE WHEN i % 3 = 0 THEN i END, CASE WHEN i % 7 = 0 THEN i * 3 END, i % 2000, CASE WHEN i % 2 = 0 THEN i END,
  CASE WHEN i % 11 = 0 THEN '{"web_search": 1}'::jsonb END
FROM generate_series(1, 10000) i
JOIN (VALUES (0, 'openai', 'gpt-5'), (1, 'anthropic', 'claude-sonnet-4-5-20250929'), (2, 'google', 'gemini-2.5-pro'), (3, 'deepseek', 'deepseek-chat'),
  (4, 'openai', 'o3'), (5, 'xai', 'grok-4'), (6, 'mistral', 'mistral-large-latest'), (7, 'dashscope-cn', 'qwen3-max')) m (number, provider, model)
  ON m.number = i % 8;
});
my $state = q{
SELECT count(*), count(DISTINCT u.entry_id), count(e.amount), md5(string_agg(concat_ws('|', u.entry_id, e), E'\n' ORDER BY u.entry_id, e.meter))
FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) e};
my $before = $node->safe_psql('postgres', $state);
note("lines, entries, amounts, hash: $before");
is( $node->safe_psql('postgres', q{
SELECT count(*) FROM (SELECT u.cost, sum(e.amount) AS explained FROM llm.usage u, LATERAL tokenmeter.explain_cost(u.entry_id) e
  WHERE u.priced GROUP BY u.entry_id, u.cost) sums WHERE cost <> explained}),
    '0', 'the lines of every entry add up to its cost');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM llm.usage WHERE priced'), '>', 5000, 'most of them are priced');

$node->safe_psql('postgres', q{
INSERT INTO tokenmeter.price (provider, model, meter, service_tier, context_above, region, unit_quantity, unit_price, effective_from)
SELECT DISTINCT ON (provider, model, meter, service_tier, context_above) provider, model, meter, service_tier, context_above,
  region, unit_quantity, unit_price * 2, effective_from
FROM tokenmeter.price WHERE origin = 'shipped' AND unit_price IS NOT NULL
ORDER BY provider, model, meter, service_tier, context_above, effective_from;
});
import_file('postgres', '2025-01-01');
is($node->safe_psql('postgres', $state), $before, 'after all prices have changed, entries are explained as before');
isnt($node->safe_psql('postgres', q{SELECT sum(difference) FROM tokenmeter.reprice('-infinity', 'infinity')}), '0',
    'though they would cost something else now');

my $dump = "$scratch/dump.sql";
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $dump, $node->connstr('restored') ],
    'restore, without an error');
is($node->safe_psql('restored', $state), $before, 'after dump and restore they are, too');
is( $node->safe_psql('restored', q{
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1, 1, now())
RETURNING price_id > (SELECT max(price_id) FROM tokenmeter.price WHERE provider <> 'me')}),
    't', 'and prices are numbered on');

# An update of the extension that brings new prices, on a copy of the installation that has one.
my ($bin) = split /\n/, (run_command([ 'pg_config', '--bindir' ]))[0];
my ($share) = split /\n/, (run_command([ 'pg_config', '--sharedir' ]))[0];
my ($library) = split /\n/, (run_command([ 'pg_config', '--pkglibdir' ]))[0];
my $copy = "$scratch/installation";
for my $folder ($bin, $share, $library) {
    make_path(dirname("$copy$folder"));
    system_or_bail('cp', '-a', $folder, dirname("$copy$folder"));
}
my $control = "$copy$share/extension/tokenmeter.control";
my ($version) = slurp_file($control) =~ /default_version *= *'(.*)'/;
append_to_file("$scratch/new.csv", "provider,model,meter,unit_quantity,unit_price,effective_from,source,source_date\n"
      . "openai,gpt-5,input,1000000,99,2025-04-01 00:00:00+00,https://example.com,2026-01-01\n");
append_to_file("$copy$share/extension/tokenmeter--$version--$version.1.sql",
    (run_command([ "$project/prices/to_sql", glob("$project/prices/*.csv"), "$scratch/new.csv" ]))[0]);
my $updated = PostgreSQL::Test::Cluster->new('updated', install_path => dirname("$copy$bin"));
$updated->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$updated->start;
$updated->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $dump, $updated->connstr('postgres') ],
    'restore elsewhere');
my $shipped = q{SELECT count(*) FROM tokenmeter.price WHERE origin = 'shipped'};
my $prices  = $updated->safe_psql('postgres', $shipped);
$updated->safe_psql('postgres', "ALTER EXTENSION tokenmeter UPDATE TO '$version.1'");
is($updated->safe_psql('postgres', $shipped), $prices + 1, 'an update of the extension adds a price');
is($updated->safe_psql('postgres', $state), $before, 'after it entries are explained as before');
$updated->stop;

# A standby prices by what it has replayed.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
my $session = $standby->background_psql('postgres');
my $cost    = q{SELECT (tokenmeter.price_call('me', 'm', 'standard', now(), NULL, '{"input": 1}')).cost};
is($session->query_safe($cost), '', 'no price yet');
$node->safe_psql('postgres', q{
INSERT INTO tokenmeter.price (provider, model, meter, unit_quantity, unit_price, effective_from) VALUES ('me', 'm', 'input', 1, 7, '2025-01-01')});
$node->wait_for_catchup($standby);
is($session->query_safe($cost), '7', 'a session on the standby knows it as soon as it is replayed');
$session->quit;
$standby->stop;

$node->stop;
done_testing();
