# What a user can type: huge texts, cancelled queries, databases in other encodings, a C++ exception. Each
# ends in the documented answer or a clear error, and the server never restarts.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# The error that a query ends with: SQLSTATE and message, and all the rest.
sub error_of {
    my ($query, $database) = @_;
    my ($status, undef, $errors) = $node->psql($database // 'postgres', "\\set VERBOSITY verbose\n$query");
    isnt($status, 0, "fails: $query");
    return $errors;
}

# 300 MB.
is($node->safe_psql('postgres', q{SELECT token_count('gpt-4o', repeat('word ', 60000000))}),
    '60000001', 'a text of 300 MB is counted');
is($node->safe_psql('postgres', q{SELECT token_count('gpt-4o', repeat('a', 20000000))}),
    '2500000', 'a piece of 20 MB is counted');
is( $node->safe_psql('postgres',
        q{INSERT INTO llm.message_log (model, input_text, request_id) VALUES ('gpt-4o', repeat('word ', 60000000), 'big') RETURNING input_tokens}),
    '60000001', 'a call of 300 MB is posted');
like(error_of(q{SELECT token_encode('gpt-4o', repeat(' !', 300000000))}),
    qr/54000.*too many tokens for an array.*HINT/s, 'more tokens than an array holds');

# Cancel: a time-out ends every kind of text soon.
for my $text ("repeat('word ', 60000000)", "repeat('a', 100000000)", "repeat(' ', 100000000)", "repeat('1', 100000000)") {
    my $from = time;
    like(error_of(qq{SET statement_timeout = '300ms'; SELECT token_count('gpt-4o', $text)}),
        qr/57014/, 'is cancelled');
    cmp_ok(time - $from, '<', 1.5, 'soon, making the text included');
}

# Interrupts that do not end the query, more often than a piece takes to count.
is( $node->safe_psql('postgres', q{
SET client_connection_check_interval = '100ms';
SET statement_timeout = '100s';
SELECT token_count('gpt-4o', repeat('a', 10000000))}),
    '1250000', 'a long piece is counted in spite of other interrupts');

# A database that is not UTF-8.
$node->safe_psql('postgres', q{CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('latin1', 'CREATE EXTENSION tokenmeter; SELECT tokenmeter.create_ledger()');
is( $node->safe_psql('latin1', q{SELECT token_encode('gpt-4o', U&'caf\00e9 na\00efve'), token_decode('gpt-4o', token_encode('gpt-4o', U&'caf\00e9')) = U&'caf\00e9'}),
    $node->safe_psql('postgres', q{SELECT token_encode('gpt-4o', U&'caf\00e9 na\00efve'), true}),
    'LATIN1: the same tokens as in UTF-8');
is( $node->safe_psql('latin1', q{INSERT INTO llm.message_log (model, messages) VALUES ('gpt-4o', '[{"role": "user", "content": "caf\u00e9"}]') RETURNING counted_input_tokens}),
    $node->safe_psql('postgres', q{INSERT INTO llm.message_log (model, messages) VALUES ('gpt-4o', '[{"role": "user", "content": "caf\u00e9"}]') RETURNING counted_input_tokens}),
    'LATIN1: the same for messages');
like(error_of(q{SELECT token_decode('gpt-4o', '{17428}')}, 'latin1'),
    qr/22P05/, 'LATIN1: tokens of characters it has not');
# Names that are not ASCII.
is( $node->safe_psql('latin1', q{
SELECT tokenmeter.load_encoding(U&'\00e9t\00e9', string_agg(encode(set_byte('\x00', 0, b), 'base64') || ' ' || b, E'\n' ORDER BY b)::bytea,
  pattern => '.') FROM generate_series(0, 255) AS b;
SELECT tokenmeter.add_model(U&'mod\00e8le*', U&'\00e9t\00e9');
SELECT token_count(U&'\00e9t\00e9', U&'\00e9'), token_count(U&'mod\00e8le-1', 'x'), U&'\00e9t\00e9' = ANY (tokenmeter.encodings()),
  token_encoding(U&'mod\00e8le') = U&'\00e9t\00e9'}),
    "\n\n2|1|t|t", 'LATIN1: names of encodings and models');
like(error_of(q{SELECT token_decode(U&'\00e9t\00e9', '{256}')}, 'latin1'), qr/\xe9t\xe9/, 'LATIN1: a name in a message');
$node->safe_psql('postgres', q{CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0});
$node->safe_psql('ascii', 'CREATE EXTENSION tokenmeter');
is($node->safe_psql('ascii', q{SELECT token_count('gpt-4o', 'plain')}), '1', 'SQL_ASCII: plain text');
is($node->safe_psql('ascii', q{SELECT token_decode_bytes('gpt-4o', token_encode('gpt-4o', E'caf\xc3\xa9'))}),
    '\x636166c3a9', 'SQL_ASCII: bytes that are UTF-8');
like(error_of(q{SELECT token_count('gpt-4o', E'caf\xe9')}, 'ascii'),
    qr/22021.*invalid byte sequence for encoding "UTF8"/s, 'SQL_ASCII: bytes that are not');

# Model names of any length.
like(error_of(q{SELECT token_count(repeat('x', 10000000), 'x')}), qr/42704/, 'a name of 10 MB');
like(error_of(q{SELECT token_count('nope', 'x')}), qr/42704.*HINT/s, 'an unknown model');

# A C++ exception behind the door.
like( error_of(q{
        CREATE FUNCTION pg_temp.fail_for_test() RETURNS void LANGUAGE C AS 'tokenmeter', 'tokenmeter_fail_for_test';
        SELECT pg_temp.fail_for_test()}),
    qr/XX000.*thrown for a test/s, 'a C++ exception is an ordinary error');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server is the one we started');
unlike(slurp_file($node->logfile), qr/terminated by signal|reinitializing|PANIC/, 'and no backend crashed');

$node->stop;
done_testing();
