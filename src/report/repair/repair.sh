#   sh repair.sh               lists the instances and their steps
#   sh repair.sh collect NAME  on the source of the keys: makes the directory farm-keys
#   sh repair.sh NAME          on an instance, stopped, with farm-keys beside it: does its steps
# Run it as the user that runs AEM, or as root, in the directory where the paths of the upload begin.
# It stops at the first failure and puts back what it replaced.

set -u
umask 077

say() { printf '%s\n' "$*"; }

# fail TEXT: a name in it may hold anything, but a terminal is to show it alone.
fail() { printf '%s\n' "repair: $*" | tr -d '\000-\010\013-\037\177' >&2; return 1; }

md5() {
  if command -v md5sum >/dev/null 2>&1; then md5sum < "$1" | cut -c1-32
  elif command -v openssl >/dev/null 2>&1; then openssl md5 < "$1" | sed 's/.* //'
  else command md5 -q "$1"
  fi
}

user=$(id -u)

# owner FILE: its mode, and the numbers of its user and its group. Not all systems have stat, or chown --reference.
owner() { ls -ldnL "$1" | awk 'NR == 1 { print $1, $3, $4 }'; }

# is_legible FILE: the owner of its directory, who runs AEM, may read it.
is_legible() {
  test -r "$1" && { test "$user" != 0 || printf '%s %s\n' "$(owner "$(dirname "$1")")" "$(owner "$1")" | awk '
    { exit !(NF == 6 && ($2 == 0 || $4 ~ /^.r/ && $5 == $2 || $4 ~ /^....r/ && $6 == $3 || $4 ~ /^.......r/)) }'; }
}

# give FILE: what root has written becomes that of the owner of its directory.
give() {
  test "$user" = 0 || return 0
  given=$(owner "$(dirname "$1")" | awk '{ print $2 ":" $3 }')
  case "$given $(owner "$1")" in
    0:*) ;;
    *:*' 0 '*) chown "$given" "$1" ;;
    *:*' '*' '*) ;;
    *) return 1 ;;
  esac
}

# hand_over FILE: AEM can read it.
hand_over() { give "$1" && { is_legible "$1" || fail "$1 cannot be read by the user that runs AEM"; }; }

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

# The keys that were brought along lie in the directory farm-keys, here or beside this script. An install may have one that is called keys.
keys=farm-keys
test -d "$keys" || keys=$(dirname -- "$0")/farm-keys

# same FILE FILE: both have the same content.
same() {
  if command -v cmp >/dev/null 2>&1; then cmp -s "$1" "$2"; else test "$(md5 "$1")" = "$(md5 "$2")"; fi
}

# keep FILE KEPT: copies a file, which may be missing.
keep() { { test ! -e "$1" && test ! -L "$1"; } || { cp -p "$1" "$2" && same "$1" "$2"; }; }

# put_back FILE KEPT: the file as it was, or gone where it was missing. All files were kept before the first one was changed.
put_back() {
  if test -e "$2"; then cp -p "$2" "$1" && same "$2" "$1"; else rm -f "$1"; fi || whole=0
}

# ensure NUMBER DIRECTORY: makes a directory where it is missing, and notes that.
ensure() { { test -d "$2" || { made="$made$1 "; mkdir -m 755 "$2"; }; } && give "$2"; }

# unmake NUMBER DIRECTORY: undoes ensure.
unmake() {
  case "$made" in
    *" $1 "*) test ! -d "$2" || rmdir "$2" || whole=0 ;;
  esac
}

# move FROM TO: never replaces a file.
move() { test -f "$1" && test ! -e "$2" && mv "$1" "$2"; }

# move_back FROM TO: undoes move where it was done.
move_back() { if test ! -e "$1" && test -e "$2"; then mv "$2" "$1" || whole=0; fi; }

# through FILE COMMAND...: sends a file through a command; owner and mode stay.
through() {
  file=$1
  shift
  "$@" < "$file" > "$kept/new" && cat "$kept/new" > "$file" && rm -f "$kept/new"
}

unhex() {
  printf %b "$(tr -d ' \t\r\n' | awk '{ s = tolower($0); for (i = 1; i < length(s); i += 2)
    printf "\\0%03o", 16 * index("123456789abcdef", substr(s, i, 1)) + index("123456789abcdef", substr(s, i + 1, 1)) }')"
}

# The alphabet for URLs and missing padding are decoded too.
unbase64() {
  tr -d ' \t\r\n=' | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' |
    if command -v base64 >/dev/null 2>&1; then base64 -d; else openssl base64 -d; fi
}

# place KEY FILE
place() { cp "$keys/$1" "$2" && chmod 600 "$2"; }

swap() { mv "$1" "$kept/swap" && mv "$2" "$1" && mv "$kept/swap" "$2"; }

# is_here DIRECTORY: the paths of the upload begin here.
is_here() { test -d "$1" || fail "$1 is not here, or hidden from you: run this where the paths of the upload begin"; }

# can_read FILE
can_read() { test -r "$1" || fail "$1 is missing, or you may not read it: run this as the user that runs AEM"; }

# is_of_user FILE
is_of_user() {
  case "$(owner "$1" 2>/dev/null)" in
    *" $user "*) ;;
    *) return 1 ;;
  esac
}

# is_own DIRECTORY: AEM will be able to read what is written there. That of keys.path may be root's, with keys that AEM may write.
is_own() {
  test "$user" = 0 || is_of_user "$1" || { is_of_user "$1/hmac" && is_of_user "$1/master"; } ||
    fail "$1 belongs to another user: run this as the user that runs AEM"
}

# was FILE MD5...: the file is as it was examined, or already as it is to become; none where it may be missing.
was() {
  file=$1
  shift
  sum=none
  test ! -e "$file" || { can_read "$file" || return 1; sum=$(md5 "$file"); }
  case " $* " in
    *" $sum "*) ;;
    *) fail "$file is not as it was examined: this is another machine, or the file was changed since; scan again" ;;
  esac
}

# is_new DIRECTORY: nothing is there that another repair has kept.
is_new() { test ! -e "$1" || fail "$1 is there already, from another repair: move it away"; }

not_brought() { fail 'the directory farm-keys is missing, cannot be read, or holds other keys than those to be put in place'; }

# carry_out NUMBER: keeps what is changed in $kept, does the steps, and undoes them where one fails or somebody interrupts.
carry_out() {
  made=' '
  number=$1
  trap 'rmdir "$kept"; exit 1' HUP INT TERM
  mkdir -m 700 "$kept" || { fail 'nothing was changed'; return 1; }
  trap 'rm -rf "$kept"; exit 1' HUP INT TERM
  if ! "back_up_$number"; then
    rm -rf "$kept"
    fail 'what is there could not be copied; nothing was changed'
    return 1
  fi
  trap '"undo_$number"; exit 1' HUP INT TERM
  "steps_$number" || { "undo_$number"; return 1; }
  trap - HUP INT TERM
}

# undone: removes what was kept, where all of it is in its place again.
undone() {
  if test "$whole" = 1; then
    rm -rf "$kept"
    fail 'a step failed; everything is as it was'
  else
    fail "a step failed, and not everything could be put back; it is kept in $kept"
  fi
}

# number FILE: what its file system knows it by.
number() { ls -diL "$1" | awk 'NR == 1 { print $1 }'; }

# is_apart FILE: farm-keys does not hold this file of the instance, which would be removed with it.
is_apart() {
  test ! -e farm-keys/hmac || test "$(number farm-keys/hmac)" != "$(number "$1")" ||
    fail 'AEM works with the keys in the directory farm-keys here: leave them there, and copy them by hand'
}

# gather HMAC MASTER: copies both files of the source.
gather() {
  test ! -e farm-keys || { fail 'a directory farm-keys is there already, and holds other keys: move it away'; return 1; }
  mkdir -m 700 farm-keys || return 1
  cp "$1" farm-keys/hmac && cp "$2" farm-keys/master && chmod 600 farm-keys/hmac farm-keys/master && return 0
  rm -rf farm-keys
  return 1
}

# save: a person saves both keys of a repository.
save() {
  test -d farm-keys || mkdir -m 700 farm-keys || return 1
  ask 'Save the binary properties hmac and master of /etc/key of this instance (CRXDE Lite) as farm-keys/hmac and farm-keys/master, in place of any that are there.'
}

is_ready() {
  say 'The directory farm-keys is ready: bring it to the other machines by a way on which nobody can read it, then remove it here.'
}
