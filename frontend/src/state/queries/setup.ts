import { useMutation, useQuery } from '@tanstack/react-query';

import { foundShop, setupState } from '@/api';
import type { FoundShop } from '@/api';
import { data } from '@/http';
import { store } from '@/state/device';

export type { FoundedShop, FoundShop } from '@/api';

/** Whether there is no shop yet, and the code from the log founds one. */
export function useSetupState() {
  return useQuery({ queryKey: ['setup'], queryFn: () => data(setupState()), staleTime: 0 });
}

/** Whether this address has no shop yet. A device that knows its store need not ask, and without an answer there is one. */
export async function isShopMissing(): Promise<boolean> {
  if (store.get() !== null) return false;
  try {
    return (await data(setupState({ signal: AbortSignal.timeout(3_000) }))).needed;
  } catch {
    return false;
  }
}

export function useFoundShop() {
  return useMutation({ mutationFn: (body: FoundShop) => data(foundShop({ body })) });
}
