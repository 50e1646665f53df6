# shellcheck shell=sh
# Of the scripts beside it: where jobs keep what they lease, and the command.
jobs=/run/bitfusion-jobs
bitfusion=/usr/bin/bitfusion
PATH=/usr/sbin:/usr/bin:/sbin:/bin # Slurm gives prolog and epilog none
export PATH
