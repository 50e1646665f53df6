#!/bin/sh
# Slurm's Prolog, as root on the job's node: a folder for what the job leases, which nobody else reads.
set -eu
. "$(dirname "$0")/settings.sh"
mkdir -p -m 711 "$jobs"
install -d -m 700 -o "$SLURM_JOB_UID" "$jobs/$SLURM_JOB_ID"
