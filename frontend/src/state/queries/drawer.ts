import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  activeSession,
  approveMovement,
  closeSession,
  declineMovement,
  listMovements,
  openSession,
  recordMovement,
  xReport,
  zReport,
} from '@/api';
import type { CashMovementOut, CashSessionOut } from '@/api';
import type { Pieces } from '@/denominations';
import { data, hasCode, keyed } from '@/http';
import { cashToWire } from '@/money';
import type { Cash } from '@/money';
import { currentToken } from '@/state/login';
import { remembered } from '@/state/remembered';

export type Drawer = CashSessionOut;
export type Movement = CashMovementOut;
export type MovementKind = 'PAID_IN' | 'PAID_OUT' | 'SAFE_DROP' | 'ADJUSTMENT';

/** What was counted: totals by currency, and the pieces where it was counted by them. */
export interface Count {
  cash: Cash;
  pieces: Record<string, Pieces>;
}

const KEY = 'drawer';
const POLL_MS = 10_000;
const WAITING_POLL_MS = 2_000;

async function ownDrawer(): Promise<Drawer | null> {
  try {
    return await data(activeSession());
  } catch (error) {
    if (hasCode(error, 'NO_ACTIVE_SESSION')) return null;
    throw error;
  }
}

/** The open drawer of whoever is logged in; null when there is none. */
export const drawerQuery = () =>
  queryOptions({
    queryKey: [KEY, 'active', currentToken()] as const,
    queryFn: () => remembered('drawer', ownDrawer),
    // A cashier hears nothing of a close at the desk, so the till asks.
    refetchInterval: POLL_MS,
  });

export function useDrawer() {
  return useQuery(drawerQuery());
}

export function useX(registerId: string) {
  return useQuery({
    queryKey: [KEY, 'x', registerId],
    queryFn: () => data(xReport({ query: { registerId } })),
    staleTime: 0,
  });
}

/** A Z never changes once it is written. */
export function useZ(sessionId: string | undefined) {
  return useQuery({
    queryKey: [KEY, 'z', sessionId],
    queryFn: () => data(zReport({ path: { session_id: sessionId ?? '' } })),
    enabled: sessionId !== undefined,
    staleTime: Infinity,
  });
}

function useDrawerChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [KEY] });
}

export function useOpen() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ count, note, key }: { count: Count; note: string; key: string }) =>
      data(
        openSession({
          body: { openingFloat: cashToWire(count.cash), denominations: count.pieces, ...noted(note) },
          ...keyed(key),
        }),
      ),
    onSuccess: (drawer) => {
      client.setQueryData(drawerQuery().queryKey, drawer);
    },
    // Somebody may have opened it elsewhere in the meantime.
    onError: () => client.invalidateQueries({ queryKey: [KEY] }),
  });
}

export function useMove(sessionId: string) {
  const changed = useDrawerChanged();
  return useMutation({
    mutationFn: (act: { kind: MovementKind; amount: Cash; reason: string; key: string }) =>
      data(
        recordMovement({
          path: { session_id: sessionId },
          body: { type: act.kind, amount: cashToWire(act.amount), reason: act.reason },
          ...keyed(act.key),
        }),
      ),
    onSettled: changed,
  });
}

/** Movements that wait for a manager; asked for again and again, because a cashier is not told what the desk decides. */
export function usePending(sessionId: string) {
  return useQuery({
    queryKey: [KEY, 'pending', sessionId],
    queryFn: async () =>
      (await data(listMovements({ path: { session_id: sessionId }, query: { status: 'PENDING' } }))).items,
    refetchInterval: (query) => (query.state.data?.length === 0 ? POLL_MS : WAITING_POLL_MS),
    staleTime: 0,
  });
}

/** A manager decides at the till, by their PIN; or, without one, whoever is logged in. */
export function useDecide(sessionId: string) {
  const changed = useDrawerChanged();
  return useMutation({
    mutationFn: (act: { id: string; isApproved: boolean; pin: string; key: string }) =>
      data(
        (act.isApproved ? approveMovement : declineMovement)({
          path: { session_id: sessionId, movement_id: act.id },
          headers: { ...keyed(act.key).headers, ...(act.pin === '' ? {} : { 'x-approver-pin': act.pin }) },
        }),
      ),
    onSettled: changed,
  });
}

/** The page that closes shows the Z before it forgets the drawer: it invalidates when the person is done. */
export function useClose(sessionId: string) {
  return useMutation({
    mutationFn: ({ count, left, note, key }: { count: Count; left: Cash; note: string; key: string }) =>
      data(
        closeSession({
          path: { session_id: sessionId },
          body: {
            countedCash: cashToWire(count.cash),
            denominations: count.pieces,
            leftCash: cashToWire(left),
            ...noted(note),
          },
          ...keyed(key),
        }),
      ),
  });
}

function noted(note: string): { note?: string } {
  return note.trim() === '' ? {} : { note: note.trim() };
}
