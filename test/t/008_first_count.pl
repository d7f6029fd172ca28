# How long a new connection waits for its first count, in every encoding, with the library preloaded and not.
# The figures are notes (prove --verbose); the bounds are wide, for slow machines.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../perl";
use FirstCount qw(first_and_second_count);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter');
my @encodings = split /\n/, $node->safe_psql('postgres', 'SELECT unnest(tokenmeter.encodings())');

for my $preload ('', 'tokenmeter') {
    $node->append_conf('postgresql.conf', "shared_preload_libraries = '$preload'");
    $node->restart;
    my $how = $preload eq '' ? 'not preloaded' : 'preloaded';
    for my $encoding (@encodings) {
        my ($first, $second) = first_and_second_count($node, $encoding, q{SELECT upper('some text') FROM pg_am LIMIT 1});
        note("$encoding, $how: first count $first ms, second $second ms");
        cmp_ok($first, '<', 50, "$encoding, $how: the first count is soon there");
    }
}

$node->stop;
done_testing();
