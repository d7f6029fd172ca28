# A headless Chromium, driven over two pipes by the DevTools protocol.
package Browser;

use strict;
use warnings;

use Carp qw(croak);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json encode_json);
use MIME::Base64 qw(decode_base64);
use POSIX ();

# Where the program is; undef if it is not there.
sub program {
    for my $name (qw(chromium chromium-browser google-chrome)) {
        for my $folder (split /:/, $ENV{PATH}) {
            return "$folder/$name" if -x "$folder/$name";
        }
    }
    return;
}

sub new {
    my ($class) = @_;
    my $program = program() // croak 'there is no Chromium';
    pipe(my $commands, my $to_browser) or croak "no pipe: $!";
    pipe(my $from_browser, my $answers) or croak "no pipe: $!";
    my $home = tempdir(CLEANUP => 1);
    my $pid = fork() // croak "cannot fork: $!";
    if ($pid == 0) {
        # It takes commands from descriptor 3 and answers on 4; the pipes' own may be among these.
        my ($in, $out) = (POSIX::dup2(fileno $commands, 100), POSIX::dup2(fileno $answers, 101));
        POSIX::dup2($in, 3);
        POSIX::dup2($out, 4);
        open STDOUT, '>', "$home/log";
        open STDERR, '>&', \*STDOUT;
        $ENV{HOME} = $home;
        { exec { $program } $program, qw(--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --disable-background-networking
            --remote-debugging-pipe), "--user-data-dir=$home/profile", 'about:blank' }
        POSIX::_exit(127);
    }
    close $commands;
    close $answers;
    $to_browser->autoflush(1);
    my $self = bless { pid => $pid, to => $to_browser, from => $from_browser, last_id => 0, events => [], home => $home }, $class;
    my $target = $self->call('Target.createTarget', { url => 'about:blank' })->{targetId};
    $self->{session} = $self->call('Target.attachToTarget', { targetId => $target, flatten => \1 })->{sessionId};
    $self->call("$_.enable") for qw(Page Runtime Log Network Accessibility);
    return $self;
}

sub message {
    my ($self) = @_;
    local $/ = "\0";
    local $SIG{ALRM} = sub { croak 'the browser does not answer' };
    alarm 60;
    my $line = readline $self->{from};
    alarm 0;
    croak 'the browser has ended' unless defined $line;
    chomp $line;
    return decode_json($line);
}

# Calls a method of the protocol; keeps the events that arrive meanwhile.
sub call {
    my ($self, $method, $arguments) = @_;
    my $id = ++$self->{last_id};
    my %command = (id => $id, method => $method, params => $arguments // {});
    $command{sessionId} = $self->{session} if $self->{session};
    print { $self->{to} } encode_json(\%command), "\0";
    while (1) {
        my $message = $self->message;
        if (($message->{id} // 0) != $id) {
            push @{ $self->{events} }, $message if $message->{method};
            next;
        }
        croak "$method: $message->{error}{message}" if $message->{error};
        return $message->{result};
    }
}

# Opens an address and waits until it is loaded. All events since the last call are the page's.
sub open_page {
    my ($self, $address) = @_;
    $self->{events} = [];
    $self->call('Page.navigate', { url => $address });
    until (grep { $_->{method} eq 'Page.loadEventFired' } @{ $self->{events} }) {
        push @{ $self->{events} }, $self->message;
    }
    return;
}

sub events {
    my ($self, $pattern) = @_;
    return grep { $_->{method} =~ $pattern } @{ $self->{events} };
}

sub evaluate {
    my ($self, $expression) = @_;
    return $self->call('Runtime.evaluate', { expression => $expression, returnByValue => \1 })->{result}{value};
}

# 'light' or 'dark'; for 'screen' or 'print'.
sub show_as {
    my ($self, $scheme, $medium) = @_;
    $self->call('Emulation.setEmulatedMedia', { media => $medium // 'screen', features => [ { name => 'prefers-color-scheme', value => $scheme } ] });
    return;
}

# The whole page as the bytes of a PNG.
sub screenshot {
    my ($self, $width) = @_;
    $self->call('Emulation.setDeviceMetricsOverride', { width => $width, height => 900, deviceScaleFactor => 1, mobile => \0 });
    return decode_base64($self->call('Page.captureScreenshot', { captureBeyondViewport => \1 })->{data});
}

sub pdf {
    my ($self) = @_;
    return decode_base64($self->call('Page.printToPDF', { preferCSSPageSize => \1, printBackground => \0 })->{data});
}

# What a screen reader is told: role and name of everything that has either.
sub accessible {
    my ($self) = @_;
    return map { { role => $_->{role}{value}, name => $_->{name}{value} // '', properties => $_->{properties}, description => $_->{description}{value} // '' } }
        grep { !$_->{ignored} } @{ $self->call('Accessibility.getFullAXTree')->{nodes} };
}

sub quit {
    my ($self) = @_;
    delete $self->{session};
    eval { $self->call('Browser.close'); 1 } or kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    return;
}

1;
