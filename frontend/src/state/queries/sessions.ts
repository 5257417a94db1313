import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  approveMovement,
  declineMovement,
  forceCloseSession,
  getSession,
  listMovements,
  listSessions,
  reviewSession,
} from '@/api';
import type { CashMovementOut, CashSessionOut, SessionStatus } from '@/api';
import { data, keyed } from '@/http';
import { cashToWire } from '@/money';

import type { Count } from './drawer';
import { given, usePages } from './pages';

export type Session = CashSessionOut;

export interface SessionFilters {
  status: SessionStatus | null;
  branchId: string | null;
  registerId: string | null;
  openedBy: string | null;
  from: string | null;
  to: string | null;
}

const KEY = 'sessions';

export function useSessions(filters: SessionFilters, isEnabled = true) {
  return usePages<Session>(
    [KEY, 'list', filters],
    (cursor) => {
      const { status, ...words } = filters;
      return data(
        listSessions({ query: { ...given(words), cursor, ...(status === null ? {} : { status }) } }),
      );
    },
    isEnabled,
  );
}

export function useSession(id: string) {
  return useQuery({
    queryKey: [KEY, 'one', id],
    queryFn: () => data(getSession({ path: { session_id: id } })),
  });
}

export function useSessionMovements(id: string) {
  return usePages<CashMovementOut>([KEY, 'movements', id], (cursor) =>
    data(listMovements({ path: { session_id: id }, query: { cursor } })),
  );
}

/** Whatever changes a drawer changes the board and the reports too. */
function useChanged() {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      [KEY, 'live-board', 'drawer'].map((key) => client.invalidateQueries({ queryKey: [key] })),
    );
  };
}

export function useDecide(sessionId: string) {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ id, isApproved, key }: { id: string; isApproved: boolean; key: string }) =>
      data(
        (isApproved ? approveMovement : declineMovement)({
          path: { session_id: sessionId, movement_id: id },
          body: {},
          ...keyed(key),
        }),
      ),
    onSettled: changed,
  });
}

export function useForceClose() {
  const changed = useChanged();
  return useMutation({
    mutationFn: (act: { sessionId: string; reason: string; count: Count | null; key: string }) =>
      data(
        forceCloseSession({
          path: { session_id: act.sessionId },
          body: { reason: act.reason, ...counted(act.count) },
          ...keyed(act.key),
        }),
      ),
    onSettled: changed,
  });
}

export function useReview(sessionId: string) {
  const changed = useChanged();
  return useMutation({
    mutationFn: (act: { count: Count | null; note: string; key: string }) =>
      data(
        reviewSession({
          path: { session_id: sessionId },
          body: {
            decision: act.count === null ? 'APPROVE' : 'RECOUNT',
            ...counted(act.count),
            ...(act.note.trim() === '' ? {} : { note: act.note.trim() }),
          },
          ...keyed(act.key),
        }),
      ),
    onSettled: changed,
  });
}

function counted(count: Count | null) {
  return count === null ? {} : { countedCash: cashToWire(count.cash), denominations: count.pieces };
}
