#!/usr/bin/env bash
# From nothing to results: sets up molvae in .venv, trains a small model on the molecules that ship
# with it, generates 1,000 new ones and searches for drug-like ones. All goes to quickstart/, which
# is made anew each time. On two cores at most five minutes after the downloads.
#
#   bash scripts/quickstart.sh
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh

step() {
    local name="$1" began=$SECONDS
    shift
    printf '\n== %s\n$ %s\n' "$name" "$*"
    "$bin/$1" "${@:2}"
    times+=("$(printf '%-22s %4d s' "$name" $((SECONDS - began)))")
}

times=()
make_environment .venv
echo "installing molvae and what it needs (about 1 GB of downloads the first time)"
began=$SECONDS
"$bin/python" -m pip install --quiet --disable-pip-version-check . $(torch_requirement)
times+=("$(printf '%-22s %4d s' "install" $((SECONDS - began)))")

rm -rf quickstart
step "train a model" molvae train data/moses_sample.csv --out quickstart/model --preset small \
    --property-columns logp,qed --batch-size 128 --max-minutes 2.5
step "generate molecules" molvae generate --model quickstart/model --n 1000 \
    --out quickstart/samples.csv
step "search for high QED" molvae optimize data/qed.toml --model quickstart/model \
    --out quickstart/search --method cma-es --budget 500

printf '\n== done\n'
printf '%s\n' "${times[@]}"
echo "model              quickstart/model/model"
echo "generated          quickstart/samples.csv"
echo "found by searching quickstart/search/candidates.csv"
echo "next: . .venv/bin/activate; molvae --help"
