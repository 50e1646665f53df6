#!/bin/bash
# Slurm's Epilog, as root on each of the job's nodes, however the job ended: gives back what it leased.
set -u
. "$(dirname "$0")/settings.sh"
folder=$jobs/$SLURM_JOB_ID
if [ -e "$folder/adaptor.conf" ]; then
    # As the job's user: root trusts no file that a user has written. A pool that cannot be reached must not drain the node;
    # the pool takes GPUs back by itself, 10 minutes after their last program.
    if ! said=$(timeout 60 runuser -u "$SLURM_JOB_USER" -- "$bitfusion" release_gpus -f "$folder/adaptor.conf" 2>&1); then
        logger -t bitfusion-epilog -- "job $SLURM_JOB_ID: $said"
    fi
fi
rm -rf "${folder:?}"
