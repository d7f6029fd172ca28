# Texts of 500 MB, in memory and stored: a time-out stops their count soon; stored ones are counted in little
# memory; damaged ones are an error.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf',
    "fsync = off\nautovacuum = off\nmax_wal_size = 4GB\nshared_buffers = 16MB\nignore_checksum_failure = on\n");
$node->start;
$node->safe_psql('postgres', q{
CREATE EXTENSION tokenmeter;
CREATE TABLE long_text (name text, content text);
ALTER TABLE long_text ALTER content SET STORAGE EXTERNAL;
INSERT INTO long_text VALUES ('out of line', repeat('word ', 100000000));
ALTER TABLE long_text ALTER content SET STORAGE EXTENDED, ALTER content SET COMPRESSION pglz;
INSERT INTO long_text VALUES ('pglz', repeat('word ', 100000000)), ('pglz, one piece', repeat('a', 500000000))});
if ($node->safe_psql('postgres', q{SELECT 'lz4' = ANY (enumvals) FROM pg_settings WHERE name = 'default_toast_compression'}) eq 't') {
    $node->safe_psql('postgres', q{
ALTER TABLE long_text ALTER content SET COMPRESSION lz4;
INSERT INTO long_text VALUES ('lz4', repeat('word ', 100000000)), ('lz4, one piece', repeat('a', 500000000))});
}
my @names = split /\n/, $node->safe_psql('postgres', 'SELECT name FROM long_text ORDER BY name');

# The time in ms after which the last statement of a script ends by statement_timeout.
sub time_to_stop {
    my ($script) = @_;
    my ($status, $output, $errors) = $node->psql('postgres', "\\timing on\n$script", on_error_stop => 0);
    like($errors, qr/canceling statement due to statement timeout/, 'is stopped');
    return ($output =~ /^Time: ([0-9.]+) ms/mg)[-1];
}

# A statement with a time-out of 50 ms ends within 100 ms more. What else the machine does may delay it now and then.
sub stops_in_time {
    my ($name, $script) = @_;
    my $time;
    for my $try (1 .. 10) {
        $time = time_to_stop($script);
        last if $time < 150;
        note("$name: after $time ms");
    }
    cmp_ok($time, '<', 150, "$name: after $time ms");
}

# Made when the query runs: what the planner can make would be copied with the plan.
my %in_memory = (
    "words in memory" => "repeat('word ', 100000000 + length(random()::text) * 0)",
    "one piece in memory" => "repeat('a', 500000000 + length(random()::text) * 0)");
for my $name (sort keys %in_memory) {
    # The text is made for the first row, and is at hand when the second is fetched.
    stops_in_time($name, qq{
BEGIN;
DECLARE counts CURSOR FOR
  SELECT CASE i WHEN 1 THEN octet_length(content) ELSE token_count('gpt-4o', content) END
  FROM (SELECT $in_memory{$name} AS content OFFSET 0) AS made, generate_series(1, least(octet_length(content), 2)) AS i;
FETCH counts;
SET statement_timeout = '50ms';
FETCH counts;
});
}
for my $name (@names) {
    stops_in_time($name, qq{
SELECT token_count('gpt-4o', 'The library is loaded.');
SET statement_timeout = '50ms';
SELECT token_count('gpt-4o', content) FROM long_text WHERE name = '$name';
});
}

# Peak memory. 16 MB of it are shared buffers, some 10 MB pages of the library.
SKIP: {
    skip 'needs /proc', 1 unless -r '/proc/self/status';
    for my $name (grep { !/one piece/ } @names) {
        my $output = $node->safe_psql('postgres', qq{
\\timing on
SELECT token_count('gpt-4o', content) FROM long_text WHERE name = '$name';
\\timing off
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
\\! grep VmHWM /proc/\$BACKEND/status
});
        my ($count, $time) = $output =~ /^(\d+)\nTime: ([0-9.]+) ms/;
        my ($peak) = $output =~ /VmHWM:\s+(\d+) kB/;
        is($count, 100000001, "$name: is counted, in $time ms");
        cmp_ok($peak, '<', 64 * 1024, "$name: at a peak of $peak kB");
    }
}

# Damage: zeros in the midst of a page are literal bytes of 0, and repetitions from nowhere.
$node->safe_psql('postgres', q{
CREATE TABLE damaged (content text);
ALTER TABLE damaged ALTER content SET COMPRESSION pglz;
INSERT INTO damaged SELECT string_agg('This is line ' || i, ' of the text. ') FROM generate_series(1, 200000) i});
my $path = $node->data_dir . '/' . $node->safe_psql('postgres',
    q{SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE relname = 'damaged'});
$node->stop;
open my $file, '+<', $path or die "cannot open $path: $!";
binmode $file;
seek $file, 5 * 8192 + 7000, 0;
print $file "\0" x 500;
close $file or die "cannot write $path: $!";
$node->start;
my (undef, undef, $errors) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT token_count('gpt-4o', content) FROM damaged");
like($errors, qr/XX001.*compressed text is corrupt/s, 'a damaged text is an error');
is($node->safe_psql('postgres', q{SELECT token_count('gpt-4o', 'still here')}), '2', 'and the server goes on');

$node->stop;
done_testing();
