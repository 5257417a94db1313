import type { CreateClientConfig } from './api/client.gen';
import { deviceId } from './state/device';
import { currentToken, loginHasEnded } from './state/login';
import { toldOfContact } from './state/online';

/** A refusal of the API, whichever of its three dialects told it. `code` is what a page decides by. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: Record<string, unknown>,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The API could not be reached, or did not answer in time: nobody knows whether the act took place. */
export class Unreachable extends Error {
  constructor() {
    super('unreachable');
    this.name = 'Unreachable';
  }
}

export function hasCode(error: unknown, ...codes: string[]): error is ApiError {
  return error instanceof ApiError && codes.includes(error.code);
}

const TIMEOUT_MS = 20_000;
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** The envelope of `/v1`, `detail` of the terminals, and the plain sentence of the vault, as one error. */
export function refusalOf(status: number, body: unknown): ApiError {
  const outer = record(body);
  const told = 'detail' in outer ? record(outer.detail) : outer;
  const { code, error, message, ...extra } = told;
  const sentence = typeof message === 'string' ? message : typeof error === 'string' ? error : '';
  return new ApiError(status, typeof code === 'string' ? code : `HTTP_${status}`, sentence, extra);
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A login that the API no longer accepts may still ask why: released by a manager, or over in another way. */
async function whyEnded(token: string): Promise<'released' | 'expired'> {
  try {
    const answer = await fetch('/api/auth/verificar-sesion', {
      headers: { Authorization: `Bearer ${token}` },
    });
    return record(await answer.json()).estado === 'cerrada_por_admin' ? 'released' : 'expired';
  } catch {
    return 'expired';
  }
}

const underway = new Map<string, Promise<Response>>();

/** Every request of the app. Two clicks on one act share one request, by its key: neither is told that the other runs. */
export async function apiFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const key = request.headers.get('Idempotency-Key');
  if (key === null) return send(request);
  const running = underway.get(key) ?? send(request);
  underway.set(key, running);
  try {
    return (await running).clone();
  } finally {
    underway.delete(key);
  }
}

/** Who asks, from which device, and under which key a write may be repeated. */
async function send(request: Request): Promise<Response> {
  const token = currentToken();
  if (token !== null && !request.headers.has('Authorization')) {
    request.headers.set('Authorization', `Bearer ${token}`);
  }
  request.headers.set('X-Device-Id', deviceId());
  if (WRITES.has(request.method) && !request.headers.has('Idempotency-Key')) {
    request.headers.set('Idempotency-Key', crypto.randomUUID());
  }
  let response: Response;
  try {
    response = await fetch(request, {
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    if (request.signal.aborted) throw error;
    toldOfContact(false);
    throw new Unreachable();
  }
  toldOfContact(true);
  if (response.ok) return response;
  const refusal = refusalOf(response.status, await response.json().catch(() => null));
  if (refusal.code === 'UNAUTHORIZED' && token !== null) loginHasEnded(token, await whyEnded(token));
  throw refusal;
}

export const createClientConfig: CreateClientConfig = (config) => ({
  ...config,
  baseUrl: '',
  fetch: apiFetch,
  throwOnError: true,
});

/** The headers that make a write repeatable: the same key for every try of one act. */
export function keyed(key: string): { headers: { 'Idempotency-Key': string } } {
  return { headers: { 'Idempotency-Key': key } };
}

/** The `data` of the envelope of `/v1`. The client throws on every refusal, so an answer is always there. */
export async function data<T>(answer: Promise<{ data: T } | undefined>): Promise<T> {
  const given = await answer;
  if (given === undefined) throw new Unreachable();
  return given.data;
}

/** The whole body of an answer outside `/v1`. */
export async function body<T>(answer: Promise<T | undefined>): Promise<T> {
  const given = await answer;
  if (given === undefined) throw new Unreachable();
  return given;
}
