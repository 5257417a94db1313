#!/usr/bin/env bash
# A day at the till, over HTTP: from the catalogue to the Z, with a webhook that is verified and a ticket that is proven.
# The text beside this file explains each step.
#
# Needs bash, curl and python3, and a running demo that may send webhooks to this machine
# (`WEBHOOKS_ALLOW_PRIVATE_TARGETS=true make run` in another terminal). It reads the address, PINs and ids from demo.json
# in the data folder. TILLVAULT names the command, `.venv/bin/tillvault` where it is not given. It may be run again and
# again: what an earlier run left is put away first.
set -euo pipefail

DEMO="${TILLVAULT_DATA_DIR:-var}/demo.json"
TILLVAULT="${TILLVAULT:-.venv/bin/tillvault}"
STORE="TIEN-7A31"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
WORK=$(mktemp -d)
RECEIVER=""

tidy_up() {
    if [[ -n $RECEIVER ]]; then kill "$RECEIVER" 2>/dev/null || true; fi
    rm -rf "$WORK"
}
trap tidy_up EXIT
# A failure inside $(…) would end only that: the signal ends the script itself.
trap 'exit 1' TERM
fail() {
    echo "FAILED: $*" >&2
    kill -TERM $$
    exit 1
}

step() { printf '\n%s\n' "$*"; }

say() { printf '   %s\n' "$*"; }

# pick PATH: one value of the JSON on standard input. `/` goes down; `key=value` takes the first such item of a list.
# Amounts stay as they are written (14.90), because a float would not.
pick() {
    python3 -c '
import json, sys

value = json.load(sys.stdin, parse_float=str)
for part in sys.argv[1].split("/"):
    name, is_search, wanted = part.partition("=")
    if is_search:
        value = next((item for item in value if str(item[name]) == wanted), None)
    else:
        value = value[int(part)] if isinstance(value, list) else value.get(part)
    if value is None:
        sys.exit(f"there is no {part} in {sys.argv[1]}")
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)
' "$1"
}

answer() { pick "$1" <<<"$ANSWER" || fail "the answer has no $1: $ANSWER"; }

has() { pick "$1" <<<"$ANSWER" >/dev/null 2>&1; }

# expect WHAT GOT WANTED
expect() { [[ "$2" == "$3" ]] || fail "$1 is '$2', not '$3'"; }

# call METHOD PATH TOKEN STATUS [BODY [CONTENT TYPE]]: sets ANSWER; any other status ends the script.
call() {
    local method=$1 path=$2 token=$3 wanted=$4 body=${5-} type=${6-application/json} reply status
    local options=(--silent --show-error --max-time 30 --request "$method" --write-out '\n%{http_code}')
    if [[ -n $token ]]; then options+=(--header "Authorization: Bearer $token"); fi
    if [[ -n $body ]]; then options+=(--header "Content-Type: $type" --data-binary "$body"); fi
    reply=$(curl "${options[@]}" "$BASE_URL$path") || fail "$BASE_URL does not answer. Is the demo running?"
    status=${reply##*$'\n'}
    ANSWER=${reply%$'\n'*}
    [[ $status == "$wanted" ]] || fail "$method $path answered $status, not $wanted: $ANSWER"
}

new_id() { python3 -c 'import uuid; print(uuid.uuid4())'; }

# product BARCODE: its id.
product() {
    call GET "/v1/catalogue/products?barcode=$1" "$ELENA" 200
    answer data/items/0/id
}

# sale LINES PAYMENTS [MORE]: by Ana, under an id that the till makes. Sets SALE.
sale() {
    SALE=$(new_id)
    call POST /v1/sales "$ANA" 201 "{\"id\": \"$SALE\", \"lines\": [$1], \"payments\": [$2]${3:+, $3}}"
    expect "the place in the ledger" "$(answer data/ledgerHash | cut -c 1-11)" "LEDGER:POS:"
}

# x_says NAME: of the sales in the X or Z in ANSWER.
x_says() { answer "data/sales/$1"; }

[[ -r $DEMO ]] || fail "there is no $DEMO. Start the demo with 'make run', and run this from the same folder."
SHOP="organisations/slug=mi-empresa"
BASE_URL=$(pick base_url <"$DEMO")
BRANCH=$(pick "$SHOP/branches/code=$STORE/id" <"$DEMO")
CAJA=$(pick "$SHOP/branches/code=$STORE/registers/name=Caja 3/id" <"$DEMO")
ANA_ID=$(pick "$SHOP/users/username=ana/id" <"$DEMO")
ANA_PIN=$(pick "$SHOP/users/username=ana/pin" <"$DEMO")

step "1. Elena, the owner, logs in at the office and imports her catalogue"
call POST /api/auth/login "" 200 '{"username": "elena", "password": "demo-elena", "organizacion": "mi-empresa"}'
ELENA=$(answer access_token)
cat >"$WORK/products.csv" <<'CSV'
barcode,name,category,price,tax_rate,eee_category,weight_grams
2990000000014,Tutorial lamp,Tutorial lighting,12.50,20,EEE-4,850
2990000000021,Tutorial kettle,Tutorial kitchen,8.00,20,EEE-2,900
2990000000038,Tutorial bicycle,Tutorial bicycles,35.00,20,,9500
2990000000045,Tutorial postcard,Tutorial paper,1.20,5.5,,
CSV
call POST "/v1/catalogue/imports?dryRun=true" "$ELENA" 200 "@$WORK/products.csv" text/csv
expect "the number of bad lines" "$(answer data/errorCount)" "0"
call POST /v1/catalogue/imports "$ELENA" 200 "@$WORK/products.csv" text/csv
LAMP=$(product 2990000000014)
KETTLE=$(product 2990000000021)
BICYCLE=$(product 2990000000038)
POSTCARD=$(product 2990000000045)
say "4 products, no bad line"

step "2. She has every sale told to her accounting, signed"
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
call GET /v1/webhooks "$ELENA" 200
for left in $(python3 -c '
import json, sys

items = json.load(sys.stdin)["data"]["items"]
print(*(item["id"] for item in items if item["isActive"] and item["description"] == "Tutorial"))
' <<<"$ANSWER"); do
    call PATCH "/v1/webhooks/$left" "$ELENA" 200 '{"isActive": false}'
done
call POST /v1/webhooks "$ELENA" 201 \
    "{\"url\": \"http://127.0.0.1:$PORT/\", \"types\": [\"sale.finalized\", \"sale.refunded\"], \"description\": \"Tutorial\"}"
WEBHOOK=$(answer data/id)
WEBHOOK_SECRET=$(answer data/secret) PORT=$PORT python3 "$HERE/../howto/receive-webhooks.py" >"$WORK/received.txt" &
RECEIVER=$!
for _ in $(seq 100); do
    if (: <>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then break; fi
    sleep 0.1
done
say "a receiver listens, it takes nothing that is not signed"

step "3. Ana logs in and opens the drawer of Caja 3 with 100.00 EUR"
call GET "/v1/cash/sessions?branchId=$BRANCH&status=OPEN&limit=200" "$ELENA" 200
while has "data/items/openedBy=$ANA_ID/id"; do
    call POST "/v1/cash/sessions/$(answer "data/items/openedBy=$ANA_ID/id")/force-close" "$ELENA" 200 \
        '{"reason": "Left open by an earlier run of the tutorial"}'
    call GET "/v1/cash/sessions?branchId=$BRANCH&status=OPEN&limit=200" "$ELENA" 200
done
call POST /api/auth/validar-pin "" 200 \
    "{\"pin\": \"$ANA_PIN\", \"codigo_tienda\": \"$STORE\", \"forzar_cierre\": true}"
call POST /api/auth/login-pin "" 200 \
    "{\"pin\": \"$ANA_PIN\", \"codigo_tienda\": \"$STORE\", \"tpv_id\": \"$CAJA\", \"dispositivo\": \"Tutorial\"}"
ANA=$(answer access_token)
call POST /v1/cash/sessions "$ANA" 201 '{"openingFloat": {"EUR": 100.00}}'
SESSION=$(answer data/id)
say "$(answer data/status)"

step "4. Twenty sales"
for round in 1 2 3 4; do
    sale "{\"productId\": \"$LAMP\"}, {\"productId\": \"$POSTCARD\", \"quantity\": 2}" \
        '{"method": "CASH", "amount": 20.00}'
    expect "the change" "$(answer data/change/0/amount)" "-5.10"
    WITH_CHANGE=$SALE
    sale "{\"productId\": \"$BICYCLE\"}" '{"method": "CARD", "amount": 35.00, "reference": "terminal 7"}'
    sale "{\"productId\": \"$KETTLE\"}, {\"productId\": \"$LAMP\"}" \
        '{"method": "CASH", "amount": 10.00}, {"method": "CARD", "amount": 10.50}'
    sale "{\"productId\": \"$LAMP\", \"discount\": {\"percent\": 10}}" '{"method": "CASH", "amount": 11.25}'
    expect "the price after the discount" "$(answer data/total)" "11.25"
    sale "{\"productId\": \"$KETTLE\"}" '{"method": "CASH", "amount": 10.00}' '"donation": 2.00'
    DONATED=$SALE
    TICKET=$(answer data/ticketId)
    if [[ $round == 1 ]]; then
        say "cash 20.00 for 14.90, change 5.10"
        say "card 35.00"
        say "cash 10.00 and card 10.50"
        say "11.25 after a discount of 10 %"
        say "10.00 with a donation of 2.00"
        say "and again, four times in all"
    fi
done
# The till did not hear the answer and sends the last sale again.
call POST /v1/sales "$ANA" 200 "{\"id\": \"$DONATED\", \"lines\": [{\"productId\": \"$KETTLE\"}],
    \"payments\": [{\"method\": \"CASH\", \"amount\": 10.00}], \"donation\": 2.00}"
expect "the sale of the repeated request" "$(answer data/id)" "$DONATED"
say "the last one sent twice under its id, sold once"

step "5. A lamp comes back"
call POST "/v1/sales/$WITH_CHANGE/refunds" "$ANA" 201 \
    '{"lines": [{"number": 1, "quantity": 1}], "reason": "It flickers"}'
expect "what comes back" "$(answer data/total)" "-12.50"
call POST "/v1/sales/$WITH_CHANGE/refunds" "$ANA" 400 \
    '{"lines": [{"number": 1, "quantity": 1}], "reason": "It flickers"}'
say "12.50 EUR paid out; a second time it is refused: $(answer code)"

step "6. The X adds up"
call GET "/v1/cash/sessions/reports/x?registerId=$CAJA" "$ANA" 200
expect "the total" "$(x_says total)" "354.10"
expect "the expected cash" "$(answer data/summary/byCurrency/currency=EUR/expectedCash)" "272.10"
say "$(x_says count) sales, $(x_says refundCount) refund, on average $(x_says average) EUR"
for name in goods donations total; do say "$(printf '%-10s %7s EUR' "$name" "$(x_says "$name")")"; done
for method in CASH CARD; do
    say "$(printf '%-10s %7s EUR' "$method" "$(answer "data/sales/byMethod/method=$method/total")")"
done
for rate in 20.00 5.50; do
    say "$(printf '%-10s %7s EUR, of which tax %5s' "$rate %" "$(answer "data/sales/byTax/rate=$rate/total")" \
        "$(answer "data/sales/byTax/rate=$rate/tax")")"
done

step "7. Ana counts 272.10 EUR and closes"
call POST "/v1/cash/sessions/$SESSION/close" "$ANA" 200 '{"countedCash": {"EUR": 272.10}}'
expect "the status" "$(answer data/status)" "CLOSED"
call GET "/v1/cash/sessions/reports/z/$SESSION" "$ANA" 200
Z=$ANSWER
expect "the total of the Z" "$(x_says total)" "354.10"
call GET "/v1/cash/sessions/reports/z/$SESSION" "$ELENA" 200
[[ $ANSWER == "$Z" ]] || fail "the Z reads differently the second time"
say "CLOSED, variance $(answer data/summary/byCurrency/currency=EUR/variance) EUR"
say "the Z says $(x_says total) EUR, and says it again with the same bytes"
call POST /api/auth/logout-pos "$ANA" 200

step "8. Accounting has heard of all of it"
for _ in $(seq 200); do
    if [[ $(wc -l <"$WORK/received.txt") -ge 21 ]]; then break; fi
    sleep 0.1
done
expect "the number of sales received" "$(grep -c '^sale.finalized' "$WORK/received.txt" || true)" "20"
expect "the number of refunds received" "$(grep -c '^sale.refunded' "$WORK/received.txt" || true)" "1"
STATUS=$(curl --silent --output /dev/null --write-out '%{http_code}' --header "webhook-id: forged" \
    --header "webhook-timestamp: $(date +%s)" --header "webhook-signature: v1,Zm9yZ2Vk" \
    --data '{"id": "forged", "type": "sale.finalized"}' "http://127.0.0.1:$PORT/")
expect "the answer to a forged one" "$STATUS" "400"
call PATCH "/v1/webhooks/$WEBHOOK" "$ELENA" 200 '{"isActive": false}'
say "20 sales and 1 refund, each signature verified; a forged one is refused"

step "9. One of the tickets is proven, without the vault"
curl --silent --show-error --fail --header "Authorization: Bearer $ELENA" --output "$WORK/proof.json" \
    "$BASE_URL/api/v1/pos-tickets/$TICKET/proof" || fail "there is no proof of $TICKET"
curl --silent --show-error --fail --output "$WORK/jwks.json" "$BASE_URL/jwks.json" || fail "there are no public keys"
"$TILLVAULT" verify "$WORK/proof.json" --jwks "$WORK/jwks.json" >"$WORK/verdict.txt" ||
    fail "the proof does not hold: $(cat "$WORK/verdict.txt")"
grep -q "$DONATED" "$WORK/proof.json" || fail "the proof is not of the sale"
say "the proof holds, and names the sale"

step "Done."
