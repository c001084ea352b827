#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh has a node on amd64 and one on arm64 answer, one of them emulated, and
# each of the two programs make the answers of the other again: quoted, of a
# model's most likely tokens, and of tokens drawn with a seed. Then it changes a
# token and the seed, with the node's own keys, and has replay say where.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

skip() { echo "SKIPPED: $*"; exit 77; }
here=$(go env GOHOSTARCH)
case $here in
amd64) other=arm64 machine=aarch64 ;;
arm64) other=amd64 machine=x86_64 ;;
*) skip "this machine is neither amd64 nor arm64" ;;
esac
qemu=$(command -v "qemu-$machine" || command -v "qemu-$machine-static") || skip "qemu-$machine is not installed"

for name in "${!DSAI_@}"; do unset "$name"; done
tmp=$(mktemp -d)
node_pid=
finish() {
	[ -z "$node_pid" ] || kill "$node_pid" 2>/dev/null || true
	wait
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM
export XDG_CONFIG_HOME=$tmp/config XDG_DATA_HOME=$tmp/data XDG_STATE_HOME=$tmp/state

GOARCH=$here go build -trimpath -o "$tmp/dsai-$here" ./cmd/dsai
GOARCH=$other go build -trimpath -o "$tmp/dsai-$other" ./cmd/dsai
go build -trimpath -o "$tmp/crossing" ./test/crossing
"$tmp/crossing" model "$tmp/tiny.gguf"
echo "The tanks are cleaned every six months, before the rains." >"$tmp/tanks.txt"
readonly question="How often are the tanks cleaned?" begin=$SECONDS

# on ARCH COMMAND... runs the dsai of an architecture in the home of that name.
on() {
	local arch=$1 run=()
	shift
	[ "$arch" = "$here" ] || run=("$qemu")
	DSAI_HOME=$tmp/home-$arch "${run[@]}" "$tmp/dsai-$arch" --yes "$@"
}

# field NAME prints a string of the JSON object on stdin.
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" | head -n 1; }

answers() {
	local arch=$1 url key kind
	on "$arch" init --coop Crossing >/dev/null
	on "$arch" add "$tmp/tanks.txt" >/dev/null
	on "$arch" model add --name tiny "$tmp/tiny.gguf" >/dev/null
	on "$arch" trust export "$tmp/$arch.trust" >/dev/null
	on "$arch" ask --save "$tmp/$arch-quoted.dsai" "$question" >/dev/null
	on "$arch" key new crossing --json >"$tmp/key"
	key=$(field secret <"$tmp/key")
	# Not by the function: then $! would name a shell, and the node outlive it.
	local run=()
	[ "$arch" = "$here" ] || run=("$qemu")
	: >"$tmp/up-$arch"
	DSAI_HOME=$tmp/home-$arch "${run[@]}" "$tmp/dsai-$arch" up --listen 127.0.0.1:0 --json >"$tmp/up-$arch" 2>"$tmp/up.log" &
	node_pid=$!
	for _ in {1..1200}; do
		url=$(field listen <"$tmp/up-$arch")
		[ -z "$url" ] || break
		kill -0 "$node_pid" 2>/dev/null || break
		sleep 0.1
	done
	[ -n "$url" ] || { echo "FAIL the node does not start"; cat "$tmp/up.log"; return 1; }
	url=http://$url
	for kind in likely drawn; do
		local how='"temperature":0'
		[ $kind = likely ] || how='"temperature":0.8,"top_p":0.95,"seed":7'
		"$tmp/crossing" chat "$url" "$key" \
			"{\"model\":\"tiny\",\"max_tokens\":40,$how,\"messages\":[{\"role\":\"user\",\"content\":\"$question\"}]}" ||
			{ cat "$tmp/up.log"; return 1; }
		on "$arch" receipt save last "$tmp/$arch-$kind.dsai" >/dev/null
	done
	kill "$node_pid"
	wait "$node_pid" || true
	node_pid=
	echo "ok $arch answered three times, after $((SECONDS - begin))s"
}

# replays FROM KIND BY requires that the dsai of one architecture makes the
# answer of another again.
replays() {
	local out code=0
	out=$(on "$3" verify --replay --json --trust "$tmp/$1.trust" --model "$tmp/tiny.gguf" "$tmp/$1-$2.dsai") || code=$?
	if [ $code -ne 0 ] || ! grep -q '"replayed": true' <<<"$out" || ! grep -q '^  "ok": true' <<<"$out"; then
		printf 'FAIL %s answer of %s on %s: exit code %d\n%s\n' "$2" "$1" "$3" $code "$out"
		return 1
	fi
	echo "ok $2 answer of $1, made again on $3, after $((SECONDS - begin))s"
}

# differs FROM KIND BY WHAT WANT requires that a forged answer holds but for its
# replay, which says WANT.
differs() {
	local out code=0 forged=$tmp/$1-$2-$4.dsai
	"$tmp/crossing" forge "$tmp/home-$1" "$4" "$tmp/$1-$2.dsai" "$forged"
	on "$here" verify --trust "$tmp/$1.trust" "$forged" >/dev/null || { echo "FAIL the forgery of $4 shows without replay"; return 1; }
	out=$(on "$3" verify --replay --trust "$tmp/$1.trust" --model "$tmp/tiny.gguf" "$forged" 2>&1) || code=$?
	if [ $code -ne 4 ] || [ "$(grep -c '^FAIL' <<<"$out")" != 1 ] || ! grep -qE "^FAIL +replay +.*$5" <<<"$out"; then
		printf 'FAIL another %s in the %s answer of %s on %s: exit code %d\n%s\n' "$4" "$2" "$1" "$3" $code "$out"
		return 1
	fi
	echo "ok another $4 in the $2 answer of $1, found on $3: $(sed -n 's/^FAIL *replay *//p' <<<"$out")"
}

for arch in "$here" "$other"; do answers "$arch"; done
for kind in quoted likely drawn; do
	replays "$here" "$kind" "$other"
	replays "$other" "$kind" "$here"
done
one=$("$tmp/crossing" tokens "$tmp/$here-drawn.dsai")
two=$("$tmp/crossing" tokens "$tmp/$other-drawn.dsai")
[ "$one" = "$two" ] || { printf 'FAIL the same question, model and seed gave two answers:\n%s\n%s\n' "$one" "$two"; exit 1; }
echo "ok the same question, model and seed give the same tokens on both"
differs "$here" likely "$other" token 'differs at token 20: it is [0-9]+, the trace has [0-9]+$'
differs "$other" drawn "$here" token 'differs at token 20: it is [0-9]+, the trace has [0-9]+$'
differs "$other" drawn "$here" seed 'differs at token [0-9]+: it is [0-9]+, the trace has [0-9]+$'
differs "$other" quoted "$here" quote 'quotes differ: '

# Without the keys the texts cannot be touched at all.
sed 's/How often/How seldom/' "$tmp/$other-drawn.dsai" >"$tmp/touched.dsai"
code=0
out=$(on "$here" verify --replay --trust "$tmp/$other.trust" --model "$tmp/tiny.gguf" "$tmp/touched.dsai" 2>&1) || code=$?
[ $code -eq 4 ] && grep -q '^FAIL *openings' <<<"$out" || { printf 'FAIL a touched question: exit code %d\n%s\n' $code "$out"; exit 1; }
echo "ok a question touched by a stranger: openings fails"
