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

function query({ from, to, branchId }: Period) {
  return { from, to, ...given({ branchId }) };
}

export function useTakings(by: TakingsBy, period: Period) {
  return useQuery({
    queryKey: ['figures', 'takings', by, period],
    queryFn: async () => (await data(takings({ query: { by, ...query(period) } }))).items,
  });
}

export function useVariances(by: VariancesBy, period: Period) {
  return useQuery({
    queryKey: ['figures', 'variances', by, period],
    queryFn: async () => (await data(variances({ query: { by, ...query(period) } }))).items,
  });
}
