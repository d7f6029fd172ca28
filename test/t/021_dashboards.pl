# The dashboards: every query of docs/grafana-dashboard.json and of docs/dashboards.md runs as the role that the page makes,
# its macros replaced as the tools replace them, and finds what is there; costs add up to the ledger.
use strict;
use warnings;

use File::Basename qw(dirname);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $project   = dirname(__FILE__) . '/../..';
my $log       = "$project/test/data/chat_log.csv";
my $dashboard = JSON::PP->new->utf8->decode(slurp_file("$project/docs/grafana-dashboard.json"));
my $page      = slurp_file("$project/docs/dashboards.md");
my $zone      = 'Europe/Berlin';

# The page's SQL, by section.
my %blocks;
for my $section (split /^## /m, $page) {
    my ($title) = $section =~ /^(.*)/;
    push @{ $blocks{$title} }, $section =~ /^```sql\n(.*?)^```/gms;
}
is(join(' ', map { "$_ " . @{ $blocks{$_} } } sort grep { @{ $blocks{$_} } } keys %blocks), 'Connecting 3 Grafana 5 Metabase 5 Superset 3',
    'the page has the queries that are tested');

# The ledger: the log's 2,400 calls, folded, and the same once more up to now, not folded; a call without a price, one that
# is wrong, one in another currency.
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'autovacuum = off');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE metering');
open my $file, '<', $log or die "cannot read $log: $!";
chomp(my $columns = <$file>);
close $file;
$node->safe_psql('metering', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');
$node->safe_psql('metering', join "\n", @{ $blocks{Connecting} });
$node->safe_psql('metering', "\\copy llm.message_log ($columns) FROM '$log' CSV HEADER");
my $again = q{
INSERT INTO llm.message_log (request_id, source, occurred_at, tenant_id, team_id, project_id, user_id, provider, model,
  service_tier, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens, status, latency_ms, ttft_ms, tags)
SELECT 'again-' || request_id, source, occurred_at + (now() - last), tenant_id, team_id, project_id, user_id, provider,
  model, service_tier, coalesce(input_tokens, 10), cache_read_tokens, coalesce(output_tokens, 10), reasoning_tokens,
  status, latency_ms, latency_ms / 4, tags
FROM llm.message_log, (SELECT max(occurred_at) AS last FROM llm.message_log) l};
$node->safe_psql('metering', 'SELECT tokenmeter.maintain()');
$node->safe_psql('metering', $again);
$node->safe_psql('metering', q{
INSERT INTO llm.message_log (tenant_id, user_id, model, input_tokens) VALUES ('acme', 'ada', 'no-such-model', 7);
INSERT INTO tokenmeter.price (provider, model, meter, currency, unit_quantity, unit_price, effective_from, source)
VALUES ('some', 'some-model', 'input', 'EUR', 1000000, 1.20, '2020-01-01', 'a contract');
INSERT INTO llm.message_log (tenant_id, user_id, provider, model, input_tokens)
VALUES ('acme', 'ada', 'some', 'some-model', 100000), (NULL, 'nobody', 'openai', 'gpt-4o', 3);
INSERT INTO llm.inbox (source, model, input_tokens) VALUES ('proxy-b', 'gpt-4o', -1);
-- What costs a hundred times what it does at other days at this hour.
INSERT INTO llm.message_log (occurred_at, tenant_id, user_id, model, input_tokens)
SELECT date_trunc('hour', now()) - d * interval '1 day' - interval '1 hour', 'acme', 'bob', 'gpt-4o', CASE d WHEN 0 THEN 10000000 ELSE 100000 + d END
FROM generate_series(0, 28) d;
-- A provider that reports half as much again.
INSERT INTO llm.message_log (tenant_id, user_id, model, input_text, input_tokens, output_tokens)
SELECT 'acme', 'ada', 'gpt-4o', repeat('word ', 100), 150, 3 FROM generate_series(1, 30) i;
SELECT tokenmeter.raise_alerts();
});
# As autovacuum does soon.
$node->safe_psql('metering', 'ANALYZE');

# As the role of the page: the rows of a query, as lists, and its columns with their types.
sub query_as_tool {
    my ($sql, $name) = @_;
    $sql =~ s/;\s*\z//;
    my $user = [ '--username=dashboards' ];
    my (undef, $described, $errors) = $node->psql('metering', "$sql\n\\gdesc", extra_params => $user);
    is($errors, '', "$name: is a query");
    my (undef, $answer, $failure) = $node->psql('metering', "\\pset null NULL\n$sql", extra_params => $user);
    is($failure, '', "$name: runs");
    return ([ map { [ split /\|/, $_, -1 ] } split /\n/, $answer ], [ map { [ split /\|/ ] } split /\n/, $described ]);
}

sub quoted {
    return join ',', map { my $value = $_; $value =~ s/'/''/g; "'$value'" } @_;
}

# Grafana: variables first, then macros, as its data source replaces them.
my %seconds = (s => 1, m => 60, h => 3600, d => 86400);

sub grafana {
    my ($sql, $from, $to, %variables) = @_;
    $sql =~ s/\$__interval\b/30m/g;
    $sql =~ s/\$\{(\w+):sqlstring\}/join ',', @{ $variables{$1} \/\/ die "no variable $1" }/ge;
    my $replace = sub {
        my ($macro, @arguments) = @_;
        return "'$from'" if $macro eq 'timeFrom';
        return "'$to'" if $macro eq 'timeTo';
        return "$arguments[0] BETWEEN '$from' AND '$to'" if $macro eq 'timeFilter';
        if ($macro eq 'timeGroup') {
            my ($number, $unit) = $arguments[1] =~ /^'(\d+)([smhd])'$/ or die "no interval: $arguments[1]";
            my $length = $number * $seconds{$unit};
            return "floor(extract(epoch from $arguments[0])/$length)*$length";
        }
        die "no macro $macro";
    };
    $sql =~ s/\$__(\w+)\(([^)]*)\)/$replace->($1, split m{\s*,\s*}, $2)/ge;
    unlike($sql, qr/\$/, 'nothing is left to replace');
    return $sql;
}

# The dashboard as Grafana imports it.
is_deeply([ grep { !defined $dashboard->{$_} } qw(title uid schemaVersion panels templating time __inputs __requires) ], [], 'the dashboard has its parts');
cmp_ok($dashboard->{schemaVersion}, '>=', 36, 'in a schema of Grafana 10');
my @inputs = map { '${' . $_->{name} . '}' } @{ $dashboard->{__inputs} };
my @panels = @{ $dashboard->{panels} };
my %ids = map { $_->{id} => 1 } @panels;
is(scalar keys %ids, scalar @panels, 'panels have ids of their own');
my %taken;
for my $panel (@panels) {
    my $at = $panel->{gridPos};
    is(scalar(grep { !defined $at->{$_} || $at->{$_} !~ /^\d+$/ } qw(x y w h)), 0, "$panel->{title}: has a place");
    cmp_ok($at->{x} + $at->{w}, '<=', 24, "$panel->{title}: within the width");
    my @overlapped = grep { $taken{$_}++ } map { my $x = $_; map { "$x,$_" } $at->{y} .. $at->{y} + $at->{h} - 1 } $at->{x} .. $at->{x} + $at->{w} - 1;
    is("@overlapped", '', "$panel->{title}: on nobody else's");
}
my @variables = @{ $dashboard->{templating}{list} };
my %defined = map { $_->{name} => 1 } @variables;
my %used = map { $_ => 1 } JSON::PP->new->encode({ panels => \@panels }) =~ /\$\{?([a-z]\w*)/g;
is(join(' ', sort keys %used), join(' ', sort keys %defined), 'the variables that are used are those that are defined');
my %required = map { $_->{id} => 1 } @{ $dashboard->{__requires} };
is(join(' ', grep { !$required{$_} } map { $_->{type} } grep { $_->{type} ne 'row' } @panels), '', 'its panels are of types that it requires');
for my $element (@variables, grep { $_->{type} ne 'row' } @panels) {
    my $name = $element->{title} // $element->{name};
    is_deeply([ grep { $_->{uid} ne $inputs[0] || $_->{type} ne 'postgres' } $element->{datasource}, map { $_->{datasource} } @{ $element->{targets} || [] } ],
        [], "$name: asks the data source chosen at import");
}

my $days = sub { my ($from, $to) = @_; "(occurred_at AT TIME ZONE '$zone')::date BETWEEN ('$from'::timestamptz AT TIME ZONE '$zone')::date AND ('$to'::timestamptz AT TIME ZONE '$zone')::date" };
my $month = "date_trunc('month', occurred_at AT TIME ZONE '$zone') = date_trunc('month', now() AT TIME ZONE '$zone')";

# What the variables offer.
my %all = map { $_->{name} => [ $_->{allValue} ] } grep { $_->{includeAll} } @variables;
for my $variable (@variables) {
    my ($rows) = query_as_tool($variable->{query}, "variable $variable->{name}");
    cmp_ok(scalar @$rows, '>', 1, "$variable->{name}: has values");
    $all{ $variable->{name} } //= [ quoted($rows->[0][0]) ];
    is($rows->[0][0], 'USD', 'the currency of most calls is the first') if $variable->{name} eq 'currency';
}

# Every panel: of the log's days, with all; of the past days, of a tenant and two models; of two days, which go by hour.
my $now = $node->safe_psql('metering', q{SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')});
my $ago = sub { $node->safe_psql('metering', qq{SELECT to_char('$now'::timestamptz AT TIME ZONE 'UTC' - interval '$_[0]', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')}) };
my @asked = (
    { name => 'the log', from => '2025-05-25T21:30:00Z', to => '2025-07-04T10:00:00Z', %all },
    { name => '30 days', from => $ago->('30 days'), to => $now, %all },
    { name => 'a tenant', from => $ago->('30 days'), to => $now, %all, tenant => [ quoted('acme') ], model => [ quoted('gpt-4o', 'o3') ] },
    { name => 'no tenant', from => $ago->('30 days'), to => $now, %all, tenant => [ quoted('(none)') ] },
    { name => 'two days', from => $ago->('2 days'), to => $now, %all },
);
# What has happened just now is not in the log's days; what has no time of first tokens, not in its calls. A tenant has one model.
my %empty = (
    'the log'   => qr/^(?:Time to first token|Anomalies|Alerts|Problems)/,
    'a tenant'  => qr/^(?:Unpriced|Anomalies)$/,
    'no tenant' => qr/^(?:Anomalies|Latency|Time to first token|Forecast)/,
);
my %checks = (
    'Cost of this month, $currency'  => [ cost => $month ],
    'Calls'                          => [ calls => undef, 'count(*) FILTER (WHERE corrects IS NULL)' ],
    'Tokens'                         => [ tokens => undef, 'sum(coalesce(input_tokens, 0) + coalesce(cache_read_tokens, 0) + coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0))' ],
    'Unpriced calls'                 => [ unpriced_calls => undef, 'count(*) FILTER (WHERE NOT priced)' ],
    'Cost by model, $currency'       => [ 'cost' ],
    'Cost by tenant, $currency'      => [ 'cost' ],
    'Models, $currency'              => [ 'cost' ],
    'Top users, $currency'           => [ 'cost' ],
    'Calls by status'                => [ calls => undef, 'count(*) FILTER (WHERE corrects IS NULL)' ],
);
for my $asked (@asked) {
    for my $panel (grep { $_->{type} ne 'row' } @panels) {
        my $name = "$panel->{title}, $asked->{name}";
        is(scalar @{ $panel->{targets} }, 1, "$name: one query");
        my $target = $panel->{targets}[0];
        ok($target->{rawQuery} && $target->{format} eq ($panel->{type} eq 'timeseries' ? 'time_series' : 'table'), "$name: in the format that the panel takes");
        my ($rows, $columns) = query_as_tool(grafana($target->{rawSql}, $asked->{from}, $asked->{to}, %$asked), $name);
        my %place = map { $columns->[$_][0] => $_ } 0 .. $#$columns;
        if (!$empty{ $asked->{name} } || $panel->{title} !~ $empty{ $asked->{name} }) {
            cmp_ok(scalar @$rows, '>', 0, "$name: has rows");
        }
        for my $column (@$columns) {
            my ($label, $type) = @$column;
            is($type, 'timestamp with time zone', "$name: $label is a time") if $label =~ /^(?:time|last_\w+)$/;
            next unless $target->{format} eq 'time_series' && $label ne 'time';
            like($type, $label eq 'metric' ? qr/^text$/ : qr/^(?:numeric|bigint|double precision)$/, "$name: $label is of the type that its place asks for");
        }
        if ($target->{format} eq 'time_series') {
            ok(exists $place{time}, "$name: has times");
            my $times = join ' ', map { $_->[ $place{time} ] } @$rows;
            is($times, join(' ', sort split / (?=\d{4}-)/, $times), "$name: sorted by time");
            my %points;
            is(scalar(grep { $points{"$_->[$place{time}] " . (exists $place{metric} ? $_->[ $place{metric} ] : '')}++ } @$rows), 0, "$name: a point once");
        }
        for my $label (map { $_->{matcher}{options} } @{ $panel->{fieldConfig}{overrides} }) {
            ok(exists $place{$label}, "$name: has the column $label");
        }
        ok(exists $place{ $_->{displayName} }, "$name: has the column that it sorts by") for @{ $panel->{options}{sortBy} || [] };
        like($target->{rawSql}, qr/currency = /, "$name: of one currency") if $target->{rawSql} =~ /\bcost\b/;
        unlike($panel->{fieldConfig}{defaults}{unit}, qr/^currency/, "$name: no currency that is not asked for");

        if ($panel->{title} eq 'Latency') {
            my $within = $node->safe_psql('metering', 'SELECT count(*) FROM (VALUES ' . join(', ', map { "('$_->[$place{time}]'::timestamptz)" } @$rows)
                . ") t (at) WHERE at <> date_trunc('day', at, '$zone')") if @$rows;
            cmp_ok($within // 0, $asked->{name} eq 'two days' ? '>' : '==', 0, "$name: by hour in short ranges, else by day");
        }
        if ($panel->{title} eq 'Against the month before') {
            my $cost_of = sub { "sum(cost) FILTER (WHERE date_trunc('month', local) = date_trunc('month', now() AT TIME ZONE '$zone') - interval '$_[0] months')" };
            my $tenant = $asked->{tenant}[0] eq $all{tenant}[0] ? 'true' : "coalesce(tenant_id, '(none)') IN (@{ $asked->{tenant} })";
            my $model = $asked->{model}[0] eq $all{model}[0] ? 'true' : "model IN (@{ $asked->{model} })";
            is($rows->[0][ $place{change} ], $node->safe_psql('metering', "SELECT coalesce((@{[$cost_of->(0)]} / @{[$cost_of->(1)]} - 1)::text, 'NULL')
                FROM (SELECT *, occurred_at AT TIME ZONE '$zone' AS local FROM llm.usage) u
                WHERE currency = 'USD' AND $tenant AND $model AND extract(day FROM local) <= extract(day FROM now() AT TIME ZONE '$zone')"), "$name: as the ledger says");
        }

        my $check = $checks{ $panel->{title} } or next;
        my ($column, $range, $measure) = @$check;
        my $sum = join '+', map { $_->[ $place{$column} ] } grep { $_->[ $place{$column} ] ne 'NULL' } @$rows;
        $range //= $days->($asked->{from}, $asked->{to});
        my $scope = join ' AND ', 'true',
            ($asked->{tenant}[0] eq $all{tenant}[0] ? () : "coalesce(tenant_id, '(none)') IN (@{ $asked->{tenant} })"),
            ($asked->{model}[0] eq $all{model}[0] ? () : "model IN (@{ $asked->{model} })"),
            ($measure ? () : "currency = 'USD'");
        $measure //= 'coalesce(sum(cost), 0)';
        is($node->safe_psql('metering', "SELECT coalesce($sum, 0) = coalesce($measure, 0) FROM llm.usage WHERE $range AND $scope"), 't', "$name: adds up to the ledger")
            or diag($node->safe_psql('metering', "SELECT $sum, $measure FROM llm.usage WHERE $range AND $scope"));
    }
}
is(join(' ', grep { my $title = $_; !grep { $_->{title} eq $title } @panels } keys %checks), '', 'all sums were compared');

# Grafana's queries of the page.
for my $sql (@{ $blocks{Grafana} }) {
    my ($rows, $columns) = query_as_tool(grafana($sql, $ago->('30 days'), $now, tenant => [ quoted('acme', 'globex') ], zone => [ quoted('Asia/Kolkata') ]), "Grafana, " . ($sql =~ /^(.{1,60})/)[0]);
    cmp_ok(scalar @$rows, '>', 0, 'has rows');
    like($columns->[0][1], qr/^(?:timestamp with time zone|date|numeric)$/, 'the first column is a time') if $sql =~ /^SELECT .*(?:time|day)\b/;
}

# Metabase: a field filter becomes a condition on the view's column, a variable a value; [[ ]] stays if its variable has one.
my %fields = (day => "BETWEEN DATE '2025-06-01' AND DATE '2025-06-30'", tenant_id => "IN ('acme', 'globex')", model => "= 'gpt-4o'");
my %values = (team => "'research'::varchar", from_day => "'2025-06-01'::date", to_day => "'2025-07-01'::date", zone => "'Asia/Kolkata'::varchar", currency => "'USD'::varchar");

sub metabase {
    my ($sql, $with_optional) = @_;
    my ($view) = $sql =~ /FROM llm\.(\w+)/;
    $sql =~ s/\[\[(.*?)\]\]/$with_optional ? $1 : ''/ges;
    $sql =~ s/\{\{(\w+)\}\}/$fields{$1} ? qq{"llm"."$view"."$1" $fields{$1}} : $values{$1} \/\/ die "no variable $1"/ge;
    return $sql;
}
for my $sql (@{ $blocks{Metabase} }) {
    for my $with_optional (0, 1) {
        my ($rows) = query_as_tool(metabase($sql, $with_optional), "Metabase, " . ($sql =~ /^(.{1,60})/)[0]);
        cmp_ok(scalar @$rows, '>', 0, 'has rows');
    }
}
my ($rows) = query_as_tool(metabase($blocks{Metabase}[0], 0), 'Metabase: costs');
is( $node->safe_psql('metering', 'SELECT ' . join('+', map { $_->[3] } @$rows)),
    $node->safe_psql('metering', "SELECT sum(cost) FROM llm.usage WHERE " . $days->("2025-06-01 12:00 $zone", "2025-06-30 12:00 $zone")),
    'the costs of a month in Metabase are the ledger\'s');

# A month is compared with the one before it, and not with any other: May has nothing before it, August neither.
$node->safe_psql('metering', q{
INSERT INTO llm.message_log (occurred_at, tenant_id, model, input_tokens)
SELECT at, 'gaps', 'gpt-4o', tokens FROM (VALUES ('2024-05-20'::timestamptz, 1000000), ('2024-08-10', 2000000), ('2024-09-10', 3000000)) v (at, tokens)});
{
    local $fields{tenant_id} = "IN ('gaps')";
    my ($months) = query_as_tool(metabase($blocks{Metabase}[1], 1), 'Metabase: months');
    is(join(' ', map { "$_->[0] " . ($_->[3] eq 'NULL' ? '-' : 0 + $_->[3]) } @$months), '2024-05-01 - 2024-08-01 - 2024-09-01 0.5', 'months against the one before');
}

# What is priced late has its calls and tokens beside its cost.
$node->safe_psql('metering', q{
INSERT INTO llm.message_log (tenant_id, user_id, provider, model, input_tokens) VALUES ('late', 'eve', 'some', 'late-model', 1200), ('late', 'eve', 'some', 'late-model', 1200);
INSERT INTO tokenmeter.price (provider, model, meter, currency, unit_quantity, unit_price, effective_from, source)
VALUES ('some', 'late-model', 'input', 'USD', 1000, 1, '2020-01-01', 'a contract');
SELECT tokenmeter.price_pending()});
for my $panel (grep { $_->{title} =~ /^(?:Models|Top users), / } @panels) {
    my %asked = (%{ $asked[0] }, tenant => [ quoted('late') ]);
    my ($rows, $columns) = query_as_tool(grafana($panel->{targets}[0]{rawSql}, $asked{from}, $node->safe_psql('metering', 'SELECT now()'), %asked), "$panel->{title}, priced late");
    my %row = map { $columns->[$_][0] => $rows->[0][$_] } 0 .. $#$columns;
    is("@row{qw(calls tokens)} " . ($row{cost} + 0), '2 2400 2.4', "$panel->{title}: calls and tokens of what was priced late");
    is($row{cost_of_a_call} + 0, 1.2, 'and what one of them costs') if exists $row{cost_of_a_call};
}

my ($latencies) = query_as_tool(metabase($blocks{Metabase}[3], 0), 'Metabase: latencies');
my %p95 = map { $_->[0] => $_->[3] } @$latencies;
my $exact = $node->safe_psql('metering', "SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) FROM llm.usage WHERE model = 'gpt-4o' AND "
    . $days->("2025-06-01 12:00 $zone", "2025-06-30 12:00 $zone"));
cmp_ok(abs($p95{'gpt-4o'} / $exact - 1), '<=', 0.02, 'merged sketches give the percentile of a month of calls within 2 %');

# Superset: of Jinja, what the page uses; the query is the inner one of a chart's.
sub superset {
    my ($sql, %filters) = @_;
    $sql =~ s/\{% set range = get_time_filter\("day"[^%]*target_type="DATE"[^%]*%\}//;
    $sql =~ s/\{\{ range\.from_expr \}\}/TO_DATE('2025-06-01', 'YYYY-MM-DD')/g;
    $sql =~ s/\{\{ range\.to_expr \}\}/TO_DATE('2025-07-01', 'YYYY-MM-DD')/g;
    $sql =~ s/\{% if filter_values\('(\w+)'\) %\}(.*?)\{% endif %\}/$filters{$1} ? $2 : ''/ges;
    $sql =~ s/\{\{ filter_values\('(\w+)'\)\|where_in \}\}/"($filters{$1})"/ge;
    unlike($sql, qr/\{[{%]/, 'nothing is left to replace');
    return $sql;
}
for my $filters ({}, { tenant_id => "'acme', 'globex'", user_id => "'li.na'" }) {
    for my $sql (@{ $blocks{Superset} }) {
        my $inner = superset($sql, %$filters);
        $inner =~ s/ORDER BY \w+\s*\z//;
        my ($rows) = query_as_tool("SELECT * FROM ($inner) AS virtual_table LIMIT 1000", "Superset, " . ($sql =~ /^(SELECT .{1,60})/m)[0]);
        cmp_ok(scalar @$rows, '>', 0, 'has rows');
    }
}
($rows) = query_as_tool('SELECT currency, sum(cost) FROM (' . superset($blocks{Superset}[0]) . ') AS virtual_table GROUP BY currency', 'Superset: costs');
is($rows->[0][1], $node->safe_psql('metering', "SELECT sum(cost) FROM llm.usage WHERE " . $days->("2025-06-01 12:00 $zone", "2025-06-30 12:00 $zone")),
    'and in Superset, too');

# The role can do no more than read.
for my $forbidden ('SELECT * FROM llm.usage', 'SELECT * FROM llm.request', "INSERT INTO llm.message_log (model) VALUES ('gpt-4o')") {
    my (undef, undef, $errors) = $node->psql('metering', "SET default_transaction_read_only = off; $forbidden", extra_params => [ '--username=dashboards' ]);
    like($errors, qr/permission denied/, "refused: $forbidden");
}

$node->stop;
done_testing();
