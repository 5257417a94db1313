#!/usr/bin/env bash
# A day at the drawer, over HTTP: from PIN to Z. The text beside this file explains each step.
#
# Needs bash, curl and python3, and a running demo (`make run` in another terminal). It reads the address, the PINs and
# the ids from demo.json in the data folder. It may be run again and again: what an earlier run left open is closed first.
set -euo pipefail

DEMO="${TILLVAULT_DATA_DIR:-var}/demo.json"
STORE="TIEN-7A31"

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
# Amounts stay as they are written (150.00), because a float would not.
pick() {
    python3 -c '
import json, sys

value = json.load(sys.stdin, parse_float=str)
for part in sys.argv[1].split("/"):
    name, is_search, wanted = part.partition("=")
    if is_search:
        value = next((item for item in value if str(item[name]) == wanted), None)
    elif isinstance(value, list):
        value = value[int(part)] if int(part) < len(value) else None
    else:
        value = value.get(part)
    if value is None:
        sys.exit(f"there is no {part} in {sys.argv[1]}")
print(json.dumps(value) if isinstance(value, (dict, list, bool)) else value)
' "$1"
}

answer() { pick "$1" <<<"$ANSWER" || fail "the answer has no $1: $ANSWER"; }

has() { pick "$1" <<<"$ANSWER" >/dev/null 2>&1; }

# expect WHAT GOT WANTED
expect() {
    [[ "$2" == "$3" ]] || fail "$1 is '$2', not '$3'"
}

# call METHOD PATH TOKEN STATUS [BODY [IDEMPOTENCY-KEY]]: sets ANSWER; any other status ends the script.
call() {
    local method=$1 path=$2 token=$3 wanted=$4 body=${5-} key=${6-} reply status
    local options=(--silent --show-error --max-time 30 --request "$method" --write-out '\n%{http_code}')
    if [[ -n $token ]]; then options+=(--header "Authorization: Bearer $token"); fi
    if [[ -n $body ]]; then options+=(--header "Content-Type: application/json" --data "$body"); fi
    if [[ -n $key ]]; then options+=(--header "Idempotency-Key: $key"); fi
    reply=$(curl "${options[@]}" "$BASE_URL$path") || fail "$BASE_URL does not answer. Is the demo running?"
    status=${reply##*$'\n'}
    ANSWER=${reply%$'\n'*}
    [[ $status == "$wanted" ]] || fail "$method $path answered $status, not $wanted: $ANSWER"
}

# validate PIN: who it is and where they can work. `forzar_cierre` ends a login that an earlier run left.
validate() {
    call POST /api/auth/validar-pin "" 200 "{\"pin\": \"$1\", \"codigo_tienda\": \"$STORE\", \"forzar_cierre\": true}"
}

# login PIN REGISTER: sets TOKEN.
login() {
    call POST /api/auth/login-pin "" 200 \
        "{\"pin\": \"$1\", \"codigo_tienda\": \"$STORE\", \"tpv_id\": \"$2\", \"dispositivo\": \"Tutorial\"}"
    TOKEN=$(answer access_token)
}

# free_register NAME [IDS TO AVOID]: sets REGISTER and REGISTER_NAME to the free register of that name in ANSWER, else to
# another free one.
free_register() {
    local found
    found=$(python3 -c '
import json, sys

free = [tpv for tpv in json.load(sys.stdin)["tpvs_disponibles"] if tpv["id"] not in sys.argv[2:]]
free.sort(key=lambda tpv: tpv["nombre"] != sys.argv[1])
print(free[0]["id"], free[0]["nombre"]) if free else sys.exit(1)
' "$@" <<<"$ANSWER") || fail "no register of $STORE is free. An admin can release one: POST /api/tpv/{id}/liberar"
    REGISTER=${found%% *}
    REGISTER_NAME=${found#* }
}

# movement TYPE AMOUNT REASON [IDEMPOTENCY-KEY]: by Juan, in his drawer.
movement() {
    call POST "/v1/cash/sessions/$SESSION/movements" "$JUAN" 201 \
        "{\"type\": \"$1\", \"amount\": {\"EUR\": $2}, \"reason\": \"$3\"}" "${4-}"
}

# x_expects AMOUNT: the X is right.
x_expects() {
    call GET "/v1/cash/sessions/reports/x?registerId=$CAJA" "$JUAN" 200
    expect "the expected cash of the X" "$(answer data/summary/byCurrency/currency=EUR/expectedCash)" "$1"
}

[[ -r $DEMO ]] || fail "there is no $DEMO. Start the demo with 'make run', and run this from the same folder."
SHOP="organisations/slug=mi-empresa"
BASE_URL=$(pick base_url <"$DEMO")
BRANCH=$(pick "$SHOP/branches/code=$STORE/id" <"$DEMO")
JUAN_ID=$(pick "$SHOP/users/username=juan/id" <"$DEMO")
JUAN_PIN=$(pick "$SHOP/users/username=juan/pin" <"$DEMO")
MARTA_PIN=$(pick "$SHOP/users/username=marta/pin" <"$DEMO")
CAJA_1=$(pick "$SHOP/branches/code=$STORE/registers/name=Caja 1/id" <"$DEMO")

step "1. The terminal asks which store $STORE is"
call GET "/api/tienda/verificar/$STORE" "" 200
say "$(answer tienda_nombre), $(answer organizacion_nombre)"

step "2. Marta, the manager, logs in"
validate "$MARTA_PIN"
if has sesion_pausada/tpv_id; then
    REGISTER=$(answer sesion_pausada/tpv_id)
    REGISTER_NAME=$(answer sesion_pausada/tpv_nombre)
else
    free_register "Caja 2" "$CAJA_1"
fi
login "$MARTA_PIN" "$REGISTER"
MARTA=$TOKEN
expect "Marta's role" "$(answer usuario/rol)" "supervisor"
say "$REGISTER_NAME, as $(answer usuario/rol)"
call GET "/v1/cash/sessions?branchId=$BRANCH&status=OPEN&limit=200" "$MARTA" 200
while has "data/items/openedBy=$JUAN_ID/id"; do
    left=$(answer "data/items/openedBy=$JUAN_ID/id")
    expected=$(answer "data/items/openedBy=$JUAN_ID/balances/currency=EUR/expectedCash")
    call POST "/v1/cash/sessions/$left/force-close" "$MARTA" 200 \
        "{\"countedCash\": {\"EUR\": $expected}, \"reason\": \"Left open by an earlier run of the tutorial\"}"
    say "Juan's drawer of an earlier run is closed by force"
    call GET "/v1/cash/sessions?branchId=$BRANCH&status=OPEN&limit=200" "$MARTA" 200
done
# Registers whose drawer somebody else holds open cannot be opened again.
open_registers=$(python3 -c '
import json, sys

print(*(item["registerId"] for item in json.load(sys.stdin)["data"]["items"] if item["registerId"]))
' <<<"$ANSWER")

step "3. Juan, the cashier, logs in"
validate "$JUAN_PIN"
# shellcheck disable=SC2086  # ids without blanks, one argument each
free_register "Caja 1" $open_registers
CAJA=$REGISTER
CAJA_NAME=$REGISTER_NAME
login "$JUAN_PIN" "$CAJA"
JUAN=$TOKEN
say "$CAJA_NAME, as $(answer usuario/rol)"

step "4. He opens the drawer with 150.00 EUR"
call POST /v1/cash/sessions "$JUAN" 201 '{"openingFloat": {"EUR": 150.00}, "note": "Morning"}'
SESSION=$(answer data/id)
expect "the status" "$(answer data/status)" "OPEN"
expect "the register" "$(answer data/registerId)" "$CAJA"
say "$(answer data/status), $(answer data/balances/0/expectedCash) EUR expected"

step "5. Cash goes in and out"
KEY="tutorial-$SESSION"
movement PAID_IN 50.00 "Change from the bank" "$KEY"
first=$(answer data/id)
movement PAID_IN 50.00 "Change from the bank" "$KEY"
expect "the movement of the repeated request" "$(answer data/id)" "$first"
say "PAID_IN   50.00 EUR, sent twice with one Idempotency-Key, recorded once"
movement PAID_OUT 12.35 "Window cleaner"
say "PAID_OUT  12.35 EUR, $(answer data/status)"
movement SAFE_DROP 80.00 "Notes into the safe"
say "SAFE_DROP 80.00 EUR, $(answer data/status)"
x_expects 107.65
say "107.65 EUR expected"

step "6. 120.00 EUR more is above the approval limit of a cashier"
movement PAID_IN 120.00 "Float for the market stall"
PENDING=$(answer data/id)
expect "the status of the movement" "$(answer data/status)" "PENDING"
x_expects 107.65
say "PENDING, still 107.65 EUR expected"
call POST "/v1/cash/sessions/$SESSION/movements/$PENDING/approve" "$MARTA" 200 '{"note": "Agreed by telephone"}'
expect "the status of the movement" "$(answer data/status)" "APPROVED"
x_expects 227.65
say "Marta approves: 227.65 EUR expected"

step "7. The X shows the drawer as it stands"
call GET "/v1/cash/sessions/reports/x?registerId=$CAJA" "$JUAN" 200
expect "the number of movements" "$(answer data/movementsTotal)" "4"
for name in openingFloat totalPaidIn totalPaidOut totalSafeDrops expectedCash; do
    say "$(printf '%-15s %7s EUR' "$name" "$(answer "data/summary/byCurrency/currency=EUR/$name")")"
done

step "8. Juan goes to lunch: a logout with an open drawer is a pause"
call POST /api/auth/logout-pos "$JUAN" 200
expect "the state of the session" "$(answer estado)" "pausada"
expect "the cash in the drawer" "$(answer monto_caja)" "227.65"
say "$(answer estado), $CAJA_NAME is kept for him with $(answer monto_caja) EUR"
call GET "/v1/cash/sessions/$SESSION" "$JUAN" 401
say "his old token is refused: $(answer code)"

step "9. He comes back and resumes on the same register"
validate "$JUAN_PIN"
expect "the paused register" "$(answer sesion_pausada/tpv_id)" "$CAJA"
expect "the choice of other registers" "$(answer tpvs_disponibles)" "[]"
login "$JUAN_PIN" "$CAJA"
JUAN=$TOKEN
call GET /v1/cash/sessions/active "$JUAN" 200
expect "the open drawer" "$(answer data/id)" "$SESSION"
say "$CAJA_NAME, the same drawer"

step "10. He counts 217.65 EUR and closes: 10.00 EUR are missing"
call POST "/v1/cash/sessions/$SESSION/close" "$JUAN" 200 \
    '{"countedCash": {"EUR": 217.65}, "note": "Counted twice, a ten is missing"}'
expect "the variance" "$(answer data/balances/0/variance)" "-10.00"
expect "the status" "$(answer data/status)" "PENDING_REVIEW"
Z_NUMBER=$(answer data/zNumber)
say "$(answer data/status), variance $(answer data/balances/0/variance) EUR, beyond the branch's threshold"
call POST /api/auth/logout-pos "$JUAN" 200
expect "the state of the session" "$(answer estado)" "cerrada"
say "Juan logs out: $(answer estado)"

step "11. Marta reviews the difference"
call POST "/v1/cash/sessions/$SESSION/review" "$MARTA" 200 \
    '{"decision": "APPROVE", "note": "Looked for together, not found"}'
expect "the status" "$(answer data/status)" "CLOSED"
say "$(answer data/status)"

step "12. The Z of the close"
call GET "/v1/cash/sessions/reports/z/$SESSION" "$MARTA" 200
Z=$ANSWER
expect "the number of the Z" "$(answer data/zNumber)" "$Z_NUMBER"
say "Z $Z_NUMBER of $(answer data/session/registerName), $(answer data/session/openedByName)"
for name in openingFloat totalSalesCash totalRefunds totalPaidIn totalPaidOut totalAdjustments totalSafeDrops \
    expectedCash countedCash variance; do
    say "$(printf '%-16s %7s EUR' "$name" "$(answer "data/summary/byCurrency/currency=EUR/$name")")"
done
call GET "/v1/cash/sessions/reports/z/$SESSION" "$MARTA" 200
[[ $ANSWER == "$Z" ]] || fail "the Z reads differently the second time"
say "read again: the same bytes"
call POST /api/auth/logout-pos "$MARTA" 200

step "Done."
