import { listAudit } from '@/api';
import type { AuditAnswer } from '@/api';
import { data } from '@/http';

import { given, usePages } from './pages';

export type Entry = AuditAnswer;

export interface AuditFilters {
  action: string | null;
  actorId: string | null;
}

export function useAudit(filters: AuditFilters) {
  return usePages<Entry>(['audit', filters], (cursor) =>
    data(listAudit({ query: { cursor, limit: 50, ...given({ ...filters }) } })),
  );
}
