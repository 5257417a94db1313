import { useMutation, useQuery } from '@tanstack/react-query';

import { foundShop, setupState } from '@/api';
import type { FoundShop } from '@/api';
import { data } from '@/http';

export type { FoundedShop, FoundShop } from '@/api';

/** Whether there is no shop yet, and the code from the log founds one. */
export function useSetupState() {
  return useQuery({ queryKey: ['setup'], queryFn: () => data(setupState()), staleTime: 0 });
}

export function useFoundShop() {
  return useMutation({ mutationFn: (body: FoundShop) => data(foundShop({ body })) });
}
