#!/usr/bin/env bash
# The part of `./dev fresh` that runs inside the fresh Debian: a stranger's first minutes with kvs, timed.
set -euo pipefail
cd /root/kvs

port=$((20000 + RANDOM % 10000))
client=(build/release/bin/kvs-client)
begin=$SECONDS

echo "== ./dev run"
./dev run --addr "127.0.0.1:$port" >/root/run.log 2>&1 &
server=$!
until [[ -x ${client[0]} ]] && "${client[@]}" set greeting hello --addr "127.0.0.1:$port" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { tail -n 40 /root/run.log; echo "./dev run ended before it served"; exit 1; }
  sleep 1
done
answer=$("${client[@]}" get greeting --addr "127.0.0.1:$port")
[[ $answer == hello ]] || { echo "get answered '$answer', not 'hello'"; exit 1; }
kill -TERM "$server"
wait "$server" || { tail -n 20 /root/run.log; echo "the server did not end well"; exit 1; }
tail -n 12 /root/run.log
echo "== ./dev run: from nothing to the first answer and a clean stop in $((SECONDS - begin)) s"

begin=$SECONDS
echo "== ./dev test"
./dev test >/root/test.log 2>&1 || { tail -n 60 /root/test.log; echo "./dev test failed"; exit 1; }
tail -n 6 /root/test.log
echo "== ./dev test: $((SECONDS - begin)) s"
