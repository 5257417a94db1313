import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';

import { openDrawer, readMe } from '@/api';
import type { Me } from '@/api';
import { data, keyed } from '@/http';
import { currentToken } from '@/state/login';
import { remembered } from '@/state/remembered';

/** Who is logged in, what they may do, and the branch and register where they stand. */
export const meQuery = () =>
  queryOptions({
    queryKey: ['me', currentToken()] as const,
    queryFn: () => remembered('me', () => data(readMe())),
    staleTime: 60_000,
  });

export function useMe() {
  return useQuery(meQuery());
}

export type Branch = NonNullable<Me['branch']>;

/** The drawer is opened with no sale; the audit log keeps the reason. */
export function useOpenDrawerWithoutSale() {
  return useMutation({
    mutationFn: ({ reason, key }: { reason: string; key: string }) =>
      data(openDrawer({ body: { reason }, ...keyed(key) })),
  });
}
