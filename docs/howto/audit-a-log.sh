#!/usr/bin/env bash
# An audit from beginning to end: what is kept early on, what is asked for later, and how the two are compared.
#
# Needs bash, curl and python3, and a running demo (`make run` in another terminal), which plays the shop. It reads the
# address and the API key from demo.json in the data folder. TILLVAULT names the command, `.venv/bin/tillvault` where it
# is not given. The auditor's own steps (4 to 6) run in an empty folder, with an empty environment and, where the machine
# allows it, without a network.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
DEMO="${TILLVAULT_DATA_DIR:-var}/demo.json"
TILLVAULT=$(realpath "${TILLVAULT:-.venv/bin/tillvault}")
TENANT="laplatine"
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

[[ -e $DEMO ]] || fail "there is no $DEMO. Start the demo with 'make run', and run this from the same folder."
read -r BASE_URL API_KEY < <(python3 - "$DEMO" "$TENANT" <<'PY'
import json, sys

demo = json.load(open(sys.argv[1]))
print(demo["base_url"], next(one["api_key"] for one in demo["organisations"] if one["slug"] == sys.argv[2]))
PY
)
LEDGER="/api/v1/ledger/$TENANT"

# get PATH FILE: what the shop hands out, into a file.
get() {
    curl --silent --show-error --fail --header "Authorization: Bearer $API_KEY" --output "$WORK/$2" "$BASE_URL$1" ||
        fail "$BASE_URL$1 does not answer as it should. Is the demo running?"
}

# sell NUMBER: the shop's till records a ticket.
sell() {
    curl --silent --show-error --fail --header "Authorization: Bearer $API_KEY" --output /dev/null --data-binary \
        "{\"tenant\":\"$TENANT\",\"source_model\":\"pos.order\",\"source_id\":\"AUDIT/$1/$(date +%s%N)\",\"ticket\":{\"total\":$1}}" \
        "$BASE_URL/api/v1/pos-tickets" || fail "$BASE_URL does not answer. Is the demo running?"
}

# alone COMMAND…: with nothing of the shop's, and no network where that can be had.
alone() {
    local without=()
    unshare --user --map-root-user --net true 2>/dev/null && without=(unshare --user --map-root-user --net)
    (cd "$WORK" && env --ignore-environment PATH=/usr/bin:/bin "${without[@]}" "$@")
}

# ends CODE COMMAND…: run it alone, and see that it ends with this code.
ends() {
    local wanted=$1 code=0
    shift
    alone "$@" >"$WORK/verdict.txt" 2>&1 || code=$?
    [[ $code == "$wanted" ]] || fail "$* ended with $code, not $wanted: $(cat "$WORK/verdict.txt")"
}

PYTHON=$(realpath "$(command -v python3)")
COMPARE="$HERE/audit-a-log.py"

echo "1. Early on: keep the keys and a checkpoint"
sell 1 && sell 2 && sell 3
get "/jwks.json" jwks.json
get "$LEDGER/checkpoint?format=jws" earlier.jws
echo "   jwks.json and earlier.jws"

echo "2. The shop sells"
for number in 4 5 6 7; do sell $number; done
echo "   four tickets"

echo "3. At the audit: ask for the log as it is now"
get "$LEDGER/export" export.jsonl
get "$LEDGER/checkpoint?format=jws" later.jws
read -r FROM TO < <(python3 - "$WORK" <<'PY'
import base64, json, sys

for name in ("earlier", "later"):
    part = open(f"{sys.argv[1]}/{name}.jws").read().split(".")[1]
    print(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["size"], end=" ")
print()
PY
)
get "$LEDGER/consistency?from=$FROM&to=$TO" consistency.json
echo "   export.jsonl, later.jws and consistency.json"

echo "4. Verify them, without the shop"
ends 0 "$TILLVAULT" verify export.jsonl earlier.jws later.jws --jwks jwks.json
echo "   they hold"

echo "5. Compare the log with the earlier checkpoint"
ends 0 "$PYTHON" "$COMPARE" earlier.jws export.jsonl
ends 0 "$PYTHON" "$COMPARE" earlier.jws later.jws consistency.json
echo "   the log begins with the earlier one"

echo "6. What a shop that cheats would get"
sed '3d' "$WORK/export.jsonl" >"$WORK/removed.jsonl"
ends 1 "$TILLVAULT" verify removed.jsonl --jwks jwks.json
echo "   a ticket removed: broken"
sed '$d' "$WORK/export.jsonl" >"$WORK/cut.jsonl"
ends 1 "$TILLVAULT" verify cut.jsonl --jwks jwks.json
echo "   the end cut off: broken"
head -n "$FROM" "$WORK/export.jsonl" >"$WORK/shorter.jsonl"
ends 1 "$PYTHON" "$COMPARE" earlier.jws shorter.jsonl
echo "   a log that lacks what the earlier checkpoint counts: the past was changed"
ends 2 "$TILLVAULT" verify export.jsonl
echo "   no keys: not checked"

echo "Done."
