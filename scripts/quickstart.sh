#!/usr/bin/env bash
# From a checkout to new molecules: installs molvae in .venv, trains a shipped model further on the
# 20,000 molecules of data/moses_sample.csv, generates new molecules and searches for soluble,
# drug-like ones. Results go to quickstart/, which is deleted first. It is made for five minutes on
# two cores, plus the downloads.
#
#   bash scripts/quickstart.sh
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/environment.sh

step() {
    local name="$1" start=$SECONDS
    shift
    printf '\n== %s\n$ %s\n' "$name" "$*"
    "$bin/$1" "${@:2}"
    times+=("$(printf '%-22s %4d s' "$name" $((SECONDS - start)))")
}

times=()
make_environment .venv
echo "installing molvae and its dependencies (about 1 GB of downloads the first time)"
start=$SECONDS
"$bin/python" -m pip install --quiet --disable-pip-version-check . $(torch_requirement)
times+=("$(printf '%-22s %4d s' "install" $((SECONDS - start)))")

rm -rf quickstart
step "fine-tune a model" molvae train data/moses_sample.csv --from moses --out quickstart/model \
    --max-minutes 1.5 --acceptance-draws 0
step "generate molecules" molvae generate --model quickstart/model --n 500 \
    --out quickstart/samples.csv
cut -d, -f1 quickstart/samples.csv | head -n 6
step "search" molvae optimize data/druglike.toml --model quickstart/model \
    --out quickstart/search --budget 200
step "draw the molecules" molvae report quickstart/search

printf '\n== done\n'
printf '%s\n' "${times[@]}"
echo "model       quickstart/model"
echo "generated   quickstart/samples.csv"
echo "search      quickstart/search/candidates.csv; the best, drawn: quickstart/search/report.html"
echo "next        . .venv/bin/activate; molvae --help"
