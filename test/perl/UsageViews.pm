# Compares the views on usage with the ledger.
package UsageViews;
use strict;
use warnings;

use Exporter 'import';
our @EXPORT_OK = qw(differences_query);

# What the ledger calls the period of each view.
my %period = (
    usage_15min    => q{date_bin('15 minutes', u.occurred_at, '2000-01-01 00:00+00')},
    usage_hourly   => q{date_trunc('hour', u.occurred_at, '%1$s')},
    usage_daily    => q{(u.occurred_at AT TIME ZONE '%1$s')::date},
    usage_weekly   => q{date_trunc('week', u.occurred_at AT TIME ZONE '%1$s')::date},
    usage_monthly  => q{date_trunc('month', u.occurred_at AT TIME ZONE '%1$s')::date},
    tenant_daily   => q{(u.occurred_at AT TIME ZONE '%1$s')::date},
    tenant_monthly => q{date_trunc('month', u.occurred_at AT TIME ZONE '%1$s')::date},
    model_daily    => q{(u.occurred_at AT TIME ZONE '%1$s')::date},
    model_monthly  => q{date_trunc('month', u.occurred_at AT TIME ZONE '%1$s')::date},
);

# One statement, and so one snapshot: the views whose rows differ from the ledger's, and in how many. The session's
# tokenmeter.time_zone is $zone.
sub differences_query {
    my ($zone, @views) = @_;
    @views = sort keys %period unless @views;
    my $tokens = 'input_tokens cache_read_tokens cache_write_tokens cache_write_1h_tokens output_tokens reasoning_tokens';
    my @parts;
    for my $view (@views) {
        my $column = $view =~ /15min/ ? 'bucket_start' : $view =~ /hourly/ ? 'hour' : $view =~ /daily/ ? 'day' : $view =~ /weekly/ ? 'week' : 'month';
        my @keys = ($column, $view =~ /^usage/ ? qw(tenant_id user_id) : $view =~ /^tenant/ ? 'tenant_id' : (), qw(provider model status currency));
        my $keys = join ', ', @keys;
        my $sums = join ', ', map { "sum($_)" } split / /, "$tokens cost";
        my $expression = $period{$view} =~ s{%1\$s}{$zone}r;
        my $rows = join ', ', map { $_ eq $column ? "$expression AS $column" : $_ } @keys;
        # An entry that prices a call late takes it off the unpriced ones, which have no currency.
        my $ledger = qq{SELECT $keys, sum(entry), sum(call), sum(unpriced), $sums FROM (
            SELECT $rows, 1 AS entry, (corrects IS NULL)::int AS call, (NOT priced)::int AS unpriced, @{[join ', ', split / /, "$tokens cost"]}
            FROM llm.usage u
            UNION ALL SELECT @{[ $rows =~ s/, currency$/, NULL/r ]}, 0, 0, -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            FROM llm.usage u WHERE correction = 'priced_late' AND revision = 1) entry GROUP BY $keys};
        my $view_rows = "SELECT $keys, sum(entries), sum(calls), sum(unpriced_calls), $sums FROM llm.$view GROUP BY $keys";
        push @parts, "SELECT '$view', count(*) FROM (($ledger EXCEPT ALL $view_rows) UNION ALL ($view_rows EXCEPT ALL $ledger)) d";
    }
    return 'SELECT * FROM (' . join(' UNION ALL ', @parts) . ') views (name, differences) WHERE differences > 0';
}

1;
