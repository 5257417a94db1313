import { useEffect, useRef, useState } from 'react';

import { hasCode } from '@/http';
import { useDeposits, useReject, useValidate } from '@/state/queries/deposits';
import type { Category, Deposit } from '@/state/queries/deposits';

/** With fewer than these left, the next page is asked for. */
const AHEAD = 10;

/** Somebody else was quicker: there is nothing left to decide here. */
const GONE = ['DEPOSIT_NOT_PENDING', 'DEPOSIT_SUPERSEDED', 'DEPOSIT_NOT_FOUND'];

export interface Decided {
  deposit: Deposit;
  what: 'validated' | 'rejected' | 'gone';
}

/**
 * What waits, newest first, and which of it is looked at. A decision is sent while the next deposit is already shown; one
 * that could not be made comes back with its refusal.
 */
export function useQueue() {
  const found = useDeposits({
    status: 'pending_validation',
    category: null,
    branchId: null,
    from: null,
    to: null,
  });
  const validating = useValidate();
  const rejecting = useReject();
  const [settled, setSettled] = useState<ReadonlySet<string>>(new Set());
  const [looked, setLooked] = useState<string | null>(null);
  /** Where to go on after a correction, which stands first because it is the newest. */
  const [resume, setResume] = useState<{ after: string; at: string | null } | null>(null);
  const [last, setLast] = useState<Decided | null>(null);
  const decisions = useRef(0);
  const [refused, setRefused] = useState<{ deposit: Deposit; error: unknown } | null>(null);
  const waiting = found.items.filter((deposit) => !settled.has(deposit.id));
  const at = Math.max(
    waiting.findIndex((deposit) => deposit.id === looked),
    0,
  );
  const current = waiting[at] ?? null;
  // What is looked at stays, whatever comes in before it.
  if (current !== null && current.id !== looked) setLooked(current.id);
  const { more, isMore } = found;
  const isShort = waiting.length < AHEAD && more !== null && !isMore;
  useEffect(() => {
    if (isShort) more();
  }, [isShort, more]);

  /** The one after it, else the one before. */
  const nextOf = (deposit: Deposit): string | null => {
    const place = waiting.findIndex((one) => one.id === deposit.id);
    return (waiting[place + 1] ?? waiting[place - 1])?.id ?? null;
  };
  const goOn = (deposit: Deposit) => {
    setLooked(resume?.after === deposit.id ? resume.at : nextOf(deposit));
    setSettled((known) => new Set(known).add(deposit.id));
  };
  const decide = async (deposit: Deposit, what: 'validated' | 'rejected', sent: Promise<unknown>) => {
    setRefused(null);
    goOn(deposit);
    const number = (decisions.current += 1);
    // Answers may come in another order; what is told is the last decision.
    const tell = (told: Decided['what']) => {
      if (number === decisions.current) setLast({ deposit, what: told });
    };
    try {
      await sent;
      tell(what);
    } catch (error) {
      if (hasCode(error, ...GONE)) {
        tell('gone');
        return;
      }
      setSettled((known) => new Set([...known].filter((id) => id !== deposit.id)));
      setRefused({ deposit, error });
    }
  };
  return {
    waiting,
    at,
    current,
    last,
    refused,
    error: found.error,
    isLoading: found.isLoading,
    hasMore: more !== null,
    look: setLooked,
    move: (by: 1 | -1) => {
      const other = waiting[at + by];
      if (other !== undefined) setLooked(other.id);
    },
    validate: (deposit: Deposit, category: Category) =>
      decide(deposit, 'validated', validating.mutateAsync({ deposit, category })),
    reject: (deposit: Deposit, reason: string) =>
      decide(deposit, 'rejected', rejecting.mutateAsync({ deposit, reason })),
    /** A correction took its place: it is what to decide about next, and then what would have come. */
    corrected: (deposit: Deposit, made: Deposit) => {
      setResume({ after: made.id, at: nextOf(deposit) });
      setSettled((known) => new Set(known).add(deposit.id));
      setLooked(made.id);
    },
  };
}
