# How long new connections wait for their first count.
package FirstCount;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(first_and_second_count);

my $connections = 11;

sub median { return (sort { $a <=> $b } @_)[ @_ / 2 ]; }

# Medians over new connections of the times in ms of the first two counts behind `before`, a query whose own first
# look-ups are not to be counted.
sub first_and_second_count {
    my ($node, $encoding, $before) = @_;
    my (@first, @second);
    for (1 .. $connections) {
        my $output = $node->safe_psql('postgres', qq{
$before;
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

1;
