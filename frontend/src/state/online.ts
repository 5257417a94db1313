/**
 * Whether the API can be reached: what the last request and a heartbeat have found, not what the browser believes. A
 * shop's router answers long after the line behind it is dead.
 */

import { useEffect, useSyncExternalStore } from 'react';

const BEAT_MS = 10_000;
const BEAT_LOST_MS = 2_500;
const PATIENCE_MS = 4_000;

let isOnline = true;
const listeners = new Set<() => void>();

/** Told by every request that was answered, or was not. */
export function toldOfContact(wasReached: boolean): void {
  if (wasReached === isOnline) return;
  isOnline = wasReached;
  for (const listener of listeners) listener();
}

export function onContactChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function reachesApi(): boolean {
  return isOnline;
}

export function useOnline(): boolean {
  return useSyncExternalStore(onContactChange, reachesApi);
}

export async function beat(): Promise<boolean> {
  try {
    const answer = await fetch('/health/live', {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    toldOfContact(answer.ok);
  } catch {
    toldOfContact(false);
  }
  return isOnline;
}

/** Ask in turn, more often while there is no answer; `after` each. */
export function useHeartbeat(after: (isOnline: boolean) => void): void {
  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const next = async () => {
      const found = await beat();
      if (isOver) return;
      after(found);
      timer = window.setTimeout(() => void next(), found ? BEAT_MS : BEAT_LOST_MS);
    };
    void next();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, [after]);
}
