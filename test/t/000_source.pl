# What must be true of the sources themselves.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use PostgreSQL::Test::Utils;
use Test::More;

my $project = dirname(__FILE__) . '/../..';

# The build takes vendored files only as they are in the manifest.
command_ok(["$project/vocab/verify"], 'vendored files are those of the manifest');
my $folder = tempdir(CLEANUP => 1);
system_or_bail('cp', '-R', "$project/vocab", $folder);
for my $name (qw(o200k_base.tiktoken unicode-16.0.0.tsv)) {
    append_to_file("$folder/vocab/$name", ' ');
    command_fails_like(["$folder/vocab/verify"], qr/\Q$name\E: FAILED|1 computed checksum/, "a changed $name is refused");
    system_or_bail('cp', "$project/vocab/$name", "$folder/vocab/$name");
}

# Rooms: the engine knows no PostgreSQL, the glue holds no C++ object.
sub lines_matching {
    my ($pattern, @files) = @_;
    return join '', map { my $file = $_; map { "$file: $_" } grep { /$pattern/ } split /^/, slurp_file($file) } @files;
}
is(lines_matching(qr{^\s*#\s*include\s*[<"](?:postgres|fmgr|utils/|catalog/|server/)}, glob "$project/src/engine/*/*.{h,hpp,cpp}"),
    '', 'the engine includes no PostgreSQL header');
is(join(' ', glob "$project/src/pg/*.{cpp,cc,hpp}"), '', 'src/pg is C');

my ($reference) = run_command(["$project/scripts/make-reference"]);
is("$reference\n", slurp_file("$project/docs/reference.md"), 'docs/reference.md is what scripts/make-reference writes');

command_ok([ 'python3', "$project/prices/check" ], 'the price book is in order');

done_testing();
