import { useMutation, useQuery } from '@tanstack/react-query';

import { getProof, jwks, listRefunds, listSales, readSale } from '@/api';
import type { SaleOut } from '@/api';
import { body, data } from '@/http';
import { verifyProof } from '@/proof/verify';
import type { Step } from '@/proof/verify';

import { given, usePages } from './pages';

export type Sale = SaleOut;

export interface SaleFilters {
  receiptNumber: string;
  branchId: string | null;
  registerId: string | null;
  from: string | null;
  to: string | null;
}

const KEY = 'tickets';

/** Sales and refunds as the desk looks at them: of everybody, newest first. */
export function useTickets(filters: SaleFilters) {
  return usePages<Sale>([KEY, 'list', filters], (cursor) => {
    const { receiptNumber, from, to, branchId, registerId } = filters;
    const number = /^[1-9]\d{0,8}$/.test(receiptNumber) ? Number(receiptNumber) : null;
    // A receipt is found by its number whenever it was printed.
    const when = number === null ? moments(from, to) : { receiptNumber: number };
    return data(listSales({ query: { cursor, ...given({ branchId, registerId }), ...when } }));
  });
}

function moments(from: string | null, to: string | null): { from?: string; to?: string } {
  const end = to === null ? null : new Date(`${to}T00:00:00`);
  end?.setDate(end.getDate() + 1);
  return {
    ...(from === null ? {} : { from: new Date(`${from}T00:00:00`).toISOString() }),
    ...(end === null ? {} : { to: end.toISOString() }),
  };
}

export function useTicket(id: string) {
  return useQuery({ queryKey: [KEY, 'one', id], queryFn: () => data(readSale({ path: { sale_id: id } })) });
}

export function useTicketRefunds(id: string) {
  return usePages<Sale>([KEY, 'refunds', id], () => data(listRefunds({ path: { sale_id: id } })));
}

export interface Proven {
  proof: unknown;
  steps: Step[];
}

/** Fetches the proof of a ticket and the published keys, and checks the one by the other here. */
export function useProve() {
  return useMutation({
    mutationFn: async (ticketId: string): Promise<Proven> => {
      const [proof, keys] = await Promise.all([
        body(getProof({ path: { ticket_id: ticketId } })),
        body(jwks()),
      ]);
      return { proof, steps: await verifyProof(proof, keys) };
    },
  });
}
