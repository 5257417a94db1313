#!/usr/bin/env bash
# Prove a ticket: send it, fetch its proof, verify the proof offline, flip a byte, see it fail.
#
# Needs bash, curl and python3, and a running demo (`make run` in another terminal). It reads the address and the API key
# from demo.json in the data folder. TILLVAULT names the command, `.venv/bin/tillvault` where it is not given.
set -euo pipefail

DEMO="${TILLVAULT_DATA_DIR:-var}/demo.json"
TILLVAULT="${TILLVAULT:-.venv/bin/tillvault}"
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

# get PATH FILE: what the vault says, into a file.
get() {
    curl --silent --show-error --fail --header "Authorization: Bearer $API_KEY" --output "$2" "$BASE_URL$1" ||
        fail "$BASE_URL$1 does not answer as it should. Is the demo running?"
}

echo "1. Send a ticket"
cat > "$WORK/ticket.json" <<JSON
{
  "tenant": "$TENANT",
  "source_model": "pos.order",
  "source_id": "POS/2025/$(date +%s%N)",
  "currency": "EUR",
  "total_incl_tax": 12.50,
  "pos_session": "SESSION/2025/01/14-01",
  "cashier": "Verena",
  "ticket": {"lines": [{"product": "Crêpe Manioc Sucre", "quantity": 2, "unit_price": 6.25}]}
}
JSON
STATUS=$(curl --silent --show-error --header "Authorization: Bearer $API_KEY" --header "Content-Type: application/json" \
    --data-binary @"$WORK/ticket.json" --output "$WORK/answer.json" --write-out '%{http_code}' \
    "$BASE_URL/api/v1/pos-tickets") || fail "$BASE_URL does not answer. Is the demo running?"
[[ $STATUS == 201 ]] || fail "the answer is $STATUS: $(cat "$WORK/answer.json")"
ID=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$WORK/answer.json")
echo "   recorded"

echo "2. Fetch its proof, and the public keys"
get "/api/v1/pos-tickets/$ID/proof" "$WORK/proof.json"
get "/jwks.json" "$WORK/jwks.json"
echo "   proof.json and jwks.json"

echo "3. Verify the proof, without the vault"
"$TILLVAULT" verify "$WORK/proof.json" --jwks "$WORK/jwks.json" >"$WORK/verdict.txt" ||
    fail "the proof does not hold: $(cat "$WORK/verdict.txt")"
echo "   it holds"

echo "4. Change one byte: 12.5 becomes 92.5"
sed 's/"total_incl_tax":12\.5/"total_incl_tax":92.5/' "$WORK/proof.json" >"$WORK/forged.json"
! cmp --silent "$WORK/proof.json" "$WORK/forged.json" || fail "nothing was changed"
CODE=0
"$TILLVAULT" verify "$WORK/forged.json" --jwks "$WORK/jwks.json" >"$WORK/verdict.txt" || CODE=$?
[[ $CODE == 1 ]] || fail "a forged proof ended with $CODE, not 1: $(cat "$WORK/verdict.txt")"
echo "   it is broken"

echo "Done."
