// A receiver of Tillvault's webhooks. It needs Node 18 and nothing else.
//
// WEBHOOK_SECRET=whsec_… PORT=8800 node receive-webhooks.mjs

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const SECRET = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const BODY_BYTES_MAX = 1_000_000;
const TOLERANCE_SECONDS = 300;

// Ids of events that were handled. A real receiver keeps them in its database, in the transaction of what it does.
const seen = new Set();

// Whether whoever knows the secret sent exactly this body, and not long ago (Standard Webhooks 1.0).
function isGenuine(headers, body) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const wanted = createHmac("sha256", SECRET).update(`${id}.${timestamp}.`).update(body).digest();
  // After a rotation there are two signatures for a day: one that fits is enough.
  return (headers["webhook-signature"] ?? "").split(" ").some((part) => {
    const given = Buffer.from(part.replace(/^v1,/, ""), "base64");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

function receive(request, response) {
  const answer = (status) => response.writeHead(status).end();
  // The bytes as they come: JSON that was read and written again would have another signature.
  const parts = [];
  let size = 0;
  request.on("data", (part) => {
    size += part.length;
    if (size <= BODY_BYTES_MAX) parts.push(part);
  });
  request.on("end", () => {
    if (request.method !== "POST") return answer(405);
    if (size > BODY_BYTES_MAX) return answer(413);
    const body = Buffer.concat(parts);
    if (!isGenuine(request.headers, body)) return answer(400);
    const event = JSON.parse(body.toString("utf8"));
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(event.type, event.key, event.id);
    }
    // An event that came before is answered as it was then: whoever sent it again did not hear it.
    answer(204);
  });
}

createServer(receive).listen(Number(process.env.PORT ?? 8800), "127.0.0.1");
