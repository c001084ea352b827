#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh founds a co-op, lets it answer, and has what it signed, logged and served
# checked by implementations that nobody here wrote: W3C credentials, transparency
# logs and the clients of OpenAI. It needs npm, and for what is not cached yet the
# registries of npm and Go. It builds dsai, unless DSAI_BIN is the absolute path of one.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")"
readonly here=$PWD
export CGO_ENABLED=0

tmp=$(mktemp -d)
node_pid=
finish() {
	if [ -n "$node_pid" ]; then
		kill "$node_pid" 2>/dev/null || true
		wait "$node_pid" 2>/dev/null || true
	fi
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The node and the clients see nothing of the user's own settings.
bin=${DSAI_BIN:-}
for name in "${!DSAI_@}" "${!OPENAI_@}"; do unset "$name"; done
if [ -z "$bin" ]; then
	bin=$tmp/dsai
	(cd ../.. && go build -trimpath -o "$bin" ./cmd/dsai)
fi
export DSAI_HOME=$tmp/home XDG_CONFIG_HOME=$tmp/config XDG_DATA_HOME=$tmp/data XDG_STATE_HOME=$tmp/state

dsai() { "$bin" --yes "$@"; }

# field prints a field of the JSON document on stdin.
field() { node -p "JSON.parse(require('fs').readFileSync(0, 'utf8'))$1"; }

# Packages are installed outside the tree, exactly as the lock file says.
mkdir "$tmp/npm"
cp package.json package-lock.json ./*.mjs "$tmp/npm"
npm ci --prefix "$tmp/npm" --ignore-scripts --no-audit --no-fund --loglevel=error >"$tmp/npm.log" 2>&1 || { cat "$tmp/npm.log"; exit 1; }

# Two consents answer one question, so that one can be withdrawn. The plots fill
# the log beyond 256 entries, where its first tile is full.
mkdir "$tmp/kept"
export DSAI_QUESTION="How often is the rainwater cistern emptied and scrubbed?"
export DSAI_UNANSWERABLE="Who won the chess tournament in Reykjavik?"
echo "The rainwater cistern is emptied and scrubbed twice a year, in May and in November." >"$tmp/kept/cistern.txt"
echo "Whoever has emptied and scrubbed the rainwater cistern writes the date on its door." >"$tmp/withdrawn.txt"
for i in {1..256}; do
	echo "Plot $i was sown in week $((i % 52 + 1)) and gave $((i * 7)) kilograms of barley." >"$tmp/kept/plot-$i.txt"
done

dsai init --coop Strangers >/dev/null
kept=$(dsai add "$tmp/kept" --json | field .consent)
withdrawn=$(dsai add "$tmp/withdrawn.txt" --json | field .consent)
dsai ask "$DSAI_QUESTION" --save "$tmp/before.dsai" >/dev/null
dsai consent revoke "$withdrawn" >/dev/null
dsai ask "$DSAI_QUESTION" --save "$tmp/after.dsai" >/dev/null
dsai trust export "$tmp/coop.trust" >/dev/null
(cd ../.. && go run ./internal/verifiable/infer/infertest/seed "$tmp/tiny.gguf")
dsai model add --name tiny "$tmp/tiny.gguf" >/dev/null
mkdir "$tmp/fixture"
cp -r "$tmp/home/log/1" "$tmp/fixture/log" # now, while no node writes to it

# Not by the function above: then $! would name a shell, and the node outlive it.
"$bin" up --listen 127.0.0.1:0 --json >"$tmp/up.json" 2>"$tmp/up.log" &
node_pid=$!
for _ in {1..300}; do
	[ ! -s "$tmp/up.json" ] || break
	kill -0 "$node_pid" 2>/dev/null || break
	sleep 0.1
done
[ -s "$tmp/up.json" ] || { cat "$tmp/up.log"; exit 1; }
OPENAI_BASE_URL=http://$(field .listen <"$tmp/up.json")/v1
export OPENAI_BASE_URL

# key gives the next client an API key, and so a budget of requests, of its own: the
# clients repeat what is refused for haste, and some checks count what they send.
key() {
	OPENAI_API_KEY=$(dsai key new "$1" --json | field .secret)
	export OPENAI_API_KEY
}

# run NAME COMMAND… prints the lines of a program's checks. A program that fails
# without saying where, or that checks nothing, counts as one failed check.
run() {
	local name=$1 code=0
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" || code=$?
	grep -E '^(ok|FAIL|SKIPPED) ' "$tmp/out" >"$tmp/lines" || true
	if [ "$code" -ne 0 ] && ! grep -q '^FAIL' "$tmp/lines"; then
		echo "FAIL     $name: exit code $code" >>"$tmp/lines"
	elif [ ! -s "$tmp/lines" ]; then
		echo "FAIL     $name: nothing was checked" >>"$tmp/lines"
	fi
	if grep -q '^FAIL' "$tmp/lines"; then cat "$tmp/err"; fi
	cat "$tmp/lines"
	cat "$tmp/lines" >>"$tmp/all"
}

# torchwood runs ../torchwood on the node's log, its files and as it is served, and
# the leaf that log.mjs made.
torchwood() {
	local code=0
	cp "$tmp/leaf" "$tmp/proof" "$tmp/vkey" "$tmp/fixture"
	(cd ../torchwood && DSAI_LOG_FIXTURE=$tmp/fixture DSAI_LOG_URL=${OPENAI_BASE_URL%/v1}/log go test -count=1 -v .) >"$tmp/torchwood" || code=$?
	sed -nE 's/^--- PASS: (\w+).*/ok       torchwood: \1/p; s/^--- FAIL: (\w+).*/FAIL     torchwood: \1/p; s/^--- SKIP: (\w+).*/SKIPPED  torchwood: \1/p' "$tmp/torchwood"
	[ "$code" -eq 0 ] || cat "$tmp/torchwood" >&2
	return "$code"
}

python() {
	if ! python3 -c 'import openai' 2>/dev/null; then
		echo "SKIPPED  openai python: python3 cannot import openai"
		return 0
	fi
	python3 openai_python.py
}

run "digitalbazaar" node --no-warnings "$tmp/npm/credentials.mjs" "$tmp/before.dsai" "$tmp/after.dsai" "$kept" "$withdrawn" "$here/../../spec/vectors"
run "sigstore" node --no-warnings "$tmp/npm/log.mjs" "$tmp/after.dsai" "$tmp/coop.trust" "$tmp"
run "torchwood" torchwood
key npm
run "openai npm" node --no-warnings "$tmp/npm/openai.mjs"
key go
run "openai-go" go -C openaigo run .
key python
run "openai python" python

count() { grep -c "^$1 " "$tmp/all" || true; }
failed=$(count FAIL)
echo "$(count ok) passed, $failed failed, $(count SKIPPED) skipped"
[ "$failed" -eq 0 ]
