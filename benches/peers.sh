#!/usr/bin/env bash
# Measures aemtrix beside what else could do the job, in one run on one machine, and prints one table of ratios.
#
#   benches/peers.sh [DIRECTORY]
#
# DIRECTORY holds the snapshots; those already there are used again. Without it they go to a temporary directory that
# is removed at the end. All profiles need about 9 GB, unpacking by the peers included.
#
# ROUNDS=5             rounds of every comparison; a round runs each contender once, a ratio is the median over rounds
# PROFILES="s2 dense"  profiles to compare on
# AEMTRIX=             the program to measure, instead of building it
#
# Only ratios are printed: a speed says more about the machine than about the program.
set -euo pipefail
export LC_ALL=C

ROUNDS=${ROUNDS:-5}
PROFILES=${PROFILES:-s2 dense}
FARM_SIZE=16
# What the peers look for: the same files that a scan reads.
WANTED=('*/bundle.info' '*/data/hmac' '*/data/master' '*/data/storage' '*/data/sling.*.file' '*/conf/*.properties')

cd "$(dirname "$0")/.."

if [[ $# -gt 0 ]]; then
    mkdir -p "$1"
    corpus=$(cd "$1" && pwd)
    scratch=$(mktemp -d "$corpus/scratch.XXXXXX")
    trap 'rm -rf -- "$scratch"' EXIT
else
    corpus=$(mktemp -d)
    scratch=$corpus/scratch
    mkdir "$scratch"
    trap 'rm -rf -- "$corpus"' EXIT
fi

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null; }

# ---------------------------------------------------------------------------------------------------------------------
# Programs and snapshots.

# Builds a bench target and prints its path.
bench_program() {
    cargo bench --quiet --no-run --bench "$1" --message-format=json |
        sed -n '/"kind":\["bench"\]/s/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1
}

say "building"
generate=$(bench_program generate)
drain_program=$(bench_program drain)
if [[ -z ${AEMTRIX:-} ]]; then
    AEMTRIX=$(cargo build --quiet --release --bin aemtrix --message-format=json |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
fi

# make FILE COMMAND...: runs the command, whose output becomes the file unless it is there.
make() {
    local file=$1
    shift
    [[ -e $file ]] && return
    say "making ${file##*/}"
    "$@" >"$file.part"
    mv -- "$file.part" "$file"
}

snapshot() { "$generate" "$1" "$2" /dev/stdout; }
snapshot_gz() { snapshot "$1" "$2" | gzip -6; }

# ---------------------------------------------------------------------------------------------------------------------
# Contenders. Each takes files; what they print is thrown away.

# What cannot be read of a snapshot makes it 2, which is as good as 0 here.
ours() {
    local status=0
    "$AEMTRIX" scan -q -f json --exit-zero "$@" || status=$?
    [[ $status -eq 0 || $status -eq 2 ]]
}
ours_1() { ours --no-logs -j1 "$@"; }
# As it is run: what it is compared with may use several processes, too.
ours_all() { ours --no-logs "$@"; }
ours_with_logs() { ours -j1 "$@"; }
ours_2() { ours -j2 "$@"; }
drain() { "$drain_program" "$1"; }
unpack_all() {
    mkdir "$scratch/x"
    tar -xzf "$1" -C "$scratch/x"
    find "$scratch/x" \( -name hmac -o -name master -o -name storage \) -path '*/data/*' -exec md5sum {} +
}
unpack_wanted() {
    mkdir "$scratch/x"
    tar -xzf "$1" -C "$scratch/x" --wildcards "${WANTED[@]}"
}
igzip_tar() {
    mkdir "$scratch/x"
    igzip -dc "$1" | tar -xf - -C "$scratch/x" --wildcards "${WANTED[@]}"
}
python_tarfile() {
    # A stream is the fastest way that the module has.
    python3 - "$1" <<'PYTHON'
import sys, tarfile
names = ("hmac", "master", "storage", "bundle.info", "sling.id.file", "sling.options.file", "quickstart.properties")
with tarfile.open(sys.argv[1], "r|gz") as archive:
    for member in archive:
        if member.isfile() and member.name.rsplit("/", 1)[-1] in names:
            archive.extractfile(member).read()
PYTHON
}
tar_list() { tar -tf "$1"; }
tar_wanted() { tar -xOf "$1" --wildcards "${WANTED[@]}"; }
find_hmac() { find "$1" -name hmac; }
version() { "$AEMTRIX" --version; }
# An install that is little but a log; grep looks for the same signs, and for nothing else.
ours_log() { ours -j1 "$1"; }
# grep stops at the first hit where it sees that its output goes to /dev/null.
grep_log() { grep -c -F -f "$corpus/signs" "$1/logs/error.log" | cat; }

# ---------------------------------------------------------------------------------------------------------------------
# Measuring.

declare -A walls cpus

# Runs one contender; adds seconds of wall and of user and system time to its samples.
sample() {
    local name=$1 status=0 wall user system
    local TIMEFORMAT='%3R %3U %3S'
    { time "$@" >/dev/null 2>"$scratch/messages" || status=$?; } 2>"$scratch/time"
    if [[ $status -ne 0 ]]; then
        say "$* failed with $status:"
        cat "$scratch/messages" >&2
        exit 1
    fi
    read -r wall user system <"$scratch/time"
    walls[$name]+=" $wall"
    cpus[$name]+=" $(awk "BEGIN { print $user + $system }")"
    rm -rf -- "$scratch/x"
}

# race "FILES" CONTENDER...: forgets the samples, then runs every contender once a round.
race() {
    local files contender round
    read -r -a files <<<"$1"
    shift
    walls=() cpus=()
    cat -- "${files[@]}" >/dev/null 2>&1 || true # a directory warms up in its first round
    for ((round = 0; round < ROUNDS; round++)); do
        for contender in "$@"; do
            sample "$contender" "${files[@]}"
        done
    done
}

median() { tr -s ' ' '\n' | grep . | sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

# ratio "SAMPLES" "SAMPLES": the median of the ratios of each round.
ratio() {
    awk -v ours="$1" -v theirs="$2" 'BEGIN {
        n = split(ours, a, " "); split(theirs, b, " ")
        for (i = 1; i <= n; i++) printf "%f\n", a[i] / (b[i] > 0 ? b[i] : 0.001)
    }' | median
}

# Peak resident memory of a command in KiB; GNU time reads it from the kernel. A command that fails has no peak.
peak() {
    local status=0
    /usr/bin/time -q -f '%M' -o "$scratch/peak" -- "$@" >/dev/null 2>"$scratch/messages" || status=$?
    if [[ $status -eq 0 || $status -eq 2 ]]; then
        tail -n 1 "$scratch/peak"
    else
        say "$* failed with $status"
        echo 1e9
    fi
}
mebibytes() { awk "BEGIN { print $1 / 1024 }"; }

# ---------------------------------------------------------------------------------------------------------------------
# The table.

rows=()
misses=0

# row COMPARISON AIM MEASURED [UNIT]
row() {
    local verdict
    verdict=$(awk "BEGIN { print ($3 <= $2) ? \"pass\" : \"MISS\" }")
    [[ $verdict == pass ]] || misses=$((misses + 1))
    rows+=("$(printf '%-58s %9s %9s  %s' "$1" "<= $2" "$(printf '%.3f' "$3")" "$verdict${4:+ ($4)}")")
    say "${rows[-1]}"
}
skip() {
    rows+=("$(printf '%-58s %9s %9s  %s' "$1" - - "skipped: $2")")
    say "${rows[-1]}"
}

# ---------------------------------------------------------------------------------------------------------------------
# The comparisons.

packed() {
    local profile=$1 aim=1.05 peers=()
    [[ $profile == dense ]] && aim=1.10
    local file=$corpus/$profile.tar.gz
    make "$file" gzip -6 -c "$corpus/$profile.tar"
    if [[ $profile != dense ]]; then
        peers=(unpack_all unpack_wanted)
        if have igzip; then peers+=(igzip_tar); fi
        if have python3; then peers+=(python_tarfile); fi
    fi
    race "$file" ours_1 ours_with_logs ours_all drain "${peers[@]}"
    row "$profile.tar.gz: CPU, against inflating alone" "$aim" "$(ratio "${cpus[ours_1]}" "${cpus[drain]}")"
    row "$profile.tar.gz: CPU with logs, against without" 1.15 "$(ratio "${cpus[ours_with_logs]}" "${cpus[ours_1]}")"
    [[ $profile == dense ]] && return
    row "$profile.tar.gz: wall, against tar -xzf, find, md5sum" 0.35 "$(ratio "${walls[ours_all]}" "${walls[unpack_all]}")"
    row "$profile.tar.gz: wall, against tar -xzf --wildcards" 0.45 "$(ratio "${walls[ours_all]}" "${walls[unpack_wanted]}")"
    if have igzip; then
        row "$profile.tar.gz: wall, against igzip -dc | tar" 0.80 "$(ratio "${walls[ours_all]}" "${walls[igzip_tar]}")"
    else
        skip "$profile.tar.gz: wall, against igzip -dc | tar" "no igzip here"
    fi
    if have python3; then
        row "$profile.tar.gz: wall, against Python tarfile" 0.65 "$(ratio "${walls[ours_all]}" "${walls[python_tarfile]}")"
    else
        skip "$profile.tar.gz: wall, against Python tarfile" "no python3 here"
    fi
}

plain_warm() {
    local profile=$1 listing=1.0 wanted=1.0
    [[ $profile == dense ]] && listing=0.30 wanted=0.25
    race "$corpus/$profile.tar" ours_1 tar_list tar_wanted
    row "$profile.tar warm: wall, against tar -tf" "$listing" "$(ratio "${walls[ours_1]}" "${walls[tar_list]}")"
    row "$profile.tar warm: wall, against tar -xOf --wildcards" "$wanted" "$(ratio "${walls[ours_1]}" "${walls[tar_wanted]}")"
}

# Bytes that a command made the kernel fetch from the disk, read-ahead included. A shell's /proc/PID/io holds its own
# and those of the children it has waited for, so a shell of its own for each command counts that command alone.
bytes_from_disk() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    bash -c '"$@" >/dev/null 2>&1; sed -n "s/^read_bytes: //p" "/proc/$$/io"' _ "$@"
}

# Writes back what is dirty and drops the file's pages from the cache; needs no privilege, and no other file suffers.
forget() { dd if=/dev/null of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none; }

plain_cold() {
    local file=$corpus/$1.tar size what="$1.tar cold: share of the file read from disk"
    size=$(stat -c %s "$file")
    if [[ ! -r /proc/self/io ]]; then
        skip "$what" "the kernel does not account input"
        return
    fi
    # Where reading all of it comes from elsewhere, as on tmpfs, a small share would prove nothing.
    forget "$file"
    if (($(bytes_from_disk cat "$file") < size * 9 / 10)); then
        skip "$what" "the file cannot be dropped from the cache"
        return
    fi
    local round shares=""
    for ((round = 0; round < ROUNDS; round++)); do
        forget "$file"
        shares+=" $(awk "BEGIN { print $(bytes_from_disk "$AEMTRIX" scan -q -f json --exit-zero --no-logs -j1 "$file") / $size }")"
    done
    row "$what" 0.06 "$(median <<<"$shares")"
}

# The same files unpacked: caches of bundles are what a walk must not list.
unpacked_warm() {
    local directory=$corpus/$1.unpacked
    if [[ ! -d $directory ]]; then
        mkdir "$directory.part"
        tar -xf "$corpus/$1.tar" -C "$directory.part"
        mv -- "$directory.part" "$directory"
    fi
    race "$directory" find_hmac ours_1
    row "$1 unpacked, warm: wall, against find -name hmac" 1.25 "$(ratio "${walls[ours_1]}" "${walls[find_hmac]}")"
}

farm() {
    local number files=()
    for ((number = 1; number <= FARM_SIZE; number++)); do
        make "$corpus/farm-$number.tar.gz" snapshot_gz farm "$number"
        files+=("$corpus/farm-$number.tar.gz")
    done
    if (($(nproc) < 2)); then
        skip "$FARM_SIZE archives: wall, 2 threads against 1" "one core here"
    else
        race "${files[*]}" ours_1 ours_2
        row "$FARM_SIZE archives: wall, 2 threads against 1" 0.55 "$(ratio "${walls[ours_2]}" "${walls[ours_1]}")"
    fi
}

# 500 MB of lines such as an instance logs, one sign in 20,000 of them.
log_lines() {
    awk 'BEGIN {
        for (i = 0; i < 3400000; i++)
            printf "19.07.2025 19:%02d:%02d.%03d *INFO* [sling-default-%d-org.example.Job] org.example.core.impl.JobImpl processed item %d of /content/site/en%s\n",
                i / 60000 % 60, i / 1000 % 60, i % 1000, i % 7, i, i % 20000 ? "" : " CryptoException: Cannot convert byte data"
    }'
}
logs() {
    mkdir -p "$corpus/log/logs" "$corpus/log/conf"
    printf 'quickstart.build=6.5.0\n' >"$corpus/log/conf/quickstart.properties"
    make "$corpus/log/logs/error.log" log_lines
    printf '%s\n' 'Cannot convert byte data' 'Failed decrypting cipher text' 'failed to get access token' \
        'invalid client_secret parameter' 'Exception while decrypting the configuration map' 'setupCryptoSupport: Failed' \
        'KeyStore uninitialized' 'CryptoSupport missing to unprotect' 'the provided CSRF token is invalid' >"$corpus/signs"
    race "$corpus/log" ours_log grep_log
    row "500 MB of log: CPU, against grep -c -F -f" 1.0 "$(ratio "${cpus[ours_log]}" "${cpus[grep_log]}")"
}

memory() {
    if [[ ! -x /usr/bin/time ]]; then
        skip "peak memory" "no GNU time here"
        return
    fi
    local scan=("$AEMTRIX" scan -q -f json --exit-zero) profile file one two
    for profile in small farm $PROFILES; do
        make "$corpus/$profile.tar" snapshot "$profile" 1
        make "$corpus/$profile.tar.gz" gzip -6 -c "$corpus/$profile.tar"
        for file in "$profile.tar" "$profile.tar.gz"; do
            row "$file: peak memory, 1 thread" 16 "$(mebibytes "$(peak "${scan[@]}" -j1 "$corpus/$file")")" MiB
        done
    done
    one=$(peak "${scan[@]}" -j1 "$corpus"/farm-*.tar.gz)
    two=$(peak "${scan[@]}" -j2 "$corpus"/farm-*.tar.gz)
    row "$FARM_SIZE archives: peak memory, 1 thread" 16 "$(mebibytes "$one")" MiB
    row "$FARM_SIZE archives: peak memory that a second thread adds" 2 "$(mebibytes "($two - $one)")" MiB
    for profile in long-name long-record; do
        make "$corpus/$profile.tar.gz" snapshot_gz "$profile" 1
        row "$profile.tar.gz (1 GiB in 1 MB): peak memory" 32 \
            "$(mebibytes "$(peak "${scan[@]}" -j1 "$corpus/$profile.tar.gz")")" MiB
    done
}

start_up() {
    walls=() cpus=()
    local round
    for ((round = 0; round < ROUNDS * 4; round++)); do sample version; done
    row "start-up: wall of --version, ms" 20 "$(awk "BEGIN { print 1000 * $(median <<<"${walls[version]}") }")"
}

for profile in $PROFILES; do
    make "$corpus/$profile.tar" snapshot "$profile" 1
    packed "$profile"
    plain_warm "$profile"
    if [[ $profile == dense ]]; then unpacked_warm "$profile"; else plain_cold "$profile"; fi
done
farm
logs
memory
start_up

printf '%-58s %9s %9s  %s\n' comparison aim measured verdict
printf '%s\n' "${rows[@]}"
printf '%d comparisons, %d missed; medians of %d rounds on %d cores\n' "${#rows[@]}" "$misses" "$ROUNDS" "$(nproc)"
