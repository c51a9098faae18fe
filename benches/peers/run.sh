#!/usr/bin/env bash
# Builds the peers, runs every workload, and prints markdown tables of medians
# and of Wavetank's ratio to the best other simulator.
#
#   ./run.sh                           7 rounds, everything (about 15 minutes)
#   ./run.sh --check                   the same, and red if a hard bar is missed
#   ROUNDS=3 ./run.sh                  fewer rounds
#   QUICK=1 ./run.sh                   sizes divided by ten (idle and scale shrunk too)
#   ONLY=echo,timers ./run.sh          only these workloads
#   PEERS=wavetank,madsim ./run.sh     only these columns, and only they are built
#   WARM=1 ./run.sh                    each process runs the workload once, untimed, before
#   CARGO_TARGET_DIR=/big/target ./run.sh   madsim then uses /big/target-madsim
#
# Exit: 0 done, 1 a build failed or a bar was missed, 2 a wrong call.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

packages=$(python3 peers.py) || exit $?
for package in $packages; do
    # One package at a time, so that one peer's features never reach another.
    if [ "$package" = peer-madsim ]; then
        RUSTFLAGS="--cfg madsim" cargo build --release --locked -p "$package" \
            --target-dir "$CARGO_TARGET_DIR-madsim" >&2 || exit 1
    else
        cargo build --release --locked -p "$package" >&2 || exit 1
    fi
done

exec python3 measure.py "$@"
