#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The dsai authors
# SPDX-License-Identifier: Apache-2.0
#
# run.sh boots a system in a container and has its systemd run both units that
# dsai service install writes: whether they start, answer, read a PDF, come back
# after a kill and after a boot, and stop.
#
#   debootstrap --include=systemd-sysv,libpam-systemd,dbus-user-session,curl bookworm ROOT
#   test/service/run.sh ROOT
#
# It needs root and systemd-nspawn, works on a copy of ROOT, and leaves nothing
# running. No network: the container has none. It builds dsai, unless DSAI_BIN is one.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
export CGO_ENABLED=0

skip() { echo "SKIPPED: $*"; exit 77; }
[ $# -eq 1 ] || skip "name the folder of a system with systemd; see the head of $0"
[ -x "$1/lib/systemd/systemd" ] || skip "$1 has no systemd"
[ "$(id -u)" -eq 0 ] || skip "only root can boot a container"
command -v systemd-nspawn >/dev/null || skip "systemd-nspawn is not installed"

tmp=$(mktemp -d)
pid=
finish() {
	down
	for _ in {1..50}; do # what was killed may take a moment to be gone
		find /sys/fs/cgroup/dsai-test /sys/fs/cgroup/unified/dsai-test -depth -type d -exec rmdir {} \; 2>/dev/null || true
		[ -d /sys/fs/cgroup/dsai-test ] || [ -d /sys/fs/cgroup/unified/dsai-test ] || break
		sleep 0.1
	done
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT TERM

readonly root=$tmp/root
cp -a "$1" "$root"
if [ -n "${DSAI_BIN:-}" ]; then
	cp "$DSAI_BIN" "$root/usr/local/bin/dsai"
else
	go build -trimpath -o "$root/usr/local/bin/dsai" ./cmd/dsai
fi
mkdir -p "$root/srv/lent"
echo "The rainwater cistern is emptied and scrubbed twice a year." >"$root/srv/lent/cistern.txt"
cat >"$root/srv/lent/pump.pdf" <<-'PDF'
	%PDF-1.4
	1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
	2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
	3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj
	4 0 obj <</Length 75>> stream
	BT /F 12 Tf 50 700 Td (The village pump is oiled every Friday at noon.) Tj ET     
	endstream endobj
	5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
	trailer <</Root 1 0 R>>
	%%EOF
PDF
chmod -R a+rX "$root/srv"

# up boots the container. Where no systemd runs the host, nspawn has nobody to
# register with, and what is under /sys/fs/cgroup may be of the older kind.
up() {
	local options=(--quiet --private-network --boot --console=pipe --directory="$root" --machine=dsai-test)
	if [ -d /run/systemd/system ]; then
		systemd-nspawn "${options[@]}" </dev/null >"$tmp/console" 2>&1 &
	else
		unshare --mount bash -c '
			mount --make-rprivate /
			umount --recursive --lazy /sys/fs/cgroup
			mount -t cgroup2 cgroup2 /sys/fs/cgroup
			mkdir -p /sys/fs/cgroup/dsai-test
			echo $$ >/sys/fs/cgroup/dsai-test/cgroup.procs
			export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
			exec systemd-nspawn --register=no --keep-unit "$@"' - "${options[@]}" </dev/null >"$tmp/console" 2>&1 &
	fi
	pid=$!
	eventually booted
	in_it systemctl is-system-running --wait >/dev/null || true
}

down() {
	[ -n "$pid" ] || return 0
	kill -KILL "$(leader)" "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	pid=
}

leader() { pgrep -P "$pid" -x systemd; }
booted() { in_it test -S /run/dbus/system_bus_socket; }
in_it() { nsenter -t "$(leader)" -m -u -i -n -p -- env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
amina() { in_it setpriv --reuid 1001 --regid 1001 --clear-groups env HOME=/home/amina XDG_RUNTIME_DIR=/run/user/1001 "$@"; }

eventually() {
	for _ in {1..200}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "FAIL never: $*"
	in_it journalctl --no-pager --lines 20 || tail -n 20 "$tmp/console"
	return 1
}

# says WANT COMMAND... requires that a command prints something.
says() {
	local want=$1 out
	shift
	out=$("$@" 2>&1) || true
	case $out in
	*"$want"*) ;;
	*)
		printf 'FAIL %s\n  want: %s\n  said: %s\n' "$*" "$want" "$out"
		return 1
		;;
	esac
}

ready() { [ "$(in_it curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/readyz")" = 200 ]; }
dsai() { in_it dsai --home /var/lib/dsai/node "$@"; }

# drives NAME PORT DSAI SYSTEMCTL requires of a service what a node is for.
drives() {
	local name=$1 port=$2 verb=$3 ctl=$4 main
	eventually ready "$port"
	says "is-active: active" echo "is-active: $($ctl is-active dsai)"
	says "Added 2 documents" "$verb" add /srv/lent
	says "twice a year" "$verb" ask "How often is the cistern scrubbed?"
	says "every Friday" "$verb" ask "When is the village pump oiled?"
	says "a node that systemd runs writes in its home alone" "$verb" backup "$5/elsewhere.tgz"
	main=$($ctl show -P MainPID dsai)
	in_it kill -KILL "$main"
	eventually changed "$main" "$ctl"
	eventually ready "$port"
	says "twice a year" "$verb" ask "How often is the cistern scrubbed?"
	$ctl stop dsai
	says "success" "$ctl" show -P Result dsai
	$ctl start dsai
	eventually ready "$port"
	echo "ok $name: starts, answers, reads a PDF, writes in its home alone, comes back after SIGKILL, stops"
}
changed() { case $($2 show -P MainPID dsai) in 0 | "$1") return 1 ;; esac; }
system_ctl() { in_it systemctl "$@"; }
user_dsai() { amina dsai "$@"; }
user_ctl() { amina systemctl --user "$@"; }

up
in_it systemctl --version | head -n 1

in_it dsai service install >/dev/null
in_it systemd-run --quiet --wait --pipe -p DynamicUser=yes -p User=dsai -p StateDirectory=dsai \
	/usr/local/bin/dsai init --home /var/lib/dsai/node --coop Kaya >/dev/null
in_it systemctl daemon-reload
in_it systemctl enable --now --quiet dsai
drives "system's unit" 7777 dsai system_ctl /root

# Root may not open the home of a service that is down: what it made there could
# be closed to the service.
in_it systemctl stop dsai
says "another user's" dsai status
in_it systemctl start dsai
echo "ok root leaves the home of a stopped service alone"

in_it useradd --create-home --uid 1001 amina
in_it loginctl enable-linger amina
eventually in_it test -S /run/user/1001/bus
in_it umount /proc/kmsg 2>/dev/null || true # nspawn's cover, which no user's unit can cover again
amina dsai init --coop Mine >/dev/null
amina dsai service install --user --listen 127.0.0.1:7778 >/dev/null
amina systemctl --user daemon-reload
amina systemctl --user enable --now --quiet dsai
drives "user's unit" 7778 user_dsai user_ctl /home/amina

down # as when the power fails
up
eventually ready 7777
says "twice a year" dsai ask "How often is the cistern scrubbed?"
echo "ok after a power failure and a boot: the system's unit answers"
