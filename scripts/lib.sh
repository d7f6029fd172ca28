# What demo and check share: needs of the machine, the build, and a throw-away PostgreSQL server.
# Sourced by bash with `set -euo pipefail` in force.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

step() { printf '\n==> %s\n' "$*"; }
fail() { printf '\n%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# Root rights for installing: sudo where we are not root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# PostgreSQL refuses to run as root; everything but installing is done as this user.
runner() {
  if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi
}

as_runner() {
  if [ "$(id -un)" = "$(runner)" ]; then
    (cd "$work" && "$@")
  else
    (cd "$work" && runuser -u "$(runner)" -- "$@")
  fi
}

# The PostgreSQL that this Debian ships, or that of PG_CONFIG.
find_system() {
  local id='' version=''
  if [ -r /etc/os-release ]; then
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
  fi
  case "$id $version" in
    'debian 12') pg_major=15 ;;
    'debian 13') pg_major=17 ;;
    *)
      cat <<EOF
This script sets itself up on Debian 12 and 13. This is something else (${id:-unknown} $version), so it stops
here. By hand, you need:
  - PostgreSQL 15 or later with its server headers (pg_config in the PATH)
  - a C++20 compiler, make, the header library nlohmann-json 3, utf8proc (libutf8proc.a)
Then: make && sudo make install, and in a database: CREATE EXTENSION tokenmeter;
EOF
      exit 1 ;;
  esac
  export PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$pg_major/bin/pg_config}
  pg_bin=$(dirname "$PG_CONFIG")
}

# Installs those of the packages that are missing, and names them first.
install_packages() {
  local package missing=()
  for package; do
    dpkg-query --show --showformat='${db:Status-Status}\n' "$package" 2>/dev/null |
      grep -qx installed || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ]; then
    echo 'All packages that are needed are installed.'
    return
  fi
  echo "Missing: ${missing[*]}"
  [ "$(id -u)" = 0 ] || command -v sudo > /dev/null ||
    fail "these packages are to be installed: run this as root, or install sudo."
  local log
  log=$(mktemp)
  # Debian's packages would make and start servers for the whole machine; that is not asked for here.
  local no_cluster=/etc/postgresql-common/createcluster.d/tokenmeter.conf no_start=/usr/sbin/policy-rc.d
  [ ! -e "$no_start" ] || no_start=
  (
    trap 'as_root rm -f "$no_cluster" ${no_start:+"$no_start"}' EXIT
    as_root mkdir -p "$(dirname "$no_cluster")"
    echo 'create_main_cluster = false' | as_root tee "$no_cluster" > /dev/null
    [ -z "$no_start" ] || printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$no_start"
    as_root apt-get update -qq > "$log" 2>&1 || true  # what is known may be enough
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "${missing[@]}" > "$log" 2>&1
    for package in rabbitmq-server rsyslog; do
      [[ " ${missing[*]} " != *" $package "* ]] || as_root systemctl disable --quiet "$package" 2> /dev/null || true
    done
  ) || {
    tail -n 20 "$log"
    fail "apt-get could not install the packages above. Mend what it says, then run this again."
  }
  rm -f "$log"
}

build_packages() {
  echo make gcc g++ "postgresql-$pg_major" "postgresql-server-dev-$pg_major" nlohmann-json3-dev libutf8proc-dev
}

# Runs a command and shows the end of what it printed if it fails.
logged() {
  local log
  log=$(mktemp)
  "$@" > "$log" 2>&1 || {
    tail -n 30 "$log"
    fail "that failed: $*
All that it printed is in $log"
  }
  rm -f "$log"
}

# Makes the folder $work, owned by the runner, with a copy of the project: nothing is built or written in
# the project's own folder.
make_work_folder() {
  work=$1
  mkdir -m 700 "$work" || fail "the folder $work cannot be made. Set TMPDIR to one where it can."
  [ "$(id -u)" != 0 ] || chown postgres "$work"
  as_runner true 2> /dev/null ||
    fail "the user $(runner) cannot enter $work. Set TMPDIR to a folder that others may enter."
  as_runner mkdir source
  tar -C "$project" --exclude=./.git --exclude=node_modules --exclude='*.o' --exclude='*.so' \
    --exclude=./build -cf - . | as_runner tar -C source -xf -
}

# Builds and installs the extension; a warning is an error. Root runs nothing of what the runner can write,
# and takes over its three kinds of files only.
build_and_install() {
  logged as_runner make -C source -j"$(nproc)" COPT=-Werror
  logged as_runner make -C source install DESTDIR="$work/installed"
  local files file
  files=$(as_runner find installed -type f \
    \( -name tokenmeter.so -o -name tokenmeter.control -o -name 'tokenmeter--*.sql' \))
  for file in $files; do
    # Not cp: it would write into the library that a running server has mapped.
    as_root install -D -m 644 "$work/$file" "/${file#installed/}"
  done
}

# Starts a server of its own in $work: reached through a socket there, open to nobody else.
start_server() {
  logged as_runner "$pg_bin/initdb" --pgdata=data --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 --no-sync
  logged as_runner "$pg_bin/pg_ctl" --pgdata=data --log=data/server.log --wait start \
    --options="-c listen_addresses='' -c unix_socket_directories='$work' -c unix_socket_permissions=0700"
}

stop_server() {
  as_runner "$pg_bin/pg_ctl" --pgdata=data --mode=fast --wait stop > /dev/null 2>&1 || true
}

psql() {
  as_runner "$pg_bin/psql" --host="$work" --username=postgres --no-psqlrc --quiet \
    --set=ON_ERROR_STOP=1 "$@"
}
