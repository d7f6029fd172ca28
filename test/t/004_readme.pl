# The README's SQL, run in order in an empty database, answers what the README says it does.
use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;

my $readme = slurp_file(dirname(__FILE__) . '/../../README.md');
while ($readme =~ /^```sql\n(.*?)^```/gms) {
    my $block = $1;
    # The answer stands in a comment behind the statement, its columns separated by commas.
    while ($block =~ /\s*(.*?;)(?:[ ]*--[ ]*(.*?))?\n/gs) {
        my ($statement, $expected) = ($1, $2);
        $expected =~ s/, /|/g if defined $expected;
        my ($status, $answer, $errors) = $node->psql('postgres', $statement);
        is($errors, '', "runs: $statement");
        is($answer, $expected, 'and answers as said') if defined $expected;
    }
}

$node->stop;
done_testing();
