#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The suite for any CI that can run a shell on Debian.
#
#	docs/ci/recipe.sh [quick|full|mutants] [MAX-TIME]
#
# Leaves racerig-runs/suite (keep it as an artifact), with suite.ktap and junit.xml in it, and
# ends with 0 as expected, 1 not, 2 the rig broke, 77 nothing could be run.  Started again in
# the same place it goes on with what is not finished.  Where racerig-runs/base.json is there
# (the suite.json of an earlier run), it says what changed since.
set -eu

cd "$(dirname "$0")/../.."
group=${1:-quick}
limit=${2:-30m}
out=racerig-runs/suite

make setup
make all kernels
set -- --group "$group" --jobs "$(nproc)" --max-time "$limit" --resume \
	--require-built --out $out
[ ! -e racerig-runs/base.json ] || set -- "$@" --compare racerig-runs/base.json

code=0
build/racerig suite "$@" || code=$?
case $code in
0) echo "racerig: as expected" ;;
1) echo "racerig: NOT as expected, or not finished; see $out/summary.md" ;;
77) echo "racerig: skipped" ;;
*) echo "racerig: the rig broke" ;;
esac
exit $code
