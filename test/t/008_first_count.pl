# How long a new connection waits for its first count, in every encoding, with the library preloaded and not.
# The figures are notes (prove --verbose); the bounds are wide, for slow machines.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $connections = 11;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter');
my @encodings = split /\n/, $node->safe_psql('postgres', 'SELECT unnest(tokenmeter.encodings())');

sub median { return (sort { $a <=> $b } @_)[ @_ / 2 ]; }

# Medians over new connections of the times in ms of their first two counts.
sub first_and_second {
    my ($encoding) = @_;
    my (@first, @second);
    for (1 .. $connections) {
        # The catalog look-ups of a first statement of any kind are not ours.
        my $output = $node->safe_psql('postgres', qq{
SELECT upper('some text') FROM pg_am LIMIT 1;
\\timing on
SELECT token_count('$encoding', 'Hello, world!');
SELECT token_count('$encoding', 'Hello, world!');
});
        my @times = $output =~ /^Time: ([0-9.]+) ms/mg;
        push @first, $times[0];
        push @second, $times[1];
    }
    return (median(@first), median(@second));
}

for my $preload ('', 'tokenmeter') {
    $node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
    $node->restart;
    my $how = $preload eq '' ? 'not preloaded' : 'preloaded';
    for my $encoding (@encodings) {
        my ($first, $second) = first_and_second($encoding);
        note("$encoding, $how: first count $first ms, second $second ms");
        cmp_ok($first, '<', 50, "$encoding, $how: the first count is soon there");
    }
}

$node->stop;
done_testing();
