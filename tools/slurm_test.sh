#!/usr/bin/env bash
# Test under Slurm:
#   [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS=…] tools/slurm_test.sh PARTITION JOB CONFIG CHECKPOINT [arguments of test.py]
set -euo pipefail
if [ $# -lt 4 ]; then sed -n '2,3p' "$0"; exit 2; fi
partition=$1; job=$2; config=$3; checkpoint=$4; shift 4
gpus=${GPUS:-8}; per_node=${GPUS_PER_NODE:-$(( gpus < 8 ? gpus : 8 ))}
exec srun -p "$partition" --job-name="$job" --gres=gpu:"$per_node" --ntasks="$gpus" --ntasks-per-node="$per_node" \
  --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
  bash -c 'export MASTER_ADDR=${MASTER_ADDR:-$(scontrol show hostname "$SLURM_NODELIST" | head -n1)}; exec python -u "$@"' \
  test "$(dirname "$0")/test.py" "$config" "$checkpoint" --launcher slurm "$@"
