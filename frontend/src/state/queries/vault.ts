import { useQuery } from '@tanstack/react-query';

import { getTicket, listTickets } from '@/api';
import type { TicketOut } from '@/api';
import { apiFetch, body } from '@/http';

import { usePages } from './pages';

/** A ticket of the vault, of whichever till software sent it. */
export type VaultTicket = TicketOut;

export interface VaultFilters {
  sourceId: string;
  from: string | null;
  to: string | null;
}

const KEY = 'vault';

/** What was recorded, newest first. A ticket is found by the number that its till gave it, whenever that was. */
export function useVaultTickets({ sourceId, from, to }: VaultFilters) {
  const asked = sourceId === '' ? { ...day('from', from, 0), ...day('to', to, 1) } : { source_id: sourceId };
  return usePages<VaultTicket>([KEY, 'list', asked], async (cursor) => {
    const { items, next_cursor } = await body(
      listTickets({ query: { ...(cursor === null ? {} : { cursor }), ...asked } }),
    );
    return { items, nextCursor: next_cursor };
  });
}

function day(name: 'from' | 'to', date: string | null, later: number): { from?: string; to?: string } {
  if (date === null) return {};
  const moment = new Date(`${date}T00:00:00`);
  moment.setDate(moment.getDate() + later);
  return { [name]: moment.toISOString() };
}

/** One ticket, and its body to the letter: a number read and written again might look otherwise. */
export function useVaultTicket(id: string) {
  return useQuery({
    queryKey: [KEY, 'one', id],
    queryFn: async () => {
      const [ticket, raw] = await Promise.all([
        body(getTicket({ path: { ticket_id: id } })),
        apiFetch(`/api/v1/pos-tickets/${encodeURIComponent(id)}/raw`).then((answer) => answer.text()),
      ]);
      return { ticket, raw };
    },
    // What is recorded never changes.
    staleTime: Infinity,
  });
}
