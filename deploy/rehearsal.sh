#!/usr/bin/env bash
# The fleet of docker-compose.yml's profile `postgres` as plain processes: PostgreSQL, a shared sandbox, two replicas, and
# Caddy with deploy/Caddyfile. Under a stream of calls the replicas are restarted one after the other and one is killed.
# Prints how every call ended; exit code 1 if one was lost. Needs curl, PostgreSQL's server and Caddy 2.8 or newer
# (CADDY=/path/to/caddy). Nothing leaves this machine; the processes end with the script.
#
#     cargo build && deploy/rehearsal.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${PROGRAM:-target/debug/okta-lineworks}
caddy=${CADDY:-caddy}
postgres=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -1 || true)
export PATH=$PATH:$postgres
folder=$(mktemp -d)
chmod 755 "$folder"
declare -A running=()

end() {
  kill "${running[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  as_owner pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT

# PostgreSQL does not run as root.
as_owner() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- env PATH="$PATH" "$@"; else "$@"; fi; }

wait_for() { # until a URL answers 200
  for _ in $(seq 300); do
    [ "$(curl -ks -o /dev/null -w '%{http_code}' "$1")" = 200 ] && return
    sleep 0.1
  done
  echo "$1 does not answer" >&2; tail -n 5 "$folder"/*.log >&2; exit 1
}

start() { # a replica, as the compose file does
  OKTA_LINEWORKS__LEDGER__URL="postgres://postgres@127.0.0.1:15432/postgres?sslmode=disable" \
  OKTA_LINEWORKS__SERVER__DRAIN_TIME=5s \
    "$program" serve --sandbox --sandbox-url http://127.0.0.1:18090 --listen "127.0.0.1:$1" >>"$folder/$1.log" 2>&1 &
  running[$1]=$!
  wait_for "http://127.0.0.1:$1/readyz"
}

install -d -m 700 "$folder/data"
[ "$(id -u)" = 0 ] && chown postgres "$folder/data"
as_owner initdb -D "$folder/data" -U postgres -A trust -E UTF8 >/dev/null
as_owner pg_ctl -D "$folder/data" -w -l "$folder/data/log" -o "-p 15432 -k $folder/data" start >/dev/null
"$program" sandbox --listen 127.0.0.1:18090 >"$folder/sandbox.log" 2>&1 & running[sandbox]=$!
wait_for http://127.0.0.1:18090/_sandbox/stats
start 18081
start 18082
SITE=https://localhost:18443 REPLICAS="127.0.0.1:18081 127.0.0.1:18082" XDG_DATA_HOME=$folder \
  "$caddy" run --config deploy/Caddyfile >"$folder/caddy.log" 2>&1 & running[caddy]=$!
wait_for https://localhost:18443/readyz
authority=$folder/caddy/pki/authorities/local/root.crt

# Eight callers, one call after the other each; every third is the hook's.
caller() {
  local n=0
  while [ ! -e "$folder/enough" ]; do
    n=$((n + 1))
    local person="00u$1x$n" now; now=$(date -u +%FT%TZ)
    if [ $((n % 3)) = 0 ]; then
      set -- "$1" -X POST https://localhost:18443/v1/okta/events -H 'Authorization: sandbox-hook' --data '{"data": {"events": [{"uuid": "'"$person"'", "published": "'"$now"'",
        "eventType": "application.user_membership.add", "outcome": {"result": "SUCCESS"}, "target": [
        {"id": "'"$person"'", "type": "User", "alternateId": "'"$person"'@sandbox.example"}, {"id": "0oaSANDBOX", "type": "AppInstance"}]}]}}'
    else
      set -- "$1" -X PUT "https://localhost:18443/v1/assignments/$person" -H 'Authorization: Bearer sandbox-card' -H 'Prefer: wait=0' --data '{"user": {
        "email": "'"$person"'@sandbox.example", "userName": {"lastName": "A", "firstName": "B"}}, "eventId": "'"$person"'", "occurredAt": "'"$now"'"}'
    fi
    curl -s --cacert "$authority" -o /dev/null -w '%{http_code} %{method}\n' -H 'Content-Type: application/json' "${@:2}" >>"$folder/calls-$1" || true
  done
}
for number in 1 2 3 4 5 6 7 8; do caller "$number" & done
callers=$(jobs -p | tail -8)

sleep 3
for port in 18081 18082; do
  echo "replica $port: stop, start"
  kill "${running[$port]}"; wait "${running[$port]}" || echo "  exit code $?"
  start "$port"
  sleep 3
done
echo "replica 18081: kill -9, start"
kill -9 "${running[18081]}"; wait "${running[18081]}" 2>/dev/null || true
sleep 5
start 18081
sleep 3
touch "$folder/enough"
wait $callers

echo "calls by answer:"
sort "$folder"/calls-* | uniq -c
stored=$(as_owner psql -h 127.0.0.1 -p 15432 -U postgres -Atc "SELECT count(DISTINCT okta_user_id) FROM events")
acknowledged=$(cat "$folder"/calls-* | grep -c '^2' || true)
lost=$(cat "$folder"/calls-* | grep -vc '^2' || true)
# Nobody is left: a card must be told to come back, and the hook to send again.
kill -9 "${running[18081]}" "${running[18082]}"
outage=$(curl -s --cacert "$authority" -o /dev/null -w '%{http_code}' -X PUT https://localhost:18443/v1/assignments/00uX --data '{}')
outage+=" $(curl -s --cacert "$authority" -o /dev/null -w '%{http_code}' -X POST https://localhost:18443/v1/okta/events --data '{}')"
echo "without any replica a card is told ${outage% *}, the hook ${outage#* }"
echo "acknowledged: $acknowledged, people with an event in the ledger: $stored, lost calls: $lost"
[ "$lost" = 0 ] && [ "$stored" -ge "$acknowledged" ] && [ "$outage" = "429 503" ]
