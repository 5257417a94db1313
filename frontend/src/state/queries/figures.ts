import { useQuery } from '@tanstack/react-query';

import { takings, variances } from '@/api';
import type { TakingsBy, TakingsOut, VarianceOut, VariancesBy } from '@/api';
import { data } from '@/http';

import { given } from './pages';

export type { TakingsOut, VarianceOut };

export interface Period {
  from: string;
  to: string;
  branchId: string | null;
}

/** Whose drawers are meant: null is everybody's. */
export interface Whose {
  registerId: string | null;
  openedBy: string | null;
}

export const EVERYBODY: Whose = { registerId: null, openedBy: null };

function query({ from, to, branchId }: Period) {
  return { from, to, ...given({ branchId }) };
}

export function useTakings(by: TakingsBy, period: Period) {
  return useQuery({
    queryKey: ['figures', 'takings', by, period],
    queryFn: async () => (await data(takings({ query: { by, ...query(period) } }))).items,
  });
}

export function useVariances(by: VariancesBy, period: Period, { registerId, openedBy }: Whose) {
  return useQuery({
    queryKey: ['figures', 'variances', by, period, registerId, openedBy],
    queryFn: async () =>
      (await data(variances({ query: { by, ...query(period), ...given({ registerId, openedBy }) } }))).items,
  });
}
