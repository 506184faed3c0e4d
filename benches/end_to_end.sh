#!/usr/bin/env bash
# End to end, server and load generator together on this machine: goals 1, 3, 4, 6, 7, 10 and 11, and on PostgreSQL, which is on this machine too,
# goal 2 and, as 2s and 4p, what goals 3 and 4 ask of the embedded store. rest: REST beside goal 4, on both; disk: bytes a reading, on both;
# deploy: what goal 4 becomes while versions of a flow are deployed one after the other. Goal 10 is asked of both. 11: goal 4 alone, beside 500 viewers of
# 10 widgets at 4 Hz, and with one of them that takes nothing, in turns; subs: memory of a subscription and of a viewer's socket.
#
#   benches/end_to_end.sh [1 2 2s 3 4 4p 6 7 10 11 rest disk deploy subs]      default: all
#   POSTGRES="shared_buffers=1GB"        settings of PostgreSQL that are not its defaults
#   PG_BIN=/usr/lib/postgresql/15/bin    where initdb and pg_ctl are, if not on the path
#   DURATION=60s                         how long each load lasts
#   TURNS=3                              how many times goal 11 is gone through
#   IDLE="5000 10000 15000"              connections at which memory is read for goal 7
#   SERVE="--cells 1"                    more arguments for the server
#   BINARY=path                          a binary that is built already, for trying the script
#
# Builds the release binary, gives each goal a fresh server on a fresh directory, and writes what was run and what came of it
# to benches/results/end_to_end-<ref>.md. Rows are counted in the store (its counter of committed readings), not as frames sent,
# and a run whose counts do not agree is marked. Nothing is asserted: numbers that miss a goal are written down as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

goals=${*:-1 2 2s 3 4 4p 6 7 10 11 rest disk deploy subs}
duration=${DURATION:-60s}
idle=${IDLE:-5000 10000 15000}
read -ra serve <<<"${SERVE:-}"

if [[ -n ${BINARY:-} ]]; then
    binary=$(realpath "$BINARY")
else
    cargo build --release --quiet
    binary=$(realpath "${CARGO_TARGET_DIR:-target}/release/edgesync")
fi
ref=$(git rev-parse --short HEAD)$(git diff --quiet HEAD -- . ':!benches/results' || echo -dirty)
result=benches/results/end_to_end-$ref.md
ulimit -n "$(ulimit -Hn)"

work=$(mktemp -d)
server=
cluster=
fleets=()
# What PostgreSQL refuses to do as root.
as_owner() {
    if [[ $(id -u) == 0 ]]; then
        setpriv --reuid postgres --regid postgres --clear-groups -- "$@"
    else
        "$@"
    fi
}

# A PostgreSQL of its own: everything is synced.
database() {
    PATH=${PG_BIN:-$(pg_config --bindir)}:$PATH
    cluster=$work/cluster
    rm -rf "$cluster"
    mkdir "$cluster"
    chmod 755 "$work"
    [[ $(id -u) != 0 ]] || chown postgres "$cluster"
    as_owner initdb --pgdata "$cluster" --auth trust --username bench --encoding UTF8 --locale C.UTF-8 >/dev/null
    local port=$((20000 + RANDOM % 10000))
    printf '%s\n' "port = $port" "listen_addresses = '127.0.0.1'" "unix_socket_directories = '$cluster'" ${POSTGRES:-} |
        as_owner tee -a "$cluster/postgresql.conf" >/dev/null
    as_owner pg_ctl -D "$cluster" -l "$cluster/log" -w start >/dev/null
    store=(--database-url "postgres://bench@127.0.0.1:$port/postgres")
}

# CPU milliseconds of PostgreSQL's processes that are there.
database_ms() {
    local pid sum=0
    for pid in $(pgrep -P "$(head -1 "$cluster/postmaster.pid")"); do
        sum=$((sum + $(cpu_ticks "$pid")))
    done
    echo $((sum * 1000 / $(getconf CLK_TCK)))
}

stop() {
    for pid in "${fleets[@]}" $server; do
        kill -INT "$pid" 2>/dev/null || true
    done
    wait
    fleets=()
    server=
    [[ -z $cluster ]] || as_owner pg_ctl -D "$cluster" -m fast -w stop >/dev/null
    cluster=
}
trap 'stop; rm -rf "$work"' EXIT

say() { echo "$*" | tee -a "$result"; }

store=(--data "$work/data")
start() {
    rm -rf "$work/data" "$work/ready"
    "$binary" serve --listen 127.0.0.1:0 "${store[@]}" --log warn "${serve[@]}" >"$work/ready" 2>"$work/server.log" &
    server=$!
    until grep -qs http:// "$work/ready"; do
        kill -0 $server || { cat "$work/server.log"; exit 1; }
        sleep 0.1
    done
    url=$(grep -o 'http://[0-9.:]*' "$work/ready" | head -1)
}

# An account that may have many devices: the first run makes it, its plan is raised, later runs make the devices.
account() {
    "$binary" simulate --url "$url" --email "$1" --password end-to-end-bench --devices 1 --duration 100ms >/dev/null 2>&1
    "$binary" admin plan "$1" --type paid --device-limit 100000 "${store[@]}" >/dev/null
}

stored() {
    curl -sf "$url/metrics" | awk '/^edgesync_log_readings_total/ { sum += $2 } END { printf "%d\n", sum }' || echo 0
}

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# CPU milliseconds of the threads that run flows.
threads() {
    local thread
    for thread in /proc/"$server"/task/*; do
        awk -v name="$(<"$thread/comm")" -v tick="$(getconf CLK_TCK)" '{ if (name ~ /^cell-/) printf "%s %d ms ", name, ($14 + $15) * 1000 / tick }' "$thread/stat"
    done
}

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

pss_kib() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }

# load TITLE ARGUMENTS...: a fleet against a fresh server.
load() {
    local title=$1 place="--data DIR"
    shift
    if [[ $title == *PostgreSQL* ]]; then
        database
        place="--database-url URL"
    else
        store=(--data "$work/data")
    fi
    start
    account bench@example.org
    # what the fleet makes before it sends is not part of the load
    if [[ $title == *"flows of 4 nodes"* ]]; then
        "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench "${@//$duration/1s}" >/dev/null 2>&1
    fi
    local before ticks after
    before=$(stored)
    ticks=$(cpu_ticks $server)
    say "" && say "## $title" && say ""
    say '```'
    say "edgesync serve --listen 127.0.0.1:0 $place ${serve[*]}"
    say "edgesync simulate --url URL --email bench@example.org --password … --json $*"
    "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench --json "$@" \
        >"$work/report.json" 2>"$work/fleet.log" || say "the fleet failed: $(tail -1 "$work/fleet.log")"
    cat "$work/report.json" >>"$result"
    after=$(stored)
    say "readings in the store: $((after - before))"
    acked=$(grep -o '"readings_acked":[0-9]*' "$work/report.json" | cut -d: -f2)
    [[ $((after - before)) -ge ${acked:-0} ]] || say "REJECTED: fewer in the store than acknowledged ($acked)"
    say "server: $(((($(cpu_ticks $server) - ticks) * 1000) / $(getconf CLK_TCK))) ms of CPU, $(resident_kib $server) KiB resident at the end; $(
        threads)"
    [[ -z $cluster ]] || say "PostgreSQL: $(database_ms) ms of CPU, $(psql -h 127.0.0.1 -p "$(sed -n 4p "$cluster/postmaster.pid")" -U bench -Atc \
        "SELECT count(*) || ' rows' FROM sensor_data" postgres)"
    say '```'
    sed -n '$p' "$work/fleet.log"
    stop
}

# on embedded|postgres: a fresh server on it.
on() {
    if [[ $1 == postgres ]]; then database; else store=(--data "$work/data"); fi
    start
    account bench@example.org
}

# fleet DURATION ARGUMENTS...: the load of goal 4 in the background, once it is connected; false if it does not.
fleet() {
    "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench --json \
        --devices 200 --rate 10 --readings 10 --window 64 --duration "$1" --flows --watch 50 --seed 4 "${@:2}" \
        >"$work/report.json" 2>"$work/fleet.log" &
    fleets+=($!)
    until grep -q 'devices connected' "$work/fleet.log"; do
        kill -0 "${fleets[-1]}" || { say "the fleet failed: $(tail -1 "$work/fleet.log")"; stop; return 1; }
        sleep 0.2
    done
}

# Requests beside the load of goal 4, and what they do to its latency.
rest() {
    on "$1"
    say "" && say "## REST beside 20,000 readings a second, $1" && say ""
    fleet 60s || return 0
    sleep 5 # something to read
    cargo bench --quiet --bench rest -- --url "$url" --email bench@example.org --password end-to-end-bench --seconds 6 \
        2>"$work/rest.log" | grep '^|' | tee -a "$result" || say "REJECTED: $(tail -1 "$work/rest.log")"
    wait "${fleets[0]}" || true
    say "" && say 'the fleet meanwhile:' && say "" && say '```'
    cat "$work/report.json" >>"$result"
    say '```'
    stop
}

# Stored readings through a flow.
replay() {
    on "$1"
    say "" && say "## Goal 10: a million stored readings through six nodes, $1" && say ""
    cargo bench --quiet --bench flows -- --url "$url" --email bench@example.org --password end-to-end-bench replay \
        2>"$work/flows.log" | grep stored | tee -a "$result" || say "REJECTED: $(tail -1 "$work/flows.log")"
    stop
}

# The load of goal 4 alone and beside deployments, one after the other, in turns.
deploys() {
    local turn beside
    say "" && say "## Goal 4 alone, and beside deployments that warm up, in turns"
    for turn in 1 2 3; do
        for beside in nothing deployments; do
            on embedded
            fleet 25s || return 0
            say "" && say "beside $beside:"
            [[ $beside == nothing ]] || cargo bench --quiet --bench flows -- --url "$url" --email bench@example.org \
                --password end-to-end-bench deploys --seconds 20 2>"$work/flows.log" | grep deployments | tee -a "$result" ||
                say "REJECTED: $(tail -1 "$work/flows.log")"
            wait "${fleets[0]}" || true
            say "" && say '```' && grep -o '"ack_ms":{[^}]*}\|"dashboard_ms":{[^}]*}\|"readings_acked":[0-9]*' "$work/report.json" | tee -a "$result"
            say '```'
            stop
        done
    done
}

# live NAME: a metric of live.
live() { curl -sf "$url/metrics" | awk -v name="edgesync_live_$1" '$1 == name || index($1, name "{") == 1 { sum += $2 } END { printf "%d\n", sum }'; }

# The load of goal 4 alone, beside viewers, and beside as many of which one takes nothing, in turns.
viewers() {
    local turn beside ticks told more
    say "" && say "## Goal 11: goal 4 alone, and beside 500 viewers of 10 widgets at 4 Hz, in turns"
    for ((turn = 1; turn <= ${TURNS:-3}; turn++)); do
        for beside in nothing viewers stalled; do
            on embedded
            case $beside in
            nothing) more=() ;;
            viewers) more=(--viewers 500 --viewer-widgets 10 --viewer-hz 4) ;;
            stalled) more=(--viewers 500 --viewer-widgets 10 --viewer-hz 4 --stalled 1) ;;
            esac
            fleet "$duration" "${more[@]}" || return 0
            sleep 5 # they have subscribed
            ticks=$(cpu_ticks $server) told=$(live updates_total)
            sleep 10
            told=$(($(live updates_total) - told))
            ticks=$(((($(cpu_ticks $server) - ticks) * 1000) / $(getconf CLK_TCK)))
            say "" && say "beside $beside (${more[*]}): in 10 s $told updates and $ticks ms of the server's CPU; $(live subscriptions) subscriptions, $(live subscriptions_slowed) slowed, $(
                live queued_bytes) bytes queued, $(resident_kib $server) KiB resident"
            wait "${fleets[0]}" || true
            say "" && say '```' && grep -o '"ack_ms":{[^}]*}\|"dashboard_ms":{[^}]*}\|"viewers_ms":{[^}]*}\|"readings_acked":[0-9]*' "$work/report.json" | tee -a "$result"
            say '```'
            stop
        done
    done
}

# Memory of viewers' sockets without and with many subscriptions, from one process of the fleet each.
subscriptions() {
    local many base now
    say "" && say "## Memory of subscriptions" && say "" && say '```'
    for many in 1 20; do
        on embedded
        "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench --devices 100 --rate 1 --readings 1 --duration 1s >/dev/null 2>&1
        base=$(pss_kib $server)
        "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench --json --devices 100 --rate 0.2 --readings 1 --duration 60s \
            --viewers 2000 --viewer-widgets $many --viewer-hz 1 >"$work/report.json" 2>"$work/fleet.log" &
        fleets+=($!)
        until grep -q 'devices connected' "$work/fleet.log"; do sleep 0.2; done
        sleep 40 # they have subscribed, and what that took has been given back
        now=$(pss_kib $server)
        say "2,000 viewers with $many subscriptions each: $(live subscriptions) subscriptions, $((now - base)) KiB more: $(awk "BEGIN { printf \"%.2f\", ($now - $base) / 2000 }") KiB a viewer"
        wait "${fleets[0]}" || true
        stop
    done
    say '```'
}

# What is on disk of readings that a fleet sent on a schedule.
disk() {
    on "$1"
    say "" && say "## Bytes a reading on disk, $1" && say ""
    say '```'
    local load=(--devices 50 --rate 100 --readings 20 --window 64 --duration "$duration" --seed 5) readings
    say "edgesync simulate … ${load[*]}"
    "$binary" simulate --url "$url" --email bench@example.org --password end-to-end-bench "${load[@]}" >/dev/null 2>"$work/fleet.log"
    readings=$(stored)
    if [[ $1 == postgres ]]; then
        psql -h 127.0.0.1 -p "$(sed -n 4p "$cluster/postmaster.pid")" -U bench -At postgres -c \
            "SELECT $readings || ' readings: ' || round(sum(pg_table_size(inhrelid)) / $readings, 1) || ' bytes a reading in tables, ' \
             || round(sum(pg_indexes_size(inhrelid)) / $readings, 1) || ' in indexes' \
             FROM pg_inherits WHERE inhparent = 'readings'::regclass" | tee -a "$result"
    else
        curl -sf "$url/metrics" | awk '/^edgesync_log_block_bytes_total/ { b = $2 } /^edgesync_log_sealed_offset/ { s = $2 }
            END { printf "blocks: %.2f bytes a reading, of %d that are sealed\n", b / s, s }' | tee -a "$result"
        du -sb "$work/data/readings" | awk -v n="$readings" \
            '{ printf "directory: %.1f bytes a reading of %d, with the commits and journals that are still kept\n", $1 / n, n }' | tee -a "$result"
    fi
    say '```'
    stop
}

connections() {
    store=(--data "$work/data")
    start
    say "" && say "## Goal 7: idle connections, one process of the fleet per step" && say ""
    say '```'
    say "edgesync serve --listen 127.0.0.1:0 --data DIR ${serve[*]}"
    say "edgesync simulate --url URL --email … --password … --idle --devices STEP --connect-rate 4000 --duration 1h"
    local base now before=0 total first last
    sleep 3 # allocators settle
    base=$(pss_kib $server)
    say "connections 0: $base KiB PSS"
    for total in $idle; do
        local step=$((total - before)) mail=bench$total@example.org
        account "$mail"
        "$binary" simulate --url "$url" --email "$mail" --password end-to-end-bench --idle --devices "$step" \
            --connect-rate 4000 --duration 1h >/dev/null 2>"$work/fleet.log" &
        fleets+=($!)
        until grep -q 'devices connected' "$work/fleet.log"; do
            kill -0 "${fleets[-1]}" || { say "the fleet failed: $(tail -1 "$work/fleet.log")"; stop; return; }
            sleep 0.2
        done
        sleep 5
        now=$(pss_kib $server)
        say "connections $total: $now KiB PSS; $(grep -a "devices connected" "$work/fleet.log")"
        [[ $before -eq 0 ]] && first="$total $now"
        last="$total $now"
        before=$total
    done
    read -r first_n first_kib <<<"$first"
    read -r last_n last_kib <<<"$last"
    say "from 0: $(awk "BEGIN { printf \"%.2f\", ($last_kib - $base) / $last_n }") KiB a connection"
    [[ $last_n -eq $first_n ]] ||
        say "slope from $first_n on: $(awk "BEGIN { printf \"%.2f\", ($last_kib - $first_kib) / ($last_n - $first_n) }") KiB a connection"
    say '```'
    stop
}

: >"$result"
say "# End to end at $ref"
say ""
say "- $(date -u +%FT%TZ), $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores, $(awk '/^MemTotal/ { printf "%d GiB", $2 / 1048576 }' /proc/meminfo), Linux $(uname -r)"
say "- data on $(stat -f -c %T "$work"), fsync before every acknowledgement; server and load generator share the machine"
say "- command: \`DURATION=$duration benches/end_to_end.sh $goals\`, ${BINARY:-release build}, default limits"

for goal in $goals; do
    case $goal in
    1) load "Goal 1: 20 readings a frame, one flow per device, as fast as it goes" \
        --devices 50 --rate max --readings 20 --window 24 --duration "$duration" --flows --seed 1 ;;
    2) load "Goal 2: goal 1 on PostgreSQL" \
        --devices 50 --rate max --readings 20 --window 24 --duration "$duration" --flows --seed 1 ;;
    2s) load "2 readings a frame on PostgreSQL" \
        --devices 50 --rate max --readings 2 --window 64 --duration "$duration" --seed 3 ;;
    4p) load "Goal 4 on PostgreSQL: 20,000 readings a second" \
        --devices 200 --rate 10 --readings 10 --window 64 --duration "$duration" --flows --watch 50 --seed 4 ;;
    3) load "Goal 3: 2 readings a frame, as fast as it goes" \
        --devices 50 --rate max --readings 2 --window 64 --duration "$duration" --seed 3 ;;
    4) load "Goal 4: 20,000 readings a second on a fixed schedule" \
        --devices 200 --rate 10 --readings 10 --window 64 --duration "$duration" --flows --watch 50 --seed 4 ;;
    6) load "Goal 6: 10,000 flows of 4 nodes, 100,000 readings a second over them" \
        --devices 10000 --rate 1 --readings 10 --window 64 --duration "$duration" --flows --seed 6 ;;
    7) connections ;;
    10) replay embedded && replay postgres ;;
    11) viewers ;;
    subs) subscriptions ;;
    deploy) deploys ;;
    rest) rest embedded && rest postgres ;;
    disk) disk embedded && disk postgres ;;
    *) echo "there is no goal $goal here" >&2 && exit 64 ;;
    esac
done
echo "written to $result"
