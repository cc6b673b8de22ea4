"""100 units with an agent that takes no time, against a plain shell script doing the same git work.

python -m benchmarks.throughput [UNITS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.world import World

# What a maintainer's script does for each unit, with the checks that Waves' plan asks for: on a clean checkout of the
# head, and, because the base has moved since, on the merge result.
SCRIPT = r"""
set -eu
number=0
for unit in "$@"; do
  number=$((number + 1))
  branch="feat/$unit" tree=".worktrees/issue-$number-$unit"
  git fetch -q origin main
  base=$(git rev-parse origin/main)
  git push -q origin "$base:refs/heads/$branch"
  git worktree add -q -b "$branch" "$tree" "$base"
  (cd "$tree" && WAVES_ROLE=implementer WAVES_UNIT="$unit" "$AGENT")
  head=$(git rev-parse "$branch")
  git push -q origin "$branch"
  rm -rf "$CLEAN" && git clone -q --shared --no-checkout "$ORIGIN" "$CLEAN"
  (cd "$CLEAN" && git checkout -q --detach "$head" && test -d work)
  git diff "origin/main...$branch" >"$TIMES/diff"
  (cd "$tree" && WAVES_ROLE=reviewer WAVES_UNIT="$unit" WAVES_OUTPUT="$TIMES/review.json" "$AGENT")
  git fetch -q origin main
  base=$(git rev-parse origin/main)
  merged=$(git merge-tree --write-tree "$base" "$head")
  commit=$(git commit-tree -p "$base" -m "feat: $unit (#$number)" "$merged")
  git push -q origin "$commit:refs/heads/waves-trial-$unit"
  rm -rf "$CLEAN" && git clone -q --shared --no-checkout "$ORIGIN" "$CLEAN"
  (cd "$CLEAN" && git checkout -q --detach "$commit" && test -d work)
  git push -q origin "$commit:refs/heads/main" ":refs/heads/waves-trial-$unit"
  git worktree remove "$tree"
  git branch -q -D "$branch"
  git push -q origin ":refs/heads/$branch"
done
"""


def script_seconds(world: World) -> float:
    env = {"AGENT": str(world.agent), "ORIGIN": str(world.origin), "CLEAN": str(world.times / "clean"),
           "TIMES": str(world.times)}  # fmt: skip
    began = time.monotonic()
    subprocess.run(["sh", "-c", SCRIPT, "script", *world.units], cwd=world.checkout, env=os.environ | env, check=True)
    return time.monotonic() - began


def waves_seconds(world: World) -> float:
    began = time.monotonic()
    world.run()
    return time.monotonic() - began


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as folder:
        by_script = script_seconds(World(Path(folder) / "script", count))
        by_waves = waves_seconds(World(Path(folder) / "waves", count))
    print(f"{count} units: script {by_script:.1f} s, waves {by_waves:.1f} s, ratio {by_waves / by_script:.2f}")


if __name__ == "__main__":
    main()
