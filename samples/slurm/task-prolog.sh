#!/bin/bash
# Slurm's TaskProlog, as the job's user, before each task: what it prints as "export NAME=VALUE" and "print TEXT" is done by
# Slurm. A job that sets BITFUSION_GPUS leases that many GPUs on each of its nodes, for all its tasks there; BITFUSION_PART
# and BITFUSION_MEMORY are -p and -m of `bitfusion request_gpus`, BITFUSION_TIMEOUT its --timeout.
set -u
. "$(dirname "$0")/settings.sh"
[ -n "${BITFUSION_GPUS:-}" ] || exit 0
adaptor=$jobs/$SLURM_JOB_ID/adaptor.conf
words=(-n "$BITFUSION_GPUS")
[ -z "${BITFUSION_PART:-}" ] || words+=(-p "$BITFUSION_PART")
[ -z "${BITFUSION_MEMORY:-}" ] || words+=(-m "$BITFUSION_MEMORY")
[ -z "${BITFUSION_TIMEOUT:-}" ] || words+=(--timeout "$BITFUSION_TIMEOUT")
exec 9>"$jobs/$SLURM_JOB_ID/lock"
flock 9 # the first task leases, the others find the file
if ! grep -qs '^[^#]' "$adaptor"; then
    # A file of comments is of a request that was killed.
    [ ! -e "$adaptor" ] || "$bitfusion" release_gpus -f "$adaptor" >/dev/null 2>&1 9>&-
    if ! said=$("$bitfusion" request_gpus "${words[@]}" -f "$adaptor" 2>&1 9>&-); then
        printf '%s\n' "$said" | sed -n 's/^bitfusion: /print bitfusion: /p'
        exit 1
    fi
fi
echo "export BITFUSION_ADAPTOR=$adaptor"
