set -u
umask 077

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "repair: $*" >&2; return 1; }

md5() {
  if command -v md5sum >/dev/null 2>&1; then md5sum < "$1" | cut -c1-32
  elif command -v openssl >/dev/null 2>&1; then openssl md5 < "$1" | sed 's/.* //'
  else command md5 -q "$1"
  fi
}

bytes() { wc -c < "$1" | tr -d ' '; }

# is FILE MD5: the file is there and has this sum.
is() { test -f "$1" && test "$(md5 "$1")" = "$2"; }

# is_long FILE BYTES BYTES: the file is there and has one of these lengths.
is_long() { test -f "$1" && { test "$(bytes "$1")" -eq "$2" || test "$(bytes "$1")" -eq "$3"; }; }

# is_bundle FILE: the file holds the word Bundle and nothing else.
is_bundle() { test -f "$1" && test "$(bytes "$1")" -eq 6 && test "$(cat "$1")" = Bundle; }

# ask TEXT: a person says that it is done.
ask() {
  say "$1"
  test "${REPAIR_ASSUME_STOPPED:-}" = 1 && return 0
  printf '%s' 'Done? Type yes: '
  read -r answer && test "$answer" = yes || fail 'stopped; nothing was changed by this step'
}

# The keys that were brought along lie in the directory keys, here or beside this script.
keys=keys
test -d "$keys" || keys=$(dirname -- "$0")/keys

# keep FILE KEPT: copies a file that may be missing; keeps the first copy.
keep() { test ! -e "$1" || cp -p "$1" "$2"; }

# put_back FILE KEPT: the file as it was, or gone where it was missing.
put_back() { if test -e "$2"; then cp -p "$2" "$1"; else rm -f "$1"; fi; }

# move FROM TO: never replaces a file.
move() { test -f "$1" && test ! -e "$2" && mv "$1" "$2"; }

# move_back FROM TO: undoes move where it was done.
move_back() { if test ! -e "$1" && test -e "$2"; then mv "$2" "$1"; fi; }

# through FILE COMMAND...: sends a file through a command; owner and mode stay.
through() {
  file=$1
  shift
  "$@" < "$file" > "$file.new" && cat "$file.new" > "$file" && rm -f "$file.new"
}

unhex() {
  sed 's/[^0-9A-Fa-f]//g' | sed 's/../& /g' | tr ' ' '\n' | while read -r pair; do
    test -z "$pair" || printf "\\$(printf %o "0x$pair")"
  done
}

unbase64() { if command -v base64 >/dev/null 2>&1; then base64 -d; else openssl base64 -d -A; fi; }

# place KEY FILE
place() { cp "$keys/$1" "$2" && chmod 600 "$2"; }

swap() { mv "$1" "$1.swap" && mv "$2" "$1" && mv "$1.swap" "$2"; }

# gather HMAC MASTER: copies both files of the source.
gather() {
  mkdir -m 700 keys && cp "$1" keys/hmac && cp "$2" keys/master && chmod 600 keys/hmac keys/master
}
