# The month's report in a headless Chromium: nothing is fetched, run or complained of; whoever does not see it is told the same;
# light, dark and on paper it can be read. Runs where Chromium is installed; PG_TEST_EXTRA says browser where it must be.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../perl';

use Browser;
use Encode qw(decode encode);
use File::Temp qw(tempdir);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'there is no Chromium' unless Browser::program() || ($ENV{PG_TEST_EXTRA} // '') =~ /\bbrowser\b/;

my $server = PostgreSQL::Test::Cluster->new('main');
$server->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$server->start;
my $log = abs_path(dirname(__FILE__) . '/../data/chat_log.csv');
chomp(my $columns = `head -n 1 '$log'`);
$server->safe_psql('postgres', qq{
CREATE EXTENSION tokenmeter;
SELECT tokenmeter.create_ledger();
\\copy llm.message_log ($columns) FROM '$log' CSV HEADER
INSERT INTO tokenmeter.price (provider, model, meter, currency, unit_quantity, unit_price, effective_from, source)
VALUES ('eu', 'euro', 'input', 'EUR', 1000, 0.5, '2020-01-01', 'test');
});
# Names of every kind, in this month and in June 2025.
my @names = ('<script>alert(1)</script>', '"><img src=http://example.com/x onerror=alert(1)>', "O'Brien & Sons", "\x{645}\x{633}\x{62a}\x{62e}\x{62f}\x{645}",
    "\x{202e}txt.evil", "\x{1f469}\x{200d}\x{1f467} family", "\x{5f20}\x{4f1f}" x 40, 'long-name-' x 100, '</title></svg><style>*{display:none}</style>', '&lt;');
$server->safe_psql('postgres', encode('UTF-8', join '', map {
    my $name = $names[$_] =~ s/'/''/gr;
    qq{INSERT INTO llm.message_log (occurred_at, tenant_id, user_id, provider, model, input_tokens, latency_ms)
       SELECT at, '$name', '$name', CASE WHEN n % 2 = 1 THEN 'eu' END, CASE n % 3 WHEN 1 THEN 'euro' WHEN 0 THEN 'gpt-4o' ELSE left('$name', 100) END, 1000000, 100 * n
       FROM (VALUES ('2025-06-10'::timestamptz), (now())) times (at), generate_series(1, 6) n;}
} 0 .. $#names));

my $folder = tempdir(CLEANUP => 1);

sub report {
    my ($name, $arguments) = @_;
    $server->safe_psql('postgres', "\\pset format unaligned\n\\pset tuples_only on\n\\o $folder/$name.html\nSELECT tokenmeter.report_html($arguments);");
    return "$folder/$name.html";
}

# The height of a page's headings, level by level, is to go up by one at most.
sub headings_in_order {
    my $last = 0;
    for my $level (@_) {
        return 0 if $level > $last + 1;
        $last = $level;
    }
    return $_[0] == 1;
}

# How much two colours differ, as WCAG counts it, of all texts: the least.
my $least_contrast = q{(() => {
  const light = c => c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const rgb = s => s.match(/[\d.]+/g).map(Number);
  const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const has_text = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return Math.min(...[...document.body.querySelectorAll('*')].filter(e => has_text(e) && !e.closest('title, desc') && !e.classList.contains('pad')).map(e => {
    const style = getComputedStyle(e), a = light(rgb(e instanceof SVGElement ? style.fill : style.color).slice(0, 3)), b = light(behind(e));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
})()};

# Texts of charts that overlap each other or leave the chart.
my $misplaced = q{[...document.querySelectorAll('svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return [...texts.filter(([t, r]) => r.left < frame.left - 1 || r.right > frame.right + 1 || r.top < frame.top - 1 || r.bottom > frame.bottom + 1).map(([t]) => 'outside: ' + t),
    ...texts.flatMap(([t, r], i) => texts.slice(i + 1).filter(([, s]) => r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 3 && s.top < r.bottom - 3).map(([s]) => 'over each other: ' + t + ', ' + s))];
}).join('; ')};

my %page = (
    month => "'2025-06-15'", tenant => "'2025-06-15', 'acme'", chinese => "'2025-06-15', NULL, 'zh'", now => 'current_date',
    now_chinese => "current_date, '<script>alert(1)</script>', 'zh'", empty => "'2001-01-01'"
);
my $browser = Browser->new;
for my $name (sort keys %page) {
    my $file = report($name, $page{$name});
    $browser->show_as('light');
    $browser->open_page("file://$file");
    my $has_calls = $name ne 'empty';

    is($browser->evaluate('document.compatMode + " " + document.characterSet'), 'CSS1Compat UTF-8', "$name: a page of HTML");
    is($browser->evaluate('document.documentElement.lang'), $page{$name} =~ /zh/ ? 'zh-Hans' : 'en', "$name: its language");
    is($browser->evaluate('document.querySelectorAll("script, img, link, iframe, object, [onerror], [onload], [src], a:not([href^=\"#\"])").length'), 0,
        "$name: nothing in it comes from elsewhere");
    ok(headings_in_order(map { substr $_, 1 } split / /, $browser->evaluate('[...document.querySelectorAll("h1, h2, h3, h4")].map(h => h.tagName).join(" ")')),
        "$name: headings are in order");
    is($browser->evaluate('const ids = [...document.querySelectorAll("[id]")].map(e => e.id); ids.length - new Set(ids).size'), 0, "$name: ids are unique");

    my @nodes = $browser->accessible;
    my @charts = grep { $_->{role} =~ /^(img|image)$/ } @nodes;
    my @tables = grep { $_->{role} eq 'table' } @nodes;
    if ($has_calls) {
        cmp_ok(scalar @charts, '>=', 3, "$name: there are charts") and cmp_ok(scalar @tables, '>=', 5, "$name: there are tables");
    }
    is(scalar @charts, $browser->evaluate('document.querySelectorAll("svg").length'), "$name: every chart is an image to a screen reader");
    is(join('; ', map { $_->{role} } grep { $_->{name} eq '' } @charts, @tables, grep { $_->{role} eq 'heading' } @nodes), '', "$name: all have names");
    is(scalar(grep { $_->{description} eq '' } @charts), 0, "$name: charts have descriptions");
    is($browser->evaluate('[...document.querySelectorAll("table")].filter(t => !t.caption || t.querySelector("th:not([scope])") || !t.querySelector("th[scope=row]")).length'),
        0, "$name: tables have captions, and heads of columns and rows");

    my %picture;
    for my $scheme (qw(light dark)) {
        $browser->show_as($scheme);
        $picture{$scheme} = $browser->screenshot(1000);
        cmp_ok(length $picture{$scheme}, '>', 10_000, "$name, $scheme: there is something to be seen");
        cmp_ok($browser->evaluate($least_contrast), '>=', 4.5, "$name, $scheme: texts stand out");
        is($browser->evaluate($misplaced), '', "$name, $scheme: texts of charts keep apart");
    }
    isnt($picture{light}, $picture{dark}, "$name: the two differ");
    is($browser->evaluate('document.documentElement.scrollWidth <= innerWidth'), 1, "$name: nothing is wider than the window");
    $browser->screenshot(390);
    is($browser->evaluate('document.documentElement.scrollWidth <= innerWidth'), 1, "$name: nor than a telephone's");
    $browser->show_as('dark', 'print');
    my $paper = $browser->pdf;
    my $pages = () = $paper =~ m{/Type\s*/Page\b}g;
    ok($paper =~ /^%PDF/ && $pages > 0 && $pages < 20, "$name: on $pages pages of paper");
    is($browser->evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', "$name: paper is white");

    is(join("\n", map { $_->{params}{request}{url} } $browser->events(qr/^Network\.requestWillBeSent$/)), "file://$file", "$name: only the file itself was asked for");
    is(scalar(map { diag explain($_->{params}); 1 } $browser->events(qr/^(Log\.entryAdded|Runtime\.(consoleAPICalled|exceptionThrown)|Page\.javascriptDialogOpening)$/)),
        0, "$name: nothing was complained of");
}

# What is seen is what was said, letter for letter.
$browser->open_page('file://' . report('names', "'2025-06-01'"));
my $seen = $browser->evaluate('[...document.querySelectorAll("#by-user bdi")].map(e => e.textContent).join("\n")');
for my $name (grep { length($_) < 50 } @names) {
    ok($seen =~ /^\Q$name\E$/m, encode('UTF-8', "seen as it is: $name"));
}
$browser->quit;
$server->stop;
done_testing();
