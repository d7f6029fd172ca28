# Loaded encodings: the files of their images, a standby, dump and restore, and what a new connection waits for.
use strict;
use warnings;

use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../perl";
use FirstCount qw(first_and_second_count);
use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $ranks = abs_path("$FindBin::RealBin/../../vocab/r50k_base.tiktoken");
my $pattern = q{'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+};
my $text = q{'It''s 日本語, naïve — 12,345 tokens   '};
my $load = "SELECT tokenmeter.load_encoding('loaded', pg_read_binary_file('$ranks'), pattern => \$p\$$pattern\$p\$)";
my $same = "SELECT token_encode('loaded', $text) = token_encode('r50k_base', $text)";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ], allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter');
$node->safe_psql('postgres', $load);
is($node->safe_psql('postgres', $same), 't', 'a loaded encoding counts as the one that is linked in');

sub image_files {
    my ($server) = @_;
    my @files = glob($server->data_dir . '/tokenmeter/*');
    return @files;
}

my ($image) = image_files($node);
is(scalar(image_files($node)), 1, 'one file holds its image');

# It is made again where it is not there, or not whole.
unlink $image or die "cannot unlink $image: $!";
is($node->safe_psql('postgres', $same), 't', 'a missing image is made again');
ok(-s $image, 'in its file');
for my $damage (
    [ 'truncated', sub { truncate $image, 100000 } ],
    [ 'empty', sub { truncate $image, 0 } ],
    [ 'changed', sub {
        open my $file, '+<', $image or die "cannot open $image: $!";
        binmode $file;
        seek $file, 500000, 0;
        print $file 'damage';
        close $file;
    } ]) {
    my ($how, $damage_it) = @$damage;
    $damage_it->();
    is($node->safe_psql('postgres', $same), 't', "an image that is $how is made again");
}

# Sessions that count for the first time together each find or make a whole image.
unlink $image or die "cannot unlink $image: $!";
my @outputs = map { my $output = ''; \$output } 1 .. 8;
my @sessions = map {
    start([ 'psql', '--no-psqlrc', '--tuples-only', '--no-align', '--command', $same, '--dbname', $node->connstr('postgres') ],
        '>', $_)
} @outputs;
$_->finish for @sessions;
is(join('', map { $$_ } @outputs), "t\n" x 8, 'eight sessions at once');
is(join(' ', image_files($node)), $image, 'leave one file, and none that is unfinished');

# Files that nobody needs go when an image is made: those of backends that are no more, images of earlier versions, and
# what no session has opened for a month. All others stay.
sub touch {
    my ($file, $days) = @_;
    open my $handle, '>', $file or die "cannot make $file: $!";
    close $handle;
    my $then = time - $days * 24 * 60 * 60;
    utime $then, $then, $file;
    return $file;
}

my $writer = $node->background_psql('postgres');
my $writer_pid = $writer->query_safe('SELECT pg_backend_pid()');
my ($stem, $version) = $image =~ /^(.*)\.(\d+)$/;
(my $other = $stem) =~ s/.{8}$/00000000/;
my @needless = map { touch(@$_) } [ "$image.tmp.999999999", 0 ], [ $stem . '.1', 0 ], [ "$other.$version", 31 ];
my @kept = map { touch(@$_) } [ "$image.tmp.$writer_pid", 99 ], [ "$stem.999999", 0 ], [ "$other.$version.old", 99 ],
    [ $node->data_dir . '/tokenmeter/notes', 99 ];
unlink $image;
is($node->safe_psql('postgres', $same), 't', 'an image is made');
is(join(' ', grep { -e } @needless), '', 'and what nobody needs is removed');
is(join(' ', grep { -e } @kept), "@kept", 'but nothing else');
$writer->quit;
unlink @kept;
utime 0, 0, $image;
is($node->safe_psql('postgres', $same), 't', 'an old image is opened');
cmp_ok((stat $image)[9], '>', time - 3600, 'and is young again');

# Compiling ends with the statement.
my $large = abs_path("$FindBin::RealBin/../../vocab/o200k_base.tiktoken");
my $before = time;
my (undef, undef, $errors) = $node->psql('postgres',
    "SET statement_timeout = '100ms'; SELECT tokenmeter.load_encoding('large', pg_read_binary_file('$large'), pattern => '.')");
my $seconds = time - $before;
like($errors, qr/canceling statement due to statement timeout/, 'loading is cancelled');
note("$seconds s after the start of psql");
cmp_ok($seconds, '<', 1, 'soon');
is(join(' ', image_files($node)), $image, 'and leaves nothing');

# Sessions hear of changes that are made as a replica makes them.
my $listener = $node->background_psql('postgres');
is($listener->query_safe(q{SELECT token_encoding('replicated') IS NULL}), 't', 'a model is not known');
$node->safe_psql('postgres', q{
SET session_replication_role = replica;
INSERT INTO tokenmeter.model (pattern, encoding) VALUES ('replicated', 'loaded')});
is($listener->query_safe(q{SELECT token_encoding('replicated')}), 'loaded', 'until a replica has it');
$node->safe_psql('postgres', q{
SET session_replication_role = replica;
UPDATE tokenmeter.encoding SET name = 'renamed'});
is($listener->query_safe(q{SELECT 'renamed' = ANY (tokenmeter.encodings())}), 't', 'encodings, too');
$listener->quit;
$node->safe_psql('postgres', q{UPDATE tokenmeter.encoding SET name = 'loaded'; DELETE FROM tokenmeter.model WHERE pattern = 'replicated'});

# What a new connection waits for, besides what its first statement of any kind waits for.
my ($first, $second) = first_and_second_count($node, 'loaded', q{SELECT token_count('r50k_base', 'Hello, world!')});
cmp_ok($first, '<', 50, "the first count of a connection takes $first ms, the second $second ms");

# A session goes on with an encoding that was dropped and loaded again as something else.
my $session = $node->background_psql('postgres');
is($session->query_safe("SELECT token_count('loaded', 'Hello')"), '1', 'a session has opened it');
$node->safe_psql('postgres', "SELECT tokenmeter.drop_encoding('loaded')");
like(($node->psql('postgres', "SELECT token_count('loaded', 'x')"))[2], qr/is not known/, 'it is dropped');
is(scalar(image_files($node)), 0, 'and its file');
$node->safe_psql('postgres', q{
SELECT tokenmeter.load_encoding('loaded', string_agg(encode(set_byte('\x00', 0, b), 'base64') || ' ' || b, E'\n' ORDER BY b)::bytea,
  pattern => '.|\n') FROM generate_series(0, 255) AS b});
is($session->query_safe("SELECT token_count('loaded', 'Hello')"), '5', 'the session counts by the new one');
$session->quit;
$node->safe_psql('postgres', "SELECT tokenmeter.drop_encoding('loaded')");
$node->safe_psql('postgres', $load);

# A standby serves it, and compiles it for itself.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
unlink $_ for image_files($standby);
$standby->start;
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $same), 't', 'a standby serves it');
is(scalar(image_files($standby)), 1, 'from a file of its own');
$node->safe_psql('postgres', "SELECT tokenmeter.drop_encoding('loaded')");
$node->wait_for_catchup($standby);
like(($standby->psql('postgres', "SELECT token_count('loaded', 'x')"))[2], qr/is not known/, 'until it is dropped');
$standby->stop;

# Dumps carry it.
$node->safe_psql('postgres', $load);
$node->safe_psql('postgres', q{SELECT tokenmeter.add_model('my-gpt*', 'loaded')});
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'pg_dump');
unlink $_ for image_files($node);
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $dump, $node->connstr('restored') ],
    'restore, without an error');
is($node->safe_psql('restored', $same), 't', 'a restored database has it');
is($node->safe_psql('restored', "SELECT token_encoding('my-gpt-2')"), 'loaded', 'and its models');

# Another extension of the same name has nothing of the old one.
is( $node->safe_psql('restored', q{
SELECT token_count('loaded', 'x');
DROP EXTENSION tokenmeter;
CREATE EXTENSION tokenmeter;
SELECT 'loaded' = ANY (tokenmeter.encodings())}), "1\nf", 'in one session, too');

$node->stop;
done_testing();
