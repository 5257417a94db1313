import { Unreachable } from '@/http';

import { currentToken } from './login';

/** What the API said last to this login, so that a till without a network still knows where it stands. */
export async function remembered<T>(name: string, ask: () => Promise<T>): Promise<T> {
  const key = `tillvault.known.${name}`;
  const token = currentToken();
  try {
    const value = await ask();
    try {
      localStorage.setItem(key, JSON.stringify({ token, value }));
    } catch {
      // Storage is closed or full: there is only less to remember.
    }
    return value;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const kept = read(key);
    if (kept?.token !== token) throw error;
    return kept.value as T;
  }
}

function read(key: string): { token: string | null; value: unknown } | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') as { token: string | null; value: unknown } | null;
  } catch {
    return null;
  }
}
