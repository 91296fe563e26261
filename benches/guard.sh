#!/usr/bin/env bash
# Counts the instructions of a scan of six small inputs, and compares them with those that are written down.
#
#   benches/guard.sh            compares with benches/guard.tsv; fails where a count grew by more than 5 %
#   benches/guard.sh --write    writes the counts down
#
# AEMTRIX=                      the program to measure, instead of building it
#
# How busy the machine is does not matter to instructions; the compiler does, so the file names it. Needs valgrind.
set -euo pipefail
export LC_ALL=C

cd "$(dirname "$0")/.."
known=benches/guard.tsv
corpus=$(mktemp -d)
trap 'rm -rf -- "$corpus"' EXIT

say() { printf '%s\n' "$*" >&2; }
command -v valgrind >/dev/null || { say "valgrind is not here"; exit 2; }
[[ ${1:-} == --write || -f $known ]] || { say "$known is not here; write it first: benches/guard.sh --write"; exit 2; }

say "building"
generate=$(cargo bench --quiet --no-run --bench generate --message-format=json |
    sed -n '/"kind":\["bench"\]/s/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
if [[ -z ${AEMTRIX:-} ]]; then
    AEMTRIX=$(cargo build --quiet --release --bin aemtrix --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
fi

"$generate" small 1 "$corpus/small.tar"
gzip -6 -k "$corpus/small.tar"
"$generate" thin 1 "$corpus/thin.tar"
gzip -6 -k "$corpus/thin.tar"
mkdir "$corpus/directory"
tar -xf "$corpus/thin.tar" -C "$corpus/directory"
mkdir -p "$corpus/store/crx-quickstart/repository"
tar -xf "$corpus/small.tar" -C "$corpus/store" --exclude='*/repository/*'
tar -xzf testdata/oak/v13-users.tar.gz -C "$corpus/store/crx-quickstart/repository"
mv "$corpus/store/crx-quickstart/repository/v13-users" "$corpus/store/crx-quickstart/repository/segmentstore"
tar -C "$corpus/store" --sort=name -czf "$corpus/store.tar.gz" crx-quickstart
mkdir -p "$corpus/log/logs" "$corpus/log/conf"
printf 'quickstart.build=6.5.0\n' >"$corpus/log/conf/quickstart.properties"
awk 'BEGIN {
    for (i = 0; i < 60000; i++)
        printf "19.07.2025 19:%02d:%02d.%03d *INFO* [sling-default-%d-org.example.Job] org.example.core.impl.JobImpl processed item %d of /content/site/en%s\n",
            i / 60000 % 60, i / 1000 % 60, i % 1000, i % 7, i, i % 20000 ? "" : " CryptoException: Cannot convert byte data"
}' >"$corpus/log/logs/error.log"

# Instructions of one scan.
count() {
    local status=0
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$AEMTRIX" scan -q -f json --exit-zero -j1 "$1" >/dev/null 2>"$corpus/messages" || status=$?
    if [[ $status -ne 0 && $status -ne 2 ]]; then
        cat "$corpus/messages" >&2
        exit 1
    fi
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$corpus/messages"
}

compiler=$(rustc --version)
if [[ ${1:-} == --write ]]; then
    printf '# Instructions of one scan, by %s\n' "$compiler" >"$known.part"
elif ! grep -qF "$compiler" "$known"; then
    say "note: $known was written by another compiler than $compiler"
fi
grown=0
for input in small.tar.gz thin.tar thin.tar.gz directory store.tar.gz log; do
    now=$(count "$corpus/$input")
    if [[ ${1:-} == --write ]]; then
        printf '%s\t%s\n' "$input" "$now" >>"$known.part"
        printf '%-14s %15s\n' "$input" "$now"
        continue
    fi
    before=$(awk -F '\t' -v input="$input" '$1 == input { print $2 }' "$known")
    if [[ -z $before ]]; then
        printf '%-14s %15s %15s %7s  %s\n' "$input" - "$now" - "not written down"
        continue
    fi
    ratio=$(awk "BEGIN { printf \"%.3f\", $now / $before }")
    verdict=$(awk "BEGIN { print ($ratio > 1.05) ? \"GREW\" : \"ok\" }")
    printf '%-14s %15s %15s %7s  %s\n' "$input" "$before" "$now" "$ratio" "$verdict"
    [[ $verdict == ok ]] || grown=1
done
[[ ${1:-} != --write ]] || mv -- "$known.part" "$known"
[[ $grown -eq 0 ]] || say "a growth of more than 5 % needs a word in CHANGELOG.md"
exit "$grown"
