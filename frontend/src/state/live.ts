import { useEffect, useRef } from 'react';

import { currentToken } from './login';

export interface LiveEvent {
  type: string;
  data: Record<string, unknown>;
}

const RETRY_MS = 2_000;

/** The frames of a stream of server-sent events (WHATWG HTML, "Server-sent events"), as far as the API uses them. */
export function* framesOf(text: string): Generator<LiveEvent> {
  for (const frame of text.split('\n\n')) {
    let type = '';
    let data = '';
    for (const line of frame.split('\n')) {
      if (line.startsWith('event: ')) type = line.slice(7);
      if (line.startsWith('data: ')) data += line.slice(6);
    }
    if (type !== '') yield { type, data: JSON.parse(data || '{}') as Record<string, unknown> };
  }
}

async function listen(token: string, signal: AbortSignal, heard: (event: LiveEvent) => void): Promise<void> {
  // Not EventSource: it cannot send a token, and a token in an address ends up in logs.
  const answer = await fetch('/v1/events/stream', { headers: { Authorization: `Bearer ${token}` }, signal });
  if (answer.status === 401) heard({ type: 'ended', data: {} });
  if (!answer.ok || answer.body === null) throw new Error('no stream');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const end = rest.lastIndexOf('\n\n');
    if (end < 0) continue;
    for (const event of framesOf(rest.slice(0, end))) heard(event);
    rest = rest.slice(end + 2);
  }
}

/** Hear of what happens, as long as the component stands; after a lost connection `reset` says to reload. */
export function useLive(heard: (event: LiveEvent) => void): void {
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  const token = currentToken();
  useEffect(() => {
    if (token === null) return;
    const stop = new AbortController();
    void (async () => {
      for (let isFirst = true; !stop.signal.aborted; isFirst = false) {
        if (!isFirst) latest.current({ type: 'reset', data: {} });
        await listen(token, stop.signal, (event) => {
          latest.current(event);
        }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    })();
    return () => {
      stop.abort();
    };
  }, [token]);
}
