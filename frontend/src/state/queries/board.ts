import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import { liveBoard, release } from '@/api';
import type { BoardLine } from '@/api';
import { body, data } from '@/http';
import type { LiveEvent } from '@/state/live';

export type { BoardLine };

const KEY = ['live-board'];
/** Beyond this many registers at once the whole board is read instead of each of them. */
const SINGLY_MAX = 8;

export function useLiveBoard() {
  return useQuery({
    queryKey: KEY,
    queryFn: async () => (await data(liveBoard())).items,
    // Live updates are best effort: whatever was missed is caught up with.
    refetchInterval: 60_000,
  });
}

/** Reads anew what an event names: one register, not two hundred. Events that come together are read together. */
export function useBoardEvents(): (event: LiveEvent) => void {
  const client = useQueryClient();
  const waiting = useRef(new Set<string>());
  const readWaiting = async () => {
    const ids = [...waiting.current];
    waiting.current.clear();
    if (ids.length > SINGLY_MAX) return client.invalidateQueries({ queryKey: KEY });
    const answers = await Promise.all(ids.map((registerId) => data(liveBoard({ query: { registerId } }))));
    const fresh = new Map(answers.flatMap((answer) => answer.items).map((line) => [line.registerId, line]));
    client.setQueryData<BoardLine[]>(KEY, (lines) =>
      lines?.map((line) => fresh.get(line.registerId) ?? line),
    );
    return undefined;
  };
  return (event) => {
    if (event.type === 'ready') return;
    const told = event.data.data as { registerId?: string | null } | undefined;
    if (event.type === 'reset' || told?.registerId === undefined || told.registerId === null) {
      if (/^(reset|cash|sale|terminal)/.test(event.type)) void client.invalidateQueries({ queryKey: KEY });
      return;
    }
    if (waiting.current.size === 0) {
      queueMicrotask(() => void readWaiting().catch(() => client.invalidateQueries({ queryKey: KEY })));
    }
    waiting.current.add(told.registerId);
  };
}

/** Ends the login at a register, from afar. */
export function useRelease() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (registerId: string) => body(release({ path: { tpv_id: registerId } })),
    // Not left to the events: where they are late, the board would still show who is gone.
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
