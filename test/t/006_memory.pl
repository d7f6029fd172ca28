# What counting costs a backend in memory of its own: a bounded amount, whatever is counted in how many
# encodings.
use strict;
use warnings;

use Encode qw(decode encode);
use File::Basename qw(basename dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'needs smaps of Linux' unless -r '/proc/self/smaps';

my $corpus = dirname(__FILE__) . '/../data/corpus';
my $folder = $PostgreSQL::Test::Utils::tmp_check;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "jit = off\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter');

# The corpus twice, as rows of up to 1,500 and 900 characters.
sub write_rows {
    my ($path) = @_;
    my %escape = ("\\" => "\\\\", "\n" => '\n', "\r" => '\r', "\t" => '\t');
    open my $rows, '>', $path or die "cannot write $path: $!";
    for my $file (sort glob "$corpus/*.txt") {
        my $text = decode('UTF-8', slurp_file($file));
        for my $length (1500, 900) {
            for my $row ($text =~ /(.{1,$length})/sg) {
                $row =~ s/([\\\n\r\t])/$escape{$1}/g;
                print $rows encode('UTF-8', $row), "\n";
            }
        }
    }
    close $rows or die "cannot write $path: $!";
}
write_rows("$folder/rows");
$node->safe_psql('postgres', "CREATE TABLE document (content text); \\copy document FROM '$folder/rows'");
my $bytes = $node->safe_psql('postgres', 'SELECT sum(octet_length(content)) FROM document');
cmp_ok($bytes, '>', 20_000_000, "there are 20 MB: $bytes bytes");

# kB of pages that the process has written and shares with nobody. Shared memory is not its own, though its
# pages look so while no other process has touched them.
sub private_dirty {
    my ($smaps) = @_;
    my ($total, $own) = (0, 0);
    for (split /\n/, slurp_file($smaps)) {
        $own = substr($1, 3, 1) eq 'p' if /^[0-9a-f]+-[0-9a-f]+ (\S+)/;
        $total += $1 if $own && /^Private_Dirty: +(\d+) kB/;
    }
    return $total;
}

# Runs queries in one new session; returns its private memory after each.
sub memory_after {
    my (@queries) = @_;
    my $script = "SELECT pg_backend_pid() AS pid \\gset\n\\setenv BACKEND :pid\n";
    $script .= "$queries[$_];\n\\! cat /proc/\$BACKEND/smaps > '$folder/smaps.$_'\n" for 0 .. $#queries;
    $node->safe_psql('postgres', $script);
    return map { private_dirty("$folder/smaps.$_") } 0 .. $#queries;
}

# Pages of a library that was just installed count as dirty until they are on disk.
chomp(my $library_folder = `pg_config --pkglibdir`);
system_or_bail('sync', "$library_folder/tokenmeter.so");

# What the server itself needs to read the table is not ours.
my $read    = 'SELECT sum(length(content)), max(md5(content)) FROM document';
my @names   = split /\n/, $node->safe_psql('postgres', 'SELECT unnest(tokenmeter.encodings())');
my @counts  = map { "SELECT sum(token_count('$_', content)) FROM document" } @names;
my @memory  = memory_after($read, $read, @counts, @counts);
my @ours    = map { $_ - $memory[1] } @memory[2 .. $#memory];
note("private memory before: $memory[1] kB");
note("after 20 MB in $names[$_]: $ours[$_] kB more; again: $ours[$_ + @names] kB more") for 0 .. $#names;
cmp_ok($ours[$#names], '<=', 1536, "20 MB in all encodings: $ours[$#names] kB of private memory");
cmp_ok($ours[-1], '<=', 1536, "and no more of them later: $ours[-1] kB");

# A long text: the rows of all languages as one, stored out of line and compressed.
$node->safe_psql('postgres', q{
CREATE TABLE long_text (content text);
INSERT INTO long_text SELECT string_agg(content, '') FROM document});
for my $query ("SELECT token_count('gpt-4o', content) FROM long_text", "SELECT length(content) FROM long_text") {
    my @peak = $node->safe_psql('postgres', qq{
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
$query;
\\! grep VmHWM /proc/\$BACKEND/status
}) =~ /VmHWM:\s+(\d+) kB/;
    note("peak of $query: $peak[0] kB, shared pages included");
}
is( $node->safe_psql('postgres', "SELECT token_count('gpt-4o', content) = token_count('gpt-4o', content || '') FROM long_text"),
    't', 'and its count is right');

$node->stop;
done_testing();
