import { useQuery, useQueryClient } from '@tanstack/react-query';

import { listAlerts } from '@/api';
import type { Alert } from '@/api';
import { data } from '@/http';
import type { LiveEvent } from '@/state/live';

export type { Alert };

const KEY = ['alerts'];
const DAY_MS = 86_400_000;

/** What waits or lasts, whenever it began, and what happened within these days. */
export function useAlerts(days: number) {
  return useQuery({
    queryKey: [...KEY, days],
    queryFn: async () => {
      const from = new Date(Date.now() - days * DAY_MS).toISOString();
      return data(listAlerts({ query: { from } }));
    },
    // A drawer that is open past its day comes about by the clock alone.
    refetchInterval: 60_000,
  });
}

export function useAlertEvents(): (event: LiveEvent) => void {
  const client = useQueryClient();
  return (event) => {
    if (/^(reset|cash\.|terminal\.)/.test(event.type)) void client.invalidateQueries({ queryKey: KEY });
  };
}
