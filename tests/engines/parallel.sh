#!/usr/bin/env bash
# Reads uploads with GNU parallel, a file of facts each, and judges them: parallel.sh UPLOADS FACTS REPORT.json
#
# There is no job log and no --resume: the facts that are there say what was done. A job that died is tried again, and a run that was killed
# goes on when this is started anew.
set -euo pipefail
uploads=$(realpath "$1") facts=$(realpath -m "$2") report=$3
tool=${AEMTRIX:-aemtrix}
mkdir -p "$facts"
find "$uploads" -type f -print0 | sort -z |
    parallel -0 --retries 5 "$tool" scan -q --exit-zero=all --facts-dir "$facts" -f summary {} '>' /dev/null
# 1: findings, 2: evidence incomplete. Both are answers.
"$tool" report -q --farm-by parent -f json "$facts" > "$report" || [ $? -le 2 ]
